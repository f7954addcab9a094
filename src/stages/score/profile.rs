//! What a model finds in the candidate pairs: how often each level is reached, by all of them and by links.
//!
//! In: candidate pairs, a model with parameters. Out: [`Profile`]. It is of a sample: half a million pairs tell a share to within 0.0007
//! (one standard error), and are scored in a second.

use std::sync::Arc;

use arrow::array::{AsArray, RecordBatch};
use arrow::datatypes::Float64Type;
use datafusion::logical_expr::ident;
use datafusion::prelude::DataFrame;

use crate::engine::streams::gather;
use crate::error::{Error, Result};
use crate::functions::pair::{in_sample, pair_levels, score_pair};
use crate::functions::records::Records;
use crate::lake::profile::{Pairs, Profile};
use crate::tables::contract::col;
use nayose_matching::model::{MISSING, Model, Parameters};

/// Pairs that are looked at.
const MOST_PAIRS: f64 = 500_000.0;

/// Probabilities are added up in whole parts of one, so that the sum does not depend on the order of pairs.
const PARTS: f64 = 1e9;

/// What was counted of some of the pairs.
struct Counts {
    groups: Vec<Pairs>,
    /// By comparison and level.
    levels: Vec<Vec<Pairs>>,
    links: u64,
    /// The sum of the links' probabilities, in [`PARTS`].
    right: u128,
}

impl Counts {
    fn none(model: &Model, groups: usize) -> Self {
        let levels = model.comparisons.iter().map(|c| vec![[0; 2]; c.levels.len()]).collect();
        Counts { groups: vec![[0; 2]; groups], levels, links: 0, right: 0 }
    }

    /// Counts the pairs of a batch of patterns and scores.
    fn add(&mut self, batch: &RecordBatch, auto: f64) -> Result<()> {
        let patterns = batch.column(0).as_binary::<i32>();
        let score = batch.column(1).as_struct_opt().and_then(|score| score.column_by_name(col::MATCH_PROBABILITY));
        let score = score.ok_or_else(|| Error::bug("a score has no probability"))?.as_primitive::<Float64Type>();
        for row in 0..batch.num_rows() {
            let is_link = score.value(row) >= auto;
            let Some((group, states)) = patterns.value(row).split_first() else { continue };
            let add = |pairs: &mut Pairs| {
                pairs[0] += 1;
                pairs[1] += u64::from(is_link);
            };
            self.groups.get_mut(*group as usize).into_iter().for_each(add);
            for (counts, state) in self.levels.iter_mut().zip(states).filter(|(_, state)| **state != MISSING) {
                let level = *state as usize % counts.len();
                add(&mut counts[level]);
            }
            if is_link {
                self.links += 1;
                self.right += (score.value(row) * PARTS).round() as u128;
            }
        }
        Ok(())
    }

    fn absorb(&mut self, other: &Counts) {
        let add = |(sum, more): (&mut Pairs, &Pairs)| sum.iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
        self.groups.iter_mut().zip(&other.groups).for_each(add);
        self.levels.iter_mut().flatten().zip(other.levels.iter().flatten()).for_each(add);
        self.links += other.links;
        self.right += other.right;
    }
}

/// Counts levels and links among `candidates` pairs.
///
/// # Errors
/// As the engine says.
pub(crate) async fn profile(
    pairs: DataFrame,
    candidates: u64,
    model: &Arc<Model>,
    records: &Arc<Records>,
    parameters: &Parameters,
    auto: f64,
) -> Result<Profile> {
    let share = (MOST_PAIRS / (candidates as f64).max(1.0)).min(1.0);
    let rows = || vec![ident(col::ROW_L), ident(col::ROW_R)];
    let score = score_pair(model.clone(), parameters.clone(), records.clone(), auto).call(rows()).alias("score");
    let levels = pair_levels(model.clone(), records.clone()).call(rows()).alias("levels");
    let sample = pairs.filter(in_sample(model.training.seed, share).call(rows()))?.select(vec![levels, score])?;
    let packed = records.packed()?;
    let none = || Counts::none(model, packed.groups());
    let mut all = none();
    for counts in gather(sample, none, move |counts: &mut Counts, batch| counts.add(batch, auto)).await? {
        all.absorb(&counts);
    }
    let Counts { groups, levels, links, right } = all;
    let named = |(comparison, counts): (&nayose_matching::model::Comparison, Vec<Pairs>)| {
        let levels = comparison.levels.iter().map(|level| level.name.clone()).zip(counts);
        (comparison.name.clone(), levels.collect())
    };
    let met = groups.into_iter().enumerate().filter(|(_, [candidates, _])| *candidates > 0);
    Ok(Profile {
        expected_precision: if links > 0 { right as f64 / PARTS / links as f64 } else { 1.0 },
        levels: model.comparisons.iter().zip(levels).map(named).collect(),
        channels: met.map(|(group, pairs)| (packed.group_name(group), pairs)).collect(),
    })
}
