//! The addresses, a file for each group of pages. Each gives a `routes()`, and [`all`] puts them together.

mod assets;
mod base;
mod customer;
mod history;
mod pair;
mod review;
mod runs;
mod search;
mod tables;

use std::sync::Arc;

use axum::Router;

use super::state::State;

/// Every address of the process.
pub(super) fn all() -> Router<Arc<State>> {
    Router::new()
        .merge(assets::routes())
        .merge(search::routes())
        .merge(customer::routes())
        .merge(pair::routes())
        .merge(history::routes())
        .merge(runs::routes())
        .merge(tables::routes())
        .merge(review::routes())
}
