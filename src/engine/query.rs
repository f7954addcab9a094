//! What a query that a person wrote reads, and what is wrong in it, in words that name the slip.
//!
//! In: the session, the query, what the engine said. Out: the tables that the query names; the engine's error; where a table is
//! named that is not there, that table and the nearest one, as the engine tells neither a near name nor the name as it was typed.

use std::sync::Arc;

use datafusion::catalog::{MemorySchemaProvider, SchemaProvider, TableProvider};
use datafusion::common::TableReference;
use datafusion::error::DataFusionError;
use datafusion::prelude::{DataFrame, SQLOptions, SessionContext};

use crate::config::problem::did_you_mean;
use crate::error::{Error, Kind, Result};

/// The plan of a query that a person wrote: it may read the tables that the session knows, and do nothing else. Nothing is executed
/// before that is sure; the engine itself makes tables and writes files as soon as it is asked.
///
/// # Errors
/// Bug, where it cannot be planned; usage, where it would do something else than read.
pub(crate) async fn plan(context: &SessionContext, sql: &str) -> Result<DataFrame> {
    let plan = context.state().create_logical_plan(sql).await.map_err(|e| failed(context, sql, e))?;
    let reads = SQLOptions::new().with_allow_ddl(false).with_allow_dml(false).with_allow_statements(false);
    if reads.verify_plan(&plan).is_err() {
        return Err(Error::usage("a query may only read: it makes, changes or sets something")
            .hint("write a SELECT over the tables that are there"));
    }
    Ok(DataFrame::new(context.state(), plan))
}

/// The error of a query that could not be planned. Its kind is the engine's, which calls what it does not understand a bug: only the
/// caller knows whose query it is.
fn failed(context: &SessionContext, sql: &str, engine: DataFusionError) -> Error {
    let error = Error::from(engine);
    match error.kind() {
        Kind::Bug => unknown_table(context, sql).ok().flatten().unwrap_or(error),
        _ => error,
    }
}

/// The tables that a query names, but for those that it makes itself.
///
/// # Errors
/// Bug, where it cannot be parsed: only the caller knows whose query it is.
pub(crate) fn tables(context: &SessionContext, sql: &str) -> Result<Vec<TableReference>> {
    let state = context.state();
    let statement = state.sql_to_statement(sql, &state.config_options().sql_parser.dialect)?;
    Ok(state.resolve_table_references(&statement)?)
}

/// The first table of the query that the session does not know.
fn unknown_table(context: &SessionContext, sql: &str) -> Result<Option<Error>> {
    let state = context.state();
    for table in tables(context, sql)? {
        // An argument in brackets makes it a function of the engine's.
        if context.table_exist(table.clone())? || state.table_functions().contains_key(table.table()) {
            continue;
        }
        let known = names(context, table.schema());
        // Names are small, unless they stand in quotes.
        let near = did_you_mean(&table.table().to_lowercase(), known.iter().map(String::as_str));
        let near = near.map(|near| format!("; {near}")).unwrap_or_default();
        return Ok(Some(Error::bug(format!("there is no table {:?}{near}", table.to_string()))));
    }
    Ok(None)
}

/// The names of the session's tables in a schema; in its own where none is named.
fn names(context: &SessionContext, schema: Option<&str>) -> Vec<String> {
    let state = context.state();
    let default = &state.config_options().catalog;
    let schema = schema.unwrap_or(&default.default_schema);
    let schema = context.catalog(&default.default_catalog).and_then(|catalog| catalog.schema(schema));
    schema.map(|schema| schema.table_names()).unwrap_or_default()
}

/// Registers tables in a schema of the session's own catalog, which has nothing else then: queries name them `schema.table`.
///
/// # Errors
/// As the engine says.
pub(crate) fn register_schema(
    context: &SessionContext,
    schema: &str,
    tables: Vec<(String, Arc<dyn TableProvider>)>,
) -> Result<()> {
    let name = context.state().config_options().catalog.default_catalog.clone();
    let catalog = context.catalog(&name).ok_or_else(|| Error::bug("the session has no catalog"))?;
    let provider = MemorySchemaProvider::new();
    for (table, rows) in tables {
        provider.register_table(table, rows)?;
    }
    catalog.register_schema(schema, Arc::new(provider))?;
    Ok(())
}
