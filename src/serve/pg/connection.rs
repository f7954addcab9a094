//! The messages of one connection, one after the other.
//!
//! In: a socket. Out: answers, until somebody goes: the client, an error that ends the connection, silence for too long, the end of the
//! process. pgwire has a loop of its own, in which a connection has no idle time-out, and goes on after an error before the sign-in that is
//! not called fatal.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use datafusion_postgres::pgwire::api::cancel::CancelHandler;
use datafusion_postgres::pgwire::api::{ClientInfo, NoopHandler, PgWireConnectionState};
use datafusion_postgres::pgwire::error::{ErrorInfo, PgWireError};
use datafusion_postgres::pgwire::messages::PgWireBackendMessage;
use datafusion_postgres::pgwire::messages::PgWireFrontendMessage;
use datafusion_postgres::pgwire::messages::cancel::CancelRequest;
use datafusion_postgres::pgwire::tokio::TlsAcceptor;
use datafusion_postgres::pgwire::tokio::server::{negotiate_tls, process_error, process_message};
use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::sync::watch;

use super::failure::{self, code};
use super::handler::{Handler, Prepared};
use super::server::Server;
use super::session::Session;
use super::startup::SignIn;

/// How long somebody may take to sign in: as long as Postgres's own `authentication_timeout`.
const SIGN_IN: Duration = Duration::from_secs(60);

/// Cancels on request.
struct Cancels(Arc<Server>);

#[async_trait]
impl CancelHandler for Cancels {
    async fn on_cancel_request(&self, request: CancelRequest) {
        self.0.cancel(request.pid, &request.secret_key);
    }
}

/// Answers one connection until it ends.
///
/// # Errors
/// As the socket fails.
pub(super) async fn answer(
    socket: TcpStream,
    server: Arc<Server>,
    tls: Option<TlsAcceptor>,
    has_room: bool,
    mut stopping: watch::Receiver<bool>,
) -> io::Result<()> {
    let negotiated = tokio::time::timeout(SIGN_IN, negotiate_tls::<Prepared>(socket, tls)).await;
    let Some(mut socket) = negotiated.map_err(|_| io::ErrorKind::TimedOut)?? else { return Ok(()) };
    let session = Arc::new(Session::new(server.clone()));
    let sign_in = Arc::new(SignIn::new(session.clone(), has_room));
    let handler = Arc::new(Handler(session.clone()));
    let cancels = Arc::new(Cancels(server.clone()));
    let nothing = Arc::new(NoopHandler);
    let begun = tokio::time::Instant::now();
    loop {
        let until = match session.is_signed_in() {
            true => tokio::time::Instant::now() + server.settings.idle,
            false => begun + SIGN_IN,
        };
        let message = tokio::select! {
            biased;
            () = stopped(&mut stopping) => Err(failure::fatal(code::ADMIN_SHUTDOWN, "terminating connection: the server is stopping")),
            message = tokio::time::timeout_at(until, socket.next()) => message.map_err(|_| {
                failure::fatal(code::IDLE_SESSION_TIMEOUT, "terminating connection due to idle-session timeout")
            }),
        };
        let message = match message {
            Ok(Some(Ok(PgWireFrontendMessage::Terminate(_))) | None) => break,
            Ok(Some(Ok(message))) => message,
            // What is no message of the protocol ends the connection without many words.
            Ok(Some(Err(_))) => break,
            Err(farewell) => {
                let info: ErrorInfo = farewell.into();
                socket.send(PgWireBackendMessage::ErrorResponse(info.into())).await?;
                socket.close().await?;
                break;
            }
        };
        let waits_for_sync = match socket.state() {
            PgWireConnectionState::CopyInProgress(is_extended) => is_extended,
            _ => message.is_extended_query(),
        };
        let done = process_message(
            message,
            &mut socket,
            sign_in.clone(),
            handler.clone(),
            handler.clone(),
            nothing.clone(),
            cancels.clone(),
        );
        if let Err(error) = done.await {
            let mut info: ErrorInfo = told(error).into();
            let is_over = info.is_fatal() || !session.is_signed_in();
            if is_over {
                info.severity = "FATAL".into();
            }
            process_error(&mut socket, PgWireError::UserError(Box::new(info)), waits_for_sync).await?;
            if is_over {
                break;
            }
        }
    }
    session.cancel();
    Ok(())
}

/// Waits for the end of the process.
async fn stopped(stopping: &mut watch::Receiver<bool>) {
    let _ = stopping.wait_for(|is| *is).await;
}

/// An error without what may be a value: those of the crates that are not ours are told by their kind.
fn told(error: PgWireError) -> PgWireError {
    match error {
        PgWireError::UserError(_) => error,
        PgWireError::ApiError(_) => failure::error(code::INTERNAL_ERROR, "the answer cannot be written"),
        PgWireError::FailedToParseParameter(_) => {
            failure::error(code::INVALID_TEXT, "a parameter is no value of the type that is wanted")
        }
        other => other,
    }
}
