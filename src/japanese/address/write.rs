//! Puts an address together: parts, canonical text, key, confidence and problem.

use super::dictionary::{City, Kind, Town, dictionary};
use super::fold::{self, Text};
use super::lot::{self, Lot};
use super::part::{is_letter, push_number};
use super::place::Place;
use super::town::How;
use super::{Address, Level, Problem, building, postal};
use crate::japanese::number;
use std::fmt::Write;

/// Words that tell that a run of characters after a municipality is not a town.
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

/// The address that `place` and what follows it make, and whether its canonical text is sure to be
/// read the same way. `code` is its postal code.
pub(super) fn address(text: &Text, place: &Place, code: Option<u32>) -> (Address, bool) {
    match place.city {
        Some(city) => with_city(text, place, &dictionary().cities[city as usize], code),
        None => (without_city(text, place, code), false),
    }
}

fn without_city(text: &Text, place: &Place, code: Option<u32>) -> Address {
    let prefecture = place.prefecture.map(|p| dictionary().prefecture(p).to_owned());
    let rest = unbracketed(&text.shown[text.place(place.end)..]);
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
        let _ = write!(key, "?{}", fold::key_string(&rest));
    }
    Address {
        prefecture,
        postal_code: code.map(postal::written),
        level,
        canonical,
        rest,
        confidence: if level == Level::None { 0.0 } else { 0.2 },
        problem,
        key,
        ..Address::default()
    }
}

fn with_city(text: &Text, place: &Place, city: &'static City, code: Option<u32>) -> (Address, bool) {
    let found = place.town.as_ref().filter(|f| f.how != How::Open || f.end > f.start + 1 || f.end == text.key.len());
    let town = found.and_then(|f| f.index).map(|i| &city.towns().list[i as usize]);
    let (city_name, city_code) = match (place.kind, town) {
        (Kind::Parent, None) => parent(city),
        _ => (city.name, city.code),
    };
    let mut end = found.map_or(place.city_end, |f| f.end);
    let mut guess = None;
    if town.is_none()
        && let Some(after) = guessed_town(text, end)
    {
        guess = Some(text.shown[text.place(end)..text.place(after)].iter().filter(|&&c| c != ' ').collect::<String>());
        end = after;
    }
    let after = &text.shown[text.place(end)..];
    let numbered = after.first().is_some_and(char::is_ascii_digit) || after.starts_with(&['無', '番', '地']);
    let mut lot = if town.is_some() || guess.is_some() || numbered {
        lot::read(text, end, town)
    } else {
        Lot { end: text.place(end), ..Lot::default() }
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
    let mut made = Address {
        prefecture: Some(dictionary().prefecture(city.prefecture).to_owned()),
        city: Some(city_name.to_owned()),
        city_code: Some(if city_code == city.code { city.code_text.to_owned() } else { format!("{city_code:05}") }),
        town_code: town.map(|t| t.code.to_string()),
        street: street.filter(|s| !s.is_empty()),
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
        town,
        guess.is_some() || lot.block.is_some() || !made.rest.is_empty() || made.building.is_some(),
        code,
    );
    made.confidence = confidence(place, found.map(|f| f.how), &made);
    made.postal_code = code.map(postal::written).or_else(|| only_code(town?, lot.chome));
    made.key = key(&made, guess.as_deref(), &lot);
    made.town = town.map(|t| t.name.to_owned()).or(guess);
    made.canonical = canonical(&made, &lot, town);
    let exact = town.is_some() && found.is_some_and(|f| f.how == How::Exact && f.alone);
    let plain = exact && (lot.koaza.is_empty() || lot.koaza_known) && !lot.odd;
    made.koaza = Some(lot.koaza).filter(|k| !k.is_empty());
    (made.block, made.number) = (lot.block, lot.number);
    let plain = plain && is_plain(&made);
    (made, plain)
}

/// Whether what follows the koaza is written so that it cannot be read another way.
fn is_plain(made: &Address) -> bool {
    let digits = |part: &Option<String>| part.as_deref().is_none_or(|p| p.bytes().all(|b| b.is_ascii_digit()));
    let begins = |c: char| {
        let numeral = number::digit(c).is_some() || number::unit(c).is_some();
        c.is_ascii_alphabetic()
            || c > '\u{3040}'
                && !numeral
                && !matches!(
                    c,
                    '番' | '号' | '丁' | '階' | 'の' | 'ノ' | 'ー' | '地' | '室' | '第' | '之' | '々' | '・'
                )
                // 1番区: with the number before it, a unit is the name of a koaza.
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

/// Sakai counts in 丁, and they are part of the town's name: 東上野芝町一丁.
fn is_sakai(city: &City) -> bool {
    city.code / 10 == 2714
}

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
        Some((at, c)) if city.name.ends_with('区') => {
            let name = &city.name[..at + c.len_utf8()];
            let first = dictionary().cities.iter().find(|other| other.name.starts_with(name));
            (name, first.map_or(city.code, |f| f.code) / 10 * 10)
        }
        _ => (city.name, city.code),
    }
}

/// Where words end that stand in the place of a town: before a number, or at the end.
fn guessed_town(text: &Text, from: usize) -> Option<usize> {
    let start = text.place(from);
    let len = text.shown[start..].iter().take(16).take_while(|&&c| c > '\u{2e80}').count();
    let part = len > 1 && text.shown[start + len - 1] == '第';
    let len = if part { len - 1 } else { len };
    let stop = start + len;
    let end = text.at.partition_point(|&at| (at as usize) < stop);
    let word: String = text.shown[start..stop].iter().collect();
    let marked = from > 0 && text.shown[text.place(from - 1)..start].contains(&'字');
    let numbered = part || text.shown.get(stop).is_some_and(char::is_ascii_digit);
    let named = end == text.key.len() && (marked || len < 8 && from > 0);
    let not_town = NOT_TOWN.iter().any(|w| word.contains(w)) || word.starts_with(['ー', '番', '号']);
    (len > 0 && len < 16 && (numbered || named) && !not_town).then_some(end)
}

fn level(lot: &Lot, town: bool) -> Level {
    match lot {
        Lot { number: Some(_), .. } => Level::Number,
        Lot { block: Some(_), .. } => Level::Block,
        Lot { chome: Some(_), .. } => Level::Chome,
        _ if town => Level::Town,
        _ => Level::City,
    }
}

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
    // 南箕輪村 and a few others have no towns: 番地 follow at once.
    let townless = city.towns().whole.as_ref().is_some_and(|w| w.chome & 1 == 1);
    (town.is_none() && more && !(townless && place.end == place.city_end)).then_some(Problem::TownUnknown)
}

/// Whether a postal code belongs elsewhere. One that no place has (an office's own) does not.
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

/// The restriction of a postal code that a building has for itself.
const BUILDING_CODE: u128 = 1 << 127;

/// The postal code of a town that has one only, or one only for this 丁目.
fn only_code(town: &Town, chome: Option<u32>) -> Option<String> {
    let fits = |some: u128| match chome {
        Some(n) => some == 0 || some >> n.min(126) & 1 == 1,
        None => some != BUILDING_CODE,
    };
    let (mut first, mut several) = (None, false);
    town.postal_codes(|code, some| {
        if fits(some) {
            several |= first.is_some_and(|other| other != code);
            first = Some(code);
        }
    });
    first.filter(|_| !several).map(postal::written)
}

fn confidence(place: &Place, how: Option<How>, made: &Address) -> f32 {
    let town = match how {
        Some(How::Exact) => 1.0,
        Some(How::Street) => 0.95,
        Some(How::Loose) => 0.9,
        Some(How::Plausible) => 0.85,
        Some(How::Skipped | How::Open) => 0.7,
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

/// Town code, koaza and all numbers; the room with them, because 1-2-101 does not say which it is.
fn key(made: &Address, guess: Option<&str>, lot: &Lot) -> String {
    let mut key = String::with_capacity(80);
    match (&made.town_code, guess) {
        (Some(code), _) => key.push_str(code),
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
    if !lot.koaza.is_empty() {
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

fn canonical(made: &Address, lot: &Lot, town: Option<&Town>) -> String {
    let mut text = String::with_capacity(160);
    for part in [&made.prefecture, &made.city, &made.street].into_iter().flatten() {
        text.push_str(part);
    }
    text.push_str(town.map(Town::canonical).or(made.town.as_deref()).unwrap_or_default());
    if !lot.koaza_last {
        // Without a number after it only 字 tells a koaza from a building.
        if !lot.koaza.is_empty() && !lot.koaza_known && lot.chome.is_none() && lot.block.is_none() {
            text.push('字');
        }
        text.push_str(&lot.koaza);
    }
    if let Some(n) = lot.chome {
        push_number(&mut text, n);
        text.push_str("丁目");
    }
    if lot.koaza_last {
        text.push_str(&lot.koaza);
    }
    if let Some(block) = &lot.block {
        text.push_str(block);
        if let Some(number) = &lot.number {
            // 1番2 in a town that has 丁目: 1-2 would be read as 1丁目2.
            let mistakable = lot.chome.is_none() && town.is_none_or(Town::takes_chome);
            text.push(if mistakable { '番' } else { '-' });
            text.push_str(number);
        } else if lot.chome.is_none()
            && town.is_some_and(Town::takes_chome)
            && block.bytes().all(|b| b.is_ascii_digit())
        {
            text.push('番');
        }
    }
    if let Some(building) = &made.building {
        text.push(' ');
        text.push_str(building);
    }
    if let Some(room) = &made.room {
        text.push(' ');
        text.push_str(&building::written(room));
    }
    add_rest(&mut text, &made.rest);
    text
}

/// The canonical text with all that follows the town as its rest: for a text whose parts cannot be
/// written so that they are read again as they are.
pub(super) fn in_rest(made: &Address) -> String {
    let mut rest = String::new();
    let chome = made.chome.map(|n| format!("{n}丁目"));
    let parts = [&made.koaza, &chome, &made.block, &made.number, &made.building, &made.room];
    for part in parts.into_iter().flatten().chain(Some(&made.rest).filter(|r| !r.is_empty())) {
        if !rest.is_empty() {
            rest.push(' ');
        }
        rest.push_str(part);
    }
    let mut canonical = String::new();
    for part in [&made.prefecture, &made.city, &made.town].into_iter().flatten() {
        canonical.push_str(part);
    }
    add_rest(&mut canonical, &rest);
    canonical
}

fn add_rest(text: &mut String, rest: &str) {
    if rest.is_empty() {
        return;
    }
    if text.is_empty() {
        text.push_str(rest);
    } else {
        let _ = write!(text, " ({rest})");
    }
}

/// Text without brackets, in single spaces.
fn unbracketed(text: &[char]) -> String {
    let all: String = text.iter().map(|&c| if matches!(c, '(' | ')') { ' ' } else { c }).collect();
    all.split(' ').filter(|w| !w.is_empty()).collect::<Vec<_>>().join(" ")
}
