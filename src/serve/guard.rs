//! What every request goes through, whatever it asks for.
//!
//! In: a request. Out: its answer, or a plain page that says why not. From the outside in: a place among the requests under way, a time
//! in which it has to be done, a panic that stays its own, the headers, the session of the cookie, the token of a form, and what the
//! address needs ([`super::routes::NEEDS`]).

use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, to_bytes};
use axum::extract::{ConnectInfo, MatchedPath, Request, State as Shared};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use minijinja::context;

use super::failure::Failure;
use super::page::{self, Lang, cookie, open_page};
use super::random;
use super::routes::api::Problem;
use super::routes::{self, API, Need};
use super::state::{IN_FLIGHT, State};
use super::who::{Program, Who};
use crate::error::panicked;

/// How long an answer may take: proxies give up after a minute, and nobody looks at an empty page for half of one.
const TAKES: Duration = Duration::from_secs(30);

/// Bytes of a body at most: the longest form has a comment of some pages, and a record some KiB.
const BODY: usize = 256 << 10;

/// The field of forms, and the header of scripts, with the session's token.
const FORM_TOKEN: &str = "csrf";
const FORM_TOKEN_HEADER: &str = "x-csrf-token";

/// The headers of every answer. Nothing but this process's own files is loaded, and no other page may frame one of these.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; form-action 'self'; \
         frame-ancestors 'none'; base-uri 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Said over TLS: for a year the browser comes by TLS alone.
const TLS_ALONE: HeaderValue = HeaderValue::from_static("max-age=31536000");

/// The cookie of a session; under TLS with the prefix that lets no other site of the domain set it.
pub(super) fn session_cookie(state: &State) -> &'static str {
    if state.settings.is_secure() { "__Host-nayose_session" } else { "nayose_session" }
}

/// The cookie that ties a form to the browser before there is a session.
pub(super) fn form_cookie(state: &State) -> &'static str {
    if state.settings.is_secure() { "__Host-nayose_form" } else { "nayose_form" }
}

/// A cookie for this site alone that scripts cannot read. A link from elsewhere brings it along, a form from elsewhere does not.
pub(super) fn set_cookie(state: &State, name: &str, value: &str) -> String {
    let secure = if state.settings.is_secure() { "; Secure" } else { "" };
    format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}")
}

/// The same, taken away.
pub(super) fn drop_cookie(state: &State, name: &str) -> String {
    set_cookie(state, name, "") + "; Max-Age=0"
}

/// The value of a cookie of a request.
pub(super) fn cookie_of<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get_all(header::COOKIE).iter().find_map(|value| cookie(value.to_str().ok()?, name))
}

/// The address of who asks: what the proxy says last, where there is one; what comes before that anybody can write.
pub(super) fn address(state: &State, parts: &Parts) -> String {
    let forwarded = parts.headers.get_all("x-forwarded-for").iter().next_back();
    let forwarded = forwarded.and_then(|value| value.to_str().ok()?.rsplit(',').next());
    let direct = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|from| from.0.ip().to_string());
    match forwarded.filter(|_| state.settings.behind_proxy) {
        Some(forwarded) => forwarded.trim().to_string(),
        None => direct.unwrap_or_default(),
    }
}

/// The outermost layer: a request is answered, whatever happens.
pub(super) async fn outside(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let (lang, is_api) = (Lang::of(&parts), parts.uri.path().starts_with(API));
    let chosen = page::chosen(&parts);
    let request = Request::from_parts(parts, body);
    let answer = match state.in_flight.try_acquire() {
        Err(_) => Failure::busy(format!("{IN_FLIGHT} requests are under way already")).into_response(),
        Ok(_place) => match tokio::time::timeout(TAKES, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Failure::from(panicked()).into_response(),
            Err(_) => Failure::busy(format!("this took longer than {} seconds", TAKES.as_secs())).into_response(),
        },
    };
    let mut answer = match answer.extensions().get::<Failure>() {
        Some(failure) => drawn(failure, lang, is_api),
        None => answer,
    };
    let headers = answer.headers_mut();
    if let Some(cookie) = chosen.and_then(|cookie| HeaderValue::from_str(&cookie).ok()) {
        headers.append(header::SET_COOKIE, cookie);
    }
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("no-store"));
    if state.settings.is_secure() {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, TLS_ALONE);
    }
    answer
}

/// A failure as people or programs read it.
fn drawn(failure: &Failure, lang: Lang, is_api: bool) -> Response {
    let Failure { status, message, hint, retry_after, .. } = failure;
    let mut answer = match is_api {
        true => axum::Json(Problem { error: message.clone(), hint: hint.clone() }).into_response(),
        false => open_page("failure", lang, context! { status => status.as_u16(), message, hint }),
    };
    *answer.status_mut() = *status;
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(header::RETRY_AFTER, (*seconds).into());
    }
    answer
}

/// The session of the cookie, and the token of a form: a request that changes something comes from a page of this process.
pub(super) async fn signed(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    match with_session(&state, request).await {
        Ok(request) => next.run(request).await,
        Err(failure) => failure.into_response(),
    }
}

async fn with_session(state: &State, request: Request) -> Result<Request, Failure> {
    let (mut parts, body) = request.into_parts();
    let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    // What a page has no use for is not read.
    let body = match changes {
        true => to_bytes(body, BODY).await.map_err(|_| Failure::too_large(BODY))?,
        false => Default::default(),
    };
    if parts.uri.path().starts_with(API) {
        return Ok(Request::from_parts(parts, Body::from(body)));
    }
    let token = cookie_of(&parts.headers, session_cookie(state)).map(str::to_string);
    let who = token.as_deref().and_then(|token| state.who(token));
    if changes {
        let before = cookie_of(&parts.headers, form_cookie(state)).map(|token| state.sessions.form_token(token));
        let due = match &who {
            Some(who) => Some(who.csrf.clone()),
            None if parts.uri.path() == routes::SIGN_IN => before,
            None => return Err(Failure::signed_out()),
        };
        let header = parts.headers.get(FORM_TOKEN_HEADER).and_then(|value| value.to_str().ok());
        let field = url::form_urlencoded::parse(&body).find(|(name, _)| name == FORM_TOKEN);
        let brought = header.map(str::to_string).or(field.map(|(_, value)| value.into_owned()));
        let is_right = due.zip(brought).is_some_and(|(due, brought)| random::is_same(&due, &brought));
        if !is_right {
            return Err(Failure::not_from_here());
        }
    }
    if let Some(who) = who {
        parts.extensions.insert(who);
    }
    Ok(Request::from_parts(parts, Body::from(body)))
}

/// What an address needs. One that says nothing is open to nobody.
pub(super) async fn permitted(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match may(&state, &mut parts) {
        Ok(()) => next.run(Request::from_parts(parts, body)).await,
        Err(failure) => failure.into_response(),
    }
}

fn may(state: &State, parts: &mut Parts) -> Result<(), Failure> {
    let path = parts.extensions.get::<MatchedPath>().map(|path| path.as_str().to_string()).unwrap_or_default();
    let is_read = matches!(parts.method, Method::GET | Method::HEAD);
    let need = routes::need(&path, is_read);
    match need {
        None => Err(Failure::new(StatusCode::FORBIDDEN, "nobody may do this", "")),
        Some(Need::Open) => Ok(()),
        Some(Need::Role(role)) => {
            let who = parts.extensions.get::<Who>().ok_or_else(|| Failure::sign_in(&parts.uri))?;
            who.must(role)
        }
        Some(Need::Signed) => match parts.extensions.get::<Who>() {
            Some(_) => Ok(()),
            None => Err(Failure::sign_in(&parts.uri)),
        },
        Some(Need::Key(scope)) => {
            let key = parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
            let key = key.and_then(|value| value.strip_prefix("Bearer ")).ok_or_else(Failure::no_key)?;
            let keys = state.keys.as_ref().ok_or_else(Failure::no_key)?;
            let (name, scopes) = keys.find(key.trim())?.ok_or_else(Failure::no_key)?;
            if !scopes.contains(&scope) {
                return Err(Failure::no_scope(scope));
            }
            parts.extensions.insert(Program { name });
            Ok(())
        }
    }
}
