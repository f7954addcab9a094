//! Many questions of one open lake, and records asked now: the answers are those of a run.

use std::collections::BTreeMap;

use arrow::array::AsArray;
use arrow::datatypes::{Float64Type, Int64Type};
use datafusion::prelude::ParquetReadOptions;
use nayose::{Audit, Location, MatchRequest, Resources, session};

use crate::support::raw_records::{raw_records, work_files};
use crate::support::{Retailer, fails, nayose, own_pipeline, root, succeeds};

async fn open(retailer: &Retailer) -> Audit {
    let lake = Location::parse(&retailer.text("lake"), &root()).expect("a place");
    Audit::open(&lake, None, &Resources::default()).await.expect("the lake opens")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_prepared_lake_answers_as_one_that_is_not() {
    let retailer = Retailer::new(300, 29);
    retailer.runs("lake", &[]);
    let (plain, prepared) = (open(&retailer).await, open(&retailer).await);
    prepared.prepare().await.expect("prepared");
    let query = "select customer_id, records from golden_customer order by records desc, customer_id";
    let ids: Vec<String> =
        retailer.sql("lake", query).lines().skip(1).map(|l| l.split(',').next().unwrap_or_default().into()).collect();
    assert!(ids.len() > 200, "{} customers", ids.len());
    let (mut links, mut relatives) = (0, 0);
    for id in ids.iter().take(40).chain(ids.iter().rev().take(10)) {
        let (a, b) = (plain.customer(id).await.expect("a customer"), prepared.customer(id).await.expect("a customer"));
        assert_eq!(a, b);
        let full = (plain.dossier(id).await.expect("a customer"), prepared.dossier(id).await.expect("a customer"));
        relatives += full.0.household.len();
        assert_eq!(full.0, full.1);
        assert_eq!(plain.records_of(id).await.expect("records"), prepared.records_of(id).await.expect("records"));
        if let Some(link) = a.links.first().filter(|_| links < 10) {
            links += 1;
            let (a, b) = (plain.pair(&link.left, &link.right).await, prepared.pair(&link.left, &link.right).await);
            assert_eq!(a.expect("a pair"), b.expect("a pair"));
        }
    }
    assert!(links == 10 && relatives > 5, "{links} links, {relatives} people of households");
    let query = "select channel, record_id, family_name, given_name, family_kana, given_kana, phones[1], emails[1], identifiers[1]['value']
                 from source_record order by md5(channel || record_id) limit 30";
    let mut hits = 0;
    for line in retailer.sql("lake", query).lines().skip(1) {
        let v: Vec<&str> = line.split(',').collect();
        let (record, name, kana) =
            (format!("{}:{}", v[0], v[1]), format!("{}{}", v[2], v[3]), format!("{} {}", v[4], v[5]));
        for text in [&record, v[1], &name, &kana, v[2], v[3], v[5], v[6], v[7], v[8]] {
            if !text.trim().is_empty() {
                let (a, b) =
                    (plain.search(text).await.expect("an answer"), prepared.search(text).await.expect("an answer"));
                assert_eq!(a, b);
                hits += a.hits.len();
            }
        }
        assert_eq!(
            plain.customer(&record).await.expect("a customer"),
            prepared.customer(&record).await.expect("a customer")
        );
    }
    assert!(hits > 200, "{hits} hits");
    for nobody in ["shop:none", "none:C1", "C-0000-0000-0000-0", "shop"] {
        let (a, b) =
            (plain.customer(nobody).await.expect_err(nobody), prepared.customer(nobody).await.expect_err(nobody));
        assert_eq!(a.to_string(), b.to_string());
    }
}

/// Two customers are merged, and part again: rows of `id_map` that hold no more lie among those that do.
#[tokio::test(flavor = "multi_thread")]
async fn the_history_of_a_prepared_lake_is_that_of_one_that_is_not() {
    let retailer = Retailer::new(200, 63);
    let pipeline = own_pipeline(&retailer, |text| text.push_str("\ndecisions: decisions.csv\n"), |_| ());
    std::fs::write(retailer.path("pipeline/decisions.csv"), "left,right,decision,by,at,why,expires\n")
        .expect("written");
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let run = || succeeds(&["run", &pipeline, "--input", &input, "--lake", &lake, "--log", "json"]);
    run();
    let query = "select customer_id from golden_customer order by records desc, customer_id";
    let ids: Vec<String> = retailer.sql("lake", query).lines().skip(1).map(str::to_string).collect();
    for word in ["same", "undecided"] {
        let who = ["--by", "k", "--why", "x", "--pipeline", &pipeline, "--lake", &lake];
        succeeds(&[&["decide", word, &ids[0], &ids[1]], &who[..]].concat());
        run();
        let (plain, prepared) = (open(&retailer).await, open(&retailer).await);
        prepared.prepare().await.expect("prepared");
        let (mut events, mut ended) = (0, 0);
        for id in &ids {
            let (a, b) = (plain.history(id).await.expect("a life"), prepared.history(id).await.expect("a life"));
            assert_eq!(a, b);
            events += a.events.len();
            ended += a.records.iter().filter(|record| record.to_run.is_some()).count();
        }
        assert!(events > ids.len() && ended > 1, "{word}: {events} events of {} customers, {ended} ended", ids.len());
        let (a, b) = (plain.history("C-0000-0000-0000-0").await, prepared.history("C-0000-0000-0000-0").await);
        assert_eq!(a.expect_err("nobody").to_string(), b.expect_err("nobody").to_string());
    }
}

/// Probabilities of person and household by the records of a pair, as the run kept them: the work table `scored_pair`.
async fn scored(lake: &str) -> BTreeMap<(String, String), (f64, f64)> {
    let context = session(&Resources { threads: 1, ..Resources::default() }).expect("a session");
    let table = |table: &str| context.read_parquet(work_files(lake, table), ParquetReadOptions::default());
    let records = table("normalize/standard_record").await.expect("records");
    let mut names: BTreeMap<i64, String> = BTreeMap::new();
    for batch in
        records.select_columns(&["row", "channel", "record_id"]).expect("a plan").collect().await.expect("rows")
    {
        let rows = batch.column(0).as_primitive::<Int64Type>();
        let [channel, id] = [1, 2].map(|c| batch.column(c).as_string::<i32>());
        names.extend((0..batch.num_rows()).map(|i| (rows.value(i), format!("{}:{}", channel.value(i), id.value(i)))));
    }
    let columns = ["row_l", "row_r", "match_probability", "household_probability"];
    let pairs = table("score/scored_pair").await.expect("pairs").select_columns(&columns).expect("a plan");
    let mut found = BTreeMap::new();
    for batch in pairs.collect().await.expect("rows") {
        let [l, r] = [0, 1].map(|c| batch.column(c).as_primitive::<Int64Type>());
        let [person, household] = [2, 3].map(|c| batch.column(c).as_primitive::<Float64Type>());
        for i in 0..batch.num_rows() {
            let (l, r) = (names[&l.value(i)].clone(), names[&r.value(i)].clone());
            let of = (person.value(i), household.value(i));
            found.insert((l.clone(), r.clone()), of);
            found.insert((r, l), of);
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn a_record_of_the_run_asked_again_scores_as_it_did() {
    let retailer = Retailer::new(400, 31);
    retailer.runs("lake", &[]);
    let lake = retailer.text("lake");
    let (plain, prepared) = (open(&retailer).await, open(&retailer).await);
    prepared.prepare().await.expect("prepared");
    prepared.prepare_matching().await.expect("prepared");
    assert!(prepared.is_matching_prepared() && !plain.is_matching_prepared());
    let scored = scored(&lake).await;
    let records = raw_records(&lake, 100_000).await;
    let mut rows: BTreeMap<&str, usize> = BTreeMap::new();
    records.iter().for_each(|(key, _)| *rows.entry(key).or_default() += 1);
    let (mut pairs, mut linked) = (0, 0);
    // One row is asked: what other rows of the record add, it cannot know.
    for (n, (key, request)) in records.iter().filter(|(key, _)| rows[key.as_str()] == 1).enumerate().take(300) {
        let found = prepared.match_record(request).await.expect("an answer");
        if n < 10 {
            assert_eq!(found, plain.match_record(request).await.expect("an answer"), "with an index and without");
        }
        for candidate in found.candidates.iter().filter(|c| &c.record != key) {
            let pair = (key.clone(), candidate.record.clone());
            let (person, household) = scored.get(&pair).unwrap_or_else(|| panic!("{pair:?} is no pair of the run"));
            assert!((candidate.probability - person).abs() < 1e-9, "{pair:?}: {person}, {candidate:?}");
            assert!((candidate.household_probability - household).abs() < 1e-9, "{pair:?}: {household}, {candidate:?}");
            pairs += 1;
        }
        let others = scored.keys().filter(|(l, _)| l == key).count();
        let own = found.candidates.iter().filter(|c| &c.record == key).count();
        assert!(found.more || found.candidates.len() - own == others, "{key} met {others} records: {found:?}");
        linked += usize::from(found.customer_id.is_some());
    }
    assert!(pairs > 300 && linked > 200, "{pairs} pairs, {linked} linked");
}

#[test]
fn a_record_is_matched_from_the_command_line() {
    let retailer = Retailer::new(200, 32);
    retailer.runs("lake", &[]);
    let lake = retailer.text("lake");
    let before = crate::support::published(&retailer.path("lake"));
    let query = "select i.customer_id, s.family_name, s.given_name, s.phones[1], s.emails[1], s.birth_date, s.channel || ':' || s.record_id
                 from source_record s join id_map i on i.channel = s.channel and i.record_id = s.record_id
                 where s.channel = 'shop' and i.valid_to is null and s.family_name is not null and s.given_name is not null
                   and s.phones[1] is not null and s.emails[1] is not null and s.birth_date is not null
                 order by s.record_id limit 1";
    let row = retailer.sql("lake", query).lines().nth(1).expect("a record").to_string();
    let v: Vec<&str> = row.split(',').collect();
    let [customer, family, given, phone, mail, born, key] = v[..] else { panic!("{row}") };
    let record = format!(
        r#"{{"channel": "shop", "name": "{family} {given}", "phone": "{phone}", "email": ["{mail}"], "birth_date": "{born}"}}"#
    );
    let json = succeeds(&["match", "--record", &record, "--lake", &lake, "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!((found["decision"].as_str(), found["customer_id"].as_str()), (Some("linked"), Some(customer)), "{json}");
    assert!(found["candidates"].as_array().expect("a list").iter().any(|c| c["record"] == key), "{json}");
    let text = succeeds(&["match", "--record", &record, "--lake", &lake, "--lang", "en"]);
    assert!(text.starts_with(&format!("The record is of customer {customer}.")), "{text}");
    let nobody = r#"{"channel": "shop", "name": "存在 しない人", "phone": "090-1234-0001"}"#;
    assert_eq!(succeeds(&["match", "--record", nobody, "--lake", &lake]).trim_end(), "どの顧客でもありません。");
    // What cannot be compared is not nobody.
    for record in [
        r#"{"channel": "shop"}"#,
        r#"{"channel": "shop", "name": "", "phone": []}"#,
        r#"{"channel": "shop", "phone": "0", "sex": "F"}"#,
        r#"{"channel": "shop", "name": "存在 しない人"}"#,
    ] {
        let json = succeeds(&["match", "--record", record, "--lake", &lake, "--format", "json"]);
        let found: serde_json::Value = serde_json::from_str(&json).expect("JSON");
        let warned = found["warning"]["en"].as_str().unwrap_or_default();
        assert!(found["decision"] == "nobody" && warned.contains("compared with nobody"), "{record}: {json}");
        let text = succeeds(&["match", "--record", record, "--lake", &lake]);
        assert!(text.contains("どのレコードとも比較していません"), "{record}: {text}");
    }
    let json = succeeds(&["match", "--record", nobody, "--lake", &lake, "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert!(found["warning"].is_null(), "{json}");
    for (record, told) in [
        (r#"{"channel": "stand", "name": "佐藤"}"#, "there is no channel \"stand\""),
        (r#"{"channel": "shpo", "name": "佐藤"}"#, "did you mean \"shop\"?"),
        (r#"{"chanel": "shop", "name": "佐藤"}"#, "write \"channel\" instead of \"chanel\""),
        (r#"{"channel": "shop", "phones": "03"}"#, "did you mean \"phone\"?"),
        ("佐藤", "the record is no JSON"),
    ] {
        let stderr = fails(2, &["match", "--record", record, "--lake", &lake]);
        assert!(stderr.contains(told) && !stderr.contains("佐藤"), "{stderr}");
    }
    assert!(nayose(&["match", "--lake", &lake]).status.code() == Some(2), "without a record");
    assert_eq!(crate::support::published(&retailer.path("lake")), before, "nothing is written");
}

#[tokio::test(flavor = "multi_thread")]
async fn any_number_of_records_is_asked_beside_each_other() {
    let retailer = Retailer::new(200, 33);
    retailer.runs("lake", &[]);
    let audit = open(&retailer).await;
    let records = raw_records(&retailer.text("lake"), 40).await;
    let requests: Vec<&MatchRequest> = records.iter().map(|(_, request)| request).collect();
    // None is prepared: all wait for the one that reads the features.
    let twice = requests.iter().chain(&requests).map(|request| audit.match_record(request));
    let answers = futures::future::try_join_all(twice).await.expect("answers");
    assert_eq!(answers[..records.len()], answers[records.len()..]);
}
