//! Rows of a published table by their places: what who knows them reads, and no more.
//!
//! In: the files of a table, and ranges of rows in the order of the files' names, in which tables have the order of their keys. Out: these
//! rows. Of a column only the pages are read in which they lie, without a plan: a page of the doors asks six tables for a few rows each.

use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use futures::future::BoxFuture;
use futures::{FutureExt, TryStreamExt};
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions, RowSelection};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{PageIndexPolicy, ParquetMetaData, ParquetMetaDataReader};
use tokio_util::bytes::Bytes;

use super::manifest::Output;
use crate::error::{Error, Result};
use crate::store::Location;

/// A table whose rows are read by their places.
#[derive(Debug)]
pub(crate) struct Places {
    files: Vec<File>,
}

#[derive(Debug)]
struct File {
    reader: Reader,
    metadata: ArrowReaderMetadata,
    /// The places of its rows.
    rows: Range<usize>,
}

impl Places {
    /// Reads the footers of a table's files.
    ///
    /// # Errors
    /// Environment, if a file cannot be read.
    pub(crate) async fn open(lake: &Location, output: &Output) -> Result<Self> {
        let folder = lake.join(&output.folder);
        let mut names: Vec<&str> = output.parts.iter().map(|part| part.name.as_str()).collect();
        names.sort_unstable();
        let (mut files, mut first) = (Vec::new(), 0);
        for name in names {
            let file = folder.join(name);
            let (store, path): (Arc<dyn ObjectStore>, Path) = file.open()?;
            let meta = store.head(&path).await.map_err(|e| failed(ParquetError::External(Box::new(e))))?;
            let mut reader = Reader { store, path, size: meta.size };
            let options = ArrowReaderOptions::new()
                .with_offset_index_policy(PageIndexPolicy::Optional)
                .with_column_index_policy(PageIndexPolicy::Skip);
            let metadata = ArrowReaderMetadata::load_async(&mut reader, options).await.map_err(failed)?;
            let rows = metadata.metadata().file_metadata().num_rows() as usize;
            files.push(File { reader, metadata, rows: first..first + rows });
            first += rows;
        }
        Ok(Places { files })
    }

    /// These columns of the rows of these ranges, which come in order and do not overlap; in the order of the file.
    ///
    /// # Errors
    /// Environment, if a file cannot be read.
    pub(crate) async fn rows(&self, ranges: &[Range<usize>], columns: &[&str]) -> Result<Vec<RecordBatch>> {
        let mut found = Vec::new();
        for File { reader, metadata, rows } in &self.files {
            // Counted within the file. Row groups of which nothing is selected are not read.
            let inside = |range: &Range<usize>| {
                range.start.max(rows.start).saturating_sub(rows.start)
                    ..range.end.min(rows.end).saturating_sub(rows.start)
            };
            let own: Vec<Range<usize>> = ranges.iter().map(inside).filter(|range| !range.is_empty()).collect();
            if own.is_empty() {
                continue;
            }
            let selection = RowSelection::from_consecutive_ranges(own.into_iter(), rows.len());
            let builder = ParquetRecordBatchStreamBuilder::new_with_metadata(reader.clone(), metadata.clone());
            let wanted = ProjectionMask::columns(builder.parquet_schema(), columns.iter().copied());
            let stream = builder.with_row_selection(selection).with_projection(wanted).build().map_err(failed)?;
            found.extend(stream.try_collect::<Vec<_>>().await.map_err(failed)?);
        }
        Ok(found)
    }
}

/// A file of a store, as Parquet wants it.
#[derive(Clone, Debug)]
struct Reader {
    store: Arc<dyn ObjectStore>,
    path: Path,
    size: u64,
}

impl AsyncFileReader for Reader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, parquet::errors::Result<Bytes>> {
        async move { Ok(self.store.get_range(&self.path, range).await?) }.boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, parquet::errors::Result<Vec<Bytes>>> {
        async move { Ok(self.store.get_ranges(&self.path, &ranges).await?) }.boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        _: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, parquet::errors::Result<Arc<ParquetMetaData>>> {
        async move {
            let size = self.size;
            // Where pages lie, and not which values they have: footers stay in memory.
            let reader = ParquetMetaDataReader::new()
                .with_offset_index_policy(PageIndexPolicy::Optional)
                .with_column_index_policy(PageIndexPolicy::Skip);
            Ok(Arc::new(reader.load_and_finish(self, size).await?))
        }
        .boxed()
    }
}

/// The error of a file that cannot be read, as the engine would say it.
fn failed(error: ParquetError) -> Error {
    datafusion::error::DataFusionError::from(error).into()
}
