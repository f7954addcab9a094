//! What goes wrong with the expressions of sources while rows are read: one that the engine cannot compute, and one that fails in
//! every row.
//!
//! In: the files of the sources. Out: sentences and errors that name the expression by source, key and line, and what it stopped at by
//! file and line. The rows are read once more, up to those in which every expression gave something: most often the first ones.

use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Int64Type};
use datafusion::functions::expr_fn::{btrim, nullif};
use datafusion::logical_expr::{Expr, cast, ident, lit};
use datafusion::prelude::SessionContext;
use futures::TryStreamExt;

use super::values::Columns;
use super::{SourceFiles, rows_of};
use crate::config::{Expression, Pipeline, Source};
use crate::error::{Error, Kind, Result};
use crate::sources::reader::SourceFile;
use crate::tables::contract::col;

/// An expression with what came of it.
struct Tried<'a> {
    place: String,
    expression: &'a Expression,
    /// Whether it gives a value in a row, and whether what it casts or reckons with stands there and cannot be read as that. One that
    /// gives nothing for other reasons is right: a case that no row has.
    gives: Expr,
    fails: Expr,
    has_given: bool,
    /// Rows in which it gave none and failed.
    failed: u64,
}

/// Expressions that fail and give no value in any row: a sentence each.
///
/// # Errors
/// Whatever reading fails with.
pub(crate) async fn check(context: &SessionContext, pipeline: &Pipeline, files: &[SourceFiles]) -> Result<Vec<String>> {
    let mut told = Vec::new();
    for found in files {
        let source = &pipeline.sources[found.source];
        for tried in try_all(context, source, found, false).await? {
            if !tried.has_given && tried.failed > 0 {
                told.push(format!(
                    "{} gives no value in any row; in {} of them what it casts or reckons with is written in another way",
                    named(source, &tried.place, tried.expression),
                    tried.failed
                ));
            }
        }
    }
    Ok(told)
}

/// An error of reading: where it is that of an expression that somebody wrote, with its place. The engine calls what it cannot
/// compute a bug.
pub(crate) async fn placed(
    error: Error,
    context: &SessionContext,
    pipeline: &Pipeline,
    files: &[SourceFiles],
) -> Error {
    if error.kind() != Kind::Bug {
        return error;
    }
    for found in files {
        match try_all(context, &pipeline.sources[found.source], found, true).await {
            Err(of_expression) if of_expression.kind() == Kind::Config => return of_expression,
            _ => {}
        }
    }
    error
}

/// Computes the expressions of a source until all have given a value, or for all rows.
async fn try_all<'a>(
    context: &SessionContext,
    source: &'a Source,
    found: &SourceFiles,
    all_rows: bool,
) -> Result<Vec<Tried<'a>>> {
    if source.expressions().is_empty() || found.files.is_empty() {
        return Ok(Vec::new());
    }
    // What these rows are was counted when they were read for the tables.
    let uncounted = |files: &[SourceFile]| {
        files.iter().map(|file| SourceFile { count: Arc::default(), ..file.clone() }).collect::<Vec<_>>()
    };
    let files = SourceFiles { source: found.source, files: uncounted(&found.files), joined: uncounted(&found.joined) };
    let (rows, read) = rows_of(context, source, &files)?;
    let mut tried: Vec<Tried> = Vec::new();
    for (place, expression) in source.expressions() {
        let value = read.expression(expression)?;
        let inside = Columns::unreadable_inside(&value)?;
        // One that casts nothing and reckons with nothing cannot fail but with an error.
        if all_rows || inside.is_some() {
            let gives = stands(cast(value, DataType::Utf8));
            let fails = inside.unwrap_or_else(|| lit(false));
            tried.push(Tried { place, expression, gives, fails, has_given: false, failed: 0 });
        }
    }
    if tried.is_empty() {
        return Ok(tried);
    }
    let mut batches = rows.filter(ident(col::REJECT_REASON).is_null())?.execute_stream().await?;
    while let Some(batch) = batches.try_next().await? {
        for of in tried.iter_mut().filter(|of| all_rows || !of.has_given) {
            let (given, failed) = match outcome(context, &batch, of).await {
                Ok(counts) => counts,
                // The row may be one that is skipped: it was read for the tables without this error.
                Err(_) if !all_rows => (true, 0),
                Err(error) => return Err(located(context, source, &batch, of, error).await),
            };
            of.has_given |= given;
            of.failed += failed;
        }
        if !all_rows && tried.iter().all(|of| of.has_given) {
            break;
        }
    }
    Ok(tried)
}

/// Whether a text has anything in it.
fn stands(text: Expr) -> Expr {
    nullif(btrim(vec![text]), lit("")).is_not_null()
}

/// Whether an expression gives a value in a row of the batch, and in how many it gives none and fails.
async fn outcome(context: &SessionContext, batch: &RecordBatch, of: &Tried<'_>) -> Result<(bool, u64)> {
    let rows = context.read_batch(batch.clone())?;
    let found = rows.select(vec![of.gives.clone().alias("gives"), of.fails.clone().alias("fails")])?.collect().await?;
    let (mut given, mut failed) = (false, 0);
    for batch in found {
        let (gives, fails) = (batch.column(0).as_boolean(), batch.column(1).as_boolean());
        for row in 0..batch.num_rows() {
            given |= gives.value(row);
            failed += u64::from(!gives.value(row) && fails.is_valid(row) && fails.value(row));
        }
    }
    Ok((given, failed))
}

/// The error of an expression with the first row of the batch in which it comes up.
async fn located(
    context: &SessionContext,
    source: &Source,
    batch: &RecordBatch,
    of: &Tried<'_>,
    mut error: Error,
) -> Error {
    let (mut from, mut to) = (0, batch.num_rows());
    while to - from > 1 {
        let middle = (from + to) / 2;
        match outcome(context, &batch.slice(from, middle - from), of).await {
            Ok(_) => from = middle,
            Err(earlier) => (to, error) = (middle, earlier),
        }
    }
    let texts = batch.column_by_name(col::FILE).and_then(|c| c.as_string_opt::<i32>());
    let lines = batch.column_by_name(col::LINE).and_then(|c| c.as_primitive_opt::<Int64Type>());
    let row = texts.zip(lines).filter(|_| from < batch.num_rows());
    let place = row.map(|(file, line)| format!(" in {}, line {}", file.value(from), line.value(from)));
    Error::config(format!(
        "{} cannot be computed{}: {}",
        named(source, &of.place, of.expression),
        place.unwrap_or_default(),
        error.message()
    ))
    .hint("`try_cast` gives nothing where a cast fails, `nullif(x, 0)` where a number is zero")
}

fn named(source: &Source, place: &str, expression: &Expression) -> String {
    let Expression { sql, line, .. } = expression;
    format!("line {line} of the pipeline file: source {:?}: the expression {sql:?} of {place}", source.name)
}
