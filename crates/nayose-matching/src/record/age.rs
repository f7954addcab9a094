//! The age of a person in bands of ten years.
//!
//! In: a birth date and a time. Out: `30-39`; from 90 on one band, because so few people are so old that their age would name them.

use jiff::tz::{Offset, TimeZone};
use jiff::{SignedDuration, Timestamp, civil};

const OLDEST: i16 = 90;

/// The band of a birth date (days since 1970-01-01) at a time (microseconds since 1970 UTC), by the day in Japan. `None` for who
/// was not born by then.
pub fn age_band(birth: i32, at: i64) -> Option<String> {
    let born = civil::date(1970, 1, 1).checked_add(SignedDuration::from_hours(24 * i64::from(birth))).ok()?;
    let today = Timestamp::from_microsecond(at).ok()?.to_zoned(TimeZone::fixed(Offset::constant(9))).date();
    let had_birthday = (today.month(), today.day()) >= (born.month(), born.day());
    let age = today.year() - born.year() - i16::from(!had_birthday);
    match age {
        ..0 => None,
        OLDEST.. => Some(format!("{OLDEST}+")),
        _ => Some(format!("{}-{}", age / 10 * 10, age / 10 * 10 + 9)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn band(born: civil::Date, at: &str) -> Option<String> {
        let days = civil::date(1970, 1, 1).until(born).expect("days").get_days();
        age_band(days, at.parse::<Timestamp>().expect("a time").as_microsecond())
    }

    #[test]
    fn a_band_changes_on_the_tenth_birthday_in_japan() {
        let born = civil::date(1986, 4, 1);
        assert_eq!(band(born, "2026-03-31T14:59:59Z").as_deref(), Some("30-39"));
        assert_eq!(band(born, "2026-03-31T15:00:00Z").as_deref(), Some("40-49"), "midnight in Japan");
        assert_eq!(band(civil::date(2020, 1, 1), "2026-03-31T00:00:00Z").as_deref(), Some("0-9"));
        assert_eq!(band(civil::date(1936, 3, 31), "2026-03-31T00:00:00Z").as_deref(), Some("90+"));
        assert_eq!(band(civil::date(1911, 1, 1), "2026-03-31T00:00:00Z").as_deref(), Some("90+"));
        assert_eq!(band(civil::date(2030, 1, 1), "2026-03-31T00:00:00Z"), None);
    }
}
