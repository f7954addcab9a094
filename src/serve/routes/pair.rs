//! The evidence of a pair, and why two records or customers are not one person.

use std::sync::Arc;

use axum::Router;
use axum::extract::State as Shared;
use axum::routing::get;
use serde::{Deserialize, Serialize};

use super::base::{Base, query};
use crate::audit::Audit;
use crate::audit::view::{ComparisonView, Outcome, PairView};
use crate::serve::access::What;
use crate::serve::draw::{self, Waterfall};
use crate::serve::extract::Query;
use crate::serve::failure::{Answer, Failure};
use crate::serve::page::{Lang, page};
use crate::serve::sentence;
use crate::serve::state::State;
use crate::serve::who::{Role, Who};

/// Addresses of pairs.
pub(crate) fn routes() -> Router<Arc<State>> {
    Router::new().route("/pair", get(pair)).route("/why-not", get(why_not))
}

/// Two records, or customers.
#[derive(Deserialize)]
struct Sides {
    #[serde(default)]
    left: String,
    #[serde(default)]
    right: String,
}

#[derive(Serialize)]
struct Page {
    #[serde(flatten)]
    base: Base,
    left: String,
    right: String,
    shown: bool,
    evidence: Option<Evidence>,
}

#[derive(Serialize)]
struct Evidence {
    pair: PairView,
    /// Pairs of records that were weighed to find it.
    weighed: usize,
    one: bool,
    sentence: String,
    /// The places of the comparisons that are drawn: those with a value on both sides.
    drawn: Vec<usize>,
    against_unrelated: Waterfall,
    against_household: Waterfall,
    stages: Vec<Stage>,
}

/// A stage that a pair has to pass to be one person.
#[derive(Serialize)]
struct Stage {
    /// Its name: records, blocking, score, contradiction, cluster, decision.
    name: &'static str,
    /// passed, lost, not_reached, decided.
    state: &'static str,
}

/// The stages in their order, with what became of the pair in each. What a person decided stands over all of them.
fn stages(outcome: &Outcome) -> Vec<Stage> {
    const NAMES: [&str; 5] = ["records", "blocking", "score", "contradiction", "cluster"];
    let lost = match outcome {
        Outcome::NoSharedBlock => Some(1),
        Outcome::BelowThreshold { .. } => Some(2),
        Outcome::Contradiction { .. } => Some(3),
        Outcome::Contested { .. } | Outcome::Cut { .. } => Some(4),
        Outcome::Linked | Outcome::Held { .. } | Outcome::LinkedByOthers | Outcome::Decided { .. } => None,
    };
    let state = |place: usize| match lost {
        Some(lost) if place == lost => "lost",
        Some(lost) if place > lost => "not_reached",
        _ => "passed",
    };
    if let Outcome::Decided { .. } = outcome {
        return vec![Stage { name: "records", state: "passed" }, Stage { name: "decision", state: "decided" }];
    }
    // By way of others: this pair itself may have passed nothing.
    if let Outcome::LinkedByOthers = outcome {
        return vec![Stage { name: "records", state: "passed" }, Stage { name: "others", state: "passed" }];
    }
    NAMES.iter().enumerate().map(|(place, name)| Stage { name, state: state(place) }).collect()
}

impl Evidence {
    fn of(pair: PairView, weighed: usize, lang: Lang) -> Self {
        let all = pair.comparisons.iter().enumerate();
        let drawn: Vec<usize> = all.filter(|(_, c)| c.level != "missing").map(|(place, _)| place).collect();
        let weights = |first: f64, of: fn(&ComparisonView) -> f64| -> Vec<f64> {
            std::iter::once(first).chain(drawn.iter().map(|place| of(&pair.comparisons[*place]))).collect()
        };
        Evidence {
            one: pair.left_customer == pair.right_customer,
            sentence: sentence::of_pair(&pair, lang),
            against_unrelated: draw::waterfall(&weights(pair.prior_weight, |c| c.weight)),
            against_household: draw::waterfall(&weights(pair.prior_weight_against_household, |c| {
                c.weight_against_household
            })),
            stages: stages(&pair.outcome),
            weighed,
            drawn,
            pair,
        }
    }
}

async fn answer(state: &State, who: &Who, audit: &Audit, lang: Lang, sides: Sides, all: bool) -> Result<Page, Failure> {
    let Sides { left, right } = sides;
    let (left, right) = (left.trim().to_string(), right.trim().to_string());
    let here = query(&[("left", &left), ("right", &right)]);
    let evidence = match left.is_empty() || right.is_empty() {
        true => None,
        false => {
            let (pair, weighed) = match all {
                true => audit.likeliest_pair(&left, &right).await?,
                false => (audit.pair(&left, &right).await?, 1),
            };
            Some(Evidence::of(pair, weighed, lang))
        }
    };
    if let Some(Evidence { pair, one, .. }) = &evidence {
        let customers = [&pair.left_customer, &pair.right_customer];
        for customer in customers.into_iter().take(if *one { 1 } else { 2 }) {
            state.log(&who.name, What::Evidence, Some(customer), None).await?;
        }
    }
    // Values of both people are on the page.
    let shown = evidence
        .as_ref()
        .is_some_and(|e| state.shown(who, &e.pair.left_customer) && state.shown(who, &e.pair.right_customer));
    Ok(Page { base: Base::of(audit, "why-not", here), left, right, shown, evidence })
}

async fn pair(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Query(sides): Query<Sides>) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    let context = answer(&state, &who, &audit, lang, sides, false).await?;
    Ok(page(if context.evidence.is_some() { "pair" } else { "why-not" }, &who, lang, context))
}

async fn why_not(Shared(state): Shared<Arc<State>>, who: Who, lang: Lang, Query(sides): Query<Sides>) -> Answer {
    who.must(Role::Analyst)?;
    let audit = state.audit().await?;
    let context = answer(&state, &who, &audit, lang, sides, true).await?;
    Ok(page("why-not", &who, lang, context))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stage_that_lost_a_pair_is_the_only_one() {
        let check = |outcome: Outcome, told: &[&str]| {
            let states: Vec<&str> = stages(&outcome).iter().map(|stage| stage.state).collect();
            assert_eq!(states, told, "{outcome:?}");
        };
        check(Outcome::NoSharedBlock, &["passed", "lost", "not_reached", "not_reached", "not_reached"]);
        check(Outcome::BelowThreshold { threshold: 0.8 }, &["passed", "passed", "lost", "not_reached", "not_reached"]);
        check(Outcome::Contradiction { reason: String::new() }, &["passed", "passed", "passed", "lost", "not_reached"]);
        check(Outcome::Cut { reason: String::new() }, &["passed", "passed", "passed", "passed", "lost"]);
        check(Outcome::Linked, &["passed"; 5]);
        check(Outcome::Decided { reason: String::new() }, &["passed", "decided"]);
    }
}
