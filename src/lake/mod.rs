//! The lake: published tables, work of runs, and who may write.
//!
//! [`delta`] commits files as versions of tables, [`snapshot`] reads the tables that a published run names, [`manifest`] says
//! what a run has done so far, [`published`] says a second time what it published, [`states`] keep earlier runs as differences,
//! [`chain`] ties the rows of `run` to each other, [`erasure`] says which records may not come back, [`held`] which files are kept out of
//! runs, [`figures`] what deliveries usually are, [`plan`] which run waits to be published, [`lock`] who writes, [`models`] what was
//! learned, [`profile`] how far that has moved, [`definitions`] what marts are made by, [`desk`] what people did and saw, [`decision_log`]
//! what came of what they decided; [`sealed`] files say whether they are as they were written.

pub(crate) mod chain;
pub(crate) mod decision_log;
pub(crate) mod definitions;
pub(crate) mod delta;
pub(crate) mod desk;
pub(crate) mod erasure;
pub(crate) mod figures;
pub(crate) mod held;
pub(crate) mod lock;
pub(crate) mod manifest;
pub(crate) mod models;
pub(crate) mod places;
pub(crate) mod plan;
pub(crate) mod profile;
pub(crate) mod published;
pub(crate) mod read;
pub(crate) mod results;
pub(crate) mod sealed;
pub(crate) mod settings;
pub(crate) mod snapshot;
pub(crate) mod states;

use crate::error::Result;
use crate::store::Location;

/// Folder of the work of all runs, below the lake.
pub(crate) const WORK: &str = "work";

/// The folders of a lake in which everything is nayose's.
pub(crate) const ROOMS: [&str; 5] = [delta::TABLES, WORK, published::FOLDER, models::FOLDER, states::FOLDER];

/// Whether a run ever began there. What `desk` has is no sign of one: it is written by who only looks.
///
/// # Errors
/// Environment, if the lake cannot be listed.
pub(crate) async fn is_begun(lake: &Location) -> Result<bool> {
    for room in ROOMS {
        if lake.join(room).has_files().await? {
            return Ok(true);
        }
    }
    Ok(lake.join(lock::FILE).read_if_exists().await?.is_some())
}
