//! The number of a corporation (法人番号) and the number of an issuer of qualified invoices (インボイス, T and 13 digits).
//!
//! In: any text. Out: the 13 digits and whether their check digit is right. Why: two records with one number are one company,
//! whatever they call it. Source: the ordinance on the designation of corporate numbers (法人番号の指定等に関する省令,
//! article 2), which defines the first digit as the check digit of the other twelve.

use crate::ascii;

/// How many digits the number has.
const DIGITS: usize = 13;

/// A number as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CorporateNumber {
    /// The 13 digits, without T and hyphens.
    pub digits: String,
    /// Whether the first digit is the check digit of the others.
    pub valid: bool,
    /// Whether T is before it. Sole traders have an invoice number too, with the same check digit and no corporate number.
    pub invoice: bool,
    /// The text without the number and its label.
    pub rest: String,
}

/// The first number of 13 digits in a text, if there is one.
pub fn corporate_number(text: &str) -> Option<CorporateNumber> {
    let is_digit = |c: &char| matches!(c, '0'..='9' | '０'..='９');
    if text.len() < DIGITS || text.chars().filter(is_digit).count() < DIGITS {
        return None;
    }
    let folded = ascii::fold(text);
    let bytes = folded.as_bytes();
    let mut start = 0;
    while let Some(from) = bytes[start..].iter().position(u8::is_ascii_digit).map(|at| start + at) {
        let mut digits = String::with_capacity(DIGITS);
        let mut end = from;
        for (at, &b) in bytes.iter().enumerate().skip(from) {
            match b {
                b'0'..=b'9' => {
                    digits.push(char::from(b));
                    end = at + 1;
                }
                b'-' | b' ' if bytes.get(at + 1).is_some_and(u8::is_ascii_digit) => {}
                _ => break,
            }
        }
        if digits.len() == DIGITS {
            let before = &folded[..from];
            let bare = before.trim_end_matches(['T', 't', '-']);
            let invoice =
                before[bare.len()..].contains(['T', 't']) && !bare.ends_with(|c: char| c.is_ascii_alphabetic());
            let before = without_label(if invoice { bare } else { before });
            let rest = format!("{} {}", before.trim(), folded[end..].trim_start_matches([')', ' '])).trim().to_owned();
            return Some(CorporateNumber { valid: is_valid(&digits), digits, invoice, rest });
        }
        start = end;
    }
    None
}

/// Whether the first of 13 digits is the check digit of the others: 9 less the rest by 9 of their sum, in which every second
/// digit from the right counts twice.
pub(crate) fn is_valid(digits: &str) -> bool {
    let values = || digits.bytes().filter(u8::is_ascii_digit).map(|b| u32::from(b - b'0'));
    let sum: u32 =
        values().skip(1).zip((0..DIGITS - 1).rev()).map(|(d, place)| if place % 2 == 1 { 2 * d } else { d }).sum();
    values().count() == DIGITS && values().next() == Some(9 - sum % 9)
}

/// The text before a number without its label.
fn without_label(before: &str) -> &str {
    let mut bare = before.trim_end_matches([' ', ':', '(', '.', 'o', 'N', '・', '/', ',']);
    for label in ["法人番号", "登録番号", "適格請求書発行事業者", "インボイス番号", "インボイス"]
    {
        bare = bare.strip_suffix(label).unwrap_or(bare).trim_end_matches([' ', ':', '(', '/', ',']);
    }
    if bare.len() == before.len() { before } else { bare }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_with_their_check_digit() {
        // The example of the ordinance's notes, and the National Tax Agency's own number.
        for (text, digits, valid, invoice, rest) in [
            ("8700110005901", "8700110005901", true, false, ""),
            ("法人番号 7000012050002", "7000012050002", true, false, ""),
            ("T7000012050002", "7000012050002", true, true, ""),
            ("ｔ７０００－０１２０５０００２", "7000012050002", true, true, ""),
            ("株式会社ひだまり（登録番号：T7000012050002）", "7000012050002", true, true, "株式会社ひだまり"),
            ("7000012050003", "7000012050003", false, false, ""),
        ] {
            let found = corporate_number(text).expect(text);
            let got = (found.digits.as_str(), found.valid, found.invoice, found.rest.as_str());
            assert_eq!(got, (digits, valid, invoice, rest), "{text}");
        }
        for none in ["", "株式会社24", "090-2841-7365", "12345678901234", "ひだまり"] {
            assert_eq!(corporate_number(none), None, "{none}");
        }
    }
}
