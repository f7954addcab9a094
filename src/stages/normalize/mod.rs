//! Rows to standardized records: all rows of a record together, with every value that it ever had, and its features.

use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, ListArray, RecordBatch, StructArray};
use arrow::datatypes::DataType;
use datafusion::common::JoinType;
use datafusion::datasource::provider_as_source;
use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, LogicalPlanBuilder, SortExpr, cast, ident, lit};
use datafusion::prelude::DataFrame;

use super::{Planned, field, fields_of, in_one_stream};
use crate::engine::grouped::{self, Groups};
use crate::error::Result;
use crate::functions::standardize::{records, standardize, version_fields};
use crate::tables::columns;
use crate::tables::contract::{STANDARD_RECORD, Type, col, item_field};
use nayose_matching::record::Standardizer;

/// What an earlier run made of rows that are still there.
pub(crate) struct Before {
    /// Its `standard_record`.
    pub standard: DataFrame,
    /// `channel` and `record_id` of the records some row of which came, changed or went since; any number of times.
    pub touched: DataFrame,
}

/// The plan of `standard_record` from `raw_record`; what `before` has of untouched records is taken over. On a cluster the
/// records are dealt out to `executors`; here they stay in one stream, and are standardized from it in pieces.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn plan(
    raw: DataFrame,
    before: Option<Before>,
    standardizer: Arc<Standardizer>,
    executors: bool,
) -> Result<Vec<Planned>> {
    // The keys are on the left, whose rows are held in memory: they are far fewer.
    let with_keys = |rows: DataFrame, before: &Before, how: JoinType| {
        let keys = vec![ident(col::CHANNEL).alias("touched_channel"), ident(col::RECORD_ID).alias("touched_id")];
        let keys = before.touched.clone().select(keys)?;
        keys.join(rows, how, &["touched_channel", "touched_id"], &[col::CHANNEL, col::RECORD_ID], None)
    };
    let raw = match &before {
        Some(before) => with_keys(raw, before, JoinType::RightSemi)?,
        None => raw,
    };
    let raw = raw.filter(ident(col::REJECT_REASON).is_null())?;
    let made = if executors { dealt_out(raw, standardizer)? } else { in_order(raw, standardizer)? };
    let columns = || STANDARD_RECORD.columns.iter().map(|c| c.name).filter(|name| *name != col::ROW);
    let mut rows = made;
    match before {
        // They have their places.
        None if !executors => return Ok(vec![Planned::sorted(&STANDARD_RECORD, rows.sort(key())?)]),
        None => {}
        Some(before) => {
            let kept = with_keys(before.standard.clone(), &before, JoinType::RightAnti)?;
            let columns = || columns().map(ident).collect::<Vec<_>>();
            rows = rows.select(columns())?.union(kept.select(columns())?)?;
        }
    }
    // row_number counts from 1.
    let place = row_number().order_by(key()).build()?.alias(col::ROW);
    let row = (cast(ident(col::ROW), Type::Long.arrow()) - lit(1i64)).alias(col::ROW);
    let columns = STANDARD_RECORD.columns.iter().map(|c| if c.name == col::ROW { row.clone() } else { ident(c.name) });
    let plan = rows.window(vec![place])?.select(columns.collect::<Vec<_>>())?.sort(key())?;
    Ok(vec![Planned::sorted(&STANDARD_RECORD, plan)])
}

/// The records of the rows without their places, each made where its rows are.
fn dealt_out(raw: DataFrame, standardizer: Arc<Standardizer>) -> Result<DataFrame> {
    let values = version_fields().iter().flat_map(|f| [lit(f.name().as_str()), ident(f.name())]).collect();
    let versions = raw.aggregate(
        vec![ident(col::CHANNEL), ident(col::RECORD_ID)],
        vec![array_agg(named_struct(values)).alias(col::VERSIONS)],
    )?;
    let standard = standardize(standardizer).call(vec![ident(col::VERSIONS)]).alias("standard");
    let made = versions.select(vec![ident(col::CHANNEL), ident(col::RECORD_ID), standard])?;
    let of_struct = STANDARD_RECORD.columns.iter().map(|c| c.name).filter(|name| *name != col::ROW);
    let of_struct = of_struct.map(|name| match name {
        col::CHANNEL | col::RECORD_ID => ident(name),
        name => field("standard", name).alias(name),
    });
    Ok(fields_of(made, "standard")?.select(of_struct.collect::<Vec<_>>())?)
}

/// The records of the rows with their places among them, in order, made while their rows come in order.
fn in_order(raw: DataFrame, standardizer: Arc<Standardizer>) -> Result<DataFrame> {
    let fields = version_fields();
    let wanted: Vec<Expr> =
        [col::CHANNEL, col::RECORD_ID].into_iter().chain(fields.iter().map(|f| f.name().as_str())).map(ident).collect();
    let rows = in_one_stream(raw.select(wanted)?).sort(key())?;
    let (state, _) = rows.clone().into_parts();
    let schema = STANDARD_RECORD.schema();
    let item = Arc::new(item_field(DataType::Struct(fields.clone())));
    let of = schema.clone();
    let make = move |groups: &Groups| -> datafusion::error::Result<RecordBatch> {
        // Rows that were not written yet may have other inner names.
        let values = fields.iter().map(|f| match columns::named(&groups.rows, f.name())? {
            column if column.data_type() == f.data_type() => Ok(column.clone()),
            column => Ok(arrow::compute::cast(column, f.data_type())?),
        });
        let values = StructArray::try_new(fields.clone(), values.collect::<datafusion::error::Result<_>>()?, None)?;
        let versions = ListArray::try_new(item.clone(), groups.offsets.clone(), Arc::new(values), None)?;
        let mut made = records(&standardizer, &versions, 0..groups.len())?.into_iter();
        let places = groups.first as i64..groups.first as i64 + groups.len() as i64;
        let mut all = Vec::with_capacity(of.fields().len());
        for column in STANDARD_RECORD.columns {
            all.extend(match column.name {
                col::ROW => Some(Arc::new(Int64Array::from_iter_values(places.clone())) as ArrayRef),
                name @ (col::CHANNEL | col::RECORD_ID) => Some(groups.firsts(columns::named(&groups.rows, name)?)?),
                _ => made.next(),
            });
        }
        Ok(RecordBatch::try_new(of.clone(), all)?)
    };
    let table = grouped::table(rows, STANDARD_RECORD.key, schema, Arc::new(make));
    let plan = LogicalPlanBuilder::scan(STANDARD_RECORD.name, provider_as_source(table), None)?.build()?;
    Ok(DataFrame::new(state, plan))
}

fn key() -> Vec<SortExpr> {
    STANDARD_RECORD.key.iter().map(|k| ident(*k).sort(true, false)).collect()
}
