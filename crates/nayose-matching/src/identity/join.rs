//! Groups of records with the largest sum of votes inside: correlation clustering (Bansal, Blum and Chawla 2004) with limits.
//!
//! In: a component. Out: its groups, and how they came about where somebody asks. Groups are joined from the pair with the largest sum
//! of votes between them down, as long as one is above zero (greedy additive edge contraction, Keuper et al. 2015). Sums of joined groups
//! add up. Then records go from group to group where that raises the sum ([`super::exchange`] where all pairs are known).

use std::collections::{BTreeMap, BTreeSet, BinaryHeap};

use super::assign::assignment;
use super::component::Component;
use super::exchange::exchange;
use super::steps::{How, Trace};

/// Records of a component of two lists whose assignment is the best one. With 512 in each, 512³ steps are a fifth of a second; larger
/// ones are joined from the strongest link down.
const ASSIGNED: usize = 1024;

/// Rounds of joining and moving in a component whose pairs are not all known.
const ROUNDS: usize = 3;

/// Groups that a record may move to are those of so many of its strongest links.
const LINKS_FOLLOWED: usize = 16;

/// The groups of a component, each in order of its records.
pub(super) fn groups<V, W>(component: &Component<V, W>, trace: &mut Trace) -> Vec<Vec<u32>>
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    let n = component.rows.len() as u32;
    if n == 2 {
        let vote = component.vote(0, 1);
        if vote <= 0 {
            return vec![vec![0], vec![1]];
        }
        trace.joined(&[0], &[1], vote);
        return vec![vec![0, 1]];
    }
    if let Some([left, right]) = component.lists().filter(|_| n as usize <= ASSIGNED) {
        return assigned(component, &left, &right, trace);
    }
    let mut groups: Vec<Vec<u32>> = (0..n).map(|record| vec![record]).collect();
    if component.is_of_one_voice() {
        // Joined from the strongest pair down they all become one, which only those who ask for the steps wait for.
        return if trace.is_kept() { join_known(component, groups, trace) } else { vec![(0..n).collect()] };
    }
    if component.is_known() {
        // The strongest pair first, or the best place for each record in turn: where one is led astray, the other often is not.
        let mut other = trace.clone();
        let joined = join_known(component, groups.clone(), trace);
        let first = settled(component, joined, trace);
        if !exchange(component, &mut groups, &mut other) {
            return first;
        }
        let second = settled(component, groups, &mut other);
        if component.sum_inside(&second) <= component.sum_inside(&first) {
            return first;
        }
        *trace = other;
        return second;
    }
    for round in 0..ROUNDS {
        groups = join(component, groups, trace);
        if round + 1 == ROUNDS || !move_records(component, &mut groups, trace) {
            break;
        }
    }
    groups
}

/// Groups of a component whose pairs are all known, after exchanges and joins as long as there are any.
fn settled<V, W>(component: &Component<V, W>, mut groups: Vec<Vec<u32>>, trace: &mut Trace) -> Vec<Vec<u32>>
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    // The sum inside groups rises with each round, so that there is a last one.
    while exchange(component, &mut groups, trace) {
        groups = join_known(component, groups, trace);
    }
    groups
}

/// One record of each list at most, by links alone.
fn assigned<V, W>(component: &Component<V, W>, left: &[u32], right: &[u32], trace: &mut Trace) -> Vec<Vec<u32>>
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    let mut weights = vec![vec![0; right.len()]; left.len()];
    for link in &component.links {
        let (l, r) = link.ends;
        let place = |l: u32, r: u32| Some((left.binary_search(&l).ok()?, right.binary_search(&r).ok()?));
        if let Some((l_place, r_place)) = place(l, r).or_else(|| place(r, l)) {
            weights[l_place][r_place] = component.vote(l, r);
        }
    }
    let of_left = assignment(&weights);
    let taken: BTreeSet<usize> = of_left.iter().flatten().copied().collect();
    let alone = (0..right.len()).filter(|place| !taken.contains(place)).map(|place| vec![right[place]]);
    let mut groups: Vec<Vec<u32>> = alone.collect();
    for (l, place) in left.iter().zip(&of_left) {
        if let Some(place) = place {
            let r = right[*place];
            trace.note(How::Assigned, component.vote(*l, r), || [vec![vec![*l], vec![r]], vec![vec![*l, r]]]);
        }
        groups.push(std::iter::once(*l).chain(place.map(|place| right[place])).collect());
    }
    in_order(groups)
}

/// Groups in order of their first records, each in order; empty ones left out.
pub(super) fn in_order(mut groups: Vec<Vec<u32>>) -> Vec<Vec<u32>> {
    groups.retain(|group| !group.is_empty());
    groups.iter_mut().for_each(|group| group.sort_unstable());
    groups.sort_unstable();
    groups
}

/// Joins groups of a component whose pairs are all known.
fn join_known<V, W>(component: &Component<V, W>, groups: Vec<Vec<u32>>, trace: &mut Trace) -> Vec<Vec<u32>>
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    let mut groups = in_order(groups);
    let n = groups.len();
    let mut sums = vec![0i64; n * n];
    for a in 0..n {
        for b in a + 1..n {
            let sum = component.between(&groups[a], &groups[b]);
            (sums[a * n + b], sums[b * n + a]) = (sum, sum);
        }
    }
    let mut refused = vec![false; n * n];
    let mut left: Vec<usize> = (0..n).collect();
    loop {
        let mut best: Option<(i64, usize, usize)> = None;
        for (i, &a) in left.iter().enumerate() {
            for &b in &left[i + 1..] {
                let sum = sums[a * n + b];
                if sum > best.map_or(0, |(best, _, _)| best) && !refused[a * n + b] {
                    best = Some((sum, a, b));
                }
            }
        }
        let Some((sum, a, b)) = best else { return in_order(groups) };
        if component.over_limit(&groups[a], &groups[b]).is_some() || component.are_two_as_wholes(&groups[a], &groups[b])
        {
            refused[a * n + b] = true;
            continue;
        }
        trace.joined(&groups[a], &groups[b], sum);
        let joined = std::mem::take(&mut groups[b]);
        groups[a].extend(joined);
        left.retain(|group| *group != b);
        for &c in left.iter().filter(|c| **c != a) {
            let sum = sums[a * n + c] + sums[b * n + c];
            (sums[a * n + c], sums[c * n + a]) = (sum, sum);
            (refused[a * n + c], refused[c * n + a]) = (false, false);
        }
    }
}

/// What is known of the votes between two groups.
#[derive(Clone, Copy)]
struct Known {
    sum: i64,
    /// The pairs that the sum is of.
    pairs: usize,
}

/// Joins groups of a component by its links. The pairs of two groups that are no links are asked when it is their turn to be
/// joined, and never again while both stay as they are. A group takes over what the smaller one knows, so that each link is
/// handed on log n times at most.
fn join<V, W>(component: &Component<V, W>, groups: Vec<Vec<u32>>, trace: &mut Trace) -> Vec<Vec<u32>>
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    let mut groups = in_order(groups);
    let of = group_of(&groups, component.rows.len());
    let mut counts: Vec<Vec<u32>> = groups.iter().map(|group| component.counts(group)).collect();
    let mut known: Vec<BTreeMap<u32, Known>> = vec![BTreeMap::new(); groups.len()];
    for link in component.links.iter().filter(|link| link.vote > 0) {
        let (a, b) = (of[link.ends.0 as usize], of[link.ends.1 as usize]);
        for (a, b) in [(a, b), (b, a)].into_iter().filter(|(a, b)| a != b) {
            let known = known[a as usize].entry(b).or_insert(Known { sum: 0, pairs: 0 });
            *known = Known { sum: known.sum + link.vote, pairs: known.pairs + 1 };
        }
    }
    let turn = |sum: i64, a: u32, b: u32| (sum, std::cmp::Reverse((a.min(b), a.max(b))));
    let mut turns = BinaryHeap::new();
    for (a, others) in (0u32..).zip(&known) {
        turns.extend(others.range(a + 1..).map(|(b, known)| turn(known.sum, a, *b)));
    }
    while let Some((sum, std::cmp::Reverse((a, b)))) = turns.pop() {
        let Some(&now) = known[a as usize].get(&b).filter(|now| now.sum == sum) else { continue };
        let (left, right) = (&groups[a as usize], &groups[b as usize]);
        let pairs = left.len() * right.len();
        if now.pairs < pairs {
            let now = Known { sum: component.between(left, right), pairs };
            known[a as usize].insert(b, now);
            known[b as usize].insert(a, now);
            if now.sum != sum {
                if now.sum > 0 {
                    turns.push(turn(now.sum, a, b));
                }
                continue;
            }
        }
        let over = component.over(&counts[a as usize], &counts[b as usize]).is_some();
        if over || component.are_two_as_wholes(left, right) {
            continue;
        }
        trace.joined(left, right, sum);
        let (into, from) = if known[a as usize].len() >= known[b as usize].len() { (a, b) } else { (b, a) };
        let (mut most, mut rest) =
            (std::mem::take(&mut groups[into as usize]), std::mem::take(&mut groups[from as usize]));
        if most.len() < rest.len() {
            std::mem::swap(&mut most, &mut rest);
        }
        most.extend(rest);
        groups[into as usize] = most;
        let joined = std::mem::take(&mut counts[from as usize]);
        counts[into as usize].iter_mut().zip(joined).for_each(|(count, more)| *count += more);
        for (other, handed) in std::mem::take(&mut known[from as usize]) {
            known[other as usize].remove(&from);
            if other == into {
                continue;
            }
            let had = known[into as usize].get(&other).copied().unwrap_or(Known { sum: 0, pairs: 0 });
            let now = Known { sum: had.sum + handed.sum, pairs: had.pairs + handed.pairs };
            known[into as usize].insert(other, now);
            known[other as usize].insert(into, now);
            if now.sum > 0 {
                turns.push(turn(now.sum, into, other));
            }
        }
    }
    in_order(groups)
}

fn group_of(groups: &[Vec<u32>], records: usize) -> Vec<u32> {
    let mut of = vec![0; records];
    for (group, members) in (0..).zip(groups) {
        members.iter().for_each(|record| of[*record as usize] = group);
    }
    of
}

/// Moves single records to where they have more votes: to a group of one of their links, or to one of their own.
fn move_records<V, W>(component: &Component<V, W>, groups: &mut Vec<Vec<u32>>, trace: &mut Trace) -> bool
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    let records = component.rows.len();
    let mut links: Vec<Vec<(i64, u32)>> = vec![Vec::new(); records];
    for link in component.links.iter().filter(|link| link.vote > 0) {
        let (l, r) = link.ends;
        links[l as usize].push((link.vote, r));
        links[r as usize].push((link.vote, l));
    }
    let mut of = group_of(groups, records);
    let mut moved = false;
    for (record, links) in (0u32..).zip(&mut links) {
        links.sort_unstable_by_key(|(vote, other)| (std::cmp::Reverse(*vote), *other));
        let own = of[record as usize];
        let mut others: Vec<u32> = links.iter().take(LINKS_FOLLOWED).map(|(_, other)| of[*other as usize]).collect();
        others.sort_unstable();
        others.dedup();
        let rest: Vec<u32> = groups[own as usize].iter().copied().filter(|other| *other != record).collect();
        if rest.is_empty() || others == [own] && rest.len() < 2 {
            continue;
        }
        let stays = component.between(&[record], &rest);
        let may = |group: &[u32]| {
            component.over_limit(&[record], group).is_none()
                && !component.are_two_as_wholes(&[record], group)
                && !component.are_two_as_wholes(&rest, group)
        };
        // On its own it has no votes.
        let mut best = (stays.max(0), (stays < 0).then_some(groups.len() as u32));
        for other in others.into_iter().filter(|other| *other != own) {
            let sum = component.between(&[record], &groups[other as usize]);
            if sum > best.0 && may(&groups[other as usize]) {
                best = (sum, Some(other));
            }
        }
        let (sum, Some(to)) = best else { continue };
        if to as usize == groups.len() {
            groups.push(Vec::new());
        }
        trace.note(How::Moved, sum - stays, || {
            let (from, into) = (groups[own as usize].clone(), groups[to as usize].clone());
            [vec![from, into.clone()], vec![rest.clone(), [&into[..], &[record]].concat()]]
        });
        groups[own as usize] = rest;
        groups[to as usize].push(record);
        groups[to as usize].sort_unstable();
        of[record as usize] = to;
        moved = true;
    }
    moved
}
