//! The matching model as plain data, and the arithmetic over it.
//!
//! In: features of records (sets of text values by name). Out: comparison levels, weights, probabilities. The model is
//! Fellegi and Sunter's (1969) with three latent classes instead of two: one person, two people of one household,
//! unrelated. Nothing here knows Arrow, files or the engine.

pub mod asked;
pub mod bits;
pub mod bound;
pub mod chances;
pub mod column;
pub mod combine;
pub mod compare;
pub mod condition;
mod counts;
pub mod doubt;
pub mod em;
pub mod feature;
pub mod joint;
pub mod keys;
pub mod known;
mod maximise;
pub mod packed;
pub mod sample;
pub mod score;
pub(crate) mod sets;
pub mod size;
pub mod slots;
mod smooth;
pub mod weight;

use std::collections::BTreeMap;

pub use compare::MISSING;
pub use condition::{Condition, Measure, NamePart, Needs, Only, Prepare, comparable_by};
pub use keys::Near;
pub use packed::Packed;

/// A name for people in two languages.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Label {
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

/// A checked model. Features are referred to by their place in `features`. As JSON it goes to other processes; what was
/// learned is not in it (see [`Model::trained`]).
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Model {
    /// The features that the model uses, in order of name.
    pub features: Vec<String>,
    /// Blocking rules in order: the first that brings a pair owns it.
    pub rules: Vec<BlockingRule>,
    /// Comparisons in order.
    pub comparisons: Vec<Comparison>,
    /// For each feature whether its values belong to one person or household (see [`feature::identifying`]).
    pub identifying: Vec<bool>,
    /// Values that mean nothing, by feature.
    pub junk: BTreeMap<String, Vec<String>>,
    /// Sets of comparisons whose joint contradiction keeps two groups apart.
    pub contradictions: Vec<Vec<usize>>,
    /// How parameters are learned.
    pub training: Training,
    /// What was learned, where the model file has it. Left out of the JSON, which does not keep every bit of a number.
    #[serde(skip)]
    pub trained: Option<Parameters>,
    /// Digest of blocking rules and comparisons as typed (without `trained`).
    pub digest: String,
}

impl Model {
    /// Whether the model knows households: whether they share anything. Without, there are two classes only.
    pub(crate) fn has_households(&self) -> bool {
        self.comparisons.iter().any(|c| c.shared_by_household)
    }

    /// Whether a pair with these states can show that its records are two people of one household. One agreement, such as
    /// on a family name, is no household: two of what a household shares have to be known (or the one, where the model has
    /// one), and something that tells people apart.
    pub fn sees_households(&self, levels: &[u8]) -> bool {
        let known = |shared: bool| {
            let of = self.comparisons.iter().zip(levels).filter(|(c, _)| c.shared_by_household == shared);
            of.filter(|(_, level)| **level != MISSING).count()
        };
        let shared = self.comparisons.iter().filter(|c| c.shared_by_household).count();
        known(true) >= shared.min(2) && known(false) > 0
    }

    /// The pairs of features that some level compares crosswise, both ways.
    pub fn crosswise(&self) -> Vec<(usize, usize)> {
        let mut pairs = Vec::new();
        self.comparisons.iter().flat_map(|c| &c.levels).for_each(|level| level.condition.crosswise(&mut pairs));
        pairs.sort_unstable();
        pairs.dedup();
        pairs
    }

    /// For every feature what some level asks of its values in every pair.
    pub fn needs(&self) -> Vec<Prepare> {
        let mut needs = vec![Prepare::default(); self.features.len()];
        let levels = self.comparisons.iter().flat_map(|c| &c.levels);
        levels.for_each(|level| level.condition.prepares(&mut needs));
        needs
    }

    /// For every comparison and level: the rule that brings every pair of that level, if one does. A rule does where the
    /// level asks for the same value of each of the rule's keys. A rule whose only key is a part of a value, or near to it, brings
    /// them too, but its blocks are larger than the values, so that what it leaves out cannot be counted by them.
    pub fn brought_by(&self) -> Vec<Vec<Option<usize>>> {
        let rule_of = |condition: &Condition| {
            let mut same = Vec::new();
            condition.same(&mut same);
            let same: Vec<String> = same.into_iter().flat_map(|f| feature::implied(&self.features[f])).collect();
            let brings = |rule: &BlockingRule| rule.keys.iter().all(|k| same.contains(&self.features[k.feature]));
            self.rules.iter().position(|rule| brings(rule) && (rule.keys.len() > 1 || rule.keys[0].is_whole()))
        };
        self.comparisons.iter().map(|c| c.levels.iter().map(|l| rule_of(&l.condition)).collect()).collect()
    }
}

/// A blocking rule: records that share the values of all keys are compared.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct BlockingRule {
    /// Its name.
    pub name: String,
    /// Its keys.
    pub keys: Vec<Key>,
    /// Further keys that split blocks over the limit.
    pub refine: Vec<Key>,
}

/// A feature as part of a blocking key.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Key {
    /// The feature.
    pub feature: usize,
    /// Only the first characters, where given.
    pub prefix: Option<usize>,
    /// Values that are near count as the same, where given.
    pub near: Option<Near>,
}

/// A comparison: the first level whose condition holds is the pair's.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Comparison {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub label: Label,
    /// Whether people of one household tend to agree.
    pub shared_by_household: bool,
    /// Whether people of one household are told apart: they agree by chance.
    pub differs_in_household: bool,
    /// The levels; the last always holds.
    pub levels: Vec<Level>,
    /// What of each level's condition the relations of the two sides decide: beside each other, as most pairs need no more.
    pub needs: Vec<Needs>,
    /// The features by which a pair can be compared, a bit each (see [`comparable_by`]).
    pub features: u64,
    /// The features whose absence some level asks for, a bit each.
    pub absent: u64,
}

/// A level says as much of the pair's people as of what their records happen to have: "same kana, characters on one side or none" is
/// only for pairs that lack characters. What a pair lacks is not evidence of who it is, but it would be taken for it, as a channel
/// that lacks characters lacks them in every name. So the levels are counted apart for every set of features that pairs lack, and the
/// probability of a level is that among the pairs of a class that lack the same. A level with such a set is a *state*: its number is
/// that of the level plus the number of levels times that of the set.
impl Comparison {
    /// Number of sets of features that a pair may lack.
    pub fn sets(&self) -> usize {
        1 << self.absent.count_ones()
    }

    /// Number of states.
    pub fn states(&self) -> usize {
        self.sets() * self.levels.len()
    }

    /// The level of a state.
    pub(crate) fn level_of(&self, state: u8) -> u8 {
        (state as usize % self.levels.len()) as u8
    }

    /// The features that pairs of a set lack, in order.
    pub fn lacks(&self, set: usize) -> Vec<usize> {
        let of_interest = (0..64).filter(|f| self.absent >> f & 1 == 1);
        of_interest.enumerate().filter(|(bit, _)| set >> bit & 1 == 1).map(|(_, f)| f).collect()
    }

    /// The name of a state: that of its level, with what pairs lack of the model's `features`.
    pub fn state_name(&self, state: usize, features: &[String]) -> String {
        let level = &self.levels[state % self.levels.len()].name;
        let lacks = self.lacks(state / self.levels.len());
        let lacks: Vec<&str> = lacks.into_iter().filter_map(|f| Some(features.get(f)?.as_str())).collect();
        if lacks.is_empty() { level.clone() } else { format!("{level} without {}", lacks.join(" and ")) }
    }

    /// Whether pairs can be in a state at all.
    pub fn reaches(&self, state: usize) -> bool {
        let lacks = self.lacks(state / self.levels.len()).iter().fold(0, |bits, f| bits | 1 << f);
        self.levels[state % self.levels.len()].condition.can_hold(self.absent, lacks)
    }
}

/// A comparison level.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Level {
    /// Its name.
    pub name: String,
    /// Its name for people.
    pub label: Label,
    /// When it holds.
    pub condition: Condition,
    /// The feature whose agreeing value's frequency adjusts u.
    pub tf: Option<usize>,
}

/// How parameters are learned.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Training {
    /// Largest number of candidate pairs that EM sees.
    pub candidate_pairs: u64,
    /// Number of random pairs from which u is counted.
    pub random_pairs: u64,
    /// Seed of the sampling.
    pub seed: u64,
    /// Largest number of steps.
    pub steps: u32,
    /// Steps end when no parameter moves more than this.
    pub tolerance: f64,
}

/// What stands for the probabilities of a state in which no pair can be.
pub const UNREACHED: [f64; 3] = [1e-9; 3];

/// What is learned: class priors over all pairs of records, and the probability of each level in each class. Arrays of three are in
/// the order of the latent classes: one person, two people of one household, unrelated.
#[derive(Clone, Debug, PartialEq)]
pub struct Parameters {
    /// Digest of what they were learned from.
    pub learned_from: String,
    /// Probability that two random records are one person, and that they are two people of one household.
    pub prior: [f64; 2],
    /// The same by pair of channels, `a+b` in order of name: two records of one shop system are rarely one person, a
    /// ticket and an app user often are.
    pub priors: BTreeMap<String, [f64; 2]>,
    /// Comparison → state → probability of its level in the classes person, household, unrelated, among pairs that lack the same
    /// features (see [`Comparison::states`]).
    pub levels: Vec<Vec<[f64; 3]>>,
    /// What differs together inside a household.
    pub joint: Vec<joint::Correction>,
}
