//! Tests of rows of slots: against the sets of texts that they were made of.

use std::collections::BTreeSet;

use super::*;
use crate::model::column::FeatureBuilder;
use crate::model::sample::{mix, random_pairs};

type Sets = Vec<BTreeSet<String>>;

fn packed(features: &[Sets]) -> Packed {
    let column = |sets: &Sets| {
        let mut builder = FeatureBuilder::new();
        sets.iter().for_each(|set| builder.push(set.iter().map(String::as_str)));
        builder.finish()
    };
    let rows = features.first().map_or(0, Vec::len);
    Packed::new(features.iter().map(column).collect(), vec!["shop".into()], vec![0; rows], &[])
}

/// The first row whose values or whose relations to another row are not those of its sets.
fn wrong(features: &[Sets], pairs: impl Iterator<Item = (u64, u64)>) -> Option<String> {
    let packed = packed(features);
    for (row, feature) in (0..packed.rows).flat_map(|row| (0..features.len()).map(move |feature| (row, feature))) {
        let found: BTreeSet<String> = packed.values(row, feature).map(str::to_string).collect();
        if found != features[feature][row] || !packed.row(row).ids(feature).is_sorted_by(|a, b| a < b) {
            return Some(format!("row {row}, feature {feature}: {found:?}"));
        }
    }
    for (feature, sets) in features.iter().enumerate() {
        let of = &packed.features[feature];
        let counted = (0..of.distinct() as u32).map(|id| u64::from(of.count(id))).sum::<u64>();
        if counted != sets.iter().map(|set| set.len() as u64).sum::<u64>() {
            return Some(format!("feature {feature} has {counted} values"));
        }
    }
    for (l, r) in pairs {
        let (l, r) = (l as usize, r as usize);
        let mut expected = Relations::default();
        for (feature, sets) in features.iter().enumerate() {
            let (a, b) = (&sets[l], &sets[r]);
            let both = !a.is_empty() && !b.is_empty();
            expected.both |= u64::from(both) << feature;
            expected.same |= u64::from(!a.is_disjoint(b)) << feature;
            expected.several |= u64::from(both && a.len().max(b.len()) > 1) << feature;
        }
        let found = packed.row(l).relations(&packed.row(r));
        if found != expected {
            return Some(format!("rows {l} and {r}: {found:?}, not {expected:?}"));
        }
    }
    None
}

proptest::proptest! {
    #[test]
    fn rows_have_the_values_that_were_given(
        rows in proptest::collection::vec(proptest::collection::vec(proptest::collection::btree_set("[a-d]{1,2}", 0..4), 3), 2..60),
    ) {
        let features: Vec<Sets> = (0..3).map(|feature| rows.iter().map(|row| row[feature].clone()).collect()).collect();
        let all = (0..rows.len() as u64).flat_map(|l| (0..rows.len() as u64).map(move |r| (l, r)));
        proptest::prop_assert_eq!(wrong(&features, all), None);
    }
}

/// So many values that slots of 16 bits are too short, beside features of few values, over several chunks.
#[test]
fn slots_are_as_wide_as_their_values_need() {
    const ROWS: u64 = 90_000;
    let set = |row: u64, feature: u64| -> BTreeSet<String> {
        let value = |nth: u64| match feature {
            // A value of their own, which some share.
            0 => mix(((row / (1 + row % 3)) << 2) | nth).to_string(),
            // So many sets, but few values.
            1 => (mix(row << 2 | nth) % 500).to_string(),
            _ => (mix(row << 2 | nth) % 7).to_string(),
        };
        (0..mix(row << 3 | feature) % 4).map(value).collect()
    };
    let features: Vec<Sets> = (0..3).map(|feature| (0..ROWS).map(|row| set(row, feature)).collect()).collect();
    let packed = packed(&features);
    assert!(packed.features[0].distinct() > NARROW && packed.features[1].distinct() == 500);
    assert!(packed.features[1].sets.len() > 1 << 14 && packed.features[2].sets.len() < 100);
    assert_eq!(packed.slots.places.iter().map(|place| place.is_narrow).collect::<Vec<_>>(), [false, true, true]);
    drop(packed);
    assert_eq!(wrong(&features, random_pairs(ROWS, 0..100_000, 5)), None);
}

#[test]
fn codes_of_few_and_of_many_values_are_the_slots() {
    for largest in [3, (1 << 15) - 2, (1 << 15) - 1, 1 << 20, MOST_VALUES as u32 - 1] {
        let slots = [Slot::None, Slot::One(0), Slot::One(largest), Slot::Several(0), Slot::Several(largest)];
        let codes = Codes::new(&slots.map(Slot::code));
        assert_eq!(codes.slots().collect::<Vec<_>>(), slots);
        assert_eq!(matches!(codes, Codes::Narrow(_)), largest < (1 << 15) - 1, "{largest}");
    }
}
