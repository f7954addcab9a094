//! Records to blocks: an equi-join of records on hashes of their blocking keys.
//!
//! A block is the set of records that share a key. Its pairs are compared, unless it is larger than the limit: then the
//! rule's refining keys split it, and what is still too large is left out and reported. So the number of pairs is linear
//! in the number of records whatever the data. Blocks are made from the interned features and kept in memory, as the features are;
//! pairs are not ([`nayose_matching::block`]).

mod tables;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::error::{Error, Result};
use crate::lake::results::LeftOut;
use nayose_matching::block::{self, KEY_BYTES, LeftOutBlocks, Pairs, RuleBlocks};
use nayose_matching::model::{Model, Packed};

pub(crate) use tables::{blocks as table, candidate_pairs, read};

/// The part of the ceiling of memory that keys may take while blocks are made of them: half of what the engine's pool leaves. Where
/// they need more, they are made again for each part of them.
const KEYS_SHARE: usize = 8;

/// What the keys of records bring.
pub(crate) struct Blocked {
    /// The blocks that are compared, and their pairs.
    pub pairs: Arc<Pairs>,
    /// Rule and number of records of the largest blocks, before refining.
    pub largest: Vec<(usize, u64)>,
    /// By rule the blocks that are left out.
    left_out: Vec<LeftOutBlocks>,
}

/// The blocks of all records. `memory` is the ceiling of the run, in bytes.
///
/// # Errors
/// Environment, where there are more than four billion blocks.
pub(crate) fn blocks(model: &Model, packed: &Packed, block_size: u32, memory: usize) -> Result<Blocked> {
    let found = block::Blocked::new(&model.rules, packed, block_size as usize, memory / KEYS_SHARE / KEY_BYTES);
    let block::Blocked { pairs, largest, left_out } = found.ok_or_else(too_many)?;
    Ok(Blocked { pairs: Arc::new(pairs), largest, left_out })
}

fn too_many() -> Error {
    Error::environment("there are more than four billion blocks").hint("run on parts of the data")
}

/// What a blocking rule will bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RuleForecast {
    /// Blocks of two records and more.
    pub blocks: u64,
    /// Records of its largest block that is compared.
    pub largest: u64,
    /// Pairs, those counted that other rules bring too.
    pub pairs: u64,
}

/// Pairs that are looked at to find out how many there are: some seconds.
const SAMPLED_PAIRS: u64 = 4_000_000;

/// Records whose pairs are looked at, at least: their number varies from record to record.
const SAMPLED_RECORDS: u64 = 256;

impl Blocked {
    /// What every rule will bring, from the sizes of blocks.
    pub(crate) fn forecast(&self) -> Vec<RuleForecast> {
        let forecast = |blocks: &RuleBlocks| {
            let mut found = RuleForecast { blocks: blocks.len() as u64, ..RuleForecast::default() };
            for records in blocks.sizes().map(|size| size as u64) {
                found.largest = found.largest.max(records);
                found.pairs += records * (records - 1) / 2;
            }
            found
        };
        self.pairs.blocks().iter().map(forecast).collect()
    }

    /// How many pairs all rules bring together, each counted once. `bound` counts each for every key that it shares: where that is so
    /// few that all can be looked at, the answer is exact; otherwise it is that of a sample of the records, the same for the same data.
    pub(crate) fn distinct_pairs(&self, records: u64, bound: u64) -> u64 {
        let every = (2 * bound / SAMPLED_PAIRS).min(records / SAMPLED_RECORDS).max(1);
        // A pair is met from both of its records.
        self.pairs.met_by_some(every) * every / 2
    }

    /// The pairs that each rule owns: those that no rule before it brings.
    pub(crate) fn pairs_by_rule(&self, model: &Model) -> BTreeMap<String, u64> {
        let named = model.rules.iter().map(|rule| rule.name.clone()).zip(self.pairs.count_by_rule());
        named.filter(|(_, pairs)| *pairs > 0).collect()
    }

    /// The blocks of each rule that are left out.
    pub(crate) fn left_out(&self, model: &Model) -> BTreeMap<String, LeftOut> {
        let of = |LeftOutBlocks { blocks, largest, records }: LeftOutBlocks| LeftOut { blocks, largest, records };
        let named = model.rules.iter().map(|rule| rule.name.clone()).zip(self.left_out.iter().copied().map(of));
        named.filter(|(_, left_out)| left_out.blocks > 0).collect()
    }
}
