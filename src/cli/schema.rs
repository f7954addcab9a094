//! `nayose schema`: what the configuration files and the published tables look like.

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::config::schemas;
use crate::error::Result;
use crate::store::local;
use crate::tables::contract;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Folder to write pipeline.schema.json, model.schema.json and serve.schema.json to; stdout where none is given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Print what every published table is, as Markdown, in both languages
    #[arg(long, conflicts_with = "out")]
    tables: bool,
}

pub(super) fn run(a: Arguments) -> Result<u8> {
    if a.tables {
        output::print(contract::page().trim_end())?;
        return Ok(0);
    }
    for (name, schema) in schemas() {
        let text = format!("{schema:#}");
        match &a.out {
            Some(folder) => {
                local::put(&folder.join(name), text + "\n")?;
            }
            None => output::print(&text)?,
        }
    }
    Ok(0)
}
