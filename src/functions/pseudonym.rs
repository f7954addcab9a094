//! `pseudonym` and `age_band`: what the analyst's profile has in the place of ids and birth dates.
//!
//! No session knows `pseudonym` by its name: who could call it could try out known ids.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, StringArray};
use arrow::datatypes::{DataType, Date32Type};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use nayose_matching::identity::pseudonym::Pseudonyms;
use nayose_matching::record::age;

/// `pseudonym(id)` for a kind of id; null stays null.
pub(crate) fn pseudonym(ids: &Pseudonyms, kind: &'static str) -> ScalarUDF {
    let ids = ids.clone();
    array_function("pseudonym", vec![DataType::Utf8], DataType::Utf8, move |columns| {
        let found = columns::strings(&columns[0])?.iter().map(|id| id.map(|id| ids.of(kind, id)));
        Ok(Arc::new(found.collect::<StringArray>()) as ArrayRef)
    })
}

/// `age_band(birth_date)` at a time, in microseconds; null where none is known.
pub(crate) fn age_band(at: i64) -> ScalarUDF {
    array_function("age_band", vec![DataType::Date32], DataType::Utf8, move |columns| {
        let births = columns[0].as_primitive_opt::<Date32Type>();
        let births = births.ok_or_else(|| DataFusionError::Internal("a birth date is no date".into()))?;
        let bands = births.iter().map(|birth| age::age_band(birth?, at));
        Ok(Arc::new(bands.collect::<StringArray>()) as ArrayRef)
    })
}
