//! A CSV file that people made or saved: a truth, the labels of a sample.
//!
//! In: a path. Out: the header, and every row with its line, whatever a spreadsheet did to encoding and line ends; or what is wrong
//! with the file as a whole. No value of the file is in an error.

use std::borrow::Cow;
use std::path::Path;

use csv::StringRecord;
use encoding_rs::{Encoding, SHIFT_JIS};

use crate::error::{Error, Result};

/// The rows of a file.
pub(crate) struct CsvFile {
    /// The names of the columns, trimmed.
    pub(crate) header: Vec<String>,
    /// Every row that is not empty, with its line. Rows may be shorter or longer than the header.
    pub(crate) rows: Vec<(u64, StringRecord)>,
}

/// Reads a file.
///
/// # Errors
/// Usage, where it is not there, is no text, or is no CSV.
pub(crate) fn read(path: &Path, flag: &str) -> Result<CsvFile> {
    let named = path.display();
    let bytes = std::fs::read(path)
        .map_err(|e| Error::usage(format!("cannot read {named}: {e}")).hint(format!("check {flag}")))?;
    let Some(text) = decoded(&bytes) else {
        return Err(Error::usage(format!("{named} is neither UTF-8 nor CP932 (Shift_JIS)"))
            .hint("save it as CSV UTF-8; a Parquet file has a name that ends in .parquet"));
    };
    // A spreadsheet ends lines in two characters, of which the reader counts the second with the next line.
    let text = text.replace("\r\n", "\n");
    let first = text.lines().next().unwrap_or_default();
    let count = |c: char| first.matches(c).count();
    for (delimiter, name) in [('\t', "tabs"), (';', "semicolons")] {
        if count(delimiter) > 0 && count(',') == 0 {
            return Err(Error::usage(format!("the columns of {named} are divided by {name}, not by commas"))
                .hint("save it as CSV with commas (in a spreadsheet: \"CSV UTF-8\")"));
        }
    }
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes());
    let unreadable = |e: csv::Error| {
        let line = e.position().map_or(0, csv::Position::line);
        Error::usage(format!("{named}, line {line} is no row of CSV")).hint("save it as CSV")
    };
    let header = reader.headers().map_err(unreadable)?.iter().map(|name| name.trim().to_string()).collect();
    let mut rows = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        if row.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push((row.position().map_or(0, csv::Position::line), row));
        }
    }
    Ok(CsvFile { header, rows })
}

/// The text by its byte order mark, as UTF-8, or as the encoding of Japanese spreadsheets.
fn decoded(bytes: &[u8]) -> Option<Cow<'_, str>> {
    if let Some((encoding, mark)) = Encoding::for_bom(bytes) {
        return encoding.decode_without_bom_handling_and_without_replacement(&bytes[mark..]);
    }
    match std::str::from_utf8(bytes) {
        Ok(text) => Some(Cow::Borrowed(text)),
        Err(_) => SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes),
    }
}
