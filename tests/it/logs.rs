//! Logs, summary and metrics: every line can be read by a program, and no line holds a value of a record.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::path::Path;
use std::process::{Command, Output};

use arrow::array::{Array, AsArray};
use arrow::compute::cast;
use arrow::datatypes::DataType;
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use nayose::config::{self, EncodingFile, Overrides, Pipeline, Rows, Source};
use serde_json::Value;

use crate::support::{Retailer, nayose, root};

const STAGES: [&str; 7] = ["ingest", "normalize", "block", "score", "cluster", "golden", "marts"];

/// Runs the retail pipeline, with lineage events in a file.
fn run(retailer: &Retailer, log: &str, more: &[&str]) -> Output {
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let mut command = Command::new(env!("CARGO_BIN_EXE_nayose"));
    command.args(["run", &retailer.pipeline(), "--input", &input, "--lake", &lake, "--log", log]);
    command.args(more).current_dir(root());
    command.env("OPENLINEAGE__TRANSPORT__TYPE", "file").env("OPENLINEAGE__TRANSPORT__APPEND", "true");
    command.env("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", retailer.path("events.jsonl"));
    command.output().expect("the binary starts")
}

/// The JSON lines of stderr; each has a time and a level.
fn lines(output: &Output) -> Vec<Value> {
    let stderr = String::from_utf8_lossy(&output.stderr);
    let lines: Vec<Value> =
        stderr.lines().map(|l| serde_json::from_str(l).unwrap_or_else(|e| panic!("{e}: {l}"))).collect();
    for line in &lines {
        assert!(line["ts"].as_str().is_some_and(|t| t.ends_with('Z') && t.contains('T')), "{line}");
        assert!(["info", "warn", "error"].contains(&line["level"].as_str().unwrap_or_default()), "{line}");
    }
    lines
}

#[test]
fn a_line_for_each_stage_in_both_formats() {
    let retailer = Retailer::new(60, 41);
    let output = run(&retailer, "json", &["--summary", "-"]);
    assert!(output.status.success());
    let mut told = lines(&output);
    told.retain(|line| line["level"] == "info");
    assert_eq!(told.iter().map(|l| l["stage"].as_str().expect("a stage")).collect::<Vec<_>>(), STAGES);
    for line in &told {
        assert!(line["seconds"].is_f64() && line["rows"].as_object().is_some_and(|r| !r.is_empty()), "{line}");
    }
    let summary: Value = serde_json::from_slice(&output.stdout).expect("the summary is JSON");
    let golden = &told[5]["rows"]["golden_customer"];
    assert_eq!(&summary["stages"][5]["rows"]["golden_customer"], golden, "log and summary agree");
    let output = run(&retailer, "text", &["--full"]);
    let stderr = String::from_utf8_lossy(&output.stderr).to_string();
    let stages: Vec<&str> = stderr.lines().filter(|l| !l.starts_with("warning: ")).collect();
    let words: Vec<&str> = stages.iter().filter_map(|l| l.split_whitespace().next()).collect();
    assert_eq!(words, STAGES, "{stderr}");
    assert!(stages.iter().all(|l| l.contains(" s)")), "{stderr}");
}

#[test]
fn an_error_is_a_line_too() {
    let retailer = Retailer::new(60, 42);
    fs::remove_file(retailer.path("input/pointcard/members.parquet")).expect("removed");
    let output = run(&retailer, "json", &[]);
    let told = lines(&output);
    let error = told.last().expect("a line");
    assert_eq!((&error["level"], &error["kind"], &error["exit_code"]), (&"error".into(), &"config".into(), &2.into()));
    assert!(error["message"].as_str().is_some_and(|m| m.contains("members.parquet")), "{error}");
    assert!(error["hint"].as_str().is_some_and(|h| !h.is_empty()), "{error}");
    let output = run(&retailer, "text", &[]);
    let stderr = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(stderr.starts_with("error: ") && stderr.contains("\nhint: "), "{stderr}");
}

#[test]
fn metrics_tell_success_and_failure() {
    let retailer = Retailer::new(60, 43);
    let file = retailer.text("nayose.prom");
    let metric = |name: &str| -> Option<f64> {
        let text = fs::read_to_string(&file).expect("the file");
        let line = text.lines().find(|l| l.strip_prefix(name).is_some_and(|r| r.starts_with(['{', ' '])))?;
        line.rsplit(' ').next()?.parse().ok()
    };
    assert!(run(&retailer, "json", &["--metrics", &file]).status.success());
    assert_eq!((metric("nayose_run_success"), metric("nayose_run_exit_code")), (Some(1.0), Some(0.0)));
    let count = retailer.sql("lake", "select count(*) from golden_customer");
    let golden = "nayose_table_rows{pipeline=\"retail\",table=\"golden_customer\"} ";
    let text = fs::read_to_string(&file).expect("the file");
    let told = text.lines().find_map(|l| l.strip_prefix(golden)).expect("rows of golden_customer");
    assert_eq!(told, count.lines().nth(1).expect("a row"));
    for stage in STAGES {
        assert!(text.contains(&format!("nayose_stage_seconds{{pipeline=\"retail\",stage=\"{stage}\"}} ")), "{text}");
    }
    let good = metric("nayose_last_success_timestamp_seconds").expect("a time");
    assert_eq!(metric("nayose_last_run_timestamp_seconds"), Some(good));
    fs::remove_file(retailer.path("input/pointcard/members.parquet")).expect("removed");
    assert_eq!(run(&retailer, "json", &["--metrics", &file]).status.code(), Some(2));
    assert_eq!((metric("nayose_run_success"), metric("nayose_run_exit_code")), (Some(0.0), Some(2.0)));
    assert_eq!(metric("nayose_last_success_timestamp_seconds"), Some(good), "carried over");
    assert!(metric("nayose_last_run_timestamp_seconds").expect("a time") > good);
    assert!(!retailer.path("nayose.prom.tmp").exists());
    // A pipeline file that cannot be read is a failure like any other.
    let output = crate::support::nayose(&["run", "no/pipeline.yaml", "--metrics", &file]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        (metric("nayose_run_success"), metric("nayose_last_success_timestamp_seconds")),
        (Some(0.0), Some(good))
    );
}

#[test]
fn metrics_tell_what_happened_to_customers_files_and_the_lake() {
    let retailer = Retailer::new(60, 46);
    let file = retailer.text("nayose.prom");
    // A file with rows that cannot be read: their number, by the file's name.
    let orders = fs::read_dir(retailer.path("input/shop")).expect("a folder").flatten().map(|e| e.path());
    let orders = orders.filter(|p| p.display().to_string().contains("orders_")).max().expect("a file");
    let mut bytes = fs::read(&orders).expect("readable");
    bytes.extend(b"a row of one column\n");
    fs::write(&orders, bytes).expect("written");
    assert!(run(&retailer, "json", &["--metrics", &file, "--as-of", "2026-03-31"]).status.success());
    let text = fs::read_to_string(&file).expect("the file");
    let metric = |name: &str| -> f64 {
        let line = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}: {text}"));
        line.rsplit(' ').next().and_then(|n| n.parse().ok()).expect("a number")
    };
    let created = "nayose_customer_events{pipeline=\"retail\",event=\"created\"} ";
    let customers = retailer.sql("lake", "select count(*) from golden_customer");
    assert_eq!(metric(created).to_string(), customers.lines().nth(1).expect("a row"));
    assert_eq!(metric("nayose_customer_events{pipeline=\"retail\",event=\"merged\"} "), 0.0);
    assert_eq!(metric("nayose_customer_flips{pipeline=\"retail\"} "), 0.0);
    let name = orders.file_name().expect("a name").to_string_lossy().to_string();
    let rejects = text.lines().filter(|l| l.starts_with("nayose_file_rejects{")).collect::<Vec<_>>();
    assert!(rejects.iter().any(|l| l.contains(&format!("file=\"{name}\"}} 1"))), "{rejects:?}");
    assert!(!text.contains("shop/"), "names of files, and no folders: {text}");
    let newest = retailer.sql("lake", "select max(occurred_at) from interaction where channel = 'shop'");
    let newest: jiff::Timestamp = newest.lines().nth(1).expect("a time").parse().expect("a time");
    let row = text.lines().filter(|l| l.starts_with("nayose_source_newest_row_timestamp_seconds{"));
    assert!(row.clone().count() > 3 && row.clone().any(|l| l.ends_with(&format!(" {}", newest.as_second()))), "{text}");
    assert!(text.contains("nayose_source_newest_file_timestamp_seconds{pipeline=\"retail\",source="), "{text}");
    let table = metric("nayose_lake_table_bytes{pipeline=\"retail\",table=\"golden_customer\"} ");
    let all = metric("nayose_lake_bytes{pipeline=\"retail\"} ");
    assert!(table > 0.0 && all > table, "{table} {all}");
}

#[test]
fn metrics_tell_who_was_split_and_is_merged_again() {
    let retailer = Retailer::new(300, 48);
    let (file, input, lake) = (retailer.text("nayose.prom"), retailer.text("input"), retailer.text("lake"));
    let flips = |auto: &str| {
        let auto = |text: &mut String| *text = text.replace("auto: 0.8", auto);
        let pipeline = crate::support::own_pipeline(&retailer, auto, |_| ());
        crate::support::succeeds(&["run", &pipeline, "--input", &input, "--lake", &lake, "--metrics", &file]);
        let text = fs::read_to_string(&file).expect("the file");
        let told = text.lines().find_map(|line| line.strip_prefix("nayose_customer_flips{pipeline=\"retail\"} "));
        told.expect("flips").to_string()
    };
    let events = |run: u8, event: &str| {
        let of = format!("r.run_number = {run} and e.event = '{event}' and e.reason = 'thresholds'");
        let query = format!("select count(*) from id_event e join run r on r.run_id = e.run_id where {of}");
        retailer.sql("lake", &query).lines().nth(1).expect("a row").to_string()
    };
    assert_eq!(flips("auto: 0.8"), "0");
    // A link in a million is wrong: many part for the first time, which is no flip.
    assert_eq!(flips("auto: 0.999999"), "0");
    assert_ne!(events(2, "split"), "0");
    // All of them are together again, and nobody said anything else of their records.
    let undone = flips("auto: 0.8");
    assert_eq!((undone.as_str(), events(3, "merged").as_str()), (events(2, "split").as_str(), undone.as_str()));
}

#[test]
fn a_run_that_fails_writes_its_summary() {
    let retailer = Retailer::new(60, 47);
    let (file, checks) = (retailer.text("summary.json"), retailer.path("pipeline/checks"));
    let pipeline = crate::support::own_pipeline(&retailer, |_| (), |_| ());
    fs::write(checks.join("never.sql"), "select 1 as no").expect("written");
    let (input, lake) = (retailer.text("input"), retailer.text("lake"));
    let args = ["run", &pipeline, "--input", &input, "--lake", &lake, "--summary", &file];
    assert_eq!(nayose(&args).status.code(), Some(1));
    let summary: Value = serde_json::from_slice(&fs::read(&file).expect("the file")).expect("JSON");
    assert_eq!(
        (&summary["outcome"], &summary["kind"], &summary["exit_code"]),
        (&"failed".into(), &"data".into(), &1.into())
    );
    assert!(summary["message"].as_str().is_some_and(|m| m.contains("never")), "{summary}");
    assert!(summary["hint"].as_str().is_some_and(|h| !h.is_empty()), "{summary}");
    let done: Vec<&str> =
        summary["stages"].as_array().expect("stages").iter().filter_map(|s| s["stage"].as_str()).collect();
    assert_eq!(done, STAGES[..6]);
    // Before anything is known of the run, too.
    let failed = nayose(&["run", "no/pipeline.yaml", "--summary", "-"]);
    let summary: Value = serde_json::from_slice(&failed.stdout).expect("JSON");
    assert_eq!((&summary["outcome"], &summary["stages"]), (&"failed".into(), &serde_json::json!([])));
}

/// Texts that name or reach a person, as the raw files have them and as the normalizers write them.
pub fn personal(retailer: &Retailer) -> BTreeSet<String> {
    let pipeline = root().join("pipelines/retail/pipeline.yaml");
    let overrides = Overrides { input: Some(retailer.text("input")), lake: Some(retailer.text("lake")) };
    let pipeline = config::load(&pipeline, &overrides).expect("the pipeline");
    let mut found = BTreeSet::new();
    for source in pipeline.sources.iter().filter(|s| matches!(s.holds, Rows::People { .. })) {
        for row in rows(&pipeline, source, retailer) {
            for (attribute, columns) in &source.columns {
                let values = columns.columns().iter().filter_map(|c| row.iter().find(|(name, _)| name == c));
                let values: Vec<String> = values.map(|(_, value)| value.trim().to_string()).collect();
                forms(attribute, &values, &mut found);
            }
            let part = |name: &str| row.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str()).unwrap_or_default();
            for [family, given] in [["family_name", "given_name"], ["family_name_kana", "given_name_kana"]] {
                let whole = [part(family).to_string(), part(given).to_string()];
                forms("name", &[whole.concat()], &mut found);
                forms("name", &[whole.join(" ")], &mut found);
            }
        }
    }
    assert!(found.len() > 2000, "{} values of 500 people", found.len());
    found
}

/// The forms of a value that are long enough not to stand in a log by chance.
fn forms(attribute: &str, values: &[String], found: &mut BTreeSet<String>) {
    let mut add = |text: String, least: usize| {
        if text.chars().count() >= least {
            found.insert(text.to_lowercase());
        }
    };
    let whole = values.concat();
    match attribute {
        "name" | "family_name" | "given_name" => {
            add(whole.replace([' ', '\u{3000}'], ""), 3);
            add(whole, 3);
        }
        "kana" | "family_kana" | "given_kana" => {
            add(whole.replace([' ', '\u{3000}'], ""), 4);
            add(whole, 4);
        }
        "phone" => {
            let digits: String = whole.chars().filter(char::is_ascii_digit).collect();
            add(digits.trim_start_matches('0').to_string(), 9);
            add(whole, 9);
        }
        "email" => {
            add(whole.split('@').next().unwrap_or_default().to_lowercase(), 8);
            add(whole, 8);
        }
        "address" => values.iter().for_each(|v| add(v.clone(), 6)),
        "card" => add(whole, 8),
        _ => {}
    }
}

type Row = Vec<(String, String)>;

/// The rows of a source, read without nayose.
fn rows(pipeline: &Pipeline, source: &Source, retailer: &Retailer) -> Vec<Row> {
    let glob = globset::Glob::new(&source.files).expect("a glob").compile_matcher();
    let fixed: std::path::PathBuf = Path::new(&source.files).iter().take(1).collect();
    let folder = retailer.path("input").join(fixed);
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder").flatten() {
        let path = entry.path();
        if !glob.is_match(path.strip_prefix(retailer.path("input")).expect("below")) {
            continue;
        }
        let bytes = fs::read(&path).expect("bytes");
        match path.extension().and_then(|e| e.to_str()) {
            Some("parquet") => all.extend(of_parquet(&path)),
            Some("gz") => {
                let mut text = String::new();
                flate2::read::GzDecoder::new(&bytes[..]).read_to_string(&mut text).expect("text");
                for line in text.lines() {
                    let row: serde_json::Map<String, Value> = serde_json::from_str(line).expect("JSON");
                    all.push(row.into_iter().filter_map(|(k, v)| Some((k, v.as_str()?.to_string()))).collect());
                }
            }
            _ => {
                let text = match source.reading.encoding {
                    EncodingFile::Cp932 => encoding_rs::SHIFT_JIS.decode(&bytes).0.to_string(),
                    _ => String::from_utf8_lossy(&bytes).to_string(),
                };
                let mut reader = csv::ReaderBuilder::new()
                    .flexible(true)
                    .from_reader(text.trim_start_matches('\u{feff}').as_bytes());
                let header: Vec<String> = reader.headers().expect("a header").iter().map(str::to_string).collect();
                for record in reader.records().flatten() {
                    all.push(header.iter().cloned().zip(record.iter().map(str::to_string)).collect());
                }
            }
        }
    }
    assert!(!all.is_empty(), "{} of {}", source.name, pipeline.name);
    all
}

fn of_parquet(path: &Path) -> Vec<Row> {
    let file = fs::File::open(path).expect("a file");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("rows");
    let mut all = Vec::new();
    for batch in reader.flatten() {
        let names: Vec<String> = batch.schema().fields().iter().map(|f| f.name().clone()).collect();
        let columns: Vec<_> = batch.columns().iter().map(|c| cast(c, &DataType::Utf8).expect("text")).collect();
        for row in 0..batch.num_rows() {
            let values = columns.iter().map(|c| if c.is_valid(row) { c.as_string::<i32>().value(row) } else { "" });
            all.push(names.iter().cloned().zip(values.map(str::to_string)).collect());
        }
    }
    all
}

/// The values that stand in a text.
pub fn leaks<'a>(text: &str, personal: &'a BTreeSet<String>) -> Vec<&'a str> {
    let text = text.to_lowercase();
    personal.iter().filter(|value| text.contains(value.as_str())).map(String::as_str).take(10).collect()
}

#[test]
fn no_log_holds_personal_data() {
    let retailer = Retailer::new(500, 44);
    let personal = personal(&retailer);
    let mut told: Vec<(String, String)> = Vec::new();
    let mut keep = |what: &str, output: &Output| {
        told.push((format!("{what}: stdout"), String::from_utf8_lossy(&output.stdout).to_string()));
        told.push((format!("{what}: stderr"), String::from_utf8_lossy(&output.stderr).to_string()));
    };
    let files = ["summary", "metrics", "profile"].map(|name| retailer.text(name));
    let observed = ["--summary", &files[0], "--metrics", &files[1], "--profile", &files[2]];
    let output = run(&retailer, "json", &observed);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    keep("json", &output);
    let output = run(&retailer, "text", &["--full"]);
    assert!(output.status.success());
    keep("text", &output);
    // Rows that cannot be read, then too many of them, then no memory.
    let tickets = retailer.path("input/support");
    let file = fs::read_dir(&tickets).expect("tickets").flatten().map(|e| e.path()).min().expect("a file");
    let text = fs::read_to_string(&file).expect("text");
    for (rows, code) in [(1, 0), (2000, 1)] {
        let broken: String = personal.iter().cycle().take(rows).map(|value| format!("{value},{value}\r\n")).collect();
        // After the header: a broken row at the end is that of a file that was cut.
        let (header, rest) = text.split_once('\n').expect("a header");
        fs::write(&file, format!("{header}\n{broken}{rest}")).expect("written");
        let output = run(&retailer, "json", &observed);
        assert_eq!(output.status.code(), Some(code), "{}", String::from_utf8_lossy(&output.stderr));
        keep("rejects", &output);
        let rejected = retailer.sql("lake", "select raw from reject where reason not like 'repeated%'");
        assert!(!leaks(&rejected, &personal).is_empty(), "the row is kept where it belongs:\n{rejected}");
    }
    fs::write(&file, text).expect("written");
    // A run with so little is refused before it reads; a question is not.
    assert_eq!(run(&retailer, "text", &["--memory", "1MiB", "--full"]).status.code(), Some(2));
    let lake = retailer.text("lake");
    let sorted = "select * from source_record order by history, record_id";
    let output = nayose(&["sql", "--lake", &lake, "--memory", "1MiB", "--spill-limit", "1KiB", sorted]);
    assert_eq!(output.status.code(), Some(3), "{}", String::from_utf8_lossy(&output.stderr));
    keep("memory", &output);
    told.extend(files.iter().map(|f| (f.clone(), fs::read_to_string(f).expect("written"))));
    let events = fs::read_to_string(retailer.path("events.jsonl")).expect("events");
    let kinds: Vec<Value> = events.lines().map(|l| serde_json::from_str(l).expect("JSON")).collect();
    assert!(["START", "COMPLETE", "FAIL"].iter().all(|kind| kinds.iter().any(|e| e["eventType"] == *kind)));
    told.push(("events".into(), events));
    for (what, text) in &told {
        let leaked = leaks(text, &personal);
        assert!(leaked.is_empty(), "{what} holds {leaked:?}");
    }
    // The search finds what it is for.
    let all: String = told.into_iter().map(|(_, text)| text).collect();
    for value in personal.iter().step_by(50) {
        assert!(!leaks(&format!("{{\"message\":\"{value}\"}}"), &personal).is_empty(), "{value}");
    }
    assert!(all.len() > 10_000, "there is something to search");
}
