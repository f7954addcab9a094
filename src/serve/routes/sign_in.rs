//! Signing in: by the link of the first start, by name and password, by the provider; and out.

use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{FromRequest, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{AppendHeaders, IntoResponse, Response};
use axum::routing::{get, post};
use minijinja::context;
use serde::Deserialize;

use super::super::access::What;
use super::super::extract::{Form, Query};
use super::super::failure::{Answer, Failure};
use super::super::guard::{self, cookie_of, drop_cookie, form_cookie, session_cookie, set_cookie};
use super::super::oidc;
use super::super::page::{Lang, open_page};
use super::super::random;
use super::super::sessions::Way;
use super::super::state::State;
use super::super::who::Who;
use super::SIGN_IN;

/// The cookie of a sign-in that is under way at the provider.
const AT_PROVIDER: &str = "nayose_provider";

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/health", get(async || "ok\n"))
        .route(SIGN_IN, get(ask).post(by_password))
        .route("/sign-in/link", get(by_link))
        .route("/sign-in/oidc", get(to_provider))
        .route(oidc::BACK, get(from_provider))
        .route("/sign-out", post(out))
}

#[derive(Deserialize)]
struct Next {
    #[serde(default)]
    next: String,
}

/// A place of this process, and no other site: what a link brings along is not trusted.
pub(super) fn own_place(next: &str) -> &str {
    let is_own = next.starts_with('/') && !next.starts_with("//") && !next.contains(['\\', '\r', '\n', '\t']);
    if is_own && !next.starts_with(SIGN_IN) { next } else { "/" }
}

/// Goes to a place, with cookies set.
fn go(to: &str, cookies: Vec<String>) -> Response {
    let cookies: Vec<_> = cookies.into_iter().map(|cookie| (header::SET_COOKIE, cookie)).collect();
    (StatusCode::SEE_OTHER, [(header::LOCATION, own_place(to).to_string())], AppendHeaders(cookies)).into_response()
}

/// The page with the ways to sign in.
async fn ask(
    Shared(state): Shared<Arc<State>>,
    Query(Next { next }): Query<Next>,
    lang: Lang,
    headers: HeaderMap,
) -> Answer {
    form(&state, &headers, lang, &next, false)
}

fn form(state: &State, headers: &HeaderMap, lang: Lang, next: &str, failed: bool) -> Answer {
    let name = form_cookie(state);
    let (token, set) = match cookie_of(headers, name) {
        Some(token) if !token.is_empty() => (token.to_string(), None),
        _ => {
            let token = random::token()?;
            let set = set_cookie(state, name, &token);
            (token, Some((header::SET_COOKIE, set)))
        }
    };
    let page = context! {
        next => own_place(next),
        failed,
        csrf => state.sessions.form_token(&token),
        by_password => state.accounts.is_some(),
        by_provider => state.provider.is_some(),
    };
    Ok((AppendHeaders(set), open_page("sign_in", None, lang, page)).into_response())
}

#[derive(Deserialize)]
struct Typed {
    name: String,
    password: String,
    #[serde(default)]
    next: String,
}

async fn by_password(Shared(state): Shared<Arc<State>>, lang: Lang, request: Request) -> Answer {
    let (parts, body) = request.into_parts();
    let address = guard::address(&state, &parts);
    let headers = parts.headers.clone();
    let read = Form::<Typed>::from_request(Request::from_parts(parts, body), &state).await;
    let Form(Typed { name, password, next }) = read?;
    let accounts = state.accounts.as_ref().ok_or_else(Failure::no_such_way)?;
    let now = Instant::now();
    if let Some(wait) = state.limits.wait(&name, &address, now) {
        return Err(Failure::wait(wait));
    }
    // Counted before it is known: who tries many at once is counted too.
    state.limits.failed(&name, &address, now);
    let Some(roles) = accounts.sign_in(&name, &password).await? else {
        let mut page = form(&state, &headers, lang, &next, true)?;
        *page.status_mut() = StatusCode::UNAUTHORIZED;
        return Ok(page);
    };
    state.limits.succeeded(&name, &address);
    state.log(&name, What::SignIn, None, None).await?;
    let token = state.sessions.begin(&name, roles, Way::File, Instant::now())?;
    Ok(go(&next, vec![set_cookie(&state, session_cookie(&state), &token)]))
}

#[derive(Deserialize)]
struct Link {
    #[serde(default)]
    token: String,
}

async fn by_link(Shared(state): Shared<Arc<State>>, Query(Link { token }): Query<Link>) -> Answer {
    let (name, session) = state.take_link(&token)?.ok_or_else(Failure::link_is_over)?;
    state.log(&name, What::SignIn, None, None).await?;
    Ok(go("/", vec![set_cookie(&state, session_cookie(&state), &session)]))
}

async fn to_provider(Shared(state): Shared<Arc<State>>, Query(Next { next }): Query<Next>) -> Answer {
    let provider = state.provider.as_ref().ok_or_else(Failure::no_such_way)?;
    let (url, token) = provider.begin(own_place(&next)).await?;
    let cookie = set_cookie(&state, AT_PROVIDER, &token);
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, url), (header::SET_COOKIE, cookie)]).into_response())
}

#[derive(Deserialize)]
struct Brought {
    #[serde(default)]
    code: String,
    #[serde(default)]
    state: String,
}

async fn from_provider(
    Shared(state): Shared<Arc<State>>,
    Query(brought): Query<Brought>,
    headers: HeaderMap,
) -> Answer {
    let provider = state.provider.as_ref().ok_or_else(Failure::no_such_way)?;
    let token = cookie_of(&headers, AT_PROVIDER).unwrap_or_default();
    let known = provider.end(token, &brought.code, &brought.state).await?.ok_or_else(Failure::begun_elsewhere)?;
    if known.roles.is_empty() {
        return Err(Failure::no_role_here());
    }
    state.log(&known.name, What::SignIn, None, None).await?;
    let session = state.sessions.begin(&known.name, known.roles, Way::Provider, Instant::now())?;
    let cookies = vec![set_cookie(&state, session_cookie(&state), &session), drop_cookie(&state, AT_PROVIDER)];
    Ok(go(&known.next, cookies))
}

async fn out(Shared(state): Shared<Arc<State>>, who: Who) -> Answer {
    state.sessions.end(&who);
    let cookie = drop_cookie(&state, session_cookie(&state));
    Ok((StatusCode::SEE_OTHER, [(header::LOCATION, SIGN_IN.to_string()), (header::SET_COOKIE, cookie)]).into_response())
}

#[cfg(test)]
mod tests {
    use super::own_place;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for (next, to) in [
            ("/customers/C-1?lang=ja", "/customers/C-1?lang=ja"),
            ("", "/"),
            ("https://evil.example", "/"),
            ("//evil.example", "/"),
            ("/\\evil.example", "/"),
            ("/\t/evil.example", "/"),
            ("/sign-in?next=/", "/"),
            ("javascript:alert(1)", "/"),
        ] {
            assert_eq!(own_place(next), to, "{next}");
        }
    }
}
