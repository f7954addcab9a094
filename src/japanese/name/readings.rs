//! Readings: the set of ways a family or given name may be read, each with its weight.
//!
//! In: a part key. Out: kana keys with weights that sum to at most one, likeliest first. Three
//! sources are mixed by how much evidence each has: the dictionary's readings of the whole name,
//! readings composed from what its characters read in names of that part and place (so that a name
//! no list has still has readings), and, if given, what a customer base's own records teach.
//!
//! One best reading is right for about four names in five; the set is what makes a record in kanji
//! meet one in kana. It is cut where the rest adds little, so that its size stays small.

use super::codes::{Folded, codes, fold, kana_code, large, text};
use super::dictionary::{Dictionary, Part, Units, dictionary, slot};
use super::learned::ReadingModel;

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
/// A name with this much evidence, as one in every list has, is read as they say, without composing.
const WELL_KNOWN: f32 = 9.0;
/// Composed readings below this share of the whole are not looked for: 16 times minus its ln.
const FAINT: u32 = 96;

/// A part's readings, and the likeliest in kana as it is written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ReadingSet {
    /// Likeliest first.
    pub readings: Vec<Reading>,
    /// The likeliest, as written: ユウコ where the key is ユーコ.
    pub kana: String,
}

/// A candidate while a set is gathered: its key, its kana as first met, its weight.
struct Candidate {
    key: Folded,
    kana: [u8; 24],
    len: u8,
    weight: f32,
}

#[derive(Default)]
struct Candidates(Vec<Candidate>);

impl Candidates {
    fn add(&mut self, kana: &[u8], weight: f32) {
        let Some(key) = fold(kana) else { return };
        if let Some(row) = self.0.iter_mut().find(|row| row.key == key) {
            row.weight += weight;
            return;
        }
        let mut whole = [0; 24];
        let len = kana.len().min(24);
        whole[..len].copy_from_slice(&kana[..len]);
        self.0.push(Candidate { key, kana: whole, len: len as u8, weight });
    }
}

/// The readings of a part key.
pub fn readings(part: Part, key: &Units, learned: Option<&ReadingModel>) -> ReadingSet {
    if key.is_empty() {
        return ReadingSet::default();
    }
    if let Some(kana) = as_kana(key) {
        return ReadingSet { readings: vec![Reading { key: kana.clone(), weight: 1.0 }], kana };
    }
    let dictionary = dictionary();
    let taught = learned.and_then(|model| model.of(part, &String::from_utf16_lossy(key)));
    let taught_sum: f32 = taught.map_or(0.0, |rows| rows.iter().map(|r| r.1 as f32).sum());
    let entry = dictionary.find(part, key);
    let listed = entry.map_or(0.0, |e| e.evidence());
    let composed = if listed + taught_sum >= WELL_KNOWN { 0.0 } else { COMPOSED };
    let sum = listed + taught_sum + composed;
    let mut found = Candidates(Vec::with_capacity(16));
    if let Some(entry) = entry {
        for (kana, share) in dictionary.readings(part, entry) {
            found.add(kana, share * listed / sum);
        }
    }
    for (kana, count) in taught.into_iter().flatten() {
        found.add(&codes(kana), *count as f32 / sum);
    }
    if composed > 0.0 && key.len() <= 5 {
        let mut composing = Composing { dictionary, part, key, scale: composed / sum, kana: [0; 24], into: &mut found };
        composing.from(0, 0, 0);
    }
    choose(found)
}

/// How likely a part is read as `kana` (codes as written): the lists' share of its kana key mixed
/// with the share that its characters give it.
pub fn likelihood(part: Part, key: &Units, kana: &[u8], learned: Option<&ReadingModel>) -> f32 {
    let Some((folded, len)) = fold(kana) else { return 0.0 };
    let folded = &folded[..usize::from(len)];
    if let Some(own) = as_kana(key) {
        return if codes(&own) == folded { 1.0 } else { 0.0 };
    }
    let dictionary = dictionary();
    let entry = dictionary.find(part, key);
    let listed = entry.map_or(0.0, |e| e.evidence());
    let mut sum = listed + COMPOSED;
    let same = |k: &[u8]| fold(k).is_some_and(|(own, n)| own[..usize::from(n)] == *folded);
    let mut share = entry
        .and_then(|e| dictionary.readings(part, e).find(|(k, _)| same(k)))
        .map_or(0.0, |(_, share)| share * listed);
    if let Some(rows) = learned.and_then(|model| model.of(part, &String::from_utf16_lossy(key))) {
        let written = text(folded);
        sum += rows.iter().map(|r| r.1 as f32).sum::<f32>();
        share += rows.iter().find(|r| r.0 == written).map_or(0.0, |r| r.1 as f32);
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
    if kana.len() > 32 {
        return 0.0;
    }
    let (mut here, mut written) = ([0.0f32; 33], [0; 32]);
    for (to, &from) in written.iter_mut().zip(kana) {
        *to = large(from);
    }
    let written = &written[..kana.len()];
    here[0] = 1.0;
    for (i, &unit) in key.iter().enumerate() {
        let mut next = [0.0f32; 33];
        let at = slot(part, i, key.len());
        let pieces = dictionary.pieces(unit);
        let own = own_kana(unit).filter(|_| pieces.is_empty());
        for from in (0..written.len()).filter(|&from| here[from] > 0.0) {
            let rest = &written[from..];
            for piece in pieces.iter().filter(|p| rest.starts_with(p.large())) {
                next[from + piece.large().len()] += here[from] * share_of(u32::from(piece.cost(at)));
            }
            if own == rest.first().copied() && own.is_some() {
                next[from + 1] += here[from];
            }
        }
        here = next;
    }
    here[kana.len()]
}

/// The code of a kana among kanji.
fn own_kana(unit: u16) -> Option<u8> {
    char::from_u32(u32::from(unit)).and_then(kana_code)
}

fn share_of(cost: u32) -> f32 {
    (-(cost as f32) / 16.0).exp()
}

/// Composes readings of the pieces of each character, the faint ones left out.
struct Composing<'a> {
    dictionary: &'a Dictionary,
    part: Part,
    key: &'a Units,
    scale: f32,
    kana: [u8; 24],
    into: &'a mut Candidates,
}

impl Composing<'_> {
    fn from(&mut self, i: usize, len: usize, cost: u32) {
        let Some(&unit) = self.key.get(i) else {
            self.into.add(&self.kana[..len], self.scale * share_of(cost));
            return;
        };
        let at = slot(self.part, i, self.key.len());
        let dictionary = self.dictionary;
        let pieces = dictionary.pieces(unit);
        for piece in pieces {
            let (kana, cost) = (piece.kana(), cost + u32::from(piece.cost(at)));
            if cost <= FAINT && len + kana.len() <= self.kana.len() {
                self.kana[len..len + kana.len()].copy_from_slice(kana);
                self.from(i + 1, len + kana.len(), cost);
            }
        }
        if let Some(code) = own_kana(unit).filter(|_| pieces.is_empty() && len < self.kana.len()) {
            self.kana[len] = code;
            self.from(i + 1, len + 1, cost);
        }
    }
}

fn choose(Candidates(mut found): Candidates) -> ReadingSet {
    found.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.key.cmp(&b.key)));
    let sum: f32 = found.iter().map(|r| r.weight).sum();
    let mut out = ReadingSet::default();
    let mut reached = 0.0;
    for row in &found {
        let weight = row.weight / sum;
        if out.readings.len() >= MOST || (reached > 0.0 && (reached >= ENOUGH || weight < LEAST)) {
            break;
        }
        out.readings.push(Reading { key: text(&row.key.0[..usize::from(row.key.1)]), weight });
        reached += weight;
    }
    if let Some(best) = found.first() {
        out.kana = text(&best.kana[..usize::from(best.len)]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::japanese::kana::kana_key;
    use crate::japanese::name::letters::{part_key, units_of};

    fn set(part: Part, name: &str) -> Vec<String> {
        let found = readings(part, units_of(&part_key(name)).units(), None);
        found.readings.into_iter().map(|r| r.key).collect()
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
    fn kana_as_written() {
        let kana = |name| readings(Part::Given, units_of(&part_key(name)).units(), None).kana;
        assert_eq!(kana("裕子"), "ユウコ");
        assert_eq!(kana("京子"), "キョウコ");
    }
}
