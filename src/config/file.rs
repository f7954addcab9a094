//! The pipeline file as it is typed: one serde mirror per section, unknown keys rejected, nothing checked yet.
//!
//! The JSON Schema for editors is generated from these types, and so is the check of keys and types in [`super::shape`]:
//! what is written here is the only description of the file.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// One value or several.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(String),
    /// Several.
    Many(Vec<String>),
}

impl OneOrMany {
    /// As a list.
    pub fn to_vec(&self) -> Vec<String> {
        match self {
            OneOrMany::One(one) => vec![one.clone()],
            OneOrMany::Many(many) => many.clone(),
        }
    }
}

/// A text in two languages.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Label {
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

/// The pipeline file: where the raw files are, what their columns mean, what to make of them.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PipelineFile {
    /// Name of the pipeline.
    pub name: String,
    /// Root of the sources' globs: a path relative to this file, or a URL. `--input` replaces it.
    #[serde(default = "here")]
    pub input: String,
    /// Where work files and published tables go: a path relative to this file, or a URL. `--lake` replaces it.
    pub lake: Option<String>,
    /// The model file, relative to this file.
    #[serde(default = "model_yaml")]
    pub model: String,
    /// Decisions of people on pairs of records, relative to this file.
    pub decisions: Option<String>,
    /// Attributes beyond the built-in ones: identifiers, texts, dates.
    #[serde(default)]
    pub attributes: BTreeMap<String, AttributeFile>,
    /// The sources.
    pub sources: Vec<SourceFile>,
    /// How the best value of a field is chosen.
    #[serde(default)]
    pub survivorship: SurvivorshipFile,
    /// Probabilities from which a pair is linked, or shown to a person.
    #[serde(default)]
    pub thresholds: ThresholdsFile,
    /// Limits that stop a run or keep it bounded.
    #[serde(default)]
    pub limits: LimitsFile,
    /// Numbers that marts and checks use as $name.
    #[serde(default)]
    pub parameters: BTreeMap<String, f64>,
    /// Folder of mart queries, relative to this file; each `.sql` file is a table. One whose name begins with `_` is read by the
    /// others, like a definition that they share, and is not published.
    pub marts: Option<String>,
    /// Folder of check queries, relative to this file; each must return no rows.
    pub checks: Option<String>,
}

fn here() -> String {
    ".".into()
}

fn model_yaml() -> String {
    "model.yaml".into()
}

/// What a declared attribute holds.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum AttributeType {
    /// A number or code of the person: compared as a whole, letters and digits only.
    Identifier,
    /// Any text: compared as it stands, width and case folded.
    Text,
    /// A date.
    Date,
}

/// The rule of an identifier's check digit.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum CheckDigit {
    /// No check digit.
    #[default]
    None,
    /// Luhn (payment and many point cards).
    Luhn,
    /// Weights 3 and 1, modulo 10 (JAN/EAN).
    Jan,
}

/// A declared attribute.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AttributeFile {
    /// What it holds.
    #[serde(rename = "type")]
    pub kind: AttributeType,
    /// Check digit of an identifier.
    #[serde(default)]
    pub check: CheckDigit,
    /// Its name for people.
    pub label: Option<Label>,
}

/// What a source's rows are.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Holds {
    /// A row describes a person.
    People,
    /// A row is something that happened.
    Events,
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
    /// Apache Parquet.
    Parquet,
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
    pub column: String,
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
    /// The channel that its ids belong to.
    pub channel: String,
    /// People or events.
    pub holds: Holds,
    /// Files, as a glob below `input`, or a URL with a glob.
    pub files: String,
    /// File format. Compression (gzip, zstd) is recognised by itself.
    pub format: FormatFile,
    /// Text encoding.
    #[serde(default)]
    pub encoding: EncodingFile,
    /// Column of the record's id within the channel.
    pub record_id: OneOrMany,
    /// People: column of the time when the row's values were valid.
    pub updated_at: Option<String>,
    /// People: column of the time when the record was made.
    pub registered_at: Option<String>,
    /// Events: column of the event's id; several are joined by `-`.
    pub event_id: Option<OneOrMany>,
    /// Events: column of the time when it happened.
    pub occurred_at: Option<String>,
    /// Events: their kind, such as `purchase` or `ticket`; the queries of the marts say which kinds they count.
    pub event_type: Option<String>,
    /// Attribute → column. Several columns: names and addresses are joined, phones and mail addresses are several values.
    #[serde(default)]
    pub columns: BTreeMap<String, OneOrMany>,
    /// People: purpose → way of contact → column that says whether the person agrees, such as `marketing: { email: … }`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub consent: BTreeMap<String, BTreeMap<String, ConsentFile>>,
    /// Whether the source may have no rows at all.
    #[serde(default)]
    pub may_be_empty: bool,
}

/// How one value is chosen among those of a person's records.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum SurvivorshipRule {
    /// The newest value.
    #[default]
    MostRecent,
    /// The value of most records.
    MostFrequent,
    /// The value of the first channel of `priority` that has one.
    SourcePriority,
    /// The longest value: names and addresses written in full.
    Longest,
}

/// Survivorship of one field.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FieldSurvivorship {
    /// The rule; ties fall to the newest value, then to the smaller channel and record id.
    pub rule: SurvivorshipRule,
    /// Channels in order, for `source_priority`.
    #[serde(default)]
    pub priority: Vec<String>,
}

/// Survivorship by field. An address is chosen as a whole.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SurvivorshipFile {
    /// Kanji name, family and given together.
    pub name: FieldSurvivorship,
    /// Kana name, family and given together.
    pub kana: FieldSurvivorship,
    /// Birth date.
    pub birth_date: FieldSurvivorship,
    /// Sex.
    pub sex: FieldSurvivorship,
    /// Postal code and address together.
    pub address: FieldSurvivorship,
}

/// Thresholds on the probability of one person.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ThresholdsFile {
    /// From here on a pair is linked.
    pub auto: f64,
    /// From here on a pair is written to the ledger for a person to look at.
    pub review: f64,
}

impl Default for ThresholdsFile {
    fn default() -> Self {
        ThresholdsFile { auto: 0.8, review: 0.5 }
    }
}

/// Limits.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsFile {
    /// Share of a source's rows that may be rejected before the run stops, 0 to 1.
    pub reject_share: f64,
    /// Largest number of records that may share a blocking key; larger blocks are reported and not compared.
    pub block_size: u32,
    /// Channel → records that one person may have there. A link that would give more is cut.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub records_per_person: BTreeMap<String, u32>,
}

impl Default for LimitsFile {
    fn default() -> Self {
        LimitsFile { reject_share: 0.01, block_size: 1000, records_per_person: BTreeMap::new() }
    }
}
