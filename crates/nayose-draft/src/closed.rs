//! Small closed sets of values, which may be shown: cells in, values with counts out, or nothing where a value could be
//! a person's.

use std::collections::{BTreeMap, HashSet};
use std::sync::OnceLock;

use nayose_japanese::name::Problem;
use nayose_japanese::{address, date, email, kana, name, phone};
use serde::Serialize;

use crate::words::data_lines;

/// The most values of a closed set: mtb_order_status of EC-CUBE has nine, others some more.
const MOST: usize = 16;
/// The longest value of a closed set; longer ones are sentences.
const LONGEST: usize = 24;

/// A value and how often it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ValueCount {
    /// The value; empty for no value.
    pub value: String,
    /// Rows that have it.
    pub rows: usize,
}

/// Counts the values of a column that is a code: sex, consent, status. Columns that are asked about are read whole, so
/// that the caller can add all rows of a file.
#[derive(Clone, Debug, Default)]
pub struct ClosedSet {
    counts: BTreeMap<String, usize>,
    /// Too many values, or one that may be a person's.
    open: bool,
}

impl ClosedSet {
    /// Counts one cell.
    pub fn add(&mut self, value: &str) {
        let value = value.trim();
        if self.open {
            return;
        }
        if let Some(count) = self.counts.get_mut(value) {
            *count += 1;
        } else if self.counts.len() >= MOST || may_be_personal(value) {
            self.open = true;
            self.counts.clear();
        } else {
            self.counts.insert(value.to_owned(), 1);
        }
    }

    /// The values, most frequent first; `None` where they are no small closed set.
    pub fn values(&self) -> Option<Vec<ValueCount>> {
        if self.open {
            return None;
        }
        let mut out: Vec<ValueCount> =
            self.counts.iter().map(|(value, rows)| ValueCount { value: value.clone(), rows: *rows }).collect();
        out.sort_by(|a, b| b.rows.cmp(&a.rows).then_with(|| a.value.cmp(&b.value)));
        Some(out)
    }
}

/// Whether a value is of a kind that people have: contact, name, place, day, a long number.
fn may_be_personal(value: &str) -> bool {
    let digits = value.chars().filter(|c| c.is_numeric()).count();
    if value.chars().count() > LONGEST || digits > 4 || value.contains('@') {
        return true;
    }
    if is_state(value) {
        return false;
    }
    if value.is_empty() || (value.is_ascii() && digits == 0 && !value.contains(' ')) {
        return false;
    }
    email::email(value).address.is_some()
        || phone::phone(value).e164.is_some()
        || date::date(value).value.is_some_and(|d| d.month.is_some()) && digits > 2
        || address::normalize(value, None).level >= address::Level::City
        || is_name(value)
}

static STATES: OnceLock<HashSet<&'static str>> = OnceLock::new();

/// Whether a value is a word of a state, a kind or an answer.
fn is_state(value: &str) -> bool {
    let words = || {
        let lists = [include_str!("../data/states.tsv"), include_str!("../data/event_words.tsv")];
        let lines = lists.into_iter().flat_map(data_lines).filter_map(|line| line.rsplit_once('\t'));
        lines.flat_map(|(_, words)| words.split_whitespace()).collect()
    };
    STATES.get_or_init(words).contains(value)
}

/// Whether the dictionary knows the words as a person's name.
fn is_name(value: &str) -> bool {
    let name = name::normalize(value, None);
    let japanese = value.chars().any(|c| kana::is_kana(c) || ('一'..='鿿').contains(&c));
    // Codes that the dictionary would take for names: 本会員 and the like are divided with little confidence.
    let sure = name.confidence >= 0.8;
    match name.problem {
        None => sure && !name.family.is_empty() && !name.given.is_empty() && (japanese || value.contains(' ')),
        Some(Problem::OnlyFamily | Problem::OnlyGiven) => sure && japanese && value.chars().count() > 1,
        Some(_) => false,
    }
}
