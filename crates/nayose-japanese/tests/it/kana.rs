//! Kana keys from `kana.tsv`, and that keys and folding are stable for any text.

use crate::check_lines;
use nayose_japanese::kana::kana_key;
use nayose_japanese::width::fold_width;
use proptest::prelude::*;

#[test]
fn readings_share_a_key() {
    check_lines(include_str!("kana.tsv"), check);
}

fn check(line: &str) -> Result<(), String> {
    let (same, other) = line.split_once("\t!=\t").unwrap_or((line, ""));
    let mut keys: Vec<String> = same.split('\t').map(kana_key).collect();
    let others: Vec<String> = other.split('\t').filter(|o| !o.is_empty()).map(kana_key).collect();
    keys.dedup();
    if keys.len() == 1 && !others.contains(&keys[0]) { Ok(()) } else { Err(format!("{line}: {keys:?} {others:?}")) }
}

proptest! {
    #[test]
    fn folding_twice_is_folding_once(text in "\\PC{0,12}|[ぁ-ヿ゛゜ｦ-ﾟ　 ー\u{3099}\u{309a}\u{fe0f}]{0,12}") {
        let once = fold_width(&text).into_owned();
        prop_assert_eq!(fold_width(&once), once.as_str());
        let key = kana_key(&text);
        prop_assert_eq!(kana_key(&key), key.as_str());
    }

    #[test]
    fn folding_any_text_twice_is_folding_it_once(text in any::<String>()) {
        let once = fold_width(&text).into_owned();
        prop_assert_eq!(fold_width(&once), once.as_str());
    }
}
