//! What words of events mean: a column's values in, those that are known with their meaning out.

use std::collections::HashMap;
use std::sync::OnceLock;

use crate::closed::{ClosedSet, ValueCount};
use crate::columns::TableMeaning;
use crate::meaning::Kind;
use crate::preset::flat;
use crate::rows::Table;
use crate::words::{data_lines, folded, words};

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
                    of_topic.insert(bare_word(word), meaning);
                });
            }
        }
        all
    })
}

/// A word as it is compared: `Mail Opened`, `mail_opened` and `mailOpened` are one.
fn bare_word(word: &str) -> String {
    folded(word).replace([' ', '_', '-'], "")
}

/// The values of a column, where they are a small closed set.
fn values_of(table: &TableMeaning, column: &str) -> Option<Vec<ValueCount>> {
    let place = table.columns.iter().position(|c| c.name == column)?;
    let mut set = ClosedSet::default();
    table.table.rows.iter().filter_map(|row| row.get(place)).for_each(|value| set.add(value));
    set.values()
}

/// Whether a column says what happened in a topic: it has few values, and one of them is a word of it.
pub(crate) fn says(table: &Table, place: usize, name: &str, topic: &str) -> bool {
    let Some(of_topic) = known().get(topic).filter(|_| words(name).has("category")) else { return false };
    let mut set = ClosedSet::default();
    table.rows.iter().filter_map(|row| row.get(place)).for_each(|value| set.add(value));
    set.values().is_some_and(|values| values.iter().any(|v| of_topic.contains_key(&bare_word(&v.value))))
}

/// The words of a column in a topic; none where it has many values. What the documentation of an export says goes first.
fn of_column(table: &TableMeaning, column: &str, topic: &str, documented: &[(&str, &str)]) -> Option<WordsDraft> {
    let nothing = HashMap::new();
    let of_topic = known().get(topic).unwrap_or(&nothing);
    let mut draft = WordsDraft { column: column.to_owned(), known: Vec::new(), unknown: Vec::new() };
    for (value, meaning) in documented.iter().filter(|(value, _)| !value.is_empty()) {
        draft.known.push(((*value).to_owned(), (*meaning).to_owned()));
    }
    // Of an export that is documented the words are known, however many there are.
    let values = values_of(table, column).or_else(|| (!draft.known.is_empty()).then(Vec::new))?;
    for value in values.into_iter().map(|v| v.value).filter(|value| !value.is_empty()) {
        if draft.known.iter().any(|(word, _)| *word == value) {
            continue;
        }
        match of_topic.get(&bare_word(&value)) {
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

/// The words of the columns that say what happened in a topic, of those in which one is known.
pub(crate) fn categories(table: &TableMeaning) -> Vec<WordsDraft> {
    let Some(topic) = table.topic.filter(|topic| !ORDERS.contains(topic)) else { return Vec::new() };
    let of = |name: &String| {
        let words = table.known.map_or(&[][..], |preset| &preset.words).iter();
        let documented =
            words.filter(|(column, _, _)| flat(column) == flat(name)).map(|(_, word, meaning)| (*word, *meaning));
        of_column(table, name, topic, &documented.collect::<Vec<_>>()).filter(|draft| !draft.known.is_empty())
    };
    table.columns.iter().filter(|c| c.meaning.kind == Kind::Category).filter_map(|c| of(&c.name)).collect()
}

/// The words of a product's role, where every one is known.
pub(crate) fn role(table: &TableMeaning, column: &str) -> Option<WordsDraft> {
    of_column(table, column, "role", &[]).filter(|draft| draft.unknown.is_empty() && !draft.known.is_empty())
}
