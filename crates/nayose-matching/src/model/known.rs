//! Pairs that a person has decided, as cases that the model learns from.
//!
//! In: candidate pairs by pattern, labels, and the parameters that were learned without labels. Out: cases.
//!
//! People look at what the model is unsure of, so that labels are no sample of pairs: taken as they are, they would say that every
//! second pair is one person. Inside a stratum of like probability their choice says little about the truth, and there labels stand for
//! the candidates of their stratum (post-stratification; inverse probability weights, Horvitz and Thompson 1952). Labels and the
//! model share the stratum as in EM with weighted unlabelled cases (Nigam, McCallum, Thrun and Mitchell 2000).
//!
//! Where the model is sure, people look at a pair *because* the model looks wrong. Such a label stands for its own pair only.

use super::weight::Seen;

/// A pair, or more of one pattern, that a person has decided.
#[derive(Clone, Debug, PartialEq)]
pub struct Known {
    /// Pair of channels, then the state of each comparison.
    pub pattern: Vec<u8>,
    /// Whether it is one person.
    pub same: bool,
    /// Number of pairs.
    pub pairs: f64,
}

/// What EM learns from: pairs of a pattern, with what is known of them.
#[derive(Clone, Copy, Debug)]
pub(super) struct Case<'a> {
    pub(super) group: usize,
    pub(super) states: &'a [u8],
    pub(super) seen: Seen,
    pub(super) same: Option<bool>,
}

/// Bounds of the strata, in P(one person): steps of about two bits of evidence. Below the first and above the last the model is
/// sure.
const STRATA: [f64; 7] = [0.01, 0.05, 0.2, 0.5, 0.8, 0.95, 0.99];

/// The stratum of a probability; none where the model is sure.
fn stratum_of(probability: f64) -> Option<usize> {
    let at = STRATA.partition_point(|bound| *bound <= probability);
    (at > 0 && at < STRATA.len()).then(|| at - 1)
}

/// Labels in a stratum that say as much as the model: the share of one person among 20 has a standard error of a tenth, and a model
/// that learned without labels is not expected to be nearer to the truth in the middle of its scale.
const WORTH_THE_MODEL: f64 = 20.0;

/// The cases of candidates and labels, where `person` is P(one person) of the group and states before labels were known.
pub(super) fn cases<'a>(
    candidates: &[Case<'a>],
    known: &'a [Known],
    person: impl Fn(usize, &[u8]) -> f64,
) -> Vec<Case<'a>> {
    let strata = STRATA.len() - 1;
    let mut all = vec![Seen::default(); strata];
    let of: Vec<Option<usize>> = candidates.iter().map(|c| stratum_of(person(c.group, c.states))).collect();
    candidates.iter().zip(&of).for_each(|(c, s)| s.iter().for_each(|s| all[*s].add(c.seen)));
    let labels = || known.iter().filter_map(|k| k.pattern.split_first().map(|(g, states)| (*g as usize, states, k)));
    let mut labelled = vec![0.0; strata];
    for (group, states, k) in labels() {
        stratum_of(person(group, states)).iter().for_each(|s| labelled[*s] += k.pairs);
    }
    // The part of a stratum that its labels stand for. They never stand for fewer candidates than they are.
    let part =
        |s: usize| (labelled[s] / (labelled[s] + WORTH_THE_MODEL)).max((labelled[s] / all[s].pairs.max(1.0)).min(1.0));
    let left = candidates.iter().zip(&of).map(|(c, s)| match s {
        Some(s) if labelled[*s] > 0.0 => Case { seen: c.seen.times(1.0 - part(*s)), ..*c },
        _ => *c,
    });
    // A label of its own counts as a candidate does on average.
    let mut every = Seen::default();
    candidates.iter().for_each(|c| every.add(c.seen));
    let one = if every.pairs > 0.0 { every.times(1.0 / every.pairs) } else { Seen::alike(1.0) };
    let decided = labels().map(|(group, states, k)| {
        let seen = match stratum_of(person(group, states)) {
            Some(s) if all[s].pairs > 0.0 => all[s].times(part(s) * k.pairs / labelled[s]),
            _ => one.times(k.pairs),
        };
        Case { group, states, seen, same: Some(k.same) }
    });
    left.chain(decided).filter(|case| case.seen.pairs > 0.0).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_for_their_stratum_and_add_nothing() {
        let states = [[0u8], [1], [2]];
        let case = |i: usize, pairs| Case { group: 0, states: &states[i], seen: Seen::alike(pairs), same: None };
        let candidates = [case(0, 1000.0), case(1, 400.0), case(2, 50_000.0)];
        let person = |_: usize, states: &[u8]| [0.999, 0.6, 0.001][states[0] as usize];
        let known = |state: u8, same, pairs| Known { pattern: vec![0, state], same, pairs };
        let labels = [known(1, true, 15.0), known(1, false, 45.0), known(2, true, 1.0)];
        let cases = cases(&candidates, &labels, person);
        let of = |state: u8, same: Option<bool>| -> f64 {
            cases.iter().filter(|c| c.states[0] == state && c.same == same).map(|c| c.seen.pairs).sum()
        };
        // 60 labels beside the worth of 20: three quarters of 400 pairs, of which one quarter is one person.
        assert!((of(1, Some(true)) - 75.0).abs() < 1e-9 && (of(1, Some(false)) - 225.0).abs() < 1e-9);
        assert!((of(1, None) - 100.0).abs() < 1e-9);
        assert_eq!((of(0, None), of(2, None)), (1000.0, 50_000.0), "where nobody looked");
        assert_eq!(of(2, Some(true)), 1.0, "a miss that a person found is one miss");
    }

    #[test]
    fn probabilities_have_strata() {
        let of = |p: f64| stratum_of(p);
        assert_eq!(
            [of(0.0), of(0.01), of(0.5), of(0.97), of(0.99), of(1.0)],
            [None, Some(0), Some(3), Some(5), None, None]
        );
    }
}
