//! Personal values: the click that shows them, and who has seen whom.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

use super::super::access::{Access, What};
use super::super::extract::{Form, Query};
use super::super::failure::{Answer, Failure};
use super::super::form::{LONGEST, written};
use super::super::page::{Lang, page};
use super::super::state::State;
use super::super::who::Who;
use super::sign_in::own_place;
use crate::lake::desk::{self, Log};

/// Accesses that the page shows at most, newest first: some screens. All of them are in the lake.
const NEWEST: usize = 500;

/// Accesses among which the page looks, newest first: they come in files of one to some, of which a disk reads ten thousand in a second.
const LOOKED_AT: u64 = 10_000;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new().route("/show", post(show)).route("/access", get(seen))
}

#[derive(Deserialize)]
struct Show {
    customer_id: String,
    #[serde(default)]
    why: String,
    #[serde(default)]
    next: String,
}

/// Shows the values of a customer to this session, once it is written down who wanted to see them and why.
async fn show(Shared(state): Shared<Arc<State>>, who: Who, Form(form): Form<Show>) -> Answer {
    let why = written(&form.why, LONGEST.reason)?;
    if why.is_empty() {
        return Err(Failure::no_reason(LONGEST.reason));
    }
    let customer_id = state.audit().await?.customer_of_run(&form.customer_id).await?;
    state.log(&who.name, What::Show, Some(&customer_id), Some(&why)).await?;
    if !state.sessions.show(&who, &customer_id) {
        return Err(Failure::shown_many());
    }
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, own_place(&form.next).to_string())]).into_response())
}

#[derive(Default, Deserialize, Serialize)]
struct Wanted {
    #[serde(default)]
    by: String,
    #[serde(default)]
    customer_id: String,
}

#[derive(Serialize)]
struct Row {
    number: u64,
    #[serde(flatten)]
    access: Option<Access>,
}

#[derive(Serialize)]
struct Page {
    part: &'static str,
    rows: Vec<Row>,
    wanted: Wanted,
    more: bool,
    head: String,
}

async fn seen(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Query(wanted): Query<Wanted>) -> Answer {
    let head = desk::head(&state.lake, Log::Access).await?;
    let before = head.number.saturating_sub(LOOKED_AT);
    let entries = desk::read_after(&state.lake, Log::Access, before).await?;
    let (by, customer) = (wanted.by.trim(), wanted.customer_id.trim());
    let mut rows = Vec::new();
    let mut more = before > 0;
    for entry in entries.iter().rev() {
        let access: Option<Access> = entry.content()?;
        let is_of = |access: &Access| {
            (by.is_empty() || access.by == by)
                && (customer.is_empty() || access.customer_id.as_deref() == Some(customer))
        };
        let wanted = match &access {
            Some(access) => is_of(access),
            None => by.is_empty() && customer.is_empty(),
        };
        if wanted && rows.len() == NEWEST {
            more = true;
            break;
        }
        if wanted {
            rows.push(Row { number: entry.number, access });
        }
    }
    Ok(page("access", &who, lang, Page { part: "access", rows, wanted, more, head: head.link }))
}
