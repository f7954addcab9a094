//! Assembles an address.
//!
//! In: the place, and the folded text after it. Out: an [`Address`]: parts, canonical text, key, confidence and
//! problem, and whether the canonical text certainly parses to the same address. Why that flag: parsing the canonical
//! text again would double the cost, and most addresses do not need it.

use super::canonical::{add_rest, canonical, unbracketed};
use super::dictionary::{City, Kind, Town, dictionary};
use super::fold::{self, Text};
use super::former::{self, Former};
use super::lot::{self, Lot};
use super::part::{is_letter, push_number};
use super::place::Place;
use super::town::How;
use super::{Address, Alternative, Level, Problem, Renamed, building, kyoto, partial, postal};
use crate::numeral;
use std::fmt::Write;

/// Words that are not in names of towns, in a run of characters after a municipality. Our own list.
const NOT_TOWN: [&str; 20] = [
    "ビル",
    "マンション",
    "ハイツ",
    "役所",
    "役場",
    "庁",
    "署",
    "センター",
    "会社",
    "学校",
    "病院",
    "ホテル",
    "店",
    "様",
    "館",
    "駅",
    "局",
    "公園",
    "タワー",
    "番地",
];

/// The address of `place` and the text after it, and whether its canonical text certainly parses to the same address.
/// `code` is its postal code.
pub(super) fn address(text: &Text, place: &Place, code: Option<u32>) -> (Address, bool) {
    match place.city {
        Some(city) => with_city(text, place, &dictionary().cities[city as usize], code),
        None => (without_city(text, place, code), false),
    }
}

fn without_city(text: &Text, place: &Place, code: Option<u32>) -> Address {
    let prefecture = place.prefecture.map(|p| dictionary().prefecture(p).to_owned());
    let rest = unbracketed(&text.shown[text.origin(place.end)..]);
    let mut canonical = prefecture.clone().unwrap_or_default();
    add_rest(&mut canonical, &rest);
    let level = if prefecture.is_some() { Level::Prefecture } else { Level::None };
    let problem = match (level, rest.is_empty()) {
        (Level::None, _) => Some(Problem::NotAnAddress),
        (_, false) => Some(Problem::CityUnknown),
        _ => None,
    };
    let mut key = prefecture.clone().unwrap_or_default();
    if !rest.is_empty() {
        key.push_str(&partial::key(&rest));
    }
    Address {
        prefecture,
        postal_code: code.map(postal::written),
        level,
        canonical,
        rest,
        confidence: if level == Level::None { 0.0 } else { PREFECTURE_ONLY },
        problem,
        key,
        ..Address::default()
    }
}

fn with_city(text: &Text, place: &Place, city: &'static City, code: Option<u32>) -> (Address, bool) {
    let found = place
        .town
        .as_ref()
        .filter(|f| f.how != How::Doubtful || f.end > f.start + 1 || f.end == text.key.len() || f.koaza);
    let town = found.and_then(|f| f.index).map(|i| &city.towns().list[i as usize]);
    let (city_name, city_code) = match (place.kind, town) {
        (Kind::Parent, None) => parent(city),
        _ => (city.name, city.code),
    };
    let mut end = found.map_or(place.city_end, |f| f.end);
    if town.is_none() && text.key[end..].starts_with(&['1', '円']) {
        // 利島村一円 in the postal list: the whole municipality.
        end += 2;
    }
    let mut guess = None;
    if town.is_none()
        && let Some(after) = guessed_town(text, end)
    {
        guess =
            Some(text.shown[text.origin(end)..text.origin(after)].iter().filter(|&&c| c != ' ').collect::<String>());
        end = after;
    }
    let after = &text.shown[text.origin(end)..];
    let numbered = after.first().is_some_and(char::is_ascii_digit) || after.starts_with(&['無', '番', '地']);
    let mut lot = if town.is_some() || guess.is_some() || numbered {
        lot::read(text, end, town)
    } else {
        Lot { end: text.origin(end), ..Lot::default() }
    };
    let town = match (town, lot.chome) {
        (Some(town), Some(n)) if is_sakai(city) && lot.koaza.is_empty() => match town_of_cho(city, town, n) {
            Some(other) => {
                lot.chome = None;
                Some(other)
            }
            None => Some(town),
        },
        _ => town,
    };
    // 大字鶴賀緑町 and 緑町 are one place, which the postal list has as a town.
    let own = lot.koaza_is_town.then(|| city.towns().table.get(&fold::key(&lot.koaza)).first()).flatten();
    let coded = own.map(|&i| &city.towns().list[i as usize]).or(town);
    let mut tail = building::read(&text.shown[lot.end..], lot.block.is_some());
    let room = match (lot.room.clone(), tail.room.take()) {
        (Some(a), Some(b)) if tail.building.is_none() => Some(format!("{a}-{b}")),
        (Some(a), Some(b)) => {
            let name = tail.building.get_or_insert_default();
            *name = format!("{name} {}", building::written(&b));
            Some(a)
        }
        (a, b) => a.or(b),
    };
    let street =
        found.and_then(|f| f.street).map(|(a, b)| text.shown[a..b].iter().filter(|&&c| c != ' ').collect::<String>());
    let mut street = street.filter(|s| !s.is_empty());
    let namesakes = match town {
        Some(town) if !town.streets.is_empty() => kyoto::namesakes(town),
        _ => Vec::new(),
    };
    let mut one = if namesakes.is_empty() {
        None
    } else {
        kyoto::namesake(&namesakes, street.as_deref(), code).map(|i| &namesakes[i])
    };
    if let (Some(only), None) = (one, &street) {
        // The canonical text has no postal code: a street of the town tells as much, if a town can follow it.
        street = only.streets.split('、').find(|s| s.ends_with(['る', '入'])).map(str::to_owned);
        one = one.filter(|_| street.is_some());
    }
    let mut made = Address {
        prefecture: Some(dictionary().prefecture(city.prefecture).to_owned()),
        city: Some(city_name.to_owned()),
        city_code: Some(if city_code == city.code { city.code_text.to_owned() } else { format!("{city_code:05}") }),
        town_code: town.map(|t| t.code.to_string()),
        street,
        chome: lot.chome,
        building: tail.building,
        room,
        rest: tail.rest,
        ..Address::default()
    };
    made.level = level(&lot, town.is_some() || guess.is_some());
    made.problem = problem(
        place,
        city,
        coded,
        guess.is_some() || lot.block.is_some() || !made.rest.is_empty() || made.building.is_some(),
        code,
    );
    let former = found.and_then(|f| f.former).and_then(|i| city.towns().list[i as usize].former.as_deref());
    made.renamed = former.map(Former::renamed).or_else(|| old_municipality(text, place));
    made.alternatives = alternatives(place, city, former);
    if let (None, Some(town), false) = (one, town, namesakes.is_empty()) {
        made.alternatives.extend(namesakes.iter().map(|one| Alternative {
            town_code: format!("{}@{:07}", town.code, one.code),
            town: town.canonical().to_owned(),
            confidence: 1.0 / namesakes.len() as f32,
        }));
    }
    made.confidence = confidence(place, found.map(|f| f.how), &made);
    made.postal_code = code
        .map(postal::written)
        .or_else(|| one.map(|one| postal::written(one.code)))
        .or_else(|| only_code(coded?, lot.chome));
    made.key = key(&made, coded, guess.as_deref(), &lot, one.map(|one| one.code));
    made.town = town.map(|t| t.name.to_owned()).or(guess);
    made.canonical = canonical(&made, &lot, town);
    let exact = town.is_some() && found.is_some_and(|f| f.how == How::Exact && f.unique);
    let plain = exact && (lot.koaza.is_empty() || lot.koaza_known) && !lot.implausible;
    made.koaza = Some(lot.koaza).filter(|k| !k.is_empty());
    (made.block, made.number) = (lot.block, lot.number);
    let plain = plain && is_plain(&made);
    (made, plain)
}

/// The former municipality in the text.
fn old_municipality(text: &Text, place: &Place) -> Option<Renamed> {
    if place.kind != Kind::Old {
        return None;
    }
    let from = if place.old_name.is_empty() {
        text.shown[..text.origin(place.city_end)].iter().collect()
    } else {
        place.old_name.to_owned()
    };
    Some(Renamed { from, since: None, source: former::MERGERS })
}

/// The towns that are meant as well.
fn alternatives(place: &Place, city: &City, former: Option<&Former>) -> Vec<Alternative> {
    if let Some(former) = former {
        return former.alternatives(&city.towns().list).collect();
    }
    if place.others.is_empty() {
        return Vec::new();
    }
    let confidence = 1.0 / place.others.len() as f32;
    let town = |&(city, town): &(u16, u16)| {
        let town = &dictionary().cities[city as usize].towns().list[town as usize];
        Alternative { town_code: town.code.to_string(), town: town.canonical().to_owned(), confidence }
    };
    place.others.iter().map(town).collect()
}

/// Whether the parts after the koaza can be parsed in one way only.
fn is_plain(made: &Address) -> bool {
    let digits = |part: &Option<String>| part.as_deref().is_none_or(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let begins = |c: char| {
        let numeral = numeral::digit(c).is_some() || numeral::unit(c).is_some();
        c.is_ascii_alphabetic()
            || c > '\u{3040}'
                && !numeral
                && !matches!(
                    c,
                    '番' | '号' | '丁' | '階' | 'の' | 'ノ' | 'ー' | '地' | '室' | '第' | '之' | '々' | '・'
                )
                // 1番区: a unit after a number is the name of a koaza.
                && !matches!(
                    c,
                    '線' | '区' | '組' | '部' | '坪' | '班' | '割' | '字' | '条' | '通' | '耕' | '工' | '街' | '画'
                )
                && !is_letter(c)
    };
    let ends = |c: char| c > '\u{3040}' && !matches!(c, '号' | '室' | '階' | '様' | '方' | '殿' | '付');
    let building = made.building.as_deref().is_none_or(|b| {
        made.block.is_some() && !b.contains(['(', ')', '#', '〒']) && b.starts_with(begins) && b.ends_with(ends)
    });
    let room = made
        .room
        .as_deref()
        .is_none_or(|r| made.block.is_some() && (3..5).contains(&r.len()) && r.bytes().all(|b| b.is_ascii_digit()));
    let rest = made.rest.is_empty() || made.block.is_some();
    digits(&made.block) && digits(&made.number) && building && room && rest
}

/// Whether the city is Sakai, which has 丁 instead of 丁目, as part of the town's name: 東上野芝町一丁.
fn is_sakai(city: &City) -> bool {
    city.code / 10 == 2714
}

/// The town with n丁 in its name.
fn town_of_cho(city: &'static City, town: &Town, n: u32) -> Option<&'static Town> {
    let mut name = fold::key(town.name);
    let mut digits = String::new();
    push_number(&mut digits, n);
    name.extend(digits.chars());
    name.push('丁');
    let towns = city.towns();
    towns.table.get(&name).first().map(|&i| &towns.list[i as usize])
}

/// The city of a ward, and its code.
fn parent(city: &City) -> (&'static str, u32) {
    match city.name.char_indices().skip(1).find(|&(_, c)| c == '市') {
        Some((start, c)) if city.name.ends_with('区') => {
            let name = &city.name[..start + c.len_utf8()];
            let first = dictionary().cities.iter().find(|other| other.name.starts_with(name));
            (name, first.map_or(city.code, |f| f.code) / 10 * 10)
        }
        _ => (city.name, city.code),
    }
}

/// The longest words that are taken for an unlisted town, before a number and at the end of the text. Judgements.
const MAX_GUESS: usize = 16;
const MAX_GUESS_AT_END: usize = 8;

/// Where words end that are in the place of a town: before a number, or at the end.
pub(super) fn guessed_town(text: &Text, from: usize) -> Option<usize> {
    let start = text.origin(from);
    let len = text.shown[start..].iter().take(MAX_GUESS).take_while(|&&c| c > '\u{2e80}').count();
    let part = len > 1 && text.shown[start + len - 1] == '第';
    let len = if part { len - 1 } else { len };
    let stop = start + len;
    let end = text.origins.partition_point(|&origin| (origin as usize) < stop);
    let word: String = text.shown[start..stop].iter().collect();
    let marked = from > 0 && text.shown[text.origin(from - 1)..start].contains(&'字');
    let numbered = part || text.shown.get(stop).is_some_and(char::is_ascii_digit);
    let named = end == text.key.len() && (marked || len < MAX_GUESS_AT_END && from > 0);
    let not_town = NOT_TOWN.iter().any(|w| word.contains(w)) || word.starts_with(['ー', '番', '号']);
    (len > 0 && len < MAX_GUESS && (numbered || named) && !not_town).then_some(end)
}

/// How far the address was understood.
fn level(lot: &Lot, town: bool) -> Level {
    match lot {
        Lot { number: Some(_), .. } => Level::Number,
        Lot { block: Some(_), .. } => Level::Block,
        Lot { chome: Some(_), .. } => Level::Chome,
        _ if town => Level::Town,
        _ => Level::City,
    }
}

/// What is wrong: the gravest problem. `more`: there is text after the municipality.
fn problem(place: &Place, city: &City, town: Option<&Town>, more: bool, code: Option<u32>) -> Option<Problem> {
    if place.equals > 1 && (place.kind != Kind::Parent || town.is_some()) {
        return Some(Problem::Ambiguous);
    }
    if place.other_prefecture {
        return Some(Problem::PrefectureDisagrees);
    }
    if code.is_some_and(|code| disagrees(city, town, code)) {
        return Some(Problem::PostalCodeDisagrees);
    }
    // 南箕輪村 and a few others have no towns, but 番地 only.
    let townless = city.towns().whole.as_ref().is_some_and(|w| w.chome & 1 == 1);
    (town.is_none() && more && !(townless && place.end == place.city_end)).then_some(Problem::TownUnknown)
}

/// Whether a postal code belongs to another place. One that no place has (of an office) does not.
fn disagrees(city: &City, town: Option<&Town>, code: u32) -> bool {
    let has = |t: &Town| t.has_postal_code(code);
    if town.is_some_and(has) || city.towns().whole.as_ref().is_some_and(has) {
        return false;
    }
    let unknown_town = town.is_none_or(|t| !t.has_postal_codes());
    let (mut known, mut same_city) = (false, false);
    for index in dictionary().cities_of_postal_code(code) {
        known = true;
        same_city |= dictionary().cities[index as usize].code == city.code;
    }
    known && !(same_city && unknown_town)
}

/// The postal code of a town that has only one, or only one for this 丁目.
fn only_code(town: &Town, chome: Option<u32>) -> Option<String> {
    let fits = |restriction: u128| match chome {
        Some(n) => restriction == 0 || restriction >> n.min(postal::LAST_CHOME) & 1 == 1,
        None => restriction != postal::BUILDING && restriction != postal::PAST,
    };
    let (mut first, mut several) = (None, false);
    town.postal_codes(|code, restriction| {
        if fits(restriction) {
            several |= first.is_some_and(|other| other != code);
            first = Some(code);
        }
    });
    first.filter(|_| !several).map(postal::written)
}

/// The confidence of a prefecture alone. A judgement.
const PREFECTURE_ONLY: f32 = 0.2;

/// The confidence: the product of how town and municipality were found, of the problem, and of unread text. All factors
/// are judgements.
fn confidence(place: &Place, how: Option<How>, made: &Address) -> f32 {
    let town = match how {
        _ if made.renamed.is_some() && !made.alternatives.is_empty() => 0.7,
        Some(How::Exact) => 1.0,
        Some(How::Street) => 0.95,
        Some(How::Loose) => 0.9,
        Some(How::Plausible) => 0.85,
        Some(How::Skipped | How::Doubtful) => 0.7,
        None if made.problem == Some(Problem::TownUnknown) => 0.4,
        None => 0.8,
    };
    let city = match place.kind {
        Kind::Full => 1.0,
        Kind::NoCounty => 0.98,
        Kind::Ward | Kind::Parent => 0.9,
        Kind::Old => 0.85,
    };
    let doubt = match made.problem {
        Some(Problem::Ambiguous) => 1.0 / place.equals as f32,
        Some(Problem::PrefectureDisagrees | Problem::PostalCodeDisagrees) => 0.7,
        _ => 1.0,
    };
    town * city * doubt * if made.rest.is_empty() { 1.0 } else { 0.9 }
}

/// The key: town code, koaza and all numbers. The room is one of them, because 1-2-101 may be a number or a room.
/// `namesake` is the postal code of one of several towns of a name in one ward of Kyoto.
fn key(made: &Address, town: Option<&Town>, guess: Option<&str>, lot: &Lot, namesake: Option<u32>) -> String {
    let mut key = String::with_capacity(80);
    match (town, guess) {
        (Some(town), _) => key.push_str(&town.code),
        (_, Some(town)) => {
            key.push_str(made.city_code.as_deref().unwrap_or_default());
            key.push(':');
            key.push_str(&fold::key_string(town));
        }
        _ => {
            key.push_str(made.city_code.as_deref().unwrap_or_default());
            let building = made.building.as_deref().unwrap_or_default();
            for part in [building, &made.rest] {
                if !part.is_empty() {
                    let _ = write!(key, "?{}", fold::key_string(part));
                }
            }
        }
    }
    if let Some(code) = namesake {
        let _ = write!(key, "@{code:07}");
    }
    if !lot.koaza.is_empty() && !lot.koaza_is_town {
        let _ = write!(key, "/{}", fold::key_string(&lot.koaza));
    }
    let mut mark = '|';
    if let Some(n) = lot.chome {
        key.push(mark);
        push_number(&mut key, n);
        mark = '-';
    }
    let mut add = |part: &str| {
        key.push(mark);
        key.push_str(part);
        mark = '-';
    };
    for part in [&lot.block, &lot.number, &made.room].into_iter().flatten() {
        add(part);
    }
    key
}
