//! Figures of charts as plain data: a row for each row of a mart, or of what a chart sums up of one. No row is of one customer.

use serde::{Deserialize, Serialize};

use crate::lake::results::MartTold;

/// What a chart is drawn from.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Part<T> {
    /// The rows; none where the mart has none.
    Rows(Vec<T>),
    /// The run published no such mart.
    Absent,
    /// The mart of this name is the pipeline's own, and has no such column.
    Lacks(String),
}

/// Why there are no rows.
#[derive(Clone, Debug)]
pub(super) enum Missing {
    /// The run published no such mart.
    Mart,
    /// It has no such column.
    Column(String),
}

impl<T> From<Missing> for Part<T> {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Mart => Part::Absent,
            Missing::Column(column) => Part::Lacks(column),
        }
    }
}

impl<T> Part<T> {
    /// Whether there is a mart that it can be drawn from.
    fn is_there(&self) -> bool {
        matches!(self, Part::Rows(_))
    }

    /// The rows; none where there is no mart.
    pub(crate) fn rows(&self) -> &[T] {
        match self {
            Part::Rows(rows) => rows,
            Part::Absent | Part::Lacks(_) => &[],
        }
    }
}

/// All that charts are drawn from.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Charts {
    /// Headline figures, and between which values they are at other thresholds.
    pub bars: Part<ErrorBar>,
    /// Conversion and uplift of campaigns, and between which values they are at other thresholds.
    pub campaigns: Part<CampaignBar>,
    /// Figures by month.
    pub months: Part<MonthFigure>,
    /// Lifetime value by days since the first purchase.
    pub curves: Part<CurvePoint>,
    /// First, second, … purchase.
    pub stages: Part<Stage>,
    /// Ten equal groups of buyers.
    pub deciles: Part<Decile>,
    /// Customers by set of channels.
    pub channels: Part<ChannelSet>,
    /// Customers that went from one segment to another.
    pub moves: Part<Move>,
    /// Figures of earlier runs that are other ones now.
    pub restated: Part<RestatedMart>,
    /// Sentences of marts.
    pub told: Vec<MartTold>,
}

impl Charts {
    /// The marts whose charts are left out.
    pub(crate) fn left_out(&self) -> Vec<&'static str> {
        let parts = [
            ("error_bar", self.bars.is_there()),
            ("campaign_error_bar", self.campaigns.is_there()),
            ("kpi", self.months.is_there()),
            ("ltv_curve", self.curves.is_there()),
            ("order_stage", self.stages.is_there()),
            ("decile", self.deciles.is_there()),
            ("channel_overlap", self.channels.is_there()),
            ("segment_move", self.moves.is_there()),
            ("restatement", self.restated.is_there()),
        ];
        parts.into_iter().filter(|(_, is_there)| !is_there).map(|(mart, _)| mart).collect()
    }
}

/// A headline figure with its range.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ErrorBar {
    /// Its name.
    pub figure: String,
    /// With the published identity.
    #[serde(default)]
    pub value: Option<f64>,
    /// The lowest over the thresholds.
    #[serde(default)]
    pub low: Option<f64>,
    /// The highest.
    #[serde(default)]
    pub high: Option<f64>,
    /// The threshold of the lowest; none where it is the published one.
    #[serde(default)]
    pub low_at: Option<f64>,
    /// The threshold of the highest.
    #[serde(default)]
    pub high_at: Option<f64>,
    /// Thresholds with other people.
    #[serde(default)]
    pub thresholds: Option<i64>,
}

/// Conversion of an arm of a campaign, or its uplift against another one, with its range.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct CampaignBar {
    /// The campaign.
    pub campaign: String,
    /// The arm.
    pub arm: String,
    /// The arm that it is compared with.
    pub control: String,
    /// `rate` or `uplift`.
    pub figure: String,
    /// Persons with the published identity.
    pub persons: i64,
    /// With the published identity.
    #[serde(default)]
    pub value: Option<f64>,
    /// The lowest over the thresholds.
    #[serde(default)]
    pub low: Option<f64>,
    /// The highest.
    #[serde(default)]
    pub high: Option<f64>,
    /// The threshold of the lowest; none where it is the published one.
    #[serde(default)]
    pub low_at: Option<f64>,
    /// The threshold of the highest.
    #[serde(default)]
    pub high_at: Option<f64>,
}

/// A figure of a month.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct MonthFigure {
    /// The first day of the month.
    pub month: String,
    /// The figure's name.
    pub figure: String,
    /// Its value; none where it cannot be known yet.
    #[serde(default)]
    pub value: Option<f64>,
}

/// How cohorts are made.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "snake_case")]
pub(crate) enum CohortBy {
    /// Month of the first purchase.
    Month,
    /// The first product.
    Item,
    /// The medium of the first purchase.
    Medium,
}

/// A cohort so many days after its first purchases.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct CurvePoint {
    /// How cohorts are made.
    pub by: CohortBy,
    /// Its name.
    pub cohort: String,
    /// Days since the first purchase.
    pub days: i64,
    /// Buyers.
    pub buyers: i64,
    /// Of them those who are old enough.
    #[serde(default)]
    pub counted: Option<i64>,
    /// Sales of a buyer up to then; none where the cohort is younger.
    #[serde(default)]
    pub value: Option<f64>,
}

/// The n-th purchase.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Stage {
    /// n.
    pub stage: i64,
    /// Customers with as many purchases and more.
    pub customers: i64,
    /// Share of them with one more.
    #[serde(default)]
    pub rate: Option<f64>,
    /// Median days to that one.
    #[serde(default)]
    pub days: Option<f64>,
    /// Of the customers of the first stage the share that came here.
    #[serde(default)]
    pub residual: Option<f64>,
}

/// A tenth of the buyers.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct Decile {
    /// From 1, the highest, to 10.
    pub decile: i64,
    /// Customers.
    pub customers: i64,
    /// Sales in yen.
    #[serde(default)]
    pub amount: Option<f64>,
    /// Sales of a customer.
    #[serde(default)]
    pub average_amount: Option<f64>,
    /// Share of sales.
    #[serde(default)]
    pub share: Option<f64>,
    /// Share of sales of this one and those above.
    #[serde(default)]
    pub cumulative_share: Option<f64>,
}

/// Customers who use these channels and no others.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct ChannelSet {
    /// Channels, joined by `+`.
    pub channels: String,
    /// Customers.
    pub customers: i64,
    /// Of them with a purchase.
    #[serde(default)]
    pub buyers: Option<i64>,
    /// Sales in yen.
    #[serde(default)]
    pub amount: Option<f64>,
}

/// Customers that were in one segment and are in another, or in the same.
#[derive(Clone, Debug, PartialEq, Deserialize, Serialize)]
pub(crate) struct Move {
    /// What kind of segments.
    pub kind: String,
    /// The segment then; none where the customer was in none.
    #[serde(default)]
    pub before: Option<String>,
    /// The segment now.
    #[serde(default)]
    pub after: Option<String>,
    /// Customers.
    pub customers: i64,
}

/// Figures of a mart that were published and are other ones today.
#[derive(Clone, Debug, Deserialize, Serialize)]
pub(crate) struct RestatedMart {
    /// The mart.
    pub mart: String,
    /// How many figures.
    pub figures: i64,
    /// The column of the largest change.
    #[serde(default)]
    pub field: Option<String>,
    /// What was published.
    #[serde(default)]
    pub before: Option<f64>,
    /// What it is now.
    #[serde(default)]
    pub after: Option<f64>,
}
