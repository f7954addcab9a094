//! Which town of a municipality stands at a place of the text.
//!
//! In: a municipality, folded text, a place in it. Out: the town, where it ends, and how well it
//! explains what follows: 上 before 野町1 is in the dictionary but does not, 上野町 before 1 does.

use super::dictionary::{City, Town};
use super::fold::{self, PART, Text};
use super::kyoto;

/// A town that was found.
#[derive(Clone)]
pub(super) struct Found {
    /// Its index in the municipality.
    pub index: Option<u16>,
    /// Where its name begins and ends in the key.
    pub start: usize,
    pub end: usize,
    pub how: How,
    /// No other town of the municipality has the same key.
    pub alone: bool,
    /// The places in `shown` of a Kyoto street name before it.
    pub street: Option<(usize, usize)>,
    pub score: i32,
}

/// How the name was found, the surest first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum How {
    /// Official name, and what follows is explained.
    Exact,
    /// After a Kyoto street name.
    Street,
    /// A further name (without 町, ノ …).
    Loose,
    /// Official name; what follows looks like a koaza that is not known.
    Plausible,
    /// After a part that is not in today's names.
    Skipped,
    /// Official name; what follows is not explained.
    Open,
}

impl Found {
    /// Whether the match speaks for the municipality.
    pub fn sure(&self) -> bool {
        self.how <= How::Plausible
    }
}

/// How what follows a name is explained.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    Nothing,
    /// A few kanji, then a number.
    Run,
    /// A space or 字.
    Word,
    /// A number, a known koaza, or the end.
    Number,
}

/// The town of `city` at `from`; `prefix` is what an old municipality's towns begin with today.
pub(super) fn find(city: &City, text: &Text, from: usize, prefix: &str) -> Option<Found> {
    if from >= text.key.len() {
        return None;
    }
    if !prefix.is_empty() {
        // 東和町 + 安俵, or 古川 + 七日町.
        let stem = prefix.trim_end_matches(['市', '町', '村']);
        let found = with_prefix(city, text, from, prefix).or_else(|| with_prefix(city, text, from, stem));
        if found.is_some() {
            return found;
        }
    }
    if kyoto::is_kyoto(city)
        && let Some(found) = kyoto::find(city, text, from)
    {
        return Some(found);
    }
    let mut plausible = None;
    let mut open = None;
    for (len, index, next) in official(city, text, from) {
        if next >= Next::Word {
            return Some(found(city, text, from, from + len, index, How::Exact));
        }
        let slot = if next == Next::Run && len > 1 { &mut plausible } else { &mut open };
        if slot.is_none() {
            *slot = Some(found(
                city,
                text,
                from,
                from + len,
                index,
                if next == Next::Run && len > 1 { How::Plausible } else { How::Open },
            ));
        }
    }
    if let Some(found) = loose(city, text, from) {
        return Some(found);
    }
    plausible.or_else(|| skipped(city, text, from)).or_else(|| kyoto::anywhere(city, text, from)).or(open)
}

/// The town at `from` by its official name, what follows explained.
pub(super) fn exactly(city: &City, text: &Text, from: usize) -> Option<Found> {
    let (len, index, _) = official(city, text, from).find(|&(_, _, next)| next >= Next::Word)?;
    Some(found(city, text, from, from + len, index, How::Exact))
}

/// Official names at `from`, longest first, with the town chosen among those of one name.
fn official<'a>(city: &'a City, text: &'a Text, from: usize) -> impl Iterator<Item = (usize, u16, Next)> + 'a {
    let towns = city.towns();
    towns.table.hits(&text.key[from..]).map(move |hit| {
        let index = choose(city, text, from, from + hit.len, hit.values);
        (hit.len, index, next(text, from + hit.len, &towns.list[index as usize]))
    })
}

/// Of towns that differ in 大字 only: as it is written, else by whether a 丁目 follows.
fn choose(city: &City, text: &Text, from: usize, end: usize, values: &[u16]) -> u16 {
    let first = values.first().copied().unwrap_or_default();
    if values.len() < 2 {
        return first;
    }
    let list = &city.towns().list;
    // Where the sources spell it differently: as the text does.
    let written: String = text.shown[text.place(from)..text.place(end)].iter().collect();
    let mut same = values.iter().filter(|&&v| {
        let name = list[v as usize].name;
        name.trim_start_matches("大字").trim_start_matches('字') == written.trim_end_matches([' ', '字'])
    });
    if let (Some(&one), None) = (same.next(), same.next()) {
        return one;
    }
    let before = from.checked_sub(1).map_or(0, |b| text.place(b) + 1);
    let oaza = text.shown[before..text.place(end - 1)].contains(&'字');
    let numbers = numbers_ahead(text, end);
    let fits = |&&i: &&u16| {
        let town = &list[i as usize];
        match (oaza, numbers) {
            (true, _) => town.is_oaza(),
            (_, Numbers::Chome(n)) => town.has_chome(n),
            (_, Numbers::Many(n)) if values.iter().any(|&v| list[v as usize].has_chome(n)) => town.has_chome(n),
            _ => town.takes_none(),
        }
    };
    values.iter().find(fits).copied().unwrap_or(first)
}

/// What numbers follow a town.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    /// n丁目.
    Chome(u32),
    /// n and another number.
    Many(u32),
    /// One number, or none.
    Few,
}

fn numbers_ahead(text: &Text, end: usize) -> Numbers {
    let key = &text.key[end..];
    let key = key.strip_prefix(&[PART]).unwrap_or(key);
    let len = key.iter().take(5).take_while(|c| c.is_ascii_digit()).count();
    let n = key[..len].iter().fold(0, |sum, c| sum * 10 + c.to_digit(10).unwrap_or(0));
    match (len, key.get(len), key.get(len + 1)) {
        (0, _, _) => Numbers::Few,
        (_, Some('丁'), _) => Numbers::Chome(n),
        (_, Some('-' | 'ー' | 'ノ'), Some(c)) if c.is_ascii_digit() => Numbers::Many(n),
        _ => Numbers::Few,
    }
}

fn found(city: &City, text: &Text, start: usize, end: usize, index: u16, how: How) -> Found {
    let town = &city.towns().list[index as usize];
    let len = (end - start) as i32;
    let mut score = match how {
        How::Exact | How::Street => 100 + 6 * len,
        How::Loose => 60 + 4 * len,
        How::Plausible => 50 + 4 * len,
        How::Skipped => 40 + 4 * len,
        How::Open => 5 + len,
    };
    if text.key.get(end).is_some_and(|&c| c > '\u{2e80}') && town.koaza().hits(&text.key[end..]).next().is_some() {
        score += 12;
    }
    match numbers_ahead(text, end) {
        Numbers::Chome(n) => score += if town.has_chome(n) { 15 } else { -15 },
        Numbers::Many(n) if town.has_chome(n) => score += 6,
        Numbers::Many(_) if !town.takes_none() => score -= 8,
        Numbers::Few if !town.takes_none() => score -= 2,
        _ => {}
    }
    let alone = !town.is_shared();
    Found { index: Some(index), start, end, how, alone, street: None, score }
}

/// How what stands at `end` is explained.
fn next(text: &Text, end: usize, town: &Town) -> Next {
    let key = &text.key[end..];
    let Some(&c) = key.first() else { return Next::Number };
    if c.is_ascii_digit() || matches!(c, PART | '-' | '(' | '#') {
        return Next::Number;
    }
    let digit = |i: usize| key.get(i).is_some_and(char::is_ascii_digit);
    if digit(1)
        && matches!(
            c,
            '第' | '甲' | '乙' | '丙' | '丁' | '戊' | 'イ' | 'ロ' | 'ハ' | 'ニ' | 'ホ' | '東' | '西' | '南' | '北'
        )
    {
        return Next::Number;
    }
    if key.starts_with(&['無', '番', '地'])
        || key.starts_with(&['番', '外', '地'])
        || town.koaza().hits(key).next().is_some()
    {
        return Next::Number;
    }
    if text.breaks_before(end) || c.is_ascii_alphabetic() {
        return Next::Word;
    }
    let run = key.iter().take(9).take_while(|&&c| !c.is_ascii_digit() && c > '\u{2e80}').count();
    if digit(run) && !matches!(c, '市' | '町' | '村' | '区' | '郡') { Next::Run } else { Next::Nothing }
}

fn loose(city: &City, text: &Text, from: usize) -> Option<Found> {
    let list = &city.towns().list;
    for hit in city.loose().hits(&text.key[from..]) {
        let index = hit.values.first().copied()?;
        if next(text, from + hit.len, &list[index as usize]) >= Next::Word {
            return Some(found(city, text, from, from + hit.len, index, How::Loose));
        }
    }
    if let Some(found) = short_jo(city, text, from) {
        return Some(found);
    }
    // The text has ノ or ケ, the dictionary has not, or the other way round.
    let stop = text.key[from..].iter().take(12).take_while(|c| !c.is_ascii_digit()).count();
    let run = &text.key[from..from + stop];
    let bare: Vec<char> = run.iter().copied().filter(|c| !matches!(c, 'ノ' | 'ケ' | 'ツ')).collect();
    if bare.len() == run.len() || bare.len() < 2 {
        return None;
    }
    let exact = city.towns().table.hits(&bare).chain(city.loose().hits(&bare)).find(|h| h.len == bare.len())?;
    let index = choose(city, text, from, from + stop, exact.values);
    Some(found(city, text, from, from + stop, index, How::Loose))
}

/// 北3西6 for 北3条西6丁目, as people write it in the grids of Hokkaido.
fn short_jo(city: &City, text: &Text, from: usize) -> Option<Found> {
    let direction = |c: Option<&char>| c.is_some_and(|c| matches!(c, '東' | '西' | '南' | '北'));
    let key = &text.key[from..];
    let digits = key.iter().skip(1).take_while(|c| c.is_ascii_digit()).count();
    let end = digits + 2;
    if digits == 0
        || !direction(key.first())
        || !direction(key.get(end - 1))
        || !key.get(end).is_some_and(char::is_ascii_digit)
    {
        return None;
    }
    let name = [&key[..end - 1], &['条'], &key[end - 1..end]].concat();
    let index = city.towns().table.get(&name).first().copied()?;
    Some(found(city, text, from, from + end, index, How::Loose))
}

/// After a part that ends in 町, 村, 区 or 市 and is not in today's names: 岩槻市本町.
fn skipped(city: &City, text: &Text, from: usize) -> Option<Found> {
    let key = &text.key;
    for at in from + 2..key.len().min(from + 8) {
        if matches!(key[at - 1], '町' | '村' | '区' | '市')
            && let Some((len, index, _)) =
                official(city, text, at).find(|&(len, _, next)| len > 1 && next >= Next::Word)
        {
            return Some(found(city, text, at, at + len, index, How::Skipped)).map(|f| Found { start: from, ..f });
        }
        if key[at - 1].is_ascii_digit() {
            break;
        }
    }
    None
}

/// The town of an old municipality under today's longer name.
fn with_prefix(city: &City, text: &Text, from: usize, prefix: &str) -> Option<Found> {
    let mut name = fold::key(prefix);
    let before = name.len();
    name.extend_from_slice(&text.key[from..text.key.len().min(from + 16)]);
    let towns = city.towns();
    let hit = towns.table.hits(&name).find(|h| h.len > before)?;
    let index = hit.values.first().copied()?;
    let end = from + hit.len - before;
    (next(text, end, &towns.list[index as usize]) >= Next::Run).then(|| found(city, text, from, end, index, How::Exact))
}
