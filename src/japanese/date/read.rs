//! The grammar of written dates: which number is the year, the month, the day.
//!
//! In: text with folded width. Out: one reading, other readings that are as possible, and what is
//! left behind the date (a time, a weekday, 生).

use super::cursor::{Cursor, Number};
use super::era::{Era, Within};
use super::{DateProblem, PartialDate};

/// What the text says, before anyone asks whether it is a default.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Reading {
    pub value: Option<PartialDate>,
    pub alternatives: Vec<PartialDate>,
    pub era: Option<Era>,
    pub confidence: f32,
    pub problem: Option<DateProblem>,
}

impl Reading {
    pub fn none(problem: DateProblem) -> Reading {
        Reading { value: None, alternatives: Vec::new(), era: None, confidence: 0.0, problem: Some(problem) }
    }

    fn sure(value: PartialDate) -> Reading {
        Reading { value: Some(value), alternatives: Vec::new(), era: None, confidence: 1.0, problem: None }
    }

    fn doubtful(mut self, confidence: f32, problem: DateProblem) -> Reading {
        if self.value.is_some() {
            self.confidence *= confidence;
            self.problem = self.problem.or(Some(problem));
        }
        self
    }

    fn or(mut self, others: impl IntoIterator<Item = Reading>) -> Reading {
        for date in others.into_iter().filter_map(|other| other.value) {
            if Some(date) != self.value && !self.alternatives.contains(&date) {
                self.alternatives.push(date);
            }
        }
        self
    }
}

/// Reads the date at the start of `text`; the second part is what follows it.
pub(super) fn read(text: &str) -> (Reading, &str) {
    let mut at = Cursor { rest: text };
    if let Some(month) = at.month_name() {
        return (month_first(&mut at, month), at.rest);
    }
    if let Some((era, bytes)) = Era::read(text) {
        at.skip(bytes);
        return (with_era(&mut at, era), at.rest);
    }
    let Some(first) = at.number() else {
        return (Reading::none(DateProblem::Unreadable), text);
    };
    let reading = match first.digits {
        8 => eight(first),
        12 | 14 | 17 => {
            let [date, _, _] = first.split([8, 0]);
            eight(date)
        }
        7 => era_code(first),
        6 => six(first),
        5 => serial(first, &mut at),
        4 => year_first(&mut at, first),
        1 | 2 => short_first(&mut at, first),
        _ => Reading::none(DateProblem::Unreadable),
    };
    (reading, at.rest)
}

/// A day; with zeros for what is not known, the month or the year.
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
            Reading::none(DateProblem::NoSuchDay).or([ymd(year, day, month)])
        }
        Err(_) if month <= 12 => Reading::none(DateProblem::NoSuchDay).or([ymd(year, month, 0)]),
        Err(_) => Reading::none(DateProblem::NoSuchDay),
    }
}

fn year_first(at: &mut Cursor<'_>, year: Number) -> Reading {
    let (month, day) = month_day(at);
    ymd(year.year(), month, day)
}

/// Month and day behind a year; 0 where there is none.
fn month_day(at: &mut Cursor<'_>) -> (u8, u8) {
    let before = *at;
    at.separator();
    if let Some(month) = at.month_name() {
        at.separator();
        return (month, at.part().map_or(0, Number::small));
    }
    match at.part() {
        Some(both) if both.digits == 4 => {
            let [month, day, _] = both.split([2, 2]);
            (month.small(), day.small())
        }
        Some(month) if month.digits <= 2 => {
            let mark = at.separator();
            let mut ahead = *at;
            let day = match ahead.part() {
                Some(day) if day.digits <= 2 && mark.is_some() => {
                    *at = ahead;
                    if at.rest.starts_with('日') {
                        at.separator();
                    }
                    day.small()
                }
                _ => 0,
            };
            (month.small(), day)
        }
        _ => {
            *at = before;
            if at.rest.starts_with('年') {
                at.separator();
            }
            (0, 0)
        }
    }
}

/// 19800105, or 01051980 where the first cannot be.
fn eight(n: Number) -> Reading {
    let [year, month, day] = n.split([4, 2]);
    let first = ymd(year.year(), month.small(), day.small());
    let [a, b, year] = n.split([2, 2]);
    if first.value.is_none() && in_use(year.year()) {
        let other = month_day_year(a, b, year);
        if other.problem.is_some() {
            return other;
        }
        if other.value.is_some() {
            return other.doubtful(0.8, DateProblem::Ambiguous);
        }
    }
    first
}

fn in_use(year: i16) -> bool {
    (1868..=2100).contains(&year)
}

/// 198001 (year and month) or 800105.
fn six(n: Number) -> Reading {
    let [year, month, _] = n.split([4, 2]);
    let long = ymd(year.year(), month.small(), 0);
    let [yy, m, d] = n.split([2, 2]);
    let short = two_digit(yy, m.small(), d.small());
    if in_use(year.year()) && (1..=12).contains(&month.small()) && long.value.is_some() {
        if short.value.is_some() { long.or([short]).doubtful(0.5, DateProblem::Ambiguous) } else { long }
    } else {
        short
    }
}

/// 3550304: 昭和55年3月4日 in the code of insurance and tax files.
fn era_code(n: Number) -> Reading {
    let [code, year, rest] = n.split([1, 2]);
    let era = usize::try_from(code.value).ok().and_then(|c| Era::ALL.get(c.checked_sub(1)?));
    let [month, day, _] = rest.split([2, 2]);
    match era {
        Some(era) if month.small() > 0 && day.small() > 0 => {
            era_date(*era, year, month.small(), day.small()).doubtful(0.7, DateProblem::EraCode)
        }
        _ => Reading::none(DateProblem::Unreadable),
    }
}

/// Days since 30 December 1899, as spreadsheets count.
fn serial(n: Number, at: &mut Cursor<'_>) -> Reading {
    if let Some(fraction) = at.rest.strip_prefix('.') {
        at.rest = fraction.trim_start_matches(|c: char| c.is_ascii_digit());
    }
    let days = i64::try_from(n.value).unwrap_or(0);
    let date = jiff::civil::date(1899, 12, 30).checked_add(jiff::Span::new().days(days));
    match date {
        Ok(date) if n.value >= 10_000 && at.rest.is_empty() => {
            ymd(date.year(), date.month().unsigned_abs(), date.day().unsigned_abs()).doubtful(0.4, DateProblem::Serial)
        }
        _ => Reading::none(DateProblem::Unreadable),
    }
}

/// One or two digits first: 80/1/5, 1/5/1980, 5 Jan 1980.
fn short_first(at: &mut Cursor<'_>, first: Number) -> Reading {
    let mark = at.separator();
    if let Some(month) = at.month_name() {
        at.separator();
        return match at.part() {
            Some(year) => named_month(year, month, first.small()),
            None => Reading::none(DateProblem::NoYear),
        };
    }
    let Some(second) = at.part() else {
        return Reading::none(DateProblem::Unreadable);
    };
    at.separator();
    let mut ahead = *at;
    let Some(third) = ahead.part() else {
        return match second.digits {
            4 => ymd(second.year(), first.small(), 0),
            _ if mark == Some('年') => two_digit(first, second.small(), 0),
            _ => Reading::none(DateProblem::NoYear),
        };
    };
    *at = ahead;
    if at.rest.starts_with('日') {
        at.separator();
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
        .or([ymd(century, second.small(), first.small())])
        .doubtful(0.4, DateProblem::TwoDigitYear)
}

/// 1/5/1980: the American order first, as spreadsheets export it; the other beside it.
fn month_day_year(first: Number, second: Number, year: Number) -> Reading {
    let american = ymd(year.year(), first.small(), second.small());
    let european = ymd(year.year(), second.small(), first.small());
    match (american.value, european.value) {
        (Some(a), Some(b)) if a != b => american.or([european]).doubtful(0.5, DateProblem::Ambiguous),
        (None, Some(_)) => european,
        _ => american,
    }
}

/// Jan 5, 1980 and January 1980.
fn month_first(at: &mut Cursor<'_>, month: u8) -> Reading {
    at.separator();
    let Some(day) = at.part() else {
        return Reading::none(DateProblem::NoYear);
    };
    if day.digits == 4 {
        return ymd(day.year(), month, 0);
    }
    for ordinal in ["st", "nd", "rd", "th"] {
        at.rest = at.rest.strip_prefix(ordinal).unwrap_or(at.rest);
    }
    at.separator();
    match at.part() {
        Some(year) => named_month(year, month, day.small()),
        None => Reading::none(DateProblem::NoYear),
    }
}

fn named_month(year: Number, month: u8, day: u8) -> Reading {
    if year.digits <= 2 {
        ymd(western(year), month, day).doubtful(0.7, DateProblem::TwoDigitYear)
    } else {
        ymd(year.year(), month, day)
    }
}

/// 30 to 99 are of the 1900s. Fixed, so that a run next year says the same.
fn western(year: Number) -> i16 {
    if year.value < 30 { 2000 + year.year() } else { 1900 + year.year() }
}

/// A two-digit year: Western first, then the other century and every era that had such a day.
fn two_digit(year: Number, month: u8, day: u8) -> Reading {
    if year.digits > 2 {
        return Reading::none(DateProblem::Unreadable);
    }
    let eras = [Era::Showa, Era::Heisei, Era::Reiwa].map(|era| era_date(era, year, month, day));
    // Nobody writes a year of 令和 that is decades ahead.
    let soon = |r: &Reading| r.value.is_some_and(|date| date.year < 2050);
    let eras = eras.into_iter().filter(|r| r.problem.is_none() && soon(r));
    let other_century = (year.value < 30).then(|| ymd(1900 + year.year(), month, day));
    ymd(western(year), month, day).or(other_century).or(eras).doubtful(0.5, DateProblem::TwoDigitYear)
}

fn with_era(at: &mut Cursor<'_>, era: Era) -> Reading {
    at.separator();
    let year = match at.rest.strip_prefix('元') {
        Some(rest) => {
            at.rest = rest;
            Number { value: 1, digits: 1 }
        }
        None => match at.number() {
            Some(year) => year,
            None => return Reading::none(DateProblem::Unreadable),
        },
    };
    match year.digits {
        1 | 2 => {
            let (month, day) = month_day(at);
            era_date(era, year, month, day)
        }
        4 | 6 => {
            let [year, month, day] = year.split([2, 2]);
            era_date(era, year, month.small(), day.small())
        }
        _ => Reading::none(DateProblem::Unreadable),
    }
}

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
        Within::HeiseiReadOn => reading.doubtful(0.8, DateProblem::EraReadOn),
        Within::OldCalendar => {
            reading.value = Some(PartialDate { month: None, day: None, ..date });
            reading.doubtful(0.8, DateProblem::OldCalendar)
        }
        Within::No => Reading { era: Some(era), ..Reading::none(DateProblem::ImpossibleEra).or([reading]) },
    }
}
