//! `resolve_customer(id)`: the customer id that an older one is today, however it was typed. Null for what is no id.

use std::sync::Arc;

use arrow::array::{ArrayRef, StringArray};
use arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::array_function;
use crate::tables::columns;
use nayose_matching::identity::alias::Aliases;
use nayose_matching::identity::customer_id;

/// `resolve_customer(id)` with these aliases.
pub(crate) fn resolve_customer(aliases: Aliases) -> ScalarUDF {
    array_function(NAME, vec![DataType::Utf8], DataType::Utf8, move |columns| {
        let ids = columns::strings(&columns[0])?;
        let resolved = ids.iter().map(|id| {
            let id = customer_id::parse(id?)?;
            Some(aliases.resolve(&id).to_string())
        });
        Ok(Arc::new(resolved.collect::<StringArray>()) as ArrayRef)
    })
}

/// Its name in SQL.
pub(crate) const NAME: &str = "resolve_customer";
