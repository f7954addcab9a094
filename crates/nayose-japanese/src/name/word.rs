//! A word of a name: how common it is as a family name and as a given name.
//!
//! In: a word. Out: ln of the share of people who have it as a part of their name. Why both at once: two words
//! are tried in both orders, and what is folded and looked up once serves for both parts, and for the next person of the name.

use super::dictionary::{Part, dictionary};
use super::divide::ln_share;
use super::kana_names::kana_names;
use super::letters::{Letters, key_units};
use super::memo::{Memo, Short};
use crate::kana::{is_kana, kana_key};
use std::cell::RefCell;

/// ln of the share of a word too long to be a part of a name: below every other. A judgement.
const TOO_LONG_LN: f32 = -60.0;

/// ln of the share of people who have a word as a part of their name.
pub(super) fn ln_word(part: Part, word: &str) -> f32 {
    ln_shares(word)[part.index()]
}

/// ln of the share of people who have a word as their family name, and as their given name.
pub(super) fn ln_shares(word: &str) -> [f32; 2] {
    thread_local! {
        static KNOWN: RefCell<Memo<[f32; 2]>> = RefCell::new(Memo::new());
    }
    KNOWN.with_borrow_mut(|known| {
        known.get(Short::of_word(word), || {
            let word = Word::new(word);
            [Part::Family, Part::Given].map(|part| word.ln(part))
        })
    })
}

/// A word of a name, as its share among family and given names is looked up.
enum Word<'a> {
    /// All kana: its kana key.
    Kana(String),
    /// Any other, with its characters.
    Written(&'a str, Letters),
    TooLong,
}

impl<'a> Word<'a> {
    fn new(word: &'a str) -> Self {
        if word.chars().all(is_kana) {
            return Word::Kana(kana_key(word));
        }
        Letters::new(word).map_or(Word::TooLong, |letters| Word::Written(word, letters))
    }

    /// ln of the share of people who have it as this part of their name.
    fn ln(&self, part: Part) -> f32 {
        match self {
            Word::Kana(key) => {
                let written = dictionary().find(part, key_units(key).units()).map(|e| e.ln_share());
                let read = kana_names().ln_share(part, key);
                written.map_or(read, |w| w.max(read))
            }
            Word::Written(word, letters) => ln_share(part, word, letters, 0, letters.len()),
            Word::TooLong => TOO_LONG_LN,
        }
    }
}
