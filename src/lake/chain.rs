//! The ledger of runs: each row of `run` names the digest of the row before it, so that a row that was changed later is noticed.
//!
//! In: rows of `run`. Out: their digests, and which of them do not follow each other. The digest of the newest row stands in the file
//! `published/NUMBER-RUN.json`. Columns without a value do not count, so that rows of earlier versions have one digest for ever.

use arrow::array::{Array, ArrayRef, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type, Int32Type, Int64Type, TimeUnit, TimestampMicrosecondType};
use datafusion::logical_expr::ident;
use serde_json::{Map, Value};

use super::snapshot::{output_of, plain_schema};
use super::{delta, published, read};
use crate::engine::session::{Resources, in_order, session};
use crate::error::{Error, Result};
use crate::lake::manifest::Output;
use crate::store::Location;
use crate::tables::columns;
use crate::tables::contract::{RUN, col};

/// Hexadecimal digits of a digest: 128 bits.
const DIGITS: usize = 32;

/// The digest of a table: of the names of its files, which carry the digests of their content.
pub(crate) fn of_table(parts: &[String]) -> String {
    digest(&parts.join("\n"))
}

fn digest(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..DIGITS].to_string()
}

/// The digest of a row of `run`.
///
/// # Errors
/// Bug, where a column has a type that `run` does not have.
pub(crate) fn of_row(rows: &RecordBatch, row: usize) -> Result<String> {
    let mut all = Map::new();
    for (field, column) in rows.schema().fields().iter().zip(rows.columns()) {
        if let Some(value) = value(column, row)? {
            all.insert(field.name().clone(), value);
        }
    }
    Ok(digest(&Value::Object(all).to_string()))
}

/// A value as JSON; none where there is none.
fn value(column: &ArrayRef, row: usize) -> Result<Option<Value>> {
    if column.is_null(row) {
        return Ok(None);
    }
    Ok(Some(match column.data_type() {
        DataType::Utf8 => columns::strings(column)?.value(row).into(),
        DataType::Boolean => column.as_boolean().value(row).into(),
        DataType::Int32 => column.as_primitive::<Int32Type>().value(row).into(),
        DataType::Int64 => column.as_primitive::<Int64Type>().value(row).into(),
        DataType::Float64 => column.as_primitive::<Float64Type>().value(row).into(),
        DataType::Timestamp(TimeUnit::Microsecond, _) => {
            column.as_primitive::<TimestampMicrosecondType>().value(row).into()
        }
        DataType::List(_) => {
            let items = columns::lists(column)?.value(row);
            let items = (0..items.len()).map(|i| Ok(value(&items, i)?.unwrap_or(Value::Null)));
            Value::Array(items.collect::<Result<_>>()?)
        }
        DataType::Struct(_) => {
            let fields = columns::structs(column)?;
            let mut all = Map::new();
            for (name, of) in fields.column_names().into_iter().zip(fields.columns()) {
                all.insert(name.to_string(), value(of, row)?.unwrap_or(Value::Null));
            }
            Value::Object(all)
        }
        other => return Err(Error::bug(format!("a row of run has a value of the type {other}"))),
    }))
}

/// The rows of `run` in order, each alone.
///
/// # Errors
/// Environment, if they cannot be read; data, if they are damaged.
pub(crate) async fn rows(lake: &Location) -> Result<Vec<RecordBatch>> {
    let Some(delta) = delta::open(lake, RUN.name, None).await? else { return Ok(Vec::new()) };
    rows_of(lake, &output_of(RUN.name, delta::files(&delta)?)).await
}

/// The rows in files of `run`, below a lake or another folder, in order, each alone.
///
/// # Errors
/// As [`rows`].
pub(crate) async fn rows_of(below: &Location, output: &Output) -> Result<Vec<RecordBatch>> {
    if output.parts.is_empty() {
        return Ok(Vec::new());
    }
    let context = in_order(&session(&Resources { memory: 256 << 20, ..Resources::default() })?);
    let all = read::table(&context, below, output, plain_schema(&RUN)).await?;
    let all = all.sort(vec![ident(col::RUN_NUMBER).sort(true, false)])?.collect().await?;
    Ok(all.iter().flat_map(|batch| (0..batch.num_rows()).map(|row| batch.slice(row, 1))).collect())
}

/// A row of `run` in its chain.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    /// The number of its run.
    pub number: i64,
    /// Its run.
    pub run_id: String,
    /// Its digest.
    pub digest: String,
    /// The digest of the row that it followed, where it says one: rows of earlier versions do not.
    pub previous: Option<String>,
}

/// The links of rows, each of which is alone.
///
/// # Errors
/// Bug, where they are no rows of `run`.
pub(crate) fn links(rows: &[RecordBatch]) -> Result<Vec<Link>> {
    let link = |row: &RecordBatch| {
        let column = |name: &str| row.column_by_name(name).ok_or_else(|| Error::bug(format!("run lacks {name}")));
        let previous = columns::text_at(columns::strings(column(col::PREVIOUS_DIGEST)?)?, 0);
        Ok(Link {
            number: columns::longs(column(col::RUN_NUMBER)?)?.value(0),
            run_id: columns::strings(column(col::RUN_ID)?)?.value(0).to_string(),
            digest: of_row(row, 0)?,
            previous: previous.map(str::to_string),
        })
    };
    rows.iter().map(link).collect()
}

/// What does not follow among links in order. Which row the first one followed is another question.
pub(crate) fn unfollowed(links: &[Link]) -> Vec<String> {
    let mut has_begun = links.first().is_some_and(|first| first.previous.is_some());
    let mut told = Vec::new();
    for (before, link) in links.iter().zip(links.iter().skip(1)) {
        let (earlier, number) = (before.number, link.number);
        match &link.previous {
            Some(previous) if *previous != before.digest => {
                told.push(format!("the row of run {earlier} is not the one that run {number} followed"));
            }
            None if has_begun => told.push(format!("the row of run {number} does not say which one it followed")),
            _ => {}
        }
        has_begun |= link.previous.is_some();
    }
    told
}

/// What does not follow in the ledger of runs, in order; and the digest of the newest row, which stands for all of them.
///
/// # Errors
/// Environment, if it cannot be read; data, if a file is damaged.
pub(crate) async fn broken(lake: &Location) -> Result<(Vec<String>, Option<String>)> {
    let links = links(&rows(lake).await?)?;
    let mut told = Vec::new();
    if let Some(first) = links.first().filter(|first| first.previous.is_some()) {
        told.push(format!("the row that run {} followed is gone", first.number));
    }
    told.extend(unfollowed(&links));
    for Link { number, run_id, digest, .. } in &links {
        let sealed = published::read(lake, *number, run_id).await?.map(|sealed| sealed.row).unwrap_or_default();
        if !sealed.is_empty() && sealed != *digest {
            told.push(format!("the row of run {number} is not the one that was published"));
        }
    }
    Ok((told, links.last().map(|newest| newest.digest.clone())))
}
