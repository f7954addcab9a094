//! History: the life of an id, who a record was on a date, figures that are other ones now, what differs between two runs.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::base::{Base, query};
use crate::audit::diff::{self, Diff};
use crate::audit::runs::Restated;
use crate::audit::view::{CustomerOfRecord, HistoryView, RecordHistoryView};
use crate::lake::snapshot;
use crate::serve::access::What;
use crate::serve::extract::{Path, Query};
use crate::serve::failure::{Answer, Failure};
use crate::serve::page::{Lang, page};
use crate::serve::state::State;
use crate::serve::who::{Role, Who};
use nayose_matching::identity::customer_id;

/// Addresses of history.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/customers/{id}/history", get(life))
        .route("/history", get(record))
        .route("/restatements", get(restatements))
        .route("/diff", get(differences))
}

#[derive(Serialize)]
struct LifePage {
    #[serde(flatten)]
    base: Base,
    id: String,
    tab: &'static str,
    history: HistoryView,
}

async fn life(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Path(typed): Path<String>) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    let id = if customer_id::is_of_record(&typed) { audit.customer_id(&typed).await? } else { typed };
    let history = audit.history(&id).await?;
    state.log(&who.name, What::History, Some(&history.customer_id), None).await?;
    let context =
        LifePage { base: Base::of(&audit, "history", ""), id: history.customer_id.clone(), tab: "history", history };
    Ok(page("life", &who, lang, context))
}

/// A record and a date.
#[derive(Deserialize)]
struct Asked {
    #[serde(default)]
    record: String,
    #[serde(default)]
    on: String,
}

#[derive(Serialize)]
struct RecordPage {
    #[serde(flatten)]
    base: Base,
    record: String,
    on: String,
    history: Option<RecordHistoryView>,
    /// Whose the record was on the date, where one was asked for.
    then: Option<CustomerOfRecord>,
}

async fn record(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Query(asked): Query<Asked>) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    let (record, on) = (asked.record.trim().to_string(), asked.on.trim().to_string());
    let history = match record.is_empty() {
        true => None,
        false => {
            let history = audit.record_history(&record).await?;
            let customer = history.customers.last().map(|of| of.today.as_str());
            state.log(&who.name, What::History, customer, None).await?;
            Some(history)
        }
    };
    let then = match (&history, on.is_empty()) {
        (Some(history), false) => {
            // Of a day its end, as everywhere.
            let Some(at) = audit.run().zone().as_of(&on) else {
                return Err(Failure::no_date(&on));
            };
            let at = snapshot::time_text(at);
            let holds = |of: &&CustomerOfRecord| of.time.from <= at && of.time.to.as_ref().is_none_or(|to| *to > at);
            history.customers.iter().rfind(holds).cloned()
        }
        _ => None,
    };
    let base = Base::of(&audit, "history", query(&[("record", &record), ("on", &on)]));
    Ok(page("record", &who, lang, RecordPage { base, record, on, history, then }))
}

#[derive(Serialize)]
struct RestatementsPage {
    #[serde(flatten)]
    base: Base,
    restated: Vec<Restated>,
}

async fn restatements(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    let context = RestatementsPage { base: Base::of(&audit, "history", ""), restated: audit.restated().await? };
    Ok(page("restatements", &who, lang, context))
}

/// Two runs, by number.
#[derive(Deserialize)]
struct Runs {
    #[serde(default)]
    before: String,
    #[serde(default)]
    after: String,
}

/// The number of a run as typed; none where nothing was typed.
fn number_of(typed: &str) -> Result<Option<i64>, Failure> {
    match typed.trim() {
        "" => Ok(None),
        typed => typed.parse().map(Some).map_err(|_| Failure::no_number(typed)),
    }
}

#[derive(Serialize)]
struct DiffPage {
    #[serde(flatten)]
    base: Base,
    /// Runs that can be named, newest first.
    runs: Vec<(i64, String)>,
    before: Option<i64>,
    after: Option<i64>,
    /// Customers of both runs with the same id.
    unchanged: u64,
    diff: Option<Diff>,
}

async fn differences(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Query(asked): Query<Runs>) -> Answer {
    who.must(Role::Analyst)?;
    let asked = (number_of(&asked.before)?, number_of(&asked.after)?);
    let audit = state.audit().await?;
    let runs: Vec<(i64, String)> = audit.run_rows().await?.into_iter().map(|run| (run.run_number, run.as_of)).collect();
    let diff = match asked {
        (Some(before), Some(after)) if before != after => {
            let before = snapshot::find(&state.lake, Some(&before.to_string())).await?;
            let after = snapshot::find(&state.lake, Some(&after.to_string())).await?;
            Some(diff::of_runs(&state.lake, &before, &after, &state.resources).await?)
        }
        _ => None,
    };
    let unchanged = diff.as_ref().map_or(0, |diff| {
        diff.customers.after.saturating_sub(diff.customers.created.count + diff.customers.split.count)
    });
    // Before anybody asks, the last two are the question.
    let newest = |place: usize| runs.get(place).map(|(number, _)| *number);
    let (before, after) = (asked.0.or(newest(1)), asked.1.or(newest(0)));
    let number = |of: Option<i64>| of.map(|n| n.to_string()).unwrap_or_default();
    let here = match diff.is_some() {
        true => query(&[("before", &number(before)), ("after", &number(after))]),
        false => String::new(),
    };
    let context = DiffPage { base: Base::of(&audit, "diff", here), runs, before, after, unchanged, diff };
    Ok(page("diff", &who, lang, context))
}
