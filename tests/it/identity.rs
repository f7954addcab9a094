//! Ids over runs: what stays, what merges, what comes back, who may write, and what a crash leaves.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use rand::seq::SliceRandom;
use rand::{Rng, SeedableRng};

use crate::s3::copy;
use crate::support::{NO_GUARDS, Retailer, fails, own_pipeline, published, root, succeeds, texts_below, walk_through};

/// Record → customer, as a run published it.
fn people(retailer: &Retailer, lake: &str, as_of: &str) -> BTreeMap<String, String> {
    let query = "select channel || ':' || record_id, customer_id from id_map where valid_to is null";
    let csv = succeeds(&["sql", "--lake", &retailer.text(lake), "--format", "csv", "--as-of", as_of, query]);
    let pair = |line: &str| line.split_once(',').map(|(record, id)| (record.to_string(), id.to_string()));
    csv.lines().skip(1).filter_map(pair).collect()
}

/// Customer → its records.
fn sets(people: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut sets: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (record, id) in people {
        sets.entry(id).or_default().insert(record);
    }
    sets
}

fn run(pipeline: &str, retailer: &Retailer, lake: &str, more: &[&str]) -> String {
    let (input, lake) = (retailer.text("input"), retailer.text(lake));
    let mut args = vec!["run", pipeline, "--input", &input, "--lake", &lake, "--log", "json"];
    args.extend(more);
    succeeds(&args)
}

/// The pipeline with a file of decisions.
fn with_decisions(retailer: &Retailer) -> String {
    own_pipeline(retailer, |pipeline| pipeline.push_str("\ndecisions: decisions.csv\n"), |_| ())
}

fn decide(retailer: &Retailer, pipeline: &str, what: &str, l: &str, r: &str) -> String {
    let lake = retailer.text("lake");
    let why = "the two called, and said so";
    succeeds(&["decide", what, l, r, "--by", "k.tanaka", "--why", why, "--pipeline", pipeline, "--lake", &lake])
}

#[test]
fn who_stays_together_keeps_the_id_whatever_the_model() {
    let retailer = Retailer::new(600, 61);
    let pipeline = own_pipeline(&retailer, |_| (), |_| ());
    run(&pipeline, &retailer, "lake", &[]);
    // Another seed of training and a rule less: other weights, other pairs.
    let other = own_pipeline(
        &retailer,
        |_| (),
        |model| {
            *model = model.replace("  - { name: email_local, keys: [email.local], refine: [name.reading] }\n", "");
            model.push_str("\ntraining: { seed: 99, random_pairs: 100000 }\n");
        },
    );
    run(&other, &retailer, "lake", &["--full"]);
    let (before, after) = (people(&retailer, "lake", "1"), people(&retailer, "lake", "2"));
    let (sets_before, sets_after) = (sets(&before), sets(&after));
    let mut kept = 0;
    for (id, records) in &sets_before {
        if let Some((now, _)) = sets_after.iter().find(|(_, of)| *of == records) {
            assert_eq!(now, id, "its records stayed together");
            kept += 1;
        }
    }
    assert!(kept * 100 > sets_before.len() * 95, "{kept} of {} stayed as they were", sets_before.len());
}

#[test]
fn a_decision_merges_two_ids_and_taking_it_back_restores_both() {
    let retailer = Retailer::new(300, 62);
    let pipeline = with_decisions(&retailer);
    std::fs::write(retailer.path("pipeline/decisions.csv"), "left,right,decision,by,at,why,expires\n")
        .expect("written");
    run(&pipeline, &retailer, "lake", &[]);
    let before = people(&retailer, "lake", "1");
    let buyers = retailer.sql("lake", "select customer_id from rfm order by monetary desc, customer_id limit 2");
    let [a, b]: [&str; 2] = buyers.lines().skip(1).collect::<Vec<_>>().try_into().expect("two buyers");
    let refused = fails(
        2,
        &[
            "decide",
            "same",
            a,
            "shop:nobody",
            "--by",
            "k",
            "--why",
            "x",
            "--pipeline",
            &pipeline,
            "--lake",
            &retailer.text("lake"),
        ],
    );
    assert!(refused.contains("there is no record shop:nobody"), "{refused}");

    decide(&retailer, &pipeline, "same", a, b);
    run(&pipeline, &retailer, "lake", &[]);
    let merged = retailer.sql("lake", "select customer_id, counterpart, reason from id_event where event = 'merged'");
    let row: Vec<&str> = merged.lines().nth(1).expect("a merge").split(',').collect();
    assert!([a, b].contains(&row[0]) && [a, b].contains(&row[1]) && row[2] == "decision", "{merged}");
    let (alias, kept) = (row[0], row[1]);
    let resolved = retailer.sql("lake", &format!("select resolve_customer('{}') as id", alias.to_lowercase()));
    assert_eq!(resolved.lines().nth(1), Some(kept));
    let lake = retailer.text("lake");
    assert!(succeeds(&["explain", alias, "--lake", &lake]).contains(kept));
    assert!(succeeds(&["history", alias, "--lake", &lake]).contains("人による判断"));
    assert!(
        succeeds(&["history", kept, "--lake", &lake, "--lang", "en"])
            .contains(&format!("{alias} was merged into {kept}"))
    );
    let closed = "select count(*) > 0 as closed, bool_and(valid_from = valid_to) as at_once, min(valid_to_run) as run from id_map where valid_to is not null";
    assert_eq!(
        retailer.sql("lake", closed),
        "closed,at_once,run\ntrue,true,2\n",
        "the run was of the same data time: its number tells the time between"
    );
    let restated =
        "select field, before, after, cause from restatement where key = '{}' and mart = 'rfm' and field = 'frequency'";
    let of = |id: &str| retailer.sql("lake", &restated.replace("{}", id));
    assert!(of(kept).contains(&format!("merged {alias}: decision")), "{}", of(kept));
    assert!(of(alias).lines().nth(1).is_some_and(|l| l.contains(",,")), "its figures are gone: {}", of(alias));

    decide(&retailer, &pipeline, "undecided", a, b);
    run(&pipeline, &retailer, "lake", &[]);
    assert_eq!(people(&retailer, "lake", "3"), before, "both have their ids back");
    let split = retailer.sql("lake", "select customer_id, counterpart, reason from id_event where event = 'split'");
    assert_eq!(split.lines().nth(1), Some(format!("{alias},{kept},decision").as_str()));
    let resolved = retailer.sql("lake", &format!("select resolve_customer('{alias}') as id"));
    assert_eq!(resolved.lines().nth(1), Some(alias), "it is nobody's alias any more");
}

#[test]
fn history_says_who_a_record_was_at_a_time() {
    let retailer = Retailer::new(300, 63);
    let pipeline = with_decisions(&retailer);
    std::fs::write(retailer.path("pipeline/decisions.csv"), "left,right,decision,by,at,why,expires\n")
        .expect("written");
    let purchases = || retailer.sql("lake", "select sum(frequency) from rfm");
    run(&pipeline, &retailer, "lake", &["--as-of", "2025-12-31"]);
    let in_december = purchases();
    run(&pipeline, &retailer, "lake", &["--as-of", "2026-01-31"]);
    assert_ne!(purchases(), in_december);
    let restated = retailer.sql("lake", "select * from restatement");
    assert_eq!(restated.lines().count(), 1, "a month more changes no figure of the month before: {restated}");
    let before = people(&retailer, "lake", "2");
    let bought = retailer.sql("lake", "select customer_id, frequency from rfm order by frequency, customer_id limit 2");
    let [(a, once), (b, twice)]: [(&str, &str); 2] =
        bought.lines().skip(1).filter_map(|l| l.split_once(',')).collect::<Vec<_>>().try_into().expect("two buyers");
    decide(&retailer, &pipeline, "same", a, b);
    run(&pipeline, &retailer, "lake", &["--as-of", "2026-02-28"]);
    let restated = "select key, before, after from restatement where mart = 'rfm' and field = 'frequency' order by key";
    let restated = retailer.sql("lake", restated);
    let number = |n: &str| n.parse::<f64>().expect("a number");
    let together = number(once) + number(twice);
    assert!(
        restated.lines().any(|l| l.ends_with(&format!(",{together:?}"))),
        "as of January, what both bought by then is one customer's: {restated}"
    );
    let then = "select channel || ':' || record_id, customer_id from id_map
                where valid_from <= timestamp '2026-02-01T00:00:00Z' and (valid_to > timestamp '2026-02-01T00:00:00Z' or valid_to is null)";
    let csv = retailer.sql("lake", then);
    let found: BTreeMap<String, String> = csv
        .lines()
        .skip(1)
        .filter_map(|l| l.split_once(','))
        .map(|(record, id)| (record.to_string(), id.to_string()))
        .collect();
    assert_eq!(found, before, "the history columns still know");
    assert_ne!(people(&retailer, "lake", "2026-02-28"), before);
    assert_eq!(people(&retailer, "lake", "2026-02-01"), before, "and so does time travel");
    let gone = [a, b].into_iter().find(|id| !people(&retailer, "lake", "3").values().any(|now| now == id));
    let lake = retailer.text("lake");
    let explained = succeeds(&["explain", gone.expect("an alias"), "--lake", &lake, "--as-of", "2"]);
    assert!(explained.contains(gone.expect("an alias")), "{explained}");
}

#[test]
fn the_order_of_arrival_changes_no_person() {
    const CASES: u64 = 5;
    let retailer = Retailer::new(250, 64);
    // A model that is trained once is the same for every run, and one threshold holds for links that are new and for those of before.
    retailer.runs("first", &["--until", "score"]);
    let trained = find(&retailer.path("first/work"), "model.yaml");
    let pipeline =
        own_pipeline(&retailer, |_| (), |model| *model = std::fs::read_to_string(&trained).expect("the model"));
    run(&pipeline, &retailer, "whole", &[]);
    let whole = people(&retailer, "whole", "1");
    let mut daily: Vec<String> = Vec::new();
    for source in ["shop", "app", "support"] {
        for file in std::fs::read_dir(retailer.path("input").join(source)).expect("a folder").flatten() {
            daily.push(format!("{source}/{}", file.file_name().to_string_lossy()));
        }
    }
    daily.sort();
    // Facts may come before their people.
    let allow_empty = |text: &mut String| {
        *text = text.replace("  review: 0.5\n", "  review: 0.5\n  hold: 0.8\n");
        *text = text.replace("    holds: ", "    may_be_empty: true\n    holds: ");
        *text = text.replace("reject_share: 0.02", "reject_share: 0.02\n  unusable_share: 1");
        text.push_str(NO_GUARDS);
    };
    let pipeline =
        own_pipeline(&retailer, allow_empty, |model| *model = std::fs::read_to_string(&trained).expect("the model"));
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(64);
    for case in 0..CASES {
        let (held, lake) = (retailer.path("held"), format!("daily{case}"));
        daily.shuffle(&mut random);
        let runs = random.random_range(2..4);
        let waiting = |n: usize| daily.iter().skip(n * daily.len() / runs);
        for file in waiting(1) {
            std::fs::create_dir_all(held.join(file).parent().expect("a folder")).expect("a folder");
            std::fs::rename(retailer.path("input").join(file), held.join(file)).expect("held back");
        }
        for n in 1..=runs {
            run(&pipeline, &retailer, &lake, &[]);
            for file in waiting(n).take((n + 1) * daily.len() / runs - n * daily.len() / runs) {
                std::fs::rename(held.join(file), retailer.path("input").join(file)).expect("delivered");
            }
        }
        let newest = people(&retailer, &lake, &runs.to_string());
        let by_records = |people: &BTreeMap<String, String>| -> BTreeSet<BTreeSet<String>> {
            sets(people).into_values().map(|s| s.into_iter().map(str::to_string).collect()).collect()
        };
        assert!(by_records(&newest) == by_records(&whole), "case {case}: other people");
        // A rebuild of the same lake changes nothing, ids included.
        let tables = published(&retailer.path(&lake));
        run(&pipeline, &retailer, &lake, &["--full"]);
        assert_eq!(people(&retailer, &lake, &(runs + 1).to_string()), newest, "case {case}");
        let again = published(&retailer.path(&lake));
        let golden = |of: &BTreeMap<String, String>| of.keys().filter(|k| k.contains("golden_customer")).count();
        assert_eq!(golden(&again), golden(&tables), "case {case}: golden records were written anew");
    }
    println!("{CASES} orders of arrival");
}

/// A file somewhere below a folder.
fn find(folder: &Path, name: &str) -> std::path::PathBuf {
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            if entry.path().is_dir() {
                folders.push(entry.path());
            } else if entry.file_name() == name {
                return entry.path();
            }
        }
    }
    panic!("no {name}")
}

#[test]
fn the_second_writer_is_told_who_holds_the_lake() {
    let retailer = Retailer::new(60, 65);
    retailer.runs("lake", &[]);
    assert!(!retailer.path("lake/lock.json").exists());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").expect("a name");
    let now = jiff::Timestamp::now().as_second();
    let lock = format!(
        "{{\"host\":\"{}\",\"process\":{},\"since\":{now},\"renewed\":{now}}}",
        host.trim(),
        std::process::id()
    );
    std::fs::write(retailer.path("lake/lock.json"), lock).expect("written");
    let args = retailer.run("lake", &["--full"]);
    let refused = fails(3, &args.iter().map(String::as_str).collect::<Vec<_>>());
    assert!(
        refused.contains(&format!("process {}", std::process::id())) && refused.contains("taken over"),
        "{refused}"
    );
    std::fs::remove_file(retailer.path("lake/lock.json")).expect("removed");
    retailer.runs("lake", &["--full"]);
}

#[test]
fn fifty_kills_leave_a_whole_run_and_end_with_the_same_bytes() {
    const KILLS: u64 = 50;
    let retailer = Retailer::new(80, 66);
    // The newest delivery of tickets comes after a first run.
    let tickets: Vec<_> =
        std::fs::read_dir(retailer.path("input/support")).expect("tickets").flatten().map(|e| e.path()).collect();
    let late = tickets.iter().max().expect("a file").clone();
    std::fs::rename(&late, retailer.path("late")).expect("held back");
    retailer.runs("base", &[]);
    std::fs::rename(retailer.path("late"), &late).expect("delivered");
    copy(&retailer.path("base"), &retailer.path("whole"));
    let started = std::time::Instant::now();
    retailer.runs("whole", &[]);
    let whole_time = started.elapsed();
    let whole = published(&retailer.path("whole"));
    const SEEN: &str = "select (select count(*) from golden_customer) as a, (select count(*) from id_map) as b,
        (select count(*) from interaction) as c, (select count(*) from source_record) as d, (select count(*) from ledger) as e";
    let (old, new) = (retailer.sql("base", SEEN), retailer.sql("whole", SEEN));
    assert_ne!(old, new);
    let mut random = rand_chacha::ChaCha8Rng::seed_from_u64(66);
    let mut kills = 0;
    // A machine that is faster now than when the whole run was timed ends some runs before they are killed: these do not count.
    for kill in 0..4 * KILLS {
        if kills == KILLS {
            break;
        }
        let lake = format!("killed{kill}");
        copy(&retailer.path("base"), &retailer.path(&lake));
        let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(retailer.run(&lake, &[]))
            .current_dir(root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        std::thread::sleep(Duration::from_millis(random.random_range(0..=whole_time.as_millis() as u64)));
        let had_ended = child.try_wait().expect("known").is_some();
        child.kill().expect("killed");
        child.wait().expect("ended");
        kills += u64::from(!had_ended);
        let seen = retailer.sql(&lake, SEEN);
        assert!(seen == old || seen == new, "a reader saw half a run after kill {kill}: {seen}");
        retailer.runs(&lake, &[]);
        assert_eq!(retailer.sql(&lake, SEEN), new);
        let again = published(&retailer.path(&lake));
        for (file, digest) in &whole {
            assert_eq!(again.get(file), Some(digest), "{file} after kill {kill}");
        }
        std::fs::remove_dir_all(retailer.path(&lake)).expect("removed");
    }
    println!("{kills} kills before the run had ended");
    assert_eq!(kills, KILLS);
}

#[test]
fn the_walk_through_of_ids_works() {
    let retailer = Retailer::new(200, 67);
    with_decisions(&retailer);
    std::fs::write(retailer.path("pipeline/decisions.csv"), "left,right,decision,by,at,why,expires\n")
        .expect("written");
    let said = walk_through(&retailer, "identity.md", 16);
    for expected in ["created", "was merged into", "decision", "was split from", "is erased", "\"still_in_input\""] {
        assert!(said.contains(expected), "{expected} is missing:\n{said}");
    }
    assert_eq!(said.matches("| 0         |").count(), 2, "nobody came back:\n{said}");
}

#[test]
fn an_erased_person_is_in_no_file_of_the_lake() {
    let retailer = Retailer::new(120, 68);
    let pipeline = own_pipeline(&retailer, |_| (), |_| ());
    run(&pipeline, &retailer, "lake", &["--as-of", "2026-03-30"]);
    run(&pipeline, &retailer, "lake", &["--as-of", "2026-03-31"]);
    let rare = "with phone as (select phone, count(*) as n from (select unnest(phones) as phone from source_record) group by phone)
        select g.customer_id, g.emails[1] as mail, g.phones[1] as phone from golden_customer g join phone p on p.phone = g.phones[1]
        where cardinality(g.emails) > 0 and g.records > 1 and p.n <= g.records order by 1 limit 1";
    let row = retailer.sql("lake", rare);
    let [id, mail, phone]: [&str; 3] =
        row.lines().nth(1).expect("a person").split(',').collect::<Vec<_>>().try_into().expect("three");
    let records = retailer.sql("lake", &format!("select record_id from id_map where customer_id = '{id}'"));
    let erase = |key: &str| {
        Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args([
                "erase",
                id,
                "--by",
                "privacy",
                "--why",
                "asked",
                "--pipeline",
                &pipeline,
                "--lake",
                &retailer.text("lake"),
            ])
            .args(["--input", &retailer.text("input")])
            .env("NAYOSE_ERASURE_KEY", key)
            .current_dir(root())
            .output()
            .expect("the binary starts")
    };
    let refused = erase("short");
    assert_eq!(refused.status.code(), Some(2), "{}", String::from_utf8_lossy(&refused.stderr));
    let erased = erase("a secret of the company");
    assert!(erased.status.success(), "{}", String::from_utf8_lossy(&erased.stderr));
    // Every Parquet file that is left anywhere, read by the engine; every other file by its bytes.
    let (mut parquet, mut plain) = (0, 0);
    let wanted: Vec<&str> = records.lines().skip(1).chain([mail, phone]).filter(|w| w.len() > 5).collect();
    assert!(wanted.len() > 2, "{wanted:?}");
    for (path, text) in texts_below(&retailer.path("lake")) {
        *if path.extension().is_some_and(|e| e == "parquet") { &mut parquet } else { &mut plain } += 1;
        for value in &wanted {
            assert!(!text.contains(value), "a value of the erased person is in {}", path.display());
        }
    }
    assert!(parquet > 10 && plain > 10, "{parquet} {plain}");
    let event =
        retailer.sql("lake", &format!("select event, reason from id_event where customer_id = '{id}' order by 1"));
    assert!(event.contains("erased,erasure"), "{event}");
    // Without the key, and with another one, nobody may load the files again.
    let args = ["run", &pipeline, "--input", &retailer.text("input"), "--lake", &retailer.text("lake"), "--full"];
    assert!(fails(2, &args).contains("NAYOSE_ERASURE_KEY"));
    assert!(fails(2, &["sql", "--lake", &retailer.text("lake"), "--as-of", "1", "select 1"]).contains("erased"));
}
