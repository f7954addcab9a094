//! The life of a customer id: what happened to it, and which records it has or had. Of a record: whose it is and was.

use std::collections::HashMap;

use arrow::array::{Array, AsArray, Int64Array};
use arrow::datatypes::TimestampMicrosecondType;
use datafusion::logical_expr::ident;
use datafusion::prelude::DataFrame;

use super::Audit;
use super::records::{channel_and_id, is_record, no_customer, no_customer_id};
use super::view::{CustomerOfRecord, HistoryEvent, HistoryView, Membership, RecordHistoryView};
use crate::error::{Error, Result};
use crate::lake::snapshot::{self, time_text};
use crate::tables::columns;
use crate::tables::contract::{ID_MAP, col};
use nayose_matching::identity::customer_id;

/// What is told of a record's time with a customer.
const MEMBERSHIP: [&str; 7] = [
    col::CHANNEL,
    col::RECORD_ID,
    col::VALID_FROM,
    col::VALID_TO,
    col::VALID_FROM_RUN,
    col::VALID_TO_RUN,
    col::CUSTOMER_ID,
];

impl Audit {
    /// The life of an id, an alias too.
    ///
    /// # Errors
    /// Usage, where there never was such a customer.
    pub async fn history(&self, typed: &str) -> Result<HistoryView> {
        let id = customer_id::parse(typed).ok_or_else(|| no_customer_id(typed))?;
        let records = self.memberships(self.memberships_of(&id, &MEMBERSHIP).await?).await?;
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
        let own = self.table(ID_MAP.name).await?.filter(is_record(channel, id))?.select_columns(&MEMBERSHIP)?;
        for (customer_id, time) in self.memberships(own).await? {
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
        let columns = [col::VALID_FROM, col::RUN_ID, col::CUSTOMER_ID, col::EVENT, col::COUNTERPART, col::REASON];
        let (rows, runs) = (self.events_of(id, &columns).await?, self.run_numbers().await?);
        let mut found = Vec::new();
        for batch in rows.collect().await? {
            let at = columns::times(batch.column(0))?;
            let [run, id, event, other, reason] = [1, 2, 3, 4, 5].map(|c| batch.column(c).as_string::<i32>());
            // What a run wrote that was never published, or later, did not happen.
            for (row, run) in (0..batch.num_rows()).filter_map(|row| Some((row, *runs.get(run.value(row))?))) {
                let told = HistoryEvent {
                    at: time_text(at.value(row)),
                    run,
                    customer_id: id.value(row).to_string(),
                    event: event.value(row).to_string(),
                    counterpart: columns::text_at(other, row).map(str::to_string),
                    reason: reason.value(row).to_string(),
                };
                found.push((at.value(row), told));
            }
        }
        found.sort_by(|(a_at, a), (b_at, b)| {
            let key = |at: &i64, of: &HistoryEvent| (of.run, *at, of.event.clone(), of.customer_id.clone());
            // Who has no counterpart comes last.
            let other = |of: &HistoryEvent| (of.counterpart.is_none(), of.counterpart.clone());
            key(a_at, a).cmp(&key(b_at, b)).then_with(|| other(a).cmp(&other(b)))
        });
        Ok(found.into_iter().map(|(_, event)| event).collect())
    }

    /// The numbers of the runs up to this one, by their ids.
    async fn run_numbers(&self) -> Result<&HashMap<String, i64>> {
        let read = async || {
            let runs = snapshot::runs_up_to(&self.context, &self.lake, &self.run).await?;
            let mut numbers = HashMap::new();
            for batch in runs.select_columns(&[col::RUN_ID, col::RUN_NUMBER])?.collect().await? {
                let (id, number) = (columns::strings(batch.column(0))?, columns::longs(batch.column(1))?);
                numbers.extend((0..batch.num_rows()).map(|row| (id.value(row).to_string(), number.value(row))));
            }
            Ok::<_, Error>(numbers)
        };
        self.run_numbers.get_or_try_init(read).await
    }

    /// Records and the customers whose they are or were, of these rows of `id_map`.
    async fn memberships(&self, rows: DataFrame) -> Result<Vec<(String, Membership)>> {
        let rows = rows.sort([2, 4, 0, 1].map(|c| ident(MEMBERSHIP[c]).sort(true, false)).to_vec())?;
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
