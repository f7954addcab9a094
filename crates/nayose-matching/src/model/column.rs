//! One feature of all records while it is packed: text values to interned ids, row by row; what means nothing is dropped, what
//! comparisons ask for is prepared.

use std::hash::BuildHasher;

use hashbrown::HashTable;

use super::condition::{NamePart, Prepare};
use super::counts::Counts;
use super::packed::PackedFeature;
use super::sample::mix;
use super::slots::{CHUNK, Codes, MOST_VALUES, Sets, Slot};
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
    /// What the records have, [`CHUNK`] of them at a time.
    pub(super) codes: Vec<Codes>,
}

/// A value that more records have than any household has in all its channels, and many times more than values of its kind
/// have on average, is a shop's own phone or a default birth date.
const JUNK_RECORDS: u32 = 50;
const JUNK_TIMES_MEAN: f64 = 30.0;

impl PackedColumn {
    /// Drops the values of so many records that they mean nothing: their rows have no such value from here on.
    pub fn drop_junk(&mut self) {
        let feature = &mut self.feature;
        let mean = feature.counts.iter().map(f64::from).sum::<f64>() / feature.counts.len().max(1) as f64;
        let is_junk: Vec<bool> =
            feature.counts.iter().map(|c| c > JUNK_RECORDS && f64::from(c) > JUNK_TIMES_MEAN * mean).collect();
        if !is_junk.contains(&true) {
            return;
        }
        let of_before = std::mem::take(&mut feature.sets);
        let kept = |set: u32| of_before.of(set).iter().copied().filter(|id| !is_junk[*id as usize]);
        let mut left = |set: u32| match (kept(set).next(), kept(set).count()) {
            (Some(id), 1) => Slot::One(id),
            (Some(_), _) => Slot::Several(feature.sets.push(kept(set))),
            (None, _) => Slot::None,
        };
        let of_set: Vec<Slot> = (0..of_before.len() as u32).map(&mut left).collect();
        feature.filled = 0;
        let mut row = 0;
        for chunk in &mut self.codes {
            let mut without = |slot: Slot| {
                let (left, ids) = match &slot {
                    Slot::Several(set) => (of_set[*set as usize], of_before.of(*set)),
                    Slot::One(id) if is_junk[*id as usize] => (Slot::None, std::slice::from_ref(id)),
                    _ => (slot, &[][..]),
                };
                feature.junk.extend(ids.iter().filter(|id| is_junk[**id as usize]).map(|id| (row, *id)));
                feature.filled += u32::from(left != Slot::None);
                row += 1;
                left.code()
            };
            let codes: Vec<u32> = chunk.slots().map(&mut without).collect();
            *chunk = Codes::new(&codes);
        }
        let of_records = feature.counts.iter().zip(&is_junk).map(|(count, junk)| if *junk { 0 } else { count });
        feature.counts = Counts::new(of_records.collect());
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

/// A value that has an id. A part of its hash, its length and its place in the text are beside the id, so that few looks at memory tell
/// whether it is the value asked for.
#[derive(Clone, Copy)]
struct Interned {
    tag: u32,
    id: u32,
    start: u32,
}

/// A length in a tag that may be a larger one.
const LONG: u32 = 0xff;

impl Interned {
    /// What is kept of a hash, and the length of the value in the last byte.
    fn tag(hash: u64, bytes: usize) -> u32 {
        hash as u32 & !LONG | bytes.min(LONG as usize) as u32
    }

    /// The place in the table follows from the tag alone, so that no text is read when the table grows.
    fn place(tag: u32) -> u64 {
        mix(tag.into())
    }
}

/// Builds a [`PackedColumn`] row by row.
#[derive(Default)]
pub struct FeatureBuilder {
    interned: HashTable<Interned>,
    /// The sets, each by its number.
    interned_sets: HashTable<u32>,
    hasher: foldhash::fast::FixedState,
    sets: Sets,
    codes: Vec<Codes>,
    /// The codes behind those.
    open: Vec<u32>,
    /// The values of the row at hand.
    row: Vec<u32>,
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
        let tag = Interned::tag(self.hasher.hash_one(value), value.len());
        // No value where places overflowed, which whoever pushes finds out (see `overflows`).
        let is_it = |of: &Interned| {
            let (start, id) = (of.start as usize, of.id as usize);
            let is_as_long = || tag & LONG < LONG || self.starts[id + 1] - self.starts[id] == value.len() as u32;
            of.tag == tag
                && self.text.as_bytes().get(start..start + value.len()) == Some(value.as_bytes())
                && is_as_long()
        };
        if let Some(Interned { id, .. }) = self.interned.find(Interned::place(tag), is_it) {
            return *id;
        }
        let (id, start) = (self.starts.len() as u32 - 1, self.text.len() as u32);
        self.interned.insert_unique(Interned::place(tag), Interned { tag, id, start }, |of| Interned::place(of.tag));
        self.text.push_str(value);
        self.starts.push(self.text.len() as u32);
        id
    }

    /// The set of the values of the row at hand.
    fn set(&mut self) -> u32 {
        let FeatureBuilder { interned_sets, hasher, sets, row, .. } = self;
        let hash = hasher.hash_one(&*row);
        if let Some(set) = interned_sets.find(hash, |set| sets.of(*set) == row.as_slice()) {
            return *set;
        }
        let set = sets.push(row.iter().copied());
        interned_sets.insert_unique(hash, set, |set| hasher.hash_one(sets.of(*set)));
        set
    }

    /// Adds the values of the next row; duplicates count once.
    pub fn push<'a>(&mut self, values: impl Iterator<Item = &'a str>) {
        self.row.clear();
        for value in values {
            let id = self.id(value);
            self.row.push(id);
        }
        self.row.sort_unstable();
        self.row.dedup();
        let slot = match *self.row {
            [] => Slot::None,
            [id] => Slot::One(id),
            _ => Slot::Several(self.set()),
        };
        self.filled += u32::from(slot != Slot::None);
        self.open.push(slot.code());
        if self.open.len() == CHUNK {
            self.codes.push(Codes::new(&self.open));
            self.open.clear();
        }
    }

    /// Whether there is more than places can name: 4 GiB of distinct values, or two billion of them, or of sets of them.
    pub fn overflows(&self) -> bool {
        self.text.len().max(self.sets.ids()) > u32::MAX as usize || self.starts.len().max(self.sets.len()) > MOST_VALUES
    }

    /// The finished feature.
    pub fn finish(mut self) -> PackedColumn {
        drop((std::mem::take(&mut self.interned), std::mem::take(&mut self.interned_sets)));
        if !self.open.is_empty() {
            self.codes.push(Codes::new(&self.open));
        }
        // Counted here and not as the values come: one after the other, and the machine looks ahead.
        let mut counts = vec![0; self.starts.len().saturating_sub(1)];
        let mut of_sets = vec![0; self.sets.len()];
        for slot in self.codes.iter().flat_map(Codes::slots) {
            match slot {
                Slot::None => {}
                Slot::One(id) => counts[id as usize] += 1,
                Slot::Several(set) => of_sets[set as usize] += 1,
            }
        }
        for (set, records) in (0..).zip(of_sets) {
            self.sets.of(set).iter().for_each(|id| counts[*id as usize] += records);
        }
        let FeatureBuilder { codes, mut text, mut starts, mut sets, filled, .. } = self;
        text.shrink_to_fit();
        starts.shrink_to_fit();
        sets.shrink();
        let counts = Counts::new(counts);
        PackedColumn {
            feature: PackedFeature { text, starts, counts, sets, filled, ..PackedFeature::default() },
            codes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Packed;

    #[test]
    fn what_means_nothing_goes_from_sets_and_leaves_the_rest() {
        let rows: Vec<Vec<String>> = (0..6000usize)
            .map(|row| {
                let own = |n: usize| format!("{row}.{n}");
                match row % 100 {
                    0 => vec!["x".to_string()],
                    1 => vec!["x".to_string(), own(0)],
                    2 => vec!["x".to_string(), own(0), own(1)],
                    3 => vec!["x".to_string(), "y".to_string()],
                    4 => vec!["y".to_string(), own(0)],
                    5 => Vec::new(),
                    _ => vec![own(0)],
                }
            })
            .collect();
        let mut builder = FeatureBuilder::new();
        rows.iter().for_each(|row| builder.push(row.iter().map(String::as_str)));
        let mut column = builder.finish();
        column.drop_junk();
        let packed = Packed::new(vec![column], vec!["shop".into()], vec![0; rows.len()], &[]);
        let (mut filled, feature) = (0, &packed.features[0]);
        for (row, given) in rows.iter().enumerate() {
            let (junk, left): (Vec<&str>, Vec<&str>) = given.iter().map(String::as_str).partition(|v| v.len() == 1);
            assert_eq!(packed.values(row, 0).collect::<Vec<_>>(), left, "row {row}");
            assert_eq!(feature.junk(row).collect::<Vec<_>>(), junk, "row {row}");
            filled += u32::from(!left.is_empty());
        }
        assert_eq!((feature.filled(), feature.junk_counts()), (filled, (2, 60 * 6)));
    }

    #[test]
    fn long_values_with_the_same_beginning_are_several() {
        let long = |end: &str| "あ".repeat(100) + end;
        let values = [long(""), long("い"), long("いう"), "あ".repeat(84), "あ".repeat(85), "あ".repeat(86)];
        let mut builder = FeatureBuilder::new();
        (0..2).for_each(|_| values.iter().for_each(|value| builder.push([value.as_str()].into_iter())));
        let column = builder.finish();
        assert_eq!(column.feature.distinct(), values.len());
        for (id, value) in (0..).zip(&values) {
            assert_eq!((column.feature.value(id), column.feature.count(id)), (value.as_str(), 2));
        }
    }
}
