//! Ranges of a sorted table one after the other.
//!
//! In: a plan that merges sorted partitions. Out: where these are ranges of the first column, the plan that reads the first to its end,
//! then the second, and so on: the same rows in the same order. To merge them the engine makes keys of all rows, compares them and
//! copies every column, to find each time that the next row is of the same range. A plan of ranges whose order nobody asked for is read so too.

use std::fmt;
use std::sync::Arc;

use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalSortExpr;
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_plan::common::spawn_buffered;
use datafusion::physical_plan::execution_plan::CardinalityEffect;
use datafusion::physical_plan::sorts::sort_preserving_merge::SortPreservingMergeExec;
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use futures::TryStreamExt;

use super::operator;
use super::ranges::ASCENDING;

/// Batches of a range that are made while one is written.
const AHEAD: usize = 2;

/// The plan with its ranges one after the other, where its last step would merge them.
pub(crate) fn in_turn(plan: Arc<dyn ExecutionPlan>) -> Arc<dyn ExecutionPlan> {
    match plan.downcast_ref::<SortPreservingMergeExec>() {
        Some(merge) if merge.fetch().is_none() && ascend(merge.input(), merge.expr().first()) => {
            let properties = merge.properties().clone();
            Arc::new(InTurnExec { input: merge.input().clone(), properties })
        }
        _ => plan,
    }
}

/// The plan as one stream, and the column in whose order its rows come, where they come in one: rows whose order nobody asked for keep
/// the one that they have, so that what reads them finds groups that lie together.
pub(crate) fn one_stream(plan: Arc<dyn ExecutionPlan>) -> (Arc<dyn ExecutionPlan>, Option<String>) {
    let Some(first) = plan.output_ordering().map(|order| order.first().clone()) else { return (plan, None) };
    let column = first.expr.downcast_ref::<Column>().filter(|_| first.options == ASCENDING);
    let Some(column) = column.map(|column| column.name().to_string()) else { return (plan, None) };
    if plan.output_partitioning().partition_count() == 1 {
        return (plan, Some(column));
    }
    if !ascend(&plan, &first) {
        return (plan, None);
    }
    let properties = PlanProperties::new(
        plan.equivalence_properties().clone(),
        Partitioning::UnknownPartitioning(1),
        plan.pipeline_behavior(),
        plan.boundedness(),
    );
    (Arc::new(InTurnExec { input: plan, properties: Arc::new(properties) }), Some(column))
}

/// Whether the partitions ascend: every row of one is before all rows of the next, in the order of this column.
fn ascend(plan: &Arc<dyn ExecutionPlan>, first: &PhysicalSortExpr) -> bool {
    let Partitioning::Range(ranges) = plan.output_partitioning() else { return false };
    // Rows that are the same in the first column are in one range.
    ranges.ordering().len() == 1 && ranges.ordering().first() == first && first.options == ASCENDING
}

/// Partitions in turn. It stands at the end of a plan, where no rule of the engine comes after it.
#[derive(Clone, Debug)]
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
    operator::methods!(of an input);
    operator::methods!(no expressions);

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn cardinality_effect(&self) -> CardinalityEffect {
        CardinalityEffect::Equal
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
    use arrow::array::{AsArray, Int64Array, RecordBatch, StringArray};
    use arrow::compute::concat_batches;
    use datafusion::common::ScalarValue;
    use datafusion::physical_plan::{displayable, execute_stream};
    use datafusion::prelude::{SessionConfig, SessionContext};

    use super::*;
    use crate::tables::ranges::in_ranges;

    /// A session with facts of persons a to d and of nobody in three ranges.
    fn session() -> SessionContext {
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
        context
    }

    async fn rows(context: &SessionContext, plan: Arc<dyn ExecutionPlan>) -> RecordBatch {
        let schema = plan.schema();
        let rows: Vec<RecordBatch> = execute_stream(plan, context.task_ctx()).unwrap().try_collect().await.unwrap();
        concat_batches(&schema, &rows).unwrap()
    }

    /// The rows of a query with its plan; merged, and in turn.
    async fn both(query: &str) -> [(String, RecordBatch); 2] {
        let context = session();
        let merged = context.sql(query).await.unwrap().create_physical_plan().await.unwrap();
        let mut found = Vec::new();
        for plan in [merged.clone(), in_turn(merged)] {
            let told = displayable(plan.as_ref()).indent(false).to_string();
            found.push((told, rows(&context, plan).await));
        }
        found.try_into().unwrap()
    }

    #[tokio::test]
    async fn rows_whose_order_nobody_asked_for_keep_the_one_that_they_have() {
        let context = session();
        for (query, kept) in [
            ("select at, person from fact where at <> 3", Some("person")),
            ("select person as who, count(*) as n from fact group by person", Some("who")),
            ("select at from fact", None),
            ("select at, count(*) as n from fact group by at", None),
        ] {
            let plan = context.sql(query).await.unwrap().create_physical_plan().await.unwrap();
            let (plan, column) = one_stream(plan);
            let told = displayable(plan.as_ref()).indent(false).to_string();
            assert_eq!(column.as_deref(), kept, "{query}: {told}");
            assert_eq!(told.contains("InTurnExec: ranges=3"), kept.is_some(), "{query}: {told}");
            let Some(column) = column else { continue };
            let found = rows(&context, plan).await;
            let people = found.column_by_name(&column).unwrap();
            let people: Vec<Option<&str>> = people.as_string::<i32>().iter().collect();
            assert!(people.is_sorted_by_key(|person| (person.is_none(), *person)), "{query}: {people:?}");
        }
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
