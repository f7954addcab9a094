//! Values that many records share, and values that were ignored for it: the phone of a shop, an address that a form fills in.
//!
//! In: an open lake. Out: per kind the values that join the most customers, and what was no evidence because very many records have
//! it. What is really nobody's belongs into `junk` of the model file.

use std::collections::BTreeMap;

use datafusion::functions::expr_fn::concat;
use datafusion::functions_aggregate::expr_fn::{count, count_distinct, min};
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::JoinType;
use serde::{Deserialize, Serialize};

use super::Audit;
use super::rows::rows;
use crate::error::Result;
use crate::tables::contract::{SOURCE_RECORD, col};
use nayose_matching::evidence;
use nayose_matching::model::score::Scorer;

/// Values that are listed of a kind: who has put these on the block list looks again.
const MOST_VALUES: usize = 20;

/// Customers from which on a value is listed: a couple or a family share a phone and an address.
const MANY_CUSTOMERS: i64 = 3;

/// Values that are shared or ignored.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SharedValues {
    /// Values of many customers, by kind, the most shared first.
    pub shared: Vec<SharedValue>,
    /// Values that were no evidence, by feature, the most frequent first.
    pub ignored: Vec<IgnoredValue>,
    /// Feature → values in `junk` of the model file.
    pub blocked: BTreeMap<String, Vec<String>>,
}

/// A value of many customers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct SharedValue {
    /// phone, email, address.
    pub kind: String,
    /// The value.
    pub value: String,
    /// Customers that have it.
    pub customers: i64,
    /// Records that have it.
    pub records: i64,
    /// The smallest id of these customers.
    pub example: String,
    /// A record that has it, `channel:record_id`.
    pub record: String,
    /// The lines of `junk` that make it no evidence: feature and value.
    #[serde(default)]
    pub block: Vec<(String, String)>,
}

/// A value that was no evidence.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct IgnoredValue {
    /// The feature.
    pub feature: String,
    /// The value.
    pub value: String,
    /// Records that have it.
    pub records: u64,
}

impl Audit {
    /// The values that are shared, and those that were ignored. The first question goes through all records.
    ///
    /// # Errors
    /// Environment, if a table cannot be read; data, where the run's work is gone.
    pub(crate) async fn shared_values(&self) -> Result<&SharedValues> {
        self.shared.get_or_try_init(|| self.find_shared()).await
    }

    async fn find_shared(&self) -> Result<SharedValues> {
        let mut shared = Vec::new();
        let kinds = [
            ("phone", ident(col::PHONES)),
            ("email", ident(col::EMAILS)),
            ("address", make_array(vec![ident(col::ADDRESS)])),
        ];
        for (kind, values) in kinds {
            shared.extend(self.shared_of(kind, values).await?);
        }
        let scorer = self.scorer().await?;
        let records: Vec<(String, String)> = shared
            .iter()
            .filter_map(|value: &SharedValue| value.record.split_once(':'))
            .map(|(channel, record)| (channel.to_string(), record.to_string()))
            .collect();
        let rows = self.rows_named(&records).await?;
        for value in &mut shared {
            if let Some((row, _)) = rows.iter().find(|(_, record)| *record == value.record) {
                value.block = block(scorer, *row, &value.kind, &value.value);
            }
        }
        let ignored = evidence::all_ignored(scorer);
        let ignored = ignored.into_iter().map(|(feature, value, records)| IgnoredValue { feature, value, records });
        Ok(SharedValues { shared, ignored: ignored.collect(), blocked: scorer.model().junk.clone() })
    }

    /// The values of a kind that join the most customers.
    async fn shared_of(&self, kind: &str, values: Expr) -> Result<Vec<SharedValue>> {
        const VALUE: &str = "value";
        let keys = ["of_channel", "of_record"];
        let each = self.table(SOURCE_RECORD.name).await?.select(vec![
            ident(col::CHANNEL).alias(keys[0]),
            ident(col::RECORD_ID).alias(keys[1]),
            values.alias(VALUE),
        ])?;
        let each = each.unnest_columns(&[VALUE])?.filter(ident(VALUE).is_not_null())?;
        let map = self.id_map_now().await?;
        let each = each.join(map, JoinType::Inner, &keys, &[col::CHANNEL, col::RECORD_ID], None)?;
        let totals = vec![
            count_distinct(ident(col::CUSTOMER_ID)).alias("customers"),
            count(lit(1)).alias("records"),
            min(ident(col::CUSTOMER_ID)).alias("example"),
            min(concat(vec![ident(keys[0]), lit(":"), ident(keys[1])])).alias("record"),
        ];
        let found = each.aggregate(vec![ident(VALUE)], totals)?;
        let found = found.filter(ident("customers").gt_eq(lit(MANY_CUSTOMERS)))?;
        let order = vec![
            ident("customers").sort(false, true),
            ident("records").sort(false, true),
            ident(VALUE).sort(true, false),
        ];
        let found = found.sort(order)?.limit(0, Some(MOST_VALUES))?;
        rows(found.select(vec![
            lit(kind).alias("kind"),
            ident(VALUE),
            ident("customers"),
            ident("records"),
            ident("example"),
            ident("record"),
        ])?)
        .await
    }
}

/// The features of the model by which a value of a kind joins records. Wider ones, such as a town, are shared by right.
const JOINS: [(&str, &[&str]); 3] = [
    ("phone", &["phone", "phone.mobile", "phone.landline"]),
    ("email", &["email", "email.weak"]),
    ("address", &["address.number", "address.block", "address.room"]),
];

/// The features of a record that are this value, as `junk` of the model file names them.
fn block(scorer: &Scorer, row: usize, kind: &str, value: &str) -> Vec<(String, String)> {
    let features = JOINS.iter().find(|(of, _)| *of == kind).map_or(&[][..], |(_, features)| features);
    let (model, packed) = (scorer.model(), scorer.packed());
    let mut found = Vec::new();
    for (place, feature) in model.features.iter().enumerate().filter(|(_, name)| features.contains(&name.as_str())) {
        for of in packed.values(row, place).filter(|of| is_of(kind, of, value)) {
            found.push((feature.clone(), of.to_string()));
        }
    }
    found
}

/// Whether the value of a feature is made of this value of a record, and not of another one that the record had.
fn is_of(kind: &str, feature: &str, value: &str) -> bool {
    match kind {
        "email" => feature.split('@').next() == value.split('@').next(),
        // A town's code and its numbers: 14109:高田町/1690-10.
        "address" => feature.rsplit('/').next().is_some_and(|number| value.contains(number)),
        _ => feature == value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_for_the_block_list_is_of_the_value_that_is_shared() {
        assert!(is_of("phone", "+81312345678", "+81312345678") && !is_of("phone", "+81398765432", "+81312345678"));
        assert!(is_of("email", "info@shop.example", "info@shop.example"));
        assert!(is_of("address", "14109:高田町/1690-10", "神奈川県横浜市港北区高田町1690-10"));
        assert!(!is_of("address", "14109:高田町/2-3", "神奈川県横浜市港北区高田町1690-10"));
    }
}
