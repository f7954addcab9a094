//! `nayose sql`.

use clap::Args;

use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::SQLOptions;

use super::analyst::ProfileArguments;
use super::output::{RowFormat, print_rows};
use super::{LakeArguments, ResourceArguments};
use crate::error::{Error, Kind, Result};
use crate::functions::resolve;
use crate::query;
use crate::runner::{analyst, snapshot};
use crate::session::session;
use crate::store::Location;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The query; published tables are known by their names, `show tables` lists them
    query: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// How rows are printed
    #[arg(long, default_value = "table")]
    format: RowFormat,
    /// The tables as a run published them: a run id, its number, or a time
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    profile: ProfileArguments,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let ids = a.profile.pseudonyms()?;
    let lake = Location::parse(&a.lake.lake, &std::env::current_dir()?)?;
    let published = snapshot::find(&lake, a.as_of.as_deref()).await?;
    let context = session(&a.resources.resources())?;
    let mut options = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false);
    match &ids {
        Some(ids) => {
            analyst::know_all(&context, &lake, &published, ids).await?;
            options = options.with_allow_statements(false);
        }
        None => {
            snapshot::know_all(&context, &lake, &published).await?;
            if a.query.contains(resolve::NAME) {
                context.register_udf(resolve::resolve_customer(snapshot::aliases(&context).await?));
            }
        }
    }
    let plan =
        context.state().create_logical_plan(&a.query).await.map_err(|e| typed(query::failed(&context, &a.query, e)))?;
    options.verify_plan(&plan).map_err(|e| typed(e.into()))?;
    // A plan tells the smallest and the largest value of the columns below.
    if ids.is_some() && matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_)) {
        return Err(Error::usage("a profile has no EXPLAIN: it would show what lies below the profile"));
    }
    let rows = context.execute_logical_plan(plan).await.map_err(|e| typed(e.into()))?;
    let schema = rows.schema().as_arrow().clone().into();
    let batches = rows.collect().await.map_err(|e| typed(e.into()))?;
    print_rows(&batches, schema, a.format)?;
    Ok(0)
}

/// What is wrong in a query that a person typed is no bug.
fn typed(error: Error) -> Error {
    match error.kind() {
        Kind::Bug => Error::usage(format!("the query failed: {}", error.message()))
            .hint("`nayose sql \"show tables\"` lists the tables, `describe golden_customer` the columns of one"),
        _ => error,
    }
}
