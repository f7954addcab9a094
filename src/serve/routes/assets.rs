//! The stylesheet and the script: files of ours, the same for everybody, at addresses that change with their bytes.

use std::sync::Arc;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::serve::state::State;
use crate::serve::templates::ASSETS;

/// Addresses of assets. They need no session: the page of signing in has them too.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/assets/{digest}/{name}", get(asset))
}

async fn asset(Path((_, name)): Path<(String, String)>) -> Response {
    let Some((_, kind, text)) = ASSETS.iter().find(|(known, ..)| *known == name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    // The digest in the address is of these bytes: a year is forever.
    let headers = [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    (headers, *text).into_response()
}
