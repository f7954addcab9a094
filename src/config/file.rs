//! The pipeline file as it is typed: one serde mirror per section, unknown keys rejected, nothing checked yet.
//!
//! The JSON Schema for editors is generated from these types, and so is the check of keys and types in [`super::shape`]:
//! what is written here is the only description of the file.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::guards_file::GuardsFile;
use super::keep::KeepFile;
pub use super::source_file::*;
use super::source_file::{is_default, is_japan, japan};
pub use super::train_file::*;

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
    /// Names that the pipeline had before, so that a lake of then is its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub was: Option<OneOrMany>,
    /// Channel → what it was called before.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<String, ChannelFile>,
    /// Root of the sources' globs: a path relative to this file, or a URL. `--input` replaces it.
    #[serde(default = "here")]
    pub input: String,
    /// Where work files and published tables go: a path relative to this file, or a URL. `--lake` replaces it.
    pub lake: Option<String>,
    /// The model file, relative to this file. Without one it is the file `model.yaml` beside this one, or the model that is built in
    /// for the attributes that the sources have.
    pub model: Option<String>,
    /// Decisions of people on pairs of records, relative to this file.
    pub decisions: Option<String>,
    /// A decision that is made in review counts only once a second person confirmed it.
    #[serde(default, skip_serializing_if = "is_default")]
    pub four_eyes: bool,
    /// The time zone in which days begin: in marts and queries, where a date is asked for, in folders `dt=YYYY-MM-DD`, and for times
    /// without an offset of sources that name none. An IANA name.
    #[serde(default = "japan", skip_serializing_if = "is_japan")]
    pub time_zone: String,
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
    /// When the model is trained again.
    #[serde(default, skip_serializing_if = "TrainFile::is_default")]
    pub train: TrainFile,
    /// Limits that stop a run or keep it bounded.
    #[serde(default)]
    pub limits: LimitsFile,
    /// What keeps a wrong delivery from being published.
    #[serde(default, skip_serializing_if = "GuardsFile::is_default")]
    pub guards: GuardsFile,
    /// What the analyst's profile tells.
    #[serde(default, skip_serializing_if = "ProfileFile::is_default")]
    pub profile: ProfileFile,
    /// Which earlier runs can still be asked; all of them where nothing is said.
    #[serde(default, skip_serializing_if = "KeepFile::keeps_all")]
    pub keep: KeepFile,
    /// Numbers that marts and checks use as $name.
    #[serde(default)]
    pub parameters: BTreeMap<String, f64>,
    /// Folder of mart queries, relative to this file, or several; each `.sql` file is a table. One whose name begins with `_` is
    /// read by the others, like a definition that they share, and is not published.
    pub marts: Option<FoldersFile>,
    /// Folder of check queries, relative to this file, or several; each must return no rows.
    pub checks: Option<FoldersFile>,
    /// Folder of segments, relative to this file, or several; each `.yaml` file is one, and is called as its file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub segments: Option<FoldersFile>,
}

/// A folder, or several.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum FoldersFile {
    /// One.
    One(String),
    /// Several.
    Several(Vec<String>),
}

impl FoldersFile {
    /// As a list.
    pub fn to_vec(&self) -> Vec<String> {
        match self {
            FoldersFile::One(one) => vec![one.clone()],
            FoldersFile::Several(several) => several.clone(),
        }
    }
}

impl PipelineFile {
    /// The channels that ids belong to: references belong to none.
    pub(super) fn channels_of_sources(&self) -> BTreeSet<&str> {
        let have_ids = self.sources.iter().filter(|source| source.holds != Holds::Reference);
        have_ids.map(|source| source.channel.as_str()).collect()
    }
}

fn here() -> String {
    ".".into()
}

/// What is said of a channel.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChannelFile {
    /// Names that it had before, the newest first: its records are those of then, and keep their ids.
    pub was: OneOrMany,
}

/// What a declared attribute holds.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum AttributeTypeFile {
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
pub enum CheckDigitFile {
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
    pub kind: AttributeTypeFile,
    /// Check digit of an identifier.
    #[serde(default)]
    pub check: CheckDigitFile,
    /// Whether identifiers that differ only by case are two, as Salesforce's of 15 characters.
    #[serde(default, skip_serializing_if = "is_default")]
    pub case_sensitive: bool,
    /// Its name for people.
    pub label: Option<Label>,
}

/// How one value is chosen among those of a person's records.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum SurvivorshipRuleFile {
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
pub struct FieldSurvivorshipFile {
    /// The rule; ties fall to the newest value, then to the smaller channel and record id.
    pub rule: SurvivorshipRuleFile,
    /// Channels in order, for `source_priority`.
    #[serde(default)]
    pub priority: Vec<String>,
}

/// Survivorship by field. An address is chosen as a whole.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SurvivorshipFile {
    /// Kanji name, family and given together.
    pub name: FieldSurvivorshipFile,
    /// Kana name, family and given together.
    pub kana: FieldSurvivorshipFile,
    /// Birth date.
    pub birth_date: FieldSurvivorshipFile,
    /// Sex.
    pub sex: FieldSurvivorshipFile,
    /// Postal code and address together.
    pub address: FieldSurvivorshipFile,
}

/// Thresholds on the probability of one person.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct ThresholdsFile {
    /// From here on a pair is linked.
    pub auto: f64,
    /// From here on a pair is written to the ledger for a person to look at. Without it 0.5, or `auto` where that is lower.
    pub review: f64,
    /// How many missed links a false one costs, instead of `auto`: a pair is linked where that costs less than to leave it. To link costs
    /// `1 - p` times that of a false link, to leave it costs `p`. With 4, the usual, from 0.8 on.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub false_link_cost: Option<f64>,
    /// A link of the run before holds down to here, so that nobody flips from day to day; where nothing is said, `review`, and 0.5 at
    /// least. With the number of `auto` nothing is held.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub hold: Option<f64>,
}

/// A link is held while it is likelier right than wrong.
const LIKELIER: f64 = 0.5;

impl ThresholdsFile {
    /// From which probability a link of the run before holds.
    pub(crate) fn holds_from(&self) -> f64 {
        self.hold.unwrap_or(self.review.max(LIKELIER)).min(self.auto)
    }
}

impl Default for ThresholdsFile {
    fn default() -> Self {
        ThresholdsFile { auto: 0.8, review: 0.5, false_link_cost: None, hold: None }
    }
}

/// Limits.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsFile {
    /// Share of a source's rows that may be rejected before the run stops, 0 to 1.
    pub reject_share: f64,
    /// Share of the values of an attribute of a source that may be beyond understanding before the run stops, 0 to 1. Below 1 a run stops
    /// too where facts of a kind name people of their channel of whom none is there.
    #[serde(skip_serializing_if = "is_half")]
    pub unusable_share: f64,
    /// Largest number of records that may share a blocking key; larger blocks are reported and not compared.
    pub block_size: u32,
    /// Channel → records that one person may have there. A link that would give more is cut.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub records_per_person: BTreeMap<String, u32>,
}

/// What the analyst's profile tells of a customer.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ProfileFile {
    /// So many customers at least are alike in town, ten years of age and sex: where there are fewer, the town is cut to its
    /// municipality, its prefecture or nothing, and at last age and sex are left out. Nothing is cut where this is 0.
    pub k: u32,
}

impl ProfileFile {
    /// Left out of digests: a pipeline that declares none is the one that it was.
    fn is_default(&self) -> bool {
        self.k == 0
    }
}

impl Default for LimitsFile {
    fn default() -> Self {
        LimitsFile {
            reject_share: 0.01,
            unusable_share: UNUSABLE_SHARE,
            block_size: 1000,
            records_per_person: BTreeMap::new(),
        }
    }
}

/// Where most values of a column are not what it is mapped to, the mapping is wrong, not the values.
const UNUSABLE_SHARE: f64 = 0.5;

/// Left out of digests: a pipeline that declares none is the one that it was.
fn is_half(share: &f64) -> bool {
    *share == UNUSABLE_SHARE
}
