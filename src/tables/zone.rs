//! Times as queries see them: the instants of the tables, with the zone in which days begin.
//!
//! In: the schema of a table, whose times are in UTC. Out: the same with the zone of the pipeline. An instant stays the instant that it
//! is: reading a file with the other schema changes no value. Why: the engine truncates a time to its day, and casts it to a date,
//! in the zone of the column's type and in no other; the session's option `datafusion.execution.time_zone` only says of which zone a
//! literal is.

use std::sync::Arc;

use arrow::datatypes::{DataType, Field, FieldRef, Schema, SchemaRef};
use datafusion::logical_expr::{cast, ident};
use datafusion::prelude::DataFrame;

use crate::error::Result;

/// The schema with all times in a zone, those inside of lists too.
pub(crate) fn in_zone(schema: &Schema, zone: &str) -> SchemaRef {
    let fields: Vec<FieldRef> = schema.fields().iter().map(|field| of_field(field, zone)).collect();
    Arc::new(Schema::new_with_metadata(fields, schema.metadata().clone()))
}

fn of_field(field: &FieldRef, zone: &str) -> FieldRef {
    Arc::new(Field::clone(field).with_data_type(of_type(field.data_type(), zone)))
}

/// The type with its times in a zone. A time without a zone is no instant, and stays.
fn of_type(data_type: &DataType, zone: &str) -> DataType {
    match data_type {
        DataType::Timestamp(unit, Some(_)) => DataType::Timestamp(*unit, Some(zone.into())),
        DataType::List(item) => DataType::List(of_field(item, zone)),
        DataType::Struct(fields) => DataType::Struct(fields.iter().map(|field| of_field(field, zone)).collect()),
        other => other.clone(),
    }
}

/// The rows with all times in a zone.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn rows_in_zone(rows: DataFrame, zone: &str) -> Result<DataFrame> {
    let schema = rows.schema().as_arrow().clone();
    let wanted = in_zone(&schema, zone);
    if schema.fields() == wanted.fields() {
        return Ok(rows);
    }
    let column = |(have, want): (&FieldRef, &FieldRef)| match have == want {
        true => ident(have.name()),
        false => cast(ident(have.name()), want.data_type().clone()).alias(have.name()),
    };
    Ok(rows.select(schema.fields().iter().zip(wanted.fields()).map(column).collect::<Vec<_>>())?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::tables::contract::TIME_ZONE;
    use arrow::array::{RecordBatch, TimestampMicrosecondArray};
    use arrow::util::pretty::pretty_format_batches;
    use datafusion::prelude::SessionContext;
    use nayose_japanese::date::timestamp;

    /// What a query says of `at`, the last second of March in Japan and the first of April, typed in a zone.
    async fn says(zone: &str, sql: &str) -> String {
        let context = SessionContext::new();
        context.state_ref().write().config_mut().options_mut().execution.time_zone = Some(zone.into());
        let times = ["2026-03-31T23:59:59+09:00", "2026-04-01T00:00:00+09:00"].map(|t| timestamp(t).unwrap());
        let at = TimestampMicrosecondArray::from(times.to_vec()).with_timezone(TIME_ZONE);
        let rows = RecordBatch::try_from_iter([("at", Arc::new(at) as arrow::array::ArrayRef)]).unwrap();
        let rows = rows_in_zone(context.read_batch(rows).unwrap(), zone).unwrap();
        context.register_table("t", rows.into_view()).unwrap();
        let batches = context.sql(sql).await.unwrap().collect().await.unwrap();
        pretty_format_batches(&batches).unwrap().to_string()
    }

    #[tokio::test]
    async fn days_and_months_begin_in_the_zone_of_the_column() {
        let months = "select cast(date_trunc('month', at) as varchar) as m from t group by 1 order by 1";
        assert_eq!(says("UTC", months).await.matches("2026-").count(), 1, "both are in March in UTC");
        let japan = says("Asia/Tokyo", months).await;
        assert!(japan.contains("2026-03-01T00:00:00+09:00") && japan.contains("2026-04-01T00:00:00+09:00"), "{japan}");
        let dates = "select cast(at as date) as d, at::date as e, date_part('day', at) as f from t order by at";
        let japan = says("Asia/Tokyo", dates).await;
        assert!(
            japan.contains("| 2026-03-31 | 2026-03-31 | 31 |") && japan.contains("| 2026-04-01 | 2026-04-01 | 1  |"),
            "{japan}"
        );
        // Literals are of the session's zone.
        for literal in ["'2026-04-01'", "date '2026-04-01'", "timestamptz '2026-04-01 00:00:00'"] {
            let after = says("Asia/Tokyo", &format!("select count(*) as n from t where at >= {literal}")).await;
            assert!(after.contains("| 1 |"), "{literal}: {after}");
        }
    }

    #[test]
    fn times_inside_of_lists_are_in_the_zone_too() {
        let schema = crate::tables::contract::SOURCE_RECORD.schema();
        let tokyo = in_zone(&schema, "Asia/Tokyo");
        let text = format!("{tokyo:?}");
        assert!(text.contains("Asia/Tokyo") && !text.contains("UTC"), "{text}");
        assert_eq!(in_zone(&tokyo, TIME_ZONE), schema);
    }
}
