//! Columns that make one value together: a phone number in three columns, a postal code in two.

use nayose_japanese::{phone, postal};

use crate::columns::Column;
use crate::meaning::Kind;
use crate::rows::Table;

/// The most columns of one value: area, exchange and subscriber number.
const MOST: usize = 3;

/// Gives columns that stand side by side and make one value their places in it.
pub(crate) fn join(table: &Table, columns: &mut [Column]) {
    let mut at = 0;
    while at < columns.len() {
        let meaning = columns[at].meaning;
        let run = columns[at..].iter().take_while(|column| column.meaning == meaning).count();
        if run < 2 || !matches!(meaning.kind, Kind::Phone | Kind::PostalCode) || meaning.part > 0 {
            at += run.max(1);
            continue;
        }
        let run = run.min(if meaning.kind == Kind::Phone { MOST } else { 2 });
        let verdict = judge(table, meaning.kind, at..at + run);
        let numbered = (0..run).all(|i| columns[at + i].number == u32::try_from(i + 1).ok());
        let told = match verdict {
            Some(true) => Some((true, format!("{run} columns side by side make one value together"))),
            // Nothing to see in the sample: numbers in the names alone.
            None if numbered && (run == MOST || meaning.kind == Kind::PostalCode) => {
                Some((false, format!("{run} numbered columns, empty in the sample, look like parts of one value")))
            }
            _ => None,
        };
        if let Some((sure, reason)) = told {
            for (i, column) in columns[at..at + run].iter_mut().enumerate() {
                column.meaning.part = u8::try_from(i + 1).unwrap_or(u8::MAX);
                column.sure = sure;
                column.reason = format!("{}; {reason}", column.reason);
            }
        }
        at += run;
    }
}

/// Whether the cells of a row make one value together and none alone; `None` where there are no values.
fn judge(table: &Table, kind: Kind, columns: std::ops::Range<usize>) -> Option<bool> {
    let is_whole = |text: &str| match kind {
        Kind::Phone => phone::phone(text).e164.is_some(),
        _ => postal::postal(text).code.is_some() && text.bytes().filter(u8::is_ascii_digit).count() == 7,
    };
    let (mut together, mut alone, mut rows) = (0usize, 0usize, 0usize);
    for row in table.rows.iter().take(200) {
        let cells: Vec<&str> = columns.clone().filter_map(|i| row.get(i)).map(String::as_str).collect();
        if cells.iter().all(|cell| cell.is_empty()) {
            continue;
        }
        rows += 1;
        together += usize::from(is_whole(&cells.join("-")) && cells.iter().filter(|cell| !cell.is_empty()).count() > 1);
        alone += usize::from(cells.iter().any(|cell| is_whole(cell)));
    }
    (rows > 0).then(|| together * 5 >= rows * 4 && alone * 5 <= rows)
}
