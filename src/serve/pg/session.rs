//! One connection: who it is, the run that it sees, what it runs, its cursors.
//!
//! In: statements. Out: plans and batches. **A statement sees one run from beginning to end, and so does a transaction**, prepared
//! statements and cursors in it too: the newest run is taken up by the first statement outside of a transaction, without a new connection.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use datafusion::logical_expr::LogicalPlan;
use datafusion::prelude::{DataFrame, SessionContext};
use datafusion_postgres::pgwire::error::PgWireResult;
use tokio_util::sync::CancellationToken;

use super::database::{Database, Key};
use super::failure::{self, code};
use super::rows::{Batches, Bounds};
use super::server::Server;
use crate::engine::query;
use crate::engine::session::step_limit;
use crate::error::Error;

/// A run with the session over it.
#[derive(Clone)]
pub(super) struct View {
    /// The tables.
    pub database: Arc<Database>,
    /// The engine's session.
    pub context: SessionContext,
}

/// A cursor: what is left of its rows.
pub(super) struct Cursor {
    /// Its columns.
    pub schema: SchemaRef,
    batches: Batches,
    left: Option<RecordBatch>,
}

/// A connection.
pub(super) struct Session {
    /// What all connections share.
    pub server: Arc<Server>,
    login: OnceLock<(String, Key)>,
    view: tokio::sync::Mutex<Option<View>>,
    running: Mutex<Option<CancellationToken>>,
    cursors: tokio::sync::Mutex<HashMap<String, Cursor>>,
    /// Milliseconds that a statement of this connection may take: the server's, or less.
    timeout: AtomicU64,
    pid: OnceLock<i32>,
}

/// Cursors of a connection at once: each holds a turn while it computes, and a batch or two afterwards.
const CURSORS: usize = 16;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Session {
    /// A connection of which nobody knows yet who it is.
    pub(super) fn new(server: Arc<Server>) -> Self {
        let timeout = AtomicU64::new(server.settings.statement_timeout.as_millis() as u64);
        Session {
            server,
            login: OnceLock::new(),
            view: tokio::sync::Mutex::default(),
            running: Mutex::default(),
            cursors: tokio::sync::Mutex::default(),
            timeout,
            pid: OnceLock::new(),
        }
    }

    /// Somebody signed in: their run is opened, so that what is wrong with it is told now.
    ///
    /// # Errors
    /// As the run cannot be opened.
    pub(super) async fn sign_in(&self, name: &str, key: Key, pid: i32) -> Result<Arc<Database>, Error> {
        let _ = self.pid.set(pid);
        let _ = self.login.set((name.to_string(), key));
        Ok(self.newest().await?.database)
    }

    /// Whether somebody signed in.
    pub(super) fn is_signed_in(&self) -> bool {
        self.login.get().is_some()
    }

    /// The run that a statement sees.
    ///
    /// # Errors
    /// As the run cannot be opened.
    pub(super) async fn view(&self, is_in_transaction: bool) -> Result<View, Error> {
        if is_in_transaction && let Some(view) = self.view.lock().await.as_ref() {
            return Ok(view.clone());
        }
        self.newest().await
    }

    async fn newest(&self) -> Result<View, Error> {
        let (name, key) = self.login.get().ok_or_else(|| Error::bug("a statement without a login"))?;
        let database = self.server.databases.newest(key).await?;
        let mut view = self.view.lock().await;
        if let Some(view) = view.as_ref().filter(|view| Arc::ptr_eq(&view.database, &database)) {
            return Ok(view.clone());
        }
        let context = database.session(name, self.pid.get().copied().unwrap_or_default(), &self.server.resources)?;
        let new = View { database, context };
        *view = Some(new.clone());
        Ok(new)
    }

    /// The plan of a query in a run.
    ///
    /// # Errors
    /// As the query is refused or cannot be planned.
    pub(super) async fn plan(&self, view: &View, sql: &str) -> PgWireResult<LogicalPlan> {
        let rows = query::plan(&view.context, sql).await.map_err(|e| failure::of(&e))?;
        let plan = rows.logical_plan().clone();
        // A plan tells the smallest and the largest value of the columns below.
        if view.database.is_profile && matches!(plan, LogicalPlan::Explain(_) | LogicalPlan::Analyze(_)) {
            return Err(failure::error(
                code::INSUFFICIENT_PRIVILEGE,
                "a profile has no EXPLAIN: it would show what lies below the profile",
            ));
        }
        Ok(plan)
    }

    /// The rows of a plan in a run.
    pub(super) fn rows(view: &View, plan: LogicalPlan) -> DataFrame {
        DataFrame::new(view.context.state(), plan)
    }

    /// What bounds the statements of one message: the time from now, a way to stop them, a turn among those that run.
    ///
    /// # Errors
    /// Cancelled or timed out, where no turn came.
    pub(super) async fn bounds(&self) -> PgWireResult<Bounds> {
        let stop = CancellationToken::new();
        *locked(&self.running) = Some(stop.clone());
        let until = Instant::now() + Duration::from_millis(self.timeout.load(Ordering::Relaxed));
        let turn = tokio::select! {
            biased;
            () = stop.cancelled() => return Err(failure::cancelled()),
            () = tokio::time::sleep_until(until.into()) => return Err(failure::timed_out()),
            turn = self.server.turns.clone().acquire_owned() => turn,
        };
        let turn = turn.map_err(|_| failure::fatal(code::ADMIN_SHUTDOWN, "the server is stopping"))?;
        Ok(Bounds { until, stop, turn: Arc::new(turn) })
    }

    /// Stops what runs.
    pub(super) fn cancel(&self) {
        if let Some(stop) = locked(&self.running).take() {
            stop.cancel();
        }
    }

    /// The time that a statement may take.
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_millis(self.timeout.load(Ordering::Relaxed))
    }

    /// Gives statements less time than the server does; more is not to be had.
    pub(super) fn set_timeout(&self, milliseconds: u64) {
        let most = self.server.settings.statement_timeout.as_millis() as u64;
        let wanted = if milliseconds == 0 { most } else { milliseconds.min(most) };
        self.timeout.store(wanted, Ordering::Relaxed);
    }

    /// Opens a cursor.
    ///
    /// # Errors
    /// Where there is one of that name, or too many.
    pub(super) async fn declare(&self, name: String, rows: DataFrame, bounds: Bounds) -> PgWireResult<()> {
        let mut cursors = self.cursors.lock().await;
        if cursors.contains_key(&name) {
            return Err(failure::error(code::DUPLICATE_CURSOR, "a cursor of this name is open"));
        }
        if cursors.len() >= CURSORS {
            return Err(failure::error(code::TOO_MANY_CONNECTIONS, format!("{CURSORS} cursors are open; close one")));
        }
        let schema: SchemaRef = Arc::new(rows.schema().as_arrow().clone());
        cursors.insert(name, Cursor { schema, batches: Batches::run(rows, bounds, &self.server.threads), left: None });
        Ok(())
    }

    /// The columns of a cursor.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub(super) async fn columns(&self, name: &str) -> PgWireResult<SchemaRef> {
        self.cursors.lock().await.get(name).map(|cursor| cursor.schema.clone()).ok_or_else(no_cursor)
    }

    /// The next rows of a cursor; all that are left where no number is named.
    ///
    /// # Errors
    /// Where there is none of that name, or as its statement ended.
    pub(super) async fn fetch(&self, name: &str, rows: Option<usize>) -> PgWireResult<Vec<RecordBatch>> {
        let mut cursors = self.cursors.lock().await;
        let cursor = cursors.get_mut(name).ok_or_else(no_cursor)?;
        let mut wanted = rows.unwrap_or(usize::MAX);
        let most = step_limit(self.server.resources.memory).0;
        let (mut found, mut bytes) = (Vec::new(), 0);
        while wanted > 0 {
            let batch = match cursor.left.take() {
                Some(batch) => batch,
                None => match cursor.batches.next().await {
                    Some(batch) => batch?,
                    None => break,
                },
            };
            let taken = batch.num_rows().min(wanted);
            if taken < batch.num_rows() {
                cursor.left = Some(batch.slice(taken, batch.num_rows() - taken));
            }
            bytes += batch.get_array_memory_size();
            if bytes > most && !found.is_empty() {
                return Err(failure::hinted(
                    code::OUT_OF_MEMORY,
                    format!("out of memory: FETCH may bring {} MiB at once", most >> 20),
                    "fetch fewer rows at a time, such as FETCH 10000; who runs `nayose serve` may raise --pg-memory",
                ));
            }
            found.push(batch.slice(0, taken));
            wanted -= taken;
        }
        Ok(found)
    }

    /// Closes a cursor, or all.
    ///
    /// # Errors
    /// Where there is none of that name.
    pub(super) async fn close(&self, name: Option<&str>) -> PgWireResult<()> {
        let mut cursors = self.cursors.lock().await;
        match name {
            Some(name) => cursors.remove(name).map(|_| ()).ok_or_else(no_cursor),
            None => {
                cursors.clear();
                Ok(())
            }
        }
    }
}

fn no_cursor() -> datafusion_postgres::pgwire::error::PgWireError {
    failure::error(code::INVALID_CURSOR_NAME, "there is no open cursor of this name")
}
