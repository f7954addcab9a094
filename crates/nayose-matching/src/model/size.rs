//! What packed features take in memory.
//!
//! In: [`Packed`]. Out: bytes, counted from the structures themselves.

use super::packed::Packed;

/// Bytes of packed features, part by part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FeatureBytes {
    /// What each record has of each feature, and its channel.
    pub slots: usize,
    /// Sets of several values.
    pub sets: usize,
    /// Texts of the distinct values.
    pub texts: usize,
    /// Where texts begin, and how many records have them.
    pub starts_and_counts: usize,
    /// What is known of values beforehand: dates, names, signs, values of other features, and what was dropped.
    pub prepared: usize,
}

impl FeatureBytes {
    /// All together.
    pub fn sum(&self) -> usize {
        self.slots + self.sets + self.texts + self.starts_and_counts + self.prepared
    }
}

impl Packed {
    /// Bytes of the features of all records.
    pub fn bytes(&self) -> FeatureBytes {
        let crosswise = self.crosswise.iter().map(|(_, ids)| size_of_val(&**ids)).sum();
        let mut bytes = FeatureBytes {
            slots: self.slots.bytes() + self.channel_of.len(),
            prepared: crosswise,
            ..FeatureBytes::default()
        };
        for feature in &self.features {
            bytes.sets += feature.sets.bytes();
            bytes.texts += feature.text.len();
            bytes.starts_and_counts += size_of_val(&*feature.starts) + feature.counts.bytes();
            let values = size_of_val(&*feature.signs) + size_of_val(&*feature.dates) + size_of_val(&*feature.names);
            bytes.prepared += values + size_of_val(&*feature.junk);
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::column::FeatureBuilder;

    #[test]
    fn bytes_are_those_of_what_records_have() {
        let rows = [&["ab", "cde"][..], &["ab"], &["ab", "cde"], &[]];
        let mut builder = FeatureBuilder::new();
        rows.iter().for_each(|values| builder.push(values.iter().copied()));
        let packed = Packed::new(vec![builder.finish()], vec!["shop".into()], vec![0; rows.len()], &[]);
        let bytes = packed.bytes();
        // One set of two ids and its end; two texts, their starts with the end of the last, a count of 32 bits each.
        assert_eq!((bytes.sets, bytes.texts, bytes.starts_and_counts, bytes.prepared), (12, 5, 20, 0));
        // Two words of bits, a slot of 16 bits and a channel a record; the place and bit of the slot, and the two ids of such slots.
        assert_eq!(bytes.slots, rows.len() * (16 + 2 + 1) + 2 + 8 + 2 * 4);
        assert_eq!(bytes.sum(), bytes.slots + 37);
    }
}
