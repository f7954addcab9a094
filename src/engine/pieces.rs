//! Rows that are made when they are written, a piece at a time.
//!
//! In: how many rows there are, and what makes a piece of them. Out: a table of one stream, with its rows in order. All threads make
//! pieces, and no more pieces are in memory than threads make: a table in one batch would be there as a whole, and as long as its text.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::{StreamExt, stream};

use super::session::in_order;
use crate::error::{Error, Result};
use nayose_matching::parallel;

/// Rows of a piece: some MiB of the ledger, whose rows are the widest.
const ROWS: usize = 4096;

/// Makes the rows from one place to another.
type Make = dyn Fn(Range<usize>) -> Result<RecordBatch> + Send + Sync;

struct Pieces {
    rows: usize,
    schema: SchemaRef,
    make: Arc<Make>,
}

impl fmt::Debug for Pieces {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} rows in pieces", self.rows)
    }
}

impl PartitionStream for Pieces {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (rows, make) = (self.rows, self.make.clone());
        let pieces = (0..rows).step_by(ROWS).map(move |start| made(make.clone(), start..rows.min(start + ROWS)));
        let batches = stream::iter(pieces).buffered(parallel::threads());
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches))
    }
}

async fn made(make: Arc<Make>, piece: Range<usize>) -> datafusion::error::Result<RecordBatch> {
    let made = tokio::task::spawn_blocking(move || make(piece)).await;
    Ok(made.map_err(|e| Error::bug(format!("making rows stopped: {e}")))??)
}

/// The rows that `make` makes, each time the plan runs. They are made in this process, whose memory they come from.
///
/// # Errors
/// Bug, if the table cannot be made.
pub(crate) fn rows(
    context: &SessionContext,
    schema: SchemaRef,
    rows: usize,
    make: impl Fn(Range<usize>) -> Result<RecordBatch> + Send + Sync + 'static,
) -> Result<DataFrame> {
    let pieces = Arc::new(Pieces { rows, schema: schema.clone(), make: Arc::new(make) });
    Ok(in_order(context).read_table(Arc::new(StreamingTable::try_new(schema, vec![pieces])?))?)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use arrow::array::{ArrayRef, AsArray, Int64Array};
    use arrow::datatypes::Int64Type;

    use super::*;

    fn numbers(range: Range<usize>) -> Result<RecordBatch> {
        let column = Int64Array::from_iter_values(range.map(|row| row as i64));
        Ok(RecordBatch::try_from_iter([("row", Arc::new(column) as ArrayRef)])?)
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn rows_come_in_order_and_a_few_at_a_time() {
        let (context, made) = (SessionContext::new(), Arc::new(AtomicUsize::new(0)));
        let schema = numbers(0..0).expect("a batch").schema();
        for count in [0, 1, ROWS, 40 * ROWS + 7] {
            let counted = made.clone();
            let plan = rows(&context, schema.clone(), count, move |range| {
                counted.fetch_add(1, Ordering::Relaxed);
                numbers(range)
            });
            let mut stream = plan.expect("a plan").execute_stream().await.expect("rows");
            let (mut seen, mut pieces) = (Vec::new(), 0);
            while let Some(batch) = stream.next().await {
                seen.extend_from_slice(batch.expect("a batch").column(0).as_primitive::<Int64Type>().values());
                pieces += 1;
                let ahead = made.load(Ordering::Relaxed).saturating_sub(pieces);
                assert!(ahead <= 2 * parallel::threads(), "{ahead} pieces wait");
            }
            assert!(seen.iter().copied().eq(0..count as i64), "{count} rows");
            made.store(0, Ordering::Relaxed);
        }
    }

    #[tokio::test]
    async fn a_piece_that_fails_is_the_error_of_the_table() {
        let schema = numbers(0..0).expect("a batch").schema();
        let plan = rows(&SessionContext::new(), schema, 1, |_| Err(Error::data("no row")));
        let error = Error::from(plan.expect("a plan").collect().await.expect_err("no rows"));
        assert!(error.message().contains("no row"), "{}", error.message());
    }
}
