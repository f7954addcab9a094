//! Phone numbers: any text in; E.164, kind, extension and how sure we are out.
//!
//! Plain Japanese numbers take a path of our own ([`numbering`]); foreign ones and the `00xx`
//! services go to `rlibphonenumber` (Apache-2.0, a port of Google's libphonenumber). The region
//! is Japan unless a plus sign or an international prefix says otherwise.
//!
//! An extension is kept apart and is not in the key: who shares a switchboard shares the line.

mod area;
mod numbering;
mod scan;

use crate::japanese::ascii;
use numbering::{Looks, classify, looks, national};
use rlibphonenumber::{PhoneNumber, PhoneNumberFormat, PhoneNumberType, Region};
use scan::{Scanner, Segment};

/// What sort of line a number is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PhoneKind {
    /// 060, 070, 080, 090.
    Mobile,
    /// A geographic number.
    Landline,
    /// 050.
    Ip,
    /// 0120, 0800 and carriers' free numbers: a company's, never a person's own.
    TollFree,
    /// Japanese, and none of these: 0570, 0990, 020, carrier services.
    Other,
    /// A valid number of another country.
    Foreign,
    /// No number that could ring.
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

/// What was wrong with a phone field. Only the first that applies is told.
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
    /// The right length, in a range that nobody has.
    UnknownRange,
    /// Typed to get past a form.
    Junk,
    /// Could be real, but is everyone's example: 090-1234-5678.
    Suspicious,
    /// A company's line (toll-free, 0570): weak evidence for a person.
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

/// A phone number as understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Phone {
    /// `+819012345678`; `None` when the text is no number.
    pub e164: Option<String>,
    /// As written at home, with hyphens: `090-1234-5678`.
    pub national: Option<String>,
    /// What sort of line.
    pub kind: PhoneKind,
    /// Digits of the extension, if one was given.
    pub extension: Option<String>,
    /// Typed to get past a form.
    pub junk: bool,
    /// The chance that the key is the number that was meant: 1 written in full, less where it was
    /// repaired, picked or looks made up, 0 without a key.
    pub confidence: f32,
    /// The first thing that was wrong.
    pub problem: Option<PhoneProblem>,
}

impl Phone {
    /// Two spellings of one number have one key; `None` when missing, invalid or junk.
    pub fn key(&self) -> Option<&str> {
        if self.junk { None } else { self.e164.as_deref() }
    }

    /// One text that normalises to this very number and extension.
    pub fn canonical(&self) -> Option<String> {
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

/// The number in `text`; of several, the first that could ring.
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
                    first.confidence *= 0.9;
                }
                break;
            }
        }
    }
    found.unwrap_or_else(|| Phone::invalid(without_digits(&folded)))
}

/// Every number in `text` that could ring, in order, each once. `03-1234-5678/5679` is two.
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

fn fold(text: &str) -> std::borrow::Cow<'_, str> {
    if text.is_ascii() { text.into() } else { ascii::fold(text) }
}

fn without_digits(folded: &str) -> PhoneProblem {
    let told = folded.trim().to_lowercase();
    match told.as_str() {
        "" | "-" | "--" | "---" | "ー" | "なし" | "無し" | "無" | "ナシ" | "不明" | "未登録" | "未入力" | "n/a"
        | "na" | "none" | "null" | "nan" | "nil" => PhoneProblem::Missing,
        _ => PhoneProblem::NotANumber,
    }
}

/// Reads one run of digits.
fn resolve(segment: &Segment) -> Phone {
    let digits = segment.digits();
    if segment.masked {
        return Phone::invalid(PhoneProblem::Masked);
    }
    if segment.overflow {
        return Phone::invalid(PhoneProblem::TooLong);
    }
    let mut out = match digits {
        // A carrier's service (0037…) in international form.
        [b'8', b'1', b'0', b'0', ..] if segment.plus => library(digits, true),
        [b'8', b'1', rest @ ..] if segment.plus => japanese(rest.strip_prefix(b"0").unwrap_or(rest)),
        [b'0', b'0', b'8', b'1', rest @ ..] | [b'0', b'1', b'0', b'8', b'1', rest @ ..] if rest.len() >= 9 => {
            japanese(rest.strip_prefix(b"0").unwrap_or(rest))
        }
        [b'0', b'1', b'0', ..] if digits.len() > 11 => library(digits, false),
        [b'0', b'0', ..] => library(digits, false),
        [b'0', nsn @ ..] => japanese(nsn),
        _ if segment.plus => library(digits, true),
        [b'8', b'1', rest @ ..] if rest.len() >= 9 => japanese(rest.strip_prefix(b"0").unwrap_or(rest)),
        _ => {
            let mut number = japanese(digits);
            if number.e164.is_some() {
                number.problem = number.problem.or(Some(PhoneProblem::LeadingZeroRestored));
                number.confidence *= 0.9;
            }
            number
        }
    };
    if out.e164.is_some() {
        out.extension = segment.extension().map(str::to_owned);
    }
    out
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
    let (confidence, problem) = match (looks(nsn, nsn.get(first..).unwrap_or_default()), kind) {
        (Looks::Junk, _) => (0.0, Some(PhoneProblem::Junk)),
        (Looks::Suspicious, _) => (0.6, Some(PhoneProblem::Suspicious)),
        (Looks::Real, PhoneKind::TollFree | PhoneKind::Other) => (0.3, Some(PhoneProblem::Shared)),
        (Looks::Real, _) => (1.0, None),
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

fn why_invalid(nsn: &[u8]) -> PhoneProblem {
    let significant = nsn.strip_prefix(b"0").unwrap_or(nsn);
    let behind_prefix = nsn.get(2..).unwrap_or_default();
    match nsn.len() {
        _ if looks(nsn, behind_prefix) == Looks::Junk || looks(significant, &[]) == Looks::Junk => PhoneProblem::Junk,
        0..=5 => PhoneProblem::TooShort,
        6..=8 => PhoneProblem::AreaCodeMissing,
        9 if matches!(nsn, [b'7'..=b'9', b'0', ..]) => PhoneProblem::TooShort,
        10 if classify(nsn.get(..9).unwrap_or_default()).is_some() => PhoneProblem::TooLong,
        9 | 10 => PhoneProblem::UnknownRange,
        _ => PhoneProblem::TooLong,
    }
}

/// Numbers of other countries, and `00xx` services: rare, so the library's pace will do.
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
        confidence: if shared { 0.3 } else { 0.95 },
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
        fn never_panics(text in r"\PC*") {
            let _ = (phone(&text), phones(&text));
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
