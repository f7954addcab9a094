//! Writes a plan's rows as Parquet files, holding every batch against the table's contract on the way.
//!
//! In: a [`DataFrame`] whose rows come in the table's order, a folder. Out: the files, named by their content. Files are
//! cut after a fixed number of rows, so that the same rows give the same files at any number of threads; each is encoded
//! beside the plan that makes the next one.

use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, RecordBatch};
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::SchemaRef;
use datafusion::arrow::row::{OwnedRow, RowConverter, SortField};
use datafusion::physical_plan::{collect, execute_stream};
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use futures::stream::FuturesOrdered;
use serde::{Deserialize, Serialize};

use crate::contract::{self, Table};
use crate::encode::{Kept, encode};
use crate::engine::parts::{self, PartsExec};
use crate::engine::remote::RemoteExec;
use crate::error::{Error, Result};
use crate::profile::{self, Operator};
use crate::ranges::ASCENDING;
use crate::store::Location;

/// A Parquet file of a table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Part {
    /// File name below the table's folder.
    pub name: String,
    /// Size in bytes.
    pub bytes: u64,
    /// Rows.
    pub rows: u64,
}

/// Rows of a file. Fixed, so that files do not depend on threads or memory.
pub(crate) const PART_ROWS: usize = 1 << 19;

/// Files being encoded or uploaded while the plan goes on.
const IN_FLIGHT: usize = 2;

/// In which order rows have to come, each key once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
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
pub async fn write(
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
    if let (Some(remote), Some(_)) = (physical.downcast_ref::<RemoteExec>(), contract::work_table(table.name)) {
        let written = Arc::new(remote.then(|rows| Arc::new(PartsExec::new(rows, table, folder))));
        let mut parts = parts::read(&collect(written.clone(), task).await?)?;
        if parts.is_empty() {
            parts.push(write_part(Vec::new(), schema, Kept::of(table), folder.clone(), 0).await?);
        }
        seen(parts.iter().map(|p| p.rows).sum());
        return Ok((parts, profile::operators(table.name, written.as_ref())));
    }
    let kept = Kept::of(table);
    let mut stream = execute_stream(physical.clone(), task)?;
    let mut pending: Vec<RecordBatch> = Vec::new();
    let (mut pending_rows, mut rows) = (0, 0u64);
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
        while pending_rows + batch.num_rows() >= PART_ROWS {
            let take = PART_ROWS - pending_rows;
            pending.push(batch.slice(0, take));
            batch = batch.slice(take, batch.num_rows() - take);
            let batches = std::mem::take(&mut pending);
            in_flight.push_back(tokio::spawn(write_part(batches, schema.clone(), kept, folder.clone(), number)));
            number += 1;
            pending_rows = 0;
            if in_flight.len() >= IN_FLIGHT
                && let Some(part) = in_flight.next().await
            {
                parts.push(finished(part)?);
            }
        }
        if batch.num_rows() > 0 {
            pending_rows += batch.num_rows();
            pending.push(batch);
        }
    }
    if pending_rows > 0 || number == 0 {
        in_flight.push_back(tokio::spawn(write_part(pending, schema, kept, folder.clone(), number)));
    }
    while let Some(part) = in_flight.next().await {
        parts.push(finished(part)?);
    }
    Ok((parts, profile::operators(table.name, physical.as_ref())))
}

fn finished<T>(task: Result<Result<T>, tokio::task::JoinError>) -> Result<T> {
    task.map_err(|e| Error::bug(format!("a Parquet writer stopped: {e}")))?
}

/// The batch with exactly the contract's fields: the engine's nullability and inner names may differ.
pub(crate) fn conform(batch: RecordBatch, schema: &SchemaRef, table: &Table) -> Result<RecordBatch> {
    let columns: Vec<ArrayRef> =
        batch
            .columns()
            .iter()
            .zip(schema.fields())
            .map(|(column, field)| {
                if column.data_type() == field.data_type() {
                    Ok(column.clone())
                } else {
                    cast(column, field.data_type())
                }
            })
            .collect::<Result<_, _>>()?;
    for (column, field) in columns.iter().zip(schema.fields()) {
        if !field.is_nullable() && column.null_count() > 0 {
            return Err(Error::bug(format!("column {} of table {} may not be null", field.name(), table.name)));
        }
    }
    Ok(RecordBatch::try_new(schema.clone(), columns)?)
}

/// Writes a file of a table, named by its number and its content.
pub(crate) async fn write_part(
    batches: Vec<RecordBatch>,
    schema: SchemaRef,
    kept: Kept,
    folder: Location,
    number: usize,
) -> Result<Part> {
    let rows: usize = batches.iter().map(RecordBatch::num_rows).sum();
    let encoded = finished(tokio::task::spawn_blocking(move || encode(&batches, &schema, kept)).await)?;
    write_encoded(encoded, rows as u64, &folder, number).await
}

/// Writes a Parquet file of a table, named by its number and its content.
pub(crate) async fn write_encoded(encoded: Vec<u8>, rows: u64, folder: &Location, number: usize) -> Result<Part> {
    let digest = blake3::hash(&encoded).to_hex();
    let name = format!("part-{number:05}-{}.parquet", &digest[..16]);
    let bytes = encoded.len() as u64;
    folder.join(&name).write(encoded).await?;
    Ok(Part { name, bytes, rows })
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
