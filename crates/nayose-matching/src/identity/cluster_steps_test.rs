//! Tests of the steps in which clusters came about.

use std::collections::BTreeSet;

use super::*;
use crate::identity::steps::How;

/// Does the steps one after the other, from records on their own; answers the label of each record.
fn replayed(rows: usize, steps: &[Step]) -> Vec<u32> {
    let mut groups: BTreeSet<Vec<u32>> = (0..rows as u32).map(|row| vec![row]).collect();
    for step in steps {
        for group in &step.before {
            assert!(groups.remove(group), "{step:?} takes a group apart that is not there");
        }
        groups.extend(step.after.iter().cloned());
    }
    let mut labels = vec![u32::MAX; rows];
    groups.iter().for_each(|group| group.iter().for_each(|row| labels[*row as usize] = group[0]));
    labels
}

#[test]
fn steps_done_one_after_the_other_end_in_the_clusters() {
    let mut kinds = BTreeMap::new();
    for seed in 0..10_000 {
        let graph = Graph::random(seed);
        let (labels, edges, _) = graph.clustered(false);
        let (in_steps, steps) = cluster_in_steps(graph.n as usize, &edges, &rules_of(&graph));
        assert_eq!(in_steps, labels, "graph {seed}");
        assert_eq!(replayed(graph.n as usize, &steps), labels, "graph {seed}: {steps:?}");
        // What each step says to gain is what all of them together reach.
        assert_eq!(steps.iter().map(|step| step.votes).sum::<i64>(), graph.sum(&labels), "graph {seed}: {steps:?}");
        steps.iter().for_each(|step| *kinds.entry(format!("{:?}", step.how)).or_insert(0) += 1);
    }
    assert!(kinds["Joined"] > 1000 && kinds["Moved"] > 100 && kinds["Assigned"] > 10, "{kinds:?}");
}

#[test]
fn steps_of_a_large_component_end_in_its_groups() {
    let mut moved = 0;
    for seed in 0..2000 {
        let graph = Graph::random(seed);
        let (labels, steps) = by_links(&graph);
        assert_eq!(replayed(graph.n as usize, &steps), labels, "graph {seed}: {steps:?}");
        moved += steps.iter().filter(|step| step.how == How::Moved).count();
    }
    assert!(moved > 10, "{moved}");
}
