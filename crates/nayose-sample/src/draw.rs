//! Random draws that are the same on every machine and in every order of work.
//!
//! In: the seed, a purpose and an index (a household, a person, a record). Out: a stream of draws that depends on nothing
//! else, so that any household can be made alone, twice, or by any thread. Distributions come from tables of quantiles
//! and integers: no logarithm is called, whose last digit may differ between platforms.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{RngCore, SeedableRng};

/// What a stream is for: two purposes never share draws.
#[derive(Clone, Copy, Debug)]
pub(super) enum Purpose {
    Household = 1,
    Shop = 2,
    App = 3,
    PointCard = 4,
    Support = 5,
    Damage = 6,
    Test = 7,
    Membership = 8,
    Consent = 9,
    Reference = 10,
    OrderDetail = 11,
    Message = 12,
    Web = 13,
    Contract = 14,
    Registration = 15,
    Points = 16,
    Loyalty = 17,
    Engagement = 18,
    Reply = 19,
    Earlier = 20,
    Gift = 21,
}

/// Quantiles of the exponential distribution of mean 1, in 32 equal steps.
const EXPONENTIAL: [f64; 33] = [
    0.0, 0.0317, 0.0645, 0.0984, 0.1335, 0.1699, 0.2076, 0.2469, 0.2877, 0.3302, 0.3747, 0.4212, 0.47, 0.5213, 0.5754,
    0.6325, 0.6932, 0.7577, 0.8267, 0.9008, 0.9808, 1.0678, 1.1632, 1.2685, 1.3863, 1.5198, 1.674, 1.8563, 2.0794,
    2.3671, 2.7726, 3.4657, 5.3088,
];

/// Quantiles of a gamma distribution of shape 0.7 and mean 1: most people buy little, a few buy much.
const GAMMA: [f64; 33] = [
    0.0, 0.0088, 0.0239, 0.0428, 0.0652, 0.0908, 0.1192, 0.1503, 0.1846, 0.2212, 0.2613, 0.3049, 0.3514, 0.4022,
    0.4572, 0.5155, 0.58, 0.65, 0.7256, 0.8082, 0.8977, 0.9964, 1.108, 1.2338, 1.3731, 1.5346, 1.723, 1.9471, 2.2278,
    2.587, 3.116, 4.0131, 6.5589,
];

/// A stream of draws.
pub(super) struct Draw {
    key: [u64; 4],
    random: ChaCha8Rng,
}

impl Draw {
    /// The stream of `purpose` for `index` under `seed`.
    pub(super) fn new(seed: u64, purpose: Purpose, index: u64) -> Self {
        Self::of([seed, purpose as u64, index, 0])
    }

    fn of(key: [u64; 4]) -> Self {
        let mut bytes = [0; 32];
        for (chunk, word) in bytes.chunks_exact_mut(8).zip(key) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        Draw { key, random: ChaCha8Rng::from_seed(bytes) }
    }

    /// A stream of its own for one part of the same thing, such as one field of a record.
    pub(super) fn fork(&self, part: u64) -> Self {
        let [seed, purpose, index, path] = self.key;
        Self::of([seed, purpose, index, path * 64 + part + 1])
    }

    /// 64 random bits.
    pub(super) fn bits(&mut self) -> u64 {
        self.random.next_u64()
    }

    /// A number from 0 to `n` - 1.
    pub(super) fn below(&mut self, n: u32) -> u32 {
        ((u64::from(self.random.next_u32()) * u64::from(n)) >> 32) as u32
    }

    /// A number from `low` to `high`, both included.
    pub(super) fn between(&mut self, low: i32, high: i32) -> i32 {
        if high <= low { low } else { low + self.below((high - low + 1) as u32) as i32 }
    }

    /// True with probability `p`.
    pub(super) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// A number in [0, 1).
    pub(super) fn unit(&mut self) -> f64 {
        f64::from(self.random.next_u32()) / 4_294_967_296.0
    }

    /// One of `items`.
    pub(super) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len() as u32) as usize]
    }

    /// The index of a weight, by weight.
    pub(super) fn by_weight(&mut self, weights: &[u32]) -> usize {
        let mut at = self.below(weights.iter().sum::<u32>().max(1));
        for (index, weight) in weights.iter().enumerate() {
            if at < *weight {
                return index;
            }
            at -= weight;
        }
        0
    }

    /// The index in a list of running totals, by weight.
    pub(super) fn by_total(&mut self, totals: &[u32]) -> usize {
        let at = self.below(totals.last().copied().unwrap_or(1));
        totals.partition_point(|total| *total <= at)
    }

    /// A waiting time of mean 1.
    pub(super) fn exponential(&mut self) -> f64 {
        self.quantile(&EXPONENTIAL)
    }

    /// A person's rate relative to the mean of 1.
    pub(super) fn gamma(&mut self) -> f64 {
        self.quantile(&GAMMA)
    }

    fn quantile(&mut self, table: &[f64; 33]) -> f64 {
        let at = self.unit() * 32.0;
        let step = (at as usize).min(31);
        let part = at - step as f64;
        table[step] + (table[step + 1] - table[step]) * part
    }
}

/// The place of `index` in a fixed shuffle of 0 .. `domain`: no two indexes share a place, and near indexes are far apart.
///
/// Record numbers come from here, so that the number of a record says nothing about whose household it is.
pub(super) fn shuffled(key: u64, domain: u64, index: u64) -> u64 {
    let half = (64 - (domain - 1).leading_zeros()).div_ceil(2).max(1);
    let mask = (1u64 << half) - 1;
    let mut value = index;
    loop {
        let (mut left, mut right) = (value >> half, value & mask);
        for round in 0..4u64 {
            let mixed = mix(right ^ mix(key.wrapping_add(round.wrapping_mul(0x9E37_79B9_7F4A_7C15)))) & mask;
            (left, right) = (right, left ^ mixed);
        }
        value = (left << half) | right;
        if value < domain {
            return value;
        }
    }
}

/// A well-mixed 64-bit number (the finalizer of SplitMix64).
pub(super) fn mix(value: u64) -> u64 {
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shuffle_is_a_permutation() {
        let mut places: Vec<u64> = (0..1000).map(|index| shuffled(7, 1000, index)).collect();
        assert_ne!(places[..5], [0, 1, 2, 3, 4]);
        places.sort_unstable();
        assert_eq!(places, (0..1000).collect::<Vec<_>>());
    }

    #[test]
    fn tables_have_mean_one() {
        let mut draw = Draw::new(1, Purpose::Test, 1);
        let (mut waits, mut rates) = (0.0, 0.0);
        for _ in 0..100_000 {
            waits += draw.exponential();
            rates += draw.gamma();
        }
        assert!((waits / 1e5 - 1.0).abs() < 0.02, "{waits}");
        assert!((rates / 1e5 - 1.0).abs() < 0.03, "{rates}");
    }

    #[test]
    fn forks_differ_and_repeat() {
        let draw = Draw::new(1, Purpose::Shop, 5);
        assert_eq!(draw.fork(2).bits(), draw.fork(2).bits());
        assert_ne!(draw.fork(2).bits(), draw.fork(3).bits());
    }
}
