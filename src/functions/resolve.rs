//! `resolve_customer(id)`: the customer id that an older one is today, however it was typed. Null for what is no id.

use std::sync::Arc;

use datafusion::arrow::array::{ArrayRef, StringArray};
use datafusion::arrow::datatypes::DataType;
use datafusion::logical_expr::ScalarUDF;

use super::{array_function, text};
use crate::identity::alias::Aliases;
use crate::identity::customer_id;

/// `resolve_customer(id)` with these aliases.
pub fn resolve_customer(aliases: Aliases) -> ScalarUDF {
    array_function(NAME, vec![DataType::Utf8], DataType::Utf8, move |columns| {
        let ids = text::strings(&columns[0])?;
        let resolved = ids.iter().map(|id| {
            let id = customer_id::parse(id?)?;
            Some(aliases.resolve(&id).to_string())
        });
        Ok(Arc::new(resolved.collect::<StringArray>()) as ArrayRef)
    })
}

/// Its name in SQL.
pub const NAME: &str = "resolve_customer";
