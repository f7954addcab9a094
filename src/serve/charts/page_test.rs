//! Whole pages of charts: with all marts, with none, with marts that have nothing to draw.

use super::super::page::Lang;
use super::{Head, html, view};
use crate::audit::charts::{
    CampaignBar, ChannelSet, Charts, CohortBy, CurvePoint, Decile, ErrorBar, MonthFigure, Move, Part, RestatedMart,
    Stage,
};
use crate::lake::results::MartTold;

fn head() -> Head {
    Head {
        run: 3,
        run_id: "run-3".into(),
        as_of: "2026-03-31T14:59:59Z".into(),
        zone: "Asia/Tokyo".into(),
        records: 12_043,
        customers: 7312,
    }
}

fn without<T>(part: &Part<T>) -> Part<T> {
    match part {
        Part::Rows(_) => Part::Rows(Vec::new()),
        Part::Absent => Part::Absent,
        Part::Lacks(column) => Part::Lacks(column.clone()),
    }
}

/// Charts with no row in any part that has rows.
fn emptied(charts: &Charts) -> Charts {
    Charts {
        bars: without(&charts.bars),
        campaigns: without(&charts.campaigns),
        months: without(&charts.months),
        curves: without(&charts.curves),
        stages: without(&charts.stages),
        deciles: without(&charts.deciles),
        channels: without(&charts.channels),
        moves: without(&charts.moves),
        restated: without(&charts.restated),
        told: Vec::new(),
    }
}

fn absent() -> Charts {
    Charts {
        bars: Part::Absent,
        campaigns: Part::Absent,
        months: Part::Absent,
        curves: Part::Absent,
        stages: Part::Absent,
        deciles: Part::Absent,
        channels: Part::Absent,
        moves: Part::Absent,
        restated: Part::Absent,
        told: Vec::new(),
    }
}

/// A row of each part, with every figure given, or none that may be left out.
fn charts(figure: Option<f64>) -> Charts {
    let whole = figure.map(|figure| figure as i64);
    let curve = |by, cohort: &str, days| CurvePoint {
        by,
        cohort: cohort.into(),
        days,
        buyers: 9,
        counted: whole,
        value: figure,
    };
    let bar = ErrorBar {
        figure: "f2_rate".into(),
        value: figure,
        low: figure,
        high: figure.map(|figure| figure * 1.1),
        low_at: None,
        high_at: figure,
        thresholds: whole,
    };
    let campaign = |figure_of: &str, control: &str| CampaignBar {
        campaign: "<i>spring</i>".into(),
        arm: "treatment".into(),
        control: control.into(),
        figure: figure_of.into(),
        persons: 9,
        value: figure,
        low: figure.map(|figure| figure - 0.1),
        high: figure,
        low_at: figure,
        high_at: None,
    };
    let set = |channels: &str| ChannelSet { channels: channels.into(), customers: 5, buyers: whole, amount: figure };
    let moved = Move { kind: "cpm".into(), before: None, after: Some("初回客 現役".into()), customers: 5 };
    Charts {
        bars: Part::Rows(vec![bar]),
        campaigns: Part::Rows(vec![campaign("rate", "none"), campaign("uplift", "control")]),
        months: Part::Rows(vec![MonthFigure { month: "2026-03-01".into(), figure: "sales".into(), value: figure }]),
        curves: Part::Rows(vec![
            curve(CohortBy::Month, "2026-03", 30),
            curve(CohortBy::Month, "2026-03", 60),
            curve(CohortBy::Item, "<i>tea</i>", 30),
        ]),
        stages: Part::Rows(vec![Stage { stage: 1, customers: 5, rate: figure, days: figure, residual: figure }]),
        deciles: Part::Rows(vec![Decile {
            decile: 1,
            customers: 5,
            amount: figure,
            average_amount: figure,
            share: figure,
            cumulative_share: figure,
        }]),
        channels: Part::Rows(vec![set("shop"), set("app+shop")]),
        moves: Part::Rows(vec![moved]),
        restated: Part::Rows(vec![RestatedMart {
            mart: "rfm".into(),
            figures: 4,
            field: figure.map(|_| "monetary".into()),
            before: figure,
            after: figure,
        }]),
        told: vec![MartTold { mart: "own".into(), ja: "<b>的中率</b>".into(), en: "<b>hits</b>".into() }],
    }
}

fn drawn(charts: Charts, lang: Lang) -> String {
    html(&view(head(), charts), lang).expect("drawn")
}

#[test]
fn every_chart_is_drawn_or_says_why_it_is_not() {
    for lang in [Lang::Ja, Lang::En] {
        let whole = drawn(charts(Some(0.5)), lang);
        assert_eq!(whole.matches("<p class=\"note\">").count(), 0, "all are drawn");
        assert!(whole.contains("&lt;i&gt;tea") && !whole.contains("<i>tea"), "a name is text");
        assert!(whole.contains("&lt;i&gt;spring") && !whole.contains("<i>spring"), "a name is text");
        let told = if lang == Lang::Ja { "&lt;b&gt;的中率" } else { "&lt;b&gt;hits" };
        assert!(whole.contains(told), "what marts tell, as text");
        let none = drawn(absent(), lang);
        assert_eq!(none.matches("<p class=\"note\">").count(), 10, "a sentence for each");
        assert_eq!(none.matches("<svg").count(), 0);
        assert!(
            ["error_bar", "campaign_error_bar", "kpi", "ltv_curve", "order_stage", "decile"]
                .iter()
                .all(|mart| none.contains(mart))
        );
        let lacks = drawn(Charts { deciles: Part::Lacks("share".into()), ..absent() }, lang);
        assert!(lacks.contains("decile") && lacks.contains("share"));
    }
}

#[test]
fn figures_that_are_not_known_and_marts_without_rows_are_drawn_too() {
    for lang in [Lang::Ja, Lang::En] {
        for figure in [None, Some(0.0), Some(-2.5), Some(1e12)] {
            let all = charts(figure);
            for page in [drawn(emptied(&all), lang), drawn(all, lang)] {
                for odd in ["NaN", "inf", "undefined", ">none<", "{{"] {
                    assert!(!page.contains(odd), "{figure:?}: {odd} in {page}");
                }
            }
        }
    }
}

#[test]
fn a_drawing_says_what_it_is_and_has_its_figures_beside_it() {
    let page = drawn(charts(Some(0.5)), Lang::En);
    let drawings: Vec<&str> = page.split("<svg class=\"drawing\"").skip(1).collect();
    assert!(drawings.len() >= 10, "{}", drawings.len());
    for drawing in &drawings {
        let drawing = drawing.split("</svg>").next().unwrap_or_default();
        assert!(drawing.contains("role=\"img\"") && drawing.contains("<title id=") && drawing.contains("<desc id="));
    }
    assert!(page.matches("<details>").count() >= 9, "tables");
    let ids: Vec<&str> = page.split(" id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let mut once = ids.clone();
    once.sort_unstable();
    once.dedup();
    assert_eq!(once.len(), ids.len(), "an id stands once: {ids:?}");
    for named in page.split("aria-labelledby=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(named.split(' ').all(|id| ids.contains(&id)), "{named}");
    }
}
