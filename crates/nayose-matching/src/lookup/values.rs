//! One feature as it is looked up: from a text to the ids of values, from an id to the records that have it.

use std::borrow::Cow;
use std::hash::BuildHasher;

use super::lists::Lists;
use crate::model::packed::PackedFeature;
use crate::model::{Key, Packed};

/// Ids by the hash of a text.
#[derive(Debug, Default)]
struct Texts(Lists);

/// Texts of a group on average: each costs a look at the text itself, each group four bytes.
const TEXTS_A_GROUP: usize = 2;

/// The same on every machine.
const HASHER: foldhash::fast::FixedState = foldhash::fast::FixedState::with_seed(0);

fn group_of(text: &str, groups: usize) -> u32 {
    // The first bits of the hash as a part of the groups (Lemire 2019), so that their number need not be a power of two.
    ((u128::from(HASHER.hash_one(text)) * groups as u128) >> u64::BITS) as u32
}

impl Texts {
    /// `each` shows the texts of an id.
    fn new<'f>(feature: &'f PackedFeature, each: impl Fn(&'f str, &mut Vec<Cow<'f, str>>)) -> Self {
        let groups = feature.distinct().div_ceil(TEXTS_A_GROUP).max(1);
        Texts(Lists::new(groups, |see| {
            let mut texts = Vec::new();
            for id in 0..feature.distinct() as u32 {
                texts.clear();
                each(feature.value(id), &mut texts);
                texts.iter().for_each(|text| see(group_of(text, groups), id));
            }
        }))
    }

    /// The ids of which some text has the hash of this one, or nearly: each has to be looked at.
    fn perhaps(&self, text: &str) -> &[u32] {
        match self.0.groups() {
            0 => &[],
            groups => self.0.of(group_of(text, groups) as usize),
        }
    }
}

/// A feature.
#[derive(Debug)]
pub(super) struct Values {
    whole: Texts,
    /// For keys that are a part of a value or near to it: the ids by such texts.
    parts: Vec<(Key, Texts)>,
    /// Id → rows, in order; of features that are part of a blocking key.
    rows: Option<Lists>,
}

impl Values {
    /// A feature with the keys that blocking rules make of it.
    pub(super) fn new(packed: &Packed, feature: usize, keys: &[&Key]) -> Self {
        let of = &packed.features[feature];
        let mut parts: Vec<(Key, Texts)> = Vec::new();
        for key in keys.iter().filter(|key| !key.is_whole()) {
            if !parts.iter().any(|(known, _)| is_alike(known, key)) {
                parts.push(((*key).clone(), Texts::new(of, |value, into| key.texts(value, into))));
            }
        }
        let rows = || {
            Lists::new(of.distinct(), |see| {
                for row in 0..packed.rows {
                    packed.row(row).ids(feature).iter().for_each(|id| see(*id, row as u32));
                    of.junk_ids(row).for_each(|id| see(id, row as u32));
                }
            })
        };
        let whole = Texts::new(of, |value, into| into.push(value.into()));
        Values { whole, parts, rows: (!keys.is_empty()).then(rows) }
    }

    /// The id of a value.
    pub(super) fn id(&self, feature: &PackedFeature, text: &str) -> Option<u32> {
        self.whole.perhaps(text).iter().copied().find(|id| feature.value(*id) == text)
    }

    /// The ids of the values of which a key makes this text, each once.
    pub(super) fn ids(&self, feature: &PackedFeature, key: &Key, text: &str) -> Vec<u32> {
        let Some((_, texts)) = self.parts.iter().find(|(known, _)| is_alike(known, key)) else {
            return self.id(feature, text).into_iter().collect();
        };
        let mut made = Vec::new();
        let mut makes = |id: u32| {
            made.clear();
            key.texts(feature.value(id), &mut made);
            made.iter().any(|of| of == text)
        };
        let mut ids: Vec<u32> = texts.perhaps(text).iter().copied().filter(|id| makes(*id)).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// The rows of an id, in order.
    pub(super) fn rows(&self, id: u32) -> &[u32] {
        self.rows.as_ref().map_or(&[], |rows| rows.of(id as usize))
    }

    /// Whether a row has the value, be it evidence or not.
    pub(super) fn has(&self, packed: &Packed, feature: usize, row: u32, id: u32) -> bool {
        match packed.features[feature].count(id) {
            // Dropped: it is in no row's own values.
            0 => self.rows(id).binary_search(&row).is_ok(),
            _ => packed.row(row as usize).ids(feature).contains(&id),
        }
    }
}

/// Whether two keys make the same texts of a value.
fn is_alike(a: &Key, b: &Key) -> bool {
    (a.prefix, a.near) == (b.prefix, b.near)
}
