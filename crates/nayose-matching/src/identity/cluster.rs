//! Clusters of records that are one person, and households of those clusters.
//!
//! In: edges with probabilities, and a function that says how two records vote on being one person. Out: for each record its
//! cluster, and what became of every edge. Edges from the threshold up, and those of the run before from a lower one up
//! ([`super::bounds`]), hold components together; each component is divided into
//! the groups with the largest sum of votes of all pairs inside, edges or not ([`super::join`]). So a link joins two groups only
//! where the pairs between them, taken together, are for it. Never in one group: records that contradict each other, and more
//! records of a channel than a person may have. A link of a record that fits somebody else as well has no vote. Small groups
//! are asked as wholes too. The result does not depend on the order in which edges come in.

use std::collections::BTreeMap;
use std::ops::Range;

use super::bounds::Bounds;
pub use super::component::MEMBERS_LOOKED_AT;
use super::component::{ALL_PAIRS, Component, Link};
use super::join::groups;
pub use super::sets::Clusters;
use super::steps::{Step, Trace};
use super::votes::{CONTRADICTS, vote};
pub use super::votes::{Tally, spread};
use crate::parallel;

/// A link between two records.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Edge {
    /// The smaller row.
    pub l: u32,
    /// The larger row.
    pub r: u32,
    /// P(one person).
    pub person: f64,
    /// P(two people of one household).
    pub household: f64,
}

/// What became of an edge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// Its records are one person.
    Linked,
    /// Its records would have been linked, but these two rows contradict each other.
    Cut(u32, u32),
    /// The first row is one of the edge's and fits the second as well, who contradicts the edge's other row.
    Contested(u32, u32),
    /// The pairs between the groups that it would join do not vote for one person.
    Outvoted(Tally),
    /// A weak bridge: the groups that it would join are, as wholes, likelier two people than one.
    Bridge,
    /// The person would have too many records of this channel.
    Limit(u8),
    /// Below the threshold.
    Below,
}

/// What decides on a link besides its probability.
pub struct Rules<'a, V, W> {
    /// From which probability a pair is a link.
    pub bounds: &'a Bounds,
    /// The vote of two records, the smaller row first (see [`super::votes`]); [`CONTRADICTS`] where they contradict each other.
    pub vote: V,
    /// P(one person) of two groups of records as wholes; rows come sorted.
    pub whole: W,
    /// The channel of each row, by its place.
    pub channel_of: &'a [u8],
    /// Channel → records that a person may have there.
    pub most: &'a [Option<u32>],
}

impl<V: Fn(u32, u32) -> i64, W> Rules<'_, V, W> {
    fn contradict(&self, l: u32, r: u32) -> bool {
        (self.vote)(l.min(r), l.max(r)) == CONTRADICTS
    }
}

/// Components that a thread takes at once.
const COMPONENTS_AT_ONCE: usize = 1024;

/// Clusters the rows. `edges` come in any order; the answer has, for every row, the smallest row of its cluster, and for
/// every edge in the given order its fate.
pub fn cluster<V, W>(rows: usize, edges: &[Edge], rules: &Rules<V, W>) -> (Vec<u32>, Vec<Fate>)
where
    V: Fn(u32, u32) -> i64 + Sync,
    W: Fn(&[u32], &[u32]) -> f64 + Sync,
{
    cluster_on(parallel::threads(), rows, edges, rules)
}

/// Clusters the rows as [`cluster`] does: the same labels, and how they came about. The steps of a component come together, in order.
pub(super) fn cluster_in_steps<V, W>(rows: usize, edges: &[Edge], rules: &Rules<V, W>) -> (Vec<u32>, Vec<Step>)
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    let components = Components::new(rows, edges, rules.bounds);
    let neighbours = Neighbours::new(rows, edges);
    let mut labels: Vec<u32> = (0..rows as u32).collect();
    let mut steps = Vec::new();
    for component in 0..components.roots.len() {
        let (mut found, mut trace) = (Found::default(), Trace::kept());
        components.divide(component, edges, &neighbours, rules, (&mut found, &mut trace));
        found.labels.into_iter().for_each(|(row, label)| labels[row as usize] = label);
        steps.extend(trace.into_steps());
    }
    (labels, steps)
}

fn cluster_on<V, W>(threads: usize, rows: usize, edges: &[Edge], rules: &Rules<V, W>) -> (Vec<u32>, Vec<Fate>)
where
    V: Fn(u32, u32) -> i64 + Sync,
    W: Fn(&[u32], &[u32]) -> f64 + Sync,
{
    let components = Components::new(rows, edges, rules.bounds);
    let neighbours = Neighbours::new(rows, edges);
    let starts = (0..components.roots.len()).step_by(COMPONENTS_AT_ONCE);
    let parts: Vec<Range<usize>> = starts.map(|start| start..start + COMPONENTS_AT_ONCE).collect();
    let divided = parallel::map_on(threads, parts, |_, part| {
        let (mut found, mut trace) = (Found::default(), Trace::default());
        for component in part.start..part.end.min(components.roots.len()) {
            components.divide(component, edges, &neighbours, rules, (&mut found, &mut trace));
        }
        found
    });
    let mut labels: Vec<u32> = (0..rows as u32).collect();
    let mut fates = vec![Fate::Below; edges.len()];
    for found in divided {
        found.labels.into_iter().for_each(|(row, label)| labels[row as usize] = label);
        found.fates.into_iter().for_each(|(edge, fate)| fates[edge as usize] = fate);
    }
    (labels, fates)
}

/// What became of some components.
#[derive(Default)]
struct Found {
    /// Row and the smallest row of its cluster.
    labels: Vec<(u32, u32)>,
    /// Place of an edge and its fate.
    fates: Vec<(u32, Fate)>,
}

/// The records that edges from the threshold up hold together.
struct Components {
    sets: Clusters,
    /// The row that stands for each component of two records or more.
    roots: Vec<u32>,
    /// `links[starts[i]..starts[i + 1]]` are the places of the edges of component `i`.
    starts: Vec<u32>,
    links: Vec<u32>,
}

impl Components {
    fn new(rows: usize, edges: &[Edge], bounds: &Bounds) -> Self {
        let mut sets = Clusters::new(rows);
        let strong = || edges.iter().enumerate().filter(|(_, e)| bounds.is_link(e) && e.l != e.r);
        strong().for_each(|(_, edge)| sets.union(edge.l, edge.r));
        let mut number = vec![u32::MAX; rows];
        let (mut roots, mut starts) = (Vec::new(), vec![0u32]);
        for (_, edge) in strong() {
            let root = sets.find(edge.l);
            if number[root as usize] == u32::MAX {
                number[root as usize] = roots.len() as u32;
                roots.push(root);
                starts.push(0);
            }
            starts[number[root as usize] as usize + 1] += 1;
        }
        (0..roots.len()).for_each(|i| starts[i + 1] += starts[i]);
        let (mut next, mut links) = (starts.clone(), vec![0u32; starts[roots.len()] as usize]);
        for (place, edge) in strong() {
            let next = &mut next[number[sets.find(edge.l) as usize] as usize];
            links[*next as usize] = place as u32;
            *next += 1;
        }
        Components { sets, roots, starts, links }
    }

    /// Divides a component into people.
    fn divide<V, W>(
        &self,
        i: usize,
        edges: &[Edge],
        near: &Neighbours,
        rules: &Rules<V, W>,
        (found, trace): (&mut Found, &mut Trace),
    ) where
        V: Fn(u32, u32) -> i64,
        W: Fn(&[u32], &[u32]) -> f64,
    {
        let mut rows: Vec<u32> = self.sets.members(self.roots[i]).collect();
        rows.sort_unstable();
        let place = |row: u32| rows.partition_point(|other| *other < row) as u32;
        let own = &self.links[self.starts[i] as usize..self.starts[i + 1] as usize];
        let mut component = Component::new(&rows, rules, ALL_PAIRS);
        // Records of a component that contradict nobody of it are contested by weaker links alone, which lead out of it.
        let rivals = if component.may_contradict() { f64::INFINITY } else { rules.bounds.auto };
        let contested: Vec<_> = own.iter().map(|edge| near.contested(edges[*edge as usize], rules, rivals)).collect();
        let link = |(edge, contested): (&u32, &Option<_>)| {
            let e = edges[*edge as usize];
            let vote = if contested.is_some() { 0 } else { vote(e.person, 0.0, rules.bounds.of_pair(e.l, e.r)) };
            Link { ends: (place(e.l.min(e.r)), place(e.l.max(e.r))), vote }
        };
        component.link(own.iter().zip(&contested).map(link).collect());
        let groups = groups(&component, trace);
        trace.name(|record| rows[record as usize]);
        let mut of = vec![0usize; rows.len()];
        for (group, members) in groups.iter().enumerate() {
            members.iter().for_each(|member| of[*member as usize] = group);
            let smallest = members.iter().map(|member| rows[*member as usize]).min();
            let label = |member: &u32| Some((rows[*member as usize], smallest?));
            found.labels.extend(members.iter().filter_map(label));
        }
        let mut reasons: BTreeMap<(usize, usize), Fate> = BTreeMap::new();
        for (edge, contested) in own.iter().zip(contested) {
            let e = edges[*edge as usize];
            if groups.len() == 1 {
                found.fates.push((*edge, Fate::Linked));
                continue;
            }
            let (l, r) = (place(e.l), place(e.r));
            let (a, b) = (of[l as usize], of[r as usize]);
            let fate = match contested {
                _ if a == b => Fate::Linked,
                Some((row, rival)) => Fate::Contested(row, rival),
                None if component.vote(l, r) == CONTRADICTS => Fate::Cut(rows[l as usize], rows[r as usize]),
                None => {
                    let between = (a.min(b), a.max(b));
                    *reasons.entry(between).or_insert_with(|| component.reason(&groups[between.0], &groups[between.1]))
                }
            };
            found.fates.push((*edge, fate));
        }
    }
}

/// The edges of every row, in order of the other row.
struct Neighbours {
    offsets: Vec<u32>,
    others: Vec<(u32, f64)>,
}

/// Links that are likelier not one person than this do not stand against another.
pub const RIVAL: f64 = 0.1;

/// Links of a record that are looked at for a rival, an even spread of more. A record of a thousand links would be held against a
/// thousand others for each of them; two people that are that deep in each other's records are kept apart by their votes.
const RIVALS_LOOKED_AT: usize = 128;

impl Neighbours {
    fn new(rows: usize, edges: &[Edge]) -> Self {
        let both = || {
            let rivals = edges.iter().filter(|e| e.person >= RIVAL);
            rivals.flat_map(|e| [(e.l, e.r, e.person), (e.r, e.l, e.person)])
        };
        let mut offsets = vec![0u32; rows + 1];
        both().for_each(|(row, _, _)| offsets[row as usize + 1] += 1);
        (0..rows).for_each(|row| offsets[row + 1] += offsets[row]);
        let (mut next, mut others) = (offsets.clone(), vec![(0, 0.0); offsets[rows] as usize]);
        for (row, other, person) in both() {
            others[next[row as usize] as usize] = (other, person);
            next[row as usize] += 1;
        }
        for row in 0..rows {
            others[offsets[row] as usize..offsets[row + 1] as usize].sort_unstable_by_key(|(other, _)| *other);
        }
        Neighbours { offsets, others }
    }

    fn of(&self, row: u32) -> &[(u32, f64)] {
        &self.others[self.offsets[row as usize] as usize..self.offsets[row as usize + 1] as usize]
    }

    fn linked(&self, l: u32, r: u32, threshold: f64) -> bool {
        let others = self.of(l);
        others.binary_search_by_key(&r, |(other, _)| *other).is_ok_and(|i| others[i].1 >= threshold)
    }

    /// Whether a record of the edge fits somebody else as well: a record is one person at most, so that two links to
    /// records that contradict each other share their probability. Where the edge's share falls below the threshold: the
    /// record, and the rival. Only links below `under` are looked at.
    fn contested<V: Fn(u32, u32) -> i64, W>(&self, edge: Edge, rules: &Rules<V, W>, under: f64) -> Option<(u32, u32)> {
        let odds = |p: f64| p / (1.0 - p).max(1e-15);
        let (own, bound) = (odds(edge.person), rules.bounds.of_pair(edge.l, edge.r));
        if own / (1.0 + own + odds(under.min(1.0))) >= bound {
            return None;
        }
        [(edge.l, edge.r), (edge.r, edge.l)].into_iter().find_map(|(row, fits)| {
            let rivals = spread(self.of(row), RIVALS_LOOKED_AT).filter(|(rival, p)| {
                *rival != fits && *p < under && own / (1.0 + own + odds(*p)) < bound && !self.linked(*rival, fits, 0.5)
            });
            rivals.map(|(rival, _)| rival).find(|rival| rules.contradict(*rival, fits)).map(|rival| (row, rival))
        })
    }
}

/// Households: sets of clusters that an edge connects whose records are one person or one household with at least the
/// probability `threshold`.
pub fn households(labels: &[u32], edges: &[Edge], threshold: f64) -> Vec<u32> {
    let mut sets = Clusters::new(labels.len());
    for (row, label) in labels.iter().enumerate() {
        sets.union(row as u32, *label);
    }
    for edge in edges.iter().filter(|e| e.person + e.household >= threshold) {
        sets.union(edge.l, edge.r);
    }
    sets.labels()
}

#[cfg(test)]
#[path = "cluster_test.rs"]
mod tests;
