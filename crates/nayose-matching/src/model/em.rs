//! Learning the parameters without labels.
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
//! - u comes from random pairs, not from candidates: blocking brings pairs *because* they agree. Random pairs hold a
//!   few pairs of one person too, more so in small data; their expected share is taken off in every step.
//! - Unrelated pairs that share a mail address are too rare for any sample. Where a blocking rule brings *every* pair of a
//!   level, u is the expected number of unrelated ones among them, over all pairs of records.
//! - A level is counted among the pairs that lack the same features (see [`Comparison::states`]): what a channel leaves out is no
//!   evidence of who is in it.
//! - The household class is learned from pairs that can show a household. A ticket without address never does, and its
//!   people have households all the same: the prior of the household class is one for all channels.

use std::collections::BTreeMap;

use super::score::{Score, log_priors, posterior};
use super::{Comparison, MISSING, Model, Parameters, UNREACHED};

/// What EM learns from.
#[derive(Clone, Debug, Default)]
pub struct Observations {
    /// Pair of channels, then the state of each comparison → number of candidate pairs that this stands for.
    pub patterns: BTreeMap<Vec<u8>, f64>,
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
    /// Pair of channels, levels, number of candidate pairs.
    fn by_group(&self) -> impl Iterator<Item = (usize, &[u8], f64)> {
        self.patterns.iter().filter_map(|(k, n)| k.split_first().map(|(g, levels)| (*g as usize, levels, *n)))
    }
}

/// How the learning ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Convergence {
    /// Steps taken.
    pub steps: u32,
    /// Whether the last step moved no parameter more than the tolerance.
    pub converged: bool,
    /// Largest move in the last step.
    pub last_move: f64,
}

/// Pseudo-count of a level that was never seen: a probability is never zero.
const SMOOTHING: f64 = 0.5;

/// Learns the parameters of `model`.
pub fn learn(model: &Model, observed: &Observations) -> (Parameters, Convergence) {
    let by_comparison = model.comparisons.iter().zip(&observed.random);
    let random: Vec<Vec<f64>> = by_comparison.map(|(comparison, counts)| shares(comparison, counts)).collect();
    let mut p = start(model, &random, observed);
    let patterns: Vec<(usize, &[u8], f64)> = observed.by_group().collect();
    let mut convergence = Convergence { steps: 0, converged: false, last_move: f64::INFINITY };
    for step in 1..=model.training.steps {
        let next = improve(model, &p, &patterns, &random, observed);
        let moved = distance(&p, &next);
        p = next;
        convergence = Convergence { steps: step, converged: moved <= model.training.tolerance, last_move: moved };
        if convergence.converged {
            break;
        }
    }
    (p, convergence)
}

/// The share of each state among those that lack the same.
fn shares(comparison: &Comparison, counts: &[f64]) -> Vec<f64> {
    let mut shares = Vec::with_capacity(counts.len());
    for set in counts.chunks(comparison.levels.len()) {
        let n: f64 = set.iter().sum::<f64>() + SMOOTHING * set.len() as f64;
        shares.extend(set.iter().map(|c| (c + SMOOTHING) / n));
    }
    shares
}

/// Where EM starts: one person agrees nine times in ten, most on the highest level, whatever the data.
fn start(model: &Model, random: &[Vec<f64>], observed: &Observations) -> Parameters {
    let levels = model
        .comparisons
        .iter()
        .zip(random)
        .map(|(comparison, u)| {
            let agreeing = comparison.levels.len() - 1;
            let halves: f64 = (1..=agreeing).map(|i| 0.5f64.powi(i as i32)).sum();
            (0..comparison.states())
                .map(|state| {
                    let i = state % comparison.levels.len();
                    let m = if i == agreeing { 0.1 } else { 0.9 * 0.5f64.powi(i as i32 + 1) / halves };
                    [m, if comparison.shared_by_household { m } else { u[state] }, u[state]]
                })
                .collect()
        })
        .collect();
    // One link and one household neighbour for every second record.
    let records = (2.0 * observed.all_pairs).sqrt();
    let prior = (0.5 * records / observed.all_pairs.max(1.0)).clamp(1e-12, 0.1);
    let priors = observed.groups.iter().map(|g| (g.clone(), [prior, prior])).collect();
    Parameters { learned_from: observed.digest.clone(), prior: [prior, prior], priors, levels }
}

/// Pseudo-candidates of a pair of channels that are divided as all candidates are: small channels lean on the others.
const PRIOR_SMOOTHING: f64 = 5.0;

fn improve(
    model: &Model,
    p: &Parameters,
    patterns: &[(usize, &[u8], f64)],
    random: &[Vec<f64>],
    observed: &Observations,
) -> Parameters {
    let logs = Logs::of(p, &observed.groups);
    let mut expected: Vec<Vec<[f64; 2]>> = p.levels.iter().map(|ls| vec![[0.0; 2]; ls.len()]).collect();
    let mut unrelated: Vec<Vec<f64>> = p.levels.iter().map(|ls| vec![0.0; ls.len()]).collect();
    let mut members = vec![[0.0; 2]; observed.groups.len()];
    let mut candidates = 0.0;
    for (group, pattern, n) in patterns {
        let score = logs.posterior(*group, pattern);
        let household = if model.sees_households(pattern) { score.household } else { 0.0 };
        let r = [score.person * n, household * n];
        candidates += n;
        for class in 0..2 {
            members[*group][class] += r[class];
        }
        for (comparison, level) in pattern.iter().enumerate().filter(|(_, level)| **level != MISSING) {
            for class in 0..2 {
                expected[comparison][*level as usize][class] += r[class];
            }
            unrelated[comparison][*level as usize] += n * (1.0 - score.person - score.household).max(0.0);
        }
    }
    if !model.has_households() {
        members.iter_mut().for_each(|m| m[1] = 0.0);
    }
    let total = [0, 1].map(|class| members.iter().map(|m| m[class]).sum::<f64>());
    let seen = observed.household_pairs.unwrap_or(observed.all_pairs);
    let of_household = (total[1] / seen.max(1.0)).clamp(1e-15, 0.4);
    let prior = [(total[0] / observed.all_pairs).clamp(1e-15, 0.4), of_household];
    let priors = (0..observed.groups.len())
        .filter(|g| observed.pairs_by_group[*g] > 0.0)
        .map(|g| {
            let pseudo = PRIOR_SMOOTHING * total[0] / f64::max(candidates, 1.0);
            let person = (members[g][0] + pseudo) / (observed.pairs_by_group[g] + PRIOR_SMOOTHING);
            (observed.groups[g].clone(), [person.clamp(1e-15, 0.4), of_household])
        })
        .collect();
    let counted = Counted { expected: &expected, unrelated: &unrelated, random, prior };
    let levels = (0..model.comparisons.len())
        .map(|c| {
            let count = model.comparisons[c].levels.len();
            (0..model.comparisons[c].sets()).flat_map(|set| of_set(model, observed, &counted, c, set * count)).collect()
        })
        .collect();
    Parameters { learned_from: p.learned_from.clone(), prior, priors, levels }
}

/// What a step of EM counted.
struct Counted<'a> {
    /// Comparison → state → expected pairs of one person and of a household.
    expected: &'a [Vec<[f64; 2]>],
    /// Comparison → state → expected unrelated pairs.
    unrelated: &'a [Vec<f64>],
    /// Comparison → state → share among random pairs.
    random: &'a [Vec<f64>],
    prior: [f64; 2],
}

/// Pseudo-pairs of a household, which agree as they do where EM starts: for sets that households were never seen with.
const HOUSEHOLD_SMOOTHING: f64 = 5.0;

/// The probabilities of the levels of comparison `c` among the pairs that lack the same, whose states begin at `from`.
fn of_set(model: &Model, observed: &Observations, counted: &Counted, c: usize, from: usize) -> Vec<[f64; 3]> {
    let comparison = &model.comparisons[c];
    let states = from..from + comparison.levels.len();
    let reached: Vec<usize> = states.clone().filter(|state| comparison.reaches(*state)).collect();
    let n = [0, 1].map(|class| reached.iter().map(|s| counted.expected[c][*s][class]).sum::<f64>());
    let draws: f64 = reached.iter().map(|s| observed.random[c][*s]).sum();
    let known = |draws: f64| observed.all_pairs * draws / observed.random_draws.max(1.0);
    // What a block over the limit left out may lack anything.
    let part = known(draws) / known(observed.random[c].iter().sum()).max(1.0);
    let m_and_u = |state: usize| {
        let m = (counted.expected[c][state][0] + SMOOTHING) / (n[0] + SMOOTHING * reached.len() as f64);
        let brought = observed.brought.get(c).and_then(|levels| levels[comparison.level_of(state as u8) as usize]);
        let u = match brought {
            Some(left_out) if known(draws) >= 1.0 => {
                (counted.unrelated[c][state] + left_out * part + SMOOTHING) / known(draws)
            }
            _ => {
                let household = counted.expected[c][state][1] / n[1].max(1.0);
                let related = counted.prior[0] * m + counted.prior[1] * household;
                (counted.random[c][state] - related).max(SMOOTHING / (draws + 1.0))
            }
        };
        (state, m, u)
    };
    let found: Vec<(usize, f64, f64)> = reached.iter().map(|state| m_and_u(*state)).collect();
    let all_u: f64 = found.iter().map(|(_, _, u)| u).sum();
    let mut levels = vec![UNREACHED; states.len()];
    for (state, m, u) in found {
        let u = u / all_u;
        let before = if comparison.shared_by_household { m } else { u };
        let seen = counted.expected[c][state][1];
        let household = (seen + HOUSEHOLD_SMOOTHING * before) / (n[1] + HOUSEHOLD_SMOOTHING);
        let by_chance = comparison.differs_in_household || !model.has_households();
        levels[state - from] = [m, if by_chance { u } else { household }, u];
    }
    levels
}

/// The logarithms of parameters.
struct Logs {
    levels: Vec<Vec<[f64; 3]>>,
    priors: Vec<[f64; 3]>,
}

impl Logs {
    fn of(p: &Parameters, groups: &[String]) -> Self {
        Logs {
            levels: p.levels.iter().map(|ls| ls.iter().map(|l| l.map(f64::ln)).collect()).collect(),
            priors: groups.iter().map(|g| log_priors(*p.priors.get(g).unwrap_or(&p.prior))).collect(),
        }
    }

    fn posterior(&self, group: usize, pattern: &[u8]) -> Score {
        let mut sum = [0.0; 3];
        for (comparison, level) in pattern.iter().enumerate().filter(|(_, level)| **level != MISSING) {
            let logs = self.levels[comparison][*level as usize];
            sum.iter_mut().zip(logs).for_each(|(sum, log)| *sum += log);
        }
        posterior(sum, self.priors[group])
    }
}

/// Two comparisons that differ together more often than the model can explain, among pairs that it takes for one person.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Dependence {
    /// The names of the two.
    pub differ: [String; 2],
    /// Share of the pairs that differ in both.
    pub share: f64,
    /// The names of the comparisons in which most of these pairs agree.
    pub agree: Vec<String>,
}

impl Dependence {
    /// What a person is told.
    pub fn warning(&self) -> String {
        let [a, b] = &self.differ;
        format!(
            "{:.0} % of the pairs that the model takes for one person differ in {a} and {b} at once, and agree in {}: these may be people of one household; if a household shares that, set shared_by_household: true there in the model file",
            self.share * 100.0,
            self.agree.join(", ")
        )
    }
}

/// Pairs of one person that differ in two comparisons at once, beyond what chance makes of the two, are another class if they
/// are this many: one in ten.
const UNEXPLAINED: f64 = 0.1;

/// Whether a model without households takes people of one household for one person: it has two classes, and where pairs come in
/// three, that of one person is given the second as well. Its comparisons are not independent then, as they have to be: who
/// differs in the given name differs in the birth date too. This is the bivariate residual of latent class analysis (Vermunt and
/// Magidson 2005), as a share of pairs. `None` for a model that knows households, and where nothing is amiss.
pub fn dependence(model: &Model, p: &Parameters, observed: &Observations) -> Option<Dependence> {
    if model.has_households() {
        return None;
    }
    let logs = Logs::of(p, &observed.groups);
    let persons: Vec<(&[u8], f64)> =
        observed.by_group().map(|(group, pattern, n)| (pattern, n * logs.posterior(group, pattern).person)).collect();
    let differs_in = |levels: &[u8], c: usize| {
        let comparison = &model.comparisons[c];
        levels[c] != MISSING && comparison.level_of(levels[c]) as usize + 1 == comparison.levels.len()
    };
    // Of the pairs for which `of` holds, the share for which `is` does.
    let share = |of: &dyn Fn(&[u8]) -> bool, is: &dyn Fn(&[u8]) -> bool| {
        let (all, some) = persons
            .iter()
            .filter(|(levels, _)| of(levels))
            .fold((0.0, 0.0), |(all, some), (levels, n)| (all + n, some + if is(levels) { *n } else { 0.0 }));
        if all > 0.0 { some / all } else { 0.0 }
    };
    let mut worst: Option<(f64, usize, usize)> = None;
    for a in 0..model.comparisons.len() {
        for b in a + 1..model.comparisons.len() {
            let known = |levels: &[u8]| levels[a] != MISSING && levels[b] != MISSING;
            let differs = |c: usize| share(&known, &|levels| differs_in(levels, c));
            let both = share(&known, &|levels| differs_in(levels, a) && differs_in(levels, b));
            let unexplained = (both - differs(a) * differs(b)) * share(&|_| true, &known);
            if unexplained >= UNEXPLAINED && worst.is_none_or(|(most, _, _)| unexplained > most) {
                worst = Some((unexplained, a, b));
            }
        }
    }
    let (_, a, b) = worst?;
    let both = |levels: &[u8]| differs_in(levels, a) && differs_in(levels, b);
    let most_agree = |c: &usize| share(&both, &|levels| levels[*c] != MISSING && !differs_in(levels, *c)) >= 0.5;
    let name = |c: usize| model.comparisons[c].name.clone();
    let agree: Vec<String> = (0..model.comparisons.len()).filter(most_agree).map(name).collect();
    (!agree.is_empty()).then(|| Dependence { differ: [name(a), name(b)], share: share(&|_| true, &both), agree })
}

fn distance(a: &Parameters, b: &Parameters) -> f64 {
    let levels = a
        .levels
        .iter()
        .flatten()
        .zip(b.levels.iter().flatten())
        .flat_map(|(x, y)| (0..3).map(move |class| (x[class] - y[class]).abs()));
    let priors = a.prior.iter().zip(&b.prior);
    levels.chain(priors.map(|(x, y)| (x / y).ln().abs() * 0.01)).fold(0.0, f64::max)
}
