//! Access to Arrow columns by name and type, with errors instead of panics.

use arrow::array::{
    Array, ArrayRef, AsArray, Date32Array, Float64Array, Int64Array, ListArray, RecordBatch, StringArray, StructArray,
    TimestampMicrosecondArray,
};
use arrow::datatypes::{Date32Type, Float64Type, Int64Type, TimestampMicrosecondType};
use datafusion::error::{DataFusionError, Result};

/// The column as text.
///
/// # Errors
/// If it is of another type.
pub(crate) fn strings(array: &ArrayRef) -> Result<&StringArray> {
    array.as_string_opt().ok_or_else(|| wrong("text", array))
}

/// The column as 64-bit integers.
///
/// # Errors
/// If it is of another type.
pub(crate) fn longs(array: &ArrayRef) -> Result<&Int64Array> {
    array.as_primitive_opt::<Int64Type>().ok_or_else(|| wrong("integers", array))
}

/// The column as numbers with a fraction.
///
/// # Errors
/// If it is of another type.
pub(crate) fn doubles(array: &ArrayRef) -> Result<&Float64Array> {
    array.as_primitive_opt::<Float64Type>().ok_or_else(|| wrong("numbers", array))
}

/// The column as microseconds.
///
/// # Errors
/// If it is of another type.
pub(crate) fn times(array: &ArrayRef) -> Result<&TimestampMicrosecondArray> {
    array.as_primitive_opt::<TimestampMicrosecondType>().ok_or_else(|| wrong("timestamps", array))
}

/// The column as dates.
///
/// # Errors
/// If it is of another type.
pub(crate) fn dates(array: &ArrayRef) -> Result<&Date32Array> {
    array.as_primitive_opt::<Date32Type>().ok_or_else(|| wrong("dates", array))
}

/// The column as lists.
///
/// # Errors
/// If it is of another type.
pub(crate) fn lists(array: &ArrayRef) -> Result<&ListArray> {
    array.as_list_opt::<i32>().ok_or_else(|| wrong("lists", array))
}

/// The column as structs.
///
/// # Errors
/// If it is of another type.
pub(crate) fn structs(array: &ArrayRef) -> Result<&StructArray> {
    array.as_struct_opt().ok_or_else(|| wrong("structs", array))
}

/// A field of a struct column.
///
/// # Errors
/// If there is none of that name.
pub(crate) fn field<'a>(array: &'a StructArray, name: &str) -> Result<&'a ArrayRef> {
    array.column_by_name(name).ok_or_else(|| DataFusionError::Internal(format!("a struct lacks {name}")))
}

/// A column of a batch.
///
/// # Errors
/// If there is none of that name.
pub(crate) fn named<'a>(batch: &'a RecordBatch, name: &str) -> Result<&'a ArrayRef> {
    batch.column_by_name(name).ok_or_else(|| DataFusionError::Internal(format!("rows lack {name}")))
}

/// The value of a row, or `None` where it is null.
pub(crate) fn text_at(array: &StringArray, row: usize) -> Option<&str> {
    array.is_valid(row).then(|| array.value(row))
}

fn wrong(want: &str, array: &ArrayRef) -> DataFusionError {
    DataFusionError::Internal(format!("{want} expected, found {}", array.data_type()))
}
