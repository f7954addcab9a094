//! `nayose rollback`.

use std::path::PathBuf;

use clap::Args;

use super::{LakeArguments, ResourceArguments, environment, output};
use crate::config::{self, Overrides};
use crate::console::progress::Progress;
use crate::error::{Error, Result};
use crate::lake::snapshot::time_text;
use crate::observe::lineage;
use crate::runner::rollback::{Restored, Rollback, RolledBack, pipeline_of, rollback};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The pipeline file, whose lake is rolled back
    #[arg(conflicts_with = "lake")]
    pipeline: Option<PathBuf>,
    /// The run whose tables and ids are to be the newest again: its id, its number, or a time
    #[arg(long, value_name = "RUN")]
    to: String,
    /// Who asks for it
    #[arg(long, value_name = "WHO")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
    #[command(flatten)]
    lake: LakeArguments,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    if a.by.trim().is_empty() || a.why.trim().is_empty() {
        return Err(Error::usage("a rollback needs who asked for it and why")
            .hint("give --by and --why: the table run keeps both"));
    }
    let (lake, pipeline) = match &a.pipeline {
        Some(pipeline) => {
            let pipeline = config::load(pipeline, &Overrides { input: None, lake: None })?;
            (pipeline.lake, Some(pipeline.name))
        }
        None => {
            let lake = a.lake.place()?;
            let pipeline = pipeline_of(&lake).await;
            (lake, pipeline)
        }
    };
    let asked = Rollback { to: &a.to, by: &a.by, why: &a.why };
    let progress = Progress::bar();
    let resources = a.resources.resources();
    let rollback = rollback(&lake, &asked, &resources, |text| progress.warn(text));
    let done = lineage::observed_rollback(&lake, pipeline.as_deref(), &environment(), &progress, rollback).await?;
    output::print(&match done {
        RolledBack::NothingToDo(run) => format!(
            "nothing to do: the tables of run {} ({}) are the newest ones in {}",
            run.number,
            run.run_id,
            lake.shown()
        ),
        RolledBack::Done(restored) => told(&restored, &lake.shown()),
    })?;
    Ok(0)
}

fn told(restored: &Restored, lake: &str) -> String {
    let Restored { run_id, number, restores, held, changed, not_held } = restored;
    let mut text = format!(
        "rolled back: run {number} ({run_id}) in {lake} has the tables and ids of run {} ({}), as of {}",
        restores.number,
        restores.run_id,
        time_text(restores.as_of)
    );
    if !held.is_empty() {
        text += &format!(
            "\n  {} files that came since are held until they are let in with `nayose run PIPELINE --admit FILE`: {}",
            held.len(),
            held.join(", ")
        );
    }
    if !changed.is_empty() {
        text += &format!(
            "\n  of them {} had another content then, which is not there any more: put it back, or let in what is there: {}",
            changed.len(),
            changed.join(", ")
        );
    }
    if !not_held.is_empty() {
        text += &format!(
            "\n  {} files that came since could not be held, as the work of the run before is gone: take them out of the input: {}",
            not_held.len(),
            not_held.join(", ")
        );
    }
    text
}
