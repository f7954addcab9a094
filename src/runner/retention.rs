//! Earlier runs as differences, and what is kept of them.
//!
//! In: the published runs of a lake, the rule of the pipeline file. Out: the states of earlier runs that are kept, each made from the next
//! later one ([`crate::lake::states`]). Without a rule all tables stay where they are, and a state has only what explanations need of
//! the work of its run, which goes. With a rule the runs that it names become differences as a whole, and the others are marked as
//! gone. Killed at any time, a lake can be read: a state counts once its file is written, and what it replaces stays until
//! [`super::vacuum`] removes it.

use std::collections::BTreeMap;

use datafusion::prelude::{DataFrame, SessionContext};

use super::Run;
use crate::config::keep::{DatedRun, KeepFile};
use crate::config::{Pipeline, Zone};
use crate::engine::session::Resources;
use crate::error::{Error, Result};
use crate::lake::manifest::Output;
use crate::lake::snapshot::{self, PublishedRun};
use crate::lake::states::{self, Kept, Link, State, difference, restore};
use crate::lake::{WORK, delta, erasure, settings};
use crate::store::Location;
use crate::tables::contract::{STANDARD_RECORD, TIME_ZONE};

/// Published runs, and which of them are kept.
pub(crate) struct Retained {
    /// Those that can be read, in order, the newest last.
    pub runs: Vec<PublishedRun>,
    /// Those that the rule keeps, in order.
    pub kept: Vec<PublishedRun>,
    /// Those that were dropped now.
    pub dropped: Vec<i64>,
    /// States that were made, or would be, by the numbers of their runs.
    pub states: BTreeMap<i64, State>,
}

/// Refuses a rule that names runs that are none, as [`misnamed`] says.
///
/// # Errors
/// Configuration, naming them; environment, if the lake cannot be read.
pub(crate) async fn check_named(lake: &Location, keep: &KeepFile, under_way: bool) -> Result<()> {
    misnamed(lake, keep, under_way).await?.map_or(Ok(()), Err)
}

/// What to say of a rule that names runs that are none: a name with a slip keeps nothing, and the run that was meant goes. A run that is
/// `under_way` may be named by the number that it will have. A lake without a run has nothing to lose.
///
/// # Errors
/// Environment, if the lake cannot be read.
pub(crate) async fn misnamed(lake: &Location, keep: &KeepFile, under_way: bool) -> Result<Option<Error>> {
    if keep.named.is_empty() {
        return Ok(None);
    }
    let runs = snapshot::runs(lake).await?;
    let Some(newest) = runs.last() else { return Ok(None) };
    let unknown = keep.unknown(&dated(&runs), newest.number + i64::from(under_way));
    let error = || {
        Error::config(format!(
            "keep.named in the pipeline file has {}, and there is no such run in {}: the newest is run {} ({})",
            unknown.join(", "),
            lake.shown(),
            newest.number,
            newest.run_id
        ))
        .hint("write numbers or ids of runs, as `nayose sql \"select run_number, run_id, as_of from run\"` shows them")
    };
    Ok((!unknown.is_empty()).then(error))
}

/// The runs as the rule looks at them.
fn dated(runs: &[PublishedRun]) -> Vec<DatedRun<'_>> {
    runs.iter().map(|run| DatedRun { number: run.number, run_id: &run.run_id, as_of: run.as_of }).collect()
}

/// What the rule says of the runs of a lake. Nothing is written.
async fn retained(lake: &Location, keep: &KeepFile, zone: &Zone) -> Result<Retained> {
    let gone = erasure::unreadable_up_to(lake).await?;
    let index = states::index(lake).await?;
    let mut runs = snapshot::runs(lake).await?;
    runs.retain(|run| run.number > gone && !index.gone.contains(&run.number));
    let numbers = keep.kept(&dated(&runs), zone);
    let (kept, dropped): (Vec<_>, Vec<_>) = runs.iter().cloned().partition(|run| numbers.contains(&run.number));
    let dropped = dropped.iter().map(|run| run.number).collect();
    Ok(Retained { dropped, kept, runs, states: BTreeMap::new() })
}

/// Makes the states of the runs that are kept, and marks the others as gone. Needs the lock of the lake.
///
/// # Errors
/// Environment, if the lake cannot be read or written; data, if something of it is damaged.
pub(crate) async fn retain(lake: &Location, keep: &KeepFile, zone: &Zone, resources: &Resources) -> Result<Retained> {
    let mut retained = retained(lake, keep, zone).await?;
    make_states(lake, keep, &mut retained, resources, true).await?;
    for run in retained.runs.iter().filter(|run| retained.dropped.contains(&run.number)) {
        states::mark_gone(lake, run).await?;
    }
    Ok(retained)
}

/// What [`retain`] would make of the lake. Nothing is written: states are made, measured and forgotten.
///
/// # Errors
/// As [`retain`].
pub(crate) async fn foreseen(lake: &Location, keep: &KeepFile, zone: &Zone, resources: &Resources) -> Result<Retained> {
    let mut retained = retained(lake, keep, zone).await?;
    make_states(lake, keep, &mut retained, resources, false).await?;
    Ok(retained)
}

async fn make_states(
    lake: &Location,
    keep: &KeepFile,
    retained: &mut Retained,
    resources: &Resources,
    writes: bool,
) -> Result<()> {
    let whole = keep.keeps_all();
    let context = difference::merging(resources)?;
    let mut made = BTreeMap::new();
    for pair in retained.kept.windows(2).rev() {
        let [run, base] = pair else { continue };
        let before = states::read(lake, run.number, &run.run_id).await?;
        if whole && before.is_some() {
            // So have all before it.
            break;
        }
        let making = Making { context: &context, lake, run, base, runs: &retained.runs, writes };
        made.extend(making.state(before, whole).await?.map(|state| (run.number, state)));
    }
    retained.states = made;
    Ok(())
}

/// A state under way.
struct Making<'a> {
    context: &'a SessionContext,
    lake: &'a Location,
    run: &'a PublishedRun,
    base: &'a PublishedRun,
    runs: &'a [PublishedRun],
    /// Whether it is written, or only measured.
    writes: bool,
}

impl Making<'_> {
    /// Makes the state of a run from the tables of its base. `None` where the one that is there holds.
    async fn state(&self, before: Option<State>, whole: bool) -> Result<Option<State>> {
        let (lake, run) = (self.lake, self.run);
        let published = if whole { &[][..] } else { &run.tables[..] };
        let names: Vec<&str> = published.iter().map(|(name, ..)| name.as_str()).chain([STANDARD_RECORD.name]).collect();
        let same_base = before.as_ref().is_some_and(|state| state.base == self.base.number);
        let mut tables = match &before {
            Some(state) if same_base => state.tables.clone(),
            _ => BTreeMap::new(),
        };
        let missing: Vec<&str> = names.into_iter().filter(|name| !tables.contains_key(*name)).collect();
        let is_done = |name: &&str| *name == STANDARD_RECORD.name && before.is_some();
        if same_base && missing.iter().all(is_done) {
            return Ok(None);
        }
        let was = states::chain(lake, run, self.runs).await?;
        let is = states::chain(lake, self.base, self.runs).await?;
        for name in missing {
            if let Some(kept) = self.table(name, [&was, &is]).await? {
                tables.insert(name.to_string(), kept);
            }
        }
        let state = State { run_id: run.run_id.clone(), number: run.number, base: self.base.number, tables };
        if self.writes && before.is_none() {
            let folder = lake.join(&states::name_of(run.number, &run.run_id));
            settings::carry_over(&lake.join(WORK).join(&run.run_id), &folder, [true, true]).await?;
        }
        if self.writes {
            states::write(lake, &state).await?;
        }
        Ok(Some(state))
    }

    /// Where files are written to.
    fn to(&self) -> Option<&Location> {
        self.writes.then_some(self.lake)
    }

    /// How a table is kept; `None` where the run had none, or its work is gone.
    async fn table(&self, name: &str, [was, is]: [&[Link]; 2]) -> Result<Option<Kept>> {
        let (context, lake) = (self.context, self.lake);
        let lies = self.lies_whole(name, was).await?;
        if let Some(output) = &lies
            && states::GROWING.contains(&name)
        {
            return Ok(Some(Kept::Whole(output.clone())));
        }
        let Some(rows_then) = restore::table(context, lake, was, name, TIME_ZONE).await? else { return Ok(None) };
        let rows_now = match restore::table(context, lake, is, name, TIME_ZONE).await? {
            Some(rows) => rows,
            // Nothing to be different from: a mart that was given up, the records of a run that a rollback made.
            None => return self.as_it_was(name, lies, rows_then).await.map(Some),
        };
        let Some(key) = difference::key_of(name, [&rows_then, &rows_now]).await? else {
            return self.as_it_was(name, lies, rows_then).await.map(Some);
        };
        let folder = self.folder(name);
        let moving = states::moving(name);
        let made = difference::write(context, self.to(), &folder, [&rows_then, &rows_now], key, moving).await?;
        let bytes = |outputs: &[&Output]| outputs.iter().map(|output| output.bytes()).sum::<u64>();
        let kept = Kept::Difference(made);
        // Where nearly everything changed, the table itself is the smaller one.
        Ok(Some(match lies {
            Some(output) if name != STANDARD_RECORD.name && bytes(&kept.outputs()) >= output.bytes() => {
                Kept::Whole(output)
            }
            _ => kept,
        }))
    }

    /// Where the files of a table's state lie.
    fn folder(&self, name: &str) -> String {
        format!("{}/{name}", states::name_of(self.run.number, &self.run.run_id))
    }

    /// The table whole: where it lies, or written anew.
    async fn as_it_was(&self, name: &str, lies: Option<Output>, rows: DataFrame) -> Result<Kept> {
        Ok(Kept::Whole(match lies {
            Some(output) => output,
            None => difference::put(self.context, self.to(), &format!("{}/whole", self.folder(name)), rows).await?,
        }))
    }

    /// The files of a table that lies whole.
    async fn lies_whole(&self, name: &str, links: &[Link]) -> Result<Option<Output>> {
        let Some(link) = links.first() else { return Ok(None) };
        match link.state.as_ref().and_then(|state| state.tables.get(name)) {
            Some(Kept::Whole(output)) => return Ok(Some(output.clone())),
            Some(Kept::Difference(_)) => return Ok(None),
            None => {}
        }
        let Some((_, version, _)) = link.run.tables.iter().find(|(table, ..)| table == name) else { return Ok(None) };
        let delta = delta::open(self.lake, name, Some(*version)).await?;
        let delta = delta.ok_or_else(|| Error::data(format!("table {name} is gone from {}", self.lake.shown())))?;
        Ok(Some(Output { folder: delta::folder_of(name), parts: delta::parts(&delta)? }))
    }
}

impl Run<'_> {
    /// Keeps what is to be kept of the runs before this one, and with a rule removes what nobody needs any more.
    pub(super) async fn keep_states(&self) -> Result<()> {
        let Pipeline { lake, keep, zone, .. } = self.pipeline;
        let retained = retain(lake, keep, zone, &self.options.resources).await?;
        if !keep.keeps_all() {
            super::vacuum::sweep(lake, retained, keep.grace_hours, None, true).await?;
        }
        Ok(())
    }
}
