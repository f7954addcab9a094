//! Pages: templates with their context, as HTML.
//!
//! In: the name of a template in `templates/`, who looks, their language, plain data. Out: a response. Everything that a template
//! writes is escaped; no template says `safe`.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use minijinja::{Value, context};
use serde::Serialize;

use super::templates;
use super::who::{Role, Who};
use crate::error::Error;

/// The cookie in which a reader's choice of language is kept.
pub(crate) const LANG_COOKIE: &str = "nayose_lang";

/// The language of a page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Lang {
    /// Japanese
    Ja,
    /// English
    #[default]
    En,
}

impl Lang {
    /// The language that a request asks for: by `?lang=`, by its cookie, by what the browser prefers.
    pub(crate) fn of(parts: &Parts) -> Self {
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let kept = cookie(header(header::COOKIE), LANG_COOKIE).and_then(Self::named);
        let preferred =
            header(header::ACCEPT_LANGUAGE).split(',').find_map(|range| Self::named(range.trim().get(..2)?));
        Self::asked(parts).or(kept).or(preferred).unwrap_or_default()
    }

    fn named(name: &str) -> Option<Self> {
        match name {
            "ja" => Some(Lang::Ja),
            "en" => Some(Lang::En),
            _ => None,
        }
    }

    /// The language of `?lang=`.
    fn asked(parts: &Parts) -> Option<Self> {
        let query = parts.uri.query().unwrap_or_default();
        let (_, value) = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "lang")?;
        Self::named(&value)
    }
}

/// The cookie that keeps the language of `?lang=` for a year; none where none was asked for. It is no secret, and of no person.
pub(super) fn chosen(parts: &Parts) -> Option<String> {
    let name = match Lang::asked(parts)? {
        Lang::Ja => "ja",
        Lang::En => "en",
    };
    Some(format!("{LANG_COOKIE}={name}; Path=/; Max-Age=31536000; HttpOnly; SameSite=Lax"))
}

impl<S: Send + Sync> FromRequestParts<S> for Lang {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _state: &S) -> Result<Self, Infallible> {
        Ok(Lang::of(parts))
    }
}

/// The value of a cookie in a header of cookies.
pub(super) fn cookie<'a>(header: &'a str, name: &str) -> Option<&'a str> {
    header.split(';').find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))
}

/// A page. The template sees the fields of `context`, and `who`, `lang` and `sees_people` beside them.
pub(crate) fn page(name: &str, who: &Who, lang: Lang, context: impl Serialize) -> Response {
    draw(name, Some(who), lang, Value::from_serialize(context))
}

/// A page that needs no session, such as that for signing in. Who is signed in has the navigation above it.
pub(super) fn open_page(name: &str, who: Option<&Who>, lang: Lang, context: impl Serialize) -> Response {
    draw(name, who, lang, Value::from_serialize(context))
}

fn draw(name: &str, who: Option<&Who>, lang: Lang, context: Value) -> Response {
    let sees_people = who.is_some_and(|who| who.may(Role::Analyst));
    let drawn = templates::all(lang)
        .and_then(|all| all.get_template(name))
        .and_then(|template| template.render(context! { who, lang, sees_people, ..context }));
    match drawn {
        Ok(html) => Html(html).into_response(),
        // The sentence of the library may quote a value.
        Err(error) => {
            let error = Error::bug(format!("the page {name} cannot be drawn: {}", error.kind()));
            (StatusCode::INTERNAL_SERVER_ERROR, error.to_string()).into_response()
        }
    }
}
