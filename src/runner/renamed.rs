//! What the run before said of channels and sources that have another name today.
//!
//! In: a table of the run before, the former names of channels. Out: its rows under the names of today, so that a record is the one that it
//! was: it keeps its id, its history and what was decided on it. Of the run's work: its manifest under the names of today, so that guards
//! know the files of a source and what they usually are.

use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{Expr, ident, lit, when};
use datafusion::prelude::DataFrame;

use super::work_of;
use crate::config::{Pipeline, Renames};
use crate::error::{Error, Result};
use crate::lake::manifest::Manifest;
use crate::lake::snapshot::PublishedRun;
use crate::tables::contract::col;

/// Columns that name a channel.
const CHANNELS: [&str; 3] = [col::CHANNEL, col::CHANNEL_L, col::CHANNEL_R];

/// What the run before left in its work folder. Work that is damaged is as good as none.
pub(super) async fn work(pipeline: &Pipeline, before: Option<&PublishedRun>) -> Option<Manifest> {
    let work = Manifest::load(&work_of(pipeline, &before?.run_id)).await.ok().flatten()?;
    Some(work.with_sources(&pipeline.source_renames))
}

/// The rows with the channels of today.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn rows(rows: DataFrame, renames: &Renames) -> Result<DataFrame> {
    let mut former = renames.all();
    let Some((first, today)) = former.next() else { return Ok(rows) };
    let former: Vec<(&str, &str)> = former.collect();
    let column = |name: &String| -> Result<Expr> {
        if !CHANNELS.contains(&name.as_str()) {
            return Ok(ident(name));
        }
        let mut case = when(ident(name).eq(lit(first)), lit(today));
        for (name_of_before, today) in &former {
            case = case.when(ident(name).eq(lit(*name_of_before)), lit(*today));
        }
        Ok(case.otherwise(ident(name))?.alias(name))
    };
    let names: Vec<String> = rows.schema().fields().iter().map(|field| field.name().clone()).collect();
    Ok(rows.select(names.iter().map(column).collect::<Result<Vec<_>>>()?)?)
}

/// Refuses names that make one record of two: of channels that became one, where both have a record of one id.
///
/// # Errors
/// Configuration, with how many there are; environment, where the table cannot be read.
pub(super) async fn are_records(map: DataFrame, renames: &Renames) -> Result<()> {
    if renames.is_empty() {
        return Ok(());
    }
    let keys = [col::CHANNEL, col::RECORD_ID].map(ident).to_vec();
    let open = map.filter(ident(col::VALID_TO).is_null())?.aggregate(keys, vec![count(lit(1)).alias("records")])?;
    let twice = open.filter(ident("records").gt(lit(1)))?.count().await?;
    if twice == 0 {
        return Ok(());
    }
    let names: Vec<String> = renames.all().map(|(was, today)| format!("{today} was {was}")).collect();
    Err(Error::config(format!(
        "`was` makes one record of two: {twice} ids are in both of channels that have one name now ({})",
        names.join(", ")
    ))
    .hint("two channels whose ids overlap cannot become one: give each a `channel` of its own"))
}
