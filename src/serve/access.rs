//! The log of accesses: who saw which customer, when, why.
//!
//! In: accesses of all requests. Out: entries of the log below `desk/access_log`, those that come while one file is being written
//! together in the next. A value is shown once its entry is in the lake, not before: where it cannot be written, nothing is shown.

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot};

use crate::error::{Error, Result};
use crate::lake::desk::{self, Head, Log};
use crate::store::Location;

/// Accesses that wait to be written, at most, and that one file takes: more requests than that are not under way.
const WAITING: usize = 1024;

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

type Waiting = (Access, oneshot::Sender<Result<()>>);

/// Writes accesses.
pub(super) struct Accesses {
    send: mpsc::Sender<Waiting>,
}

impl Accesses {
    /// Starts the writer; it ends with this.
    pub(super) fn start(lake: Location) -> Self {
        let (send, receive) = mpsc::channel(WAITING);
        tokio::spawn(write(lake, receive));
        Accesses { send }
    }

    /// Writes an access, and waits until it is in the lake.
    ///
    /// # Errors
    /// Environment, where the lake cannot be written.
    pub(super) async fn log(&self, access: Access) -> Result<()> {
        let gone = || Error::environment("the log of accesses cannot be written").hint("start the process again");
        let (done, written) = oneshot::channel();
        self.send.send((access, done)).await.map_err(|_| gone())?;
        written.await.map_err(|_| gone())?
    }
}

async fn write(lake: Location, mut receive: mpsc::Receiver<Waiting>) {
    let mut end: Option<Head> = None;
    let mut waiting = Vec::new();
    while receive.recv_many(&mut waiting, WAITING).await > 0 {
        let (accesses, done): (Vec<Access>, Vec<_>) = waiting.drain(..).unzip();
        let written = desk::append_after(&lake, Log::AccessLog, &accesses, end.take()).await;
        let result = written.map(|head| end = Some(head));
        for done in done {
            // Who asked may be gone.
            let _ = done.send(result.clone());
        }
    }
}
