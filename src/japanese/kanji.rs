//! Kanji variants: which characters are one character to a reader of names, and how far apart.
//!
//! In: characters or text after [`fold_width`](super::width::fold_width). Out: the head of each
//! character's class ([`fold_char`]), a key in which variants meet ([`fold`]), and the
//! [`Distance`] of two characters, so that 斉藤 and 斎藤 share a key without being called equal.
//!
//! Sources: `data/kanji_variants.tsv`, our own list, after the 旧字体 that the tables of 常用漢字
//! (2010) and 人名用漢字 pair with their new forms, and the variants of family registers; and the
//! compatibility ideographs of Unicode. `data/kanji_apart.tsv` holds pairs that must never fold.
//! Unihan's semantic variants are not used: they merge different names.

use super::kana::is_kanji;
use std::cmp::Ordering;
use std::collections::HashMap;
use std::sync::OnceLock;

static VARIANTS: &str = include_str!("data/kanji_variants.tsv");

/// How far apart two characters, or two texts, are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Distance {
    /// The same code points.
    Exact,
    /// One character in its old and new form, or in two shapes: 髙/高, 﨑/崎, 德/徳.
    Same,
    /// Two characters that people swap in names: 斉/斎, 島/嶋, 邉/辺.
    Variant,
    /// Different.
    Different,
}

impl Distance {
    /// The name used in tables: `exact`, `same`, `variant`, `different`.
    pub fn name(self) -> &'static str {
        match self {
            Distance::Exact => "exact",
            Distance::Same => "same",
            Distance::Variant => "variant",
            Distance::Different => "different",
        }
    }
}

/// Heads by code point: an array for the basic plane (NUL: the character itself), a list above it.
struct Table {
    same: Vec<u16>,
    variant: Vec<u16>,
    above: Vec<(char, char, char)>,
}

static TABLE: OnceLock<Table> = OnceLock::new();

fn table() -> &'static Table {
    TABLE.get_or_init(build)
}

/// The head of the widest class `c` is in: 邉 → 辺, 髙 → 高, 斉 → 斎; `c` itself when it has none.
pub fn fold_char(c: char) -> char {
    if c < '\u{2e80}' {
        return c;
    }
    table().head(c).1
}

/// The head of the same-character class of `c`: 髙 → 高, 齊 → 斉; not across variants.
pub fn same_char(c: char) -> char {
    if c < '\u{2e80}' {
        return c;
    }
    table().head(c).0
}

/// How far apart two characters are.
pub fn distance(a: char, b: char) -> Distance {
    if a == b {
        return Distance::Exact;
    }
    let (x, y) = (table().head(a), table().head(b));
    if x.0 == y.0 {
        Distance::Same
    } else if x.1 == y.1 {
        Distance::Variant
    } else {
        Distance::Different
    }
}

/// How far apart two texts are: the farthest of their characters, or of the keys when lengths
/// differ (佐々木 and 佐佐木 are the same, 一ノ瀬 and 一之瀬 a variant).
pub fn text_distance(a: &str, b: &str) -> Distance {
    if a == b {
        return Distance::Exact;
    }
    let (x, y) = (expand(a), expand(b));
    if x.len() != y.len() {
        return Distance::Different;
    }
    let mut far = Distance::Same;
    for (i, (&c, &d)) in x.iter().zip(&y).enumerate() {
        let here = if linker(&x, i) == linker(&y, i) && linker(&x, i).is_some() {
            if c == d { Distance::Exact } else { Distance::Variant }
        } else {
            distance(c, d)
        };
        far = far.max(here);
    }
    far
}

/// The key in which variants meet: every character as its class head, 々 as the character it
/// repeats, and between kanji ヶ ケ が ガ as ケ, ノ の 之 as ノ, ッ っ つ as ツ.
pub fn fold(s: &str) -> String {
    let chars: Vec<char> = expand(s);
    let mut out = String::with_capacity(s.len());
    for (i, &c) in chars.iter().enumerate() {
        out.push(linker(&chars, i).unwrap_or_else(|| fold_char(c)));
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

/// The head of a character that, between two kanji, links them and is spelled in several ways:
/// ヶ ケ が ガ are ケ, ノ の 之 are ノ, ッ ツ っ つ are ツ.
pub fn linker_head(c: char) -> Option<char> {
    match c {
        'ヶ' | 'ケ' | 'が' | 'ガ' => Some('ケ'),
        'ノ' | 'の' | '之' => Some('ノ'),
        'ッ' | 'ツ' | 'っ' | 'つ' => Some('ツ'),
        _ => None,
    }
}

fn linker(chars: &[char], i: usize) -> Option<char> {
    let head = linker_head(chars[i])?;
    let kanji = |at: Option<&char>| at.is_some_and(|&c| is_kanji(c));
    (i > 0 && kanji(chars.get(i - 1)) && kanji(chars.get(i + 1))).then_some(head)
}

impl Table {
    /// The heads (same, variant) of `c`.
    fn head(&self, c: char) -> (char, char) {
        let at = c as usize;
        if at < self.same.len() {
            let or_self = |n: u16| match n {
                0 => c,
                n => char::from_u32(u32::from(n)).unwrap_or(c),
            };
            return (or_self(self.same[at]), or_self(self.variant[at]));
        }
        let order = |row: &(char, char, char)| -> Ordering { row.0.cmp(&c) };
        match self.above.binary_search_by(order) {
            Ok(found) => (self.above[found].1, self.above[found].2),
            Err(_) => (c, c),
        }
    }
}

fn build() -> Table {
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
    let mut all: Vec<(char, char)> = same.iter().map(|(&c, &h)| (c, h)).collect();
    all.extend(variant.keys().filter(|c| !same.contains_key(c)).map(|&c| (c, c)));
    for code in (0xf900..=0xfaff).chain(0x2f800..=0x2fa1f).chain(0x2e80..=0x2fdf) {
        let Some(c) = char::from_u32(code) else { continue };
        let mut plain = c;
        unicode_normalization::char::decompose_compatible(c, |d| plain = d);
        if plain != c {
            all.push((c, same.get(&plain).copied().unwrap_or(plain)));
        }
    }
    let mut table = Table { same: vec![0; 0x10000], variant: vec![0; 0x10000], above: Vec::new() };
    for (c, head) in all {
        let wide = variant.get(&head).copied().unwrap_or(head);
        match (u16::try_from(c as u32), u16::try_from(head as u32), u16::try_from(wide as u32)) {
            (Ok(at), Ok(head), Ok(wide)) => {
                table.same[usize::from(at)] = head;
                table.variant[usize::from(at)] = wide;
            }
            _ => table.above.push((c, head, wide)),
        }
    }
    table.above.sort_unstable();
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances() {
        for (a, b, far) in [
            ("高橋", "髙橋", Distance::Same),
            ("斉藤", "斎藤", Distance::Variant),
            ("齋藤", "斎藤", Distance::Same),
            ("渡邉", "渡辺", Distance::Variant),
            ("渡邊", "渡辺", Distance::Same),
            ("渡邉", "渡邊", Distance::Variant),
            ("渡部", "渡辺", Distance::Different),
            ("佐々木", "佐佐木", Distance::Same),
            ("一ノ瀬", "一之瀬", Distance::Variant),
            ("関ヶ原", "關ケ原", Distance::Variant),
            ("𠮷田", "吉田", Distance::Same),
        ] {
            assert_eq!(text_distance(a, b), far, "{a} {b}");
            assert_eq!(text_distance(b, a), far, "{b} {a}");
            assert_eq!(fold(a) == fold(b), far != Distance::Different, "{a} {b}");
        }
    }

    #[test]
    fn apart_stay_apart_and_heads_are_heads() {
        for line in include_str!("data/kanji_apart.tsv").lines().filter(|l| !l.starts_with('#')) {
            let pair: Vec<char> = line.chars().filter(|&c| c != '\t').collect();
            assert_eq!(distance(pair[0], pair[1]), Distance::Different, "{line}");
        }
        for c in '\0'..=char::MAX {
            assert_eq!(fold_char(fold_char(c)), fold_char(c), "{c}");
            assert_eq!(same_char(same_char(c)), same_char(c), "{c}");
            assert_eq!(fold_char(same_char(c)), fold_char(c), "{c}");
        }
    }
}
