//! Clusters of records that are one person, and households of those clusters.
//!
//! In: edges with probabilities, and a function that says whether two records contradict each other. Out: for each record
//! its cluster, and what became of every edge. Edges are taken from the strongest down (Kruskal's order); an edge is
//! refused where any record of the one side contradicts any record of the other, so that a chain of good pairs cannot join
//! strangers; where a record of it fits somebody else as well; and where the two groups with all their values are likelier
//! two people than one. The result does not depend on the order in which edges come in.

use std::collections::{BTreeMap, BTreeSet};

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
    /// A weak bridge: the groups that it would join are, as wholes, likelier two people than one.
    Bridge,
    /// The person would have too many records of this channel.
    Limit(u8),
    /// Below the threshold.
    Below,
}

/// Disjoint sets of rows, each with the list of its members.
#[derive(Clone, Debug)]
pub struct Clusters {
    parent: Vec<u32>,
    /// Members of a set in a ring: each row points at the next.
    next: Vec<u32>,
    size: Vec<u32>,
}

/// Pairs of members looked at for one edge at most: large clusters are compared by their first members, so that time stays
/// near-linear.
pub const MEMBERS_LOOKED_AT: usize = 48;

impl Clusters {
    /// Every row on its own.
    pub fn new(rows: usize) -> Self {
        Clusters { parent: (0..rows as u32).collect(), next: (0..rows as u32).collect(), size: vec![1; rows] }
    }

    /// The row that stands for the set of `row`.
    pub fn find(&mut self, row: u32) -> u32 {
        let mut root = row;
        while self.parent[root as usize] != root {
            root = self.parent[root as usize];
        }
        let mut at = row;
        while self.parent[at as usize] != root {
            at = std::mem::replace(&mut self.parent[at as usize], root);
        }
        root
    }

    /// The members of the set of `row`.
    pub fn members(&self, row: u32) -> impl Iterator<Item = u32> + '_ {
        let mut at = Some(row);
        std::iter::from_fn(move || {
            let now = at?;
            let next = self.next[now as usize];
            at = (next != row).then_some(next);
            Some(now)
        })
    }

    /// The first members of the set of `row`, in order.
    fn first_members(&self, row: u32) -> Vec<u32> {
        let mut members: Vec<u32> = self.members(row).take(MEMBERS_LOOKED_AT).collect();
        members.sort_unstable();
        members
    }

    /// Joins two sets.
    pub fn union(&mut self, a: u32, b: u32) {
        let (a, b) = (self.find(a), self.find(b));
        if a == b {
            return;
        }
        // The larger set, or the smaller row on a tie, stands for both.
        let (root, child) = match self.size[a as usize].cmp(&self.size[b as usize]) {
            std::cmp::Ordering::Less => (b, a),
            std::cmp::Ordering::Greater => (a, b),
            std::cmp::Ordering::Equal => (a.min(b), a.max(b)),
        };
        self.parent[child as usize] = root;
        self.size[root as usize] += self.size[child as usize];
        self.next.swap(root as usize, child as usize);
    }

    /// For every row the smallest row of its set.
    pub fn labels(mut self) -> Vec<u32> {
        let n = self.parent.len();
        let mut smallest = vec![u32::MAX; n];
        let roots: Vec<u32> = (0..n as u32).map(|row| self.find(row)).collect();
        for (row, root) in roots.iter().enumerate() {
            smallest[*root as usize] = smallest[*root as usize].min(row as u32);
        }
        roots.into_iter().map(|root| smallest[root as usize]).collect()
    }
}

/// What decides on a link besides its probability.
pub struct Rules<'a, C, W> {
    /// Links from this probability up join.
    pub auto: f64,
    /// Whether two records contradict each other.
    pub contradict: C,
    /// P(one person) of two groups of records as wholes; rows come sorted.
    pub whole: W,
    /// The channel of each row, by its place.
    pub channel_of: &'a [u8],
    /// Channel → records that a person may have there.
    pub most: &'a [Option<u32>],
}

/// Clusters the rows. `edges` come in any order; the answer has, for every row, the smallest row of its cluster, and for
/// every edge in the given order its fate.
pub fn cluster<C: Fn(u32, u32) -> bool, W: Fn(&[u32], &[u32]) -> f64>(
    rows: usize,
    edges: &[Edge],
    rules: &Rules<C, W>,
) -> (Vec<u32>, Vec<Fate>) {
    let mut clusters = Clusters::new(rows);
    let neighbours = Neighbours::new(rows, edges);
    let mut fates = vec![Fate::Below; edges.len()];
    for i in strongest_first(edges) {
        let edge = edges[i];
        if edge.person < rules.auto {
            break;
        }
        let (a, b) = (clusters.find(edge.l), clusters.find(edge.r));
        fates[i] = if a == b { Fate::Linked } else { fate(&clusters, edge, &neighbours, rules) };
        if fates[i] == Fate::Linked {
            clusters.union(a, b);
        }
    }
    (clusters.labels(), fates)
}

/// Joins what people decided to be one person: the clusters of both rows as wholes, whatever contradicts, so that taking the
/// decision back leaves the clusters of before. Where these wholes hold two rows that were decided to be `apart`, only the
/// rows that the decisions name leave their clusters and become one. `labels` have the smallest row of each row's cluster.
pub(crate) fn join_decided(labels: &mut [u32], decided: &[(u32, u32)], apart: impl Fn(u32, u32) -> bool) {
    let mut sets = Clusters::new(labels.len());
    decided.iter().for_each(|(l, r)| sets.union(*l, *r));
    let mut named: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for row in decided.iter().flat_map(|(l, r)| [*l, *r]) {
        named.entry(sets.find(row)).or_default().insert(row);
    }
    let mut in_order: Vec<BTreeSet<u32>> = named.into_values().collect();
    in_order.sort_unstable();
    let concerned: BTreeSet<u32> = in_order.iter().flatten().map(|row| labels[*row as usize]).collect();
    let mut clusters: BTreeMap<u32, BTreeSet<u32>> = BTreeMap::new();
    for (row, label) in labels.iter().enumerate().filter(|(_, label)| concerned.contains(label)) {
        clusters.entry(*label).or_default().insert(row as u32);
    }
    for rows in in_order {
        let touched: BTreeSet<u32> = rows.iter().map(|row| labels[*row as usize]).collect();
        let old: Vec<BTreeSet<u32>> = touched.iter().filter_map(|label| clusters.remove(label)).collect();
        let whole: BTreeSet<u32> = old.iter().flatten().copied().collect();
        let new = if whole.iter().any(|l| whole.iter().any(|r| l < r && apart(*l, *r))) {
            let left = old.iter().map(|cluster| cluster.difference(&rows).copied().collect());
            left.chain([rows.clone()]).collect::<Vec<BTreeSet<u32>>>()
        } else {
            vec![whole]
        };
        for cluster in new {
            if let Some(&label) = cluster.first() {
                cluster.iter().for_each(|row| labels[*row as usize] = label);
                clusters.insert(label, cluster);
            }
        }
    }
}

/// Two groups that as wholes are likelier two people than one are not joined by a link between two of their records.
const WHOLE: f64 = 0.5;

/// What becomes of an edge between two clusters.
fn fate<C: Fn(u32, u32) -> bool, W: Fn(&[u32], &[u32]) -> f64>(
    clusters: &Clusters,
    edge: Edge,
    neighbours: &Neighbours,
    rules: &Rules<C, W>,
) -> Fate {
    if let Some((row, rival)) = neighbours.contested(edge, rules) {
        return Fate::Contested(row, rival);
    }
    let (left, right) = (clusters.first_members(edge.l), clusters.first_members(edge.r));
    let across = || left.iter().flat_map(|l| right.iter().map(move |r| (*l, *r)));
    if let Some((l, r)) = across().find(|(l, r)| (rules.contradict)(*l, *r)) {
        return Fate::Cut(l, r);
    }
    if let Some(channel) = over_limit(clusters, edge, rules) {
        return Fate::Limit(channel);
    }
    // A pair whose records say little may look like one person where their groups, which say more, do not.
    if left.len() + right.len() > 2 && (rules.whole)(&left, &right) < WHOLE {
        return Fate::Bridge;
    }
    Fate::Linked
}

/// The channel of which the joined cluster would have too many records.
fn over_limit<C, W>(clusters: &Clusters, edge: Edge, rules: &Rules<C, W>) -> Option<u8> {
    let limited = |channel: usize| rules.most.get(channel).copied().flatten();
    let mut counts = vec![0u32; rules.most.len()];
    if rules.most.iter().any(Option::is_some) {
        for row in clusters.members(edge.l).chain(clusters.members(edge.r)) {
            if let Some(count) = counts.get_mut(rules.channel_of[row as usize] as usize) {
                *count += 1;
            }
        }
    }
    (0..counts.len()).find(|c| limited(*c).is_some_and(|most| counts[*c] > most)).map(|c| c as u8)
}

/// The edges of every row, in order of the other row.
struct Neighbours {
    offsets: Vec<u32>,
    others: Vec<(u32, f64)>,
}

/// Links that are likelier not one person than this do not stand against another.
const RIVAL: f64 = 0.1;

impl Neighbours {
    fn new(rows: usize, edges: &[Edge]) -> Self {
        let mut both: Vec<(u32, u32, f64)> = edges
            .iter()
            .filter(|e| e.person >= RIVAL)
            .flat_map(|e| [(e.l, e.r, e.person), (e.r, e.l, e.person)])
            .collect();
        both.sort_unstable_by_key(|(row, other, _)| (*row, *other));
        let mut offsets = vec![0u32; rows + 1];
        both.iter().for_each(|(row, _, _)| offsets[*row as usize + 1] += 1);
        (0..rows).for_each(|row| offsets[row + 1] += offsets[row]);
        Neighbours { offsets, others: both.into_iter().map(|(_, other, person)| (other, person)).collect() }
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
    /// record, and the rival.
    fn contested<C: Fn(u32, u32) -> bool, W>(&self, edge: Edge, rules: &Rules<C, W>) -> Option<(u32, u32)> {
        let odds = |p: f64| p / (1.0 - p).max(1e-15);
        let own = odds(edge.person);
        [(edge.l, edge.r), (edge.r, edge.l)].into_iter().find_map(|(row, fits)| {
            let rivals = self.of(row).iter().filter(|(rival, p)| {
                *rival != fits && own / (1.0 + own + odds(*p)) < rules.auto && !self.linked(*rival, fits, 0.5)
            });
            rivals.map(|(rival, _)| *rival).find(|rival| (rules.contradict)(*rival, fits)).map(|rival| (row, rival))
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

fn strongest_first(edges: &[Edge]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_unstable_by(|&a, &b| {
        let (a, b) = (&edges[a], &edges[b]);
        b.person.total_cmp(&a.person).then_with(|| (a.l, a.r).cmp(&(b.l, b.r)))
    });
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(l: u32, r: u32, person: f64) -> Edge {
        Edge { l, r, person, household: 0.0 }
    }

    type Whole = fn(&[u32], &[u32]) -> f64;

    fn rules<C: Fn(u32, u32) -> bool>(auto: f64, contradict: C) -> Rules<'static, C, Whole> {
        Rules { auto, contradict, whole: |_, _| 1.0, channel_of: &[], most: &[] }
    }

    #[test]
    fn a_chain_does_not_join_rows_that_contradict() {
        let edges = [edge(0, 1, 0.9999), edge(1, 2, 0.95)];
        let (labels, fates) = cluster(3, &edges, &rules(0.9, |l, r| l.min(r) == 0 && l.max(r) == 2));
        assert_eq!(labels, [0, 0, 2]);
        assert_eq!(fates, [Fate::Linked, Fate::Contested(1, 0)]);
        // Where the two have no neighbour in common, the chain between them is cut.
        let edges = [edge(0, 1, 0.99), edge(1, 2, 0.98), edge(2, 3, 0.95)];
        let (labels, fates) = cluster(4, &edges, &rules(0.9, |l, r| l.min(r) == 0 && l.max(r) == 3));
        assert_eq!(labels, [0, 0, 0, 3]);
        assert_eq!(fates, [Fate::Linked, Fate::Linked, Fate::Cut(0, 3)]);
    }

    #[test]
    fn the_order_of_edges_does_not_matter() {
        let edges: Vec<Edge> = (0..200u32)
            .map(|i| {
                let l = i * 7 % 40;
                let r = l + 1 + i * 3 % 9;
                edge(l, r, 0.5 + f64::from(i % 50) / 100.0)
            })
            .collect();
        let odd = |l: u32, r: u32| (l + r).is_multiple_of(11);
        let (labels, _) = cluster(50, &edges, &rules(0.6, odd));
        let mut turned = edges.clone();
        turned.reverse();
        assert_eq!(labels, cluster(50, &turned, &rules(0.6, odd)).0);
    }

    #[test]
    fn without_contradictions_clusters_are_connected_components() {
        let edges = [edge(0, 3, 0.95), edge(3, 4, 0.95), edge(1, 2, 0.95), edge(4, 5, 0.2)];
        assert_eq!(cluster(6, &edges, &rules(0.9, |_, _| false)).0, [0, 1, 1, 0, 0, 5]);
    }

    #[test]
    fn a_record_that_fits_two_people_goes_to_neither() {
        // 0 fits 1 and 2, who are two people.
        let edges = [edge(0, 1, 0.97), edge(0, 2, 0.95)];
        let (labels, fates) = cluster(3, &edges, &rules(0.9, |l, r| l + r == 3));
        assert_eq!(labels, [0, 1, 2]);
        assert_eq!(fates, [Fate::Contested(0, 2), Fate::Contested(0, 1)]);
        // Far surer of the one than of the other: 0.9999 has nine hundred times the odds of 0.9.
        let edges = [edge(0, 1, 0.9999), edge(0, 2, 0.9)];
        assert_eq!(cluster(3, &edges, &rules(0.9, |l, r| l + r == 3)).0, [0, 0, 2]);
    }

    #[test]
    fn a_decision_joins_the_whole_of_both() {
        let nobody = |_, _| false;
        let before = vec![0, 0, 2, 2, 4, 4, 6];
        let mut labels = before.clone();
        join_decided(&mut labels, &[(1, 3)], nobody);
        assert_eq!(labels, [0, 0, 0, 0, 4, 4, 6]);
        join_decided(&mut labels, &[(3, 6), (5, 6)], nobody);
        assert_eq!(labels, [0; 7], "what was joined goes along");
        let mut labels = before.clone();
        join_decided(&mut labels, &[], nobody);
        assert_eq!(labels, before);
    }

    #[test]
    fn a_decision_against_keeps_the_rest_apart() {
        // 0 and 2 are one, 1 and 3 are not: the two that are named leave the others.
        let mut labels = vec![0, 0, 2, 2];
        join_decided(&mut labels, &[(0, 2)], |l, r| (l, r) == (1, 3));
        assert_eq!(labels, [0, 1, 0, 3]);
    }

    #[test]
    fn a_weak_bridge_between_two_groups_is_not_crossed() {
        let edges = [edge(0, 1, 0.99), edge(2, 3, 0.98), edge(1, 2, 0.95)];
        let two = Rules {
            auto: 0.9,
            contradict: |_, _| false,
            whole: |l: &[u32], r: &[u32]| if l.len() + r.len() == 4 { 0.2 } else { 0.99 },
            channel_of: &[],
            most: &[],
        };
        let (labels, fates) = cluster(4, &edges, &two);
        assert_eq!((labels, fates[2]), (vec![0, 0, 2, 2], Fate::Bridge));
    }

    #[test]
    fn a_channel_has_no_more_records_of_a_person_than_allowed() {
        let edges = [edge(0, 1, 0.99), edge(1, 2, 0.95)];
        let one = Rules {
            auto: 0.9,
            contradict: |_, _| false,
            whole: |_: &[u32], _: &[u32]| 1.0,
            channel_of: &[0, 1, 0],
            most: &[Some(1), None],
        };
        let (labels, fates) = cluster(3, &edges, &one);
        assert_eq!((labels, fates[1]), (vec![0, 0, 2], Fate::Limit(0)));
    }

    /// The definition, without rings, stacks or lists of neighbours.
    fn naive(
        rows: u32,
        edges: &[Edge],
        auto: f64,
        contradict: &dyn Fn(u32, u32) -> bool,
        whole: &dyn Fn(&[u32], &[u32]) -> f64,
    ) -> Vec<u32> {
        let probability =
            |l: u32, r: u32| edges.iter().find(|e| (e.l, e.r) == (l.min(r), l.max(r))).map_or(0.0, |e| e.person);
        let odds = |p: f64| p / (1.0 - p).max(1e-15);
        let mut label: Vec<u32> = (0..rows).collect();
        let mut left: Vec<Edge> = edges.iter().copied().filter(|e| e.person >= auto).collect();
        while let Some(next) = left.iter().copied().reduce(|a, b| {
            let before = b.person > a.person || b.person == a.person && (b.l, b.r) < (a.l, a.r);
            if before { b } else { a }
        }) {
            left.retain(|e| (e.l, e.r) != (next.l, next.r));
            let (a, b) = (label[next.l as usize], label[next.r as usize]);
            let of = |group: u32| (0..rows).filter(|row| label[*row as usize] == group).collect::<Vec<_>>();
            let rival = |row: u32, fits: u32| {
                (0..rows).any(|x| {
                    let p = probability(row, x);
                    let share = odds(next.person) / (1.0 + odds(next.person) + odds(p));
                    x != fits && p >= RIVAL && share < auto && probability(x, fits) < 0.5 && contradict(x, fits)
                })
            };
            let across: Vec<(u32, u32)> = of(a).iter().flat_map(|l| of(b).into_iter().map(|r| (*l, r))).collect();
            let bridge = across.len() > 1 && whole(&of(label[next.l as usize]), &of(label[next.r as usize])) < WHOLE;
            let refused =
                rival(next.l, next.r) || rival(next.r, next.l) || across.iter().any(|(l, r)| contradict(*l, *r));
            if a != b && !refused && !bridge {
                label.iter_mut().filter(|l| **l == a.max(b)).for_each(|l| *l = a.min(b));
            }
        }
        label
    }

    proptest::proptest! {
        #[test]
        fn as_the_oracle_on_random_graphs(
            pairs in proptest::collection::btree_map((0u32..12, 0u32..12), 50u32..1000, 0..40),
            seed in 0u32..1000,
        ) {
            let mut edges: Vec<Edge> =
                pairs.into_iter().filter(|((l, r), _)| l < r).map(|((l, r), p)| edge(l, r, f64::from(p) / 1000.0)).collect();
            let mixed = |l: u32, r: u32| crate::model::sample::mix(u64::from(seed * 1000 + l.min(r) * 30 + l.max(r)));
            let contradict = |l: u32, r: u32| mixed(l, r) % 9 == 0;
            let whole = |l: &[u32], r: &[u32]| (mixed(l.iter().sum(), r.iter().sum()) % 7) as f64 / 6.0;
            let rules = Rules { auto: 0.6, contradict, whole, channel_of: &[], most: &[] };
            let (labels, _) = cluster(12, &edges, &rules);
            proptest::prop_assert_eq!(&labels, &naive(12, &edges, 0.6, &contradict, &whole));
            edges.reverse();
            proptest::prop_assert_eq!(labels, cluster(12, &edges, &rules).0);
        }
    }
}
