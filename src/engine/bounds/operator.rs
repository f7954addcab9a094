//! An operator whose work is counted in steps, and whose batches are looked at before the operator above takes them.
//!
//! The engine's pool knows what operators hold that may spill. It does not know what a step makes ([`super::step`]), what a join copies of a
//! row that many others meet, what `unnest` copies beside a list, and what a window keeps until it ends. In: a plan. Out: the same plan,
//! with a [`StepExec`] above each operator that knows what the next one does with a batch.

use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};

use arrow::array::RecordBatch;
use arrow::datatypes::{DataType, SchemaRef};
use datafusion::common::tree_node::TreeNodeRecursion;
use datafusion::common::{JoinType, Result};
use datafusion::datasource::source::DataSourceExec;
use datafusion::execution::memory_pool::{MemoryConsumer, MemoryReservation};
use datafusion::execution::{RecordBatchStream, SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::ScalarFunctionExpr;
use datafusion::physical_expr::expressions::{BinaryExpr, Column, InListExpr, LikeExpr, Literal};
use datafusion::physical_expr::window::WindowExpr;
use datafusion::physical_plan::aggregates::{AggregateExec, AggregateMode};
use datafusion::physical_plan::coalesce_partitions::CoalescePartitionsExec;
use datafusion::physical_plan::execution_plan::replace_children_if_necessary;
use datafusion::physical_plan::filter::FilterExec;
use datafusion::physical_plan::joins::{
    CrossJoinExec, HashJoinExec, NestedLoopJoinExec, PiecewiseMergeJoinExec, SortMergeJoinExec, SymmetricHashJoinExec,
};
use datafusion::physical_plan::placeholder_row::PlaceholderRowExec;
use datafusion::physical_plan::projection::ProjectionExec;
use datafusion::physical_plan::repartition::RepartitionExec;
use datafusion::physical_plan::scalar_subquery::ScalarSubqueryExec;
use datafusion::physical_plan::unnest::UnnestExec;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowAggExec};
use datafusion::physical_plan::{DisplayAs, DisplayFormatType, ExecutionPlan, PhysicalExpr, PlanProperties};
use futures::{Stream, StreamExt};

use super::sizes;
use super::step::{self, Limit};
use crate::tables::operator;

/// What the operator above does with a batch.
#[derive(Debug)]
enum Use {
    /// It computes with it.
    Reads,
    /// It copies any row to any number of others.
    Copies,
    /// It copies each row to every item of its lists: the places of these columns, with how deep the items lie.
    Unnests(Vec<(usize, usize)>),
    /// It keeps it until its window ends.
    Holds(Arc<Window>),
}

/// The plan with every operator counted.
///
/// # Errors
/// Environment, where a text of the query would be copied too often.
pub(super) fn counted(plan: Arc<dyn ExecutionPlan>, limit: Limit, batch_rows: usize) -> Result<Arc<dyn ExecutionPlan>> {
    of(plan, Use::Reads, 0, limit, batch_rows)
}

fn of(
    plan: Arc<dyn ExecutionPlan>,
    above: Use,
    copied: usize,
    limit: Limit,
    batch_rows: usize,
) -> Result<Arc<dyn ExecutionPlan>> {
    let literals = literals(&plan)?;
    let window = Window::of(&plan).map(Arc::new);
    let mut children = Vec::new();
    for (at, child) in plan.children().into_iter().enumerate() {
        let above = window.clone().map_or_else(|| use_of(&plan, at), Use::Holds);
        children.push(of(child.clone(), above, literals, limit, batch_rows)?);
    }
    if children.is_empty() && !plan.is::<PlaceholderRowExec>() {
        limit.allows("a text of the query, beside each row,", literals.saturating_mul(batch_rows))?;
    }
    let is_counted = window.is_some()
        || children.is_empty()
        || plan.is::<ProjectionExec>()
        || plan.is::<FilterExec>()
        || plan.is::<AggregateExec>();
    let input = passed_on(replace_children_if_necessary(plan, children)?)?;
    let step = Arc::new(Step { is_counted, above, window, copied, limit, batch_rows });
    Ok(Arc::new(StepExec { input, step }))
}

/// A filter that gathers no rows. The engine's own waits until they are as many as a batch has: of a union of queries, each of one row as
/// wide as a step allows, that is memory that nobody counts. Rows of files are no wider than the lake's.
fn passed_on(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    match plan.downcast_ref::<FilterExec>() {
        Some(filter) if !is_of_files(filter.input()) => Ok(Arc::new(filter.with_batch_size(1)?)),
        _ => Ok(plan),
    }
}

/// Whether the rows of a plan are those of files, wherever they were dealt out since.
fn is_of_files(plan: &Arc<dyn ExecutionPlan>) -> bool {
    let passes = plan.is::<StepExec>() || plan.is::<RepartitionExec>() || plan.is::<CoalescePartitionsExec>();
    match *plan.children() {
        [] => plan.is::<DataSourceExec>(),
        [child] if passes => is_of_files(child),
        _ => false,
    }
}

fn use_of(plan: &Arc<dyn ExecutionPlan>, child: usize) -> Use {
    if let Some(unnest) = plan.downcast_ref::<UnnestExec>() {
        let lists = unnest.list_column_indices().iter();
        return Use::Unnests(lists.map(|list| (list.index_in_input_schema, list.depth)).collect());
    }
    let is_join = plan.is::<CrossJoinExec>()
        || plan.is::<HashJoinExec>()
        || plan.is::<NestedLoopJoinExec>()
        || plan.is::<PiecewiseMergeJoinExec>()
        || plan.is::<SortMergeJoinExec>()
        || plan.is::<SymmetricHashJoinExec>();
    // A row is written once where it is only asked whether it meets another. With a filter the pairs are written before it is asked.
    let asks = |kind: &JoinType| !matches!(kind, JoinType::Inner | JoinType::Left | JoinType::Right | JoinType::Full);
    let is_asked =
        plan.downcast_ref::<HashJoinExec>().is_some_and(|join| asks(join.join_type()) && join.filter().is_none());
    let is_join = is_join && !is_asked;
    // The value of a query within an expression stands beside each row.
    let is_value = plan.is::<ScalarSubqueryExec>() && child > 0;
    let children = plan.children();
    let mut beside = children.iter().enumerate().filter(|(at, _)| if is_value { *at == 0 } else { *at != child });
    // Beside one row it is written once.
    let is_copied = (is_join || is_value) && !beside.all(|(_, other)| is_one_row(other));
    if is_copied { Use::Copies } else { Use::Reads }
}

/// Whether the plan gives one row at most.
fn is_one_row(plan: &Arc<dyn ExecutionPlan>) -> bool {
    if let Some(aggregate) = plan.downcast_ref::<AggregateExec>() {
        let is_last = matches!(aggregate.mode(), AggregateMode::Final | AggregateMode::Single);
        return is_last && aggregate.group_expr().expr().is_empty();
    }
    let children = plan.children();
    let keeps = plan.is::<ProjectionExec>() || plan.is::<CrossJoinExec>();
    match children.is_empty() {
        true => plan.is::<PlaceholderRowExec>(),
        // Values of queries give no row of their own.
        false if plan.is::<ScalarSubqueryExec>() => is_one_row(children[0]),
        false => keeps && children.into_iter().all(is_one_row),
    }
}

/// Bytes of the texts and lists of a query that an operator writes beside each row. Functions reckon theirs, and who compares makes
/// no copies.
fn literals(plan: &Arc<dyn ExecutionPlan>) -> Result<usize> {
    let mut bytes: usize = 0;
    plan.apply_expressions(&mut |expression| {
        bytes = bytes.saturating_add(written(expression));
        Ok(TreeNodeRecursion::Continue)
    })?;
    Ok(bytes)
}

fn written(expression: &Arc<dyn PhysicalExpr>) -> usize {
    if let Some(literal) = expression.downcast_ref::<Literal>() {
        return sizes::of_scalar(literal.value());
    }
    if expression.is::<ScalarFunctionExpr>() || expression.is::<BinaryExpr>() {
        // What lies within these is no literal, or is told by them.
        let deeper = expression.children().into_iter().filter(|child| !child.is::<Literal>());
        return deeper.map(written).fold(0, usize::saturating_add);
    }
    if expression.is::<InListExpr>() || expression.is::<LikeExpr>() {
        return 0;
    }
    expression.children().into_iter().map(written).fold(0, usize::saturating_add)
}

/// An operator that is counted.
#[derive(Clone, Debug)]
struct StepExec {
    input: Arc<dyn ExecutionPlan>,
    step: Arc<Step>,
}

/// How an operator is counted.
#[derive(Debug)]
struct Step {
    /// Whether what its functions make between two batches is in memory at once.
    is_counted: bool,
    /// What the operator above does with its batches.
    above: Use,
    /// The window that it is.
    window: Option<Arc<Window>>,
    /// Bytes that the operator above writes beside each row.
    copied: usize,
    limit: Limit,
    batch_rows: usize,
}

impl DisplayAs for StepExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StepExec")
    }
}

impl ExecutionPlan for StepExec {
    operator::methods!(of an input);
    operator::methods!(no expressions);

    fn properties(&self) -> &Arc<PlanProperties> {
        self.input.properties()
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        if let Use::Holds(window) = &self.step.above {
            window.begin(partition, &context);
        }
        let input = self.input.execute(partition, context)?;
        Ok(Box::pin(Steps { input, partition, step: self.step.clone() }))
    }
}

/// The batches of an operator that is counted.
struct Steps {
    input: SendableRecordBatchStream,
    partition: usize,
    step: Arc<Step>,
}

impl RecordBatchStream for Steps {
    fn schema(&self) -> SchemaRef {
        self.input.schema()
    }
}

impl Stream for Steps {
    type Item = Result<RecordBatch>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<RecordBatch>>> {
        let polled = step::within(self.step.is_counted, || self.input.poll_next_unpin(context));
        let next = ready!(polled);
        Poll::Ready(next.map(|batch| {
            let batch = batch?;
            if let Some(window) = &self.step.window {
                window.gave(self.partition, batch.num_rows())?;
            }
            step::begin();
            self.step.look_at(self.partition, &batch)?;
            Ok(batch)
        }))
    }
}

impl Step {
    /// Whether what the operator above does with the batch stays within bounds.
    fn look_at(&self, partition: usize, batch: &RecordBatch) -> Result<()> {
        if self.copied > 0 {
            let bytes = self.copied.saturating_mul(batch.num_rows());
            self.limit.allows("a text of the query, beside each row,", bytes)?;
        }
        match &self.above {
            Use::Reads => Ok(()),
            Use::Copies => {
                let widest = sizes::widest(batch.columns().iter());
                self.limit.allows("a join of rows as wide as these", widest.saturating_mul(self.batch_rows))
            }
            Use::Unnests(lists) => self.limit.allows("unnest", unnested(batch, lists, self.batch_rows)),
            Use::Holds(window) => window.took(partition, batch),
        }
    }
}

/// Bytes of the largest batch that `unnest` makes of one: rows go together until they are as many as a batch has.
fn unnested(batch: &RecordBatch, lists: &[(usize, usize)], batch_rows: usize) -> usize {
    let is_list = |at: &usize| lists.iter().any(|(list, _)| list == at);
    let others = (0..batch.num_columns()).filter(|at| !is_list(at)).map(|at| batch.column(at));
    let beside = sizes::rows(others);
    let within = sizes::rows((0..batch.num_columns()).filter(is_list).map(|at| batch.column(at)));
    let mut items = vec![1; batch.num_rows()];
    for (list, depth) in lists {
        for (most, items) in items.iter_mut().zip(sizes::items(batch.column(*list).as_ref(), *depth)) {
            *most = items.max(*most);
        }
    }
    let (mut largest, mut rows, mut bytes) = (0, 0, 0);
    for (row, (items, within)) in items.into_iter().zip(within).enumerate() {
        let beside = beside.get(row).copied().unwrap_or_default();
        let made = items.saturating_mul(beside + ITEM * lists.len()).saturating_add(within);
        if rows > 0 && rows + items > batch_rows {
            (rows, bytes) = (0, 0);
        }
        (rows, bytes) = (rows + items, made.saturating_add(bytes));
        largest = bytes.max(largest);
    }
    largest
}

/// Bytes of the place of an item, also where another list is longer.
const ITEM: usize = 8;

/// What a window holds, in each partition of the plan.
struct Window {
    /// The columns that are copied to results of any width: all where an expression is no column.
    copied: Vec<Vec<usize>>,
    /// Bytes of the texts of the query that it writes beside each row.
    texts: usize,
    held: Vec<Mutex<Option<Held>>>,
}

struct Held {
    reservation: MemoryReservation,
    rows: usize,
    bytes: usize,
}

impl std::fmt::Debug for Window {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Window")
    }
}

impl Window {
    fn of(plan: &Arc<dyn ExecutionPlan>) -> Option<Self> {
        let bounded = plan.downcast_ref::<BoundedWindowAggExec>().map(BoundedWindowAggExec::window_expr);
        let expressions = bounded.or_else(|| plan.downcast_ref::<WindowAggExec>().map(WindowAggExec::window_expr))?;
        let columns = plan.children().first()?.schema().fields().len();
        let partitions = plan.properties().partitioning.partition_count();
        Some(Window {
            copied: expressions.iter().filter_map(|e| copied_by(e, columns)).collect(),
            texts: expressions.iter().flat_map(|e| e.expressions()).map(|e| written(&e)).sum(),
            held: (0..partitions).map(|_| Mutex::new(None)).collect(),
        })
    }

    fn begin(&self, partition: usize, context: &TaskContext) {
        let reservation = MemoryConsumer::new("Window").register(context.memory_pool());
        if let Some(held) = self.held.get(partition) {
            *held.lock().unwrap_or_else(PoisonError::into_inner) = Some(Held { reservation, rows: 0, bytes: 0 });
        }
    }

    fn change(&self, partition: usize, by: impl FnOnce(&mut Held)) -> Result<()> {
        let Some(held) = self.held.get(partition) else { return Ok(()) };
        let mut held = held.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(held) = held.as_mut() else { return Ok(()) };
        by(held);
        held.reservation.try_resize(held.bytes)
    }

    /// It took a batch: that is held twice while it is put together, and the widest value may stand beside each row.
    fn took(&self, partition: usize, batch: &RecordBatch) -> Result<()> {
        let bytes: usize = batch.columns().iter().map(|column| sizes::bytes(column.as_ref())).sum();
        let wide = self.copied.iter().map(|at| sizes::widest(at.iter().map(|at| batch.column(*at))));
        let beside = wide.sum::<usize>().saturating_add(self.texts).saturating_mul(batch.num_rows());
        self.change(partition, |held| {
            held.rows += batch.num_rows();
            held.bytes = held.bytes.saturating_add(2 * bytes).saturating_add(beside);
        })
    }

    /// It gave rows on.
    fn gave(&self, partition: usize, rows: usize) -> Result<()> {
        self.change(partition, |held| {
            let gone = held.rows.min(rows);
            held.bytes -= (held.bytes / held.rows.max(1)).saturating_mul(gone).min(held.bytes);
            held.rows -= gone;
            if held.rows == 0 {
                held.bytes = 0;
            }
        })
    }
}

/// The columns whose values an expression of a window may write beside each row.
fn copied_by(expression: &Arc<dyn WindowExpr>, columns: usize) -> Option<Vec<usize>> {
    let field = expression.field().ok()?;
    let is_fixed = field.data_type().primitive_width().is_some() || *field.data_type() == DataType::Boolean;
    if is_fixed {
        return None;
    }
    let column = |e: &Arc<dyn PhysicalExpr>| e.downcast_ref::<Column>().map(Column::index);
    let named: Option<Vec<usize>> = expression.expressions().iter().map(column).collect();
    Some(named.unwrap_or_else(|| (0..columns).collect()))
}

#[cfg(test)]
mod tests {
    use datafusion::common::tree_node::TreeNode;
    use datafusion::prelude::ParquetReadOptions;

    use crate::engine::bounds::bound;
    use crate::engine::session::{Resources, session};

    use super::*;

    /// Rows for which the filters of a query wait.
    async fn waits(context: &datafusion::prelude::SessionContext, sql: &str) -> Vec<usize> {
        let plan = context.sql(sql).await.expect(sql).create_physical_plan().await.expect(sql);
        let mut found = Vec::new();
        plan.apply(|plan| {
            found.extend(plan.downcast_ref::<FilterExec>().map(FilterExec::batch_size));
            Ok(TreeNodeRecursion::Continue)
        })
        .expect("a plan");
        found
    }

    #[tokio::test]
    async fn a_filter_of_what_a_query_makes_gathers_no_rows() {
        let context = session(&Resources { threads: 2, ..Resources::default() }).expect("a session");
        let folder = tempfile::tempdir().expect("a folder");
        let file = folder.path().join("t.parquet");
        let file = file.to_str().expect("a path");
        let made = context.sql("select value as n, value || '' as s from generate_series(1, 10)").await.expect("rows");
        made.write_parquet(file, Default::default(), None).await.expect("written");
        context.register_parquet("t", file, ParquetReadOptions::default()).await.expect("a table");
        bound(&context, Limit(16 << 20));
        let union = vec!["select n, repeat('x', 1000 + n) as s from t where n = 1"; 20].join(" union all ");
        let sql = format!("select n from (select * from ({union}) limit 15) where length(s) > random()");
        assert_eq!(waits(&context, &sql).await.first(), Some(&1));
        let rows = context.sql(&sql).await.expect("a plan").count().await.expect("rows");
        assert_eq!(rows, 15);
        assert_eq!(waits(&context, "select n from t where length(s) > 1").await, [super::super::SMALL_BATCH_ROWS]);
    }
}
