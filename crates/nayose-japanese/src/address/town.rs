//! The town of a municipality at a position of the text.
//!
//! In: a municipality, folded text, a position in it. Out: the town, where it ends, and a score. Why a score and not
//! the longest name: what follows must be the rest of an address. 上 before 野町1 is in the dictionary, but 野町1 is no
//! such rest; 上野町 before 1 is.

use super::dictionary::{City, Town};
use super::fold::{self, NUMBER_BREAK, Text};
use super::kyoto;
use super::part::is_letter;

// How far the text is searched. Judgements: names, koaza and numbers are rarely longer, and the search is done for
// every candidate.

/// The longest name of a town after its prefix.
const MAX_NAME: usize = 16;
/// The longest name with a ノ or ケ too many.
const MAX_LOOSE: usize = 12;
/// The longest name of a former municipality.
const MAX_STEM: usize = 8;
/// The longest unlisted koaza after a name, and one character.
const MAX_RUN: usize = 9;
/// The longest part that is skipped, and one character.
const MAX_SKIPPED: usize = 8;
/// The digits of a number that decide whether it is a 丁目.
const MAX_DIGITS: usize = 5;

/// A town found in the text.
#[derive(Clone)]
pub(super) struct Found {
    /// Its index in the municipality.
    pub(super) index: Option<u16>,
    /// Where its name begins and ends in the key.
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) how: How,
    /// No other town of the municipality has the same key.
    pub(super) unique: bool,
    /// The range in `shown` of a Kyoto street name before it.
    pub(super) street: Option<(usize, usize)>,
    /// A [`How::Doubtful`] name of one character is before what may be an unlisted koaza: 泉 + 山下27.
    pub(super) koaza: bool,
    /// The index of the former name by which it was found.
    pub(super) former: Option<u16>,
    pub(super) score: i32,
}

/// How the name was found, the most reliable first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum How {
    /// The official name, before the rest of an address.
    Exact,
    /// After a Kyoto street name.
    Street,
    /// An unofficial name (without 町, ノ …).
    Loose,
    /// The official name, before what may be an unlisted koaza.
    Plausible,
    /// After a part that today's names do not have.
    Skipped,
    /// The official name, before anything else.
    Doubtful,
}

impl Found {
    /// Whether the match is evidence for the municipality.
    pub(super) fn is_reliable(&self) -> bool {
        self.how <= How::Plausible
    }
}

/// What follows a name, by how well it can be the rest of an address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Next {
    /// Anything else.
    Other,
    /// A few kanji, then a number.
    Run,
    /// A space or 字.
    Word,
    /// A number, a known koaza, or the end.
    Number,
}

/// The town of `city` at `from`; `prefix` is what the names of a former municipality's towns begin with today.
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
    let mut doubtful = None;
    for (len, index, next) in official(city, text, from) {
        if next >= Next::Word {
            return Some(found(city, text, from, from + len, index, How::Exact));
        }
        let (first, how) = match next {
            Next::Run if len > 1 => (&mut plausible, How::Plausible),
            _ => (&mut doubtful, How::Doubtful),
        };
        if first.is_none() {
            let koaza = next == Next::Run && !ends_in_town(text, from + len);
            *first = Some(Found { koaza, ..found(city, text, from, from + len, index, how) });
        }
    }
    if let Some(found) = loose(city, text, from) {
        return Some(found);
    }
    plausible.or_else(|| skipped(city, text, from)).or_else(|| kyoto::anywhere(city, text, from)).or(doubtful)
}

/// The town at `from` by its official name, before the rest of an address.
pub(super) fn exactly(city: &City, text: &Text, from: usize) -> Option<Found> {
    let (len, index, _) = official(city, text, from).find(|&(_, _, next)| next >= Next::Word)?;
    Some(found(city, text, from, from + len, index, How::Exact))
}

/// The town by its official name from `start` to `end`, whatever follows.
pub(super) fn named(city: &City, text: &Text, start: usize, end: usize) -> Option<Found> {
    let hit = city.towns().table.hits(&text.key[start..]).find(|hit| start + hit.len == end)?;
    let index = choose(city, text, start, end, hit.values);
    Some(found(city, text, start, end, index, How::Exact))
}

/// The official names at `from`, longest first: length, town, and what follows.
fn official<'a>(city: &'a City, text: &'a Text, from: usize) -> impl Iterator<Item = (usize, u16, Next)> + 'a {
    let towns = city.towns();
    towns.table.hits(&text.key[from..]).map(move |hit| {
        let index = choose(city, text, from, from + hit.len, hit.values);
        (hit.len, index, next(text, from + hit.len, &towns.list[index as usize]))
    })
}

/// Chooses between towns that differ by spelling or 大字: as the text is written, else by whether a 丁目 follows.
fn choose(city: &City, text: &Text, from: usize, end: usize, values: &[u16]) -> u16 {
    let first = values.first().copied().unwrap_or_default();
    if values.len() < 2 {
        return first;
    }
    let list = &city.towns().list;
    // The sources have several spellings: the one of the text.
    let written: String = text.shown[text.origin(from)..text.origin(end)].iter().collect();
    let mut same = values.iter().filter(|&&v| {
        let name = list[v as usize].name;
        name.trim_start_matches("大字").trim_start_matches('字') == written.trim_end_matches([' ', '字'])
    });
    if let (Some(&one), None) = (same.next(), same.next()) {
        return one;
    }
    let before = from.checked_sub(1).map_or(0, |b| text.origin(b) + 1);
    let oaza = text.shown[before..text.origin(end - 1)].contains(&'字');
    let numbers = numbers_ahead(text, end);
    let fits = |&&i: &&u16| {
        let town = &list[i as usize];
        match (oaza, numbers) {
            (true, _) => town.is_oaza(),
            (_, Numbers::Chome(n)) => town.has_chome(n),
            (_, Numbers::Several(n)) if values.iter().any(|&v| list[v as usize].has_chome(n)) => town.has_chome(n),
            _ => town.has_lots_without_chome(),
        }
    };
    values.iter().find(fits).copied().unwrap_or(first)
}

/// The numbers after a town.
#[derive(Clone, Copy, PartialEq)]
enum Numbers {
    /// n丁目.
    Chome(u32),
    /// n and another number.
    Several(u32),
    /// One number, or none.
    AtMostOne,
}

fn numbers_ahead(text: &Text, end: usize) -> Numbers {
    let key = &text.key[end..];
    let key = key.strip_prefix(&[NUMBER_BREAK]).unwrap_or(key);
    let len = key.iter().take(MAX_DIGITS).take_while(|c| c.is_ascii_digit()).count();
    let n = key[..len].iter().fold(0, |sum, c| sum * 10 + c.to_digit(10).unwrap_or(0));
    match (len, key.get(len), key.get(len + 1)) {
        (0, _, _) => Numbers::AtMostOne,
        (_, Some('丁'), _) => Numbers::Chome(n),
        (_, Some('-' | 'ー' | 'ノ'), Some(c)) if c.is_ascii_digit() => Numbers::Several(n),
        _ => Numbers::AtMostOne,
    }
}

// Scores, judgements as those in `place`: the more reliable the way, and the longer the name, the higher.

/// For each way: its base, and for each character of the name.
fn name_score(how: How, len: i32) -> i32 {
    match how {
        How::Exact | How::Street => 100 + 6 * len,
        How::Loose => 60 + 4 * len,
        How::Plausible => 50 + 4 * len,
        How::Skipped => 40 + 4 * len,
        How::Doubtful => 5 + len,
    }
}

/// For a listed koaza after the name.
const KOAZA: i32 = 12;
/// For a 丁目 that the town has, or has not.
const CHOME: i32 = 15;
/// For several numbers, of which the first may be a 丁目 of the town, or may not though it needs one.
const MAYBE_CHOME: i32 = 6;
const MISSING_CHOME: i32 = -8;
/// For one number or none where the town has no lots without 丁目.
const NO_CHOME: i32 = -2;

/// The town of this index from `start` to `end`, with its score.
fn found(city: &City, text: &Text, start: usize, end: usize, index: u16, how: How) -> Found {
    let town = &city.towns().list[index as usize];
    let mut score = name_score(how, (end - start) as i32);
    if text.key.get(end).is_some_and(|&c| c > '\u{2e80}') && town.koaza().hits(&text.key[end..]).next().is_some() {
        score += KOAZA;
    }
    match numbers_ahead(text, end) {
        Numbers::Chome(n) => score += if town.has_chome(n) { CHOME } else { -CHOME },
        Numbers::Several(n) if town.has_chome(n) => score += MAYBE_CHOME,
        Numbers::Several(_) if !town.has_lots_without_chome() => score += MISSING_CHOME,
        Numbers::AtMostOne if !town.has_lots_without_chome() => score += NO_CHOME,
        _ => {}
    }
    // A former name leads to the town of today.
    let former = town.former.as_ref().map(|_| index);
    let index = town.former.as_ref().and_then(|f| f.today).unwrap_or(index);
    let unique = !town.is_shared() && former.is_none();
    Found { index: Some(index), start, end, how, unique, street: None, koaza: false, former, score }
}

/// Whether the words before the next number end as the names of towns do, not those of koaza.
fn ends_in_town(text: &Text, from: usize) -> bool {
    let digit = (from..text.key.len()).find(|&i| text.key[i].is_ascii_digit());
    digit.is_some_and(|i| matches!(text.key[i - 1], '町' | '村' | '台' | '丘' | '通' | '条'))
}

/// What follows the name of a town that ends at `end`.
fn next(text: &Text, end: usize, town: &Town) -> Next {
    let key = &text.key[end..];
    let Some(&c) = key.first() else { return Next::Number };
    if c.is_ascii_digit() || matches!(c, NUMBER_BREAK | '-' | '(' | '#') {
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
    // 甲レ256; ハノ74 after 佐原.
    let letters = text.key[..end].last().is_some_and(|&c| is_letter(c));
    if digit(1) && (('ア'..='ン').contains(&c) && c != 'ノ' || c == 'ノ' && letters) {
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
    let run = key.iter().take(MAX_RUN).take_while(|&&c| !c.is_ascii_digit() && c > '\u{2e80}').count();
    if digit(run) && !matches!(c, '市' | '町' | '村' | '区' | '郡') { Next::Run } else { Next::Other }
}

/// The town at `from` by an unofficial name.
fn loose(city: &City, text: &Text, from: usize) -> Option<Found> {
    let list = &city.towns().list;
    for hit in city.loose().hits(&text.key[from..]) {
        let index = hit.values.first().copied()?;
        if next(text, from + hit.len, &list[index as usize]) >= Next::Word {
            return Some(found(city, text, from, from + hit.len, index, How::Loose));
        }
    }
    if let Some(found) = former_municipality(city, text, from) {
        return Some(found);
    }
    if let Some(found) = without_jo(city, text, from) {
        return Some(found);
    }
    // The text has a ノ or ケ that the dictionary does not have, or the reverse.
    let stop = text.key[from..].iter().take(MAX_LOOSE).take_while(|c| !c.is_ascii_digit()).count();
    let run = &text.key[from..from + stop];
    let bare: Vec<char> = run.iter().copied().filter(|c| !matches!(c, 'ノ' | 'ケ' | 'ツ')).collect();
    if bare.len() == run.len() || bare.len() < 2 {
        return None;
    }
    let exact = city.towns().table.hits(&bare).chain(city.loose().hits(&bare)).find(|h| h.len == bare.len())?;
    let index = choose(city, text, from, from + stop, exact.values);
    Some(found(city, text, from, from + stop, index, How::Loose))
}

/// 榛原区下井足 for 榛原下井足: the suffix of a former municipality that today's name of the town is without.
fn former_municipality(city: &City, text: &Text, from: usize) -> Option<Found> {
    let end = text.key.len().min(from + MAX_NAME);
    let suffix = (from + 2..end.min(from + MAX_STEM)).find(|&i| matches!(text.key[i], '区' | '町' | '村'))?;
    let name = [&text.key[from..suffix], &text.key[suffix + 1..end]].concat();
    let hit = city.towns().table.hits(&name).find(|hit| hit.len > suffix - from)?;
    let end = from + hit.len + 1;
    let index = choose(city, text, from, end, hit.values);
    let listed = next(text, end, &city.towns().list[index as usize]) >= Next::Word;
    listed.then(|| found(city, text, from, end, index, How::Loose))
}

/// 北3西6 for 北3条西6丁目, as people write it in the grids of Hokkaido.
fn without_jo(city: &City, text: &Text, from: usize) -> Option<Found> {
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

/// The town after a part that ends in 町, 村, 区 or 市 and is not in today's names: 岩槻市本町.
fn skipped(city: &City, text: &Text, from: usize) -> Option<Found> {
    let key = &text.key;
    for start in from + 2..key.len().min(from + MAX_SKIPPED) {
        if matches!(key[start - 1], '町' | '村' | '区' | '市')
            && let Some((len, index, _)) =
                official(city, text, start).find(|&(len, _, next)| len > 1 && next >= Next::Word)
        {
            return Some(Found { start: from, ..found(city, text, start, start + len, index, How::Skipped) });
        }
        if key[start - 1].is_ascii_digit() {
            break;
        }
    }
    None
}

/// The town of a former municipality by today's longer name.
fn with_prefix(city: &City, text: &Text, from: usize, prefix: &str) -> Option<Found> {
    let mut name = fold::key(prefix);
    let before = name.len();
    name.extend_from_slice(&text.key[from..text.key.len().min(from + MAX_NAME)]);
    let towns = city.towns();
    let hit = towns.table.hits(&name).find(|h| h.len > before)?;
    let index = hit.values.first().copied()?;
    let end = from + hit.len - before;
    (next(text, end, &towns.list[index as usize]) >= Next::Run).then(|| found(city, text, from, end, index, How::Exact))
}
