//! The addresses, a file for each group of pages. Each gives a `routes()`, and [`all`] puts them together.

use std::sync::Arc;

use axum::Router;

use super::state::State;

/// Every address of the process.
pub(super) fn all() -> Router<Arc<State>> {
    Router::new()
}
