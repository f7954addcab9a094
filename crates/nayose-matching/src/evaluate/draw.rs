//! A sample of pairs for people to label, so that quality is known without a truth file.
//!
//! In: every candidate pair and every pair under one customer, each once, with the model's probability. Out: a stratified random
//! sample with the share that was drawn of every stratum. Strata are bands of the probability, apart for pairs that are not linked,
//! linked pairs, and linked pairs of large customers; within a stratum the pairs of channels are drawn in proportion.
//!
//! Labels go where they tell most about F (Neyman 1934, under the model's own probabilities, as Marchant and Rubinstein's OASIS,
//! 2017, does), but the model is not trusted: it may be wrong by [`DOUBT`] everywhere, and every stratum has [`LEAST`] labels.
//! The same seed and pairs give the same sample, in whatever order the pairs come.

use std::collections::{BTreeMap, BinaryHeap};

use serde::Serialize;

use super::scores;
use crate::model::sample::mix;

/// Records of a large customer. One wrong link to it makes at least four wrong pairs.
pub(super) const LARGE: usize = 5;

/// Fewest pairs of a sample: [`LEAST`] of every stratum that there can be.
pub const FEWEST: usize = 80;

/// Labels of a stratum at least. A stratum that is wrong altogether shows with four: all of them contradict the model.
const LEAST: u64 = 4;

/// Share of wrong answers that is expected of a stratum at least, whatever the model says. A model that were right about its
/// surest pairs would need no labels there, and nobody would find out that it is not.
const DOUBT: f64 = 0.01;

/// Share of the labels that linked pairs have at least, and pairs that are not linked. Precision needs the first, recall both. There
/// may be a hundred times as many unlinked pairs, which would else take all labels.
const EACH_SIDE: f64 = 0.4;

/// The probability that parts pairs far below review from those below it.
const LOW: f64 = 0.01;

/// The probability that parts sure pairs from the rest of the linked ones.
const SURE: f64 = 0.99;

/// A pair that can be drawn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Pair {
    /// The smaller row.
    pub l: u32,
    /// The larger row.
    pub r: u32,
    /// P(one person) of the model.
    pub person: f64,
    /// Records of the customer that both are under; `None` where they are under two.
    pub customer: Option<usize>,
    /// Numbers of the two channels, the smaller first.
    pub channels: (u16, u16),
}

/// Where the records of a pair are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Side {
    /// Under two customers.
    Apart,
    /// Under one customer.
    Linked,
    /// Under one customer of [`LARGE`] records and more.
    LinkedLarge,
}

/// A stratum: pairs of one side and one band of probability.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Stratum {
    /// Name for people, such as `linked 0.8 to 0.99`.
    pub name: String,
    /// Whether its pairs are under one customer.
    pub linked: bool,
    /// Its pairs.
    pub pairs: u64,
    /// How many of them are of one person by the model: the sum of their probabilities.
    pub expected: f64,
    /// Pairs drawn of it.
    pub drawn: u64,
}

/// A drawn pair.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct DrawnPair {
    /// The smaller row.
    pub l: u32,
    /// The larger row.
    pub r: u32,
    /// P(one person) of the model.
    pub person: f64,
    /// Place of its stratum in the sample.
    pub stratum: usize,
}

/// A sample.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Sample {
    /// The strata that have pairs.
    pub strata: Vec<Stratum>,
    /// The pairs in random order, so that the labels of who stops early are a sample too.
    pub pairs: Vec<DrawnPair>,
}

impl Sample {
    /// The probability that a pair of a stratum was drawn.
    pub(super) fn inclusion(&self, stratum: usize) -> f64 {
        self.strata[stratum].drawn as f64 / self.strata[stratum].pairs as f64
    }
}

/// A pair in its random place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Placed {
    hash: u64,
    l: u32,
    r: u32,
    /// Bits of the probability: they order as it does.
    person: u64,
}

/// The pairs of one stratum and one pair of channels: how many, and those whose random places come first.
#[derive(Clone, Debug, Default)]
struct Cell {
    pairs: u64,
    expected: f64,
    first: BinaryHeap<Placed>,
}

impl Cell {
    fn keep(&mut self, placed: Placed, most: usize) {
        if self.first.len() < most {
            self.first.push(placed);
        } else if self.first.peek().is_some_and(|last| placed < *last) {
            self.first.pop();
            self.first.push(placed);
        }
    }
}

/// All pairs that can be drawn, of which only what a sample may need is kept.
#[derive(Clone, Debug)]
pub struct Frame {
    size: usize,
    seed: u64,
    /// The upper ends of the bands but the last.
    bands: Vec<f64>,
    cells: BTreeMap<(Side, usize), BTreeMap<(u16, u16), Cell>>,
}

impl Frame {
    /// A frame for a sample of `size` pairs by `seed`; pairs from `review` on are looked at, from `auto` on they are linked.
    pub fn new(size: usize, seed: u64, review: f64, auto: f64) -> Self {
        let mut bands: Vec<f64> = Some(LOW).into_iter().filter(|p| *p < review).collect();
        bands.extend([review, auto]);
        bands.extend(Some(SURE).filter(|p| *p > auto));
        bands.retain(|p| *p > 0.0);
        bands.dedup();
        Frame { size: size.max(FEWEST), seed, bands, cells: BTreeMap::new() }
    }

    /// Adds a pair. Each is added once.
    pub fn add(&mut self, pair: &Pair) {
        let side = match pair.customer {
            None => Side::Apart,
            Some(records) if records < LARGE => Side::Linked,
            Some(_) => Side::LinkedLarge,
        };
        let band = self.bands.iter().filter(|p| pair.person >= **p).count();
        let cell = self.cells.entry((side, band)).or_default().entry(pair.channels).or_default();
        cell.pairs += 1;
        cell.expected += pair.person;
        let hash = mix(mix(u64::from(pair.l) ^ mix(self.seed)).wrapping_add(u64::from(pair.r)));
        cell.keep(Placed { hash, l: pair.l, r: pair.r, person: pair.person.to_bits() }, self.size);
    }

    /// Adds the pairs of a frame of the same size, seed and bands.
    pub fn absorb(&mut self, other: Frame) {
        for (stratum, cells) in other.cells {
            let own = self.cells.entry(stratum).or_default();
            for (channels, cell) in cells {
                let own = own.entry(channels).or_default();
                own.pairs += cell.pairs;
                own.expected += cell.expected;
                cell.first.into_iter().for_each(|placed| own.keep(placed, self.size));
            }
        }
    }

    /// Draws the sample.
    pub fn draw(self) -> Sample {
        let name = |side: Side, band: usize| {
            let side = match side {
                Side::Apart => "apart",
                Side::Linked => "linked",
                Side::LinkedLarge => "linked large",
            };
            let from = if band == 0 { 0.0 } else { self.bands[band - 1] };
            format!("{side} {from} to {}", self.bands.get(band).unwrap_or(&1.0))
        };
        let total = |cells: &BTreeMap<_, Cell>| {
            cells.values().fold((0, 0.0), |(pairs, expected), c| (pairs + c.pairs, expected + c.expected))
        };
        let mut strata: Vec<Stratum> = self
            .cells
            .iter()
            .map(|((side, band), cells)| {
                let (pairs, expected) = total(cells);
                Stratum { name: name(*side, *band), linked: *side != Side::Apart, pairs, expected, drawn: 0 }
            })
            .collect();
        share_out(&mut strata, self.size as u64);
        let mut drawn: Vec<(u64, DrawnPair)> = Vec::new();
        for (place, (stratum, cells)) in strata.iter().zip(self.cells.into_values()).enumerate() {
            // Systematic over the channels: each has its share, up or down to a whole number by chance.
            let start = unit(mix(self.seed ^ mix(place as u64 + 1)));
            let share = stratum.drawn as f64 / stratum.pairs as f64;
            let (mut before, mut taken) = (0u64, 0u64);
            for cell in cells.into_values() {
                before += cell.pairs;
                let up_to = if before == stratum.pairs {
                    stratum.drawn
                } else {
                    ((before as f64 * share + start).floor() as u64).min(stratum.drawn)
                };
                let n = (up_to.saturating_sub(taken)).min(cell.pairs);
                taken += n;
                drawn.extend(cell.first.into_sorted_vec().into_iter().take(n as usize).map(|p| {
                    let pair = DrawnPair { l: p.l, r: p.r, person: f64::from_bits(p.person), stratum: place };
                    (mix(p.hash ^ self.seed), pair)
                }));
            }
        }
        drawn.sort_unstable_by_key(|(order, pair)| (*order, pair.l, pair.r));
        Sample { strata, pairs: drawn.into_iter().map(|(_, pair)| pair).collect() }
    }
}

/// A number from 0 up to 1 of a hash.
fn unit(hash: u64) -> f64 {
    (hash >> 11) as f64 / (1u64 << 53) as f64
}

/// Gives `size` labels to the strata.
fn share_out(strata: &mut [Stratum], size: u64) {
    let sum = |linked: bool, of: fn(&Stratum) -> f64| strata.iter().filter(|s| s.linked == linked).map(of).sum::<f64>();
    let (both, missed, joined) = (sum(true, |s| s.expected), sum(false, |s| s.expected), sum(true, |s| s.pairs as f64));
    // Where there is nothing on either side, all labels weigh alike.
    let f1 = scores(both, joined, both + missed).f1.unwrap_or(1.0);
    let weight = |s: &Stratum| {
        let p = (s.expected / s.pairs as f64).clamp(DOUBT, 1.0 - DOUBT);
        s.pairs as f64 * (p * (1.0 - p)).sqrt()
    };
    let weights: Vec<f64> = strata.iter().map(weight).collect();
    let side = |linked: bool| strata.iter().zip(&weights).filter(move |(s, _)| s.linked == linked);
    let weight_of = |linked: bool| side(linked).map(|(_, w)| w).sum::<f64>();
    let pairs_of = |linked: bool| side(linked).map(|(s, _)| s.pairs).sum::<u64>();
    // How much F moves with a label of each side: F = 2·both / (joined + both + missed).
    let (linked, apart) = (weight_of(true) * (2.0 - f1), weight_of(false) * f1);
    let share = linked / (linked + apart).max(f64::MIN_POSITIVE);
    let wanted = (size as f64 * share.clamp(EACH_SIDE, 1.0 - EACH_SIDE)).round() as u64;
    let least_of = |linked: bool| side(linked).map(|(s, _)| s.pairs.min(LEAST)).sum::<u64>();
    let wanted = wanted.max(least_of(true)).min(size.saturating_sub(least_of(false)));
    // What one side has not got, the other takes.
    let linked = wanted.max(size.saturating_sub(pairs_of(false))).min(pairs_of(true));
    let apart = size.saturating_sub(linked).min(pairs_of(false));
    for (linked, size) in [(true, linked), (false, apart)] {
        let places: Vec<usize> = (0..strata.len()).filter(|i| strata[*i].linked == linked).collect();
        let parts: Vec<(f64, u64)> = places.iter().map(|i| (weights[*i], strata[*i].pairs)).collect();
        for (place, n) in places.into_iter().zip(allocation(&parts, size)) {
            strata[place].drawn = n;
        }
    }
}

/// `size` things shared out by weight, each part at least [`LEAST`] and at most what it has.
fn allocation(parts: &[(f64, u64)], size: u64) -> Vec<u64> {
    let at = |scale: f64| -> Vec<f64> {
        parts.iter().map(|(w, most)| (w * scale).clamp(LEAST.min(*most) as f64, *most as f64)).collect()
    };
    let (mut low, mut high) = (0.0, 1.0);
    let sum = |scale| at(scale).iter().sum::<f64>();
    let most = parts.iter().map(|p| p.1).sum::<u64>().min(size) as f64;
    while sum(high) < most && high < 1e300 {
        high *= 2.0;
    }
    for _ in 0..200 {
        let middle = (low + high) / 2.0;
        if sum(middle) < most { low = middle } else { high = middle }
    }
    let exact = at(high);
    let mut whole: Vec<u64> = exact.iter().map(|x| (x + 1e-6).floor() as u64).collect();
    let mut order: Vec<usize> = (0..parts.len()).collect();
    order.sort_by(|a, b| (exact[*b] - whole[*b] as f64).total_cmp(&(exact[*a] - whole[*a] as f64)));
    for place in order {
        if whole.iter().sum::<u64>() < most as u64 && whole[place] < parts[place].1 {
            whole[place] += 1;
        }
    }
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs of all sides and bands: the left row is the place of a pair.
    fn pairs(n: u32) -> Vec<Pair> {
        let probabilities = [0.001, 0.001, 0.001, 0.2, 0.6, 0.9, 0.999, 0.999];
        let customers = [None, None, Some(2), Some(9)];
        let pair = |l: u32| {
            let x = mix(u64::from(l));
            Pair {
                l,
                r: l + 1,
                person: probabilities[x as usize % 8],
                customer: customers[(x >> 8) as usize % 4],
                channels: ((x >> 16) as u16 % 2, 2 + (x >> 24) as u16 % 2),
            }
        };
        (0..n).map(pair).collect()
    }

    fn sample(pairs: &[Pair], size: usize, seed: u64) -> Sample {
        let mut frame = Frame::new(size, seed, 0.5, 0.8);
        pairs.iter().for_each(|pair| frame.add(pair));
        frame.draw()
    }

    #[test]
    fn a_sample_has_its_size_and_something_of_every_stratum() {
        let found = sample(&pairs(20_000), 200, 1);
        assert_eq!(found.pairs.len(), 200);
        assert_eq!(found.strata.len(), 15);
        assert_eq!(found.strata.iter().map(|s| s.pairs).sum::<u64>(), 20_000);
        for (place, s) in found.strata.iter().enumerate() {
            assert!(s.drawn >= 4 && found.inclusion(place) > 0.0, "{s:?}");
            assert_eq!(found.pairs.iter().filter(|p| p.stratum == place).count() as u64, s.drawn, "{s:?}");
        }
        let linked = found.strata.iter().filter(|s| s.linked).map(|s| s.drawn).sum::<u64>();
        assert!((80..=120).contains(&linked), "{linked} of 200 labels for linked pairs");
        assert_eq!(found.strata[0].name, "apart 0 to 0.01");
        assert_eq!(found.strata[14].name, "linked large 0.99 to 1");
    }

    #[test]
    fn the_order_of_the_pairs_changes_nothing_and_the_seed_does() {
        let mut all = pairs(5000);
        let found = sample(&all, 200, 7);
        all.reverse();
        let (first, second) = all.split_at(1234);
        let mut frames = [first, second].map(|some| {
            let mut frame = Frame::new(200, 7, 0.5, 0.8);
            some.iter().for_each(|pair| frame.add(pair));
            frame
        });
        let other = std::mem::replace(&mut frames[1], Frame::new(200, 7, 0.5, 0.8));
        frames[0].absorb(other);
        let again = frames[0].clone().draw();
        assert_eq!(again.pairs, found.pairs);
        assert!(again.strata.iter().zip(&found.strata).all(|(a, b)| (a.expected - b.expected).abs() < 1e-9));
        assert_ne!(sample(&all, 200, 8).pairs, found.pairs);
    }

    #[test]
    fn every_pair_is_drawn_as_often_as_its_stratum_says() {
        let all = pairs(400);
        let (mut times, mut expected) = (vec![0u32; all.len()], vec![0.0; all.len()]);
        const SEEDS: u64 = 2000;
        for seed in 0..SEEDS {
            let found = sample(&all, 120, seed);
            found.pairs.iter().for_each(|p| {
                times[p.l as usize] += 1;
                expected[p.l as usize] = found.inclusion(p.stratum);
            });
        }
        for (times, expected) in times.into_iter().zip(expected) {
            let (share, deviation) =
                (f64::from(times) / SEEDS as f64, (expected * (1.0 - expected) / SEEDS as f64).sqrt());
            assert!((share - expected).abs() <= 4.5 * deviation, "drawn {share}, said {expected}");
        }
    }

    #[test]
    fn the_channels_of_a_stratum_have_their_shares() {
        let mut all = pairs(20_000);
        all.retain(|p| p.customer.is_none() && p.person < 0.01);
        let found = sample(&all, 200, 3);
        assert_eq!((found.strata.len(), found.pairs.len()), (1, 200), "the other side has no pairs");
        let of = |l: u32| all.iter().find(|p| p.l == l).map(|p| p.channels);
        let one = found.pairs.iter().filter(|p| of(p.l) == Some((0, 2))).count() as f64;
        let share = all.iter().filter(|p| p.channels == (0, 2)).count() as f64 / all.len() as f64;
        assert!((one - 200.0 * share).abs() < 1.0, "{one} of 200, of all pairs {share}");
    }

    #[test]
    fn a_small_stratum_has_four_and_what_a_side_has_not_the_other_takes() {
        let pair = |l: u32, person, customer| Pair { l, r: l + 1, person, customer, channels: (0, 0) };
        let of = |apart: u32, linked: u32| {
            let mut all: Vec<Pair> = (0..apart).map(|l| pair(l, 0.001, None)).collect();
            all.extend((0..linked).map(|l| pair(10_000 + l, 0.999, Some(2))));
            all
        };
        let drawn = |pairs: &[Pair]| sample(pairs, 200, 1).strata.iter().map(|s| s.drawn).collect::<Vec<_>>();
        let mut all = of(5000, 5000);
        all.extend((0..10).map(|l| pair(20_000 + l, 0.85, Some(2))));
        let [apart, few, linked] = drawn(&all)[..] else { panic!("three strata") };
        assert_eq!((few, apart + linked), (4, 196));
        assert_eq!(drawn(&of(5000, 10)), [190, 10]);
        assert_eq!(drawn(&of(10, 5000)), [10, 190]);
    }

    #[test]
    fn few_pairs_are_drawn_whole() {
        let found = sample(&pairs(60), 200, 1);
        assert_eq!(found.pairs.len(), 60);
        assert!((0..found.strata.len()).all(|place| found.inclusion(place) == 1.0));
        assert_eq!(sample(&[], 200, 1), Sample::default());
    }

    #[test]
    fn thresholds_at_the_ends_make_no_empty_bands() {
        for (review, auto) in [(0.0, 0.0), (0.0, 1.0), (0.005, 0.995), (0.8, 0.8), (1.0, 1.0)] {
            let mut frame = Frame::new(200, 1, review, auto);
            pairs(2000).iter().for_each(|pair| frame.add(pair));
            assert!(frame.bands.is_sorted_by(|a, b| a < b), "{review} {auto}: {:?}", frame.bands);
            assert_eq!(frame.draw().pairs.len(), 200, "{review} {auto}");
        }
    }
}
