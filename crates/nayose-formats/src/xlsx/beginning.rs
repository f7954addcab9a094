//! The beginnings of all sheets of a workbook, for a look at what is in them.
//!
//! In: the bytes of a workbook. Out: the first rows of each sheet that is not hidden, as CSV in which row 7 of the sheet is line 7.
//! Why not [`super::xlsx`]: nobody knows yet which sheet has the data and in which row its header is.

use super::package::Package;
use super::sheet::{Row, Sheet, Workbook};
use crate::Problem;
use crate::output::Csv;

/// The beginning of a sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SheetBeginning {
    /// The name of the sheet.
    pub name: String,
    /// Its first rows as CSV, all as wide as the widest. Rows without a value are there too, and line breaks in cells are
    /// spaces: the number of a line is that of its row. What is wrong with the sheet otherwise.
    pub text: Result<Vec<u8>, Problem>,
    /// Whether these are all its rows.
    pub whole: bool,
}

/// The first `most` rows of each sheet that is not hidden. Cells are read as [`super::xlsx`] reads them; cells with a formula
/// have the value that stands beside it. `limit` is that of the workbook.
pub fn xlsx_beginnings(bytes: &[u8], most: usize, limit: usize) -> Result<Vec<SheetBeginning>, Problem> {
    if bytes.starts_with(&super::COMPOUND_FILE) {
        return Err(super::compound_file(bytes));
    }
    let mut package = Package::open(bytes, limit)?;
    let workbook =
        Workbook { strings: package.strings()?, formats: package.formats()?, is_1904: package.is_1904, limit };
    let sheets: Vec<(String, String)> =
        package.sheets.iter().filter(|sheet| sheet.visible).map(|s| (s.name.clone(), s.part.clone())).collect();
    let mut out = Vec::new();
    for (name, part) in sheets {
        let text = package.part(&part)?.ok_or_else(|| super::damaged(&part));
        let read = text.and_then(|text| first_rows(&text, &name, &workbook, most));
        let (text, whole) = match read {
            Ok((text, whole)) => (Ok(text), whole),
            Err(problem) => (Err(problem), true),
        };
        out.push(SheetBeginning { name, text, whole });
    }
    Ok(out)
}

fn first_rows(text: &str, name: &str, workbook: &Workbook, most: usize) -> Result<(Vec<u8>, bool), Problem> {
    let mut sheet = Sheet::new(text, name, workbook);
    let mut rows: Vec<Row> = Vec::new();
    let mut whole = true;
    while let Some(row) = sheet.next()? {
        if row.number > most {
            whole = false;
            break;
        }
        if !row.cells.is_empty() {
            rows.push(row);
        }
    }
    let width = rows.iter().filter_map(|row| row.cells.last()).map(|(column, _)| *column).max().unwrap_or(0);
    let mut csv = Csv::new("the workbook", workbook.limit);
    let mut rows = rows.into_iter().peekable();
    let mut number = 0;
    while rows.peek().is_some() {
        number += 1;
        let row = rows.next_if(|row| row.number == number).unwrap_or_default();
        let mut cells = row.cells.iter().peekable();
        let texts: Vec<String> = (1..=width)
            .map(|column| {
                let cell = cells.next_if(|(found, _)| *found == column);
                cell.map_or_else(String::new, |(_, text)| text.replace(['\n', '\r'], " "))
            })
            .collect();
        csv.write(texts.iter().map(String::as_str))?;
    }
    Ok((csv.into_bytes()?, whole))
}
