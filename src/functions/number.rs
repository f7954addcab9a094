//! `number(text)`: a number as people write it, `decimal(text)`: an amount, exactly; NULL where it is none.

use std::sync::Arc;

use arrow::array::{ArrayRef, Decimal128Array, Float64Array};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use crate::tables::contract::{AMOUNT_DIGITS, AMOUNT_SCALE, Type};
use nayose_japanese::number;

/// The function `number`.
pub(crate) fn number() -> ScalarUDF {
    array_function("number", vec![DataType::Utf8], DataType::Float64, |columns| {
        let values: Float64Array = columns::strings(&columns[0])?.iter().map(|v| v.and_then(number::number)).collect();
        Ok(Arc::new(values) as ArrayRef)
    })
}

/// The function `decimal`.
pub(crate) fn decimal() -> ScalarUDF {
    array_function("decimal", vec![DataType::Utf8], Type::Amount.arrow(), |columns| {
        let most = 10i128.pow(u32::from(AMOUNT_DIGITS));
        let amount = |text: &str| {
            number::decimal(text, u32::from(AMOUNT_SCALE.unsigned_abs())).filter(|units| units.abs() < most)
        };
        let values: Decimal128Array = columns::strings(&columns[0])?.iter().map(|v| v.and_then(amount)).collect();
        Ok(Arc::new(values.with_precision_and_scale(AMOUNT_DIGITS, AMOUNT_SCALE)?) as ArrayRef)
    })
}
