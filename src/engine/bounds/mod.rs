//! Bounds for queries that other people write: memory that the engine's pool does not know.
//!
//! The pool counts what operators hold: sorts, groups, the smaller side of a join. It does not count what expressions make, so that
//! `repeat('x', 1000000000)` takes a gigabyte of a process that promised less. In: a session. Out: the same session, whose queries fail with
//! an error where one step ([`step`]) would make more than its [`Limit`], before it is made where that can be reckoned ([`reckon`]).
//!
//! Functions are bounded ([`function`]) where the session knows them by name, and where a plan has them without a name: operators, literals of
//! lists, what the optimizer puts in place of others. Operators are bounded ([`operator`]) in the plan that runs.

mod aggregate;
mod function;
mod operator;
mod reckon;
mod sizes;
mod step;

use std::sync::Arc;

use async_trait::async_trait;
use datafusion::catalog::Session;
use datafusion::common::config::ConfigOptions;
use datafusion::common::tree_node::{Transformed, TreeNode};
use datafusion::error::Result;
use datafusion::execution::context::QueryPlanner;
use datafusion::execution::session_state::SessionStateBuilder;
use datafusion::logical_expr::expr::{BinaryExpr, ScalarFunction, WindowFunctionDefinition};
use datafusion::logical_expr::expr_rewriter::NamePreserver;
use datafusion::logical_expr::{Expr, LogicalPlan, Operator, ScalarUDF};
use datafusion::optimizer::AnalyzerRule;
use datafusion::physical_plan::ExecutionPlan;
use datafusion::prelude::SessionContext;

use super::session::SMALL_BATCH_ROWS;
use aggregate::BoundedAggregate;
use function::Bounded;
pub(crate) use step::{Limit, OUT_OF_STEP};

/// Bounds every query of the session from now on. Functions that are registered later are bounded in plans alone.
pub(crate) fn bound(context: &SessionContext, limit: Limit) {
    let reference = context.state_ref();
    let mut guard = reference.write();
    let mut functions: Vec<Arc<ScalarUDF>> = guard.scalar_functions().values().cloned().collect();
    // One that took the alias of another comes after it.
    functions.sort_by_key(|function| std::cmp::Reverse(function.aliases().len()));
    let functions = functions.iter().map(|function| Bounded::of(function, limit)).collect();
    let planner = BoundedPlanner { inner: guard.query_planner().clone(), limit };
    let mut bounded = SessionStateBuilder::new_from_existing(guard.clone())
        .with_scalar_functions(functions)
        .with_query_planner(Arc::new(planner))
        .build();
    bounded.add_analyzer_rule(Arc::new(BoundedExpressions { limit }));
    // What a join of wide rows makes is reckoned by the rows of a batch: with more memory they are no more.
    let config = bounded.config_mut();
    let batch_rows = config.batch_size().min(SMALL_BATCH_ROWS);
    *config = std::mem::take(config).with_batch_size(batch_rows);
    let options = &mut config.options_mut().execution;
    // A sort reckons its keys of all that it sorts at once.
    options.sort_in_place_threshold_bytes = options.sort_in_place_threshold_bytes.min(limit.0 / SORTED_PART);
    *guard = bounded;
}

/// The part of a step that a sort takes at once: its keys may be functions of a row's widest columns.
const SORTED_PART: usize = 4;

/// Bounds functions that a plan has without a name.
#[derive(Debug)]
struct BoundedExpressions {
    limit: Limit,
}

impl AnalyzerRule for BoundedExpressions {
    fn analyze(&self, plan: LogicalPlan, _: &ConfigOptions) -> Result<LogicalPlan> {
        let bounded = plan.transform_up_with_subqueries(|plan| {
            let names = NamePreserver::new(&plan);
            plan.map_expressions(|expression| {
                let name = names.save(&expression);
                Ok(bounded_expression(expression, self.limit)?.update_data(|expression| name.restore(expression)))
            })
        })?;
        Ok(bounded.data)
    }

    fn name(&self) -> &str {
        "bounded_expressions"
    }
}

/// An expression with all its functions bounded.
fn bounded_expression(expression: Expr, limit: Limit) -> Result<Transformed<Expr>> {
    expression.transform_up(|expression| {
        Ok(match expression {
            Expr::ScalarFunction(call) => {
                let func = Bounded::of(&call.func, limit);
                match Arc::ptr_eq(&func, &call.func) {
                    true => Transformed::no(Expr::ScalarFunction(call)),
                    false => Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args: call.args })),
                }
            }
            Expr::BinaryExpr(BinaryExpr { left, op: Operator::StringConcat, right }) => {
                let func = Bounded::concatenation(limit);
                Transformed::yes(Expr::ScalarFunction(ScalarFunction { func, args: vec![*left, *right] }))
            }
            Expr::WindowFunction(mut window) => {
                let bounded = match &window.fun {
                    WindowFunctionDefinition::AggregateUDF(function) => BoundedAggregate::of(function, limit),
                    WindowFunctionDefinition::WindowUDF(_) => None,
                };
                match bounded {
                    Some(bounded) => {
                        window.fun = WindowFunctionDefinition::AggregateUDF(bounded);
                        Transformed::yes(Expr::WindowFunction(window))
                    }
                    None => Transformed::no(Expr::WindowFunction(window)),
                }
            }
            other => Transformed::no(other),
        })
    })
}

/// Plans as the session did before, and counts the operators of what comes out.
#[derive(Debug)]
struct BoundedPlanner {
    inner: Arc<dyn QueryPlanner + Send + Sync>,
    limit: Limit,
}

#[async_trait]
impl QueryPlanner for BoundedPlanner {
    async fn create_physical_plan(&self, plan: &LogicalPlan, session: &dyn Session) -> Result<Arc<dyn ExecutionPlan>> {
        let physical = self.inner.create_physical_plan(plan, session).await?;
        operator::counted(physical, self.limit, session.config().batch_size())
    }
}

#[cfg(test)]
mod tests {
    use crate::engine::session::{Resources, session};
    use crate::error::{Error, Kind};

    use super::*;

    const MIB: usize = 1 << 20;

    fn bounded() -> SessionContext {
        let resources = Resources { memory: 512 * MIB, threads: 2, ..Resources::default() };
        let context = session(&resources).expect("a session");
        bound(&context, Limit(16 * MIB));
        context
    }

    async fn rows(context: &SessionContext, sql: &str) -> crate::error::Result<usize> {
        let batches = context.sql(sql).await?.collect().await?;
        Ok(batches.iter().map(|batch| batch.num_rows()).sum())
    }

    #[tokio::test]
    async fn what_grows_beyond_a_step_is_refused() {
        let context = bounded();
        let many = "generate_series(1, 5000) as t(n)";
        let mut wrong = Vec::new();
        for (sql, what) in [
            ("select repeat('x', 1000000000)".to_string(), "repeat"),
            ("select length(repeat('x', 1000000000))".into(), "repeat"),
            (format!("select repeat(cast(n as varchar), 100000) from {many}"), "repeat"),
            (format!("select count(*) from {many} where length(lpad('x', 100000 + n)) > 0"), "lpad"),
            ("select rpad('x', 2147483647, 'y')".into(), "rpad"),
            ("select replace(repeat('a', 100000), 'a', repeat('b', 1000))".into(), "replace"),
            ("select regexp_replace(repeat('a', 100000), 'a', repeat('b', 1000), 'g')".into(), "regexp_replace"),
            ("select array_repeat('x', 1000000000)".into(), "array_repeat"),
            ("select array_resize(make_array(1), 1000000000, 2)".into(), "array_resize"),
            ("select range(1, 10000000000)".into(), "range"),
            (
                "select generate_series(date '1900-01-01', date '9999-01-01', interval '1 hour')".into(),
                "generate_series",
            ),
            (format!("select n || repeat('x', 10000) from {many}"), "||"),
            (format!("select concat(n, repeat('x', 10000)) from {many}"), "concat"),
            (format!("select concat_ws(repeat('x', 10000), n, n) from {many}"), "concat_ws"),
            (format!("select [repeat('x', 10000), n || ''] from {many}"), "make_array"),
            // Each doubles what the one before made.
            (
                format!(
                    "select s || s from (select s || s as s from (select repeat(cast(n % 10 as varchar), 4000) as s from {many}))"
                ),
                "||",
            ),
            // Each is small enough; together they are not.
            (
                format!(
                    "select repeat('x', 3000 + n % 2), repeat('y', 3000 + n % 2), repeat('z', 3000 + n % 2) from {many}"
                ),
                "repeat",
            ),
            (format!("select n, repeat('x', 10000) from {many}"), "a text of the query"),
            (format!("select case when n > 1 then repeat('x', 10000) end from {many}"), "a text of the query"),
            (
                format!("select t.n, b.s from {many} cross join (select string_agg(n, ',') as s from {many}) as b"),
                "a join",
            ),
            (format!("select n, (select string_agg(n, ',') from {many}) from {many}"), "a join"),
            ("select unnest(range(1, 1000000)), repeat('x', 1000)".into(), "unnest"),
            (format!("select array_agg(n) over (order by n) from {many}"), "array_agg"),
            (format!("select string_agg(n, ',') over (order by n) from {many}"), "string_agg"),
            ("select length(s) from generate_series(1, length(repeat('x', 1000000000)))".into(), "repeat"),
        ] {
            let start = format!("{OUT_OF_STEP}: {what}");
            match rows(&context, &sql).await {
                Ok(rows) => wrong.push(format!("{sql}: {rows} rows")),
                // A function in FROM takes what could be reckoned before: that of nothing is no number.
                Err(error) if error.message().starts_with(&start) || error.message().contains("Argument #") => {}
                Err(error) => wrong.push(format!("{sql}: {error}")),
            }
        }
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    }

    #[tokio::test]
    async fn what_a_window_keeps_is_counted_in_the_pool() {
        let context = bounded();
        let many = "generate_series(1, 30000000) as t(n)";
        let sql = format!("select max(r) from (select n, count(*) over () as r from {many})");
        let error = rows(&context, &sql).await.expect_err("a window over everything");
        assert!(error.message().starts_with("memory ran out: "), "{error}");
        assert_eq!(error.kind(), Kind::Environment);
        // It goes on as soon as a row is known.
        let sql = format!("select max(r) from (select n, row_number() over (order by n) as r from {many})");
        assert_eq!(rows(&context, &sql).await.map_err(|e| e.to_string()), Ok(1));
    }

    #[tokio::test]
    async fn what_people_ask_is_answered_as_before() {
        let context = bounded();
        let plain = session(&Resources { memory: 512 * MIB, threads: 2, ..Resources::default() }).expect("a session");
        let many = "generate_series(1, 5000) as t(n)";
        for sql in [
            "select repeat('ab', 3), lpad('7', 3, '0'), replace('a-b-c', '-', ''), regexp_replace('090-1234', '[^0-9]', '', 'g')".to_string(),
            "select 'a' || 'b', 'a' || null, 1 || 'b', [1] || [2], [1, 2] || 3, concat('a', null, 'b'), concat_ws('-', 'a', 'b')".into(),
            "select array_to_string([1, 2, 3], ', '), array_repeat('x', 2), range(3), generate_series(1, 3), coalesce(null, 'a')".into(),
            "select unnest(generate_series(date '2026-01-01', date '2026-03-01', interval '1 month')) as month".into(),
            format!("select max(length(n || '円')) as widest, count(*) from {many} where n || 'x' like '1%'"),
            format!("select n % 7 as k, string_agg(n, ',' order by n) as s from {many} group by 1 order by 1"),
            // A wide row that is asked whether it meets another, and a wide value that stands beside one row.
            format!("select length(s) as n from (select n % 7 as k, string_agg(n, ',' order by n) as s from {many} group by 1) \
                     where k in (select n from {many}) order by 1"),
            format!("select (select count(*) from {many}) as c, (select string_agg(n, ',' order by n) from {many}) as s"),
            format!("select * from (select count(*) from {many}), (select string_agg(n, ',' order by n) from {many})"),
            format!("select a.n, b.n || '' as m from (select n from {many}) a join (select n from {many}) b on a.n = b.n order by 1"),
            format!("select n, lag(n || '') over (order by n), sum(n) over (partition by n % 3 order by n) from {many} order by 1"),
            format!("select n % 3 as k, array_agg(n) over (partition by n / 10 order by n) as l from {many} order by 1, n"),
            format!("select n from {many} where n = any([1, 2, 3]) and upper('a' || n) in ('A1', 'A2') order by lower('x' || n)"),
            format!("select count(*) from {many} where array_has(generate_series(1, 100000), n)"),
            "select cardinality(generate_series(1, 1000000))".into(),
        ] {
            let (ours, theirs) = (context.sql(&sql).await, plain.sql(&sql).await);
            let (ours, theirs) = (ours.expect(&sql).collect().await, theirs.expect(&sql).collect().await);
            let text = |batches: datafusion::error::Result<Vec<arrow::array::RecordBatch>>| {
                let batches = batches.map_err(|e| panic!("{sql}: {}", Error::from(e))).unwrap_or_default();
                arrow::util::pretty::pretty_format_batches(&batches).expect("a table").to_string()
            };
            assert_eq!(text(ours), text(theirs), "{sql}");
        }
    }
}
