//! Chances of a comparison level: two records with several values each have as many chances to agree as there are pairs of values.
//!
//! In: the probabilities of the levels for one pair of values, the number of pairs of values. Out: the probabilities of the best level
//! among them, in each class; and back, from what random records show to what one pair of values would.
//!
//! - *Unrelated*: each of k value pairs misses the levels up to j with probability 1-U, all of them with (1-U)^k.
//! - *One person* (and a household, where it shares the comparison): one of the k value pairs is the one that the class is about and
//!   agrees as learned; the other k-1 are pairs of different things and agree by chance. More values never make a difference likelier
//!   in this class than that, and the weight of an agreement falls to 0 as k grows, and not below it.
//! - *Household*, where it does not share the comparison: all k value pairs are of different people.
//!
//! The likelihood ratio of one person is then the mean over the value pairs of that of each, which is 1 in expectation whatever the
//! frequencies of the values, and however the value pairs depend on each other. Where c of the k pairs agree, it is the sum of c parts:
//! two phones in common weigh more than one (by 1 bit where they are as rare), and never as much as two independent features.

use std::collections::BTreeMap;

use super::compare::{Relations, Side, set_of};
use super::{Comparison, Condition, MISSING, Measure, Packed, compare, sample};

/// Pairs of records that tell how many chances there usually are. The share of a number of chances is then known to 1 %.
const SAMPLE: u64 = 16_384;

/// Pairs that lack the same tell it for themselves if they are this many.
const SAMPLE_OF_SET: f64 = 100.0;

/// No hazard is certain: what is left for the levels below is never nothing.
const MOST: f64 = 1.0 - 1e-12;

/// Pairs of values that may fulfil `condition`, 1 at least.
///
/// Parts that all have to hold are independent chances, so that their numbers multiply; of parts of which one has to hold the one with
/// the most counts. The share of common values (Jaccard) compares two whole sets: it has one chance.
pub(super) fn chances<S: Side>(condition: &Condition, l: &S, r: &S) -> f64 {
    fn of<S: Side>(condition: &Condition, seen: &mut u64, l: &S, r: &S) -> f64 {
        let mut pairs = |a: usize, b: usize| {
            let bits = 1 << a | 1 << b;
            let known = *seen & bits == bits;
            *seen |= bits;
            if known { 1.0 } else { (l.ids(a).len() as f64 * r.ids(b).len() as f64).max(1.0) }
        };
        match condition {
            Condition::Else | Condition::Absent(_) | Condition::Similar { measure: Measure::Jaccard(_), .. } => 1.0,
            Condition::Same(f) | Condition::Similar { feature: f, .. } | Condition::Date { feature: f, .. } => {
                pairs(*f, *f)
            }
            Condition::Swapped(a, b) => {
                let crossed = l.ids(*b).len() as f64 * r.ids(*a).len() as f64;
                pairs(*a, *b) * crossed.max(1.0)
            }
            Condition::All(parts) => parts.iter().map(|part| of(part, seen, l, r)).product(),
            Condition::Any(parts) => parts.iter().map(|part| of(part, &mut seen.clone(), l, r)).fold(1.0, f64::max),
        }
    }
    of(condition, &mut 0, l, r)
}

/// The features whose number of values counts for the chances of `condition`, a bit each.
pub(super) fn counted(condition: &Condition) -> u64 {
    match condition {
        Condition::Else | Condition::Absent(_) | Condition::Similar { measure: Measure::Jaccard(_), .. } => 0,
        Condition::Same(f) | Condition::Similar { feature: f, .. } | Condition::Date { feature: f, .. } => 1 << f,
        Condition::Swapped(a, b) => 1 << a | 1 << b,
        Condition::All(parts) | Condition::Any(parts) => parts.iter().map(counted).fold(0, |a, b| a | b),
    }
}

/// Probability that at least one of `k` chances of `q` each comes true.
#[inline]
pub(crate) fn at_least_once(q: f64, k: f64) -> f64 {
    -(k * (-q.min(MOST)).ln_1p()).exp_m1()
}

/// For each level the probability that a pair of values is at it, given that it is at no better one.
pub(crate) fn hazards(levels: &[f64]) -> Vec<f64> {
    let mut left: f64 = levels.iter().sum();
    let hazard = |p: &f64| {
        let q = if left > 0.0 { (p / left).clamp(0.0, 1.0) } else { 1.0 };
        left -= p;
        q
    };
    levels.iter().map(hazard).collect()
}

/// The probability of each level as the best of several value pairs among unrelated records: `levels` are those for one value pair,
/// `k` the value pairs of each level. With one k for all of them, a level or better has 1-(1-U)^k.
pub fn best_of(levels: &[f64], k: &[f64]) -> Vec<f64> {
    let mut missed = 1.0;
    let last = levels.len().saturating_sub(1);
    let best = |(level, (q, k)): (usize, (f64, &f64))| {
        let p = if level == last { missed } else { missed * at_least_once(q, *k) };
        missed -= p;
        p
    };
    hazards(levels).into_iter().zip(k).enumerate().map(best).collect()
}

/// The probability of each level for one value pair, where `average` is that of each among pairs of records of which each entry of
/// `pairs` says how many value pairs they have by level, and how many such pairs there are. Random pairs show the average; where some
/// have several values, it is above that of one value pair. This is the inverse of the mean of [`best_of`] over `pairs`.
pub fn of_one_chance(average: &[f64], pairs: &[(Vec<f64>, f64)]) -> Vec<f64> {
    let all: f64 = pairs.iter().map(|(_, n)| n).sum();
    if all <= 0.0 || pairs.iter().all(|(k, _)| k.iter().all(|k| *k <= 1.0)) {
        return average.to_vec();
    }
    let sum: f64 = average.iter().sum();
    // Pairs that reach the level: they are at no better one.
    let mut reach: Vec<f64> = pairs.iter().map(|(_, n)| n / all).collect();
    let (mut left, mut levels) = (sum, Vec::with_capacity(average.len()));
    let last = average.len().saturating_sub(1);
    for (level, p) in average.iter().enumerate() {
        if level == last {
            levels.push(left);
            break;
        }
        let k = |pair: usize| pairs[pair].0.get(level).copied().unwrap_or(1.0);
        let share = |q: f64| reach.iter().enumerate().map(|(pair, n)| n * at_least_once(q, k(pair))).sum::<f64>();
        let q = root(share, p / sum);
        reach.iter_mut().enumerate().for_each(|(pair, n)| *n *= 1.0 - at_least_once(q, k(pair)));
        levels.push(left * q);
        left -= left * q;
    }
    levels
}

/// The q with `share(q) = target`, for a share that grows with q and is q at most times a number. Halving the exponent first keeps
/// the small ones exact: u of a rare agreement is 1e-9 and less.
fn root(share: impl Fn(f64) -> f64, target: f64) -> f64 {
    if target <= 0.0 {
        return 0.0;
    }
    let (mut low, mut high) = (f64::MIN_POSITIVE.ln(), MOST.ln());
    // 60 halvings of 700 are below the last bit of a logarithm.
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if share(middle.exp()) < target { low = middle } else { high = middle }
    }
    high.exp()
}

/// The levels of one state set, each class for one value pair: what the scorer corrects by.
#[derive(Clone, Debug)]
pub(super) struct Chance {
    /// P(level | class) for one value pair.
    at: [f64; 3],
    /// P(a worse level | class) for one value pair.
    worse: [f64; 3],
    /// Unrelated: P(level | no better one).
    hazard: f64,
    /// Household: P(level | no better one).
    hazard_of_household: f64,
}

/// The chances of a comparison's levels.
#[derive(Clone, Debug)]
pub(super) struct Chances {
    /// By state.
    states: Vec<Chance>,
    /// Household agrees by chance in each value pair: as the unrelated do, or as it was learned.
    household: Household,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Household {
    Shares,
    AsUnrelated,
    ByChance,
}

impl Chances {
    /// Those of a comparison whose states have the probabilities `one` with one value pair.
    pub(super) fn new(comparison: &Comparison, one: &[[f64; 3]]) -> Self {
        let count = comparison.levels.len();
        let mut states = Vec::with_capacity(one.len());
        for set in one.chunks(count) {
            let of = |class: usize| set.iter().map(|p| p[class]).collect::<Vec<f64>>();
            let (by_chance, household) = (hazards(&of(2)), hazards(&of(1)));
            for (level, at) in set.iter().enumerate() {
                let worse = [0, 1, 2].map(|class| set[level + 1..].iter().map(|p| p[class]).sum());
                let (hazard, hazard_of_household) = (by_chance[level], household[level]);
                states.push(Chance { at: *at, worse, hazard, hazard_of_household });
            }
        }
        let as_unrelated = one.iter().all(|p| p[1] == p[2]);
        let household = match comparison.shared_by_household {
            true => Household::Shares,
            false if as_unrelated => Household::AsUnrelated,
            false => Household::ByChance,
        };
        Chances { states, household }
    }

    /// The features of which several values change the classes' probabilities of a level, a bit each. At the last level the classes
    /// miss all chances alike: nothing changes.
    pub(super) fn features(&self, comparison: &Comparison, level: usize) -> u64 {
        let from = if self.household == Household::ByChance { 0 } else { level };
        comparison.levels[from..=level].iter().map(|level| counted(&level.condition)).fold(0, |a, b| a | b)
    }

    /// ln P(state | class), up to what all classes have in common: the chances that other value pairs missed the better levels.
    /// `agreeing` are the frequencies of the values that the two sides have in common, where they adjust the level.
    pub(super) fn log<S: Side>(&self, c: &Comparison, state: u8, agreeing: Agreeing, l: &S, r: &S) -> [f64; 3] {
        let Chance { at, worse, hazard, .. } = &self.states[state as usize];
        let k = agreeing.chances;
        // One value pair is of the class, the others agree by chance.
        let by_chance = at_least_once(*hazard, k - 1.0);
        let with_chance = |class: usize| at[class] + worse[class] * by_chance;
        let mut of = [with_chance(0), with_chance(1), with_chance(2)];
        if self.household == Household::ByChance {
            of[1] = self.household_by_chance(c, state, l, r);
        }
        if agreeing.values > 0.0 {
            // The mean over value pairs of how likely each makes the class: agreeing ones by their frequencies, the others by what
            // is left for them.
            let household = of[1] / of[0];
            let density = k / agreeing.rarity;
            let others = (k - agreeing.values).max(0.0) / agreeing.rarity;
            let mixed = |class: usize| at[class] + others * worse[class] / worse[2].max(1.0 - MOST);
            let person = mixed(0);
            let shares = self.household == Household::Shares;
            of = [person, if shares { mixed(1) } else { person * household }, density];
        }
        of.map(|p| p.max(f64::MIN_POSITIVE).ln())
    }

    /// P(state | household) where each value pair is one of different people, with the part that the classes have in common taken off.
    fn household_by_chance<S: Side>(&self, c: &Comparison, state: u8, l: &S, r: &S) -> f64 {
        let level = c.level_of(state) as usize;
        let first = state as usize - level;
        let missed = |q: f64| (-q.min(MOST)).ln_1p();
        let mut log = 0.0;
        for (better, chance) in self.states[first..first + level].iter().enumerate() {
            let k = chances(&c.levels[better].condition, l, r);
            log += k * missed(chance.hazard_of_household) - (k - 1.0) * missed(chance.hazard);
        }
        let Chance { hazard_of_household, at, worse, .. } = &self.states[state as usize];
        let last = at[1] > 0.0 && worse[1] == 0.0;
        let k = chances(&c.levels[level].condition, l, r);
        log.exp() * if last { 1.0 } else { at_least_once(*hazard_of_household, k) }
    }
}

/// The pairs of values of a level, and those that agree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Agreeing {
    /// How many there are.
    chances: f64,
    /// How many agree, where it is asked.
    values: f64,
    /// The sum of one over their frequencies.
    rarity: f64,
}

impl Agreeing {
    /// None of so many chances, yet.
    pub(super) fn of(chances: f64) -> Self {
        Agreeing { chances, values: 0.0, rarity: 0.0 }
    }

    /// Adds a value that has this frequency, of the numbers of values of the two sides. A set holds a value once: a side of many values
    /// has a common one for certain, and no more often.
    pub(super) fn add(&mut self, frequency: f64, sides: [usize; 2]) {
        self.values += 1.0;
        self.rarity += sides.map(|n| (n as f64 * frequency).max(1.0)).iter().product::<f64>() / frequency;
    }
}

/// The parameters of a comparison for one value pair: those that were learned are an average over pairs of records of which some have
/// several values (`several` says of which features). Household levels that follow by chance are an average of the same kind. Those of one person, and what a household
/// shares, are of the one pair of values that the class is about; chance adds to them at most u times the share that differs.
pub(super) fn one_chance(
    packed: &Packed,
    several: u64,
    comparison: &Comparison,
    learned: &[[f64; 3]],
) -> Vec<[f64; 3]> {
    let features = comparison.levels.iter().map(|level| counted(&level.condition)).fold(0, |a, b| a | b);
    if several & features == 0 {
        return learned.to_vec();
    }
    let count = comparison.levels.len();
    let seen = chances_of_random(packed, comparison);
    let mut all: BTreeMap<&Vec<u32>, f64> = BTreeMap::new();
    seen.iter().flatten().for_each(|(k, n)| *all.entry(k).or_default() += n);
    let mut one = learned.to_vec();
    for (set, of_set) in seen.iter().enumerate() {
        let numbers = |k: &Vec<u32>| k.iter().map(|k| f64::from(*k)).collect::<Vec<f64>>();
        let pairs: Vec<(Vec<f64>, f64)> = if of_set.values().sum::<f64>() >= SAMPLE_OF_SET {
            of_set.iter().map(|(k, n)| (numbers(k), *n)).collect()
        } else {
            all.iter().map(|(k, n)| (numbers(k), *n)).collect()
        };
        let states = set * count..(set + 1) * count;
        let classes: &[usize] = if comparison.shared_by_household { &[2] } else { &[1, 2] };
        for class in classes {
            let average: Vec<f64> = learned[states.clone()].iter().map(|p| p[*class]).collect();
            let levels = of_one_chance(&average, &pairs);
            one[states.clone()].iter_mut().zip(levels).for_each(|(p, level)| p[*class] = level);
        }
    }
    one
}

/// For each set of lacking features: how many random pairs of records have which numbers of chances by level.
fn chances_of_random(packed: &Packed, comparison: &Comparison) -> Vec<BTreeMap<Vec<u32>, f64>> {
    let mut seen = vec![BTreeMap::new(); comparison.sets()];
    // Any seed will do: it is part of the program, so that the same data give the same bytes.
    for (l, r) in sample::random_pairs(packed.rows as u64, 0..SAMPLE, 0) {
        let (l, r) = (packed.row(l as usize), packed.row(r as usize));
        let relations: Relations = l.relations(&r);
        if compare::state(comparison, packed, relations, &l, &r) != MISSING {
            let k = comparison.levels.iter().map(|level| chances(&level.condition, &l, &r) as u32).collect();
            *seen[set_of(comparison, relations)].entry(k).or_default() += 1.0;
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_level_or_better_has_one_minus_the_misses() {
        let levels = [0.01, 0.04, 0.95];
        for k in [1.0, 2.0, 4.0, 9.0, 25.0] {
            let best = best_of(&levels, &[k; 3]);
            assert!((best[0] - (1.0 - 0.99f64.powf(k))).abs() < 1e-12);
            assert!((best[0] + best[1] - (1.0 - 0.95f64.powf(k))).abs() < 1e-12);
            assert!((best.iter().sum::<f64>() - 1.0).abs() < 1e-12);
        }
    }

    proptest::proptest! {
        #[test]
        fn the_average_of_random_pairs_leads_back_to_one_chance(
            u in (1e-9f64..0.2, 1e-6f64..0.2),
            k in proptest::collection::vec((1u32..30, 1u32..30, 0.1f64..10.0), 1..6),
        ) {
            let one = [u.0, u.1, 1.0 - u.0 - u.1];
            let pairs: Vec<(Vec<f64>, f64)> =
                k.iter().map(|(a, b, n)| (vec![f64::from(*a), f64::from(*b), 1.0], *n)).collect();
            let all: f64 = pairs.iter().map(|(_, n)| n).sum();
            let mut average = [0.0; 3];
            for (k, n) in &pairs {
                average.iter_mut().zip(best_of(&one, k)).for_each(|(sum, p)| *sum += p * n / all);
            }
            let back = of_one_chance(&average, &pairs);
            for (back, one) in back.iter().zip(one) {
                proptest::prop_assert!((back / one - 1.0).abs() < 1e-6, "{back} and {one}");
            }
        }
    }
}
