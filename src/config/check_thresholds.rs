//! The thresholds of a pipeline file: what was typed, what follows from it, and whether anything can come of it.
//!
//! In: the thresholds as typed, with their places. Out: those that hold, or problems in the words of what was typed.

use super::check::{Document, key};
use super::file::{PipelineFile, ThresholdsFile};
use super::problem::Problems;
use super::tree::{Node, Placed, line_of};

const SECTION: &str = "thresholds";

/// The thresholds that hold: `auto` by the cost of the two errors, where that was typed; `review` no higher than it, where nobody
/// typed one.
pub(super) fn settled(tree: &Placed, typed: &ThresholdsFile) -> ThresholdsFile {
    let auto = typed.false_link_cost.map_or(typed.auto, |cost| cost / (1.0 + cost));
    let review = if is_typed(tree, "review") { typed.review } else { typed.review.min(auto) };
    ThresholdsFile { auto, review, ..*typed }
}

fn is_typed(tree: &Placed, name: &str) -> bool {
    let entry = |of: &Placed, name: &str| match &of.value {
        Node::Map(entries) => entries.iter().find(|(key, _)| key.value == name).map(|(_, of)| of.clone()),
        _ => None,
    };
    entry(tree, SECTION).is_some_and(|section| entry(&section, name).is_some())
}

/// Adds a problem for every threshold that is no probability, or from which nothing or everything would be linked.
pub(super) fn check(d: &Document<PipelineFile>, problems: &mut Problems) {
    let typed = &d.file.thresholds;
    let line = |name: &str| line_of(&d.tree, &[key(SECTION), key(name)]);
    let mut named = "auto";
    if let Some(cost) = typed.false_link_cost {
        named = "false_link_cost";
        if is_typed(&d.tree, "auto") {
            problems.add(
                line(named),
                "thresholds have both auto and false_link_cost",
                "give one: the cost 4 is the threshold 0.8",
            );
        }
        if !(cost > 0.0 && cost.is_finite()) {
            problems.add(
                line(named),
                format!("false_link_cost is {cost}"),
                "use a number above 0: 4 where a false link costs as much as four missed ones",
            );
            return;
        }
    }
    let ThresholdsFile { auto, review, hold, .. } = settled(&d.tree, typed);
    let as_typed = typed.false_link_cost.map_or(String::new(), |cost| format!(", by false_link_cost: {cost}"));
    for (place, name, value) in [(named, "auto", auto), ("review", "review", review)] {
        if !(0.0..=1.0).contains(&value) {
            problems.add(
                line(place),
                format!("threshold {name} is {value}, but it is a probability"),
                "use a number from 0 to 1",
            );
        }
    }
    if auto == 0.0 || auto == 1.0 {
        let what =
            if auto == 0.0 { "so that every pair would be linked" } else { "so that hardly any pair would be linked" };
        problems.add(
            line(named),
            format!("threshold auto is {auto}{as_typed}, {what}"),
            "use a number between 0 and 1: 0.8 is usual, 0.99 links what is all but sure",
        );
    }
    if review > auto {
        problems.add(
            line("review"),
            format!("threshold review ({review}) is above auto ({auto}{as_typed})"),
            "review is the lower one: pairs between the two are shown to a person",
        );
    }
    if let Some(hold) = hold.filter(|hold| !(review..=auto).contains(hold)) {
        problems.add(
            line("hold"),
            format!("threshold hold ({hold}) is not between review ({review}) and auto ({auto}{as_typed})"),
            "a link holds from `hold` up: leave it out for the lower one",
        );
    }
}
