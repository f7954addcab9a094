//! The states of earlier runs: what takes the tables of a later run back to those of an earlier one.
//!
//! In: published runs. Out: for an earlier run the file `states/NUMBER-RUN.json`, which says for each table either in which files it
//! lies whole, or which rows and values take the table of a later run, its base, back to it; and the folder of the same name with
//! those rows, the model and the settings that explanations need. The newest run has none: its tables are whole. Between a run and
//! the newest lies a chain of such files, oldest first. A run that is not kept any more is marked by `states/NUMBER-RUN.gone`.

pub(crate) mod difference;
pub(crate) mod restore;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::manifest::Output;
use super::sealed;
use super::snapshot::PublishedRun;
use crate::error::{Error, Result, VERIFY};
use crate::store::Location;
use crate::tables::contract::{DECISION, ID_EVENT, RESTATEMENT, col};

/// Folder of the states below the lake.
pub(crate) const FOLDER: &str = "states";

/// Tables that only grow: the files of an earlier run are files of each later one.
pub(crate) const GROWING: [&str; 3] = [ID_EVENT.name, RESTATEMENT.name, DECISION.name];

/// Columns that are others in most rows after each run: what the model says of a pair moves with the frequency of every name, and
/// days since a purchase move with the day. They are kept as whole columns without keys. That costs a few bytes for a row; rows with all
/// their values would be the whole table.
const MOVING: [(&str, &[&str]); 6] = [
    ("golden_customer", &[col::CONFIDENCE]),
    ("id_map", &[col::CONFIDENCE]),
    ("ledger", &[col::MATCH_WEIGHT, col::MATCH_PROBABILITY, col::HOUSEHOLD_PROBABILITY, col::COMPARISONS, col::RUN_ID]),
    ("rfm", &["recency_days", "r", "f", "m", "decile"]),
    ("repeat_rate", &["buyers", "repeaters", "repeat_rate"]),
    ("basket", &["transactions", "support", "confidence", "lift"]),
];

/// The moving columns of a table.
pub(crate) fn moving(table: &str) -> Vec<String> {
    let found = MOVING.iter().find(|(name, _)| *name == table);
    found.map_or_else(Vec::new, |(_, columns)| columns.iter().map(|c| (*c).to_string()).collect())
}

/// The state of an earlier run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct State {
    /// The run.
    pub run_id: String,
    /// Its number.
    pub number: i64,
    /// The number of the later run that it is made from.
    pub base: i64,
    /// Its tables; one that is not here lies whole at the version of its Delta log that the run published.
    pub tables: BTreeMap<String, Kept>,
}

/// How a table of an earlier run is kept.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kept {
    /// In these files.
    Whole(Output),
    /// As what takes the table of the base back to it.
    Difference(Difference),
}

/// What takes a table back to an earlier state.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Difference {
    /// The columns that identify a row.
    pub key: Vec<String>,
    /// The columns that `rows` leaves out.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moving: Vec<String>,
    /// Rows of the earlier state that are gone or changed in the base, and keys of those that are new in it. None where there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows: Option<Output>,
    /// The moving columns whose values are kept here. All of them where there are rows; else those that moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moved: Vec<String>,
    /// Their values in all rows of the earlier state, in order of the key.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub values: Option<Output>,
}

impl Kept {
    /// The files that it names.
    pub(crate) fn outputs(&self) -> Vec<&Output> {
        match self {
            Kept::Whole(output) => vec![output],
            Kept::Difference(difference) => difference.rows.iter().chain(&difference.values).collect(),
        }
    }
}

/// A run of a chain, with its state; the last one has none.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Link {
    /// The run.
    pub run: PublishedRun,
    /// How its tables are kept.
    pub state: Option<State>,
}

/// What the folder of states says about runs, by their numbers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Index {
    /// Runs with a state.
    pub kept: BTreeSet<i64>,
    /// Runs that are not kept any more.
    pub gone: BTreeSet<i64>,
}

/// The name of a run's state below the lake, without its ending: also the folder of its files.
pub(crate) fn name_of(number: i64, run_id: &str) -> String {
    format!("{FOLDER}/{number:06}-{run_id}")
}

/// Which runs have a state, and which are gone.
///
/// # Errors
/// Environment, if the lake cannot be listed.
pub(crate) async fn index(lake: &Location) -> Result<Index> {
    let mut index = Index::default();
    for (file, _) in lake.join(FOLDER).glob("*-*.*").await? {
        let Some((number, rest)) = file.split_once('-') else { continue };
        let Ok(number) = number.parse() else { continue };
        match rest.rsplit_once('.') {
            Some((_, "gone")) => index.gone.insert(number),
            Some((_, "json")) => index.kept.insert(number),
            _ => false,
        };
    }
    Ok(index)
}

/// The state of a run; `None` where its tables lie whole.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is damaged.
pub(crate) async fn read(lake: &Location, number: i64, run_id: &str) -> Result<Option<State>> {
    sealed::read(&lake.join(&format!("{}.json", name_of(number, run_id))), VERIFY).await
}

/// Writes the state of a run.
///
/// # Errors
/// Environment, if it cannot be written.
pub(crate) async fn write(lake: &Location, state: &State) -> Result<()> {
    sealed::write(&lake.join(&format!("{}.json", name_of(state.number, &state.run_id))), state).await
}

/// Marks a run as one that is not kept any more.
///
/// # Errors
/// Environment, if it cannot be written.
pub(crate) async fn mark_gone(lake: &Location, run: &PublishedRun) -> Result<()> {
    lake.join(&format!("{}.gone", name_of(run.number, &run.run_id))).write(Vec::new()).await
}

/// The run and those that lead to it from one whose tables lie whole, which is the last. Alone where its own do.
///
/// # Errors
/// Environment, if a state cannot be read; data, if one is damaged.
pub(crate) async fn chain(lake: &Location, run: &PublishedRun, runs: &[PublishedRun]) -> Result<Vec<Link>> {
    let mut links = Vec::new();
    let mut at = run.clone();
    loop {
        let state = read(lake, at.number, &at.run_id).await?;
        let Some(base) = state.as_ref().map(|state| state.base) else {
            links.push(Link { run: at, state: None });
            return Ok(links);
        };
        let later = runs.iter().find(|run| run.number == base && base > at.number).cloned();
        let damaged = || {
            let place = lake.join(&name_of(at.number, &at.run_id)).shown();
            Error::data(format!("{place}.json is damaged: it builds on run {base}, which is not there")).hint(VERIFY)
        };
        let later = later.ok_or_else(damaged)?;
        links.push(Link { run: at, state });
        at = later;
    }
}
