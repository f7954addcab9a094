//! Lists and structs as JSON, for formats and protocols that have none.

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::{Field, Schema};
use std::sync::Arc;

use crate::error::Result;

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
    Ok(String::from_utf8_lossy(&lines)
        .lines()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
            value.get(field.name()).filter(|v| !v.is_null()).map(|v| v.to_string())
        })
        .collect())
}
