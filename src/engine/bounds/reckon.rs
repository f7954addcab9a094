//! How many bytes a function would make, before it makes them.
//!
//! In: a function's name and arguments. Out: an upper bound of its result, for functions that multiply (`repeat`, `lpad`, `range`, …) or
//! put arguments together (`concat`, `make_array`, …), and of arguments that are the same for every row and that a function copies to each.
//! Every other function makes no more than some times its arguments: what it made is measured.

use arrow::array::{Array, ArrayRef, AsArray};
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type, IntervalMonthDayNano, IntervalMonthDayNanoType, IntervalUnit, TimeUnit};
use datafusion::logical_expr::ColumnarValue;

use super::sizes;

/// An argument, row by row.
enum Rows<T> {
    /// The same for every row.
    All(T),
    /// One a row.
    Each(Vec<T>),
}

impl<T: Copy + Default> Rows<T> {
    fn at(&self, row: usize) -> T {
        match self {
            Rows::All(one) => *one,
            Rows::Each(all) => all.get(row).copied().unwrap_or_default(),
        }
    }
}

/// An upper bound of what a call copies and makes.
pub(super) fn bytes(name: &str, args: &[ColumnarValue], rows: usize) -> usize {
    let rows = if args.iter().all(|arg| matches!(arg, ColumnarValue::Scalar(_))) { 1 } else { rows };
    made(name, args, rows).saturating_add(copied(name, args, rows))
}

fn made(name: &str, args: &[ColumnarValue], rows: usize) -> usize {
    match name {
        "repeat" => {
            let (text, count) = (length(args, 0), number(args, 1));
            sum(rows, |row| times(count.at(row), text.at(row)))
        }
        "array_repeat" => {
            let (item, count) = (size(args, 0), number(args, 1));
            sum(rows, |row| times(count.at(row), item.at(row).max(ITEM)))
        }
        "array_resize" => {
            let (list, count, item) = (size(args, 0), number(args, 1), size(args, 2));
            sum(rows, |row| list.at(row).saturating_add(times(count.at(row), item.at(row).max(ITEM))))
        }
        "lpad" | "rpad" => {
            let count = number(args, 1);
            sum(rows, |row| times(count.at(row), CHARACTER))
        }
        "range" | "generate_series" => {
            let items = series(args);
            sum(rows, |row| items(row).saturating_mul(ITEM))
        }
        "replace" => {
            let (text, from, to) = (length(args, 0), length(args, 1), length(args, 2));
            sum(rows, |row| {
                // Nothing is found before, between and behind all characters.
                let found = text.at(row).checked_div(from.at(row)).unwrap_or(text.at(row) + 1);
                text.at(row).saturating_add(found.saturating_mul(to.at(row)))
            })
        }
        "regexp_replace" => replaced(args, rows),
        "array_to_string" => {
            let (list, between, null) = (size(args, 0), length(args, 1), length(args, 2));
            let items = items(args, 0);
            sum(rows, |row| {
                let beside = NUMBER.saturating_add(between.at(row)).saturating_add(null.at(row));
                list.at(row).saturating_add(items.at(row).saturating_mul(beside))
            })
        }
        "concat_ws" => {
            let between = length(args, 0);
            together(args, rows).saturating_add(sum(rows, |row| between.at(row).saturating_mul(args.len())))
        }
        // Two letters of a template say a time with its day and zone.
        "to_char" => {
            let template = length(args, 1);
            sum(rows, |row| template.at(row).saturating_mul(NUMBER))
        }
        "concat" | "||" | "array_concat" | "array_append" | "array_prepend" | "make_array" | "struct"
        | "named_struct" | "map" => together(args, rows),
        _ => 0,
    }
}

/// Bytes of a character, of the text of a number or a time, and of an item of a list, at most.
const CHARACTER: usize = 4;
const NUMBER: usize = 40;
const ITEM: usize = 8;

/// What is the same for every row is copied to each by most functions; lists that are only looked into are not.
fn copied(name: &str, args: &[ColumnarValue], rows: usize) -> usize {
    if rows <= 1 || name.starts_with("array_has") {
        return 0;
    }
    let scalar = |arg: &ColumnarValue| match arg {
        ColumnarValue::Scalar(value) => sizes::of_scalar(value).saturating_mul(rows),
        ColumnarValue::Array(_) => 0,
    };
    args.iter().map(scalar).fold(0, usize::saturating_add)
}

/// All arguments; those that are the same for every row are told by [`copied`].
fn together(args: &[ColumnarValue], rows: usize) -> usize {
    let one = |arg: &ColumnarValue| match arg {
        ColumnarValue::Array(array) => sizes::bytes(array.as_ref()),
        ColumnarValue::Scalar(value) if rows <= 1 => sizes::of_scalar(value),
        ColumnarValue::Scalar(_) => 0,
    };
    args.iter().map(one).fold(0, usize::saturating_add)
}

/// A pattern is found once, or with `g` before each character and at the end; each `$` or `\` may write all that was found.
fn replaced(args: &[ColumnarValue], rows: usize) -> usize {
    let (text, by) = (length(args, 0), length(args, 2));
    let is_once = match args.get(3) {
        None => true,
        Some(ColumnarValue::Scalar(flags)) => !flags.to_string().contains('g'),
        Some(ColumnarValue::Array(_)) => false,
    };
    let groups = match args.get(2) {
        Some(ColumnarValue::Scalar(by)) => Rows::All(by.to_string().matches(['$', '\\']).count()),
        _ => length(args, 2),
    };
    sum(rows, |row| {
        let found = if is_once { 1 } else { text.at(row) + 1 };
        let groups = groups.at(row).saturating_mul(text.at(row));
        found.saturating_mul(by.at(row)).saturating_add(text.at(row)).saturating_add(groups)
    })
}

/// The items of a series in each row.
fn series(args: &[ColumnarValue]) -> impl Fn(usize) -> usize {
    let (from, to) = if args.len() == 1 { (Rows::All(0), number(args, 0)) } else { (number(args, 0), number(args, 1)) };
    let unit = match args.first().map(ColumnarValue::data_type) {
        Some(DataType::Date32) => DAY,
        Some(DataType::Date64 | DataType::Timestamp(TimeUnit::Millisecond, _)) => 1_000_000,
        Some(DataType::Timestamp(TimeUnit::Second, _)) => 1_000_000_000,
        Some(DataType::Timestamp(TimeUnit::Microsecond, _)) => 1000,
        _ => 1,
    };
    let step = match args.get(2) {
        None => Rows::All(1),
        Some(step) => each(step, |array| match array.data_type() {
            DataType::Interval(_) => match cast(array, &DataType::Interval(IntervalUnit::MonthDayNano)) {
                Ok(steps) => {
                    steps.as_primitive::<IntervalMonthDayNanoType>().iter().map(|s| s.map_or(1, nanos)).collect()
                }
                Err(_) => Vec::new(),
            },
            _ => numbers(array).into_iter().map(i128::from).collect(),
        }),
    };
    move |row| {
        let span = (i128::from(to.at(row)) - i128::from(from.at(row))) * unit;
        // A step in the other direction makes nothing, one of nothing is refused by the function itself.
        match (span, step.at(row)) {
            (_, 0) => 0,
            (span, step) if span.signum() * step.signum() < 0 => 0,
            (span, step) => usize::try_from(span / step + 1).unwrap_or(usize::MAX),
        }
    }
}

/// Nanoseconds of a day.
const DAY: i128 = 86_400_000_000_000;

/// The shortest that a step of months, days and nanoseconds may be.
fn nanos(step: IntervalMonthDayNano) -> i128 {
    let days = if step.months < 0 { 31 } else { 28 };
    let least = (i128::from(step.months) * days + i128::from(step.days)) * DAY + i128::from(step.nanoseconds);
    match (least, step.months) {
        // `1 month -28 days` goes on by nothing, or by some days.
        (least, months) if months != 0 && least.signum() != i128::from(months.signum()) => i128::from(months.signum()),
        (least, _) => least,
    }
}

fn sum(rows: usize, of: impl Fn(usize) -> usize) -> usize {
    (0..rows).map(of).fold(0, usize::saturating_add)
}

fn times(count: i64, bytes: usize) -> usize {
    usize::try_from(count).unwrap_or_default().saturating_mul(bytes)
}

/// Something about an argument in each row; nothing where there is no such argument.
fn about<T: Copy + Default>(args: &[ColumnarValue], at: usize, of: impl Fn(&ArrayRef) -> Vec<T>) -> Rows<T> {
    args.get(at).map_or_else(|| Rows::All(T::default()), |arg| each(arg, of))
}

fn each<T: Copy + Default>(arg: &ColumnarValue, of: impl Fn(&ArrayRef) -> Vec<T>) -> Rows<T> {
    match arg {
        ColumnarValue::Array(array) => Rows::Each(of(array)),
        ColumnarValue::Scalar(value) => {
            let one = value.to_array_of_size(1).ok().and_then(|one| of(&one).first().copied());
            Rows::All(one.unwrap_or_default())
        }
    }
}

fn numbers(array: &ArrayRef) -> Vec<i64> {
    let Ok(numbers) = cast(array, &DataType::Int64) else { return Vec::new() };
    numbers.as_primitive::<Int64Type>().iter().map(Option::unwrap_or_default).collect()
}

fn number(args: &[ColumnarValue], at: usize) -> Rows<i64> {
    about(args, at, numbers)
}

/// Bytes of a text.
fn length(args: &[ColumnarValue], at: usize) -> Rows<usize> {
    about(args, at, |array| sizes::lengths(array.as_ref()).unwrap_or_else(|| sizes::each_row(array.as_ref())))
}

/// Bytes of a value.
fn size(args: &[ColumnarValue], at: usize) -> Rows<usize> {
    about(args, at, |array| sizes::each_row(array.as_ref()))
}

/// Items of a list, with those of the lists in it.
fn items(args: &[ColumnarValue], at: usize) -> Rows<usize> {
    about(args, at, |array| {
        let mut depth = 0;
        let mut data_type = array.data_type();
        while let DataType::List(item) | DataType::LargeList(item) | DataType::FixedSizeList(item, _) = data_type {
            depth += 1;
            data_type = item.data_type();
        }
        sizes::items(array.as_ref(), depth)
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, StringArray};
    use datafusion::common::ScalarValue;

    use super::*;

    fn text(text: &str) -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::from(text))
    }

    fn number(number: i64) -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::from(number))
    }

    fn texts(all: &[&str]) -> ColumnarValue {
        ColumnarValue::Array(Arc::new(StringArray::from(all.to_vec())))
    }

    fn step(months: i32, days: i32, nanoseconds: i64) -> ColumnarValue {
        let step = IntervalMonthDayNano { months, days, nanoseconds };
        ColumnarValue::Scalar(ScalarValue::IntervalMonthDayNano(Some(step)))
    }

    fn day(day: i32) -> ColumnarValue {
        ColumnarValue::Scalar(ScalarValue::Date32(Some(day)))
    }

    #[test]
    fn what_a_call_would_make_is_known_before() {
        let counts = ColumnarValue::Array(Arc::new(Int64Array::from(vec![Some(3), None, Some(-1)])));
        for (name, args, rows, expected) in [
            ("repeat", vec![text("xy"), number(1_000_000_000)], 1, 2_000_000_000),
            ("repeat", vec![text("xy"), number(1_000_000_000)], 2048, 2_000_000_000),
            ("repeat", vec![texts(&["a", "bb", "ccc"]), counts], 3, 3),
            // Each row has the count, eight bytes.
            ("repeat", vec![texts(&["a", "bb"]), number(10)], 2, 30 + 16),
            ("lpad", vec![text("a"), number(100)], 1, 400),
            ("replace", vec![text("aaaa"), text("a"), text("0123456789")], 1, 44),
            ("replace", vec![text("aa"), text(""), text("0123456789")], 1, 32),
            ("regexp_replace", vec![text("aaaa"), text("a"), text("xy")], 1, 6),
            ("regexp_replace", vec![text("aaaa"), text("a"), text("x$1"), text("g")], 1, 15 + 4 + 4),
            ("concat", vec![texts(&["a", "bb"]), text("0123456789")], 2, 3 + 16 + 20),
            ("make_array", vec![number(1), number(2)], 1, 16),
            ("range", vec![number(1_000_000)], 1, 8_000_008),
            ("generate_series", vec![number(1), number(10), number(3)], 1, 32),
            ("generate_series", vec![number(10), number(1)], 1, 0),
            ("generate_series", vec![day(0), day(365), step(0, 7, 0)], 1, 53 * 8),
            ("generate_series", vec![day(0), day(365), step(1, 0, 0)], 1, 14 * 8),
            ("array_repeat", vec![text("abcdefghij"), number(5)], 1, 90),
            ("array_to_string", vec![text("x"), text(", ")], 1, 9 + 42),
            ("upper", vec![texts(&["a", "bb"])], 2, 0),
            ("strpos", vec![texts(&["a", "bb"]), text("0123456789")], 2, 20),
            ("array_has", vec![text("0123456789"), texts(&["a", "bb"])], 2, 0),
        ] {
            assert_eq!(bytes(name, &args, rows), expected, "{name} of {rows} rows");
        }
        // A step that may be as short as nothing.
        assert!(bytes("range", &[day(0), day(365), step(1, -28, 0)], 1) > 1 << 50);
    }
}
