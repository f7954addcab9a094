//! Identifiers as channels write them: `identifier.tsv` says what each must become.

use nayose::japanese::identifier::{CheckDigit, identifier};

/// Columns: check digit, text, key, whether valid, problem. `-` is none.
fn check(line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [kind, text, key, valid, problem] = columns[..] else {
        return Err(format!("{line}: five columns, please"));
    };
    let kind = match kind {
        "luhn" => CheckDigit::Luhn,
        "mod10w3" => CheckDigit::Mod10Weight3,
        _ => CheckDigit::None,
    };
    let i = identifier(text, kind);
    let validity = match i.valid {
        Some(true) => "yes",
        Some(false) => "no",
        None => "-",
    };
    let got = [i.key().unwrap_or("-"), validity, i.problem.map_or("-", |problem| problem.as_str())];
    if got == [key, valid, problem] { Ok(()) } else { Err(format!("{text}: {got:?}")) }
}

#[test]
fn as_listed() {
    super::check_lines(include_str!("identifier.tsv"), check);
}
