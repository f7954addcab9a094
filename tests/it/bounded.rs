//! Data that would take a matcher down: one phone of fifty thousand records. And what a run says about itself.

use std::fs;

use serde_json::Value;

use crate::support::{Retailer, fails, own_pipeline, succeeds};

const RECORDS: usize = 50_000;

/// Shop customers with names of their own, all with the phone of the company that entered them and one default birth date.
fn plant_a_call_center(retailer: &Retailer) {
    let kanji: Vec<char> = "一二三太郎次美子香恵健翔大輝優真結愛花咲陽葵蓮樹悠".chars().collect();
    let families = ["佐藤", "鈴木", "高橋", "田中", "伊藤", "渡辺", "山本", "中村", "小林", "加藤"];
    let mut rows = String::from(
        "\"顧客番号\",\"氏名\",\"フリガナ\",\"郵便番号\",\"住所1\",\"住所2\",\"電話番号\",\"メールアドレス\",\"性別\",\"生年月日\",\"登録日\",\"更新日\"\r\n",
    );
    for i in 0..RECORDS {
        let (a, b) = (kanji[i % kanji.len()], kanji[i / kanji.len() % kanji.len()]);
        let family = families[i / 7 % families.len()];
        rows += &format!(
            "\"Z{i:06}\",\"{family} {a}{b}\",\"\",\"\",\"\",\"\",\"03-5539-8214\",\"z{i}@example.jp\",\"\",\"1970/01/01\",\"2024/05/01\",\"2025/05/01\"\r\n"
        );
    }
    let bytes = encoding_rs::SHIFT_JIS.encode(&rows).0.into_owned();
    fs::write(retailer.path("input/shop/customers_20260331z.csv"), bytes).expect("written");
}

#[test]
fn a_phone_of_fifty_thousand_records_is_refined_or_refused() {
    let retailer = Retailer::new(200, 51);
    plant_a_call_center(&retailer);
    let (input, lake, summary) = (retailer.text("input"), retailer.text("lake"), retailer.text("summary.json"));
    let run = |path: &str, more: &[&str]| {
        let mut args = vec!["run".to_string(), path.to_string()];
        args.extend(["--input", &input, "--lake", &lake, "--log", "json"].map(String::from));
        args.extend(more.iter().map(|m| m.to_string()));
        args
    };
    // Compared as one block these are 1.25 billion pairs: refused before any is made.
    let huge = own_pipeline(&retailer, |p| *p = p.replace("block_size: 1000", "block_size: 60000"), |_| {});
    let args = run(&huge, &["--memory", "4GiB"]);
    let said = fails(3, &args.iter().map(String::as_str).collect::<Vec<_>>());
    for part in ["pairs need", "blocking rule", "limits.block_size", "50000 records"] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    let nothing = fails(2, &["sql", "--lake", &lake, "select 1"]);
    assert!(nothing.contains("nothing is published"), "{nothing}");
    // With the usual limit the block is split by given name, and the phone means nothing.
    let usual = own_pipeline(&retailer, |_| {}, |_| {});
    let args = run(&usual, &["--summary", &summary, "--profile", &retailer.text("profile.txt")]);
    succeeds(&args.iter().map(String::as_str).collect::<Vec<_>>());
    // Sorting so many records in little memory spills, and spill files have a ceiling of their own.
    let sorted = "select * from source_record order by history, record_id";
    let said = fails(3, &["sql", "--lake", &lake, "--memory", "128MiB", "--spill-limit", "1KiB", sorted]);
    assert!(said.contains("spill files grew over --spill-limit") && said.contains("hint: raise it"), "{said}");
    let summary: Value = serde_json::from_str(&fs::read_to_string(summary).expect("a summary")).expect("JSON");
    let notes = |stage: &str| {
        let all = summary["stages"].as_array().expect("stages");
        all.iter().find(|s| s["stage"] == stage).map(|s| s["notes"].clone()).expect("the stage")
    };
    let forecast = notes("block")["forecast"]["pairs"].as_u64().expect("a forecast");
    assert!(forecast < RECORDS as u64 * 1000, "{forecast} pairs: no more than block_size for a record");
    let compared: u64 =
        notes("block")["pairs_by_rule"].as_object().expect("rules").values().filter_map(Value::as_u64).sum();
    assert!(compared > 0 && compared <= forecast, "{compared} pairs compared of {forecast} forecast");
    assert_eq!(notes("score")["junk_values"]["phone"]["records"], RECORDS, "the phone is dropped as evidence");
    let merged =
        "select max(n) as n from (select count(*) as n from id_map where record_id like 'Z%' group by customer_id)";
    let largest: u64 = retailer.sql("lake", merged).lines().nth(1).expect("a row").parse().expect("a number");
    assert!(largest < 10, "{largest} strangers with the company's phone are one customer");
    let profile = fs::read_to_string(retailer.path("profile.txt")).expect("a profile");
    for part in ["normalize", "standard_record", "AggregateExec", "spilled"] {
        assert!(profile.contains(part), "{part:?} is not in the profile");
    }
}
