//! A Parquet file of a table: held against the contract, encoded, named by its content, written.

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::cast;
use arrow::datatypes::SchemaRef;
use serde::{Deserialize, Serialize};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::contract::Table;
use super::encode::{Encoder, Lifetime};
use crate::error::{Error, Result};
use crate::store::{Location, digest};

/// A Parquet file of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// File name below the table's folder.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
}

/// Rows of a file. Fixed, so that files do not depend on threads or memory.
pub(crate) const PART_ROWS: usize = 1 << 19;

/// What a task that writes ended with.
pub(crate) fn finished<T>(task: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    task.map_err(|e| Error::bug(format!("a Parquet writer stopped: {e}")))?
}

/// The batch with exactly the contract's fields: the engine's nullability and inner names may differ.
pub(crate) fn conform(batch: RecordBatch, schema: &SchemaRef, table: &Table) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> =
        batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(|(column, field)| {
                if column.data_type() == field.data_type() {
                    Ok(column.clone())
                } else {
                    cast(column, field.data_type())
                }
            })
            .collect::<Result<_, _>>()?;
    for (column, field) in columns.iter().zip(schema.fields()) {
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(Error::bug(format!("column {} of table {} may not be null", field.name(), table.name)));
        }
    }
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// A file of a table that is being encoded while its rows are made.
pub(crate) struct OpenPart {
    rows: u64,
    batches: mpsc::Sender<RecordBatch>,
    encoding: JoinHandle<Result<Vec<u8>>>,
}

/// Batches that may wait for the encoder.
const WAITING: usize = 1;

impl OpenPart {
    /// A file without rows.
    pub(crate) fn new(schema: SchemaRef, lifetime: Lifetime) -> Self {
        let (batches, mut next) = mpsc::channel::<RecordBatch>(WAITING);
        let encoding = tokio::task::spawn_blocking(move || {
            let mut file = Encoder::new(schema, lifetime)?;
            while let Some(batch) = next.blocking_recv() {
                file.push(&batch)?;
            }
            file.finish()
        });
        OpenPart { rows: 0, batches, encoding }
    }

    /// Adds rows, and waits while the encoder is behind.
    pub(crate) async fn push(&mut self, batch: RecordBatch) {
        self.rows += batch.num_rows() as u64;
        // An encoder that failed says so at the end.
        let _ = self.batches.send(batch).await;
    }

    /// Rows so far.
    pub(crate) fn rows(&self) -> usize {
        self.rows as usize
    }

    /// Writes the file, named by its number and its content.
    ///
    /// # Errors
    /// Bug, as the encoder says; environment for the store.
    pub(crate) async fn write(self, folder: Location, number: usize) -> Result<Part> {
        let rows = self.rows;
        write_encoded(self.encoded().await?, rows, &folder, number).await
    }

    /// The file as it would be written.
    ///
    /// # Errors
    /// Bug, as the encoder says.
    pub(crate) async fn measure(self, number: usize) -> Result<Part> {
        let rows = self.rows;
        let encoded = self.encoded().await?;
        let (digest, _) = digest::of_content(&encoded);
        Ok(Part { name: name_of(number, &digest), bytes: encoded.len() as u64, rows })
    }

    async fn encoded(self) -> Result<Vec<u8>> {
        drop(self.batches);
        finished(self.encoding.await)
    }
}

fn name_of(number: usize, digest: &str) -> String {
    format!("part-{number:05}-{digest}.parquet")
}

/// Writes a Parquet file of a table, named by its number and its content; the digests of its blocks beside it.
pub(crate) async fn write_encoded(encoded: Vec<u8>, rows: u64, folder: &Location, number: usize) -> Result<Part> {
    let (digest, blocks) = digest::of_content(&encoded);
    let name = name_of(number, &digest);
    if let Some(blocks) = blocks {
        folder.join(&digest::tree_name(&name)).write(blocks).await?;
    }
    let bytes = encoded.len() as u64;
    folder.join(&name).write(encoded).await?;
    Ok(Part { name, bytes, rows })
}
