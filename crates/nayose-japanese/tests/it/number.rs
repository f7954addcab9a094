//! Numbers as people write them: `number.tsv` says what each is.

use crate::check_lines;
use nayose_japanese::number::number;

/// Columns: text, value or `-`.
fn check(line: &str) -> Result<(), String> {
    let (text, expected) = line.split_once('\t').ok_or_else(|| format!("{line}: not two columns"))?;
    let got = number(text).map_or("-".to_owned(), |value| value.to_string());
    if got == expected { Ok(()) } else { Err(format!("{text}: {got}")) }
}

#[test]
fn as_listed() {
    check_lines(include_str!("number.tsv"), check);
}
