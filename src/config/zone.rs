//! The time zone of a pipeline: where days begin, and what a bare date means.
//!
//! In: an IANA name. Out: the moments that people mean by a date or a time. Who asks for 31 March means the whole of that day, in the
//! zone in which the business keeps its books.

use jiff::civil::Date;
use jiff::tz::{TimeZone, TimeZoneDatabase};

use super::file::JAPAN;
use super::problem::did_you_mean;
use nayose_japanese::date::{end_of_day_in, timestamp_in};

/// A day of 24 hours, microseconds: spans of days are counted so, whatever the clocks of a zone do.
pub const DAY: i64 = 86_400_000_000;

/// A time zone with its name.
#[derive(Clone, Debug)]
pub struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// The zone of an IANA name, from the database that is built in: the same on every machine.
    pub fn named(name: &str) -> Option<Self> {
        let zone = TimeZoneDatabase::bundled().get(name).ok()?;
        Some(Zone { name: name.to_string(), zone })
    }

    /// The zone where none is said.
    pub fn japan() -> Self {
        // The database that is built in has it; without it, UTC would be said by its name.
        Zone::named(JAPAN).unwrap_or(Zone { name: "UTC".into(), zone: TimeZone::UTC })
    }

    /// Its IANA name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The moment as of which a date or a time is meant, microseconds: of a day without a time its last one.
    pub fn as_of(&self, typed: &str) -> Option<i64> {
        end_of_day_in(typed, &self.zone).map(|midnight| midnight - 1).or_else(|| timestamp_in(typed, &self.zone))
    }

    /// The moment from which on something does not hold any more that holds until a date or a time, microseconds: a day without a time
    /// belongs to it.
    pub fn expiry(&self, typed: &str) -> Option<i64> {
        end_of_day_in(typed, &self.zone).or_else(|| timestamp_in(typed, &self.zone))
    }

    /// The day of a moment, microseconds.
    pub fn day(&self, time: i64) -> Date {
        jiff::Timestamp::from_microsecond(time).unwrap_or_default().to_zoned(self.zone.clone()).date()
    }

    /// When a day begins, microseconds.
    pub fn midnight(&self, day: Date) -> Option<i64> {
        Some(day.to_zoned(self.zone.clone()).ok()?.timestamp().as_microsecond())
    }
}

/// What to write instead of a name that is no time zone; nothing where it is one.
pub(super) fn remedy(name: &str) -> Option<String> {
    const KNOWN: [&str; 4] = [JAPAN, "UTC", "America/New_York", "Europe/London"];
    match Zone::named(name) {
        Some(_) => None,
        None => Some(
            did_you_mean(name, KNOWN.into_iter()).unwrap_or_else(|| "use an IANA name such as Asia/Tokyo".to_string()),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nayose_japanese::date::timestamp;

    #[test]
    fn a_day_that_is_asked_for_is_the_whole_day_where_it_is() {
        for (name, end) in [(JAPAN, "2026-03-31T15:00:00Z"), ("America/New_York", "2026-04-01T04:00:00Z")] {
            let zone = Zone::named(name).expect("a zone");
            assert_eq!(zone.expiry("2026-03-31"), timestamp(end), "{name}");
            assert_eq!(zone.as_of("2026-03-31"), timestamp(end).map(|midnight| midnight - 1), "{name}");
            assert_eq!(zone.midnight(jiff::civil::date(2026, 4, 1)), timestamp(end), "{name}");
            assert_eq!(
                zone.as_of("2026-03-31T12:00:00+09:00"),
                timestamp("2026-03-31T03:00:00Z"),
                "a time is that time"
            );
        }
        assert_eq!(Zone::japan().name(), JAPAN);
        assert!(remedy("Asia/Tokio").is_some_and(|hint| hint.contains(JAPAN)), "{:?}", remedy("Asia/Tokio"));
        assert_eq!(remedy("Asia/Tokyo"), None);
    }
}
