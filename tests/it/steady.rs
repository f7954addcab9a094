//! A steady model: kept over runs, trained by rule or by hand, and links that hold.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use serde_json::Value;

use crate::s3::copy;
use crate::support::shop::{self, BIRTH, KANA, MAIL, NAME, PHONE, SEX};
use crate::support::{Retailer, fails, nayose, own_pipeline, published, succeeds, walk_through};

/// What a run says about itself, and what it warned of.
fn run(retailer: &Retailer, pipeline: &str, lake: &str, more: &[&str]) -> (Value, String) {
    let (input, lake) = (retailer.text("input"), retailer.text(lake));
    let mut args = vec!["run", pipeline, "--input", &input, "--lake", &lake, "--log", "json", "--summary", "-"];
    args.extend(more);
    let output = nayose(&args);
    let told = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{told}");
    (serde_json::from_slice(&output.stdout).expect("JSON"), told)
}

/// What the stage `score` says of the model.
fn model(summary: &Value) -> Value {
    score(summary)["model"].clone()
}

fn score(summary: &Value) -> Value {
    let stages = summary["stages"].as_array().expect("stages");
    stages.iter().find(|stage| stage["stage"] == "score").expect("score")["notes"].clone()
}

fn kept_models(retailer: &Retailer, lake: &str) -> Vec<String> {
    let folder = retailer.path(lake).join("models");
    let Ok(files) = fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> = files.flatten().map(|f| f.file_name().to_string_lossy().into_owned()).collect();
    names.sort();
    names
}

/// The delivered files of people of the shop but for the first, which has most of them.
fn late_files(retailer: &Retailer) -> Vec<PathBuf> {
    let files = fs::read_dir(retailer.path("input/shop")).expect("a folder").flatten().map(|f| f.path());
    let mut files: Vec<PathBuf> = files.filter(|f| f.display().to_string().contains("customers_")).collect();
    files.sort();
    let mut late = files.split_off(1);
    // A delivery without rows is a matter of guards.
    late.retain(|file| {
        let has_rows = fs::read(file).expect("readable").iter().filter(|b| **b == b'\n').count() > 1;
        if !has_rows {
            fs::remove_file(file).expect("removed");
        }
        has_rows
    });
    late
}

fn hold(files: &[PathBuf]) {
    files.iter().for_each(|file| fs::rename(file, format!("{}.held", file.display())).expect("held back"));
}

fn deliver(files: &[PathBuf]) {
    files.iter().for_each(|file| fs::rename(format!("{}.held", file.display()), file).expect("delivered"));
}

/// Holds the app back.
fn without_the_app(retailer: &Retailer) -> String {
    fs::rename(retailer.path("input/app"), retailer.path("app")).expect("held back");
    own_pipeline(retailer, |text| *text = text.replace("    holds: ", "    may_be_empty: true\n    holds: "), |_| {})
}

#[test]
fn a_model_is_used_until_it_is_outgrown_and_training_is_told() {
    let retailer = Retailer::new(300, 91);
    let pipeline = without_the_app(&retailer);
    let late = late_files(&retailer);
    hold(&late);
    let (first, told) = run(&retailer, &pipeline, "lake", &[]);
    assert_eq!(model(&first)["trained_because"], "first");
    assert!(!told.contains("trained again"), "{told}");
    assert_eq!(kept_models(&retailer, "lake").len(), 1);
    deliver(&late[..1]);
    let (second, _) = run(&retailer, &pipeline, "lake", &[]);
    assert_eq!(model(&second)["trained_because"], Value::Null);
    assert_eq!(model(&second)["learned"], model(&first)["learned"]);
    assert_eq!(model(&second)["on"]["run_id"], first["run_id"]);
    assert!(score(&second)["drift"]["levels"]["birth_date"].is_array(), "{second}");
    let digests = "select count(distinct model_digest) as n from run";
    assert_eq!(retailer.sql("lake", digests), "n\n1\n");
    deliver(&late[1..]);
    let (third, _) = run(&retailer, &pipeline, "lake", &["--full"]);
    assert_eq!(model(&third)["learned"], model(&first)["learned"], "a run over everything uses it too");
    // A channel that it has never seen.
    fs::rename(retailer.path("app"), retailer.path("input/app")).expect("delivered");
    let (fourth, told) = run(&retailer, &pipeline, "lake", &[]);
    assert_eq!(model(&fourth)["trained_because"]["new_channel"]["channel"], "app", "{fourth}");
    assert!(told.contains("the model was trained again: channel app is new to it"), "{told}");
    assert_eq!(retailer.sql("lake", digests), "n\n2\n", "the digest covers what was learned");
    let kept = kept_models(&retailer, "lake");
    assert!(kept.len() == 2 && kept[1].starts_with("0002-"), "{kept:?}");
    assert!(succeeds(&["verify", "--lake", &retailer.text("lake")]).contains("0 damaged"));
}

#[test]
fn the_pipeline_says_when_a_model_is_trained() {
    let retailer = Retailer::new(200, 92);
    let with = |line: &str| own_pipeline(&retailer, |text| text.push_str(&format!("\n{line}\n")), |_| {});
    let late = late_files(&retailer);
    hold(&late);
    run(&retailer, &with("train: { days: 30 }"), "lake", &["--as-of", "2026-03-31"]);
    let (day, _) = run(&retailer, &with("train: { days: 30 }"), "lake", &["--as-of", "2026-04-29"]);
    assert_eq!(model(&day)["trained_because"], Value::Null);
    let (month, _) = run(&retailer, &with("train: { days: 30 }"), "lake", &["--as-of", "2026-04-30"]);
    assert_eq!(model(&month)["trained_because"]["age"]["days"], 30);
    let (by_hand, _) = run(&retailer, &with("train: by_hand"), "lake", &["--as-of", "2027-04-30"]);
    assert_eq!(model(&by_hand)["trained_because"], Value::Null);
    deliver(&late);
    let (each, _) = run(&retailer, &with("train: each_run"), "each", &[]);
    assert_eq!(model(&each)["trained_because"], "each_run");
    assert_eq!(kept_models(&retailer, "each").len(), 0, "nobody would use it");
    let (grown, _) = run(&retailer, &with("train: { growth: 0.01 }"), "lake", &["--as-of", "2027-05-01"]);
    assert!(model(&grown)["trained_because"]["growth"]["to"].as_u64() > Some(0), "{grown}");
    // Another model file: the kept one belongs to none of its levels.
    let other = own_pipeline(&retailer, |_| {}, |model| model.push_str("\ntraining: { seed: 99 }\n"));
    let (other, _) = run(&retailer, &other, "lake", &["--as-of", "2027-05-02"]);
    assert_eq!(model(&other)["trained_because"], "other_model_file");
    for (line, problem) in [
        ("train: sometimes", "sometimes"),
        ("train: { days: 0 }", "train.days is 0"),
        ("train: { growth: -1 }", "train.growth is -1"),
        ("train: { weeks: 2 }", "weeks"),
    ] {
        let said = fails(2, &["validate", &with(line)]);
        assert!(said.contains(problem), "{line}: {said}");
    }
}

#[test]
fn a_run_that_is_refused_has_taught_nobody() {
    let retailer = Retailer::new(150, 93);
    let pipeline = own_pipeline(&retailer, |_| {}, |_| {});
    fs::write(retailer.path("pipeline/checks/never.sql"), "select 1 as wrong").expect("written");
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    fails(1, &["run", &pipeline, "--input", &input, "--lake", &lake]);
    assert_eq!(kept_models(&retailer, "lake").len(), 0);
    fs::remove_file(retailer.path("pipeline/checks/never.sql")).expect("removed");
    run(&retailer, &pipeline, "lake", &[]);
    assert_eq!(kept_models(&retailer, "lake").len(), 1);
}

#[test]
fn with_the_same_model_and_run_before_what_changed_gives_the_tables_of_everything() {
    let retailer = Retailer::new(250, 94);
    let pipeline =
        own_pipeline(&retailer, |text| *text = text.replace("reject_share: 0.02", "reject_share: 0.5"), |_| {});
    let late = late_files(&retailer);
    hold(&late);
    run(&retailer, &pipeline, "daily", &[]);
    for (n, delivery) in late.chunks(late.len().div_ceil(3)).enumerate() {
        fs::remove_dir_all(retailer.path("whole")).ok();
        copy(&retailer.path("daily"), &retailer.path("whole"));
        deliver(delivery);
        let (daily, _) = run(&retailer, &pipeline, "daily", &[]);
        let (whole, _) = run(&retailer, &pipeline, "whole", &["--full"]);
        assert_eq!(model(&daily)["learned"], model(&whole)["learned"]);
        // The id of a run says whether it was a full one, and these tables have it.
        let with_run = ["tables/run/", "tables/id_event/", "tables/restatement/", "tables/ledger/"];
        let files = |lake: &str| {
            let mut files = published(&retailer.path(lake));
            files.retain(|file, _| !with_run.iter().any(|table| file.starts_with(table)));
            files
        };
        let (of_daily, of_whole) = (files("daily"), files("whole"));
        let differing: Vec<_> = of_whole.keys().filter(|file| !of_daily.contains_key(*file)).collect();
        assert!(differing.is_empty(), "delivery {n}: {differing:?}");
        let ledger = "select channel_l, record_id_l, channel_r, record_id_r, decision, match_weight, match_probability,
            reason from ledger order by 1, 2, 3, 4";
        assert_eq!(retailer.sql("daily", ledger), retailer.sql("whole", ledger), "delivery {n}");
    }
}

#[test]
fn training_by_hand_shows_what_it_changes_and_the_next_run_uses_it() {
    let retailer = Retailer::new(300, 95);
    let pipeline = own_pipeline(&retailer, |text| text.push_str("\ndecisions: decisions.csv\n"), |_| {});
    fs::write(retailer.path("pipeline/decisions.csv"), "left,right,decision,by,at,why,expires\n").expect("written");
    let lake = retailer.text("lake");
    let train = |more: &[&str]| succeeds(&[&["train", &pipeline, "--lake", &lake], more].concat());
    let said = fails(2, &["train", &pipeline, "--lake", &lake]);
    assert!(said.contains("nothing is published"), "{said}");
    let late = late_files(&retailer);
    hold(&late);
    run(&retailer, &pipeline, "lake", &[]);
    assert!(train(&[]).contains("this very model is kept already"));
    deliver(&late);
    let (second, _) = run(&retailer, &pipeline, "lake", &[]);
    let tables = published(&retailer.path("lake"));
    let plan = train(&["--plan"]);
    for part in [
        "expected precision",
        "levels moved",
        "pairs come over the threshold",
        "customers would be merged",
        "this was a plan",
    ] {
        assert!(plan.contains(part), "{part}: {plan}");
    }
    assert_eq!(kept_models(&retailer, "lake").len(), 1, "a plan keeps nothing");
    let json: Value = serde_json::from_str(&train(&["--plan", "--format", "json"])).expect("JSON");
    assert!(json["levels"].as_array().expect("levels").len() > 20 && json["expected"][1]["precision"].is_number());
    assert!(train(&[]).contains("kept as models/0002-"));
    assert_eq!(published(&retailer.path("lake")), tables, "nothing is published");
    let (third, _) = run(&retailer, &pipeline, "lake", &[]);
    assert_eq!(third["outcome"], "published", "there is something new to do");
    assert_ne!(model(&third)["learned"], model(&second)["learned"]);
    assert_eq!(model(&third)["trained_because"], Value::Null);
    let (fourth, _) = run(&retailer, &pipeline, "lake", &[]);
    assert_eq!(fourth["outcome"], "nothing_new");
    // With a model in the file, or one for each run, nobody would use it.
    let each = own_pipeline(&retailer, |text| text.push_str("\ntrain: each_run\n"), |_| {});
    assert!(fails(2, &["train", &each, "--lake", &lake]).contains("each_run"));
    let other = own_pipeline(&retailer, |_| {}, |model| model.push_str("\ntraining: { seed: 99 }\n"));
    assert!(fails(2, &["train", &other, "--lake", &lake]).contains("model.yaml is another one"));
}

/// Record → customer and the versions of the record.
fn people(retailer: &Retailer) -> BTreeMap<String, (String, String)> {
    let query = "select m.channel || ':' || m.record_id, m.customer_id, s.versions from id_map m join source_record s
        on s.channel = m.channel and s.record_id = m.record_id where m.valid_to is null";
    let csv = retailer.sql("lake", query);
    let row = |line: &str| {
        let [record, customer, versions]: [&str; 3] = line.split(',').collect::<Vec<_>>().try_into().ok()?;
        Some((record.to_string(), (customer.to_string(), versions.to_string())))
    };
    csv.lines().skip(1).filter_map(row).collect()
}

#[test]
fn nobody_flips_over_days_of_deliveries_and_wrong_merges_split() {
    const DAYS: usize = 8;
    const PLANTED: usize = 20;
    let retailer = Retailer::new(600, 96);
    let pipeline = own_pipeline(&retailer, |_| {}, |_| {});
    // The rows of the shop's first file, the last of them day by day.
    let first = retailer.path("input/shop").join(shop::FIRST);
    let bytes = fs::read(&first).expect("the file");
    let lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
    let (head, rows) = (lines[0], &lines[1..]);
    let each = rows.len() / 100 + 1;
    let base = rows.len() - each * DAYS;
    fs::write(&first, [&[head][..], &rows[..base]].concat().concat()).expect("written");
    // Records with the name, phone, mail, sex and birth date of somebody else.
    let (header, whole) = shop::first_load(&retailer);
    assert!(whole.len() >= 2 * PLANTED, "{} rows with all fields", whole.len());
    let file = |wrong: bool| {
        let rows = (0..PLANTED).map(|n| {
            let (of, mut own) = (&whole[2 * n], whole[2 * n + 1].clone());
            own[0] = format!("Z{n:08}");
            if wrong {
                [NAME, KANA, PHONE, MAIL, SEX, BIRTH].iter().for_each(|cell| own[*cell].clone_from(&of[*cell]));
            }
            own
        });
        shop::put(&retailer, "customers_20250930z.csv", &header, &rows.collect::<Vec<_>>());
    };
    let together = |people: &BTreeMap<String, (String, String)>| {
        let customer = |id: &str| people.get(&format!("shop:{id}")).map(|(customer, _)| customer.clone());
        (0..PLANTED).filter(|n| customer(&whole[2 * n][0]) == customer(&format!("Z{n:08}"))).count()
    };
    file(true);
    run(&retailer, &pipeline, "lake", &[]);
    let mut before = people(&retailer);
    let merged = together(&before);
    assert!(merged >= PLANTED - 1, "{merged} of {PLANTED} were merged");
    let mut flips = 0;
    for day in 0..DAYS {
        let delivery = &rows[base + day * each..base + (day + 1) * each];
        let name = format!("input/shop/customers_20251001_{day}.csv");
        fs::write(retailer.path(&name), [&[head][..], delivery].concat().concat()).expect("written");
        run(&retailer, &pipeline, "lake", &[]);
        let now = people(&retailer);
        let mut sets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        before.iter().for_each(|(record, (customer, _))| {
            sets.entry(customer).or_default().insert(record);
        });
        for records in sets.values() {
            let unchanged = records.iter().all(|r| now.get(*r).is_some_and(|(_, versions)| *versions == before[*r].1));
            let parts: BTreeSet<&str> = records.iter().filter_map(|r| Some(now.get(*r)?.0.as_str())).collect();
            flips += usize::from(unchanged && parts.len() > 1);
        }
        before = now;
    }
    assert_eq!(flips, 0, "customers split of whose records nothing was said");
    assert_eq!(together(&before), merged, "a wrong merge that nothing speaks against stays");
    file(false);
    // A guard asks whether so many values may change in one file.
    run(&retailer, &pipeline, "lake", &["--admit", "shop/customers_20250930z.csv"]);
    assert_eq!(together(&people(&retailer)), 0, "it splits once the evidence contradicts");
}

#[test]
fn a_link_that_holds_is_told_in_words_until_somebody_changes_the_threshold() {
    let retailer = Retailer::new(800, 97);
    let with = |auto: &str| own_pipeline(&retailer, |text| *text = text.replace("auto: 0.8", auto), |_| {});
    let lake = retailer.text("lake");
    run(&retailer, &with("auto: 0.8"), "lake", &[]);
    let matched = "select channel_l || ':' || record_id_l || ' ' || channel_r || ':' || record_id_r from ledger
        where decision = 'matched' and match_probability < 0.999 order by match_probability, 1 limit 1";
    let pair = retailer.sql("lake", matched).lines().nth(1).expect("a link").to_string();
    // As if it had been made on a better day: the model file's numbers are those of a model that trusts a little less.
    let run_id = retailer.sql("lake", "select run_id from run order by run_number desc limit 1");
    let run_id = run_id.lines().nth(1).expect("a run").to_string();
    let model = fs::read_to_string(retailer.path("lake/work").join(run_id).join("model.yaml")).expect("the model");
    let probability = || {
        let (l, r) = pair.split_once(' ').expect("two");
        let shown = succeeds(&["explain", "--lake", &lake, "--lang", "en", "--format", "json", l, r]);
        let shown: Value = serde_json::from_str(&shown).expect("JSON");
        (shown["probability"].as_f64().expect("a number"), shown["outcome"].as_str().expect("a word").to_string())
    };
    let (was, _) = probability();
    // All priors of one person lower, so that the pair falls to 0.65.
    let odds = |p: f64| p / (1.0 - p);
    let times = odds(0.65) / odds(was);
    let weaker: String = model
        .lines()
        .map(|line| match line.trim_start().strip_prefix("person: ") {
            Some(person) => {
                let indent = &line[..line.len() - line.trim_start().len()];
                format!("{indent}person: {:e}\n", person.parse::<f64>().expect("a prior") * times)
            }
            None => format!("{line}\n"),
        })
        .collect();
    let weaker = weaker.lines().filter(|line| !line.starts_with("# digest")).collect::<Vec<_>>().join("\n");
    let changed = |auto: &str, model: &str| {
        own_pipeline(&retailer, |text| *text = text.replace("auto: 0.8", auto), |of| *of = model.to_string())
    };
    run(&retailer, &changed("auto: 0.8", &weaker), "lake", &[]);
    let (is, outcome) = probability();
    assert!((0.5..0.8).contains(&is), "{was} became {is}");
    assert_eq!(outcome, "held");
    let reason = retailer
        .sql("lake", "select distinct reason from ledger where decision = 'matched' and match_probability < 0.8");
    assert_eq!(
        reason.lines().nth(1).map(|r| r.trim_matches('"')),
        Some("the run before linked them, and a link holds from a probability of 0.5 up")
    );
    let (l, r) = pair.split_once(' ').expect("two");
    assert!(succeeds(&["explain", "--lake", &lake, "--lang", "en", l, r]).contains("A link of before holds"));
    // Whoever changes the threshold means all pairs.
    run(&retailer, &changed("auto: 0.81", &weaker), "lake", &[]);
    assert_ne!(probability().1, "held");
    let held = "select count(*) as n from ledger where decision = 'matched' and match_probability < 0.81";
    assert_eq!(retailer.sql("lake", held), "n\n0\n");
}

#[test]
fn the_walk_through_of_a_retraining_works() {
    let retailer = Retailer::new(400, 98);
    own_pipeline(&retailer, |_| {}, |_| {});
    let said = walk_through(&retailer, "retraining.md", 10);
    for part in ["| 1      |", "this was a plan", "kept"] {
        assert!(said.contains(part), "{part}:\n{said}");
    }
}

#[test]
fn what_a_run_that_was_taken_back_learned_teaches_nobody() {
    let retailer = Retailer::new(200, 99);
    let pipeline = without_the_app(&retailer);
    let (first, _) = run(&retailer, &pipeline, "lake", &[]);
    fs::rename(retailer.path("app"), retailer.path("input/app")).expect("delivered");
    run(&retailer, &pipeline, "lake", &[]);
    assert_eq!(kept_models(&retailer, "lake").len(), 2);
    let lake = retailer.text("lake");
    succeeds(&["rollback", "--to", "1", "--by", "k.tanaka", "--why", "a wrong delivery", "--lake", &lake]);
    let kept = kept_models(&retailer, "lake");
    assert!(kept.len() == 1 && kept[0].starts_with("0001-"), "{kept:?}");
    let (next, _) = run(&retailer, &pipeline, "lake", &["--full"]);
    assert_eq!(model(&next)["learned"], model(&first)["learned"], "the files of the app are held");
}

#[test]
fn a_damaged_model_is_told_and_not_used() {
    let retailer = Retailer::new(150, 93);
    let pipeline = own_pipeline(&retailer, |_| {}, |_| {});
    run(&retailer, &pipeline, "lake", &[]);
    let file = retailer.path("lake/models").join(&kept_models(&retailer, "lake")[0]);
    let text = fs::read_to_string(&file).expect("readable");
    fs::write(&file, text.replacen("\"steps\": ", "\"steps\": 1", 1)).expect("written");
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let said = fails(1, &["run", &pipeline, "--input", &input, "--lake", &lake, "--full"]);
    assert!(said.contains("models/0001-") && said.contains("is damaged"), "{said}");
    assert!(fails(1, &["verify", "--lake", &lake]).contains("1 of the files"));
    fs::remove_file(&file).expect("removed");
    let (anew, _) = run(&retailer, &pipeline, "lake", &["--full"]);
    assert_eq!(model(&anew)["trained_because"], "first");
}

#[test]
fn a_channel_with_another_name_is_not_new_to_the_model() {
    let retailer = Retailer::new(200, 100);
    let pipeline = own_pipeline(&retailer, |_| {}, |_| {});
    run(&retailer, &pipeline, "lake", &[]);
    let links = "select count(*) as n from ledger where decision = 'matched'";
    let before = retailer.sql("lake", links);
    let renamed = |text: &mut String| {
        *text = text.replace("channel: support\n", "channel: zendesk\n");
        *text = text.replace("pointcard, support]", "pointcard, zendesk]");
        text.push_str("\nchannels: { zendesk: { was: support } }\n");
    };
    let (after, _) = run(&retailer, &own_pipeline(&retailer, renamed, |_| {}), "lake", &[]);
    assert_eq!(model(&after)["trained_because"], Value::Null, "{after}");
    assert_eq!(retailer.sql("lake", links), before, "the priors of its pairs are those that it had");
}
