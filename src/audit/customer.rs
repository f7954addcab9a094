//! A customer: its records with their values, and the links that make them one.

use std::collections::BTreeSet;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::functions::expr_fn::concat;
use datafusion::functions_nested::expr_fn::array_to_string;
use datafusion::logical_expr::{cast, ident, lit};

use super::Audit;
use super::records::{is_one_of, no_customer};
use super::view::{CustomerView, LinkView, RecordView, Words};
use crate::error::Result;
use crate::tables::columns;
use crate::tables::contract::col;
use nayose_matching::model::{Label, Model};

/// The values of a record that are shown: their name in Japanese and English, and the first and last of the columns that hold them.
pub(crate) const VALUES: [(&str, &str, [usize; 2]); 7] = [
    ("氏名", "name", [2, 3]),
    ("カナ", "kana", [4, 5]),
    ("生年月日", "birth date", [6, 6]),
    ("性別", "sex", [7, 7]),
    ("電話", "phone", [8, 8]),
    ("メール", "mail", [9, 9]),
    ("住所", "address", [10, 11]),
];

impl Audit {
    /// A customer by its id, by a former one, or by a record `channel:record_id`.
    ///
    /// # Errors
    /// Usage, where there is none.
    pub async fn customer(&self, typed: &str) -> Result<CustomerView> {
        let id = self.customer_id(typed).await?;
        let Some((members, household_id)) = self.members(&id).await? else {
            return Err(no_customer(format!("there is no customer {id} in run {}", self.run.run_id), &id));
        };
        let records = self.record_views(&members).await?;
        let (decided, links) = (self.decided_pairs(&members).await?, self.link_views(&members).await?);
        Ok(CustomerView { decided, links, records, customer_id: id, household_id })
    }

    /// Channel and id of the records of a customer, in order, and its household; none where there is no such customer.
    async fn members(&self, id: &str) -> Result<Option<(Vec<(String, String)>, String)>> {
        if let Some(index) = self.index.get() {
            let keys = index.rows_of(id).iter().map(|row| index.key(*row as usize));
            let records = keys.map(|(channel, id)| (channel.to_string(), id.to_string())).collect();
            return Ok(index.household(id).map(|household| (records, household)));
        }
        let rows = self.id_map_now().await?.filter(ident(col::CUSTOMER_ID).eq(lit(id)))?;
        let rows = rows.select_columns(&[col::CHANNEL, col::RECORD_ID, col::HOUSEHOLD_ID])?;
        let (mut records, mut household) = (Vec::new(), None);
        for batch in rows.collect().await? {
            let [channel, record, of] = [0, 1, 2].map(|c| batch.column(c).as_string::<i32>());
            records.extend((0..batch.num_rows()).map(|i| (channel.value(i).to_string(), record.value(i).to_string())));
            household = household.or_else(|| (batch.num_rows() > 0).then(|| of.value(0).to_string()));
        }
        records.sort_unstable();
        Ok(household.map(|household| (records, household)))
    }

    /// The values of records, in the order of channel and id.
    pub(super) async fn record_views(&self, members: &[(String, String)]) -> Result<Vec<RecordView>> {
        let keys = [col::CHANNEL, col::RECORD_ID];
        let read = [
            col::FAMILY_NAME,
            col::GIVEN_NAME,
            col::FAMILY_KANA,
            col::GIVEN_KANA,
            col::BIRTH_DATE,
            col::SEX,
            col::PHONES,
            col::EMAILS,
            col::POSTAL_CODE,
            col::ADDRESS,
        ];
        let rows = self.of_records(members, &read).await?;
        let listed = |column: &str| array_to_string(ident(column), lit(", ")).alias(column);
        let rows = rows.select(vec![
            ident(col::CHANNEL),
            ident(col::RECORD_ID),
            ident(col::FAMILY_NAME),
            ident(col::GIVEN_NAME),
            ident(col::FAMILY_KANA),
            ident(col::GIVEN_KANA),
            cast(ident(col::BIRTH_DATE), DataType::Utf8).alias(col::BIRTH_DATE),
            ident(col::SEX),
            listed(col::PHONES),
            listed(col::EMAILS),
            ident(col::POSTAL_CODE),
            ident(col::ADDRESS),
        ])?;
        let rows = rows.sort(keys.map(|c| ident(c).sort(true, false)).to_vec())?.collect().await?;
        let labels = VALUES.map(|(ja, en, columns)| (typed_words(ja, en), columns));
        let mut records = Vec::new();
        for batch in &rows {
            let text_of = |column: usize, row: usize| -> Option<String> {
                batch
                    .column(column)
                    .as_string_opt::<i32>()
                    .and_then(|c| columns::text_at(c, row))
                    .filter(|t| !t.is_empty())
                    .map(str::to_string)
            };
            for row in 0..batch.num_rows() {
                let mut values = Vec::new();
                for (label, [a, b]) in &labels {
                    let mut parts: Vec<String> = text_of(*a, row).into_iter().collect();
                    if a != b {
                        parts.extend(text_of(*b, row));
                    }
                    if !parts.is_empty() {
                        values.push((label.clone(), parts.join(" ")));
                    }
                }
                let id = format!("{}:{}", text_of(0, row).unwrap_or_default(), text_of(1, row).unwrap_or_default());
                records.push(RecordView { id, values });
            }
        }
        Ok(records)
    }

    /// The matched pairs of a customer's records from the ledger, strongest first.
    async fn link_views(&self, members: &[(String, String)]) -> Result<Vec<LinkView>> {
        // A run of an earlier version may have kept none; its ledger is told by the names in it.
        let model = self.kept().await.ok().map(|kept| kept.model.as_ref());
        let read = [col::DECISION, col::MATCH_PROBABILITY, col::MATCH_WEIGHT, col::BLOCKING_RULE, col::COMPARISONS];
        let mut rows = self.links_of(members, &read).await?;
        for condition in is_one_of([col::CHANNEL_L, col::RECORD_ID_L], members) {
            rows = rows.filter(condition)?;
        }
        let rows = rows.filter(ident(col::DECISION).eq(lit("matched")))?;
        let known: BTreeSet<String> = members.iter().map(|(channel, id)| format!("{channel}:{id}")).collect();
        let name = |channel: &str, id: &str| concat(vec![ident(channel), lit(":"), ident(id)]);
        let rows = rows.select(vec![
            name(col::CHANNEL_L, col::RECORD_ID_L).alias("l"),
            name(col::CHANNEL_R, col::RECORD_ID_R).alias("r"),
            ident(col::MATCH_PROBABILITY),
            ident(col::MATCH_WEIGHT),
            ident(col::BLOCKING_RULE),
            ident(col::COMPARISONS),
        ])?;
        let order = vec![
            ident(col::MATCH_WEIGHT).sort(false, true),
            ident("l").sort(true, false),
            ident("r").sort(true, false),
        ];
        let rows = rows.sort(order)?.collect().await?;
        let mut links = Vec::new();
        for batch in &rows {
            let [left, right, rule] = [0, 1, 4].map(|c| batch.column(c).as_string::<i32>());
            let [probability, weight] = [2, 3].map(|c| batch.column(c).as_primitive::<Float64Type>());
            let comparisons = columns::lists(batch.column(5))?;
            for row in 0..batch.num_rows() {
                if !known.contains(right.value(row)) {
                    continue;
                }
                let items = comparisons.value(row);
                let items = columns::structs(&items)?;
                let (names, levels) = (
                    columns::strings(columns::field(items, col::NAME)?)?,
                    columns::strings(columns::field(items, "level")?)?,
                );
                let weights = columns::field(items, "weight")?.as_primitive::<Float64Type>();
                let mut evidence: Vec<(Words, Words, f64)> = (0..items.len())
                    .map(|i| {
                        let (comparison, level) = labels(model, names.value(i), levels.value(i));
                        (comparison, level, weights.value(i))
                    })
                    .collect();
                evidence.sort_by(|a, b| b.2.total_cmp(&a.2));
                links.push(LinkView {
                    left: left.value(row).to_string(),
                    right: right.value(row).to_string(),
                    probability: probability.value(row),
                    weight: weight.value(row),
                    blocking_rule: rule.value(row).to_string(),
                    evidence,
                });
            }
        }
        Ok(links)
    }
}

/// What people call a comparison and its level; their names where the model is not kept any more.
fn labels(model: Option<&Model>, comparison: &str, level: &str) -> (Words, Words) {
    let found = model.and_then(|m| m.comparisons.iter().find(|c| c.name == comparison));
    let found_level = found.and_then(|c| c.levels.iter().find(|l| l.name == level));
    let or_name = |label: Option<&Label>, name| label.map_or(typed_words(name, name), words);
    (or_name(found.map(|c| &c.label), comparison), or_name(found_level.map(|l| &l.label), level))
}

fn words(label: &Label) -> Words {
    Words { ja: label.ja.clone(), en: label.en.clone() }
}

fn typed_words(ja: &str, en: &str) -> Words {
    Words { ja: ja.into(), en: en.into() }
}
