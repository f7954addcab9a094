//! Keys of records, as they are read, to blocks.
//!
//! In: keys in any order, from several threads. Out: for each rule its blocks in order of their keys, the same however the keys
//! came. Keys are dealt by their first bits into drawers, each of which is sorted in a processor's cache. Of keys that do not
//! all fit into memory a [`Window`] of the first drawers is kept; the next one is filled when the keys are read again.

use std::ops::Range;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::RuleBlocks;
use crate::parallel;

/// Drawers of keys: of ten million keys one has 40,000, which is what a core's own cache holds.
const DRAWERS: usize = 256;

/// A blocking key of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct RowKey {
    /// Hash of the rule and the key's values.
    pub(super) key: u64,
    /// Row of the record.
    pub(super) row: u32,
    /// The rule, by its place in the model.
    pub(super) rule: u32,
}

/// Keys by drawer, as one thread read them.
#[derive(Debug)]
pub(super) struct KeyDrawers {
    drawers: Vec<Vec<RowKey>>,
    /// Drawers from here on are empty.
    end: usize,
}

impl Default for KeyDrawers {
    fn default() -> Self {
        KeyDrawers { drawers: vec![Vec::new(); DRAWERS], end: DRAWERS }
    }
}

impl KeyDrawers {
    /// Empties the drawers from `end` on; answers how many keys went.
    fn cut(&mut self, end: usize) -> usize {
        let gone = self.drawers.iter_mut().take(self.end).skip(end).map(|drawer| std::mem::take(drawer).len()).sum();
        self.end = self.end.min(end);
        gone
    }
}

/// Which drawers are filled while all keys are read, so that no more than a number of keys is held.
#[derive(Debug)]
pub(super) struct Window {
    start: usize,
    end: AtomicUsize,
    held: AtomicUsize,
    most: usize,
}

impl Window {
    /// All drawers, as long as no more than `most` keys are held.
    pub(super) fn new(most: usize) -> Self {
        Window { start: 0, end: AtomicUsize::new(DRAWERS), held: AtomicUsize::new(0), most }
    }

    /// The drawers that this one left out; `None` where it left out none.
    pub(super) fn next(&self) -> Option<Self> {
        let start = self.end();
        (start < DRAWERS).then(|| Window { start, ..Window::new(self.most) })
    }

    fn end(&self) -> usize {
        self.end.load(Ordering::Relaxed)
    }

    /// Adds keys of this window to those that a thread has read. The window gets narrower where more keys are held than may be; it
    /// keeps one drawer at least.
    pub(super) fn add(&self, to: &mut KeyDrawers, keys: impl Iterator<Item = RowKey>) {
        let end = self.end();
        let gone = to.cut(end);
        let mut added = 0;
        for key in keys {
            let drawer = (key.key >> (u64::BITS - DRAWERS.ilog2())) as usize;
            if (self.start..end).contains(&drawer) {
                to.drawers[drawer].push(key);
                added += 1;
            }
        }
        self.held.fetch_sub(gone, Ordering::Relaxed);
        let held = self.held.fetch_add(added, Ordering::Relaxed) + added;
        if held > self.most && end - self.start > 1 {
            let half = self.start + (end - self.start).div_ceil(2);
            // Where another thread was quicker the window is narrower already.
            let _ = self.end.compare_exchange(end, half, Ordering::Relaxed, Ordering::Relaxed);
        }
    }

    fn drawers(&self) -> Range<usize> {
        self.start..self.end()
    }
}

/// The blocks of all keys of a window: of each of the `rules` those of two records up to `limit`, and those of more. A key that
/// two rules have belongs to the first.
pub(super) fn grouped(window: &Window, mut keys: Vec<KeyDrawers>, rules: usize, limit: usize) -> [Vec<RuleBlocks>; 2] {
    let mut drawer = |place: usize| -> Vec<Vec<RowKey>> {
        keys.iter_mut().map(|keys| std::mem::take(&mut keys.drawers[place])).collect()
    };
    let drawers = window.drawers().map(&mut drawer).collect();
    let parts = parallel::map(drawers, |_, parts: Vec<Vec<RowKey>>| blocks_of(parts, rules, limit));
    let mut all = [vec![RuleBlocks::default(); rules], vec![RuleBlocks::default(); rules]];
    for part in parts {
        for (all, part) in all.iter_mut().flatten().zip(part.into_iter().flatten()) {
            all.append(&part);
        }
    }
    all
}

/// The blocks of a drawer.
fn blocks_of(parts: Vec<Vec<RowKey>>, rules: usize, limit: usize) -> [Vec<RuleBlocks>; 2] {
    let mut found = [vec![RuleBlocks::default(); rules], vec![RuleBlocks::default(); rules]];
    let mut parts = parts.into_iter();
    let mut keys = parts.next().unwrap_or_default();
    parts.for_each(|part| keys.extend(part));
    keys.sort_unstable();
    let mut rows: Vec<u32> = Vec::new();
    for block in keys.chunk_by(|a, b| a.key == b.key).filter(|block| block.len() > 1) {
        rows.clear();
        rows.extend(block.iter().map(|key| key.row));
        rows.dedup();
        let rule = block.iter().map(|key| key.rule).min().unwrap_or_default();
        if rows.len() > 1 {
            let [within, over] = &mut found;
            let to = if rows.len() <= limit { within } else { over };
            to[rule as usize].push(block[0].key, &rows);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::sample::mix;

    /// Keys of rows under two rules: the groups of a thousand are shared by some.
    fn keys() -> Vec<RowKey> {
        let key = |row: u32, rule: u32| {
            let group = mix(u64::from(row) ^ u64::from(rule) << 32) % 1000;
            RowKey { key: mix(group << 1 | u64::from(rule)), row, rule }
        };
        (0..3000).flat_map(|row| [key(row, 0), key(row, 1)]).collect()
    }

    fn blocks(keys: &[RowKey], threads: usize, most: usize) -> [Vec<RuleBlocks>; 2] {
        let mut all = [vec![RuleBlocks::default(); 2], vec![RuleBlocks::default(); 2]];
        let mut window = Some(Window::new(most));
        while let Some(now) = window {
            let mut read: Vec<KeyDrawers> = (0..threads).map(|_| KeyDrawers::default()).collect();
            for (place, some) in keys.chunks(100).enumerate() {
                now.add(&mut read[place % threads], some.iter().copied());
            }
            for (all, part) in all.iter_mut().flatten().zip(grouped(&now, read, 2, 4).iter().flatten()) {
                all.append(part);
            }
            window = now.next();
        }
        all
    }

    #[test]
    fn blocks_are_the_rows_of_a_key_whatever_fits_into_memory() {
        let keys = keys();
        let all = blocks(&keys, 1, usize::MAX);
        for (threads, most) in [(3, usize::MAX), (1, 1500), (3, 700), (2, 0)] {
            assert_eq!(blocks(&keys, threads, most), all, "{threads} threads, {most} keys at once");
        }
        let mut expected: std::collections::BTreeMap<(u32, u64), Vec<u32>> = Default::default();
        keys.iter().for_each(|key| expected.entry((key.rule, key.key)).or_default().push(key.row));
        expected.retain(|_, rows| rows.len() > 1);
        let mut found = 0;
        for (over, rules) in all.iter().enumerate() {
            for (rule, blocks) in rules.iter().enumerate() {
                let mut last = None;
                for (key, rows) in blocks.from(0) {
                    assert!(last < Some(key), "in order of keys");
                    last = Some(key);
                    assert_eq!(expected.get(&(rule as u32, key)).map(Vec::as_slice), Some(rows));
                    assert_eq!(rows.len() > 4, over == 1, "{} rows", rows.len());
                    found += 1;
                }
            }
        }
        assert_eq!(found, expected.len());
    }
}
