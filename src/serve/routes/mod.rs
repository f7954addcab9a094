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
use axum::http::{Method, Uri};

use super::failure::Failure;
use super::state::State;
use super::who::{Role, Scope};
use crate::config::problem::nearest;

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
const API: &str = "/v1/";

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

/// What a method needs at an address.
///
/// # Errors
/// A refusal, where the address takes other methods, or is not listed.
pub(super) fn need(path: &str, method: &Method) -> Result<Need, Failure> {
    let listed = NEEDS.iter().find(|(known, ..)| *known == path);
    let (_, read, send) = listed.ok_or_else(Failure::nobody_may)?;
    let need = match *method {
        Method::GET | Method::HEAD => *read,
        Method::POST => *send,
        _ => None,
    };
    need.ok_or_else(|| {
        Failure::no_method(if read.is_none() {
            "POST"
        } else if send.is_none() {
            "GET, HEAD"
        } else {
            "GET, HEAD, POST"
        })
    })
}

/// Whether an address is one for programs.
pub(super) fn is_api(path: &str) -> bool {
    path.starts_with(API) || path == API.trim_end_matches('/')
}

/// The address for programs that answers what a page answers.
pub(super) fn program_twin(page: &str) -> Option<&'static str> {
    NEEDS.iter().map(|(known, ..)| *known).find(|known| known.strip_prefix("/v1").is_some_and(|rest| rest == page))
}

/// An address that is not there, with the nearest that is: parts that stand for an id are held against nothing.
fn no_address(path: &str) -> Failure {
    let typed: Vec<&str> = path.split('/').collect();
    let filled = |known: &str| -> String {
        let parts = known.split('/').enumerate().map(|(place, part)| match typed.get(place) {
            Some(typed) if part.starts_with('{') => typed,
            _ => part,
        });
        parts.collect::<Vec<_>>().join("/")
    };
    let is_api = is_api(path);
    let is_offered = |known: &&str| *known != "/" && (!is_api || known.starts_with(API));
    let known: Vec<(String, &str)> =
        NEEDS.iter().map(|(known, ..)| *known).filter(is_offered).map(|known| (filled(known), known)).collect();
    let near = nearest(path, known.iter().map(|(filled, _)| filled.as_str()));
    let near = near.and_then(|near| known.iter().find(|(filled, _)| filled == near)).map(|(_, known)| *known);
    Failure::no_address(path, near, is_api)
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
        .fallback(async |uri: Uri| no_address(uri.path()))
}
