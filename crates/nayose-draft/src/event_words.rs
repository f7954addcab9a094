//! What words of events mean: a column's values in, those that are known with their meaning out.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::closed::{ClosedSet, ValueCount};
use crate::columns::TableMeaning;
use crate::meaning::Kind;
use crate::words::{data_lines, folded};

/// Topics of which the state says whether a purchase counts.
const ORDERS: [&str; 2] = ["purchase", "card_use"];

/// The words of a column, for `values` of the pipeline file.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct WordsDraft {
    /// The column.
    pub column: String,
    /// Words with their meanings.
    pub known: Vec<(String, String)>,
    /// Words that nobody knows.
    pub unknown: Vec<String>,
}

type Known = HashMap<&'static str, HashMap<String, &'static str>>;

static KNOWN: OnceLock<Known> = OnceLock::new();

/// Topic → folded word → meaning.
fn known() -> &'static Known {
    KNOWN.get_or_init(|| {
        let mut all = Known::new();
        for line in data_lines(include_str!("../data/event_words.tsv")) {
            let mut fields = line.split('\t');
            if let (Some(topic), Some(meaning), Some(list)) = (fields.next(), fields.next(), fields.next()) {
                let of_topic = all.entry(topic).or_default();
                list.split(' ').for_each(|word| {
                    of_topic.insert(folded(word), meaning);
                });
            }
        }
        all
    })
}

/// The values of a column, where they are a small closed set.
fn values_of(table: &TableMeaning, column: &str) -> Option<Vec<ValueCount>> {
    let place = table.columns.iter().position(|c| c.name == column)?;
    let mut set = ClosedSet::default();
    table.table.rows.iter().filter_map(|row| row.get(place)).for_each(|value| set.add(value));
    set.values()
}

/// The words of a column in a topic; none where it has many values. What the documentation of an export says goes first.
fn of_column(table: &TableMeaning, column: &str, topic: &str, documented: &[(&str, &str)]) -> Option<WordsDraft> {
    let of_topic = known().get(topic)?;
    let mut draft = WordsDraft { column: column.to_owned(), known: Vec::new(), unknown: Vec::new() };
    for (value, meaning) in documented.iter().filter(|(value, _)| !value.is_empty()) {
        draft.known.push(((*value).to_owned(), (*meaning).to_owned()));
    }
    for value in values_of(table, column)?.into_iter().map(|v| v.value).filter(|value| !value.is_empty()) {
        if draft.known.iter().any(|(word, _)| *word == value) {
            continue;
        }
        match of_topic.get(&folded(&value)) {
            Some(meaning) => draft.known.push((value, (*meaning).to_owned())),
            None => draft.unknown.push(value),
        }
    }
    Some(draft)
}

/// The state of an order, where every word of its column is known: an unknown one would keep its orders out.
pub(crate) fn status(table: &TableMeaning) -> Option<WordsDraft> {
    let topic = table.topic.filter(|topic| ORDERS.contains(topic))?;
    debug_assert!(!topic.is_empty());
    let states = ["confirmed", "cancelled", "provisional", "returned"];
    let documented: Vec<(&str, &str)> = table
        .known
        .map_or(&[][..], |preset| &preset.values)
        .iter()
        .filter(|(kind, _, meaning)| *kind == Kind::Status.as_str() && states.contains(meaning))
        .map(|(_, value, meaning)| (*value, *meaning))
        .collect();
    let columns = table.columns.iter().filter(|c| c.meaning.kind == Kind::Status && !c.facts.is_empty());
    let mut drafts = columns.filter_map(|c| of_column(table, &c.name, "order", &documented));
    drafts.find(|draft| draft.unknown.is_empty() && !draft.known.is_empty())
}

/// The words of a category in a topic, where one of them is known.
pub(crate) fn category(table: &TableMeaning) -> Option<WordsDraft> {
    let topic = table.topic.filter(|topic| !ORDERS.contains(topic))?;
    let column = table.columns.iter().find(|c| c.meaning.kind == Kind::Category)?;
    of_column(table, &column.name, topic, &[]).filter(|draft| !draft.known.is_empty())
}

/// The words of a product's role, where every one is known.
pub(crate) fn role(table: &TableMeaning, column: &str) -> Option<WordsDraft> {
    of_column(table, column, "role", &[]).filter(|draft| draft.unknown.is_empty() && !draft.known.is_empty())
}
