//! The parameters that pairs were made from are found.

use nayose_matching::model::em;
use nayose_matching::model::weight::Seen;
use nayose_matching::model::{Condition, Level, MISSING, Needs, Parameters};

use crate::support::{five_comparisons, observations, see, uniform};

#[test]
fn em_finds_the_parameters_that_pairs_were_made_from() {
    // Truth: five comparisons of two levels; class shares and probabilities of agreeing by class.
    let shares = [0.3, 0.2, 0.5];
    let agree = [[0.95, 0.1, 0.01], [0.9, 0.85, 0.02], [0.97, 0.3, 0.05], [0.8, 0.9, 0.1], [0.85, 0.05, 0.02]];
    let model = five_comparisons(&[1, 3]);
    let n = 400_000u64;
    let mut observed = observations(n as f64);
    // Random pairs are the same mixture: u is what is left of it.
    let random = |c: usize| {
        let p: f64 = (0..3).map(|class| shares[class] * agree[c][class]).sum();
        vec![p * 1e7, (1.0 - p) * 1e7]
    };
    observed.random = (0..5).map(random).collect();
    for i in 0..n {
        let draw = uniform(10 * i);
        let class = usize::from(draw >= shares[0]) + usize::from(draw >= shares[0] + shares[1]);
        let states: Vec<u8> = (0..5).map(|c| u8::from(uniform(10 * i + 1 + c as u64) >= agree[c][class])).collect();
        see(&mut observed, &states, 1.0);
    }
    let (learned, convergence) = em::learn(&model, &observed);
    assert!(convergence.converged, "{convergence:?}");
    assert!((learned.prior[0] - shares[0]).abs() < 0.05, "share of one person {:?}", learned.prior);
    for (c, (found, truth)) in learned.levels.iter().zip(agree).enumerate() {
        assert!((found[0][0] - truth[0]).abs() < 0.05, "m of comparison {c}: {} for {}", found[0][0], truth[0]);
        assert!((found[0][2] - truth[2]).abs() < 0.05, "u of comparison {c}: {} for {}", found[0][2], truth[2]);
    }
    assert_eq!(learned, em::learn(&model, &observed).0, "the same every time");
    assert!((learned.levels[2][0][1] - agree[2][1]).abs() < 0.1, "a household may agree more than by chance");
    let mut apart = model.clone();
    apart.comparisons[2].differs_in_household = true;
    let (held, _) = em::learn(&apart, &observed);
    assert_eq!(held.levels[2][0][1], held.levels[2][0][2], "where it is told apart it agrees by chance");
    assert_eq!(em::dependence(&model, &learned, &observed), None, "the model knows all three");
}

#[test]
fn levels_are_counted_among_pairs_that_lack_the_same() {
    let mut model = five_comparisons(&[]);
    model.features.push("f".into());
    let first = &mut model.comparisons[0];
    let absent = Condition::All(vec![Condition::Absent(0), Condition::Same(5)]);
    first.needs.insert(1, Needs::of(&absent));
    first.levels.insert(1, Level { name: "other".into(), condition: absent, ..first.levels[0].clone() });
    first.absent = 1;
    let names: Vec<_> = (0..6).filter(|s| first.reaches(*s)).map(|s| first.state_name(s, &model.features)).collect();
    assert_eq!(names, ["same", "different", "other without f0", "different without f0"]);
    // Nine pairs in ten lack the feature, whoever they are; a person agrees in 9 of 10 with it and in 8 of 10 without.
    let (share, n) = (0.3, 400_000u64);
    let agree = |class: usize, lacks: bool| [[0.9, 0.01], [0.8, 0.05]][usize::from(lacks)][class];
    let mut observed = observations(n as f64);
    observed.random = vec![vec![0.0; 6], vec![0.0; 2], vec![0.0; 2], vec![0.0; 2], vec![0.0; 2]];
    for i in 0..n {
        let class = usize::from(uniform(10 * i) >= share);
        let lacks = uniform(10 * i + 1) < 0.9;
        let level = if uniform(10 * i + 2) >= agree(class, lacks) { 2 } else { u8::from(lacks) };
        let mut states = vec![level + 3 * u8::from(lacks)];
        states.extend((1..5).map(|c| u8::from(uniform(10 * i + 2 + c) >= [0.9, 0.02][class])));
        states.iter().enumerate().for_each(|(c, state)| observed.random[c][*state as usize] += 1.0);
        see(&mut observed, &states, 1.0);
    }
    observed.random_draws = n as f64;
    let (learned, _) = em::learn(&model, &observed);
    for (state, truth) in [(0, [0.9, 0.01]), (4, [0.8, 0.05]), (2, [0.1, 0.99]), (5, [0.2, 0.95])] {
        let [m, _, u] = learned.levels[0][state];
        assert!((m - truth[0]).abs() < 0.02 && (u - truth[1]).abs() < 0.02, "state {state}: {m} and {u} for {truth:?}");
    }
}

#[test]
fn what_differs_together_is_counted() {
    let found = |shared: &[usize], patterns: &[(&[u8; 5], f64)]| {
        let mut observed = observations(0.0);
        patterns.iter().for_each(|(states, n)| see(&mut observed, *states, *n));
        // Whoever is compared is one person for these.
        let sure = Parameters {
            learned_from: String::new(),
            prior: [0.4, 1e-15],
            priors: [("a+a".to_string(), [0.4, 1e-15])].into(),
            levels: vec![vec![[0.5, 1e-9, 1e-9]; 2]; 5],
            joint: Vec::new(),
        };
        em::dependence(&five_comparisons(shared), &sure, &observed)
    };
    let both = |n| [(&[0, 0, 0, 0, 0], 90.0 - n), (&[1, 0, 0, 0, 0], 10.0), (&[1, 0, 1, 0, MISSING], n)];
    let dependence = found(&[], &both(30.0)).expect("30 and 40 of 100 differ, 30 in both: 18 more than chance");
    assert_eq!(dependence.differ, ["c0", "c2"]);
    assert_eq!(dependence.agree, ["c1", "c3"], "c4 is not known");
    assert!((dependence.share - 0.3).abs() < 1e-9, "{dependence:?}");
    assert_eq!(found(&[1], &both(30.0)), None, "a model with households");
    assert_eq!(found(&[], &both(9.0)), None, "9 of 100");
    let by_chance: [(&[u8; 5], f64); 4] =
        [(&[0; 5], 25.0), (&[1, 0, 0, 0, 0], 25.0), (&[0, 0, 1, 0, 0], 25.0), (&[1, 0, 1, 0, 0], 25.0)];
    assert_eq!(found(&[], &by_chance), None, "half and half, a quarter in both");
}

#[test]
fn equal_weights_are_pairs() {
    let mut observed = observations(1e6);
    observed.random = vec![vec![1e4, 99e4]; 5];
    observed.random_draws = 1e6;
    for (states, n) in [([0; 5], 500.0), ([0, 0, 1, 0, 0], 80.0), ([1, 0, 0, 0, 1], 40.0), ([1, 1, 1, 0, 1], 7000.0)] {
        see(&mut observed, &states, n);
    }
    let (by_pair, _) = em::learn(&five_comparisons(&[]), &observed);
    observed.patterns.values_mut().for_each(|seen| *seen = Seen { weight: seen.pairs / 40.0, ..*seen });
    let (by_record, _) = em::learn(&five_comparisons(&[]), &observed);
    for (a, b) in by_pair.levels.iter().flatten().flatten().zip(by_record.levels.iter().flatten().flatten()) {
        assert!((a / b - 1.0).abs() < 1e-6, "forty candidates a record, whoever it is: {a} and {b}");
    }
}
