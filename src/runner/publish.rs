//! Publishing: a commit for every table that changed, then the row of `run`, which makes them visible together.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::{Schema, SchemaRef};
use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{ident, lit};

use super::{Run, erase, ledger};
use crate::error::{Error, Kind, Result};
use crate::functions::person::struct_list;
use crate::lake::chain;
use crate::lake::delta::{self, Mode};
use crate::lake::manifest::Output;
use crate::lake::published::{self, Published, PublishedTable};
use crate::lake::results::FileCounts;
use crate::lake::{desk, read, snapshot, states};
use crate::store::{Location, digest};
use crate::tables::columns;
use crate::tables::contract::{self, REJECT, RUN, TIME_ZONE, Table, Type, col};
use crate::tables::encode::{Lifetime, encode};
use crate::tables::part::Part;
use nayose_matching::identity::tombstone::Tombstones;

/// The row of a run has to follow that of the run that it started from. The version is asked for first, so that a run that is
/// published later is noticed by the commit.
pub(super) async fn follow(lake: &Location, before: Option<&str>) -> Result<Mode> {
    let version = delta::open(lake, RUN.name, None).await?.map(|delta| delta::version_of(&delta)).transpose()?;
    let newest = snapshot::newest(lake).await?.map(|run| run.run_id);
    match newest.as_deref() == before {
        true => Ok(Mode::Follow(version)),
        false => Err(delta::overtaken(lake)),
    }
}

/// Writes the row of a run, which publishes it.
pub(super) async fn write_row(lake: &Location, row: &RecordBatch, follow: Mode, run_id: &str) -> Result<()> {
    let encoded = encode(std::slice::from_ref(row), &RUN.schema(), Lifetime::Published)?;
    let (digest, _) = digest::of_content(&encoded);
    let name = format!("part-{run_id}-{digest}.parquet");
    let part = Part { name: name.clone(), bytes: encoded.len() as u64, rows: 1 };
    lake.join(&delta::folder_of(RUN.name)).join(&name).write(encoded).await?;
    delta::commit(lake, &RUN, RUN.schema(), &[part], follow, run_id).await?;
    Ok(())
}

/// The files of every table that is published.
pub(super) async fn parts_of(
    lake: &Location,
    versions: &[(String, u64, u64)],
) -> Result<BTreeMap<String, PublishedTable>> {
    let mut tables = BTreeMap::new();
    for (name, version, _) in versions {
        let delta = delta::open(lake, name, Some(*version)).await?;
        let delta = delta.ok_or_else(|| Error::bug(format!("table {name} was not published")))?;
        tables.insert(name.clone(), PublishedTable { version: *version, parts: delta::files(&delta)? });
    }
    Ok(tables)
}

/// Says a second time what a run published, and when.
pub(super) async fn seal(lake: &Location, mut sealed: Published) -> Result<()> {
    sealed.at = jiff::Timestamp::now().to_string();
    published::write(lake, &sealed).await
}

/// The column of a `run` row that says which versions of which tables it publishes.
pub(super) fn tables_column(versions: &[(String, u64, u64)]) -> Result<ArrayRef> {
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(versions.iter().map(|v| &v.0))),
        Arc::new(Int64Array::from_iter_values(versions.iter().map(|v| v.1 as i64))),
        Arc::new(Int64Array::from_iter_values(versions.iter().map(|v| v.2 as i64))),
    ];
    Ok(struct_list(&[versions.len() as i32], item(col::TABLES)?, columns)?)
}

/// The type of the items of a list of `run`.
fn item(column: &str) -> Result<Type> {
    match RUN.columns.iter().find(|c| c.name == column).map(|c| c.data_type) {
        Some(Type::List(item)) => Ok(*item),
        _ => Err(Error::bug(format!("run.{column} is no list"))),
    }
}

impl Run<'_> {
    /// Publishes what the stages wrote.
    pub(super) async fn publish(&self) -> Result<()> {
        self.guard_customers().await?;
        let lake = &self.pipeline.lake;
        let follow = follow(lake, self.before.as_ref().map(|before| before.run_id.as_str())).await?;
        let mut versions: Vec<(String, u64, u64)> = Vec::new();
        let outputs: Vec<(&String, &Output)> = self.manifest.stages.values().flat_map(|s| &s.outputs).collect();
        for (name, output) in outputs.into_iter().filter(|(name, o)| o.folder == delta::folder_of(name)) {
            let (table, schema) = self.published(name, output).await?;
            let published = self.before.as_ref().and_then(|b| b.tables.iter().find(|t| &t.0 == name)).map(|t| t.1);
            let grows = states::GROWING.contains(&name.as_str());
            // An erasure rewrites what else only grows.
            let mode = if grows && self.erasure.is_none() { Mode::Extend(published) } else { Mode::Replace };
            // Rows that are none would still be a file.
            let parts: &[Part] = if mode != Mode::Replace && output.rows() == 0 { &[] } else { &output.parts };
            let version = delta::commit(lake, &table, schema, parts, mode, &self.manifest.run_id).await?;
            versions.push((name.clone(), version, output.rows()));
        }
        versions.sort();
        self.keep_trained().await?;
        let tables = parts_of(lake, &versions).await?;
        let row = self.run_row(&versions, ledger::columns(lake, &self.manifest.started_at, &tables).await?)?;
        write_row(lake, &row, follow, &self.manifest.run_id).await?;
        self.seal(tables, &row).await?;
        if let Some(mut erasure) = self.erasure.clone() {
            erasure.still_in_input = self.erased_rows().await?;
            erasure.still_in_input.extend(self.erased_decisions());
            erasure.kept_apart = self.manifest.cluster()?.kept_apart;
            let run = snapshot::newest(lake).await?.ok_or_else(|| Error::bug("the run was not published"))?;
            return erase::finish(lake, &run, erasure).await;
        }
        // The work of this run stays for the next run; what `explain` needs of the work of the run before is kept first.
        let tidied = match self.keep_states().await {
            // What is damaged explains nothing, however long it is kept.
            Err(e) if e.kind() == Kind::Data => {
                self.progress.warn(&format!("an earlier run cannot be explained any more: {}", e.message()));
                self.remove_old_work().await
            }
            Ok(()) => self.remove_old_work().await,
            failed => failed,
        };
        if let Err(e) = tidied {
            // This run is published; what is left behind is no reason to say that it failed.
            self.progress.warn(&format!("work of earlier runs was not removed: {}", e.message()));
        }
        if let Err(e) = desk::pack(lake, jiff::Timestamp::now().as_second()).await {
            self.progress.warn(&format!("old files of logs were not put together: {}", e.message()));
        }
        Ok(())
    }

    /// Says a second time what was published.
    async fn seal(&self, tables: BTreeMap<String, PublishedTable>, row: &RecordBatch) -> Result<()> {
        let erased = self.tombstones.as_deref().map_or(0, Tombstones::len) as u64;
        let sealed = Published {
            run_id: self.manifest.run_id.clone(),
            number: self.number(),
            erased,
            at: String::new(),
            profile_k: self.pipeline.profile.k,
            time_zone: self.pipeline.zone.name().to_string(),
            channels: self.pipeline.renames.clone(),
            row: chain::of_row(row, 0)?,
            tables,
        };
        seal(&self.pipeline.lake, sealed).await
    }

    /// The number of this run.
    pub(super) fn number(&self) -> i64 {
        self.before.as_ref().map_or(1, |b| b.number + 1)
    }

    /// Input file → rows that were left out because their record is erased.
    async fn erased_rows(&self) -> Result<BTreeMap<String, u64>> {
        let output = self.manifest.output(REJECT.name).ok_or_else(|| Error::bug("no rejects"))?;
        let rejects = read::table(&self.context, &self.pipeline.lake, output, REJECT.schema()).await?;
        let rows = rejects.filter(ident(col::REASON).eq(lit(erase::REASON)))?;
        let rows = rows.aggregate(vec![ident(col::FILE)], vec![count(lit(1)).alias("rows")])?;
        let mut found = BTreeMap::new();
        for batch in rows.collect().await? {
            let (file, n) = (columns::strings(batch.column(0))?, columns::longs(batch.column(1))?);
            found.extend((0..batch.num_rows()).map(|row| (file.value(row).to_string(), n.value(row) as u64)));
        }
        Ok(found)
    }

    /// The contract of a published table; a mart that promises nothing has the columns that its file has.
    async fn published(&self, name: &str, output: &Output) -> Result<(Table, SchemaRef)> {
        if let Some(table) = contract::of_pipeline(self.pipeline, name) {
            return Ok((*table, table.schema()));
        }
        let rows = read::inferred(&self.context, &self.pipeline.lake, output).await?;
        let schema: Schema = rows.schema().as_arrow().clone();
        Ok((Table::without_contract(name), Arc::new(schema)))
    }

    fn run_row(&self, versions: &[(String, u64, u64)], ledger: Vec<ArrayRef>) -> Result<RecordBatch> {
        let counts = &self.manifest.ingest()?.files;
        let none = || Arc::new(StringArray::from(vec![None::<&str>])) as ArrayRef;
        let one = |value: &str| Arc::new(StringArray::from(vec![value.to_string()])) as ArrayRef;
        let count = |input: &crate::lake::manifest::Input, of: fn(&FileCounts) -> u64| {
            counts.iter().filter(|c| c.file == input.file && c.source == input.source).map(of).sum::<u64>() as i64
        };
        let inputs = &self.manifest.inputs;
        let input_columns: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(inputs.iter().map(|i| &i.file))),
            Arc::new(StringArray::from_iter_values(inputs.iter().map(|i| &i.fingerprint))),
            Arc::new(Int64Array::from_iter_values(inputs.iter().map(|i| count(i, |c| c.rows)))),
            Arc::new(Int64Array::from_iter_values(inputs.iter().map(|i| count(i, |c| c.rejects)))),
        ];
        let as_of = TimestampMicrosecondArray::from(vec![self.as_of()?]).with_timezone(TIME_ZONE);
        let mut columns = vec![
            one(&self.manifest.run_id),
            Arc::new(Int64Array::from(vec![self.number()])),
            Arc::new(as_of),
            one(&self.manifest.config_digest),
            one(&self.model_digest()?),
            one(&self.manifest.version),
            struct_list(&[inputs.len() as i32], item(col::INPUTS)?, input_columns)?,
            tables_column(versions)?,
            none(),
            none(),
            none(),
        ];
        columns.extend(ledger);
        Ok(RecordBatch::try_new(RUN.schema(), columns)?)
    }
}
