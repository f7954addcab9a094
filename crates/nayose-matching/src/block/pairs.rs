//! Every pair of the records of blocks, once, with the first rule that brings it.
//!
//! In: the blocks of every rule. Out: their pairs, made anew for whoever asks. Blocks have numbers, those of the first rule
//! first, and every record has the list of the numbers of its blocks. A block brings a pair of its records where their lists
//! share no smaller number, so that of all blocks that they share one brings it, and its rule is the first. Two short sorted lists
//! are walked for that: no table of pairs is needed, any two parts of the blocks can be worked on at once, and the pairs of a
//! block come together, with the features of its records at hand.

use super::RuleBlocks;
use crate::model::sets::intersects;

/// Blocks with what their pairs are made from.
#[derive(Debug, Default)]
pub struct Pairs {
    pub(super) rules: Vec<RuleBlocks>,
    /// The number of each rule's first block, and behind the last rule that of all blocks.
    pub(super) first: Vec<u32>,
    /// Where the list of a row begins in `numbers`, and behind the last row its end.
    starts: Vec<u32>,
    /// For every row the numbers of its blocks, ascending.
    numbers: Vec<u32>,
}

/// A part of the pairs: those whose smaller row is at one of these places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Piece {
    from: Place,
    to: Place,
}

/// A row of a block of a rule, each by its place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    rule: usize,
    block: usize,
    left: usize,
}

/// Which of the blocks that two records share brings their pair.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Once {
    /// The first of all.
    OfAll,
    /// The first of each rule.
    OfEachRule,
}

impl Pairs {
    /// The pairs of the blocks of every rule. `None` where there are more blocks, or records in them, than a number can name.
    pub fn new(rules: Vec<RuleBlocks>) -> Option<Self> {
        let mut first = vec![0u32];
        for blocks in &rules {
            let before = first.last().copied().unwrap_or_default();
            first.push(before.checked_add(u32::try_from(blocks.len()).ok()?)?);
        }
        u32::try_from(rules.iter().map(|blocks| blocks.rows.len()).sum::<usize>()).ok()?;
        let last = rules.iter().flat_map(|blocks| &blocks.rows).max();
        let mut starts = vec![0u32; last.map_or(0, |row| *row as usize + 1) + 1];
        for row in rules.iter().flat_map(|blocks| &blocks.rows) {
            starts[*row as usize + 1] += 1;
        }
        let mut end = 0;
        starts.iter_mut().for_each(|start| {
            end += *start;
            *start = end;
        });
        // Each list is filled from its beginning: blocks come in order of their numbers. Its place moves to its end, which is where
        // the next one begins.
        let mut numbers = vec![0u32; end as usize];
        for (blocks, first) in rules.iter().zip(&first) {
            for (number, place) in (*first..).zip(0..blocks.len()) {
                for row in blocks.rows(place) {
                    let next = &mut starts[*row as usize];
                    numbers[*next as usize] = number;
                    *next += 1;
                }
            }
        }
        starts.rotate_right(1);
        starts[0] = 0;
        Some(Pairs { rules, first, starts, numbers })
    }

    /// The blocks of every rule.
    pub fn blocks(&self) -> &[RuleBlocks] {
        &self.rules
    }

    /// All pairs in parts of about so many.
    pub fn pieces(&self, pairs: u64) -> Vec<Piece> {
        let (mut pieces, mut from, mut work) = (Vec::new(), Place::default(), 0u64);
        for (rule, blocks) in self.rules.iter().enumerate() {
            for (block, size) in blocks.sizes().enumerate() {
                for left in 0..size {
                    if work >= pairs {
                        let to = Place { rule, block, left };
                        pieces.push(Piece { from, to });
                        (from, work) = (to, 0);
                    }
                    work += (size - left) as u64;
                }
            }
        }
        let to = Place { rule: self.rules.len(), block: 0, left: 0 };
        pieces.push(Piece { from, to });
        pieces
    }

    /// Shows `see` the next pairs of a part, with rule, smaller row and larger row, and takes them from it: about `most`, and with
    /// them the others of the last smaller row. Answers whether there may be more.
    pub fn take(&self, piece: &mut Piece, most: usize, see: impl FnMut(usize, u32, u32)) -> bool {
        self.take_once(piece, most, Once::OfAll, see)
    }

    pub(super) fn take_once(
        &self,
        piece: &mut Piece,
        most: usize,
        once: Once,
        mut see: impl FnMut(usize, u32, u32),
    ) -> bool {
        let (mut taken, to) = (0, piece.to);
        let mut before: Vec<&[u32]> = Vec::new();
        while piece.from < to && taken < most {
            let Place { rule, block, left } = piece.from;
            let Some(blocks) = self.rules.get(rule) else { break };
            let rows = blocks.rows(block);
            if rows.is_empty() {
                piece.from = Place { rule: rule + 1, block: 0, left: 0 };
                continue;
            }
            let number = self.first[rule] + block as u32;
            let least = if once == Once::OfAll { 0 } else { self.first[rule] };
            before.clear();
            before.extend(rows.iter().map(|row| self.between(*row, least, number)));
            let end = if (rule, block) == (to.rule, to.block) { to.left } else { rows.len() };
            piece.from = Place { rule, block: block + 1, left: 0 };
            for l in left..end {
                for r in l + 1..rows.len() {
                    if !intersects(before[l], before[r]) {
                        see(rule, rows[l], rows[r]);
                        taken += 1;
                    }
                }
                if taken >= most || (l + 1 == end && end < rows.len()) {
                    piece.from = Place { rule, block, left: l + 1 };
                    break;
                }
            }
        }
        piece.from < to
    }

    /// Number of rows that may be in blocks.
    pub(super) fn rows(&self) -> u32 {
        (self.starts.len() - 1) as u32
    }

    /// The numbers of a row's blocks.
    #[inline]
    pub(super) fn numbers_of(&self, row: u32) -> &[u32] {
        &self.numbers[self.starts[row as usize] as usize..self.starts[row as usize + 1] as usize]
    }

    /// Those from `least` on and below `number`.
    #[inline]
    fn between(&self, row: u32, least: u32, number: u32) -> &[u32] {
        let numbers = self.numbers_of(row);
        let start = if least == 0 { 0 } else { place_of(numbers, least) };
        &numbers[start..place_of(numbers, number)]
    }

    /// Those from `least` on.
    #[inline]
    pub(super) fn from(&self, row: u32, least: u32) -> &[u32] {
        let numbers = self.numbers_of(row);
        &numbers[place_of(numbers, least)..]
    }

    /// The rows of a block by its number.
    pub(super) fn rows_of(&self, number: u32) -> &[u32] {
        let rule = self.first.partition_point(|first| *first <= number) - 1;
        self.rules[rule].rows((number - self.first[rule]) as usize)
    }
}

/// Numbers up to which a list is walked and not halved: it is in one or two lines of memory.
const SHORT: usize = 16;

/// How many of the ascending numbers are below `number`.
#[inline]
fn place_of(numbers: &[u32], number: u32) -> usize {
    match numbers.len() {
        0..SHORT => numbers.iter().take_while(|n| **n < number).count(),
        _ => numbers.partition_point(|n| *n < number),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// Pair → the rules that bring it, by brute force.
    type Expected = BTreeMap<(u32, u32), BTreeSet<usize>>;

    fn expected(rules: &[RuleBlocks]) -> Expected {
        let mut pairs = Expected::new();
        for (rule, blocks) in rules.iter().enumerate() {
            for place in 0..blocks.len() {
                let rows = blocks.rows(place);
                for (i, l) in rows.iter().enumerate() {
                    for r in &rows[i + 1..] {
                        pairs.entry((*l, *r)).or_default().insert(rule);
                    }
                }
            }
        }
        pairs
    }

    /// Blocks of random rows under three rules: few rows in many blocks, so that pairs share many of them; some blocks are large.
    fn blocks() -> impl Strategy<Value = Vec<RuleBlocks>> {
        let small = prop::collection::btree_set(0u32..40, 2..6);
        let large = prop::collection::btree_set(0u32..40, 20..40);
        let block = prop_oneof![9 => small, 1 => large];
        let rule = prop::collection::vec(block, 0..30);
        prop::collection::vec(rule, 3).prop_map(|rules| {
            let of = |sets: Vec<BTreeSet<u32>>| {
                let mut blocks = RuleBlocks::default();
                for (key, rows) in sets.into_iter().enumerate() {
                    blocks.push(key as u64, &rows.into_iter().collect::<Vec<_>>());
                }
                blocks
            };
            rules.into_iter().map(of).collect()
        })
    }

    proptest! {
        #[test]
        fn every_pair_comes_once_with_its_first_rule(rules in blocks(), piece in 1u64..300, most in 1usize..100) {
            let expected = expected(&rules);
            let pairs = Pairs::new(rules).expect("few blocks");
            let mut found = BTreeMap::new();
            for mut part in pairs.pieces(piece) {
                loop {
                    let mut taken = 0;
                    let more = pairs.take(&mut part, most, |rule, l, r| {
                        taken += 1;
                        assert!(found.insert((l, r), rule).is_none(), "{l} and {r} came twice");
                    });
                    prop_assert!(taken < most + 40, "{} at once", taken);
                    if !more {
                        break;
                    }
                }
            }
            let firsts: BTreeMap<_, _> =
                expected.iter().filter_map(|(pair, rules)| Some((*pair, *rules.first()?))).collect();
            prop_assert_eq!(&found, &firsts);
            let by_rule = |owns: &dyn Fn(&BTreeSet<usize>, usize) -> bool| -> Vec<u64> {
                (0..3).map(|rule| expected.values().filter(|rules| owns(rules, rule)).count() as u64).collect()
            };
            prop_assert_eq!(pairs.count_by_rule(), by_rule(&|rules, rule| rules.first() == Some(&rule)));
            prop_assert_eq!(pairs.of_one_rule(), by_rule(&|rules, rule| rules.len() == 1 && rules.contains(&rule)));
            prop_assert_eq!(pairs.of_each_rule(), by_rule(&|rules, rule| rules.contains(&rule)));
            prop_assert_eq!(pairs.met_by_some(1), 2 * expected.len() as u64);
        }
    }

    #[test]
    fn no_blocks_have_no_pairs() {
        let pairs = Pairs::new(vec![RuleBlocks::default(); 2]).expect("no blocks");
        for mut piece in pairs.pieces(1) {
            assert!(!pairs.take(&mut piece, 10, |_, l, r| panic!("{l} and {r}")));
        }
        assert_eq!(pairs.count_by_rule(), [0, 0]);
    }

    /// Blocks of a near rule: groups of records that are alike share all of a record's keys.
    #[test]
    fn pairs_that_share_many_keys_are_counted_once() {
        let (mut blocks, mut row, mut expected, mut bound) = (RuleBlocks::default(), 0, 0, 0);
        for group in 0..20_000u32 {
            let rows: Vec<u32> = (row..row + 2 + group % 7).collect();
            let n = rows.len() as u64;
            for key in 0..24 {
                blocks.push(u64::from(group) * 24 + key, &rows);
                bound += n * (n - 1) / 2;
            }
            expected += n * (n - 1) / 2;
            row += 2 + group % 7;
        }
        let pairs = Pairs::new(vec![blocks]).expect("few blocks");
        assert!(bound >= 10 * expected, "the sizes of blocks count each pair {} times", bound / expected);
        assert_eq!(pairs.count_by_rule(), [expected]);
        assert_eq!(pairs.met_by_some(1), 2 * expected, "all records are looked at");
        let sampled = (pairs.met_by_some(16) * 16 / 2) as f64;
        assert!((sampled / expected as f64 - 1.0).abs() < 0.05, "{sampled} of {expected} by one record of sixteen");
    }
}
