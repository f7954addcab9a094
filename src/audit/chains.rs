//! Whether what tells about people and runs was changed since it was written: the logs below `desk/`, the ledger of runs, and the tables
//! with the decisions of a run.
//!
//! In: a lake, and ends that were noted elsewhere. Out: what does not follow, and the ends of today. An end stands for all that comes
//! before it: whoever writes a whole new chain cannot write one that has the end which was noted.

use std::collections::HashSet;

use arrow::array::{Array, RecordBatch};
use serde::Serialize;

use crate::error::{Error, Kind, Result};
use crate::lake::desk::{self, Checked, Log};
use crate::lake::snapshot::{self, PublishedRun};
use crate::lake::{chain, delta};
use crate::store::Location;
use crate::tables::columns;
use crate::tables::contract::{DECISION, LEDGER, RUN, col};

/// The tables whose rows say what was decided on pairs, by the model and by people.
const DECIDING: [&str; 2] = [LEDGER.name, DECISION.name];

/// The chains of a lake.
#[derive(Debug, Serialize)]
pub(crate) struct Chains {
    /// The logs below `desk/`.
    pub(crate) logs: Vec<Checked>,
    /// How many runs were published.
    pub(crate) runs: usize,
    /// The digest of the newest row of `run`.
    pub(crate) run_head: Option<String>,
    /// What does not fit among the rows of `run`, and in the tables with the decisions of the newest one.
    pub(crate) broken: Vec<String>,
    /// Ends that were noted and are in no chain.
    pub(crate) not_found: Vec<String>,
}

impl Chains {
    /// How many things do not fit.
    pub(crate) fn count(&self) -> usize {
        self.broken.len() + self.not_found.len() + self.logs.iter().map(|log| log.broken.len()).sum::<usize>()
    }
}

/// Looks at all chains of a lake; `expected` are ends that were noted.
///
/// # Errors
/// Environment, if the lake cannot be read.
pub(crate) async fn chains(lake: &Location, expected: &[String]) -> Result<Chains> {
    let mut logs = Vec::new();
    for log in Log::ALL {
        logs.push(desk::check(lake, log).await?);
    }
    let mut found = Chains { logs, runs: 0, run_head: None, broken: Vec::new(), not_found: Vec::new() };
    let mut known: HashSet<String> = found.logs.iter().flat_map(|log| log.links.iter().cloned()).collect();
    match runs(lake, &mut found).await {
        Ok(rows) => known.extend(rows),
        Err(error) if error.kind() == Kind::Data => found.broken.push(error.message().to_string()),
        Err(error) => return Err(error),
    }
    found.not_found = expected.iter().filter(|head| !known.contains(*head)).cloned().collect();
    Ok(found)
}

/// The digests of the rows of `run`; what does not fit is noted.
async fn runs(lake: &Location, found: &mut Chains) -> Result<Vec<String>> {
    let (told, head) = chain::broken(lake).await?;
    found.broken.extend(told.into_iter().map(|told| format!("{}: {told}", RUN.name)));
    found.run_head = head;
    let rows = chain::rows(lake).await?;
    found.runs = rows.len();
    if let (Some(newest), Some(row)) = (snapshot::newest(lake).await?, rows.last()) {
        decided(lake, &newest, row, found).await?;
    }
    rows.iter().map(|row| chain::of_row(row, 0)).collect()
}

/// The tables with the decisions of a run: their files are those that its row names by their digest, and have the content that
/// they had.
async fn decided(lake: &Location, run: &PublishedRun, row: &RecordBatch, found: &mut Chains) -> Result<()> {
    let due = table_digests(row)?;
    for (table, version, _) in run.tables.iter().filter(|(table, ..)| DECIDING.contains(&table.as_str())) {
        let parts = match delta::open(lake, table, Some(*version)).await {
            Ok(Some(delta)) => delta::files(&delta)?,
            Ok(None) => {
                found.broken.push(format!("{table}: its log is gone"));
                continue;
            }
            Err(error) if error.kind() == Kind::Data => {
                found.broken.push(format!("{table}: {}", error.message()));
                continue;
            }
            Err(error) => return Err(error),
        };
        let is_due = due.iter().find(|(name, _)| name == table).map(|(_, digest)| *digest == chain::of_table(&parts));
        if is_due == Some(false) {
            found.broken.push(format!("{table}: its files are not those that run {} published", run.number));
        }
        for part in parts {
            match lake.join(&delta::folder_of(table)).join(&part).read().await {
                Ok(_) => {}
                // The store holds every file against the digest in its name.
                Err(error) if error.kind() == Kind::Data => found.broken.push(format!("{table}: {}", error.message())),
                Err(error) => return Err(error),
            }
        }
    }
    Ok(())
}

/// Table → the digest of its files, as a row of `run` says them. Empty in rows of earlier versions.
fn table_digests(row: &RecordBatch) -> Result<Vec<(String, String)>> {
    let column = row.column_by_name(col::TABLE_DIGESTS).ok_or_else(|| Error::bug("run lacks table_digests"))?;
    if column.is_null(0) {
        return Ok(Vec::new());
    }
    let items = columns::lists(column)?.value(0);
    let items = columns::structs(&items)?;
    let text = |field: usize| columns::strings(items.column(field));
    let (names, digests) = (text(0)?, text(1)?);
    Ok((0..items.len()).map(|i| (names.value(i).to_string(), digests.value(i).to_string())).collect())
}
