//! What a request gets instead of what it asked for: a page, or JSON for programs, with what to do.
//!
//! In: an error of the house, or a refusal. Out: a status, one sentence and a remedy. The kind of an error decides the status: what
//! the user asked wrongly is 404 or 400, what the lake or the machine lacks is 503, a bug is 500.

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::who::Role;
use crate::error::{Error, Kind};

/// What handlers answer.
pub(crate) type Answer = std::result::Result<Response, Failure>;

/// A request that is not answered as asked.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// One sentence.
    pub(crate) message: String,
    /// What to do.
    pub(crate) hint: String,
    /// Where to go instead.
    pub(crate) location: Option<String>,
}

impl Failure {
    /// A failure with its sentence and remedy.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure { status, message: message.into(), hint: hint.into(), location: None }
    }

    /// There is no such thing.
    pub(crate) fn not_found(message: impl Into<String>, hint: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, message, hint)
    }

    /// The account lacks a role.
    pub(super) fn forbidden(role: Role) -> Self {
        let role = format!("{role:?}").to_lowercase();
        Self::new(
            StatusCode::FORBIDDEN,
            format!("this needs the role {role}"),
            "ask whoever administers the accounts for it",
        )
    }

    /// Nobody is signed in: a page for people comes back to where they were.
    pub(super) fn sign_in(uri: &Uri) -> Self {
        let next = uri.path_and_query().map_or("/", |path| path.as_str());
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        Failure {
            location: Some(format!("/sign-in?next={next}")),
            ..Self::new(StatusCode::UNAUTHORIZED, "nobody is signed in", "sign in")
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            Kind::Usage => StatusCode::NOT_FOUND,
            Kind::Config | Kind::Data | Kind::Environment => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        };
        Failure::new(status, error.message(), error.remedy().unwrap_or_default())
    }
}

impl IntoResponse for Failure {
    /// The status with the failure beside it; the outermost layer draws it in the reader's language.
    fn into_response(self) -> Response {
        if let Some(location) = self.location.as_deref().and_then(|to| HeaderValue::from_str(to).ok()) {
            return (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
        }
        let mut response = (self.status, format!("{}\n{}\n", self.message, self.hint)).into_response();
        response.extensions_mut().insert(self);
        response
    }
}
