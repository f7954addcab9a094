//! What differs between two states of a lake: two published runs, or a plan and the run that it would follow.
//!
//! In: two states, each a set of tables. Out: customers that were created, merged, split or retired, records that came or went, golden
//! values that changed, rows of tables and figures of marts. Ids of customers are named as examples; a value of a record never is.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray, RecordBatch};
use arrow::datatypes::{DataType, Float64Type};
use datafusion::catalog::TableProvider;
use datafusion::functions_aggregate::expr_fn::sum;
use datafusion::logical_expr::{cast, ident};
use datafusion::prelude::{DataFrame, SessionContext};
use serde::Serialize;

use crate::config::{Pipeline, Renames};
use crate::engine::query;
use crate::engine::session::{Resources, in_order, session};
use crate::error::{Error, Result};
use crate::lake::manifest::Manifest;
use crate::lake::snapshot::{self, PublishedRun, plain_schema, time_text};
use crate::lake::{delta, read};
use crate::runner::renamed;
use crate::store::Location;
use crate::tables::columns;
use crate::tables::contract::{
    self, DECISION, GOLDEN_CUSTOMER, ID_EVENT, ID_MAP, PERSON_COLUMNS, RESTATEMENT, Table, col,
};

/// Ids that are named as examples of each change; [`CUSTOMERS`] has the number too.
const EXAMPLES: usize = 5;

/// Which run a state is of.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct RunName {
    /// Its id.
    pub run_id: String,
    /// Its number; none of a plan.
    pub number: Option<i64>,
    /// Time as of which its analyses hold.
    pub as_of: String,
}

/// What differs.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Diff {
    /// The earlier state; none where nothing was published before.
    pub before: Option<RunName>,
    /// The later one.
    pub after: RunName,
    /// Customers, and what became of their ids.
    pub customers: Customers,
    /// Records and their customers.
    pub records: Records,
    /// Fields of golden customers of both states whose value is another one, in the order of their columns.
    pub golden: Vec<ChangedField>,
    /// Tables in order of their names.
    pub tables: Vec<ChangedTable>,
}

/// Customers, and what became of their ids. Each id that only one of the states has counts once.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Customers {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
    /// New ids of which no record was there.
    pub created: Ids,
    /// Ids that are gone, whose records other customers have.
    pub merged: Ids,
    /// New ids with records that other customers had.
    pub split: Ids,
    /// Ids that are gone with all their records.
    pub retired: Ids,
}

/// Some ids, and how many there are.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Ids {
    /// How many.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<Example>,
}

/// An id that changed.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Example {
    /// The id.
    pub customer_id: String,
    /// The id that has its records now, or had them before.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub counterpart: Option<String>,
}

/// Records and their customers.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Records {
    /// Before.
    pub before: u64,
    /// After.
    pub after: u64,
    /// That only the later state has.
    pub added: u64,
    /// That only the earlier state has.
    pub gone: u64,
    /// Of both, with another customer id.
    pub moved: u64,
}

/// A field of golden customers.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct ChangedField {
    /// Its name.
    pub field: String,
    /// Customers whose value is another one.
    pub count: u64,
    /// The first of them.
    pub examples: Vec<String>,
}

/// A table in both states. A table that a state does not have has no rows there.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct ChangedTable {
    /// Its name.
    pub table: String,
    /// Rows before and after.
    pub rows: [u64; 2],
    /// Of a mart: sums of its columns of numbers, before and after.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub sums: BTreeMap<String, [Option<f64>; 2]>,
}

/// A set of tables.
struct State {
    name: RunName,
    tables: BTreeMap<String, (DataFrame, u64)>,
}

impl State {
    /// The same with the channels of today, so that a record whose channel has another name since is the one that it was.
    fn named(mut self, renames: &Renames) -> Result<Self> {
        if let Some((rows, count)) = self.tables.remove(ID_MAP.name) {
            self.tables.insert(ID_MAP.name.to_string(), (renamed::rows(rows, renames)?, count));
        }
        Ok(self)
    }
}

/// What differs between two published runs.
///
/// # Errors
/// Environment or data, where a table cannot be read.
pub(crate) async fn of_runs(
    lake: &Location,
    before: &PublishedRun,
    after: &PublishedRun,
    resources: &Resources,
) -> Result<Diff> {
    let context = session(resources)?;
    // Whichever was asked for first: the names of the later run are those of today.
    let renames = if before.number > after.number { before.renames() } else { after.renames() };
    let is_earlier = |run: &PublishedRun| run.number == before.number.min(after.number);
    let state = async |run: &PublishedRun| {
        let state = published(&context, lake, run).await?;
        if is_earlier(run) { state.named(&renames) } else { Ok(state) }
    };
    diff(&context, Some(state(before).await?), state(after).await?).await
}

/// What publishing a run of a pipeline would change that is done but for that.
///
/// # Errors
/// As [`of_runs`].
pub(crate) async fn of_plan(
    pipeline: &Pipeline,
    before: Option<&PublishedRun>,
    plan: &Manifest,
    resources: &Resources,
) -> Result<Diff> {
    let (lake, context) = (&pipeline.lake, session(resources)?);
    let before = match before {
        Some(run) => Some(published(&context, lake, run).await?.named(&pipeline.renames)?),
        None => None,
    };
    diff(&context, before, planned(&context, lake, plan).await?).await
}

/// Whether a table says what happened over all runs: it differs by what happened, not by what is.
fn is_log(table: &str) -> bool {
    [ID_EVENT.name, RESTATEMENT.name, DECISION.name].contains(&table)
}

async fn published(context: &SessionContext, lake: &Location, run: &PublishedRun) -> Result<State> {
    let (run_id, number) = (run.run_id.clone(), Some(run.number));
    let mut tables = BTreeMap::new();
    for (table, _, rows) in run.tables.iter().filter(|(table, ..)| !is_log(table)) {
        if let Some(frame) = snapshot::table(context, lake, run, table).await? {
            tables.insert(table.clone(), (frame, *rows));
        }
    }
    Ok(State { name: RunName { run_id, number, as_of: time_text(run.as_of) }, tables })
}

async fn planned(context: &SessionContext, lake: &Location, plan: &Manifest) -> Result<State> {
    let mut tables = BTreeMap::new();
    let outputs = plan.stages.values().flat_map(|stage| &stage.outputs);
    for (table, output) in outputs.filter(|(table, output)| output.folder == delta::folder_of(table) && !is_log(table))
    {
        // A mart has the columns that its file promises.
        let frame = match contract::find(table).filter(|known| !contract::is_mart(known.name)) {
            Some(known) => read::table(context, lake, output, plain_schema(known)).await?,
            None => read::inferred(context, lake, output).await?,
        };
        tables.insert(table.clone(), (frame, output.rows()));
    }
    let name = RunName { run_id: plan.run_id.clone(), number: None, as_of: time_text(plan.ingest()?.as_of) };
    Ok(State { name, tables })
}

/// How the session names the two states.
const EARLIER: &str = "earlier";
const LATER: &str = "later";

async fn diff(context: &SessionContext, before: Option<State>, after: State) -> Result<Diff> {
    let none = State { name: after.name.clone(), tables: BTreeMap::new() };
    let name = before.as_ref().map(|before| before.name.clone());
    let before = before.unwrap_or(none);
    for (schema, state) in [(EARLIER, &before), (LATER, &after)] {
        let mut tables: Vec<(String, Arc<dyn TableProvider>)> = Vec::new();
        for table in [&ID_MAP, &GOLDEN_CUSTOMER] {
            let rows = match state.tables.get(table.name) {
                Some((rows, _)) => rows.clone(),
                None => empty(context, table)?,
            };
            tables.push((table.name.to_string(), rows.into_view()));
        }
        query::register_schema(context, schema, tables)?;
    }
    let names: BTreeSet<&String> = before.tables.keys().chain(after.tables.keys()).collect();
    let mut tables = Vec::new();
    for table in names {
        let sides = [before.tables.get(table), after.tables.get(table)];
        let rows = sides.map(|side| side.map_or(0, |(_, rows)| *rows));
        let mut sums: BTreeMap<String, [Option<f64>; 2]> = BTreeMap::new();
        if contract::is_mart(table) {
            for (place, side) in sides.into_iter().enumerate() {
                let Some((frame, _)) = side else { continue };
                for (column, total) in totals(context, frame).await? {
                    sums.entry(column).or_default()[place] = total;
                }
            }
        }
        tables.push(ChangedTable { table: table.clone(), rows, sums });
    }
    Ok(Diff {
        customers: customers(context).await?,
        records: records(context).await?,
        golden: golden(context).await?,
        before: name,
        after: after.name,
        tables,
    })
}

fn empty(context: &SessionContext, table: &Table) -> Result<DataFrame> {
    Ok(context.read_batch(RecordBatch::new_empty(plain_schema(table)))?)
}

/// The sums of a table's columns of numbers. In one thread, so that the same rows give the same last digit.
async fn totals(context: &SessionContext, table: &DataFrame) -> Result<Vec<(String, Option<f64>)>> {
    let is_number = |data_type: &DataType| data_type.is_numeric();
    let names: Vec<String> =
        table.schema().fields().iter().filter(|f| is_number(f.data_type())).map(|f| f.name().clone()).collect();
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let rows = DataFrame::new(in_order(context).state(), table.logical_plan().clone());
    let sums = names.iter().map(|name| sum(cast(ident(name.as_str()), DataType::Float64)).alias(name.as_str()));
    let sums = rows.aggregate(Vec::new(), sums.collect())?.collect().await?;
    let mut found: Vec<(String, Option<f64>)> = names.iter().map(|name| (name.clone(), None)).collect();
    for batch in sums.iter().filter(|batch| batch.num_rows() > 0) {
        for (place, (_, total)) in found.iter_mut().enumerate() {
            let column = batch.column(place).as_primitive::<Float64Type>();
            *total = column.is_valid(0).then(|| column.value(0));
        }
    }
    Ok(found)
}

/// What became of ids, with the first of each kind.
const CUSTOMERS: &str = "
with b as (select channel, record_id, customer_id from earlier.id_map where valid_to is null),
a as (select channel, record_id, customer_id from later.id_map where valid_to is null),
moved as (
    select b.customer_id as id_before, a.customer_id as id_after
    from b join a on a.channel = b.channel and a.record_id = b.record_id where a.customer_id <> b.customer_id),
ids_before as (select distinct customer_id from b),
ids_after as (select distinct customer_id from a),
lost as (select i.customer_id from ids_before i left anti join ids_after o on o.customer_id = i.customer_id),
found as (select i.customer_id from ids_after i left anti join ids_before o on o.customer_id = i.customer_id),
went as (
    select l.customer_id, min(m.id_after) as counterpart from lost l left join moved m on m.id_before = l.customer_id
    group by l.customer_id),
came as (
    select f.customer_id, min(m.id_before) as counterpart from found f left join moved m on m.id_after = f.customer_id
    group by f.customer_id),
changes as (
    select case when counterpart is null then 'retired' else 'merged' end as change, customer_id, counterpart from went
    union all
    select case when counterpart is null then 'created' else 'split' end as change, customer_id, counterpart from came),
placed as (
    select *, row_number() over (partition by change order by customer_id) as place,
           count(*) over (partition by change) as n
    from changes)
select change, customer_id, counterpart, n from placed where place <= 5
union all select 'before', cast(null as varchar), cast(null as varchar), count(*) from ids_before
union all select 'after', cast(null as varchar), cast(null as varchar), count(*) from ids_after
order by 1, 2";

async fn customers(context: &SessionContext) -> Result<Customers> {
    let mut found = Customers::default();
    for batch in context.sql(CUSTOMERS).await?.collect().await? {
        let [change, id, counterpart] = [0, 1, 2].map(|c| columns::strings(batch.column(c)).cloned());
        let (change, id, counterpart) = (change?, id?, counterpart?);
        let n = columns::longs(batch.column(3))?;
        for row in 0..batch.num_rows() {
            let count = n.value(row) as u64;
            let ids = match change.value(row) {
                "before" => {
                    found.before = count;
                    continue;
                }
                "after" => {
                    found.after = count;
                    continue;
                }
                "created" => &mut found.created,
                "merged" => &mut found.merged,
                "split" => &mut found.split,
                "retired" => &mut found.retired,
                other => return Err(Error::bug(format!("a customer cannot be {other}"))),
            };
            ids.count = count;
            ids.examples.push(Example {
                customer_id: id.value(row).to_string(),
                counterpart: columns::text_at(&counterpart, row).map(str::to_string),
            });
        }
    }
    Ok(found)
}

const RECORDS: &str = "
select count(b.customer_id), count(a.customer_id),
       count(case when b.customer_id is null then 1 end), count(case when a.customer_id is null then 1 end),
       count(case when a.customer_id <> b.customer_id then 1 end)
from (select * from earlier.id_map where valid_to is null) b
full join (select * from later.id_map where valid_to is null) a on a.channel = b.channel and a.record_id = b.record_id";

async fn records(context: &SessionContext) -> Result<Records> {
    let batches = context.sql(RECORDS).await?.collect().await?;
    let batch = batches.iter().find(|batch| batch.num_rows() > 0).ok_or_else(|| Error::bug("no counts"))?;
    let count = |column: usize| columns::longs(batch.column(column)).map(|counts| counts.value(0) as u64);
    Ok(Records { before: count(0)?, after: count(1)?, added: count(2)?, gone: count(3)?, moved: count(4)? })
}

/// Field by field, so that no more than a column of either side is in memory at once.
async fn golden(context: &SessionContext) -> Result<Vec<ChangedField>> {
    let mut found = Vec::new();
    for field in PERSON_COLUMNS.iter().map(|c| c.name).chain([col::HOUSEHOLD_ID]) {
        // Names come from the contract, never from a user.
        let changed = format!(
            "from earlier.golden_customer b join later.golden_customer a on a.customer_id = b.customer_id
             where a.\"{field}\" is distinct from b.\"{field}\""
        );
        let mut count = 0;
        for batch in context.sql(&format!("select count(*) {changed}")).await?.collect().await? {
            count += columns::longs(batch.column(0))?.values().iter().sum::<i64>() as u64;
        }
        if count == 0 {
            continue;
        }
        let first = format!("select a.customer_id {changed} order by a.customer_id limit {EXAMPLES}");
        let mut examples = Vec::new();
        for batch in context.sql(&first).await?.collect().await? {
            examples.extend(columns::strings(batch.column(0))?.iter().flatten().map(str::to_string));
        }
        found.push(ChangedField { field: field.to_string(), count, examples });
    }
    Ok(found)
}
