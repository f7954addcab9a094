//! The search: customers by whatever somebody has in hand. What is typed is a person's, so that it goes in the body of a request, and
//! stands in no address, history or log.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::base::Base;
use crate::audit::view::{Search, Words};
use crate::error::Kind;
use crate::serve::access::What;
use crate::serve::extract::Form;
use crate::serve::failure::{Answer, Failure};
use crate::serve::page::{Lang, page};
use crate::serve::state::State;
use crate::serve::who::{Role, Who};

/// Addresses of the search.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/", get(form)).route("/search", get(form).post(find))
}

/// What is typed.
#[derive(Deserialize)]
struct Typed {
    #[serde(default)]
    q: String,
}

#[derive(Serialize)]
struct Page<'a> {
    #[serde(flatten)]
    base: Base,
    q: &'a str,
    found: Option<Search>,
    /// What is wrong with what was typed, and what to do.
    wrong: Option<[Box<Words>; 2]>,
    counts: Vec<(&'static str, u64)>,
}

async fn form(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang) -> Answer {
    let audit = state.audit().await?;
    let rows = |table: &str| audit.run().tables.iter().find(|(name, ..)| name == table).map_or(0, |(.., rows)| *rows);
    let counts = ["golden_customer", "source_record", "interaction"].map(|table| (table, rows(table))).to_vec();
    let page_of = Page { base: Base::of(&audit, "search", ""), q: "", found: None, wrong: None, counts };
    Ok(page("search", &who, lang, page_of))
}

async fn find(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Form(typed): Form<Typed>) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    state.log(&who.name, What::Search, None, None).await?;
    let base = Base::of(&audit, "search", "");
    let (found, wrong) = match audit.search(&typed.q).await {
        Ok(found) => (Some(found), None),
        // What cannot be read as a question is no failure of the page.
        Err(error) if error.kind() == Kind::Usage => {
            let Failure { message, hint, .. } = error.into();
            (None, Some([message, hint]))
        }
        Err(error) => return Err(error.into()),
    };
    if let Some(Search { hits, more: false }) = &found
        && let [hit] = hits.as_slice()
        && hit.found_by.iter().all(|by| ["customer id", "former id", "record"].contains(&by.as_str()))
    {
        // An id names nobody else: its page is the answer.
        return Ok(to(&format!("/customers/{}", hit.customer_id)));
    }
    Ok(page("search", &who, lang, Page { base, q: &typed.q, found, wrong, counts: Vec::new() }))
}

fn to(address: &str) -> Response {
    Redirect::to(address).into_response()
}
