//! Readings: the ways a family or given name may be read, each with its weight.
//!
//! In: a part key. Out: readings with weights that sum to at most one, likeliest first. Spellings that fold to one kana
//! key are one reading, shown in its likeliest spelling. Two sources are mixed by their evidence: the dictionary's
//! readings of the whole name, and readings composed from what its characters read at that position of a name, so that
//! a name in no list has readings too.
//!
//! Why a set: the likeliest reading alone is right for about four names in five, and a record in kanji is compared with
//! one in kana by it. The set is cut where the rest adds little, so that it stays small.

use super::codes::{Folded, LONG_VOWEL, MAX_KANA, enlarged_code, fold, kana_code, kana_codes, kana_text, spell};
use super::dictionary::{Dictionary, Entry, Part, Units, char_position, dictionary};
use super::kept::kept;
use std::borrow::Cow;

/// A reading and how likely it is among the readings of its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The [`kana_key`](crate::kana::kana_key).
    pub key: String,
    /// The same in katakana as people write it: タロウ where the key is タロー.
    pub kana: String,
    /// Its share, from 0 to 1.
    pub weight: f32,
}

// The next four bound the set. Judgements: a larger set makes more records candidates of each other, and matching needs
// the few readings that people do have.

/// The most readings in a set.
const MAX_READINGS: usize = 12;
/// The set ends where its shares sum to this.
const ENOUGH_SHARE: f32 = 0.985;
/// A reading below this share is left out.
const MIN_SHARE: f32 = 0.004;
/// The longest key that is composed, in characters: the ways multiply with every character.
const MAX_COMPOSED_CHARS: usize = 5;

/// The evidence of composed readings, on the scale of [`Entry::evidence`](super::dictionary::Entry::evidence). A
/// judgement: less than one list of names (1.5), more than an input method (0.5).
const COMPOSED_EVIDENCE: f32 = 1.0;
/// With this much listed evidence nothing is composed: the lists' weights sum to 9.5 for a name that all of them have,
/// and composed readings would hardly change its shares.
const NO_COMPOSING_EVIDENCE: f32 = 9.0;
/// Composed readings of a higher cost (-16 ln of their share) are not searched: a share of e^-6 is below [`MIN_SHARE`].
const MAX_COMPOSED_COST: u32 = 96;
/// The longest reading that is aligned with the characters of a name. A judgement; longer kana is no name.
const MAX_ALIGNED_KANA: usize = 32;

/// A spelling and its weight.
#[derive(Clone, Copy)]
struct Spelling {
    kana: [u8; MAX_KANA],
    len: u8,
    weight: f32,
}

impl Spelling {
    fn kana(&self) -> &[u8] {
        &self.kana[..usize::from(self.len)]
    }
}

/// A candidate while a set is gathered: its key, the weight of all its spellings, and the first spelling.
struct Candidate {
    key: Folded,
    weight: f32,
    first: Spelling,
}

/// Candidates, and the few spellings that are not the first of theirs.
struct Candidates {
    rows: Vec<Candidate>,
    others: Vec<(Folded, Spelling)>,
}

impl Candidates {
    /// Adds a spelling to the candidate of its key.
    fn add(&mut self, kana: &[u8], weight: f32) {
        let Some(key) = fold(kana).filter(|_| kana.len() <= MAX_KANA) else { return };
        let spelling = || {
            let mut whole = [0; MAX_KANA];
            whole[..kana.len()].copy_from_slice(kana);
            Spelling { kana: whole, len: kana.len() as u8, weight }
        };
        let Some(row) = self.rows.iter_mut().find(|row| row.key.1 == key.1 && row.key.0 == key.0) else {
            self.rows.push(Candidate { key, weight, first: spelling() });
            return;
        };
        row.weight += weight;
        if row.first.kana() == kana {
            row.first.weight += weight;
            return;
        }
        match self.others.iter_mut().find(|(_, other)| other.kana() == kana) {
            Some((_, other)) => other.weight += weight,
            None => self.others.push((key, spelling())),
        }
    }

    /// The likeliest spelling of a candidate.
    fn spelling<'a>(&'a self, row: &'a Candidate) -> &'a Spelling {
        let others = self.others.iter().filter(|(key, _)| *key == row.key).map(|(_, other)| other);
        others.fold(&row.first, |best, other| if other.weight > best.weight { other } else { best })
    }
}

/// The readings of a part key. Those of a name that a list has are shared with whoever asks for it again.
pub(super) fn readings(part: Part, key: &Units) -> Cow<'static, [Reading]> {
    if key.is_empty() {
        return Cow::Borrowed(&[]);
    }
    if is_kana(key) {
        let kana = String::from_utf16_lossy(key);
        let mut written = kana_codes(&kana);
        spell(&mut written);
        return Cow::Owned(vec![Reading { key: kana, kana: kana_text(&written), weight: 1.0 }]);
    }
    match dictionary().number(part, key) {
        Some(number) => kept().of(part, number, || gathered(part, key)),
        None => Cow::Owned(gathered(part, key)),
    }
}

/// The readings of a part key that is not all kana, from the lists and from its characters.
fn gathered(part: Part, key: &Units) -> Vec<Reading> {
    let dictionary = dictionary();
    let entry = dictionary.find(part, key);
    let listed = entry.map_or(0.0, |e| e.evidence());
    let composed = if listed >= NO_COMPOSING_EVIDENCE { 0.0 } else { COMPOSED_EVIDENCE };
    let sum = listed + composed;
    let mut found = Candidates { rows: Vec::with_capacity(16), others: Vec::new() };
    if let Some(entry) = entry {
        for (kana, share) in dictionary.readings(part, entry) {
            found.add(kana, share * listed / sum);
        }
    }
    if composed > 0.0 && key.len() <= MAX_COMPOSED_CHARS {
        let mut composer =
            Composer { dictionary, part, key, scale: composed / sum, kana: [0; MAX_KANA], found: &mut found };
        composer.compose(0, 0, 0);
    }
    choose(found)
}

/// How likely a part is read as some kana: what is looked up once for the part, and asked for every division of the kana.
pub(super) struct Likelihood<'a> {
    part: Part,
    key: &'a Units,
    /// Whether the key is its own reading.
    is_kana: bool,
    entry: Option<&'static Entry>,
    listed: f32,
}

impl<'a> Likelihood<'a> {
    pub(super) fn new(part: Part, key: &'a Units) -> Self {
        let is_kana = is_kana(key);
        let entry = if is_kana { None } else { dictionary().find(part, key) };
        Likelihood { part, key, is_kana, entry, listed: entry.map_or(0.0, |e| e.evidence()) }
    }

    /// The likelihood of `kana` (codes as written): the lists' share of its kana key mixed with the share that its characters give
    /// it.
    pub(super) fn of(&self, kana: &[u8]) -> f32 {
        self.mixed(kana, || aligned_shares(self.part, self.key, kana)[kana.len()])
    }

    /// The same for the first one, two, three kana of `kana`, which has at most [`MAX_ALIGNED_KANA`], and so on; the first value is
    /// for none. Their characters are aligned in one pass.
    pub(super) fn of_beginnings(&self, kana: &[u8]) -> [f32; MAX_ALIGNED_KANA + 1] {
        let aligned =
            if self.is_kana { [0.0; MAX_ALIGNED_KANA + 1] } else { aligned_shares(self.part, self.key, kana) };
        std::array::from_fn(|n| kana.get(..n).map_or(0.0, |kana| self.mixed(kana, || aligned[n])))
    }

    fn mixed(&self, kana: &[u8], aligned: impl Fn() -> f32) -> f32 {
        let Some((folded, len)) = fold(kana) else { return 0.0 };
        let folded = &folded[..usize::from(len)];
        if self.is_kana {
            let own = self.key.iter().map(|&unit| unit - KANA_CODE_FROM);
            return if own.eq(folded.iter().map(|&code| u16::from(code))) { 1.0 } else { 0.0 };
        }
        let sum = self.listed + COMPOSED_EVIDENCE;
        let same =
            |k: &[u8]| may_fold_to(k, folded) && fold(k).is_some_and(|(own, n)| own[..usize::from(n)] == *folded);
        let share = self
            .entry
            .and_then(|e| dictionary().readings(self.part, e).find(|(k, _)| same(k)))
            .map_or(0.0, |(_, share)| share * self.listed);
        let aligned = if kana.len() > MAX_ALIGNED_KANA { 0.0 } else { aligned() };
        (share + COMPOSED_EVIDENCE * aligned) / sum
    }
}

/// ln of the most that a [`Likelihood`] is. It is a little more than 0: costs are rounded, so that the shares of a character's readings
/// may sum to a little more than one. A test holds the dictionary to it.
pub(super) const MOST_LN: f32 = 1.0;

/// Whether codes may fold to `folded`: folding never adds codes, and keeps the first one but for its size.
fn may_fold_to(kana: &[u8], folded: &[u8]) -> bool {
    let first = |&code: &u8| code == LONG_VOWEL || folded.first() == Some(&enlarged_code(code));
    kana.len() >= folded.len() && kana.first().is_none_or(first)
}

/// The unit of the kana of code 0.
const KANA_CODE_FROM: u16 = 0x30a0;

/// Whether a key is all kana: then it is its own reading.
fn is_kana(key: &Units) -> bool {
    key.iter().all(|u| matches!(u, 0x30a1..=0x30fa | 0x30fc))
}

/// The shares of beginnings of `kana` as readings composed from the characters, by the number of kana, summed over all alignments (a
/// forward pass). Kana beyond [`MAX_ALIGNED_KANA`] are left out.
fn aligned_shares(part: Part, key: &Units, kana: &[u8]) -> [f32; MAX_ALIGNED_KANA + 1] {
    let dictionary = dictionary();
    // `here[n]`: the share of ways in which the characters so far read as the first n kana.
    let (mut here, mut enlarged) = ([0.0f32; MAX_ALIGNED_KANA + 1], [0; MAX_ALIGNED_KANA]);
    for (to, &from) in enlarged.iter_mut().zip(kana) {
        *to = enlarged_code(from);
    }
    let enlarged = &enlarged[..kana.len().min(MAX_ALIGNED_KANA)];
    here[0] = 1.0;
    for (i, &unit) in key.iter().enumerate() {
        let mut next = [0.0f32; MAX_ALIGNED_KANA + 1];
        let position = char_position(part, i, key.len());
        let readings = dictionary.char_readings(unit);
        let own = kana_of_unit(unit).filter(|_| readings.is_empty());
        let mut is_read = false;
        for from in (0..enlarged.len()).filter(|&from| here[from] > 0.0) {
            is_read = true;
            let rest = &enlarged[from..];
            for reading in readings.iter().filter(|r| rest.starts_with(r.enlarged())) {
                next[from + reading.enlarged().len()] += here[from] * share_of_cost(u32::from(reading.cost(position)));
            }
            if own == rest.first().copied() && own.is_some() {
                next[from + 1] += here[from];
            }
        }
        here = next;
        if !is_read {
            break;
        }
    }
    here
}

/// The code of a kana in a key that is not all kana.
fn kana_of_unit(unit: u16) -> Option<u8> {
    char::from_u32(u32::from(unit)).and_then(kana_code)
}

fn share_of_cost(cost: u32) -> f32 {
    (-(cost as f32) / 16.0).exp()
}

/// Composes readings from the readings of each character, up to [`MAX_COMPOSED_COST`].
struct Composer<'a> {
    dictionary: &'a Dictionary,
    part: Part,
    key: &'a Units,
    scale: f32,
    /// The reading being composed.
    kana: [u8; MAX_KANA],
    found: &'a mut Candidates,
}

impl Composer<'_> {
    /// Adds every reading that continues the first `len` kana with the characters from `i` on.
    fn compose(&mut self, i: usize, len: usize, cost: u32) {
        let Some(&unit) = self.key.get(i) else {
            self.found.add(&self.kana[..len], self.scale * share_of_cost(cost));
            return;
        };
        let position = char_position(self.part, i, self.key.len());
        let dictionary = self.dictionary;
        let readings = dictionary.char_readings(unit);
        for reading in readings {
            let (kana, cost) = (reading.kana(), cost + u32::from(reading.cost(position)));
            if cost <= MAX_COMPOSED_COST && len + kana.len() <= self.kana.len() {
                self.kana[len..len + kana.len()].copy_from_slice(kana);
                self.compose(i + 1, len + kana.len(), cost);
            }
        }
        if let Some(code) = kana_of_unit(unit).filter(|_| readings.is_empty() && len < self.kana.len()) {
            self.kana[len] = code;
            self.compose(i + 1, len + 1, cost);
        }
    }
}

/// The set: candidates by weight, cut by the bounds above.
fn choose(mut found: Candidates) -> Vec<Reading> {
    found.rows.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.key.cmp(&b.key)));
    let sum: f32 = found.rows.iter().map(|r| r.weight).sum();
    let mut out = Vec::with_capacity(found.rows.len().min(MAX_READINGS));
    let mut reached = 0.0;
    for row in &found.rows {
        let weight = row.weight / sum;
        if out.len() >= MAX_READINGS || (reached > 0.0 && (reached >= ENOUGH_SHARE || weight < MIN_SHARE)) {
            break;
        }
        let key = kana_text(&row.key.0[..usize::from(row.key.1)]);
        out.push(Reading { key, kana: kana_text(found.spelling(row).kana()), weight });
        reached += weight;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kana::kana_key;
    use crate::name::letters::{MAX_CHARS, key_units, part_key};

    fn readings_of(part: Part, name: &str) -> Vec<Reading> {
        readings(part, key_units(&part_key(name)).units()).into_owned()
    }

    fn keys(part: Part, name: &str) -> Vec<String> {
        readings_of(part, name).into_iter().map(|r| r.key).collect()
    }

    #[test]
    fn listed_and_composed() {
        assert_eq!(keys(Part::Family, "佐々木")[0], "ササキ");
        assert!(keys(Part::Family, "中島").contains(&"ナカシマ".to_owned()));
        assert!(keys(Part::Given, "裕子").contains(&kana_key("ヒロコ")));
        assert!(keys(Part::Given, "陽菜").contains(&kana_key("ハルナ")));
        assert_eq!(keys(Part::Given, "さくら"), ["サクラ"]);
        // In no list.
        assert!(keys(Part::Family, "下田島").contains(&"シモタジマ".to_owned()));
    }

    #[test]
    fn no_likelihood_is_above_the_bound() {
        let dictionary = dictionary();
        let sum = |unit: u16, position: usize| -> f32 {
            dictionary.char_readings(unit).iter().map(|r| share_of_cost(u32::from(r.cost(position)))).sum()
        };
        let most = (0..=u16::MAX).flat_map(|unit| (0..6).map(move |position| sum(unit, position))).fold(1.0, f32::max);
        // The lists' share is at most one. Each character of a key multiplies the share of alignments by its own sum.
        assert!(most.ln() * MAX_CHARS as f32 <= MOST_LN, "{most}");
    }

    #[test]
    fn beginnings_are_as_likely_alone() {
        for (name, kana) in [
            ("三ノ輪", "ミノワタロウ"),
            ("さくら", "サクラギ"),
            ("小鳥遊", "タカナシーユウ"),
            ("高橋", "タカハシカズコ"),
        ] {
            let key = key_units(&part_key(name));
            for part in [Part::Family, Part::Given] {
                let (likelihood, codes) = (Likelihood::new(part, key.units()), kana_codes(kana));
                let beginnings = likelihood.of_beginnings(&codes);
                for (n, beginning) in beginnings.iter().enumerate().take(codes.len() + 1) {
                    assert_eq!(beginning.to_bits(), likelihood.of(&codes[..n]).to_bits(), "{name} {kana} {n}");
                }
            }
        }
    }

    #[test]
    fn kana_as_written() {
        let kana = |part, name| {
            let found = readings_of(part, name);
            for reading in &found {
                assert_eq!(kana_key(&reading.kana), reading.key, "{name}");
            }
            found.into_iter().map(|r| r.kana).next().unwrap_or_default()
        };
        for (name, wanted) in
            [("裕子", "ユウコ"), ("京子", "キョウコ"), ("純一郎", "ジュンイチロウ"), ("ゆう子", "ユウコ")]
        {
            assert_eq!(kana(Part::Given, name), wanted);
        }
        for (name, wanted) in [("大野", "オオノ"), ("服部", "ハットリ"), ("関ヶ原", "セキガハラ")] {
            assert_eq!(kana(Part::Family, name), wanted);
        }
        // Composed: in no list.
        let all = readings_of(Part::Family, "電中");
        assert!(all.iter().any(|r| r.kana == "デンチュウ" && r.key == "デンチユー"));
    }
}
