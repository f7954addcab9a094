//! How many pairs there are: by rule, of one rule alone, and of a sample of the records.
//!
//! In: [`Pairs`]. Out: whole numbers, which do not depend on the number of threads.

use super::pairs::{Once, Pairs};
use crate::model::sample::mix;
use crate::model::sets::intersects;
use crate::parallel;

/// Pairs that a thread counts at once: some milliseconds.
const COUNTED_AT_ONCE: u64 = 1 << 20;

/// Rows that a thread looks at at once.
const ROWS_AT_ONCE: u32 = 1 << 14;

impl Pairs {
    /// For each rule the pairs that it owns: those that no rule before it brings.
    pub fn count_by_rule(&self) -> Vec<u64> {
        self.count(Once::OfAll, |_, _, _| true)
    }

    /// For each rule the pairs that no other rule brings.
    pub fn of_one_rule(&self) -> Vec<u64> {
        self.count(Once::OfAll, |rule, l, r| {
            let next = self.first[rule + 1];
            !intersects(self.from(l, next), self.from(r, next))
        })
    }

    /// For each rule its pairs, each once: two records may share many of its keys.
    pub fn of_each_rule(&self) -> Vec<u64> {
        self.count(Once::OfEachRule, |_, _, _| true)
    }

    fn count(&self, once: Once, counts: impl Fn(usize, u32, u32) -> bool + Sync) -> Vec<u64> {
        let parts = parallel::map(self.pieces(COUNTED_AT_ONCE), |_, mut piece| {
            let mut found = vec![0u64; self.rules.len()];
            self.take_once(&mut piece, usize::MAX, once, |rule, l, r| found[rule] += u64::from(counts(rule, l, r)));
            found
        });
        let mut all = vec![0; self.rules.len()];
        for part in parts {
            all.iter_mut().zip(part).for_each(|(all, part)| *all += part);
        }
        all
    }

    /// One record in `every`, chosen by a hash: how many others each of them meets, together.
    pub fn met_by_some(&self, every: u64) -> u64 {
        let rows = self.rows();
        let chunks =
            (0..rows).step_by(ROWS_AT_ONCE as usize).map(|from| from..rows.min(from.saturating_add(ROWS_AT_ONCE)));
        let parts = parallel::map(chunks.collect(), |_, rows| {
            let mut met: Vec<u32> = Vec::new();
            let mut sum = 0;
            for row in rows.filter(|row| mix(u64::from(*row)).is_multiple_of(every)) {
                met.clear();
                self.numbers_of(row).iter().for_each(|number| met.extend_from_slice(self.rows_of(*number)));
                met.sort_unstable();
                met.dedup();
                // It meets itself in each of its blocks.
                sum += met.len().saturating_sub(1) as u64;
            }
            sum
        });
        parts.into_iter().sum()
    }
}
