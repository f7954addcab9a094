//! Review: the queue, one pair at a time, several at once, confirming, undoing, assigning.
//!
//! In: addresses and forms of stewards. Out: pages; entries of the log of decisions. Every form works without a script; the script of
//! the page presses the same buttons by keys. After each answer the browser is sent to the next pair of the same filter.

use std::collections::BTreeSet;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{RawQuery, State as Of};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use serde::Serialize;

use super::super::decide::{Added, Answer, Rules, answer, assign, confirm, take_back};
use super::super::failure::{Answer as Answered, Failure};
use super::super::form::{Form, LONGEST, Wanted, written};
use super::super::page::{Lang, page};
use super::super::state::State;
use super::super::who::{Role, Who};
use super::base::Base;
use crate::audit::Audit;
use crate::audit::effect::{Effect, Pins};
use crate::audit::review::{Page, Question, Seen};
use crate::audit::view::Words;
use crate::config::Renames;
use crate::config::decisions::Line;
use crate::error::{Error, Result};
use crate::lake::decision_log::{self, Decisions, Pair, REASONS, Standing, Word, day, pair_of, reason};
use crate::lake::desk::{self, Log};

/// Pairs of a page of the list: what fits on a screen twice.
const PAGE: usize = 50;

/// Pairs that are decided on at once at most: more than that nobody looks at.
const AT_ONCE: usize = 200;

/// Comparisons that a pair shows beside its values: what weighs most.
const EVIDENCE: usize = 6;

/// The usual reasons in order: the first has the digit 1.
fn reasons() -> Vec<Words> {
    REASONS.map(|[en, ja]| Words { ja: ja.into(), en: en.into() }).to_vec()
}

/// The addresses of review.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/review", get(list))
        .route("/review/pair", get(pair))
        .route("/review/decide", get(back).post(decide))
        .route("/review/preview", get(back).post(preview))
        .route("/review/confirm", post(second))
        .route("/review/undo", post(undo))
        .route("/review/assign", post(assigned))
        .route("/review/comment", post(comment))
}

/// Who comes back to the address of a form, as by changing the language, gets the list.
async fn back() -> Redirect {
    Redirect::to("/review")
}

/// What a request of review stands on: one run and one state of the log, from beginning to end.
struct Open {
    audit: Arc<Audit>,
    decisions: Decisions,
    renames: Renames,
    four_eyes: bool,
    file: Vec<Line>,
    by: String,
    at: String,
    today: String,
}

impl Open {
    async fn new(state: &State, who: &Who) -> std::result::Result<Self, Failure> {
        who.must(Role::Steward)?;
        let audit = state.audit().await?;
        // A task of its own: of a large lake the queue takes longer than a request may, and who gives up should not stop it. It is made once
        // for a run, and who asks meanwhile waits for the same one.
        let made = audit.clone();
        let queue = tokio::spawn(async move { made.queue().await.map(|_| ()) });
        queue.await.map_err(|_| Error::bug("a task that makes the queue stopped"))??;
        let renames = audit.run().renames();
        let (decisions, _) = decision_log::read(&state.lake, &renames).await?;
        let four_eyes = state.four_eyes() || audit.four_eyes().await?;
        let now = jiff::Timestamp::now().in_tz(audit.run().zone().name());
        let now = now.map_err(|e| Error::bug(format!("the time zone of the run is none: {e}")))?;
        let at = now.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string();
        let (file, today) = (audit.lines_of_file().await?, day(&at));
        Ok(Open { audit, decisions, renames, four_eyes, file, by: who.name.clone(), at, today })
    }

    fn seen(&self) -> Seen<'_> {
        Seen { decisions: &self.decisions, four_eyes: self.four_eyes, who: &self.by, today: &self.today }
    }

    fn rules(&self) -> Rules<'_> {
        Rules { by: &self.by, at: &self.at, renames: &self.renames, file: &self.file, four_eyes: self.four_eyes }
    }

    /// What answers would change.
    async fn effect(&self, pairs: &[Pair], same: bool) -> Result<Effect> {
        let held = self.audit.held(&self.decisions, self.four_eyes).await?;
        let mut pins = Pins::new();
        for pair in pairs {
            if let Some(rows) = self.audit.rows_of_pair(pair).await? {
                pins.insert(rows, same);
            }
        }
        self.audit.effect(&held, &pins, &[]).await
    }
}

/// What every page of review says beside its own.
#[derive(Serialize)]
struct Around {
    wanted: Wanted,
    /// The filter, with the pairs that are passed over, as the part of an address after `?`.
    filter: String,
    /// The number of the log's last entry when the page was drawn.
    seen: u64,
    four_eyes: bool,
}

impl Around {
    fn new(open: &Open, wanted: &Wanted) -> Self {
        Around {
            wanted: wanted.clone(),
            filter: wanted.clone().unnamed().tell(None).query(),
            seen: open.decisions.end,
            four_eyes: open.four_eyes,
        }
    }
}

#[derive(Serialize)]
struct ListPage {
    #[serde(flatten)]
    base: Base,
    around: Around,
    queue: Page,
    kinds: Vec<&'static str>,
    /// Those to whom pairs are assigned.
    assignees: Vec<String>,
    earlier: Option<String>,
    later: Option<String>,
}

async fn list(Of(state): Of<Arc<State>>, who: Who, lang: Lang, RawQuery(query): RawQuery) -> Answered {
    let wanted = Wanted::of(query.as_deref().unwrap_or_default());
    let open = Open::new(&state, &who).await?;
    let from = wanted.skip();
    let queue = open.audit.review(open.seen(), &wanted.filter()?, from, PAGE).await?;
    let at = |place: usize| wanted.clone().at(place).query();
    let page_of = ListPage {
        base: Base::of(&open.audit, "review", wanted.query()),
        earlier: (from > 0).then(|| at(from.saturating_sub(PAGE))),
        later: (from + PAGE < queue.total).then(|| at(from + PAGE)),
        around: Around::new(&open, &wanted),
        kinds: crate::audit::queue::Kind::ALL.map(|kind| kind.name()).to_vec(),
        assignees: open.decisions.asked().into_iter().map(str::to_string).collect(),
        queue,
    };
    Ok(page("review", &who, lang, page_of))
}

/// A comparison in short.
#[derive(Serialize)]
struct Weighed {
    label: Words,
    level: Words,
    weight: f64,
}

/// The decision of the file that holds on a pair.
#[derive(Serialize)]
struct OfFile {
    id: String,
    word: String,
    by: String,
}

/// A decision that an answer contradicts.
#[derive(Serialize)]
struct Contradicted {
    left: String,
    right: String,
    word: &'static str,
    by: String,
    at: String,
    /// Its line of the file of decisions; none where it was made in review.
    line: Option<u64>,
}

impl From<Line> for Contradicted {
    fn from(line: Line) -> Self {
        let word = line.word();
        let record = |(channel, id): (String, String)| format!("{channel}:{id}");
        let (left, right) = (record(line.decision.left), record(line.decision.right));
        let place = (!line.desk).then_some(line.decision.line);
        Contradicted { left, right, word, by: line.decision.by, at: line.decision.at, line: place }
    }
}

#[derive(Serialize)]
struct PairPage {
    #[serde(flatten)]
    base: Base,
    around: Around,
    question: Question,
    weighed: Vec<Weighed>,
    reasons: Vec<Words>,
    same: Effect,
    different: Effect,
    of_file: Option<OfFile>,
    comments: Vec<Comment>,
    /// What somebody else decided while this person looked.
    meanwhile: Vec<Standing>,
    /// The decisions that the answer contradicts.
    contradicts: Vec<Contradicted>,
    /// Whose personal values are shown.
    both_shown: [bool; 2],
    /// The customers, each once, and whether its values are shown.
    customers: Vec<(String, bool)>,
    /// The pair waits for a second person, who is not the one that looks.
    confirms: bool,
    /// The address of the pair after this one.
    next: String,
    /// What happened last.
    told: Option<String>,
}

async fn pair(Of(state): Of<Arc<State>>, who: Who, lang: Lang, RawQuery(query): RawQuery) -> Answered {
    let wanted = Wanted::of(query.as_deref().unwrap_or_default());
    let open = Open::new(&state, &who).await?;
    let named = match wanted.named() {
        Some(named) => Some(named),
        None => {
            let queue = open.audit.review(open.seen(), &wanted.filter()?, wanted.skip(), 1).await?;
            queue.items.into_iter().next().map(|item| [item.left, item.right])
        }
    };
    match named {
        Some(pair) => draw_pair(&state, &open, &who, lang, &wanted, (&pair, Vec::new(), Vec::new())).await,
        // Those that were passed over come again.
        None if wanted.skip() > 0 => {
            Ok(Redirect::to(&format!("/review/pair?{}", wanted.clone().at(0).query())).into_response())
        }
        None => Ok(Redirect::to(&format!("/review?{}", wanted.query())).into_response()),
    }
}

async fn draw_pair(
    state: &State,
    open: &Open,
    who: &Who,
    lang: Lang,
    wanted: &Wanted,
    (pair, meanwhile, contradicts): (&Pair, Vec<Standing>, Vec<Line>),
) -> Answered {
    let question = open.audit.question(open.seen(), &pair[0], &pair[1]).await?;
    let item = &question.item;
    let both = pair_of([item.left.clone(), item.right.clone()]);
    let mut weighed: Vec<Weighed> = question
        .evidence
        .comparisons
        .iter()
        .filter(|c| c.level != "missing")
        .map(|c| Weighed { label: c.label.clone(), level: c.level_label.clone(), weight: c.weight })
        .collect();
    weighed.sort_by(|a, b| b.weight.abs().total_cmp(&a.weight.abs()));
    weighed.truncate(EVIDENCE);
    let one = std::slice::from_ref(&both);
    let (same, different) = (open.effect(one, true).await?, open.effect(one, false).await?);
    let of_file = open.audit.of_file(&both).await?.map(|(id, word, by)| OfFile { id, word, by });
    let concerns = [Comment::on_pair(&both), item.left_customer.clone(), item.right_customer.clone()];
    let mut comments = Vec::new();
    for entry in desk::read(&state.lake, Log::Comment).await? {
        comments.extend(entry.content::<Comment>()?.filter(|comment| concerns.contains(&comment.on)));
    }
    let confirms = item.decided.as_ref().is_some_and(|d| !d.counts(open.four_eyes) && d.decided.by != open.by);
    // The pair leaves the queue with its answer: who goes on without one goes past it.
    let due = open.audit.review(open.seen(), &wanted.filter()?, wanted.skip(), 1).await?.items.into_iter().next();
    let is_due = due.is_some_and(|due| (due.left, due.right) == (item.left.clone(), item.right.clone()));
    let passed = wanted.skip() + usize::from(is_due);
    let status = if meanwhile.is_empty() && contradicts.is_empty() { StatusCode::OK } else { StatusCode::CONFLICT };
    let drawn = PairPage {
        base: Base::of(&open.audit, "review", wanted.clone().name(&both).tell(None).query()),
        around: Around::new(open, wanted),
        weighed,
        reasons: reasons(),
        same,
        different,
        of_file,
        comments,
        meanwhile,
        contradicts: contradicts.into_iter().map(Contradicted::from).collect(),
        both_shown: [&item.left_customer, &item.right_customer].map(|id| state.shown(who, id)),
        customers: BTreeSet::from([item.left_customer.clone(), item.right_customer.clone()])
            .into_iter()
            .map(|id| (id.clone(), state.shown(who, &id)))
            .collect(),
        confirms,
        next: wanted.clone().at(passed).unnamed().query(),
        told: wanted.told.clone(),
        question,
    };
    let mut response = page("review_pair", who, lang, drawn);
    *response.status_mut() = status;
    Ok(response)
}

/// Reads an answer of a form.
fn word(form: &Form) -> std::result::Result<Word, Failure> {
    match form.get("word") {
        Some("same") => Ok(Word::Same),
        Some("different") => Ok(Word::Different),
        Some("unsure") => Ok(Word::Unsure),
        _ => Err(Failure::no_answer()),
    }
}

/// The reason of a form: one of the list, a free text, or both.
fn why(form: &Form, word: Word) -> std::result::Result<String, Failure> {
    let usual: usize = match word {
        Word::Same => 1,
        Word::Different => 4,
        Word::Unsure => 6,
    };
    let digit = match form.get("reason").filter(|digit| !digit.is_empty()) {
        Some(digit) => digit.parse::<usize>().unwrap_or_default(),
        None => usual,
    };
    let of_list = digit.checked_sub(1).and_then(|place| REASONS.get(place)).map_or("", |[en, _]| *en);
    Ok(reason(of_list, &written(form.get("why").unwrap_or_default(), LONGEST.reason)?))
}

async fn decide(Of(state): Of<Arc<State>>, who: Who, lang: Lang, body: Bytes) -> Answered {
    let form = Form::of(&body);
    let open = Open::new(&state, &who).await?;
    let (word, pairs) = (word(&form)?, form.pairs());
    if pairs.is_empty() || pairs.len() > AT_ONCE {
        return Err(Failure::no_pair(AT_ONCE));
    }
    open.audit.must_have(&pairs).await?;
    let (alone, why) = (pairs.len() == 1, why(&form, word)?);
    let mut answers = Vec::new();
    for pair in &pairs {
        // The digest that the page had is that of what was seen. Of several pairs the values of this run were shown.
        let values = match form.get("values").filter(|values| alone && !values.is_empty()) {
            Some(values) => Some(values.to_string()),
            None => open.audit.values_of_pair(pair).await?,
        };
        let replaces = form.get("replaces").filter(|id| alone && !id.is_empty()).map(str::to_string);
        answers.push(Answer { pair: pair.clone(), word, why: why.clone(), values, replaces });
    }
    let wanted = form.wanted();
    match answer(&state.lake, open.rules(), &answers, form.seen()).await? {
        Added::Written(_) => Ok(on(&wanted.unnamed().tell(form.get("word")), alone)),
        Added::Meanwhile(told) => {
            // The page shows the log of now, so that the same answer once more is one that knows.
            let open = Open::new(&state, &who).await?;
            let pair = told.first().map_or_else(|| pairs[0].clone(), |standing| standing.decided.pair.clone());
            draw_pair(&state, &open, &who, lang, &wanted, (&pair, told, Vec::new())).await
        }
        Added::Contradicts(lines) => {
            draw_pair(&state, &open, &who, lang, &wanted, (&pairs[0], Vec::new(), lines)).await
        }
    }
}

/// To the next pair; to the list after several.
fn on(wanted: &Wanted, alone: bool) -> Response {
    let place = if alone { "/review/pair" } else { "/review" };
    Redirect::to(&format!("{place}?{}", wanted.query())).into_response()
}

#[derive(Serialize)]
struct PreviewPage {
    #[serde(flatten)]
    base: Base,
    around: Around,
    word: Word,
    pairs: Vec<Pair>,
    effect: Effect,
    reasons: Vec<Words>,
}

async fn preview(Of(state): Of<Arc<State>>, who: Who, lang: Lang, body: Bytes) -> Answered {
    let form = Form::of(&body);
    let open = Open::new(&state, &who).await?;
    let (word, mut pairs) = (word(&form)?, form.pairs());
    pairs.truncate(AT_ONCE);
    if pairs.is_empty() {
        return Err(Failure::no_pair(AT_ONCE));
    }
    open.audit.must_have(&pairs).await?;
    let effect = match word {
        Word::Unsure => Effect::default(),
        word => open.effect(&pairs, word == Word::Same).await?,
    };
    let around = Around::new(&open, &form.wanted());
    let base = Base::of(&open.audit, "review", form.wanted().query());
    let drawn = PreviewPage { base, around, word, pairs, effect, reasons: reasons() };
    Ok(page("review_preview", &who, lang, drawn))
}

async fn second(Of(state): Of<Arc<State>>, who: Who, body: Bytes) -> Answered {
    let form = Form::of(&body);
    let open = Open::new(&state, &who).await?;
    confirm(&state.lake, open.rules(), form.get("id").unwrap_or_default()).await?;
    Ok(on(&form.wanted().unnamed().tell(Some("confirmed")), true))
}

async fn undo(Of(state): Of<Arc<State>>, who: Who, body: Bytes) -> Answered {
    let form = Form::of(&body);
    let open = Open::new(&state, &who).await?;
    let id = form.get("id").filter(|id| !id.is_empty());
    let here = form.pairs().into_iter().next();
    Ok(match take_back(&state.lake, open.rules(), id).await? {
        // The pair that is asked again.
        Some(pair) => on(&form.wanted().name(&pair).tell(Some("undone")), true),
        None => {
            let wanted = form.wanted().tell(Some("nothing_to_undo"));
            let is_on_pair = here.is_some();
            on(&here.map_or(wanted.clone(), |pair| wanted.name(&pair)), is_on_pair)
        }
    })
}

async fn assigned(Of(state): Of<Arc<State>>, who: Who, body: Bytes) -> Answered {
    let form = Form::of(&body);
    let open = Open::new(&state, &who).await?;
    let mut pairs = form.pairs();
    let to = written(form.get("to").unwrap_or_default(), LONGEST.name)?;
    if pairs.is_empty() && to.is_empty() {
        return Err(Failure::nothing_assigned());
    }
    if pairs.is_empty() {
        // All that the filter lets through, as far as somebody can look at them.
        let wanted = form.wanted();
        let queue = open.audit.review(open.seen(), &wanted.filter()?, 0, AT_ONCE).await?;
        pairs = queue.items.into_iter().map(|item| pair_of([item.left, item.right])).collect();
    }
    open.audit.must_have(&pairs).await?;
    assign(&state.lake, open.rules(), &pairs, &to).await?;
    Ok(on(&form.wanted().unnamed(), false))
}

/// A comment on a pair or a customer.
#[derive(Clone, Debug, Serialize, serde::Deserialize)]
pub(crate) struct Comment {
    /// A customer id, or two records with a space between.
    pub(crate) on: String,
    /// What was said.
    pub(crate) text: String,
    /// By whom.
    pub(crate) by: String,
    /// When.
    pub(crate) at: String,
}

impl Comment {
    fn on_pair(pair: &Pair) -> String {
        format!("{} {}", pair[0], pair[1])
    }
}

async fn comment(Of(state): Of<Arc<State>>, who: Who, body: Bytes) -> Answered {
    let form = Form::of(&body);
    let open = Open::new(&state, &who).await?;
    let text = written(form.get("text").unwrap_or_default(), LONGEST.comment)?;
    let pair = form.pairs().into_iter().next();
    let on_what = match (&pair, form.get("customer").filter(|id| !id.is_empty())) {
        (_, Some(customer)) => open.audit.customer_of_run(customer).await?,
        (Some(pair), None) => {
            open.audit.must_have(std::slice::from_ref(pair)).await?;
            Comment::on_pair(pair)
        }
        (None, None) => return Err(Failure::no_subject()),
    };
    if !text.is_empty() {
        let comment = Comment { on: on_what, text, by: open.by.clone(), at: open.at.clone() };
        desk::append(&state.lake, Log::Comment, &[comment]).await?;
    }
    let wanted = match &pair {
        Some(pair) => form.wanted().name(pair),
        None => form.wanted(),
    };
    Ok(on(&wanted, true))
}
