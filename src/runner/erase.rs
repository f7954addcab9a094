//! Erasure of a person: tombstones, the erasing run, and the removal of everything that still has the person's values.
//!
//! In: the records of a customer, the secret key. Out: a lake without them, and a report. The order makes it safe to die at
//! any point: first the tombstones, then the note that an erasure is under way; from then on every run leaves the records
//! out, and the first that is published removes older versions and work files, writes the report and takes the note away.

use std::collections::BTreeMap;
use std::sync::Arc;

use datafusion::logical_expr::{Expr, cast, ident, lit, not, when};
use datafusion::prelude::DataFrame;
use serde::{Deserialize, Serialize};

use super::snapshot::PublishedRun;
use crate::contract::{RUN, Table, col};
use crate::error::{Error, Result};
use crate::functions::erased::erased;
use crate::identity::tombstone::{KEY_BYTES, Tombstones};
use crate::lake;
use crate::store::Location;

const TOMBSTONES: &str = "erased.txt";
const UNDER_WAY: &str = "erasures/under_way.json";

/// The environment variable with the secret of the tombstones.
pub const KEY: &str = "NAYOSE_ERASURE_KEY";

/// The reason of rejected rows of erased records.
pub const REASON: &str = "erased";

/// An erasure that was asked for, and what came of it. Without personal data: a customer id is a pseudonym.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Erasure {
    /// The customer.
    pub customer_id: String,
    /// Who asked for it.
    pub by: String,
    /// Why.
    pub why: String,
    /// When.
    pub at: String,
    /// Rows of the person in the published tables before.
    pub rows: BTreeMap<String, u64>,
    /// Files that were removed, by table or work folder.
    pub files_removed: BTreeMap<String, u64>,
    /// Runs up to this number can not be read any more: their files had the person's values.
    pub runs_up_to: i64,
    /// Input files that still have rows of the person, with their number: they are not nayose's to change.
    pub still_in_input: BTreeMap<String, u64>,
}

/// The tombstones of a lake.
///
/// # Errors
/// Configuration, where there are some, or `needed`, and the key is missing or another one.
pub async fn tombstones(lake: &Location, needed: bool) -> Result<Option<Arc<Tombstones>>> {
    let bytes = lake.join(TOMBSTONES).read_if_exists().await?;
    if bytes.is_none() && !needed {
        return Ok(None);
    }
    let text = String::from_utf8(bytes.unwrap_or_default())
        .map_err(|_| Error::data(format!("{} is damaged", lake.join(TOMBSTONES).shown())))?;
    let secret = std::env::var(KEY).unwrap_or_default();
    if secret.len() < KEY_BYTES {
        return Err(Error::config(format!("{} needs the key of its erased records", lake.shown())).hint(format!(
            "set {KEY} to a secret of {KEY_BYTES} characters or more, always the same one, kept outside of the lake"
        )));
    }
    let read = Tombstones::read(&secret, text.lines()).ok_or_else(|| {
        Error::config(format!("the erased records of {} were written with another key", lake.shown()))
            .hint(format!("set {KEY} to the secret of that time; with another one the erased would come back"))
    })?;
    Ok(Some(Arc::new(read)))
}

/// Writes the tombstones of records, and that their erasure is under way.
///
/// # Errors
/// Configuration for the key, environment for the store.
pub async fn begin(lake: &Location, records: &[(String, String)], erasure: &Erasure) -> Result<()> {
    let known = tombstones(lake, true).await?.ok_or_else(|| Error::bug("tombstones were not made"))?;
    let mut all = Tombstones::clone(&known);
    records.iter().for_each(|(channel, id)| all.add(channel, id));
    lake.join(TOMBSTONES).write(all.lines().into_bytes()).await?;
    lake.join(UNDER_WAY).write(json(erasure)?).await
}

/// The erasure that is under way, if one is.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is damaged.
pub async fn under_way(lake: &Location) -> Result<Option<Erasure>> {
    let Some(bytes) = lake.join(UNDER_WAY).read_if_exists().await? else { return Ok(None) };
    serde_json::from_slice(&bytes).map(Some).map_err(|_| {
        Error::data(format!("{} is damaged", lake.join(UNDER_WAY).shown())).hint("ask for the erasure again")
    })
}

/// The rows of a table without those of erased records; of a raw table, with a reason in their place.
pub(super) fn left_out(plan: DataFrame, table: &Table, tombstones: &Arc<Tombstones>) -> Result<DataFrame> {
    let is_erased = || erased(tombstones.clone()).call(vec![ident(col::CHANNEL), ident(col::RECORD_ID)]);
    if !table.columns.iter().any(|c| c.name == col::REJECT_REASON) {
        return Ok(plan.filter(not(is_erased()))?);
    }
    let column = |c: &crate::contract::Column| -> Result<Expr> {
        let instead = match c.name {
            col::REJECT_REASON => lit(REASON),
            _ if !c.nullable => return Ok(ident(c.name)),
            _ => lit(datafusion::common::ScalarValue::Null),
        };
        let kept = when(is_erased(), cast(instead, c.data_type.arrow())).otherwise(ident(c.name))?;
        Ok(kept.alias(c.name))
    };
    Ok(plan.select(table.columns.iter().map(column).collect::<Result<Vec<_>>>()?)?)
}

/// Removes what only older runs have: files of older versions, work of other runs. Writes the report and ends the erasure.
///
/// # Errors
/// Environment, if something cannot be removed; the next run tries again.
pub(super) async fn finish(lake: &Location, run: &PublishedRun, mut erasure: Erasure) -> Result<()> {
    let tables = run.tables.iter().map(|(name, ..)| name.as_str()).chain([RUN.name]);
    for table in tables {
        let Some(removed) = lake::remove_older(lake, table).await? else { continue };
        erasure.files_removed.insert(table.to_string(), removed);
    }
    let work = lake.join("work");
    let mut removed = 0;
    for (file, _) in work.glob("**").await? {
        if !file.starts_with(&format!("{}/", run.run_id)) {
            work.join(&file).remove().await?;
            removed += 1;
        }
    }
    erasure.files_removed.insert("work".to_string(), removed);
    erasure.runs_up_to = run.number - 1;
    let report = format!("erasures/{:06}-{}.json", run.number, erasure.customer_id);
    lake.join(&report).write(json(&erasure)?).await?;
    lake.join(UNDER_WAY).remove().await
}

/// The last run that an erasure made unreadable; 0 where there is none.
///
/// # Errors
/// Environment, if the reports cannot be listed.
pub async fn unreadable_up_to(lake: &Location) -> Result<i64> {
    let reports = lake.join("erasures").glob("*-*.json").await?;
    let number = |name: &str| name.split('-').next()?.parse::<i64>().ok();
    Ok(reports.iter().filter_map(|(name, _)| number(name)).map(|n| n - 1).max().unwrap_or(0))
}

fn json(erasure: &Erasure) -> Result<Vec<u8>> {
    serde_json::to_vec_pretty(erasure).map_err(|e| Error::bug(format!("the erasure cannot be written: {e}")))
}
