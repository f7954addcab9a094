//! Consent: the newest statement decides. The analyst's profile: nobody is in it, and nothing below it can be reached.

use std::collections::{BTreeSet, HashSet};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::logs::{leaks, personal};
use crate::support::{Retailer, fails, own_pipeline, root, rows_of, walk_through};

const KEY: &str = "a secret of the company";

/// Runs the binary with the secret of the profile.
fn with_key(key: &str, args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nayose"));
    command.args(args).current_dir(root()).env("NAYOSE_PROFILE_KEY", key).output().expect("the binary starts")
}

/// Asks the profile for a purpose, answers CSV.
fn profile(retailer: &Retailer, purpose: &str, more: &[&str], query: &str) -> String {
    let lake = retailer.text("lake");
    let mut args = vec!["sql", "--lake", &lake, "--profile", "analyst", "--purpose", purpose, "--format", "csv", query];
    args.extend(more);
    let output = with_key(KEY, &args);
    assert!(output.status.success(), "{query}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("UTF-8")
}

fn export(retailer: &Retailer, to: &str) {
    let (lake, to) = (retailer.text("lake"), retailer.text(to));
    let output = with_key(KEY, &["export", "--lake", &lake, "--profile", "analyst", "--purpose", "churn", "--to", &to]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A shop customer: number, name, phone, birth date, what was answered about mail, and when.
type Planted<'a> = [&'a str; 7];

/// Shop customers, and app users who are the same people. Each has a name, a phone and a birth date of their own.
fn plant(retailer: &Retailer, shop: &[Planted], app: &[(Planted, &str)]) {
    let header = "顧客番号,氏名,フリガナ,郵便番号,住所1,住所2,電話番号,メールアドレス,性別,生年月日,登録日,更新日,メルマガ,メルマガ回答日";
    let mut rows = format!("{header}\r\n");
    for [id, name, kana, phone, birth, answer, at] in shop {
        rows += &format!(
            "{id},{name},{kana},,,,{phone},{phone}@example.jp,女,{birth},2019/05/01,2025/05/01,{answer},{at}\r\n"
        );
    }
    let bytes = encoding_rs::SHIFT_JIS.encode(&rows).0.into_owned();
    std::fs::write(retailer.path("input/shop/customers_20260331c.csv"), bytes).expect("written");
    let file = std::fs::File::create(retailer.path("input/app/users_20260331c.jsonl.gz")).expect("made");
    let mut gzip = flate2::write::GzEncoder::new(file, flate2::Compression::fast());
    for ([id, name, kana, phone, birth, answer, at], push) in app {
        let (family, given) = name.split_once(' ').expect("two names");
        let (family_kana, given_kana) = kana.split_once(' ').expect("two names");
        let answer: serde_json::Value = serde_json::from_str(answer).expect("true, false, null or a text");
        let push: serde_json::Value = serde_json::from_str(push).expect("true or false");
        let user = serde_json::json!({
            "user_id": id, "family_name": family, "given_name": given, "family_name_kana": family_kana,
            "given_name_kana": given_kana, "phone": phone, "email": format!("{phone}@example.jp"), "birthday": birth,
            "push_enabled": push, "mail_magazine": answer, "mail_magazine_at": at,
            "created_at": "2020-01-01T00:00:00+09:00", "updated_at": "2025-06-01T00:00:00+09:00",
        });
        writeln!(gzip, "{user}").expect("written");
    }
    gzip.finish().expect("written");
}

#[test]
fn the_newest_statement_of_a_person_decides() {
    let retailer = Retailer::new(400, 71);
    let (yes, no) = ("希望する", "希望しない");
    let a = ["中禅寺 敦子", "チュウゼンジ アツコ", "080-6713-4419", "1971-04-02"];
    let b = ["榎木津 礼子", "エノキヅ レイコ", "080-7725-9031", "1983-11-19"];
    let c = ["木場 修代", "キバ ノブヨ", "090-3318-6652", "1990-02-17"];
    let d = ["関口 雪絵", "セキグチ ユキエ", "070-4416-2285", "1965-08-30"];
    let of = |id, [name, kana, phone, birth]: [&'static str; 4], answer, at| [id, name, kana, phone, birth, answer, at];
    plant(
        &retailer,
        &[
            // Denied long ago in the shop; the app's grant is newer.
            of("Y1", a, no, "2021/01/10"),
            // Granted, denied, granted again: the record's newest statement counts.
            of("Y2", b, yes, "2020/01/01"),
            of("Y2", b, no, "2022/02/02"),
            of("Y2", b, yes, "2024/03/03"),
            // A value that means nothing, of a day on which the app has a grant: nobody knows which was first.
            of("Y3", c, "たぶん", "2025/01/01"),
            // Nothing was said in the shop, and nothing in the app.
            of("Y4", d, "", ""),
        ],
        &[
            (of("v1", a, "true", "2025-09-09T09:00:00+09:00"), "true"),
            (of("v2", b, "true", "2023-01-01T00:00:00+09:00"), "false"),
            (of("v3", c, "true", "2025-01-01T15:00:00+09:00"), "true"),
            (of("v4", d, "null", ""), "true"),
        ],
    );
    retailer.runs("lake", &[]);
    let said = |record: &str, purpose: &str, contact: &str| {
        let of = "select c.status, c.channel, c.record_id, cast(c.stated_at as varchar) as at
            from consent c join id_map m on m.customer_id = c.customer_id and m.valid_to is null";
        let only = format!("m.record_id = '{record}' and c.purpose = '{purpose}' and c.contact = '{contact}'");
        let csv = retailer.sql("lake", &format!("{of} where {only}"));
        csv.lines().nth(1).map(|line| line.replace("T", " ").replace("Z", ""))
    };
    for (shop, app) in [("Y1", "v1"), ("Y2", "v2"), ("Y3", "v3"), ("Y4", "v4")] {
        let people =
            format!("select count(distinct customer_id) as n from id_map where record_id in ('{shop}', '{app}')");
        assert_eq!(retailer.sql("lake", &people), "n\n1\n", "{shop} and {app} are one person");
    }
    let email = |record| said(record, "marketing", "email");
    assert_eq!(email("v1").as_deref(), Some("granted,app,v1,2025-09-09 09:00:00+09:00"), "who agrees anew has agreed");
    assert_eq!(
        email("Y2").as_deref(),
        Some("granted,shop,Y2,2024-03-03 00:00:00+09:00"),
        "the newer of two grants is named"
    );
    assert_eq!(
        email("Y3").as_deref(),
        Some("unknown,shop,Y3,2025-01-01 00:00:00+09:00"),
        "midnight in Japan, for all of the day"
    );
    assert_eq!(email("Y4"), None, "silence is no row");
    let push = said("Y2", "marketing", "push");
    assert_eq!(push.as_deref(), Some("denied,app,v2,"), "no time of its own, and not that of its row");
    assert_eq!(said("Y1", "marketing", "post"), None);
    // The sample has people who said different things, and its consents belong to its customers.
    let kinds = retailer.sql("lake", "select distinct contact, status from consent order by contact, status");
    assert_eq!(
        kinds,
        "contact,status\nemail,denied\nemail,granted\nemail,unknown\nphone,denied\nphone,granted\npush,denied\npush,granted\n"
    );
    let lost = "select count(*) as n from consent where customer_id not in (select customer_id from golden_customer)";
    assert_eq!(retailer.sql("lake", lost), "n\n0\n");

    // Who is erased has no consents any more; the others keep theirs.
    let id = retailer.sql("lake", "select customer_id from id_map where record_id = 'Y1'");
    let id = id.lines().nth(1).expect("a person").to_string();
    let rows = |only: &str| retailer.sql("lake", &format!("select count(*) as n from consent where {only}"));
    let others = rows(&format!("customer_id <> '{id}'"));
    let lake = [retailer.text("lake"), retailer.text("input")];
    let pipeline = retailer.pipeline();
    let erase = ["erase", &id, "--by", "privacy", "--why", "asked", "--pipeline", &pipeline];
    let erased = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(erase.into_iter().chain(["--lake", &lake[0], "--input", &lake[1]]))
        .env("NAYOSE_ERASURE_KEY", KEY)
        .current_dir(root())
        .output()
        .expect("the binary starts");
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    assert_eq!(rows(&format!("customer_id = '{id}' or record_id in ('Y1', 'v1')")), "n\n0\n");
    assert_eq!(rows("true"), others);
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if path.is_dir() { found.extend(files(&path)) } else { found.push(path) }
    }
    found
}

/// Everything that stands in the files below a folder, as text. Ids of the profile, and names of files and times in Delta's log, may
/// look like a number of somebody by chance: they are masked.
fn text_of(folder: &Path) -> String {
    let mut text = String::new();
    // Lists of blocks are digests and nothing else.
    for path in files(folder).into_iter().filter(|path| path.extension().is_none_or(|e| e != "tree")) {
        let (content, log) = match path.extension().is_some_and(|e| e == "parquet") {
            true => (rows_of(&path), false),
            false => (String::from_utf8_lossy(&std::fs::read(&path).expect("readable")).to_string(), true),
        };
        for part in content.split_inclusive(|c: char| !c.is_ascii_alphanumeric()) {
            let word = part.trim_end_matches(|c: char| !c.is_ascii_alphanumeric());
            let hex = !word.is_empty() && word.chars().all(|c| c.is_ascii_digit() || ('a'..='f').contains(&c));
            let digits = word.chars().all(|c| c.is_ascii_digit());
            // Times, digests, and the parts of an id by chance, which may spell a name: 4b1c-abe3.
            let by_chance = word.len() == 13 || matches!(word.len(), 4 | 8 | 12 | 16) && !digits;
            let masked = hex && (word.len() == 32 || log && by_chance);
            text.push_str(if masked { "#\n" } else { part });
        }
    }
    text
}

/// The values of a query of one column.
fn values(csv: &str) -> BTreeSet<String> {
    csv.lines().skip(1).filter(|l| !l.is_empty()).map(str::to_string).collect()
}

#[test]
fn the_profile_holds_nobody() {
    let retailer = Retailer::new(500, 72);
    let mut personal = personal(&retailer);
    // 0000000000 is nobody's, and stands in many a fraction.
    personal.retain(|value| value.chars().any(|c| !value.starts_with(c)));
    retailer.runs("lake", &[]);
    export(&retailer, "analysts");
    let exported = text_of(&retailer.path("analysts"));
    let asked = |query: &str| values(&retailer.sql("lake", query));
    let mut hidden: BTreeSet<String> = BTreeSet::new();
    for query in [
        "select customer_id from golden_customer",
        "select household_id from golden_customer",
        "select record_id from source_record where character_length(record_id) >= 8",
        "select event_id from interaction where character_length(event_id) >= 8",
        "select distinct transaction_id from interaction where character_length(transaction_id) >= 8",
        "select distinct detail from interaction where character_length(detail) >= 8 and detail not like '%\n%'",
        "select distinct unnest(phones) as phone from source_record",
        "select distinct unnest(emails) as email from source_record",
        "select value from (select unnest(identifiers)['value'] as value from source_record) where character_length(value) >= 8",
        "select address from source_record where character_length(address) >= 8",
        "select postal_code from source_record where postal_code is not null",
        // Later than this a birth date may be the day of a purchase.
        "select cast(birth_date as varchar) as day from source_record where birth_date < date '2010-01-01'",
        "select family_kana || ' ' || given_kana as kana from source_record",
    ] {
        let found = asked(query);
        assert!(found.len() > 10, "{query}: {} values", found.len());
        hidden.extend(found);
    }
    // A postal code may be seven digits of any fraction: numbers that short are looked for as words.
    let words: HashSet<&str> = exported.split(|c: char| !c.is_alphanumeric()).collect();
    let short = |value: &str| value.len() < 9 && value.chars().all(|c| c.is_ascii_digit());
    let is_there = |value: &str| if short(value) { words.contains(value) } else { exported.contains(value) };
    let found: Vec<&String> = hidden.iter().filter(|value| is_there(value)).take(10).collect();
    assert!(found.is_empty(), "the profile holds {found:?}");
    let found = leaks(&exported, &personal);
    assert!(found.is_empty(), "the profile holds {found:?}");
    assert!(!exported.contains(KEY));
    // The search finds what it is for.
    let whole = text_of(&retailer.path("lake/tables/golden_customer"));
    assert!(leaks(&whole, &personal).len() == 10 && hidden.iter().filter(|v| whole.contains(v.as_str())).count() > 500);
    // What analyses need is there: the figures of the lake, under other ids.
    let figures = "select count(*) as people, count(distinct household_id) as households, sum(records) as records,
        sum(monetary) as monetary, count(r.customer_id) as buyers, sum(a) as amount, count(distinct g.town_code) as towns
        from golden_customer g left join rfm r on r.customer_id = g.customer_id
        left join (select customer_id, sum(amount) as a from interaction group by customer_id) i on i.customer_id = g.customer_id";
    assert_eq!(profile(&retailer, "churn", &[], figures), retailer.sql("lake", figures));
    let bands = profile(
        &retailer,
        "churn",
        &[],
        "select distinct age_band from golden_customer where age_band is not null order by 1",
    );
    assert!(values(&bands).contains("30-39") && values(&bands).len() > 6, "{bands}");
    let wrong = "select count(*) as n from golden_customer where age_band is null";
    let unborn = "select count(*) as n from golden_customer where birth_date is null";
    assert_eq!(profile(&retailer, "churn", &[], wrong), retailer.sql("lake", unborn));

    // The next export takes the place of this one.
    let parquet = |folder: &str| {
        let all = files(&retailer.path(folder)).into_iter().filter(|f| f.extension().is_some_and(|e| e == "parquet"));
        all.collect::<BTreeSet<_>>()
    };
    let before = parquet("analysts");
    let tickets = files(&retailer.path("input/support")).into_iter().max().expect("a file");
    std::fs::remove_file(tickets).expect("removed");
    retailer.runs("lake", &[]);
    export(&retailer, "analysts");
    let after = parquet("analysts");
    assert_eq!(after.len(), before.len(), "files of the export before are gone");
    assert_ne!(after, before);
    let (lake, to) = (retailer.text("lake"), retailer.text("lake"));
    let onto_itself = ["export", "--lake", &lake, "--profile", "analyst", "--purpose", "churn", "--to", &to];
    let refused = with_key(KEY, &onto_itself);
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
}

#[test]
fn ids_are_those_of_a_purpose() {
    let retailer = Retailer::new(200, 73);
    retailer.runs("lake", &["--as-of", "2026-03-30"]);
    retailer.runs("lake", &["--as-of", "2026-03-31"]);
    let ids = |purpose: &str, run: &str| {
        values(&profile(&retailer, purpose, &["--as-of", run], "select customer_id from golden_customer"))
    };
    let churn = ids("churn", "1");
    assert!(churn.len() > 100);
    assert_eq!(ids("churn", "2"), churn, "the same in every run");
    assert!(ids("pricing", "2").is_disjoint(&churn), "no two purposes share an id");
    let lake = retailer.text("lake");
    let args = |purpose| ["sql", "--lake", &lake, "--profile", "analyst", "--purpose", purpose, "--format", "csv"];
    let query = "select customer_id from golden_customer";
    let other = with_key("another secret of it", &[&args("churn")[..], &[query]].concat());
    assert!(values(&String::from_utf8_lossy(&other.stdout)).is_disjoint(&churn));
    // Without a secret, with a short one, without a purpose, with one that is mistyped easily.
    for key in ["", "short"] {
        let output = with_key(key, &[&args("churn")[..], &[query]].concat());
        let stderr = String::from_utf8_lossy(&output.stderr).to_string();
        assert_eq!(output.status.code(), Some(2), "{stderr}");
        assert!(
            stderr.contains("hint: set NAYOSE_PROFILE_KEY in the environment to a secret of 16 characters or more"),
            "{stderr}"
        );
        assert!(output.stdout.is_empty());
    }
    assert!(fails(2, &["sql", "--lake", &lake, "--profile", "analyst", query]).contains("--purpose"));
    assert!(fails(2, &["export", "--lake", &lake, "--to", &retailer.text("x")]).contains("TABLE"));
    let csv = ["export", "--lake", &lake, "--profile", "analyst", "--purpose", "churn", "--format", "csv", "--to", "x"];
    let whole = with_key(KEY, &csv);
    assert_eq!(whole.status.code(), Some(2), "all tables have one format");
    let stderr = with_key(KEY, &[&args("Churn 2026")[..], &[query]].concat()).stderr;
    assert!(String::from_utf8_lossy(&stderr).contains("is no plain name"));
}

#[test]
fn nothing_below_the_profile_can_be_reached() {
    let retailer = Retailer::new(100, 74);
    let pipeline = own_pipeline(&retailer, |_| (), |_| ());
    let mart = retailer.path("pipeline/marts/callers.sql");
    std::fs::write(&mart, "select customer_id, family_name, phones[1] as phone from golden_customer").expect("written");
    let (lake, input) = (retailer.text("lake"), retailer.text("input"));
    crate::support::succeeds(&["run", &pipeline, "--lake", &lake, "--input", &input, "--log", "json"]);
    assert!(retailer.sql("lake", "select count(*) as n from callers").len() > 3, "the mart is there");
    let tables = profile(
        &retailer,
        "churn",
        &[],
        "select table_name from information_schema.tables where table_schema = 'public' order by 1",
    );
    let expected = [
        "basket",
        "channel_overlap",
        "consent",
        "contact_timeline",
        "decile",
        "golden_customer",
        "interaction",
        "ltv",
        "medium_spend",
        "product",
        "purchase",
        "repeat_rate",
        "rfm",
        "store",
    ];
    assert_eq!(tables.lines().skip(1).collect::<Vec<_>>(), expected);
    let customer = retailer.sql("lake", "select customer_id from golden_customer limit 1");
    let customer = customer.lines().nth(1).expect("a customer");
    let parquet = files(&retailer.path("lake/tables/golden_customer")).into_iter().find(|f| f.extension().is_some());
    let parquet = parquet.expect("a file").display().to_string();
    let out = retailer.text("out.parquet");
    for query in [
        "select * from source_record",
        "select * from id_map",
        "select * from field_provenance",
        "select * from ledger",
        "select * from decision",
        "select * from id_event",
        "select * from restatement",
        "select * from reject",
        "select * from run",
        "select * from callers",
        "select * from datafusion.public.id_map",
        "select family_name from golden_customer",
        "select birth_date from golden_customer",
        "select phones from golden_customer",
        "select postal_code from golden_customer",
        "select detail from interaction",
        "select record_id from interaction",
        "select record_id from consent",
        "select detail from contact_timeline",
        &format!("select resolve_customer('{customer}')"),
        &format!("select pseudonym('{customer}')"),
        &format!("select * from '{parquet}'"),
        &format!("select * from \"{parquet}\""),
        &format!("select * from read_parquet('{parquet}')"),
        &format!("create external table t stored as parquet location '{parquet}'"),
        &format!("copy (select * from golden_customer) to '{out}'"),
        "create view v as select 1",
        "create table t as select 1",
        "insert into rfm select * from rfm",
        "drop view golden_customer",
        "set datafusion.explain.show_statistics = true",
        "explain select * from golden_customer",
        "explain verbose select max(age_band) from golden_customer",
        "explain analyze select * from golden_customer",
    ] {
        let output = with_key(KEY, &["sql", "--lake", &lake, "--profile", "analyst", "--purpose", "churn", query]);
        let stderr = String::from_utf8_lossy(&output.stderr).to_string();
        assert_eq!(output.status.code(), Some(2), "{query}: {}{stderr}", String::from_utf8_lossy(&output.stdout));
    }
    // What a session tells about itself tells no place and no secret.
    for query in ["select * from information_schema.views", "show all", "show tables"] {
        let told = profile(&retailer, "churn", &[], query);
        assert!(!told.contains(&retailer.text("")) && !told.contains(KEY), "{query}: {told}");
    }
    let to = retailer.text("id_map.parquet");
    for table in ["id_map", "callers", "source_record"] {
        let args = ["export", table, "--lake", &lake, "--profile", "analyst", "--purpose", "churn", "--to", &to];
        assert_eq!(with_key(KEY, &args).status.code(), Some(2), "{table}");
    }
    assert!(!Path::new(&to).exists() && !Path::new(&out).exists());
}

#[test]
fn the_walk_through_of_privacy_works() {
    let retailer = Retailer::new(200, 75);
    own_pipeline(&retailer, |_| (), |_| ());
    let said = walk_through(&retailer, "privacy.md", 10);
    for expected in [
        "| granted",
        "| denied",
        "golden_customer",
        "age_band",
        "rows of rfm written to",
        "customer_id,last_purchase_at",
    ] {
        assert!(said.contains(expected), "{expected} is missing:\n{said}");
    }
}

#[test]
fn a_consent_that_says_two_things_is_refused() {
    let retailer = Retailer::new(200, 76);
    let broken = own_pipeline(
        &retailer,
        |text| {
            *text = text
                .replace("denied: [希望しない]", "denied: [希望する, 希望しない]")
                .replace(
                    "push: { column: push_enabled, granted: [true], denied: [false] }",
                    "push: { column: push_enabled }",
                )
                .replace(
                    "    event_type: ticket\n",
                    "    event_type: ticket\n    consent: { a b: { x: { column: 区分, granted: [1] } } }\n",
                );
        },
        |_| (),
    );
    let said = fails(2, &["validate", &broken]);
    for part in [
        "consent marketing.email: \"希望する\" is both granted and denied",
        "consent marketing.push lists no values",
        "consent in source \"support_tickets\", which holds events",
        "consent \"a b\" is no plain name",
    ] {
        assert!(said.contains(part), "{part:?} is not in:\n{said}");
    }
    let typo = own_pipeline(&retailer, |text| *text = text.replace("granted: [true]", "grantd: [true]"), |_| ());
    let said = fails(2, &["validate", &typo]);
    assert!(said.contains("unknown key \"grantd\"") && said.contains("did you mean \"granted\"?"), "{said}");
    // A column of a consent has to be there, unless the pipeline file says that old files may lack it; not in all of them.
    let input = retailer.text("input");
    let misspelt = own_pipeline(&retailer, |text| *text = text.replace("column: メルマガ", "column: メルマカ"), |_| ());
    let said = fails(2, &["validate", &misspelt, "--input", &input]);
    assert!(said.contains("maps the column \"メルマカ\", which is in none of its files"), "{said}");
    assert!(said.contains("did you mean \"メルマガ\"?"), "{said}");
    let strict = own_pipeline(
        &retailer,
        |text| {
            *text = text
                .replace("column: メルマガ", "column: メルマカ")
                .replace("may_be_missing: true", "may_be_missing: false")
        },
        |_| (),
    );
    assert!(fails(2, &["validate", &strict, "--input", &input]).contains("did you mean \"メルマガ\"?"));
}
