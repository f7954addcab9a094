//! Tests of a record asked: it meets whom a run would let it meet, and scores as the run did.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::block::Blocked;
use crate::model::column::FeatureBuilder;
use crate::model::{
    BlockingRule, Comparison, Condition, Label, Level, Measure, Near, Needs, Only, Parameters, Prepare, Training,
    comparable_by,
};

/// Phone, family name, given name.
type Record = [Vec<String>; 3];

fn rules() -> Vec<BlockingRule> {
    let key = |feature, prefix, near| Key { feature, prefix, near };
    let rule = |keys, refine| BlockingRule { name: String::new(), keys, refine };
    vec![
        rule(vec![key(0, None, None)], vec![key(1, None, None), key(2, Some(1), None)]),
        rule(vec![key(1, Some(2), None), key(2, None, None)], Vec::new()),
        rule(vec![key(1, None, Some(Near::Text))], vec![key(2, None, None)]),
    ]
}

fn comparison(feature: usize, conditions: Vec<Condition>) -> Comparison {
    let tf = |condition: &Condition| matches!(condition, Condition::Same(_)).then_some(feature);
    Comparison {
        name: format!("c{feature}"),
        label: Label::default(),
        shared_by_household: feature == 1,
        differs_in_household: feature != 1,
        needs: conditions.iter().map(Needs::of).collect(),
        features: comparable_by(conditions.iter()),
        absent: 0,
        levels: conditions
            .into_iter()
            .map(|condition| Level { name: String::new(), label: Label::default(), tf: tf(&condition), condition })
            .collect(),
    }
}

/// A scorer whose comparisons look at values, of two channels in turn.
fn scorer(records: &[Record], prepared: bool) -> Scorer {
    let near = |feature| Condition::Similar {
        feature,
        measure: Measure::DamerauLevenshtein(1),
        only: Only { from_length: 3, unless_both: None },
    };
    let model = Model {
        features: (0..3).map(|f| format!("f{f}")).collect(),
        rules: rules(),
        comparisons: vec![
            comparison(0, vec![Condition::Same(0), Condition::Else]),
            comparison(1, vec![Condition::Same(1), Condition::Swapped(1, 2), near(1), Condition::Else]),
            comparison(2, vec![Condition::Same(2), near(2), Condition::Else]),
        ],
        identifying: vec![true, false, false],
        junk: BTreeMap::new(),
        contradictions: Vec::new(),
        training: Training { candidate_pairs: 0, random_pairs: 0, seed: 0, steps: 0, tolerance: 0.0 },
        trained: None,
        digest: String::new(),
    };
    let column = |feature: usize| {
        let mut builder = FeatureBuilder::new();
        records.iter().for_each(|record| builder.push(record[feature].iter().map(String::as_str)));
        let mut column = builder.finish();
        if model.identifying[feature] {
            column.drop_junk();
        }
        column.prepare(if prepared { model.needs()[feature] } else { Prepare::default() });
        column
    };
    let half = records.len() / 2;
    let channel_of = (0..records.len()).map(|row| u8::from(row >= half)).collect();
    let channels = vec!["app".to_string(), "shop".to_string()];
    let packed = Packed::new((0..3).map(column).collect(), channels, channel_of, &model.crosswise());
    let packed = packed.with_combinations(&model.adjusted());
    let level = |n: usize| match n {
        0 => [0.8, 0.5, 0.01],
        _ => [0.05, 0.2, 0.3],
    };
    let parameters = Parameters {
        learned_from: String::new(),
        prior: [1e-3, 1e-3],
        priors: [("app+shop".to_string(), [1e-2, 1e-3])].into(),
        levels: model.comparisons.iter().map(|c| (0..c.states()).map(level).collect()).collect(),
        joint: Vec::new(),
    };
    Scorer::new(Arc::new(model), Arc::new(packed), &parameters)
}

fn records() -> impl Strategy<Value = Vec<Record>> {
    let values = |text: &'static str, most: usize| {
        prop::collection::btree_set(text, 0..=most).prop_map(|set| set.into_iter().collect::<Vec<String>>())
    };
    // Of some values there are so many that they are dropped as evidence.
    let phone = prop_oneof![1 => Just(vec!["0".to_string()]), 2 => values("[0-9]{3}", 2)];
    prop::collection::vec((phone, values("[a-c]{1,4}", 2), values("[a-c]{1,3}", 2)), 2..300)
        .prop_map(|records| records.into_iter().map(|(a, b, c)| [a, b, c]).collect())
}

/// Row → the rows that a run compares it with, each with the rule that owns the pair.
fn met(scorer: &Scorer, limit: usize) -> Vec<BTreeMap<usize, usize>> {
    let blocked = Blocked::new(&scorer.model().rules, scorer.packed(), limit, usize::MAX).expect("few blocks");
    let mut met = vec![BTreeMap::new(); scorer.packed().rows];
    for mut piece in blocked.pairs.pieces(u64::MAX) {
        while blocked.pairs.take(&mut piece, usize::MAX, |rule, l, r| {
            met[l as usize].insert(r as usize, rule);
            met[r as usize].insert(l as usize, rule);
        }) {}
    }
    met
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn the_copy_of_a_record_meets_whom_the_record_met_and_scores_alike(
        records in records(),
        limit in 2usize..40,
        prepared in any::<bool>(),
    ) {
        let scorer = scorer(&records, prepared);
        let lookup = Lookup::new(&scorer, limit);
        let met = met(&scorer, limit);
        for (row, record) in records.iter().enumerate() {
            let channel = if row < records.len() / 2 { "app" } else { "shop" };
            let asked = lookup.asked(channel, record.to_vec()).expect("a channel");
            let others: Vec<Candidate> =
                lookup.candidates(&scorer, &asked).into_iter().filter(|candidate| candidate.row != row).collect();
            let found: BTreeMap<usize, usize> = others.iter().map(|c| (c.row, c.rule)).collect();
            // A block of one is none to a run; the copy meets its own record there.
            prop_assert_eq!(&found, &met[row], "row {}: {:?}", row, record);
            for candidate in others {
                let score = scorer.score(row.min(candidate.row), row.max(candidate.row));
                prop_assert!((candidate.score.person - score.person).abs() < 1e-12, "{:?}, {:?}", candidate, score);
                prop_assert!((candidate.score.household - score.household).abs() < 1e-12);
                prop_assert!((candidate.score.weight - score.weight).abs() < 1e-9);
            }
        }
    }
}

#[test]
fn a_value_of_nobody_is_compared_by_its_text() {
    let record =
        |phone: &str, family: &str, given: &str| -> Record { [phone, family, given].map(|v| vec![v.to_string()]) };
    let records = [record("111", "aaab", "bcc"), record("222", "bca", "cba")];
    for prepared in [true, false] {
        let scorer = scorer(&records, prepared);
        let lookup = Lookup::new(&scorer, 10);
        let level = |of: Record, row: usize, comparison: usize| {
            let asked = lookup.asked("app", of.to_vec()).expect("a channel");
            scorer.evidence_asked(&asked, row)[comparison].level
        };
        // aab is nobody's, and one edit from aaab; cca is far from it.
        assert_eq!(level(record("111", "aab", "bcc"), 0, 1), 2, "near");
        assert_eq!(level(record("111", "cca", "bcc"), 0, 1), 3, "far");
        // Both parts are nobody's as they stand, and somebody's when they are exchanged.
        assert_eq!(level(record("999", "cba", "bca"), 1, 1), 1, "exchanged");
    }
    let scorer = scorer(&records, true);
    let lookup = Lookup::new(&scorer, 10);
    assert!(lookup.asked("stand", records[0].to_vec()).is_none(), "no such channel");
    let asked = lookup.asked("app", records[1].to_vec()).expect("a channel");
    let found = lookup.candidates(&scorer, &asked);
    assert_eq!(found.iter().map(|c| (c.row, c.rule)).collect::<Vec<_>>(), [(1, 0)]);
}
