//! Charts of the analyses, as a page and as one file: lifetime value, cohorts, stages, deciles, channels, segments, figures with ranges.
//!
//! In: rows of the published marts ([`crate::audit::charts`]). Out: a [`View`] of plain numbers, which the templates `charts_body` and
//! `charts/…` write as SVG with a table beside each drawing. [`html`] is the file: the same body, with the stylesheet in it.

mod bars;
mod cells;
mod flows;
pub(super) mod format;
mod lines;
#[cfg(test)]
mod page_test;
mod scale;
mod sets;
mod uplifts;

use std::collections::{BTreeMap, BTreeSet};

use minijinja::context;
use serde::Serialize;

use super::page::Lang;
use super::templates;
use crate::audit::charts::{Charts, CohortBy, CurvePoint, ErrorBar, MonthFigure, Move};
use crate::error::{Error, Result};
use crate::lake::snapshot::{PublishedRun, time_text};
use crate::tables::contract::{GOLDEN_CUSTOMER, SOURCE_RECORD};
use lines::{Frame, Lines, Series};

/// Cohorts of a product or a medium that are drawn: as many colours can be told apart by everybody.
const COLOURS: usize = 6;

/// Shades of cohorts by month, from the oldest to the newest.
const SHADES: usize = 6;

/// Months that are drawn of cohorts, the newest: three years, and what fits on a page.
const MONTHS: usize = 36;

/// Moves that a table lists, those of most customers: of ranks of three figures there are thousands.
const LISTED: usize = 60;

/// Everything that templates draw.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct View {
    /// The run.
    pub head: Head,
    /// The rows, for tables and for the sentence of a chart that is left out.
    pub charts: Charts,
    /// Headline figures with their ranges.
    pub bars: Option<bars::Ranges>,
    /// The figure that moves most over the thresholds.
    pub widest: Option<usize>,
    /// Uplifts of campaigns with their ranges.
    pub uplifts: Option<uplifts::Uplifts>,
    /// Figures by month.
    pub months: Vec<MonthChart>,
    /// Lifetime value by kind of cohort.
    pub curves: Vec<CurveChart>,
    /// Cohorts by month over days.
    pub cells: Option<cells::Cells>,
    /// Stages.
    pub stages: Vec<bars::StageBar>,
    /// Deciles.
    pub deciles: Option<bars::Deciles>,
    /// The fewest deciles that have half of the sales.
    pub half: Option<usize>,
    /// Channels.
    pub sets: Option<sets::Sets>,
    /// Share of customers with two channels and more.
    pub several: Option<f64>,
    /// Moves by kind of segments.
    pub moves: Vec<MoveChart>,
    /// Lengths of bars of restated figures.
    pub restated: Vec<f64>,
}

/// What is above the charts.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Head {
    /// Number of the run.
    pub run: i64,
    /// Its id.
    pub run_id: String,
    /// Time as of which its analyses hold.
    pub as_of: String,
    /// The zone in which its days begin.
    pub zone: String,
    /// Records.
    pub records: u64,
    /// Customers.
    pub customers: u64,
}

impl Head {
    /// Of a published run.
    pub(crate) fn of(run: &PublishedRun) -> Self {
        let rows = |table: &str| run.tables.iter().find(|(name, ..)| name == table).map_or(0, |(.., rows)| *rows);
        Head {
            run: run.number,
            run_id: run.run_id.clone(),
            as_of: time_text(run.as_of),
            zone: run.zone().name().to_string(),
            records: rows(SOURCE_RECORD.name),
            customers: rows(GOLDEN_CUSTOMER.name),
        }
    }
}

/// A figure by month.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MonthChart {
    /// Its name.
    pub figure: String,
    /// The months.
    pub months: Vec<String>,
    /// Its values.
    pub values: Vec<Option<f64>>,
    /// The drawing; none where no value is known.
    pub lines: Option<Lines>,
}

/// Lifetime value of cohorts of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct CurveChart {
    /// How cohorts are made.
    pub by: CohortBy,
    /// Days of the steps.
    pub days: Vec<i64>,
    /// Cohorts with their buyers and values.
    pub cohorts: Vec<cells::Cohort>,
    /// All buyers of all cohorts, at each step those who are old enough.
    pub all: Vec<Option<f64>>,
    /// The drawing; none where no value is known.
    pub lines: Option<Lines>,
}

/// Moves between segments of one kind.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct MoveChart {
    /// The kind.
    pub kind: String,
    /// Customers who are in another segment.
    pub moved: i64,
    /// All customers.
    pub customers: i64,
    /// The drawing; none where there are too many segments.
    pub flows: Option<flows::Flows>,
    /// The rows of its table, those of most customers first.
    pub rows: Vec<Move>,
    /// Rows that the table leaves out.
    pub more: usize,
}

/// The view of these charts.
pub(crate) fn view(head: Head, charts: Charts) -> View {
    let stages = charts.stages.rows();
    let curves: Vec<CurveChart> = [CohortBy::Month, CohortBy::Medium, CohortBy::Item]
        .into_iter()
        .filter_map(|by| curve(by, charts.curves.rows()))
        .collect();
    let by_month = curves.iter().find(|chart| chart.by == CohortBy::Month);
    let rows = charts.deciles.rows();
    let total: i64 = charts.channels.rows().iter().map(|set| set.customers).sum();
    let several: i64 =
        charts.channels.rows().iter().filter(|set| set.channels.contains('+')).map(|set| set.customers).sum();
    View {
        bars: bars::ranges(charts.bars.rows()),
        widest: widest(&charts),
        uplifts: uplifts::uplifts(charts.campaigns.rows()),
        months: months(charts.months.rows()),
        cells: by_month.and_then(|chart| cells::cells(&chart.days, &chart.cohorts)),
        curves,
        stages: bars::stages(stages),
        deciles: bars::deciles(rows),
        // Of fewer than ten buyers a decile is no tenth of them.
        half: (rows.len() == 10)
            .then(|| rows.iter().position(|row| row.cumulative_share.is_some_and(|share| (0.5..=1.0).contains(&share))))
            .flatten(),
        sets: sets::sets(charts.channels.rows()),
        several: (total > 0).then(|| several as f64 / total as f64),
        moves: moves(charts.moves.rows()),
        restated: bars::restated(charts.restated.rows()),
        head,
        charts,
    }
}

/// The page of one file: all charts of a run, with nothing from outside.
///
/// # Errors
/// A bug, where the template cannot be drawn.
pub(crate) fn html(view: &View, lang: Lang) -> Result<String> {
    let drawn = templates::all(lang)
        .and_then(|all| all.get_template("report"))
        .and_then(|template| template.render(context! { view, lang, zone => view.head.zone }));
    // The sentence of the library may quote a value.
    drawn.map_err(|error| Error::bug(format!("the report cannot be drawn: {}", error.kind())))
}

/// The figure with the widest range about its value.
fn widest(charts: &Charts) -> Option<usize> {
    let width = |row: &ErrorBar| {
        let value = row.value.filter(|value| *value != 0.0)?;
        Some((row.high? - row.low?) / value.abs())
    };
    let widths = charts.bars.rows().iter().enumerate().filter_map(|(place, row)| Some((place, width(row)?)));
    widths.filter(|(_, width)| *width > 0.0).max_by(|a, b| a.1.total_cmp(&b.1)).map(|(place, _)| place)
}

/// A drawing for each figure, in the order in which they come.
fn months(rows: &[MonthFigure]) -> Vec<MonthChart> {
    const FRAME: Frame = Frame { left: 44.0, right: 192.0, top: 8.0, bottom: 84.0 };
    let all: BTreeSet<&str> = rows.iter().map(|row| row.month.as_str()).collect();
    let mut names: Vec<&str> = Vec::new();
    for row in rows {
        if !names.contains(&row.figure.as_str()) {
            names.push(&row.figure);
        }
    }
    let chart = |figure: &str| {
        let known: BTreeMap<&str, f64> = rows
            .iter()
            .filter(|row| row.figure == figure)
            .filter_map(|row| Some((row.month.as_str(), row.value?)))
            .collect();
        let values: Vec<Option<f64>> = all.iter().map(|month| known.get(month).copied()).collect();
        let series = Series { name: figure.into(), class: "c1".into(), is_named: false, values: values.clone() };
        MonthChart {
            figure: figure.into(),
            months: all.iter().map(|month| month.to_string()).collect(),
            lines: lines::lines(&[series], FRAME, false, 2),
            values,
        }
    };
    names.into_iter().map(chart).collect()
}

/// Lifetime value of cohorts of one kind. `None` where there is none.
fn curve(by: CohortBy, rows: &[CurvePoint]) -> Option<CurveChart> {
    // Narrower than other drawings: three stand beside each other.
    const FRAME: Frame = Frame { left: 46.0, right: 246.0, top: 10.0, bottom: 210.0 };
    let rows: Vec<&CurvePoint> = rows.iter().filter(|row| row.by == by).collect();
    let days: Vec<i64> = rows.iter().map(|row| row.days).collect::<BTreeSet<_>>().into_iter().collect();
    let mut points: BTreeMap<&str, (i64, BTreeMap<i64, f64>)> = BTreeMap::new();
    for row in &rows {
        let (buyers, values) = points.entry(&row.cohort).or_default();
        *buyers = row.buyers.max(*buyers);
        values.extend(row.value.map(|value| (row.days, value)));
    }
    let cohort = |(name, (buyers, values)): (&&str, &(i64, BTreeMap<i64, f64>))| {
        (name.to_string(), *buyers, days.iter().map(|day| values.get(day).copied()).collect())
    };
    let mut cohorts: Vec<cells::Cohort> = points.iter().map(cohort).collect();
    let all: Vec<Option<f64>> = days.iter().map(|day| mean(&rows, *day)).collect();
    match by {
        CohortBy::Month => cohorts = cohorts.split_off(cohorts.len().saturating_sub(MONTHS)),
        CohortBy::Item | CohortBy::Medium => {
            cohorts.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
            cohorts.truncate(COLOURS);
        }
    }
    let count = cohorts.len();
    if count == 0 {
        return None;
    }
    let series = |(place, (name, _, values)): (usize, &cells::Cohort)| Series {
        name: name.clone(),
        class: match by {
            CohortBy::Month => format!("r{}", 1 + place * SHADES / count),
            CohortBy::Item | CohortBy::Medium => format!("c{}", place + 1),
        },
        // Of months the newest has a line of a step or two, at the other edge: the legend has its shade.
        is_named: by != CohortBy::Month || place == 0,
        values: values.clone(),
    };
    let mut drawn: Vec<Series> = cohorts.iter().enumerate().map(series).collect();
    if by == CohortBy::Month {
        drawn.push(Series { name: String::new(), class: "all".into(), is_named: true, values: all.clone() });
    }
    let lines = lines::lines(&drawn, FRAME, true, 5);
    Some(CurveChart { by, days, cohorts, all, lines })
}

/// The mean of the buyers of all cohorts who are old enough.
fn mean(rows: &[&CurvePoint], day: i64) -> Option<f64> {
    let known = rows.iter().filter(|row| row.days == day).filter_map(|row| {
        Some((row.counted.unwrap_or(row.buyers) as f64, row.value.filter(|value| value.is_finite())?))
    });
    let (buyers, sum) = known.fold((0.0, 0.0), |(all, sum), (buyers, value)| (all + buyers, sum + buyers * value));
    (buyers > 0.0).then(|| sum / buyers)
}

/// A drawing for each kind of segments.
fn moves(rows: &[Move]) -> Vec<MoveChart> {
    let kinds: BTreeSet<&str> = rows.iter().map(|row| row.kind.as_str()).collect();
    let chart = |kind: &str| {
        let mut rows: Vec<_> = rows.iter().filter(|row| row.kind == kind).cloned().collect();
        let flows = flows::flows(&rows);
        rows.sort_by(|a, b| {
            b.customers.cmp(&a.customers).then_with(|| (&a.before, &a.after).cmp(&(&b.before, &b.after)))
        });
        let customers = rows.iter().map(|row| row.customers).sum();
        let moved = rows.iter().filter(|row| row.before != row.after).map(|row| row.customers).sum();
        let more = rows.len().saturating_sub(LISTED);
        rows.truncate(LISTED);
        MoveChart { kind: kind.into(), moved, customers, flows, rows, more }
    };
    let mut charts: Vec<MoveChart> = kinds.into_iter().map(chart).collect();
    // What is a table only comes last.
    charts.sort_by_key(|chart| chart.flows.is_none());
    charts
}
