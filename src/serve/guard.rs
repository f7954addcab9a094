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
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use futures::FutureExt;
use minijinja::context;

use super::failure::Failure;
use super::page::{self, Lang, cookie, open_page};
use super::random;
use super::routes::api::Problem;
use super::routes::{self, Need};
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
    let asked = Asked::of(&parts);
    let chosen = page::chosen(&parts);
    let request = Request::from_parts(parts, body);
    let answer = match state.in_flight.try_acquire() {
        Err(_) => Failure::no_place(IN_FLIGHT).into_response(),
        Ok(_place) => match tokio::time::timeout(TAKES, AssertUnwindSafe(next.run(request)).catch_unwind()).await {
            Ok(Ok(answer)) => answer,
            Ok(Err(_)) => Failure::from(panicked()).into_response(),
            Err(_) => Failure::too_slow(TAKES).into_response(),
        },
    };
    let mut answer = match answer.extensions().get::<Failure>() {
        Some(failure) => {
            if let Some(detail) = &failure.detail {
                state.tell(detail);
            }
            asked.drawn(failure, answer.extensions().get::<Who>())
        }
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

/// What a failure is drawn by: who asked how.
struct Asked {
    lang: Lang,
    is_program: bool,
    /// The question of the address without the language; none of what was sent.
    here: Option<String>,
}

impl Asked {
    fn of(parts: &Parts) -> Self {
        let query = parts.uri.query().unwrap_or_default();
        let fields = url::form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != "lang");
        let here = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        Asked {
            lang: Lang::of(parts),
            is_program: routes::is_api(parts.uri.path()) || bearer(&parts.headers).is_some(),
            here: (parts.method == Method::GET).then_some(here),
        }
    }

    /// A failure as people or programs read it.
    fn drawn(&self, failure: &Failure, who: Option<&Who>) -> Response {
        let Failure { status, heading, message, hint, retry_after, allow, .. } = failure;
        let detail = told(failure);
        let mut answer = match self.is_program {
            true => axum::Json(problem(failure, self.lang)).into_response(),
            false => {
                // What was sent cannot be asked for again by a link: the other language begins at the first page.
                let place = if self.here.is_some() { "" } else { "/" };
                let here = &self.here;
                open_page("failure", who, self.lang, context! { heading, message, hint, detail, place, here })
            }
        };
        *answer.status_mut() = *status;
        if let Some(seconds) = retry_after {
            answer.headers_mut().insert(header::RETRY_AFTER, (*seconds).into());
        }
        if let Some(methods) = allow {
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(methods));
        }
        answer
    }
}

/// The detail of a failure that whoever asks is told.
fn told(failure: &Failure) -> Option<&[String; 2]> {
    failure.detail.as_deref().filter(|_| !failure.is_of_log)
}

/// A failure for programs. What only whoever runs the process can mend has its own words, in English.
fn problem(failure: &Failure, lang: Lang) -> Problem {
    let [error, hint] = match (told(failure), lang) {
        (Some(detail), _) => detail.clone(),
        (None, Lang::Ja) => [failure.message.ja.clone(), failure.hint.ja.clone()],
        (None, Lang::En) => [failure.message.en.clone(), failure.hint.en.clone()],
    };
    Problem { error, hint }
}

/// The key that a program sends. Names of schemes have no case (RFC 9110).
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, key) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| key.trim())
}

/// The session of the cookie, and the token of a form: a request that changes something comes from a page of this process.
pub(super) async fn signed(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let request = match with_session(&state, request).await {
        Ok(request) => request,
        Err(failure) => return failure.into_response(),
    };
    let who = request.extensions().get::<Who>().cloned();
    let is_api = routes::is_api(request.uri().path());
    let mut answer = next.run(request).await;
    // A failure is drawn with what whoever asks may see.
    let failure = answer.extensions().get::<Failure>().cloned();
    match (failure, who) {
        (Some(_), Some(who)) => drop(answer.extensions_mut().insert(who)),
        (Some(failure), None) if !is_api => drop(answer.extensions_mut().insert(failure.of_stranger())),
        _ => {}
    }
    answer
}

async fn with_session(state: &State, request: Request) -> Result<Request, Failure> {
    let (mut parts, body) = request.into_parts();
    let changes = !matches!(parts.method, Method::GET | Method::HEAD | Method::OPTIONS);
    // What a page has no use for is not read.
    let body = match changes {
        true => to_bytes(body, BODY).await.map_err(|_| Failure::too_large(BODY))?,
        false => Default::default(),
    };
    if routes::is_api(parts.uri.path()) {
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
    let nobody = || {
        let key = bearer(&parts.headers);
        key.map_or_else(|| Failure::sign_in(&parts.uri), |_| Failure::key_on_page(routes::program_twin(&path)))
    };
    match routes::need(&path, &parts.method)? {
        Need::Open => Ok(()),
        Need::Role(role) => parts.extensions.get::<Who>().ok_or_else(nobody)?.must(role),
        Need::Signed => parts.extensions.get::<Who>().map(|_| ()).ok_or_else(nobody),
        Need::Key(scope) => {
            let keys = state.keys.as_ref().ok_or_else(Failure::no_keys)?;
            let key = bearer(&parts.headers).ok_or_else(Failure::no_key)?;
            let found = keys.find(key).map_err(|error| Failure::from(error).of_unknown_key())?;
            let (name, scopes) = found.ok_or_else(Failure::no_key)?;
            if !scopes.contains(&scope) {
                return Err(Failure::no_scope(scope));
            }
            parts.extensions.insert(Program { name });
            Ok(())
        }
    }
}
