//! Who is one person and who is not: planted people in a generated retailer. EM on simulated pairs is tested in `nayose-matching`.

use std::fs;

use crate::support::{Retailer, nayose, own_pipeline, succeeds};

/// A shop customer of the planted people.
struct Planted {
    id: &'static str,
    name: &'static str,
    kana: &'static str,
    postal_code: &'static str,
    address: &'static str,
    phone: &'static str,
    email: &'static str,
    sex: &'static str,
    birth: &'static str,
}

const HOME: &str = "東京都世田谷区等々力6-21-5 コーポ中村 203号室";
const LANDLINE: &str = "03-3812-7765";

fn plant(retailer: &Retailer, people: &[Planted]) {
    let mut rows = String::from(
        "\"顧客番号\",\"氏名\",\"フリガナ\",\"郵便番号\",\"住所1\",\"住所2\",\"電話番号\",\"メールアドレス\",\"性別\",\"生年月日\",\"登録日\",\"更新日\"\r\n",
    );
    for p in people {
        let fields = [
            p.id,
            p.name,
            p.kana,
            p.postal_code,
            p.address,
            "",
            p.phone,
            p.email,
            p.sex,
            p.birth,
            "2024/05/01",
            "2025/05/01",
        ];
        rows += &fields.iter().map(|f| format!("\"{f}\"")).collect::<Vec<_>>().join(",");
        rows += "\r\n";
    }
    let bytes = encoding_rs::SHIFT_JIS.encode(&rows).0.into_owned();
    fs::write(retailer.path("input/shop/customers_20260331b.csv"), bytes).expect("written");
}

fn customer(retailer: &Retailer, id: &str) -> String {
    let csv =
        retailer.sql("lake", &format!("select customer_id from id_map where channel = 'shop' and record_id = '{id}'"));
    csv.lines().nth(1).expect("the planted record has a customer").to_string()
}

#[test]
fn households_twins_and_a_marriage() {
    let retailer = Retailer::new(1500, 31);
    let at_home = |id, name, kana, sex, birth| Planted {
        id,
        name,
        kana,
        postal_code: "158-0082",
        address: HOME,
        phone: LANDLINE,
        email: "nakamura.family77@example.jp",
        sex,
        birth,
    };
    plant(
        &retailer,
        &[
            // A family shares name, address, landline and mail.
            at_home("X1", "中村 健一", "ナカムラ ケンイチ", "男", "1971/04/02"),
            at_home("X2", "中村 由美子", "ナカムラ ユミコ", "女", "1973/11/19"),
            // Twins share the birth date as well.
            at_home("X3", "中村 美咲", "ナカムラ ミサキ", "女", "2003/06/08"),
            at_home("X4", "中村 結衣", "ナカムラ ユイ", "女", "2003/06/08"),
            // One of them again, the way a till writes it.
            at_home("X5", "ナカムラ ミサキ", "", "女", "2003/06/08"),
            // She marries and moves; the mobile and the mail stay.
            Planted {
                id: "X6",
                name: "大崎 彩香",
                kana: "オオサキ アヤカ",
                postal_code: "430-0822",
                address: "静岡県浜松市中央区東町669-6",
                phone: "080-6713-4419",
                email: "ayaka.moon5526@example.jp",
                sex: "女",
                birth: "1994/02/17",
            },
            Planted {
                id: "X7",
                name: "藤井 彩香",
                kana: "フジイ アヤカ",
                postal_code: "359-0022",
                address: "埼玉県所沢市本郷2269-5",
                phone: "080-6713-4419",
                email: "ayaka.moon5526@example.jp",
                sex: "女",
                birth: "1994/02/17",
            },
        ],
    );
    retailer.runs("lake", &[]);
    let id = |name: &str| customer(&retailer, name);
    assert_ne!(id("X1"), id("X2"), "husband and wife");
    assert_ne!(id("X3"), id("X4"), "twins");
    assert_ne!(id("X1"), id("X3"), "father and daughter");
    assert_eq!(id("X3"), id("X5"), "kanji and kana of one person");
    assert_eq!(id("X6"), id("X7"), "married and moved");
    let household = retailer.sql(
        "lake",
        "select count(distinct household_id) as n from id_map where record_id in ('X1','X2','X3','X4','X5')",
    );
    assert_eq!(household, "n\n1\n", "the family is one household");
}

#[test]
fn decisions_of_people_are_kept() {
    let retailer = Retailer::new(200, 32);
    retailer.runs("before", &[]);
    let row = |query: &str| {
        let csv = retailer.sql("before", query);
        csv.lines().nth(1).expect("a row").split(',').map(str::to_string).collect::<Vec<_>>()
    };
    // A pair that is matched, of a customer with these two records only; and two customers that have nothing in common.
    let matched = row("select l.channel_l || ':' || l.record_id_l, l.channel_r || ':' || l.record_id_r from ledger l
         join id_map m on m.channel = l.channel_l and m.record_id = l.record_id_l
         join golden_customer g on g.customer_id = m.customer_id
         where l.decision = 'matched' and g.records = 2 order by 1, 2 limit 1");
    let strangers = row("select min(channel || ':' || record_id), max(channel || ':' || record_id) from id_map
         where customer_id in (select customer_id from golden_customer where records = 1)");
    // A kept model would remember what these two taught it, of two hundred people.
    let lines = "decisions: decisions.csv\ntrain: each_run\n";
    let path = own_pipeline(&retailer, |p| *p = p.replace("checks: checks\n", lines), |_| {});
    let decide = |rows: &str| {
        fs::write(retailer.path("pipeline/decisions.csv"), format!("left,right,decision,by,at,why,expires\n{rows}"))
            .expect("written");
    };
    let (input, lake) = (retailer.text("input"), retailer.text("after"));
    let run = ["run", &path, "--input", &input, "--lake", &lake, "--log", "json"];
    let customers = |a: &str, b: &str| {
        let csv = retailer.sql(
            "after",
            &format!("select count(distinct customer_id) as n from id_map where channel || ':' || record_id in ('{a}', '{b}') and valid_to is null"),
        );
        csv.lines().nth(1).expect("a row").to_string()
    };
    decide(&format!(
        "{},{},different,kato,2026-04-01,called both,\n{},{},same,kato,2026-04-01,showed an id,\n",
        matched[0], matched[1], strangers[0], strangers[1]
    ));
    succeeds(&run);
    assert_eq!(customers(&matched[0], &matched[1]), "2", "decided to be different");
    assert_eq!(customers(&strangers[0], &strangers[1]), "1", "decided to be the same");
    let overridden = retailer.sql(
        "after",
        "select count(*) as n from ledger where decision = 'overridden' and reason like '%kato%called both%'",
    );
    assert_eq!(overridden, "n\n1\n", "the ledger says who decided and why");
    for (pair, why) in [(&matched, "called both"), (&strangers, "showed an id")] {
        let text = succeeds(&["explain", &pair[0], &pair[1], "--lake", &retailer.text("after"), "--lang", "en"]);
        assert!(text.contains("person decided") && text.contains(why), "{text}");
    }
    // A decision that has expired, or was taken back, holds no more.
    decide(&format!("{},{},different,kato,2026-04-01,called both,2020-01-01\n", matched[0], matched[1]));
    succeeds(&run);
    assert_eq!(customers(&matched[0], &matched[1]), "1", "expired");
    assert_eq!(customers(&strangers[0], &strangers[1]), "2", "taken back");
}

/// The customers of a lake and the notes of its run.
fn result(retailer: &Retailer, lake: &str) -> (String, serde_json::Value) {
    let ids = retailer.sql(lake, "select channel, record_id, customer_id, household_id from id_map order by 1, 2");
    let run = fs::read_dir(retailer.path(lake).join("work")).expect("work").next().expect("a run").expect("a folder");
    let manifest = fs::read(run.path().join("manifest.json")).expect("a manifest");
    (ids, serde_json::from_slice(&manifest).expect("JSON"))
}

#[test]
fn a_model_that_needs_households_is_told_so() {
    let retailer = Retailer::new(2000, 36);
    let run = |shared: &str| {
        let without = |model: &mut String| *model = model.replace("shared_by_household: true", shared);
        let path = own_pipeline(&retailer, |_| {}, without);
        let output =
            nayose(&["run", &path, "--input", &retailer.text("input"), "--lake", &retailer.text("lake"), "--full"]);
        assert!(output.status.success());
        String::from_utf8_lossy(&output.stderr).to_string()
    };
    let told = run("shared_by_household: false");
    let at = |what: &str| told.find(what).unwrap_or_else(|| panic!("{what} in {told}"));
    assert!(at("differ in given_name") < at("agree in family_name, address"), "{told}");
    assert!(!run("shared_by_household: true").contains("shared_by_household"), "nothing to be told");
}

#[test]
fn a_trained_model_is_applied_as_it_is() {
    let retailer = Retailer::new(400, 33);
    retailer.runs("trains", &[]);
    let (ids, manifest) = result(&retailer, "trains");
    assert!(manifest["stages"]["score"]["result"]["score"]["trained"]["steps"].as_u64() > Some(1));
    let run = manifest["run_id"].as_str().expect("a run id");
    let kept = fs::read_to_string(retailer.path("trains/work").join(run).join("model.yaml")).expect("the model");
    let path = own_pipeline(&retailer, |_| {}, |model| *model = kept.clone());
    let (input, lake) = (retailer.text("input"), retailer.text("applies"));
    succeeds(&["run", &path, "--input", &input, "--lake", &lake, "--log", "json"]);
    let (again, manifest) = result(&retailer, "applies");
    let trained = &manifest["stages"]["score"]["result"]["score"]["trained"];
    assert_eq!(trained["steps"], 0, "nothing is learned");
    assert!(trained["learned_from"].as_str().is_some_and(|digest| digest.len() == 32), "{trained}");
    assert_eq!(ids, again);
}

#[test]
fn the_order_of_rows_does_not_matter() {
    let retailer = Retailer::new(400, 34);
    retailer.runs("before", &[]);
    let mut turned = 0;
    for file in fs::read_dir(retailer.path("input/shop")).expect("a folder").map(|f| f.expect("a file").path()) {
        if file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("customers_")) {
            let bytes = fs::read(&file).expect("a file");
            // No byte of CP932 beyond ASCII is a line feed, and the generator writes no line feed into a field.
            let mut lines: Vec<&[u8]> = bytes.split_inclusive(|b| *b == b'\n').collect();
            lines[1..].reverse();
            turned += lines.len();
            fs::write(&file, lines.concat()).expect("written");
        }
    }
    assert!(turned > 200, "{turned} rows turned");
    retailer.runs("after", &[]);
    assert_eq!(result(&retailer, "before").0, result(&retailer, "after").0);
}

#[test]
fn a_channel_may_limit_its_records_of_a_person() {
    let retailer = Retailer::new(1500, 35);
    let path = own_pipeline(
        &retailer,
        |p| *p = p.replace("  block_size: 1000\n", "  block_size: 1000\n  records_per_person: { shop: 1 }\n"),
        |_| {},
    );
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    succeeds(&["run", &path, "--input", &input, "--lake", &lake, "--log", "json"]);
    let most = "select max(n) as n from (select count(*) as n from id_map where channel = 'shop' group by customer_id)";
    assert_eq!(retailer.sql("lake", most), "n\n1\n");
    let cut = "select count(*) > 0 as cut from ledger where decision = 'cut' and reason like '%channel shop%'";
    assert_eq!(retailer.sql("lake", cut), "cut\ntrue\n", "and the ledger says so");
    // A reason of each kind, by its words without names and numbers: in a Japanese explanation it is Japanese.
    let reasons = retailer.sql(
        "lake",
        "select kind, l, r from (
             select *, row_number() over (partition by kind order by l, r) as n from (
                 select regexp_replace(reason, '[a-z]+:[^ )]+|[0-9.]+|[a-z]+ than limits', '', 'g') as kind,
                     channel_l || ':' || record_id_l as l, channel_r || ':' || record_id_r as r
                 from ledger where reason is not null))
         where n = 1 order by kind",
    );
    let mut kinds = 0;
    for line in reasons.lines().skip(1) {
        let mut cells = line.rsplitn(3, ',');
        let [right, left, kind] = [0, 1, 2].map(|_| cells.next().expect("a cell").to_string());
        let said = succeeds(&["explain", "--lake", &lake, "--lang", "ja", &left, &right]);
        let why = said.lines().nth(1).expect("the reason");
        let english = [" the ", " is ", " than ", "contradicts", "fits "].iter().any(|word| why.contains(word));
        assert!(why.starts_with("理由: ") && !english, "{kind}: {said}");
        kinds += 1;
    }
    assert!(kinds >= 2, "{reasons}");
    let outvoted = "select count(*) > 0 as told from ledger where reason like 'the pairs between the group of %:% most of all %:%'";
    assert_eq!(retailer.sql("lake", outvoted), "told\ntrue\n", "{reasons}");
}

#[test]
fn test_entries_are_nobody() {
    let retailer = Retailer::new(300, 36);
    let entry = |id, name| Planted {
        id,
        name,
        kana: "",
        postal_code: "154-0023",
        address: "東京都世田谷区若林1-1-1",
        phone: "03-3413-0000",
        email: "",
        sex: "男",
        birth: "2000/01/01",
    };
    plant(&retailer, &[entry("Y1", "動作確認用"), entry("Y2", "テスト 太郎"), entry("Y3", "テスト")]);
    retailer.runs("lake", &[]);
    let n = "select count(distinct customer_id) as n from id_map where record_id in ('Y1', 'Y2', 'Y3')";
    assert_eq!(retailer.sql("lake", n), "n\n3\n", "what a tester typed is evidence of no person");
}
