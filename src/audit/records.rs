//! Records and the customers that they belong to.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use datafusion::functions::expr_fn::strpos;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::{DataFrame, JoinType};

use super::Audit;
use crate::error::{Error, Result};
use crate::lake::snapshot::time_text;
use crate::tables::columns;
use crate::tables::contract::{self, ID_MAP, REJECT, col};
use nayose_matching::identity::customer_id::{self, Kind, id_of};

/// How a customer that exists can be found.
pub(super) const SHOW_SOME: &str = "nayose sql \"select customer_id from golden_customer limit 10\" shows some";

impl Audit {
    /// The customer that a customer id, a former id or a record (`channel:record_id`) means today.
    ///
    /// # Errors
    /// Usage, where there is none.
    pub async fn customer_id(&self, typed: &str) -> Result<String> {
        let id = match customer_id::parse(typed) {
            Some(id) => id,
            None if typed.contains(':') => self.customer_of(typed).await?,
            None => {
                return Err(Error::usage(format!("{typed:?} is no customer id: its check character does not fit"))
                    .hint("read it again, or write a record as channel:record_id"));
            }
        };
        Ok(self.aliases().await?.resolve(&id).to_string())
    }

    /// The customer of a record, `channel:record_id`.
    pub(super) async fn customer_of(&self, typed: &str) -> Result<String> {
        let typed = self.run.renames().record_today(typed);
        let (channel, id) = channel_and_id(&typed)?;
        match self.known_customer_of(channel, id).await? {
            Some(customer) => Ok(customer),
            None => Err(self.lost(channel, id).await?),
        }
    }

    /// The customer of a record; none where there is no such record.
    pub(super) async fn known_customer_of(&self, channel: &str, id: &str) -> Result<Option<String>> {
        if let Some(index) = self.index.get() {
            return Ok(index.row(channel, id).map(|row| index.customer(row)));
        }
        let rows = self.id_map_now().await?.filter(is_record(channel, id))?;
        let found = rows.select_columns(&[col::CUSTOMER_ID])?.collect().await?;
        let found = found.iter().find(|b| b.num_rows() > 0).map(|b| columns::strings(b.column(0)));
        Ok(found.transpose()?.map(|ids| ids.value(0).to_string()))
    }

    /// The rows of `id_map` that still hold.
    pub(super) async fn id_map_now(&self) -> Result<DataFrame> {
        Ok(self.table(ID_MAP.name).await?.filter(ident(col::VALID_TO).is_null())?)
    }

    /// The ids that were merged into a customer's.
    ///
    /// # Errors
    /// Environment, if a table cannot be read.
    pub(crate) async fn merged_ids(&self, customer_id: &str) -> Result<Vec<String>> {
        Ok(self.aliases().await?.of(customer_id))
    }

    /// Channel and id of a customer's records, in order.
    ///
    /// # Errors
    /// Usage, where there is no such customer.
    pub async fn records_of(&self, customer_id: &str) -> Result<Vec<(String, String)>> {
        let records = match self.index.get() {
            Some(index) => {
                let keys = index.rows_of(customer_id).iter().map(|row| index.key(*row as usize));
                keys.map(|(channel, id)| (channel.to_string(), id.to_string())).collect()
            }
            None => self.records_where(ident(col::CUSTOMER_ID).eq(lit(customer_id))).await?,
        };
        match records.is_empty() {
            true => Err(Error::usage(format!("there is no customer {customer_id}")).hint(SHOW_SOME)),
            false => Ok(records),
        }
    }

    async fn records_where(&self, condition: Expr) -> Result<Vec<(String, String)>> {
        let keys = [col::CHANNEL, col::RECORD_ID];
        let rows = self.id_map_now().await?.filter(condition)?.select_columns(&keys)?.distinct()?;
        let rows = rows.sort(keys.map(|c| ident(c).sort(true, false)).to_vec())?;
        let mut found = Vec::new();
        for batch in rows.collect().await? {
            let [channel, record] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
            found.extend((0..batch.num_rows()).map(|i| (channel.value(i).to_string(), record.value(i).to_string())));
        }
        Ok(found)
    }

    /// The record that stands for what was typed: itself, or the founding record of a customer.
    ///
    /// # Errors
    /// Usage, where there is no such record or customer.
    pub async fn founding_record(&self, typed: &str) -> Result<String> {
        let renames = self.run.renames();
        let typed = &*renames.record_today(typed);
        if let Some((channel, id)) = typed.split_once(':') {
            return match self.records_where(is_record(channel, id)).await?.is_empty() {
                false => Ok(typed.to_string()),
                true => Err(match self.gone_since(channel, id).await? {
                    Some(since) => Error::usage(format!(
                        "the record {typed} is not in the input any more since {since}"
                    ))
                    .hint("a decision on it would hold for nobody; decide on a record that its customer has today"),
                    None => Error::usage(format!("there is no record {typed}")).hint(
                        "records are written channel:record_id, such as shop:C0001; `nayose sql` on id_map shows them",
                    ),
                }),
            };
        }
        let id = customer_id::parse(typed).ok_or_else(|| {
            Error::usage(format!("{typed:?} is neither a record nor a customer id"))
                .hint("write channel:record_id, or an id such as C-7K3M-9QXA-2TF5-H")
        })?;
        let today = self.aliases().await?.resolve(&id).to_string();
        let records = self.records_of(&today).await?;
        // An alias stands for its own founding record, so that a merge can be taken back by the two ids that it joined.
        let founds = |id: &str| {
            records.iter().find(|(channel, record)| id_of(Kind::Customer, renames.founding(channel), record, 0) == id)
        };
        let founding = founds(&id).or(founds(&today)).or(records.first());
        let (channel, record) = founding.ok_or_else(|| Error::bug("a customer without records"))?;
        Ok(format!("{channel}:{record}"))
    }

    /// Since when a record is not there any more that was there once, in data time.
    async fn gone_since(&self, channel: &str, id: &str) -> Result<Option<String>> {
        let rows = self.table(ID_MAP.name).await?.filter(is_record(channel, id))?.select_columns(&[col::VALID_TO])?;
        let mut last = None;
        for batch in rows.collect().await? {
            last = columns::times(batch.column(0))?.iter().flatten().max().max(last);
        }
        Ok(last.map(time_text))
    }

    /// Rows of a customer by published table: those with the id, and of tables without one those of its records.
    ///
    /// # Errors
    /// Environment, if a table cannot be read.
    pub async fn rows_of(&self, customer_id: &str) -> Result<BTreeMap<String, u64>> {
        let keys = [col::CHANNEL, col::RECORD_ID];
        let own = self.id_map_now().await?.filter(ident(col::CUSTOMER_ID).eq(lit(customer_id)))?;
        let own =
            own.select(vec![ident(keys[0]).alias("own_channel"), ident(keys[1]).alias("own_record")])?.distinct()?;
        let mut found = BTreeMap::new();
        for table in contract::published() {
            let has = |name: &str| table.columns.iter().any(|c| c.name == name);
            if !self.run.tables.iter().any(|(name, ..)| name == table.name) {
                continue;
            }
            let all = self.table(table.name).await?;
            let rows = match (has(col::CUSTOMER_ID), has(col::RECORD_ID)) {
                (true, _) => all.filter(ident(col::CUSTOMER_ID).eq(lit(customer_id)))?,
                (false, true) => {
                    all.join(own.clone(), JoinType::LeftSemi, &keys, &["own_channel", "own_record"], None)?
                }
                (false, false) => continue,
            };
            found.insert(table.name.to_string(), rows.count().await? as u64);
        }
        Ok(found)
    }

    /// Why a record is not there: its channel is unknown, or no row of that id could be read.
    pub(super) async fn lost(&self, channel: &str, id: &str) -> Result<Error> {
        let rows = self.table(ID_MAP.name).await?.select_columns(&[col::CHANNEL])?.distinct()?;
        let mut channels = Vec::new();
        for batch in rows.sort(vec![ident(col::CHANNEL).sort(true, false)])?.collect().await? {
            channels.extend(columns::strings(batch.column(0))?.iter().flatten().map(str::to_string));
        }
        if !channels.iter().any(|c| c == channel) {
            return Ok(Error::usage(format!("there is no channel {channel:?}"))
                .hint(format!("channels: {}", channels.join(", "))));
        }
        if let Some(reject) = self.rejected(id).await? {
            return Ok(Error::usage(format!("record {channel}:{id} was rejected: {reject}")).hint(
                "mend the row in its source; nayose sql \"select file, line, reason from reject\" shows all of them",
            ));
        }
        Ok(Error::usage(format!("there is no record {channel}:{id}")).hint(
            "it was not in the input, or its rows were rejected: nayose sql \"select file, line, reason from reject\"",
        ))
    }

    /// Where and why a row that names `id` was rejected.
    async fn rejected(&self, id: &str) -> Result<Option<String>> {
        let rows = self.table(REJECT.name).await?.filter(strpos(ident(col::RAW), lit(id)).gt(lit(0)))?;
        let rows = rows.select_columns(&[col::FILE, col::LINE, col::REASON])?.limit(0, Some(1))?.collect().await?;
        let Some(row) = rows.iter().find(|b| b.num_rows() > 0) else { return Ok(None) };
        let (file, reason) = (columns::strings(row.column(0))?, columns::strings(row.column(2))?);
        let line = columns::longs(row.column(1))?;
        Ok(Some(format!("{} line {}: {}", file.value(0), line.value(0), reason.value(0))))
    }
}

/// Channel and id of a record as typed.
pub(super) fn channel_and_id(typed: &str) -> Result<(&str, &str)> {
    typed.split_once(':').ok_or_else(|| {
        Error::usage(format!("{typed:?} is no record")).hint("write channel:record_id, such as shop:C0001")
    })
}

/// The conditions on a row that it is of one of these records, by the columns of channel and id: all hold. Each column is bounded by
/// itself too: those of a sorted table tell by themselves which of its pages have no such row.
pub(super) fn is_one_of([channel, id]: [&str; 2], records: &[(String, String)]) -> Vec<Expr> {
    let mut by_channel: BTreeMap<&str, Vec<Expr>> = BTreeMap::new();
    records.iter().for_each(|(channel, id)| by_channel.entry(channel).or_default().push(lit(id.as_str())));
    let channels = by_channel.keys().map(|channel| lit(*channel)).collect();
    let ids = || records.iter().map(|(_, id)| id.as_str());
    let (Some(first), Some(last)) = (ids().min(), ids().max()) else { return vec![lit(false)] };
    let mut all = vec![
        ident(channel).in_list(channels, false),
        ident(id).gt_eq(lit(first)).and(ident(id).lt_eq(lit(last))),
        ident(id).in_list(ids().map(lit).collect(), false),
    ];
    let exact =
        by_channel.into_iter().map(|(name, ids)| ident(channel).eq(lit(name)).and(ident(id).in_list(ids, false)));
    all.extend(exact.reduce(Expr::or));
    all
}

/// Whether a row is of this record.
pub(super) fn is_record(channel: &str, id: &str) -> Expr {
    ident(col::CHANNEL).eq(lit(channel)).and(ident(col::RECORD_ID).eq(lit(id)))
}
