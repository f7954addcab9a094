//! Probabilities of levels from counts, where some level was hardly ever seen.
//!
//! In: counts of the levels of a comparison in a class, and what is known of them from elsewhere. Out: probabilities that are
//! never lower than the absence of a level can show, and never turn the order of levels round by accident.

/// Shape of the gamma prior of the rate of a level (Jeffreys): what was never seen in n pairs has a rate of half a pair in n.
pub(super) const SMOOTHING: f64 = 0.5;

/// The rate of a level that was seen `count` times in `n` pairs and is expected at the rate `before`. The prior is a gamma
/// distribution of mean `before`, as sure as `pseudo` pairs and never surer than [`SMOOTHING`] allows. Where n pairs are too few
/// to show a level of the rate `before`, the rate is `before`; where the level should have been seen, it is about half a pair in n.
/// A Dirichlet prior would give a rare level `before` divided by n as well.
pub(super) fn smoothed(count: f64, n: f64, before: f64, pseudo: f64) -> f64 {
    let shape = SMOOTHING.max(pseudo * before);
    (count + shape) / (n + shape / before)
}

/// Divides by the sum.
pub(super) fn normalize(values: &mut [f64]) {
    let sum: f64 = values.iter().sum();
    values.iter_mut().for_each(|value| *value /= sum);
}

/// A level of a class beside the class of one person, among pairs that lack the same.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    /// Pairs of one person at the level.
    pub persons: f64,
    /// Its probability in that class.
    pub m: f64,
    /// Pairs of the other class at the level.
    pub others: f64,
    /// Pairs of the other class in all.
    pub of: f64,
    /// Its probability in the other class.
    pub other: f64,
}

/// Steps for the share of pairs that share a value; each is a few hundred operations.
const SHARE_STEPS: usize = 60;

/// The share σ of the pairs of a household that share what a comparison compares, over all sets of missing features: these agree
/// as one person does, the others by chance. The levels have probabilities (1 - σ)u + σm then, and a set in which few
/// households were seen leans on the others. It begins at `start`, which is worth `pseudo` pairs.
pub(super) fn shared_share(rates: &[Rate], start: f64, pseudo: f64) -> f64 {
    let n: f64 = rates.iter().map(|r| r.others).sum();
    (0..SHARE_STEPS).fold(0.5, |share, _| {
        let shares = |r: &Rate| r.others * share * r.m / ((1.0 - share) * r.other + share * r.m);
        (rates.iter().map(shares).sum::<f64>() + pseudo * start) / (n + pseudo)
    })
}

/// Standard errors from which on a difference of weights is believed: one in a hundred by chance, on one side.
const BELIEVED: f64 = 2.33;

/// The runs of agreeing levels, best first, that have to weigh alike: the better level would weigh less than the worse, and the
/// counts are too few to show that it does. This is the pooling of adjacent violators under a likelihood ratio order (Dykstra,
/// Kochar and Robertson 1995), but for differences that the counts do show, which stay. Levels are those of `rates` in order.
pub(super) fn pools(rates: &[Rate]) -> Vec<Vec<usize>> {
    let mut blocks: Vec<Vec<usize>> = (0..rates.len()).map(|i| vec![i]).collect();
    let of = |block: &[usize], value: fn(&Rate) -> f64| block.iter().map(|i| value(&rates[*i])).sum::<f64>();
    let turned = |better: &[usize], worse: &[usize]| {
        // ln of the probability in the other class over m: the higher, the lower the weight.
        let ratio = |block: &[usize]| (of(block, |r| r.other) / of(block, |r| r.m)).ln();
        let counted = |block: &[usize]| {
            let rate: f64 = block.iter().map(|i| rates[*i].others / rates[*i].of.max(1.0)).sum();
            let half = SMOOTHING / block.iter().map(|i| rates[*i].of.max(1.0)).fold(f64::INFINITY, f64::min);
            ((rate + half) / of(block, |r| r.m)).ln()
        };
        let variance = |block: &[usize]| {
            1.0 / (of(block, |r| r.persons) + SMOOTHING) + 1.0 / (of(block, |r| r.others) + SMOOTHING)
        };
        let error = (variance(better) + variance(worse)).sqrt();
        ratio(better) > ratio(worse) + 1e-12 && counted(better) - counted(worse) < BELIEVED * error
    };
    while let Some(at) = (1..blocks.len()).find(|at| turned(&blocks[at - 1], &blocks[*at])) {
        let worse = blocks.remove(at);
        blocks[at - 1].extend(worse);
    }
    blocks.retain(|block| block.len() > 1);
    blocks
}

/// Gives the levels of every pool one weight. What the class has of the pool stays the same.
pub(super) fn level_out(pools: &[Vec<usize>], m: &[f64], other: &mut [f64]) {
    for pool in pools {
        let ratio = pool.iter().map(|i| other[*i]).sum::<f64>() / pool.iter().map(|i| m[*i]).sum::<f64>();
        pool.iter().for_each(|i| other[*i] = ratio * m[*i]);
    }
}

/// Whether a likelihood ratio statistic of `df` degrees of freedom is beyond what one in a thousand shows by chance (Wilson and
/// Hilferty 1931).
pub(super) fn is_significant(statistic: f64, df: usize) -> bool {
    const ONE_IN_A_THOUSAND: f64 = 3.09;
    let nine = 2.0 / (9.0 * df.max(1) as f64);
    ((statistic.max(0.0) / df.max(1) as f64).cbrt() - (1.0 - nine)) / nine.sqrt() > ONE_IN_A_THOUSAND
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(persons: f64, m: f64, others: f64, of: f64, other: f64) -> Rate {
        Rate { persons, m, others, of, other }
    }

    #[test]
    fn absence_shows_no_more_than_its_number_of_pairs() {
        // Ten thousand pairs cannot show one in a million, and would show one in a hundred.
        assert!((smoothed(0.0, 1e4, 1e-6, 5.0) / 1e-6 - 1.0).abs() < 0.03);
        assert!((smoothed(0.0, 1e4, 1e-2, 5.0) / (0.5 / 1e4) - 1.0).abs() < 0.03);
        assert!((smoothed(300.0, 1e4, 1e-2, 5.0) - 0.03).abs() < 1e-4);
        assert!((smoothed(0.0, 0.0, 0.7, 5.0) - 0.7).abs() < 1e-12);
    }

    #[test]
    fn a_worse_level_that_was_never_seen_weighs_no_more_than_a_better_one() {
        let exact = rate(8000.0, 0.8, 12.0, 1e4, 12e-4);
        let variant = rate(100.0, 0.01, 0.0, 1e4, 1e-8);
        assert_eq!(pools(&[exact, variant]), [[0, 1]], "12 in 8,000 let expect 0.15 in 100");
        let mut other = [12e-4, 1e-8];
        level_out(&[vec![0, 1]], &[0.8, 0.01], &mut other);
        assert!((other[1] / 0.01 - other[0] / 0.8).abs() < 1e-12 && (other[0] + other[1] - 12e-4 - 1e-8).abs() < 1e-12);
    }

    #[test]
    fn what_the_counts_show_stays() {
        // Another spelling with the same reading is weaker evidence than a slip, and there are enough of both.
        let homophone = rate(300.0, 0.03, 900.0, 1e5, 9e-3);
        let similar = rate(300.0, 0.03, 200.0, 1e5, 2e-3);
        assert!(pools(&[homophone, similar]).is_empty());
        assert!(pools(&[similar, homophone]).is_empty(), "the order is right");
    }

    #[test]
    fn households_that_share_are_told_from_those_that_do_not() {
        let share = 0.3;
        let (m, u) = ([0.9, 0.05, 0.05], [0.001, 0.002, 0.997]);
        let rates: Vec<Rate> =
            (0..3).map(|i| rate(0.0, m[i], 1e4 * (share * m[i] + (1.0 - share) * u[i]), 1e4, u[i])).collect();
        assert!((shared_share(&rates, 0.0, 5.0) - share).abs() < 0.005);
        assert_eq!(shared_share(&[], 1.0, 5.0), 1.0, "nothing seen");
    }

    #[test]
    fn one_in_a_thousand() {
        // Tables of chi squared: 10.83 for one degree of freedom, 29.59 for ten.
        assert!(!is_significant(10.0, 1) && is_significant(11.5, 1));
        assert!(!is_significant(29.0, 10) && is_significant(30.2, 10));
    }
}
