//! What a request gets instead of what it asked for: a page, or JSON for programs, with what to do.
//!
//! In: an error of the house, or a refusal. Out: a status, one sentence and a remedy. The kind of an error decides the status: what
//! the user asked wrongly is 404 or 400, what the lake or the machine lacks is 503, a bug is 500.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::who::{Role, Scope};
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
    /// Seconds after which to try again.
    pub(crate) retry_after: Option<u32>,
}

/// Seconds after which who found no place may come again: most answers take less than one.
const COME_AGAIN: u32 = 2;

impl Failure {
    /// A failure with its sentence and remedy.
    pub(crate) fn new(status: StatusCode, message: impl Into<String>, hint: impl Into<String>) -> Self {
        Failure { status, message: message.into(), hint: hint.into(), location: None, retry_after: None }
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

    /// There is no place for a request, or no time.
    pub(super) fn busy(message: impl Into<String>) -> Self {
        let hint = "try again in a moment";
        Failure { retry_after: Some(COME_AGAIN), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, message, hint) }
    }

    /// Somebody failed to sign in too often.
    pub(super) fn wait(wait: Duration) -> Self {
        let message = "signing in failed too often";
        let hint = format!("try again in {} minutes", wait.as_secs().div_ceil(60));
        let seconds = u32::try_from(wait.as_secs()).unwrap_or(u32::MAX);
        Failure { retry_after: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, message, hint) }
    }

    /// A body is larger than any that has a use.
    pub(super) fn too_large(bytes: usize) -> Self {
        let hint = format!("send {} KiB at most", bytes >> 10);
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "what was sent is too large", hint)
    }

    /// A form without the token of its session.
    pub(super) fn not_from_here() -> Self {
        let hint = "go back, load the page again, and send the form from there";
        Self::new(StatusCode::FORBIDDEN, "this form is from another page, or from an earlier session", hint)
    }

    /// A form of a session that is over.
    pub(super) fn signed_out() -> Self {
        Failure {
            location: Some("/sign-in".into()),
            ..Self::new(StatusCode::UNAUTHORIZED, "nobody is signed in", "sign in")
        }
    }

    /// A program without a key that is known.
    pub(super) fn no_key() -> Self {
        Self::new(
            StatusCode::UNAUTHORIZED,
            "no key, or one that is not known",
            "send the header `Authorization: Bearer KEY` with a key that `nayose serve add-key` made",
        )
    }

    /// A program whose key is for something else.
    pub(super) fn no_scope(scope: Scope) -> Self {
        let scope = format!("{scope:?}").to_lowercase();
        let hint = format!("make one with `nayose serve add-key NAME --scopes {scope}`");
        Self::new(StatusCode::FORBIDDEN, format!("the key has no scope {scope}"), hint)
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
