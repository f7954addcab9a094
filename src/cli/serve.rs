//! `nayose serve`.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;

use super::serve_login::{self, LoginCommand, PgArguments};
use super::{LakeArguments, ResourceArguments, output, stop};
use crate::config::{self, Overrides};
use crate::error::Result;
use crate::serve::{self, ServeOptions};
use crate::store::Location;

#[derive(Debug, Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(super) struct Arguments {
    /// The pipeline file: its lake is served, and review keeps to its rules
    #[arg(value_name = "PIPELINE")]
    pipeline: Option<PathBuf>,
    #[command(flatten)]
    lake: LakeArguments,
    /// Where to listen; beyond loopback only with TLS, or behind a proxy that the settings declare
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7400")]
    listen: SocketAddr,
    /// The file of settings: sign-in, accounts, TLS
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    #[command(flatten)]
    pg: PgArguments,
    #[command(flatten)]
    resources: ResourceArguments,
    #[command(subcommand)]
    logins: Option<LoginCommand>,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    if let Some(command) = &a.logins {
        return serve_login::run(command);
    }
    let pipeline = match &a.pipeline {
        Some(file) => Some(Arc::new(config::load(file, &Overrides::default())?)),
        None => None,
    };
    let lake: Location = match &pipeline {
        Some(pipeline) => pipeline.lake.clone(),
        None => a.lake.place()?,
    };
    let resources = a.resources.resources();
    let pg = a.pg.settings();
    let options = ServeOptions { lake, pipeline, listen: a.listen, settings: a.settings, resources, pg };
    let say = |line: &str| {
        // Nobody reads a closed terminal.
        let _ = output::print(line);
    };
    serve::serve(&options, say, async {
        stop::signal().await;
    })
    .await?;
    Ok(0)
}
