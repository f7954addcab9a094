//! The key of an address without municipality.
//!
//! In: the text after the prefecture, or all of it. Out: what two spellings of it share: 都庁ビル3階 and 都庁ビル3F, 1番地2
//! and 1-2, 201号室 and 201. Why a key of its own kind: without the municipality 1-2-3 is in a thousand towns, so it must
//! never equal the key of a full address.

use super::part::push_number;
use super::{building, fold, lot, write};

/// The key after the prefecture's: `?` and the words, then the numbers after `|`.
pub(super) fn key(rest: &str) -> String {
    let text = fold::fold(rest);
    let town = write::guessed_town(&text, 0);
    let numbered = text.shown.first().is_some_and(char::is_ascii_digit);
    let (lot, words) = match town {
        Some(end) => (lot::read(&text, end, None), text.key[..end].iter().collect()),
        None if numbered => (lot::read(&text, 0, None), String::new()),
        None => (lot::Lot::default(), String::new()),
    };
    let tail = building::read(&text.shown[lot.end..], lot.block.is_some());
    let mut key = format!("?{words}");
    if !lot.koaza.is_empty() {
        key.push('/');
        key.push_str(&fold::key_string(&lot.koaza));
    }
    // As in a full address, the building is left out where a number tells the place.
    let building = tail.building.as_deref().filter(|_| lot.block.is_none()).unwrap_or_default();
    for part in [building, &tail.rest] {
        if !part.is_empty() {
            key.push_str(if key.len() > 1 { "?" } else { "" });
            key.push_str(&fold::key_string(part));
        }
    }
    let mut mark = '|';
    let chome = lot.chome.map(|n| {
        let mut text = String::new();
        push_number(&mut text, n);
        text
    });
    for part in [&chome, &lot.block, &lot.number, &lot.room, &tail.room].into_iter().flatten() {
        key.push(mark);
        key.push_str(part);
        mark = '-';
    }
    key
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn spellings_have_one_key() {
        for (a, b) in [
            ("都庁ビル3階", "都庁ビル3F"),
            ("丸の内1丁目2番地3号 201号室", "丸ノ内1-2-3 201"),
            ("1番地2", "1-2"),
            ("サンハイツII203号室", "サンハイツⅡ203"),
        ] {
            assert_eq!(key(a), key(b), "{a} {b}");
        }
        assert_ne!(key("丸の内1-2-3"), key("丸の内1-2-4"));
        assert_eq!(key("山田太郎"), "?山田太郎");
    }
}
