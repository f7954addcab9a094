//! The dictionary of municipalities and towns, unpacked as far as it is needed.
//!
//! In: `data/address.bin.zst` (built by tools/dictionary/address.py, which tells its format) and
//! `data/address_old_names.tsv`. Out: the municipalities and the names they are found under; the
//! towns of one municipality, folded and sorted when it is first asked for; postal codes.
//! Unpacking takes a few milliseconds; a municipality some tens of microseconds, once.

use super::fold;
use super::prefix::Prefixes;
use std::collections::HashMap;
use std::sync::OnceLock;

static PACKED: &[u8] = include_bytes!("../data/address.bin.zst");
static OLD_NAMES: &str = include_str!("../data/address_old_names.tsv");
/// Above the unpacked size.
const UNPACKED_LIMIT: usize = 1 << 24;

/// All of it.
pub(super) struct Dictionary {
    pub cities: Vec<City>,
    /// Names that a municipality is found under.
    pub aliases: Prefixes<Alias>,
    /// Counties (和賀郡) by the prefectures they are in.
    pub counties: Prefixes<u8>,
    /// Prefectures in full (東京都) by their index.
    pub prefectures: Prefixes<u8>,
    /// Prefectures without 都, 府 or 県.
    pub short_prefectures: Prefixes<u8>,
    prefecture_names: Vec<&'static str>,
    postal: OnceLock<Vec<(u32, u16)>>,
}

/// A municipality, or a ward of a designated city.
pub(super) struct City {
    /// JIS X 0402 code.
    pub code: u32,
    pub code_text: &'static str,
    pub prefecture: u8,
    /// With its county or city: 余市郡余市町, 横浜市南区.
    pub name: &'static str,
    body: &'static str,
    towns: OnceLock<Towns>,
    loose: OnceLock<Prefixes<u16>>,
    stem: OnceLock<Vec<char>>,
}

/// How a name leads to a municipality.
#[derive(Clone, Copy)]
pub(super) struct Alias {
    pub city: u16,
    pub kind: Kind,
    /// What the towns of an old municipality begin with today: 東和町.
    pub prefix: &'static str,
}

/// What kind of name it was, the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// As the dictionary has it.
    Full,
    /// The county is omitted.
    NoCounty,
    /// Only the ward: 南区.
    Ward,
    /// Only the city: its ward is omitted.
    Parent,
    /// A municipality of the past.
    Old,
}

/// The towns of a municipality.
pub(super) struct Towns {
    pub table: Prefixes<u16>,
    pub list: Vec<Town>,
    /// The town without a name: the municipality as a whole.
    pub whole: Option<Town>,
}

/// A town (町, 大字). There are 128,000 of them, so it is kept small.
pub(super) struct Town {
    pub name: &'static str,
    /// The municipality's code and the name's key: 13101:丸ノ内.
    pub code: Box<str>,
    /// Bit n: has n丁目; bit 0: has addresses without 丁目 too.
    pub chome: u128,
    /// Has 丁目, which are not known.
    pub any_chome: bool,
    codes: Codes,
    /// What it shares with towns of the same key (大字北野 and 北野, 金沢 and 金澤).
    shared: Option<Box<Shared>>,
    koaza_names: &'static str,
    koaza: OnceLock<Box<Prefixes<&'static str>>>,
}

/// Postal codes as the dictionary has them, and the code that the first of them is counted from.
#[derive(Clone, Copy)]
struct Codes {
    before: u32,
    text: &'static str,
}

struct Shared {
    /// The spelling that stands for all.
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
    let mut rest = text;
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
        aliases: Prefixes::new(aliases(&cities, &prefecture_names)),
        cities,
        counties: Prefixes::new(counties),
        prefectures: Prefixes::new(full),
        short_prefectures: Prefixes::new(short),
        prefecture_names,
        postal: OnceLock::new(),
    }
}

/// Every name under which a municipality is found.
fn aliases(cities: &[City], prefectures: &[&str]) -> Vec<(Vec<char>, Alias)> {
    let mut found = Vec::with_capacity(cities.len() * 3);
    // Municipalities by name, and wards by their city's name.
    let mut by_name: HashMap<&str, Vec<(u16, u8)>> = HashMap::with_capacity(cities.len());
    for (i, city) in cities.iter().enumerate() {
        let alias = |kind| Alias { city: i as u16, kind, prefix: "" };
        found.push((fold::key(city.name), alias(Kind::Full)));
        by_name.entry(city.name).or_default().push((i as u16, city.prefecture));
        if let Some((parent, ward)) = parent_and_ward(city.name) {
            by_name.entry(parent).or_default().push((i as u16, city.prefecture));
            found.push((fold::key(ward), alias(Kind::Ward)));
            found.push((fold::key(parent), alias(Kind::Parent)));
            let stem = parent.trim_end_matches('市');
            found.push((fold::key(&format!("{stem}{ward}")), alias(Kind::NoCounty)));
        } else if let Some((_, town)) = county_and_town(city.name) {
            found.push((fold::key(town), alias(Kind::NoCounty)));
        }
        if let Some(island) = ["三宅村", "八丈町"].iter().find(|&&n| n == city.name) {
            let stem = island.trim_end_matches(['村', '町']);
            found.push((fold::key(&format!("{stem}島{island}")), alias(Kind::Full)));
        }
    }
    for line in OLD_NAMES.lines().filter(|l| !l.starts_with('#')) {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or_default();
        let (prefecture, new, old) = (field(), field(), field());
        for &(i, at) in by_name.get(new).into_iter().flatten() {
            if prefectures.get(at as usize) != Some(&prefecture) {
                continue;
            }
            for name in old.split(' ') {
                let town = county_and_town(name).map_or(name, |(_, town)| town);
                let alias = Alias { city: i, kind: Kind::Old, prefix: town };
                found.push((fold::key(name), alias));
                if town != name {
                    found.push((fold::key(town), alias));
                }
            }
        }
    }
    found
}

/// 横浜市南区 → 横浜市, 南区.
fn parent_and_ward(name: &str) -> Option<(&str, &str)> {
    let at = name.char_indices().skip(1).find(|&(i, c)| c == '市' && name.ends_with('区') && i + 3 < name.len())?.0;
    Some(name.split_at(at + '市'.len_utf8()))
}

/// 余市郡余市町 → 余市郡, 余市町. 郡山市 and 小郡市 have none.
fn county_and_town(name: &str) -> Option<(&str, &str)> {
    let at = name.char_indices().skip(1).find(|&(_, c)| c == '郡')?.0;
    (name.ends_with(['町', '村'])).then(|| name.split_at(at + '郡'.len_utf8()))
}

impl Dictionary {
    /// The prefecture's name.
    pub fn prefecture(&self, index: u8) -> &'static str {
        self.prefecture_names.get(index as usize).copied().unwrap_or_default()
    }

    /// The municipalities that a postal code belongs to. The first call reads all of them.
    pub fn cities_of_postal_code(&self, code: u32) -> impl Iterator<Item = u16> + '_ {
        let all = self.postal.get_or_init(|| {
            let mut all = Vec::with_capacity(130_000);
            for (i, city) in self.cities.iter().enumerate() {
                let mut before = 0;
                for line in city.body.lines() {
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
    /// The key of its name, or of its city's, without county, 市, 町 or 村: 浜松.
    pub fn stem(&self) -> &[char] {
        self.stem.get_or_init(|| {
            let name = parent_and_ward(self.name).map_or(self.name, |(parent, _)| parent);
            let name = county_and_town(name).map_or(name, |(_, town)| town);
            fold::key(name.strip_suffix(['市', '町', '村', '区']).unwrap_or(name))
        })
    }

    /// Its towns, folded and sorted on first use.
    pub fn towns(&self) -> &Towns {
        self.towns.get_or_init(|| {
            let mut before = 0;
            let mut list: Vec<Town> = self.body.lines().map(|line| town(line, &mut before)).collect();
            let whole = list.iter().position(|t| t.name.is_empty()).map(|i| list.swap_remove(i));
            let names: Vec<_> = list.iter().enumerate().map(|(i, t)| (fold::key(t.name), i as u16)).collect();
            for (key, i) in &names {
                let code: String = self.code_text.chars().chain([':']).chain(key.iter().copied()).collect();
                list[*i as usize].code = code.into();
            }
            merge(&mut list);
            Towns { table: Prefixes::new(names), list, whole }
        })
    }

    /// Its towns under names that people also write: without ノ and ケ, without 町 at the end,
    /// with a 町 too many, without the old municipality before them. Names that lead to two
    /// towns are left out.
    pub fn loose(&self) -> &Prefixes<u16> {
        self.loose.get_or_init(|| super::loose::names(self.towns()))
    }
}

impl Town {
    /// Whether the town has this 丁目.
    pub fn has_chome(&self, n: u32) -> bool {
        self.any_chome || (1..128).contains(&n) && self.chome >> n & 1 == 1
    }

    /// Whether it has 丁目 at all.
    pub fn takes_chome(&self) -> bool {
        self.any_chome || self.chome > 1
    }

    /// Whether it has addresses without 丁目.
    pub fn takes_none(&self) -> bool {
        !self.takes_chome() || self.chome & 1 == 1
    }

    /// Whether the dictionary has 大字 or 字 before its name.
    pub fn is_oaza(&self) -> bool {
        self.name.starts_with("大字") || self.name.starts_with('字')
    }

    /// Whether another town has the same key.
    pub fn is_shared(&self) -> bool {
        self.shared.is_some()
    }

    /// The spelling that stands for all spellings of the town.
    pub fn canonical(&self) -> &'static str {
        self.shared.as_ref().map_or(self.name, |s| s.canonical)
    }

    /// Every postal code, with the 丁目 it is restricted to as bits, 0 for none.
    pub fn postal_codes(&self, mut found: impl FnMut(u32, u128)) {
        let own = [self.codes];
        let all = self.shared.as_ref().map_or(&own[..], |s| &s.codes);
        for codes in all {
            postal_codes(codes.text, &mut { codes.before }, &mut found);
        }
    }

    /// Whether this is one of its postal codes.
    pub fn has_postal_code(&self, code: u32) -> bool {
        let mut has = false;
        self.postal_codes(|c, _| has |= c == code);
        has
    }

    /// Whether it has any.
    pub fn has_postal_codes(&self) -> bool {
        let mut has = false;
        self.postal_codes(|_, _| has = true);
        has
    }

    /// The names of its koaza.
    pub fn koaza_names(&self) -> impl Iterator<Item = &'static str> {
        self.koaza_names.split(',').filter(|n| !n.is_empty())
    }

    /// Its koaza.
    pub fn koaza(&self) -> &Prefixes<&'static str> {
        self.koaza.get_or_init(|| Box::new(Prefixes::new(self.koaza_names().map(|n| (fold::key(n), n)).collect())))
    }
}

/// Gives towns that the sources spell differently (金沢, 金澤) the same 丁目 and postal codes, and
/// marks those that only 大字 tells apart.
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
            // One source knows 丁目, the other has the town without them: then it has 丁目.
            let plain = group.iter().any(|&i| list[i].takes_chome() && list[i].chome & 1 == 1);
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

/// One town line.
fn town(line: &'static str, before: &mut u32) -> Town {
    let mut fields = line.split('\t');
    let mut field = || fields.next().unwrap_or_default();
    let (name, chome, codes, koaza_names) = (field(), field(), field(), field());
    let codes = Codes { before: *before, text: codes };
    postal_codes(codes.text, before, |_, _| {});
    Town {
        name,
        code: Box::default(),
        chome: ranges(chome),
        any_chome: chome == "*",
        codes,
        shared: None,
        koaza_names,
        koaza: OnceLock::new(),
    }
}

/// The postal codes of a line, each written as the increase over the one before.
fn postal_codes(text: &str, before: &mut u32, mut found: impl FnMut(u32, u128)) {
    if text.is_empty() {
        return;
    }
    for word in text.split(' ') {
        let (mut step, mut less, mut some) = (0u32, false, 0);
        for (i, b) in word.bytes().enumerate() {
            match b {
                b'0'..=b'9' => step = step.wrapping_mul(10).wrapping_add(u32::from(b - b'0')),
                b'-' => less = true,
                _ => {
                    some = ranges(&word[i + 1..]);
                    break;
                }
            }
        }
        *before = if less { before.wrapping_sub(step) } else { before.wrapping_add(step) };
        found(*before, some);
    }
}

/// 1-3,5 → bits.
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
    use super::{county_and_town, dictionary, parent_and_ward};

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

    #[test]
    fn divides_names() {
        assert_eq!(parent_and_ward("四日市市"), None);
        assert_eq!(parent_and_ward("横浜市南区"), Some(("横浜市", "南区")));
        assert_eq!(parent_and_ward("さいたま市大宮区"), Some(("さいたま市", "大宮区")));
        assert_eq!(county_and_town("余市郡余市町"), Some(("余市郡", "余市町")));
        assert_eq!(county_and_town("郡山市"), None);
    }
}
