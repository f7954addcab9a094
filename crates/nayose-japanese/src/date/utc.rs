//! Midnights of Tokyo that were written in UTC.
//!
//! In: the date of a text and the text after it. Out: the day of Tokyo. Why: browsers and JSON exports write a day without a
//! time as its first moment in UTC, so that 4 March 1980 is `1980-03-03T15:00:00.000Z`. The day as written stays an
//! alternative: a shop may have been open at that moment.

use super::read::Reading;
use super::{DateProblem, PartialDate};

/// The confidence that a moment that is midnight in Tokyo is a day of Tokyo. A judgement: one moment in 86,400 is midnight by
/// chance, but a system may keep birth dates in UTC.
const MIDNIGHT: f32 = 0.9;

/// Month and day.
type MonthDay = (u8, u8);

/// Japanese summer time, as first and last day (month, day) in UTC: the day began at 14:00 UTC of the day before. The law of
/// 1948 (first Saturday of May to second Saturday of September, in 1949 from April), as the IANA time-zone database has it.
const SUMMER: [(i16, MonthDay, MonthDay); 4] =
    [(1948, (5, 1), (9, 11)), (1949, (4, 2), (9, 10)), (1950, (5, 6), (9, 9)), (1951, (5, 5), (9, 8))];

/// The reading as a day of Tokyo, if the text after it makes it a midnight there.
#[cold]
pub(super) fn in_tokyo(reading: &Reading, rest: &str) -> Option<Reading> {
    let time = rest.strip_prefix(['T', 't', ' '])?;
    if reading.problem.is_some() {
        return None;
    }
    let (written, hour) = (reading.value?, utc_hour(time)?);
    if hour != 15 && !(hour == 14 && is_summer(written)) {
        return None;
    }
    let next = written.civil()?.tomorrow().ok()?;
    let next = PartialDate {
        year: next.year(),
        month: Some(next.month().unsigned_abs()),
        day: Some(next.day().unsigned_abs()),
    };
    Some(Reading {
        value: Some(next),
        alternatives: vec![written],
        era: reading.era,
        confidence: reading.confidence * MIDNIGHT,
        problem: Some(DateProblem::UtcMidnight),
    })
}

/// The hour of a full hour in UTC: `15:00:00.000Z`, `15:00 UTC`, `15:00:00+00:00`, `150000Z`.
fn utc_hour(time: &str) -> Option<u8> {
    let (hour, minutes) = time.split_at_checked(2)?;
    let zeros = minutes.trim_start_matches([':', '0', '.']);
    let zone = zeros.trim_start();
    let utc = ["Z", "z", "UTC", "GMT", "+00:00", "+0000", "+00", "-00:00"];
    let full = minutes.len() > zeros.len() && minutes.starts_with([':', '0']);
    let zone = zone.strip_prefix("GMT").filter(|z| z.starts_with('+')).unwrap_or(zone).trim_end();
    if full && utc.contains(&zone) { hour.parse().ok() } else { None }
}

fn is_summer(written: PartialDate) -> bool {
    let PartialDate { year, month: Some(month), day: Some(day) } = written else { return false };
    SUMMER.iter().any(|&(summer, first, last)| year == summer && first <= (month, day) && (month, day) <= last)
}
