//! Small tables in memory, written column by column.

use std::sync::Arc;

use arrow::array::{ArrayRef, BooleanArray, Float32Array, Int16Array, Int32Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::{DataType, Field, Int16Type, Int32Type, Schema};
use datafusion::catalog::TableProvider;
use datafusion::datasource::MemTable;
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::oid_field::{kind, oid_field};

use crate::error::Result;

/// A column: its field and values.
pub(super) type Column = (Field, ArrayRef);

/// A table of columns of one length.
///
/// # Errors
/// Bug, where lengths differ.
pub(super) fn table(columns: Vec<Column>) -> Result<Arc<dyn TableProvider>> {
    let (fields, values): (Vec<Field>, Vec<ArrayRef>) = columns.into_iter().unzip();
    let schema = Arc::new(Schema::new(fields));
    let batch = RecordBatch::try_new(schema.clone(), values)?;
    Ok(Arc::new(MemTable::try_new(schema, vec![vec![batch]])?))
}

/// Object identifiers.
pub(super) fn oid(name: &str, values: impl Iterator<Item = i32>) -> Column {
    (oid_field(name, kind::OID, true), Arc::new(Int32Array::from_iter_values(values)))
}

/// Object identifiers, one list a row.
pub(super) fn oids(name: &str, values: impl Iterator<Item = Vec<i32>>) -> Column {
    let lists = values.map(|list| Some(list.into_iter().map(Some)));
    let lists = ListArray::from_iter_primitive::<Int32Type, _, _>(lists);
    let item = Arc::new(Field::new("item", DataType::Int32, true));
    (Field::new(name, DataType::List(item), true), Arc::new(lists))
}

/// Small whole numbers, one list a row.
pub(super) fn shorts(name: &str, values: impl Iterator<Item = Option<Vec<i16>>>) -> Column {
    let lists = values.map(|list| list.map(|list| list.into_iter().map(Some)));
    let lists = ListArray::from_iter_primitive::<Int16Type, _, _>(lists);
    let item = Arc::new(Field::new("item", DataType::Int16, true));
    (Field::new(name, DataType::List(item), true), Arc::new(lists))
}

/// Texts.
pub(super) fn text<T: AsRef<str>>(name: &str, values: impl Iterator<Item = T>) -> Column {
    let texts: StringArray = values.map(Some).collect();
    (Field::new(name, DataType::Utf8, true), Arc::new(texts))
}

/// Texts that may be missing.
pub(super) fn maybe<T: AsRef<str>>(name: &str, values: impl Iterator<Item = Option<T>>) -> Column {
    let texts: StringArray = values.collect();
    (Field::new(name, DataType::Utf8, true), Arc::new(texts))
}

/// Whole numbers.
pub(super) fn int(name: &str, values: impl Iterator<Item = Option<i32>>) -> Column {
    (Field::new(name, DataType::Int32, true), Arc::new(values.collect::<Int32Array>()))
}

/// Small whole numbers.
pub(super) fn short(name: &str, values: impl Iterator<Item = i16>) -> Column {
    (Field::new(name, DataType::Int16, true), Arc::new(Int16Array::from_iter_values(values)))
}

/// Numbers.
pub(super) fn real(name: &str, values: impl Iterator<Item = f32>) -> Column {
    (Field::new(name, DataType::Float32, true), Arc::new(Float32Array::from_iter_values(values)))
}

/// True or false.
pub(super) fn flag(name: &str, values: impl Iterator<Item = bool>) -> Column {
    let flags: BooleanArray = values.map(Some).collect();
    (Field::new(name, DataType::Boolean, true), Arc::new(flags))
}

/// As many columns as names, of which every row has the same.
pub(super) fn all_flag(names: &[&str], value: bool, rows: usize) -> Vec<Column> {
    names.iter().map(|name| flag(name, std::iter::repeat_n(value, rows))).collect()
}

/// The same with whole numbers.
pub(super) fn all_int(names: &[&str], value: i32, rows: usize) -> Vec<Column> {
    names.iter().map(|name| oid(name, std::iter::repeat_n(value, rows))).collect()
}

/// The same with texts that are missing.
pub(super) fn all_null(names: &[&str], rows: usize) -> Vec<Column> {
    names.iter().map(|name| maybe(name, std::iter::repeat_n(None::<&str>, rows))).collect()
}

/// The same with texts.
pub(super) fn all_text(names: &[&str], value: &str, rows: usize) -> Vec<Column> {
    names.iter().map(|name| text(name, std::iter::repeat_n(value, rows))).collect()
}

/// The same with lists of texts that are missing.
pub(super) fn all_null_lists(names: &[&str], rows: usize) -> Vec<Column> {
    let item = Arc::new(Field::new("item", DataType::Utf8, true));
    let nothing = |name: &&str| {
        let lists = arrow::array::new_null_array(&DataType::List(item.clone()), rows);
        (Field::new(*name, DataType::List(item.clone()), true), lists)
    };
    names.iter().map(nothing).collect()
}
