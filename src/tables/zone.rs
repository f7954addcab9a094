//! Times as queries see them: the instants of the tables, with the zone in which days begin.
//!
//! In: the schema of a table, whose times are in UTC. Out: the same with the zone of the pipeline. An instant stays the instant that it
//! is: reading a file with the other schema changes no value. Why: the engine truncates a time to its day, and casts it to a date,
//! in the zone of the column's type and in no other; the session's option `datafusion.execution.time_zone` only says of which zone a
//! literal is (`src/engine/dates.rs` says what a date beside a time is).

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
mod tests {
    use super::*;
    use crate::tables::contract::{SOURCE_RECORD, TIME_ZONE};

    #[test]
    fn times_inside_of_lists_are_in_the_zone_too() {
        let schema = SOURCE_RECORD.schema();
        let tokyo = in_zone(&schema, "Asia/Tokyo");
        let text = format!("{tokyo:?}");
        assert!(text.contains("Asia/Tokyo") && !text.contains("UTC"), "{text}");
        assert_eq!(in_zone(&tokyo, TIME_ZONE), schema);
    }
}
