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
fn an_earlier_run_is_held_against_a_truth_as_when_it_was_the_newest() {
    let retailer = Retailer::new(300, 48);
    let pipeline = own_pipeline(&retailer, |text| text.push_str("\nkeep: { daily: 3 }\n"), |_| {});
    let (input, lake, truth) = (retailer.text("input"), retailer.text("lake"), retailer.text("input/truth.csv"));
    let run = |day: &str| succeeds(&["run", &pipeline, "--input", &input, "--lake", &lake, "--as-of", day]);
    let tickets = fs::read_dir(retailer.path("input/support")).expect("tickets").flatten().map(|e| e.path()).max();
    let tickets = tickets.expect("tickets");
    fs::rename(&tickets, retailer.path("late")).expect("held back");
    run("2026-03-30");
    let then = evaluated(&retailer, "lake", &[]);
    fs::rename(retailer.path("late"), &tickets).expect("delivered");
    run("2026-03-31");
    assert!(retailer.path("lake/states").is_dir(), "the first run is a difference to the second");
    let again = evaluated(&retailer, "lake", &["--as-of", "1"]);
    for figure in ["run_id", "records", "customers", "auto", "pairwise", "scores", "b_cubed", "truth_records"] {
        assert_eq!(again[figure], then[figure], "{figure}");
    }
    assert_eq!(again["unlabelled"]["shape"]["sizes"], then["unlabelled"]["shape"]["sizes"]);
    assert_ne!(evaluated(&retailer, "lake", &[])["records"], then["records"], "the newest run has the late tickets");
    // The pairs of then are gone: nothing is said of other thresholds, and nothing at all without a truth.
    assert_eq!((&again["curve"], &again["weights"]), (&serde_json::json!([]), &serde_json::json!([])));
    let text = succeeds(&["evaluate", "--lake", &lake, "--as-of", "1", "--truth", &truth]);
    assert!(text.contains("pairwise") && text.contains("other thresholds: the pairs"), "{text}");
    succeeds(&[
        "evaluate",
        "--lake",
        &lake,
        "--as-of",
        "1",
        "--truth",
        &truth,
        "--report",
        &retailer.text("page.html"),
    ]);
    let said = fails(1, &["evaluate", "--lake", &lake, "--as-of", "1"]);
    assert!(said.contains("hint: leave out --as-of") && said.contains("--as-of 1 --truth FILE"), "{said}");
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
fn the_forecast_of_a_near_rule_is_what_is_compared() {
    let retailer = Retailer::new(60, 46);
    // Many records of each person, with equal names and birth dates: a pair shares all of their keys.
    let mut rows = String::from("id,name,born\n");
    let kana: Vec<char> = "アイウエオカキクケコサシスセソタチツテト".chars().collect();
    for i in 0..1200 {
        let person = i % 60;
        let (name, k) = (["サトウハナ", "スズキイチ", "タカハシミ"][person % 3], person / 3);
        rows += &format!("{i},{name}{},{}-{:02}-{:02}\n", kana[k], 1960 + k, 1 + k % 12, 1 + k);
    }
    fs::create_dir_all(retailer.path("near")).expect("a folder");
    fs::write(retailer.path("near/people.csv"), rows).expect("written");
    let near = "[{ feature: given.kana, near: 1 }, { feature: birth_date, near: 1 }]";
    let pipeline = "name: near\ninput: .\nlake: lake\nsources:\n  - { name: people, channel: shop, holds: people, files: people.csv, format: csv, \
                    record_id: id, columns: { given_kana: name, birth_date: born } }\n";
    let comparison = |name: &str, feature: &str| {
        format!(
            "  - name: {name}\n    label: {{ ja: x, en: x }}\n    levels:\n      - {{ name: same, label: {{ ja: x, en: x }}, same: [{feature}] }}\n      \
             - {{ name: different, label: {{ ja: x, en: x }} }}\n"
        )
    };
    let model = format!(
        "blocking:\n  - {{ name: slips, keys: {near} }}\ncomparisons:\n{}{}",
        comparison("name", "given.kana"),
        comparison("born", "birth_date")
    );
    fs::write(retailer.path("near/pipeline.yaml"), pipeline).expect("written");
    fs::write(retailer.path("near/model.yaml"), model).expect("written");
    let file = retailer.text("near/pipeline.yaml");
    let said = succeeds(&["validate", &file]);
    let bound = said.lines().find(|l| l.starts_with("slips ")).and_then(|l| l.split_whitespace().nth(3));
    let bound: u64 = bound.and_then(|n| n.parse().ok()).expect("the sum over keys");
    let about = said.lines().find(|l| l.starts_with("about ")).and_then(|l| l.split_whitespace().nth(1));
    let about: u64 = about.and_then(|n| n.parse().ok()).expect("the forecast");
    succeeds(&["run", &file, "--log", "json"]);
    let run = fs::read_dir(retailer.path("near/lake/work")).expect("work").next().expect("a run").expect("a folder");
    let manifest: Value =
        serde_json::from_slice(&fs::read(run.path().join("manifest.json")).expect("a manifest")).expect("JSON");
    let block = &manifest["stages"]["block"]["result"]["block"];
    let compared = block["pairs_by_rule"]["slips"].as_u64().expect("pairs");
    assert_eq!((about, block["forecast"]["pairs"].as_u64()), (compared, Some(compared)));
    assert!(bound >= 10 * compared, "{bound} by the sizes of blocks, {compared} compared");
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

/// Saves a text as a Japanese spreadsheet does: in the encoding of its system.
fn cp932(text: &str) -> Vec<u8> {
    encoding_rs::SHIFT_JIS.encode(text).0.into_owned()
}

#[test]
fn a_truth_file_is_read_as_a_spreadsheet_saved_it_or_refused_with_its_lines() {
    let retailer = Retailer::new(60, 44);
    retailer.runs("lake", &[]);
    let (lake, path) = (retailer.text("lake"), retailer.text("own.csv"));
    let good = fs::read_to_string(retailer.path("input/truth.csv")).expect("the truth");
    let counts = |bytes: &[u8]| {
        fs::write(&path, bytes).expect("written");
        let found = succeeds(&["evaluate", "--lake", &lake, "--truth", &path, "--format", "json"]);
        serde_json::from_str::<Value>(&found).expect("JSON")["scores"].to_string()
    };
    let of_good = counts(good.as_bytes());
    // A note that nobody asked for, in letters that CP932 writes in two bytes.
    let noted: String =
        good.lines().enumerate().map(|(i, l)| format!("{l},{}\r\n", if i == 0 { "備考" } else { "確認済" })).collect();
    assert_eq!(counts(&cp932(&noted)), of_good);
    assert_eq!(counts(format!("\u{feff}{noted}").as_bytes()), of_good);

    let mut wrong = Vec::new();
    let mut refused = |bytes: &[u8], said: &str, hint: &str| {
        fs::write(&path, bytes).expect("written");
        let told = fails(2, &["evaluate", "--lake", &lake, "--truth", &path]);
        if !told.contains(said) || !told.contains(hint) || !told.contains("own.csv") {
            wrong.push(format!("{said}, {hint}: {told}"));
        }
    };
    let cut = |line: usize| {
        let short = |(i, l): (usize, &str)| if i + 1 == line { "shop,C1\n".into() } else { format!("{l}\n") };
        good.lines().enumerate().map(short).collect::<String>()
    };
    refused(cut(3).as_bytes(), "more or fewer cells than its header: line 3", "a cell for every column");
    refused(good.replace(',', ";").as_bytes(), "divided by semicolons", "with commas");
    refused(&[0x82, 0xff, b'\n'], "neither UTF-8 nor CP932", "save it as CSV UTF-8");
    refused(good.replacen("person_id", "who", 1).as_bytes(), "has no column person_id", "has the columns");
    assert!(wrong.is_empty(), "{wrong:#?}");
    let parquet = retailer.text("own.parquet");
    fs::write(&parquet, &good).expect("written");
    let told = fails(2, &["evaluate", "--lake", &lake, "--truth", &parquet]);
    assert!(told.contains("cannot be read as Parquet") && told.contains("hint: "), "{told}");
}

#[test]
fn a_matching_without_a_link_has_no_precision_and_a_page_tells_no_sex() {
    let retailer = Retailer::new(300, 42);
    retailer.runs("lake", &[]);
    let (lake, truth, page) = (retailer.text("lake"), retailer.text("input/truth.csv"), retailer.text("page.html"));
    // Two records that are two customers, and one person by this truth.
    let two =
        "select channel, min(record_id) from id_map where valid_to is null group by channel order by channel limit 2";
    let two = retailer.sql("lake", two);
    let rows: String = two.lines().skip(1).map(|row| format!("{row},P1\n")).collect();
    fs::write(&truth, format!("channel,source_record_id,person_id\n{rows}")).expect("written");
    let found = succeeds(&["evaluate", "--lake", &lake, "--truth", &truth, "--report", &page]);
    let line = found.lines().find(|line| line.starts_with("pairwise ")).expect("the line");
    let cells: Vec<&str> = line.split_whitespace().collect();
    assert_eq!(cells[1..4], ["n/a", "0.0000", "0.0000"], "{found}");
    let found = evaluated(&retailer, "lake", &[]);
    assert_eq!((&found["pairwise"]["precision"], &found["pairwise"]["recall"]), (&Value::Null, &Value::from(0.0)));
    let page = fs::read_to_string(page).expect("the page");
    assert!(page.contains("no pair was joined") && page.contains("<small>sex</small>"), "{page}");
    let rows: Vec<&str> = page.split("<tr>").filter(|row| row.contains("<small>sex</small>")).collect();
    let told = |row: &&&str| !row.contains("</td><td>…</td><td>…</td>") && !row.contains("<td></td>");
    assert!(!rows.is_empty() && !rows.iter().any(|row| told(&row)), "a sex is masked wholly: {rows:?}");
}
