//! Rows on their way to a client: the types that clients are told, and batches of a running statement.
//!
//! In: a plan, a ceiling of time, a way to be stopped. Out: batches, and their rows as Postgres has them. A statement runs as a task of its
//! own and hands batches over one by one: a client that reads slowly, or not at all, cannot hold it beyond its time, as the time is looked
//! at where the rows are made. (pgwire looks for a cancellation only until the first row, and datafusion-postgres for a time-out only while
//! it plans.) Structs and lists of structs go as `json`, which drivers know, with their names.

use std::sync::Arc;
use std::time::Instant;

use arrow::array::{Array, RecordBatch};
use arrow::datatypes::{DataType, Field, Schema};
use datafusion::prelude::DataFrame;
use datafusion_postgres::arrow_pg::datatypes::{encode_recordbatch, field_into_pg_type};
use datafusion_postgres::pgwire::api::Type;
use datafusion_postgres::pgwire::api::portal::Format;
use datafusion_postgres::pgwire::api::results::{FieldInfo, QueryResponse};
use datafusion_postgres::pgwire::error::{PgWireError, PgWireResult};
use datafusion_postgres::pgwire::types::format::FormatOptions;
use futures::{Stream, StreamExt, stream};
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, mpsc};
use tokio_util::sync::CancellationToken;

use super::failure;
use crate::error::{Error, Result};
use crate::tables::nested;

/// Batches that wait for a client: one on its way, one being read. More would only be memory.
const WAITING: usize = 1;

/// What bounds a statement.
#[derive(Clone, Debug)]
pub(super) struct Bounds {
    /// When it is stopped.
    pub until: Instant,
    /// Stops it.
    pub stop: CancellationToken,
    /// Its turn among the statements that run at once; those of one message share one.
    pub turn: Arc<OwnedSemaphorePermit>,
}

/// The batches of a running statement.
#[derive(Debug)]
pub(super) struct Batches {
    receiver: mpsc::Receiver<Option<Result<RecordBatch, PgWireErrorText>>>,
    is_over: bool,
}

/// An error on its way between tasks.
type PgWireErrorText = Box<PgWireError>;

impl Batches {
    /// Begins to run a plan in the threads of statements. Who watches over it is not there: an operator that joins everything with
    /// everything gives its thread back only after minutes, and both threads may have one.
    pub(super) fn run(rows: DataFrame, bounds: Bounds, threads: &Handle) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        let Bounds { until, stop, turn } = bounds;
        let to_client = sender.clone();
        let mut work = threads.spawn(async move {
            // Another statement may run when this one has given everything back.
            let _turn = turn;
            pass_on(rows, &to_client).await
        });
        tokio::spawn(async move {
            let ended = tokio::select! {
                biased;
                () = stop.cancelled() => Err(failure::cancelled()),
                () = tokio::time::sleep_until(until.into()) => Err(failure::timed_out()),
                // Nobody is there any more.
                () = sender.closed() => Ok(()),
                done = &mut work => match done {
                    Ok(done) => done.map_err(|e| failure::of(&e)),
                    Err(_) => Err(failure::of(&crate::error::panicked())),
                },
            };
            work.abort();
            let _ = sender.send(ended.err().map(|e| Err(Box::new(e)))).await;
        });
        Batches { receiver, is_over: false }
    }

    /// The next batch with rows; `None` behind the last.
    ///
    /// # Errors
    /// As the statement ended.
    pub(super) async fn next(&mut self) -> Option<PgWireResult<RecordBatch>> {
        if self.is_over {
            return None;
        }
        let next = match self.receiver.recv().await {
            Some(Some(Ok(batch))) => return Some(Ok(batch)),
            Some(Some(Err(e))) => Some(Err(*e)),
            Some(None) => None,
            // The watcher is gone without a last word. Rows that end early would look like all rows.
            None => Some(Err(failure::of(&crate::error::panicked()))),
        };
        self.is_over = true;
        next
    }

    /// As rows of an answer, whose columns are `fields`.
    pub(super) fn answer(self, fields: Arc<Vec<FieldInfo>>) -> QueryResponse {
        let batches = stream::unfold(self, |mut batches| async move { Some((batches.next().await?, batches)) });
        QueryResponse::new(fields.clone(), encoded(batches, fields))
    }
}

async fn pass_on(rows: DataFrame, sender: &mpsc::Sender<Option<Result<RecordBatch, PgWireErrorText>>>) -> Result<()> {
    let mut stream = rows.execute_stream().await?;
    while let Some(batch) = stream.next().await {
        let batch = plain(&batch?)?;
        if batch.num_rows() > 0 && sender.send(Some(Ok(batch))).await.is_err() {
            break;
        }
    }
    Ok(())
}

fn encoded<S>(
    batches: S,
    fields: Arc<Vec<FieldInfo>>,
) -> impl Stream<Item = PgWireResult<datafusion_postgres::pgwire::messages::data::DataRow>>
where
    S: Stream<Item = PgWireResult<RecordBatch>>,
{
    batches.flat_map(move |batch| match batch {
        Ok(batch) => stream::iter(encode_recordbatch(fields.clone(), batch)).left_stream(),
        Err(e) => stream::once(std::future::ready(Err(e))).right_stream(),
    })
}

/// Rows that are there, as an answer.
pub(super) fn of_batches(batches: Vec<RecordBatch>, fields: Arc<Vec<FieldInfo>>) -> QueryResponse {
    let ready = stream::iter(batches.into_iter().map(Ok));
    QueryResponse::new(fields.clone(), encoded(ready, fields))
}

/// The columns of an answer, in the formats that a client asked for.
///
/// # Errors
/// Internal error, where a column has a type that Postgres has none for.
pub(super) fn fields(
    schema: &Schema,
    format: &Format,
    options: Option<Arc<FormatOptions>>,
) -> PgWireResult<Vec<FieldInfo>> {
    let field = |(index, field): (usize, &Arc<Field>)| -> PgWireResult<FieldInfo> {
        let info = FieldInfo::new(field.name().into(), None, None, pg_type(field)?, format.format_for(index));
        Ok(match &options {
            Some(options) => info.with_format_options(options.clone()),
            None => info,
        })
    };
    schema.fields().iter().enumerate().map(field).collect()
}

/// The type that a column has for a client.
///
/// # Errors
/// Internal error, where Postgres has none.
pub(super) fn pg_type(field: &Arc<Field>) -> PgWireResult<Type> {
    if is_json(field.data_type()) { Ok(Type::JSON) } else { field_into_pg_type(field) }
}

/// Whether values go as JSON: structs, and lists of what is nested itself.
fn is_json(data_type: &DataType) -> bool {
    match data_type {
        DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) => {
            item.data_type().is_nested()
        }
        other => other.is_nested(),
    }
}

/// The batch with what goes as JSON made so.
fn plain(batch: &RecordBatch) -> Result<RecordBatch> {
    if !batch.schema().fields().iter().any(|field| is_json(field.data_type())) {
        return Ok(batch.clone());
    }
    let mut fields = Vec::new();
    let mut columns = Vec::new();
    for (field, column) in batch.schema().fields().iter().zip(batch.columns()) {
        if is_json(field.data_type()) {
            fields.push(Field::new(field.name(), DataType::Utf8, true));
            columns.push(Arc::new(nested::as_json(field, column)?) as Arc<dyn Array>);
        } else {
            fields.push(field.as_ref().clone());
            columns.push(column.clone());
        }
    }
    let schema = Arc::new(Schema::new(fields));
    RecordBatch::try_new(schema, columns).map_err(Error::from)
}
