//! The analyses and the checks: one query each from the pipeline folder, over the golden tables of this run. Days begin in the
//! pipeline's time zone; what is published is in UTC.

pub(crate) mod restate;

use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;

use arrow::datatypes::{Schema, SchemaRef};
use datafusion::catalog::TableProvider;
use datafusion::common::ScalarValue;
use datafusion::datasource::empty::EmptyTable;
use datafusion::logical_expr::{Expr, cast, ident};
use datafusion::prelude::{DataFrame, SessionContext};

use super::Planned;
use crate::config::{Pipeline, SqlFile};
use crate::engine::dates::set_zone;
use crate::engine::query;
use crate::engine::write::Order;
use crate::error::{Error, Kind, Result};
use crate::tables::contract::{
    self, CONSENT, GOLDEN_CUSTOMER, ID_MAP, INTERACTION, LEDGER, REJECT, RESTATEMENT, RUN, SOURCE_RECORD, TIME_ZONE,
    Table,
};
use crate::tables::zone::{in_zone, rows_in_zone};

/// The marts that are published, or those that other marts read: their names begin with `_`.
pub(crate) fn files(pipeline: &Pipeline, published: bool) -> impl Iterator<Item = &SqlFile> {
    pipeline.marts.iter().filter(move |mart| contract::is_published(&mart.name) == published)
}

/// Those of the marts that others read that `these` read, themselves or through another, in the order in which they are made.
///
/// # Errors
/// Configuration, naming the file, where a query cannot be parsed.
pub(crate) fn read_by<'a>(
    context: &SessionContext,
    pipeline: &'a Pipeline,
    these: &[&SqlFile],
) -> Result<Vec<&'a SqlFile>> {
    let named = |mart: &SqlFile| -> Result<Vec<String>> {
        let tables = query::tables(context, &mart.sql).map_err(|e| failed(mart, "marts", e))?;
        Ok(tables.into_iter().map(|table| table.table().to_string()).collect())
    };
    let mut names = HashSet::new();
    for mart in these {
        names.extend(named(mart)?);
    }
    // Each may read those before it, so the last is asked first.
    let mut read: Vec<&SqlFile> = files(pipeline, false).collect();
    for place in (0..read.len()).rev() {
        if names.contains(&read[place].name) {
            names.extend(named(read[place])?);
        } else {
            read.remove(place);
        }
    }
    Ok(read)
}

/// The plan of each of these marts. The tables that they read are known to the session by name.
///
/// # Errors
/// Configuration, naming the file, where a query cannot be planned.
pub(crate) async fn plan<'a>(
    context: &SessionContext,
    pipeline: &Pipeline,
    marts: impl Iterator<Item = &'a SqlFile>,
    as_of: i64,
) -> Result<Vec<Planned>> {
    let mut planned = Vec::new();
    for mart in marts {
        let plan = plan_of(context, pipeline, mart, "marts", as_of).await?;
        planned.push(match contract::find(&mart.name) {
            Some(table) => {
                let key = table.key.iter().map(|k| ident(*k).sort(true, false)).collect();
                let columns: Vec<Expr> =
                    table.columns.iter().map(|c| cast(ident(c.name), c.data_type.arrow()).alias(c.name)).collect();
                Planned::sorted(table, plan.select(columns).map_err(|e| failed(mart, "marts", e.into()))?.sort(key)?)
            }
            // A mart of the pipeline's own has no contract: its columns are those of its query.
            None => Planned {
                table: Table { name: leaked(&mart.name), ja: "", en: "", key: &[], columns: &[] },
                plan: rows_in_zone(plan, TIME_ZONE)?,
                order: Order::Any,
            },
        });
    }
    Ok(planned)
}

/// The tables that marts and checks may read, besides the marts before them.
pub(crate) const READ: [&Table; 7] =
    [&GOLDEN_CUSTOMER, &CONSENT, &INTERACTION, &ID_MAP, &SOURCE_RECORD, &REJECT, &LEDGER];

/// The schema in which checks find the tables of the run before; those that it did not publish are without rows.
pub(crate) const PREVIOUS: &str = "previous";

/// The schema in which checks find the tables that this run is about to publish, and of the events of ids only its own.
pub(crate) const PLAN: &str = "plan";

/// Whether a published table is there when the checks are run: what becomes of earlier figures, and the run itself, come later.
pub(crate) fn is_planned(table: &str) -> bool {
    table != RESTATEMENT.name && table != RUN.name
}

/// The tables of [`PREVIOUS`] or [`PLAN`] that a check names.
///
/// # Errors
/// Configuration, naming the file, where a query cannot be parsed.
pub(crate) fn named_by_checks(context: &SessionContext, pipeline: &Pipeline, schema: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for check in &pipeline.checks {
        let tables = query::tables(context, &check.sql).map_err(|e| failed(check, "checks", e))?;
        found.extend(tables.iter().filter(|t| t.schema() == Some(schema)).map(|t| t.table().to_string()));
    }
    Ok(found)
}

/// Plans every mart and check over tables without rows, so that a query with a slip in it is told before a run begins and not
/// when all but the marts is done. `context` is a session of its own.
///
/// # Errors
/// Configuration, naming every file whose query cannot be planned.
pub(crate) async fn can_be_planned(context: &SessionContext, pipeline: &Pipeline) -> Result<()> {
    let zone = pipeline.zone.name();
    set_zone(context, zone)?;
    let without_rows =
        |name: &str, schema: SchemaRef| context.register_table(name, Arc::new(EmptyTable::new(in_zone(&schema, zone))));
    for table in READ {
        without_rows(table.name, table.schema())?;
    }
    let (mut failures, mut marts) = (Vec::new(), Vec::new());
    for published in [false, true] {
        let mut planned = Vec::new();
        for mart in files(pipeline, published) {
            match columns(context, pipeline, mart).await {
                Ok(plan) if published => planned.push(plan),
                // Those after it may read it; a published one is read by checks alone.
                Ok((name, schema)) => {
                    without_rows(&name, schema)?;
                }
                Err(error) => failures.push(error),
            }
        }
        for (name, schema) in planned {
            without_rows(&name, schema.clone())?;
            marts.push((name, schema));
        }
        // What reads a mart that cannot be planned cannot be planned either.
        told(&mut failures)?;
    }
    for schema in [PREVIOUS, PLAN] {
        let own = contract::published().into_iter().filter(|table| !contract::is_mart(table.name));
        let own = own.filter(|table| schema == PREVIOUS || is_planned(table.name));
        let tables = own.map(|table| (table.name.to_string(), table.schema())).chain(marts.iter().cloned());
        let rows = |(name, schema)| (name, Arc::new(EmptyTable::new(schema)) as Arc<dyn TableProvider>);
        query::register_schema(context, schema, tables.map(rows).collect())?;
    }
    for check in &pipeline.checks {
        let planned = match plan_of(context, pipeline, check, "checks", 0).await {
            Ok(plan) => plan.create_physical_plan().await.map(drop).map_err(|e| failed(check, "checks", e.into())),
            Err(error) => Err(error),
        };
        failures.extend(planned.err());
    }
    told(&mut failures)
}

/// The name of a mart's table and its columns, where the engine can make it.
async fn columns(context: &SessionContext, pipeline: &Pipeline, mart: &SqlFile) -> Result<(String, SchemaRef)> {
    let mut schema = Arc::new(Schema::empty());
    for planned in plan(context, pipeline, std::iter::once(mart), 0).await? {
        schema = Arc::new(planned.plan.schema().as_arrow().clone());
        planned.plan.create_physical_plan().await.map_err(|e| failed(mart, "marts", e.into()))?;
    }
    Ok((mart.name.clone(), schema))
}

/// Nothing, or the one failure, or all of them as one.
fn told(failures: &mut Vec<Error>) -> Result<()> {
    match (failures.pop(), failures.len()) {
        (None, _) => Ok(()),
        (Some(only), 0) => Err(only),
        (Some(last), more) => {
            let all: Vec<String> = failures.drain(..).chain([last]).map(|e| e.message().to_string()).collect();
            Err(Error::config(format!("{} queries cannot be planned:\n  {}", more + 1, all.join("\n  "))).hint(KNOWN))
        }
    }
}

/// Runs every check query; each must return no rows.
///
/// # Errors
/// Data, naming the checks that failed and how many rows each found; configuration where a query cannot be planned.
pub(crate) async fn check(context: &SessionContext, pipeline: &Pipeline, as_of: i64) -> Result<()> {
    let mut failures = Vec::new();
    for check in &pipeline.checks {
        let found = plan_of(context, pipeline, check, "checks", as_of).await?.count().await;
        let rows = found.map_err(|e| failed(check, "checks", e.into()))?;
        if rows > 0 {
            failures.push(format!("{} ({rows} rows)", check.name));
        }
    }
    if failures.is_empty() {
        return Ok(());
    }
    Err(Error::data(format!("checks failed, nothing was published: {}", failures.join(", ")))
        .hint(format!("each check is a query in {} that must return no rows; run it with `nayose sql` on an earlier run, or look at the input", pipeline.folder.join("checks").display())))
}

async fn plan_of(
    context: &SessionContext,
    pipeline: &Pipeline,
    file: &SqlFile,
    folder: &str,
    as_of: i64,
) -> Result<DataFrame> {
    let plan = query::plan(context, &file.sql).await.map_err(|e| failed(file, folder, e))?;
    let mut values: Vec<(String, ScalarValue)> =
        pipeline.parameters.iter().map(|(name, value)| (name.clone(), ScalarValue::from(*value))).collect();
    let zone = pipeline.zone.name();
    values.push(("as_of".into(), ScalarValue::TimestampMicrosecond(Some(as_of), Some(zone.into()))));
    plan.with_param_values(values).map_err(|e| failed(file, folder, e.into()))
}

/// What queries may name.
const KNOWN: &str =
    "the tables and columns are in docs/tables.md; $parameters come from `parameters` in the pipeline file";

/// The error of a query of the pipeline while it ran or was planned: what is wrong in it is no bug of nayose.
pub(crate) fn failed(file: &SqlFile, folder: &str, error: Error) -> Error {
    let kind = if error.kind() == Kind::Bug { Kind::Config } else { error.kind() };
    Error::new(kind, format!("{folder}/{}.sql: {}", file.name, error.message())).hint(KNOWN)
}

/// Names of tables live as long as the process: there are as many as the pipeline has marts.
fn leaked(name: &str) -> &'static str {
    Box::leak(name.to_string().into_boxed_str())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;
    use crate::config::{self, Overrides};

    #[test]
    fn marts_are_read_through_others_and_by_no_other_name() {
        let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail/pipeline.yaml");
        let pipeline = config::load(&file, &Overrides::default()).unwrap();
        let context = SessionContext::new();
        let read = |mart: &str| -> Vec<&str> {
            let these: Vec<&SqlFile> = pipeline.marts.iter().filter(|m| m.name == mart).collect();
            read_by(&context, &pipeline, &these).unwrap().iter().map(|m| m.name.as_str()).collect()
        };
        assert_eq!(read("rfm"), ["_purchase", "_purchaser"], "through another");
        assert_eq!(read("repeat_rate"), ["_purchased_item"]);
        assert_eq!(read("basket"), ["_purchased_item", "_purchased_line"], "in the order in which they are made");
        assert_eq!(read("contact_timeline"), [""; 0]);
    }
}
