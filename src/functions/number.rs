//! `number(text)`: a number as people write it; NULL where it is no number.

use std::sync::Arc;

use arrow::array::{ArrayRef, Float64Array};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use nayose_japanese::number;

/// The function.
pub(crate) fn number() -> ScalarUDF {
    array_function("number", vec![DataType::Utf8], DataType::Float64, |columns| {
        let values: Float64Array = columns::strings(&columns[0])?.iter().map(|v| v.and_then(number::number)).collect();
        Ok(Arc::new(values) as ArrayRef)
    })
}
