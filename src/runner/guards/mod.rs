//! What keeps a wrong delivery from being published.
//!
//! In: what this run read and decided, and what the run before did. Out: an error that names the file or the source, the guard, its
//! figures and its limit. A file that a guard stops at is held: the next run leaves it out and publishes the rest.

use crate::config::Pipeline;
use crate::console::progress::Progress;
use crate::error::{Error, Result};
use crate::lake::held::{self, Held};
use crate::lake::manifest::Input;

/// The guards that are let in by their own name.
pub(super) const NAMES: [&str; 3] = ["retired", "merged", "split"];

/// Files of which a warning gives the names.
const TOLD: usize = 5;

/// Lets in what was named.
///
/// # Errors
/// Usage, where a name is none of a held file, of a file of the input, of a source or of a guard.
pub(super) async fn admitted(pipeline: &Pipeline, inputs: &[Input], names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let held = held::read(&pipeline.lake).await?;
    let is_known = |name: &String| {
        NAMES.contains(&name.as_str())
            || pipeline.sources.iter().any(|source| &source.name == name)
            || inputs.iter().any(|input| &input.file == name)
            || held.iter().any(|held| &held.file == name)
    };
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(Error::usage(format!("--admit {unknown:?} is no file, no source and no guard")).hint(format!(
            "name a file or a source as the error named it, or one of the guards {}",
            NAMES.join(", ")
        )));
    }
    held::admit(&pipeline.lake, names).await?;
    Ok(())
}

/// Tells which files are left out because they are held.
pub(super) fn warn_of_held(held: &[Held], progress: &Progress) {
    if held.is_empty() {
        return;
    }
    let named: Vec<String> = held.iter().take(TOLD).map(|held| format!("{} ({})", held.file, held.reason)).collect();
    let more = match held.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    progress.warn(&format!(
        "{} files are held and were not read: {}{more}; `nayose run PIPELINE --admit FILE` lets one in",
        held.len(),
        named.join(", ")
    ));
}
