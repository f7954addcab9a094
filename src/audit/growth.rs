//! How a customer grew: the clustering of the run done again over the records that links hold together with it, step by step.
//!
//! In: a customer. Out: a [`Growth`], the steps of the very clustering that a run calls ([`nayose_matching::identity::among`]), by the
//! run's model, pairs, decisions and links of before. What comes out is held against the customer of the run: where it is another one, as
//! where the run before is not kept any more and its links held some, there are no steps to tell.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::Audit;
use super::effect::{Pins, together};
use super::graph::WEAK;
use super::network::Network;
use crate::error::{Error, Kind, Result, VERIFY};
use crate::lake::snapshot;
use crate::stages::cluster::before;
use crate::tables::contract::LEDGER;
use nayose_matching::identity::among::{Part, people_in_steps};
use nayose_matching::identity::cluster::Edge;
use nayose_matching::identity::steps::{How, Step};

/// How a customer grew.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Growth {
    /// The customer.
    pub customer_id: String,
    /// Its records, in order, then those of others that were together with them on the way.
    pub records: Vec<Grown>,
    /// The steps, in the order in which the clustering made them; `None` where it cannot be done again.
    pub steps: Option<Vec<GrowthStep>>,
}

/// A record that was together with a customer's.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Grown {
    /// `channel:record_id`.
    pub record: String,
    /// Whether it is the customer's in the end.
    pub own: bool,
}

/// A step of the clustering.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct GrowthStep {
    /// `joined`, `moved`, `assigned` or `decided`.
    pub how: &'static str,
    /// The groups that it took apart, as places in [`Growth::records`].
    pub before: Vec<Vec<usize>>,
    /// The groups of the same records behind it.
    pub after: Vec<Vec<usize>>,
    /// By how much it raised the sum of votes inside groups, in bits.
    pub bits: f64,
    /// The pairs that it made one person and that a run linked or a person decided, likeliest first.
    pub links: Vec<GrowthLink>,
}

/// A link that a step made.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct GrowthLink {
    /// Place of its left record in [`Growth::records`].
    pub l: usize,
    /// Place of its right record.
    pub r: usize,
    /// P(one person).
    pub probability: f64,
    /// Whether it is a link of which one in twenty is wrong.
    pub weak: bool,
}

impl Audit {
    /// How a customer grew, by its id, a former one, or a record `channel:record_id`.
    ///
    /// # Errors
    /// Usage, where there is none; data, where the run's work is gone.
    pub(crate) async fn growth(&self, typed: &str) -> Result<Growth> {
        let id = self.customer_id(typed).await?;
        let network = self.network().await?;
        let Some(customer) = network.customer(&id) else {
            return Err(Error::data(format!("customer {id} has no record in the work of the run")).hint(VERIFY));
        };
        let own = network.records(customer);
        let decided = self.decided_by_row(network).await?;
        let settings = &self.kept().await?.settings;
        let (auto, hold) = (settings.thresholds.auto, settings.thresholds.holds_from());
        let rows = together(network, own.iter().copied(), &[&decided], |e, _| e.person >= hold.min(auto));
        let (edges, _) = network.edges_among(&rows);
        let same: Vec<(u32, u32)> = decided.iter().filter(|(_, same)| **same).map(|(pair, _)| *pair).collect();
        let apart = |l: u32, r: u32| decided.get(&(l.min(r), l.max(r))) == Some(&false);
        let scorer = self.scorer().await?;
        let most = &settings.limits.records_per_person;
        // The run took the links of the run before as held, unless thresholds or model changed between them.
        let before = if hold < auto { self.links_before(network).await? } else { &[] };
        let tries: &[&[(u32, u32)]] = if before.is_empty() { &[&[]] } else { &[before, &[]] };
        let steps = tries.iter().find_map(|linked| {
            let part = Part { rows: &rows, edges: &edges, same: &same, linked, thresholds: (auto, hold) };
            let (labels, steps) = people_in_steps(scorer, &part, apart, most);
            is_customer(&rows, &labels, own).then_some(steps)
        });
        Ok(growth(network, id, own, steps, (&edges, &decided)))
    }

    /// The decisions of people that the run took, by rows.
    async fn decided_by_row(&self, network: &Network) -> Result<Pins> {
        let open = self.recorded().await?.open.values().filter(|entry| entry.word != "undecided");
        let rows = |[left, right]: &[(String, String); 2]| network.keys().rows_of_pair(left, right);
        Ok(open.filter_map(|entry| Some((rows(&entry.pair)?, entry.word == "same"))).collect())
    }

    /// The links of the run before, by rows; none where it is not kept.
    async fn links_before(&self, network: &Network) -> Result<&[(u32, u32)]> {
        let read = async {
            let number = self.run.number - 1;
            let run = match snapshot::find(&self.lake, Some(&number.to_string())).await {
                Err(error) if error.kind() == Kind::Usage => return Ok(Vec::new()),
                run => run?,
            };
            match snapshot::table(&self.context, &self.lake, &run, LEDGER.name).await? {
                Some(ledger) => before::links(ledger, network.keys()).await,
                None => Ok(Vec::new()),
            }
        };
        let links = self.links_before.get_or_try_init(|| read).await?;
        Ok(links)
    }
}

/// Whether the rows of a label are those of a customer.
fn is_customer(rows: &[u32], labels: &[u32], own: &[u32]) -> bool {
    let of = own.first().and_then(|first| rows.binary_search(first).ok()).map(|place| labels[place]);
    let found = rows.iter().zip(labels).filter(|(_, label)| Some(**label) == of).map(|(row, _)| *row);
    found.eq(own.iter().copied())
}

/// The steps that concern a customer, told by its records.
fn growth(
    network: &Network,
    customer_id: String,
    own: &[u32],
    steps: Option<Vec<Step>>,
    (edges, decided): (&[Edge], &Pins),
) -> Growth {
    let is_of = |rows: &BTreeSet<u32>, step: &Step| step.before.iter().flatten().any(|row| rows.contains(row));
    let all = steps.as_deref().unwrap_or_default();
    let mut concerned: BTreeSet<u32> = own.iter().copied().collect();
    // Last to first: who joins somebody that joins the customer's later is concerned.
    for step in all.iter().rev() {
        if is_of(&concerned, step) {
            concerned.extend(step.before.iter().flatten());
        }
    }
    let others = concerned.iter().filter(|row| !own.contains(row));
    let rows: Vec<u32> = own.iter().chain(others).copied().collect();
    let place: BTreeMap<u32, usize> = rows.iter().enumerate().map(|(place, row)| (*row, place)).collect();
    let told = |step: &Step| {
        let places = |groups: &[Vec<u32>]| -> Vec<Vec<usize>> {
            groups.iter().map(|group| group.iter().filter_map(|row| place.get(row).copied()).collect()).collect()
        };
        GrowthStep {
            how: match step.how {
                How::Joined => "joined",
                How::Moved => "moved",
                How::Assigned => "assigned",
                How::Decided => "decided",
            },
            before: places(&step.before),
            after: places(&step.after),
            bits: step.bits(),
            links: links(network, step, edges, decided)
                .into_iter()
                .filter_map(|(l, r, probability)| {
                    let weak = step.how != How::Decided && probability < WEAK;
                    Some(GrowthLink { l: *place.get(&l)?, r: *place.get(&r)?, probability, weak })
                })
                .collect(),
        }
    };
    let records =
        rows.iter().enumerate().map(|(at, row)| Grown { record: network.keys().name(*row), own: at < own.len() });
    Growth {
        customer_id,
        records: records.collect(),
        steps: steps.as_ref().map(|steps| steps.iter().filter(|step| is_of(&concerned, step)).map(told).collect()),
    }
}

/// The pairs that a step made one: those that the run linked, or of a decision those on which somebody decided; likeliest first.
fn links(network: &Network, step: &Step, edges: &[Edge], decided: &Pins) -> Vec<(u32, u32, f64)> {
    let group_of = |groups: &[Vec<u32>], row: u32| groups.iter().position(|group| group.contains(&row));
    let is_new = |l: u32, r: u32| {
        let now = group_of(&step.after, l);
        now.is_some() && now == group_of(&step.after, r) && group_of(&step.before, l) != group_of(&step.before, r)
    };
    let mut found: Vec<(u32, u32, f64)> = match step.how {
        How::Decided => {
            let pairs = decided.iter().filter(|((l, r), same)| **same && is_new(*l, *r));
            pairs.map(|((l, r), _)| (*l, *r, network.probability((*l, *r)))).collect()
        }
        _ => edges
            .iter()
            .filter(|e| is_new(e.l, e.r) && network.is_linked(e.l, e.r))
            .map(|e| (e.l, e.r, e.person))
            .collect(),
    };
    found.sort_by(|a, b| b.2.total_cmp(&a.2).then((a.0, a.1).cmp(&(b.0, b.1))));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(how: How, before: &[&[u32]], after: &[&[u32]], votes: i64) -> Step {
        let groups = |of: &[&[u32]]| of.iter().map(|group| group.to_vec()).collect();
        Step { how, before: groups(before), after: groups(after), votes }
    }

    #[test]
    fn the_steps_of_a_customer_are_told_with_their_links_and_those_of_strangers_are_not() {
        let records = ["app:a C1 0", "app:b C1 0", "app:c C1 0", "app:d C2 0", "app:e C3 0", "app:f C3 0"];
        let pairs =
            [(0, 1, 0.99, true), (0, 2, 0.9, true), (1, 2, 0.97, true), (2, 3, 0.85, false), (4, 5, 0.99, true)];
        let network = Network::made(&records, &pairs, &[]);
        let steps = vec![
            step(How::Joined, &[&[4], &[5]], &[&[4, 5]], 7000),
            step(How::Joined, &[&[2], &[3]], &[&[2, 3]], 1000),
            step(How::Joined, &[&[0], &[1]], &[&[0, 1]], 4000),
            step(How::Moved, &[&[0, 1], &[2, 3]], &[&[0, 1, 2], &[3]], 2500),
        ];
        let (edges, _) = network.edges_among(&[0, 1, 2, 3, 4, 5]);
        let told = growth(&network, "C1".into(), &[0, 1, 2], Some(steps), (&edges, &Pins::new()));
        let names: Vec<(&str, bool)> = told.records.iter().map(|of| (of.record.as_str(), of.own)).collect();
        assert_eq!(names, [("app:a", true), ("app:b", true), ("app:c", true), ("app:d", false)]);
        let steps = told.steps.expect("steps");
        let how: Vec<(&str, f64)> = steps.iter().map(|step| (step.how, step.bits)).collect();
        assert_eq!(how, [("joined", 1.0), ("joined", 4.0), ("moved", 2.5)]);
        // The run did not link c and d, who went apart again; c is with both now, the likelier link first.
        assert_eq!(steps[0].links, []);
        let links: Vec<(usize, usize, bool)> = steps[2].links.iter().map(|link| (link.l, link.r, link.weak)).collect();
        assert_eq!(links, [(1, 2, false), (0, 2, true)]);
        assert_eq!(
            (&steps[2].before[..], &steps[2].after[..]),
            (&[vec![0, 1], vec![2, 3]][..], &[vec![0, 1, 2], vec![3]][..])
        );
    }

    #[test]
    fn what_comes_out_is_held_against_the_customer() {
        assert!(is_customer(&[1, 4, 7, 9], &[1, 4, 1, 9], &[1, 7]));
        assert!(!is_customer(&[1, 4, 7, 9], &[1, 1, 1, 9], &[1, 7]));
        assert!(!is_customer(&[1, 4, 7, 9], &[1, 4, 7, 9], &[1, 7]));
    }
}
