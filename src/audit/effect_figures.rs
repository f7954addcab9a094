//! What people bought, for the figures before and after a decision.
//!
//! In: the facts of some customers. Out: purchases and yen of each of their records; of groups of records the repeat rate and what a buyer
//! is worth. A purchase is a transaction with an amount above zero: marts of a pipeline may leave some of them out, and are not asked, as
//! they know customers and no records.

use std::collections::HashMap;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::functions::expr_fn::coalesce;
use datafusion::functions_aggregate::expr_fn::{count_distinct, sum};
use datafusion::logical_expr::{cast, ident, in_list, lit};
use serde::Serialize;

use super::Audit;
use super::network::Network;
use crate::error::Result;
use crate::tables::columns;
use crate::tables::contract::{INTERACTION, col};

/// What somebody bought.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Sales {
    /// Purchases.
    pub purchases: i64,
    /// What they came to, in yen.
    pub yen: f64,
}

impl std::iter::Sum for Sales {
    fn sum<I: Iterator<Item = Sales>>(all: I) -> Self {
        all.fold(Sales::default(), |a, b| Sales { purchases: a.purchases + b.purchases, yen: a.yen + b.yen })
    }
}

/// Figures of some people.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Figures {
    /// How many they are.
    pub customers: u64,
    /// How many of them bought something.
    pub buyers: u64,
    /// How many bought twice or more.
    pub repeaters: u64,
    /// The share of buyers who bought twice or more; none where nobody bought.
    pub repeat_rate: Option<f64>,
    /// What a buyer spent so far, in yen, on average; none where nobody bought.
    pub ltv: Option<f64>,
}

impl Figures {
    /// The figures of people, each with what they bought.
    pub(super) fn of(people: &[Sales]) -> Self {
        let buyers = people.iter().filter(|sales| sales.purchases > 0).count() as u64;
        let repeaters = people.iter().filter(|sales| sales.purchases > 1).count() as u64;
        let yen: f64 = people.iter().map(|sales| sales.yen).sum();
        let each = |of: f64| (buyers > 0).then(|| of / buyers as f64);
        Figures {
            customers: people.len() as u64,
            buyers,
            repeaters,
            repeat_rate: each(repeaters as f64),
            ltv: each(yen),
        }
    }
}

/// The columns of a record's sums.
const PURCHASES: &str = "purchases";
const YEN: &str = "yen";

impl Audit {
    /// What the records of these customers bought, by their rows.
    pub(super) async fn sales(
        &self,
        network: &Network,
        customers: impl Iterator<Item = String>,
    ) -> Result<HashMap<u32, Sales>> {
        let asked: Vec<_> = customers.map(lit).collect();
        let mut found = HashMap::new();
        if asked.is_empty() || !self.run.tables.iter().any(|(name, ..)| name == INTERACTION.name) {
            return Ok(found);
        }
        let bought = in_list(ident(col::CUSTOMER_ID), asked, false).and(ident(col::AMOUNT).gt(lit(0)));
        let transaction = coalesce(vec![ident(col::TRANSACTION_ID), ident(col::EVENT_ID)]);
        let rows = self.table(INTERACTION.name).await?.filter(bought)?.aggregate(
            vec![ident(col::CHANNEL), ident(col::RECORD_ID)],
            vec![count_distinct(transaction).alias(PURCHASES), sum(ident(col::AMOUNT)).alias(YEN)],
        )?;
        let yen = cast(ident(YEN), DataType::Float64);
        let rows = rows.select(vec![ident(col::CHANNEL), ident(col::RECORD_ID), ident(PURCHASES), yen])?;
        for batch in rows.collect().await? {
            let (channel, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            let purchases = columns::longs(batch.column(2))?;
            let yen = batch.column(3).as_primitive::<Float64Type>();
            for i in (0..batch.num_rows()).filter(|i| id.is_valid(*i)) {
                if let Some(row) = network.keys().row(channel.value(i), id.value(i)) {
                    found.insert(row, Sales { purchases: purchases.value(i), yen: yen.value(i) });
                }
            }
        }
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_never_bought_is_no_buyer() {
        let sales = |purchases: i64, yen: f64| Sales { purchases, yen };
        let figures = Figures::of(&[sales(1, 100.0), sales(1, 300.0), sales(0, 0.0)]);
        assert_eq!((figures.customers, figures.buyers, figures.repeaters), (3, 2, 0));
        assert_eq!((figures.repeat_rate, figures.ltv), (Some(0.0), Some(200.0)));
        let merged = Figures::of(&[[sales(1, 100.0), sales(1, 300.0)].into_iter().sum(), sales(0, 0.0)]);
        assert_eq!((merged.customers, merged.repeat_rate, merged.ltv), (2, Some(1.0), Some(400.0)));
        assert_eq!(Figures::of(&[]).repeat_rate, None);
    }
}
