//! Moves between segments: those of then on the left, those of now on the right, a ribbon as thick as the customers who went.

use std::collections::BTreeMap;

use serde::Serialize;

use super::scale::{apart, tenth};
use crate::audit::charts::Move;
use crate::serve::draw::WIDTH;

/// Segments of a side that can be told apart; of more there is a table only.
const MOST: usize = 12;

/// Left and right edge of the ribbons: beside them the names.
const EDGES: [f64; 2] = [126.0, WIDTH - 126.0];

/// Width of a segment's own bar.
const NODE: f64 = 8.0;

/// Units between the names of two segments: a line of text.
const LABEL: f64 = 14.0;

/// Units above the segments: then and now.
const TOP: f64 = 22.0;

/// Units between two segments.
const GAP: f64 = 8.0;

/// Moves, drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Flows {
    /// Units from top to bottom.
    pub height: f64,
    /// The segments of then and of now.
    pub sides: [Vec<Node>; 2],
    /// The moves, those of most customers first.
    pub ribbons: Vec<Ribbon>,
}

/// A segment of a side.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Node {
    /// Its name; none of those who are in no segment.
    pub name: Option<String>,
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Height.
    pub height: f64,
    /// Customers.
    pub customers: i64,
    /// The middle of its name: as near to its own as the others leave room.
    pub label: f64,
}

/// Customers who went from one segment to another.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Ribbon {
    /// The `d` of a path.
    pub path: String,
    /// `stays`, `moves`, or `comes` for those who were in no segment and those who are in none.
    pub kind: &'static str,
    /// The segment of then.
    pub before: Option<String>,
    /// The segment of now.
    pub after: Option<String>,
    /// Customers.
    pub customers: i64,
}

/// Segments whose names say no order: the cells of CPM, those of who is active first.
const ORDER: [&str; 5] = ["初回客", "よちよち客", "コツコツ客", "流行客", "優良客"];

/// Where a segment stands among others: numbers in their order, cells of CPM in theirs, others by name; who is in none comes last.
fn rank(name: &Option<String>) -> (bool, bool, i64, &str) {
    let Some(name) = name.as_deref() else { return (true, false, 0, "") };
    let (cell, state) = name.split_once(' ').unwrap_or((name, ""));
    let place = ORDER.iter().position(|known| *known == cell).map(|place| place as i64);
    (false, state == "離脱", place.or_else(|| name.parse().ok()).unwrap_or(i64::MAX), name)
}

/// A drawing of moves of one kind of segments. `None` where there are too many segments, or no customer.
pub(super) fn flows(moves: &[Move]) -> Option<Flows> {
    let moves: Vec<&Move> = moves.iter().filter(|of| of.customers > 0).collect();
    let total: i64 = moves.iter().map(|of| of.customers).sum();
    let sums = |side: fn(&Move) -> &Option<String>| {
        let mut sums: BTreeMap<&Option<String>, i64> = BTreeMap::new();
        moves.iter().for_each(|of| *sums.entry(side(of)).or_default() += of.customers);
        let mut sums: Vec<(&Option<String>, i64)> = sums.into_iter().collect();
        sums.sort_by(|a, b| rank(a.0).cmp(&rank(b.0)));
        sums
    };
    let sums = [sums(|of| &of.before), sums(|of| &of.after)];
    let most = sums.iter().map(Vec::len).max().unwrap_or(0);
    if total == 0 || most > MOST {
        return None;
    }
    let thickness = (most as f64 * 30.0).max(180.0) / total as f64;
    let side = |place: usize| {
        let mut y = TOP;
        let node = |(name, customers): &(&Option<String>, i64)| {
            let height = tenth(*customers as f64 * thickness).max(1.0);
            let x = if place == 0 { EDGES[0] } else { EDGES[1] - NODE };
            let name = (*name).clone();
            let node = Node { name, x, y: tenth(y), height, customers: *customers, label: tenth(y + height / 2.0) };
            y += height + GAP;
            node
        };
        sums[place].iter().map(node).collect::<Vec<_>>()
    };
    let mut sides = [side(0), side(1)];
    let foot = sides.iter().flatten().map(|node| node.y + node.height).fold(0.0, f64::max);
    for side in &mut sides {
        let wanted: Vec<f64> = side.iter().map(|node| node.label).collect();
        let placed = apart(&wanted, LABEL, TOP + LABEL / 4.0, foot);
        side.iter_mut().zip(placed).for_each(|(node, label)| node.label = label);
    }
    let mut ordered = moves.clone();
    ordered.sort_by(|a, b| (rank(&a.before), rank(&a.after)).cmp(&(rank(&b.before), rank(&b.after))));
    // How far each segment's edge is taken by the ribbons above.
    let mut taken: [BTreeMap<Option<String>, f64>; 2] =
        [0, 1].map(|place: usize| sides[place].iter().map(|node| (node.name.clone(), node.y)).collect());
    let ribbons = ordered.into_iter().map(|of| {
        let wide = of.customers as f64 * thickness;
        let mut edge = |place: usize, name: &Option<String>| {
            let at = taken[place].entry(name.clone()).or_default();
            let top = *at;
            *at += wide;
            top
        };
        let (from, to) = (edge(0, &of.before), edge(1, &of.after));
        let kind = match (&of.before, &of.after) {
            (None, _) | (_, None) => "comes",
            (before, after) if before == after => "stays",
            _ => "moves",
        };
        let path = path(from, to, wide.max(0.6));
        Ribbon { path, kind, before: of.before.clone(), after: of.after.clone(), customers: of.customers }
    });
    let mut ribbons: Vec<Ribbon> = ribbons.collect();
    ribbons.sort_by_key(|ribbon| std::cmp::Reverse(ribbon.customers));
    Some(Flows { height: tenth(foot + 6.0), sides, ribbons })
}

fn path(from: f64, to: f64, wide: f64) -> String {
    let (left, right) = (EDGES[0] + NODE, EDGES[1] - NODE);
    let middle = (left + right) / 2.0;
    let [from, to, from_end, to_end] = [from, to, from + wide, to + wide].map(tenth);
    format!(
        "M{left},{from}C{middle},{from} {middle},{to} {right},{to}V{to_end}C{middle},{to_end} {middle},{from_end} {left},{from_end}Z"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(before: Option<&str>, after: Option<&str>, customers: i64) -> Move {
        let text = |name: Option<&str>| name.map(str::to_string);
        Move { kind: "cpm".into(), before: text(before), after: text(after), customers }
    }

    #[test]
    fn both_sides_have_all_customers_and_segments_do_not_lie_on_each_other() {
        let moves = [of(Some("new"), Some("regular"), 30), of(Some("new"), Some("new"), 60), of(None, Some("new"), 10)];
        let drawn = flows(&moves).expect("drawn");
        for side in &drawn.sides {
            assert_eq!(side.iter().map(|node| node.customers).sum::<i64>(), 100);
            assert!(side.windows(2).all(|two| two[0].y + two[0].height < two[1].y), "{side:?}");
            assert!(side.iter().all(|node| node.y + node.height <= drawn.height));
            assert!(side.windows(2).all(|two| two[1].label - two[0].label >= LABEL - 0.1), "{side:?}");
        }
        let kinds: Vec<_> = drawn.ribbons.iter().map(|ribbon| (ribbon.kind, ribbon.customers)).collect();
        assert_eq!(kinds, [("stays", 60), ("moves", 30), ("comes", 10)]);
        assert_eq!(drawn.sides[0].last().and_then(|node| node.name.clone()), None, "who was in none comes last");
    }

    #[test]
    fn names_of_segments_of_few_customers_do_not_lie_on_each_other() {
        let names = ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k", "l"];
        for large in 0..names.len() {
            let moves: Vec<Move> = (0..names.len())
                .map(|n| of(Some(names[n]), Some(names[n]), if n == large { 100_000 } else { 1 }))
                .collect();
            for side in flows(&moves).expect("drawn").sides {
                assert!(side.windows(2).all(|two| two[1].label - two[0].label >= LABEL - 0.1), "{large}: {side:?}");
                assert!(side[0].label >= TOP, "below what is written above");
            }
        }
    }

    #[test]
    fn segments_stand_in_the_order_in_which_people_count_them() {
        let name = |name: &str| Some(name.to_string());
        let mut names = [None, name("10"), name("9"), name("優良客 現役"), name("初回客 離脱"), name("初回客 現役")];
        names.sort_by(|a, b| rank(a).cmp(&rank(b)));
        let named: Vec<&str> = names.iter().map(|name| name.as_deref().unwrap_or("–")).collect();
        assert_eq!(named, ["初回客 現役", "優良客 現役", "9", "10", "初回客 離脱", "–"]);
    }

    #[test]
    fn nobody_and_too_many_segments_are_not_drawn() {
        assert_eq!(flows(&[]), None);
        assert_eq!(flows(&[of(Some("a"), Some("b"), 0)]), None);
        let many: Vec<Move> = (0..13).map(|n| of(Some(&n.to_string()), Some("a"), 1)).collect();
        assert_eq!(flows(&many), None);
    }
}
