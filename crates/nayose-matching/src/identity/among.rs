//! The people among some of the records: what clustering all of them says of these, at the cost of these.
//!
//! In: the rows of whole components, the edges that touch them, decisions of people, the links of the run before. Out: for each of
//! the rows the smallest row of its person, as [`super::people::people`] over all records would give it, and how they came about. So a
//! decision can be tried before it is made, and somebody can see in which order a customer's records came together.

use std::collections::BTreeMap;

use super::bounds::Bounds;
use super::cluster::{self, Edge, Rules};
use super::people::vote_of;
use super::sets::join_decided;
use super::steps::{Step, Trace};
use crate::model::score::Scorer;

/// What the people among some records are found from.
#[derive(Clone, Copy, Debug)]
pub struct Part<'a> {
    /// The rows in order: with a row all those that links, or decisions, hold together with it.
    pub rows: &'a [u32],
    /// Every edge from [`cluster::RIVAL`] up, and every link, of which an end is among the rows.
    pub edges: &'a [Edge],
    /// Pairs that are one person, whatever their evidence.
    pub same: &'a [(u32, u32)],
    /// Pairs that the run before linked.
    pub linked: &'a [(u32, u32)],
    /// From which probability a pair is a link, and down to which one a link of before holds.
    pub thresholds: (f64, f64),
}

/// For each row of the part the smallest row of its person. `apart` are two people, whatever their evidence; `most` are the records
/// that a person may have by channel.
pub fn people_among(
    scorer: &Scorer,
    part: &Part,
    apart: impl Fn(u32, u32) -> bool + Sync,
    most: &BTreeMap<String, u32>,
) -> Vec<u32> {
    among(scorer, part, apart, most, Trace::default()).0
}

/// The same with the steps that led there, in order: those of each component, then what people decided. Rows at the other end of a weak
/// edge are in none.
pub fn people_in_steps(
    scorer: &Scorer,
    part: &Part,
    apart: impl Fn(u32, u32) -> bool + Sync,
    most: &BTreeMap<String, u32>,
) -> (Vec<u32>, Vec<Step>) {
    among(scorer, part, apart, most, Trace::kept())
}

fn among(
    scorer: &Scorer,
    part: &Part,
    apart: impl Fn(u32, u32) -> bool + Sync,
    most: &BTreeMap<String, u32>,
    mut trace: Trace,
) -> (Vec<u32>, Vec<Step>) {
    let packed = scorer.packed();
    let most: Vec<Option<u32>> = packed.channels.iter().map(|c| most.get(c).copied()).collect();
    // Rows that are at the other end of a weak edge may stand against a link, and are nobody's.
    let mut rows: Vec<u32> = part.rows.iter().copied().chain(part.edges.iter().flat_map(|e| [e.l, e.r])).collect();
    rows.sort_unstable();
    rows.dedup();
    let place = |row: u32| rows.binary_search(&row).ok().map(|place| place as u32);
    let pair = |(l, r): &(u32, u32)| Some((place(*l)?, place(*r)?));
    let edges: Vec<Edge> =
        part.edges.iter().filter_map(|e| pair(&(e.l, e.r)).map(|(l, r)| Edge { l, r, ..*e })).collect();
    let linked: Vec<(u32, u32)> = part.linked.iter().filter_map(pair).collect();
    let same: Vec<(u32, u32)> = part.same.iter().filter_map(pair).collect();
    let bounds = Bounds::holding(part.thresholds.0, part.thresholds.1, rows.len(), &linked);
    let channel_of: Vec<u8> =
        rows.iter().map(|row| packed.channel_of.get(*row as usize).copied().unwrap_or_default()).collect();
    let of = |places: &[u32]| -> Vec<u32> { places.iter().map(|place| rows[*place as usize]).collect() };
    let apart = |l: u32, r: u32| apart(rows[l as usize], rows[r as usize]);
    let rules = Rules {
        bounds: &bounds,
        vote: |l: u32, r: u32| {
            vote_of(scorer, (rows[l as usize], rows[r as usize]), apart(l, r), || bounds.of_pair(l, r))
        },
        whole: |l: &[u32], r: &[u32]| scorer.score_groups(&of(l), &of(r)).person,
        channel_of: &channel_of,
        most: &most,
    };
    let (mut labels, mut steps) = match trace.is_kept() {
        true => cluster::cluster_in_steps(rows.len(), &edges, &rules),
        false => (cluster::cluster(rows.len(), &edges, &rules).0, Vec::new()),
    };
    join_decided(&mut labels, &same, apart, &mut trace);
    steps.extend(trace.into_steps());
    steps.iter_mut().for_each(|step| step.name(|place| rows[place as usize]));
    let labels = part.rows.iter().filter_map(|row| place(*row)).map(|place| rows[labels[place as usize] as usize]);
    (labels.collect(), steps)
}
