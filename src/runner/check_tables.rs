//! What marts and checks can look at besides the tables of this run by their names: `previous.…`, the tables that the run before published;
//! checks also `plan.…`, those that this run is about to publish.
//!
//! In: the marts and checks, the run before, what this run wrote. Out: two schemas of the session that have the tables that they name. The
//! checks are the last queries of people in a run, so that marts see nothing of `plan`.

use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::catalog::TableProvider;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;

use super::Run;
use crate::config::SqlFile;
use crate::engine::query;
use crate::error::{Error, Result};
use crate::lake::manifest::StageRecord;
use crate::lake::{read, snapshot};
use crate::stages::marts::{self, PLAN, PREVIOUS};
use crate::tables::contract::{self, ID_EVENT, RUN, col};
use crate::tables::zone::rows_in_zone;

impl Run<'_> {
    /// Registers the tables of the run before that marts name.
    pub(super) async fn register_for_marts(&self, marts: &[&SqlFile]) -> Result<()> {
        let mut tables: Vec<(String, Arc<dyn TableProvider>)> = Vec::new();
        for name in marts::named_by(&self.context, marts, PREVIOUS)? {
            tables.push((name.clone(), self.in_view(self.published_before(&name).await?)?));
        }
        query::register_schema(&self.context, PREVIOUS, tables)
    }

    /// Registers the tables that checks name in [`PREVIOUS`] and [`PLAN`].
    pub(super) async fn register_for_checks(&self, checks: &[&SqlFile], record: &StageRecord) -> Result<()> {
        for schema in [PREVIOUS, PLAN] {
            let mut tables: Vec<(String, Arc<dyn TableProvider>)> = Vec::new();
            for name in marts::named_by(&self.context, checks, schema)? {
                let rows = match schema {
                    PREVIOUS => self.published_before(&name).await?,
                    _ => self.about_to_be_published(&name, record).await?,
                };
                tables.push((name, self.in_view(rows)?));
            }
            query::register_schema(&self.context, schema, tables)?;
        }
        Ok(())
    }

    /// Rows as marts and checks read them: days begin there as they do in all tables of a query.
    fn in_view(&self, rows: DataFrame) -> Result<Arc<dyn TableProvider>> {
        Ok(rows_in_zone(rows, self.pipeline.zone.name())?.into_view())
    }

    /// A table as the run before published it; without rows where it did not.
    async fn published_before(&self, name: &str) -> Result<DataFrame> {
        let lake = &self.pipeline.lake;
        let rows = match &self.before {
            Some(run) if name == RUN.name => Some(snapshot::runs_up_to(&self.context, lake, run).await?),
            Some(run) => snapshot::table(&self.context, lake, run, name).await?,
            None => None,
        };
        match rows {
            Some(rows) => Ok(rows),
            None => Ok(self.context.read_batch(RecordBatch::new_empty(self.columns_of(name).await?))?),
        }
    }

    /// A table of this run.
    async fn about_to_be_published(&self, name: &str, record: &StageRecord) -> Result<DataFrame> {
        let output = record.outputs.get(name).or_else(|| self.manifest.output(name));
        let output = output.ok_or_else(|| Error::bug(format!("table {name} was not written yet")))?;
        let rows = read::table(&self.context, &self.pipeline.lake, output, self.columns_of(name).await?).await?;
        match name == ID_EVENT.name {
            // An erasure writes those of earlier runs anew.
            true => Ok(rows.filter(ident(col::RUN_ID).eq(lit(self.manifest.run_id.as_str())))?),
            false => Ok(rows),
        }
    }

    /// The columns of a published table; of a mart of the pipeline's own those that it has in this run.
    async fn columns_of(&self, name: &str) -> Result<SchemaRef> {
        match contract::of_pipeline(self.pipeline, name) {
            Some(table) => Ok(snapshot::plain_schema(table)),
            None => Ok(Arc::new(self.context.table(name).await?.schema().as_arrow().clone())),
        }
    }
}
