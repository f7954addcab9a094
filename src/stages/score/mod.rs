//! Candidate pairs to probabilities: the model learns from a sample of the pairs, then scores all of them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use arrow::array::AsArray;
use arrow::datatypes::Int64Type;
use datafusion::common::JoinType;
use datafusion::functions_aggregate::expr_fn::{count, sum};
use datafusion::logical_expr::{ident, lit, when};
use datafusion::prelude::DataFrame;

use super::{Planned, field, fields_of};
use crate::error::Result;
use crate::functions::pair::{in_sample, pair_levels, score_pair};
use crate::functions::records::Records;
use crate::lake::results::{JunkValues, Learned, LevelShares, Trained};
use crate::tables::contract::{SCORED_PAIR, col};
use nayose_matching::model::em::{self, Observations};
use nayose_matching::model::weight::{self, Seen};
use nayose_matching::model::{Comparison, Model, Packed, Parameters, compare, sample};
use nayose_matching::parallel;

/// Learns the model's parameters from the candidate pairs, or takes those that the model file has.
///
/// # Errors
/// As the engine says.
pub(crate) async fn learn(
    pairs: DataFrame,
    model: &Arc<Model>,
    records: &Arc<Records>,
    block_size: u32,
    digest: String,
) -> Result<(Parameters, Trained)> {
    let packed = records.packed()?;
    if let Some(trained) = &model.trained {
        let taken = Trained { learned_from: trained.learned_from.clone(), steps: 0, learned: None };
        return Ok((trained.clone(), taken));
    }
    let candidates = pairs.clone().count().await? as f64;
    let share = (model.training.candidate_pairs as f64 / candidates.max(1.0)).min(1.0);
    let random = random_pairs(model, packed);
    let all_pairs = packed.rows as f64 * (packed.rows as f64 - 1.0) / 2.0;
    let degrees = degrees(pairs.clone())?;
    let records_by_degree = records_by_degree(degrees.clone()).await?;
    let fence = weight::fence(&records_by_degree);
    let observed = Observations {
        patterns: patterns(pairs, degrees, fence, model, records, share).await?,
        known: Vec::new(),
        degrees: records_by_degree,
        groups: (0..packed.groups()).map(|g| packed.group_name(g)).collect(),
        pairs_by_group: packed.pairs_by_group(),
        household_pairs: Some(all_pairs * random.households / random.draws.max(1.0)),
        random_draws: random.draws,
        random: random.levels,
        brought: brought(model, packed, block_size),
        all_pairs,
        digest,
    };
    let (parameters, convergence) = em::learn(model, &observed);
    let learned = Learned {
        candidate_share: share,
        converged: convergence.converged,
        differing: Some(differing(model, &observed.patterns)),
        prior: parameters.prior,
        priors: parameters.priors.clone(),
        dependence: em::dependence(model, &parameters, &observed),
        levels: model
            .comparisons
            .iter()
            .zip(&parameters.levels)
            .map(|(c, states)| level_shares(model, c, states))
            .collect(),
    };
    let trained =
        Trained { learned_from: parameters.learned_from.clone(), steps: convergence.steps, learned: Some(learned) };
    Ok((parameters, trained))
}

/// The comparisons of which the pairs show more than one level. A pattern begins with its group.
fn differing(model: &Model, patterns: &BTreeMap<Vec<u8>, Seen>) -> usize {
    let seen = |comparison: usize| {
        let levels = patterns.keys().filter_map(|pattern| pattern.get(comparison + 1));
        levels.filter(|level| **level != compare::MISSING).collect::<BTreeSet<_>>().len()
    };
    (0..model.comparisons.len()).filter(|comparison| seen(*comparison) > 1).count()
}

/// A comparison with the probabilities of its levels, those that a pair can reach.
fn level_shares(
    model: &Model,
    comparison: &Comparison,
    states: &[[f64; 3]],
) -> (String, BTreeMap<String, LevelShares>) {
    let reached = states.iter().enumerate().filter(|(state, _)| comparison.reaches(*state));
    let named = |(state, [m, household, u]): (usize, &[f64; 3])| {
        (comparison.state_name(state, &model.features), LevelShares { m: *m, household: *household, u: *u })
    };
    (comparison.name.clone(), reached.map(named).collect())
}

/// Feature → values that were dropped because very many records have them, and those records.
pub(crate) fn junk_values(model: &Model, packed: &Packed) -> BTreeMap<String, JunkValues> {
    let counted = model.features.iter().zip(&packed.features).map(|(name, f)| (name.clone(), f.junk_counts()));
    let named = |(name, (values, records))| (name, JunkValues { values, records: records as u64 });
    counted.filter(|(_, (values, _))| *values > 0).map(named).collect()
}

/// A row of `standard_record`.
const OF_ROW: &str = "of_row";

/// Its number of candidate pairs.
const DEGREE: &str = "degree";

/// The number of candidate pairs of every record that has any, over all pairs and not only those of the sample.
fn degrees(pairs: DataFrame) -> Result<DataFrame> {
    let side = |row: &str| pairs.clone().select(vec![ident(row).alias(OF_ROW)]);
    let ends = side(col::ROW_L)?.union(side(col::ROW_R)?)?;
    Ok(ends.aggregate(vec![ident(OF_ROW)], vec![count(lit(1)).alias(DEGREE)])?)
}

/// Number of candidate pairs → records that have as many.
async fn records_by_degree(degrees: DataFrame) -> Result<BTreeMap<u64, u64>> {
    let counted = degrees.aggregate(vec![ident(DEGREE)], vec![count(lit(1)).alias("records")])?.collect().await?;
    let mut records = BTreeMap::new();
    for batch in counted {
        let [degree, n] = [0, 1].map(|column| batch.column(column).as_primitive::<Int64Type>());
        records.extend((0..batch.num_rows()).map(|row| (degree.value(row) as u64, n.value(row) as u64)));
    }
    Ok(records)
}

/// How often each pattern of levels occurs among the sampled pairs, scaled up to all of them. The sums are of whole numbers: they do
/// not depend on the order of pairs or the number of threads.
async fn patterns(
    pairs: DataFrame,
    degrees: DataFrame,
    fence: i64,
    model: &Arc<Model>,
    records: &Arc<Records>,
    share: f64,
) -> Result<BTreeMap<Vec<u8>, Seen>> {
    let rows = || vec![ident(col::ROW_L), ident(col::ROW_R)];
    let side =
        |row: &str, degree: &str| degrees.clone().select(vec![ident(OF_ROW).alias(row), ident(DEGREE).alias(degree)]);
    // `weight::of_pair` and `weight::of_crowded_pair` as expressions.
    let more = when(ident("degree_l").gt(ident("degree_r")), ident("degree_l")).otherwise(ident("degree_r"))?;
    let counted =
        when(ident("more").gt(lit(fence)), lit(weight::UNITS * fence) / ident("more") * lit(fence) / ident("more"))
            .otherwise(lit(weight::UNITS))?;
    let summed = pairs
        .filter(in_sample(model.training.seed, share).call(rows()))?
        .select(rows())?
        .join(side("of_row_l", "degree_l")?, JoinType::Inner, &[col::ROW_L], &["of_row_l"], None)?
        .join(side("of_row_r", "degree_r")?, JoinType::Inner, &[col::ROW_R], &["of_row_r"], None)?
        .select(vec![ident(col::ROW_L), ident(col::ROW_R), more.alias("more")])?
        .select(vec![
            pair_levels(model.clone(), records.clone()).call(rows()).alias("levels"),
            counted.alias("counted"),
            (lit(weight::UNITS) / ident("more")).alias("weight"),
        ])?
        .aggregate(
            vec![ident("levels")],
            vec![
                count(lit(1)).alias("pairs"),
                sum(ident("counted")).alias("counted"),
                sum(ident("weight")).alias("weight"),
            ],
        )?
        .collect()
        .await?;
    let mut patterns = BTreeMap::new();
    for batch in summed {
        let levels = batch.column(0).as_binary::<i32>();
        let [pairs, counted, weight] = [1, 2, 3].map(|column| batch.column(column).as_primitive::<Int64Type>());
        for row in 0..batch.num_rows() {
            let seen = Seen::weighted(pairs.value(row), counted.value(row), weight.value(row));
            patterns.insert(levels.value(row).to_vec(), seen.times(1.0 / share));
        }
    }
    Ok(patterns)
}

/// What random pairs look like. Counts are whole numbers, so that it does not matter how many threads share the work.
#[derive(Clone)]
struct Random {
    /// Comparison → state → pairs; missing comparisons are left out.
    levels: Vec<Vec<f64>>,
    /// Pairs.
    draws: f64,
    /// Pairs that can show a household.
    households: f64,
}

impl Random {
    fn none(model: &Model) -> Self {
        let levels = model.comparisons.iter().map(|c| vec![0.0; c.states()]).collect();
        Random { levels, draws: 0.0, households: 0.0 }
    }

    fn count(&mut self, model: &Model, pattern: &[u8]) {
        for (counts, level) in self.levels.iter_mut().zip(pattern).filter(|(_, level)| **level != compare::MISSING) {
            counts[*level as usize] += 1.0;
        }
        self.draws += 1.0;
        self.households += f64::from(u8::from(model.sees_households(pattern)));
    }

    fn add(&mut self, other: &Random) {
        for (sums, counts) in self.levels.iter_mut().zip(&other.levels) {
            sums.iter_mut().zip(counts).for_each(|(sum, n)| *sum += n);
        }
        self.draws += other.draws;
        self.households += other.households;
    }
}

fn random_pairs(model: &Model, packed: &Packed) -> Random {
    let (rows, training) = (packed.rows as u64, &model.training);
    // More draws than there are pairs would only repeat them.
    let draws = training.random_pairs.min(rows * rows.saturating_sub(1) / 2);
    let threads = parallel::threads() as u64;
    let share = draws.div_ceil(threads).max(1);
    let count = |from: u64| {
        let mut counts = Random::none(model);
        let mut pattern = Vec::with_capacity(model.comparisons.len());
        for (l, r) in sample::random_pairs(rows, from..(from + share).min(draws), training.seed) {
            let (l, r) = (packed.row(l as usize), packed.row(r as usize));
            pattern.clear();
            pattern.extend(compare::states(&model.comparisons, packed, &l, &r));
            counts.count(model, &pattern);
        }
        counts
    };
    let parts = parallel::map((0..threads).collect(), |_, thread| count(thread * share));
    let mut total = Random::none(model);
    parts.iter().for_each(|part| total.add(part));
    total
}

/// For every level all of whose pairs a blocking rule brings: how many pairs the rule left out with blocks over the limit.
/// They are counted for rules of one key; larger blocks of several keys are split by their other values.
fn brought(model: &Model, packed: &Packed, block_size: u32) -> Vec<Vec<Option<f64>>> {
    let left_out = |rule: usize| match model.rules[rule].keys.as_slice() {
        [key] => packed.features[key.feature].pairs_over(block_size),
        _ => 0.0,
    };
    model.brought_by().into_iter().map(|levels| levels.into_iter().map(|rule| rule.map(left_out)).collect()).collect()
}

/// The plan of `scored_pair`: every candidate pair whose probability of one person or one household reaches `floor`.
///
/// # Errors
/// Bug, if the plan cannot be built.
pub(crate) fn plan(
    pairs: DataFrame,
    model: &Arc<Model>,
    parameters: Parameters,
    records: &Arc<Records>,
    floor: f64,
) -> Result<Vec<Planned>> {
    let score = score_pair(model.clone(), parameters, records.clone());
    let scored = pairs.select(vec![
        ident(col::ROW_L),
        ident(col::ROW_R),
        ident(col::RULE),
        score.call(vec![ident(col::ROW_L), ident(col::ROW_R)]).alias("score"),
    ])?;
    let scored = fields_of(scored, "score")?;
    let field = |name: &str| field("score", name);
    let columns = [col::MATCH_WEIGHT, col::MATCH_PROBABILITY, col::HOUSEHOLD_PROBABILITY];
    let kept = scored
        .filter((field(col::MATCH_PROBABILITY) + field(col::HOUSEHOLD_PROBABILITY)).gt_eq(lit(floor)))?
        .select(
            [col::ROW_L, col::ROW_R, col::RULE]
                .into_iter()
                .map(ident)
                .chain(columns.into_iter().map(|c| field(c).alias(c)))
                .collect::<Vec<_>>(),
        )?
        .sort(SCORED_PAIR.key.iter().map(|k| ident(*k).sort(true, false)).collect())?;
    Ok(vec![Planned::sorted(&SCORED_PAIR, kept)])
}
