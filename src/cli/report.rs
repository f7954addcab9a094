//! `nayose report`.

use std::path::PathBuf;

use clap::Args;

use super::{LakeArguments, Language, ResourceArguments, output};
use crate::error::{Error, Result};
use crate::serve::charts::{Head, html, view};
use crate::serve::page::Lang;
use crate::store::local;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lake: LakeArguments,
    /// The figures as a run published them: a run id, its number, or a time; a date means the end of that day
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    /// Language of the report
    #[arg(long, default_value = "ja")]
    lang: Language,
    /// The file to write: one page with everything in it, to look at, to send or to print
    #[arg(long, value_name = "FILE.html")]
    to: PathBuf,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    if a.to.as_os_str().is_empty() {
        return Err(Error::usage("--to is empty").hint("name the file to write, such as report.html"));
    }
    output::refuse_other(&a.to, "report", "--to")?;
    let audit = a.lake.audit(a.as_of.as_deref(), &a.resources).await?;
    let lang = match a.lang {
        Language::Ja => Lang::Ja,
        Language::En => Lang::En,
    };
    let charts = audit.charts().await?.clone();
    let left_out = charts.left_out();
    local::put(&a.to, html(&view(Head::of(audit.run()), charts), lang)?)?;
    let mut told = format!("the charts of run {} are written to {}", audit.run().number, a.to.display());
    if !left_out.is_empty() {
        told += &format!("\nleft out, as the run published no such mart, or of another shape: {}", left_out.join(", "));
    }
    output::print(&told)?;
    Ok(0)
}
