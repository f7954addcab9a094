//! Sorted sets of ids: what two records have in common.

use super::packed::PackedFeature;

/// The smallest-count value that both sorted slices hold.
#[inline]
pub(crate) fn rarest_common(feature: &PackedFeature, l: &[u32], r: &[u32]) -> Option<u32> {
    if let ([a], [b]) = (l, r) {
        return (a == b).then_some(*a);
    }
    let mut best = None::<u32>;
    each_common(l, r, |id| {
        if best.is_none_or(|b| feature.count(id) < feature.count(b)) {
            best = Some(id);
        }
    });
    best
}

/// Calls `see` with each value that both sorted slices hold, in order.
#[inline]
pub(crate) fn each_common(l: &[u32], r: &[u32], mut see: impl FnMut(u32)) {
    let (mut i, mut j) = (0, 0);
    while i < l.len() && j < r.len() {
        match l[i].cmp(&r[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => {
                see(l[i]);
                i += 1;
                j += 1;
            }
        }
    }
}

/// Whether two sorted slices share a value.
#[inline]
pub(crate) fn intersects(l: &[u32], r: &[u32]) -> bool {
    // Most sets have one value, and most pairs of sets do not even overlap in range.
    match (l, r) {
        ([], _) | (_, []) => return false,
        ([a], [b]) => return a == b,
        ([a], r) => return r.contains(a),
        (l, [b]) => return l.contains(b),
        (l, r) if l[l.len() - 1] < r[0] || r[r.len() - 1] < l[0] => return false,
        _ => {}
    }
    let (mut i, mut j) = (0, 0);
    while i < l.len() && j < r.len() {
        match l[i].cmp(&r[j]) {
            std::cmp::Ordering::Less => i += 1,
            std::cmp::Ordering::Greater => j += 1,
            std::cmp::Ordering::Equal => return true,
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn sets_intersect_as_sets_do(l in proptest::collection::btree_set(0u32..12, 0..6), r in proptest::collection::btree_set(0u32..12, 0..6)) {
            let sorted = |s: &std::collections::BTreeSet<u32>| s.iter().copied().collect::<Vec<_>>();
            proptest::prop_assert_eq!(intersects(&sorted(&l), &sorted(&r)), l.intersection(&r).next().is_some());
        }
    }
}
