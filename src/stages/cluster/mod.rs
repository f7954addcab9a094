//! Probabilities to people and households: the one stage that looks at all links at once.
//!
//! Only links above the floor come here, a few per record. They are clustered in memory (see [`nayose_matching::identity`]), each
//! person gets an id from its founding record, and every decision goes to the ledger with its evidence.

pub(crate) mod before;
pub(crate) mod decisions;
pub(crate) mod flips;
mod identity;
pub(crate) mod ids;
mod keys;
mod ledger;
mod over_thresholds;
pub(crate) mod reason;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use datafusion::logical_expr::ident;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;

use self::identity::Identity;
use self::ids::Earlier;
pub(crate) use self::keys::{Keys, given_anew};
use self::ledger::Ledger;
use self::reason::english;
use super::Planned;
use crate::config::Pipeline;
use crate::config::decisions::Decision;
use crate::config::file::ThresholdsFile;
use crate::engine::pieces;
use crate::error::{Error, Result};
use crate::lake::results::ClusterResult;
use crate::lake::snapshot::time_text;
use crate::tables::columns;
use crate::tables::contract::{IDENTITY, LEDGER, col};
use nayose_matching::identity::bounds::Bounds;
use nayose_matching::identity::carry::{self, Before, Event, NO_ID};
use nayose_matching::identity::cluster::{self, Clusters, Edge, Fate};
use nayose_matching::identity::customer_id::Kind;
use nayose_matching::identity::people::{HOUSEHOLD, STEPS, confidence, expected, people};
use nayose_matching::identity::pin::pinned;
use nayose_matching::model::score::Scorer;

/// The links of `scored_pair` with the rule that brought each.
pub(crate) struct Links {
    /// The links.
    pub edges: Vec<Edge>,
    rules: Vec<i32>,
    weights: Vec<f64>,
}

impl Links {
    /// Reads all links.
    ///
    /// # Errors
    /// As the engine says.
    pub(crate) async fn read(scored: DataFrame) -> Result<Self> {
        let mut links = Links { edges: Vec::new(), rules: Vec::new(), weights: Vec::new() };
        let columns =
            [col::ROW_L, col::ROW_R, col::RULE, col::MATCH_WEIGHT, col::MATCH_PROBABILITY, col::HOUSEHOLD_PROBABILITY];
        let mut batches = scored.select(columns.map(ident).to_vec())?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (l, r) = (columns::longs(batch.column(0))?, columns::longs(batch.column(1))?);
            let rule = batch.column(2).as_primitive::<arrow::datatypes::Int32Type>();
            let [weight, person, household] = [3, 4, 5].map(|c| batch.column(c).as_primitive::<Float64Type>());
            for row in 0..batch.num_rows() {
                links.edges.push(Edge {
                    l: l.value(row) as u32,
                    r: r.value(row) as u32,
                    person: person.value(row),
                    household: household.value(row),
                });
                links.rules.push(rule.value(row));
                links.weights.push(weight.value(row));
            }
        }
        Ok(links)
    }
}

/// EventKind is clustered.
pub(crate) struct ClusterInput<'a> {
    /// The records.
    pub keys: &'a Arc<Keys>,
    /// Their links.
    pub links: &'a Arc<Links>,
    /// What weighs them.
    pub scorer: &'a Arc<Scorer>,
    /// The ids of the run before.
    pub earlier: &'a Earlier,
    /// From which probability a pair is a link.
    pub bounds: &'a Bounds,
    /// The decisions of people that hold.
    pub decisions: &'a [Decision],
    /// Why those who were two people stay so where somebody is erased; `None` where nobody is.
    pub kept_apart: Option<&'a str>,
}

/// The people among records with these links: for every row the smallest row of its person, and the fate of every link.
pub(crate) fn people_of(
    links: &Links,
    scorer: &Scorer,
    decided: &Decided,
    bounds: &Bounds,
    pipeline: &Pipeline,
) -> (Vec<u32>, Vec<Fate>) {
    let apart = |l, r| decided.different(l, r);
    people(scorer, &links.edges, &decided.same, apart, bounds, &pipeline.limits.records_per_person)
}

/// What clustering makes: the tables `identity`, `identity_at_threshold` and `ledger`, and the events of customer ids.
pub(crate) struct Clustered {
    /// The tables.
    pub tables: Vec<Planned>,
    /// The events.
    pub events: Vec<Event>,
    /// What was found out.
    pub found: ClusterResult,
    /// The pairs that the evidence links since somebody is erased, and that stay two people.
    pub kept_apart: Vec<(u32, u32)>,
}

/// Clusters the records. Where somebody is erased, everybody else stays who they were.
///
/// # Errors
/// Bug, if a table cannot be built.
pub(crate) fn plan(
    context: &SessionContext,
    input: &ClusterInput,
    pipeline: &Pipeline,
    run_id: &str,
) -> Result<Clustered> {
    let ClusterInput { keys, links, scorer, earlier, bounds, .. } = input;
    let (thresholds, renames) = (&pipeline.thresholds, &pipeline.renames);
    let mut decided = Decided::new(keys, input.decisions);
    let (mut people, fates) = people_of(links, scorer, &decided, bounds, pipeline);
    let mut kept_apart = Vec::new();
    if let Some(why) = input.kept_apart {
        let each: Vec<u32> = (0..people.len() as u32).collect();
        people = pinned(&people, &earlier.customers, &each);
        kept_apart = decided.keep_apart(&people, &earlier.customers, (&links.edges, &fates), why);
    }
    let at_other_thresholds = over_thresholds::plan(context, input, &decided, &people, pipeline)?;
    let people = Arc::new(people);
    let found = result(&people, &links.edges, &fates, thresholds);
    let joined = decided.joined(&people, &links.edges, &fates);
    let unknown = decided.unknown;
    // Three things that do not need each other.
    let (customers, households, (confidence, ledger)) = std::thread::scope(|threads| {
        let customers = threads.spawn(|| {
            let carried = ids::ids(Kind::Customer, keys, &people, &earlier.customers, renames)?;
            let events = carry::events(&people, &earlier.customers, &carried);
            Ok::<_, Error>((carried.ids, events))
        });
        let households = threads.spawn(|| {
            let mut households = cluster::households(&people, &links.edges, HOUSEHOLD);
            if input.kept_apart.is_some() {
                households = pinned(&households, &earlier.households, &people);
            }
            let carried = ids::ids(Kind::Household, keys, &households, &earlier.households, renames)?;
            Ok::<_, Error>((households, carried.ids))
        });
        let confidence = confidence(&people, &links.edges, &fates);
        let made_from = (Arc::clone(keys), Arc::clone(links), Arc::clone(scorer));
        let ledger = Ledger::new(made_from, (people.clone(), fates), decided, (thresholds, bounds.hold), run_id);
        (customers.join(), households.join(), (confidence, ledger))
    });
    let stopped = |_| Error::bug("a thread of the clustering stopped");
    let (customer_ids, events) = customers.map_err(stopped)??;
    let (households, household_ids) = households.map_err(stopped)??;
    let found = ClusterResult {
        households: sets(&households),
        decisions_without_record: unknown,
        kept_apart: kept_apart.len() as u64,
        ..found
    };
    let keys = Arc::clone(keys);
    let identity = Identity { keys, people, households, customer_ids, household_ids, confidence, joined };
    let (identity_rows, ledger_rows) = (identity.rows(), ledger.rows());
    let identity = pieces::rows(context, IDENTITY.schema(), identity_rows, move |rows| identity.batch(rows))?;
    let ledger = pieces::rows(context, LEDGER.schema(), ledger_rows, move |rows| ledger.batch(rows))?;
    // Both are in order of rows, which are in order of channel and id.
    let tables = vec![Planned::sorted(&IDENTITY, identity), Planned::sorted(&LEDGER, ledger), at_other_thresholds];
    Ok(Clustered { tables, events, found, kept_apart })
}

/// Decisions of people that hold for this run, by rows.
pub(crate) struct Decided {
    same: Vec<(u32, u32)>,
    rows: HashMap<(u32, u32), String>,
    apart: HashSet<(u32, u32)>,
    unknown: u64,
}

impl Decided {
    pub(crate) fn new(keys: &Keys, decisions: &[Decision]) -> Self {
        let mut found = Decided { same: Vec::new(), rows: HashMap::new(), apart: Default::default(), unknown: 0 };
        for d in decisions {
            let Some(pair) = keys.rows_of_pair(&d.left, &d.right) else {
                found.unknown += 1;
                continue;
            };
            if d.same {
                found.same.push(pair);
            } else {
                found.apart.insert(pair);
            }
            found.rows.insert(pair, reason_of(d));
        }
        found.same.sort_unstable();
        found
    }

    /// Decides that pairs which the evidence links, though they were two people before, are two people. Answers them.
    fn keep_apart(
        &mut self,
        people: &[u32],
        before: &Before,
        (edges, fates): (&[Edge], &[Fate]),
        why: &str,
    ) -> Vec<(u32, u32)> {
        let linked = edges.iter().zip(fates).filter(|(_, fate)| **fate == Fate::Linked).map(|(edge, _)| edge);
        let known = |row: u32| before.of_row[row as usize] != NO_ID;
        let crosses = |e: &&Edge| people[e.l as usize] != people[e.r as usize] && known(e.l) && known(e.r);
        let mut pairs: Vec<(u32, u32)> = linked.filter(crosses).map(|e| (e.l.min(e.r), e.l.max(e.r))).collect();
        pairs.retain(|pair| !self.rows.contains_key(pair));
        pairs.sort_unstable();
        for pair in &pairs {
            self.apart.insert(*pair);
            self.rows.insert(*pair, why.to_string());
        }
        pairs
    }

    /// The people of whom a decision joined records that no link joins.
    fn joined(&self, people: &[u32], edges: &[Edge], fates: &[Fate]) -> HashSet<u32> {
        let concerned: HashSet<u32> = self.same.iter().map(|(l, _)| people[*l as usize]).collect();
        if concerned.is_empty() {
            return concerned;
        }
        let mut linked = Clusters::new(people.len());
        for (edge, _) in edges.iter().zip(fates).filter(|(_, fate)| **fate == Fate::Linked) {
            if people[edge.l as usize] == people[edge.r as usize] {
                linked.union(edge.l, edge.r);
            }
        }
        let by_decision = self.same.iter().filter(|(l, r)| linked.find(*l) != linked.find(*r));
        by_decision.map(|(l, _)| people[*l as usize]).collect()
    }

    fn different(&self, l: u32, r: u32) -> bool {
        !self.apart.is_empty() && self.apart.contains(&(l.min(r), l.max(r)))
    }

    /// EventKind was decided on a pair.
    fn reason(&self, l: u32, r: u32) -> Option<&str> {
        self.rows.get(&(l.min(r), l.max(r))).map(String::as_str)
    }
}

/// What the ledger says of a decision.
pub(crate) fn reason_of(d: &Decision) -> String {
    let (by, at, why) = (d.by.clone(), d.at.clone(), d.why.clone());
    match (d.expires, d.same) {
        (None, true) => english(reason::DECIDED_SAME, [by, at, why]),
        (None, false) => english(reason::DECIDED_DIFFERENT, [by, at, why]),
        (Some(until), true) => english(reason::SAME_UNTIL, [by, at, time_text(until), why]),
        (Some(until), false) => english(reason::DIFFERENT_UNTIL, [by, at, time_text(until), why]),
    }
}

/// Number of sets; `labels` have for every row the smallest row of its set.
fn sets(labels: &[u32]) -> u64 {
    labels.iter().zip(0u32..).filter(|(label, row)| **label == *row).count() as u64
}

/// What clustering found, but for households and decisions.
fn result(people: &[u32], edges: &[Edge], fates: &[Fate], thresholds: &ThresholdsFile) -> ClusterResult {
    let mut sizes = vec![0u32; people.len()];
    people.iter().for_each(|label| sizes[*label as usize] += 1);
    let mut by_size: BTreeMap<u32, u64> = BTreeMap::new();
    sizes.into_iter().filter(|size| *size > 0).for_each(|size| *by_size.entry(size).or_default() += 1);
    let count = |what: fn(&Fate) -> bool| fates.iter().filter(|f| what(f)).count() as u64;
    let review = edges.iter().filter(|e| e.person >= thresholds.review && e.person < thresholds.auto).count() as u64;
    ClusterResult {
        customers: sets(people),
        households: 0,
        linked: count(|f| *f == Fate::Linked),
        held: edges.iter().zip(fates).filter(|(e, f)| **f == Fate::Linked && e.person < thresholds.auto).count() as u64,
        cut: count(|f| matches!(f, Fate::Cut(..))),
        contested: count(|f| matches!(f, Fate::Contested(..))),
        outvoted: count(|f| matches!(f, Fate::Outvoted(_))),
        weak_bridges: count(|f| *f == Fate::Bridge),
        over_records_per_person: count(|f| matches!(f, Fate::Limit(_))),
        review,
        records_per_customer: by_size.into_iter().map(|(size, people)| (format!("{size:>3}"), people)).collect(),
        decisions_without_record: 0,
        decisions_on_other_values: 0,
        kept_apart: 0,
        events: BTreeMap::new(),
        flips: 0,
        expected: expected(edges, thresholds.auto),
        thresholds: STEPS.iter().map(|threshold| expected(edges, *threshold)).collect(),
    }
}
