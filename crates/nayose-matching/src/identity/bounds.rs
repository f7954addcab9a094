//! From which probability a pair is a link: a link holds longer than it takes to make one.
//!
//! In: the two thresholds, and the pairs that the run before linked. Out: the bound of a pair. A probability moves a little from day to
//! day, as values become more frequent, and a pair next to the threshold would be linked on one day and not on the next. So a
//! pair that was linked stays linked down to a lower bound, as a thermostat has two (hysteresis). What contradicts is no matter of
//! probability and parts at once, and so does a pair whose evidence falls below the lower bound.

use super::cluster::Edge;

/// From which probability a pair is a link.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bounds {
    /// Where the run before did not link it.
    pub auto: f64,
    /// Where the run before did.
    pub hold: f64,
    /// `others[starts[l]..starts[l + 1]]` are the larger rows that the run before linked with `l`, in order; empty where nothing was.
    starts: Vec<u32>,
    others: Vec<u32>,
}

impl Bounds {
    /// One bound for all pairs: nothing was linked before.
    pub fn of(auto: f64) -> Self {
        Bounds { auto, hold: auto, ..Bounds::default() }
    }

    /// The bounds among `rows` rows of which the pairs of `before` were linked. A lower bound above `auto` is none.
    pub fn holding(auto: f64, hold: f64, rows: usize, before: &[(u32, u32)]) -> Self {
        let mut pairs: Vec<(u32, u32)> = before.iter().map(|(l, r)| (*l.min(r), *l.max(r))).collect();
        pairs.retain(|(l, r)| l != r && (*r as usize) < rows);
        pairs.sort_unstable();
        pairs.dedup();
        if hold >= auto || pairs.is_empty() {
            return Bounds::of(auto);
        }
        let mut starts = vec![0u32; rows + 1];
        pairs.iter().for_each(|(l, _)| starts[*l as usize + 1] += 1);
        (0..rows).for_each(|row| starts[row + 1] += starts[row]);
        Bounds { auto, hold, starts, others: pairs.into_iter().map(|(_, r)| r).collect() }
    }

    /// The bound of a pair.
    #[inline]
    pub(super) fn of_pair(&self, l: u32, r: u32) -> f64 {
        if self.was_linked(l, r) { self.hold } else { self.auto }
    }

    /// Whether the run before linked two rows.
    #[inline]
    fn was_linked(&self, l: u32, r: u32) -> bool {
        let (l, r) = (l.min(r) as usize, l.max(r));
        match self.starts.get(l..l + 2) {
            Some(at) => self.others[at[0] as usize..at[1] as usize].binary_search(&r).is_ok(),
            None => false,
        }
    }

    /// Whether an edge is a link, as far as its probability goes.
    #[inline]
    pub fn is_link(&self, edge: &Edge) -> bool {
        edge.person >= self.auto || (edge.person >= self.hold && self.was_linked(edge.l, edge.r))
    }

    /// From which probability two groups of rows are one person as wholes, where `usual` is that of groups that were not linked. Groups
    /// that were part where they are two people as surely as a link has to be one.
    pub(super) fn of_wholes(&self, a: &[u32], b: &[u32], usual: f64) -> f64 {
        let were_linked = self.hold < self.auto && a.iter().any(|l| b.iter().any(|r| self.was_linked(*l, *r)));
        if were_linked { usual.min(1.0 - self.auto) } else { usual }
    }

    /// The pairs that the run before linked, the smaller row first, in order.
    pub fn linked_before(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        let rows = self.starts.windows(2).zip(0u32..);
        rows.flat_map(|(at, l)| self.others[at[0] as usize..at[1] as usize].iter().map(move |r| (l, *r)))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::identity::cluster::{Fate, Rules, cluster};
    use crate::identity::votes::CONTRADICTS;
    use crate::model::sample::mix;

    fn edge(l: u32, r: u32, person: f64) -> Edge {
        Edge { l, r, person, household: 0.0 }
    }

    #[test]
    fn a_link_of_before_has_the_lower_bound() {
        let bounds = Bounds::holding(0.8, 0.5, 5, &[(3, 1), (0, 4), (1, 3), (1, 2)]);
        assert_eq!(bounds.linked_before().collect::<Vec<_>>(), [(0, 4), (1, 2), (1, 3)]);
        for (l, r, person, is_link) in
            [(1, 3, 0.5, true), (3, 1, 0.5, true), (1, 3, 0.49, false), (2, 3, 0.79, false), (2, 3, 0.8, true)]
        {
            assert_eq!(bounds.is_link(&edge(l, r, person)), is_link, "{l} {r} {person}");
        }
    }

    #[test]
    fn without_a_run_before_there_is_one_bound() {
        for bounds in [Bounds::of(0.8), Bounds::holding(0.8, 0.5, 3, &[]), Bounds::holding(0.8, 0.9, 3, &[(0, 1)])] {
            assert_eq!(bounds, Bounds::of(0.8));
            assert!(!bounds.is_link(&edge(0, 1, 0.79)) && bounds.is_link(&edge(0, 1, 0.8)));
            assert_eq!(bounds.linked_before().count(), 0);
        }
    }

    #[test]
    fn a_link_of_the_run_before_holds_below_the_threshold() {
        let edges = [edge(0, 1, 0.7), edge(1, 2, 0.7), edge(2, 3, 0.45)];
        let held = |before: &[(u32, u32)], edges: &[Edge], contradict: fn(u32, u32) -> bool| {
            let bounds = Bounds::holding(0.8, 0.5, 4, before);
            let vote = move |l, r| if contradict(l, r) { CONTRADICTS } else { 0 };
            let rules = Rules { bounds: &bounds, vote, whole: |_: &[u32], _: &[u32]| 1.0, channel_of: &[], most: &[] };
            cluster(4, edges, &rules)
        };
        let nobody = |_, _| false;
        assert_eq!(held(&[], &edges, nobody).0, [0, 1, 2, 3], "nothing was linked before");
        let (labels, fates) = held(&[(0, 1), (2, 3)], &edges, nobody);
        assert_eq!(labels, [0, 0, 2, 3], "one was a link; the other of before is below the lower bound too");
        assert_eq!(fates, [Fate::Linked, Fate::Below, Fate::Below]);
        let part = |l: u32, r: u32| (l.min(r), l.max(r)) == (0, 1);
        assert_eq!(held(&[(0, 1)], &edges, part).0, [0, 1, 2, 3], "what contradicts parts at once");
        let turned: Vec<Edge> = edges.iter().rev().copied().collect();
        assert_eq!(held(&[(2, 1), (1, 0)], &turned, nobody).0, held(&[(0, 1), (1, 2)], &edges, nobody).0);
    }

    #[test]
    fn groups_of_the_run_before_hold_as_wholes() {
        let edges = [edge(0, 1, 0.99), edge(2, 3, 0.98), edge(1, 2, 0.95)];
        let labels = |whole: f64, before: &[(u32, u32)]| {
            let bounds = Bounds::holding(0.8, 0.5, 4, before);
            let whole = |l: &[u32], r: &[u32]| if l.len() + r.len() == 4 { whole } else { 0.99 };
            cluster(4, &edges, &Rules { bounds: &bounds, vote: |_, _| 0, whole, channel_of: &[], most: &[] }).0
        };
        assert_eq!(labels(0.45, &[]), [0, 0, 2, 2]);
        assert_eq!(labels(0.45, &[(0, 1), (1, 2), (2, 3)]), [0; 4], "a little below one half is no reason to part");
        assert_eq!(labels(0.19, &[(0, 1), (1, 2), (2, 3)]), [0, 0, 2, 2], "four times likelier two people is");
    }

    #[test]
    fn nobody_flips_where_probabilities_move_a_little() {
        // Sixty days on which every probability moves by a bit at most: who is linked stays linked.
        let moved = |l: u32, r: u32, day: u64| {
            let odds = 2.0 + (mix(u64::from(l) << 32 | u64::from(r)) % 100) as f64 / 16.0;
            let bits = (mix(mix(day) ^ (u64::from(l) * 1000 + u64::from(r))) % 1000) as f64 / 1000.0 - 0.5;
            let odds = odds * bits.exp2();
            odds / (1.0 + odds)
        };
        let flips = |hold: f64| {
            let (mut before, mut linked_ever, mut flips) = (Vec::new(), BTreeSet::<(u32, u32)>::new(), 0);
            for day in 0..60 {
                let edges: Vec<Edge> = (0..200).map(|i| edge(2 * i, 2 * i + 1, moved(2 * i, 2 * i + 1, day))).collect();
                let bounds = Bounds::holding(0.8, hold, 400, &before);
                let rules = Rules {
                    bounds: &bounds,
                    vote: |_, _| 0,
                    whole: |_: &[u32], _: &[u32]| 1.0,
                    channel_of: &[],
                    most: &[],
                };
                let (labels, _) = cluster(400, &edges, &rules);
                let linked = |e: &&Edge| labels[e.l as usize] == labels[e.r as usize];
                before = edges.iter().filter(linked).map(|e| (e.l, e.r)).collect();
                let now: BTreeSet<(u32, u32)> = before.iter().copied().collect();
                flips += linked_ever.difference(&now).count();
                linked_ever = now;
            }
            flips
        };
        assert_eq!(flips(0.5), 0);
        assert!(flips(0.8) > 100, "with one bound they flip: {}", flips(0.8));
    }
}
