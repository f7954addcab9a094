//! The records of a customer and what the run decided on their pairs: links that were made, links that were refused or cut, pairs in
//! review.
//!
//! In: a customer. Out: a [`Graph`]: nodes and edges, as the ledger has them. How they came together is in [`super::growth`].

use std::collections::{BTreeMap, BTreeSet};

use datafusion::functions::expr_fn::concat;
use datafusion::logical_expr::{ident, lit};
use serde::{Deserialize, Serialize};

use super::Audit;
use super::rows::rows;
use crate::error::Result;
use crate::tables::contract::col;

/// Edges that are read of a customer, the likeliest first: a drawing of more says nothing.
const MOST_EDGES: usize = 400;

/// Below this probability a link is called weak: one of twenty such links is wrong.
pub(super) const WEAK: f64 = 0.95;

/// The records of a customer with what was decided on their pairs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Graph {
    /// The customer.
    pub customer_id: String,
    /// Its records, and those of others that a decision names with them; its own first, each part in order.
    pub nodes: Vec<Node>,
    /// The decisions, likeliest first.
    pub edges: Vec<Edge>,
    /// Whether there are more decisions than are listed.
    pub more: bool,
}

/// A record.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Node {
    /// `channel:record_id`.
    pub record: String,
    /// The customer that it is of.
    pub customer_id: String,
    /// Whether that is the customer that was asked for.
    pub own: bool,
}

/// A decision on a pair.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Edge {
    /// Place of its left record in [`Graph::nodes`].
    pub l: usize,
    /// Place of its right record.
    pub r: usize,
    /// matched, review, refused, cut, overridden.
    pub decision: String,
    /// Of `overridden`: whether a person said that they are one.
    pub same: bool,
    /// P(one person).
    pub probability: f64,
    /// P(two people of one household).
    pub household_probability: f64,
    /// Match weight.
    pub weight: f64,
    /// The blocking rule that brought the pair.
    pub rule: String,
    /// Why, where the ledger says it.
    pub reason: Option<String>,
    /// Whether it is a link of which one in twenty is wrong.
    pub weak: bool,
    /// Whether the customer would be two without it.
    pub bridge: bool,
}

#[derive(Clone, Debug, Deserialize)]
struct Row {
    l: String,
    r: String,
    decision: String,
    match_probability: f64,
    household_probability: f64,
    match_weight: f64,
    blocking_rule: String,
    #[serde(default)]
    reason: Option<String>,
}

impl Audit {
    /// The graph of a customer, by its id, a former one, or a record `channel:record_id`.
    ///
    /// # Errors
    /// Usage, where there is none.
    pub(crate) async fn graph(&self, typed: &str) -> Result<Graph> {
        let id = self.customer_id(typed).await?;
        let members = self.records_of(&id).await?;
        let name = |channel: &str, id: &str| concat(vec![ident(channel), lit(":"), ident(id)]);
        let read = [
            col::DECISION,
            col::MATCH_PROBABILITY,
            col::HOUSEHOLD_PROBABILITY,
            col::MATCH_WEIGHT,
            col::BLOCKING_RULE,
            col::REASON,
        ];
        let ledger = self.links_of(&members, &read).await?;
        let order = vec![
            ident(col::MATCH_PROBABILITY).sort(false, true),
            ident(col::MATCH_WEIGHT).sort(false, true),
            ident("l").sort(true, false),
            ident("r").sort(true, false),
        ];
        let ledger = ledger.select(vec![
            name(col::CHANNEL_L, col::RECORD_ID_L).alias("l"),
            name(col::CHANNEL_R, col::RECORD_ID_R).alias("r"),
            ident(col::DECISION),
            ident(col::MATCH_PROBABILITY),
            ident(col::HOUSEHOLD_PROBABILITY),
            ident(col::MATCH_WEIGHT),
            ident(col::BLOCKING_RULE),
            ident(col::REASON),
        ])?;
        let mut found: Vec<Row> = rows(ledger.sort(order)?.limit(0, Some(MOST_EDGES + 1))?).await?;
        let more = found.len() > MOST_EDGES;
        found.truncate(MOST_EDGES);
        let own: Vec<String> = members.iter().map(|(channel, record)| format!("{channel}:{record}")).collect();
        let named: BTreeSet<&String> = found.iter().flat_map(|row| [&row.l, &row.r]).collect();
        let others: Vec<&String> = named.into_iter().filter(|record| !own.contains(record)).collect();
        let mut nodes: Vec<Node> =
            own.iter().map(|record| Node { record: record.clone(), customer_id: id.clone(), own: true }).collect();
        for record in others {
            // A record that is gone since has no customer, and stands there without one.
            let customer_id = self.customer_of(record).await.unwrap_or_default();
            nodes.push(Node { record: record.clone(), own: customer_id == id, customer_id });
        }
        Ok(graph(id, nodes, found, more))
    }
}

/// The graph of these rows.
fn graph(customer_id: String, nodes: Vec<Node>, found: Vec<Row>, more: bool) -> Graph {
    let place: BTreeMap<&str, usize> = nodes.iter().enumerate().map(|(at, node)| (node.record.as_str(), at)).collect();
    let mut edges = Vec::new();
    for row in found {
        let (Some(&l), Some(&r)) = (place.get(row.l.as_str()), place.get(row.r.as_str())) else { continue };
        let same = row.decision == "overridden" && row.reason.as_deref().is_some_and(|why| why.starts_with("same"));
        edges.push(Edge {
            weak: row.decision == "matched" && row.match_probability < WEAK,
            bridge: false,
            same,
            l,
            r,
            decision: row.decision,
            probability: row.match_probability,
            household_probability: row.household_probability,
            weight: row.match_weight,
            rule: row.blocking_rule,
            reason: row.reason,
        });
    }
    let links: Vec<usize> = (0..edges.len()).filter(|at| is_link(&edges[*at])).collect();
    for link in &links {
        let without = links.iter().filter(|at| *at != link).map(|at| &edges[*at]);
        let groups = groups(nodes.len(), without);
        edges[*link].bridge = groups[edges[*link].l] != groups[edges[*link].r];
    }
    Graph { customer_id, nodes, edges, more }
}

/// Whether the records of an edge are one person by it.
pub(crate) fn is_link(edge: &Edge) -> bool {
    edge.decision == "matched" || edge.same
}

/// For each node the smallest node that links lead to.
fn groups<'a>(nodes: usize, links: impl Iterator<Item = &'a Edge>) -> Vec<usize> {
    let mut of: Vec<usize> = (0..nodes).collect();
    for link in links {
        let (a, b) = (of[link.l].min(of[link.r]), of[link.l].max(of[link.r]));
        of.iter_mut().filter(|group| **group == b).for_each(|group| *group = a);
    }
    of
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(l: &str, r: &str, decision: &str, probability: f64) -> Row {
        Row {
            l: l.into(),
            r: r.into(),
            decision: decision.into(),
            match_probability: probability,
            household_probability: 0.0,
            match_weight: 10.0,
            blocking_rule: "phone".into(),
            reason: (decision == "overridden").then(|| "same: decided by sato at 2026-03-01: one".into()),
        }
    }

    fn nodes(names: &str) -> Vec<Node> {
        let node = |name: char| Node { record: name.to_string(), customer_id: "C".into(), own: true };
        names.chars().map(node).collect()
    }

    #[test]
    fn a_link_without_which_there_would_be_two_is_a_bridge() {
        let rows = vec![
            row("a", "b", "matched", 0.99),
            row("a", "c", "matched", 0.98),
            row("b", "c", "matched", 0.97),
            row("c", "d", "matched", 0.85),
            row("a", "d", "cut", 0.82),
        ];
        let graph = graph("C".into(), nodes("abcd"), rows, false);
        let told: Vec<(bool, bool)> = graph.edges.iter().map(|edge| (edge.bridge, edge.weak)).collect();
        assert_eq!(told, [(false, false), (false, false), (false, false), (true, true), (false, false)]);
    }
}
