//! How many customers are like each other in what the analyst's profile tells of them, and what it tells less so that k are.
//!
//! In: customers with place, ten years of age and sex. Out: how many are alone; or the same rows with the place cut from the town to
//! the municipality, the prefecture or nothing, and at last without age and sex, until every row has k - 1 others like it. Each
//! step looks at the rows that the steps before it left over, so that those who were generalised are k among themselves. The
//! measure is L. Sweeney's k-anonymity (2002); cutting a code from the right is her generalisation hierarchy of postal codes.

use datafusion::functions::unicode::expr_fn::left;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::functions_aggregate::sum::sum_udaf;
use datafusion::logical_expr::expr::WindowFunction;
use datafusion::logical_expr::{Expr, ExprFunctionExt, WindowFunctionDefinition, ident, lit, when};
use datafusion::prelude::DataFrame;

use crate::error::{Error, Result};
use crate::lake::results::GoldenResult;
use crate::tables::columns;
use crate::tables::contract::col;

/// Digits of a town code that are its municipality, and its prefecture (JIS X 0402 and X 0401).
const DIGITS: [i64; 2] = [5, 2];

/// What a customer is told by: place, ten years of age, sex.
const TOLD: [&str; 3] = [col::TOWN_CODE, col::AGE_BAND, col::SEX];

/// Measures customers.
///
/// # Errors
/// Environment, if they cannot be read.
pub(crate) async fn measure(rows: DataFrame, k: u32) -> Result<GoldenResult> {
    let alike = rows.aggregate(TOLD.map(ident).to_vec(), vec![count(lit(1)).alias("alike")])?;
    let few = |most: i64| when(ident("alike").lt_eq(lit(most)), ident("alike")).otherwise(lit(0i64));
    let sums = vec![
        sum(ident("alike")).alias("customers"),
        sum(few(1)?).alias("alone"),
        sum(few(i64::from(k) - 1)?).alias("below"),
    ];
    let found = alike.aggregate(Vec::new(), sums)?.collect().await?;
    let batch = found.first().ok_or_else(|| Error::bug("a count has no row"))?;
    let of = |column: usize| -> Result<u64> {
        let column = columns::longs(batch.column(column))?;
        Ok(column.iter().next().flatten().unwrap_or_default() as u64)
    };
    Ok(GoldenResult { customers: of(0)?, alone: of(1)?, below_k: of(2)?, ..GoldenResult::default() })
}

/// The rows with as much generalised as k asks for; their columns stay.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn generalised(rows: DataFrame, k: u32) -> Result<DataFrame> {
    let columns: Vec<String> = rows.schema().fields().iter().map(|f| f.name().clone()).collect();
    let nothing = || lit(datafusion::common::ScalarValue::Utf8(None));
    // The place as each step tells it.
    let places = [
        ident(col::TOWN_CODE),
        left(ident(col::TOWN_CODE), lit(DIGITS[0])),
        left(ident(col::TOWN_CODE), lit(DIGITS[1])),
        nothing(),
    ];
    let mut rows = rows;
    let (mut place, mut done) = (nothing(), lit(false));
    for (step, told) in places.into_iter().enumerate() {
        let (name, left_over) = (format!("__step{step}"), when(done.clone(), lit(0i64)).otherwise(lit(1i64))?);
        let over = WindowFunction::new(WindowFunctionDefinition::AggregateUDF(sum_udaf()), vec![left_over]);
        let alike = Expr::from(over).partition_by(vec![told.clone(), ident(col::AGE_BAND), ident(col::SEX)]).build()?;
        rows = rows.with_column(&name, alike.gt_eq(lit(i64::from(k))))?;
        let now = ident(&name).and(datafusion::logical_expr::not(done.clone()));
        place = when(now.clone(), told).otherwise(place)?;
        done = done.or(ident(&name));
    }
    let kept = |column: &str| when(done.clone(), ident(column)).otherwise(nothing());
    let shown: Vec<Expr> = columns
        .into_iter()
        .map(|column| match column.as_str() {
            col::TOWN_CODE => Ok(place.clone().alias(col::TOWN_CODE)),
            col::AGE_BAND => Ok(kept(col::AGE_BAND)?.alias(col::AGE_BAND)),
            col::SEX => Ok(kept(col::SEX)?.alias(col::SEX)),
            other => Ok(ident(other)),
        })
        .collect::<Result<_>>()?;
    Ok(rows.select(shown)?)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::Arc;

    use arrow::array::{Array, ArrayRef, RecordBatch, StringArray};
    use datafusion::prelude::SessionContext;

    use super::*;

    type Row = (Option<String>, Option<String>, Option<String>);

    fn customers(context: &SessionContext, rows: &[Row]) -> DataFrame {
        let column = |of: fn(&Row) -> &Option<String>| {
            Arc::new(rows.iter().map(|r| of(r).clone()).collect::<StringArray>()) as ArrayRef
        };
        let ids = Arc::new((0..rows.len()).map(|i| Some(i.to_string())).collect::<StringArray>()) as ArrayRef;
        let batch = RecordBatch::try_from_iter_with_nullable([
            (col::CUSTOMER_ID, ids, false),
            (col::TOWN_CODE, column(|r| &r.0), true),
            (col::AGE_BAND, column(|r| &r.1), true),
            (col::SEX, column(|r| &r.2), true),
        ])
        .expect("a batch");
        context.read_batch(batch).expect("rows")
    }

    async fn read(rows: DataFrame) -> Vec<Row> {
        let mut found = Vec::new();
        for batch in rows.select_columns(&TOLD).expect("columns").collect().await.expect("rows") {
            let text = |column: usize, row: usize| {
                let column = columns::strings(batch.column(column)).expect("text");
                (!column.is_null(row)).then(|| column.value(row).to_string())
            };
            found.extend((0..batch.num_rows()).map(|row| (text(0, row), text(1, row), text(2, row))));
        }
        found
    }

    #[tokio::test]
    async fn every_row_has_others_like_it() {
        let mut seed = 7u64;
        let mut next = |of: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % of
        };
        let some = |text: String| Some(text);
        let rows: Vec<Row> = (0..3000)
            .map(|_| {
                let town =
                    (next(20) > 0).then(|| format!("{:02}{:03}{:04}", 1 + next(3) * next(3), 100 + next(4), next(9)));
                (town, some(format!("{}0s", 2 + next(5))), some(if next(2) == 0 { "female" } else { "male" }.into()))
            })
            .collect();
        let context = SessionContext::new();
        for k in [2u32, 5, 20] {
            let before = measure(customers(&context, &rows), k).await.expect("measured");
            let shown = read(generalised(customers(&context, &rows), k).expect("a plan")).await;
            assert_eq!(shown.len(), rows.len());
            let mut alike: BTreeMap<&Row, u32> = BTreeMap::new();
            shown.iter().for_each(|row| *alike.entry(row).or_default() += 1);
            // Those that nothing helped are shown as nothing at all; fewer than k of them may be left.
            let few: Vec<_> = alike.iter().filter(|(row, n)| **n < k && ***row != (None, None, None)).collect();
            assert!(few.is_empty(), "{k}: {few:?}");
            assert!(before.below_k > 0 && before.customers == 3000, "{before:?}");
            let whole = shown.iter().filter(|row| row.0.as_ref().is_some_and(|town| town.len() == 9)).count();
            assert!(whole > 0 || k == 20, "towns that many live in stay");
        }
        let one = measure(customers(&context, &rows[..1]), 2).await.expect("measured");
        assert_eq!(one, GoldenResult { customers: 1, alone: 1, below_k: 1, ..GoldenResult::default() });
    }
}
