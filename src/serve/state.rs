//! What all requests share: the lake, the newest published run, who is signed in.
//!
//! In: options and settings. Out: a [`State`], of which there is one. A request takes the run once, by [`State::audit`], and keeps it:
//! what it shows is one run from beginning to end. [`follow`] looks for newer runs.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use super::ServeOptions;
use super::who::Who;
use crate::audit::Audit;
use crate::config::Pipeline;
use crate::engine::session::Resources;
use crate::error::Result;
use crate::lake::published;
use crate::store::Location;

/// How often the lake is asked for a newer run: a list of one folder, so that a second or two costs nothing, and nobody waits longer.
const FOLLOW: Duration = Duration::from_secs(2);

/// What all requests share.
pub(crate) struct State {
    /// The lake.
    pub(crate) lake: Location,
    /// The pipeline that fills it, where one was named.
    pub(crate) pipeline: Option<Arc<Pipeline>>,
    /// Memory and threads.
    pub(crate) resources: Resources,
    open: RwLock<Option<Arc<Audit>>>,
    /// Held while a run is opened, so that a thousand requests open it once.
    opening: tokio::sync::Mutex<()>,
}

impl State {
    /// The state of a process that begins.
    ///
    /// # Errors
    /// Configuration for wrong settings.
    pub(crate) fn new(options: &ServeOptions) -> Result<Self> {
        Ok(State {
            lake: options.lake.clone(),
            pipeline: options.pipeline.clone(),
            resources: options.resources.clone(),
            open: RwLock::default(),
            opening: tokio::sync::Mutex::default(),
        })
    }

    /// The newest published run. A request asks once and keeps the answer.
    ///
    /// # Errors
    /// Usage, where nothing is published yet; environment, where the lake cannot be read.
    pub(crate) async fn audit(&self) -> Result<Arc<Audit>> {
        if let Some(open) = self.current() {
            return Ok(open);
        }
        let _alone = self.opening.lock().await;
        match self.current() {
            Some(open) => Ok(open),
            None => self.reopen().await,
        }
    }

    /// Whether the personal values of a customer are shown to this session: after a click that was logged.
    pub(crate) fn shown(&self, _who: &Who, _customer_id: &str) -> bool {
        false
    }

    fn current(&self) -> Option<Arc<Audit>> {
        self.open.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    async fn reopen(&self) -> Result<Arc<Audit>> {
        let audit = Arc::new(Audit::open(&self.lake, None, &self.resources).await?);
        *self.open.write().unwrap_or_else(PoisonError::into_inner) = Some(audit.clone());
        Ok(audit)
    }
}

/// Takes up newer runs for as long as the process lives. A lake that cannot be reached keeps what is open: requests say what is wrong.
pub(super) async fn follow(state: Arc<State>) {
    loop {
        tokio::time::sleep(FOLLOW).await;
        let Ok(Some((_, newest))) = published::newest(&state.lake).await else { continue };
        if state.current().is_some_and(|open| open.run().run_id != newest) {
            let _alone = state.opening.lock().await;
            let _ = state.reopen().await;
        }
    }
}
