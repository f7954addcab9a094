//! Layouts of one export: two tables whose files differ by digits in their names in, how the columns of the other differ
//! from those of the one out.
//!
//! A system gets a column, or one is renamed, and the files of the year before have the old layout. One source reads both: it says
//! which columns may be missing, and which have another name.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::delimited::Delimited;
use crate::facts::evidence;
use crate::groups::Read;
use crate::meaning::{Kind, Meaning};
use crate::rows::Table;
use crate::shape::Form;
use crate::words::words;

/// How the columns of other files of a source differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Differences {
    /// Columns that some files lack.
    pub(crate) missing: BTreeSet<String>,
    /// Columns and their other names.
    pub(crate) also_named: BTreeMap<String, BTreeSet<String>>,
}

impl Differences {
    pub(crate) fn add(&mut self, other: Differences) {
        self.missing.extend(other.missing);
        for (column, names) in other.also_named {
            self.also_named.entry(column).or_default().extend(names);
        }
    }
}

/// Share of the other's columns that must be those of the one: fewer are equal by chance in exports of two kinds (氏名, 電話番号).
const SHARED: f64 = 0.6;

/// How far apart the shares of what values look like may be, over all sorts, where two columns are one under two names.
const FAR: f64 = 0.4;

/// Share of different values that two columns of codes must have in common.
const COMMON: f64 = 0.5;

/// How the columns of `other` differ from those of `one`, which has at least as many; none where they are two exports.
pub(crate) fn compare(one: &Read, other: &Read) -> Option<Differences> {
    let has_header = |read: &Read| match &read.shape.form.value {
        Form::Delimited(Delimited { header, .. }) => header.value.is_some(),
        _ => false,
    };
    let ([table], [others]) = (one.tables.as_slice(), other.tables.as_slice()) else { return None };
    let known: HashSet<&String> = table.columns.iter().collect();
    let names: HashSet<&String> = others.columns.iter().collect();
    // A name that stands twice names no column.
    let twice = known.len() < table.columns.len() || names.len() < others.columns.len();
    let shared = names.intersection(&known).count();
    if !has_header(one) || !has_header(other) || twice || (shared as f64) < SHARED * names.len() as f64 {
        return None;
    }
    let mut out = Differences::default();
    let place = |table: &Table, name: &String| table.columns.iter().position(|column| column == name);
    for name in others.columns.iter().filter(|name| !known.contains(name)) {
        let i = place(others, name)?;
        let is_free = |column: &String| !names.contains(column) && !out.also_named.contains_key(column);
        let mut same: Vec<usize> = (0..table.columns.len())
            .filter(|at| is_free(&table.columns[*at]) && is_same((table, *at), (others, i)))
            .collect();
        if same.len() > 1 {
            same.retain(|at| are_beside(table, *at, others, i));
        }
        // One that looks the same is the column under its new name; of two nobody knows which.
        let [at] = same[..] else { return None };
        out.also_named.insert(table.columns[at].clone(), BTreeSet::from([name.clone()]));
    }
    let lacks = |column: &&String| !names.contains(column) && !out.also_named.contains_key(*column);
    out.missing = table.columns.iter().filter(lacks).cloned().collect();
    (!out.missing.iter().any(|name| is_needed(name))).then_some(out)
}

/// Whether two columns of two tables are one under two names.
fn is_same((one, i): (&Table, usize), (other, j): (&Table, usize)) -> bool {
    let looks_same = || evidence(one, i).distance(&evidence(other, j)) <= FAR;
    let beside = || are_beside(one, i, other, j) || have_common_values(one, i, other, j);
    match (said(&one.columns[i]), said(&other.columns[j])) {
        // Names of two things are two columns, whatever their values look like: 電話番号, 緊急連絡先.
        (Some(a), Some(b)) if a != b => false,
        (Some(a), Some(_)) if a.kind != Kind::Unused => looks_same(),
        _ => looks_same() && beside(),
    }
}

/// What the words of a name say, where they are most of it. That it is nothing that is used is something too.
fn said(name: &str) -> Option<Meaning> {
    let words = words(name);
    words.meaning().map(|(meaning, _)| meaning).filter(|_| words.covered > 0.6)
}

/// Whether no row can be read without a column, by its name.
fn is_needed(name: &str) -> bool {
    let kinds = [Kind::RecordId, Kind::TransactionId, Kind::EventId, Kind::OccurredAt, Kind::OccurredDate];
    said(name).is_some_and(|meaning| kinds.contains(&meaning.kind))
}

/// Whether the columns before or behind both are the same: a renamed column stays in its place.
fn are_beside(one: &Table, i: usize, other: &Table, j: usize) -> bool {
    let before = |table: &Table, at: usize| at.checked_sub(1).map(|at| table.columns[at].clone());
    let behind = |table: &Table, at: usize| table.columns.get(at + 1).cloned();
    before(one, i) == before(other, j) && behind(one, i) == behind(other, j)
}

fn have_common_values(one: &Table, i: usize, other: &Table, j: usize) -> bool {
    let (here, there): (HashSet<&str>, HashSet<&str>) = (one.filled(i).collect(), other.filled(j).collect());
    let common = here.intersection(&there).count();
    common > 0 && common as f64 >= COMMON * here.len().min(there.len()) as f64
}
