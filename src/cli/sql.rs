//! `nayose sql`.

use std::collections::BTreeSet;

use clap::Args;

use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SessionContext;

use super::analyst::ProfileArguments;
use super::output::{CsvArguments, RowFormat, print_rows};
use super::{LakeArguments, ResourceArguments};
use crate::audit::analyst;
use crate::engine::bounds::bound;
use crate::engine::query;
use crate::engine::session::{session, step_limit};
use crate::error::{Error, Kind, Result};
use crate::functions::resolve;
use crate::lake::snapshot::{self, PublishedRun};
use crate::tables::contract::RUN;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The query; published tables are known by their names, `show tables` lists them
    query: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// How rows are printed
    #[arg(long, default_value = "table")]
    format: RowFormat,
    #[command(flatten)]
    csv: CsvArguments,
    /// The tables as a run published them: a run id, its number, or a time; a date means the end of that day
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    profile: ProfileArguments,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let ids = a.profile.pseudonyms()?;
    let lake = a.lake.place()?;
    let published = snapshot::find(&lake, a.as_of.as_deref()).await?;
    let resources = a.resources.resources();
    let context = session(&resources)?;
    match &ids {
        Some(ids) => analyst::register_all(&context, &lake, &published, ids).await?,
        None => {
            let only = named(&context, &a.query, &published);
            snapshot::register(&context, &lake, &published, only.as_ref()).await?;
            if a.query.contains(resolve::NAME) {
                context.register_udf(resolve::resolve_customer(snapshot::aliases(&context, &lake, &published).await?));
            }
        }
    }
    bound(&context, step_limit(resources.memory));
    let rows = query::plan(&context, &a.query).await.map_err(typed)?;
    // A plan tells the smallest and the largest value of the columns below.
    if ids.is_some() && matches!(rows.logical_plan(), LogicalPlan::Explain(_) | LogicalPlan::Analyze(_)) {
        return Err(Error::usage("a profile has no EXPLAIN: it would show what lies below the profile"));
    }
    let schema = rows.schema().as_arrow().clone().into();
    let batches = rows.collect().await.map_err(|e| typed(e.into()))?;
    print_rows(&batches, schema, a.format, a.csv)?;
    Ok(0)
}

/// The tables that a query names, where all of them are published: to open the others would take longer than a short answer. None
/// for a query about the tables themselves, or one with a slip, whose error lists what there is.
fn named(context: &SessionContext, sql: &str, published: &PublishedRun) -> Option<BTreeSet<String>> {
    let named = query::tables(context, sql).ok()?;
    let is_there = |name: &str| name == RUN.name || published.tables.iter().any(|(table, _, _)| table == name);
    let names = named
        .iter()
        .map(|table| (table.schema().is_none() && is_there(table.table())).then(|| table.table().to_string()));
    let names: Option<BTreeSet<String>> = names.collect();
    names.filter(|names| !names.is_empty())
}

/// What is wrong in a query that a person typed is no bug of nayose.
fn typed(error: Error) -> Error {
    match error.kind() {
        Kind::Bug => Error::usage(format!("the query failed: {}", error.message()))
            .hint("`nayose sql \"show tables\"` lists the tables, `describe golden_customer` the columns of one"),
        _ => error,
    }
}
