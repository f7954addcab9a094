//! What decisions on pairs would change, before they are made: the customers that merge or split, and the figures of these people.
//!
//! In: pairs with what would be decided, the decisions that hold. Out: an [`Effect`]. The records that links or decisions hold together
//! with the pairs are clustered twice, by the links of the run and the rules of a run, without the decisions and with them. So what is
//! shown is what the next run does, as far as nothing else changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use super::Audit;
use super::effect_figures::{Figures, Sales};
use super::network::Network;
use crate::error::Result;
use nayose_matching::identity::among::{Part, people_among};
use nayose_matching::identity::cluster::Edge;

/// Decisions by the rows of their records, the smaller one first: whether the two are one person.
pub(crate) type Pins = BTreeMap<(u32, u32), bool>;

/// Some records that are one customer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Group {
    /// The customers whose records these are today.
    pub customers: Vec<String>,
    /// The records, each `channel:record_id`, in order.
    pub records: Vec<String>,
}

/// What decisions would change.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Effect {
    /// The customers that are other ones then, as they are without the decisions.
    pub before: Vec<Group>,
    /// The same records with the decisions.
    pub after: Vec<Group>,
    /// The figures of these people, without the decisions and with them.
    pub figures: [Figures; 2],
}

/// What would change of people, by rows.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Moved {
    /// Groups of rows that are other ones with the decisions.
    pub before: Vec<Vec<u32>>,
    /// The groups of the same rows then.
    pub after: Vec<Vec<u32>>,
}

/// The rows that links, by `is_link`, or decisions hold together with those of `first`, in order.
pub(super) fn together(
    network: &Network,
    first: impl Iterator<Item = u32>,
    all: &[&Pins],
    is_link: impl Fn(&Edge, bool) -> bool,
) -> Vec<u32> {
    let mut decided: HashMap<u32, Vec<u32>> = HashMap::new();
    for ((l, r), _) in all.iter().flat_map(|pins| pins.iter()).filter(|(_, same)| **same) {
        decided.entry(*l).or_default().push(*r);
        decided.entry(*r).or_default().push(*l);
    }
    let mut next: Vec<u32> = first.collect();
    let mut seen: BTreeSet<u32> = next.iter().copied().collect();
    while let Some(row) = next.pop() {
        let links = network.edges_of(row).filter(|(e, linked)| is_link(e, *linked));
        let over_links = links.map(|(e, _)| if e.l == row { e.r } else { e.l });
        for other in over_links.chain(decided.get(&row).into_iter().flatten().copied()) {
            if seen.insert(other) {
                next.push(other);
            }
        }
    }
    seen.into_iter().collect()
}

/// The sets of rows by their labels, in order of the first.
fn sets(rows: &[u32], labels: &[u32]) -> BTreeSet<Vec<u32>> {
    let mut of: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    rows.iter().zip(labels).for_each(|(row, label)| of.entry(*label).or_default().push(*row));
    of.into_values().collect()
}

impl Audit {
    /// What decisions would change, where `held` are those that hold today; a decision of `pins` takes the place of one on its pair,
    /// and the pairs of `taken_back` are left to the evidence.
    ///
    /// # Errors
    /// Data, where the run's work is gone; environment, if a table cannot be read.
    pub(crate) async fn effect(&self, held: &Pins, pins: &Pins, taken_back: &[(u32, u32)]) -> Result<Effect> {
        let network = self.network().await?;
        let mut then = held.clone();
        taken_back.iter().for_each(|pair| {
            then.remove(pair);
        });
        then.extend(pins);
        let mut asked = pins.clone();
        asked.extend(taken_back.iter().map(|pair| (*pair, false)));
        let moved = self.moved(network, held, &then, &asked).await?;
        let name = |group: &Vec<u32>| {
            let customers: BTreeSet<u32> = group.iter().map(|row| network.customer_of(*row)).collect();
            Group {
                customers: customers.into_iter().map(|customer| network.id(customer)).collect(),
                records: group.iter().map(|row| network.keys().name(*row)).collect(),
            }
        };
        let customers: BTreeSet<u32> = moved.before.iter().flatten().map(|row| network.customer_of(*row)).collect();
        let sales = self.sales(network, customers.iter().map(|customer| network.id(*customer))).await?;
        let figures = [&moved.before, &moved.after].map(|groups| figures(groups, &sales));
        let [before, after] = [moved.before, moved.after].map(|groups| groups.iter().map(name).collect());
        Ok(Effect { before, after, figures })
    }

    /// The groups that are other ones with the decisions `then` than with those of `held`.
    async fn moved(&self, network: &Network, held: &Pins, then: &Pins, pins: &Pins) -> Result<Moved> {
        let settings = &self.kept().await?.settings;
        let thresholds = (settings.thresholds.auto, settings.thresholds.holds_from());
        let (auto, hold) = thresholds;
        let asked = pins.keys().flat_map(|(l, r)| [*l, *r]);
        let is_link = |e: &Edge, linked: bool| e.person >= auto || linked && e.person >= hold;
        let rows = together(network, asked, &[held, then], is_link);
        let (edges, linked) = network.edges_among(&rows);
        let scorer = self.scorer().await?;
        let labels = |decided: &Pins| {
            let same: Vec<(u32, u32)> = decided.iter().filter(|(_, same)| **same).map(|(pair, _)| *pair).collect();
            let part = Part { rows: &rows, edges: &edges, same: &same, linked: &linked, thresholds };
            let apart = |l: u32, r: u32| decided.get(&(l.min(r), l.max(r))) == Some(&false);
            people_among(scorer, &part, apart, &settings.limits.records_per_person)
        };
        let [before, after] = [held, then].map(|decided| sets(&rows, &labels(decided)));
        Ok(Moved {
            before: before.difference(&after).cloned().collect(),
            after: after.difference(&before).cloned().collect(),
        })
    }
}

/// The figures of people, each of whom is a group of rows.
fn figures(groups: &[Vec<u32>], sales: &HashMap<u32, Sales>) -> Figures {
    let of = |group: &Vec<u32>| group.iter().filter_map(|row| sales.get(row)).copied().sum::<Sales>();
    Figures::of(&groups.iter().map(of).collect::<Vec<Sales>>())
}
