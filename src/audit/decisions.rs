//! What people decided on records: who, when, why, since when it counts and why it does not any more.

use std::collections::{BTreeMap, HashSet};

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Float64Type, Int64Type};
use datafusion::functions::expr_fn::concat;
use datafusion::logical_expr::{ident, lit};

use super::Audit;
use super::view::{DecidedPair, DecisionView, EndedDecision};
use crate::error::{Error, Result};
use crate::lake::snapshot::time_text;
use crate::tables::columns;
use crate::tables::contract::{DECISION, LEDGER, col};

impl Audit {
    /// The decisions on these records, each `channel:record_id`, in the order in which they came to count. None in a lake of before.
    ///
    /// # Errors
    /// Environment, if a table cannot be read.
    pub async fn decisions_on(&self, records: &HashSet<String>) -> Result<Vec<DecisionView>> {
        self.decisions_where(|left, right| records.contains(left) || records.contains(right)).await
    }

    /// All decisions, in the order in which they came to count. None in a lake of before.
    ///
    /// # Errors
    /// As [`Audit::decisions_on`].
    pub async fn decisions(&self) -> Result<Vec<DecisionView>> {
        self.decisions_where(|_, _| true).await
    }

    async fn decisions_where(&self, wanted: impl Fn(&str, &str) -> bool) -> Result<Vec<DecisionView>> {
        let mut found: BTreeMap<String, DecisionView> = BTreeMap::new();
        let mut balance: BTreeMap<String, i64> = BTreeMap::new();
        if !self.run.tables.iter().any(|(name, ..)| name == DECISION.name) {
            return Ok(Vec::new());
        }
        let rows = self.table(DECISION.name).await?;
        let rows =
            rows.sort(vec![ident(col::VALID_FROM).sort(true, false), ident(col::DECISION_ID).sort(true, false)])?;
        for batch in rows.collect().await? {
            let column = |name: &str| {
                batch.column_by_name(name).ok_or_else(|| Error::bug(format!("table decision lacks {name}")))
            };
            let text = |name: &str, row: usize| -> Result<Option<String>> {
                Ok(columns::text_at(columns::strings(column(name)?)?, row).map(str::to_string))
            };
            let time = |name: &str, row: usize| -> Result<Option<String>> {
                let times = columns::times(column(name)?)?;
                Ok(times.is_valid(row).then(|| time_text(times.value(row))))
            };
            let line = column(col::LINE)?.as_primitive::<Int64Type>().clone();
            for row in 0..batch.num_rows() {
                let must = |name: &str| text(name, row).map(Option::unwrap_or_default);
                let left = format!("{}:{}", must(col::CHANNEL_L)?, must(col::RECORD_ID_L)?);
                let right = format!("{}:{}", must(col::CHANNEL_R)?, must(col::RECORD_ID_R)?);
                if !wanted(&left, &right) {
                    continue;
                }
                let (id, event) = (must(col::DECISION_ID)?, must(col::EVENT)?);
                let at = time(col::VALID_FROM, row)?.unwrap_or_default();
                let began = event == crate::stages::cluster::decisions::DECIDED;
                *balance.entry(id.clone()).or_default() += if began { 1 } else { -1 };
                let view = found.entry(id.clone()).or_insert(DecisionView {
                    id,
                    left,
                    right,
                    decision: must(col::DECISION)?,
                    by: must(col::DECIDED_BY)?,
                    at: time(col::DECIDED_AT, row)?,
                    why: must(col::WHY)?,
                    expires: time(col::EXPIRES, row)?,
                    replaces: text(col::REPLACES, row)?,
                    file: text(col::FILE, row)?,
                    line: line.is_valid(row).then(|| line.value(row)),
                    since: at.clone(),
                    ended: None,
                });
                match began {
                    true => view.since = at,
                    false => view.ended = Some(EndedDecision { how: event, at }),
                }
            }
        }
        // However the rows of one time come: a decision counts that began once more than it ended.
        for view in found.values_mut().filter(|view| balance.get(&view.id).is_some_and(|n| *n > 0)) {
            view.ended = None;
        }
        let mut found: Vec<DecisionView> = found.into_values().collect();
        found.sort_by(|a, b| (&a.since, &a.id).cmp(&(&b.since, &b.id)));
        Ok(found)
    }

    /// The pairs on which people decided that are of one of these records, with each other or with others', as the ledger of the run has
    /// them.
    pub(super) async fn decided_pairs(&self, members: &[(String, String)]) -> Result<Vec<DecidedPair>> {
        let known: HashSet<String> = members.iter().map(|(channel, id)| format!("{channel}:{id}")).collect();
        let own = |pair: &&DecidedPair| known.contains(&pair.left) || known.contains(&pair.right);
        Ok(self.decided().await?.iter().filter(own).cloned().collect())
    }

    /// All pairs on which people decided, in order: few, and those of the ledger are all looked at to find them.
    pub(super) async fn decided(&self) -> Result<&Vec<DecidedPair>> {
        self.decided.get_or_try_init(|| self.read_decided()).await
    }

    async fn read_decided(&self) -> Result<Vec<DecidedPair>> {
        let rows = self.table(LEDGER.name).await?.filter(ident(col::DECISION).eq(lit("overridden")))?;
        let name = |channel: &str, id: &str| concat(vec![ident(channel), lit(":"), ident(id)]);
        let rows = rows.select(vec![
            name(col::CHANNEL_L, col::RECORD_ID_L).alias("l"),
            name(col::CHANNEL_R, col::RECORD_ID_R).alias("r"),
            ident(col::MATCH_PROBABILITY),
            ident(col::REASON),
        ])?;
        let mut found = Vec::new();
        for batch in rows.collect().await? {
            let [left, right, reason] = [0, 1, 3].map(|c| columns::strings(batch.column(c)));
            let (left, right, reason) = (left?, right?, reason?);
            let probability = batch.column(2).as_primitive::<Float64Type>();
            found.extend((0..batch.num_rows()).map(|row| DecidedPair {
                left: left.value(row).to_string(),
                right: right.value(row).to_string(),
                probability: probability.value(row),
                reason: columns::text_at(reason, row).unwrap_or_default().to_string(),
            }));
        }
        found.sort_by(|a, b| (&a.left, &a.right).cmp(&(&b.left, &b.right)));
        Ok(found)
    }
}
