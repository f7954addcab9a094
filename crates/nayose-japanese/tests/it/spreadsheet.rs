//! Cells of spreadsheets: `spreadsheet.tsv` says what each must become.

use crate::check_lines;
use nayose_japanese::spreadsheet::{Cleaned, Kind, clean, clean_as};

/// Columns: kind of field, text, what it is, its value or `-` if there is none.
fn check(line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [kind, text, what, value] = columns[..] else {
        return Err(format!("{line}: not four columns"));
    };
    let cleaned = match kind {
        "phone" => clean_as(Kind::Phone, text),
        "identifier" => clean_as(Kind::Identifier, text),
        _ => clean(text),
    };
    let got = match &cleaned {
        Cleaned::Plain(_) => "plain",
        Cleaned::Unwrapped(_) => "unwrapped",
        Cleaned::Repaired(_) => "repaired",
        Cleaned::Damaged(damage) => damage.as_str(),
    };
    let got = [got, cleaned.text().unwrap_or("-")];
    if got == [what, value] { Ok(()) } else { Err(format!("{kind} {text}: {got:?}")) }
}

#[test]
fn as_listed() {
    check_lines(include_str!("spreadsheet.tsv"), check);
}
