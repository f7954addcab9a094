//! What happens together in a household, and what never happened.

use nayose_matching::model::em::{self, Observations};
use nayose_matching::model::joint::Joint;
use nayose_matching::model::{MISSING, Model};

use crate::support::{comparison, model, observations, see, uniform};

/// A given name of three levels that tells people apart, family name and address that a household shares, birth date, sex, phone.
fn family_model() -> Model {
    let mut comparisons: Vec<_> = (0..6).map(|i| comparison(i, i == 0, i == 1 || i == 2)).collect();
    comparisons[0].differs_in_household = true;
    model(comparisons)
}

/// Classes of pairs: shares; then for each comparison the shares of its levels but the last.
const SHARES: [f64; 3] = [0.05, 0.1, 0.85];
const LEVELS: [[&[f64]; 3]; 6] = [
    [&[0.93, 0.04], &[0.005, 0.02], &[0.005, 0.02]],
    [&[0.95], &[0.9], &[0.01]],
    [&[0.8], &[0.95], &[0.002]],
    [&[0.95], &[0.03], &[0.0003]],
    [&[0.99], &[0.5], &[0.5]],
    [&[0.8], &[0.1], &[0.0001]],
];

/// Pairs of these classes. In a household, `alike` twins of a hundred have given names that are alike.
fn pairs(n: u64, alike: f64) -> Observations {
    let mut observed = observations(n as f64);
    let mixed = |c: usize, level: usize| -> f64 { (0..3).map(|class| SHARES[class] * LEVELS[c][class][level]).sum() };
    let random = |c: usize| {
        let mut shares: Vec<f64> = (0..LEVELS[c][0].len()).map(|level| mixed(c, level)).collect();
        shares.push(1.0 - shares.iter().sum::<f64>());
        shares.iter().map(|share| share * 1e8).collect()
    };
    observed.random = (0..6).map(random).collect();
    observed.random_draws = 1e8;
    for i in 0..n {
        let draw = |of: u64| uniform(10 * i + of);
        let class = usize::from(draw(0) >= SHARES[0]) + usize::from(draw(0) >= SHARES[0] + SHARES[1]);
        let mut states = [0u8; 6];
        for c in (0..6).rev() {
            let mut left = draw(1 + c as u64);
            let twins = c == 0 && class == 1 && states[3] == 0;
            let shares = if twins { vec![0.005, alike] } else { LEVELS[c][class].to_vec() };
            let level = shares.iter().position(|share| {
                left -= share;
                left < 0.0
            });
            states[c] = level.unwrap_or(shares.len()) as u8;
        }
        see(&mut observed, &states, 1.0);
    }
    observed
}

#[test]
fn twins_are_given_names_that_are_alike() {
    let model = family_model();
    let (learned, convergence) = em::learn(&model, &pairs(400_000, 0.3));
    assert!(convergence.converged, "{convergence:?}");
    assert!(learned.joint.iter().all(|c| c.comparisons == [0, 3]), "{:?}", learned.joint);
    let joint = Joint::new(&model, &learned.joint);
    let of = |given: u8, birth: u8| {
        let [person, household, unrelated] = joint.correction(&[given, 0, 0, birth, 0, 0]);
        assert_eq!((person, unrelated), (0.0, 0.0));
        learned.levels[0][given as usize][1] * household.exp()
    };
    assert!((of(1, 0) - 0.3).abs() < 0.08, "alike for twins: {}", of(1, 0));
    assert!((of(1, 1) - 0.02).abs() < 0.005, "alike for others: {}", of(1, 1));
    assert_eq!(of(0, 0), learned.levels[0][0][1], "one name is by chance: nobody names two children so");
    for birth in [0, 1] {
        let all: f64 = (0..3).map(|given| of(given, birth)).sum();
        assert!((all - 1.0).abs() < 0.01, "a distribution: {all}");
    }
    assert_eq!(joint.correction(&[1, 0, 0, MISSING, 0, 0]), [0.0; 3]);
}

#[test]
fn what_does_not_depend_gets_no_table() {
    let (learned, _) = em::learn(&family_model(), &pairs(400_000, 0.02));
    assert!(learned.joint.is_empty(), "{:?}", learned.joint);
}

#[test]
fn a_level_that_no_household_showed_is_no_proof() {
    // The phone has a level between that random pairs do not show, and a household did not by chance.
    let mut model = family_model();
    model.comparisons[5] = comparison(5, true, false);
    let before = pairs(200_000, 0.02);
    let mut observed = Observations { patterns: Default::default(), ..before.clone() };
    for (pattern, seen) in &before.patterns {
        // One agreement of a person in 500 is written another way.
        let mut states = pattern[1..].to_vec();
        let agrees = states[5] == 0;
        states[5] *= 2;
        let person = states[0] == 0 && states[3] == 0;
        let other = if agrees && person { (seen.pairs / 500.0).round() } else { 0.0 };
        see(&mut observed, &states, seen.pairs - other);
        states[5] = 1;
        see(&mut observed, &states, other);
    }
    observed.patterns.retain(|_, seen| seen.pairs > 0.0);
    // A million random pairs, which show 0.2 pairs of the level if it weighs as much as the better one.
    observed.random.iter_mut().flatten().for_each(|n| *n /= 100.0);
    observed.random_draws /= 100.0;
    let random = observed.random[5].clone();
    observed.random[5] = vec![random[0], 0.0, random[1]];
    let (learned, _) = em::learn(&model, &observed);
    let against = |level: usize, class: usize| (learned.levels[5][level][0] / learned.levels[5][level][class]).log2();
    for class in [1, 2] {
        let [same, similar] = [against(0, class), against(1, class)];
        assert!(similar <= same + 1e-9, "class {class}: the better level has {same} bits, the worse {similar}");
    }
}

/// One person's names are of two scripts in a third of the pairs, so that they differ; nobody shares a household with anybody.
#[test]
fn people_with_two_names_are_no_households() {
    const PERSON: [&[f64]; 6] = [&[0.62, 0.05], &[0.6], &[0.7], &[0.9], &[0.98], &[0.6]];
    let model = family_model();
    let n = 200_000u64;
    let mut observed = observations(n as f64);
    let unrelated = |c: usize| LEVELS[c][2];
    let random = |c: usize| {
        let shares = unrelated(c).iter().zip(PERSON[c]).map(|(u, m)| 0.95 * u + 0.05 * m);
        let mut shares: Vec<f64> = shares.collect();
        shares.push(1.0 - shares.iter().sum::<f64>());
        shares.iter().map(|share| share * 1e8).collect()
    };
    (observed.random, observed.random_draws) = ((0..6).map(random).collect(), 1e8);
    let mut people = 0.0;
    for i in 0..n {
        let draw = |of: u64| uniform(10 * i + of);
        let is_person = draw(0) < 0.05;
        people += f64::from(u8::from(is_person));
        let mut states = [0u8; 6];
        for (c, state) in states.iter_mut().enumerate() {
            let mut left = draw(1 + c as u64);
            // Who writes one name in another script writes the other one so too.
            if is_person && c == 1 {
                left = (left + draw(1)) / 2.0;
            }
            let shares = if is_person { PERSON[c] } else { unrelated(c) };
            let level = shares.iter().position(|share| {
                left -= share;
                left < 0.0
            });
            *state = level.unwrap_or(shares.len()) as u8;
        }
        see(&mut observed, &states, 1.0);
    }
    let (learned, _) = em::learn(&model, &observed);
    let birth_date = learned.levels[3][0];
    assert!(birth_date[1] < 0.5, "people of a household are born on one day by chance: {birth_date:?}");
    let found = learned.prior[0] * n as f64;
    assert!((found / people - 1.0).abs() < 0.1, "{found} people of {people}");
}
