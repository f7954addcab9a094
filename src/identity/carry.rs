//! Ids over runs: which id every set of records has, given the ids of its records in the run before, and what happened to
//! them.
//!
//! In: for every row its set and the id that it had. Out: an id for every set, and the events. The law: of a split, the part
//! with the founding record keeps the id; of a merge, the older id stays (then the one with more records, then the smaller
//! id) and the others become its aliases; a set without any id gets that of its founding record, so that a part which was
//! merged and is split off again has its old id back. Which record founded an id is not kept anywhere: an id is the hash of
//! its founding record.

use std::collections::{BTreeMap, HashMap, HashSet};

/// An id that records had in the run before.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// The id.
    pub id: String,
    /// Since when it is there, microseconds of data time.
    pub since: i64,
    /// Records that had it.
    pub records: u32,
}

/// The ids of the run before.
#[derive(Clone, Debug, Default)]
pub struct Before {
    /// The ids.
    pub issued: Vec<Issued>,
    /// For every row the place of its id in `issued`; [`NO_ID`] for a new record.
    pub of_row: Vec<u32>,
}

/// A row had no id.
pub const NO_ID: u32 = u32::MAX;

/// What happened to an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// A person of whom there was no record before.
    Created,
    /// This row came to the person, alone.
    Joined(u32),
    /// The id became an alias of this one.
    Merged(String),
    /// Records of this other id are a person of their own.
    Split(String),
    /// No record is left.
    Retired,
}

/// An event of an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Event {
    /// The id.
    pub id: String,
    /// What happened.
    pub what: What,
    /// The rows whose values, decisions or arrival can have caused it.
    pub rows: Vec<u32>,
}

/// Gives every set of rows its id. `labels` has for every row the smallest row of its set; `founding` orders the rows of a
/// set, the founding record first; `own(row, attempt)` is the id that is founded on a row. `None` where a hundred attempts
/// find no free id.
pub fn carry<K: Ord>(
    labels: &[u32],
    before: &Before,
    founding: impl Fn(u32) -> K,
    own: impl Fn(u32, u32) -> String,
) -> Option<(HashMap<u32, String>, Vec<Event>)> {
    let founders = founders(labels, &founding);
    let heirs = heirs(labels, before, &own);
    let mut claims: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (place, heir) in heirs.iter().enumerate().filter_map(|(place, heir)| Some((place as u32, (*heir)?))) {
        claims.entry(heir).or_default().push(place);
    }
    let mut ids: HashMap<u32, String> = HashMap::with_capacity(founders.len());
    let mut taken: HashSet<String> = HashSet::with_capacity(founders.len());
    let mut events = Vec::new();
    let mut kept: Vec<bool> = vec![false; before.issued.len()];
    for (label, places) in &mut claims {
        places.sort_by(|a, b| {
            let (a, b) = (&before.issued[*a as usize], &before.issued[*b as usize]);
            (a.since, b.records, &a.id).cmp(&(b.since, a.records, &b.id))
        });
        let id = &before.issued[places[0] as usize].id;
        kept[places[0] as usize] = true;
        taken.insert(id.clone());
        ids.insert(*label, id.clone());
    }
    // In order of the founding record, so that who gets which id on a collision does not depend on anything else.
    let mut without: Vec<(u32, u32)> =
        founders.iter().filter(|(label, _)| !ids.contains_key(label)).map(|(l, f)| (*l, *f)).collect();
    without.sort_by_key(|(_, founder)| founding(*founder));
    for (label, founder) in without {
        let id = (0..100).map(|attempt| own(founder, attempt)).find(|id| !taken.contains(id))?;
        taken.insert(id.clone());
        ids.insert(label, id);
    }
    for (label, places) in &claims {
        for alias in &places[1..] {
            let what = What::Merged(ids[label].clone());
            events.push(Event { id: before.issued[*alias as usize].id.clone(), what, rows: Vec::new() });
        }
    }
    of_sets(labels, before, &heirs, &ids, &mut events);
    for (place, issued) in before.issued.iter().enumerate().filter(|(place, _)| heirs[*place].is_none()) {
        // A record that came back may have founded it again.
        if issued.records > 0 && !taken.contains(&before.issued[place].id) {
            events.push(Event { id: issued.id.clone(), what: What::Retired, rows: Vec::new() });
        }
    }
    involve(labels, before, &ids, &mut events);
    events.sort();
    events.dedup();
    Some((ids, events))
}

/// Set → its founding row.
fn founders<K: Ord>(labels: &[u32], founding: &impl Fn(u32) -> K) -> BTreeMap<u32, u32> {
    let mut founders: BTreeMap<u32, u32> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate() {
        let founder = founders.entry(*label).or_insert(row as u32);
        if *founder != row as u32 && founding(row as u32) < founding(*founder) {
            *founder = row as u32;
        }
    }
    founders
}

/// For every id of before the set that may keep it: that of its founding record; where that is gone, the one with most of
/// its records, then the one with the smallest row. `None` where no record is left.
fn heirs(labels: &[u32], before: &Before, own: &impl Fn(u32, u32) -> String) -> Vec<Option<u32>> {
    let mut founded: Vec<Option<u32>> = vec![None; before.issued.len()];
    let mut shares: Vec<BTreeMap<u32, u32>> = vec![BTreeMap::new(); before.issued.len()];
    for (row, (label, place)) in labels.iter().zip(&before.of_row).enumerate().filter(|(_, (_, p))| **p != NO_ID) {
        let place = *place as usize;
        if founded[place].is_none() && own(row as u32, 0) == before.issued[place].id {
            founded[place] = Some(*label);
        }
        *shares[place].entry(*label).or_default() += 1;
    }
    let most = |shares: &BTreeMap<u32, u32>| {
        shares.iter().max_by_key(|(label, n)| (**n, std::cmp::Reverse(**label))).map(|(label, _)| *label)
    };
    founded.into_iter().zip(&shares).map(|(founded, shares)| founded.or_else(|| most(shares))).collect()
}

/// Created, joined and split.
fn of_sets(
    labels: &[u32],
    before: &Before,
    heirs: &[Option<u32>],
    ids: &HashMap<u32, String>,
    events: &mut Vec<Event>,
) {
    let issued: HashSet<&str> = before.issued.iter().map(|i| i.id.as_str()).collect();
    let inherited: HashSet<u32> = heirs.iter().flatten().copied().collect();
    let had: HashSet<u32> =
        labels.iter().zip(&before.of_row).filter(|(_, place)| **place != NO_ID).map(|(label, _)| *label).collect();
    for (row, (label, place)) in labels.iter().zip(&before.of_row).enumerate() {
        let (id, row) = (&ids[label], row as u32);
        let event = |what| Event { id: id.clone(), what, rows: Vec::new() };
        match (*place, inherited.contains(label)) {
            (NO_ID, true) => events.push(event(What::Joined(row))),
            (NO_ID, false) if row == *label && !had.contains(label) && !issued.contains(id.as_str()) => {
                events.push(event(What::Created));
            }
            (NO_ID, false) => {}
            // Moved with its whole id: the event of the id says so.
            (place, true) if heirs[place as usize] == Some(*label) => {}
            (_, true) => events.push(event(What::Joined(row))),
            (place, false) => events.push(event(What::Split(before.issued[place as usize].id.clone()))),
        }
    }
}

/// Adds to every event but the plain ones the rows that can have caused it: those of the id now, and those of the other id
/// before.
fn involve(labels: &[u32], before: &Before, ids: &HashMap<u32, String>, events: &mut [Event]) {
    let mut asked: HashMap<String, Vec<u32>> = HashMap::new();
    for event in events.iter() {
        match &event.what {
            What::Merged(other) => drop(asked.entry(other.clone()).or_default()),
            What::Split(other) => {
                asked.entry(other.clone()).or_default();
                asked.entry(event.id.clone()).or_default();
            }
            What::Joined(_) => drop(asked.entry(event.id.clone()).or_default()),
            What::Created | What::Retired => {}
        }
    }
    for (row, (label, place)) in labels.iter().zip(&before.of_row).enumerate() {
        let now = ids[label].as_str();
        let then = before.issued.get(*place as usize).map(|i| i.id.as_str()).filter(|then| *then != now);
        for id in [Some(now), then].into_iter().flatten() {
            if let Some(rows) = asked.get_mut(id) {
                rows.push(row as u32);
            }
        }
    }
    for event in events.iter_mut() {
        event.rows = match &event.what {
            What::Merged(other) => asked[other].clone(),
            What::Split(other) => {
                let mut rows = [asked[other].as_slice(), asked[&event.id].as_slice()].concat();
                rows.sort_unstable();
                rows.dedup();
                rows
            }
            // A new record is its own cause.
            What::Joined(row) if before.of_row[*row as usize] != NO_ID => asked[&event.id].clone(),
            What::Joined(row) => vec![*row],
            What::Created | What::Retired => Vec::new(),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Ids are `#row` of the founding row, rows are founded in order. `now` and `then` are sets and ids by row.
    fn check(then: &[Option<&str>], since: &[(&str, i64)], now: &[u32], ids: &[&str], events: &[&str]) {
        let mut before = Before::default();
        for id in then {
            before.of_row.push(match id {
                None => NO_ID,
                Some(id) => match before.issued.iter_mut().position(|i| i.id == *id) {
                    Some(place) => {
                        before.issued[place].records += 1;
                        place as u32
                    }
                    None => {
                        let since = since.iter().find(|(of, _)| of == id).map_or(0, |(_, since)| *since);
                        before.issued.push(Issued { id: id.to_string(), since, records: 1 });
                        before.issued.len() as u32 - 1
                    }
                },
            });
        }
        let own = |row: u32, attempt: u32| format!("#{row}{}", "'".repeat(attempt as usize));
        let (found, what) = carry(now, &before, |row| row, own).expect("ids");
        let found: Vec<&str> = now.iter().map(|label| found[label].as_str()).collect();
        assert_eq!(found, ids);
        let said: Vec<String> = what
            .iter()
            .map(|e| match &e.what {
                What::Created => format!("{} created", e.id),
                What::Joined(row) => format!("{} joined by {row}", e.id),
                What::Merged(into) => format!("{} merged into {into}", e.id),
                What::Split(from) => format!("{} split from {from}", e.id),
                What::Retired => format!("{} retired", e.id),
            })
            .collect();
        assert_eq!(said, events);
    }

    #[test]
    fn the_first_run_founds_ids_on_records() {
        check(&[None, None, None], &[], &[0, 0, 2], &["#0", "#0", "#2"], &["#0 created", "#2 created"]);
    }

    #[test]
    fn who_stays_together_keeps_the_id() {
        check(&[Some("#0"), Some("#0"), Some("#2")], &[], &[0, 0, 2], &["#0", "#0", "#2"], &[]);
        // An older record that comes later founds nothing anew.
        check(&[None, Some("#1")], &[], &[0, 0], &["#1", "#1"], &["#1 joined by 0"]);
    }

    #[test]
    fn a_merge_keeps_the_older_id_then_that_of_more_records_then_the_smaller() {
        let ids = [Some("#0"), Some("#1"), Some("#1")];
        check(&ids, &[("#0", 1), ("#1", 2)], &[0, 0, 0], &["#0"; 3], &["#1 merged into #0"]);
        check(&ids, &[("#0", 2), ("#1", 1)], &[0, 0, 0], &["#1"; 3], &["#0 merged into #1"]);
        check(&ids, &[], &[0, 0, 0], &["#1"; 3], &["#0 merged into #1"]);
        check(&[Some("#0"), Some("#1")], &[], &[0, 0], &["#0"; 2], &["#1 merged into #0"]);
    }

    #[test]
    fn in_a_split_the_founding_record_keeps_the_id() {
        let ids = [Some("#1"), Some("#1"), Some("#1")];
        check(&ids, &[], &[0, 1, 0], &["#0", "#1", "#0"], &["#0 split from #1"]);
        // Its founding record is gone: the larger part.
        let ids = [Some("#9"), Some("#9"), Some("#9")];
        check(&ids, &[], &[0, 1, 1], &["#0", "#9", "#9"], &["#0 split from #9"]);
    }

    #[test]
    fn what_was_merged_and_is_split_has_its_id_back() {
        check(&[Some("#0"), Some("#0")], &[], &[0, 1], &["#0", "#1"], &["#1 split from #0"]);
    }

    #[test]
    fn a_record_that_moves_joins_the_other() {
        let ids = [Some("#0"), Some("#0"), Some("#2")];
        check(&ids, &[], &[0, 1, 1], &["#0", "#2", "#2"], &["#2 joined by 1"]);
    }

    proptest::proptest! {
        #[test]
        fn every_set_has_one_id_and_no_two_share_one(
            parents in proptest::collection::vec(0usize..8, 8), now in proptest::collection::vec(0usize..5, 8),
        ) {
            // Every id is held by its founding record, as runs leave it.
            let mut then: Vec<usize> = Vec::new();
            for (row, parent) in parents.iter().enumerate() {
                let parent = parent % (row + 1);
                then.push(if parent == row { row } else { then[parent] });
            }
            let label = |of: &[usize], row: usize| of.iter().position(|l| *l == of[row]).unwrap_or(0) as u32;
            let labels: Vec<u32> = (0..now.len()).map(|row| label(&now, row)).collect();
            let mut before = Before::default();
            for id in &then {
                let name = format!("#{id}");
                let place = before.issued.iter().position(|i| i.id == name).unwrap_or_else(|| {
                    before.issued.push(Issued { id: name.clone(), since: 0, records: 0 });
                    before.issued.len() - 1
                });
                before.issued[place].records += 1;
                before.of_row.push(place as u32);
            }
            let own = |row: u32, attempt: u32| format!("#{row}{}", "'".repeat(attempt as usize));
            let (ids, events) = carry(&labels, &before, |row| row, own).expect("ids");
            let distinct: HashSet<&String> = ids.values().collect();
            proptest::prop_assert_eq!(distinct.len(), ids.len());
            // Every id of before is an id now, or an event says what became of it.
            for issued in &before.issued {
                let gone = events.iter().any(|e| e.id == issued.id && matches!(e.what, What::Merged(_)));
                proptest::prop_assert!(distinct.contains(&issued.id) != gone, "{}: {:?}", issued.id, events);
            }
        }
    }
}
