//! The queue of review: the pairs of a run that a person should decide on, the one with most to gain first.
//!
//! In: the [`Network`] of a run. Out: a [`Queue`], made once for an opened run; what people decided since is not in it (see
//! [`super::review`]). Of the pairs between the same two customers one is asked, as its answer answers the others.
//!
//! The gain of a pair is the product of three things. The chance that the answer changes what is: `p` where the two are two customers,
//! `1 - p` where they are one. How unsure the probability is, in bits ([`unsure`]): a question whose answer is known is worth nothing.
//! What would change ([`Stake`]), in customers as they are on average.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::{Deserialize, Serialize};

use super::Audit;
use super::network::Network;
use crate::error::Result;

/// Why a pair is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// Its probability is between the thresholds `review` and `auto`.
    Review,
    /// A record of it fits somebody else as well.
    Contested,
    /// The two records contradict each other.
    Refused,
    /// Its link was cut: others of the two groups are against it.
    Cut,
    /// A link that alone holds a customer together, and is weak.
    Bridge,
    /// A decision on it was made on values that are other ones now.
    Again,
}

impl Kind {
    /// All of them, in the order in which pages show them.
    pub(crate) const ALL: [Kind; 6] =
        [Kind::Review, Kind::Contested, Kind::Refused, Kind::Cut, Kind::Bridge, Kind::Again];

    /// Its name in addresses and words.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Review => "review",
            Kind::Contested => "contested",
            Kind::Refused => "refused",
            Kind::Cut => "cut",
            Kind::Bridge => "bridge",
            Kind::Again => "again",
        }
    }

    /// The kind with this name.
    pub(crate) fn named(name: &str) -> Option<Kind> {
        Kind::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// What would change at most, if the answer is another one than what is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Stake {
    /// Pairs of records that become one person, or two.
    pub pairs: u64,
    /// Records that get another customer.
    pub records: u64,
    /// How many customers there are more, or fewer.
    pub customers: u64,
    /// What the facts of those records come to.
    pub yen: f64,
}

impl Stake {
    /// In customers as they are on average: a customer is one, and so are its records, its pairs with another one and its yen. So
    /// none of the four needs a rate of exchange that somebody would have to choose.
    fn worth(&self, (records, yen): (f64, f64)) -> f64 {
        let share = |part: f64, mean: f64| if mean > 0.0 { part.abs() / mean } else { 0.0 };
        self.customers as f64
            + share(self.records as f64, records)
            + share(self.pairs as f64, records * records)
            + share(self.yen, yen)
    }
}

/// A pair of the queue.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Asked {
    /// The smaller row.
    pub l: u32,
    /// The larger row.
    pub r: u32,
    /// Why it is asked.
    pub kind: Kind,
    /// P(one person), by the evidence of the pair.
    pub probability: f64,
    /// What is gained by an answer.
    pub gain: f64,
    /// What would change.
    pub stake: Stake,
    /// Other pairs between the same two customers that are not asked beside it.
    pub alike: u32,
    /// Why the link was not made, as the ledger says it.
    pub reason: Option<Box<str>>,
}

/// The pairs of a run that a person should decide on.
#[derive(Default)]
pub(crate) struct Queue {
    /// Best gain first; of two that are alike the one with the smaller rows.
    pub asked: Vec<Asked>,
    places: HashMap<(u32, u32), u32>,
}

impl Queue {
    /// The place of a pair of rows.
    pub(crate) fn place(&self, l: u32, r: u32) -> Option<usize> {
        self.places.get(&(l.min(r), l.max(r))).map(|place| *place as usize)
    }
}

/// A link below this is weak: from here up the model itself expects fewer than one wrong link in twenty, so that a person who looks
/// at twenty would mend less than one.
const WEAK: f64 = 0.95;

/// How unsure a probability is: the bits that an answer tells, one where it is a toss, none where it is certain.
pub(crate) fn unsure(p: f64) -> f64 {
    let part = |p: f64| if p > 0.0 { -p * p.log2() } else { 0.0 };
    part(p) + part(1.0 - p)
}

/// What is to be believed of a pair whose records say one person with probability `p`. Where others spoke against it, and were heard,
/// there are two witnesses who contradict each other: each counts for half.
fn belief(kind: Kind, p: f64) -> f64 {
    match kind {
        Kind::Contested | Kind::Refused | Kind::Cut => p / 2.0,
        Kind::Review | Kind::Bridge | Kind::Again => p,
    }
}

/// A pair as the queue has it. `side` are the records that would leave their customer with the smaller half, where the two are one.
pub(crate) fn asked(network: &Network, (l, r): (u32, u32), kind: Kind, probability: f64, side: Option<usize>) -> Asked {
    let (a, b) = (network.customer_of(l), network.customer_of(r));
    let (of_a, of_b) = (network.records(a).len().max(1), network.records(b).len().max(1));
    let stake = if a == b {
        // Of a customer whose halves nobody knows, one record leaves.
        let leave = side.unwrap_or(1).clamp(1, of_a);
        let yen = network.yen(a) * leave as f64 / of_a as f64;
        Stake { pairs: (leave * (of_a - leave)) as u64, records: leave as u64, customers: 1, yen }
    } else {
        let fewer = if (of_a, a) <= (of_b, b) { a } else { b };
        Stake { pairs: (of_a * of_b) as u64, records: of_a.min(of_b) as u64, customers: 1, yen: network.yen(fewer) }
    };
    let p = belief(kind, probability);
    let chance = if a == b { 1.0 - p } else { p };
    let gain = chance * unsure(p) * stake.worth(network.means());
    Asked { l, r, kind, probability, gain, stake, alike: 0, reason: None }
}

/// The queue of a run.
pub(crate) fn queue(network: &Network) -> Queue {
    // Two customers → the pair that is asked of them.
    let mut of_two: BTreeMap<(u32, u32), Asked> = BTreeMap::new();
    let mut within = Vec::new();
    for refused in &network.refused {
        let kind = match (&*refused.decision, &refused.reason) {
            ("review", None) => Kind::Review,
            ("review", Some(_)) => Kind::Contested,
            ("refused", _) => Kind::Refused,
            ("cut", _) => Kind::Cut,
            // A person decided.
            _ => continue,
        };
        let mut found = asked(network, (refused.l, refused.r), kind, refused.probability, None);
        found.reason = refused.reason.clone();
        let (a, b) = (network.customer_of(found.l), network.customer_of(found.r));
        if a == b {
            // Others make them one person already. Only where the pair is below the threshold is there anything to ask.
            within.push(found);
            continue;
        }
        let two = (a.min(b), a.max(b));
        match of_two.get_mut(&two) {
            None => {
                of_two.insert(two, found);
            }
            Some(best) => {
                let alike = best.alike + 1;
                if found.gain > best.gain {
                    *best = found;
                }
                best.alike = alike;
            }
        }
    }
    let mut all: Vec<Asked> = of_two.into_values().chain(within).collect();
    all.extend(bridges(network));
    all.sort_by(|a, b| b.gain.total_cmp(&a.gain).then_with(|| (a.l, a.r).cmp(&(b.l, b.r))));
    let places = all.iter().zip(0u32..).map(|(asked, place)| ((asked.l, asked.r), place)).collect();
    Queue { asked: all, places }
}

/// The weak links that alone hold a customer together.
fn bridges(network: &Network) -> impl Iterator<Item = Asked> + '_ {
    network.links().filter(|link| link.person < WEAK).filter_map(move |link| {
        let customer = network.customer_of(link.l);
        if customer != network.customer_of(link.r) {
            return None;
        }
        let (all, side) = (network.records(customer).len(), side(network, link.l, link.r)?);
        Some(asked(network, (link.l, link.r), Kind::Bridge, link.person, Some(side.min(all - side.min(all)))))
    })
}

/// How many records of its customer a row reaches over links other than the one to `without`; `None` where it reaches that as well.
fn side(network: &Network, row: u32, without: u32) -> Option<usize> {
    let customer = network.customer_of(row);
    let (mut seen, mut next) = (HashSet::from([row]), vec![row]);
    while let Some(at) = next.pop() {
        for (edge, _) in network.edges_of(at).filter(|(_, linked)| *linked) {
            let other = if edge.l == at { edge.r } else { edge.l };
            if (at, other) == (row, without) || network.customer_of(other) != customer {
                continue;
            }
            if other == without {
                return None;
            }
            if seen.insert(other) {
                next.push(other);
            }
        }
    }
    Some(seen.len())
}

impl Audit {
    /// The queue of the run, made at the first question.
    ///
    /// # Errors
    /// Data, where the run's work is gone; environment, if a table cannot be read.
    pub(crate) async fn queue(&self) -> Result<&Queue> {
        self.queue.get_or_try_init(|| async { Ok(queue(self.network().await?)) }).await
    }
}

#[cfg(test)]
#[path = "queue_test.rs"]
mod tests;
