//! A table of a session whose rows come in an order of its own, whatever a query leaves out.
//!
//! In: rows with their sort. Out: a table of one stream. The engine cannot look through it, so that it neither takes the sort away
//! where a query does not ask for one, nor tells the files below.

use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::catalog::streaming::StreamingTable;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::DataFrame;
use futures::TryStreamExt;

use crate::error::Result;

/// The rows as one stream, made anew for every scan.
#[derive(Debug)]
struct Ordered {
    rows: DataFrame,
    schema: SchemaRef,
}

impl PartitionStream for Ordered {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.clone();
        let batches = futures::stream::once(async move { rows.execute_stream().await }).try_flatten();
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), batches))
    }
}

/// The rows as a table that keeps their order.
///
/// # Errors
/// Bug, if the table cannot be made.
pub(crate) fn table(rows: DataFrame) -> Result<Arc<dyn TableProvider>> {
    let schema: SchemaRef = Arc::new(rows.schema().as_arrow().clone());
    let stream = Arc::new(Ordered { rows, schema: schema.clone() });
    Ok(Arc::new(StreamingTable::try_new(schema, vec![stream])?))
}
