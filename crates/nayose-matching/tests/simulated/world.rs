//! Models and records made by hand, of which it is known what unrelated records show.

use std::collections::BTreeMap;
use std::sync::Arc;

use nayose_matching::model::column::FeatureBuilder;
use nayose_matching::model::sample::{mix, random_pairs};
use nayose_matching::model::score::Scorer;
use nayose_matching::model::{
    Comparison, Condition, Label, Level, MISSING, Model, Needs, Packed, Parameters, Training, comparable_by, compare,
};

/// Numbers at random, the same in each run.
pub(crate) struct Random(pub(crate) u64);

impl Random {
    /// From 0 to below 1.
    pub(crate) fn share(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(1);
        (mix(mix(self.0)) >> 11) as f64 / (1u64 << 53) as f64
    }

    /// A number below `n`.
    pub(crate) fn below(&mut self, n: usize) -> usize {
        (self.share() * n as f64) as usize
    }

    /// A value by its cumulative probability.
    pub(crate) fn of(&mut self, cumulative: &[f64]) -> usize {
        let share = self.share();
        cumulative.partition_point(|c| *c <= share).min(cumulative.len() - 1)
    }

    /// So many different values by their cumulative probability.
    pub(crate) fn different(&mut self, n: usize, cumulative: &[f64]) -> Vec<usize> {
        let mut values = Vec::new();
        while values.len() < n {
            let value = self.of(cumulative);
            if !values.contains(&value) {
                values.push(value);
            }
        }
        values
    }
}

/// The cumulative probabilities of `n` values that fall with their rank to the power of `exponent`; 0 makes them equal.
pub(crate) fn ranks(n: usize, exponent: f64) -> Vec<f64> {
    let weights: Vec<f64> = (1..=n).map(|rank| (rank as f64).powf(-exponent)).collect();
    let all: f64 = weights.iter().sum();
    let mut sum = 0.0;
    weights.iter().map(|w| (sum += w / all, sum).1).collect()
}

/// A comparison of these levels; the last, which always holds, is added.
pub(crate) fn comparison(name: &str, levels: &[(Condition, Option<usize>)]) -> Comparison {
    let level = |condition: Condition, tf| Level { name: name.into(), label: Label::default(), condition, tf };
    let mut levels: Vec<Level> = levels.iter().map(|(condition, tf)| level(condition.clone(), *tf)).collect();
    levels.push(level(Condition::Else, None));
    Comparison {
        name: name.into(),
        label: Label::default(),
        shared_by_household: false,
        differs_in_household: false,
        needs: levels.iter().map(|level| Needs::of(&level.condition)).collect(),
        features: comparable_by(levels.iter().map(|level| &level.condition)),
        absent: levels.iter().map(|level| level.condition.absent()).fold(0, |a, b| a | b),
        levels,
    }
}

/// A model of these comparisons over features named by their place.
pub(crate) fn model(features: usize, comparisons: Vec<Comparison>) -> Model {
    Model {
        features: (0..features).map(|f| f.to_string()).collect(),
        rules: Vec::new(),
        comparisons,
        identifying: vec![false; features],
        junk: BTreeMap::new(),
        contradictions: Vec::new(),
        training: Training { candidate_pairs: 0, random_pairs: 0, seed: 0, steps: 0, tolerance: 0.0 },
        trained: None,
        digest: String::new(),
    }
}

/// Records by row and feature.
pub(crate) fn packed(features: usize, rows: &[Vec<Vec<String>>]) -> Packed {
    let column = |feature: usize| {
        let mut builder = FeatureBuilder::new();
        rows.iter().for_each(|row| builder.push(row[feature].iter().map(String::as_str)));
        builder.finish()
    };
    Packed::new((0..features).map(column).collect(), vec!["shop".into()], vec![0; rows.len()], &[])
}

/// The share of each level among random pairs, as the model learns u: comparison, level.
pub(crate) fn shares_of_random(model: &Model, packed: &Packed, draws: u64) -> Vec<Vec<f64>> {
    let mut counts: Vec<Vec<f64>> = model.comparisons.iter().map(|c| vec![0.5; c.states()]).collect();
    for (l, r) in random_pairs(packed.rows as u64, 0..draws, 3) {
        let (l, r) = (packed.row(l as usize), packed.row(r as usize));
        for (counts, state) in counts.iter_mut().zip(compare::states(&model.comparisons, packed, &l, &r)) {
            if state != MISSING {
                counts[state as usize] += 1.0;
            }
        }
    }
    counts.iter().map(|c| c.iter().map(|n| n / c.iter().sum::<f64>()).collect()).collect()
}

/// A scorer whose levels have these probabilities among one person and a household, by comparison, and `u` among random pairs.
pub(crate) fn scorer(
    model: &Model,
    packed: Arc<Packed>,
    m: &[Vec<f64>],
    household: &[Vec<f64>],
    u: &[Vec<f64>],
) -> Scorer {
    let levels = (0..m.len()).map(|c| (0..m[c].len()).map(|i| [m[c][i], household[c][i], u[c][i]]).collect());
    let parameters = Parameters {
        learned_from: String::new(),
        prior: [1e-6, 1e-6],
        priors: BTreeMap::new(),
        levels: levels.collect(),
        joint: Vec::new(),
    };
    Scorer::new(Arc::new(model.clone()), packed, &parameters)
}

/// The mean, and its standard error.
pub(crate) fn mean(of: &[f64]) -> (f64, f64) {
    let n = of.len() as f64;
    let mean = of.iter().sum::<f64>() / n;
    let variance = of.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0);
    (mean, (variance / n).sqrt())
}
