//! Rows to batches.
//!
//! In: the values of one row after the other, or the reason why a row is none. Out: record batches of the reader's schema.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, StringBuilder};
use datafusion::arrow::datatypes::SchemaRef;

use super::reader::ReadOptions;
use crate::error::Result;

/// A batch ends early when it holds this much text.
const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// Why a row could not be read. The names are stored: they stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// A quote inside an unquoted field, or text after a closing quote.
    StrayQuote,
    /// A quoted field that does not end.
    UnclosedQuote,
    /// More or fewer fields than the header has.
    WrongColumnCount,
    /// Bytes that are no text in the encoding of the source.
    Undecodable,
    /// A required value is empty.
    MissingRequired,
    /// The row is longer than a row may be.
    RowTooLong,
    /// A line that is not JSON.
    BadJson,
    /// A line of JSON that is no object.
    NotAnObject,
    /// A wanted value is an object or a list of objects or lists.
    NestedValue,
    /// A whole number with more digits than a number can hold exactly.
    InexactNumber,
}

impl RejectReason {
    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            RejectReason::StrayQuote => "stray_quote",
            RejectReason::UnclosedQuote => "unclosed_quote",
            RejectReason::WrongColumnCount => "wrong_column_count",
            RejectReason::Undecodable => "undecodable",
            RejectReason::MissingRequired => "missing_required",
            RejectReason::RowTooLong => "row_too_long",
            RejectReason::BadJson => "bad_json",
            RejectReason::NotAnObject => "not_an_object",
            RejectReason::NestedValue => "nested_value",
            RejectReason::InexactNumber => "inexact_number",
        }
    }
}

/// The values of one row: one buffer, used again for each row.
#[derive(Debug)]
pub(super) struct RowText {
    text: String,
    slots: Vec<(usize, usize)>,
}

impl RowText {
    pub(super) fn new(columns: usize) -> Self {
        RowText { text: String::new(), slots: vec![(0, 0); columns] }
    }

    /// Forgets all values.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.slots.fill((0, 0));
    }

    /// Sets a value to what `write` appends.
    pub(super) fn write<T>(&mut self, column: usize, write: impl FnOnce(&mut String) -> T) -> T {
        let start = self.text.len();
        let result = write(&mut self.text);
        if let Some(slot) = self.slots.get_mut(column) {
            *slot = (start, self.text.len());
        }
        result
    }

    /// Sets a value to that of another column.
    pub(super) fn share(&mut self, from: usize, to: usize) {
        if from < self.slots.len() && to < self.slots.len() {
            self.slots[to] = self.slots[from];
        }
    }

    fn get(&self, column: usize) -> &str {
        self.slots.get(column).and_then(|&(start, end)| self.text.get(start..end)).unwrap_or_default()
    }
}

/// Whether a value counts as missing where one is required.
pub(super) fn is_missing(value: &str) -> bool {
    value.trim().is_empty()
}

/// The batch that is being filled.
pub(super) struct RowBatch {
    schema: SchemaRef,
    file: String,
    required: Vec<usize>,
    limit: usize,
    lines: Vec<i64>,
    reasons: StringBuilder,
    raws: StringBuilder,
    columns: Vec<StringBuilder>,
    bytes: usize,
}

impl RowBatch {
    pub(super) fn new(schema: SchemaRef, file: &str, options: &ReadOptions) -> Self {
        RowBatch {
            schema,
            file: file.to_string(),
            required: options.required.clone(),
            limit: options.batch_rows.max(1),
            lines: Vec::new(),
            reasons: StringBuilder::new(),
            raws: StringBuilder::new(),
            columns: options.columns.iter().map(|_| StringBuilder::new()).collect(),
            bytes: 0,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.lines.len() >= self.limit || self.bytes >= BATCH_BYTES
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lines.is_empty()
    }

    /// Adds a row, unless a required value is missing. Empty values become NULL.
    pub(super) fn record(&mut self, line: u64, row: &RowText) -> Result<(), RejectReason> {
        if self.required.iter().any(|&column| is_missing(row.get(column))) {
            return Err(RejectReason::MissingRequired);
        }
        self.lines.push(line as i64);
        self.reasons.append_null();
        self.raws.append_null();
        for (column, builder) in self.columns.iter_mut().enumerate() {
            match row.get(column) {
                "" => builder.append_null(),
                value => builder.append_value(value),
            }
        }
        self.bytes += row.text.len();
        Ok(())
    }

    /// Adds a row that could not be read.
    pub(super) fn reject(&mut self, line: u64, reason: RejectReason, raw: &str) {
        self.lines.push(line as i64);
        self.reasons.append_value(reason.name());
        self.raws.append_value(raw);
        for builder in &mut self.columns {
            builder.append_null();
        }
        self.bytes += raw.len();
    }

    /// Hands over what was added and starts anew.
    pub(super) fn finish(&mut self) -> Result<RecordBatch> {
        let rows = self.lines.len();
        let mut arrays: Vec<ArrayRef> = vec![
            file_column(&self.file, rows),
            Arc::new(Int64Array::from(std::mem::take(&mut self.lines))),
            Arc::new(self.reasons.finish()),
            Arc::new(self.raws.finish()),
        ];
        for builder in &mut self.columns {
            arrays.push(Arc::new(builder.finish()));
        }
        self.bytes = 0;
        Ok(RecordBatch::try_new(Arc::clone(&self.schema), arrays)?)
    }
}

/// The `file` column.
pub(super) fn file_column(name: &str, rows: usize) -> ArrayRef {
    Arc::new(StringArray::from_iter_values(std::iter::repeat_n(name, rows)))
}
