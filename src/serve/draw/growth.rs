//! The drawing of how a customer grew: a row for each record, a column for each step of the clustering.

use std::collections::BTreeMap;

use serde::Serialize;

use super::WIDTH;
use crate::audit::growth::Growth as Grown;

/// How a customer grew: a row for each record, a column for each step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Growth {
    /// Where the rows begin, behind their names.
    pub left: f64,
    /// Units from left to right: more than [`WIDTH`] where there are many steps.
    pub width: f64,
    /// Units from top to bottom.
    pub height: f64,
    /// Each record, by its place, and the height of its row, in the order in which they came together.
    pub rows: Vec<(usize, f64)>,
    /// For each step its place from the left and the groups that it left.
    pub steps: Vec<(f64, Vec<Together>)>,
}

/// Records that are one group behind a step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Together {
    /// From the left.
    pub x: f64,
    /// Heights of the records, and whether the likeliest link of the step is theirs.
    pub dots: Vec<(f64, bool)>,
    /// From where the line goes.
    pub top: f64,
    /// To where.
    pub bottom: f64,
}

/// The growth of a customer. `None` where nothing was joined.
pub(crate) fn growth(grown: &Grown) -> Option<Growth> {
    const LEFT: f64 = 104.0;
    const COLUMN: f64 = 44.0;
    const LINE: f64 = 30.0;
    /// Between two groups of a step.
    const ASIDE: f64 = 14.0;
    let steps = grown.steps.as_ref().filter(|steps| !steps.is_empty())?;
    let mut order: Vec<usize> = Vec::new();
    for step in steps {
        let named = step.before.iter().flatten();
        order.extend(named.filter(|record| !order.contains(record)).copied().collect::<Vec<_>>());
    }
    let heights: BTreeMap<usize, f64> =
        order.iter().enumerate().map(|(place, record)| (*record, 20.0 + place as f64 * LINE)).collect();
    let columns = steps.iter().enumerate().map(|(column, step)| {
        let x = LEFT + 20.0 + column as f64 * COLUMN;
        let ends = step.links.first().map(|link| [link.l, link.r]);
        let group = |(place, group): (usize, &Vec<usize>)| {
            let is_end = |record: &usize| ends.is_some_and(|ends| ends.contains(record));
            let dots: Vec<(f64, bool)> =
                group.iter().filter_map(|record| Some((*heights.get(record)?, is_end(record)))).collect();
            Together {
                x: x + place as f64 * ASIDE,
                top: dots.iter().map(|(y, _)| *y).fold(f64::MAX, f64::min),
                bottom: dots.iter().map(|(y, _)| *y).fold(0.0, f64::max),
                dots,
            }
        };
        (x, step.after.iter().enumerate().map(group).collect())
    });
    Some(Growth {
        left: LEFT,
        width: (LEFT + 40.0 + steps.len() as f64 * COLUMN).max(WIDTH),
        height: 40.0 + order.len() as f64 * LINE,
        rows: order.iter().map(|record| (*record, heights[record])).collect(),
        steps: columns.collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::growth::{Grown as Record, GrowthLink, GrowthStep};

    #[test]
    fn a_customer_grows_column_by_column() {
        let record = |at: usize| Record { record: at.to_string(), own: at < 3 };
        let step = |how, before: &[&[usize]], after: &[&[usize]]| GrowthStep {
            how,
            before: before.iter().map(|group| group.to_vec()).collect(),
            after: after.iter().map(|group| group.to_vec()).collect(),
            bits: 1.0,
            links: vec![GrowthLink { l: before[0][0], r: before[1][0], probability: 0.9, weak: true }],
        };
        let steps = vec![
            step("joined", &[&[2], &[3]], &[&[2, 3]]),
            step("joined", &[&[0], &[1]], &[&[0, 1]]),
            step("moved", &[&[0, 1], &[2, 3]], &[&[0, 1, 2], &[3]]),
        ];
        let grown = |steps| Grown { customer_id: String::new(), records: (0..4).map(record).collect(), steps };
        let drawn = growth(&grown(Some(steps))).expect("it grew");
        assert_eq!(drawn.rows.iter().map(|(record, _)| *record).collect::<Vec<_>>(), [2, 3, 0, 1]);
        let dots: Vec<Vec<usize>> =
            drawn.steps.iter().map(|(_, groups)| groups.iter().map(|group| group.dots.len()).collect()).collect();
        assert_eq!(dots, [vec![2], vec![2], vec![3, 1]], "two groups beside each other behind the last step");
        let (parted, alone) = (&drawn.steps[2].1[0], &drawn.steps[2].1[1]);
        assert!(alone.x > parted.x && alone.top == alone.bottom && parted.top < parted.bottom);
        assert_eq!((growth(&grown(Some(Vec::new()))), growth(&grown(None))), (None, None));
    }
}
