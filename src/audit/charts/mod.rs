//! What charts are drawn from: rows of the published marts that are of no single customer.
//!
//! In: an open lake. Out: [`Charts`], a [`Part`] for each chart. A mart is read by the names of its columns, as numbers and texts: one that
//! the run did not publish, or that a pipeline made in its own way, leaves its chart out and is no error.

mod data;

use std::collections::BTreeMap;

use arrow::datatypes::DataType;
use datafusion::functions::expr_fn::abs;
use datafusion::functions_aggregate::expr_fn::{count, first_value, max};
use datafusion::logical_expr::{SortExpr, ident, lit, try_cast};
use datafusion::prelude::DataFrame;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::Audit;
use super::rows::rows;
use crate::error::Result;
use crate::lake::WORK;
use crate::lake::manifest::Manifest;
use crate::lake::results::MartTold;
use crate::tables::contract::{RESTATEMENT, col};
use data::Missing;
pub(crate) use data::{
    CampaignBar, ChannelSet, Charts, CohortBy, CurvePoint, Decile, ErrorBar, MonthFigure, Move, Part, RestatedMart,
    Stage,
};

/// What a column is read as.
#[derive(Clone, Copy)]
enum As {
    Text,
    Whole,
    Number,
}

use As::{Number, Text, Whole};

/// A mart that a chart reads: its name; the name of a value in a row, the column that has it, and as what it is read.
struct Mart {
    name: &'static str,
    columns: &'static [(&'static str, &'static str, As)],
    /// What a row cannot be without; its rows are sorted by these, in this order.
    key: &'static [&'static str],
    /// What else a row cannot be without.
    count: &'static [&'static str],
}

const ERROR_BAR: Mart = Mart {
    name: "error_bar",
    columns: &[
        ("figure", "figure", Text),
        ("value", "value", Number),
        ("low", "low", Number),
        ("high", "high", Number),
        ("low_at", "low_at", Number),
        ("high_at", "high_at", Number),
        ("thresholds", "thresholds", Whole),
    ],
    key: &["figure"],
    count: &[],
};

const CAMPAIGN_ERROR_BAR: Mart = Mart {
    name: "campaign_error_bar",
    columns: &[
        ("campaign", "campaign", Text),
        ("arm", "arm", Text),
        ("control", "control", Text),
        ("figure", "figure", Text),
        ("persons", "persons", Whole),
        ("value", "value", Number),
        ("low", "low", Number),
        ("high", "high", Number),
        ("low_at", "low_at", Number),
        ("high_at", "high_at", Number),
    ],
    key: &["campaign", "figure", "arm", "control"],
    count: &["persons"],
};

/// Of headline figures those that people ask for first; a mart's others follow by their names.
const HEADLINES: [&str; 17] = [
    "customers",
    "buyers",
    "ltv_sales",
    "ltv_profit",
    "ltv_ratio",
    "f2_rate",
    "going_on",
    "repeat_rate",
    "churn_rate",
    "step_up_rate",
    "revisit_rate",
    "subscription_rate",
    "fee_churn_rate",
    "purchases_per_year",
    "purchases_per_buyer",
    "sales_per_person",
    "average_purchase",
];

const LTV_CURVE: Mart = Mart {
    name: "ltv_curve",
    columns: &[
        ("by", "cohort_by", Text),
        ("cohort", "cohort", Text),
        ("days", "days", Whole),
        ("buyers", "persons", Whole),
        ("counted", "counted", Whole),
        ("value", "sales_per_person", Number),
    ],
    key: &["by", "cohort", "days"],
    count: &["buyers"],
};

/// Cohorts of items and of media that are read, those of most buyers: a shop has a hundred thousand items, and a drawing six lines.
const MOST_COHORTS: usize = 6;

const ORDER_STAGE: Mart = Mart {
    name: "order_stage",
    columns: &[
        ("stage", "stage", Whole),
        ("customers", "persons", Whole),
        ("rate", "going_on", Number),
        ("days", "median_days", Number),
        ("residual", "residual", Number),
    ],
    key: &["stage"],
    count: &["customers"],
};

const DECILE: Mart = Mart {
    name: "decile",
    columns: &[
        ("decile", "decile", Whole),
        ("customers", "customers", Whole),
        ("amount", "amount", Number),
        ("average_amount", "average_amount", Number),
        ("share", "share", Number),
        ("cumulative_share", "cumulative_share", Number),
    ],
    key: &["decile"],
    count: &["customers"],
};

const CHANNEL_OVERLAP: Mart = Mart {
    name: "channel_overlap",
    columns: &[
        ("channels", "channels", Text),
        ("customers", "customers", Whole),
        ("buyers", "buyers", Whole),
        ("amount", "amount", Number),
    ],
    key: &["channels"],
    count: &["customers"],
};

/// The marts of moves with the kind of their segments; none where the mart says it in a column.
const MOVES: [(Mart, Option<&str>); 3] = [
    (
        Mart {
            name: "segment_move",
            columns: &[
                ("kind", "kind", Text),
                ("before", "from_segment", Text),
                ("after", "to_segment", Text),
                ("customers", "persons", Whole),
            ],
            key: &["kind"],
            count: &["customers"],
        },
        None,
    ),
    (
        Mart {
            name: "seven_stages_move",
            columns: &[("before", "stage_before", Text), ("after", "stage", Text), ("customers", "persons", Whole)],
            key: &[],
            count: &["customers"],
        },
        Some("seven_stages"),
    ),
    (
        Mart {
            name: "rank_move",
            columns: &[("before", "state_before", Text), ("after", "state", Text), ("customers", "members", Whole)],
            key: &[],
            count: &["customers"],
        },
        Some("member_rank"),
    ),
];

/// How marts of moves say that somebody was in no segment.
const NO_SEGMENT: &str = "none";

/// Figures by month: those of everybody.
const KPI: Mart = Mart {
    name: "kpi",
    columns: &[("month", "month", Text), ("segment_by", "segment_by", Text)],
    key: &["month"],
    count: &[],
};

/// The columns of `kpi` that are drawn, where the mart has them: what is counted, what a person buys, who comes back, who leaves.
const FIGURES: [&str; 14] = [
    "sales",
    "buyers",
    "new_persons",
    "active_persons",
    "sales_per_person",
    "average_purchase",
    "purchases_per_year",
    "f2_rate",
    "step_up_rate",
    "churn_rate",
    "revived_persons",
    "revisit_rate",
    "subscription_rate",
    "fee_churn_rate",
];

impl Audit {
    /// What charts of this run are drawn from. Read once.
    ///
    /// # Errors
    /// Environment, if a table cannot be read.
    pub(crate) async fn charts(&self) -> Result<&Charts> {
        self.charts.get_or_try_init(|| self.read_charts()).await
    }

    async fn read_charts(&self) -> Result<Charts> {
        Ok(Charts {
            bars: self.error_bars().await?,
            campaigns: self.part(&CAMPAIGN_ERROR_BAR).await?,
            months: self.month_figures().await?,
            curves: self.curve_points().await?,
            stages: self.part(&ORDER_STAGE).await?,
            deciles: self.part(&DECILE).await?,
            channels: self.part(&CHANNEL_OVERLAP).await?,
            moves: self.moves().await?,
            restated: self.restated_marts().await?,
            told: self.told().await?,
        })
    }

    /// Whether the run published a table.
    fn has_table(&self, name: &str) -> bool {
        self.run.tables.iter().any(|(known, ..)| known == name)
    }

    /// The columns of a mart, by the names of their values in a row. A value that is not of the type is none.
    async fn frame(&self, mart: &Mart) -> Result<std::result::Result<DataFrame, Missing>> {
        if !self.has_table(mart.name) {
            return Ok(Err(Missing::Mart));
        }
        let found = self.table(mart.name).await?;
        let lacks = |(_, column, _): &&(&str, &str, As)| found.schema().field_with_unqualified_name(column).is_err();
        if let Some((_, column, _)) = mart.columns.iter().find(lacks) {
            return Ok(Err(Missing::Column(column.to_string())));
        }
        let column = |(name, column, read): &(&str, &str, As)| {
            let read = match read {
                Text => DataType::Utf8,
                Whole => DataType::Int64,
                Number => DataType::Float64,
            };
            try_cast(ident(*column), read).alias(*name)
        };
        let frame = found.select(mart.columns.iter().map(column).collect::<Vec<_>>())?;
        let is_there = mart.key.iter().chain(mart.count).map(|name| ident(*name).is_not_null()).reduce(|a, b| a.and(b));
        Ok(Ok(match is_there {
            Some(is_there) => frame.filter(is_there)?,
            None => frame,
        }))
    }

    /// The rows of a mart.
    async fn part<T: DeserializeOwned>(&self, mart: &Mart) -> Result<Part<T>> {
        Ok(match self.frame(mart).await? {
            Ok(frame) => Part::Rows(rows_of(frame, mart).await?),
            Err(missing) => missing.into(),
        })
    }

    async fn error_bars(&self) -> Result<Part<ErrorBar>> {
        let mut part = self.part::<ErrorBar>(&ERROR_BAR).await?;
        if let Part::Rows(rows) = &mut part {
            let place = |row: &ErrorBar| HEADLINES.iter().position(|name| *name == row.figure);
            rows.sort_by_key(|row| place(row).unwrap_or(HEADLINES.len()));
        }
        Ok(part)
    }

    /// What the marts told in the report of the run; nothing where the run's work is not kept any more.
    async fn told(&self) -> Result<Vec<MartTold>> {
        let manifest = Manifest::load(&self.lake.join(WORK).join(&self.run.run_id)).await?;
        Ok(manifest.as_ref().and_then(Manifest::marts).map(|marts| marts.told.clone()).unwrap_or_default())
    }

    /// The figures of everybody, one after the other; of one that is never known there is none.
    async fn month_figures(&self) -> Result<Part<MonthFigure>> {
        if let Err(missing) = self.frame(&KPI).await? {
            return Ok(missing.into());
        }
        let found = self.table(KPI.name).await?;
        let has = |column: &&str| found.schema().field_with_unqualified_name(column).is_ok();
        let drawn: Vec<&str> = FIGURES.into_iter().filter(has).collect();
        let mut columns = vec![try_cast(ident("month"), DataType::Utf8).alias("month")];
        columns.extend(drawn.iter().map(|figure| try_cast(ident(*figure), DataType::Float64).alias(*figure)));
        let of_all = found.filter(ident("segment_by").eq(lit("all")))?;
        let months: Vec<BTreeMap<String, serde_json::Value>> =
            rows(of_all.select(columns)?.sort(vec![ident("month").sort(true, false)])?).await?;
        let figures = drawn.into_iter().flat_map(|figure| {
            let value = |row: &BTreeMap<String, serde_json::Value>| MonthFigure {
                month: row.get("month").and_then(|month| month.as_str()).unwrap_or_default().to_string(),
                figure: figure.to_string(),
                value: row.get(figure).and_then(serde_json::Value::as_f64),
            };
            let figures: Vec<MonthFigure> = months.iter().map(value).collect();
            if figures.iter().any(|of| of.value.is_some()) { figures } else { Vec::new() }
        });
        Ok(Part::Rows(figures.collect()))
    }

    /// The curves of all months, and of the items and media with most buyers.
    async fn curve_points(&self) -> Result<Part<CurvePoint>> {
        let all = match self.frame(&LTV_CURVE).await? {
            Ok(frame) => frame,
            Err(missing) => return Ok(missing.into()),
        };
        let mut found = Vec::new();
        for by in ["month", "item", "medium"] {
            let mut frame = all.clone().filter(ident("by").eq(lit(by)))?;
            if by != "month" {
                let sizes = frame.clone().aggregate(vec![ident("cohort")], vec![max(ident("buyers")).alias("size")])?;
                let largest = vec![ident("size").sort(false, false), ident("cohort").sort(true, false)];
                let largest: Vec<Cohort> = rows(sizes.sort(largest)?.limit(0, Some(MOST_COHORTS))?).await?;
                if largest.is_empty() {
                    continue;
                }
                let names = largest.into_iter().map(|of| lit(of.cohort)).collect();
                frame = frame.filter(ident("cohort").in_list(names, false))?;
            }
            found.extend(rows_of(frame, &LTV_CURVE).await?);
        }
        Ok(Part::Rows(found))
    }

    /// The moves of all marts of moves.
    async fn moves(&self) -> Result<Part<Move>> {
        let mut all: Option<Vec<Move>> = None;
        let mut lacks = None;
        for (mart, kind) in &MOVES {
            let frame = match (self.frame(mart).await?, kind) {
                (Ok(frame), Some(kind)) => frame.with_column("kind", lit(*kind))?,
                (Ok(frame), None) => frame,
                (Err(Missing::Mart), _) => continue,
                (Err(missing), _) => {
                    lacks = Some(missing);
                    continue;
                }
            };
            let mut found: Vec<Move> = rows_of(frame, mart).await?;
            for of in &mut found {
                for segment in [&mut of.before, &mut of.after] {
                    *segment = segment.take().filter(|name| name != NO_SEGMENT);
                }
            }
            all.get_or_insert_default().extend(found);
        }
        Ok(match (all, lacks) {
            (Some(all), _) => Part::Rows(all),
            (None, missing) => missing.unwrap_or(Missing::Mart).into(),
        })
    }

    /// The figures that this run found to be other ones now, by mart, with the largest change of each. Which customer a figure is of
    /// stays in the table.
    async fn restated_marts(&self) -> Result<Part<RestatedMart>> {
        if !self.has_table(RESTATEMENT.name) {
            return Ok(Part::Absent);
        }
        let all = self.table(RESTATEMENT.name).await?;
        let of_run = all.filter(ident(col::RUN_ID).eq(lit(self.run.run_id.clone())))?;
        let change = of_run.with_column("change", abs(ident("after") - ident("before")))?;
        // A figure that was not there, or is not there any more, has no change that is a number.
        let largest = || -> Vec<SortExpr> {
            vec![
                ident("change").sort(false, false),
                ident(col::FIELD).sort(true, false),
                ident(col::KEY).sort(true, false),
            ]
        };
        let of_largest = |column: &str| first_value(ident(column), largest()).alias(column);
        let totals =
            vec![count(lit(1)).alias("figures"), of_largest(col::FIELD), of_largest("before"), of_largest("after")];
        let marts = change.aggregate(vec![ident("mart")], totals)?;
        let most = vec![ident("figures").sort(false, false), ident("mart").sort(true, false)];
        Ok(Part::Rows(rows(marts.sort(most)?).await?))
    }
}

/// The name of a cohort.
#[derive(Deserialize)]
struct Cohort {
    cohort: String,
}

/// The rows of a mart, in the order of its key.
async fn rows_of<T: DeserializeOwned>(frame: DataFrame, mart: &Mart) -> Result<Vec<T>> {
    let order: Vec<SortExpr> = mart.key.iter().map(|column| ident(*column).sort(true, false)).collect();
    rows(if order.is_empty() { frame } else { frame.sort(order)? }).await
}
