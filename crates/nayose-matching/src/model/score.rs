//! Probabilities of a pair from its levels.
//!
//! For class c the likelihood of a pair is the product over comparisons of P(level | c), comparisons that are missing left
//! out. The posterior takes the class priors over all pairs of records. Term-frequency adjustment replaces, in the
//! unrelated class only, the average probability of agreeing by that of the agreeing value: two unrelated people share a
//! rare name rarely, while one person agrees with itself whatever the name. Several values of a feature are several chances to agree
//! (see [`super::chances`]), and values that stand together are not rare twice (see [`super::combine`]).

use std::sync::Arc;

use super::asked::Asked;
use super::chances::{self, Agreeing, Chances};
use super::combine::Agreed;
use super::compare::{Group, Relations, Side};
use super::joint::Joint;
use super::packed::{Packed, PackedFeature};
use super::sets::{each_common, rarest_common};
use super::{Comparison, MISSING, Model, Parameters, compare};

/// The probabilities of a pair.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Score {
    /// P(one person).
    pub person: f64,
    /// P(two people of one household).
    pub household: f64,
    /// Match weight: log2 of P(levels | person) / P(levels | unrelated).
    pub weight: f64,
}

/// What a pair says on one person, with priors and without.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Opinion {
    /// P(one person).
    pub person: f64,
    /// log2 of how much likelier the levels are of two people than of one, whichever two are the likelier: of one household,
    /// where the model knows households, or unrelated.
    pub against: f64,
    /// The same of two people of one household alone; none where the model does not know households.
    pub of_household: Option<f64>,
    /// The comparisons that speak against one person, a bit each.
    pub differing: u128,
}

/// The evidence of one comparison.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Evidence {
    /// Level, or [`MISSING`].
    pub level: u8,
    /// log2 of P(level | person) / P(level | unrelated), 0 when missing.
    pub weight: f64,
    /// log2 of P(level | person) / P(level | household), 0 when missing.
    pub weight_against_household: f64,
}

/// What a level adds to the sum.
#[derive(Clone, Copy)]
pub(super) struct Term {
    /// ln P(level | class).
    pub(super) log: [f64; 3],
    /// The feature whose agreeing value's frequency adjusts it.
    pub(super) tf: Option<usize>,
    /// The features of which several values are several chances, a bit each.
    pub(super) features: u64,
}

/// A comparison's part of a pair.
#[derive(Clone, Copy)]
pub(super) struct Found {
    state: u8,
    /// ln P(level | class), up to what the classes have in common.
    pub(super) log: [f64; 3],
    /// The feature and its rarest value that both have, where its frequency counts and it takes part in combinations.
    combines: Option<(usize, u32)>,
}

/// Positions of the classes.
pub(super) const PERSON: usize = 0;
pub(super) const HOUSEHOLD: usize = 1;
pub(super) const UNRELATED: usize = 2;

/// Comparisons of a pair whose states are kept together; those beyond are in no table of what differs together.
const MOST_STATES: usize = 64;

/// Counts whose logarithm is kept.
const SMALL_COUNTS: u32 = 4096;

/// Scores pairs of records.
#[derive(Clone)]
pub struct Scorer {
    pub(super) model: Arc<Model>,
    pub(crate) packed: Arc<Packed>,
    /// By comparison and state.
    pub(super) terms: Vec<Vec<Term>>,
    /// By comparison: what several values change.
    chances: Vec<Chances>,
    /// What differs together inside a household.
    pub(super) joint: Joint,
    /// The most that this adds to ln P(levels | household).
    pub(super) most_joint: f64,
    /// Pair of channels → ln P(class).
    pub(super) log_prior: Vec<[f64; 3]>,
    /// Feature → ln of the count of an average agreeing value: records that have any, times the probability that two agree, a value of
    /// a record.
    log_average: Vec<f64>,
    /// Count → its ln, for the small ones.
    log_counts: Vec<f64>,
}

impl Scorer {
    /// A scorer of `model` with `parameters` over the records of `packed`.
    pub fn new(model: Arc<Model>, packed: Arc<Packed>, parameters: &Parameters) -> Self {
        let several = packed.slots.several_anywhere();
        let (mut terms, mut chances) = (Vec::new(), Vec::new());
        for (c, learned) in model.comparisons.iter().zip(&parameters.levels) {
            let one = chances::one_chance(&packed, several, c, learned);
            let of = Chances::new(c, &one);
            let term = |(state, p): (usize, &[f64; 3])| {
                let level = state % c.levels.len();
                Term { log: p.map(f64::ln), tf: c.levels[level].tf, features: of.features(c, level) }
            };
            terms.push(one.iter().enumerate().map(term).collect());
            chances.push(of);
        }
        let log_prior = (0..packed.groups())
            .map(|g| log_priors(*parameters.priors.get(&packed.group_name(g)).unwrap_or(&parameters.prior)))
            .collect();
        let average = |f: &PackedFeature| {
            let records = f.collision_probability().max(1e-12).ln() + f64::from(f.filled().max(1)).ln();
            records - f.values_a_record().ln()
        };
        let log_average = packed.features.iter().map(average).collect();
        let log_counts = (0..SMALL_COUNTS).map(|n| f64::from(n).ln()).collect();
        let joint = Joint::new(&model, &parameters.joint);
        let most_joint = joint.most();
        Scorer { model, packed, terms, chances, joint, most_joint, log_prior, log_average, log_counts }
    }

    #[inline]
    fn log_count(&self, count: u32) -> f64 {
        self.log_counts.get(count as usize).copied().unwrap_or_else(|| f64::from(count).ln())
    }

    /// The features that the scorer compares.
    pub fn packed(&self) -> &Arc<Packed> {
        &self.packed
    }

    /// The model.
    pub fn model(&self) -> &Arc<Model> {
        &self.model
    }

    /// The levels of a pair, one a comparison.
    pub fn levels(&self, l: usize, r: usize) -> Vec<u8> {
        self.evidence(l, r).iter().map(|evidence| evidence.level).collect()
    }

    /// The probabilities of a pair.
    pub fn score(&self, l: usize, r: usize) -> Score {
        posterior(self.sum(&self.packed.row(l), &self.packed.row(r)), self.log_prior[self.packed.group(l, r)])
    }

    /// The probabilities of a record that is in no table and one that is.
    pub(crate) fn score_asked(&self, asked: &Asked, row: usize) -> Score {
        let group = self.packed.group_of(asked.channel(), self.packed.channel_of[row]);
        posterior(self.sum(&asked.side(), &Asked::beside(self.packed.row(row))), self.log_prior[group])
    }

    /// The same as evidence, one a comparison, in the order of the model.
    pub(crate) fn evidence_asked(&self, asked: &Asked, row: usize) -> Vec<Evidence> {
        self.evidence_of(&asked.side(), &Asked::beside(self.packed.row(row)))
    }

    /// What a pair says on one person. Comparisons from the 129th on are not among the `differing` (see [`Scorer::differs`]).
    pub(crate) fn opinion(&self, l: usize, r: usize) -> Opinion {
        let (left, right) = (self.packed.row(l), self.packed.row(r));
        let relations = left.relations(&right);
        let mut differing = 0u128;
        let sum = self.sum_of_each(&left, &right, relations, |i, found| {
            let differs = speaks_against(&self.model.comparisons[i], found.state, found.log);
            differing |= u128::from(differs).checked_shl(i as u32).unwrap_or(0);
        });
        let bits = |class: usize| (sum[class] - sum[0]) / std::f64::consts::LN_2;
        let of_household = self.model.has_households().then(|| bits(1));
        let against = of_household.map_or(bits(2), |household| household.max(bits(2)));
        let person = posterior(sum, self.log_prior[self.packed.group(l, r)]).person;
        Opinion { person, against, of_household, differing }
    }

    /// Whether a comparison of a pair speaks against one person.
    pub(crate) fn differs(&self, comparison: usize, l: usize, r: usize) -> bool {
        let (l, r) = (self.packed.row(l), self.packed.row(r));
        let likelihood = self.log_likelihood(comparison, l.relations(&r), &l, &r);
        likelihood.is_some_and(|found| speaks_against(&self.model.comparisons[comparison], found.state, found.log))
    }

    /// The probabilities of two groups of records as wholes: all values of the one against all values of the other, with the
    /// prior of their first records.
    pub(crate) fn score_groups(&self, l: &[u32], r: &[u32]) -> Score {
        let first = |rows: &[u32]| rows.first().map_or(0, |row| *row as usize);
        let sum = self.sum(&Group::new(&self.packed, l), &Group::new(&self.packed, r));
        posterior(sum, self.log_prior[self.packed.group(first(l), first(r))])
    }

    fn sum<S: Side>(&self, l: &S, r: &S) -> [f64; 3] {
        self.sum_of_each(l, r, l.relations(r), |_, _| {})
    }

    /// The sum over the comparisons, each of which is shown to `see`.
    #[inline]
    fn sum_of_each<S: Side>(&self, l: &S, r: &S, relations: Relations, mut see: impl FnMut(usize, &Found)) -> [f64; 3] {
        self.sum_of(|i| {
            let found = self.log_likelihood(i, relations, l, r)?;
            see(i, &found);
            Some(found)
        })
    }

    /// The sum over the comparisons, by what `find` finds of each.
    #[inline]
    pub(super) fn sum_of(&self, mut find: impl FnMut(usize) -> Option<Found>) -> [f64; 3] {
        let mut sum = [0.0f64; 3];
        let mut agreed = Vec::new();
        let mut states = [MISSING; MOST_STATES];
        for i in 0..self.model.comparisons.len() {
            if let Some(found) = find(i) {
                if let Some(state) = states.get_mut(i) {
                    *state = found.state;
                }
                sum.iter_mut().zip(found.log).for_each(|(sum, log)| *sum += log);
                agreed.extend(found.agreed(i));
            }
        }
        if agreed.len() > 1 {
            let corrections = self.packed.combinations.corrections(&agreed);
            corrections.iter().for_each(|(_, times)| sum[UNRELATED] += times);
        }
        self.joint.corrections(&states).for_each(|(_, log)| sum[HOUSEHOLD] += log);
        sum
    }

    /// The evidence of a pair, one a comparison, in the order of the model. Of two comparisons that agree on values that stand together
    /// (see [`super::combine`]), the one with the smaller weight has what that takes from it.
    pub fn evidence(&self, l: usize, r: usize) -> Vec<Evidence> {
        self.evidence_of(&self.packed.row(l), &self.packed.row(r))
    }

    fn evidence_of<S: Side>(&self, l: &S, r: &S) -> Vec<Evidence> {
        let relations = l.relations(r);
        let comparisons = 0..self.model.comparisons.len();
        let mut found: Vec<Option<Found>> = comparisons.map(|i| self.log_likelihood(i, relations, l, r)).collect();
        let agreed: Vec<Agreed> = found.iter().enumerate().filter_map(|(i, f)| f.as_ref()?.agreed(i)).collect();
        for (comparison, times) in self.packed.combinations.corrections(&agreed) {
            found[comparison].iter_mut().for_each(|found| found.log[UNRELATED] += times);
        }
        let mut states = [MISSING; MOST_STATES];
        states.iter_mut().zip(&found).for_each(|(state, found)| *state = found.as_ref().map_or(MISSING, |f| f.state));
        for (comparison, log) in self.joint.corrections(&states) {
            found[comparison].iter_mut().for_each(|found| found.log[HOUSEHOLD] += log);
        }
        let evidence = |(i, found): (usize, &Option<Found>)| match found {
            Some(Found { state, log: [person, household, unrelated], .. }) => Evidence {
                level: self.model.comparisons[i].level_of(*state),
                weight: (person - unrelated) / std::f64::consts::LN_2,
                weight_against_household: (person - household) / std::f64::consts::LN_2,
            },
            None => Evidence { level: MISSING, weight: 0.0, weight_against_household: 0.0 },
        };
        found.iter().enumerate().map(evidence).collect()
    }

    /// P(one person) of a record and its own copy in the channel where that is likeliest: a record that would not even be
    /// linked with itself says too little about its person.
    pub fn of_itself(&self, row: usize) -> f64 {
        let sum = self.sum(&self.packed.row(row), &self.packed.row(row));
        let channels = self.packed.channels.len();
        let own = self.packed.channel_of[row] as usize;
        let priors = (0..channels).map(|other| self.log_prior[own.min(other) * channels + own.max(other)]);
        priors.map(|prior| posterior(sum, prior).person).fold(0.0, f64::max)
    }

    /// log2 of the prior odds of one person, for the channels of the two records.
    pub fn prior_weight(&self, l: usize, r: usize) -> f64 {
        let prior = self.log_prior[self.packed.group(l, r)];
        (prior[0] - prior[2]) / std::f64::consts::LN_2
    }

    /// log2 of the prior odds of one person against two people of one household, for the channels of the two records.
    pub fn prior_weight_against_household(&self, l: usize, r: usize) -> f64 {
        let prior = self.log_prior[self.packed.group(l, r)];
        (prior[0] - prior[1]) / std::f64::consts::LN_2
    }

    #[inline]
    pub(super) fn log_likelihood<S: Side>(
        &self,
        comparison: usize,
        relations: Relations,
        l: &S,
        r: &S,
    ) -> Option<Found> {
        let state = compare::state(&self.model.comparisons[comparison], &self.packed, relations, l, r);
        if state == MISSING {
            return None;
        }
        let Term { mut log, tf, features } = self.terms[comparison][state as usize];
        let several = features & relations.several != 0;
        if several {
            log = self.log_of_several(comparison, state, l, r);
        }
        let mut combines = None;
        if let Some(tf) = tf.filter(|_| !several || !self.packed.combinations.is_empty())
            && let Some(common) = rarest_common(&self.packed.features[tf], l.ids(tf), r.ids(tf))
        {
            if !several {
                log[UNRELATED] = self.log_frequency(log[UNRELATED], tf, common);
            }
            combines = self.packed.combinations.has(tf, common).then_some((tf, common));
        }
        Some(Found { state, log, combines })
    }

    /// ln of the frequency of a value among those of a feature, whose average agreement has `log_u`.
    #[inline]
    fn log_frequency(&self, log_u: f64, tf: usize, value: u32) -> f64 {
        (log_u + self.log_count(self.packed.features[tf].count(value)) - self.log_average[tf]).min(0.0)
    }

    /// ln P(level | class) where a side has several values.
    #[cold]
    fn log_of_several<S: Side>(&self, comparison: usize, state: u8, l: &S, r: &S) -> [f64; 3] {
        let Term { log, tf, .. } = self.terms[comparison][state as usize];
        let c = &self.model.comparisons[comparison];
        let level = c.level_of(state) as usize;
        let mut agreeing = Agreeing::of(chances::chances(&c.levels[level].condition, l, r));
        if let Some(tf) = tf {
            let (l, r) = (l.ids(tf), r.ids(tf));
            each_common(l, r, |value| {
                agreeing.add(self.log_frequency(log[UNRELATED], tf, value).exp(), [l.len(), r.len()]);
            });
        }
        self.chances[comparison].log(c, state, agreeing, l, r)
    }
}

impl Found {
    /// The value that it agrees on, for combinations.
    fn agreed(&self, comparison: usize) -> Option<Agreed> {
        let weight = self.log[PERSON] - self.log[UNRELATED];
        self.combines.map(|(feature, value)| Agreed { comparison, feature, value, weight })
    }
}

/// Whether a state is no full agreement, and rarer among pairs of one person than among unrelated ones.
fn speaks_against(comparison: &Comparison, state: u8, log: [f64; 3]) -> bool {
    comparison.level_of(state) > 0 && log[0] < log[2]
}

/// ln of the priors of the three classes.
pub(crate) fn log_priors([person, household]: [f64; 2]) -> [f64; 3] {
    [person.ln(), household.ln(), (1.0 - person - household).max(1e-9).ln()]
}

/// The posterior of the classes from the sums of log-likelihoods.
pub(crate) fn posterior(sum: [f64; 3], log_prior: [f64; 3]) -> Score {
    let total = [sum[0] + log_prior[0], sum[1] + log_prior[1], sum[2] + log_prior[2]];
    let top = total[0].max(total[1]).max(total[2]);
    let odds = total.map(|t| (t - top).exp());
    let all = odds[0] + odds[1] + odds[2];
    Score { person: odds[0] / all, household: odds[1] / all, weight: (sum[0] - sum[2]) / std::f64::consts::LN_2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn posterior_equals_hand_computed_values() {
        // Likelihoods 0.8, 0.1, 0.001 with priors 0.01, 0.04, 0.95: Bayes' rule by hand.
        let score = posterior([0.8f64.ln(), 0.1f64.ln(), 0.001f64.ln()], [0.01f64.ln(), 0.04f64.ln(), 0.95f64.ln()]);
        let all = 0.8 * 0.01 + 0.1 * 0.04 + 0.001 * 0.95;
        assert!((score.person - 0.8 * 0.01 / all).abs() < 1e-12);
        assert!((score.household - 0.1 * 0.04 / all).abs() < 1e-12);
        assert!((score.weight - (800f64).log2()).abs() < 1e-9);
    }
}
