//! Learning the parameters without labels, or with a few.
//!
//! In: how often each pattern of levels occurs among sampled candidate pairs, and how often each level occurs among
//! random pairs. Out: [`Parameters`]. The method is expectation maximisation for a latent class model (Winkler 1988; Fellegi
//! and Sunter 1969 for the model), with these choices:
//!
//! - Three classes: one person, two people of one household, unrelated. The household class starts by agreeing like one
//!   person on what a household shares and by chance on the rest; EM finds the rest by itself.
//! - Class priors are over *all* pairs of records, that of one person for each pair of channels by itself. Pairs that
//!   blocking never brings count as unrelated, so that a posterior is a probability about two records, not about two
//!   candidates.
//! - What a class looks like is learned by record, what there is of it by pair: [`super::weight`] says why. With weights the steps
//!   solve unbiased estimating equations in place of a maximum of one likelihood (Elashoff and Ryan 2004). While they do, pairs of
//!   crowded blocks count less for the priors as well; the priors by number of pairs come last.
//! - u comes from random pairs, not from candidates: blocking brings pairs *because* they agree. Random pairs hold a
//!   few pairs of one person too, more so in small data; their expected share is taken off in every step.
//! - Unrelated pairs that share a mail address are too rare for any sample. Where a blocking rule brings *every* pair of a
//!   level, u is the expected number of unrelated ones among them, over all pairs of records.
//! - A level is counted among the pairs that lack the same features (see [`Comparison::states`](super::Comparison::states)):
//!   what a channel leaves out is no evidence of who is in it.
//! - The household class is learned from pairs that can show a household. A ticket without address never does, and its
//!   people have households all the same: the prior of the household class is one for all channels.
//! - Which levels weigh alike, and which comparisons depend inside a household, is found between runs of EM and fixed inside
//!   one: a step that decided it anew would not settle.

use std::collections::BTreeMap;

use super::joint::{self, Joint};
use super::known::{Case, Known, cases};
use super::maximise::{HOUSEHOLD_SMOOTHING, Pools, Tally, class_priors, maximise, pools, shares, start};
use super::score::log_priors;
use super::smooth::is_significant;
use super::weight::{Effective, Seen};
use super::{Comparison, MISSING, Model, Parameters};

pub use super::doubt::{Dependence, Doubts, dependence, doubts};

/// What EM learns from.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// Pair of channels, then the state of each comparison → the candidate pairs that this stands for.
    pub patterns: BTreeMap<Vec<u8>, Seen>,
    /// Pairs that people have decided.
    pub known: Vec<Known>,
    /// Number of candidate pairs of a record → records with as many.
    pub degrees: BTreeMap<u64, u64>,
    /// Pair of channels → its name.
    pub groups: Vec<String>,
    /// Pair of channels → number of pairs of records.
    pub pairs_by_group: Vec<f64>,
    /// Number of pairs of records that can show a household (see [`Model::sees_households`]); all of them where none.
    pub household_pairs: Option<f64>,
    /// Comparison → state → number of random pairs.
    pub random: Vec<Vec<f64>>,
    /// Number of random pairs drawn.
    pub random_draws: f64,
    /// Comparison → level → for levels all of whose pairs a blocking rule brings: how many of them it left out because a
    /// block was too large. Levels without an entry are counted among random pairs.
    pub brought: Vec<Vec<Option<f64>>>,
    /// Number of pairs of records in all.
    pub all_pairs: f64,
    /// Digest of the data.
    pub digest: String,
}

impl Observations {
    /// The candidate pairs.
    pub(super) fn candidates<'a>(&'a self) -> Vec<Case<'a>> {
        let case = |(pattern, seen): (&'a Vec<u8>, &Seen)| {
            let (group, states) = pattern.split_first()?;
            Some(Case { group: *group as usize, states, seen: *seen, same: None })
        };
        self.patterns.iter().filter_map(case).collect()
    }
}

/// How the learning ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Convergence {
    /// Steps taken, in all runs of EM.
    pub steps: u32,
    /// Whether the last step moved no parameter more than the tolerance.
    pub converged: bool,
    /// Largest move in the last step.
    pub last_move: f64,
}

/// Runs of EM between which levels that weigh alike are found. Levels join and never part, and most join in the first.
const ROUNDS: usize = 3;

/// Learns the parameters of `model`.
pub fn learn(model: &Model, observed: &Observations) -> (Parameters, Convergence) {
    let random: Vec<Vec<f64>> = model.comparisons.iter().zip(&observed.random).map(|(c, n)| shares(c, n)).collect();
    let mut learner = Learner {
        model,
        observed,
        random,
        cases: Vec::new(),
        pools: Pools::default(),
        dependent: Vec::new(),
        by_chance: vec![false; model.comparisons.len()],
        steps: 0,
    };
    let mut found = learner.learn();
    while learner.find_people_among_households(&found.0) {
        found = learner.learn();
    }
    let (found, convergence) = found;
    (learner.count_classes(found), convergence)
}

struct Learner<'a> {
    model: &'a Model,
    observed: &'a Observations,
    /// Comparison → state → share among random pairs.
    random: Vec<Vec<f64>>,
    cases: Vec<Case<'a>>,
    pools: Pools,
    /// Pairs of comparisons that depend inside a household.
    dependent: Vec<[usize; 2]>,
    /// Comparisons in which people of a household agree by chance, though the model does not say so.
    by_chance: Vec<bool>,
    steps: u32,
}

impl Learner<'_> {
    /// Runs of EM from the start: on candidates, with what people decided, with levels that weigh alike, with what differs together.
    fn learn(&mut self) -> (Parameters, Convergence) {
        let (model, observed) = (self.model, self.observed);
        (self.cases, self.pools, self.dependent) = (observed.candidates(), Pools::default(), Vec::new());
        let mut found = self.run(start(model, &self.random, observed));
        if !observed.known.is_empty() {
            let logs = Logs::of(model, &found.0, &observed.groups);
            self.cases = cases(&self.cases, &observed.known, |group, states| logs.of_pair(group, states).0[0]);
            found = self.run(found.0);
        }
        for _ in 0..ROUNDS {
            let next = pools(model, observed, &self.tally(&found.0).0, &self.random, &self.pools);
            if next == self.pools {
                break;
            }
            self.pools = next;
            found = self.run(found.0);
        }
        self.find_dependence(found)
    }

    /// Steps of EM from `p` on.
    fn run(&mut self, p: Parameters) -> (Parameters, Convergence) {
        let mut p = p;
        let mut convergence = Convergence { steps: self.steps, converged: false, last_move: f64::INFINITY };
        for _ in 0..self.model.training.steps {
            let (tally, _) = self.tally(&p);
            let mut next = maximise(self.model, self.observed, &tally, &self.random, &self.pools, &self.by_chance);
            next.learned_from.clone_from(&p.learned_from);
            next.joint = joint::corrections(self.model, &next.levels, &tally.joint, HOUSEHOLD_SMOOTHING);
            let moved = distance(&p, &next);
            p = next;
            self.steps += 1;
            convergence =
                Convergence { steps: self.steps, converged: moved <= self.model.training.tolerance, last_move: moved };
            if convergence.converged {
                break;
            }
        }
        (p, convergence)
    }

    /// Whether the class of households took records of one person, which differ in another comparison; there, people of a household agree
    /// by chance from now on. What people of one household have in common more often than not is shared by it, and the model says what
    /// that is: a class that has the birth date in common, and is nearer to one person in it than to chance, is none of households.
    fn find_people_among_households(&mut self, p: &Parameters) -> bool {
        let comparisons = self.model.comparisons.iter().zip(&p.levels);
        let takes = |(comparison, levels): (&Comparison, &Vec<[f64; 3]>)| {
            let [person, household, unrelated] = levels[0];
            let free = !comparison.shared_by_household && !comparison.differs_in_household;
            free && household > f64::max(0.5, (person + unrelated) / 2.0)
        };
        let takes: Vec<bool> = comparisons.map(takes).collect();
        let more =
            self.model.has_households() && takes.iter().zip(&self.by_chance).any(|(now, before)| *now && !before);
        self.by_chance.iter_mut().zip(takes).for_each(|(by_chance, takes)| *by_chance |= takes);
        more
    }

    /// What the cases are expected to hold, and their log-likelihood in effective pairs.
    fn tally(&self, p: &Parameters) -> (Tally, f64) {
        self.tally_with(p, |seen| seen.counted)
    }

    /// The same with the numbers of pairs that priors are counted from.
    fn tally_with(&self, p: &Parameters, members: impl Fn(Seen) -> f64) -> (Tally, f64) {
        let logs = Logs::of(self.model, p, &self.observed.groups);
        let mut tally = Tally::new(self.model, self.observed.groups.len(), &self.dependent);
        let (mut likelihood, mut all) = (0.0, Effective::default());
        for case in &self.cases {
            let (posterior, log) = logs.of_case(case);
            tally.add(self.model, case, members(case.seen), posterior);
            likelihood += case.seen.weight * log;
            all.add(case.seen, 1.0);
        }
        tally.finish();
        (tally, likelihood * all.scale())
    }

    /// The priors of the classes by number of pairs, whatever blocks they are in. What the classes look like stays, so that there is one
    /// maximum: the likelihood of shares of known classes is concave.
    fn count_classes(&self, p: Parameters) -> Parameters {
        let mut p = p;
        for _ in 0..self.model.training.steps {
            let (tally, _) = self.tally_with(&p, |seen| seen.pairs);
            let (prior, priors) = class_priors(self.model, self.observed, &tally);
            let moved = p.prior.iter().zip(&prior).map(|(x, y)| (x / y).ln().abs()).fold(0.0, f64::max);
            (p.prior, p.priors) = (prior, priors);
            if moved <= self.model.training.tolerance {
                break;
            }
        }
        p
    }

    /// Learns on with tables for the comparisons that depend inside a household, where that explains the pairs better.
    fn find_dependence(&mut self, found: (Parameters, Convergence)) -> (Parameters, Convergence) {
        let candidates = joint::candidates(self.model);
        if candidates.is_empty() {
            return found;
        }
        self.dependent = candidates;
        let (tally, before) = self.tally(&found.0);
        self.dependent = joint::dependent(self.model, &tally.joint);
        if self.dependent.is_empty() {
            return found;
        }
        let with = self.run(found.0.clone());
        let (_, after) = self.tally(&with.0);
        if is_significant(2.0 * (after - before), with.0.joint.len()) {
            return with;
        }
        self.dependent.clear();
        (found.0, Convergence { steps: self.steps, ..found.1 })
    }
}

/// The logarithms of parameters.
pub(super) struct Logs {
    levels: Vec<Vec<[f64; 3]>>,
    priors: Vec<[f64; 3]>,
    joint: Joint,
}

impl Logs {
    pub(super) fn of(model: &Model, p: &Parameters, groups: &[String]) -> Self {
        Logs {
            levels: p.levels.iter().map(|ls| ls.iter().map(|l| l.map(f64::ln)).collect()).collect(),
            priors: groups.iter().map(|g| log_priors(*p.priors.get(g).unwrap_or(&p.prior))).collect(),
            joint: Joint::new(model, &p.joint),
        }
    }

    /// The posterior of the classes for a pair that nobody has decided, and ln of its probability.
    pub(super) fn of_pair(&self, group: usize, states: &[u8]) -> ([f64; 3], f64) {
        self.among(group, states, [true; 3])
    }

    fn of_case(&self, case: &Case) -> ([f64; 3], f64) {
        let possible = case.same.map_or([true; 3], |same| [same, !same, !same]);
        self.among(case.group, case.states, possible)
    }

    fn among(&self, group: usize, states: &[u8], possible: [bool; 3]) -> ([f64; 3], f64) {
        let mut sum = self.priors[group];
        for (comparison, state) in states.iter().enumerate().filter(|(_, state)| **state != MISSING) {
            let logs = self.levels[comparison][*state as usize];
            sum.iter_mut().zip(logs).for_each(|(sum, log)| *sum += log);
        }
        if !self.joint.is_empty() {
            sum.iter_mut().zip(self.joint.correction(states)).for_each(|(sum, log)| *sum += log);
        }
        sum.iter_mut().zip(possible).filter(|(_, possible)| !possible).for_each(|(sum, _)| *sum = f64::NEG_INFINITY);
        let top = sum.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let odds = sum.map(|log| (log - top).exp());
        let all: f64 = odds.iter().sum();
        (odds.map(|odds| odds / all), top + all.ln())
    }
}

fn distance(a: &Parameters, b: &Parameters) -> f64 {
    let levels = a
        .levels
        .iter()
        .flatten()
        .zip(b.levels.iter().flatten())
        .flat_map(|(x, y)| (0..3).map(move |class| (x[class] - y[class]).abs()));
    let priors = a.prior.iter().zip(&b.prior).map(|(x, y)| (x / y).ln().abs() * 0.01);
    // The tables that depend appear in the first step, and have the same cells from then on.
    let joint = a.joint.iter().zip(&b.joint).map(|(x, y)| (x.log - y.log).abs());
    let appears = if a.joint.len() == b.joint.len() { 0.0 } else { f64::INFINITY };
    levels.chain(priors).chain(joint).fold(appears, f64::max)
}
