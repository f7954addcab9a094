//! Rows of groups that lie together, with their numbers and what their neighbours have, as they pass.
//!
//! In: a plan with `row_number()`, `lag` or `lead` over rows that come in the window's order. Out: the plan that counts and looks one row back
//! or ahead: where the columns of the group differ from those of the row before, it begins anew. The engine makes a batch, a state and
//! a value of its own for every group and every row.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, BooleanArray, RecordBatch, UInt32Array, UInt64Array, new_null_array};
use arrow::compute::{concat, nullif, take};
use arrow::datatypes::SchemaRef;
use datafusion::common::ScalarValue;
use datafusion::common::tree_node::{Transformed, TransformedResult, TreeNode, TreeNodeRecursion};
use datafusion::error::Result;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_expr::PhysicalExpr;
use datafusion::physical_expr::window::{StandardWindowExpr, StandardWindowFunctionExpr, WindowExpr};
use datafusion::physical_plan::metrics::{BaselineMetrics, ExecutionPlanMetricsSet, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::windows::{BoundedWindowAggExec, WindowUDFExpr};
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, InputOrderMode, PlanProperties, apply_expression_roots,
};
use futures::{StreamExt, stream};

use super::groups::Keys;
use crate::tables::operator;

/// The plan whose row numbers are counted and whose neighbours are looked up, wherever its rows come in the order of the window.
///
/// # Errors
/// As the engine says, where it cannot put the plan together.
pub(super) fn numbered(plan: Arc<dyn ExecutionPlan>) -> Result<Arc<dyn ExecutionPlan>> {
    plan.transform_up(|step| {
        let numbered = step.downcast_ref::<BoundedWindowAggExec>().map(NumberedExec::in_place_of).transpose()?;
        Ok(match numbered.flatten() {
            Some(numbered) => Transformed::yes(Arc::new(numbered) as Arc<dyn ExecutionPlan>),
            None => Transformed::no(step),
        })
    })
    .data()
}

/// What is put beside a row.
#[derive(Clone, Debug)]
enum Function {
    /// Its number in its group.
    Number,
    /// What the row before it has.
    Before(Arc<dyn PhysicalExpr>),
    /// What the last row before it has that has anything.
    LastBefore(Arc<dyn PhysicalExpr>),
    /// What the row after it has.
    After(Arc<dyn PhysicalExpr>),
}

impl Function {
    /// The function of the engine that does the same, if this is one.
    fn of(window: &dyn WindowExpr) -> Result<Option<Self>> {
        let standard = window.as_any().downcast_ref::<StandardWindowExpr>();
        let own = standard.and_then(|s| s.get_standard_func_expr().as_any().downcast_ref::<WindowUDFExpr>());
        Ok(match own {
            Some(own) if own.fun().name() == "row_number" => Some(Function::Number),
            Some(own) if ["lag", "lead"].contains(&own.fun().name()) => Self::of_shift(own)?,
            _ => None,
        })
    }

    /// What `lag` or `lead` does. Neither the direction of a plan that the engine turned round nor `ignore nulls` can be asked: four rows are
    /// shifted, of which the second has no value, and where there is none afterwards tells both.
    fn of_shift(own: &WindowUDFExpr) -> Result<Option<Self>> {
        let [value] = own.args() else { return Ok(None) };
        let values = own.expressions();
        let [shifted] = values.as_slice() else { return Ok(None) };
        let data_type = own.field()?.data_type().clone();
        let Ok(some) = ScalarValue::new_default(&data_type) else { return Ok(None) };
        let none = ScalarValue::try_new_null(&data_type)?;
        let rows = ScalarValue::iter_to_array([some.clone(), none, some.clone(), some])?;
        let rows = own.create_evaluator()?.evaluate_all(&[rows], 4)?;
        let has = [0, 1, 2, 3].map(|row| rows.is_valid(row));
        Ok(match has {
            _ if !shifted.eq(value) => None,
            [false, true, false, true] => Some(Function::Before(value.clone())),
            [false, true, true, true] => Some(Function::LastBefore(value.clone())),
            [false, true, true, false] => Some(Function::After(value.clone())),
            _ => None,
        })
    }
}

/// Adds what belongs beside each row.
#[derive(Clone, Debug)]
struct NumberedExec {
    input: Arc<dyn ExecutionPlan>,
    /// What a group has in common; nothing where all rows are one.
    group: Vec<Arc<dyn PhysicalExpr>>,
    functions: Vec<Function>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl NumberedExec {
    fn in_place_of(window: &BoundedWindowAggExec) -> Result<Option<Self>> {
        let Some(first) = window.window_expr().first() else { return Ok(None) };
        let one_group = window.window_expr().iter().all(|expr| expr.partition_by() == first.partition_by());
        if window.input_order_mode != InputOrderMode::Sorted || !one_group {
            return Ok(None);
        }
        let functions = window.window_expr().iter().map(|expr| Function::of(expr.as_ref()));
        Ok(functions.collect::<Result<Option<Vec<_>>>>()?.map(|functions| NumberedExec {
            input: window.input().clone(),
            group: first.partition_by().to_vec(),
            functions,
            properties: window.properties().clone(),
            metrics: ExecutionPlanMetricsSet::new(),
        }))
    }
}

impl DisplayAs for NumberedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NumberedExec: groups of {} columns, {} functions", self.group.len(), self.functions.len())
    }
}

impl ExecutionPlan for NumberedExec {
    operator::methods!(of an input);

    fn properties(&self) -> &Arc<PlanProperties> {
        &self.properties
    }

    fn maintains_input_order(&self) -> Vec<bool> {
        vec![true]
    }

    fn apply_expressions(
        &self,
        f: &mut dyn FnMut(&Arc<dyn PhysicalExpr>) -> Result<TreeNodeRecursion>,
    ) -> Result<TreeNodeRecursion> {
        let values = self.functions.iter().filter_map(|function| match function {
            Function::Number => None,
            Function::Before(value) | Function::LastBefore(value) | Function::After(value) => Some(value),
        });
        apply_expression_roots(self.group.iter().chain(values), f)
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let functions = self.functions.iter().cloned().map(|function| (function, None)).collect();
        let beside = Beside { group: self.group.clone(), functions, schema: self.schema(), last: None, number: 0 };
        let metrics = BaselineMetrics::new(&self.metrics, partition);
        let ahead = self.functions.iter().any(|function| matches!(function, Function::After(_)));
        let rows = self.input.execute(partition, context)?;
        // The batch whose rows are next, where the one after it was asked for; it is none once all came.
        let begin = (rows.fuse(), None::<RecordBatch>, beside, metrics);
        let all = stream::try_unfold(begin, move |(mut rows, next, mut beside, metrics)| async move {
            let batch = match next {
                Some(batch) => batch,
                None => match next_rows(&mut rows).await? {
                    Some(batch) => batch,
                    None => return Ok(None),
                },
            };
            let next = if ahead { next_rows(&mut rows).await? } else { None };
            let timer = metrics.elapsed_compute().timer();
            let batch = beside.put(&batch, next.as_ref())?;
            drop(timer);
            metrics.record_output(batch.num_rows());
            Ok(Some((batch, (rows, next, beside, metrics))))
        });
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), all)))
    }
}

/// The next batch that has rows.
async fn next_rows(rows: &mut stream::Fuse<SendableRecordBatchStream>) -> Result<Option<RecordBatch>> {
    while let Some(batch) = rows.next().await.transpose()? {
        if batch.num_rows() > 0 {
            return Ok(Some(batch));
        }
    }
    Ok(None)
}

/// What is known of the rows so far.
struct Beside {
    group: Vec<Arc<dyn PhysicalExpr>>,
    /// Each with the value that the last row has for the next one.
    functions: Vec<(Function, Option<ArrayRef>)>,
    schema: SchemaRef,
    /// The keys of the rows up to the last one.
    last: Option<Keys>,
    /// The last row's number.
    number: u64,
}

/// Where the groups of a batch are.
struct Groups {
    ranges: Vec<std::ops::Range<usize>>,
    /// Whether the first one began before the batch.
    goes_on: bool,
    /// Whether the last one goes on after it.
    is_open: bool,
}

impl Beside {
    /// The rows with what belongs beside them. `next` are the rows after them, where they are known.
    fn put(&mut self, batch: &RecordBatch, next: Option<&RecordBatch>) -> Result<RecordBatch> {
        let rows = batch.num_rows();
        let keys = Keys::of(&self.group, batch)?;
        let groups = Groups {
            ranges: keys.ranges()?,
            goes_on: match &self.last {
                Some(last) => last.go_on(&keys)?,
                None => false,
            },
            is_open: match next {
                Some(next) => keys.go_on(&Keys::of(&self.group, &next.slice(0, 1))?)?,
                None => false,
            },
        };
        let mut all = batch.columns().to_vec();
        let number = self.number;
        for (function, kept) in &mut self.functions {
            all.push(match function {
                // Each of them goes on where the batch before ended.
                Function::Number => {
                    self.number = number;
                    numbers(&groups, &mut self.number, rows)
                }
                Function::Before(value) => before(&groups, kept, &evaluated(value, batch)?)?,
                Function::LastBefore(value) => last_before(&groups, kept, &evaluated(value, batch)?)?,
                Function::After(value) => {
                    let next = next.map(|next| evaluated(value, &next.slice(0, 1))).transpose()?;
                    after(&groups, next, &evaluated(value, batch)?)?
                }
            });
        }
        self.last = Some(keys);
        Ok(RecordBatch::try_new(self.schema.clone(), all)?)
    }
}

fn evaluated(column: &Arc<dyn PhysicalExpr>, batch: &RecordBatch) -> Result<ArrayRef> {
    column.evaluate(batch)?.into_array(batch.num_rows())
}

/// The number of each row in its group. `number` is the last one so far.
fn numbers(groups: &Groups, number: &mut u64, rows: usize) -> ArrayRef {
    let mut numbers = Vec::with_capacity(rows);
    for range in &groups.ranges {
        if range.start > 0 || !groups.goes_on {
            *number = 0;
        }
        numbers.extend(*number + 1..=*number + range.len() as u64);
        *number += range.len() as u64;
    }
    Arc::new(UInt64Array::from(numbers))
}

/// What the row before each has. `kept` is what the last row of the batch before had.
fn before(groups: &Groups, kept: &mut Option<ArrayRef>, values: &ArrayRef) -> Result<ArrayRef> {
    let end = values.len() - 1;
    let none = || new_null_array(values.data_type(), 1);
    let shifted = concat(&[kept.take().unwrap_or_else(none).as_ref(), values.slice(0, end).as_ref()])?;
    *kept = Some(values.slice(end, 1));
    let firsts = groups.ranges.iter().map(|range| range.start).filter(|row| *row > 0 || !groups.goes_on);
    Ok(nullif(&shifted, &mask(firsts, values.len()))?)
}

/// What the row after each has. `next` is what the first row of the next batch has.
fn after(groups: &Groups, next: Option<ArrayRef>, values: &ArrayRef) -> Result<ArrayRef> {
    let end = values.len() - 1;
    let none = || new_null_array(values.data_type(), 1);
    let shifted = concat(&[values.slice(1, end).as_ref(), next.unwrap_or_else(none).as_ref()])?;
    let lasts = groups.ranges.iter().map(|range| range.end - 1).filter(|row| *row < end || !groups.is_open);
    Ok(nullif(&shifted, &mask(lasts, values.len()))?)
}

/// What the last row before each has that has anything. `kept` is what the next row would have.
fn last_before(groups: &Groups, kept: &mut Option<ArrayRef>, values: &ArrayRef) -> Result<ArrayRef> {
    let none = || new_null_array(values.data_type(), 1);
    let all = concat(&[kept.take().unwrap_or_else(none).as_ref(), values.as_ref()])?;
    let mut found: Vec<Option<u32>> = Vec::with_capacity(values.len());
    let mut known = None;
    for range in &groups.ranges {
        known = (range.start == 0 && groups.goes_on).then_some(0);
        for row in range.clone() {
            found.push(known);
            if values.is_valid(row) {
                known = Some(row as u32 + 1);
            }
        }
    }
    *kept = Some(take(&all, &UInt32Array::from(vec![known]), None)?);
    Ok(take(&all, &UInt32Array::from(found), None)?)
}

/// Marks some rows.
fn mask(marked: impl Iterator<Item = usize>, rows: usize) -> BooleanArray {
    let mut mask = vec![false; rows];
    marked.for_each(|row| mask[row] = true);
    BooleanArray::from(mask)
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

    /// Windows over people, and whether their functions are ours.
    const WINDOWS: [(&str, bool); 15] = [
        ("row_number() over (partition by person order by at)", true),
        ("row_number() over (order by person, at)", true),
        ("row_number() over (partition by person, at order by at)", true),
        ("rank() over (partition by person order by at)", false),
        ("lag(at) over (partition by person order by at)", true),
        ("lag(kind) over (partition by person order by at)", true),
        ("lead(kind) over (partition by person order by at)", true),
        ("lead(make_array(kind, 'x')) over (partition by person order by at)", true),
        ("lag(kind) ignore nulls over (partition by person order by at)", true),
        ("lead(kind) ignore nulls over (partition by person order by at)", false),
        ("lag(at, 2) over (partition by person order by at)", false),
        ("lead(at, 1, 7) over (partition by person order by at)", false),
        (
            "lag(at) over (partition by person order by at) as before, lead(kind) over (partition by person order by at) as after, \
             row_number() over (partition by person order by at)",
            true,
        ),
        (
            "row_number() over (partition by person order by at) as first, row_number() over (partition by person order by at \
             rows between unbounded preceding and current row)",
            true,
        ),
        (
            "lag(at) over (partition by person order by at) as before, rank() over (partition by person order by at)",
            false,
        ),
    ];

    #[tokio::test]
    async fn numbers_and_neighbours_are_those_of_the_engine() {
        // Groups that end with a batch, and in the middle of one; some of many rows, some without a value.
        let people: Vec<Option<String>> =
            (0..600).map(|i| if i < 570 { Some(format!("p{:03}", i * i / 997)) } else { None }).collect();
        let kinds: Vec<Option<String>> = (0..600).map(|i| (i * 7 % 5 < 2).then(|| format!("k{i}"))).collect();
        let rows = RecordBatch::try_from_iter_with_nullable([
            ("person", Arc::new(people.iter().map(Option::as_deref).collect::<StringArray>()) as ArrayRef, true),
            ("at", Arc::new(Int64Array::from_iter_values(0..600)), false),
            ("kind", Arc::new(kinds.iter().map(Option::as_deref).collect::<StringArray>()), true),
        ])
        .unwrap();
        for size in [1, 7, 600] {
            let context =
                SessionContext::new_with_config(SessionConfig::new().with_target_partitions(1).with_batch_size(size));
            context.register_batch("fact", rows.clone()).unwrap();
            for (window, is_numbered) in WINDOWS {
                let query = format!("select *, {window} as place from fact order by person, at");
                let plan = context.sql(&query).await.unwrap().create_physical_plan().await.unwrap();
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
