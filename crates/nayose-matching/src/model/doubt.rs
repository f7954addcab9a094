//! When the model cannot know, and says so.
//!
//! In: what EM learned, and from what. Out: reasons to doubt it, each with a sentence for people.

use super::em::{Logs, Observations};
use super::weight::{Effective, Seen};
use super::{MISSING, Model, Parameters};

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

/// Two comparisons of which one person's pairs tell the same thing twice.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Residual {
    /// The names of the two.
    pub differ: [String; 2],
    /// Share of the pairs of one person that differ in both, of those of which both are known.
    pub share: f64,
    /// How many times more often than the model expects.
    pub times: f64,
}

/// A few records that most candidate pairs come from.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Dominance {
    /// The busiest records.
    pub records: u64,
    /// The records that have candidates at all.
    pub of: u64,
    /// The share of the ends of candidate pairs that lie at the busiest.
    pub share: f64,
}

impl Dominance {
    /// What a person is told.
    pub fn warning(&self) -> String {
        format!(
            "{} of {} records make {:.0} % of the candidate pairs: the shares of one person and of one household are mostly theirs; look at the largest blocks (`nayose validate`), and name the value that they share as junk or add `refine` keys to its rule",
            self.records,
            self.of,
            self.share * 100.0
        )
    }
}

/// Too few pairs of one person to learn from.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct TooFew {
    /// The effective number of pairs of one person.
    pub pairs: f64,
}

impl TooFew {
    /// What a person is told.
    pub fn warning(&self) -> String {
        format!(
            "the model learned from about {:.0} pairs of one person, and {LEARNS_FROM:.0} are needed to know a weight to within half a bit: its probabilities are rough; run on more records, or take `trained` from the model file of a larger run",
            self.pairs
        )
    }
}

/// Reasons to doubt what was learned.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Doubts {
    /// Comparisons that depend inside the class of one person, worst first.
    pub residuals: Vec<Residual>,
    /// Records that dominate.
    pub dominance: Option<Dominance>,
    /// Too few pairs.
    pub too_few: Option<TooFew>,
}

impl Doubts {
    /// What people are told, a sentence each. Residuals are for those who read the results of a run: people who move differ in address
    /// and landline at once, and the probabilities of such a model hold all the same, so that a warning would be one of every run.
    pub fn warnings(&self) -> Vec<String> {
        let few = self.too_few.iter().map(TooFew::warning);
        few.chain(self.dominance.iter().map(Dominance::warning)).collect()
    }
}

/// Effective pairs of one person from which on a weight is known: a level that one pair in ten shows has a share with a relative
/// standard error of √(0.9 / 0.1n), and half a bit is 0.35 of it.
const LEARNS_FROM: f64 = 75.0;

/// Part of the records that must not make half of the pairs: if all were alike, a hundredth would make a hundredth.
const BUSIEST: f64 = 0.01;

/// The share of pair ends from which on [`BUSIEST`] records dominate: then they are the majority of what priors are counted from.
const DOMINATES: f64 = 0.5;

/// How many times too often two comparisons differ together before it is told: at two, the odds of such pairs are wrong by a bit.
const TIMES: f64 = 2.0;

/// The share of pairs that differ in both before it is told: recall cannot change by more than it.
const SHARE: f64 = 0.01;

/// Effective pairs that differ in both before it is told: their number is then known to within a quarter.
const SEEN: f64 = 16.0;

/// What there is to doubt.
pub fn doubts(model: &Model, p: &Parameters, observed: &Observations) -> Doubts {
    let persons = Persons::of(model, p, observed);
    let too_few = TooFew { pairs: persons.effective.pairs() };
    Doubts {
        residuals: persons.residuals(),
        dominance: dominance(observed),
        too_few: (too_few.pairs < LEARNS_FROM).then_some(too_few),
    }
}

/// The records that make most of the pairs, if few do.
fn dominance(observed: &Observations) -> Option<Dominance> {
    let of: u64 = observed.degrees.values().sum();
    let ends: f64 = observed.degrees.iter().map(|(degree, records)| *degree as f64 * *records as f64).sum();
    let busiest = (of as f64 * BUSIEST).ceil() as u64;
    let (_, at_busiest) = observed.degrees.iter().rev().fold((busiest, 0.0), |(left, sum), (degree, records)| {
        let taken = left.min(*records);
        (left - taken, sum + taken as f64 * *degree as f64)
    });
    let share = if ends > 0.0 { at_busiest / ends } else { 0.0 };
    // A hundredth of few records is one or two of them, whatever they are.
    (share >= DOMINATES && of as f64 * BUSIEST >= 1.0).then_some(Dominance { records: busiest, of, share })
}

/// Pairs with the part of them that is one person.
struct Persons<'a> {
    model: &'a Model,
    pairs: Vec<(&'a [u8], Seen)>,
    effective: Effective,
}

impl<'a> Persons<'a> {
    fn of(model: &'a Model, p: &Parameters, observed: &'a Observations) -> Self {
        let logs = Logs::of(model, p, &observed.groups);
        let mut effective = Effective::default();
        let candidates = observed.candidates().into_iter();
        let pairs = candidates
            .map(|case| {
                let person = logs.of_pair(case.group, case.states).0[0];
                effective.add(case.seen, person);
                (case.states, case.seen.times(person))
            })
            .collect();
        Persons { model, pairs, effective }
    }

    fn differs_in(&self, states: &[u8], c: usize) -> bool {
        let comparison = &self.model.comparisons[c];
        states[c] != MISSING && comparison.level_of(states[c]) as usize + 1 == comparison.levels.len()
    }

    /// Of the pairs for which `of` holds, the share for which `is` does.
    fn share(&self, count: fn(&Seen) -> f64, of: impl Fn(&[u8]) -> bool, is: impl Fn(&[u8]) -> bool) -> f64 {
        let (all, some) = self
            .pairs
            .iter()
            .filter(|(states, _)| of(states))
            .map(|(states, seen)| (count(seen), is(states)))
            .fold((0.0, 0.0), |(all, some), (n, is)| (all + n, some + if is { n } else { 0.0 }));
        if all > 0.0 { some / all } else { 0.0 }
    }

    /// Comparisons that differ together: the bivariate residuals of latent class analysis (Vermunt and Magidson 2005).
    fn residuals(&self) -> Vec<Residual> {
        let weight = |seen: &Seen| seen.weight;
        let comparisons = self.model.comparisons.len();
        let mut found = Vec::new();
        for (a, b) in (0..comparisons).flat_map(|a| (a + 1..comparisons).map(move |b| (a, b))) {
            let known = |states: &[u8]| states[a] != MISSING && states[b] != MISSING;
            let differs = |c: usize| self.share(weight, known, |states| self.differs_in(states, c));
            let share = self.share(weight, known, |states| self.differs_in(states, a) && self.differs_in(states, b));
            let pairs = share * self.share(weight, |_| true, known) * self.effective.pairs();
            let times = share / (differs(a) * differs(b));
            if share >= SHARE && pairs >= SEEN && times >= TIMES {
                let differ = [a, b].map(|c| self.model.comparisons[c].name.clone());
                found.push((pairs * (1.0 - 1.0 / times), Residual { differ, share, times }));
            }
        }
        // Most pairs beyond what is expected first.
        found.sort_by(|x, y| y.0.total_cmp(&x.0));
        found.into_iter().map(|(_, residual)| residual).collect()
    }
}

/// Pairs of one person that differ in two comparisons at once, beyond what chance makes of the two, are another class if they
/// are this many: one in ten.
const UNEXPLAINED: f64 = 0.1;

/// Whether a model without households takes people of one household for one person: it has two classes, and where pairs come in
/// three, that of one person is given the second as well. Its comparisons are not independent then, as they have to be: who
/// differs in the given name differs in the birth date too. `None` for a model that knows households, and where nothing is amiss;
/// [`doubts`] is for all models.
pub fn dependence(model: &Model, p: &Parameters, observed: &Observations) -> Option<Dependence> {
    if model.has_households() {
        return None;
    }
    let persons = Persons::of(model, p, observed);
    let pairs = |seen: &Seen| seen.pairs;
    let mut worst: Option<(f64, usize, usize)> = None;
    for a in 0..model.comparisons.len() {
        for b in a + 1..model.comparisons.len() {
            let known = |states: &[u8]| states[a] != MISSING && states[b] != MISSING;
            let differs = |c: usize| persons.share(pairs, known, |states| persons.differs_in(states, c));
            let both = |states: &[u8]| persons.differs_in(states, a) && persons.differs_in(states, b);
            let beyond_chance = persons.share(pairs, known, both) - differs(a) * differs(b);
            let unexplained = beyond_chance * persons.share(pairs, |_| true, known);
            if unexplained >= UNEXPLAINED && worst.is_none_or(|(most, _, _)| unexplained > most) {
                worst = Some((unexplained, a, b));
            }
        }
    }
    let (_, a, b) = worst?;
    let both = |states: &[u8]| persons.differs_in(states, a) && persons.differs_in(states, b);
    let agrees = |states: &[u8], c: usize| states[c] != MISSING && !persons.differs_in(states, c);
    let most_agree = |c: &usize| persons.share(pairs, both, |states| agrees(states, *c)) >= 0.5;
    let name = |c: usize| model.comparisons[c].name.clone();
    let agree: Vec<String> = (0..model.comparisons.len()).filter(most_agree).map(name).collect();
    let share = persons.share(pairs, |_| true, both);
    (!agree.is_empty()).then(|| Dependence { differ: [name(a), name(b)], share, agree })
}
