//! The charts of the analyses: figures of all customers, none of a single one.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::routing::get;
use serde::Serialize;

use super::base::Base;
use crate::serve::charts::{Head, View, view};
use crate::serve::failure::Answer;
use crate::serve::page::{Lang, page};
use crate::serve::state::State;
use crate::serve::who::{Role, Who};

/// Addresses of charts.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/charts", get(charts))
}

#[derive(Serialize)]
struct ChartsPage {
    #[serde(flatten)]
    base: Base,
    view: View,
}

async fn charts(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang) -> Answer {
    who.must(Role::Viewer)?;
    let audit = state.audit().await?;
    let view = view(Head::of(audit.run()), audit.charts().await?.clone());
    Ok(page("charts", &who, lang, ChartsPage { base: Base::of(&audit, "charts", ""), view }))
}
