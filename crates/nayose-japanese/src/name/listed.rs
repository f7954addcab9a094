//! Whether a part of a name is one that lists of names know.
//!
//! In: the key of a part in characters, kana or Latin letters. Out: whether a list has it as family, or as given name. Why: one
//! other letter in a name is a slip, unless it makes another name.

use super::dictionary::{Part, dictionary};
use super::foreign;
use super::kana_names::kana_names;
use super::latin::loose_keys;
use super::letters::{key_units, part_key};
use crate::kana::{is_kana, is_long_mark, kana_key};
use crate::romaji;

/// Whether a list of family names has it.
pub fn is_family_name(part: &str) -> bool {
    is_listed(Part::Family, part)
}

/// Whether a list of given names has it.
pub fn is_given_name(part: &str) -> bool {
    is_listed(Part::Given, part)
}

fn is_listed(part: Part, text: &str) -> bool {
    if text.is_empty() {
        false
    } else if text.chars().all(|c| is_kana(c) || is_long_mark(c)) {
        kana_names().is_listed(part, &kana_key(text))
    } else if romaji::is_latin(text) {
        // Lists of foreign names tell words, and not everywhere which part they are.
        let word = text.to_lowercase();
        foreign::is_listed(&word) || loose_keys(&word).iter().any(|key| kana_names().is_listed_loose(part, key))
    } else {
        dictionary().find(part, key_units(&part_key(text)).units()).is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_know_names_however_they_are_written() {
        for name in ["アカリ", "ヒカリ", "あかり", "ミカ", "ミキ", "太郎", "AKARI", "Hikari", "TARO", "シヨウコ"]
        {
            assert!(is_given_name(name), "{name}");
        }
        for name in ["サトウ", "カトウ", "佐藤", "SATO", "KATO", "NGUYEN"] {
            assert!(is_family_name(name), "{name}");
        }
        for name in ["アカヌ", "ヒカヘ", "ミプ", "太穣", "AKARX", "HIKAXI", ""] {
            assert!(!is_given_name(name), "{name}");
        }
        for name in ["サトヌ", "佐藤藤", "SATX", ""] {
            assert!(!is_family_name(name), "{name}");
        }
    }
}
