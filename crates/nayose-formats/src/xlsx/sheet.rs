//! The rows of a sheet.
//!
//! In: the XML of a sheet with the strings and formats of its workbook. Out: its rows, one at a time.

use quick_xml::events::{BytesStart, Event};

use super::format::Formats;
use super::package::Strings;
use super::value::{is_too_long, iso, text_of};
use super::xml::{Xml, attribute, unescaped};
use crate::Problem;

/// The size of the largest sheet (Microsoft, "Excel specifications and limits").
const ROWS: usize = 1_048_576;
const COLUMNS: usize = 16_384;

/// What the cells of a workbook need beside their sheet.
pub(super) struct Workbook {
    pub(super) strings: Strings,
    pub(super) formats: Formats,
    pub(super) is_1904: bool,
    pub(super) limit: usize,
}

/// A row of a sheet. Numbers of rows and columns begin at 1.
#[derive(Default)]
pub(super) struct Row {
    pub(super) number: usize,
    /// Its cells that say something, from left to right: column and text.
    pub(super) cells: Vec<(usize, String)>,
    /// Columns of cells with a formula.
    pub(super) formulas: Vec<usize>,
    /// Columns of cells with an error such as `#N/A`.
    pub(super) errors: Vec<usize>,
    /// Columns of numbers with more digits than Excel keeps.
    pub(super) long: Vec<usize>,
    /// Bytes of the texts.
    size: usize,
}

/// Reads the rows of a sheet.
pub(super) struct Sheet<'a> {
    xml: Xml<'a>,
    name: &'a str,
    workbook: &'a Workbook,
    row: usize,
}

impl<'a> Sheet<'a> {
    /// `text` is the XML of the sheet.
    pub(super) fn new(text: &'a str, name: &'a str, workbook: &'a Workbook) -> Self {
        Sheet { xml: Xml::new(text, format!("sheet {name}")), name, workbook, row: 0 }
    }

    /// The next row; none at the end of the sheet.
    pub(super) fn next(&mut self) -> Result<Option<Row>, Problem> {
        loop {
            match self.xml.next()? {
                Some(Event::Start(start)) if start.local_name().as_ref() == b"row" => {
                    let number = match attribute(&start, b"r") {
                        Some(number) => number.parse().ok(),
                        None => Some(self.row + 1),
                    };
                    // Rows stand in their order, each once.
                    let number = number.filter(|number| (self.row + 1..=ROWS).contains(number));
                    self.row = number.ok_or_else(|| self.damaged(&format!("behind row {}", self.row)))?;
                    return self.read_row().map(Some);
                }
                Some(Event::End(end)) if end.local_name().as_ref() == b"sheetData" => return Ok(None),
                Some(_) => {}
                None => return Ok(None),
            }
        }
    }

    fn read_row(&mut self) -> Result<Row, Problem> {
        let mut row = Row { number: self.row, ..Row::default() };
        let mut column = 0;
        loop {
            match self.xml.next()? {
                Some(Event::Start(start)) if start.local_name().as_ref() == b"c" => {
                    let found = match attribute(&start, b"r") {
                        Some(cell) => column_of(&cell, self.row),
                        None => Some(column + 1),
                    };
                    let found = found.filter(|found| (column + 1..=COLUMNS).contains(found));
                    column = found.ok_or_else(|| self.damaged(&format!("in row {}", self.row)))?;
                    self.read_cell(&start, column, &mut row)?;
                }
                Some(Event::End(end)) if end.local_name().as_ref() == b"row" => return Ok(row),
                Some(_) => {}
                None => return Err(self.damaged(&format!("in row {}", self.row))),
            }
        }
    }

    fn read_cell(&mut self, start: &BytesStart<'_>, column: usize, row: &mut Row) -> Result<(), Problem> {
        let kind = attribute(start, b"t");
        let style = attribute(start, b"s").and_then(|style| style.parse().ok()).unwrap_or(0);
        let (mut value, mut inline) = (None, None);
        loop {
            match self.xml.next()? {
                Some(Event::Start(start)) => match start.local_name().as_ref() {
                    b"v" => value = Some(self.xml.text()?),
                    b"is" => inline = Some(self.xml.string()?),
                    b"f" => {
                        row.formulas.push(column);
                        drop(self.xml.text()?);
                    }
                    _ => drop(self.xml.text()?),
                },
                Some(Event::End(_)) => break,
                Some(_) => {}
                None => return Err(self.damaged(&format!("in row {}", self.row))),
            }
        }
        let Some(value) = inline.or(value) else { return Ok(()) };
        let text = match kind.as_deref() {
            Some("s") => {
                let string = value.trim().parse().ok().and_then(|index| self.workbook.strings.get(index));
                string.ok_or_else(|| self.damaged(&cell(column, self.row)))?.to_string()
            }
            Some("inlineStr") => value,
            Some("str") => unescaped(value),
            Some("b") => match value.trim() {
                "1" | "true" => "true".to_string(),
                "0" | "false" => "false".to_string(),
                _ => return Err(self.damaged(&cell(column, self.row))),
            },
            Some("e") => {
                row.errors.push(column);
                return Ok(());
            }
            Some("d") => iso(&value),
            None | Some("n") => {
                let text = text_of(&value, self.workbook.formats.get(style), self.workbook.is_1904);
                if is_too_long(&text) {
                    row.long.push(column);
                }
                text
            }
            Some(_) => return Err(self.damaged(&cell(column, self.row))),
        };
        if text.is_empty() {
            return Ok(());
        }
        row.size += text.len();
        row.cells.push((column, text));
        if row.size > self.workbook.limit {
            return Err(Problem::too_large("the workbook", self.workbook.limit));
        }
        Ok(())
    }

    fn damaged(&self, place: &str) -> Problem {
        super::damaged(&format!("sheet {}, {place}", self.name))
    }
}

/// The column of a cell such as `B7`, which stands in this row.
fn column_of(cell: &str, row: usize) -> Option<usize> {
    let letters = cell.len() - cell.trim_start_matches(|letter: char| letter.is_ascii_alphabetic()).len();
    let (letters, digits) = cell.split_at(letters);
    if digits.parse::<usize>().ok()? != row {
        return None;
    }
    // More than three letters are more columns than a sheet has.
    if letters.is_empty() || letters.len() > 3 {
        return None;
    }
    Some(letters.bytes().fold(0, |column, letter| column * 26 + usize::from(letter.to_ascii_uppercase() - b'A') + 1))
}

/// The name of a cell, such as `B7`.
pub(super) fn cell(column: usize, row: usize) -> String {
    let mut letters = Vec::new();
    let mut left = column;
    while left > 0 {
        left -= 1;
        letters.push(char::from(b'A' + (left % 26) as u8));
        left /= 26;
    }
    format!("{}{row}", letters.iter().rev().collect::<String>())
}
