//! A source as it is typed: the part of the pipeline file that says where files are, how they are written and what their columns mean.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use nayose_matching::record::attribute::{REFERENCES, Reference};

/// The name of a column, or its place from 1 where a file has no header.
#[derive(Clone, Debug, Serialize, PartialEq)]
#[serde(transparent)]
pub struct ColumnName(pub String);

impl<'de> Deserialize<'de> for ColumnName {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Typed {
            Place(u64),
            Name(String),
        }
        Ok(ColumnName(match Typed::deserialize(from)? {
            Typed::Place(place) => place.to_string(),
            Typed::Name(name) => name,
        }))
    }
}

impl JsonSchema for ColumnName {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ColumnName".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "The name of a column, or its place from 1 where a file has no header.",
            "type": ["string", "integer"],
        })
    }
}

/// One column or several.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(ColumnName),
    /// Several.
    Many(Vec<ColumnName>),
}

impl OneOrMany {
    /// As a list.
    pub fn to_vec(&self) -> Vec<String> {
        match self {
            OneOrMany::One(one) => vec![one.0.clone()],
            OneOrMany::Many(many) => many.iter().map(|name| name.0.clone()).collect(),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(untagged)]
pub enum ValueFile {
    /// A column, or several: names, addresses and ids are joined, phones and mail addresses are several values.
    Columns(OneOrMany),
    /// A value that is made of columns.
    Made(MadeFile),
}

/// A value that is made of columns, in one of these ways.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct MadeFile {
    /// Parts of one value, put together as they stand: the three columns of a phone, day and time of day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<OneOrMany>,
    /// The first of these columns that is filled.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first: Option<OneOrMany>,
    /// A digest of these columns, for rows that have no id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub digest: Option<OneOrMany>,
    /// A SQL expression on the row. Columns are written in double quotes; text is read as a number where it is reckoned with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expression: Option<String>,
}

/// What a source's rows are.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// A row describes a person.
    People,
    /// A row is something that happened.
    Events,
    /// A row says what something is that events name: a product, a store, what a medium cost in a month; `table` says which.
    Reference,
}

impl Holds {
    /// The rows in the words of a sentence.
    pub(super) fn rows(self) -> &'static str {
        match self {
            Holds::People => "people",
            Holds::Events => "events",
            Holds::Reference => "a reference",
        }
    }
}

/// A table of things that events name.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum TableFile {
    /// Products by `item_id`.
    Product,
    /// Stores by `store_id`.
    Store,
    /// What was spent on a medium in a month.
    MediumSpend,
}

impl TableFile {
    /// The table.
    pub fn reference(self) -> &'static Reference {
        let [product, store, medium_spend] = &REFERENCES;
        match self {
            TableFile::Product => product,
            TableFile::Store => store,
            TableFile::MediumSpend => medium_spend,
        }
    }
}

/// File format.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum FormatFile {
    /// Comma-separated values with a header row.
    Csv,
    /// Tab-separated values with a header row.
    Tsv,
    /// One JSON object a line.
    Jsonl,
    /// A JSON array of objects, or a document with one inside; `rows` says where.
    Json,
    /// Apache Parquet.
    Parquet,
    /// A sheet of an Excel workbook; `sheet` says which.
    Xlsx,
    /// Records of one length in bytes; `fixed` says where its columns are.
    Fixed,
}

/// Text encoding.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
pub enum EncodingFile {
    /// UTF-8, with or without a byte order mark.
    #[default]
    #[serde(rename = "utf-8")]
    Utf8,
    /// Shift_JIS with the vendor characters of Windows.
    #[serde(rename = "cp932")]
    Cp932,
    /// EUC-JP.
    #[serde(rename = "euc-jp")]
    EucJp,
    /// UTF-16, either byte order.
    #[serde(rename = "utf-16")]
    Utf16,
}

/// Whether quotes around a field are part of it.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum QuotingFile {
    /// A field may stand in double quotes, with quotes inside doubled (RFC 4180).
    #[default]
    Standard,
    /// A double quote is a character like others.
    None,
}

/// The word `none`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum NoneFile {
    /// None.
    None,
}

/// Where the header of a file is.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(untagged)]
pub enum HeaderFile {
    /// In this line, from 1; what stands before it is not read.
    Line(u64),
    /// There is none: columns are named 1, 2, 3, … by their place.
    None(NoneFile),
}

impl Default for HeaderFile {
    fn default() -> Self {
        HeaderFile::Line(1)
    }
}

/// Records of one length.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FixedFile {
    /// Bytes of a record, without its line end.
    pub length: u64,
    /// Column → its first byte, from 1, and its length in bytes.
    pub columns: BTreeMap<String, (u64, u64)>,
}

/// What rows of one file are that have the same event id.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum EqualRowsFile {
    /// Rows that are the same in everything are one row that was written twice; others are lines of their own.
    #[default]
    Lines,
    /// They are one event: the last one is right.
    OneEvent,
    /// They are events of their own, also where they are the same in everything.
    TwoEvents,
}

/// Columns that stand on the first row of an order only.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct FillDownFile {
    /// Columns that are equal in the rows of an order.
    pub within: OneOrMany,
    /// Columns whose value holds for the rows of the order that follow.
    pub columns: OneOrMany,
}

/// Another set of files with one row for what several rows here have in common: the orders of lines.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct JoinFile {
    /// Files, as a glob below `input`, written as the source's own.
    pub files: String,
    /// Where the rows are in a JSON document.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// Column of the source → column of those files.
    pub on: BTreeMap<String, ColumnName>,
    /// Columns that are taken from there.
    pub columns: OneOrMany,
    /// Whether there may be no such files at all: then the columns have no values.
    #[serde(default, skip_serializing_if = "is_default")]
    pub may_be_missing: bool,
}

/// One expression or several.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(untagged)]
pub enum ExpressionsFile {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl ExpressionsFile {
    /// As a list.
    pub fn to_vec(&self) -> Vec<String> {
        match self {
            ExpressionsFile::One(one) => vec![one.clone()],
            ExpressionsFile::Many(many) => many.clone(),
        }
    }
}

/// A value as a source has it: a text, a whole number, true or false.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(untagged)]
pub enum SourceValue {
    /// True or false.
    Flag(bool),
    /// A whole number.
    Number(i64),
    /// A text.
    Text(String),
}

impl SourceValue {
    /// As the reader of the files writes it.
    pub fn text(&self) -> String {
        match self {
            SourceValue::Flag(flag) => flag.to_string(),
            SourceValue::Number(number) => number.to_string(),
            SourceValue::Text(text) => text.trim().to_string(),
        }
    }
}

/// What a column says about a consent. Empty is no statement; a value that is not listed here is `unknown`, which is no
/// consent.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ConsentFile {
    /// The column.
    pub column: ColumnName,
    /// Its values that mean consent.
    #[serde(default)]
    pub granted: Vec<SourceValue>,
    /// Its values that mean that consent was refused, or taken back.
    #[serde(default)]
    pub denied: Vec<SourceValue>,
    /// Column of the time of the statement; the row's own time where none is given, or where it is empty.
    pub at: Option<String>,
    /// Whether files may lack these columns: those from before people were asked.
    #[serde(default)]
    pub may_be_missing: bool,
}

/// A source: a set of files of one shape.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SourceFile {
    /// Its name, unique in the file.
    pub name: String,
    /// The channel that its ids belong to; of a reference the system that it comes from, where somebody asks.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub channel: String,
    /// People, events, or what events name.
    pub holds: Holds,
    /// Of a reference: the table that it fills.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub table: Option<TableFile>,
    /// Files, as a glob below `input`, or a URL with a glob.
    pub files: String,
    /// Of ZIP archives: the members to read, as a glob; all of them where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub member: Option<String>,
    /// File format. Compression (gzip, zstd) and ZIP archives are recognised by themselves.
    pub format: FormatFile,
    /// Of a JSON document: where its rows are, such as `users[*]`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rows: Option<String>,
    /// Of a workbook: the name of the sheet; the first where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheet: Option<String>,
    /// Of records of one length: the length, and where the columns are.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fixed: Option<FixedFile>,
    /// Text encoding.
    #[serde(default)]
    pub encoding: EncodingFile,
    /// What stands between fields, one character; that of the format where none is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub delimiter: Option<String>,
    /// Whether fields may be quoted.
    #[serde(default, skip_serializing_if = "is_default")]
    pub quoting: QuotingFile,
    /// The line of the header; `none` where there is none.
    #[serde(default, skip_serializing_if = "is_default")]
    pub header: HeaderFile,
    /// Names that the source had before: figures of its files are compared with those of then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<OneOrMany>,
    /// Column → other names that it has in some files.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub also_named: BTreeMap<String, OneOrMany>,
    /// Columns that files may lack.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub may_be_missing: Vec<ColumnName>,
    /// Values that mean nothing, in every column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub null_values: Vec<SourceValue>,
    /// Column → a value as it stands → the value as nayose reads it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub values: BTreeMap<String, BTreeMap<String, SourceValue>>,
    /// The time zone of times without an offset, where it is not the pipeline's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub time_zone: Option<String>,
    /// Columns that stand on the first row of an order only.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fill_down: Option<FillDownFile>,
    /// Columns of other files, by a key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub join: Option<JoinFile>,
    /// An SQL expression on the row; rows for which it is not true are skipped.
    #[serde(rename = "where", skip_serializing_if = "Option::is_none")]
    pub only_where: Option<String>,
    /// SQL expressions on the row; a row for which one is true is skipped, with the expression as its reason.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub skip_where: Option<ExpressionsFile>,
    /// People and events: the record's id within the channel; several columns are joined by `-`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub record_id: Option<ValueFile>,
    /// People: the time when the row's values were valid.
    pub updated_at: Option<ValueFile>,
    /// People: the time when the record was made.
    pub registered_at: Option<ValueFile>,
    /// Events: the event's id; several columns are joined by `-`.
    pub event_id: Option<ValueFile>,
    /// Events: what rows of one file with the same event id are.
    #[serde(default, skip_serializing_if = "is_default")]
    pub equal_rows: EqualRowsFile,
    /// Events: the time when it happened.
    pub occurred_at: Option<ValueFile>,
    /// Events: their kind, such as `purchase` or `ticket`; the queries of the marts say which kinds they count.
    pub event_type: Option<String>,
    /// Attribute → column. Several columns: names and addresses are joined, phones and mail addresses are several values.
    #[serde(default)]
    pub columns: BTreeMap<String, ValueFile>,
    /// People: purpose → way of contact → column that says whether the person agrees, such as `marketing: { email: … }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consent: BTreeMap<String, BTreeMap<String, ConsentFile>>,
    /// Whether the source may have no rows at all.
    #[serde(default)]
    pub may_be_empty: bool,
}

/// The time zone of Japan, which has no other.
pub const JAPAN: &str = "Asia/Tokyo";

pub(super) fn japan() -> String {
    JAPAN.into()
}

pub(super) fn is_japan(zone: &str) -> bool {
    zone == JAPAN
}

/// Left out of digests: a pipeline that declares none of the newer keys is the one that it was.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}
