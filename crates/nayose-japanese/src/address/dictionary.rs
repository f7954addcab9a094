//! The dictionary of municipalities and towns.
//!
//! In: `data/address.bin.zst` (built by tools/dictionary/address.py, which documents its format). Out: the municipalities and the names they are found by; the towns of one
//! municipality, folded and sorted at the first use; postal codes. Why lazily: unpacking takes a few milliseconds and a
//! municipality some tens of microseconds, once, and most data is of a few regions.

use super::alias::{self, county_and_town, parent_and_ward};
pub(super) use super::alias::{Alias, Kind};
use super::fold;
use super::former::{self, Former};
use super::prefix::Prefixes;
use std::collections::HashMap;
use std::sync::OnceLock;

static PACKED: &[u8] = include_bytes!("../../data/address.bin.zst");
/// An upper bound of the unpacked size (2.8 MB), for the decompressor.
const UNPACKED_LIMIT: usize = 1 << 24;
/// Room for the postal codes of all towns: about one each.
const ROOM: usize = 130_000;

/// The whole dictionary.
pub(super) struct Dictionary {
    pub(super) cities: Vec<City>,
    /// Names that a municipality is found by.
    pub(super) aliases: Prefixes<Alias>,
    /// Counties (和賀郡) with the prefectures that have one.
    pub(super) counties: Prefixes<u8>,
    /// Prefectures in full (東京都) with their index.
    pub(super) prefectures: Prefixes<u8>,
    /// Prefectures without 都, 府 or 県.
    pub(super) short_prefectures: Prefixes<u8>,
    prefecture_names: Vec<&'static str>,
    /// The month of the postal list, for the test that holds what is told of it.
    #[cfg(test)]
    pub(super) edition: &'static str,
    postal: OnceLock<Vec<(u32, u16)>>,
}

/// A municipality, or a ward of a designated city.
pub(super) struct City {
    /// JIS X 0402 code.
    pub(super) code: u32,
    pub(super) code_text: &'static str,
    pub(super) prefecture: u8,
    /// With its county or city: 余市郡余市町, 横浜市南区.
    pub(super) name: &'static str,
    body: &'static str,
    towns: OnceLock<Towns>,
    loose: OnceLock<Prefixes<u16>>,
    stem: OnceLock<Vec<char>>,
}

/// The towns of a municipality.
pub(super) struct Towns {
    pub(super) table: Prefixes<u16>,
    pub(super) list: Vec<Town>,
    /// The town without a name: the municipality as a whole.
    pub(super) whole: Option<Town>,
}

/// A town (町, 大字). There are 128,000, so it is small.
pub(super) struct Town {
    pub(super) name: &'static str,
    /// The municipality's code and the name's key: 13101:丸ノ内.
    pub(super) code: Box<str>,
    /// Bit n: has n丁目; bit 0: has addresses without 丁目 too.
    pub(super) chome: u128,
    /// Has 丁目, but which is unknown.
    pub(super) any_chome: bool,
    pub(super) codes: Codes,
    /// A name of the past, and what it is today.
    pub(super) former: Option<Box<Former>>,
    /// For a name that several towns of a ward of Kyoto have: the streets of each postal code.
    pub(super) streets: &'static str,
    /// Common to all towns of the same key (大字北野 and 北野, 金沢 and 金澤).
    shared: Option<Box<Shared>>,
    pub(super) koaza_names: &'static str,
    koaza: OnceLock<Box<Prefixes<&'static str>>>,
}

/// Postal codes as the dictionary has them, and the code that the first is relative to.
#[derive(Clone, Copy)]
pub(super) struct Codes {
    before: u32,
    text: &'static str,
}

struct Shared {
    /// The canonical spelling.
    canonical: &'static str,
    codes: Vec<Codes>,
}

static DICTIONARY: OnceLock<Dictionary> = OnceLock::new();

/// The dictionary, unpacked on first use.
pub(super) fn dictionary() -> &'static Dictionary {
    static TEXT: OnceLock<String> = OnceLock::new();
    let text = TEXT.get_or_init(|| {
        let bytes = zstd::bulk::decompress(PACKED, UNPACKED_LIMIT).unwrap_or_default();
        String::from_utf8(bytes).unwrap_or_default()
    });
    DICTIONARY.get_or_init(|| read(text))
}

fn read(text: &'static str) -> Dictionary {
    let mut cities: Vec<City> = Vec::with_capacity(2000);
    let mut prefecture_names: Vec<&'static str> = Vec::with_capacity(47);
    let (_head, mut rest) = text.split_once('\n').unwrap_or_default();
    // Behind it are the packages that it is from, for people.
    #[cfg(test)]
    let (edition, _) = _head.trim_start_matches('#').split_once('\t').unwrap_or_default();
    while let Some((head, after)) = rest.split_once('\n') {
        let mut fields = head.trim_start_matches('=').split('\t');
        let mut field = || fields.next().unwrap_or_default();
        let (code, prefecture, name, bytes) = (field(), field(), field(), field());
        let (body, next) = after.split_at_checked(bytes.parse().unwrap_or(0)).unwrap_or((after, ""));
        if prefecture_names.last() != Some(&prefecture) {
            prefecture_names.push(prefecture);
        }
        cities.push(City {
            code: code.parse().unwrap_or(0),
            code_text: code,
            prefecture: (prefecture_names.len() - 1) as u8,
            name,
            body,
            towns: OnceLock::new(),
            loose: OnceLock::new(),
            stem: OnceLock::new(),
        });
        rest = next;
    }
    let full = prefecture_names.iter().enumerate().map(|(i, n)| (fold::key(n), i as u8)).collect();
    let mut counties: Vec<(Vec<char>, u8)> = cities
        .iter()
        .filter_map(|c| county_and_town(c.name).map(|(county, _)| (fold::key(county), c.prefecture)))
        .collect();
    counties.sort_unstable();
    counties.dedup();
    let short = |n: &str| n.strip_suffix(['都', '府', '県']).map(fold::key);
    let short = prefecture_names.iter().enumerate().filter_map(|(i, n)| Some((short(n)?, i as u8))).collect();
    Dictionary {
        aliases: Prefixes::new(alias::all(&cities, &prefecture_names)),
        cities,
        counties: Prefixes::new(counties),
        prefectures: Prefixes::new(full),
        short_prefectures: Prefixes::new(short),
        prefecture_names,
        #[cfg(test)]
        edition,
        postal: OnceLock::new(),
    }
}

impl Dictionary {
    /// The prefecture's name.
    pub(super) fn prefecture(&self, index: u8) -> &'static str {
        self.prefecture_names.get(index as usize).copied().unwrap_or_default()
    }

    /// The municipalities that a postal code belongs to. The first call reads all of them.
    pub(super) fn cities_of_postal_code(&self, code: u32) -> impl Iterator<Item = u16> + '_ {
        let all = self.postal.get_or_init(|| {
            let mut all = Vec::with_capacity(ROOM);
            for (i, city) in self.cities.iter().enumerate() {
                let mut before = 0;
                for line in city.body.lines().filter(|line| !former::is_line(line)) {
                    postal_codes(line.split('\t').nth(2).unwrap_or_default(), &mut before, |code, _| {
                        all.push((code, i as u16));
                    });
                }
            }
            all.sort_unstable();
            all.dedup();
            all
        });
        let from = all.partition_point(|&(c, _)| c < code);
        all[from..].iter().take_while(move |&&(c, _)| c == code).map(|&(_, city)| city)
    }
}

impl City {
    /// The key of its name, for a ward of its city's, without county, 市, 町 or 村: 浜松.
    pub(super) fn stem(&self) -> &[char] {
        self.stem.get_or_init(|| {
            let name = parent_and_ward(self.name).map_or(self.name, |(parent, _)| parent);
            let name = county_and_town(name).map_or(name, |(_, town)| town);
            fold::key(name.strip_suffix(['市', '町', '村', '区']).unwrap_or(name))
        })
    }

    /// Its towns, folded and sorted at the first use.
    pub(super) fn towns(&self) -> &Towns {
        self.towns.get_or_init(|| {
            let mut before = 0;
            let lines = self.body.lines().filter(|line| !former::is_line(line));
            let mut list: Vec<Town> = lines.map(|line| town(line, &mut before)).collect();
            let whole = list.iter().position(|t| t.name.is_empty()).map(|i| list.swap_remove(i));
            let mut names: Vec<_> = list.iter().enumerate().map(|(i, t)| (fold::key(t.name), i as u16)).collect();
            for (key, i) in &names {
                let code: String = self.code_text.chars().chain([':']).chain(key.iter().copied()).collect();
                list[*i as usize].code = code.into();
            }
            merge(&mut list);
            names.extend(names.iter().flat_map(without_chome).collect::<Vec<_>>());
            let former = self.body.lines().rev().take_while(|line| former::is_line(line));
            former::add(former, self.code_text, &mut list, &mut names);
            Towns { table: Prefixes::new(names), list, whole }
        })
    }

    /// Its towns by their unofficial names.
    pub(super) fn loose(&self) -> &Prefixes<u16> {
        self.loose.get_or_init(|| super::loose::names(self.towns(), &alias::former_stems(self.name)))
    }
}

impl Town {
    /// Whether the town has this 丁目.
    pub(super) fn has_chome(&self, n: u32) -> bool {
        self.any_chome || (1..128).contains(&n) && self.chome >> n & 1 == 1
    }

    /// Whether it has 丁目 at all.
    pub(super) fn has_any_chome(&self) -> bool {
        self.any_chome || self.chome > 1
    }

    /// Whether it has addresses without 丁目.
    pub(super) fn has_lots_without_chome(&self) -> bool {
        !self.has_any_chome() || self.chome & 1 == 1
    }

    /// Whether the dictionary has 大字 or 字 before its name.
    pub(super) fn is_oaza(&self) -> bool {
        self.name.starts_with("大字") || self.name.starts_with('字')
    }

    /// A former name of the town, with everything else the same.
    pub(super) fn under_former_name(&self, former: Former) -> Town {
        Town {
            name: former.name,
            code: self.code.clone(),
            chome: self.chome,
            any_chome: self.any_chome,
            codes: self.codes,
            former: Some(Box::new(former)),
            streets: self.streets,
            shared: None,
            koaza_names: self.koaza_names,
            koaza: OnceLock::new(),
        }
    }

    /// A town of the past that no longer exists as one.
    pub(super) fn past(code: Box<str>, former: Former) -> Town {
        Town {
            name: former.name,
            code,
            chome: 0,
            any_chome: true,
            codes: Codes { before: 0, text: "" },
            former: Some(Box::new(former)),
            streets: "",
            shared: None,
            koaza_names: "",
            koaza: OnceLock::new(),
        }
    }

    /// Whether another town has the same key.
    pub(super) fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// The canonical spelling of the town.
    pub(super) fn canonical(&self) -> &'static str {
        self.shared.as_ref().map_or(self.name, |s| s.canonical)
    }

    /// Calls `found` for every postal code, with the bits of the 丁目 that it is restricted to, 0 for none.
    pub(super) fn postal_codes(&self, mut found: impl FnMut(u32, u128)) {
        let own = [self.codes];
        let all = self.shared.as_ref().map_or(&own[..], |s| &s.codes);
        for codes in all {
            postal_codes(codes.text, &mut { codes.before }, &mut found);
        }
    }

    /// Whether this is one of its postal codes.
    pub(super) fn has_postal_code(&self, code: u32) -> bool {
        let mut has = false;
        self.postal_codes(|c, _| has |= c == code);
        has
    }

    /// Whether it has any postal code.
    pub(super) fn has_postal_codes(&self) -> bool {
        let mut has = false;
        self.postal_codes(|_, _| has = true);
        has
    }

    /// The names of its koaza. After =: the municipality has it as a town of its own too.
    pub(super) fn koaza_names(&self) -> impl Iterator<Item = &'static str> {
        self.koaza_names.split(',').filter(|n| !n.is_empty())
    }

    /// Its koaza.
    pub(super) fn koaza(&self) -> &Prefixes<&'static str> {
        self.koaza.get_or_init(|| {
            Box::new(Prefixes::new(self.koaza_names().map(|n| (fold::key(n.trim_start_matches('=')), n)).collect()))
        })
    }
}

/// The ways to write a 丁目 inside a name without its word: 南郷通1丁目北 is 南郷通1-北 and 南郷通1北 too.
fn without_chome((name, town): &(Vec<char>, u16)) -> Vec<(Vec<char>, u16)> {
    let place = (1..name.len().saturating_sub(2)).find(|&i| name[i..].starts_with(&['丁', '目']));
    let Some(i) = place.filter(|&i| name[i - 1].is_ascii_digit()) else { return Vec::new() };
    let (before, after) = (&name[..i], &name[i + 2..]);
    vec![([before, &['-'], after].concat(), *town), ([before, after].concat(), *town)]
}

/// Gives towns that the sources spell differently (金沢, 金澤) the same 丁目 and postal codes. Towns that differ by
/// 大字 stay separate.
fn merge(list: &mut [Town]) {
    let mut by_key: HashMap<Box<str>, Vec<usize>> = HashMap::with_capacity(list.len());
    for (i, town) in list.iter().enumerate() {
        by_key.entry(town.code.clone()).or_default().push(i);
    }
    for all in by_key.into_values().filter(|all| all.len() > 1) {
        for oaza in [false, true] {
            let group: Vec<usize> = all.iter().copied().filter(|&i| list[i].is_oaza() == oaza).collect();
            let Some(&first) = group.first() else { continue };
            let canonical = list[first].name;
            let codes: Vec<Codes> = group.iter().map(|&i| list[i].codes).collect();
            let chome = group.iter().fold(0, |bits, &i| bits | list[i].chome);
            // If one source has 丁目 and the other has the town without, it has 丁目.
            let plain = group.iter().any(|&i| list[i].has_any_chome() && list[i].chome & 1 == 1);
            let chome = if chome > 1 && !plain { chome & !1 } else { chome };
            let any = chome <= 1 && group.iter().any(|&i| list[i].any_chome);
            for i in group {
                list[i].chome = chome;
                list[i].any_chome = any;
                list[i].shared = Some(Box::new(Shared { canonical, codes: codes.clone() }));
            }
        }
    }
}

/// The town of a line.
fn town(line: &'static str, before: &mut u32) -> Town {
    let mut fields = line.split('\t');
    let mut field = || fields.next().unwrap_or_default();
    let (name, chome, codes, koaza_names, streets) = (field(), field(), field(), field(), field());
    let codes = Codes { before: *before, text: codes };
    postal_codes(codes.text, before, |_, _| {});
    Town {
        name,
        code: Box::default(),
        chome: ranges(chome),
        any_chome: chome == "*",
        codes,
        former: None,
        streets,
        shared: None,
        koaza_names,
        koaza: OnceLock::new(),
    }
}

/// Calls `found` for the postal codes of a line, each relative to the one before.
fn postal_codes(text: &str, before: &mut u32, mut found: impl FnMut(u32, u128)) {
    if text.is_empty() {
        return;
    }
    for word in text.split(' ') {
        let (mut step, mut negative, mut chome) = (0u32, false, 0);
        for (i, b) in word.bytes().enumerate() {
            match b {
                b'0'..=b'9' => step = step.wrapping_mul(10).wrapping_add(u32::from(b - b'0')),
                b'-' => negative = true,
                _ => {
                    chome = ranges(&word[i + 1..]);
                    break;
                }
            }
        }
        *before = if negative { before.wrapping_sub(step) } else { before.wrapping_add(step) };
        found(*before, chome);
    }
}

/// 1-3,5 as bits.
fn ranges(text: &str) -> u128 {
    let mut bits = 0;
    for part in text.split(',') {
        let (from, to) = part.split_once('-').unwrap_or((part, part));
        if let (Ok(from), Ok(to)) = (from.parse::<u32>(), to.parse::<u32>()) {
            for n in from..=to.min(127) {
                bits |= 1 << n;
            }
        }
    }
    bits
}

#[cfg(test)]
mod tests {
    use super::dictionary;

    #[test]
    fn unpacks() {
        let all = dictionary();
        assert!(all.cities.len() > 1880);
        assert_eq!(all.prefecture(12), "東京都");
        let chiyoda = all.cities.iter().find(|c| c.code == 13101).map(|c| c.towns());
        let marunouchi = chiyoda.and_then(|t| t.list.iter().find(|t| t.name == "丸の内"));
        assert!(marunouchi.is_some_and(|t| t.has_chome(1) && !t.has_chome(9)));
        assert_eq!(all.cities_of_postal_code(1000005).count(), 1);
    }
}
