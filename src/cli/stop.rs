//! What ends a command before it is done: ctrl-c, the SIGTERM of a scheduler, a terminal that is closed.

use crate::error::{Error, Result};

/// Waits for a signal, and answers it as the error that the command ends with.
pub(super) async fn signal() -> Error {
    let name = match first().await {
        Ok(name) => name,
        // Without handlers the system ends the process, as always.
        Err(_) => std::future::pending().await,
    };
    Error::environment(format!("stopped by {name}")).hint("run again: finished stages are kept")
}

#[cfg(unix)]
async fn first() -> Result<&'static str> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let mut quit = signal(SignalKind::quit())?;
    Ok(tokio::select! {
        _ = terminate.recv() => "SIGTERM",
        _ = interrupt.recv() => "ctrl-c",
        _ = hangup.recv() => "SIGHUP",
        _ = quit.recv() => "SIGQUIT",
    })
}

#[cfg(not(unix))]
async fn first() -> Result<&'static str> {
    tokio::signal::ctrl_c().await?;
    Ok("ctrl-c")
}
