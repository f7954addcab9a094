//! Runs that read only what changed: the same tables as a run that reads everything.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use rand::seq::{IndexedRandom, SliceRandom};
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::support::{NO_GUARDS, Retailer, own_pipeline, published, succeeds};

/// What a run says about itself.
fn run(retailer: &Retailer, pipeline: &str, lake: &str, more: &[&str]) -> Value {
    let (input, lake) = (retailer.text("input"), retailer.text(lake));
    let mut args = vec!["run", pipeline, "--input", &input, "--lake", &lake, "--log", "json", "--summary", "-"];
    args.extend(more);
    serde_json::from_str(&succeeds(&args)).expect("JSON")
}

fn files_read(summary: &Value) -> u64 {
    let ingest = summary["stages"].as_array().and_then(|all| all.iter().find(|s| s["stage"] == "ingest"));
    ingest.expect("a stage")["notes"]["files_read"].as_u64().expect("a number")
}

/// The delivered files of some sources, below the input.
fn files(retailer: &Retailer, sources: &[&str]) -> Vec<PathBuf> {
    let input = retailer.path("input");
    let of = |source: &&str| fs::read_dir(input.join(source)).expect("a folder").flatten().map(|e| e.path());
    let mut files: Vec<PathBuf> = sources.iter().flat_map(of).filter(|path| path.is_file()).collect();
    files.sort();
    files
}

/// The data files of a table, named by their content.
fn parts(lake: &Path, table: &str) -> BTreeSet<String> {
    published(lake).into_keys().filter(|file| file.starts_with(&format!("tables/{table}/"))).collect()
}

#[test]
fn a_run_over_what_changed_gives_the_tables_of_a_run_over_everything() {
    const CASES: usize = 4;
    let retailer = Retailer::new(150, 71);
    let pipeline = own_pipeline(
        &retailer,
        |text| {
            *text = text.replace("    holds: ", "    may_be_empty: true\n    holds: ");
            // Facts may come before their people.
            *text = text.replace("reject_share: 0.02", "reject_share: 0.5\n  unusable_share: 1");
            text.push_str(NO_GUARDS);
        },
        |_| {},
    );
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(71);
    let mut runs = 0;
    for case in 0..CASES {
        let mut waiting = files(&retailer, &["shop", "app", "support", "pointcard"]);
        waiting.shuffle(&mut random);
        let held = |path: &Path| PathBuf::from(format!("{}.held", path.display()));
        // People come at once, most of the rest in daily deliveries.
        let first = waiting.len() / 2;
        for file in &waiting[first..] {
            fs::rename(file, held(file)).expect("held back");
        }
        let lake = format!("lake{case}");
        run(&retailer, &pipeline, &lake, &[]);
        let mut there = waiting[..first].to_vec();
        for delivery in waiting[first..].chunks(waiting.len().div_ceil(6)) {
            for file in delivery {
                fs::rename(held(file), file).expect("delivered");
            }
            there.extend(delivery.iter().cloned());
            // A file is sent again with a row less, and one is taken back.
            let texts: Vec<&PathBuf> = there.iter().filter(|f| f.extension().is_some_and(|e| e == "csv")).collect();
            if let Some(file) = texts.choose(&mut random).filter(|_| random.random_bool(0.6)) {
                let bytes = fs::read(file).expect("readable");
                let end = bytes[..bytes.len() - 1].iter().rposition(|b| *b == b'\n').expect("a row");
                fs::write(file, &bytes[..=end]).expect("written");
            }
            if random.random_bool(0.4) {
                fs::remove_file(there.swap_remove(random.random_range(0..there.len()))).expect("removed");
            }
            let summary = run(&retailer, &pipeline, &lake, &[]);
            assert!(files_read(&summary) <= delivery.len() as u64 + 1, "only what is new or changed is read");
            runs += 1;
        }
        run(&retailer, &pipeline, &format!("whole{case}"), &[]);
        for table in ["source_record", "reject"] {
            let (daily, whole) = (retailer.path(&lake), retailer.path(&format!("whole{case}")));
            let missing: Vec<String> = parts(&whole, table).difference(&parts(&daily, table)).cloned().collect();
            assert!(missing.is_empty(), "case {case}: {table} has other rows: {missing:?}");
        }
        // Nothing of an earlier run is left but what the newest one builds on.
        let full = run(&retailer, &pipeline, &lake, &["--full"]);
        let left: Vec<_> = fs::read_dir(retailer.path(&lake).join("work")).expect("a folder").flatten().collect();
        let with_files = left.iter().filter(|run| find_files(&run.path()) > 0).count();
        assert_eq!(with_files, 1, "{full}");
    }
    println!("{runs} runs over what changed in {CASES} orders of arrival");
}

fn find_files(folder: &Path) -> usize {
    let entries = fs::read_dir(folder).expect("a folder").flatten();
    entries.map(|e| if e.path().is_dir() { find_files(&e.path()) } else { 1 }).sum()
}

#[test]
fn a_file_that_did_not_change_is_not_opened() {
    let retailer = Retailer::new(100, 72);
    let pipeline = own_pipeline(&retailer, |_| {}, |_| {});
    let late = files(&retailer, &["support"]).pop().expect("a file");
    fs::rename(&late, retailer.path("late")).expect("held back");
    assert!(files_read(&run(&retailer, &pipeline, "lake", &[])) > 1);
    // Rubbish of the same size, with the same time.
    let old = files(&retailer, &["shop"]).remove(0);
    let meta = fs::metadata(&old).expect("there");
    let good = fs::read(&old).expect("readable");
    fs::write(&old, vec![b'?'; good.len()]).expect("written");
    let file = fs::OpenOptions::new().write(true).open(&old).expect("there");
    file.set_modified(meta.modified().expect("a time")).expect("set");
    fs::rename(retailer.path("late"), &late).expect("delivered");
    let records = "select count(*) as n from source_record where channel = 'shop'";
    let before = retailer.sql("lake", records);
    assert_eq!(files_read(&run(&retailer, &pipeline, "lake", &[])), 1);
    assert_eq!(retailer.sql("lake", records), before);
    fs::write(&old, good).expect("written");
    assert!(files_read(&run(&retailer, &pipeline, "lake", &["--full"])) > 1);
}

#[test]
fn a_decision_alone_keeps_all_that_comes_before_the_customers() {
    let retailer = Retailer::new(100, 73);
    let pipeline = own_pipeline(&retailer, |text| text.push_str("\ndecisions: decisions.csv\n"), |_| {});
    let header = "left,right,decision,by,at,why,expires\n";
    fs::write(retailer.path("pipeline/decisions.csv"), header).expect("written");
    run(&retailer, &pipeline, "lake", &[]);
    let ids = retailer.sql("lake", "select customer_id from golden_customer order by 1 limit 2");
    let [a, b]: [&str; 2] = ids.lines().skip(1).collect::<Vec<_>>().try_into().expect("two");
    let lake = retailer.text("lake");
    let who = ["--by", "k.tanaka", "--why", "asked", "--pipeline", &pipeline, "--lake", &lake];
    succeeds(&[&["decide", "same", a, b][..], &who].concat());
    let summary = run(&retailer, &pipeline, "lake", &[]);
    for stage in summary["stages"].as_array().expect("stages") {
        let kept = ["ingest", "normalize", "block", "score"].contains(&stage["stage"].as_str().expect("a name"));
        assert_eq!(stage["seconds"] == 0.0, kept, "{stage}");
    }
    // What was kept is still what explanations are made from, run after run.
    assert!(succeeds(&["explain", a, "--lake", &lake]).contains("C-"));
    succeeds(&[&["decide", "undecided", a, b][..], &who].concat());
    run(&retailer, &pipeline, "lake", &[]);
    assert!(succeeds(&["explain", b, "--lake", &lake]).contains(b));
}
