//! Which files belong to a run as of a time: those that lie in a folder `dt=YYYY-MM-DD` of a day that had begun by then.
//!
//! In: the files that a glob found, and `--as-of`. Out: those that were there by then. So a run for a past day reads what the run
//! of that day read, whatever arrived since: a backfill makes the same lake as daily runs. Files outside of such folders are
//! always read, and so is everything where no time was asked for.

use jiff::civil::Date;

use crate::config::Zone;

/// What a folder of a day starts with.
const DAY: &str = "dt=";

/// Keeps the files whose day began before `as_of` (microseconds). Days begin at midnight in the pipeline's zone.
pub(super) fn until<T>(mut found: Vec<(String, T)>, as_of: Option<i64>, zone: &Zone) -> Vec<(String, T)> {
    if let Some(as_of) = as_of {
        found.retain(|(name, _)| began(name, zone).is_none_or(|day| day < as_of));
    }
    found
}

/// When the day of a file began, where its path names one.
fn began(name: &str, zone: &Zone) -> Option<i64> {
    let (folders, _) = name.rsplit_once('/')?;
    let day: Date = folders.split('/').rev().find_map(|part| part.strip_prefix(DAY)?.parse().ok())?;
    zone.midnight(day)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(names: &[&str], as_of: &str) -> Vec<String> {
        let found = names.iter().map(|n| (n.to_string(), ())).collect();
        let zone = Zone::japan();
        until(found, zone.as_of(as_of), &zone).into_iter().map(|(name, ())| name).collect()
    }

    #[test]
    fn a_day_belongs_to_the_run_of_that_day() {
        let files = ["shop/dt=2026-03-30/orders.csv", "shop/dt=2026-03-31/orders.csv"];
        assert_eq!(kept(&files, "2026-03-31"), files, "the whole of the 31st");
        assert_eq!(kept(&files, "2026-03-30"), files[..1], "the whole of the 30th");
        assert_eq!(kept(&files, "2026-03-31T00:00:00+09:00"), files[..1], "midnight ends the 30th");
        assert_eq!(kept(&files, "2026-03-30T15:00:00Z"), files[..1], "the same midnight in UTC");
        assert_eq!(kept(&files, "2026-03-31T00:00:01+09:00"), files, "a second later the 31st has begun");
        let zone = Zone::named("America/New_York").expect("a zone");
        let found = files.map(|name| (name.to_string(), ())).to_vec();
        let kept = until(found, zone.as_of("2026-03-31T12:00:00+09:00"), &zone);
        assert_eq!(kept.len(), 1, "in New York the 31st has not begun");
    }

    #[test]
    fn what_has_no_day_is_always_read() {
        let files = ["orders_20260401.csv", "dt=today/orders.csv", "dt=2026-04-01.csv"];
        assert_eq!(kept(&files, "2026-03-31"), files);
        let found = vec![("dt=2026-04-01/orders.csv".to_string(), ())];
        assert_eq!(until(found, None, &Zone::japan()).len(), 1, "no time was asked for");
    }
}
