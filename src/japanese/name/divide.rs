//! Division: where a name written in one piece falls into family and given.
//!
//! In: text without spaces, and its kana if there is any. Out: the place, with the probability that
//! it is right. Every place is weighed by how common the two parts are as names; a part that is in
//! no list by the characters it is made of. If the kana is known, how well it reads the two parts
//! weighs too, which also divides the kana.

use super::codes::kana_code;
use super::dictionary::{Dictionary, Part, dictionary, slot};
use super::kana_names::kana_names;
use super::learned::ReadingModel;
use super::letters::Letters;
use super::readings::likelihood;
use crate::japanese::kana::{kana_key, to_katakana};

/// A division of a text, in bytes of it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Division {
    /// Where the given name starts; the length of the text when there is only a family name, 0 when
    /// there is only a given name.
    pub at: usize,
    /// Where the given name starts in the kana, if kana came along and could be divided.
    pub kana_at: Option<usize>,
    /// Whether the part before `at` is the given name.
    pub swapped: bool,
    /// The probability that `at` is right, from 0 to 1.
    pub confidence: f32,
}

/// ln of the share of names that are in no list.
const UNLISTED: [f32; 2] = [-4.0, -3.2];
/// ln of the share of each length (1 to 5 and more) among names in no list.
const LENGTHS: [[f32; 5]; 2] = [[-3.2, -0.5, -1.3, -3.2, -5.3], [-2.3, -0.5, -1.4, -3.5, -5.0]];
/// ln of how often a field holds the family name alone, or the given name alone.
const ALONE: [f32; 2] = [-6.5, -9.0];
/// ln of the share of a kana among the letters of a name in no list.
const KANA_LETTER: f32 = -4.0;
/// A name less likely than this is tried with the given name in front.
pub(super) const UNCOMMON: f32 = -19.0;
/// ln of the odds against a given name in front of the family name.
pub(super) const TURNED: f32 = 5.0;
/// The least that a part's kana can say.
const MISREAD: f32 = -11.0;

/// How likely a stretch is a family or given name: ln of the share of people.
pub fn ln_share(part: Part, text: &str, letters: &Letters, from: usize, to: usize) -> f32 {
    let dictionary = dictionary();
    let key = letters.key(text, from, to);
    if let Some(entry) = dictionary.find(part, key.units()) {
        return entry.ln_share();
    }
    unlisted(dictionary, part, letters, key.units(), from, to)
}

fn unlisted(dictionary: &Dictionary, part: Part, letters: &Letters, key: &[u16], from: usize, to: usize) -> f32 {
    let at = usize::from(part == Part::Given);
    let mut sum = UNLISTED[at];
    if letters.is_kana(from, to) {
        // Kana given names are many; kana family names foreign.
        let kana = if part == Part::Given { -2.0 } else { -5.0 };
        let short = if key.len() < 2 { -5.0 } else { 0.0 };
        return sum + kana + short + KANA_LETTER * 0.8 * key.len() as f32;
    }
    sum += LENGTHS[at][key.len().clamp(1, 5) - 1];
    for (i, &unit) in key.iter().enumerate() {
        let ln = dictionary.ln_char(unit, slot(part, i, key.len()));
        sum += if letters.kana_at(from + i) { ln.max(KANA_LETTER - 1.5) } else { ln };
    }
    sum
}

/// Divides text of kanji, or of kanji and kana. Nothing if it is too long to be a name.
pub fn divide(text: &str, kana: Option<&str>, learned: Option<&ReadingModel>) -> Option<Division> {
    let letters = Letters::of(text)?;
    let n = letters.len();
    if letters.is_kana(0, n) {
        return divide_kana(text);
    }
    let kana = kana.map(Cuts::of).filter(|k| k.len() > 0);
    let mut ways: Vec<(usize, Option<usize>, f32)> = Vec::with_capacity(n + 1);
    for at in 1..n {
        if text[letters.byte(at)..].starts_with('々') {
            continue;
        }
        let mut ln = ln_share(Part::Family, text, &letters, 0, at) + ln_share(Part::Given, text, &letters, at, n);
        let mut kana_at = None;
        if let Some(kana) = &kana {
            let (place, fit) = kana.best(letters.key(text, 0, at).units(), letters.key(text, at, n).units(), learned);
            kana_at = place;
            ln += fit;
        }
        ways.push((letters.byte(at), kana_at, ln));
    }
    let whole = |part| ln_share(part, text, &letters, 0, n);
    let fits = |part| {
        let key = letters.key(text, 0, n);
        kana.as_ref().map_or(0.0, |k| ln_read(likelihood(part, key.units(), &k.codes, learned)))
    };
    let listed = |part| dictionary().find(part, letters.key(text, 0, n).units()).is_some();
    if listed(Part::Family) || n == 1 {
        ways.push((text.len(), None, whole(Part::Family) + ALONE[0] + fits(Part::Family)));
    }
    if listed(Part::Given) {
        ways.push((0, None, whole(Part::Given) + ALONE[1] + fits(Part::Given)));
    }
    let found = best(&ways)?;
    Some(turned(text, &letters, found, &ways).unwrap_or(found))
}

/// The division with the given name in front (太郎田中), if the other way round no place fits.
fn turned(text: &str, letters: &Letters, found: Division, ways: &[(usize, Option<usize>, f32)]) -> Option<Division> {
    let top = ways.iter().map(|w| w.2).fold(f32::MIN, f32::max);
    if top > UNCOMMON {
        return None;
    }
    let n = letters.len();
    let (at, ln) = (1..n)
        .filter(|&at| !text[letters.byte(at)..].starts_with('々'))
        .map(|at| (at, ln_share(Part::Given, text, letters, 0, at) + ln_share(Part::Family, text, letters, at, n)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let odds = ln - top;
    (odds > TURNED).then(|| Division {
        at: letters.byte(at),
        swapped: true,
        confidence: 1.0 / (1.0 + (TURNED - odds).exp()),
        ..found
    })
}

/// Divides text that is all kana by the readings of the lists.
fn divide_kana(text: &str) -> Option<Division> {
    let names = kana_names();
    let mut ways: Vec<(usize, Option<usize>, f32)> = Vec::new();
    let places: Vec<usize> = text.char_indices().map(|(at, _)| at).skip(1).collect();
    for &at in &places {
        if text[at..].starts_with([
            'ー', 'ン', 'ん', 'ッ', 'っ', 'ャ', 'ュ', 'ョ', 'ゃ', 'ゅ', 'ょ', 'ァ', 'ィ', 'ゥ', 'ェ', 'ォ',
        ]) {
            continue;
        }
        let ln =
            names.ln_share(Part::Family, &kana_key(&text[..at])) + names.ln_share(Part::Given, &kana_key(&text[at..]));
        ways.push((at, None, ln));
    }
    let whole = kana_key(text);
    if places.len() < 2 || names.is_listed(Part::Family, &whole) {
        ways.push((text.len(), None, names.ln_share(Part::Family, &whole) + ALONE[0] + 2.0));
    }
    if names.is_listed(Part::Given, &whole) {
        ways.push((0, None, names.ln_share(Part::Given, &whole) + ALONE[1] + 2.0));
    }
    best(&ways)
}

/// Where kana known to be a reading of `family` and `given` together is divided.
pub fn divide_reading(family: &[u16], given: &[u16], kana: &str, learned: Option<&ReadingModel>) -> Option<usize> {
    Cuts::of(kana).best(family, given, learned).0
}

/// How well two kana read two part keys (ln).
pub fn ln_fit(family: &[u16], first: &str, given: &[u16], second: &str, learned: Option<&ReadingModel>) -> f32 {
    ln_read(likelihood(Part::Family, family, &Cuts::of(first).codes, learned))
        + ln_read(likelihood(Part::Given, given, &Cuts::of(second).codes, learned))
}

/// The likeliest of (place, place in the kana, ln of its likelihood).
pub(super) fn best(ways: &[(usize, Option<usize>, f32)]) -> Option<Division> {
    let (at, kana_at, top) = *ways.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let sum: f32 = ways.iter().map(|w| (w.2 - top).exp()).sum();
    Some(Division { at, kana_at, swapped: false, confidence: 1.0 / sum })
}

fn ln_read(likelihood: f32) -> f32 {
    likelihood.ln().max(MISREAD)
}

/// Kana, its codes, and where each starts.
struct Cuts {
    codes: Vec<u8>,
    starts: Vec<usize>,
}

impl Cuts {
    fn of(kana: &str) -> Cuts {
        let mut cuts = Cuts { codes: Vec::new(), starts: Vec::new() };
        let katakana = to_katakana(kana);
        for ((at, _), c) in kana.char_indices().zip(katakana.chars()).take(32) {
            if let Some(code) = kana_code(c) {
                cuts.codes.push(code);
                cuts.starts.push(at);
            }
        }
        cuts
    }

    fn len(&self) -> usize {
        self.codes.len()
    }

    /// The best place to cut for two part keys, and how well it reads them (ln).
    fn best(&self, family: &[u16], given: &[u16], learned: Option<&ReadingModel>) -> (Option<usize>, f32) {
        let mut found = (None, 2.0 * MISREAD - 1.0);
        let mut one_sided = true;
        for cut in 1..self.len() {
            let first = ln_read(likelihood(Part::Family, family, &self.codes[..cut], learned));
            let second = ln_read(likelihood(Part::Given, given, &self.codes[cut..], learned));
            let read = first > MISREAD || second > MISREAD;
            if read && first + second > found.1 {
                found = (Some(self.starts[cut]), first + second);
                one_sided = first <= MISREAD || second <= MISREAD;
            }
        }
        // One part read as nobody reads it: believe the other only if it is a common reading.
        if one_sided && found.1 < MISREAD - 3.0 { (None, found.1) } else { found }
    }
}
