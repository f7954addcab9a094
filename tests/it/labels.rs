//! A sample of pairs that people label, and the estimate from its labels.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap};
use std::fs;

use serde_json::Value;

use crate::support::{Retailer, fails, succeeds};

const HEADER: &str = "pair,channel_l,record_id_l,channel_r,record_id_r,label,stratum,probability,inclusion_probability,\
                      stratum_pairs,stratum_expected,stratum_drawn,strata,run_id,seed";

/// Draws 120 pairs by a seed into a file; answers the file.
fn drawn(retailer: &Retailer, file: &str, seed: &str, more: &[&str]) -> String {
    let (lake, out) = (retailer.text("lake"), retailer.text(file));
    let said = succeeds(
        &[&["evaluate", "--lake", &lake, "--sample", "120", "--out", &out, "--seed", seed][..], more].concat(),
    );
    assert!(said.contains(file), "{said}");
    fs::read_to_string(out).expect("the file")
}

/// The file with the label of each row that `label` says of its place and of whether the truth has one person. No cell has a comma.
fn labelled(retailer: &Retailer, file: &str, label: impl Fn(usize, bool) -> &'static str) -> String {
    let truth = fs::read_to_string(retailer.path("input/truth.csv")).expect("the truth");
    let person: HashMap<(&str, &str), &str> = truth
        .lines()
        .skip(1)
        .map(|line| {
            let mut cells = line.split(',');
            let mut cell = || cells.next().expect("a cell");
            ((cell(), cell()), cell())
        })
        .collect();
    let mut lines = file.lines();
    let mut text = lines.next().expect("a header").to_string() + "\n";
    for (i, line) in lines.enumerate() {
        let mut cells: Vec<&str> = line.split(',').collect();
        let same = person[&(cells[1], cells[2])] == person[&(cells[3], cells[4])];
        cells[5] = label(i, same);
        text += &(cells.join(",") + "\n");
    }
    text
}

fn by_truth(_: usize, same: bool) -> &'static str {
    if same { "same" } else { "different" }
}

#[test]
fn a_labelled_sample_says_what_the_truth_says() {
    let retailer = Retailer::new(1000, 47);
    retailer.runs("lake", &[]);
    let lake = retailer.text("lake");
    let file = drawn(&retailer, "pairs.csv", "5", &[]);
    assert_eq!(file.lines().next().map(|h| h.trim_start_matches('\u{feff}')), Some(HEADER), "no values of people");
    assert_eq!(file.lines().count(), 121);
    for stratum in ["apart 0 to 0.01", "apart 0.01 to 0.5", "linked 0.99 to 1", "linked large 0.99 to 1"] {
        assert!(file.contains(&format!(",{stratum},")), "{stratum}");
    }
    assert_eq!(drawn(&retailer, "again.csv", "5", &[]), file, "the same seed draws the same pairs");
    assert_ne!(drawn(&retailer, "other.csv", "6", &[]), file);
    let values = drawn(&retailer, "values.csv", "5", &["--values"]);
    assert!(values.contains(",label,name_l,name_r,kana_l,kana_r,birth_date_l,"), "{:?}", values.lines().next());
    let mut names = values.lines().skip(1).filter_map(|row| row.split(',').nth(6));
    let name = names.find(|name| !name.is_empty()).expect("a name");
    assert!(!file.contains(name), "values stand in a file only where they are asked for");

    let labels = retailer.path("labels.csv");
    let path = retailer.text("labels.csv");
    let estimate = |more: &[&str]| succeeds(&[&["evaluate", "--lake", &lake, "--labels", &path][..], more].concat());
    let json = |text: String| -> Value { serde_json::from_str(&text).expect("JSON") };
    fs::write(&labels, labelled(&retailer, &file, by_truth)).expect("written");
    let found = json(estimate(&["--format", "json"]));
    assert_eq!([&found["labelled"], &found["unlabelled"], &found["missing"]].map(Value::as_u64), [120, 0, 0].map(Some));
    assert_eq!((&found["at_worst"], &found["run"]), (&Value::Null, &Value::from(1)));
    let truth = retailer.text("input/truth.csv");
    let truth = json(succeeds(&["evaluate", "--lake", &lake, "--truth", &truth, "--format", "json"]));
    let end = |figure: &str, end: &str| found["estimate"][figure][end].as_f64().expect("a number");
    let true_of = |figure: &str| truth["pairwise"][figure].as_f64().expect("a number");
    let precision = true_of("precision");
    assert!(end("precision", "low") <= precision && precision <= end("precision", "high"), "{found} {precision}");
    assert!(end("recall", "high") >= true_of("recall"), "recall of candidates is above that of all: {found}");
    assert!(end("recall", "low") < end("recall", "estimate") && end("recall", "low") > 0.3, "{found}");
    // All pairs under one customer are in the strata.
    let strata = found["strata"].as_array().expect("strata");
    let linked = strata.iter().filter(|s| s["linked"] == true).map(|s| s["pairs"].as_u64().expect("pairs"));
    let of_customers = retailer.sql(
        "lake",
        "select sum(n * (n - 1) / 2) as n from (select count(*) as n from id_map where valid_to is null group by customer_id)",
    );
    assert_eq!(of_customers.lines().nth(1), Some(linked.sum::<u64>().to_string().as_str()));

    // Who stops early, and what nobody can tell.
    let some = labelled(&retailer, &file, |i, same| match i {
        100.. => "",
        90.. => "unknown",
        _ => by_truth(i, same),
    });
    fs::write(&labels, some).expect("written");
    let text = estimate(&[]);
    for said in
        ["90 pairs labelled, 10 of which nobody can tell, 20 rows without a label", "unknown as wrong", "by chance"]
    {
        assert!(text.contains(said), "{said}: {text}");
    }
    assert!(text.contains("no blocking rule brings") && !text.contains("since"), "{text}");
    // Labels outlive the run that they are of.
    retailer.runs("lake", &["--full"]);
    assert!(estimate(&[]).contains("has published run 2 since: this is how good run 1 was"), "{}", estimate(&[]));
}

#[test]
fn a_label_file_that_is_wrong_is_refused() {
    let retailer = Retailer::new(300, 48);
    retailer.runs("lake", &[]);
    let file = drawn(&retailer, "pairs.csv", "1", &[]);
    let good = labelled(&retailer, &file, by_truth);
    let (lake, path) = (retailer.text("lake"), retailer.text("labels.csv"));
    let hints = RefCell::new(BTreeSet::new());
    let refused = |lake: &str, text: &str, said: &str| {
        fs::write(&path, text).expect("written");
        let told = fails(2, &["evaluate", "--lake", lake, "--labels", &path]);
        let hint = told.lines().find(|line| line.starts_with("hint: ")).unwrap_or_default();
        hints.borrow_mut().insert(hint.to_string());
        assert!(told.contains(said) && told.contains("hint: ") && told.contains("labels.csv"), "{said}: {told}");
    };
    refused(&lake, &file, "has no label");
    refused(&lake, &good.replace(',', "\t"), "divided by tabs, not by commas");
    let run = good.lines().nth(1).and_then(|row| row.split(',').nth(13)).expect("a run").to_string();
    retailer.runs("lake", &["--full"]);
    refused(
        &lake,
        &good.replace(&run, "r0"),
        "whose run_id is not that of the run that they were drawn of: lines 2, 3",
    );
    refused(&lake, &good.replacen("pair,", "number,", 1), "has no column pair\nhint: keep every column");
    let changed = |line: usize, cell: usize, to: &str| {
        let change = |(i, row): (usize, &str)| {
            let mut cells: Vec<&str> = row.split(',').collect();
            if i == line - 1 {
                cells[cell] = to;
            }
            cells.join(",") + "\n"
        };
        good.lines().enumerate().map(change).collect::<String>()
    };
    refused(&lake, &changed(3, 2, "somebody-else"), "has rows that are not as they were written: line 3");
    refused(&lake, &changed(7, 9, "77777"), "has rows that are not as they were written: line 7");
    refused(&lake, &changed(9, 5, "perhaps"), "has labels that are none of same, different and unknown: line 9");
    let of_spreadsheet = changed(9, 5, "perhaps").replace('\n', "\r\n");
    refused(&lake, &of_spreadsheet, "has labels that are none of same, different and unknown: line 9");
    refused(&lake, "channel,source_record_id,person_id\n", "has no column pair, ");
    let other = Retailer::new(60, 49);
    other.runs("lake", &[]);
    refused(&other.text("lake"), &good, "is a sample of a run that");
    assert_eq!(hints.borrow().len(), 6, "each damage has a remedy of its own: {hints:?}");

    let out = retailer.text("pairs.csv");
    let told = fails(2, &["evaluate", "--lake", &lake, "--sample", "200", "--out", &out]);
    assert!(told.contains("may have labels") && told.contains("hint: "), "{told}");
    let told = fails(2, &["evaluate", "--lake", &lake, "--sample", "5", "--out", &retailer.text("few.csv")]);
    assert!(told.contains("--sample 5 is too small") && told.contains("hint: draw 80"), "{told}");
}
