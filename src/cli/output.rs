//! Rows and texts on stdout. A closed pipe ends the program quietly, as `head` expects.

use std::io::{self, Write};

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::csv::WriterBuilder;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::ipc::writer::FileWriter;
use datafusion::arrow::json::LineDelimitedWriter;
use datafusion::arrow::util::pretty::pretty_format_batches;

use crate::encode::{Kept, encode};
use crate::error::{Error, Result};

/// How rows are printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum RowFormat {
    /// A table for people
    Table,
    /// CSV with a header, UTF-8
    Csv,
    /// One JSON object a line
    Json,
    /// Parquet
    Parquet,
    /// Arrow IPC file
    Arrow,
}

/// Prints a text with a line end.
pub(super) fn print(text: &str) -> Result<()> {
    finish(writeln!(io::stdout().lock(), "{text}"))
}

/// Prints rows.
pub(super) fn print_rows(batches: &[RecordBatch], schema: SchemaRef, format: RowFormat) -> Result<()> {
    if format == RowFormat::Table {
        return print(&pretty_format_batches(batches)?.to_string());
    }
    let bytes = bytes_of(batches, schema, format)?;
    finish(io::stdout().lock().write_all(&bytes))
}

/// Rows in a format that programs read.
pub(super) fn bytes_of(batches: &[RecordBatch], schema: SchemaRef, format: RowFormat) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match format {
        RowFormat::Table => bytes = pretty_format_batches(batches)?.to_string().into_bytes(),
        RowFormat::Csv => {
            let flat: Vec<RecordBatch> = batches.iter().map(flatten).collect::<Result<_>>()?;
            let mut writer = WriterBuilder::new().with_header(true).build(&mut bytes);
            if flat.is_empty() {
                writer.write(&flatten(&RecordBatch::new_empty(schema))?)?;
            }
            for batch in &flat {
                writer.write(batch)?;
            }
        }
        RowFormat::Json => {
            let mut writer = LineDelimitedWriter::new(&mut bytes);
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
        }
        RowFormat::Parquet => bytes = encode(batches, &schema, Kept::Long)?,
        RowFormat::Arrow => {
            let mut writer = FileWriter::try_new(&mut bytes, &schema)?;
            for batch in batches {
                writer.write(batch)?;
            }
            writer.finish()?;
        }
    }
    Ok(bytes)
}

/// CSV has no lists and structs: they are written as JSON.
fn flatten(batch: &RecordBatch) -> Result<RecordBatch> {
    use datafusion::arrow::array::{ArrayRef, StringArray};
    use datafusion::arrow::datatypes::{DataType, Field, Schema};
    use std::sync::Arc;
    let mut fields = Vec::new();
    let mut columns: Vec<ArrayRef> = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if !field.data_type().is_nested() {
            fields.push(field.as_ref().clone());
            columns.push(column.clone());
            continue;
        }
        let one = RecordBatch::try_new(Arc::new(Schema::new(vec![field.as_ref().clone()])), vec![column.clone()])?;
        let mut lines = Vec::new();
        let mut writer = datafusion::arrow::json::WriterBuilder::new()
            .with_explicit_nulls(true)
            .build::<_, datafusion::arrow::json::writer::LineDelimited>(&mut lines);
        writer.write(&one)?;
        writer.finish()?;
        let texts: StringArray = String::from_utf8_lossy(&lines)
            .lines()
            .map(|line| {
                let value: serde_json::Value = serde_json::from_str(line).unwrap_or_default();
                value.get(field.name()).filter(|v| !v.is_null()).map(|v| v.to_string())
            })
            .collect();
        fields.push(Field::new(field.name(), DataType::Utf8, true));
        columns.push(Arc::new(texts));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), columns)?)
}

fn finish(written: io::Result<()>) -> Result<()> {
    match written {
        Err(e) if e.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        Err(e) => Err(Error::environment(format!("cannot write to stdout: {e}"))),
        Ok(()) => Ok(()),
    }
}
