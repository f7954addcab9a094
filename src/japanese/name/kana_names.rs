//! Names by their reading: how common a kana key is as a family or given name.
//!
//! For names that come in kana or rōmaji only. Built from the dictionary at the first such name:
//! every reading's share times its name's share, summed.

use super::Reading;
use super::codes::{LONG, fold, kana_code, spelled, text};
use super::dictionary::{Part, dictionary};
use crate::japanese::romaji::loose_key;
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

/// A kana key in one word, seven bits a letter; the table has no name of more than 18.
type Word = u128;
type Table<V> = HashMap<Word, V, BuildHasherDefault<Mix>>;

/// Shares of people by kana key.
#[derive(Debug, Default)]
pub struct KanaNames {
    parts: [Table<Share>; 2],
}

/// The share of people with a kana key, and where the dictionary has its likeliest spelling.
#[derive(Debug, Clone, Copy)]
struct Share {
    whole: f32,
    best: f32,
    spelling: u32,
}

/// Nobody, and no spelling yet: names that people write in kana only have none.
const UNMET: Share = Share { whole: 0.0, best: 0.0, spelling: u32::MAX };

/// A whole share, and the share of each key in it.
type LooseShare = (f32, Vec<(Word, f32)>);

/// Shares of people by kana key without long vowels: the whole share, and each key with its own.
#[derive(Debug, Default)]
struct LooseNames {
    parts: [Table<LooseShare>; 2],
}

/// ln of the share of a reading in no list, and of each of its kana.
const UNLISTED: [f32; 2] = [-5.0, -4.0];
const LETTER: f32 = -2.3;

static NAMES: OnceLock<KanaNames> = OnceLock::new();
static LOOSE: OnceLock<LooseNames> = OnceLock::new();

/// The table, built when first asked for.
pub fn kana_names() -> &'static KanaNames {
    NAMES.get_or_init(build)
}

fn loose_names() -> &'static LooseNames {
    LOOSE.get_or_init(|| {
        let mut loose = LooseNames::default();
        for (table, strict) in loose.parts.iter_mut().zip(&kana_names().parts) {
            let mut rows: Vec<(Word, f32)> = strict.iter().map(|(&k, s)| (k, s.whole)).collect();
            rows.sort_unstable_by_key(|row| row.0);
            for (key, share) in rows {
                let short = pack(unpack(key).into_iter().filter(|&c| c != LONG));
                let (sum, keys) = table.entry(short.unwrap_or(key)).or_default();
                *sum += share;
                keys.push((key, share));
            }
        }
        loose
    })
}

impl KanaNames {
    /// ln of the share of people whose part reads as this kana key.
    pub fn ln_share(&self, part: Part, key: &str) -> f32 {
        let at = usize::from(part == Part::Given);
        match word(key).and_then(|w| self.parts[at].get(&w)) {
            Some(share) => share.whole.ln(),
            None => unlisted(at, key),
        }
    }

    /// The same for a key without long vowels ([`loose_key`]).
    pub fn ln_share_loose(&self, part: Part, key: &str) -> f32 {
        let at = usize::from(part == Part::Given);
        match word(key).and_then(|w| loose_names().parts[at].get(&w)) {
            Some((share, _)) => share.ln(),
            None => unlisted(at, key),
        }
    }

    /// The readings that kana stand for if their long vowels are not known, with their shares; kana
    /// in no list stand for themselves.
    pub fn expand(&self, part: Part, kana: Vec<String>) -> Vec<Reading> {
        let table = &loose_names().parts[usize::from(part == Part::Given)];
        let loose: Vec<String> = kana.iter().map(|k| loose_key(k)).collect();
        let mut out: Vec<Reading> = Vec::new();
        for (_, keys) in loose.iter().filter_map(|key| table.get(&word(key)?)) {
            out.extend(keys.iter().map(|&(key, weight)| Reading {
                key: text(&unpack(key)),
                kana: self.spelled(part, key),
                weight,
            }));
        }
        if out.is_empty() {
            let own = loose.into_iter().zip(kana).filter(|(key, _)| !key.is_empty());
            out.extend(own.map(|(key, kana)| Reading { key, kana, weight: 1.0 }));
        }
        let sum: f32 = out.iter().map(|r| r.weight).sum();
        out.iter_mut().for_each(|r| r.weight /= sum);
        out.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.key.cmp(&b.key)));
        out.truncate(8);
        out
    }

    /// A key as its likeliest spelling is written.
    fn spelled(&self, part: Part, key: Word) -> String {
        let share = self.parts[usize::from(part == Part::Given)].get(&key);
        match share.and_then(|s| dictionary().spelling(part, s.spelling)) {
            Some(kana) => text(kana),
            None => {
                let mut kana = unpack(key);
                spelled(&mut kana);
                text(&kana)
            }
        }
    }

    /// Whether any name reads so.
    pub fn is_listed(&self, part: Part, key: &str) -> bool {
        word(key).is_some_and(|w| self.parts[usize::from(part == Part::Given)].contains_key(&w))
    }
}

fn unlisted(at: usize, key: &str) -> f32 {
    let n = key.chars().count();
    let odd = match n {
        0..=1 => -4.0,
        2..=6 => 0.0,
        _ => -2.0,
    };
    UNLISTED[at] + odd + LETTER * n as f32
}

/// A key as a word; nothing if it is too long or no kana throughout.
fn word(key: &str) -> Option<Word> {
    let mut out = 0;
    for (n, c) in key.chars().enumerate() {
        out = push(out, n, kana_code(c)?)?;
    }
    Some(out)
}

fn pack(codes: impl IntoIterator<Item = u8>) -> Option<Word> {
    codes.into_iter().enumerate().try_fold(0, |out, (n, code)| push(out, n, code))
}

fn push(word: Word, n: usize, code: u8) -> Option<Word> {
    (n < 18).then_some(word << 7 | Word::from(code & 0x7f))
}

fn unpack(mut word: Word) -> Vec<u8> {
    let mut out = Vec::with_capacity(8);
    while word != 0 {
        out.push((word & 0x7f) as u8);
        word >>= 7;
    }
    out.reverse();
    out
}

fn build() -> KanaNames {
    let dictionary = dictionary();
    let mut names = KanaNames::default();
    for (at, part) in [Part::Family, Part::Given].into_iter().enumerate() {
        let table = &mut names.parts[at];
        table.reserve(60_000);
        for (key, entry) in dictionary.entries(part) {
            let share = entry.ln_share().exp();
            for (place, kana, weight) in dictionary.spellings(part, entry) {
                let folded = fold(kana).and_then(|(kana, len)| pack(kana[..usize::from(len)].iter().copied()));
                if let Some(key) = folded {
                    let weight = weight * share;
                    let row = table.entry(key).or_insert(UNMET);
                    row.whole += weight;
                    if weight > row.best {
                        (row.best, row.spelling) = (weight, place);
                    }
                }
            }
            if key.iter().all(|u| matches!(u, 0x30a1..=0x30fc))
                && let Some(own) = pack(key.iter().map(|u| (u - 0x30a0) as u8))
            {
                table.entry(own).or_insert(UNMET).whole += share;
            }
        }
    }
    names
}

/// A small multiplicative hash: the keys are ours.
#[derive(Debug, Default)]
pub struct Mix(u64);

impl Hasher for Mix {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = (self.0.rotate_left(5) ^ u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn write_u128(&mut self, n: u128) {
        let mixed = (n as u64 ^ (n >> 64) as u64 ^ (n >> 41) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = mixed ^ (mixed >> 32);
    }
}
