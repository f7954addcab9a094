//! Everything that a lake holds of one person, for a request of disclosure (開示請求, 個人情報保護法 33条).
//!
//! In: a customer. Out: the rows of every published table that are the person's, the marts of the pipeline's own among them, what
//! people decided, and what was erased under the person's ids. Records of others, which links and events name, are left out: they
//! are not the person's data.

use std::collections::{BTreeSet, HashSet};

use datafusion::functions::expr_fn::strpos;
use datafusion::logical_expr::{Expr, ident, in_list, lit};
use datafusion::prelude::DataFrame;
use serde::Serialize;
use serde_json::{Map, Value};

use super::view::Words;
use super::{Audit, rows};
use crate::error::{Error, Result};
use crate::lake::erasure;
use crate::lake::snapshot::time_text;
use crate::tables::contract::{
    self, DECISION, GOLDEN_CUSTOMER, ID_EVENT, ID_MAP, LEDGER, REJECT, RESTATEMENT, RUN, SOURCE_RECORD, col,
};

/// Characters that an id has at least for rejected rows to be looked for by it: a shorter one stands in rows of others by chance.
const TELLING: usize = 4;

/// Everything that is held of a person.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Disclosure {
    /// The customer.
    pub customer_id: String,
    /// Ids that the person had before.
    pub former_ids: Vec<String>,
    /// The run whose tables these are.
    pub run: i64,
    /// Time as of which they hold.
    pub as_of: String,
    /// The person's rows, table by table; tables without any are left out.
    pub tables: Vec<DisclosedTable>,
}

/// The rows of a table that are a person's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DisclosedTable {
    /// Its name.
    pub table: String,
    /// What a row is.
    pub label: Words,
    /// What its columns mean, in their order.
    pub columns: Vec<(String, Words)>,
    /// The rows: column → value; columns without a value are left out.
    pub rows: Vec<Map<String, Value>>,
}

impl Audit {
    /// Everything that is held of a customer, by an id, a former one, or a record `channel:record_id`.
    ///
    /// # Errors
    /// Usage, where there is no such customer; environment, where a table cannot be read.
    pub async fn disclosure(&self, typed: &str) -> Result<Disclosure> {
        let id = self.customer_id(typed).await?;
        let records = match self.records_of(&id).await {
            Ok(records) => records,
            Err(nobody) => return Err(self.was_erased(&id).await?.unwrap_or(nobody)),
        };
        let former_ids = self.aliases().await?.of(&id);
        let ids: BTreeSet<String> = former_ids.iter().cloned().chain([id.clone()]).collect();
        let contracts = self.contracts().await?;
        let mut tables = Vec::new();
        // The person's own data first, then what was made of it, in the order of the tables' page; own marts last.
        let named: Vec<&str> = contract::published().iter().map(|table| table.name).collect();
        let first = [SOURCE_RECORD.name, GOLDEN_CUSTOMER.name];
        let own_marts = self.run.tables.iter().map(|(name, ..)| name.as_str()).filter(|name| !named.contains(name));
        let rest = named.iter().copied().filter(|name| !first.contains(name) && *name != RUN.name);
        for name in first.into_iter().chain(rest).chain(own_marts) {
            if !self.run.tables.iter().any(|(table, ..)| table == name) {
                continue;
            }
            let Some(rows) = self.rows_disclosed(name, &ids, &records).await? else { continue };
            let mut rows = rows_of(rows).await?;
            without_others(&mut rows, name, &ids, &records);
            if !rows.is_empty() {
                tables.push(disclosed(name, contracts.find(name), rows));
            }
        }
        let (run, as_of) = (self.run.number, time_text(self.run.as_of));
        Ok(Disclosure { customer_id: id, former_ids, run, as_of, tables })
    }

    /// The rows of a table that name the person; `None` for a table that names nobody.
    async fn rows_disclosed(
        &self,
        name: &str,
        ids: &BTreeSet<String>,
        records: &[(String, String)],
    ) -> Result<Option<DataFrame>> {
        let all = self.table(name).await?;
        let has = |column: &str| all.schema().fields().iter().any(|field| field.name() == column);
        let is_own = |column: &str| in_list(ident(column), ids.iter().map(lit).collect(), false);
        let is_record = |channel: &str, record: &str| -> Expr {
            let one = |(c, r): &(String, String)| ident(channel).eq(lit(c)).and(ident(record).eq(lit(r)));
            records.iter().map(one).reduce(Expr::or).unwrap_or(lit(false))
        };
        let condition = match name {
            _ if name == LEDGER.name || name == DECISION.name => {
                is_record(col::CHANNEL_L, col::RECORD_ID_L).or(is_record(col::CHANNEL_R, col::RECORD_ID_R))
            }
            // Whose a record was before is its history; records of others that had the id for a time are theirs.
            _ if name == ID_MAP.name || name == SOURCE_RECORD.name => is_record(col::CHANNEL, col::RECORD_ID),
            _ if name == ID_EVENT.name => is_own(col::CUSTOMER_ID).or(is_own(col::COUNTERPART)),
            _ if name == RESTATEMENT.name => is_own(col::KEY),
            _ if name == REJECT.name => {
                let names = |(_, id): &(String, String)| strpos(ident(col::RAW), lit(id)).gt(lit(0));
                let telling = records.iter().filter(|(_, id)| id.chars().count() >= TELLING);
                telling.map(names).reduce(Expr::or).unwrap_or(lit(false))
            }
            _ if has(col::CUSTOMER_ID) => is_own(col::CUSTOMER_ID),
            _ => return Ok(None),
        };
        Ok(Some(all.filter(condition)?))
    }

    /// That a customer was erased, as the error of who asks for it.
    async fn was_erased(&self, id: &str) -> Result<Option<Error>> {
        let erased = erasure::told(&self.lake).await?.into_iter().find(|erasure| erasure.customer_id == id);
        Ok(erased.map(|erasure| {
            Error::usage(format!("the customer {id} was erased at {}, and nothing is held any more", erasure.at))
                .hint("the report of it is in the folder erasures of the lake")
        }))
    }
}

/// The rows of a table as JSON, in the order of their columns' values.
async fn rows_of(rows: DataFrame) -> Result<Vec<Map<String, Value>>> {
    let sorts = rows.schema().fields().iter().filter(|field| !field.data_type().is_nested());
    let order = sorts.map(|field| ident(field.name()).sort(true, false)).collect();
    rows::rows(rows.sort(order)?).await
}

/// Takes out what names others: the other record of a pair, what is said about other records.
fn without_others(
    rows: &mut Vec<Map<String, Value>>,
    table: &str,
    ids: &BTreeSet<String>,
    records: &[(String, String)],
) {
    let named: HashSet<String> = records.iter().map(|(channel, id)| format!("{channel}:{id}")).collect();
    let text = |row: &Map<String, Value>, column: &str| {
        row.get(column).and_then(Value::as_str).unwrap_or_default().to_string()
    };
    if table == REJECT.name {
        // An id that is a part of another one is not meant.
        let words = |text: &str, id: &str| {
            text.match_indices(id).any(|(at, _)| {
                let around = [text[..at].chars().next_back(), text[at + id.len()..].chars().next()];
                !around.into_iter().flatten().any(char::is_alphanumeric)
            })
        };
        rows.retain(|row| {
            records.iter().any(|(_, id)| id.chars().count() >= TELLING && words(&text(row, col::RAW), id))
        });
    }
    for row in rows {
        if [LEDGER.name, DECISION.name].contains(&table) {
            for [channel, id] in [[col::CHANNEL_L, col::RECORD_ID_L], [col::CHANNEL_R, col::RECORD_ID_R]] {
                if !named.contains(&format!("{}:{}", text(row, channel), text(row, id))) {
                    row.remove(channel);
                    row.remove(id);
                }
            }
        }
        // A cut names the records that contradict each other; what a person decided is said of this pair.
        if table == LEDGER.name && text(row, col::DECISION) != "overridden" {
            row.remove(col::REASON);
        }
        let other = text(row, col::COUNTERPART);
        if table == ID_EVENT.name && !ids.contains(&other) && !named.contains(&other) {
            row.remove(col::COUNTERPART);
        }
        if table == RESTATEMENT.name {
            row.remove("cause");
        }
    }
}

/// The rows of a table with what they and their columns mean.
fn disclosed(name: &str, contract: Option<&contract::Table>, rows: Vec<Map<String, Value>>) -> DisclosedTable {
    let words = |ja: &str, en: &str| Words { ja: ja.to_string(), en: en.to_string() };
    let (label, columns) = match contract {
        Some(table) => {
            let column = |c: &contract::Column| (c.name.to_string(), words(c.ja, c.en));
            (words(table.ja, table.en), table.columns.iter().map(column).collect())
        }
        // A mart that promises nothing says no more than its names.
        None => {
            let named: BTreeSet<&String> = rows.iter().flat_map(Map::keys).collect();
            (words(name, name), named.into_iter().map(|column| (column.clone(), words(column, column))).collect())
        }
    };
    DisclosedTable { table: name.to_string(), label, columns, rows }
}
