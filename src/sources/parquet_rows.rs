//! Parquet rows.
//!
//! In: a Parquet file. Out: the wanted columns as text, the row number as line. Only the wanted columns are fetched. Dates
//! and times become ISO text, decimals keep their digits, whole floats lose their `.0`, NaN is NULL, as data frames mean it. Binary
//! columns hold text in the encoding of the source, because older writers mark text so. A value that has no text is a reject, not
//! a NULL; so is a whole number that is too large for its float: two ids may have become one.

use std::ops::Range;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use arrow::array::{
    Array, ArrayRef, AsArray, BooleanArray, Float64Array, Int64Array, RecordBatch, RecordBatchOptions, StringArray,
    StringBuilder, new_null_array,
};
use arrow::compute::{CastOptions, can_cast_types, cast_with_options, nullif};
use arrow::datatypes::{DataType, Field, Fields, Float64Type, Schema, SchemaRef};
use futures::future::BoxFuture;
use futures::{FutureExt, Stream, StreamExt, TryStreamExt};
use object_store::{GetRange, OBJECT_STORE_COALESCE_DEFAULT, coalesce_ranges};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{ArrowReaderMetadata, ArrowReaderOptions};
use parquet::arrow::async_reader::{AsyncFileReader, ParquetRecordBatchStreamBuilder};
use parquet::errors::ParquetError;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader};
use tokio_util::bytes::Bytes;

use super::decompress::{from_store, same_version};
use super::encoding::TextEncoding;
use super::header;
use super::json_value::{EXACT, float_text};
use super::reader::{ReadOptions, SourceFile};
use super::row_batch::{BATCH_BYTES, RejectReason, file_column, is_missing};
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
    let leaves = leaves(builder.schema().fields());
    let names: Vec<String> = leaves.iter().map(|leaf| leaf.name.clone()).collect();
    let wanted = header::locate(&names, &options, &name)?;
    for &position in wanted.iter().flatten() {
        let leaf = &leaves[position];
        if leaf.data_type.is_nested() || !can_cast_types(&leaf.data_type, &DataType::Utf8) {
            return Err(Error::config(format!("column {} of {name} is of type {}", leaf.name, leaf.data_type))
                .hint("nayose reads text, numbers, booleans, dates and times; flatten the column before delivery"));
        }
    }
    // The file gives its columns in its own order, each once.
    let mut fetched: Vec<usize> = wanted.iter().flatten().map(|at| leaves[*at].path[0]).collect();
    fetched.sort_unstable();
    fetched.dedup();
    let mut paths: Vec<Vec<usize>> = Vec::new();
    let mut place = |at: &Option<usize>| {
        let mut path = leaves[(*at)?].path.clone();
        path[0] = fetched.binary_search(&path[0]).ok()?;
        let known = paths.iter().position(|known| *known == path);
        Some(known.unwrap_or_else(|| {
            paths.push(path);
            paths.len() - 1
        }))
    };
    let order: Vec<Option<usize>> = wanted.iter().map(&mut place).collect();
    let mask = ProjectionMask::roots(builder.parquet_schema(), fetched.clone());
    let batches = builder
        .with_projection(mask)
        .with_batch_size(options.batch_rows.max(1))
        .build()
        .map_err(|error| from_parquet(error, &name))?;
    count.add_rows(u64::try_from(rows).unwrap_or_default());
    let mut next_row = 1;
    // The decoder may panic on damaged pages.
    let batches = AssertUnwindSafe(batches).catch_unwind().map(move |batch| {
        let batch = batch.map_err(|_| damaged(&name))?.map_err(|error| from_parquet(error, &name))?;
        let batch = flat(&batch, &paths)?;
        let mut texts = Vec::new();
        for (from, rows) in in_pieces(&batch, &order) {
            let (name, order, options, schema) = (name.clone(), order.clone(), options.clone(), schema.clone());
            let (piece, first) = (batch.slice(from, rows), next_row + from as i64);
            texts.push(move || to_text(&piece, &order, first, &name, &options, &schema));
        }
        next_row += batch.num_rows() as i64;
        Ok::<_, Error>(futures::stream::iter(texts).map(|text| text()))
    });
    Ok(batches.try_flatten())
}

/// A column that is no struct, and the way to it.
struct Leaf {
    /// Its name, below structs dotted.
    name: String,
    /// The place of its root, then that of each field below.
    path: Vec<usize>,
    data_type: DataType,
}

fn leaves(fields: &Fields) -> Vec<Leaf> {
    let mut all = Vec::new();
    for (place, field) in fields.iter().enumerate() {
        match field.data_type() {
            DataType::Struct(below) => all.extend(leaves(below).into_iter().map(|leaf| Leaf {
                name: format!("{}.{}", field.name(), leaf.name),
                path: [vec![place], leaf.path].concat(),
                data_type: leaf.data_type,
            })),
            other => all.push(Leaf { name: field.name().clone(), path: vec![place], data_type: other.clone() }),
        }
    }
    all
}

/// The columns at these paths. A value below a struct that is null is null.
fn flat(batch: &RecordBatch, paths: &[Vec<usize>]) -> Result<RecordBatch> {
    let mut columns: Vec<ArrayRef> = Vec::new();
    let mut fields: Vec<Arc<Field>> = Vec::new();
    for (place, path) in paths.iter().enumerate() {
        let mut column = Arc::clone(batch.column(path[0]));
        for step in &path[1..] {
            let below = column.as_struct_opt().map(|of| of.flatten().1);
            let next = below.and_then(|below| below.get(*step).cloned());
            column = next.ok_or_else(|| Error::bug("a column is not where the schema says"))?;
        }
        fields.push(Arc::new(Field::new(place.to_string(), column.data_type().clone(), true)));
        columns.push(column);
    }
    let rows = RecordBatchOptions::new().with_row_count(Some(batch.num_rows()));
    Ok(RecordBatch::try_new_with_options(Arc::new(Schema::new(fields)), columns, &rows)?)
}

/// The batch in pieces whose texts are at most [`BATCH_BYTES`]: a file of a few kilobytes may say one long value a hundred thousand
/// times. Where each piece starts, and how many rows it has.
fn in_pieces(batch: &RecordBatch, order: &[Option<usize>]) -> Vec<(usize, usize)> {
    let mut bytes = vec![0usize; batch.num_rows()];
    for column in order.iter().flatten().map(|position| batch.column(*position)) {
        // Where every value is null there is no dictionary.
        let Some(column) = column.as_any_dictionary_opt().filter(|column| !column.values().is_empty()) else {
            continue;
        };
        let lengths = lengths(column.values());
        for (row, key) in column.normalized_keys().into_iter().enumerate().filter(|(row, _)| column.is_valid(*row)) {
            bytes[row] += lengths.get(key).copied().unwrap_or_default();
        }
    }
    let mut pieces = Vec::new();
    let (mut from, mut sum) = (0, 0);
    for (row, bytes) in bytes.into_iter().enumerate() {
        if row > from && sum + bytes > BATCH_BYTES {
            pieces.push((from, row - from));
            (from, sum) = (row, 0);
        }
        sum += bytes;
    }
    pieces.push((from, batch.num_rows() - from));
    pieces
}

/// The length of each text or binary value.
fn lengths(values: &ArrayRef) -> Vec<usize> {
    match values.data_type() {
        DataType::Utf8 => values.as_string::<i32>().iter().map(|text| text.map_or(0, str::len)).collect(),
        DataType::Binary => values.as_binary::<i32>().iter().map(|bytes| bytes.map_or(0, <[u8]>::len)).collect(),
        _ => Vec::new(),
    }
}

/// The schema with text and binary columns as dictionaries: what repeats in the file is in memory once.
fn in_dictionaries(schema: &Schema) -> SchemaRef {
    let field = |field: &Arc<Field>| {
        let values = match field.data_type() {
            DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => DataType::Utf8,
            DataType::Binary | DataType::LargeBinary | DataType::BinaryView => DataType::Binary,
            _ => return field.clone(),
        };
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(values));
        Arc::new(field.as_ref().clone().with_data_type(dictionary))
    };
    Arc::new(Schema::new_with_metadata(
        schema.fields().iter().map(field).collect::<Vec<_>>(),
        schema.metadata().clone(),
    ))
}

/// The names of the columns, nested ones dotted.
pub(super) async fn columns_of(file: SourceFile) -> Result<Vec<String>> {
    let builder = builder(file).await?;
    Ok(builder.parquet_schema().columns().iter().map(|column| column.path().string()).collect())
}

async fn builder(file: SourceFile) -> Result<Builder> {
    let name = file.name.clone();
    let open = async {
        let mut reader = ObjectReader { file };
        let told = ArrowReaderMetadata::load_async(&mut reader, ArrowReaderOptions::new()).await?;
        let options = ArrowReaderOptions::new().with_schema(in_dictionaries(told.schema()));
        let metadata = ArrowReaderMetadata::try_new(told.metadata().clone(), options)?;
        Ok(Builder::new_with_metadata(reader, metadata))
    };
    let opened = AssertUnwindSafe(open).catch_unwind().await;
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
        let floats = as_floats(column)?;
        // Of a dictionary and of a column without a type, the nulls that the values mean.
        let nulls = column.logical_nulls();
        for (row, reason) in reasons.iter_mut().enumerate() {
            if nulls.as_ref().is_some_and(|nulls| nulls.is_null(row)) {
                continue;
            }
            let number = floats.as_ref().map(|(numbers, exact)| (numbers.value(row), *exact));
            match number {
                Some((number, _)) if number.is_nan() => {}
                Some((number, exact)) if number.fract() == 0.0 && number.abs() > exact => {
                    reason.get_or_insert(RejectReason::InexactNumber);
                }
                Some((number, _)) if number.is_infinite() => {
                    reason.get_or_insert(RejectReason::Undecodable);
                }
                _ if text.is_null(row) => {
                    reason.get_or_insert(RejectReason::Undecodable);
                }
                _ => {}
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

/// The numbers of a column of floats, and the largest whole number that such a float holds exactly: 2 to the bits of its mantissa.
fn as_floats(column: &ArrayRef) -> Result<Option<(Float64Array, f64)>> {
    let value_type = match column.data_type() {
        DataType::Dictionary(_, value_type) => value_type.as_ref(),
        other => other,
    };
    let exact = match value_type {
        DataType::Float16 => 2f64.powi(11),
        DataType::Float32 => 2f64.powi(24),
        DataType::Float64 => EXACT,
        _ => return Ok(None),
    };
    Ok(Some((arrow::compute::cast(column, &DataType::Float64)?.as_primitive::<Float64Type>().clone(), exact)))
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
            texts.as_string::<i32>().iter().map(|value| value.filter(|value| *value != "NaN").map(whole)).collect()
        }
        DataType::Float64 => {
            let numbers = cast(&DataType::Float64)?;
            numbers
                .as_primitive::<Float64Type>()
                .iter()
                .map(|value| value.filter(|value| !value.is_nan()).map(float_text))
                .collect()
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
