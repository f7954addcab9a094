//! `nayose train`: a model made now and kept for the runs to come, and what it changes.

use std::fmt::Write;
use std::path::PathBuf;

use clap::Args;

use super::{ResourceArguments, TextFormat, output};
use crate::config::{self, Overrides};
use crate::console::progress::Progress;
use crate::error::Result;
use crate::lake::snapshot::time_text;
use crate::runner::train::{Training, train};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The pipeline file
    pipeline: PathBuf,
    /// The lake, instead of the pipeline file's
    #[arg(long, value_name = "URL")]
    lake: Option<String>,
    /// Show what the model would change, and keep nothing
    #[arg(long)]
    plan: bool,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    #[command(flatten)]
    resources: ResourceArguments,
}

/// Levels that moved by less than this say what they said, to a tenth of a bit: a factor of 1.07.
const TOLD: f64 = 0.1;

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let pipeline = config::load(&a.pipeline, &Overrides { input: None, lake: a.lake.clone() })?;
    let trained = train(&pipeline, a.plan, &a.resources.resources(), &Progress::bar()).await?;
    output::print(&match a.format {
        TextFormat::Json => output::json(&trained)?,
        TextFormat::Text => text(&trained, a.plan),
    })?;
    Ok(0)
}

fn text(trained: &Training, plan: bool) -> String {
    let on = &trained.on;
    let mut text = format!("learned from {} records of run {}, as of {}\n", on.records, on.run_id, time_text(on.as_of));
    for doubt in &trained.doubts {
        let _ = writeln!(text, "  doubt: {doubt}");
    }
    let [before, after] = &trained.expected;
    let _ = writeln!(text, "expected precision {:.4} → {:.4}", before.precision, after.precision);
    let _ = writeln!(text, "expected recall    {:.4} → {:.4}", before.recall, after.recall);
    let moved: Vec<_> = trained.levels.iter().filter(|l| (l.bits[0] - l.bits[1]).abs() >= TOLD).collect();
    let _ = writeln!(text, "{} of {} levels moved by {TOLD} bits or more", moved.len(), trained.levels.len());
    for level in moved {
        let [before, after] = level.bits;
        let _ = writeln!(text, "  {}: {}  {before:+.1} → {after:+.1} bits", level.comparison, level.level);
    }
    let [over, under] = trained.pairs;
    let _ = writeln!(text, "{over} pairs come over the threshold, {under} go under it");
    let ((merged, merged_examples), (split, split_examples)) = (&trained.merged, &trained.split);
    let _ = writeln!(text, "{merged} customers would be merged of several, {split} would be split");
    for ids in merged_examples {
        let _ = writeln!(text, "  merged: {}", ids.join(", "));
    }
    for id in split_examples {
        let _ = writeln!(text, "  split: {id}");
    }
    let end = match (&trained.kept, plan) {
        (Some(file), _) => format!("kept as {file}: the next run uses it"),
        (None, true) => "nothing was kept: this was a plan".to_string(),
        (None, false) => "nothing was kept: this very model is kept already".to_string(),
    };
    text + &end
}
