//! A customer: golden values with their sources, records beside each other, contacts, consent, household; its graph and how it grew.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::routing::get;
use serde::Serialize;

use super::base::Base;
use crate::audit::golden::Dossier;
use crate::audit::graph::Graph;
use crate::audit::growth::Growth as Grown;
use crate::error::panicked;
use crate::serve::access::What;
use crate::serve::draw::{self, Growth, Plane, TimeLine};
use crate::serve::extract::Path;
use crate::serve::failure::Answer;
use crate::serve::page::{Lang, page};
use crate::serve::state::State;
use crate::serve::who::{Role, Who};

/// Contacts that are listed; the drawing has all that were read.
const LISTED: usize = 100;

/// Addresses of a customer.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/customers/{id}", get(customer))
        .route("/customers/{id}/graph", get(graph))
        .route("/customers/{id}/growth", get(growth))
}

#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    base: Base,
    /// The customer.
    id: String,
    /// The former id or the record that was asked for.
    asked: Option<String>,
    shown: bool,
    tab: &'static str,
    /// How sure the evidence is: a key of words.
    sure: &'static str,
    customer: Dossier,
    time_line: Option<TimeLine>,
    listed: usize,
}

/// How sure in words: one wrong in a thousand, in a hundred, in twenty; below, it is as good as the threshold from which on links are
/// made.
fn sure(customer: &Dossier) -> &'static str {
    match customer.confidence {
        _ if customer.records.len() < 2 => "single",
        c if c >= 0.999 => "certain",
        c if c >= 0.99 => "very",
        c if c >= 0.95 => "fairly",
        _ => "doubtful",
    }
}

async fn customer(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Path(typed): Path<String>) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    let customer = audit.dossier(&typed).await?;
    let id = customer.customer_id.clone();
    state.log(&who.name, What::Page, Some(&id), None).await?;
    let context = Page {
        base: Base::of(&audit, "search", ""),
        asked: (typed != id).then_some(typed),
        shown: state.shown(&who, &id),
        tab: "customer",
        sure: sure(&customer),
        time_line: draw::time_line(&customer.contacts),
        listed: LISTED,
        id,
        customer,
    };
    Ok(page("customer", &who, lang, context))
}

#[derive(Serialize)]
struct GraphPage {
    #[serde(flatten)]
    base: Base,
    id: String,
    tab: &'static str,
    graph: Graph,
    plane: Option<Plane>,
    counts: Counts,
}

#[derive(Serialize)]
struct GrowthPage {
    #[serde(flatten)]
    base: Base,
    id: String,
    tab: &'static str,
    /// The decisions on pairs of its records.
    graph: Graph,
    grown: Grown,
    growth: Option<Growth>,
    counts: Counts,
}

/// What a graph is of, in numbers.
#[derive(Default, Serialize)]
struct Counts {
    records: usize,
    others: usize,
    links: usize,
    weak: usize,
    bridges: usize,
    refused: usize,
    review: usize,
    decided: usize,
}

impl Counts {
    fn of(graph: &Graph) -> Self {
        let decisions =
            |names: &[&str]| graph.edges.iter().filter(|edge| names.contains(&edge.decision.as_str())).count();
        Counts {
            records: graph.nodes.iter().filter(|node| node.own).count(),
            others: graph.nodes.iter().filter(|node| !node.own).count(),
            links: decisions(&["matched"]),
            weak: graph.edges.iter().filter(|edge| edge.weak).count(),
            bridges: graph.edges.iter().filter(|edge| edge.bridge && edge.weak).count(),
            refused: decisions(&["refused", "cut"]),
            review: decisions(&["review"]),
            decided: decisions(&["overridden"]),
        }
    }
}

async fn graph(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Path(typed): Path<String>) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    let graph = audit.graph(&typed).await?;
    state.log(&who.name, What::Evidence, Some(&graph.customer_id), None).await?;
    let context = GraphPage {
        base: Base::of(&audit, "search", ""),
        id: graph.customer_id.clone(),
        tab: "graph",
        plane: draw::plane(&graph),
        counts: Counts::of(&graph),
        graph,
    };
    Ok(page("graph", &who, lang, context))
}

async fn growth(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Path(typed): Path<String>) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    let graph = audit.graph(&typed).await?;
    let id = graph.customer_id.clone();
    // A task of its own: of a large lake the links take longer to read than a request may, and who asks next finds them there.
    let (asked, of) = (audit.clone(), id.clone());
    let grown = tokio::spawn(async move { asked.growth(&of).await }).await;
    let grown = grown.map_err(|_| panicked())??;
    state.log(&who.name, What::Evidence, Some(&id), None).await?;
    let context = GrowthPage {
        base: Base::of(&audit, "search", ""),
        id,
        tab: "growth",
        growth: draw::growth(&grown),
        counts: Counts::of(&graph),
        graph,
        grown,
    };
    Ok(page("growth", &who, lang, context))
}
