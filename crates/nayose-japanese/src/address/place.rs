//! The prefecture, municipality and town of a text.
//!
//! In: folded text, and a postal code if there is one. Out: a [`Place`]. Every municipality that the text can begin
//! with is a candidate (南区 is in ten cities), scored by how well one of its towns matches what follows, and by the
//! postal code. Why scores: people omit any part, so no single part decides. How many candidates have the best score is
//! part of the result.

use super::dictionary::{Alias, City, Dictionary, Kind, dictionary};
use super::fold::Text;
use super::town::{self, Found, How};

/// The place of a text, as far as it is known.
pub(super) struct Place {
    pub(super) prefecture: Option<u8>,
    /// Its index in the dictionary.
    pub(super) city: Option<u16>,
    pub(super) kind: Kind,
    pub(super) town: Option<Found>,
    /// Where the name of the municipality, or of the prefecture alone, ends in the key.
    pub(super) city_end: usize,
    /// Where the place ends in the key, with its town.
    pub(super) end: usize,
    /// How many municipalities have the best score.
    pub(super) equals: usize,
    /// The municipalities and towns of the best score, if there are several.
    pub(super) others: Vec<(u16, u16)>,
    /// The name of the former municipality by which it was found; empty if only the text has it.
    pub(super) old_name: &'static str,
    /// The text has another prefecture than the one of the municipality.
    pub(super) other_prefecture: bool,
}

/// Tokyo and the designated cities by population (census of 2020), as the JIS codes of their wards without the last
/// digit, to order candidates of one score; 横浜 and 大阪 have more than ten wards.
const LARGE: [u32; 23] = [
    1310, 1311, 1410, 2710, 2711, 2310, 110, 4013, 1413, 2810, 2610, 1110, 3410, 410, 1210, 4010, 2714, 2213, 1510,
    4310, 1415, 3310, 2210,
];

// Scores of candidates, on the scale of the scores in `town`: a reliable name counts more, and so does a long one. All
// are judgements; tests.rs checks them over the towns of the dictionary.

/// Of a municipality by its name in full, without its county or city, of a city for one of its wards, of a former one.
const FULL: i32 = 50;
const NO_COUNTY_OR_WARD: i32 = 40;
const PARENT: i32 = 35;
const OLD: i32 = 30;
/// For each character of the name.
const EACH_CHAR: i32 = 4;
/// For a postal code of the town, or of the municipality.
const TOWN_CODE: i32 = 60;
const CITY_CODE: i32 = 30;
/// For the name of the city later in the text.
const NAMED_LATER: i32 = 20;
/// The most that a single number after a town, which may or may not be a 丁目, adds to a score.
const HINTS: i32 = 8;
/// The most characters of a county, and of a former municipality: longer ones do not exist, or are no names.
const MAX_COUNTY: usize = 6;
const MAX_OLD_NAME: usize = 8;

struct Candidate {
    city: u16,
    kind: Kind,
    old_name: &'static str,
    /// Where the municipality's name ends in the key.
    from: usize,
    town: Option<Found>,
    score: i32,
}

impl Candidate {
    fn is_exact(&self) -> bool {
        self.town.as_ref().is_some_and(|t| t.how == How::Exact)
    }
}

/// The place that `text` begins with.
pub(super) fn find(text: &Text, postal: Option<u32>) -> Place {
    let all = dictionary();
    let key = &text.key;
    let (prefecture, mut start) = prefecture(all, key);
    let mut search = Search { all, text, postal, found: Vec::new() };
    search.aliases(start, prefecture);
    let mut known = prefecture;
    if search.found.is_empty() && prefecture.is_none() {
        // 東京千代田区: the prefecture without its suffix.
        if let Some(hit) = all.short_prefectures.hits(key).next() {
            let short = hit.values.first().copied();
            search.aliases(hit.len, short);
            if search.found.is_empty() {
                search.towns_of_prefecture(hit.len, short);
            }
            if !search.found.is_empty() {
                (known, start) = (short, hit.len);
            }
        }
    }
    if !search.is_sufficient() {
        search.without_name(start, known);
    }
    if search.found.is_empty() && prefecture.is_none() {
        // 和賀郡東和町…: a county that still has other towns determines the prefecture.
        let counties: Vec<u8> = all.counties.hits(key).flat_map(|hit| hit.values.to_vec()).collect();
        for county in counties {
            search.without_name(start, Some(county));
        }
    }
    let mut other_prefecture = false;
    if search.found.is_empty() && prefecture.is_some() {
        search.aliases(start, None);
        search.found.retain(|c| c.kind == Kind::Full || c.town.as_ref().is_some_and(|t| t.is_reliable()));
        other_prefecture = !search.found.is_empty();
    }
    search.best(known, start, other_prefecture)
}

/// A prefecture in full at the beginning, once or repeated, with or without 日本 before it; and where it ends.
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
    /// Adds every municipality whose name is at `start`.
    fn aliases(&mut self, start: usize, prefecture: Option<u8>) {
        let mut in_full = false;
        for hit in self.all.aliases.hits(&self.text.key[start..]) {
            for alias in hit.values {
                let city = self.city(alias.city);
                // 京都市中京区 is not another ward of 京都市.
                let other_ward = in_full && alias.kind == Kind::Parent;
                if !other_ward && prefecture.is_none_or(|p| p == city.prefecture) {
                    in_full |= alias.kind == Kind::Full;
                    self.add_alias(*alias, start + hit.len, hit.len);
                }
            }
        }
    }

    fn city(&self, index: u16) -> &'static City {
        &self.all.cities[index as usize]
    }

    /// Adds the municipality of an alias that ends at `from`.
    fn add_alias(&mut self, alias: Alias, from: usize, len: usize) {
        let found = town::find(self.city(alias.city), self.text, from, alias.prefix);
        let kind = match alias.kind {
            Kind::Full => FULL,
            Kind::NoCounty | Kind::Ward => NO_COUNTY_OR_WARD,
            Kind::Parent => PARENT,
            Kind::Old => OLD,
        };
        self.push(alias.city, alias.kind, from, found, kind + EACH_CHAR * len as i32);
        if let Some(added) = self.found.last_mut() {
            added.old_name = alias.prefix;
        }
    }

    /// Adds a candidate: `base` is the score of its name.
    fn push(&mut self, city: u16, kind: Kind, from: usize, town: Option<Found>, base: i32) {
        let mut score = base + town.as_ref().map_or(0, |t| t.score);
        if let Some(code) = self.postal {
            let towns = self.city(city).towns();
            let found = town.as_ref().and_then(|t| t.index).map(|t| &towns.list[t as usize]);
            if found.is_some_and(|t| t.has_postal_code(code)) {
                score += TOWN_CODE;
            } else if self.all.cities_of_postal_code(code).any(|c| c == city) {
                score += CITY_CODE;
            }
        }
        self.found.push(Candidate { city, kind, old_name: "", from, town, score });
    }

    /// Whether a candidate is reliable, so that no further search is needed.
    fn is_sufficient(&self) -> bool {
        self.found.iter().any(|c| c.kind == Kind::Full || c.town.as_ref().is_some_and(|t| t.is_reliable()))
    }

    /// Adds the towns of a whole prefecture, for a text without municipality.
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

    /// Searches further if no municipality is at `start`, or none whose towns match.
    fn without_name(&mut self, start: usize, prefecture: Option<u8>) {
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
        // 和賀郡東和町…: a county that no longer exists, or is not the one of the town.
        let county = key[start..].iter().take(MAX_COUNTY).position(|&c| c == '郡').map(|i| start + i + 1);
        if let Some(after) = county.filter(|&after| after > start + 1)
            && self.found.is_empty()
        {
            self.aliases(after, prefecture);
            if !self.is_sufficient() {
                self.towns_of_prefecture(after, prefecture);
            }
        }
        if !self.is_sufficient() {
            self.towns_of_prefecture(start, prefecture);
        }
        // 大宮市桜木町…: a former municipality with a town that one municipality has.
        if self.found.is_empty() {
            let from = county.unwrap_or(start);
            let end = key[from..].iter().take(MAX_OLD_NAME).position(|c| matches!(c, '市' | '町' | '村' | '区'));
            if let Some(end) = end.filter(|&end| end > 0) {
                self.towns_of_prefecture(from + end + 1, prefecture);
                self.keep_if_one();
            }
        }
    }

    /// Without a postal code, drops several candidates of a former municipality: nothing decides between them.
    fn keep_if_one(&mut self) {
        if self.found.len() > 1 && self.postal.is_none() {
            self.found.clear();
        }
        for candidate in &mut self.found {
            candidate.kind = Kind::Old;
        }
    }

    /// Raises the score of a city that a building is named after: 中央区中央2-1 浜松合同庁舎.
    fn score_later_names(&mut self) {
        for i in 0..self.found.len() {
            let candidate = &self.found[i];
            let from = candidate.town.as_ref().map_or(candidate.from, |t| t.end);
            let stem = self.city(candidate.city).stem();
            let rest = &self.text.key[from.min(self.text.key.len())..];
            if stem.len() > 1 && rest.windows(stem.len()).any(|w| w == stem) {
                self.found[i].score += NAMED_LATER;
            }
        }
    }

    /// Sorts candidates by score, equal ones by the size of the city.
    fn sort(&mut self) {
        self.found.sort_by_cached_key(|c| {
            let code = self.all.cities[c.city as usize].code;
            let rank = LARGE.iter().position(|&from| from == code / 10 || from == code / 10 - 1).unwrap_or(LARGE.len());
            (std::cmp::Reverse(c.score), rank)
        });
    }

    /// The place of the best candidate.
    fn best(mut self, prefecture: Option<u8>, start: usize, other_prefecture: bool) -> Place {
        if self.found.len() > 1 {
            self.score_later_names();
            self.sort();
        }
        let top = self.found.first().map_or(0, |c| c.score);
        let mut equal: Vec<u16> = self.found.iter().take_while(|c| c.score == top).map(|c| c.city).collect();
        equal.dedup();
        let mut equals = equal.len();
        // One name in two wards of a city, or in two cities of one name: whether a 丁目 may follow is a hint only.
        if let Some(best) = self.found.first().filter(|c| equals == 1 && matches!(c.kind, Kind::Parent | Kind::Full)) {
            let near = |c: &&Candidate| c.kind == best.kind && c.is_exact() && c.score + HINTS >= top;
            let near: Vec<u16> = self.found.iter().filter(near).map(|c| c.city).collect();
            if best.is_exact() && near.len() > 1 {
                equals = near.len();
                self.found.retain(|c| near.contains(&c.city));
                for candidate in &mut self.found {
                    candidate.score = top;
                }
            }
        }
        let others = if equals > 1 {
            let best = self.found.iter().take_while(|c| c.score == top);
            best.filter_map(|c| Some((c.city, c.town.as_ref()?.index?))).collect()
        } else {
            Vec::new()
        };
        let Some(best) = self.found.into_iter().next() else {
            return Place {
                prefecture,
                city: None,
                kind: Kind::Full,
                town: None,
                city_end: start,
                end: if prefecture.is_some() { start } else { 0 },
                equals: 0,
                others,
                old_name: "",
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
            others,
            old_name: best.old_name,
            other_prefecture,
        }
    }
}
