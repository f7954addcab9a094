//! CSV and TSV rows.
//!
//! In: chunks of a file. Out: records and rejects in the batch. The row in the line of the header names the columns, where there is one;
//! each row must have as many fields as it. Only wanted columns are decoded, so that bad bytes in another column do no harm.

use std::collections::HashSet;
use std::sync::Arc;

use memchr::memchr;

use super::header;
use super::reader::{self, FileCount, ReadOptions};
use super::row_batch::{RejectReason, RowBatch, RowText};
use super::split::{self, Splitter, Step};
use crate::error::{Error, Result};

/// Reads rows of delimited text.
pub(super) struct Delimited {
    options: Arc<ReadOptions>,
    file: String,
    count: Arc<FileCount>,
    splitter: Splitter,
    header: Option<Header>,
    /// Rows from 1 that are not trusted, and how many there were so far.
    bad: HashSet<u64>,
    rows: u64,
    /// The numbers of rows in the file that was unpacked, where they are not those of lines.
    numbers: Vec<u64>,
    /// The line where the next row starts.
    line: u64,
    row: RowText,
    unescaped: Vec<u8>,
}

struct Header {
    names: Vec<String>,
    wanted: Vec<Option<usize>>,
}

impl Delimited {
    /// A parser; `bad` are rows from 1 that whoever unpacked the file does not trust, and `numbers` says which row of a workbook each is.
    pub(super) fn new(
        options: Arc<ReadOptions>,
        file: &str,
        count: Arc<FileCount>,
        (bad, numbers): (HashSet<u64>, Vec<u64>),
    ) -> Self {
        Delimited {
            splitter: Splitter::new(options.delimiter, options.quotes, options.max_row_bytes),
            row: RowText::new(options.columns.len()),
            options,
            file: file.to_string(),
            count,
            header: None,
            bad,
            rows: 0,
            numbers,
            line: 1,
            unescaped: Vec::new(),
        }
    }

    /// Whole lines read so far.
    pub(super) fn lines(&self) -> u64 {
        self.line - 1
    }

    /// The names in the header, once it is read.
    pub(super) fn names(&self) -> Option<&[String]> {
        self.header.as_ref().map(|header| header.names.as_slice())
    }

    /// Reads rows from `data` until it, or the batch, is full or more data are needed; says how many bytes are done with.
    pub(super) fn parse(&mut self, data: &[u8], last: bool, batch: &mut RowBatch) -> Result<usize> {
        let mut done = 0;
        // What stands before the header is not split: it is prose.
        while self.line < self.options.header.unwrap_or(1) && self.header.is_none() {
            let rest = &data[done..];
            let Some((used, ends)) = split::line(rest, last).filter(|(used, _)| *used > 0) else { return Ok(done) };
            done += used;
            if !ends {
                return Ok(done);
            }
            self.line += 1;
        }
        while done < data.len() && !batch.is_full() {
            let rest = &data[done..];
            let (used, lines) = match self.splitter.next(rest, last) {
                Step::More => break,
                Step::Nothing { used, lines } => (used, lines),
                Step::Row { end, used, lines } => {
                    let names = self.header.is_none();
                    if names {
                        self.header = Some(self.read_header(&rest[..end])?);
                    }
                    if !names || self.options.header.is_none() {
                        self.deliver(&rest[..end], batch);
                    }
                    (used, lines)
                }
                Step::Broken { reason, end, used, lines } => {
                    if self.header.is_none() {
                        return Err(self.broken_header(reason));
                    }
                    self.count.add_rows(1);
                    self.rows += 1;
                    batch.reject(self.number(), reason, &self.options.encoding.excerpt(&rest[..end]));
                    (used, lines)
                }
            };
            done += used;
            self.line += lines;
        }
        Ok(done)
    }

    /// The file has ended.
    pub(super) fn finish(&self) -> Result<()> {
        match self.header {
            Some(_) => Ok(()),
            // Rows without a header may be none.
            None if self.options.header.is_none() => Ok(()),
            None if self.options.header > Some(1) && self.line > 1 => {
                let line = self.options.header.unwrap_or_default();
                Err(Error::config(format!("{} has no header in line {line}: it has fewer lines", self.file))
                    .hint("check `header`: it is the line in which the names of the columns stand"))
            }
            None => Err(reader::empty(&self.file, self.options.format)),
        }
    }

    fn deliver(&mut self, row: &[u8], batch: &mut RowBatch) {
        self.count.add_rows(1);
        self.rows += 1;
        let outcome = match self.read_row(row) {
            Ok(()) if self.bad.contains(&self.rows) => Err(RejectReason::Undecodable),
            Ok(()) if self.options.required.iter().any(|column| is_total(self.row.get(*column))) => {
                Err(RejectReason::TotalRow)
            }
            Ok(()) => batch.record(self.number(), &self.row),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = outcome {
            let reason = if self.begins_as_total(row) { RejectReason::TotalRow } else { reason };
            batch.reject(self.number(), reason, &self.options.encoding.excerpt(row));
        }
    }

    /// The number of the row that is read: that of the workbook's sheet, or its line.
    fn number(&self) -> u64 {
        let row = self.rows.checked_sub(1).and_then(|row| self.numbers.get(row as usize));
        row.copied().unwrap_or(self.line)
    }

    /// Whether a row that is no record says so itself: the first field with something in it is a word for the sum of the rows above.
    fn begins_as_total(&self, row: &[u8]) -> bool {
        let mut fields = self.splitter.fields().iter().filter_map(|field| row.get(field.start..field.end));
        let Some(first) = fields.find(|field| !field.trim_ascii().is_empty()) else { return false };
        let mut text = String::new();
        self.options.encoding.decode(first, &mut text) && is_total(&text)
    }

    fn read_row(&mut self, row: &[u8]) -> Result<(), RejectReason> {
        let fields = self.splitter.fields();
        let header = self.header.as_ref().ok_or(RejectReason::WrongColumnCount)?;
        let columns = header.names.len();
        if fields.len() != columns {
            let nothing = fields.last().is_some_and(|last| last.start == last.end);
            let trailing = fields.len() == columns + 1 && nothing;
            return Err(if trailing { RejectReason::TrailingDelimiter } else { RejectReason::WrongColumnCount });
        }
        let encoding = self.options.encoding;
        let whole = encoding.borrow(row);
        self.row.clear();
        for (column, &position) in header.wanted.iter().enumerate() {
            let Some(position) = position else { continue };
            let field = fields[position];
            let read = if field.escaped {
                unescape(&row[field.start..field.end], &mut self.unescaped);
                self.row.write(column, |text| encoding.decode(&self.unescaped, text))
            } else if let Some(value) = whole.and_then(|whole| whole.get(field.start..field.end)) {
                self.row.write(column, |text| text.push_str(value));
                true
            } else {
                self.row.write(column, |text| encoding.decode(&row[field.start..field.end], text))
            };
            if !read {
                return Err(RejectReason::Undecodable);
            }
        }
        if is_header(header, &self.row) { Err(RejectReason::RepeatedHeader) } else { Ok(()) }
    }

    fn read_header(&self, row: &[u8]) -> Result<Header> {
        if self.options.header.is_none() {
            let names: Vec<String> = (1..=self.splitter.fields().len()).map(|place| place.to_string()).collect();
            let wanted = header::locate(&names, &self.options, &self.file)?;
            return Ok(Header { names, wanted });
        }
        let mut fields = Vec::new();
        for field in self.splitter.fields() {
            let mut name = Vec::new();
            unescape(&row[field.start..field.end], &mut name);
            fields.push(name);
        }
        let names = header::decode(&fields, &self.options, &self.file)?;
        let wanted = header::locate(&names, &self.options, &self.file)?;
        Ok(Header { names, wanted })
    }

    fn broken_header(&self, reason: RejectReason) -> Error {
        let file = &self.file;
        let line = self.line;
        match reason {
            RejectReason::RowTooLong => {
                Error::config(format!("the header of {file} (line {line}) is too long for one"))
                    .hint("check `format` and `encoding`, and that the file is text")
            }
            _ => Error::config(format!(
                "the header of {file} (line {line}) has a quote that does not open or close a name"
            ))
            .hint("check `format`; a name that holds a quote is quoted, with the quote doubled"),
        }
    }
}

/// Whether a value is a word for the sum of the rows above, which no id is.
fn is_total(value: &str) -> bool {
    const WORDS: [&str; 9] = ["合計", "総計", "小計", "総合計", "計", "total", "grand total", "subtotal", "sum"];
    const LONGEST: usize = "grand total:".len();
    // Nearly every value ends here or at its first digit.
    value.len() <= LONGEST
        && !value.contains(|c: char| c.is_ascii_digit())
        && WORDS.contains(&value.trim().trim_end_matches([':', '：']).to_lowercase().as_str())
}

/// Whether every wanted value of a row is the name of its column, as where two files were put together; the second may begin with a
/// byte order mark.
fn is_header(header: &Header, row: &RowText) -> bool {
    let mut values =
        header.wanted.iter().enumerate().filter_map(|(column, position)| Some((row.get(column), (*position)?)));
    let is_name = |(value, position): (&str, usize)| {
        value.strip_prefix('\u{feff}').unwrap_or(value).trim() == header.names[position].trim()
    };
    // Most rows end here, after one comparison.
    values.next().is_some_and(is_name) && values.all(is_name)
}

/// Doubled quotes become single ones. A quote in an unquoted field never comes here.
fn unescape(field: &[u8], out: &mut Vec<u8>) {
    out.clear();
    let mut rest = field;
    while let Some(quote) = memchr(b'"', rest) {
        out.extend_from_slice(&rest[..=quote]);
        rest = rest.get(quote + 2..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
