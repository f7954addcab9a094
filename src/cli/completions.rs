//! `nayose completions` and `nayose man`: what clap's own crates make of the command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;

use super::{Cli, output};
use crate::error::{Error, Result};

#[derive(Debug, Args)]
#[command(after_help = "\
bash: nayose completions bash > ~/.local/share/bash-completion/completions/nayose
zsh:  nayose completions zsh > a folder of $fpath, as _nayose
fish: nayose completions fish > ~/.config/fish/completions/nayose.fish")]
pub(super) struct Completions {
    /// The shell
    shell: Shell,
}

#[derive(Debug, Args)]
pub(super) struct Man {
    /// Folder to write nayose.1 and a page for every subcommand to; stdout has the main page where none is given
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

pub(super) fn shell(a: Completions) -> Result<u8> {
    let mut text = Vec::new();
    clap_complete::generate(a.shell, &mut Cli::command(), "nayose", &mut text);
    output::print(String::from_utf8_lossy(&text).trim_end())?;
    Ok(0)
}

pub(super) fn man(a: Man) -> Result<u8> {
    match a.out {
        Some(folder) => std::fs::create_dir_all(&folder)
            .and_then(|()| clap_mangen::generate_to(Cli::command(), &folder))
            .map_err(|e| Error::environment(format!("cannot write to {}: {e}", folder.display())))?,
        None => {
            let mut page = Vec::new();
            clap_mangen::Man::new(Cli::command())
                .render(&mut page)
                .map_err(|e| Error::bug(format!("the manual page cannot be made: {e}")))?;
            output::print(String::from_utf8_lossy(&page).trim_end())?;
        }
    }
    Ok(0)
}
