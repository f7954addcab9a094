//! Records to candidate pairs: an equi-join of records on hashes of their blocking keys.
//!
//! A block is the set of records that share a key. Its pairs are compared, unless it is larger than the limit: then the
//! rule's refining keys split it, and what is still too large is left out and reported. So the number of pairs is linear
//! in the number of records whatever the data.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::compute::cast;
use arrow::datatypes::{DataType, Int64Type};
use datafusion::functions::expr_fn::get_field;
use datafusion::functions_aggregate::expr_fn::{array_agg, count, min};
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};

use super::Planned;
use crate::error::Result;
use crate::functions::blocking_keys::{blocking_keys, refined_keys};
use crate::lake::results::LeftOut;
use crate::tables::contract::{BLOCK, CANDIDATE_PAIR, col};
use nayose_matching::model::Model;

/// The plan of `block` from `standard_record`.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn blocks(standard: DataFrame, model: &Arc<Model>) -> Result<Vec<Planned>> {
    let keys = standard
        .select(vec![ident(col::ROW), blocking_keys(model.clone()).call(vec![ident(col::FEATURES)]).alias("keys")])?
        .unnest_columns(&["keys"])?
        .filter(ident("keys").is_not_null())?
        .select(vec![
            ident(col::ROW),
            get_field(ident("keys"), col::RULE).alias(col::RULE),
            get_field(ident("keys"), col::KEY).alias(col::KEY),
        ])?;
    let blocks = keys
        .aggregate(
            vec![ident(col::KEY)],
            vec![
                min(ident(col::RULE)).alias(col::RULE),
                count(lit(1)).alias(col::RECORDS),
                array_agg(ident(col::ROW)).alias(col::ROWS),
            ],
        )?
        .filter(ident(col::RECORDS).gt(lit(1)))?
        .select(BLOCK.columns.iter().map(|c| ident(c.name)).collect::<Vec<_>>())?;
    Ok(vec![Planned::unsorted(&BLOCK, blocks)])
}

/// The records of blocks over the limit with their refined keys; null where a record has none.
const LARGE: &str = "
select b.rule, b.key, b.row, unnest(case when cardinality(r.keys) = 0 then [null] else r.keys end) as refined
from (select rule, key, unnest(rows) as row from block where records > $limit) b
join refined_key r on b.key = r.key and b.row = r.row";

/// The rows of blocks over the limit with their features.
const LARGE_ROWS: &str = "
select b.rule, b.key, b.row, s.features
from (select rule, key, unnest(rows) as row from block where records > $limit) b
join standard_record s on b.row = s.row";

/// Registers the tables `large_row` and `compared`: the records of blocks over the limit with their refined keys (null where
/// a record has none), and the blocks that are compared.
///
/// # Errors
/// As the engine says.
pub(crate) async fn refine(context: &SessionContext, model: &Arc<Model>, block_size: u32) -> Result<()> {
    let register = |name: &str, rows: DataFrame| -> Result<()> {
        context.deregister_table(name)?;
        context.register_table(name, rows.into_view())?;
        Ok(())
    };
    let arguments = vec![ident(col::FEATURES), ident(col::RULE), ident(col::KEY)];
    let refined = limited(context, LARGE_ROWS, block_size).await?.select(vec![
        ident(col::KEY),
        ident(col::ROW),
        refined_keys(model.clone()).call(arguments).alias("keys"),
    ])?;
    register("refined_key", refined)?;
    register("large_row", limited(context, LARGE, block_size).await?.cache().await?)?;
    register("compared", limited(context, COMPARED, block_size).await?)
}

/// The blocks that are compared: those within the limit, and those that refining splits to be.
const COMPARED: &str = "
select rule, key, records, rows from block where records <= $limit
union all
select rule, refined as key, count(*) as records, array_agg(row) as rows
from large_row where refined is not null
group by rule, refined
having count(*) between 2 and $limit";

/// Records of a block up to which its pairs are written out in one go; larger ones are joined with themselves, so that no
/// step has more than a few million pairs in hand.
const WRITTEN_OUT: u32 = 64;

/// The pairs of all blocks with their rules.
const PAIRS_BY_RULE: &str = "
select rule, p['row_l'] as row_l, p['row_r'] as row_r
from (select rule, unnest(pairs_of(rows)) as p from compared where records <= $small)
union all
select l.rule, l.row as row_l, r.row as row_r
from (select rule, key, unnest(rows) as row from compared where records > $small) l
join (select key, unnest(rows) as row from compared where records > $small) r on l.key = r.key
where l.row < r.row";

/// Pairs by rule from the sizes of blocks alone.
const FORECAST: &str = "
select rule, count(*) as blocks, max(records) as largest, sum(records * (records - 1) / 2) as pairs
from compared group by rule";

/// The largest blocks, before refining.
const LARGEST: &str = "select rule, records from block order by records desc, rule limit 5";

/// Blocks that are left out, largest first.
const LEFT_OUT: &str = "
select rule, count(*) as blocks, max(records) as largest, sum(records) as records
from (select rule, key, refined, count(*) as records from large_row group by rule, key, refined)
where refined is null and records > 1 or records > $limit
group by rule order by rule";

/// The plan of `candidate_pair` from the table `compared` of the session: every pair once, with the first rule that brings it.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) async fn pairs(context: &SessionContext) -> Result<Vec<Planned>> {
    let query = format!("select row_l, row_r, min(rule) as rule from ({PAIRS_BY_RULE}) group by row_l, row_r");
    Ok(vec![Planned::unsorted(&CANDIDATE_PAIR, small(context, &query).await?)])
}

async fn small(context: &SessionContext, query: &str) -> Result<DataFrame> {
    Ok(context.sql(query).await?.with_param_values(vec![("small", i64::from(WRITTEN_OUT).into())])?)
}

async fn limited(context: &SessionContext, query: &str, block_size: u32) -> Result<DataFrame> {
    Ok(context.sql(query).await?.with_param_values(vec![("limit", i64::from(block_size).into())])?)
}

/// What a blocking rule will bring.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct RuleForecast {
    /// Blocks of two records and more.
    pub blocks: u64,
    /// Records of its largest block that is compared.
    pub largest: u64,
    /// Pairs, those counted that other rules bring too.
    pub pairs: u64,
}

/// What every rule will bring, from the sizes of blocks in the table `compared` of the session.
///
/// # Errors
/// As the engine says.
pub(crate) async fn forecast(context: &SessionContext, model: &Model) -> Result<Vec<RuleForecast>> {
    let mut found = vec![RuleForecast::default(); model.rules.len()];
    for [rule, blocks, largest, pairs] in numbers(context.sql(FORECAST).await?).await? {
        found[rule as usize] = RuleForecast { blocks, largest, pairs };
    }
    Ok(found)
}

/// Pairs that are looked at to find out how many there are: some seconds.
const SAMPLED_PAIRS: u64 = 4_000_000;

/// Records whose pairs are looked at, at least: their number varies from record to record.
const SAMPLED_RECORDS: u64 = 256;

/// The pairs of some records in the table `compared`, each once, whatever rules and keys bring it.
const SAMPLED: &str = "
select count(*) as pairs from (
    select p['row_l'] as row_l, p['row_r'] as row_r
    from (select unnest(pairs_of_some(rows, $every)) as p from compared)
    group by row_l, row_r
)";

/// How many pairs all rules bring together, each counted once. `bound` counts each for every key that it shares: where that is so
/// few that all can be looked at, the answer is exact; otherwise it is that of a sample of the records, the same for the same data.
///
/// # Errors
/// As the engine says.
pub(crate) async fn distinct_pairs(context: &SessionContext, records: u64, bound: u64) -> Result<u64> {
    distinct_pairs_of(context, (2 * bound / SAMPLED_PAIRS).min(records / SAMPLED_RECORDS).max(1)).await
}

async fn distinct_pairs_of(context: &SessionContext, every: u64) -> Result<u64> {
    let rows = context.sql(SAMPLED).await?.with_param_values(vec![("every", (every as i64).into())])?;
    let sampled: u64 = numbers(rows).await?.into_iter().map(|[pairs]| pairs).sum();
    // A pair is met from both of its records.
    Ok(sampled * every / 2)
}

/// For every rule the pairs that no other rule brings.
///
/// # Errors
/// As the engine says.
pub(crate) async fn pairs_of_one_rule(context: &SessionContext, model: &Model) -> Result<Vec<u64>> {
    let mut found = vec![0; model.rules.len()];
    let query = format!(
        "select first_rule, count(*) as pairs from (
             select min(rule) as first_rule, max(rule) as last_rule from ({PAIRS_BY_RULE}) group by row_l, row_r
         ) where first_rule = last_rule group by first_rule"
    );
    for [rule, pairs] in numbers(small(context, &query).await?).await? {
        found[rule as usize] = pairs;
    }
    Ok(found)
}

/// For every rule its pairs, each once: of a rule whose keys are near, a pair may share many.
///
/// # Errors
/// As the engine says.
pub(crate) async fn pairs_of_each_rule(context: &SessionContext, model: &Model) -> Result<Vec<u64>> {
    let mut found = vec![0; model.rules.len()];
    let query = format!(
        "select rule, count(*) as pairs from (
             select rule, row_l, row_r from ({PAIRS_BY_RULE}) group by rule, row_l, row_r
         ) group by rule"
    );
    for [rule, pairs] in numbers(small(context, &query).await?).await? {
        found[rule as usize] = pairs;
    }
    Ok(found)
}

/// The largest blocks: rule and number of records.
///
/// # Errors
/// As the engine says.
pub(crate) async fn largest_blocks(context: &SessionContext) -> Result<Vec<(usize, u64)>> {
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

/// The pairs that each rule owns: those that no rule before it brings.
///
/// # Errors
/// As the engine says.
pub(crate) async fn pairs_by_rule(context: &SessionContext, model: &Model) -> Result<BTreeMap<String, u64>> {
    let query = "select rule, count(*) as pairs from candidate_pair group by rule order by rule";
    let rows = numbers(context.sql(query).await?).await?;
    Ok(rows.into_iter().map(|[rule, pairs]| (model.rules[rule as usize].name.clone(), pairs)).collect())
}

/// The blocks of each rule that are left out.
///
/// # Errors
/// As the engine says.
pub(crate) async fn left_out(
    context: &SessionContext,
    model: &Model,
    block_size: u32,
) -> Result<BTreeMap<String, LeftOut>> {
    let rows = numbers(limited(context, LEFT_OUT, block_size).await?).await?;
    let named = |[rule, blocks, largest, records]: [u64; 4]| {
        (model.rules[rule as usize].name.clone(), LeftOut { blocks, largest, records })
    };
    Ok(rows.into_iter().map(named).collect())
}

#[cfg(test)]
mod tests {
    use arrow::array::{ArrayRef, Int64Builder, ListBuilder, RecordBatch};

    use super::*;
    use crate::engine::session::{Resources, session};

    /// Blocks of a near rule: groups of records that are alike share all of a record's keys.
    fn compared(groups: i64, keys: usize) -> Result<(SessionContext, u64, u64)> {
        let mut rows = ListBuilder::new(Int64Builder::new());
        let (mut row, mut pairs, mut bound) = (0, 0, 0);
        for group in 0..groups {
            let size = 2 + group % 7;
            for _ in 0..keys {
                (row..row + size).for_each(|row| rows.values().append_value(row));
                rows.append(true);
                bound += (size * (size - 1) / 2) as u64;
            }
            pairs += (size * (size - 1) / 2) as u64;
            row += size;
        }
        let context = session(&Resources::default())?;
        let batch = RecordBatch::try_from_iter([(col::ROWS, Arc::new(rows.finish()) as ArrayRef)])?;
        context.register_table("compared", context.read_batch(batch)?.into_view())?;
        Ok((context, pairs, bound))
    }

    #[tokio::test]
    async fn pairs_that_share_many_keys_are_counted_once() {
        let (context, pairs, bound) = compared(20_000, 24).expect("blocks");
        assert!(bound >= 10 * pairs, "the sizes of blocks count each pair {} times", bound / pairs);
        assert_eq!(distinct_pairs_of(&context, 1).await.expect("pairs"), pairs, "all records are looked at");
        let sampled = distinct_pairs_of(&context, 16).await.expect("pairs") as f64;
        assert!((sampled / pairs as f64 - 1.0).abs() < 0.05, "{sampled} of {pairs} by one record of sixteen");
        let records = 20_000 * 5;
        let found = distinct_pairs(&context, records, bound).await.expect("pairs") as f64;
        assert!((found / pairs as f64 - 1.0).abs() < 0.05, "{found} of {pairs}");
    }
}
