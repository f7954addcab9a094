//! The best one-to-one assignment between two lists.
//!
//! In: how much each pair of a left and a right speaks for one person. Out: for each left its right, so that the sum over the pairs
//! is the largest that there is. Greedy takes the strongest pair first and may leave two others without any.
//!
//! Kuhn's Hungarian method as shortest augmenting paths with potentials (Jonker and Volgenant 1987): with n on the shorter side
//! and m on the longer, n² × m steps.

/// The assignment with the largest sum of `weights` (left, then right). Pairs with a weight of zero or below are left apart.
pub(super) fn assignment(weights: &[Vec<i64>]) -> Vec<Option<usize>> {
    let (lefts, rights) = (weights.len(), weights.first().map_or(0, Vec::len));
    let gain = |l: usize, r: usize| weights[l][r].max(0);
    let mut of_left = vec![None; lefts];
    let pairs = if lefts <= rights {
        augment(lefts, rights, &gain)
    } else {
        augment(rights, lefts, &|r, l| gain(l, r)).into_iter().map(|(r, l)| (l, r)).collect()
    };
    for (l, r) in pairs.into_iter().filter(|(l, r)| gain(*l, *r) > 0) {
        of_left[l] = Some(r);
    }
    of_left
}

/// All of the shorter side with one of the longer each; the sum of `gain` is the largest. Places count from 1, and 0 is nobody.
fn augment(short: usize, long: usize, gain: &dyn Fn(usize, usize) -> i64) -> Vec<(usize, usize)> {
    let (mut of_short, mut of_long) = (vec![0i64; short + 1], vec![0i64; long + 1]);
    let mut holder = vec![0usize; long + 1];
    for new in 1..=short {
        let mut least = vec![i64::MAX; long + 1];
        let (mut from, mut done) = (vec![0usize; long + 1], vec![false; long + 1]);
        let mut at = 0;
        holder[0] = new;
        while holder[at] != 0 {
            done[at] = true;
            let (row, mut step, mut next) = (holder[at], i64::MAX, 0);
            for to in (1..=long).filter(|to| !done[*to]) {
                let reduced = -gain(row - 1, to - 1) - of_short[row] - of_long[to];
                if reduced < least[to] {
                    (least[to], from[to]) = (reduced, at);
                }
                if least[to] < step {
                    (step, next) = (least[to], to);
                }
            }
            for to in 0..=long {
                if done[to] {
                    of_short[holder[to]] += step;
                    of_long[to] -= step;
                } else {
                    least[to] = least[to].saturating_sub(step);
                }
            }
            at = next;
        }
        while at != 0 {
            holder[at] = holder[from[at]];
            at = from[at];
        }
    }
    (1..=long).filter(|to| holder[*to] != 0).map(|to| (holder[to] - 1, to - 1)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::mix;

    /// Every assignment there is.
    fn best(weights: &[Vec<i64>], taken: u32) -> i64 {
        let Some((first, rest)) = weights.split_first() else { return 0 };
        let with = |r: usize| first[r] + best(rest, taken | 1 << r);
        let free = (0..first.len()).filter(|r| taken >> r & 1 == 0 && first[*r] > 0);
        free.map(with).fold(best(rest, taken), i64::max)
    }

    #[test]
    fn the_assignment_is_the_best_of_all() {
        let mut strayed = 0;
        for seed in 0..4000u64 {
            let (lefts, rights) = (mix(seed) as usize % 6 + 1, mix(seed ^ 77) as usize % 6 + 1);
            let weight = |l: usize, r: usize| mix(seed << 8 | (l * 8 + r) as u64) as i64 % 12;
            let weights: Vec<Vec<i64>> = (0..lefts).map(|l| (0..rights).map(|r| weight(l, r)).collect()).collect();
            let found = assignment(&weights);
            let pairs: Vec<(usize, usize)> = found.iter().enumerate().filter_map(|(l, r)| Some((l, (*r)?))).collect();
            let sum: i64 = pairs.iter().map(|(l, r)| weights[*l][*r]).sum();
            assert!(pairs.iter().all(|(l, r)| weights[*l][*r] > 0), "nobody is given what speaks against: {weights:?}");
            let mut used: Vec<usize> = pairs.iter().map(|(_, r)| *r).collect();
            used.sort_unstable();
            used.dedup();
            assert_eq!(used.len(), pairs.len(), "one each: {weights:?}");
            assert_eq!(sum, best(&weights, 0), "{weights:?}");
            strayed += usize::from(greedy(&weights) < sum);
        }
        assert!(strayed > 400, "greedy falls short in {strayed} of 4000, so that the test can tell them apart");
    }

    fn greedy(weights: &[Vec<i64>]) -> i64 {
        let all = weights.iter().enumerate().flat_map(|(l, row)| row.iter().enumerate().map(move |(r, w)| (*w, l, r)));
        let mut pairs: Vec<_> = all.filter(|(w, _, _)| *w > 0).collect();
        pairs.sort_unstable_by(|a, b| b.cmp(a));
        let (mut l_taken, mut r_taken, mut sum) = (0u32, 0u32, 0);
        for (w, l, r) in pairs {
            if l_taken >> l & 1 == 0 && r_taken >> r & 1 == 0 {
                (l_taken, r_taken, sum) = (l_taken | 1 << l, r_taken | 1 << r, sum + w);
            }
        }
        sum
    }
}
