//! Masks of values: `shape.tsv` says what each must become.

use crate::check_lines;
use nayose_japanese::shape::mask;

/// Columns: text, mask.
fn check(line: &str) -> Result<(), String> {
    let (text, expected) = line.split_once('\t').ok_or_else(|| format!("{line}: not two columns"))?;
    let got = mask(&text.replace("\\n", "\n"));
    if got == expected { Ok(()) } else { Err(format!("{text}: {got}")) }
}

#[test]
fn as_listed() {
    check_lines(include_str!("shape.tsv"), check);
}
