//! Probabilities to people and households: the one stage that looks at all links at once.
//!
//! Only links above the floor come here, a few per record. They are clustered in memory (see [`nayose_matching::identity`]), each
//! person gets an id from its founding record, and every decision goes to the ledger with its evidence.

pub(crate) mod before;
pub(crate) mod decisions;
pub(crate) mod flips;
pub(crate) mod ids;
mod ledger;
pub(crate) mod reason;

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, BooleanArray, Float64Array, Int64Array, ListArray, RecordBatch, StringArray};
use arrow::datatypes::Float64Type;
use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;

use self::ids::Earlier;
use self::reason::english;
use super::Planned;
use crate::config::Pipeline;
use crate::config::decisions::Decision;
use crate::config::file::ThresholdsFile;
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
use nayose_matching::record::standardize::{NUMBER_REUSED, holder_of};

/// The records in order of their rows: what an id and a ledger row are made from.
pub(crate) struct Keys {
    channel: Vec<Arc<str>>,
    record_id: Vec<Box<str>>,
    first_seen: Vec<i64>,
    /// Which holder of its number a record is, from 0; none of the others is here.
    holders: HashMap<u32, u32>,
}

impl Keys {
    /// Reads channel, id and first time of all records. `standard` comes in order of the row.
    ///
    /// # Errors
    /// As the engine says.
    pub(crate) async fn read(standard: DataFrame) -> Result<Self> {
        let mut keys =
            Keys { channel: Vec::new(), record_id: Vec::new(), first_seen: Vec::new(), holders: HashMap::new() };
        let mut channels: BTreeMap<String, Arc<str>> = BTreeMap::new();
        let columns = vec![ident(col::CHANNEL), ident(col::RECORD_ID), ident(col::FIRST_SEEN), ident(col::PROBLEMS)];
        let mut batches = standard.select(columns)?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (channel, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            let first = columns::times(batch.column(2))?;
            let problems = columns::lists(batch.column(3))?;
            for row in 0..batch.num_rows() {
                let name = channel.value(row);
                let shared = channels.entry(name.to_string()).or_insert_with(|| name.into());
                keys.channel.push(shared.clone());
                keys.record_id.push(id.value(row).into());
                keys.first_seen.push(if first.is_valid(row) { first.value(row) } else { i64::MAX });
                let holder = holder_in(problems, row)?;
                if holder > 0 {
                    keys.holders.insert(keys.len() as u32 - 1, holder);
                }
            }
        }
        Ok(keys)
    }

    /// Reads channel and id alone, for who makes no ids of them. `standard` comes in order of the row.
    ///
    /// # Errors
    /// As the engine says.
    pub(crate) async fn named(standard: DataFrame) -> Result<Self> {
        let (mut channel, mut record_id): (Vec<Arc<str>>, Vec<Box<str>>) = Default::default();
        let mut batches = standard.select_columns(&[col::CHANNEL, col::RECORD_ID])?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (name, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            for row in 0..batch.num_rows() {
                let last = channel.last().filter(|last| &***last == name.value(row)).cloned();
                channel.push(last.unwrap_or_else(|| name.value(row).into()));
                record_id.push(id.value(row).into());
            }
        }
        let first_seen = vec![i64::MAX; channel.len()];
        Ok(Keys { channel, record_id, first_seen, holders: HashMap::new() })
    }

    /// Which holder of its number a record is, from 0.
    pub(crate) fn holder(&self, row: u32) -> u32 {
        self.holders.get(&row).copied().unwrap_or(0)
    }

    /// A record as `channel:record_id`.
    pub(crate) fn name(&self, row: u32) -> String {
        format!("{}:{}", self.channel[row as usize], self.record_id[row as usize])
    }

    /// Channel and id of a record.
    pub(crate) fn of(&self, row: u32) -> (String, String) {
        (self.channel[row as usize].to_string(), self.record_id[row as usize].to_string())
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

/// Which holder of its number the record of a row is, by its problems.
fn holder_in(problems: &ListArray, row: usize) -> Result<u32> {
    if problems.is_null(row) || problems.value_length(row) == 0 {
        return Ok(0);
    }
    let problems = problems.value(row);
    Ok(holder_of(columns::strings(&problems)?.iter().flatten()))
}

/// The rows of records whose number somebody else has than in the run before. `before` has the records of that run.
///
/// # Errors
/// As the engine says.
pub(crate) async fn given_anew(keys: &Keys, before: DataFrame) -> Result<HashSet<u32>> {
    let reused = array_has(ident(col::PROBLEMS), lit(NUMBER_REUSED));
    let before = before.filter(reused)?.select_columns(&[col::CHANNEL, col::RECORD_ID, col::PROBLEMS])?;
    let mut holders: HashMap<u32, u32> = HashMap::new();
    for batch in before.collect().await? {
        let (channel, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
        let problems = columns::lists(batch.column(2))?;
        for row in 0..batch.num_rows() {
            if let Some(place) = keys.row(channel.value(row), id.value(row)) {
                holders.insert(place, holder_in(problems, row)?);
            }
        }
    }
    let rows = keys.holders.keys().chain(holders.keys());
    let anew = rows.filter(|row| keys.holder(**row) != holders.get(row).copied().unwrap_or(0));
    Ok(anew.copied().collect())
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

/// What clustering makes: the tables `identity` and `ledger`, and the events of customer ids.
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
    // Three things that do not need each other.
    let (customers, households, ledger) = std::thread::scope(|threads| {
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
        let ledger = ledger::table(keys, links, (&people, &fates), scorer, &decided, (thresholds, bounds.hold), run_id);
        (customers.join(), households.join(), ledger)
    });
    let stopped = |_| Error::bug("a thread of the clustering stopped");
    let (customer_ids, events) = customers.map_err(stopped)??;
    let (households, household_ids) = households.map_err(stopped)??;
    let confidence = confidence(&people, &links.edges, &fates);
    let joined = decided.joined(&people, &links.edges, &fates);
    let identity = RecordBatch::try_new(
        IDENTITY.schema(),
        vec![
            Arc::new(Int64Array::from_iter_values(0..keys.len() as i64)),
            Arc::new(StringArray::from_iter_values(keys.channel.iter())),
            Arc::new(StringArray::from_iter_values(keys.record_id.iter())),
            Arc::new(StringArray::from_iter_values(people.iter().map(|p| &customer_ids[*p as usize]))),
            Arc::new(StringArray::from_iter_values(households.iter().map(|h| &household_ids[*h as usize]))),
            Arc::new(Float64Array::from(confidence)),
            Arc::new(BooleanArray::from_iter(people.iter().map(|p| Some(joined.contains(p))))),
        ],
    )?;
    let found = result(&people, &households, &links.edges, &fates, thresholds);
    let unknown = decided.unknown;
    let found = ClusterResult { decisions_without_record: unknown, kept_apart: kept_apart.len() as u64, ..found };
    // Both are in order of rows, which are in order of channel and id.
    let tables = vec![
        Planned::sorted(&IDENTITY, context.read_batch(identity)?),
        Planned::sorted(&LEDGER, context.read_batch(ledger?)?),
    ];
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
        held: edges.iter().zip(fates).filter(|(e, f)| **f == Fate::Linked && e.person < thresholds.auto).count() as u64,
        cut: count(|f| matches!(f, Fate::Cut(..))),
        contested: count(|f| matches!(f, Fate::Contested(..))),
        outvoted: count(|f| matches!(f, Fate::Outvoted(_))),
        weak_bridges: count(|f| *f == Fate::Bridge),
        over_records_per_person: count(|f| matches!(f, Fate::Limit(_))),
        review,
        records_per_customer,
        decisions_without_record: 0,
        decisions_on_other_values: 0,
        kept_apart: 0,
        events: BTreeMap::new(),
        flips: 0,
        expected: expected(edges, thresholds.auto),
        thresholds: STEPS.iter().map(|threshold| expected(edges, *threshold)).collect(),
    }
}
