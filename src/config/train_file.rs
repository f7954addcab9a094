//! When the model is trained again, as it is typed: `train: each_run`, `train: by_hand`, `train: { days: 30 }`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// When the model is trained again. It always is where none is kept for the model file, as where that changed.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(untagged)]
pub enum TrainFile {
    /// In each run, or by hand alone.
    Word(TrainWordFile),
    /// By itself, when one of these holds.
    When(TrainWhenFile),
}

/// The model is trained in each run, or by hand alone.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum TrainWordFile {
    /// Each run learns anew, and no model is kept.
    EachRun,
    /// The kept model is used until `nayose train` makes another.
    ByHand,
}

/// The model is trained again by itself when one of these holds, or a channel comes that it has not seen.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct TrainWhenFile {
    /// It is so many days old, by the time as of which runs hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub days: Option<u32>,
    /// The records have grown by this share since it was trained: 0.5, half as many more, where nothing is said.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub growth: Option<f64>,
}

/// How likely two records are one person before anything is compared falls as their number grows. With half as many more it is off by
/// log2(1.5), 0.6 bits: a pair at 0.8 is one at 0.73 in truth. A first load of one shop does not teach a whole company for ever.
const GROWTH: f64 = 0.5;

impl TrainWhenFile {
    /// The share by which records may grow.
    pub(crate) fn growth(self) -> f64 {
        self.growth.unwrap_or(GROWTH)
    }
}

impl Default for TrainFile {
    fn default() -> Self {
        TrainFile::When(TrainWhenFile::default())
    }
}

impl TrainFile {
    /// Left out of digests: a pipeline that says nothing is the one that it was.
    pub(super) fn is_default(&self) -> bool {
        *self == TrainFile::default()
    }

    /// What is wrong with it, and what to write.
    pub(super) fn problem(self) -> Option<(String, &'static str)> {
        let TrainFile::When(TrainWhenFile { days, growth }) = self else { return None };
        if days == Some(0) {
            return Some(("train.days is 0".to_string(), "write 1 or more, or `train: each_run`"));
        }
        let growth = growth.filter(|growth| !(*growth > 0.0 && growth.is_finite()))?;
        Some((format!("train.growth is {growth}"), "write a share above 0, or `train: by_hand`"))
    }
}
