//! `nayose export`.

use clap::{Args, ValueEnum};

use super::output::{RowFormat, bytes_of};
use super::{LakeArguments, ResourceArguments, output};
use crate::error::{Error, Result};
use crate::runner::snapshot;
use crate::session::session;
use crate::store::Location;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The published table
    table: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// The format
    #[arg(long, default_value = "parquet")]
    format: ExportFormat,
    /// The file to write: a path or a URL
    #[arg(long, value_name = "URL")]
    to: String,
    /// The table as a run published it: a run id, its number, or a time
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    resources: ResourceArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// Parquet, one file
    Parquet,
    /// Arrow IPC file
    Arrow,
    /// CSV with a header, UTF-8; lists and structs as JSON
    Csv,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let here = std::env::current_dir()?;
    let lake = Location::parse(&a.lake.lake, &here)?;
    let to = Location::parse(&a.to, &here)?;
    let published = snapshot::find(&lake, a.as_of.as_deref()).await?;
    let context = session(&a.resources.resources())?;
    let Some(rows) = snapshot::table(&context, &lake, &published, &a.table).await? else {
        let names: Vec<&str> = published.tables.iter().map(|(t, _, _)| t.as_str()).collect();
        let hint = crate::config::problem::did_you_mean(&a.table, names.iter().copied())
            .unwrap_or_else(|| format!("published tables: {}", names.join(", ")));
        return Err(Error::usage(format!("there is no table {:?} in {}", a.table, lake.shown())).hint(hint));
    };
    let schema = rows.schema().as_arrow().clone().into();
    let batches = rows.collect().await?;
    let n: usize = batches.iter().map(|b| b.num_rows()).sum();
    let format = match a.format {
        ExportFormat::Parquet => RowFormat::Parquet,
        ExportFormat::Arrow => RowFormat::Arrow,
        ExportFormat::Csv => RowFormat::Csv,
    };
    to.write(bytes_of(&batches, schema, format)?).await?;
    output::print(&format!("{n} rows of {} written to {}", a.table, to.shown()))?;
    Ok(0)
}
