//! The stage of the marts: those that others read, the published ones, the checks, and what changed of the run before.
//!
//! In: the golden tables of this run, and what the run before published. Out: the marts' tables and `restatement`.

use datafusion::logical_expr::{ident, lit};

use super::Run;
use crate::config::{Pipeline, SqlFile};
use crate::engine::dates::set_zone;
use crate::engine::session::{Resources, session};
use crate::error::{Error, Result};
use crate::lake::manifest::StageRecord;
use crate::lake::results::{MartsResult, StageResult};
use crate::lake::{read, snapshot};
use crate::stages::marts::restate;
use crate::stages::{Planned, Stage, marts};
use crate::tables::contract::{ID_EVENT, INTERACTION, INTERACTION_ORDER, RESTATEMENT, Table, col};
use crate::tables::zone::in_zone;

/// Whether every mart and check can be planned, over tables without rows.
///
/// # Errors
/// Configuration, naming every file whose query cannot be planned.
pub(crate) async fn can_be_planned(pipeline: &Pipeline) -> Result<()> {
    marts::can_be_planned(&session(&Resources::default())?, pipeline).await
}

impl Run<'_> {
    pub(super) async fn marts(&self, record: &mut StageRecord) -> Result<()> {
        let zone = self.pipeline.zone.name();
        set_zone(&self.context, zone)?;
        for table in marts::READ {
            let (output, schema) = (self.output(table, record)?, in_zone(&table.schema(), zone));
            let rows = read::table(&self.context, &self.pipeline.lake, output, schema).await?;
            self.context.deregister_table(table.name)?;
            self.context.register_table(table.name, rows.into_view())?;
        }
        let facts = in_zone(&INTERACTION.schema(), zone);
        let facts = self.in_ranges(facts, self.output(&INTERACTION, record)?, &INTERACTION_ORDER).await?;
        self.context.deregister_table(INTERACTION.name)?;
        self.context.register_table(INTERACTION.name, facts.into_view())?;
        let as_of = self.as_of()?;
        self.marts_for_others(marts::files(self.pipeline, false), as_of, record).await?;
        for planned in marts::plan(&self.context, self.pipeline, marts::files(self.pipeline, true), as_of).await? {
            // Checks may look at the marts too.
            self.put_mart(planned, true, record).await?;
        }
        self.register_for_checks(record).await?;
        marts::check(&self.context, self.pipeline, as_of).await?;
        record.result = Some(StageResult::Marts(MartsResult { checks_passed: self.pipeline.checks.len() }));
        self.restate(record).await
    }

    /// Makes marts that others read, as of a time; each may read those before it.
    async fn marts_for_others(
        &self,
        files: impl Iterator<Item = &SqlFile>,
        as_of: i64,
        record: &mut StageRecord,
    ) -> Result<()> {
        for mart in files {
            for planned in marts::plan(&self.context, self.pipeline, std::iter::once(mart), as_of).await? {
                self.put_mart(planned, false, record).await?;
            }
        }
        Ok(())
    }

    /// Writes a mart and makes it known to the session by its name.
    async fn put_mart(&self, planned: Planned, published: bool, record: &mut StageRecord) -> Result<()> {
        let (name, schema) = (planned.table.name, planned.plan.schema().as_arrow().clone());
        self.put(Stage::Marts, planned, published, None, record).await.map_err(|e| self.of_mart(name, e))?;
        if let Some(output) = record.outputs.get(name) {
            let schema = in_zone(&schema, self.pipeline.zone.name());
            let rows = read::table(&self.context, &self.pipeline.lake, output, schema).await?;
            self.context.deregister_table(name)?;
            self.context.register_table(name, rows.into_view())?;
        }
        Ok(())
    }

    /// The error of a mart's query names its file.
    fn of_mart(&self, name: &str, error: Error) -> Error {
        match self.pipeline.marts.iter().find(|mart| mart.name == name) {
            Some(mart) => marts::failed(mart, "marts", error),
            None => error,
        }
    }

    /// What the figures of the run before are today, as of its own time: the marts of this run, if that is the same time.
    async fn restate(&self, record: &mut StageRecord) -> Result<()> {
        let as_of = self.as_of()?;
        let output = record.outputs.get(ID_EVENT.name).or_else(|| self.manifest.output(ID_EVENT.name));
        let output = output.ok_or_else(|| Error::bug("no events of ids"))?;
        let events = read::table(&self.context, &self.pipeline.lake, output, snapshot::plain_schema(&ID_EVENT)).await?;
        self.context.deregister_table(ID_EVENT.name)?;
        self.context.register_table(ID_EVENT.name, events.into_view())?;
        let mut marts = Vec::new();
        if let Some(before) = self.before.as_ref().filter(|b| b.as_of <= as_of) {
            let made = before.as_of == as_of;
            let of = |name: &str| restate::RESTATED.iter().find(|r| r.table.name == name);
            let files: Vec<&SqlFile> =
                marts::files(self.pipeline, true).filter(|mart| of(&mart.name).is_some()).collect();
            if !made {
                let read = marts::read_by(&self.context, self.pipeline, &files)?;
                self.marts_for_others(read.into_iter(), before.as_of, record).await?;
            }
            for planned in marts::plan(&self.context, self.pipeline, files.into_iter(), before.as_of).await? {
                let name = planned.table.name;
                let Some(restated) = of(name) else { continue };
                let published = snapshot::table(&self.context, &self.pipeline.lake, before, name).await?;
                let Some(published) = published else { continue };
                let again = Table { name: restated.again, ..*restated.table };
                if made {
                    let mart = self.context.table(name).await?;
                    self.context.register_table(again.name, mart.into_view())?;
                } else {
                    let made = self.put(Stage::Marts, Planned { table: again, ..planned }, false, None, record).await;
                    made.map_err(|e| self.of_mart(name, e))?;
                    self.register(&[&again], record).await?;
                }
                self.context.deregister_table(restated.before)?;
                self.context.register_table(restated.before, published.into_view())?;
                marts.push(name);
            }
        }
        let mut planned = restate::plan(&self.context, &marts, &self.manifest.run_id).await?;
        if let Some(erasure) = &self.erasure {
            // What the figures of the erased were is not kept either.
            planned.plan = planned.plan.filter(ident(col::KEY).not_eq(lit(erasure.customer_id.as_str())))?;
        }
        planned.plan = self.with_earlier(&RESTATEMENT, planned.plan).await?;
        self.put(Stage::Marts, planned, true, None, record).await
    }
}
