//! Labels of what the model is unsure of make it better, and never worse.

use nayose_matching::model::Parameters;
use nayose_matching::model::em::{self, Observations};
use nayose_matching::model::known::Known;

use crate::support::{five_comparisons, observations, see, uniform};

const PERSONS: u64 = 20_000;
const M: [f64; 5] = [0.9, 0.9, 0.95, 0.8, 0.8];
const U: [f64; 5] = [0.02, 0.015, 0.01, 0.0005, 0.0005];

/// Pairs of one person, strangers, and namesakes: strangers who agree in c0 to c2 more often than chance makes them. The second list
/// is the true share of one person by pattern.
fn pairs(namesakes: u64) -> (Observations, Vec<([u8; 5], f64)>) {
    let mut observed = observations(1e8);
    observed.random = U.map(|u| vec![u * 1e8, (1.0 - u) * 1e8]).to_vec();
    observed.random_draws = 1e8;
    let mut truth = std::collections::BTreeMap::<[u8; 5], [f64; 2]>::new();
    let mut add = |states: [u8; 5], person: bool, n: f64| {
        see(&mut observed, &states, n);
        truth.entry(states).or_default()[usize::from(!person)] += n;
    };
    for pattern in 0..32u8 {
        let states: [u8; 5] = std::array::from_fn(|c| pattern >> c & 1);
        let of = |p: [f64; 5]| -> f64 { (0..5).map(|c| if states[c] == 0 { p[c] } else { 1.0 - p[c] }).product() };
        add(states, true, (of(M) * PERSONS as f64).round());
        // Blocking brings every pair that agrees in two.
        if states.iter().filter(|s| **s == 0).count() >= 2 {
            add(states, false, (of(U) * 1e8).round());
        }
    }
    add([0, 0, 0, 1, 1], false, namesakes as f64);
    (observed, truth.into_iter().map(|(states, [same, other])| (states, same / (same + other).max(1.0))).collect())
}

fn posterior(p: &Parameters, states: &[u8; 5]) -> f64 {
    let of = |class: usize, prior: f64| -> f64 {
        prior * states.iter().zip(&p.levels).map(|(s, levels)| levels[*s as usize][class]).product::<f64>()
    };
    let (person, unrelated) = (of(0, p.prior[0]), of(2, 1.0 - p.prior[0]));
    person / (person + unrelated)
}

/// The number of labels of pairs that `p` is unsure of, drawn as they occur.
fn labels(n: u64, p: &Parameters, observed: &Observations, truth: &[([u8; 5], f64)], seed: u64) -> Vec<Known> {
    let unsure: Vec<&([u8; 5], f64)> =
        truth.iter().filter(|(states, _)| (0.05..0.99).contains(&posterior(p, states))).collect();
    let of = |states: &[u8; 5]| observed.patterns.get(&[&[0], &states[..]].concat()).map_or(0.0, |seen| seen.pairs);
    let all: f64 = unsure.iter().map(|(states, _)| of(states)).sum();
    let draw = |i: u64| {
        let mut left = uniform(seed + 2 * i) * all;
        let (states, share) = unsure.iter().find(|(states, _)| {
            left -= of(states);
            left < 0.0
        })?;
        Some(Known { pattern: [&[0], &states[..]].concat(), same: uniform(seed + 2 * i + 1) < *share, pairs: 1.0 })
    };
    (0..n).filter_map(draw).collect()
}

/// Largest error of log2 m, and the error of calibration: pairs of one person that are expected wrongly, over all patterns.
fn errors(p: &Parameters, observed: &Observations, truth: &[([u8; 5], f64)]) -> (f64, f64) {
    let m = p
        .levels
        .iter()
        .zip(M)
        .flat_map(|(levels, m)| [(levels[0][0] / m).log2().abs(), (levels[1][0] / (1.0 - m)).log2().abs()]);
    let wrong = truth.iter().map(|(states, share)| {
        let n = observed.patterns.get(&[&[0], &states[..]].concat()).map_or(0.0, |seen| seen.pairs);
        n * (posterior(p, states) - share).abs()
    });
    (m.fold(0.0, f64::max), wrong.sum())
}

#[test]
fn labels_of_what_is_unsure_mend_the_model() {
    let (mut observed, truth) = pairs(3000);
    let model = five_comparisons(&[]);
    let (alone, _) = em::learn(&model, &observed);
    let (m_alone, wrong_alone) = errors(&alone, &observed, &truth);
    assert!(m_alone > 0.3, "EM alone is off: {m_alone} bits");
    for seed in 0..5 {
        observed.known = labels(200, &alone, &observed, &truth, seed << 32);
        assert_eq!(observed.known.len(), 200);
        let (with, convergence) = em::learn(&model, &observed);
        let (m, wrong) = errors(&with, &observed, &truth);
        assert!(convergence.converged, "{convergence:?}");
        assert!(m < 0.5 * m_alone, "log2 m is off by {m}, alone by {m_alone}");
        assert!(wrong < 0.8 * wrong_alone, "{wrong} pairs are expected wrongly, alone {wrong_alone}");
    }
}

#[test]
fn labels_do_not_bend_a_model_that_is_right() {
    let (mut observed, truth) = pairs(0);
    let model = five_comparisons(&[]);
    let (alone, _) = em::learn(&model, &observed);
    let (m_alone, wrong_alone) = errors(&alone, &observed, &truth);
    assert!(m_alone < 0.1, "{m_alone}");
    for seed in 10..15 {
        observed.known = labels(200, &alone, &observed, &truth, seed << 32);
        // And misses that a person went looking for.
        let miss = Known { pattern: vec![0, 0, 1, 1, 1, 1], same: true, pairs: 10.0 };
        observed.known.push(miss);
        let (with, _) = em::learn(&model, &observed);
        let (m, wrong) = errors(&with, &observed, &truth);
        // A share that 200 labels tell has a standard error of 7 %.
        assert!(m < m_alone + 0.05, "log2 m is off by {m}, alone by {m_alone}");
        assert!(wrong < wrong_alone + 0.01 * PERSONS as f64, "{wrong} pairs, alone {wrong_alone}");
        assert!((with.prior[0] / alone.prior[0] - 1.0).abs() < 0.02, "{} and {}", with.prior[0], alone.prior[0]);
    }
}
