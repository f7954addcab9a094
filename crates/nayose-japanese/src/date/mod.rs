//! Dates.
//!
//! In: any text. Out: a day (or month, or year), a confidence, and other readings. Gregorian dates in every order and
//! width, era dates (昭和55年3月4日, S55.3.4, H2/11/30, 令和元年, 昭和五十五年), compact digits, spreadsheet serials
//! and English month names are read. `jiff` has the calendar. [`timestamp`] reads points in time. Why not a date
//! library: none reads eras, and a birth date that is read wrongly with certainty is worse than two readings.
//!
//! Decided here: an era is counted on after its end (昭和64年1月8日 is 8 January 1989), marked `era_read_on` and less
//! certain. A day before its era began (令和元年4月30日) has no value, and the day that its number would give is an
//! alternative. A midnight of Tokyo that was written in UTC is the day of Tokyo, marked `utc_midnight`. If the year is last, month before day (the spreadsheet's order), marked
//! ambiguous. Two-digit years from 30 on are of the 1900s: a fixed pivot, so that the same text means the same next
//! year.

mod clock;
mod cursor;
mod era;
mod read;
mod timestamp;
mod utc;

pub use era::Era;
pub use timestamp::{end_of_day_in, offset, timestamp, timestamp_in};

use crate::ascii;
use read::{Reading, read};
use std::borrow::Cow;

/// What was wrong with a date field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DateProblem {
    /// Blank, or a word for "none".
    Missing,
    /// No date of a known form.
    Unreadable,
    /// Month and day, but no year.
    NoYear,
    /// The calendar has no such day (30 February, month 13).
    NoSuchDay,
    /// The era has no such day, as it had not begun (令和元年4月30日).
    ImpossibleEra,
    /// Not between 1868 and 2100.
    OutOfRange,
    /// A system's default: 1900-01-01, 1970-01-01, 0001-01-01, 9999-12-31, 0000-00-00.
    Default,
    /// A real day that is also a common default: 2000-01-01, 1980-01-01.
    Suspicious,
    /// Another order of the numbers is possible too; see the alternatives.
    Ambiguous,
    /// The century or era is a guess; see the alternatives.
    TwoDigitYear,
    /// An era after it ended, counted on: 平成31年5月1日.
    EraReadOn,
    /// A midnight of Tokyo written in UTC (1980-03-03T15:00:00Z), read as the day of Tokyo; the day as written is an
    /// alternative.
    UtcMidnight,
    /// Seven digits read as era code, year, month, day.
    EraCode,
    /// Meiji 1 to 5 had a lunar calendar: only the year is taken.
    OldCalendar,
    /// Five digits read as a spreadsheet's day count.
    Serial,
    /// Unknown words after the date.
    TextAround,
}

impl DateProblem {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            DateProblem::Missing => "missing",
            DateProblem::Unreadable => "unreadable",
            DateProblem::NoYear => "no_year",
            DateProblem::NoSuchDay => "no_such_day",
            DateProblem::ImpossibleEra => "impossible_era",
            DateProblem::OutOfRange => "out_of_range",
            DateProblem::Default => "default",
            DateProblem::Suspicious => "suspicious",
            DateProblem::Ambiguous => "ambiguous",
            DateProblem::TwoDigitYear => "two_digit_year",
            DateProblem::EraReadOn => "era_read_on",
            DateProblem::UtcMidnight => "utc_midnight",
            DateProblem::EraCode => "era_code",
            DateProblem::OldCalendar => "old_calendar",
            DateProblem::Serial => "serial",
            DateProblem::TextAround => "text_around",
        }
    }
}

/// How much of a date is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Precision {
    /// Year, month and day.
    Day,
    /// Year and month.
    Month,
    /// The year only.
    Year,
}

impl Precision {
    /// The name used in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Precision::Day => "day",
            Precision::Month => "month",
            Precision::Year => "year",
        }
    }
}

/// A day, or as much of it as is known. A day implies a month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
pub struct PartialDate {
    /// Gregorian year.
    pub year: i16,
    /// 1 to 12.
    pub month: Option<u8>,
    /// 1 to 31, and in that month.
    pub day: Option<u8>,
}

impl PartialDate {
    /// `1980-03-04`, `1980-03` or `1980`.
    pub fn iso(&self) -> String {
        match (self.month, self.day) {
            (Some(month), Some(day)) => format!("{:04}-{month:02}-{day:02}", self.year),
            (Some(month), None) => format!("{:04}-{month:02}", self.year),
            _ => format!("{:04}", self.year),
        }
    }

    fn precision(&self) -> Precision {
        match (self.month, self.day) {
            (Some(_), Some(_)) => Precision::Day,
            (Some(_), None) => Precision::Month,
            _ => Precision::Year,
        }
    }

    /// The day in the calendar, if all of it is known.
    pub fn civil(&self) -> Option<jiff::civil::Date> {
        let (month, day) = (self.month?, self.day?);
        jiff::civil::Date::new(self.year, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok()
    }
}

/// A date field as understood.
#[derive(Debug, Clone, PartialEq)]
pub struct Date {
    /// The date; `None` if there is none, or if it is impossible.
    pub value: Option<PartialDate>,
    /// Other dates that the text may mean, likeliest first.
    pub alternatives: Vec<PartialDate>,
    /// The era it was written in.
    pub era: Option<Era>,
    /// A system's default, not a date of this person.
    pub junk: bool,
    /// The probability that the key is the date that was meant: 1 written in full, 0.9 with unknown words, 0.8
    /// repaired, 0.6 a common default, 0.4 to 0.5 one of several readings, 0 without a key. Judgements.
    pub confidence: f32,
    /// What was wrong.
    pub problem: Option<DateProblem>,
}

impl Date {
    /// The ISO form, equal for two spellings of one date; `None` if missing, impossible or junk.
    pub fn key(&self) -> Option<String> {
        if self.junk { None } else { self.iso() }
    }

    /// `1980-03-04`, `1980-03` or `1980`.
    pub fn iso(&self) -> Option<String> {
        self.value.map(|date| date.iso())
    }

    /// How much is known.
    pub fn precision(&self) -> Option<Precision> {
        self.value.map(|date| date.precision())
    }
}

/// Reads a date field.
pub fn date(text: &str) -> Date {
    let folded = fold(text);
    let body = without_label(&folded);
    let (mut reading, rest) = read(body);
    if folded.len() > body.len() && folded.contains("西暦") {
        reading = with_century(reading, body);
    }
    // Most dates have no time, or that of a midnight: the hour that makes a day of Tokyo begins with 1.
    if rest.as_bytes().get(1) == Some(&b'1')
        && let Some(day) = utc::in_tokyo(&reading, rest)
    {
        reading = day;
    }
    judge(reading, body, rest)
}

/// The text in folded width, without remarks in brackets: 1980年(昭和55年)1月5日(土).
fn fold(text: &str) -> Cow<'_, str> {
    let folded = if text.is_ascii() { Cow::Borrowed(text.trim()) } else { ascii::fold(text) };
    if !folded.contains(['(', '[', '〔', '【']) {
        return folded;
    }
    let mut out = String::with_capacity(folded.len());
    let (mut depth, mut closed) = (0u32, false);
    for c in folded.chars() {
        match c {
            '(' | '[' | '〔' | '【' => depth += 1,
            ')' | ']' | '〕' | '】' => (depth, closed) = (depth.saturating_sub(1), true),
            _ if depth == 0 => {
                // 2026/1/31(土)09:30: the bracket was all that stood between two numbers.
                if std::mem::take(&mut closed) && c.is_ascii_digit() && out.ends_with(|d: char| d.is_ascii_digit()) {
                    out.push(' ');
                }
                out.push(c);
            }
            _ => {}
        }
    }
    if out.trim().is_empty() {
        out = folded.chars().filter(|c| !matches!(c, '(' | '[' | '〔' | '【' | ')' | ']' | '〕' | '】')).collect();
    }
    Cow::Owned(out)
}

/// Removes what people write before a date: 西暦, 生年月日:, a weekday.
fn without_label(folded: &str) -> &str {
    let mut body = folded.trim();
    for label in ["生年月日", "誕生日", "生まれ", "西暦", "AD", "A.D.", "DOB", "約"] {
        if let Some(rest) = body.strip_prefix(label) {
            body = rest.trim_start_matches([':', ' ', '.', '=']);
        }
    }
    for weekday in ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"] {
        if let Some(rest) = body.strip_prefix(weekday) {
            // Its other letters, and no month after it: Tuesday, Mar 04 1980.
            body = rest.trim_start_matches(|c: char| c.is_ascii_alphabetic()).trim_start_matches([',', '.', ' ']);
        }
    }
    body.trim_start_matches(['\'', '"', '’', '`', '=']).trim()
}

/// A date after 西暦. With two digits its century is not written, or 西暦 is printed on the form and the year is of an era: no
/// value, and every date that it may be.
#[cold]
fn with_century(reading: Reading, body: &str) -> Reading {
    let digits = body.bytes().take_while(u8::is_ascii_digit).count();
    if digits > 2 || reading.problem != Some(DateProblem::TwoDigitYear) {
        return reading;
    }
    let alternatives = reading.value.into_iter().chain(reading.alternatives).collect();
    Reading { alternatives, ..Reading::none(DateProblem::TwoDigitYear) }
}

/// Whether a date is plausible in customer data: from the first year of 明治 on (nobody living is older), and not far
/// in the future. A judgement.
fn in_use(year: i16) -> bool {
    (1868..=2100).contains(&year)
}

/// Factors of confidence for a common default, and for unknown words after the date. Judgements.
const COMMON_DEFAULT: f32 = 0.6;
const TEXT_AROUND: f32 = 0.9;

/// The date of a reading, and what is wrong with it.
fn judge(reading: Reading, body: &str, rest: &str) -> Date {
    let Reading { value, alternatives, era, confidence, problem } = reading;
    let mut out = Date { value, alternatives, era, junk: false, confidence, problem };
    out.alternatives.retain(|date| in_use(date.year));
    match &out.value {
        _ if is_default(out.value, body) => {
            (out.junk, out.confidence, out.problem) = (true, 0.0, Some(DateProblem::Default));
        }
        None if out.problem == Some(DateProblem::Unreadable) && is_missing(body) => {
            out.problem = Some(DateProblem::Missing);
        }
        None => {}
        Some(date) if !in_use(date.year) => {
            (out.value, out.confidence, out.problem) = (None, 0.0, Some(DateProblem::OutOfRange));
        }
        Some(date) => {
            if matches!((date.year, date.month, date.day), (1980 | 2000, Some(1), Some(1))) {
                out.problem = out.problem.or(Some(DateProblem::Suspicious));
                out.confidence *= COMMON_DEFAULT;
            }
            if !may_follow(rest.trim()) {
                out.problem = out.problem.or(Some(DateProblem::TextAround));
                out.confidence *= TEXT_AROUND;
            }
        }
    }
    out
}

/// Whether a date is one that systems write for "unknown": the first and last days of their calendars (.NET 0001,
/// Windows 1601, SQL Server 1753, Excel 1899 to 1904, Unix 1969 and 1970, 9999), or digits that fill a required field.
fn is_default(value: Option<PartialDate>, body: &str) -> bool {
    match value {
        Some(PartialDate { year, month: Some(month), day: Some(day) }) => matches!(
            (year, month, day),
            (0 | 1 | 1111 | 1601 | 1753 | 1800 | 1900 | 1901 | 1904 | 1970, 1, 1)
                | (1111, 11, 11)
                | (1899, 12, 30 | 31)
                | (1969, 12, 31)
                | (2099 | 2999 | 9999, 12, 31)
        ),
        Some(PartialDate { year, .. }) => matches!(year, 0 | 1 | 1111 | 1900 | 9999),
        None => {
            let mut digits = body.bytes().filter(u8::is_ascii_digit);
            let first = digits.next();
            matches!(first, Some(b'0' | b'9'))
                && digits.clone().count() >= 5
                && digits.all(|d| Some(d) == first)
                && body.bytes().all(|b| b.is_ascii_digit() || b"-/. :T".contains(&b))
        }
    }
}

/// Whether the text is a word for "none". Our own list.
fn is_missing(body: &str) -> bool {
    matches!(
        body.to_lowercase().as_str(),
        "" | "-"
            | "--"
            | "/"
            | "//"
            | "/ /"
            | "ー"
            | "なし"
            | "無し"
            | "無"
            | "不明"
            | "未登録"
            | "未入力"
            | "未回答"
            | "n/a"
            | "na"
            | "nan"
            | "nat"
            | "null"
            | "none"
            | "年月日"
            | "年 月 日"
            | "不詳"
            | "unknown"
    )
}

/// Whether this is usual after a date: times, zones, weekdays and 生.
fn may_follow(rest: &str) -> bool {
    let rest = rest.trim_start_matches([',', '、', '.', '-', '/', ' ']);
    rest.is_empty()
        || rest.starts_with(|c: char| c.is_ascii_digit())
        || ["T", "t", "Z", "午前", "午後", "生", "誕生", "付", "AM", "PM"].iter().any(|word| rest.starts_with(word))
        || rest
            .strip_suffix("曜日")
            .unwrap_or(rest)
            .chars()
            .eq(rest.chars().next().filter(|c| "月火水木金土日".contains(*c)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn twice(text: &str) -> Result<(), TestCaseError> {
        let once = date(text);
        if let Some(iso) = once.iso() {
            let again = date(&iso);
            prop_assert_eq!(again.iso(), Some(iso));
            prop_assert_eq!(again.junk, once.junk);
        }
        Ok(())
    }

    proptest! {
        #[test]
        fn never_panics(text in r"\PC*") {
            twice(&text)?;
        }

        #[test]
        fn twice_is_once(text in r"(昭和|平成|令和|大正|明治|S|H|R|T|M|西暦|Jan|May )?[0-9０-９一二三十百元〇]{1,8}([/.\- 年][0-9一二十]{1,4}([/.\-月 ][0-9十一]{1,4}日?)?)?[T :0-9生（）土]{0,6}") {
            twice(&text)?;
        }

        #[test]
        fn every_spelling_has_one_key(days in 0i32..54_000) {
            let day = jiff::civil::date(1873, 1, 1).saturating_add(jiff::Span::new().days(days));
            let (y, m, d) = (day.year(), day.month(), day.day());
            let key = date(&format!("{y:04}-{m:02}-{d:02}")).key();
            let plain = PartialDate { year: y, month: Some(m.unsigned_abs()), day: Some(d.unsigned_abs()) };
            prop_assert!(key.is_none() || key == Some(plain.iso()));
            for spelling in [
                format!("{y}/{m}/{d}"),
                format!("{y}.{m}.{d}"),
                format!("{y}{m:02}{d:02}"),
                format!("{y}年{m}月{d}日"),
                format!("{y}/{m:02}/{d:02} 00:00:00"),
            ] {
                prop_assert_eq!(date(&spelling).key(), key.clone(), "{}", spelling);
            }
            let mut eras = 0;
            for era in Era::ALL {
                let n = y - era.offset();
                let text = format!("{}{n}年{m}月{d}日", match era {
                    Era::Meiji => "明治",
                    Era::Taisho => "大正",
                    Era::Showa => "昭和",
                    Era::Heisei => "平成",
                    Era::Reiwa => "令和",
                });
                let read = date(&text);
                if n > 0 && read.problem != Some(DateProblem::EraReadOn) && read.key().is_some() {
                    eras += 1;
                    prop_assert_eq!(read.key(), key.clone(), "{}", text);
                }
            }
            // Days of change from Meiji and Taisho belong to both eras.
            prop_assert!(key.is_none() || eras >= 1);
        }
    }
}
