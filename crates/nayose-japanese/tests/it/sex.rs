//! Sexes as channels write them: `sex.tsv` says what each must become.

use crate::check_lines;
use nayose_japanese::sex::sex;

/// Columns: text, key, problem. `-` is none.
fn check(line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [text, key, problem] = columns[..] else {
        return Err(format!("{line}: not three columns"));
    };
    let s = sex(text);
    let got = [s.key().unwrap_or("-"), s.problem.map_or("-", |problem| problem.as_str())];
    if got == [key, problem] { Ok(()) } else { Err(format!("{text}: {got:?}")) }
}

#[test]
fn as_listed() {
    check_lines(include_str!("sex.tsv"), check);
}
