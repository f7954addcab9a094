//! Tables of `information_schema` over the relations of a run. The engine's own has its own names of types, and no keys.

use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion_postgres::pgwire::api::Type;

use super::PUBLIC;
use super::columns::{Column, all_null, all_text, int, maybe, table, text};
use super::relation::{Attribute, Relation};
use super::types::type_name;
use crate::error::Result;
use crate::tables::contract::GOLDEN_CUSTOMER;

/// The tables by their names.
///
/// # Errors
/// Bug, where one cannot be made.
pub(crate) fn tables(database: &str, relations: &[Relation]) -> Result<Vec<(&'static str, Arc<dyn TableProvider>)>> {
    let views = ["table_catalog", "table_schema", "table_name", "view_definition", "check_option", "is_updatable"];
    Ok(vec![
        ("columns", columns(database, relations)?),
        ("constraint_column_usage", constraint_column_usage(database, relations)?),
        ("key_column_usage", key_column_usage(database, relations)?),
        ("referential_constraints", referential_constraints(database, relations)?),
        ("schemata", schemata(database)?),
        ("table_constraints", table_constraints(database, relations)?),
        ("tables", tables_of(database, relations)?),
        ("views", table(all_null(&views, 0))?),
    ])
}

fn schemata(database: &str) -> Result<Arc<dyn TableProvider>> {
    let all = ["information_schema", "pg_catalog", PUBLIC];
    let mut columns = vec![
        text("catalog_name", all.iter().map(|_| database)),
        text("schema_name", all.iter()),
        text("schema_owner", all.iter().map(|_| super::OWNER)),
    ];
    let null =
        ["default_character_set_catalog", "default_character_set_schema", "default_character_set_name", "sql_path"];
    columns.extend(all_null(&null, all.len()));
    table(columns)
}

/// The three columns that say which table a row is about.
fn of_table<'a>(prefix: &str, database: &str, relations: impl Iterator<Item = &'a Relation> + Clone) -> Vec<Column> {
    vec![
        text(&format!("{prefix}_catalog"), relations.clone().map(|_| database)),
        text(&format!("{prefix}_schema"), relations.clone().map(|_| PUBLIC)),
        text(&format!("{prefix}_name"), relations.map(|r| &r.name)),
    ]
}

fn tables_of(database: &str, relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let rows = relations.len();
    let mut columns = of_table("table", database, relations.iter());
    columns.extend(all_text(&["table_type"], "BASE TABLE", rows));
    columns.extend(all_text(&["is_insertable_into", "is_typed"], "NO", rows));
    let null = [
        "self_referencing_column_name",
        "reference_generation",
        "user_defined_type_catalog",
        "user_defined_type_schema",
        "user_defined_type_name",
        "commit_action",
    ];
    columns.extend(all_null(&null, rows));
    table(columns)
}

fn columns(database: &str, relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let all: Vec<(&Relation, usize, &Attribute)> =
        relations.iter().flat_map(|r| r.attributes.iter().enumerate().map(move |(at, a)| (r, at + 1, a))).collect();
    let rows = all.len();
    let mut columns = of_table("table", database, all.iter().map(|(r, _, _)| *r));
    columns.extend([
        text("column_name", all.iter().map(|(_, _, a)| &a.name)),
        int("ordinal_position", all.iter().map(|(_, at, _)| Some(*at as i32))),
        text("is_nullable", all.iter().map(|(_, _, a)| if a.is_required { "NO" } else { "YES" })),
        text("data_type", all.iter().map(|(_, _, a)| data_type(&a.pg_type))),
        text("udt_catalog", all.iter().map(|_| database)),
        text("udt_schema", all.iter().map(|_| "pg_catalog")),
        text("udt_name", all.iter().map(|(_, _, a)| a.pg_type.name().to_string())),
        int(
            "numeric_precision",
            all.iter().map(|(_, _, a)| a.digits.map_or(bits(&a.pg_type), |(d, _)| Some(d.into()))),
        ),
        int(
            "numeric_precision_radix",
            all.iter().map(|(_, _, a)| a.digits.map(|_| 10).or(bits(&a.pg_type).map(|_| 2))),
        ),
        int("numeric_scale", all.iter().map(|(_, _, a)| a.digits.map(|(_, scale)| scale.into()))),
        int("datetime_precision", all.iter().map(|(_, _, a)| (a.pg_type == Type::TIMESTAMPTZ).then_some(6))),
        int("character_maximum_length", all.iter().map(|_| None)),
        int("character_octet_length", all.iter().map(|_| None)),
        maybe("dtd_identifier", all.iter().map(|(_, at, _)| Some(at.to_string()))),
    ]);
    columns.extend(all_text(&["is_identity", "is_self_referencing", "is_updatable"], "NO", rows));
    columns.extend(all_text(&["is_generated"], "NEVER", rows));
    let null = [
        "column_default",
        "interval_type",
        "character_set_name",
        "collation_name",
        "domain_catalog",
        "domain_schema",
        "domain_name",
        "identity_generation",
        "generation_expression",
    ];
    columns.extend(all_null(&null, rows));
    table(columns)
}

/// The name of a type in the standard's words.
fn data_type(pg_type: &Type) -> String {
    let name = type_name(pg_type.oid(), -1);
    if name.ends_with("[]") { "ARRAY".into() } else { name }
}

/// The bits of a number.
fn bits(pg_type: &Type) -> Option<i32> {
    match *pg_type {
        Type::INT2 => Some(16),
        Type::INT4 => Some(32),
        Type::INT8 => Some(64),
        Type::FLOAT8 => Some(53),
        _ => None,
    }
}

/// The keys and references: of which table, the name, whether a key.
fn constraints(relations: &[Relation]) -> Vec<(&Relation, String, bool)> {
    let keys = relations.iter().filter(|r| !r.key.is_empty()).map(|r| (r, r.key_name(), true));
    let references = relations.iter().filter(|r| r.reference.is_some()).map(|r| (r, r.reference_name(), false));
    keys.chain(references).collect()
}

fn of_constraint<'a>(database: &str, names: impl Iterator<Item = &'a str> + Clone) -> Vec<Column> {
    vec![
        text("constraint_catalog", names.clone().map(|_| database)),
        text("constraint_schema", names.clone().map(|_| PUBLIC)),
        text("constraint_name", names),
    ]
}

fn table_constraints(database: &str, relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let all = constraints(relations);
    let rows = all.len();
    let mut columns = of_constraint(database, all.iter().map(|(_, name, _)| name.as_str()));
    columns.extend(of_table("table", database, all.iter().map(|(r, _, _)| *r)));
    columns.push(text(
        "constraint_type",
        all.iter().map(|(_, _, is_key)| if *is_key { "PRIMARY KEY" } else { "FOREIGN KEY" }),
    ));
    columns.extend(all_text(&["is_deferrable", "initially_deferred"], "NO", rows));
    columns.extend(all_text(&["enforced"], "YES", rows));
    table(columns)
}

fn key_column_usage(database: &str, relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let all: Vec<(&Relation, String, bool, i16, i32)> = constraints(relations)
        .into_iter()
        .flat_map(|(r, name, is_key)| {
            let numbers = if is_key { r.key.clone() } else { r.reference.iter().map(|(from, _, _)| *from).collect() };
            numbers.into_iter().zip(1..).map(move |(number, at)| (r, name.clone(), is_key, number, at))
        })
        .collect();
    let mut columns = of_constraint(database, all.iter().map(|(_, name, ..)| name.as_str()));
    columns.extend(of_table("table", database, all.iter().map(|(r, ..)| *r)));
    columns.extend([
        text("column_name", all.iter().map(|(r, _, _, number, _)| r.names(&[*number]))),
        int("ordinal_position", all.iter().map(|(.., at)| Some(*at))),
        int("position_in_unique_constraint", all.iter().map(|(_, _, is_key, _, at)| (!is_key).then_some(*at))),
    ]);
    table(columns)
}

fn golden(relations: &[Relation]) -> impl Fn() -> String {
    let key = relations.iter().find(|r| r.name == GOLDEN_CUSTOMER.name).map(Relation::key_name).unwrap_or_default();
    move || key.clone()
}

fn referential_constraints(database: &str, relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let names: Vec<String> = relations.iter().filter(|r| r.reference.is_some()).map(Relation::reference_name).collect();
    let key = golden(relations);
    let rows = names.len();
    let mut columns = of_constraint(database, names.iter().map(String::as_str));
    columns.extend([
        text("unique_constraint_catalog", names.iter().map(|_| database)),
        text("unique_constraint_schema", names.iter().map(|_| PUBLIC)),
        text("unique_constraint_name", names.iter().map(|_| key())),
    ]);
    columns.extend(all_text(&["match_option"], "NONE", rows));
    columns.extend(all_text(&["update_rule", "delete_rule"], "NO ACTION", rows));
    table(columns)
}

fn constraint_column_usage(database: &str, relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let golden = relations.iter().find(|r| r.name == GOLDEN_CUSTOMER.name);
    let all: Vec<(&Relation, String, String)> = constraints(relations)
        .into_iter()
        .flat_map(|(r, name, is_key)| {
            let (of, numbers) = match (is_key, r.reference, golden) {
                (true, _, _) => (r, r.key.clone()),
                (false, Some((_, _, to)), Some(golden)) => (golden, vec![to]),
                _ => (r, Vec::new()),
            };
            numbers.into_iter().map(move |number| (of, of.names(&[number]), name.clone()))
        })
        .collect();
    let mut columns = of_table("table", database, all.iter().map(|(r, _, _)| *r));
    columns.push(text("column_name", all.iter().map(|(_, column, _)| column.as_str())));
    columns.extend(of_constraint(database, all.iter().map(|(_, _, name)| name.as_str())));
    table(columns)
}
