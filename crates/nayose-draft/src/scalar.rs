//! Text as YAML: any text in, a scalar, a list or a comment of one line out.
//!
//! Names of columns are whatever a shop typed: `No.`, `氏名:姓`, `yes`, a line break. What is not plainly a text stands in
//! double quotes, so that every parser of YAML 1.1 and 1.2 reads the same text.

use std::fmt::Write as _;

/// Words that some parser takes for no text: those of YAML 1.1 and 1.2, and names of numbers.
const NOT_TEXT: [&str; 14] =
    ["y", "n", "yes", "no", "on", "off", "true", "false", "null", "nil", "none", "nan", "inf", "infinity"];

/// A text as a scalar that may stand anywhere: as a key, as a value, within brackets.
pub fn scalar(text: &str) -> String {
    if is_plain(text) {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                let code = u32::from(c);
                // Writing to a string does not fail.
                let _ = if code > 0xFFFF { write!(out, "\\U{code:08X}") } else { write!(out, "\\u{code:04X}") };
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// Whether a text needs no quotes: words that begin with a letter, between single blanks.
fn is_plain(text: &str) -> bool {
    let begins = text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_');
    let ends = text.chars().next_back().is_some_and(|c| c != ' ');
    let usual =
        |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '/' | '(' | ')' | ' ' | '（' | '）' | '・');
    begins
        && ends
        && text.chars().all(|c| usual(c) && !is_hidden(c))
        && !NOT_TEXT.contains(&text.to_lowercase().as_str())
}

/// Characters that cannot be seen or that YAML does not allow as they are.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{A0}' | '\u{AD}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}')
        || matches!(c, '\u{FEFF}' | '\u{FFF0}'..='\u{FFFF}')
        || u32::from(c) & 0xFFFE == 0xFFFE
}

/// Texts as a list in brackets.
pub(crate) fn list<T: AsRef<str>>(texts: &[T]) -> String {
    let all: Vec<String> = texts.iter().map(|text| scalar(text.as_ref())).collect();
    format!("[{}]", all.join(", "))
}

/// One text as a scalar, several as a list.
pub(crate) fn one_or_list<T: AsRef<str>>(texts: &[T]) -> String {
    match texts {
        [one] => scalar(one.as_ref()),
        several => list(several),
    }
}

/// A text for a comment: on one line, whatever stands in it.
pub(crate) fn comment(text: &str) -> String {
    let shown: String = text.chars().map(|c| if is_hidden(c) { ' ' } else { c }).collect();
    shown.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A column as SQL names it.
pub(crate) fn sql_column(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as SQL writes it.
pub(crate) fn sql_text(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
