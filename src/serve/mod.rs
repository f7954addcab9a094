//! The doors: one long-running process that opens a published lake to people and programs.
//!
//! In: a lake, settings. Out: pages, an interface for programs, the Postgres protocol. It reads what runs publish; the only things it
//! writes lie below `desk/` of the lake, outside the run's lock: decisions, comments and the log of accesses. [`state`] holds the newest
//! published run, [`who`] says who asks and what they may, [`page`] draws, [`failure`] turns errors into pages, [`routes`] has a file for
//! each group of pages.

pub(crate) mod failure;
pub(crate) mod page;
pub(crate) mod pg;
mod routes;
pub(crate) mod state;
pub(crate) mod who;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use crate::config::Pipeline;
use crate::engine::session::Resources;
use crate::error::{Error, Result};
use crate::store::Location;
use state::State;

/// How the process is started.
#[derive(Clone, Debug)]
pub(crate) struct ServeOptions {
    /// The lake that is opened.
    pub(crate) lake: Location,
    /// The pipeline that fills it, where one is named: review asks it about four eyes, thresholds and the file of decisions.
    pub(crate) pipeline: Option<Arc<Pipeline>>,
    /// Where to listen; port 0 takes one that is free.
    pub(crate) listen: SocketAddr,
    /// The file of settings, where one is named.
    pub(crate) settings: Option<PathBuf>,
    /// Memory and threads.
    pub(crate) resources: Resources,
    /// The Postgres protocol, where it is wanted.
    pub(crate) pg: Option<pg::Settings>,
}

/// Serves until `stopped` comes.
///
/// # Errors
/// Configuration for wrong settings; environment, where the address cannot be had or the lake cannot be read.
pub(crate) async fn serve(options: &ServeOptions, say: impl Fn(&str), stopped: impl Future<Output = ()>) -> Result<()> {
    let state = Arc::new(State::new(options)?);
    let listener = tokio::net::TcpListener::bind(options.listen).await.map_err(|e| {
        Error::environment(format!("cannot listen on {}: {e}", options.listen))
            .hint("name a free address with --listen, such as 127.0.0.1:7401")
    })?;
    say(&format!("listening on http://{}", listener.local_addr()?));
    let sql = options.pg.clone().map(pg::bind).transpose()?;
    if let Some(sql) = &sql {
        say(&format!("listening on postgresql://{}", sql.address()?));
    }
    let sql = async {
        match sql {
            Some(sql) => sql.serve(options.lake.clone()).await,
            None => std::future::pending().await,
        }
    };
    let newest = tokio::spawn(state::follow(state.clone()));
    let router = routes::all().with_state(state);
    let served = axum::serve(listener, router.into_make_service_with_connect_info::<SocketAddr>());
    let ended = tokio::select! {
        ended = served => ended.map_err(Error::from),
        ended = sql => ended,
        () = stopped => Ok(()),
    };
    newest.abort();
    ended
}
