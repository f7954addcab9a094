//! JSON lines.
//!
//! In: chunks of a file. Out: records and rejects in the batch. A line is one object, of which only the wanted keys are
//! kept. `user.phone` is the key `phone` of the object `user` (or, if there is one, the key that is spelt so at the top).

use std::sync::Arc;

use memchr::memchr;
use serde::de::DeserializeSeed;

use super::encoding::TextEncoding;
use super::json_value::{Keys, Value};
use super::reader::{FileCount, ReadOptions};
use super::row_batch::{RejectReason, RowBatch, RowText};

/// Reads rows of JSON lines.
pub(super) struct JsonLines {
    options: Arc<ReadOptions>,
    count: Arc<FileCount>,
    lines: Lines,
    wanted: Keys,
    row: RowText,
    decoded: String,
}

impl JsonLines {
    pub(super) fn new(options: Arc<ReadOptions>, count: Arc<FileCount>) -> Self {
        let mut wanted = Keys::default();
        for (column, name) in options.columns.iter().enumerate() {
            for name in std::iter::once(name).chain(options.also_named.get(column).into_iter().flatten()) {
                wanted.want(name.split('.'), column);
                if name.contains('.') {
                    wanted.want(std::iter::once(name.as_str()), column);
                }
            }
        }
        JsonLines {
            lines: Lines::new(options.max_row_bytes),
            row: RowText::new(options.columns.len()),
            options,
            count,
            wanted,
            decoded: String::new(),
        }
    }

    /// Whole lines read so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines.done
    }

    /// Reads rows from `data` until it, or the batch, is full or more data are needed; says how many bytes are done with.
    pub(super) fn parse(&mut self, data: &[u8], last: bool, batch: &mut RowBatch) -> usize {
        let mut done = 0;
        while done < data.len() && !batch.is_full() {
            let rest = &data[done..];
            let Some(step) = self.lines.next(rest, last) else { break };
            done += step.used;
            let Some(Line { bytes, number, too_long }) = step.line else { continue };
            if is_blank(bytes) && !too_long {
                continue;
            }
            self.count.add_rows(1);
            let outcome = match too_long {
                true => Err(RejectReason::RowTooLong),
                false => self.read_row(bytes).and_then(|()| batch.record(number, &self.row)),
            };
            if let Err(reason) = outcome {
                batch.reject(number, reason, &self.options.encoding.excerpt(bytes));
            }
        }
        done
    }

    fn read_row(&mut self, line: &[u8]) -> Result<(), RejectReason> {
        let text = text_of(self.options.encoding, line, &mut self.decoded).ok_or(RejectReason::Undecodable)?;
        self.row.clear();
        let mut problem = None;
        let mut json = serde_json::Deserializer::from_str(text);
        let value = Value::top(&self.wanted, &mut self.row, &mut problem);
        value.deserialize(&mut json).and_then(|()| json.end()).map_err(|_| RejectReason::BadJson)?;
        problem.map_or(Ok(()), Err)
    }
}

/// The text of a line, in `decoded` if it has to be decoded.
pub(super) fn text_of<'a>(encoding: TextEncoding, line: &'a [u8], decoded: &'a mut String) -> Option<&'a str> {
    if let Some(text) = encoding.borrow(line) {
        return Some(text);
    }
    decoded.clear();
    encoding.decode(line, decoded).then_some(decoded.as_str())
}

/// Whether there is nothing on a line; the end-of-file mark of DOS is nothing.
pub(super) fn is_blank(line: &[u8]) -> bool {
    line.trim_ascii().is_empty() || line == [0x1a]
}

/// Splits lines, and skips the rest of one that is too long.
pub(super) struct Lines {
    max: usize,
    skipping: bool,
    pub(super) done: u64,
}

/// What comes next: `used` bytes, and perhaps a line.
pub(super) struct LineStep<'a> {
    pub(super) used: usize,
    pub(super) line: Option<Line<'a>>,
}

/// A line without its line end, or as much as may be shown of one that is too long.
pub(super) struct Line<'a> {
    pub(super) bytes: &'a [u8],
    pub(super) number: u64,
    pub(super) too_long: bool,
}

impl Lines {
    pub(super) fn new(max: usize) -> Self {
        Lines { max, skipping: false, done: 0 }
    }

    /// What comes next in `data`, which is not empty; none if that takes more of it.
    pub(super) fn next<'a>(&mut self, data: &'a [u8], last: bool) -> Option<LineStep<'a>> {
        if self.skipping {
            let end = memchr(b'\n', data);
            self.skipping = end.is_none();
            self.done += u64::from(end.is_some());
            return Some(LineStep { used: end.map_or(data.len(), |at| at + 1), line: None });
        }
        let number = self.done + 1;
        let window = data.get(..=self.max).unwrap_or(data);
        let (bytes, used, too_long) = match memchr(b'\n', window) {
            Some(at) => {
                self.done += 1;
                (&data[..at], at + 1, false)
            }
            None if window.len() > self.max => {
                self.skipping = true;
                (&data[..self.max], window.len(), true)
            }
            None if last => (data, data.len(), false),
            None => return None,
        };
        Some(LineStep { used, line: Some(Line { bytes, number, too_long }) })
    }
}
