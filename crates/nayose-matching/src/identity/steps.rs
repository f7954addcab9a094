//! How groups of records came about: the steps of a clustering, in the order in which it made them.
//!
//! In: what the clustering notes while it works. Out: [`Step`]s. Each takes some groups of records apart and puts others in their place; done
//! one after the other, from records on their own, they end in the clusters. Nothing is noted where nobody asks: a run of millions of
//! records keeps no steps.

use super::join::in_order;

/// What kind of step it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum How {
    /// The two groups with the most votes for one person between them became one.
    Joined,
    /// Records went over to another group, or left theirs, because that raises the sum of votes inside groups.
    Moved,
    /// Of two lists with one record of a person each, the assignment with the most votes was taken as a whole.
    Assigned,
    /// A person decided that records are one.
    Decided,
}

/// A step of a clustering.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What kind of step it is.
    pub how: How,
    /// The groups that it takes apart, each in order of its rows.
    pub before: Vec<Vec<u32>>,
    /// The groups of the same rows behind it.
    pub after: Vec<Vec<u32>>,
    /// By how much it raises the sum of votes inside groups, in thousandths of a bit; nothing where a person decided.
    pub votes: i64,
}

impl Step {
    /// By how much it raises the sum of votes inside groups, in bits.
    pub fn bits(&self) -> f64 {
        self.votes as f64 / 1000.0
    }

    /// Replaces each number. Those of `name` come in the order of the numbers.
    pub(super) fn name(&mut self, name: impl Fn(u32) -> u32) {
        for record in self.before.iter_mut().chain(&mut self.after).flatten() {
            *record = name(*record);
        }
    }
}

/// Where a clustering notes its steps.
#[derive(Clone, Debug, Default)]
pub(super) struct Trace {
    steps: Option<Vec<Step>>,
}

impl Trace {
    /// One that keeps what is noted. The default one does not.
    pub(super) fn kept() -> Self {
        Trace { steps: Some(Vec::new()) }
    }

    /// Whether somebody asks for the steps.
    pub(super) fn is_kept(&self) -> bool {
        self.steps.is_some()
    }

    /// Notes a step, of which `groups` gives those before and those behind it.
    pub(super) fn note(&mut self, how: How, votes: i64, groups: impl FnOnce() -> [Vec<Vec<u32>>; 2]) {
        if let Some(steps) = &mut self.steps {
            let [before, after] = groups().map(in_order);
            if before != after {
                steps.push(Step { how, before, after, votes });
            }
        }
    }

    /// Notes that two groups became one.
    pub(super) fn joined(&mut self, a: &[u32], b: &[u32], votes: i64) {
        self.note(How::Joined, votes, || [vec![a.to_vec(), b.to_vec()], vec![[a, b].concat()]]);
    }

    /// Replaces each number of the steps so far.
    pub(super) fn name(&mut self, name: impl Fn(u32) -> u32) {
        self.steps.iter_mut().flatten().for_each(|step| step.name(&name));
    }

    /// The steps so far.
    pub(super) fn into_steps(self) -> Vec<Step> {
        self.steps.unwrap_or_default()
    }
}
