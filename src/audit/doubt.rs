//! Records that may be a person's too: those that were in review with the person's own.

use std::collections::{BTreeMap, HashSet};

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use datafusion::logical_expr::{ident, lit};

use super::Audit;
use crate::error::Result;
use crate::tables::columns;
use crate::tables::contract::{LEDGER, col};

/// A record of somebody else that may be the person's.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Doubt {
    /// `channel:record_id`.
    pub record: String,
    /// Whose it is.
    pub customer_id: String,
    /// The greatest probability with a record of the person.
    pub probability: f64,
}

impl Audit {
    /// The records that are in review with these ones and not among them, likeliest first.
    ///
    /// # Errors
    /// Environment, if a table cannot be read.
    pub(crate) async fn in_doubt(&self, records: &[(String, String)]) -> Result<Vec<Doubt>> {
        let own: HashSet<&(String, String)> = records.iter().collect();
        let columns = [col::CHANNEL_L, col::RECORD_ID_L, col::CHANNEL_R, col::RECORD_ID_R, col::MATCH_PROBABILITY];
        let review = self.table(LEDGER.name).await?.filter(ident(col::DECISION).eq(lit("review")))?;
        let mut best: BTreeMap<(String, String), f64> = BTreeMap::new();
        for batch in review.select_columns(&columns)?.collect().await? {
            let text = |c: usize, row: usize| columns::strings(batch.column(c)).map(|t| t.value(row).to_string());
            let probability = batch.column(4).as_primitive::<Float64Type>();
            for row in 0..batch.num_rows() {
                let (l, r) = ((text(0, row)?, text(1, row)?), (text(2, row)?, text(3, row)?));
                let other = match (own.contains(&l), own.contains(&r)) {
                    (true, false) => r,
                    (false, true) => l,
                    _ => continue,
                };
                let greatest = best.entry(other).or_default();
                *greatest = greatest.max(probability.value(row));
            }
        }
        let mut found = Vec::new();
        for ((channel, id), probability) in best {
            let record = format!("{channel}:{id}");
            found.push(Doubt { customer_id: self.customer_of(&record).await?, record, probability });
        }
        found.sort_by(|a, b| b.probability.total_cmp(&a.probability).then_with(|| a.record.cmp(&b.record)));
        Ok(found)
    }
}
