//! Blocks and their pairs as tables.
//!
//! In: [`Pairs`]. Out: `block`, which a run writes and [`read`] reads again, and `candidate_pair`, whose rows are made while they are
//! read: nothing holds all of them. Rows of `block` come in the order of rules and keys.

use std::sync::Arc;

use arrow::array::{ArrayRef, AsArray, Int32Array, Int64Array, Int64Builder, ListBuilder, RecordBatch};
use arrow::datatypes::{DataType, Int32Type, SchemaRef};
use datafusion::catalog::streaming::StreamingTable;
use datafusion::error::DataFusionError;
use datafusion::execution::{SendableRecordBatchStream, TaskContext};
use datafusion::physical_plan::stream::RecordBatchStreamAdapter;
use datafusion::physical_plan::streaming::PartitionStream;
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;

use crate::error::{Error, Result};
use crate::stages::Planned;
use crate::tables::columns;
use crate::tables::contract::{BLOCK, CANDIDATE_PAIR, item_field};
use nayose_matching::block::{Pairs, Piece, RuleBlocks};

/// Records of the blocks of a batch: half a MiB of rows.
const BATCH_RECORDS: usize = 65_536;

/// Pairs of a piece: some batches. A stream has every so many-th piece, so that large blocks are spread over all streams.
const PIECE_PAIRS: u64 = 1 << 17;

/// The plan of the table `block`.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn blocks(context: &SessionContext, pairs: &Arc<Pairs>) -> Result<Planned> {
    let stream = Arc::new(BlockStream { pairs: pairs.clone(), schema: BLOCK.schema() });
    let table = StreamingTable::try_new(BLOCK.schema(), vec![stream])?;
    Ok(Planned::unsorted(&BLOCK, context.read_table(Arc::new(table))?))
}

/// The rows of the table `candidate_pair`: every pair once, with the first rule that brings it. Those of a block come together.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn candidate_pairs(context: &SessionContext, pairs: &Arc<Pairs>) -> Result<DataFrame> {
    let streams = context.copied_config().target_partitions();
    let all = pairs.pieces(PIECE_PAIRS);
    let stream = |first: usize| -> Arc<dyn PartitionStream> {
        let pieces = all.iter().skip(first).step_by(streams).cloned().collect();
        Arc::new(PairStream { pairs: pairs.clone(), schema: CANDIDATE_PAIR.schema(), pieces })
    };
    let table = StreamingTable::try_new(CANDIDATE_PAIR.schema(), (0..streams).map(stream).collect())?;
    Ok(context.read_table(Arc::new(table))?)
}

/// The blocks of a table `block` whose rows come in order, under a model of so many rules.
///
/// # Errors
/// As the engine says; bug, where a row is of no rule; environment, where there are more than four billion blocks.
pub(crate) async fn read(block: DataFrame, rules: usize) -> Result<Arc<Pairs>> {
    let mut found = vec![RuleBlocks::default(); rules];
    let columns = BLOCK.columns.iter().map(|column| column.name).collect::<Vec<_>>();
    let mut batches = block.select_columns(&columns)?.execute_stream().await?;
    let mut of_block: Vec<u32> = Vec::new();
    while let Some(batch) = batches.try_next().await? {
        let (rules, keys) = (batch.column(0).as_primitive::<Int32Type>(), columns::longs(batch.column(1))?);
        let lists = columns::lists(batch.column(3))?;
        let rows = columns::longs(lists.values())?;
        for (place, ends) in lists.value_offsets().windows(2).enumerate() {
            of_block.clear();
            of_block.extend(rows.values()[ends[0] as usize..ends[1] as usize].iter().map(|row| *row as u32));
            let of_rule = found.get_mut(rules.value(place) as usize);
            let of_rule = of_rule.ok_or_else(|| Error::bug("a block of a rule that the model does not have"))?;
            of_rule.push(keys.value(place) as u64, &of_block);
        }
    }
    Pairs::new(found).map(Arc::new).ok_or_else(super::too_many)
}

fn stream_of(
    schema: &SchemaRef,
    batches: impl Iterator<Item = std::result::Result<RecordBatch, DataFusionError>> + Send + 'static,
) -> SendableRecordBatchStream {
    Box::pin(RecordBatchStreamAdapter::new(schema.clone(), futures::stream::iter(batches)))
}

/// All blocks.
#[derive(Debug)]
struct BlockStream {
    pairs: Arc<Pairs>,
    schema: SchemaRef,
}

impl PartitionStream for BlockStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, _: Arc<TaskContext>) -> SendableRecordBatchStream {
        let (pairs, schema) = (self.pairs.clone(), self.schema.clone());
        let (mut rule, mut next) = (0, 0);
        let batches = std::iter::from_fn(move || {
            while pairs.blocks().get(rule)?.len() == next {
                (rule, next) = (rule + 1, 0);
            }
            let (mut keys, mut records, mut taken) = (Vec::new(), Vec::new(), 0);
            let mut rows = ListBuilder::new(Int64Builder::new()).with_field(item_field(DataType::Int64));
            for (key, of_block) in pairs.blocks().get(rule)?.from(next) {
                if taken >= BATCH_RECORDS {
                    break;
                }
                keys.push(key as i64);
                records.push(of_block.len() as i64);
                taken += of_block.len();
                of_block.iter().for_each(|row| rows.values().append_value(i64::from(*row)));
                rows.append(true);
            }
            next += keys.len();
            let rules = Int32Array::from_iter_values(std::iter::repeat_n(rule as i32, keys.len()));
            let columns: Vec<ArrayRef> = vec![
                Arc::new(rules),
                Arc::new(Int64Array::from(keys)),
                Arc::new(Int64Array::from(records)),
                Arc::new(rows.finish()),
            ];
            Some(RecordBatch::try_new(schema.clone(), columns).map_err(DataFusionError::from))
        });
        stream_of(&self.schema, batches)
    }
}

/// Some of the pairs.
#[derive(Debug)]
struct PairStream {
    pairs: Arc<Pairs>,
    schema: SchemaRef,
    pieces: Vec<Piece>,
}

impl PartitionStream for PairStream {
    fn schema(&self) -> &SchemaRef {
        &self.schema
    }

    fn execute(&self, context: Arc<TaskContext>) -> SendableRecordBatchStream {
        let most = context.session_config().batch_size();
        let (pairs, schema) = (self.pairs.clone(), self.schema.clone());
        let mut pieces = self.pieces.clone().into_iter();
        let mut piece = pieces.next();
        let batches = std::iter::from_fn(move || {
            let mut left: Vec<i64> = Vec::with_capacity(most);
            let (mut right, mut rules) = (Vec::with_capacity(most), Vec::with_capacity(most));
            while left.len() < most {
                let Some(now) = &mut piece else { break };
                let more = pairs.take(now, most - left.len(), |rule, l, r| {
                    left.push(i64::from(l));
                    right.push(i64::from(r));
                    rules.push(rule as i32);
                });
                if !more {
                    piece = pieces.next();
                }
            }
            if left.is_empty() {
                return None;
            }
            let columns: Vec<ArrayRef> = vec![
                Arc::new(Int64Array::from(left)),
                Arc::new(Int64Array::from(right)),
                Arc::new(Int32Array::from(rules)),
            ];
            Some(RecordBatch::try_new(schema.clone(), columns).map_err(DataFusionError::from))
        });
        stream_of(&self.schema, batches)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::session::{Resources, session};

    #[tokio::test]
    async fn blocks_that_are_read_again_bring_the_same_pairs() {
        let mut rules = vec![RuleBlocks::default(); 3];
        for block in 0..50_000u32 {
            rules[(block % 2) as usize * 2].push(u64::from(block), &[block, block + 1, block + 2]);
        }
        let pairs = Arc::new(Pairs::new(rules).expect("few blocks"));
        let context = session(&Resources { threads: 3, ..Resources::default() }).expect("a session");
        let again = read(blocks(&context, &pairs).expect("a plan").plan, 3).await.expect("blocks");
        assert_eq!(again.blocks(), pairs.blocks());
        let mut found: Vec<(i64, i64, i32)> = Vec::new();
        for batch in candidate_pairs(&context, &again).expect("a plan").collect().await.expect("pairs") {
            let rows = [0, 1].map(|c| columns::longs(batch.column(c)).expect("rows").values().to_vec());
            let rules = batch.column(2).as_primitive::<Int32Type>().values();
            found.extend(rows[0].iter().zip(&rows[1]).zip(rules).map(|((l, r), rule)| (*l, *r, *rule)));
        }
        found.sort_unstable();
        let pair = |l: i64, more: i64| (l, l + more, if l % 2 == 0 || more == 1 && l > 0 { 0 } else { 2 });
        let mut expected: Vec<_> =
            (0..50_000).flat_map(|l| [pair(l, 1), pair(l, 2)]).chain([(50_000, 50_001, 2)]).collect();
        expected.sort_unstable();
        assert_eq!(found, expected);
    }
}
