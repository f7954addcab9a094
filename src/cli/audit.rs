//! `nayose audit`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::{LakeArguments, TextFormat, output};
use crate::audit::chains::{self, Chains};
use crate::audit::copies::{self, Copies, TableCopy};
use crate::error::{Error, Result};
use crate::lake::desk::Checked;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// Whether accesses, decisions, comments and the ledger of runs are as they were written
    Verify(Verify),
}

#[derive(Debug, Args)]
struct Verify {
    #[command(flatten)]
    lake: LakeArguments,
    /// A copy instead of a lake: a file of a log's lines, or a folder with the files of a log or a table; may be said more than once
    #[arg(long, value_name = "PATH", conflicts_with = "lake")]
    file: Vec<PathBuf>,
    /// An end that was printed before and kept elsewhere: what came up to it has to be there unchanged; may be said more than once
    #[arg(long, value_name = "HEAD")]
    expect: Vec<String>,
    /// Text for people or JSON for programs
    #[arg(long, default_value = "text")]
    format: TextFormat,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let What::Verify(a) = a.what;
    if !a.file.is_empty() {
        return copied(&a).await;
    }
    let lake = a.lake.place()?;
    let found = chains::chains(&lake, &a.expect).await?;
    if found.count() == 0 && found.runs == 0 && found.logs.iter().all(|log| log.entries == 0) {
        return Err(Error::usage(format!("there is no lake in {}", lake.shown())).hint("name it with --lake"));
    }
    output::print(&match a.format {
        TextFormat::Json => output::json(&found)?,
        TextFormat::Text => text(&found),
    })?;
    match found.count() {
        0 => Ok(0),
        count => Err(Error::data(format!("{count} things in the chains of {} do not fit", lake.shown())).hint(
            "find out who could write the lake since the last end that was noted; restore what was changed from a backup of \
             then",
        )),
    }
}

/// Looks at copies, without a lake.
async fn copied(a: &Verify) -> Result<u8> {
    let found = copies::copies(&a.file, &a.expect).await?;
    output::print(&match a.format {
        TextFormat::Json => output::json(&found)?,
        TextFormat::Text => text_of_copies(&found),
    })?;
    match found.count() {
        0 => Ok(0),
        count => Err(Error::data(format!("{count} things in the copies do not fit"))
            .hint("ask for a new copy, and run `nayose audit verify` on the lake that it is of")),
    }
}

fn text_of_copies(found: &Copies) -> String {
    let mut lines: Vec<String> = found.logs.iter().flat_map(|log| &log.broken).cloned().collect();
    lines.extend(found.tables.iter().flat_map(|table| &table.broken).cloned());
    lines.extend(found.not_found.iter().map(|head| format!("{head} is the end of none of the copies")));
    lines.extend(found.logs.iter().map(line));
    let table = |of: &TableCopy| match of.rows {
        Some(rows) => format!("{}: {rows} rows of run; end {}", of.name, of.head),
        None => format!("{}: {} files; end {}", of.name, of.files, of.head),
    };
    lines.extend(found.tables.iter().map(table));
    lines.join("\n")
}

/// A log in one line.
fn line(log: &Checked) -> String {
    let erased = if log.erased > 0 { format!(", {} of them erased", log.erased) } else { String::new() };
    let from = if log.first > 1 { format!(" from entry {} on", log.first) } else { String::new() };
    let head = if log.head.is_empty() { String::new() } else { format!("; end {}", log.head) };
    format!("{}: {} entries{from}{erased}{head}", log.log, log.entries)
}

fn text(found: &Chains) -> String {
    let mut lines: Vec<String> = Vec::new();
    lines.extend(found.logs.iter().flat_map(|log| &log.broken).cloned());
    lines.extend(found.broken.iter().cloned());
    lines.extend(
        found.not_found.iter().map(|head| format!("{head} is the end of no chain: what it stood for was changed")),
    );
    lines.extend(found.logs.iter().map(line));
    let head = found.run_head.as_ref().map_or(String::new(), |head| format!("; end {head}"));
    lines.push(format!("run: {} rows{head}", found.runs));
    lines.join("\n")
}
