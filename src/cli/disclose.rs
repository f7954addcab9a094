//! `nayose disclose`.

use clap::{Args, ValueEnum};

use super::{LakeArguments, Language, ResourceArguments, output};
use crate::audit::disclosure_text::{disclosure_lines, disclosure_text};
use crate::console::progress::Progress;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// A customer id, a former one, or a record as channel:record_id
    id: String,
    #[command(flatten)]
    lake: LakeArguments,
    /// Language of the text and of the labels
    #[arg(long, default_value = "ja")]
    lang: Language,
    /// Text for the person; JSON; or CSV with one value a line
    #[arg(long, default_value = "text")]
    format: Format,
    #[command(flatten)]
    resources: ResourceArguments,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
    Csv,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let found = a.lake.audit(None, &a.resources).await?.disclosure(&a.id).await?;
    let ja = a.lang == Language::Ja;
    Progress::bar().warn(match ja {
        true => "出力は個人情報です。本人であることを確かめてから渡し、渡した後は消してください",
        false => "the output is personal data: give it to nobody before you know who asks, and keep no copy",
    });
    output::print(&match a.format {
        Format::Text => disclosure_text(&found, ja),
        Format::Json => output::json(&found)?,
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            let header = ["table", "row", "column", "label", "value"].map(String::from);
            let failed = |e: csv::Error| Error::bug(format!("the answer cannot be written as CSV: {e}"));
            for line in [header].iter().chain(&disclosure_lines(&found, ja)) {
                writer.write_record(line).map_err(failed)?;
            }
            let bytes = writer.into_inner().map_err(|e| failed(e.into_error().into()))?;
            String::from_utf8_lossy(&bytes).trim_end().to_string()
        }
    })?;
    Ok(0)
}
