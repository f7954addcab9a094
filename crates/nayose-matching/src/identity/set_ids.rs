//! The ids of sets of rows: each set has one, and no two sets have the same.

use std::hash::BuildHasher;

use foldhash::fast::FixedState;
use hashbrown::HashTable;

use crate::texts::Texts;

/// The ids of sets, by the labels of these.
#[derive(Clone, Debug)]
pub struct SetIds {
    /// For every label the number of its id; [`NONE`] where no set has that label.
    numbers: Vec<u32>,
    texts: Texts,
    /// The numbers of the ids, by their hashes.
    taken: HashTable<u32>,
}

/// No id.
const NONE: u32 = u32::MAX;

impl SetIds {
    /// No ids for the sets of these labels.
    pub(super) fn new(labels: &[u32]) -> Self {
        let sets = labels.iter().zip(0..).filter(|(label, row)| **label == *row).count();
        SetIds { numbers: vec![NONE; labels.len()], texts: Texts::default(), taken: HashTable::with_capacity(sets) }
    }

    /// The id of a set; empty where it has none.
    pub fn of(&self, label: u32) -> &str {
        let number = self.numbers[label as usize];
        if number == NONE { "" } else { self.texts.get(number as usize) }
    }

    /// Whether a set has an id.
    pub(super) fn is_named(&self, label: u32) -> bool {
        self.numbers[label as usize] != NONE
    }

    /// The id, where some set has it.
    pub(super) fn find(&self, id: &str) -> Option<&str> {
        let number = self.taken.find(hash(id), |number| self.texts.get(*number as usize) == id)?;
        Some(self.texts.get(*number as usize))
    }

    /// Whether some set has the id.
    pub(super) fn has(&self, id: &str) -> bool {
        self.find(id).is_some()
    }

    /// Gives an id to a set that has none; `false` where another set has it.
    pub(super) fn give(&mut self, label: u32, id: &str) -> bool {
        if self.has(id) {
            return false;
        }
        let number = self.texts.count() as u32;
        self.texts.push(id);
        self.taken.insert_unique(hash(id), number, |number| hash(self.texts.get(*number as usize)));
        self.numbers[label as usize] = number;
        true
    }
}

fn hash(id: &str) -> u64 {
    FixedState::default().hash_one(id)
}
