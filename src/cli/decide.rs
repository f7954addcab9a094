//! `nayose decide`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use datafusion::arrow::array::AsArray;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::SessionContext;

use super::output;
use crate::config::{self, Overrides};
use crate::contract::{ID_MAP, col};
use crate::error::{Error, Result};
use crate::identity::customer_id::{self, Kind, id_of};
use crate::runner::snapshot;
use crate::session::{Resources, session};

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
    /// Until when it holds, such as 2027-03-31
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
    let file = config::decisions_file(&a.pipeline)?;
    let pipeline = config::load(&a.pipeline, &Overrides { input: None, lake: a.lake.clone() })?;
    let published = snapshot::find(&pipeline.lake, None).await?;
    let context = session(&Resources::default())?;
    snapshot::know_all(&context, &pipeline.lake, &published).await?;
    let (left, right) = (record(&context, &a.left).await?, record(&context, &a.right).await?);
    let now = jiff::Timestamp::now().strftime("%Y-%m-%d").to_string();
    let fields = [left, right, a.decision.word().into(), a.by, now, a.why, a.expires];
    config::decisions::append(&file, &fields)?;
    output::print(&format!(
        "{}: {} and {} {}; the next run honours it, `nayose decide undecided` takes it back",
        file.display(),
        fields[0],
        fields[1],
        if a.decision == Decision::Undecided { "are undecided".into() } else { format!("are {}", fields[2]) },
    ))?;
    Ok(0)
}

/// The record that stands for what was typed: itself, or the founding record of a customer.
async fn record(context: &SessionContext, typed: &str) -> Result<String> {
    if let Some((channel, id)) = typed.split_once(':') {
        let known =
            records(context, ident(col::CHANNEL).eq(lit(channel)).and(ident(col::RECORD_ID).eq(lit(id)))).await?;
        return match known.is_empty() {
            false => Ok(typed.to_string()),
            true => Err(Error::usage(format!("there is no record {typed}"))
                .hint("records are written channel:record_id, such as shop:C0001; `nayose sql` on id_map shows them")),
        };
    }
    let id = customer_id::parse(typed).ok_or_else(|| {
        Error::usage(format!("{typed:?} is neither a record nor a customer id"))
            .hint("write channel:record_id, or an id such as C-7K3M-9QXA-2TF5-H")
    })?;
    let today = snapshot::aliases(context).await?.resolve(&id).to_string();
    let records = records(context, ident(col::CUSTOMER_ID).eq(lit(today.as_str()))).await?;
    // An alias stands for its own founding record, so that a merge can be taken back by the two ids that it joined.
    let founds = |id: &str| records.iter().find(|(channel, record)| id_of(Kind::Customer, channel, record, 0) == id);
    let founding = founds(&id).or(founds(&today));
    match founding.or(records.first()) {
        Some((channel, record)) => Ok(format!("{channel}:{record}")),
        None => Err(Error::usage(format!("there is no customer {id}"))
            .hint("nayose sql \"select customer_id from golden_customer limit 10\" shows some")),
    }
}

/// Channel and id of the records in the newest run that `condition` holds for.
async fn records(context: &SessionContext, condition: Expr) -> Result<Vec<(String, String)>> {
    let rows = context.table(ID_MAP.name).await?.filter(condition.and(ident(col::VALID_TO).is_null()))?;
    let rows = rows.select_columns(&[col::CHANNEL, col::RECORD_ID])?;
    let rows = rows.sort([col::CHANNEL, col::RECORD_ID].map(|c| ident(c).sort(true, false)).to_vec())?;
    let mut found = Vec::new();
    for batch in rows.collect().await? {
        let [channel, record] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
        found.extend((0..batch.num_rows()).map(|i| (channel.value(i).to_string(), record.value(i).to_string())));
    }
    Ok(found)
}
