//! `nayose decide`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output;
use crate::audit::Audit;
use crate::config::{self, Overrides};
use crate::engine::session::Resources;
use crate::error::{Error, Result};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What was decided; undecided takes back what was decided on the pair before
    decision: Decision,
    /// A record as channel:record_id, or a customer id
    left: String,
    /// The other one
    right: String,
    /// Who decided
    #[arg(long, value_name = "WHO")]
    by: String,
    /// Why
    #[arg(long, value_name = "TEXT")]
    why: String,
    /// Until when it holds, such as 2027-03-31: that day is the last
    #[arg(long, value_name = "DATE", default_value = "")]
    expires: String,
    /// The pipeline file, whose `decisions` the line is appended to
    #[arg(long, value_name = "FILE")]
    pipeline: PathBuf,
    /// The lake, instead of the pipeline file's
    #[arg(long, value_name = "URL")]
    lake: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Decision {
    /// The two are one person
    Same,
    /// The two are two people
    Different,
    /// Let the evidence decide again
    Undecided,
}

impl Decision {
    fn word(self) -> &'static str {
        match self {
            Decision::Same => "same",
            Decision::Different => "different",
            Decision::Undecided => "undecided",
        }
    }
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let now = jiff::Timestamp::now();
    let file = config::decisions_file(&a.pipeline)?;
    let pipeline = config::load(&a.pipeline, &Overrides { input: None, lake: a.lake.clone() })?;
    if !a.expires.is_empty() {
        let expires = pipeline.zone.expiry(&a.expires);
        let expires = expires.ok_or_else(|| {
            Error::usage(format!("--expires {:?} is no date", a.expires)).hint("write 2027-03-31, or leave it out")
        })?;
        if expires <= now.as_microsecond() {
            return Err(Error::usage(format!("--expires {} is in the past: the decision would never hold", a.expires))
                .hint("write a day to come, or leave it out"));
        }
    }
    let audit = Audit::open(&pipeline.lake, None, &Resources::default()).await?;
    let (left, right) = (audit.founding_record(&a.left).await?, audit.founding_record(&a.right).await?);
    let written = |(channel, id): &(String, String)| format!("{channel}:{id}");
    let already = pipeline.decisions.iter().find(|d| {
        let pair = [written(&d.left), written(&d.right)];
        pair.contains(&left) && pair.contains(&right) && d.expires.is_none()
    });
    let same = match a.decision {
        Decision::Same => Some(true),
        Decision::Different => Some(false),
        Decision::Undecided => None,
    };
    if let Some(already) = already.filter(|d| Some(d.same) == same) {
        output::print(&format!("{}: line {} by {} decides that already", file.display(), already.line, already.by))?;
        return Ok(0);
    }
    let now = now.strftime("%Y-%m-%d").to_string();
    let fields = [left, right, a.decision.word().into(), a.by, now, a.why, a.expires];
    config::decisions::append(&file, &fields, (&pipeline.zone, &pipeline.renames))?;
    output::print(&format!(
        "{}: {} and {} {}; the next run honours it, `nayose decide undecided` takes it back",
        file.display(),
        fields[0],
        fields[1],
        if a.decision == Decision::Undecided { "are undecided".into() } else { format!("are {}", fields[2]) },
    ))?;
    Ok(0)
}
