//! `nayose run`.

use std::collections::BTreeMap;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::{ResourceArguments, environment, output};
use crate::audit::diff::{Diff, of_plan};
use crate::audit::diff_text::diff_text;
use crate::config::{self, Overrides, Pipeline, Zone};
use crate::console::progress::Progress;
use crate::engine::cluster::Cluster;
use crate::error::{Error, NOTHING_NEW, Result};
use crate::lake::manifest::{Manifest, StageRecord};
use crate::lake::models::UsedModel;
use crate::lake::results::{LineCounts, Negative, SegmentResult, StageResult};
use crate::lake::snapshot::time_text;
use crate::observe::lineage;
use crate::observe::metrics;
use crate::observe::profile;
use crate::runner::{self, Options, Outcome};
use crate::stages::Stage;
use crate::stages::marts::chosen;
use crate::store::local;
use crate::tables::contract::{GOLDEN_CUSTOMER, INTERACTION, REJECT, SOURCE_RECORD, Table};

#[derive(Debug, Args)]
#[command(after_help = "\
Environment:
  AWS_*, GOOGLE_*, AZURE_*     credentials of object storage
  OPENLINEAGE_URL, _API_KEY, _ENDPOINT, _NAMESPACE, _CONFIG, _DISABLED, OPENLINEAGE__TRANSPORT__*
                               where lineage events are sent; none without them
  OPENLINEAGE_PARENT_ID, or AIRFLOW_CTX_* as Airflow sets them
                               the run that started this one")]
pub(super) struct Arguments {
    /// The pipeline file
    pipeline: PathBuf,
    /// Where the tables go, instead of the pipeline file's `lake`
    #[arg(long, value_name = "URL")]
    lake: Option<String>,
    /// Root of the sources' globs, instead of the pipeline file's `input`
    #[arg(long, value_name = "URL")]
    input: Option<String>,
    /// Do this stage and those after it anew
    #[arg(long, value_name = "STAGE")]
    from: Option<Stage>,
    /// Stop after this stage; nothing is published
    #[arg(long, value_name = "STAGE")]
    until: Option<Stage>,
    /// Time as of which the analyses hold; a date means the end of that day [default: the newest time in the data, or that of the
    /// newest run where it is later]. Files in folders dt=YYYY-MM-DD of days that begin then or later are not read
    #[arg(long, value_name = "TIME")]
    as_of: Option<String>,
    /// Do everything but publish, and show what would change: the plan
    #[arg(long, conflicts_with = "until")]
    plan: bool,
    /// Publish the plan that --plan made, exactly as it was shown
    #[arg(long, conflicts_with_all = ["plan", "from", "until", "as_of", "full", "admit"])]
    publish_plan: bool,
    /// Run even where nothing changed, or where a later state is published
    #[arg(long)]
    full: bool,
    /// Let in what a guard or a rollback held, or what is new in the place of something else: a file, a source, a channel, or a guard
    /// such as `retired`; may be repeated
    #[arg(long, value_name = "NAME")]
    admit: Vec<String>,
    /// Where the stages run: here (local), or on the cluster of a scheduler (df://host:port)
    #[arg(long, value_name = "ENGINE", default_value = "local", value_parser = engine)]
    engine: Engine,
    #[command(flatten)]
    resources: ResourceArguments,
    /// Progress, warnings and errors on stderr: text, or JSON lines, one per stage [default: text on a terminal]
    #[arg(long, value_name = "FORMAT")]
    log: Option<Log>,
    /// Write a summary of the run as JSON to this file, also where it fails; - is stdout
    #[arg(long, value_name = "FILE")]
    summary: Option<PathBuf>,
    /// Write the figures of the run as a Prometheus text file, also where it fails; - is stdout
    #[arg(long, value_name = "FILE")]
    metrics: Option<PathBuf>,
    /// Write what every operator did (rows, seconds, bytes, spill) to this file; - is stdout
    #[arg(long, value_name = "FILE")]
    profile: Option<PathBuf>,
    /// Exit with 99 where there is nothing new to do, so that a scheduler can skip what follows
    #[arg(long)]
    skip_code: bool,
}

impl Arguments {
    /// Where progress and errors go.
    pub(super) fn progress(&self) -> Progress {
        match self.log {
            Some(Log::Text) => Progress::bar(),
            Some(Log::Json) => Progress::Json,
            None if std::io::stderr().is_terminal() => Progress::bar(),
            None => Progress::Json,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Log {
    Text,
    Json,
}

/// Where the stages run.
#[derive(Clone, Debug)]
enum Engine {
    Local,
    Cluster(Cluster),
}

fn engine(typed: &str) -> std::result::Result<Engine, String> {
    if typed == "local" { Ok(Engine::Local) } else { Cluster::parse(typed).map(Engine::Cluster) }
}

/// Pieces into which a step is cut for a cluster where `--threads` does not say.
const PIECES: usize = 16;

/// A time on the command line, as microseconds: of a date the end of that day in the pipeline's zone.
fn as_of(typed: &str, zone: &Zone) -> Result<i64> {
    zone.as_of(typed).ok_or_else(|| {
        Error::usage(format!("--as-of {typed:?} is no time")).hint("write 2026-03-31 or 2026-03-31T12:00:00+09:00")
    })
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let progress = a.progress();
    let started = Instant::now();
    let mut pipeline = None;
    let done = Arc::default();
    let ran = attempt(&a, &mut pipeline, &progress, &done).await;
    if let Some(file) = &a.metrics {
        let written = put_metrics(file, pipeline.as_ref(), ran.as_ref(), started.elapsed().as_secs_f64()).await;
        match (&ran, written) {
            // The run's own error counts more than that of its metrics.
            (Err(_), Err(e)) => progress.warn(e.message()),
            (_, written) => written?,
        }
    }
    if let (Err(error), Some(file)) = (&ran, &a.summary) {
        let done = done.lock().ok().and_then(|mut done| done.take());
        if let Err(e) = put(file, &format!("{:#}", failed(error, done.as_ref()))) {
            progress.warn(e.message());
        }
    }
    let (outcome, Some(pipeline)) = (ran?, pipeline) else { return Err(Error::bug("a run without a pipeline")) };
    if let Some(file) = &a.profile {
        put(file, &profiled(&outcome))?;
    }
    let changes = match &outcome {
        Outcome::Planned(plan, before) => {
            Some(of_plan(&pipeline, before.as_deref(), plan, &a.resources.resources()).await?)
        }
        _ => None,
    };
    match &a.summary {
        Some(file) if file.as_os_str() == "-" => output::print(&summary(&outcome, changes).to_string())?,
        Some(file) => put(file, &format!("{:#}", summary(&outcome, changes)))?,
        None => output::print(&report(&outcome, &pipeline, changes)?)?,
    }
    Ok(match outcome {
        Outcome::NothingNew { .. } | Outcome::Older { .. } if a.skip_code => NOTHING_NEW,
        _ => 0,
    })
}

/// The run itself. `pipeline` is filled as soon as it is known.
async fn attempt(
    a: &Arguments,
    pipeline: &mut Option<Pipeline>,
    progress: &Progress,
    done: &Arc<Mutex<Option<Manifest>>>,
) -> Result<Outcome> {
    if let (Some(from), Some(until)) = (a.from, a.until)
        && from > until
    {
        return Err(Error::usage(format!("--from {} comes after --until {}", from.name(), until.name()))
            .hint("stages in order: ingest, normalize, block, score, cluster, golden, marts"));
    }
    let overrides = Overrides { input: a.input.clone(), lake: a.lake.clone() };
    let pipeline: &Pipeline = pipeline.insert(config::load(&a.pipeline, &overrides)?);
    let as_of = a.as_of.as_deref().map(|typed| as_of(typed, &pipeline.zone)).transpose()?;
    let mut resources = a.resources.resources();
    if let Engine::Cluster(cluster) = &a.engine {
        resources.threads = a.resources.threads.unwrap_or(PIECES);
        resources.cluster = Some(cluster.clone());
    }
    let (profile, admit, done) = (a.profile.is_some(), a.admit.clone(), done.clone());
    let Arguments { from, until, full, plan, publish_plan, .. } = *a;
    let options = Options { from, until, as_of, full, plan, publish_plan, profile, admit, resources, done };
    let run = runner::run(pipeline, &options, progress);
    lineage::observed(pipeline, &options, &environment(), progress, run).await
}

/// Writes the metrics: a collector sees the old file or the new one.
async fn put_metrics(
    file: &Path,
    pipeline: Option<&Pipeline>,
    ended: Result<&Outcome, &Error>,
    seconds: f64,
) -> Result<()> {
    // A lake that cannot be listed has said so already, or has nothing.
    let lake = match pipeline {
        Some(pipeline) => metrics::lake_bytes(&pipeline.lake).await.unwrap_or_default(),
        None => BTreeMap::new(),
    };
    let pipeline = pipeline.map_or("", |p| p.name.as_str());
    // A pipe is not read.
    let before = if file.is_file() { std::fs::read_to_string(file).unwrap_or_default() } else { String::new() };
    let last_success = metrics::last_success(&before);
    let now = jiff::Timestamp::now().as_millisecond() as f64 / 1000.0;
    let text = metrics::text(&metrics::Run { pipeline, ended, seconds, now, last_success, lake: &lake });
    if file.as_os_str() == "-" {
        return output::print(text.trim_end());
    }
    local::put(file, text)
}

/// A text to a file, or to stdout.
fn put(file: &Path, text: &str) -> Result<()> {
    if file.as_os_str() == "-" {
        return output::print(text);
    }
    local::put(file, format!("{text}\n"))
}

/// What every operator of the stages did that this run did itself.
fn profiled(outcome: &Outcome) -> String {
    let (Outcome::Published(manifest) | Outcome::Stopped(manifest) | Outcome::Planned(manifest, _)) = outcome else {
        return String::new();
    };
    let stages = Stage::ALL.iter().filter_map(|s| Some((s.name(), manifest.stages.get(s.name())?)));
    stages.map(|(name, record)| profile::text(name, record)).collect()
}

fn summary(outcome: &Outcome, changes: Option<Diff>) -> Value {
    match outcome {
        Outcome::NothingNew { run_id } => json!({ "outcome": "nothing_new", "run_id": run_id }),
        Outcome::Older { run_id, as_of } => {
            json!({ "outcome": "older", "run_id": run_id, "published_as_of": time_text(*as_of) })
        }
        Outcome::Published(m) => of_manifest("published", m),
        Outcome::Stopped(m) => of_manifest("stopped", m),
        Outcome::Planned(m, _) => {
            let mut value = of_manifest("planned", m);
            value["changes"] = json!(changes);
            value
        }
    }
}

/// The summary of a run that failed: why, what to do, and the stages that were done.
fn failed(error: &Error, done: Option<&Manifest>) -> Value {
    let mut summary = match done {
        Some(manifest) => of_manifest("failed", manifest),
        None => json!({ "outcome": "failed", "stages": [] }),
    };
    summary["kind"] = json!(error.kind().name());
    summary["exit_code"] = json!(error.kind().exit_code());
    summary["message"] = json!(error.message());
    summary["hint"] = json!(error.remedy());
    summary
}

fn of_manifest(outcome: &str, manifest: &Manifest) -> Value {
    let stages: Vec<Value> = Stage::ALL
        .iter()
        .filter_map(|s| {
            let record = manifest.stages.get(s.name())?;
            let rows: serde_json::Map<String, Value> =
                record.outputs.iter().map(|(t, o)| (t.clone(), json!(o.rows()))).collect();
            let StageRecord { seconds, spilled, result, table_seconds, .. } = record;
            let notes = result.as_ref().map_or(json!({}), StageResult::summary);
            Some(json!({
                "stage": s.name(), "seconds": seconds, "spilled_bytes": spilled, "rows": rows,
                "table_seconds": table_seconds, "notes": notes
            }))
        })
        .collect();
    json!({ "outcome": outcome, "run_id": manifest.run_id, "previous": manifest.previous, "stages": stages })
}

fn report(outcome: &Outcome, pipeline: &Pipeline, changes: Option<Diff>) -> Result<String> {
    let lake = pipeline.lake.shown();
    Ok(match outcome {
        Outcome::NothingNew { run_id } => {
            format!("nothing new: inputs and configuration are those of run {run_id}, which is published in {lake}")
        }
        Outcome::Older { run_id, as_of } => {
            format!(
                "nothing done: run {run_id} as of {} is published in {lake}, and an older state is not published over it; --full does it all the same",
                time_text(*as_of)
            )
        }
        Outcome::Stopped(m) => format!("stopped as asked; run {} goes on from here when it is started again", m.run_id),
        Outcome::Planned(..) => format!(
            "{}\n\nnothing is published yet: `nayose run PIPELINE --publish-plan` publishes exactly this",
            changes.as_ref().map(diff_text).unwrap_or_default()
        ),
        Outcome::Published(m) => {
            let rows = |table: &Table| m.output(table.name).map_or(0, |o| o.rows());
            let (as_of, found) = (time_text(m.ingest()?.as_of), m.cluster()?);
            let profile = match m.golden() {
                Some(golden) if golden.alone > 0 && pipeline.profile.k == 0 => format!(
                    "\n  in the analyst's profile {} of {} customers are alone with their town, age band and sex: set `profile: {{ k: 5 }}`",
                    golden.alone, golden.customers
                ),
                _ => String::new(),
            };
            let told = told(m)?;
            // The table has the rows that were left out on purpose as well, and those that are there again.
            let again: u64 =
                m.golden().iter().flat_map(|g| &g.lines).map(|l| l.repeated + l.replaced + l.references).sum();
            let rejected = rows(&REJECT).saturating_sub(skipped(m)? + again);
            let nothing = m.score()?.trained.learned.as_ref().and_then(|learned| learned.nothing());
            let expected = match nothing {
                Some(nothing) => format!("precision and recall cannot be expected: {nothing}"),
                None => format!(
                    "expected at this threshold, by the model itself: precision {:.4}, recall {:.4} of the pairs that blocking brings",
                    found.expected.precision, found.expected.recall
                ),
            };
            format!(
                "published run {} in {lake}, as of {as_of}\n  {} records of {} customers in {} households; {} interactions; {rejected} rows rejected\n  {} links, {} cut by contradictions, {} pairs to review\n  {expected}{profile}{told}",
                m.run_id,
                rows(&SOURCE_RECORD),
                rows(&GOLDEN_CUSTOMER),
                found.households,
                rows(&INTERACTION),
                found.linked,
                found.cut,
                found.review,
            )
        }
    })
}

/// Share of an attribute's values beyond understanding from which the report names it: below it are the slips of every source.
const TOLD: f64 = 0.05;

/// Rows that were left out on purpose.
fn skipped(manifest: &Manifest) -> Result<u64> {
    Ok(manifest.ingest()?.files.iter().map(|file| file.skipped).sum())
}

/// Files that are named of those that have rows again.
const NAMED: usize = 3;

/// What is counted of a file's lines.
type Count = fn(&LineCounts) -> u64;

/// Which rows of facts do not count, and which count though they may be returns.
fn lines(manifest: &Manifest) -> String {
    let Some(golden) = manifest.golden() else { return String::new() };
    let mut text = String::new();
    let told: [(&str, Count); 3] = [
        ("rows of facts repeat a row, the same in everything", |l| l.repeated),
        ("rows of facts were replaced by those of a later file with the same event_id", |l| l.replaced),
        ("rows of references were replaced by a later row with the same key", |l| l.references),
    ];
    for (what, of) in told {
        let files: Vec<&LineCounts> = golden.lines.iter().filter(|l| of(l) > 0).collect();
        if files.is_empty() {
            continue;
        }
        let rows: u64 = files.iter().map(|l| of(l)).sum();
        let mut names: Vec<String> = files.iter().take(NAMED).map(|l| format!("{} {}", of(l), l.file)).collect();
        if files.len() > NAMED {
            names.push(format!("{} more files", files.len() - NAMED));
        }
        text += &format!("\n  {rows} {what}: {}", names.join(", "));
    }
    for Negative { channel, event_type, rows } in &golden.negative {
        text += &format!("\n  {rows} facts {event_type:?} of {channel} have an amount below zero, and count as such");
    }
    text.extend(golden.unmatched.iter().map(|unmatched| format!("\n  {unmatched}")));
    text
}

/// What was left out of the input, and what of it cannot be used.
fn told(manifest: &Manifest) -> Result<String> {
    let found = manifest.ingest()?;
    let skipped = skipped(manifest)?;
    let mut text = String::new();
    if skipped > 0 {
        text += &format!(
            "\n  {skipped} rows skipped: `select source, reason, count(*) from reject group by 1, 2` names the reasons"
        );
    }
    if let Some(reused) = manifest.normalize().map(|found| found.numbers_reused).filter(|reused| *reused > 0) {
        text += &format!(
            "\n  {reused} records have a number that somebody else had before; of that person they keep nothing: `record_id:reused` in source_record.problems"
        );
    }
    text += &told_of_model(manifest);
    text += &lines(manifest);
    for understood in found.understood.iter().filter(|u| u.share() >= TOLD) {
        text += &format!("\n  {understood}");
    }
    if let Some(marts) = manifest.marts() {
        let lines = chosen::left_out(&marts.marts_left_out, &marts.checks_left_out, &marts.segments_left_out);
        let told: Vec<String> = marts.told.iter().map(|told| told.en.clone()).collect();
        let segments = told_of_segments(&marts.segments);
        text.extend(lines.iter().chain(&told).chain(&segments).map(|line| format!("\n  {line}")));
    }
    Ok(text)
}

/// Segments that have no members, and mail lists that have none though their segments do.
fn told_of_segments(segments: &[SegmentResult]) -> Vec<String> {
    let named = |is_told: fn(&SegmentResult) -> bool| {
        segments.iter().filter(|of| is_told(of)).map(|of| of.segment.as_str()).collect::<Vec<_>>().join(", ")
    };
    let empty = named(|of| of.members == 0);
    let unreached = named(|of| of.members > 0 && of.listed == Some(0));
    let told = [("segments without members", empty), ("mail lists without anybody", unreached)];
    told.into_iter().filter(|(_, names)| !names.is_empty()).map(|(what, names)| format!("{what}: {names}")).collect()
}

/// Whether the model was trained, and why; what moved since it was.
fn told_of_model(manifest: &Manifest) -> String {
    let Ok(found) = manifest.score() else { return String::new() };
    let mut text = String::new();
    if let Some(UsedModel { on: Some(on), trained_because: Some(because), .. }) = &found.model {
        text += &format!("\n  the model was trained on {} records: {because}", on.records);
    }
    for what in found.drift.iter().flat_map(|drift| &drift.beyond) {
        text += &format!("\n  {what} since the model was trained");
    }
    text
}
