//! The bridge from pure functions to Arrow and SQL: one file per function or family, one `register_all`.

pub mod blocking_keys;
pub mod golden;
pub mod number;
pub mod pair;
pub mod person;
pub mod standardize;
pub mod text;
pub mod timestamp;

use std::sync::Arc;

use datafusion::arrow::array::ArrayRef;
use datafusion::arrow::datatypes::DataType;
use datafusion::error::Result;
use datafusion::logical_expr::{ColumnarValue, ScalarUDF, Volatility, create_udf};
use datafusion::prelude::SessionContext;

pub use number::number;
pub use timestamp::timestamp;

/// Makes every function that needs no configuration known to the session.
pub fn register_all(context: &SessionContext) {
    for function in [number(), timestamp()] {
        context.register_udf(function);
    }
}

/// A scalar function over whole arrays.
pub(crate) fn array_function(
    name: &str,
    arguments: Vec<DataType>,
    result: DataType,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    with_volatility(name, arguments, result, Volatility::Immutable, body)
}

/// A costly scalar function over whole arrays: the optimizer may not copy its call into a filter, which would make it run
/// twice.
pub(crate) fn costly_function(
    name: &str,
    arguments: Vec<DataType>,
    result: DataType,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    with_volatility(name, arguments, result, Volatility::Volatile, body)
}

fn with_volatility(
    name: &str,
    arguments: Vec<DataType>,
    result: DataType,
    volatility: Volatility,
    body: impl Fn(&[ArrayRef]) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    create_udf(
        name,
        arguments,
        result,
        volatility,
        Arc::new(move |values: &[ColumnarValue]| {
            let scalar = values.iter().all(|v| matches!(v, ColumnarValue::Scalar(_)));
            let arrays = ColumnarValue::values_to_arrays(values)?;
            let result = body(&arrays)?;
            if scalar && result.len() == 1 {
                return Ok(ColumnarValue::Scalar(datafusion::common::ScalarValue::try_from_array(&result, 0)?));
            }
            Ok(ColumnarValue::Array(result))
        }),
    )
}
