//! Blocks of records that share a blocking key, and their pairs.
//!
//! In: a model's rules and the interned features of all records. Out: the [`RuleBlocks`] of every rule, and of them [`Pairs`]: every two
//! records that share a block, each once, with the first rule that brings them. Pairs are made from blocks whenever they are
//! asked for: nothing holds all of them, and nothing looks for those that were there before.

mod counts;
mod group;
mod keys;
mod pairs;
mod refine;

pub use keys::Blocked;
pub use pairs::{Pairs, Piece};
pub use refine::LeftOutBlocks;

/// Bytes of a key while blocks are made.
pub const KEY_BYTES: usize = size_of::<group::RowKey>();

/// The blocks of one rule.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RuleBlocks {
    keys: Vec<u64>,
    /// Where the rows of each block end in `rows` (see [`RuleBlocks::are_named`]).
    ends: Vec<u32>,
    rows: Vec<u32>,
}

impl RuleBlocks {
    /// Adds a block: its key, and the rows that share it, ascending and each once.
    pub fn push(&mut self, key: u64, rows: &[u32]) {
        self.keys.push(key);
        self.rows.extend_from_slice(rows);
        self.ends.push(self.rows.len() as u32);
    }

    /// Adds the blocks of `other` behind its own.
    fn append(&mut self, other: &RuleBlocks) {
        let before = self.rows.len() as u32;
        self.keys.extend_from_slice(&other.keys);
        self.rows.extend_from_slice(&other.rows);
        self.ends.extend(other.ends.iter().map(|end| before.wrapping_add(*end)));
    }

    /// Number of blocks.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// Key and rows of the blocks from a place on.
    pub fn from(&self, place: usize) -> impl Iterator<Item = (u64, &[u32])> {
        self.keys.iter().enumerate().skip(place).map(|(place, key)| (*key, self.rows(place)))
    }

    /// Whether every row has a place that 32 bits can name.
    fn are_named(&self) -> bool {
        u32::try_from(self.rows.len()).is_ok()
    }

    /// Number of records of every block.
    pub fn sizes(&self) -> impl Iterator<Item = usize> {
        let starts = std::iter::once(&0).chain(&self.ends);
        starts.zip(&self.ends).map(|(start, end)| end.wrapping_sub(*start) as usize)
    }

    /// The rows of a block by its place; none behind the last.
    #[inline]
    fn rows(&self, place: usize) -> &[u32] {
        let start = place.checked_sub(1).map_or(Some(0), |before| self.ends.get(before).copied());
        match (start, self.ends.get(place)) {
            (Some(start), Some(end)) => &self.rows[start as usize..*end as usize],
            _ => &[],
        }
    }
}
