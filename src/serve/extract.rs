//! Parts of requests as handlers take them. What cannot be read is a [`Failure`] in the reader's language, where axum's own extractors
//! answer a line of English; so that no handler takes theirs.

use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::failure::Failure;
use super::routes::is_api;

/// The fields of an address behind its `?`.
pub(super) struct Query<T>(pub(super) T);

/// The parts of an address that its route names.
pub(super) struct Path<T>(pub(super) T);

/// The fields of a form.
pub(super) struct Form<T>(pub(super) T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let read = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        read.map(|axum::extract::Query(read)| Query(read)).map_err(|_| {
            let whole = parts.uri.query().unwrap_or_default();
            Failure::unread_address(&format!("?{whole}"), is_api(parts.uri.path()))
        })
    }
}

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Failure> {
        let read = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        let path = parts.uri.path();
        read.map(|axum::extract::Path(read)| Path(read)).map_err(|_| Failure::unread_address(path, is_api(path)))
    }
}

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Form<T> {
    type Rejection = Failure;

    async fn from_request(request: Request, state: &S) -> Result<Self, Failure> {
        let read = axum::extract::Form::<T>::from_request(request, state).await;
        read.map(|axum::extract::Form(read)| Form(read)).map_err(|_| Failure::unread_form())
    }
}
