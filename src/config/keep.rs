//! Which published runs can still be asked: the rule of the pipeline file, and what it says of the runs of a lake.
//!
//! In: runs with the times that they hold for. Out: the numbers of those that are kept. No clock decides it: days and months are those
//! of the data, in the zone of the pipeline.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Zone;

/// A reader that is at work when a run is published may read files that no kept run needs any more. Half a day is longer than a query
/// takes; and a lake that is written once a day has the leftovers of one run, not of two, even where a run starts some hours earlier
/// than the day before.
pub const GRACE_HOURS: u32 = 12;

/// Which published runs can still be asked with `--as-of`. The newest always can. All of them where nothing is said.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct KeepFile {
    /// The last run of each of so many of the newest days that have one, by the time that the run holds for.
    pub daily: u32,
    /// The last run of each of so many of the newest months that have one.
    pub monthly: u32,
    /// Runs by their ids or numbers.
    pub named: Vec<String>,
    /// Hours for which a file stays that no kept run needs any more, as somebody may be reading it.
    pub grace_hours: u32,
}

impl Default for KeepFile {
    fn default() -> Self {
        KeepFile { daily: 0, monthly: 0, named: Vec::new(), grace_hours: GRACE_HOURS }
    }
}

/// A published run, as far as the rule looks at it.
#[derive(Clone, Copy, Debug)]
pub struct DatedRun<'a> {
    /// Its number.
    pub number: i64,
    /// Its id.
    pub run_id: &'a str,
    /// The time that it holds for, microseconds.
    pub as_of: i64,
}

impl KeepFile {
    /// Whether nothing is said, so that every run is kept.
    pub fn keeps_all(&self) -> bool {
        self.daily == 0 && self.monthly == 0 && self.named.is_empty()
    }

    /// What of `named` is no run: neither the id of one of these, nor a number up to `last`.
    pub fn unknown(&self, runs: &[DatedRun<'_>], last: i64) -> Vec<String> {
        let has_number = |name: &str| name.parse().is_ok_and(|number: i64| (1..=last).contains(&number));
        let is_run = |name: &&String| has_number(name) || runs.iter().any(|run| run.run_id == *name);
        self.named.iter().filter(|name| !is_run(name)).map(|name| format!("{name:?}")).collect()
    }

    /// The numbers of the runs that are kept, of runs in order of their numbers.
    pub fn kept(&self, runs: &[DatedRun<'_>], zone: &Zone) -> BTreeSet<i64> {
        if self.keeps_all() {
            return runs.iter().map(|run| run.number).collect();
        }
        let is_named = |run: &&DatedRun<'_>| {
            self.named
                .iter()
                .any(|name| name == run.run_id || name.parse().is_ok_and(|number: i64| number == run.number))
        };
        let mut kept: BTreeSet<i64> = runs.iter().filter(is_named).map(|run| run.number).collect();
        kept.extend(runs.last().map(|run| run.number));
        let day = |run: &DatedRun<'_>| zone.day(run.as_of);
        kept.extend(last_of_each(runs, self.daily, |run| day(run).to_string()));
        kept.extend(last_of_each(runs, self.monthly, |run| day(run).to_string()[..7].to_string()));
        kept
    }
}

/// The last run of each of the newest periods that have one.
fn last_of_each(runs: &[DatedRun<'_>], most: u32, period: impl Fn(&DatedRun<'_>) -> String) -> Vec<i64> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut kept = Vec::new();
    for run in runs.iter().rev() {
        if seen.len() as u32 >= most && !seen.contains(&period(run)) {
            break;
        }
        if seen.insert(period(run)) {
            kept.push(run.number);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(keep: &KeepFile, days: &[&str]) -> Vec<i64> {
        let times: Vec<i64> = days.iter().map(|day| nayose_japanese::date::timestamp(day).expect("a time")).collect();
        let ids: Vec<String> = (1..=days.len()).map(|number| format!("r{number}")).collect();
        let run = |((as_of, run_id), number)| DatedRun { number, run_id, as_of };
        let runs: Vec<DatedRun<'_>> = times.into_iter().zip(ids.iter().map(String::as_str)).zip(1..).map(run).collect();
        keep.kept(&runs, &Zone::japan()).into_iter().collect()
    }

    #[test]
    fn the_last_run_of_a_day_or_a_month_is_kept() {
        let days = ["2026-01-30", "2026-01-31", "2026-01-31T09:00:00+09:00", "2026-02-27", "2026-02-28", "2026-03-01"];
        let daily = |daily| KeepFile { daily, ..KeepFile::default() };
        let monthly = |monthly| KeepFile { monthly, ..KeepFile::default() };
        assert_eq!(kept(&KeepFile::default(), &days), [1, 2, 3, 4, 5, 6], "nothing said");
        assert_eq!(kept(&daily(1), &days), [6]);
        assert_eq!(kept(&daily(4), &days), [3, 4, 5, 6], "of two runs of one day the last");
        assert_eq!(kept(&daily(99), &days), [1, 3, 4, 5, 6]);
        assert_eq!(kept(&monthly(2), &days), [5, 6]);
        assert_eq!(kept(&monthly(24), &days), [3, 5, 6]);
        let named = KeepFile { named: vec!["1".into(), "r4".into(), "r99".into()], ..daily(1) };
        assert_eq!(kept(&named, &days), [1, 4, 6]);
        let run = DatedRun { number: 6, run_id: "r6", as_of: 0 };
        assert_eq!(named.unknown(&[run], 6), ["\"r4\"", "\"r99\""], "a name with a slip keeps nothing");
        let numbers = KeepFile { named: ["6", "7", "8", "0"].map(String::from).to_vec(), ..daily(1) };
        assert_eq!(numbers.unknown(&[run], 7), ["\"8\"", "\"0\""], "the run that is made now may be named");
        // Midnight in Japan, not in London.
        assert_eq!(kept(&daily(2), &["2026-01-31T23:30:00+09:00", "2026-02-01T00:30:00+09:00"]), [1, 2]);
    }
}
