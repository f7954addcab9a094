//! A segment's condition as an expression of the engine.
//!
//! In: a checked condition, the time of the run, the zone in which days begin. Out: an expression over `customer_profile`, true or false of
//! each row and never null, so that `not` means what it says. Values are literals of the columns' types: nothing is glued.

use datafusion::common::ScalarValue;
use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr::{Expr, ident, in_list, lit, not};
use jiff::civil::Date;

use crate::config::head::{HeadColumn, HeadType};
use crate::config::segments::{Condition, Preference, Test};
use crate::config::{DAY, Zone};
use crate::tables::contract::{AMOUNT_DIGITS, AMOUNT_SCALE};

/// What an expression depends on beside the condition.
pub(super) struct Moment<'a> {
    /// The time of the run, microseconds.
    pub as_of: i64,
    /// Where days begin.
    pub zone: &'a Zone,
}

/// The names of the columns that a category has beside the profile's: its index and its purchases.
pub(super) fn preference_columns(place: usize) -> [String; 2] {
    [format!("_index_{place}"), format!("_purchases_{place}")]
}

/// The condition as an expression. Categories are those of the whole condition, by whose place their columns are named.
pub(super) fn expression(of: &Condition, categories: &[&str], moment: &Moment<'_>) -> Expr {
    let each = |these: &[Condition]| these.iter().map(|one| expression(one, categories, moment)).collect::<Vec<_>>();
    match of {
        Condition::All(these) => each(these).into_iter().reduce(Expr::and).unwrap_or_else(|| lit(true)),
        Condition::Any(these) => each(these).into_iter().reduce(Expr::or).unwrap_or_else(|| lit(false)),
        Condition::Not(one) => not(expression(one, categories, moment)),
        Condition::Preference(preference) => preferred(preference, categories),
        Condition::Column(column, test) => tested(column, test, moment),
    }
}

fn preferred(of: &Preference, categories: &[&str]) -> Expr {
    let place = categories.iter().position(|category| *category == of.category).unwrap_or_default();
    let [index, purchases] = preference_columns(place);
    known(ident(index).gt_eq(lit(of.times)).and(ident(purchases).gt_eq(lit(i64::from(of.purchases)))))
}

/// Whether it is true: what is null is not.
fn known(of: Expr) -> Expr {
    of.is_true()
}

fn tested(column: &HeadColumn, test: &Test, moment: &Moment<'_>) -> Expr {
    let value = || ident(column.name.as_str());
    let number = |n: f64| number_of(column.data_type, n);
    let days_before = |days: u32| at(column.data_type, moment.as_of - i64::from(days) * DAY, moment.zone);
    let now = || at(column.data_type, moment.as_of, moment.zone);
    known(match test {
        Test::Is(flag) => value().eq(lit(*flag)),
        Test::Texts(texts) => in_list(value(), texts.iter().map(lit).collect(), false),
        Test::Numbers(numbers) => in_list(value(), numbers.iter().map(|n| number(*n)).collect(), false),
        Test::AtLeast(least) => value().gt_eq(number(*least)),
        Test::AtMost(most) => value().lt_eq(number(*most)),
        Test::WithinDays(days) => value().gt(days_before(*days)).and(value().lt_eq(now())),
        Test::DaysAgo(days) => value().lt_eq(days_before(*days)),
        Test::InNextDays(days) => {
            let end = at(column.data_type, moment.as_of + i64::from(*days) * DAY, moment.zone);
            value().gt(now()).and(value().lt_eq(end))
        }
        Test::From(day) => value().gt_eq(start_of(column.data_type, *day, moment.zone)),
        Test::Until(day) => match day.tomorrow() {
            Ok(next) => value().lt(start_of(column.data_type, next, moment.zone)),
            // There is no day after the last one.
            Err(_) => value().is_not_null(),
        },
        Test::MonthsAhead(months) => {
            let month = i64::from(moment.zone.day(moment.as_of).month()) - 1 + i64::from(*months);
            value().eq(lit(month % 12 + 1))
        }
        Test::Contains(texts) => {
            let has = texts.iter().map(|text| array_has(value(), lit(text)));
            has.reduce(Expr::or).unwrap_or_else(|| lit(false))
        }
        Test::Missing(true) => value().is_null(),
        Test::Missing(false) => value().is_not_null(),
    })
}

/// A number as a value of the column's type, so that amounts are compared exactly.
fn number_of(of: HeadType, n: f64) -> Expr {
    match of {
        HeadType::Integer | HeadType::Long if n.fract() == 0.0 => lit(n as i64),
        HeadType::Amount => {
            let digits = (n * 10_f64.powi(i32::from(AMOUNT_SCALE))).round() as i128;
            lit(ScalarValue::Decimal128(Some(digits), AMOUNT_DIGITS, AMOUNT_SCALE))
        }
        _ => lit(n),
    }
}

/// A moment as a value of the column's type: of days the day that it falls into.
fn at(of: HeadType, micros: i64, zone: &Zone) -> Expr {
    match of {
        HeadType::Date => day_of(zone.day(micros)),
        _ => lit(ScalarValue::TimestampMicrosecond(Some(micros), Some(zone.name().into()))),
    }
}

/// The first moment of a day as a value of the column's type.
fn start_of(of: HeadType, day: Date, zone: &Zone) -> Expr {
    match of {
        HeadType::Date => day_of(day),
        // A day that does not begin, at the ends of the calendar, is before or after every time.
        _ => at(of, zone.midnight(day).unwrap_or(if day.year() < 0 { i64::MIN } else { i64::MAX }), zone),
    }
}

fn day_of(day: Date) -> Expr {
    let since = (day - jiff::civil::date(1970, 1, 1)).get_days();
    lit(ScalarValue::Date32(Some(since)))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{
        ArrayRef, BooleanArray, Date32Array, Decimal128Array, Int32Array, ListBuilder, RecordBatch, StringArray,
        StringBuilder, TimestampMicrosecondArray,
    };
    use datafusion::prelude::SessionContext;

    use super::*;
    use crate::config::head::HeadShown;
    use crate::tables::columns;

    /// The start of 2026-03-31 in Japan.
    const AS_OF: i64 = 1_774_882_800_000_000;

    fn column(name: &str, data_type: HeadType) -> HeadColumn {
        let text = String::new;
        HeadColumn { name: name.into(), data_type, nullable: true, ja: text(), en: text(), shown: HeadShown::Plain }
    }

    /// Four customers; of the last one nothing is known.
    fn profile() -> RecordBatch {
        let mut channels = ListBuilder::new(StringBuilder::new());
        for list in [&["shop", "app"][..], &["app"], &[]] {
            list.iter().for_each(|channel| channels.values().append_value(channel));
            channels.append(true);
        }
        channels.append(false);
        let times = [Some(AS_OF), Some(AS_OF - 30 * DAY), Some(AS_OF - 30 * DAY + 1), None];
        let amounts = Decimal128Array::from(vec![Some(1_000_000_i128), Some(999_999), Some(0), None]);
        let columns: Vec<(&str, ArrayRef)> = vec![
            ("id", Arc::new(StringArray::from(vec!["a", "b", "c", "d"]))),
            ("sex", Arc::new(StringArray::from(vec![Some("male"), Some("fe'male"), Some(""), None]))),
            ("lapsed", Arc::new(BooleanArray::from(vec![Some(true), Some(false), Some(true), None]))),
            ("month", Arc::new(Int32Array::from(vec![Some(3), Some(4), Some(2), None]))),
            ("yen", Arc::new(amounts.with_precision_and_scale(AMOUNT_DIGITS, AMOUNT_SCALE).unwrap())),
            ("bought", Arc::new(TimestampMicrosecondArray::from(times.to_vec()).with_timezone("Asia/Tokyo"))),
            ("born", Arc::new(Date32Array::from(vec![Some(20_543), Some(20_542), Some(20_513), None]))),
            ("channels", Arc::new(channels.finish())),
        ];
        RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(name, of)| (name, of, true))).unwrap()
    }

    async fn found(condition: &Condition) -> String {
        let (context, zone) = (SessionContext::new(), Zone::japan());
        let moment = Moment { as_of: AS_OF, zone: &zone };
        let rows = context.read_batch(profile()).unwrap().filter(expression(condition, &[], &moment)).unwrap();
        let rows = rows.select_columns(&["id"]).unwrap().collect().await.unwrap();
        let ids = rows.iter().flat_map(|batch| {
            let ids = columns::strings(batch.column(0)).unwrap();
            (0..batch.num_rows()).map(|row| ids.value(row).to_string()).collect::<Vec<_>>()
        });
        ids.collect()
    }

    #[tokio::test]
    async fn a_test_finds_whom_it_says_and_its_opposite_everybody_else() {
        let day = |text: &str| text.parse::<Date>().unwrap();
        let texts = |list: &[&str]| list.iter().map(|text| text.to_string()).collect::<Vec<_>>();
        let rows = [
            ("sex", HeadType::Text, Test::Texts(texts(&["male"])), "a"),
            ("sex", HeadType::Text, Test::Texts(texts(&["fe'male", ""])), "bc"),
            ("sex", HeadType::Text, Test::Missing(true), "d"),
            ("sex", HeadType::Text, Test::Missing(false), "abc"),
            ("lapsed", HeadType::Boolean, Test::Is(true), "ac"),
            ("lapsed", HeadType::Boolean, Test::Is(false), "b"),
            ("month", HeadType::Integer, Test::Numbers(vec![2.0, 4.0]), "bc"),
            ("month", HeadType::Integer, Test::AtLeast(2.5), "ab"),
            ("month", HeadType::Integer, Test::MonthsAhead(0), "a"),
            ("month", HeadType::Integer, Test::MonthsAhead(1), "b"),
            ("month", HeadType::Integer, Test::MonthsAhead(11), "c"),
            ("yen", HeadType::Amount, Test::AtLeast(100.0), "a"),
            ("yen", HeadType::Amount, Test::AtMost(99.9999), "bc"),
            ("yen", HeadType::Amount, Test::Numbers(vec![0.0]), "c"),
            ("bought", HeadType::Timestamp, Test::WithinDays(30), "ac"),
            ("bought", HeadType::Timestamp, Test::DaysAgo(30), "b"),
            ("bought", HeadType::Timestamp, Test::InNextDays(30), ""),
            ("bought", HeadType::Timestamp, Test::From(day("2026-03-31")), "a"),
            ("bought", HeadType::Timestamp, Test::Until(day("2026-03-30")), "bc"),
            ("born", HeadType::Date, Test::From(day("2026-03-31")), "a"),
            ("born", HeadType::Date, Test::Until(day("2026-03-30")), "bc"),
            ("born", HeadType::Date, Test::WithinDays(30), "ab"),
            ("channels", HeadType::Texts, Test::Contains(texts(&["app"])), "ab"),
            ("channels", HeadType::Texts, Test::Contains(texts(&["shop", "web"])), "a"),
        ];
        let mut wrong = Vec::new();
        for (name, kind, test, expected) in rows {
            let condition = Condition::Column(column(name, kind), test);
            let others: String = "abcd".chars().filter(|id| !expected.contains(*id)).collect();
            let opposite = Condition::Not(Box::new(condition.clone()));
            let all = Condition::All(vec![condition.clone(), opposite.clone()]);
            let any = Condition::Any(vec![condition.clone(), opposite.clone()]);
            for (of, expected) in [(&condition, expected), (&opposite, &others), (&all, ""), (&any, "abcd")] {
                let found = found(of).await;
                if found != expected {
                    wrong.push(format!("{of:?}: {found:?}, not {expected:?}"));
                }
            }
        }
        assert!(wrong.is_empty(), "{wrong:#?}");
        assert_eq!(found(&Condition::All(Vec::new())).await, "abcd", "a segment without a condition is everybody");
    }
}
