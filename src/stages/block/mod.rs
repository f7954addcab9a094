//! Records to candidate pairs: an equi-join of records on hashes of their blocking keys.
//!
//! A block is the set of records that share a key. Its pairs are compared, unless it is larger than the limit: then the
//! rule's refining keys split it, and what is still too large is left out and reported. So the number of pairs is linear
//! in the number of records whatever the data.

use std::sync::Arc;

use datafusion::arrow::array::AsArray;
use datafusion::arrow::datatypes::{Int32Type, Int64Type};
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

/// Blocks by rule and key with their sizes; `$limit` splits those that are compared from those that are refined.
const PAIRS: &str = "
with size as (
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
)
select l.row as row_l, r.row as row_r, min(l.rule) as rule
from members l join members r on l.rule = r.rule and l.block = r.block
where l.row < r.row
group by l.row, r.row";

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
    let plan = context.sql(PAIRS).await?.with_param_values(vec![("limit", i64::from(block_size).into())])?;
    Ok(vec![Planned::unsorted(&CANDIDATE_PAIR, plan)])
}

/// What blocking has to say: pairs by rule and blocks that were left out.
///
/// # Errors
/// As the engine says.
pub async fn notes(context: &SessionContext, model: &Model, block_size: u32) -> Result<Notes> {
    let mut notes = Notes::new();
    let by_rule = context.sql("select rule, count(*) as pairs from candidate_pair group by rule order by rule").await?;
    let mut pairs = serde_json::Map::new();
    for batch in by_rule.collect().await? {
        let (rule, n) = (batch.column(0).as_primitive::<Int32Type>(), batch.column(1).as_primitive::<Int64Type>());
        for (rule, n) in rule.values().iter().zip(n.values()) {
            pairs.insert(model.rules[*rule as usize].name.clone(), json!(n));
        }
    }
    notes.insert("pairs_by_rule".into(), pairs.into());
    let left_out = context.sql(LEFT_OUT).await?.with_param_values(vec![("limit", i64::from(block_size).into())])?;
    let mut rules = serde_json::Map::new();
    for batch in left_out.collect().await? {
        let rule = batch.column(0).as_primitive::<Int32Type>();
        let columns: Vec<_> = (1..4).map(|c| batch.column(c).as_primitive::<Int64Type>()).collect();
        for row in 0..batch.num_rows() {
            let name = model.rules[rule.value(row) as usize].name.clone();
            let [blocks, largest, records] = [0, 1, 2].map(|c| columns[c].value(row));
            rules.insert(name, json!({ "blocks": blocks, "largest": largest, "records": records }));
        }
    }
    notes.insert("blocks_left_out".into(), rules.into());
    Ok(notes)
}
