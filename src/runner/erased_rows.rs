//! Tables that only grow, where somebody is erased: what they have of the person goes, what they have of others stays.

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use datafusion::datasource::MemTable;
use datafusion::functions::expr_fn::replace;
use datafusion::logical_expr::{Expr, ident, in_list, lit, not, when};
use datafusion::prelude::DataFrame;

use super::Run;
use crate::engine::session::in_order;
use crate::error::{Error, Result};
use crate::functions::erased::erased;
use crate::tables::columns;
use crate::tables::contract::{DECISION, ID_EVENT, ID_MAP, RESTATEMENT, Table, col};

/// What stands in the place of a record of an erased person.
const SOMEBODY: &str = "an erased record";

impl Run<'_> {
    /// The rows of a table that grows: those of this run alone, which are added; where somebody is erased, all rows but those of
    /// the person, so that they replace the table. Rows of others name no record of the person any more.
    pub(super) async fn with_earlier(&self, table: &Table, rows: DataFrame) -> Result<DataFrame> {
        let Some(erasure) = &self.erasure else { return Ok(rows) };
        let is_person = |column: &str| ident(column).eq(lit(erasure.customer_id.as_str()));
        // The key of the tombstones stays in this process, and so do these rows.
        let here = |rows: DataFrame| DataFrame::new(in_order(&self.context).state(), rows.logical_plan().clone());
        let earlier = here(self.previous(table).await?);
        let earlier = match table.name {
            name if name == ID_EVENT.name => {
                let names: Vec<Expr> = self.erased_names().await?.into_iter().chain([String::new()]).map(lit).collect();
                let mut masked = when(in_list(ident(col::COUNTERPART), names, false), lit(SOMEBODY));
                let masked = masked.otherwise(ident(col::COUNTERPART))?;
                earlier.filter(not(is_person(col::CUSTOMER_ID)))?.with_column(col::COUNTERPART, masked)?.distinct()?
            }
            name if name == RESTATEMENT.name => {
                let names = self.erased_names().await?;
                let cause = names.iter().fold(ident("cause"), |cause, name| {
                    replace(cause, lit(format!("joined {name}:")), lit(format!("joined {SOMEBODY}:")))
                });
                earlier.filter(not(is_person(col::KEY)))?.with_column("cause", cause)?
            }
            name if name == DECISION.name => {
                let is_erased = |channel, record| match &self.tombstones {
                    Some(tombstones) => erased(tombstones.clone()).call(vec![ident(channel), ident(record)]),
                    None => lit(false),
                };
                let one = is_erased(col::CHANNEL_L, col::RECORD_ID_L).or(is_erased(col::CHANNEL_R, col::RECORD_ID_R));
                earlier.filter(not(one))?
            }
            name => return Err(Error::bug(format!("nobody said what an erasure leaves of table {name}"))),
        };
        let mut all: Vec<RecordBatch> = Vec::new();
        for batch in earlier.collect().await?.into_iter().chain(rows.collect().await?) {
            all.push(RecordBatch::try_new(table.schema(), batch.columns().to_vec())?);
        }
        let all = self.context.read_table(Arc::new(MemTable::try_new(table.schema(), vec![all])?))?;
        Ok(all.sort(table.key.iter().map(|k| ident(*k).sort(true, false)).collect())?)
    }

    /// The records that are erased now, as `channel:record_id`, those that were gone before among them.
    async fn erased_names(&self) -> Result<BTreeSet<String>> {
        let mut names = BTreeSet::new();
        let Some(tombstones) = &self.tombstones else { return Ok(names) };
        let rows = self.previous(&ID_MAP).await?.select_columns(&[col::CHANNEL, col::RECORD_ID])?.distinct()?;
        for batch in rows.collect().await? {
            let (channel, record) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            for row in 0..batch.num_rows() {
                let (channel, record) = (channel.value(row), record.value(row));
                if tombstones.has(channel, record) {
                    names.insert(format!("{channel}:{record}"));
                }
            }
        }
        Ok(names)
    }
}
