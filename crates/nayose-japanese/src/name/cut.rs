//! Names that a card system cut.
//!
//! In: a name in kana. Out: whether it ends where such a system ends, and the key of what one keeps of a longer name. Why: card and
//! payment systems hold a name in [`CELLS`] half-width characters, and what is beyond is gone. The rest of a given name is then not
//! known, rather than another than that of the whole name.

use super::dictionary::Part;
use super::kana_names::kana_names;
use super::letters::key_units;
use super::{Name, Problem, foreign, readings};
use crate::kana::{is_kana, kana_key, to_katakana};
use crate::romaji::is_latin;
use crate::width::fold_width;
use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The half-width characters of a name on cards, as reports of the field have it. A dakuten is one of its own.
const CELLS: usize = 20;
/// The fewest bytes of a text with so many: every kana with its dakuten, in full width.
const LEAST_BYTES: usize = CELLS / 2 * 3;

/// A name in katakana as half-width characters, each as its full-width one; `None` if it is too short to be cut or not all kana.
fn cells(text: &str) -> Option<Vec<char>> {
    if text.len() < LEAST_BYTES || text.starts_with(|c: char| ('\u{4e00}'..='\u{9fff}').contains(&c)) {
        return None;
    }
    let folded = fold_width(text);
    let kana = folded.chars().all(|c| is_kana(c) || matches!(c, ' ' | '・' | '.' | '-'));
    kana.then(|| to_katakana(&folded).nfd().collect())
}

/// The kana key of what a card system keeps of a name that fills its field: equal for the name cut and the whole one. `None` where a
/// name is shorter.
pub fn cut_key(text: &str) -> Option<String> {
    let cells = cells(text).filter(|cells| cells.len() >= CELLS)?;
    Some(kana_key(&cells[..CELLS].iter().collect::<String>()))
}

/// Marks a name in one field whose kana fills the field of a card system and ends in no known given name.
pub(super) fn mark(mut name: Name, text: &str, kana: Option<&str>) -> Name {
    let Some(given) = name.given_kana.as_deref().filter(|_| name.problem.is_none()) else { return name };
    let written_in_kana = name.given.chars().all(is_kana);
    let Some(written) = (if written_in_kana { Some(text) } else { kana }) else { return name };
    if written.len() < LEAST_BYTES || cells(written).is_none_or(|cells| cells.len() != CELLS) {
        return name;
    }
    let folded = fold_width(written);
    // People write hiragana, these systems do not.
    if folded.contains(|c: char| ('\u{3041}'..='\u{3096}').contains(&c)) {
        return name;
    }
    let last = folded.rsplit([' ', '・']).next().unwrap_or_default();
    let whole = kana_names().is_listed(Part::Given, &kana_key(given)) || foreign::is_listed(last);
    if whole || !given.ends_with(last) && !last.ends_with(given) {
        return name;
    }
    if written_in_kana {
        name.problem = Some(Problem::Cut);
        return name;
    }
    // The name is whole beside it, and its own readings say more.
    name.given_kana = None;
    name.given_readings = match is_latin(&name.given) {
        true => Cow::Borrowed(&[]),
        false => readings::readings(Part::Given, key_units(&name.given_key).units()),
    };
    name
}
