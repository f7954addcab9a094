//! Runs: inputs, counts, rejects, what the model expects of its thresholds, how far it has moved; shared and ignored values.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::routing::get;
use serde::Serialize;
use serde_json::Value;

use super::base::Base;
use crate::audit::Audit;
use crate::audit::runs::{RunDetail, RunRow};
use crate::audit::shared::SharedValues;
use crate::serve::draw::{self, Curves};
use crate::serve::extract::Path;
use crate::serve::failure::{Answer, Failure};
use crate::serve::page::{Lang, page};
use crate::serve::state::State;
use crate::serve::who::{Role, Who};

/// Runs that the drawing of counts shows: a month of days.
const DRAWN: usize = 30;

/// Addresses of runs.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/runs", get(runs)).route("/runs/{number}", get(run)).route("/values", get(values))
}

/// A table's rows in a run.
fn rows_in(run: &RunRow, table: &str) -> i64 {
    run.tables.iter().find(|of| of.table_name == table).map_or(0, |of| of.row_count)
}

/// A run in the list.
#[derive(Serialize)]
struct Line {
    run: RunRow,
    customers: i64,
    records: i64,
    facts: i64,
    rejects: i64,
}

impl From<RunRow> for Line {
    fn from(run: RunRow) -> Self {
        Line {
            customers: rows_in(&run, "golden_customer"),
            records: rows_in(&run, "source_record"),
            facts: rows_in(&run, "interaction"),
            rejects: rows_in(&run, "reject"),
            run,
        }
    }
}

#[derive(Serialize)]
struct RunsPage {
    #[serde(flatten)]
    base: Base,
    runs: Vec<Line>,
    /// Left edge, top and height of a bar for each of the newest runs, the oldest first: customers, records, rejects.
    bars: [Vec<(f64, f64, f64)>; 3],
    drawn: usize,
}

async fn runs(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang) -> Answer {
    who.must(Role::Viewer)?;
    let audit = state.audit().await?;
    let runs: Vec<Line> = audit.run_rows().await?.into_iter().map(Line::from).collect();
    let counts = |of: fn(&Line) -> i64| {
        let newest: Vec<i64> = runs.iter().take(DRAWN).map(of).collect();
        draw::bars(&newest.into_iter().rev().collect::<Vec<_>>())
    };
    let bars = [counts(|run| run.customers), counts(|run| run.records), counts(|run| run.rejects)];
    let drawn = runs.len().min(DRAWN);
    Ok(page("runs", &who, lang, RunsPage { base: Base::of(&audit, "runs", ""), runs, bars, drawn }))
}

#[derive(Serialize)]
struct RunPage {
    #[serde(flatten)]
    base: Base,
    line: Line,
    /// The run before, where there is one.
    before: Option<Line>,
    detail: RunDetail,
    curves: Option<Curves>,
    /// What the model expects at the run's own threshold: precision and recall.
    expected: Option<[f64; 2]>,
}

async fn run(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Path(typed): Path<String>) -> Answer {
    who.must(Role::Viewer)?;
    let number: i64 = typed.parse().map_err(|_| Failure::no_run(&typed))?;
    let newest = state.audit().await?;
    let open = match newest.run().number == number {
        true => newest,
        false => Arc::new(Audit::open(&state.lake, Some(&number.to_string()), &state.resources).await?),
    };
    let mut lines = open.run_rows().await?.into_iter().map(Line::from);
    let line = lines.next().ok_or_else(|| Failure::no_run(number))?;
    let detail = open.run_detail().await?;
    let share = |of: &Value, name: &str| of.get(name).and_then(Value::as_f64);
    let cluster = detail.results.get("cluster");
    let points = cluster.and_then(|found| found.get("thresholds")).and_then(Value::as_array);
    let point = |of: &Value| Some((share(of, "threshold")?, [share(of, "precision")?, share(of, "recall")?]));
    let points: Vec<(f64, [f64; 2])> = points.into_iter().flatten().filter_map(point).collect();
    let expected = cluster.and_then(|found| point(found.get("expected")?)).map(|(_, shares)| shares);
    let context = RunPage {
        base: Base::of(&open, "runs", ""),
        line,
        before: lines.next(),
        curves: draw::curves(&points, detail.thresholds.map(|[auto, _]| auto)),
        expected,
        detail,
    };
    Ok(page("run", &who, lang, context))
}

#[derive(Serialize)]
struct ValuesPage {
    #[serde(flatten)]
    base: Base,
    values: SharedValues,
    /// For each shared value whether its example customer is shown.
    shown_values: Vec<bool>,
}

async fn values(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    let values = audit.shared_values().await?.clone();
    let shown_values = values.shared.iter().map(|value| state.shown(&who, &value.example)).collect();
    Ok(page("values", &who, lang, ValuesPage { base: Base::of(&audit, "runs", ""), values, shown_values }))
}
