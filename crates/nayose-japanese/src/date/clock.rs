//! The grammar of times of day.
//!
//! In: the text after a date. Out: a time, the days to add to its date, and its offset from UTC. Why beside the grammar of dates: a
//! time has forms of its own (25:30, 午後1時半, 093015), and a date is read the same with any of them.
//!
//! Decided here: digits without colons are a time if there are four or six (and milliseconds). Three or five are none: 510 is
//! 5:10, or 0:05:10 of a column that lost its zeros.

use jiff::civil::Time;

/// The latest hour: shops that close after midnight write 25:30 for half past one of the next day. A judgement: 30:00
/// is morning.
const MAX_HOUR: u32 = 29;
/// The largest offset from UTC, in hours. Real ones reach 14; 18, the bound of `java.time`, is a judgement.
const MAX_OFFSET_HOURS: u32 = 18;
/// Japanese time, in seconds from UTC.
pub(super) const JAPAN: i32 = 9 * 3600;

/// A time, the days to add to its date, and the offset from UTC in seconds.
pub(super) type Clock = (Time, i64, Option<i32>);

/// `13:45:01.123456789Z`, seconds and fraction optional.
#[inline]
pub(super) fn colons(b: &[u8]) -> Option<Clock> {
    colons_of(b, 2)
}

/// As [`colons`], with minutes and seconds of `least` digits or more: 9:5:3 is 09:05:03.
#[inline]
fn colons_of(b: &[u8], least: usize) -> Option<Clock> {
    let (hour, b) = digits(b.trim_ascii_start(), 1, 2)?;
    let (minute, mut b) = digits(b.strip_prefix(b":")?, least, 2)?;
    let mut second = 0;
    if let Some(rest) = b.strip_prefix(b":") {
        (second, b) = digits(rest, least, 2)?;
    }
    let (nanos, b) = fraction(b)?;
    let (time, days) = clock_time(hour, minute, second, nanos)?;
    Some((time, days, zone(b)?))
}

/// The nanoseconds of `.123456789`, 0 without a point, and what follows.
#[inline]
fn fraction(b: &[u8]) -> Option<(u32, &[u8])> {
    let [b'.' | b',', rest @ ..] = b else { return Some((0, b)) };
    let len = rest.iter().take_while(|c| c.is_ascii_digit()).count();
    let power = |n: usize| 10u32.pow(u32::try_from(n).unwrap_or(0));
    let (fraction, _) = digits(rest.get(..len.min(9))?, 1, 9)?;
    Some((fraction * power(9 - len.min(9)), rest.get(len..)?))
}

/// `0930`, `093015`, `093015.123`, `093015123`.
fn compact(b: &[u8]) -> Option<Clock> {
    let run = b.iter().take_while(|c| c.is_ascii_digit()).count();
    let (digits_of_time, rest) = b.split_at_checked(run)?;
    let number = |from: usize, to: usize| digits(digits_of_time.get(from..to)?, 1, 3).map(|(n, _)| n);
    let (second, (nanos, rest)) = match run {
        4 => (0, (0, rest)),
        6 => (number(4, 6)?, fraction(rest)?),
        9 => (number(4, 6)?, (number(6, 9)? * 1_000_000, rest)),
        _ => return None,
    };
    let (time, days) = clock_time(number(0, 2)?, number(2, 4)?, second, nanos)?;
    Some((time, days, zone(rest)?))
}

/// A time of day, and the days to add for hours from 24 on.
#[inline]
pub(super) fn clock_time(hour: u32, minute: u32, second: u32, nanos: u32) -> Option<(Time, i64)> {
    if hour > MAX_HOUR || minute > 59 || second > 60 {
        return None;
    }
    // A leap second counts as the second before it.
    let second = second.min(59);
    let small = |n: u32| i8::try_from(n).ok();
    let time = Time::new(small(hour % 24)?, small(minute)?, small(second)?, i32::try_from(nanos).ok()?).ok()?;
    Some((time, i64::from(hour / 24)))
}

/// The offset that is written: nothing, `Z`, `UTC`, `JST`, `+09:00`, `+0900`, `+09`. The outer `None` is any other text.
#[allow(clippy::option_option)]
#[inline]
pub(super) fn zone(b: &[u8]) -> Option<Option<i32>> {
    match b.trim_ascii() {
        [] => Some(None),
        b"JST" => Some(Some(JAPAN)),
        b"Z" | b"z" | b"UTC" | b"GMT" => Some(Some(0)),
        [sign @ (b'+' | b'-'), rest @ ..] => {
            let (hours, rest) = digits(rest, 2, 2)?;
            let rest = rest.strip_prefix(b":").unwrap_or(rest);
            let (minutes, rest) = if rest.is_empty() { (0, rest) } else { digits(rest, 2, 2)? };
            if !rest.is_empty() || hours > MAX_OFFSET_HOURS || minutes > 59 {
                return None;
            }
            let seconds = i32::try_from(hours * 3600 + minutes * 60).ok()?;
            Some(Some(if *sign == b'-' { -seconds } else { seconds }))
        }
        _ => None,
    }
}

/// The number at the start, of `least` to `most` digits.
#[inline]
pub(super) fn digits(b: &[u8], least: usize, most: usize) -> Option<(u32, &[u8])> {
    let len = b.iter().take(most).take_while(|c| c.is_ascii_digit()).count();
    let (head, rest) = b.split_at_checked(len).filter(|_| len >= least)?;
    Some((head.iter().fold(0, |n, c| n * 10 + u32::from(c - b'0')), rest))
}

/// The time after a date in any other form: 午後1時45分, 1:45:01 PM, 13時.
pub(super) fn clock(rest: &str) -> Option<Clock> {
    let rest = without_weekday(rest.trim().trim_start_matches(['T', ',', ' ']));
    if rest.is_empty() {
        return Some((Time::midnight(), 0, None));
    }
    let (rest, pm) = split_half_day(rest);
    if let Some(found) = colons_of(rest.as_bytes(), 1).or_else(|| compact(rest.as_bytes())) {
        return with_half_day(found, pm);
    }
    let (number, after) = rest.split_at(rest.find(|c: char| !matches!(c, '0'..='9' | ':' | '.')).unwrap_or(rest.len()));
    if let (Some(found), (zone_text, Some(pm))) = (colons_of(number.as_bytes(), 1), split_half_day(after.trim())) {
        let (time, days, _) = found;
        return with_half_day((time, days, zone(zone_text.as_bytes())?), Some(pm));
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
    let (time, days) = clock_time(hour, minute, second, 0)?;
    with_half_day((time, days, zone(rest)?), pm)
}

/// Removes a weekday between a date and a time: 土曜日 09:30, 土 09:30.
fn without_weekday(rest: &str) -> &str {
    let Some(after) = rest.strip_prefix(['日', '月', '火', '水', '木', '金', '土']) else { return rest };
    let word = ["曜日", "曜"].iter().find_map(|word| after.strip_prefix(word));
    match word {
        Some(after) => after.trim_start(),
        None if after.is_empty() || after.starts_with(' ') => after.trim_start(),
        None => rest,
    }
}

/// Removes 午前, 午後, AM or PM; whether it was afternoon.
fn split_half_day(text: &str) -> (&str, Option<bool>) {
    for (word, pm) in [("午前", false), ("午後", true), ("AM", false), ("PM", true), ("am", false), ("pm", true)] {
        if let Some(rest) = text.strip_prefix(word) {
            return (rest.trim(), Some(pm));
        }
    }
    (text, None)
}

/// The time in the afternoon (`Some(true)`), in the morning, or as it is.
fn with_half_day((time, days, offset): Clock, pm: Option<bool>) -> Option<Clock> {
    let hour = match (pm, time.hour()) {
        (Some(true), h) if h < 12 => h + 12,
        (Some(false), 12) => 0,
        (_, h) => h,
    };
    Some((time.with().hour(hour).build().ok()?, days, offset))
}
