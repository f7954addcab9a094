//! The analyses and the checks: one query each from the pipeline folder, over the golden tables of this run.

pub mod restate;

use datafusion::common::ScalarValue;
use datafusion::logical_expr::{Expr, cast, ident};
use datafusion::prelude::{DataFrame, SessionContext};

use super::Planned;
use crate::config::{Pipeline, SqlFile};
use crate::contract::{self, TIME_ZONE, Table};
use crate::error::{Error, Kind, Result};
use crate::materialize::Order;

/// The marts that are published, or those that other marts read: their names begin with `_`.
pub fn files(pipeline: &Pipeline, published: bool) -> impl Iterator<Item = &SqlFile> {
    pipeline.marts.iter().filter(move |mart| contract::is_published(&mart.name) == published)
}

/// The plan of each of these marts. The tables that they read are known to the session by name.
///
/// # Errors
/// Configuration, naming the file, where a query cannot be planned.
pub async fn plan<'a>(
    context: &SessionContext,
    pipeline: &Pipeline,
    marts: impl Iterator<Item = &'a SqlFile>,
    as_of: i64,
) -> Result<Vec<Planned>> {
    let mut planned = Vec::new();
    for mart in marts {
        let plan = query(context, pipeline, mart, "marts", as_of).await?;
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
                plan,
                order: Order::Any,
            },
        });
    }
    Ok(planned)
}

/// Runs every check query; each must return no rows.
///
/// # Errors
/// Data, naming the checks that failed and how many rows each found; configuration where a query cannot be planned.
pub async fn check(context: &SessionContext, pipeline: &Pipeline, as_of: i64) -> Result<()> {
    let mut failures = Vec::new();
    for check in &pipeline.checks {
        let rows = query(context, pipeline, check, "checks", as_of).await?.count().await?;
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

async fn query(
    context: &SessionContext,
    pipeline: &Pipeline,
    file: &SqlFile,
    folder: &str,
    as_of: i64,
) -> Result<DataFrame> {
    let plan = context.sql(&file.sql).await.map_err(|e| failed(file, folder, e.into()))?;
    let mut values: Vec<(String, ScalarValue)> =
        pipeline.parameters.iter().map(|(name, value)| (name.clone(), ScalarValue::from(*value))).collect();
    values.push(("as_of".into(), ScalarValue::TimestampMicrosecond(Some(as_of), Some(TIME_ZONE.into()))));
    plan.with_param_values(values).map_err(|e| failed(file, folder, e.into()))
}

fn failed(file: &SqlFile, folder: &str, error: Error) -> Error {
    let kind = if error.kind() == Kind::Bug { Kind::Config } else { error.kind() };
    Error::new(kind, format!("{folder}/{}.sql: {}", file.name, error.message()))
        .hint("the tables and columns are in the README; $parameters come from `parameters` in the pipeline file")
}

/// Names of tables live as long as the process: there are as many as the pipeline has marts.
fn leaked(name: &str) -> &'static str {
    Box::leak(name.to_string().into_boxed_str())
}
