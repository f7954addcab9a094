//! One feature of all records while it is packed: text values to interned ids, row by row; what means nothing is dropped, what
//! comparisons ask for is prepared.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::condition::{NamePart, Prepare};
use super::packed::PackedFeature;
use crate::similarity;
use nayose_japanese::date::PartialDate;
use nayose_japanese::name;

/// The length of a text, and which of 64 kinds of characters it has.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Sign {
    pub(super) length: u32,
    pub(super) kinds: u64,
}

impl Sign {
    fn of(text: &str) -> Self {
        let kinds = text.chars().fold(0, |kinds, c| kinds | 1 << (c as u32 % 64));
        Sign { length: text.chars().count() as u32, kinds }
    }
}

/// A feature of all records, row by row.
#[derive(Debug)]
pub struct PackedColumn {
    pub(super) feature: PackedFeature,
    /// `ids[offsets[row]..offsets[row + 1]]` are the row's values, sorted.
    offsets: Vec<u32>,
    pub(super) ids: Vec<u32>,
}

/// A value that more records have than any household has in all its channels, and many times more than values of its kind
/// have on average, is a shop's own phone or a default birth date.
const JUNK_RECORDS: u32 = 50;
const JUNK_TIMES_MEAN: f64 = 30.0;

impl PackedColumn {
    /// Drops the values of so many records that they mean nothing: their rows have no such value from here on.
    pub fn drop_junk(&mut self) {
        let feature = &mut self.feature;
        let mean = feature.counts.iter().map(|c| f64::from(*c)).sum::<f64>() / feature.counts.len().max(1) as f64;
        let is_junk: Vec<bool> =
            feature.counts.iter().map(|c| *c > JUNK_RECORDS && f64::from(*c) > JUNK_TIMES_MEAN * mean).collect();
        if !is_junk.contains(&true) {
            return;
        }
        let (mut kept, mut start) = (0, 0);
        feature.filled = 0;
        for row in 0..self.offsets.len() - 1 {
            let from = kept;
            for i in start..self.offsets[row + 1] as usize {
                let id = self.ids[i];
                if is_junk[id as usize] {
                    feature.junk.push((row as u32, id));
                } else {
                    self.ids[kept] = id;
                    kept += 1;
                }
            }
            start = self.offsets[row + 1] as usize;
            self.offsets[row + 1] = kept as u32;
            feature.filled += u32::from(kept > from);
        }
        self.ids.truncate(kept);
        feature.counts.iter_mut().zip(&is_junk).filter(|(_, junk)| **junk).for_each(|(count, _)| *count = 0);
    }

    /// Prepares the values to be compared by edit distance, as dates, or as names.
    pub fn prepare(&mut self, Prepare { edits, dates, names }: Prepare) {
        let feature = &mut self.feature;
        let ids = || 0..feature.counts.len() as u32;
        let signs = if edits { ids().map(|id| Sign::of(feature.value(id))).collect() } else { Vec::new() };
        let dates = if dates { ids().map(|id| Day::of(feature.value(id))).collect() } else { Vec::new() };
        let names = match names {
            Some(part) => ids().map(|id| is_name(part, feature.value(id))).collect(),
            None => Vec::new(),
        };
        (feature.signs, feature.dates, feature.names) = (signs, dates, names);
    }

    /// The ids of a row's values, sorted.
    pub(super) fn ids(&self, row: usize) -> &[u32] {
        &self.ids[self.offsets[row] as usize..self.offsets[row + 1] as usize]
    }
}

/// Whether the dictionary knows a value as a name of this part.
pub(super) fn is_name(part: NamePart, value: &str) -> bool {
    match part {
        NamePart::Family => name::is_family_name(value),
        NamePart::Given => name::is_given_name(value),
    }
}

/// A date as the features hold it, and its digits.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct Day {
    pub(super) date: PartialDate,
    pub(super) digits: Option<u64>,
}

impl Day {
    /// Of `1980-03-04`, `1980-03` or `1980`.
    pub(super) fn of(text: &str) -> Option<Self> {
        let mut parts = text.split('-');
        let year = parts.next()?.parse().ok()?;
        let month = parts.next().and_then(|m| m.parse().ok());
        let day = parts.next().and_then(|d| d.parse().ok());
        let date = PartialDate { year, month, day };
        Some(Day { date, digits: similarity::whole_digits(date) })
    }
}

/// A value that has an id. Its hash and its place in the text are beside the id, so that few looks at memory tell whether it is
/// the value asked for.
struct Interned {
    hash: u64,
    id: u32,
    start: u32,
    bytes: u32,
}

/// Builds a [`PackedColumn`] row by row.
#[derive(Default)]
pub struct FeatureBuilder {
    /// By hash.
    interned: HashTable<Interned>,
    hasher: foldhash::fast::FixedState,
    offsets: Vec<u32>,
    ids: Vec<u32>,
    text: String,
    starts: Vec<u32>,
    filled: u32,
}

impl FeatureBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        FeatureBuilder { offsets: vec![0], starts: vec![0], ..Default::default() }
    }

    fn id(&mut self, value: &str) -> u32 {
        let hash = self.hasher.hash_one(value);
        // No value where places overflowed, which whoever pushes finds out (see `overflows`).
        let text = |of: &Interned| self.text.as_bytes().get(of.start as usize..of.start as usize + of.bytes as usize);
        let is_it =
            |of: &Interned| of.hash == hash && of.bytes as usize == value.len() && text(of) == Some(value.as_bytes());
        if let Some(Interned { id, .. }) = self.interned.find(hash, is_it) {
            return *id;
        }
        let id = self.starts.len() as u32 - 1;
        let (start, bytes) = (self.text.len() as u32, value.len() as u32);
        self.interned.insert_unique(hash, Interned { hash, id, start, bytes }, |of| of.hash);
        self.text.push_str(value);
        self.starts.push(self.text.len() as u32);
        id
    }

    /// Adds the values of the next row; duplicates count once.
    pub fn push<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        let start = self.ids.len();
        for value in values {
            let id = self.id(value);
            self.ids.push(id);
        }
        self.ids[start..].sort_unstable();
        let mut kept = start;
        for i in start..self.ids.len() {
            if i == start || self.ids[i] != self.ids[i - 1] {
                self.ids[kept] = self.ids[i];
                kept += 1;
            }
        }
        self.ids.truncate(kept);
        self.filled += u32::from(self.ids.len() > start);
        self.offsets.push(self.ids.len() as u32);
    }

    /// Whether there is more than places of 32 bits can name: 4 GiB of distinct values, or 4 billion values in all.
    pub fn overflows(&self) -> bool {
        self.text.len().max(self.ids.len()) > u32::MAX as usize
    }

    /// The finished feature.
    pub fn finish(self) -> PackedColumn {
        // Counted here and not as the values come: one after the other, and the machine looks ahead.
        let mut counts = vec![0; self.starts.len().saturating_sub(1)];
        self.ids.iter().for_each(|id| counts[*id as usize] += 1);
        let feature = PackedFeature {
            text: self.text,
            starts: self.starts,
            counts,
            filled: self.filled,
            ..PackedFeature::default()
        };
        PackedColumn { feature, offsets: self.offsets, ids: self.ids }
    }
}
