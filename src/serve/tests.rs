//! The door from outside: requests over the wire to a process of this test, over a lake in which nothing is published.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Instant;

use axum::Router;
use axum::routing::get;
use reqwest::header::{HeaderMap, LOCATION, RETRY_AFTER, SET_COOKIE};
use reqwest::{Method, Response, StatusCode};

use super::routes::{self, NEEDS, Need};
use super::sessions::Way;
use super::settings::Settings;
use super::state::{IN_FLIGHT, State};
use super::who::{Role, Scope, Who};
use super::{ServeOptions, accounts, dressed, guard};
use crate::config::serve_file::SessionFile;
use crate::engine::session::Resources;
use crate::lake::desk::{self, Log};
use crate::store::Location;

const ROLES: [Role; 5] = [Role::Viewer, Role::Analyst, Role::Steward, Role::Auditor, Role::Admin];
const PASSWORD: &str = "three words and a fourth";

/// A process with an account `k.tanaka` and keys for each scope.
pub(super) struct Door {
    folder: tempfile::TempDir,
    pub(super) state: Arc<State>,
    at: SocketAddr,
    http: reqwest::Client,
    pub(super) keys: Vec<(Scope, String)>,
}

fn settings(folder: &Path) -> Settings {
    Settings {
        listen: "127.0.0.1:0".parse().expect("an address"),
        public_url: None,
        tls: None,
        behind_proxy: false,
        users: Some(folder.join("users.csv")),
        keys: Some(folder.join("keys.csv")),
        oidc: None,
        session: SessionFile::default(),
        four_eyes: false,
    }
}

/// What the processes of all tests told their logs.
static LOGGED: Mutex<Vec<String>> = Mutex::new(Vec::new());

fn log(text: &str) {
    LOGGED.lock().expect("no test panics in it").push(text.to_string());
}

impl Door {
    /// What the log of this process was told that names one of its files.
    pub(super) fn logged(&self) -> Vec<String> {
        let own = self.folder.path().display().to_string();
        LOGGED.lock().expect("no test panics in it").iter().filter(|text| text.contains(&own)).cloned().collect()
    }

    /// Writes a file beside the lake.
    pub(super) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.folder.path().join(name), text).expect("written");
    }

    pub(super) async fn open() -> Self {
        Self::open_with(|_| {}).await
    }

    pub(super) async fn open_with(change: impl Fn(&mut Settings)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let mut settings = settings(folder.path());
        accounts::add_user(&folder.path().join("users.csv"), "k.tanaka", PASSWORD, &[Role::Analyst].into())
            .expect("added");
        let keys = [Scope::Match, Scope::Read].map(|scope| {
            let name = format!("{scope:?}");
            (scope, accounts::add_key(&folder.path().join("keys.csv"), &name, &[scope].into()).expect("added"))
        });
        std::fs::create_dir(folder.path().join("lake")).expect("a folder");
        change(&mut settings);
        let options = ServeOptions {
            lake: Location::parse("lake", folder.path()).expect("a place"),
            may_be_new: true,
            pipeline: None,
            settings,
            resources: Resources { memory: 512 << 20, ..Resources::default() },
            pg: None,
            log,
        };
        let state = Arc::new(State::new(&options).expect("a state"));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let at = listener.local_addr().expect("an address");
        // Beside the addresses of the process: one that panics, and one that nobody said anything about.
        let router = routes::all().route("/unsaid", get(async || "told"));
        let panics: Router<Arc<State>> =
            Router::new().route("/panics", get(async || -> &'static str { panic!("山田") }));
        let service = dressed(router, panics, state.clone()).into_make_service_with_connect_info::<SocketAddr>();
        tokio::spawn(async move { axum::serve(listener, service).await });
        let http = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().expect("a client");
        Door { folder, state, at, http, keys: keys.to_vec() }
    }

    pub(super) fn session(&self, roles: impl Into<BTreeSet<Role>>) -> (String, Who) {
        let token = self.state.sessions.begin("m.sato", roles.into(), Way::Provider, Instant::now()).expect("a token");
        let who = self.state.who(&token).expect("a session");
        (format!("{}={token}", guard::session_cookie(&self.state)), who)
    }

    pub(super) async fn ask(
        &self,
        method: Method,
        path: &str,
        headers: &[(&str, &str)],
        form: &[(&str, &str)],
    ) -> Response {
        let mut request = self.http.request(method.clone(), format!("http://{}{path}", self.at));
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if method == Method::POST {
            let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
            request = request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        request.send().await.expect("an answer")
    }

    pub(super) async fn get(&self, path: &str, headers: &[(&str, &str)]) -> Response {
        self.ask(Method::GET, path, headers, &[]).await
    }

    /// The cookie and the token of the form of the sign-in page.
    async fn sign_in_form(&self) -> (String, String) {
        let page = self.get("/sign-in", &[]).await;
        let cookie = cookies(page.headers()).remove(0).split(';').next().unwrap_or_default().to_string();
        let html = page.text().await.expect("text");
        let token = html.split("name=\"csrf\" value=\"").nth(1).and_then(|rest| rest.split('"').next());
        (cookie, token.expect("a token").to_string())
    }

    async fn sign_in(&self, name: &str, password: &str) -> Response {
        self.sign_in_as(name, password, "en").await
    }

    /// Signs in by name and password, in a language.
    pub(super) async fn sign_in_as(&self, name: &str, password: &str, lang: &str) -> Response {
        let (cookie, csrf) = self.sign_in_form().await;
        let form = [("name", name), ("password", password), ("csrf", &csrf), ("next", "/access")];
        self.ask(Method::POST, "/sign-in", &[("cookie", &cookie), ("accept-language", lang)], &form).await
    }
}

fn cookies(headers: &HeaderMap) -> Vec<String> {
    headers.get_all(SET_COOKIE).iter().map(|value| value.to_str().expect("text").to_string()).collect()
}

fn place(answer: &Response) -> &str {
    answer.headers().get(LOCATION).and_then(|to| to.to_str().ok()).unwrap_or_default()
}

/// What an answer says about who asked: sent to sign in, refused, or let in.
#[derive(Debug, PartialEq)]
enum Let {
    NoMethod,
    SignIn,
    NoKey,
    Refused,
    In,
}

fn said(answer: &Response) -> Let {
    match answer.status() {
        StatusCode::SEE_OTHER if place(answer).starts_with("/sign-in?next=") || place(answer) == "/sign-in" => {
            Let::SignIn
        }
        StatusCode::METHOD_NOT_ALLOWED => Let::NoMethod,
        StatusCode::UNAUTHORIZED => Let::NoKey,
        StatusCode::FORBIDDEN => Let::Refused,
        _ => Let::In,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_role_sees_what_it_may_and_no_more() {
    let door = Door::open().await;
    let mut wrong = Vec::new();
    for (path, read, send) in NEEDS {
        let url = path.replace("{id}", "C-1");
        for (method, need) in [(Method::GET, read), (Method::POST, send)] {
            // Those have tokens of their own.
            if path.starts_with("/sign-in/") || *path == "/sign-in" {
                continue;
            }
            let due = |role: Option<Role>| match need {
                None => Let::NoMethod,
                Some(Need::Open) => Let::In,
                Some(Need::Key(_)) => Let::NoKey,
                Some(Need::Signed | Need::Role(_)) if role.is_none() => Let::SignIn,
                Some(Need::Signed) => Let::In,
                Some(Need::Role(needed)) if role.is_some_and(|role| role.may(*needed)) => Let::In,
                Some(Need::Role(_)) => Let::Refused,
            };
            for role in [None].into_iter().chain(ROLES.map(Some)) {
                let signed = role.map(|role| door.session([role]));
                let headers: Vec<(&str, &str)> = match &signed {
                    Some((cookie, _)) => vec![("cookie", cookie)],
                    None => Vec::new(),
                };
                let csrf = signed.as_ref().map_or("", |(_, who)| who.csrf.as_str());
                let form = [("customer_id", "C-1"), ("why", "a call"), ("csrf", csrf)];
                let answer = door.ask(method.clone(), &url, &headers, &form).await;
                // Signing out leads to the page for signing in, and so does sending what nobody may without a session.
                let is_out = *path == "/sign-out" && role.is_some() && place(&answer) == "/sign-in";
                let is_unsigned = method == Method::POST && role.is_none() && !path.starts_with("/v1/");
                let due = if is_unsigned { Let::SignIn } else { due(role) };
                let is_bug = answer.status() == StatusCode::INTERNAL_SERVER_ERROR;
                if !is_out && (is_bug || said(&answer) != due) {
                    wrong.push(format!("{method} {path} as {role:?}: {} where {due:?} is due", answer.status()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_good_for_its_scopes() {
    let door = Door::open().await;
    for (scope, key) in &door.keys {
        for (path, read, send) in NEEDS {
            for (method, need) in [(Method::GET, read), (Method::POST, send)] {
                let Some(Need::Key(needed)) = need else { continue };
                let bearer = format!("Bearer {key}");
                let answer = door.ask(method, &path.replace("{id}", "C-1"), &[("authorization", &bearer)], &[]).await;
                let due = if needed == scope { Let::In } else { Let::Refused };
                assert_eq!(said(&answer), due, "{path} with {scope:?}");
                assert!(answer.headers()["content-type"].to_str().expect("text").starts_with("application/json"));
            }
        }
    }
    let answer = door.get("/v1/decisions", &[("authorization", "Bearer nayose_0")]).await;
    assert_eq!(answer.status(), StatusCode::UNAUTHORIZED);
    let (cookie, _) = door.session([Role::Admin]);
    assert_eq!(
        door.get("/v1/decisions", &[("cookie", &cookie)]).await.status(),
        StatusCode::UNAUTHORIZED,
        "no session"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_says_nothing_is_open_to_nobody() {
    let door = Door::open().await;
    let (cookie, _) = door.session([Role::Admin]);
    assert_eq!(door.get("/unsaid", &[("cookie", &cookie)]).await.status(), StatusCode::FORBIDDEN);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_needs_the_token_of_its_session() {
    let door = Door::open().await;
    let (cookie, who) = door.session([Role::Analyst]);
    let (_, other) = door.session([Role::Analyst]);
    let send = async |csrf: Option<&str>| {
        let form: Vec<(&str, &str)> =
            [("customer_id", "C-1"), ("why", "")].into_iter().chain(csrf.map(|csrf| ("csrf", csrf))).collect();
        door.ask(Method::POST, "/show", &[("cookie", &cookie)], &form).await.status()
    };
    assert_eq!(send(None).await, StatusCode::FORBIDDEN);
    assert_eq!(send(Some("")).await, StatusCode::FORBIDDEN);
    assert_eq!(send(Some(&other.csrf)).await, StatusCode::FORBIDDEN);
    assert_eq!(send(Some(&who.csrf)).await, StatusCode::BAD_REQUEST, "it lacks a reason, and that alone");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_and_its_password_sign_in() {
    let door = Door::open().await;
    let answer = door.sign_in("k.tanaka", PASSWORD).await;
    assert_eq!((answer.status(), place(&answer)), (StatusCode::SEE_OTHER, "/access"));
    let cookie = cookies(answer.headers()).remove(0);
    assert!(cookie.contains("; HttpOnly; SameSite=Lax") && !cookie.contains("Secure"), "{cookie}");
    let cookie = cookie.split(';').next().unwrap_or_default().to_string();
    assert_eq!(door.get("/access", &[("cookie", &cookie)]).await.status(), StatusCode::FORBIDDEN, "an analyst");
    let log = desk::read(&door.state.lake, Log::Access).await.expect("a log");
    assert_eq!(log.len(), 1);
    // The file says what the account may, and that it is none any more.
    let users = door.folder.path().join("users.csv");
    accounts::add_user(&users, "k.tanaka", PASSWORD, &[Role::Auditor].into()).expect("added");
    assert_eq!(door.get("/access", &[("cookie", &cookie)]).await.status(), StatusCode::OK);
    std::fs::write(&users, "name,hash,for\n").expect("written");
    assert_eq!(said(&door.get("/access", &[("cookie", &cookie)]).await), Let::SignIn);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_fails_too_often_waits() {
    let door = Door::open().await;
    let mut last = StatusCode::OK;
    for _ in 0..10 {
        let answer = door.sign_in("k.tanaka", "not the password").await;
        last = answer.status();
        assert!(cookies(answer.headers()).iter().all(|cookie| !cookie.contains("session")));
    }
    assert_eq!(last, StatusCode::UNAUTHORIZED);
    let answer = door.sign_in("k.tanaka", PASSWORD).await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS, "the right one too");
    assert!(answer.headers().contains_key(RETRY_AFTER));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_the_first_start_works_once() {
    let door = Door::open().await;
    let token = door.state.make_link().expect("a link");
    let link = format!("/sign-in/link?token={token}");
    assert_eq!(door.get("/sign-in/link?token=0", &[]).await.status(), StatusCode::FORBIDDEN);
    let answer = door.get(&link, &[]).await;
    assert_eq!((answer.status(), place(&answer)), (StatusCode::SEE_OTHER, "/"));
    let cookie = cookies(answer.headers()).remove(0).split(';').next().unwrap_or_default().to_string();
    assert_eq!(door.get("/access", &[("cookie", &cookie)]).await.status(), StatusCode::OK, "an admin");
    assert_eq!(door.get(&link, &[]).await.status(), StatusCode::FORBIDDEN);
    let who = door.state.who(cookie.split_once('=').expect("a cookie").1).expect("a session");
    let answer = door.ask(Method::POST, "/sign-out", &[("cookie", &cookie)], &[("csrf", &who.csrf)]).await;
    assert_eq!(place(&answer), "/sign-in");
    assert_eq!(said(&door.get("/access", &[("cookie", &cookie)]).await), Let::SignIn);
}

#[tokio::test(flavor = "multi_thread")]
async fn under_tls_cookies_are_for_tls_alone() {
    let door = Door::open_with(|settings| settings.behind_proxy = true).await;
    let answer = door.sign_in("k.tanaka", PASSWORD).await;
    let cookie = cookies(answer.headers()).remove(0);
    assert!(cookie.starts_with("__Host-nayose_session=") && cookie.ends_with("; Secure"), "{cookie}");
    assert!(answer.headers().contains_key("strict-transport-security"));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_has_the_headers_that_keep_others_out() {
    let door = Door::open().await;
    for path in ["/sign-in", "/no/such/page", "/panics", "/v1/openapi.json", "/access"] {
        let answer = door.get(path, &[]).await;
        let header = |name: &str| answer.headers().get(name).and_then(|v| v.to_str().ok()).unwrap_or_default();
        for part in ["default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"] {
            assert!(header("content-security-policy").contains(part), "{path} lacks {part}");
        }
        assert_eq!(header("x-content-type-options"), "nosniff", "{path}");
        assert_eq!(header("referrer-policy"), "no-referrer", "{path}");
        assert_eq!(header("cache-control"), "no-store", "{path}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_panic_is_a_page_and_the_process_stays() {
    let door = Door::open().await;
    let answer = door.get("/panics", &[]).await;
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let html = answer.text().await.expect("text");
    assert!(html.contains("the program stopped at") && !html.contains("山田"), "{html}");
    assert_eq!(door.get("/health", &[]).await.text().await.expect("text"), "ok\n");
}

#[tokio::test(flavor = "multi_thread")]
async fn more_requests_than_there_are_places_come_again() {
    let door = Door::open().await;
    let places = door.state.in_flight.acquire_many(IN_FLIGHT as u32).await.expect("all places");
    let answer = door.get("/sign-in", &[("accept-language", "ja")]).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers().contains_key(RETRY_AFTER));
    assert!(answer.text().await.expect("text").contains("<html lang=\"ja\">"));
    drop(places);
    assert_eq!(door.get("/sign-in", &[]).await.status(), StatusCode::OK);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_is_told_and_markup_is_text() {
    let door = Door::open().await;
    let key = format!("Bearer {}", door.keys[1].1);
    let (cookie, who) = door.session([Role::Analyst]);
    // Nothing is published.
    let answer = door.get("/v1/customers/C-1", &[("authorization", &key)]).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
    let told: serde_json::Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
    assert!(told["error"].as_str().expect("a text").starts_with("Nothing is published"), "{told}");
    // A form that is too large.
    let large = "a".repeat(300 << 10);
    let form = [("customer_id", "C-1"), ("why", large.as_str()), ("csrf", &who.csrf)];
    let answer = door.ask(Method::POST, "/show", &[("cookie", &cookie)], &form).await;
    assert_eq!(answer.status(), StatusCode::PAYLOAD_TOO_LARGE);
    // A name full of markup in the log of accesses.
    let markup = "<script>alert(1)</script>";
    door.state.log(markup, super::access::What::Show, Some("C-1"), Some(markup)).await.expect("logged");
    let (cookie, _) = door.session([Role::Auditor]);
    let html = door.get("/access", &[("cookie", &cookie)]).await.text().await.expect("text");
    assert!(html.contains("&lt;script&gt;") && !html.contains("<script>"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn accesses_that_come_at_once_are_all_written() {
    let door = Door::open().await;
    let logs = (0..200).map(|i| {
        let state = door.state.clone();
        async move { state.log(&format!("a{i}"), super::access::What::Show, Some("C-1"), None).await }
    });
    for done in futures::future::join_all(logs).await {
        done.expect("written");
    }
    let checked = desk::check(&door.state.lake, Log::Access).await.expect("read");
    assert_eq!((checked.entries, checked.broken), (200, Vec::<String>::new()));
    let files = std::fs::read_dir(door.folder.path().join("lake/desk/access_log")).expect("a folder").count();
    assert!(files < 200, "those that wait are written together: {files}");
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_that_show_no_values_are_written_together() {
    let door = Door::open().await;
    for i in 0..50 {
        door.state.log(&format!("a{i}"), super::access::What::Page, Some("C-1"), None).await.expect("taken");
    }
    // What has to be there at once takes along what waits.
    door.state.log("k.tanaka", super::access::What::Show, Some("C-1"), None).await.expect("written");
    let checked = desk::check(&door.state.lake, Log::Access).await.expect("read");
    assert_eq!((checked.entries, checked.broken), (51, Vec::<String>::new()));
    let files = std::fs::read_dir(door.folder.path().join("lake/desk/access_log")).expect("a folder").count();
    assert!(files <= 2, "{files}");
    // And so does the end of the process.
    door.state.log("k.tanaka", super::access::What::Page, Some("C-1"), None).await.expect("taken");
    door.state.settle().await.expect("written");
    assert_eq!(desk::head(&door.state.lake, Log::Access).await.expect("read").number, 52);
}

#[test]
fn every_address_says_what_it_needs() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/serve/routes");
    let mut found = 0;
    for file in std::fs::read_dir(folder).expect("a folder").flatten() {
        let code = std::fs::read_to_string(file.path()).expect("text");
        for address in code.split(".route(\"").skip(1).filter_map(|rest| rest.split('"').next()) {
            assert!(NEEDS.iter().any(|(known, ..)| *known == address), "{address} is not in NEEDS");
            found += 1;
        }
    }
    assert!(found > 20, "{found} addresses are found");
}
