//! How good the matching looks without any truth: figures that go wrong before the numbers of customers do.
//!
//! In: the customer of every record, the links between records. Out: sizes, how densely customers are linked, and links
//! that alone hold a customer together.

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

/// The shape of all customers.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Shape {
    /// Records of a customer → customers.
    pub sizes: BTreeMap<usize, u64>,
    /// Customers of three records and more.
    pub large: u64,
    /// Mean share of a large customer's pairs of records that are linked, 0 to 1; 1 where there is none.
    pub density: f64,
    /// Large customers of whose pairs fewer than half are linked: chains rather than groups.
    pub sparse: u64,
    /// Links without which a customer would fall into two groups of two records and more.
    pub bridges: u64,
}

/// The shape of customers: `labels` has for every row its customer, `links` have pairs of rows.
pub fn shape(labels: &[u32], links: &[(u32, u32)]) -> Shape {
    let mut members: HashMap<u32, Vec<u32>> = HashMap::new();
    for (row, label) in labels.iter().enumerate() {
        members.entry(*label).or_default().push(row as u32);
    }
    let mut neighbours: HashMap<u32, Vec<u32>> = HashMap::new();
    for &(l, r) in links.iter().filter(|(l, r)| l != r && labels[*l as usize] == labels[*r as usize]) {
        neighbours.entry(l).or_default().push(r);
        neighbours.entry(r).or_default().push(l);
    }
    for others in neighbours.values_mut() {
        others.sort_unstable();
        others.dedup();
    }
    let mut found = Shape { density: 1.0, ..Shape::default() };
    let mut in_order: Vec<&Vec<u32>> = members.values().collect();
    // Sums of fractions depend on their order in the last digit.
    in_order.sort_unstable();
    let mut densities = 0.0;
    for rows in in_order {
        *found.sizes.entry(rows.len()).or_default() += 1;
        if rows.len() < 3 {
            continue;
        }
        let linked: usize = rows.iter().map(|row| neighbours.get(row).map_or(0, Vec::len)).sum::<usize>() / 2;
        let density = linked as f64 / (rows.len() * (rows.len() - 1) / 2) as f64;
        found.large += 1;
        densities += density;
        found.sparse += u64::from(density < 0.5);
        found.bridges += bridges(rows, &neighbours);
    }
    if found.large > 0 {
        found.density = densities / found.large as f64;
    }
    found
}

/// Links whose loss leaves two groups of at least two records (Tarjan 1974, with an own stack instead of recursion).
fn bridges(rows: &[u32], neighbours: &HashMap<u32, Vec<u32>>) -> u64 {
    let place: HashMap<u32, usize> = rows.iter().enumerate().map(|(i, row)| (*row, i)).collect();
    let of = |i: usize| neighbours.get(&rows[i]).map_or(&[][..], Vec::as_slice);
    let n = rows.len();
    let (mut entered, mut low, mut below) = (vec![0usize; n], vec![0usize; n], vec![1usize; n]);
    let (mut time, mut found) = (0, 0);
    // The component that a node belongs to matters for the size of the other side: customers joined by a decision alone
    // fall into several.
    for root in 0..n {
        if entered[root] > 0 {
            continue;
        }
        time += 1;
        (entered[root], low[root]) = (time, time);
        let mut stack = vec![(root, usize::MAX, 0)];
        let mut ended: Vec<(usize, usize)> = Vec::new();
        while let Some((node, parent, next)) = stack.pop() {
            match of(node).get(next).and_then(|row| place.get(row)) {
                Some(&other) => {
                    stack.push((node, parent, next + 1));
                    if entered[other] == 0 {
                        time += 1;
                        (entered[other], low[other]) = (time, time);
                        stack.push((other, node, 0));
                    } else if other != parent {
                        low[node] = low[node].min(entered[other]);
                    }
                }
                None if parent != usize::MAX => {
                    low[parent] = low[parent].min(low[node]);
                    below[parent] += below[node];
                    if low[node] > entered[parent] {
                        ended.push((node, below[node]));
                    }
                }
                None => {}
            }
        }
        let whole = below[root];
        found += ended.iter().filter(|(_, side)| *side > 1 && whole - side > 1).count() as u64;
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Takes every link away once and looks what is left.
    fn naive(links: &[(u32, u32)]) -> u64 {
        let side = |without: usize, from: u32| {
            let mut seen = vec![from];
            let mut at = 0;
            while at < seen.len() {
                for (_, (l, r)) in links.iter().enumerate().filter(|(i, _)| *i != without) {
                    for (a, b) in [(*l, *r), (*r, *l)] {
                        if a == seen[at] && !seen.contains(&b) {
                            seen.push(b);
                        }
                    }
                }
                at += 1;
            }
            seen
        };
        (0..links.len())
            .filter(|&i| {
                let (l, r) = (side(i, links[i].0), side(i, links[i].1));
                !l.contains(&links[i].1) && l.len() > 1 && r.len() > 1
            })
            .count() as u64
    }

    proptest! {
        #[test]
        fn bridges_as_the_oracle(pairs in prop::collection::btree_set((0u32..9, 0u32..9), 0..14)) {
            let links: Vec<(u32, u32)> = pairs.into_iter().filter(|(l, r)| l < r).collect();
            prop_assert_eq!(shape(&[0; 9], &links).bridges, naive(&links));
        }
    }

    #[test]
    fn a_chain_is_sparse_and_a_group_is_dense() {
        let chain = shape(&[0; 6], &[(0, 1), (1, 2), (2, 3), (3, 4), (4, 5)]);
        assert_eq!((chain.sparse, chain.bridges), (1, 3));
        let group = shape(&[0, 0, 0, 3], &[(0, 1), (1, 2), (0, 2), (2, 3)]);
        assert_eq!((group.density, group.sparse, group.bridges), (1.0, 0, 0));
        assert_eq!(group.sizes, BTreeMap::from([(1, 1), (3, 1)]));
    }
}
