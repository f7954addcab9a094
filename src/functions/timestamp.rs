//! `timestamp(text[, zone])`: a point in time as systems write it; without an offset it is time of the zone, an IANA name, or Japanese
//! time where none is given. NULL where it is none. `utc_offset(text)`: the offset that is written beside it, as `+09:00`; NULL where none
//! is.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;
use jiff::tz::TimeZoneDatabase;

use super::{array_function, array_function_optional};
use crate::tables::columns;
use crate::tables::contract::{TIME_ZONE, Type};
use nayose_japanese::date;

/// The function.
pub(crate) fn timestamp() -> ScalarUDF {
    array_function_optional("timestamp", vec![DataType::Utf8; 2], Type::Timestamp.arrow(), |columns| {
        // The zones that are built in: the same on every machine.
        let zones = TimeZoneDatabase::bundled();
        let texts = columns::strings(&columns[0])?;
        let zone = match columns.get(1) {
            Some(names) => columns::strings(names)?.iter().flatten().next().and_then(|name| zones.get(name).ok()),
            None => None,
        };
        let values: TimestampMicrosecondArray = match zone {
            Some(zone) => texts.iter().map(|v| v.and_then(|v| date::timestamp_in(v, &zone))).collect(),
            None => texts.iter().map(|v| v.and_then(date::timestamp)).collect(),
        };
        Ok(Arc::new(values.with_timezone(TIME_ZONE)) as ArrayRef)
    })
}

/// The function `utc_offset`.
pub(crate) fn utc_offset() -> ScalarUDF {
    array_function("utc_offset", vec![DataType::Utf8], DataType::Utf8, |columns| {
        let offset = |text: &str| date::offset(text).map(written);
        let values: StringArray = columns::strings(&columns[0])?.iter().map(|v| v.and_then(offset)).collect();
        Ok(Arc::new(values) as ArrayRef)
    })
}

/// An offset of so many seconds as ISO 8601 writes it.
fn written(seconds: i32) -> String {
    let minutes = seconds.abs() / 60;
    format!("{}{:02}:{:02}", if seconds < 0 { '-' } else { '+' }, minutes / 60, minutes % 60)
}
