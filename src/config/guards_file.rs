//! The section `guards` of the pipeline file as it is typed: what keeps a wrong delivery from being published.
//!
//! Each limit has its reason here. A limit that is `null` is switched off.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Limits beyond which a delivery is held, or a run stops before it publishes.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct GuardsFile {
    /// Share of the rows of a new file that cannot be read.
    pub rejects: Option<f64>,
    /// Whether a new file is held that is empty, or was cut in the middle, where its source's other files are not.
    pub incomplete: bool,
    /// Share of the usual rows that a new file has at least: of the smallest of seven files and more of its source, or of the whole
    /// copy of the source that it follows or replaces.
    pub short: Option<f64>,
    /// Share of the rows of a new file that stand in another file already: yesterday's, or that of another source.
    pub repeated: Option<f64>,
    /// By how much the share of values that cannot be used may rise in a column of a new file.
    pub unusable: Option<f64>,
    /// Share of the known records of a new file of which every identifying value changed at once.
    pub changed: Option<f64>,
    /// Share of the known records of a new file whose birth date, sex or name changed.
    pub changed_values: Option<f64>,
    /// By how much, of what is usual, the share of a new file's facts may fall that find a record of their channel.
    pub orphans: Option<f64>,
    /// Days that the middle time of a new file may lie before or after what is usual for its source.
    pub times: Option<u32>,
    /// Share of its rows, or of its files, that a source may lose between two runs.
    pub shrank: Option<f64>,
    /// Days in a row that began with files of a source, after which it is missed where a day of the data begins without it.
    pub missing: Option<u32>,
    /// Share of the customers who are retired in a run; more where earlier runs retired more.
    pub retired: Option<f64>,
    /// Share of the customers who are merged into others in a run, likewise.
    pub merged: Option<f64>,
    /// Share of the customers who are split in a run, likewise.
    pub split: Option<f64>,
}

impl Default for GuardsFile {
    fn default() -> Self {
        GuardsFile {
            // A form that a bad export breaks breaks nearly all rows; slips of single rows are far below.
            rejects: Some(0.2),
            incomplete: true,
            // Below it a file is nearer to a half than to a whole.
            short: Some(0.6),
            // Rows that are sent again by habit (a window of some days) are told by the files before, and not held.
            repeated: Some(0.9),
            // Columns hold a few values that cannot be used; a wrong column is wrong in most rows.
            unusable: Some(0.2),
            // Numbers are given anew to a few in a thousand; a slipped column changes nearly all.
            changed: Some(0.05),
            // People keep birth date and sex for life, and change both names at once hardly ever.
            changed_values: Some(0.3),
            // New members buy before their own row comes; that most of those who buy are such is no day.
            orphans: Some(0.5),
            // Late files come by days and weeks, corrections by a month or two; a wrong year is four times as far.
            times: Some(90),
            // Old files leave a bucket day by day, a tenth never at once.
            shrank: Some(0.1),
            // A week has a day on which a shop is closed: who was never missing for a week does not close.
            missing: Some(7),
            // Customers vanish, merge and divide by a few in a thousand a day; see decision 0027.
            retired: Some(0.02),
            merged: Some(0.02),
            split: Some(0.02),
        }
    }
}

impl GuardsFile {
    /// Left out of digests: guards do not decide what the tables say.
    pub(super) fn is_default(&self) -> bool {
        *self == GuardsFile::default()
    }

    /// The limits that are shares, by name.
    pub(super) fn shares(&self) -> [(&'static str, Option<f64>); 11] {
        [
            ("rejects", self.rejects),
            ("short", self.short),
            ("repeated", self.repeated),
            ("unusable", self.unusable),
            ("changed", self.changed),
            ("changed_values", self.changed_values),
            ("orphans", self.orphans),
            ("shrank", self.shrank),
            ("retired", self.retired),
            ("merged", self.merged),
            ("split", self.split),
        ]
    }
}
