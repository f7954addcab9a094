//! Kyoto: addresses by streets (通り名) before the town.
//!
//! In: folded text after 京都市 and its ward. Out: the town after the street name. 烏丸通御池上る
//! says how to get there, not where it is: the town after it does, so the street is kept apart and
//! is not part of the key.

use super::dictionary::City;
use super::fold::Text;
use super::town::{self, Found, How};

/// Directions along a street, as keys.
const DIRECTIONS: [&[char]; 12] = [
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
];

/// Whether the city writes street names: the wards of Kyoto.
pub(super) fn is_kyoto(city: &City) -> bool {
    city.code / 100 == 261
}

/// The town after the last direction that a town follows.
pub(super) fn find(city: &City, text: &Text, from: usize) -> Option<Found> {
    let key = &text.key;
    for at in (from + 2..key.len()).rev() {
        let Some(direction) = DIRECTIONS.iter().find(|d| key[at..].starts_with(d)) else { continue };
        let end = at + direction.len();
        let found = town::exactly(city, text, end).or_else(|| town::exactly(city, text, after_chome(key, end)?));
        if let Some(found) = found {
            return Some(street(text, from, found));
        }
    }
    None
}

/// A town anywhere before the first number, after 通 if there is one.
pub(super) fn anywhere(city: &City, text: &Text, from: usize) -> Option<Found> {
    if !is_kyoto(city) {
        return None;
    }
    let key = &text.key;
    let last = (from..key.len()).find(|&i| key[i].is_ascii_digit()).unwrap_or(key.len());
    let after_street = (from + 1..last).rev().filter(|&i| key[i - 1] == '通');
    let mut found = after_street
        .chain(from + 2..last)
        .find_map(|i| town::exactly(city, text, i).filter(|f| f.end - f.start > 1))?;
    found.score -= 60;
    Some(street(text, from, found))
}

/// 二丁目 between a direction and the town: …七条下る二丁目東塩小路町.
fn after_chome(key: &[char], from: usize) -> Option<usize> {
    let digits = key[from..].iter().take_while(|c| c.is_ascii_digit()).count();
    (digits > 0 && key[from + digits..].starts_with(&['丁', '目'])).then_some(from + digits + 2)
}

fn street(text: &Text, from: usize, found: Found) -> Found {
    let places = (text.place(from), text.place(found.start));
    Found { how: How::Street, street: Some(places), ..found }
}
