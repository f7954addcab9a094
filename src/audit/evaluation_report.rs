//! What an evaluation found, as plain data: for the page, for JSON, for the terminal.

use serde::Serialize;

use super::view::Words;
use nayose_matching::evaluate::shape::Shape;
use nayose_matching::evaluate::{PairCounts, Scores};

/// A threshold with what came out of it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Point {
    /// Links from this probability up join.
    pub threshold: f64,
    /// What the truth says of the customers that result; none without a truth.
    pub truth: Option<Scores>,
    /// Precision that the model itself expects of its links.
    pub expected_precision: f64,
    /// Share of the true links among the compared pairs that the model itself expects to keep.
    pub expected_recall: f64,
}

/// A comparison of a pair to look at.
#[derive(Clone, Debug, PartialEq)]
pub struct Compared {
    /// Name for people.
    pub label: Words,
    /// Values of the left record, masked unless they were asked for.
    pub left: String,
    /// Values of the right record.
    pub right: String,
    /// Name of the level for people.
    pub level: Words,
    /// log2 of how much likelier this is for one person than for unrelated people.
    pub weight: f64,
}

/// A pair to look at.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Example {
    /// `channel:record_id`.
    pub left: String,
    /// `channel:record_id`.
    pub right: String,
    /// P(one person), where the pair was compared and kept.
    pub probability: Option<f64>,
    /// What speaks for and against it; for the page alone, as it may hold values.
    #[serde(skip)]
    pub compared: Vec<Compared>,
}

/// Compared pairs by their weight.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Bin {
    /// log2 of the odds of one person, from here to the next bin.
    pub from: i32,
    /// Pairs that are under one customer.
    pub joined: u64,
    /// Pairs that are not.
    pub apart: u64,
    /// Of the joined, those of which the truth says that they are two people; 0 without a truth.
    pub wrong: u64,
}

/// What is known of the matching without a truth.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Unlabelled {
    /// Sizes, density, bridges.
    pub shape: Shape,
    /// Comparison → customers with two records that stand at its last level.
    pub contradictory: Vec<(String, u64)>,
    /// Channel → records, and records that would not even be linked with themselves.
    pub unlinkable: Vec<(String, u64, u64)>,
}

/// What a truth adds.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Labels {
    /// Records of the truth.
    #[serde(skip)]
    pub records: u64,
    /// People of the truth.
    #[serde(skip)]
    pub people: u64,
    /// Name → pairs: overall, by pair of channels, households.
    pub scores: Vec<(String, PairCounts)>,
    /// B-cubed.
    pub b_cubed: Scores,
    /// Records of the truth that have no customer: they were rejected, or not in the input.
    pub missing: u64,
    /// True households of two people and more, and those of them with two people under one customer.
    pub households_merged: Option<(u64, u64)>,
    /// Pairs under one customer that are two people, surest first.
    pub false_merges: Vec<Example>,
    /// Pairs of one person under two customers, nearest to the threshold first.
    pub misses: Vec<Example>,
}

/// Everything on the page.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// The run.
    pub run_id: String,
    /// Records and customers.
    pub records: u64,
    /// Customers.
    pub customers: u64,
    /// The threshold of the run.
    pub auto: f64,
    /// Precision and recall that the model itself expects there.
    #[serde(skip)]
    pub expected: [f64; 2],
    /// Compared pairs by weight.
    pub weights: Vec<Bin>,
    /// Pairs next to the threshold, on both sides.
    #[serde(skip)]
    pub nearest: Vec<Example>,
    /// Without truth.
    pub unlabelled: Unlabelled,
    /// With truth.
    pub labels: Option<Labels>,
    /// Over thresholds.
    pub curve: Vec<Point>,
}
