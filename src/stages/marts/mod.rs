//! The analyses and the checks: one query each from the pipeline folder, over the golden tables of this run. Days begin in the
//! pipeline's time zone; what is published is in UTC.

pub(crate) mod chosen;
pub(crate) mod restate;
pub(crate) mod segments;
pub(crate) mod telling;

use std::collections::BTreeSet;
use std::sync::Arc;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
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
    self, CONSENT, CONSENT_BY_RECORD, GOLDEN_CUSTOMER, ID_EVENT, ID_MAP, IDENTITY_AT_THRESHOLD, INTERACTION, LEDGER,
    MEDIUM_SPEND, PRODUCT, REJECT, RESTATEMENT, RUN, SEGMENT_MEMBER, SEGMENT_TABLES, SOURCE_RECORD, STORE, TIME_ZONE,
    Table,
};
use crate::tables::zone::{in_zone, rows_in_zone};
use chosen::{Chosen, Told};
use segments::choice::SegmentChoice;
use segments::{List, Segments};

/// The plan of a mart. The tables that it reads are known to the session by name.
///
/// # Errors
/// Configuration, naming the file, where the query cannot be planned, or has other columns than its head promises.
pub(crate) async fn plan(context: &SessionContext, pipeline: &Pipeline, mart: &SqlFile, as_of: i64) -> Result<Planned> {
    let plan = plan_of(context, pipeline, mart, as_of).await?;
    let Some(table) = contract::of_pipeline(pipeline, &mart.name) else {
        // A mart of the pipeline's own may promise nothing: its columns are those of its query.
        return Ok(Planned {
            table: Table::without_contract(&mart.name),
            plan: rows_in_zone(plan, TIME_ZONE)?,
            order: Order::Kept,
        });
    };
    as_promised(mart, table, &plan)?;
    let key = table.key.iter().map(|k| ident(*k).sort(true, false)).collect();
    let columns: Vec<Expr> =
        table.columns.iter().map(|c| cast(ident(c.name), c.data_type.arrow()).alias(c.name)).collect();
    Ok(Planned::sorted(table, plan.select(columns).map_err(|e| failed(mart, e.into()))?.sort(key)?))
}

/// Holds the columns of a mart's query against those that its head promises: the same names, in any order.
fn as_promised(mart: &SqlFile, table: &Table, plan: &DataFrame) -> Result<()> {
    if mart.head.as_ref().is_none_or(|head| head.columns.is_empty()) {
        return Ok(());
    }
    let have: Vec<&str> = plan.schema().fields().iter().map(|field| field.name().as_str()).collect();
    let listed = |names: &[&str]| names.join(", ");
    let lacking: Vec<&str> = table.columns.iter().map(|c| c.name).filter(|name| !have.contains(name)).collect();
    let more: Vec<&str> = have.iter().copied().filter(|name| !table.columns.iter().any(|c| c.name == *name)).collect();
    let what = match (lacking.is_empty(), more.is_empty()) {
        (true, true) => return Ok(()),
        (false, true) => format!("the query lacks {}, which its head promises", listed(&lacking)),
        (true, false) => format!("the query has {}, which its head does not name", listed(&more)),
        (false, false) => {
            format!("the query has {} where its head promises {}", listed(&more), listed(&lacking))
        }
    };
    Err(Error::config(format!("{}: {what}", mart.shown()))
        .hint("write a `-- column:` line for each column of the query, and for no other"))
}

/// The tables that marts and checks may read, besides the marts before them.
pub(crate) const READ: [&Table; 12] = [
    &GOLDEN_CUSTOMER,
    &CONSENT,
    &CONSENT_BY_RECORD,
    &INTERACTION,
    &ID_MAP,
    &SOURCE_RECORD,
    &REJECT,
    &LEDGER,
    &PRODUCT,
    &STORE,
    &MEDIUM_SPEND,
    &IDENTITY_AT_THRESHOLD,
];

/// The schema in which marts and checks find the tables of the run before; those that it did not publish are without rows.
pub(crate) const PREVIOUS: &str = "previous";

/// The schema in which checks find the tables that this run is about to publish, and of the events of ids only its own.
pub(crate) const PLAN: &str = "plan";

/// Whether a published table is there when the checks are run: what becomes of earlier figures, and the run itself, come later.
pub(crate) fn is_planned(table: &str) -> bool {
    table != RESTATEMENT.name && table != RUN.name
}

/// The tables of [`PREVIOUS`] or [`PLAN`] that marts or checks name.
///
/// # Errors
/// Configuration, naming the file, where a query cannot be parsed.
pub(crate) fn named_by(context: &SessionContext, files: &[&SqlFile], schema: &str) -> Result<BTreeSet<String>> {
    let mut found = BTreeSet::new();
    for file in files {
        let tables = query::tables(context, &file.sql).map_err(|e| failed(file, e))?;
        found.extend(tables.iter().filter(|t| t.schema() == Some(schema)).map(|t| t.table().to_string()));
    }
    Ok(found)
}

/// Plans every mart and check over tables without rows, so that a query with a slip in it is told before a run begins and not
/// when all but the marts is done. `context` is a session of its own. Answers what a person is told of them.
///
/// # Errors
/// Configuration, naming every file whose query cannot be planned.
pub(crate) async fn can_be_planned(context: &SessionContext, pipeline: &Pipeline) -> Result<Told> {
    let zone = pipeline.zone.name();
    set_zone(context, zone)?;
    let without_rows =
        |name: &str, schema: SchemaRef| context.register_table(name, Arc::new(EmptyTable::new(in_zone(&schema, zone))));
    for table in READ.into_iter().chain([&ID_EVENT]) {
        without_rows(table.name, table.schema())?;
    }
    let chosen = Chosen::of(context, pipeline)?;
    for table in &chosen.without_rows {
        without_rows(table.name, table.schema())?;
    }
    // Marts see of the run before what has a contract; checks also what a mart of the pipeline's own turns out to be.
    let own = contract::published().into_iter().filter(|table| !contract::is_mart(table.name));
    let heads = chosen.published().filter_map(|mart| contract::of_pipeline(pipeline, &mart.name));
    let before = own.chain(heads).map(|table| {
        let rows: Arc<dyn TableProvider> = Arc::new(EmptyTable::new(in_zone(&table.schema(), zone)));
        (table.name.to_string(), rows)
    });
    query::register_schema(context, PREVIOUS, before.collect())?;
    let (mut failures, mut marts) = (Vec::new(), Vec::new());
    let mut failing: BTreeSet<&str> = BTreeSet::new();
    for mart in &chosen.marts {
        // What reads a mart that cannot be planned cannot be planned either.
        if chosen.reads_any(&mart.name, &failing) {
            failing.insert(&mart.name);
            continue;
        }
        match columns(context, pipeline, mart).await {
            Ok(schema) => {
                without_rows(&mart.name, schema.clone())?;
                if contract::is_published(&mart.name) {
                    marts.push((mart.name.clone(), schema));
                }
            }
            Err(error) => {
                failing.insert(&mart.name);
                failures.push(error);
            }
        }
    }
    told(&mut failures)?;
    if !pipeline.segments.is_empty() {
        segments_can_be_planned(context, pipeline, &chosen.segments).await?;
        for table in SEGMENT_TABLES {
            without_rows(table.name, table.schema())?;
            marts.push((table.name.to_string(), table.schema()));
        }
    }
    for schema in [PREVIOUS, PLAN] {
        let own = contract::published().into_iter().filter(|table| !contract::is_mart(table.name));
        let own = own.filter(|table| schema == PREVIOUS || is_planned(table.name));
        let tables = own.map(|table| (table.name.to_string(), table.schema())).chain(marts.iter().cloned());
        let rows = |(name, schema)| (name, Arc::new(EmptyTable::new(schema)) as Arc<dyn TableProvider>);
        query::register_schema(context, schema, tables.map(rows).collect())?;
    }
    for check in &chosen.checks {
        let planned = match plan_of(context, pipeline, check, 0).await {
            Ok(plan) => plan.create_physical_plan().await.map(drop).map_err(|e| failed(check, e.into())),
            Err(error) => Err(error),
        };
        failures.extend(planned.err());
    }
    told(&mut failures)?;
    Ok(chosen.told())
}

/// Plans the members of every segment, and what becomes of those of every list.
async fn segments_can_be_planned(context: &SessionContext, pipeline: &Pipeline, of: &SegmentChoice<'_>) -> Result<()> {
    let segments = Segments { context, pipeline, as_of: 0 };
    let mut failures = Vec::new();
    for segment in of.segments.iter().copied() {
        let planned = match segments.member_plan(&[segment]).await {
            Ok(planned) => {
                planned.plan.create_physical_plan().await.map(drop).map_err(|e| segments::failed(segment, e.into()))
            }
            Err(error) => Err(error),
        };
        failures.extend(planned.err());
    }
    told(&mut failures)?;
    let members = context.read_batch(RecordBatch::new_empty(SEGMENT_MEMBER.schema()))?;
    let mut lists: Vec<List<'_>> = Vec::new();
    for &(segment, send) in &of.lists {
        match segments.list((segment, send), &members, &lists).await {
            Ok(rows) => {
                let planned = rows.clone().create_physical_plan().await;
                failures.extend(planned.err().map(|e| segments::failed(segment, e.into())));
                lists.push(List { segment, send, rows });
            }
            Err(error) => failures.push(error),
        }
    }
    told(&mut failures)
}

/// The columns of a mart, where the engine can make it.
async fn columns(context: &SessionContext, pipeline: &Pipeline, mart: &SqlFile) -> Result<SchemaRef> {
    let planned = plan(context, pipeline, mart, 0).await?;
    let schema = Arc::new(planned.plan.schema().as_arrow().clone());
    planned.plan.create_physical_plan().await.map_err(|e| failed(mart, e.into()))?;
    Ok(schema)
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
pub(crate) async fn check(
    context: &SessionContext,
    pipeline: &Pipeline,
    checks: &[&SqlFile],
    as_of: i64,
) -> Result<()> {
    let mut failures = Vec::new();
    let mut folders: BTreeSet<String> = BTreeSet::new();
    for check in checks {
        let found = plan_of(context, pipeline, check, as_of).await?.count().await;
        let rows = found.map_err(|e| failed(check, e.into()))?;
        if rows > 0 {
            failures.push(format!("{} ({rows} rows)", check.name));
            folders.insert(pipeline.folder.join(&check.folder).display().to_string());
        }
    }
    let folders = folders.into_iter().collect::<Vec<_>>().join(" or ");
    if failures.is_empty() {
        return Ok(());
    }
    Err(Error::data(format!("checks failed, nothing was published: {}", failures.join(", ")))
        .hint(format!("each check is a query in {} that must return no rows; run it with `nayose sql` on an earlier run, or look at the input", folders)))
}

async fn plan_of(context: &SessionContext, pipeline: &Pipeline, file: &SqlFile, as_of: i64) -> Result<DataFrame> {
    let plan = query::plan(context, &file.sql).await.map_err(|e| failed(file, e))?;
    let mut values: Vec<(String, ScalarValue)> =
        pipeline.parameters.iter().map(|(name, value)| (name.clone(), ScalarValue::from(*value))).collect();
    let zone = pipeline.zone.name();
    values.push(("as_of".into(), ScalarValue::TimestampMicrosecond(Some(as_of), Some(zone.into()))));
    plan.with_param_values(values).map_err(|e| failed(file, e.into()))
}

/// What queries may name.
const KNOWN: &str =
    "the tables and columns are in docs/tables.md; $parameters come from `parameters` in the pipeline file";

/// The error of a query of the pipeline while it ran or was planned: what is wrong in it is no bug of nayose.
pub(crate) fn failed(file: &SqlFile, error: Error) -> Error {
    let kind = if error.kind() == Kind::Bug { Kind::Config } else { error.kind() };
    Error::new(kind, format!("{}: {}", file.shown(), error.message())).hint(KNOWN)
}
