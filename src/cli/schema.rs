//! `nayose schema`.

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::config::schemas;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder to write pipeline.schema.json and model.schema.json to; stdout where none is given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn run(a: Arguments) -> Result<u8> {
    for (name, schema) in schemas() {
        let text = format!("{schema:#}");
        match &a.out {
            Some(folder) => {
                let file = folder.join(name);
                std::fs::write(&file, text + "\n")
                    .map_err(|e| Error::environment(format!("cannot write {}: {e}", file.display())))?;
            }
            None => output::print(&text)?,
        }
    }
    Ok(0)
}
