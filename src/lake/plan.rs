//! The plan of a lake: a run that did everything but publish, and waits for somebody to look at it.
//!
//! In: a run whose stages are done. Out: `plan.json`, which names it. Its tables lie where a run's tables lie; the note says by which
//! inputs, configuration and published run it was made, so that what is published is what was looked at. There is one plan at most: a
//! newer one replaces it, and any run that is published ends it.

use serde::{Deserialize, Serialize};

use super::{WORK, sealed};
use crate::error::Result;
use crate::store::Location;

const NAME: &str = "plan.json";

/// A run that waits to be published.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Plan {
    /// The run.
    pub run_id: String,
    /// The run that was the newest published one.
    pub previous: Option<String>,
    /// Time as of which the analyses hold, where one was given.
    pub as_of: Option<i64>,
    /// Whether it was a run with `--full`.
    pub full: bool,
    /// Digest of the pipeline file and what it names.
    pub configuration: String,
    /// When it was made (RFC 3339).
    pub at: String,
}

/// The plan of a lake; `None` where there is none.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is damaged.
pub(crate) async fn read(lake: &Location) -> Result<Option<Plan>> {
    sealed::read(&lake.join(NAME), "make the plan again with `nayose run PIPELINE --plan`").await
}

/// Writes a plan in place of the one before, whose work goes.
///
/// # Errors
/// Environment, if it cannot be written.
pub(crate) async fn write(lake: &Location, plan: &Plan) -> Result<()> {
    let before = read(lake).await.unwrap_or_default();
    sealed::write(&lake.join(NAME), plan).await?;
    match before.filter(|before| before.run_id != plan.run_id && Some(&before.run_id) != plan.previous.as_ref()) {
        Some(before) => lake.join(WORK).join(&before.run_id).remove_all().await,
        None => Ok(()),
    }
}

/// Ends the plan of a lake, as `published` is the newest run now. The work of a plan that was not published goes.
///
/// # Errors
/// Environment, if something cannot be removed.
pub(crate) async fn end(lake: &Location, published: &str) -> Result<()> {
    let Some(plan) = read(lake).await.unwrap_or_default() else { return Ok(()) };
    if plan.run_id != published {
        lake.join(WORK).join(&plan.run_id).remove_all().await?;
    }
    lake.join(NAME).remove().await
}
