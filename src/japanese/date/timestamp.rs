//! Points in time: when a record was changed, when an event happened.
//!
//! In: text. Out: microseconds since 1970 in UTC. Times without an offset are Japan's, UTC+9 all
//! year since 1951; no time-zone database is asked. The usual forms are read from bytes without
//! an allocation; anything else goes through the date reader.

use super::read::read;
use super::{PartialDate, fold, without_label};
use jiff::civil::{DateTime, Time};
use jiff::tz::Offset;

const MICROS: i64 = 1_000_000;

/// The point in time that `text` names: a date alone means its first moment in Japan.
/// Ten, thirteen and sixteen digits count from 1970 in seconds, milliseconds and microseconds.
pub fn timestamp(text: &str) -> Option<i64> {
    let trimmed = text.trim_ascii();
    if let Some(time) = plain(trimmed.as_bytes()) {
        return Some(time);
    }
    let folded = fold(trimmed);
    let body = without_label(&folded);
    if let Some(time) = plain(body.as_bytes()).or_else(|| digits_only(body)) {
        return Some(time);
    }
    let (reading, rest) = read(body);
    let date = reading.value?;
    let (time, days, offset) = clock(rest)?;
    moment(date, time, days, offset)
}

/// `2024-01-05T13:45:01.5+09:00` and its like, with 1 or 2 digits and any of `-/.` in the date.
fn plain(b: &[u8]) -> Option<i64> {
    let (year, b) = digits(b, 4, 4)?;
    let (separator, b) = b.split_first().filter(|(c, _)| matches!(c, b'-' | b'/' | b'.'))?;
    let (month, b) = digits(b, 1, 2)?;
    let b = b.strip_prefix(&[*separator])?;
    let (day, b) = digits(b, 1, 2)?;
    let (time, days, offset) = match b {
        [] => (Time::midnight(), 0, None),
        [b'T' | b't' | b' ', rest @ ..] => colons(rest)?,
        _ => return None,
    };
    let date =
        PartialDate { year: i16::try_from(year).ok()?, month: u8::try_from(month).ok(), day: u8::try_from(day).ok() };
    moment(date, time, days, offset)
}

/// Seconds of the offset from UTC.
type Clock = (Time, i64, Option<i32>);

/// `13:45:01.123456789Z`, seconds and fraction optional. Hours up to 29 are those of the day before, as
/// Japanese shops count (25:30).
fn colons(b: &[u8]) -> Option<Clock> {
    let (hour, b) = digits(b.trim_ascii_start(), 1, 2)?;
    let (minute, mut b) = digits(b.strip_prefix(b":")?, 2, 2)?;
    let (mut second, mut nanos) = (0, 0);
    if let Some(rest) = b.strip_prefix(b":") {
        (second, b) = digits(rest, 2, 2)?;
    }
    if let [b'.' | b',', rest @ ..] = b {
        let len = rest.iter().take_while(|c| c.is_ascii_digit()).count();
        let power = |n: usize| 10u32.pow(u32::try_from(n).unwrap_or(0));
        let (fraction, _) = digits(rest.get(..len.min(9))?, 1, 9)?;
        nanos = fraction * power(9 - len.min(9));
        b = rest.get(len..)?;
    }
    let (time, days) = time_of(hour, minute, second, nanos)?;
    Some((time, days, zone(b)?))
}

fn time_of(hour: u32, minute: u32, second: u32, nanos: u32) -> Option<(Time, i64)> {
    if hour > 29 || minute > 59 || second > 60 {
        return None;
    }
    // A leap second is its minute's last: no clock here counts it.
    let second = second.min(59);
    let small = |n: u32| i8::try_from(n).ok();
    let time = Time::new(small(hour % 24)?, small(minute)?, small(second)?, i32::try_from(nanos).ok()?).ok()?;
    Some((time, i64::from(hour / 24)))
}

/// Nothing, `Z`, `UTC`, `JST`, `+09:00`, `+0900`, `+09`. The outer `None` is for anything else.
#[allow(clippy::option_option)]
fn zone(b: &[u8]) -> Option<Option<i32>> {
    match b.trim_ascii() {
        [] | b"JST" => Some(None),
        b"Z" | b"z" | b"UTC" | b"GMT" => Some(Some(0)),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let (hours, rest) = digits(rest, 2, 2)?;
            let rest = rest.strip_prefix(b":").unwrap_or(rest);
            let (minutes, rest) = if rest.is_empty() { (0, rest) } else { digits(rest, 2, 2)? };
            if !rest.is_empty() || hours > 18 || minutes > 59 {
                return None;
            }
            let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
            Some(Some(if *sign == b'-' { -seconds } else { seconds }))
        }
        _ => None,
    }
}

/// Between `least` and `most` digits at the start.
fn digits(b: &[u8], least: usize, most: usize) -> Option<(u32, &[u8])> {
    let len = b.iter().take(most).take_while(|c| c.is_ascii_digit()).count();
    let (head, rest) = b.split_at_checked(len).filter(|_| len >= least)?;
    Some((head.iter().fold(0, |n, c| n * 10 + u32::from(c - b'0')), rest))
}

/// 20240105134501, 202401051345, 20240105, with T and a zone too; and counts since 1970.
fn digits_only(text: &str) -> Option<i64> {
    let b = text.as_bytes();
    let run = b.iter().take_while(|c| c.is_ascii_digit()).count();
    if run == b.len() {
        let count: i64 = text.parse().ok()?;
        match run {
            10 => return count.checked_mul(MICROS),
            13 => return count.checked_mul(1000),
            16 => return Some(count),
            _ => {}
        }
    }
    let (year, b) = digits(b, 4, 4)?;
    let (month, b) = digits(b, 2, 2)?;
    let (day, b) = digits(b, 2, 2)?;
    let date =
        PartialDate { year: i16::try_from(year).ok()?, month: u8::try_from(month).ok(), day: u8::try_from(day).ok() };
    let b = b.strip_prefix(b"T").or(b.strip_prefix(b" ")).or(b.strip_prefix(b"-")).unwrap_or(b);
    if b.is_empty() {
        return moment(date, Time::midnight(), 0, None);
    }
    if let Some((time, days, offset)) = colons(b) {
        return moment(date, time, days, offset);
    }
    let (hour, b) = digits(b, 2, 2)?;
    let (minute, b) = digits(b, 2, 2)?;
    let (second, b) = digits(b, 2, 2).unwrap_or((0, b));
    // Milliseconds may follow without a point.
    let (millis, b) = digits(b.strip_prefix(b".").unwrap_or(b), 3, 3).unwrap_or((0, b));
    let (time, days) = time_of(hour, minute, second, millis * 1_000_000)?;
    moment(date, time, days, zone(b)?)
}

/// The time behind a date in any other form: 午後1時45分, 1:45:01 PM, 13時.
fn clock(rest: &str) -> Option<Clock> {
    let rest = rest.trim().trim_start_matches(['T', ',', ' ']);
    if rest.is_empty() {
        return Some((Time::midnight(), 0, None));
    }
    let (rest, before) = half(rest);
    if let Some(found) = colons(rest.as_bytes()) {
        return afternoon(found, before);
    }
    let (number, after) = rest.split_at(rest.find(|c: char| !matches!(c, '0'..='9' | ':' | '.')).unwrap_or(rest.len()));
    if let (Some(found), (zone_text, Some(pm))) = (colons(number.as_bytes()), half(after.trim())) {
        let (time, days, _) = found;
        return afternoon((time, days, zone(zone_text.as_bytes())?), Some(pm));
    }
    let (hour, rest) = digits(rest.as_bytes(), 1, 2)?;
    let rest = rest.strip_prefix("時".as_bytes())?;
    let unit = |b: &mut &[u8], mark: &str| -> u32 {
        let found =
            digits(b.trim_ascii_start(), 1, 2).and_then(|(n, rest)| Some((n, rest.strip_prefix(mark.as_bytes())?)));
        if let Some((_, rest)) = found {
            *b = rest;
        }
        found.map_or(0, |(n, _)| n)
    };
    let mut rest = rest;
    let half_hour = rest.strip_prefix("半".as_bytes());
    let minute = match half_hour {
        Some(after) => {
            rest = after;
            30
        }
        None => unit(&mut rest, "分"),
    };
    let second = unit(&mut rest, "秒");
    let (time, days) = time_of(hour, minute, second, 0)?;
    afternoon((time, days, zone(rest)?), before)
}

/// Takes 午前, 午後, AM or PM off; whether it said afternoon.
fn half(text: &str) -> (&str, Option<bool>) {
    for (word, pm) in [("午前", false), ("午後", true), ("AM", false), ("PM", true), ("am", false), ("pm", true)] {
        if let Some(rest) = text.strip_prefix(word) {
            return (rest.trim(), Some(pm));
        }
    }
    (text, None)
}

fn afternoon((time, days, offset): Clock, half: Option<bool>) -> Option<Clock> {
    let hour = match (half, time.hour()) {
        (Some(true), h) if h < 12 => h + 12,
        (Some(false), 12) => 0,
        (_, h) => h,
    };
    Some((time.with().hour(hour).build().ok()?, days, offset))
}

fn moment(date: PartialDate, time: Time, days: i64, offset: Option<i32>) -> Option<i64> {
    let offset = Offset::from_seconds(offset.unwrap_or(9 * 3600)).ok()?;
    let at = offset.to_timestamp(DateTime::from_parts(date.civil()?, time)).ok()?;
    at.as_microsecond().checked_add(days * 86_400 * MICROS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_moment_many_spellings() {
        let noon = timestamp("2024-01-05T13:45:01+09:00");
        assert_eq!(noon, Some(1_704_429_901 * MICROS));
        for same in [
            "2024/01/05 13:45:01",
            "2024/1/5 13:45:01",
            "2024-01-05 13:45:01",
            "2024-01-05T04:45:01Z",
            "2024-01-05T04:45:01.000000Z",
            "2024-01-05 04:45:01 UTC",
            "2024-01-05 13:45:01 +0900",
            "20240105134501",
            "20240105134501000",
            "20240105T134501+0900",
            "20240105T044501Z",
            "20240105 13:45:01",
            "1704429901",
            "1704429901000",
            "1704429901000000",
            "２０２４年１月５日　１３時４５分０１秒",
            "2024年1月5日 午後1時45分1秒",
            "令和6年1月5日 13:45:01",
            "R6.1.5 13:45:01",
            "Fri, 05 Jan 2024 13:45:01 +0900",
            "05-Jan-2024 13:45:01",
            "1/5/2024 1:45:01 PM",
            "2024年1月5日(金) 13:45:01",
            "2024-01-04 37:45:01",
        ] {
            let expected = if same.contains("37") { None } else { noon };
            assert_eq!(timestamp(same), expected, "{same}");
        }
        assert_eq!(timestamp("2024-01-05"), timestamp("2024/01/05 00:00"));
        assert_eq!(timestamp("2024-01-05 24:00"), timestamp("2024-01-06"));
        assert_eq!(timestamp("2024-01-05 25:30"), timestamp("2024-01-06 01:30"));
        assert_eq!(timestamp("2024-01-05 0:00:00.25").map(|t| t % MICROS), Some(250_000));
        for none in ["", "-", "2024-13-01", "2024-01-05 12:61", "2024-01", "昨日", "2024-01-05 abc"] {
            assert_eq!(timestamp(none), None, "{none}");
        }
    }

    proptest! {
        #[test]
        fn never_panics(text in r"\PC*|[0-9:/.\- TZ+時分秒午後年月日PMJST]{0,30}") {
            let _ = timestamp(&text);
        }

        #[test]
        fn as_jiff(seconds in -2_000_000_000i64..4_000_000_000, micros in 0i64..1_000_000) {
            let micros = seconds * MICROS + micros;
            let Ok(at) = jiff::Timestamp::from_microsecond(micros) else { return Ok(()) };
            prop_assert_eq!(timestamp(&at.to_string()), Some(micros));
            let tokyo = Offset::constant(9).to_datetime(at);
            prop_assert_eq!(timestamp(&tokyo.to_string()), Some(micros));
            prop_assert_eq!(timestamp(&tokyo.strftime("%Y/%m/%d %H:%M:%S%.f").to_string()), Some(micros));
        }
    }
}
