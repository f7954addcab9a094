//! Rows to batches.
//!
//! In: the values of one row after the other, or the reason why a row is none. Out: record batches of the reader's schema.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, StringBuilder};
use arrow::datatypes::SchemaRef;

use super::reader::ReadOptions;
use crate::error::Result;

/// A batch ends early when it holds this much text.
pub(super) const BATCH_BYTES: usize = 16 * 1024 * 1024;

/// Why a row could not be read. The names are stored: they stay as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RejectReason {
    /// A quote inside an unquoted field, or text after a closing quote.
    StrayQuote,
    /// A quoted field that does not end.
    UnclosedQuote,
    /// More or fewer fields than the header has.
    WrongColumnCount,
    /// One field more than the header has, with nothing in it: a delimiter at the end of rows, and none at the end of the header.
    TrailingDelimiter,
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
    /// A wanted key is in one object twice.
    DuplicateKey,
    /// The header again, in the middle of the file: files were put together.
    RepeatedHeader,
    /// A row at the end, or between groups, that sums up the rows above.
    TotalRow,
}

impl RejectReason {
    /// Whether a row with a reason of this name was left out on purpose: by an expression of the source, or because it says itself that
    /// it is none.
    pub fn is_skipped(name: &str) -> bool {
        name.starts_with("skipped: ")
            || [RejectReason::RepeatedHeader, RejectReason::TotalRow].iter().any(|reason| reason.name() == name)
    }

    /// What is wrong with rows that have a reason of this name, and what helps; for people.
    pub fn remedy(name: &str) -> &'static str {
        match name {
            "stray_quote" => "a quote stands inside a field: double it, or set `quoting: none`",
            "unclosed_quote" => "a quoted field does not end: the file was cut, or set `quoting: none`",
            "wrong_column_count" => "rows have more or fewer fields than the header: check `delimiter` and `quoting`",
            "trailing_delimiter" => {
                "rows end with one comma more than the header: take it away, or add one to the header"
            }
            "undecodable" => "bytes are no text in this encoding: check `encoding`",
            "missing_required" => {
                "the id is empty: check `record_id` or `event_id`; of a reference, the columns that it must have"
            }
            "row_too_long" => "a row does not end: check `format` and line ends",
            "bad_json" | "not_an_object" => "lines are no JSON objects: check `format`",
            "nested_value" => "a mapped column holds an object or a list: name what is inside with a dot",
            "inexact_number" => "a number has more digits than JSON readers keep: deliver it as text",
            "duplicate_key" => "a key stands twice in one object",
            "damaged_id" => "a spreadsheet cut the id (1.23457E+11): export the column as text",
            "bad_time" => "the time is not understood: check `occurred_at`, or map a column that has one",
            "bad_amount"
            | "bad_quantity"
            | "bad_unit_price"
            | "bad_discount"
            | "bad_points_used"
            | "bad_shipping_charged"
            | "bad_shipping_cost"
            | "bad_tax"
            | "bad_score"
            | "bad_cost" => {
                "a number is not understood: check the column that is mapped, or what its expression reckons with"
            }
            "bad_valid_until" | "bad_bought_on" | "bad_launched_on" | "bad_opened_on" => {
                "a date is not understood: check the column that is mapped; what means that there is none belongs into `null_values`"
            }
            "bad_month" => "a month is not understood: write it as 2026-03, 2026/03, 2026年3月, or as a day of it",
            "bad_status" => {
                "the status of an order is none of confirmed, cancelled, provisional, returned: say with `values` what the words of the column mean"
            }
            "bad_role" => "a role is neither trial nor main: say with `values` what the words of the column mean",
            _ => "look at the rows in the table `reject`",
        }
    }

    /// The stable name.
    pub fn name(self) -> &'static str {
        match self {
            RejectReason::StrayQuote => "stray_quote",
            RejectReason::UnclosedQuote => "unclosed_quote",
            RejectReason::WrongColumnCount => "wrong_column_count",
            RejectReason::TrailingDelimiter => "trailing_delimiter",
            RejectReason::Undecodable => "undecodable",
            RejectReason::MissingRequired => "missing_required",
            RejectReason::RowTooLong => "row_too_long",
            RejectReason::BadJson => "bad_json",
            RejectReason::NotAnObject => "not_an_object",
            RejectReason::NestedValue => "nested_value",
            RejectReason::InexactNumber => "inexact_number",
            RejectReason::DuplicateKey => "duplicate_key",
            RejectReason::RepeatedHeader => "repeated_header",
            RejectReason::TotalRow => "total_row",
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

    pub(super) fn get(&self, column: usize) -> &str {
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
