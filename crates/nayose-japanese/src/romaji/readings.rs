//! The kana that a name in rōmaji may stand for.
//!
//! In: rōmaji. Out: katakana as people write it, likeliest first. Why a list of names: OTANI is 大谷 オオタニ or 小谷 オタニ, and
//! nobody オタンイ; the letters do not tell. The list has the most frequent readings with a long vowel or ン before a vowel
//! (tools/dictionary/romaji_readings.py); other names are read by their letters.

use super::literal_kana;
use crate::kana::{enlarged, vowel_of};
use std::sync::OnceLock;

static READINGS: &str = include_str!("../../data/romaji_readings.tsv");

/// The most readings of a text. A judgement: listed ones have four at most, and rōmaji rarely has several kana.
const MAX_READINGS: usize = 8;
/// The share of a reading that no list has, in -10 ln: below every listed one.
const UNLISTED: u16 = u16::MAX;

/// The katakana that rōmaji may stand for, likeliest first; empty if it is not Japanese.
///
/// Readings of names that the letters do not tell apart (OTANI: オオタニ, オタニ; SHINICHI: シンイチ), then what the letters stand for
/// (SHINYA: シンヤ, シニャ, and シニヤ as systems without small kana write).
pub fn to_kana(latin: &str) -> Vec<String> {
    let literal = literal_kana(latin);
    let mut found: Vec<(u16, &str)> = Vec::with_capacity(MAX_READINGS);
    let keys: Vec<String> = literal.iter().map(|kana| loose_katakana(kana)).collect();
    for (i, key) in keys.iter().enumerate() {
        match listed(key) {
            Some(_) if keys[..i].contains(key) => {}
            Some(readings) => found.extend(readings.split(',').filter_map(with_share)),
            None if i == 0 || is_usual_nasal(&literal[i]) => found.push((UNLISTED, &literal[i])),
            None => {}
        }
    }
    found.sort_by_key(|row| row.0);
    found.truncate(MAX_READINGS);
    let mut out: Vec<String> = found.into_iter().map(|row| row.1.to_owned()).collect();
    let large = out.iter().find(|kana| kana.contains(['ャ', 'ュ', 'ョ'])).and_then(|kana| {
        let large = kana.replace("ニャ", "ニヤ").replace("ニュ", "ニユ").replace("ニョ", "ニヨ");
        (large != *kana && !out.contains(&large)).then_some(large)
    });
    out.extend(large);
    out
}

/// The loose key of katakana, as [`loose_key`](super::loose_key) has it.
fn loose_katakana(kana: &str) -> String {
    let (mut out, mut vowel) = (String::with_capacity(kana.len()), '\0');
    for c in kana.chars().map(enlarged) {
        let long = match c {
            'ア' | 'ウ' => vowel == c,
            'イ' => matches!(vowel, 'イ' | 'エ'),
            'エ' => vowel == 'エ',
            'オ' => vowel == 'オ',
            _ => c == 'ー',
        } || (c == 'ウ' && vowel == 'オ');
        if !long {
            vowel = vowel_of(c);
            out.push(c);
        }
    }
    out
}

/// The line of a loose key.
fn listed(key: &str) -> Option<&'static str> {
    static LINES: OnceLock<Vec<(&str, &str)>> = OnceLock::new();
    let lines = LINES.get_or_init(|| READINGS.lines().filter_map(|line| line.split_once('\t')).collect());
    lines.binary_search_by(|line| line.0.cmp(key)).ok().map(|at| lines[at].1)
}

/// A reading of the list and its share.
fn with_share(reading: &str) -> Option<(u16, &str)> {
    let kana = reading.trim_end_matches(|c: char| c.is_ascii_digit());
    Some((reading[kana.len()..].parse().ok()?, kana))
}

/// Whether no ン stands before a vowel, except that of 一: シンイチ is a name, オタンイ is none.
pub(crate) fn is_usual_nasal(kana: &str) -> bool {
    let mut rest = kana;
    while let Some((_, after)) = rest.split_once('ン') {
        if after.starts_with(['ア', 'イ', 'ウ', 'エ', 'オ']) && !after.starts_with("イチ") {
            return false;
        }
        rest = after;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loose_keys_are_those_of_any_text() {
        for kana in
            ["オオタニ", "コウイチ", "ケイコ", "シンイチ", "ショウヘイ", "ユウウキ", "カトー", "ヅカ", "ハットリ"]
        {
            assert_eq!(loose_katakana(kana), crate::romaji::loose_key(kana), "{kana}");
        }
    }

    #[test]
    fn the_list_is_in_order() {
        let keys: Vec<&str> = READINGS.lines().filter_map(|line| line.split_once('\t')).map(|line| line.0).collect();
        assert!(keys.len() > 2000 && keys.is_sorted());
    }
}
