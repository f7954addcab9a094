//! Functions that tools call about the catalogue, and those that nayose has of its own, as the catalogue lists them.
//!
//! In: relations and who asks. Out: scalar functions of a session. Those of datafusion-pg-catalog that answer with the same text for
//! everybody (`session_user`, `pg_backend_pid`), or that it lacks (`col_description`), are here.

use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, BooleanArray, Int32Array, Int64Array, StringArray};
use arrow::datatypes::{DataType, Field, Int32Type, Int64Type};
use datafusion::error::DataFusionError;
use datafusion::logical_expr::{
    ColumnarValue, ScalarFunctionArgs, ScalarUDF, ScalarUDFImpl, Signature, TypeSignature, Volatility,
};
use datafusion::prelude::SessionContext;
use datafusion_postgres::datafusion_pg_catalog::pg_catalog::{
    self as crate_catalog, array_bounds_udf, generate_series_arg_coercion, has_privilege_udf, oid_type_planner,
    pg_get_expr_udf, quote_ident_udf,
};
use datafusion_postgres::pgwire::api::Type;

use super::relation::Relation;
use super::types::{number_of, type_name};
use super::{OWNER, PUBLIC};
use crate::error::{Error, Result};
use crate::serve::pg::rows::pg_type;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    /// The name of the login.
    pub name: String,
    /// The database.
    pub database: &'static str,
    /// The number of the connection.
    pub pid: i32,
    /// The time zone of the run.
    pub zone: String,
}

/// A function of nayose's own, as the catalogue lists it.
#[derive(Clone, Debug)]
pub(crate) struct Routine {
    /// Its number.
    pub oid: i32,
    /// Its name.
    pub name: String,
    /// The types of its arguments.
    pub arguments: Vec<Type>,
    /// The type of its result.
    pub result: Type,
}

/// The numbers of functions begin here: above Postgres's own, below those of tables.
const FIRST_ROUTINE: i32 = 100_000;

/// The functions that a session has and the engine of itself has not, where their arguments are plain.
pub(crate) fn routines(context: &SessionContext) -> Vec<Routine> {
    let engine = SessionContext::new().state();
    let mut found = Vec::new();
    let state = context.state();
    let mut names: Vec<&String> = state.scalar_functions().keys().collect();
    names.sort();
    for name in names.into_iter().filter(|name| !engine.scalar_functions().contains_key(*name)) {
        let Some(function) = state.scalar_functions().get(name).filter(|f| f.name() == name) else { continue };
        let arguments = match &function.signature().type_signature {
            TypeSignature::Exact(types) => types.clone(),
            TypeSignature::OneOf(several) => match several.last() {
                Some(TypeSignature::Exact(types)) => types.clone(),
                _ => continue,
            },
            _ => continue,
        };
        let told = |data_type: &DataType| pg_type(&Arc::new(Field::new("", data_type.clone(), true))).ok();
        let (Some(types), Ok(result)) =
            (arguments.iter().map(told).collect::<Option<Vec<_>>>(), function.return_type(&arguments))
        else {
            continue;
        };
        let Some(result) = told(&result).filter(|_| !arguments.iter().any(DataType::is_nested)) else { continue };
        let oid = FIRST_ROUTINE + found.len() as i32;
        found.push(Routine { oid, name: name.clone(), arguments: types, result });
    }
    found
}

/// A scalar function of the catalogue.
struct Catalog {
    name: &'static str,
    signature: Signature,
    result: DataType,
    body: Body,
}

/// The columns of the arguments and the number of rows in; a column out.
type Body = Arc<dyn Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync>;

impl std::fmt::Debug for Catalog {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

impl PartialEq for Catalog {
    fn eq(&self, other: &Self) -> bool {
        self.name == other.name && Arc::ptr_eq(&self.body, &other.body)
    }
}

impl Eq for Catalog {}

impl std::hash::Hash for Catalog {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.name.hash(state);
    }
}

impl ScalarUDFImpl for Catalog {
    fn name(&self) -> &str {
        self.name
    }

    fn signature(&self) -> &Signature {
        &self.signature
    }

    fn return_type(&self, _: &[DataType]) -> std::result::Result<DataType, DataFusionError> {
        Ok(self.result.clone())
    }

    fn invoke_with_args(&self, arguments: ScalarFunctionArgs) -> std::result::Result<ColumnarValue, DataFusionError> {
        let columns = ColumnarValue::values_to_arrays(&arguments.args)?;
        // Arguments that are all constants come as one row.
        let rows = columns.first().map_or(arguments.number_rows, |column| column.len());
        let result = (self.body)(&columns, rows)?;
        if result.len() == 1 && arguments.number_rows != 1 {
            let one = datafusion::scalar::ScalarValue::try_from_array(&result, 0)?;
            return Ok(ColumnarValue::Scalar(one));
        }
        Ok(ColumnarValue::Array(result))
    }
}

/// A function that may be called with each of these lists of arguments.
fn function(
    name: &'static str,
    arguments: &[&[DataType]],
    result: DataType,
    body: impl Fn(&[ArrayRef], usize) -> Result<ArrayRef> + Send + Sync + 'static,
) -> ScalarUDF {
    let each = arguments.iter().map(|types| match types.is_empty() {
        true => TypeSignature::Nullary,
        false => TypeSignature::Exact(types.to_vec()),
    });
    let signature = Signature::one_of(each.collect(), Volatility::Stable);
    ScalarUDF::from(Catalog { name, signature, result, body: Arc::new(body) })
}

// Numbers in a query are 64 bits wide, columns of the catalogue 32, which the engine widens.
const OID: DataType = DataType::Int64;
const NUMBER: DataType = DataType::Int64;
const TEXT: DataType = DataType::Utf8;
const FLAG: DataType = DataType::Boolean;

/// A function that says the same to every row.
fn constant(name: &'static str, arguments: &[&[DataType]], said: Option<&str>) -> ScalarUDF {
    let said = said.map(str::to_string);
    function(name, arguments, TEXT, move |_, rows| {
        Ok(Arc::new(std::iter::repeat_n(said.as_deref(), rows.max(1)).collect::<StringArray>()))
    })
}

/// A function that is true for every row, or false.
fn always(name: &'static str, arguments: &[&[DataType]], said: bool) -> ScalarUDF {
    function(name, arguments, FLAG, move |_, rows| Ok(Arc::new(BooleanArray::from(vec![said; rows.max(1)]))))
}

/// A text about each number.
fn about(
    name: &'static str,
    arguments: &[&[DataType]],
    told: impl Fn(i32, &[ArrayRef], usize) -> Option<String> + Send + Sync + 'static,
) -> ScalarUDF {
    function(name, arguments, TEXT, move |columns, rows| {
        let numbers = columns[0].as_primitive::<Int64Type>();
        let said = (0..rows).map(|row| {
            numbers
                .is_valid(row)
                .then_some(())
                .and_then(|()| told(i32::try_from(numbers.value(row)).ok()?, columns, row))
        });
        Ok(Arc::new(said.collect::<StringArray>()))
    })
}

/// Registers the functions, and what makes the engine read Postgres's types.
pub(crate) fn register(
    context: &SessionContext,
    who: &Person,
    relations: &Arc<Vec<Relation>>,
    routines: &Arc<Vec<Routine>>,
) {
    let version = format!("PostgreSQL {} (nayose {})", super::super::SERVER_VERSION, env!("CARGO_PKG_VERSION"));
    let pid = who.pid;
    let visible: [&[DataType]; 1] = [&[OID]];
    let size: [&[DataType]; 2] = [&[OID], &[TEXT]];
    let own = [
        constant("version", &[&[]], Some(&version)),
        constant("current_database", &[&[]], Some(who.database)),
        constant("current_schema", &[&[]], Some(PUBLIC)),
        constant("session_user", &[&[]], Some(&who.name)),
        constant("pg_get_userbyid", &[&[OID]], Some(OWNER)),
        constant("pg_get_viewdef", &[&[OID], &[OID, FLAG]], None),
        constant("pg_get_function_sqlbody", &[&[OID]], None),
        constant("pg_get_triggerdef", &[&[OID], &[OID, FLAG]], None),
        constant("shobj_description", &[&[OID, TEXT]], None),
        function("pg_backend_pid", &[&[]], DataType::Int32, move |_, rows| {
            Ok(Arc::new(Int32Array::from(vec![pid; rows.max(1)])))
        }),
        always("pg_table_is_visible", &visible, true),
        always("pg_type_is_visible", &visible, true),
        always("pg_function_is_visible", &visible, true),
        always("pg_collation_is_visible", &visible, true),
        always("pg_is_in_recovery", &[&[]], false),
        // Bytes of a lake's files are not those of a table's pages.
        function("pg_table_size", &size, DataType::Int64, unknown),
        function("pg_relation_size", &size, DataType::Int64, unknown),
        function("pg_total_relation_size", &size, DataType::Int64, unknown),
        function("pg_database_size", &size, DataType::Int64, unknown),
        function("pg_size_pretty", &[&[DataType::Int64]], TEXT, |columns, _| {
            let bytes = columns[0].as_primitive::<Int64Type>();
            Ok(Arc::new(bytes.iter().map(|bytes| bytes.map(|bytes| format!("{bytes} bytes"))).collect::<StringArray>()))
        }),
        function("pg_encoding_to_char", &[&[NUMBER]], TEXT, |_, rows| {
            Ok(Arc::new(StringArray::from(vec!["UTF8"; rows])))
        }),
        about("format_type", &[&[OID, NUMBER]], |number, columns, row| {
            let modifier = columns[1].as_primitive::<Int64Type>();
            Some(type_name(number as u32, if modifier.is_valid(row) { modifier.value(row) as i32 } else { -1 }))
        }),
    ];
    let crates = [
        crate_catalog::create_current_schemas_udf(),
        crate_catalog::create_pg_get_partkeydef_udf(),
        crate_catalog::create_pg_relation_is_publishable_udf(),
        crate_catalog::create_pg_get_statisticsobjdef_columns_udf(),
        crate_catalog::create_pg_stat_get_numscans(),
        crate_catalog::create_pg_get_partition_ancestors_udf(),
        pg_get_expr_udf::create_pg_get_expr_udf(),
        quote_ident_udf::create_quote_ident_udf(),
        quote_ident_udf::create_parse_ident_udf(),
        array_bounds_udf::create_array_upper_udf(),
        array_bounds_udf::create_array_lower_udf(),
        has_privilege_udf::create_has_privilege_udf("has_table_privilege"),
        has_privilege_udf::create_has_privilege_udf("has_schema_privilege"),
        has_privilege_udf::create_has_privilege_udf("has_database_privilege"),
        has_privilege_udf::create_has_privilege_udf("has_any_column_privilege"),
    ];
    let looked_up = vec![
        current_setting(who),
        to_regclass(relations),
        regclassout(relations),
        regproc(routines),
        to_regtype(),
        array_subscripts(),
    ];
    let told = [descriptions(relations), definitions(relations, routines), looked_up];
    for udf in crates.into_iter().chain(own).chain(told.into_iter().flatten()) {
        context.register_udf(udf);
    }
    let state = context.state_ref();
    let typed = datafusion::execution::session_state::SessionStateBuilder::new_from_existing(state.read().clone())
        .with_type_planner(Arc::new(oid_type_planner::PgOidTypePlanner))
        .build();
    *state.write() = typed;
    generate_series_arg_coercion::CoerceIntArgsToBigInt::widen(context);
}

fn unknown(_: &[ArrayRef], rows: usize) -> Result<ArrayRef> {
    Ok(Arc::new(Int64Array::from(vec![None; rows])))
}

/// Comments.
fn descriptions(relations: &Arc<Vec<Relation>>) -> Vec<ScalarUDF> {
    let (of_columns, of_tables) = (relations.clone(), relations.clone());
    let comment = move |number: i32| of_tables.iter().find(|r| r.oid == number).and_then(|r| r.comment.clone());
    vec![
        about("col_description", &[&[OID, NUMBER]], move |number, columns, row| {
            let at = usize::try_from(columns[1].as_primitive::<Int64Type>().value(row) - 1).ok()?;
            of_columns.iter().find(|r| r.oid == number)?.attributes.get(at)?.comment.clone()
        }),
        about("obj_description", &[&[OID], &[OID, TEXT]], move |number, _, _| comment(number)),
    ]
}

/// What keys, indexes and functions are, in words of SQL.
fn definitions(relations: &Arc<Vec<Relation>>, routines: &Arc<Vec<Routine>>) -> Vec<ScalarUDF> {
    let (constraints, indexes) = (relations.clone(), relations.clone());
    let (results, arguments, same, whole) = (routines.clone(), routines.clone(), routines.clone(), routines.clone());
    let found = |routines: &[Routine], number: i32| routines.iter().find(|f| f.oid == number).cloned();
    let listed = |f: Routine| f.arguments.iter().map(|t| type_name(t.oid(), -1)).collect::<Vec<_>>().join(", ");
    vec![
        about("pg_get_constraintdef", &[&[OID], &[OID, FLAG]], move |number, _, _| {
            let key = constraints.iter().find(|r| r.key_oid() == number && !r.key.is_empty());
            let key = key.map(|r| format!("PRIMARY KEY ({})", r.names(&r.key)));
            key.or_else(|| {
                let of = constraints.iter().find(|r| r.reference_oid() == number)?;
                let (from, to, column) = of.reference?;
                let to = constraints.iter().find(|r| r.oid == to)?;
                Some(format!("FOREIGN KEY ({}) REFERENCES {}({})", of.names(&[from]), to.name, to.names(&[column])))
            })
        }),
        about("pg_get_indexdef", &[&[OID], &[OID, NUMBER, FLAG]], move |number, columns, row| {
            let of = indexes.iter().find(|r| r.index_oid() == number)?;
            let at = columns.get(1).map_or(0, |c| c.as_primitive::<Int64Type>().value(row));
            match usize::try_from(at - 1) {
                Ok(at) => of.key.get(at).map(|n| of.names(&[*n])),
                Err(_) => Some(format!(
                    "CREATE UNIQUE INDEX {} ON {PUBLIC}.{} USING btree ({})",
                    of.key_name(),
                    of.name,
                    of.names(&of.key)
                )),
            }
        }),
        about("pg_get_function_result", &[&[OID]], move |number, _, _| {
            found(&results, number).map(|f| type_name(f.result.oid(), -1))
        }),
        // As Postgres shows a function that is made of no SQL.
        about("pg_get_functiondef", &[&[OID]], move |number, _, _| {
            let f = found(&whole, number)?;
            let (name, result, arguments) = (f.name.clone(), type_name(f.result.oid(), -1), listed(f));
            Some(format!(
                "CREATE OR REPLACE FUNCTION {PUBLIC}.{name}({arguments})\n RETURNS {result}\n LANGUAGE internal\n \
                 IMMUTABLE PARALLEL SAFE STRICT\nAS $function${name}$function$\n"
            ))
        }),
        about("pg_get_function_arguments", &[&[OID]], move |number, _, _| found(&arguments, number).map(listed)),
        about("pg_get_function_identity_arguments", &[&[OID]], move |number, _, _| found(&same, number).map(listed)),
    ]
}

/// The number of a table by its name, as Postgres's function of this name; of a number, that number.
fn to_regclass(relations: &Arc<Vec<Relation>>) -> ScalarUDF {
    let relations = relations.clone();
    let found = move |name: &str| -> Option<i32> {
        if let Ok(number) = name.parse() {
            return Some(number);
        }
        let name = name.replace('"', "");
        let bare = name.rsplit('.').next().unwrap_or_default();
        let own = relations.iter().find(|r| r.name == bare).map(|r| r.oid);
        own.or_else(|| SYSTEM_TABLES.iter().find(|(_, system)| *system == bare).map(|(number, _)| *number))
    };
    function("to_regclass", &[&[TEXT]], DataType::Int32, move |columns, _| {
        let names = columns[0].as_string::<i32>();
        Ok(Arc::new(names.iter().map(|name| found(name?)).collect::<Int32Array>()))
    })
}

/// The name of a table by its number, as Postgres writes it; the number itself where there is none.
fn regclassout(relations: &Arc<Vec<Relation>>) -> ScalarUDF {
    let relations = relations.clone();
    about("regclassout", &[&[OID]], move |number, _, _| {
        let own = relations.iter().find(|r| r.oid == number).map(|r| r.name.clone());
        let system = || SYSTEM_TABLES.iter().find(|(of, _)| *of == number).map(|(_, name)| name.to_string());
        Some(own.or_else(system).unwrap_or_else(|| number.to_string()))
    })
}

/// The number of one of nayose's functions by its name, as Postgres's cast to `regproc`: an error where there is none.
fn regproc(routines: &Arc<Vec<Routine>>) -> ScalarUDF {
    let routines = routines.clone();
    let found = move |name: &str| -> Result<i32> {
        let bare = name.split('(').next().unwrap_or(name).replace('"', "");
        let bare = bare.rsplit('.').next().unwrap_or_default().trim();
        let own = routines.iter().find(|f| f.name == bare).map(|f| f.oid);
        own.ok_or_else(|| {
            Error::usage(format!("there is no function {bare:?} of nayose's own"))
                .hint("`\\df` lists those that nayose has; those of the engine have no text that could be shown")
        })
    };
    function("regproc", &[&[TEXT]], DataType::Int32, move |columns, _| {
        let names = columns[0].as_string::<i32>();
        let numbers = names.iter().map(|name| name.map(&found).transpose());
        Ok(Arc::new(numbers.collect::<Result<Int32Array>>()?))
    })
}

/// The number of a type by its name; null for one that is not there, as those of extensions.
fn to_regtype() -> ScalarUDF {
    function("to_regtype", &[&[TEXT]], DataType::Int32, |columns, _| {
        let names = columns[0].as_string::<i32>();
        Ok(Arc::new(names.iter().map(|name| number_of(name?)).collect::<Int32Array>()))
    })
}

/// The positions of a list's items, from 1: what Postgres's `generate_subscripts` makes rows of.
fn array_subscripts() -> ScalarUDF {
    let list = |item: DataType| DataType::List(Arc::new(Field::new("item", item, true)));
    let (shorts, numbers) = ([list(DataType::Int16), DataType::Int64], [list(DataType::Int32), DataType::Int64]);
    function("array_subscripts", &[&shorts, &numbers], list(DataType::Int32), |columns, rows| {
        let lists = columns[0].as_list::<i32>();
        let positions = (0..rows).map(|row| {
            let items = if lists.is_valid(row) { lists.value_length(row) } else { 0 };
            Some((1..=items).map(Some))
        });
        Ok(Arc::new(arrow::array::ListArray::from_iter_primitive::<Int32Type, _, _>(positions)))
    })
}

/// Tables of `pg_catalog` that others point to by number, and the numbers that every Postgres has for them.
pub(super) const SYSTEM_TABLES: [(i32, &str); 9] = [
    (1247, "pg_type"),
    (1249, "pg_attribute"),
    (1255, "pg_proc"),
    (1259, "pg_class"),
    (1262, "pg_database"),
    (2606, "pg_constraint"),
    (2609, "pg_description"),
    (2610, "pg_index"),
    (2615, "pg_namespace"),
];

fn current_setting(who: &Person) -> ScalarUDF {
    let zone = who.zone.clone();
    function("current_setting", &[&[TEXT], &[TEXT, FLAG]], TEXT, move |columns, _| {
        let names = columns[0].as_string::<i32>();
        let said = names.iter().map(|name| setting(&name?.to_lowercase(), &zone));
        Ok(Arc::new(said.collect::<StringArray>()))
    })
}

/// The value of a setting that never changes here; `None` for one that is not there.
pub(crate) fn setting(name: &str, zone: &str) -> Option<String> {
    let said = match name {
        "server_version" => super::super::SERVER_VERSION,
        "server_version_num" => super::super::SERVER_VERSION_NUMBER,
        "server_encoding" | "client_encoding" => "UTF8",
        "timezone" => zone,
        "datestyle" => "ISO, YMD",
        "intervalstyle" => "postgres",
        "search_path" => PUBLIC,
        "standard_conforming_strings"
        | "default_transaction_read_only"
        | "transaction_read_only"
        | "integer_datetimes" => "on",
        "transaction_isolation" | "default_transaction_isolation" => "repeatable read",
        "max_identifier_length" => "63",
        "bytea_output" => "hex",
        "extra_float_digits" => "1",
        "is_superuser" | "in_hot_standby" => "off",
        "application_name" | "lc_messages" | "session_preload_libraries" => "",
        _ => return None,
    };
    Some(said.to_string())
}
