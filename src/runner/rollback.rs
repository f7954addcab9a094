//! Rollback: the tables and ids of an earlier run become the newest again, by one row of `run`.
//!
//! In: a lake and a published run of it. Out: a new run whose tables have the files of that run. What happened since stays in the history:
//! `id_event` and `restatement` keep their rows, and `id_event` gets those that lead back to the ids of then
//! ([`nayose_matching::identity::rollback`]). First the files that came since are held, as the next run would publish them again; then
//! every table gets a commit; the row of `run` comes last. A rollback that is killed before it leaves the lake as it was, and goes on when
//! it is asked for again.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};

use super::{inputs, ledger, publish, retention};
use crate::config::keep::KeepFile;
use crate::config::{Renames, Zone};
use crate::engine::session::{Resources, session};
use crate::engine::write::{Order, write};
use crate::error::{Error, Result};
use crate::lake::delta::{self, Mode};
use crate::lake::held::{self, Held};
use crate::lake::manifest::{Input, Manifest};
use crate::lake::published::Published;
use crate::lake::snapshot::{self, PublishedRun};
use crate::lake::states::Link;
use crate::lake::{WORK, chain, definitions, erasure, lock, models, plan};
use crate::store::Location;
use crate::tables::columns;
use crate::tables::contract::{
    self, ID_EVENT, ID_MAP, INTERACTION, INTERACTION_ORDER, RESTATEMENT, RUN, TIME_ZONE, Table, col,
};
use crate::tables::part::Part;
use nayose_matching::identity::carry::{Event, EventKind};
use nayose_matching::identity::rollback::{Ids, restored};

/// The cause of the events of a rollback.
const ROLLBACK: &str = "rollback";

/// What is asked for.
pub(crate) struct Rollback<'a> {
    /// The run: its id, its number or a time.
    pub to: &'a str,
    /// Who asks.
    pub by: &'a str,
    /// Why.
    pub why: &'a str,
}

/// How a rollback ended.
pub(crate) enum RolledBack {
    /// The tables of that run are the newest already.
    NothingToDo(PublishedRun),
    /// They are again.
    Done(Box<Restored>),
}

/// What a rollback did.
pub(crate) struct Restored {
    /// The new run.
    pub run_id: String,
    /// Its number.
    pub number: i64,
    /// The run whose tables it has.
    pub restores: PublishedRun,
    /// The files that came since and are held now.
    pub held: Vec<String>,
    /// Of them those that the run read with another content, which is not there any more.
    pub changed: Vec<String>,
    /// Files that came since and could not be held, as the work of the newest run is gone.
    pub not_held: Vec<String>,
}

/// The name of the pipeline whose customers a lake holds, where the work of its newest run still tells it.
pub(crate) async fn pipeline_of(lake: &Location) -> Option<String> {
    let newest = snapshot::newest(lake).await.ok().flatten()?;
    let work = Manifest::load(&lake.join(WORK).join(&newest.run_id)).await.ok().flatten()?;
    Some(work.pipeline).filter(|name| !name.is_empty())
}

/// Rolls back. `warn` is told what goes wrong without harm.
///
/// # Errors
/// Usage, where there is no such run, or somebody was erased since; data, where files of it are gone; environment.
pub(crate) async fn rollback(
    lake: &Location,
    asked: &Rollback<'_>,
    resources: &Resources,
    warn: impl Fn(&str) + Send + Sync,
) -> Result<RolledBack> {
    // A lake in which nothing is published is said so before anything is written to it.
    snapshot::find(lake, Some(asked.to)).await?;
    let _lock = lock::Lock::take(lake, |text| warn(text)).await?;
    if let Some(erasure) = erasure::under_way(lake).await? {
        return Err(Error::usage(format!("the erasure of {} is under way in {}", erasure.customer_id, lake.shown()))
            .hint("run the pipeline first: its next run ends that erasure"));
    }
    let then = snapshot::find(lake, Some(asked.to)).await?;
    let newest = snapshot::newest(lake).await?.ok_or_else(|| Error::bug("nothing is published"))?;
    ledger::not_before(Some(&newest))?;
    if newest.run_id == then.run_id || newest.restores.as_ref() == Some(&then.run_id) {
        return Ok(RolledBack::NothingToDo(then));
    }
    let follow = publish::follow(lake, Some(&newest.run_id)).await?;
    let context = session(resources)?;
    let text = format!("rollback {} {}", then.run_id, newest.run_id);
    let run_id = format!("r{}", &blake3::hash(text.as_bytes()).to_hex()[..16]);
    let number = newest.number + 1;
    let work = Manifest::load(&lake.join(WORK).join(&newest.run_id)).await.unwrap_or_default();
    let since = Since::between(&context, lake, [&then, &newest], work.as_ref()).await?;
    let at = jiff::Timestamp::now().to_string();
    let hold = |input: &Input| Held {
        source: input.source.clone(),
        file: input.file.clone(),
        fingerprint: inputs::content(&input.fingerprint).to_string(),
        reason: format!("came after run {}, to which {} rolled back: {}", then.number, asked.by, asked.why),
        by_run: run_id.clone(),
        at: at.clone(),
        admitted: false,
    };
    // Whether all can be restored is known before anything is written.
    let mut tables = Vec::new();
    for (table, version, rows) in then.tables.iter().filter(|(table, ..)| !is_log(table)) {
        tables.push((Restorable::find(&context, lake, &then, table, *version).await?, *rows));
    }
    held::hold(lake, &since.came.iter().map(hold).collect::<Vec<_>>(), &Renames::default()).await?;
    let mut versions = Vec::new();
    for (Restorable { table, schema, parts }, rows) in tables {
        let version = delta::commit(lake, &table, schema, &parts, Mode::Replace, &run_id).await?;
        versions.push((table.name.to_string(), version, rows));
    }
    for (table, version, _) in newest.tables.iter().filter(|(table, ..)| is_log(table)) {
        versions.push(match table == ID_EVENT.name {
            true => events(&context, lake, [&then, &newest], *version, &run_id).await?,
            false => (table.clone(), *version, 0),
        });
    }
    versions.sort();
    if let Some(work) = &work {
        // The next run asks it which files were read, and builds on nothing else of it.
        let manifest = Manifest {
            run_id: run_id.clone(),
            previous: Some(newest.run_id.clone()),
            config_digest: then.config_digest.clone(),
            started_at: at.clone(),
            inputs: since.inputs.clone(),
            stages: BTreeMap::new(),
            ..work.clone()
        };
        manifest.save(&lake.join(WORK).join(&run_id)).await?;
    }
    // What the runs that are taken back learned teaches nobody.
    let runs = snapshot::runs(lake).await?.into_iter().filter(|run| run.number > then.number);
    models::forget(lake, &runs.map(|run| run.run_id).collect()).await?;
    let parts = publish::parts_of(lake, &versions).await?;
    let ledger = ledger::columns(lake, &at, &parts).await?;
    let row = row(&context, lake, &then, asked, (&run_id, number), &versions, &ledger).await?;
    publish::write_row(lake, &row, follow, &run_id).await?;
    let of_newest = newest.sealed.as_deref();
    let sealed = Published {
        run_id: run_id.clone(),
        number,
        erased: of_newest.map_or(0, |sealed| sealed.erased),
        at: String::new(),
        profile_k: of_newest.map_or(0, |sealed| sealed.profile_k),
        time_zone: then.zone().name().to_string(),
        channels: then.sealed.as_ref().map(|sealed| sealed.channels.clone()).unwrap_or_default(),
        row: chain::of_row(&row, 0)?,
        tables: parts,
    };
    publish::seal(lake, sealed).await?;
    // What explanations of the run before need is kept before its work goes.
    let tidied = match retention::retain(lake, &KeepFile::default(), &Zone::japan(), resources).await {
        Ok(_) => clear(lake, &newest, work.as_ref(), &run_id).await,
        Err(e) => Err(e),
    };
    if let Err(e) = tidied {
        warn(&format!("the work of run {} was not removed: {}", newest.number, e.message()));
    }
    let Since { came, changed, unknown, .. } = since;
    let held = came.into_iter().map(|input| input.file).collect::<BTreeSet<_>>().into_iter().collect();
    Ok(RolledBack::Done(Box::new(Restored { run_id, number, restores: then, held, changed, not_held: unknown })))
}

/// Whether a table says what happened: what it says stays.
fn is_log(table: &str) -> bool {
    table == ID_EVENT.name || table == RESTATEMENT.name
}

/// How the input files of the newest run stand to those of the run that is rolled back to.
struct Since {
    /// Those that came since.
    came: Vec<Input>,
    /// Their names, where the earlier run read another content under them.
    changed: Vec<String>,
    /// Those that came since and of which nobody knows the source.
    unknown: Vec<String>,
    /// The inputs of the earlier run, as far as their sources are known.
    inputs: Vec<Input>,
}

impl Since {
    async fn between(
        context: &SessionContext,
        lake: &Location,
        [then, newest]: [&PublishedRun; 2],
        work: Option<&Manifest>,
    ) -> Result<Self> {
        let (was, is) = (inputs_of(context, lake, then).await?, inputs_of(context, lake, newest).await?);
        let known: &[Input] = work.map_or(&[], |work| &work.inputs);
        let came: Vec<Input> =
            known.iter().filter(|i| !was.contains(&(i.file.clone(), i.fingerprint.clone()))).cloned().collect();
        let changed: BTreeSet<&String> =
            was.iter().map(|(file, _)| file).filter(|file| came.iter().any(|i| &i.file == *file)).collect();
        let unknown = is.difference(&was).map(|(file, _)| file.clone());
        let unknown = unknown.filter(|file| !known.iter().any(|input| &input.file == file));
        // Two sources may have read one file.
        let unknown = unknown.collect::<BTreeSet<_>>().into_iter().collect();
        // A file that changed is told with its earlier content: that is what the tables have of it.
        let as_it_was = |input: &Input| {
            if was.contains(&(input.file.clone(), input.fingerprint.clone())) {
                return Some(input.clone());
            }
            let (_, fingerprint) = was.iter().find(|(file, _)| file == &input.file)?;
            Some(Input { fingerprint: fingerprint.clone(), stamp: String::new(), ..input.clone() })
        };
        let inputs = known.iter().filter_map(as_it_was).collect();
        Ok(Since { changed: changed.into_iter().cloned().collect(), came, unknown, inputs })
    }
}

/// Names and fingerprints of the files that a run read.
async fn inputs_of(
    context: &SessionContext,
    lake: &Location,
    run: &PublishedRun,
) -> Result<BTreeSet<(String, String)>> {
    let row = row_of(context, lake, run).await?;
    let lists = columns::lists(column(&row, col::INPUTS)?)?.value(0);
    let items = columns::structs(&lists)?;
    let (files, prints) = (
        columns::strings(columns::field(items, col::FILE)?)?,
        columns::strings(columns::field(items, col::FINGERPRINT)?)?,
    );
    Ok((0..items.len()).map(|i| (files.value(i).to_string(), prints.value(i).to_string())).collect())
}

/// The row of a run.
async fn row_of(context: &SessionContext, lake: &Location, run: &PublishedRun) -> Result<RecordBatch> {
    let rows = snapshot::runs_up_to(context, lake, run).await?;
    let rows = rows.filter(ident(col::RUN_ID).eq(lit(run.run_id.as_str())))?.collect().await?;
    let row = rows.into_iter().find(|batch| batch.num_rows() > 0);
    row.ok_or_else(|| Error::data(format!("table {} in {} has no row of run {}", RUN.name, lake.shown(), run.run_id)))
}

fn column<'a>(row: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    row.column_by_name(name).ok_or_else(|| Error::bug(format!("run lacks {name}")))
}

/// A table as the run published it.
struct Restorable {
    table: Table,
    schema: SchemaRef,
    parts: Vec<Part>,
}

impl Restorable {
    /// Looks for its files.
    async fn find(
        context: &SessionContext,
        lake: &Location,
        then: &PublishedRun,
        name: &str,
        version: u64,
    ) -> Result<Self> {
        let delta = delta::open(lake, name, Some(version)).await?;
        let delta = delta.ok_or_else(|| Error::data(format!("table {name} is gone from {}", lake.shown())))?;
        let parts = delta::parts(&delta)?;
        let folder = lake.join(&delta::folder_of(name));
        let there: HashSet<String> = folder.glob("*").await?.into_iter().map(|(file, _)| file).collect();
        let gone = parts.iter().filter(|part| !there.contains(&part.name)).count();
        let is_kept = |link: &Link| link.state.as_ref().is_some_and(|state| state.tables.contains_key(name));
        let is_kept = then.chain.first().is_some_and(is_kept);
        if gone > 0 && !is_kept {
            return Err(Error::data(format!(
                "run {} cannot be restored: {gone} files of table {name} are gone from {}",
                then.number,
                lake.shown()
            ))
            .hint("versions are kept by rule: roll back to a later run, or restore the lake from a backup"));
        }
        // The log is held against what the run published, too.
        let rows = snapshot::table(context, lake, then, name).await?;
        let rows = rows.ok_or_else(|| Error::bug(format!("run {} did not publish {name}", then.run_id)))?;
        // A mart is as its file was then.
        let is_as_promised = |table: &&Table| contract::check(table, rows.schema().as_arrow()).is_ok();
        let (table, schema) = match definitions::contracts(lake, &then.run_id).await?.find(name).filter(is_as_promised)
        {
            Some(table) => (*table, table.schema()),
            None => (Table::without_contract(name), Arc::new(rows.schema().as_arrow().clone())),
        };
        let parts = if gone > 0 { written_again(rows, &table, &folder).await? } else { parts };
        Ok(Restorable { table, schema, parts })
    }
}

/// The files of a table of which only a difference is kept: the same rows in the same order, which are the same bytes.
async fn written_again(rows: DataFrame, table: &Table, folder: &Location) -> Result<Vec<Part>> {
    let (columns, order): (&[&str], Order) = match table.name {
        _ if table.key.is_empty() => (&[], Order::Any),
        name if name == INTERACTION.name => (&INTERACTION_ORDER, Order::By(&INTERACTION_ORDER)),
        _ => (table.key, Order::ByKey),
    };
    let rows = match columns.is_empty() {
        true => rows,
        false => rows.sort(columns.iter().map(|c| ident(*c).sort(true, false)).collect())?,
    };
    Ok(write(rows, table, order, folder, &|_| ()).await?.parts)
}

/// The ids of a run: those of people, and the aliases.
async fn ids_of(context: &SessionContext, lake: &Location, run: &PublishedRun) -> Result<Ids> {
    let mut own = BTreeSet::new();
    if let Some(map) = snapshot::table(context, lake, run, ID_MAP.name).await? {
        let open = map.filter(ident(col::VALID_TO).is_null())?.select_columns(&[col::CUSTOMER_ID])?.distinct()?;
        for batch in open.collect().await? {
            own.extend(columns::strings(batch.column(0))?.iter().flatten().map(str::to_string));
        }
    }
    Ok(Ids { own, aliases: snapshot::aliases(context, lake, run).await? })
}

/// Adds to `id_event` what leads from the ids of now to those of then.
async fn events(
    context: &SessionContext,
    lake: &Location,
    [then, newest]: [&PublishedRun; 2],
    version: u64,
    run_id: &str,
) -> Result<(String, u64, u64)> {
    let events = restored(&ids_of(context, lake, newest).await?, &ids_of(context, lake, then).await?);
    let rows = context.read_batch(event_table(events, then.as_of, run_id)?)?;
    let folder = lake.join(&delta::folder_of(ID_EVENT.name));
    let parts = write(rows, &ID_EVENT, Order::ByKey, &folder, &|_| ()).await?.parts;
    let count = parts.iter().map(|part| part.rows).sum();
    let parts: &[Part] = if count == 0 { &[] } else { &parts };
    let mode = Mode::Extend(Some(version));
    let version = delta::commit(lake, &ID_EVENT, ID_EVENT.schema(), parts, mode, run_id).await?;
    Ok((ID_EVENT.name.to_string(), version, count))
}

fn event_table(events: Vec<Event>, as_of: i64, run_id: &str) -> Result<RecordBatch> {
    let mut rows = Vec::new();
    for event in events {
        let (word, counterpart) = match event.kind {
            EventKind::Created => ("created", None),
            EventKind::Merged(into) => ("merged", Some(into)),
            EventKind::Split(from) => ("split", Some(from)),
            EventKind::Retired => ("retired", None),
            EventKind::Joined(_) => return Err(Error::bug("a record cannot join by a rollback")),
        };
        rows.push((event.id, word, counterpart));
    }
    let times = TimestampMicrosecondArray::from(vec![as_of; rows.len()]).with_timezone(TIME_ZONE);
    let columns: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| &r.0))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|_| run_id))),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r.1))),
        Arc::new(rows.iter().map(|r| r.2.as_deref()).collect::<StringArray>()),
        Arc::new(StringArray::from_iter_values(rows.iter().map(|_| ROLLBACK))),
        Arc::new(times),
    ];
    Ok(RecordBatch::try_new(ID_EVENT.schema(), columns)?)
}

/// The row of `run`: that of the run that is restored, under its own id and number, with the versions of now.
async fn row(
    context: &SessionContext,
    lake: &Location,
    then: &PublishedRun,
    asked: &Rollback<'_>,
    (run_id, number): (&str, i64),
    versions: &[(String, u64, u64)],
    ledger: &[ArrayRef],
) -> Result<RecordBatch> {
    let of_then = row_of(context, lake, then).await?.slice(0, 1);
    let text = |text: &str| Arc::new(StringArray::from(vec![text.to_string()])) as ArrayRef;
    let mut all: Vec<ArrayRef> = Vec::new();
    for wanted in RUN.columns {
        all.push(match wanted.name {
            col::RUN_ID => text(run_id),
            col::RUN_NUMBER => Arc::new(Int64Array::from(vec![number])),
            col::TABLES => publish::tables_column(versions)?,
            col::RESTORES => text(&then.run_id),
            col::RESTORED_BY => text(asked.by),
            col::RESTORED_WHY => text(asked.why),
            name if ledger::COLUMNS.contains(&name) => {
                let place = ledger::COLUMNS.iter().position(|column| *column == name).unwrap_or_default();
                ledger[place].clone()
            }
            name => arrow::compute::cast(column(&of_then, name)?, &wanted.data_type.arrow())?,
        });
    }
    Ok(RecordBatch::try_new(RUN.schema(), all)?)
}

/// Removes the work of the run that is not the newest any more, and a plan that followed it.
async fn clear(lake: &Location, newest: &PublishedRun, work: Option<&Manifest>, run_id: &str) -> Result<()> {
    let outputs = work.iter().flat_map(|work| work.stages.values()).flat_map(|stage| stage.outputs.values());
    let files = outputs.filter(|o| o.folder.starts_with(WORK)).flat_map(|o| o.named_below(WORK).parts);
    let mut runs: BTreeSet<String> = files.filter_map(|part| Some(part.name.split('/').next()?.to_string())).collect();
    runs.insert(newest.run_id.clone());
    runs.remove(run_id);
    for run in runs {
        lake.join(WORK).join(&run).remove_all().await?;
    }
    plan::end(lake, run_id).await
}
