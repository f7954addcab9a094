//! What differs together inside a household.
//!
//! In: expected numbers of household pairs by the states of two comparisons. Out: corrections of ln P(levels | household).
//!
//! The model takes comparisons to be independent inside a class. Inside a household some are known not to be: twins share the
//! birth date and are given names that sound alike, and a couple differs in the sex. So P(state of a | household) becomes
//! P(state of a | level of b, household), where a tells the people of a household apart (`differs_in_household`), b is none of
//! what the household shares, and the data show the dependence. A latent class model with such tables is one with local
//! dependence (Hagenaars 1988). Pairs of comparisons form a forest, so that the product stays a distribution (Chow and Liu 1968).
//!
//! Levels of a at which two people have one value stay as they are, by chance: nobody names two children alike, and with
//! these levels free the class would take pairs of one person.

use serde::{Deserialize, Serialize};

use super::smooth::{is_significant, normalize, smoothed};
use super::{Comparison, Level, MISSING, Model};

/// A state of a comparison is likelier, or less likely, where another comparison stands at some level.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// The comparison whose probability depends, and that on which it depends.
    pub comparisons: [usize; 2],
    /// State of the first.
    pub state: u8,
    /// Level of the second.
    pub level: u8,
    /// ln of P(state | level, household) / P(state | household).
    pub log: f64,
}

/// Corrections, laid out for pairs.
#[derive(Clone, Debug, Default)]
pub struct Joint {
    tables: Vec<Table>,
}

#[derive(Clone, Debug)]
struct Table {
    comparisons: [usize; 2],
    /// Levels of the second comparison.
    levels: usize,
    /// State of the first, then level of the second.
    logs: Vec<f64>,
}

impl Joint {
    /// The corrections of a model. Those that name no state of the model are left out.
    pub fn new(model: &Model, corrections: &[Correction]) -> Self {
        let mut tables: Vec<Table> = Vec::new();
        for correction in corrections {
            let [a, b] = correction.comparisons;
            let (Some(first), Some(second)) = (model.comparisons.get(a), model.comparisons.get(b)) else { continue };
            let (states, levels) = (first.states(), second.levels.len());
            let (state, level) = (correction.state as usize, correction.level as usize);
            if state >= states || level >= levels {
                continue;
            }
            let at = tables.iter().position(|t| t.comparisons == [a, b]).unwrap_or_else(|| {
                tables.push(Table { comparisons: [a, b], levels, logs: vec![0.0; states * levels] });
                tables.len() - 1
            });
            tables[at].logs[state * levels + level] = correction.log;
        }
        Joint { tables }
    }

    /// Whether nothing is corrected.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.tables.is_empty()
    }

    /// What is added to ln P(state of a comparison | household) for a pair with these states, by comparison.
    #[inline]
    pub fn corrections<'a>(&'a self, states: &'a [u8]) -> impl Iterator<Item = (usize, f64)> + 'a {
        self.tables.iter().filter_map(|table| {
            let [a, b] = table.comparisons.map(|c| states.get(c).copied().unwrap_or(MISSING));
            let known = a != MISSING && b != MISSING;
            known.then(|| (table.comparisons[0], table.logs[a as usize * table.levels + b as usize % table.levels]))
        })
    }

    /// The most that these corrections can add for any states.
    pub(super) fn most(&self) -> f64 {
        self.tables.iter().map(|table| table.logs.iter().copied().fold(0.0, f64::max)).sum()
    }

    /// The sum of these corrections, in the order of the classes.
    pub fn correction(&self, states: &[u8]) -> [f64; 3] {
        [0.0, self.corrections(states).map(|(_, log)| log).sum(), 0.0]
    }
}

/// Expected pairs of households by state of the first comparison and level of the second.
#[derive(Clone, Debug)]
pub(super) struct Counts {
    pub(super) comparisons: [usize; 2],
    levels: usize,
    pairs: Vec<f64>,
}

impl Counts {
    pub(super) fn new(model: &Model, comparisons: [usize; 2]) -> Self {
        let [first, second] = comparisons.map(|c| &model.comparisons[c]);
        let levels = second.levels.len();
        Counts { comparisons, levels, pairs: vec![0.0; first.states() * levels] }
    }

    pub(super) fn add(&mut self, states: &[u8], pairs: f64) {
        let [a, b] = self.comparisons.map(|c| states[c]);
        if a != MISSING && b != MISSING {
            self.pairs[a as usize * self.levels + b as usize % self.levels] += pairs;
        }
    }

    pub(super) fn scale(&mut self, by: f64) {
        self.pairs.iter_mut().for_each(|pairs| *pairs *= by);
    }

    fn at(&self, state: usize, level: usize) -> f64 {
        self.pairs[state * self.levels + level]
    }
}

/// The pairs of comparisons that may depend.
pub(super) fn candidates(model: &Model) -> Vec<[usize; 2]> {
    let all = || model.comparisons.iter().enumerate();
    let apart = all().filter(|(_, c)| c.differs_in_household && !c.shared_by_household);
    let others = || all().filter(|(_, c)| !c.differs_in_household && !c.shared_by_household);
    if !model.has_households() {
        return Vec::new();
    }
    apart.flat_map(|(a, _)| others().map(move |(b, _)| [a, b])).collect()
}

/// Whether two people at this level have a value in common.
fn is_of_one_value(level: &Level) -> bool {
    let (mut same, mut crosswise) = (Vec::new(), Vec::new());
    level.condition.same(&mut same);
    level.condition.crosswise(&mut crosswise);
    !same.is_empty() || !crosswise.is_empty()
}

/// The states of a set of missing features in which two people have different values.
fn free_states(comparison: &Comparison, set: usize) -> Vec<usize> {
    let levels = comparison.levels.len();
    let states = (set * levels..(set + 1) * levels).filter(|state| comparison.reaches(*state));
    states.filter(|state| !is_of_one_value(&comparison.levels[state % levels])).collect()
}

/// Pairs with a level of the second comparison from which on it has probabilities of its own: with fewer, a share of one in ten is
/// not known to within a factor of two (its standard error is 0.07).
const ENOUGH: f64 = 20.0;

/// The levels of the second comparison that enough pairs with these states of the first have.
fn columns<'a>(counts: &'a Counts, states: &'a [usize]) -> impl Iterator<Item = (usize, f64)> + 'a {
    let total = |level: usize| states.iter().map(|state| counts.at(*state, level)).sum::<f64>();
    (0..counts.levels).map(move |level| (level, total(level))).filter(|(_, n)| *n >= ENOUGH)
}

/// The likelihood ratio statistic of independence inside the household class, with its degrees of freedom.
fn dependence(model: &Model, counts: &Counts) -> (f64, usize) {
    let comparison = &model.comparisons[counts.comparisons[0]];
    let mut found = (0.0, 0);
    for set in 0..comparison.sets() {
        let states = free_states(comparison, set);
        let columns: Vec<(usize, f64)> = columns(counts, &states).collect();
        let all: f64 = columns.iter().map(|(_, n)| n).sum();
        let row = |state: usize| columns.iter().map(|(level, _)| counts.at(state, *level)).sum::<f64>();
        let rows: Vec<(usize, f64)> = states.iter().map(|s| (*s, row(*s))).filter(|(_, n)| *n > 0.0).collect();
        for (state, of_state) in &rows {
            for (level, of_level) in &columns {
                let n = counts.at(*state, *level);
                if n > 0.0 {
                    found.0 += 2.0 * n * (n * all / (of_state * of_level)).ln();
                }
            }
        }
        found.1 += rows.len().saturating_sub(1) * columns.len().saturating_sub(1);
    }
    found
}

/// The pairs of comparisons that depend, surest first, without those that would close a circle.
pub(super) fn dependent(model: &Model, counts: &[Counts]) -> Vec<[usize; 2]> {
    let mut found: Vec<(f64, [usize; 2])> = counts
        .iter()
        .map(|c| (dependence(model, c), c.comparisons))
        .filter(|((statistic, df), _)| *df > 0 && is_significant(*statistic, *df))
        .map(|((statistic, _), comparisons)| (statistic, comparisons))
        .collect();
    found.sort_by(|x, y| y.0.total_cmp(&x.0).then(x.1.cmp(&y.1)));
    let mut tree: Vec<usize> = (0..model.comparisons.len()).collect();
    let mut forest = Vec::new();
    for (_, [a, b]) in found {
        let (of_a, of_b) = (tree[a], tree[b]);
        if of_a != of_b {
            tree.iter_mut().filter(|of| **of == of_b).for_each(|of| *of = of_a);
            forest.push([a, b]);
        }
    }
    forest
}

/// The corrections that expected pairs of households ask for, where the class has these probabilities (comparison, state, class).
/// A column leans with `pseudo` pairs on the probabilities that do not depend.
pub(super) fn corrections(model: &Model, levels: &[Vec<[f64; 3]>], counts: &[Counts], pseudo: f64) -> Vec<Correction> {
    let mut found = Vec::new();
    for counts in counts {
        let a = counts.comparisons[0];
        let comparison = &model.comparisons[a];
        for states in (0..comparison.sets()).map(|set| free_states(comparison, set)) {
            let mut before: Vec<f64> = states.iter().map(|state| levels[a][*state][1]).collect();
            normalize(&mut before);
            for (level, n) in columns(counts, &states) {
                let of = |(state, before): (&usize, &f64)| smoothed(counts.at(*state, level), n, *before, pseudo);
                let mut after: Vec<f64> = states.iter().zip(&before).map(of).collect();
                normalize(&mut after);
                for (i, state) in states.iter().enumerate() {
                    let log = (after[i] / before[i]).ln();
                    let (state, level) = (*state as u8, level as u8);
                    found.push(Correction { comparisons: counts.comparisons, state, level, log });
                }
            }
        }
    }
    found
}
