//! Kyoto: addresses with street names (通り名).
//!
//! In: folded text after 京都市 and its ward. Out: the town after (or before) the street name, and for a name that several
//! towns of a ward have, the one of the street or of the postal code. Why the street is not in the key: 烏丸通御池上る is
//! the way to the address, and one town is reached from several streets.

use super::dictionary::{City, Town};
use super::fold::{self, NUMBER_BREAK, Text};
use super::town::{self, Found, How};

/// Directions along a street, as keys.
const DIRECTIONS: [&[char]; 18] = [
    &['上', 'ル'],
    &['下', 'ル'],
    &['上', 'ケ', 'ル'],
    &['下', 'ケ', 'ル'],
    &['東', '入', 'ル'],
    &['西', '入', 'ル'],
    &['南', '入', 'ル'],
    &['北', '入', 'ル'],
    &['東', '入'],
    &['西', '入'],
    &['南', '入'],
    &['北', '入'],
    &['東', 'イ', 'ル'],
    &['西', 'イ', 'ル'],
    &['ア', 'ケ', 'ル'],
    &['サ', 'ケ', 'ル'],
    // 四条上るより六角まで
    &['マ', 'デ'],
    &['迄'],
];

/// Words after a direction: 下るまで, 上る東側.
const AFTER: [&[char]; 7] =
    [&['マ', 'デ'], &['迄'], &['東', '側'], &['西', '側'], &['南', '側'], &['北', '側'], &['角']];

/// The longest street after a town, in characters. A judgement: 新町通四条上ルヨリ6角下ルマデ has 15.
const MAX_STREET: usize = 28;

/// Whether addresses in the city have street names: the wards of Kyoto, JIS codes 26101 to 26111.
pub(super) fn is_kyoto(city: &City) -> bool {
    city.code / 100 == 261
}

/// Where a direction at `start` ends, with the word after it.
fn direction(key: &[char], start: usize) -> Option<usize> {
    if !matches!(key[start], '上' | '下' | '東' | '西' | '南' | '北' | 'ア' | 'サ' | 'マ' | '迄') {
        return None;
    }
    let direction = DIRECTIONS.iter().find(|d| key[start..].starts_with(d))?;
    let end = start + direction.len();
    Some(end + AFTER.iter().find(|w| key[end..].starts_with(w)).map_or(0, |w| w.len()))
}

/// The town after the last direction that a town follows, or before a street.
pub(super) fn find(city: &City, text: &Text, from: usize) -> Option<Found> {
    let key = &text.key;
    let mut directed = false;
    for start in (from + 2..key.len()).rev() {
        let Some(end) = direction(key, start) else { continue };
        directed = true;
        let found = town::exactly(city, text, end).or_else(|| town::exactly(city, text, after_chome(key, end)?));
        if let Some(found) = found {
            return Some(with_street(text, from, found));
        }
    }
    directed.then(|| town_first(city, text, from)).flatten()
}

/// 鯉山町室町通六角下る518, 鯉山町(室町通六角下る)518: the street after the town, before the number or the end.
fn town_first(city: &City, text: &Text, from: usize) -> Option<Found> {
    let key = &text.key;
    let names: Vec<usize> = city.towns().table.hits(&key[from..]).map(|hit| from + hit.len).collect();
    for end in names {
        if key.get(end).is_none_or(|&c| c.is_ascii_digit() || c == NUMBER_BREAK) {
            continue;
        }
        let open = usize::from(key[end] == '(');
        let ends = |stop: usize| {
            let c = key.get(stop);
            if open > 0 {
                c == Some(&')')
            } else {
                c.is_none_or(|c| c.is_ascii_digit() || matches!(c, '(' | '番' | '-'))
            }
        };
        let last = key.len().min(end + MAX_STREET);
        let stop = (end + 2..last).rev().filter_map(|start| direction(key, start)).find(|&stop| ends(stop));
        if let Some(stop) = stop
            && let Some(found) = town::named(city, text, from, end)
        {
            let street = Some((text.origin(end + open), text.origin(stop)));
            return Some(Found { how: How::Street, street, end: stop + open, ..found });
        }
    }
    None
}

/// Subtracted from the score of a town without a direction before it: the words before it are not understood. A
/// judgement, on the scale of the scores in `town`.
const UNDIRECTED: i32 = 60;

/// A town anywhere before the first number, after 通 if there is one.
pub(super) fn anywhere(city: &City, text: &Text, from: usize) -> Option<Found> {
    if !is_kyoto(city) {
        return None;
    }
    let key = &text.key;
    let last = (from..key.len()).find(|&i| is_lot(key, i)).unwrap_or(key.len());
    let after_street = (from + 1..last).rev().filter(|&i| key[i - 1] == '通');
    let mut found = after_street
        .chain(from + 2..last)
        .find_map(|i| town::exactly(city, text, i).filter(|f| f.end - f.start > 1))?;
    found.score -= UNDIRECTED;
    Some(with_street(text, from, found))
}

/// Whether the number at `i` begins a lot, and not 二条 or 六角 in a name.
fn is_lot(key: &[char], i: usize) -> bool {
    let end = i + key[i..].iter().take_while(|c| c.is_ascii_digit()).count();
    let after = key.get(end);
    let name = after.is_some_and(|&c| c > '\u{2e80}' && !matches!(c, '丁' | '番' | '号' | 'ノ' | '-'));
    key[i].is_ascii_digit() && !name && !(i > 0 && key[i - 1].is_ascii_digit())
}

/// 二丁目 between a direction and the town: …七条下る二丁目東塩小路町.
fn after_chome(key: &[char], from: usize) -> Option<usize> {
    let digits = key[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    (digits > 0 && key[from + digits..].starts_with(&['丁', '目'])).then_some(from + digits + 2)
}

/// The town with the street name before it.
fn with_street(text: &Text, from: usize, found: Found) -> Found {
    let range = (text.origin(from), text.origin(found.start));
    Found { how: How::Street, street: Some(range), ..found }
}

/// One of several towns of a name.
pub(super) struct Namesake {
    pub(super) code: u32,
    /// Its streets, divided by 、.
    pub(super) streets: &'static str,
}

/// The towns of the name of `town` in its ward, each with its postal code; none if the name is of one town only.
pub(super) fn namesakes(town: &Town) -> Vec<Namesake> {
    let mut found = Vec::new();
    let mut streets = town.streets.split(';');
    town.postal_codes(|code, _| found.push(Namesake { code, streets: streets.next().unwrap_or_default() }));
    found
}

/// The one of the street, else of the postal code.
pub(super) fn namesake(all: &[Namesake], street: Option<&str>, code: Option<u32>) -> Option<usize> {
    let by_street = street.and_then(|street| {
        let text = tidy(street);
        let scores: Vec<usize> = all.iter().map(|one| score(one.streets, &text)).collect();
        let best = scores.iter().copied().max().filter(|&best| best >= MAIN_STREET)?;
        let mut with_best = scores.iter().enumerate().filter(|&(_, &s)| s == best);
        let (first, more) = (with_best.next()?.0, with_best.next());
        more.is_none().then_some(first)
    });
    by_street.or_else(|| all.iter().position(|one| code == Some(one.code)))
}

/// The scores of the street alone, of a crossing, and of the same words in the same order: 六角通烏丸西入 is another town than
/// 烏丸通六角下る. Only their order counts.
const MAIN_STREET: usize = 1;
const BOTH_STREETS: usize = 2;
const SAME_WORDS: usize = 3;

/// How well the streets of a town fit those of a text.
fn score(streets: &str, text: &str) -> usize {
    let fits = |street: &str| {
        let (main, other) = street.split_once('通').unwrap_or((street, ""));
        let other = other.trim_end_matches(['る', '入', '上', '下', '東', '西', '南', '北']);
        if text.contains(&tidy(street)) {
            SAME_WORDS
        } else if !other.is_empty() && text.contains(&tidy(main)) && text.contains(&tidy(other)) {
            BOTH_STREETS
        } else if text.starts_with(&tidy(main)) {
            MAIN_STREET
        } else {
            0
        }
    };
    streets.split('、').map(fits).max().unwrap_or(0)
}

/// What spellings of a street share: without 通, 筋 and the る of a direction.
fn tidy(street: &str) -> String {
    let key = fold::key(street);
    let kept = |i: usize| match key[i] {
        '通' | '筋' | 'ル' | 'リ' => false,
        'ケ' => i == 0 || !matches!(key[i - 1], '上' | '下'),
        _ => true,
    };
    (0..key.len()).filter(|&i| kept(i)).map(|i| key[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::{Namesake, namesake};

    #[test]
    fn streets_tell_namesakes_apart() {
        let all = [
            Namesake {
                code: 1, streets: "衣棚通姉小路下る、衣棚通三条上る、姉小路通室町西入"
            },
            Namesake {
                code: 2, streets: "釜座通姉小路下る、釜座通三条上る、姉小路通新町西入"
            },
        ];
        for (street, code, found) in [
            ("衣棚通姉小路下ル", None, Some(0)),
            ("釜座姉小路下る", None, Some(1)),
            ("姉小路通釜座", None, Some(1)),
            ("三条通", None, None),
            ("釜座通二条上るより御池下るまで", None, Some(1)),
            ("姉小路通", None, None),
            ("釜座通三条上る", Some(1), Some(1)),
            ("三条通", Some(1), Some(0)),
        ] {
            assert_eq!(namesake(&all, Some(street), code), found, "{street}");
        }
        assert_eq!(namesake(&all, None, Some(2)), Some(1));
    }
}
