//! Writes a work table where its rows are made: every task writes its partition as Parquet and answers what it wrote.
//!
//! In: rows in any order. Out: a row for each file. A task that is done again, because its executor was lost, writes files
//! of its own; only those of which a row arrives are part of the table, so that nothing is in it twice.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int64Type, Schema, SchemaRef};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::EquivalenceProperties;
use datafusion::physical_plan::execution_plan::{Boundedness, EmissionType};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties, collect,
};
use futures::StreamExt;
use serde::{Deserialize, Serialize};

use super::remote::RemoteExec;
use crate::engine::operators::{self, Operator};
use crate::error::Error;
use crate::store::Location;
use crate::tables::contract::{self, Table};
use crate::tables::encode::Lifetime;
use crate::tables::operator;
use crate::tables::part::{OpenPart, PART_ROWS, Part, conform};

/// Where the files go, as it travels.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Target {
    /// A work table of the contract.
    table: String,
    /// URL of the folder.
    folder: String,
}

/// The writer as an operator: one row out for each file.
#[derive(Debug)]
pub(crate) struct PartsExec {
    input: Arc<dyn ExecutionPlan>,
    target: Target,
    properties: Arc<PlanProperties>,
}

impl PartsExec {
    /// Writes the rows of `input`, which are those of `table`, below `folder`.
    pub(crate) fn new(input: Arc<dyn ExecutionPlan>, table: &Table, folder: &Location) -> Self {
        Self::of(input, Target { table: table.name.to_string(), folder: folder.url().to_string() })
    }

    fn of(input: Arc<dyn ExecutionPlan>, target: Target) -> Self {
        let properties = PlanProperties::new(
            EquivalenceProperties::new(schema()),
            Partitioning::UnknownPartitioning(input.output_partitioning().partition_count()),
            EmissionType::Final,
            Boundedness::Bounded,
        );
        PartsExec { input, target, properties: Arc::new(properties) }
    }

    pub(super) fn to_json(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(&self.target).map_err(|e| DataFusionError::External(Box::new(e)))
    }

    pub(super) fn from_json(json: &[u8], input: Arc<dyn ExecutionPlan>) -> Result<Self> {
        let target = serde_json::from_slice(json).map_err(|e| DataFusionError::External(Box::new(e)))?;
        Ok(Self::of(input, target))
    }
}

/// The columns of the answer.
fn schema() -> SchemaRef {
    let field = |name: &str, of: DataType| Field::new(name, of, false);
    let numbers = ["bytes", "rows"].map(|name| field(name, DataType::Int64));
    Arc::new(Schema::new([vec![field("name", DataType::Utf8)], numbers.to_vec()].concat()))
}

/// The files of a work table that the executors wrote, where the plan runs on a cluster; `None` where it does not, or where the
/// table is no work table.
///
/// # Errors
/// As the cluster says; bug, where a file comes twice.
pub(crate) async fn written_there(
    physical: &Arc<dyn ExecutionPlan>,
    table: &Table,
    folder: &Location,
    task: Arc<TaskContext>,
) -> crate::error::Result<Option<(Vec<Part>, Vec<Operator>)>> {
    let Some(remote) = physical.downcast_ref::<RemoteExec>() else { return Ok(None) };
    if contract::work_table(table.name).is_none() {
        return Ok(None);
    }
    let written = Arc::new(remote.then(|rows| Arc::new(PartsExec::new(rows, table, folder))));
    let parts = read(&collect(written.clone(), task).await?)?;
    Ok(Some((parts, operators::operators(table.name, written.as_ref()))))
}

/// The files in the answer, in order of their names.
///
/// # Errors
/// Bug, where a file comes twice.
fn read(answer: &[RecordBatch]) -> crate::error::Result<Vec<Part>> {
    let mut parts = Vec::new();
    for batch in answer {
        let names = batch.column(0).as_string::<i32>();
        let [bytes, rows] = [1, 2].map(|c| batch.column(c).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let name = names.value(row).to_string();
            parts.push(Part { name, bytes: bytes.value(row) as u64, rows: rows.value(row) as u64 });
        }
    }
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    match parts.windows(2).find(|two| two[0].name == two[1].name) {
        Some(two) => Err(Error::bug(format!("two tasks wrote the file {}", two[0].name))),
        None => Ok(parts),
    }
}

/// Writes a partition.
async fn write(mut input: SendableRecordBatchStream, target: Target) -> Result<RecordBatch> {
    let table = contract::work_table(&target.table)
        .ok_or_else(|| Error::bug(format!("there is no work table {}", target.table)))?;
    let folder = Location::parse(&target.folder, std::path::Path::new("/"))?;
    let mut parts = Vec::new();
    let open = || OpenPart::new(table.schema(), Lifetime::of_table(table));
    let mut part = open();
    while let Some(batch) = input.next().await {
        part.push(conform(batch?, &table.schema(), table)?).await;
        if part.rows() >= PART_ROWS {
            let full = std::mem::replace(&mut part, open());
            parts.push(full.write(folder.clone(), parts.len()).await?);
        }
    }
    if part.rows() > 0 {
        parts.push(part.write(folder, parts.len()).await?);
    }
    let number = |of: fn(&Part) -> u64| Int64Array::from_iter_values(parts.iter().map(|p| of(p) as i64));
    let names = StringArray::from_iter_values(parts.iter().map(|p| &p.name));
    let columns: Vec<ArrayRef> = vec![Arc::new(names), Arc::new(number(|p| p.bytes)), Arc::new(number(|p| p.rows))];
    Ok(RecordBatch::try_new(schema(), columns)?)
}

impl DisplayAs for PartsExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PartsExec: table={}", self.target.table)
    }
}

impl ExecutionPlan for PartsExec {
    fn name(&self) -> &str {
        "PartsExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn benefits_from_input_partitioning(&self) -> Vec<bool> {
        vec![false]
    }

    operator::methods!(no expressions);

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match children.as_slice() {
            [input] => Ok(Arc::new(Self::of(input.clone(), self.target.clone()))),
            _ => Err(DataFusionError::Internal("a writer of parts has one input".into())),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let written = futures::stream::once(write(self.input.execute(partition, context)?, self.target.clone()));
        Ok(Box::pin(RecordBatchStreamAdapter::new(schema(), written)))
    }
}
