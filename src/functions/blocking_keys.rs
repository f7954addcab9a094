//! `blocking_keys(features)`: the keys of a record under each blocking rule.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayBuilder, ArrayRef, Int32Builder, Int64Builder, ListArray, StructArray};
use datafusion::arrow::buffer::{NullBuffer, OffsetBuffer, ScalarBuffer};
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::{array_function, text};
use crate::contract::{Type, col, item_field, struct_fields};
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
        for row in 0..features.len() {
            let values = Values::new(features, row)?;
            for (i, rule) in model.rules.iter().enumerate() {
                let mut whole = combine(&values, &rule.keys, &[i as u64]);
                whole.sort_unstable();
                whole.dedup();
                for key in whole {
                    let finer =
                        if rule.refine.is_empty() { Vec::new() } else { combine(&values, &rule.refine, &[key]) };
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

/// The values of a record by feature.
struct Values {
    lists: ArrayRef,
}

impl Values {
    fn new(features: &ListArray, row: usize) -> Result<Self> {
        Ok(Values { lists: features.value(row) })
    }

    fn of(&self, feature: usize) -> Vec<String> {
        let Ok(lists) = text::lists(&self.lists) else { return Vec::new() };
        if feature >= lists.len() || lists.is_null(feature) {
            return Vec::new();
        }
        let values = lists.value(feature);
        match text::strings(&values) {
            Ok(values) => values.iter().flatten().map(str::to_string).collect(),
            Err(_) => Vec::new(),
        }
    }
}

/// Hashes of every combination of the keys' values, starting from `seeds`. None where a key has no value.
fn combine(values: &Values, keys: &[Key], seeds: &[u64]) -> Vec<u64> {
    let mut hashes: Vec<u64> = seeds.to_vec();
    for key in keys {
        let of_key: Vec<String> = values
            .of(key.feature)
            .into_iter()
            .map(|v| match key.prefix {
                Some(n) => v.chars().take(n).collect(),
                None => v,
            })
            .collect();
        hashes = hashes
            .iter()
            .flat_map(|before| of_key.iter().map(move |value| hash(*before, value)))
            .take(MOST_KEYS)
            .collect();
    }
    hashes
}

/// A hash that is the same on every machine and in every version: blocking keys are compared across runs.
fn hash(before: u64, value: &str) -> u64 {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&before.to_le_bytes());
    hasher.update(value.as_bytes());
    hasher.finalize().as_bytes().iter().take(8).fold(0, |bits, byte| bits << 8 | u64::from(*byte))
}
