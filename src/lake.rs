//! The published tables: Delta Lake tables below `<lake>/tables/`, and the row of `run` that makes a set of them whole.
//!
//! In: files that a run wrote below a table's folder. Out: a commit for each table that changed, then one for `run`, written
//! last. Readers that go through nayose take the table versions from the newest row of `run`, so that they see either all of
//! a run or none of it. Delta's own readers see each table commit by itself.

use std::collections::HashMap;

use datafusion::arrow::datatypes::SchemaRef;
use deltalake::kernel::engine::arrow_conversion::TryIntoKernel;
use deltalake::kernel::transaction::CommitBuilder;
use deltalake::kernel::{Action, Add, MetadataValue, Remove, StructField, StructType};
use deltalake::protocol::{DeltaOperation, SaveMode};
use deltalake::{DeltaTable, DeltaTableBuilder, DeltaTableError};

use crate::contract::Table;
use crate::error::{Error, Result};
use crate::materialize::Part;
use crate::store::{Location, store_of};

/// Whether a commit replaces the table's rows or adds to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// The new files are the whole table.
    Replace,
    /// The new files are added.
    Append,
}

/// The folder of a table below the lake.
pub fn folder_of(table: &str) -> String {
    format!("tables/{table}")
}

/// The newest state of a table, or the state of a version. `None` where the table does not exist.
///
/// # Errors
/// Environment, if the log cannot be read; data, if it is damaged.
pub async fn open(lake: &Location, table: &str, version: Option<u64>) -> Result<Option<DeltaTable>> {
    let mut delta = builder(lake, table)?.build().map_err(|e| failed(lake, table, e))?;
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

fn builder(lake: &Location, table: &str) -> Result<DeltaTableBuilder> {
    let url = lake.join(&folder_of(table)).folder_url();
    if let Ok(folder) = url.to_file_path() {
        std::fs::create_dir_all(&folder).map_err(|e| {
            Error::environment(format!("cannot write {}: {e}", folder.display()))
                .hint("check the folder's permissions, or write the lake elsewhere with --lake")
        })?;
    }
    let store = store_of(&url)?;
    Ok(DeltaTableBuilder::from_url(url.clone()).map_err(|e| failed(lake, table, e))?.with_storage_backend(store, url))
}

/// The files of a table at its loaded version, by their names below the table's folder.
///
/// # Errors
/// Bug, if the state was not loaded.
pub fn files(delta: &DeltaTable) -> Result<Vec<String>> {
    let state = delta.snapshot().map_err(|e| Error::bug(format!("a Delta table was not loaded: {e}")))?;
    let mut names: Vec<String> = state.log_data().into_iter().map(|f| f.path().to_string()).collect();
    names.sort();
    Ok(names)
}

/// Commits `parts` as the table, or to the table, and answers its version. Where the table already has exactly these files,
/// nothing is written and the version stays.
///
/// # Errors
/// Environment, if the commit cannot be written.
pub async fn commit(
    lake: &Location,
    table: &Table,
    schema: SchemaRef,
    parts: &[Part],
    mode: Mode,
    run_id: &str,
) -> Result<u64> {
    let existing = open(lake, table.name, None).await?;
    let delta = match existing {
        Some(delta) => delta,
        None => create(lake, table, &schema).await?,
    };
    let before = files(&delta)?;
    let fresh: Vec<&Part> = parts.iter().filter(|p| !before.contains(&p.name)).collect();
    let gone: Vec<&String> = match mode {
        Mode::Replace => before.iter().filter(|name| !parts.iter().any(|p| &p.name == *name)).collect(),
        Mode::Append => Vec::new(),
    };
    let changed_schema = schema_changed(&delta, &schema)?;
    if fresh.is_empty() && gone.is_empty() && !changed_schema {
        return version_of(&delta);
    }
    if changed_schema {
        return Err(Error::data(format!("table {} has other columns than this version of nayose writes", table.name))
            .hint("write to a new lake with --lake, or remove the table's folder"));
    }
    let state = delta.snapshot().map_err(|e| failed(lake, table.name, e))?;
    let now = now_millis();
    let mut actions: Vec<Action> = Vec::new();
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
    let save = match mode {
        Mode::Replace => SaveMode::Overwrite,
        Mode::Append => SaveMode::Append,
    };
    let operation = DeltaOperation::Write { mode: save, partition_by: None, predicate: None };
    let metadata = HashMap::from([("nayose_run_id".to_string(), serde_json::Value::from(run_id))]);
    let committed = CommitBuilder::default()
        .with_actions(actions)
        .with_app_metadata(metadata)
        .build(Some(state), delta.log_store(), operation)
        .await
        .map_err(|e| failed(lake, table.name, e))?;
    Ok(committed.version())
}

async fn create(lake: &Location, table: &Table, schema: &SchemaRef) -> Result<DeltaTable> {
    let columns = kernel_schema(schema)?;
    let delta = builder(lake, table.name)?.build().map_err(|e| failed(lake, table.name, e))?;
    delta
        .create()
        .with_table_name(table.name)
        .with_comment(format!("{} / {}", table.ja, table.en))
        .with_columns(columns.fields().cloned().collect::<Vec<StructField>>())
        .await
        .map_err(|e| failed(lake, table.name, e))
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

fn schema_changed(delta: &DeltaTable, schema: &SchemaRef) -> Result<bool> {
    let state = delta.snapshot().map_err(|e| Error::bug(format!("a Delta table was not loaded: {e}")))?;
    let (have, want) = (state.schema(), kernel_schema(schema)?);
    let names = |s: &StructType| -> Vec<(String, String)> {
        s.fields().map(|f| (f.name().clone(), format!("{:?}", f.data_type()))).collect()
    };
    Ok(names(&have) != names(&want))
}

/// The loaded version of a table.
///
/// # Errors
/// Bug, if the state was not loaded.
pub fn version_of(delta: &DeltaTable) -> Result<u64> {
    delta.version().ok_or_else(|| Error::bug("a Delta table was not loaded"))
}

fn now_millis() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn failed(lake: &Location, table: &str, error: DeltaTableError) -> Error {
    let place = lake.join(&folder_of(table)).shown();
    match error {
        DeltaTableError::ObjectStore { source } => {
            let cause = crate::error::from_store(&source);
            Error::new(cause.kind(), format!("table {table} at {place}: {}", cause.message()))
                .hint(cause.remedy().unwrap_or_default())
        }
        other => Error::environment(format!(
            "table {table} at {place}: {}",
            other.to_string().lines().next().unwrap_or_default()
        ))
        .hint("check that the lake is reachable and was written by nayose; earlier published runs are not touched"),
    }
}
