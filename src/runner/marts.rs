//! The stage of the marts: each after those that it reads, the segments, the checks, and what changed of the run before.
//!
//! In: the golden tables of this run, and what the run before published. Out: the tables of marts and segments, and `restatement`.

use std::sync::Arc;

use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;

use super::Run;
use crate::config::{Pipeline, SqlFile};
use crate::engine::dates::set_zone;
use crate::engine::session::{Resources, replace_table, session};
use crate::error::{Error, Result};
use crate::lake::manifest::StageRecord;
use crate::lake::results::{MartsResult, StageResult};
use crate::lake::{read, snapshot};
use crate::stages::marts::chosen::{Chosen, Told};
use crate::stages::marts::restate::{self, Restated};
use crate::stages::marts::segments::choice::SegmentChoice;
use crate::stages::marts::telling;
use crate::stages::{Planned, Stage, marts};
use crate::tables::contract::{self, ID_EVENT, INTERACTION, INTERACTION_ORDER, RESTATEMENT, Table, col};
use crate::tables::zone::{in_zone, rows_in_zone};

/// Whether every mart and check can be planned, over tables without rows. Answers what a person is told of them.
///
/// # Errors
/// Configuration, naming every file whose query cannot be planned.
pub(crate) async fn can_be_planned(pipeline: &Pipeline) -> Result<Told> {
    marts::can_be_planned(&session(&Resources::default())?, pipeline).await
}

impl Run<'_> {
    pub(super) async fn marts(&self, record: &mut StageRecord) -> Result<()> {
        let zone = self.pipeline.zone.name();
        set_zone(&self.context, zone)?;
        for table in marts::READ {
            let (output, schema) = (self.output(table, record)?, in_zone(&table.schema(), zone));
            let rows = self.in_customer_ranges(schema, output, table.key).await?;
            replace_table(&self.context, table.name, rows)?;
        }
        let facts = in_zone(&INTERACTION.schema(), zone);
        let facts = self.in_ranges(facts, self.output(&INTERACTION, record)?, &INTERACTION_ORDER).await?;
        replace_table(&self.context, INTERACTION.name, facts)?;
        let events = self.own_events(record).await?;
        // What is erased is in no earlier event either.
        let events = match self.erasure {
            Some(_) => events,
            None => self.previous(&ID_EVENT).await?.union(events)?,
        };
        replace_table(&self.context, ID_EVENT.name, rows_in_zone(events, zone)?)?;
        let as_of = self.as_of()?;
        let chosen = Chosen::of(&self.context, self.pipeline)?;
        for table in &chosen.without_rows {
            let rows = self.context.read_table(Arc::new(EmptyTable::new(in_zone(&table.schema(), zone))))?;
            replace_table(&self.context, table.name, rows)?;
        }
        self.register_for_marts(&chosen.marts).await?;
        let mut told = Vec::new();
        for mart in &chosen.marts {
            // What reads it reads its files: a plan of all that it is made of would grow with every step.
            let planned = marts::plan(&self.context, self.pipeline, mart, as_of).await?;
            let table = planned.table;
            self.put_mart(mart, planned, contract::is_published(&mart.name), record).await?;
            let rows = self.context.table(mart.name.as_str()).await?;
            told.extend(telling::told(rows, &table, mart).await?);
        }
        let segments = self.segments(&chosen.segments, record).await?;
        self.register_for_checks(&chosen.checks, record).await?;
        marts::check(&self.context, self.pipeline, &chosen.checks, as_of).await?;
        self.restate(&chosen, record).await?;
        let checks_passed = chosen.checks.len();
        let Chosen { marts_left_out, checks_left_out, segments: SegmentChoice { left_out, .. }, .. } = chosen;
        record.result = Some(StageResult::Marts(MartsResult {
            checks_passed,
            marts_left_out,
            checks_left_out,
            told,
            segments,
            segments_left_out: left_out,
        }));
        Ok(())
    }

    /// The events of ids that this run found.
    async fn own_events(&self, record: &StageRecord) -> Result<DataFrame> {
        let output = record.outputs.get(ID_EVENT.name).or_else(|| self.manifest.output(ID_EVENT.name));
        let output = output.ok_or_else(|| Error::bug("no events of ids"))?;
        read::table(&self.context, &self.pipeline.lake, output, snapshot::plain_schema(&ID_EVENT)).await
    }

    /// Writes a mart and makes its files known to the session by the mart's name.
    async fn put_mart(
        &self,
        mart: &SqlFile,
        planned: Planned,
        published: bool,
        record: &mut StageRecord,
    ) -> Result<()> {
        let put = self.put_and_read(planned, published, record).await;
        replace_table(&self.context, &mart.name, put.map_err(|error| marts::failed(mart, error))?)
    }

    /// Writes a table and answers its files' rows, with times in the pipeline's zone.
    pub(super) async fn put_and_read(
        &self,
        planned: Planned,
        published: bool,
        record: &mut StageRecord,
    ) -> Result<DataFrame> {
        let (table, schema) = (planned.table.name, planned.plan.schema().as_arrow().clone());
        let order = self.put(Stage::Marts, planned, published, None, record).await?;
        let output = record.outputs.get(table).ok_or_else(|| Error::bug(format!("{table} was not written")))?;
        let schema = in_zone(&schema, self.pipeline.zone.name());
        let order: Vec<&str> = order.iter().map(String::as_str).collect();
        self.in_customer_ranges(schema, output, &order).await
    }

    /// What the figures of the run before are today, as of its own time: the marts of this run, if that is the same time.
    async fn restate(&self, chosen: &Chosen<'_>, record: &mut StageRecord) -> Result<()> {
        let as_of = self.as_of()?;
        let events = self.own_events(record).await?;
        replace_table(&self.context, ID_EVENT.name, events)?;
        let mut restated = Vec::new();
        if let Some(before) = self.before.as_ref().filter(|b| b.as_of <= as_of) {
            for mart in chosen.published() {
                let table = contract::of_pipeline(self.pipeline, &mart.name);
                let Some(of) = table.and_then(|table| Restated::of(mart, table)) else { continue };
                let published = snapshot::table(&self.context, &self.pipeline.lake, before, &mart.name).await?;
                // A mart may have had other columns then.
                if let Some(published) = published.filter(|p| of.was_in(p.schema().as_arrow())) {
                    replace_table(&self.context, &of.before, published)?;
                    restated.push(of);
                }
            }
            if before.as_of != as_of {
                for mart in chosen.with_what_they_read(restated.iter().map(|of| of.mart.name.as_str())) {
                    self.made_again(mart, before.as_of, record).await?;
                }
            }
        }
        let mut planned = restate::plan(&self.context, &restated, &self.manifest.run_id).await?;
        if let Some(erasure) = &self.erasure {
            // What the figures of the erased were is not kept either.
            planned.plan = planned.plan.filter(ident(col::KEY).not_eq(lit(erasure.customer_id.as_str())))?;
        }
        planned.plan = self.with_earlier(&RESTATEMENT, planned.plan).await?;
        self.put(Stage::Marts, planned, true, None, record).await?;
        Ok(())
    }

    /// Makes a mart once more, as of another time: the session knows it by its name then, and what is published stays as it is.
    async fn made_again(&self, mart: &SqlFile, as_of: i64, record: &mut StageRecord) -> Result<()> {
        let planned = marts::plan(&self.context, self.pipeline, mart, as_of).await?;
        let again = Table { name: restate::again(&mart.name), ..planned.table };
        self.put_mart(mart, Planned { table: again, ..planned }, false, record).await
    }
}
