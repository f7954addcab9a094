//! What stands for a cluster in a build without the feature `cluster`: none can be named, and every plan runs here.

use std::fmt;
use std::sync::Arc;

use datafusion::execution::TaskContext;
use datafusion::execution::runtime_env::RuntimeEnv;
use datafusion::execution::session_state::SessionState;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::{SessionConfig, SessionContext};

use crate::engine::operators::Operator;
use crate::error::Result;
use crate::store::Location;
use crate::tables::contract::Table;
use crate::tables::part::Part;

/// A scheduler: there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Cluster {}

impl Cluster {
    /// A scheduler by `df://host:port`.
    ///
    /// # Errors
    /// Always: a sentence that says why.
    pub fn parse(typed: &str) -> std::result::Result<Self, String> {
        Err(match typed.starts_with("df://") {
            true => "this build of nayose has no cluster in it; build it with `--features cluster`".to_string(),
            false => format!("{typed:?} is no engine; write local"),
        })
    }

    /// Waits until the scheduler has an executor.
    ///
    /// # Errors
    /// None: there is no scheduler to wait for.
    pub async fn ready(&self) -> Result<()> {
        match *self {}
    }
}

impl fmt::Display for Cluster {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {}
    }
}

/// A session whose plans run on the cluster.
pub(crate) fn context(_: SessionConfig, _: Arc<RuntimeEnv>, cluster: &Cluster) -> SessionContext {
    match *cluster {}
}

/// The session as it is: all plans run here.
pub(crate) fn here(state: SessionState) -> SessionState {
    state
}

/// Nothing: the plan runs here.
///
/// # Errors
/// None.
pub(crate) async fn written_there(
    _: &Arc<dyn ExecutionPlan>,
    _: &Table,
    _: &Location,
    _: Arc<TaskContext>,
) -> Result<Option<(Vec<Part>, Vec<Operator>)>> {
    Ok(None)
}
