//! The doors: one long-running process that opens a published lake to people and programs.
//!
//! In: a lake, settings. Out: pages, an interface for programs, the Postgres protocol. It reads what runs publish; the only things it
//! writes lie below `desk/` of the lake, outside the run's lock: decisions, comments and the log of accesses. [`state`] holds the newest
//! published run, [`who`] says who asks and what they may, [`page`] draws, [`failure`] turns errors into pages, [`routes`] has a file for
//! each group of pages.

pub(crate) mod access;
pub(crate) mod accounts;
pub(crate) mod charts;
mod decide;
mod draw;
mod extract;
pub(crate) mod failure;
#[cfg(test)]
mod failure_test;
mod form;
mod guard;
mod limits;
mod mask;
mod oidc;
pub(crate) mod page;
pub(crate) mod pg;
mod random;
#[cfg(test)]
mod review_test;
mod routes;
mod sentence;
mod sessions;
pub(crate) mod settings;
pub(crate) mod state;
mod templates;
#[cfg(test)]
mod tests;
mod tls;
pub(crate) mod who;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum_server::Handle;
use hyper_util::rt::TokioTimer;

use crate::config::Pipeline;
use crate::config::problem::nearest;
use crate::engine::session::Resources;
use crate::error::{Error, Result};
use crate::lake::{self, published};
use crate::store::Location;
use settings::Settings;
use state::State;

/// How long a connection may take to send the head of a request. A connection that is kept for the next one counts too, and proxies keep
/// theirs for a minute (nginx, load balancers of clouds): closed earlier, it breaks just when they use it again.
const HEAD: Duration = Duration::from_secs(75);

/// How long requests that are under way when the process ends may take to end too; schedulers kill after ten seconds or more.
const ENDING: Duration = Duration::from_secs(8);

/// How the process is started.
#[derive(Clone, Debug)]
pub(crate) struct ServeOptions {
    /// The lake that is opened.
    pub(crate) lake: Location,
    /// Whether its first run may be still to come: a pipeline is named, which makes it.
    pub(crate) may_be_new: bool,
    /// The pipeline that fills it, where one is named: review asks it about four eyes, thresholds and the file of decisions.
    pub(crate) pipeline: Option<Arc<Pipeline>>,
    /// The settings, checked.
    pub(crate) settings: Settings,
    /// Memory and threads.
    pub(crate) resources: Resources,
    /// The Postgres protocol, where it is wanted.
    pub(crate) pg: Option<pg::Settings>,
    /// Where sentences go that are for whoever runs the process.
    pub(crate) log: fn(&str),
}

/// What is told while the process begins.
pub(crate) enum Told<'a> {
    /// Where it listens.
    Address(&'a str),
    /// The link that signs in whoever opens it first.
    Link(&'a str),
    /// That nothing is published there yet: which lake.
    Empty(&'a str),
}

/// Serves until `stopped` comes.
///
/// # Errors
/// Configuration for wrong files of accounts or a wrong certificate; environment, where the address cannot be had, or the lake cannot be
/// listed.
pub(crate) async fn serve(
    options: &ServeOptions,
    tell: impl Fn(Told<'_>) -> Result<()>,
    stopped: impl Future<Output = ()> + Send,
) -> Result<()> {
    let settings = &options.settings;
    let tls = match &settings.tls {
        Some((certificate, key)) => Some(tls::config(certificate, key)?),
        None => None,
    };
    let is_published = published::newest(&options.lake).await?.is_some();
    if !is_published {
        if !options.may_be_new && !lake::is_begun(&options.lake).await? {
            return Err(no_lake(&options.lake));
        }
        // Who signs in before the first run is written down, too.
        if let Some(folder) = options.lake.local() {
            let failed = |e| Error::environment(format!("cannot make {}: {e}", options.lake.shown()));
            tokio::fs::create_dir_all(&folder).await.map_err(|e| failed(e).hint("check the folder that it lies in"))?;
        }
        tell(Told::Empty(&options.lake.shown()))?;
    }
    let state = Arc::new(State::new(options)?);
    state.saw_published(is_published);
    let listener = listener(settings.listen)?;
    let at = listener.local_addr()?;
    let own = format!("{}://{at}", if tls.is_some() { "https" } else { "http" });
    let own = settings.public_url.clone().unwrap_or(own);
    tell(Told::Address(&own))?;
    if settings.has_no_accounts() {
        tell(Told::Link(&format!("{own}/sign-in/link?token={}", state.make_link()?)))?;
    }
    let sql = options.pg.clone().map(|pg| sql(pg, settings)).transpose()?;
    if let Some(sql) = &sql {
        tell(Told::Address(&format!("postgresql://{}", sql.address()?)))?;
    }
    let sql = async {
        match sql {
            Some(sql) => sql.serve(options.lake.clone()).await,
            None => std::future::pending().await,
        }
    };
    let newest = tokio::spawn(state::follow(state.clone()));
    let handle = Handle::new();
    let ended = tokio::select! {
        ended = listen(listener, tls, state.clone(), handle.clone()) => ended,
        ended = sql => ended,
        () = async {
            stopped.await;
            handle.graceful_shutdown(Some(ENDING));
            while handle.connection_count() > 0 {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        } => Ok(()),
    };
    newest.abort();
    ended.and(state.settle().await)
}

/// No run ever began there: the name has a slip in it, or the first run is still to come.
fn no_lake(lake: &Location) -> Error {
    let near = lake.local().and_then(|folder| {
        let beside = std::fs::read_dir(folder.parent()?).ok()?.flatten();
        let is_lake = |entry: &std::fs::DirEntry| entry.path().join(published::FOLDER).is_dir();
        let names: Vec<String> =
            beside.filter(is_lake).filter_map(|entry| entry.file_name().into_string().ok()).collect();
        let near = nearest(folder.file_name()?.to_str()?, names.iter().map(String::as_str))?;
        Some(format!("did you mean {}? ", folder.with_file_name(near).display()))
    });
    Error::usage(format!("there is no lake in {}: no run ever began there", lake.shown())).hint(format!(
        "{}name it with --lake; `nayose run PIPELINE` makes it, and `nayose serve PIPELINE` waits for its first run",
        near.unwrap_or_default()
    ))
}

/// The Postgres protocol, bound, with the certificate of pages.
fn sql(mut pg: pg::Settings, settings: &Settings) -> Result<pg::Bound> {
    if let Some((certificate, key)) = &settings.tls {
        pg.tls = Some(tls::server(certificate, key)?);
    }
    pg::bind(pg)
}

fn listener(at: SocketAddr) -> Result<std::net::TcpListener> {
    let bind = || {
        let listener = std::net::TcpListener::bind(at)?;
        listener.set_nonblocking(true)?;
        Ok::<_, std::io::Error>(listener)
    };
    bind().map_err(|e| {
        Error::environment(format!("cannot listen on {at}: {e}"))
            .hint("name a free address with --listen, such as 127.0.0.1:7401")
    })
}

async fn listen(
    listener: std::net::TcpListener,
    tls: Option<axum_server::tls_rustls::RustlsConfig>,
    state: Arc<State>,
    handle: Handle<SocketAddr>,
) -> Result<()> {
    let service = router(state).into_make_service_with_connect_info::<SocketAddr>();
    match tls {
        Some(tls) => {
            let mut server = axum_server::from_tcp_rustls(listener, tls)?.handle(handle);
            server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
            server.http_builder().http2().timer(TokioTimer::new());
            server.serve(service).await?;
        }
        None => {
            let mut server = axum_server::from_tcp(listener)?.handle(handle);
            server.http_builder().http1().timer(TokioTimer::new()).header_read_timeout(HEAD);
            server.http_builder().http2().timer(TokioTimer::new());
            server.serve(service).await?;
        }
    }
    Ok(())
}

/// All addresses with what every request goes through.
fn router(state: Arc<State>) -> Router {
    dressed(routes::all(), Router::new(), state)
}

/// Addresses, and those that need nothing, with what every request goes through.
fn dressed(addresses: Router<Arc<State>>, open: Router<Arc<State>>, state: Arc<State>) -> Router {
    addresses
        .route_layer(from_fn_with_state(state.clone(), guard::permitted))
        .merge(open)
        .layer(from_fn_with_state(state.clone(), guard::signed))
        .layer(from_fn_with_state(state.clone(), guard::outside))
        .with_state(state)
}
