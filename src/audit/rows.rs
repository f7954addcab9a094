//! Rows of a table as plain data.

use arrow::array::RecordBatch;
use arrow::json::LineDelimitedWriter;
use datafusion::prelude::DataFrame;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};

/// The rows of a frame, by the names of its columns; what is null is left out of a row. Times are RFC 3339, days `2026-03-31`.
///
/// # Errors
/// As the engine says; a bug, where a column is not of the type that is asked for.
pub(super) async fn rows<T: DeserializeOwned>(frame: DataFrame) -> Result<Vec<T>> {
    let batches: Vec<RecordBatch> = frame.collect().await?;
    let mut lines = Vec::new();
    let mut writer = LineDelimitedWriter::new(&mut lines);
    batches.iter().try_for_each(|batch| writer.write(batch))?;
    writer.finish()?;
    let row = |line: &[u8]| {
        // What serde says of a type that does not fit would quote the value.
        serde_json::from_slice(line).map_err(|e| {
            Error::bug(format!("a row is not what is asked for: {:?} in column {}", e.classify(), e.column()))
        })
    };
    lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).map(row).collect()
}
