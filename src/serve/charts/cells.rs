//! A heat map: cohorts below each other, days beside each other, a darker cell for a higher value.

use serde::Serialize;

use super::scale::{Mark, tenth};
use crate::serve::draw::WIDTH;

/// Shades of a cell, from 1 to this one. More cannot be told apart, and each has a colour on which its number can be read.
pub(super) const LEVELS: usize = 7;

/// Columns that fit beside each other with their numbers; of more every second or third is drawn, and the table has all.
const COLUMNS: usize = 12;

/// Units before the first column: a month and how many bought first.
const LEFT: f64 = 86.0;

/// Units of a row.
const ROW: f64 = 19.0;

/// Units above the first row: days.
const TOP: f64 = 18.0;

/// A heat map, drawn.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Cells {
    /// Units from top to bottom.
    pub height: f64,
    /// Where the numbers of buyers end, before the first column.
    pub buyers: f64,
    /// Height of a cell.
    pub row: f64,
    /// Width of a cell.
    pub column: f64,
    /// The middle of each column, and its days.
    pub columns: Vec<Mark>,
    /// The rows.
    pub rows: Vec<CellRow>,
    /// The highest value: that of the darkest cell.
    pub highest: f64,
    /// What numbers are written in: one, a thousand or a million yen, so that three digits are enough.
    pub unit: i64,
}

/// A row of a heat map.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct CellRow {
    /// The cohort.
    pub name: String,
    /// How many are in it.
    pub buyers: i64,
    /// Top.
    pub y: f64,
    /// Its cells; what is not known yet has none.
    pub cells: Vec<Cell>,
}

/// A cell.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Cell {
    /// Left.
    pub x: f64,
    /// Shade.
    pub level: usize,
    /// Value.
    pub value: f64,
}

/// A cohort: name, buyers, values by step.
pub(super) type Cohort = (String, i64, Vec<Option<f64>>);

/// The heat map of cohorts over days. `None` where no value is known.
pub(super) fn cells(days: &[i64], cohorts: &[Cohort]) -> Option<Cells> {
    let known = |value: &Option<f64>| value.filter(|value| value.is_finite());
    let highest = cohorts.iter().flat_map(|(_, _, values)| values.iter().filter_map(known)).reduce(f64::max)?;
    let every = days.len().div_ceil(COLUMNS).max(1);
    // The last step is the most interesting one: from it backwards.
    let first = (days.len() - 1) % every;
    let shown: Vec<usize> = (first..days.len()).step_by(every).collect();
    let column = tenth((WIDTH - LEFT) / shown.len() as f64);
    let x = |place: usize| tenth(LEFT + place as f64 * column);
    let level = |value: f64| match highest > 0.0 {
        true => ((value / highest * LEVELS as f64).ceil() as usize).clamp(1, LEVELS),
        false => 1,
    };
    // A cohort that is too young for the first column says nothing yet.
    let is_shown = |values: &[Option<f64>]| shown.iter().any(|step| values.get(*step).and_then(known).is_some());
    let cohorts: Vec<&Cohort> = cohorts.iter().filter(|(_, _, values)| is_shown(values)).collect();
    let row = |(place, (name, buyers, values)): (usize, &&Cohort)| CellRow {
        name: name.clone(),
        buyers: *buyers,
        y: TOP + place as f64 * ROW,
        cells: shown
            .iter()
            .enumerate()
            .filter_map(|(place, step)| {
                let value = known(values.get(*step)?)?;
                Some(Cell { x: x(place), level: level(value), value })
            })
            .collect(),
    };
    Some(Cells {
        height: TOP + cohorts.len() as f64 * ROW + 2.0,
        buyers: LEFT - 6.0,
        row: ROW - 1.5,
        column: tenth(column - 1.5),
        columns: shown
            .iter()
            .enumerate()
            .map(|(place, step)| Mark { value: days[*step] as f64, at: tenth(x(place) + column / 2.0) })
            .collect(),
        rows: cohorts.iter().enumerate().map(row).collect(),
        unit: [1_000_000, 1000].into_iter().find(|unit| highest >= 10.0 * *unit as f64).unwrap_or(1),
        highest,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cohort(values: &[Option<f64>]) -> Cohort {
        ("2026-01".into(), 10, values.to_vec())
    }

    #[test]
    fn a_higher_value_is_no_lighter_and_what_is_not_known_has_no_cell() {
        let drawn =
            cells(&[30, 60, 90], &[cohort(&[Some(1.0), Some(50.0), Some(100.0)]), cohort(&[Some(0.0), None, None])]);
        let drawn = drawn.expect("drawn");
        let levels: Vec<usize> = drawn.rows[0].cells.iter().map(|cell| cell.level).collect();
        assert_eq!(levels, [1, 4, LEVELS]);
        assert_eq!(drawn.rows[1].cells.iter().map(|cell| cell.level).collect::<Vec<_>>(), [1]);
        assert_eq!(drawn.unit, 1);
        let thousands = cells(&[30], &[cohort(&[Some(12_345.0)]), cohort(&[None])]).expect("drawn");
        assert_eq!((thousands.unit, thousands.rows.len()), (1000, 1));
    }

    #[test]
    fn no_value_zero_and_negative_values_have_the_lightest_cell_or_none() {
        assert_eq!(cells(&[], &[]), None);
        assert_eq!(cells(&[30], &[cohort(&[None])]), None);
        for value in [0.0, -5.0] {
            let drawn = cells(&[30], &[cohort(&[Some(value)])]).expect("drawn");
            assert_eq!(drawn.rows[0].cells[0].level, 1);
        }
    }

    #[test]
    fn of_many_steps_the_last_one_is_always_there_and_all_fit() {
        for count in 1..60i64 {
            let days: Vec<i64> = (1..=count).map(|n| n * 30).collect();
            let values = vec![Some(1.0); days.len()];
            let drawn = cells(&days, &[cohort(&values)]).expect("drawn");
            assert_eq!(drawn.columns.last().map(|mark| mark.value), Some(count as f64 * 30.0));
            let right = drawn.rows[0].cells.last().map(|cell| cell.x + drawn.column).expect("a cell");
            assert!(drawn.columns.len() <= COLUMNS && right <= WIDTH, "{count}: {right}");
        }
    }
}
