//! Customers by whatever somebody has in hand: a name, a phone, a mail address, a number, an id.
//!
//! In: a text. Out: the customers of the run whose values it means ([`super::meaning`]), in the order of their ids.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::{DataFrame, JoinType};

use super::Audit;
use super::index::shown_name;
use super::meaning::{Meant, meanings};
use super::records::channel_and_id;
use super::view::{Search, SearchHit};
use crate::error::{Error, Result};
use crate::tables::columns;
use crate::tables::contract::{GOLDEN_CUSTOMER, SOURCE_RECORD, col};
use nayose_japanese::width;
use nayose_matching::identity::customer_id;

/// Customers that an answer names at most: who means one of more has to say more.
const MOST_HITS: usize = 50;

impl Audit {
    /// The customers that a text means, [`MOST_HITS`] at most.
    ///
    /// # Errors
    /// Usage, where the text is empty, or begins like a customer id and is none.
    pub async fn search(&self, text: &str) -> Result<Search> {
        // Full-width letters and digits mean the half-width ones.
        let typed = text.trim();
        let text = width::fold_width(typed);
        if text.is_empty() {
            return Err(Error::usage("nothing was asked for")
                .hint("write a name, a phone, a mail address, a number, a customer id or channel:record_id")
                .ja(
                    "検索する語がありません。",
                    "名前、電話番号、メールアドレス、会員番号、顧客ID、または「チャネル:番号」を入力してください。",
                ));
        }
        let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (id, by) in self.meant(typed, &text).await? {
            let reasons = found.entry(id).or_default();
            if !reasons.iter().any(|known| known == by) {
                reasons.push(by.to_string());
            }
        }
        let more = found.len() > MOST_HITS;
        let ids: Vec<String> = found.keys().take(MOST_HITS).cloned().collect();
        let names = self.names(&ids).await?;
        let hit = |customer_id: String| SearchHit {
            name: names.get(&customer_id).cloned().unwrap_or_default(),
            found_by: found.get(&customer_id).cloned().unwrap_or_default(),
            customer_id,
        };
        Ok(Search { hits: ids.into_iter().map(hit).collect(), more })
    }

    /// The customers that a text means, as it was typed and in its usual widths, with what of them it is.
    async fn meant(&self, typed: &str, text: &str) -> Result<Vec<(String, &'static str)>> {
        let plain = customer_id::plain_spelling(typed);
        if plain.to_ascii_uppercase().starts_with("C-") {
            let today = self.customer_id(&plain).await?;
            let former = customer_id::parse(&plain).is_some_and(|typed| typed != today);
            let known = self.records_of(&today).await.is_ok();
            return Ok(known
                .then_some((today, if former { "former id" } else { "customer id" }))
                .into_iter()
                .collect());
        }
        if text.contains(':') {
            let record = self.record(typed).await?;
            let (channel, id) = channel_and_id(&record)?;
            let known = self.known_customer_of(channel, id).await?;
            return Ok(known.map(|customer| (customer, "record")).into_iter().collect());
        }
        let mut found = Vec::new();
        for (by, meant) in meanings(text) {
            let customers = match self.index.get() {
                Some(index) => index.meant(&meant, MOST_HITS + 1),
                None => self.customers_of(self.rows_meant(&meant).await?).await?,
            };
            found.extend(customers.into_iter().map(|id| (id, by)));
        }
        Ok(found)
    }

    /// The records that are meant.
    async fn rows_meant(&self, meant: &Meant) -> Result<DataFrame> {
        let source = self.table(SOURCE_RECORD.name).await?;
        let rows = match meant {
            Meant::Number(_) => {
                let columns = [col::CHANNEL, col::RECORD_ID, col::IDENTIFIERS];
                source.select_columns(&columns)?.unnest_columns(&[col::IDENTIFIERS])?
            }
            _ => source,
        };
        Ok(rows.filter(meant.condition())?)
    }

    /// The customers of some records, in order.
    async fn customers_of(&self, records: DataFrame) -> Result<Vec<String>> {
        let keys = ["found_channel", "found_record"];
        let records = records.select(vec![ident(col::CHANNEL).alias(keys[0]), ident(col::RECORD_ID).alias(keys[1])])?;
        let map = self.id_map_now().await?;
        let rows = records.join(map, JoinType::Inner, &keys, &[col::CHANNEL, col::RECORD_ID], None)?;
        let rows = rows.select_columns(&[col::CUSTOMER_ID])?.distinct()?;
        let rows = rows.sort(vec![ident(col::CUSTOMER_ID).sort(true, false)])?.limit(0, Some(MOST_HITS + 1))?;
        let mut found = Vec::new();
        for batch in rows.collect().await? {
            found.extend(columns::strings(batch.column(0))?.iter().flatten().map(str::to_string));
        }
        Ok(found)
    }

    /// Customer → its golden name.
    async fn names(&self, ids: &[String]) -> Result<BTreeMap<String, String>> {
        if let Some(index) = self.index.get() {
            return Ok(ids.iter().map(|id| (id.clone(), index.name(id).to_string())).collect());
        }
        let wanted = ids.iter().map(|id| lit(id.as_str())).collect();
        let rows = self.table(GOLDEN_CUSTOMER.name).await?;
        let rows = rows.filter(ident(col::CUSTOMER_ID).in_list(wanted, false))?;
        let columns = [col::CUSTOMER_ID, col::FAMILY_NAME, col::GIVEN_NAME, col::FAMILY_KANA, col::GIVEN_KANA];
        let mut found = BTreeMap::new();
        for batch in rows.select_columns(&columns)?.collect().await? {
            let parts = [0, 1, 2, 3, 4].map(|c| batch.column(c).as_string::<i32>());
            for row in 0..batch.num_rows() {
                let [id, written @ ..] = parts.map(|column| columns::text_at(column, row));
                let name = shown_name(written);
                found.insert(id.unwrap_or_default().to_string(), name);
            }
        }
        Ok(found)
    }
}
