//! `nayose decide`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::output;
use crate::audit::Audit;
use crate::config::{self, Overrides};
use crate::engine::session::Resources;
use crate::error::{Error, Result};
use crate::lake::decision_log::{Word, pair_of};
use crate::runner::desk;

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
    /// The decision that this one replaces, where it is the opposite of one that holds: `D-` and twelve digits, as that one was told
    #[arg(long, value_name = "DECISION", default_value = "")]
    replaces: String,
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
    let written = |(channel, id): &(String, String)| format!("{channel}:{id}");
    // What was decided on a record can be taken back after the record is gone.
    let was_decided =
        |typed: &str| pipeline.decisions.iter().any(|d| [&d.left, &d.right].map(written).contains(&typed.into()));
    let record = async |typed: &str| match a.decision {
        Decision::Undecided if was_decided(typed) => Ok(typed.to_string()),
        _ => audit.founding_record(typed).await,
    };
    let (left, right) = (record(&a.left).await?, record(&a.right).await?);
    if left == right {
        return Err(Error::usage(format!("{} and {} are the same record, {left}", a.left, a.right))
            .hint("name the other record"));
    }
    let is_pair = |l: &String, r: &String| (l, r) == (&left, &right) || (r, l) == (&left, &right);
    let already =
        pipeline.decisions.iter().find(|d| is_pair(&written(&d.left), &written(&d.right)) && d.expires.is_none());
    let same = match a.decision {
        Decision::Same => Some(true),
        Decision::Different => Some(false),
        Decision::Undecided => None,
    };
    if let Some(already) = already.filter(|d| Some(d.same) == same) {
        output::print(&format!("{}: line {} by {} decides that already", file.display(), already.line, already.by))?;
        return Ok(0);
    }
    // The run would name both places and stop: who decides is told now.
    let reviewed = desk::decisions(&pipeline).await?;
    let reviewed = reviewed.on(&pair_of([left.clone(), right.clone()])).filter(|s| s.counts(pipeline.four_eyes));
    if let (Some(standing), Some(same)) = (reviewed, same)
        && (standing.decided.word == Word::Same) != same
    {
        let (by, at, id) = (&standing.decided.by, &standing.decided.at, &standing.decided.id);
        let people = if same { "two people" } else { "one person" };
        return Err(Error::usage(format!("{by} decided in review at {at} that the two are {people}: {id}"))
            .hint("undo that decision in review, or decide there"));
    }
    // What an erasure decided stands in the lake alone: it holds until the file says something about the pair.
    let told = audit.decisions_on(&[left.clone(), right.clone()].into()).await?;
    let held = told.iter().find(|d| d.ended.is_none() && d.file.is_none() && is_pair(&d.left, &d.right));
    let mut replaces = a.replaces;
    if let (Some(held), Some(true)) = (held, same) {
        if replaces != held.id {
            return Err(Error::usage(format!(
                "{} decided that the two are different at {}: {}",
                held.by,
                held.at.as_deref().unwrap_or("an unknown time"),
                held.why
            ))
            .hint(format!("if they are one person all the same, add --replaces {}", held.id)));
        }
        replaces.clear();
    }
    let now = now.strftime("%Y-%m-%d").to_string();
    let fields = [left, right, a.decision.word().into(), a.by, now, a.why, a.expires, replaces];
    let id = config::decide::append(&file, &fields, (&pipeline.zone, &pipeline.renames))?;
    output::print(&format!(
        "{}: {} and {} {} ({id}); the next run honours it, `nayose decide undecided` takes it back",
        file.display(),
        fields[0],
        fields[1],
        if a.decision == Decision::Undecided { "are undecided".into() } else { format!("are {}", fields[2]) },
    ))?;
    Ok(0)
}
