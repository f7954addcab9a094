//! CSV and TSV rows.
//!
//! In: chunks of a file. Out: records and rejects in the batch. The first row is the header; each row must have as many
//! fields as it. Only wanted columns are decoded, so that bad bytes in another column do no harm.

use std::sync::Arc;

use memchr::memchr;

use super::header;
use super::reader::{self, FileCount, Format, ReadOptions};
use super::row_batch::{RejectReason, RowBatch, RowText};
use super::split::{Splitter, Step};
use crate::error::{Error, Result};

/// Reads rows of delimited text.
pub(super) struct Delimited {
    options: Arc<ReadOptions>,
    file: String,
    count: Arc<FileCount>,
    splitter: Splitter,
    header: Option<Header>,
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
    pub(super) fn new(options: Arc<ReadOptions>, file: &str, count: Arc<FileCount>) -> Self {
        let delimiter = if options.format == Format::Tsv { b'\t' } else { b',' };
        Delimited {
            splitter: Splitter::new(delimiter, options.max_row_bytes),
            row: RowText::new(options.columns.len()),
            options,
            file: file.to_string(),
            count,
            header: None,
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
        while done < data.len() && !batch.is_full() {
            let rest = &data[done..];
            let (used, lines) = match self.splitter.next(rest, last) {
                Step::More => break,
                Step::Nothing { used, lines } => (used, lines),
                Step::Row { end, used, lines } => {
                    match &self.header {
                        None => self.header = Some(self.read_header(&rest[..end])?),
                        Some(_) => self.deliver(&rest[..end], batch),
                    }
                    (used, lines)
                }
                Step::Broken { reason, end, used, lines } => {
                    if self.header.is_none() {
                        return Err(self.broken_header(reason));
                    }
                    self.count.add_rows(1);
                    batch.reject(self.line, reason, &self.options.encoding.excerpt(&rest[..end]));
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
            None => Err(reader::empty(&self.file, self.options.format)),
        }
    }

    fn deliver(&mut self, row: &[u8], batch: &mut RowBatch) {
        self.count.add_rows(1);
        let outcome = match self.read_row(row) {
            Ok(()) => batch.record(self.line, &self.row),
            Err(reason) => Err(reason),
        };
        if let Err(reason) = outcome {
            batch.reject(self.line, reason, &self.options.encoding.excerpt(row));
        }
    }

    fn read_row(&mut self, row: &[u8]) -> Result<(), RejectReason> {
        let fields = self.splitter.fields();
        let header = self.header.as_ref().ok_or(RejectReason::WrongColumnCount)?;
        if fields.len() != header.names.len() {
            return Err(RejectReason::WrongColumnCount);
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
        Ok(())
    }

    fn read_header(&self, row: &[u8]) -> Result<Header> {
        let mut fields = Vec::new();
        for field in self.splitter.fields() {
            let mut name = Vec::new();
            unescape(&row[field.start..field.end], &mut name);
            fields.push(name);
        }
        let names = header::decode(&fields, self.options.encoding, &self.options.needed(), &self.file)?;
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
