//! Whether a lake is as it was written: every file that a published run or a run's work names.
//!
//! In: a lake. Out: what is damaged, each file with what is wrong with it and, where a stage can make it again, that stage. The same
//! checks hold every reader; this one reads everything.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::error::{Error, Kind, Result};
use crate::lake::manifest::{Manifest, Output};
use crate::lake::settings::{MODEL_FILE, RunSettings, SETTINGS_FILE, read_model};
use crate::lake::snapshot::{self, PublishedRun};
use crate::lake::states::{self, Kept, State};
use crate::lake::{WORK, chain, delta, erasure, models, published};
use crate::stages::Stage;
use crate::store::{Location, digest};
use crate::tables::contract::RUN;

/// What a look at a whole lake found.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Verified {
    /// Files that were read.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// What is damaged, in order of the files.
    pub damaged: Vec<Damage>,
    /// The digest of the newest row of `run`, which stands for all rows and all files of published tables. Whoever notes it elsewhere
    /// can say later whether they were changed.
    pub ledger: Option<String>,
}

/// Something that is not as it was written.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub(crate) struct Damage {
    /// The file, below the lake.
    pub file: String,
    /// What is wrong with it.
    pub what: String,
    /// The stage of the newest run that makes it again; none where a run cannot.
    pub stage: Option<&'static str>,
}

impl Verified {
    /// The earliest stage that has to be done again.
    pub(crate) fn from(&self) -> Option<Stage> {
        Stage::ALL.into_iter().find(|stage| self.damaged.iter().any(|damage| damage.stage == Some(stage.name())))
    }

    fn note(&mut self, file: &str, error: &Error, stage: Option<&'static str>) -> Result<()> {
        // What cannot be reached says nothing about what lies there.
        if !matches!(error.kind(), Kind::Data) {
            return Err(error.clone());
        }
        self.damaged.push(Damage { file: file.to_string(), what: error.message().to_string(), stage });
        Ok(())
    }

    /// Reads a file of a table whole.
    async fn part(&mut self, lake: &Location, file: &str, stage: Option<&'static str>) -> Result<()> {
        match lake.join(file).read().await {
            Ok(bytes) => {
                self.files += 1;
                self.bytes += bytes.len() as u64;
                Ok(())
            }
            Err(error) => self.note(file, &error, stage),
        }
    }
}

/// Reads the whole lake.
///
/// # Errors
/// Environment, if it cannot be reached.
pub(crate) async fn verify(lake: &Location) -> Result<Verified> {
    let mut found = Verified::default();
    let runs = match snapshot::runs(lake).await {
        Ok(runs) => runs,
        Err(error) => {
            found.note(&delta::folder_of(RUN.name), &error, None)?;
            Vec::new()
        }
    };
    let newest = runs.last().map(|run| run.run_id.clone());
    let mut made: BTreeMap<String, Option<&'static str>> = BTreeMap::new();
    for (file, _) in lake.join(WORK).glob("*/manifest.json").await? {
        let run = file.split('/').next().unwrap_or_default();
        let remade = |stage: Stage| (newest.as_deref() == Some(run)).then_some(stage.name());
        made.extend(made_by(lake, run, remade, &mut found).await?);
    }
    let mut parts: BTreeSet<String> = made.keys().cloned().collect();
    let gone = erasure::unreadable_up_to(lake).await?;
    let not_kept = states::index(lake).await?.gone;
    for run in runs.iter().filter(|run| run.number > gone && !not_kept.contains(&run.number)) {
        let state = kept_by(lake, run, &mut found).await?;
        parts.extend(state.iter().flat_map(|state| state.tables.values()).flat_map(files_of));
        parts.extend(published_by(lake, run, state.as_ref(), &mut found).await?);
    }
    match chain::broken(lake).await {
        Ok((told, row)) => {
            let changed = told.into_iter().map(|what| Damage { file: delta::folder_of(RUN.name), what, stage: None });
            found.damaged.extend(changed);
            found.ledger = row;
        }
        Err(error) => found.note(&delta::folder_of(RUN.name), &error, None)?,
    }
    for file in &parts {
        found.part(lake, file, made.get(file).copied().flatten()).await?;
    }
    for (file, error) in models::damaged(lake).await? {
        found.note(&file, &error, None)?;
    }
    if let Err(error) = erasure::told(lake).await {
        found.note("erasures", &error, None)?;
    }
    found.damaged.sort();
    found.damaged.dedup();
    Ok(found)
}

/// The files that a run's work names, each with the stage that makes it again; `remade` says which do. What lies beside them is
/// looked at here.
async fn made_by(
    lake: &Location,
    run: &str,
    remade: impl Fn(Stage) -> Option<&'static str>,
    found: &mut Verified,
) -> Result<BTreeMap<String, Option<&'static str>>> {
    let work = lake.join(WORK).join(run);
    found.files += 1;
    let mut made = BTreeMap::new();
    match Manifest::load(&work).await {
        Ok(manifest) => {
            for (name, stage) in manifest.iter().flat_map(|manifest| &manifest.stages) {
                let stage_name = Stage::ALL.into_iter().find(|s| s.name() == name).and_then(&remade);
                let files = stage.outputs.values().flat_map(|output| output.named_below("").parts);
                made.extend(files.map(|part| (part.name, stage_name)));
            }
        }
        Err(error) => found.note(&format!("{WORK}/{run}/manifest.json"), &error, remade(Stage::Ingest))?,
    }
    if let Err(error) = RunSettings::load(&work).await {
        found.note(&format!("{WORK}/{run}/{SETTINGS_FILE}"), &error, remade(Stage::Cluster))?;
    }
    if let Err(error) = read_model(&work).await {
        found.note(&format!("{WORK}/{run}/{MODEL_FILE}"), &error, remade(Stage::Score))?;
    }
    Ok(made)
}

/// The state of an earlier run, whose model and settings are looked at here.
async fn kept_by(lake: &Location, run: &PublishedRun, found: &mut Verified) -> Result<Option<State>> {
    let name = states::name_of(run.number, &run.run_id);
    let state = match states::read(lake, run.number, &run.run_id).await {
        Ok(state) => state,
        Err(error) => {
            found.note(&format!("{name}.json"), &error, None)?;
            None
        }
    };
    if state.is_some() {
        found.files += 1;
        let folder = lake.join(&name);
        if let Err(error) = RunSettings::load(&folder).await {
            found.note(&format!("{name}/{SETTINGS_FILE}"), &error, None)?;
        }
        if let Err(error) = read_model(&folder).await {
            found.note(&format!("{name}/{MODEL_FILE}"), &error, None)?;
        }
    }
    Ok(state)
}

/// The files of a table of an earlier run.
fn files_of(kept: &Kept) -> Vec<String> {
    let named = |output: &Output| output.named_below("").parts.into_iter().map(|part| part.name).collect::<Vec<_>>();
    kept.outputs().into_iter().flat_map(named).collect()
}

/// The files of the tables of a run that lie whole at their versions.
async fn published_by(
    lake: &Location,
    run: &PublishedRun,
    state: Option<&State>,
    found: &mut Verified,
) -> Result<Vec<String>> {
    let mut files = Vec::new();
    let sealed = match published::read(lake, run.number, &run.run_id).await {
        Ok(sealed) => sealed,
        Err(error) => {
            found.note(published::FOLDER, &error, None)?;
            None
        }
    };
    let is_kept = |table: &str| state.is_some_and(|state| state.tables.contains_key(table));
    for (table, version, _) in run.tables.iter().filter(|(table, ..)| !is_kept(table)) {
        let folder = delta::folder_of(table);
        let named = match delta::open(lake, table, Some(*version)).await {
            Ok(Some(delta)) => delta::files(&delta)?,
            Ok(None) => {
                let error = Error::data(format!("the log of table {table} is gone"));
                found.note(&folder, &error, None)?;
                continue;
            }
            Err(error) => {
                found.note(&format!("{folder}/_delta_log"), &error, None)?;
                continue;
            }
        };
        if let Some(sealed) = &sealed
            && let Err(error) = sealed.check(lake, table, &named)
        {
            found.note(&format!("{folder}/_delta_log"), &error, None)?;
        }
        files.extend(named.into_iter().map(|part| format!("{folder}/{part}")));
    }
    Ok(files)
}

/// Makes the lists of blocks again that are gone or are not those of their files; answers how many. The files themselves are whole.
///
/// # Errors
/// Environment, if one cannot be read or written.
pub(crate) async fn make_trees(lake: &Location) -> Result<u64> {
    let mut made = 0;
    for room in [delta::TABLES, WORK, states::FOLDER] {
        for (file, _) in lake.join(room).glob("**/part-*.parquet").await? {
            let place = lake.join(room).join(&file);
            let (_, Some(tree)) = digest::of_content(&place.read().await?) else { continue };
            let tree_place = lake.join(room).join(&digest::tree_name(&file));
            if tree_place.read_if_exists().await?.as_ref() != Some(&tree) {
                tree_place.write(tree).await?;
                made += 1;
            }
        }
    }
    Ok(made)
}
