//! What packed features take in memory, part by part.
//!
//! In: [`Packed`]. Out: bytes, counted from the structures themselves, by which the forecast of a run is checked.

use super::packed::{Packed, PackedFeature};

/// Bytes of the values of a feature.
#[derive(Clone, Copy, Debug, Default)]
pub struct ValueBytes {
    /// Number of distinct values.
    pub values: usize,
    /// Their texts.
    pub text: usize,
    /// Where texts begin.
    pub starts: usize,
    /// How many records have them.
    pub counts: usize,
    /// Sets of them.
    pub sets: usize,
    /// What was found out for comparisons, and who had what was dropped.
    pub prepared: usize,
}

impl ValueBytes {
    /// All together.
    pub fn sum(&self) -> usize {
        self.text + self.starts + self.counts + self.sets + self.prepared
    }
}

impl PackedFeature {
    fn bytes(&self) -> ValueBytes {
        let prepared = size_of_val(&*self.signs) + size_of_val(&*self.dates) + size_of_val(&*self.names);
        ValueBytes {
            values: self.distinct(),
            text: self.text.len(),
            starts: size_of_val(&*self.starts),
            counts: self.counts.bytes(),
            sets: self.sets.bytes(),
            prepared: prepared + size_of_val(&*self.junk),
        }
    }
}

impl Packed {
    /// Bytes of what each record has: its slots and its channel.
    pub fn row_bytes(&self) -> usize {
        self.slots.bytes() + self.channel_of.len()
    }

    /// Bytes of the values of each feature.
    pub fn value_bytes(&self) -> Vec<ValueBytes> {
        self.features.iter().map(PackedFeature::bytes).collect()
    }

    /// Bytes of the ids by which features are compared crosswise, and of what stands together.
    pub fn relation_bytes(&self) -> usize {
        self.crosswise.iter().map(|(_, ids)| size_of_val(&**ids)).sum::<usize>() + self.combinations.bytes()
    }

    /// Bytes of everything.
    pub fn bytes(&self) -> usize {
        self.row_bytes() + self.value_bytes().iter().map(ValueBytes::sum).sum::<usize>() + self.relation_bytes()
    }
}
