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
    lengths: Lengths,
    /// The values of the rows, one row after the other, each sorted.
    ids: Vec<u32>,
}

/// How many values each row has: a byte a row, as all features of all records are in memory at once, and few have more than one value.
#[derive(Debug, Default)]
struct Lengths {
    /// [`MANY`] where the next one of `many` says it.
    few: Vec<u8>,
    many: Vec<u32>,
}

/// So many values or more.
const MANY: u8 = u8::MAX;

impl Lengths {
    fn push(&mut self, length: usize) {
        let few = u8::try_from(length).unwrap_or(MANY);
        if few == MANY {
            self.many.push(length as u32);
        }
        self.few.push(few);
    }

    fn iter(&self) -> impl Iterator<Item = usize> {
        let mut many = self.many.iter();
        self.few.iter().map(move |few| match *few {
            MANY => many.next().map_or(0, |length| *length as usize),
            few => usize::from(few),
        })
    }
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
        let before = std::mem::take(&mut self.lengths);
        for (row, length) in before.iter().enumerate() {
            let from = kept;
            for i in start..start + length {
                let id = self.ids[i];
                if is_junk[id as usize] {
                    feature.junk.push((row as u32, id));
                } else {
                    self.ids[kept] = id;
                    kept += 1;
                }
            }
            start += length;
            self.lengths.push(kept - from);
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

    /// The ids of each row's values, sorted, from a row on.
    pub(super) fn rows(&self, first: usize) -> impl Iterator<Item = &[u32]> {
        let mut lengths = self.lengths.iter();
        let mut rest = &self.ids[lengths.by_ref().take(first).sum::<usize>()..];
        lengths.map(move |length| {
            let (own, after) = rest.split_at(length);
            rest = after;
            own
        })
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

/// A value that has an id, with half of its hash, by which hardly another one is looked at. The values of all features are interned at
/// once, so that each byte here is as many as there are values.
struct Interned {
    hash: u32,
    id: u32,
}

/// What a table of values goes by: all of 64 bits tell something.
fn spread(hash: u32) -> u64 {
    // The golden ratio (Knuth, "The Art of Computer Programming", 6.4).
    u64::from(hash).wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// Builds a [`PackedColumn`] row by row.
#[derive(Default)]
pub struct FeatureBuilder {
    /// By half of the hash.
    interned: HashTable<Interned>,
    hasher: foldhash::fast::FixedState,
    lengths: Lengths,
    ids: Vec<u32>,
    text: String,
    starts: Vec<u32>,
    filled: u32,
}

impl FeatureBuilder {
    /// An empty builder.
    pub fn new() -> Self {
        FeatureBuilder { starts: vec![0], ..Default::default() }
    }

    fn id(&mut self, value: &str) -> u32 {
        let hash = self.hasher.hash_one(value) as u32;
        // No value where places overflowed, which whoever pushes finds out (see `overflows`).
        let text = |id: u32| {
            let (start, end) = (self.starts[id as usize], self.starts[id as usize + 1]);
            self.text.as_bytes().get(start as usize..end as usize)
        };
        let is_it = |of: &Interned| of.hash == hash && text(of.id) == Some(value.as_bytes());
        if let Some(Interned { id, .. }) = self.interned.find(spread(hash), is_it) {
            return *id;
        }
        let id = self.starts.len() as u32 - 1;
        self.interned.insert_unique(spread(hash), Interned { hash, id }, |of| spread(of.hash));
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
        self.lengths.push(self.ids.len() - start);
    }

    /// Whether there is more than places of 32 bits can name: 4 GiB of distinct values, or 4 billion values in all.
    pub fn overflows(&self) -> bool {
        self.text.len().max(self.ids.len()) > u32::MAX as usize
    }

    /// The finished feature.
    pub fn finish(mut self) -> PackedColumn {
        self.interned = HashTable::new();
        self.text.shrink_to_fit();
        self.starts.shrink_to_fit();
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
        PackedColumn { feature, lengths: self.lengths, ids: self.ids }
    }
}
