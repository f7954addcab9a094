//! `nayose erase`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::{ResourceArguments, output};
use crate::audit::Audit;
use crate::config::{self, Overrides};
use crate::console::progress::Progress;
use crate::error::{Error, Result};
use crate::lake::erasure::{self, Erasure};
use crate::runner;
use nayose_matching::identity::customer_id;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The customer
    id: String,
    /// Who asked for it
    #[arg(long, value_name = "WHO")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// The pipeline file: what remains is resolved anew
    #[arg(long, value_name = "FILE")]
    pipeline: PathBuf,
    /// The lake, instead of the pipeline file's
    #[arg(long, value_name = "URL")]
    lake: Option<String>,
    /// Root of the sources' globs, instead of the pipeline file's `input`
    #[arg(long, value_name = "URL")]
    input: Option<String>,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let pipeline = config::load(&a.pipeline, &Overrides { input: a.input.clone(), lake: a.lake.clone() })?;
    if a.by.trim().is_empty() || a.why.trim().is_empty() {
        return Err(Error::usage("an erasure needs who asked for it and why")
            .hint("give --by and --why: the report is what is left of it"));
    }
    let typed = customer_id::parse(&a.id)
        .ok_or_else(|| Error::usage(format!("{:?} is no customer id", a.id)).hint("read it again"))?;
    let audit = Audit::open(&pipeline.lake, None, &a.resources.resources()).await?;
    let id = audit.customer_id(&typed).await?;
    let records = audit.records_of(&id).await?;
    let erasure = Erasure {
        rows: audit.rows_of(&id).await?,
        customer_id: id,
        by: a.by,
        why: a.why,
        at: jiff::Timestamp::now().to_string(),
        files_removed: BTreeMap::new(),
        runs_up_to: 0,
        still_in_input: BTreeMap::new(),
        tombstones: Vec::new(),
        key: String::new(),
        previous: String::new(),
    };
    erasure::begin(&pipeline.lake, &records, &erasure).await?;
    let options = runner::Options { resources: a.resources.resources(), ..runner::Options::default() };
    runner::run(&pipeline, &options, &Progress::Json).await?;
    output::print(&format!(
        "{} is erased: {} rows of {} records; the report is in {}",
        erasure.customer_id,
        erasure.rows.values().sum::<u64>(),
        records.len(),
        pipeline.lake.join("erasures").shown()
    ))?;
    Ok(0)
}
