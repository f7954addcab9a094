//! A table whose files hold its rows in order, read as ranges of its first column.
//!
//! In: the rows in order, the columns that order them, values of the first column at which a range begins. Out: a table of which the
//! engine knows that each partition is in order and that rows with the same first column are in one partition. A query that
//! groups by that column, or numbers the rows of a group in order, needs neither to deal rows out, nor to sort, nor to hold
//! its groups in memory.

use std::fmt;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, RecordBatch};
use arrow::compute::SortOptions;
use arrow::compute::kernels::cmp::lt;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::common::{ScalarValue, SplitPoint, Statistics};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::utils::conjunction;
use datafusion::logical_expr::{Expr, TableProviderFilterPushDown, TableType, ident, lit};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{
    EquivalenceProperties, LexOrdering, PhysicalExpr, PhysicalSortExpr, RangePartitioning,
};
use datafusion::physical_plan::statistics::{StatisticsArgs, StatisticsContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::StreamExt;

use super::operator;

/// How tables are sorted: ascending, nulls last.
pub(crate) const ASCENDING: SortOptions = SortOptions { descending: false, nulls_first: false };

/// The table of `rows`, which come as one partition and in order of the columns `order`, cut where its first column reaches one of
/// `starts`: values that ascend, none of them null.
///
/// # Errors
/// Bug, where there is no column to order by.
pub(crate) fn in_ranges(
    context: &SessionContext,
    rows: &DataFrame,
    order: &[&str],
    starts: Vec<ScalarValue>,
) -> crate::error::Result<DataFrame> {
    let Some(column) = order.first() else {
        return Err(crate::error::Error::bug("a table without an order cannot be read in ranges"));
    };
    let first = || ident(*column);
    let mut ranges = Vec::with_capacity(starts.len() + 1);
    for range in 0..=starts.len() {
        let from =
            range.checked_sub(1).and_then(|before| starts.get(before)).map(|start| first().gt_eq(lit(start.clone())));
        let to = starts.get(range).map(|start| first().lt(lit(start.clone())));
        ranges.push(match (from, to) {
            (None, None) => rows.clone(),
            (None, Some(to)) => rows.clone().filter(to)?,
            (Some(from), Some(to)) => rows.clone().filter(from.and(to))?,
            // Rows without a value come last.
            (Some(from), None) => rows.clone().filter(from.or(first().is_null()))?,
        });
    }
    let schema = Arc::new(rows.schema().as_arrow().clone());
    let order = order.iter().map(ToString::to_string).collect();
    Ok(context.read_table(Arc::new(Ranges { schema, ranges, order, starts }))?)
}

/// The table as the engine sees it.
#[derive(Debug)]
struct Ranges {
    schema: SchemaRef,
    /// Each is one partition.
    ranges: Vec<DataFrame>,
    order: Vec<String>,
    starts: Vec<ScalarValue>,
}

#[async_trait]
impl TableProvider for Ranges {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    fn supports_filters_pushdown(&self, filters: &[&Expr]) -> Result<Vec<TableProviderFilterPushDown>> {
        Ok(vec![TableProviderFilterPushDown::Exact; filters.len()])
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        filters: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let mut inputs = Vec::with_capacity(self.ranges.len());
        for rows in &self.ranges {
            let mut rows = rows.clone();
            if let Some(wanted) = conjunction(filters.iter().cloned()) {
                rows = rows.filter(wanted)?;
            }
            if let Some(columns) = projection {
                rows = rows.select(columns.iter().map(|c| ident(self.schema.field(*c).name())).collect::<Vec<_>>())?;
            }
            inputs.push(rows.create_physical_plan().await?);
        }
        Ok(Arc::new(RangesExec::try_new(inputs, &self.order, &self.starts)?))
    }
}

/// The ranges side by side. The engine's rules do not see what is below: they would deal the rows out.
#[derive(Debug)]
pub(crate) struct RangesExec {
    inputs: Vec<Arc<dyn ExecutionPlan>>,
    /// Place of the first column of the order, where it is read.
    first: Option<usize>,
    statistics: Vec<Arc<Statistics>>,
    properties: Arc<PlanProperties>,
}

impl RangesExec {
    fn try_new(inputs: Vec<Arc<dyn ExecutionPlan>>, order: &[String], starts: &[ScalarValue]) -> Result<Self> {
        let Some(schema) = inputs.first().map(|input| input.schema()) else {
            return Err(DataFusionError::Internal("a table has at least one range".into()));
        };
        if inputs.iter().any(|input| input.output_partitioning().partition_count() != 1) {
            return Err(DataFusionError::Internal("a range is one partition".into()));
        }
        let column = |name: &String| {
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(name, schema.index_of(name).ok()?));
            Some(PhysicalSortExpr::new(column, ASCENDING))
        };
        let order: Vec<PhysicalSortExpr> = order.iter().map_while(column).collect();
        let partitioning = match LexOrdering::new(order.first().cloned()) {
            Some(first) if !starts.is_empty() => {
                let starts = starts.iter().map(|start| SplitPoint::new(vec![start.clone()])).collect();
                Partitioning::Range(RangePartitioning::try_new(first, starts)?)
            }
            _ => Partitioning::UnknownPartitioning(inputs.len()),
        };
        let first = order.first().and_then(|first| first.expr.downcast_ref::<Column>()).map(Column::index);
        let rows = EquivalenceProperties::new_with_orderings(schema, LexOrdering::new(order));
        let properties = operator::passing(rows, partitioning);
        let known = StatisticsContext::new();
        let statistics = inputs.iter().map(|input| known.compute(input.as_ref(), &StatisticsArgs::default()));
        let statistics = statistics.collect::<Result<_>>()?;
        Ok(RangesExec { inputs, first, statistics, properties })
    }

    /// The plans of the ranges, for a profile.
    pub(crate) fn inputs(&self) -> &[Arc<dyn ExecutionPlan>] {
        &self.inputs
    }
}

/// Holds the rows against the order of their first column, so that a wrong order is an error and not a wrong sum.
fn checked(batch: RecordBatch, first: Option<usize>, last: &mut Option<ArrayRef>) -> Result<RecordBatch> {
    let Some(column) = first.map(|first| batch.column(first)).filter(|column| !column.is_empty()) else {
        return Ok(batch);
    };
    let end = column.len() - 1;
    let inside = lt(&column.slice(1, end), &column.slice(0, end))?.true_count();
    let before = match last.as_ref() {
        Some(last) => lt(&column.slice(0, 1), last)?.true_count(),
        None => 0,
    };
    if inside + before > 0 {
        return Err(DataFusionError::Internal("the rows of a range do not come in order".into()));
    }
    *last = Some(column.slice(end, 1));
    Ok(batch)
}

impl DisplayAs for RangesExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RangesExec: ranges={}", self.inputs.len())
    }
}

impl ExecutionPlan for RangesExec {
    operator::methods!(of none);

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let Some(input) = self.inputs.get(partition) else {
            return Err(DataFusionError::Internal(format!("there is no range {partition}")));
        };
        let (first, mut last) = (self.first, None);
        let rows = input.execute(0, context)?.map(move |batch| checked(batch?, first, &mut last));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), rows)))
    }

    fn statistics_from_inputs(&self, _: &[Arc<Statistics>], args: &StatisticsArgs) -> Result<Arc<Statistics>> {
        match args.partition().and_then(|partition| self.statistics.get(partition)) {
            Some(of_range) => Ok(of_range.clone()),
            None => {
                let all = self.statistics.iter().map(AsRef::as_ref);
                Ok(Arc::new(Statistics::try_merge_iter(all, &self.schema())?))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use arrow::array::{Int64Array, StringArray};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::physical_plan::displayable;
    use datafusion::prelude::SessionConfig;

    use super::*;

    const PER_PERSON: &str = "
        select person, kind, count(*) as n, sum(at) as at from fact group by person, kind order by person, kind";
    const NUMBERED: &str = "
        select person, row_number() over (partition by person order by at) as place, kind from fact order by person, place";

    fn sessions() -> [SessionContext; 2] {
        [1, 3].map(|partitions| {
            let mut config = SessionConfig::new().with_target_partitions(partitions);
            config.options_mut().optimizer.subset_repartition_threshold = 1;
            SessionContext::new_with_config(config)
        })
    }

    /// Facts of persons a to d and of nobody, in order if `people` are.
    fn facts(people: &[Option<&str>]) -> RecordBatch {
        let kinds = StringArray::from_iter_values((0..people.len()).map(|i| ["x", "y"][i % 2]));
        let columns: [(&str, ArrayRef, bool); 3] = [
            ("person", Arc::new(people.iter().copied().collect::<StringArray>()), true),
            ("at", Arc::new(Int64Array::from_iter_values(0..people.len() as i64)), false),
            ("kind", Arc::new(kinds), false),
        ];
        RecordBatch::try_from_iter_with_nullable(columns).unwrap()
    }

    /// The session with the table `fact` in ranges from b and d, and one with the same rows as they are.
    fn known(people: &[Option<&str>]) -> (SessionContext, SessionContext) {
        let ([one, many], [_, plain]) = (sessions(), sessions());
        let rows = one.read_batch(facts(people)).unwrap();
        let starts = ["b", "d"].map(ScalarValue::from).to_vec();
        let ranges = in_ranges(&many, &rows, &["person", "at"], starts).unwrap();
        many.register_table("fact", ranges.into_view()).unwrap();
        plain.register_batch("fact", facts(people)).unwrap();
        (many, plain)
    }

    async fn answer(context: &SessionContext, query: &str) -> Result<String> {
        Ok(pretty_format_batches(&context.sql(query).await?.collect().await?)?.to_string())
    }

    #[tokio::test]
    async fn ranges_are_neither_dealt_out_nor_sorted_and_give_the_same_answers() {
        let people: Vec<Option<&str>> =
            ["a", "a", "a", "b", "c", "c", "d", "d"].into_iter().map(Some).chain([None, None]).collect();
        let (ranges, plain) = known(&people);
        for query in [
            PER_PERSON,
            NUMBERED,
            "select count(*) from fact",
            "select kind from fact where person = 'c' or person is null order by at",
            "select f.at, g.at from fact f join fact g on f.person = g.person order by 1, 2",
        ] {
            assert_eq!(answer(&ranges, query).await.unwrap(), answer(&plain, query).await.unwrap(), "{query}");
        }
        for query in [PER_PERSON, NUMBERED] {
            let plan = ranges.sql(query).await.unwrap().create_physical_plan().await.unwrap();
            let plan = displayable(plan.as_ref()).indent(false).to_string();
            assert!(plan.contains("RangesExec: ranges=3"), "{plan}");
            assert!(!plan.contains("RepartitionExec"), "{plan}");
            assert!(query == PER_PERSON || !plan.contains("SortExec"), "{plan}");
        }
    }

    #[tokio::test]
    async fn rows_out_of_order_are_an_error_and_no_wrong_sum() {
        let (ranges, _) = known(&[Some("a"), Some("c"), Some("b"), Some("c")]);
        let error = answer(&ranges, PER_PERSON).await.unwrap_err().to_string();
        assert!(error.contains("do not come in order"), "{error}");
    }
}
