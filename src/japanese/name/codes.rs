//! Katakana in one byte a letter: what the dictionary stores and readings are folded in.

use crate::japanese::kana::{enlarged, vowel_of};

/// The code of ー.
pub const LONG: u8 = 0x5c;

/// Most letters of a reading.
pub const LONGEST: usize = 24;

/// A folded reading: its codes and how many there are.
pub type Folded = ([u8; LONGEST], u8);

/// A katakana letter as one byte (its code less U+30A0).
pub fn kana_code(c: char) -> Option<u8> {
    match c {
        '\u{30a1}'..='\u{30fe}' => u8::try_from(c as u32 - 0x30a0).ok(),
        _ => None,
    }
}

/// The katakana letter of a [`kana_code`].
pub const fn kana_char(code: u8) -> char {
    match char::from_u32(0x30a0 + code as u32) {
        Some(c) => c,
        None => '\u{30a0}',
    }
}

const fn code_of(c: char) -> u8 {
    let code = c as u32;
    if code > 0x30a0 && code < 0x3100 { (code - 0x30a0) as u8 } else { 0 }
}

/// Small letters as large ones, ヂヅヲヰヱ as ジズオイエ.
static ENLARGED: [u8; 128] = {
    let mut out = [0; 128];
    let mut code = 0;
    while code < 128 {
        out[code as usize] = code_of(enlarged(kana_char(code)));
        code += 1;
    }
    out
};

/// The vowel a letter ends in; 0 for none.
static VOWEL: [u8; 128] = {
    let mut out = [0; 128];
    let mut code = 0;
    while code < 128 {
        out[code as usize] = code_of(vowel_of(kana_char(code)));
        code += 1;
    }
    out
};

/// The code with small letters as large ones.
pub fn large(code: u8) -> u8 {
    ENLARGED[usize::from(code & 0x7f)]
}

/// Codes folded as [`kana_key`](crate::japanese::kana::kana_key) folds: small letters enlarged, long
/// vowels as ー. Nothing for more than 24.
pub fn fold(kana: &[u8]) -> Option<Folded> {
    let (mut out, mut len, mut vowel) = ([0; LONGEST], 0u8, 0);
    for &code in kana {
        let code = large(code);
        let code = match (vowel, code) {
            (0, LONG) => continue,
            (_, LONG) => LONG,
            // ア ア, イ イ, ウ ウ, エ エ, エ イ, オ オ, オ ウ are long.
            (0x02, 0x02) | (0x04, 0x04) | (0x06, 0x06) | (0x08, 0x08 | 0x04) | (0x0a, 0x0a | 0x06) => LONG,
            (_, code) => {
                vowel = VOWEL[usize::from(code & 0x7f)];
                code
            }
        };
        *out.get_mut(usize::from(len))? = code;
        len += 1;
    }
    Some((out, len))
}

/// Spells folded codes as they are most often written, where no list tells how: ー is ウ behind オ and
/// ウ (but オー is オオ) and イ behind エ; ヤ, ユ and ヨ are small in ショウ, リュウ, ジュン.
pub fn spelled(kana: &mut [u8]) {
    let (mut vowel, mut before) = (0, 0);
    for i in 0..kana.len() {
        let code = kana[i];
        let next = kana.get(i + 1).copied();
        if code == LONG {
            kana[i] = match (vowel, before) {
                (0x0a, 0x0a) => 0x0a,
                (0x0a | 0x06, _) => 0x06,
                (0x08, _) => 0x04,
                _ => LONG,
            };
        } else if let 'ヤ' | 'ユ' | 'ヨ' = kana_char(code) {
            let small = match kana_char(before) {
                'ジ' => true,
                'シ' => kana_char(code) == 'ユ' || next == Some(LONG),
                'キ' | 'ギ' | 'チ' | 'ニ' | 'ヒ' | 'ビ' | 'ピ' | 'リ' => next == Some(LONG),
                _ => false,
            };
            kana[i] -= u8::from(small);
            vowel = VOWEL[usize::from(code & 0x7f)];
        } else {
            vowel = VOWEL[usize::from(code & 0x7f)];
        }
        before = code;
    }
}

/// The text of codes.
pub fn text(codes: &[u8]) -> String {
    let mut out = String::with_capacity(3 * codes.len());
    out.extend(codes.iter().map(|&c| kana_char(c)));
    out
}

/// The codes of a text; what is no katakana is left out.
pub fn codes(text: &str) -> Vec<u8> {
    text.chars().filter_map(kana_code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::japanese::kana::kana_key;

    #[test]
    fn folds_like_kana_key() {
        for kana in [
            "ユウイチロウ",
            "オオノ",
            "ケイイチ",
            "アア",
            "ーア",
            "コオウ",
            "トモオ",
            "シュンスケ",
            "ハットリ",
            "ミツヅカ",
        ] {
            let (folded, len) = fold(&codes(kana)).expect("short");
            assert_eq!(text(&folded[..usize::from(len)]), kana_key(kana));
        }
    }

    #[test]
    fn spells_keys() {
        for kana in [
            "ユウイチロウ",
            "オオノ",
            "ケイイチ",
            "ショウコ",
            "ジュンイチ",
            "シュンスケ",
            "キヨシ",
            "ミユキ",
            "リョウ",
            "タロウ",
        ] {
            let mut key = codes(&kana_key(kana));
            spelled(&mut key);
            assert_eq!(text(&key), kana);
        }
    }
}
