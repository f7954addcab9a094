//! The life of a customer id: what happened to it, and which records it has or had. Of a record: whose it is and was.

use arrow::array::{Array, AsArray, Int64Array};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::JoinType;

use super::Audit;
use super::records::{channel_and_id, is_record, no_customer, no_customer_id};
use super::view::{CustomerOfRecord, HistoryEvent, HistoryView, Membership, RecordHistoryView};
use crate::error::Result;
use crate::lake::snapshot::{self, time_text};
use crate::tables::columns;
use crate::tables::contract::{ID_EVENT, ID_MAP, col};
use nayose_matching::identity::customer_id;

impl Audit {
    /// The life of an id, an alias too.
    ///
    /// # Errors
    /// Usage, where there never was such a customer.
    pub async fn history(&self, typed: &str) -> Result<HistoryView> {
        let id = customer_id::parse(typed).ok_or_else(|| no_customer_id(typed))?;
        let records = self.memberships(ident(col::CUSTOMER_ID).eq(lit(id.as_str()))).await?;
        let records: Vec<Membership> = records.into_iter().map(|(_, record)| record).collect();
        let view = HistoryView {
            today: self.aliases().await?.resolve(&id).to_string(),
            events: self.events(&id).await?,
            decisions: self.decisions_on(&records.iter().map(|m| m.record.clone()).collect()).await?,
            records,
            customer_id: id,
        };
        match view.events.is_empty() {
            true => Err(no_customer(format!("there never was a customer {}", view.customer_id), &view.customer_id)),
            false => Ok(view),
        }
    }

    /// The customers of a record, `channel:record_id`, over time.
    ///
    /// # Errors
    /// Usage, where there never was such a record.
    pub async fn record_history(&self, typed: &str) -> Result<RecordHistoryView> {
        let record = self.record(typed).await?;
        let (channel, id) = channel_and_id(&record)?;
        let mut customers = Vec::new();
        for (customer_id, time) in self.memberships(is_record(channel, id)).await? {
            let today = self.aliases().await?.resolve(&customer_id).to_string();
            customers.push(CustomerOfRecord { customer_id, today, time });
        }
        if customers.is_empty() {
            return Err(self.lost(channel, id).await?);
        }
        let decisions = self.decisions_on(&[record.clone()].into()).await?;
        Ok(RecordHistoryView { record, customers, decisions })
    }

    /// What happened to the id, and to others with it, oldest first.
    async fn events(&self, id: &str) -> Result<Vec<HistoryEvent>> {
        let of = |column: &str| -> Expr { ident(column).eq(lit(id)) };
        let events = self.table(ID_EVENT.name).await?.filter(of(col::CUSTOMER_ID).or(of(col::COUNTERPART)))?;
        let runs = snapshot::runs_up_to(&self.context, &self.lake, &self.run).await?;
        let runs = runs.select(vec![ident(col::RUN_ID).alias("seen_by"), ident(col::RUN_NUMBER)])?;
        let columns = [col::VALID_FROM, col::RUN_NUMBER, col::CUSTOMER_ID, col::EVENT, col::COUNTERPART, col::REASON];
        let rows = events.join(runs, JoinType::Inner, &[col::RUN_ID], &["seen_by"], None)?.select_columns(&columns)?;
        let rows = rows.sort([1, 0, 3, 2, 4].map(|c| ident(columns[c]).sort(true, false)).to_vec())?;
        let mut found = Vec::new();
        for batch in rows.collect().await? {
            let (at, run) = (columns::times(batch.column(0))?, columns::longs(batch.column(1))?);
            let [id, event, other, reason] = [2, 3, 4, 5].map(|c| batch.column(c).as_string::<i32>());
            for row in 0..batch.num_rows() {
                found.push(HistoryEvent {
                    at: time_text(at.value(row)),
                    run: run.value(row),
                    customer_id: id.value(row).to_string(),
                    event: event.value(row).to_string(),
                    counterpart: columns::text_at(other, row).map(str::to_string),
                    reason: reason.value(row).to_string(),
                });
            }
        }
        Ok(found)
    }

    /// Records and the customers whose they are or were, of the rows of `id_map` that are meant.
    async fn memberships(&self, meant: Expr) -> Result<Vec<(String, Membership)>> {
        let columns = [
            col::CHANNEL,
            col::RECORD_ID,
            col::VALID_FROM,
            col::VALID_TO,
            col::VALID_FROM_RUN,
            col::VALID_TO_RUN,
            col::CUSTOMER_ID,
        ];
        let rows = self.table(ID_MAP.name).await?.filter(meant)?.select_columns(&columns)?;
        let rows = rows.sort([2, 4, 0, 1].map(|c| ident(columns[c]).sort(true, false)).to_vec())?;
        let mut found = Vec::new();
        for batch in rows.collect().await? {
            let [channel, record, customer] = [0, 1, 6].map(|c| batch.column(c).as_string::<i32>());
            let [from, to] = [2, 3].map(|c| batch.column(c).as_primitive::<TimestampMicrosecondType>());
            let (from_run, to_run) = (columns::longs(batch.column(4))?, columns::longs(batch.column(5))?);
            let number = |of: &Int64Array, row: usize| of.is_valid(row).then(|| of.value(row));
            for row in 0..batch.num_rows() {
                let membership = Membership {
                    record: format!("{}:{}", channel.value(row), record.value(row)),
                    from: time_text(from.value(row)),
                    to: to.is_valid(row).then(|| time_text(to.value(row))),
                    from_run: number(from_run, row),
                    to_run: number(to_run, row),
                };
                found.push((customer.value(row).to_string(), membership));
            }
        }
        Ok(found)
    }
}
