//! A record that is in no table, as it is compared with those that are.
//!
//! In: its values by feature, each with the id that it has among those of the packed records. Out: a side of a comparison. A value that
//! no packed record has gets an id behind all of theirs, and keeps its text. The record is counted in no frequency: what packed records
//! say of a value is what they said to the run, so that the copy of a packed record scores as that record does.

use super::compare::{Relations, Side, relations_of};
use super::packed::{Packed, PackedFeature};
use super::slots::Row;

/// A record beside the packed ones.
#[derive(Clone, Debug)]
pub struct Asked {
    channel: u8,
    /// Feature → the ids of its values, sorted.
    ids: Vec<Vec<u32>>,
    /// Feature → its values that no packed record has; the first has the id behind all packed ones.
    fresh: Vec<Vec<String>>,
    /// Feature → all its values, in order, those that mean nothing included.
    texts: Vec<Vec<String>>,
    /// Feature and values that so many packed records have that they are no evidence.
    junk: Vec<(usize, String)>,
}

impl Asked {
    /// A record of the channel at this place. `texts` are its values by feature, each once and in order; `id` tells the id of a value
    /// that packed records have.
    pub(crate) fn new(
        packed: &Packed,
        channel: u8,
        texts: Vec<Vec<String>>,
        id: impl Fn(usize, &str) -> Option<u32>,
    ) -> Self {
        let width = packed.features.len();
        let mut asked =
            Asked { channel, ids: Vec::with_capacity(width), fresh: vec![Vec::new(); width], texts, junk: Vec::new() };
        for (feature, values) in asked.texts.iter().enumerate() {
            let of = &packed.features[feature];
            let mut ids = Vec::with_capacity(values.len());
            for value in values {
                match id(feature, value) {
                    // Nothing but what was dropped has no record.
                    Some(id) if of.count(id) == 0 => asked.junk.push((feature, value.clone())),
                    Some(id) => ids.push(id),
                    None => {
                        ids.push((of.distinct() + asked.fresh[feature].len()) as u32);
                        asked.fresh[feature].push(value.clone());
                    }
                }
            }
            ids.sort_unstable();
            asked.ids.push(ids);
        }
        asked
    }

    /// Its channel, by its place.
    pub(crate) fn channel(&self) -> u8 {
        self.channel
    }

    /// Its values of a feature, in order, those that mean nothing included.
    pub(crate) fn texts(&self, feature: usize) -> &[String] {
        &self.texts[feature]
    }

    /// Feature and values that so many packed records have that they are no evidence.
    pub(crate) fn junk(&self) -> &[(usize, String)] {
        &self.junk
    }

    /// Its values of a feature that are evidence.
    pub(crate) fn values(&self, feature: usize) -> impl Iterator<Item = &str> {
        let is_junk = move |value: &String| self.junk.iter().any(|(of, junk)| *of == feature && junk == value);
        self.texts[feature].iter().filter(move |value| !is_junk(value)).map(String::as_str)
    }

    /// The record as a side of a comparison.
    pub(super) fn side(&self) -> AskedSide<'_> {
        AskedSide::Asked(self)
    }

    /// A packed record as the other side.
    pub(super) fn beside(row: Row<'_>) -> AskedSide<'_> {
        AskedSide::Packed(row)
    }
}

/// A side of a comparison of which one is no packed record.
pub(super) enum AskedSide<'a> {
    Asked(&'a Asked),
    Packed(Row<'a>),
}

impl Side for AskedSide<'_> {
    const IS_PACKED: bool = false;

    fn ids(&self, feature: usize) -> &[u32] {
        match self {
            AskedSide::Asked(asked) => &asked.ids[feature],
            AskedSide::Packed(row) => row.ids(feature),
        }
    }

    fn relations(&self, other: &Self) -> Relations {
        let features = |side: &Self| match side {
            AskedSide::Asked(asked) => asked.ids.len(),
            AskedSide::Packed(row) => row.features(),
        };
        relations_of((0..features(self).min(features(other))).map(|f| (self.ids(f), other.ids(f))))
    }

    fn text<'a>(&'a self, feature: &'a PackedFeature, place: usize, id: u32) -> &'a str {
        match (self, (id as usize).checked_sub(feature.distinct())) {
            (AskedSide::Asked(asked), Some(fresh)) => &asked.fresh[place][fresh],
            _ => feature.value(id),
        }
    }
}
