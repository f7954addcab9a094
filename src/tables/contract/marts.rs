//! The contracts of marts: they stand in the heads of the marts' files.
//!
//! In: the files that ship, which the compiler embeds; the heads of a pipeline's own files. Out: [`Table`]s. A mart that ships has its
//! contract everywhere, also where a lake is read without a pipeline; that of a pipeline's own is known where its file is.

use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, PoisonError};

use super::{Column, Shown, Table, Type};
use crate::config::head::{self, Head, HeadColumn, HeadShown, HeadType};
use crate::config::problem::Problems;
use crate::config::{Pipeline, SqlFile};

include!(concat!(env!("OUT_DIR"), "/shipped.rs"));

/// The marts that ship and have a contract, in the order of the files.
static ALL: LazyLock<Vec<&'static Table>> = LazyLock::new(|| {
    let published = MARTS.iter().filter(|(_, name, _)| super::is_published(name));
    published.filter_map(|(_, name, sql)| of_text(name, sql)).collect()
});

/// Heads of one mart with their contracts.
type Heads = Vec<(Head, &'static Table)>;

/// The contracts of heads so far. Tables live as long as the process: there are as many as its pipelines have marts.
static KNOWN: LazyLock<Mutex<HashMap<String, Heads>>> = LazyLock::new(Mutex::default);

/// The marts that ship and have a contract.
pub(super) fn all() -> &'static [&'static Table] {
    &ALL
}

/// The contract of a table that a pipeline publishes: of a mart what the head of its file says.
pub(crate) fn of_pipeline(pipeline: &Pipeline, name: &str) -> Option<&'static Table> {
    match pipeline.mart(name) {
        Some(mart) => mart.head.as_ref().and_then(|head| of_head(name, head)).or_else(|| without_head(name)),
        None => super::find(name),
    }
}

/// Marts that shipped before files had heads, with the columns that they have today: copies of their files promise as much. Any other file
/// without a head may be a mart of somebody's own that has the name of one that ships.
const BEFORE_HEADS: [&str; 6] = ["basket", "channel_overlap", "contact_timeline", "decile", "repeat_rate", "rfm"];

/// The contract of a mart whose file has no head.
pub(crate) fn without_head(name: &str) -> Option<&'static Table> {
    super::find(name).filter(|_| BEFORE_HEADS.contains(&name))
}

/// The head of a mart's file; of a copy of one that shipped before there were heads, that of the one that ships.
pub(crate) fn head_of(mart: &SqlFile) -> Option<Cow<'_, Head>> {
    let shipped = || {
        let of_name = MARTS.iter().find(|(_, name, _)| *name == mart.name && BEFORE_HEADS.contains(name));
        of_name.and_then(|(_, _, sql)| head::read(sql, &mut Problems::default())).map(Cow::Owned)
    };
    mart.head.as_ref().map(Cow::Borrowed).or_else(shipped)
}

/// The contract that the text of a mart's file has; none where it has no head, or one with a mistake.
pub(crate) fn of_text(name: &str, sql: &str) -> Option<&'static Table> {
    head::read(sql, &mut Problems::default()).and_then(|head| of_head(name, &head))
}

/// The contract of a mart's head; none where the head promises no columns.
fn of_head(name: &str, head: &Head) -> Option<&'static Table> {
    if head.columns.is_empty() {
        return None;
    }
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let of_name = known.entry(name.to_string()).or_default();
    if let Some((_, table)) = of_name.iter().find(|(of, _)| of == head) {
        return Some(*table);
    }
    let table: &'static Table = Box::leak(Box::new(Table {
        name: leaked(name),
        ja: leaked(&head.ja),
        en: leaked(&head.en),
        key: head.key.iter().map(|name| leaked(name)).collect::<Vec<_>>().leak(),
        columns: head.columns.iter().map(column).collect::<Vec<_>>().leak(),
    }));
    of_name.push((head.clone(), table));
    Some(table)
}

fn column(of: &HeadColumn) -> Column {
    Column {
        name: leaked(&of.name),
        data_type: match of.data_type {
            HeadType::Text => Type::Text,
            HeadType::Integer => Type::Integer,
            HeadType::Long => Type::Long,
            HeadType::Double => Type::Double,
            HeadType::Amount => Type::Amount,
            HeadType::Boolean => Type::Boolean,
            HeadType::Date => Type::Date,
            HeadType::Timestamp => Type::Timestamp,
            HeadType::Texts => Type::List(&Type::Text),
        },
        nullable: of.nullable,
        ja: leaked(&of.ja),
        en: leaked(&of.en),
        shown: match of.shown {
            HeadShown::Plain => Shown::Plain,
            HeadShown::Keyed => Shown::Keyed,
            HeadShown::Hidden => Shown::Hidden,
        },
    }
}

fn leaked(text: &str) -> &'static str {
    Box::leak(text.to_string().into_boxed_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mart_that_ships_has_a_good_head() {
        let mut problems = Problems::default();
        let mut bare = Vec::new();
        for (folder, name, sql) in MARTS {
            problems.in_file(format!("{folder}/{name}.sql"));
            let head = head::read(sql, &mut problems);
            if super::super::is_published(name) && head.is_none_or(|head| head.columns.is_empty()) {
                bare.push(*name);
            }
        }
        assert!(problems.is_empty(), "{:#?}", problems.all());
        assert!(bare.is_empty(), "marts that ship promise their columns: {bare:?}");
    }

    #[test]
    fn every_mart_that_ships_says_in_both_languages_how_it_is_reckoned() {
        let published = || MARTS.iter().filter(|(_, name, _)| super::super::is_published(name));
        let without = |lacks: fn(&head::Definition) -> bool| -> Vec<String> {
            let bare = published().filter(|(_, _, sql)| lacks(&head::definition(sql)));
            bare.map(|(folder, name, _)| format!("{folder}/{name}.sql")).collect()
        };
        let in_japanese = without(|told| told.ja.iter().all(String::is_empty));
        assert!(in_japanese.is_empty(), "without a line `-- 定義: …`: {in_japanese:?}");
        let in_english = without(|told| told.en.is_empty());
        assert!(in_english.is_empty(), "without its definition in English: {in_english:?}");
    }

    #[test]
    fn a_head_is_a_table_once() {
        let sql = "-- ja: 客\n-- en: customers\n-- key: n\n-- column: n | long? | 数 | number | keyed\nselect 1 as n";
        let table = of_text("own", sql).expect("a contract");
        assert!(std::ptr::eq(table, of_text("own", sql).expect("the same")));
        assert!(!std::ptr::eq(table, of_text("other", sql).expect("of another name")));
        let column = &table.columns[0];
        assert_eq!(
            (table.name, table.key, column.data_type, column.shown),
            ("own", &["n"][..], Type::Long, Shown::Keyed)
        );
        assert!(column.nullable);
    }
}
