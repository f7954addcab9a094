//! Rōmaji keys from `romaji.tsv`, and that no text fails.

use crate::check_lines;
use nayose_japanese::romaji::{from_kana, key, to_kana};
use proptest::prelude::*;

#[test]
fn spellings_share_a_key() {
    check_lines(include_str!("romaji.tsv"), check);
}

fn check(line: &str) -> Result<(), String> {
    let mut keys: Vec<String> = line.split('\t').map(key).collect();
    keys.dedup();
    if keys.len() == 1 { Ok(()) } else { Err(format!("{line}: {keys:?}")) }
}

proptest! {
    #[test]
    fn no_text_fails(text in any::<String>()) {
        let once = key(&text);
        to_kana(&text);
        from_kana(&text);
        prop_assert!(once.chars().count() <= 4 * text.chars().count() * 4);
    }
}

/// Columns: rōmaji, readings that it has, readings that it has not.
fn check_readings(line: &str) -> Result<(), String> {
    let mut columns = line.split('\t');
    let [latin, wanted, unwanted] = [(); 3].map(|()| columns.next().unwrap_or_default());
    let found = to_kana(latin);
    let has = |list: &str| -> Vec<bool> {
        list.split(',').filter(|k| !k.is_empty()).map(|k| found.iter().any(|f| f == k)).collect()
    };
    let good = has(wanted).iter().all(|&h| h) && !has(unwanted).iter().any(|&h| h) && found.len() <= 9;
    if good { Ok(()) } else { Err(format!("{latin}: {found:?}")) }
}

#[test]
fn readings_are_those_of_names() {
    check_lines(include_str!("romaji_kana.tsv"), check_readings);
}
