//! Rows to standardized records: all rows of a record together, with every value that it ever had, and its features.

use std::sync::Arc;

use datafusion::arrow::datatypes::DataType;
use datafusion::common::{JoinType, ScalarValue};
use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, SortExpr, cast, ident, lit, when};
use datafusion::prelude::DataFrame;

use super::{Planned, field, fields_of};
use crate::contract::{RAW_RECORD, STANDARD_RECORD, Type, col};
use crate::error::{Error, Result};
use crate::functions::standardize::{OUTSIDE, standardize};
use crate::record::Standardizer;

/// What an earlier run made of rows that are still there.
pub struct Before {
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
pub fn plan(
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
    let function = standardize(standardizer);
    let made = |versions: Expr| function.call(vec![versions]);
    let (rows, standard) = match &before {
        None => (versions, made(ident(col::VERSIONS))),
        Some(before) => {
            let kept = with_keys(before.standard.clone(), before, JoinType::RightAnti)?;
            let rows = beside(versions, kept, &function.return_type(&[])?)?;
            let to_be_made = ident(col::VERSIONS).is_not_null();
            (rows, when(to_be_made, made(ident(col::VERSIONS))).otherwise(ident("kept"))?)
        }
    };
    // Sorted before they are standardized: the rows that came are far narrower than the records made of them.
    let place = row_number().order_by(key()).build()?;
    let numbered = rows.window(vec![place.alias(col::ROW)])?;
    // row_number counts from 1.
    let row = cast(ident(col::ROW), Type::Long.arrow()) - lit(1i64);
    let standard = numbered.select(vec![
        ident(col::CHANNEL),
        ident(col::RECORD_ID),
        row.alias(col::ROW),
        standard.alias("standard"),
    ])?;
    let columns = STANDARD_RECORD.columns.iter().map(|c| match c.name {
        col::CHANNEL | col::RECORD_ID | col::ROW => ident(c.name),
        name => field("standard", name).alias(name),
    });
    let plan = fields_of(standard, "standard")?.select(columns.collect::<Vec<_>>())?.sort(key())?;
    Ok(vec![Planned::sorted(&STANDARD_RECORD, plan)])
}

fn key() -> Vec<SortExpr> {
    STANDARD_RECORD.key.iter().map(|k| ident(*k).sort(true, false)).collect()
}

/// Rows that were put in order stay in one stream: to deal them out, to group them by hash and to merge them again costs more than
/// to group what lies side by side, as merging gathers wide rows one by one.
fn in_one_stream(rows: DataFrame) -> DataFrame {
    let (mut state, plan) = rows.into_parts();
    let options = state.config_mut().options_mut();
    options.optimizer.enable_round_robin_repartition = false;
    options.optimizer.repartition_aggregations = false;
    DataFrame::new(state, plan)
}

/// Records that are to be standardized, and those that are, `kept` as a struct of what `standardize` answers.
fn beside(versions: DataFrame, standard: DataFrame, answer: &DataType) -> Result<DataFrame> {
    let DataType::Struct(fields) = answer else { return Err(Error::bug("standardize answers no struct")) };
    let list = versions.schema().field_with_unqualified_name(col::VERSIONS)?.data_type().clone();
    let record = named_struct(fields.iter().flat_map(|f| [lit(f.name().as_str()), ident(f.name())]).collect());
    let columns = |versions: Expr, kept: Expr| {
        vec![ident(col::CHANNEL), ident(col::RECORD_ID), versions.alias(col::VERSIONS), kept.alias("kept")]
    };
    let nothing = |of: &DataType| ScalarValue::try_new_null(of).map(lit);
    let to_be_made = versions.select(columns(ident(col::VERSIONS), nothing(answer)?))?;
    Ok(to_be_made.union(standard.select(columns(nothing(&list)?, cast(record, answer.clone())))?)?)
}
