//! `read_day(text)`: a day as people write it, in eras too; NULL where the text has no whole day. `read_month(text)`: the first day of the
//! month that the text names, with a day or without one. They read the dates of facts, where a day that cannot be read rejects the row.

use std::sync::Arc;

use arrow::array::{ArrayRef, Date32Array};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;
use jiff::civil::Date;

use super::array_function;
use crate::tables::columns;
use nayose_japanese::date;

/// The function `read_day`.
pub(crate) fn read_day() -> ScalarUDF {
    function("read_day", day)
}

/// The function `read_month`.
pub(crate) fn read_month() -> ScalarUDF {
    function("read_month", month)
}

fn function(name: &str, read: fn(&str) -> Option<Date>) -> ScalarUDF {
    array_function(name, vec![DataType::Utf8], DataType::Date32, move |columns| {
        let texts = columns::strings(&columns[0])?;
        let values: Date32Array = texts.iter().map(|text| text.and_then(read).map(since_1970)).collect();
        Ok(Arc::new(values) as ArrayRef)
    })
}

fn day(text: &str) -> Option<Date> {
    date::date(text).value?.civil()
}

fn month(text: &str) -> Option<Date> {
    let found = date::date(text).value?;
    Date::new(found.year, i8::try_from(found.month?).ok()?, 1).ok()
}

/// Days since 1970-01-01.
fn since_1970(day: Date) -> i32 {
    const EPOCH: Date = jiff::civil::date(1970, 1, 1);
    (day - EPOCH).get_days()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_month_is_its_first_day() {
        let read = |text: &str| month(text).map(|day| day.to_string());
        let texts = [
            "2026-03",
            "2026/03",
            "2026-03-01",
            "2026年3月",
            "2026/3",
            "202603",
            "２０２６年３月",
            "2026-03-31",
            "令和8年3月",
        ];
        let wrong: Vec<&str> = texts.into_iter().filter(|text| read(text).as_deref() != Some("2026-03-01")).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        for text in ["", "2026", "3月", "2026-13", "unknown"] {
            assert_eq!(read(text), None, "{text}");
        }
    }

    #[test]
    fn a_day_is_whole() {
        let read = |text: &str| day(text).map(|day| day.to_string());
        for text in ["2024-02-29", "2024/2/29", "2024年2月29日", "20240229", "令和6年2月29日", "2024-02-29 10:00:00"]
        {
            assert_eq!(read(text).as_deref(), Some("2024-02-29"), "{text}");
        }
        for text in ["2023-02-29", "2024-02", "soon", ""] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(since_1970(jiff::civil::date(2024, 2, 29)), 19_782);
    }
}
