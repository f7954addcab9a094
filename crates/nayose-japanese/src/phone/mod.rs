//! Phone numbers.
//!
//! In: any text. Out: E.164, kind, extension and a confidence. Plain Japanese numbers are resolved here (`numbering`);
//! foreign ones and the `00xx` services by `rlibphonenumber` (Apache-2.0, a port of Google's libphonenumber). The
//! region is Japan unless a plus sign or an international prefix says otherwise. Why two ways: nearly all numbers are
//! plain Japanese ones, and the library is forty times slower.
//!
//! An extension is separate and not in the key: people behind one switchboard share the line.

mod area;
mod numbering;
mod scan;

use crate::ascii;
use numbering::{Plausibility, classify, national, plausibility};
use rlibphonenumber::{PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};
use scan::{Scanner, Segment};

/// The kind of line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneKind {
    /// 060, 070, 080, 090.
    Mobile,
    /// A geographic number.
    Landline,
    /// 050.
    Ip,
    /// 0120, 0800 and carriers' free numbers: of companies, never of a person.
    TollFree,
    /// Other Japanese numbers: 0570, 0990, 020, carrier services.
    Other,
    /// A valid number of another country.
    Foreign,
    /// No valid number.
    Invalid,
}

impl PhoneKind {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            PhoneKind::Mobile => "mobile",
            PhoneKind::Landline => "landline",
            PhoneKind::Ip => "ip",
            PhoneKind::TollFree => "toll_free",
            PhoneKind::Other => "other",
            PhoneKind::Foreign => "foreign",
            PhoneKind::Invalid => "invalid",
        }
    }
}

/// What was wrong with a phone field: the first that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneProblem {
    /// Blank, or a word for "none".
    Missing,
    /// No digits in it.
    NotANumber,
    /// Some digits are hidden.
    Masked,
    /// Too few digits.
    TooShort,
    /// Six to eight digits: a local number without its area code.
    AreaCodeMissing,
    /// Too many digits.
    TooLong,
    /// The right length, in a range that is not assigned.
    UnknownRange,
    /// Made up, to fill a required field.
    Junk,
    /// A usual example that may be real: 090-1234-5678.
    Suspicious,
    /// A line of a company (toll-free, 0570): weak evidence for a person.
    Shared,
    /// The field holds several numbers; this is the first.
    Several,
    /// The leading 0 was lost (a spreadsheet read it as a number) and has been restored.
    LeadingZeroRestored,
}

impl PhoneProblem {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            PhoneProblem::Missing => "missing",
            PhoneProblem::NotANumber => "not_a_number",
            PhoneProblem::Masked => "masked",
            PhoneProblem::TooShort => "too_short",
            PhoneProblem::AreaCodeMissing => "area_code_missing",
            PhoneProblem::TooLong => "too_long",
            PhoneProblem::UnknownRange => "unknown_range",
            PhoneProblem::Junk => "junk",
            PhoneProblem::Suspicious => "suspicious",
            PhoneProblem::Shared => "shared",
            PhoneProblem::Several => "several",
            PhoneProblem::LeadingZeroRestored => "leading_zero_restored",
        }
    }
}

// Confidences. All are judgements.

/// Factor for a number that was repaired, or chosen among several.
const REPAIRED: f32 = 0.9;
/// A usual example.
const SUSPICIOUS: f32 = 0.6;
/// A line of a company.
const SHARED: f32 = 0.3;
/// A valid number of another country, or a `00xx` service.
const FOREIGN: f32 = 0.95;

/// A phone number as understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Phone {
    /// `+819012345678`; `None` if the text is no number.
    pub e164: Option<String>,
    /// The national form with hyphens: `090-1234-5678`.
    pub national: Option<String>,
    /// The kind of line.
    pub kind: PhoneKind,
    /// The digits of the extension, if there is one.
    pub extension: Option<String>,
    /// Made up, to fill a required field.
    pub junk: bool,
    /// The probability that the key is the number that was meant: 1 written in full, less if it was repaired, chosen
    /// among several or looks made up, 0 without a key.
    pub confidence: f32,
    /// The first thing that was wrong.
    pub problem: Option<PhoneProblem>,
}

impl Phone {
    /// Equal for two spellings of one number; `None` if missing, invalid or junk.
    pub fn key(&self) -> Option<&str> {
        if self.junk { None } else { self.e164.as_deref() }
    }

    /// A text that normalizes to this number and extension.
    fn canonical(&self) -> Option<String> {
        let e164 = self.e164.as_deref()?;
        Some(match &self.extension {
            Some(extension) => format!("{e164};ext={extension}"),
            None => e164.to_owned(),
        })
    }

    fn invalid(problem: PhoneProblem) -> Phone {
        Phone {
            e164: None,
            national: None,
            kind: PhoneKind::Invalid,
            extension: None,
            junk: problem == PhoneProblem::Junk,
            confidence: 0.0,
            problem: Some(problem),
        }
    }
}

/// The number in `text`; of several, the first valid one.
pub fn phone(text: &str) -> Phone {
    let folded = fold(text);
    let mut found: Option<Phone> = None;
    for segment in Scanner::new(&folded) {
        match &mut found {
            None => found = Some(resolve(&segment)),
            Some(first) if first.e164.is_none() && !first.junk => {
                let next = resolve(&segment);
                if next.e164.is_some() {
                    *first = next;
                }
            }
            Some(first) => {
                if segment.digits().len() >= 4 && first.e164.is_some() {
                    first.problem = first.problem.or(Some(PhoneProblem::Several));
                    first.confidence *= REPAIRED;
                }
                break;
            }
        }
    }
    found.unwrap_or_else(|| Phone::invalid(without_digits(&folded)))
}

/// Every valid number in `text`, in order, each once. `03-1234-5678/5679` is two.
pub fn phones(text: &str) -> Vec<Phone> {
    let folded = fold(text);
    let mut out: Vec<Phone> = Vec::new();
    let mut last: Option<Segment> = None;
    for segment in Scanner::new(&folded) {
        let segment = match last {
            Some(whole) if segment.digits().len() == 4 && !segment.plus => whole.with_tail(segment.digits()),
            _ => segment,
        };
        let number = resolve(&segment);
        if number.e164.is_some() {
            last = Some(segment);
            if out.iter().all(|p| p.canonical() != number.canonical()) {
                out.push(number);
            }
        }
    }
    out
}

/// The problem of [`phone`] and the numbers of [`phones`]: what a field says, read once where it holds one number.
pub fn field(text: &str) -> (Option<PhoneProblem>, Vec<Phone>) {
    let folded = fold(text);
    let mut segments = Scanner::new(&folded);
    match (segments.next(), segments.next()) {
        (None, _) => (Some(without_digits(&folded)), Vec::new()),
        (Some(only), None) => {
            let number = resolve(&only);
            (number.problem, if number.e164.is_some() { vec![number] } else { Vec::new() })
        }
        _ => (phone(text).problem, phones(text)),
    }
}

fn fold(text: &str) -> std::borrow::Cow<'_, str> {
    if text.is_ascii() { without_decimal_tail(text).into() } else { ascii::fold(text) }
}

/// A number without the `.0` that a spreadsheet or a data frame gives it: 9028417365.0.
fn without_decimal_tail(text: &str) -> &str {
    // 090.2841.7300 has points between its digits, and stays.
    let tail = text.strip_suffix('0').and_then(|rest| rest.trim_end_matches('0').strip_suffix('.'));
    tail.filter(|whole| whole.bytes().all(|b| b.is_ascii_digit())).unwrap_or(text)
}

/// The problem of a text without digits.
fn without_digits(folded: &str) -> PhoneProblem {
    match folded.trim().to_lowercase().as_str() {
        "" | "-" | "--" | "---" | "ー" | "なし" | "無し" | "無" | "ナシ" | "不明" | "未登録" | "未入力" | "n/a"
        | "na" | "none" | "null" | "nan" | "nil" => PhoneProblem::Missing,
        _ => PhoneProblem::NotANumber,
    }
}

/// Decides what number one run of digits is.
fn resolve(segment: &Segment) -> Phone {
    let digits = segment.digits();
    if segment.masked {
        return Phone::invalid(PhoneProblem::Masked);
    }
    if segment.overflow {
        return Phone::invalid(PhoneProblem::TooLong);
    }
    let mut out = resolve_digits(digits, segment.plus);
    if out.e164.is_some() {
        out.extension = segment.extension().map(str::to_owned);
    }
    out
}

/// The number of a run of digits; `plus` if a plus sign is before it.
fn resolve_digits(digits: &[u8], plus: bool) -> Phone {
    match digits {
        // A service of a carrier (0037…) in international form.
        [b'8', b'1', b'0', b'0', ..] if plus => library(digits, true),
        [b'8', b'1', rest @ ..] if plus => japanese(rest.strip_prefix(b"0").unwrap_or(rest)),
        [b'0', b'0', b'8', b'1', rest @ ..] | [b'0', b'1', b'0', b'8', b'1', rest @ ..] if rest.len() >= 9 => {
            japanese(rest.strip_prefix(b"0").unwrap_or(rest))
        }
        [b'0', b'1', b'0', ..] if digits.len() > 11 => library(digits, false),
        [b'0', b'0', ..] => match without_carrier(digits) {
            Some(called) => resolve_digits(called, false),
            None => library(digits, false),
        },
        [b'0', nsn @ ..] => japanese(nsn),
        _ if plus => library(digits, true),
        // 184 hides the caller's number and 186 shows it. A landline of the areas 0184 and 0186 without its 0 is shorter.
        [b'1', b'8', b'4' | b'6', called @ ..] if called.len() >= 10 && called.starts_with(b"0") => {
            resolve_digits(called, false)
        }
        [b'8', b'1', rest @ ..] if rest.len() >= 9 => japanese(rest.strip_prefix(b"0").unwrap_or(rest)),
        _ => {
            let mut number = japanese(digits);
            if number.e164.is_some() {
                number.problem = number.problem.or(Some(PhoneProblem::LeadingZeroRestored));
                number.confidence *= REPAIRED;
            }
            number
        }
    }
}

/// The digits that are called through a carrier: 0037-68-090-…, 0063-03-…, 0033-010-1-…. `None` if there is no number
/// behind the prefix, as in a carrier's own services (0077-78-…). Carriers have 00 and two digits, and services of theirs up
/// to three more (the Ministry's list of 事業者識別番号; 0037-68, 0037-691 and 0035-45 are apps for cheap calls).
fn without_carrier(digits: &[u8]) -> Option<&[u8]> {
    (4..=7).find_map(|prefix| {
        let called = digits.get(prefix..)?;
        let personal =
            |nsn| matches!(classify(nsn), Some((PhoneKind::Mobile | PhoneKind::Landline | PhoneKind::Ip, _, _)));
        let abroad = prefix == 4 && called.starts_with(b"010") && called.len() > 11;
        (abroad || called.strip_prefix(b"0").is_some_and(personal)).then_some(called)
    })
}

/// A national significant number of Japan.
fn japanese(nsn: &[u8]) -> Phone {
    let Some((kind, first, second)) = classify(nsn) else {
        return Phone::invalid(why_invalid(nsn));
    };
    let digits = std::str::from_utf8(nsn).unwrap_or_default();
    let mut e164 = String::with_capacity(13);
    e164.push_str("+81");
    e164.push_str(digits);
    let (confidence, problem) = match (plausibility(nsn, nsn.get(first..).unwrap_or_default()), kind) {
        (Plausibility::Junk, _) => (0.0, Some(PhoneProblem::Junk)),
        (Plausibility::Suspicious, _) => (SUSPICIOUS, Some(PhoneProblem::Suspicious)),
        (Plausibility::Real, PhoneKind::TollFree | PhoneKind::Other) => (SHARED, Some(PhoneProblem::Shared)),
        (Plausibility::Real, _) => (1.0, None),
    };
    Phone {
        e164: Some(e164),
        national: Some(national(digits, first, second)),
        kind,
        extension: None,
        junk: problem == Some(PhoneProblem::Junk),
        confidence,
        problem,
    }
}

/// The problem of a number outside the numbering plan.
fn why_invalid(nsn: &[u8]) -> PhoneProblem {
    let significant = nsn.strip_prefix(b"0").unwrap_or(nsn);
    let after_prefix = nsn.get(2..).unwrap_or_default();
    match nsn.len() {
        _ if plausibility(nsn, after_prefix) == Plausibility::Junk
            || plausibility(significant, &[]) == Plausibility::Junk =>
        {
            PhoneProblem::Junk
        }
        0..=5 => PhoneProblem::TooShort,
        6..=8 => PhoneProblem::AreaCodeMissing,
        9 if matches!(nsn, [b'7'..=b'9', b'0', ..]) => PhoneProblem::TooShort,
        // 0600 and its like have the length of a mobile number and are none.
        10 if nsn.starts_with(b"60") => PhoneProblem::UnknownRange,
        10 if classify(nsn.get(..9).unwrap_or_default()).is_some() => PhoneProblem::TooLong,
        9 | 10 => PhoneProblem::UnknownRange,
        _ => PhoneProblem::TooLong,
    }
}

/// Numbers of other countries, and `00xx` services: rare, so the library is fast enough.
fn library(digits: &[u8], plus: bool) -> Phone {
    let digits = std::str::from_utf8(digits).unwrap_or_default();
    let text = if plus { format!("+{digits}") } else { digits.to_owned() };
    let parsed = PhoneNumber::parse(&text, Some(Region::JP)).ok();
    let Some(number) = parsed.filter(PhoneNumber::is_valid) else {
        return Phone::invalid(match why_invalid(digits.as_bytes()) {
            PhoneProblem::AreaCodeMissing => PhoneProblem::TooShort,
            PhoneProblem::TooLong if digits.len() <= 15 => PhoneProblem::UnknownRange,
            other => other,
        });
    };
    let shared = number.get_type() == PhoneNumberType::TollFree;
    let kind = match (number.country_code, shared) {
        (81, true) => PhoneKind::TollFree,
        (81, false) => PhoneKind::Other,
        _ => PhoneKind::Foreign,
    };
    Phone {
        e164: Some(number.format_as(PhoneNumberFormat::E164).into_owned()),
        national: Some(number.format_as(PhoneNumberFormat::National).into_owned()),
        kind,
        extension: None,
        junk: false,
        confidence: if shared { SHARED } else { FOREIGN },
        problem: shared.then_some(PhoneProblem::Shared),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn key(text: &str) -> Option<String> {
        phone(text).key().map(str::to_owned)
    }

    proptest! {
        #[test]
        fn twice_is_once(text in r"(\+|00|０|〇)?[0-9０-９〇一九\-ー（）() /,x#内線の・+*]{0,24}") {
            if let Some(canonical) = phone(&text).canonical() {
                let again = phone(&canonical);
                prop_assert_eq!(again.canonical(), Some(canonical));
                prop_assert_eq!(again.kind, phone(&text).kind);
            }
        }

        #[test]
        fn a_field_is_what_both_say(text in r"\PC*|[+]?[0-9０-９〇一九\-ー() /,x#内線・*]{0,24}|0[1-9]0-?[0-9]{4}-?[0-9]{4}") {
            prop_assert_eq!(field(&text), (phone(&text).problem, phones(&text)));
        }

        #[test]
        fn every_spelling_has_one_key(nsn in "[1-9][0-9]{8,9}") {
            let plain = phone(&format!("0{nsn}"));
            if plain.key().is_none() {
                return Ok(());
            }
            for spelling in [
                format!("+81{nsn}"),
                format!("+81(0){nsn}"),
                format!("0081-{nsn}"),
                format!("TEL: 0{nsn}（自宅）"),
                nsn.clone(),
            ] {
                prop_assert_eq!(key(&spelling), plain.key().map(str::to_owned), "{}", spelling);
            }
            if let Some(national) = &plain.national {
                prop_assert_eq!(key(national), plain.e164.clone());
                let wide: String = national.chars().map(|c| match c {
                    '-' => '－',
                    d => char::from_u32(d as u32 + 0xfee0).unwrap_or(d),
                }).collect();
                prop_assert_eq!(key(&wide), plain.e164.clone());
            }
        }
    }
}
