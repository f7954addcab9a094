//! `key_hash(channel, id)`: a key of two texts as one number, far smaller than the key; different keys may share it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use nayose_matching::model::sample::hash_text;

/// The function.
pub(crate) fn key_hash() -> ScalarUDF {
    array_function("key_hash", vec![DataType::Utf8, DataType::Utf8], DataType::Int64, |columns| {
        let (channels, ids) = (columns::strings(&columns[0])?, columns::strings(&columns[1])?);
        let of = |row| hash_text(hash_text(0, channels.value(row)), ids.value(row)) as i64;
        Ok(Arc::new(Int64Array::from_iter_values((0..channels.len()).map(of))) as ArrayRef)
    })
}
