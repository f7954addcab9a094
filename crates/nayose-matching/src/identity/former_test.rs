//! Ids over random runs, wrong deliveries that are taken back, and rollbacks: an alias never leads to a stranger.

use proptest::prelude::*;

use super::*;
use crate::identity::alias::Step;
use crate::identity::carry::{NO_ID, carry, events as carry_events};
use crate::identity::rollback::{Ids, restored};

/// What is known of a record in a run.
#[derive(Clone, Copy, Debug)]
struct Seen {
    record: u32,
    /// Records of one label are one person.
    person: u32,
    /// The oldest time of the record: what founds an id.
    first: u8,
}

/// What a lake keeps of ids.
#[derive(Clone, Debug, Default)]
struct Lake {
    as_of: i64,
    /// Record → id, and since when.
    open: BTreeMap<u32, (String, i64)>,
    /// The closed rows of `id_map`.
    closed: Vec<(u32, String, i64)>,
    steps: Vec<Step>,
    /// Id → every record that ever had it: the truth, which no lake keeps.
    had: BTreeMap<String, BTreeSet<u32>>,
}

impl Lake {
    fn aliases(&self) -> Aliases {
        Aliases::new(self.steps.clone())
    }

    fn ids(&self) -> Ids {
        Ids { own: self.open.values().map(|(id, _)| id.clone()).collect(), aliases: self.aliases() }
    }

    fn say(&mut self, mut events: Vec<Event>) {
        // In the order in which a lake reads them: split, retired, merged, created.
        let rank = |event: &Event| match event.kind {
            EventKind::Split(_) => 0,
            EventKind::Retired => 1,
            EventKind::Merged(_) => 2,
            EventKind::Joined(_) | EventKind::Created => 3,
        };
        events.sort_by_key(rank);
        self.steps.extend(events.into_iter().filter_map(|event| match event.kind {
            EventKind::Merged(into) => Some(Step::Merged(event.id, into)),
            EventKind::Joined(_) => None,
            _ => Some(Step::Own(event.id)),
        }));
    }

    /// A run over these records. Where `later` is false it is as of the time of the run before.
    fn run(&mut self, seen: &[Seen], later: bool) {
        self.as_of += i64::from(later);
        let mut seen = seen.to_vec();
        seen.sort_by_key(|s| s.record);
        let label = |row: usize| seen.iter().position(|s| s.person == seen[row].person).unwrap_or(row) as u32;
        let labels: Vec<u32> = (0..seen.len()).map(label).collect();
        let mut before = Before { of_row: vec![NO_ID; seen.len()], ..Before::default() };
        let row_of = |record: u32| seen.binary_search_by_key(&record, |s| s.record).ok();
        let aliases = self.aliases();
        let mut rows: HashMap<String, Vec<u32>> = HashMap::new();
        let all = self.closed.iter().map(|(record, id, since)| (*record, id, *since, false));
        for (record, id, since, open) in all.chain(self.open.iter().map(|(r, (id, since))| (*r, id, *since, true))) {
            let place = before.issued.iter().position(|i| i.id == *id).unwrap_or_else(|| {
                before.issued.push(Issued { id: id.clone(), since, run: 0, records: 0 });
                before.issued.len() - 1
            });
            let issued = &mut before.issued[place];
            issued.since = issued.since.min(since);
            issued.records += u32::from(open);
            match row_of(record) {
                Some(row) if open => before.of_row[row] = place as u32,
                Some(row) => rows.entry(id.clone()).or_default().push(row as u32),
                None => {}
            }
        }
        before.former = Former::all(&before.issued, &aliases, rows);
        let founding = |row: u32| (seen[row as usize].first, row);
        let own = |row: u32, attempt: u32| format!("#{}{}", seen[row as usize].record, "'".repeat(attempt as usize));
        let carried = carry(&labels, &before, founding, own).expect("ids");
        self.say(carry_events(&labels, &before, &carried));
        let mut open = BTreeMap::new();
        for (row, s) in seen.iter().enumerate() {
            let id = carried.ids.of(labels[row]).to_string();
            self.had.entry(id.clone()).or_default().insert(s.record);
            let since = match self.open.get(&s.record) {
                Some((was, since)) if *was == id => *since,
                _ => self.as_of,
            };
            open.insert(s.record, (id, since));
        }
        // What changes twice at one time leaves no row.
        for (record, (id, since)) in std::mem::take(&mut self.open) {
            if open.get(&record).is_none_or(|(now, _)| *now != id) && since < self.as_of {
                self.closed.push((record, id, since));
            }
        }
        self.open = open;
    }

    /// Makes the ids of an earlier state the newest again; what happened stays said.
    fn roll_back(&mut self, then: &Lake) {
        self.say(restored(&self.ids(), &then.ids()));
        (self.as_of, self.open, self.closed) = (then.as_of, then.open.clone(), then.closed.clone());
    }

    /// The ids that lead to a person who shares no record with them, and the people whose own id leads elsewhere.
    fn strangers(&self) -> Vec<String> {
        let aliases = self.aliases();
        let mut people: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for (record, (id, _)) in &self.open {
            people.entry(id).or_default().insert(*record);
        }
        let mut found = Vec::new();
        for (id, had) in &self.had {
            let leads = aliases.resolve(id);
            let own = people.contains_key(id.as_str());
            match people.get(leads) {
                _ if own && leads != id => found.push(format!("{id} is a person and leads to {leads}")),
                Some(person) if person.is_disjoint(had) => {
                    found.push(format!("{id} {had:?} leads to {leads} {person:?}"))
                }
                _ => {}
            }
        }
        found
    }
}

const RECORDS: u32 = 12;

/// A delivery: which records are there, who they are, how old they are said to be.
fn delivery() -> impl Strategy<Value = Vec<Seen>> {
    proptest::collection::vec((0u8..10, 0u32..6, 0u8..4), RECORDS as usize).prop_map(|all| {
        let seen = |(record, (there, person, first)): (usize, (u8, u32, u8))| {
            (there > 0).then_some(Seen { record: record as u32, person, first })
        };
        all.into_iter().enumerate().filter_map(seen).collect()
    })
}

/// The same records, with the values of their neighbours: customer numbers that slipped by a few rows.
fn slipped(good: &[Seen], by: usize, first: u8) -> Vec<Seen> {
    let from = |i: usize| good[(i + by) % good.len()].person;
    good.iter().enumerate().map(|(i, s)| Seen { person: from(i), first: s.first.min(first), ..*s }).collect()
}

fn cases(n: u32) -> ProptestConfig {
    ProptestConfig { cases: n, failure_persistence: None, ..ProptestConfig::default() }
}

proptest! {
    #![proptest_config(cases(2000))]

    #[test]
    fn an_alias_never_leads_to_a_stranger(
        runs in proptest::collection::vec((delivery(), any::<bool>()), 2..8),
    ) {
        let mut lake = Lake::default();
        for (seen, later) in &runs {
            lake.run(seen, *later);
            prop_assert_eq!(lake.strangers(), Vec::<String>::new());
        }
    }

    #[test]
    fn a_wrong_delivery_taken_back_leaves_no_alias_of_a_stranger(
        good in delivery(), more in delivery(), by in 1usize..4, first in 0u8..4, later in any::<[bool; 3]>(),
    ) {
        prop_assume!(good.len() > 3 && more.len() > 3);
        let mut lake = Lake::default();
        lake.run(&good, true);
        let before = lake.open.iter().map(|(record, (id, _))| (*record, id.clone())).collect::<BTreeMap<_, _>>();
        lake.run(&slipped(&good, by, first), later[0]);
        prop_assert_eq!(lake.strangers(), Vec::<String>::new());
        lake.run(&good, later[1]);
        prop_assert_eq!(lake.strangers(), Vec::<String>::new());
        // Who was there before the wrong delivery is found by the id of then.
        let aliases = lake.aliases();
        for (record, id) in &before {
            let leads = aliases.resolve(id).to_string();
            prop_assert!(lake.open.values().any(|(now, _)| *now == leads), "{} of {} leads to nobody", id, record);
        }
        lake.run(&more, later[2]);
        prop_assert_eq!(lake.strangers(), Vec::<String>::new());
    }

    #[test]
    fn after_a_rollback_ids_and_aliases_are_as_they_were(
        runs in proptest::collection::vec((delivery(), any::<bool>()), 3..7), to in 0usize..5, after in delivery(),
    ) {
        let mut lake = Lake::default();
        let mut states = Vec::new();
        for (seen, later) in &runs {
            lake.run(seen, *later);
            states.push(lake.clone());
        }
        let then = &states[to.min(states.len() - 2)];
        lake.roll_back(then);
        let (now, was) = (lake.ids(), then.ids());
        prop_assert_eq!(&now.own, &was.own);
        for id in lake.had.keys() {
            prop_assert_eq!(now.aliases.merged_into(id), was.aliases.merged_into(id));
        }
        prop_assert_eq!(lake.strangers(), Vec::<String>::new());
        lake.run(&after, true);
        prop_assert_eq!(lake.strangers(), Vec::<String>::new());
    }
}
