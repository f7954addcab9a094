//! The grammar of written dates: which number is the year, the month, the day.
//!
//! In: text with folded width. Out: one reading, other possible readings, and the text after the date (a time, a
//! weekday, 生). Why alternatives: 1/5/1980 and 80.1.5 have several meanings, and matching compares all of them.

use super::cursor::{Cursor, Number};
use super::era::{Era, Within};
use super::{DateProblem, PartialDate, in_use};

// Factors of confidence. All are judgements.

/// The value had to be repaired, or only part of it is certain.
const REPAIRED: f32 = 0.8;
/// Another reading is unlikely, but nothing rules it out.
const GUESSED: f32 = 0.7;
/// Another reading is as likely.
const ONE_OF_TWO: f32 = 0.5;
/// Several readings are as likely.
const ONE_OF_SEVERAL: f32 = 0.4;
/// Two digits are no year of 令和 from this Gregorian year on: dates are of the past or near. A judgement.
const MAX_ERA_YEAR: i16 = 2050;

/// The date of a text, before defaults are detected.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub(super) value: Option<PartialDate>,
    pub(super) alternatives: Vec<PartialDate>,
    pub(super) era: Option<Era>,
    pub(super) confidence: f32,
    pub(super) problem: Option<DateProblem>,
}

impl Reading {
    pub(super) fn none(problem: DateProblem) -> Reading {
        Reading { value: None, alternatives: Vec::new(), era: None, confidence: 0.0, problem: Some(problem) }
    }

    fn sure(value: PartialDate) -> Reading {
        Reading { value: Some(value), alternatives: Vec::new(), era: None, confidence: 1.0, problem: None }
    }

    /// Less certain by this factor.
    fn doubtful(mut self, confidence: f32, problem: DateProblem) -> Reading {
        if self.value.is_some() {
            self.confidence *= confidence;
            self.problem = self.problem.or(Some(problem));
        }
        self
    }

    fn with_alternatives(mut self, others: impl IntoIterator<Item = Reading>) -> Reading {
        for date in others.into_iter().filter_map(|other| other.value) {
            if Some(date) != self.value && !self.alternatives.contains(&date) {
                self.alternatives.push(date);
            }
        }
        self
    }
}

/// The date at the start of `text`, and the text after it.
pub(super) fn read(text: &str) -> (Reading, &str) {
    let mut cursor = Cursor { rest: text };
    if let Some(month) = cursor.month_name() {
        return (month_first(&mut cursor, month), cursor.rest);
    }
    if let Some((era, bytes)) = Era::read(text) {
        cursor.skip(bytes);
        return (with_era(&mut cursor, era), cursor.rest);
    }
    let Some(first) = cursor.number() else {
        return (Reading::none(DateProblem::Unreadable), text);
    };
    let reading = match first.digits {
        8 => eight_digits(first),
        12 | 14 | 17 => {
            let [date, _, _] = first.split([8, 0]);
            eight_digits(date)
        }
        7 => era_code(first),
        6 => six_digits(first),
        5 => serial(first, &mut cursor),
        4 => year_first(&mut cursor, first),
        1 | 2 => short_first(&mut cursor, first),
        _ => Reading::none(DateProblem::Unreadable),
    };
    (reading, cursor.rest)
}

/// The date of these numbers: 0 as the day makes it a month, 0 as the month a year.
fn ymd(year: i16, month: u8, day: u8) -> Reading {
    if month == 0 {
        return Reading::sure(PartialDate { year, month: None, day: None });
    }
    if day == 0 && month <= 12 {
        return Reading::sure(PartialDate { year, month: Some(month), day: None });
    }
    match jiff::civil::Date::new(year, month.try_into().unwrap_or(0), day.try_into().unwrap_or(0)) {
        Ok(_) => Reading::sure(PartialDate { year, month: Some(month), day: Some(day) }),
        Err(_) if month > 12 && (1..=12).contains(&day) => {
            Reading::none(DateProblem::NoSuchDay).with_alternatives([ymd(year, day, month)])
        }
        Err(_) if month <= 12 => Reading::none(DateProblem::NoSuchDay).with_alternatives([ymd(year, month, 0)]),
        Err(_) => Reading::none(DateProblem::NoSuchDay),
    }
}

/// 1980/1/5, 1980年1月.
fn year_first(cursor: &mut Cursor<'_>, year: Number) -> Reading {
    let (month, day) = month_day(cursor);
    ymd(year.year(), month, day)
}

/// The month and day after a year; 0 for a missing one.
fn month_day(cursor: &mut Cursor<'_>) -> (u8, u8) {
    let before = *cursor;
    cursor.separator();
    if let Some(month) = cursor.month_name() {
        cursor.separator();
        return (month, cursor.part().map_or(0, Number::small));
    }
    match cursor.part() {
        Some(both) if both.digits == 4 => {
            let [month, day, _] = both.split([2, 2]);
            (month.small(), day.small())
        }
        Some(month) if month.digits <= 2 => {
            let mark = cursor.separator();
            let mut ahead = *cursor;
            let day = match ahead.part() {
                Some(day) if day.digits <= 2 && mark.is_some() => {
                    *cursor = ahead;
                    if cursor.rest.starts_with('日') {
                        cursor.separator();
                    }
                    day.small()
                }
                _ => 0,
            };
            (month.small(), day)
        }
        _ => {
            *cursor = before;
            if cursor.rest.starts_with('年') {
                cursor.separator();
            }
            (0, 0)
        }
    }
}

/// 19800105, or 01051980 if that is no date.
fn eight_digits(n: Number) -> Reading {
    let [year, month, day] = n.split([4, 2]);
    let first = ymd(year.year(), month.small(), day.small());
    let [a, b, year] = n.split([2, 2]);
    if first.value.is_none() && in_use(year.year()) {
        let other = month_day_year(a, b, year);
        if other.problem.is_some() {
            return other;
        }
        if other.value.is_some() {
            return other.doubtful(REPAIRED, DateProblem::Ambiguous);
        }
    }
    first
}

/// 198001 (year and month) or 800105.
fn six_digits(n: Number) -> Reading {
    let [year, month, _] = n.split([4, 2]);
    let long = ymd(year.year(), month.small(), 0);
    let [yy, m, d] = n.split([2, 2]);
    let short = two_digit(yy, m.small(), d.small());
    if in_use(year.year()) && (1..=12).contains(&month.small()) && long.value.is_some() {
        if short.value.is_some() {
            long.with_alternatives([short]).doubtful(ONE_OF_TWO, DateProblem::Ambiguous)
        } else {
            long
        }
    } else {
        short
    }
}

/// 3550304: 昭和55年3月4日 in the era codes of insurance and tax files.
fn era_code(n: Number) -> Reading {
    let [code, year, rest] = n.split([1, 2]);
    let era = usize::try_from(code.value).ok().and_then(|c| Era::ALL.get(c.checked_sub(1)?));
    let [month, day, _] = rest.split([2, 2]);
    match era {
        Some(era) if month.small() > 0 && day.small() > 0 => {
            era_date(*era, year, month.small(), day.small()).doubtful(GUESSED, DateProblem::EraCode)
        }
        _ => Reading::none(DateProblem::Unreadable),
    }
}

/// Days since 30 December 1899, as spreadsheets count. Five digits: since 1927.
fn serial(n: Number, cursor: &mut Cursor<'_>) -> Reading {
    if let Some(fraction) = cursor.rest.strip_prefix('.') {
        cursor.rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let days = i64::try_from(n.value).unwrap_or(0);
    let date = jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(days));
    match date {
        Ok(date) if n.value >= 10_000 && cursor.rest.is_empty() => {
            ymd(date.year(), date.month().unsigned_abs(), date.day().unsigned_abs())
                .doubtful(ONE_OF_SEVERAL, DateProblem::Serial)
        }
        _ => Reading::none(DateProblem::Unreadable),
    }
}

/// One or two digits first: 80/1/5, 1/5/1980, 5 Jan 1980.
fn short_first(cursor: &mut Cursor<'_>, first: Number) -> Reading {
    let mark = cursor.separator();
    if let Some(month) = cursor.month_name() {
        cursor.separator();
        return match cursor.part() {
            Some(year) => named_month(year, month, first.small()),
            None => Reading::none(DateProblem::NoYear),
        };
    }
    let Some(second) = cursor.part() else {
        return Reading::none(DateProblem::Unreadable);
    };
    cursor.separator();
    let mut ahead = *cursor;
    let Some(third) = ahead.part() else {
        return match second.digits {
            4 => ymd(second.year(), first.small(), 0),
            _ if mark == Some('年') => two_digit(first, second.small(), 0),
            _ => Reading::none(DateProblem::NoYear),
        };
    };
    *cursor = ahead;
    if cursor.rest.starts_with('日') {
        cursor.separator();
    }
    if third.digits == 4 {
        return month_day_year(first, second, third);
    }
    let year_first = two_digit(first, second.small(), third.small());
    if year_first.value.is_some() || mark == Some('年') || third.digits > 2 {
        return year_first;
    }
    let century = western(third);
    ymd(century, first.small(), second.small())
        .with_alternatives([ymd(century, second.small(), first.small())])
        .doubtful(ONE_OF_SEVERAL, DateProblem::TwoDigitYear)
}

/// 1/5/1980: in the American order, as spreadsheets export it; the European one is an alternative.
fn month_day_year(first: Number, second: Number, year: Number) -> Reading {
    let american = ymd(year.year(), first.small(), second.small());
    let european = ymd(year.year(), second.small(), first.small());
    match (american.value, european.value) {
        (Some(a), Some(b)) if a != b => {
            american.with_alternatives([european]).doubtful(ONE_OF_TWO, DateProblem::Ambiguous)
        }
        (None, Some(_)) => european,
        _ => american,
    }
}

/// Jan 5, 1980 and January 1980.
fn month_first(cursor: &mut Cursor<'_>, month: u8) -> Reading {
    cursor.separator();
    let Some(day) = cursor.part() else {
        return Reading::none(DateProblem::NoYear);
    };
    if day.digits == 4 {
        return ymd(day.year(), month, 0);
    }
    for ordinal in ["st", "nd", "rd", "th"] {
        cursor.rest = cursor.rest.strip_prefix(ordinal).unwrap_or(cursor.rest);
    }
    cursor.separator();
    match cursor.part() {
        Some(year) => named_month(year, month, day.small()),
        None => Reading::none(DateProblem::NoYear),
    }
}

/// A day of a month that is written as a name.
fn named_month(year: Number, month: u8, day: u8) -> Reading {
    if year.digits <= 2 {
        ymd(western(year), month, day).doubtful(GUESSED, DateProblem::TwoDigitYear)
    } else {
        ymd(year.year(), month, day)
    }
}

/// The century of a two-digit year: 30 to 99 are of the 1900s. Fixed, so that a run next year gives the same.
fn western(year: Number) -> i16 {
    if year.value < 30 { 2000 + year.year() } else { 1900 + year.year() }
}

/// A two-digit year: Western, or else in the other century or in an era that has such a day.
fn two_digit(year: Number, month: u8, day: u8) -> Reading {
    if year.digits > 2 {
        return Reading::none(DateProblem::Unreadable);
    }
    let eras = [Era::Showa, Era::Heisei, Era::Reiwa].map(|era| era_date(era, year, month, day));
    let plausible = |r: &Reading| r.value.is_some_and(|date| date.year < MAX_ERA_YEAR);
    let eras = eras.into_iter().filter(|r| r.problem.is_none() && plausible(r));
    let other_century = (year.value < 30).then(|| ymd(1900 + year.year(), month, day));
    ymd(western(year), month, day)
        .with_alternatives(other_century)
        .with_alternatives(eras)
        .doubtful(ONE_OF_TWO, DateProblem::TwoDigitYear)
}

/// A date after the name of its era.
fn with_era(cursor: &mut Cursor<'_>, era: Era) -> Reading {
    cursor.separator();
    let year = match cursor.rest.strip_prefix('元') {
        Some(rest) => {
            cursor.rest = rest;
            Number { value: 1, digits: 1 }
        }
        None => match cursor.number() {
            Some(year) => year,
            None => return Reading::none(DateProblem::Unreadable),
        },
    };
    match year.digits {
        1 | 2 => {
            let (month, day) = month_day(cursor);
            era_date(era, year, month, day)
        }
        4 | 6 => {
            let [year, month, day] = year.split([2, 2]);
            era_date(era, year, month.small(), day.small())
        }
        _ => Reading::none(DateProblem::Unreadable),
    }
}

/// A date of an era, if the era has it.
fn era_date(era: Era, year: Number, month: u8, day: u8) -> Reading {
    if year.value == 0 || year.digits > 2 {
        return Reading::none(DateProblem::ImpossibleEra);
    }
    let mut reading = ymd(era.offset() + year.year(), month, day);
    reading.era = Some(era);
    let Some(date) = reading.value else {
        return reading;
    };
    match era.contains(date.year, date.month, date.day) {
        Within::Yes => reading,
        Within::ReadOn => reading.doubtful(REPAIRED, DateProblem::EraReadOn),
        Within::OldCalendar => {
            reading.value = Some(PartialDate { month: None, day: None, ..date });
            reading.doubtful(REPAIRED, DateProblem::OldCalendar)
        }
        Within::No => {
            Reading { era: Some(era), ..Reading::none(DateProblem::ImpossibleEra).with_alternatives([reading]) }
        }
    }
}
