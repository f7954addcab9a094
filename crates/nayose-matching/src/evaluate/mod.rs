//! How good the matching is, from a truth file: pairwise and B-cubed precision, recall and F1. [`draw`] and [`estimate`] say it
//! from the labels of a sample.
//!
//! In: for each record its true person and the customer it was given. Out: figures, overall and by pair of channels. They
//! are computed from contingency counts (how many records of person p are in customer c), not from pairs, so that a million
//! records take seconds. Pairwise counts are as in Menestrina, Whang and Garcia-Molina (2010); B-cubed is Bagga and
//! Baldwin's (1998).

pub mod draw;
pub mod estimate;
pub mod label_file;
pub mod shape;
#[cfg(test)]
mod simulation;

use std::collections::BTreeMap;

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

/// Precision, recall and their harmonic mean, 0 to 1. A share of nothing is none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Scores {
    /// Of what was joined, how much is right.
    pub precision: Option<f64>,
    /// Of what is right, how much was joined.
    pub recall: Option<f64>,
    /// Harmonic mean.
    pub f1: Option<f64>,
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
        scores(self.both as f64, self.joined as f64, self.true_pairs as f64)
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

/// The scores where `both` of the `joined` and of the `true_pairs` are right. Where only one of the two is nothing, all of the
/// other is wrong: F1 is 0.
fn scores(both: f64, joined: f64, true_pairs: f64) -> Scores {
    let share = |part: f64, whole: f64| (whole > 0.0).then(|| part / whole);
    Scores {
        precision: share(both, joined),
        recall: share(both, true_pairs),
        f1: share(2.0 * both, joined + true_pairs),
    }
}

/// Evaluates records with a truth.
pub fn evaluate(records: &[Labelled]) -> Evaluation {
    let mut found = Evaluation { records: records.len() as u64, ..Evaluation::default() };
    let mut channels = Channels::new(records);
    let (mut precision, mut recall) = (0.0, 0.0);
    let share = |cell: &[Labelled], whole: &[Labelled]| cell.len() as f64 * cell.len() as f64 / whole.len() as f64;
    let mut rows = records.to_vec();
    rows.sort_unstable_by_key(|r| (r.customer, r.person));
    // Customers with records of one person alone, in order.
    let mut pure: Vec<u32> = Vec::new();
    for customer in rows.chunk_by(|a, b| a.customer == b.customer) {
        found.customers += 1;
        channels.pairs(customer, |a, b, pairs| found.by_channels.entry((a, b)).or_default().joined += pairs);
        for cell in customer.chunk_by(|a, b| a.person == b.person) {
            channels.pairs(cell, |a, b, pairs| found.by_channels.entry((a, b)).or_default().both += pairs);
            precision += share(cell, customer);
            if cell.len() == customer.len() {
                pure.push(cell[0].customer);
            }
        }
    }
    rows.sort_unstable_by_key(|r| (r.person, r.customer));
    for person in rows.chunk_by(|a, b| a.person == b.person) {
        found.people += 1;
        channels.pairs(person, |a, b, pairs| found.by_channels.entry((a, b)).or_default().true_pairs += pairs);
        for cell in person.chunk_by(|a, b| a.customer == b.customer) {
            recall += share(cell, person);
            let whole = cell.len() == person.len() && pure.binary_search(&cell[0].customer).is_ok();
            found.exact += u64::from(whole);
        }
    }
    for of in found.by_channels.values() {
        found.pairs.both += of.both;
        found.pairs.joined += of.joined;
        found.pairs.true_pairs += of.true_pairs;
    }
    found.b_cubed = b_cubed(precision, recall, records.len());
    found
}

/// The means of the precision and the recall of each record.
fn b_cubed(precision: f64, recall: f64, records: usize) -> Scores {
    let mean = |sum: f64| (records > 0).then(|| sum / records as f64);
    Scores {
        precision: mean(precision),
        recall: mean(recall),
        f1: mean(2.0 * precision * recall / (precision + recall)),
    }
}

/// Counts the records of each channel.
struct Channels {
    /// Records of a group, by channel.
    counts: Vec<u64>,
}

impl Channels {
    fn new(records: &[Labelled]) -> Self {
        Channels { counts: vec![0; records.iter().map(|r| r.channel as usize + 1).max().unwrap_or(0)] }
    }

    /// The pairs of a group for every two channels that have any, the smaller first: records of channel a and b make a·b pairs,
    /// those of one channel a·(a−1)/2.
    fn pairs(&mut self, group: &[Labelled], mut add: impl FnMut(u16, u16, u64)) {
        if group.len() < 2 {
            return;
        }
        self.counts.fill(0);
        group.iter().for_each(|r| self.counts[r.channel as usize] += 1);
        for (a, n) in self.counts.iter().enumerate() {
            for (b, m) in self.counts.iter().enumerate().skip(a) {
                let pairs = if a == b { n * n.saturating_sub(1) / 2 } else { n * m };
                if pairs > 0 {
                    add(a as u16, b as u16, pairs);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use proptest::prelude::*;

    /// The definitions, pair by pair and record by record.
    fn naive(records: &[Labelled]) -> Evaluation {
        let mut naive = Evaluation { records: records.len() as u64, ..Evaluation::default() };
        for (i, a) in records.iter().enumerate() {
            for b in records[i + 1..].iter().filter(|b| a.customer == b.customer || a.person == b.person) {
                let channels = (a.channel.min(b.channel), a.channel.max(b.channel));
                for counts in [&mut naive.pairs, naive.by_channels.entry(channels).or_default()] {
                    counts.both += u64::from(a.person == b.person && a.customer == b.customer);
                    counts.joined += u64::from(a.customer == b.customer);
                    counts.true_pairs += u64::from(a.person == b.person);
                }
            }
        }
        let people: BTreeSet<u32> = records.iter().map(|r| r.person).collect();
        let customers: BTreeSet<u32> = records.iter().map(|r| r.customer).collect();
        (naive.people, naive.customers) = (people.len() as u64, customers.len() as u64);
        let same = |p: u32, c: u32| records.iter().all(|r| (r.person == p) == (r.customer == c));
        naive.exact = people.iter().filter(|p| customers.iter().any(|c| same(**p, *c))).count() as u64;
        let share = |of: &dyn Fn(&Labelled, &Labelled) -> bool| {
            records
                .iter()
                .map(|a| {
                    let both = records.iter().filter(|b| a.person == b.person && a.customer == b.customer).count();
                    both as f64 / records.iter().filter(|b| of(a, b)).count() as f64
                })
                .sum::<f64>()
        };
        let (precision, recall) = (share(&|a, b| a.customer == b.customer), share(&|a, b| a.person == b.person));
        naive.b_cubed = b_cubed(precision, recall, records.len());
        naive
    }

    #[test]
    fn a_share_of_nothing_is_no_figure() {
        let of = |both, joined, true_pairs| {
            let s = PairCounts { both, joined, true_pairs }.scores();
            [s.precision, s.recall, s.f1]
        };
        assert_eq!(of(0, 0, 0), [None; 3]);
        assert_eq!(of(0, 0, 4), [None, Some(0.0), Some(0.0)], "no link at all is not right");
        assert_eq!(of(0, 3, 0), [Some(0.0), None, Some(0.0)]);
        assert_eq!(of(3, 4, 6), [Some(0.75), Some(0.5), Some(0.6)]);
        assert_eq!(evaluate(&[]).b_cubed, Scores::default());
    }

    proptest! {
        #[test]
        fn counts_equal_the_definitions(raw in prop::collection::vec((0u32..6, 0u32..6, 0u16..3), 1..40)) {
            let records: Vec<Labelled> =
                raw.into_iter().map(|(person, customer, channel)| Labelled { person, customer, channel }).collect();
            let (found, naive) = (evaluate(&records), naive(&records));
            let near = |a: Option<f64>, b: Option<f64>| a.zip(b).is_some_and(|(a, b)| (a - b).abs() < 1e-9);
            prop_assert!(near(found.b_cubed.precision, naive.b_cubed.precision));
            prop_assert!(near(found.b_cubed.recall, naive.b_cubed.recall));
            prop_assert_eq!(Evaluation { b_cubed: naive.b_cubed, ..found }, naive);
        }
    }
}
