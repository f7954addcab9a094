//! What programs ask, with a key: customers, ids, decisions, who a record is. The description of it is made from the code.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State as Shared;
use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use axum::{Json, Router};
use serde::{Deserialize, Serialize};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::{IntoParams, Modify, OpenApi, ToSchema};

use super::super::access::What;
use super::super::extract::{Path, Query};
use super::super::failure::{Answer, Failure};
use super::super::state::State;
use super::super::who::Program;
use crate::audit::Audit;
use crate::audit::matching::MatchRequest;
use crate::audit::view::MatchView;
use crate::error::{Kind, Result};

/// Decisions of an answer at most: a page of some hundred KiB.
const MOST: usize = 1000;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/v1/openapi.json", get(async || Json(Description::openapi())))
        .route("/v1/customers/{id}", get(customer))
        .route("/v1/resolve/{id}", get(resolve))
        .route("/v1/decisions", get(decisions))
        .route("/v1/match", post(match_record))
}

/// The description for programs that make clients.
#[derive(OpenApi)]
#[openapi(
    info(title = "nayose", description = "Who is who: customers, ids, decisions, and one record asked now."),
    paths(customer, resolve, decisions, match_record),
    components(schemas(Problem, Resolved)),
    modifiers(&Keys),
    security(("key" = []))
)]
struct Description;

/// The key of a program.
struct Keys;

impl Modify for Keys {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let key = HttpBuilder::new().scheme(HttpAuthScheme::Bearer).description(Some("a key with scopes")).build();
        openapi.components.get_or_insert_default().add_security_scheme("key", SecurityScheme::Http(key));
    }
}

/// What is answered instead, in Japanese where the header Accept-Language asks for it first.
#[derive(Serialize, ToSchema)]
pub(in crate::serve) struct Problem {
    /// What is wrong, a sentence.
    pub(in crate::serve) error: String,
    /// What to do.
    pub(in crate::serve) hint: String,
}

/// What an id means today.
#[derive(Serialize, ToSchema)]
struct Resolved {
    /// The id, as asked.
    asked: String,
    /// The customer of today.
    customer_id: String,
    /// The run that says so.
    run_id: String,
}

/// An answer with the run that it is from.
#[derive(Serialize)]
struct OfRun<T> {
    run_id: String,
    #[serde(flatten)]
    answer: T,
}

fn of_run<T: Serialize>(audit: &Audit, answer: T) -> Answer {
    Ok(Json(OfRun { run_id: audit.run().run_id.clone(), answer }).into_response())
}

/// A customer with its records, links and decisions.
#[utoipa::path(
    get,
    path = "/v1/customers/{id}",
    params(("id" = String, Path, description = "A customer id, a former one too, or channel:record_id")),
    responses(
        (status = 200, description = "The customer with its records, links and decisions", body = serde_json::Value),
        (status = 401, description = "No key, or one that is not known", body = Problem),
        (status = 403, description = "The key has no scope read", body = Problem),
        (status = 404, description = "There is no such customer", body = Problem),
        (status = 503, description = "The lake cannot be read now, or nothing is published yet", body = Problem)
    )
)]
async fn customer(Shared(state): Shared<Arc<State>>, program: Program, Path(id): Path<String>) -> Answer {
    let audit = state.audit().await?;
    let customer = audit.customer(&id).await?;
    state.log(&program.name, What::Read, Some(&customer.customer_id), None).await?;
    of_run(&audit, customer)
}

/// The customer that an id or a record means today.
#[utoipa::path(
    get,
    path = "/v1/resolve/{id}",
    params(("id" = String, Path, description = "A customer id, a former one too, or channel:record_id")),
    responses(
        (status = 200, description = "The customer of today", body = Resolved),
        (status = 401, description = "No key, or one that is not known", body = Problem),
        (status = 403, description = "The key has no scope read", body = Problem),
        (status = 404, description = "There is no such customer", body = Problem),
        (status = 503, description = "The lake cannot be read now, or nothing is published yet", body = Problem)
    )
)]
async fn resolve(Shared(state): Shared<Arc<State>>, _program: Program, Path(asked): Path<String>) -> Answer {
    let audit = state.audit().await?;
    let customer_id = audit.customer_id(&asked).await?;
    // An id with the right check character need be nobody's.
    audit.records_of(&customer_id).await?;
    let run_id = audit.run().run_id.clone();
    Ok(Json(Resolved { asked, customer_id, run_id }).into_response())
}

/// Which decisions.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Wanted {
    /// Only those on this record, channel:record_id.
    record: Option<String>,
    /// The language of errors: ja or en. The header Accept-Language says it too.
    #[serde(rename = "lang")]
    _lang: Option<String>,
}

/// The decisions of people, as the newest run honours them.
#[utoipa::path(
    get,
    path = "/v1/decisions",
    params(Wanted),
    responses(
        (status = 200, description = "The decisions in the order in which they came to count", body = serde_json::Value),
        (status = 400, description = "The address has a field that there is not", body = Problem),
        (status = 404, description = "There is no such record", body = Problem),
        (status = 401, description = "No key, or one that is not known", body = Problem),
        (status = 403, description = "The key has no scope read", body = Problem)
    )
)]
async fn decisions(Shared(state): Shared<Arc<State>>, _program: Program, Query(wanted): Query<Wanted>) -> Answer {
    let audit = state.audit().await?;
    let mut found = match &wanted.record {
        Some(record) => audit.decisions_on(&[record.clone()].into()).await?,
        None => audit.decisions().await?,
    };
    if let Some(record) = wanted.record.as_ref().filter(|_| found.is_empty()) {
        // None on a record, or no such record.
        audit.customer_of(record).await?;
    }
    let more = found.len() > MOST;
    found.truncate(MOST);
    of_run(&audit, serde_json::json!({ "decisions": found, "more": more }))
}

/// The customers that a record may be, likeliest first. Nothing is written but that it was asked.
#[utoipa::path(
    post,
    path = "/v1/match",
    request_body(
        content = serde_json::Value,
        description = "A record: its channel, and attributes of the pipeline with a text, a number or a list of texts",
        example = json!({ "channel": "shop", "name": "山田 太郎", "phone": "090-0000-0000" })
    ),
    responses(
        (
            status = 200,
            description = "Candidates with probability, evidence and customer. Where `warning` is no null, the record was compared with \
                           nobody, and the decision `nobody` says nothing",
            body = MatchView
        ),
        (status = 400, description = "The record is no such record: the hint names the nearest field or channel", body = Problem),
        (status = 401, description = "No key, or one that is not known", body = Problem),
        (status = 403, description = "The key has no scope match", body = Problem),
        (status = 413, description = "The record is larger than 256 KiB", body = Problem),
        (status = 503, description = "The lake cannot be read now, or nothing is published yet", body = Problem)
    )
)]
async fn match_record(Shared(state): Shared<Arc<State>>, program: Program, body: Bytes) -> Answer {
    let audit = state.audit().await?;
    let text = std::str::from_utf8(&body).map_err(|_| Failure::no_text())?;
    let found = matched(&audit, text).await.map_err(|error| match error.kind() {
        // The address is there; what it was sent is wrong.
        Kind::Usage => Failure { status: StatusCode::BAD_REQUEST, ..error.into() },
        _ => Failure::from(error),
    })?;
    state.log(&program.name, What::Match, None, None).await?;
    // It names its run itself.
    Ok(Json(found).into_response())
}

/// The candidates of a record in JSON.
async fn matched(audit: &Audit, record: &str) -> Result<MatchView> {
    audit.match_record(&MatchRequest::parse(record)?).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::{NEEDS, Need};
    use super::*;

    #[test]
    fn the_description_has_every_address_of_programs() {
        let described: BTreeSet<String> = Description::openapi().paths.paths.into_keys().collect();
        let is_of_program = |need: &Option<Need>| matches!(need, Some(Need::Key(_)));
        let due = NEEDS.iter().filter(|(_, read, send)| is_of_program(read) || is_of_program(send));
        assert_eq!(described, due.map(|(address, ..)| (*address).to_string()).collect());
    }
}
