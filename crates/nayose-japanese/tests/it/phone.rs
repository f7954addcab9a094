//! Phones as people write them: `phone.tsv` says what each must become.

use crate::check_lines;
use nayose_japanese::phone::{phone, phones};

/// Columns: text, key, national form, kind, extension, problem. `-` is none.
fn check(line: &str) -> Result<(), String> {
    let columns: Vec<&str> = line.split('\t').collect();
    let [text, key, national, kind, extension, problem] = columns[..] else {
        return Err(format!("{line}: not six columns"));
    };
    let p = phone(text);
    let got = [
        p.key().unwrap_or("-"),
        p.national.as_deref().unwrap_or("-"),
        p.kind.as_str(),
        p.extension.as_deref().unwrap_or("-"),
        p.problem.map_or("-", |problem| problem.as_str()),
    ];
    if !(0.0..=1.0).contains(&p.confidence) || (p.key().is_none() != (p.confidence == 0.0)) {
        return Err(format!("{text}: confidence {}", p.confidence));
    }
    if got == [key, national, kind, extension, problem] { Ok(()) } else { Err(format!("{text}: {got:?}")) }
}

#[test]
fn as_listed() {
    check_lines(include_str!("phone.tsv"), check);
}

#[test]
fn several_numbers_in_one_field() {
    let keys = |text: &str| phones(text).iter().filter_map(|p| p.e164.clone()).collect::<Vec<_>>().join(" ");
    assert_eq!(keys("03-3581-0101/0102"), "+81335810101 +81335810102");
    assert_eq!(keys("自宅:03-3581-0101 携帯:090-2841-7365"), "+81335810101 +819028417365");
    assert_eq!(keys("09028417365、08061523948"), "+819028417365 +818061523948");
    assert_eq!(keys("090-2841-7365, 090-2841-7365"), "+819028417365");
    assert_eq!(keys("なし"), "");
}
