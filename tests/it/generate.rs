//! The sample-data generator: same bytes for the same seed, the dialects of the four channels, and a complete truth.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read;
use std::path::{Path, PathBuf};

use crate::support::fails;
use arrow::array::{Array, StringArray};
use datafusion::parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use nayose_sample::{Options, Summary, generate};

const PEOPLE: u64 = 600;

fn made(people: u64, seed: u64) -> (tempfile::TempDir, Summary) {
    let folder = tempfile::tempdir().unwrap();
    let summary = generate(&Options { people, seed }, folder.path()).unwrap();
    (folder, summary)
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(self::files(&path)) } else { files.push(path) }
    }
    files.sort();
    files
}

fn contents(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    files(folder)
        .into_iter()
        .map(|path| (path.strip_prefix(folder).unwrap().to_path_buf(), std::fs::read(&path).unwrap()))
        .collect()
}

fn unzipped(path: &Path) -> Vec<u8> {
    let mut out = Vec::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_end(&mut out).unwrap();
    out
}

fn csv_rows(bytes: &[u8]) -> Vec<csv::ByteRecord> {
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(bytes);
    reader.byte_records().map(|row| row.unwrap()).collect()
}

fn starting<'a>(
    files: &'a BTreeMap<PathBuf, Vec<u8>>,
    start: &'a str,
) -> impl Iterator<Item = (&'a PathBuf, &'a Vec<u8>)> {
    files.iter().filter(move |(path, _)| path.to_str().unwrap().starts_with(start))
}

fn first_strings(path: &Path) -> Vec<Option<String>> {
    let file = std::fs::File::open(path).unwrap();
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap().build().unwrap();
    let mut out = Vec::new();
    for batch in reader {
        let batch = batch.unwrap();
        let column = batch.column(0).as_any().downcast_ref::<StringArray>().unwrap();
        out.extend((0..column.len()).map(|row| column.is_valid(row).then(|| column.value(row).to_string())));
    }
    out
}

#[test]
fn the_same_seed_gives_the_same_bytes() {
    let (first, _) = made(PEOPLE, 11);
    let (second, _) = made(PEOPLE, 11);
    let (other, _) = made(PEOPLE, 12);
    assert!(contents(first.path()) == contents(second.path()));
    let (first, other) = (contents(first.path()), contents(other.path()));
    assert!(first.keys().eq(other.keys()));
    for (path, bytes) in &first {
        assert!(bytes != &other[path], "{} does not depend on the seed", path.display());
    }
}

#[test]
fn a_larger_population_holds_the_smaller_one() {
    let truth = |people| {
        let (folder, _) = made(people, 11);
        let text = std::fs::read_to_string(folder.path().join("truth.csv")).unwrap();
        text.lines().map(str::to_string).collect::<BTreeSet<_>>()
    };
    let (small, large) = (truth(200), truth(PEOPLE));
    assert!(small.is_subset(&large));
}

#[test]
fn the_shop_writes_cp932_with_crlf_and_quotes() {
    let (folder, _) = made(PEOPLE, 11);
    let files = contents(folder.path());
    assert_eq!(starting(&files, "shop/customers_").count(), 13);
    for (path, bytes) in starting(&files, "shop/") {
        let lines: Vec<&[u8]> = bytes.split(|byte| *byte == b'\n').collect();
        assert!(
            lines[..lines.len() - 1].iter().all(|line| line.starts_with(b"\"") && line.ends_with(b"\r")),
            "{}",
            path.display()
        );
        assert!(std::str::from_utf8(bytes).is_err(), "{} is not UTF-8", path.display());
    }
    let dump = &files[Path::new("shop/customers_20250930.csv")];
    let text = encoding_rs::SHIFT_JIS.decode(dump).0;
    let header = "\"顧客番号\",\"氏名\",\"フリガナ\",\"郵便番号\",\"住所1\",\"住所2\",\"電話番号\",\"メールアドレス\",\"性別\",\"生年月日\",\"登録日\",\"更新日\",\"メルマガ\",\"メルマガ回答日\",\"広告利用\",\"広告利用回答日\"\r\n";
    assert!(text.starts_with(header));
    let orders = encoding_rs::SHIFT_JIS.decode(&files[Path::new("shop/orders_202512.csv")]).0;
    assert!(orders.starts_with(
        "\"注文番号\",\"顧客番号\",\"注文日時\",\"店舗コード\",\"商品コード\",\"商品名\",\"数量\",\"単価\",\"金額\"\r\n"
    ));
    assert!(orders.contains('①'), "the vendor's characters are there");
}

#[test]
fn the_other_channels_have_their_dialects() {
    let (folder, _) = made(PEOPLE, 11);
    let tickets = std::fs::read(folder.path().join("support/tickets_202601.csv")).unwrap();
    assert!(tickets.starts_with("\u{FEFF}\"受付番号\",\"受付日時\",\"お名前\"".as_bytes()));
    let users = unzipped(&folder.path().join("app/users_20251231.jsonl.gz"));
    let parsed: Vec<serde_json::Value> =
        users.split(|byte| *byte == b'\n').filter_map(|line| serde_json::from_slice(line).ok()).collect();
    assert!(parsed.len() > 100);
    assert!(parsed.iter().any(|user| user["phone"].as_str().is_some_and(|phone| phone.starts_with("+81"))));
    assert!(parsed.iter().any(|user| user["card_number"].as_str().is_some_and(|card| card.len() == 16)));
    assert!(parsed.iter().any(|user| user["birthday"].is_null()));
    for (name, people) in [("members", 100), ("transactions", 100)] {
        let file = std::fs::File::open(folder.path().join(format!("pointcard/{name}.parquet"))).unwrap();
        let reader = ParquetRecordBatchReaderBuilder::try_new(file).unwrap();
        assert_eq!(reader.metadata().file_metadata().created_by(), Some("nayose generate"));
        assert!(reader.metadata().file_metadata().num_rows() > people);
        if name == "transactions" {
            assert!(reader.metadata().num_row_groups() > 1);
        }
    }
}

#[test]
fn the_truth_names_every_record_once() {
    let (folder, summary) = made(PEOPLE, 11);
    let files = contents(folder.path());
    let mut truth: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    let mut people = BTreeSet::new();
    for row in csv_rows(&files[Path::new("truth.csv")]) {
        let text = |place: usize| String::from_utf8(row[place].to_vec()).unwrap();
        assert!(truth.entry(text(0)).or_default().insert(text(1)), "{} is there twice", text(1));
        if !row[3].is_empty() {
            people.insert(text(2));
        }
    }
    assert_eq!(people.len() as u64, PEOPLE);
    assert_eq!(summary.people, PEOPLE);
    let ids = |start: &str, length: usize| -> BTreeSet<String> {
        let rows = starting(&files, start).flat_map(|(_, bytes)| csv_rows(bytes));
        rows.map(|row| String::from_utf8_lossy(&row[0]).into_owned()).filter(|id| id.len() == length).collect()
    };
    assert_eq!(ids("shop/customers_", 9), truth["shop"]);
    assert_eq!(ids("support/", 10), truth["support"]);
    let members: BTreeSet<String> =
        first_strings(&folder.path().join("pointcard/members.parquet")).into_iter().flatten().collect();
    assert_eq!(members, truth["pointcard"]);
    let mut users = BTreeSet::new();
    for (path, _) in starting(&files, "app/users_") {
        for line in unzipped(&folder.path().join(path)).split(|byte| *byte == b'\n') {
            let user: Option<serde_json::Value> = serde_json::from_slice(line).ok();
            users.extend(user.and_then(|user| user["user_id"].as_str().map(str::to_string)));
        }
    }
    assert_eq!(users, truth["app"]);
}

#[test]
fn the_manifest_counts_what_is_there() {
    let (folder, summary) = made(PEOPLE, 11);
    let text = std::fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(manifest["people"], PEOPLE);
    assert_eq!(manifest["seed"], 11);
    assert_eq!(manifest["files"].as_array().unwrap().len(), summary.files.len());
    let mut damaged = 0;
    for counts in &summary.files {
        let path = folder.path().join(&counts.path);
        let rows = if counts.path.ends_with(".parquet") {
            first_strings(&path).len()
        } else if counts.path.ends_with(".gz") {
            unzipped(&path).iter().filter(|byte| **byte == b'\n').count()
        } else {
            csv_rows(&std::fs::read(&path).unwrap()).len()
        };
        assert_eq!(rows as u64, counts.rows, "{}", counts.path);
        damaged += counts.broken_quote + counts.undecodable + counts.truncated + counts.missing_id;
    }
    assert!((1..60).contains(&damaged), "{damaged}");
    let on_disk = files(folder.path()).len();
    assert_eq!(on_disk, summary.files.len() + 1, "each file but the manifest is counted");
}

#[test]
fn nonsense_is_refused_with_a_hint() {
    let folder = tempfile::tempdir().unwrap();
    let out = folder.path().display().to_string();
    let said = fails(2, &["generate", "--people", "0", "--out", &out]);
    assert!(said.contains("--people 0 is not between 1 and") && said.contains("hint: "), "{said}");
    let file = folder.path().join("file");
    std::fs::write(&file, "x").unwrap();
    let said = fails(3, &["generate", "--people", "10", "--out", &file.display().to_string()]);
    assert!(said.contains("cannot write") && said.contains("hint: choose another folder"), "{said}");
}
