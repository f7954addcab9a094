//! The name dictionary: how common a family or given name is, and how it and its characters read.
//!
//! In: `data/names.bin.zst`, written by `tools/dictionary/names.py` from UniDic, IPADIC, Mozc's
//! dictionary and two lists of names (`data/names.LICENSES.md`). Out: lookups by part key, the
//! [`Units`] of a name. Loaded at the first lookup.
//!
//! The file is one zstd frame of columns of bytes, each preceded by its length: for family names, given names and
//! characters in turn. Keys are front-coded in order.

use super::codes::large;
use std::sync::OnceLock;

static DATA: &[u8] = include_bytes!("../data/names.bin.zst");

/// The unpacked file is smaller than this.
const UNPACKED_LIMIT: usize = 1 << 23;

/// Which part of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Part {
    /// 姓
    Family,
    /// 名
    Given,
}

/// A part key as UTF-16 units; a character above the basic plane is one unit that nothing equals.
pub type Units = [u16];

/// What is known of one family or given name.
#[derive(Debug, Clone, Copy)]
pub struct Entry {
    key: u32,
    readings: u32,
    len: u8,
    count: u8,
    freq: u8,
    evidence: u8,
}

impl Entry {
    /// ln of the share of people who have it.
    pub fn ln_share(&self) -> f32 {
        -f32::from(self.freq) / 5.0
    }

    /// How much evidence its readings rest on, in units of one careful list's entry.
    pub fn evidence(&self) -> f32 {
        (f32::from(self.evidence) / 3.0).exp2() - 1.0
    }
}

/// A way to read one character: kana codes as written and with small letters enlarged, and the
/// share in each slot.
#[derive(Debug, Clone, Copy)]
pub struct Piece {
    kana: [u8; 7],
    large: [u8; 7],
    len: u8,
    shares: [u8; 6],
}

impl Piece {
    /// The kana as written: small letters, long vowels in full.
    pub fn kana(&self) -> &[u8] {
        &self.kana[..usize::from(self.len)]
    }

    /// The kana with small letters enlarged.
    pub fn large(&self) -> &[u8] {
        &self.large[..usize::from(self.len)]
    }

    /// How rare the piece is among the character's in a slot: 16 times minus ln of its share.
    pub fn cost(&self, slot: usize) -> u8 {
        self.shares[slot]
    }
}

/// One part's table.
#[derive(Debug, Default)]
struct Table {
    keys: Vec<u16>,
    entries: Vec<Entry>,
    readings: Vec<u8>,
    /// The top of the hash and the entry's number from 1; 0 for none.
    slots: Vec<(u32, u32)>,
}

/// The whole dictionary.
#[derive(Debug)]
pub struct Dictionary {
    parts: [Table; 2],
    /// For every unit, the first of its pieces and, in the next place, the end; 0 for none.
    chars: Vec<u16>,
    starts: Vec<u32>,
    shares: Vec<[u8; 6]>,
    pieces: Vec<Piece>,
    /// The share that each weight of a reading stands for.
    weights: [f32; 256],
}

static DICTIONARY: OnceLock<Dictionary> = OnceLock::new();

/// The dictionary, loaded when first asked for.
pub fn dictionary() -> &'static Dictionary {
    DICTIONARY.get_or_init(|| load(DATA).unwrap_or_else(Dictionary::empty))
}

/// The slot of character `i` of `n`: 0 only, 1 first, 2 later of a family name; 3, 4, 5 of a given.
pub fn slot(part: Part, i: usize, n: usize) -> usize {
    let base = if part == Part::Family { 0 } else { 3 };
    base + if n == 1 { 0 } else { 1 + usize::from(i > 0) }
}

impl Dictionary {
    /// The entry of a part key.
    pub fn find(&self, part: Part, key: &Units) -> Option<&Entry> {
        self.table(part).find(key)
    }

    /// The listed readings of an entry: kana codes as written, and the share.
    pub fn readings<'a>(&'a self, part: Part, entry: &Entry) -> impl Iterator<Item = (&'a [u8], f32)> + use<'a> {
        self.spellings(part, entry).map(|(_, kana, share)| (kana, share))
    }

    /// The same with the place of each reading.
    pub fn spellings<'a>(&'a self, part: Part, entry: &Entry) -> impl Iterator<Item = (u32, &'a [u8], f32)> + use<'a> {
        let (all, weights, mut at) = (self.table(part).readings.as_slice(), &self.weights, entry.readings);
        (0..entry.count).map_while(move |_| {
            let (weight, kana) = reading_at(all, at)?;
            let place = at;
            at += 2 + kana.len() as u32;
            Some((place, kana, weights[usize::from(weight)]))
        })
    }

    /// The reading at a place that [`spellings`](Self::spellings) gave.
    pub fn spelling(&self, part: Part, at: u32) -> Option<&[u8]> {
        reading_at(&self.table(part).readings, at).map(|(_, kana)| kana)
    }

    /// The ways to read one character.
    pub fn pieces(&self, unit: u16) -> &[Piece] {
        match self.chars[usize::from(unit)] {
            0 => &[],
            at => {
                let at = usize::from(at) - 1;
                &self.pieces[self.starts[at] as usize..self.starts[at + 1] as usize]
            }
        }
    }

    /// ln of the share of a character among the characters of a slot.
    pub fn ln_char(&self, unit: u16, slot: usize) -> f32 {
        match self.chars[usize::from(unit)] {
            0 => -14.0,
            at => -f32::from(self.shares[usize::from(at) - 1][slot]) / 16.0,
        }
    }

    /// Every entry of a part, with its key.
    pub fn entries(&self, part: Part) -> impl Iterator<Item = (&Units, &Entry)> {
        let table = self.table(part);
        table.entries.iter().map(|e| (table.key(e), e))
    }

    fn table(&self, part: Part) -> &Table {
        &self.parts[usize::from(part == Part::Given)]
    }

    fn empty() -> Self {
        let parts = [Table::default(), Table::default()];
        let weights = std::array::from_fn(|weight| (-(weight as f32) / 8.0).exp());
        Dictionary { parts, chars: vec![0; 0x10000], starts: vec![0], shares: Vec::new(), pieces: Vec::new(), weights }
    }
}

impl Table {
    fn key(&self, entry: &Entry) -> &Units {
        let from = entry.key as usize;
        &self.keys[from..from + usize::from(entry.len)]
    }

    fn find(&self, key: &Units) -> Option<&Entry> {
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
                    let entry = &self.entries[n as usize - 1];
                    if self.key(entry) == key {
                        return Some(entry);
                    }
                }
                _ => {}
            }
            at = (at + 1) & mask;
        }
    }

    fn index(&mut self) {
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

/// The weight and the codes of the reading at a place.
fn reading_at(all: &[u8], at: u32) -> Option<(u8, &[u8])> {
    let (&[len, weight], rest) = all.get(at as usize..)?.split_first_chunk::<2>()?;
    Some((weight, rest.get(..usize::from(len))?))
}

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
    table.index();
    Some(table)
}

fn load_chars(columns: &mut Columns<'_>, count: usize, into: &mut Dictionary) -> Option<()> {
    let (high, low, pieces) = (columns.column()?, columns.column()?, columns.column()?);
    let (length, kana) = (columns.column()?, columns.column()?);
    let mut shares = [&[][..]; 6];
    let mut chars = [&[][..]; 6];
    for column in shares.iter_mut().chain(&mut chars) {
        *column = columns.column()?;
    }
    let (mut piece, mut code) = (0, 0);
    for i in 0..count {
        let unit = u16::from_be_bytes([*high.get(i)?, *low.get(i)?]);
        into.chars[usize::from(unit)] = u16::try_from(i + 1).ok()?;
        into.shares.push(std::array::from_fn(|s| chars[s].get(i).copied().unwrap_or(u8::MAX)));
        for j in piece..piece + usize::from(*pieces.get(i)?) {
            let len = *length.get(j)?;
            let mut padded = [0; 7];
            padded.get_mut(..usize::from(len))?.copy_from_slice(kana.get(code..code + usize::from(len))?);
            code += usize::from(len);
            let shares = std::array::from_fn(|s| shares[s].get(j).copied().unwrap_or(u8::MAX));
            into.pieces.push(Piece { kana: padded, large: padded.map(large), len, shares });
        }
        piece += usize::from(*pieces.get(i)?);
        into.starts.push(u32::try_from(into.pieces.len()).ok()?);
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
        assert!(dictionary.pieces(key[0]).iter().any(|p| p.kana() == ta));
    }
}
