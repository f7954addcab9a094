//! Unofficial names of towns: how people shorten and lengthen them.
//!
//! In: the towns of one municipality. Out: names that differ from the official ones and still mean one town only:
//! without ノ and ケ (虎門), without 町 at the end, with an additional 町, without the former municipality at the front
//! (安俵 for 東和町安俵), with another kanji of the same reading (船屋 for 舟屋). Why a table: to try every change at every lookup would cost more.

use super::dictionary::Towns;
use super::fold;
use super::prefix::Prefixes;
use std::collections::HashMap;

/// The unofficial names, each with its town. Names of two towns are left out. `former`: stems of former municipalities,
/// with which today's names begin: 松尾 of 松尾寄木.
pub(super) fn names(towns: &Towns, former: &[Vec<char>]) -> Prefixes<u16> {
    let mut found: HashMap<Vec<char>, Option<u16>> = HashMap::new();
    let official: Vec<Vec<char>> = towns.list.iter().map(|t| fold::key(t.name)).collect();
    for (i, name) in official.iter().enumerate() {
        let bare = former.iter().filter_map(|stem| name.strip_prefix(&stem[..])).filter(|bare| bare.len() > 1);
        for other in spellings(name).into_iter().chain(bare.map(<[char]>::to_vec)) {
            let same = |j: u16| official.get(j as usize) == Some(name);
            found.entry(other).and_modify(|kept| *kept = kept.filter(|&j| same(j))).or_insert(Some(i as u16));
        }
    }
    for name in &official {
        found.remove(name);
    }
    Prefixes::new(found.into_iter().filter_map(|(name, town)| Some((name, town?))).collect())
}

/// Kanji that stand for each other in names of places and that old and new writings exchange, but that tell two towns
/// apart where both are there (京都市中京区 has 舟屋町 and 船屋町). From the spellings of one place in the town list and in the
/// postal list, of one postal code.
const EXCHANGED: [(char, char); 20] = [
    ('舟', '船'),
    ('茅', '萱'),
    ('砂', '沙'),
    ('荘', '庄'),
    ('畔', '畦'),
    ('盤', '磐'),
    ('壇', '檀'),
    ('潟', '瀉'),
    ('槍', '鎗'),
    ('杉', '椙'),
    ('樫', '橿'),
    ('枦', '櫨'),
    ('蔭', '陰'),
    ('菰', '薦'),
    ('兎', '菟'),
    ('坂', '阪'),
    ('畑', '畠'),
    ('笹', '篠'),
    ('杁', '圦'),
    ('汐', '潮'),
];

/// Other ways to write `name`.
fn spellings(name: &[char]) -> Vec<Vec<char>> {
    let mut found = Vec::new();
    let mut add = |other: Vec<char>| {
        if other.len() >= 2 && other != name {
            found.push(other);
        }
    };
    let bare: Vec<char> = name.iter().copied().filter(|c| !matches!(c, 'ノ' | 'ケ' | 'ツ')).collect();
    add(bare);
    for &c in name {
        for (a, b) in EXCHANGED {
            if c == a || c == b {
                let (from, to) = if c == a { (a, b) } else { (b, a) };
                add(name.iter().map(|&c| if c == from { to } else { c }).collect());
            }
        }
    }
    // ニノ平 for 二ノ平: a kanji numeral in the shape of a kana.
    for (digit, kana) in [('2', 'ニ'), ('8', 'ハ')] {
        let alone = |i: usize| {
            let other = |j: Option<usize>| j.and_then(|j| name.get(j)).is_none_or(|c| !c.is_ascii_digit());
            name[i] == digit && other(i.checked_sub(1)) && other(Some(i + 1))
        };
        if let Some(i) = (0..name.len()).find(|&i| alone(i)) {
            add([&name[..i], &[kana], &name[i + 1..]].concat());
        }
    }
    match name.split_last() {
        Some(('町', stem)) if stem.len() >= 2 => add(stem.to_vec()),
        Some((last, _)) if !last.is_ascii_digit() => add([name, &['町']].concat()),
        _ => {}
    }
    let front = name.iter().position(|c| matches!(c, '町' | '村' | '区'));
    if let Some(end) = front
        && end + 2 < name.len()
        && end > 0
    {
        add(name[end + 1..].to_vec());
        add([&name[..end], &name[end + 1..]].concat());
    }
    found
}
