//! Companies as people and banks write them: `company.tsv` says what each must become, `company_keys.tsv` which texts have
//! one key.

use crate::check_lines;
use nayose_japanese::organization::organization;

/// Columns: text, kind, name, name key. `-` is none.
fn check(line: &str) -> Result<(), String> {
    let [text, kind, name, name_key] = line.split('\t').collect::<Vec<_>>()[..] else {
        return Err(format!("{line}: not four columns"));
    };
    let found = organization(text);
    let got = match &found {
        Some(o) => [o.kind.name(), &o.name, &o.name_key],
        None => ["-"; 3],
    };
    if got == [kind, name, name_key] { Ok(()) } else { Err(format!("{text}: {got:?}")) }
}

/// Texts with one key, after `!=` texts with others.
fn check_keys(line: &str) -> Result<(), String> {
    let (same, other) = line.split_once("\t!=\t").unwrap_or((line, ""));
    let key = |text: &str| organization(text).map(|o| o.key);
    let mut keys: Vec<_> = same.split('\t').map(key).collect();
    let others: Vec<_> = other.split('\t').filter(|o| !o.is_empty()).map(key).collect();
    keys.dedup();
    let one = keys.len() == 1 && keys[0].is_some();
    if one && !others.contains(&keys[0]) { Ok(()) } else { Err(format!("{line}: {keys:?} {others:?}")) }
}

#[test]
fn as_listed() {
    check_lines(include_str!("company.tsv"), check);
}

#[test]
fn spellings_of_one_company_have_one_key() {
    check_lines(include_str!("company_keys.tsv"), check_keys);
}
