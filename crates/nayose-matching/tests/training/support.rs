//! Models of few comparisons, and numbers that look random.

use std::collections::BTreeMap;

use nayose_matching::model::condition::Only;
use nayose_matching::model::em::Observations;
use nayose_matching::model::sample::mix;
use nayose_matching::model::weight::Seen;
use nayose_matching::model::{Comparison, Condition, Label, Level, Measure, Model, Needs, Training};

/// A number from 0 to 1.
pub(crate) fn uniform(i: u64) -> f64 {
    (mix(i) >> 11) as f64 / (1u64 << 53) as f64
}

/// A comparison of a feature, with a level for similar values or without.
pub(crate) fn comparison(i: usize, similar: bool, shared: bool) -> Comparison {
    let level = |name: &str, condition| Level { name: name.into(), label: Label::default(), condition, tf: None };
    let mut levels = vec![level("same", Condition::Same(i)), level("different", Condition::Else)];
    if similar {
        let near = Condition::Similar { feature: i, measure: Measure::Levenshtein(1), only: Only::default() };
        levels.insert(1, level("similar", near));
    }
    Comparison {
        name: format!("c{i}"),
        label: Label::default(),
        differs_in_household: false,
        shared_by_household: shared,
        needs: levels.iter().map(|level| Needs::of(&level.condition)).collect(),
        levels,
        features: 1 << i,
        absent: 0,
    }
}

/// A model of comparisons.
pub(crate) fn model(comparisons: Vec<Comparison>) -> Model {
    Model {
        features: (0..comparisons.len()).map(|i| format!("f{i}")).collect(),
        rules: Vec::new(),
        identifying: vec![false; comparisons.len()],
        comparisons,
        junk: BTreeMap::new(),
        contradictions: Vec::new(),
        training: Training { candidate_pairs: 0, random_pairs: 0, seed: 1, steps: 2000, tolerance: 1e-9 },
        trained: None,
        digest: String::new(),
    }
}

/// A model of the comparisons c0 to c4, each of two levels, some of them shared by households.
pub(crate) fn five_comparisons(shared: &[usize]) -> Model {
    model((0..5).map(|i| comparison(i, false, shared.contains(&i))).collect())
}

/// Nothing seen yet, of so many pairs of one channel.
pub(crate) fn observations(pairs: f64) -> Observations {
    Observations {
        groups: vec!["a+a".into()],
        pairs_by_group: vec![pairs],
        all_pairs: pairs,
        ..Observations::default()
    }
}

/// Adds pairs that count alike.
pub(crate) fn see(observed: &mut Observations, states: &[u8], pairs: f64) {
    observed.patterns.entry([&[0], states].concat()).or_default().add(Seen::alike(pairs));
}
