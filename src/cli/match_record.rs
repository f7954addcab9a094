//! `nayose match`.

use std::io::Read;

use clap::Args;

use super::{LakeArguments, Language, ResourceArguments, TextFormat, output};
use crate::audit::match_text::match_text;
use crate::audit::matching::MatchRequest;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The record as a JSON object, its channel beside its fields: {"channel": "shop", "name": "…", "phone": "…"}; - reads it from stdin,
    /// where no list of processes shows it
    #[arg(long, value_name = "JSON")]
    record: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// By the records and the model of a run: a run id, its number, or a time; a date means the end of that day
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    /// Language of the answer
    #[arg(long, default_value = "ja")]
    lang: Language,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    #[command(flatten)]
    resources: ResourceArguments,
}

/// Bytes of a record at most: no row of a source is near it.
const MOST_BYTES: u64 = 1 << 20;

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let mut record = a.record;
    if record == "-" {
        record.clear();
        std::io::stdin()
            .take(MOST_BYTES)
            .read_to_string(&mut record)
            .map_err(|_| Error::usage("the record on stdin is no text").hint("write one JSON object in UTF-8"))?;
    }
    let request = MatchRequest::parse(&record)?;
    let found = a.lake.audit(a.as_of.as_deref(), &a.resources).await?.match_record(&request).await?;
    output::print(&match a.format {
        TextFormat::Json => output::json(&found)?,
        TextFormat::Text => match_text(&found, a.lang == Language::Ja),
    })?;
    Ok(0)
}
