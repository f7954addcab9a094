//! Id spaces: whose ids are found in whose table.
//!
//! Only shares of equal values leave this module.

use std::collections::HashSet;

use serde::Serialize;

use crate::columns::{Column, TableMeaning};
use crate::facts::{Sort, bare};
use crate::meaning::Kind;
use crate::sources::{Holds, Mapping, SourceDraft};

/// A column whose values are found in an id column of another table.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct IdSpace {
    /// The file that has the ids, and the path in it.
    pub owner: (String, Option<String>),
    /// The column of the ids.
    pub id: String,
    /// The file in which they are found, and the path in it.
    pub user: (String, Option<String>),
    /// The column in which they are found.
    pub column: String,
    /// Share of that column's different values that are ids of the owner, in the samples.
    pub share: f64,
}

/// Values that must be found at least: fewer are equal by chance, as small numbers are.
const FEWEST: usize = 2;
/// Characters of an id of which one is enough.
const LONG: usize = 8;
/// Share from which a column uses the ids of another: a beginning of a file has not all of them.
const SHARE: f64 = 0.3;

/// Different values of a column that are compared: a beginning of a file has no more that matter.
const VALUES: usize = 1000;

/// A column that may have ids.
struct Candidate<'a> {
    table: usize,
    column: &'a Column,
    values: HashSet<&'a str>,
}

impl Candidate<'_> {
    fn kind(&self) -> Kind {
        self.column.meaning.kind
    }

    /// Whether it has the ids: every row has its own, of a member or of an order.
    fn is_owner(&self) -> bool {
        let id = matches!(self.kind(), Kind::RecordId | Kind::Identifier | Kind::TransactionId);
        id && self.column.facts.distinct == self.column.facts.filled
    }

    /// Whether ids are small numbers, which other columns have by chance.
    fn is_small(&self) -> bool {
        self.values.iter().all(|id| id.len() <= 5 && id.bytes().all(|b| b.is_ascii_digit()))
    }
}

/// Which columns use the ids of which. Tables come with their files.
pub(crate) fn spaces(tables: &[(String, &TableMeaning)]) -> Vec<IdSpace> {
    let candidates = candidates(tables);
    let place = |table: usize| (tables[table].0.clone(), tables[table].1.path.clone());
    let mut out = Vec::new();
    for owner in candidates.iter().filter(|candidate| candidate.is_owner()) {
        let small = owner.is_small();
        for user in candidates.iter().filter(|user| user.table != owner.table) {
            let other = matches!(user.kind(), Kind::Unused | Kind::EventId);
            // Of two owners the first is told, not each of the other.
            let twice = user.table < owner.table && user.is_owner() && user.kind() == owner.kind();
            if twice || (small && (other || user.kind() != owner.kind())) {
                continue;
            }
            let found: Vec<&&str> = user.values.iter().filter(|value| owner.values.contains(*value)).collect();
            let share = found.len() as f64 / user.values.len().max(1) as f64;
            // One long id is found by chance as seldom as two short ones.
            let enough = found.len() >= FEWEST || found.iter().any(|value| value.len() >= LONG);
            if enough && share >= SHARE {
                out.push(IdSpace {
                    owner: place(owner.table),
                    id: owner.column.name.clone(),
                    user: place(user.table),
                    column: user.column.name.clone(),
                    share,
                });
            }
        }
    }
    out
}

fn candidates<'a>(tables: &[(String, &'a TableMeaning)]) -> Vec<Candidate<'a>> {
    let mut out = Vec::new();
    for (table, (_, meaning)) in tables.iter().enumerate() {
        for (i, column) in meaning.columns.iter().enumerate() {
            let id = matches!(column.meaning.kind, Kind::RecordId | Kind::Identifier | Kind::TransactionId);
            let other = matches!(column.meaning.kind, Kind::Unused | Kind::EventId);
            // Codes and money of a few values are no ids.
            let code = other && column.evidence.share(Sort::Code) > 0.8 && column.facts.distinct > 2;
            if column.facts.filled > 0 && (id || code) {
                let values = meaning.table.filled(i).map(bare).take(VALUES).collect();
                out.push(Candidate { table, column, values });
            }
        }
    }
    out
}

/// Columns that share long values hold numbers of one kind: the card that the app and the card's own file have, the number that a
/// ticket asks for, which is a card's or a member's. People of their tables get them as one identifier, under the name of the first.
pub(crate) fn name_shared(tables: &[(String, &TableMeaning)], sources: &mut [SourceDraft]) {
    let candidates = candidates(tables);
    let is_number = |c: &&Candidate| matches!(c.kind(), Kind::Identifier | Kind::RecordId);
    let numbers: Vec<(&Candidate, HashSet<String>)> =
        candidates.iter().filter(is_number).map(|c| (c, long_values(c))).filter(|(_, long)| long.len() > 1).collect();
    let shares = |a: usize, b: usize| {
        let ((one, values), (other, others)) = (&numbers[a], &numbers[b]);
        one.table != other.table && values.intersection(others).take(FEWEST).count() == FEWEST
    };
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for next in 0..numbers.len() {
        let (mut joined, apart): (Vec<_>, Vec<_>) =
            groups.into_iter().partition(|group: &Vec<usize>| group.iter().any(|other| shares(next, *other)));
        joined.push(vec![next]);
        groups = apart;
        groups.push(joined.concat());
    }
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups.sort();
    for group in groups.into_iter().filter(|group| group.len() > 1) {
        let columns_of = |source: &SourceDraft| -> Vec<String> {
            let of = |c: &&usize| {
                let (file, table) = &tables[numbers[**c].0.table];
                (&source.file, &source.path) == (file, &table.path)
            };
            group.iter().filter(of).map(|c| numbers[*c].0.column.name.clone()).collect()
        };
        let is_of = |mapping: &Mapping, columns: &[String]| {
            mapping.is_identifier() && mapping.columns.iter().all(|column| columns.contains(column))
        };
        let mut named = sources.iter().flat_map(|s| {
            let columns = columns_of(s);
            s.columns.iter().filter(move |m| is_of(m, &columns)).map(|m| m.attribute.clone())
        });
        let Some(name) = named.next() else { continue };
        drop(named);
        for source in sources.iter_mut().filter(|s| s.holds == Holds::People) {
            let columns = columns_of(source);
            let has_id = source.record_id.iter().any(|column| columns.contains(column));
            let mut mapped: Vec<Mapping> = source.columns.iter().filter(|m| is_of(m, &columns)).cloned().collect();
            if mapped.is_empty() && !has_id {
                continue;
            }
            if let [one] = mapped.as_slice()
                && one.columns == columns
            {
                // It is that identifier already.
                let same = |m: &&mut Mapping| is_of(m, &columns);
                source.columns.iter_mut().filter(same).for_each(|m| m.attribute.clone_from(&name));
                continue;
            }
            source.columns.retain(|m| !is_of(m, &columns));
            let first = mapped.pop();
            source.columns.push(Mapping {
                attribute: name.clone(),
                join: false,
                mixed: false,
                expression: None,
                sure: first.is_none_or(|m| m.sure),
                reasons: vec!["records of other sources have numbers of this column".to_owned()],
                columns,
            });
        }
    }
}

/// The values of a column that are too long to be equal by chance, without the signs between their digits.
fn long_values(candidate: &Candidate) -> HashSet<String> {
    let plain = |value: &&str| value.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_lowercase();
    candidate.values.iter().map(plain).filter(|value| value.len() >= LONG).collect()
}

/// Gives the identifiers of one id space one name, and the owner of the ids the identifier by which others lead to it.
pub(crate) fn name_identifiers(spaces: &[IdSpace], sources: &mut [SourceDraft]) {
    for space in spaces {
        let of_owner = |s: &SourceDraft| (s.file.as_str(), &s.path) == (space.owner.0.as_str(), &space.owner.1);
        let of_user = |s: &SourceDraft| (s.file.as_str(), &s.path) == (space.user.0.as_str(), &space.user.1);
        let column = [space.column.clone()];
        let is_used = |m: &Mapping| m.columns == column && m.is_identifier();
        let used = sources.iter().any(|s| of_user(s) && s.columns.iter().any(is_used));
        let owner = sources.iter_mut().find(|s| s.holds == Holds::People && of_owner(s));
        let (true, Some(owner)) = (used, owner) else { continue };
        let known = owner.columns.iter().find(|m| m.columns == [space.id.clone()] && m.is_identifier());
        // Another number of the owner may have the name already.
        let free = |name: &String| owner.columns.iter().all(|m| m.attribute != *name);
        let numbered = (2..).map(|n| format!("{}_member_{n}", owner.channel));
        let new =
            || std::iter::once(format!("{}_member", owner.channel)).chain(numbered).find(free).unwrap_or_default();
        let name = known.map_or_else(new, |m| m.attribute.clone());
        if known.is_none() {
            owner.columns.push(Mapping {
                attribute: name.clone(),
                columns: vec![space.id.clone()],
                join: false,
                mixed: false,
                expression: None,
                sure: true,
                reasons: vec!["records of another source have ids of this column".to_owned()],
            });
        }
        for mapping in sources.iter_mut().filter(|s| of_user(s)).flat_map(|s| &mut s.columns).filter(|m| is_used(m)) {
            mapping.attribute.clone_from(&name);
        }
    }
}
