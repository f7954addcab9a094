//! Probabilities to people and households: the one stage that looks at all links at once.
//!
//! Only links above the floor come here, a few per record. They are clustered in memory (see [`nayose_matching::identity`]), each
//! person gets an id from its founding record, and every decision goes to the ledger with its evidence.

pub(crate) mod ids;
mod ledger;
pub(crate) mod reason;

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use arrow::array::{Array, AsArray, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::Float64Type;
use datafusion::logical_expr::ident;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;

use self::ids::Earlier;
use super::Planned;
use crate::config::Pipeline;
use crate::config::decisions::Decision;
use crate::config::file::ThresholdsFile;
use crate::error::{Error, Result};
use crate::lake::results::ClusterResult;
use crate::tables::columns;
use crate::tables::contract::{IDENTITY, LEDGER, col};
use nayose_matching::identity::carry::{self, Event};
use nayose_matching::identity::cluster::{self, Edge, Fate};
use nayose_matching::identity::customer_id::Kind;
use nayose_matching::identity::people::{HOUSEHOLD, STEPS, confidence, expected, people};
use nayose_matching::model::score::Scorer;

/// The records in order of their rows: what an id and a ledger row are made from.
pub(crate) struct Keys {
    channel: Vec<Arc<str>>,
    record_id: Vec<Box<str>>,
    first_seen: Vec<i64>,
}

impl Keys {
    /// Reads channel, id and first time of all records. `standard` comes in order of the row.
    ///
    /// # Errors
    /// As the engine says.
    pub(crate) async fn read(standard: DataFrame) -> Result<Self> {
        let mut keys = Keys { channel: Vec::new(), record_id: Vec::new(), first_seen: Vec::new() };
        let mut channels: BTreeMap<String, Arc<str>> = BTreeMap::new();
        let columns = vec![ident(col::CHANNEL), ident(col::RECORD_ID), ident(col::FIRST_SEEN)];
        let mut batches = standard.select(columns)?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (channel, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            let first = columns::times(batch.column(2))?;
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
    pub(crate) fn name(&self, row: u32) -> String {
        format!("{}:{}", self.channel[row as usize], self.record_id[row as usize])
    }

    /// The row of a record: rows are in order of channel and id.
    pub(crate) fn row(&self, channel: &str, id: &str) -> Option<u32> {
        self.row_after(None, channel, id)
    }

    /// The same for one of many records that come in order: the row after the one before is looked at first.
    pub(crate) fn row_after(&self, before: Option<u32>, channel: &str, id: &str) -> Option<u32> {
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
    pub(crate) fn len(&self) -> usize {
        self.channel.len()
    }
}

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
    pub keys: &'a Keys,
    /// Their links.
    pub links: &'a Links,
    /// EventKind weighs them.
    pub scorer: &'a Scorer,
    /// The ids of the run before.
    pub earlier: &'a Earlier,
}

/// Clusters the records. The tables are `identity` and `ledger`; the events are those of customer ids.
///
/// # Errors
/// Bug, if a table cannot be built.
pub(crate) fn plan(
    context: &SessionContext,
    input: &ClusterInput,
    pipeline: &Pipeline,
    as_of: i64,
    run_id: &str,
) -> Result<(Vec<Planned>, Vec<Event>, ClusterResult)> {
    let ClusterInput { keys, links, scorer, earlier } = input;
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
        let ledger = ledger::table(keys, links, (&people, &fates), scorer, &decided, thresholds, run_id);
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
    let found = result(&people, &households, &links.edges, &fates, thresholds);
    let found = ClusterResult { decisions_without_record: decided.unknown, ..found };
    // Both are in order of rows, which are in order of channel and id.
    let tables = vec![
        Planned::sorted(&IDENTITY, context.read_batch(identity)?),
        Planned::sorted(&LEDGER, context.read_batch(ledger?)?),
    ];
    Ok((tables, events, found))
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
            let sentence = if d.same { reason::DECIDED_SAME } else { reason::DECIDED_DIFFERENT };
            found.rows.insert(pair, reason::english(sentence, [d.by.clone(), d.at.clone(), d.why.clone()]));
        }
        found.same.sort_unstable();
        found
    }

    fn different(&self, l: u32, r: u32) -> bool {
        !self.apart.is_empty() && self.apart.contains(&(l.min(r), l.max(r)))
    }

    /// EventKind was decided on a pair.
    fn reason(&self, l: u32, r: u32) -> Option<&str> {
        self.rows.get(&(l.min(r), l.max(r))).map(String::as_str)
    }
}

/// EventKind clustering found, but for what decisions it could not use.
fn result(
    people: &[u32],
    households: &[u32],
    edges: &[Edge],
    fates: &[Fate],
    thresholds: &ThresholdsFile,
) -> ClusterResult {
    let distinct =
        |labels: &[u32]| labels.iter().enumerate().filter(|(row, label)| *row as u32 == **label).count() as u64;
    let mut sizes: BTreeMap<u32, u64> = BTreeMap::new();
    for label in people {
        *sizes.entry(*label).or_default() += 1;
    }
    let mut records_per_customer: BTreeMap<String, u64> = BTreeMap::new();
    for size in sizes.values() {
        *records_per_customer.entry(format!("{size:>3}")).or_default() += 1;
    }
    let count = |what: fn(&Fate) -> bool| fates.iter().filter(|f| what(f)).count() as u64;
    let review = edges.iter().filter(|e| e.person >= thresholds.review && e.person < thresholds.auto).count() as u64;
    ClusterResult {
        customers: distinct(people),
        households: distinct(households),
        linked: count(|f| *f == Fate::Linked),
        cut: count(|f| matches!(f, Fate::Cut(..))),
        contested: count(|f| matches!(f, Fate::Contested(..))),
        outvoted: count(|f| matches!(f, Fate::Outvoted(_))),
        weak_bridges: count(|f| *f == Fate::Bridge),
        over_records_per_person: count(|f| matches!(f, Fate::Limit(_))),
        review,
        records_per_customer,
        decisions_without_record: 0,
        expected: expected(edges, thresholds.auto),
        thresholds: STEPS.iter().map(|threshold| expected(edges, *threshold)).collect(),
    }
}
