//! What takes a table back to an earlier state: the rows that are gone or changed, and the keys of those that are new.
//!
//! In: the table as it was and as it is, the columns that identify a row, the columns that move in most rows. Out: two files at most:
//! rows, and the moving columns of all rows in order of the key. Joins are merges of sorted rows, which spill, so that the
//! memory that they need does not grow with the table.

use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::{Int64Type, Schema};
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{Expr, JoinType, Operator, binary_expr, ident, lit, when};
use datafusion::prelude::{DataFrame, SessionContext};

use super::Difference;
use super::restore::{THERE, by, by_key, nothing, place};
use crate::engine::session::{Resources, session};
use crate::engine::write::{self, Order};
use crate::error::{Error, Result};
use crate::lake::manifest::Output;
use crate::store::Location;
use crate::tables::contract::{self, Table};
use crate::tables::encode::PLACE;

/// The files of a difference have the columns that they have.
const ROWS: Table = Table { name: "state", ja: "", en: "", key: &[], columns: &[] };

/// Columns that may identify a row of a table without a contract: the first ones.
const MOST_KEYS: usize = 3;

/// A session whose joins merge sorted rows: others hold one side in memory.
///
/// # Errors
/// Environment, if the spill folder cannot be used.
pub(crate) fn merging(resources: &Resources) -> Result<SessionContext> {
    let mut state = session(&Resources { cluster: None, ..resources.clone() })?.state();
    state.config_mut().options_mut().optimizer.prefer_hash_join = false;
    Ok(SessionContext::new_with_state(state))
}

/// The columns that identify a row of a table in both states. Of one without a contract the first ones, where they do; `None` where
/// they do not, or its columns are others now.
///
/// # Errors
/// Environment, if the tables cannot be read.
pub(crate) async fn key_of(name: &str, states: [&DataFrame; 2]) -> Result<Option<Vec<String>>> {
    let known = contract::find(name).or((name == contract::STANDARD_RECORD.name).then_some(&contract::STANDARD_RECORD));
    let columns = |rows: &DataFrame| -> Vec<_> {
        rows.schema().fields().iter().map(|f| (f.name().clone(), f.data_type().clone())).collect()
    };
    // The columns of a mart may be others in a later version, also of one with a contract.
    if (known.is_none() || contract::is_mart(name)) && columns(states[0]) != columns(states[1]) {
        return Ok(None);
    }
    if let Some(table) = known {
        return Ok(Some(table.key.iter().map(|k| (*k).to_string()).collect()));
    }
    let names: Vec<String> = columns(states[0]).into_iter().map(|(name, _)| name).collect();
    for most in 1..=MOST_KEYS.min(names.len()) {
        let key = &names[..most];
        if identifies(states[0], key).await? && identifies(states[1], key).await? {
            return Ok(Some(key.to_vec()));
        }
    }
    Ok(None)
}

/// Whether no two rows have the same values in these columns, and none lacks one.
async fn identifies(rows: &DataFrame, key: &[String]) -> Result<bool> {
    let many = rows
        .clone()
        .aggregate(key.iter().map(ident).collect(), vec![count(lit(1i64)).alias("_rows")])?
        .filter(key.iter().fold(ident("_rows").gt(lit(1i64)), |any, k| any.or(ident(k).is_null())))?;
    Ok(many.limit(0, Some(1))?.count().await? == 0)
}

/// Writes what takes `is` back to `was`, below `folder` of the lake. Without a lake nothing is written: the answer names the files that
/// would be.
///
/// # Errors
/// Environment, if a table cannot be read, or a file cannot be written.
pub(crate) async fn write(
    context: &SessionContext,
    lake: Option<&Location>,
    folder: &str,
    [was, is]: [&DataFrame; 2],
    key: Vec<String>,
    moving: Vec<String>,
) -> Result<Difference> {
    let schema = Arc::new(was.schema().as_arrow().clone());
    let names: Vec<&str> = schema.fields().iter().map(|f| f.name().as_str()).collect();
    let is_of = |list: &[String], name: &str| list.iter().any(|c| c == name);
    let still: Vec<&str> = names.iter().copied().filter(|n| !is_of(&key, n) && !is_of(&moving, n)).collect();
    let now = |name: &str| format!("_now_{name}");
    let keys: Vec<&str> = key.iter().map(String::as_str).collect();
    let keys_now: Vec<String> = key.iter().map(|k| now(k)).collect();
    let keys_now: Vec<&str> = keys_now.iter().map(String::as_str).collect();
    let renamed = is.clone().select(names.iter().map(|n| ident(*n).alias(now(n))).collect::<Vec<_>>())?;
    let beside = by_key(was.clone(), renamed, JoinType::Left, &keys, &keys_now)?;
    let is_other = |name: &str| binary_expr(ident(name), Operator::IsDistinctFrom, ident(now(name)));
    // The first column of every key has a value.
    let changed = still.iter().fold(ident(keys_now[0]).is_null(), |any, name| any.or(is_other(name)));
    let back = beside.clone().filter(changed)?.select(columns(&schema, true, |n| !is_of(&moving, n))?)?;
    let known = was.clone().select(keys.iter().zip(&keys_now).map(|(k, n)| ident(*k).alias(*n)).collect::<Vec<_>>())?;
    let fresh = by_key(is.clone(), known, JoinType::LeftAnti, &keys, &keys_now)?;
    let fresh = fresh.select(columns(&schema, false, |n| is_of(&key, n))?)?;
    let rows = put(context, lake, &format!("{folder}/rows"), back.union(fresh)?.sort(by(&key))?).await?;
    let moved = match rows.rows() {
        0 => moved(beside, &moving, is_other).await?,
        _ => moving.clone(),
    };
    let values = match moved.is_empty() {
        true => None,
        false => {
            let mut columns = vec![ident(PLACE)];
            columns.extend(moved.iter().map(ident));
            let values = was.clone().window(vec![place(&key)?])?.select(columns)?;
            let values = values.sort(vec![ident(PLACE).sort(true, false)])?;
            Some(put(context, lake, &format!("{folder}/values"), values).await?)
        }
    };
    Ok(Difference { key, moving, rows: Some(rows).filter(|rows| rows.rows() > 0), moved, values })
}

/// The columns of the rows of a difference; those that are left out have no value.
fn columns(schema: &Schema, there: bool, kept: impl Fn(&str) -> bool) -> Result<Vec<Expr>> {
    let mut columns = vec![lit(there).alias(THERE)];
    for field in schema.fields() {
        columns.push(if kept(field.name()) { ident(field.name()) } else { nothing(field)? });
    }
    Ok(columns)
}

/// The moving columns that are others in some row.
async fn moved(beside: DataFrame, moving: &[String], is_other: impl Fn(&str) -> Expr) -> Result<Vec<String>> {
    if moving.is_empty() {
        return Ok(Vec::new());
    }
    let others = moving.iter().map(|name| {
        let others = when(is_other(name), lit(1i64)).otherwise(lit(0i64))?;
        Ok(sum(others).alias(name))
    });
    let counts = beside.aggregate(Vec::new(), others.collect::<Result<Vec<_>>>()?)?.collect().await?;
    let has_others = |column: usize| {
        counts.iter().any(|batch| {
            let counts = batch.column(column).as_primitive_opt::<Int64Type>();
            counts.is_some_and(|counts| counts.iter().flatten().any(|n| n > 0))
        })
    };
    Ok(moving.iter().enumerate().filter(|(column, _)| has_others(*column)).map(|(_, name)| name.clone()).collect())
}

/// Writes rows as they come. Without a lake, names the files that would be written.
///
/// # Errors
/// Environment, if they cannot be read or written.
pub(crate) async fn put(
    context: &SessionContext,
    lake: Option<&Location>,
    folder: &str,
    rows: DataFrame,
) -> Result<Output> {
    // The session of the tables may be another one.
    let rows = DataFrame::new(context.state(), rows.logical_plan().clone());
    let parts = match lake {
        Some(lake) => write::write(rows, &ROWS, Order::Any, &lake.join(folder), &|_| ()).await?.parts,
        None => write::measure(rows, &ROWS).await?,
    };
    if parts.is_empty() {
        return Err(Error::bug("a difference was written to no file"));
    }
    Ok(Output { folder: folder.to_string(), parts })
}
