//! One source file as a stream of batches of text.
//!
//! In: an object of a store and what is wanted from it (format, encoding, columns). Out: batches with one nullable text
//! column per wanted column, the line where each row starts, and, for a row that could not be read, the reason and the
//! raw line instead of values. Nothing is dropped in silence: [`FileCount::rows`] is counted where rows are split, not
//! where they are delivered, so that a caller can compare both. Memory is bounded whatever the size of the file: a chunk,
//! a row and a batch for text; for Parquet the wanted columns of a row group.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::error::DataFusionError;
use datafusion::execution::SendableRecordBatchStream;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use futures::{StreamExt, TryStreamExt};
use object_store::{ObjectMeta, ObjectStore};

pub use super::encoding::TextEncoding;
pub use super::json_value::LIST_SEPARATOR;
use super::parquet_rows;
pub use super::row_batch::RejectReason;
use super::text_file::TextFile;
use super::unpack::Unpack;
use crate::error::{Error, Result};

/// The form of a source file. Compression is not part of it: gzip and zstd are seen from the first bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values (RFC 4180) with a header row.
    Csv,
    /// The same with tabs.
    Tsv,
    /// One JSON object per line.
    Jsonl,
    /// Apache Parquet.
    Parquet,
}

/// What is wanted from a file, and how to read it.
#[derive(Clone, Debug)]
pub struct ReadOptions {
    /// The form of the file.
    pub format: Format,
    /// The encoding of text; in Parquet that of binary columns.
    pub encoding: TextEncoding,
    /// The source columns wanted, in this order. In JSON lines a dotted name reaches into nested objects.
    pub columns: Vec<String>,
    /// Indexes into `columns` of those that must not be empty in any row, for example the ID.
    pub required: Vec<usize>,
    /// Indexes into `columns` of those that a file may lack; their values are missing then.
    pub optional: Vec<usize>,
    /// Other names of the columns, in the order of `columns`; may be shorter.
    pub also_named: Vec<Vec<String>>,
    /// What has to be unpacked before `format` can be read.
    pub unpack: Unpack,
    /// What stands between the fields of delimited text.
    pub delimiter: u8,
    /// Whether fields may be quoted.
    pub quotes: bool,
    /// The line of the header of delimited text, from 1; without one, columns are named 1, 2, 3, … by their place.
    pub header: Option<u64>,
    /// The most rows of a batch.
    pub batch_rows: usize,
    /// How much text is read at a time.
    pub chunk_bytes: usize,
    /// The longest row; a longer one is rejected. It is also how far a quoted field is followed to its closing quote.
    pub max_row_bytes: usize,
}

impl ReadOptions {
    /// Options with the usual sizes.
    pub fn new(format: Format, encoding: TextEncoding, columns: Vec<String>, required: Vec<usize>) -> Self {
        ReadOptions {
            format,
            encoding,
            columns,
            required,
            optional: Vec::new(),
            also_named: Vec::new(),
            unpack: Unpack::Nothing,
            delimiter: if format == Format::Tsv { b'\t' } else { b',' },
            quotes: true,
            header: Some(1),
            batch_rows: 8192,
            chunk_bytes: 256 * 1024,
            max_row_bytes: 4 * 1024 * 1024,
        }
    }

    /// The columns that every file must have.
    pub fn needed(&self) -> Vec<String> {
        let of = |(i, column): (usize, &String)| (!self.optional.contains(&i)).then(|| column.clone());
        self.columns.iter().enumerate().filter_map(of).collect()
    }

    /// The name by which a file with these columns has a wanted one.
    pub fn name_in<'a>(&'a self, column: usize, names: &[String]) -> Option<&'a str> {
        let also = self.also_named.get(column).into_iter().flatten();
        let mut candidates = self.columns.get(column).into_iter().chain(also);
        candidates.find(|name| names.contains(name)).map(String::as_str)
    }
}

/// What was found in a file so far.
#[derive(Debug, Default)]
pub struct FileCount {
    rows: AtomicU64,
    bytes: AtomicU64,
    open_end: AtomicBool,
    warnings: Mutex<Vec<String>>,
}

impl FileCount {
    /// What its owner should know of a file that was unpacked: cells of a workbook that are errors, numbers that Excel cut. No value is
    /// in it.
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.lock().map(|warnings| warnings.clone()).unwrap_or_default()
    }

    pub(super) fn set_warnings(&self, found: Vec<String>) {
        if let Ok(mut warnings) = self.warnings.lock() {
            *warnings = found;
        }
    }

    /// Data rows that the splitter saw: at the end of the file it equals the rows delivered, rejects included.
    pub fn rows(&self) -> u64 {
        self.rows.load(Ordering::Relaxed)
    }

    /// Bytes fetched from the store, before they are unpacked: for progress.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    /// Whether the text ends in the middle of a line; known at its end.
    pub fn has_open_end(&self) -> bool {
        self.open_end.load(Ordering::Relaxed)
    }

    pub(super) fn set_open_end(&self, open: bool) {
        self.open_end.store(open, Ordering::Relaxed);
    }

    /// A file that is read again is counted anew.
    fn restart(&self) {
        self.rows.store(0, Ordering::Relaxed);
        self.bytes.store(0, Ordering::Relaxed);
    }

    pub(super) fn add_rows(&self, rows: u64) {
        self.rows.fetch_add(rows, Ordering::Relaxed);
    }

    pub(super) fn add_bytes(&self, bytes: u64) {
        self.bytes.fetch_add(bytes, Ordering::Relaxed);
    }
}

/// A file to read.
#[derive(Clone, Debug)]
pub struct SourceFile {
    /// Where it lies.
    pub store: Arc<dyn ObjectStore>,
    /// What the store says of it. With an entity tag, a file that changes between listing and reading is an error.
    pub meta: ObjectMeta,
    /// The name shown to the user and written to the `file` column.
    pub name: String,
    /// Of a ZIP archive: the member.
    pub member: Option<String>,
    /// Filled while the file is read.
    pub count: Arc<FileCount>,
}

impl SourceFile {
    /// A file of which nothing is read yet.
    pub fn new(store: Arc<dyn ObjectStore>, meta: ObjectMeta, name: impl Into<String>) -> Self {
        SourceFile { store, meta, name: name.into(), member: None, count: Arc::default() }
    }
}

/// The columns that every file has before the wanted ones: `file`, `line` (1-based physical line where the row starts; in
/// Parquet the row number, in a workbook the row of the sheet), `reject_reason`, `reject_raw`.
pub const META_COLUMNS: [&str; 4] = ["file", "line", "reject_reason", "reject_raw"];

/// The schema of [`read`]: the [`META_COLUMNS`], then a nullable text column per wanted column, in order. A wanted column
/// is named as in the source; where that name is taken already, ` #` and its position are added, so take columns by
/// position.
pub fn schema(options: &ReadOptions) -> SchemaRef {
    let [file, line, reason, raw] = META_COLUMNS;
    let mut fields = vec![
        Field::new(file, DataType::Utf8, false),
        Field::new(line, DataType::Int64, false),
        Field::new(reason, DataType::Utf8, true),
        Field::new(raw, DataType::Utf8, true),
    ];
    let mut taken: HashSet<String> = META_COLUMNS.iter().map(|name| name.to_string()).collect();
    for (position, column) in options.columns.iter().enumerate() {
        let name = match taken.insert(column.clone()) {
            true => column.clone(),
            false => format!("{column} #{position}"),
        };
        fields.push(Field::new(name, DataType::Utf8, true));
    }
    Arc::new(Schema::new(fields))
}

/// The rows of a file. Errors are [`Error`], wrapped for the engine.
pub fn read(file: SourceFile, options: Arc<ReadOptions>) -> SendableRecordBatchStream {
    let schema = schema(&options);
    let adapted = schema.clone();
    let batches = futures::stream::once(async move {
        file.count.restart();
        refuse_empty(&file, &options)?;
        Ok::<_, Error>(match options.format {
            Format::Parquet => parquet_rows::open(file, options, schema).await?.boxed(),
            _ => TextFile::rows(file, options, schema).await?.into_stream().boxed(),
        })
    })
    .try_flatten()
    .map_err(DataFusionError::from);
    Box::pin(RecordBatchStreamAdapter::new(adapted, batches))
}

/// The columns that a file has: its header, the leaves of a Parquet schema, or the keys of its first JSON lines (nested
/// keys dotted). `columns` and `required` of the options are not looked at. A file without a header answers with the
/// values of its first row: do not print what comes back unless some wanted column is in it.
pub async fn columns_of(file: &SourceFile, options: &ReadOptions) -> Result<Vec<String>> {
    refuse_empty(file, options)?;
    // Counts belong to `read`, so that this look ahead does not change them.
    let file = SourceFile { count: Arc::default(), ..file.clone() };
    match options.format {
        Format::Parquet => parquet_rows::columns_of(file).await,
        _ => TextFile::columns_of(file, options).await,
    }
}

fn refuse_empty(file: &SourceFile, options: &ReadOptions) -> Result<()> {
    match file.meta.size {
        0 => Err(empty(&file.name, options.format)),
        _ => Ok(()),
    }
}

/// The error for a file in which there is nothing.
pub(super) fn empty(name: &str, format: Format) -> Error {
    match format {
        Format::Csv | Format::Tsv => Error::data(format!("{name} is empty: not even a header"))
            .hint("send the file again; a delivery without rows still has its header line"),
        Format::Jsonl => Error::data(format!("{name} is empty"))
            .hint("send the file again; if there is nothing to deliver, leave the file out"),
        Format::Parquet => {
            Error::data(format!("{name} is empty: not even a Parquet footer")).hint("send the file again")
        }
    }
}
