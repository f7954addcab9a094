//! What a request gets instead of what it asked for: a page, or JSON for programs, in the reader's language and with what to do.
//!
//! In: an error of the house, or a refusal. Out: a status, a heading, one sentence and a remedy in both languages. Refusals of this room
//! stand in `templates/words.failure.*.json`, under `failure.say.KEY` and `failure.say.KEY.do`. An error of another room brings its
//! Japanese along where a reader can mend it; of the others readers are told what they can do, and whoever runs the process finds the
//! English sentence below, and in the log of the process. It may name files: who is not signed in is not told it. The kind of an error
//! decides the status: what is not there is 404, what cannot be read as a question 400, what the lake or the machine lacks 503, a bug 500.

use std::time::Duration;

use axum::http::{HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

use super::page::Lang;
use super::who::{Role, Scope};
use super::words::{filled, word};
use crate::audit::view::Words;
use crate::error::{Error, Kind};

/// What handlers answer.
pub(crate) type Answer = std::result::Result<Response, Failure>;

/// A request that is not answered as asked.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    /// The HTTP status.
    pub(crate) status: StatusCode,
    /// The heading of the page: `failure.heading.NAME` in the words.
    pub(super) heading: &'static str,
    /// One sentence.
    pub(super) message: Box<Words>,
    /// What to do.
    pub(super) hint: Box<Words>,
    /// What programs and whoever runs the process are told, in English: sentence and remedy of something that no reader can mend.
    pub(super) detail: Option<Box<[String; 2]>>,
    /// Nobody knows who asks: the detail is for the log of the process alone.
    pub(super) is_of_log: bool,
    /// Where to go instead.
    pub(super) location: Option<String>,
    /// Seconds after which to try again.
    pub(super) retry_after: Option<u32>,
    /// The methods that the address takes, where it does not take this one.
    pub(super) allow: Option<&'static str>,
}

/// Seconds after which who found no place may come again: most answers take less than one.
const COME_AGAIN: u32 = 2;

/// A place to fill in a sentence.
type Place<'a> = (&'a str, String);

/// A sentence of the words in both languages.
fn said(key: &str, places: &[Place]) -> Box<Words> {
    let places: Vec<Place> = places.iter().map(|(name, value)| (*name, clipped(value))).collect();
    let of = |lang| filled(word(lang, &format!("failure.say.{key}")).unwrap_or(key), &places);
    Box::new(Words { ja: of(Lang::Ja), en: of(Lang::En) })
}

/// Characters of a place or a sentence at most: whoever typed more knows what it was.
const LONGEST: usize = 300;

fn clipped(text: &str) -> String {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_string(),
    }
}

/// A sentence of the command line as one of a page: with a capital letter and a full stop. What begins with an id stays as it is.
fn sentence(text: &str) -> String {
    let mut text = clipped(text);
    let first = text.split(' ').next().unwrap_or_default();
    if !first.is_empty() && first.bytes().all(|byte| byte.is_ascii_lowercase()) {
        text[..1].make_ascii_uppercase();
    }
    let is_open = text.ends_with(|c: char| c.is_alphanumeric() || ")\"`".contains(c));
    if is_open { text + "." } else { text }
}

/// A name of the code as people write it.
fn lower(name: impl std::fmt::Debug) -> String {
    format!("{name:?}").to_lowercase()
}

impl Failure {
    fn of(status: StatusCode, message: Box<Words>, hint: Box<Words>) -> Self {
        let heading = match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "forbidden",
            StatusCode::NOT_FOUND => "absent",
            StatusCode::METHOD_NOT_ALLOWED => "method",
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => "later",
            StatusCode::INTERNAL_SERVER_ERROR => "bug",
            _ => "wrong",
        };
        Failure {
            status,
            heading,
            message,
            hint,
            detail: None,
            is_of_log: false,
            location: None,
            retry_after: None,
            allow: None,
        }
    }

    /// A failure with its sentence and remedy, by their key.
    fn say(status: StatusCode, key: &str, places: &[Place]) -> Self {
        Self::of(status, said(key, places), said(&format!("{key}.do"), places))
    }

    /// There is no such address; one like it is named.
    pub(super) fn no_address(path: &str, near: Option<&str>, is_api: bool) -> Self {
        let places = [("path", path.to_string()), ("near", near.unwrap_or_default().to_string())];
        let mut failure = Self::say(StatusCode::NOT_FOUND, "no_address", &places);
        failure.hint = match (near, is_api) {
            (Some(_), true) => said("no_address.near_api", &places),
            (None, true) => said("no_address.api", &places),
            (Some(_), false) => said("no_address.near", &places),
            (None, false) => failure.hint,
        };
        failure
    }

    /// The address takes other methods.
    pub(super) fn no_method(methods: &'static str) -> Self {
        let failure = Self::say(StatusCode::METHOD_NOT_ALLOWED, "no_method", &[("methods", methods.into())]);
        Failure { allow: Some(methods), ..failure }
    }

    /// Nobody may do it.
    pub(super) fn nobody_may() -> Self {
        Self::say(StatusCode::FORBIDDEN, "nobody_may", &[])
    }

    /// The account lacks a role.
    pub(super) fn forbidden(role: Role) -> Self {
        Self::say(StatusCode::FORBIDDEN, "no_role", &[("role", lower(role))])
    }

    /// A part of an address cannot be read.
    pub(super) fn unread_address(part: &str, is_api: bool) -> Self {
        let failure = Self::say(StatusCode::BAD_REQUEST, "unread_address", &[("part", part.into())]);
        let hint = if is_api { said("no_address.api", &[]) } else { failure.hint };
        Failure { hint, ..failure }
    }

    /// What was sent is no form, or lacks a field.
    pub(super) fn unread_form() -> Self {
        Self::say(StatusCode::BAD_REQUEST, "unread_form", &[])
    }

    /// What was sent is no text.
    pub(super) fn no_text() -> Self {
        Self::say(StatusCode::BAD_REQUEST, "no_text", &[])
    }

    /// There is no such run.
    pub(super) fn no_run(typed: impl ToString) -> Self {
        Self::say(StatusCode::NOT_FOUND, "no_run", &[("run", typed.to_string())])
    }

    /// A run is named by something that is no number.
    pub(super) fn no_number(typed: &str) -> Self {
        Self::say(StatusCode::BAD_REQUEST, "no_number", &[("typed", typed.into())])
    }

    /// The run published no such table.
    pub(super) fn no_table(run: i64, name: &str, near: Option<&str>) -> Self {
        let places = [("run", run.to_string()), ("name", name.into()), ("near", near.unwrap_or_default().into())];
        let mut failure = Self::say(StatusCode::NOT_FOUND, "no_table", &places);
        if near.is_some() {
            failure.hint = said("no_table.near", &places);
        }
        failure
    }

    /// What was typed is no date.
    pub(super) fn no_date(typed: &str) -> Self {
        Self::say(StatusCode::BAD_REQUEST, "no_date", &[("typed", typed.into())])
    }

    /// Showing values was asked for without a reason, or with one that nobody reads.
    pub(super) fn no_reason(longest: usize) -> Self {
        Self::say(StatusCode::BAD_REQUEST, "no_reason", &[("n", longest.to_string())])
    }

    /// What somebody wrote is longer than may be kept.
    pub(super) fn too_long(characters: usize, most: usize) -> Self {
        let numbers = [("n", characters.to_string()), ("most", most.to_string())];
        Self::say(StatusCode::BAD_REQUEST, "too_long", &numbers)
    }

    /// A session has shown as many customers as it may.
    pub(super) fn shown_many() -> Self {
        Self::say(StatusCode::TOO_MANY_REQUESTS, "shown_many", &[])
    }

    /// The filter of review has a probability that is none.
    pub(super) fn no_probability() -> Self {
        Self::say(StatusCode::BAD_REQUEST, "no_probability", &[])
    }

    /// The filter of review has a kind that is none.
    pub(super) fn no_kind() -> Self {
        Self::say(StatusCode::BAD_REQUEST, "no_kind", &[])
    }

    /// A form of review without an answer.
    pub(super) fn no_answer() -> Self {
        Self::say(StatusCode::BAD_REQUEST, "no_answer", &[])
    }

    /// A form of review without a pair, or with too many.
    pub(super) fn no_pair(most: usize) -> Self {
        Self::say(StatusCode::BAD_REQUEST, "no_pair", &[("n", most.to_string())])
    }

    /// A form that assigns pairs names neither a person nor a pair.
    pub(super) fn nothing_assigned() -> Self {
        Self::say(StatusCode::BAD_REQUEST, "nothing_assigned", &[])
    }

    /// A comment names neither a pair nor a customer.
    pub(super) fn no_subject() -> Self {
        Self::say(StatusCode::BAD_REQUEST, "no_subject", &[])
    }

    /// The settings name no such way to sign in.
    pub(super) fn no_such_way() -> Self {
        Self::say(StatusCode::NOT_FOUND, "no_such_way", &[])
    }

    /// The link of the first start holds no more.
    pub(super) fn link_is_over() -> Self {
        Self::say(StatusCode::FORBIDDEN, "link_is_over", &[])
    }

    /// Somebody comes back from the provider whom nobody sent there.
    pub(super) fn begun_elsewhere() -> Self {
        Self::say(StatusCode::FORBIDDEN, "begun_elsewhere", &[])
    }

    /// The same for somebody who is not signed in.
    pub(super) fn of_stranger(self) -> Self {
        self.kept_back("no_sign_in")
    }

    /// The same for a program whose key cannot be looked up.
    pub(super) fn of_unknown_key(self) -> Self {
        self.kept_back("no_look_up")
    }

    /// What no reader can mend is told by another sentence, which names nothing.
    fn kept_back(self, key: &str) -> Self {
        match self.detail {
            Some(_) => Failure { detail: self.detail, is_of_log: true, ..Self::say(self.status, key, &[]) },
            None => self,
        }
    }

    /// The provider knows somebody who may do nothing here.
    pub(super) fn no_role_here() -> Self {
        Self::say(StatusCode::FORBIDDEN, "no_role_here", &[])
    }

    /// Nothing is published yet.
    pub(super) fn nothing_published() -> Self {
        let failure = Self::say(StatusCode::SERVICE_UNAVAILABLE, "nothing_published", &[]);
        Failure { heading: "empty", ..failure }
    }

    /// The lake had runs, and has none any more.
    pub(super) fn lake_is_gone() -> Self {
        Failure { heading: "lake", ..Self::say(StatusCode::SERVICE_UNAVAILABLE, "lake_is_gone", &[]) }
    }

    /// All places for requests are taken.
    pub(super) fn no_place(places: usize) -> Self {
        let failure = Self::say(StatusCode::SERVICE_UNAVAILABLE, "no_place", &[("n", places.to_string())]);
        Failure { retry_after: Some(COME_AGAIN), ..failure }
    }

    /// An answer takes longer than it may.
    pub(super) fn too_slow(takes: Duration) -> Self {
        let failure = Self::say(StatusCode::SERVICE_UNAVAILABLE, "too_slow", &[("n", takes.as_secs().to_string())]);
        Failure { retry_after: Some(COME_AGAIN), ..failure }
    }

    /// Somebody failed to sign in too often.
    pub(super) fn wait(wait: Duration) -> Self {
        let minutes = wait.as_secs().div_ceil(60).to_string();
        let failure = Self::say(StatusCode::TOO_MANY_REQUESTS, "wait", &[("n", minutes)]);
        Failure { retry_after: Some(u32::try_from(wait.as_secs()).unwrap_or(u32::MAX)), ..failure }
    }

    /// A body is larger than any that has a use.
    pub(super) fn too_large(bytes: usize) -> Self {
        Self::say(StatusCode::PAYLOAD_TOO_LARGE, "too_large", &[("n", (bytes >> 10).to_string())])
    }

    /// A form without the token of its session.
    pub(super) fn not_from_here() -> Self {
        Self::say(StatusCode::FORBIDDEN, "not_from_here", &[])
    }

    /// A form of a session that is over.
    pub(super) fn signed_out() -> Self {
        Failure { location: Some("/sign-in".into()), ..Self::say(StatusCode::UNAUTHORIZED, "signed_out", &[]) }
    }

    /// Nobody is signed in: a page for people comes back to where they were.
    pub(super) fn sign_in(uri: &Uri) -> Self {
        let next = uri.path_and_query().map_or("/", |path| path.as_str());
        let next: String = url::form_urlencoded::byte_serialize(next.as_bytes()).collect();
        Failure { location: Some(format!("/sign-in?next={next}")), ..Self::signed_out() }
    }

    /// A program without a key that is known.
    pub(super) fn no_key() -> Self {
        Self::say(StatusCode::UNAUTHORIZED, "no_key", &[])
    }

    /// The settings name no file of keys.
    pub(super) fn no_keys() -> Self {
        Self::say(StatusCode::UNAUTHORIZED, "no_keys", &[])
    }

    /// A program asks with its key for a page of people.
    pub(super) fn key_on_page(near: Option<&str>) -> Self {
        let places = [("near", near.unwrap_or("/v1/openapi.json").to_string())];
        Self::say(StatusCode::UNAUTHORIZED, "key_on_page", &places)
    }

    /// A program whose key is for something else.
    pub(super) fn no_scope(scope: Scope) -> Self {
        Self::say(StatusCode::FORBIDDEN, "no_scope", &[("scope", lower(scope))])
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let status = match error.kind() {
            Kind::Usage if error.is_absent() => StatusCode::NOT_FOUND,
            Kind::Usage => StatusCode::BAD_REQUEST,
            Kind::Config | Kind::Data | Kind::Environment => StatusCode::SERVICE_UNAVAILABLE,
            Kind::Bug => StatusCode::INTERNAL_SERVER_ERROR,
        };
        if let Some([ja, hint_ja]) = error.japanese() {
            let both = |ja, en| Box::new(Words { ja: clipped(ja), en: sentence(en) });
            let hint = error.page_remedy().unwrap_or_default();
            return Failure::of(status, both(ja, error.message()), both(hint_ja, hint));
        }
        let (message, hint) = (error.message().to_string(), error.remedy().unwrap_or_default().to_string());
        let key = if error.kind() == Kind::Bug { "bug" } else { "lake" };
        Failure { heading: key, detail: Some(Box::new([message, hint])), ..Failure::say(status, key, &[]) }
    }
}

impl IntoResponse for Failure {
    /// The status with the failure beside it; the outermost layer draws it in the reader's language.
    fn into_response(self) -> Response {
        if let Some(location) = self.location.as_deref().and_then(|to| HeaderValue::from_str(to).ok()) {
            return (StatusCode::SEE_OTHER, [(header::LOCATION, location)]).into_response();
        }
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}
