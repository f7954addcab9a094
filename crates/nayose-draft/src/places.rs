//! Columns of addresses beside each other: what says the same twice, and prefectures that are codes, are left out.

use crate::columns::Column;
use crate::meaning::{Kind, Meaning, Party};
use crate::rows::Table;

/// Leaves out columns of addresses that add nothing to the others of their party.
pub(crate) fn settle(table: &Table, columns: &mut [Column]) {
    for party in [Party::Person, Party::Recipient] {
        let of_party = |columns: &[Column]| -> Vec<usize> {
            let is = |c: &Column| c.meaning.kind == Kind::Address && c.meaning.party == party;
            (0..columns.len()).filter(|i| is(&columns[*i]) && !columns[*i].facts.is_empty()).collect()
        };
        let places = of_party(columns);
        let japanese = |i: usize| table.filled(i).any(|value| value.chars().any(is_japanese));
        if places.iter().any(|i| japanese(*i)) {
            for i in places {
                if columns[i].place == PREFECTURE && columns[i].rank > 0 && !japanese(i) {
                    let why = "its values are codes or Latin letters, and the rest of the address is Japanese";
                    leave_out(&mut columns[i], why);
                }
            }
        }
        for whole in of_party(columns) {
            let parts: Vec<usize> = of_party(columns).into_iter().filter(|i| *i != whole).collect();
            if columns[whole].rank > 0 && parts.len() > 1 && is_made_of(table, whole, &parts) {
                leave_out(&mut columns[whole], "other columns have its parts");
            }
        }
    }
}

/// The place of a prefecture among the parts of an address, as [`crate::words::Words::place_of_address`] gives it.
const PREFECTURE: u8 = 10;

fn leave_out(column: &mut Column, why: &str) {
    column.meaning = Meaning::new(Kind::Unused);
    column.sure = false;
    column.reason = format!("{}; {why}", column.reason);
}

fn is_japanese(c: char) -> bool {
    nayose_japanese::kana::is_kana(c) || ('一'..='鿿').contains(&c)
}

/// Whether nothing of a column's cells is left when the cells of the others are taken out, in every row.
fn is_made_of(table: &Table, whole: usize, parts: &[usize]) -> bool {
    let mut several = false;
    for row in 0..table.rows.len() {
        let cell = table.cell(row, whole);
        if cell.is_empty() {
            continue;
        }
        let mut rest = cell.to_owned();
        let mut taken = 0;
        for part in parts.iter().map(|part| table.cell(row, *part)).filter(|part| !part.is_empty()) {
            if let Some(at) = rest.find(part) {
                rest.replace_range(at..at + part.len(), "");
                taken += 1;
            }
        }
        if rest.chars().any(char::is_alphanumeric) {
            return false;
        }
        several |= taken > 1;
    }
    several
}
