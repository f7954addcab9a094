//! Rōmaji keys from `romaji.tsv`, and that every kana is found again among the readings of its rōmaji.

use super::check_lines;
use nayose::japanese::romaji::{from_kana, key, loose_key, to_kana};
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
    fn kana_is_among_the_readings_of_its_romaji(kana in "([カサタナハマヤラワガザバ]|キ|シ|ツ|フ|リ|コ|ト|モ|ショ|キョ|リュ|ジュ){2,5}") {
        let found: Vec<String> = to_kana(&from_kana(&kana)).iter().map(|k| loose_key(k)).collect();
        prop_assert!(found.contains(&loose_key(&kana)), "{kana} {found:?}");
    }

    #[test]
    fn no_text_fails(text in any::<String>()) {
        let once = key(&text);
        to_kana(&text);
        from_kana(&text);
        prop_assert!(once.chars().count() <= 4 * text.chars().count() * 4);
    }
}
