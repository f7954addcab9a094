//! Bars: deciles with their cumulative share, stages of purchases, figures with their ranges, restated figures.

use serde::Serialize;

use super::lines::Frame;
use super::scale::{Axis, Mark, tenth};
use crate::audit::charts::{Decile, ErrorBar, RestatedMart, Stage};
use crate::serve::draw::WIDTH;

/// A bar.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Bar {
    /// Left.
    pub x: f64,
    /// Top.
    pub y: f64,
    /// Width.
    pub width: f64,
    /// Height.
    pub height: f64,
}

/// Deciles: a bar for the share of each, a line for the share of all up to it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Deciles {
    /// The box.
    pub frame: Frame,
    /// Marks of shares.
    pub marks: Vec<Mark>,
    /// A bar for each decile.
    pub bars: Vec<Bar>,
    /// Where the cumulative share of each decile is, and `points` of the line through them.
    pub dots: Vec<[f64; 2]>,
    /// The line.
    pub points: String,
}

/// The drawing of deciles. `None` where no share is known.
pub(super) fn deciles(rows: &[Decile]) -> Option<Deciles> {
    let frame = Frame { left: 40.0, right: WIDTH - 4.0, top: 12.0, bottom: 192.0 };
    let known = |share: Option<f64>| share.filter(|share| share.is_finite());
    rows.iter().find_map(|row| known(row.share))?;
    let shares = rows.iter().flat_map(|row| [row.share, row.cumulative_share]).filter_map(known);
    let axis = Axis::from_zero(shares, 4);
    let y = |share: f64| axis.place(share, frame.bottom, frame.top);
    let step = (frame.right - frame.left) / rows.len() as f64;
    let x = |place: usize| frame.left + place as f64 * step;
    let bar = |(place, row): (usize, &Decile)| {
        let share = y(known(row.share).unwrap_or(0.0));
        let (top, bottom) = (share.min(y(0.0)), share.max(y(0.0)));
        Bar { x: tenth(x(place) + 3.0), y: top, width: tenth(step - 6.0), height: tenth(bottom - top) }
    };
    let middle = |place: usize| tenth(x(place) + step / 2.0);
    let cumulative =
        rows.iter().enumerate().filter_map(|(place, row)| Some([middle(place), y(known(row.cumulative_share)?)]));
    let dots: Vec<[f64; 2]> = cumulative.collect();
    Some(Deciles {
        marks: axis.marks(frame.bottom, frame.top),
        bars: rows.iter().enumerate().map(bar).collect(),
        points: dots.iter().map(|[x, y]| format!("{x},{y}")).collect::<Vec<_>>().join(" "),
        dots,
        frame,
    })
}

/// A stage: all of its customers, and of them those who came to the next one.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct StageBar {
    /// Top of the row.
    pub y: f64,
    /// All.
    pub all: f64,
    /// Those who came to the next stage.
    pub on: f64,
    /// Their share; none of a stage without customers.
    pub rate: Option<f64>,
}

/// Units of a stage: a bar and a line of text below.
const STAGE: f64 = 50.0;

/// The longest bar of a stage: before it its name, behind it its customers.
const LONGEST: f64 = WIDTH - 44.0 - 84.0;

/// Bars of stages, from the first purchase on.
pub(super) fn stages(rows: &[Stage]) -> Vec<StageBar> {
    let most = rows.iter().map(|row| row.customers).max().unwrap_or(0).max(1) as f64;
    let width = |customers: i64| tenth(LONGEST * customers.max(0) as f64 / most);
    let bar = |(place, row): (usize, &Stage)| {
        let rate = row.rate.filter(|rate| rate.is_finite());
        let all = width(row.customers);
        StageBar { y: place as f64 * STAGE, all, on: tenth(all * rate.unwrap_or(0.0).clamp(0.0, 1.0)), rate }
    };
    rows.iter().enumerate().map(bar).collect()
}

/// A figure's range about its value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Range {
    /// The middle of the row.
    pub y: f64,
    /// Where the lowest is; none where the figure is zero or not known: nothing is a part of it.
    pub low: Option<f64>,
    /// Where the highest is.
    pub high: Option<f64>,
    /// The lowest less the value, as a share of the value.
    pub less: Option<f64>,
    /// The highest less the value, as a share of the value.
    pub more: Option<f64>,
}

/// Figures with their ranges, on one scale of shares of the value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Ranges {
    /// Units from top to bottom.
    pub height: f64,
    /// Marks: the part by which a figure differs.
    pub marks: Vec<Mark>,
    /// Where the published value is.
    pub zero: f64,
    /// A row for each figure.
    pub rows: Vec<Range>,
}

/// Units of a figure: its name, below it its value.
const FIGURE: f64 = 40.0;

/// The drawing of ranges. `None` where there is no figure.
pub(super) fn ranges(rows: &[ErrorBar]) -> Option<Ranges> {
    const LEFT: f64 = 136.0;
    const RIGHT: f64 = 292.0;
    if rows.is_empty() {
        return None;
    }
    let part = |row: &ErrorBar, of: Option<f64>| {
        let value = row.value.filter(|value| *value != 0.0 && value.is_finite())?;
        Some((of? - value) / value.abs()).filter(|part| part.is_finite())
    };
    let widest = rows.iter().flat_map(|row| [part(row, row.low), part(row, row.high)]).flatten();
    // Where nothing moves, a hundredth is shown to both sides, so that it is seen that nothing does.
    let widest = widest.map(f64::abs).fold(0.01, f64::max);
    let axis = Axis::from_zero([-widest, widest], 2);
    let x = |part: f64| axis.place(part, LEFT, RIGHT);
    let range = |(place, row): (usize, &ErrorBar)| {
        let (less, more) = (part(row, row.low), part(row, row.high));
        Range { y: place as f64 * FIGURE + 20.0, low: less.map(x), high: more.map(x), less, more }
    };
    Some(Ranges {
        height: rows.len() as f64 * FIGURE + 22.0,
        marks: axis.marks(LEFT, RIGHT),
        zero: x(0.0),
        rows: rows.iter().enumerate().map(range).collect(),
    })
}

/// Lengths of bars of restated figures, for counts from one to millions the longest of which has 170 units.
pub(super) fn restated(rows: &[RestatedMart]) -> Vec<f64> {
    let most = rows.iter().map(|row| row.figures).max().unwrap_or(0).max(1) as f64;
    rows.iter().map(|row| tenth(170.0 * row.figures.max(0) as f64 / most).max(1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decile(decile: i64, share: Option<f64>, cumulative_share: Option<f64>) -> Decile {
        Decile { decile, customers: 1, amount: None, average_amount: None, share, cumulative_share }
    }

    fn stage(stage: i64, customers: i64, rate: Option<f64>) -> Stage {
        Stage { stage, customers, rate, days: None, residual: None }
    }

    fn figure(value: Option<f64>, low: Option<f64>, high: Option<f64>) -> ErrorBar {
        ErrorBar { figure: "f2_rate".into(), value, low, high, low_at: None, high_at: None, thresholds: None }
    }

    #[test]
    fn deciles_stand_in_their_box_also_where_returns_are_more_than_sales() {
        assert_eq!(deciles(&[]), None);
        assert_eq!(deciles(&[decile(1, None, None)]), None);
        let one = deciles(&[decile(1, Some(1.0), Some(1.0))]).expect("drawn");
        assert_eq!((one.bars.len(), one.dots[0][1]), (1, one.frame.top));
        let rows = [decile(1, Some(1.2), Some(1.2)), decile(2, Some(-0.2), Some(1.0)), decile(3, None, None)];
        let drawn = deciles(&rows).expect("drawn");
        for bar in &drawn.bars {
            assert!(bar.y >= drawn.frame.top && bar.y + bar.height <= drawn.frame.bottom + 0.1, "{bar:?}");
            assert!(bar.width > 0.0 && bar.height >= 0.0, "{bar:?}");
        }
        assert!(drawn.bars[1].y > drawn.bars[0].y, "what is negative hangs below zero");
        assert_eq!((drawn.dots.len(), drawn.bars[2].height), (2, 0.0));
    }

    #[test]
    fn of_a_stage_those_who_come_to_the_next_are_a_part() {
        let drawn = stages(&[stage(1, 200, Some(0.25)), stage(2, 50, None), stage(3, 0, Some(f64::NAN))]);
        let longest = LONGEST;
        assert_eq!(drawn.iter().map(|bar| bar.all).collect::<Vec<_>>(), [longest, longest / 4.0, 0.0]);
        assert_eq!(drawn.iter().map(|bar| bar.on).collect::<Vec<_>>(), [longest / 4.0, 0.0, 0.0]);
        assert_eq!(drawn.iter().map(|bar| bar.rate).collect::<Vec<_>>(), [Some(0.25), None, None]);
        assert!(stages(&[]).is_empty());
    }

    #[test]
    fn a_range_lies_about_its_value_and_zero_has_none() {
        assert_eq!(ranges(&[]), None);
        let rows = [
            figure(Some(0.3), Some(0.29), Some(0.32)),
            figure(Some(0.0), Some(0.0), Some(0.1)),
            figure(None, None, None),
            figure(Some(-4.0), Some(-5.0), Some(-4.0)),
        ];
        let drawn = ranges(&rows).expect("drawn");
        let [first, zero, none, negative] = drawn.rows.as_slice() else { panic!("four rows") };
        assert!(first.low < Some(drawn.zero) && first.high > Some(drawn.zero), "{first:?}");
        assert_eq!((zero.low, zero.high, none.low), (None, None, None));
        assert_eq!((negative.less, negative.high), (Some(-0.25), Some(drawn.zero)));
        let still = ranges(&[figure(Some(5.0), Some(5.0), Some(5.0))]).expect("drawn");
        assert_eq!(still.rows[0].low, Some(still.zero));
    }

    #[test]
    fn the_least_restated_mart_has_a_bar_too() {
        let row = |figures| RestatedMart { mart: "rfm".into(), figures, field: None, before: None, after: None };
        assert_eq!(restated(&[row(100_000), row(1)]), [170.0, 1.0]);
        assert!(restated(&[]).is_empty());
    }
}
