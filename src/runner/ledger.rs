//! What the row of `run` says beside the tables: who started the run, where, when, and which row it follows.
//!
//! In: the process, the files that are published, the rows of `run` so far. Out: the last columns of the row, from `user_name` on. No
//! other published table has a time of the clock. Also whether the clock lets a run follow that row.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, StringArray, StringBuilder, TimestampMicrosecondArray};
use jiff::SignedDuration;

use crate::console::caller::Caller;
use crate::error::{Error, Result};
use crate::functions::person::struct_list;
use crate::lake::chain;
use crate::lake::published::PublishedTable;
use crate::lake::snapshot::PublishedRun;
use crate::store::Location;
use crate::tables::contract::{RUN, TIME_ZONE, Type, col};

/// Their names, in the order of [`columns`].
pub(super) const COLUMNS: [&str; 7] = [
    col::USER_NAME,
    col::HOST_NAME,
    col::ARGUMENTS,
    col::STARTED_AT,
    col::PUBLISHED_AT,
    col::TABLE_DIGESTS,
    col::PREVIOUS_DIGEST,
];

/// The values of [`COLUMNS`] for a row that is published now.
///
/// # Errors
/// Environment, if the rows so far cannot be read.
pub(super) async fn columns(
    lake: &Location,
    started_at: &str,
    tables: &BTreeMap<String, PublishedTable>,
) -> Result<Vec<ArrayRef>> {
    let caller = Caller::this();
    let text = |value: Option<String>| Arc::new(StringArray::from(vec![value])) as ArrayRef;
    let mut arguments = ListBuilder::new(StringBuilder::new());
    caller.arguments.iter().for_each(|argument| arguments.values().append_value(argument));
    arguments.append(true);
    let at =
        |time: Option<i64>| Arc::new(TimestampMicrosecondArray::from(vec![time]).with_timezone(TIME_ZONE)) as ArrayRef;
    let started = started_at.parse::<jiff::Timestamp>().ok().map(|time| time.as_microsecond());
    let published = jiff::Timestamp::now().as_microsecond();
    let digests: Vec<ArrayRef> = vec![
        Arc::new(StringArray::from_iter_values(tables.keys())),
        Arc::new(StringArray::from_iter_values(tables.values().map(|table| chain::of_table(&table.parts)))),
    ];
    let item = match RUN.columns.iter().find(|c| c.name == col::TABLE_DIGESTS).map(|c| c.data_type) {
        Some(Type::List(item)) => *item,
        _ => return Err(Error::bug("the digests of run are no list")),
    };
    let before = chain::rows(lake).await?;
    let previous = before.last().map(|row| chain::of_row(row, 0)).transpose()?;
    Ok(vec![
        text(caller.user),
        text(caller.host),
        Arc::new(arguments.finish()),
        at(started),
        at(Some(published)),
        struct_list(&[tables.len() as i32], item, digests)?,
        text(previous),
    ])
}

/// How far clocks of hosts that share a lake may be apart.
const SKEW: SignedDuration = SignedDuration::from_mins(10);

/// Refuses to publish over a run that, by this machine's clock, is not there yet: what is new would be taken for old.
///
/// # Errors
/// Environment, where it is not.
pub(super) fn not_before(published: Option<&PublishedRun>) -> Result<()> {
    let at = published.and_then(|run| run.sealed.as_ref()?.at.parse::<jiff::Timestamp>().ok());
    let now = jiff::Timestamp::now();
    match (published, at) {
        (Some(run), Some(at)) if now + SKEW < at => Err(Error::environment(format!(
            "the clock of this machine says {now:.0}, but run {} was published at {at:.0}",
            run.run_id
        ))
        .hint("set the clock of this machine")),
        _ => Ok(()),
    }
}
