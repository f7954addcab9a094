//! What runs remember of the deliveries of a source, so that the next run can tell a usual one from a wrong one.
//!
//! Counts alone, summed over all files that came in: no value of a record, and no more than a few hundred numbers for a source however
//! many files it has.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What is known of deliveries: by source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Digest of what decides how values are read and records matched. Where it changed, a person changed it.
    #[serde(default)]
    pub settings: String,
    /// The sources.
    #[serde(default)]
    pub sources: BTreeMap<String, SourceFigures>,
}

/// Attribute → kind of value → values that were looked at.
pub(crate) type Kinds = BTreeMap<String, BTreeMap<String, u64>>;

/// What is known of the files of a source.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct SourceFigures {
    /// Kinds of the values that were looked at.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub kinds: Kinds,
    /// Records of later files that were looked at: those of the first run are all new.
    #[serde(default)]
    pub records: u64,
    /// Those of them that were known.
    #[serde(default)]
    pub known: u64,
    /// Attribute → known records whose value changed.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub changed: BTreeMap<String, u64>,
    /// Attribute → known records that have a value of it, before and in the file.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub in_both: BTreeMap<String, u64>,
    /// The share of facts that find no record, 0 to 1, of each of the newest files, the oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub orphans: Vec<f64>,
    /// By how many days the middle time of each of the newest later files lay outside of what was new: before it, or after it and negative.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub days_off: Vec<i64>,
    /// The largest share of a later file's rows that stood in earlier files of the source.
    #[serde(default)]
    pub repeated: f64,
    /// Files whose last row was broken.
    #[serde(default)]
    pub cut: u64,
    /// Later files.
    #[serde(default)]
    pub files: u64,
    /// Those of them that ended in the middle of a line.
    #[serde(default)]
    pub open_ends: u64,
    /// Files in order of the id that ended long before the last id.
    #[serde(default)]
    pub partial: u64,
    /// Days in a row that began with files of the source. Earlier versions counted runs, so that theirs may be too many.
    #[serde(default)]
    pub deliveries: u32,
}
