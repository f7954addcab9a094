//! Ranges of a sorted table one after the other.
//!
//! In: a plan that merges sorted partitions. Out: where these are ranges of the first column, the plan that reads the first to its end,
//! then the second, and so on: the same rows in the same order. To merge them the engine makes keys of all rows, compares them and
//! copies every column, to find each time that the next row is of the same range.

use std::fmt;
use std::sync::Arc;

use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::common::spawn_buffered;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::TryStreamExt;

use super::ranges::ASCENDING;

/// Batches of a range that are made while one is written.
const AHEAD: usize = 2;

/// The plan with its ranges one after the other, where its last step would merge them.
pub(crate) fn in_turn(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    match plan.downcast_ref::<SortPreservingMergeExec>() {
        Some(merge) if merge.fetch().is_none() && are_ranges(merge) => {
            let properties = merge.properties().clone();
            Arc::new(InTurnExec { input: merge.input().clone(), properties })
        }
        _ => plan,
    }
}

/// Whether the partitions ascend: every row of one is before all rows of the next, in the order of the merge.
fn are_ranges(merge: &SortPreservingMergeExec) -> bool {
    let Partitioning::Range(ranges) = merge.input().output_partitioning() else { return false };
    let first = merge.expr().first();
    // Rows that are the same in the first column are in one range.
    ranges.ordering().len() == 1 && ranges.ordering().first() == first && first.options == ASCENDING
}

/// Partitions in turn. It stands at the end of a plan, where no rule of the engine comes after it.
#[derive(Debug)]
struct InTurnExec {
    input: Arc<dyn ExecutionPlan>,
    properties: Arc<PlanProperties>,
}

impl DisplayAs for InTurnExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "InTurnExec: ranges={}", self.input.output_partitioning().partition_count())
    }
}

impl ExecutionPlan for InTurnExec {
    fn name(&self) -> &str {
        "InTurnExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        _: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        match <[_; 1]>::try_from(children) {
            Ok([input]) => Ok(Arc::new(InTurnExec { input, properties: self.properties.clone() })),
            Err(_) => Err(DataFusionError::Internal("ranges in turn are of one plan".into())),
        }
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if partition > 0 {
            return Err(DataFusionError::Internal("ranges in turn are one stream".into()));
        }
        let (input, ranges) = (self.input.clone(), self.input.output_partitioning().partition_count());
        let rows = move |range| -> Result<SendableRecordBatchStream> {
            Ok(spawn_buffered(input.execute(range, context.clone())?, AHEAD))
        };
        let all = futures::stream::iter((0..ranges).map(rows)).try_flatten();
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), all)))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, RecordBatch, StringArray};
    use arrow::compute::concat_batches;
    use datafusion::common::ScalarValue;
    use datafusion::physical_plan::{displayable, execute_stream};
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;
    use crate::tables::ranges::in_ranges;

    /// The rows of a query over facts of persons a to d and of nobody in three ranges, with its plan; merged, and in turn.
    async fn both(query: &str) -> [(String, RecordBatch); 2] {
        let mut config = SessionConfig::new().with_target_partitions(3);
        config.options_mut().optimizer.subset_repartition_threshold = 1;
        let (one, context) = (SessionContext::new(), SessionContext::new_with_config(config));
        let people = ["a", "a", "b", "c", "c", "d"].map(Some).into_iter().chain([None, None]);
        let places = Int64Array::from_iter_values(0..8);
        let columns: [(&str, arrow::array::ArrayRef, bool); 2] =
            [("person", Arc::new(people.collect::<StringArray>()), true), ("at", Arc::new(places), false)];
        let rows = one.read_batch(RecordBatch::try_from_iter_with_nullable(columns).unwrap()).unwrap();
        let starts = ["b", "d"].map(ScalarValue::from).to_vec();
        let facts = in_ranges(&context, &rows, &["person", "at"], starts).unwrap();
        context.register_table("fact", facts.into_view()).unwrap();
        let merged = context.sql(query).await.unwrap().create_physical_plan().await.unwrap();
        let mut found = Vec::new();
        for plan in [merged.clone(), in_turn(merged)] {
            let told = displayable(plan.as_ref()).indent(false).to_string();
            let schema = plan.schema();
            let rows: Vec<RecordBatch> = execute_stream(plan, context.task_ctx()).unwrap().try_collect().await.unwrap();
            found.push((told, concat_batches(&schema, &rows).unwrap()));
        }
        found.try_into().unwrap()
    }

    #[tokio::test]
    async fn ranges_in_turn_are_the_rows_that_a_merge_gives() {
        for (query, is_in_turn) in [
            (
                "select person, row_number() over (partition by person order by at) as place, at from fact order by person, place",
                true,
            ),
            ("select person, at from fact order by person, at", true),
            // The greatest come first, or another column decides.
            ("select person, at from fact order by person desc, at", false),
            ("select person, at from fact order by at, person", false),
            ("select person, at from fact order by person, at limit 5", false),
        ] {
            let [(_, merged), (told, rows)] = both(query).await;
            assert_eq!(told.contains("InTurnExec: ranges=3"), is_in_turn, "{query}: {told}");
            assert_eq!(rows, merged, "{query}");
        }
    }
}
