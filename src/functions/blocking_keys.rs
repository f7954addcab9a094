//! `blocking_keys(features)`: the keys of a record under each blocking rule.

use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayBuilder, ArrayRef, Int32Builder, Int64Builder, ListArray, StringArray, StructArray,
};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::{array_function, text};
use crate::contract::{Type, col, item_field, struct_fields};
use crate::model::sample::mix;
use crate::model::{Key, Model};

/// A key with its rule, as the function returns it.
const KEY: [(&str, Type); 3] = [(col::RULE, Type::Integer), (col::KEY, Type::Long), (col::REFINED, Type::Long)];

/// Keys that a record may have under one rule: a record with many phones and readings stays bounded.
const MOST_KEYS: usize = 64;

/// The function for the rules of `model`.
pub fn blocking_keys(model: Arc<Model>) -> ScalarUDF {
    let argument = Type::List(&Type::List(&Type::Text)).arrow();
    let item = DataType::Struct(struct_fields(&KEY));
    let result = DataType::List(Arc::new(item_field(item.clone())));
    array_function("blocking_keys", vec![argument], result, move |columns| {
        let features = text::lists(&columns[0])?;
        let mut rules = Int32Builder::new();
        let mut keys = Int64Builder::new();
        let mut refined = Int64Builder::new();
        let mut offsets: Vec<i32> = vec![0];
        let values = Values::new(features)?;
        for row in 0..features.len() {
            for (i, rule) in model.rules.iter().enumerate() {
                let mut whole = combine(&values, row, &rule.keys, i as u64);
                whole.sort_unstable();
                whole.dedup();
                for key in whole {
                    let finer =
                        if rule.refine.is_empty() { Vec::new() } else { combine(&values, row, &rule.refine, key) };
                    if finer.is_empty() {
                        rules.append_value(i as i32);
                        keys.append_value(key as i64);
                        refined.append_null();
                    }
                    for finer in finer {
                        rules.append_value(i as i32);
                        keys.append_value(key as i64);
                        refined.append_value(finer as i64);
                    }
                }
            }
            offsets.push(keys.len() as i32);
        }
        let entries = StructArray::try_new(
            struct_fields(&KEY),
            vec![Arc::new(rules.finish()) as ArrayRef, Arc::new(keys.finish()), Arc::new(refined.finish())],
            None::<NullBuffer>,
        )?;
        let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
        Ok(Arc::new(ListArray::try_new(Arc::new(item_field(item.clone())), offsets, Arc::new(entries), None)?)
            as ArrayRef)
    })
}

/// The values of all records by feature, without copies.
struct Values<'a> {
    records: &'a ListArray,
    features: &'a ListArray,
    texts: &'a StringArray,
}

impl<'a> Values<'a> {
    fn new(records: &'a ListArray) -> Result<Self> {
        let features = text::lists(records.values())?;
        Ok(Values { records, features, texts: text::strings(features.values())? })
    }

    fn of(&self, row: usize, feature: usize) -> impl Iterator<Item = &'a str> + Clone {
        let (texts, at) = (self.texts, self.records.value_offsets()[row] as usize + feature);
        let ends = self.features.value_offsets();
        (ends[at] as usize..ends[at + 1] as usize).map(move |i| texts.value(i))
    }
}

/// Hashes of every combination of the keys' values, starting from `seed`. None where a key has no value.
fn combine(values: &Values, row: usize, keys: &[Key], seed: u64) -> Vec<u64> {
    let mut hashes = vec![seed];
    for key in keys {
        let of_key = values.of(row, key.feature).map(|v| match key.prefix {
            Some(n) => v.char_indices().nth(n).map_or(v, |(end, _)| &v[..end]),
            None => v,
        });
        hashes = hashes
            .iter()
            .flat_map(|before| of_key.clone().map(move |value| hash(*before, value)))
            .take(MOST_KEYS)
            .collect();
    }
    hashes
}

/// A hash that is the same on every machine and in every version: blocking keys are compared across runs.
fn hash(before: u64, value: &str) -> u64 {
    value.as_bytes().chunks(8).fold(mix(before ^ value.len() as u64), |hash, chunk| {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        mix(hash ^ u64::from_le_bytes(word))
    })
}
