//! Dates as people write them: `date.tsv` and `timestamp.tsv` say what each must become.

use crate::check_lines;
use nayose_japanese::date::{date, timestamp};

/// Columns: text, key, alternatives (`|` between), problem. `-` is none.
fn check(line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [text, key, alternatives, problem] = columns[..] else {
        return Err(format!("{line}: not four columns"));
    };
    let d = date(text);
    let others: Vec<String> = d.alternatives.iter().map(|other| other.iso()).collect();
    let others = if others.is_empty() { "-".to_owned() } else { others.join("|") };
    let got = [d.key().unwrap_or("-".into()), others, d.problem.map_or("-", |p| p.as_str()).to_owned()];
    if !(0.0..=1.0).contains(&d.confidence) || (d.key().is_none() != (d.confidence == 0.0)) {
        return Err(format!("{text}: confidence {}", d.confidence));
    }
    if got == [key, alternatives, problem] { Ok(()) } else { Err(format!("{text}: {got:?}")) }
}

/// Columns: text, microseconds since 1970 or `-`.
fn check_timestamp(line: &str) -> Result<(), String> {
    let (text, expected) = line.split_once('\t').ok_or_else(|| format!("{line}: not two columns"))?;
    let got = timestamp(text).map_or("-".to_owned(), |t| t.to_string());
    if got == expected { Ok(()) } else { Err(format!("{text}: {got}")) }
}

#[test]
fn as_listed() {
    check_lines(include_str!("date.tsv"), check);
}

#[test]
fn points_in_time_as_listed() {
    check_lines(include_str!("timestamp.tsv"), check_timestamp);
}
