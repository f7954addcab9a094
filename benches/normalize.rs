//! Throughput of the normalizers on one core, as rows to read: `make bench`.
//!
//! Inputs are made from the sample generator's own lists, so that no normalizer sees its own dictionary's spelling only. Each
//! row is the best of three passes after one that warms up: what the machine can do, not what else it did meanwhile.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use nayose::generate::{Options, generate};
use nayose::japanese::{address, date, email, name, phone};

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
            black_box(name::divide::divide(t, None, None));
        }),
    );
    row("phones, all fields", phones.len(), rate(&phones, |t| drop(black_box(phone::phone(t)))));
    row("mail addresses", emails.len(), rate(&emails, |t| drop(black_box(email::email(t)))));
    row("dates", dates.len(), rate(&dates, |t| drop(black_box(date::date(t)))));
}
