//! Plan, then publish: a run that ends before it publishes, and the one that publishes exactly that.
//!
//! In: a run whose stages and checks are done; later the same inputs, configuration and published run. Out: the plan of the lake, or an
//! error that says what changed since it was made. The run id, which is made of all three, is what is compared: only where it is
//! another one is it asked what changed.

use std::collections::BTreeSet;

use super::{Options, Run, work_of};
use crate::config::Pipeline;
use crate::error::{Error, Result};
use crate::lake::manifest::{Input, Manifest};
use crate::lake::plan::{self, Plan};
use crate::lake::snapshot::PublishedRun;

/// Changed files that an error names.
const NAMED: usize = 5;

/// What to do where a plan does not hold any more.
const AGAIN: &str =
    "look at what changed, and make a new plan with `nayose run PIPELINE --plan`; nothing was published";

/// The plan that is to be published, where that is asked for.
///
/// # Errors
/// Usage, where there is none.
pub(super) async fn asked_for(pipeline: &Pipeline, options: &Options) -> Result<Option<Plan>> {
    if !options.publish_plan {
        return Ok(None);
    }
    let none = || {
        Error::usage(format!("there is no plan in {}", pipeline.lake.shown()))
            .hint("make one with `nayose run PIPELINE --plan`; a run that is published ends the plan before it")
    };
    plan::read(&pipeline.lake).await?.ok_or_else(none).map(Some)
}

/// How the run goes that publishes a plan: as the one that made it.
pub(super) fn as_planned(options: &Options, plan: Option<&Plan>) -> Options {
    let mut options = options.clone();
    if let Some(plan) = plan {
        (options.as_of, options.full) = (plan.as_of, plan.full);
    }
    options
}

/// Refuses a plan that was made over another published run.
///
/// # Errors
/// Usage.
pub(super) fn follows(plan: Option<&Plan>, newest: Option<&PublishedRun>) -> Result<()> {
    let newest = newest.map(|run| &run.run_id);
    match plan {
        Some(plan) if plan.previous.as_ref() != newest => Err(Error::usage(format!(
            "the plan {} does not hold any more: run {} was published since",
            plan.run_id,
            newest.map_or("none", String::as_str)
        ))
        .hint(AGAIN)),
        _ => Ok(()),
    }
}

/// Refuses a plan that was made from other inputs or with another configuration than the run `run_id` would be.
///
/// # Errors
/// Configuration or data, naming what changed.
pub(super) async fn holds(pipeline: &Pipeline, plan: Option<&Plan>, run_id: &str, inputs: &[Input]) -> Result<()> {
    let Some(plan) = plan.filter(|plan| plan.run_id != run_id) else { return Ok(()) };
    let sentence = |what: &str| format!("the plan {} does not hold any more: {what}", plan.run_id);
    if plan.configuration != pipeline.digest {
        return Err(Error::config(sentence(
            "the pipeline file, a file that it names, or a decision of review changed since",
        ))
        .hint(AGAIN));
    }
    let planned = Manifest::load(&work_of(pipeline, &plan.run_id)).await?.map(|manifest| manifest.inputs);
    let planned = planned.unwrap_or_default();
    let content = |input: &Input| (input.file.clone(), input.fingerprint.clone());
    let (was, is): (BTreeSet<_>, BTreeSet<_>) =
        (planned.iter().map(content).collect(), inputs.iter().map(content).collect());
    let changed: BTreeSet<&str> = was.symmetric_difference(&is).map(|(file, _)| file.as_str()).collect();
    if changed.is_empty() {
        return Err(
            Error::data(sentence("this version of nayose, or the list of the erased, is another one")).hint(AGAIN)
        );
    }
    let named: Vec<&str> = changed.iter().copied().take(NAMED).collect();
    let more = match changed.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    Err(Error::data(sentence(&format!("the input changed since ({}{more})", named.join(", ")))).hint(AGAIN))
}

impl Run<'_> {
    /// Leaves this run as the plan of the lake.
    pub(super) async fn keep_as_plan(&self) -> Result<()> {
        let plan = Plan {
            run_id: self.manifest.run_id.clone(),
            previous: self.manifest.previous.clone(),
            as_of: self.options.as_of,
            full: self.options.full,
            configuration: self.pipeline.digest.clone(),
            at: jiff::Timestamp::now().to_string(),
        };
        plan::write(&self.pipeline.lake, &plan).await
    }
}
