//! What a run's marts are made by, kept in its work folder, so that a reader can be told what a figure is after the pipeline's files
//! have changed: the query, and what the head of its file promises of the columns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{WORK, sealed};
use crate::error::Result;
use crate::store::Location;
use crate::tables::contract::{self, Table};

/// The file in the work folder.
const FILE: &str = "definitions.json";

/// What marts are made by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Definitions {
    /// Mart → its SQL.
    marts: BTreeMap<String, String>,
}

/// What is promised of the tables of a run.
pub(crate) struct Contracts(BTreeMap<String, String>);

impl Contracts {
    /// The contract of a table: of a mart what the head of its file said then.
    pub(crate) fn find(&self, table: &str) -> Option<&'static Table> {
        match self.0.get(table) {
            Some(sql) => contract::of_text(table, sql).or_else(|| contract::without_head(table)),
            None => contract::find(table),
        }
    }
}

/// What is promised of the tables of a published run.
///
/// # Errors
/// As [`load`].
pub(crate) async fn contracts(lake: &Location, run_id: &str) -> Result<Contracts> {
    Ok(Contracts(load(&lake.join(WORK).join(run_id)).await?))
}

/// Keeps the SQL of each mart.
///
/// # Errors
/// Environment, if it cannot be written.
pub(crate) async fn save(work: &Location, marts: BTreeMap<String, String>) -> Result<()> {
    sealed::write(&work.join(FILE), &Definitions { marts }).await
}

/// The SQL of each mart; empty in a folder of an earlier version.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is damaged.
pub(crate) async fn load(work: &Location) -> Result<BTreeMap<String, String>> {
    let found: Option<Definitions> = sealed::read(&work.join(FILE), "run the pipeline again with --from marts").await?;
    Ok(found.unwrap_or_default().marts)
}
