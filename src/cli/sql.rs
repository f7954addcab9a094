//! `nayose sql`.

use clap::Args;

use super::output::{RowFormat, print_rows};
use super::{LakeArguments, ResourceArguments};
use crate::error::{Error, Kind, Result};
use crate::functions::resolve;
use crate::runner::snapshot;
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
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let lake = Location::parse(&a.lake.lake, &std::env::current_dir()?)?;
    let published = snapshot::find(&lake, a.as_of.as_deref()).await?;
    let context = session(&a.resources.resources())?;
    snapshot::know_all(&context, &lake, &published).await?;
    if a.query.contains(resolve::NAME) {
        context.register_udf(resolve::resolve_customer(snapshot::aliases(&context).await?));
    }
    let options = datafusion::prelude::SQLOptions::new().with_allow_ddl(false).with_allow_dml(false);
    let rows = context.sql_with_options(&a.query, options).await.map_err(|e| typed(e.into()))?;
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
