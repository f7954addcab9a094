//! Readings: the set of ways a family or given name may be read, each with its weight.
//!
//! In: a part key. Out: kana keys with weights that sum to at most one, likeliest first. Three
//! sources are mixed by how much evidence each has: the dictionary's readings of the whole name,
//! readings composed from what its characters read in names of that part and place (so that a name
//! no list has still has readings), and, if given, what a customer base's own records teach.
//!
//! One best reading is right for about four names in five; the set is what makes a record in kanji
//! meet one in kana. It is cut where the rest adds little, so that its size stays small.

use super::dictionary::{Dictionary, Part, Piece, Units, dictionary, kana_char, kana_code, slot};
use super::learned::ReadingModel;
use crate::japanese::kana::vowel_of;
use std::sync::OnceLock;

/// A reading and how likely it is among those of its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The [`kana_key`](crate::japanese::kana::kana_key).
    pub key: String,
    /// Its share, from 0 to 1.
    pub weight: f32,
}

/// Most readings in a set.
const MOST: usize = 12;
/// The set ends where this share is reached.
const ENOUGH: f32 = 0.985;
/// A reading below this share is not in the set.
const LEAST: f32 = 0.004;
/// What composition weighs against the evidence of the lists, in entries of a careful list.
const COMPOSED: f32 = 1.0;
/// A name with this much evidence is read as the lists say, without composing.
const WELL_KNOWN: f32 = 12.0;
/// Composed readings below this share of the whole are not looked for.
const FAINT: f32 = 0.002;

/// Codes of a reading, folded as a kana key.
type Codes = [u8; 24];

/// Candidates while a set is gathered.
struct Candidates {
    rows: Vec<(Codes, u8, f32)>,
}

impl Candidates {
    fn add(&mut self, kana: &[u8], weight: f32) {
        let Some((codes, len)) = fold(kana) else { return };
        for row in &mut self.rows {
            if row.1 == len && row.0 == codes {
                row.2 += weight;
                return;
            }
        }
        self.rows.push((codes, len, weight));
    }
}

/// The set of readings of a part key, likeliest first.
pub fn readings(part: Part, key: &Units, learned: Option<&ReadingModel>) -> Vec<Reading> {
    if key.is_empty() {
        return Vec::new();
    }
    if let Some(kana) = as_kana(key) {
        return vec![Reading { key: kana, weight: 1.0 }];
    }
    let dictionary = dictionary();
    let taught = learned.and_then(|model| model.of(part, &String::from_utf16_lossy(key)));
    let taught_sum: f32 = taught.map_or(0.0, |rows| rows.iter().map(|r| r.1 as f32).sum());
    let entry = dictionary.find(part, key);
    let listed = entry.map_or(0.0, |e| e.evidence());
    let composed = if listed + taught_sum >= WELL_KNOWN { 0.0 } else { COMPOSED };
    let sum = listed + taught_sum + composed;
    let mut found = Candidates { rows: Vec::with_capacity(16) };
    if let Some(entry) = entry {
        for (kana, share) in dictionary.readings(part, entry) {
            found.add(kana, share * listed / sum);
        }
    }
    for (kana, count) in taught.into_iter().flatten() {
        let codes: Vec<u8> = kana.chars().filter_map(kana_code).collect();
        found.add(&codes, *count as f32 / sum);
    }
    if composed > 0.0 {
        compose(dictionary, part, key, composed / sum, &mut found);
    }
    choose(found)
}

/// How likely a part is read as `kana` (katakana, small letters enlarged, as written): the lists'
/// share of its kana key mixed with the share that its characters give it.
pub fn likelihood(part: Part, key: &Units, kana: &[u8], learned: Option<&ReadingModel>) -> f32 {
    let Some((codes, len)) = fold(kana) else { return 0.0 };
    let folded = &codes[..usize::from(len)];
    if let Some(own) = as_kana(key) {
        let own: Vec<u8> = own.chars().filter_map(kana_code).collect();
        return if own == folded { 1.0 } else { 0.0 };
    }
    let dictionary = dictionary();
    let entry = dictionary.find(part, key);
    let listed = entry.map_or(0.0, |e| e.evidence());
    let mut sum = listed + COMPOSED;
    let mut share = entry
        .and_then(|e| dictionary.readings(part, e).find(|(k, _)| *k == folded))
        .map_or(0.0, |(_, share)| share * listed);
    if let Some(rows) = learned.and_then(|model| model.of(part, &String::from_utf16_lossy(key))) {
        let text: String = folded.iter().map(|&c| kana_char(c)).collect();
        sum += rows.iter().map(|r| r.1 as f32).sum::<f32>();
        share += rows.iter().find(|r| r.0 == text).map_or(0.0, |r| r.1 as f32);
    }
    (share + COMPOSED * aligned(dictionary, part, key, kana)) / sum
}

/// The reading of a key that is all kana.
fn as_kana(key: &Units) -> Option<String> {
    let kana = |u: &u16| matches!(u, 0x30a1..=0x30fa | 0x30fc);
    key.iter().all(kana).then(|| String::from_utf16_lossy(key))
}

/// The share of all ways to cut `kana` over the characters.
fn aligned(dictionary: &Dictionary, part: Part, key: &Units, kana: &[u8]) -> f32 {
    let mut here = [0.0f32; 33];
    if kana.len() > 32 {
        return 0.0;
    }
    here[0] = 1.0;
    for (i, &unit) in key.iter().enumerate() {
        let mut next = [0.0f32; 33];
        let at = slot(part, i, key.len());
        for (from, &share) in here.iter().enumerate().take(kana.len()) {
            if share > 0.0 {
                each_piece(dictionary, unit, |piece, row| {
                    if kana[from..].starts_with(piece) {
                        next[from + piece.len()] += share * row.map_or(1.0, |p| p.share(at));
                    }
                });
            }
        }
        here = next;
    }
    here[kana.len()]
}

fn each_piece(dictionary: &Dictionary, unit: u16, mut f: impl FnMut(&[u8], Option<&Piece>)) {
    let pieces = dictionary.pieces(unit);
    for piece in pieces {
        f(piece.kana(), Some(piece));
    }
    if pieces.is_empty()
        && let Some(code) = char::from_u32(u32::from(unit)).and_then(kana_code)
    {
        f(&[code], None);
    }
}

/// Readings composed of the pieces of each character, the faint ones left out.
fn compose(dictionary: &Dictionary, part: Part, key: &Units, scale: f32, into: &mut Candidates) {
    if key.len() > 5 {
        return;
    }
    let mut stack = vec![([0u8; 32], 0usize, 0usize, scale)];
    while let Some((kana, len, i, share)) = stack.pop() {
        if i == key.len() {
            into.add(&kana[..len], share);
            continue;
        }
        let at = slot(part, i, key.len());
        each_piece(dictionary, key[i], |piece, row| {
            let share = share * row.map_or(1.0, |p| p.share(at));
            if share >= FAINT * scale.max(0.25) && len + piece.len() <= 32 {
                let mut longer = kana;
                longer[len..len + piece.len()].copy_from_slice(piece);
                stack.push((longer, len + piece.len(), i + 1, share));
            }
        });
    }
}

fn choose(mut found: Candidates) -> Vec<Reading> {
    found.rows.sort_unstable_by(|a, b| b.2.total_cmp(&a.2).then_with(|| a.0.cmp(&b.0)));
    let sum: f32 = found.rows.iter().map(|r| r.2).sum();
    let mut out = Vec::new();
    let mut reached = 0.0;
    for (codes, len, weight) in found.rows {
        let weight = weight / sum;
        if out.len() >= MOST || (!out.is_empty() && (reached >= ENOUGH || weight < LEAST)) {
            break;
        }
        let mut key = String::with_capacity(3 * usize::from(len));
        key.extend(codes[..usize::from(len)].iter().map(|&c| kana_char(c)));
        out.push(Reading { key, weight });
        reached += weight;
    }
    out
}

/// Kana codes folded as [`kana_key`](crate::japanese::kana::kana_key) folds: long vowels as ー.
/// Small letters are expected enlarged already.
fn fold(kana: &[u8]) -> Option<(Codes, u8)> {
    const LONG: u8 = 0x5c;
    let vowels = vowels();
    let (mut out, mut len, mut vowel) = ([0; 24], 0u8, 0);
    for &code in kana {
        let own = vowels[usize::from(code & 0x7f)];
        let code = match (vowel, code) {
            (0, LONG) => continue,
            (_, LONG) => LONG,
            // ア ア, イ イ, ウ ウ, エ エ, エ イ, オ オ, オ ウ are long.
            (0x02, 0x02) | (0x04, 0x04) | (0x06, 0x06) | (0x08, 0x08 | 0x04) | (0x0a, 0x0a | 0x06) => LONG,
            (_, code) => {
                vowel = own;
                code
            }
        };
        *out.get_mut(usize::from(len))? = code;
        len += 1;
    }
    Some((out, len))
}

fn vowels() -> &'static [u8; 128] {
    static VOWELS: OnceLock<[u8; 128]> = OnceLock::new();
    VOWELS.get_or_init(|| {
        std::array::from_fn(|code| {
            let vowel = u8::try_from(code).map_or('\0', |code| vowel_of(kana_char(code)));
            kana_code(vowel).unwrap_or(0)
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::japanese::kana::kana_key;
    use crate::japanese::name::letters::{part_key, units_of};

    fn set(part: Part, name: &str) -> Vec<String> {
        readings(part, units_of(&part_key(name)).units(), None).into_iter().map(|r| r.key).collect()
    }

    #[test]
    fn known_and_composed() {
        assert_eq!(set(Part::Family, "佐々木")[0], "ササキ");
        assert!(set(Part::Family, "中島").contains(&"ナカシマ".to_owned()));
        assert!(set(Part::Given, "裕子").contains(&kana_key("ヒロコ")));
        assert!(set(Part::Given, "陽菜").contains(&kana_key("ハルナ")));
        assert_eq!(set(Part::Given, "さくら"), ["サクラ"]);
        // In no list.
        assert!(set(Part::Family, "下田島").contains(&"シモタジマ".to_owned()));
    }

    #[test]
    fn folds_like_kana_key() {
        for kana in ["ユウイチロウ", "オオノ", "ケイイチ", "アア", "ーア", "コオウ", "トモオ", "シユンスケ"] {
            let codes: Vec<u8> = kana.chars().filter_map(kana_code).collect();
            let (folded, len) = fold(&codes).expect("short");
            let text: String = folded[..usize::from(len)].iter().map(|&c| kana_char(c)).collect();
            assert_eq!(text, kana_key(kana));
        }
    }
}
