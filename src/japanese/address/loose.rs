//! Further names of towns: how people shorten and lengthen them.
//!
//! In: the towns of one municipality. Out: names that differ from the official ones and still mean
//! one town only: without ノ and ケ (虎門), without 町 at the end, with a 町 too many, without the old
//! municipality at the front (安俵 for 東和町安俵).

use super::dictionary::Towns;
use super::fold;
use super::prefix::Prefixes;
use std::collections::HashMap;

/// The further names that lead to one town each.
pub(super) fn names(towns: &Towns) -> Prefixes<u16> {
    let mut found: HashMap<Vec<char>, Option<u16>> = HashMap::new();
    let official: Vec<Vec<char>> = towns.list.iter().map(|t| fold::key(t.name)).collect();
    for (i, name) in official.iter().enumerate() {
        for other in spellings(name) {
            let same = |j: u16| official.get(j as usize) == Some(name);
            found.entry(other).and_modify(|kept| *kept = kept.filter(|&j| same(j))).or_insert(Some(i as u16));
        }
    }
    for name in &official {
        found.remove(name);
    }
    Prefixes::new(found.into_iter().filter_map(|(name, town)| Some((name, town?))).collect())
}

/// What `name` is also written as.
fn spellings(name: &[char]) -> Vec<Vec<char>> {
    let mut found = Vec::new();
    let mut add = |other: Vec<char>| {
        if other.len() >= 2 && other != name {
            found.push(other);
        }
    };
    let bare: Vec<char> = name.iter().copied().filter(|c| !matches!(c, 'ノ' | 'ケ' | 'ツ')).collect();
    add(bare);
    match name.split_last() {
        Some(('町', stem)) if stem.len() >= 2 => add(stem.to_vec()),
        Some((last, _)) if !last.is_ascii_digit() => add([name, &['町']].concat()),
        _ => {}
    }
    let front = name.iter().position(|c| matches!(c, '町' | '村' | '区'));
    if let Some(at) = front
        && at + 2 < name.len()
        && at > 0
    {
        add(name[at + 1..].to_vec());
        add([&name[..at], &name[at + 1..]].concat());
    }
    found
}
