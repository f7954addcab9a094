//! OpenLineage events of real runs, as a receiver gets them over HTTP, and that no receiver can stop a run.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use serde_json::Value;

use crate::support::{Retailer, root};

/// A receiver of events: what it was sent, with the first line and the headers.
struct Service {
    url: String,
    got: Receiver<(String, Value)>,
}

impl Service {
    /// Starts one that answers with this status.
    fn start(status: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let url = format!("http://{}", listener.local_addr().expect("an address"));
        let (send, got) = channel();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let mut reader = BufReader::new(stream.try_clone().expect("a stream"));
                let mut head = String::new();
                while reader.read_line(&mut head).is_ok_and(|n| n > 2) {}
                let length =
                    head.to_lowercase().split("content-length: ").nth(1).and_then(|l| l.lines().next()?.parse().ok());
                let mut body = vec![0; length.unwrap_or(0)];
                reader.read_exact(&mut body).expect("a body");
                // Told before it is answered: who has the answer finds the event.
                let _ = send.send((head, serde_json::from_slice(&body).expect("JSON")));
                let mut stream = stream;
                let _ = write!(stream, "HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
            }
        });
        Service { url, got }
    }

    fn events(&self) -> Vec<(String, Value)> {
        self.got.try_iter().collect()
    }
}

/// Runs the retail pipeline with these variables.
fn run(retailer: &Retailer, more: &[&str], variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_nayose"));
    command.args(retailer.run("lake", more)).current_dir(root());
    command.envs(variables.iter().copied()).output().expect("the binary starts")
}

fn dataset<'a>(event: &'a Value, side: &str, ends: &str) -> &'a Value {
    let all = event[side].as_array().expect("datasets");
    all.iter()
        .find(|d| d["name"].as_str().is_some_and(|n| n.ends_with(ends)))
        .unwrap_or_else(|| panic!("{side} {ends}"))
}

fn names(event: &Value, side: &str) -> BTreeSet<String> {
    event[side].as_array().expect("datasets").iter().map(|d| d["name"].as_str().expect("a name").to_string()).collect()
}

#[test]
fn a_run_is_told_from_start_to_end() {
    let (retailer, service) = (Retailer::new(120, 31), Service::start("201 Created"));
    let parent = "prod/crm.nayose/019d4130-a400-76a4-97c7-5f758f387c24";
    let variables = [
        ("OPENLINEAGE_URL", service.url.as_str()),
        ("OPENLINEAGE_API_KEY", "key"),
        ("OPENLINEAGE_NAMESPACE", "prod"),
        ("OPENLINEAGE_PARENT_ID", parent),
    ];
    let output = run(&retailer, &["--as-of", "2026-03-31"], &variables);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let [(head, start), (_, end)] = &service.events()[..] else { panic!("one event at each end") };
    assert!(head.starts_with("POST /api/v1/lineage HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("authorization: bearer key\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/json\r\n"), "{head}");
    assert_eq!((&start["eventType"], &end["eventType"]), (&"START".into(), &"COMPLETE".into()));
    assert_eq!(start["run"]["runId"], end["run"]["runId"]);
    for event in [start, end] {
        assert_eq!(event["job"]["namespace"], "prod");
        assert_eq!(event["job"]["name"], "retail");
        let facets = &event["run"]["facets"];
        assert_eq!(facets["parent"]["job"]["name"], "crm.nayose");
        assert_eq!(facets["parent"]["run"]["runId"], "019d4130-a400-76a4-97c7-5f758f387c24");
        assert_eq!(
            facets["nominalTime"]["nominalStartTime"], "2026-03-31T14:59:59.999999Z",
            "the end of a day of Japan"
        );
    }
    // What is declared at the start is what comes out at the end.
    assert_eq!(names(start, "inputs"), names(end, "inputs"));
    assert_eq!(names(start, "outputs"), names(end, "outputs"));
    assert_eq!(names(end, "inputs").len(), 7, "tickets are people and events of one dataset");

    let customers = dataset(end, "inputs", "input/shop/**/customers_*.csv");
    assert_eq!(customers["namespace"], "file");
    let rows = retailer.sql(
        "lake",
        "select sum(i['rows']) from (select unnest(inputs) as i from run) where i['file'] like 'shop/customers_%'",
    );
    let rows: u64 = rows.lines().nth(1).expect("a row").parse().expect("a number");
    assert_eq!(customers["inputFacets"]["inputStatistics"]["rowCount"], rows);
    assert_eq!(customers["inputFacets"]["dataQualityMetrics"]["rowCount"], rows);
    let files = customers["inputFacets"]["subset"]["inputCondition"]["locations"].as_array().expect("locations");
    assert_eq!(customers["inputFacets"]["inputStatistics"]["fileCount"], files.len());
    for file in files {
        let path = file.as_str().and_then(|f| f.strip_prefix("file://")).expect("a URI");
        assert!(std::path::Path::new(path).exists(), "{path}");
    }
    let assertions = customers["inputFacets"]["dataQualityAssertions"]["assertions"].as_array().expect("assertions");
    assert!(assertions.iter().all(|a| a["success"] == true), "{assertions:?}");
    let columns = customers["facets"]["schema"]["fields"].as_array().expect("fields");
    assert!(columns.iter().any(|f| f["name"] == "氏名" && f["description"] == "read as name"), "{columns:?}");

    let golden = dataset(end, "outputs", "lake/tables/golden_customer");
    let count = retailer.sql("lake", "select count(*) from golden_customer");
    assert_eq!(
        golden["outputFacets"]["outputStatistics"]["rowCount"].to_string(),
        count.lines().nth(1).expect("a row")
    );
    let version = retailer.sql(
        "lake",
        "select t['version'] from (select unnest(tables) as t from run) where t['table_name'] = 'golden_customer'",
    );
    assert_eq!(golden["facets"]["version"]["datasetVersion"], version.lines().nth(1).expect("a row"));
    let fields = golden["facets"]["schema"]["fields"].as_array().expect("fields");
    assert_eq!(fields[0]["name"], "customer_id");
    assert!(fields[0]["description"].as_str().is_some_and(|d| d.contains("統合顧客ID")), "{fields:?}");
    let tests = end["run"]["facets"]["test"]["tests"].as_array().expect("tests");
    assert_eq!(tests.len(), std::fs::read_dir(root().join("pipelines/retail/checks")).expect("checks").count());
}

#[test]
fn golden_fields_come_from_the_columns_of_the_pipeline_file() {
    let (retailer, service) = (Retailer::new(60, 32), Service::start("200 OK"));
    let output = run(&retailer, &["--until", "ingest"], &[("OPENLINEAGE_URL", &service.url)]);
    assert!(output.status.success());
    let until = service.events();
    assert_eq!(until.len(), 2);
    for (_, event) in &until {
        assert_eq!(event["job"]["name"], "retail.ingest");
        assert_eq!(event["outputs"], serde_json::json!([]), "nothing is published");
    }
    // The run goes on: another run of another job, the same run of nayose.
    assert!(run(&retailer, &[], &[("OPENLINEAGE_URL", &service.url)]).status.success());
    let whole = service.events();
    let end = &whole[1].1;
    assert_ne!(end["run"]["runId"], until[1].1["run"]["runId"]);
    assert_eq!(end["run"]["facets"]["tags"]["tags"][0], until[1].1["run"]["facets"]["tags"]["tags"][0]);
    let lineage = &dataset(end, "outputs", "/golden_customer")["facets"]["columnLineage"];
    let from = |field: &str| -> BTreeSet<String> {
        let inputs = lineage["fields"][field]["inputFields"].as_array().unwrap_or_else(|| panic!("{field}"));
        let of = |i: &Value| {
            let file = i["name"].as_str().and_then(|n| n.rsplit('/').next()).expect("a name");
            let how = &i["transformations"][0];
            format!("{file} {} {}", i["field"].as_str().expect("a field"), how["subtype"].as_str().expect("how"))
        };
        inputs.iter().map(of).collect()
    };
    let set = |all: &[&str]| -> BTreeSet<String> { all.iter().map(|s| s.to_string()).collect() };
    assert_eq!(
        from("phones"),
        set(&[
            "customers_*.csv 電話番号 TRANSFORMATION",
            "users_*.jsonl.gz phone TRANSFORMATION",
            "members.parquet phone TRANSFORMATION",
            "tickets_*.csv 電話番号 TRANSFORMATION",
        ])
    );
    assert_eq!(
        from("birth_date"),
        set(&[
            "customers_*.csv 生年月日 TRANSFORMATION",
            "users_*.jsonl.gz birthday TRANSFORMATION",
            "members.parquet birth TRANSFORMATION",
        ])
    );
    assert!(from("city").contains("customers_*.csv 住所2 TRANSFORMATION"));
    assert!(from("city").contains("customers_*.csv 郵便番号 CONDITIONAL"));
    assert!(from("family_name").contains("users_*.jsonl.gz family_name TRANSFORMATION"));
    let id = &lineage["fields"]["customer_id"]["inputFields"][0]["transformations"][0];
    assert_eq!(id["masking"], true, "an id is a digest");
    // Every field but those that are constants of the pipeline has an origin.
    let golden = dataset(end, "outputs", "/golden_customer");
    for field in golden["facets"]["schema"]["fields"].as_array().expect("fields") {
        let name = field["name"].as_str().expect("a name");
        // Channels are names of the pipeline file; the retail pipeline declares identifiers only, and decisions are no input file.
        if !["channels", "extra", "joined_by_decision"].contains(&name) {
            assert!(!from(name).is_empty(), "{name}");
        }
    }
    // Every input field is a field of its dataset's schema.
    for output in end["outputs"].as_array().expect("outputs") {
        let lineage = &output["facets"]["columnLineage"];
        let of_fields = lineage["fields"].as_object().into_iter().flat_map(|f| f.values());
        let lists = of_fields.map(|f| &f["inputFields"]).chain([&lineage["dataset"]]);
        for input in lists.filter_map(|l| l.as_array()).flatten() {
            let of = dataset(end, "inputs", input["name"].as_str().expect("a name"));
            let known = of["facets"]["schema"]["fields"].as_array().expect("fields");
            assert!(known.iter().any(|k| k["name"] == input["field"]), "{input}");
        }
    }
    // Nothing new is complete too.
    assert!(run(&retailer, &[], &[("OPENLINEAGE_URL", &service.url)]).status.success());
    let again = service.events();
    assert_eq!(again[1].1["eventType"], "COMPLETE");
    assert_eq!(again[1].1["run"]["facets"]["tags"]["tags"][1]["value"], "nothing_new");
    assert_eq!(again[1].1["outputs"], serde_json::json!([]));
}

#[test]
fn a_failed_run_is_told_too() {
    let (retailer, service) = (Retailer::new(60, 33), Service::start("200 OK"));
    std::fs::remove_file(retailer.path("input/pointcard/members.parquet")).expect("removed");
    let output = run(&retailer, &[], &[("OPENLINEAGE_URL", &service.url)]);
    assert_eq!(output.status.code(), Some(2));
    let events = service.events();
    assert_eq!(events.len(), 2);
    let fail = &events[1].1;
    assert_eq!(fail["eventType"], "FAIL");
    let message = fail["run"]["facets"]["errorMessage"]["message"].as_str().expect("a message");
    assert!(message.contains("card_members") && message.contains("hint: "), "{message}");
    assert!(names(fail, "inputs").len() == 7 && !names(fail, "outputs").is_empty());
}

#[test]
fn a_rollback_is_told_from_version_to_version() {
    let (retailer, service) = (Retailer::new(60, 36), Service::start("201 Created"));
    for day in ["2026-03-30", "2026-03-31"] {
        let output = run(&retailer, &["--as-of", day], &[]);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    }
    let lake = retailer.text("lake");
    let back = |to: &str| {
        let args = ["rollback", "--to", to, "--by", "k.tanaka", "--why", "a wrong day", "--lake", &lake];
        let mut command = Command::new(env!("CARGO_BIN_EXE_nayose"));
        let output = command.args(args).env("OPENLINEAGE_URL", &service.url).current_dir(root()).output();
        let code = output.expect("the binary starts").status.code();
        let events: Vec<Value> = service.events().into_iter().map(|(_, event)| event).collect();
        let [start, end] = <[Value; 2]>::try_from(events).expect("one event at each end");
        assert_eq!(start["run"]["runId"], end["run"]["runId"]);
        for event in [&start, &end] {
            assert_eq!(event["job"]["name"], "retail.rollback");
            let told = event.to_string();
            assert!(!told.contains("tanaka") && !told.contains("a wrong day"), "who and why stand in the lake: {told}");
        }
        assert_eq!((&start["inputs"], &start["outputs"]), (&serde_json::json!([]), &serde_json::json!([])));
        (code, end)
    };
    let tag = |event: &Value, key: &str| {
        let tags = event["run"]["facets"]["tags"]["tags"].as_array().expect("tags");
        tags.iter().find(|tag| tag["key"] == key).and_then(|tag| tag["value"].as_str()).unwrap_or_default().to_string()
    };
    let run_id = |number: u8| {
        let found = retailer.sql("lake", &format!("select run_id from run where run_number = {number}"));
        found.lines().nth(1).expect("a run").to_string()
    };
    let (code, end) = back("1");
    assert_eq!((code, &end["eventType"]), (Some(0), &"COMPLETE".into()));
    assert_eq!((tag(&end, "nayose.run_id"), tag(&end, "nayose.restores")), (run_id(3), run_id(1)));
    assert_eq!(tag(&end, "nayose.outcome"), "rolled_back");
    // The tables of run 1 at the versions of then go in, and at those of run 3 come out.
    for (side, number) in [("inputs", 1), ("outputs", 3)] {
        let versions = format!(
            "select t['table_name'] as t, t['version'] as v from (select unnest(tables) as t from run where run_number = {number})"
        );
        let versions = retailer.sql("lake", &versions);
        let published: BTreeMap<&str, &str> =
            versions.lines().skip(1).filter_map(|line| line.split_once(',')).collect();
        let told = end[side].as_array().expect("datasets").iter();
        let told: BTreeMap<&str, &str> = told
            .map(|table| {
                let name = table["name"].as_str().and_then(|name| name.rsplit('/').next()).expect("a name");
                (name, table["facets"]["version"]["datasetVersion"].as_str().expect("a version"))
            })
            .collect();
        assert_eq!(told, published, "{side}");
    }
    let golden = dataset(&end, "outputs", "lake/tables/golden_customer");
    let count = retailer.sql("lake", "select count(*) from golden_customer");
    assert_eq!(
        golden["outputFacets"]["outputStatistics"]["rowCount"].to_string(),
        count.lines().nth(1).expect("a row")
    );
    assert_eq!(golden["facets"]["schema"]["fields"][0]["name"], "customer_id");
    // Again: nothing to do. Where there is no such run: why.
    let (code, end) = back("1");
    assert_eq!((code, tag(&end, "nayose.outcome").as_str()), (Some(0), "nothing_new"));
    assert_eq!(end["outputs"], serde_json::json!([]));
    let (code, end) = back("9");
    assert_eq!((code, &end["eventType"]), (Some(2), &"FAIL".into()));
    let message = end["run"]["facets"]["errorMessage"]["message"].as_str().expect("a message");
    assert!(message.contains("there is no run 9; the newest is "), "{message}");
}

#[test]
fn no_receiver_can_stop_a_run() {
    let retailer = Retailer::new(60, 34);
    let warned = |variables: &[(&str, &str)], says: &[&str]| {
        let output = run(&retailer, &["--full"], variables);
        let stderr = String::from_utf8_lossy(&output.stderr).to_string();
        assert!(output.status.success(), "{stderr}");
        for part in says {
            assert!(stderr.contains(part), "{part:?} is not in:\n{stderr}");
        }
        assert!(!stderr.contains("secret"), "{stderr}");
    };
    // Nobody listens there: the port was free a moment ago.
    let free = TcpListener::bind("127.0.0.1:0").and_then(|l| l.local_addr()).expect("a port");
    let url = format!("http://user:secret@{free}?key=secret");
    warned(
        &[("OPENLINEAGE_URL", &url), ("OPENLINEAGE_API_KEY", "secret")],
        &[&format!("http://{free}/api/v1/lineage: "), "\"warn\""],
    );
    let refusing = Service::start("401 Unauthorized");
    warned(&[("OPENLINEAGE_URL", &refusing.url)], &["401"]);
    assert_eq!(refusing.events().len(), 2, "what a client did wrong is not sent again");
    let broken = Service::start("503 Service Unavailable");
    warned(&[("OPENLINEAGE_URL", &broken.url)], &["503"]);
    assert_eq!(broken.events().len(), 6, "a server may come back");
    warned(&[("OPENLINEAGE__TRANSPORT__TYPE", "kafka"), ("OPENLINEAGE__TRANSPORT__KEY", "secret")], &["kafka"]);
    warned(
        &[("OPENLINEAGE__TRANSPORT__TYPE", "file"), ("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", "/dev/null/x")],
        &["/dev/null/x"],
    );
}

#[test]
fn a_slow_receiver_does_not_hold_the_run() {
    let retailer = Retailer::new(60, 35);
    let silent = TcpListener::bind("127.0.0.1:0").expect("a port");
    let url = format!("http://{}", silent.local_addr().expect("an address"));
    let started = std::time::Instant::now();
    let variables = [
        ("OPENLINEAGE__TRANSPORT__TYPE", "http"),
        ("OPENLINEAGE__TRANSPORT__URL", url.as_str()),
        ("OPENLINEAGE__TRANSPORT__TIMEOUT", "0.2"),
    ];
    let output = run(&retailer, &[], &variables);
    let stderr = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(output.status.success() && stderr.contains("no answer in time"), "{stderr}");
    assert!(started.elapsed() < Duration::from_secs(60), "three attempts of 0.2 s at each end");
}
