//! Input and lake on S3 and on disk, mixed: the same bytes come out, and every command works on it.

use super::proxy::Proxy;
use super::server::Server;
use super::{args, bare, command, copy, differences, fails, ok, run};
use crate::support::{Retailer, own_pipeline, published, root, succeeds};

#[test]
fn the_sample_on_s3_gives_the_bytes_of_the_local_run() {
    let server = Server::start(&["raw", "crm"]);
    copy(&root().join("sample_data"), &server.bucket("raw").join("daily"));
    let folder = tempfile::tempdir().expect("a folder");
    let local = folder.path().join("local").display().to_string();
    ok(bare(&run(&root().join("sample_data").display().to_string(), &local)));
    let (of_local, sql) = (published(&folder.path().join("local")), "select * from rfm order by customer_id limit 50");

    let mixed = folder.path().join("mixed").display().to_string();
    let lakes =
        [("s3://raw/daily", "s3://crm/both"), ("sample_data", "s3://crm/lake"), ("s3://raw/daily/", mixed.as_str())];
    for (input, lake) in lakes {
        let input = if input.contains("://") { input.to_string() } else { root().join(input).display().to_string() };
        ok(command(server.address, &run(&input, lake)));
        let place = match lake.strip_prefix("s3://crm/") {
            Some(name) => server.bucket("crm").join(name),
            None => folder.path().join("mixed"),
        };
        assert_eq!(differences(&of_local, &published(&place)), [""; 0], "{input} → {lake}");
        let asked = ok(command(server.address, &args(&["sql", "--lake", lake, "--format", "csv", sql])));
        assert_eq!(asked, succeeds(&["sql", "--lake", &local, "--format", "csv", sql]));
        let again = ok(command(server.address, &run(&input, lake)));
        assert!(again.contains("nothing new"), "{again}");
    }
}

#[test]
fn every_command_works_on_a_lake_on_s3() {
    let server = Server::start(&["raw", "crm"]);
    let proxy = Proxy::start(server.address);
    let retailer = Retailer::new(300, 62);
    copy(&retailer.path("input"), &server.bucket("raw").join("daily"));
    let does = |arguments: &[&str]| ok(command(proxy.address, &args(arguments)));
    let lake = "s3://crm/lake";
    let valid = does(&["validate", "pipelines/retail/pipeline.yaml", "--input", "s3://raw/daily"]);
    assert!(valid.contains("files"), "{valid}");
    ok(command(proxy.address, &run("s3://raw/daily", lake)));

    let ids = does(&[
        "sql",
        "--lake",
        lake,
        "--format",
        "csv",
        "select customer_id from golden_customer order by records desc limit 1",
    ]);
    let customer = ids.lines().nth(1).expect("a customer");
    assert!(does(&["explain", customer, "--lake", lake]).contains("一人の顧客"));
    let truth = retailer.text("input/truth.csv");
    assert!(does(&["evaluate", "--lake", lake, "--truth", &truth, "--format", "json"]).contains("pairwise"));
    does(&["export", "golden_customer", "--lake", lake, "--format", "csv", "--to", "s3://raw/out/golden.csv"]);
    let copied = std::fs::read_to_string(server.bucket("raw").join("out/golden.csv")).expect("the export");
    assert!(copied.lines().count() > 200, "{} lines", copied.lines().count());

    // A column of a table is a range of its file; the file as a whole is not fetched.
    proxy.plan(|_, _| None);
    does(&["sql", "--lake", lake, "select max(amount) from interaction"]);
    let reads: Vec<String> = proxy.log().into_iter().filter(|l| l.contains("GET") && l.contains(".parquet")).collect();
    assert!(!reads.is_empty() && reads.iter().all(|l| l.contains(".parquet bytes=")), "{reads:?}");

    // A second delivery: the run after the first, with its history; the older one can still be asked.
    let newest = std::fs::read_dir(server.bucket("raw").join("daily/support")).expect("tickets").flatten();
    std::fs::remove_file(newest.map(|e| e.path()).max().expect("a file")).expect("removed");
    ok(command(proxy.address, &run("s3://raw/daily", lake)));
    let runs = does(&["sql", "--lake", lake, "--format", "csv", "select count(*) from run"]);
    assert_eq!(runs, "count(*)\n2\n");
    let older = does(&["sql", "--lake", lake, "--as-of", "1", "--format", "csv", "select count(*) from run"]);
    assert_eq!(older, "count(*)\n1\n");
    let work = std::fs::read_dir(server.bucket("crm").join("lake/work")).expect("work").flatten();
    // The server leaves empty folders behind.
    let with_files = work.filter(|run| run.path().join("manifest.json").exists());
    assert_eq!(with_files.count(), 1, "the work of the older run is removed");
}

#[test]
fn names_in_japanese_and_with_signs_are_read_and_written() {
    let server = Server::start(&["raw", "crm"]);
    let retailer = Retailer::new(150, 5);
    let pipeline = own_pipeline(
        &retailer,
        |text| {
            *text = text
                .replace("files: shop/**/", "files: \"店舗 #1 ~100%/**/")
                .replace("_*.csv\n", "_*.csv\"\n")
                .replace("tickets_*.csv\"", "tickets_*.csv")
        },
        |_| (),
    );
    std::fs::rename(retailer.path("input/shop"), retailer.path("input/店舗 #1 ~100%")).expect("renamed");
    copy(&retailer.path("input"), &server.bucket("raw").join("日次"));
    let does = |arguments: &[&str]| ok(command(server.address, &args(arguments)));
    does(&["run", &pipeline, "--input", "s3://raw/日次", "--lake", "s3://crm/湖/lake", "--log", "json"]);
    let rows = "select count(*) > 20 from id_map where channel = 'shop'";
    assert!(does(&["sql", "--lake", "s3://crm/湖/lake", "--format", "csv", rows]).contains("true"));
    assert!(server.bucket("crm").join("湖/lake/tables/golden_customer/_delta_log").is_dir());
    assert!(does(&["verify", "--lake", "s3://crm/湖/lake"]).contains("0 damaged"));
}

#[test]
fn what_is_not_there_is_said() {
    let server = Server::start(&["raw"]);
    let said = fails(2, command(server.address, &run("s3://raw/daily", "s3://raw/lake")));
    assert!(said.contains("no file matches s3://raw/daily/"), "{said}");
    let input = root().join("sample_data").display().to_string();
    let said = fails(3, command(server.address, &run(&input, "s3://nobody/lake")));
    assert!(said.contains("s3://nobody/lake") && said.contains("NoSuchBucket"), "{said}");
    let said = fails(2, command(server.address, &args(&["sql", "--lake", "s3://raw/lake", "select 1"])));
    assert!(said.contains("nothing is published in s3://raw/lake"), "{said}");
}
