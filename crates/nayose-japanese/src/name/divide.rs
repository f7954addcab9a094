//! Division: where a name without a space splits into family and given name.
//!
//! In: text without spaces, and its kana if the record has it. Out: the position of the split, with the probability
//! that it is right. Every position is scored by how common both parts are as names; a part in no list, by the
//! characters that it consists of. If the kana is known, its likelihood as the reading of both parts is added, which
//! also divides the kana. Why probabilities: matching treats a doubtful split as a guess.

use super::codes::kana_code;
use super::dictionary::{Dictionary, ENDING, Part, char_position, dictionary, ln_ending_share};
use super::kana_names::kana_names;
use super::letters::Letters;
use super::memo::{Memo, Short};
use super::readings::{Likelihood, MOST_LN};
use crate::kana::{kana_key, katakana};
use std::cell::RefCell;

/// A division of a text. Positions are in bytes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Division {
    /// Where the second part starts; the length of the text if it is a family name alone, 0 if it is a given name
    /// alone.
    pub split: usize,
    /// Where the second part starts in the kana, if there was kana and it could be divided.
    pub kana_split: Option<usize>,
    /// Whether the given name is the first part.
    pub swapped: bool,
    /// The probability that `split` is right, from 0 to 1.
    pub confidence: f32,
}

/// A candidate: where the second part starts, where it starts in the kana, ln of its likelihood.
pub(super) type Candidate = (usize, Option<usize>, f32);

// Two numbers each: for family names, for given names. Chosen on 23,030 names of persons of JMnedict (EDRDG, CC BY-SA; used
// to measure only, nothing of it is here) whose reading divides them in one way; on 23,009 others of it the errors fell from about
// 128 to about 117. Names all in kana are judgements, on which rows of tests/it/name.tsv depend.

/// ln of the share of people whose name is in no list.
const UNLISTED_LN: [f32; 2] = [-3.25, -2.2];
/// ln of the share of each length (1 to 5 and more characters) among names in no list.
const LENGTH_LN: [[f32; 5]; 2] = [[-3.2, -0.5, -2.3, -3.2, -5.3], [-3.3, -0.5, -3.4, -5.2, -6.0]];
/// ln of the share of names all in kana among names in no list: such given names are frequent, such family names are
/// mostly foreign.
const UNLISTED_KANA_LN: [f32; 2] = [-5.0, -3.0];
/// ln of the share of fields that hold one part alone.
const ALONE_LN: [f32; 2] = [-6.5, -9.0];

/// ln of the share of one kana in an unlisted name all in kana: 1 in 25. A judgement.
const KANA_CHAR_LN: f32 = -3.2;
/// The least ln of the share of one kana among the kanji of an unlisted name: the dictionary counts kanji, and kana
/// only where a listed name has them. A judgement.
const MIXED_KANA_CHAR_LN: f32 = -5.5;
/// Added for a name of one kana, which hardly anybody has. A judgement.
const ONE_KANA_LN: f32 = -5.0;
/// Added where a whole field in kana is listed as one part: fields in kana hold one part more often. A judgement.
const ALONE_IN_KANA_LN: f32 = 2.0;
/// Below this likelihood the given name is tried as the first part: two parts that one in 13,000 has. A judgement.
pub(super) const UNCOMMON_LN: f32 = -19.0;
/// ln of the odds against a given name as the first part: 1 in 150. A judgement.
pub(super) const GIVEN_FIRST_LN: f32 = 5.0;
/// The least that the kana of a part can count: kana may be mistyped or belong to somebody else. A judgement.
const MISREAD_LN: f32 = -11.0;
/// If the kana reads one part only, the other part's likelihood must be above this to divide it. A judgement.
const ONE_PART_READ_LN: f32 = -3.0;
/// The most kana that are divided. A judgement; longer kana is no name.
const MAX_KANA: usize = 32;

/// ln of the share of people who have the characters from `from` to `to` as a part of their name.
pub(super) fn ln_share(part: Part, text: &str, letters: &Letters, from: usize, to: usize) -> f32 {
    let dictionary = dictionary();
    let key = letters.key(text, from, to);
    if let Some(entry) = dictionary.find(part, key.units()) {
        return entry.ln_share();
    }
    unlisted_ln_share(dictionary, part, letters, key.units(), from, to)
}

fn unlisted_ln_share(
    dictionary: &Dictionary,
    part: Part,
    letters: &Letters,
    key: &[u16],
    from: usize,
    to: usize,
) -> f32 {
    let mut sum = UNLISTED_LN[part.index()];
    if letters.all_kana(from, to) {
        let short = if key.len() < 2 { ONE_KANA_LN } else { 0.0 };
        return sum + UNLISTED_KANA_LN[part.index()] + short + KANA_CHAR_LN * key.len() as f32;
    }
    sum += LENGTH_LN[part.index()][key.len().clamp(1, 5) - 1];
    let ln_char = |i: usize| {
        let ln = dictionary.ln_char_share(key[i], char_position(part, i, key.len()));
        if letters.is_kana(from + i) { ln.max(MIXED_KANA_CHAR_LN) } else { ln }
    };
    let begin = key.len().saturating_sub(if part == Part::Given && key.len() > ENDING { ENDING } else { 0 });
    sum += (0..begin).map(ln_char).sum::<f32>();
    let ending: f32 = (begin..key.len()).map(ln_char).sum();
    // Given names are made of a character and a common ending (柊一郎, 吉衛門): likelier than its characters apart.
    sum + match key[begin..] {
        [a, b] => ln_ending_share([a, b]).map_or(ending, |ln| ln.max(ending)),
        _ => ending,
    }
}

/// Divides text of kanji, or of kanji and kana. `None` if it is too long to be a name.
pub fn divide(text: &str, kana: Option<&str>) -> Option<Division> {
    let letters = Letters::new(text)?;
    let n = letters.len();
    if letters.all_kana(0, n) {
        return divide_kana(text);
    }
    let kana = kana.map(Kana::new).filter(|k| k.len() > 0);
    let mut candidates: Vec<Candidate> = Vec::with_capacity(n + 1);
    for i in 1..n {
        if text[letters.byte(i)..].starts_with('々') {
            continue;
        }
        let mut ln = ln_share(Part::Family, text, &letters, 0, i) + ln_share(Part::Given, text, &letters, i, n);
        let mut kana_split = None;
        if let Some(kana) = &kana {
            let (split, fit) = kana.best_split(letters.key(text, 0, i).units(), letters.key(text, i, n).units());
            kana_split = split;
            ln += fit;
        }
        candidates.push((letters.byte(i), kana_split, ln));
    }
    let whole = |part| ln_share(part, text, &letters, 0, n);
    let fit = |part| {
        let key = letters.key(text, 0, n);
        kana.as_ref().map_or(0.0, |k| ln_likelihood(Likelihood::new(part, key.units()).of(k.codes())))
    };
    let listed = |part| dictionary().find(part, letters.key(text, 0, n).units()).is_some();
    if listed(Part::Family) || n == 1 {
        candidates.push((text.len(), None, whole(Part::Family) + ALONE_LN[0] + fit(Part::Family)));
    }
    if listed(Part::Given) {
        candidates.push((0, None, whole(Part::Given) + ALONE_LN[1] + fit(Part::Given)));
    }
    let found = best(&candidates)?;
    Some(given_first(text, &letters, found, &candidates).unwrap_or(found))
}

/// The division with the given name as the first part (太郎田中), if no candidate with the family name first is likely.
fn given_first(text: &str, letters: &Letters, found: Division, candidates: &[Candidate]) -> Option<Division> {
    let top = candidates.iter().map(|c| c.2).fold(f32::MIN, f32::max);
    if top > UNCOMMON_LN {
        return None;
    }
    let n = letters.len();
    let (i, ln) = (1..n)
        .filter(|&i| !text[letters.byte(i)..].starts_with('々'))
        .map(|i| (i, ln_share(Part::Given, text, letters, 0, i) + ln_share(Part::Family, text, letters, i, n)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?;
    let odds = ln - top;
    (odds > GIVEN_FIRST_LN).then(|| Division {
        split: letters.byte(i),
        swapped: true,
        confidence: 1.0 / (1.0 + (GIVEN_FIRST_LN - odds).exp()),
        ..found
    })
}

/// Divides text that is all kana by the readings of listed names.
fn divide_kana(text: &str) -> Option<Division> {
    let names = kana_names();
    let mut candidates: Vec<Candidate> = Vec::new();
    let splits: Vec<usize> = text.char_indices().map(|(start, _)| start).skip(1).collect();
    for &split in &splits {
        // No name begins with these.
        if text[split..].starts_with([
            'ー', 'ン', 'ん', 'ッ', 'っ', 'ャ', 'ュ', 'ョ', 'ゃ', 'ゅ', 'ょ', 'ァ', 'ィ', 'ゥ', 'ェ', 'ォ',
        ]) {
            continue;
        }
        let ln = names.ln_share(Part::Family, &kana_key(&text[..split]))
            + names.ln_share(Part::Given, &kana_key(&text[split..]));
        candidates.push((split, None, ln));
    }
    let whole = kana_key(text);
    if splits.len() < 2 || names.is_listed(Part::Family, &whole) {
        candidates.push((text.len(), None, names.ln_share(Part::Family, &whole) + ALONE_LN[0] + ALONE_IN_KANA_LN));
    }
    if names.is_listed(Part::Given, &whole) {
        candidates.push((0, None, names.ln_share(Part::Given, &whole) + ALONE_LN[1] + ALONE_IN_KANA_LN));
    }
    best(&candidates)
}

/// Where kana that reads `family` and `given` together is divided, in bytes.
pub(super) fn split_kana(family: &[u16], given: &[u16], kana: &str) -> Option<usize> {
    Kana::new(kana).best_split(family, given).0
}

/// The most that [`ln_fit`] answers.
pub(super) const MOST_FIT_LN: f32 = 2.0 * MOST_LN;

/// ln of the likelihood of two kana as the readings of two part keys.
pub(super) fn ln_fit(family: &[u16], first: &str, given: &[u16], second: &str) -> f32 {
    thread_local! {
        static KNOWN: RefCell<[Memo<f32>; 2]> = RefCell::new([Memo::new(), Memo::new()]);
    }
    let ln = |known: &mut [Memo<f32>; 2], part: Part, key: &[u16], kana: &str| {
        let kana = Kana::new(kana);
        let likelihood = || Likelihood::new(part, key).of(kana.codes());
        ln_likelihood(known[part.index()].get(Short::of_key(key, kana.codes()), likelihood))
    };
    KNOWN.with_borrow_mut(|known| ln(known, Part::Family, family, first) + ln(known, Part::Given, given, second))
}

/// The likeliest candidate, with its share of the likelihood of all.
pub(super) fn best(candidates: &[Candidate]) -> Option<Division> {
    let (split, kana_split, top) = *candidates.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let sum: f32 = candidates.iter().map(|c| (c.2 - top).exp()).sum();
    Some(Division { split, kana_split, swapped: false, confidence: 1.0 / sum })
}

fn ln_likelihood(likelihood: f32) -> f32 {
    likelihood.ln().max(MISREAD_LN)
}

/// Kana as codes, and where each starts in the text.
struct Kana {
    codes: [u8; MAX_KANA],
    /// A character has four bytes at most, so that the last of them starts below 128.
    starts: [u8; MAX_KANA],
    len: usize,
}

impl Kana {
    fn new(text: &str) -> Kana {
        let mut kana = Kana { codes: [0; MAX_KANA], starts: [0; MAX_KANA], len: 0 };
        for (start, c) in text.char_indices().take(MAX_KANA) {
            if let Some(code) = kana_code(katakana(c)) {
                kana.codes[kana.len] = code;
                kana.starts[kana.len] = start as u8;
                kana.len += 1;
            }
        }
        kana
    }

    fn len(&self) -> usize {
        self.len
    }

    fn codes(&self) -> &[u8] {
        &self.codes[..self.len]
    }

    /// The likeliest position to divide the kana between two part keys, in bytes, and ln of its likelihood.
    fn best_split(&self, family: &[u16], given: &[u16]) -> (Option<usize>, f32) {
        // Less than any split, so that one that reads neither part is as good as none.
        let mut found = (None, 2.0 * MISREAD_LN - 1.0);
        let mut one_part = true;
        let first = Likelihood::new(Part::Family, family).of_beginnings(self.codes());
        let second = Likelihood::new(Part::Given, given);
        for cut in 1..self.len() {
            let first = ln_likelihood(first[cut]);
            let second = ln_likelihood(second.of(&self.codes[cut..self.len]));
            let read = first > MISREAD_LN || second > MISREAD_LN;
            if read && first + second > found.1 {
                found = (Some(usize::from(self.starts[cut])), first + second);
                one_part = first <= MISREAD_LN || second <= MISREAD_LN;
            }
        }
        // If only one part is read, the split counts only for a common reading of that part.
        if one_part && found.1 < MISREAD_LN + ONE_PART_READ_LN { (None, found.1) } else { found }
    }
}
