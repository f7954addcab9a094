//! Ids over runs: which id every set of records has, given the ids of its records in the run before, and what happened to
//! them.
//!
//! In: for every row its set and the id that it had. Out: an id for every set, and the events. The law: of a split, the part
//! with the founding record keeps the id; of a merge, the older id stays (then the one with more records, then the smaller
//! id) and the others become its aliases; a set without any id takes the oldest id that was founded on one of its records, else
//! that of its founding record, so that a part which was merged and is split off again has its old id back. Which record founded
//! an id is not kept anywhere: an id is the hash of its founding record. Where aliases lead to says [`super::former`].

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};

use foldhash::fast::FixedState;

use super::former::{self, Former};
use super::set_ids::SetIds;
use crate::parallel;
use crate::texts::Texts;

/// An id that records had in the run before.
#[derive(Clone, Debug, PartialEq)]
pub struct Issued {
    /// The id.
    pub id: String,
    /// Since when it is there, microseconds of data time.
    pub since: i64,
    /// Number of the first run that gave it at that time: of two runs as of one time the first has the older ids.
    pub run: i64,
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
    /// Ids of earlier runs that no record had in the run before, and all aliases.
    pub former: Vec<Former>,
}

/// Attempts to find an id that nobody has.
pub const ATTEMPTS: u32 = 100;

/// A row had no id.
pub const NO_ID: u32 = u32::MAX;

/// EventKind happened to an id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EventKind {
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
    /// EventKind happened.
    pub kind: EventKind,
    /// The rows whose values, decisions or arrival can have caused it.
    pub rows: Vec<u32>,
}

/// The ids of this run, and what became of those before.
#[derive(Clone, Debug)]
pub struct Carried {
    /// The id of every set.
    pub ids: SetIds,
    /// For every id of before the set that may keep it; `None` where no record is left.
    heirs: Vec<Option<u32>>,
    /// The ids that became aliases, by their place, with the label of the set that has another.
    aliases: Vec<(u32, u32)>,
    /// For every former id the set that has its founding record.
    founded: Vec<Option<u32>>,
}

/// Sets whose new ids a thread makes at once: a fraction of a second for it, and ids of 400 KB.
const NEW_AT_ONCE: usize = 1 << 14;

/// Gives every set of rows its id. `labels` has for every row the smallest row of its set; `founding` orders the rows of a
/// set, the founding record first; `own(row, attempt)` is the id that is founded on a row. `None` where a hundred attempts
/// find no free id.
pub fn carry<K: Ord>(
    labels: &[u32],
    before: &Before,
    founding: impl Fn(u32) -> K,
    own: impl Fn(u32, u32) -> String + Sync,
) -> Option<Carried> {
    let mut heirs = heirs(labels, before, &own);
    let mut claims: Vec<(u32, u32)> =
        heirs.iter().enumerate().filter_map(|(place, heir)| Some(((*heir)?, place as u32))).collect();
    claims.sort_unstable_by(|(l, a), (r, b)| {
        let (a, b) = (&before.issued[*a as usize], &before.issued[*b as usize]);
        (l, a.since, a.run, Reverse(a.records), &a.id).cmp(&(r, b.since, b.run, Reverse(b.records), &b.id))
    });
    let mut ids = SetIds::new(labels);
    let mut aliases = Vec::new();
    for (label, place) in claims {
        if ids.is_named(label) {
            aliases.push((place, label));
        } else {
            ids.give(label, &before.issued[place as usize].id);
        }
    }
    let founded = former::founding_sets(labels, before, &own);
    former::take_again(before, &founded, &mut ids);
    // In order of the founding record, so that who gets which id on a collision does not depend on anything else.
    let mut without = founders(labels, &founding);
    without.retain(|(label, _)| !ids.is_named(*label));
    without.sort_by_cached_key(|(_, founder)| founding(*founder));
    let first = parallel::map(without.chunks(NEW_AT_ONCE).collect(), |_, sets: &[(u32, u32)]| {
        let mut first = Texts::default();
        sets.iter().for_each(|(_, founder)| first.push(&own(*founder, 0)));
        first
    });
    for (sets, first) in without.chunks(NEW_AT_ONCE).zip(first) {
        for (place, (label, founder)) in sets.iter().enumerate() {
            let mut others = (1..ATTEMPTS).map(|attempt| own(*founder, attempt));
            if !ids.give(*label, first.get(place)) && !others.any(|id| ids.give(*label, &id)) {
                return None;
            }
        }
    }
    // An id whose founding record came back, and founded it again, has no heir: its other records join another person.
    aliases.retain(|(place, _)| {
        let again = ids.has(&before.issued[*place as usize].id);
        if again {
            heirs[*place as usize] = None;
        }
        !again
    });
    Some(Carried { ids, heirs, aliases, founded })
}

/// EventKind happened to the ids, in order. The arguments are those of [`carry`] and its answer.
pub fn events(labels: &[u32], before: &Before, carried: &Carried) -> Vec<Event> {
    let Carried { ids, heirs, aliases, founded } = carried;
    let mut events = of_sets(labels, before, heirs, ids);
    for (alias, label) in aliases {
        let kind = EventKind::Merged(ids.of(*label).to_string());
        events.push(Event { id: before.issued[*alias as usize].id.clone(), kind, rows: Vec::new() });
    }
    for (issued, _) in before.issued.iter().zip(heirs).filter(|(_, heir)| heir.is_none()) {
        // A record that came back may have founded it again.
        if issued.records > 0 && !ids.has(&issued.id) {
            events.push(Event { id: issued.id.clone(), kind: EventKind::Retired, rows: Vec::new() });
        }
    }
    let merged: HashMap<&str, &str> =
        aliases.iter().map(|(alias, label)| (before.issued[*alias as usize].id.as_str(), ids.of(*label))).collect();
    let former = former::events(labels, (before, founded), ids, &merged, &events);
    events.extend(former);
    involve(labels, before, ids, &mut events);
    parallel::sort(&mut events);
    events.dedup();
    events
}

/// The sets, by their labels, with their founding rows.
fn founders<K: Ord>(labels: &[u32], founding: &impl Fn(u32) -> K) -> Vec<(u32, u32)> {
    let mut founders: Vec<u32> = (0..labels.len() as u32).collect();
    for (row, label) in labels.iter().enumerate().filter(|(row, label)| *row as u32 != **label) {
        let founder = &mut founders[*label as usize];
        if founding(row as u32) < founding(*founder) {
            *founder = row as u32;
        }
    }
    let sets = labels.iter().zip(0..).filter(|(label, row)| **label == *row);
    sets.map(|(label, _)| (*label, founders[*label as usize])).collect()
}

/// For every id of before the set that may keep it: that of its founding record; where that is gone, the one with most of
/// its records, then the one with the smallest row. `None` where no record is left.
fn heirs(labels: &[u32], before: &Before, own: &impl Fn(u32, u32) -> String) -> Vec<Option<u32>> {
    let of_rows = || labels.iter().zip(&before.of_row).enumerate().filter(|(_, (_, place))| **place != NO_ID);
    let mut heirs: Vec<Option<u32>> = vec![None; before.issued.len()];
    // Most ids have all their rows in one set.
    let mut divided: BTreeMap<u32, (Option<u32>, BTreeMap<u32, u32>)> = BTreeMap::new();
    for (_, (label, place)) in of_rows() {
        if *heirs[*place as usize].get_or_insert(*label) != *label {
            divided.entry(*place).or_default();
        }
    }
    for (row, (label, place)) in of_rows() {
        if let Some((founded, shares)) = divided.get_mut(place) {
            if founded.is_none() && own(row as u32, 0) == before.issued[*place as usize].id {
                *founded = Some(*label);
            }
            *shares.entry(*label).or_default() += 1;
        }
    }
    for (place, (founded, shares)) in divided {
        let most = shares.iter().max_by_key(|(label, n)| (**n, Reverse(**label))).map(|(label, _)| *label);
        heirs[place as usize] = founded.or(most);
    }
    heirs
}

/// Created, joined and split.
fn of_sets(labels: &[u32], before: &Before, heirs: &[Option<u32>], ids: &SetIds) -> Vec<Event> {
    let issued: HashSet<&str, FixedState> = before.issued.iter().map(|i| i.id.as_str()).collect();
    let (mut inherited, mut had) = (vec![false; labels.len()], vec![false; labels.len()]);
    heirs.iter().flatten().for_each(|label| inherited[*label as usize] = true);
    for (label, _) in labels.iter().zip(&before.of_row).filter(|(_, place)| **place != NO_ID) {
        had[*label as usize] = true;
    }
    let mut events = Vec::new();
    for (row, (label, place)) in labels.iter().zip(&before.of_row).enumerate() {
        let (set, row) = (*label as usize, row as u32);
        let id = ids.of(*label);
        let event = |kind| Event { id: id.to_string(), kind, rows: Vec::new() };
        match (*place, inherited[set]) {
            (NO_ID, true) => events.push(event(EventKind::Joined(row))),
            (NO_ID, false) if row == *label && !had[set] && !issued.contains(id) => {
                events.push(event(EventKind::Created));
            }
            (NO_ID, false) => {}
            // Moved with its whole id: the event of the id says so.
            (place, true) if heirs[place as usize] == Some(*label) => {}
            (_, true) => events.push(event(EventKind::Joined(row))),
            (place, false) => events.push(event(EventKind::Split(before.issued[place as usize].id.clone()))),
        }
    }
    events
}

/// Adds to every event but the plain ones the rows that can have caused it: those of the id now, and those of the other id
/// before.
fn involve(labels: &[u32], before: &Before, ids: &SetIds, events: &mut [Event]) {
    let mut asked: HashMap<String, Vec<u32>, FixedState> = HashMap::default();
    for event in events.iter() {
        match &event.kind {
            EventKind::Merged(other) => drop(asked.entry(other.clone()).or_default()),
            EventKind::Split(other) => {
                asked.entry(other.clone()).or_default();
                asked.entry(event.id.clone()).or_default();
            }
            EventKind::Joined(_) => drop(asked.entry(event.id.clone()).or_default()),
            EventKind::Created | EventKind::Retired => {}
        }
    }
    if asked.is_empty() {
        return;
    }
    for (row, (label, place)) in labels.iter().zip(&before.of_row).enumerate() {
        let now = ids.of(*label);
        let then = before.issued.get(*place as usize).map(|i| i.id.as_str()).filter(|then| *then != now);
        for id in [Some(now), then].into_iter().flatten() {
            if let Some(rows) = asked.get_mut(id) {
                rows.push(row as u32);
            }
        }
    }
    for event in events.iter_mut() {
        event.rows = match &event.kind {
            EventKind::Merged(other) => asked[other].clone(),
            EventKind::Split(other) => {
                let mut rows = [asked[other].as_slice(), asked[&event.id].as_slice()].concat();
                rows.sort_unstable();
                rows.dedup();
                rows
            }
            // A new record is its own cause.
            EventKind::Joined(row) if before.of_row[*row as usize] != NO_ID => asked[&event.id].clone(),
            EventKind::Joined(row) => vec![*row],
            EventKind::Created | EventKind::Retired => Vec::new(),
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
                        before.issued.push(Issued { id: id.to_string(), since, run: 0, records: 1 });
                        before.issued.len() as u32 - 1
                    }
                },
            });
        }
        let own = |row: u32, attempt: u32| format!("#{row}{}", "'".repeat(attempt as usize));
        let carried = carry(now, &before, |row| row, own).expect("ids");
        let events_found = super::events(now, &before, &carried);
        let found: Vec<&str> = now.iter().map(|label| carried.ids.of(*label)).collect();
        assert_eq!(found, ids);
        let said: Vec<String> = events_found
            .iter()
            .map(|e| match &e.kind {
                EventKind::Created => format!("{} created", e.id),
                EventKind::Joined(row) => format!("{} joined by {row}", e.id),
                EventKind::Merged(into) => format!("{} merged into {into}", e.id),
                EventKind::Split(from) => format!("{} split from {from}", e.id),
                EventKind::Retired => format!("{} retired", e.id),
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
    fn an_id_whose_founding_record_came_back_is_no_alias() {
        let ids = [None, Some("#0"), Some("#00")];
        check(&ids, &[("#0", 2), ("#00", 1)], &[0, 1, 1], &["#0", "#00", "#00"], &["#00 joined by 1"]);
    }

    #[test]
    fn a_record_that_moves_joins_the_other() {
        let ids = [Some("#0"), Some("#0"), Some("#2")];
        check(&ids, &[], &[0, 1, 1], &["#0", "#2", "#2"], &["#2 joined by 1"]);
    }

    #[test]
    fn of_two_that_found_one_id_the_first_has_it() {
        // More sets than a thread takes at once; the second half would have the ids of the first.
        let half = NEW_AT_ONCE as u32 * 2;
        let labels: Vec<u32> = (0..2 * half).collect();
        let before = Before { of_row: vec![NO_ID; labels.len()], ..Before::default() };
        let own = |row: u32, attempt: u32| match attempt {
            0 => format!("#{}", row % half),
            _ => format!("#{row}'"),
        };
        // Later rows were there first.
        let carried = carry(&labels, &before, Reverse, own).expect("ids");
        let expected = |row: u32| if row < half { format!("#{row}'") } else { format!("#{}", row % half) };
        assert!(labels.iter().all(|row| carried.ids.of(*row) == expected(*row)));
        let events = super::events(&labels, &before, &carried);
        assert!(events.is_sorted() && events.len() == labels.len());
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
                    before.issued.push(Issued { id: name.clone(), since: 0, run: 0, records: 0 });
                    before.issued.len() - 1
                });
                before.issued[place].records += 1;
                before.of_row.push(place as u32);
            }
            let own = |row: u32, attempt: u32| format!("#{row}{}", "'".repeat(attempt as usize));
            let carried = carry(&labels, &before, |row| row, own).expect("ids");
            let events = super::events(&labels, &before, &carried);
            let sets = (0u32..).zip(&labels).filter(|(row, label)| row == *label).map(|(row, _)| row);
            let ids: Vec<&str> = sets.map(|label| carried.ids.of(label)).collect();
            let distinct: HashSet<&str> = ids.iter().copied().collect();
            proptest::prop_assert_eq!(distinct.len(), ids.len());
            proptest::prop_assert!(!distinct.contains(""));
            // Every id of before is an id now, or an event says what became of it.
            for issued in &before.issued {
                let gone = events.iter().any(|e| e.id == issued.id && matches!(e.kind, EventKind::Merged(_)));
                proptest::prop_assert!(distinct.contains(issued.id.as_str()) != gone, "{}: {:?}", issued.id, events);
            }
        }
    }
}
