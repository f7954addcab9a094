//! Writes a plan's rows as Parquet files, holding every batch against the table's contract on the way.
//!
//! In: a [`DataFrame`] whose rows come in the table's order, a folder. Out: the files, named by their content. Files are
//! cut after a fixed number of rows, so that the same rows give the same files at any number of threads; each is encoded
//! beside the plan that makes the next one.

use std::cmp::Ordering;
use std::sync::Arc;

use arrow::array::{ArrayRef, DynComparator, RecordBatch, make_comparator};
use arrow::datatypes::SchemaRef;
use datafusion::physical_plan::execute_stream;
use datafusion::prelude::DataFrame;
use futures::StreamExt;
use futures::stream::FuturesOrdered;

use super::cluster;
use super::numbered::numbered;
use super::operators::{self, Operator};
use super::within::sorted_within;
use crate::error::{Error, Result};
use crate::store::Location;
use crate::tables::contract::{self, Table};
use crate::tables::encode::Lifetime;
use crate::tables::in_turn::{in_turn, one_stream};
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
    /// As they come, in the order that the plan has, if it has one.
    Kept,
}

/// A table that was written.
pub(crate) struct Written {
    /// Its files.
    pub parts: Vec<Part>,
    /// What each operator did.
    pub operators: Vec<Operator>,
    /// The columns in whose order its rows come.
    pub order: Vec<String>,
}

/// Runs the plan and writes its rows below `folder`. `seen` is told the number of rows so far.
///
/// # Errors
/// Environment for storage and memory; bug where the rows do not keep the contract.
pub(crate) async fn write(
    plan: DataFrame,
    table: &Table,
    order: Order,
    folder: &Location,
    seen: &(dyn Fn(u64) + Sync),
) -> Result<Written> {
    write_to(plan, table, order, Some(folder), seen).await
}

/// The files that [`write`] would write of the rows as they come. Nothing is written.
///
/// # Errors
/// As [`write`].
pub(crate) async fn measure(plan: DataFrame, table: &Table) -> Result<Vec<Part>> {
    Ok(write_to(plan, table, Order::Any, None, &|_| ()).await?.parts)
}

/// The same for both: without a folder the files are encoded, and forgotten.
async fn write_to(
    plan: DataFrame,
    table: &Table,
    order: Order,
    folder: Option<&Location>,
    seen: &(dyn Fn(u64) + Sync),
) -> Result<Written> {
    let schema = if table.columns.is_empty() { Arc::new(plan.schema().as_arrow().clone()) } else { table.schema() };
    if !table.columns.is_empty() {
        contract::check(table, plan.schema().as_arrow())?;
    }
    let mut keys = match order {
        Order::ByKey => Some(KeyCheck::new(table, table.key, &schema)?),
        Order::By(columns) => Some(KeyCheck::new(table, columns, &schema)?),
        Order::Any | Order::Kept => None,
    };
    let task = Arc::new(plan.task_ctx());
    let physical = plan.create_physical_plan().await?;
    // Work tables do not pass through this process: those who make the rows write them.
    if let Some(folder) = folder
        && let Some((mut parts, operators)) = cluster::written_there(&physical, table, folder, task.clone()).await?
    {
        if parts.is_empty() {
            parts.push(OpenPart::new(schema, Lifetime::of_table(table)).write(folder.clone(), 0).await?);
        }
        seen(parts.iter().map(|p| p.rows).sum());
        return Ok(Written { parts, operators, order: Vec::new() });
    }
    let physical = in_turn(numbered(sorted_within(physical)?)?);
    let names = |columns: &[&str]| columns.iter().map(ToString::to_string).collect();
    let (physical, order) = match order {
        Order::ByKey => (physical, names(table.key)),
        Order::By(columns) => (physical, names(columns)),
        Order::Any => (physical, Vec::new()),
        Order::Kept => {
            let (physical, column) = one_stream(physical);
            (physical, column.into_iter().collect())
        }
    };
    let lifetime = Lifetime::of_table(table);
    let mut stream = execute_stream(physical.clone(), task)?;
    let open = || OpenPart::new(schema.clone(), lifetime);
    let finish = |part: OpenPart, number: usize| match folder.cloned() {
        Some(folder) => tokio::spawn(part.write(folder, number)),
        None => tokio::spawn(part.measure(number)),
    };
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
            in_flight.push_back(finish(full, number));
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
        in_flight.push_back(finish(part, number));
    }
    while let Some(written) = in_flight.next().await {
        parts.push(part::finished(written)?);
    }
    Ok(Written { parts, operators: operators::operators(table.name, physical.as_ref()), order })
}

/// Holds the rows against the order: strictly ascending from row to row. Columns are compared as they are, and only as far as they
/// decide: most rows need the first or the second.
struct KeyCheck {
    table: &'static str,
    columns: Vec<usize>,
    /// The columns of the last row so far.
    last: Option<Vec<ArrayRef>>,
}

impl KeyCheck {
    fn new(table: &Table, order: &[&str], schema: &SchemaRef) -> Result<Self> {
        let columns = order.iter().map(|k| schema.index_of(k)).collect::<Result<_, _>>()?;
        Ok(KeyCheck { table: table.name, columns, last: None })
    }

    fn check(&mut self, batch: &RecordBatch) -> Result<()> {
        let Some(end) = batch.num_rows().checked_sub(1) else { return Ok(()) };
        let columns: Vec<ArrayRef> = self.columns.iter().map(|c| batch.column(*c).clone()).collect();
        let inside = Comparison::between(&columns, &columns)?;
        let follows = match &self.last {
            Some(last) => Comparison::between(last, &columns)?.is_less(0, 0),
            None => true,
        };
        if !follows || !(0..end).all(|row| inside.is_less(row, row + 1)) {
            return Err(Error::bug(format!("table {} is not in its order, or has a key twice", self.table)));
        }
        self.last = Some(columns.iter().map(|column| column.slice(end, 1)).collect());
        Ok(())
    }
}

/// Compares rows of two batches by their columns.
struct Comparison(Vec<DynComparator>);

impl Comparison {
    fn between(left: &[ArrayRef], right: &[ArrayRef]) -> Result<Self> {
        let columns = left.iter().zip(right).map(|(l, r)| make_comparator(l, r, ASCENDING));
        Ok(Comparison(columns.collect::<Result<_, _>>()?))
    }

    fn is_less(&self, left: usize, right: usize) -> bool {
        self.0.iter().map(|column| column(left, right)).find(|order| order.is_ne()) == Some(Ordering::Less)
    }
}

#[cfg(test)]
mod tests {
    use arrow::array::{Int64Array, StringArray};

    use super::*;
    use crate::tables::contract::{INTERACTION, col};

    #[test]
    fn rows_out_of_order_and_keys_that_come_twice_are_a_bug() {
        type Row = (Option<&'static str>, Option<i64>);
        let check = |batches: &[&[Row]], is_good: bool| {
            let batch = |rows: &[Row]| {
                let texts: ArrayRef = Arc::new(rows.iter().map(|row| row.0).collect::<StringArray>());
                let numbers: ArrayRef = Arc::new(rows.iter().map(|row| row.1).collect::<Int64Array>());
                let columns = [(col::CUSTOMER_ID, texts, true), (col::LINE, numbers, true)];
                RecordBatch::try_from_iter_with_nullable(columns).expect("a batch")
            };
            let batches: Vec<RecordBatch> = batches.iter().map(|rows| batch(rows)).collect();
            let mut keys =
                KeyCheck::new(&INTERACTION, &[col::CUSTOMER_ID, col::LINE], &batches[0].schema()).expect("columns");
            let found = batches.iter().try_for_each(|batch| keys.check(batch));
            assert_eq!(found.is_ok(), is_good, "{batches:?}");
        };
        let (a, b) = (Some("a"), Some("b"));
        check(&[&[(a, Some(1)), (a, Some(2)), (b, Some(1)), (b, None), (None, Some(1)), (None, None)]], true);
        check(&[&[(a, Some(1))], &[], &[(a, Some(2))], &[(None, Some(0))]], true);
        check(&[&[(a, Some(1)), (a, Some(1))]], false);
        check(&[&[(a, Some(2)), (a, Some(1))]], false);
        check(&[&[(a, Some(2))], &[(a, Some(2))]], false);
        check(&[&[(b, Some(1))], &[], &[(a, Some(2))]], false);
        check(&[&[(None, Some(1)), (a, Some(2))]], false);
        check(&[&[(a, None), (a, None)]], false);
    }
}
