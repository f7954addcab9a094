//! The letters of a name as the dictionary sees them: part keys of any stretch without allocating.
//!
//! In: text after [`fold_width`](crate::japanese::width::fold_width), spaces gone. Out: the part
//! key of any stretch as [`Units`], equal to [`part_key`] of that stretch.

use super::dictionary::Units;
use crate::japanese::kana::{is_kana, kana_key, to_katakana};
use crate::japanese::kanji;

/// Longest text that is divided; longer is no name.
pub const LONGEST: usize = 16;

/// A character above the basic plane that folds to none in it: equal to no key.
const UNKNOWN: u16 = 0xffff;

/// A text of at most [`LONGEST`] characters, ready to be cut.
#[derive(Debug, Clone)]
pub struct Letters {
    len: usize,
    /// Where character i starts in the text; one more for the end.
    starts: [u8; LONGEST + 1],
    plain: [u16; LONGEST],
    linked: [u16; LONGEST],
    kana: [bool; LONGEST],
}

/// Room for a part key.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    units: [u16; LONGEST],
    len: usize,
}

impl Key {
    /// The key as units.
    pub fn units(&self) -> &Units {
        &self.units[..self.len]
    }
}

/// The key of one part: variants folded ([`kanji::fold`]) and hiragana as katakana, so that まり子
/// and マリ子 meet; a part all in kana has its [`kana_key`].
pub fn part_key(part: &str) -> String {
    // Nothing repeated, nothing that links: every character by itself.
    if part.chars().all(|c| matches!(c, '\u{4e00}'..='\u{9fff}') && c != '之') {
        let mut out = String::with_capacity(part.len());
        out.extend(part.chars().map(kanji::fold_char));
        return out;
    }
    if !part.is_empty() && part.chars().all(is_kana) { kana_key(part) } else { to_katakana(&kanji::fold(part)) }
}

/// A part key as units, cut at [`LONGEST`].
pub fn units_of(key: &str) -> Key {
    let mut out = Key { units: [0; LONGEST], len: 0 };
    for c in key.chars().take(LONGEST) {
        out.units[out.len] = u16::try_from(c as u32).unwrap_or(UNKNOWN);
        out.len += 1;
    }
    out
}

impl Letters {
    /// The letters of a text; nothing if it is empty or too long.
    pub fn of(text: &str) -> Option<Letters> {
        let (mut len, mut starts) = (0, [0; LONGEST + 1]);
        let mut chars = ['\0'; LONGEST];
        for (at, c) in text.char_indices() {
            *chars.get_mut(len)? = c;
            starts[len] = u8::try_from(at).ok()?;
            len += 1;
        }
        starts[len] = u8::try_from(text.len()).ok()?;
        let (mut plain, mut linked, mut kana) = ([0; LONGEST], [0; LONGEST], [false; LONGEST]);
        let mut repeated = '\0';
        for (i, &c) in chars[..len].iter().enumerate() {
            let whole = if c == '々' && crate::japanese::kana::is_kanji(repeated) { repeated } else { c };
            repeated = whole;
            chars_into(whole, &mut plain[i]);
            kana[i] = is_kana(c);
        }
        for i in 0..len {
            linked[i] = plain[i];
            if i > 0
                && i + 1 < len
                && is_kanji_unit(&chars, &kana, i - 1)
                && is_kanji_unit(&chars, &kana, i + 1)
                && let Some(head) = kanji::linker_head(chars[i])
            {
                chars_into(head, &mut linked[i]);
            }
        }
        (len > 0).then_some(Letters { len, starts, plain, linked, kana })
    }

    /// How many characters.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Where character `i` starts in the text, in bytes.
    pub fn byte(&self, i: usize) -> usize {
        usize::from(self.starts[i])
    }

    /// Whether every character from `from` to `to` is kana.
    pub fn is_kana(&self, from: usize, to: usize) -> bool {
        self.kana[from..to].iter().all(|&k| k)
    }

    /// Whether character `i` is kana.
    pub fn kana_at(&self, i: usize) -> bool {
        self.kana[i]
    }

    /// The part key of the stretch from `from` to `to`.
    pub fn key(&self, text: &str, from: usize, to: usize) -> Key {
        let mut out = Key { units: [0; LONGEST], len: to - from };
        if self.is_kana(from, to) {
            return units_of(&kana_key(&text[self.byte(from)..self.byte(to)]));
        }
        out.units[..to - from].copy_from_slice(&self.linked[from..to]);
        out.units[0] = self.plain[from];
        out.units[to - from - 1] = self.plain[to - 1];
        out
    }
}

fn is_kanji_unit(chars: &[char], kana: &[bool], i: usize) -> bool {
    !kana[i] && crate::japanese::kana::is_kanji(chars[i])
}

fn chars_into(c: char, unit: &mut u16) {
    let folded = match kanji::fold_char(c) {
        hira @ '\u{3041}'..='\u{3096}' => u32::from(hira) + 0x60,
        other => u32::from(other),
    };
    *unit = u16::try_from(folded).unwrap_or(UNKNOWN);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_stretches_are_part_keys() {
        for text in ["佐々木太郎", "一之瀬さくら", "関ヶ原弘之", "髙橋まり子", "三ッ井ゆうこ", "ヶ々の之が", "代々々木"]
        {
            let letters = Letters::of(text).expect("short");
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
