//! Raw files to rows: `raw_record`, `raw_event` and `raw_reference`.
//!
//! In: files of each source. Out: one row per source row, its columns mapped onto attributes, values as they came; a row that
//! could not be read has a reason instead. Channels and columns are known from the pipeline file only.

pub(crate) mod expressions;
mod facts;
mod map;
pub(crate) mod understood;
pub(crate) mod unknown;
mod values;

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::common::JoinType;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::functions_aggregate::expr_fn::{count, last_value};
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::{StreamExt, TryStreamExt};

use super::Planned;
use crate::config::file::EqualRowsFile;
use crate::config::{EncodingFile, FormatFile, Header, Join, Pipeline, Rows, Source, Value};
use crate::error::Result;
use crate::sources::fill_down::{FillDown, fill_down};
use crate::sources::reader::{self, Format, META_COLUMNS, ReadOptions, SourceFile, TextEncoding};
use crate::sources::unpack::Unpack;
use crate::tables::contract::{RAW_EVENT, RAW_RECORD, RAW_REFERENCE, Table, col};
use values::Columns;

/// The files of a source.
#[derive(Clone, Debug)]
pub(crate) struct SourceFiles {
    /// Its place in the pipeline file.
    pub source: usize,
    /// The files in order of their path.
    pub files: Vec<SourceFile>,
    /// The files that are joined to them, in order of their path.
    pub joined: Vec<SourceFile>,
}

/// The plans of `raw_record`, `raw_event` and `raw_reference`.
///
/// # Errors
/// Bug, if a plan cannot be built.
pub(crate) fn plan(context: &SessionContext, pipeline: &Pipeline, files: &[SourceFiles]) -> Result<Vec<Planned>> {
    let mut people: Option<DataFrame> = None;
    let mut events: Option<DataFrame> = None;
    let mut references: Option<DataFrame> = None;
    for found in files.iter().filter(|found| !found.files.is_empty()) {
        let source = &pipeline.sources[found.source];
        let (rows, read) = rows_of(context, source, found)?;
        let (mapped, all) = match &source.holds {
            Rows::People { updated_at, registered_at } => {
                let times = [updated_at.as_ref(), registered_at.as_ref()];
                (map::people(rows.clone(), pipeline, source, times, &read)?, &mut people)
            }
            Rows::Events { event_id, occurred_at, event_type, .. } => {
                let of_row = map::EventValues { event_id, occurred_at: occurred_at.as_ref(), event_type };
                (map::events(rows.clone(), source, of_row, &read)?, &mut events)
            }
            Rows::Reference { table, .. } => (map::reference(rows.clone(), table, &read)?, &mut references),
        };
        *all = Some(match all.take() {
            Some(before) => before.union(mapped)?,
            None => mapped,
        });
    }
    let or_none = |rows: Option<DataFrame>, table: &Table| match rows {
        Some(rows) => Ok(rows),
        None => context.read_batch(RecordBatch::new_empty(table.schema())),
    };
    let all = [(&RAW_RECORD, people), (&RAW_EVENT, events), (&RAW_REFERENCE, references)];
    all.into_iter().map(|(table, rows)| Ok(Planned::unsorted(table, or_none(rows, table)?))).collect()
}

/// The rows of a source, with those that are joined to them, and their columns.
fn rows_of<'a>(context: &SessionContext, source: &'a Source, found: &SourceFiles) -> Result<(DataFrame, Columns<'a>)> {
    let options = Arc::new(read_options(source));
    let mut rows = context.read_table(Arc::new(table(&found.files, &options, fill(source, &options), context)?))?;
    let mut joined = Vec::new();
    if let Some(join) = &source.join {
        (rows, joined) = with_joined(rows, source, join, &options, &found.joined, context)?;
    }
    let read = Columns::new(source, &rows, &options.columns, &joined);
    Ok((rows, read))
}

/// How the files of a source are read: which columns, and which of them must be there.
pub(crate) fn read_options(source: &Source) -> ReadOptions {
    let mut columns: Vec<String> = Vec::new();
    let joined: &[String] = source.join.as_ref().map_or(&[], |join| &join.columns);
    want(&mut columns, required(source));
    let required = columns.len();
    want(&mut columns, source.mapped_values().into_iter().flat_map(Value::columns));
    let expressions = source.only_where.iter().chain(&source.skip_where);
    want(&mut columns, expressions.flat_map(|expression| &expression.columns));
    want(&mut columns, source.fill_down.iter().flat_map(|fill| &fill.within));
    want(&mut columns, source.join.iter().flat_map(|join| join.on.iter().map(|(here, _)| here)));
    let (may_be_missing, must_be_there): (Vec<_>, Vec<_>) = source.consent.iter().partition(|c| c.may_be_missing);
    want(&mut columns, must_be_there.iter().flat_map(|c| [&c.column].into_iter().chain(&c.at)));
    let needed = columns.len();
    want(&mut columns, may_be_missing.iter().flat_map(|c| [&c.column].into_iter().chain(&c.at)));
    let optional = |(i, column): (usize, &String)| i >= needed || source.may_be_missing.contains(column);
    let mut optional: Vec<usize> =
        columns.iter().enumerate().filter(|place| optional(*place)).map(|(i, _)| i).collect();
    if !joined.is_empty() {
        let optionals: Vec<String> = optional.iter().map(|i| columns[*i].clone()).collect();
        columns.retain(|column| !joined.contains(column));
        optional = (0..columns.len()).filter(|i| optionals.contains(&columns[*i])).collect();
    }
    options_for(source, source.reading.rows.clone(), columns, (0..required).collect(), optional)
}

/// The columns without which the reader rejects a row: those of its id. None where the id has to be made before it can be missing, and
/// where rows of one id are events of their own: then a part of it may be empty.
fn required(source: &Source) -> &[String] {
    let joined: &[String] = source.join.as_ref().map_or(&[], |join| &join.columns);
    let filled: &[String] = source.fill_down.as_ref().map_or(&[], |fill| &fill.columns);
    let in_parts = matches!(source.holds, Rows::Events { equal_rows: EqualRowsFile::TwoEvents, .. });
    match source.key() {
        Value::Columns(columns) if !in_parts && !columns.iter().any(|c| joined.contains(c) || filled.contains(c)) => {
            columns
        }
        _ => &[],
    }
}

/// How the files that are joined to those of a source are read.
pub(crate) fn join_options(source: &Source, join: &Join) -> ReadOptions {
    let mut columns: Vec<String> = Vec::new();
    want(&mut columns, join.on.iter().map(|(_, there)| there));
    let required = columns.len();
    want(&mut columns, &join.columns);
    let optional = (0..columns.len()).filter(|i| source.may_be_missing.contains(&columns[*i])).collect();
    options_for(source, join.rows.clone(), columns, (0..required).collect(), optional)
}

fn options_for(
    source: &Source,
    rows: Option<String>,
    columns: Vec<String>,
    required: Vec<usize>,
    optional: Vec<usize>,
) -> ReadOptions {
    let reading = &source.reading;
    let (format, unpack) = match reading.format {
        FormatFile::Csv => (Format::Csv, Unpack::Nothing),
        FormatFile::Tsv => (Format::Tsv, Unpack::Nothing),
        FormatFile::Jsonl => (Format::Jsonl, Unpack::Nothing),
        FormatFile::Json => (Format::Jsonl, Unpack::Json { rows }),
        FormatFile::Parquet => (Format::Parquet, Unpack::Nothing),
        FormatFile::Xlsx => {
            let header = match reading.header {
                Header::Line(line) => Some(line as usize),
                Header::None => None,
            };
            (Format::Csv, Unpack::Xlsx { sheet: reading.sheet.clone(), header })
        }
        FormatFile::Fixed => {
            let (length, columns) = reading.fixed.as_ref().map_or((0, &[][..]), |f| (f.length, &f.columns));
            (Format::Csv, Unpack::Fixed { length, columns: columns.to_vec() })
        }
    };
    let encoding = match reading.encoding {
        EncodingFile::Utf8 => TextEncoding::Utf8,
        EncodingFile::Cp932 => TextEncoding::Cp932,
        EncodingFile::EucJp => TextEncoding::EucJp,
        EncodingFile::Utf16 => TextEncoding::Utf16,
    };
    let also = |column: &String| source.also_named.get(column).cloned().unwrap_or_default();
    ReadOptions {
        also_named: columns.iter().map(also).collect(),
        optional,
        unpack,
        delimiter: reading.delimiter,
        quotes: reading.quotes,
        header: match reading.header {
            Header::Line(line) => Some(line),
            Header::None => None,
        },
        ..ReadOptions::new(format, encoding, columns, required)
    }
}

/// The places of the columns that are filled down.
fn fill(source: &Source, options: &ReadOptions) -> Option<FillDown> {
    let places = |names: &[String]| {
        let place = |name: &String| options.columns.iter().position(|c| c == name).map(|i| i + META_COLUMNS.len());
        names.iter().filter_map(place).collect()
    };
    let fill = source.fill_down.as_ref()?;
    Some(FillDown { within: places(&fill.within), columns: places(&fill.columns) })
}

/// The rows with the columns of the files that are joined to them, one row of these for each key: the last, by file and line. Then
/// the names of those columns in the source and in the plan.
fn with_joined(
    rows: DataFrame,
    source: &Source,
    join: &Join,
    options: &ReadOptions,
    files: &[SourceFile],
    context: &SessionContext,
) -> Result<(DataFrame, Vec<(String, String)>)> {
    let Joined { read, keys, on, there } = joined(&rows, source, join, options, files, context)?;
    let names = |column: &str| there.columns.iter().position(|c| c == column).map(|i| i + META_COLUMNS.len());
    let field = |place: usize| ident(read.schema().field(place).name().clone());
    let in_plan = |column: &str| format!("joined {column}");
    let order = || vec![ident(col::FILE).sort(true, false), ident(col::LINE).sort(true, false)];
    let mut values = Vec::new();
    for column in &join.columns {
        let Some(place) = names(column) else { continue };
        values.push(last_value(field(place), order()).alias(in_plan(column)));
    }
    let last = read.clone().aggregate(keys, values)?;
    let joined = join.columns.iter().map(|column| (column.clone(), in_plan(column))).collect();
    Ok((rows.join_on(last, JoinType::Left, on)?, joined))
}

/// The rows of joined files, and how they meet those of the source.
struct Joined {
    read: DataFrame,
    keys: Vec<Expr>,
    on: Vec<Expr>,
    there: Arc<ReadOptions>,
}

fn joined(
    rows: &DataFrame,
    source: &Source,
    join: &Join,
    options: &ReadOptions,
    files: &[SourceFile],
    context: &SessionContext,
) -> Result<Joined> {
    let there = Arc::new(join_options(source, join));
    let read = context.read_table(Arc::new(table(files, &there, None, context)?))?;
    let read = read.filter(ident(col::REJECT_REASON).is_null())?;
    let here = Columns::new(source, rows, &options.columns, &[]);
    let (mut keys, mut on) = (Vec::new(), Vec::new());
    for (ours, theirs) in &join.on {
        let Some(place) = there.columns.iter().position(|c| c == theirs) else { continue };
        let name = format!("joined key {theirs}");
        keys.push(ident(read.schema().field(place + META_COLUMNS.len()).name().clone()).alias(&name));
        on.push(here.one(ours).eq(ident(name)));
    }
    Ok(Joined { read, keys, on, there })
}

/// How the files that are joined to a source meet it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct JoinCounts {
    /// Rows of the source.
    pub rows: usize,
    /// Those for which the joined files have no row.
    pub unmatched: usize,
    /// Keys of which the joined files have several rows: the last one counts.
    pub repeated: usize,
}

/// How the joined files of a source meet it; `None` where there are none. All of these files are read.
///
/// # Errors
/// Whatever reading fails with.
pub(crate) async fn join_counts(
    context: &SessionContext,
    pipeline: &Pipeline,
    found: &SourceFiles,
) -> Result<Option<JoinCounts>> {
    const TIMES: &str = "joined rows of a key";
    let source = &pipeline.sources[found.source];
    let Some(join) = source.join.as_ref().filter(|_| !found.files.is_empty() && !found.joined.is_empty()) else {
        return Ok(None);
    };
    let options = Arc::new(read_options(source));
    let rows = context.read_table(Arc::new(table(&found.files, &options, fill(source, &options), context)?))?;
    let rows = rows.filter(ident(col::REJECT_REASON).is_null())?.cache().await?;
    let Joined { read, keys, on, .. } = joined(&rows, source, join, &options, &found.joined, context)?;
    let keyed = read.aggregate(keys, vec![count(lit(1)).alias(TIMES)])?.cache().await?;
    let repeated = keyed.clone().filter(ident(TIMES).gt(lit(1)))?.count().await?;
    let unmatched = rows.clone().join_on(keyed, JoinType::LeftAnti, on)?.count().await?;
    Ok(Some(JoinCounts { rows: rows.count().await?, unmatched, repeated }))
}

fn want<'a>(columns: &mut Vec<String>, names: impl IntoIterator<Item = &'a String>) {
    for name in names {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
}

/// The files as a table that is read once, as many at a time as the session has partitions.
fn table(
    files: &[SourceFile],
    options: &Arc<ReadOptions>,
    fill: Option<FillDown>,
    context: &SessionContext,
) -> Result<StreamingTable> {
    let schema = reader::schema(options);
    let fill = fill.map(Arc::new);
    let streams = context.state().config().target_partitions().min(files.len()).max(1);
    // Every file goes to the stream that has the fewest bytes so far: large first, so that streams end together.
    let mut by_size: Vec<&SourceFile> = files.iter().collect();
    by_size.sort_by(|a, b| b.meta.size.cmp(&a.meta.size).then_with(|| a.name.cmp(&b.name)));
    let mut groups: Vec<(u64, Vec<SourceFile>)> = vec![(0, Vec::new()); streams];
    for file in by_size {
        if let Some(group) = groups.iter_mut().min_by_key(|g| g.0) {
            group.0 += file.meta.size;
            group.1.push(file.clone());
        }
    }
    let partitions = groups
        .into_iter()
        .map(|(_, files)| {
            let (options, fill, schema) = (options.clone(), fill.clone(), schema.clone());
            Arc::new(FileStream { files, options, fill, schema }) as Arc<dyn PartitionStream>
        })
        .collect();
    Ok(StreamingTable::try_new(schema, partitions)?)
}

/// Some files, one after the other.
#[derive(Debug)]
struct FileStream {
    files: Vec<SourceFile>,
    options: Arc<ReadOptions>,
    fill: Option<Arc<FillDown>>,
    schema: SchemaRef,
}

impl PartitionStream for FileStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (options, fill) = (self.options.clone(), self.fill.clone());
        let batches = futures::stream::iter(self.files.clone())
            .map(move |file| {
                let rows = reader::read(file, options.clone());
                Ok::<_, DataFusionError>(match &fill {
                    Some(fill) => fill_down(rows, fill.clone()),
                    None => rows,
                })
            })
            .try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches))
    }
}
