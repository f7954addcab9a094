//! Which prefecture, municipality and town a text names.
//!
//! In: folded text, and a postal code if there is one. Out: a [`Place`]. Every municipality that the
//! text can begin with is tried (南区 is in ten cities); the one whose towns explain what follows
//! best wins, a postal code decides between equals, and what stays equal is reported.

use super::dictionary::{Alias, City, Dictionary, Kind, dictionary};
use super::fold::Text;
use super::town::{self, Found};

/// Where the text is, as far as it could be told.
pub(super) struct Place {
    pub prefecture: Option<u8>,
    /// Its index in the dictionary.
    pub city: Option<u16>,
    pub kind: Kind,
    pub town: Option<Found>,
    /// Where the name of the municipality, or what there is of a place, ends in the key.
    pub city_end: usize,
    /// Where the place ends in the key, with its town.
    pub end: usize,
    /// How many municipalities fit equally well.
    pub equals: usize,
    /// The text names another prefecture than the one the municipality is in.
    pub other_prefecture: bool,
}

/// Tokyo and the designated cities by population (census of 2020), as the JIS codes of their wards
/// without the last digit; 横浜 and 大阪 have more than ten wards.
const LARGE: [u32; 23] = [
    1310, 1311, 1410, 2710, 2711, 2310, 110, 4013, 1413, 2810, 2610, 1110, 3410, 410, 1210, 4010, 2714, 2213, 1510,
    4310, 1415, 3310, 2210,
];

struct Candidate {
    city: u16,
    kind: Kind,
    /// Where the municipality's name ends in the key.
    from: usize,
    town: Option<Found>,
    score: i32,
}

/// Finds the place that `text` begins with.
pub(super) fn find(text: &Text, postal: Option<u32>) -> Place {
    let all = dictionary();
    let key = &text.key;
    let (prefecture, mut start) = prefecture(all, key);
    let mut search = Search { all, text, postal, found: Vec::new() };
    search.aliases(start, prefecture);
    let mut told = prefecture;
    if search.found.is_empty() && prefecture.is_none() {
        // 東京千代田区: the prefecture without its suffix.
        if let Some(hit) = all.short_prefectures.hits(key).next() {
            let short = hit.values.first().copied();
            search.aliases(hit.len, short);
            if search.found.is_empty() {
                search.towns_of_prefecture(hit.len, short);
            }
            if !search.found.is_empty() {
                (told, start) = (short, hit.len);
            }
        }
    }
    if !search.good() {
        search.further(start, told);
    }
    if search.found.is_empty() && prefecture.is_none() {
        // 和賀郡東和町…: a county that still has other towns tells the prefecture.
        let counties: Vec<u8> = all.counties.hits(key).flat_map(|hit| hit.values.to_vec()).collect();
        for county in counties {
            search.further(start, Some(county));
        }
    }
    let mut other_prefecture = false;
    if search.found.is_empty() && prefecture.is_some() {
        search.aliases(start, None);
        search.found.retain(|c| c.kind == Kind::Full || c.town.as_ref().is_some_and(|t| t.sure()));
        other_prefecture = !search.found.is_empty();
    }
    search.best(told, start, other_prefecture)
}

/// A prefecture in full at the beginning, written once or twice, 日本 before it or not.
fn prefecture(all: &Dictionary, key: &[char]) -> (Option<u8>, usize) {
    let mut start = 0;
    for country in [['日', '本', '国'].as_slice(), &['日', '本']] {
        if key.starts_with(country) && all.prefectures.hits(&key[country.len()..]).next().is_some() {
            start = country.len();
            break;
        }
    }
    let Some(hit) = all.prefectures.hits(&key[start..]).next() else { return (None, 0) };
    let mut end = start + hit.len;
    let found = hit.values.first().copied();
    while key[end..].starts_with(&key[end - hit.len..end]) {
        end += hit.len;
    }
    (found, end)
}

struct Search<'a> {
    all: &'static Dictionary,
    text: &'a Text,
    postal: Option<u32>,
    found: Vec<Candidate>,
}

impl Search<'_> {
    /// Tries every municipality whose name stands at `start`.
    fn aliases(&mut self, start: usize, prefecture: Option<u8>) {
        let mut in_full = false;
        for hit in self.all.aliases.hits(&self.text.key[start..]) {
            for alias in hit.values {
                let city = self.city(alias.city);
                // 京都市中京区 is no other ward of 京都市.
                let other_ward = in_full && alias.kind == Kind::Parent;
                if !other_ward && prefecture.is_none_or(|p| p == city.prefecture) {
                    in_full |= alias.kind == Kind::Full;
                    self.try_alias(*alias, start + hit.len, hit.len);
                }
            }
        }
    }

    fn city(&self, index: u16) -> &'static City {
        &self.all.cities[index as usize]
    }

    fn try_alias(&mut self, alias: Alias, from: usize, len: usize) {
        let found = town::find(self.city(alias.city), self.text, from, alias.prefix);
        let kind = match alias.kind {
            Kind::Full => 50,
            Kind::NoCounty | Kind::Ward => 40,
            Kind::Parent => 35,
            Kind::Old => 30,
        };
        self.push(alias.city, alias.kind, from, found, kind + 4 * len as i32);
    }

    fn push(&mut self, city: u16, kind: Kind, from: usize, town: Option<Found>, base: i32) {
        let mut score = base + town.as_ref().map_or(0, |t| t.score);
        if let Some(code) = self.postal {
            let towns = self.city(city).towns();
            let found = town.as_ref().and_then(|t| t.index).map(|t| &towns.list[t as usize]);
            if found.is_some_and(|t| t.has_postal_code(code)) {
                score += 60;
            } else if self.all.cities_of_postal_code(code).any(|c| c == city) {
                score += 30;
            }
        }
        self.found.push(Candidate { city, kind, from, town, score });
    }

    /// Whether a candidate needs no further search.
    fn good(&self) -> bool {
        self.found.iter().any(|c| c.kind == Kind::Full || c.town.as_ref().is_some_and(|t| t.sure()))
    }

    /// The towns of a whole prefecture, for a text that omits the municipality.
    fn towns_of_prefecture(&mut self, start: usize, prefecture: Option<u8>) {
        let Some(prefecture) = prefecture else { return };
        if start >= self.text.key.len() {
            return;
        }
        for (i, city) in self.all.cities.iter().enumerate() {
            if city.prefecture == prefecture
                && let Some(found) = town::exactly(city, self.text, start)
                && found.end >= start + 2
            {
                self.push(i as u16, Kind::Parent, start, Some(found), 0);
            }
        }
    }

    /// What is left when no municipality stands at `start`, or none whose towns fit.
    fn further(&mut self, start: usize, prefecture: Option<u8>) {
        let key = &self.text.key;
        if key.len() <= start {
            return;
        }
        if self.found.is_empty() {
            // The municipalities of the postal code: 丸の内1-1 with 100-0005.
            let cities: Vec<u16> = self.postal.map(|p| self.all.cities_of_postal_code(p).collect()).unwrap_or_default();
            for city in cities {
                let fits = prefecture.is_none_or(|p| p == self.city(city).prefecture);
                if fits && let Some(found) = town::find(self.city(city), self.text, start, "") {
                    self.push(city, Kind::Parent, start, Some(found), 0);
                }
            }
        }
        // 和賀郡東和町…: a county that is no more, or that is not the town's.
        let county = key[start..].iter().take(6).position(|&c| c == '郡').map(|at| start + at + 1);
        if let Some(after) = county.filter(|&after| after > start + 1)
            && self.found.is_empty()
        {
            self.aliases(after, prefecture);
            if !self.good() {
                self.towns_of_prefecture(after, prefecture);
            }
        }
        if !self.good() {
            self.towns_of_prefecture(start, prefecture);
        }
        // 大宮市桜木町…: a municipality of the past whose town one municipality has.
        if self.found.is_empty() {
            let from = county.unwrap_or(start);
            let end = key[from..].iter().take(8).position(|c| matches!(c, '市' | '町' | '村' | '区'));
            if let Some(at) = end.filter(|&at| at > 0) {
                self.towns_of_prefecture(from + at + 1, prefecture);
                self.keep_if_one();
            }
        }
    }

    fn keep_if_one(&mut self) {
        if self.found.len() > 1 && self.postal.is_none() {
            self.found.clear();
        }
        for candidate in &mut self.found {
            candidate.kind = Kind::Old;
        }
    }

    /// 中央区中央2-1 浜松合同庁舎: a building that names the city speaks for it.
    fn named_later(&mut self) {
        for i in 0..self.found.len() {
            let candidate = &self.found[i];
            let from = candidate.town.as_ref().map_or(candidate.from, |t| t.end);
            let stem = self.city(candidate.city).stem();
            let rest = &self.text.key[from.min(self.text.key.len())..];
            if stem.len() > 1 && rest.windows(stem.len()).any(|w| w == stem) {
                self.found[i].score += 20;
            }
        }
    }

    /// Of what is equal, the larger city is likelier.
    fn sort(&mut self) {
        self.found.sort_by_cached_key(|c| {
            let code = self.all.cities[c.city as usize].code;
            let rank = LARGE.iter().position(|&from| from == code / 10 || from == code / 10 - 1).unwrap_or(LARGE.len());
            (std::cmp::Reverse(c.score), rank)
        });
    }

    fn best(mut self, told: Option<u8>, start: usize, other_prefecture: bool) -> Place {
        if self.found.len() > 1 {
            self.named_later();
            self.sort();
        }
        let top = self.found.first().map_or(0, |c| c.score);
        let mut equal: Vec<u16> = self.found.iter().take_while(|c| c.score == top).map(|c| c.city).collect();
        equal.dedup();
        let equals = equal.len();
        let Some(best) = self.found.into_iter().next() else {
            return Place {
                prefecture: told,
                city: None,
                kind: Kind::Full,
                town: None,
                city_end: start,
                end: if told.is_some() { start } else { 0 },
                equals: 0,
                other_prefecture,
            };
        };
        Place {
            prefecture: Some(self.all.cities[best.city as usize].prefecture),
            city: Some(best.city),
            kind: best.kind,
            city_end: best.from,
            end: best.town.as_ref().map_or(best.from, |t| t.end),
            town: best.town,
            equals,
            other_prefecture,
        }
    }
}
