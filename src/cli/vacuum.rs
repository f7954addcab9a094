//! `nayose vacuum`.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::{ResourceArguments, TextFormat, output};
use crate::config::{self, Overrides};
use crate::console::progress::Progress;
use crate::error::Result;
use crate::runner::vacuum::{self, Files, Vacuumed};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The pipeline file; its `keep` says which runs stay
    pipeline: PathBuf,
    /// The lake, instead of the pipeline file's
    #[arg(long, value_name = "URL")]
    lake: Option<String>,
    /// Say what would go, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Hours for which a file stays that no kept run needs any more, instead of `keep.grace_hours`. With 0, nobody may be reading
    #[arg(long, value_name = "N")]
    grace_hours: Option<u32>,
    /// Text for people or JSON for programs
    #[arg(long, default_value = "text")]
    format: TextFormat,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let pipeline = config::load(&a.pipeline, &Overrides { input: None, lake: a.lake })?;
    let grace = a.grace_hours.unwrap_or(pipeline.keep.grace_hours);
    let done = vacuum::vacuum(&pipeline, grace, a.dry_run, &a.resources.resources(), &Progress::Json).await?;
    output::print(&match a.format {
        TextFormat::Json => output::json(&done)?,
        TextFormat::Text => text(&done, a.dry_run, grace),
    })?;
    Ok(0)
}

fn text(done: &Vacuumed, dry: bool, grace: u32) -> String {
    let (drop, remove) = if dry { ("would be dropped", "would be removed") } else { ("dropped", "removed") };
    let mut lines = vec![format!("kept: {}", numbers(&done.kept))];
    if !done.dropped.is_empty() {
        lines.push(format!("{drop}: {}", numbers(&done.dropped)));
    }
    lines.push(format!("{remove}: {}", files(&done.removed)));
    if !done.waiting.is_empty() {
        lines.push(format!("out of use for less than {grace} hours: {}", files(&done.waiting)));
    }
    lines.push(format!("left: {:.1} MiB", mib(done.bytes_left)));
    lines.join("\n")
}

/// Numbers of runs, those that follow each other as one range.
fn numbers(runs: &[i64]) -> String {
    let mut ranges: Vec<(i64, i64)> = Vec::new();
    for run in runs {
        match ranges.last_mut() {
            Some((_, last)) if *last + 1 == *run => *last = *run,
            _ => ranges.push((*run, *run)),
        }
    }
    let range =
        |(first, last): &(i64, i64)| if first == last { first.to_string() } else { format!("{first}–{last}") };
    let word = if runs.len() == 1 { "run" } else { "runs" };
    format!("{} {word}: {}", runs.len(), ranges.iter().map(range).collect::<Vec<_>>().join(", "))
}

/// Files by what they are of, the largest first.
fn files(of: &BTreeMap<String, Files>) -> String {
    let all = Files::sum(of);
    let mut sorted: Vec<(&String, &Files)> = of.iter().collect();
    sorted.sort_by(|a, b| b.1.bytes.cmp(&a.1.bytes).then_with(|| a.0.cmp(b.0)));
    let one =
        |(name, files): (&String, &Files)| format!("\n  {name}: {} files, {:.1} MiB", files.files, mib(files.bytes));
    format!("{} files, {:.1} MiB{}", all.files, mib(all.bytes), sorted.into_iter().map(one).collect::<String>())
}

fn mib(bytes: u64) -> f64 {
    bytes as f64 / f64::from(1 << 20)
}
