//! The name dictionary: how common a family or given name is, and how it and its characters are read.
//!
//! In: `data/names.bin.zst`, written by `tools/dictionary/names.py` from UniDic, IPADIC, Mozc's dictionary and two
//! lists of names (`data/names.LICENSES.md`). Out: lookups by part key, given as [`Units`]. Why a table of our own: a
//! lookup is a hash and a comparison of two or three units, and every position of every undivided name needs two.
//! Loaded at the first lookup.
//!
//! The file is one zstd frame of columns of bytes, each preceded by its length: for family names, given names and
//! characters in turn. Keys are front-coded in order.

use super::codes::enlarged_code;
use std::sync::OnceLock;

static DATA: &[u8] = include_bytes!("../../data/names.bin.zst");

/// An upper bound of the unpacked size (2.3 MB), for the decompressor.
const UNPACKED_LIMIT: usize = 1 << 23;

/// The most kana of one character's reading. tools/dictionary/names.py learns up to 6; the file has up to 5.
const MAX_CHAR_KANA: usize = 7;

/// The values of [`char_position`].
const POSITIONS: usize = 6;

/// The characters of an ending: 一郎 of 柊一郎, 衛門 of 吉衛門.
pub(super) const ENDING: usize = 2;

/// ln of the share of a character that no listed name has: below the rarest of the file, -13.8.
const UNKNOWN_CHAR_LN: f32 = -14.0;

/// Which part of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Part {
    /// 姓
    Family,
    /// 名
    Given,
}

impl Part {
    /// The index of the part in tables and constants of both.
    pub(super) fn index(self) -> usize {
        usize::from(self == Part::Given)
    }
}

/// A part key as UTF-16 units; a character above the basic plane is one unit that equals no key.
pub(super) type Units = [u16];

/// What is known of one family or given name.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry {
    /// Where its key starts among the keys of the table, and the key's length.
    key: u32,
    len: u8,
    /// Where its readings start among the readings of the table, and their number.
    readings: u32,
    count: u8,
    /// -5 ln of the share of people who have it.
    freq: u8,
    /// 3 log2 of (1 + evidence).
    evidence: u8,
}

impl Entry {
    /// ln of the share of people who have it.
    pub(super) fn ln_share(&self) -> f32 {
        -f32::from(self.freq) / 5.0
    }

    /// The evidence for its readings: the weights of the lists that have it, from 0.5 for Mozc to 4 for UniDic, and 1
    /// for each known full name (tools/dictionary/names.py).
    pub(super) fn evidence(&self) -> f32 {
        (f32::from(self.evidence) / 3.0).exp2() - 1.0
    }
}

/// One reading of one character: kana codes as written and with small letters enlarged, and how rare it is at each
/// [`char_position`].
#[derive(Debug, Clone, Copy)]
pub(super) struct CharReading {
    kana: [u8; MAX_CHAR_KANA],
    enlarged: [u8; MAX_CHAR_KANA],
    len: u8,
    costs: [u8; POSITIONS],
}

impl CharReading {
    /// The kana as written: small letters, long vowels in full.
    pub(super) fn kana(&self) -> &[u8] {
        &self.kana[..usize::from(self.len)]
    }

    /// The kana with small letters enlarged.
    pub(super) fn enlarged(&self) -> &[u8] {
        &self.enlarged[..usize::from(self.len)]
    }

    /// -16 ln of its share among the character's readings at a position.
    pub(super) fn cost(&self, position: usize) -> u8 {
        self.costs[position]
    }
}

/// The table of family names or of given names.
#[derive(Debug, Default)]
struct Table {
    keys: Vec<u16>,
    entries: Vec<Entry>,
    /// One after another: length, weight, kana codes.
    readings: Vec<u8>,
    /// Open addressing: the upper half of the hash and the entry's number from 1; 0 for none.
    slots: Vec<(u32, u32)>,
}

/// The whole dictionary.
#[derive(Debug)]
pub(super) struct Dictionary {
    parts: [Table; 2],
    /// By unit: its number from 1 among the characters; 0 for none.
    chars: Vec<u16>,
    /// By number: where its readings start; one more for the end.
    starts: Vec<u32>,
    /// By number: -16 ln of its share among the characters at each position.
    char_costs: Vec<[u8; POSITIONS]>,
    char_readings: Vec<CharReading>,
    /// The share that each weight of a reading stands for.
    weights: [f32; 256],
}

/// The endings of given names, and their share among listed names of that length, as ln.
type Endings = Vec<([u16; ENDING], f32)>;

static DICTIONARY: OnceLock<Dictionary> = OnceLock::new();
static ENDINGS: OnceLock<Endings> = OnceLock::new();

/// ln of the share of listed given names of three and more characters that end in these; `None` if none does. Each name counts
/// once, however common it is: a name in no list is a rare one.
pub(super) fn ln_ending_share(ending: [u16; ENDING]) -> Option<f32> {
    let endings = ENDINGS.get_or_init(|| {
        let mut endings: Vec<[u16; ENDING]> = dictionary()
            .entries(Part::Given)
            .filter_map(|(key, _)| if let [_, .., a, b] = *key { Some([a, b]) } else { None })
            .collect();
        endings.sort_unstable();
        let names = endings.len() as f32;
        endings.chunk_by(|a, b| a == b).map(|same| (same[0], (same.len() as f32 / names).ln())).collect()
    });
    endings.binary_search_by(|row| row.0.cmp(&ending)).ok().map(|at| endings[at].1)
}

/// The dictionary, loaded at the first call.
pub(super) fn dictionary() -> &'static Dictionary {
    DICTIONARY.get_or_init(|| load(DATA).unwrap_or_else(Dictionary::empty))
}

/// The position of character `i` of `n`: 0 only, 1 first, 2 later character of a family name; 3, 4, 5 of a given name.
pub(super) fn char_position(part: Part, i: usize, n: usize) -> usize {
    let base = if part == Part::Family { 0 } else { 3 };
    base + if n == 1 { 0 } else { 1 + usize::from(i > 0) }
}

impl Dictionary {
    /// The entry of a part key.
    pub(super) fn find(&self, part: Part, key: &Units) -> Option<&Entry> {
        let table = self.table(part);
        table.number(key).map(|number| &table.entries[number])
    }

    /// The number of a part key among those of its part, from 0.
    pub(super) fn number(&self, part: Part, key: &Units) -> Option<usize> {
        self.table(part).number(key)
    }

    /// How many names of a part there are.
    pub(super) fn names(&self, part: Part) -> usize {
        self.table(part).entries.len()
    }

    /// The listed readings of an entry: kana codes as written, and the share.
    pub(super) fn readings<'a>(&'a self, part: Part, entry: &Entry) -> impl Iterator<Item = (&'a [u8], f32)> + use<'a> {
        self.spellings(part, entry).map(|(_, kana, share)| (kana, share))
    }

    /// The same with the offset of each reading, for [`spelling`](Self::spelling).
    pub(super) fn spellings<'a>(
        &'a self,
        part: Part,
        entry: &Entry,
    ) -> impl Iterator<Item = (u32, &'a [u8], f32)> + use<'a> {
        let (all, weights, mut next) = (self.table(part).readings.as_slice(), &self.weights, entry.readings);
        (0..entry.count).map_while(move |_| {
            let (weight, kana) = reading_at(all, next)?;
            let offset = next;
            next += 2 + kana.len() as u32;
            Some((offset, kana, weights[usize::from(weight)]))
        })
    }

    /// The reading at an offset from [`spellings`](Self::spellings).
    pub(super) fn spelling(&self, part: Part, offset: u32) -> Option<&[u8]> {
        reading_at(&self.table(part).readings, offset).map(|(_, kana)| kana)
    }

    /// The readings of one character.
    pub(super) fn char_readings(&self, unit: u16) -> &[CharReading] {
        match self.chars[usize::from(unit)] {
            0 => &[],
            n => {
                let n = usize::from(n) - 1;
                &self.char_readings[self.starts[n] as usize..self.starts[n + 1] as usize]
            }
        }
    }

    /// ln of the share of a character among the characters at a position.
    pub(super) fn ln_char_share(&self, unit: u16, position: usize) -> f32 {
        match self.chars[usize::from(unit)] {
            0 => UNKNOWN_CHAR_LN,
            n => -f32::from(self.char_costs[usize::from(n) - 1][position]) / 16.0,
        }
    }

    /// Every entry of a part, with its key.
    pub(super) fn entries(&self, part: Part) -> impl Iterator<Item = (&Units, &Entry)> {
        let table = self.table(part);
        table.entries.iter().map(|e| (table.key(e), e))
    }

    fn table(&self, part: Part) -> &Table {
        &self.parts[part.index()]
    }

    fn empty() -> Self {
        let parts = [Table::default(), Table::default()];
        let weights = std::array::from_fn(|weight| (-(weight as f32) / 8.0).exp());
        Dictionary {
            parts,
            chars: vec![0; 0x10000],
            starts: vec![0],
            char_costs: Vec::new(),
            char_readings: Vec::new(),
            weights,
        }
    }
}

impl Table {
    fn key(&self, entry: &Entry) -> &Units {
        let from = entry.key as usize;
        &self.keys[from..from + usize::from(entry.len)]
    }

    fn number(&self, key: &Units) -> Option<usize> {
        if self.slots.is_empty() {
            return None;
        }
        let mask = self.slots.len() - 1;
        let hash = hash(key);
        let tag = (hash >> 32) as u32;
        let mut at = hash as usize & mask;
        loop {
            match self.slots[at] {
                (_, 0) => return None,
                (own, n) if own == tag => {
                    let number = n as usize - 1;
                    if self.key(&self.entries[number]) == key {
                        return Some(number);
                    }
                }
                _ => {}
            }
            at = (at + 1) & mask;
        }
    }

    /// Builds the hash table, at most half full so that probes stay short.
    fn build_slots(&mut self) {
        let size = (self.entries.len() * 2).next_power_of_two().max(2);
        let mut slots = vec![(0u32, 0u32); size];
        for (n, entry) in (1u32..).zip(&self.entries) {
            let hash = hash(self.key(entry));
            let mut at = hash as usize & (size - 1);
            while slots[at].1 != 0 {
                at = (at + 1) & (size - 1);
            }
            slots[at] = ((hash >> 32) as u32, n);
        }
        self.slots = slots;
    }
}

/// The weight and the codes of the reading at an offset.
fn reading_at(all: &[u8], offset: u32) -> Option<(u8, &[u8])> {
    let (&[len, weight], rest) = all.get(offset as usize..)?.split_first_chunk::<2>()?;
    Some((weight, rest.get(..usize::from(len))?))
}

/// A multiplicative hash. The multiplier is 2^64 divided by the golden ratio (Fibonacci hashing).
fn hash(key: &Units) -> u64 {
    let mut h = key.len() as u64;
    for &u in key {
        h = (h.rotate_left(5) ^ u64::from(u)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
    h ^ (h >> 32)
}

/// A cursor over the columns.
struct Columns<'a>(&'a [u8]);

impl<'a> Columns<'a> {
    fn word(&mut self) -> Option<usize> {
        let (head, rest) = self.0.split_first_chunk::<4>()?;
        self.0 = rest;
        Some(u32::from_le_bytes(*head) as usize)
    }

    fn column(&mut self) -> Option<&'a [u8]> {
        let len = self.word()?;
        let (head, rest) = self.0.split_at_checked(len)?;
        self.0 = rest;
        Some(head)
    }
}

fn load(data: &[u8]) -> Option<Dictionary> {
    let raw = zstd::bulk::decompress(data, UNPACKED_LIMIT).ok()?;
    let mut columns = Columns(raw.strip_prefix(b"NYN1")?);
    let (families, givens, chars) = (columns.word()?, columns.word()?, columns.word()?);
    let parts = [load_part(&mut columns, families)?, load_part(&mut columns, givens)?];
    let mut dictionary = Dictionary { parts, ..Dictionary::empty() };
    load_chars(&mut columns, chars, &mut dictionary)?;
    Some(dictionary)
}

fn load_part(columns: &mut Columns<'_>, count: usize) -> Option<Table> {
    let (shared, extra) = (columns.column()?, columns.column()?);
    let (high, low) = (columns.column()?, columns.column()?);
    let (freq, evidence, readings) = (columns.column()?, columns.column()?, columns.column()?);
    let (length, kana, weight) = (columns.column()?, columns.column()?, columns.column()?);
    let mut table = Table::default();
    table.entries.reserve(count);
    table.keys.reserve(high.len() * 2);
    table.readings.reserve(kana.len() + 2 * length.len());
    let (mut unit, mut reading, mut code, mut before) = (0, 0, 0, 0..0);
    for i in 0..count {
        let start = table.keys.len();
        let keep = usize::from(*shared.get(i)?).min(before.len());
        table.keys.extend_from_within(before.start..before.start + keep);
        let add = usize::from(*extra.get(i)?);
        for j in unit..unit + add {
            table.keys.push(u16::from_be_bytes([*high.get(j)?, *low.get(j)?]));
        }
        unit += add;
        before = start..table.keys.len();
        let n = *readings.get(i)?;
        table.entries.push(Entry {
            key: u32::try_from(start).ok()?,
            readings: u32::try_from(table.readings.len()).ok()?,
            len: u8::try_from(before.len()).ok()?,
            count: n,
            freq: *freq.get(i)?,
            evidence: *evidence.get(i)?,
        });
        for j in reading..reading + usize::from(n) {
            let len = *length.get(j)?;
            table.readings.extend([len, *weight.get(j)?]);
            table.readings.extend_from_slice(kana.get(code..code + usize::from(len))?);
            code += usize::from(len);
        }
        reading += usize::from(n);
    }
    table.build_slots();
    Some(table)
}

fn load_chars(columns: &mut Columns<'_>, count: usize, into: &mut Dictionary) -> Option<()> {
    let (high, low, readings) = (columns.column()?, columns.column()?, columns.column()?);
    let (length, kana) = (columns.column()?, columns.column()?);
    let mut reading_costs = [&[][..]; POSITIONS];
    let mut char_costs = [&[][..]; POSITIONS];
    for column in reading_costs.iter_mut().chain(&mut char_costs) {
        *column = columns.column()?;
    }
    let (mut reading, mut code) = (0, 0);
    for i in 0..count {
        let unit = u16::from_be_bytes([*high.get(i)?, *low.get(i)?]);
        into.chars[usize::from(unit)] = u16::try_from(i + 1).ok()?;
        into.char_costs.push(std::array::from_fn(|p| char_costs[p].get(i).copied().unwrap_or(u8::MAX)));
        for j in reading..reading + usize::from(*readings.get(i)?) {
            let len = *length.get(j)?;
            let mut padded = [0; MAX_CHAR_KANA];
            padded.get_mut(..usize::from(len))?.copy_from_slice(kana.get(code..code + usize::from(len))?);
            code += usize::from(len);
            let costs = std::array::from_fn(|p| reading_costs[p].get(j).copied().unwrap_or(u8::MAX));
            into.char_readings.push(CharReading { kana: padded, enlarged: padded.map(enlarged_code), len, costs });
        }
        reading += usize::from(*readings.get(i)?);
        into.starts.push(u32::try_from(into.char_readings.len()).ok()?);
    }
    Some(())
}

#[cfg(test)]
mod tests {
    use super::super::codes::{kana_char, kana_code};
    use super::*;

    #[test]
    fn finds() {
        let dictionary = dictionary();
        let key: Vec<u16> = "田中".encode_utf16().collect();
        let found = dictionary.find(Part::Family, &key).expect("listed");
        assert!(found.ln_share() > -6.0);
        let read: Vec<String> =
            dictionary.readings(Part::Family, found).map(|(k, _)| k.iter().map(|&c| kana_char(c)).collect()).collect();
        assert_eq!(read[0], "タナカ");
        let ta = kana_code('タ').into_iter().collect::<Vec<u8>>();
        assert!(dictionary.char_readings(key[0]).iter().any(|p| p.kana() == ta));
    }
}
