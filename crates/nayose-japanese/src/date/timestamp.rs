//! Points in time: when a record was changed, when an event happened.
//!
//! In: text. Out: microseconds since 1970 in UTC. For [`timestamp`] a time without an offset is Japanese time, UTC+9 all year
//! since 1951, so no time-zone database is needed; for [`timestamp_in`] it is of the zone that the caller gives. What joining a
//! column of dates and one of times gives is read, too (`2026/01/31 093015`). Why two ways: the usual forms are read from bytes
//! without an allocation, as every row has a timestamp; any other form goes through the date reader.

use super::clock::{Clock, JAPAN, clock, clock_time, colons, digits, zone};
use super::read::read;
use super::{PartialDate, fold, without_label};
use jiff::civil::{DateTime, Time};
use jiff::tz::{Offset, TimeZone};

/// Microseconds in a second.
const MICROS: i64 = 1_000_000;

/// The point in time of `text`; a date alone is midnight in Japan. Ten, thirteen and sixteen digits count from 1970 in
/// seconds, milliseconds and microseconds.
pub fn timestamp(text: &str) -> Option<i64> {
    micros(text, |written| written.with_offset(JAPAN))
}

/// The point in time of `text`, which is of `zone` unless it has an offset. Of a time that the clocks show twice it is the first;
/// a time that they skip is as much later as they skip (02:30 is 03:30 where summer begins at 02:00). This is what RFC 5545 says
/// of calendars, and `Disambiguation::Compatible` of `jiff`. The zone comes from the caller, as a database of zones is files.
pub fn timestamp_in(text: &str, zone: &TimeZone) -> Option<i64> {
    micros(text, |written| written.in_zone(zone))
}

/// The midnight that ends the day that `text` names, where it names a day and no time of it. Who asks for 31 March means the whole of
/// that day. `None` for a time, and for what is no date.
pub fn end_of_day_in(text: &str, zone: &TimeZone) -> Option<i64> {
    let text = text.trim();
    // Eight digits are a day; more of them have a time, or count from 1970.
    if text.len() != 8 && text.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    // What a time can follow has none yet.
    timestamp_in(&format!("{text} 24:00"), zone).filter(|_| timestamp_in(text, zone).is_some())
}

/// The offset from UTC, in seconds, that `text` writes beside its time. `None` where it writes none, and where it is no time.
pub fn offset(text: &str) -> Option<i32> {
    // No offset is a day and more; no time without an offset looks like one with it.
    const NONE: i64 = i64::MAX;
    let seconds = micros(text, |written| Some(written.offset.map_or(NONE, i64::from)))?;
    // Counts since 1970 come as they are.
    i32::try_from(seconds).ok().filter(|seconds| seconds.abs() < 86_400)
}

/// What a text says of a point in time: a time of a day, the days to add to it, and its offset from UTC in seconds, if it has one.
#[derive(Clone, Copy)]
struct Written {
    at: DateTime,
    days: i64,
    offset: Option<i32>,
}

impl Written {
    #[inline]
    fn new(date: PartialDate, (time, days, offset): Clock) -> Option<Written> {
        Some(Written { at: DateTime::from_parts(date.civil()?, time), days, offset })
    }

    /// Microseconds since 1970, of a clock that is `usual` seconds from UTC if no other is written.
    #[inline]
    fn with_offset(self, usual: i32) -> Option<i64> {
        let instant = Offset::from_seconds(self.offset.unwrap_or(usual)).ok()?.to_timestamp(self.at).ok()?;
        instant.as_microsecond().checked_add(self.days * 86_400 * MICROS)
    }

    /// Microseconds since 1970, of the clocks of `zone` if no offset is written.
    fn in_zone(self, zone: &TimeZone) -> Option<i64> {
        if let Some(offset) = self.offset {
            return self.with_offset(offset);
        }
        // 25:30 is 1:30 of the next day, however long this one is.
        let at = if self.days == 0 { self.at } else { self.at.checked_add(jiff::Span::new().days(self.days)).ok()? };
        Some(zone.to_ambiguous_timestamp(at).compatible().ok()?.as_microsecond())
    }
}

/// The microseconds that `moment` makes of what is written. A function of it, so that each kind of zone has a way of its own that
/// the compiler makes short: handing over what is written costs every row a third more.
#[inline]
fn micros(text: &str, moment: impl Fn(Written) -> Option<i64> + Copy) -> Option<i64> {
    let trimmed = text.trim_ascii();
    if let Some(time) = usual(trimmed.as_bytes(), moment) {
        return Some(time);
    }
    let folded = fold(trimmed);
    let body = without_label(&folded);
    if let Some(time) = usual(body.as_bytes(), moment).or_else(|| digits_only(body, moment)) {
        return Some(time);
    }
    let (reading, rest) = read(body);
    moment(Written::new(reading.value?, clock(rest)?)?)
}

/// `2024-01-05T13:45:01.5+09:00` and its like, with 1 or 2 digits and any of `-/.` in the date.
#[inline]
fn usual(b: &[u8], moment: impl Fn(Written) -> Option<i64>) -> Option<i64> {
    let (year, b) = digits(b, 4, 4)?;
    let (separator, b) = b.split_first().filter(|(c, _)| matches!(c, b'-' | b'/' | b'.'))?;
    let (month, b) = digits(b, 1, 2)?;
    let b = b.strip_prefix(&[*separator])?;
    let (day, b) = digits(b, 1, 2)?;
    let clock = match b {
        [] => (Time::midnight(), 0, None),
        [b'T' | b't' | b' ', rest @ ..] => colons(rest)?,
        _ => return None,
    };
    moment(Written::new(day_of(year, month, day)?, clock)?)
}

#[inline]
fn day_of(year: u32, month: u32, day: u32) -> Option<PartialDate> {
    let year = i16::try_from(year).ok()?;
    Some(PartialDate { year, month: u8::try_from(month).ok(), day: u8::try_from(day).ok() })
}

/// 20240105134501, 202401051345, 20240105, with T and a zone too; and counts since 1970.
fn digits_only(text: &str, moment: impl Fn(Written) -> Option<i64>) -> Option<i64> {
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
    let date = day_of(year, month, day)?;
    let b = b.strip_prefix(b"T").or(b.strip_prefix(b" ")).or(b.strip_prefix(b"-")).unwrap_or(b);
    if b.is_empty() {
        return moment(Written::new(date, (Time::midnight(), 0, None))?);
    }
    if let Some(clock) = colons(b) {
        return moment(Written::new(date, clock)?);
    }
    let (hour, b) = digits(b, 2, 2)?;
    let (minute, b) = digits(b, 2, 2)?;
    let (second, b) = digits(b, 2, 2).unwrap_or((0, b));
    // Milliseconds may follow without a point.
    let (millis, b) = digits(b.strip_prefix(b".").unwrap_or(b), 3, 3).unwrap_or((0, b));
    let (time, days) = clock_time(hour, minute, second, millis * 1_000_000)?;
    moment(Written::new(date, (time, days, zone(b)?))?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A zone of rules: no test reads a database. New York, as POSIX writes it (the last line of its file in the IANA database).
    fn new_york() -> TimeZone {
        TimeZone::posix("EST5EDT,M3.2.0,M11.1.0").expect("a zone")
    }

    #[test]
    fn a_time_without_an_offset_is_of_the_zone() {
        let check = |text: &str, utc: &str| {
            assert_eq!(timestamp_in(text, &new_york()), timestamp(utc), "{text}");
            assert!(timestamp(utc).is_some(), "{utc}");
        };
        check("2026-01-31 09:30:15", "2026-01-31T14:30:15Z");
        check("2026-07-31 09:30:15", "2026-07-31T13:30:15Z");
        check("2026/7/31", "2026-07-31T04:00:00Z");
        check("令和8年7月31日 午後1時", "2026-07-31T17:00:00Z");
        // An offset is an offset, and JST is Japan's.
        check("2026-01-31 09:30:15Z", "2026-01-31T09:30:15Z");
        check("2026-01-31 09:30:15 JST", "2026-01-31T00:30:15Z");
        check("2026-01-31T09:30:15+09:00", "2026-01-31T00:30:15Z");
        check("1704429901", "2024-01-05T04:45:01Z");
        // The clocks skip 2:00 to 3:00 on 8 March, and show 1:00 to 2:00 twice on 1 November.
        check("2026-03-08 02:30", "2026-03-08T07:30:00Z");
        check("2026-03-08 03:30", "2026-03-08T07:30:00Z");
        check("2026-11-01 01:30", "2026-11-01T05:30:00Z");
        check("2026-11-01 01:30 -0500", "2026-11-01T06:30:00Z");
        // The day of the change has 23 hours: 25:30 is 1:30 of the next all the same.
        check("2026-03-08 25:30", "2026-03-09T05:30:00Z");
        check("2026-03-08 24:00", "2026-03-09T04:00:00Z");
        assert_eq!(timestamp_in("昨日", &new_york()), None);
    }

    #[test]
    fn a_day_alone_ends_at_the_next_midnight() {
        let tokyo = TimeZone::fixed(Offset::constant(9));
        for day in ["2026-03-31", "2026/3/31", "20260331", " 2026-03-31 ", "令和8年3月31日", "R8.3.31", "2026年3月31日"]
        {
            assert_eq!(end_of_day_in(day, &tokyo), timestamp("2026-04-01T00:00:00+09:00"), "{day}");
        }
        // Summer begins on 8 March in New York: that day has 23 hours.
        assert_eq!(end_of_day_in("2026-03-08", &new_york()), timestamp("2026-03-09T04:00:00Z"));
        for time in [
            "2026-03-31 00:00",
            "2026-03-31T12:00:00+09:00",
            "2026-03-31T23:59Z",
            "20260331 093015",
            "20260331093015",
            "202603310930",
            "2026-03-31 24:00",
            "令和8年3月31日 午後1時",
            "1774900000",
            "1774900000000",
        ] {
            assert!(timestamp(time).is_some(), "{time}");
            assert_eq!(end_of_day_in(time, &tokyo), None, "{time}");
        }
        for nothing in ["", "tomorrow", "2026-02-30", "2026-03", "12:00"] {
            assert_eq!(end_of_day_in(nothing, &tokyo), None, "{nothing}");
        }
    }

    #[test]
    fn the_offset_is_the_one_that_is_written() {
        for (text, seconds) in [
            ("2026-01-31T09:30:15+09:00", Some(32_400)),
            ("2026-01-31 09:30:15 JST", Some(32_400)),
            ("2026-01-31 09:30:15Z", Some(0)),
            ("2026-01-31 09:30 -0530", Some(-19_800)),
            ("2026/01/31 093015+0900", Some(32_400)),
            ("2026-01-31 09:30:15", None),
            ("2026-01-31", None),
            ("令和8年1月31日", None),
            ("1704429901", None),
            ("soon", None),
        ] {
            assert_eq!(offset(text), seconds, "{text}");
        }
    }

    #[test]
    fn a_date_and_a_time_that_were_joined_are_a_moment() {
        for same in [
            "2026/01/31 093015",
            "2026/1/31 093015",
            "2026-01-31T093015",
            "2026/01/31　０９３０１５",
            "2026/01/31 093015.000",
            "2026/01/31 093015000",
            "2026/01/31 093015+0900",
            "20260131 093015",
            "20260131 9:30:15",
            "20260131093015",
            "2026年1月31日 9時30分15秒",
            "2026年1月31日 093015",
            "2026/1/31(土) 09:30:15",
            "2026/1/31（土）09:30:15",
            "2026/1/31 (Sat) 09:30:15",
            "2026年1月31日 土曜日 9:30:15",
            "2026年1月31日土曜日 9:30:15",
            "2026/1/31 土 9:30:15",
            "R8.1.31 09:30:15",
            "R8.1.31 093015",
            "令和8年1月31日 午前9時30分15秒",
            "2026/01/31 午前 9:30:15",
            "2026/01/31 午前9:30:15",
            "2026/01/31 9:30:15 AM",
            "2026/01/31 09:30:15.000",
        ] {
            assert_eq!(timestamp(same), timestamp("2026-01-31T09:30:15+09:00"), "{same}");
        }
        for (text, usual) in [
            ("2026/01/31 0930", "2026-01-31 09:30"),
            ("20260131 0930", "2026-01-31 09:30"),
            ("R8.1.31 09:30", "2026-01-31 09:30"),
            ("2026-01-31 9:5:3", "2026-01-31 09:05:03"),
            ("20260131 9:5:3", "2026-01-31 09:05:03"),
            ("2026/01/31 午後 3:05", "2026-01-31 15:05"),
            ("2026/01/31 3:05 PM", "2026-01-31 15:05"),
            ("2026/01/31 午後12:30", "2026-01-31 12:30"),
            ("2026/01/31 午前12:30", "2026-01-31 00:30"),
            ("2026/01/31 2530", "2026-02-01 01:30"),
            ("2026/01/31 093015.25", "2026-01-31 09:30:15.25"),
            ("2026/01/31 ", "2026-01-31"),
        ] {
            assert_eq!(timestamp(text), timestamp(usual), "{text}");
            assert!(timestamp(usual).is_some(), "{usual}");
        }
        for none in [
            "2026/01/31 930",
            "2026/01/31 93015",
            "2026/01/31 9",
            "2026/01/31 0960",
            "2026/01/31 3015",
            "2026/01/31 -",
            "2026/01/31 nan",
            "2026/01/31 土日",
            "093015",
        ] {
            assert_eq!(timestamp(none), None, "{none}");
        }
    }

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
        fn never_panics_and_japan_is_nine_hours_from_utc(text in r"\PC*|[0-9:/.\- TZ+時分秒午後年月日PMJST]{0,30}") {
            prop_assert_eq!(timestamp(&text), timestamp_in(&text, &TimeZone::fixed(Offset::constant(9))));
        }

        #[test]
        fn a_joined_time_is_the_written_one(day in "20[0-9]{2}/(0[1-9]|1[0-2])/(0[1-9]|1[0-9]|2[0-8])", h in 0u8..24, m in 0u8..60, s in 0u8..60) {
            let joined = timestamp(&format!("{day} {h:02}{m:02}{s:02}"));
            prop_assert!(joined.is_some());
            prop_assert_eq!(joined, timestamp(&format!("{day} {h:02}:{m:02}:{s:02}")));
            prop_assert_eq!(joined, timestamp(&format!("{day} {h}:{m}:{s}")));
        }

        #[test]
        fn a_zone_is_as_jiff_has_it(seconds in 1_200_000_000i64..4_000_000_000) {
            let Ok(at) = jiff::Timestamp::from_second(seconds) else { return Ok(()) };
            let there = at.to_zoned(new_york()).datetime();
            let read = timestamp_in(&there.to_string(), &new_york());
            // The second showing of an hour is read as the first.
            let first = read == Some((seconds - 3600) * MICROS) && new_york().to_ambiguous_timestamp(there).is_ambiguous();
            prop_assert!(read == Some(seconds * MICROS) || first, "{there}");
        }

        #[test]
        fn same_as_jiff(seconds in -2_000_000_000i64..4_000_000_000, micros in 0i64..1_000_000) {
            let micros = seconds * MICROS + micros;
            let Ok(at) = jiff::Timestamp::from_microsecond(micros) else { return Ok(()) };
            prop_assert_eq!(timestamp(&at.to_string()), Some(micros));
            let tokyo = Offset::constant(9).to_datetime(at);
            prop_assert_eq!(timestamp(&tokyo.to_string()), Some(micros));
            prop_assert_eq!(timestamp(&tokyo.strftime("%Y/%m/%d %H:%M:%S%.f").to_string()), Some(micros));
        }
    }
}
