//! Values that many records share, and values that were ignored for it: the phone of a shop, an address that a form fills in.
//!
//! In: an open lake. Out: per kind the values that join the most customers, and what was no evidence because very many records have
//! it. What is really nobody's belongs into `junk` of the model file.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use datafusion::functions::expr_fn::concat;
use datafusion::functions_nested::expr_fn::make_array;
use datafusion::logical_expr::{ident, lit};
use serde::{Deserialize, Serialize};

use super::Audit;
use super::index::{self, Index};
use super::rows::rows;
use crate::error::Result;
use crate::tables::contract::col;
use nayose_matching::evidence;
use nayose_matching::model::score::Scorer;

/// Values that are listed of a kind: who has put these on the block list looks again.
const MOST_VALUES: usize = 20;

/// Customers from which on a value is listed: a couple or a family share a phone and an address.
const MANY_CUSTOMERS: usize = 3;

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
#[derive(Clone, Debug, Serialize)]
pub(crate) struct SharedValue {
    /// phone, email, address.
    pub kind: &'static str,
    /// The value.
    pub value: String,
    /// Customers that have it.
    pub customers: usize,
    /// Records that have it.
    pub records: usize,
    /// The smallest id of these customers.
    pub example: String,
    /// A record that has it, `channel:record_id`.
    pub record: String,
    /// The lines of `junk` that make it no evidence: feature and value.
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
        for (kind, column) in [("phone", col::PHONES), ("email", col::EMAILS), ("address", col::ADDRESS)] {
            shared.extend(self.shared_of(kind, column).await?);
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
                value.block = block(scorer, *row, value.kind, &value.value);
            }
        }
        let ignored = evidence::all_ignored(scorer);
        let ignored = ignored.into_iter().map(|(feature, value, records)| IgnoredValue { feature, value, records });
        Ok(SharedValues { shared, ignored: ignored.collect(), blocked: scorer.model().junk.clone() })
    }

    /// The values of a kind that join the most customers.
    async fn shared_of(&self, kind: &'static str, column: &str) -> Result<Vec<SharedValue>> {
        let index = self.index().await?;
        let mut found = index::hashes(self, column, index.len()).await?;
        found.sort_unstable();
        found.dedup();
        let mut groups: Vec<Group> = found.chunk_by(|a, b| a.0 == b.0).filter_map(|rows| group(index, rows)).collect();
        drop(found);
        groups.sort_by_key(|group| (Reverse(group.customers), Reverse(group.records), group.row));
        groups.truncate(MOST_VALUES);

        let key = |row: u32| index.key(row as usize);
        let first: Vec<(String, String)> =
            groups.iter().map(|of| key(of.row)).map(|(channel, id)| (channel.to_string(), id.to_string())).collect();
        let values = if column == col::ADDRESS { make_array(vec![ident(column)]) } else { ident(column) };
        let values = self.of_records(&first, &[column]).await?.select(vec![
            concat(vec![ident(col::CHANNEL), lit(":"), ident(col::RECORD_ID)]).alias("record"),
            values.alias("values"),
        ])?;
        let values: Vec<Values> = rows(values).await?;
        let shared = groups.iter().zip(first).map(|(group, (channel, id))| {
            let record = format!("{channel}:{id}");
            let own = values.iter().filter(|of| of.record == record).flat_map(|of| &of.values);
            SharedValue {
                kind,
                value: own.into_iter().find(|value| index::hash_of(value) == group.hash).cloned().unwrap_or_default(),
                customers: group.customers,
                records: group.records,
                example: index.customer_at(group.example),
                record,
                block: Vec::new(),
            }
        });
        Ok(shared.collect())
    }
}

/// A value with those who have it.
struct Group {
    hash: u64,
    customers: usize,
    records: usize,
    /// Its first record.
    row: u32,
    /// Place of the first customer.
    example: u32,
}

/// The values of a record.
#[derive(Deserialize)]
struct Values {
    record: String,
    values: Vec<String>,
}

/// The value of these rows, where so many customers have it that it is listed.
fn group(index: &Index, rows: &[(u64, u32)]) -> Option<Group> {
    if rows.len() < MANY_CUSTOMERS {
        return None;
    }
    let mut customers: Vec<u32> = rows.iter().map(|(_, row)| index.customer_place(*row as usize)).collect();
    customers.sort_unstable();
    customers.dedup();
    let [(hash, row), ..] = *rows else { return None };
    let of = Group { hash, customers: customers.len(), records: rows.len(), row, example: *customers.first()? };
    (of.customers >= MANY_CUSTOMERS).then_some(of)
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
