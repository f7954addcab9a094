//! Which records may not come back, and the erasure that is under way.
//!
//! In: the records of a customer, the secret key. Out: tombstones and notes in the lake. The order makes it safe to die at any
//! point: first the note that an erasure is under way, which has the tombstones too; then the list of them, which a run makes whole
//! where the process died between the two. From then on every run leaves the records out, and the first that is published removes
//! what is left of them, writes the report and takes the note away.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::{published, sealed};
use crate::error::{Error, Result};
use crate::store::Location;
use nayose_matching::identity::tombstone::{KEY_BYTES, Tombstones};

const TOMBSTONES: &str = "erased.txt";
pub(crate) const UNDER_WAY: &str = "erasures/under_way.json";

/// What to do where the list of the erased is not what the reports say.
const REMEDY: &str = "restore erased.txt from a backup, or `nayose verify --fix --pipeline FILE` makes it again from the reports; until then nothing is published, as the erased would come back";

/// The environment variable with the secret of the tombstones.
pub(crate) const KEY: &str = "NAYOSE_ERASURE_KEY";

/// An erasure that was asked for, and what came of it. Without personal data: a customer id is a pseudonym.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Erasure {
    /// The customer.
    pub customer_id: String,
    /// Who asked for it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: String,
    /// Rows of the person in the published tables before, and entries of logs of people's work.
    pub rows: BTreeMap<String, u64>,
    /// Files that were removed, by table or work folder.
    pub files_removed: BTreeMap<String, u64>,
    /// Runs up to this number can not be read any more: their files had the person's values.
    pub runs_up_to: i64,
    /// Input files that still have rows of the person, with their number: they are not nayose's to change.
    pub still_in_input: BTreeMap<String, u64>,
    /// The lines of the list of the erased that this erasure added: keyed hashes, which tell nobody whose they are.
    #[serde(default)]
    pub tombstones: Vec<String>,
    /// Which key they were made with, as the first line of the list says it; empty in those of earlier versions.
    #[serde(default)]
    pub key: String,
    /// Digest of the report before this one; empty for the first, and in those of earlier versions.
    #[serde(default)]
    pub previous: String,
    /// Customers of whom a record was in review with one of the person: they may be the same person, and stay. Left out where there
    /// are none, as reports of earlier versions have it and reports are named by their digest.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub in_doubt: Vec<String>,
    /// Ids that were merged into the customer's: logs of people's work may name them. Left out where there are none, as above.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<String>,
    /// Pairs of others that would have been linked for want of the erased records, and that stay two people.
    #[serde(default, skip_serializing_if = "is_none")]
    pub kept_apart: u64,
}

fn is_none(count: &u64) -> bool {
    *count == 0
}

/// The tombstones of a lake.
///
/// # Errors
/// Configuration, where there are some, or `needed`, and the key is missing or another one.
pub(crate) async fn tombstones(lake: &Location, needed: bool) -> Result<Option<Arc<Tombstones>>> {
    let bytes = lake.join(TOMBSTONES).read_if_exists().await?;
    let told = told(lake).await?;
    if bytes.is_none() && !needed && told.is_empty() {
        return Ok(None);
    }
    let text = String::from_utf8(bytes.unwrap_or_default())
        .map_err(|_| Error::data(format!("{} is damaged", lake.join(TOMBSTONES).shown())).hint(REMEDY))?;
    let read = read(lake, &text, &told)?;
    let missing = told.iter().flat_map(|erasure| &erasure.tombstones).filter(|line| !read.lists(line)).count();
    if missing > 0 {
        let list = lake.join(TOMBSTONES).shown();
        return Err(
            Error::data(format!("{list} lacks {missing} erased records that reports of erasures name")).hint(REMEDY)
        );
    }
    let published = published::newest(lake).await?;
    if let Some((number, run_id)) = published
        && let Some(run) = published::read(lake, number, &run_id).await?
        && (read.len() as u64) < run.erased
    {
        let (list, n) = (lake.join(TOMBSTONES).shown(), read.len());
        return Err(Error::data(format!("{list} has {n} erased records where run {number} left out {}", run.erased))
            .hint(REMEDY));
    }
    Ok(Some(Arc::new(read)))
}

/// The list of the erased from its text. An empty one fits any key: then the reports say which it was.
fn read(lake: &Location, text: &str, told: &[Erasure]) -> Result<Tombstones> {
    let secret = std::env::var(KEY).unwrap_or_default();
    if secret.len() < KEY_BYTES {
        return Err(Error::config(format!("{} needs the key of its erased records", lake.shown())).hint(format!(
            "set {KEY} to a secret of {KEY_BYTES} characters or more, always the same one, kept outside of the lake"
        )));
    }
    let read = Tombstones::read(&secret, text.lines());
    let is_that_key = |read: &Tombstones| told.iter().all(|told| told.key.is_empty() || told.key == read.check());
    read.filter(is_that_key).ok_or_else(|| {
        Error::config(format!("the erased records of {} were written with another key", lake.shown()))
            .hint(format!("set {KEY} to the secret of that time; with another one the erased would come back"))
    })
}

/// The reports of all erasures in order, and the note of one that is under way.
///
/// # Errors
/// Environment, if they cannot be read; data, if one is damaged, or one that another follows is gone.
pub(crate) async fn told(lake: &Location) -> Result<Vec<Erasure>> {
    let mut names: Vec<String> =
        lake.join("erasures").glob("*-*.json").await?.into_iter().map(|(name, _)| format!("erasures/{name}")).collect();
    names.sort();
    let (mut told, mut previous): (Vec<Erasure>, String) = (Vec::new(), String::new());
    for name in names.iter().map(String::as_str).chain([UNDER_WAY]) {
        let place = lake.join(name);
        let remedy = if name == UNDER_WAY { "ask for the erasure again" } else { REMEDY };
        let Some(erasure) = sealed::read::<Erasure>(&place, remedy).await? else { continue };
        // A note that stayed behind when its report was written tells nothing more.
        if told.last().is_some_and(|last| (&last.customer_id, &last.at) == (&erasure.customer_id, &erasure.at)) {
            continue;
        }
        if erasure.previous != previous && !erasure.previous.is_empty() {
            let place = place.shown();
            return Err(
                Error::data(format!("{place} follows a report of an erasure that is gone or changed")).hint(REMEDY)
            );
        }
        previous = sealed::digest(&erasure)?;
        told.push(erasure);
    }
    Ok(told)
}

/// Makes the list of the erased again from the reports; answers how many records it has.
///
/// # Errors
/// Configuration for the key, environment for the store.
pub(crate) async fn restore(lake: &Location) -> Result<usize> {
    let bytes = lake.join(TOMBSTONES).read_if_exists().await?.unwrap_or_default();
    let text = String::from_utf8_lossy(&bytes).into_owned();
    let told = told(lake).await?;
    let mut all = read(lake, &text, &told)?;
    for line in told.iter().flat_map(|erasure| &erasure.tombstones) {
        all.add_line(line);
    }
    lake.join(TOMBSTONES).write(all.lines().into_bytes()).await?;
    Ok(all.len())
}

/// Writes the tombstones of records, and that their erasure is under way.
///
/// # Errors
/// Configuration for the key, environment for the store.
pub(crate) async fn begin(lake: &Location, records: &[(String, String)], erasure: &Erasure) -> Result<()> {
    if let Some(other) = under_way(lake).await?.filter(|other| other.customer_id != erasure.customer_id) {
        return Err(Error::usage(format!("the erasure of {} is under way in {}", other.customer_id, lake.shown()))
            .hint("run the pipeline first: its next run ends that erasure"));
    }
    resume(lake).await?;
    let known = tombstones(lake, true).await?.ok_or_else(|| Error::bug("tombstones were not made"))?;
    let mut all = Tombstones::clone(&known);
    records.iter().for_each(|(channel, id)| all.add(channel, id));
    let previous = match told(lake).await?.iter().rfind(|told| told.runs_up_to > 0) {
        Some(report) => sealed::digest(report)?,
        None => String::new(),
    };
    let tombstones = records.iter().map(|(channel, id)| known.of(channel, id)).collect();
    let erasure = Erasure { tombstones, key: known.check(), previous, ..erasure.clone() };
    sealed::write(&lake.join(UNDER_WAY), &erasure).await?;
    lake.join(TOMBSTONES).write(all.lines().into_bytes()).await
}

/// Makes the list of the erased whole where a process died while it began an erasure.
///
/// # Errors
/// Configuration for the key, environment for the store.
pub(crate) async fn resume(lake: &Location) -> Result<()> {
    if under_way(lake).await?.is_some() {
        restore(lake).await?;
    }
    Ok(())
}

/// The erasure that is under way, if one is.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is damaged.
pub(crate) async fn under_way(lake: &Location) -> Result<Option<Erasure>> {
    sealed::read(&lake.join(UNDER_WAY), "ask for the erasure again").await
}

/// Writes the report of an erasure that is done, and takes its note away.
///
/// # Errors
/// Environment, if it cannot be written.
pub(crate) async fn report(lake: &Location, erasure: &Erasure) -> Result<()> {
    let name = format!("erasures/{:06}-{}.json", erasure.runs_up_to + 1, erasure.customer_id);
    sealed::write(&lake.join(&name), erasure).await?;
    lake.join(UNDER_WAY).remove().await
}

/// The last run that an erasure made unreadable; 0 where there is none.
///
/// # Errors
/// Environment, if the reports cannot be listed.
pub(crate) async fn unreadable_up_to(lake: &Location) -> Result<i64> {
    let reports = lake.join("erasures").glob("*-*.json").await?;
    let number = |name: &str| name.split('-').next()?.parse::<i64>().ok();
    Ok(reports.iter().filter_map(|(name, _)| number(name)).map(|n| n - 1).max().unwrap_or(0))
}
