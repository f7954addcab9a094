//! Raw files to rows: `raw_record` and `raw_event`.
//!
//! In: files of each source. Out: one row per source row, its columns mapped onto attributes, values as they came; a row that
//! could not be read has a reason instead. Channels and columns are known from the pipeline file only.

mod decompress;
mod delimited;
mod encoding;
mod header;
mod json_keys;
mod json_lines;
mod json_value;
mod map;
mod parquet_rows;
pub mod reader;
mod row_batch;
mod split;
mod text_file;

use std::sync::Arc;

use datafusion::arrow::array::RecordBatch;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::{StreamExt, TryStreamExt};

use super::Planned;
use crate::config::{EncodingFile, FormatFile, Pipeline, Rows, Source};
use crate::contract::{RAW_EVENT, RAW_RECORD, Table};
use crate::error::Result;
use reader::{Format, ReadOptions, SourceFile, TextEncoding};

/// The files of a source.
#[derive(Clone, Debug)]
pub struct SourceFiles {
    /// Its place in the pipeline file.
    pub source: usize,
    /// The files in order of their path.
    pub files: Vec<SourceFile>,
}

/// The plans of `raw_record` and `raw_event`.
///
/// # Errors
/// Bug, if a plan cannot be built.
pub fn plan(context: &SessionContext, pipeline: &Pipeline, files: &[SourceFiles]) -> Result<Vec<Planned>> {
    let mut people: Option<DataFrame> = None;
    let mut events: Option<DataFrame> = None;
    for found in files.iter().filter(|found| !found.files.is_empty()) {
        let source = &pipeline.sources[found.source];
        let options = Arc::new(read_options(source));
        let rows = context.read_table(Arc::new(table(&found.files, &options, context)?))?;
        let (mapped, all) = match &source.holds {
            Rows::People { updated_at, registered_at } => {
                let times = [updated_at.as_ref(), registered_at.as_ref()];
                (map::people(rows, pipeline, source, times, &options.columns)?, &mut people)
            }
            Rows::Events { event_id, occurred_at, event_type } => {
                let of_row = map::EventColumns { event_id, occurred_at: occurred_at.as_ref(), event_type };
                (map::events(rows, source, of_row, &options.columns)?, &mut events)
            }
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
    let (people, events) = (or_none(people, &RAW_RECORD)?, or_none(events, &RAW_EVENT)?);
    Ok(vec![Planned::unsorted(&RAW_RECORD, people), Planned::unsorted(&RAW_EVENT, events)])
}

/// How the files of a source are read: which columns, and which of them must be there.
pub fn read_options(source: &Source) -> ReadOptions {
    let mut columns: Vec<String> = Vec::new();
    let required = match &source.holds {
        Rows::People { updated_at, registered_at } => {
            want(&mut columns, &source.record_id);
            want(&mut columns, updated_at.iter().chain(registered_at));
            source.record_id.len()
        }
        Rows::Events { event_id, occurred_at, .. } => {
            want(&mut columns, event_id);
            let required = event_id.len();
            want(&mut columns, &source.record_id);
            want(&mut columns, occurred_at);
            required
        }
    };
    want(&mut columns, source.columns.values().flatten());
    let (may_be_missing, must_be_there): (Vec<_>, Vec<_>) = source.consent.iter().partition(|c| c.may_be_missing);
    want(&mut columns, must_be_there.iter().flat_map(|c| [&c.column].into_iter().chain(&c.at)));
    let needed = columns.len();
    want(&mut columns, may_be_missing.iter().flat_map(|c| [&c.column].into_iter().chain(&c.at)));
    let format = match source.format {
        FormatFile::Csv => Format::Csv,
        FormatFile::Tsv => Format::Tsv,
        FormatFile::Jsonl => Format::Jsonl,
        FormatFile::Parquet => Format::Parquet,
    };
    let encoding = match source.encoding {
        EncodingFile::Utf8 => TextEncoding::Utf8,
        EncodingFile::Cp932 => TextEncoding::Cp932,
        EncodingFile::EucJp => TextEncoding::EucJp,
    };
    let optional = (needed..columns.len()).collect();
    ReadOptions { optional, ..ReadOptions::new(format, encoding, columns, (0..required).collect()) }
}

fn want<'a>(columns: &mut Vec<String>, names: impl IntoIterator<Item = &'a String>) {
    for name in names {
        if !columns.contains(name) {
            columns.push(name.clone());
        }
    }
}

/// The files as a table that is read once, as many at a time as the session has partitions.
fn table(files: &[SourceFile], options: &Arc<ReadOptions>, context: &SessionContext) -> Result<StreamingTable> {
    let schema = reader::schema(options);
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
            Arc::new(FileStream { files, options: options.clone(), schema: schema.clone() }) as Arc<dyn PartitionStream>
        })
        .collect();
    Ok(StreamingTable::try_new(schema, partitions)?)
}

/// Some files, one after the other.
#[derive(Debug)]
struct FileStream {
    files: Vec<SourceFile>,
    options: Arc<ReadOptions>,
    schema: SchemaRef,
}

impl PartitionStream for FileStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let options = self.options.clone();
        let batches = futures::stream::iter(self.files.clone())
            .map(move |file| Ok::<_, DataFusionError>(reader::read(file, options.clone())))
            .try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches))
    }
}
