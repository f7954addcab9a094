//! Lists and structs as JSON, for formats and protocols that have none.

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use std::sync::Arc;

use crate::error::{Error, Result};

/// A column as JSON texts; null where the value is.
///
/// # Errors
/// Bug, where the values cannot be written.
pub(crate) fn as_json(field: &Field, column: &ArrayRef) -> Result<StringArray> {
    let one = RecordBatch::try_new(Arc::new(Schema::new(vec![field.clone()])), vec![column.clone()])?;
    let mut lines = Vec::new();
    let mut writer = arrow::json::WriterBuilder::new()
        .with_explicit_nulls(true)
        .build::<_, arrow::json::writer::LineDelimited>(&mut lines);
    writer.write(&one)?;
    writer.finish()?;
    // The text of a value is cut out and not parsed: a parser may round the last digit of a number.
    let name = serde_json::to_string(field.name()).map_err(|e| Error::bug(format!("a name cannot be written: {e}")))?;
    let (before, after) = (format!("{{{name}:"), "}");
    let value = |line: &str| -> Option<String> {
        let value = line.strip_prefix(before.as_str())?.strip_suffix(after)?;
        (value != "null").then(|| value.to_string())
    };
    Ok(String::from_utf8_lossy(&lines).lines().map(value).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{Array, Float64Array, ListArray, StructArray};
    use arrow::datatypes::{DataType, Float64Type};

    #[test]
    fn every_digit_of_a_number_is_kept() {
        let numbers = Float64Array::from(vec![9.962497761990429, 0.1, -1e-300]);
        let fields = vec![Field::new("weight", DataType::Float64, true)];
        let structs: ArrayRef = Arc::new(StructArray::new(fields.into(), vec![Arc::new(numbers)], None));
        let texts = as_json(&Field::new("a \"b\"", structs.data_type().clone(), true), &structs).expect("JSON");
        assert_eq!(texts.value(0), r#"{"weight":9.962497761990429}"#);
        assert_eq!(texts.value(2), r#"{"weight":-1.0e-300}"#);
        let lists: ArrayRef =
            Arc::new(ListArray::from_iter_primitive::<Float64Type, _, _>([Some(vec![Some(1.0), None]), None]));
        let texts = as_json(&Field::new("l", lists.data_type().clone(), true), &lists).expect("JSON");
        assert_eq!((texts.value(0), texts.is_null(1)), ("[1.0,null]", true));
    }
}
