//! `blocking_keys(features)`, `refined_keys(features, rule, key)`, `pairs_of(rows)`, `pairs_of_some(rows, every)`: the keys of a record
//! under each blocking rule, those that split a block over the limit, the pairs of a block, and those of some of its records.

use std::sync::Arc;

use arrow::array::{
    Array, ArrayBuilder, ArrayRef, AsArray, Int32Builder, Int64Array, Int64Builder, ListArray, StringArray, StructArray,
};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::datatypes::{DataType, Int32Type, Int64Type};
use datafusion::error::Result;
use datafusion::logical_expr::ScalarUDF;

use super::recipe::Recipe;
use super::{array_function, made_from};
use crate::tables::columns;
use crate::tables::contract::{Type, col, item_field, struct_fields};
use nayose_matching::model::Model;
use nayose_matching::model::keys::record_keys;
use nayose_matching::model::sample::mix;

/// A key with its rule, as the function returns it.
const KEY: [(&str, Type); 2] = [(col::RULE, Type::Integer), (col::KEY, Type::Long)];

/// A pair of rows.
const PAIR: [(&str, Type); 2] = [(col::ROW_L, Type::Long), (col::ROW_R, Type::Long)];

fn features_type() -> DataType {
    Type::List(&Type::List(&Type::Text)).arrow()
}

fn list_of(fields: &[(&str, Type)], columns: Vec<ArrayRef>, offsets: Vec<i32>) -> Result<ArrayRef> {
    let entries = StructArray::try_new(struct_fields(fields), columns, None)?;
    let item = Arc::new(item_field(DataType::Struct(struct_fields(fields))));
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(ListArray::try_new(item, offsets, Arc::new(entries), None)?))
}

fn list_type(fields: &[(&str, Type)]) -> DataType {
    DataType::List(Arc::new(item_field(DataType::Struct(struct_fields(fields)))))
}

/// The keys of a record for the rules of `model`, each once. A key stands for its rule too.
pub(crate) fn blocking_keys(model: Arc<Model>) -> ScalarUDF {
    let recipe = Recipe::BlockingKeys((*model).clone());
    let function = array_function("blocking_keys", vec![features_type()], list_type(&KEY), move |columns| {
        let features = columns::lists(&columns[0])?;
        let (mut rules, mut keys) = (Int32Builder::new(), Int64Builder::new());
        let mut offsets: Vec<i32> = vec![0];
        let values = Values::new(features)?;
        for row in 0..features.len() {
            for (i, rule) in model.rules.iter().enumerate() {
                for key in record_keys(&rule.keys, i as u64, |feature| values.of(row, feature)) {
                    rules.append_value(i as i32);
                    keys.append_value(key as i64);
                }
            }
            offsets.push(keys.len() as i32);
        }
        list_of(&KEY, vec![Arc::new(rules.finish()), Arc::new(keys.finish())], offsets)
    });
    made_from(&recipe, &function)
}

/// The keys that split a block over the limit: the block's key with the values of the rule's refining features.
pub(crate) fn refined_keys(model: Arc<Model>) -> ScalarUDF {
    let arguments = vec![features_type(), DataType::Int32, DataType::Int64];
    let recipe = Recipe::RefinedKeys((*model).clone());
    let function = array_function("refined_keys", arguments, Type::List(&Type::Long).arrow(), move |columns| {
        let features = columns::lists(&columns[0])?;
        let (rules, keys) = (columns[1].as_primitive::<Int32Type>(), columns[2].as_primitive::<Int64Type>());
        let mut refined = Int64Builder::new();
        let mut offsets: Vec<i32> = vec![0];
        let values = Values::new(features)?;
        for row in 0..features.len() {
            let refine = &model.rules[rules.value(row) as usize].refine;
            if !refine.is_empty() {
                record_keys(refine, keys.value(row) as u64, |feature| values.of(row, feature))
                    .into_iter()
                    .for_each(|key| refined.append_value(key as i64));
            }
            offsets.push(refined.len() as i32);
        }
        list_of_longs(refined.finish(), offsets)
    });
    made_from(&recipe, &function)
}

fn list_of_longs(values: Int64Array, offsets: Vec<i32>) -> Result<ArrayRef> {
    let offsets = OffsetBuffer::new(ScalarBuffer::from(offsets));
    Ok(Arc::new(ListArray::try_new(Arc::new(item_field(DataType::Int64)), offsets, Arc::new(values), None)?))
}

/// Every two rows of a block, the smaller first.
pub(crate) fn pairs_of() -> ScalarUDF {
    array_function("pairs_of", vec![Type::List(&Type::Long).arrow()], list_type(&PAIR), |columns| {
        let blocks = columns::lists(&columns[0])?;
        let rows = blocks.values().as_primitive::<Int64Type>();
        let (mut left, mut right) = (Int64Builder::new(), Int64Builder::new());
        let mut offsets: Vec<i32> = vec![0];
        let mut block: Vec<i64> = Vec::new();
        for ends in blocks.value_offsets().windows(2) {
            block.clear();
            block.extend_from_slice(&rows.values()[ends[0] as usize..ends[1] as usize]);
            block.sort_unstable();
            for (i, l) in block.iter().enumerate() {
                for r in &block[i + 1..] {
                    left.append_value(*l);
                    right.append_value(*r);
                }
            }
            offsets.push(left.len() as i32);
        }
        list_of(&PAIR, vec![Arc::new(left.finish()), Arc::new(right.finish())], offsets)
    })
}

/// One in `every` rows of a block, chosen by a hash, each with every other row of the block. A row is chosen in all blocks or in none.
pub(crate) fn pairs_of_some() -> ScalarUDF {
    let arguments = vec![Type::List(&Type::Long).arrow(), DataType::Int64];
    array_function("pairs_of_some", arguments, list_type(&PAIR), |columns| {
        let blocks = columns::lists(&columns[0])?;
        let rows = blocks.values().as_primitive::<Int64Type>();
        let every = columns[1].as_primitive::<Int64Type>();
        let (mut left, mut right) = (Int64Builder::new(), Int64Builder::new());
        let mut offsets: Vec<i32> = vec![0];
        for (ends, every) in blocks.value_offsets().windows(2).zip(every.values()) {
            let block = &rows.values()[ends[0] as usize..ends[1] as usize];
            for row in block.iter().filter(|row| mix(**row as u64).is_multiple_of(*every as u64)) {
                for other in block.iter().filter(|other| *other != row) {
                    left.append_value(*row);
                    right.append_value(*other);
                }
            }
            offsets.push(left.len() as i32);
        }
        list_of(&PAIR, vec![Arc::new(left.finish()), Arc::new(right.finish())], offsets)
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
        let features = columns::lists(records.values())?;
        Ok(Values { records, features, texts: columns::strings(features.values())? })
    }

    fn of(&self, row: usize, feature: usize) -> impl Iterator<Item = &'a str> {
        let (texts, at) = (self.texts, self.records.value_offsets()[row] as usize + feature);
        let ends = self.features.value_offsets();
        (ends[at] as usize..ends[at + 1] as usize).map(move |i| texts.value(i))
    }
}
