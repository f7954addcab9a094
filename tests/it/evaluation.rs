//! What users see of the quality of the matching: forecast before a run, evaluation after it.

use std::fs;

use serde_json::Value;

use crate::support::{Retailer, fails, own_pipeline, succeeds};

fn evaluated(retailer: &Retailer, lake: &str, more: &[&str]) -> Value {
    let (lake, truth) = (retailer.text(lake), retailer.text("input/truth.csv"));
    let mut args = vec!["evaluate", "--lake", &lake, "--truth", &truth, "--format", "json"];
    args.extend(more);
    serde_json::from_str(&succeeds(&args)).expect("JSON")
}

#[test]
fn the_model_expects_what_the_truth_says() {
    let retailer = Retailer::new(3000, 41);
    retailer.runs("lake", &[]);
    let page = retailer.path("report.html");
    let found = evaluated(&retailer, "lake", &["--report", &page.display().to_string()]);
    for point in found["curve"].as_array().expect("a curve").iter().filter(|p| p["threshold"].as_f64() < Some(0.97)) {
        let (expected, truth) = (&point["expected_precision"], &point["truth"]["precision"]);
        let off = expected.as_f64().expect("a number") - truth.as_f64().expect("a number");
        assert!(off.abs() < 0.01, "threshold {}: expected {expected}, truth {truth}", point["threshold"]);
    }
    let page = fs::read_to_string(page).expect("the report");
    assert!(page.contains("<svg") && page.contains("precision") && page.contains("nayose explain"), "{page}");
    assert!(!page.contains("http"), "the page needs nothing from outside");
    // The same figures from the published tables, by SQL.
    let sizes = retailer.sql(
        "lake",
        "select n, count(*) as customers from (select count(*) as n from id_map group by customer_id) group by n order by n",
    );
    for line in sizes.lines().skip(1) {
        let (size, customers) = line.split_once(',').expect("two columns");
        assert_eq!(found["unlabelled"]["shape"]["sizes"][size].to_string(), customers, "customers of {size} records");
    }
    let without = succeeds(&["evaluate", "--lake", &retailer.text("lake")]);
    assert!(without.contains("too little to be linked") && !without.contains("B-cubed"), "{without}");
}

#[test]
fn a_near_rule_brings_what_equal_values_bring() {
    let retailer = Retailer::new(300, 42);
    let path = own_pipeline(
        &retailer,
        |_| {},
        |model| {
            let (before, rest) = model.split_once("blocking:\n").expect("rules");
            let (_, after) = rest.split_once("\ncomparisons:").expect("comparisons");
            let near = "[{ feature: name.reading, near: 1 }, { feature: birth_date, near: 1 }]";
            *model = format!(
                "{before}blocking:\n  - {{ name: equal, keys: [name.reading, birth_date] }}\n  - {{ name: slips, keys: {near} }}\n\n\
                 comparisons:{after}"
            );
        },
    );
    let text = succeeds(&["validate", &path, "--input", &retailer.text("input")]);
    assert!(text.contains("rule \"equal\" adds nothing"), "{text}");
    let told =
        text.lines().find(|l| l.starts_with("rule \"slips\" compares values one edit apart: ")).expect("the rule");
    let numbers: Vec<u64> = told.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [pairs, keys, alone] = numbers[..] else { panic!("{told}") };
    assert!(alone < pairs && pairs < keys, "{told}");
}

#[test]
fn validate_forecasts_the_pairs_and_names_rules_that_add_nothing() {
    let retailer = Retailer::new(300, 42);
    let path = own_pipeline(
        &retailer,
        |_| {},
        |model| {
            *model = model.replace("blocking:\n", "blocking:\n  - { name: twice, keys: [phone, given.reading] }\n");
        },
    );
    let text = succeeds(&["validate", &path, "--input", &retailer.text("input")]);
    assert!(text.contains("rule \"twice\" adds nothing"), "{text}");
    assert!(!text.contains("rule \"phone\" adds nothing"), "{text}");
    assert!(!retailer.path("lake").exists(), "validate writes nothing");
    // The forecast of a rule that stands alone is what the run then compares.
    let only = own_pipeline(
        &retailer,
        |_| {},
        |model| {
            let (before, rest) = model.split_once("blocking:\n").expect("rules");
            let (_, after) = rest.split_once("\ncomparisons:").expect("comparisons");
            *model = format!("{before}blocking:\n  - {{ name: phone, keys: [phone] }}\n\ncomparisons:{after}");
        },
    );
    let text = succeeds(&["validate", &only, "--input", &retailer.text("input")]);
    let line = text.lines().find(|l| l.starts_with("phone ")).expect("the rule");
    let forecast = line.split_whitespace().nth(3).expect("pairs");
    succeeds(&["run", &only, "--input", &retailer.text("input"), "--lake", &retailer.text("only"), "--log", "json"]);
    let summary = retailer.sql("only", "select count(*) as n from ledger");
    assert!(summary.starts_with("n\n"));
    let manifest = fs::read_dir(retailer.path("only/work")).expect("work").next().expect("a run").expect("a folder");
    let manifest: Value =
        serde_json::from_slice(&fs::read(manifest.path().join("manifest.json")).expect("a manifest")).expect("JSON");
    assert_eq!(manifest["stages"]["block"]["result"]["block"]["pairs_by_rule"]["phone"].to_string(), forecast);
}

#[test]
fn a_truth_that_cannot_be_true_and_a_page_over_another_file_are_refused() {
    let retailer = Retailer::new(60, 43);
    retailer.runs("lake", &[]);
    let (lake, truth) = (retailer.text("lake"), retailer.text("own.csv"));
    let refused = |more: &[&str], said: &str| {
        let told = fails(2, &[&["evaluate", "--lake", &lake][..], more].concat());
        assert!(told.contains(said) && told.contains("hint: "), "{said}: {told}");
    };
    let good = fs::read_to_string(retailer.path("input/truth.csv")).expect("the truth");
    let mut lines: Vec<&str> = good.lines().collect();
    let first = lines[1].to_string();
    lines.push(&first);
    fs::write(&truth, lines.join("\n")).expect("written");
    refused(&["--truth", &truth], "stands there twice");
    let header = lines[0];
    let of = |cells: [&str; 3]| {
        let mut row = vec![""; header.split(',').count()];
        for (name, cell) in ["channel", "source_record_id", "person_id"].into_iter().zip(cells) {
            row[header.split(',').position(|column| column == name).expect("a column")] = cell;
        }
        format!("{header}\n{}\n", row.join(","))
    };
    fs::write(&truth, of(["shop", "C1", " "])).expect("written");
    refused(&["--truth", &truth], "1 rows have no channel, record or person");
    refused(&["--report", &truth], "is no page of an evaluation");
    assert_eq!(fs::read_to_string(&truth).expect("the file"), of(["shop", "C1", " "]), "it is as it was");
    refused(&["--values"], "--values shows nothing");
    let page = retailer.text("page.html");
    for _ in 0..2 {
        succeeds(&["evaluate", "--lake", &lake, "--report", &page]);
    }
}
