//! The erasing run: it leaves the erased records out, and removes everything that still has the person's values.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, cast, ident, lit, not, when};
use datafusion::prelude::DataFrame;

use crate::error::Result;
use crate::functions::erased::erased;
use crate::lake::erasure::{self, Erasure};
use crate::lake::snapshot::PublishedRun;
use crate::lake::{ROOMS, WORK, delta, desk, models, published};
use crate::store::{Location, digest};
use crate::tables::contract::{Column, RUN, Table, col};
use nayose_matching::identity::customer_id;
use nayose_matching::identity::tombstone::Tombstones;

/// The reason of rejected rows of erased records.
pub(super) const REASON: &str = "erased";

/// The rows of a table without those of erased records; of a raw table, with a reason in their place. Rows that could not be read
/// lose their text: nobody can tell that it is not that of the erased. An order of somebody else goes to no erased record any more.
pub(super) fn left_out(plan: DataFrame, table: &Table, tombstones: &Arc<Tombstones>) -> Result<DataFrame> {
    let is_erased = || erased(tombstones.clone()).call(vec![ident(col::CHANNEL), ident(col::RECORD_ID)]);
    if !table.columns.iter().any(|c| c.name == col::REJECT_REASON) {
        return Ok(plan.filter(not(is_erased()))?);
    }
    let column = |c: &Column| -> Result<Expr> {
        let instead = match c.name {
            col::REJECT_REASON => lit(REASON),
            col::REJECT_RAW => return Ok(cast(lit(ScalarValue::Null), c.data_type.arrow()).alias(c.name)),
            _ if !c.nullable => return Ok(ident(c.name)),
            col::RECIPIENT => {
                let to = erased(tombstones.clone()).call(vec![ident(col::CHANNEL), ident(col::RECIPIENT)]);
                let gone = cast(lit(ScalarValue::Null), c.data_type.arrow());
                return Ok(when(is_erased().or(to), gone).otherwise(ident(c.name))?.alias(c.name));
            }
            _ => lit(ScalarValue::Null),
        };
        let kept = when(is_erased(), cast(instead, c.data_type.arrow())).otherwise(ident(c.name))?;
        Ok(kept.alias(c.name))
    };
    Ok(plan.select(table.columns.iter().map(column).collect::<Result<Vec<_>>>()?)?)
}

/// Removes everything from the lake that this run does not need: files of older versions, tables of marts that were given up, work
/// of other runs, what writers that were killed left aside. What stays is listed here, so that a new kind of file is removed until
/// somebody says why it may stay. Then the report is written.
///
/// # Errors
/// Environment, if something cannot be removed; the next run tries again.
pub(super) async fn finish(lake: &Location, run: &PublishedRun, mut erasure: Erasure) -> Result<()> {
    let mut stays: HashSet<String> = HashSet::new();
    for (table, version) in
        run.tables.iter().map(|(name, version, _)| (name.as_str(), Some(*version))).chain([(RUN.name, None)])
    {
        let Some(delta) = delta::open(lake, table, version).await? else { continue };
        stays.extend(delta::files(&delta)?.into_iter().map(|part| format!("{}/{part}", delta::folder_of(table))));
    }
    let named: HashSet<&str> = run.tables.iter().map(|(name, ..)| name.as_str()).chain([RUN.name]).collect();
    let mine = format!("{WORK}/{}/", run.run_id);
    let sealed = format!("{}/{:06}-", published::FOLDER, run.number);
    let may_stay = |file: &str| {
        let part = digest::part_of_tree(file).unwrap_or_else(|| file.to_string());
        let mut words = file.split('/');
        let (room, table, log) = (words.next(), words.next().unwrap_or_default(), words.next());
        match room {
            Some(delta::TABLES) => stays.contains(&part) || (named.contains(table) && log == Some("_delta_log")),
            Some(WORK) => file.starts_with(&mine),
            // Parameters and counts, without a value of anybody.
            Some(models::FOLDER) => true,
            _ => file.starts_with(&sealed),
        }
    };
    let mut removed: BTreeMap<String, u64> = named.iter().map(|table| (table.to_string(), 0)).collect();
    for room in ROOMS {
        for (file, _) in lake.join(room).glob("**").await? {
            let file = format!("{room}/{file}");
            if may_stay(&file) {
                continue;
            }
            lake.join(&file).remove().await?;
            let of = if room == delta::TABLES { file.split('/').nth(1).unwrap_or_default() } else { room };
            *removed.entry(of.to_string()).or_default() += 1;
        }
        lake.join(room).remove_aside()?;
    }
    let entries = desk::erase(lake, names_person(lake, run, &erasure).await?).await?;
    erasure.rows.extend(entries.into_iter().map(|(log, count)| (log.to_string(), count)));
    erasure.files_removed = removed;
    erasure.runs_up_to = run.number - 1;
    erasure::report(lake, &erasure).await
}

/// Whether a text is an id of the erased person, or one of the records that were erased. One who was erased has no records any more: their
/// keyed hashes tell which they were.
async fn names_person(lake: &Location, run: &PublishedRun, erasure: &Erasure) -> Result<impl Fn(&str) -> bool + use<>> {
    let tombstones = erasure::tombstones(lake, false).await?.map(|known| known.with_former(run.renames().by_channel()));
    let ids: HashSet<String> = erasure.merged.iter().chain([&erasure.customer_id]).cloned().collect();
    Ok(move |text: &str| {
        let is_erased = |(channel, id): (&str, &str)| tombstones.as_ref().is_some_and(|known| known.has(channel, id));
        customer_id::parse(text).is_some_and(|id| ids.contains(&id)) || text.split_once(':').is_some_and(is_erased)
    })
}
