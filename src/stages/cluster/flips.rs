//! People who flip: who was merged and is split again, or the other way round, though nobody said anything else of their records.
//!
//! In: the events of this run, and those of the runs before. Out: how many merges and splits of this run the model or a threshold
//! caused, and undo one of an earlier run between the same two ids. What a person decided, an erasure and a rollback are no flip: there
//! somebody meant it.

use std::collections::HashSet;

use arrow::array::{Array, RecordBatch};
use datafusion::logical_expr::{ident, lit, not};
use datafusion::prelude::DataFrame;
use futures::TryStreamExt;

use super::ids::{MODEL, THRESHOLDS};
use crate::error::Result;
use crate::tables::columns;
use crate::tables::contract::col;

/// The events that undo each other.
const MERGED: &str = "merged";
const SPLIT: &str = "split";

/// Causes of earlier events that somebody meant.
const MEANT: [&str; 4] = ["decision", "decision expired", "erasure", "rollback"];

/// Two ids in order, and the event that would have been undone.
type Undone = (String, String, &'static str);

fn pair(one: &str, other: &str, event: &'static str) -> Undone {
    (one.min(other).to_string(), one.max(other).to_string(), event)
}

/// Counts the flips. Both sides are rows of `id_event`: `now` those of this run, `earlier` all of before.
///
/// # Errors
/// Environment, if the earlier events cannot be read.
pub(crate) async fn count(now: &RecordBatch, earlier: DataFrame) -> Result<u64> {
    let [id, event, counterpart, reason] = [0, 2, 3, 4].map(|column| columns::strings(now.column(column)));
    let (id, event, counterpart, reason) = (id?, event?, counterpart?, reason?);
    let mut asked: HashSet<Undone> = HashSet::new();
    for row in (0..now.num_rows()).filter(|row| counterpart.is_valid(*row)) {
        let undone = match event.value(row) {
            MERGED => SPLIT,
            SPLIT => MERGED,
            _ => continue,
        };
        if [MODEL, THRESHOLDS].contains(&reason.value(row)) {
            asked.insert(pair(id.value(row), counterpart.value(row), undone));
        }
    }
    // Most days have none, and the history of ids grows for years.
    if asked.is_empty() {
        return Ok(0);
    }
    let of_kind = ident(col::EVENT).in_list(vec![lit(MERGED), lit(SPLIT)], false);
    let meant = ident(col::REASON).in_list(MEANT.map(lit).to_vec(), false);
    let rows = earlier.filter(of_kind.and(not(meant)))?;
    let rows = rows.select_columns(&[col::CUSTOMER_ID, col::EVENT, col::COUNTERPART])?;
    let mut found: HashSet<Undone> = HashSet::new();
    let mut batches = rows.execute_stream().await?;
    while let Some(batch) = batches.try_next().await? {
        let [id, event, counterpart] = [0, 1, 2].map(|column| columns::strings(batch.column(column)));
        let (id, event, counterpart) = (id?, event?, counterpart?);
        for row in (0..batch.num_rows()).filter(|row| counterpart.is_valid(*row)) {
            let event = if event.value(row) == MERGED { MERGED } else { SPLIT };
            let pair = pair(id.value(row), counterpart.value(row), event);
            if asked.contains(&pair) {
                found.insert(pair);
            }
        }
    }
    Ok(found.len() as u64)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray};
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::tables::contract::{ID_EVENT, TIME_ZONE};

    /// Rows of `id_event`: id, what happened, the other id, why.
    type Rows = &'static [[&'static str; 4]];

    fn events(rows: Rows) -> RecordBatch {
        let text = |column: usize| Arc::new(StringArray::from_iter_values(rows.iter().map(|r| r[column]))) as ArrayRef;
        let other = rows.iter().map(|row| Some(row[2]).filter(|id| !id.is_empty()));
        let times = TimestampMicrosecondArray::from(vec![0; rows.len()]).with_timezone(TIME_ZONE);
        let columns: Vec<ArrayRef> = vec![
            text(0),
            Arc::new(StringArray::from_iter_values(rows.iter().map(|_| "r1"))),
            text(1),
            Arc::new(other.collect::<StringArray>()),
            text(3),
            Arc::new(times),
        ];
        RecordBatch::try_new(ID_EVENT.schema(), columns).expect("events")
    }

    #[tokio::test]
    async fn who_is_merged_and_split_without_a_reason_flips() {
        let context = SessionContext::new();
        let mut wrong = Vec::new();
        let cases: [(&str, Rows, Rows, u64); 9] = [
            ("split again", &[["B", "merged", "A", "model"]], &[["B", "split", "A", "model"]], 1),
            ("the other part keeps the id", &[["B", "merged", "A", "model"]], &[["A", "split", "B", "model"]], 1),
            ("merged again", &[["B", "split", "A", "thresholds"]], &[["B", "merged", "A", "thresholds"]], 1),
            ("merged for a reason", &[["B", "merged", "A", "changed value"]], &[["B", "split", "A", "model"]], 1),
            ("split for a reason", &[["B", "merged", "A", "model"]], &[["B", "split", "A", "changed value"]], 0),
            ("a decision", &[["B", "merged", "A", "decision"]], &[["B", "split", "A", "model"]], 0),
            ("a rollback", &[["B", "split", "A", "rollback"]], &[["B", "merged", "A", "model"]], 0),
            ("others", &[["B", "merged", "A", "model"]], &[["C", "split", "A", "model"]], 0),
            ("split for the first time", &[["A", "created", "", "new record"]], &[["B", "split", "A", "model"]], 0),
        ];
        for (case, before, now, expected) in cases {
            let earlier = context.read_batch(events(before)).expect("rows");
            let found = count(&events(now), earlier).await.expect("counted");
            if found != expected {
                wrong.push(format!("{case}: {found}"));
            }
        }
        assert_eq!(wrong, [""; 0]);
    }
}
