//! Who would be one person at other thresholds, where that is somebody else.
//!
//! In: the links of a run, its people, a way to cluster links from a threshold up. Out: for each other threshold the records of those
//! groups of links in which people differ, each with its person. Figures per person have an error bar by it: what is counted is
//! counted again for these records alone. What the run before linked is not held at another threshold: the bar says what figures would
//! be had it been that threshold all along.

use super::cluster::{Edge, RIVAL};
use super::sets::Clusters;

/// People at another threshold.
#[derive(Clone, Debug, PartialEq)]
pub struct AtThreshold {
    /// From which probability a pair is a link.
    pub threshold: f64,
    /// Row and smallest row of its person, in order of rows. With a record all those that links of some threshold or decisions hold
    /// together with it are here.
    pub rows: Vec<(u32, u32)>,
}

/// The links of a run and what became of them.
#[derive(Clone, Copy, Debug)]
pub struct Links<'a> {
    /// All of them.
    pub edges: &'a [Edge],
    /// Pairs that are one person, whatever their evidence.
    pub same: &'a [(u32, u32)],
    /// For every row the smallest row of its person, as the run has it.
    pub people: &'a [u32],
}

/// The people at each of these thresholds where they are others than the run's. `is_link` says whether the run took an edge for a link, as
/// far as its probability goes; `people_at` clusters edges from a threshold up, as a run does.
pub fn over_thresholds(
    links: &Links<'_>,
    thresholds: &[f64],
    is_link: impl Fn(&Edge) -> bool,
    people_at: impl Fn(&[Edge], f64) -> Vec<u32>,
) -> Vec<AtThreshold> {
    let Links { edges, same, people } = *links;
    let lowest = thresholds.iter().copied().fold(f64::INFINITY, f64::min);
    let mut groups = Clusters::new(people.len());
    edges.iter().filter(|e| e.person >= lowest || is_link(e)).for_each(|e| groups.union(e.l, e.r));
    same.iter().for_each(|(l, r)| groups.union(*l, *r));
    // Weak edges stand against links, and hold nothing together.
    let edges: Vec<Edge> = edges.iter().filter(|e| e.person >= RIVAL || is_link(e)).copied().collect();
    let root: Vec<u32> = (0..people.len() as u32).map(|row| groups.find(row)).collect();
    let at = |threshold: f64| {
        let mut looked_at = vec![false; people.len()];
        for edge in edges.iter().filter(|e| (e.person >= threshold) != is_link(e)) {
            looked_at[root[edge.l as usize] as usize] = true;
        }
        let is_looked_at = |row: u32| looked_at[root[row as usize] as usize];
        let touched: Vec<Edge> = edges.iter().filter(|e| is_looked_at(e.l) || is_looked_at(e.r)).copied().collect();
        let mut rows = Vec::new();
        if !touched.is_empty() {
            let then = people_at(&touched, threshold);
            let mut differs = vec![false; people.len()];
            for row in (0..people.len()).filter(|row| is_looked_at(*row as u32) && then[*row] != people[*row]) {
                differs[root[row] as usize] = true;
            }
            let all = (0..people.len() as u32).filter(|row| differs[root[*row as usize] as usize]);
            rows = all.map(|row| (row, then[row as usize])).collect();
        }
        AtThreshold { threshold, rows }
    };
    thresholds.iter().map(|threshold| at(*threshold)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::mix;

    /// Whoever is linked from the threshold up is one person.
    fn joined(rows: usize, same: &[(u32, u32)], edges: &[Edge], threshold: f64) -> Vec<u32> {
        let mut sets = Clusters::new(rows);
        edges.iter().filter(|e| e.person >= threshold).for_each(|e| sets.union(e.l, e.r));
        same.iter().for_each(|(l, r)| sets.union(*l, *r));
        (0..rows as u32).map(|row| sets.members(row).min().unwrap_or(row)).collect()
    }

    fn edge(l: u32, r: u32, person: f64) -> Edge {
        Edge { l, r, person, household: 0.0 }
    }

    #[test]
    fn only_groups_whose_people_differ_are_told_and_whole() {
        let edges = [edge(0, 1, 0.9), edge(1, 2, 0.6), edge(3, 4, 0.97), edge(5, 6, 0.3), edge(7, 8, 0.85)];
        let same = [(8, 9)];
        let people = joined(10, &same, &edges, 0.8);
        let links = Links { edges: &edges, same: &same, people: &people };
        let found = over_thresholds(&links, &[0.5, 0.9, 0.95], |e| e.person >= 0.8, |e, t| joined(10, &same, e, t));
        assert_eq!(found[0].rows, [(0, 0), (1, 0), (2, 0)], "the record behind the weaker link comes in");
        assert_eq!(found[1].rows, [(7, 7), (8, 8), (9, 8)], "with the one that a decision holds");
        assert_eq!(found[2].rows, [(0, 0), (1, 1), (2, 2), (7, 7), (8, 8), (9, 8)]);
    }

    #[test]
    fn the_records_of_others_are_as_the_run_has_them() {
        let rows = 300;
        for seed in 0..50u64 {
            let draw = |n: u64| mix(mix(seed) ^ n);
            let edges: Vec<Edge> = (0..280)
                .map(|n| {
                    let (l, r) = ((draw(3 * n) % rows) as u32, (draw(3 * n + 1) % rows) as u32);
                    edge(l.min(r), l.max(r), (draw(3 * n + 2) % 1000) as f64 / 1000.0)
                })
                .filter(|e| e.l < e.r)
                .collect();
            let rows = rows as usize;
            let people = joined(rows, &[], &edges, 0.8);
            let links = Links { edges: &edges, same: &[], people: &people };
            let found = over_thresholds(&links, &[0.5, 0.9], |e| e.person >= 0.8, |e, t| joined(rows, &[], e, t));
            for AtThreshold { threshold, rows: told } in found {
                let mut now = people.clone();
                told.iter().for_each(|(row, person)| now[*row as usize] = *person);
                assert_eq!(now, joined(rows, &[], &edges, threshold), "seed {seed}, {threshold}");
            }
        }
    }
}
