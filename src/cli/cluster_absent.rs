//! `nayose cluster` in a build without the feature `cluster`: an error that says how to get it.

use clap::Args;

use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What was typed
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, hide = true)]
    typed: Vec<String>,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let typed = a.typed.first().map(|process| format!(" {process}")).unwrap_or_default();
    Err(Error::usage(format!("this build of nayose has no cluster in it, so that `nayose cluster{typed}` cannot run"))
        .hint("build it with `cargo build --features cluster`; the container image and the wheel have it"))
}
