//! Rows to standardized records: all rows of a record together, with every value that it ever had, and its features.

use std::sync::Arc;

use datafusion::common::JoinType;
use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{ExprFunctionExt, SortExpr, cast, ident, lit};
use datafusion::prelude::DataFrame;

use super::{Planned, field, fields_of, in_one_stream};
use crate::error::Result;
use crate::functions::standardize::{OUTSIDE, standardize};
use crate::tables::contract::{RAW_RECORD, STANDARD_RECORD, Type, col};
use nayose_matching::record::Standardizer;

/// What an earlier run made of rows that are still there.
pub(crate) struct Before {
    /// Its `standard_record`.
    pub standard: DataFrame,
    /// `channel` and `record_id` of the records some row of which came, changed or went since; any number of times.
    pub touched: DataFrame,
}

/// The plan of `standard_record` from `raw_record`; what `before` has of untouched records is taken over. On a cluster the
/// records are dealt out to `executors`; here they stay in one stream, and `standardize` has threads of its own.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn plan(
    raw: DataFrame,
    before: Option<Before>,
    standardizer: Arc<Standardizer>,
    executors: bool,
) -> Result<Vec<Planned>> {
    let values = RAW_RECORD
        .columns
        .iter()
        .filter(|c| !OUTSIDE.contains(&c.name))
        .flat_map(|c| [lit(c.name), ident(c.name)])
        .collect();
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
    let mut raw = raw.filter(ident(col::REJECT_REASON).is_null())?;
    if !executors {
        raw = in_one_stream(raw).sort(key())?;
    }
    let versions = raw.aggregate(
        vec![ident(col::CHANNEL), ident(col::RECORD_ID)],
        vec![array_agg(named_struct(values)).alias(col::VERSIONS)],
    )?;
    let standard = standardize(standardizer).call(vec![ident(col::VERSIONS)]).alias("standard");
    let made = versions.select(vec![ident(col::CHANNEL), ident(col::RECORD_ID), standard])?;
    let columns = || STANDARD_RECORD.columns.iter().map(|c| c.name).filter(|name| *name != col::ROW);
    let of_struct = columns().map(|name| match name {
        col::CHANNEL | col::RECORD_ID => ident(name),
        name => field("standard", name).alias(name),
    });
    let mut rows = fields_of(made, "standard")?.select(of_struct.collect::<Vec<_>>())?;
    if let Some(before) = &before {
        let kept = with_keys(before.standard.clone(), before, JoinType::RightAnti)?;
        rows = rows.union(kept.select(columns().map(ident).collect::<Vec<_>>())?)?;
    }
    // row_number counts from 1.
    let place = row_number().order_by(key()).build()?.alias(col::ROW);
    let row = (cast(ident(col::ROW), Type::Long.arrow()) - lit(1i64)).alias(col::ROW);
    let columns = STANDARD_RECORD.columns.iter().map(|c| if c.name == col::ROW { row.clone() } else { ident(c.name) });
    let plan = rows.window(vec![place])?.select(columns.collect::<Vec<_>>())?.sort(key())?;
    Ok(vec![Planned::sorted(&STANDARD_RECORD, plan)])
}

fn key() -> Vec<SortExpr> {
    STANDARD_RECORD.key.iter().map(|k| ident(*k).sort(true, false)).collect()
}
