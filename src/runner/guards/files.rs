//! Whether a new file is a usual one: its figures against those of the files before.
//!
//! In: the figures of a new file, what is known of its source, the limits. Out: the first guard that stops at it, with its figures; or
//! none. Pure. What a good day brings is let through: ten times as many new members, addresses of towns that merged, another way of
//! writing phones; those change what values say, and not of which kind they are.

use std::collections::BTreeMap;

use super::collect::NewFile;
use crate::config::{DAY, GuardsFile};
use crate::lake::figures::SourceFigures;
use crate::tables::contract::col;

/// Why a file is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Finding {
    /// The guard: its key in the pipeline file.
    pub guard: &'static str,
    /// What it found, with the figures and the limit.
    pub reason: String,
}

impl Known<'_> {
    /// Rows of the files that came after the first load.
    fn later(&self) -> &[u64] {
        self.rows.get(self.first_load..).unwrap_or_default()
    }

    /// Rows of the newest files: a week of days, or what there is of the first load.
    fn newest(&self) -> &[u64] {
        let of = if self.later().is_empty() { &self.rows } else { self.later() };
        &of[of.len().saturating_sub(WEEK)..]
    }
}

/// What is known of a file's source.
#[derive(Clone, Debug, Default)]
pub(super) struct Known<'a> {
    /// The source.
    pub source: &'a str,
    /// Its figures; none where no run before had it.
    pub figures: Option<&'a SourceFigures>,
    /// Rows of its earlier files, in the order in which they came.
    pub rows: Vec<u64>,
    /// How many of them came with the first: a first load is cut otherwise than days are.
    pub first_load: usize,
    /// Whether the last two of them with rows are copies of the whole source: most ids are in both.
    pub copies: bool,
    /// The newest time of the data, of the run before and of this one, microseconds.
    pub newest: Option<[i64; 2]>,
    /// Whether its rows are facts.
    pub has_facts: bool,
    /// Whether the source may have no rows.
    pub may_be_empty: bool,
}

/// Rows, values or records below which a share says nothing: so few can all be odd.
const FEWEST: u64 = 20;

/// Rejected rows below which a share says nothing, unless they are all.
const FEWEST_REJECTS: u64 = 5;

/// Earlier files from which the smallest is known: a week of days.
const WEEK: usize = 7;

/// Rows of usual files from which an empty one is no quiet day.
const NEVER_EMPTY: u64 = 10;

/// Later files from which it is known how the files of a source end: some come in parts of the order of their ids.
const HABIT: u64 = 3;

/// A share of the largest earlier file from which a file is a whole copy of its source, and no change of it.
const WHOLE: f64 = 0.5;

/// How far the size of a whole copy may fall.
const WHOLE_SHORT: f64 = 0.8;

/// Probability of chance below which it is none.
const NO_CHANCE: f64 = 1e-6;

/// Share of empty values from which a column is gone, and share of filled ones from which it was there.
const GONE: f64 = 0.98;
const WAS_THERE: f64 = 0.3;

/// Shares between which a kind of value was rare and is the rule.
const RULE: f64 = 0.9;
const RARE: f64 = 0.05;

/// Share of known records among the records of a source's files from which a file without any is not the source's.
const KNOWN: f64 = 0.3;

/// Known records that are expected in a file, below which it is chance that there are none.
const FEWEST_KNOWN: f64 = 10.0;

/// Known records of another person below which they are numbers given anew.
const FEWEST_CHANGED: u64 = 5;

/// Known records below which a file whose values changed is one of corrections.
const FEWEST_CORRECTED: u64 = 50;

/// Share of known records from which a contact that always changes a little changed as a whole.
const ALL_CHANGED: f64 = 0.9;

fn share(part: u64, of: u64) -> f64 {
    part as f64 / of.max(1) as f64
}

/// The guard that stops at a file.
pub(super) fn finding(file: &NewFile, known: &Known<'_>, limits: &GuardsFile) -> Option<Finding> {
    rejects(file, limits.rejects)
        .or_else(|| limits.incomplete.then(|| empty(file, known).or_else(|| cut(file, known))).flatten())
        .or_else(|| repeated(file, known, limits.repeated))
        .or_else(|| changed(file, limits.changed))
        .or_else(|| strangers(file, known, limits.changed))
        .or_else(|| kinds(file, known, limits.unusable))
        .or_else(|| changed_values(file, known, limits.changed_values))
        .or_else(|| orphans(file, known, limits.orphans))
        .or_else(|| times(file, known, limits.times))
        .or_else(|| short(file, known, limits.short))
}

/// Rows that cannot be read. The first load is held against this as well.
fn rejects(file: &NewFile, limit: Option<f64>) -> Option<Finding> {
    let limit = limit?;
    let NewFile { rows, rejects, .. } = *file;
    let enough = rejects >= FEWEST_REJECTS || rejects == rows;
    let over = rejects > 0 && enough && share(rejects, rows) > limit;
    let reason = || format!("{rejects} of {rows} rows cannot be read, more than guards.rejects = {limit}");
    over.then(|| Finding { guard: "rejects", reason: reason() })
}

/// The middle of numbers; none where there are none.
fn middle<T: Copy + PartialOrd>(of: &[T]) -> Option<T> {
    let mut sorted = of.to_vec();
    sorted.sort_by(|a, b| a.partial_cmp(b).unwrap_or(std::cmp::Ordering::Equal));
    sorted.get(sorted.len() / 2).copied()
}

fn empty(file: &NewFile, known: &Known<'_>) -> Option<Finding> {
    let newest = known.newest();
    let usual = middle(newest)?;
    // A source of which a file was empty has days without news.
    let never = usual >= NEVER_EMPTY && !known.rows.contains(&0) && !known.may_be_empty;
    let reason = || {
        format!(
            "it has no rows; no file of its source was empty so far, and the newest {} have {usual} as a rule (guards.incomplete)",
            newest.len()
        )
    };
    (file.rows == 0 && never).then(|| Finding { guard: "incomplete", reason: reason() })
}

fn cut(file: &NewFile, known: &Known<'_>) -> Option<Finding> {
    let of = known.figures?;
    let found = |reason: String| Some(Finding { guard: "incomplete", reason });
    if file.cut && of.cut == 0 {
        return found("its last row is broken, as that of a file that was cut (guards.incomplete)".to_string());
    }
    if file.open_end && of.open_ends == 0 && of.files >= HABIT {
        return found("it ends in the middle of a line, and no file before did (guards.incomplete)".to_string());
    }
    let (rows, beyond) = file.beyond?;
    // Where ids are spread as before, so many rows end so early by chance alone with this probability.
    let chance = (1.0 - beyond).powf(rows as f64);
    let reason = || {
        format!(
            "its {rows} rows are in order of the id and end where {:.0} of 100 ids of the source are still to come (guards.incomplete)",
            beyond * 100.0
        )
    };
    (rows >= FEWEST && beyond > 0.25 && chance < NO_CHANCE && of.partial == 0 && of.files >= HABIT)
        .then(reason)
        .and_then(found)
}

/// Rows of another source are never right here. Rows that its own source had are yesterday's, unless the source sends rows again by
/// habit, or sends all of its rows each time and none changed.
fn repeated(file: &NewFile, known: &Known<'_>, limit: Option<f64>) -> Option<Finding> {
    let limit = limit?;
    let of = known.figures?;
    if file.rows < FEWEST_REJECTS {
        return None;
    }
    for (source, share) in file.repeated.iter().filter(|(_, share)| **share > limit) {
        let percent = share * 100.0;
        if source != known.source {
            let reason = format!(
                "{percent:.0} of 100 rows stand in files of source {source:?}, more than guards.repeated = {limit}"
            );
            return Some(Finding { guard: "repeated", reason });
        }
        let by_habit = of.repeated > 0.5;
        if !by_habit && !is_whole(file.rows, known) {
            let reason = format!(
                "{percent:.0} of 100 rows stand in earlier files of its source as they are, more than guards.repeated = {limit}"
            );
            return Some(Finding { guard: "repeated", reason });
        }
    }
    None
}

/// Whether a file of so many rows is a copy of the whole source: files before it are, or there is one alone, or it has twice the rows of
/// a usual file and is as large as the largest, as the whole now and then between days. Days of one size are none.
fn is_whole(rows: u64, known: &Known<'_>) -> bool {
    let mut usual = known.rows.clone();
    usual.sort_unstable();
    // The lower of two in the middle: a first load and one day.
    let usual = usual.get(usual.len().saturating_sub(1) / 2).copied().unwrap_or_default();
    (known.copies || known.rows.len() == 1 || rows >= 2 * usual) && is_large(rows, &known.rows)
}

/// Whether a file has so many rows that it may be a copy of its whole source.
pub(super) fn is_large(rows: u64, of_others: &[u64]) -> bool {
    of_others.iter().max().is_some_and(|largest| rows as f64 >= WHOLE * *largest as f64)
}

/// Whether of two files the later one is a copy of the same source: hardly an id of the earlier one is gone.
pub(super) fn are_copies(same: u64, ids: u64) -> bool {
    ids > 0 && share(same, ids) >= WHOLE_SHORT
}

/// Records that are other people now: a few are numbers that were given anew, more are a slipped column.
fn changed(file: &NewFile, limit: Option<f64>) -> Option<Finding> {
    let limit = limit?;
    let NewFile { comparable, another, .. } = *file;
    let over = another >= FEWEST_CHANGED && share(another, comparable) > limit;
    let reason = || {
        format!(
            "every identifying value of {another} of {comparable} known records changed at once, more than guards.changed = {limit}"
        )
    };
    over.then(|| Finding { guard: "changed", reason: reason() })
}

/// A file of whose records hardly any is known, where a part of them always was: another shop's, a test system's, ids given anew. On a
/// campaign day ten times as many are new, so that the share of the others falls; as many of them as ever are there all the same.
fn strangers(file: &NewFile, known: &Known<'_>, limit: Option<f64>) -> Option<Finding> {
    limit?;
    let of = known.figures?;
    let usual = share(of.known, of.records);
    let expected = usual * file.records as f64;
    let of_a_file = of.known as f64 / of.files.max(1) as f64;
    let none = (file.known as f64) < expected.min(of_a_file) / 10.0;
    let enough = expected >= FEWEST_KNOWN && of.records >= FEWEST && usual >= KNOWN;
    let reason = || {
        format!(
            "{} of {} records were known before, where {:.0} of 100 are as a rule (guards.changed)",
            file.known,
            file.records,
            usual * 100.0
        )
    };
    (none && enough).then(|| Finding { guard: "changed", reason: reason() })
}

/// Columns that hold another kind of value than before.
fn kinds(file: &NewFile, known: &Known<'_>, limit: Option<f64>) -> Option<Finding> {
    let limit = limit?;
    let of = known.figures?;
    let before_all: u64 = of.kinds.get(col::RECORD_ID).map_or(0, |kinds| kinds.values().sum());
    if before_all < FEWEST || file.records < FEWEST {
        return None;
    }
    let none = BTreeMap::new();
    let mut found: Vec<String> = Vec::new();
    for attribute in of.kinds.keys() {
        let (before, now) = (&of.kinds[attribute], file.kinds.get(attribute).unwrap_or(&none));
        let sum = |kinds: &BTreeMap<String, u64>| kinds.values().sum::<u64>();
        let (filled_before, filled) = (sum(before), sum(now));
        let filled_share = share(filled_before, before_all);
        if share(filled, file.records) <= 1.0 - GONE && filled_share >= WAS_THERE {
            found.push(format!(
                "{attribute} is empty in {} of {} records, where {:.0} of 100 have it",
                file.records - filled.min(file.records),
                file.records,
                filled_share * 100.0
            ));
            continue;
        }
        if filled < FEWEST || filled_before < FEWEST {
            continue;
        }
        let bad = |kinds: &BTreeMap<String, u64>| -> u64 {
            kinds.iter().filter(|(kind, _)| kind.starts_with('!')).map(|(_, n)| n).sum()
        };
        let (now_bad, before_bad) = (share(bad(now), filled), share(bad(before), filled_before));
        if now_bad - before_bad > limit {
            let worst = now.iter().filter(|(kind, _)| kind.starts_with('!')).max_by_key(|(_, n)| **n);
            let what = worst.map_or("", |(kind, _)| kind.trim_start_matches('!')).replace('_', " ");
            found.push(format!(
                "{:.0} of 100 values of {attribute} cannot be used ({what}), where {:.0} of 100 could not, a rise of more than guards.unusable = {limit}",
                now_bad * 100.0,
                before_bad * 100.0
            ));
            continue;
        }
        let is_other = |(kind, n): (&String, &u64)| {
            let was = before.get(kind).copied().unwrap_or(0);
            share(*n, filled) >= RULE && share(was, filled_before) <= RARE
        };
        if let Some((kind, n)) = now.iter().find(|kind| is_other(*kind)) {
            found.push(format!(
                "{n} of {filled} values of {attribute} are of the kind {kind:?}, which was rare before (guards.unusable)"
            ));
        }
    }
    (!found.is_empty()).then(|| Finding { guard: "unusable", reason: found.join("; ") })
}

/// What people keep for life, or what changes now and then and not for all. A small file of corrections is nothing but changes.
fn changed_values(file: &NewFile, known: &Known<'_>, limit: Option<f64>) -> Option<Finding> {
    let limit = limit?;
    if file.known < FEWEST_CORRECTED {
        return None;
    }
    let of = known.figures;
    for attribute in ["birth_date", "sex", "name", "phone", "email"] {
        let changed = file.changed.get(attribute).copied().unwrap_or(0);
        let of_attribute = |all: &BTreeMap<String, u64>| all.get(attribute).copied().unwrap_or(0);
        let usual = of.map_or(0.0, |of| share(of_attribute(&of.changed), of_attribute(&of.in_both)));
        let most = match attribute {
            // A file of changes can be one of new phones: where it never was, all of them at once are a column that slipped.
            "phone" | "email" if of.is_some_and(|of| of.known >= FEWEST_CORRECTED) => ALL_CHANGED.max(2.0 * usual),
            "phone" | "email" => continue,
            _ => limit.max(2.0 * usual),
        };
        // A record that has the value on one side alone cannot change it. It says nothing: in a column that slipped, as many values
        // meet an empty one as are missing.
        let with = file.in_both.get(attribute).copied().unwrap_or(0);
        if changed >= FEWEST_CHANGED && share(changed, with) > most {
            return Some(Finding {
                guard: "changed_values",
                reason: format!(
                    "{attribute} of {changed} of {with} known records that have it changed, more than {most:.2} (guards.changed_values)"
                ),
            });
        }
    }
    None
}

/// Facts of nobody, where those of the source have somebody: another shop's, or numbers that were cut. A few come before their people.
fn orphans(file: &NewFile, known: &Known<'_>, limit: Option<f64>) -> Option<Finding> {
    let limit = limit?;
    let usual = 1.0 - middle(&known.figures?.orphans)?;
    let found = 1.0 - share(file.orphans, file.facts);
    // So many would have somebody that it is no chance if hardly any has.
    let enough = usual * file.facts as f64 >= FEWEST as f64;
    let reason = || {
        format!(
            "{} of {} facts find no record of their channel, where {:.0} of 100 find one as a rule, a fall of more than guards.orphans = {limit}",
            file.orphans,
            file.facts,
            usual * 100.0
        )
    };
    (enough && found < (1.0 - limit) * usual).then(|| Finding { guard: "orphans", reason: reason() })
}

/// By how many days the middle time of a file lies before what the run before knew, or after all that is known now (negative). What came
/// between the two is new. The records of a full copy are of all times, so that of records none is too old.
fn days_off(file: &NewFile, known: &Known<'_>) -> Option<i64> {
    let (rows, middle) = file.times?;
    let [before, now] = known.newest?;
    let days = ((before.min(now) - middle).max(0) - (middle - before.max(now)).max(0)) / DAY;
    (rows >= FEWEST).then(|| if known.has_facts { days } else { days.min(0) })
}

/// Facts of another year, or times in the future.
fn times(file: &NewFile, known: &Known<'_>, limit: Option<u32>) -> Option<Finding> {
    let limit = i64::from(limit?);
    let usual = &known.figures?.days_off;
    let days = days_off(file, known)?;
    let (least, most) = (*usual.iter().min()?, *usual.iter().max()?);
    let reason = || {
        let told = |days: i64| match days {
            0 => "new".to_string(),
            1.. => format!("{days} days before what was known"),
            _ => format!("{} days after the newest that is not in the future", -days),
        };
        let usual = if least == most { told(least) } else { format!("{} to {}", told(least), told(most)) };
        format!(
            "the middle of its times is {}, where that of the newest {} files is {usual}, a distance of more than guards.times = {limit} days",
            told(days),
            known.figures.map_or(0, |of| of.days_off.len()),
        )
    };
    // A file that is sent again is as old as it was.
    let over = (days - most > limit && file.replaces.is_none()) || least - days > limit;
    (over && usual.len() as u64 >= HABIT).then(|| Finding { guard: "times", reason: reason() })
}

/// Half a file: fewer rows than a file of its kind ever had.
fn short(file: &NewFile, known: &Known<'_>, limit: Option<f64>) -> Option<Finding> {
    let limit = limit?;
    let rows = file.rows as f64;
    let found = |than: u64, what: &str, limit: f64| {
        let reason = format!("{} rows, where {what} {than}; guards.short lets in {limit} of them and more", file.rows);
        Some(Finding { guard: "short", reason })
    };
    if let Some(replaces) = file.replaces.filter(|replaces| *replaces >= FEWEST) {
        let limit = limit.max(WHOLE_SHORT);
        return if rows < limit * replaces as f64 {
            found(replaces, "the file that it replaces has", limit)
        } else {
            None
        };
    }
    // Two copies of the whole source, one after the other: the next is one as well.
    if let Some(last) = known.rows.iter().rfind(|rows| **rows > 0).filter(|last| known.copies && **last >= FEWEST) {
        let limit = limit.max(WHOLE_SHORT);
        return if rows < limit * *last as f64 {
            found(*last, "the copy of the source before has", limit)
        } else {
            None
        };
    }
    // Whether a day may have no rows is what `incomplete` asks.
    if file.rows == 0 {
        return None;
    }
    let filled: Vec<u64> = known.later().iter().copied().filter(|rows| *rows > 0).collect();
    let smallest = *filled.iter().min()?;
    // A quiet day of a small source is no half: what chance can do to so many rows is left aside.
    let by_chance = 4.0 * (smallest as f64).sqrt();
    let over = filled.len() >= WEEK && rows < limit * smallest as f64 && smallest as f64 - rows > by_chance;
    if over { found(smallest, "the smallest file of its source has", limit) } else { None }
}

/// Adds a file that is let in to what is known of its source.
pub(super) fn learn(figures: &mut SourceFigures, file: &NewFile, known: &Known<'_>, is_first_run: bool) {
    for (attribute, kinds) in &file.kinds {
        let of = figures.kinds.entry(attribute.clone()).or_default();
        for (kind, n) in kinds {
            *of.entry(kind.clone()).or_default() += n;
        }
    }
    figures.cut += u64::from(file.cut);
    if file.facts >= FEWEST {
        remember(&mut figures.orphans, share(file.orphans, file.facts));
    }
    if is_first_run {
        return;
    }
    figures.files += 1;
    figures.open_ends += u64::from(file.open_end);
    figures.records += file.records;
    if figures.in_both.is_empty() {
        // What earlier versions counted: all known records.
        figures.in_both = figures.changed.keys().map(|attribute| (attribute.clone(), figures.known)).collect();
    }
    for (attribute, n) in &file.in_both {
        *figures.in_both.entry(attribute.clone()).or_default() += n;
    }
    if let Some(days) = days_off(file, known).filter(|_| file.replaces.is_none()) {
        remember(&mut figures.days_off, days);
    }
    figures.known += file.known;
    for (attribute, n) in &file.changed {
        *figures.changed.entry(attribute.clone()).or_default() += n;
    }
    let own = file.repeated.get(&file.source).copied().unwrap_or(0.0);
    figures.repeated = figures.repeated.max(own);
    if let Some((rows, beyond)) = file.beyond {
        figures.partial += u64::from(rows >= FEWEST && (1.0 - beyond).powf(rows as f64) < NO_CHANCE);
    }
}

/// Keeps the newest of a week: what is let in a few times becomes usual, and one bad file does not.
fn remember<T>(newest: &mut Vec<T>, value: T) {
    newest.push(value);
    newest.drain(..newest.len().saturating_sub(WEEK));
}

#[cfg(test)]
#[path = "files_test.rs"]
mod tests;
