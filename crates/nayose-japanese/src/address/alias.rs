//! The names that a municipality is found by.
//!
//! In: the municipalities of the dictionary and `data/address_old_names.tsv`. Out: their names in full, without county or
//! city, and those of the municipalities that they were.

use super::dictionary::City;
use super::fold;
use std::collections::HashMap;

static OLD_NAMES: &str = include_str!("../../data/address_old_names.tsv");

/// How a name leads to a municipality.
#[derive(Clone, Copy)]
pub(super) struct Alias {
    pub(super) city: u16,
    pub(super) kind: Kind,
    /// What the names of the towns of a former municipality begin with today: 東和町.
    pub(super) prefix: &'static str,
}

/// The kind of a name of a municipality, the most reliable first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    /// As the dictionary has it.
    Full,
    /// The county is omitted.
    NoCounty,
    /// The ward only: 南区.
    Ward,
    /// The city only: the ward is omitted.
    Parent,
    /// A former municipality.
    Old,
}

/// Every name that a municipality is found by.
pub(super) fn all(cities: &[City], prefectures: &[&str]) -> Vec<(Vec<char>, Alias)> {
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
        for &(i, own) in by_name.get(new).into_iter().flatten() {
            if prefectures.get(own as usize) != Some(&prefecture) {
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
pub(super) fn parent_and_ward(name: &str) -> Option<(&str, &str)> {
    let end = name.char_indices().skip(1).find(|&(i, c)| c == '市' && name.ends_with('区') && i + 3 < name.len())?.0;
    Some(name.split_at(end + '市'.len_utf8()))
}

/// 余市郡余市町 → 余市郡, 余市町. `None` for 郡山市 and 小郡市.
pub(super) fn county_and_town(name: &str) -> Option<(&str, &str)> {
    let end = name.char_indices().skip(1).find(|&(_, c)| c == '郡')?.0;
    (name.ends_with(['町', '村'])).then(|| name.split_at(end + '郡'.len_utf8()))
}

/// The former municipalities of `municipality` without 市, 町 or 村.
pub(super) fn former_stems(municipality: &str) -> Vec<Vec<char>> {
    let own = parent_and_ward(municipality).map_or(municipality, |(parent, _)| parent);
    let lines = OLD_NAMES.lines().filter_map(|line| line.split_once('\t')?.1.split_once('\t'));
    let names = lines.filter(|(city, _)| *city == own || *city == municipality).flat_map(|(_, old)| old.split(' '));
    names
        .map(|name| county_and_town(name).map_or(name, |(_, town)| town))
        .filter(|name| name.ends_with(['市', '町', '村']))
        .map(|name| fold::key(name.trim_end_matches(['市', '町', '村'])))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{county_and_town, parent_and_ward};

    #[test]
    fn divides_names() {
        assert_eq!(parent_and_ward("四日市市"), None);
        assert_eq!(parent_and_ward("横浜市南区"), Some(("横浜市", "南区")));
        assert_eq!(parent_and_ward("さいたま市大宮区"), Some(("さいたま市", "大宮区")));
        assert_eq!(county_and_town("余市郡余市町"), Some(("余市郡", "余市町")));
        assert_eq!(county_and_town("郡山市"), None);
    }
}
