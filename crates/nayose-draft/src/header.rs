//! Which of the first rows is the header: rows of cells in, its line out.

use csv::StringRecord;
use nayose_japanese::{date, email, phone};

use crate::found::Found;
use crate::words;

/// The line of the header among `rows`, where most rows have `cells` cells.
pub(crate) fn find(rows: &[(usize, StringRecord)], cells: usize) -> Found<Option<usize>> {
    let filled = |record: &StringRecord| record.iter().filter(|cell| !cell.trim().is_empty()).count();
    // Titles and notes stand in one or two cells; a header fills most.
    let enough = (cells * 3).div_ceil(5).max(1);
    let Some((line, first)) = rows.iter().find(|(_, record)| filled(record) >= enough) else {
        return Found::guess(None, "no row fills most of its cells");
    };
    let before = rows.iter().take_while(|(at, _)| at != line).count();
    let place = match before {
        0 => "the first row".to_owned(),
        n => format!("the row on line {line}, after {n} others that are shorter,"),
    };
    let is_data = first.iter().filter(|cell| looks_like_data(cell)).count();
    let known = first.iter().filter(|cell| words::is_known(cell)).count();
    if is_data > 0 && known * 2 < first.len() {
        return Found::guess(None, format!("{place} has cells that are values, not names of columns"));
    }
    if known * 2 >= first.len() {
        return Found::sure(Some(*line), format!("{place} has words that are names of columns"));
    }
    if is_data == 0 && differs_from_below(first, rows, *line) {
        return Found::sure(Some(*line), format!("{place} has no numbers and dates, and the rows below have"));
    }
    match known {
        0 => Found::guess(None, format!("{place} has no word that is a name of a column")),
        _ => Found::guess(Some(*line), format!("{place} has {known} words that are names of columns")),
    }
}

/// Whether a cell is a value: a mail address, a phone number, a day or a long number.
fn looks_like_data(cell: &str) -> bool {
    let cell = cell.trim();
    // A mail address or a day is short; a text is no name of a column either.
    if cell.len() > 200 {
        return true;
    }
    let digits = cell.bytes().filter(u8::is_ascii_digit).count();
    if cell.contains('@') {
        return email::email(cell).address.is_some();
    }
    // Headers have a digit or two (住所1, Tax 1 Name); values that are told apart have four.
    digits >= 4
        && (digits * 2 > cell.chars().count())
        && (cell.bytes().all(|b| b.is_ascii_digit())
            || phone::phone(cell).e164.is_some()
            || date::date(cell).value.is_some())
}

/// Whether some column has digits in nearly all rows below, and none in `first`.
fn differs_from_below(first: &StringRecord, rows: &[(usize, StringRecord)], line: usize) -> bool {
    let below: Vec<&StringRecord> = rows.iter().filter(|(at, _)| *at > line).map(|(_, record)| record).collect();
    let has_digit = |cell: &str| cell.bytes().any(|b| b.is_ascii_digit());
    !below.is_empty()
        && first.iter().enumerate().any(|(i, cell)| {
            let with = below.iter().filter(|record| record.get(i).is_some_and(has_digit)).count();
            !cell.is_empty() && !has_digit(cell) && with * 10 >= below.len() * 9
        })
}

/// Words of rows that sum up the others.
const TOTALS: [&str; 7] = ["合計", "総計", "総合計", "小計", "計", "total", "grand total"];

/// Whether the last row is a total: one of its cells says so, and it leaves out most of what the row before has.
pub(crate) fn is_total(rows: &[Vec<String>]) -> bool {
    let [.., before, last] = rows else { return false };
    let filled = |row: &[String]| row.iter().filter(|cell| !cell.is_empty()).count();
    let says =
        last.iter().any(|cell| TOTALS.contains(&cell.trim().trim_end_matches([':', '：']).to_lowercase().as_str()));
    says && filled(last) < filled(before)
}
