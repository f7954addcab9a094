//! `nayose serve`, with the files of accounts and keys.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::{Args, Subcommand};

use super::serve_login::{self, AddArguments, PgArguments, RemoveArguments};
use super::{ResourceArguments, output, stop};
use crate::config::serve_file::{Role, Scope};
use crate::config::{self, Overrides};
use crate::console::progress::Progress;
use crate::error::{Error, Result};
use crate::serve::settings::Settings;
use crate::serve::{self, ServeOptions, Told, accounts};
use crate::store::Location;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    #[command(subcommand)]
    file: Option<File>,
    /// The pipeline file: its lake is served, and review keeps to its rules
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<PathBuf>,
    /// The lake: a path or a URL [default: that of the pipeline, else lake]
    #[arg(long, value_name = "URL")]
    lake: Option<String>,
    /// Where to listen; beyond loopback only with TLS, or behind a proxy that the settings declare [default: 127.0.0.1:7400]
    #[arg(long, value_name = "ADDRESS", value_parser = serve_login::address)]
    listen: Option<SocketAddr>,
    /// The file of settings: sign-in, accounts, TLS
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Open a browser with the link that signs in
    #[arg(long)]
    open: bool,
    #[command(flatten)]
    pg: PgArguments,
    #[command(flatten)]
    resources: ResourceArguments,
}

#[derive(Debug, Subcommand)]
enum File {
    /// Add an account to a file of accounts, or give it a new password and roles; the password is read from stdin
    AddUser {
        /// The name of the account
        name: String,
        /// What it is for, several with commas between
        #[arg(long, value_name = "ROLES", value_delimiter = ',', required = true)]
        roles: Vec<Role>,
        /// The file of accounts that the settings name as `users`
        #[arg(long, value_name = "FILE", default_value = "users.csv")]
        file: PathBuf,
    },
    /// Add a key of a program to a file of keys, and print it once
    AddKey {
        /// The name of the program
        name: String,
        /// What it is for, several with commas between
        #[arg(long, value_name = "SCOPES", value_delimiter = ',', required = true)]
        scopes: Vec<Scope>,
        /// The file of keys that the settings name as `keys`
        #[arg(long, value_name = "FILE", default_value = "keys.csv")]
        file: PathBuf,
    },
    /// Add a login of the Postgres protocol, or give one a new password
    AddLogin(AddArguments),
    /// Remove a login of the Postgres protocol
    RemoveLogin(RemoveArguments),
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    match a.file {
        Some(File::AddUser { name, roles, file }) => add_user(&file, &name, &roles.into_iter().collect()),
        Some(File::AddKey { name, scopes, file }) => {
            output::print(&accounts::add_key(&file, &name, &scopes.into_iter().collect())?)?;
            Ok(0)
        }
        Some(File::AddLogin(login)) => serve_login::add(&login),
        Some(File::RemoveLogin(login)) => serve_login::remove(&login),
        None => listen(a).await,
    }
}

fn add_user(file: &Path, name: &str, roles: &BTreeSet<Role>) -> Result<u8> {
    if std::io::stdin().is_terminal() {
        // The screen shows what is typed: who minds that pipes it in.
        output::print("the password, then Enter:")?;
    }
    let mut password = String::new();
    std::io::stdin()
        .lock()
        .read_line(&mut password)
        .map_err(|_| Error::usage("the password on stdin is no text").hint("type one line in UTF-8"))?;
    accounts::add_user(file, name, password.trim_end_matches(['\r', '\n']), roles)?;
    output::print(&format!("{name} is in {}", file.display()))?;
    Ok(0)
}

/// A lake where the pipeline file belongs.
fn is_lake(typed: &Path) -> bool {
    typed.is_dir() || typed.to_string_lossy().contains("://")
}

async fn listen(a: Arguments) -> Result<u8> {
    if let Some(lake) = a.pipeline.as_deref().filter(|typed| is_lake(typed)) {
        let lake = lake.display();
        return Err(
            Error::usage(format!("{lake} is no pipeline file")).hint(format!("a lake is named with --lake {lake}"))
        );
    }
    let settings = Settings::load(a.settings.as_deref(), a.listen)?;
    let overrides = Overrides { lake: a.lake.clone(), ..Overrides::default() };
    let pipeline = a.pipeline.as_deref().map(|file| config::load(file, &overrides)).transpose()?.map(Arc::new);
    let lake = match &pipeline {
        Some(pipeline) => pipeline.lake.clone(),
        None => Location::parse(a.lake.as_deref().unwrap_or("lake"), &std::env::current_dir()?)?,
    };
    let (resources, pg) = (a.resources.resources(), a.pg.settings());
    let may_be_new = pipeline.is_some();
    let log = |text: &str| Progress::bar().warn(text);
    let options = ServeOptions { lake, may_be_new, pipeline, settings, resources, pg, log };
    let open = a.open;
    let tell = |told: Told<'_>| match told {
        Told::Address(address) => output::print(&format!("nayose serves {address}")),
        Told::Empty(lake) => {
            Progress::bar().warn(&format!(
                "nothing is published in {lake} yet: pages say so until its first run, `nayose run PIPELINE`; is the name of the lake right?"
            ));
            Ok(())
        }
        Told::Link(link) => {
            output::print(&format!("sign in, once and within ten minutes: {link}"))?;
            if open { browse(link) } else { Ok(()) }
        }
    };
    serve::serve(&options, tell, async {
        stop::signal().await;
    })
    .await?;
    Ok(0)
}

/// Opens a browser, as the system does.
fn browse(link: &str) -> Result<()> {
    let program = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    std::process::Command::new(program)
        .arg(link)
        .spawn()
        .map(|_| ())
        .map_err(|e| Error::environment(format!("cannot open a browser: {e}")).hint("open the link yourself"))
}
