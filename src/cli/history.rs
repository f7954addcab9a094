//! `nayose history`.

use clap::Args;

use super::{LakeArguments, Language, ResourceArguments, TextFormat, output};
use crate::audit::history_text::{history_text, record_history_text};
use crate::error::Result;
use nayose_matching::identity::customer_id;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A customer id, an alias too; or a record as channel:record_id, for its customers over time
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
    let audit = a.lake.audit(a.as_of.as_deref(), &a.resources).await?;
    let ja = a.lang == Language::Ja;
    // No customer id has a colon.
    output::print(&match (customer_id::is_of_record(&a.id), a.format) {
        (true, TextFormat::Text) => record_history_text(&audit.record_history(&a.id).await?, ja),
        (true, TextFormat::Json) => output::json(&audit.record_history(&a.id).await?)?,
        (false, TextFormat::Text) => history_text(&audit.history(&a.id).await?, ja),
        (false, TextFormat::Json) => output::json(&audit.history(&a.id).await?)?,
    })?;
    Ok(0)
}
