//! Names by their reading: how common a kana key is as a family or given name.
//!
//! In: a kana key. Out: ln of the share of people whose part reads so, and the readings that a key without long vowels
//! may have. Why a second table: names that come in kana or rōmaji only have no kanji to look up. It is built from the
//! dictionary at the first such name: every reading's share times its name's share, summed.

use super::Reading;
use super::codes::{LONG_VOWEL, fold_each, kana_code, kana_text, spell};
use super::dictionary::{Part, dictionary};
use crate::romaji::{is_usual_nasal, loose_key};
use std::sync::OnceLock;

/// A kana key in one word of seven bits a kana.
type Word = u128;

/// The most kana that a [`Word`] holds: 128 bits by 7. Listed readings have 10 at most.
const WORD_KANA: usize = 18;

/// Shares of people by kana key.
#[derive(Debug)]
pub(super) struct KanaNames {
    parts: [Table; 2],
}

/// The kana keys of one part, in the order of the dictionary, so that no sum depends on the order of a hash table.
#[derive(Debug)]
struct Table {
    keys: Vec<Word>,
    shares: Vec<Share>,
    index: Index,
}

impl Table {
    fn row(&self, key: Word) -> Option<usize> {
        self.index.rows(key).find(|&row| self.keys[row] == key)
    }

    fn get(&self, key: Word) -> Option<&Share> {
        self.row(key).map(|row| &self.shares[row])
    }

    /// The share of a key, which is added where it is new.
    fn share_of(&mut self, key: Word) -> &mut Share {
        let row = self.row(key).unwrap_or_else(|| {
            self.keys.push(key);
            self.shares.push(NO_SHARE);
            self.index.push(key);
            self.keys.len() - 1
        });
        &mut self.shares[row]
    }

    /// The rows of a key without long vowels; `loose` is the index of such keys.
    fn loose_rows(&self, loose: &Index, key: Word) -> impl Iterator<Item = usize> {
        loose.rows(key).filter(move |&row| without_long_vowels(self.keys[row]) == key)
    }
}

/// Rows by the hash of their key. Why no hash map: it is built while somebody waits, and the first touch of a page of memory
/// costs as much as thousands of instructions. This has four bytes a slot and a row.
#[derive(Debug)]
struct Index {
    /// By hash: the last row from 1; 0 for none.
    last: Vec<u32>,
    /// By row: the row before it of the same slot, in the same way.
    before: Vec<u32>,
}

impl Index {
    fn with_room(rows: usize) -> Self {
        Index { last: vec![0; rows.next_power_of_two()], before: Vec::with_capacity(rows) }
    }

    /// Adds the next row.
    fn push(&mut self, key: Word) {
        let slot = self.slot(key);
        self.before.push(self.last[slot]);
        self.last[slot] = self.before.len() as u32;
    }

    /// The rows that may have a key, the last one first.
    fn rows(&self, key: Word) -> impl Iterator<Item = usize> {
        let row = |n: u32| (n as usize).checked_sub(1);
        std::iter::successors(row(self.last[self.slot(key)]), move |&at| row(self.before[at]))
    }

    /// A multiplicative hash (2^64 divided by the golden ratio). The keys come from our own file, so nobody can choose them to
    /// collide.
    fn slot(&self, key: Word) -> usize {
        // Folds the upper kana onto the lower ones, by shifts that are no multiple of the 7 bits of a kana.
        let mixed = (key as u64 ^ (key >> 64) as u64 ^ (key >> 41) as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        (mixed ^ (mixed >> 32)) as usize & (self.last.len() - 1)
    }
}

/// The share of people with a kana key, and where the dictionary has its likeliest spelling.
#[derive(Debug, Clone, Copy)]
struct Share {
    whole: f32,
    best: f32,
    spelling: u32,
}

/// The start of a sum, without a spelling: names that people write in kana only have none.
const NO_SHARE: Share = Share { whole: 0.0, best: 0.0, spelling: u32::MAX };

/// ln of the share of people whose family, or given, name has an unlisted reading. A judgement.
const UNLISTED_LN: [f32; 2] = [-5.0, -4.0];
/// ln of the share of each kana of an unlisted reading: 1 in 10. A judgement.
const KANA_LN: f32 = -2.3;
/// Added for an unlisted reading of one kana, and for one of more than six. A judgement.
const ONE_KANA_LN: f32 = -4.0;
const LONG_READING_LN: f32 = -2.0;
/// The most readings of a name in rōmaji. A judgement: 5 listed ones at most differ by long vowels only, and rōmaji
/// rarely has several kana.
const MAX_READINGS: usize = 8;
/// Room for the kana keys of each part: the dictionary has 43,368 of family names and 19,633 of given names.
const ROOM: [usize; 2] = [45_000, 21_000];

static NAMES: OnceLock<KanaNames> = OnceLock::new();
static LOOSE: OnceLock<[Index; 2]> = OnceLock::new();

/// The table, built at the first call.
pub(super) fn kana_names() -> &'static KanaNames {
    NAMES.get_or_init(build)
}

/// The rows of the table by loose key: a kana key without long vowels.
fn loose_index(part: Part) -> &'static Index {
    let both = LOOSE.get_or_init(|| {
        [Part::Family, Part::Given].map(|part| {
            let keys = &kana_names().parts[part.index()].keys;
            let mut index = Index::with_room(keys.len());
            keys.iter().for_each(|&key| index.push(without_long_vowels(key)));
            index
        })
    });
    &both[part.index()]
}

impl KanaNames {
    /// ln of the share of people whose part reads as this kana key.
    pub(super) fn ln_share(&self, part: Part, key: &str) -> f32 {
        match word(key).and_then(|w| self.parts[part.index()].get(w)) {
            Some(share) => share.whole.ln(),
            None => unlisted_ln_share(part, key),
        }
    }

    /// The same for a [`loose_key`].
    pub(super) fn ln_share_loose(&self, part: Part, key: &str) -> f32 {
        let table = &self.parts[part.index()];
        let rows = word(key).into_iter().flat_map(|w| table.loose_rows(loose_index(part), w));
        let share: f32 = rows.map(|row| table.shares[row].whole).sum();
        if share > 0.0 { share.ln() } else { unlisted_ln_share(part, key) }
    }

    /// The listed readings that equal one of `kana` but for long vowels, with their shares; without any, `kana`
    /// themselves.
    pub(super) fn expand(&self, part: Part, kana: Vec<String>) -> Vec<Reading> {
        let table = &self.parts[part.index()];
        let loose: Vec<String> = kana.iter().map(|k| loose_key(k)).collect();
        let mut out: Vec<Reading> = Vec::new();
        let distinct = (0..loose.len()).filter(|&i| !loose[..i].contains(&loose[i]));
        for key in distinct.filter_map(|i| word(&loose[i])) {
            out.extend(table.loose_rows(loose_index(part), key).map(|row| Reading {
                key: kana_text(&unpack(table.keys[row])),
                kana: spelling(part, table.keys[row], &table.shares[row]),
                weight: table.shares[row].whole,
            }));
        }
        if out.is_empty() {
            let own = loose.into_iter().zip(kana).filter(|(key, _)| !key.is_empty());
            let own = own.enumerate().filter(|(i, (_, kana))| *i == 0 || is_usual_nasal(kana)).map(|(_, row)| row);
            out.extend(own.map(|(key, kana)| Reading { key, kana, weight: 1.0 }));
        }
        let sum: f32 = out.iter().map(|r| r.weight).sum();
        out.iter_mut().for_each(|r| r.weight /= sum);
        out.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.key.cmp(&b.key)));
        out.truncate(MAX_READINGS);
        out
    }

    /// Whether a listed name reads so.
    pub(super) fn is_listed(&self, part: Part, key: &str) -> bool {
        word(key).is_some_and(|w| self.parts[part.index()].row(w).is_some())
    }

    /// The same for a [`loose_key`].
    pub(super) fn is_listed_loose(&self, part: Part, key: &str) -> bool {
        let table = &self.parts[part.index()];
        word(key).is_some_and(|w| table.loose_rows(loose_index(part), w).next().is_some())
    }
}

/// The likeliest spelling of a key.
fn spelling(part: Part, key: Word, share: &Share) -> String {
    match dictionary().spelling(part, share.spelling) {
        Some(kana) => kana_text(kana),
        None => {
            let mut kana = unpack(key);
            spell(&mut kana);
            kana_text(&kana)
        }
    }
}

fn unlisted_ln_share(part: Part, key: &str) -> f32 {
    let n = key.chars().count();
    let length = match n {
        0..=1 => ONE_KANA_LN,
        2..=6 => 0.0,
        _ => LONG_READING_LN,
    };
    UNLISTED_LN[part.index()] + length + KANA_LN * n as f32
}

/// A key as a word; `None` if it is too long or not all kana.
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

/// The kana key of codes as written.
fn folded_word(kana: &[u8]) -> Option<Word> {
    let (mut word, mut n) = (0, 0);
    fold_each(kana, |code| {
        word = push(word, n, code)?;
        n += 1;
        Some(())
    })?;
    Some(word)
}

/// A kana key without its long vowels; a key of nothing else as it is.
fn without_long_vowels(key: Word) -> Word {
    let (mut out, mut rest, mut shift) = (0, key, 0);
    while rest != 0 {
        let code = rest & 0x7f;
        if code != Word::from(LONG_VOWEL) {
            out |= code << shift;
            shift += 7;
        }
        rest >>= 7;
    }
    if out == 0 { key } else { out }
}

fn push(word: Word, n: usize, code: u8) -> Option<Word> {
    (n < WORD_KANA).then_some(word << 7 | Word::from(code & 0x7f))
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
    KanaNames { parts: [Part::Family, Part::Given].map(build_part) }
}

fn build_part(part: Part) -> Table {
    let (dictionary, room) = (dictionary(), ROOM[part.index()]);
    let mut table =
        Table { keys: Vec::with_capacity(room), shares: Vec::with_capacity(room), index: Index::with_room(room) };
    for (key, entry) in dictionary.entries(part) {
        let share = entry.ln_share().exp();
        for (offset, kana, weight) in dictionary.spellings(part, entry) {
            if let Some(key) = folded_word(kana) {
                let (weight, row) = (weight * share, table.share_of(key));
                row.whole += weight;
                if weight > row.best {
                    (row.best, row.spelling) = (weight, offset);
                }
            }
        }
        // A name in kana is its own reading.
        if key.iter().all(|u| matches!(u, 0x30a1..=0x30fc))
            && let Some(own) = pack(key.iter().map(|u| (u - 0x30a0) as u8))
        {
            table.share_of(own).whole += share;
        }
    }
    table
}
