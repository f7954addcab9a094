//! The characters of a name as the dictionary stores them.
//!
//! In: text after [`fold_width`](crate::width::fold_width), without spaces. Out: the part key of any substring as
//! [`Units`], equal to [`part_key`] of that substring. Why not `part_key` itself: division looks up every prefix and
//! suffix of a name, and this does so without allocating.

use super::dictionary::Units;
use crate::kana::{is_kana, is_kanji, kana_key, to_katakana};
use crate::kanji;

/// The most characters that are divided; a longer text is no name. The longest listed family name and given name have 8
/// each.
pub(super) const MAX_CHARS: usize = 16;

/// A character above the basic plane that folds to none in it. U+FFFF is no character, so it equals no key.
const UNKNOWN: u16 = 0xffff;

/// A text of at most [`MAX_CHARS`] characters, prepared for division.
#[derive(Debug, Clone)]
pub(super) struct Letters {
    len: usize,
    /// Where character i starts in the text, in bytes; one more for the end.
    starts: [u8; MAX_CHARS + 1],
    /// Every character folded by itself.
    plain: [u16; MAX_CHARS],
    /// The same with characters that link two kanji folded (ノ of 一ノ瀬).
    linked: [u16; MAX_CHARS],
    kana: [bool; MAX_CHARS],
}

/// A part key on the stack.
#[derive(Debug, Clone, Copy)]
pub(super) struct Key {
    units: [u16; MAX_CHARS],
    len: usize,
}

impl Key {
    /// The key as units.
    pub(super) fn units(&self) -> &Units {
        &self.units[..self.len]
    }
}

/// The key of one part of a name: kanji variants folded and hiragana as katakana, so that まり子 and マリ子 have one
/// key; a part all in kana has its [`kana_key`].
pub fn part_key(part: &str) -> String {
    // No repetition mark and no linking character: every character folds by itself.
    if part.chars().all(|c| matches!(c, '\u{4e00}'..='\u{9fff}') && c != '之') {
        let mut out = String::with_capacity(part.len());
        out.extend(part.chars().map(kanji::fold_char));
        return out;
    }
    if !part.is_empty() && part.chars().all(is_kana) { kana_key(part) } else { to_katakana(&kanji::fold(part)) }
}

/// A part key as units, cut at [`MAX_CHARS`].
pub(super) fn key_units(key: &str) -> Key {
    let mut out = Key { units: [0; MAX_CHARS], len: 0 };
    for c in key.chars().take(MAX_CHARS) {
        out.units[out.len] = u16::try_from(c as u32).unwrap_or(UNKNOWN);
        out.len += 1;
    }
    out
}

impl Letters {
    /// The characters of a text; `None` if it is empty or too long.
    pub(super) fn new(text: &str) -> Option<Letters> {
        let (mut len, mut starts) = (0, [0; MAX_CHARS + 1]);
        let mut chars = ['\0'; MAX_CHARS];
        for (start, c) in text.char_indices() {
            *chars.get_mut(len)? = c;
            starts[len] = u8::try_from(start).ok()?;
            len += 1;
        }
        starts[len] = u8::try_from(text.len()).ok()?;
        let (mut plain, mut linked, mut kana) = ([0; MAX_CHARS], [0; MAX_CHARS], [false; MAX_CHARS]);
        let mut repeated = '\0';
        for (i, &c) in chars[..len].iter().enumerate() {
            let whole = if c == '々' && is_kanji(repeated) { repeated } else { c };
            repeated = whole;
            plain[i] = folded_unit(whole);
            kana[i] = is_kana(c);
        }
        let kanji_not_kana = |i: usize| !kana[i] && is_kanji(chars[i]);
        for i in 0..len {
            linked[i] = plain[i];
            if i > 0
                && i + 1 < len
                && kanji_not_kana(i - 1)
                && kanji_not_kana(i + 1)
                && let Some(folded) = kanji::folded_linker(chars[i])
            {
                linked[i] = folded_unit(folded);
            }
        }
        (len > 0).then_some(Letters { len, starts, plain, linked, kana })
    }

    /// How many characters.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// Where character `i` starts in the text, in bytes.
    pub(super) fn byte(&self, i: usize) -> usize {
        usize::from(self.starts[i])
    }

    /// Whether every character from `from` to `to` is kana.
    pub(super) fn all_kana(&self, from: usize, to: usize) -> bool {
        self.kana[from..to].iter().all(|&k| k)
    }

    /// Whether character `i` is kana.
    pub(super) fn is_kana(&self, i: usize) -> bool {
        self.kana[i]
    }

    /// The part key of the characters from `from` to `to`.
    pub(super) fn key(&self, text: &str, from: usize, to: usize) -> Key {
        let mut out = Key { units: [0; MAX_CHARS], len: to - from };
        if self.all_kana(from, to) {
            return key_units(&kana_key(&text[self.byte(from)..self.byte(to)]));
        }
        out.units[..to - from].copy_from_slice(&self.linked[from..to]);
        // At the ends of a part nothing links two kanji.
        out.units[0] = self.plain[from];
        out.units[to - from - 1] = self.plain[to - 1];
        out
    }
}

/// A character folded, hiragana as katakana.
fn folded_unit(c: char) -> u16 {
    let folded = match kanji::fold_char(c) {
        hiragana @ '\u{3041}'..='\u{3096}' => u32::from(hiragana) + 0x60,
        other => u32::from(other),
    };
    u16::try_from(folded).unwrap_or(UNKNOWN)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_substrings_are_part_keys() {
        for text in ["佐々木太郎", "一之瀬さくら", "関ヶ原弘之", "髙橋まり子", "三ッ井ゆうこ", "ヶ々の之が", "代々々木"]
        {
            let letters = Letters::new(text).expect("short");
            for from in 0..letters.len() {
                for to in from + 1..=letters.len() {
                    let part = &text[letters.byte(from)..letters.byte(to)];
                    if part.starts_with('々') {
                        continue;
                    }
                    let key = String::from_utf16_lossy(letters.key(text, from, to).units());
                    assert_eq!(key, part_key(part), "{part}");
                }
            }
        }
    }
}
