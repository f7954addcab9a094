//! `bare(text)`: a number or code without the marks by which spreadsheets keep it a text; NULL where a spreadsheet damaged it.
//! `damaged(text)`: whether it did.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, StringArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use nayose_japanese::spreadsheet::{Cleaned, clean};

/// The value without the marks.
pub(crate) fn bare() -> ScalarUDF {
    array_function("bare", vec![DataType::Utf8], DataType::Utf8, |columns| {
        let texts = columns::strings(&columns[0])?;
        // Nearly all columns hold values as they are.
        if texts.iter().flatten().all(|text| matches!(clean(text), Cleaned::Plain(_))) {
            return Ok(Arc::clone(&columns[0]));
        }
        let bare: StringArray =
            texts.iter().map(|text| text.and_then(|text| clean(text).text().map(str::to_string))).collect();
        Ok(Arc::new(bare) as ArrayRef)
    })
}

/// Whether a spreadsheet damaged the value beyond repair.
pub(crate) fn damaged() -> ScalarUDF {
    array_function("damaged", vec![DataType::Utf8], DataType::Boolean, |columns| {
        let texts = columns::strings(&columns[0])?;
        let damaged: BooleanArray = texts.iter().map(|text| text.map(|text| clean(text).damage().is_some())).collect();
        Ok(Arc::new(damaged) as ArrayRef)
    })
}
