//! What a configured function is made from. Two functions of one recipe are the same, and a cluster's executors make a function
//! again from the recipe that travels in its place.

use serde::{Deserialize, Serialize};

use nayose_matching::model::Model;
use nayose_matching::model::bits::Bits;
use nayose_matching::record::Standardizer;
use nayose_matching::record::survive::Survivorship;

/// A function with its configuration.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) enum Recipe {
    /// `standardize`.
    Standardize(Standardizer),
    /// `in_sample`.
    InSample {
        /// Seed of the sample.
        seed: u64,
        /// The bits of the share of pairs.
        share: u64,
    },
    /// `pair_levels`.
    PairLevels {
        /// The model.
        model: Model,
        /// The file of the records' features.
        records: String,
    },
    /// `score_pair`.
    ScorePair {
        /// The model.
        model: Model,
        /// What it learned.
        parameters: Bits,
        /// The file of the records' features.
        records: String,
        /// The bits of the probability from which pairs are wanted.
        floor: u64,
    },
    /// `golden`.
    Golden(Survivorship),
}
