//! A table of an earlier run, put together from that of a later one.
//!
//! In: the chain of states from the earlier run to one whose tables lie whole. Out: the table's rows. Of all differences on the way the
//! earliest that names a key tells its row, so that a long chain costs one join, not one for each run.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, Schema, SchemaRef};
use datafusion::common::{Column, NullEquality, ScalarValue};
use datafusion::functions_window::expr_fn::row_number;
use datafusion::logical_expr::{Expr, ExprFunctionExt, JoinType, LogicalPlanBuilder, SortExpr, cast, ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};

use super::{Difference, Kept, Link};
use crate::error::{Error, Result};
use crate::lake::manifest::Manifest;
use crate::lake::snapshot::{self, PublishedRun, plain_schema};
use crate::lake::{WORK, read};
use crate::store::Location;
use crate::tables::contract::{STANDARD_RECORD, TIME_ZONE, col};
use crate::tables::encode::PLACE;

/// Whether a row of a difference is there in the earlier state, or only its key, as it is not.
pub(super) const THERE: &str = "_there";

/// How far the difference of a row is from the earlier state, and whether it is the nearest that names the row's key.
const AGE: &str = "_age";
const NEAREST: &str = "_nearest";

/// The columns of `standard_record` that explanations need; the others are those of `source_record`.
pub(crate) const STANDARD: [&str; 3] = [col::CHANNEL, col::RECORD_ID, col::FEATURES];

/// A table as the first run of a chain published it, with its times in a zone; `standard_record` as that run worked with it, with the columns of [`STANDARD`].
/// `None` where the run had none.
///
/// # Errors
/// Environment, if a file cannot be read; data, if one is damaged.
pub(crate) async fn table(
    context: &SessionContext,
    lake: &Location,
    links: &[Link],
    name: &str,
    zone: &str,
) -> Result<Option<DataFrame>> {
    let mut differences: Vec<&Difference> = Vec::new();
    let mut base = None;
    for link in links {
        match link.state.as_ref().and_then(|state| state.tables.get(name)) {
            Some(Kept::Difference(difference)) => differences.push(difference),
            Some(Kept::Whole(output)) => {
                base = Some(snapshot::rows(context, lake, name, output, zone).await?);
                break;
            }
            None => {
                base = whole(context, lake, &link.run, name, zone).await?;
                break;
            }
        }
    }
    let Some(mut rows) = base else { return Ok(None) };
    // From the base outward; differences of one kind together.
    while let Some(last) = differences.last() {
        let (key, moving) = (last.key.clone(), last.moving.clone());
        let same = differences.iter().rev().take_while(|d| d.key == key && d.moving == moving).count();
        let group = differences.split_off(differences.len() - same);
        rows = taken_back(context, lake, rows, &group).await?;
    }
    Ok(Some(rows))
}

/// A table that lies whole.
async fn whole(
    context: &SessionContext,
    lake: &Location,
    run: &PublishedRun,
    name: &str,
    zone: &str,
) -> Result<Option<DataFrame>> {
    if name != STANDARD_RECORD.name {
        return snapshot::whole(context, lake, run, name, zone).await;
    }
    let manifest = Manifest::load(&lake.join(WORK).join(&run.run_id)).await?;
    let Some(output) = manifest.as_ref().and_then(|manifest| manifest.output(name)) else { return Ok(None) };
    let rows = read::table(context, lake, output, plain_schema(&STANDARD_RECORD)).await?;
    Ok(Some(rows.select_columns(&STANDARD)?))
}

/// The standardized records of the first run of a chain, in order of their rows, with the columns of [`STANDARD`].
///
/// # Errors
/// As [`table`].
pub(crate) async fn standard(context: &SessionContext, lake: &Location, links: &[Link]) -> Result<Option<DataFrame>> {
    let Some(rows) = table(context, lake, links, STANDARD_RECORD.name, TIME_ZONE).await? else { return Ok(None) };
    let key: Vec<String> = STANDARD_RECORD.key.iter().map(|k| (*k).to_string()).collect();
    let rows = rows.window(vec![place(&key)?])?;
    let mut columns = vec![(cast(ident(PLACE), DataType::Int64) - lit(1i64)).alias(col::ROW)];
    columns.extend(STANDARD.map(ident));
    Ok(Some(rows.select(columns)?.sort(vec![ident(col::ROW).sort(true, false)])?))
}

/// The place of a row in order of the key, from 1.
pub(super) fn place(key: &[String]) -> Result<Expr> {
    Ok(row_number().order_by(by(key)).build()?.alias(PLACE))
}

/// Ascending by the key.
pub(super) fn by(key: &[String]) -> Vec<SortExpr> {
    key.iter().map(|k| ident(k).sort(true, false)).collect()
}

/// Joins by a key, of which a column may have no value: then the other has none either.
pub(super) fn by_key(
    left: DataFrame,
    right: DataFrame,
    kind: JoinType,
    left_key: &[&str],
    right_key: &[&str],
) -> Result<DataFrame> {
    let (state, plan) = left.into_parts();
    let columns = |key: &[&str]| key.iter().map(|name| Column::from_name(*name)).collect::<Vec<_>>();
    let keys = (columns(left_key), columns(right_key));
    let right = right.into_unoptimized_plan();
    let plan = LogicalPlanBuilder::from(plan).join_detailed(right, kind, keys, None, NullEquality::NullEqualsNull)?;
    Ok(DataFrame::new(state, plan.build()?))
}

/// The schema of the rows of a difference: those of the table, each of which may be missing.
pub(super) fn schema_of_rows(table: &Schema) -> SchemaRef {
    let column = |field: &Arc<Field>| Field::new(field.name(), field.data_type().clone(), true);
    let mut fields = vec![Field::new(THERE, DataType::Boolean, false)];
    fields.extend(table.fields().iter().map(column));
    Arc::new(Schema::new(fields))
}

/// Takes a table back over differences of one kind, the earliest first.
async fn taken_back(
    context: &SessionContext,
    lake: &Location,
    base: DataFrame,
    differences: &[&Difference],
) -> Result<DataFrame> {
    let Some(first) = differences.first() else { return Ok(base) };
    let (key, schema) = (&first.key, base.schema().as_arrow().clone());
    let columns: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let mut named: Option<DataFrame> = None;
    let mut several = false;
    for (age, difference) in differences.iter().enumerate() {
        let Some(output) = &difference.rows else { continue };
        let rows = read::table(context, lake, output, schema_of_rows(&schema)).await?;
        let rows = rows.with_column(AGE, lit(age as i64))?;
        several = named.is_some();
        named = Some(match named {
            Some(earlier) => earlier.union(rows)?,
            None => rows,
        });
    }
    let mut rows = base;
    if let Some(mut named) = named {
        if several {
            let keys = key.iter().map(ident).collect();
            let nearest = row_number().partition_by(keys).order_by(vec![ident(AGE).sort(true, false)]).build()?;
            named = named.window(vec![nearest.alias(NEAREST)])?.filter(ident(NEAREST).eq(lit(1u64)))?;
        }
        let aliases: Vec<String> = key.iter().map(|k| format!("_named_{k}")).collect();
        let keys =
            named.clone().select(key.iter().zip(&aliases).map(|(k, a)| ident(k).alias(a)).collect::<Vec<_>>())?;
        let [left, right] = [key, &aliases].map(|names| names.iter().map(String::as_str).collect::<Vec<_>>());
        rows = by_key(rows, keys, JoinType::LeftAnti, &left, &right)?;
        rows = rows.union(named.filter(ident(THERE))?.select_columns(&columns)?)?;
    }
    // A moving column comes from the earliest difference that has it. Before that nothing else changed, so that places agree.
    let mut wanted = first.moving.clone();
    let mut placed = false;
    let mut taken: Vec<String> = Vec::new();
    for (number, difference) in differences.iter().enumerate() {
        let (these, rest): (Vec<String>, Vec<String>) = wanted.into_iter().partition(|c| difference.moved.contains(c));
        wanted = rest;
        let Some(output) = difference.values.as_ref().filter(|_| !these.is_empty()) else { continue };
        if !placed {
            rows = rows.window(vec![place(key)?])?;
            placed = true;
        }
        let at = format!("_at_{number}");
        let mut columns = vec![ident(PLACE).alias(&at)];
        columns.extend(these.iter().map(|c| ident(c).alias(format!("_then_{c}"))));
        let values = read::inferred(context, lake, output).await?.select(columns)?;
        rows = rows.join(values, JoinType::Left, &[PLACE], &[at.as_str()], None)?;
        taken.extend(these);
    }
    let then = |c: &&str| match taken.iter().any(|taken| taken == c) {
        true => ident(format!("_then_{c}")).alias(*c),
        false => ident(*c),
    };
    Ok(rows.select(columns.iter().map(then).collect::<Vec<_>>())?)
}

/// A column without a value, for rows that leave it out.
pub(super) fn nothing(field: &Field) -> Result<Expr> {
    let null = ScalarValue::try_from(field.data_type())
        .map_err(|e| Error::bug(format!("column {} of a state has no null: {e}", field.name())))?;
    Ok(lit(null).alias(field.name()))
}
