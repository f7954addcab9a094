//! The stages `cluster` and `golden`: probabilities to people, people to golden records with everything that they did.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch};
use arrow::compute::concat_batches;
use datafusion::datasource::MemTable;
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;

use super::{Run, erase, renamed, work_of};
use crate::config::Need;
use crate::engine::session::{in_order, replace_table};
use crate::error::{Error, Kind, Result};
use crate::functions::pseudonym::age_band;
use crate::lake::manifest::StageRecord;
use crate::lake::results::{GoldenResult, StageResult, Unmatched};
use crate::lake::settings::RunSettings;
use crate::lake::snapshot;
use crate::stages::cluster::ids::{Causes, Earlier, event_table, rows_to_look_at};
use crate::stages::cluster::{ClusterInput, Clustered, Keys, Links, before, decisions, flips};
use crate::stages::golden::{anonymity, lines, unmatched};
use crate::stages::{Planned, Stage, cluster, golden};
use crate::tables::columns;
use crate::tables::contract::{
    CONSENT_BY_RECORD, GOLDEN_CUSTOMER, GOLDEN_RECORD, ID_EVENT, ID_MAP, IDENTITY, IDENTITY_AT_THRESHOLD, INTERACTION,
    LEDGER, RAW_EVENT, RAW_RECORD, RAW_REFERENCE, REFERENCE_TABLES, REJECT, SCORED_PAIR, SOURCE_RECORD,
    STANDARD_RECORD, Table, col,
};
use nayose_matching::identity::alias::Aliases;
use nayose_matching::identity::bounds::Bounds;
use nayose_matching::model::Parameters;
use nayose_matching::model::score::Scorer;

/// Rows with other values than before.
const CHANGED: &str = "
select n.row from asked a join standard_now n on a.row = n.row
join standard_before b on b.channel = n.channel and b.record_id = n.record_id
where n.versions <> b.versions or n.history is distinct from b.history";

/// Facts from which it is no chance that none of them has a customer.
const FEWEST_FACTS: i64 = 20;

impl Run<'_> {
    pub(super) async fn cluster(&self, record: &mut StageRecord) -> Result<()> {
        let settings = RunSettings {
            attributes: self.pipeline.attributes.clone(),
            thresholds: self.pipeline.thresholds.clone(),
            limits: self.pipeline.limits.clone(),
            four_eyes: self.pipeline.four_eyes,
        };
        settings.save(&self.work).await?;
        let packed = self.packed(record).await?;
        let parameters = Parameters::from(self.manifest.score()?.parameter_bits.clone());
        let scorer = Arc::new(Scorer::new(self.pipeline.model.clone(), packed, &parameters));
        let keys = Arc::new(Keys::read(self.table_in_order(&STANDARD_RECORD, record).await?).await?);
        let mut links = Links::read(self.table_in_order(&SCORED_PAIR, record).await?).await?;
        let before = self.previous_settings().await?;
        let given_anew = cluster::given_anew(&keys, self.previous(&SOURCE_RECORD).await?).await?;
        let bounds = self.bounds(&keys, &given_anew, before.as_ref()).await?;
        links.add_held(&bounds, &scorer);
        let links = Arc::new(links);
        let run_id = &self.manifest.run_id;
        let aliases = match &self.before {
            Some(run) => snapshot::aliases(&in_order(&self.context), &self.pipeline.lake, run).await?,
            None => Aliases::default(),
        };
        let map = self.previous(&ID_MAP).await?;
        renamed::are_records(map.clone(), &self.pipeline.renames).await?;
        let earlier = Earlier::read(map, &aliases, &keys, &given_anew, self.tombstones.as_deref()).await?;
        let (as_of, recorded) = (self.as_of()?, self.recorded_decisions().await?);
        let decisions = self.decisions_that_hold(&recorded)?;
        let kept_apart = self.kept_apart();
        let input = ClusterInput {
            keys: &keys,
            links: &links,
            scorer: &scorer,
            earlier: &earlier,
            bounds: &bounds,
            decisions: &decisions,
            kept_apart: kept_apart.as_deref(),
        };
        let clustered = cluster::plan(&self.context, &input, self.pipeline, run_id)?;
        let Clustered { mut tables, events, mut found, kept_apart } = clustered;
        let changes = self.changes_of_decisions(&recorded, &keys, &kept_apart)?;
        let thresholds = before.as_ref().is_some_and(|before| before.thresholds != self.pipeline.thresholds);
        let causes = Causes {
            earlier: &earlier,
            decided: decisions::causes(&keys, &changes),
            changed: self.changed(&rows_to_look_at(&events), record).await?,
            thresholds,
        };
        let rows = event_table(&keys, &events, &causes, as_of, run_id)?;
        drop(events);
        for event in columns::strings(rows.column(2))?.iter().flatten() {
            *found.events.entry(event.to_string()).or_default() += 1;
        }
        found.flips = flips::count(&rows, self.previous(&ID_EVENT).await?).await?;
        let rows = self.with_earlier(&ID_EVENT, self.context.read_batch(rows)?).await?;
        tables.push(Planned::sorted(&ID_EVENT, rows));
        tables.push(self.decision_rows(&recorded, &changes, &keys, &mut found, record).await?);
        for planned in tables {
            let published = ![IDENTITY.name, IDENTITY_AT_THRESHOLD.name].contains(&planned.table.name);
            self.put(Stage::Cluster, planned, published, None, record).await?;
        }
        record.result = Some(StageResult::Cluster(found));
        Ok(())
    }

    pub(super) async fn golden(&self, record: &mut StageRecord) -> Result<()> {
        self.register(&[&STANDARD_RECORD, &IDENTITY, &RAW_RECORD, &RAW_EVENT, &RAW_REFERENCE], record).await?;
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
        replace_table(&self.context, "previous_id_map", previous)?;
        let executors = self.options.resources.cluster.is_some();
        for planned in golden::records(&self.context, self.pipeline, executors).await? {
            self.put(Stage::Golden, planned, false, None, record).await?;
        }
        self.put_columns(Stage::Golden, &GOLDEN_RECORD, &GOLDEN_CUSTOMER, record).await?;
        self.put_columns(Stage::Golden, &STANDARD_RECORD, &SOURCE_RECORD, record).await?;
        let provenance = golden::provenance(self.table_in_order(&GOLDEN_RECORD, record).await?)?;
        self.put(Stage::Golden, provenance, true, None, record).await?;
        let given_anew = self.register_holders().await?;
        let customers = if executors || given_anew { None } else { Some(self.customers(record).await?) };
        let as_of = self.as_of()?;
        let statements = golden::consent::by_record(&self.context, self.pipeline, as_of).await?;
        self.put(Stage::Golden, statements, false, None, record).await?;
        self.register(&[&CONSENT_BY_RECORD], record).await?;
        for planned in golden::tables(&self.context, self.pipeline, as_of, self.number(), given_anew, customers).await?
        {
            self.put(Stage::Golden, planned, true, None, record).await?;
        }
        record.result = Some(StageResult::Golden(GoldenResult {
            lines: lines::counts(self.table(&REJECT, record).await?).await?,
            negative: lines::negative(self.table(&INTERACTION, record).await?).await?,
            unmatched: self.unmatched(record).await?,
            ..self.anonymity(record).await?
        }));
        self.check_facts_have_customers(record).await?;
        self.check_nothing_lost(record)
    }

    /// Codes that facts and the tables that sources fill do not share.
    async fn unmatched(&self, record: &StageRecord) -> Result<Vec<Unmatched>> {
        let mut found = Vec::new();
        let is_filled = |table: &&Table| self.pipeline.maps(&Need::Table(table.name.into()));
        for table in REFERENCE_TABLES.into_iter().filter(is_filled) {
            let (facts, rows) = (self.table(&INTERACTION, record).await?, self.table(table, record).await?);
            found.extend(unmatched::unmatched(table.name, facts, rows).await?);
        }
        found.extend(unmatched::unknown_ways(self.pipeline, self.table(&INTERACTION, record).await?).await?);
        Ok(found)
    }

    /// Registers what tells whose facts are those of numbers that were given anew. Answers whether there are any.
    async fn register_holders(&self) -> Result<bool> {
        let given_anew = golden::holders::register(&self.context).await?;
        if given_anew {
            let of_run =
                ident(col::RUN_ID).eq(lit(self.manifest.run_id.as_str())).and(ident(col::EVENT).eq(lit("merged")));
            let merged = self.table(&ID_EVENT, &StageRecord::default()).await?.filter(of_run)?;
            let merged = merged.select_columns(&[col::CUSTOMER_ID, col::COUNTERPART])?;
            for (name, rows) in [("merged_now", merged), ("previous_interaction", self.previous(&INTERACTION).await?)] {
                replace_table(&self.context, name, rows)?;
            }
        }
        Ok(given_anew)
    }

    /// The ids of all customers, in order.
    async fn customers(&self, record: &StageRecord) -> Result<ArrayRef> {
        let ids = self.table_in_order(&GOLDEN_RECORD, record).await?.select_columns(&[col::CUSTOMER_ID])?;
        let schema = Arc::new(ids.schema().as_arrow().clone());
        Ok(concat_batches(&schema, &ids.collect().await?)?.column(0).clone())
    }

    /// How many customers are like each other in what the analyst's profile tells.
    async fn anonymity(&self, record: &StageRecord) -> Result<GoldenResult> {
        let age = age_band(self.as_of()?).call(vec![ident(col::BIRTH_DATE)]).alias(col::AGE_BAND);
        // Here, as the function does not travel to a cluster.
        let rows = self.table_in_order(&GOLDEN_CUSTOMER, record).await?;
        let rows = rows.select(vec![ident(col::TOWN_CODE), age, ident(col::SEX)])?;
        anonymity::measure(rows, self.pipeline.profile.k).await
    }

    /// Refuses facts of a kind that name records of a channel, of which none is there while others are: their `record_id` is another id
    /// than that of the people. Facts that come before all people of their channel are early.
    async fn check_facts_have_customers(&self, record: &StageRecord) -> Result<()> {
        if self.pipeline.limits.unusable_share >= 1.0 {
            return Ok(());
        }
        // Facts without a customer lie at the end of the table: files that have none are not read.
        let kinds = [ident(col::CHANNEL), ident(col::EVENT_TYPE)];
        let named = self.table(&INTERACTION, record).await?.filter(ident(col::CUSTOMER_ID).is_null())?;
        let found = named.aggregate(kinds.to_vec(), vec![count(ident(col::RECORD_ID))])?.collect().await?;
        let mut all: Vec<(String, String, i64)> = Vec::new();
        for batch in found {
            let (channel, kind) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            let named = columns::longs(batch.column(2))?;
            let of = |row: usize| (channel.value(row).to_string(), kind.value(row).to_string(), named.value(row));
            all.extend((0..batch.num_rows()).map(of).filter(|(.., named)| *named >= FEWEST_FACTS));
        }
        if all.is_empty() {
            return Ok(());
        }
        all.sort();
        let mut channels: HashSet<String> = HashSet::new();
        let people = self.table(&IDENTITY, record).await?.select_columns(&[col::CHANNEL])?.distinct()?;
        for batch in people.collect().await? {
            channels.extend(columns::strings(batch.column(0))?.iter().flatten().map(str::to_string));
        }
        for (channel, kind, named) in all.into_iter().filter(|(channel, ..)| channels.contains(channel)) {
            let [of_channel, of_kind] = kinds.clone();
            let of_kind = of_channel.eq(lit(channel.as_str())).and(of_kind.eq(lit(kind.as_str())));
            // The first one is enough, which lies near the beginning.
            let facts = self.table_in_order(&INTERACTION, record).await?;
            let known = facts.filter(ident(col::CUSTOMER_ID).is_not_null().and(of_kind))?;
            if known.limit(0, Some(1))?.count().await? == 0 {
                return Err(Error::data(format!(
                    "none of {named} facts of the kind {kind:?} has a customer: no record of channel {channel:?} has an id that they name"
                ))
                .hint("check `record_id` of the source: it has to be the id that the people of the same channel have; where these people come later, set limits.unusable_share: 1"));
            }
        }
        Ok(())
    }

    /// Rows in = rows of the records + interactions + rows of references + rejects.
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
        let (came, told) = (rows(&RAW_REFERENCE), REFERENCE_TABLES.into_iter().map(rows).sum::<u64>());
        if came < told || told + rows(&REJECT) < came {
            return Err(Error::bug(format!(
                "{came} rows of references came in, but {told} rows of them and {} rejects went out",
                rows(&REJECT)
            )));
        }
        Ok(())
    }

    /// A table as the run before published it, with the names that channels have today; no rows before the first run.
    pub(super) async fn previous(&self, table: &Table) -> Result<DataFrame> {
        let rows = match &self.before {
            Some(run) => snapshot::table(&self.context, &self.pipeline.lake, run, table.name).await?,
            None => None,
        };
        match rows {
            Some(rows) => renamed::rows(rows, &self.pipeline.renames),
            None => Ok(self.context.read_batch(RecordBatch::new_empty(snapshot::plain_schema(table)))?),
        }
    }

    /// From which probability a pair is a link: one of the run before holds longer, unless somebody changed the thresholds or the model
    /// file since. Whoever does that means all pairs.
    async fn bounds(&self, keys: &Keys, given_anew: &HashSet<u32>, before: Option<&RunSettings>) -> Result<Bounds> {
        let now = &self.pipeline.thresholds;
        let (auto, hold) = (now.auto, now.holds_from());
        let used = self.work_before.as_ref().and_then(|work| work.score().ok()?.model.as_ref());
        let is_other = |of: &RunSettings| (of.thresholds.auto, of.thresholds.holds_from()) != (auto, hold);
        let changed =
            before.is_some_and(is_other) || used.is_some_and(|of| of.model_file != self.pipeline.model.digest);
        if hold >= auto || changed || self.before.is_none() {
            return Ok(Bounds::of(auto));
        }
        let mut linked = before::links(self.previous(&LEDGER).await?, keys).await?;
        // Who had the number before was linked, not who has it now.
        linked.retain(|(l, r)| !given_anew.contains(l) && !given_anew.contains(r));
        Ok(Bounds::holding(auto, hold, keys.len(), &linked))
    }

    /// What the run before kept of its pipeline file.
    async fn previous_settings(&self) -> Result<Option<RunSettings>> {
        match &self.before {
            Some(run) => match RunSettings::load(&work_of(self.pipeline, &run.run_id)).await {
                Err(error) if error.kind() == Kind::Data => {
                    // They only tell whether the thresholds are the same.
                    self.progress.warn(&format!("{}; the thresholds are taken to be the same", error.message()));
                    Ok(None)
                }
                read => read,
            },
            None => Ok(None),
        }
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
            replace_table(&self.context, name, rows)?;
        }
        let mut changed = HashSet::new();
        for batch in self.context.sql(CHANGED).await?.collect().await? {
            changed.extend(columns::longs(batch.column(0))?.values().iter().map(|row| *row as u32));
        }
        Ok(changed)
    }
}
