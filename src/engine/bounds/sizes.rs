//! How many bytes values have: of whole columns, and row by row.
//!
//! In: columns as the engine has them, often slices of larger ones. Out: bytes of what the slice shows, not of the buffers behind it.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, OffsetSizeTrait};
use arrow::buffer::OffsetBuffer;
use arrow::datatypes::DataType;
use datafusion::common::ScalarValue;

/// Bytes of the values of a column.
pub(super) fn bytes(array: &dyn Array) -> usize {
    match array.data_type().primitive_width() {
        Some(width) => width.saturating_mul(array.len()),
        None => each_row(array).iter().fold(0, |sum, row| sum.saturating_add(*row)),
    }
}

/// Bytes of the widest row of some columns of one length.
pub(super) fn widest<'a>(columns: impl Iterator<Item = &'a ArrayRef>) -> usize {
    rows(columns).into_iter().max().unwrap_or_default()
}

/// Bytes of each row of some columns of one length.
pub(super) fn rows<'a>(columns: impl Iterator<Item = &'a ArrayRef>) -> Vec<usize> {
    let mut sums: Vec<usize> = Vec::new();
    for column in columns {
        let each = each_row(column.as_ref());
        if sums.is_empty() {
            sums = each;
            continue;
        }
        for (sum, row) in sums.iter_mut().zip(each) {
            *sum = sum.saturating_add(row);
        }
    }
    sums
}

/// Bytes of each row of a column.
pub(super) fn each_row(array: &dyn Array) -> Vec<usize> {
    let rows = array.len();
    if let Some(mut lengths) = lengths(array) {
        for length in &mut lengths {
            *length += BESIDE;
        }
        return lengths;
    }
    match array.data_type() {
        DataType::FixedSizeBinary(width) => vec![*width as usize; rows],
        DataType::List(_) => of_lists(array.as_list::<i32>().values(), array.as_list::<i32>().offsets()),
        DataType::LargeList(_) => of_lists(array.as_list::<i64>().values(), array.as_list::<i64>().offsets()),
        DataType::Map(..) => {
            let entries: ArrayRef = Arc::new(array.as_map().entries().clone());
            of_lists(&entries, array.as_map().offsets())
        }
        DataType::Struct(_) => {
            let sums = self::rows(array.as_struct().columns().iter());
            if sums.is_empty() { vec![1; rows] } else { sums }
        }
        // A flag takes a bit.
        DataType::Null | DataType::Boolean => vec![1; rows],
        other => match other.primitive_width() {
            Some(width) => vec![width; rows],
            // Unions, dictionaries and what else nobody has here: the buffers, in equal parts.
            None => vec![array.get_array_memory_size().div_ceil(rows.max(1)); rows],
        },
    }
}

/// Bytes of each text of a column, or of each value of bytes; `None` where it has others.
pub(super) fn lengths(array: &dyn Array) -> Option<Vec<usize>> {
    Some(match array.data_type() {
        DataType::Utf8 => array.as_string::<i32>().offsets().lengths().collect(),
        DataType::LargeUtf8 => array.as_string::<i64>().offsets().lengths().collect(),
        DataType::Binary => array.as_binary::<i32>().offsets().lengths().collect(),
        DataType::LargeBinary => array.as_binary::<i64>().offsets().lengths().collect(),
        DataType::Utf8View => array.as_string_view().lengths().map(|n| n as usize).collect(),
        DataType::BinaryView => array.as_binary_view().lengths().map(|n| n as usize).collect(),
        _ => return None,
    })
}

/// Bytes of an offset or a view beside a text or a list.
const BESIDE: usize = 8;

fn of_lists<O: OffsetSizeTrait>(values: &ArrayRef, offsets: &OffsetBuffer<O>) -> Vec<usize> {
    let (first, last) = (offsets[0].as_usize(), offsets[offsets.len() - 1].as_usize());
    let each = each_row(values.slice(first, last - first).as_ref());
    let mut items = each.into_iter();
    offsets.lengths().map(|length| items.by_ref().take(length).fold(BESIDE, usize::saturating_add)).collect()
}

/// Items of each row's list; with a depth beyond 1 those of the lists in it. A row that has none counts as one.
pub(super) fn items(array: &dyn Array, depth: usize) -> Vec<usize> {
    let (values, lengths, first): (&ArrayRef, Vec<usize>, usize) = match array.data_type() {
        DataType::List(_) => {
            let list = array.as_list::<i32>();
            (list.values(), list.offsets().lengths().collect(), list.offsets()[0] as usize)
        }
        DataType::LargeList(_) => {
            let list = array.as_list::<i64>();
            (list.values(), list.offsets().lengths().collect(), list.offsets()[0] as usize)
        }
        DataType::FixedSizeList(_, size) => return vec![(*size as usize).max(1); array.len()],
        _ => return vec![1; array.len()],
    };
    if depth <= 1 {
        return lengths.into_iter().map(|length| length.max(1)).collect();
    }
    let all = lengths.iter().sum();
    let mut below = items(values.slice(first, all).as_ref(), depth - 1).into_iter();
    lengths.into_iter().map(|length| below.by_ref().take(length).sum::<usize>().max(1)).collect()
}

/// Bytes of one value.
pub(super) fn of_scalar(value: &ScalarValue) -> usize {
    match value {
        ScalarValue::Utf8(text) | ScalarValue::LargeUtf8(text) | ScalarValue::Utf8View(text) => {
            text.as_ref().map_or(0, String::len)
        }
        ScalarValue::Binary(bytes) | ScalarValue::LargeBinary(bytes) | ScalarValue::BinaryView(bytes) => {
            bytes.as_ref().map_or(0, Vec::len)
        }
        ScalarValue::List(list) => bytes(list.as_ref()),
        ScalarValue::LargeList(list) => bytes(list.as_ref()),
        ScalarValue::Struct(fields) => bytes(fields.as_ref()),
        ScalarValue::Map(map) => bytes(map.as_ref()),
        ScalarValue::Null | ScalarValue::Boolean(_) => 1,
        other => other.data_type().primitive_width().unwrap_or_else(|| other.size()),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow::array::{Int64Array, LargeStringArray, ListArray, StringArray, StringViewArray};
    use arrow::datatypes::Int64Type;

    use super::*;

    #[test]
    fn a_slice_has_the_bytes_that_it_shows() {
        let texts = StringArray::from(vec![Some("a"), None, Some("長い"), Some("abc")]);
        assert_eq!(each_row(&texts), [9, 8, 14, 11]);
        assert_eq!(each_row(&texts.slice(2, 1)), [14]);
        let views = StringViewArray::from(vec!["a", "a text that is longer than a view"]);
        assert_eq!(each_row(&views.slice(1, 1)), [33 + 8]);
        assert_eq!(each_row(&LargeStringArray::from(vec!["ab"])), [10]);
        let lists = vec![Some(vec![Some(1), Some(2)]), None, Some(vec![Some(3)])];
        let lists = ListArray::from_iter_primitive::<Int64Type, _, _>(lists);
        assert_eq!(each_row(&lists), [24, 8, 16]);
        assert_eq!(each_row(&lists.slice(1, 2)), [8, 16]);
        assert_eq!(bytes(&lists.slice(2, 1)), 16);
        assert_eq!(items(&lists.slice(1, 2), 1), [1, 1]);
        assert_eq!(items(&lists, 1), [2, 1, 1]);
        let columns: [ArrayRef; 2] = [Arc::new(lists), Arc::new(Int64Array::from(vec![1, 2, 3]))];
        assert_eq!(rows(columns.iter()), [32, 16, 24]);
        assert_eq!(widest(columns.iter()), 32);
    }

    #[test]
    fn lists_in_lists_count_what_is_in_them() {
        let item = Arc::new(arrow::datatypes::Field::new_list_field(DataType::Int64, true));
        let inner = ListArray::from_iter_primitive::<Int64Type, _, _>(vec![
            Some(vec![Some(1); 3]),
            Some(vec![Some(1); 4]),
            Some(vec![Some(1); 5]),
        ]);
        let field = Arc::new(arrow::datatypes::Field::new_list_field(DataType::List(item), true));
        let outer = ListArray::new(field, OffsetBuffer::from_lengths([2, 1]), Arc::new(inner), None);
        assert_eq!(items(&outer, 2), [7, 5]);
        assert_eq!(items(&outer.slice(1, 1), 2), [5]);
    }
}
