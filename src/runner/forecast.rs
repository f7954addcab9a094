//! What a run will need, from the sizes of blocks, before any pair is made: pairs, time, memory, disk. A run that would not fit
//! is refused with what to change.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::model::Model;
use crate::stages::block::RuleForecast;

/// What scoring and clustering will need.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Forecast {
    /// Pairs at most: one that several rules bring counts for each.
    pub pairs: u64,
    /// Seconds of scoring at the rate of `benches/README.md`.
    pub seconds: f64,
    /// Bytes of memory that cannot be spilled: the features of all records, and the links.
    pub memory: u64,
    /// Bytes of disk for the pairs.
    pub disk: u64,
}

/// Bytes of a record's features in memory with the retail model, values that several records share counted once.
const RECORD_BYTES: u64 = 700;
/// Bytes that a pair leaves in memory when half of the pairs become links of 80 bytes.
const PAIR_BYTES: u64 = 40;
/// Bytes of a pair in the work files: two rows and a rule, compressed; with its scores.
const PAIR_ON_DISK: u64 = 16;
/// Pairs that two threads score in a second, with reading and writing.
const PAIRS_A_SECOND: f64 = 2e6;

/// The forecast for `records` records.
pub fn of(records: u64, rules: &[RuleForecast]) -> Forecast {
    let pairs = rules.iter().map(|r| r.pairs).sum();
    Forecast {
        pairs,
        seconds: pairs as f64 / PAIRS_A_SECOND,
        memory: records * RECORD_BYTES + pairs * PAIR_BYTES,
        disk: pairs * PAIR_ON_DISK,
    }
}

impl Forecast {
    /// Refuses a run that would need more memory than `ceiling` bytes.
    ///
    /// # Errors
    /// Environment, with the rule that brings most pairs.
    pub fn refuse_over(&self, ceiling: u64, model: &Model, rules: &[RuleForecast]) -> Result<()> {
        if self.memory <= ceiling {
            return Ok(());
        }
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let message = format!(
            "{} pairs need {} MiB of memory, {} MiB of disk and {:.0} s, but --memory is {} MiB",
            self.pairs,
            mib(self.memory),
            mib(self.disk),
            self.seconds,
            mib(ceiling)
        );
        let most = model.rules.iter().zip(rules).max_by_key(|(_, found)| found.pairs);
        Err(Error::environment(message).hint(match most {
            Some((rule, found)) => format!(
                "raise --memory, or narrow blocking rule {:?} ({} pairs, blocks of up to {} records) with a further key, or lower limits.block_size",
                rule.name, found.pairs, found.largest
            ),
            None => "raise --memory".to_string(),
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_records_and_pairs() {
        let rule = |pairs| RuleForecast { blocks: 1, largest: 2, pairs };
        let (small, large) = (of(1000, &[rule(10), rule(20)]), of(2000, &[rule(10), rule(50)]));
        assert_eq!((small.pairs, large.pairs), (30, 60));
        assert_eq!(large.memory, 2 * small.memory);
    }
}
