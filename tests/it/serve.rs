//! `nayose serve` as a process over a lake: what it answers while the lake changes below it, and what its logs say afterwards.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use arrow::array::{RecordBatch, StringArray};
use parquet::arrow::ArrowWriter;
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use reqwest::{Client, Response, StatusCode};
use serde_json::Value;

use crate::support::{Retailer, fails, own_pipeline, root, succeeds};

/// A run is taken up within some seconds; a machine that does other things beside is given a minute.
const SOON: Duration = Duration::from_secs(60);

/// A process that serves, until it is dropped.
struct Served {
    child: Child,
    address: String,
    link: String,
}

impl Served {
    fn start(args: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args([&["serve", "--listen", "127.0.0.1:0", "--memory", "1GiB"][..], args].concat())
            .current_dir(root())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        let mut lines = BufReader::new(child.stdout.take().expect("stdout")).lines();
        let mut line = || lines.next().and_then(Result::ok).unwrap_or_default();
        let (address, link) = (line(), line());
        let last = |line: &str| line.rsplit(' ').next().unwrap_or_default().to_string();
        Served { child, address: last(&address), link: last(&link) }
    }

    /// Ends it as a scheduler does; answers the exit code.
    fn stop(mut self) -> Option<i32> {
        succeeds_with("kill", &["-TERM", &self.child.id().to_string()]);
        self.child.wait().expect("it ends").code()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn succeeds_with(program: &str, args: &[&str]) {
    assert!(Command::new(program).args(args).status().expect("it starts").success(), "{program} {args:?}");
}

fn client() -> Client {
    // While a test runs a pipeline, nobody sees that a kept connection was closed.
    let builder = Client::builder().redirect(reqwest::redirect::Policy::none()).pool_max_idle_per_host(0);
    builder.build().expect("a client")
}

/// A retailer with a published lake, settings, and a key with all scopes.
struct Shop {
    retailer: Retailer,
    pipeline: String,
    key: String,
    settings: String,
}

impl Shop {
    fn new(people: u64, seed: u64) -> Self {
        let retailer = Retailer::new(people, seed);
        let pipeline = own_pipeline(&retailer, |_| (), |_| ());
        retailer.runs("lake", &[]);
        let keys = retailer.text("keys.csv");
        let key = succeeds(&["serve", "add-key", "till", "--scopes", "match,read", "--file", &keys]).trim().to_string();
        let settings = retailer.text("serve.yaml");
        std::fs::write(&settings, "keys: keys.csv\n").expect("written");
        Shop { retailer, pipeline, key, settings }
    }

    fn serve(&self) -> Served {
        Served::start(&["--lake", &self.retailer.text("lake"), "--settings", &self.settings])
    }

    async fn get(&self, http: &Client, served: &Served, path: &str) -> Response {
        let request = http.get(format!("{}{path}", served.address)).bearer_auth(&self.key);
        request.send().await.expect("an answer")
    }

    async fn json(&self, http: &Client, served: &Served, path: &str) -> (StatusCode, Value) {
        let answer = self.get(http, served, path).await;
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.expect("text")).expect("JSON"))
    }

    /// A customer of the lake.
    fn some_customer(&self) -> String {
        let csv = self.retailer.sql("lake", "select customer_id from golden_customer order by 1 limit 1");
        csv.lines().nth(1).expect("a customer").to_string()
    }

    /// Asks until an answer is the one that is waited for.
    async fn until(&self, http: &Client, served: &Served, path: &str, is_it: impl Fn(StatusCode, &Value) -> bool) {
        let start = Instant::now();
        loop {
            let (status, told) = self.json(http, served, path).await;
            if is_it(status, &told) {
                return;
            }
            assert!(start.elapsed() < SOON, "{path}: {status} {told}");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    fn verify(&self, more: &[&str]) -> String {
        succeeds(&[&["audit", "verify", "--lake", &self.retailer.text("lake")][..], more].concat())
    }
}

#[tokio::test]
async fn a_lake_that_changes_below_is_served_as_it_is() {
    let shop = Shop::new(150, 210);
    let (served, http) = (shop.serve(), client());
    // The link signs in once.
    let answer = http.get(&served.link).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::SEE_OTHER);
    assert!(answer.headers().contains_key("set-cookie"));
    assert_eq!(http.get(&served.link).send().await.expect("an answer").status(), StatusCode::FORBIDDEN);

    let id = shop.some_customer();
    let (status, customer) = shop.json(&http, &served, &format!("/v1/customers/{id}")).await;
    assert_eq!((status, &customer["customer_id"]), (StatusCode::OK, &Value::from(id.as_str())));
    let (_, resolved) = shop.json(&http, &served, &format!("/v1/resolve/{id}")).await;
    assert_eq!(resolved["run_id"], customer["run_id"]);
    let (status, told) = shop.json(&http, &served, "/v1/customers/%3Cscript%3E").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    assert!(told["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{told}");
    assert_eq!(shop.get(&http, &served, "/v1/decisions").await.status(), StatusCode::OK);
    assert_eq!(shop.get(&http, &served, "/v1/openapi.json").await.status(), StatusCode::OK);

    // A new run is taken up.
    let first = resolved["run_id"].clone();
    shop.retailer.runs("lake", &["--full"]);
    shop.until(&http, &served, &format!("/v1/resolve/{id}"), |_, told| told["run_id"] != first).await;

    // The lake is gone for a while.
    std::fs::rename(shop.retailer.path("lake"), shop.retailer.path("away")).expect("renamed");
    let (status, told) = shop.json(&http, &served, &format!("/v1/customers/{id}")).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{told}");
    assert!(told["hint"].as_str().is_some_and(|hint| !hint.is_empty()), "{told}");
    // What was written meanwhile, such as a folder for the log, is no lake.
    let _ = std::fs::remove_dir_all(shop.retailer.path("lake"));
    std::fs::rename(shop.retailer.path("away"), shop.retailer.path("lake")).expect("renamed");
    assert_eq!(shop.get(&http, &served, &format!("/v1/customers/{id}")).await.status(), StatusCode::OK);

    // The customer is erased while others look. What programs asked is in the log within seconds.
    let logged = || {
        let files = std::fs::read_dir(shop.retailer.path("lake/desk/access_log")).expect("a log").flatten();
        files.map(|file| std::fs::read_to_string(file.path()).expect("text").matches(&id).count()).sum::<usize>()
    };
    let start = Instant::now();
    while logged() < 2 {
        assert!(start.elapsed() < SOON, "the log is not written");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let heads = shop.verify(&[]);
    let head = heads.lines().find_map(|line| line.strip_prefix("access_log: ")?.rsplit(' ').next()).expect("an end");
    let (input, lake) = (shop.retailer.text("input"), shop.retailer.text("lake"));
    let erased = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(["erase", &id, "--by", "privacy", "--why", "asked", "--pipeline", &shop.pipeline])
        .args(["--input", &input, "--lake", &lake])
        .env("NAYOSE_ERASURE_KEY", "a secret of the company")
        .current_dir(root())
        .output()
        .expect("the binary starts");
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    shop.until(&http, &served, &format!("/v1/customers/{id}"), |status, _| status == StatusCode::NOT_FOUND).await;

    // The log says that somebody was seen, and not any more who.
    let told = shop.verify(&["--expect", head]);
    assert!(told.contains("of them erased"), "{told}");
    assert_eq!(logged(), 0);
    assert_eq!(served.stop(), Some(0));
}

#[tokio::test]
async fn audit_verify_names_what_was_changed() {
    let shop = Shop::new(60, 211);
    let (served, http) = (shop.serve(), client());
    let id = shop.some_customer();
    for _ in 0..3 {
        assert_eq!(shop.get(&http, &served, &format!("/v1/customers/{id}")).await.status(), StatusCode::OK);
    }
    assert_eq!(served.stop(), Some(0));
    let lake = shop.retailer.text("lake");
    let told = shop.verify(&[]);
    assert!(told.contains("access_log: 3 entries; end ") && told.contains("run: 1 rows; end "), "{told}");
    let heads: Vec<&str> = told.lines().filter_map(|line| line.split_once("; end ")).map(|(_, head)| head).collect();
    for head in &heads {
        shop.verify(&["--expect", head]);
    }
    // Copies that somebody was handed: a log as one file, the files of a table.
    let whole = shop.retailer.text("access_log.jsonl");
    let text: String = {
        let files = std::fs::read_dir(shop.retailer.path("lake/desk/access_log")).expect("a log").flatten();
        let mut files: Vec<_> = files.map(|file| file.path()).collect();
        files.sort();
        files.iter().map(|file| std::fs::read_to_string(file).expect("text")).collect()
    };
    let handed = |text: &str, expected: &str, more: &[&str], code: i32| {
        std::fs::write(&whole, text).expect("written");
        let output = crate::support::nayose(&[&["audit", "verify", "--file", &whole][..], more].concat());
        let told = String::from_utf8_lossy(&output.stdout).to_string();
        assert_eq!(output.status.code(), Some(code), "{told}");
        assert!(told.contains(expected), "{told}");
    };
    let end = told.lines().find_map(|line| line.strip_prefix("access_log: 3 entries; end ")).expect("an end");
    handed(&text, &format!(": 3 entries; end {end}"), &["--expect", end], 0);
    handed(
        text.lines().skip(1).collect::<Vec<_>>().join("\n").as_str(),
        ": 2 entries from entry 2 on",
        &["--expect", end],
        0,
    );
    handed(&text.replace("till", "tilt"), "the content of entry 2 was changed", &[], 1);
    handed(text.lines().take(2).collect::<Vec<_>>().join("\n").as_str(), "is the end of none", &["--expect", end], 1);
    let query = "select table_digests from run order by run_number desc limit 1";
    let digests = shop.retailer.sql("lake", query);
    let ledger = shop.retailer.text("lake/tables/ledger");
    let output = crate::support::nayose(&["audit", "verify", "--file", &ledger]);
    let told_of_table = String::from_utf8_lossy(&output.stdout).to_string();
    let head = told_of_table.trim().rsplit(' ').next().expect("an end");
    assert!(output.status.success() && digests.contains(head), "{told_of_table} in {digests}");
    let mut files: Vec<_> = std::fs::read_dir(shop.retailer.path("lake/desk/access_log"))
        .expect("a log")
        .flatten()
        .map(|f| f.path())
        .collect();
    files.sort();
    let change = |from: &str, to: &str| {
        for file in &files {
            let text = std::fs::read_to_string(file).expect("text");
            std::fs::write(file, text.replace(from, to)).expect("written");
        }
    };
    let verify = |expected: &str, args: &[&str]| {
        let output = crate::support::nayose(&[&["audit", "verify", "--lake", &lake][..], args].concat());
        let told = String::from_utf8_lossy(&output.stdout).to_string();
        assert_eq!(output.status.code(), Some(1), "{told}");
        assert!(told.contains(expected), "{told}");
    };
    change("till", "tilt");
    verify("access_log: the content of entry 2 was changed", &[]);
    change("tilt", "till");
    shop.verify(&[]);
    change("{\"number\":2,", "{\"number\":7,");
    verify("access_log: entry 3 comes after entry 7", &[]);
    // A whole new log has another end.
    std::fs::remove_dir_all(shop.retailer.path("lake/desk")).expect("removed");
    shop.verify(&[]);
    verify("is the end of no chain", &["--expect", heads[0]]);
    // A file of the ledger.
    let ledger = std::fs::read_dir(shop.retailer.path("lake/tables/ledger")).expect("files").flatten();
    let part = ledger.map(|e| e.path()).find(|p| p.extension().is_some_and(|e| e == "parquet")).expect("a part");
    let mut bytes = std::fs::read(&part).expect("bytes");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    std::fs::write(&part, bytes).expect("written");
    verify("ledger: ", &[]);
}

/// Changes who made the run of a file of `run`, and gives the file the name of its new content.
fn forge(file: &Path) {
    let read = ParquetRecordBatchReaderBuilder::try_new(std::fs::File::open(file).expect("a file")).expect("Parquet");
    let row = read.build().expect("rows").next().expect("a row").expect("readable");
    let by = row.schema().index_of("user_name").expect("a column");
    let mut columns = row.columns().to_vec();
    columns[by] = arrow::compute::cast(&StringArray::from(vec!["nobody"]), columns[by].data_type()).expect("a text");
    let forged = RecordBatch::try_new(row.schema(), columns).expect("the same columns");
    let mut content = Vec::new();
    let mut writer = ArrowWriter::try_new(&mut content, forged.schema(), None).expect("a writer");
    writer.write(&forged).and_then(|()| writer.close()).expect("written");
    let name = file.file_name().and_then(|name| name.to_str()).expect("a name");
    let (words, _) = name.rsplit_once('-').expect("a digest");
    let name = format!("{words}-{}.parquet", &blake3::hash(&content).to_hex()[..16]);
    std::fs::write(file.with_file_name(name), content).expect("written");
    std::fs::remove_file(file).expect("removed");
}

#[test]
fn a_copy_of_run_is_held_row_by_row() {
    let retailer = Retailer::new(40, 213);
    own_pipeline(&retailer, |_| (), |_| ());
    for more in [&[][..], &["--full"], &["--full"]] {
        retailer.runs("lake", more);
    }
    let told = succeeds(&["audit", "verify", "--lake", &retailer.text("lake")]);
    let head = told.lines().find_map(|line| line.strip_prefix("run: 3 rows; end ")).expect("an end");
    let copied = |name: &str| {
        let copy = retailer.path(name);
        std::fs::create_dir_all(&copy).expect("a folder");
        let files = std::fs::read_dir(retailer.path("lake/tables/run")).expect("a table").flatten();
        for file in files.filter(|file| file.path().extension().is_some_and(|ending| ending == "parquet")) {
            std::fs::copy(file.path(), copy.join(file.file_name())).expect("copied");
        }
        let of_run = |number: usize| {
            let rows = retailer.sql("lake", &format!("select run_id from run where run_number = {number}"));
            let run = rows.lines().nth(1).expect("a run").to_string();
            let files = std::fs::read_dir(retailer.path(name)).expect("a folder").flatten();
            files.map(|file| file.path()).find(|file| file.display().to_string().contains(&run)).expect("a file")
        };
        (retailer.text(name), [1, 2, 3].map(of_run))
    };
    let verify = |copy: &str, expected: &str, code: i32| {
        let output = crate::support::nayose(&["audit", "verify", "--file", copy, "--expect", head]);
        let told = String::from_utf8_lossy(&output.stdout).to_string();
        assert!(output.status.code() == Some(code) && told.contains(expected), "{:?}: {told}", output.status);
    };
    let (whole, _) = copied("whole");
    verify(&whole, &format!("whole: 3 rows of run; end {head}"), 0);
    let (later, files) = copied("later");
    std::fs::remove_file(&files[0]).expect("removed");
    verify(&later, "later: 2 rows of run", 0);
    let (gap, files) = copied("gap");
    std::fs::remove_file(&files[1]).expect("removed");
    verify(&gap, "the row of run 1 is not the one that run 3 followed", 1);
    let (forged, files) = copied("forged");
    forge(&files[1]);
    verify(&forged, "the row of run 2 is not the one that run 3 followed", 1);
    // Nothing follows the newest row: the end that was noted tells.
    let (newest, files) = copied("newest");
    forge(&files[2]);
    verify(&newest, "is the end of none of the copies", 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_thousand_requests_at_once_are_answered() {
    let shop = Shop::new(60, 212);
    let (served, http) = (shop.serve(), client());
    let id = shop.some_customer();
    let path = format!("/v1/resolve/{id}");
    assert_eq!(shop.get(&http, &served, &path).await.status(), StatusCode::OK);
    let all = (0..1_200).map(|_| shop.get(&http, &served, &path));
    let answers = futures::future::join_all(all).await;
    let right = answers.iter().filter(|answer| answer.status() == StatusCode::OK).count();
    let busy = |answer: &&Response| {
        answer.status() == StatusCode::SERVICE_UNAVAILABLE && answer.headers().contains_key("retry-after")
    };
    let busy = answers.iter().filter(busy).count();
    assert_eq!(
        right + busy,
        1_200,
        "{:?}",
        answers.iter().map(Response::status).collect::<std::collections::HashSet<_>>()
    );
    assert!(right >= 100, "{right} answered");
    assert_eq!(shop.get(&http, &served, &path).await.status(), StatusCode::OK, "it stays up");
    println!("1,200 requests at once: {right} answered, {busy} told to come again");
}

/// What a process that serves says first on stderr, and where it listens.
fn first_words(args: &[&str]) -> (Child, String, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args([&["serve", "--listen", "127.0.0.1:0"][..], args].concat())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary starts");
    let told = BufReader::new(child.stderr.take().expect("stderr")).lines().next();
    let address = BufReader::new(child.stdout.take().expect("stdout")).lines().next();
    let [told, address] = [told, address].map(|line| line.and_then(Result::ok).unwrap_or_default());
    (child, told, address.rsplit(' ').next().unwrap_or_default().to_string())
}

#[test]
fn a_lake_that_never_was_is_refused_and_nothing_is_made_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let [typed, right] = ["laek", "lake"].map(|name| folder.path().join(name));
    let lake = typed.display().to_string();
    let told = fails(2, &["serve", "--listen", "127.0.0.1:0", "--lake", &lake]);
    assert!(told.contains("there is no lake in ") && told.contains("hint: name it with --lake"), "{told}");
    assert!(!typed.exists(), "nothing is made there");
    // What only looking leaves is no lake either, and a lake beside it is named.
    std::fs::create_dir_all(typed.join("desk/access_log")).expect("a folder");
    std::fs::write(typed.join("desk/access_log/1.jsonl"), "{}").expect("written");
    std::fs::create_dir_all(right.join("published")).expect("a folder");
    let told = fails(2, &["serve", "--listen", "127.0.0.1:0", "--lake", &lake]);
    assert!(told.contains(&format!("hint: did you mean {}?", right.display())), "{told}");
}

#[tokio::test]
async fn a_lake_whose_first_run_is_to_come_is_waited_for() {
    let folder = tempfile::tempdir().expect("a folder");
    let lake = folder.path().join("lake").display().to_string();
    let pipeline = root().join("pipelines/retail/pipeline.yaml").display().to_string();
    let served = first_words(&[&pipeline, "--lake", &lake]);
    // A run that is under way, or that failed, has its work there.
    std::fs::create_dir_all(folder.path().join("lake/work/r1")).expect("a folder");
    std::fs::write(folder.path().join("lake/work/r1/plan.json"), "{}").expect("written");
    for (mut child, told, address) in [served, first_words(&["--lake", &lake])] {
        assert!(told.starts_with("warning: nothing is published in ") && told.contains("nayose run"), "{told}");
        let answer = client().get(format!("{address}/health")).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        child.kill().expect("ended");
        child.wait().expect("ended");
    }
}

#[test]
fn beyond_loopback_it_listens_with_tls_or_not_at_all() {
    let told = fails(2, &["serve", "--listen", "0.0.0.0:0"]);
    assert!(told.contains("is not loopback") && told.contains("hint: name a certificate"), "{told}");
    // The memory of the process and that of a statement are two things.
    let told = fails(2, &["serve", "--listen", "0.0.0.0:0", "--memory", "1GiB", "--pg-memory", "512MiB"]);
    assert!(told.contains("is not loopback"), "{told}");
    let folder = tempfile::tempdir().expect("a folder");
    let settings = folder.path().join("serve.yaml");
    std::fs::write(&settings, "tls: { certificate: cert.pem, key: key.pem }\n").expect("written");
    let told = fails(2, &["serve", "--listen", "0.0.0.0:0", "--settings", &settings.display().to_string()]);
    assert!(told.contains("cert.pem is no such file"), "{told}");
}

#[test]
fn accounts_are_added_with_a_password_from_stdin() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("users.csv");
    let add = |password: &str| {
        let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(["serve", "add-user", "k.tanaka", "--roles", "steward,auditor", "--file"])
            .arg(&file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary starts");
        std::io::Write::write_all(&mut child.stdin.take().expect("stdin"), password.as_bytes()).expect("typed");
        child.wait_with_output().expect("it ends")
    };
    let short = add("short\n");
    assert_eq!(short.status.code(), Some(2));
    assert!(!String::from_utf8_lossy(&short.stderr).contains("short\n"));
    assert!(add("three words and a fourth\n").status.success());
    let text = std::fs::read_to_string(&file).expect("text");
    assert!(text.contains("k.tanaka,") && text.contains("$argon2id$") && text.contains("steward auditor"), "{text}");
    assert!(!text.contains("three words"));
    let told = fails(2, &["serve", "add-user", "m.sato", "--roles", "stewart"]);
    assert!(told.contains("hint: did you mean \"steward\"? `nayose serve add-user --help`"), "{told}");
    assert!(told.contains("viewer, analyst, steward, auditor, admin"), "{told}");
}
