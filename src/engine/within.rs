//! Rows that lie together by the first columns of an order, sorted by the others as they pass.
//!
//! In: a plan that sorts rows of which groups come in order already, such as purchases by customer and time where customers come in
//! order. Out: the plan that sorts the rows of each group and leaves groups where they are. The engine would make keys of all rows, hold
//! them, and merge them. A group that is too large to be held goes through the engine's sort, which may spill.

use std::cmp::Ordering;
use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::array::{ArrayRef, DynComparator, RecordBatch, UInt32Array, make_comparator};
use arrow::compute::{concat, concat_batches, partition, take_record_batch};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet, Time};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties};
use futures::{StreamExt, stream};
use tokio::sync::mpsc::{self, Receiver, Sender};

/// Batches of one group that are held at most. More of them are sorted by the engine.
const HELD: usize = 4;

/// Sorted batches that may wait for their reader.
const WAITING: usize = 1;

/// The plan whose sorts leave groups where they are, wherever rows come in order of the first columns.
///
/// # Errors
/// As the engine says, where it cannot put the plan together.
pub(super) fn sorted_within(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|step| {
        let within = step.downcast_ref::<SortExec>().map(WithinExec::in_place_of).transpose()?.flatten();
        Ok(match within {
            Some(within) => Transformed::yes(Arc::new(within) as Arc<dyn ExecutionPlan>),
            None => Transformed::no(step),
        })
    })
    .data()
}

/// Sorts the rows of each group.
#[derive(Debug)]
struct WithinExec {
    input: Arc<dyn ExecutionPlan>,
    order: LexOrdering,
    /// How many columns of the order a group has in common.
    group: usize,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl WithinExec {
    fn in_place_of(sort: &SortExec) -> Result<Option<Self>> {
        let (input, order) = (sort.input(), sort.expr());
        let as_they_are = sort.preserve_partitioning() || input.output_partitioning().partition_count() == 1;
        if sort.fetch().is_some() || !as_they_are {
            return Ok(None);
        }
        let known = input.equivalence_properties();
        let mut group = 0;
        while group < order.len() && known.ordering_satisfy(order[..=group].to_vec())? {
            group += 1;
        }
        let metrics = ExecutionPlanMetricsSet::new();
        let properties = sort.properties().clone();
        Ok((group > 0).then(|| WithinExec { input: input.clone(), order: order.clone(), group, properties, metrics }))
    }
}

impl DisplayAs for WithinExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WithinExec: groups of {} columns, expr=[{}]", self.group, self.order)
    }
}

impl ExecutionPlan for WithinExec {
    fn name(&self) -> &str {
        "WithinExec"
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
        for column in &self.order {
            if f(&column.expr)? == TreeNodeRecursion::Stop {
                return Ok(TreeNodeRecursion::Stop);
            }
        }
        Ok(TreeNodeRecursion::Continue)
    }

    fn with_new_children(self: Arc<Self>, children: Vec<Arc<dyn ExecutionPlan>>) -> Result<Arc<dyn ExecutionPlan>> {
        let Ok([input]) = <[_; 1]>::try_from(children) else {
            return Err(DataFusionError::Internal("sorted rows are of one plan".into()));
        };
        let (order, group, properties) = (self.order.clone(), self.group, self.properties.clone());
        Ok(Arc::new(WithinExec { input, order, group, properties, metrics: ExecutionPlanMetricsSet::new() }))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let rows = self.input.execute(partition, context.clone())?;
        let mut sorted = RecordBatchReceiverStream::builder(self.schema(), WAITING);
        let sorting = Sorting {
            order: self.order.clone(),
            group: self.group,
            schema: self.schema(),
            most: HELD * context.session_config().batch_size(),
            context,
            time: MetricBuilder::new(&self.metrics).elapsed_compute(partition),
            rows: MetricBuilder::new(&self.metrics).output_rows(partition),
            spilled: MetricBuilder::new(&self.metrics).spilled_bytes(partition),
            into: sorted.tx(),
        };
        sorted.spawn(sorting.pass(rows));
        Ok(sorted.build())
    }
}

/// One stream of rows on its way.
struct Sorting {
    order: LexOrdering,
    group: usize,
    schema: SchemaRef,
    /// Rows of a group that are held at most.
    most: usize,
    context: Arc<TaskContext>,
    time: Time,
    rows: Count,
    spilled: Count,
    into: Sender<Result<RecordBatch>>,
}

impl Sorting {
    /// Sorts group by group until no rows come, or nobody reads them.
    async fn pass(self, mut rows: SendableRecordBatchStream) -> Result<()> {
        // Rows of the last group so far: more of them may come.
        let mut open: Vec<RecordBatch> = Vec::new();
        let mut next = rows.next().await.transpose()?;
        while let Some(batch) = next.take() {
            if batch.num_rows() > 0 {
                let last = self.last_group(&batch)?;
                let more = batch.slice(0, last);
                if last == 0 && self.goes_on(&open, &batch)? {
                    open.push(batch);
                    if open.iter().map(RecordBatch::num_rows).sum::<usize>() > self.most {
                        next = self.large(std::mem::take(&mut open), &mut rows).await?;
                        if next.is_none() {
                            break;
                        }
                        continue;
                    }
                } else {
                    open.push(more);
                    if !self.put(self.sorted(&concat_batches(&self.schema, &open)?)?).await {
                        return Ok(());
                    }
                    open = vec![batch.slice(last, batch.num_rows() - last)];
                }
            }
            next = rows.next().await.transpose()?;
        }
        self.put(self.sorted(&concat_batches(&self.schema, &open)?)?).await;
        Ok(())
    }

    /// Gives rows on; whether anybody reads them.
    async fn put(&self, batch: RecordBatch) -> bool {
        self.rows.add(batch.num_rows());
        batch.num_rows() == 0 || self.into.send(Ok(batch)).await.is_ok()
    }

    /// The columns that a group has in common.
    fn groups(&self, batch: &RecordBatch) -> Result<Vec<ArrayRef>> {
        self.order[..self.group].iter().map(|column| Ok(column.evaluate_to_sort_column(batch)?.values)).collect()
    }

    /// Where the last group of the rows begins.
    fn last_group(&self, batch: &RecordBatch) -> Result<usize> {
        let _timer = self.time.timer();
        Ok(partition(&self.groups(batch)?)?.ranges().last().map_or(0, |range| range.start))
    }

    /// Whether the rows begin with the group that is open, or none is.
    fn goes_on(&self, open: &[RecordBatch], batch: &RecordBatch) -> Result<bool> {
        let Some(last) = open.last() else { return Ok(true) };
        let pairs = self.groups(&last.slice(last.num_rows() - 1, 1))?.into_iter().zip(self.groups(&batch.slice(0, 1))?);
        let both: Vec<ArrayRef> = pairs
            .map(|(last, first)| concat(&[last.as_ref(), first.as_ref()]))
            .collect::<std::result::Result<_, _>>()?;
        Ok(partition(&both)?.len() == 1)
    }

    /// The rows of whole groups, sorted.
    fn sorted(&self, batch: &RecordBatch) -> Result<RecordBatch> {
        let _timer = self.time.timer();
        let groups = partition(&self.groups(batch)?)?.ranges();
        let compare = Comparison::of(&self.order[self.group..], batch)?;
        let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
        let mut moved = false;
        for group in groups.into_iter().filter(|group| group.len() > 1) {
            let rows = &mut order[group];
            if !rows.is_sorted_by(|a, b| compare.rows(*a, *b).is_le()) {
                rows.sort_by(|a, b| compare.rows(*a, *b));
                moved = true;
            }
        }
        Ok(if moved { take_record_batch(batch, &UInt32Array::from(order))? } else { batch.clone() })
    }

    /// Sorts the rest of a group that is too large to be held with what is there of it. Answers the first rows of the next group.
    async fn large(&self, open: Vec<RecordBatch>, rows: &mut SendableRecordBatchStream) -> Result<Option<RecordBatch>> {
        let (feed, fed) = mpsc::channel(WAITING);
        let last = open.last().map(|batch| vec![batch.slice(batch.num_rows() - 1, 1)]).unwrap_or_default();
        let source = Arc::new(Once { schema: self.schema.clone(), rows: Mutex::new(Some(fed)) });
        let source = StreamingTableExec::try_new(self.schema.clone(), vec![source as _], None, [], false, None)?;
        let sort = SortExec::new(self.order.clone(), Arc::new(source));
        let mut sorted = sort.execute(0, self.context.clone())?;
        let feeding = async move {
            for batch in open {
                // A sort that failed says so itself.
                let _ = feed.send(batch).await;
            }
            while let Some(batch) = rows.next().await.transpose()? {
                if batch.num_rows() == 0 {
                    continue;
                }
                if !self.goes_on(&last, &batch)? {
                    return Ok(Some(batch));
                }
                let end = partition(&self.groups(&batch)?)?.ranges().first().map_or(0, |range| range.end);
                let _ = feed.send(batch.slice(0, end)).await;
                if end < batch.num_rows() {
                    return Ok(Some(batch.slice(end, batch.num_rows() - end)));
                }
            }
            Ok(None)
        };
        // The sorted rows go with it: nobody waits to feed a sort that failed.
        let reading = async move {
            while let Some(batch) = sorted.next().await.transpose()? {
                if !self.put(batch).await {
                    break;
                }
            }
            Ok::<(), DataFusionError>(())
        };
        let (next, read): (Result<Option<RecordBatch>>, Result<()>) = futures::join!(feeding, reading);
        self.spilled.add(sort.metrics().and_then(|m| m.spilled_bytes()).unwrap_or(0));
        read?;
        next
    }
}

/// Compares rows of a batch by the columns that groups do not have in common.
struct Comparison(Vec<DynComparator>);

impl Comparison {
    fn of(order: &[PhysicalSortExpr], batch: &RecordBatch) -> Result<Self> {
        let column = |column: &PhysicalSortExpr| -> Result<DynComparator> {
            let values = column.evaluate_to_sort_column(batch)?.values;
            Ok(make_comparator(&values, &values, column.options)?)
        };
        Ok(Comparison(order.iter().map(column).collect::<Result<_>>()?))
    }

    fn rows(&self, a: u32, b: u32) -> Ordering {
        let (a, b) = (a as usize, b as usize);
        self.0.iter().map(|column| column(a, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    }
}

/// Rows that are read once, as they are fed.
struct Once {
    schema: SchemaRef,
    rows: Mutex<Option<Receiver<RecordBatch>>>,
}

impl fmt::Debug for Once {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "rows of one group")
    }
}

impl PartitionStream for Once {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let rows = self.rows.lock().ok().and_then(|mut rows| rows.take());
        let fed = stream::unfold(rows, |rows| async move {
            let mut rows = rows?;
            let batch = rows.recv().await?;
            Some((Ok(batch), Some(rows)))
        });
        Box::pin(RecordBatchStreamAdapter::new(self.schema.clone(), fed))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use datafusion::common::ScalarValue;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::{SessionConfig, SessionContext};
    use futures::TryStreamExt;

    use super::*;
    use crate::tables::ranges::in_ranges;

    /// The rows of a query over facts whose people come in order, sorted by the engine and within people; with the plan of the latter.
    async fn both(people: &[Option<&str>], size: usize, query: &str) -> (String, [RecordBatch; 2]) {
        let session = |pieces| {
            let mut config = SessionConfig::new().with_target_partitions(pieces).with_batch_size(size);
            config.options_mut().optimizer.subset_repartition_threshold = 1;
            SessionContext::new_with_config(config)
        };
        let (one, many) = (session(1), session(2));
        let at = Int64Array::from_iter_values((0..people.len() as i64).map(|i| i * 7919 % 101));
        let columns: [(&str, ArrayRef, bool); 3] = [
            ("person", Arc::new(people.iter().copied().collect::<StringArray>()), true),
            ("at", Arc::new(at), false),
            ("row", Arc::new(Int64Array::from_iter_values(0..people.len() as i64)), false),
        ];
        let rows = one.read_batch(RecordBatch::try_from_iter_with_nullable(columns).unwrap()).unwrap();
        let facts = in_ranges(&many, &rows, &["person"], vec![ScalarValue::from("c")]).unwrap();
        many.register_table("fact", facts.into_view()).unwrap();
        let plan = many.sql(query).await.unwrap().create_physical_plan().await.unwrap();
        let within = sorted_within(plan.clone()).unwrap();
        let told = displayable(within.as_ref()).indent(false).to_string();
        let mut found = Vec::new();
        for plan in [plan, within] {
            let schema = plan.schema();
            let stream = datafusion::physical_plan::execute_stream(plan, many.task_ctx()).unwrap();
            let rows: Vec<RecordBatch> = stream.try_collect().await.unwrap();
            found.push(concat_batches(&schema, &rows).unwrap());
        }
        (told, found.try_into().unwrap())
    }

    #[tokio::test]
    async fn rows_are_sorted_as_by_the_engine_wherever_batches_and_groups_end() {
        let small = ["a", "a", "b", "b", "b", "c", "d", "d"].map(Some);
        let people: Vec<Option<&str>> = small.into_iter().chain([None; 3]).collect();
        // A group of more rows than are held, in the middle and at the end.
        let large: Vec<Option<&str>> =
            std::iter::repeat_n(Some("a"), 90).chain(small).chain(std::iter::repeat_n(None, 90)).collect();
        for people in [people.as_slice(), large.as_slice(), &[None]] {
            for size in [1, 7, 64] {
                for query in [
                    "select * from fact order by person, at, row",
                    "select * from fact order by person, at desc, row",
                    "select person, row, row_number() over (partition by person order by at, row) as n from fact order by person, n",
                ] {
                    let (told, [engine, within]) = both(people, size, query).await;
                    assert!(told.contains("WithinExec: groups of 1 columns"), "{told}");
                    assert_eq!(within, engine, "{query}, batches of {size}");
                }
            }
        }
    }

    #[tokio::test]
    async fn other_sorts_stay_as_they_are() {
        for query in [
            "select * from fact order by at, person, row",
            "select * from fact order by person desc, at, row",
            "select * from fact order by person, at, row limit 3",
        ] {
            let (told, _) = both(&[Some("a"), Some("d"), None], 7, query).await;
            assert!(!told.contains("WithinExec"), "{query}: {told}");
        }
    }
}
