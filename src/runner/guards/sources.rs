//! Whether a source brought what it usually brings: against the run before.
//!
//! In: the files of a source then and now, with their rows. Out: the guard that stops at the source, with its figures. Pure.

use std::collections::BTreeMap;

use super::files::Finding;
use crate::config::{GuardsFile, Zone};
use crate::lake::figures::SourceFigures;
use crate::lake::results::FileCounts;

/// Rows below which a share says nothing.
const FEWEST: u64 = 20;

/// Gone files from which it is no single one.
const FEWEST_FILES: usize = 2;

/// What came of one source in two runs.
pub(super) struct Delivery<'a> {
    /// Rows by file in the run before.
    pub before: BTreeMap<&'a str, u64>,
    /// The same now.
    pub now: BTreeMap<&'a str, u64>,
    /// Whether new files of it came, held ones among them.
    pub came: bool,
}

impl<'a> Delivery<'a> {
    /// The files of a source.
    pub(super) fn new(source: &str, before: &'a [FileCounts], now: &'a [FileCounts], came: bool) -> Self {
        let of = |all: &'a [FileCounts]| {
            all.iter()
                .filter(|c| c.source == source)
                .map(|c| (c.file.as_str(), c.rows - c.skipped.min(c.rows)))
                .collect()
        };
        Delivery { before: of(before), now: of(now), came }
    }
}

/// Whether a later day began: `before` and `now` are the newest times that were known then and now, microseconds.
///
/// A day is one of the data, and not of the clock: what is missed is news of a day on which others have some. A file that is late or sent
/// again, and a run after another configuration, tell of no later day; a lake that takes in many days at once is asked about each run.
pub(super) fn is_later_day(before: i64, now: i64, zone: &Zone) -> bool {
    zone.day(now) > zone.day(before)
}

/// The guard that stops at a source. `others_began_day` says whether a day began with files of other sources: a file that comes later on
/// that day, alone, misses nobody.
pub(super) fn finding(
    of: &Delivery<'_>,
    figures: Option<&SourceFigures>,
    others_began_day: bool,
    limits: &GuardsFile,
) -> Option<Finding> {
    shrank(of, limits.shrank).or_else(|| {
        let days = figures?.deliveries;
        let missed = limits.missing.is_some_and(|limit| days >= limit) && others_began_day && !of.came;
        let reason = || format!("it brought no file, after it brought some on {days} days in a row (guards.missing)");
        missed.then(|| Finding { guard: "missing", reason: reason() })
    })
}

/// Rows that are gone; or many files that are gone, and new ones do not have their rows: small files, of which a source has many.
fn shrank(of: &Delivery<'_>, limit: Option<f64>) -> Option<Finding> {
    let limit = limit?;
    let sum = |files: &BTreeMap<&str, u64>| files.values().sum::<u64>();
    let (before, now) = (sum(&of.before), sum(&of.now));
    let gone: Vec<u64> =
        of.before.iter().filter(|(file, _)| !of.now.contains_key(*file)).map(|(_, rows)| *rows).collect();
    let new: u64 = of.now.iter().filter(|(file, _)| !of.before.contains_key(*file)).map(|(_, rows)| rows).sum();
    let (files, gone_rows) = (of.before.len(), gone.iter().sum::<u64>());
    let rows_lost = before.saturating_sub(now);
    if rows_lost >= FEWEST && rows_lost as f64 > limit * before as f64 {
        let reason = format!(
            "it had {before} rows in the run before and has {now} now, a fall of more than guards.shrank = {limit}"
        );
        return Some(Finding { guard: "shrank", reason });
    }
    let many = gone.len() >= FEWEST_FILES && gone.len() as f64 > limit * files as f64;
    let reason = || {
        format!(
            "{} of {files} files of the run before are gone with {gone_rows} rows, more than guards.shrank = {limit}",
            gone.len()
        )
    };
    (many && gone_rows >= FEWEST && new * 2 < gone_rows).then(|| Finding { guard: "shrank", reason: reason() })
}

/// Files of the shop: each with its rows, and which run it came with.
#[cfg(test)]
pub(super) fn counts(files: &[(&str, u64, i64)]) -> Vec<FileCounts> {
    let of = |(file, rows, came): &(&str, u64, i64)| FileCounts {
        source: "shop".into(),
        file: file.to_string(),
        rows: *rows,
        rejects: 0,
        skipped: 0,
        read: *rows,
        came: *came,
    };
    files.iter().map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_are_gone_stop_a_run_and_rows_that_moved_do_not() {
        let days: Vec<String> = (0..30).map(|day| format!("day{day:02}")).collect();
        let daily =
            |range: std::ops::Range<usize>| days[range].iter().map(|day| (day.as_str(), 20)).collect::<Vec<_>>();
        let with = |mut files: Vec<(&'static str, u64)>, more: &[(&'static str, u64)]| {
            files.extend(more);
            files
        };
        let check = |before: &[(&str, u64)], now: &[(&str, u64)], expected: Option<&str>| {
            let of_one_run =
                |files: &[(&str, u64)]| counts(&files.iter().map(|(file, rows)| (*file, *rows, 1)).collect::<Vec<_>>());
            let (before, now) = (of_one_run(before), of_one_run(now));
            let delivery = Delivery::new("shop", &before, &now, true);
            let found = finding(&delivery, None, true, &GuardsFile::default());
            assert_eq!(found.as_ref().map(|f| f.guard), expected, "{found:?}");
        };
        check(&[("full", 2000), ("a", 20)], &[("full", 2000), ("a", 20), ("b", 25)], None);
        check(&[("full", 2000)], &[("full", 1500)], Some("shrank"));
        check(&[("full", 2000)], &[("full", 1900)], None);
        check(&[("a", 1000), ("b", 1000)], &[("a", 1000)], Some("shrank"));
        // One old file leaves, one new file comes.
        let rolling = daily(1..30);
        check(&daily(0..29), &rolling, None);
        // Half of the daily files are gone beside a large one.
        let all: Vec<(&str, u64)> = [("full", 20_000)].into_iter().chain(daily(0..30)).collect();
        let half: Vec<(&str, u64)> = [("full", 20_000)].into_iter().chain(daily(0..15)).collect();
        check(&all, &half, Some("shrank"));
        // They were put together in one.
        let month: Vec<(&str, u64)> = [("full", 20_000), ("month", 500)].to_vec();
        check(&all, &month, None);
        check(&with(vec![("a", 5)], &[]), &with(vec![("b", 1)], &[]), None);
    }

    #[test]
    fn a_source_is_missed_that_never_failed_for_a_week() {
        let rows = counts(&[("a", 20, 1)]);
        let check = |deliveries: u32, came: bool, others: bool, expected: Option<&str>| {
            let figures = SourceFigures { deliveries, ..SourceFigures::default() };
            let delivery = Delivery::new("shop", &rows, &rows, came);
            let found = finding(&delivery, Some(&figures), others, &GuardsFile::default());
            assert_eq!(found.map(|f| f.guard), expected, "{deliveries} {came} {others}");
        };
        check(7, false, true, Some("missing"));
        check(6, false, true, None);
        check(30, true, true, None);
        // A run without news is no delivery; nor does a day begin with a file that is late.
        check(30, false, false, None);
    }

    #[test]
    fn a_file_that_is_late_or_sent_again_begins_no_day() {
        let zone = Zone::japan();
        let check = |before: &str, now: &str, expected: bool| {
            let times = [before, now].map(|typed| zone.as_of(typed).expect("a time"));
            assert_eq!(is_later_day(times[0], times[1], &zone), expected, "{before} {now}");
        };
        check("2026-04-10T13:44:00+09:00", "2026-04-11T00:00:00+09:00", true);
        check("2026-04-10T13:44:00+09:00", "2026-04-10T23:59:00+09:00", false);
        check("2026-04-11T09:00:00+09:00", "2026-04-11T09:00:00+09:00", false);
        // Rows that a mended file has no more.
        check("2026-04-11T09:00:00+09:00", "2026-04-10T09:00:00+09:00", false);
    }
}
