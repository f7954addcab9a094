//! Identifiers as channels write them: `identifier.tsv` says what each must become.

use crate::check_lines;
use nayose_japanese::identifier::{CheckDigit, identifier};

/// Columns: check digit, text, key, whether valid, problem. `-` is none.
fn check(line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [kind, text, key, valid, problem] = columns[..] else {
        return Err(format!("{line}: not five columns"));
    };
    let kind = match kind {
        "luhn" => CheckDigit::Luhn,
        "jan" => CheckDigit::Jan,
        _ => CheckDigit::None,
    };
    let i = identifier(text, kind);
    let validity = match i.valid {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    };
    let got = [i.key.as_deref().unwrap_or("-"), validity, i.problem.map_or("-", |problem| problem.as_str())];
    if got == [key, valid, problem] { Ok(()) } else { Err(format!("{text}: {got:?}")) }
}

#[test]
fn as_listed() {
    check_lines(include_str!("identifier.tsv"), check);
}
