//! Nothing is believed that was not held against its digest: parts of tables, logs, manifests, the list of the erased.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{Retailer, fails, nayose, root};

/// The only file below a folder of the lake whose name ends so.
fn the_file(retailer: &Retailer, below: &str, end: &str) -> PathBuf {
    let mut found = files(&retailer.path(below));
    found.retain(|path| path.to_string_lossy().ends_with(end));
    assert_eq!(found.len(), 1, "{below} {end}: {found:?}");
    found.remove(0)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        match entry.path() {
            path if path.is_dir() => found.extend(files(&path)),
            path => found.push(path),
        }
    }
    found
}

/// The work folder of the one run.
fn work(retailer: &Retailer) -> String {
    let run = fs::read_dir(retailer.path("lake/work")).expect("work").flatten().next().expect("a run");
    format!("lake/work/{}", run.file_name().to_string_lossy())
}

fn flip(file: &Path, place: usize) {
    let mut content = fs::read(file).expect("readable");
    let place = place % content.len();
    content[place] ^= 1;
    fs::write(file, content).expect("written");
}

/// One more delivery.
fn deliver(retailer: &Retailer) {
    let folder = retailer.path("input/shop");
    let file = files(&folder).into_iter().min().expect("a file");
    fs::copy(file, folder.join("customers_20260401.csv")).expect("copied");
}

fn run(retailer: &Retailer) -> Output {
    let args = retailer.run("lake", &[]);
    nayose(&args.iter().map(String::as_str).collect::<Vec<_>>())
}

fn told(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).to_string()
}

#[test]
fn a_work_file_that_is_gone_or_changed_stops_the_run() {
    let retailer = Retailer::new(150, 5);
    retailer.runs("lake", &[]);
    let before = retailer.sql("lake", "select run_id, run_number from run");
    let part = the_file(&retailer, &format!("{}/normalize/standard_record", work(&retailer)), ".parquet");
    let whole = fs::read(&part).expect("readable");
    deliver(&retailer);
    type Fault = (&'static str, fn(&Path));
    let faults: [Fault; 3] = [
        ("is gone", |file| fs::remove_file(file).expect("removed")),
        ("is damaged", |file| fs::write(file, "").expect("written")),
        ("is damaged", |file| flip(file, 1000)),
    ];
    for (what, fault) in faults {
        fs::write(&part, &whole).expect("written");
        fault(&part);
        let output = run(&retailer);
        let said = told(&output);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains(what) && said.contains("standard_record") && said.contains("--from normalize"), "{said}");
        assert_eq!(retailer.sql("lake", "select run_id, run_number from run"), before, "nothing was published");
    }
    // The remedy that is named.
    let args = retailer.run("lake", &["--from", "normalize"]);
    let output = nayose(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(output.status.success(), "{}", told(&output));
}

#[test]
fn a_published_file_that_is_gone_or_changed_is_no_answer() {
    let retailer = Retailer::new(150, 5);
    retailer.runs("lake", &[]);
    let lake = retailer.text("lake");
    let part = the_file(&retailer, "lake/tables/golden_customer", ".parquet");
    let whole = fs::read(&part).expect("readable");
    fs::remove_file(&part).expect("removed");
    let said = fails(1, &["sql", "--lake", &lake, "select count(*) from golden_customer"]);
    assert!(said.contains("is gone") && said.contains("golden_customer"), "{said}");
    for place in (0..whole.len()).step_by(whole.len() / 7) {
        fs::write(&part, &whole).expect("written");
        flip(&part, place);
        let said = fails(1, &["sql", "--lake", &lake, "select * from golden_customer"]);
        assert!(said.contains("is damaged") && said.contains("golden_customer"), "{place}: {said}");
    }
    // A file of another run in its place: the same table, the same size even.
    fs::write(&part, fs::read(the_file(&retailer, "lake/tables/rfm", ".parquet")).expect("readable")).expect("written");
    assert!(fails(1, &["sql", "--lake", &lake, "select * from golden_customer"]).contains("is damaged"));
    // Other tables are as they were.
    assert!(retailer.sql("lake", "select count(*) > 0 from rfm").contains("true"));
}

#[test]
fn a_log_that_lost_its_end_is_not_yesterday() {
    let retailer = Retailer::new(150, 5);
    retailer.runs("lake", &[]);
    deliver(&retailer);
    retailer.runs("lake", &[]);
    let lake = retailer.text("lake");
    let last = |table: &str| {
        let logs = files(&retailer.path(&format!("lake/tables/{table}/_delta_log")));
        logs.into_iter().filter(|file| file.extension().is_some_and(|e| e == "json")).max().expect("a log")
    };
    for (table, query) in [("run", "select 1"), ("golden_customer", "select count(*) from golden_customer")] {
        let file = last(table);
        let content = fs::read(&file).expect("readable");
        fs::remove_file(&file).expect("removed");
        let said = fails(1, &["sql", "--lake", &lake, query]);
        assert!(said.contains(table) && (said.contains("is damaged") || said.contains("is gone")), "{said}");
        fs::write(&file, content).expect("written");
    }
    // A line that adds a file, turned into one that nobody knows.
    let file = last("id_event");
    let text = fs::read_to_string(&file).expect("text");
    fs::write(&file, text.replace("{\"add\":", "{\"adx\":")).expect("written");
    assert!(fails(1, &["sql", "--lake", &lake, "select count(*) from id_event"]).contains("id_event"));
}

#[test]
fn verify_finds_what_is_damaged_and_makes_it_again() {
    let retailer = Retailer::new(150, 5);
    retailer.runs("lake", &[]);
    let (lake, input) = (retailer.text("lake"), retailer.text("input"));
    let right = retailer.sql("lake", "select * from golden_customer order by customer_id");
    assert!(crate::support::succeeds(&["verify", "--lake", &lake]).contains("0 damaged"));
    flip(&the_file(&retailer, "lake/tables/golden_customer", ".parquet"), 5000);
    fs::remove_file(the_file(&retailer, &format!("{}/score/scored_pair", work(&retailer)), ".parquet"))
        .expect("removed");
    flip(&retailer.path(&format!("{}/settings.json", work(&retailer))), 300);
    let output = nayose(&["verify", "--lake", &lake, "--format", "json"]);
    assert_eq!(output.status.code(), Some(1));
    let found: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let damaged = found["damaged"].as_array().expect("a list");
    let stage = |part: &str| {
        let of = |d: &&serde_json::Value| d["file"].as_str().is_some_and(|file| file.contains(part));
        damaged.iter().find(of).and_then(|d| d["stage"].as_str()).unwrap_or_default().to_string()
    };
    assert_eq!(damaged.len(), 3, "{damaged:?}");
    assert_eq!(
        [stage("golden_customer"), stage("scored_pair"), stage("settings.json")],
        ["golden", "score", "cluster"]
    );
    let fix = ["verify", "--lake", &lake, "--fix", "--pipeline", &retailer.pipeline(), "--input", &input];
    assert!(crate::support::succeeds(&fix).contains("0 damaged"));
    assert_eq!(retailer.sql("lake", "select * from golden_customer order by customer_id"), right);
    assert!(fails(2, &["verify", "--lake", &retailer.text("no lake")]).contains("there is no lake"));
}

#[test]
fn a_reader_makes_no_folder() {
    let retailer = Retailer::new(60, 5);
    let typo = retailer.text("lake_typo");
    assert!(fails(2, &["sql", "--lake", &typo, "select 1"]).contains("nothing is published"));
    assert!(fails(2, &["explain", "--lake", &typo, "shop:C1"]).contains("nothing is published"));
    assert!(!Path::new(&typo).exists());
}

#[test]
fn what_is_the_users_in_the_lakes_folder_stays() {
    let retailer = Retailer::new(150, 5);
    // A lake in a folder that has other files, of a name that a file being written aside might have.
    let own = [retailer.path("lake/report#1"), retailer.path("lake/notes/chapter#2")];
    fs::create_dir_all(retailer.path("lake/notes")).expect("made");
    own.iter().for_each(|file| fs::write(file, "mine").expect("written"));
    let left = retailer.path("lake/work/r0/part-00000-0011223344556677.parquet#1");
    fs::create_dir_all(left.parent().expect("a folder")).expect("made");
    fs::write(&left, "half").expect("written");
    retailer.runs("lake", &[]);
    assert!(own.iter().all(|file| file.exists()), "the user's");
    assert!(!left.exists(), "what a killed run left");
}

#[test]
fn a_mode_of_files_that_is_none_is_told() {
    let retailer = Retailer::new(150, 5);
    for (typed, code) in [("0o640", 2), ("rw-r-----", 2), ("0777", 2), ("0600", 0)] {
        let output = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(retailer.run("lake", &["--full"]))
            .env("NAYOSE_FILE_MODE", typed)
            .current_dir(root())
            .output()
            .expect("the binary starts");
        assert_eq!(output.status.code(), Some(code), "{typed}: {}", told(&output));
        assert!(code == 0 || told(&output).contains("NAYOSE_FILE_MODE"), "{}", told(&output));
    }
}

#[test]
fn files_are_for_their_owner_and_group() {
    use std::os::unix::fs::PermissionsExt;
    let retailer = Retailer::new(60, 5);
    // A share of rejects that small files may have by chance.
    let pipeline = crate::support::own_pipeline(
        &retailer,
        |text| *text = text.replace("reject_share: 0.02", "reject_share: 0.5"),
        |_| (),
    );
    crate::support::succeeds(&["run", &pipeline, "--input", &retailer.text("input"), "--lake", &retailer.text("lake")]);
    let lake = retailer.path("lake");
    for file in files(&lake) {
        let mode = fs::metadata(&file).expect("there").permissions().mode() & 0o777;
        assert_eq!(mode & 0o137, 0, "{} is {mode:o}", file.display());
    }
}

/// Erases a customer.
fn erase(retailer: &Retailer, id: &str, key: &str) -> Output {
    let (lake, input) = (retailer.text("lake"), retailer.text("input"));
    Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(["erase", id, "--by", "k", "--why", "asked", "--pipeline", &retailer.pipeline()])
        .args(["--lake", &lake, "--input", &input])
        .env("NAYOSE_ERASURE_KEY", key)
        .current_dir(root())
        .output()
        .expect("the binary starts")
}

#[test]
fn without_the_list_of_the_erased_nothing_is_published() {
    let retailer = Retailer::new(150, 5);
    retailer.runs("lake", &[]);
    let key = "a secret of the company";
    let customer = |at: usize| {
        let query = format!("select customer_id from golden_customer order by 1 limit 1 offset {at}");
        retailer.sql("lake", &query).lines().nth(1).expect("a customer").to_string()
    };
    for at in [0, 3] {
        let output = erase(&retailer, &customer(at), key);
        assert!(output.status.success(), "{}", told(&output));
    }
    let list = retailer.path("lake/erased.txt");
    let whole = fs::read_to_string(&list).expect("the list");
    deliver(&retailer);
    let run = || {
        let args = retailer.run("lake", &[]);
        let mut command = Command::new(env!("CARGO_BIN_EXE_nayose"));
        command.args(args).env("NAYOSE_ERASURE_KEY", key).current_dir(root()).output().expect("the binary starts")
    };
    let lines: Vec<&str> = whole.lines().collect();
    for left in [0, 1, lines.len() - 1] {
        fs::write(&list, lines[..left].iter().map(|line| format!("{line}\n")).collect::<String>()).expect("written");
        let output = run();
        assert_eq!(output.status.code(), Some(1), "{left} lines: {}", told(&output));
        assert!(told(&output).contains("erased.txt"), "{}", told(&output));
    }
    fs::remove_file(&list).expect("removed");
    assert_eq!(run().status.code(), Some(1));
    // Nor is it made again with another key, with which the erased would come back.
    let (lake, input) = (retailer.text("lake"), retailer.text("input"));
    let fix = |key: &str| {
        Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(["verify", "--lake", &lake, "--fix", "--pipeline", &retailer.pipeline(), "--input", &input])
            .env("NAYOSE_ERASURE_KEY", key)
            .current_dir(root())
            .output()
            .expect("the binary starts")
    };
    let refused = fix("a secret of another company");
    assert!(refused.status.code() == Some(2) && told(&refused).contains("another key"), "{}", told(&refused));
    assert!(!list.exists());
    let fixed = fix(key);
    assert!(fixed.status.success(), "{}", told(&fixed));
    assert_eq!(fs::read_to_string(&list).expect("the list"), whole);
    // A report that is gone is missed by the one that follows it.
    fs::write(&list, &whole).expect("written");
    let mut reports = files(&retailer.path("lake/erasures"));
    reports.sort();
    let first = fs::read(&reports[0]).expect("a report");
    fs::remove_file(&reports[0]).expect("removed");
    assert!(told(&run()).contains("follows a report"));
    fs::write(&reports[0], first).expect("written");
    assert!(run().status.success());
}

#[test]
fn an_erasure_leaves_no_file_that_nobody_needs() {
    let retailer = Retailer::new(150, 5);
    retailer.runs("lake", &[]);
    // What a killed run, a mart that was given up and an earlier run leave.
    let aside = retailer.path("lake/tables/golden_customer/part-00000-0011223344556677.parquet#1");
    fs::write(&aside, "中禅寺 敦子").expect("written");
    let mart = retailer.path("lake/tables/given_up/part-00000-0011223344556677.parquet");
    fs::create_dir_all(mart.parent().expect("a folder")).expect("made");
    fs::write(&mart, "中禅寺 敦子").expect("written");
    let old = retailer.path("lake/work/r0/ingest/part-00000-0011223344556677.parquet");
    fs::create_dir_all(old.parent().expect("a folder")).expect("made");
    fs::write(&old, "中禅寺 敦子").expect("written");
    let query = "select customer_id, records from golden_customer order by records desc, 1 limit 1";
    let customer =
        retailer.sql("lake", query).lines().nth(1).expect("a customer").split(',').next().map(str::to_string);
    let customer = customer.expect("an id");
    let output = erase(&retailer, &customer, "a secret of the company");
    assert!(output.status.success(), "{}", told(&output));
    for gone in [&aside, &mart, &old] {
        assert!(!gone.exists(), "{}", gone.display());
    }
    assert!(
        retailer.sql("lake", &format!("select count(*) from restatement where key = '{customer}'")).contains("\n0")
    );
    assert!(retailer.sql("lake", "select count(raw) from reject").contains("\n0"));
}
