//! The addresses, a file for each group of pages. Each gives a `routes()`, and [`all`] puts them together.
//!
//! What an address needs stands in [`NEEDS`], and nowhere else: one that is not listed is open to nobody.

mod access;
pub(super) mod api;
mod assets;
mod base;
mod charts;
mod customer;
mod history;
mod pair;
mod review;
mod runs;
mod search;
mod sign_in;
mod tables;

use std::sync::Arc;

use axum::Router;

use super::failure::Failure;
use super::state::State;
use super::who::{Role, Scope};

/// What an address needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Need {
    /// Nothing.
    Open,
    /// A session, of whatever role.
    Signed,
    /// A session of somebody who may what this role may.
    Role(Role),
    /// The key of a program with this scope.
    Key(Scope),
}

/// Below this are the addresses for programs.
pub(super) const API: &str = "/v1/";

/// Where people sign in.
pub(super) const SIGN_IN: &str = "/sign-in";

/// Every address with what reading it needs, and what sending something to it needs; none where there is nothing to read or to send.
pub(super) const NEEDS: &[(&str, Option<Need>, Option<Need>)] = &[
    ("/health", Some(Need::Open), None),
    // Signing in and out.
    (SIGN_IN, Some(Need::Open), Some(Need::Open)),
    ("/sign-in/link", Some(Need::Open), None),
    ("/sign-in/oidc", Some(Need::Open), None),
    (super::oidc::BACK, Some(Need::Open), None),
    ("/sign-out", None, Some(Need::Signed)),
    // Personal values, and who saw them.
    ("/show", None, Some(Need::Role(Role::Analyst))),
    ("/access", Some(Need::Role(Role::Auditor)), None),
    // Pages.
    ("/assets/{digest}/{name}", Some(Need::Open), None),
    ("/", Some(Need::Role(Role::Viewer)), None),
    ("/search", Some(Need::Role(Role::Analyst)), Some(Need::Role(Role::Analyst))),
    ("/customers/{id}", Some(Need::Role(Role::Analyst)), None),
    ("/customers/{id}/graph", Some(Need::Role(Role::Analyst)), None),
    ("/customers/{id}/growth", Some(Need::Role(Role::Analyst)), None),
    ("/customers/{id}/history", Some(Need::Role(Role::Analyst)), None),
    ("/pair", Some(Need::Role(Role::Analyst)), None),
    ("/why-not", Some(Need::Role(Role::Analyst)), None),
    ("/history", Some(Need::Role(Role::Analyst)), None),
    ("/restatements", Some(Need::Role(Role::Analyst)), None),
    ("/diff", Some(Need::Role(Role::Analyst)), None),
    ("/runs", Some(Need::Role(Role::Viewer)), None),
    ("/runs/{number}", Some(Need::Role(Role::Viewer)), None),
    ("/charts", Some(Need::Role(Role::Viewer)), None),
    ("/values", Some(Need::Role(Role::Analyst)), None),
    ("/tables", Some(Need::Role(Role::Viewer)), None),
    ("/tables/{name}", Some(Need::Role(Role::Viewer)), None),
    // Review.
    ("/review", Some(Need::Role(Role::Steward)), None),
    ("/review/pair", Some(Need::Role(Role::Steward)), None),
    ("/review/decide", Some(Need::Role(Role::Steward)), Some(Need::Role(Role::Steward))),
    ("/review/preview", Some(Need::Role(Role::Steward)), Some(Need::Role(Role::Steward))),
    ("/review/confirm", None, Some(Need::Role(Role::Steward))),
    ("/review/undo", None, Some(Need::Role(Role::Steward))),
    ("/review/assign", None, Some(Need::Role(Role::Steward))),
    ("/review/comment", None, Some(Need::Role(Role::Steward))),
    // Programs.
    ("/v1/openapi.json", Some(Need::Open), None),
    ("/v1/customers/{id}", Some(Need::Key(Scope::Read)), None),
    ("/v1/resolve/{id}", Some(Need::Key(Scope::Read)), None),
    ("/v1/decisions", Some(Need::Key(Scope::Read)), None),
    ("/v1/match", None, Some(Need::Key(Scope::Match))),
];

/// What reading an address needs, or sending something to it.
pub(super) fn need(path: &str, is_read: bool) -> Option<Need> {
    let (_, read, send) = NEEDS.iter().find(|(known, ..)| *known == path)?;
    if is_read { *read } else { *send }
}

/// Every address of the process.
pub(super) fn all() -> Router<Arc<State>> {
    Router::new()
        .merge(assets::routes())
        .merge(search::routes())
        .merge(customer::routes())
        .merge(pair::routes())
        .merge(history::routes())
        .merge(runs::routes())
        .merge(charts::routes())
        .merge(tables::routes())
        .merge(review::routes())
        .merge(sign_in::routes())
        .merge(access::routes())
        .merge(api::routes())
        .fallback(async || Failure::not_found("there is no such page", "go to the first page, / "))
        .method_not_allowed_fallback(async || {
            Failure::new(axum::http::StatusCode::METHOD_NOT_ALLOWED, "this address takes no such request", "")
        })
}
