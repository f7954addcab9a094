//! Throughput of the normalizers on one core, as rows to read: `make bench`.
//!
//! Inputs are made from the sample generator's own lists, so that no normalizer sees its own dictionary's spelling only. Each
//! row is the best of three passes after one that warms up: what the machine can do, not what else it did meanwhile.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use nayose::config::{self, Overrides};
use nayose_japanese::{address, date, email, name, phone};
use nayose_matching::record::{RawVersion, Standardizer};
use nayose_sample::{Options, generate};

fn rate(inputs: &[String], work: impl Fn(&str)) -> f64 {
    let pass = || {
        let started = Instant::now();
        inputs.iter().for_each(|i| work(i));
        started.elapsed()
    };
    pass();
    let best = (0..3).map(|_| pass()).min().unwrap_or(Duration::from_secs(1));
    inputs.len() as f64 / best.as_secs_f64()
}

/// The retail pipeline's.
fn standardizer() -> Standardizer {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail/pipeline.yaml");
    let pipeline = config::load(&file, &Overrides { input: None, lake: Some("lake".into()) }).expect("the pipeline");
    Standardizer::new(&pipeline.attributes, &pipeline.model)
}

fn column(rows: &[csv::StringRecord], columns: &[usize]) -> Vec<String> {
    rows.iter()
        .map(|r| columns.iter().filter_map(|c| r.get(*c)).collect::<String>())
        .filter(|t| !t.is_empty())
        .collect()
}

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    generate(&Options { people: 20_000, seed: 99 }, folder.path()).expect("generate");
    let mut rows = Vec::new();
    for entry in std::fs::read_dir(folder.path().join("shop")).expect("shop").flatten() {
        if entry.file_name().to_string_lossy().starts_with("customers_") {
            let bytes = std::fs::read(entry.path()).expect("readable");
            let text = encoding_rs::SHIFT_JIS.decode(&bytes).0;
            rows.extend(csv::ReaderBuilder::new().flexible(true).from_reader(text.as_bytes()).records().flatten());
        }
    }
    rows.retain(|r| r.len() >= 10);
    let names = column(&rows, &[1]);
    let undivided: Vec<String> = names.iter().map(|n| n.replace([' ', '\u{3000}'], "")).collect();
    let addresses = column(&rows, &[4, 5]);
    let phones = column(&rows, &[6]);
    let emails = column(&rows, &[7]);
    let dates = column(&rows, &[9]);
    let mut out = std::io::stdout().lock();
    let mut row = |what: &str, n: usize, per_second: f64| {
        let _ = writeln!(out, "{what:<34}{n:>9} inputs {per_second:>12.0} /s");
    };
    row("addresses", addresses.len(), rate(&addresses, |t| drop(black_box(address::normalize(t, None)))));
    row("names, divided and read", names.len(), rate(&names, |t| drop(black_box(name::normalize(t, None)))));
    row(
        "name division",
        undivided.len(),
        rate(&undivided, |t| {
            black_box(name::divide(t, None));
        }),
    );
    row("phones, all fields", phones.len(), rate(&phones, |t| drop(black_box(phone::phone(t)))));
    row("mail addresses", emails.len(), rate(&emails, |t| drop(black_box(email::email(t)))));
    row("dates", dates.len(), rate(&dates, |t| drop(black_box(date::date(t)))));
    let kana: Vec<String> = rows.iter().map(|r| format!("{}\t{}", &r[1], &r[2])).collect();
    let with_kana = |t: &str| {
        let (name, kana) = t.split_once('\t').unwrap_or((t, ""));
        drop(black_box(name::normalize(name, Some(kana).filter(|k| !k.is_empty()))));
    };
    row("names with their kana", kana.len(), rate(&kana, with_kana));
    let with_code: Vec<String> = rows.iter().map(|r| format!("{}\t{}{}", &r[3], &r[4], &r[5])).collect();
    let address_of = |t: &str| {
        let (code, text) = t.split_once('\t').unwrap_or(("", t));
        drop(black_box(address::normalize(text, Some(code).filter(|c| !c.is_empty()))));
    };
    row("addresses with their postal code", with_code.len(), rate(&with_code, address_of));
    let standardizer = standardizer();
    let numbered: Vec<String> = (0..rows.len()).map(|i| i.to_string()).collect();
    let record = |t: &str| {
        let r = &rows[t.parse::<usize>().unwrap_or(0)];
        let some = |i: usize| Some(&r[i]).filter(|t| !t.is_empty());
        let address = format!("{}{}", &r[4], &r[5]);
        let version = RawVersion {
            file: "customers.csv",
            name: some(1),
            kana: some(2),
            postal_code: some(3),
            address: Some(address.as_str()).filter(|t| !t.is_empty()),
            phones: some(6).into_iter().collect(),
            emails: some(7).into_iter().collect(),
            sex: some(8),
            birth_date: some(9),
            ..RawVersion::default()
        };
        drop(black_box(standardizer.record(&mut vec![version])));
    };
    row("shop records, standardized", rows.len(), rate(&numbered, record));
}
