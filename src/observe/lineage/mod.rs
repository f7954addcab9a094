//! OpenLineage: tells a lineage service what a run reads and publishes, column by column.
//!
//! In: a pipeline, how the run goes, the environment, and the run itself as a future. Out: what the run answers; on the side, a
//! START event and a COMPLETE or FAIL event. An event that cannot be delivered is a warning: lineage never fails a run.
//!
//! **A run of OpenLineage is a process.** Its id is a fresh UUID (version 7), because the specification wants one START and
//! one end for each, and a run that was stopped and goes on has two starts. nayose's own run id, which is the same for both,
//! is the tag `nayose.run_id`. It is not known at START: it comes from the inputs.
//!
//! **A job is a pipeline up to a stage.** The job is called as the pipeline; with `--until STAGE` it is `pipeline.STAGE`, so
//! that a scheduler with a task for each stage has a job for each. Such a run publishes nothing and has inputs only: an
//! output is what readers can see. `--from` redoes work and makes no other job. A run that finds nothing new is complete and
//! has no outputs either. A rollback is the job `pipeline.rollback` ([`rollback`]).
//!
//! **START and FAIL** carry what is declared: inputs and outputs with their schemas and column lineage. COMPLETE carries the
//! same with counts, versions and quality. No event holds a value of a record; a FAIL event has the error's sentence, except
//! for a bug, whose sentence comes from the engine and is told to the log only.

mod columns;
mod datasets;
mod facets;
mod parent;
mod rollback;
mod settings;
mod transport;

use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use tokio::task::JoinHandle;
use uuid::Uuid;

use self::facets::{RUN_EVENT, facet, producer};
pub(crate) use self::rollback::observed_rollback;
pub(crate) use self::settings::Variables;
use self::settings::{Transport, configured};
use crate::config::Pipeline;
use crate::console::progress::Progress;
use crate::console::version;
use crate::error::{Error, Kind, Result};
use crate::lake::manifest::Manifest;
use crate::lake::snapshot::{self, PublishedRun, time_text};
use crate::runner::{Options, Outcome};

/// Does the run, and tells it where the environment says.
///
/// # Errors
/// Those of the run.
pub(crate) async fn observed(
    pipeline: &Pipeline,
    options: &Options,
    variables: &Variables,
    progress: &Progress,
    run: impl Future<Output = Result<Outcome>>,
) -> Result<Outcome> {
    let Some(transport) = receiver(variables, progress) else { return run.await };
    let job = match options.until {
        None => pipeline.name.clone(),
        Some(stage) => format!("{}.{}", pipeline.name, stage.name()),
    };
    let about = format!("nayose pipeline {}: records of {} become customers", pipeline.name, channels(pipeline));
    let events = Events { pipeline, options, process: Process { variables, run: Uuid::now_v7(), job, about } };
    let start = begun(&transport, events.start());
    let outcome = run.await;
    let end = match &outcome {
        Ok(Outcome::Published(manifest)) => {
            let published = snapshot::newest(&pipeline.lake).await.ok().flatten();
            events.published(manifest, published.filter(|p| p.run_id == manifest.run_id).as_ref())
        }
        Ok(Outcome::Stopped(manifest) | Outcome::Planned(manifest, _)) => events.stopped(manifest),
        Ok(Outcome::NothingNew { run_id } | Outcome::Older { run_id, .. }) => events.nothing_new(run_id),
        Err(error) => events.fail(error),
    };
    ended(&transport, start, &end, progress).await;
    outcome
}

/// Where events go; nothing where nothing is configured, or with a warning where it is configured wrongly.
fn receiver(variables: &Variables, progress: &Progress) -> Option<Arc<Transport>> {
    let read = |place: &Path| std::fs::read_to_string(place).ok();
    match configured(variables, &read) {
        Ok(transport) => transport.map(Arc::new),
        Err(why) => {
            progress.warn(&format!("OpenLineage events are not sent: {why}"));
            None
        }
    }
}

/// The delivery of a first event, on its own, so that a slow receiver does not slow the run.
fn begun(transport: &Arc<Transport>, event: Value) -> JoinHandle<std::result::Result<(), String>> {
    let transport = transport.clone();
    tokio::spawn(async move { transport.deliver(&event).await })
}

/// Delivers the last event, behind the first one. What cannot be delivered is a warning.
async fn ended(
    transport: &Transport,
    start: JoinHandle<std::result::Result<(), String>>,
    end: &Value,
    progress: &Progress,
) {
    let started = start.await.unwrap_or_else(|_| Err("the delivery was stopped".into()));
    for (name, delivered) in [("START", started), ("last", transport.deliver(end).await)] {
        if let Err(why) = delivered {
            progress.warn(&format!("the {name} OpenLineage event was not delivered to {why}"));
        }
    }
}

/// The events of one run.
struct Events<'a> {
    pipeline: &'a Pipeline,
    options: &'a Options,
    process: Process<'a>,
}

impl Events<'_> {
    fn start(&self) -> Value {
        self.event("START", Map::new(), datasets::inputs(self.pipeline, None), self.declared_outputs())
    }

    fn published(&self, manifest: &Manifest, run: Option<&PublishedRun>) -> Value {
        let mut facets = tags(&manifest.run_id, "published", None);
        facets.insert("test".into(), self.checks(manifest));
        let inputs = datasets::inputs(self.pipeline, Some(manifest));
        self.event("COMPLETE", facets, inputs, datasets::outputs(self.pipeline, run.map(|run| (manifest, run))))
    }

    fn stopped(&self, manifest: &Manifest) -> Value {
        let inputs = datasets::inputs(self.pipeline, Some(manifest));
        self.event("COMPLETE", tags(&manifest.run_id, "stopped", None), inputs, Vec::new())
    }

    fn nothing_new(&self, run_id: &str) -> Value {
        let inputs = datasets::inputs(self.pipeline, None);
        self.event("COMPLETE", tags(run_id, "nothing_new", None), inputs, Vec::new())
    }

    fn fail(&self, error: &Error) -> Value {
        self.event("FAIL", failure(error), datasets::inputs(self.pipeline, None), self.declared_outputs())
    }

    fn declared_outputs(&self) -> Vec<Value> {
        match self.options.until {
            None => datasets::outputs(self.pipeline, None),
            Some(_) => Vec::new(),
        }
    }

    /// The checks of the pipeline folder: a run is published only where all of them found no rows.
    fn checks(&self, manifest: &Manifest) -> Value {
        let left_out = |check: &str| {
            manifest.marts().is_some_and(|marts| marts.checks_left_out.iter().any(|left| left.check == check))
        };
        let test = |check: &crate::config::SqlFile| {
            json!({
                "name": check.name,
                "status": "pass",
                "severity": "error",
                "type": "custom_sql",
                "expected": "no rows",
                "actual": "no rows",
                "content": check.sql,
                "contentType": "sql",
            })
        };
        let run = self.pipeline.checks.iter().filter(|check| !left_out(&check.name));
        let tests: Vec<Value> = run.map(test).collect();
        facet("TestRunFacet", "1-0-1", json!({ "tests": tests }))
    }

    fn event(&self, name: &str, more: Map<String, Value>, inputs: Vec<Value>, outputs: Vec<Value>) -> Value {
        let mut facets = Map::new();
        if let Some(as_of) = self.options.as_of {
            let time = json!({ "nominalStartTime": time_text(as_of) });
            facets.insert("nominalTime".into(), facet("NominalTimeRunFacet", "1-0-1", time));
        }
        facets.extend(more);
        self.process.event(name, facets, inputs, outputs)
    }
}

/// The process that the events are about.
struct Process<'a> {
    variables: &'a Variables,
    run: Uuid,
    /// Name of the job.
    job: String,
    /// What the job does.
    about: String,
}

impl Process<'_> {
    fn event(&self, name: &str, more: Map<String, Value>, inputs: Vec<Value>, outputs: Vec<Value>) -> Value {
        let mut run_facets = Map::new();
        if let Some(parent) = parent::of(self.variables) {
            run_facets.insert("parent".into(), facet("ParentRunFacet", "1-2-0", parent));
        }
        let engine = json!({
            "name": "DataFusion",
            "version": version::DATAFUSION,
            "openlineageAdapterVersion": version::VERSION,
        });
        run_facets.insert("processing_engine".into(), facet("ProcessingEngineRunFacet", "1-1-1", engine));
        run_facets.extend(more);
        let job_type = json!({ "processingType": "BATCH", "integration": "NAYOSE", "jobType": "JOB" });
        let about = json!({ "description": self.about });
        let namespace = self.variables.get("OPENLINEAGE_NAMESPACE").filter(|n| !n.is_empty()).map(String::as_str);
        json!({
            "eventType": name,
            "eventTime": Timestamp::now().to_string(),
            "producer": producer(),
            "schemaURL": RUN_EVENT,
            "run": { "runId": self.run.to_string(), "facets": run_facets },
            "job": {
                "namespace": namespace.unwrap_or(parent::DEFAULT_NAMESPACE),
                "name": self.job,
                "facets": {
                    "jobType": facet("JobTypeJobFacet", "2-0-4", job_type),
                    "documentation": facet("DocumentationJobFacet", "1-1-0", about),
                },
            },
            "inputs": inputs,
            "outputs": outputs,
        })
    }
}

fn channels(pipeline: &Pipeline) -> String {
    let mut channels: Vec<&str> =
        pipeline.sources.iter().map(|s| s.channel.as_str()).filter(|c| !c.is_empty()).collect();
    channels.sort_unstable();
    channels.dedup();
    channels.join(", ")
}

/// Why a run failed, as a facet.
fn failure(error: &Error) -> Map<String, Value> {
    let message = match (error.kind(), error.remedy()) {
        (Kind::Bug, _) => "a bug in nayose; its message is in the log of the run".to_string(),
        (_, Some(hint)) => format!("{}\nhint: {hint}", error.message()),
        (_, None) => error.message().to_string(),
    };
    let body = json!({ "message": message, "programmingLanguage": "RUST" });
    let mut facets = Map::new();
    facets.insert("errorMessage".into(), facet("ErrorMessageRunFacet", "1-0-1", body));
    facets
}

/// What nayose itself calls the run, and how it ended; of a rollback, the run whose tables it has.
fn tags(run_id: &str, outcome: &str, restores: Option<&str>) -> Map<String, Value> {
    let tag = |key: &str, value: &str| json!({ "key": key, "value": value, "source": "NAYOSE" });
    let mut tags =
        vec![tag("nayose.run_id", run_id), tag("nayose.outcome", outcome), tag("nayose.commit", version::COMMIT)];
    tags.extend(restores.map(|run| tag("nayose.restores", run)));
    let mut facets = Map::new();
    facets.insert("tags".into(), facet("TagsRunFacet", "1-0-0", json!({ "tags": tags })));
    facets
}
