//! `nayose explain`.

use clap::Args;

use super::{LakeArguments, Language, ResourceArguments, TextFormat, output};
use crate::audit::text::{customer_text, pair_text};
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A customer id, or two records as channel:record_id
    #[arg(required = true, num_args = 1..=2, value_name = "ID")]
    ids: Vec<String>,
    #[command(flatten)]
    lake: LakeArguments,
    /// The customer as a run published it: a run id, its number, or a time; a date means the end of that day
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    /// Language of the explanation
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
    let text = match (a.ids.as_slice(), a.format) {
        ([one], TextFormat::Text) => customer_text(&audit.customer(one).await?, ja),
        ([one], TextFormat::Json) => output::json(&audit.customer(one).await?)?,
        ([left, right], TextFormat::Text) => pair_text(&audit.pair(left, right).await?, ja),
        ([left, right], TextFormat::Json) => output::json(&audit.pair(left, right).await?)?,
        _ => return Err(Error::usage("explain takes one or two ids")),
    };
    output::print(&text)?;
    Ok(0)
}
