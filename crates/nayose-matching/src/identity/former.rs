//! Ids that are nobody's own: which of them a set of records takes again, and whom the others lead to.
//!
//! In: the ids of earlier runs that the run before did not give, and those that are aliases. Out: a set without an id takes the oldest
//! of them that was founded on one of its records; of the others, events where an alias led to another person than the one who has its
//! records. The law: **an alias leads to the person with its founding record**; where that record is gone, to the one with most of the
//! records that it ever had; where none of them is left, to nobody. So an alias never leads to a person who shares no record with it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use foldhash::fast::FixedState;

use super::alias::Aliases;
use super::carry::{Before, Event, EventKind, Issued};
use super::set_ids::SetIds;
use crate::parallel;

/// An id that was a person's own in an earlier run.
#[derive(Clone, Debug, PartialEq)]
pub struct Former {
    /// The id.
    pub id: String,
    /// Since when it is there, microseconds of data time; `i64::MAX` where nothing says it.
    pub since: i64,
    /// The id that it was merged into, where it is an alias.
    pub alias_of: Option<String>,
    /// The rows that ever had it and are there; only asked of aliases.
    pub rows: Vec<u32>,
}

impl Former {
    /// The ids that are nobody's own: those that no record had in the run before, and aliases. `rows` has, by id, the rows that ever had
    /// it and are there.
    pub fn all(issued: &[Issued], aliases: &Aliases, mut rows: HashMap<String, Vec<u32>>) -> Vec<Former> {
        let asked = |issued: &&Issued| issued.records == 0 || aliases.merged_into(&issued.id).is_some();
        let since: BTreeMap<&str, i64> = issued.iter().filter(asked).map(|i| (i.id.as_str(), i.since)).collect();
        let ids: BTreeSet<&str> = since.keys().copied().chain(aliases.ids()).collect();
        let former = |id: &str| Former {
            id: id.to_string(),
            since: since.get(id).copied().unwrap_or(i64::MAX),
            alias_of: aliases.merged_into(id).map(str::to_string),
            rows: rows.remove(id).unwrap_or_default(),
        };
        ids.into_iter().map(former).collect()
    }
}

/// Rows that a thread looks at at once: some milliseconds.
const ROWS_AT_ONCE: usize = 1 << 14;

/// For every former id the set that has its founding record.
pub(super) fn founding_sets(
    labels: &[u32],
    before: &Before,
    own: &(impl Fn(u32, u32) -> String + Sync),
) -> Vec<Option<u32>> {
    let mut sets = vec![None; before.former.len()];
    if before.former.is_empty() {
        return sets;
    }
    let places: HashMap<&str, usize, FixedState> =
        before.former.iter().enumerate().map(|(place, former)| (former.id.as_str(), place)).collect();
    let found = parallel::map(labels.chunks(ROWS_AT_ONCE).collect(), |part, labels: &[u32]| {
        let rows = ((part * ROWS_AT_ONCE) as u32..).zip(labels);
        let founded = |(row, label): (u32, &u32)| Some((*places.get(own(row, 0).as_str())?, *label));
        rows.filter_map(founded).collect::<Vec<_>>()
    });
    found.into_iter().flatten().for_each(|(place, label)| sets[place] = Some(label));
    sets
}

/// Gives sets without an id the oldest former id that was founded on one of their records.
pub(super) fn take_again(before: &Before, founded: &[Option<u32>], ids: &mut SetIds) {
    let mut claims: Vec<(i64, &str, u32)> = before
        .former
        .iter()
        .zip(founded)
        .filter_map(|(former, label)| Some((former.since, former.id.as_str(), (*label)?)))
        .collect();
    claims.sort_unstable();
    for (_, id, label) in claims {
        if !ids.is_named(label) {
            ids.give(label, id);
        }
    }
}

/// What has to be said of former ids. `merged` has the ids that become aliases in this run, with those that they lead to; `said` are
/// the other events of this run.
pub(super) fn events(
    labels: &[u32],
    (before, founded): (&Before, &[Option<u32>]),
    ids: &SetIds,
    merged: &HashMap<&str, &str>,
    said: &[Event],
) -> Vec<Event> {
    let own: HashSet<&str, FixedState> = said
        .iter()
        .filter(|event| matches!(event.kind, EventKind::Created | EventKind::Split(_)))
        .map(|event| event.id.as_str())
        .collect();
    // Whom each has to lead to.
    let wanted: HashMap<&str, &str> = before
        .former
        .iter()
        .zip(founded)
        .filter(|(former, _)| !ids.has(&former.id) && !merged.contains_key(former.id.as_str()))
        .filter_map(|(former, founded)| {
            let most = || former.alias_of.as_ref().and_then(|_| most_of(labels, &former.rows));
            let label = founded.or_else(most)?;
            Some((former.id.as_str(), ids.of(label)))
        })
        .collect();
    let mut found = Vec::new();
    for former in &before.former {
        let id = former.id.as_str();
        let event = |kind| Event { id: id.to_string(), kind, rows: Vec::new() };
        if ids.has(id) {
            if former.alias_of.is_some() && !own.contains(id) {
                found.push(event(EventKind::Created));
            }
            continue;
        }
        if merged.contains_key(id) {
            continue;
        }
        // Where it leads to without a word: what it was merged into may have been merged itself, or is former too.
        let led = former
            .alias_of
            .as_deref()
            .and_then(|into| ids.find(into).or_else(|| merged.get(into).or_else(|| wanted.get(into)).copied()));
        match (wanted.get(id).copied(), led) {
            (Some(to), led) if led != Some(to) => found.push(event(EventKind::Merged(to.to_string()))),
            (None, Some(_)) => found.push(event(EventKind::Retired)),
            _ => {}
        }
    }
    found
}

/// The set with most of these rows, then the one with the smallest row.
fn most_of(labels: &[u32], rows: &[u32]) -> Option<u32> {
    let mut shares: BTreeMap<u32, u32> = BTreeMap::new();
    for row in rows {
        *shares.entry(labels[*row as usize]).or_default() += 1;
    }
    shares.into_iter().max_by_key(|(label, n)| (*n, Reverse(*label))).map(|(label, _)| label)
}

#[cfg(test)]
#[path = "former_test.rs"]
mod tests;
