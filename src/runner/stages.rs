//! How each stage gets its tables and where its own go.

use std::collections::HashSet;
use std::sync::Arc;

use datafusion::arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch};
use datafusion::arrow::datatypes::{Int64Type, TimestampMicrosecondType};
use datafusion::datasource::MemTable;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;
use serde_json::json;

use super::{Run, add, erase, forecast, in_order, snapshot, work_of};
use crate::config::Attribute;
use crate::config::check_model::with_parameters;
use crate::config::decisions::Decision;
use crate::config::file::{LimitsFile, ThresholdsFile};
use crate::contract::{
    BLOCK, CANDIDATE_PAIR, GOLDEN_CUSTOMER, GOLDEN_RECORD, ID_EVENT, ID_MAP, IDENTITY, INTERACTION, RAW_EVENT,
    RAW_RECORD, REJECT, SCORED_PAIR, SOURCE_RECORD, STANDARD_RECORD, Table, col,
};
use crate::error::{Error, Result};
use crate::functions::pack::pack;
use crate::functions::records::Records;
use crate::functions::text;
use crate::manifest::{Output, StageRecord};
use crate::model::bits::Bits;
use crate::model::em::Dependence;
use crate::model::score::Scorer;
use crate::model::{Packed, Parameters};
use crate::record::Standardizer;
use crate::stages::cluster::ids::{Causes, Earlier, decided_anew, event_table, rows_to_look_at};
use crate::stages::cluster::{Given, Keys, Links};
use crate::stages::{Planned, Stage, block, cluster, golden, ingest, normalize, score};

/// Rows per file by source, as `raw_record` or `raw_event` has them.
const COUNTS: &str = "
select source, file, count(*) as rows, count(nullif(reject_reason, 'erased')) as rejects from raw_record group by source, file
union all
select source, file, count(*) as rows, count(nullif(reject_reason, 'erased')) as rejects from raw_event group by source, file";

/// Rows with other values than before.
const CHANGED: &str = "
select n.row from asked a join standard_now n on a.row = n.row
join standard_before b on b.channel = n.channel and b.record_id = n.record_id
where n.versions <> b.versions or n.history is distinct from b.history";

/// The newest time in the data that is not in the future.
const NEWEST: &str = "
select max(t) as newest from (
    select observed_at as t from raw_record
    union all select registered_at from raw_record
    union all select occurred_at from raw_event
) where t <= now()";

impl Run<'_> {
    pub(super) async fn ingest(&self, record: &mut StageRecord) -> Result<()> {
        let (fresh, kept) = self.to_read(record.basis.as_ref());
        for mut planned in ingest::plan(&self.context, self.pipeline, &fresh)? {
            if let Some(tombstones) = &self.tombstones {
                planned.plan = erase::left_out(planned.plan, &planned.table, tombstones)?;
            }
            self.put_raw(planned, record).await?;
        }
        self.know(&[&RAW_RECORD, &RAW_EVENT], record).await?;
        let counts = self.file_counts(&kept).await?;
        self.check_counts(&counts)?;
        record.notes.insert("files".into(), json!(counts));
        // Two sources may read one file.
        let read: HashSet<&str> = fresh.iter().flat_map(|of| &of.files).map(|file| file.name.as_str()).collect();
        record.notes.insert("files_read".into(), json!(read.len()));
        self.note_as_of(record).await
    }

    /// Notes the time as of which the analyses hold. The session knows the raw tables.
    pub(super) async fn note_as_of(&self, record: &mut StageRecord) -> Result<()> {
        let as_of = match self.options.as_of {
            Some(as_of) => as_of,
            None => self.newest().await?,
        };
        record.notes.insert("as_of".into(), json!(as_of));
        Ok(())
    }

    /// The rows that reached the tables, by source and file, with the rows that the reader saw: now, or when it read the file.
    async fn file_counts(&self, kept: &[FileCounts]) -> Result<Vec<FileCounts>> {
        let mut found = Vec::new();
        for batch in self.context.sql(COUNTS).await?.collect().await? {
            for row in 0..batch.num_rows() {
                found.push(counts_of(&batch, row));
            }
        }
        let mut all = Vec::new();
        for files in &self.found {
            let source = &self.pipeline.sources[files.source].name;
            for file in &files.files {
                let of_file = |c: &&FileCounts| &c.source == source && c.file == file.name;
                let delivered = found.iter().find(of_file);
                let read = match kept.iter().find(of_file) {
                    Some(kept) => kept.read,
                    None => file.count.rows(),
                };
                all.push(FileCounts {
                    source: source.clone(),
                    file: file.name.clone(),
                    rows: delivered.map_or(0, |c| c.rows),
                    rejects: delivered.map_or(0, |c| c.rejects),
                    read,
                });
            }
        }
        Ok(all)
    }

    /// Rows in = records + rejects for every file; not too many rejects; no source without rows.
    fn check_counts(&self, counts: &[FileCounts]) -> Result<()> {
        if let Some(c) = counts.iter().find(|c| c.rows != c.read) {
            return Err(Error::bug(format!(
                "{} of source {:?} has {} rows, but {} arrived",
                c.file, c.source, c.read, c.rows
            )));
        }
        for source in &self.pipeline.sources {
            let of: Vec<&FileCounts> = counts.iter().filter(|c| c.source == source.name).collect();
            let (rows, rejects) = of.iter().fold((0, 0), |(rows, rejects), c| (rows + c.rows, rejects + c.rejects));
            if rows == 0 && !source.may_be_empty {
                return Err(Error::data(format!("source {:?} has no rows in {} files", source.name, of.len()))
                    .hint("send the files again; set may_be_empty: true if that is right"));
            }
            let limit = self.pipeline.limits.reject_share;
            if rejects as f64 > limit * rows as f64 {
                let worst = of.iter().max_by_key(|c| c.rejects).map(|c| c.file.as_str()).unwrap_or_default();
                return Err(Error::data(format!(
                    "source {:?}: {rejects} of {rows} rows cannot be read, more than limits.reject_share = {limit}; most in {worst}",
                    source.name
                ))
                .hint(format!("check `encoding`, `format` and `columns` of the source; the reasons are in the work folder {}", self.work.join("ingest").shown())));
            }
        }
        Ok(())
    }

    async fn newest(&self) -> Result<i64> {
        let batches = self.context.sql(NEWEST).await?.collect().await?;
        let time = batches.iter().find_map(|b| {
            let times = b.column(0).as_primitive_opt::<TimestampMicrosecondType>()?;
            (times.len() == 1 && times.is_valid(0)).then(|| times.value(0))
        });
        // Data without any time is as of its beginning: the same on every run.
        Ok(time.unwrap_or(0))
    }

    pub(super) fn as_of(&self) -> i64 {
        self.note(Stage::Ingest, "as_of").and_then(|v| v.as_i64()).unwrap_or(0)
    }

    pub(super) async fn normalize(&self, record: &mut StageRecord) -> Result<()> {
        let raw = self.table(&RAW_RECORD, record).await?;
        let standardizer = Arc::new(Standardizer::new(&self.pipeline.attributes, &self.pipeline.model));
        let before = self.standard_before(&raw, record.basis.as_ref()).await?;
        let executors = self.options.resources.cluster.is_some();
        for planned in normalize::plan(raw, before, standardizer, executors)? {
            self.put(Stage::Normalize, planned, false, None, record).await?;
        }
        Ok(())
    }

    pub(super) async fn block(&self, record: &mut StageRecord) -> Result<()> {
        let model = &self.pipeline.model;
        let standard = self.table(&STANDARD_RECORD, record).await?;
        for planned in block::blocks(standard, model)? {
            self.put(Stage::Block, planned, false, None, record).await?;
        }
        self.know(&[&STANDARD_RECORD, &BLOCK], record).await?;
        let size = self.pipeline.limits.block_size;
        block::refine(&self.context, model, size).await?;
        let records = self.manifest.output(STANDARD_RECORD.name).map_or(0, Output::rows);
        let rules = block::forecast(&self.context, model).await?;
        let outputs = self.manifest.stages.values().flat_map(|stage| stage.outputs.values());
        let written = outputs.flat_map(|output| &output.parts).map(|part| part.bytes).sum();
        let forecast = forecast::of(records, written, &rules);
        record.notes.insert("forecast".into(), json!(forecast));
        let free = self.pipeline.lake.free_bytes();
        forecast.refuse_over(self.options.resources.memory as u64, free, &model.rules, &rules)?;
        for planned in block::pairs(&self.context).await? {
            self.put(Stage::Block, planned, false, None, record).await?;
        }
        self.know(&[&CANDIDATE_PAIR], record).await?;
        let notes = block::notes(&self.context, model, size).await?;
        if let Some(left_out) = notes.get("blocks_left_out").and_then(|v| v.as_object()) {
            for (rule, size) in left_out {
                self.progress.warn(&format!(
                    "blocking rule {rule:?}: {} blocks of up to {} records are over limits.block_size and were left out; add `refine` keys to the rule",
                    size["blocks"], size["largest"]
                ));
            }
        }
        add(record, notes);
        Ok(())
    }

    /// The features of all records.
    async fn packed(&self, record: &StageRecord) -> Result<Arc<Packed>> {
        if let Some(packed) = self.packed.get() {
            return Ok(packed.clone());
        }
        let standard = self.table_in_order(&STANDARD_RECORD, record).await?;
        let packed = Arc::new(pack(standard, &self.pipeline.model).await?);
        Ok(self.packed.get_or_init(|| packed).clone())
    }

    pub(super) async fn score(&self, record: &mut StageRecord) -> Result<()> {
        let model = &self.pipeline.model;
        let packed = self.packed(record).await?;
        let records = Arc::new(match self.options.resources.cluster {
            Some(_) => Records::shared(packed, &self.work).await?,
            None => Records::here(packed),
        });
        let pairs = self.table(&CANDIDATE_PAIR, record).await?;
        let digest = self.manifest.config_digest.clone();
        let block_size = self.pipeline.limits.block_size;
        let (parameters, notes) = score::learn(pairs.clone(), model, &records, block_size, digest).await?;
        if notes["trained"]["converged"] == json!(false) {
            self.progress.warn("the model did not converge; raise training.steps in the model file");
        }
        if let Ok(found) = serde_json::from_value::<Dependence>(notes["trained"]["dependence"].clone()) {
            self.progress.warn(&found.warning());
        }
        add(record, notes);
        record.notes.insert("parameter_bits".into(), json!(Bits::from(&parameters)));
        self.keep_model(&parameters).await?;
        let floor = self.pipeline.thresholds.review.min(HOUSEHOLD_FLOOR);
        let expected = self.manifest.output(CANDIDATE_PAIR.name).map(|o| o.rows());
        for planned in score::plan(pairs, model, parameters, &records, floor)? {
            self.put(Stage::Score, planned, false, expected, record).await?;
        }
        records.forget().await
    }

    /// Keeps the model with what was learned, so that `explain` can weigh any pair, and so that it can be used again.
    async fn keep_model(&self, parameters: &Parameters) -> Result<()> {
        let file = with_parameters(&self.pipeline.model_file, &self.pipeline.model, parameters);
        let yaml =
            serde_saphyr::to_string(&file).map_err(|e| Error::bug(format!("the model cannot be written: {e}")))?;
        self.work.join(MODEL_FILE).write(yaml.into_bytes()).await
    }

    /// The model of the run before is that of this one.
    pub(super) async fn keep_model_of_before(&self) -> Result<()> {
        let before = self.before.as_ref().ok_or_else(|| Error::bug("a stage was kept of no run"))?;
        let yaml = work_of(self.pipeline, &before.run_id).join(MODEL_FILE).read().await?;
        self.work.join(MODEL_FILE).write(yaml).await
    }

    /// Keeps what `explain` and the next run want to know of the pipeline file.
    async fn keep_settings(&self) -> Result<()> {
        let kept = Kept {
            attributes: self.pipeline.attributes.clone(),
            thresholds: self.pipeline.thresholds.clone(),
            limits: self.pipeline.limits.clone(),
            decisions: self.pipeline.decisions.clone(),
        };
        let json =
            serde_json::to_vec_pretty(&kept).map_err(|e| Error::bug(format!("the settings cannot be written: {e}")))?;
        self.work.join(SETTINGS_FILE).write(json).await
    }

    pub(super) async fn cluster(&self, record: &mut StageRecord) -> Result<()> {
        self.keep_settings().await?;
        let packed = self.packed(record).await?;
        let parameters = self
            .note(Stage::Score, "parameter_bits")
            .and_then(|bits| serde_json::from_value::<Bits>(bits.clone()).ok())
            .map(Parameters::from)
            .ok_or_else(|| Error::bug("the model's parameters were not kept"))?;
        let scorer = Scorer::new(self.pipeline.model.clone(), packed, &parameters);
        let keys = Keys::read(self.table_in_order(&STANDARD_RECORD, record).await?).await?;
        let links = Links::read(self.table_in_order(&SCORED_PAIR, record).await?).await?;
        let run_id = &self.manifest.run_id;
        let earlier = Earlier::read(self.previous(&ID_MAP).await?, &keys, self.tombstones.as_deref()).await?;
        let given = Given { keys: &keys, links: &links, scorer: &scorer, earlier: &earlier };
        let (mut tables, events, notes) = cluster::plan(&self.context, &given, self.pipeline, self.as_of(), run_id)?;
        let before = self.previous_settings().await?.map(|kept| kept.decisions).unwrap_or_default();
        let causes = Causes {
            earlier: &earlier,
            decided: decided_anew(&keys, &before, &self.pipeline.decisions),
            changed: self.changed(&rows_to_look_at(&events), record).await?,
        };
        let events = event_table(&keys, &events, &causes, self.as_of(), run_id)?;
        let events = self.with_earlier(&ID_EVENT, self.context.read_batch(events)?, col::CUSTOMER_ID).await?;
        tables.push(Planned::sorted(&ID_EVENT, events));
        if let Some(unknown) = notes.get("decisions_without_record").and_then(|v| v.as_u64()).filter(|n| *n > 0) {
            self.progress.warn(&format!("{unknown} decisions name a record that is not in the input"));
        }
        for planned in tables {
            let published = planned.table.name != IDENTITY.name;
            self.put(Stage::Cluster, planned, published, None, record).await?;
        }
        add(record, notes);
        Ok(())
    }

    pub(super) async fn golden(&self, record: &mut StageRecord) -> Result<()> {
        self.know(&[&STANDARD_RECORD, &IDENTITY, &RAW_RECORD, &RAW_EVENT], record).await?;
        self.context.deregister_table("previous_id_map")?;
        let mut previous = self.previous(&ID_MAP).await?;
        if let Some(tombstones) = &self.tombstones {
            previous = erase::left_out(previous, &ID_MAP, tombstones)?;
            if self.options.resources.cluster.is_some() {
                // The key of the tombstones stays in this process, and so do these rows.
                let here = DataFrame::new(in_order(&self.context).state(), previous.logical_plan().clone());
                let rows = MemTable::try_new(ID_MAP.schema(), vec![here.collect().await?])?;
                previous = self.context.read_table(Arc::new(rows))?;
            }
        }
        self.context.register_table("previous_id_map", previous.into_view())?;
        let executors = self.options.resources.cluster.is_some();
        for planned in golden::records(&self.context, self.pipeline, executors).await? {
            self.put(Stage::Golden, planned, false, None, record).await?;
        }
        self.put_columns(Stage::Golden, &GOLDEN_RECORD, &GOLDEN_CUSTOMER, record).await?;
        self.put_columns(Stage::Golden, &STANDARD_RECORD, &SOURCE_RECORD, record).await?;
        let provenance = golden::provenance(self.table_in_order(&GOLDEN_RECORD, record).await?)?;
        self.put(Stage::Golden, provenance, true, None, record).await?;
        for planned in golden::tables(&self.context, self.as_of(), &self.manifest.run_id).await? {
            self.put(Stage::Golden, planned, true, None, record).await?;
        }
        self.check_nothing_lost(record)
    }

    /// Rows in = rows of the records + interactions + rejects.
    fn check_nothing_lost(&self, record: &StageRecord) -> Result<()> {
        let rows = |table: &Table| {
            record.outputs.get(table.name).or_else(|| self.manifest.output(table.name)).map_or(0, |o| o.rows())
        };
        let facts = rows(&RAW_EVENT);
        if facts < rows(&INTERACTION) || rows(&INTERACTION) + rows(&REJECT) < facts {
            return Err(Error::bug(format!(
                "{facts} fact rows came in, but {} interactions and {} rejects went out",
                rows(&INTERACTION),
                rows(&REJECT)
            )));
        }
        Ok(())
    }

    /// A table as the run before published it; no rows before the first run.
    async fn previous(&self, table: &Table) -> Result<DataFrame> {
        let rows = match &self.before {
            Some(run) => snapshot::table(&self.context, &self.pipeline.lake, run, table.name).await?,
            None => None,
        };
        match rows {
            Some(rows) => Ok(rows),
            None => Ok(self.context.read_batch(RecordBatch::new_empty(snapshot::plain_schema(table)))?),
        }
    }

    /// The rows of a table that grows: those of this run alone, which are added; where somebody is erased, all rows but those
    /// of the customer, whose id is in `column`, so that they replace the table.
    pub(super) async fn with_earlier(&self, table: &Table, rows: DataFrame, column: &str) -> Result<DataFrame> {
        let Some(erasure) = &self.erasure else { return Ok(rows) };
        let earlier = self.previous(table).await?;
        let earlier = earlier.filter(ident(column).not_eq(lit(erasure.customer_id.as_str())))?;
        let mut all: Vec<RecordBatch> = Vec::new();
        for batch in earlier.collect().await?.into_iter().chain(rows.collect().await?) {
            all.push(RecordBatch::try_new(table.schema(), batch.columns().to_vec())?);
        }
        let all = self.context.read_table(Arc::new(MemTable::try_new(table.schema(), vec![all])?))?;
        Ok(all.sort(table.key.iter().map(|k| ident(*k).sort(true, false)).collect())?)
    }

    /// What the run before kept of its pipeline file.
    async fn previous_settings(&self) -> Result<Option<Kept>> {
        let Some(run) = &self.before else { return Ok(None) };
        let settings = work_of(self.pipeline, &run.run_id).join(SETTINGS_FILE).read_if_exists().await?;
        Ok(settings.and_then(|json| serde_json::from_slice(&json).ok()))
    }

    /// Which of these rows have other values than in the run before.
    async fn changed(&self, rows: &[u32], record: &StageRecord) -> Result<HashSet<u32>> {
        if rows.is_empty() {
            return Ok(HashSet::new());
        }
        let asked = Int64Array::from_iter_values(rows.iter().map(|row| i64::from(*row)));
        let asked = RecordBatch::try_from_iter([(col::ROW, Arc::new(asked) as ArrayRef)])?;
        let standard = self.table(&STANDARD_RECORD, record).await?;
        let previous = self.previous(&SOURCE_RECORD).await?;
        for (name, rows) in
            [("asked", self.context.read_batch(asked)?), ("standard_now", standard), ("standard_before", previous)]
        {
            self.context.deregister_table(name)?;
            self.context.register_table(name, rows.into_view())?;
        }
        let mut changed = HashSet::new();
        for batch in self.context.sql(CHANGED).await?.collect().await? {
            changed.extend(text::longs(batch.column(0))?.values().iter().map(|row| *row as u32));
        }
        Ok(changed)
    }
}

/// The model with what was learned, in the work folder.
pub const MODEL_FILE: &str = "model.yaml";

/// What else `explain` needs of the pipeline file, in the work folder.
pub const SETTINGS_FILE: &str = "settings.json";

/// The content of [`SETTINGS_FILE`].
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Kept {
    /// The declared attributes.
    pub attributes: Vec<Attribute>,
    /// The thresholds.
    pub thresholds: ThresholdsFile,
    /// The limits.
    pub limits: LimitsFile,
    /// The decisions of people.
    #[serde(default)]
    pub decisions: Vec<Decision>,
}

/// Pairs from here on are kept for households.
const HOUSEHOLD_FLOOR: f64 = 0.5;

/// Rows of a file.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub(super) struct FileCounts {
    pub(super) source: String,
    pub(super) file: String,
    pub(super) rows: u64,
    pub(super) rejects: u64,
    /// Rows that the reader saw.
    pub(super) read: u64,
}

fn counts_of(batch: &RecordBatch, row: usize) -> FileCounts {
    let text = |c: usize| batch.column(c).as_string::<i32>().value(row).to_string();
    let number = |c: usize| batch.column(c).as_primitive::<Int64Type>().value(row) as u64;
    FileCounts { source: text(0), file: text(1), rows: number(2), rejects: number(3), read: number(2) }
}
