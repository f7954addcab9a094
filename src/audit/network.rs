//! The records of a run with the links between them, in memory: what the queue of review and the preview of a decision are made of.
//!
//! In: the ledger, the scored pairs, `interaction`, and the [`Index`], which knows whose the records are. Out: a [`Network`], read once for
//! an opened run. Records go by their rows, customers by their places: a pair takes about 32 bytes, a record 4, a customer 8.

use std::collections::HashSet;
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::{Decimal128Type, Float64Type};
use datafusion::logical_expr::ident;
use futures::TryStreamExt;

use super::index::Index;
use super::{Audit, other_records};
use crate::error::{Error, Result};
use crate::lake::decision_log::{Pair, halves};
use crate::stages::cluster::Keys;
use crate::stages::cluster::before::MATCHED;
use crate::tables::columns;
use crate::tables::contract::{INTERACTION, LEDGER, col};
use nayose_matching::identity::cluster::{Edge, RIVAL};

/// A row of the ledger that made no link.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Refused {
    /// The smaller row.
    pub l: u32,
    /// The larger row.
    pub r: u32,
    /// `review`, `refused`, `cut` or `overridden`.
    pub decision: Box<str>,
    /// P(one person).
    pub probability: f64,
    /// Why, as the ledger says it.
    pub reason: Option<Box<str>>,
}

/// The records of a run with their links and customers.
#[derive(Default)]
pub(crate) struct Network {
    index: Arc<Index>,
    /// What the facts of a customer come to, in yen.
    yen: Vec<f64>,
    /// The mean of it.
    mean_yen: f64,
    /// The pairs that may be a link or stand against one, in order.
    edges: Vec<Edge>,
    /// Which of them the run linked.
    linked: Vec<bool>,
    /// `of_row[starts[row]..starts[row + 1]]` are the places of its edges.
    starts: Vec<u32>,
    of_row: Vec<u32>,
    /// The rows of the ledger that made no link, in order.
    pub refused: Vec<Refused>,
}

impl Network {
    /// A network of records, each `channel:record_id customer yen`, with pairs of places, each linked or not.
    #[cfg(test)]
    pub(super) fn made(records: &[&str], pairs: &[(u32, u32, f64, bool)], refused: &[(u32, u32, &str, f64)]) -> Self {
        let words: Vec<Vec<&str>> = records.iter().map(|record| record.split(' ').collect()).collect();
        let (mut ids, mut yen, mut customer_of): (Vec<&str>, Vec<f64>, Vec<u32>) = Default::default();
        for words in &words {
            let place = ids.iter().position(|id| *id == words[1]).unwrap_or(ids.len());
            if place == ids.len() {
                ids.push(words[1]);
                yen.push(0.0);
            }
            yen[place] += words[2].parse::<f64>().expect("yen");
            customer_of.push(place as u32);
        }
        let records: Vec<&str> = words.iter().map(|words| words[0]).collect();
        let mut network = Network { index: Index::made(&records, customer_of).into(), ..Network::default() };
        network.set_yen(yen);
        let edge = |(l, r, person, _): &(u32, u32, f64, bool)| Edge { l: *l, r: *r, person: *person, household: 0.0 };
        let matched = pairs.iter().filter(|(.., linked)| *linked).map(edge).collect();
        network.connect(pairs.iter().map(edge).collect(), matched);
        let refused = refused.iter().map(|(l, r, decision, probability)| {
            let (decision, reason) = decision.split_once(' ').unwrap_or((decision, ""));
            let reason = Some(reason).filter(|reason| !reason.is_empty()).map(Box::from);
            Refused { l: *l, r: *r, decision: decision.into(), probability: *probability, reason }
        });
        network.refused = refused.collect();
        network
    }

    /// Channel and id of every row.
    pub(crate) fn keys(&self) -> &Keys {
        self.index.keys()
    }

    /// Number of customers.
    pub(crate) fn customers(&self) -> usize {
        self.index.customers()
    }

    /// The place of the customer of a row.
    pub(crate) fn customer_of(&self, row: u32) -> u32 {
        self.index.customer_place(row as usize)
    }

    /// The id of a customer.
    pub(crate) fn id(&self, customer: u32) -> String {
        self.index.customer_at(customer)
    }

    /// The place of a customer id.
    pub(crate) fn customer(&self, id: &str) -> Option<u32> {
        self.index.place(id).map(|place| place as u32)
    }

    /// The rows of a customer, in order.
    pub(crate) fn records(&self, customer: u32) -> &[u32] {
        self.index.rows_at(customer as usize)
    }

    /// What the facts of a customer come to, in yen.
    pub(crate) fn yen(&self, customer: u32) -> f64 {
        self.yen.get(customer as usize).copied().unwrap_or_default()
    }

    /// Mean records and yen of a customer.
    pub(crate) fn means(&self) -> (f64, f64) {
        let customers = self.customers().max(1) as f64;
        (self.keys().len() as f64 / customers, self.mean_yen)
    }

    fn set_yen(&mut self, yen: Vec<f64>) {
        self.mean_yen = yen.iter().sum::<f64>() / yen.len().max(1) as f64;
        self.yen = yen;
    }

    /// The pairs of a row, with whether the run linked them.
    pub(crate) fn edges_of(&self, row: u32) -> impl Iterator<Item = (&Edge, bool)> + '_ {
        let at = self.starts.get(row as usize..row as usize + 2).map_or(0..0, |at| at[0] as usize..at[1] as usize);
        self.of_row[at].iter().map(|place| (&self.edges[*place as usize], self.linked[*place as usize]))
    }

    /// The edges that have an end among these rows, each once, and which of them the run linked.
    pub(crate) fn edges_among(&self, rows: &[u32]) -> (Vec<Edge>, Vec<(u32, u32)>) {
        let (mut seen, mut edges, mut linked) = (HashSet::new(), Vec::new(), Vec::new());
        for (edge, was_linked) in rows.iter().flat_map(|row| self.edges_of(*row)) {
            if seen.insert((edge.l, edge.r)) {
                edges.push(*edge);
                linked.extend(was_linked.then_some((edge.l, edge.r)));
            }
        }
        (edges, linked)
    }

    /// Whether the run linked a pair, the smaller row first.
    pub(crate) fn is_linked(&self, l: u32, r: u32) -> bool {
        let place = self.edges.binary_search_by_key(&(l, r), |edge| (edge.l, edge.r));
        place.is_ok_and(|place| self.linked[place])
    }

    /// The links of the run, in order.
    pub(crate) fn links(&self) -> impl Iterator<Item = &Edge> + '_ {
        self.edges.iter().zip(&self.linked).filter(|(_, linked)| **linked).map(|(edge, _)| edge)
    }

    /// P(one person) of a pair, as the run has it; that of two people of whom nobody knows anything together where it has none.
    pub(crate) fn probability(&self, (l, r): (u32, u32)) -> f64 {
        let told = self.refused.binary_search_by_key(&(l, r), |refused| (refused.l, refused.r));
        let scored = || self.edges.binary_search_by_key(&(l, r), |edge| (edge.l, edge.r));
        match told {
            Ok(place) => self.refused[place].probability,
            Err(_) => scored().map_or(0.0, |place| self.edges[place].person),
        }
    }

    /// The row of a record, `channel:record_id`.
    pub(crate) fn row(&self, record: &str) -> Option<u32> {
        let (channel, id) = record.split_once(':')?;
        self.keys().row(channel, id)
    }

    /// The rows of two records, the smaller one first; none where one of them is not there.
    pub(crate) fn rows_of_pair(&self, pair: &Pair) -> Option<(u32, u32)> {
        let [left, right] = halves(pair);
        self.keys().rows_of_pair(&left, &right)
    }

    /// Puts the edges in order, marks those that were linked, and finds those of each row. `matched` are the links of the ledger: one
    /// that blocking no longer brings is no scored pair, and becomes an edge here.
    fn connect(&mut self, mut scored: Vec<Edge>, mut matched: Vec<Edge>) {
        scored.sort_unstable_by_key(|e| (e.l, e.r));
        matched.sort_unstable_by_key(|e| (e.l, e.r));
        let is_gone = |e: &&Edge| scored.binary_search_by_key(&(e.l, e.r), |s| (s.l, s.r)).is_err();
        let gone: Vec<Edge> = matched.iter().filter(is_gone).copied().collect();
        if !gone.is_empty() {
            scored.extend(gone);
            scored.sort_unstable_by_key(|e| (e.l, e.r));
        }
        let mut next = matched.iter().peekable();
        let is_linked = |e: &Edge| next.next_if(|m| (m.l, m.r) == (e.l, e.r)).is_some();
        self.linked = scored.iter().map(is_linked).collect();
        let rows = self.keys().len();
        let mut starts = vec![0u32; rows + 1];
        scored.iter().flat_map(|e| [e.l, e.r]).for_each(|row| starts[row as usize + 1] += 1);
        (0..rows).for_each(|row| starts[row + 1] += starts[row]);
        let (mut free, mut of_row) = (starts.clone(), vec![0u32; scored.len() * 2]);
        for (place, edge) in (0u32..).zip(&scored) {
            for row in [edge.l, edge.r] {
                of_row[free[row as usize] as usize] = place;
                free[row as usize] += 1;
            }
        }
        (self.edges, self.starts, self.of_row) = (scored, starts, of_row);
    }
}

impl Audit {
    /// The records with their links, read at the first question that needs them.
    ///
    /// # Errors
    /// Data, where the run's work is gone; environment, if a table cannot be read.
    pub(crate) async fn network(&self) -> Result<&Network> {
        self.network.get_or_try_init(|| self.read_network()).await
    }

    async fn read_network(&self) -> Result<Network> {
        let kept = self.kept().await?;
        let index = self.index().await?.clone();
        if kept.records() != Some(index.len() as u64) {
            return Err(other_records());
        }
        let mut network = Network { yen: vec![0.0; index.customers()], index, ..Network::default() };
        let matched = self.read_ledger(&mut network).await?;
        let thresholds = &kept.settings.thresholds;
        let floor = RIVAL.min(thresholds.holds_from());
        let mut scored = Vec::new();
        let wanted = [col::ROW_L, col::ROW_R, col::MATCH_PROBABILITY];
        let mut batches = kept.scored().await?.select_columns(&wanted)?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (l, r) = (columns::longs(batch.column(0))?, columns::longs(batch.column(1))?);
            let person = batch.column(2).as_primitive::<Float64Type>();
            for row in (0..batch.num_rows()).filter(|row| person.value(*row) >= floor) {
                let (l, r) = (l.value(row) as u32, r.value(row) as u32);
                scored.push(Edge { l, r, person: person.value(row), household: 0.0 });
            }
        }
        scored.retain(|e| (e.l.max(e.r) as usize) < network.keys().len());
        network.connect(scored, matched);
        self.read_yen(&mut network).await?;
        Ok(network)
    }

    /// Reads the ledger: gives its links, and keeps its other rows.
    async fn read_ledger(&self, network: &mut Network) -> Result<Vec<Edge>> {
        let wanted = [
            col::CHANNEL_L,
            col::RECORD_ID_L,
            col::CHANNEL_R,
            col::RECORD_ID_R,
            col::DECISION,
            col::MATCH_PROBABILITY,
            col::REASON,
        ];
        let mut batches = self.table(LEDGER.name).await?.select_columns(&wanted)?.execute_stream().await?;
        let (mut matched, mut last) = (Vec::new(), None);
        while let Some(batch) = batches.try_next().await? {
            let [cl, il, cr, ir, decision, reason] =
                [0, 1, 2, 3, 4, 6].map(|c| columns::strings(batch.column(c)).cloned());
            let (cl, il, cr, ir, decision, reason) = (cl?, il?, cr?, ir?, decision?, reason?);
            let probability = batch.column(5).as_primitive::<Float64Type>();
            for i in 0..batch.num_rows() {
                let l = network.keys().row_after(last, cl.value(i), il.value(i));
                last = l.or(last);
                let (Some(l), Some(r)) = (l, network.keys().row(cr.value(i), ir.value(i))) else { continue };
                let (l, r, probability) = (l.min(r), l.max(r), probability.value(i));
                match decision.value(i) {
                    MATCHED => matched.push(Edge { l, r, person: probability, household: 0.0 }),
                    decision => network.refused.push(Refused {
                        l,
                        r,
                        decision: decision.into(),
                        probability,
                        reason: columns::text_at(&reason, i).map(Box::from),
                    }),
                }
            }
        }
        network.refused.sort_by_key(|refused| (refused.l, refused.r));
        Ok(matched)
    }

    async fn read_yen(&self, network: &mut Network) -> Result<()> {
        if !self.run.tables.iter().any(|(name, ..)| name == INTERACTION.name) {
            return Ok(());
        }
        let facts = self.table(INTERACTION.name).await?.filter(ident(col::CUSTOMER_ID).is_not_null())?;
        let mut batches = facts.select_columns(&[col::CUSTOMER_ID, col::AMOUNT])?.execute_stream().await?;
        // Summed as decimals, so that the order in which they are added does not show.
        let mut sums = vec![0i128; network.yen.len()];
        let (mut last, mut place, mut scale) = (String::new(), None, 0);
        while let Some(batch) = batches.try_next().await? {
            let ids = columns::strings(batch.column(0))?;
            let amounts = batch.column(1).as_primitive_opt::<Decimal128Type>();
            let amounts = amounts.ok_or_else(|| Error::bug("an amount is no decimal number"))?;
            scale = i32::from(amounts.scale());
            for row in (0..batch.num_rows()).filter(|row| amounts.is_valid(*row)) {
                // The facts of a customer lie together.
                if ids.value(row) != last {
                    last = ids.value(row).to_string();
                    place = network.index.place(&last);
                }
                if let Some(place) = place {
                    sums[place] += amounts.value(row);
                }
            }
        }
        network.set_yen(sums.into_iter().map(|sum| sum as f64 / 10f64.powi(scale)).collect());
        Ok(())
    }
}
