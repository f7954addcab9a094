//! The people among scored records: which links hold, and what the model itself expects of them.
//!
//! In: a scorer over all records, their links, decisions of people. Out: for every record its person, the fate of every link,
//! expected precision and recall over thresholds. [`super::cluster`] does the clustering; here stand the rules that it asks.

use std::collections::BTreeMap;

use super::bounds::Bounds;
use super::cluster::{self, Edge, Fate, Rules};
use super::component::looked_at;
use super::sets::join_decided;
use super::steps::Trace;
use super::votes::{CONTRADICTS, vote};
use crate::model::score::{Opinion, Scorer};

/// Two customers are one household where some pair of their records is likelier of one household than not. Pairs from here on
/// are kept for households, however unlikely they are one person.
pub const HOUSEHOLD: f64 = 0.5;

/// Two records whose evidence alone, without any prior, says that they are two people of one household this much likelier
/// than one person (log2) are not put under one id by links to others: 128 to 1, about what one agreement on a rare value weighs.
const TWO_PEOPLE: f64 = 7.0;

/// The people among the scorer's records: for every row the smallest row of its person, and the fate of every edge.
/// `decided` are one person and `apart` are not, whatever their evidence; `most` are the records that a person may have by
/// channel. `bounds` says from which probability a pair is a link.
pub fn people(
    scorer: &Scorer,
    edges: &[Edge],
    decided: &[(u32, u32)],
    apart: impl Fn(u32, u32) -> bool + Sync,
    bounds: &Bounds,
    most: &BTreeMap<String, u32>,
) -> (Vec<u32>, Vec<Fate>) {
    let packed = scorer.packed();
    let most: Vec<Option<u32>> = packed.channels.iter().map(|c| most.get(c).copied()).collect();
    let rules = Rules {
        bounds,
        vote: |l, r| vote_of(scorer, (l, r), apart(l, r), || bounds.of_pair(l, r)),
        whole: |l: &[u32], r: &[u32]| scorer.score_groups(l, r).person,
        channel_of: &packed.channel_of,
        most: &most,
    };
    let (mut labels, fates) = cluster::cluster(packed.rows, edges, &rules);
    join_decided(&mut labels, decided, &apart, &mut Trace::default());
    (labels, fates)
}

/// The vote of two records; [`CONTRADICTS`] where a person decided that they are `apart`.
#[inline]
pub(super) fn vote_of(scorer: &Scorer, (l, r): (u32, u32), apart: bool, bound: impl FnOnce() -> f64) -> i64 {
    let opinion = scorer.opinion(l as usize, r as usize);
    let two = apart || speaks_of_two(scorer, &opinion, l, r);
    if two { CONTRADICTS } else { vote(opinion.person, opinion.against, bound()) }
}

/// Whether two records contradict each other: all comparisons of some set of the model speak against one person, or the
/// evidence says that they are two people of one household.
pub fn contradict(scorer: &Scorer, l: u32, r: u32) -> bool {
    speaks_of_two(scorer, &scorer.opinion(l as usize, r as usize), l, r)
}

fn speaks_of_two(scorer: &Scorer, opinion: &Opinion, l: u32, r: u32) -> bool {
    let differs = |c: &usize| match opinion.differing.checked_shr(*c as u32) {
        Some(bits) => bits & 1 == 1,
        None => scorer.differs(*c, l as usize, r as usize),
    };
    let of_household = opinion.of_household.is_some_and(|bits| bits >= TWO_PEOPLE);
    of_household || scorer.model().contradictions.iter().any(|set| set.iter().all(differs))
}

/// Of the pairs between two people's records that vote against one person, the one whose levels are likeliest of two.
pub fn strongest_against(scorer: &Scorer, a: &[u32], b: &[u32], auto: f64) -> Option<(u32, u32)> {
    let against = |(l, r): (u32, u32)| {
        let (l, r) = (l.min(r), l.max(r));
        let opinion = scorer.opinion(l as usize, r as usize);
        (opinion.person < auto && opinion.against > 0.0).then_some((opinion.against, l, r))
    };
    let strongest = looked_at(a, b).filter_map(against);
    // Of two that are alike, the one with the smaller rows.
    strongest.max_by(|x, y| x.0.total_cmp(&y.0).then_with(|| (y.1, y.2).cmp(&(x.1, x.2)))).map(|(_, l, r)| (l, r))
}

/// For every record the probability of its strongest link within its person; 1 for a record on its own.
pub fn confidence(people: &[u32], edges: &[Edge], fates: &[Fate]) -> Vec<f64> {
    // No probability is below zero.
    let mut best = vec![-1.0f64; people.len()];
    let linked = edges.iter().zip(fates).filter(|(_, fate)| **fate == Fate::Linked).map(|(edge, _)| edge);
    for edge in linked.filter(|e| people[e.l as usize] == people[e.r as usize]) {
        for row in [edge.l as usize, edge.r as usize] {
            best[row] = best[row].max(edge.person);
        }
    }
    best.iter_mut().filter(|best| **best < 0.0).for_each(|best| *best = 1.0);
    best
}

/// Thresholds of the table of expected precision and recall.
pub const STEPS: [f64; 8] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99];

/// What the model itself expects at a threshold.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Expected {
    /// The threshold.
    pub threshold: f64,
    /// Links from it up.
    pub pairs: u64,
    /// Share of them that are right.
    pub precision: f64,
    /// Share of the true pairs among the links that were kept; pairs that no blocking rule brings are not in it.
    pub recall: f64,
}

/// What the model itself expects at a threshold: each pair's probability is its expected share of a true pair.
pub fn expected(edges: &[Edge], threshold: f64) -> Expected {
    let true_pairs: f64 = edges.iter().map(|e| e.person).sum();
    let linked = edges.iter().filter(|e| e.person >= threshold);
    let (pairs, right) = linked.fold((0u64, 0.0), |(n, right), e| (n + 1, right + e.person));
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
    Expected { threshold, pairs, precision: share(right, pairs as f64), recall: share(right, true_pairs) }
}

#[cfg(test)]
#[path = "people_test.rs"]
mod tests;
