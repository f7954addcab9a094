//! `nayose export`.

use clap::{Args, ValueEnum};

use datafusion::prelude::{DataFrame, SessionContext};

use super::analyst::ProfileArguments;
use super::output::{CsvArguments, RowFormat, bytes_of};
use super::{LakeArguments, ResourceArguments, output};
use crate::audit::analyst;
use crate::engine::session::session;
use crate::error::{Error, Result};
use crate::lake::snapshot;
use crate::lake::snapshot::PublishedRun;
use crate::store::Location;
use nayose_matching::identity::pseudonym::Pseudonyms;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The published table; with --profile and no table, all of the profile's as Delta tables
    #[arg(required_unless_present = "profile")]
    table: Option<String>,
    #[command(flatten)]
    lake: LakeArguments,
    /// The format of one table [default: as the file's name ends, else parquet]
    #[arg(long, requires = "table")]
    format: Option<ExportFormat>,
    #[command(flatten)]
    csv: CsvArguments,
    /// The file to write, or the folder of all tables: a path or a URL
    #[arg(long, value_name = "URL")]
    to: String,
    /// The table as a run published it: a run id, its number, or a time; a date means the end of that day
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    profile: ProfileArguments,
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

impl ExportFormat {
    /// The format that a file's name promises.
    fn by_name(name: &str) -> Self {
        match name.rsplit('.').next().map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => ExportFormat::Csv,
            Some("arrow" | "ipc" | "feather") => ExportFormat::Arrow,
            _ => ExportFormat::Parquet,
        }
    }
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let ids = a.profile.pseudonyms()?;
    let here = std::env::current_dir()?;
    let lake = Location::parse(&a.lake.lake, &here)?;
    if a.to.trim().is_empty() {
        return Err(Error::usage("--to is empty").hint("name the file to write"));
    }
    let to = Location::parse(&a.to, &here)?;
    let published = snapshot::find(&lake, a.as_of.as_deref()).await?;
    let context = session(&a.resources.resources())?;
    let (table, rows) = match (&a.table, &ids) {
        (Some(table), _) => (table, rows(&context, &lake, &published, ids.as_ref(), table).await?),
        (None, Some(ids)) => {
            for (table, n) in analyst::write(&context, &lake, &published, ids, &to).await? {
                output::print(&format!("{n} rows of {table} written to {}", to.shown()))?;
            }
            return Ok(0);
        }
        (None, None) => return Err(Error::usage("export needs a table").hint("name one, or a --profile")),
    };
    let schema = rows.schema().as_arrow().clone().into();
    let batches = rows.collect().await?;
    let n: usize = batches.iter().map(|b| b.num_rows()).sum();
    let format = match a.format.unwrap_or_else(|| ExportFormat::by_name(&a.to)) {
        ExportFormat::Parquet => RowFormat::Parquet,
        ExportFormat::Arrow => RowFormat::Arrow,
        ExportFormat::Csv => RowFormat::Csv,
    };
    to.write(bytes_of(&batches, schema, format, a.csv)?).await?;
    output::print(&format!("{n} rows of {table} written to {}", to.shown()))?;
    Ok(0)
}

/// The rows of a table, as it was published or as the profile has it.
async fn rows(
    context: &SessionContext,
    lake: &Location,
    published: &PublishedRun,
    ids: Option<&Pseudonyms>,
    table: &str,
) -> Result<DataFrame> {
    let (found, names): (_, Vec<&str>) = match ids {
        Some(ids) => {
            let tables = analyst::tables(context, lake, published, ids).await?;
            let names = tables.iter().map(|(t, _)| t.name).collect();
            let found = tables.into_iter().find(|(t, _)| t.name == table);
            (found.map(|(t, rows)| analyst::sorted(&t, rows)).transpose()?, names)
        }
        None => {
            let names = published.tables.iter().map(|(t, _, _)| t.as_str()).collect();
            (snapshot::table(context, lake, published, table).await?, names)
        }
    };
    found.ok_or_else(|| {
        let of = if ids.is_some() { "the profile of " } else { "" };
        let hint = crate::config::problem::did_you_mean(table, names.iter().copied())
            .unwrap_or_else(|| format!("its tables: {}", names.join(", ")));
        Error::usage(format!("there is no table {table:?} in {of}{}", lake.shown())).hint(hint)
    })
}
