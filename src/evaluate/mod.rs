//! How good the matching is, from a truth file: pairwise and B-cubed precision, recall and F1.
//!
//! In: for each record its true person and the customer it was given. Out: figures, overall and by pair of channels. They
//! are computed from contingency counts (how many records of person p are in customer c), not from pairs, so that a million
//! records take seconds. Pairwise counts are as in Menestrina, Whang and Garcia-Molina (2010); B-cubed is Bagga and
//! Baldwin's (1998).

pub mod report;
pub mod shape;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

/// A record with its truth and its customer, each as a small number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Labelled {
    /// True person.
    pub person: u32,
    /// Customer that it was given.
    pub customer: u32,
    /// Channel.
    pub channel: u16,
}

/// Precision, recall and their harmonic mean, 0 to 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Of what was joined, how much is right.
    pub precision: f64,
    /// Of what is right, how much was joined.
    pub recall: f64,
    /// Harmonic mean.
    pub f1: f64,
}

/// Pairs counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct PairCounts {
    /// Pairs of one person under one customer.
    pub both: u64,
    /// Pairs under one customer.
    pub joined: u64,
    /// Pairs of one person.
    pub true_pairs: u64,
}

impl PairCounts {
    /// The scores of the counts.
    pub fn scores(&self) -> Scores {
        scores(ratio(self.both as f64, self.joined as f64), ratio(self.both as f64, self.true_pairs as f64))
    }
}

/// The evaluation.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Evaluation {
    /// Records with a truth.
    pub records: u64,
    /// True people among them.
    pub people: u64,
    /// Customers among them.
    pub customers: u64,
    /// People whose records are exactly the records of one customer.
    pub exact: u64,
    /// Pairs overall.
    pub pairs: PairCounts,
    /// Pairs by pair of channels, the smaller first.
    pub by_channels: BTreeMap<(u16, u16), PairCounts>,
    /// B-cubed.
    pub b_cubed: Scores,
}

fn ratio(part: f64, whole: f64) -> f64 {
    // Nothing to be wrong about is right.
    if whole == 0.0 { 1.0 } else { part / whole }
}

fn scores(precision: f64, recall: f64) -> Scores {
    let sum = precision + recall;
    Scores { precision, recall, f1: if sum == 0.0 { 0.0 } else { 2.0 * precision * recall / sum } }
}

/// Evaluates records with a truth.
pub fn evaluate(records: &[Labelled]) -> Evaluation {
    let mut cells: HashMap<(u32, u32), u64> = HashMap::new();
    let mut people: HashMap<u32, u64> = HashMap::new();
    let mut customers: HashMap<u32, u64> = HashMap::new();
    for r in records {
        *cells.entry((r.person, r.customer)).or_default() += 1;
        *people.entry(r.person).or_default() += 1;
        *customers.entry(r.customer).or_default() += 1;
    }
    let pairs = |n: u64| n * n.saturating_sub(1) / 2;
    let total = PairCounts {
        both: cells.values().map(|n| pairs(*n)).sum(),
        joined: customers.values().map(|n| pairs(*n)).sum(),
        true_pairs: people.values().map(|n| pairs(*n)).sum(),
    };
    let n = records.len().max(1) as f64;
    let mut precision = 0.0;
    let mut recall = 0.0;
    // Sums of fractions depend on their order in the last digit: add in order of the keys.
    let mut in_order: Vec<((u32, u32), u64)> = cells.iter().map(|(k, n)| (*k, *n)).collect();
    in_order.sort_unstable();
    for ((person, customer), both) in in_order {
        let both = both as f64;
        precision += both * both / customers[&customer] as f64;
        recall += both * both / people[&person] as f64;
    }
    let exact = cells.iter().filter(|((p, c), n)| people[p] == **n && customers[c] == **n).count() as u64;
    Evaluation {
        records: records.len() as u64,
        people: people.len() as u64,
        customers: customers.len() as u64,
        exact,
        pairs: total,
        by_channels: by_channels(records),
        b_cubed: scores(precision / n, recall / n),
    }
}

/// Pair counts for every pair of channels: records of channel a and b in a cell make a·b pairs, of one channel a·(a−1)/2.
fn by_channels(records: &[Labelled]) -> BTreeMap<(u16, u16), PairCounts> {
    let mut found: BTreeMap<(u16, u16), PairCounts> = BTreeMap::new();
    let mut count = |key: &dyn Fn(&Labelled) -> u64, add: fn(&mut PairCounts) -> &mut u64| {
        let mut groups: HashMap<u64, BTreeMap<u16, u64>> = HashMap::new();
        for r in records {
            *groups.entry(key(r)).or_default().entry(r.channel).or_default() += 1;
        }
        for channels in groups.values() {
            for (a, n) in channels {
                for (b, m) in channels.range(a..) {
                    let pairs = if a == b { n * (n - 1) / 2 } else { n * m };
                    if pairs > 0 {
                        *add(found.entry((*a, *b)).or_default()) += pairs;
                    }
                }
            }
        }
    };
    count(&|r| u64::from(r.person) << 32 | u64::from(r.customer), |c| &mut c.both);
    count(&|r| u64::from(r.customer), |c| &mut c.joined);
    count(&|r| u64::from(r.person), |c| &mut c.true_pairs);
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definitions, pair by pair and record by record.
    fn naive(records: &[Labelled]) -> (PairCounts, f64, f64) {
        let mut counts = PairCounts::default();
        for (i, a) in records.iter().enumerate() {
            for b in &records[i + 1..] {
                counts.both += u64::from(a.person == b.person && a.customer == b.customer);
                counts.joined += u64::from(a.customer == b.customer);
                counts.true_pairs += u64::from(a.person == b.person);
            }
        }
        let share = |of: &dyn Fn(&Labelled, &Labelled) -> bool| {
            records
                .iter()
                .map(|a| {
                    let both = records.iter().filter(|b| a.person == b.person && a.customer == b.customer).count();
                    both as f64 / records.iter().filter(|b| of(a, b)).count() as f64
                })
                .sum::<f64>()
                / records.len() as f64
        };
        (counts, share(&|a, b| a.customer == b.customer), share(&|a, b| a.person == b.person))
    }

    proptest! {
        #[test]
        fn counts_equal_the_definitions(raw in prop::collection::vec((0u32..6, 0u32..6, 0u16..3), 1..40)) {
            let records: Vec<Labelled> =
                raw.into_iter().map(|(person, customer, channel)| Labelled { person, customer, channel }).collect();
            let (counts, precision, recall) = naive(&records);
            let found = evaluate(&records);
            prop_assert_eq!(found.pairs, counts);
            prop_assert!((found.b_cubed.precision - precision).abs() < 1e-9);
            prop_assert!((found.b_cubed.recall - recall).abs() < 1e-9);
            let sum = found.by_channels.values().fold(PairCounts::default(), |s, c| PairCounts {
                both: s.both + c.both, joined: s.joined + c.joined, true_pairs: s.true_pairs + c.true_pairs,
            });
            prop_assert_eq!(sum, counts, "channel pairs add up to all pairs");
        }
    }
}
