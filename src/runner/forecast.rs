//! What a run will need, from the sizes of blocks, before any pair is made: pairs, time, memory, disk. A run that would not fit
//! is refused with what to change.

use crate::error::{Error, Result};
use crate::lake::results::Forecast;
use crate::stages::block::RuleForecast;
use nayose_matching::model::BlockingRule;

/// Bytes of a record's features in memory with the retail model, values that several records share counted once.
const RECORD_BYTES: u64 = 700;
/// Bytes that a pair leaves in memory when half of the pairs become links of 80 bytes.
const PAIR_BYTES: u64 = 40;
/// Bytes of a pair in the work files: two rows and a rule, compressed; with its scores.
const PAIR_ON_DISK: u64 = 16;
/// What the stages from here on write, as a multiple of the work tables that are there: 1.3 at 1,000,000 people, more where
/// facts are few.
const PUBLISHED_TIMES: u64 = 2;
/// Pairs that two threads score in a second, with reading and writing.
const PAIRS_A_SECOND: f64 = 2e6;

/// Pairs at most: one that several rules bring counts for each, and of a near rule for each key that it shares.
pub(crate) fn bound(rules: &[RuleForecast]) -> u64 {
    rules.iter().map(|rule| rule.pairs).sum()
}

/// The forecast for `records` records with so many pairs, of which `written` bytes of work tables are there.
pub(crate) fn forecast(records: u64, written: u64, pairs: u64) -> Forecast {
    Forecast {
        pairs,
        seconds: pairs as f64 / PAIRS_A_SECOND,
        memory: records * RECORD_BYTES + pairs * PAIR_BYTES,
        disk: pairs * PAIR_ON_DISK + written * PUBLISHED_TIMES,
    }
}

/// Refuses to intern the features of so many records where they alone would need more than `memory` bytes.
///
/// # Errors
/// Environment.
pub(crate) fn refuse_features(records: u64, memory: u64) -> Result<()> {
    let needed = records * RECORD_BYTES;
    if needed <= memory {
        return Ok(());
    }
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    let (needed, memory) = (mib(needed), mib(memory));
    Err(Error::environment(format!("{records} records need {needed} MiB of memory, but --memory is {memory} MiB"))
        .hint("raise --memory"))
}

/// Refuses a run that would need more memory than `memory` bytes, or more disk than the `free` bytes of a lake on a disk.
///
/// # Errors
/// Environment, with the rule that brings most pairs.
pub(crate) fn refuse_over(
    forecast: &Forecast,
    memory: u64,
    free: Option<u64>,
    named: &[BlockingRule],
    rules: &[RuleForecast],
) -> Result<()> {
    let mib = |bytes: u64| bytes.div_ceil(1 << 20);
    let (ceiling, remedy) = match free {
        _ if forecast.memory > memory => (format!("--memory is {} MiB", mib(memory)), "raise --memory"),
        Some(free) if forecast.disk > free => {
            (format!("the lake's disk has {} MiB left", mib(free)), "make room there, or choose another --lake")
        }
        _ => return Ok(()),
    };
    let message = format!("{forecast}, but {ceiling}");
    let most = named.iter().zip(rules).max_by_key(|(_, found)| found.pairs);
    Err(Error::environment(message).hint(match most {
        Some((rule, found)) => format!(
            "{remedy}, or narrow blocking rule {:?} ({} pairs, blocks of up to {} records) with a further key, or lower limits.block_size",
            rule.name, found.pairs, found.largest
        ),
        None => remedy.to_string(),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_with_records_and_pairs() {
        let rule = |pairs| RuleForecast { blocks: 1, largest: 2, pairs };
        let (small, large) = (
            forecast(1000, 1 << 20, bound(&[rule(10), rule(20)])),
            forecast(2000, 1 << 20, bound(&[rule(10), rule(50)])),
        );
        assert_eq!((small.pairs, large.pairs), (30, 60));
        assert_eq!(large.memory, 2 * small.memory);
        assert!(large.disk > small.disk && small.disk > 1 << 20);
    }

    #[test]
    fn features_that_do_not_fit_are_refused() {
        assert!(refuse_features(1000, 1 << 20).is_ok());
        assert!(refuse_features(2000, 1 << 20).expect_err("refused").message().contains("2000 records need 2 MiB"));
    }

    #[test]
    fn a_full_disk_is_refused_like_a_small_memory() {
        let needs = forecast(1000, 1 << 20, 0);
        assert!(refuse_over(&needs, 1 << 30, Some(1 << 30), &[], &[]).is_ok());
        assert!(refuse_over(&needs, 1 << 30, None, &[], &[]).is_ok());
        let refused = |memory, free| {
            let refused = refuse_over(&needs, memory, Some(free), &[], &[]).expect_err("refused");
            (refused.message().to_string(), refused.remedy().unwrap_or_default().to_string())
        };
        let (said, hint) = refused(1 << 10, 1 << 30);
        assert!(said.contains("but --memory is 1 MiB") && hint == "raise --memory", "{said}\n{hint}");
        let (said, hint) = refused(1 << 30, 1 << 20);
        assert!(said.contains("the lake's disk has 1 MiB left") && hint.starts_with("make room"), "{said}\n{hint}");
    }
}
