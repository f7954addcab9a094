//! `nayose verify`.

use std::path::PathBuf;

use clap::Args;

use super::{LakeArguments, ResourceArguments, TextFormat, output};
use crate::audit::verify::{self, Verified};
use crate::config::{self, Overrides};
use crate::console::progress::Progress;
use crate::error::{Error, Result};
use crate::lake::erasure;
use crate::runner;
use crate::store::Location;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lake: LakeArguments,
    /// Text for people or JSON for programs
    #[arg(long, default_value = "text")]
    format: TextFormat,
    /// Make again what can be made, by running the stages of the newest run that wrote it
    #[arg(long, requires = "pipeline")]
    fix: bool,
    /// The pipeline file of the lake, for --fix
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// Root of the sources' globs, instead of the pipeline file's `input`
    #[arg(long, value_name = "URL", requires = "fix")]
    input: Option<String>,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let lake = a.lake.place()?;
    let mut found = verify::verify(&lake).await?;
    if found.files == 0 && found.damaged.is_empty() {
        return Err(Error::usage(format!("there is no lake in {}", lake.shown())).hint("name it with --lake"));
    }
    if let (true, Some(file)) = (a.fix, &a.pipeline) {
        fix(&a, &lake, file, &found).await?;
        found = verify::verify(&lake).await?;
    }
    output::print(&match a.format {
        TextFormat::Json => output::json(&found)?,
        TextFormat::Text => text(&found),
    })?;
    if found.damaged.is_empty() {
        return Ok(0);
    }
    let hint = match found.damaged.iter().all(|damage| damage.stage.is_some()) {
        true => "`nayose verify --fix --pipeline FILE` makes it again",
        false => {
            "`nayose verify --fix --pipeline FILE` makes again what names a stage; the rest comes from a backup of the lake, or a new lake from the raw files"
        }
    };
    Err(Error::data(format!("{} of the files of {} are damaged", found.damaged.len(), lake.shown())).hint(hint))
}

fn text(found: &Verified) -> String {
    let line = |damage: &verify::Damage| {
        let stage = damage.stage.map_or(String::new(), |stage| format!(" (made by {stage})"));
        format!("{}: {}{stage}\n", damage.file, damage.what)
    };
    let damaged: String = found.damaged.iter().map(line).collect();
    let mib = found.bytes as f64 / f64::from(1 << 20);
    let ledger = found.ledger.as_ref().map_or(String::new(), |row| format!("\nledger of runs: {row}"));
    format!("{damaged}{} files read, {mib:.1} MiB: {} damaged{ledger}", found.files, found.damaged.len())
}

/// Makes again what can be made.
async fn fix(a: &Arguments, lake: &Location, file: &std::path::Path, found: &Verified) -> Result<()> {
    let overrides = Overrides { input: a.input.clone(), lake: Some(a.lake.lake.clone()) };
    let pipeline = config::load(file, &overrides)?;
    if !erasure::told(lake).await?.is_empty() {
        erasure::restore(lake).await?;
    }
    if let Some(from) = found.from() {
        let options = runner::Options { from: Some(from), resources: a.resources.resources(), ..Default::default() };
        runner::run(&pipeline, &options, &Progress::Json).await?;
    }
    verify::make_trees(lake).await?;
    Ok(())
}
