//! What people read, as it stands: help, errors, explanations, the forecast of `validate`, the plans of the stages, lineage.
//!
//! Each snapshot was read by a person. To change one: `INSTA_UPDATE=always cargo test --test it snapshots`, then read the diff.

use std::process::Command;

use serde_json::Value;

use crate::support::{Retailer, as_text, own_pipeline, root, succeeds};

/// The subcommands with a help page of their own. `cluster` has one only where it is built in.
const SUBCOMMANDS: [&str; 27] = [
    "validate",
    "run",
    "train",
    "sql",
    "explain",
    "search",
    "history",
    "init",
    "import-model",
    "diff",
    "decide",
    "disclose",
    "rollback",
    "erase",
    "evaluate",
    "vacuum",
    "verify",
    "export",
    "report",
    "normalize",
    "generate",
    "schema",
    "completions",
    "man",
    "match",
    "serve",
    "audit",
];

/// Holds a text against the snapshot of this name.
fn check(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.set_snapshot_path(root().join("tests/it/snapshots"));
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Runs the binary in the root with a terminal of 100 columns; answers stdout, then stderr, without the paths of this machine.
fn told(retailer: &Retailer, args: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(args)
        .env("COLUMNS", "100")
        .current_dir(root())
        .output()
        .expect("the binary starts");
    let text =
        String::from_utf8_lossy(&output.stdout).into_owned() + &as_text(&String::from_utf8_lossy(&output.stderr));
    let code = output.status.code().unwrap_or(-1);
    let text = text.replace(&retailer.text(""), "FOLDER/").replace(&root().display().to_string(), "ROOT");
    format!("{}\n[exit code {code}]\n", text.trim_end())
}

#[test]
fn help_of_every_subcommand() {
    for subcommand in SUBCOMMANDS {
        check(&format!("help_{subcommand}"), &succeeds(&["help", subcommand]));
    }
    let all = succeeds(&["help"]);
    let named = all.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next()).filter(|w| !w.is_empty());
    let missing: Vec<&str> = named
        .filter(|word| word.starts_with(|c: char| c.is_ascii_lowercase()))
        .filter(|word| !SUBCOMMANDS.contains(word) && !["help", "cluster"].contains(word))
        .collect();
    assert!(missing.is_empty(), "subcommands without a snapshot: {missing:?}");
}

#[test]
fn pages_of_errors() {
    let retailer = Retailer::new(60, 5);
    let empty = retailer.text("nothing");
    check("error_no_pipeline", &told(&retailer, &["run", "pipelines/retail/pipelin.yaml"]));
    check("error_nothing_published", &told(&retailer, &["sql", "--lake", &empty, "select 1"]));
    check(
        "error_stages_in_the_wrong_order",
        &told(&retailer, &["run", "x.yaml", "--from", "score", "--until", "block"]),
    );
    let slips = own_pipeline(
        &retailer,
        |pipeline| {
            *pipeline = pipeline.replace("        phone:", "        phoen:").replace("auto: 0.8", "auto: 1.8");
        },
        |model| *model = model.replace("phone.landline", "phone.landlin"),
    );
    check("error_slips_in_both_files", &told(&retailer, &["validate", &slips]));
    let column = own_pipeline(&retailer, |pipeline| *pipeline = pipeline.replace("電話番号", "電話番"), |_| ());
    check(
        "error_a_column_that_is_not_there",
        &told(&retailer, &["validate", &column, "--input", &retailer.text("input")]),
    );
}

#[test]
fn explanations_in_both_languages() {
    let retailer = Retailer::new(300, 11);
    let lake = retailer.text("lake");
    retailer.runs("lake", &[]);
    let query = "select customer_id from golden_customer where records = 3 order by customer_id limit 1";
    let customer = retailer.sql("lake", query).lines().last().expect("a customer").to_string();
    // The closest link and the closest pair that is none: the ledger has both.
    let pair = |decision: &str| {
        let query = format!(
            "select channel_l || ':' || record_id_l || ' ' || channel_r || ':' || record_id_r from ledger
             where decision = '{decision}' order by match_weight desc, 1 limit 1"
        );
        retailer.sql("lake", &query).lines().last().expect("a pair").to_string()
    };
    let (linked, review) = (pair("matched"), pair("review"));
    for lang in ["ja", "en"] {
        let explain = |ids: &[&str]| told(&retailer, &[&["explain", "--lake", &lake, "--lang", lang], ids].concat());
        check(&format!("explain_customer_{lang}"), &explain(&[&customer]));
        check(&format!("explain_linked_{lang}"), &explain(&linked.split(' ').collect::<Vec<_>>()));
        check(&format!("explain_review_{lang}"), &explain(&review.split(' ').collect::<Vec<_>>()));
        check(&format!("history_{lang}"), &told(&retailer, &["history", "--lake", &lake, "--lang", lang, &customer]));
    }
}

#[test]
fn the_forecast_of_validate() {
    let retailer = Retailer::new(300, 11);
    let input = retailer.text("input");
    check("validate", &told(&retailer, &["validate", "pipelines/retail/pipeline.yaml", "--input", &input]));
}

/// The operators of every plan without what they counted: the shape of a run.
#[test]
fn the_plans_of_the_stages() {
    let retailer = Retailer::new(120, 31);
    let profile = retailer.text("profile.txt");
    retailer.runs("lake", &["--threads", "2", "--profile", &profile]);
    let text = std::fs::read_to_string(&profile).expect("the profile");
    let shape = |line: &str| match line.find(" rows") {
        Some(end) => line[..end].trim_end_matches(|c: char| c.is_ascii_digit()).trim_end().to_string(),
        None => line.trim_end().trim_end_matches(|c: char| c.is_ascii_digit() || " .s".contains(c)).to_string(),
    };
    check("plans", &text.lines().map(shape).collect::<Vec<_>>().join("\n"));
}

/// Replaces what differs from run to run and from machine to machine.
fn settled(value: &mut Value, folder: &str) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(|item| settled(item, folder)),
        // Of the tags only the commit differs from build to build.
        Value::Object(fields) if fields.get("key").is_some_and(|key| key == "nayose.commit") => {
            fields.insert("value".into(), Value::from("<commit>"));
        }
        Value::Object(fields) => {
            for (key, value) in fields {
                match key.as_str() {
                    "eventTime" | "runId" | "nominalStartTime" | "nominalEndTime" => {
                        *value = Value::from(format!("<{key}>"))
                    }
                    "_producer" | "producer" | "version" | "datasetVersion" => *value = Value::from(format!("<{key}>")),
                    // The schemas and the lineage of every column are held by tests of their own; here is their number.
                    "schema" | "columnLineage" => {
                        let fields = match &value["fields"] {
                            Value::Array(fields) => fields.len(),
                            Value::Object(fields) => fields.len(),
                            _ => 0,
                        };
                        *value = Value::from(format!("<{fields} fields>"));
                    }
                    _ => settled(value, folder),
                }
            }
        }
        Value::String(text) => *text = text.replace(folder, "FOLDER").replace(&root().display().to_string(), "ROOT"),
        _ => {}
    }
}

#[test]
fn lineage_events() {
    let retailer = Retailer::new(120, 31);
    let log = retailer.text("events.jsonl");
    let output = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(retailer.run("lake", &["--as-of", "2026-03-31"]))
        .envs([
            ("OPENLINEAGE__TRANSPORT__TYPE", "file"),
            ("OPENLINEAGE__TRANSPORT__APPEND", "true"),
            ("OPENLINEAGE__TRANSPORT__LOG_FILE_PATH", log.as_str()),
        ])
        .current_dir(root())
        .output()
        .expect("the binary starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let folder = retailer.text("").trim_end_matches('/').to_string();
    let events = std::fs::read_to_string(&log).expect("events");
    let events: Vec<String> = events
        .lines()
        .map(|line| {
            let mut event: Value = serde_json::from_str(line).expect("JSON");
            settled(&mut event, &folder);
            format!("{event:#}")
        })
        .collect();
    assert_eq!(events.len(), 2, "one event at each end");
    check("lineage_start", &events[0]);
    check("lineage_complete", &events[1]);
}
