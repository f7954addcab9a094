//! Earlier runs: which are kept, what they still answer, what they cost, and who ran them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::{Rng, SeedableRng};

use crate::support::{NO_GUARDS, Retailer, fails, nayose, own_pipeline, root, succeeds, texts_below, walk_through};

/// Tables whose rows are held against what they were.
const TABLES: [&str; 19] = [
    "golden_customer",
    "field_provenance",
    "consent",
    "id_map",
    "source_record",
    "interaction",
    "ledger",
    "id_event",
    "restatement",
    "reject",
    "rfm",
    "decile",
    "ltv",
    "repeat_rate",
    "basket",
    "channel_overlap",
    "contact_timeline",
    "loyalty",
    "no_key",
];

/// A retailer whose last deliveries of customers and tickets are held back, one for each day.
struct Shop {
    retailer: Retailer,
    pipeline: String,
    held: Vec<(PathBuf, PathBuf)>,
    day: u32,
}

impl Shop {
    fn new(people: u64, seed: u64, days: usize, keep: &str) -> Self {
        let retailer = Retailer::new(people, seed);
        let pipeline = own_pipeline(
            &retailer,
            |text| {
                text.push_str(keep);
                text.push_str(NO_GUARDS);
                *text = text.replace("reject_share: 0.02", "reject_share: 0.5\n  unusable_share: 1");
            },
            |_| {},
        );
        let marts = retailer.path("pipeline/marts");
        // Marts of the pipeline's own: one with rows that a column identifies, one without.
        let loyalty = "select customer_id, count(*) as purchases from purchase group by customer_id";
        fs::write(marts.join("loyalty.sql"), loyalty).expect("written");
        let no_key = "select channel, channel as again, channel as and_again, event_type from interaction";
        fs::write(marts.join("no_key.sql"), no_key).expect("written");
        let mut held = Vec::new();
        for (folder, word) in [("shop", "customers_"), ("support", "tickets_")] {
            let files = fs::read_dir(retailer.path("input").join(folder)).expect("a folder").flatten();
            let mut files: Vec<PathBuf> =
                files.map(|e| e.path()).filter(|p| p.to_string_lossy().contains(word)).collect();
            files.sort();
            for file in files.split_off(files.len().saturating_sub(days)) {
                let aside = PathBuf::from(format!("{}.held", file.display()));
                fs::rename(&file, &aside).expect("held back");
                held.push((aside, file));
            }
        }
        held.sort_by(|a, b| a.1.file_name().cmp(&b.1.file_name()));
        Shop { retailer, pipeline, held, day: 0 }
    }

    fn lake(&self) -> String {
        self.retailer.text("lake")
    }

    fn arguments(&self) -> Vec<String> {
        let as_of = format!("2026-04-{:02}", self.day);
        let (input, lake) = (self.retailer.text("input"), self.lake());
        ["run", &self.pipeline, "--input", &input, "--lake", &lake, "--log", "json", "--as-of", &as_of]
            .map(String::from)
            .to_vec()
    }

    /// The next day with a delivery, where one is left: not yet run.
    fn deliver(&mut self) {
        self.day += 1;
        if self.day > 1 && !self.held.is_empty() {
            let (aside, file) = self.held.remove(0);
            fs::rename(aside, file).expect("delivered");
        }
    }

    /// The next day, published; answers the number of its run.
    fn next_day(&mut self) -> u32 {
        self.deliver();
        succeeds(&self.arguments().iter().map(String::as_str).collect::<Vec<_>>());
        self.day
    }

    fn sql(&self, as_of: u32, query: &str) -> String {
        succeeds(&["sql", "--lake", &self.lake(), "--as-of", &as_of.to_string(), "--format", "csv", query])
    }

    /// Everything that a run answers: all rows of all tables, explanations of a customer and of pairs.
    fn answers(&self, run: u32) -> BTreeMap<String, String> {
        let mut all = BTreeMap::new();
        for table in TABLES {
            let rows = self.sql(run, &format!("select * from {table}"));
            let mut lines: Vec<&str> = rows.lines().collect();
            lines[1..].sort_unstable();
            all.insert(table.to_string(), lines.join("\n"));
        }
        let customers = "select customer_id from golden_customer where records > 2 order by 1 limit 2";
        let pairs = "(select channel_l || ':' || record_id_l, channel_r || ':' || record_id_r from ledger where decision = 'matched' order by 1, 2 limit 2)
            union all (select channel_l || ':' || record_id_l, channel_r || ':' || record_id_r from ledger where decision <> 'matched' order by 1, 2 limit 1)";
        let asked = [self.sql(run, customers), self.sql(run, pairs)].map(|rows| {
            let rows = rows.lines().skip(1).map(|line| line.split(',').map(String::from).collect::<Vec<_>>());
            rows.collect::<Vec<_>>()
        });
        for ids in asked.concat() {
            let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
            let (lake, run) = (self.lake(), run.to_string());
            let said = succeeds(&[&["explain", "--lake", &lake, "--as-of", &run], &ids[..]].concat());
            all.insert(ids.join(" "), said);
        }
        assert!(all.len() > TABLES.len() + 3, "customers and pairs were explained");
        all
    }

    fn vacuum(&self, more: &[&str]) -> String {
        succeeds(&[&["vacuum", &self.pipeline, "--lake", &self.lake()], more].concat())
    }
}

fn differing(one: &BTreeMap<String, String>, other: &BTreeMap<String, String>) -> Vec<String> {
    one.keys().chain(other.keys()).filter(|k| one.get(*k) != other.get(*k)).cloned().collect()
}

/// Bytes of the files below a folder.
fn bytes(folder: &Path) -> u64 {
    let Ok(entries) = fs::read_dir(folder) else { return 0 };
    let of = |path: PathBuf| if path.is_dir() { bytes(&path) } else { path.metadata().map_or(0, |m| m.len()) };
    entries.flatten().map(|e| of(e.path())).sum()
}

const KEEP: &str = "\nkeep: { daily: 4, monthly: 2, named: [\"2\"], grace_hours: 0 }\n";

#[test]
fn a_kept_run_answers_and_explains_as_when_it_was_the_newest() {
    let mut shop = Shop::new(120, 91, 6, KEEP);
    let mut newest = BTreeMap::new();
    for _ in 0..8 {
        let run = shop.next_day();
        newest.insert(run, shop.answers(run));
    }
    // Of eight days the last four, and the run that is named.
    for run in 1..=8 {
        if [2, 5, 6, 7, 8].contains(&run) {
            let differing = differing(&newest[&run], &shop.answers(run));
            assert!(differing.is_empty(), "run {run} answers otherwise than it did: {differing:?}");
        } else {
            let said = fails(
                2,
                &["sql", "--lake", &shop.lake(), "--as-of", &run.to_string(), "select 1 from golden_customer"],
            );
            assert!(said.contains("is not kept any more") && said.contains("2, 5, 6, 7, 8"), "{said}");
        }
    }
    // By a time, too.
    let lake = shop.lake();
    let asked = succeeds(&["sql", "--lake", &lake, "--as-of", "2026-04-06", "select max(run_number) from run"]);
    assert!(asked.contains('6'), "{asked}");
    assert!(succeeds(&["verify", "--lake", &lake]).contains(": 0 damaged"));
    // No version of a table is there but the newest.
    let parts = fs::read_dir(shop.retailer.path("lake/tables/golden_customer")).expect("a folder").flatten();
    assert_eq!(parts.filter(|e| e.path().extension().is_some_and(|x| x == "parquet")).count(), 1);
}

#[test]
fn without_a_rule_every_run_answers_and_explains_as_it_did() {
    let mut shop = Shop::new(120, 92, 3, "");
    let mut newest = BTreeMap::new();
    for _ in 0..3 {
        let run = shop.next_day();
        newest.insert(run, shop.answers(run));
    }
    for run in 1..=3 {
        assert_eq!(differing(&newest[&run], &shop.answers(run)), [""; 0], "run {run}");
    }
    // A rule that comes later takes hold with a vacuum.
    let text = fs::read_to_string(&shop.pipeline).expect("the pipeline");
    fs::write(&shop.pipeline, format!("{text}\nkeep: {{ daily: 2 }}\n")).expect("written");
    let before = bytes(&shop.retailer.path("lake"));
    let told = shop.vacuum(&["--dry-run", "--grace-hours", "0"]);
    assert!(told.contains("would be dropped: 1 run: 1") && told.contains("would be removed"), "{told}");
    assert_eq!(bytes(&shop.retailer.path("lake")), before, "nothing was written");
    let told = shop.vacuum(&[]);
    assert!(told.contains("dropped: 1 run: 1") && told.contains("out of use for less than 12 hours"), "{told}");
    assert_eq!(differing(&newest[&2], &shop.answers(2)), [""; 0], "a difference now");
    let told = shop.vacuum(&["--grace-hours", "0"]);
    assert!(told.contains("kept: 2 runs: 2–3") && told.contains("golden_customer"), "{told}");
    assert!(bytes(&shop.retailer.path("lake")) < before);
    for run in 2..=3 {
        assert_eq!(differing(&newest[&run], &shop.answers(run)), [""; 0], "run {run} after the vacuum");
    }
    assert!(shop.vacuum(&["--grace-hours", "0"]).contains("removed: 0 files"), "nothing is left to do");
}

#[test]
fn a_dry_run_names_what_the_vacuum_removes() {
    let mut shop = Shop::new(120, 99, 3, "");
    for _ in 0..4 {
        shop.next_day();
    }
    // Run 1 builds on run 2 until now, which goes; tables of run 1 and run 3 lie whole.
    let text = fs::read_to_string(&shop.pipeline).expect("the pipeline");
    fs::write(&shop.pipeline, format!("{text}\nkeep: {{ daily: 2, named: [\"1\"] }}\n")).expect("written");
    let before = bytes(&shop.retailer.path("lake"));
    let told = |more: &[&str]| {
        let said = shop.vacuum(&[&["--grace-hours", "0", "--format", "json"], more].concat());
        serde_json::from_str::<serde_json::Value>(&said).expect("JSON")
    };
    let (foreseen, done) = (told(&["--dry-run"]), told(&[]));
    for key in ["kept", "dropped", "removed", "waiting"] {
        assert_eq!(foreseen[key], done[key], "{key}");
    }
    assert_eq!(done["removed"]["golden_customer"]["files"].as_u64(), Some(2), "{done}");
    let left = bytes(&shop.retailer.path("lake"));
    assert!(left < before);
    // But for notes, and the settings of states, which are small.
    let expected = foreseen["bytes_left"].as_u64().expect("a number");
    assert!(expected.abs_diff(done["bytes_left"].as_u64().expect("a number")) < 100_000, "{foreseen} {done}");
}

#[test]
fn a_rule_that_names_no_run_is_refused() {
    let mut shop = Shop::new(60, 100, 3, "");
    shop.next_day();
    shop.next_day();
    let text = fs::read_to_string(&shop.pipeline).expect("the pipeline");
    let keep = |named: &str| {
        let text = text.replace("lake: ../../lake", "lake: ../lake");
        fs::write(&shop.pipeline, format!("{text}\nkeep: {{ daily: 1, named: [{named}] }}\n")).expect("written");
    };
    let id = shop.sql(2, "select run_id from run where run_number = 1");
    let id = id.lines().nth(1).expect("an id");
    let before = bytes(&shop.retailer.path("lake"));
    keep("\"77\", rdeadbeef, \"1\"");
    let (lake, input) = (shop.lake(), shop.retailer.text("input"));
    let refused = |args: &[&str]| {
        let said = fails(2, args);
        let expected = "keep.named in the pipeline file has \"77\", \"rdeadbeef\", and there is no such run in";
        assert!(said.contains(expected) && said.contains("the newest is run 2 (r"), "{args:?}: {said}");
    };
    refused(&["vacuum", &shop.pipeline, "--lake", &lake, "--grace-hours", "0"]);
    refused(&["vacuum", &shop.pipeline, "--lake", &lake, "--dry-run"]);
    refused(&["run", &shop.pipeline, "--lake", &lake, "--input", &input]);
    refused(&["validate", &shop.pipeline, "--input", &input]);
    assert_eq!(bytes(&shop.retailer.path("lake")), before, "nothing was written");
    keep(id);
    let told = shop.vacuum(&["--grace-hours", "0"]);
    assert!(told.contains("kept: 2 runs: 1–2"), "{told}");
}

/// With `keep` the lake of so small a shop is a lake and the differences of six days, each of which brings more than one percent: a
/// third of a lake at most for each, as days that change every score cost the ledger and the days since each purchase anew. Whole states
/// would be seven lakes.
const MOST_LAKES: f64 = 3.0;

#[test]
fn a_lake_with_a_rule_does_not_grow_by_a_lake_a_day() {
    let mut shop = Shop::new(300, 93, 6, "\nkeep: { daily: 35, grace_hours: 0 }\n");
    for _ in 0..7 {
        shop.next_day();
    }
    let lake = bytes(&shop.retailer.path("lake"));
    let args = ["run", &shop.pipeline, "--input", &shop.retailer.text("input"), "--lake", &shop.retailer.text("full")];
    succeeds(&[&args[..], &["--as-of", "2026-04-07"]].concat());
    let full = bytes(&shop.retailer.path("full"));
    let lakes = lake as f64 / full as f64;
    println!("{lake} bytes after 7 days, {full} of one full lake: {lakes:.2}");
    assert!(lakes < MOST_LAKES, "{lakes} lakes");
    // A day without news adds next to nothing: the row of the run, and what moves with the day.
    shop.held.clear();
    let before = bytes(&shop.retailer.path("lake"));
    shop.next_day();
    let added = bytes(&shop.retailer.path("lake")).saturating_sub(before) as f64 / full as f64;
    println!("a day without news adds {added:.3} of a lake");
    assert!(added < 0.15, "{added}");
}

#[test]
fn a_vacuum_that_is_killed_leaves_every_kept_run() {
    const KILLS: u64 = 12;
    let mut shop = Shop::new(100, 94, 3, "");
    for _ in 0..4 {
        shop.next_day();
    }
    const SEEN: &str = "select (select count(*) from golden_customer) as a, (select sum(confidence) from golden_customer) as b, (select count(*) from interaction) as c, (select sum(match_weight) from ledger) as d, (select sum(recency_days) from rfm) as e";
    let text = fs::read_to_string(&shop.pipeline).expect("the pipeline");
    fs::write(&shop.pipeline, format!("{text}\nkeep: {{ daily: 2, named: [\"1\"], grace_hours: 0 }}\n"))
        .expect("written");
    let seen = |shop: &Shop| [1, 3, 4].map(|run| shop.sql(run, SEEN));
    let before = seen(&shop);
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(94);
    let lake = shop.retailer.path("lake");
    let copied = shop.retailer.path("copied");
    let copy = |from: &Path, to: &Path| {
        let done = Command::new("cp").args(["-a"]).arg(from).arg(to).status().expect("cp");
        assert!(done.success());
    };
    copy(&lake, &copied);
    let started = std::time::Instant::now();
    shop.vacuum(&[]);
    let whole = started.elapsed().as_millis() as u64;
    assert_eq!(seen(&shop), before);
    for kill in 0..KILLS {
        fs::remove_dir_all(&lake).expect("removed");
        copy(&copied, &lake);
        let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(["vacuum", &shop.pipeline, "--lake", &shop.lake()])
            .current_dir(root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        std::thread::sleep(Duration::from_millis(random.random_range(0..=whole)));
        child.kill().expect("killed");
        child.wait().expect("ended");
        assert_eq!(seen(&shop), before, "after kill {kill}");
        shop.vacuum(&[]);
        assert_eq!(seen(&shop), before, "after the vacuum that follows kill {kill}");
        assert!(succeeds(&["verify", "--lake", &shop.lake()]).contains(": 0 damaged"));
    }
}

#[test]
fn what_a_run_needs_that_was_stopped_survives_a_vacuum() {
    let mut shop = Shop::new(100, 95, 3, KEEP);
    shop.next_day();
    shop.next_day();
    shop.deliver();
    let args = shop.arguments();
    let staged: Vec<&str> = args.iter().map(String::as_str).chain(["--until", "golden"]).collect();
    succeeds(&staged);
    assert!(shop.vacuum(&["--grace-hours", "0"]).contains("removed"));
    let output = nayose(&args.iter().map(String::as_str).collect::<Vec<_>>());
    let said = String::from_utf8_lossy(&output.stderr).to_string();
    assert!(output.status.success(), "{said}");
    assert!(said.lines().any(|l| l.contains("\"stage\":\"golden\"") && l.contains("\"resumed\":true")), "{said}");
}

#[test]
fn an_erasure_takes_the_person_from_every_earlier_state() {
    let mut shop = Shop::new(100, 96, 3, KEEP);
    for _ in 0..3 {
        shop.next_day();
    }
    let alone = "with mail as (select mail, count(*) as n from (select unnest(emails) as mail from source_record) group by mail)
        select g.customer_id, m.mail from golden_customer g join mail m on m.mail = g.emails[1] where m.n = 1 and g.records > 1 order by 1 limit 1";
    let row = shop.sql(3, alone);
    let (id, mail) = row.lines().nth(1).and_then(|line| line.split_once(',')).expect("a person");
    let erased = Command::new(env!("CARGO_BIN_EXE_nayose"))
        .args(["erase", id, "--by", "privacy", "--why", "asked", "--pipeline", &shop.pipeline, "--lake", &shop.lake()])
        .args(["--input", &shop.retailer.text("input")])
        .env("NAYOSE_ERASURE_KEY", "a secret of the company")
        .current_dir(root())
        .output()
        .expect("the binary starts");
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    let texts = texts_below(&shop.retailer.path("lake"));
    for (path, text) in &texts {
        assert!(!text.contains(mail), "a value of the erased person is in {}", path.display());
    }
    assert!(texts.len() > 20, "{}", texts.len());
    assert!(fails(2, &["sql", "--lake", &shop.lake(), "--as-of", "2", "select 1"]).contains("erased"));
}

#[test]
fn the_row_of_a_run_says_who_ran_what_and_follows_the_one_before() {
    let mut shop = Shop::new(60, 97, 2, "");
    for _ in 0..3 {
        shop.next_day();
    }
    let lake = shop.lake();
    let asked = "select run_number, user_name is not null and user_name <> '' as who, host_name is not null as place, array_to_string(arguments, ' ') as what,
        started_at <= published_at as times, published_at > now() - interval '1 hour' as today, cardinality(table_digests) as tables, previous_digest is null as is_first from run order by 1";
    let told = shop.retailer.sql("lake", asked);
    let rows: Vec<&str> = told.lines().skip(1).collect();
    assert_eq!(rows.len(), 3);
    for (number, row) in (1..).zip(&rows) {
        assert!(row.starts_with(&format!("{number},true,true,run ")) && row.contains("--as-of 2026-04-0"), "{row}");
        assert!(row.contains(",true,true,") && row.ends_with(if number == 1 { ",true" } else { ",false" }), "{row}");
    }
    let head =
        |said: &str| said.lines().find_map(|l| l.strip_prefix("ledger of runs: ").map(String::from)).expect("a digest");
    let before = head(&succeeds(&["verify", "--lake", &lake]));
    shop.next_day();
    assert_ne!(head(&succeeds(&["verify", "--lake", &lake])), before);
    // Somebody who may write the lake puts the row of the third run in the place of the second's: each is whole by its name.
    let part_of = |number: u32| {
        let id = shop.retailer.sql("lake", &format!("select run_id from run where run_number = {number}"));
        let id = id.lines().nth(1).expect("an id").to_string();
        let files = fs::read_dir(shop.retailer.path("lake/tables/run")).expect("a folder").flatten().map(|e| e.path());
        files.into_iter().find(|f| f.to_string_lossy().contains(&id)).expect("a file")
    };
    let [second, third] = [2, 3].map(part_of);
    let name = |path: &Path| path.file_name().expect("a name").to_string_lossy().to_string();
    for log in fs::read_dir(shop.retailer.path("lake/tables/run/_delta_log")).expect("a folder").flatten() {
        if log.path().extension().is_some_and(|e| e == "json") {
            let text = fs::read_to_string(log.path()).expect("text");
            fs::write(log.path(), text.replace(&name(&second), &name(&third))).expect("written");
        }
    }
    let output = nayose(&["verify", "--lake", &lake]);
    let said = String::from_utf8_lossy(&output.stdout).to_string();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("tables/run: the row of run"), "{said}");
}

#[test]
fn the_walk_through_of_retention_works() {
    let retailer = Retailer::new(150, 98);
    own_pipeline(&retailer, |text| text.push_str("\nkeep: { daily: 3, monthly: 3, named: [] }\n"), |_| {});
    let said = walk_through(&retailer, "retention.md", 20);
    for expected in ["would be dropped", "out of use for less than 12 hours", "is one person of", "ledger of runs: "] {
        assert!(said.contains(expected), "{expected} is missing:\n{said}");
    }
}
