//! Identifiers: member, card and ticket numbers.
//!
//! In: any text, and which check digit the identifier has ([`CheckDigit`], from configuration). Out: a key, and whether
//! the check digit is right. Letters are folded to upper case, unless two identifiers may differ by case alone
//! ([`identifier_with_case`]); separators and a label at the start (会員番号, No.) are removed. Leading zeros stay: 000123
//! and 123 may be two members. Why a wrong check digit keeps its key: a mistyped number is still evidence, though weak.

use crate::ascii;

/// The check digit at the end of an identifier.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CheckDigit {
    /// There is none.
    #[default]
    None,
    /// Luhn (ISO/IEC 7812): payment and many loyalty cards.
    Luhn,
    /// Modulus 10, weight 3 from the right (JAN/EAN-8, EAN-13, GTIN-14, and 16-digit cards).
    Jan,
}

/// What was wrong with an identifier field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum IdentifierProblem {
    /// Blank, or a word for "none".
    Missing,
    /// Some characters are hidden (****1234).
    Masked,
    /// A made-up number, to fill a required field: all one digit, or 123456….
    Junk,
    /// A spreadsheet wrote it as 4.90123E+12: digits are lost.
    ScientificNotation,
    /// The check digit is wrong.
    CheckDigit,
    /// A check digit was expected, but this is not all digits, or too short to have one.
    NotDigits,
    /// A spreadsheet or data frame wrote it as 12345.0; the tail was removed.
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
    /// Equal for two spellings of one identifier; `None` if missing, masked or junk.
    pub key: Option<String>,
    /// Whether the check digit is right; `None` if there is none to check.
    pub valid: Option<bool>,
    /// The probability that the key is the identifier that was meant: 1 with a right check digit, 0.9 without one, 0.2
    /// with a wrong one, 0 without a key. Judgements.
    pub confidence: f32,
    /// What was wrong.
    pub problem: Option<IdentifierProblem>,
}

impl Identifier {
    fn none(problem: IdentifierProblem) -> Identifier {
        Identifier { key: None, valid: None, confidence: 0.0, problem: Some(problem) }
    }
}

/// Reads an identifier that ends in `check`.
pub fn identifier(text: &str, check: CheckDigit) -> Identifier {
    understood(text, check, Case::Folded)
}

/// Reads an identifier whose case means something, as the ids of Salesforce in 15 characters are. Source: Salesforce Help
/// 000004383, "How unique IDs work in Salesforce" (the 18 characters of its other form are told apart in one case).
pub fn identifier_with_case(text: &str, check: CheckDigit) -> Identifier {
    understood(text, check, Case::Kept)
}

/// What becomes of the case of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Case {
    /// Upper case.
    Folded,
    /// As written.
    Kept,
}

fn understood(text: &str, check: CheckDigit, case: Case) -> Identifier {
    let (key, tail) = match read(text, case) {
        // Removing separators can make two neighbours that fold again, but not in ASCII.
        Ok((key, tail)) if !key.is_ascii() => match read(&key, case) {
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

/// The key, and whether a decimal tail was removed.
fn read(text: &str, case: Case) -> Result<(String, bool), IdentifierProblem> {
    let folded = match case {
        Case::Folded => ascii::fold(text).to_uppercase(),
        Case::Kept => ascii::fold(text).into_owned(),
    };
    let body = folded.trim();
    let body = LABELS.iter().find_map(|label| strip_word(body, label)).unwrap_or(body);
    let body = body.trim_start_matches([':', '.', ' ', '-', '#', '=']);
    let body = strip_word(body, "NO.").unwrap_or(body).trim();
    if is_scientific(body) {
        return Err(IdentifierProblem::ScientificNotation);
    }
    let (whole, tail) = without_decimal_tail(body);
    let mut key: String = whole.chars().filter(|c| c.is_alphanumeric()).collect();
    while let Some(rest) = LABELS.iter().find_map(|label| strip_word(&key, label)).filter(|rest| !rest.is_empty()) {
        key = rest.to_owned();
    }
    if is_masked(body, case) || is_masked(&key, case) {
        return Err(IdentifierProblem::Masked);
    }
    if key.is_empty() || NOTHING.iter().any(|word| key.eq_ignore_ascii_case(word)) {
        return Err(IdentifierProblem::Missing);
    }
    if is_junk(key.as_bytes()) { Err(IdentifierProblem::Junk) } else { Ok((key, tail)) }
}

/// The text after `word`, in any case of its ASCII letters.
fn strip_word<'a>(text: &'a str, word: &str) -> Option<&'a str> {
    let (head, rest) = text.split_at_checked(word.len())?;
    head.eq_ignore_ascii_case(word).then_some(rest)
}

/// The check digit of `payload`, the digits before it; `None` if there is none to compute, or `payload` is not all
/// digits.
fn check_digit(check: CheckDigit, payload: &str) -> Option<char> {
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
            (CheckDigit::Jan, true) => digit * 3,
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

/// Labels before an identifier. Our own list.
const LABELS: [&str; 8] = ["会員番号", "会員NO", "会員ID", "カード番号", "カードNO", "お客様番号", "顧客番号", "番号"];

/// Words for "none". Our own list.
const NOTHING: [&str; 12] =
    ["NA", "NAN", "NULL", "NONE", "NIL", "なし", "無し", "無", "ナシ", "不明", "未登録", "未入力"];

/// Whether characters are hidden: by a symbol, or by XXX among digits. Where case means something, by four X of one case: an
/// identifier of 62 characters has three in a row by chance (one of 15 characters in 10,000).
fn is_masked(body: &str, case: Case) -> bool {
    let hides = |c: char| matches!(c, '*' | '●' | '○' | '•' | '■' | '□' | '?' | '∗' | '※');
    if body.chars().any(hides) {
        return true;
    }
    let digits = body.chars().any(|c| c.is_ascii_digit());
    let hidden: &[&str] = match case {
        Case::Folded => &["XXX"],
        Case::Kept => &["XXXX", "xxxx"],
    };
    digits && hidden.iter().any(|run| body.contains(run))
}

/// 4.90123E+12.
fn is_scientific(body: &str) -> bool {
    let Some((mantissa, exponent)) = body.split_once(['E', 'e']) else {
        return false;
    };
    let digits = |s: &str| !s.is_empty() && s.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    digits(mantissa) && exponent.strip_prefix('+').is_some_and(digits)
}

/// Removes .0 after four and more digits, and says whether it was there. Four is a judgement: 1.0 may be a version.
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

/// One digit repeated, or digits that count up. From three and from six on: judgements, as shorter ones are real
/// numbers.
fn is_junk(key: &[u8]) -> bool {
    let same = key.windows(2).all(|w| w[0] == w[1]);
    let run = key.windows(2).all(|w| w[0].checked_add(1) == Some(w[1]) || (w[0] == b'9' && w[1] == b'0'));
    (same && (key.len() >= 3 || key == b"0" || key == b"00")) || (run && key.len() >= 6)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn ids_that_differ_by_case_alone_are_two() {
        let kept = |text| identifier_with_case(text, CheckDigit::None).key;
        assert_eq!(kept("003d000000aBcDe").as_deref(), Some("003d000000aBcDe"));
        assert_ne!(kept("003d000000aBcDe"), kept("003d000000aBcdE"));
        assert_eq!(kept(" ００３ｄ000000-aBcDe"), kept("003d000000aBcDe"));
        assert_eq!(kept("会員No 12aB"), Some("12aB".to_owned()));
        assert_eq!(kept("no. 12aB"), Some("12aB".to_owned()));
        assert_eq!(kept("null"), None);
        assert_eq!(kept("4.90123e+12"), None);
        assert_eq!(kept("003d0000xxxxcDe"), None);
        assert_eq!(kept("003d0000xXxXcDe").as_deref(), Some("003d0000xXxXcDe"));
        let same = |text| identifier(text, CheckDigit::None).key;
        assert_eq!(same("003d000000aBcDe"), same("003d000000aBcdE"));
    }

    proptest! {
        #[test]
        fn never_panics(text in r"\PC*") {
            for check in [CheckDigit::None, CheckDigit::Luhn, CheckDigit::Jan] {
                let _ = (identifier(&text, check), identifier_with_case(&text, check));
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
        fn with_case_twice_is_once(text in r"\PC*|(会員|番号|no\.|カード|xx|[0-9ー*. e+-]){0,9}|[0-9A-Za-zａ-ｚ .\-*]{0,20}") {
            if let Some(key) = identifier_with_case(&text, CheckDigit::None).key {
                let again = identifier_with_case(&key, CheckDigit::None).key;
                prop_assert_eq!(again, Some(key));
            }
        }

        #[test]
        fn case_is_all_that_differs(text in "[0-9A-WYZa-wyz]{1,18}|会員(no|番号)[0-9a-w]{2,9}") {
            let folded = identifier(&text, CheckDigit::None);
            let kept = identifier_with_case(&text, CheckDigit::None);
            // ZzZ is one letter repeated only where case means nothing.
            prop_assume!(folded.problem != Some(IdentifierProblem::Junk) || kept.problem == folded.problem);
            prop_assert_eq!(kept.problem, folded.problem);
            prop_assert_eq!(kept.key.map(|k| k.to_uppercase()), folded.key);
        }

        #[test]
        fn one_wrong_digit_is_detected(payload in "[0-9]{7,15}", at in 0usize..16, by in 1u8..10) {
            for check in [CheckDigit::Luhn, CheckDigit::Jan] {
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
