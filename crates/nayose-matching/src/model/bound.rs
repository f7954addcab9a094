//! Pairs that cannot reach a probability, told without a look at their values.
//!
//! Most pairs of a block are two people, and most of what they cost is comparing values that differ: names by edits, dates by digits. Which
//! features two records have, and which they share, is known from two words ([`Relations`]). That decides many comparisons, and of
//! the others which levels are left. In: the probability that is asked for. Out: a bound over the levels that are left, by which a pair is dropped, or
//! the same [`Score`] as without any bound.

use super::compare::{Relations, Side, set_of};
use super::score::{Found, HOUSEHOLD, PERSON, Score, Scorer, UNRELATED, posterior};
use super::slots::Row;

/// A bound is a sum in another order than the score: where the two are as near as rounding can bring them, the pair is scored.
const ROUNDING: f64 = 1e-9;

/// What is known of a comparison before values are looked at.
#[derive(Clone, Copy)]
enum Known {
    /// All: its part of the pair, if it says anything.
    Found(Option<Found>),
    /// Nothing but the levels that are left.
    Open,
}

/// Room for one pair after the other.
#[derive(Default)]
pub struct Room(Vec<Known>);

impl Scorer {
    /// The probabilities of a pair of which P(one person or one household) is `floor` at least; `None` of any other.
    pub fn score_from(&self, floor: f64, l: usize, r: usize, room: &mut Room) -> Option<Score> {
        let (left, right) = (self.packed.row(l), self.packed.row(r));
        let relations = left.relations(&right);
        let log_prior = &self.log_prior[self.packed.group(l, r)];
        // ln of the odds of each class against unrelated people, at most.
        let mut most = [PERSON, HOUSEHOLD].map(|class| log_prior[class] - log_prior[UNRELATED]);
        most[HOUSEHOLD] += self.most_joint;
        room.0.clear();
        for comparison in 0..self.model.comparisons.len() {
            let known = match self.left_open(comparison, relations) {
                Some(left_open) => {
                    most.iter_mut().zip(left_open).for_each(|(most, more)| *most += more);
                    Known::Open
                }
                None => {
                    let found = self.log_likelihood(comparison, relations, &left, &right);
                    if let Some(Found { log, .. }) = &found {
                        most.iter_mut().zip(log).for_each(|(most, of)| *most += of - log[UNRELATED]);
                    }
                    Known::Found(found)
                }
            };
            room.0.push(known);
        }
        let odds = most[PERSON].exp() + most[HOUSEHOLD].exp();
        if odds * (1.0 - floor) < floor * (1.0 - ROUNDING) {
            return None;
        }
        let score = posterior(self.sum_known(&room.0, relations, (&left, &right)), *log_prior);
        (score.person + score.household >= floor).then_some(score)
    }

    fn sum_known(&self, known: &[Known], relations: Relations, (l, r): (&Row, &Row)) -> [f64; 3] {
        self.sum_of(|comparison| match known[comparison] {
            Known::Found(found) => found,
            Known::Open => self.log_likelihood(comparison, relations, l, r),
        })
    }

    /// The most that a comparison can add to ln of the odds of a person and a household, over the levels that the relations leave. `None` where
    /// they leave one, or where it depends on which values are shared.
    fn left_open(&self, comparison: usize, relations: Relations) -> Option<[f64; 2]> {
        let c = &self.model.comparisons[comparison];
        if relations.both & c.features == 0 {
            return None;
        }
        let first = c.needs.iter().position(|needs| needs.are_met(relations))?;
        if !c.needs[first].more {
            return None;
        }
        let terms = &self.terms[comparison][set_of(c, relations) * c.levels.len()..];
        let mut most = [f64::NEG_INFINITY; 2];
        for (needs, term) in c.needs.iter().zip(terms).skip(first) {
            if !needs.are_met(relations) {
                continue;
            }
            let is_shared = |feature: usize| relations.same >> feature & 1 == 1;
            if term.features & relations.several != 0 || term.tf.is_some_and(is_shared) {
                return None;
            }
            most.iter_mut().zip(term.log).for_each(|(most, of)| *most = most.max(of - term.log[UNRELATED]));
            if !needs.more {
                return Some(most);
            }
        }
        // No level need hold: then it says nothing.
        Some(most.map(|most| most.max(0.0)))
    }
}
