//! `erased(channel, record_id)`: whether a record was erased and may not come back.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use nayose_matching::identity::tombstone::Tombstones;

/// The function over these tombstones; a record without an id was not.
pub(crate) fn erased(tombstones: Arc<Tombstones>) -> ScalarUDF {
    array_function("erased", vec![DataType::Utf8, DataType::Utf8], DataType::Boolean, move |columns| {
        let (channels, records) = (columns::strings(&columns[0])?, columns::strings(&columns[1])?);
        let found = channels.iter().zip(records.iter());
        let found = found.map(|(c, r)| Some(c.zip(r).is_some_and(|(c, r)| tombstones.has(c, r))));
        Ok(Arc::new(found.collect::<BooleanArray>()) as ArrayRef)
    })
}
