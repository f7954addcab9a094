//! What is told where a request cannot be answered: to readers in their language, to programs as JSON, to each role what it may see.

use std::path::Path;

use reqwest::header::{ALLOW, CONTENT_TYPE};
use reqwest::{Method, Response, StatusCode};
use serde_json::Value;

use super::failure::Failure;
use super::page::Lang;
use super::tests::Door;
use super::who::{Role, Scope};
use super::words::word;
use crate::error::Error;

/// What our libraries say where a request cannot be read, and no page does.
const OF_LIBRARIES: [&str; 4] = ["deserialize", "missing field", "duplicate field", "Invalid UTF-8"];

async fn json(answer: Response) -> Value {
    assert_eq!(answer.headers()[CONTENT_TYPE], "application/json", "{}", answer.status());
    let told: Value = serde_json::from_str(&answer.text().await.expect("text")).expect("JSON");
    for field in ["error", "hint"] {
        assert!(told[field].as_str().is_some_and(|text| !text.is_empty()), "{told}");
    }
    told
}

/// A page as it is read.
fn unescaped(html: &str) -> String {
    html.replace("&quot;", "\"").replace("&#x2f;", "/").replace("&#x27;", "'").replace("&amp;", "&")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_a_page_in_the_language_of_the_reader() {
    let door = Door::open().await;
    let (cookie, who) = door.session([Role::Admin]);
    let form = [("csrf", who.csrf.as_str())];
    for (method, path, status, [ja, en]) in [
        (Method::GET, "/diff?before=abc&after=2", 400, ["「abc」は実行の番号ではありません", "\"abc\" is no number"]),
        (Method::GET, "/runs/abc", 404, ["実行 abc はありません", "There is no run abc"]),
        (Method::GET, "/why-not?left=a&left=b", 400, ["?left=a&left=b", "?left=a&left=b"]),
        (Method::GET, "/customers/%FF", 400, ["/customers/%FF", "/customers/%FF"]),
        (Method::GET, "/tables/%FF", 400, ["部分を読めません", "cannot be read"]),
        (Method::POST, "/show", 400, ["フォームの内容を読めません", "The form cannot be read"]),
        (Method::POST, "/review/decide", 503, ["まだ実行がありません", "No run yet"]),
        (Method::GET, "/sign-out", 405, ["使えるメソッド：POST", "It takes POST"]),
        (Method::GET, "/customer/C-1", 404, ["/customers/{id} ではありませんか", "Did you mean /customers/{id}?"]),
        (Method::GET, "/assets/0/none.css", 404, ["見つかりません", "Not found"]),
        (Method::GET, "/sign-in/link?token=0", 403, ["期限が切れています", "too old"]),
        (Method::GET, "/sign-in/oidc", 404, ["サインインできません", "Nobody signs in that way"]),
    ] {
        for (lang, said) in [("ja", ja), ("en", en)] {
            let headers = [("cookie", cookie.as_str()), ("accept-language", lang)];
            let answer = door.ask(method.clone(), path, &headers, &form).await;
            assert_eq!(answer.status().as_u16(), status, "{path}");
            let html = unescaped(&answer.text().await.expect("text"));
            assert!(html.contains(&format!("<html lang=\"{lang}\">")) && html.contains(said), "{path}: {html}");
            assert!(OF_LIBRARIES.iter().all(|told| !html.contains(told)), "{path}: {html}");
            assert!(lang == "en" || !html.contains("<div lang=\"en\">"), "{path} has English in it: {html}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn programs_are_told_in_json_what_there_is_instead() {
    let door = Door::open().await;
    let key = |scope: Scope| format!("Bearer {}", door.keys.iter().find(|(of, _)| *of == scope).expect("a key").1);
    let read = key(Scope::Read);
    for (method, path, status, hint) in [
        (Method::GET, "/v1/customer/C-1", 404, "Did you mean /v1/customers/{id}?"),
        (Method::GET, "/v1/customers/C-1/graph", 404, "/v1/openapi.json"),
        (Method::GET, "/v1/mach", 404, "Did you mean /v1/match?"),
        (Method::GET, "/v1", 404, "/v1/openapi.json"),
        (Method::GET, "/v1/match", 405, "POST"),
        (Method::POST, "/v1/decisions", 405, "GET, HEAD"),
        (Method::DELETE, "/v1/customers/C-1", 405, "GET, HEAD"),
        (Method::GET, "/v1/customers/%FF", 400, "/v1/openapi.json"),
        (Method::GET, "/v1/decisions?record=a&record=b", 400, "/v1/openapi.json"),
        (Method::GET, "/v1/decisions?recrod=shop:1", 400, "/v1/openapi.json"),
        (Method::GET, "/v1/decisions", 503, "nayose run PIPELINE"),
        // A page of people, and an address without its version.
        (Method::GET, "/customers/C-1", 401, "/v1/customers/{id}"),
        (Method::GET, "/match", 404, "Did you mean /v1/match?"),
    ] {
        let answer = door.ask(method.clone(), path, &[("authorization", &read)], &[]).await;
        assert_eq!(answer.status().as_u16(), status, "{method} {path}");
        let allowed = answer.headers().get(ALLOW).and_then(|methods| methods.to_str().ok()).map(str::to_string);
        assert_eq!(allowed.as_deref(), (status == 405).then_some(hint), "{method} {path}");
        let told = json(answer).await;
        assert!(told["hint"].as_str().expect("a text").contains(hint), "{method} {path}: {told}");
    }
    // In the reader's language, where they say which.
    let headers = [("authorization", read.as_str()), ("accept-language", "ja")];
    let told = json(door.get("/v1/customer/C-1", &headers).await).await;
    assert!(told["error"].as_str().expect("a text").contains("はありません"), "{told}");
    // Names of schemes have no case.
    let answer = door.get("/v1/decisions", &[("authorization", &read.replace("Bearer", "bearer"))]).await;
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "the key is known");
    // A process without keys does not ask for the header that is there.
    let door = Door::open_with(|settings| settings.keys = None).await;
    let told = json(door.get("/v1/decisions", &[("authorization", "Bearer nayose_0")]).await).await;
    assert!(told["hint"].as_str().expect("a text").contains("`keys` in the settings"), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_leads_nobody_to_what_they_may_not_see() {
    let door = Door::open().await;
    for (role, to) in [
        (Some(Role::Viewer), "href=\"/\""),
        (Some(Role::Analyst), "href=\"/search\""),
        (Some(Role::Admin), "href=\"/search\""),
        (None, "href=\"/sign-in\""),
    ] {
        let signed = role.map(|role| door.session([role]));
        let headers: Vec<(&str, &str)> = signed.iter().map(|(cookie, _)| ("cookie", cookie.as_str())).collect();
        let html = door.get("/no/such/page", &headers).await.text().await.expect("text");
        let main = html.split("<main").nth(1).and_then(|rest| rest.split("</main>").next()).expect("a page");
        assert!(main.contains(to), "{role:?}: {main}");
        let may_search = role.is_some_and(|role| role.may(Role::Analyst));
        assert_eq!(html.contains("href=\"/search\""), may_search, "{role:?}: {html}");
        assert_eq!(html.contains("href=\"/runs\""), role.is_some(), "{role:?} has the navigation: {html}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lake_that_is_new_is_told_apart_from_one_that_is_gone() {
    let door = Door::open().await;
    let (cookie, _) = door.session([Role::Viewer]);
    let headers = [("cookie", cookie.as_str()), ("accept-language", "ja")];
    let html = door.get("/", &headers).await.text().await.expect("text");
    assert!(html.contains("まだ実行がありません") && html.contains("nayose run PIPELINE"), "{html}");
    door.state.saw_published(true);
    let html = door.get("/", &headers).await.text().await.expect("text");
    assert!(html.contains("レイクが元の場所にありません") && !html.contains("nayose run"), "{html}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_not_signed_in_is_told_no_file_and_the_log_is() {
    let door = Door::open().await;
    door.write("users.csv", "name,hash,for\nk.tanaka,x,stewart\n");
    door.write("keys.csv", "name,hash,for\ntill\n");
    let names_nothing = |text: &str| !text.contains(".csv") && !text.contains("stewart") && !text.contains("till");
    for (lang, said) in [("ja", "今はサインインできません"), ("en", "Signing in is not possible now")] {
        let answer = door.sign_in_as("k.tanaka", "three words and a fourth", lang).await;
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        let html = answer.text().await.expect("text");
        assert!(html.contains(said) && names_nothing(&html), "{html}");
    }
    let told = json(door.get("/v1/decisions", &[("authorization", "Bearer nayose_0")]).await).await;
    assert!(told["error"] == "Keys cannot be looked up now." && names_nothing(&told.to_string()), "{told}");
    let logged = door.logged();
    assert_eq!(logged.len(), 2, "each file once: {logged:?}");
    assert!(
        logged[0].contains("users.csv:2: \"stewart\" is none of") && logged[1].contains("keys.csv:2: "),
        "{logged:?}"
    );
}

#[test]
fn what_a_reader_cannot_mend_is_told_with_what_they_can_do() {
    let failure = Failure::from(Error::environment("cannot read /lake/x: gone").hint("check the path"));
    assert_eq!((failure.status, failure.heading), (StatusCode::SERVICE_UNAVAILABLE, "lake"));
    assert_eq!(
        failure.detail.as_deref(),
        Some(&["cannot read /lake/x: gone".to_string(), "check the path".to_string()])
    );
    assert!(failure.message.ja.starts_with("データの置き場所"), "{failure:?}");
    let failure = Failure::from(Error::absent("there is no x").hint("look").ja("x はありません。", "見てください。"));
    assert_eq!((failure.status, failure.detail), (StatusCode::NOT_FOUND, None));
    assert_eq!((failure.message.ja.as_str(), failure.hint.en.as_str()), ("x はありません。", "Look."));
    let long = Error::absent(format!("there is no {}", "x".repeat(9000))).hint("look").ja("x", "y");
    assert!(Failure::from(long).message.en.chars().count() < 400);
    assert_eq!(Failure::from(Error::usage("x")).status, StatusCode::BAD_REQUEST);
}

/// The code of a file of `src/`, without its tests.
fn code(file: &str) -> String {
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(file)).expect("text");
    text.split("#[cfg(test)]").next().unwrap_or_default().to_string()
}

#[test]
fn every_failure_has_its_words_in_both_languages() {
    let code = code("serve/failure.rs");
    // Those of errors of other rooms are chosen by a variable.
    let mut keys: Vec<String> = ["bug", "bug.do", "lake", "lake.do"].map(str::to_string).to_vec();
    for part in code.split("say(StatusCode::").skip(1) {
        let key = part.split('"').nth(1).unwrap_or_default();
        keys.extend([key.to_string(), format!("{key}.do")]);
    }
    keys.extend(code.split("said(\"").skip(1).filter_map(|part| part.split('"').next()).map(str::to_string));
    assert!(keys.len() > 60, "{}", keys.len());
    for key in &keys {
        for lang in [Lang::Ja, Lang::En] {
            assert!(word(lang, &format!("failure.say.{key}")).is_some(), "{key}");
        }
    }
    for heading in code.split("=> \"").skip(1).chain(code.split("heading: \"").skip(1)) {
        let heading = heading.split('"').next().unwrap_or_default();
        assert!(word(Lang::Ja, &format!("failure.heading.{heading}")).is_some(), "{heading}");
    }
}

#[test]
fn what_readers_can_mend_has_its_sentence_in_japanese() {
    // What pages ask. What only the command line asks has English alone.
    let asked = [
        "audit/customer.rs",
        "audit/golden.rs",
        "audit/history.rs",
        "audit/matching.rs",
        "audit/pair.rs",
        "audit/records.rs",
        "audit/review.rs",
        "audit/search.rs",
        "audit/why_not.rs",
        "lake/snapshot.rs",
        "serve/decide.rs",
    ];
    let (mut sentences, mut wrong) = (0, Vec::new());
    for file in asked {
        for part in code(file).replace("Error::absent(", "Error::usage(").split("Error::usage(").skip(1) {
            let sentence: String = part.split([';', '}']).next().unwrap_or_default().into();
            sentences += 1;
            // Up to the end of the expression: the places in a text have braces of their own.
            if !part.split("Error::").next().unwrap_or_default().contains(".ja(") {
                wrong.push(format!("{file}: {sentence}"));
            }
        }
    }
    assert!(sentences > 20, "{sentences}");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_handler_takes_what_answers_a_line_of_english() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/serve/routes");
    for file in std::fs::read_dir(folder).expect("a folder").flatten() {
        let code = std::fs::read_to_string(file.path()).expect("text");
        for line in code.lines().filter(|line| line.starts_with("use axum::")) {
            for taken in ["Query", "Path,", "Path}", "::Path;", "Form", "Json}"] {
                let is_raw = line.contains("RawQuery") || line.contains("{Json, Router}");
                assert!(is_raw || !line.contains(taken), "{}: {line}", file.path().display());
            }
        }
        assert!(!code.contains("body: String"), "{}", file.path().display());
        assert!(!code.contains(": Json<"), "{}", file.path().display());
    }
}
