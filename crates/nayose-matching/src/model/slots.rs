//! What each record has of each feature: rows of small numbers.
//!
//! In: for every feature the [`Codes`] of all records, as they were interned. Out: [`Slots`], where what a record has lies together, so
//! that a pair touches a few lines of memory. A slot has 16 bits where the feature has so few values, 32 elsewhere. Several values are a
//! set, and each set of a feature is kept once: one name has the same readings in every record.

use super::compare::{Relations, Side};
use super::packed::{Packed, PackedFeature};
use super::sets::intersects;
use crate::parallel;

/// Records whose codes lie together while features are interned. A multiple is placed at once and then let go, so that no feature is in
/// memory twice.
pub(super) const CHUNK: usize = 1 << 13;

/// Values and sets of a feature whose slots have 16 bits.
const NARROW: usize = 1 << 16;

/// What a record has of a feature.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Slot {
    /// No value.
    None,
    /// One, by its id.
    One(u32),
    /// Several: their set, by its number.
    Several(u32),
}

/// Ids and sets of a feature are fewer: a bit of a code tells one from the other.
pub(super) const MOST_VALUES: usize = (1 << 31) - 1;

impl Slot {
    const SEVERAL: u32 = 1 << 31;

    /// As a number: ids from 1 on, sets with the highest bit.
    pub(super) fn code(self) -> u32 {
        match self {
            Slot::None => 0,
            Slot::One(id) => id + 1,
            Slot::Several(set) => Slot::SEVERAL | set,
        }
    }

    fn of(code: u32) -> Self {
        match code {
            0 => Slot::None,
            code if code & Slot::SEVERAL == 0 => Slot::One(code - 1),
            code => Slot::Several(code & !Slot::SEVERAL),
        }
    }
}

/// What the records of a chunk have of a feature. The first ids and sets are small numbers.
#[derive(Debug)]
pub(super) enum Codes {
    /// With 16 bits a code, of which the highest tells sets.
    Narrow(Vec<u16>),
    Wide(Vec<u32>),
}

impl Codes {
    /// Codes as [`Slot::code`] makes them.
    pub(super) fn new(codes: &[u32]) -> Self {
        const SEVERAL: u16 = 1 << 15;
        let is_narrow = |code: &u32| code & !Slot::SEVERAL < u32::from(SEVERAL);
        if codes.iter().all(is_narrow) {
            let narrow = |code: &u32| *code as u16 | if code & Slot::SEVERAL == 0 { 0 } else { SEVERAL };
            Codes::Narrow(codes.iter().map(narrow).collect())
        } else {
            Codes::Wide(codes.to_vec())
        }
    }

    /// What each record has, in order.
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot> {
        let (narrow, wide): (&[u16], &[u32]) = match self {
            Codes::Narrow(codes) => (codes, &[]),
            Codes::Wide(codes) => (&[], codes),
        };
        let widened = |code: &u16| u32::from(code & 0x7fff) | u32::from(code & 0x8000) << 16;
        narrow.iter().map(widened).chain(wide.iter().copied()).map(Slot::of)
    }
}

/// Sets of ids, flat.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Sets {
    /// Where each set ends in `ids`; it begins where the one before does.
    ends: Vec<u32>,
    ids: Vec<u32>,
}

impl Sets {
    /// Adds a set of sorted ids; answers its number.
    pub(super) fn push(&mut self, ids: impl Iterator<Item = u32>) -> u32 {
        self.ids.extend(ids);
        self.ends.push(self.ids.len() as u32);
        self.ends.len() as u32 - 1
    }

    /// The ids of a set.
    #[inline]
    pub(super) fn of(&self, set: u32) -> &[u32] {
        let start = set.checked_sub(1).map_or(0, |before| self.ends[before as usize]);
        &self.ids[start as usize..self.ends[set as usize] as usize]
    }

    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }

    /// Ids of all sets together.
    pub(super) fn ids(&self) -> usize {
        self.ids.len()
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&*self.ends) + size_of_val(&*self.ids)
    }

    pub(super) fn shrink(&mut self) {
        self.ends.shrink_to_fit();
        self.ids.shrink_to_fit();
    }
}

/// Where the slot of a feature lies in a row.
#[derive(Clone, Copy, Debug, serde::Serialize, serde::Deserialize)]
struct Place {
    is_narrow: bool,
    at: u8,
}

/// What all records have of all features.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Slots {
    /// For each record which features have a value, and which have several: a bit a feature.
    filled: Vec<[u64; 2]>,
    /// Of each record the slots of 32 bits, and those of 16.
    wide: Vec<u32>,
    narrow: Vec<u16>,
    /// Feature → the place of its slot.
    places: Vec<Place>,
    /// Slot of 32 bits, and of 16 → the bit of its feature.
    wide_bits: Vec<u64>,
    narrow_bits: Vec<u64>,
    /// Each id of a slot of 16 bits, so that a single id can be answered as a slice.
    every: Vec<u32>,
}

impl Slots {
    /// The slots of so many records. `features` are those whose values the codes are; the codes of each go as they are placed.
    pub(super) fn new(rows: usize, features: &[PackedFeature], codes: Vec<Vec<Codes>>) -> Self {
        let mut slots = Slots { filled: vec![[0, 0]; rows], ..Slots::default() };
        let mut every = 0;
        for (number, feature) in features.iter().enumerate() {
            let is_narrow = feature.distinct().max(feature.sets.len()) <= NARROW;
            let bits = if is_narrow { &mut slots.narrow_bits } else { &mut slots.wide_bits };
            slots.places.push(Place { is_narrow, at: bits.len() as u8 });
            bits.push(1 << number);
            every = if is_narrow { every.max(feature.distinct()) } else { every };
        }
        slots.every = (0..every as u32).collect();
        let (wide, narrow) = (slots.wide_bits.len(), slots.narrow_bits.len());
        (slots.wide, slots.narrow) = (vec![0; rows * wide], vec![0; rows * narrow]);
        let chunks = rows.div_ceil(CHUNK);
        let mut codes: Vec<_> = codes.into_iter().map(Vec::into_iter).collect();
        let codes: Vec<Vec<Codes>> =
            (0..chunks).map(|_| codes.iter_mut().filter_map(Iterator::next).collect()).collect();
        let filled = pieces(&mut slots.filled, CHUNK, chunks).into_iter();
        let narrows = pieces(&mut slots.narrow, CHUNK * narrow, chunks);
        let parts = filled.zip(pieces(&mut slots.wide, CHUNK * wide, chunks)).zip(narrows).zip(codes);
        parallel::map(parts.collect(), |_, (((filled, wides), narrows), codes)| {
            for (number, (codes, place)) in codes.into_iter().zip(&slots.places).enumerate() {
                for (row, slot) in codes.slots().enumerate() {
                    let (has, several, slot) = match slot {
                        Slot::None => continue,
                        Slot::One(id) => (1, 0, id),
                        Slot::Several(set) => (1, 1, set),
                    };
                    filled[row][0] |= has << number;
                    filled[row][1] |= several << number;
                    match place.is_narrow {
                        true => narrows[row * narrow + place.at as usize] = slot as u16,
                        false => wides[row * wide + place.at as usize] = slot,
                    }
                }
            }
        });
        slots
    }

    /// Bytes in memory.
    pub(super) fn bytes(&self) -> usize {
        let places = size_of_val(&*self.places) + size_of_val(&*self.wide_bits) + size_of_val(&*self.narrow_bits);
        let rows = size_of_val(&*self.filled) + size_of_val(&*self.wide) + size_of_val(&*self.narrow);
        places + rows + size_of_val(&*self.every)
    }

    /// The features of which some record has several values, a bit each.
    pub(super) fn several_anywhere(&self) -> u64 {
        self.filled.iter().fold(0, |bits, [_, several]| bits | several)
    }

    /// The slots of a record. `features` are those that they were made for.
    #[inline]
    pub(super) fn row<'a>(&'a self, row: usize, features: &'a [PackedFeature]) -> Row<'a> {
        let [filled, several] = self.filled[row];
        let (w, n) = (self.wide_bits.len(), self.narrow_bits.len());
        let (wide, narrow) = (&self.wide[row * w..(row + 1) * w], &self.narrow[row * n..(row + 1) * n]);
        Row { filled, several, wide, narrow, slots: self, features }
    }
}

/// So many pieces of a slice, each of this length but for the last ones.
fn pieces<T>(mut of: &mut [T], length: usize, count: usize) -> Vec<&mut [T]> {
    let piece = |_| {
        let length = length.min(of.len());
        let (piece, rest) = std::mem::take(&mut of).split_at_mut(length);
        of = rest;
        piece
    };
    (0..count).map(piece).collect()
}

/// The values of a record: sorted ids by feature.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    pub(super) filled: u64,
    several: u64,
    wide: &'a [u32],
    narrow: &'a [u16],
    slots: &'a Slots,
    features: &'a [PackedFeature],
}

impl<'a> Row<'a> {
    /// Number of features.
    pub(super) fn features(&self) -> usize {
        self.features.len()
    }

    /// The ids of its values of a feature, sorted.
    #[inline]
    pub fn ids(&self, feature: usize) -> &'a [u32] {
        if self.filled >> feature & 1 == 0 {
            return &[];
        }
        let Place { is_narrow, at } = self.slots.places[feature];
        let several = self.several >> feature & 1 == 1;
        match is_narrow {
            true if several => self.features[feature].sets.of(self.narrow[at as usize].into()),
            true => std::slice::from_ref(&self.slots.every[self.narrow[at as usize] as usize]),
            false if several => self.features[feature].sets.of(self.wide[at as usize]),
            false => std::slice::from_ref(&self.wide[at as usize]),
        }
    }
}

impl Side for Row<'_> {
    #[inline]
    fn ids(&self, feature: usize) -> &[u32] {
        Row::ids(self, feature)
    }

    #[inline]
    fn relations(&self, other: &Self) -> Relations {
        let both = self.filled & other.filled;
        let mut same = 0;
        let lists = both & (self.several | other.several);
        for ((l, r), bit) in self.wide.iter().zip(other.wide).zip(&self.slots.wide_bits) {
            same |= if l == r { *bit } else { 0 };
        }
        for ((l, r), bit) in self.narrow.iter().zip(other.narrow).zip(&self.slots.narrow_bits) {
            same |= if l == r { *bit } else { 0 };
        }
        same &= both & !lists;
        for feature in bits(lists) {
            same |= u64::from(intersects(self.ids(feature), other.ids(feature))) << feature;
        }
        Relations { both, same, several: lists }
    }
}

/// The places of the bits that are set.
#[inline]
fn bits(mut of: u64) -> impl Iterator<Item = usize> {
    std::iter::from_fn(move || {
        let place = of.trailing_zeros() as usize;
        of &= of.wrapping_sub(1);
        (place < 64).then_some(place)
    })
}

impl Packed {
    /// The values of a record.
    #[inline]
    pub fn row(&self, row: usize) -> Row<'_> {
        self.slots.row(row, &self.features)
    }
}

#[cfg(test)]
#[path = "slots_test.rs"]
mod tests;
