//! The published tables: Delta Lake tables below `<lake>/tables/`, and the row of `run` that makes a set of them whole.
//!
//! In: files that a run wrote below a table's folder. Out: a commit for each table that changed, then one for `run`, written
//! last. Readers that go through nayose take the table versions from the newest row of `run`, so that they see either all of
//! a run or none of it. Delta's own readers see each table commit by itself.

use std::collections::HashMap;
use std::sync::Arc;

use arrow::datatypes::SchemaRef;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::{CommitBuilder, CommitProperties, TransactionError};
use deltalake::kernel::{Action, Add, MetadataExt, MetadataValue, Remove, StructField, StructType};
use deltalake::logstore::{StorageConfig, default_logstore};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableError};
use object_store::ObjectStore;
use object_store::prefix::PrefixStore;

use crate::error::{Error, Result, VERIFY, storage_cause};
use crate::store::local::folders;
use crate::store::{Location, digest};
use crate::tables::contract::{self, Table};
use crate::tables::part::Part;

/// What a table holds after a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mode {
    /// The new files.
    Replace,
    /// The files of this version, and the new ones. Files that a run added later and never published fall out.
    Extend(Option<u64>),
    /// The files of this version, and the new ones; an error where the table has a later version.
    Follow(Option<u64>),
}

/// How often a commit is tried anew after another one came first.
const ATTEMPTS: usize = 5;

/// Folder of all tables below the lake.
pub(crate) const TABLES: &str = "tables";

/// The folder of a table below the lake.
pub(crate) fn folder_of(table: &str) -> String {
    format!("{TABLES}/{table}")
}

/// The newest state of a table, or the state of a version. `None` where the table does not exist.
///
/// # Errors
/// Environment, if the log cannot be read; data, if it is damaged.
pub(crate) async fn open(lake: &Location, table: &str, version: Option<u64>) -> Result<Option<DeltaTable>> {
    // A reader makes no folder.
    if lake.join(&folder_of(table)).local().is_some_and(|folder| !folder.join("_delta_log").is_dir()) {
        return Ok(None);
    }
    let mut delta = handle(lake, table)?;
    let loaded = match version {
        Some(version) => delta.load_version(version).await,
        None => delta.load().await,
    };
    match loaded {
        Ok(()) => Ok(Some(delta)),
        Err(DeltaTableError::NotATable(_)) => Ok(None),
        Err(e) if delta_is_absent(&e) => Ok(None),
        Err(e) => Err(failed(lake, table, e)),
    }
}

fn delta_is_absent(error: &DeltaTableError) -> bool {
    matches!(error, DeltaTableError::ObjectStore { source: object_store::Error::NotFound { .. } })
}

/// A table whose state is not loaded. Commits are files that are only written where they do not exist, which every store does
/// itself; so Delta's own log over our own stores serves everywhere.
fn handle(lake: &Location, table: &str) -> Result<DeltaTable> {
    let place = lake.join(&folder_of(table));
    let url = place.folder_url();
    if lake.is_web() {
        return Err(Error::usage(format!("a lake cannot be on a web server, as {} is", lake.shown()))
            .hint("name a folder, or object storage such as s3://bucket/folder"));
    }
    if url.scheme() == "file"
        && let Ok(folder) = url.to_file_path()
    {
        folders(&folder).map_err(|e| {
            Error::environment(format!("cannot write {}: {e}", folder.display()))
                .hint("check the folder's permissions, or write the lake elsewhere with --lake")
        })?;
    }
    let (store, path) = place.open()?;
    let below: Arc<dyn ObjectStore> = Arc::new(PrefixStore::new(store, path));
    // To Delta the table is the root of a store of its own: it decodes a path once more than it is encoded, so that a lake in
    // a folder `a%20b` would be looked for in `a b` (deltalake 1.1, buoyant_kernel 0.28).
    let root = url.join("/").map_err(|e| Error::bug(format!("a lake has no root: {e}")))?;
    Ok(DeltaTable::new(default_logstore(below.clone(), below, &root, &StorageConfig::default())))
}

/// The files of a table at its loaded version, by their names below the table's folder.
///
/// # Errors
/// Bug, if the state was not loaded.
pub(crate) fn files(delta: &DeltaTable) -> Result<Vec<String>> {
    let state = delta.snapshot().map_err(|e| Error::bug(format!("a Delta table was not loaded: {e}")))?;
    let mut names: Vec<String> = state.log_data().into_iter().map(|f| f.path().to_string()).collect();
    names.sort();
    Ok(names)
}

/// The files of a table at its loaded version, in order of their names, with sizes and rows as the log has them.
///
/// # Errors
/// Bug, if the state was not loaded.
pub(crate) fn parts(delta: &DeltaTable) -> Result<Vec<Part>> {
    let state = delta.snapshot().map_err(|e| Error::bug(format!("a Delta table was not loaded: {e}")))?;
    let part = |name: String, bytes: i64, rows: Option<usize>| Part {
        name,
        bytes: bytes as u64,
        rows: rows.unwrap_or_default() as u64,
    };
    let files = state.log_data().into_iter();
    let mut parts: Vec<Part> = files.map(|f| part(f.path().to_string(), f.size(), f.num_records())).collect();
    parts.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(parts)
}

/// Removes the files that only older versions of a table have, where there is a table.
///
/// # Errors
/// Environment, if one cannot be removed.
pub(crate) async fn remove_older(lake: &Location, table: &str) -> Result<()> {
    let Some(delta) = open(lake, table, None).await? else { return Ok(()) };
    let kept = files(&delta)?;
    let folder = lake.join(&folder_of(table));
    for (file, _) in folder.glob("*").await? {
        if !kept.contains(&digest::part_of_tree(&file).unwrap_or_else(|| file.clone())) {
            folder.join(&file).remove().await?;
        }
    }
    Ok(())
}

/// Commits `parts` as the table, or to the table, and answers its version. Where the table already has exactly these files,
/// nothing is written and the version stays.
///
/// # Errors
/// Environment, if the commit cannot be written, or if another run committed where this one has to follow.
pub(crate) async fn commit(
    lake: &Location,
    table: &Table,
    schema: SchemaRef,
    parts: &[Part],
    mode: Mode,
    run_id: &str,
) -> Result<u64> {
    let kept = match mode {
        Mode::Replace | Mode::Extend(None) | Mode::Follow(None) => Vec::new(),
        Mode::Extend(base) | Mode::Follow(base) => match open(lake, table.name, base).await? {
            Some(delta) => files(&delta)?,
            None => Vec::new(),
        },
    };
    for _ in 0..ATTEMPTS {
        let delta = match open(lake, table.name, None).await? {
            Some(delta) => delta,
            None => match create(lake, table, &schema).await? {
                Some(delta) => delta,
                None => continue,
            },
        };
        // The columns of a mart are those of its query today. No file of before stays, and earlier versions keep theirs.
        let grown = match columns_beside(&delta, &schema, mode == Mode::Replace)? {
            Columns::Other if mode == Mode::Replace && contract::is_mart(table.name) => Some(kernel_schema(&schema)?),
            Columns::Same => None,
            Columns::Grown(columns) => Some(columns),
            Columns::Other => {
                return Err(Error::data(format!(
                    "table {} has other columns than this version of nayose writes",
                    table.name
                ))
                .hint("write to a new lake with --lake, or remove the table's folder"));
            }
        };
        let before = files(&delta)?;
        let wanted = |name: &String| kept.contains(name) || parts.iter().any(|p| &p.name == name);
        let fresh: Vec<&Part> = parts.iter().filter(|p| !before.contains(&p.name)).collect();
        let gone: Vec<&String> = before.iter().filter(|name| !wanted(name)).collect();
        if fresh.is_empty() && gone.is_empty() {
            // Also where a commit of ours arrived, and only the answer was lost.
            return version_of(&delta);
        }
        if let Mode::Follow(base) = mode
            && !(delta.version() == base || (base.is_none() && before.is_empty()))
        {
            return Err(overtaken(lake));
        }
        if let Some(version) = write(lake, table, &delta, (&fresh, &gone), grown.as_ref(), run_id).await? {
            return Ok(version);
        }
    }
    Err(overtaken(lake))
}

/// Another run was faster.
pub(crate) fn overtaken(lake: &Location) -> Error {
    Error::environment(format!("another run published to {} while this one went on", lake.shown()))
        .hint("nothing of this run was published; run again: it starts from what is published now")
}

/// One attempt at a commit; no version where another one came first.
async fn write(
    lake: &Location,
    table: &Table,
    delta: &DeltaTable,
    (fresh, gone): (&[&Part], &[&String]),
    grown: Option<&StructType>,
    run_id: &str,
) -> Result<Option<u64>> {
    let state = delta.snapshot().map_err(|e| failed(lake, table.name, e))?;
    let now = now_millis();
    let mut actions: Vec<Action> = Vec::new();
    if let Some(columns) = grown {
        let metadata = state.metadata().clone().with_schema(columns);
        let metadata = metadata.map_err(|e| Error::bug(format!("table {} cannot take a column: {e}", table.name)))?;
        actions.push(Action::Metadata(metadata));
    }
    for file in state.log_data().into_iter().filter(|f| gone.iter().any(|g| **g == *f.path())) {
        actions.push(Action::Remove(Remove {
            path: file.path().to_string(),
            data_change: true,
            deletion_timestamp: Some(now),
            extended_file_metadata: Some(true),
            partition_values: Some(HashMap::new()),
            size: Some(file.size()),
            ..Default::default()
        }));
    }
    actions.extend(fresh.iter().map(|part| {
        Action::Add(Add {
            path: part.name.clone(),
            partition_values: HashMap::new(),
            size: part.bytes as i64,
            modification_time: now,
            data_change: true,
            stats: Some(format!("{{\"numRecords\":{}}}", part.rows)),
            tags: None,
            deletion_vector: None,
            base_row_id: None,
            default_row_commit_version: None,
            clustering_provider: None,
        })
    }));
    let save = if gone.is_empty() { SaveMode::Append } else { SaveMode::Overwrite };
    let operation = DeltaOperation::Write { mode: save, partition_by: None, predicate: None };
    let metadata = HashMap::from([("nayose_run_id".to_string(), serde_json::Value::from(run_id))]);
    // Delta's own second attempts would add our files to those of another run.
    let committed = CommitBuilder::default()
        .with_actions(actions)
        .with_app_metadata(metadata)
        .with_max_retries(0)
        .build(Some(state), delta.log_store(), operation)
        .await;
    match committed {
        Ok(committed) => Ok(Some(committed.version())),
        Err(e) if came_second(&e) => Ok(None),
        Err(e) => Err(failed(lake, table.name, e)),
    }
}

fn came_second(error: &DeltaTableError) -> bool {
    use TransactionError::{CommitConflict, MaxCommitAttempts, VersionAlreadyExists};
    match error {
        DeltaTableError::VersionAlreadyExists(_) => true,
        DeltaTableError::Transaction { source } => {
            matches!(source, VersionAlreadyExists(_) | CommitConflict(_) | MaxCommitAttempts(_))
        }
        _ => false,
    }
}

/// A new table without rows; none where another run just made it.
async fn create(lake: &Location, table: &Table, schema: &SchemaRef) -> Result<Option<DeltaTable>> {
    let columns = kernel_schema(schema)?;
    let created = handle(lake, table.name)?
        .create()
        .with_commit_properties(CommitProperties::default().with_max_retries(0))
        .with_table_name(table.name)
        .with_comment(format!("{} / {}", table.ja, table.en))
        .with_columns(columns.fields().cloned().collect::<Vec<StructField>>())
        .await;
    match created {
        Ok(delta) => Ok(Some(delta)),
        Err(e) => match open(lake, table.name, None).await {
            Ok(Some(_)) => Ok(None),
            _ => Err(failed(lake, table.name, e)),
        },
    }
}

/// The Delta schema, with the comment of every column.
fn kernel_schema(schema: &SchemaRef) -> Result<StructType> {
    let bare: StructType = schema
        .as_ref()
        .try_into_kernel()
        .map_err(|e| Error::bug(format!("a table's schema does not fit Delta: {e}")))?;
    let fields: Vec<StructField> = bare
        .fields()
        .zip(schema.fields())
        .map(|(kernel, arrow)| {
            let comment = arrow.metadata().get("comment").cloned().unwrap_or_default();
            StructField::new(kernel.name().clone(), kernel.data_type().clone(), arrow.is_nullable())
                .with_metadata([("comment".to_string(), MetadataValue::String(comment))])
        })
        .collect();
    StructType::try_new(fields).map_err(|e| Error::bug(format!("a table's schema does not fit Delta: {e}")))
}

/// The columns of a table beside those that are written now.
enum Columns {
    Same,
    /// There are more now, or amounts that are exact: all of them. The new ones stand at the end and may be null, so that rows of before
    /// have them too.
    Grown(StructType),
    Other,
}

fn columns_beside(delta: &DeltaTable, schema: &SchemaRef, replaced: bool) -> Result<Columns> {
    let state = delta.snapshot().map_err(|e| Error::bug(format!("a Delta table was not loaded: {e}")))?;
    let (have, want) = (state.schema(), kernel_schema(schema)?);
    let names = |s: &StructType| -> Vec<(String, String)> {
        s.fields().map(|f| (f.name().clone(), format!("{:?}", f.data_type()))).collect()
    };
    let (mut before, now) = (names(&have), names(&want));
    let mut became_exact = false;
    // Amounts were doubles once. Where no file of before stays, the column may become a decimal.
    for (was, is) in before.iter_mut().zip(&now).filter(|_| replaced) {
        if was.0 == is.0 && was.1.contains("Double") && is.1.contains("Decimal") {
            was.1.clone_from(&is.1);
            became_exact = true;
        }
    }
    Ok(match now.strip_prefix(before.as_slice()) {
        Some([]) if became_exact => Columns::Grown(want),
        Some([]) => Columns::Same,
        Some(_) if want.fields().skip(before.len()).all(StructField::is_nullable) => Columns::Grown(want),
        _ => Columns::Other,
    })
}

/// The loaded version of a table.
///
/// # Errors
/// Bug, if the state was not loaded.
pub(crate) fn version_of(delta: &DeltaTable) -> Result<u64> {
    delta.version().ok_or_else(|| Error::bug("a Delta table was not loaded"))
}

fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

/// Whether an error says that the log is not what a writer wrote.
fn of_the_log(error: &DeltaTableError) -> bool {
    use DeltaTableError::{InvalidJsonLog, InvalidStatsJson, InvalidVersion, SchemaMismatch};
    matches!(error, InvalidJsonLog { .. } | InvalidStatsJson { .. } | InvalidVersion(_) | SchemaMismatch { .. })
        || matches!(error, DeltaTableError::KernelError(inner) if !inner.to_string().contains("object storage error"))
}

fn failed(lake: &Location, table: &str, error: DeltaTableError) -> Error {
    let place = lake.join(&folder_of(table)).shown();
    match storage_cause(&error) {
        Some(cause) => Error::new(cause.kind(), format!("table {table} at {place}: {}", cause.message()))
            .hint(cause.remedy().unwrap_or_default()),
        None => {
            // Delta's kernel keeps only the text of a store's error; ours, with its hint, is at the end of it.
            let said = error.to_string();
            let ours = said.rsplit("object storage error: ").next().unwrap_or_default();
            let (message, hint) = ours.split_once("\nhint: ").unwrap_or((
                ours,
                "check that the lake is reachable and was written by nayose; earlier published runs are not touched",
            ));
            let first = |text: &str| text.lines().next().unwrap_or_default().to_string();
            if of_the_log(&error) {
                return Error::data(format!("the log of table {table} at {place} is damaged: {}", first(message)))
                    .hint(VERIFY);
            }
            Error::environment(format!("table {table} at {place}: {}", first(message))).hint(first(hint))
        }
    }
}
