//! The steps of EM: expected counts, and the parameters that fit them.
//!
//! In: cases with their posteriors. Out: [`Parameters`]. Priors, and the u of levels that a blocking rule brings, are of numbers of
//! pairs; what the classes of one person and of a household look like is of weights, in effective pairs.

use std::collections::BTreeMap;

use super::em::Observations;
use super::joint::Counts;
use super::known::Case;
use super::smooth::{Rate, SMOOTHING, level_out, normalize, pools as pools_of, shared_share, smoothed};
use super::weight::Effective;
use super::{Comparison, MISSING, Model, Parameters, UNREACHED};

/// Pseudo-candidates of a pair of channels that are divided as all candidates are: small channels lean on the others.
const PRIOR_SMOOTHING: f64 = 5.0;

/// Pseudo-pairs of a household, which agree as households do over all sets of missing features.
pub(super) const HOUSEHOLD_SMOOTHING: f64 = 5.0;

/// The share of each state among those that lack the same.
pub(super) fn shares(comparison: &Comparison, counts: &[f64]) -> Vec<f64> {
    let mut shares = Vec::with_capacity(counts.len());
    for set in counts.chunks(comparison.levels.len()) {
        let n: f64 = set.iter().sum::<f64>() + SMOOTHING * set.len() as f64;
        shares.extend(set.iter().map(|c| (c + SMOOTHING) / n));
    }
    shares
}

/// The probability of level `i` of `levels` for one person before anything is known: it agrees nine times in ten, most on the
/// highest level, whatever the data.
fn m_at_start(levels: usize, i: usize) -> f64 {
    let agreeing = levels - 1;
    let halves: f64 = (1..=agreeing).map(|i| 0.5f64.powi(i as i32)).sum();
    if i == agreeing { 0.1 } else { 0.9 * 0.5f64.powi(i as i32 + 1) / halves }
}

/// Where EM starts.
pub(super) fn start(model: &Model, random: &[Vec<f64>], observed: &Observations) -> Parameters {
    let levels = model
        .comparisons
        .iter()
        .zip(random)
        .map(|(comparison, u)| {
            let of = |state: usize| {
                let m = m_at_start(comparison.levels.len(), state % comparison.levels.len());
                [m, if comparison.shared_by_household { m } else { u[state] }, u[state]]
            };
            (0..comparison.states()).map(of).collect()
        })
        .collect();
    // One link and one household neighbour for every second record.
    let records = (2.0 * observed.all_pairs).sqrt();
    let prior = (0.5 * records / observed.all_pairs.max(1.0)).clamp(1e-12, 0.1);
    let priors = observed.groups.iter().map(|g| (g.clone(), [prior, prior])).collect();
    Parameters { learned_from: observed.digest.clone(), prior: [prior, prior], priors, levels, joint: Vec::new() }
}

/// What the cases are expected to hold.
pub(super) struct Tally {
    /// Comparison → state → pairs of each class; of one person and of a household as they are counted for the priors.
    pairs: Vec<Vec<[f64; 3]>>,
    /// Comparison → state → effective pairs of one person and of a household.
    effective: Vec<Vec<[f64; 2]>>,
    /// Pair of channels → pairs of one person and of a household that are counted for the priors.
    members: Vec<[f64; 2]>,
    /// Pairs that are counted for the priors, of all classes.
    candidates: f64,
    /// Effective pairs of one person and of a household.
    classes: [Effective; 2],
    /// Effective pairs of a household by two comparisons.
    pub(super) joint: Vec<Counts>,
}

impl Tally {
    pub(super) fn new(model: &Model, groups: usize, dependent: &[[usize; 2]]) -> Self {
        Tally {
            pairs: model.comparisons.iter().map(|c| vec![[0.0; 3]; c.states()]).collect(),
            effective: model.comparisons.iter().map(|c| vec![[0.0; 2]; c.states()]).collect(),
            members: vec![[0.0; 2]; groups],
            candidates: 0.0,
            classes: [Effective::default(); 2],
            joint: dependent.iter().map(|of| Counts::new(model, *of)).collect(),
        }
    }

    /// Adds a case, of which `members` pairs are counted for the priors.
    pub(super) fn add(&mut self, model: &Model, case: &Case, members: f64, [person, household, _]: [f64; 3]) {
        let unrelated = (1.0 - person - household).max(0.0);
        let household = if model.sees_households(case.states) { household } else { 0.0 };
        let (pairs, weight) = (case.seen.pairs, case.seen.weight);
        self.candidates += members;
        for (class, share) in [person, household].into_iter().enumerate() {
            self.members[case.group][class] += share * members;
            self.classes[class].add(case.seen, share);
        }
        for (comparison, state) in case.states.iter().enumerate().filter(|(_, state)| **state != MISSING) {
            let state = *state as usize;
            for (class, n) in [person * members, household * members, unrelated * pairs].into_iter().enumerate() {
                self.pairs[comparison][state][class] += n;
            }
            for (class, share) in [person, household].into_iter().enumerate() {
                self.effective[comparison][state][class] += share * weight;
            }
        }
        self.joint.iter_mut().for_each(|counts| counts.add(case.states, household * weight));
    }

    /// Turns weights into effective pairs.
    pub(super) fn finish(&mut self) {
        let scale = self.classes.map(Effective::scale);
        for state in self.effective.iter_mut().flatten() {
            state.iter_mut().zip(scale).for_each(|(weight, scale)| *weight *= scale);
        }
        self.joint.iter_mut().for_each(|counts| counts.scale(scale[1]));
    }
}

/// Levels that weigh alike: (comparison, set of missing features) → runs of its agreeing states, by their places, against unrelated
/// pairs and against a household.
pub(super) type Pools = BTreeMap<(usize, usize), [Vec<Vec<usize>>; 2]>;

/// The levels of a comparison among pairs that lack the same.
struct SetLevels {
    /// The states that pairs can be in, in order.
    states: Vec<usize>,
    /// The same against unrelated pairs.
    unrelated: Vec<Rate>,
    /// The same against a household.
    household: Vec<Rate>,
}

/// The parameters that fit `tally`. People of a household agree in some comparisons `by_chance`.
pub(super) fn maximise(
    model: &Model,
    observed: &Observations,
    tally: &Tally,
    random: &[Vec<f64>],
    pools: &Pools,
    by_chance: &[bool],
) -> Parameters {
    let (prior, priors) = class_priors(model, observed, tally);
    let levels = (0..model.comparisons.len())
        .map(|c| {
            let comparison = &model.comparisons[c];
            let by_chance = comparison.differs_in_household || !model.has_households() || by_chance[c];
            let mut levels = vec![UNREACHED; comparison.states()];
            for set in of_comparison(model, observed, tally, random, pools, c) {
                for ((state, unrelated), household) in set.states.iter().zip(&set.unrelated).zip(&set.household) {
                    let of_household = if by_chance { unrelated.other } else { household.other };
                    levels[*state] = [unrelated.m, of_household, unrelated.other];
                }
            }
            levels
        })
        .collect();
    Parameters { learned_from: String::new(), prior, priors, levels, joint: Vec::new() }
}

/// Pair of channels → priors of the classes of one person and of a household.
pub(super) type GroupPriors = BTreeMap<String, [f64; 2]>;

/// The priors of the classes, over all pairs and by pair of channels.
pub(super) fn class_priors(model: &Model, observed: &Observations, tally: &Tally) -> ([f64; 2], GroupPriors) {
    let total = [0, 1].map(|class| tally.members.iter().map(|m| m[class]).sum::<f64>());
    let households = if model.has_households() { total[1] } else { 0.0 };
    let seen = observed.household_pairs.unwrap_or(observed.all_pairs);
    let of_household = (households / seen.max(1.0)).clamp(1e-15, 0.4);
    let prior = [(total[0] / observed.all_pairs).clamp(1e-15, 0.4), of_household];
    let of_group = |g: usize| {
        let pseudo = PRIOR_SMOOTHING * total[0] / f64::max(tally.candidates, 1.0);
        let person = (tally.members[g][0] + pseudo) / (observed.pairs_by_group[g] + PRIOR_SMOOTHING);
        (observed.groups[g].clone(), [person.clamp(1e-15, 0.4), of_household])
    };
    (prior, (0..observed.groups.len()).filter(|g| observed.pairs_by_group[*g] > 0.0).map(of_group).collect())
}

/// The levels that weigh alike, beside those that did already.
pub(super) fn pools(
    model: &Model,
    observed: &Observations,
    tally: &Tally,
    random: &[Vec<f64>],
    before: &Pools,
) -> Pools {
    let mut found = Pools::new();
    for (c, comparison) in model.comparisons.iter().enumerate() {
        for (i, set) in of_comparison(model, observed, tally, random, before, c).iter().enumerate() {
            let last = comparison.levels.len() - 1;
            let agreeing = set.states.iter().filter(|state| **state % comparison.levels.len() != last).count();
            let of = [pools_of(&set.unrelated[..agreeing]), pools_of(&set.household[..agreeing])];
            let known = before.get(&(c, i)).cloned().unwrap_or_default();
            let joined: [Vec<Vec<usize>>; 2] = std::array::from_fn(|class| united(&known[class], &of[class]));
            if joined.iter().any(|runs| !runs.is_empty()) {
                found.insert((c, i), joined);
            }
        }
    }
    found
}

/// Runs of places, joined where they have a place in common.
fn united(a: &[Vec<usize>], b: &[Vec<usize>]) -> Vec<Vec<usize>> {
    let mut runs: Vec<Vec<usize>> = a.iter().chain(b).cloned().collect();
    runs.sort();
    let mut joined: Vec<Vec<usize>> = Vec::new();
    for run in runs {
        match joined.last_mut().filter(|last| last.last() >= run.first()) {
            Some(last) => {
                last.extend(run);
                last.sort_unstable();
                last.dedup();
            }
            None => joined.push(run),
        }
    }
    joined
}

/// The levels of comparison `c`, by set of missing features.
fn of_comparison(
    model: &Model,
    observed: &Observations,
    tally: &Tally,
    random: &[Vec<f64>],
    pools: &Pools,
    c: usize,
) -> Vec<SetLevels> {
    let comparison = &model.comparisons[c];
    let count = comparison.levels.len();
    let reached = |set: usize| (set * count..(set + 1) * count).filter(|s| comparison.reaches(*s)).collect::<Vec<_>>();
    let mut sets: Vec<SetLevels> = Vec::new();
    let states: Vec<Vec<usize>> = (0..comparison.sets()).map(reached).collect();
    let ms = m_by_set(&tally.effective[c], &states, count);
    for (i, (states, m)) in states.into_iter().zip(ms).enumerate() {
        let mut unrelated = u_of_set(observed, tally, random, comparison, c, &states, &m);
        if let Some([runs, _]) = pools.get(&(c, i)) {
            levelled(runs, &mut unrelated);
        }
        let of = |class: usize| states.iter().map(|s| tally.effective[c][*s][class]).sum::<f64>();
        let household = states.iter().zip(&unrelated).map(|(state, u)| Rate {
            others: tally.effective[c][*state][1],
            of: of(1),
            ..*u
        });
        let household = household.collect();
        sets.push(SetLevels { states, unrelated, household });
    }
    let all: Vec<Rate> = sets.iter().flat_map(|set| set.household.iter().copied()).collect();
    let start = if comparison.shared_by_household { 1.0 } else { 0.0 };
    let share = shared_share(&all, start, HOUSEHOLD_SMOOTHING);
    for (i, set) in sets.iter_mut().enumerate() {
        let before = |r: &Rate| (1.0 - share) * r.other + share * r.m;
        let mut of_household: Vec<f64> =
            set.household.iter().map(|r| smoothed(r.others, r.of, before(r), HOUSEHOLD_SMOOTHING)).collect();
        normalize(&mut of_household);
        set.household.iter_mut().zip(of_household).for_each(|(rate, p)| rate.other = p);
        if let Some([_, runs]) = pools.get(&(c, i)) {
            levelled(runs, &mut set.household);
        }
    }
    sets
}

fn levelled(runs: &[Vec<usize>], rates: &mut [Rate]) {
    let (m, mut other): (Vec<f64>, Vec<f64>) = rates.iter().map(|r| (r.m, r.other)).unzip();
    level_out(runs, &m, &mut other);
    rates.iter_mut().zip(other).for_each(|(rate, p)| rate.other = p);
}

/// The probabilities of one person, by set of missing features. A set leans on the other sets where it was hardly seen.
fn m_by_set(effective: &[[f64; 2]], states: &[Vec<usize>], count: usize) -> Vec<Vec<f64>> {
    let of_set = |set: &[usize]| set.iter().map(|s| effective[*s][0]).sum::<f64>();
    let mut at_level = vec![[0.0; 2]; count];
    for set in states {
        for state in set {
            at_level[state % count][0] += effective[*state][0];
            at_level[state % count][1] += of_set(set);
        }
    }
    let of = |set: &Vec<usize>| {
        let n = of_set(set);
        let elsewhere = |state: usize| {
            let [seen, all] = at_level[state % count];
            let (seen, all) = ((seen - effective[state][0]).max(0.0), (all - n).max(0.0));
            smoothed(seen, all, m_at_start(count, state % count), 0.0)
        };
        let mut before: Vec<f64> = set.iter().map(|state| elsewhere(*state)).collect();
        normalize(&mut before);
        let mut m: Vec<f64> =
            set.iter().zip(before).map(|(state, before)| smoothed(effective[*state][0], n, before, 0.0)).collect();
        normalize(&mut m);
        m
    };
    states.iter().map(of).collect()
}

/// The probabilities of unrelated pairs among those that lack the same.
fn u_of_set(
    observed: &Observations,
    tally: &Tally,
    random: &[Vec<f64>],
    comparison: &Comparison,
    c: usize,
    states: &[usize],
    m: &[f64],
) -> Vec<Rate> {
    let draws: f64 = states.iter().map(|s| observed.random[c][*s]).sum();
    let known = |draws: f64| observed.all_pairs * draws / observed.random_draws.max(1.0);
    // What a block over the limit left out may lack anything.
    let part = known(draws) / known(observed.random[c].iter().sum()).max(1.0);
    let n = [0, 1].map(|class| states.iter().map(|s| tally.pairs[c][*s][class]).sum::<f64>());
    let seen = observed.household_pairs.unwrap_or(observed.all_pairs).max(1.0);
    let members = [0, 1].map(|class| tally.members.iter().map(|m| m[class]).sum::<f64>());
    let prior = [members[0] / observed.all_pairs, members[1] / seen].map(|share| share.clamp(1e-15, 0.4));
    let rate = |(state, m): (&usize, &f64)| {
        let persons = tally.effective[c][*state][0];
        let brought = observed.brought.get(c).and_then(|levels| levels[comparison.level_of(*state as u8) as usize]);
        let (others, of, other) = match brought {
            Some(left_out) if known(draws) >= 1.0 => {
                let others = tally.pairs[c][*state][2] + left_out * part;
                (others, known(draws), (others + SMOOTHING) / known(draws))
            }
            _ => {
                // Random pairs are pairs: what they hold of one person is a number of pairs as well. A block that looks like
                // households is hardly taken off: too high a u only asks for more evidence.
                let share = |class: usize| tally.pairs[c][*state][class] / n[class].max(1.0);
                let related = prior[0] * share(0) + prior[1] * share(1);
                let other = (random[c][*state] - related).max(SMOOTHING / (draws + 1.0));
                ((observed.random[c][*state] - related * draws).max(0.0), draws, other)
            }
        };
        Rate { persons, m: *m, others, of, other }
    };
    let mut rates: Vec<Rate> = states.iter().zip(m).map(rate).collect();
    let all: f64 = rates.iter().map(|r| r.other).sum();
    rates.iter_mut().for_each(|r| r.other /= all);
    rates
}
