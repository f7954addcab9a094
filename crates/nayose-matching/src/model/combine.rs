//! Combinations of values that stand together more often than their frequencies say.
//!
//! In: the features of all records, and which of them adjust the levels of which comparison. Out: the pairs of values of two comparisons
//! (a title and a rank; a family name and its village) that many more people have than the product of the two frequencies makes
//! expect, and by how much. Two words that stand together are not rare twice.
//!
//! A pair of records that agrees on such combinations has ln u raised by those of a tree over its comparisons (Chow and Liu 1968: the
//! best approximation of a joint distribution by pairs of its parts is the heaviest tree). A combination takes no more than the smaller
//! of the two weights: together they weigh as much as the rarer alone, at least.

use std::collections::{BTreeMap, HashMap};

use super::Model;
use super::packed::Packed;
use super::sample::mix;
use crate::parallel;

/// A combination is one where this many people have it: of fewer, the frequency is mostly chance.
const LEAST: f64 = 10.0;

/// It is one where people have it at least this many times more often than expected, by 2 standard errors. Less is a bit of evidence
/// at most, and every list of names has it.
const LEAST_TIMES: f64 = 2.0;
const ERRORS: f64 = 2.0;

/// Records of a combination that are looked at to tell its people from its records.
const LOOKED_AT: usize = 256;

/// Most bytes that count combinations at once, a byte each: where there are more combinations, some more are counted exactly.
const MOST_BYTES: usize = 1 << 26;

/// The combinations of all pairs of features.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Combinations {
    /// Feature → value → whether it takes part in any, a bit each; empty where none does.
    takes_part: Vec<Vec<u64>>,
    /// In order of the features.
    of_features: Vec<OfFeatures>,
}

/// The combinations of two features, the lower first.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
struct OfFeatures {
    features: (u32, u32),
    /// The values and ln(observed / expected), in order.
    times: Vec<(u32, u32, f64)>,
}

/// A value on which both sides of a pair agree, of a comparison that its frequency adjusts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreed {
    pub(super) comparison: usize,
    pub(super) feature: usize,
    pub(super) value: u32,
    /// ln P(level | person) - ln P(level | unrelated).
    pub(super) weight: f64,
}

impl Combinations {
    /// Whether a value takes part in any combination.
    #[inline]
    pub(super) fn has(&self, feature: usize, value: u32) -> bool {
        let words = self.takes_part.get(feature).map_or(&[][..], |words| words);
        words.get(value as usize / 64).is_some_and(|word| word >> (value % 64) & 1 == 1)
    }

    /// Number of combinations.
    pub fn len(&self) -> usize {
        self.of_features.iter().map(|of| of.times.len()).sum()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.of_features.is_empty()
    }

    /// ln(observed / expected) of two values, 0 where they are no combination.
    fn times(&self, a: &Agreed, b: &Agreed) -> f64 {
        let (a, b) = if a.feature < b.feature { (a, b) } else { (b, a) };
        let features = (a.feature as u32, b.feature as u32);
        let Ok(place) = self.of_features.binary_search_by_key(&features, |of| of.features) else { return 0.0 };
        let times = &self.of_features[place].times;
        times.binary_search_by_key(&(a.value, b.value), |(a, b, _)| (*a, *b)).map_or(0.0, |place| times[place].2)
    }

    /// What agreeing on combinations adds to ln u, by comparison: each to the comparison with the smaller weight, where there are two.
    /// In a larger tree all but the one with the largest weight take the combination that leads towards that.
    pub(super) fn corrections(&self, agreed: &[Agreed]) -> Vec<(usize, f64)> {
        if agreed.len() < 2 {
            return Vec::new();
        }
        let mut edges = Vec::new();
        for (i, a) in agreed.iter().enumerate() {
            for (j, b) in agreed.iter().enumerate().skip(i + 1) {
                let times = self.times(a, b).min(a.weight).min(b.weight);
                if times > 0.0 {
                    edges.push((times, i, j));
                }
            }
        }
        edges.sort_by(|a, b| b.0.total_cmp(&a.0).then((a.1, a.2).cmp(&(b.1, b.2))));
        // Each tree is known by one of its members.
        let mut tree: Vec<usize> = (0..agreed.len()).collect();
        edges.retain(|(_, i, j)| {
            let (to, from) = (tree[*i], tree[*j]);
            tree.iter_mut().filter(|of| **of == from).for_each(|of| *of = to);
            to != from
        });
        let mut by_weight: Vec<usize> = (0..agreed.len()).collect();
        by_weight.sort_by(|a, b| agreed[*b].weight.total_cmp(&agreed[*a].weight).then(a.cmp(b)));
        let mut reached = vec![false; agreed.len()];
        let mut corrections = Vec::with_capacity(edges.len());
        for root in by_weight {
            let mut next = if reached[root] { Vec::new() } else { vec![root] };
            while let Some(parent) = next.pop() {
                reached[parent] = true;
                for (times, i, j) in &edges {
                    let child = if *i == parent { *j } else { *i };
                    if (*i == parent || *j == parent) && !reached[child] {
                        corrections.push((agreed[child].comparison, *times));
                        next.push(child);
                    }
                }
            }
        }
        corrections
    }
}

impl Model {
    /// For each comparison the features whose values' frequencies adjust its levels.
    pub fn adjusted(&self) -> Vec<Vec<usize>> {
        let of = |levels: &[super::Level]| {
            let mut features: Vec<usize> = levels.iter().filter_map(|level| level.tf).collect();
            features.sort_unstable();
            features.dedup();
            features
        };
        self.comparisons.iter().map(|c| of(&c.levels)).collect()
    }
}

impl Packed {
    /// The same with the combinations of values of different comparisons; `adjusted` are the features of each whose frequencies count
    /// (see [`Model::adjusted`]). Takes two to three passes over the records for each pair of features, and no more memory than
    /// some bytes a record.
    pub fn with_combinations(mut self, adjusted: &[Vec<usize>]) -> Self {
        let frequent: Vec<bool> = self.features.iter().map(|f| f.counts.iter().any(is_frequent)).collect();
        let mut pairs = BTreeMap::new();
        for (i, features) in adjusted.iter().enumerate() {
            for (j, others) in adjusted.iter().enumerate().skip(i + 1) {
                for (a, b) in features.iter().flat_map(|a| others.iter().map(move |b| (*a, *b))) {
                    if a != b && frequent[a] && frequent[b] {
                        pairs.insert((a.min(b), a.max(b)), (i, j));
                    }
                }
            }
        }
        // What tells people apart: of each comparison the feature with the most values.
        let distinct = |f: &&usize| self.features[**f].distinct();
        let telling: Vec<Option<usize>> = adjusted.iter().map(|of| of.iter().max_by_key(distinct).copied()).collect();
        let found = parallel::map(pairs.into_iter().collect(), |_, ((a, b), (i, j))| {
            let others = telling.iter().enumerate().filter(|(c, _)| *c != i && *c != j);
            let others: Vec<usize> = others.filter_map(|(_, f)| *f).filter(|f| *f != a && *f != b).collect();
            OfFeatures { features: (a as u32, b as u32), times: self.combinations_of(a, b, &others) }
        });
        let mut takes_part = vec![Vec::new(); self.features.len()];
        let of_features: Vec<OfFeatures> = found.into_iter().filter(|of| !of.times.is_empty()).collect();
        for of in &of_features {
            for (a, b, _) in &of.times {
                for (feature, value) in [(of.features.0, a), (of.features.1, b)] {
                    let words: &mut Vec<u64> = &mut takes_part[feature as usize];
                    words.resize(self.features[feature as usize].distinct().div_ceil(64), 0);
                    words[*value as usize / 64] |= 1 << (value % 64);
                }
            }
        }
        self.combinations = Combinations { takes_part, of_features };
        self
    }

    /// The combinations of features `a` and `b`, in order. `others` tell people apart.
    fn combinations_of(&self, a: usize, b: usize, others: &[usize]) -> Vec<(u32, u32, f64)> {
        // Few of all combinations have enough records: a byte for each hash finds them, and some that share their byte.
        let mut bytes = vec![0u8; (2 * self.rows).next_power_of_two().clamp(64, MOST_BYTES)];
        let mask = bytes.len() - 1;
        let place = |(a, b): (u32, u32)| mix(u64::from(a) << 32 | u64::from(b)) as usize & mask;
        let both = self.each_frequent(a, b, |_, key| {
            let byte = &mut bytes[place(key)];
            *byte = byte.saturating_add(1);
        });
        let mut counts: HashMap<(u32, u32), u32, foldhash::fast::FixedState> = HashMap::default();
        self.each_frequent(a, b, |_, key| {
            if f64::from(bytes[place(key)]) >= LEAST {
                *counts.entry(key).or_default() += 1;
            }
        });
        drop(bytes);
        let (of_a, of_b) = (&self.features[a], &self.features[b]);
        // As if the two were independent among the records that have both features.
        let share = both / (f64::from(of_a.filled()) * f64::from(of_b.filled()));
        let expected = |(a, b): (u32, u32)| f64::from(of_a.count(a)) * f64::from(of_b.count(b)) * share;
        counts.retain(|key, n| is_combination(f64::from(*n), expected(*key)));
        let mut rows: HashMap<(u32, u32), Vec<u32>, foldhash::fast::FixedState> = HashMap::default();
        if !counts.is_empty() {
            self.each_frequent(a, b, |row, key| {
                if counts.contains_key(&key) {
                    let rows = rows.entry(key).or_default();
                    if rows.len() < LOOKED_AT {
                        rows.push(row as u32);
                    }
                }
            });
        }
        let people = |key: &(u32, u32), n: u32| f64::from(n) * self.people(&rows[key], others);
        let mut found: Vec<(u32, u32, f64)> = counts
            .iter()
            .map(|(key, n)| (*key, people(key, *n), expected(*key)))
            .filter(|(_, n, expected)| is_combination(*n, *expected))
            .map(|((a, b), n, expected)| (a, b, (n / expected).ln()))
            .collect();
        found.sort_unstable_by_key(|(a, b, _)| (*a, *b));
        found
    }

    /// Calls `see` with the row and the values of each combination of frequent values; answers how many records have both features.
    fn each_frequent(&self, a: usize, b: usize, mut see: impl FnMut(usize, (u32, u32))) -> f64 {
        let mut both = 0.0;
        let (of_a, of_b) = (&self.features[a], &self.features[b]);
        for row in 0..self.rows {
            let values = self.row(row);
            let (l, r) = (values.ids(a), values.ids(b));
            both += f64::from(u8::from(!l.is_empty() && !r.is_empty()));
            for a in l.iter().filter(|a| is_frequent(of_a.count(**a))) {
                r.iter().filter(|b| is_frequent(of_b.count(**b))).for_each(|b| see(row, (*a, *b)));
            }
        }
        both
    }

    /// People a record, at most 1: a customer's own records have all their values together, and that is no dependence of values. As
    /// many people are assumed as there are values of the feature among `others` that tells most of these records apart, of those that
    /// half of them have.
    fn people(&self, rows: &[u32], others: &[usize]) -> f64 {
        let share = |feature: &usize| {
            let mut values: Vec<u32> =
                rows.iter().filter_map(|row| self.row(*row as usize).ids(*feature).first().copied()).collect();
            let filled = values.len();
            values.sort_unstable();
            values.dedup();
            (2 * filled >= rows.len() && filled > 0).then(|| values.len() as f64 / filled as f64)
        };
        // Where nothing else is known, each record is taken for one of somebody else.
        others.iter().filter_map(share).reduce(f64::max).unwrap_or(1.0)
    }
}

fn is_frequent(count: u32) -> bool {
    f64::from(count) >= LEAST
}

/// Whether `n` people where `expected` were expected are a combination. The standard error of the logarithm of a count is one over
/// its root.
fn is_combination(n: f64, expected: f64) -> bool {
    n >= LEAST && (n / expected).ln() - ERRORS / n.sqrt() >= LEAST_TIMES.ln()
}
