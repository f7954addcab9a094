//! `nayose search`.

use clap::Args;

use super::{LakeArguments, ResourceArguments, TextFormat, output};
use crate::audit::view::SearchHit;
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A name in kanji, kana or Latin letters, a phone in any spelling, a mail address, a card or member number, a customer id (a
    /// former one too), or a record as channel:record_id
    #[arg(value_name = "TEXT")]
    text: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// The customers as a run published them: a run id, its number, or a time; a date means the end of that day
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let found = a.lake.audit(a.as_of.as_deref(), &a.resources).await?.search(&a.text).await?;
    output::print(&match a.format {
        TextFormat::Json => output::json(&found)?,
        TextFormat::Text if found.hits.is_empty() => "no customer is found".to_string(),
        TextFormat::Text => {
            let line = |hit: &SearchHit| format!("{}  {}  ({})", hit.customer_id, hit.name, hit.found_by.join(", "));
            let mut lines: Vec<String> = found.hits.iter().map(line).collect();
            if found.more {
                lines.push(format!("more than {} customers are found; say more to find fewer", found.hits.len()));
            }
            lines.join("\n")
        }
    })?;
    Ok(0)
}
