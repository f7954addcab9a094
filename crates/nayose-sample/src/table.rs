//! Parquet files being written, batch by batch, with fixed properties.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, StringArray};
use arrow::datatypes::SchemaRef;
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::WriterProperties;

use super::output::{FileCounts, create};
use crate::error::{Error, Result};

/// A column of text.
pub(super) fn column<'r, T, F>(rows: &'r [T], value: F) -> ArrayRef
where
    F: Fn(&'r T) -> Option<&'r str>,
{
    Arc::new(rows.iter().map(value).collect::<StringArray>())
}

/// A Parquet file being written, batch by batch.
pub(super) struct Table<T> {
    schema: SchemaRef,
    writer: ArrowWriter<BufWriter<File>>,
    /// Rows not yet written.
    pub(super) rows: Vec<T>,
    /// Counts so far.
    pub(super) counts: FileCounts,
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::Write { file: None, cause: error.to_string() }
}

impl<T> Table<T> {
    /// Opens a file whose row groups have `group` rows.
    pub(super) fn create(out: &Path, path: &str, kind: &'static str, schema: SchemaRef, group: usize) -> Result<Self> {
        // No version and no time: the same rows give the same bytes.
        let properties = WriterProperties::builder()
            .set_created_by("nayose generate".to_string())
            .set_compression(Compression::SNAPPY)
            .set_max_row_group_row_count(Some(group))
            .build();
        let writer = ArrowWriter::try_new(create(out, path)?, schema.clone(), Some(properties)).map_err(failed)?;
        let counts = FileCounts { path: path.to_string(), kind, ..FileCounts::default() };
        Ok(Table { schema, writer, rows: Vec::new(), counts })
    }

    /// Writes the rows as `columns` turns them into arrays.
    pub(super) fn flush(&mut self, columns: impl Fn(&[T]) -> Vec<ArrayRef>) -> Result<()> {
        self.counts.rows += self.rows.len() as u64;
        for rows in self.rows.chunks(10_000) {
            let batch = RecordBatch::try_new(self.schema.clone(), columns(rows)).map_err(failed)?;
            self.writer.write(&batch).map_err(failed)?;
        }
        self.rows.clear();
        Ok(())
    }

    /// Closes the file.
    pub(super) fn close(self) -> Result<FileCounts> {
        self.writer.close().map_err(failed)?;
        Ok(self.counts)
    }
}
