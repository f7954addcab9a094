//! Tables whose files hold their rows in order, as the engine is told of them.
//!
//! In: the files of a table, the columns in whose order its rows come. Out: a table in ranges of the first of them, so that what groups,
//! numbers or sorts by it neither deals rows out nor sorts them anew.

use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::prelude::DataFrame;

use super::Run;
use crate::engine::session::in_order;
use crate::error::{Error, Result};
use crate::lake::manifest::Output;
use crate::lake::read;
use crate::tables::contract::col;
use crate::tables::ranges::in_ranges;

/// Rows of a range at least: fewer are not worth a scan of their own. The sample has more, so that its marts are made from ranges too.
const LEAST_IN_RANGE: usize = 1 << 12;

/// Files of each range from which ranges begin where files do.
const FILES_OF_RANGE: usize = 4;

impl Run<'_> {
    /// A table of whose files the engine knows that their rows come in this order. On a cluster, which cuts files as it likes, a
    /// table like others.
    pub(super) async fn in_ranges(&self, schema: SchemaRef, output: &Output, order: &[&str]) -> Result<DataFrame> {
        let lake = &self.pipeline.lake;
        if self.options.resources.cluster.is_some() {
            return read::table(&self.context, lake, output, schema).await;
        }
        let [column, ..] = order else { return Err(Error::bug(format!("{} has no order", output.folder))) };
        let starts = self.starts(&schema, output, column).await?;
        let rows = read::table(&in_order(&self.context), lake, output, schema).await?;
        in_ranges(&self.context, &rows, order, starts)
    }

    /// The same of a table in order of customers. Else, or where it has few rows, a table like others, that the engine cuts as it likes.
    pub(super) async fn in_customer_ranges(
        &self,
        schema: SchemaRef,
        output: &Output,
        order: &[&str],
    ) -> Result<DataFrame> {
        if order.first() == Some(&col::CUSTOMER_ID) && self.is_worth_ranges(output) {
            return self.in_ranges(schema, output, order).await;
        }
        read::table(&self.context, &self.pipeline.lake, output, schema).await
    }

    /// Whether a table has so many rows that every piece of the session gets a range.
    fn is_worth_ranges(&self, output: &Output) -> bool {
        output.rows() >= (self.context.state().config().target_partitions() * LEAST_IN_RANGE) as u64
    }

    /// The values of a table's first column at which ranges begin: as many ranges as the session has pieces, or fewer.
    async fn starts(&self, schema: &SchemaRef, output: &Output, column: &str) -> Result<Vec<ScalarValue>> {
        let context = in_order(&self.context);
        let (parts, pieces) = (output.parts.len(), self.context.state().config().target_partitions());
        let mut starts: Vec<ScalarValue> = Vec::new();
        if !self.is_worth_ranges(output) {
            return Ok(starts);
        }
        for range in 1..pieces {
            // A range begins with a file, so that none is read twice; where there are few, within one.
            let (part, row) = match parts >= pieces * FILES_OF_RANGE {
                true => (range * parts / pieces, 0),
                false => output.place(range as u64 * output.rows() / pieces as u64),
            };
            let Some(part) = output.parts.get(part) else { continue };
            let file = Output { folder: output.folder.clone(), parts: vec![part.clone()] };
            let rows = read::table(&context, &self.pipeline.lake, &file, schema.clone()).await?;
            let first = rows.select_columns(&[column])?.limit(row, Some(1))?;
            for batch in first.collect().await?.iter().filter(|batch| batch.num_rows() > 0) {
                let start = ScalarValue::try_from_array(batch.column(0), 0)?;
                if !start.is_null() && starts.last() != Some(&start) {
                    starts.push(start);
                }
            }
        }
        Ok(starts)
    }
}
