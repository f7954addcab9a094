//! Readings: the set of ways a family or given name may be read, each with its weight.
//!
//! In: a part key. Out: readings with weights that sum to at most one, likeliest first; spellings that
//! fold to one kana key are one reading, shown as the likeliest of them is written. Three
//! sources are mixed by how much evidence each has: the dictionary's readings of the whole name,
//! readings composed from what its characters read in names of that part and place (so that a name
//! no list has still has readings), and, if given, what a customer base's own records teach.
//!
//! One best reading is right for about four names in five; the set is what makes a record in kanji
//! meet one in kana. It is cut where the rest adds little, so that its size stays small.

use super::codes::{Folded, LONGEST, codes, fold, kana_code, large, spelled, text};
use super::dictionary::{Dictionary, Part, Units, dictionary, slot};
use super::learned::ReadingModel;

/// A reading and how likely it is among those of its name.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// The [`kana_key`](crate::japanese::kana::kana_key).
    pub key: String,
    /// The same in katakana as people write it: タロウ where the key is タロー.
    pub kana: String,
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

/// A spelling and its weight.
#[derive(Clone, Copy)]
struct Spelling {
    kana: [u8; LONGEST],
    len: u8,
    weight: f32,
}

impl Spelling {
    fn kana(&self) -> &[u8] {
        &self.kana[..usize::from(self.len)]
    }
}

/// A candidate while a set is gathered: its key, the weight of all its spellings, and the first.
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
    /// Adds a spelling as it is written.
    fn add(&mut self, kana: &[u8], weight: f32) {
        let Some(key) = fold(kana).filter(|_| kana.len() <= LONGEST) else { return };
        self.add_spelling(key, kana, weight, weight);
    }

    /// Adds a kana key: any spelling that is met for it is likelier than our guess.
    fn add_key(&mut self, kana: &[u8], weight: f32) {
        if let Some(key) = fold(kana) {
            let mut guess = key.0;
            spelled(&mut guess[..usize::from(key.1)]);
            self.add_spelling(key, &guess[..usize::from(key.1)], weight, 0.0);
        }
    }

    fn add_spelling(&mut self, key: Folded, kana: &[u8], weight: f32, own: f32) {
        let spelling = || {
            let mut whole = [0; LONGEST];
            whole[..kana.len()].copy_from_slice(kana);
            Spelling { kana: whole, len: kana.len() as u8, weight: own }
        };
        let Some(row) = self.rows.iter_mut().find(|row| row.key.1 == key.1 && row.key.0 == key.0) else {
            self.rows.push(Candidate { key, weight, first: spelling() });
            return;
        };
        row.weight += weight;
        if row.first.kana() == kana {
            row.first.weight += own;
            return;
        }
        match self.others.iter_mut().find(|(_, other)| other.kana() == kana) {
            Some((_, other)) => other.weight += own,
            None => self.others.push((key, spelling())),
        }
    }

    /// The likeliest spelling of a row.
    fn spelling<'a>(&'a self, row: &'a Candidate) -> &'a Spelling {
        let others = self.others.iter().filter(|(key, _)| *key == row.key).map(|(_, other)| other);
        others.fold(&row.first, |best, other| if other.weight > best.weight { other } else { best })
    }
}

/// The readings of a part key.
pub fn readings(part: Part, key: &Units, learned: Option<&ReadingModel>) -> Vec<Reading> {
    if key.is_empty() {
        return Vec::new();
    }
    if let Some(kana) = as_kana(key) {
        let mut written = codes(&kana);
        spelled(&mut written);
        return vec![Reading { key: kana, kana: text(&written), weight: 1.0 }];
    }
    let dictionary = dictionary();
    let taught = learned.and_then(|model| model.of(part, &String::from_utf16_lossy(key)));
    let taught_sum: f32 = taught.map_or(0.0, |rows| rows.iter().map(|r| r.1 as f32).sum());
    let entry = dictionary.find(part, key);
    let listed = entry.map_or(0.0, |e| e.evidence());
    let composed = if listed + taught_sum >= WELL_KNOWN { 0.0 } else { COMPOSED };
    let sum = listed + taught_sum + composed;
    let mut found = Candidates { rows: Vec::with_capacity(16), others: Vec::new() };
    if let Some(entry) = entry {
        for (kana, share) in dictionary.readings(part, entry) {
            found.add(kana, share * listed / sum);
        }
    }
    for (kana, count) in taught.into_iter().flatten() {
        found.add_key(&codes(kana), *count as f32 / sum);
    }
    if composed > 0.0 && key.len() <= 5 {
        let mut composing =
            Composing { dictionary, part, key, scale: composed / sum, kana: [0; LONGEST], into: &mut found };
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
    kana: [u8; LONGEST],
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

fn choose(mut found: Candidates) -> Vec<Reading> {
    found.rows.sort_unstable_by(|a, b| b.weight.total_cmp(&a.weight).then_with(|| a.key.cmp(&b.key)));
    let sum: f32 = found.rows.iter().map(|r| r.weight).sum();
    let mut out = Vec::with_capacity(found.rows.len().min(MOST));
    let mut reached = 0.0;
    for row in &found.rows {
        let weight = row.weight / sum;
        if out.len() >= MOST || (reached > 0.0 && (reached >= ENOUGH || weight < LEAST)) {
            break;
        }
        let key = text(&row.key.0[..usize::from(row.key.1)]);
        out.push(Reading { key, kana: text(found.spelling(row).kana()), weight });
        reached += weight;
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
        found.into_iter().map(|r| r.key).collect()
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
        let kana = |part, name| {
            let found = readings(part, units_of(&part_key(name)).units(), None);
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
        let all = readings(Part::Family, units_of(&part_key("電中")).units(), None);
        assert!(all.iter().any(|r| r.kana == "デンチュウ" && r.key == "デンチユー"));
    }

    #[test]
    fn taught_keys_are_spelled() {
        let mut learned = ReadingModel::default();
        let mut best = |name: &str, taught: &str| {
            learned.add(Part::Given, &part_key(name), &kana_key(taught), 50);
            readings(Part::Given, units_of(&part_key(name)).units(), Some(&learned))[0].kana.clone()
        };
        assert_eq!(best("太郎", "タロウ"), "タロウ");
        assert_eq!(best("月", "ショウタロウ"), "ショウタロウ");
        assert_eq!(best("空", "ミユキ"), "ミユキ");
    }
}
