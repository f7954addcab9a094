//! `timestamp(text)`: a point in time as systems write it; without an offset it is Japanese time. NULL where it is none.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, TimestampMicrosecondArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::{array_function, text};
use crate::contract::{TIME_ZONE, Type};
use crate::japanese::date;

/// The function.
pub fn timestamp() -> ScalarUDF {
    array_function("timestamp", vec![DataType::Utf8], Type::Timestamp.arrow(), |columns| {
        let values: TimestampMicrosecondArray =
            text::strings(&columns[0])?.iter().map(|v| v.and_then(date::timestamp)).collect();
        Ok(Arc::new(values.with_timezone(TIME_ZONE)) as ArrayRef)
    })
}
