//! Records with several values have several chances to agree: what unrelated records show, simulated, against what the model says.

use std::sync::Arc;

use crate::world::{Random, comparison, mean, model, packed, ranks, scorer, shares_of_random};
use nayose_matching::model::chances::{best_of, of_one_chance};
use nayose_matching::model::score::Scorer;
use nayose_matching::model::{Comparison, Condition, Model, Packed, compare};

/// Values a side: 1, 2, 4, 9 and 25 pairs of values.
const SIDES: [(usize, usize); 5] = [(1, 1), (1, 2), (2, 2), (3, 3), (5, 5)];

/// Unrelated pairs of each number of values, by their rows: the value, and its group of ten.
fn unrelated(pairs: usize, cumulative: &[f64]) -> (Packed, Vec<Vec<(usize, usize)>>) {
    let mut random = Random(11);
    let (mut rows, mut of_sides) = (Vec::new(), Vec::new());
    for (l, r) in SIDES {
        let mut record = |n: usize| {
            let values = random.different(n, cumulative);
            rows.push(vec![
                values.iter().map(|v| v.to_string()).collect::<Vec<_>>(),
                values.iter().map(|v| (v / 10).to_string()).collect(),
            ]);
            rows.len() - 1
        };
        of_sides.push((0..pairs).map(|_| (record(l), record(r))).collect());
    }
    (packed(2, &rows), of_sides)
}

fn same_or_near(tf: Option<usize>) -> Comparison {
    comparison("value", &[(Condition::Same(0), tf), (Condition::Same(1), None)])
}

#[test]
fn unrelated_pairs_are_at_each_level_as_often_as_their_chances_say() {
    const PAIRS: usize = 20_000;
    for (values, exponent) in [(10_000, 0.0), (10_000, 0.2)] {
        let cumulative = ranks(values, exponent);
        let share = |value: usize| cumulative[value] - if value == 0 { 0.0 } else { cumulative[value - 1] };
        let same: f64 = (0..values).map(|v| share(v).powi(2)).sum();
        let near: f64 = (0..values / 10).map(|g| (0..10).map(|i| share(10 * g + i)).sum::<f64>().powi(2)).sum();
        let one = [same, near - same, 1.0 - near];
        let (packed, of_sides) = unrelated(PAIRS, &cumulative);
        let c = same_or_near(None);
        for (sides, pairs) in SIDES.iter().zip(&of_sides) {
            let (mut seen, mut expected) = ([0.0; 3], [0.0; 3]);
            for (l, r) in pairs {
                let (l, r) = (packed.row(*l), packed.row(*r));
                let level = compare::states(std::slice::from_ref(&c), &packed, &l, &r).next().expect("a level");
                seen[level as usize] += 1.0 / PAIRS as f64;
                let k = [0, 1].map(|f| (l.ids(f).len() * r.ids(f).len()) as f64);
                let best = best_of(&one, &[k[0], k[1], 1.0]);
                expected.iter_mut().zip(best).for_each(|(sum, p)| *sum += p / PAIRS as f64);
            }
            for level in 0..3 {
                let error = (expected[level] * (1.0 - expected[level]) / PAIRS as f64).sqrt();
                let off = (seen[level] - expected[level]) / error;
                assert!(
                    off.abs() <= 3.0,
                    "{values} values, {sides:?}: level {level} at {}, expected {} ({off:.1} standard errors)",
                    seen[level],
                    expected[level]
                );
            }
        }
    }
}

#[test]
fn random_pairs_of_several_values_tell_u_of_one() {
    let cumulative = ranks(1000, 0.0);
    let (packed, _) = unrelated(5_000, &cumulative);
    let model = model(2, vec![same_or_near(None)]);
    let average = &shares_of_random(&model, &packed, 2_000_000)[0];
    let mut k = std::collections::BTreeMap::new();
    for (l, r) in nayose_matching::model::sample::random_pairs(packed.rows as u64, 0..200_000, 5) {
        let chances = [0, 1].map(|f| packed.row(l as usize).ids(f).len() * packed.row(r as usize).ids(f).len());
        *k.entry(chances).or_insert(0.0) += 1.0;
    }
    let pairs: Vec<(Vec<f64>, f64)> = k.iter().map(|(k, n)| (vec![k[0] as f64, k[1] as f64, 1.0], *n)).collect();
    let one = of_one_chance(average, &pairs);
    assert!(average[0] > 0.005, "the average is that of 7 value pairs: {average:?}");
    assert!((one[0] / 0.001 - 1.0).abs() < 0.05 && (one[1] / 0.009 - 1.0).abs() < 0.05, "{one:?}");
}

/// The mean over unrelated pairs of P(pair | one person) / P(pair | unrelated) and of the same for a household.
fn expected_ratios(scorer: &Scorer, pairs: &[(usize, usize)]) -> [(f64, f64); 2] {
    let ratios = pairs.iter().map(|(l, r)| {
        let evidence = scorer.evidence(*l, *r)[0];
        (evidence.weight.exp2(), (evidence.weight - evidence.weight_against_household).exp2())
    });
    let (person, household): (Vec<f64>, Vec<f64>) = ratios.unzip();
    [mean(&person), mean(&household)]
}

fn of_household(c: Comparison, shared: bool, differs: bool) -> Model {
    model(2, vec![Comparison { shared_by_household: shared, differs_in_household: differs, ..c }])
}

#[test]
fn no_number_of_chances_makes_unrelated_pairs_one_person() {
    for (values, exponent, tf) in [(1000, 0.0, None), (100, 0.0, Some(0)), (200, 0.7, Some(0))] {
        let (packed, of_sides) = unrelated(10_000, &ranks(values, exponent));
        let packed = Arc::new(packed);
        let u = shares_of_random(&of_household(same_or_near(tf), true, false), &packed, 1_000_000);
        let m = vec![vec![0.85, 0.1, 0.05]];
        // Households share the value, or do not; where they do not, they agree by chance, or twice as often.
        let shared = vec![vec![0.5, 0.2, 0.3]];
        let twice = vec![vec![2.0 * u[0][0], 2.0 * u[0][1], 1.0 - 2.0 * (u[0][0] + u[0][1])]];
        for (shared, differs, household) in [(true, false, shared), (false, true, u.clone()), (false, false, twice)] {
            let model = of_household(same_or_near(tf), shared, differs);
            let scorer = scorer(&model, packed.clone(), &m, &household, &u);
            for (sides, pairs) in SIDES.iter().zip(&of_sides) {
                let [person, of_household] = expected_ratios(&scorer, pairs);
                let (mean, error) = person;
                let about_one = (mean - 1.0).abs() <= f64::max(3.0 * error, 0.05);
                assert!(about_one, "{values} values, {exponent}, {sides:?}: {mean:.3} ± {error:.3} for one person");
                // The frequency of a value is not asked of a household, so that the ratio to it is known without only.
                let (mean, error) = of_household;
                let about_one = (mean - 1.0).abs() <= f64::max(3.0 * error, 0.05);
                assert!(
                    about_one || tf.is_some(),
                    "{sides:?}, shared: {shared}: {mean:.3} ± {error:.3} for a household"
                );
            }
        }
    }
}

/// Weights of one comparison between a first record and each other; 1,000 more records have one value each of 500.
fn weights(tf: Option<usize>, first: &[&str], others: &[&[&str]]) -> Vec<f64> {
    let row = |values: &[&str]| vec![values.iter().map(|v| v.to_string()).collect::<Vec<_>>(); 2];
    let mut rows: Vec<_> = std::iter::once(row(first)).chain(others.iter().map(|o| row(o))).collect();
    rows.extend((0..1000).map(|i| row(&[(i % 500).to_string().as_str()])));
    let model = model(2, vec![same_or_near(tf)]);
    let packed = packed(2, &rows);
    let u = vec![vec![0.002, 0.0, 0.998]];
    let scorer = scorer(&model, Arc::new(packed), &[vec![0.9, 0.0, 0.1]], &u, &u);
    (1..=others.len()).map(|other| scorer.evidence(0, other)[0].weight).collect()
}

#[test]
fn an_agreement_of_many_chances_weighs_less_and_a_difference_no_more() {
    let many: Vec<String> = (500..3000).map(|i| i.to_string()).collect();
    let many: Vec<&str> = std::iter::once("1").chain(many.iter().map(String::as_str)).collect();
    for tf in [None, Some(0)] {
        let weights =
            weights(tf, &["1"], &[&["1"], &["1", "a"], &["1", "a", "b", "c"], &many, &["x"], &["x", "y", "z"]]);
        let [one, two, four, most, different, three_different] = weights[..] else { panic!("six weights") };
        assert!((one - two - 1.0).abs() < 0.1, "twice the chances are one bit: {one}, {two}");
        assert!((two - four - 1.0).abs() < 0.1, "and so on: {two}, {four}");
        assert!((0.0..0.5).contains(&most), "very many chances say nothing, and nothing against it: {most}");
        assert!((different - three_different).abs() < 1e-9, "{different} and {three_different}");
    }
}

#[test]
fn two_values_in_common_are_more_than_one_and_no_more_than_a_single_one() {
    let weights = weights(Some(0), &["1", "2"], &[&["1"], &["1", "2"], &["1", "9"], &["2", "x"], &["2", "y"]]);
    // The last two only make both values equally frequent.
    let [of_two, both, one_of_four, ..] = weights[..] else { panic!("five weights") };
    assert!((both - one_of_four - 1.0).abs() < 0.01, "the second is one more bit: {both} and {one_of_four}");
    assert!((both - of_two).abs() < 0.01, "two of four chances are as good as one of two: {both} and {of_two}");
}
