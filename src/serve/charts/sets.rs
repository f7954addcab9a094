//! Channels that customers use together, as an UpSet plot: a column for each set of channels, below it a dot for each of its channels.

use std::collections::BTreeMap;

use serde::Serialize;

use super::bars::Bar;
use super::scale::{short, tenth};
use crate::audit::charts::ChannelSet;
use crate::serve::draw::WIDTH;

/// Sets that are drawn: the largest. The table has all.
pub(super) const DRAWN: usize = 10;

/// Channels that are drawn: the largest. More of them would be higher than a page.
const LANES: usize = 12;

/// Units before the first column: the names of channels and their customers.
const LEFT: f64 = 128.0;

/// Units from the top to the foot of the columns.
const COLUMNS: f64 = 150.0;

/// Units of a channel's lane.
const LANE: f64 = 24.0;

/// An UpSet plot.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Sets {
    /// Units from top to bottom.
    pub height: f64,
    /// Where columns stand.
    pub foot: f64,
    /// Sets, the largest first.
    pub columns: Vec<SetColumn>,
    /// Channels, the largest first.
    pub lanes: Vec<Lane>,
    /// Customers of sets that are not drawn.
    pub others: i64,
}

/// A set of channels.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct SetColumn {
    /// Its channels, joined by `+`.
    pub name: String,
    /// Customers.
    pub customers: i64,
    /// The column.
    pub bar: Bar,
    /// The middle of the column.
    pub middle: f64,
    /// From the highest to the lowest of its dots; none where it is of one channel.
    pub join: Option<[f64; 2]>,
}

/// A channel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Lane {
    /// Its name, whole and as it fits.
    pub name: String,
    /// As it fits.
    pub label: String,
    /// Customers who use it, alone or with others.
    pub customers: i64,
    /// The middle of the lane.
    pub y: f64,
    /// For each column whether the channel is in the set.
    pub dots: Vec<bool>,
}

/// The plot of these sets. `None` where there is no customer.
pub(super) fn sets(rows: &[ChannelSet]) -> Option<Sets> {
    let mut largest: Vec<&ChannelSet> = rows.iter().filter(|row| row.customers > 0).collect();
    largest.sort_by(|a, b| b.customers.cmp(&a.customers).then_with(|| a.channels.cmp(&b.channels)));
    let most = largest.first()?.customers as f64;
    let mut totals: BTreeMap<&str, i64> = BTreeMap::new();
    for row in &largest {
        row.channels.split('+').for_each(|channel| *totals.entry(channel).or_default() += row.customers);
    }
    let mut channels: Vec<(&str, i64)> = totals.into_iter().collect();
    channels.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(b.0)));
    channels.truncate(LANES);
    let others = largest.iter().skip(DRAWN).map(|row| row.customers).sum();
    largest.truncate(DRAWN);
    let step = (WIDTH - LEFT) / largest.len().max(4) as f64;
    let y = |lane: usize| COLUMNS + 22.0 + lane as f64 * LANE;
    let has = |row: &ChannelSet, channel: &str| row.channels.split('+').any(|own| own == channel);
    let column = |(place, row): (usize, &&ChannelSet)| {
        let left = LEFT + place as f64 * step;
        // Above the highest column is room for its number.
        let height = tenth((COLUMNS - 20.0) * row.customers as f64 / most).max(1.0);
        let own: Vec<f64> = (0..channels.len()).filter(|lane| has(row, channels[*lane].0)).map(y).collect();
        SetColumn {
            name: row.channels.clone(),
            customers: row.customers,
            bar: Bar { x: tenth(left + 3.0), y: tenth(COLUMNS - height), width: tenth(step - 6.0), height },
            middle: tenth(left + step / 2.0),
            join: own.first().zip(own.last()).filter(|(first, last)| first < last).map(|(first, last)| [*first, *last]),
        }
    };
    let lane = |(place, (name, customers)): (usize, &(&str, i64))| Lane {
        name: name.to_string(),
        label: short(name, 5),
        customers: *customers,
        y: y(place),
        dots: largest.iter().map(|row| has(row, name)).collect(),
    };
    Some(Sets {
        height: COLUMNS + 12.0 + channels.len() as f64 * LANE,
        foot: COLUMNS,
        columns: largest.iter().enumerate().map(column).collect(),
        lanes: channels.iter().enumerate().map(lane).collect(),
        others,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(channels: &str, customers: i64) -> ChannelSet {
        ChannelSet { channels: channels.into(), customers, buyers: None, amount: None }
    }

    #[test]
    fn a_channel_counts_the_customers_of_all_its_sets() {
        let drawn = sets(&[set("app", 5), set("app+shop", 20), set("app+shop+web", 1), set("web", 0)]).expect("drawn");
        let lanes: Vec<(&str, i64)> = drawn.lanes.iter().map(|lane| (lane.name.as_str(), lane.customers)).collect();
        assert_eq!(lanes, [("app", 26), ("shop", 21), ("web", 1)]);
        assert_eq!(drawn.columns.iter().map(|column| column.customers).collect::<Vec<_>>(), [20, 5, 1]);
        assert_eq!(drawn.lanes[1].dots, [true, false, true]);
        assert_eq!(drawn.columns[1].join, None, "of one channel no line");
        assert!(drawn.columns[0].join.is_some());
    }

    #[test]
    fn the_ten_largest_are_drawn_and_the_others_are_counted() {
        let all: Vec<ChannelSet> = (1..=14).map(|n| set(&format!("c{n:02}"), n)).collect();
        let drawn = sets(&all).expect("drawn");
        assert_eq!((drawn.columns.len(), drawn.others, drawn.lanes.len()), (DRAWN, 10, LANES));
        let right = drawn.columns.iter().map(|column| column.bar.x + column.bar.width).fold(0.0, f64::max);
        assert!(right <= WIDTH && drawn.columns.iter().all(|column| column.bar.y >= 18.0), "{right}");
    }

    #[test]
    fn without_customers_there_is_no_plot() {
        assert_eq!(sets(&[]), None);
        assert_eq!(sets(&[set("app", 0)]), None);
    }
}
