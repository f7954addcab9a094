//! What the second look gives a source: tables of what events name, and columns that may be something.

use crate::columns::TableMeaning;
use crate::event_words;
use crate::meaning::Kind;
use crate::scalar::{sql_column, sql_text};
use crate::sources::{Holds, MaybeDraft, Place, SourceDraft, empty, mapping};

/// A table of what events name.
pub(crate) fn reference(table: &TableMeaning, place: &mut Place<'_>, name: &'static str) -> SourceDraft {
    let mut source = empty(place, table, name, Holds::Reference);
    source.table = Some(name);
    for column in table.columns.iter().filter(|c| c.meaning.kind != Kind::Unused) {
        let attribute = column.meaning.kind.as_str();
        if column.meaning.kind == Kind::Role {
            match event_words::role(table, &column.name) {
                Some(words) => source.words.push(words),
                None => {
                    let why = "nothing says which of its words are products to try, and which the main ones".to_owned();
                    let column = column.name.clone();
                    source.maybe.push(MaybeDraft { attribute, column, why, expression: None });
                    continue;
                }
            }
        }
        source.columns.push(mapping(attribute, &[column], false));
    }
    source
}

/// What columns may be. An amount of an order falls on its first line, where lines are numbered.
pub(crate) fn maybe(table: &TableMeaning) -> Vec<MaybeDraft> {
    let line = crate::event_facts::line_number(&table.table, &table.columns).map(|place| &table.columns[place].name);
    let drafts = table.columns.iter().filter_map(|column| {
        let (kind, why) = column.maybe.as_ref()?;
        let first = |line: &String| {
            format!("case when {} = {} then {} end", sql_column(line), sql_text("1"), sql_column(&column.name))
        };
        let (attribute, expression) = (kind.as_str(), line.map(first).filter(|_| why.starts_with("it says the same")));
        Some(MaybeDraft { attribute, column: column.name.clone(), why: why.clone(), expression })
    });
    drafts.collect()
}
