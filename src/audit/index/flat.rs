//! Rows by the hash of a text, in flat arrays: some bytes a record, and nothing to walk but the array.

use std::hash::BuildHasher;

/// The hash of a text. A hash of 64 bits stands for its text: among a thousand million texts, two have the same with a chance of three
/// in a hundred, and whoever looks one up meets them with one of ten to the tenth.
pub(in crate::audit) fn hash_of(text: &str) -> u64 {
    foldhash::quality::FixedState::with_seed(0).hash_one(text)
}

/// Rows by hash.
#[derive(Debug, Default)]
pub(super) struct Rows {
    /// In order, each once.
    hashes: Vec<u64>,
    /// Where the rows of each hash end.
    ends: Vec<u32>,
    /// By hash, in order.
    rows: Vec<u32>,
}

impl Rows {
    pub(super) fn new(mut all: Vec<(u64, u32)>) -> Self {
        all.sort_unstable();
        all.dedup();
        let distinct = all.chunk_by(|a, b| a.0 == b.0).count();
        let (mut hashes, mut ends) = (Vec::with_capacity(distinct), Vec::with_capacity(distinct));
        for (place, (hash, _)) in all.iter().enumerate() {
            match hashes.last() == Some(hash) {
                true => ends.pop(),
                false => {
                    hashes.push(*hash);
                    None
                }
            };
            ends.push(place as u32 + 1);
        }
        Rows { hashes, ends, rows: all.into_iter().map(|(_, row)| row).collect() }
    }

    /// The rows of a text, in order.
    pub(super) fn of(&self, text: &str) -> &[u32] {
        self.of_hash(hash_of(text))
    }

    /// The rows of a hash, or of what stands in its place, in order.
    pub(super) fn of_hash(&self, hash: u64) -> &[u32] {
        let Ok(place) = self.hashes.binary_search(&hash) else { return &[] };
        let start = place.checked_sub(1).map_or(0, |before| self.ends[before]);
        &self.rows[start as usize..self.ends[place] as usize]
    }
}

/// What two lists in order have in common.
pub(super) fn common(a: &[u32], b: &[u32]) -> Vec<u32> {
    let (few, many) = if a.len() <= b.len() { (a, b) } else { (b, a) };
    few.iter().copied().filter(|row| many.binary_search(row).is_ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_found_by_their_text() {
        let shown = [("b", 3), ("a", 1), ("b", 0), ("b", 3), ("c", 2)];
        let rows = Rows::new(shown.iter().map(|(text, row)| (hash_of(text), *row)).collect());
        let found: Vec<&[u32]> = ["a", "b", "c", "d"].iter().map(|text| rows.of(text)).collect();
        assert_eq!(found, [&[1][..], &[0, 3], &[2], &[]]);
        assert_eq!(common(&[1, 3, 4], &[0, 3, 4, 5, 9]), [3, 4]);
    }
}
