//! `number(text)`: a number as people write it. Full width, thousands separators, a yen sign before or after; NULL where it
//! is no number.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, Float64Array};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::{array_function, text};
use crate::japanese::width::fold_width;

/// The function.
pub fn number() -> ScalarUDF {
    array_function("number", vec![DataType::Utf8], DataType::Float64, |columns| {
        let values: Float64Array = text::strings(&columns[0])?.iter().map(|v| v.and_then(parse)).collect();
        Ok(Arc::new(values) as ArrayRef)
    })
}

fn parse(typed: &str) -> Option<f64> {
    if let Ok(number) = typed.parse::<f64>() {
        return number.is_finite().then_some(number);
    }
    let folded = fold_width(typed);
    let bare: String = folded.trim().trim_start_matches(['¥', '\\']).trim_end_matches('円').replace(',', "");
    let bare = bare.strip_prefix('▲').or(bare.strip_prefix('△')).map(|n| format!("-{n}")).unwrap_or(bare);
    bare.trim().parse::<f64>().ok().filter(|n| n.is_finite())
}

#[cfg(test)]
mod tests {
    #[test]
    fn numbers_as_people_write_them() {
        let check = |typed: &str, expected: Option<f64>| assert_eq!(super::parse(typed), expected, "{typed}");
        check("1200", Some(1200.0));
        check("1,200", Some(1200.0));
        check("¥1,200", Some(1200.0));
        check("１，２００円", Some(1200.0));
        check("-3.5", Some(-3.5));
        check("▲300", Some(-300.0));
        check("inf", None);
        check("abc", None);
    }
}
