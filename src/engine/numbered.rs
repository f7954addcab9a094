//! Rows of groups that lie together, numbered as they pass.
//!
//! In: a plan with `row_number()` over rows that come in the window's order. Out: the plan that counts: where the columns of the group
//! differ from those of the row before, it begins anew with 1. The engine makes a batch, a state and a value of its own for every
//! group and every row.

use std::fmt;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array, make_comparator};
use arrow::compute::partition;
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::StandardWindowExpr;
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowUDFExpr};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, InputOrderMode, PlanProperties};
use futures::StreamExt;

use crate::tables::ranges::ASCENDING;

/// The plan whose row numbers are counted, wherever its rows come in the order of the window.
///
/// # Errors
/// As the engine says, where it cannot put the plan together.
pub(super) fn numbered(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|step| {
        Ok(match step.downcast_ref::<BoundedWindowAggExec>().and_then(NumberedExec::in_place_of) {
            Some(numbered) => Transformed::yes(Arc::new(numbered) as Arc<dyn ExecutionPlan>),
            None => Transformed::no(step),
        })
    })
    .data()
}

/// Adds the number of each row in its group.
#[derive(Debug)]
struct NumberedExec {
    input: Arc<dyn ExecutionPlan>,
    /// What a group has in common; nothing where all rows are one.
    group: Vec<Arc<dyn PhysicalExpr>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl NumberedExec {
    fn in_place_of(window: &BoundedWindowAggExec) -> Option<Self> {
        let [function] = window.window_expr() else { return None };
        let standard = function.as_any().downcast_ref::<StandardWindowExpr>()?;
        let own = standard.get_standard_func_expr().as_any().downcast_ref::<WindowUDFExpr>()?;
        let is_number = own.fun().name() == "row_number" && window.input_order_mode == InputOrderMode::Sorted;
        is_number.then(|| NumberedExec {
            input: window.input().clone(),
            group: function.partition_by().to_vec(),
            properties: window.properties().clone(),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for NumberedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NumberedExec: groups of {} columns", self.group.len())
    }
}

impl ExecutionPlan for NumberedExec {
    fn name(&self) -> &str {
        "NumberedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for column in &self.group {
            if f(column)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else {
            return Err(DataFusionError::Internal("numbered rows are of one plan".into()));
        };
        let (group, properties) = (self.group.clone(), self.properties.clone());
        Ok(Arc::new(NumberedExec { input, group, properties, metrics: ExecutionPlanMetricsSet::new() }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let (schema, group) = (self.schema(), self.group.clone());
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let mut numbers = Numbers::default();
        let rows = self.input.execute(partition, context)?.map(move |batch| {
            let batch = batch?;
            let _timer = metrics.elapsed_compute().timer();
            let numbered = numbers.beside(&batch, &group, &schema)?;
            metrics.record_output(numbered.num_rows());
            Ok(numbered)
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }
}

/// The numbers so far.
#[derive(Default)]
struct Numbers {
    /// The columns of the last row's group.
    last: Option<Vec<ArrayRef>>,
    /// The last row's number.
    number: u64,
}

impl Numbers {
    /// The rows with their numbers.
    fn beside(
        &mut self,
        batch: &RecordBatch,
        group: &[Arc<dyn PhysicalExpr>],
        schema: &SchemaRef,
    ) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let columns = group.iter().map(|column| column.evaluate(batch)?.into_array(rows));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        let mut numbers = Vec::with_capacity(rows);
        if let Some(end) = rows.checked_sub(1) {
            if !self.goes_on(&columns)? {
                self.number = 0;
            }
            let ranges = match columns.as_slice() {
                [] => std::iter::once(0..rows).collect(),
                columns => partition(columns)?.ranges(),
            };
            for range in ranges {
                if range.start > 0 {
                    self.number = 0;
                }
                numbers.extend(self.number + 1..=self.number + range.len() as u64);
                self.number += range.len() as u64;
            }
            self.last = Some(columns.iter().map(|column| column.slice(end, 1)).collect());
        }
        let numbers: ArrayRef = Arc::new(UInt64Array::from(numbers));
        let columns = batch.columns().iter().cloned().chain([numbers]).collect();
        Ok(RecordBatch::try_new(schema.clone(), columns)?)
    }

    /// Whether the first row is of the last row's group.
    fn goes_on(&self, columns: &[ArrayRef]) -> Result<bool> {
        let Some(last) = &self.last else { return Ok(false) };
        for (last, column) in last.iter().zip(columns) {
            if make_comparator(last, column, ASCENDING)?(0, 0).is_ne() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::compute::concat_batches;
    use datafusion::physical_plan::{displayable, execute_stream};
    use datafusion::prelude::{SessionConfig, SessionContext};
    use futures::TryStreamExt;

    use super::*;

    #[tokio::test]
    async fn numbers_are_those_of_the_engine() {
        // Groups that end with a batch, and in the middle of one; some of many rows, some without a value.
        let people: Vec<Option<String>> =
            (0..600).map(|i| if i < 570 { Some(format!("p{:03}", i * i / 997)) } else { None }).collect();
        let rows = RecordBatch::try_from_iter_with_nullable([
            ("person", Arc::new(people.iter().map(Option::as_deref).collect::<StringArray>()) as ArrayRef, true),
            ("at", Arc::new(Int64Array::from_iter_values((0..600).map(|i| i / 2))), false),
        ])
        .unwrap();
        for size in [1, 7, 600] {
            let context =
                SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1).with_batch_size(size));
            context.register_batch("fact", rows.clone()).unwrap();
            for (query, is_numbered) in [
                (
                    "select *, row_number() over (partition by person order by at) as place from fact order by person, at, place",
                    true,
                ),
                (
                    "select *, row_number() over (order by person, at) as place from fact order by person, at, place",
                    true,
                ),
                (
                    "select *, row_number() over (partition by person, at order by at) as place from fact order by person, at, place",
                    true,
                ),
                (
                    "select *, rank() over (partition by person order by at) as place from fact order by person, at, place",
                    false,
                ),
                (
                    "select *, row_number() over (partition by person order by at) as place, lag(at) over (partition by person order by at) as other from fact order by person, at, place",
                    false,
                ),
            ] {
                let plan = context.sql(query).await.unwrap().create_physical_plan().await.unwrap();
                let mut found = Vec::new();
                for plan in [plan.clone(), numbered(plan).unwrap()] {
                    let told = displayable(plan.as_ref()).indent(false).to_string();
                    let schema = plan.schema();
                    let rows: Vec<RecordBatch> =
                        execute_stream(plan, context.task_ctx()).unwrap().try_collect().await.unwrap();
                    found.push((told, concat_batches(&schema, &rows).unwrap()));
                }
                assert_eq!(found[1].0.contains("NumberedExec"), is_numbered, "{query}: {}", found[1].0);
                assert_eq!(found[0].1, found[1].1, "{query}, batches of {size}");
            }
        }
    }
}
