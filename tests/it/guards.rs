//! What nayose does not do by accident: lose a file for its name, overwrite what is no file, run more than a query, tell values, believe
//! a clock, hold a lock for ever.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::logs::{leaks, personal};
use crate::support::{Retailer, as_text, fails, nayose, own_pipeline, root, strs, succeeds};

fn run<'a>(retailer: &Retailer, pipeline: &'a str, lake: &'a str) -> Vec<String> {
    ["run", pipeline, "--input", &retailer.text("input"), "--lake", &retailer.text(lake)].map(str::to_string).to_vec()
}

#[test]
fn every_name_that_a_disk_can_hold_is_read() {
    let retailer = Retailer::new(150, 5);
    let folder = retailer.path("input/店舗 #1 [本店]~100%");
    fs::rename(retailer.path("input/shop"), &folder).expect("renamed");
    for entry in fs::read_dir(&folder).expect("a folder").flatten() {
        let name = entry.file_name().to_string_lossy().replace("customers", "顧客 #1 50%~[1]");
        fs::rename(entry.path(), folder.join(name)).expect("renamed");
    }
    let renamed = |text: &mut String| {
        *text = text
            .replace("files: shop/**/customers_*.csv", "files: \"店舗 #1 [[]本店]~100%/**/顧客 #1 50%~[[]1]_*.csv\"")
            .replace("files: shop/**/orders_*.csv", "files: \"店舗 #1 [[]本店]~100%/**/orders_*.csv\"");
    };
    let pipeline = own_pipeline(&retailer, renamed, |_| ());
    let text = fs::read_to_string(&pipeline).expect("the pipeline");
    assert!(text.contains("店舗"), "{text}");
    // The lake's name is as odd.
    let lake = "湖 #1 %20 [a]~";
    succeeds(&strs(&run(&retailer, &pipeline, lake)));
    assert!(retailer.sql(lake, "select count(*) > 20 from id_map where channel = 'shop'").contains("true"));
    assert!(retailer.path(lake).join("tables/golden_customer/_delta_log").is_dir());
    assert!(succeeds(&["verify", "--lake", &retailer.text(lake)]).contains("0 damaged"));
}

#[test]
fn a_name_that_stands_there_is_that_file() {
    let retailer = Retailer::new(150, 5);
    let file =
        fs::read_dir(retailer.path("input/shop")).expect("a folder").flatten().map(|e| e.path()).min().expect("a file");
    fs::copy(&file, retailer.path("input/顧客[1].csv")).expect("copied");
    let named = |text: &mut String| {
        *text = text.replace("files: shop/**/customers_*.csv", "files: \"顧客[1].csv\"");
    };
    let pipeline = own_pipeline(&retailer, named, |_| ());
    succeeds(&strs(&run(&retailer, &pipeline, "lake")));
    assert!(retailer.sql("lake", "select count(*) > 0 from id_map where channel = 'shop'").contains("true"));
}

#[test]
fn a_name_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStrExt;
    let retailer = Retailer::new(60, 5);
    // 顧客 in CP932.
    let name = std::ffi::OsStr::from_bytes(b"\x8c\xda\x8bq.csv");
    fs::write(retailer.path("input/shop").join(name), "a").expect("written");
    let args = retailer.run("lake", &[]);
    let said = fails(2, &strs(&args));
    assert!(said.contains("whose name is not UTF-8") && said.contains("hint: rename it"), "{said}");
}

#[test]
fn queries_of_a_pipeline_only_read() {
    let retailer = Retailer::new(60, 5);
    let target = retailer.text("stolen.csv");
    for query in [
        format!("copy (select * from golden_customer) to '{target}'"),
        format!("create external table t stored as csv location '{target}'"),
        "set datafusion.execution.batch_size = 1".to_string(),
        "create view v as select 1".to_string(),
    ] {
        for folder in ["marts", "checks"] {
            let pipeline = own_pipeline(&retailer, |_| (), |_| ());
            let file = Path::new(&pipeline).with_file_name(folder).join("zz_steal.sql");
            fs::write(&file, &query).expect("written");
            let said = fails(2, &["validate", &pipeline, "--input", &retailer.text("input")]);
            assert!(said.contains("zz_steal.sql") && said.contains("may only read"), "{query}: {said}");
            fs::remove_file(&file).expect("removed");
        }
        assert!(!Path::new(&target).exists());
    }
}

#[test]
fn a_failing_mart_names_its_file_and_no_value() {
    let retailer = Retailer::new(500, 44);
    let personal = personal(&retailer);
    for (expression, said) in [
        ("cast(phones[1] as date)", "cannot be cast to Date32"),
        ("cast(family_name as bigint)", "cannot be cast to Int64"),
        ("arrow_cast(emails[1], 'Timestamp(Second, None)')", "a value cannot be"),
        ("cast(regexp_replace(phones[1], '[^0-9]', '') as int) * 1000000", "cast to Int32"),
        ("regexp_like('x', '(' || family_name)", ""),
        ("to_timestamp(family_name)", ""),
        ("date_trunc(family_name, first_seen)", ""),
        ("1 / (records - records)", "division by zero"),
    ] {
        let pipeline = own_pipeline(&retailer, |_| (), |_| ());
        let file = Path::new(&pipeline).with_file_name("marts").join("zz_leak.sql");
        fs::write(&file, format!("select customer_id, {expression} as x from golden_customer")).expect("written");
        for log in ["json", "text"] {
            let mut args = run(&retailer, &pipeline, "lake");
            args.extend(["--log".to_string(), log.to_string()]);
            let output = nayose(&strs(&args));
            let text = String::from_utf8_lossy(&output.stderr).to_string() + &String::from_utf8_lossy(&output.stdout);
            assert_eq!(leaks(&text, &personal), [""; 0], "{expression}: {text}");
            assert_eq!(output.status.code(), Some(2), "{expression}: {text}");
            assert!(text.contains("zz_leak.sql") && text.contains(said), "{expression}: {text}");
        }
        fs::remove_file(&file).expect("removed");
    }
}

#[test]
fn a_file_without_a_header_shows_no_customer() {
    let retailer = Retailer::new(500, 44);
    let personal = personal(&retailer);
    for file in fs::read_dir(retailer.path("input/shop")).expect("a folder").flatten() {
        let bytes = fs::read(file.path()).expect("readable");
        let end = bytes.iter().position(|b| *b == b'\n').expect("a header");
        fs::write(file.path(), &bytes[end + 1..]).expect("written");
    }
    let output = nayose(&strs(&retailer.run("lake", &[])));
    let said = String::from_utf8_lossy(&output.stderr).to_string();
    assert_eq!(leaks(&said, &personal), [""; 0], "{said}");
    assert!(output.status.code() == Some(2) && said.contains("that the file has a header"), "{said}");
}

#[test]
fn files_that_were_put_together_make_no_customer_of_the_header() {
    let retailer = Retailer::new(150, 5);
    let mut files: Vec<_> =
        fs::read_dir(retailer.path("input/shop")).expect("a folder").flatten().map(|e| e.path()).collect();
    files.sort();
    let content = fs::read(&files[0]).expect("readable");
    fs::write(&files[0], [content.clone(), content].concat()).expect("written");
    retailer.runs("lake", &[]);
    let reasons = retailer.sql("lake", "select reason, count(*) from reject where file like 'shop/%' group by 1");
    assert!(reasons.contains("repeated_header,1"), "{reasons}");
    assert!(retailer.sql("lake", "select count(*) from golden_customer where family_name = '氏名'").contains("\n0"));
}

#[test]
fn what_is_no_file_is_written_through() {
    let retailer = Retailer::new(150, 5);
    let (log, link) = (retailer.path("metrics.prom"), retailer.path("link.prom"));
    std::os::unix::fs::symlink(&log, &link).expect("a link");
    fs::write(&log, "old").expect("written");
    fs::set_permissions(&log, fs::Permissions::from_mode(0o600)).expect("a mode");
    retailer.runs("lake", &["--metrics", &retailer.text("link.prom")]);
    assert!(fs::symlink_metadata(&link).expect("there").is_symlink(), "the link stays");
    assert!(fs::read_to_string(&log).expect("text").contains("nayose_"));
    assert_eq!(fs::metadata(&log).expect("there").permissions().mode() & 0o777, 0o600, "the mode stays");
    let lake = retailer.text("lake");
    let link = retailer.text("link.prom");
    for to in ["/dev/null", link.as_str()] {
        succeeds(&["export", "golden_customer", "--lake", &lake, "--to", to]);
    }
    assert!(fs::metadata("/dev/null").expect("there").file_type().is_char_device());
    assert_eq!(&fs::read(&log).expect("readable")[..4], b"PAR1");
    assert!(
        fails(2, &["export", "golden_customer", "--lake", &lake, "--to", &retailer.text("")]).contains("is a folder")
    );
    succeeds(&["export", "golden_customer", "--lake", &lake, "--to", &retailer.text("g.csv")]);
    assert!(fs::read_to_string(retailer.path("g.csv")).expect("CSV").starts_with("customer_id,"));
    succeeds(&["export", "golden_customer", "--lake", &lake, "--excel", "--to", &retailer.text("e.csv")]);
    assert!(fs::read_to_string(retailer.path("e.csv")).expect("CSV").starts_with("\u{feff}customer_id,"));
}

#[test]
fn of_many_that_decide_at_once_no_line_is_lost() {
    let retailer = Retailer::new(150, 5);
    let pipeline = own_pipeline(&retailer, |text| *text += "\ndecisions: decisions.csv\n", |_| ());
    let decisions = Path::new(&pipeline).with_file_name("decisions.csv");
    fs::write(&decisions, "left,right,decision,by,at,why,expires\n").expect("written");
    succeeds(&strs(&run(&retailer, &pipeline, "lake")));
    let ids = retailer.sql("lake", "select customer_id from golden_customer order by 1 limit 16");
    let ids: Vec<&str> = ids.lines().skip(1).collect();
    let lake = retailer.text("lake");
    let children: Vec<_> = ids
        .chunks(2)
        .map(|pair| {
            Command::new(env!("CARGO_BIN_EXE_nayose"))
                .args([
                    "decide",
                    "different",
                    pair[0],
                    pair[1],
                    "--by",
                    "k",
                    "--why",
                    "checked",
                    "--pipeline",
                    &pipeline,
                ])
                .args(["--lake", &lake])
                .current_dir(root())
                .stdout(Stdio::null())
                .spawn()
                .expect("starts")
        })
        .collect();
    for mut child in children {
        assert!(child.wait().expect("ends").success());
    }
    assert_eq!(fs::read_to_string(&decisions).expect("text").lines().count(), 1 + ids.len() / 2);
}

#[test]
fn a_signal_gives_the_lock_back() {
    let retailer = Retailer::new(3000, 5);
    let lock = retailer.path("lake/lock.json");
    for signal in ["TERM", "INT", "HUP", "QUIT"] {
        let args = retailer.run("lake", &["--full"]);
        let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(args)
            .current_dir(root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        for _ in 0..500 {
            std::thread::sleep(Duration::from_millis(10));
            if lock.exists() {
                break;
            }
        }
        assert!(lock.exists(), "the run began");
        let pid = child.id().to_string();
        assert!(Command::new("kill").args(["-s", signal, &pid]).status().expect("kill").success());
        assert_eq!(child.wait().expect("ends").code(), Some(3), "{signal}");
        assert!(!lock.exists(), "{signal} leaves the lock");
    }
}

#[test]
fn a_clock_behind_the_lake_publishes_nothing() {
    let retailer = Retailer::new(150, 5);
    retailer.runs("lake", &[]);
    let file =
        fs::read_dir(retailer.path("lake/published")).expect("published").flatten().next().expect("a file").path();
    let text = fs::read_to_string(&file).expect("text");
    // As a machine whose clock is ten years ahead would have written it: without a digest a file is read as it is.
    let mut value: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    value["at"] = "2036-01-01T00:00:00Z".into();
    value.as_object_mut().expect("an object").remove("digest");
    fs::write(&file, value.to_string()).expect("written");
    let args = retailer.run("lake", &["--full"]);
    let said = fails(3, &strs(&args));
    assert!(said.contains("the clock of this machine says") && said.contains("2036-01-01"), "{said}");
}

#[test]
fn a_model_that_learned_nothing_says_so() {
    let retailer = Retailer::new(150, 5);
    // Fifty records that are the same but for their number.
    let header = "顧客番号,氏名,フリガナ,郵便番号,住所1,住所2,電話番号,メールアドレス,性別,生年月日,登録日,更新日,メルマガ,メルマガ回答日";
    let row = "山田 太郎,ヤマダ タロウ,100-0005,東京都千代田区丸の内1-2-3,,090-2841-7301,a@example.jp,男,1980/03/04,2024/04/01,2026/03/30,,";
    let rows: String = (0..50).map(|i| format!("K{i:05},{row}\r\n")).collect();
    fs::remove_dir_all(retailer.path("input")).expect("removed");
    fs::create_dir_all(retailer.path("input/shop")).expect("made");
    let bytes = encoding_rs::SHIFT_JIS.encode(&format!("{header}\r\n{rows}")).0.into_owned();
    fs::write(retailer.path("input/shop/customers_20260331.csv"), bytes).expect("written");
    let empty = |text: &mut String| *text = text.replace("    files:", "    may_be_empty: true\n    files:");
    let pipeline = own_pipeline(&retailer, empty, |_| ());
    let said = succeeds(&strs(&run(&retailer, &pipeline, "lake")));
    assert!(said.contains("the model learned nothing") && !said.contains("precision 1.0"), "{said}");
}

#[test]
fn two_purposes_cannot_be_joined_by_position() {
    let retailer = Retailer::new(400, 5);
    let pipeline = own_pipeline(&retailer, |text| *text += "\nprofile: { k: 5 }\n", |_| ());
    succeeds(&strs(&run(&retailer, &pipeline, "lake")));
    let asked = |purpose: &str, query: &str| {
        let lake = retailer.text("lake");
        let args = ["sql", "--lake", &lake, "--profile", "analyst", "--purpose", purpose, "--format", "csv", query];
        let key = "a secret of the company";
        Command::new(env!("CARGO_BIN_EXE_nayose")).args(args).env("NAYOSE_PROFILE_KEY", key).output().expect("starts")
    };
    let rows = |purpose: &str, query: &str| {
        let output = asked(purpose, query);
        assert!(output.status.success(), "{query}: {}", as_text(&String::from_utf8_lossy(&output.stderr)));
        let text = String::from_utf8(output.stdout).expect("UTF-8");
        text.lines().skip(1).map(str::to_string).collect::<Vec<_>>()
    };
    // What is not keyed says at which place the same customer is.
    for query in [
        "select first_seen, last_seen, confidence from golden_customer",
        "select first_seen, row_number() over () as n from golden_customer",
        "select g.first_seen from golden_customer g join golden_customer h on g.customer_id = h.customer_id",
    ] {
        let (one, other) = (rows("churn", query), rows("mail", query));
        assert_eq!(one.len(), other.len());
        let same = one.iter().zip(&other).filter(|(a, b)| a == b).count();
        assert!(same * 4 < one.len(), "{query}: {same} of {} at the same place", one.len());
    }
    let limited = "select first_seen, last_seen from golden_customer limit 20";
    assert_ne!(rows("churn", limited), rows("mail", limited));
    let ids = rows("churn", "select customer_id from golden_customer");
    assert!(ids.is_sorted(), "in the order of its own ids");
    let refused = asked("churn", "select input_file_name() from golden_customer");
    assert_eq!(refused.status.code(), Some(2));
    // Five or more are alike, or nothing is told.
    let few = "select count(*) from (select town_code, age_band, sex, count(*) as n from golden_customer
        where not (town_code is null and age_band is null and sex is null) group by 1, 2, 3) where n < 5";
    assert_eq!(rows("churn", few), ["0"]);
    assert_ne!(rows("churn", "select count(*) from golden_customer where age_band is not null"), ["0"]);
}
