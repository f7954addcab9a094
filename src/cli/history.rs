//! `nayose history`.

use clap::Args;

use super::{LakeArguments, Language, ResourceArguments, TextFormat, output};
use crate::audit::history_text::history_text;
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A customer id, an alias too
    id: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// The life up to a run: a run id, its number, or a time; a date means the end of that day
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    /// Language of the story
    #[arg(long, default_value = "ja")]
    lang: Language,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let view = a.lake.audit(a.as_of.as_deref(), &a.resources).await?.history(&a.id).await?;
    output::print(&match a.format {
        TextFormat::Text => history_text(&view, a.lang == Language::Ja),
        TextFormat::Json => output::json(&view)?,
    })?;
    Ok(0)
}
