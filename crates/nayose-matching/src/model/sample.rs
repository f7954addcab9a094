//! Stable hashes and deterministic sampling: which pairs the model learns from, whatever the order of rows or the number of threads.

use std::ops::Range;

/// A well-mixed 64-bit hash of a number (the finalizer of SplitMix64, Steele, Lea and Flood 2014).
#[inline]
pub fn mix(mut x: u64) -> u64 {
    x = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    x = (x ^ (x >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    x = (x ^ (x >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    x ^ (x >> 31)
}

/// A hash of a text that is the same on every machine and in every version: keys are compared across runs.
pub fn hash_text(before: u64, value: &str) -> u64 {
    value.as_bytes().chunks(8).fold(mix(before ^ value.len() as u64), |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(hash ^ u64::from_le_bytes(word))
    })
}

/// Whether a pair belongs to the sample of share `share` (0 to 1) under `seed`.
#[inline]
pub fn in_sample(l: u64, r: u64, seed: u64, share: f64) -> bool {
    let hash = mix(mix(l ^ seed).wrapping_add(r));
    (hash >> 11) as f64 / (1u64 << 53) as f64 <= share
}

/// The draws numbered `draws` of pairs of different rows among `rows`, at random with repetition.
pub fn random_pairs(rows: u64, draws: Range<u64>, seed: u64) -> impl Iterator<Item = (u64, u64)> {
    draws.filter(move |_| rows >= 2).map(move |i| {
        let l = mix(seed ^ mix(2 * i)) % rows;
        let r = mix(seed ^ mix(2 * i + 1)) % (rows - 1);
        (l, if r >= l { r + 1 } else { r })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_pairs_are_of_different_rows_and_spread() {
        let pairs: Vec<_> = random_pairs(10, 0..10_000, 7).collect();
        assert!(pairs.iter().all(|(l, r)| l != r && *l < 10 && *r < 10));
        let ones = pairs.iter().filter(|(l, _)| *l == 1).count();
        assert!((800..1200).contains(&ones), "row 1 drawn {ones} times of 10,000");
    }

    #[test]
    fn sample_share_is_kept() {
        let kept = (0..10_000u64).filter(|i| in_sample(*i, i + 1, 3, 0.25)).count();
        assert!((2_300..2_700).contains(&kept), "{kept} of 10,000 at share 0.25");
    }
}
