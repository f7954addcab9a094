//! A checked source: where its files are, how they are written, what their columns mean.

use std::collections::BTreeMap;

use super::expression::Expression;
use super::file::{EncodingFile, EqualRowsFile, FormatFile};
use nayose_matching::record::attribute::Reference;

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// The channel that its ids belong to.
    pub channel: String,
    /// What a row is.
    pub holds: Rows,
    /// Files below the input root.
    pub files: String,
    /// How they are written.
    pub reading: Reading,
    /// Column → other names of it.
    pub also_named: BTreeMap<String, Vec<String>>,
    /// Columns that files may lack.
    pub may_be_missing: Vec<String>,
    /// Values that mean nothing.
    pub null_values: Vec<String>,
    /// Column → a value as it stands → the value that it means.
    pub values: BTreeMap<String, BTreeMap<String, String>>,
    /// The time zone of times without an offset, an IANA name.
    pub time_zone: String,
    /// Columns that stand on the first row of an order only.
    pub fill_down: Option<FillDown>,
    /// Columns of other files.
    pub join: Option<Join>,
    /// Rows for which it is not true are skipped.
    pub only_where: Option<Expression>,
    /// Rows for which one is true are skipped.
    pub skip_where: Vec<Expression>,
    /// The record's id.
    pub record_id: Value,
    /// Attribute → where its value comes from.
    pub columns: BTreeMap<String, Value>,
    /// Columns with statements of consent, in order of purpose and contact.
    pub consent: Vec<ConsentColumn>,
    /// Whether the source may have no rows.
    pub may_be_empty: bool,
}

/// How files are written.
#[derive(Clone, Debug)]
pub struct Reading {
    /// File format.
    pub format: FormatFile,
    /// Text encoding.
    pub encoding: EncodingFile,
    /// Of ZIP archives: a glob of members.
    pub member: Option<String>,
    /// Of JSON documents: where the rows are.
    pub rows: Option<String>,
    /// Of workbooks: the sheet.
    pub sheet: Option<String>,
    /// Of records of one length: where columns are.
    pub fixed: Option<Fixed>,
    /// What stands between fields.
    pub delimiter: u8,
    /// Whether fields may be quoted.
    pub quotes: bool,
    /// Where the header is.
    pub header: Header,
}

/// Where the header of a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Header {
    /// In this line, from 1.
    Line(u64),
    /// Nowhere.
    None,
}

/// Records of one length.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fixed {
    /// Bytes of a record without its line end.
    pub length: usize,
    /// Name, first byte from 1, bytes.
    pub columns: Vec<(String, usize, usize)>,
}

/// Columns that stand on the first row of an order only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FillDown {
    /// Columns that are equal in the rows of an order.
    pub within: Vec<String>,
    /// Columns whose value holds for the rows that follow.
    pub columns: Vec<String>,
}

/// Columns of other files by a key.
#[derive(Clone, Debug)]
pub struct Join {
    /// Those files.
    pub files: String,
    /// Where the rows are in a JSON document.
    pub rows: Option<String>,
    /// Column here, column there.
    pub on: Vec<(String, String)>,
    /// Columns that are taken from there.
    pub columns: Vec<String>,
    /// Whether there may be no such files.
    pub may_be_missing: bool,
}

/// Where a value comes from.
#[derive(Clone, Debug)]
pub enum Value {
    /// Columns, joined or several as the attribute says.
    Columns(Vec<String>),
    /// Parts of one value.
    Join(Vec<String>),
    /// The first that is filled.
    First(Vec<String>),
    /// A digest of them.
    Digest(Vec<String>),
    /// An expression on the row.
    Expression(Expression),
}

impl Value {
    /// The columns that it is made of.
    pub fn columns(&self) -> &[String] {
        match self {
            Value::Columns(of) | Value::Join(of) | Value::First(of) | Value::Digest(of) => of,
            Value::Expression(expression) => &expression.columns,
        }
    }
}

/// A column that says whether a person agrees to something.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentColumn {
    /// What for.
    pub purpose: String,
    /// By which way of contact.
    pub contact: String,
    /// The column.
    pub column: String,
    /// Its values that mean consent, in every spelling, in lower case.
    pub granted: Vec<String>,
    /// Its values that mean none, likewise.
    pub denied: Vec<String>,
    /// The values as typed, each with its spellings.
    pub listed: Vec<(String, Vec<String>)>,
    /// Column of the time of the statement.
    pub at: Option<String>,
    /// Whether files may lack these columns.
    pub may_be_missing: bool,
}

/// What a source's rows are.
#[derive(Clone, Debug)]
pub enum Rows {
    /// A row describes a person.
    People {
        /// The time when the values were valid.
        updated_at: Option<Value>,
        /// The time when the record was made.
        registered_at: Option<Value>,
    },
    /// A row is something that happened.
    Events {
        /// The event's id.
        event_id: Value,
        /// The time.
        occurred_at: Option<Value>,
        /// Kind of fact.
        event_type: String,
        /// What rows of one file with one event id are.
        equal_rows: EqualRowsFile,
    },
    /// A row says what something is that events name.
    Reference {
        /// The table that it fills.
        table: &'static Reference,
        /// The columns of its key, where they stand in columns alone.
        key: Value,
    },
}

impl Source {
    /// The value that a row must have: of people the id, of events the event's id, of a reference its key.
    pub fn key(&self) -> &Value {
        match &self.holds {
            Rows::People { .. } => &self.record_id,
            Rows::Events { event_id, .. } => event_id,
            Rows::Reference { key, .. } => key,
        }
    }

    /// Every expression with its place below the source, such as `columns.amount`.
    pub(crate) fn expressions(&self) -> Vec<(String, &Expression)> {
        let of_values = self.placed_values().into_iter().filter_map(|(place, value)| match value {
            Value::Expression(expression) => Some((place, expression)),
            _ => None,
        });
        let only = self.only_where.iter().map(|e| ("where".to_string(), e));
        of_values.chain(only).chain(self.skip_where.iter().map(|e| ("skip_where".to_string(), e))).collect()
    }

    /// Every value that is read of a row, but for consent.
    pub fn mapped_values(&self) -> Vec<&Value> {
        self.placed_values().into_iter().map(|(_, value)| value).collect()
    }

    /// The same with the place of each.
    fn placed_values(&self) -> Vec<(String, &Value)> {
        let mut all = vec![("record_id".to_string(), &self.record_id)];
        let mut add = |name: &str, value| all.push((name.to_string(), value));
        match &self.holds {
            Rows::People { updated_at, registered_at } => {
                updated_at.iter().for_each(|value| add("updated_at", value));
                registered_at.iter().for_each(|value| add("registered_at", value));
            }
            Rows::Events { event_id, occurred_at, .. } => {
                add("event_id", event_id);
                occurred_at.iter().for_each(|value| add("occurred_at", value));
            }
            // Its key is among its columns.
            Rows::Reference { .. } => {}
        }
        all.extend(self.columns.iter().map(|(name, value)| (format!("columns.{name}"), value)));
        all
    }
}
