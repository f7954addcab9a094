//! Rows that come in order of a key, taken together by key and made into rows of another table.
//!
//! In: rows as one stream in order of a key, and what is made of the rows of some keys. Out: a table with a row for each key, in the
//! same order. Why no aggregate: rows of one key lie side by side, most often there is one, and an aggregate would hash every key and
//! gather every value once more. Pieces are made beside each other and beside whoever reads the table.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch, UInt64Array};
use arrow::buffer::OffsetBuffer;
use arrow::compute::take;
use arrow::datatypes::SchemaRef;
use async_trait::async_trait;
use datafusion::catalog::{Session, TableProvider};
use datafusion::error::{DataFusionError, Result};
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::logical_expr::{Expr, TableType};
use datafusion::physical_expr::expressions::Column;
use datafusion::physical_expr::{EquivalenceProperties, LexOrdering, PhysicalExpr, PhysicalSortExpr};
use datafusion::physical_plan::metrics::{ExecutionPlanMetricsSet, MetricBuilder, MetricsSet};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::{
    DisplayAs, DisplayFormatType, ExecutionPlan, ExecutionPlanProperties, Partitioning, PlanProperties,
};
use datafusion::prelude::DataFrame;
use futures::{StreamExt, TryStreamExt, stream};

use super::groups::{Cutter, Whole};
use crate::tables::operator;
use crate::tables::ranges::ASCENDING;
use nayose_matching::parallel;

/// Keys of a piece at most: enough that a thread is not started for nothing, and so few that the rows that are made of them, which may
/// be several times as wide, stay some ten MiB.
const PIECE: usize = 4096;

/// The rows of some keys, whole.
pub(crate) struct Groups {
    /// The rows, in order of their keys.
    pub rows: RecordBatch,
    /// Where the rows of each key begin, and the end of the last.
    pub offsets: OffsetBuffer<i32>,
    /// The place of the first key among all, from 0.
    pub first: u64,
}

impl Groups {
    /// How many keys.
    pub(crate) fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// The value that the first row of each key has in a column.
    ///
    /// # Errors
    /// As Arrow says.
    pub(crate) fn firsts(&self, column: &ArrayRef) -> Result<ArrayRef> {
        let firsts = self.offsets[..self.len()].iter().map(|&row| row as u64);
        Ok(take(column, &UInt64Array::from_iter_values(firsts), None)?)
    }
}

/// What is made of the rows of some keys: a row for each, in the same order.
pub(crate) type Make = Arc<dyn Fn(&Groups) -> Result<RecordBatch> + Send + Sync>;

/// The table that is made of `rows`, which come as one partition and in order of the columns `key`. It has these columns too.
pub(crate) fn table(
    rows: DataFrame,
    key: &'static [&'static str],
    schema: SchemaRef,
    make: Make,
) -> Arc<dyn TableProvider> {
    Arc::new(Grouped { rows, key, schema, make })
}

/// The table as the engine sees it.
struct Grouped {
    rows: DataFrame,
    key: &'static [&'static str],
    schema: SchemaRef,
    make: Make,
}

impl fmt::Debug for Grouped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Grouped by {:?}", self.key)
    }
}

#[async_trait]
impl TableProvider for Grouped {
    fn schema(&self) -> SchemaRef {
        self.schema.clone()
    }

    fn table_type(&self) -> TableType {
        TableType::Base
    }

    async fn scan(
        &self,
        _: &dyn Session,
        projection: Option<&Vec<usize>>,
        _: &[Expr],
        _: Option<usize>,
    ) -> Result<Arc<dyn ExecutionPlan>> {
        let input = self.rows.clone().create_physical_plan().await?;
        let made = GroupedExec::try_new(input, self.key, &self.schema, self.make.clone(), projection.cloned())?;
        Ok(Arc::new(made))
    }
}

/// The operator. The engine's rules do not see what is below: they would deal the rows out.
pub(crate) struct GroupedExec {
    input: Arc<dyn ExecutionPlan>,
    key: &'static [&'static str],
    make: Make,
    /// The columns that are read, where not all are.
    projection: Option<Vec<usize>>,
    properties: Arc<PlanProperties>,
    metrics: ExecutionPlanMetricsSet,
}

impl fmt::Debug for GroupedExec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupedExec by {:?} of {:?}", self.key, self.input)
    }
}

impl GroupedExec {
    fn try_new(
        input: Arc<dyn ExecutionPlan>,
        key: &'static [&'static str],
        schema: &SchemaRef,
        make: Make,
        projection: Option<Vec<usize>>,
    ) -> Result<Self> {
        if input.output_partitioning().partition_count() != 1 {
            return Err(DataFusionError::Internal("rows that are grouped come as one partition".into()));
        }
        let schema = match &projection {
            Some(columns) => Arc::new(schema.project(columns)?),
            None => schema.clone(),
        };
        let column = |name: &&str| {
            let column: Arc<dyn PhysicalExpr> = Arc::new(Column::new(name, schema.index_of(name).ok()?));
            Some(PhysicalSortExpr::new(column, ASCENDING))
        };
        let order: Vec<PhysicalSortExpr> = key.iter().map_while(column).collect();
        let rows = EquivalenceProperties::new_with_orderings(schema, LexOrdering::new(order));
        let properties = operator::passing(rows, Partitioning::UnknownPartitioning(1));
        Ok(GroupedExec { input, key, make, projection, properties, metrics: ExecutionPlanMetricsSet::new() })
    }

    /// The plan of the rows, for a profile.
    pub(crate) fn input(&self) -> &Arc<dyn ExecutionPlan> {
        &self.input
    }
}

impl DisplayAs for GroupedExec {
    fn fmt_as(&self, _: DisplayFormatType, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "GroupedExec: key={:?}", self.key)
    }
}

impl ExecutionPlan for GroupedExec {
    operator::methods!(of none);

    fn execute(&self, partition: usize, context: Arc<TaskContext>) -> Result<SendableRecordBatchStream> {
        let schema = self.input.schema();
        let column =
            |name: &&str| -> Result<Arc<dyn PhysicalExpr>> { Ok(Arc::new(Column::new_with_schema(name, &schema)?)) };
        let cutter = Cutter::new(self.key.iter().map(column).collect::<Result<_>>()?);
        let rows = MetricBuilder::new(&self.metrics).output_rows(partition);
        let time = MetricBuilder::new(&self.metrics).elapsed_compute(partition);
        let (make, projection) = (self.make.clone(), self.projection.clone());
        let groups = groups_of(self.input.execute(0, context)?, cutter);
        let made = groups.map_ok(move |groups| {
            let (make, projection, time) = (make.clone(), projection.clone(), time.clone());
            let made = tokio::task::spawn_blocking(move || -> Result<RecordBatch> {
                let _timer = time.timer();
                let made = make(&groups)?;
                match &projection {
                    Some(columns) => Ok(made.project(columns)?),
                    None => Ok(made),
                }
            });
            async move { made.await.map_err(|e| DataFusionError::Internal(format!("a piece was not made: {e}")))? }
        });
        let made = made.try_buffered(parallel::threads()).inspect_ok(move |batch| rows.add(batch.num_rows()));
        Ok(Box::pin(RecordBatchStreamAdapter::new(self.schema(), made)))
    }

    fn metrics(&self) -> Option<MetricsSet> {
        Some(self.metrics.clone_inner())
    }
}

/// The rows of a stream by key, in pieces.
fn groups_of(rows: SendableRecordBatchStream, cutter: Cutter) -> impl stream::Stream<Item = Result<Groups>> + Send {
    let cut = stream::unfold(Some((rows, cutter)), |state: Option<(SendableRecordBatchStream, Cutter)>| async move {
        let (mut rows, mut cutter) = state?;
        Some(match rows.next().await {
            Some(batch) => {
                let whole = batch.and_then(|batch| cutter.add(&batch));
                (whole, Some((rows, cutter)))
            }
            None => (cutter.finish().map(Vec::from_iter), None),
        })
    });
    let mut first = 0;
    let pieces = cut.map_ok(move |whole| {
        let pieces = whole.iter().flat_map(|whole| in_pieces(whole, &mut first)).map(Ok);
        stream::iter(pieces.collect::<Vec<Result<Groups>>>())
    });
    pieces.try_flatten()
}

/// Some keys each. `first` is the place of the first of them, and of the one after them in the end.
fn in_pieces(whole: &Whole, first: &mut u64) -> Vec<Groups> {
    let piece = |some: &[Range<usize>]| {
        let rows = some[0].start..some[some.len() - 1].end;
        let offsets = OffsetBuffer::from_lengths(some.iter().map(Range::len));
        *first += some.len() as u64;
        Groups { rows: whole.rows.slice(rows.start, rows.len()), offsets, first: *first - some.len() as u64 }
    };
    whole.ranges.chunks(PIECE).map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use arrow::array::{AsArray, Int64Array, StringArray};
    use arrow::datatypes::{DataType, Field, Int64Type, Schema};
    use datafusion::prelude::SessionContext;
    use proptest::prelude::*;

    /// Rows of keys, each with its place.
    fn rows(keys: &[Option<u8>]) -> RecordBatch {
        let names: StringArray = keys.iter().map(|key| key.map(|key| key.to_string())).collect();
        let places = Int64Array::from_iter_values(0..keys.len() as i64);
        let columns: [(&str, ArrayRef); 2] = [("key", Arc::new(names)), ("place", Arc::new(places))];
        RecordBatch::try_from_iter_with_nullable(columns.map(|(name, column)| (name, column, true))).expect("rows")
    }

    proptest! {
        #[test]
        fn wherever_batches_end_keys_stay_together(
            mut keys in prop::collection::vec(prop::option::of(0u8..9), 0..40),
            cuts in prop::collection::vec(0usize..40, 0..6),
        ) {
            keys.sort_by_key(|key| (key.is_none(), key.map(|key| key.to_string())));
            let all = rows(&keys);
            let mut cuts: Vec<usize> = cuts.into_iter().chain([0, keys.len()]).map(|cut| cut.min(keys.len())).collect();
            cuts.sort_unstable();
            let mut cutter = Cutter::new(vec![Arc::new(Column::new("key", 0))]);
            let mut whole = Vec::new();
            for two in cuts.windows(2) {
                whole.extend(cutter.add(&all.slice(two[0], two[1] - two[0])).expect("groups"));
            }
            whole.extend(cutter.finish().expect("groups"));
            let mut first = 0;
            let pieces: Vec<Groups> = whole.iter().flat_map(|whole| in_pieces(whole, &mut first)).collect();
            let mut found: Vec<Vec<i64>> = Vec::new();
            for piece in &pieces {
                prop_assert_eq!(piece.first, found.len() as u64);
                let places = piece.rows.column(1).as_primitive::<Int64Type>();
                prop_assert_eq!(piece.firsts(piece.rows.column(1)).expect("firsts").len(), piece.len());
                let of = |two: &[i32]| places.slice(two[0] as usize, (two[1] - two[0]) as usize).values().to_vec();
                found.extend(piece.offsets.windows(2).map(of));
            }
            let places: Vec<i64> = (0..keys.len() as i64).collect();
            let wanted: Vec<Vec<i64>> =
                places.chunk_by(|a, b| keys[*a as usize] == keys[*b as usize]).map(<[i64]>::to_vec).collect();
            prop_assert_eq!(found, wanted);
        }
    }

    #[tokio::test]
    async fn a_grouped_table_has_a_row_for_each_key_in_order() {
        let context = SessionContext::new();
        let keys: Vec<Option<u8>> = [1, 1, 2, 3, 3, 3].into_iter().map(Some).collect();
        let sorted = context.read_batch(rows(&keys)).expect("rows");
        let schema = Arc::new(Schema::new(vec![
            Field::new("key", DataType::Utf8, true),
            Field::new("rows", DataType::Int64, false),
        ]));
        let (of, key): (SchemaRef, &[&str]) = (schema.clone(), &["key"]);
        let make: Make = Arc::new(move |groups: &Groups| {
            let rows = Int64Array::from_iter_values(groups.offsets.windows(2).map(|two| i64::from(two[1] - two[0])));
            let columns = vec![groups.firsts(groups.rows.column(0))?, Arc::new(rows) as ArrayRef];
            Ok(RecordBatch::try_new(of.clone(), columns)?)
        });
        let table = context.read_table(table(sorted, key, schema, make)).expect("a table");
        let made = table.collect().await.expect("rows");
        let counts: Vec<i64> =
            made.iter().flat_map(|b| b.column(1).as_primitive::<Int64Type>().values().to_vec()).collect();
        assert_eq!(counts, [2, 1, 3]);
    }
}
