//! The stylesheet and the script: files of ours, the same for everybody, at addresses that change with their bytes.

use std::sync::Arc;

use axum::Router;
use axum::http::{Uri, header};
use axum::response::IntoResponse;
use axum::routing::get;

use crate::serve::extract::Path;
use crate::serve::failure::{Answer, Failure};
use crate::serve::state::State;
use crate::serve::templates::ASSETS;

/// Addresses of assets. They need no session: the page of signing in has them too.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/assets/{digest}/{name}", get(asset))
}

async fn asset(Path((_, name)): Path<(String, String)>, uri: Uri) -> Answer {
    let known = ASSETS.iter().find(|(known, ..)| *known == name);
    let (_, kind, text) = known.ok_or_else(|| Failure::no_address(uri.path(), None, false))?;
    // The digest in the address is of these bytes: a year is forever.
    let headers = [(header::CONTENT_TYPE, *kind), (header::CACHE_CONTROL, "public, max-age=31536000, immutable")];
    Ok((headers, *text).into_response())
}
