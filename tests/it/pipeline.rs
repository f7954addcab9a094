//! The retail pipeline as a user runs it: what comes out, and that it comes out the same.

use std::process::{Command, Stdio};
use std::time::Duration;

use crate::support::{Retailer, nayose, own_pipeline, published, root, succeeds};

#[test]
fn the_sample_reaches_the_promised_quality() {
    let lake = tempfile::tempdir().expect("a folder");
    let lake = lake.path().display().to_string();
    succeeds(&["run", "pipelines/retail/pipeline.yaml", "--lake", &lake, "--log", "json"]);
    let text = succeeds(&["evaluate", "--lake", &lake, "--truth", "sample_data/truth.csv", "--format", "json"]);
    let found: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let f1 = found["pairwise"]["f1"].as_f64().expect("pairwise.f1");
    assert!(f1 >= 0.90, "pairwise F1 {f1} on the sample");
    // Rows of the files = rows of the tables.
    let count = |query: &str| {
        let csv = succeeds(&["sql", "--lake", &lake, "--format", "csv", query]);
        csv.lines().nth(1).expect("a row").parse::<i64>().expect("a number")
    };
    let read = count("select sum(i['rows']) from (select unnest(inputs) as i from run)");
    let kept = count(
        "select (select sum(versions) from source_record) + (select count(*) from interaction) + (select count(*) from product)
                + (select count(*) from store) + (select count(*) from medium_spend) + (select count(*) from reject)",
    );
    assert_eq!(read, kept, "rows in = records + interactions + rows of references + rejects");
    assert_eq!(count("select count(*) from run"), 1);
}

#[test]
fn a_second_run_changes_nothing_and_says_so() {
    let retailer = Retailer::new(150, 11);
    retailer.runs("lake", &[]);
    let before = published(&retailer.path("lake"));
    let said = retailer.runs("lake", &[]);
    assert!(said.contains("nothing new"), "{said}");
    assert_eq!(published(&retailer.path("lake")), before);
    let args = retailer.run("lake", &["--skip-code"]);
    let skipped = nayose(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(skipped.status.code(), Some(99), "a scheduler skips on 99 when it asks for it");
    retailer.runs("lake", &["--full"]);
    let ids = |lake: &str| retailer.sql(lake, "select channel, record_id, customer_id from id_map order by 1, 2");
    let after_full = ids("lake");
    retailer.runs("other", &[]);
    assert_eq!(after_full, ids("other"), "ids come from content");
}

#[test]
fn a_run_stopped_at_any_stage_ends_with_the_same_bytes() {
    let retailer = Retailer::new(120, 12);
    retailer.runs("whole", &[]);
    let whole = published(&retailer.path("whole"));
    for stage in ["ingest", "normalize", "block", "score", "cluster", "golden", "marts"] {
        let said = retailer.runs(stage, &["--until", stage]);
        assert!(said.contains("stopped"), "{said}");
        let nothing = nayose(&["sql", "--lake", &retailer.text(stage), "select 1"]);
        assert_eq!(nothing.status.code(), Some(2), "nothing is published after stage {stage}");
        retailer.runs(stage, &[]);
        assert_eq!(published(&retailer.path(stage)), whole, "resumed after {stage}");
    }
}

#[test]
fn a_killed_run_is_resumed_to_the_same_bytes() {
    let retailer = Retailer::new(400, 13);
    retailer.runs("whole", &[]);
    let whole = published(&retailer.path("whole"));
    for (n, wait) in [40u64, 120, 260, 420, 700].into_iter().enumerate() {
        let lake = format!("killed{n}");
        let mut child = Command::new(env!("CARGO_BIN_EXE_nayose"))
            .args(retailer.run(&lake, &[]))
            .current_dir(root())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        std::thread::sleep(Duration::from_millis(wait));
        child.kill().expect("killed");
        child.wait().expect("ended");
        retailer.runs(&lake, &[]);
        let again = published(&retailer.path(&lake));
        for (file, digest) in &whole {
            assert_eq!(again.get(file), Some(digest), "{file} after a kill at {wait} ms");
        }
    }
}

#[test]
fn threads_do_not_change_the_bytes() {
    let retailer = Retailer::new(20_000, 14);
    retailer.runs("one", &["--threads", "1"]);
    let one = published(&retailer.path("one"));
    for threads in ["2", "8"] {
        retailer.runs(threads, &["--threads", threads]);
        assert_eq!(published(&retailer.path(threads)), one, "{threads} threads");
    }
}

#[test]
fn an_older_run_can_be_asked() {
    let retailer = Retailer::new(100, 15);
    retailer.runs("lake", &[]);
    let before = retailer.sql("lake", "select count(*) from id_map where valid_to is null");
    // The newest delivery of tickets is taken back.
    let tickets: Vec<_> =
        std::fs::read_dir(retailer.path("input/support")).expect("tickets").flatten().map(|e| e.path()).collect();
    std::fs::remove_file(tickets.iter().max().expect("a file")).expect("removed");
    retailer.runs("lake", &[]);
    let after = retailer.sql("lake", "select count(*) from id_map where valid_to is null");
    assert_ne!(before, after);
    let older = succeeds(&[
        "sql",
        "--lake",
        &retailer.text("lake"),
        "--format",
        "csv",
        "--as-of",
        "1",
        "select count(*) from id_map where valid_to is null",
    ]);
    assert_eq!(older, before, "time travel by run");
}

#[test]
fn a_mart_for_others_is_read_by_them_and_not_published() {
    let retailer = Retailer::new(100, 75);
    let pipeline = own_pipeline(&retailer, |_| (), |_| ());
    let mart = |name: &str, query: &str| {
        std::fs::write(retailer.path(&format!("pipeline/marts/{name}.sql")), query).expect("written");
    };
    mart("_visits", "select customer_id, count(*) as purchases from purchase group by customer_id");
    mart("loyal", "select count(*) as n from _visits where purchases > 1");
    let (lake, input) = (retailer.text("lake"), retailer.text("input"));
    succeeds(&["run", &pipeline, "--lake", &lake, "--input", &input]);
    let loyal = retailer.sql("lake", "select n from loyal");
    assert_eq!(loyal, retailer.sql("lake", "select count(*) as n from rfm where frequency > 1"));
    assert_ne!(loyal, "n\n0\n");
    assert!(!retailer.path("lake/tables/_visits").exists() && retailer.path("lake/tables/loyal").exists());
}

#[test]
fn explanations_add_up_in_both_languages() {
    let retailer = Retailer::new(200, 16);
    retailer.runs("lake", &[]);
    let lake = retailer.text("lake");
    let ids = retailer.sql("lake", "select customer_id from golden_customer where records >= 3 order by 1 limit 1");
    let customer = ids.lines().nth(1).expect("a customer of three records");
    let ja = succeeds(&["explain", customer, "--lake", &lake]);
    assert!(ja.contains("一人の顧客"), "{ja}");
    let pairs = retailer.sql(
        "lake",
        "select channel_l || ':' || record_id_l, channel_r || ':' || record_id_r, match_weight from ledger where decision = 'matched' order by match_weight limit 1",
    );
    let pair: Vec<&str> = pairs.lines().nth(1).expect("a matched pair").split(',').collect();
    let en = succeeds(&["explain", pair[0], pair[1], "--lake", &lake, "--lang", "en"]);
    assert!(en.contains("are one person") && en.contains("Probability"), "{en}");
    let json = succeeds(&["explain", pair[0], pair[1], "--lake", &lake, "--format", "json"]);
    let view: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    let sum: f64 =
        view["comparisons"].as_array().expect("comparisons").iter().filter_map(|c| c["weight"].as_f64()).sum();
    let weight = view["weight"].as_f64().expect("weight");
    assert!((sum - weight).abs() < 1e-6, "weights of the comparisons add up: {sum} and {weight}");
    let ledger: f64 = pair[2].parse().expect("a number");
    assert!((ledger - weight).abs() < 1e-6, "explain and ledger agree: {ledger} and {weight}");
}

#[test]
fn an_event_sent_again_with_another_customer_and_time_is_there_once() {
    let retailer = Retailer::new(200, 81);
    let first = std::fs::read(retailer.path("input/shop/orders_202501.csv")).expect("orders");
    let (mut again, mut lines) = (Vec::new(), 0);
    for line in first.split_inclusive(|b| *b == b'\n') {
        // Customers' numbers are `"C12345678"`, times `"2025/01/31 …"`; the header has neither.
        let mut fields: Vec<Vec<u8>> = line.split(|b| *b == b',').map(<[u8]>::to_vec).collect();
        if let Some(year) = fields.get_mut(2).filter(|time| time.starts_with(b"\"2025/")) {
            year[4] = b'3';
            if let Some(digit) = fields[1].get_mut(2) {
                *digit = if *digit == b'1' { b'2' } else { b'1' };
            }
            lines += 1;
        }
        again.extend(fields.join(&b','));
    }
    assert!(lines > 10, "orders to send again");
    retailer.runs("once", &[]);
    std::fs::write(retailer.path("input/shop/orders_209901.csv"), again).expect("written");
    let said = retailer.runs("twice", &[]);
    let told = format!(
        "{lines} rows of facts were replaced by those of a later file with the same event_id: {lines} shop/orders_202501.csv"
    );
    assert!(said.contains(&told), "{said}");
    let keys = "select count(*) as n, count(distinct concat(channel, ' ', event_id)) as keys from interaction";
    assert_eq!(retailer.sql("twice", keys), retailer.sql("once", keys));
    let count =
        |text: &str| retailer.sql("twice", text).lines().nth(1).expect("a count").parse::<usize>().expect("a number");
    assert_eq!(
        count("select count(*) from reject where reason = 'replaced_event' and file like '%orders_202501%'"),
        lines
    );
    assert_eq!(
        count("select count(*) from interaction where channel = 'shop' and occurred_at < timestamp '2024-01-01'"),
        lines
    );
    assert_eq!(
        count("select count(*) from (select 1 from interaction group by channel, event_id having count(*) > 1)"),
        0
    );
}
