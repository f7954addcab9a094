//! `name_part_key(text)`: a family or given name with variant characters folded to one (髙 and 高, 邊 and 辺). `reading_key(kana)`: the
//! key of a name in kana.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use nayose_japanese::{kana, name};

/// The function; null stays null.
pub(crate) fn name_part_key() -> ScalarUDF {
    array_function("name_part_key", vec![DataType::Utf8], DataType::Utf8, |arrays| {
        let keys = columns::strings(&arrays[0])?.iter().map(|text| text.map(name::part_key));
        Ok(Arc::new(keys.collect::<StringArray>()) as ArrayRef)
    })
}

/// The function; null stays null.
pub(crate) fn reading_key() -> ScalarUDF {
    array_function("reading_key", vec![DataType::Utf8], DataType::Utf8, |arrays| {
        let keys = columns::strings(&arrays[0])?.iter().map(|text| text.map(kana::kana_key));
        Ok(Arc::new(keys.collect::<StringArray>()) as ArrayRef)
    })
}
