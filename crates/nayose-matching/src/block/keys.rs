//! Blocks from the interned features of all records.
//!
//! In: blocking rules, [`Packed`] features, how large a block may be, how many keys may be in memory. Out: [`Blocked`]. Keys
//! are made of the values that a record has, those included that very many records have: that no evidence follows from a value
//! is no reason not to compare those who share it and something else.

use std::cmp::Reverse;
use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::group::{KeyDrawers, RowKey, Window, grouped};
use super::refine::{RefinedRow, refined};
use super::{LeftOutBlocks, Pairs, RuleBlocks};
use crate::model::keys::KeyMaker;
use crate::model::{BlockingRule, Packed};
use crate::parallel;

/// The blocks of all records.
#[derive(Debug)]
pub struct Blocked {
    /// Those that are compared, and their pairs.
    pub pairs: Pairs,
    /// Rule and number of records of the largest, before refining.
    pub largest: Vec<(usize, u64)>,
    /// By rule those that are left out.
    pub left_out: Vec<LeftOutBlocks>,
}

impl Blocked {
    /// The blocks of records under blocking rules. Those of more than `limit` records are refined. While blocks are made no more than
    /// about `most_keys` keys are in memory, of [`KEY_BYTES`] each. `None` where there are more blocks, or records in them, than a number of
    /// 32 bits can name.
    ///
    /// [`KEY_BYTES`]: super::KEY_BYTES
    pub fn new(rules: &[BlockingRule], packed: &Packed, limit: usize, most_keys: usize) -> Option<Self> {
        let none = || vec![RuleBlocks::default(); rules.len()];
        let (mut within, mut over) = (none(), none());
        let mut next = Some(Window::new(most_keys));
        while let Some(window) = next {
            let keys = read(rules, packed, &window);
            let [small, large] = grouped(&window, keys, rules.len(), limit);
            within.iter_mut().zip(&small).for_each(|(all, part)| all.append(part));
            over.iter_mut().zip(&large).for_each(|(all, part)| all.append(part));
            next = window.next();
        }
        within.iter().chain(&over).all(RuleBlocks::are_named).then_some(())?;
        let largest = largest([&within, &over]);
        let (small, left_out) = refined(refined_rows(rules, packed, &over), rules.len(), limit);
        within.iter_mut().zip(&small).for_each(|(all, part)| all.append(part));
        Some(Blocked { pairs: Pairs::new(within)?, largest, left_out })
    }
}

/// Rows whose keys a thread makes at once.
const ROWS_AT_ONCE: usize = 4096;

/// The keys of all records that are in the window, as each thread found them.
fn read(rules: &[BlockingRule], packed: &Packed, window: &Window) -> Vec<KeyDrawers> {
    let chunks = AtomicUsize::new(0);
    let work = |_, _| {
        let (mut drawers, mut maker, mut keys) = (KeyDrawers::default(), KeyMaker::default(), Vec::new());
        loop {
            let start = chunks.fetch_add(1, Ordering::Relaxed) * ROWS_AT_ONCE;
            if start >= packed.rows {
                return drawers;
            }
            keys.clear();
            of_rows(rules, packed, start..packed.rows.min(start + ROWS_AT_ONCE), &mut maker, &mut keys);
            window.add(&mut drawers, keys.iter().copied());
        }
    };
    parallel::map(vec![(); parallel::threads()], work)
}

/// The keys of some rows.
fn of_rows<'v>(
    rules: &[BlockingRule],
    packed: &'v Packed,
    rows: Range<usize>,
    maker: &mut KeyMaker<'v>,
    into: &mut Vec<RowKey>,
) {
    for row in rows {
        for (rule, blocking) in rules.iter().enumerate() {
            let keys = maker.keys(&blocking.keys, rule as u64, |feature, values| {
                packed.texts(row, feature, values);
            });
            into.extend(keys.iter().map(|key| RowKey { key: *key, row: row as u32, rule: rule as u32 }));
        }
    }
}

/// The rows of blocks over the limit with the keys by which their rules split them.
fn refined_rows(rules: &[BlockingRule], packed: &Packed, over: &[RuleBlocks]) -> Vec<RefinedRow> {
    let blocks = over.iter().enumerate().flat_map(|(rule, of)| of.from(0).map(move |(key, rows)| (rule, key, rows)));
    let found = parallel::map(blocks.collect(), |_, (rule, key, rows): (usize, u64, &[u32])| {
        let (refine, mut maker, mut found) = (&rules[rule].refine, KeyMaker::default(), Vec::new());
        for row in rows {
            let of = |refined| RefinedRow { rule: rule as u32, key, refined, row: *row };
            let keys: &[u64] = if refine.is_empty() {
                &[]
            } else {
                maker.keys(refine, key, |feature, values| packed.texts(*row as usize, feature, values))
            };
            match keys {
                [] => found.push(of(None)),
                keys => found.extend(keys.iter().map(|key| of(Some(*key)))),
            }
        }
        found
    });
    found.concat()
}

/// How many of the largest blocks are named.
const LARGEST: usize = 5;

/// Rule and size of the largest blocks.
fn largest(all: [&[RuleBlocks]; 2]) -> Vec<(usize, u64)> {
    let mut found: Vec<(Reverse<u64>, usize)> = Vec::new();
    for (rule, blocks) in all.iter().flat_map(|rules| rules.iter().enumerate()) {
        for size in blocks.sizes() {
            let of = (Reverse(size as u64), rule);
            let place = found.partition_point(|larger| *larger <= of);
            if place < LARGEST {
                found.insert(place, of);
                found.truncate(LARGEST);
            }
        }
    }
    found.into_iter().map(|(Reverse(records), rule)| (rule, records)).collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use proptest::prelude::*;

    use super::*;
    use crate::model::column::FeatureBuilder;
    use crate::model::{Key, Near};

    type Record = [Vec<String>; 3];

    fn packed(records: &[Record]) -> Packed {
        let column = |feature: usize| {
            let mut builder = FeatureBuilder::new();
            records.iter().for_each(|record| builder.push(record[feature].iter().map(String::as_str)));
            let mut column = builder.finish();
            column.drop_junk();
            column
        };
        Packed::new((0..3).map(column).collect(), vec!["shop".into()], vec![0; records.len()], &[])
    }

    fn rules() -> Vec<BlockingRule> {
        let key = |feature, prefix, near| Key { feature, prefix, near };
        let rule = |keys, refine| BlockingRule { name: String::new(), keys, refine };
        vec![
            rule(vec![key(0, None, None)], vec![key(1, None, None), key(2, Some(1), None)]),
            rule(vec![key(1, Some(2), None), key(2, None, None)], Vec::new()),
            rule(vec![key(1, None, Some(Near::Text))], vec![key(2, None, None)]),
        ]
    }

    type Sets = BTreeMap<u64, Vec<u32>>;

    /// By rule the blocks that are compared, and those that are left out, from the values of the records as they were.
    fn expected(records: &[Record], limit: usize) -> (Vec<Sets>, Vec<LeftOutBlocks>) {
        let (mut blocks, mut left_out) = (vec![Sets::new(); 3], vec![LeftOutBlocks::default(); 3]);
        let keys_of = |keys: &[Key], seed: u64, row: u32| {
            let values = |feature: usize, values: &mut Vec<_>| {
                values.extend(records[row as usize][feature].iter().map(String::as_str));
                values.sort_unstable();
            };
            KeyMaker::default().keys(keys, seed, values).to_vec()
        };
        for (rule, of) in rules().iter().enumerate() {
            let mut leave = |rows: usize| {
                let left_out = &mut left_out[rule];
                left_out.blocks += 1;
                left_out.largest = left_out.largest.max(rows as u64);
                left_out.records += rows as u64;
            };
            let mut all = Sets::new();
            for row in 0..records.len() as u32 {
                keys_of(&of.keys, rule as u64, row).into_iter().for_each(|key| all.entry(key).or_default().push(row));
            }
            for (key, rows) in all.into_iter().filter(|(_, rows)| rows.len() > 1) {
                if rows.len() <= limit {
                    blocks[rule].insert(key, rows);
                    continue;
                }
                let (mut split, mut none) = (Sets::new(), 0);
                for row in rows {
                    let keys = if of.refine.is_empty() { Vec::new() } else { keys_of(&of.refine, key, row) };
                    none += usize::from(keys.is_empty());
                    keys.into_iter().for_each(|key| split.entry(key).or_default().push(row));
                }
                if none > 1 {
                    leave(none);
                }
                for (key, rows) in split.into_iter().filter(|(_, rows)| rows.len() > 1) {
                    if rows.len() <= limit { drop(blocks[rule].insert(key, rows)) } else { leave(rows.len()) }
                }
            }
        }
        (blocks, left_out)
    }

    fn records() -> impl Strategy<Value = Vec<Record>> {
        let values = |text: &'static str, most: usize| {
            prop::collection::btree_set(text, 0..=most).prop_map(|set| set.into_iter().collect::<Vec<String>>())
        };
        // Of some values there are so many that they are dropped as evidence.
        let phone = prop_oneof![1 => Just(vec!["0".to_string()]), 2 => values("[0-9]{3}", 2)];
        prop::collection::vec((phone, values("[a-c]{1,4}", 2), values("[x-z]{1,2}", 2)), 0..300)
            .prop_map(|records| records.into_iter().map(|(a, b, c)| [a, b, c]).collect())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(32))]
        #[test]
        fn blocks_are_those_of_brute_force(records in records(), limit in 2usize..40, most in 0usize..2000) {
            let packed = packed(&records);
            let found = Blocked::new(&rules(), &packed, limit, most).expect("few blocks");
            let (blocks, left_out) = expected(&records, limit);
            let of = |blocks: &RuleBlocks| blocks.from(0).map(|(key, rows)| (key, rows.to_vec())).collect::<Sets>();
            prop_assert_eq!(found.pairs.blocks().iter().map(of).collect::<Vec<_>>(), blocks);
            prop_assert_eq!(&found.left_out, &left_out);
            prop_assert!(found.largest.is_sorted_by_key(|(rule, records)| (Reverse(*records), *rule)));
            let over: u64 = left_out.iter().map(|of| of.largest).max().unwrap_or_default();
            prop_assert!(found.largest.first().map_or(0, |(_, records)| *records) >= over);
        }
    }

    #[test]
    fn those_who_share_what_is_no_evidence_are_compared() {
        let record = |n: usize| [vec![if n < 60 { "0".into() } else { n.to_string() }], Vec::new(), Vec::new()];
        let packed = packed(&(0..200).map(record).collect::<Vec<_>>());
        assert_eq!(packed.features[0].junk_counts(), (1, 60));
        let found = Blocked::new(&rules(), &packed, 100, usize::MAX).expect("few blocks");
        assert_eq!(found.pairs.count_by_rule(), [60 * 59 / 2, 0, 0]);
        assert_eq!(found.largest, [(0, 60)]);
    }
}
