//! Tables of `pg_catalog` over the relations of a run.

use std::collections::BTreeSet;
use std::sync::Arc;

use datafusion::catalog::TableProvider;
use datafusion_postgres::pgwire::api::Type;

use super::columns::{
    Column, all_flag, all_int, all_null, all_null_lists, all_text, flag, int, oid, oids, real, short, shorts, table,
    text,
};
use super::functions::Routine;
use super::relation::{Attribute, Relation};
use super::types::item_of;
use super::{OWNER, OWNER_OID, PUBLIC, PUBLIC_OID};
use crate::error::Result;

/// Numbers that are the same in every Postgres: of `pg_catalog`, `pg_class`, `pg_namespace`, and of the language of functions.
const PG_CATALOG_OID: i32 = 11;
const PG_CLASS_OID: i32 = 1259;
const INTERNAL_LANGUAGE_OID: i32 = 12;

/// The number of `information_schema`: Postgres gives it the first free one at its birth.
const INFORMATION_OID: i32 = 13_000;

/// The number of the database: the first that Postgres gives away.
const DATABASE_OID: i32 = 16_384;

/// The number that Postgres has for UTF-8.
const UTF8: i32 = 6;

/// The tables by their names.
///
/// # Errors
/// Bug, where one cannot be made.
pub(crate) fn tables(
    database: &str,
    relations: &[Relation],
    routines: &[Routine],
) -> Result<Vec<(&'static str, Arc<dyn TableProvider>)>> {
    Ok(vec![
        ("pg_attribute", pg_attribute(relations)?),
        ("pg_class", pg_class(relations)?),
        ("pg_constraint", pg_constraint(relations)?),
        ("pg_database", pg_database(database)?),
        ("pg_description", pg_description(relations)?),
        ("pg_index", pg_index(relations)?),
        ("pg_namespace", pg_namespace()?),
        ("pg_proc", pg_proc(routines)?),
        ("pg_roles", pg_roles()?),
        ("pg_tables", pg_tables(relations)?),
    ])
}

/// The columns after some others.
fn with(mut columns: Vec<Column>, more: impl IntoIterator<Item = Vec<Column>>) -> Vec<Column> {
    columns.extend(more.into_iter().flatten());
    columns
}

/// A row of `pg_class`: a table, or the index of its key.
struct Class<'a> {
    of: &'a Relation,
    is_index: bool,
}

fn pg_class(relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let classes: Vec<Class<'_>> = relations
        .iter()
        .flat_map(|of| {
            [Some(Class { of, is_index: false }), (!of.key.is_empty()).then_some(Class { of, is_index: true })]
        })
        .flatten()
        .collect();
    let rows = classes.len();
    let referred: BTreeSet<i32> = relations.iter().filter_map(|r| Some(r.reference?.1)).collect();
    let is_referred = |r: &Relation| r.reference.is_some() || referred.contains(&r.oid);
    let number = |c: &Class<'_>| if c.is_index { c.of.index_oid() } else { c.of.oid };
    let columns = vec![
        oid("oid", classes.iter().map(number)),
        text("relname", classes.iter().map(|c| if c.is_index { c.of.key_name() } else { c.of.name.clone() })),
        oid("relnamespace", classes.iter().map(|_| PUBLIC_OID)),
        oid("relowner", classes.iter().map(|_| OWNER_OID)),
        // The heap and the B-tree of every Postgres.
        oid("relam", classes.iter().map(|c| if c.is_index { 403 } else { 2 })),
        oid("relfilenode", classes.iter().map(number)),
        real("reltuples", classes.iter().map(|c| c.of.rows as f32)),
        flag("relhasindex", classes.iter().map(|c| !c.is_index && !c.of.key.is_empty())),
        text("relkind", classes.iter().map(|c| if c.is_index { "i" } else { "r" })),
        short(
            "relnatts",
            classes.iter().map(|c| if c.is_index { c.of.key.len() as i16 } else { c.of.attributes.len() as i16 }),
        ),
        short("relchecks", classes.iter().map(|_| 0)),
        // Postgres holds references by triggers: of a table that has some psql asks for references.
        flag("relhastriggers", classes.iter().map(|c| !c.is_index && is_referred(c.of))),
        flag("relispopulated", classes.iter().map(|_| true)),
        text("relpersistence", classes.iter().map(|_| "p")),
        text("relreplident", classes.iter().map(|_| "d")),
    ];
    let zero = ["reltype", "reloftype", "reltablespace", "relpages", "relallvisible", "reltoastrelid", "relrewrite"];
    let no = [
        "relisshared",
        "relhasrules",
        "relhassubclass",
        "relrowsecurity",
        "relforcerowsecurity",
        "relispartition",
        "relhasoids",
    ];
    table(with(
        columns,
        [
            all_int(&zero, 0, rows),
            all_flag(&no, false, rows),
            all_int(&["relfrozenxid", "relminmxid"], 0, rows),
            all_null_lists(&["relacl", "reloptions"], rows),
            all_null(&["relpartbound"], rows),
        ],
    ))
}

fn pg_attribute(relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let of_table =
        relations.iter().flat_map(|r| r.attributes.iter().enumerate().map(move |(at, a)| (r.oid, at + 1, a)));
    let of_index = relations.iter().flat_map(|r| {
        let named = move |n: &i16| r.attributes.get(usize::try_from(n - 1).ok()?);
        r.key.iter().filter_map(named).enumerate().map(move |(at, a)| (r.index_oid(), at + 1, a))
    });
    let all: Vec<(i32, usize, &Attribute)> = of_table.chain(of_index).collect();
    let rows = all.len();
    let columns = vec![
        oid("attrelid", all.iter().map(|(of, _, _)| *of)),
        text("attname", all.iter().map(|(_, _, a)| &a.name)),
        oid("atttypid", all.iter().map(|(_, _, a)| a.pg_type.oid() as i32)),
        short("attlen", all.iter().map(|(_, _, a)| length(&a.pg_type))),
        short("attnum", all.iter().map(|(_, at, _)| *at as i16)),
        int("atttypmod", all.iter().map(|(_, _, a)| Some(modifier(a)))),
        int("attndims", all.iter().map(|(_, _, a)| Some(i32::from(is_array(&a.pg_type))))),
        flag("attbyval", all.iter().map(|(_, _, a)| (1..=8).contains(&length(&a.pg_type)))),
        flag("attnotnull", all.iter().map(|(_, _, a)| a.is_required)),
        text("attalign", all.iter().map(|_| "i")),
        text("attstorage", all.iter().map(|(_, _, a)| if length(&a.pg_type) < 0 { "x" } else { "p" })),
        flag("attislocal", all.iter().map(|_| true)),
        int("attstattarget", all.iter().map(|_| Some(-1))),
        int("attcacheoff", all.iter().map(|_| Some(-1))),
        // The collation of texts that a database has unless something else is said.
        oid("attcollation", all.iter().map(|(_, _, a)| if is_text(&a.pg_type) { 100 } else { 0 })),
        int("attinhcount", all.iter().map(|_| Some(0))),
    ];
    let no = ["atthasdef", "atthasmissing", "attisdropped"];
    let empty = ["attidentity", "attgenerated", "attcompression"];
    let null = ["attoptions", "attfdwoptions", "attmissingval"];
    table(with(
        columns,
        [
            all_flag(&no, false, rows),
            all_text(&empty, "", rows),
            all_null(&null, rows),
            all_null_lists(&["attacl"], rows),
        ],
    ))
}

/// Bytes of a value; -1 where they differ.
fn length(pg_type: &Type) -> i16 {
    match *pg_type {
        Type::BOOL => 1,
        Type::INT2 => 2,
        Type::INT4 | Type::FLOAT4 | Type::DATE => 4,
        Type::INT8 | Type::FLOAT8 | Type::TIMESTAMP | Type::TIMESTAMPTZ | Type::TIME => 8,
        Type::INTERVAL => 16,
        _ => -1,
    }
}

/// The number into which Postgres packs digits and scale of a `numeric`; -1 where there is nothing to say.
fn modifier(attribute: &Attribute) -> i32 {
    attribute.digits.map_or(-1, |(digits, scale)| ((i32::from(digits) << 16) | i32::from(scale)) + 4)
}

fn is_array(pg_type: &Type) -> bool {
    item_of(pg_type).is_some()
}

fn is_text(pg_type: &Type) -> bool {
    matches!(*pg_type, Type::TEXT | Type::TEXT_ARRAY)
}

/// A row of `pg_constraint`: a key, or a reference.
struct Constraint<'a> {
    of: &'a Relation,
    to: Option<(i16, i32, i16)>,
}

fn pg_constraint(relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let keys = relations.iter().filter(|r| !r.key.is_empty()).map(|of| Constraint { of, to: None });
    let references = relations.iter().filter(|r| r.reference.is_some()).map(|of| Constraint { of, to: of.reference });
    let all: Vec<Constraint<'_>> = keys.chain(references).collect();
    let rows = all.len();
    let is_key = |c: &Constraint<'_>| c.to.is_none();
    let columns = vec![
        oid("oid", all.iter().map(|c| if is_key(c) { c.of.key_oid() } else { c.of.reference_oid() })),
        text("conname", all.iter().map(|c| if is_key(c) { c.of.key_name() } else { c.of.reference_name() })),
        oid("connamespace", all.iter().map(|_| PUBLIC_OID)),
        text("contype", all.iter().map(|c| if is_key(c) { "p" } else { "f" })),
        oid("conrelid", all.iter().map(|c| c.of.oid)),
        oid("conindid", all.iter().map(|c| if is_key(c) { c.of.index_oid() } else { 0 })),
        oid("confrelid", all.iter().map(|c| c.to.map_or(0, |(_, to, _)| to))),
        shorts("conkey", all.iter().map(|c| Some(c.to.map_or_else(|| c.of.key.clone(), |(from, _, _)| vec![from])))),
        shorts("confkey", all.iter().map(|c| c.to.map(|(_, _, to)| vec![to]))),
        text("confupdtype", all.iter().map(|c| if is_key(c) { " " } else { "a" })),
        text("confdeltype", all.iter().map(|c| if is_key(c) { " " } else { "a" })),
        text("confmatchtype", all.iter().map(|c| if is_key(c) { " " } else { "s" })),
        flag("convalidated", all.iter().map(|_| true)),
        flag("conislocal", all.iter().map(|_| true)),
        flag("connoinherit", all.iter().map(|_| true)),
        short("coninhcount", all.iter().map(|_| 0)),
    ];
    table(with(
        columns,
        [
            all_flag(&["condeferrable", "condeferred"], false, rows),
            all_int(&["contypid", "conparentid"], 0, rows),
            all_null(&["conpfeqop", "conppeqop", "conffeqop", "confdelsetcols", "conexclop", "conbin"], rows),
        ],
    ))
}

fn pg_index(relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let all: Vec<&Relation> = relations.iter().filter(|r| !r.key.is_empty()).collect();
    let rows = all.len();
    let zeros = |r: &&Relation| vec![0; r.key.len()];
    let columns = vec![
        oid("indexrelid", all.iter().map(|r| r.index_oid())),
        oid("indrelid", all.iter().map(|r| r.oid)),
        short("indnatts", all.iter().map(|r| r.key.len() as i16)),
        short("indnkeyatts", all.iter().map(|r| r.key.len() as i16)),
        shorts("indkey", all.iter().map(|r| Some(r.key.clone()))),
        oids("indcollation", all.iter().map(zeros)),
        oids("indclass", all.iter().map(zeros)),
        shorts("indoption", all.iter().map(|r| Some(vec![0; r.key.len()]))),
    ];
    let yes = ["indisunique", "indisprimary", "indimmediate", "indisvalid", "indisready", "indislive"];
    let no = ["indnullsnotdistinct", "indisexclusion", "indisclustered", "indcheckxmin", "indisreplident"];
    table(with(
        columns,
        [all_flag(&yes, true, rows), all_flag(&no, false, rows), all_null(&["indexprs", "indpred"], rows)],
    ))
}

fn pg_description(relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let of_table = relations.iter().filter_map(|r| Some((r.oid, 0, r.comment.as_deref()?)));
    let of_column = relations.iter().flat_map(|r| {
        r.attributes.iter().enumerate().filter_map(|(at, a)| Some((r.oid, at as i32 + 1, a.comment.as_deref()?)))
    });
    let all: Vec<(i32, i32, &str)> = of_table.chain(of_column).collect();
    table(vec![
        oid("objoid", all.iter().map(|(of, _, _)| *of)),
        oid("classoid", all.iter().map(|_| PG_CLASS_OID)),
        int("objsubid", all.iter().map(|(_, at, _)| Some(*at))),
        text("description", all.iter().map(|(_, _, said)| *said)),
    ])
}

fn pg_namespace() -> Result<Arc<dyn TableProvider>> {
    let all = [(PG_CATALOG_OID, "pg_catalog"), (PUBLIC_OID, PUBLIC), (INFORMATION_OID, "information_schema")];
    let columns = vec![
        oid("oid", all.iter().map(|(number, _)| *number)),
        text("nspname", all.iter().map(|(_, name)| *name)),
        oid("nspowner", all.iter().map(|_| OWNER_OID)),
    ];
    table(with(columns, [all_null_lists(&["nspacl"], all.len())]))
}

fn pg_database(name: &str) -> Result<Arc<dyn TableProvider>> {
    let columns = vec![
        oid("oid", [DATABASE_OID].into_iter()),
        text("datname", [name].into_iter()),
        oid("datdba", [OWNER_OID].into_iter()),
        int("encoding", [Some(UTF8)].into_iter()),
        text("datlocprovider", ["c"].into_iter()),
        text("datcollate", ["C.UTF-8"].into_iter()),
        text("datctype", ["C.UTF-8"].into_iter()),
        flag("datallowconn", [true].into_iter()),
        int("datconnlimit", [Some(-1)].into_iter()),
    ];
    let null = ["daticulocale", "datlocale", "daticurules", "datcollversion"];
    table(with(
        columns,
        [
            all_flag(&["datistemplate", "dathasloginevt"], false, 1),
            all_int(&["datlastsysoid", "datfrozenxid", "datminmxid", "dattablespace"], 0, 1),
            all_null(&null, 1),
            all_null_lists(&["datacl"], 1),
        ],
    ))
}

fn pg_roles() -> Result<Arc<dyn TableProvider>> {
    let no = ["rolsuper", "rolcreaterole", "rolcreatedb", "rolcanlogin", "rolreplication", "rolbypassrls"];
    table(with(
        vec![
            oid("oid", [OWNER_OID].into_iter()),
            text("rolname", [OWNER].into_iter()),
            flag("rolinherit", [true].into_iter()),
            int("rolconnlimit", [Some(-1)].into_iter()),
        ],
        [all_flag(&no, false, 1), all_null(&["rolpassword", "rolvaliduntil", "rolconfig"], 1)],
    ))
}

fn pg_tables(relations: &[Relation]) -> Result<Arc<dyn TableProvider>> {
    let rows = relations.len();
    table(with(
        vec![
            text("schemaname", relations.iter().map(|_| PUBLIC)),
            text("tablename", relations.iter().map(|r| &r.name)),
            text("tableowner", relations.iter().map(|_| OWNER)),
            flag("hasindexes", relations.iter().map(|r| !r.key.is_empty())),
        ],
        [all_flag(&["hasrules", "hastriggers", "rowsecurity"], false, rows), all_null(&["tablespace"], rows)],
    ))
}

fn pg_proc(routines: &[Routine]) -> Result<Arc<dyn TableProvider>> {
    let rows = routines.len();
    let columns = vec![
        oid("oid", routines.iter().map(|f| f.oid)),
        text("proname", routines.iter().map(|f| &f.name)),
        oid("pronamespace", routines.iter().map(|_| PUBLIC_OID)),
        oid("proowner", routines.iter().map(|_| OWNER_OID)),
        oid("prolang", routines.iter().map(|_| INTERNAL_LANGUAGE_OID)),
        text("prokind", routines.iter().map(|_| "f")),
        short("pronargs", routines.iter().map(|f| f.arguments.len() as i16)),
        short("pronargdefaults", routines.iter().map(|_| 0)),
        oid("prorettype", routines.iter().map(|f| f.result.oid() as i32)),
        text(
            "proargtypes",
            routines.iter().map(|f| {
                let numbers: Vec<String> = f.arguments.iter().map(|t| t.oid().to_string()).collect();
                numbers.join(" ")
            }),
        ),
        text("provolatile", routines.iter().map(|_| "i")),
        text("proparallel", routines.iter().map(|_| "s")),
        flag("proisstrict", routines.iter().map(|_| true)),
        real("procost", routines.iter().map(|_| 1.0)),
        real("prorows", routines.iter().map(|_| 0.0)),
        text("prosrc", routines.iter().map(|f| &f.name)),
    ];
    let null = [
        "proallargtypes",
        "proargmodes",
        "proargnames",
        "proargdefaults",
        "protrftypes",
        "probin",
        "prosqlbody",
        "proconfig",
        "prosupport",
    ];
    table(with(
        columns,
        [
            all_flag(&["prosecdef", "proleakproof", "proretset"], false, rows),
            all_int(&["provariadic"], 0, rows),
            all_null(&null, rows),
            all_null_lists(&["proacl"], rows),
        ],
    ))
}
