//! Reading source files: every format, encoding and packing, and everything that can be wrong with them.

mod broken_files;
mod delimited;
mod encodings;
mod json_lines;
mod parquet;
mod properties;

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::Int64Type;
use futures::TryStreamExt;
use nayose::error::{Error, Result};
use nayose::sources::reader::{self, Format, ReadOptions, SourceFile, TextEncoding};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path;

/// Options for UTF-8, of which the first column is required.
fn options(format: Format, columns: &[&str]) -> ReadOptions {
    let columns: Vec<String> = columns.iter().map(|column| column.to_string()).collect();
    let required = if columns.is_empty() { vec![] } else { vec![0] };
    ReadOptions::new(format, TextEncoding::Utf8, columns, required)
}

fn csv(columns: &[&str]) -> ReadOptions {
    options(Format::Csv, columns)
}

fn json(columns: &[&str]) -> ReadOptions {
    options(Format::Jsonl, columns)
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().expect("a runtime").block_on(work)
}

async fn in_memory(bytes: &[u8]) -> SourceFile {
    let store = InMemory::new();
    let path = Path::from("in/file");
    store.put(&path, bytes.to_vec().into()).await.expect("stored");
    let meta = store.head(&path).await.expect("stored");
    SourceFile::new(Arc::new(store), meta, "in/file")
}

async fn batches_of(file: SourceFile, options: ReadOptions) -> Result<Vec<RecordBatch>> {
    let stream = reader::read(file, Arc::new(options));
    let schema = stream.schema();
    let batches: Vec<RecordBatch> = stream.try_collect().await.map_err(Error::from)?;
    assert!(batches.iter().all(|batch| batch.schema() == schema && batch.num_rows() > 0));
    Ok(batches)
}

/// The rows of a file, one text each: `line: value|value` with `-` for NULL, or `line! reason raw`.
fn read(bytes: &[u8], options: &ReadOptions) -> Result<Vec<String>> {
    block_on(async {
        let file = in_memory(bytes).await;
        let count = Arc::clone(&file.count);
        let rows: Vec<String> = batches_of(file, options.clone()).await?.iter().flat_map(rows_of).collect();
        assert_eq!(count.rows(), rows.len() as u64, "rows in = records + rejects");
        Ok(rows)
    })
}

/// The same, where it may be that the file lies about its rows.
fn try_read(bytes: &[u8], options: &ReadOptions) -> Result<usize> {
    block_on(async {
        Ok(batches_of(in_memory(bytes).await, options.clone()).await?.iter().map(RecordBatch::num_rows).sum())
    })
}

fn rows_of(batch: &RecordBatch) -> Vec<String> {
    let text = |column: usize, row: usize| {
        let column = batch.column(column).as_string::<i32>();
        column.is_valid(row).then(|| column.value(row).to_string())
    };
    let lines = batch.column(1).as_primitive::<Int64Type>();
    (0..batch.num_rows())
        .map(|row| {
            assert_eq!(text(0, row).as_deref(), Some("in/file"));
            let line = lines.value(row);
            let values: Vec<Option<String>> = (4..batch.num_columns()).map(|column| text(column, row)).collect();
            match text(2, row) {
                None => {
                    assert_eq!(text(3, row), None, "a record has no raw line");
                    let values: Vec<String> = values.into_iter().map(|value| value.unwrap_or("-".into())).collect();
                    format!("{line}: {}", values.join("|"))
                }
                Some(reason) => {
                    assert!(values.iter().all(Option::is_none), "a reject has no values");
                    format!("{line}! {reason} {}", text(3, row).unwrap_or("-".into()))
                }
            }
        })
        .collect()
}

fn failure(bytes: &[u8], options: &ReadOptions) -> Error {
    read(bytes, options).expect_err("an error")
}

fn columns_of(bytes: &[u8], options: &ReadOptions) -> Result<Vec<String>> {
    block_on(async { reader::columns_of(&in_memory(bytes).await, options).await })
}
