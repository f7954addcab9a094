//! The events of a rollback.
//!
//! In: a lake, the name of its pipeline, the rollback as a future. Out: what the rollback answers; on the side, a START event and a
//! COMPLETE or FAIL event of the job `pipeline.rollback`. Tables of the earlier run go in, the same tables at new versions come out.
//! Which run that is, is known when it is found: START and FAIL have no datasets, and neither has a rollback that had nothing to do.

use std::future::Future;

use serde_json::Map;
use uuid::Uuid;

use super::settings::Variables;
use super::{Process, begun, datasets, ended, failure, receiver, tags};
use crate::console::progress::Progress;
use crate::error::Result;
use crate::lake::snapshot;
use crate::runner::rollback::RolledBack;
use crate::store::Location;

/// What the job is called behind the name of its pipeline.
const JOB: &str = "rollback";

/// Does the rollback, and tells it where the environment says. `pipeline` is the name of the lake's pipeline, where it is known.
///
/// # Errors
/// Those of the rollback.
pub(crate) async fn observed_rollback(
    lake: &Location,
    pipeline: Option<&str>,
    variables: &Variables,
    progress: &Progress,
    rollback: impl Future<Output = Result<RolledBack>>,
) -> Result<RolledBack> {
    let Some(transport) = receiver(variables, progress) else { return rollback.await };
    let job = pipeline.map_or_else(|| JOB.to_string(), |pipeline| format!("{pipeline}.{JOB}"));
    let about = "nayose rollback: the tables and ids of an earlier run become the newest again".to_string();
    let process = Process { variables, run: Uuid::now_v7(), job, about };
    let start = begun(&transport, process.event("START", Map::new(), Vec::new(), Vec::new()));
    let outcome = rollback.await;
    let end = match &outcome {
        Ok(RolledBack::Done(restored)) => {
            let then = &restored.restores;
            let now = snapshot::newest(lake).await.ok().flatten().filter(|run| run.run_id == restored.run_id);
            let outputs = now.map(|now| datasets::restored_outputs(lake, &now)).unwrap_or_default();
            let facets = tags(&restored.run_id, "rolled_back", Some(&then.run_id));
            process.event("COMPLETE", facets, datasets::restored_inputs(lake, then), outputs)
        }
        Ok(RolledBack::NothingToDo(run)) => {
            process.event("COMPLETE", tags(&run.run_id, "nothing_new", None), Vec::new(), Vec::new())
        }
        Err(error) => process.event("FAIL", failure(error), Vec::new(), Vec::new()),
    };
    ended(&transport, start, &end, progress).await;
    outcome
}
