//! Names by their reading: how common a kana key is as a family or given name.
//!
//! For names that come in kana or rōmaji only. Built from the dictionary at the first such name:
//! every reading's share times its name's share, summed.

use super::Reading;
use super::codes::{LONG, fold, kana_code, text};
use super::dictionary::{Part, dictionary};
use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::OnceLock;

/// Shares of people by kana key.
#[derive(Debug)]
pub struct KanaNames {
    parts: [HashMap<Box<[u8]>, f32, BuildHasherDefault<Mix>>; 2],
    /// By key without long vowels: the whole share, and each key with its own.
    loose: [HashMap<Box<[u8]>, Loose, BuildHasherDefault<Mix>>; 2],
}

type Loose = (f32, Vec<(Box<[u8]>, f32)>);

/// ln of the share of a reading in no list, and of each of its kana.
const UNLISTED: [f32; 2] = [-5.0, -4.0];
const LETTER: f32 = -2.3;

static NAMES: OnceLock<KanaNames> = OnceLock::new();

/// The table, built when first asked for.
pub fn kana_names() -> &'static KanaNames {
    NAMES.get_or_init(build)
}

impl KanaNames {
    /// ln of the share of people whose part reads as this kana key.
    pub fn ln_share(&self, part: Part, key: &str) -> f32 {
        let at = usize::from(part == Part::Given);
        match self.parts[at].get(codes(key).as_slice()) {
            Some(share) => share.ln(),
            None => unlisted(at, key),
        }
    }

    /// The same for a key without long vowels ([`loose_key`](crate::japanese::romaji::loose_key)).
    pub fn ln_share_loose(&self, part: Part, key: &str) -> f32 {
        let at = usize::from(part == Part::Given);
        match self.loose[at].get(codes(key).as_slice()) {
            Some((share, _)) => share.ln(),
            None => unlisted(at, key),
        }
    }

    /// The readings that loose keys stand for, with their shares; a key in no list stands for itself.
    pub fn expand(&self, part: Part, loose: &[String]) -> Vec<Reading> {
        let table = &self.loose[usize::from(part == Part::Given)];
        let mut out: Vec<Reading> = Vec::new();
        for key in loose {
            if let Some((_, keys)) = table.get(codes(key).as_slice()) {
                out.extend(keys.iter().map(|(kana, share)| Reading { key: text(kana), weight: *share }));
            }
        }
        if out.is_empty() {
            out.extend(loose.iter().map(|key| Reading { key: key.clone(), weight: 1.0 }));
        }
        let sum: f32 = out.iter().map(|r| r.weight).sum();
        out.iter_mut().for_each(|r| r.weight /= sum);
        out.sort_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.key.cmp(&b.key)));
        out.truncate(8);
        out
    }

    /// Whether any name reads so.
    pub fn is_listed(&self, part: Part, key: &str) -> bool {
        self.parts[usize::from(part == Part::Given)].contains_key(codes(key).as_slice())
    }
}

fn unlisted(at: usize, key: &str) -> f32 {
    let n = key.chars().count();
    let odd = if n < 2 {
        -4.0
    } else if n > 6 {
        -2.0
    } else {
        0.0
    };
    UNLISTED[at] + odd + LETTER * n as f32
}

fn codes(key: &str) -> Vec<u8> {
    key.chars().map(|c| kana_code(c).unwrap_or(0)).collect()
}

fn build() -> KanaNames {
    let dictionary = dictionary();
    let mut names = KanaNames { parts: Default::default(), loose: Default::default() };
    for (at, part) in [Part::Family, Part::Given].into_iter().enumerate() {
        let mut add = |kana: &[u8], share: f32| {
            let mut short = kana.to_vec();
            short.retain(|&c| c != LONG);
            *names.parts[at].entry(kana.into()).or_insert(0.0) += share;
            let (sum, keys) = names.loose[at].entry(short.into()).or_default();
            *sum += share;
            match keys.iter_mut().find(|k| *k.0 == *kana) {
                Some(row) => row.1 += share,
                None => keys.push((kana.into(), share)),
            }
        };
        for (key, entry) in dictionary.entries(part) {
            let share = entry.ln_share().exp();
            for (kana, weight) in dictionary.readings(part, entry) {
                if let Some((folded, len)) = fold(kana) {
                    add(&folded[..usize::from(len)], weight * share);
                }
            }
            let own: Vec<u8> =
                key.iter().filter(|u| matches!(u, 0x30a1..=0x30fc)).map(|u| (u - 0x30a0) as u8).collect();
            if own.len() == key.len() {
                add(&own, share);
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
        self.0 ^ (self.0 >> 29)
    }

    fn write(&mut self, bytes: &[u8]) {
        for &b in bytes {
            self.0 = (self.0.rotate_left(5) ^ u64::from(b)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
        }
    }

    fn write_usize(&mut self, n: usize) {
        self.0 ^= n as u64;
    }
}
