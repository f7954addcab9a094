//! The model file as it is typed: blocking rules, comparisons with their levels, and what was learned.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::file::Label;

/// The model file.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ModelFile {
    /// Which pairs are compared at all: records that share the values of a rule's keys.
    pub blocking: Vec<BlockingRuleFile>,
    /// What is compared, and how.
    pub comparisons: Vec<ComparisonFile>,
    /// Values that mean nothing, by feature, such as a shop's own phone. Common junk is known without this list.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub junk: BTreeMap<String, Vec<String>>,
    /// Values whose contradiction keeps two groups of records apart, however strong their links.
    #[serde(default, skip_serializing_if = "ContradictionsFile::is_empty")]
    pub contradictions: ContradictionsFile,
    /// How the parameters are learned.
    #[serde(default)]
    pub training: TrainingFile,
    /// What was learned. Without it, every run learns anew.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trained: Option<TrainedFile>,
}

/// A blocking rule.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BlockingRuleFile {
    /// Its name.
    pub name: String,
    /// Features whose values must agree, all of them.
    pub keys: Vec<KeyFile>,
    /// For blocks over the limit: further features that split them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refine: Vec<KeyFile>,
}

/// A feature as part of a blocking key.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(untagged)]
pub enum KeyFile {
    /// The whole value.
    Whole(String),
    /// The first characters of the value, or values that are near.
    Part(KeyPartFile),
}

/// The first characters of a value, or values that are near to it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct KeyPartFile {
    /// The feature.
    pub feature: String,
    /// How many characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prefix: Option<usize>,
    /// 1: values one edit apart count as the same. An edit is one character more, less or other, or two neighbours exchanged; of a
    /// date, another year, month or day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub near: Option<u32>,
}

/// A comparison: ordered levels, the first that holds is the pair's.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ComparisonFile {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub label: Label,
    /// Whether two people of one household tend to agree here (address, family name, landline). Where true, the household
    /// class starts by agreeing as one person does; where false, by chance.
    #[serde(default)]
    pub shared_by_household: bool,
    /// Whether people of one household are told apart here (given name): the household class agrees by chance then, whatever the
    /// data seem to say. Otherwise it may learn that they agree, as on a mailbox that a family shares.
    #[serde(default)]
    pub differs_in_household: bool,
    /// The levels, most agreeing first; the last has no condition.
    pub levels: Vec<LevelFile>,
}

/// A comparison level. All conditions that are given must hold.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LevelFile {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub label: Label,
    /// The condition; none in the last level.
    #[serde(flatten)]
    pub when: ConditionFile,
    /// Feature whose agreeing value's frequency adjusts the weight: rare values count more.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tf: Option<String>,
}

/// A condition on a pair.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
pub struct ConditionFile {
    /// Features that have a value in common, each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub same: Vec<String>,
    /// Two features that agree crosswise: family name written as given name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub swapped: Option<(String, String)>,
    /// Features that one side, or both, has no value of, each of them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<String>,
    /// A feature with a pair of values that are similar.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub similar: Option<SimilarFile>,
    /// A feature of dates that stand in a relation.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub date: Option<DateFile>,
    /// At least one of these conditions.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub any: Vec<ConditionFile>,
}

/// A similarity of strings.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum Similarity {
    /// Jaro-Winkler, 0 to 1.
    JaroWinkler,
    /// Levenshtein distance, in characters.
    Levenshtein,
    /// Damerau-Levenshtein distance, in characters.
    DamerauLevenshtein,
    /// Share of common values, 0 to 1 (Jaccard).
    Jaccard,
    /// One value begins with, or contains, the other.
    Contains,
}

/// A condition of similarity.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SimilarFile {
    /// The feature.
    pub feature: String,
    /// The measure.
    pub by: Similarity,
    /// Smallest similarity, for measures from 0 to 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_least: Option<f64>,
    /// Largest distance, for measures in characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub at_most: Option<u32>,
    /// Characters that the longer value must have: one edit in a name of two makes another name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from_length: Option<u32>,
    /// Pairs of values that do not count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unless: Option<UnlessFile>,
}

/// Pairs of values that are not similar, however few edits lie between them.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum UnlessFile {
    /// Both are names that the dictionary of names knows: あかり and ひかり. For features of a family or a given name.
    BothAreNames,
}

/// A relation of two dates.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum DateRelationFile {
    /// Day and month exchanged.
    DayMonthSwapped,
    /// One is less precise, and agrees as far as it goes.
    Compatible,
    /// One digit differs.
    OneDigit,
    /// Two neighbouring digits are exchanged.
    DigitsExchanged,
    /// The same year written under another era.
    EraSlip,
    /// Same month and day, other year.
    SameMonthDay,
    /// Same year and month.
    SameYearMonth,
    /// Same year.
    SameYear,
}

/// A condition on dates.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct DateFile {
    /// The feature.
    pub feature: String,
    /// Relations, one of which must hold.
    pub relation: Vec<DateRelationFile>,
}

/// Features whose contradiction keeps records apart.
#[derive(Clone, Debug, Default, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ContradictionsFile {
    /// Comparisons that must all stand at their last level (both sides known, nothing agreeing) for a refusal.
    #[serde(default)]
    pub all_of: Vec<Vec<String>>,
}

impl ContradictionsFile {
    fn is_empty(&self) -> bool {
        self.all_of.is_empty()
    }
}

/// How the parameters are learned.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrainingFile {
    /// Largest number of candidate pairs that EM sees.
    pub candidate_pairs: u64,
    /// Number of random pairs from which u is counted.
    pub random_pairs: u64,
    /// Seed of the sampling.
    pub seed: u64,
    /// Largest number of EM steps.
    pub steps: u32,
    /// EM ends when no parameter moves more than this.
    pub tolerance: f64,
}

impl Default for TrainingFile {
    fn default() -> Self {
        TrainingFile { candidate_pairs: 2_000_000, random_pairs: 2_000_000, seed: 1, steps: 200, tolerance: 1e-5 }
    }
}

/// Probabilities of the classes before any evidence.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct ClassPriors {
    /// Probability that two random records are one person.
    pub person: f64,
    /// Probability that two random records are two people of one household.
    pub household: f64,
}

/// What was learned.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TrainedFile {
    /// Digest of the comparisons and the data that the parameters were learned from.
    pub learned_from: String,
    /// Priors over all pairs of records.
    pub prior: ClassPriors,
    /// Priors by pair of channels, such as `app+shop`.
    #[serde(default)]
    pub priors: BTreeMap<String, ClassPriors>,
    /// Comparison → level, with what the pairs lack (`reading without given.key`) → probabilities.
    pub probabilities: BTreeMap<String, BTreeMap<String, LevelProbabilities>>,
    /// What differs together inside a household: twins have one birth date and names that are alike.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub household_joint: Vec<JointFile>,
}

/// A level is likelier, or less likely, in a household where another comparison stands at a level.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct JointFile {
    /// The comparison whose level depends.
    pub comparison: String,
    /// Its level, with what the pairs lack.
    pub level: String,
    /// The comparison on which it depends.
    pub given: String,
    /// The level of that.
    pub at: String,
    /// ln of the probability of the level there over that in households of all kinds.
    pub log: f64,
}

/// Probability of a level in each class.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct LevelProbabilities {
    /// Among pairs of one person.
    pub m: f64,
    /// Among pairs of two people of one household.
    pub household: f64,
    /// Among unrelated pairs.
    pub u: f64,
}
