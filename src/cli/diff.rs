//! `nayose diff`.

use clap::Args;

use super::{LakeArguments, ResourceArguments, TextFormat, output};
use crate::audit::diff::of_runs;
use crate::audit::diff_text::diff_text;
use crate::error::Result;
use crate::lake::snapshot;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A run: its id, its number, or a time; the earlier one
    before: String,
    /// The later one
    after: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let lake = a.lake.place()?;
    let (before, after) = (snapshot::find(&lake, Some(&a.before)).await?, snapshot::find(&lake, Some(&a.after)).await?);
    let diff = of_runs(&lake, &before, &after, &a.resources.resources()).await?;
    output::print(&match a.format {
        TextFormat::Text => diff_text(&diff),
        TextFormat::Json => output::json(&diff)?,
    })?;
    Ok(0)
}
