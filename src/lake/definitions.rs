//! What a run's marts are made by, kept in its work folder, so that a reader can be told what a figure is after the pipeline's files
//! have changed.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sealed;
use crate::error::Result;
use crate::store::Location;

/// The file in the work folder.
const FILE: &str = "definitions.json";

/// What marts are made by.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Definitions {
    /// Mart → its SQL.
    marts: BTreeMap<String, String>,
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
