//! How much two lists of words have in common.
//!
//! In: lists; order and repetition do not count. Out: counts, from which the usual ratios follow.

/// What two sets share and what each has alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Overlap {
    /// In both.
    pub shared: usize,
    /// In the left one only.
    pub only_l: usize,
    /// In the right one only.
    pub only_r: usize,
}

impl Overlap {
    /// Shared over all; 1 for two empty sets.
    pub fn jaccard(&self) -> f64 {
        ratio(self.shared, self.shared + self.only_l + self.only_r)
    }

    /// Twice shared over the sum of both sizes; 1 for two empty sets.
    pub fn dice(&self) -> f64 {
        ratio(2 * self.shared, 2 * self.shared + self.only_l + self.only_r)
    }

    /// Shared over the smaller set: 1 when one holds the other.
    pub fn containment(&self) -> f64 {
        ratio(self.shared, self.shared + self.only_l.min(self.only_r))
    }
}

fn ratio(part: usize, whole: usize) -> f64 {
    if whole == 0 { 1.0 } else { part as f64 / whole as f64 }
}

/// Compares two lists as sets. Quadratic without allocation: meant for the few values of a record.
pub fn overlap<T: PartialEq>(l: &[T], r: &[T]) -> Overlap {
    let mut out = Overlap::default();
    for (i, value) in l.iter().enumerate() {
        if l[..i].contains(value) {
            continue;
        }
        if r.contains(value) { out.shared += 1 } else { out.only_l += 1 }
    }
    for (i, value) in r.iter().enumerate() {
        if !r[..i].contains(value) && !l.contains(value) {
            out.only_r += 1;
        }
    }
    out
}

/// Compares the words of two texts, parted by white space.
pub fn token_overlap(l: &str, r: &str) -> Overlap {
    let words = |s: &str, inside: &str| {
        let mut found = (0, 0);
        for (i, word) in s.split_whitespace().enumerate() {
            if s.split_whitespace().take(i).any(|w| w == word) {
                continue;
            }
            if inside.split_whitespace().any(|w| w == word) { found.0 += 1 } else { found.1 += 1 }
        }
        found
    };
    let (shared, only_l) = words(l, r);
    Overlap { shared, only_l, only_r: words(r, l).1 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn as_sets(l in prop::collection::vec(0u8..6, 0..8), r in prop::collection::vec(0u8..6, 0..8)) {
            let (a, b): (BTreeSet<_>, BTreeSet<_>) = (l.iter().collect(), r.iter().collect());
            let expected = Overlap {
                shared: a.intersection(&b).count(),
                only_l: a.difference(&b).count(),
                only_r: b.difference(&a).count(),
            };
            prop_assert_eq!(overlap(&l, &r), expected);
            let text = |v: &[u8]| v.iter().map(|n| format!("w{n}")).collect::<Vec<_>>().join(" ");
            prop_assert_eq!(token_overlap(&text(&l), &text(&r)), expected);
            for value in [expected.jaccard(), expected.dice(), expected.containment()] {
                prop_assert!((0.0..=1.0).contains(&value));
            }
        }
    }
}
