//! Dates beside times in queries of people: a day begins in the zone of the time that it is compared with.
//!
//! In: the expressions of a query, before the engine makes their types the same. Out: a date beside a time with a zone as the first
//! moment of that day there, and a time with a zone that is cast to one without as what the clocks there show. Why: the engine of
//! itself compares both as in UTC, so that `occurred_at >= date '2026-04-01'` would begin at nine in the morning in Japan.

use std::sync::Arc;

use arrow::datatypes::DataType;
use datafusion::common::DFSchema;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::Transformed;
use datafusion::error::Result;
use datafusion::execution::FunctionRegistry;
use datafusion::functions::expr_fn::to_local_time;
use datafusion::logical_expr::expr::{Between, Cast, InList};
use datafusion::logical_expr::expr_rewriter::FunctionRewrite;
use datafusion::logical_expr::{BinaryExpr, Expr, ExprSchemable, Operator, cast};
use datafusion::prelude::SessionContext;

/// Says in which zone a session's days begin.
///
/// # Errors
/// Bug, if the engine takes no rules.
pub(crate) fn set_zone(context: &SessionContext, zone: &str) -> crate::error::Result<()> {
    let state = context.state_ref();
    let mut state = state.write();
    // Of this zone are literals of times with a zone.
    state.config_mut().options_mut().execution.time_zone = Some(zone.to_string());
    state.register_function_rewrite(Arc::new(DatesInZone))?;
    Ok(())
}

/// The rule.
#[derive(Debug)]
struct DatesInZone;

impl FunctionRewrite for DatesInZone {
    fn name(&self) -> &str {
        "dates_in_zone"
    }

    fn rewrite(&self, expr: Expr, schema: &DFSchema, _: &ConfigOptions) -> Result<Transformed<Expr>> {
        let zoned = |e: &Expr| e.get_type(schema).ok().filter(|t| matches!(t, DataType::Timestamp(_, Some(_))));
        let is_date = |e: &Expr| matches!(e.get_type(schema), Ok(DataType::Date32 | DataType::Date64));
        let begins = |e: Expr, of: &DataType| if is_date(&e) { cast(e, of.clone()) } else { e };
        Ok(match expr {
            Expr::BinaryExpr(BinaryExpr { left, op, right }) if compares(op) => {
                let (left, right) = match (zoned(&left), zoned(&right)) {
                    (Some(of), None) if is_date(&right) => (*left, begins(*right, &of)),
                    (None, Some(of)) if is_date(&left) => (begins(*left, &of), *right),
                    _ => return Ok(Transformed::no(Expr::BinaryExpr(BinaryExpr { left, op, right }))),
                };
                Transformed::yes(Expr::BinaryExpr(BinaryExpr::new(Box::new(left), op, Box::new(right))))
            }
            Expr::Between(Between { expr, negated, low, high }) => match zoned(&expr) {
                Some(of) => {
                    let (low, high) = (Box::new(begins(*low, &of)), Box::new(begins(*high, &of)));
                    Transformed::yes(Expr::Between(Between::new(expr, negated, low, high)))
                }
                None => Transformed::no(Expr::Between(Between { expr, negated, low, high })),
            },
            Expr::InList(InList { expr, list, negated }) => match zoned(&expr) {
                Some(of) => {
                    let list = list.into_iter().map(|e| begins(e, &of)).collect();
                    Transformed::yes(Expr::InList(InList::new(expr, list, negated)))
                }
                None => Transformed::no(Expr::InList(InList { expr, list, negated })),
            },
            Expr::Cast(Cast { expr, field }) => {
                let loses_zone = matches!(field.data_type(), DataType::Timestamp(_, None));
                if loses_zone && zoned(&expr).is_some() {
                    let local = Box::new(to_local_time(vec![*expr]));
                    Transformed::yes(Expr::Cast(Cast::new_from_field(local, field)))
                } else {
                    Transformed::no(Expr::Cast(Cast { expr, field }))
                }
            }
            other => Transformed::no(other),
        })
    }
}

fn compares(op: Operator) -> bool {
    use Operator::{Eq, Gt, GtEq, IsDistinctFrom, IsNotDistinctFrom, Lt, LtEq, NotEq};
    matches!(op, Eq | NotEq | Lt | LtEq | Gt | GtEq | IsDistinctFrom | IsNotDistinctFrom)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tables::contract::TIME_ZONE;
    use crate::tables::zone::rows_in_zone;
    use arrow::array::{ArrayRef, RecordBatch, TimestampMicrosecondArray};
    use arrow::util::pretty::pretty_format_batches;
    use nayose_japanese::date::timestamp;

    /// What a query says of `at`, the last second of March in Japan and the first of April, in a zone.
    async fn says(zone: &str, sql: &str) -> String {
        let context = SessionContext::new();
        set_zone(&context, zone).unwrap();
        let times = ["2026-03-31T23:59:59+09:00", "2026-04-01T00:00:00+09:00"].map(|t| timestamp(t).unwrap());
        let at = TimestampMicrosecondArray::from(times.to_vec()).with_timezone(TIME_ZONE);
        let rows = RecordBatch::try_from_iter([("at", Arc::new(at) as ArrayRef)]).unwrap();
        let rows = rows_in_zone(context.read_batch(rows).unwrap(), zone).unwrap();
        context.register_table("t", rows.into_view()).unwrap();
        let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
        pretty_format_batches(&batches).unwrap().to_string()
    }

    #[tokio::test]
    async fn days_and_months_begin_in_the_zone() {
        let months = "select cast(date_trunc('month', at) as varchar) as m from t group by 1 order by 1";
        assert_eq!(says("UTC", months).await.matches("2026-").count(), 1, "both are in March in UTC");
        let japan = says("Asia/Tokyo", months).await;
        assert!(japan.contains("2026-03-01T00:00:00+09:00") && japan.contains("2026-04-01T00:00:00+09:00"), "{japan}");
        let dates = "select cast(at as date) as d, at::date as e, date_part('day', at) as f from t order by at";
        let japan = says("Asia/Tokyo", dates).await;
        for row in ["| 2026-03-31 | 2026-03-31 | 31 |", "| 2026-04-01 | 2026-04-01 | 1  |"] {
            assert!(japan.contains(row), "{japan}");
        }
        let clock = says("Asia/Tokyo", "select cast(max(at) as timestamp) as c from t").await;
        assert!(clock.contains("| 2026-04-01T00:00:00 |"), "what the clocks show: {clock}");
    }

    #[tokio::test]
    async fn a_date_beside_a_time_is_the_beginning_of_its_day_there() {
        for april in [
            "at >= '2026-04-01'",
            "at >= date '2026-04-01'",
            "date '2026-04-01' <= at",
            "at >= timestamptz '2026-04-01 00:00:00'",
            "at between date '2026-04-01' and date '2026-04-02'",
            "at in (date '2026-04-01')",
            "at = cast(at as date)",
            "at::date = date '2026-04-01'",
        ] {
            let after = says("Asia/Tokyo", &format!("select count(*) as n from t where {april}")).await;
            assert!(after.contains("| 1 |"), "{april}: {after}");
        }
    }
}
