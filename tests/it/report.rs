//! `nayose report`: one file with the charts of a run, nothing from outside in it, and nobody.

use std::fs;

use crate::support::{Retailer, fails, own_pipeline, succeeds};

/// Writes the report of the lake and answers it.
fn report(retailer: &Retailer, more: &[&str]) -> String {
    let (lake, file) = (retailer.text("lake"), retailer.text("report.html"));
    let told = succeeds(&[&["report", "--lake", &lake, "--to", &file][..], more].concat());
    assert!(told.contains("charts of run"), "{told}");
    fs::read_to_string(&file).expect("the report")
}

/// The values of a column of text of the golden customers, as CSV says them.
fn values(retailer: &Retailer, expression: &str) -> Vec<String> {
    let query = format!("select distinct {expression} as v from golden_customer where {expression} is not null");
    retailer.sql("lake", &query).lines().skip(1).map(|line| line.trim_matches('"').to_string()).collect()
}

#[test]
fn a_report_holds_nobody_and_asks_for_nothing_outside() {
    let retailer = Retailer::new(200, 81);
    retailer.runs("lake", &[]);
    let nobody = [
        ("customer ids", values(&retailer, "customer_id")),
        ("names", values(&retailer, "family_name || given_name")),
        ("phones", values(&retailer, "phones[1]")),
        ("mail addresses", values(&retailer, "emails[1]")),
        ("postal codes", values(&retailer, "postal_code")),
    ];
    for lang in ["ja", "en"] {
        let html = report(&retailer, &["--lang", lang]);
        assert!(html.starts_with("<!doctype html>") && html.contains(&format!("<html lang=\"{lang}\">")));
        // What a browser would fetch. The policy in the head forbids it too.
        for outside in ["http:", "https:", " src=", "href=", "url(", "@import", "<script", "<link", "<iframe", "<img"] {
            assert!(!html.contains(outside), "{lang}: {outside}");
        }
        for (what, values) in &nobody {
            assert!(values.len() > 20, "{what}: {}", values.len());
            let found: Vec<&String> = values.iter().filter(|value| html.contains(*value)).collect();
            assert!(found.is_empty(), "{lang}: {} {what}", found.len());
        }
        for odd in ["undefined", "NaN", ">None", "{{", "}}"] {
            assert!(!html.contains(odd), "{lang}: {odd}");
        }
        assert!(html.matches("<svg class=\"drawing\"").count() >= 2, "deciles and channels are always there");
        assert_eq!(html, report(&retailer, &["--lang", lang]), "same run, same bytes");
    }
}

/// Marts as charts read them, with figures that one can look for.
const FIGURES: [(&str, &str); 7] = [
    (
        "error_bar",
        "select 'going_on' as figure, 0.3125 as value, 0.3041 as low, 0.3202 as high, 0.5 as low_at, 0.95 as high_at, 9 as thresholds",
    ),
    (
        "kpi",
        "select 'all' as segment_by, 'all' as segment, make_date(2026, cast(m as int), 1) as month, 100000 * m as sales, \
         cast(null as double) as f2_rate from (values (1), (2), (3)) t(m)",
    ),
    (
        "ltv_curve",
        "select b as cohort_by, c as cohort, d as days, 40 as persons, 40 as counted, \
         case when b = 'month' and d = 60 then null else 40.5 * d end as sales_per_person \
         from (values ('month', '2026-01'), ('medium', 'LINE'), ('item', '<b>tea</b>')) t(b, c) cross join (values (30), (60)) u(d)",
    ),
    (
        "order_stage",
        "select 1 as stage, 800 as persons, 0.25 as going_on, 41.0 as median_days, 1.0 as residual \
         union all select 2, 200, null, null, 0.25",
    ),
    (
        "segment_move",
        "select 'cpm' as kind, 'none' as from_segment, '初回客 現役' as to_segment, 7 as persons \
         union all select 'cpm', '初回客 現役', 'よちよち客 現役', 5",
    ),
    ("seven_stages_move", "select 1 as stage_before, 2 as stage, 11 as persons"),
    ("rank_move", "select 'regular' as state_before, 'gold' as before, 3 as members"),
];

#[test]
fn a_report_draws_what_the_marts_say_and_says_what_it_leaves_out() {
    let retailer = Retailer::new(60, 82);
    let pipeline = own_pipeline(
        &retailer,
        |pipeline| {
            let lines = pipeline.lines().map(|line| if line.starts_with("marts:") { "marts: figures" } else { line });
            *pipeline = lines.filter(|line| !line.starts_with("checks:")).collect::<Vec<_>>().join("\n");
        },
        |_| (),
    );
    fs::create_dir_all(retailer.path("pipeline/figures")).expect("a folder");
    for (mart, sql) in FIGURES {
        fs::write(retailer.path(&format!("pipeline/figures/{mart}.sql")), sql).expect("written");
    }
    let run = |lake: &str| {
        succeeds(&["run", &pipeline, "--input", &retailer.text("input"), "--lake", &retailer.text(lake)]);
    };
    run("lake");
    let html = report(&retailer, &["--lang", "en"]);
    let said = [
        "31.2 %",
        "30.4 %",
        "¥300,000",
        "¥2,430",
        "&lt;b&gt;tea&lt;&#x2f;b&gt;",
        "25.0 %",
        "median 41 days to the next",
        "first, active",
        "Of 12 customers, 12 are in another segment.",
        "Of 11 customers, 11 are in another segment.",
        "published no mart decile",
        "published no mart channel_overlap",
    ];
    let missing: Vec<&str> = said.into_iter().filter(|text| !html.contains(text)).collect();
    assert!(missing.is_empty(), "not in the report: {missing:?}");
    // A figure that is never known is not there, and a mart of another shape leaves its part out.
    assert!(!html.contains("Second purchase in 90 days") && !html.contains("Member rank"));
    let own = retailer.path("pipeline/figures/order_stage.sql");
    let (_, stages) = FIGURES.into_iter().find(|(mart, _)| *mart == "order_stage").expect("it is one");
    fs::write(&own, stages.replace("800 as persons", "801 as persons")).expect("written");
    run("lake");
    let persons = |more: &[&str]| ["800", "801"].map(|n| report(&retailer, more).contains(&format!(">{n}</text>")));
    assert_eq!(persons(&["--lang", "en"]), [false, true]);
    assert_eq!(persons(&["--lang", "en", "--as-of", "1"]), [true, false], "an earlier run has its own charts");
    fs::write(&own, "select 'one' as stage").expect("written");
    fs::remove_dir_all(retailer.path("lake")).expect("removed");
    run("lake");
    let html = report(&retailer, &["--lang", "en"]);
    assert!(html.contains("The mart order_stage has no column persons"), "its own shape is said");
}

#[test]
fn a_report_is_not_written_over_what_is_none() {
    let retailer = Retailer::new(60, 83);
    let lake = retailer.text("lake");
    let told = fails(2, &["report", "--lake", &lake, "--to", &retailer.text("report.html")]);
    assert!(told.contains("hint: "), "{told}");
    fs::create_dir_all(retailer.path("own")).expect("a folder");
    fs::write(retailer.path("own/figures.csv"), "a,b\n").expect("written");
    let told = fails(2, &["report", "--lake", &lake, "--to", &retailer.text("own/figures.csv")]);
    assert!(told.contains("is no report") && told.contains("hint: "), "{told}");
    assert_eq!(fs::read_to_string(retailer.path("own/figures.csv")).expect("there"), "a,b\n", "it is as it was");
}
