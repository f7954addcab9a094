//! Rows of groups that lie together, as lists.
//!
//! In: a plan with `array_agg` over rows that come in order of their groups. Out: the plan that cuts: the rows of a batch are the items
//! of its lists as they are, and only the group that goes on in the next batch waits for it. The engine looks every row's group up
//! and gathers wide rows once more, one by one.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, ListArray, RecordBatch, UInt32Array, make_comparator};
use arrow::buffer::{OffsetBuffer, ScalarBuffer};
use arrow::compute::{concat, partition, take};
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, InputOrderMode, PlanProperties};
use futures::{StreamExt, TryStreamExt};

use crate::tables::ranges::ASCENDING;

/// The plan whose lists are cut, wherever the rows of a group lie together.
///
/// # Errors
/// As the engine says, where it cannot put the plan together.
pub(super) fn listed(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|step| {
        Ok(match step.downcast_ref::<AggregateExec>().and_then(ListedExec::in_place_of) {
            Some(listed) => Transformed::yes(Arc::new(listed) as Arc<dyn ExecutionPlan>),
            None => Transformed::no(step),
        })
    })
    .data()
}

/// One row for each group, with the list of what its rows say.
#[derive(Debug)]
struct ListedExec {
    input: Arc<dyn ExecutionPlan>,
    /// What a group has in common.
    group: Vec<Arc<dyn PhysicalExpr>>,
    /// What a row says.
    item: Arc<dyn PhysicalExpr>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl ListedExec {
    fn in_place_of(aggregate: &AggregateExec) -> Option<Self> {
        let ([function], [None]) = (aggregate.aggr_expr(), aggregate.filter_expr()) else { return None };
        let [item] = <[_; 1]>::try_from(function.expressions()).ok()?;
        let is_whole = matches!(aggregate.mode(), AggregateMode::Single | AggregateMode::SinglePartitioned);
        let group = aggregate.group_expr();
        let lies_together =
            group.is_single() && !group.is_empty() && *aggregate.input_order_mode() == InputOrderMode::Sorted;
        let is_plain = function.fun().name() == "array_agg"
            && !function.is_distinct()
            && !function.ignore_nulls()
            && function.order_bys().is_empty()
            && aggregate.limit_options().is_none();
        (is_whole && lies_together && is_plain).then(|| ListedExec {
            input: aggregate.input().clone(),
            group: group.input_exprs(),
            item,
            properties: aggregate.properties().clone(),
            metrics: ExecutionPlanMetricsSet::new(),
        })
    }
}

impl DisplayAs for ListedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ListedExec: groups of {} columns", self.group.len())
    }
}

impl ExecutionPlan for ListedExec {
    fn name(&self) -> &str {
        "ListedExec"
    }

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn children(&self) -> Vec<&Arc<dyn ExecutionPlan>> {
        vec![&self.input]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        for column in self.group.iter().chain([&self.item]) {
            if f(column)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else {
            return Err(DataFusionError::Internal("lists are of one plan".into()));
        };
        let (group, item, properties) = (self.group.clone(), self.item.clone(), self.properties.clone());
        Ok(Arc::new(ListedExec { input, group, item, properties, metrics: ExecutionPlanMetricsSet::new() }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let (group, item) = (self.group.clone(), self.item.clone());
        let mut lists = Lists { schema: self.schema(), open: None };
        let rows = self.input.execute(partition, context)?.map(Some).chain(futures::stream::iter([None]));
        let whole = rows.map(move |batch| -> Result<_> {
            let batch = batch.transpose()?;
            let _timer = metrics.elapsed_compute().timer();
            let whole = match batch {
                Some(batch) => lists.whole(&batch, &group, &item)?,
                None => lists.last()?.into_iter().collect(),
            };
            whole.iter().for_each(|lists| metrics.record_output(lists.num_rows()));
            Ok(futures::stream::iter(whole.into_iter().map(Ok::<_, DataFusionError>)))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), whole.try_flatten())))
    }
}

/// The lists so far.
struct Lists {
    schema: SchemaRef,
    /// The group whose rows may go on.
    open: Option<Open>,
}

/// A group that has not ended: its columns, one row each, and its items.
struct Open {
    group: Vec<ArrayRef>,
    items: Vec<ArrayRef>,
}

impl Lists {
    /// The groups that end in this batch.
    fn whole(
        &mut self,
        batch: &RecordBatch,
        group: &[Arc<dyn PhysicalExpr>],
        item: &Arc<dyn PhysicalExpr>,
    ) -> Result<Vec<RecordBatch>> {
        let rows = batch.num_rows();
        let columns = group.iter().map(|column| column.evaluate(batch)?.into_array(rows));
        let columns: Vec<ArrayRef> = columns.collect::<Result<_>>()?;
        let items = item.evaluate(batch)?.into_array(rows)?;
        let ranges = partition(&columns)?.ranges();
        let mut ranges = ranges.as_slice();
        let mut whole = Vec::new();
        if let (Some(open), [first, others @ ..]) = (&mut self.open, ranges)
            && open.goes_on(&columns)?
        {
            open.items.push(items.slice(first.start, first.len()));
            ranges = others;
        }
        let [ended @ .., last] = ranges else { return Ok(whole) };
        whole.extend(self.last()?);
        if let [first, ..] = ended {
            let starts = UInt32Array::from_iter_values(ended.iter().map(|range| range.start as u32));
            let groups = columns.iter().map(|column| take(column, &starts, None));
            let ends = ended.iter().map(|range| (range.end - first.start) as i32);
            let items = items.slice(first.start, last.start - first.start);
            whole.push(self.batch(groups.collect::<std::result::Result<_, _>>()?, ends.collect(), items)?);
        }
        self.open = Some(Open {
            group: columns.iter().map(|column| column.slice(last.start, 1)).collect(),
            items: vec![items.slice(last.start, last.len())],
        });
        Ok(whole)
    }

    /// The group that was open.
    fn last(&mut self) -> Result<Option<RecordBatch>> {
        let Some(Open { group, items }) = self.open.take() else { return Ok(None) };
        let items = match items.as_slice() {
            [items] => items.clone(),
            items => concat(&items.iter().map(|items| items as &dyn Array).collect::<Vec<_>>())?,
        };
        self.batch(group, vec![items.len() as i32], items).map(Some)
    }

    /// Groups with the ends of their lists.
    fn batch(&self, mut columns: Vec<ArrayRef>, ends: Vec<i32>, items: ArrayRef) -> Result<RecordBatch> {
        let DataType::List(field) = self.schema.field(columns.len()).data_type() else {
            return Err(DataFusionError::Internal("rows become lists".into()));
        };
        let offsets: ScalarBuffer<i32> = [0].into_iter().chain(ends).collect();
        columns.push(Arc::new(ListArray::try_new(field.clone(), OffsetBuffer::new(offsets), items, None)?));
        Ok(RecordBatch::try_new(self.schema.clone(), columns)?)
    }
}

impl Open {
    /// Whether the first of these rows is of this group.
    fn goes_on(&self, columns: &[ArrayRef]) -> Result<bool> {
        for (own, column) in self.group.iter().zip(columns) {
            if make_comparator(own, column, ASCENDING)?(0, 0).is_ne() {
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

    use super::*;

    #[tokio::test]
    async fn lists_are_those_of_the_engine() {
        // Groups that end with a batch, that go on over several, and that have no value in common.
        let people: Vec<Option<String>> =
            (0..600).map(|i| if i < 570 { Some(format!("p{:03}", i * i / 997)) } else { None }).collect();
        let rows = RecordBatch::try_from_iter_with_nullable([
            ("person", Arc::new(people.iter().map(Option::as_deref).collect::<StringArray>()) as ArrayRef, true),
            ("place", Arc::new(Int64Array::from_iter_values(0..600)), false),
        ])
        .unwrap();
        for size in [1, 7, 600] {
            let config = SessionConfig::new().with_target_partitions(1).with_batch_size(size);
            let context = SessionContext::new_with_config(config);
            context.register_batch("fact", rows.clone()).unwrap();
            let sorted = "(select * from fact order by person, place limit 599)";
            let listed_plan = async |query: &str| {
                let plan = context.sql(query).await.unwrap().create_physical_plan().await.unwrap();
                let cut = listed(plan.clone()).unwrap();
                let told = displayable(cut.as_ref()).indent(false).to_string();
                (plan, cut, told)
            };
            let query =
                format!("select person, array_agg(named_struct('place', place)) as all from {sorted} group by person");
            let (plan, cut, told) = listed_plan(&query).await;
            assert!(told.contains("ListedExec"), "{told}");
            let mut found = Vec::new();
            for plan in [plan, cut] {
                let schema = plan.schema();
                let rows: Vec<RecordBatch> =
                    execute_stream(plan, context.task_ctx()).unwrap().try_collect().await.unwrap();
                found.push(concat_batches(&schema, &rows).unwrap());
            }
            assert_eq!(found[0], found[1], "batches of {size}");
            for other in [
                format!("select person, array_agg(distinct place % 3) from {sorted} group by person"),
                format!("select person, array_agg(place order by place desc) from {sorted} group by person"),
                format!("select person, array_agg(place) filter (where place > 3) from {sorted} group by person"),
                format!("select person, array_agg(place), count(*) from {sorted} group by person"),
                "select person, array_agg(place) from fact group by person".to_string(),
            ] {
                let (_, _, told) = listed_plan(&other).await;
                assert!(!told.contains("ListedExec"), "{other}: {told}");
            }
        }
    }
}
