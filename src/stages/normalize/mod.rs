//! Rows to standardized records: all rows of a record together, with every value that it ever had, and its features.

use std::sync::Arc;

use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, cast, ident, lit};
use datafusion::prelude::DataFrame;

use super::{Planned, field, fields_of};
use crate::contract::{RAW_RECORD, STANDARD_RECORD, Type, col};
use crate::error::Result;
use crate::functions::standardize::{OUTSIDE, standardize};
use crate::record::Standardizer;

/// The plan of `standard_record` from `raw_record`.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub fn plan(raw: DataFrame, standardizer: Arc<Standardizer>) -> Result<Vec<Planned>> {
    let values = RAW_RECORD
        .columns
        .iter()
        .filter(|c| !OUTSIDE.contains(&c.name))
        .flat_map(|c| [lit(c.name), ident(c.name)])
        .collect();
    let versions = raw.filter(ident(col::REJECT_REASON).is_null())?.aggregate(
        vec![ident(col::CHANNEL), ident(col::RECORD_ID)],
        vec![array_agg(named_struct(values)).alias(col::VERSIONS)],
    )?;
    let function = standardize(standardizer);
    let standard = versions.select(vec![
        ident(col::CHANNEL),
        ident(col::RECORD_ID),
        function.call(vec![ident(col::VERSIONS)]).alias("standard"),
    ])?;
    let key = || STANDARD_RECORD.key.iter().map(|k| ident(*k).sort(true, false)).collect::<Vec<_>>();
    let place = row_number().order_by(key()).build()?;
    let sorted = fields_of(standard, "standard")?.window(vec![place.alias(col::ROW)])?;
    let columns: Vec<Expr> = STANDARD_RECORD
        .columns
        .iter()
        .map(|c| match c.name {
            // row_number counts from 1.
            col::ROW => (cast(ident(col::ROW), Type::Long.arrow()) - lit(1i64)).alias(col::ROW),
            col::CHANNEL | col::RECORD_ID => ident(c.name),
            name => field("standard", name).alias(name),
        })
        .collect();
    let plan = sorted.select(columns)?.sort(key())?;
    Ok(vec![Planned::sorted(&STANDARD_RECORD, plan)])
}
