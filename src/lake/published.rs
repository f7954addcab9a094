//! What a run published, said a second time: the file `published/NUMBER-RUN.json` names every part of every table.
//!
//! In: a run that was just published. Out: a file that readers hold the Delta logs against, so that a log that lost its last entry
//! does not look like yesterday, and one that lost a line does not look like fewer rows. It is written behind the row of `run`; a
//! run that was killed between the two has none, and is published all the same.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sealed;
use crate::config::{JAPAN, Renames};
use crate::error::{Error, Result, VERIFY};
use crate::store::Location;

/// Folder of these files below the lake.
pub(crate) const FOLDER: &str = "published";

/// What a run published.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Published {
    /// The run.
    pub run_id: String,
    /// Its number, from 1.
    pub number: i64,
    /// Records that were erased up to this run: the list may only grow.
    #[serde(default)]
    pub erased: u64,
    /// When, by the clock of whoever published it (RFC 3339).
    #[serde(default)]
    pub at: String,
    /// How many customers have to be alike in the analyst's profile; 0 where nothing was declared.
    #[serde(default)]
    pub profile_k: u32,
    /// The digest of the row of `run` ([`super::chain`]); empty in those of earlier versions.
    #[serde(default)]
    pub row: String,
    /// The time zone in which the pipeline's days begin.
    #[serde(default = "japan")]
    pub time_zone: String,
    /// Former names of channels.
    #[serde(default, skip_serializing_if = "Renames::is_empty")]
    pub channels: Renames,
    /// Version and parts of every table.
    pub tables: BTreeMap<String, PublishedTable>,
}

/// Runs of before the pipeline file could name a zone.
fn japan() -> String {
    JAPAN.into()
}

/// A table at its version.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct PublishedTable {
    /// Of its Delta log.
    pub version: u64,
    /// Its files, in order of their names.
    pub parts: Vec<String>,
}

/// The file of a run.
fn name(number: i64, run_id: &str) -> String {
    format!("{FOLDER}/{number:06}-{run_id}.json")
}

/// Writes what a run published.
///
/// # Errors
/// Environment, if it cannot be written.
pub(crate) async fn write(lake: &Location, published: &Published) -> Result<()> {
    sealed::write(&lake.join(&name(published.number, &published.run_id)), published).await
}

/// What a run published; `None` where it has no file.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is damaged.
pub(crate) async fn read(lake: &Location, number: i64, run_id: &str) -> Result<Option<Published>> {
    sealed::read(&lake.join(&name(number, run_id)), VERIFY).await
}

/// Number and id of the newest run that has a file.
///
/// # Errors
/// Environment, if the lake cannot be listed.
pub(crate) async fn newest(lake: &Location) -> Result<Option<(i64, String)>> {
    let files = lake.join(FOLDER).glob("*-*.json").await?;
    let runs = files.iter().filter_map(|(file, _)| {
        let (number, run_id) = file.strip_suffix(".json")?.split_once('-')?;
        Some((number.parse().ok()?, run_id.to_string()))
    });
    Ok(runs.max())
}

impl Published {
    /// Holds the files that a log names for a table against those that were published.
    ///
    /// # Errors
    /// Data, where they are others.
    pub(crate) fn check(&self, lake: &Location, table: &str, parts: &[String]) -> Result<()> {
        let Some(known) = self.tables.get(table) else { return Ok(()) };
        // Both in order of their names.
        if parts == known.parts {
            return Ok(());
        }
        Err(Error::data(format!(
            "the log of table {table} in {} is damaged: it names {} files where run {} published {}",
            lake.shown(),
            parts.len(),
            self.number,
            known.parts.len()
        ))
        .hint(VERIFY))
    }
}
