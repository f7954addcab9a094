//! Records that go from group to group where that raises the sum of votes inside groups.
//!
//! In: groups of a component whose pairs are all known. Out: better groups, if there are any. For two groups, and for a group
//! and an empty one, the records go over one by one, each time the one that gains most or loses least; the best state on the
//! way is kept (Kernighan and Lin 1970; for clusters Keuper et al. 2015). So two records may change places though neither
//! could go alone.

use super::component::Component;
use super::join::in_order;
use super::steps::{How, Trace};

/// Improves the groups; whether there was anything to improve.
pub(super) fn exchange<V, W>(component: &Component<V, W>, groups: &mut Vec<Vec<u32>>, trace: &mut Trace) -> bool
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    let n = component.rows.len() as u32;
    if !component.has_limits() && (0..n).all(|record| component.votes_of(record).iter().all(|vote| *vote >= 0)) {
        return false;
    }
    let mut improved = false;
    for a in 0..groups.len() {
        for b in a + 1..groups.len() {
            let speak_for = |l: &u32| groups[b].iter().any(|r| component.vote(*l, *r) > 0);
            if groups[a].iter().any(speak_for) && !component.are_two_as_wholes(&groups[a], &groups[b]) {
                improved |= exchange_two(component, groups, (a, Some(b)), trace);
            }
        }
        improved |= exchange_two(component, groups, (a, None), trace);
    }
    *groups = in_order(std::mem::take(groups));
    improved
}

fn exchange_two<V, W>(
    component: &Component<V, W>,
    groups: &mut Vec<Vec<u32>>,
    (a, b): (usize, Option<usize>),
    trace: &mut Trace,
) -> bool
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    let left = groups[a].len();
    let records: Vec<u32> = groups[a].iter().chain(b.map_or(&[][..], |b| &groups[b])).copied().collect();
    let n = records.len();
    if n < 2 || b.is_none() && n < 3 {
        return false;
    }
    let mut is_right: Vec<bool> = (0..n).map(|i| i >= left).collect();
    // What is gained where a record goes over to the other side.
    let mut gains = vec![0i64; n];
    for i in 0..n {
        let votes = component.votes_of(records[i]);
        for j in (0..n).filter(|j| *j != i) {
            let vote = votes[records[j] as usize];
            gains[i] += if is_right[i] == is_right[j] { -vote } else { vote };
        }
    }
    let (mut sum, mut best, mut order) = (0i64, (0i64, 0usize), Vec::with_capacity(n));
    let mut gone = vec![false; n];
    while order.len() + 1 < n {
        let next = (0..n).filter(|i| !gone[*i]).max_by_key(|i| (gains[*i], std::cmp::Reverse(*i)));
        let Some(next) = next else { break };
        sum += gains[next];
        gone[next] = true;
        is_right[next] = !is_right[next];
        order.push(next);
        let votes = component.votes_of(records[next]);
        for i in (0..n).filter(|i| *i != next) {
            let twice = 2 * votes[records[i] as usize];
            gains[i] += if is_right[i] == is_right[next] { -twice } else { twice };
        }
        if sum > best.0 && may(component, &records, &is_right, None) {
            best = (sum, order.len());
        }
    }
    if best.1 == 0 {
        return false;
    }
    order[best.1..].iter().for_each(|i| is_right[*i] = !is_right[*i]);
    if b.is_some() && !may(component, &records, &is_right, Some(&order[..best.1])) {
        return false;
    }
    let side = |right: bool| (0..n).filter(|i| is_right[*i] == right).map(|i| records[i]).collect::<Vec<u32>>();
    trace.note(How::Moved, best.0, || {
        let before = [Some(a), b].into_iter().flatten().map(|group| groups[group].clone()).collect();
        [before, vec![side(false), side(true)]]
    });
    groups[a] = side(false);
    match b {
        Some(b) => groups[b] = side(true),
        None => groups.push(side(true)),
    }
    true
}

/// Whether the two sides keep the limits, and those who `went` over are no other person than those whom they come to.
fn may<V, W>(component: &Component<V, W>, records: &[u32], is_right: &[bool], went: Option<&[usize]>) -> bool
where
    V: Fn(u32, u32) -> i64,
    W: Fn(&[u32], &[u32]) -> f64,
{
    let side = |right: bool, without: Option<usize>| -> Vec<u32> {
        let there = |i: &usize| is_right[*i] == right && Some(*i) != without;
        (0..records.len()).filter(there).map(|i| records[i]).collect()
    };
    match went {
        None => {
            !component.has_limits()
                || [false, true].into_iter().all(|r| component.over_limit(&side(r, None), &[]).is_none())
        }
        Some(went) => {
            went.iter().all(|i| !component.are_two_as_wholes(&records[*i..=*i], &side(is_right[*i], Some(*i))))
        }
    }
}
