//! Runs the stages in order: materializes each table, holds it against its contract, commits, resumes, publishes.
//!
//! In: a checked pipeline and how this run goes. Out: published tables, or a reason why there is nothing to publish. The
//! runner is the only place that knows where tables lie; stages see tables and make plans.

mod check_tables;
mod dated;
mod decided;
pub(crate) mod desk;
mod erase;
mod erased_rows;
mod expected;
pub(crate) mod forecast;
mod guards;
pub(crate) mod inputs;
mod known;
mod ledger;
pub(crate) mod marts;
mod model;
mod names;
pub(crate) mod nearest;
mod pairs;
mod people;
mod planned;
mod publish;
mod ranges;
mod records;
pub(crate) mod renamed;
pub(crate) mod retention;
mod reuse;
pub(crate) mod rollback;
pub(crate) mod sample;
mod segments;
pub(crate) mod train;
pub(crate) mod vacuum;

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Instant;

use datafusion::prelude::{DataFrame, SessionContext};

use crate::config::Pipeline;
use crate::console::progress::Progress;
use crate::engine::session::{LEAST, Resources, in_order, replace_table, session};
use crate::engine::write::{self, Written};
use crate::error::{Error, Result};
use crate::lake::manifest::{Manifest, Output, StageRecord};
use crate::lake::results::StageResult;
use crate::lake::{ROOMS, WORK, definitions, delta, erasure, held, lock, plan, read, settings, snapshot};
use crate::stages::{Planned, Stage};
use crate::store::Location;
use crate::tables::contract::{RAW_EVENT, RAW_RECORD, RAW_REFERENCE, Table};
use crate::tables::copy::copy_columns;
use nayose_matching::block::Pairs;
use nayose_matching::identity::tombstone::Tombstones;
use nayose_matching::model::Packed;

/// How a run goes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    /// Do this stage and those after it anew.
    pub from: Option<Stage>,
    /// Stop after this stage; nothing is published.
    pub until: Option<Stage>,
    /// Time as of which the analyses hold. Where none is given, the newest time in the data, or that of the newest published run if that is
    /// later.
    pub as_of: Option<i64>,
    /// Run even where nothing changed.
    pub full: bool,
    /// End before publishing; the run is the plan of the lake then.
    pub plan: bool,
    /// Publish the plan of the lake, and nothing else.
    pub publish_plan: bool,
    /// Keep what every operator did.
    pub profile: bool,
    /// Files, sources and guards that are let in by name.
    pub admit: Vec<String>,
    /// Memory, threads, spill.
    pub resources: Resources,
    /// What the run has done so far, for who tells of one that fails.
    pub done: Arc<Mutex<Option<Manifest>>>,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub(crate) enum Outcome {
    /// Tables were published.
    Published(Box<Manifest>),
    /// Inputs and configuration are those of the newest published run.
    NothingNew {
        /// That run.
        run_id: String,
    },
    /// The newest published run is as of a later time than this one would be: an older state is not published over it.
    Older {
        /// That run.
        run_id: String,
        /// Its time, microseconds.
        as_of: i64,
    },
    /// The run stopped after the stage that was asked for.
    Stopped(Box<Manifest>),
    /// Everything is done but publishing, over this published run.
    Planned(Box<Manifest>, Option<Box<snapshot::PublishedRun>>),
}

/// Runs a pipeline.
///
/// # Errors
/// Every kind; nothing is published then, and what was published before is as it was.
pub(crate) async fn run(pipeline: &Pipeline, options: &Options, progress: &Progress) -> Result<Outcome> {
    if options.resources.memory < LEAST {
        return Err(Error::usage(format!("--memory {} MiB is too little", options.resources.memory >> 20))
            .hint(format!("give {} MiB or more", LEAST >> 20)));
    }
    let pipeline = &*desk::with_desk(pipeline).await?;
    let plan = planned::asked_for(pipeline, options).await?;
    let options = &planned::as_planned(options, plan.as_ref());
    marts::can_be_planned(pipeline).await?;
    let mut found = inputs::find(pipeline, options.as_of).await?;
    // A lake that cannot be read is said so before anything is written to it.
    snapshot::newest(&pipeline.lake).await?;
    retention::check_named(&pipeline.lake, &pipeline.keep, true).await?;
    let _lock = lock::Lock::take(&pipeline.lake, |text| progress.warn(text)).await?;
    ROOMS.iter().try_for_each(|room| pipeline.lake.join(room).remove_aside())?;
    let before = snapshot::newest(&pipeline.lake).await?;
    ledger::not_before(before.as_ref())?;
    if let Some(run) = before.as_ref().filter(|run| plan.as_ref().is_some_and(|plan| plan.run_id == run.run_id)) {
        // Who published it was killed before the plan was ended.
        plan::end(&pipeline.lake, &run.run_id).await?;
        return Ok(Outcome::NothingNew { run_id: run.run_id.clone() });
    }
    planned::follows(plan.as_ref(), before.as_ref())?;
    if let Some(run) = &before
        && options.as_of.is_some_and(|as_of| as_of < run.as_of)
        && !options.full
    {
        return Ok(Outcome::Older { run_id: run.run_id.clone(), as_of: run.as_of });
    }
    let known = known::inputs(&pipeline.lake).await?;
    let mut inputs = inputs::fingerprints(pipeline, &found, &known).await?;
    guards::admitted(pipeline, &inputs, &names::for_guards(pipeline, &options.admit)).await?;
    let held = held::read(&pipeline.lake, &pipeline.source_renames).await?;
    let work_before = renamed::work(pipeline, before.as_ref()).await;
    let inputs_before = work_before.as_ref().map_or(&[][..], |work| &work.inputs);
    let left_out = inputs::leave_out_held(pipeline, &mut found, &mut inputs, &held, inputs_before);
    guards::warn_of_held(&held::by_file(&left_out), progress);
    erasure::resume(&pipeline.lake).await?;
    let tombstones = erasure::tombstones(&pipeline.lake, false).await?;
    let tombstones = tombstones.map(|t| Arc::new(t.with_former(pipeline.renames.by_channel())));
    let erasure = erasure::under_way(&pipeline.lake).await?;
    let taught = model::taught(pipeline).await?;
    let digest = input_digest(pipeline, &inputs, options.as_of, tombstones.as_deref(), taught.as_deref());
    let run_id = run_id(&digest, before.as_ref().map(|b| b.run_id.as_str()), options.full);
    planned::holds(pipeline, plan.as_ref(), &run_id, &inputs).await?;
    if let Some(run) = &before
        && run.config_digest == digest
        && !options.full
        && options.from.is_none()
        && plan.is_none()
    {
        if let Some(erasure) = erasure {
            erase::finish(&pipeline.lake, run, erasure).await?;
        }
        return Ok(Outcome::NothingNew { run_id: run.run_id.clone() });
    }
    let work = work_of(pipeline, &run_id);
    // Stages of the published run can be kept where it had the same input and configuration.
    let published = before.as_ref().filter(|b| b.config_digest == digest && !options.full);
    if let Some(of_before) = &work_before
        && !options.full
    {
        names::same_pipeline(pipeline, of_before)?;
    }
    let stages = match (published, &work_before) {
        (Some(_), Some(work)) => work.stages.clone(),
        _ => Default::default(),
    };
    let manifest = match Manifest::load(&work).await? {
        Some(manifest) => manifest,
        None => {
            if let Some(run) = published {
                // What a stage writes anew is not taken over.
                let kept = [Stage::Score, Stage::Cluster].map(|stage| options.from.is_none_or(|from| from > stage));
                settings::carry_over(&work_of(pipeline, &run.run_id), &work, kept).await?;
            }
            let marts = pipeline.marts.iter().map(|mart| (mart.name.clone(), mart.sql.clone())).collect();
            definitions::save(&work, marts).await?;
            Manifest {
                run_id: run_id.clone(),
                previous: before.as_ref().map(|b| b.run_id.clone()),
                pipeline: pipeline.name.clone(),
                config_digest: digest.clone(),
                version: env!("CARGO_PKG_VERSION").to_string(),
                started_at: jiff::Timestamp::now().to_string(),
                inputs,
                stages,
            }
        }
    };
    if let Some(cluster) = &options.resources.cluster {
        cluster.ready().await?;
    }
    let context = session(&options.resources)?;
    if !manifest.stages.contains_key(Stage::Ingest.name()) {
        names::check(pipeline, &context, (before.as_ref(), work_before.as_ref()), &options.admit, progress).await?;
    }
    let (packed, pairs) = (OnceLock::new(), OnceLock::new());
    let mut run = Run {
        pipeline,
        options,
        progress,
        context,
        work,
        manifest,
        found,
        left_out,
        before,
        work_before,
        choice: None,
        packed,
        pairs,
        tombstones,
        erasure,
    };
    run.forget_from(options.from);
    for stage in Stage::ALL {
        run.stage(stage).await?;
        if options.until == Some(stage) {
            return Ok(Outcome::Stopped(Box::new(run.manifest)));
        }
    }
    if options.plan {
        run.keep_as_plan().await?;
        return Ok(Outcome::Planned(Box::new(run.manifest), run.before.map(Box::new)));
    }
    run.publish().await?;
    if let Err(e) = plan::end(&pipeline.lake, &run.manifest.run_id).await {
        progress.warn(&format!("the plan before this run was not removed: {}", e.message()));
    }
    Ok(Outcome::Published(Box::new(run.manifest)))
}

/// The work folder of a run.
pub(crate) fn work_of(pipeline: &Pipeline, run_id: &str) -> Location {
    pipeline.lake.join(WORK).join(run_id)
}

/// Digest of what decides the result: configuration, version, time, the content of every file.
fn input_digest(
    pipeline: &Pipeline,
    inputs: &[crate::lake::manifest::Input],
    as_of: Option<i64>,
    tombstones: Option<&Tombstones>,
    taught: Option<&str>,
) -> String {
    let mut hasher = blake3::Hasher::new();
    let mut part = |text: &str| {
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    };
    part(&pipeline.digest);
    part(env!("CARGO_PKG_VERSION"));
    part(&as_of.map(|t| t.to_string()).unwrap_or_default());
    if let Some(tombstones) = tombstones {
        part(&tombstones.lines());
    }
    if let Some(taught) = taught {
        part(taught);
    }
    for input in inputs {
        part(&input.source);
        part(&input.file);
        part(&input.fingerprint);
    }
    hasher.finalize().to_hex()[..32].to_string()
}

/// The id of a run comes from what it does and what was there before: a run that was stopped finds its work again.
fn run_id(digest: &str, previous: Option<&str>, full: bool) -> String {
    let text = format!("{digest} {} {full}", previous.unwrap_or_default());
    format!("r{}", &blake3::hash(text.as_bytes()).to_hex()[..16])
}

/// A run under way.
struct Run<'a> {
    pipeline: &'a Pipeline,
    options: &'a Options,
    progress: &'a Progress,
    context: SessionContext,
    work: Location,
    manifest: Manifest,
    found: Vec<crate::stages::ingest::SourceFiles>,
    /// Files that are held and not read.
    left_out: Vec<held::Held>,
    before: Option<snapshot::PublishedRun>,
    /// What that run left in its work folder.
    work_before: Option<Manifest>,
    /// The model, once `score` begins.
    choice: Option<model::Choice>,
    /// The features of all records, from scoring to clustering.
    packed: OnceLock<Arc<Packed>>,
    /// The blocks that are compared, until their pairs are scored.
    pairs: OnceLock<Arc<Pairs>>,
    /// The records that may not come back.
    tombstones: Option<Arc<Tombstones>>,
    /// The erasure that this run finishes.
    erasure: Option<erasure::Erasure>,
}

impl Run<'_> {
    /// Forgets a stage and all after it.
    fn forget_from(&mut self, from: Option<Stage>) {
        if let Some(from) = from {
            for stage in Stage::ALL.into_iter().filter(|s| *s >= from) {
                self.manifest.stages.remove(stage.name());
            }
        }
    }

    /// Does a stage, or finds it done.
    async fn stage(&mut self, stage: Stage) -> Result<()> {
        if let Some(done) = self.manifest.stages.get(stage.name()) {
            let rows: Vec<(String, u64)> = done.outputs.iter().map(|(t, o)| (t.clone(), o.rows())).collect();
            self.progress.end(stage.name(), &rows, done.seconds, true);
            return Ok(());
        }
        if stage == Stage::Score {
            self.choice = Some(self.choose_model().await?);
        }
        let started = Instant::now();
        let mut record = StageRecord { basis: self.basis(stage), ..StageRecord::default() };
        if let Some(kept) = record.basis.as_ref().and_then(|basis| self.unchanged(stage, basis)) {
            return self.keep(stage, kept).await;
        }
        match stage {
            Stage::Ingest => self.ingest(&mut record).await?,
            Stage::Normalize => self.normalize(&mut record).await?,
            Stage::Block => self.block(&mut record).await?,
            Stage::Score => self.score(&mut record).await?,
            Stage::Cluster => {
                self.pairs = OnceLock::new();
                self.cluster(&mut record).await?;
            }
            Stage::Golden => {
                self.packed = OnceLock::new();
                self.golden(&mut record).await?;
            }
            Stage::Marts => self.marts(&mut record).await?,
        }
        record.seconds = started.elapsed().as_secs_f64();
        self.done(stage, record, false).await
    }

    /// Takes over a stage of the run before.
    async fn keep(&mut self, stage: Stage, mut kept: StageRecord) -> Result<()> {
        match stage {
            Stage::Ingest => {
                self.register(&[&RAW_RECORD, &RAW_EVENT, &RAW_REFERENCE], &kept).await?;
                let newest = records::newest(&self.reasons().await?);
                let Some(StageResult::Ingest(found)) = &mut kept.result else {
                    return Err(Error::bug("a stage was kept without what it found"));
                };
                (found.as_of, found.newest) = (self.data_time(&newest), newest);
                found.figures.settings = self.settings_digest();
            }
            Stage::Score => {
                if let Some(StageResult::Score(found)) = &mut kept.result {
                    found.is_kept();
                }
                self.keep_model_of_before().await?;
            }
            _ => {}
        }
        self.done(stage, kept, true).await
    }

    /// Notes that a stage is done.
    async fn done(&mut self, stage: Stage, record: StageRecord, kept: bool) -> Result<()> {
        let rows: Vec<(String, u64)> = record.outputs.iter().map(|(t, o)| (t.clone(), o.rows())).collect();
        self.progress.end(stage.name(), &rows, record.seconds, kept);
        self.manifest.stages.insert(stage.name().to_string(), record);
        nayose_allocator::give_back();
        if let Ok(mut done) = self.options.done.lock() {
            *done = Some(self.manifest.clone());
        }
        self.manifest.save(&self.work).await
    }

    /// Materializes a table below the run's work folder, or below the published tables' folder. Answers the columns in whose order its
    /// rows come.
    async fn put(
        &self,
        stage: Stage,
        planned: Planned,
        published: bool,
        expected: Option<u64>,
        record: &mut StageRecord,
    ) -> Result<Vec<String>> {
        let name = planned.table.name;
        let folder = if published {
            delta::folder_of(name)
        } else {
            format!("{WORK}/{}/{}/{name}", self.manifest.run_id, stage.name())
        };
        let place = self.pipeline.lake.join(&folder);
        self.progress.begin(stage.name(), name, Some(expected.unwrap_or_else(|| self.expected(&planned.table))));
        let started = Instant::now();
        let seen = |rows| self.progress.rows(rows);
        let Written { parts, operators, order } =
            write::write(planned.plan, &planned.table, planned.order, &place, &seen).await?;
        *record.table_seconds.entry(name.to_string()).or_default() += started.elapsed().as_secs_f64();
        record.outputs.insert(name.to_string(), Output { folder, parts });
        record.spilled += operators.iter().map(|o| o.spilled).sum::<u64>();
        if self.options.profile {
            record.operators.extend(operators);
        }
        Ok(order)
    }

    /// Publishes a table that has some of the columns of a work table, row for row.
    async fn put_columns(&self, stage: Stage, of: &Table, table: &Table, record: &mut StageRecord) -> Result<()> {
        let of = self.output(of, record)?;
        let (lake, folder) = (&self.pipeline.lake, delta::folder_of(table.name));
        self.progress.begin(stage.name(), table.name, Some(of.rows()));
        let started = Instant::now();
        let from = (&lake.join(&of.folder), of.parts.as_slice());
        let parts = copy_columns(from, table, &lake.join(&folder), &|rows| self.progress.rows(rows)).await?;
        record.table_seconds.insert(table.name.to_string(), started.elapsed().as_secs_f64());
        record.outputs.insert(table.name.to_string(), Output { folder, parts });
        Ok(())
    }

    /// The files of a table that an earlier stage wrote, or this one.
    fn output<'a>(&'a self, table: &Table, now: &'a StageRecord) -> Result<&'a Output> {
        let output = now.outputs.get(table.name).or_else(|| self.manifest.output(table.name));
        output.ok_or_else(|| Error::bug(format!("table {} was not written yet", table.name)))
    }

    /// A table that an earlier stage wrote, or this one.
    async fn table(&self, table: &Table, now: &StageRecord) -> Result<DataFrame> {
        read::table(&self.context, &self.pipeline.lake, self.output(table, now)?, table.schema()).await
    }

    /// The same, with its rows in their order; read in this process.
    async fn table_in_order(&self, table: &Table, now: &StageRecord) -> Result<DataFrame> {
        read::table(&in_order(&self.context), &self.pipeline.lake, self.output(table, now)?, table.schema()).await
    }

    /// Registers tables with the session, by their names.
    async fn register(&self, tables: &[&Table], now: &StageRecord) -> Result<()> {
        for table in tables {
            let rows = self.table(table, now).await?;
            replace_table(&self.context, table.name, rows)?;
        }
        Ok(())
    }
}
