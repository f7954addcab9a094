//! People whose id is a digest of some columns: a source in, what an owner has to know of it out.
//!
//! Two rows with the same digest are one record. That is right for one person who stands twice, and wrong for a family that shares
//! a phone and whose given names no column has. Only counts are told.

use std::collections::HashMap;

use crate::pipeline_yaml::Lines;
use crate::rows::Table;
use crate::scalar::scalar;
use crate::source_yaml::View;
use crate::sources::Holds;

/// Says by which columns people are told apart, and how many rows of the beginning would become one with another row.
pub(crate) fn told(view: &View<'_>, out: &mut Lines) {
    let (source, Some(table)) = (view.source, view.table) else { return };
    let names: Vec<String> = view.columns(&source.record_id_digest).iter().map(|name| scalar(name)).collect();
    out.note(
        4,
        &format!("people are told apart by {} alone: rows that are equal in them become one record", names.join(", ")),
    );
    // An order of the same buyer differs in what was bought, and is still theirs.
    if source.holds == Holds::Events || table.has_events() || table.table.rows.is_empty() {
        return;
    }
    let of_digest = |name: &String| table.columns.iter().position(|column| column.name == *name);
    let columns: Vec<usize> = source.record_id_digest.iter().filter_map(of_digest).collect();
    let shared = rows_that_collapse(&table.table, &columns);
    let (all, text) = (table.table.rows.len(), "equal another row in them and differ from it elsewhere");
    out.note(4, &format!("of the {all} rows of the beginning {shared} {text}"));
}

/// Rows that are equal to another in these columns, and not in the rest.
fn rows_that_collapse(table: &Table, columns: &[usize]) -> usize {
    let mut groups: HashMap<Vec<&str>, Vec<&Vec<String>>> = HashMap::new();
    for (i, row) in table.rows.iter().enumerate() {
        let key: Vec<&str> = columns.iter().map(|column| table.cell(i, *column)).collect();
        if key.iter().any(|cell| !cell.is_empty()) {
            groups.entry(key).or_default().push(row);
        }
    }
    groups.values().filter(|rows| rows.iter().any(|row| *row != rows[0])).map(Vec::len).sum()
}
