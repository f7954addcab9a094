//! The log of accesses: who saw which customer, when, why.
//!
//! In: accesses of all requests. Out: entries of the log below `desk/access_log`, those that come while one file is being written
//! together in the next. A person's values are shown once the entry is in the lake, not before: where it cannot be written, nothing is
//! shown. Pages without them, and what programs ask, wait some seconds to be written together: a file for each would be millions a year.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::lake::desk::{self, Head, KNOWN, Log};
use crate::store::Location;

/// Accesses that wait to be written, at most, and that one file takes: more requests than that are not under way.
const WAITING: usize = 1024;

/// How long an access waits that need not be there at once. What a process that is killed has not written is no more than this.
const TOGETHER: Duration = Duration::from_secs(2);

/// What was done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum What {
    /// Signed in.
    SignIn,
    /// Searched; what was typed is not kept.
    Search,
    /// Opened a customer's page, masked.
    Page,
    /// Made the values of a customer be shown.
    Show,
    /// Looked at why records are one person, or not.
    Evidence,
    /// Looked at the life of an id.
    History,
    /// Took data away.
    Export,
    /// A program asked who a record is.
    Match,
    /// A program read a customer.
    Read,
}

/// An access.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Access {
    /// When (RFC 3339).
    pub(crate) at: String,
    /// The account, or the name of a program's key.
    pub(crate) by: String,
    /// What was done.
    pub(crate) what: What,
    /// The customer; none where it was about no single one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) customer_id: Option<String>,
    /// The reason, where one was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) why: Option<String>,
}

impl What {
    /// Whether it has to be in the lake before it is answered.
    fn is_urgent(self) -> bool {
        matches!(self, What::SignIn | What::Show | What::Export)
    }
}

/// What the writer is given.
enum Given {
    Access(Access),
    /// All that was given before has to be written now.
    Flush(oneshot::Sender<Result<()>>),
}

/// Writes accesses.
pub(super) struct Accesses {
    send: mpsc::Sender<Given>,
}

impl Accesses {
    /// Starts the writer; it ends with this.
    pub(super) fn start(lake: Location) -> Self {
        let (send, receive) = mpsc::channel(WAITING);
        tokio::spawn(write(lake, receive));
        Accesses { send }
    }

    /// Writes an access; where it has to be in the lake first, waits until it is.
    ///
    /// # Errors
    /// Environment, where the lake cannot be written.
    pub(super) async fn log(&self, access: Access) -> Result<()> {
        let is_urgent = access.what.is_urgent();
        self.send.send(Given::Access(access)).await.map_err(|_| ended())?;
        if is_urgent { self.flush().await } else { Ok(()) }
    }

    /// Waits until all that was given so far is in the lake.
    ///
    /// # Errors
    /// Environment, where the lake cannot be written.
    pub(super) async fn flush(&self) -> Result<()> {
        let (done, written) = oneshot::channel();
        self.send.send(Given::Flush(done)).await.map_err(|_| ended())?;
        written.await.map_err(|_| ended())?
    }
}

fn ended() -> Error {
    Error::environment("the log of accesses cannot be written")
        .hint("start the process again")
        .ja("閲覧の記録を書けないため、表示できません。", "管理者に連絡してください。")
}

async fn write(lake: Location, mut receive: mpsc::Receiver<Given>) {
    let mut end: Option<(Head, Instant)> = None;
    let mut kept: Vec<Access> = Vec::new();
    let mut given = Vec::new();
    let mut due: Option<Instant> = None;
    loop {
        let received = match due {
            Some(due) => tokio::time::timeout_at(due, receive.recv_many(&mut given, WAITING)).await,
            None => Ok(receive.recv_many(&mut given, WAITING).await),
        };
        let has_ended = received == Ok(0);
        let mut waiting = Vec::new();
        for one in given.drain(..) {
            match one {
                Given::Access(access) => kept.push(access),
                Given::Flush(done) => waiting.push(done),
            }
        }
        let is_time = received.is_err() || has_ended || !waiting.is_empty() || kept.len() >= WAITING;
        if is_time && !kept.is_empty() {
            let known = end.take().filter(|(_, since)| since.elapsed() < KNOWN);
            let since = known.as_ref().map_or_else(Instant::now, |(_, since)| *since);
            let written = desk::append_after(&lake, Log::Access, &kept, known.map(|(head, _)| head)).await;
            let result = written.map(|head| end = Some((head, since)));
            // What could not be written is tried again with the next ones, as long as there is room.
            if result.is_ok() || kept.len() >= WAITING {
                kept.clear();
            }
            // Who asked may be gone.
            waiting.drain(..).for_each(|done| drop(done.send(result.clone())));
        }
        waiting.drain(..).for_each(|done| drop(done.send(Ok(()))));
        if has_ended {
            return;
        }
        due = match kept.is_empty() {
            true => None,
            false => Some(due.filter(|_| !is_time).unwrap_or_else(|| Instant::now() + TOGETHER)),
        };
    }
}
