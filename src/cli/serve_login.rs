//! `nayose serve --pg`, and the logins of the Postgres protocol: `nayose serve add-login`, `nayose serve remove-login`.

use std::io::Read;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::{output, size};
use crate::error::{Error, Result};
use crate::serve::pg::Settings;
use crate::serve::pg::logins::{self, Database};

/// The file of logins where none is named.
const LOGINS: &str = "nayose-logins.json";

/// Where to listen. The address of a machine alone, or a port alone, is no such place.
pub(super) fn address(typed: &str) -> std::result::Result<SocketAddr, String> {
    let port = typed.rsplit(':').next().filter(|port| port.parse::<u16>().is_ok()).unwrap_or("7400");
    typed.parse().map_err(|_| format!("it is an IP address with a port, such as 127.0.0.1:{port} or [::1]:{port}"))
}

/// The Postgres protocol.
#[derive(Debug, Args)]
pub(super) struct PgArguments {
    /// Speak the Postgres protocol too, for BI tools, such as 127.0.0.1:5433
    #[arg(long = "pg", value_name = "ADDRESS", value_parser = address)]
    at: Option<SocketAddr>,
    /// Whether a proxy in front of it encrypts; the one of pages does not
    #[arg(long = "pg-behind-proxy")]
    is_behind_proxy: bool,
    /// The file of its logins, which `nayose serve add-login` writes
    #[arg(long = "pg-logins", value_name = "FILE", default_value = LOGINS)]
    logins: PathBuf,
    /// Memory that one statement may have, such as 1GiB
    // An argument's id is its field's name unless one is given, and `--memory` of the process has this one.
    #[arg(id = "pg_memory", long = "pg-memory", value_name = "SIZE", value_parser = size)]
    memory: Option<usize>,
    /// Statements that run at once; more wait
    #[arg(long = "pg-at-once", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    at_once: Option<u16>,
    /// Seconds that one statement may take
    #[arg(long = "pg-timeout", value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    timeout: Option<u32>,
    /// Seconds that a connection may say nothing
    #[arg(long = "pg-idle", value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    idle: Option<u32>,
    /// Connections at once
    #[arg(long = "pg-connections", value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    connections: Option<u16>,
}

impl PgArguments {
    /// The settings, where the protocol is wanted.
    pub(super) fn settings(&self) -> Option<Settings> {
        let mut settings = Settings::new(self.at?, self.logins.clone());
        settings.is_behind_proxy = self.is_behind_proxy;
        settings.memory = self.memory.unwrap_or(settings.memory);
        settings.at_once = self.at_once.map_or(settings.at_once, usize::from);
        settings.connections = self.connections.map_or(settings.connections, usize::from);
        let seconds = |n: Option<u32>, else_: Duration| n.map_or(else_, |n| Duration::from_secs(n.into()));
        settings.statement_timeout = seconds(self.timeout, settings.statement_timeout);
        settings.idle = seconds(self.idle, settings.idle);
        Some(settings)
    }
}

#[derive(Debug, Args)]
pub(super) struct AddArguments {
    /// Its name: small letters, digits, - and _
    name: String,
    /// The only database that it reaches
    #[arg(long, default_value = "nayose")]
    database: Database,
    /// What the analyst's profile is for: its ids hold within one purpose
    #[arg(long, value_name = "PURPOSE")]
    purpose: Option<String>,
    /// Read the password from stdin; else one is made and printed once
    #[arg(long)]
    password_stdin: bool,
    /// The file of logins
    #[arg(long, value_name = "FILE", default_value = LOGINS)]
    logins: PathBuf,
}

#[derive(Debug, Args)]
pub(super) struct RemoveArguments {
    /// Its name
    name: String,
    /// The file of logins
    #[arg(long, value_name = "FILE", default_value = LOGINS)]
    logins: PathBuf,
}

/// The longest line that is a password.
const LONGEST: u64 = 1024;

/// `nayose serve add-login`.
pub(super) fn add(a: &AddArguments) -> Result<u8> {
    let typed = a.password_stdin.then(typed).transpose()?;
    if let Some(made) = logins::add(&a.logins, &a.name, a.database, a.purpose.as_deref(), typed.as_deref())? {
        output::print(&made)?;
    }
    Ok(0)
}

/// `nayose serve remove-login`.
pub(super) fn remove(a: &RemoveArguments) -> Result<u8> {
    logins::remove(&a.logins, &a.name)?;
    Ok(0)
}

/// The first line of stdin.
fn typed() -> Result<String> {
    let mut text = String::new();
    let read = std::io::stdin().lock().take(LONGEST).read_to_string(&mut text);
    read.map_err(|_| {
        Error::usage("stdin is no text")
            .hint("pipe the password in: printf %s \"$PASSWORD\" | nayose serve add-login …")
    })?;
    Ok(text.lines().next().unwrap_or_default().to_string())
}
