//! Rows that lie together by the first columns of an order, sorted by the others as they pass.
//!
//! In: a plan that sorts rows of which groups come in order already, such as purchases by customer and time where customers come in
//! order. Out: the plan that sorts the rows of each group and leaves groups where they are. The engine would make keys of all rows, hold
//! them, and merge them. Rows are on their way here as in any operator, about a batch of them. A group of more goes through the engine's
//! sort, whose rows stand in the engine's pool, and which may spill.

use std::fmt;
use std::sync::{Arc, Mutex};

use arrow::array::{RecordBatch, UInt32Array};
use arrow::compute::{LexicographicalComparator, concat_batches, take_record_batch};
use arrow::datatypes::SchemaRef;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::{LexOrdering, PhysicalExpr};
use datafusion::physical_plan::metrics::{Count, ExecutionPlanMetricsSet, MetricBuilder, MetricsSet, Time};
use datafusion::physical_plan::sorts::sort::SortExec;
use datafusion::physical_plan::stream::{RecordBatchReceiverStream, RecordBatchStreamAdapter};
use datafusion::physical_plan::streaming::{PartitionStream, StreamingTableExec};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, PlanProperties, apply_expression_roots,
};
use futures::{StreamExt, stream};
use tokio::sync::mpsc::{self, Receiver, Sender};

use super::groups::{Cutter, Whole};
use crate::tables::operator;

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
#[derive(Clone, Debug)]
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
    operator::methods!(of an input);

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        apply_expression_roots(self.order.iter().map(|column| &column.expr), f)
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
            most: context.session_config().batch_size(),
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
    /// Rows of a group that are held at most: those of a batch, which no operator counts.
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
        let group = self.order[..self.group].iter().map(|column| column.expr.clone());
        let mut cutter = Cutter::new(group.collect());
        let mut next = rows.next().await.transpose()?;
        while let Some(batch) = next {
            let sorted = {
                let _timer = self.time.timer();
                self.sorted(cutter.add(&batch)?)?
            };
            if !self.put(sorted).await {
                return Ok(());
            }
            next = match cutter.held() > self.most {
                true => self.large(&mut cutter, &mut rows).await?,
                false => rows.next().await.transpose()?,
            };
        }
        self.put(self.sorted(cutter.finish()?)?).await;
        Ok(())
    }

    /// Gives rows on; whether anybody reads them.
    async fn put(&self, batch: RecordBatch) -> bool {
        self.rows.add(batch.num_rows());
        batch.num_rows() == 0 || self.into.send(Ok(batch)).await.is_ok()
    }

    /// The rows of whole groups, sorted.
    fn sorted(&self, whole: impl IntoIterator<Item = Whole>) -> Result<RecordBatch> {
        let sorted = whole.into_iter().map(|whole| self.sorted_groups(whole)).collect::<Result<Vec<_>>>()?;
        Ok(concat_batches(&self.schema, &sorted)?)
    }

    fn sorted_groups(&self, Whole { rows: batch, ranges }: Whole) -> Result<RecordBatch> {
        let columns = self.order[self.group..].iter().map(|column| column.evaluate_to_sort_column(&batch));
        let compare = LexicographicalComparator::try_new(&columns.collect::<Result<Vec<_>>>()?)?;
        let compare = |a: &u32, b: &u32| compare.compare(*a as usize, *b as usize);
        let mut order: Vec<u32> = (0..batch.num_rows() as u32).collect();
        let mut moved = false;
        for group in ranges.into_iter().filter(|group| group.len() > 1) {
            let rows = &mut order[group];
            if !rows.is_sorted_by(|a, b| compare(a, b).is_le()) {
                rows.sort_by(compare);
                moved = true;
            }
        }
        Ok(if moved { take_record_batch(&batch, &UInt32Array::from(order))? } else { batch })
    }

    /// Sorts the rest of a group that is too large to be held with what is there of it. Answers the first rows of the next group.
    async fn large(&self, cutter: &mut Cutter, rows: &mut SendableRecordBatchStream) -> Result<Option<RecordBatch>> {
        let (feed, fed) = mpsc::channel(WAITING);
        let source = Arc::new(Once { schema: self.schema.clone(), rows: Mutex::new(Some(fed)) });
        let source = StreamingTableExec::try_new(self.schema.clone(), vec![source as _], None, [], false, None)?;
        let sort = SortExec::new(self.order.clone(), Arc::new(source));
        let mut sorted = sort.execute(0, self.context.clone())?;
        let feeding = async move {
            for batch in cutter.give() {
                // A sort that failed says so itself.
                let _ = feed.send(batch).await;
            }
            while let Some(batch) = rows.next().await.transpose()? {
                let rest = cutter.rest(&batch)?;
                let _ = feed.send(batch.slice(0, rest)).await;
                if rest < batch.num_rows() {
                    return Ok(Some(batch.slice(rest, batch.num_rows() - rest)));
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
    use arrow::array::{ArrayRef, Int64Array, StringArray};
    use datafusion::common::ScalarValue;
    use datafusion::execution::runtime_env::RuntimeEnvBuilder;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::{SessionConfig, SessionContext};
    use futures::TryStreamExt;

    use super::*;
    use crate::engine::operators::operators;
    use crate::tables::ranges::in_ranges;

    /// Bytes of a pool with room for the rows of any test here, each slice of which counts as the whole batch, and of one that is too small for some.
    const ROOM: usize = 1 << 30;
    const SMALL: usize = 16 << 20;

    /// The rows of a query over facts whose people come in order, sorted by the engine and within people; with the plan of the latter,
    /// and the bytes that it spilled.
    async fn both(people: &[Option<&str>], size: usize, pool: usize, query: &str) -> (String, u64, [RecordBatch; 2]) {
        let session = |pieces| {
            let config = SessionConfig::new().with_target_partitions(pieces).with_batch_size(size);
            let mut config = config.with_sort_spill_reservation_bytes(pool / 8);
            config.options_mut().optimizer.subset_repartition_threshold = 1;
            let runtime = RuntimeEnvBuilder::new().with_memory_limit(pool, 1.0).build_arc().unwrap();
            SessionContext::new_with_config_rt(config, runtime)
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
        for plan in [plan, within.clone()] {
            let schema = plan.schema();
            let stream = datafusion::physical_plan::execute_stream(plan, many.task_ctx()).unwrap();
            let rows: Vec<RecordBatch> = stream.try_collect().await.unwrap();
            found.push(concat_batches(&schema, &rows).unwrap());
        }
        let spilled = operators("fact", within.as_ref()).iter().map(|of| of.spilled).sum();
        (told, spilled, found.try_into().unwrap())
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
                    let (told, _, [engine, within]) = both(people, size, ROOM, query).await;
                    assert!(told.contains("WithinExec: groups of 1 columns"), "{told}");
                    assert_eq!(within, engine, "{query}, batches of {size}");
                }
            }
        }
    }

    #[tokio::test]
    async fn a_group_larger_than_a_batch_stands_in_the_pool_and_may_spill() {
        let people = [Some("a"); 20_000];
        let query = "select * from fact order by person, at, row";
        for (pool, spills) in [(ROOM, false), (SMALL, true)] {
            let (told, spilled, [engine, within]) = both(&people, 64, pool, query).await;
            assert!(told.contains("WithinExec"), "{told}");
            assert_eq!(within, engine, "a pool of {pool} bytes");
            assert_eq!(spilled > 0, spills, "{spilled} bytes were spilled with a pool of {pool}");
        }
    }

    #[tokio::test]
    async fn other_sorts_stay_as_they_are() {
        for query in [
            "select * from fact order by at, person, row",
            "select * from fact order by person desc, at, row",
            "select * from fact order by person, at, row limit 3",
        ] {
            let (told, ..) = both(&[Some("a"), Some("d"), None], 7, ROOM, query).await;
            assert!(!told.contains("WithinExec"), "{query}: {told}");
        }
    }
}
