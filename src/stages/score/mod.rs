//! Candidate pairs to probabilities: the model learns from a sample of the pairs, then scores all of them.

mod profile;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use arrow::array::{AsArray, RecordBatch};
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;

use super::cluster::Keys;
use super::{Planned, field, fields_of};
use crate::config::decisions::Decision;
use crate::engine::streams::gather;
use crate::error::{Error, Result};
use crate::functions::pair::{in_sample, pair_levels, score_pair};
use crate::functions::records::Records;
use crate::lake::results::{JunkValues, Learned, LevelShares, Trained};
use crate::tables::columns;
use crate::tables::contract::{SCORED_PAIR, col};
use nayose_matching::model::em::{self, Observations};
use nayose_matching::model::known::Known;
use nayose_matching::model::weight::{self, Seen};
use nayose_matching::model::{Comparison, Model, Packed, Parameters, compare, sample};
use nayose_matching::parallel;

pub(crate) use profile::profile;

/// Learns the model's parameters from the candidate pairs, or takes those that the model file has.
///
/// # Errors
/// As the engine says.
pub(crate) async fn learn(
    pairs: DataFrame,
    model: &Arc<Model>,
    records: &Arc<Records>,
    decided: &[DecidedPair],
    block_size: u32,
    digest: String,
) -> Result<(Parameters, Trained)> {
    let packed = records.packed()?;
    if let Some(trained) = &model.trained {
        let taken = Trained { learned_from: trained.learned_from.clone(), steps: 0, learned: None };
        return Ok((trained.clone(), taken));
    }
    let degrees = degrees(pairs.clone(), packed.rows).await?;
    // Each pair is a candidate of both of its records.
    let candidates = degrees.iter().map(|degree| f64::from(*degree)).sum::<f64>() / 2.0;
    let share = (model.training.candidate_pairs as f64 / candidates.max(1.0)).min(1.0);
    let random = random_pairs(model, packed);
    let all_pairs = packed.rows as f64 * (packed.rows as f64 - 1.0) / 2.0;
    let by_degree = records_by_degree(&degrees);
    let observed = Observations {
        patterns: patterns(pairs, degrees, weight::fence(&by_degree), model, records, share).await?,
        known: known(model, packed, decided),
        degrees: by_degree,
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
        doubts: em::doubts(model, &parameters, &observed),
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

/// The number of candidate pairs of every record, over all pairs and not only those of the sample.
async fn degrees(pairs: DataFrame, rows: usize) -> Result<Vec<u32>> {
    let degrees: Arc<[AtomicU32]> = (0..rows).map(|_| AtomicU32::new(0)).collect();
    let counts = degrees.clone();
    let add = move |_: &mut (), batch: &RecordBatch| {
        for side in [0, 1] {
            for row in columns::longs(batch.column(side))?.values() {
                let degree = counts.get(*row as usize);
                let degree = degree.ok_or_else(|| Error::bug("a pair of a row that is not there"))?;
                // A record has fewer pairs than there are records, whose rows have 32 bits.
                degree.fetch_add(1, Ordering::Relaxed);
            }
        }
        Ok(())
    };
    gather(pairs.select_columns(&[col::ROW_L, col::ROW_R])?, || (), add).await?;
    Ok(degrees.iter().map(|degree| degree.load(Ordering::Relaxed)).collect())
}

/// Number of candidate pairs → records that have as many, of those that have any.
fn records_by_degree(degrees: &[u32]) -> BTreeMap<u64, u64> {
    let mut records = BTreeMap::new();
    for degree in degrees.iter().filter(|degree| **degree > 0) {
        *records.entry(u64::from(*degree)).or_default() += 1;
    }
    records
}

/// Pattern of levels → its pairs, and their weights as [`Seen::weighted`] takes them.
type Sums = HashMap<Vec<u8>, [i64; 3], foldhash::fast::FixedState>;

/// How often each pattern of levels occurs among the sampled pairs, scaled up to all of them. The sums are of whole numbers: they do
/// not depend on the order of pairs or the number of threads.
async fn patterns(
    pairs: DataFrame,
    degrees: Vec<u32>,
    fence: i64,
    model: &Arc<Model>,
    records: &Arc<Records>,
    share: f64,
) -> Result<BTreeMap<Vec<u8>, Seen>> {
    let rows = || vec![ident(col::ROW_L), ident(col::ROW_R)];
    let levels = pair_levels(model.clone(), records.clone()).call(rows()).alias("levels");
    let sampled = pairs.filter(in_sample(model.training.seed, share).call(rows()))?.select(vec![
        ident(col::ROW_L),
        ident(col::ROW_R),
        levels,
    ])?;
    let degrees: Arc<[u32]> = degrees.into();
    let add = move |sums: &mut Sums, batch: &RecordBatch| {
        let (l, r) = (columns::longs(batch.column(0))?, columns::longs(batch.column(1))?);
        let levels = batch.column(2).as_binary::<i32>();
        for row in 0..batch.num_rows() {
            let [l, r] = [l, r].map(|side| i64::from(degrees[side.value(row) as usize]));
            let more = [1, weight::of_crowded_pair(l, r, fence), weight::of_pair(l, r)];
            match sums.get_mut(levels.value(row)) {
                Some(sums) => sums.iter_mut().zip(more).for_each(|(sum, n)| *sum += n),
                None => drop(sums.insert(levels.value(row).to_vec(), more)),
            }
        }
        Ok(())
    };
    let mut all: BTreeMap<Vec<u8>, [i64; 3]> = BTreeMap::new();
    for (pattern, more) in gather(sampled, Sums::default, add).await?.into_iter().flatten() {
        all.entry(pattern).or_default().iter_mut().zip(more).for_each(|(sum, n)| *sum += n);
    }
    let seen = |[pairs, counted, weight]: [i64; 3]| Seen::weighted(pairs, counted, weight).times(1.0 / share);
    Ok(all.into_iter().map(|(pattern, sums)| (pattern, seen(sums))).collect())
}

/// A pair of rows on which a person decided, and whether it is one person.
pub(crate) type DecidedPair = ((u32, u32), bool);

/// The pairs on which people decided, by rows.
pub(crate) fn decided_pairs(keys: &Keys, decisions: &[Decision]) -> Vec<DecidedPair> {
    let mut decided = Vec::new();
    for d in decisions {
        if let (Some(l), Some(r)) = (keys.row(&d.left.0, &d.left.1), keys.row(&d.right.0, &d.right.1)) {
            decided.push(((l.min(r), l.max(r)), d.same));
        }
    }
    decided.sort_unstable();
    decided
}

/// What people decided, as patterns.
fn known(model: &Model, packed: &Packed, decided: &[DecidedPair]) -> Vec<Known> {
    let of = |((l, r), same): &DecidedPair| {
        let (l, r) = (*l as usize, *r as usize);
        let (left, right) = (packed.row(l), packed.row(r));
        let mut pattern = vec![packed.group(l, r) as u8];
        pattern.extend(compare::states(&model.comparisons, packed, &left, &right));
        Known { pattern, same: *same, pairs: 1.0 }
    };
    decided.iter().map(of).collect()
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
    let score = score_pair(model.clone(), parameters, records.clone(), floor);
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
