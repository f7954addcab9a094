//! Writes a plan's rows as Parquet files, holding every batch against the table's contract on the way.
//!
//! In: a [`DataFrame`] whose rows come in the table's order, a folder. Out: the files, named by their content. Files are
//! cut after a fixed number of rows, so that the same rows give the same files at any number of threads; each is encoded
//! beside the plan that makes the next one.

use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::datatypes::SchemaRef;
use arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use futures::stream::FuturesOrdered;

use super::cluster;
use super::operators::{self, Operator};
use crate::error::{Error, Result};
use crate::store::Location;
use crate::tables::contract::{self, Table};
use crate::tables::encode::Lifetime;
use crate::tables::part::{self, OpenPart, PART_ROWS, Part, conform};
use crate::tables::ranges::ASCENDING;

/// Files being finished or uploaded while the plan goes on.
const IN_FLIGHT: usize = 2;

/// In which order rows have to come, each key once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Sorted by the key, no key twice; checked.
    ByKey,
    /// Sorted by these columns, among which are those of the key, no two rows the same; checked.
    By(&'static [&'static str]),
    /// As they come: work tables that the next stage sorts anyway.
    Any,
}

/// Runs the plan and writes its rows below `folder`. `seen` is told the number of rows so far. Answers the files, and what each
/// operator did.
///
/// # Errors
/// Environment for storage and memory; bug where the rows do not keep the contract.
pub(crate) async fn write(
    plan: DataFrame,
    table: &Table,
    order: Order,
    folder: &Location,
    seen: &(dyn Fn(u64) + Sync),
) -> Result<(Vec<Part>, Vec<Operator>)> {
    let schema = if table.columns.is_empty() { Arc::new(plan.schema().as_arrow().clone()) } else { table.schema() };
    if !table.columns.is_empty() {
        contract::check(table, plan.schema().as_arrow())?;
    }
    let mut keys = match order {
        Order::ByKey => Some(KeyCheck::new(table, table.key, &schema)?),
        Order::By(columns) => Some(KeyCheck::new(table, columns, &schema)?),
        Order::Any => None,
    };
    let task = Arc::new(plan.task_ctx());
    let physical = plan.create_physical_plan().await?;
    // Work tables do not pass through this process: those who make the rows write them.
    if let Some((mut parts, operators)) = cluster::written_there(&physical, table, folder, task.clone()).await? {
        if parts.is_empty() {
            parts.push(OpenPart::new(schema, Lifetime::of_table(table)).write(folder.clone(), 0).await?);
        }
        seen(parts.iter().map(|p| p.rows).sum());
        return Ok((parts, operators));
    }
    let lifetime = Lifetime::of_table(table);
    let mut stream = execute_stream(physical.clone(), task)?;
    let open = || OpenPart::new(schema.clone(), lifetime);
    let mut part = open();
    let mut rows = 0u64;
    let mut in_flight = FuturesOrdered::new();
    let mut parts = Vec::new();
    let mut number = 0;
    while let Some(batch) = stream.next().await {
        let mut batch = conform(batch?, &schema, table)?;
        if let Some(keys) = &mut keys {
            keys.check(&batch)?;
        }
        rows += batch.num_rows() as u64;
        seen(rows);
        while part.rows() + batch.num_rows() >= PART_ROWS {
            let take = PART_ROWS - part.rows();
            part.push(batch.slice(0, take)).await;
            batch = batch.slice(take, batch.num_rows() - take);
            let full = std::mem::replace(&mut part, open());
            in_flight.push_back(tokio::spawn(full.write(folder.clone(), number)));
            number += 1;
            if in_flight.len() >= IN_FLIGHT
                && let Some(written) = in_flight.next().await
            {
                parts.push(part::finished(written)?);
            }
        }
        if batch.num_rows() > 0 {
            part.push(batch).await;
        }
    }
    if part.rows() > 0 || number == 0 {
        in_flight.push_back(tokio::spawn(part.write(folder.clone(), number)));
    }
    while let Some(written) = in_flight.next().await {
        parts.push(part::finished(written)?);
    }
    Ok((parts, operators::operators(table.name, physical.as_ref())))
}

/// Holds the rows against the order: strictly ascending from row to row.
struct KeyCheck {
    table: &'static str,
    columns: Vec<usize>,
    converter: RowConverter,
    last: Option<OwnedRow>,
}

impl KeyCheck {
    fn new(table: &Table, order: &[&str], schema: &SchemaRef) -> Result<Self> {
        let columns: Vec<usize> = order.iter().map(|k| schema.index_of(k)).collect::<Result<_, _>>()?;
        let data_type = |column: &usize| schema.field(*column).data_type().clone();
        let fields = columns.iter().map(|c| SortField::new_with_options(data_type(c), ASCENDING)).collect();
        Ok(KeyCheck { table: table.name, columns, converter: RowConverter::new(fields)?, last: None })
    }

    fn check(&mut self, batch: &RecordBatch) -> Result<()> {
        let columns: Vec<ArrayRef> = self.columns.iter().map(|c| batch.column(*c).clone()).collect();
        let rows = self.converter.convert_columns(&columns)?;
        let ascending = match (&self.last, rows.iter().next()) {
            (Some(last), Some(first)) => last.row() < first,
            _ => true,
        };
        let inner = (1..rows.num_rows()).all(|i| rows.row(i - 1) < rows.row(i));
        if !ascending || !inner {
            return Err(Error::bug(format!("table {} is not in its order, or has a key twice", self.table)));
        }
        if rows.num_rows() > 0 {
            self.last = Some(rows.row(rows.num_rows() - 1).owned());
        }
        Ok(())
    }
}
