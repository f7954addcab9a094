//! Marts: what the head of a file promises, in which order they are made, what is left out, and what an own mart may do wrong.

use std::fs;
use std::process::Command;

use crate::support::{NO_GUARDS, Retailer, fails, own_pipeline, root, succeeds};

/// A retailer with a pipeline of its own, whose marts lie in `marts` and `own`.
struct Shop {
    retailer: Retailer,
    pipeline: String,
}

impl Shop {
    fn new(people: u64, seed: u64) -> Self {
        let retailer = Retailer::new(people, seed);
        let both = |text: &mut String| *text = text.replace("marts: marts\n", "marts: [marts, own]\n") + NO_GUARDS;
        let pipeline = own_pipeline(&retailer, both, |_| ());
        fs::create_dir(retailer.path("pipeline/own")).expect("a folder");
        Shop { retailer, pipeline }
    }

    /// Writes a file of the pipeline.
    fn put(&self, file: &str, sql: &str) {
        fs::write(self.retailer.path("pipeline").join(file), sql).expect("written");
    }

    fn arguments(&self, more: &[&str]) -> Vec<String> {
        let own = [self.pipeline.clone(), "--input".into(), self.retailer.text("input")];
        let lake = ["--lake".into(), self.retailer.text("lake"), "--log".into(), "json".into()];
        let mut all = vec!["run".to_string()];
        all.extend(own.into_iter().chain(lake).chain(more.iter().map(|m| m.to_string())));
        all
    }

    fn runs(&self, more: &[&str]) -> String {
        succeeds(&self.arguments(more).iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn run_fails(&self, code: i32) -> String {
        fails(code, &self.arguments(&[]).iter().map(String::as_str).collect::<Vec<_>>())
    }

    fn sql(&self, query: &str) -> String {
        self.retailer.sql("lake", query)
    }
}

const LOYALTY: &str = "\
-- ja: 顧客ごとの購入回数
-- en: purchases of each customer
-- key: customer_id
-- column: customer_id | text | 統合顧客ID | unified customer id | keyed
-- column: purchases | integer | 購入回数 | number of purchases | plain
-- column: nothing | double? | なし | nothing | hidden
-- Every purchase counts, returns do not.
select count(*) as purchases, customer_id, cast(null as bigint) as nothing from purchase group by customer_id
";

#[test]
fn a_mart_is_published_as_its_head_promises() {
    let shop = Shop::new(120, 91);
    shop.put("own/loyalty.sql", LOYALTY);
    shop.put("own/bare.sql", "select customer_id, purchases from loyalty");
    shop.runs(&[]);
    let types =
        "select column_name, data_type, is_nullable from information_schema.columns where table_name = 'loyalty'";
    let types = shop.sql(types);
    let expected = ["customer_id,Utf8", "purchases,Int32", "nothing,Float64"];
    assert_eq!(types.lines().skip(1).count(), expected.len(), "{types}");
    for (line, start) in types.lines().skip(1).zip(expected) {
        // The session may read texts as views.
        assert!(line.replace("Utf8View", "Utf8").starts_with(start), "{types}");
    }
    let counts = "select sum(purchases) as purchases, count(*) as customers from";
    assert_eq!(
        shop.sql(&format!("{counts} loyalty")),
        shop.sql("select sum(frequency) as purchases, count(*) as customers from rfm")
    );
    assert_eq!(
        shop.sql(&format!("{counts} bare")),
        shop.sql(&format!("{counts} loyalty")),
        "a mart reads a published one"
    );
    // Rows lie in the order of the key; readers of Delta find comments and what may be null in the table's log.
    let log = fs::read_to_string(shop.retailer.path("lake/tables/loyalty/_delta_log/00000000000000000000.json"));
    let log = log.expect("a log").replace('\\', "");
    for part in ["購入回数 / number of purchases", r#""name":"purchases","type":"integer","nullable":false"#] {
        assert!(log.contains(part), "{part} is not in {log}");
    }
    assert!(log.contains(r#""name":"nothing","type":"double","nullable":true"#), "{log}");
    let file = fs::read_dir(shop.retailer.path("lake/tables/loyalty")).expect("a folder").flatten();
    let file = file.map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "parquet")).expect("a file");
    let rows = crate::support::rows_of(&file);
    let ids: Vec<&str> = rows.lines().skip(3).filter_map(|line| line.split('|').nth(1)).collect();
    assert!(ids.len() > 20 && ids.is_sorted(), "{rows}");
    // The analyst's profile has what the head shows; of a mart that promises nothing it has nothing.
    let profile = |query: &str| {
        let lake = shop.retailer.text("lake");
        let args = ["sql", "--lake", &lake, "--profile", "analyst", "--purpose", "churn", "--format", "csv", query];
        let mut command = Command::new(env!("CARGO_BIN_EXE_nayose"));
        command.args(args).env("NAYOSE_PROFILE_KEY", "a secret of the company").current_dir(root());
        command.output().expect("the binary starts")
    };
    let seen = profile("select * from loyalty limit 1");
    let seen = String::from_utf8_lossy(&seen.stdout).to_string();
    assert!(seen.starts_with("customer_id,purchases\n"), "{seen}");
    assert!(!profile("select * from bare").status.success());
}

#[test]
fn a_head_and_its_query_say_the_same() {
    let shop = Shop::new(100, 92);
    let said = |sql: &str| {
        shop.put("own/loyalty.sql", sql);
        shop.run_fails(2)
    };
    // Before anything is read.
    let mistakes = LOYALTY.replace("| integer |", "| integr |").replace("-- key: customer_id", "-- key: custmer_id");
    let text = said(&mistakes);
    for part in [
        "2 problems",
        "own/loyalty.sql:5: there is no type \"integr\" (did you mean \"integer\"?)",
        "own/loyalty.sql:3: the key names \"custmer_id\", which is no column of the head (did you mean \"customer_id\"?)",
    ] {
        assert!(text.contains(part), "{part:?} is not in:\n{text}");
    }
    let more = said(&LOYALTY.replace("as nothing", "as something"));
    assert!(more.contains("own/loyalty.sql: the query has something where its head promises nothing"), "{more}");
    let lacking = said(&LOYALTY.replace(", cast(null as bigint) as nothing", ""));
    assert!(lacking.contains("own/loyalty.sql: the query lacks nothing, which its head promises"), "{lacking}");
    assert!(!shop.retailer.path("lake").exists(), "nothing was begun");
    // Values are known once it is made: that is the pipeline's mistake, not one of nayose.
    let null = said(&LOYALTY.replace("count(*) as purchases", "nullif(count(*), 1) as purchases"));
    assert!(null.contains("own/loyalty.sql: column purchases of table loyalty may not be null"), "{null}");
    let twice = said(&LOYALTY.replace("-- key: customer_id", "-- key: purchases"));
    assert!(twice.contains("own/loyalty.sql: table loyalty is not in its order, or has a key twice"), "{twice}");
    for text in [null, twice] {
        assert!(!text.contains("bug"), "{text}");
    }
}

#[test]
fn a_name_stands_once_over_all_folders() {
    let shop = Shop::new(100, 92);
    shop.put("own/rfm.sql", "select 1 as n");
    let said = shop.run_fails(2);
    assert!(said.contains("pipeline.yaml:7: marts/rfm.sql and own/rfm.sql have one name"), "{said}");
    fs::remove_file(shop.retailer.path("pipeline/own/rfm.sql")).expect("removed");
    shop.put("own/a.sql", "select * from b");
    shop.put("own/b.sql", "select * from a");
    let said = shop.run_fails(2);
    assert!(said.contains("marts read each other in a circle: a reads b reads a"), "{said}");
}

#[test]
fn a_mart_that_fails_while_it_runs_is_no_bug() {
    let shop = Shop::new(100, 93);
    let purchases = "from interaction where event_type = 'purchase'";
    let failing = [
        ("own/_shared.sql", format!("select 1 / (count(*) - count(*)) as n {purchases}")),
        ("own/divided.sql", format!("select amount / (amount - amount) as n {purchases}")),
        ("own/cast.sql", format!("select cast(count(*) * 1e30 as bigint) as n {purchases}")),
        ("checks/divided.sql", "select 1 from rfm where frequency / (frequency - frequency) > 1".to_string()),
    ];
    for (file, sql) in &failing {
        shop.put(file, sql);
        let said = shop.run_fails(2);
        assert!(said.contains(&format!("{file}: ")) && said.contains("hint: ") && !said.contains("bug"), "{said}");
        fs::remove_file(shop.retailer.path("pipeline").join(file)).expect("removed");
    }
    assert!(!shop.retailer.path("lake/tables/run").exists(), "nothing is published");
}

#[test]
fn marts_that_lack_their_data_are_left_out_and_told() {
    let shop = Shop::new(100, 94);
    shop.put("own/_replies.sql", "-- needs: event.ticket_reply, event.ticket\nselect 1 as n");
    shop.put("own/first_reply.sql", "select n from _replies");
    shop.put("own/calls.sql", "-- needs: event.ticket, interaction.category\nselect count(*) as n from interaction");
    shop.put("checks/replies.sql", "select 1 from first_reply where n < 0");
    let line = "left out, as no source maps event.ticket_reply: marts _replies, first_reply; checks replies";
    let said = succeeds(&["validate", &shop.pipeline, "--input", &shop.retailer.text("input")]);
    assert!(said.contains(line) && said.contains("9 marts, 4 checks"), "{said}");
    let said = shop.runs(&["--summary", &shop.retailer.text("summary.json")]);
    assert!(said.is_empty(), "{said}");
    let summary = fs::read_to_string(shop.retailer.path("summary.json")).expect("the summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    let stages = summary["stages"].as_array().expect("stages");
    let notes = &stages.iter().find(|stage| stage["stage"] == "marts").expect("the marts")["notes"];
    let needs = ["event.ticket_reply"];
    let left_out =
        serde_json::json!([{ "mart": "_replies", "needs": needs }, { "mart": "first_reply", "needs": needs }]);
    assert_eq!(notes["marts_left_out"], left_out);
    assert_eq!(notes["checks_left_out"], serde_json::json!([{ "check": "replies", "needs": needs }]));
    assert_eq!(notes["checks_passed"], 4);
    let there = |mart: &str| shop.retailer.path("lake/tables").join(mart).exists();
    assert!(there("calls") && !there("first_reply"));
    // The report of a run says it too.
    shop.put("own/calls.sql", "-- needs: event.ticket\nselect count(*) + 0 as n from interaction");
    let said = shop.runs(&[]);
    assert!(said.contains(line), "{said}");
    // A mart that has lost its data is gone from the next run, as one whose file was removed; the runs before keep it.
    shop.put("own/calls.sql", "-- needs: event.call\nselect count(*) as n from interaction");
    shop.runs(&[]);
    let tables = |run: &str| {
        let of = format!(
            "select t['table_name'] as name from (select unnest(tables) as t from run where run_number = {run}) order by 1"
        );
        shop.sql(&of)
    };
    assert!(tables("2").contains("calls") && !tables("3").contains("calls"), "{}", tables("3"));
}

#[test]
fn figures_are_restated_over_marts_that_are_published_too() {
    let restated = |purchaser: &str| {
        let shop = Shop::new(200, 95);
        let marts = shop.retailer.path("pipeline/marts");
        for file in fs::read_dir(&marts).expect("a folder").flatten().map(|entry| entry.path()) {
            let sql = fs::read_to_string(&file).expect("a query");
            fs::write(&file, sql.replace("_purchaser", purchaser)).expect("written");
        }
        fs::rename(marts.join("_purchaser.sql"), marts.join(format!("{purchaser}.sql"))).expect("renamed");
        let yaml = fs::read_to_string(&shop.pipeline).expect("the pipeline");
        for (auto, as_of) in [("0.9999999", "2026-02-28"), ("0.8", "2026-03-31")] {
            let hold = format!("hold: {auto}\n  auto: {auto}");
            fs::write(&shop.pipeline, yaml.replace("auto: 0.8", &hold)).expect("written");
            shop.runs(&["--as-of", as_of]);
        }
        let rows = shop.sql("select mart, key, field, before, after, cause from restatement order by 1, 2, 3");
        (shop, rows)
    };
    let (_, expected) = restated("_purchaser");
    assert!(["rfm", "ltv", "decile"].iter().all(|mart| expected.contains(&format!("\n{mart},"))), "{expected}");
    let (shop, rows) = restated("purchaser");
    assert_eq!(rows, expected);
    // What is published is as of the run's time, not of that of the run before, for which it was made once more.
    let newest = |mart: &str| shop.sql(&format!("select count(*) as n, max(last_purchase_at) as newest from {mart}"));
    assert_eq!(newest("purchaser"), newest("rfm"));
}

/// Counts the runs that it was made in: what cannot be counted anew.
const TIMES: &str = "\
-- ja: 回数
-- en: how often it was made
-- key: n
-- column: n | long | 番号 | number | plain
-- column: times | long | 回数 | how often | plain
select 1 as n, coalesce(max(times), 0) + 1 as times from previous.times
";

#[test]
fn a_mart_reads_its_own_table_of_the_run_before() {
    let shop = Shop::new(60, 97);
    shop.put("own/times.sql", TIMES);
    // Another one reads that of the run before too, and is made as if it read nothing of this run.
    shop.put("own/before.sql", "select count(*) as n from previous.times");
    for run in 1..=3 {
        shop.runs(&["--full"]);
        assert_eq!(shop.sql("select times from times"), format!("times\n{run}\n"));
        assert_eq!(shop.sql("select n from before"), format!("n\n{}\n", i32::from(run > 1)));
    }
    shop.put("own/before.sql", "select count(*) as n from previous.tims");
    let said = shop.run_fails(2);
    assert!(said.contains("own/before.sql") && said.contains("tims"), "{said}");
}

/// A mart whose head compares and tells its figures.
const STORES: &str = "\
-- ja: 店舗ごとの購入者数
-- en: buyers by channel and month
-- key: channel, month
-- restated: buyers
-- report: {channel}の購入者は{buyers}人（{share%}） | {channel} has {buyers} buyers ({share%})
-- column: channel | text | チャネル | channel | plain
-- column: month | date | 月 | month | plain
-- column: buyers | long | 購入者数 | buyers | plain
-- column: share | double? | 割合 | share | plain
select channel, date '2026-01-01' as month, count(distinct customer_id) as buyers, case when channel = 'shop' then 0.1234 end as share
from purchase where occurred_at < timestamp '2026-02-01' group by channel
";

#[test]
fn a_mart_tells_its_figures_in_the_report() {
    let shop = Shop::new(100, 98);
    shop.put("own/stores.sql", STORES);
    shop.runs(&["--summary", &shop.retailer.text("summary.json")]);
    let buyers = shop.sql("select buyers from stores where channel = 'shop'");
    let buyers = buyers.lines().nth(1).expect("a row");
    let line = format!("shop has {buyers} buyers (12.3 %)");
    let summary = fs::read_to_string(shop.retailer.path("summary.json")).expect("the summary");
    let summary: serde_json::Value = serde_json::from_str(&summary).expect("JSON");
    let stages = summary["stages"].as_array().expect("stages");
    let notes = &stages.iter().find(|stage| stage["stage"] == "marts").expect("the marts")["notes"];
    let ja = format!("shopの購入者は{buyers}人（12.3 %）");
    // The other channels lack the share.
    assert_eq!(notes["told"], serde_json::json!([{ "mart": "stores", "ja": ja, "en": line }]));
    let (lake, file) = (shop.retailer.text("lake"), shop.retailer.text("report.html"));
    for (lang, told) in [("ja", &ja), ("en", &line)] {
        succeeds(&["report", "--lake", &lake, "--lang", lang, "--to", &file]);
        assert!(fs::read_to_string(&file).expect("the report").contains(told.as_str()), "{told}");
    }
    let said = shop.runs(&["--full"]);
    assert!(said.contains(&line), "{said}");
    shop.put("own/stores.sql", &STORES.replace("{buyers} buyers", "{buyer} buyers"));
    let said = shop.run_fails(2);
    assert!(said.contains("report names \"buyer\"") && said.contains("did you mean \"buyers\"?"), "{said}");
}

#[test]
fn figures_of_a_key_of_several_columns_are_restated() {
    let shop = Shop::new(200, 95);
    shop.put("own/stores.sql", STORES);
    let yaml = fs::read_to_string(&shop.pipeline).expect("the pipeline");
    for (auto, as_of) in [("0.9999999", "2026-02-28"), ("0.8", "2026-03-31")] {
        let hold = format!("hold: {auto}\n  auto: {auto}");
        fs::write(&shop.pipeline, yaml.replace("auto: 0.8", &hold)).expect("written");
        shop.runs(&["--as-of", as_of]);
    }
    let rows =
        shop.sql("select key, field, before > after as fewer from restatement where mart = 'stores' order by key");
    assert!(rows.lines().count() > 1, "{rows}");
    let wrong = rows.lines().skip(1).find(|row| !row.ends_with(" 2026-01-01,buyers,true"));
    assert_eq!(wrong, None, "{rows}");
}

#[test]
fn the_retail_pipeline_has_the_marts_of_both_folders() {
    let retailer = Retailer::new(150, 96);
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    succeeds(&["run", "pipelines/retail/pipeline.yaml", "--input", &input, "--lake", &lake, "--log", "json"]);
    let mut promised: Vec<String> = Vec::new();
    for folder in ["marts", "crm"] {
        for file in fs::read_dir(root().join("pipelines/retail").join(folder)).expect("a folder").flatten() {
            let name = file.file_name().to_string_lossy().replace(".sql", "");
            promised.extend((!name.starts_with('_')).then_some(name));
        }
    }
    let published = retailer.sql("lake", "select t['table_name'] as name from (select unnest(tables) as t from run)");
    let missing: Vec<&String> = promised.iter().filter(|name| !published.lines().any(|line| line == *name)).collect();
    // Those that are not there lack their data, and the run says so.
    let said = succeeds(&["validate", "pipelines/retail/pipeline.yaml", "--input", &input]);
    for name in missing {
        let told = said.lines().any(|line| line.contains("left out") && line.contains(name.as_str()));
        assert!(told, "{name} is neither published nor told: {said}");
    }
    // Every phone and mail address of a record is an identifier of its customer, with the number of records that have it.
    for (kind, column) in [("phone", "phones"), ("email", "emails")] {
        let records = format!(
            "select m.customer_id, v as value, count(*) as n
             from (select channel, record_id, unnest({column}) as v from source_record) r
             join id_map m on m.channel = r.channel and m.record_id = r.record_id and m.valid_to is null group by 1, 2"
        );
        let differing = format!(
            "select count(*) as n from ({records}) e
             full join (select * from user_identifiers where type = '{kind}') u on u.customer_id = e.customer_id and u.value = e.value
             where e.n is distinct from u.count"
        );
        assert_eq!(retailer.sql("lake", &differing), "n\n0\n", "{kind}");
        assert_ne!(retailer.sql("lake", &format!("select count(*) as n from ({records}) where n > 1")), "n\n0\n");
    }
    let ids = "select count(*) as n from user_identifiers where type like 'record_id.%'";
    assert_eq!(
        retailer.sql("lake", ids),
        retailer.sql("lake", "select count(*) as n from id_map where valid_to is null")
    );
    assert_eq!(
        retailer.sql("lake", "select count(*) as n from user_identifiers where first_seen > last_seen or count < 1"),
        "n\n0\n"
    );
}

#[test]
fn a_mart_may_have_other_columns_in_the_next_run() {
    let shop = Shop::new(120, 93);
    shop.put("own/counted.sql", "select count(*) as n, 'a' as kind from rfm");
    shop.runs(&[]);
    shop.put("own/counted.sql", "select 'b' as sort, 1.5 as n from rfm limit 1");
    shop.runs(&[]);
    assert_eq!(shop.sql("select * from counted"), "sort,n\nb,1.5\n");
    let then =
        ["sql", "--lake", &shop.retailer.text("lake"), "--as-of", "1", "--format", "csv", "select kind from counted"];
    assert_eq!(succeeds(&then), "kind\na\n");
    succeeds(&["rollback", "--to", "1", "--by", "k", "--why", "other columns", "--lake", &shop.retailer.text("lake")]);
    assert_eq!(shop.sql("select kind from counted"), "kind\na\n");
}
