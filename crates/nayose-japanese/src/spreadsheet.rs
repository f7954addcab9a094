//! What spreadsheets do to the values of other kinds of field.
//!
//! In: the text of one cell. Out: the value without what keeps it a text (`'0312345678`, `="0312345678"`), or how it was
//! damaged ([`Damage`]). What is damaged beyond repair is no key: `9.02842E+09` stands for ten thousand phone numbers, and two
//! customers who share it share nothing. Why a module of its own: every kind of field comes through spreadsheets, and a date
//! that was once a phone number is damage only where a phone number is expected ([`clean_as`]).
//!
//! Sources: Microsoft Support 269370 (15 digits are kept, an apostrophe keeps a text), "Excel error values" of Microsoft
//! Learn (`xlErrNA` and the others), Ziemann, Eren and El-Osta 2016, Genome Biology 17:177 (names that became dates), and
//! OWASP, "CSV Injection" (exports that put an apostrophe before a cell that begins with `=`, `+`, `-` or `@`).

use std::borrow::Cow;

/// The digits that a spreadsheet keeps; the others become zeros (Microsoft Support 269370).
const KEPT_DIGITS: usize = 15;
/// The largest exponent of a 64-bit floating-point number has three digits (1.8E+308).
const EXPONENT_DIGITS: usize = 3;
/// One `#` may be a value; from two on it is a column that is too narrow.
const NARROW: usize = 2;

/// A cell as understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Cleaned<'a> {
    /// As it stands.
    Plain(&'a str),
    /// A value that something kept a text.
    Unwrapped(Cow<'a, str>),
    /// An exponent notation that has all digits of its number: `9.028421234E+09` is 9028421234. A zero at the start is lost.
    Repaired(String),
    /// Nothing tells the value that it was.
    Damaged(Damage),
}

impl Cleaned<'_> {
    /// The value; `None` if it is damaged.
    pub fn text(&self) -> Option<&str> {
        match self {
            Cleaned::Plain(text) => Some(text),
            Cleaned::Unwrapped(text) => Some(text),
            Cleaned::Repaired(text) => Some(text),
            Cleaned::Damaged(_) => None,
        }
    }

    /// How it was damaged.
    pub fn damage(&self) -> Option<Damage> {
        match self {
            Cleaned::Damaged(damage) => Some(*damage),
            _ => None,
        }
    }
}

/// How a spreadsheet damaged a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Damage {
    /// A long number in exponent notation: digits are lost (`9.02842E+09`).
    ScientificNotation,
    /// The column was too narrow when the cell was copied (`#####`).
    NarrowColumn,
    /// The result of a formula that failed (`#N/A`, `#REF!`).
    ErrorValue,
    /// Parts of a number or code that were read as a date (`3月4日`, `Mar-04`).
    Date,
}

impl Damage {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Damage::ScientificNotation => "scientific_notation",
            Damage::NarrowColumn => "narrow_column",
            Damage::ErrorValue => "error_value",
            Damage::Date => "became_a_date",
        }
    }

    /// What happened, and the remedy, for people.
    pub fn hint(self) -> &'static str {
        match self {
            Damage::ScientificNotation => {
                "a spreadsheet wrote a long number with an exponent and lost its last digits; export the column as text"
            }
            Damage::NarrowColumn => "the column was too narrow to show the value; widen it and export again",
            Damage::ErrorValue => "a formula of a spreadsheet failed; mend it, or export values without formulas",
            Damage::Date => "a spreadsheet read a number or code as a date; export the column as text",
        }
    }
}

/// The kind of field, where a date is damage.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A member, card or ticket number, or an article's code.
    Identifier,
    /// A phone number.
    Phone,
}

/// The value of a cell of any kind.
pub fn clean(text: &str) -> Cleaned<'_> {
    let unwrapped = unwrap(text);
    let body = unwrapped.as_deref().unwrap_or(text).trim();
    match (damage(body), unwrapped) {
        (Some(Err(damage)), _) => Cleaned::Damaged(damage),
        (Some(Ok(digits)), _) => Cleaned::Repaired(digits),
        (None, Some(unwrapped)) => Cleaned::Unwrapped(unwrapped),
        (None, None) => Cleaned::Plain(text),
    }
}

/// The value of a cell of this kind, where a date is none: it was `3-4` or `03-04-01`, and which is not to be told.
pub fn clean_as(kind: Kind, text: &str) -> Cleaned<'_> {
    let cleaned = clean(text);
    let dated = match kind {
        Kind::Identifier | Kind::Phone => cleaned.text().is_some_and(|value| is_date(value.trim())),
    };
    if dated { Cleaned::Damaged(Damage::Date) } else { cleaned }
}

/// The text inside of what keeps it a text; `None` if there is nothing around it.
pub(crate) fn unwrap(text: &str) -> Option<Cow<'_, str>> {
    let mut inner = unwrap_once(text)?;
    // An export of an export has both an apostrophe and a formula.
    loop {
        let next = match &inner {
            Cow::Borrowed(text) => unwrap_once(text),
            Cow::Owned(text) => unwrap_once(text).map(|next| Cow::Owned(next.into_owned())),
        };
        match next {
            Some(next) => inner = next,
            None => return Some(inner),
        }
    }
}

fn unwrap_once(text: &str) -> Option<Cow<'_, str>> {
    let text = text.trim();
    if let Some(kept) = text.strip_prefix('\'') {
        let kept = kept.strip_suffix('\'').unwrap_or(kept);
        // A name may begin with an apostrophe and a small letter: 't Hart, 's-Gravenhage.
        let name = kept.starts_with(|c: char| c.is_lowercase());
        return (!kept.is_empty() && !name).then_some(Cow::Borrowed(kept));
    }
    let formula = text.strip_prefix('=')?.trim_start();
    let quoted = match formula.split_at_checked(2) {
        Some((function, rest)) if function.eq_ignore_ascii_case("T(") => rest.trim().strip_suffix(')')?.trim(),
        _ => formula,
    };
    let inner = quoted.strip_prefix('"')?.strip_suffix('"')?;
    if !inner.contains('"') {
        return Some(Cow::Borrowed(inner));
    }
    // A quote in a text is written twice. With a single one it is a formula: ="a"&"b".
    let single = inner.replace("\"\"", "").contains('"');
    (!single).then(|| Cow::Owned(inner.replace("\"\"", "\"")))
}

/// The digits of a damaged value that can be repaired, or its damage; `None` if it is whole.
fn damage(body: &str) -> Option<Result<String, Damage>> {
    if let Some(rest) = body.strip_prefix('#') {
        let narrow = body.len() >= NARROW && rest.bytes().all(|b| b == b'#');
        let damage = if narrow { Damage::NarrowColumn } else { Damage::ErrorValue };
        return (narrow || is_error_value(body)).then_some(Err(damage));
    }
    if is_libre_office_error(body) {
        return Some(Err(Damage::ErrorValue));
    }
    exponent_notation(body)
}

/// The errors of Excel, and `#ERROR!` of Google Sheets.
fn is_error_value(body: &str) -> bool {
    const VALUES: [&str; 17] = [
        "#N/A",
        "#REF!",
        "#VALUE!",
        "#NAME?",
        "#DIV/0!",
        "#NULL!",
        "#NUM!",
        "#SPILL!",
        "#CALC!",
        "#FIELD!",
        "#BLOCKED!",
        "#UNKNOWN!",
        "#CONNECT!",
        "#BUSY!",
        "#EXTERNAL!",
        "#GETTING_DATA",
        "#ERROR!",
    ];
    VALUES.iter().any(|value| body.eq_ignore_ascii_case(value))
}

/// `Err:502` and its like.
fn is_libre_office_error(body: &str) -> bool {
    body.strip_prefix("Err:").is_some_and(|code| code.len() == 3 && code.bytes().all(|b| b.is_ascii_digit()))
}

/// A number with an exponent: its digits if all are there, else damage. Codes with an E (`12E4567`, `3E08`) are whole: a
/// spreadsheet writes the plus sign, and what leaves it out (Java) writes one digit and a point before.
fn exponent_notation(body: &str) -> Option<Result<String, Damage>> {
    let (sign, number) = body.strip_prefix('-').map_or(("", body), |rest| ("-", rest));
    let (mantissa, exponent) = number.split_once(['E', 'e'])?;
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let is_number = |digits: &str| digits.bytes().all(|b| b.is_ascii_digit());
    let power = match exponent.strip_prefix('+') {
        Some(power) => power,
        None if whole.len() == 1 && !fraction.is_empty() => exponent,
        None => return None,
    };
    let wrong = whole.is_empty() || power.is_empty() || power.len() > EXPONENT_DIGITS;
    if wrong || !is_number(whole) || !is_number(fraction) || !is_number(power) {
        return None;
    }
    let power: usize = power.parse().ok()?;
    match fraction.len().cmp(&power) {
        // A number with a fraction: exact, and nobody's key.
        std::cmp::Ordering::Greater => None,
        std::cmp::Ordering::Equal if whole.len() + fraction.len() <= KEPT_DIGITS => {
            Some(Ok([sign, whole, fraction].concat()))
        }
        _ => Some(Err(Damage::ScientificNotation)),
    }
}

/// Whether `value` is a date as a spreadsheet shows it: `3月4日`, `2003年4月1日`, `2003/4/1`, `2003-04-01`, `4-Mar`, `Mar-04`,
/// `4-Mar-03`, with or without a midnight.
fn is_date(value: &str) -> bool {
    let day = value.split_once(' ').map_or(value, |(day, time)| {
        let midnight = matches!(time, "0:00" | "00:00" | "0:00:00" | "00:00:00");
        if midnight { day } else { value }
    });
    is_japanese(day) || is_numeric(day, '/') || is_numeric(day, '-') || is_english(day)
}

fn is_japanese(day: &str) -> bool {
    let Some(rest) = day.strip_suffix('日') else { return false };
    let (year, rest) = rest.split_once('年').map_or((None, rest), |(year, rest)| (Some(year), rest));
    rest.split_once('月').is_some_and(|(month, day)| is_day(year, month, day))
}

fn is_numeric(day: &str, separator: char) -> bool {
    let mut parts = day.split(separator);
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(year), Some(month), Some(day), None) => is_day(Some(year), month, day),
        _ => false,
    }
}

/// Whether these are numbers of a date. Spreadsheets have the years 1900 to 9999: from 2100 on only the first of a month is
/// damage, which a year and a month make (`3-9876`). A judgement, for codes such as 9010-10-12.
fn is_day(year: Option<&str>, month: &str, day: &str) -> bool {
    let number = |text: &str| text.bytes().all(|b| b.is_ascii_digit()).then(|| text.parse::<u16>().ok()).flatten();
    let short = month.len() <= 2 && day.len() <= 2;
    let (Some(month), Some(day)) = (number(month), number(day)) else { return false };
    let used = match year {
        None => true,
        Some(text) if text.len() != 4 => false,
        Some(text) => number(text).is_some_and(|year| year >= 1900 && (year < 2100 || day == 1)),
    };
    short && used && (1..=12).contains(&month) && (1..=31).contains(&day)
}

/// `4-Mar`, `Mar-04`, `4-Mar-03`. Only in the case that spreadsheets write: MAR-04 is somebody's code.
fn is_english(day: &str) -> bool {
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let month = |text: &str| MONTHS.contains(&text);
    let number = |text: &str, most: usize| (1..=most).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let parts: Vec<&str> = day.splitn(4, '-').collect();
    match parts[..] {
        [a, b] => (month(a) && number(b, 4)) || (number(a, 2) && month(b)),
        [a, b, c] => number(a, 2) && month(b) && number(c, 4),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phone::phone;
    use proptest::prelude::*;

    #[test]
    fn a_phone_number_of_an_exponent_has_its_zero_again() {
        let cleaned = clean_as(Kind::Phone, "9.028421234E+09");
        assert_eq!(cleaned, Cleaned::Repaired("9028421234".to_owned()));
        let number = phone(cleaned.text().unwrap_or_default());
        assert_eq!(number.key(), Some("+819028421234"));
        assert_eq!(number.national.as_deref(), Some("090-2842-1234"));
    }

    #[test]
    fn what_is_damaged_is_no_value() {
        assert_eq!(clean("#####").text(), None);
        assert_eq!(clean("#####").damage(), Some(Damage::NarrowColumn));
    }

    proptest! {
        #[test]
        fn never_panics_and_twice_is_once(text in r#"\PC*|['="T()0-9#E+. a]{0,12}"#) {
            for cleaned in [clean(&text), clean_as(Kind::Phone, &text), clean_as(Kind::Identifier, &text)] {
                if let Some(value) = cleaned.text() {
                    let again = clean(value);
                    prop_assert_eq!(again.text(), Some(value));
                }
            }
        }

        #[test]
        fn a_text_comes_out_of_every_wrapping(text in "[0-9]{1,15}") {
            for wrapped in [format!("'{text}"), format!("=\"{text}\""), format!("=T(\"{text}\")"), format!("'=\"{text}\"")] {
                prop_assert_eq!(clean(&wrapped), Cleaned::Unwrapped(text.as_str().into()));
            }
            prop_assert_eq!(clean(&text), Cleaned::Plain(&text));
        }

        #[test]
        fn all_digits_are_repaired_and_fewer_are_not(digits in "[1-9][0-9]{2,14}") {
            let (first, rest) = digits.split_at(1);
            let (all, fewer) = (format!("{first}.{rest}E+{:02}", rest.len()), format!("{first}.{rest}E+{}", rest.len() + 1));
            prop_assert_eq!(clean(&all), Cleaned::Repaired(digits.clone()));
            prop_assert_eq!(clean(&fewer), Cleaned::Damaged(Damage::ScientificNotation));
        }
    }
}
