//! Postal codes.
//!
//! In: any text. Out: seven digits. 〒, every width and hyphen, an address after the code, and codes that lost their
//! leading zeros in a spreadsheet (60001 and 600001 of Sapporo) are understood. Why only the form is checked: which
//! codes are in use is for the address dictionary to say.

use crate::ascii;

/// What was wrong with a postal code field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PostalProblem {
    /// Blank, or a word for "none".
    Missing,
    /// No digits in it.
    NotACode,
    /// Neither seven digits nor seven without their leading zeros.
    WrongLength,
    /// Three or five digits in the form used until 1998 (150, 150-02).
    OldForm,
    /// A made-up code, to fill a required field: 0000000, 1234567, 9999999.
    Junk,
    /// Leading zeros were lost and have been restored.
    LeadingZeroRestored,
    /// There is other text in the field.
    TextAround,
}

impl PostalProblem {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            PostalProblem::Missing => "missing",
            PostalProblem::NotACode => "not_a_code",
            PostalProblem::WrongLength => "wrong_length",
            PostalProblem::OldForm => "old_form",
            PostalProblem::Junk => "junk",
            PostalProblem::LeadingZeroRestored => "leading_zero_restored",
            PostalProblem::TextAround => "text_around",
        }
    }
}

/// A postal code as understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Postal {
    /// Seven digits, `1000001`.
    pub code: Option<String>,
    /// A made-up code.
    pub junk: bool,
    /// The probability that the key is the code that was meant: 1 in full, 0.95 with other text, 0.8 with one zero
    /// restored, 0.5 with two, 0 without a key. Judgements.
    pub confidence: f32,
    /// What was wrong.
    pub problem: Option<PostalProblem>,
}

impl Postal {
    /// Equal for two spellings of one code; `None` if missing, unreadable or junk.
    pub fn key(&self) -> Option<&str> {
        if self.junk { None } else { self.code.as_deref() }
    }

    fn none(problem: PostalProblem) -> Postal {
        Postal { code: None, junk: false, confidence: 0.0, problem: Some(problem) }
    }
}

/// Reads a postal code field.
pub fn postal(text: &str) -> Postal {
    let folded = ascii::fold(text);
    let folded = folded.strip_suffix(".0").unwrap_or(&folded);
    let label = |c: char| c == '〒' || c == '〶' || c == 'T' || c == ':' || c == ' ' || c == '(' || is_hyphen(c);
    let body = folded.trim_start_matches(label);
    let body = body.strip_prefix("郵便番号").unwrap_or(body).trim_start_matches(label);

    // Up to two groups of digits with hyphens or spaces between them.
    let (left, after) = split_digits(body);
    let joined = after.trim_start_matches(|c| is_hyphen(c) || c == ' ');
    let (right, rest) = match split_digits(joined) {
        (right, rest) if left.len() <= 3 && !left.is_empty() && right.len() <= 4 => (right, rest),
        _ => ("", after),
    };
    let rest = rest.trim_start_matches(|c: char| c == ')' || c == ' ' || is_hyphen(c));
    let text_around = !rest.is_empty();

    let found = match (left.len(), right.len()) {
        (0, _) => return Postal::none(without_digits(folded)),
        (7, 0) | (3, 4) => seven_digits("", left, right, text_around),
        (6, 0) | (2, 4) => seven_digits("0", left, right, text_around),
        (5, 0) | (1, 4) => seven_digits("00", left, right, text_around),
        (3, 0 | 2) => Postal::none(PostalProblem::OldForm),
        _ => Postal::none(PostalProblem::WrongLength),
    };
    // With more digits after another hyphen it is an address or a phone number.
    if rest.starts_with(|c: char| c.is_ascii_digit()) && after.starts_with(is_hyphen) {
        return Postal::none(PostalProblem::WrongLength);
    }
    found
}

/// The code of these digits, made up or not.
fn seven_digits(restored: &str, left: &str, right: &str, text_around: bool) -> Postal {
    let code = [restored, left, right].concat();
    let digits = code.as_bytes();
    let same = digits.windows(2).all(|w| w[0] == w[1]);
    let run = matches!(code.as_str(), "1234567" | "0123456" | "7654321" | "9876543" | "2345678");
    if same || run {
        return Postal { code: Some(code), junk: true, confidence: 0.0, problem: Some(PostalProblem::Junk) };
    }
    let (confidence, problem) = match (restored.len(), text_around) {
        (0, false) => (1.0, None),
        (0, true) => (0.95, Some(PostalProblem::TextAround)),
        (1, _) => (0.8, Some(PostalProblem::LeadingZeroRestored)),
        _ => (0.5, Some(PostalProblem::LeadingZeroRestored)),
    };
    Postal { code: Some(code), junk: false, confidence, problem }
}

/// The digits at the start, and what follows.
fn split_digits(s: &str) -> (&str, &str) {
    let end = s.find(|c: char| !c.is_ascii_digit()).unwrap_or(s.len());
    s.split_at(end)
}

fn is_hyphen(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '−' | 'ー' | '─' | '一' | '~' | '.' | '・')
}

/// The problem of a text without digits.
fn without_digits(folded: &str) -> PostalProblem {
    match folded.trim().to_lowercase().as_str() {
        "" | "-" | "ー" | "〒" | "なし" | "無し" | "不明" | "未登録" | "未入力" | "n/a" | "na" | "none" | "null"
        | "nan" => PostalProblem::Missing,
        _ => PostalProblem::NotACode,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(text in r"\PC*") {
            let _ = postal(&text);
        }

        #[test]
        fn twice_is_once(text in "〒?[0-9０-９ー\\- 一東京（）.]{0,12}") {
            if let Some(code) = postal(&text).code {
                let again = postal(&format!("{}-{}", &code[..3], &code[3..]));
                prop_assert_eq!(again.code, Some(code));
                prop_assert_eq!(again.junk, postal(&text).junk);
            }
        }
    }
}
