//! Kanji variants: which characters are one character in names.
//!
//! In: characters or text after [`fold_width`](crate::width::fold_width). Out: one representative for all variants of a
//! character ([`fold_char`]), and text with them folded ([`fold`]). Why: people, and the systems they type into, write
//! 斉藤, 斎藤 and 齋藤 for one name.
//!
//! Sources: `data/kanji_variants.tsv`, our own list, after the 旧字体 that the tables of 常用漢字 (2010) and 人名用漢字
//! pair with their new forms, and the variants of family registers; `data/kanji_simplified.tsv`, the simplified characters
//! that residence cards replace by full ones; and the compatibility ideographs of Unicode.
//! `data/kanji_apart.tsv` holds pairs that must never fold. Unihan's semantic variants are not used: they merge
//! different names.

use crate::kana::is_kanji;
use std::collections::HashMap;
use std::sync::OnceLock;

static VARIANTS: &str = include_str!("../data/kanji_variants.tsv");
static SIMPLIFIED: &str = include_str!("../data/kanji_simplified.tsv");

/// The first character that has variants: below it are no kanji (CJK Radicals Supplement).
const FIRST: char = '\u{2e80}';

/// Representatives by code point.
struct Table {
    /// Of the basic plane; 0 for the character itself.
    basic: Vec<u16>,
    /// Of characters above it, sorted: few have one.
    above: Vec<(char, char)>,
}

static TABLE: OnceLock<Table> = OnceLock::new();

/// The representative of all variants of `c`: 邉 → 辺, 髙 → 高, 斉 → 斎; `c` itself if it has none.
pub(crate) fn fold_char(c: char) -> char {
    if c < FIRST {
        return c;
    }
    TABLE.get_or_init(build).representative(c)
}

/// `s` with variants folded: every character as its representative, 々 as the character it repeats, and between kanji
/// ヶ ケ が ガ as ケ, ノ の 之 as ノ, ッ っ つ as ツ.
pub(crate) fn fold(s: &str) -> String {
    let chars: Vec<char> = expand(s);
    let mut out = String::with_capacity(s.len());
    for (i, &c) in chars.iter().enumerate() {
        out.push(folded_linker_at(&chars, i).unwrap_or_else(|| fold_char(c)));
    }
    out
}

/// The characters of `s` with 々 replaced by what it repeats.
fn expand(s: &str) -> Vec<char> {
    let mut out: Vec<char> = Vec::with_capacity(s.len() / 3 + 1);
    for c in s.chars() {
        match (c, out.last()) {
            ('々', Some(&last)) if is_kanji(last) => out.push(last),
            _ => out.push(c),
        }
    }
    out
}

/// The representative of a character that, between two kanji, links them and is spelled in several ways: ヶ ケ が ガ
/// are ケ, ノ の 之 are ノ, ッ ツ っ つ are ツ.
pub(crate) fn folded_linker(c: char) -> Option<char> {
    match c {
        'ヶ' | 'ケ' | 'が' | 'ガ' => Some('ケ'),
        'ノ' | 'の' | '之' => Some('ノ'),
        'ッ' | 'ツ' | 'っ' | 'つ' => Some('ツ'),
        _ => None,
    }
}

/// The representative of character `i` if it links two kanji.
fn folded_linker_at(chars: &[char], i: usize) -> Option<char> {
    let folded = folded_linker(chars[i])?;
    let kanji = |c: Option<&char>| c.is_some_and(|&c| is_kanji(c));
    (i > 0 && kanji(chars.get(i - 1)) && kanji(chars.get(i + 1))).then_some(folded)
}

impl Table {
    fn representative(&self, c: char) -> char {
        if let Some(&unit) = self.basic.get(c as usize) {
            return match unit {
                0 => c,
                unit => char::from_u32(u32::from(unit)).unwrap_or(c),
            };
        }
        match self.above.binary_search_by(|row| row.0.cmp(&c)) {
            Ok(found) => self.above[found].1,
            Err(_) => c,
        }
    }
}

fn build() -> Table {
    // Two steps: a character to its new form, and that to the form that stands for names that people confuse.
    let mut same: HashMap<char, char> = HashMap::new();
    let mut variant: HashMap<char, char> = HashMap::new();
    for line in VARIANTS.lines().filter(|l| !l.starts_with('#')) {
        let mut fields = line.split('\t');
        if let (Some(relation), Some(head), Some(members)) = (fields.next(), fields.next(), fields.next())
            && let Some(head) = head.chars().next()
        {
            let into = if relation == "=" { &mut same } else { &mut variant };
            into.extend(members.chars().map(|m| (m, head)));
        }
    }
    for (full, simplified) in SIMPLIFIED.lines().filter(|l| !l.starts_with('#')).filter_map(|l| l.split_once('\t')) {
        let Some(full) = full.chars().next() else { continue };
        // The new form of the full one: 吴 is 吳, which is 呉.
        let head = same.get(&full).copied().unwrap_or(full);
        for c in simplified.chars() {
            same.entry(c).or_insert(head);
        }
    }
    let mut all: Vec<(char, char)> = same.iter().map(|(&c, &h)| (c, h)).collect();
    all.extend(variant.keys().filter(|c| !same.contains_key(c)).map(|&c| (c, c)));
    // CJK compatibility ideographs, their supplement, and the radicals.
    for code in (0xf900..=0xfaff).chain(0x2f800..=0x2fa1f).chain(0x2e80..=0x2fdf) {
        let Some(c) = char::from_u32(code) else { continue };
        let mut plain = c;
        unicode_normalization::char::decompose_compatible(c, |d| plain = d);
        if plain != c {
            all.push((c, same.get(&plain).copied().unwrap_or(plain)));
        }
    }
    let mut table = Table { basic: vec![0; 0x10000], above: Vec::new() };
    for (c, head) in all {
        let representative = variant.get(&head).copied().unwrap_or(head);
        match (u16::try_from(c as u32), u16::try_from(representative as u32)) {
            (Ok(code), Ok(unit)) => table.basic[usize::from(code)] = unit,
            _ => table.above.push((c, representative)),
        }
    }
    table.above.sort_unstable();
    table
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::width::fold_width;
    use proptest::prelude::*;

    #[test]
    fn variants_fold_alike() {
        for (a, b, same) in [
            ("高橋", "髙橋", true),
            ("斉藤", "斎藤", true),
            ("齋藤", "斎藤", true),
            ("渡邉", "渡辺", true),
            ("渡邊", "渡邉", true),
            ("渡部", "渡辺", false),
            ("佐々木", "佐佐木", true),
            ("一ノ瀬", "一之瀬", true),
            ("関ヶ原", "關ケ原", true),
            ("𠮷田", "吉田", true),
        ] {
            assert_eq!(fold(a) == fold(b), same, "{a} {b}");
        }
    }

    #[test]
    fn pairs_of_the_list_stay_apart_and_heads_are_heads() {
        for line in include_str!("../data/kanji_apart.tsv").lines().filter(|l| !l.starts_with('#')) {
            let pair: Vec<char> = line.chars().filter(|&c| c != '\t').collect();
            assert_ne!(fold_char(pair[0]), fold_char(pair[1]), "{line}");
        }
        for c in '\0'..=char::MAX {
            assert_eq!(fold_char(fold_char(c)), fold_char(c), "{c}");
        }
    }

    proptest! {
        #[test]
        fn folding_twice_is_folding_once(text in "\\PC{0,12}|[ぁ-ヿ゛゜ｦ-ﾟ　 ー\u{3099}\u{309a}\u{fe0f}]{0,12}") {
            let folded = fold(&fold_width(&text));
            prop_assert_eq!(fold(&folded), folded.as_str());
        }
    }
}
