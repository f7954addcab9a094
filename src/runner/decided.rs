//! Decisions of people in a run: which hold, what the record of them gets, what is told.

use std::collections::{BTreeSet, HashMap};

use datafusion::logical_expr::{ident, in_list, lit};

use super::Run;
use crate::config::decisions::{Decision, Line};
use crate::error::Result;
use crate::lake::manifest::StageRecord;
use crate::lake::results::ClusterResult;
use crate::stages::Planned;
use crate::stages::cluster::Keys;
use crate::stages::cluster::decisions::{self, Change, Recorded};
use crate::tables::columns;
use crate::tables::contract::{DECISION, PERSON_COLUMNS, STANDARD_RECORD, col};

/// Why an erasure decides that two records are two people.
const APART: &str = "two people before somebody was erased, and so they stay";

impl Run<'_> {
    fn is_erased(&self, (channel, id): &(String, String)) -> bool {
        self.tombstones.as_ref().is_some_and(|t| t.has(channel, id))
    }

    /// The decisions of the file that hold as of this run, but for those on erased records, whose ids are not kept.
    pub(super) fn decisions(&self) -> Result<Vec<Decision>> {
        let as_of = self.as_of()?;
        let holds = |d: &&Decision| {
            d.expires.is_none_or(|expires| expires > as_of) && !self.is_erased(&d.left) && !self.is_erased(&d.right)
        };
        Ok(self.pipeline.decisions.iter().filter(holds).cloned().collect())
    }

    /// The lines of the file, but for those on erased records.
    fn decision_lines(&self) -> Vec<Line> {
        let mut lines = self.pipeline.decision_lines.clone();
        lines.retain(|line| !line.pair().into_iter().any(|record| self.is_erased(record)));
        lines
    }

    /// The file of decisions with the number of its lines that name an erased record: it is not nayose's to change.
    pub(super) fn erased_decisions(&self) -> Option<(String, u64)> {
        let named = |line: &&Line| !line.desk && line.pair().into_iter().any(|record| self.is_erased(record));
        let gone = self.pipeline.decision_lines.iter().filter(named).count();
        self.pipeline.decisions_file.clone().filter(|_| gone > 0).map(|file| (file, gone as u64))
    }

    /// What the runs before wrote down of decisions.
    pub(super) async fn recorded_decisions(&self) -> Result<Recorded> {
        Recorded::read(self.previous(&DECISION).await?, |record| self.is_erased(record)).await
    }

    /// All decisions that hold: those of the file, and those of earlier erasures. A run that erases somebody changes nobody else: new
    /// decisions wait for the next one.
    pub(super) fn decisions_that_hold(&self, recorded: &Recorded) -> Result<Vec<Decision>> {
        if self.erasure.is_some() {
            return Ok(recorded.that_count());
        }
        let mut all = self.decisions()?;
        all.extend(recorded.of_erasures(&self.decision_lines()));
        Ok(all)
    }

    /// What the ledger says of pairs that an erasure keeps apart; `None` where nobody is erased.
    pub(super) fn kept_apart(&self) -> Option<String> {
        let erasure = self.erasure.as_ref()?;
        Some(format!("different: decided by {} at {}: {APART}", erasure.by, erasure.at))
    }

    /// What this run adds to the record of decisions.
    pub(super) fn changes_of_decisions(
        &self,
        recorded: &Recorded,
        keys: &Keys,
        kept_apart: &[(u32, u32)],
    ) -> Result<Vec<Change>> {
        let Some(erasure) = &self.erasure else {
            let file = self.pipeline.decisions_file.as_deref().unwrap_or_default();
            return Ok(decisions::changes(&self.decision_lines(), file, recorded, self.as_of()?));
        };
        let at = erasure.at.parse::<jiff::Timestamp>().map_or(0, |at| at.as_microsecond());
        Ok(decisions::kept_apart(keys, kept_apart, &erasure.by, APART, at))
    }

    /// The table `decision`. Tells decisions on records that are not there, or whose values are other ones now.
    pub(super) async fn decision_rows(
        &self,
        recorded: &Recorded,
        changes: &[Change],
        keys: &Keys,
        found: &mut ClusterResult,
        record: &StageRecord,
    ) -> Result<Planned> {
        let named = changes.iter().map(|change| &change.entry).chain(recorded.open.values());
        let rows = named.flat_map(|entry| &entry.pair).filter_map(|(channel, id)| keys.row(channel, id)).collect();
        let values = self.values_of(&rows, record).await?;
        found.decisions_on_other_values = recorded.on_other_values(changes, &values);
        let (gone, other) = (found.decisions_without_record, found.decisions_on_other_values);
        if gone > 0 {
            self.progress.warn(&format!("{gone} decisions that hold name a record that is not in the input"));
        }
        if other > 0 {
            self.progress.warn(&format!("{other} decisions that hold were made on values that are other ones now"));
        }
        let table = decisions::table(changes, &values, self.as_of()?, &self.manifest.run_id)?;
        let rows = self.with_earlier(&DECISION, self.context.read_batch(table)?).await?;
        Ok(Planned::sorted(&DECISION, rows))
    }

    /// The digest of what identifies a person in each of these records.
    async fn values_of(&self, rows: &BTreeSet<u32>, record: &StageRecord) -> Result<HashMap<(String, String), String>> {
        let mut values = HashMap::new();
        if rows.is_empty() {
            return Ok(values);
        }
        let asked = in_list(ident(col::ROW), rows.iter().map(|row| lit(i64::from(*row))).collect(), false);
        let person = PERSON_COLUMNS.iter().map(|column| column.name);
        let wanted: Vec<&str> = [col::CHANNEL, col::RECORD_ID].into_iter().chain(person).collect();
        let found = self.table(&STANDARD_RECORD, record).await?.filter(asked)?.select_columns(&wanted)?;
        for batch in found.collect().await? {
            let (channel, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            for row in 0..batch.num_rows() {
                let key = (channel.value(row).to_string(), id.value(row).to_string());
                values.insert(key, decisions::digest_of_values(&batch.columns()[2..], row)?);
            }
        }
        Ok(values)
    }
}
