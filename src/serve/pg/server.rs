//! What all connections share: settings, the databases, turns, who may be cancelled, who failed to sign in.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicI32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use datafusion::prelude::SessionContext;
use datafusion_postgres::pgwire::api::query::ExtendedQueryHandler;
use datafusion_postgres::pgwire::messages::startup::SecretKey;
use datafusion_postgres::{DfSessionService, Parser};
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use super::database::Databases;
use super::rewrite::Reader;
use super::session::Session;
use crate::engine::session::Resources;
use crate::error::Result;
use crate::store::Location;

/// How the Postgres protocol is served.
#[derive(Clone, Debug)]
pub(crate) struct Settings {
    /// Where to listen.
    pub at: SocketAddr,
    /// The certificate, as pages have it.
    pub tls: Option<Arc<rustls::ServerConfig>>,
    /// Whether somebody before us encrypts.
    pub is_behind_proxy: bool,
    /// The file of logins.
    pub logins: PathBuf,
    /// Connections at once.
    pub connections: usize,
    /// The longest that a statement may take, from its arrival to its last row.
    pub statement_timeout: Duration,
    /// The longest that a connection may say nothing.
    pub idle: Duration,
    /// Bytes that one statement may have.
    pub memory: usize,
    /// Statements that run at once; more wait for their turn. All together they have `memory` so many times.
    pub at_once: usize,
    /// Threads of all statements together.
    pub threads: usize,
}

impl Settings {
    /// What holds where nothing is said.
    pub(crate) fn new(at: SocketAddr, logins: PathBuf) -> Self {
        Settings {
            at,
            tls: None,
            is_behind_proxy: false,
            logins,
            // A BI tool has a pool of five to ten; a connection that does nothing costs some hundred KiB.
            connections: 64,
            // A dashboard gives up after one (Superset) or several minutes.
            statement_timeout: Duration::from_secs(120),
            // Pools open connections again by themselves; most close them after ten minutes.
            idle: Duration::from_secs(1800),
            // An estimate, not measured: a million customers as keys of a group with some sums. What needs more is spilled.
            memory: 512 << 20,
            // Twice the pool of one statement is what a machine of 4 GiB has beside pages.
            at_once: 2,
            threads: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
        }
    }
}

/// Bytes of spill files of one statement: what a disk has beside everything else.
const SPILL: u64 = 4 << 30;

/// What all connections share.
pub(super) struct Server {
    /// The settings.
    pub settings: Settings,
    /// The databases.
    pub databases: Databases,
    /// Memory and threads of one statement.
    pub resources: Resources,
    /// The threads in which statements run.
    pub threads: Handle,
    /// Turns of statements.
    pub turns: Arc<Semaphore>,
    /// Reads Postgres's SQL.
    pub reader: Reader,
    /// Tells types of parameters.
    pub types: Arc<Parser>,
    /// Sign-ins that failed.
    pub failures: Failures,
    sessions: Mutex<HashMap<i32, (SecretKey, Weak<Session>)>>,
    next: AtomicI32,
}

impl Server {
    /// Of a lake.
    ///
    /// # Errors
    /// Bug, where the crate's own tables cannot be read.
    pub(super) fn new(lake: Location, settings: Settings, threads: Handle) -> Result<Self> {
        let resources = Resources {
            memory: settings.memory,
            threads: settings.threads,
            spill_limit: SPILL,
            ..Resources::default()
        };
        let nobody = Arc::new(DfSessionService::new_with_hooks(Arc::new(SessionContext::new()), Vec::new()));
        Ok(Server {
            databases: Databases::new(lake)?,
            resources,
            threads,
            turns: Arc::new(Semaphore::new(settings.at_once)),
            reader: Reader::new(),
            types: nobody.query_parser(),
            failures: Failures::default(),
            sessions: Mutex::default(),
            next: AtomicI32::new(1),
            settings,
        })
    }

    /// A number for a connection.
    pub(super) fn number(&self) -> i32 {
        self.next.fetch_add(1, Ordering::Relaxed)
    }

    /// From here on whoever knows the key may cancel what the connection runs.
    pub(super) fn register(&self, pid: i32, key: SecretKey, session: &Arc<Session>) {
        let mut sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.retain(|_, (_, session)| session.strong_count() > 0);
        sessions.insert(pid, (key, Arc::downgrade(session)));
    }

    /// Cancels what a connection runs, where the key is its.
    pub(super) fn cancel(&self, pid: i32, key: &SecretKey) {
        let sessions = self.sessions.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(session) = sessions.get(&pid).filter(|(own, _)| own.eq_value(key)).and_then(|(_, s)| s.upgrade()) {
            session.cancel();
        }
    }
}

/// How long failed sign-ins are counted.
const WINDOW: Duration = Duration::from_secs(60);

/// Failures of one name from one address in [`WINDOW`]: a person mistypes twice or thrice.
const FAILURES: usize = 5;

/// Failures from one address: several people sit behind one.
const FAILURES_OF_ADDRESS: usize = 50;

/// Sign-ins that failed in the last minute.
#[derive(Default)]
pub(super) struct Failures(Mutex<Vec<(Instant, IpAddr, String)>>);

impl Failures {
    /// Whether a name has to wait.
    pub(super) fn must_wait(&self, address: IpAddr, name: &str) -> bool {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|(at, _, _)| at.elapsed() < WINDOW);
        let from: Vec<&str> = failures.iter().filter(|(_, ip, _)| *ip == address).map(|(_, _, n)| n.as_str()).collect();
        from.len() >= FAILURES_OF_ADDRESS || from.iter().filter(|n| **n == name).count() >= FAILURES
    }

    /// Counts a failure.
    pub(super) fn count(&self, address: IpAddr, name: &str) {
        let mut failures = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        failures.push((Instant::now(), address, name.to_string()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_fails_five_times_waits_and_others_do_not() {
        let failures = Failures::default();
        let (here, there) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([10, 0, 0, 1]));
        for _ in 0..FAILURES {
            assert!(!failures.must_wait(here, "a"));
            failures.count(here, "a");
        }
        assert!(failures.must_wait(here, "a"));
        assert!(!failures.must_wait(here, "b") && !failures.must_wait(there, "a"));
        for n in 0..FAILURES_OF_ADDRESS {
            failures.count(there, &n.to_string());
        }
        assert!(failures.must_wait(there, "z"));
    }
}
