//! People to golden records, with everything that they did.
//!
//! In: `standard_record`, `identity`, `raw_record`, `raw_event`, `raw_reference` and the `id_map` of the run before, as tables of the session;
//! for `consent` the work table `consent_by_record`.
//! Out: the published tables except `ledger` and `run`. Rows in are rows out: what is not a record, an interaction, a row of a
//! reference or a repetition is a reject.

pub(crate) mod anonymity;
pub(crate) mod consent;
mod facts;
pub(crate) mod holders;
pub(crate) mod lines;
mod references;
pub(crate) mod unmatched;

use arrow::array::ArrayRef;
use datafusion::common::UnnestOptions;
use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::logical_expr::{cast, ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};

use super::{Planned, field, fields_of, in_one_stream};
use crate::config::Pipeline;
use crate::error::Result;
use crate::functions::golden::{golden, golden_columns, record_columns};
use crate::tables::contract::{CONSENT, FIELD_PROVENANCE, GOLDEN_RECORD, ID_MAP, REJECT, TIME_ZONE, Table, col};

/// The plan of `golden_record`: golden customers with their provenance beside them. On a cluster the customers are dealt out to
/// `executors`; here they stay in one stream, and `golden` has threads of its own.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) async fn records(context: &SessionContext, pipeline: &Pipeline, executors: bool) -> Result<Vec<Planned>> {
    let mut joined = context
        .sql("select i.customer_id, i.household_id, i.confidence, i.joined_by_decision, s.* from standard_record s join identity i on s.row = i.row")
        .await?;
    if !executors {
        let person = vec![ident(col::CUSTOMER_ID).sort(true, false), ident(col::HOUSEHOLD_ID).sort(true, false)];
        joined = in_one_stream(joined).sort(person)?;
    }
    let record = record_columns().into_iter().flat_map(|(name, _)| [lit(name), ident(name)]).collect();
    let grouped = joined.aggregate(
        vec![ident(col::CUSTOMER_ID), ident(col::HOUSEHOLD_ID)],
        vec![array_agg(named_struct(record)).alias(col::RECORDS)],
    )?;
    let function = golden(pipeline.survivorship.clone());
    let golden = grouped.select(vec![
        ident(col::CUSTOMER_ID),
        ident(col::HOUSEHOLD_ID),
        function.call(vec![ident(col::RECORDS)]).alias("golden"),
    ])?;
    let golden = fields_of(golden, "golden")?;
    let mut columns = vec![ident(col::CUSTOMER_ID), ident(col::HOUSEHOLD_ID)];
    columns.extend(golden_columns().map(|c| c.name).chain([col::PROVENANCE]).map(|n| field("golden", n).alias(n)));
    let plan = by_key(golden.select(columns)?, &GOLDEN_RECORD)?;
    Ok(vec![Planned::sorted(&GOLDEN_RECORD, plan)])
}

/// The plan of `field_provenance` from `golden_record`, whose rows come in order: `golden` lists the fields of a customer in order.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn provenance(golden_record: DataFrame) -> Result<Planned> {
    let rows = golden_record.select_columns(&[col::CUSTOMER_ID, col::PROVENANCE])?;
    // A customer of whom nothing is known has no row.
    let only_items = UnnestOptions::new().with_preserve_nulls(false);
    let rows = rows.unnest_columns_with_options(&[col::PROVENANCE], only_items)?;
    let columns = FIELD_PROVENANCE.columns.iter().map(|c| match c.name {
        col::CUSTOMER_ID => ident(c.name),
        name => field(col::PROVENANCE, name).alias(name),
    });
    let plan = fields_of(rows, col::PROVENANCE)?.select(columns.collect::<Vec<_>>())?;
    Ok(Planned::sorted(&FIELD_PROVENANCE, plan))
}

/// The plans of the other published tables, but for `golden_customer` and `source_record`, which are columns of `golden_record`
/// and `standard_record`. `given_anew` tells whether a number was ([`holders::register`]); `customers` are the ids of all customers in
/// order, where every number is one person's and plans run in this process.
///
/// # Errors
/// Bug, if a plan cannot be built.
pub(crate) async fn tables(
    context: &SessionContext,
    pipeline: &Pipeline,
    as_of: i64,
    number: i64,
    given_anew: bool,
    customers: Option<ArrayRef>,
) -> Result<Vec<Planned>> {
    let mut planned = Vec::new();
    lines::register(context, pipeline).await?;
    planned.extend(references::plan(context).await?);
    for (table, query) in [(&CONSENT, consent::QUERY), (&ID_MAP, MAP), (&REJECT, REJECTS)] {
        let plan = context.sql(query).await?.with_param_values(parameters(query, as_of, number))?;
        planned.push(Planned::sorted(table, by_key(columns(plan, table)?, table)?));
    }
    planned.push(facts::plan(context, pipeline, given_anew, customers).await?);
    Ok(planned)
}

/// The values of the parameters that a query has.
fn parameters(query: &str, as_of: i64, number: i64) -> Vec<(String, datafusion::common::ScalarValue)> {
    use datafusion::common::ScalarValue;
    let as_of = ScalarValue::TimestampMicrosecond(Some(as_of), Some(TIME_ZONE.into()));
    [("as_of", as_of), ("number", ScalarValue::from(number))]
        .into_iter()
        .filter(|(name, _)| query.contains(&format!("${name}")))
        .map(|(name, value)| (name.to_string(), value))
        .collect()
}

fn columns(plan: DataFrame, table: &Table) -> Result<DataFrame> {
    Ok(plan.select(
        table.columns.iter().map(|c| cast(ident(c.name), c.data_type.arrow()).alias(c.name)).collect::<Vec<_>>(),
    )?)
}

fn by_key(plan: DataFrame, table: &Table) -> Result<DataFrame> {
    Ok(plan.sort(table.key.iter().map(|k| ident(*k).sort(true, false)).collect())?)
}

/// The rows of before that are closed stay; those that hold no more are closed now; those that still hold keep their times.
/// A row has two validities: in the time of the business, and in the runs that said so. What changes twice at one data time holds
/// for no time of the business, and its runs tell that it was published.
const MAP: &str = "
with was as (select * from previous_id_map where valid_to is null),
compared as (
    select i.channel, i.record_id, i.customer_id, i.household_id, i.confidence, w.valid_from, w.valid_from_run,
           w.customer_id = i.customer_id and w.household_id = i.household_id as holds
    from identity i left join was w on w.channel = i.channel and w.record_id = i.record_id)
select channel, record_id, customer_id, household_id, valid_from, valid_to, confidence, valid_from_run, valid_to_run
from previous_id_map where valid_to is not null
union all
select w.channel, w.record_id, w.customer_id, w.household_id, w.valid_from, greatest(w.valid_from, $as_of) as valid_to,
       w.confidence, w.valid_from_run, $number as valid_to_run
from was w left join compared c on w.channel = c.channel and w.record_id = c.record_id
where not coalesce(c.holds, false)
union all
select channel, record_id, customer_id, household_id,
       case when holds then valid_from else greatest($as_of, coalesce(valid_from, $as_of)) end as valid_from,
       null as valid_to, confidence,
       case when holds then valid_from_run else $number end as valid_from_run,
       null as valid_to_run
from compared";

const REJECTS: &str = "
select file, line, source, reject_reason as reason, reject_raw as raw from raw_record where reject_reason is not null
union all
select file, line, source, reject_reason as reason, reject_raw as raw from raw_event where reject_reason is not null
union all
select r.file, r.line, r.source, 'conflicting_values' as reason, cast(null as varchar) as raw
from (select unnest(conflicts) as c from standard_record where cardinality(conflicts) > 0) s
join raw_record r on r.file = s.c['file'] and r.line = s.c['line']
union all
select file, line, source, repeat_reason as reason, cast(null as varchar) as raw from repeated_event
union all
select file, line, source, 'replaced_reference' as reason, cast(null as varchar) as raw from reference_place where place > 1
union all
select file, line, source, reject_reason as reason, reject_raw as raw from raw_reference where reject_reason is not null";
