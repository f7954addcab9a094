//! Records to candidate pairs: an equi-join of records on hashes of their blocking keys.
//!
//! A block is the set of records that share a key. Its pairs are compared, unless it is larger than the limit: then the
//! rule's refining keys split it, and what is still too large is left out and reported. So the number of pairs is linear
//! in the number of records whatever the data.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::compute::cast;
use datafusion::arrow::datatypes::{DataType, Int64Type};
use datafusion::functions::expr_fn::get_field;
use datafusion::logical_expr::ident;
use datafusion::prelude::{DataFrame, SessionContext};
use serde_json::json;

use super::{Notes, Planned};
use crate::contract::{BLOCKING_KEY, CANDIDATE_PAIR, col};
use crate::error::Result;
use crate::functions::blocking_keys::blocking_keys;
use crate::model::Model;

/// The plan of `blocking_key` from `standard_record`.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub fn keys(standard: DataFrame, model: &Arc<Model>) -> Result<Vec<Planned>> {
    let keys = standard
        .select(vec![ident(col::ROW), blocking_keys(model.clone()).call(vec![ident(col::FEATURES)]).alias("keys")])?
        .unnest_columns(&["keys"])?
        .filter(ident("keys").is_not_null())?
        .select(
            BLOCKING_KEY
                .columns
                .iter()
                .map(|c| match c.name {
                    col::ROW => ident(c.name),
                    name => get_field(ident("keys"), name).alias(name),
                })
                .collect::<Vec<_>>(),
        )?;
    Ok(vec![Planned::unsorted(&BLOCKING_KEY, keys)])
}

/// The blocks that are compared, with their members; `$limit` splits those that are compared from those that are refined.
const MEMBERS: &str = "
size as (
    select rule, key, count(distinct row) as records from blocking_key group by rule, key having count(distinct row) > 1
),
small as (
    select distinct b.rule, b.key as block, b.row
    from blocking_key b join size s on b.rule = s.rule and b.key = s.key
    where s.records <= $limit
),
large as (
    select distinct b.rule, b.refined as block, b.row
    from blocking_key b join size s on b.rule = s.rule and b.key = s.key
    where s.records > $limit and b.refined is not null
),
refined as (
    select rule, block from large group by rule, block having count(*) between 2 and $limit
),
members as (
    select rule, block, row from small
    union all
    select l.rule, l.block, l.row from large l join refined r on l.rule = r.rule and l.block = r.block
)";

/// Every pair once, with the first rule that brings it.
const PAIRS: &str = "
select l.row as row_l, r.row as row_r, min(l.rule) as rule
from members l join members r on l.rule = r.rule and l.block = r.block
where l.row < r.row
group by l.row, r.row";

/// Pairs by rule from the sizes of blocks alone.
const FORECAST: &str = "
select rule, count(*) as blocks, max(records) as largest, sum(records * (records - 1) / 2) as pairs
from (select rule, block, count(*) as records from members group by rule, block)
group by rule";

/// Pairs that no other rule brings, by rule.
const ALONE: &str = "
select rule, count(*) as pairs from (
    select min(l.rule) as rule
    from members l join members r on l.rule = r.rule and l.block = r.block
    where l.row < r.row
    group by l.row, r.row
    having min(l.rule) = max(l.rule)
)
group by rule";

/// The largest blocks, before refining.
const LARGEST: &str = "
select rule, count(distinct row) as records from blocking_key group by rule, key order by records desc, rule limit 5";

/// Blocks that are left out, largest first.
const LEFT_OUT: &str = "
with size as (
    select rule, key, count(distinct row) as records from blocking_key group by rule, key having count(distinct row) > $limit
),
large as (
    select b.rule, b.key, coalesce(b.refined, 0) as refined, count(distinct b.row) as records
    from blocking_key b join size s on b.rule = s.rule and b.key = s.key
    group by b.rule, b.key, coalesce(b.refined, 0)
)
select rule, count(*) as blocks, max(records) as largest, sum(records) as records
from large where refined = 0 and records > 1 or records > $limit
group by rule order by rule";

/// The plan of `candidate_pair` from the table `blocking_key` of the session.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub async fn pairs(context: &SessionContext, block_size: u32) -> Result<Vec<Planned>> {
    let plan = limited(context, &format!("with {MEMBERS} {PAIRS}"), block_size).await?;
    Ok(vec![Planned::unsorted(&CANDIDATE_PAIR, plan)])
}

async fn limited(context: &SessionContext, query: &str, block_size: u32) -> Result<DataFrame> {
    Ok(context.sql(query).await?.with_param_values(vec![("limit", i64::from(block_size).into())])?)
}

/// What a blocking rule will bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RuleForecast {
    /// Blocks of two records and more.
    pub blocks: u64,
    /// Records of its largest block that is compared.
    pub largest: u64,
    /// Pairs, those counted that other rules bring too.
    pub pairs: u64,
}

/// What every rule will bring, from the sizes of blocks in the table `blocking_key` of the session.
///
/// # Errors
/// As the engine says.
pub async fn forecast(context: &SessionContext, model: &Model, block_size: u32) -> Result<Vec<RuleForecast>> {
    let mut found = vec![RuleForecast::default(); model.rules.len()];
    for [rule, blocks, largest, pairs] in
        numbers(limited(context, &format!("with {MEMBERS} {FORECAST}"), block_size).await?).await?
    {
        found[rule as usize] = RuleForecast { blocks, largest, pairs };
    }
    Ok(found)
}

/// For every rule the pairs that no other rule brings.
///
/// # Errors
/// As the engine says.
pub async fn pairs_of_one_rule(context: &SessionContext, model: &Model, block_size: u32) -> Result<Vec<u64>> {
    let mut found = vec![0; model.rules.len()];
    for [rule, pairs] in numbers(limited(context, &format!("with {MEMBERS} {ALONE}"), block_size).await?).await? {
        found[rule as usize] = pairs;
    }
    Ok(found)
}

/// The largest blocks: rule and number of records.
///
/// # Errors
/// As the engine says.
pub async fn largest_blocks(context: &SessionContext) -> Result<Vec<(usize, u64)>> {
    let rows = numbers(context.sql(LARGEST).await?).await?;
    Ok(rows.into_iter().map(|[rule, records]| (rule as usize, records)).collect())
}

/// Rows of whole numbers.
async fn numbers<const N: usize>(rows: DataFrame) -> Result<Vec<[u64; N]>> {
    let mut found = Vec::new();
    for batch in rows.collect().await? {
        let columns: Vec<_> =
            (0..N).map(|c| cast(batch.column(c), &DataType::Int64)).collect::<std::result::Result<_, _>>()?;
        for row in 0..batch.num_rows() {
            found.push(std::array::from_fn(|c| columns[c].as_primitive::<Int64Type>().value(row) as u64));
        }
    }
    Ok(found)
}

/// What blocking has to say: pairs by rule and blocks that were left out.
///
/// # Errors
/// As the engine says.
pub async fn notes(context: &SessionContext, model: &Model, block_size: u32) -> Result<Notes> {
    let mut notes = Notes::new();
    let by_rule = context.sql("select rule, count(*) as pairs from candidate_pair group by rule order by rule").await?;
    let mut pairs = serde_json::Map::new();
    for [rule, n] in numbers(by_rule).await? {
        pairs.insert(model.rules[rule as usize].name.clone(), json!(n));
    }
    notes.insert("pairs_by_rule".into(), pairs.into());
    let left_out = limited(context, LEFT_OUT, block_size).await?;
    let mut rules = serde_json::Map::new();
    for [rule, blocks, largest, records] in numbers(left_out).await? {
        let name = model.rules[rule as usize].name.clone();
        rules.insert(name, json!({ "blocks": blocks, "largest": largest, "records": records }));
    }
    notes.insert("blocks_left_out".into(), rules.into());
    Ok(notes)
}
