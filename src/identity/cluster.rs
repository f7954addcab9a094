//! Clusters of records that are one person, and households of those clusters.
//!
//! In: edges with probabilities, and a function that says whether two records contradict each other. Out: for each record
//! its cluster, and what became of every edge. Edges are taken from the strongest down (Kruskal's order); an edge is
//! refused where any record of the one side contradicts any record of the other, so that a chain of good pairs cannot join
//! strangers. The result does not depend on the order in which edges come in.

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
const MEMBERS_LOOKED_AT: usize = 48;

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

/// Clusters the rows. `edges` come in any order; the answer has, for every row, the smallest row of its cluster, and for
/// every edge in the given order its fate. Rows of `decided` are joined first, whatever the edges say.
pub fn cluster(
    rows: usize,
    edges: &[Edge],
    decided: &[(u32, u32)],
    auto: f64,
    contradict: impl Fn(u32, u32) -> bool,
) -> (Vec<u32>, Vec<Fate>) {
    let mut clusters = Clusters::new(rows);
    decided.iter().for_each(|(l, r)| clusters.union(*l, *r));
    let mut fates = vec![Fate::Below; edges.len()];
    for i in strongest_first(edges, |e| e.person) {
        let edge = edges[i];
        if edge.person < auto {
            break;
        }
        let (a, b) = (clusters.find(edge.l), clusters.find(edge.r));
        let against = if a == b { None } else { first_contradiction(&clusters, edge, &contradict) };
        fates[i] = match against {
            Some((l, r)) => Fate::Cut(l, r),
            None => {
                clusters.union(a, b);
                Fate::Linked
            }
        };
    }
    (clusters.labels(), fates)
}

/// Households: sets of clusters that any edge with a household probability of at least `threshold` connects.
pub fn households(labels: &[u32], edges: &[Edge], threshold: f64) -> Vec<u32> {
    let mut sets = Clusters::new(labels.len());
    for (row, label) in labels.iter().enumerate() {
        sets.union(row as u32, *label);
    }
    for edge in edges.iter().filter(|e| e.household >= threshold) {
        sets.union(edge.l, edge.r);
    }
    sets.labels()
}

fn strongest_first(edges: &[Edge], strength: impl Fn(&Edge) -> f64) -> Vec<usize> {
    let mut order: Vec<usize> = (0..edges.len()).collect();
    order.sort_unstable_by(|&a, &b| {
        strength(&edges[b])
            .total_cmp(&strength(&edges[a]))
            .then_with(|| (edges[a].l, edges[a].r).cmp(&(edges[b].l, edges[b].r)))
    });
    order
}

fn first_contradiction(clusters: &Clusters, edge: Edge, contradict: &impl Fn(u32, u32) -> bool) -> Option<(u32, u32)> {
    let mut left: Vec<u32> = clusters.members(edge.l).take(MEMBERS_LOOKED_AT).collect();
    let mut right: Vec<u32> = clusters.members(edge.r).take(MEMBERS_LOOKED_AT).collect();
    left.sort_unstable();
    right.sort_unstable();
    left.iter().flat_map(|l| right.iter().map(move |r| (*l, *r))).find(|(l, r)| contradict(*l, *r))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edge(l: u32, r: u32, person: f64) -> Edge {
        Edge { l, r, person, household: 0.0 }
    }

    #[test]
    fn a_chain_does_not_join_rows_that_contradict() {
        let edges = [edge(0, 1, 0.99), edge(1, 2, 0.95)];
        let (labels, fates) = cluster(3, &edges, &[], 0.9, |l, r| (l, r) == (0, 2) || (r, l) == (0, 2));
        assert_eq!(labels, [0, 0, 2]);
        assert_eq!(fates, [Fate::Linked, Fate::Cut(0, 2)]);
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
        let (labels, _) = cluster(50, &edges, &[], 0.6, odd);
        let mut turned = edges.clone();
        turned.reverse();
        assert_eq!(labels, cluster(50, &turned, &[], 0.6, odd).0);
    }

    #[test]
    fn without_contradictions_clusters_are_connected_components() {
        let edges = [edge(0, 3, 0.95), edge(3, 4, 0.95), edge(1, 2, 0.95), edge(4, 5, 0.2)];
        assert_eq!(cluster(6, &edges, &[], 0.9, |_, _| false).0, [0, 1, 1, 0, 0, 5]);
    }
}
