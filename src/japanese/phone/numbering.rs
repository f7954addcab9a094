//! The Japanese numbering plan: what a national significant number is, and how it is written.
//!
//! In: digits without country code and leading 0. Out: the kind, and where the hyphens go.
//! It answers for plain Japanese numbers what libphonenumber answers, at a fortieth of the cost
//! (tests hold the two equal), with one deliberate difference: 060 and eight digits is a mobile
//! range since 2026 (MIC numbering plan), which the library's metadata does not know yet.

use super::PhoneKind;
use super::area::area_digits;

/// Kind and the lengths of the first two groups (the third is the rest).
pub(super) fn classify(nsn: &[u8]) -> Option<(PhoneKind, usize, usize)> {
    if nsn.first() == Some(&b'0') {
        return None;
    }
    match (nsn.len(), nsn.get(..3)?) {
        (9, b"120") => Some((PhoneKind::TollFree, 3, 3)),
        (9, b"570" | b"990") => Some((PhoneKind::Other, 3, 3)),
        (9, [b'6', b'0', _]) => Some((PhoneKind::Other, 2, 3)),
        (9, _) => {
            let area = area_digits(number(nsn.get(..5)?))?;
            Some((PhoneKind::Landline, area, 5 - area))
        }
        (10, b"800") => Some((PhoneKind::TollFree, 3, 3)),
        (10, [b'6'..=b'9', b'0', b'1'..=b'9']) => Some((PhoneKind::Mobile, 2, 4)),
        (10, [b'5', b'0', b'1'..=b'9']) => Some((PhoneKind::Ip, 2, 4)),
        (10, [b'2', b'0', _]) => Some((PhoneKind::Other, 2, 4)),
        _ => None,
    }
}

/// Written as at home: `0` + the groups, with hyphens.
pub(super) fn national(nsn: &str, first: usize, second: usize) -> String {
    let mut out = String::with_capacity(nsn.len() + 3);
    out.push('0');
    for (i, c) in nsn.chars().enumerate() {
        if i == first || i == first + second {
            out.push('-');
        }
        out.push(c);
    }
    out
}

/// How much a well-formed number looks made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Looks {
    Real,
    /// Could be somebody's, but forms and manuals are full of it: 090-1234-5678, 03-3333-3333.
    Suspicious,
    /// Typed to get past a form: 0000000000, 090-1111-1111, 0123456789.
    Junk,
}

/// Judges all the digits, and the digits behind the first group (`local`) on their own.
pub(super) fn looks(nsn: &[u8], local: &[u8]) -> Looks {
    if nsn.len() >= 6 && (is_same(nsn) || is_run(nsn)) {
        return Looks::Junk;
    }
    if local.len() >= 6 && is_same(local) {
        return match local.first() {
            Some(b'0' | b'1' | b'9') => Looks::Junk,
            _ => Looks::Suspicious,
        };
    }
    if local.len() >= 6 && is_run(local) { Looks::Suspicious } else { Looks::Real }
}

fn is_same(digits: &[u8]) -> bool {
    digits.windows(2).all(|w| w[0] == w[1])
}

/// 12345678 and 87654321, from any start; a last 0 may follow the 9.
fn is_run(digits: &[u8]) -> bool {
    let ups = match digits {
        [start @ .., b'9', b'0'] if !start.is_empty() => &digits[..digits.len() - 1],
        _ => digits,
    };
    ups.windows(2).all(|w| w[0] + 1 == w[1]) || digits.windows(2).all(|w| w[1] + 1 == w[0])
}

fn number(digits: &[u8]) -> u32 {
    digits.iter().fold(0, |n, d| n * 10 + u32::from(d - b'0'))
}

#[cfg(test)]
mod tests {
    use super::*;
    use rlibphonenumber::{PhoneNumber, PhoneNumberFormat, PhoneNumberType};

    /// What the library says, in our words.
    fn library(nsn: &str) -> Option<(PhoneKind, String)> {
        let n = PhoneNumber::parse(format!("+81{nsn}"), None).ok()?;
        let kind = match n.get_type() {
            PhoneNumberType::Unknown => return None,
            PhoneNumberType::FixedLine => PhoneKind::Landline,
            PhoneNumberType::Mobile => PhoneKind::Mobile,
            PhoneNumberType::VoIP => PhoneKind::Ip,
            PhoneNumberType::TollFree => PhoneKind::TollFree,
            _ => PhoneKind::Other,
        };
        Some((kind, n.format_as(PhoneNumberFormat::National).into_owned()))
    }

    fn ours(nsn: &str) -> Option<(PhoneKind, String)> {
        let (kind, a, b) = classify(nsn.as_bytes())?;
        Some((kind, national(nsn, a, b)))
    }

    #[test]
    fn every_prefix_as_the_library() {
        for prefix in 10_000..100_000u32 {
            let tail = prefix.wrapping_mul(2_654_435_761) % 100_000;
            for nsn in [format!("{prefix}{:04}", tail % 10_000), format!("{prefix}{tail:05}")] {
                if nsn.len() == 10 && nsn.starts_with("60") {
                    continue;
                }
                assert_eq!(ours(&nsn), library(&nsn), "{nsn}");
            }
        }
    }

    proptest::proptest! {
        #[test]
        fn any_digits_as_the_library(nsn in "[1-9][0-9]{7,10}") {
            if !(nsn.len() == 10 && nsn.starts_with("60")) {
                proptest::prop_assert_eq!(ours(&nsn), library(&nsn));
            }
        }
    }

    #[test]
    fn made_up_numbers() {
        assert_eq!(looks(b"9012345678", b"12345678"), Looks::Suspicious);
        assert_eq!(looks(b"9011111111", b"11111111"), Looks::Junk);
        assert_eq!(looks(b"1234567890", b"4567890"), Looks::Junk);
        assert_eq!(looks(b"333333333", b"33333333"), Looks::Junk);
        assert_eq!(looks(b"9028417365", b"28417365"), Looks::Real);
    }
}
