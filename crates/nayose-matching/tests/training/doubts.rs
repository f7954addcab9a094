//! The model says when it cannot know.

use nayose_matching::model::doubt::doubts;
use nayose_matching::model::em;

use crate::support::{five_comparisons, observations, see};

/// Pairs of one person that differ in c3 and c4 together, and strangers.
fn observed(together: f64) -> em::Observations {
    let mut observed = observations(1e8);
    observed.random = vec![vec![1e3, 999e3]; 5];
    observed.random_draws = 1e6;
    let patterns = [
        ([0, 0, 0, 0, 0], 900.0 - together),
        ([0, 0, 0, 1, 0], 50.0),
        ([0, 0, 0, 0, 1], 50.0),
        ([0, 0, 0, 1, 1], together),
        ([0, 1, 1, 1, 1], 5000.0),
    ];
    patterns.iter().filter(|(_, n)| *n > 0.0).for_each(|(states, n)| see(&mut observed, states, *n));
    observed
}

#[test]
fn what_one_person_differs_in_together_is_told_of_every_model() {
    for shared in [&[][..], &[0, 1]] {
        let mut model = five_comparisons(shared);
        // Else the household class takes the pairs that differ in both.
        model.comparisons[2].differs_in_household = !shared.is_empty();
        let of = |together| {
            let observed = observed(together);
            doubts(&model, &em::learn(&model, &observed).0, &observed)
        };
        let found = of(100.0);
        let [residual] = &found.residuals[..] else { panic!("one pair of comparisons: {found:?}") };
        assert_eq!(residual.differ, ["c3", "c4"]);
        // 100 of 1,000 differ in both, 150 in each: 22.5 are expected.
        assert!((residual.share - 0.1).abs() < 0.01 && (residual.times - 4.4).abs() < 0.5, "{residual:?}");
        assert_eq!(of(2.0).residuals, [], "2 of 1,000, where 2.7 are expected");
    }
}

#[test]
fn few_records_that_make_most_pairs_are_told() {
    let model = five_comparisons(&[]);
    let mut observed = observed(2.0);
    let (learned, _) = em::learn(&model, &observed);
    observed.degrees = [(3, 99_500), (4, 50), (900, 450)].into();
    let dominance = doubts(&model, &learned, &observed).dominance.expect("450 records make most of the pairs");
    assert_eq!((dominance.records, dominance.of), (1000, 100_000));
    assert!((dominance.share - 406_700.0 / 703_700.0).abs() < 1e-9, "{dominance:?}");
    assert!(dominance.warning().starts_with("1000 of 100000 records make 58 %"), "{}", dominance.warning());
    observed.degrees = [(3, 99_500), (4, 50), (300, 450)].into();
    assert_eq!(doubts(&model, &learned, &observed).dominance, None, "31 %");
}

#[test]
fn too_few_pairs_of_one_person_are_told() {
    let model = five_comparisons(&[]);
    let mut observed = observed(2.0);
    let (learned, _) = em::learn(&model, &observed);
    assert_eq!(doubts(&model, &learned, &observed).too_few, None);
    observed.patterns.values_mut().for_each(|seen| *seen = seen.times(0.05));
    let few = doubts(&model, &learned, &observed).too_few.expect("about 50 pairs");
    assert!((40.0..60.0).contains(&few.pairs), "{few:?}");
    assert!(few.warning().contains("75 are needed"), "{}", few.warning());
}
