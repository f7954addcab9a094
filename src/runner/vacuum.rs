//! Removes what no kept run needs: files of tables, states and work.
//!
//! In: a lake, the rule of the pipeline file. Out: a lake with the same answers and fewer files. A file is noted in
//! `states/vacuum.json` when it is first seen out of use, and removed by a later vacuum once it has been so for the time of grace, by
//! the clock of the store, as a reader may have begun before. Killed at any time, nothing is lost that is needed: what goes was
//! out of use before. Delta's own time travel ends at what was removed; `--as-of` goes on.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};

use super::retention::{self, Retained};
use crate::config::Pipeline;
use crate::console::progress::Progress;
use crate::engine::session::Resources;
use crate::error::{Error, Result};
use crate::lake::manifest::{Manifest, Output};
use crate::lake::states::{self, Kept, State};
use crate::lake::{ROOMS, WORK, delta, erasure, lock, models, published, sealed};
use crate::store::{Location, digest};
use crate::tables::contract::RUN;

/// The note of what is out of use.
const NOTE: &str = "vacuum.json";

/// The folder of a Delta log: Delta removes its old entries itself.
const LOG: &str = "_delta_log";

/// Files since when they are out of use.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Note {
    /// File below the lake → seconds since 1970.
    out_of_use: BTreeMap<String, i64>,
}

/// What a vacuum did, or would do.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Vacuumed {
    /// Numbers of the runs that can be asked.
    pub kept: Vec<i64>,
    /// Numbers of the runs that cannot any more.
    pub dropped: Vec<i64>,
    /// What was removed, by table or folder.
    pub removed: BTreeMap<String, Files>,
    /// What is out of use, but not yet for long enough.
    pub waiting: BTreeMap<String, Files>,
    /// Bytes of all files that stay, with those that wait.
    pub bytes_left: u64,
}

/// Files with their bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Files {
    /// How many.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

impl Files {
    fn add(&mut self, bytes: u64) {
        self.files += 1;
        self.bytes += bytes;
    }

    /// All of them.
    pub(crate) fn sum(all: &BTreeMap<String, Files>) -> Files {
        all.values()
            .fold(Files::default(), |sum, of| Files { files: sum.files + of.files, bytes: sum.bytes + of.bytes })
    }
}

/// Applies the rule of the pipeline file to its lake. With `dry` nothing is written.
///
/// # Errors
/// Usage, where nothing is published; environment, where a run holds the lake, or it cannot be written.
pub(crate) async fn vacuum(
    pipeline: &Pipeline,
    grace_hours: u32,
    dry: bool,
    resources: &Resources,
    progress: &Progress,
) -> Result<Vacuumed> {
    let Pipeline { lake, keep, zone, .. } = pipeline;
    if crate::lake::snapshot::newest(lake).await?.is_none() {
        return Err(Error::usage(format!("nothing is published in {}", lake.shown()))
            .hint("name the pipeline file of the lake, or its lake with --lake"));
    }
    retention::check_named(lake, keep, false).await?;
    if dry {
        return sweep(lake, retention::foreseen(lake, keep, zone, resources).await?, grace_hours, None, false).await;
    }
    let _lock = lock::Lock::take(lake, |text| progress.warn(text)).await?;
    if let Some(erasure) = erasure::under_way(lake).await? {
        return Err(Error::usage(format!("the erasure of {} is under way in {}", erasure.customer_id, lake.shown()))
            .hint("run the pipeline first: its next run ends that erasure"));
    }
    ROOMS.iter().try_for_each(|room| lake.join(room).remove_aside())?;
    let there = there(lake).await?;
    let retained = retention::retain(lake, keep, zone, resources).await?;
    sweep(lake, retained, grace_hours, Some(&there), true).await
}

/// Removes what is out of use for the time of grace; notes what is so since now. What is in use is decided by the states that were made, or
/// would be: with `write` and without it the same goes. What is not of `there`, the files before states were made, goes untold: states that
/// were made on the way to others. Needs the lock of the lake, unless nothing is written.
///
/// # Errors
/// Environment, if the lake cannot be read or written.
pub(super) async fn sweep(
    lake: &Location,
    retained: Retained,
    grace_hours: u32,
    there: Option<&HashSet<String>>,
    write: bool,
) -> Result<Vacuumed> {
    let needed = Needed::of(lake, &retained).await?;
    let place = lake.join(&format!("{}/{NOTE}", states::FOLDER));
    // A note that is damaged is none: the time of grace begins anew.
    let before: Note = sealed::read(&place, "").await.ok().flatten().unwrap_or_default();
    let (now, grace) = (now(lake).await?, i64::from(grace_hours) * 3600);
    let mut note = Note::default();
    let mut gone: Vec<String> = Vec::new();
    let mut made: BTreeMap<String, u64> = parts_of(retained.states.values()).collect();
    let mut done = Vacuumed {
        kept: retained.kept.iter().map(|run| run.number).collect(),
        dropped: retained.dropped,
        ..Vacuumed::default()
    };
    for room in ROOMS {
        for (file, meta) in lake.join(room).glob("**").await? {
            let file = format!("{room}/{file}");
            made.remove(&file);
            if needed.has(&file) {
                done.bytes_left += meta.size;
                continue;
            }
            let since = before.out_of_use.get(&file).copied().unwrap_or(now);
            let mut words = file.split('/');
            let of = if room == delta::TABLES { words.nth(1).unwrap_or(room) } else { room };
            if now - since >= grace {
                if there.is_none_or(|there| there.contains(&file)) {
                    done.removed.entry(of.to_string()).or_default().add(meta.size);
                }
                gone.push(file);
            } else {
                done.waiting.entry(of.to_string()).or_default().add(meta.size);
                done.bytes_left += meta.size;
                note.out_of_use.insert(file, since);
            }
        }
    }
    // States that are not written yet will be files that stay.
    done.bytes_left += made.values().sum::<u64>();
    if write {
        if note != before {
            sealed::write(&place, &note).await?;
        }
        for file in gone {
            lake.join(&file).remove().await?;
        }
    }
    Ok(done)
}

/// All files that a vacuum looks at.
async fn there(lake: &Location) -> Result<HashSet<String>> {
    let mut files = HashSet::new();
    for room in ROOMS {
        files.extend(lake.join(room).glob("**").await?.into_iter().map(|(file, _)| format!("{room}/{file}")));
    }
    Ok(files)
}

/// The time by the clock of the store: that of the lock, which was just written. This machine's where none is held.
async fn now(lake: &Location) -> Result<i64> {
    let lock = lake.glob(lock::FILE).await?;
    Ok(lock.first().map_or_else(|| jiff::Timestamp::now().as_second(), |(_, meta)| meta.last_modified.timestamp()))
}

/// The files of states, with their bytes.
fn parts_of<'a>(states: impl Iterator<Item = &'a State>) -> impl Iterator<Item = (String, u64)> {
    let outputs = states.flat_map(|state| state.tables.values()).flat_map(Kept::outputs);
    let named = |output: &'a Output| {
        output.parts.iter().map(move |part| (format!("{}/{}", output.folder, part.name), part.bytes))
    };
    outputs.flat_map(named)
}

/// What may not go.
#[derive(Default)]
struct Needed {
    /// Files below the lake; lists of blocks stay with their files.
    files: HashSet<String>,
    /// What begins so stays as well.
    prefixes: Vec<String>,
}

impl Needed {
    /// What the runs need that are kept.
    async fn of(lake: &Location, retained: &Retained) -> Result<Self> {
        let mut needed = Needed::default();
        needed.files.insert(format!("{}/{NOTE}", states::FOLDER));
        // What was learned is small, and says for ever what a run used.
        needed.prefixes.push(format!("{}/", models::FOLDER));
        let Some(newest) = retained.runs.last() else { return Ok(needed) };
        // The newest version of every table, which other readers see, and which a run that was stopped while it published may have written.
        let mut tables: HashSet<String> = HashSet::from([RUN.name.to_string()]);
        for (file, _) in lake.join(delta::TABLES).glob("*/_delta_log/*.json").await? {
            tables.extend(file.split('/').next().map(str::to_string));
        }
        let published: HashSet<&str> = newest.tables.iter().map(|(name, ..)| name.as_str()).collect();
        for table in tables.iter().filter(|table| *table == RUN.name || published.contains(table.as_str())) {
            needed.table(lake, table, None).await?;
        }
        for run in &retained.kept {
            let name = states::name_of(run.number, &run.run_id);
            needed.files.insert(format!("{}/{:06}-{}.json", published::FOLDER, run.number, run.run_id));
            let state = match retained.states.get(&run.number) {
                Some(made) => Some(made.clone()),
                None => states::read(lake, run.number, &run.run_id).await?,
            };
            needed.files.extend([
                format!("{name}.json"),
                format!("{name}/model.yaml"),
                format!("{name}/settings.json"),
            ]);
            let is_newest = run.number == newest.number;
            for (table, version, _) in &run.tables {
                let kept = state.as_ref().is_some_and(|state| state.tables.contains_key(table));
                if is_newest || !kept {
                    needed.table(lake, table, Some(*version)).await?;
                }
            }
            needed.files.extend(parts_of(state.iter()).map(|(file, _)| file));
        }
        // What marks runs that are gone.
        for (file, _) in lake.join(states::FOLDER).glob("*.gone").await? {
            needed.files.insert(format!("{}/{file}", states::FOLDER));
        }
        needed.work(lake, &newest.run_id).await?;
        Ok(needed)
    }

    /// The files of a version of a table.
    async fn table(&mut self, lake: &Location, table: &str, version: Option<u64>) -> Result<()> {
        if let Some(delta) = delta::open(lake, table, version).await? {
            let folder = delta::folder_of(table);
            self.files.extend(delta::files(&delta)?.into_iter().map(|part| format!("{folder}/{part}")));
        }
        Ok(())
    }

    /// The work of the newest run and of those that go on from it, with the files of earlier work and of tables that they name.
    async fn work(&mut self, lake: &Location, newest: &str) -> Result<()> {
        for (file, _) in lake.join(WORK).glob("*/manifest.json").await? {
            let run = file.split('/').next().unwrap_or_default();
            // Work that cannot be read is no reason to remove it: `verify` says so.
            let manifest = Manifest::load(&lake.join(WORK).join(run)).await.ok().flatten();
            let goes_on = manifest.as_ref().is_none_or(|m| m.previous.as_deref() == Some(newest));
            if run != newest && !goes_on {
                continue;
            }
            self.prefixes.push(format!("{WORK}/{run}/"));
            let outputs = manifest.iter().flat_map(|m| m.stages.values()).flat_map(|stage| stage.outputs.values());
            for output in outputs {
                self.files.extend(output.parts.iter().map(|part| format!("{}/{}", output.folder, part.name)));
            }
        }
        Ok(())
    }

    fn has(&self, file: &str) -> bool {
        let part = digest::part_of_tree(file);
        self.files.contains(part.as_deref().unwrap_or(file))
            || self.prefixes.iter().any(|prefix| file.starts_with(prefix))
            || file.split('/').any(|word| word == LOG)
    }
}
