//! Blocks over the limit, split by the refining keys of their records.
//!
//! In: the rows of such blocks, each as often as it has refined keys. Out: the blocks that are small enough then, and what is left
//! out: the records without a refined key, and the blocks that are still too large.

use super::RuleBlocks;

/// A record of a block over the limit, with one of its refined keys. Its order is that of rules, blocks, refined keys and rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RefinedRow {
    /// The rule, by its place in the model.
    pub(super) rule: u32,
    /// The block.
    pub(super) key: u64,
    /// The refined key; `None` where the record has none, or the rule refines nothing.
    pub(super) refined: Option<u64>,
    /// Row of the record.
    pub(super) row: u32,
}

/// Blocks of a rule that are too large to be compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOutBlocks {
    /// How many.
    pub blocks: u64,
    /// Records of the largest.
    pub largest: u64,
    /// Records of all of them.
    pub records: u64,
}

/// For each of the `rules` the blocks of two records up to `limit`, and what is left out.
pub(super) fn refined(mut rows: Vec<RefinedRow>, rules: usize, limit: usize) -> (Vec<RuleBlocks>, Vec<LeftOutBlocks>) {
    let mut blocks = vec![RuleBlocks::default(); rules];
    let mut left_out = vec![LeftOutBlocks::default(); rules];
    rows.sort_unstable();
    let mut block: Vec<u32> = Vec::new();
    for same in rows.chunk_by(|a, b| (a.rule, a.key, a.refined) == (b.rule, b.key, b.refined)) {
        let RefinedRow { rule, refined, .. } = same[0];
        block.clear();
        block.extend(same.iter().map(|row| row.row));
        block.dedup();
        match refined {
            _ if block.len() < 2 => {}
            Some(key) if block.len() <= limit => blocks[rule as usize].push(key, &block),
            _ => {
                let (of, records) = (&mut left_out[rule as usize], block.len() as u64);
                of.blocks += 1;
                of.largest = of.largest.max(records);
                of.records += records;
            }
        }
    }
    (blocks, left_out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_large_block_is_split_and_what_is_still_large_is_left_out() {
        let row = |rule, key, refined, row| RefinedRow { rule, key, refined, row };
        let mut rows = vec![row(0, 7, None, 1), row(0, 7, None, 2), row(1, 8, None, 3)];
        rows.extend((0..3).map(|n| row(1, 8, Some(50), n)));
        rows.extend((0..4).map(|n| row(1, 8, Some(51), 10 + n)));
        rows.push(row(1, 8, Some(52), 5));
        rows.reverse();
        let (blocks, left_out) = refined(rows, 2, 3);
        assert!(blocks[0].is_empty());
        assert_eq!(blocks[1].from(0).collect::<Vec<_>>(), [(50, &[0, 1, 2][..])]);
        let of = |blocks, largest, records| LeftOutBlocks { blocks, largest, records };
        assert_eq!(left_out, [of(1, 2, 2), of(1, 4, 4)]);
    }
}
