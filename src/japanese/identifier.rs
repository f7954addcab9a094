//! Identifiers (member, card and ticket numbers): any text in; one key and its check digit out.
//!
//! Letters are folded to upper case, separators go, a label in front (会員番号, No.) goes. Leading
//! zeros stay: 000123 and 123 may be two members. Which check digit an identifier carries is
//! configuration ([`CheckDigit`]); a wrong one keeps its key, since a mistyped number is still
//! evidence, but is marked and little trusted.

use crate::japanese::ascii;

/// The check digit that an identifier ends in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CheckDigit {
    /// It carries none.
    None,
    /// Luhn (ISO/IEC 7812): payment and many loyalty cards.
    Luhn,
    /// Modulus 10, weight 3 from the right (JAN/EAN-8, EAN-13, GTIN-14, and 16-digit cards).
    Mod10Weight3,
}

/// What was wrong with an identifier field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentifierProblem {
    /// Blank, or a word for "none".
    Missing,
    /// Some characters are hidden (****1234).
    Masked,
    /// All one digit, or 123456…: typed to get past a form.
    Junk,
    /// A spreadsheet wrote it as 4.90123E+12: digits are lost.
    ScientificNotation,
    /// The check digit is wrong.
    CheckDigit,
    /// A check digit was expected, but this is not all digits, or too short to carry one.
    NotDigits,
    /// A spreadsheet or data frame wrote it as 12345.0; the tail was taken off.
    DecimalTail,
}

impl IdentifierProblem {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            IdentifierProblem::Missing => "missing",
            IdentifierProblem::Masked => "masked",
            IdentifierProblem::Junk => "junk",
            IdentifierProblem::ScientificNotation => "scientific_notation",
            IdentifierProblem::CheckDigit => "check_digit",
            IdentifierProblem::NotDigits => "not_digits",
            IdentifierProblem::DecimalTail => "decimal_tail",
        }
    }
}

/// An identifier as understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Identifier {
    /// Two spellings of one identifier have one key; `None` when missing, masked or junk.
    pub key: Option<String>,
    /// Whether the check digit is right; `None` where there is none to check.
    pub valid: Option<bool>,
    /// The chance that the key is the identifier that was meant: 1 with a right check digit, 0.9
    /// without one, 0.2 with a wrong one, 0 without a key.
    pub confidence: f32,
    /// What was wrong.
    pub problem: Option<IdentifierProblem>,
}

impl Identifier {
    /// The key, as every kind of field offers it.
    pub fn key(&self) -> Option<&str> {
        self.key.as_deref()
    }

    fn none(problem: IdentifierProblem) -> Identifier {
        Identifier { key: None, valid: None, confidence: 0.0, problem: Some(problem) }
    }
}

/// Reads an identifier that ends in `check`.
pub fn identifier(text: &str, check: CheckDigit) -> Identifier {
    let (key, tail) = match read(text) {
        // Folding can bring marks together that fold again: once more for text that is not plain.
        Ok((key, tail)) if !key.is_ascii() => match read(&key) {
            Ok((again, _)) => (again, tail),
            Err(problem) => return Identifier::none(problem),
        },
        Ok(found) => found,
        Err(problem) => return Identifier::none(problem),
    };
    let tail = tail.then_some(IdentifierProblem::DecimalTail);
    let (valid, confidence, problem) = match check {
        CheckDigit::None => (None, 0.9, tail),
        _ => match is_valid(check, &key) {
            Some(true) => (Some(true), 1.0, tail),
            Some(false) => (Some(false), 0.2, Some(IdentifierProblem::CheckDigit)),
            None => (Some(false), 0.2, Some(IdentifierProblem::NotDigits)),
        },
    };
    Identifier { key: Some(key), valid, confidence, problem }
}

/// The key, and whether a decimal tail was taken off.
fn read(text: &str) -> Result<(String, bool), IdentifierProblem> {
    let folded = ascii::fold(text).to_uppercase();
    let body = folded.trim();
    let body = LABELS.iter().find_map(|label| body.strip_prefix(label)).unwrap_or(body);
    let body = body.trim_start_matches([':', '.', ' ', '-', '#', '=']);
    let body = body.strip_prefix("NO.").unwrap_or(body).trim();
    if is_scientific(body) {
        return Err(IdentifierProblem::ScientificNotation);
    }
    let (whole, tail) = without_decimal_tail(body);
    let mut key: String = whole.chars().filter(|c| c.is_alphanumeric()).collect();
    while let Some(rest) = LABELS.iter().find_map(|label| key.strip_prefix(label)).filter(|rest| !rest.is_empty()) {
        key = rest.to_owned();
    }
    if is_masked(body) || is_masked(&key) {
        return Err(IdentifierProblem::Masked);
    }
    match key.as_str() {
        "" | "NA" | "NAN" | "NULL" | "NONE" | "NIL" | "なし" | "無し" | "無" | "ナシ" | "不明" | "未登録"
        | "未入力" => Err(IdentifierProblem::Missing),
        _ if is_junk(key.as_bytes()) => Err(IdentifierProblem::Junk),
        _ => Ok((key, tail)),
    }
}

/// The digit that makes `payload` (digits without their check digit) right under `check`;
/// `None` when there is none to make, or `payload` is not all digits.
pub fn check_digit(check: CheckDigit, payload: &str) -> Option<char> {
    if payload.is_empty() {
        return None;
    }
    let mut sum = 0u32;
    for (i, c) in payload.chars().rev().enumerate() {
        let digit = c.to_digit(10)?;
        sum += match (check, i % 2 == 0) {
            (CheckDigit::None, _) => return None,
            (CheckDigit::Luhn, true) if digit > 4 => digit * 2 - 9,
            (CheckDigit::Luhn, true) => digit * 2,
            (CheckDigit::Mod10Weight3, true) => digit * 3,
            (_, false) => digit,
        } % 10;
    }
    char::from_digit((10 - sum % 10) % 10, 10)
}

/// Whether the last digit is the check digit of the others.
fn is_valid(check: CheckDigit, key: &str) -> Option<bool> {
    let (payload, last) = key.split_at_checked(key.len().checked_sub(1)?)?;
    check_digit(check, payload).map(|digit| last.chars().eq([digit]))
}

/// Words that stand in front of the identifier itself.
const LABELS: [&str; 8] = ["会員番号", "会員NO", "会員ID", "カード番号", "カードNO", "お客様番号", "顧客番号", "番号"];

fn is_masked(body: &str) -> bool {
    let hides = |c: char| matches!(c, '*' | '●' | '○' | '•' | '■' | '□' | '?' | '∗' | '※');
    if body.chars().any(hides) {
        return true;
    }
    let digits = body.chars().any(|c| c.is_ascii_digit());
    digits && body.contains("XXX")
}

fn is_scientific(body: &str) -> bool {
    let Some((mantissa, exponent)) = body.split_once('E') else {
        return false;
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    digits(mantissa) && exponent.strip_prefix('+').is_some_and(digits)
}

fn without_decimal_tail(body: &str) -> (&str, bool) {
    match body.split_once('.') {
        Some((whole, zeros))
            if whole.len() > 3 && whole.bytes().all(|b| b.is_ascii_digit()) && matches!(zeros, "0" | "00" | "000") =>
        {
            (whole, true)
        }
        _ => (body, false),
    }
}

fn is_junk(key: &[u8]) -> bool {
    let same = key.windows(2).all(|w| w[0] == w[1]);
    let run = key.windows(2).all(|w| w[0].checked_add(1) == Some(w[1]) || (w[0] == b'9' && w[1] == b'0'));
    (same && (key.len() >= 3 || key == b"0" || key == b"00")) || (run && key.len() >= 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn never_panics(text in r"\PC*") {
            for check in [CheckDigit::None, CheckDigit::Luhn, CheckDigit::Mod10Weight3] {
                let _ = identifier(&text, check);
            }
        }

        #[test]
        fn twice_is_once(text in r"\PC*|(会員|番号|No\.|カード|XX|[0-9ー*. E+-]){0,9}|[0-9A-Zａ-ｚ０-９ .\-ー*XE+No会員番号]{0,20}") {
            if let Some(key) = identifier(&text, CheckDigit::None).key {
                let again = identifier(&key, CheckDigit::None).key;
                prop_assert_eq!(again, Some(key));
            }
        }

        #[test]
        fn one_wrong_digit_is_seen(payload in "[0-9]{7,15}", at in 0usize..16, by in 1u8..10) {
            for check in [CheckDigit::Luhn, CheckDigit::Mod10Weight3] {
                let digit = check_digit(check, &payload);
                prop_assert!(digit.is_some());
                let right: String = payload.chars().chain(digit).collect();
                prop_assert_eq!(is_valid(check, &right), Some(true));
                let mut wrong = right.into_bytes();
                let at = at % wrong.len();
                wrong[at] = b'0' + (wrong[at] - b'0' + by) % 10;
                let wrong = String::from_utf8(wrong).unwrap_or_default();
                prop_assert_eq!(is_valid(check, &wrong), Some(false));
            }
        }
    }
}
