//! Why two records or customers are not one person: of customers the pair of their records that is likeliest to be one.

use super::Audit;
use super::records::among;
use super::view::PairView;
use crate::error::{Error, Result};
use crate::tables::columns;
use crate::tables::contract::col;
use nayose_matching::identity::customer_id;

/// Records of either customer that are weighed with each other: a person has a few, and what has more is no person.
const MOST_RECORDS: usize = 40;

impl Audit {
    /// The pair that was meant, each side a record `channel:record_id` or a customer id, with the number of pairs that were weighed.
    ///
    /// # Errors
    /// Usage, where there is no such record or customer, or both are the same; data, where the run's work is gone.
    pub(crate) async fn likeliest_pair(&self, left: &str, right: &str) -> Result<(PairView, usize)> {
        if customer_id::is_of_record(left) && customer_id::is_of_record(right) {
            return Ok((self.pair(left, right).await?, 1));
        }
        let (lefts, rights) = (self.records_meant(left).await?, self.records_meant(right).await?);
        if lefts == rights {
            return Err(Error::usage("both sides mean the same customer")
                .hint("name two customers, or two records as channel:record_id")
                .ja(
                    "両方とも同じ顧客を指しています。",
                    "異なる二人の顧客か、二つのレコード（チャネル:番号）を指定してください。",
                ));
        }
        let rows = [self.rows_named(&lefts).await?, self.rows_named(&rights).await?];
        let scorer = self.scorer().await?;
        let mut best: Option<(f64, &str, &str)> = None;
        let mut weighed = 0;
        for (l, left) in &rows[0] {
            for (r, right) in rows[1].iter().filter(|(r, _)| r != l) {
                weighed += 1;
                let score = scorer.score(*l.min(r), *l.max(r));
                if best.is_none_or(|(probability, ..)| score.person > probability) {
                    best = Some((score.person, left, right));
                }
            }
        }
        let (_, left, right) = best.ok_or_else(|| {
            Error::usage("there is no pair of records to weigh")
                .hint("name two customers that have records in the newest run")
                .ja("比べるレコードのペアがありません。", "最新の実行にレコードがある二人の顧客を指定してください。")
        })?;
        Ok((self.pair(left, right).await?, weighed))
    }

    /// The rows of these records in what the run kept, each with its name `channel:record_id`.
    ///
    /// # Errors
    /// Data, where the run's work is gone.
    pub(super) async fn rows_named(&self, records: &[(String, String)]) -> Result<Vec<(usize, String)>> {
        let meant = among([col::CHANNEL, col::RECORD_ID], records);
        let found = self.kept().await?.standard().await?.filter(meant)?;
        let mut rows = Vec::new();
        for batch in found.select_columns(&[col::ROW, col::CHANNEL, col::RECORD_ID])?.collect().await? {
            let (row, channel) = (columns::longs(batch.column(0))?, columns::strings(batch.column(1))?);
            let id = columns::strings(batch.column(2))?;
            let name = |i: usize| format!("{}:{}", channel.value(i), id.value(i));
            rows.extend((0..batch.num_rows()).map(|i| (row.value(i) as usize, name(i))));
        }
        Ok(rows)
    }

    /// The records that a record or a customer id means.
    async fn records_meant(&self, typed: &str) -> Result<Vec<(String, String)>> {
        if customer_id::is_of_record(typed) {
            let record = self.founding_record(typed).await?;
            return Ok(record.split_once(':').map(|(c, r)| (c.to_string(), r.to_string())).into_iter().collect());
        }
        let mut records = self.records_of(&self.customer_id(typed).await?).await?;
        records.truncate(MOST_RECORDS);
        Ok(records)
    }
}
