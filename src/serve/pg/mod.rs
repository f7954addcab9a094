//! The Postgres protocol: SQL for BI tools.
//!
//! In: a lake, settings. Out: databases that `psql`, drivers and BI tools read: `nayose` with the published tables of the newest run,
//! `analyst` with the analyst's profile, each reached by logins of its own. [`connection`] answers a socket, [`startup`] asks who it is
//! ([`scram`], [`logins`]), [`handler`] and [`session`] run statements ([`statement`] says which, [`rewrite`] and [`template`]
//! read them as Postgres does), [`rows`] brings their rows, [`database`] and [`catalog`] are what they read, [`failure`] and [`words`] say
//! what is wrong. Statements run in threads of their own, so that a heavy one takes none from pages.

mod catalog;
mod connection;
mod database;
mod failure;
mod handler;
pub(crate) mod logins;
mod rewrite;
mod rows;
mod scram;
mod server;
mod session;
mod startup;
mod statement;
mod template;
mod words;

use std::net::SocketAddr;
use std::sync::Arc;

use datafusion_postgres::pgwire::tokio::TlsAcceptor;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, oneshot, watch};

use crate::error::{Error, Result};
use crate::store::Location;
use server::Server;
pub(crate) use server::Settings;

/// The version that clients are told: tools ask what this version of Postgres has. `psql` warns where it is older than a server, and the
/// oldest that is still kept up (Debian's) is 15.
const SERVER_VERSION: &str = "15.0";

/// The same as a number.
const SERVER_VERSION_NUMBER: &str = "150000";

/// Connections that are told that there is no room, at once: beyond, they are closed without a word.
const TURNED_AWAY: usize = 32;

/// Bytes of a thread's stack, of which what no statement needs is never taken. A statement is read, rewritten, planned and dropped by functions
/// that call themselves once for each operator of a chain, and a stack that is used up ends the process: each of
/// [`rewrite::MOST_OPERATORS`] has 64 KiB.
const STACK: usize = 64 << 20;

/// Threads of statements at most, however many may run at once.
const MOST_THREADS: usize = 256;

/// Threads of connections: they plan, and write rows; one that plans leaves another for the rest.
const CONNECTION_THREADS: usize = 2;

/// The name that a client of the protocol says to TLS (IANA).
const ALPN: &[u8] = b"postgresql";

/// A listener that is bound, so that its port can be told before somebody connects.
#[derive(Debug)]
pub(crate) struct Bound {
    listener: std::net::TcpListener,
    settings: Settings,
}

/// Takes the address.
///
/// # Errors
/// Usage, where passwords' proofs and rows would cross a network in the open; configuration, where there are no logins; environment, where
/// the address cannot be had.
pub(crate) fn bind(settings: Settings) -> Result<Bound> {
    if !settings.at.ip().is_loopback() && settings.tls.is_none() && !settings.is_behind_proxy {
        return Err(Error::usage(format!("the Postgres protocol on {} would not be encrypted", settings.at))
            .hint("name a certificate under `tls` in the settings, listen on 127.0.0.1, or say --pg-behind-proxy where one in front encrypts"));
    }
    logins::check(&settings.logins)?;
    let listener = std::net::TcpListener::bind(settings.at).map_err(|e| {
        Error::environment(format!("cannot listen on {}: {}", settings.at, e.kind()))
            .hint("name an address that is free, such as 127.0.0.1:5433")
    })?;
    listener.set_nonblocking(true)?;
    Ok(Bound { listener, settings })
}

impl Bound {
    /// Where it listens.
    ///
    /// # Errors
    /// Environment, if the system does not say.
    pub(crate) fn address(&self) -> Result<SocketAddr> {
        Ok(self.listener.local_addr()?)
    }

    /// Answers in threads of its own, until it is dropped.
    ///
    /// # Errors
    /// Environment, where there are no threads; bug, where the catalogue cannot be made.
    pub(crate) async fn serve(self, lake: Location) -> Result<()> {
        let (ended, ending) = oneshot::channel();
        let (stop, stopping) = watch::channel(false);
        let runtime = |name: &str, threads: usize| {
            tokio::runtime::Builder::new_multi_thread()
                .worker_threads(threads)
                .thread_name(name)
                .thread_stack_size(STACK)
                .enable_all()
                .build()
        };
        // Two: a statement that keeps its threads for minutes keeps neither sign-ins nor cancellations.
        let mut threads = Threads { runtimes: Vec::new(), stop };
        // A step of a join may keep its thread for seconds: each statement that runs has threads of its own, and one that was cancelled and
        // has not noticed yet. The system deals the cores out among them.
        let statements = self.settings.at_once.saturating_add(1).saturating_mul(self.settings.threads.max(1));
        threads.runtimes.push(runtime("nayose-sql", statements.min(MOST_THREADS))?);
        let statements = threads.runtimes[0].handle().clone();
        threads.runtimes.push(runtime("nayose-pg", CONNECTION_THREADS)?);
        let server = Arc::new(Server::new(lake, self.settings.clone(), statements)?);
        threads.runtimes[1].spawn(async move {
            let _ = ended.send(accept(self.listener, server, stopping).await);
        });
        ending.await.unwrap_or_else(|_| Err(crate::error::panicked()))
    }
}

/// Threads that end with who started them: statements that run do not keep the process, as they only read.
struct Threads {
    runtimes: Vec<tokio::runtime::Runtime>,
    stop: watch::Sender<bool>,
}

impl Drop for Threads {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        for runtime in self.runtimes.drain(..) {
            runtime.shutdown_background();
        }
    }
}

async fn accept(listener: std::net::TcpListener, server: Arc<Server>, stopping: watch::Receiver<bool>) -> Result<()> {
    let listener = TcpListener::from_std(listener)?;
    let tls = server.settings.tls.as_ref().map(|config| {
        let mut config = rustls::ServerConfig::clone(config);
        config.alpn_protocols = vec![ALPN.to_vec()];
        TlsAcceptor::from(Arc::new(config))
    });
    let room = Arc::new(Semaphore::new(server.settings.connections));
    let outside = Arc::new(Semaphore::new(TURNED_AWAY));
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // Too many open files: others may close some.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let (place, has_room) = match room.clone().try_acquire_owned() {
            Ok(place) => (place, true),
            Err(_) => match outside.clone().try_acquire_owned() {
                Ok(place) => (place, false),
                Err(_) => continue,
            },
        };
        let (server, tls, stopping) = (server.clone(), tls.clone(), stopping.clone());
        tokio::spawn(async move {
            let _ = connection::answer(socket, server, tls, has_room, stopping).await;
            drop(place);
        });
    }
}
