//! Values that stand together: what unrelated records show, simulated, against what the model says.

use std::sync::Arc;

use crate::world::{Random, comparison, mean, model, packed, ranks, scorer, shares_of_random};
use nayose_matching::model::condition::Only;
use nayose_matching::model::score::Scorer;
use nayose_matching::model::{Comparison, Condition, Measure, Model, Packed, sample};

/// Family name, town, birth date and phone, each compared by its own comparison with the frequency of its values.
fn of_four() -> Model {
    let same = |f: usize| comparison(&f.to_string(), &[(Condition::Same(f), Some(f))]);
    model(4, (0..4).map(same).collect())
}

/// Records of a country of 100 towns. Six in ten people of a town have its own family name, the others any of 100.
fn country(people: usize) -> Vec<Vec<Vec<String>>> {
    let (mut random, names) = (Random(5), ranks(100, 0.3));
    let mut person = |i: usize| {
        let town = random.below(100);
        let own = random.share() < 0.6;
        let family = if own { format!("of {town}") } else { random.of(&names).to_string() };
        let (born, phone) = (random.below(20_000).to_string(), i.to_string());
        vec![vec![family], vec![town.to_string()], vec![born], vec![phone]]
    };
    (0..people).map(&mut person).collect()
}

fn scored(model: &Model, packed: Packed) -> Scorer {
    let u = shares_of_random(model, &packed, 1_000_000);
    let m = vec![vec![0.9, 0.1]; model.comparisons.len()];
    scorer(model, Arc::new(packed), &m, &u, &u)
}

#[test]
fn names_of_a_village_are_not_rare_twice() {
    let (model, rows) = (of_four(), country(20_000));
    let plain = scored(&model, packed(4, &rows));
    let combined = scored(&model, packed(4, &rows).with_combinations(&model.adjusted()));
    assert_eq!(combined.packed().combinations().len(), 100, "a name of each town");
    let ratio = |scorer: &Scorer| {
        let ratios: Vec<f64> = sample::random_pairs(rows.len() as u64, 0..2_000_000, 9)
            .map(|(l, r)| {
                let evidence = scorer.evidence(l as usize, r as usize);
                (evidence[0].weight + evidence[1].weight).exp2()
            })
            .collect();
        mean(&ratios)
    };
    let ((before, _), (after, error)) = (ratio(&plain), ratio(&combined));
    assert!(before > 20.0, "{before}: what stands together is counted twice");
    assert!((after - 1.0).abs() < f64::max(3.0 * error, 0.15), "{after} ± {error}: about 1");
}

#[test]
fn records_of_one_customer_are_no_combination() {
    let rows_of = |born: &dyn Fn(usize) -> String| {
        let mut rows = country(5_000);
        rows.iter_mut().skip(100).step_by(40).take(15).enumerate().for_each(|(i, row)| {
            *row = vec![vec!["rare".into()], vec!["hamlet".into()], vec![born(i)], vec![]];
        });
        rows
    };
    let count = |rows: &[Vec<Vec<String>>]| {
        let model = of_four();
        let packed = packed(4, rows).with_combinations(&model.adjusted());
        packed.combinations().len()
    };
    let customer = count(&rows_of(&|i| if i == 3 { "slip".into() } else { "born".into() }));
    let people = count(&rows_of(&|i| format!("born {i}")));
    assert_eq!(people, customer + 1, "only the family of fifteen people is a combination");
}

/// Pairs of rows at random, and pairs of people of one village.
fn pairs(rows: usize) -> impl Iterator<Item = (usize, usize)> {
    sample::random_pairs(rows as u64, 0..200_000, 4).map(|(l, r)| (l as usize, r as usize))
}

#[test]
fn evidence_adds_up_and_the_smaller_weight_has_the_correction() {
    let (model, rows) = (of_four(), country(20_000));
    let plain = scored(&model, packed(4, &rows));
    let combined = scored(&model, packed(4, &rows).with_combinations(&model.adjusted()));
    let mut corrected = 0;
    for (l, r) in pairs(rows.len()) {
        let (before, after) = (plain.evidence(l, r), combined.evidence(l, r));
        let sum: f64 = after.iter().map(|e| e.weight).sum();
        let weight = combined.score(l, r).weight;
        assert!((sum - weight).abs() < 1e-9, "{sum} and {weight}");
        let changed: Vec<usize> = (0..4).filter(|c| after[*c].weight != before[*c].weight).collect();
        if let [c] = changed[..] {
            corrected += 1;
            assert!(before[c].weight <= before[1 - c].weight, "{before:?} became {after:?}");
            assert!(after[c].weight >= -1e-9, "together they weigh as much as the rarer alone: {after:?}");
        } else {
            assert!(changed.is_empty(), "one combination changes one comparison: {changed:?}");
        }
    }
    assert!(corrected > 300, "{corrected} pairs agree on a combination");
}

#[test]
fn a_tree_of_three_weighs_as_one() {
    let mut random = Random(8);
    let row = |random: &mut Random| {
        let of = random.below(200).to_string();
        vec![vec![of.clone()], vec![of.clone()], vec![of], vec![random.below(1_000_000).to_string()]]
    };
    let rows: Vec<_> = (0..10_000).map(|_| row(&mut random)).collect();
    let model = of_four();
    let scorer = scored(&model, packed(4, &rows).with_combinations(&model.adjusted()));
    assert_eq!(scorer.packed().combinations().len(), 600, "each two of three");
    let (l, r) = pairs(rows.len()).find(|(l, r)| rows[*l][0] == rows[*r][0]).expect("two with the same");
    let mut weights: Vec<f64> = scorer.evidence(l, r)[..3].iter().map(|e| e.weight).collect();
    weights.sort_by(f64::total_cmp);
    assert!(weights[2] > 5.0 && weights[1].abs() < 0.2 && weights[0].abs() < 0.2, "{weights:?}");
}

#[test]
fn combinations_go_to_other_processes() {
    let (model, rows) = (of_four(), country(5_000));
    let here = packed(4, &rows).with_combinations(&model.adjusted());
    let text = serde_json::to_string(&here).expect("JSON");
    let there: Packed = serde_json::from_str(&text).expect("features");
    assert!(!there.combinations().is_empty());
    let (here, there) = (scored(&model, here), scored(&model, there));
    for (l, r) in pairs(rows.len()) {
        assert!((here.score(l, r).weight - there.score(l, r).weight).abs() < 1e-9);
    }
}

#[test]
fn two_words_of_one_name_are_one_piece_of_evidence() {
    let jaccard = Condition::Similar { feature: 0, measure: Measure::Jaccard(0.5), only: Only::default() };
    let words: Comparison = comparison("words", &[(jaccard, Some(0))]);
    let model = model(1, vec![words]);
    let row = |words: &[&str]| vec![words.iter().map(|w| w.to_string()).collect::<Vec<_>>()];
    let mut rows = vec![row(&["sir", "baronet"]), row(&["sir", "baronet"]), row(&["sir"])];
    rows.extend((0..1000).map(|i| row(&[(i % 300).to_string().as_str()])));
    let u = vec![vec![0.003, 0.997]];
    let scorer = scorer(&model, Arc::new(packed(1, &rows)), &[vec![0.9, 0.1]], &u, &u);
    let (two, one) = (scorer.evidence(0, 1)[0], scorer.evidence(1, 2)[0]);
    assert_eq!((two.level, one.level), (0, 0));
    // "baronet" is a bit rarer than "sir": two records have it, and not three.
    assert!((two.weight - one.weight - 1.5f64.log2()).abs() < 1e-9, "{} and {}", two.weight, one.weight);
}
