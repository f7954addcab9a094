//! Disjoint sets of rows, and what decisions of people do to clusters.

use std::collections::{BTreeMap, BTreeSet};

use super::steps::{How, Trace};

/// Disjoint sets of rows, each with the list of its members.
#[derive(Clone, Debug)]
pub struct Clusters {
    parent: Vec<u32>,
    /// Members of a set in a ring: each row points at the next.
    next: Vec<u32>,
    size: Vec<u32>,
}

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

/// Joins what people decided to be one person: the clusters of both rows as wholes, whatever contradicts, so that taking the
/// decision back leaves the clusters of before. Where these wholes hold two rows that were decided to be `apart`, only the
/// rows that the decisions name leave their clusters and become one. `labels` have the smallest row of each row's cluster.
pub(super) fn join_decided(
    labels: &mut [u32],
    decided: &[(u32, u32)],
    apart: impl Fn(u32, u32) -> bool,
    trace: &mut Trace,
) {
    if decided.is_empty() {
        return;
    }
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
        let plain = |sets: &[BTreeSet<u32>]| sets.iter().map(|set| set.iter().copied().collect()).collect();
        trace.note(How::Decided, 0, || [plain(&old), plain(&new)]);
        for cluster in new {
            if let Some(&label) = cluster.first() {
                cluster.iter().for_each(|row| labels[*row as usize] = label);
                clusters.insert(label, cluster);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_decision_joins_the_whole_of_both() {
        let nobody = |_, _| false;
        let before = vec![0, 0, 2, 2, 4, 4, 6];
        let mut labels = before.clone();
        join_decided(&mut labels, &[(1, 3)], nobody, &mut Trace::default());
        assert_eq!(labels, [0, 0, 0, 0, 4, 4, 6]);
        join_decided(&mut labels, &[(3, 6), (5, 6)], nobody, &mut Trace::default());
        assert_eq!(labels, [0; 7], "what was joined goes along");
        let mut labels = before.clone();
        join_decided(&mut labels, &[], nobody, &mut Trace::default());
        assert_eq!(labels, before);
    }

    #[test]
    fn a_decision_against_keeps_the_rest_apart() {
        // 0 and 2 are one, 1 and 3 are not: the two that are named leave the others.
        let mut labels = vec![0, 0, 2, 2];
        join_decided(&mut labels, &[(0, 2)], |l, r| (l, r) == (1, 3), &mut Trace::default());
        assert_eq!(labels, [0, 1, 0, 3]);
    }
}
