//! Bad days: a wrong delivery that is taken out or rolled back, what a plan shows before, what a diff shows after.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::s3::copy;
use crate::support::{Retailer, as_text, fails, nayose, own_pipeline, published, root, run_sections, strs, succeeds};

/// What lets in a wrong delivery at which guards would stop.
const ADMITTED: [&str; 8] =
    ["--admit", "shop_customers", "--admit", "merged", "--admit", "split", "--admit", "retired"];

/// Record → customer, as a run published it.
fn people(retailer: &Retailer, run: &str) -> BTreeMap<String, String> {
    let query = "select channel || ':' || record_id, customer_id from id_map where valid_to is null";
    let csv = succeeds(&["sql", "--lake", &retailer.text("lake"), "--format", "csv", "--as-of", run, query]);
    let pair = |line: &str| line.split_once(',').map(|(record, id)| (record.to_string(), id.to_string()));
    csv.lines().skip(1).filter_map(pair).collect()
}

/// All customers of the shop in one file, as of 1 April, with numbers that slipped by a row.
fn slipped(retailer: &Retailer) -> Vec<u8> {
    let files = fs::read_dir(retailer.path("input/shop")).expect("the shop").flatten().map(|e| e.path());
    let mut files: Vec<_> = files.filter(|file| file.to_string_lossy().contains("customers_")).collect();
    files.sort();
    let header = fs::read(files.last().expect("customers")).expect("customers");
    let header = header.split(|b| *b == b'\n').next().expect("a header");
    let mut slipped = header.strip_suffix(b"\r").unwrap_or(header).to_vec();
    // Number → its newest row. Cells are quoted, and no character of this encoding has a quote in it.
    let mut rows: BTreeMap<Vec<u8>, Vec<Vec<u8>>> = BTreeMap::new();
    for file in files {
        for line in fs::read(file).expect("customers").split(|b| *b == b'\n').skip(1) {
            let cells = cells(line.strip_suffix(b"\r").unwrap_or(line));
            if cells.len() == 16 {
                rows.insert(cells[0].clone(), cells);
            }
        }
    }
    let numbers: Vec<Vec<u8>> = rows.keys().cloned().collect();
    for (i, mut cells) in rows.into_values().enumerate() {
        cells[0].clone_from(&numbers[(i + 1) % numbers.len()]);
        cells[11] = b"2026/04/01".to_vec();
        slipped.extend_from_slice(b"\n");
        slipped.extend_from_slice(&cells.join(&b"\",\""[..]));
    }
    slipped.push(b'\n');
    slipped
}

/// The cells of a row, the first with the quote before it and the last with the quote behind it.
fn cells(line: &[u8]) -> Vec<Vec<u8>> {
    let (mut cells, mut rest) = (Vec::new(), line);
    while let Some(end) = rest.windows(3).position(|three| three == b"\",\"") {
        cells.push(rest[..end].to_vec());
        rest = &rest[end + 3..];
    }
    cells.push(rest.to_vec());
    cells
}

fn newest_customers(retailer: &Retailer) -> std::path::PathBuf {
    let files = fs::read_dir(retailer.path("input/shop")).expect("the shop").flatten().map(|e| e.path());
    files.filter(|file| file.to_string_lossy().contains("customers_")).max().expect("customers")
}

/// The ids that lead to a person who shares no record with them, of all that there ever were; and how many are aliases.
fn strangers(retailer: &Retailer, runs: usize) -> (Vec<String>, usize) {
    let mut had: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for run in 1..=runs {
        for (record, id) in people(retailer, &run.to_string()) {
            had.entry(id).or_default().insert(record);
        }
    }
    let mut now: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (record, id) in people(retailer, &runs.to_string()) {
        now.entry(id).or_default().insert(record);
    }
    let led = "select distinct customer_id, resolve_customer(customer_id) from id_event";
    let led = retailer.sql("lake", led);
    let (mut found, mut aliases) = (Vec::new(), 0);
    for line in led.lines().skip(1) {
        let (id, leads) = line.split_once(',').expect("two ids");
        aliases += usize::from(id != leads);
        let own = now.contains_key(id) && id != leads;
        if own || now.get(leads).is_some_and(|person| person.is_disjoint(&had[id])) {
            found.push(format!("{id} leads to {leads}"));
        }
    }
    (found, aliases)
}

#[test]
fn a_slipped_delivery_taken_out_leaves_no_alias_of_a_stranger() {
    let retailer = Retailer::new(400, 271);
    retailer.runs("lake", &["--as-of", "2026-03-31"]);
    let before = people(&retailer, "1");
    let wrong = retailer.path("input/shop/customers_20260401.csv");
    fs::write(&wrong, slipped(&retailer)).expect("written");
    retailer.runs("lake", &[&["--as-of", "2026-04-01"], &ADMITTED[..]].concat());
    let (found, aliases) = strangers(&retailer, 2);
    let now = people(&retailer, "2");
    let moved = before.iter().filter(|(record, id)| now.get(*record) != Some(id)).count();
    assert!(found.is_empty() && moved > 100, "{aliases} aliases, {moved} records moved, {found:?}");
    fs::remove_file(&wrong).expect("taken out");
    retailer.runs("lake", &[&["--as-of", "2026-04-02"], &ADMITTED[..]].concat());
    let (found, aliases) = strangers(&retailer, 3);
    assert!(found.is_empty(), "{} of {aliases} aliases are of strangers: {found:?}", found.len());
    // Every id of before leads to somebody, and nearly all people have their ids back.
    let after = people(&retailer, "3");
    let own: BTreeSet<&String> = after.values().collect();
    let lost = before.values().filter(|id| !own.contains(id)).count();
    let kept = before.iter().filter(|(record, id)| after.get(*record) == Some(id)).count();
    println!(
        "{aliases} aliases; {kept} of {} records have the id of before, {lost} of an id that is an alias",
        before.len()
    );
    assert!(kept * 100 >= before.len() * 97, "{kept} of {}", before.len());
}

#[test]
fn a_rollback_makes_tables_and_ids_of_then_the_newest() {
    const SEEN: &str = "select (select count(*) from golden_customer) as a, (select sum(monetary) from rfm) as b,
        (select count(*) from interaction) as c, (select count(*) from ledger) as d, (select count(*) from id_map) as e";
    let retailer = Retailer::new(300, 272);
    let lake = retailer.text("lake");
    retailer.runs("lake", &[]);
    let (seen, before) = (retailer.sql("lake", SEEN), people(&retailer, "1"));
    let golden = |run: &str| {
        let query = "select * from golden_customer order by customer_id";
        succeeds(&["sql", "--lake", &lake, "--format", "json", "--as-of", run, query])
    };
    fs::write(retailer.path("input/shop/customers_20260401.csv"), slipped(&retailer)).expect("written");
    retailer.runs("lake", &ADMITTED);
    assert_ne!(golden("2"), golden("1"));
    let back = |more: &[&str]| {
        succeeds(
            &[&["rollback", "--to", "1", "--by", "k.tanaka", "--why", "numbers slipped", "--lake", &lake], more]
                .concat(),
        )
    };
    let said = back(&[]);
    assert!(said.contains("run 3") && said.contains("1 files that came since are held"), "{said}");
    assert!(said.contains("customers_20260401.csv"), "{said}");
    assert_eq!(retailer.sql("lake", SEEN), seen);
    assert_eq!(golden("3"), golden("1"));
    assert_eq!(people(&retailer, "3"), before);
    let (found, aliases) = strangers(&retailer, 3);
    assert_eq!((found, aliases), (Vec::new(), 0), "at run 1 there were no aliases");
    let row = "select run_number, restores = (select run_id from run where run_number = 1), restored_by, restored_why
        from run order by run_number desc limit 1";
    assert_eq!(retailer.sql("lake", row).lines().nth(1), Some("3,true,k.tanaka,numbers slipped"));
    let events = retailer.sql("lake", "select count(*) from id_event where reason = 'rollback'");
    assert_ne!(events.lines().nth(1), Some("0"), "what happened can be seen");
    let id = retailer.sql("lake", "select customer_id from id_event where reason = 'rollback' order by 1 limit 1");
    let story = succeeds(&["history", id.lines().nth(1).expect("an id"), "--lake", &lake, "--lang", "en"]);
    assert!(story.contains("rollback"), "{story}");
    assert!(succeeds(&["verify", "--lake", &lake]).contains("files"));
    // Again: nothing to do. The next schedule publishes nothing, as the file is held.
    assert!(back(&[]).contains("nothing to do"));
    let next = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(retailer.run("lake", &["--skip-code"]))
        .current_dir(root())
        .output()
        .expect("starts");
    assert_eq!(next.status.code(), Some(99), "{}", as_text(&String::from_utf8_lossy(&next.stderr)));
    assert!(String::from_utf8_lossy(&next.stderr).contains("1 files are held"));
    // A right delivery is read, and the wrong one is not; everything is made anew.
    let right = fs::read(newest_before(&retailer)).expect("customers");
    fs::write(retailer.path("input/shop/customers_20260402.csv"), right).expect("written");
    retailer.runs("lake", &[]);
    assert_eq!(people(&retailer, "4"), before, "the same customers came once more");
    let (found, _) = strangers(&retailer, 4);
    assert_eq!(found, Vec::<String>::new());
    // Let in by name, it is published.
    retailer.runs("lake", &[&["--admit", "shop/customers_20260401.csv"], &ADMITTED[2..]].concat());
    assert_ne!(people(&retailer, "5"), before);
}

/// The customers that came before the wrong ones.
fn newest_before(retailer: &Retailer) -> std::path::PathBuf {
    let files = fs::read_dir(retailer.path("input/shop")).expect("the shop").flatten().map(|e| e.path());
    let of_before = |file: &std::path::PathBuf| {
        let name = file.to_string_lossy().to_string();
        name.contains("customers_") && !name.contains("customers_202604")
    };
    files.filter(of_before).max().expect("customers")
}

#[test]
fn a_file_that_was_written_over_counts_as_before_the_rollback() {
    let retailer = Retailer::new(200, 273);
    let lake = retailer.text("lake");
    retailer.runs("lake", &[]);
    let before = people(&retailer, "1");
    let file = newest_customers(&retailer);
    let (right, wrong) = (fs::read(&file).expect("customers"), slipped(&retailer));
    fs::write(&file, &wrong).expect("written over");
    retailer.runs("lake", &ADMITTED);
    let said = succeeds(&["rollback", "--to", "1", "--by", "k", "--why", "slipped", "--lake", &lake]);
    assert!(said.contains("had another content then, which is not there any more"), "{said}");
    assert!(retailer.runs("lake", &[]).contains("nothing new"));
    // With something else to do, the wrong content would have to be read: its earlier one is not there.
    let args = retailer.run("lake", &["--as-of", "2026-05-01"]);
    let refused = fails(1, &strs(&args));
    assert!(refused.contains("is held") && refused.contains("put the earlier file back"), "{refused}");
    fs::write(&file, &right).expect("put back");
    succeeds(&strs(&args));
    assert_eq!(people(&retailer, "4"), before);
}

#[test]
fn what_cannot_be_rolled_back_is_refused() {
    let retailer = Retailer::new(120, 274);
    let lake = retailer.text("lake");
    let back =
        |to: &'static str| ["rollback", "--to", to, "--by", "k", "--why", "w", "--lake", &lake].map(str::to_string);
    assert!(fails(2, &strs(&back("1"))).contains("nothing is published"));
    retailer.runs("lake", &["--as-of", "2026-03-30"]);
    retailer.runs("lake", &["--as-of", "2026-03-31"]);
    assert!(fails(2, &strs(&back("9"))).contains("there is no run 9; the newest is 2"));
    assert!(succeeds(&strs(&back("2"))).contains("nothing to do"));
    let unnamed = ["rollback", "--to", "1", "--by", " ", "--why", "w", "--lake", &lake];
    assert!(fails(2, &unnamed).contains("who asked for it"));
    // Versions whose files are gone.
    copy(&retailer.path("lake"), &retailer.path("kept"));
    let first = retailer.sql("lake", "select 1");
    assert!(first.contains('1'));
    let rfm = retailer.path("lake/tables/rfm");
    let of = |log: &str| fs::read_to_string(rfm.join("_delta_log").join(log)).expect("a log");
    let added = of("00000000000000000001.json");
    let part = added.split("\"path\":\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a part");
    fs::remove_file(rfm.join(part)).expect("removed");
    let refused = fails(1, &strs(&back("1")));
    assert!(refused.contains("run 1 cannot be restored: 1 files of table rfm are gone"), "{refused}");
    assert_eq!(retailer.sql("lake", "select max(run_number) from run").lines().nth(1), Some("2"));
    // Past an erasure.
    fs::remove_dir_all(retailer.path("lake")).expect("removed");
    copy(&retailer.path("kept"), &retailer.path("lake"));
    let id = retailer.sql("lake", "select customer_id from golden_customer order by 1 limit 1");
    let pipeline = &retailer.pipeline();
    let erase =
        ["erase", id.lines().nth(1).expect("an id"), "--by", "privacy", "--why", "asked", "--pipeline", pipeline];
    let erased = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(erase)
        .args(["--lake", &lake, "--input", &retailer.text("input")])
        .env("NAYOSE_ERASURE_KEY", "a secret of the company")
        .current_dir(root())
        .output()
        .expect("starts");
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    assert!(fails(2, &strs(&back("1"))).contains("somebody was erased since"));
}

#[test]
fn a_killed_rollback_leaves_the_old_or_the_new_state() {
    const KILLS: u64 = 12;
    const SEEN: &str = "select (select count(*) from golden_customer) as a, (select count(*) from id_map) as b,
        (select sum(monetary) from rfm) as c, (select count(*) from id_event) as d";
    let retailer = Retailer::new(200, 281);
    retailer.runs("base", &[]);
    fs::write(retailer.path("input/shop/customers_20260401.csv"), slipped(&retailer)).expect("written");
    retailer.runs("base", &ADMITTED);
    let back = |lake: &str| {
        ["rollback", "--to", "1", "--by", "k", "--why", "w", "--lake", &retailer.text(lake)].map(str::to_string)
    };
    copy(&retailer.path("base"), &retailer.path("whole"));
    let started = std::time::Instant::now();
    succeeds(&strs(&back("whole")));
    let took = started.elapsed().as_millis() as u64;
    let (old, new) = (retailer.sql("base", SEEN), retailer.sql("whole", SEEN));
    assert_ne!(old, new);
    let whole = published(&retailer.path("whole"));
    for kill in 0..KILLS {
        copy(&retailer.path("base"), &retailer.path("lake"));
        let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(back("lake"))
            .current_dir(root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("starts");
        std::thread::sleep(Duration::from_millis(took * (kill + 1) / (KILLS + 1)));
        child.kill().expect("killed");
        child.wait().expect("ended");
        let seen = retailer.sql("lake", SEEN);
        assert!(seen == old || seen == new, "a reader saw half a rollback after kill {kill}: {seen}");
        succeeds(&strs(&back("lake")));
        assert_eq!(retailer.sql("lake", SEEN), new);
        assert_eq!(published(&retailer.path("lake")), whole, "kill {kill}");
        fs::remove_dir_all(retailer.path("lake")).expect("removed");
    }
}

/// The pipeline with a file of decisions.
fn with_decisions(retailer: &Retailer) -> String {
    let pipeline = own_pipeline(retailer, |text| text.push_str("\ndecisions: decisions.csv\n"), |_| ());
    fs::write(retailer.path("pipeline/decisions.csv"), "left,right,decision,by,at,why,expires\n").expect("written");
    pipeline
}

/// Runs a pipeline on the retailer into its lake; answers the summary.
fn run(retailer: &Retailer, pipeline: &str, more: &[&str]) -> Value {
    serde_json::from_str(&succeeds(&strs(&arguments(retailer, pipeline, more)))).expect("a summary")
}

fn arguments(retailer: &Retailer, pipeline: &str, more: &[&str]) -> Vec<String> {
    let mut args = ["run", pipeline, "--log", "json", "--summary", "-", "--input"].map(str::to_string).to_vec();
    args.extend([retailer.text("input"), "--lake".to_string(), retailer.text("lake")]);
    args.extend(more.iter().map(|more| more.to_string()));
    args
}

/// Decides that two of the best buyers are one person, those from this place on.
fn decide(retailer: &Retailer, pipeline: &str, place: u32) {
    let buyers = format!("select customer_id from rfm order by monetary desc, customer_id limit 2 offset {place}");
    let buyers = retailer.sql("lake", &buyers);
    let [a, b]: [&str; 2] = buyers.lines().skip(1).collect::<Vec<_>>().try_into().expect("two buyers");
    let lake = retailer.text("lake");
    succeeds(&["decide", "same", a, b, "--by", "k", "--why", "said so", "--pipeline", pipeline, "--lake", &lake]);
}

#[test]
fn a_plan_shows_what_its_publishing_changes_and_a_diff_shows_the_same() {
    let retailer = Retailer::new(250, 276);
    let pipeline = with_decisions(&retailer);
    let first = run(&retailer, &pipeline, &["--plan"]);
    assert_eq!(first["outcome"], "planned");
    assert_eq!(first["changes"]["before"], Value::Null);
    assert_eq!(first["changes"]["customers"]["before"], 0);
    assert_eq!(first["changes"]["customers"]["created"]["count"], first["changes"]["customers"]["after"]);
    assert!(fails(2, &["sql", "--lake", &retailer.text("lake"), "select 1"]).contains("nothing is published"));
    let published_first = run(&retailer, &pipeline, &["--publish-plan"]);
    assert_eq!(published_first["run_id"], first["run_id"]);
    decide(&retailer, &pipeline, 0);
    let golden = "select * from golden_customer order by customer_id";
    let before = retailer.sql("lake", golden);
    let plan = run(&retailer, &pipeline, &["--plan"]);
    assert_eq!(retailer.sql("lake", golden), before, "nothing is published");
    let customers = &plan["changes"]["customers"];
    assert_eq!(customers["merged"]["count"], 1, "{customers}");
    assert!(customers["merged"]["examples"][0]["counterpart"].is_string(), "{customers}");
    for none in ["created", "split", "retired"] {
        assert_eq!(customers[none]["count"], 0, "{customers}");
    }
    let tables = plan["changes"]["tables"].as_array().expect("tables");
    let rfm = tables.iter().find(|table| table["table"] == "rfm").expect("rfm");
    let [rows_before, rows_after] = [0, 1].map(|i| rfm["rows"][i].as_u64().expect("rows"));
    assert_eq!(rows_before, rows_after + 1, "{rfm}");
    assert_eq!(rfm["sums"]["monetary"][0], rfm["sums"]["monetary"][1], "what they bought is what it was");
    let text = succeeds(&strs(
        &arguments(&retailer, &pipeline, &["--plan"])
            .into_iter()
            .filter(|a| a != "--summary" && a != "-")
            .collect::<Vec<_>>(),
    ));
    assert!(text.contains("merged") && text.contains("--publish-plan") && text.contains("rfm"), "{text}");
    // In another lake the run is published at once: the files are the same.
    copy(&retailer.path("lake"), &retailer.path("at_once"));
    let summary = run(&retailer, &pipeline, &["--publish-plan"]);
    assert_eq!((&summary["outcome"], &summary["run_id"]), (&Value::from("published"), &plan["run_id"]));
    fs::remove_file(retailer.path("at_once/plan.json")).expect("no plan");
    let work = format!("at_once/work/{}", plan["run_id"].as_str().expect("an id"));
    fs::remove_dir_all(retailer.path(&work)).expect("no work");
    fs::rename(retailer.path("lake"), retailer.path("planned")).expect("moved");
    fs::rename(retailer.path("at_once"), retailer.path("lake")).expect("moved");
    run(&retailer, &pipeline, &[]);
    assert_eq!(published(&retailer.path("lake")), published(&retailer.path("planned")));
    let lake = retailer.text("planned");
    let diff: Value =
        serde_json::from_str(&succeeds(&["diff", "1", "2", "--lake", &lake, "--format", "json"])).expect("JSON");
    for part in ["customers", "records", "golden", "tables"] {
        assert_eq!(diff[part], plan["changes"][part], "{part}");
    }
    let none: Value =
        serde_json::from_str(&succeeds(&["diff", "2", "2", "--lake", &lake, "--format", "json"])).expect("JSON");
    assert!(
        none["golden"].as_array().is_some_and(Vec::is_empty) && none["customers"]["merged"]["count"] == 0,
        "{none}"
    );
    // The other way round the merged one is split.
    let back: Value =
        serde_json::from_str(&succeeds(&["diff", "2", "1", "--lake", &lake, "--format", "json"])).expect("JSON");
    assert_eq!(back["customers"]["split"]["examples"], diff["customers"]["merged"]["examples"]);
}

#[test]
fn a_plan_that_does_not_hold_any_more_is_not_published() {
    let retailer = Retailer::new(120, 277);
    let pipeline = with_decisions(&retailer);
    let publish = arguments(&retailer, &pipeline, &["--publish-plan"]);
    let refused = |code: i32, why: &str| {
        let said = fails(code, &strs(&publish));
        assert!(said.contains(why) && said.contains("--plan"), "{said}");
        assert_eq!(retailer.sql("lake", "select max(run_number) from run").lines().nth(1), Some("1"));
    };
    run(&retailer, &pipeline, &[]);
    refused(2, "there is no plan");
    decide(&retailer, &pipeline, 0);
    run(&retailer, &pipeline, &["--plan"]);
    decide(&retailer, &pipeline, 2);
    refused(2, "the pipeline file, a file that it names, or a decision of review changed since");
    run(&retailer, &pipeline, &["--plan"]);
    let work = || fs::read_dir(retailer.path("lake/work")).expect("work").count();
    assert_eq!(work(), 2, "the work of the plan before is gone");
    let late = retailer.path("input/shop/customers_20260402.csv");
    fs::copy(newest_before(&retailer), &late).expect("a delivery");
    refused(1, "the input changed since (shop/customers_20260402.csv)");
    fs::remove_file(&late).expect("taken out");
    let plan = run(&retailer, &pipeline, &["--plan"]);
    copy(&retailer.path("lake"), &retailer.path("other"));
    assert_eq!(run(&retailer, &pipeline, &["--publish-plan"])["run_id"], plan["run_id"]);
    assert!(fails(2, &strs(&publish)).contains("there is no plan"), "it is published");
    // Somebody else published first.
    fs::remove_dir_all(retailer.path("lake")).expect("removed");
    fs::rename(retailer.path("other"), retailer.path("lake")).expect("moved");
    let note = fs::read(retailer.path("lake/plan.json")).expect("the plan");
    run(&retailer, &pipeline, &["--full"]);
    assert_eq!(work(), 1, "the plan is over");
    assert!(fails(2, &strs(&publish)).contains("there is no plan"));
    fs::write(retailer.path("lake/plan.json"), note).expect("written");
    assert!(fails(2, &strs(&publish)).contains("was published since"));
}

#[test]
fn checks_read_the_run_before_and_the_plan() {
    let retailer = Retailer::new(150, 278);
    let pipeline = with_decisions(&retailer);
    let check =
        |name: &str, sql: &str| fs::write(retailer.path(&format!("pipeline/checks/{name}.sql")), sql).expect("written");
    check("nobody_is_merged", "select customer_id from plan.id_event where event = 'merged'");
    check(
        "nobody_is_lost",
        "select b.customer_id from previous.golden_customer b left anti join plan.golden_customer a on a.customer_id = b.customer_id
         where (select count(*) from previous.rfm) > 0 and (select count(*) from previous.run) = 1",
    );
    let summary = run(&retailer, &pipeline, &[]);
    assert_eq!(summary["outcome"], "published", "the first run has none before");
    decide(&retailer, &pipeline, 0);
    for more in [&["--plan"][..], &[]] {
        let said = fails(1, &strs(&arguments(&retailer, &pipeline, more)));
        assert!(said.contains("nobody_is_merged (1 rows)") && said.contains("nobody_is_lost (1 rows)"), "{said}");
    }
    // Slips are told before the first stage, and nothing is written.
    for (sql, told) in [
        ("select 1 from previous.golden_custome", "did you mean \"golden_customer\""),
        ("select nothing from plan.id_event", "nothing"),
        ("select 1 from plan.restatement", "there is no table"),
        ("insert into previous.id_event select * from previous.id_event", "only read"),
    ] {
        check("nobody_is_merged", sql);
        let said = fails(2, &strs(&arguments(&retailer, &pipeline, &[])));
        assert!(said.contains(told) && said.contains("checks/nobody_is_merged.sql"), "{sql}: {said}");
    }
    check("nobody_is_merged", "select 1 where false");
    fs::write(retailer.path("pipeline/marts/own.sql"), "select customer_id from plan.golden_customer")
        .expect("written");
    let said = fails(2, &strs(&arguments(&retailer, &pipeline, &[])));
    assert!(said.contains("marts/own.sql"), "marts do not see what is planned: {said}");
}

#[test]
fn the_walk_through_of_a_bad_day_works() {
    let retailer = Retailer::new(200, 279);
    with_decisions(&retailer);
    fs::create_dir_all(retailer.path("walk/wrong")).expect("a folder");
    fs::create_dir_all(retailer.path("walk/right")).expect("a folder");
    let name = "customers_20260402.csv";
    fs::write(retailer.path("walk/wrong").join(name), slipped(&retailer)).expect("written");
    fs::copy(newest_before(&retailer), retailer.path("walk/right").join(name)).expect("copied");
    fs::rename(retailer.path("pipeline"), retailer.path("walk/pipeline")).expect("moved");
    fs::rename(retailer.path("input"), retailer.path("walk/input")).expect("moved");
    let file = retailer.path("walk/pipeline/pipeline.yaml");
    let text = fs::read_to_string(&file).expect("the pipeline");
    fs::write(&file, text.replace("input: ../../sample_data", "input: ../input")).expect("written");
    let sections = ["Plan, then publish", "A bad day, from the alert to the rollback"];
    let said = run_sections(&retailer.path("walk"), "operations.md", &sections, 14);
    for expected in
        ["--publish-plan", "merged", "rolled back: run 4", "are held until", "numbers slipped", "nothing new"]
    {
        assert!(said.contains(expected), "{expected} is missing:\n{said}");
    }
}

#[test]
fn a_diff_needs_two_runs() {
    let retailer = Retailer::new(60, 280);
    let output = nayose(&["diff", "1", "2", "--lake", &retailer.text("lake")]);
    assert_eq!(output.status.code(), Some(2));
}
