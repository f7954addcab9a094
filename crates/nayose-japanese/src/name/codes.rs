//! Katakana as codes of one byte.
//!
//! In: katakana text, or codes as the dictionary stores them. Out: the codes folded to a kana key, and text again. Why
//! codes: comparing the readings of a name is the inner loop of this module, and a byte array on the stack needs no
//! allocation.

use crate::kana::{enlarged, vowel_of};

/// The code of the long-vowel mark ー.
pub(super) const LONG_VOWEL: u8 = 0x5c;

/// The most kana of a reading. Listed ones have up to 10; the margin for composed ones is a judgement.
pub(super) const MAX_KANA: usize = 24;

/// A folded reading: its codes and their number.
pub(super) type Folded = ([u8; MAX_KANA], u8);

/// The code of a katakana letter: its code point minus U+30A0.
pub(super) fn kana_code(c: char) -> Option<u8> {
    match c {
        '\u{30a1}'..='\u{30fe}' => u8::try_from(c as u32 - 0x30a0).ok(),
        _ => None,
    }
}

/// The katakana letter of a [`kana_code`].
pub(super) const fn kana_char(code: u8) -> char {
    match char::from_u32(0x30a0 + code as u32) {
        Some(c) => c,
        None => '\u{30a0}',
    }
}

const fn code_of(c: char) -> u8 {
    let code = c as u32;
    if code > 0x30a0 && code < 0x3100 { (code - 0x30a0) as u8 } else { 0 }
}

/// By code: small letters as large ones, ヂヅヲヰヱ as ジズオイエ.
static ENLARGED: [u8; 128] = {
    let mut out = [0; 128];
    let mut code = 0;
    while code < 128 {
        out[code as usize] = code_of(enlarged(kana_char(code)));
        code += 1;
    }
    out
};

/// By code: the code of the vowel that a letter ends in; 0 for none.
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
pub(super) fn enlarged_code(code: u8) -> u8 {
    ENLARGED[usize::from(code & 0x7f)]
}

/// Codes folded as [`kana_key`](crate::kana::kana_key) folds text: small letters enlarged, long vowels as ー. `None`
/// above [`MAX_KANA`] codes.
pub(super) fn fold(kana: &[u8]) -> Option<Folded> {
    let (mut out, mut len) = ([0; MAX_KANA], 0u8);
    fold_each(kana, |code| {
        *out.get_mut(usize::from(len))? = code;
        len += 1;
        Some(())
    })?;
    Some((out, len))
}

/// Calls `each` with every code of [`fold`]; `None` as soon as it says so.
#[inline]
pub(super) fn fold_each(kana: &[u8], mut each: impl FnMut(u8) -> Option<()>) -> Option<()> {
    let mut vowel = 0;
    for &code in kana {
        let code = enlarged_code(code);
        let code = match (vowel, code) {
            (0, LONG_VOWEL) => continue,
            (_, LONG_VOWEL) => LONG_VOWEL,
            // ア ア, イ イ, ウ ウ, エ エ, エ イ, オ オ, オ ウ are long.
            (0x02, 0x02) | (0x04, 0x04) | (0x06, 0x06) | (0x08, 0x08 | 0x04) | (0x0a, 0x0a | 0x06) => LONG_VOWEL,
            (_, code) => {
                vowel = VOWEL[usize::from(code & 0x7f)];
                code
            }
        };
        each(code)?;
    }
    Some(())
}

/// Replaces folded codes by their most usual spelling, for readings whose spelling no list has: ー is ウ after オ and
/// ウ (but オー is オオ) and イ after エ; ヤ, ユ and ヨ are small in ショウ, リュウ, ジュン.
pub(super) fn spell(kana: &mut [u8]) {
    let (mut vowel, mut before) = (0, 0);
    for i in 0..kana.len() {
        let code = kana[i];
        let next = kana.get(i + 1).copied();
        if code == LONG_VOWEL {
            kana[i] = match (vowel, before) {
                (0x0a, 0x0a) => 0x0a,
                (0x0a | 0x06, _) => 0x06,
                (0x08, _) => 0x04,
                _ => LONG_VOWEL,
            };
        } else if let 'ヤ' | 'ユ' | 'ヨ' = kana_char(code) {
            let small = match kana_char(before) {
                'ジ' => true,
                'シ' => kana_char(code) == 'ユ' || next == Some(LONG_VOWEL),
                'キ' | 'ギ' | 'チ' | 'ニ' | 'ヒ' | 'ビ' | 'ピ' | 'リ' => next == Some(LONG_VOWEL),
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

/// The katakana text of codes.
pub(super) fn kana_text(codes: &[u8]) -> String {
    let mut out = String::with_capacity(3 * codes.len());
    out.extend(codes.iter().map(|&c| kana_char(c)));
    out
}

/// The codes of a text; characters other than katakana are left out.
pub(super) fn kana_codes(text: &str) -> Vec<u8> {
    text.chars().filter_map(kana_code).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kana::kana_key;

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
            let (folded, len) = fold(&kana_codes(kana)).expect("short");
            assert_eq!(kana_text(&folded[..usize::from(len)]), kana_key(kana));
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
            "ショウタロウ",
            "タロウ",
        ] {
            let mut key = kana_codes(&kana_key(kana));
            spell(&mut key);
            assert_eq!(kana_text(&key), kana);
        }
    }
}
