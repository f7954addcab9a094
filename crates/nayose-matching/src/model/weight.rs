//! What a candidate pair counts when the model learns.
//!
//! In: the numbers of candidate pairs of its two records. Out: a weight. A block of n records that share two common words has
//! n(n-1)/2 pairs, so that a few hundred records outvote everybody else about what two records of one person look like. A
//! record is what is observed, and its pairs are that record over and over: the cluster size is informative (Hoffman, Sen and
//! Weinberg 2001, "Within-cluster resampling"), and the remedy is to weight by its inverse (Williamson, Datta and Satten 2003;
//! Benhin, Rao and Scott 2005). Weighted pairs make a composite likelihood (Varin, Reid and Firth 2011).
//!
//! The weight is 1 / max(d_l, d_r), where d is a record's number of candidate pairs:
//!
//! - A record counts for one at most, whatever its block. The k(k-1)/2 pairs of a person of k records count for k/2.
//! - A record with a slip in a common name is in few blocks, and its pair with a clean record is in as many as the clean one.
//!   The mean of 1/d_l and 1/d_r would give the pair the weight of the slip: slips would look common. The larger number makes
//!   the weight that of the value, be it written well or not.

use std::collections::BTreeMap;

/// The units of the weight of two records that have no other candidate. Weights are whole numbers of units, so that their sum
/// does not depend on the order of pairs. A pair counts for one at most: 2^39 pairs fit into an `i64`.
pub(crate) const UNITS: i64 = 1 << 24;

/// The weight of a candidate pair in [`UNITS`], from the numbers of candidate pairs of its records.
#[inline]
pub fn of_pair(pairs_of_l: i64, pairs_of_r: i64) -> i64 {
    UNITS / pairs_of_l.max(pairs_of_r).max(1)
}

/// The number of candidate pairs beyond which a record is crowded, from how many records have how many: the outer fence, three
/// interquartile ranges above the third quartile (Tukey 1977). Records of one data set differ by a few times, as names do in frequency;
/// those of a block of strangers stand far out.
pub fn fence(degrees: &BTreeMap<u64, u64>) -> i64 {
    let records: u64 = degrees.values().sum();
    let quartile = |q: u64| {
        let mut left = records * q / 4;
        let of = degrees.iter().find(|(_, records)| {
            let found = left < **records;
            left = left.saturating_sub(**records);
            found
        });
        of.map_or(1, |(degree, _)| *degree as i64)
    };
    let (first, third) = (quartile(1), quartile(3));
    (third + 3 * (third - first)).max(1)
}

/// What a candidate pair counts, in [`UNITS`], where the sizes of classes decide what they look like: one, but (fence / d)² beyond the
/// fence. By number of pairs alone a block would draw a whole class to itself. So all pairs of a block count as those of a block at
/// the fence do, however large it is.
#[inline]
pub fn of_crowded_pair(pairs_of_l: i64, pairs_of_r: i64, fence: i64) -> i64 {
    let more = pairs_of_l.max(pairs_of_r);
    // A record has far fewer than 2^32 candidates.
    if more > fence { UNITS * fence / more * fence / more } else { UNITS }
}

/// How often a pattern was seen.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Seen {
    /// Candidate pairs: for priors and for whatever is about numbers of pairs.
    pub pairs: f64,
    /// The same, with those of crowded records as [`of_crowded_pair`] counts them.
    pub counted: f64,
    /// The sum of their weights: for what pairs of a class look like.
    pub weight: f64,
}

impl Seen {
    /// Pairs that count alike.
    pub fn alike(pairs: f64) -> Self {
        Seen { pairs, counted: pairs, weight: pairs }
    }

    /// Pairs with the sums of [`of_crowded_pair`] and of [`of_pair`] over them.
    pub fn weighted(pairs: i64, counted: i64, weight: i64) -> Self {
        let units = |sum: i64| sum as f64 / UNITS as f64;
        Seen { pairs: pairs as f64, counted: units(counted), weight: units(weight) }
    }

    /// These and more.
    pub fn add(&mut self, more: Seen) {
        self.pairs += more.pairs;
        self.counted += more.counted;
        self.weight += more.weight;
    }

    /// A share of these.
    pub fn times(self, share: f64) -> Self {
        Seen { pairs: self.pairs * share, counted: self.counted * share, weight: self.weight * share }
    }
}

/// The sum of weights, and what turns weights into a number of pairs of which it says as much: the effective sample size
/// (Kish 1965), (Σw)² / Σw². It is the number of pairs where all count alike.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Effective {
    sum: f64,
    squares: f64,
}

impl Effective {
    /// Adds a share of the pairs of a pattern, which count as much as these do on average.
    pub(crate) fn add(&mut self, seen: Seen, share: f64) {
        if seen.counted > 0.0 {
            self.sum += share * seen.weight;
            self.squares += share * seen.weight * seen.weight / seen.counted;
        }
    }

    /// Pairs for one unit of weight.
    pub(crate) fn scale(self) -> f64 {
        if self.squares > 0.0 { self.sum / self.squares } else { 1.0 }
    }

    /// The effective number of pairs.
    pub(crate) fn pairs(self) -> f64 {
        self.sum * self.scale()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_counts_for_one_whatever_its_block() {
        for n in [2i64, 3, 50, 1000] {
            let all = n * (n - 1) / 2 * of_pair(n - 1, n - 1);
            let records = all as f64 / (UNITS as f64 / 2.0);
            assert!((records - n as f64).abs() < 1e-3 * n as f64, "a block of {n} counts for {records}");
        }
        assert_eq!(of_pair(1, 400), of_pair(400, 400), "a slip weighs no more than what it is a slip of");
    }

    #[test]
    fn a_crowded_block_counts_as_one_at_the_fence() {
        for n in [20i64, 200, 2000] {
            let all = (n * (n - 1) / 2 * of_crowded_pair(n - 1, n - 1, 19)) as f64 / UNITS as f64;
            assert!((180.0..=190.0).contains(&all), "{n} records count for {all} pairs");
        }
    }

    #[test]
    fn a_block_stands_far_out() {
        // Half of the records have 2 to 6 candidates, and a twentieth are strangers of one block.
        let degrees = [(1, 20), (2, 25), (4, 20), (6, 30), (499, 5)].into();
        assert_eq!(fence(&degrees), 18);
        assert_eq!(of_crowded_pair(18, 3, 18), UNITS);
        assert_eq!(of_crowded_pair(3, 499, 18), UNITS * 18 / 499 * 18 / 499);
        assert_eq!(fence(&BTreeMap::new()), 1);
    }

    #[test]
    fn a_block_adds_little_to_the_effective_number() {
        let mut alike = Effective::default();
        alike.add(Seen::alike(300.0), 1.0);
        assert_eq!((alike.pairs(), alike.scale()), (300.0, 1.0));
        let mut with_block = alike;
        with_block.add(Seen { pairs: 100_000.0, counted: 1e5, weight: 225.0 }, 1.0);
        assert!((with_block.pairs() - 525.0 * 525.0 / (300.0 + 225.0 * 225.0 / 1e5)).abs() < 1e-9);
    }
}
