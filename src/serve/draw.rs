//! Where the parts of a drawing lie: bars of a waterfall, records and links of a graph, steps, a time line, curves.
//!
//! In: data of the read side. Out: numbers in the units of an SVG's `viewBox`, as plain data: templates write the SVG. All drawings are
//! [`WIDTH`] units wide, so that their letters can be read on a phone, where a unit is less than a pixel.

mod growth;

use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};

use serde::Serialize;

use crate::audit::golden::Contact;
use crate::audit::graph::{Graph, is_link};
pub(crate) use growth::{Growth, growth};

/// Units from the left to the right edge: the width of a phone.
pub(crate) const WIDTH: f64 = 400.0;

/// A position or a length: tenths of a unit are less than anybody sees.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

/// Sums of weights as bars below each other, each beginning where the one before ended.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Waterfall {
    /// Units from top to bottom.
    pub height: f64,
    /// Where zero is.
    pub zero: f64,
    /// Bars in order; the last one is the sum, from zero on.
    pub bars: Vec<Bar>,
    /// The sum in bits.
    pub total: f64,
}

/// A bar of a [`Waterfall`].
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Bar {
    /// Top.
    pub y: f64,
    /// Left.
    pub x: f64,
    /// Width.
    pub width: f64,
    /// Where the sum stands behind it.
    pub end: f64,
    /// Its bits.
    pub weight: f64,
}

/// Units of a row of a waterfall: a line of text and a bar.
const ROW: f64 = 40.0;

/// The waterfall of these weights.
pub(crate) fn waterfall(weights: &[f64]) -> Waterfall {
    let mut sum = 0.0;
    let mut ends = vec![0.0];
    for weight in weights {
        sum += weight;
        ends.push(sum);
    }
    let low = ends.iter().copied().fold(0.0, f64::min);
    let high = ends.iter().copied().fold(0.0, f64::max);
    // Room for a bar that has no width, and no division by zero where nothing weighs anything.
    let scale = (WIDTH - 8.0) / (high - low).max(1.0);
    let place = |value: f64| tenth(4.0 + (value - low) * scale);
    let bar = |row: usize, from: f64, to: f64| Bar {
        y: row as f64 * ROW + 18.0,
        x: place(from.min(to)),
        width: tenth((to - from).abs() * scale).max(1.0),
        end: place(to),
        weight: to - from,
    };
    let mut bars: Vec<Bar> = ends.windows(2).enumerate().map(|(row, ends)| bar(row, ends[0], ends[1])).collect();
    bars.push(bar(weights.len(), 0.0, sum));
    Waterfall { height: bars.len() as f64 * ROW, zero: place(0.0), bars, total: sum }
}

/// A graph on the plane.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Plane {
    /// Units from top to bottom.
    pub height: f64,
    /// The nodes, in the graph's order.
    pub nodes: Vec<Spot>,
    /// The edges, in the graph's order.
    pub edges: Vec<Line>,
}

/// Where a node is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Spot {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
}

/// Where an edge is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Line {
    /// One end.
    pub x1: f64,
    /// One end.
    pub y1: f64,
    /// The other end.
    pub x2: f64,
    /// The other end.
    pub y2: f64,
    /// Its middle.
    pub x: f64,
    /// Its middle.
    pub y: f64,
    /// Thickness: 1 for an even chance, 5 for a certain link.
    pub thickness: f64,
}

/// Nodes that can be drawn so that one can be told from another; a table has all of them.
pub(crate) const MOST_NODES: usize = 60;

/// The customer's records on a circle, those of the likeliest links next to each other; records of others around them, next to theirs.
/// `None` where there are too many to be told apart.
pub(crate) fn plane(graph: &Graph) -> Option<Plane> {
    const HEIGHT: f64 = 380.0;
    let count = graph.nodes.len();
    if count > MOST_NODES {
        return None;
    }
    let mut order: Vec<usize> = Vec::new();
    for edge in graph.edges.iter().filter(|edge| is_link(edge)) {
        for node in [edge.l, edge.r] {
            if graph.nodes[node].own && !order.contains(&node) {
                order.push(node);
            }
        }
    }
    order.extend((0..count).filter(|node| graph.nodes[*node].own && !order.contains(node)).collect::<Vec<_>>());
    let (middle_x, middle_y) = (WIDTH / 2.0, HEIGHT / 2.0);
    let has_others = order.len() < count;
    let radius = match (order.len(), has_others) {
        (1, _) => 0.0,
        (_, true) => 95.0,
        (_, false) => 145.0,
    };
    // From the top on, clockwise.
    let mut angle = vec![0.0; count];
    for (place, node) in order.iter().enumerate() {
        angle[*node] = TAU * place as f64 / order.len() as f64 - PI / 2.0;
    }
    let at = |angle: f64, radius: f64| Spot {
        x: tenth(middle_x + radius * angle.cos()),
        y: tenth(middle_y + radius * angle.sin()),
    };
    let mut nodes: Vec<Spot> = (0..count).map(|node| at(angle[node], radius)).collect();
    let neighbour = |node: usize| {
        let mut edges = graph.edges.iter();
        let edge = edges
            .find(|edge| (edge.l == node && graph.nodes[edge.r].own) || (edge.r == node && graph.nodes[edge.l].own));
        edge.map_or(0.0, |edge| angle[if edge.l == node { edge.r } else { edge.l }])
    };
    let mut others: Vec<(f64, usize)> =
        (0..count).filter(|node| !graph.nodes[*node].own).map(|node| (neighbour(node), node)).collect();
    others.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    // Each as near to its own as the others leave room, the order around the circle kept.
    let room = TAU / others.len().max(1) as f64;
    let first = others.first().map_or(0.0, |(angle, _)| *angle);
    for (place, (wanted, node)) in others.iter().enumerate() {
        let even = first + place as f64 * room;
        let near = if others.len() <= 3 { wanted + 0.25 * place as f64 } else { even };
        nodes[*node] = at(near, 165.0);
    }
    let line = |edge: &crate::audit::graph::Edge| {
        let (l, r) = (&nodes[edge.l], &nodes[edge.r]);
        Line {
            x1: l.x,
            y1: l.y,
            x2: r.x,
            y2: r.y,
            x: tenth((l.x + r.x) / 2.0),
            y: tenth((l.y + r.y) / 2.0),
            thickness: tenth(1.0 + 8.0 * (edge.probability - 0.5).max(0.0)),
        }
    };
    let edges = graph.edges.iter().map(line).collect();
    Some(Plane { height: HEIGHT, nodes, edges })
}

/// Contacts of all channels, month by month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct TimeLine {
    /// Units from top to bottom.
    pub height: f64,
    /// Channel, height of its lane, its contacts.
    pub lanes: Vec<(String, f64, usize)>,
    /// Circles.
    pub dots: Vec<Dot>,
    /// Year and its place.
    pub years: Vec<(String, f64)>,
    /// The first and the last day.
    pub days: [String; 2],
}

/// The contacts of a channel in a month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Dot {
    /// From the left.
    pub x: f64,
    /// From the top.
    pub y: f64,
    /// Radius: its area grows with the contacts.
    pub r: f64,
    /// The month.
    pub month: String,
    /// The channel.
    pub channel: String,
    /// How many.
    pub contacts: usize,
}

/// The time line of contacts. `None` where none has a time.
pub(crate) fn time_line(contacts: &[Contact]) -> Option<TimeLine> {
    const LEFT: f64 = 80.0;
    const LANE: f64 = 44.0;
    let mut months: BTreeMap<(&str, i32), usize> = BTreeMap::new();
    let mut days: Vec<&str> = Vec::new();
    for contact in contacts {
        let Some(at) = contact.occurred_at.as_deref() else { continue };
        let Some(month) = month_of(at) else { continue };
        *months.entry((&contact.channel, month)).or_default() += 1;
        days.extend(at.get(..10));
    }
    let first = months.keys().map(|(_, month)| *month).min()?;
    let last = months.keys().map(|(_, month)| *month).max()?;
    let mut lanes: BTreeMap<&str, usize> = BTreeMap::new();
    months.iter().for_each(|((channel, _), contacts)| *lanes.entry(channel).or_default() += contacts);
    let lane_of: BTreeMap<&str, f64> =
        lanes.keys().enumerate().map(|(place, channel)| (*channel, 24.0 + place as f64 * LANE)).collect();
    let step = (WIDTH - LEFT - 24.0) / f64::from((last - first).max(1));
    let place = |month: i32| tenth(LEFT + 12.0 + f64::from(month - first) * step);
    let dots = months.iter().map(|((channel, month), contacts)| Dot {
        x: place(*month),
        y: lane_of[channel],
        r: tenth((3.0 + 2.0 * ((*contacts as f64).sqrt() - 1.0)).min(LANE / 2.0)),
        month: month_text(*month),
        channel: channel.to_string(),
        contacts: *contacts,
    });
    let januaries = (first..=last).filter(|month| month % 12 == 0);
    let mut years: Vec<(String, f64)> = januaries.map(|month| ((month / 12).to_string(), place(month))).collect();
    // Of decades every year would cover the one beside it.
    let every = years.len().div_ceil(8).max(1);
    years = years.into_iter().step_by(every).collect();
    days.sort_unstable();
    Some(TimeLine {
        height: 24.0 + lanes.len() as f64 * LANE,
        dots: dots.collect(),
        lanes: lanes.iter().map(|(channel, contacts)| (channel.to_string(), lane_of[channel], *contacts)).collect(),
        years,
        days: [days.first()?.to_string(), days.last()?.to_string()],
    })
}

/// Months since the year 0, of `2026-03-31T…`.
fn month_of(at: &str) -> Option<i32> {
    let year: i32 = at.get(..4)?.parse().ok()?;
    let month: i32 = at.get(5..7)?.parse().ok()?;
    Some(year * 12 + month - 1)
}

fn month_text(month: i32) -> String {
    format!("{:04}-{:02}", month / 12, month % 12 + 1)
}

/// Two shares over thresholds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Curves {
    /// The points of each curve, as `points` of a polyline.
    pub points: [String; 2],
    /// Marks of the vertical axis: share, height.
    pub marks: Vec<(f64, f64)>,
    /// Marks of the horizontal axis: threshold, place.
    pub thresholds: Vec<(f64, f64)>,
    /// Where the run's own threshold is.
    pub own: Option<f64>,
}

/// Curves of thresholds, each with two shares.
pub(crate) fn curves(points: &[(f64, [f64; 2])], own: Option<f64>) -> Option<Curves> {
    const LEFT: f64 = 52.0;
    const TOP: f64 = 12.0;
    const HEIGHT: f64 = 160.0;
    if points.len() < 2 {
        return None;
    }
    let least = points.iter().flat_map(|(_, shares)| *shares).fold(1.0, f64::min);
    // The axis begins at a whole twentieth, and has some height where all shares are one.
    let bottom = ((least * 20.0).floor() / 20.0).min(0.95);
    let y = |share: f64| tenth(TOP + (1.0 - share) / (1.0 - bottom) * HEIGHT);
    // Evenly by place: thresholds crowd near one, where the questions are.
    let step = (WIDTH - LEFT - 24.0) / (points.len() - 1) as f64;
    let x = |place: usize| tenth(LEFT + 8.0 + place as f64 * step);
    let line = |of: usize| {
        let at = |(place, (_, shares)): (usize, &(f64, [f64; 2]))| format!("{},{}", x(place), y(shares[of]));
        points.iter().enumerate().map(at).collect::<Vec<_>>().join(" ")
    };
    let mark = |part: usize| {
        let share = bottom + (1.0 - bottom) * part as f64 / 4.0;
        (share, y(share))
    };
    let is_own = |threshold: f64| own.is_some_and(|own| (own - threshold).abs() < 1e-9);
    Some(Curves {
        points: [line(0), line(1)],
        marks: (0..=4).map(mark).collect(),
        thresholds: points.iter().enumerate().map(|(place, (threshold, _))| (*threshold, x(place))).collect(),
        own: points.iter().position(|(threshold, _)| is_own(*threshold)).map(x),
    })
}

/// Counts of runs as bars, the oldest first: left edge, top, height.
pub(crate) fn bars(counts: &[i64]) -> Vec<(f64, f64, f64)> {
    const HEIGHT: f64 = 60.0;
    let most = counts.iter().copied().max().unwrap_or(0).max(1) as f64;
    let step = WIDTH / counts.len().max(1) as f64;
    let bar = |(place, count): (usize, &i64)| {
        let height = tenth(HEIGHT * *count as f64 / most);
        (tenth(place as f64 * step), tenth(HEIGHT - height), height)
    };
    counts.iter().enumerate().map(bar).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::graph::{Edge, Node};

    #[test]
    fn bars_begin_where_the_one_before_ended_and_the_last_is_the_sum() {
        let drawn = waterfall(&[-11.0, 14.0, 9.0, -2.0]);
        assert_eq!(drawn.total, 10.0);
        for pair in drawn.bars[..4].windows(2) {
            let begins = if pair[1].weight < 0.0 { pair[1].x + pair[1].width } else { pair[1].x };
            assert!((begins - pair[0].end).abs() < 0.3, "{pair:?}");
        }
        assert_eq!(drawn.bars[4].x, drawn.zero);
        let inside = |bar: &Bar| bar.x >= 0.0 && bar.x + bar.width <= WIDTH;
        assert!(drawn.bars.iter().all(inside));
        assert!(waterfall(&[]).bars.iter().all(|bar| bar.width.is_finite()));
    }

    #[test]
    fn no_two_records_of_a_graph_lie_on_each_other() {
        let node = |at: usize| Node { record: at.to_string(), customer_id: String::new(), own: at < 9 };
        let edge = |l: usize, r: usize| Edge {
            l,
            r,
            decision: "matched".into(),
            same: false,
            probability: 0.9,
            household_probability: 0.0,
            weight: 1.0,
            rule: String::new(),
            reason: None,
            weak: false,
            bridge: false,
        };
        let edges: Vec<Edge> = (1..14).map(|r| edge(0, r)).collect();
        let nodes = (0..14).map(node).collect();
        let graph = Graph { customer_id: String::new(), nodes, edges, more: false };
        let drawn = plane(&graph).expect("few enough");
        for (at, a) in drawn.nodes.iter().enumerate() {
            assert!((0.0..=WIDTH).contains(&a.x) && (0.0..=drawn.height).contains(&a.y));
            for b in &drawn.nodes[at + 1..] {
                assert!((a.x - b.x).hypot(a.y - b.y) > 24.0, "{a:?} {b:?}");
            }
        }
    }

    #[test]
    fn a_time_line_counts_contacts_by_month_and_channel() {
        let contact = |at: &str, channel: &str| Contact {
            occurred_at: Some(at.into()),
            channel: channel.into(),
            event_type: "purchase".into(),
            record_id: None,
            item_name: None,
            category: None,
            amount: None,
            detail: None,
        };
        let contacts = [
            contact("2024-12-31T15:00:00Z", "shop"),
            contact("2025-01-02T00:00:00Z", "shop"),
            contact("2025-01-03T00:00:00Z", "app"),
        ];
        let drawn = time_line(&contacts).expect("times");
        assert_eq!((drawn.lanes.len(), drawn.dots.len(), drawn.years.len()), (2, 3, 1));
        assert_eq!(time_line(&[]), None);
    }

    #[test]
    fn curves_stay_in_their_box() {
        let drawn =
            curves(&[(0.5, [0.99, 0.998]), (0.8, [0.993, 0.994]), (0.99, [0.9997, 0.9])], Some(0.8)).expect("drawn");
        assert!(drawn.own.is_some());
        assert_eq!(drawn.marks.first().map(|(share, _)| *share), Some(0.9));
        assert_eq!(curves(&[(0.5, [1.0, 1.0])], None), None);
    }
}
