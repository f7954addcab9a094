//! `nayose erase`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;

use clap::Args;

use super::{ResourceArguments, environment, output};
use crate::audit::Audit;
use crate::audit::doubt::Doubt;
use crate::config::{self, Overrides};
use crate::console::progress::Progress;
use crate::error::{Error, Result};
use crate::lake::erasure::{self, Erasure};
use crate::observe::lineage;
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
    let in_doubt = audit.in_doubt(&records).await?;
    let customers: BTreeSet<String> = in_doubt.iter().map(|doubt| doubt.customer_id.clone()).collect();
    let erasure = Erasure {
        rows: audit.rows_of(&id).await?,
        merged: audit.merged_ids(&id).await?,
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
        in_doubt: customers.iter().cloned().collect(),
        kept_apart: 0,
    };
    erasure::begin(&pipeline.lake, &records, &erasure).await?;
    // As of the newest run: an erasure changes nothing but that the person is gone.
    let as_of = Some(audit.run().as_of);
    let options = runner::Options { as_of, resources: a.resources.resources(), ..runner::Options::default() };
    let progress = Progress::Json;
    let run = runner::run(&pipeline, &options, &progress);
    lineage::observed(&pipeline, &options, &environment(), &progress, run).await?;
    output::print(&format!(
        "{} is erased: {} rows of {} records; the report is in {}",
        erasure.customer_id,
        erasure.rows.values().sum::<u64>(),
        records.len(),
        pipeline.lake.join("erasures").shown()
    ))?;
    if !in_doubt.is_empty() {
        let line = |doubt: &Doubt| {
            format!("\n  {}  {}  probability {:.4}", doubt.record, doubt.customer_id, doubt.probability)
        };
        output::print(&format!(
            "{} records were in review with records of this person, may be the same person, and stay:{}\nhint: look at each with `nayose explain`; if it is the person, erase it too: {}",
            in_doubt.len(),
            in_doubt.iter().map(line).collect::<String>(),
            customers.iter().map(|id| format!("nayose erase {id}")).collect::<Vec<_>>().join(", ")
        ))?;
    }
    Ok(0)
}
