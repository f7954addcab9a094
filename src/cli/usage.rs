//! The command line as it was typed: read, or a mistake with its remedy.
//!
//! In: the arguments of the process. Out: what to do; or, after the help that was asked for or the mistake was printed, the exit code.

use std::io::{self, IsTerminal, Write};

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser};

use super::Cli;
use crate::config::problem::nearest;

/// How clap ends what it says of a mistake.
const ENDING: &str = "For more information, try";

/// Reads the arguments.
///
/// # Errors
/// The exit code, where there is nothing to do.
pub fn parse() -> Result<Cli, u8> {
    let error = match Cli::try_parse() {
        Ok(cli) => return Ok(cli),
        Err(error) => error,
    };
    let is_help = matches!(
        error.kind(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand
    );
    // What was asked for goes to stdout, the rest to stderr; where neither can be written there is nobody to tell.
    let _ = match is_help {
        true => error.print(),
        false => io::stderr().lock().write_all(mistake(&error).as_bytes()),
    };
    Err(u8::try_from(error.exit_code()).unwrap_or(2))
}

/// A mistake as clap tells it, with a hint at the end as every error has.
fn mistake(error: &clap::Error) -> String {
    let told = error.render();
    let told = if io::stderr().is_terminal() { told.ansi().to_string() } else { told.to_string() };
    let told = told.rfind(ENDING).map_or(told.as_str(), |end| &told[..end]);
    format!("{}\nhint: {}\n", told.trim_end(), hint(error, std::env::args()))
}

/// What to type instead, where clap knows it, and where to read what can be typed.
fn hint(error: &clap::Error, typed: impl Iterator<Item = String>) -> String {
    let all = Cli::command();
    let (mut command, mut named) = (&all, "nayose".to_string());
    let mut slip = None;
    for word in typed.skip(1).filter(|word| !word.starts_with('-')) {
        match command.find_subcommand(&word) {
            Some(found) => {
                (command, slip) = (found, None);
                named = format!("{named} {word}");
            }
            // A file, the value of a flag, or a slip in the name of a subcommand.
            None => {
                let known = || command.get_subcommands().map(clap::Command::get_name);
                slip = slip.or_else(|| nearest(&word, known()).map(str::to_string));
            }
        }
    }
    let help = format!("`{named} --help` shows what can be typed");
    let suggested = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::SuggestedValue]
        .into_iter()
        .find_map(|kind| match error.get(kind)? {
            ContextValue::String(one) => Some(one.clone()),
            ContextValue::Strings(several) => several.last().cloned(),
            _ => None,
        });
    match suggested.or(slip) {
        Some(suggested) => format!("did you mean {suggested:?}? {help}"),
        None => help,
    }
}
