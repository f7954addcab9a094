//! A pair that is dropped early would not have been kept, and a pair that is kept has the score that it has anyway.

use std::sync::Arc;

use nayose_matching::model::bound::Room;
use nayose_matching::model::{Condition, Measure, Only};

use crate::world::{Random, comparison, model, packed, scorer, shares_of_random};

/// Names that differ by a letter or by all of them, some of them frequent; numbers; a town, which some records lack.
fn rows(random: &mut Random, n: usize) -> Vec<Vec<Vec<String>>> {
    let names = ["tanaka", "tanaku", "sato", "satoo", "abe", "kobayashi", "kobayasi", "mori"];
    let one = |random: &mut Random| names[random.below(names.len())].to_string();
    (0..n)
        .map(|_| {
            let name = (0..1 + random.below(2)).map(|_| one(random)).collect();
            let number = (0..random.below(3)).map(|_| format!("{:03}", random.below(40))).collect();
            let town = (0..random.below(2)).map(|_| random.below(5).to_string()).collect();
            vec![name, number, town]
        })
        .collect()
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(48))]
    #[test]
    fn what_is_dropped_is_below_and_what_is_kept_is_the_score(seed in 0u64..1 << 40, floor in 0.0f64..1.0) {
        let mut random = Random(seed);
        let packed = Arc::new(packed(3, &rows(&mut random, 60)));
        let edits = |feature, n| Condition::Similar { feature, measure: Measure::Levenshtein(n), only: Only::default() };
        let model = model(3, vec![
            comparison("name", &[(Condition::Same(0), Some(0)), (edits(0, 1), None), (edits(0, 2), None)]),
            comparison("number", &[(Condition::Same(1), Some(1)), (Condition::All(vec![Condition::Same(2), edits(1, 1)]), None)]),
            comparison("town", &[(Condition::Same(2), Some(2)), (Condition::Absent(2), None)]),
        ]);
        let drawn = |random: &mut Random| -> Vec<Vec<f64>> {
            let levels = |states| (0..states).map(|_| 0.01 + random.share()).collect::<Vec<f64>>();
            let all: Vec<Vec<f64>> = model.comparisons.iter().map(|c| c.states()).map(levels).collect();
            all.into_iter().map(|of| { let sum: f64 = of.iter().sum(); of.iter().map(|p| p / sum).collect() }).collect()
        };
        let u = shares_of_random(&model, &packed, 500);
        let scorer = scorer(&model, packed, &drawn(&mut random), &drawn(&mut random), &u);
        // The priors of these worlds are small: floors are taken to where their pairs are.
        let floor = floor.powi(8) * 0.1;
        let mut room = Room::default();
        for l in 0..60 {
            for r in 0..60 {
                let score = scorer.score(l, r);
                let wanted = (score.person + score.household >= floor).then_some(score);
                proptest::prop_assert_eq!(scorer.score_from(floor, l, r, &mut room), wanted);
            }
        }
    }
}
