//! Parquet rows.
//!
//! In: a Parquet file. Out: the wanted columns as text, the row number as line. Only the wanted columns are fetched. Dates
//! and times become ISO text, decimals keep their digits, whole floats lose their `.0`. Binary columns hold text in the
//! encoding of the source, because older writers mark text so. A value that has no text is a reject, not a NULL.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use datafusion::arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Int64Array, RecordBatch, StringArray, StringBuilder, new_null_array,
};
use datafusion::arrow::compute::{CastOptions, can_cast_types, cast_with_options, nullif};
use datafusion::arrow::datatypes::{DataType, Float64Type, SchemaRef};
use datafusion::parquet::arrow::ProjectionMask;
use datafusion::parquet::arrow::arrow_reader::ArrowReaderOptions;
use datafusion::parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use datafusion::parquet::errors::ParquetError;
use datafusion::parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt};
use object_store::{GetRange, OBJECT_STORE_COALESCE_DEFAULT, coalesce_ranges};
use tokio_util::bytes::Bytes;

use super::decompress::{from_store, same_version};
use super::encoding::TextEncoding;
use super::header;
use super::json_value::float_text;
use super::reader::{ReadOptions, SourceFile};
use super::row_batch::{RejectReason, file_column, is_missing};
use crate::error::{Error, Result};

type Builder = ParquetRecordBatchStreamBuilder<ObjectReader>;

/// The batches of a file.
pub(super) async fn open(
    file: SourceFile,
    options: Arc<ReadOptions>,
    schema: SchemaRef,
) -> Result<impl Stream<Item = Result<RecordBatch>> + Send> {
    let name = file.name.clone();
    let count = Arc::clone(&file.count);
    let builder = builder(file).await?;
    let rows = builder.metadata().file_metadata().num_rows();
    let fields = builder.schema().fields().clone();
    let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let wanted = header::locate(&names, &options, &name)?;
    for &position in wanted.iter().flatten() {
        let field = &fields[position];
        if field.data_type().is_nested() || !can_cast_types(field.data_type(), &DataType::Utf8) {
            return Err(Error::config(format!("column {} of {name} is of type {}", field.name(), field.data_type()))
                .hint("nayose reads text, numbers, booleans, dates and times; flatten the column before delivery"));
        }
    }
    // The file gives its columns in its own order, each once.
    let mut fetched: Vec<usize> = wanted.iter().flatten().copied().collect();
    fetched.sort_unstable();
    fetched.dedup();
    let order: Vec<Option<usize>> = wanted.iter().map(|at| fetched.binary_search(at.as_ref()?).ok()).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), fetched);
    let batches = builder
        .with_projection(mask)
        .with_batch_size(options.batch_rows.max(1))
        .build()
        .map_err(|error| from_parquet(error, &name))?;
    count.add_rows(u64::try_from(rows).unwrap_or_default());
    let mut next_row = 1;
    // The decoder may panic on damaged pages.
    Ok(AssertUnwindSafe(batches).catch_unwind().map(move |batch| {
        let batch = batch.map_err(|_| damaged(&name))?.map_err(|error| from_parquet(error, &name))?;
        let first = next_row;
        next_row += batch.num_rows() as i64;
        to_text(&batch, &order, first, &name, &options, &schema)
    }))
}

/// The names of the columns, nested ones dotted.
pub(super) async fn columns_of(file: SourceFile) -> Result<Vec<String>> {
    let builder = builder(file).await?;
    Ok(builder.parquet_schema().columns().iter().map(|column| column.path().string()).collect())
}

async fn builder(file: SourceFile) -> Result<Builder> {
    let name = file.name.clone();
    let opened = AssertUnwindSafe(Builder::new(ObjectReader { file })).catch_unwind().await;
    opened.map_err(|_| damaged(&name))?.map_err(|error| from_parquet(error, &name))
}

fn to_text(
    batch: &RecordBatch,
    order: &[Option<usize>],
    first: i64,
    name: &str,
    options: &ReadOptions,
    schema: &SchemaRef,
) -> Result<RecordBatch> {
    let rows = batch.num_rows();
    let mut reasons: Vec<Option<RejectReason>> = vec![None; rows];
    let mut texts = Vec::with_capacity(order.len());
    for position in order {
        let Some(position) = *position else {
            texts.push(StringArray::new_null(rows));
            continue;
        };
        let column = batch.column(position);
        let text = column_text(column, options.encoding, name)?;
        for (row, reason) in reasons.iter_mut().enumerate() {
            if text.is_null(row) && column.is_valid(row) {
                reason.get_or_insert(RejectReason::Undecodable);
            }
        }
        texts.push(text);
    }
    for text in options.required.iter().filter_map(|&column| texts.get(column)) {
        for (row, reason) in reasons.iter_mut().enumerate() {
            if text.is_null(row) || is_missing(text.value(row)) {
                reason.get_or_insert(RejectReason::MissingRequired);
            }
        }
    }
    let rejected: BooleanArray = reasons.iter().map(|reason| Some(reason.is_some())).collect();
    let mut arrays: Vec<ArrayRef> = vec![
        file_column(name, rows),
        Arc::new(Int64Array::from_iter_values(first..first + rows as i64)),
        Arc::new(reasons.iter().map(|reason| reason.map(RejectReason::name)).collect::<StringArray>()),
        new_null_array(&DataType::Utf8, rows),
    ];
    for text in texts {
        let empty: BooleanArray = text
            .iter()
            .zip(&rejected)
            .map(|(value, rejected)| Some(value == Some("") || rejected == Some(true)))
            .collect();
        arrays.push(nullif(&text, &empty)?);
    }
    Ok(RecordBatch::try_new(Arc::clone(schema), arrays)?)
}

/// A column as text. NULL where it was not NULL before: the value has no text.
fn column_text(column: &ArrayRef, encoding: TextEncoding, name: &str) -> Result<StringArray> {
    let cast = |to: &DataType| {
        cast_with_options(column, to, &CastOptions { safe: true, ..CastOptions::default() }).map_err(|_| {
            Error::config(format!("{name} has a column of type {}, which has no text", column.data_type()))
                .hint("deliver the column as text")
        })
    };
    let value_type = match column.data_type() {
        DataType::Dictionary(_, value_type) => value_type.as_ref(),
        other => other,
    };
    Ok(match value_type {
        DataType::Binary | DataType::LargeBinary | DataType::BinaryView | DataType::FixedSizeBinary(_) => {
            let binary = cast(&DataType::Binary)?;
            let mut text = StringBuilder::new();
            let mut value = String::new();
            for bytes in binary.as_binary::<i32>() {
                value.clear();
                match bytes {
                    Some(bytes) if encoding.decode(bytes, &mut value) => text.append_value(&value),
                    _ => text.append_null(),
                }
            }
            text.finish()
        }
        DataType::Float16 | DataType::Float32 => {
            // By way of text, so that 0.1 stays 0.1.
            let texts = cast(&DataType::Utf8)?;
            let whole = |value: &str| value.strip_suffix(".0").unwrap_or(value).to_string();
            texts.as_string::<i32>().iter().map(|value| value.map(whole)).collect()
        }
        DataType::Float64 => {
            let numbers = cast(&DataType::Float64)?;
            numbers.as_primitive::<Float64Type>().iter().map(|value| value.map(float_text)).collect()
        }
        _ => cast(&DataType::Utf8)?.as_string::<i32>().clone(),
    })
}

fn from_parquet(error: ParquetError, name: &str) -> Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<Error>() {
            Ok(own) => *own,
            Err(other) => match other.downcast::<ParquetError>() {
                Ok(inner) => from_parquet(*inner, name),
                Err(_) => damaged(name),
            },
        },
        ParquetError::NYI(_) => Error::config(format!("{name} is written in a way that nayose does not read"))
            .hint("write it again with plain settings: Parquet 1.0 or 2.x, snappy or zstd, no encryption"),
        _ => damaged(name),
    }
}

fn damaged(name: &str) -> Error {
    Error::data(format!("{name} is not a whole Parquet file: it is cut off, damaged or something else"))
        .hint("send the file again, and check `format`")
}

/// Fetches parts of a file.
struct ObjectReader {
    file: SourceFile,
}

impl ObjectReader {
    async fn fetch(&self, range: Range<u64>) -> Result<Bytes, ParquetError> {
        let failed = |error| ParquetError::External(Box::new(from_store(error, &self.file.name)));
        if range.end > self.file.meta.size {
            return Err(ParquetError::EOF("a part lies beyond the end of the file".to_string()));
        }
        let mut request = same_version(&self.file);
        request.range = Some(GetRange::Bounded(range));
        let found = self.file.store.get_opts(&self.file.meta.location, request).await.map_err(failed)?;
        let bytes = found.bytes().await.map_err(failed)?;
        self.file.count.add_bytes(bytes.len() as u64);
        Ok(bytes)
    }
}

impl AsyncFileReader for ObjectReader {
    fn get_bytes(&mut self, range: Range<u64>) -> BoxFuture<'_, Result<Bytes, ParquetError>> {
        self.fetch(range).boxed()
    }

    fn get_byte_ranges(&mut self, ranges: Vec<Range<u64>>) -> BoxFuture<'_, Result<Vec<Bytes>, ParquetError>> {
        let reader = &*self;
        async move { coalesce_ranges(&ranges, |range| reader.fetch(range), OBJECT_STORE_COALESCE_DEFAULT).await }
            .boxed()
    }

    fn get_metadata<'a>(
        &'a mut self,
        options: Option<&'a ArrowReaderOptions>,
    ) -> BoxFuture<'a, Result<Arc<ParquetMetaData>, ParquetError>> {
        async move {
            let size = self.file.meta.size;
            let reader = ParquetMetaDataReader::new().with_arrow_reader_options(options);
            Ok(Arc::new(reader.load_and_finish(self, size).await?))
        }
        .boxed()
    }
}
