//! Probabilities to people and households: the one stage that looks at all links at once.
//!
//! Only links above the floor come here, a few per record. They are clustered in memory (see [`crate::identity`]), each
//! person gets an id from its founding record, and every decision goes to the ledger with its evidence.

pub mod ids;
mod ledger;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use datafusion::arrow::array::{Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use datafusion::arrow::datatypes::Float64Type;
use datafusion::logical_expr::ident;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;
use serde_json::json;

use self::ids::Earlier;
use super::{Notes, Planned};
use crate::config::Pipeline;
use crate::config::decisions::Decision;
use crate::config::file::ThresholdsFile;
use crate::contract::{IDENTITY, LEDGER, col};
use crate::error::{Error, Result};
use crate::functions::text;
use crate::identity::carry::{self, Event};
use crate::identity::cluster::{self, Edge, Fate, Rules};
use crate::identity::customer_id::Kind;
use crate::model::score::Scorer;
use crate::model::{MISSING, Model};

/// The records in order of their rows: what an id and a ledger row are made from.
pub struct Keys {
    channel: Vec<Arc<str>>,
    record_id: Vec<Box<str>>,
    first_seen: Vec<i64>,
}

impl Keys {
    /// Reads channel, id and first time of all records. `standard` comes in order of the row.
    ///
    /// # Errors
    /// As the engine says.
    pub async fn read(standard: DataFrame) -> Result<Self> {
        let mut keys = Keys { channel: Vec::new(), record_id: Vec::new(), first_seen: Vec::new() };
        let mut channels: BTreeMap<String, Arc<str>> = BTreeMap::new();
        let columns = vec![ident(col::CHANNEL), ident(col::RECORD_ID), ident(col::FIRST_SEEN)];
        let mut batches = standard.select(columns)?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (channel, id) = (text::strings(batch.column(0))?, text::strings(batch.column(1))?);
            let first = text::times(batch.column(2))?;
            for row in 0..batch.num_rows() {
                let name = channel.value(row);
                let shared = channels.entry(name.to_string()).or_insert_with(|| name.into());
                keys.channel.push(shared.clone());
                keys.record_id.push(id.value(row).into());
                keys.first_seen.push(if first.is_valid(row) { first.value(row) } else { i64::MAX });
            }
        }
        Ok(keys)
    }

    /// A record as `channel:record_id`.
    pub fn name(&self, row: u32) -> String {
        format!("{}:{}", self.channel[row as usize], self.record_id[row as usize])
    }

    /// The row of a record: rows are in order of channel and id.
    pub fn row(&self, channel: &str, id: &str) -> Option<u32> {
        self.row_after(None, channel, id)
    }

    /// The same for one of many records that come in order: the row after the one before is looked at first.
    pub fn row_after(&self, before: Option<u32>, channel: &str, id: &str) -> Option<u32> {
        let (mut from, mut to) = (0, self.len());
        let mut guess = before.map(|row| row as usize + 1).filter(|guess| *guess < to);
        while from < to {
            let middle = guess.take().unwrap_or((from + to) / 2);
            match (&*self.channel[middle], &*self.record_id[middle]).cmp(&(channel, id)) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
                std::cmp::Ordering::Equal => return Some(middle as u32),
            }
        }
        None
    }

    /// Number of records.
    #[allow(clippy::len_without_is_empty)]
    pub fn len(&self) -> usize {
        self.channel.len()
    }
}

/// The links of `scored_pair` with the rule that brought each.
pub struct Links {
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
    pub async fn read(scored: DataFrame) -> Result<Self> {
        let mut links = Links { edges: Vec::new(), rules: Vec::new(), weights: Vec::new() };
        let columns =
            [col::ROW_L, col::ROW_R, col::RULE, col::MATCH_WEIGHT, col::MATCH_PROBABILITY, col::HOUSEHOLD_PROBABILITY];
        let mut batches = scored.select(columns.map(ident).to_vec())?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (l, r) = (text::longs(batch.column(0))?, text::longs(batch.column(1))?);
            let rule = batch.column(2).as_primitive::<datafusion::arrow::datatypes::Int32Type>();
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

/// What is clustered.
pub struct Given<'a> {
    /// The records.
    pub keys: &'a Keys,
    /// Their links.
    pub links: &'a Links,
    /// What weighs them.
    pub scorer: &'a Scorer,
    /// The ids of the run before.
    pub earlier: &'a Earlier,
}

/// Clusters the records. The tables are `identity` and `ledger`; the events are those of customer ids.
///
/// # Errors
/// Bug, if a table cannot be built.
pub fn plan(
    context: &SessionContext,
    given: &Given,
    pipeline: &Pipeline,
    as_of: i64,
    run_id: &str,
) -> Result<(Vec<Planned>, Vec<Event>, Notes)> {
    let Given { keys, links, scorer, earlier } = given;
    let thresholds = &pipeline.thresholds;
    let decided = Decided::new(keys, &pipeline.decisions, as_of);
    let apart = |l, r| decided.different(l, r);
    let most = &pipeline.limits.records_per_person;
    let (people, fates) = people(scorer, &links.edges, &decided.same, apart, thresholds.auto, most);
    // Three things that do not need each other.
    let (customers, households, ledger) = std::thread::scope(|threads| {
        let customers = threads.spawn(|| {
            let carried = ids::ids(Kind::Customer, keys, &people, &earlier.customers)?;
            let events = carry::events(&people, &earlier.customers, &carried);
            Ok::<_, Error>((carried.ids, events))
        });
        let households = threads.spawn(|| {
            let households = cluster::households(&people, &links.edges, HOUSEHOLD);
            ids::ids(Kind::Household, keys, &households, &earlier.households).map(|carried| (households, carried.ids))
        });
        let ledger = ledger::table(keys, links, &fates, scorer, &decided, thresholds, run_id);
        (customers.join(), households.join(), ledger)
    });
    let stopped = |_| Error::bug("a thread of the clustering stopped");
    let (customer_ids, events) = customers.map_err(stopped)??;
    let (households, household_ids) = households.map_err(stopped)??;
    let confidence = confidence(&people, &links.edges, &fates);
    let identity = RecordBatch::try_new(
        IDENTITY.schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(0..keys.len() as i64)),
            Arc::new(StringArray::from_iter_values(keys.channel.iter())),
            Arc::new(StringArray::from_iter_values(keys.record_id.iter())),
            Arc::new(StringArray::from_iter_values(people.iter().map(|p| &customer_ids[*p as usize]))),
            Arc::new(StringArray::from_iter_values(households.iter().map(|h| &household_ids[*h as usize]))),
            Arc::new(Float64Array::from(confidence)),
        ],
    )?;
    let mut notes = notes(&people, &households, &links.edges, &fates, thresholds);
    notes.insert("decisions_without_record".into(), json!(decided.unknown));
    notes.insert("expected".into(), json!(expected(&links.edges, thresholds.auto)));
    let steps: Vec<Expected> = STEPS.iter().map(|t| expected(&links.edges, *t)).collect();
    notes.insert("thresholds".into(), json!(steps));
    // Both are in order of rows, which are in order of channel and id.
    let tables = vec![
        Planned::sorted(&IDENTITY, context.read_batch(identity)?),
        Planned::sorted(&LEDGER, context.read_batch(ledger?)?),
    ];
    Ok((tables, events, notes))
}

/// The people among the scorer's records: for every row the smallest row of its person, and the fate of every edge.
/// `decided` are one person and `apart` are not, whatever their evidence; `most` are the records that a person may have by
/// channel.
pub fn people(
    scorer: &Scorer,
    edges: &[Edge],
    decided: &[(u32, u32)],
    apart: impl Fn(u32, u32) -> bool,
    auto: f64,
    most: &BTreeMap<String, u32>,
) -> (Vec<u32>, Vec<Fate>) {
    let packed = scorer.packed();
    let most: Vec<Option<u32>> = packed.channels.iter().map(|c| most.get(c).copied()).collect();
    let rules = Rules {
        auto,
        contradict: |l, r| apart(l, r) || contradict(scorer.model(), scorer, l, r),
        whole: |l: &[u32], r: &[u32]| scorer.score_groups(l, r).person,
        channel_of: &packed.channel_of,
        most: &most,
    };
    let (mut labels, fates) = cluster::cluster(packed.rows, edges, &rules);
    cluster::join_decided(&mut labels, decided, &apart);
    (labels, fates)
}

/// Thresholds of the table of expected precision and recall.
pub const STEPS: [f64; 8] = [0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.98, 0.99];

/// What the model itself expects at a threshold.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
pub struct Expected {
    /// The threshold.
    pub threshold: f64,
    /// Links from it up.
    pub pairs: u64,
    /// Share of them that are right.
    pub precision: f64,
    /// Share of the true pairs among the links that were kept; pairs that no blocking rule brings are not in it.
    pub recall: f64,
}

/// What the model itself expects at a threshold: each pair's probability is its expected share of a true pair.
pub fn expected(edges: &[Edge], threshold: f64) -> Expected {
    let true_pairs: f64 = edges.iter().map(|e| e.person).sum();
    let linked = edges.iter().filter(|e| e.person >= threshold);
    let (pairs, right) = linked.fold((0u64, 0.0), |(n, right), e| (n + 1, right + e.person));
    let share = |part: f64, whole: f64| if whole > 0.0 { part / whole } else { 1.0 };
    Expected { threshold, pairs, precision: share(right, pairs as f64), recall: share(right, true_pairs) }
}

/// Decisions of people that hold for this run, by rows.
pub(crate) struct Decided {
    same: Vec<(u32, u32)>,
    rows: HashMap<(u32, u32), String>,
    apart: std::collections::HashSet<(u32, u32)>,
    unknown: u64,
}

impl Decided {
    fn new(keys: &Keys, decisions: &[Decision], as_of: i64) -> Self {
        let mut found = Decided { same: Vec::new(), rows: HashMap::new(), apart: Default::default(), unknown: 0 };
        for d in decisions.iter().filter(|d| d.expires.is_none_or(|e| e > as_of)) {
            let (Some(l), Some(r)) = (keys.row(&d.left.0, &d.left.1), keys.row(&d.right.0, &d.right.1)) else {
                found.unknown += 1;
                continue;
            };
            let pair = (l.min(r), l.max(r));
            if d.same {
                found.same.push(pair);
            } else {
                found.apart.insert(pair);
            }
            let word = if d.same { "same" } else { "different" };
            found.rows.insert(pair, format!("{word}: decided by {} at {}: {}", d.by, d.at, d.why));
        }
        found.same.sort_unstable();
        found
    }

    fn different(&self, l: u32, r: u32) -> bool {
        !self.apart.is_empty() && self.apart.contains(&(l.min(r), l.max(r)))
    }

    /// What was decided on a pair.
    fn reason(&self, l: u32, r: u32) -> Option<&str> {
        self.rows.get(&(l.min(r), l.max(r))).map(String::as_str)
    }
}

/// Two customers are one household where some pair of their records is likelier of one household than not.
const HOUSEHOLD: f64 = 0.5;

/// Two records whose evidence alone, without any prior, says that they are two people of one household this much likelier
/// than one person (log2) are not put under one id by links to others.
const TWO_PEOPLE: f64 = 7.0;

/// Whether two records contradict each other: all comparisons of some set of the model speak against one person, or the
/// evidence says that they are two people of one household.
pub fn contradict(model: &Model, scorer: &Scorer, l: u32, r: u32) -> bool {
    let evidence = scorer.evidence(l as usize, r as usize);
    let two_people = || evidence.iter().map(|e| e.weight_against_household).sum::<f64>() <= -TWO_PEOPLE;
    let against = |c: &usize| evidence[*c].level != MISSING && evidence[*c].level > 0 && evidence[*c].weight < 0.0;
    model.has_households() && two_people() || model.contradictions.iter().any(|set| set.iter().all(against))
}

/// For every record the probability of its strongest link within its person; 1 for a record on its own.
fn confidence(people: &[u32], edges: &[Edge], fates: &[Fate]) -> Vec<f64> {
    let mut best: Vec<Option<f64>> = vec![None; people.len()];
    for (edge, _) in edges
        .iter()
        .zip(fates)
        .filter(|(e, fate)| **fate == Fate::Linked && people[e.l as usize] == people[e.r as usize])
    {
        for row in [edge.l as usize, edge.r as usize] {
            best[row] = Some(best[row].map_or(edge.person, |b| b.max(edge.person)));
        }
    }
    best.into_iter().map(|b| b.unwrap_or(1.0)).collect()
}

fn notes(people: &[u32], households: &[u32], edges: &[Edge], fates: &[Fate], thresholds: &ThresholdsFile) -> Notes {
    let distinct = |labels: &[u32]| labels.iter().enumerate().filter(|(row, label)| *row as u32 == **label).count();
    let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
    for label in people {
        *sizes.entry(*label).or_default() += 1;
    }
    let mut histogram: BTreeMap<String, u64> = BTreeMap::new();
    for size in sizes.values() {
        *histogram.entry(format!("{size:>3}")).or_default() += 1;
    }
    let cut = |what: fn(&Fate) -> bool| json!(fates.iter().filter(|f| what(f)).count());
    let review = edges.iter().filter(|e| e.person >= thresholds.review && e.person < thresholds.auto).count();
    let mut notes = Notes::new();
    notes.insert("customers".into(), json!(distinct(people)));
    notes.insert("households".into(), json!(distinct(households)));
    notes.insert("linked".into(), json!(fates.iter().filter(|f| **f == Fate::Linked).count()));
    notes.insert("cut".into(), cut(|f| matches!(f, Fate::Cut(..))));
    notes.insert("contested".into(), cut(|f| matches!(f, Fate::Contested(..))));
    notes.insert("weak_bridges".into(), cut(|f| *f == Fate::Bridge));
    notes.insert("over_records_per_person".into(), cut(|f| matches!(f, Fate::Limit(_))));
    notes.insert("review".into(), json!(review));
    notes.insert("records_per_customer".into(), json!(histogram));
    notes
}
