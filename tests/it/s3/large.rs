//! Much at once: a hundred thousand objects in a folder, 64 files read at the same time, tables so large that they are
//! uploaded in parts, and uploads that do not come to their end.

use std::process::Stdio;
use std::time::{Duration, Instant};

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;

use super::proxy::{Fault, Proxy};
use super::server::{LISTED_ONCE, Server};
use super::{command, copy, fails, ok, run};
use crate::support::Retailer;

const OBJECTS: usize = 100_000;
const FILES: usize = 64;
const ROWS: usize = 3_000;

/// Order files with names of goods that do not compress, so that their table is large.
fn plant_orders(retailer: &Retailer) {
    let mut random = ChaCha8Rng::seed_from_u64(68);
    for file in 0..FILES {
        let mut rows = String::from("注文番号,顧客番号,注文日時,店舗コード,商品コード,商品名,数量,単価,金額\r\n");
        for row in 0..ROWS {
            let name: String = (0..16).map(|_| format!("{:016x}", random.random::<u64>())).collect();
            rows += &format!("L{file:02}{row:05},C{row:08},2025/06/01 10:00:00,S01,P{row:05},{name},1,100,100\r\n");
        }
        let bytes = encoding_rs::SHIFT_JIS.encode(&rows).0.into_owned();
        std::fs::write(retailer.path(&format!("input/shop/orders_large{file:02}.csv")), bytes).expect("written");
    }
}

fn ingest(input: &str, lake: &str, more: &[&str]) -> Vec<String> {
    let mut args = run(input, lake);
    args.extend(["--until", "ingest"].iter().chain(more).map(|a| a.to_string()));
    args
}

#[test]
#[ignore = "takes minutes; `make s3-test` runs it"]
fn a_hundred_thousand_objects_are_listed() {
    let server = Server::start(&[LISTED_ONCE, "crm"]);
    let retailer = Retailer::new(60, 69);
    let input = server.bucket(LISTED_ONCE).join("daily");
    copy(&retailer.path("input"), &input);
    for n in 0..OBJECTS {
        std::fs::write(input.join(format!("shop/archive_{n:06}.txt")), "old").expect("written");
    }
    let proxy = Proxy::start(server.address);
    let started = Instant::now();
    ok(command(proxy.address, &ingest(&format!("s3://{LISTED_ONCE}/daily"), "s3://crm/lake", &[])));
    let pages = proxy.log().iter().filter(|l| l.contains(&format!("/{LISTED_ONCE}?"))).count();
    println!("{OBJECTS} objects listed twice, {pages} pages, and the files read in {:?}", started.elapsed());
    assert!(pages >= 2 * OBJECTS / 1000, "{pages} pages");
    assert!(started.elapsed() < Duration::from_secs(120), "{:?}", started.elapsed());
}

#[test]
#[ignore = "takes minutes; `make s3-test` runs it"]
fn many_files_at_once_keep_the_ceiling_and_large_tables_go_in_parts() {
    let server = Server::start(&["raw", "crm"]);
    let proxy = Proxy::start(server.address);
    let retailer = Retailer::new(60, 70);
    plant_orders(&retailer);
    copy(&retailer.path("input"), &server.bucket("raw").join("daily"));

    // All files at once: the server takes its time to answer.
    proxy.plan(|_, request| request.line().contains("orders_large").then_some(Fault::Slow));
    let bounds = ["--threads", "64", "--memory", "384MiB"];
    let mut child = command(proxy.address, &ingest("s3://raw/daily", "s3://crm/lake", &bounds));
    let mut child = child.stdout(Stdio::null()).spawn().expect("the binary starts");
    let mut peak = 0;
    let ended = loop {
        let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:")).unwrap_or_default();
        peak = line.split_whitespace().next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(peak).max(peak);
        if let Some(ended) = child.try_wait().expect("a child") {
            break ended;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    assert!(ended.success());
    println!(
        "{FILES} files of {} KiB: {} at once, {} MiB at the most",
        ROWS * 330 / 1024,
        proxy.most_open(),
        peak / 1024
    );
    assert!(proxy.most_open() >= FILES, "{} at once", proxy.most_open());
    assert!(peak < 700 << 10, "{} MiB", peak / 1024);

    let log = proxy.log();
    let of = |part: &str| log.iter().filter(|l| l.contains("raw_event") && l.contains(part)).count();
    assert!(of("?uploads") == 1 && of("partNumber=") >= 3, "the table goes in parts: {log:?}");
    assert_eq!(server.open_uploads(), 0);
    // The object is whole: its name is the digest of what was sent.
    let run = std::fs::read_dir(server.bucket("crm").join("lake/work")).expect("work").flatten().next().expect("a run");
    for part in std::fs::read_dir(run.path().join("ingest/raw_event")).expect("a table").flatten() {
        if part.path().extension().is_none_or(|e| e != "parquet") {
            continue;
        }
        let digest = blake3::hash(&std::fs::read(part.path()).expect("a part")).to_hex();
        assert!(part.file_name().to_string_lossy().contains(&digest[..16]), "{:?}", part.file_name());
    }
}

#[test]
#[ignore = "takes minutes; `make s3-test` runs it"]
fn uploads_that_do_not_end_are_aborted() {
    let server = Server::start(&["raw", "crm"]);
    let proxy = Proxy::start(server.address);
    let retailer = Retailer::new(60, 71);
    plant_orders(&retailer);
    copy(&retailer.path("input"), &server.bucket("raw").join("daily"));
    let aborted = || proxy.log().iter().filter(|l| l.starts_with("DELETE") && l.contains("uploadId=")).count();

    proxy.plan(|_, request| request.line().contains("partNumber=2").then_some(Fault::Broken));
    let mut failing = command(proxy.address, &ingest("s3://raw/daily", "s3://crm/failing", &[]));
    failing.env("AWS_MAX_ATTEMPTS", "2");
    let said = fails(3, failing);
    assert!(said.contains("cannot write s3://crm/failing/work/") && said.contains("raw_event"), "{said}");
    assert_eq!((aborted(), server.open_uploads()), (1, 0), "after an error");

    // A scheduler stops the run in the middle of an upload.
    let (started, middle) = std::sync::mpsc::channel();
    proxy.plan(move |_, request| {
        let part = request.line().contains("partNumber=");
        if part {
            let _ = started.send(());
        }
        part.then_some(Fault::Slow)
    });
    let mut stopped = command(proxy.address, &ingest("s3://raw/daily", "s3://crm/stopped", &[]));
    let child = stopped.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the binary starts");
    middle.recv_timeout(Duration::from_secs(120)).expect("an upload in parts");
    let id = child.id().to_string();
    assert!(std::process::Command::new("kill").arg(id).status().expect("kill").success());
    let ended = child.wait_with_output().expect("it ends");
    let said = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(ended.status.code(), Some(3), "{said}");
    assert!(said.contains("stopped by SIGTERM") && said.contains("run again"), "{said}");
    assert_eq!((aborted(), server.open_uploads()), (1, 0), "after SIGTERM");
    proxy.plan(|_, _| None);
    ok(command(proxy.address, &ingest("s3://raw/daily", "s3://crm/stopped", &[])));
}
