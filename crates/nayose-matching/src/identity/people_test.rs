//! Tests of people.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::identity::steps::How;
use crate::model::column::FeatureBuilder;
use crate::model::{Comparison, Condition, Label, Level, Model, Needs, Packed, Parameters, Training};

/// One comparison for each feature: the same value, or not.
fn comparison(feature: usize, shared_by_household: bool) -> Comparison {
    let level = |condition| Level { name: String::new(), label: Label::default(), condition, tf: None };
    let levels = vec![level(Condition::Same(feature)), level(Condition::Else)];
    Comparison {
        name: format!("c{feature}"),
        label: Label::default(),
        shared_by_household,
        differs_in_household: !shared_by_household,
        needs: levels.iter().map(|level| Needs::of(&level.condition)).collect(),
        levels,
        features: 1 << feature,
        absent: 0,
    }
}

/// Features of the records below: given name, birth date, phone, mail address, town. A household shares the phone and the town.
const SHARED: [bool; 5] = [false, false, true, false, true];

/// A scorer over records with one value a feature, or none.
fn scorer(records: &[[&str; 5]], contradictions: Vec<Vec<usize>>) -> Scorer {
    let column = |feature: usize| {
        let mut builder = FeatureBuilder::new();
        records.iter().for_each(|r| builder.push(Some(r[feature]).filter(|v| !v.is_empty()).into_iter()));
        builder.finish()
    };
    let packed = Packed::new((0..5).map(column).collect(), vec!["shop".into()], vec![0; records.len()], &[]);
    let training = Training { candidate_pairs: 0, random_pairs: 0, seed: 0, steps: 0, tolerance: 0.0 };
    let model = Model {
        features: (0..5).map(|f| format!("f{f}")).collect(),
        rules: Vec::new(),
        comparisons: SHARED.iter().enumerate().map(|(f, shared)| comparison(f, *shared)).collect(),
        identifying: vec![true; 5],
        junk: BTreeMap::new(),
        contradictions,
        training,
        trained: None,
        digest: String::new(),
    };
    // One person agrees nine times in ten, people of a household on what they share, strangers once in a thousand.
    let of = |shared: bool| {
        vec![[0.9, if shared { 0.9 } else { 0.001 }, 0.001], [0.1, if shared { 0.1 } else { 0.999 }, 0.999]]
    };
    let parameters = Parameters {
        learned_from: String::new(),
        prior: [1e-5, 1e-5],
        priors: BTreeMap::new(),
        levels: SHARED.iter().map(|shared| of(*shared)).collect(),
        joint: Vec::new(),
    };
    Scorer::new(Arc::new(model), Arc::new(packed), &parameters)
}

fn links(scorer: &Scorer, pairs: &[(u32, u32)]) -> Vec<Edge> {
    let link = |(l, r): &(u32, u32)| {
        let score = scorer.score(*l as usize, *r as usize);
        Edge { l: *l, r: *r, person: score.person, household: score.household }
    };
    pairs.iter().map(link).collect()
}

fn found(scorer: &Scorer, pairs: &[(u32, u32)]) -> (Vec<u32>, Vec<Fate>) {
    people(scorer, &links(scorer, pairs), &[], |_, _| false, &Bounds::of(0.8), &BTreeMap::new())
}

#[test]
fn an_opinion_is_what_the_evidence_says() {
    let records = [
        ["a", "1", "p", "m", "t"],
        ["a", "2", "p", "", "t"],
        ["b", "1", "q", "m", ""],
        ["b", "2", "", "n", "t"],
        ["", "", "p", "n", "u"],
    ];
    let scorer = scorer(&records, vec![vec![0, 1], vec![3]]);
    for l in 0..records.len() {
        for r in 0..records.len() {
            let (opinion, evidence, score) = (scorer.opinion(l, r), scorer.evidence(l, r), scorer.score(l, r));
            let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-9, "{l} and {r}: {a} is not {b}");
            let unrelated = -evidence.iter().map(|e| e.weight).sum::<f64>();
            let household = -evidence.iter().map(|e| e.weight_against_household).sum::<f64>();
            near(opinion.person, score.person);
            near(opinion.against, unrelated.max(household));
            near(opinion.of_household.expect("the model knows households"), household);
            let differs =
                |c: usize| records[l][c] != records[r][c] && !records[l][c].is_empty() && !records[r][c].is_empty();
            assert!(
                (0..5)
                    .all(|c| differs(c) == (opinion.differing >> c & 1 == 1) && differs(c) == scorer.differs(c, l, r))
            );
            let two = household >= TWO_PEOPLE || differs(0) && differs(1) || differs(3);
            assert_eq!(contradict(&scorer, l as u32, r as u32), two, "{l} and {r}");
        }
    }
}

#[test]
fn records_that_have_nothing_to_compare_are_joined_by_one_that_has_both() {
    let scorer = scorer(&[["a", "", "p", "m", ""], ["a", "", "", "m", ""], ["a", "", "p", "", ""]], Vec::new());
    // The last two have the given name alone in common, which makes no link.
    assert!(links(&scorer, &[(1, 2)])[0].person < 0.8);
    assert_eq!(found(&scorer, &[(0, 1), (0, 2)]).0, [0, 0, 0]);
}

#[test]
fn what_groups_know_together_keeps_them_apart() {
    // Two people of one given name and birth date. One record of each says no more than that, and these two look like one person.
    let records =
        [["a", "1", "", "", ""], ["a", "1", "p", "m", "t"], ["a", "1", "", "", ""], ["a", "1", "q", "n", "u"]];
    let scorer = scorer(&records, Vec::new());
    let strong = links(&scorer, &[(0, 2)])[0].person;
    assert!(strong >= 0.8 && scorer.opinion(1, 3).person < 0.8 && scorer.score_groups(&[0, 1], &[2, 3]).person < 0.5);
    let opinion = scorer.opinion(1, 3);
    assert_eq!(
        vote(opinion.person, opinion.against, 0.8),
        0,
        "two names and three differences: their pair has no vote"
    );
    let all: Vec<(u32, u32)> = (0..4).flat_map(|l| (l + 1..4).map(move |r| (l, r))).collect();
    let (labels, fates) = found(&scorer, &all);
    assert_ne!(labels[1], labels[3]);
    assert!(fates.contains(&Fate::Bridge), "{fates:?}");
}

#[test]
fn a_decision_that_two_are_apart_holds_through_any_chain() {
    let records = [["a", "1", "p", "m", "t"]; 3];
    let scorer = scorer(&records, Vec::new());
    let edges = links(&scorer, &[(0, 1), (1, 2), (0, 2)]);
    let apart = |l: u32, r: u32| (l.min(r), l.max(r)) == (0, 2);
    let (labels, fates) = people(&scorer, &edges, &[], apart, &Bounds::of(0.8), &BTreeMap::new());
    assert_ne!(labels[0], labels[2]);
    assert_eq!(fates[2], Fate::Cut(0, 2));
}

#[test]
fn of_the_pairs_that_vote_against_the_strongest_is_told() {
    let records = [
        ["a", "1", "p", "m", "t"],
        ["a", "1", "p", "", "t"],
        ["a", "1", "q", "n", "t"],
        ["b", "2", "q", "n", "u"],
        ["", "", "", "", ""],
    ];
    let scorer = scorer(&records, Vec::new());
    assert_eq!(strongest_against(&scorer, &[0, 1], &[2, 3], 0.8), Some((0, 3)), "the pair with most that differs");
    assert_eq!(strongest_against(&scorer, &[3, 2], &[1, 0], 0.8), Some((0, 3)), "in any order");
    assert_eq!(strongest_against(&scorer, &[0], &[1], 0.8), None, "a pair for it is none against it");
    assert_eq!(strongest_against(&scorer, &[0], &[4], 0.8), None, "a pair that says nothing is none against it");
}

#[test]
fn twenty_wrong_merges_part_again_when_the_evidence_contradicts() {
    let text = |of: &str, i: usize| format!("{of}{i}");
    // Two people of one given name and birth date, of whom nothing else is known on the first day.
    let day = |known: bool| -> Vec<[String; 5]> {
        let of = |i: usize, side: &str| {
            let more = |what: &str| if known { text(&format!("{side}{what}"), i) } else { String::new() };
            [text("a", i), text("1", i), more("p"), more("m"), more("t")]
        };
        (0..20).flat_map(|i| [of(i, "l"), of(i, "r")]).collect()
    };
    let pairs: Vec<(u32, u32)> = (0..20).map(|i| (2 * i, 2 * i + 1)).collect();
    let run = |records: &[[String; 5]], before: &[(u32, u32)]| {
        let rows: Vec<[&str; 5]> =
            records.iter().map(|r| [&r[0], &r[1], &r[2], &r[3], &r[4]].map(|v| &v[..])).collect();
        let scorer = scorer(&rows, Vec::new());
        let bounds = Bounds::holding(0.8, 0.5, rows.len(), before);
        let (labels, _) = people(&scorer, &links(&scorer, &pairs), &[], |_, _| false, &bounds, &BTreeMap::new());
        pairs.iter().copied().filter(|(l, r)| labels[*l as usize] == labels[*r as usize]).collect::<Vec<_>>()
    };
    let merged = run(&day(false), &[]);
    assert_eq!(merged.len(), 20);
    assert_eq!(run(&day(false), &merged), merged, "a day without news");
    assert_eq!(run(&day(true), &merged), [], "three values that differ are no small move of a probability");
}

#[test]
fn the_people_among_some_records_are_those_among_all() {
    use crate::identity::among::{Part, people_among, people_in_steps};
    use crate::identity::cluster::RIVAL;
    use crate::model::sample::mix;
    // Three records a person, of whose values a fourth is left out and a sixth is somebody else's: components of all shapes come about, with
    // contradictions and rivals.
    let value = |i: u64, feature: u64| match mix(i * 5 + feature) % 12 {
        0..3 => String::new(),
        3..5 => format!("{}", mix(i * 7 + feature) % 40),
        _ => format!("{}", i / 3),
    };
    let drawn: Vec<[String; 5]> = (0..120u64).map(|i| [0, 1, 2, 3, 4].map(|feature| value(i, feature))).collect();
    let rows: Vec<[&str; 5]> = drawn.iter().map(|r| [&r[0], &r[1], &r[2], &r[3], &r[4]].map(|v| &v[..])).collect();
    let scorer = scorer(&rows, vec![vec![0, 1]]);
    let all: Vec<(u32, u32)> = (0..120).flat_map(|l| (l + 1..120).map(move |r| (l, r))).collect();
    let edges: Vec<Edge> = links(&scorer, &all).into_iter().filter(|e| e.person >= 0.05).collect();
    let linked: Vec<(u32, u32)> = edges.iter().filter(|e| e.person >= 0.6).map(|e| (e.l, e.r)).step_by(3).collect();
    let (same, parted) = ([(3, 90), (7, 8)], [(1, 50), (10, 60), (20, 21)]);
    let apart = |l: u32, r: u32| parted.contains(&(l.min(r), l.max(r)));
    let bounds = Bounds::holding(0.8, 0.5, 120, &linked);
    let most = BTreeMap::new();
    let (whole, _) = people(&scorer, &edges, &same, apart, &bounds, &most);
    assert!(whole.iter().zip(0u32..).filter(|(label, row)| **label != *row).count() > 20, "some are one person");
    // Whole components, over links and decisions.
    let mut sets = crate::identity::sets::Clusters::new(120);
    edges.iter().filter(|e| bounds.is_link(e)).for_each(|e| sets.union(e.l, e.r));
    same.iter().for_each(|(l, r)| sets.union(*l, *r));
    let (mut parts, mut last) = (0, None);
    for row in 0..120 {
        if sets.find(row) != row {
            continue;
        }
        let mut members: Vec<u32> = sets.members(row).collect();
        members.sort_unstable();
        let touches = |e: &&Edge| e.person >= RIVAL && (members.contains(&e.l) || members.contains(&e.r));
        let own: Vec<Edge> = edges.iter().filter(touches).copied().collect();
        let part = Part { rows: &members, edges: &own, same: &same, linked: &linked, thresholds: (0.8, 0.5) };
        let found = people_among(&scorer, &part, apart, &most);
        let expected: Vec<u32> = members.iter().map(|row| whole[*row as usize]).collect();
        assert_eq!(found, expected, "{members:?}");
        let (labels, steps) = people_in_steps(&scorer, &part, apart, &most);
        assert_eq!(labels, expected, "{members:?}");
        // What the steps leave, one done after the other, are the same people.
        let mut groups: BTreeSet<Vec<u32>> = members.iter().map(|row| vec![*row]).collect();
        for step in &steps {
            assert!(step.before.iter().all(|group| groups.remove(group)), "{step:?} of {members:?}");
            groups.extend(step.after.iter().cloned());
        }
        let mut people: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        members.iter().zip(&labels).for_each(|(row, label)| people.entry(*label).or_default().push(*row));
        assert_eq!(groups.into_iter().collect::<Vec<_>>(), people.into_values().collect::<Vec<_>>(), "{steps:?}");
        last = steps.iter().rfind(|step| step.how == How::Decided).cloned().or(last);
        parts += 1;
    }
    assert!(parts > 5, "{parts} components");
    assert!(last.is_some(), "a decision joined some");
}
