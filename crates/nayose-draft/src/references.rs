//! Tables of what events name: products, stores, what media cost.
//!
//! In: a table's columns. Out: whether it is such a table, and what its columns mean then. A row of it is no person, though a store has a phone.

use std::collections::HashSet;
use std::sync::OnceLock;

use crate::columns::{Column, agreement, described};
use crate::meaning::{Kind, Meaning, Party};
use crate::rows::Table;
use crate::words::{data_lines, fact_words};

/// What a column does for its table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// Every row has its own.
    Key,
    /// It tells that the table is this one.
    Tells,
    /// It may be there.
    Other,
}

struct Rule {
    table: &'static str,
    kind: Kind,
    does: Use,
    needs: Vec<Vec<&'static str>>,
    lacks: Vec<&'static str>,
}

static RULES: OnceLock<Vec<Rule>> = OnceLock::new();

fn rules() -> &'static [Rule] {
    RULES.get_or_init(|| {
        let rule = |line: &'static str| {
            let fields: Vec<&str> = line.split('\t').collect();
            let [table, kind, does, needs, lacks] = fields[..] else { return None };
            let kind = Kind::parse(kind)?;
            let does = match does {
                "key" => Use::Key,
                "tells" => Use::Tells,
                _ => Use::Other,
            };
            let needs = needs.split_whitespace().map(|any| any.split('|').collect()).collect();
            Some(Rule { table, kind, does, needs, lacks: lacks.split_whitespace().collect() })
        };
        data_lines(include_str!("../data/references.tsv")).filter_map(rule).collect()
    })
}

/// The tables in the order in which they are tried.
const TABLES: [&str; 3] = ["product", "store", "medium_spend"];

/// Whether rows are people or what they did: somebody's name, an id of a person, an order.
fn is_of_people(columns: &[Column]) -> bool {
    use Kind::{BirthDate, FamilyKana, FamilyName, GivenKana, GivenName, RecordId, Sex, TransactionId};
    let kinds = [FamilyName, GivenName, FamilyKana, GivenKana, BirthDate, Sex, TransactionId, Kind::Quantity];
    let weak = crate::columns::WEAK;
    columns.iter().any(|c| {
        c.meaning.party == Party::Recipient
            || kinds.contains(&c.meaning.kind)
            || (c.meaning.kind == RecordId && c.rank < weak && !fact_words(&c.name).is_only(&["id"]))
    })
}

/// The columns of a table by the rules, with whether its key and what tells it are there.
fn columns_of(table: &str, rows: &Table, columns: &[Column]) -> Option<Vec<(usize, Kind)>> {
    let mut found: Vec<(usize, Kind)> = Vec::new();
    let (mut has_key, mut tells) = (false, 0);
    let all_tell = rules().iter().filter(|r| r.table == table && r.does == Use::Tells).map(|r| r.kind);
    let wanted = if table == "medium_spend" { all_tell.collect::<HashSet<_>>().len() } else { 1 };
    for rule in rules().iter().filter(|rule| rule.table == table) {
        if found.iter().any(|(_, kind)| *kind == rule.kind) {
            continue;
        }
        let fits = |i: &usize| {
            let column = &columns[*i];
            let says = fact_words(&column.name).has_all(&rule.needs, &rule.lacks);
            says && !found.iter().any(|(taken, _)| taken == i)
                && agreement(rule.kind, &column.evidence) != Some(false)
                && (rule.does != Use::Key || is_key(rows, *i))
        };
        if let Some(place) = (0..columns.len()).find(fits) {
            found.push((place, rule.kind));
            has_key |= rule.does == Use::Key;
            tells += usize::from(rule.does == Use::Tells);
        }
    }
    let keyed = has_key || table == "medium_spend";
    (keyed && tells >= wanted).then_some(found)
}

/// Whether every row has a value of its own.
fn is_key(rows: &Table, place: usize) -> bool {
    let mut seen = HashSet::new();
    !rows.rows.is_empty()
        && (0..rows.rows.len()).all(|row| {
            let cell = rows.cell(row, place);
            !cell.is_empty() && seen.insert(cell)
        })
}

/// Whether the table is one of what events name. Its columns mean that and nothing else then. `known` is what a preset says.
pub(crate) fn settle(rows: &Table, columns: &mut [Column], known: Option<&'static str>) -> Option<&'static str> {
    if known.is_some() {
        return known;
    }
    if columns.iter().any(|c| c.rank == 0) || is_of_people(columns) {
        return None;
    }
    let (table, found) =
        TABLES.iter().find_map(|table| columns_of(table, rows, columns).map(|found| (*table, found)))?;
    for (i, column) in columns.iter_mut().enumerate() {
        let kind = found.iter().find(|(place, _)| *place == i).map_or(Kind::Unused, |(_, kind)| *kind);
        column.meaning = Meaning::new(kind);
        column.mixed = false;
        column.sure = kind != Kind::Unused;
        column.reason = match kind {
            Kind::Unused => format!("the table {table} has nothing of this"),
            kind => format!("its name says {}", described(kind)),
        };
        column.rank = if kind == Kind::Unused { 2 } else { 1 };
    }
    Some(table)
}
