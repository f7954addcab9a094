//! Kana: the script of a character, hiragana to katakana, and a key for readings.
//!
//! In: text after [`fold_width`]; [`kana_key`] takes any text. Out: katakana, or a key that is equal for two spellings
//! of one reading (おおの, オーノ, ｵｵﾉ). Why a key: long vowels, small kana and voicing marks are written differently
//! by every system.

use crate::width::fold_width;
use std::borrow::Cow;
use unicode_normalization::char::is_combining_mark;

/// Hiragana, katakana, the long-vowel mark ー and the kana iteration marks ゝゞヽヾ.
pub fn is_kana(c: char) -> bool {
    matches!(c, '\u{3041}'..='\u{3096}' | 'ゝ' | 'ゞ' | '\u{30a1}'..='\u{30fa}' | 'ー' | 'ヽ' | 'ヾ')
}

/// A katakana letter, ー or katakana iteration mark.
fn is_katakana(c: char) -> bool {
    matches!(c, '\u{30a1}'..='\u{30fa}' | 'ー' | 'ヽ' | 'ヾ')
}

/// A CJK ideograph of any plane, 々 (repeats one), 〆 (read as one: 〆木), 〇, and 仝. ヶ and ヵ are used in kanji
/// place and family names (三ヶ島) but are katakana by code point: they count as kana, and
/// [`kanji::folded_linker`](crate::kanji::folded_linker) treats them between kanji.
pub(crate) fn is_kanji(c: char) -> bool {
    matches!(c,
        '\u{4e00}'..='\u{9fff}' | '\u{3400}'..='\u{4dbf}' | '\u{f900}'..='\u{faff}'
        | '々' | '〆' | '〇' | '\u{20000}'..='\u{323af}' | '\u{2e80}'..='\u{2fdf}')
}

/// Every hiragana letter as katakana; the rest as it is.
pub fn to_katakana(s: &str) -> String {
    s.chars().map(katakana).collect()
}

/// A reading in katakana as it was meant: a hyphen, a wave or the kanji 一 after a kana with a vowel is ー. In: text after
/// [`fold_width`]. Only for fields that hold kana: in a name with kanji, ケン一 has a kanji.
pub fn to_reading(s: &str) -> String {
    let mut out = String::with_capacity(s.len());
    for c in s.chars().map(katakana) {
        let before = out.chars().next_back().unwrap_or('\0');
        let long = is_long_mark(c) && (before == 'ー' || vowel_of(before) != '\0');
        out.push(if long { 'ー' } else { c });
    }
    out
}

/// What people and scanners write for ー.
pub(crate) fn is_long_mark(c: char) -> bool {
    matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '~' | '一')
}

/// The key of a reading: equal for two spellings of it.
///
/// Katakana; small kana enlarged (キョ → キヨ, ッ → ツ); a long vowel as ー (オオ, オウ and オー; エイ, エエ and エー;
/// ユウ and ユー), so that 大野 オオノ differs from 小野 オノ; ヂ → ジ, ヅ → ズ, ヲ → オ, ヰ → イ, ヱ → エ, ヴ → ブ;
/// iteration marks expanded; a hyphen or 一 after kana is ー; spaces, middle dots and other punctuation removed. Latin
/// letters are upper-cased, other characters kept. The key of a key is itself.
pub fn kana_key(s: &str) -> String {
    let folded = fold_width(s);
    let mut out = String::with_capacity(folded.len());
    let mut last = '\0';
    let mut vowel = '\0';
    let mut chars = folded.chars().map(katakana).peekable();
    while let Some(c) = chars.next() {
        let c = match c {
            'ヽ' if is_katakana(last) && last != 'ー' => unvoiced(last),
            'ヾ' if is_katakana(last) && last != 'ー' => match voiced(unvoiced(last)) {
                'ヴ' => 'ブ',
                other => enlarged(other),
            },
            'ヽ' | 'ヾ' => continue,
            '一' if vowel == '\0' => c,
            c if is_katakana(last) && is_long_mark(c) => 'ー',
            // ヴァ, ヴィ, ヴェ, ヴォ are the バ row.
            'ヴ' => match chars.peek() {
                Some('ァ') => replace_next(&mut chars, 'バ'),
                Some('ィ') => replace_next(&mut chars, 'ビ'),
                Some('ェ') => replace_next(&mut chars, 'ベ'),
                Some('ォ') => replace_next(&mut chars, 'ボ'),
                _ => 'ブ',
            },
            other => enlarged(other),
        };
        if c == 'ー' {
            if vowel != '\0' {
                out.push('ー');
                last = 'ー';
            }
            continue;
        }
        if is_katakana(c) {
            let long = matches!(
                (vowel, c),
                ('ア', 'ア') | ('イ', 'イ') | ('ウ', 'ウ') | ('エ', 'エ' | 'イ') | ('オ', 'オ' | 'ウ')
            );
            if long {
                out.push('ー');
                last = 'ー';
                continue;
            }
            vowel = vowel_of(c);
            last = c;
            out.push(c);
        } else if c.is_alphanumeric() && !is_combining_mark(c) {
            vowel = '\0';
            last = c;
            out.extend(c.to_uppercase().filter(|u| u.is_alphanumeric()));
        }
    }
    // Two characters that compose may have become neighbours (old Hangul).
    match fold_width(&out) {
        Cow::Owned(composed) if composed != out => kana_key(&composed),
        _ => out,
    }
}

/// The vowel (as ア イ ウ エ オ) that a katakana letter ends in; NUL for ン, ッ, ー and the rest.
pub(crate) const fn vowel_of(c: char) -> char {
    match c {
        'ア' | 'ァ' | 'カ' | 'ガ' | 'サ' | 'ザ' | 'タ' | 'ダ' | 'ナ' | 'ハ' | 'バ' | 'パ' | 'マ' | 'ヤ' | 'ャ'
        | 'ラ' | 'ワ' | 'ヮ' | 'ヵ' | 'ヷ' => 'ア',
        'イ' | 'ィ' | 'キ' | 'ギ' | 'シ' | 'ジ' | 'チ' | 'ヂ' | 'ニ' | 'ヒ' | 'ビ' | 'ピ' | 'ミ' | 'リ' | 'ヰ'
        | 'ヸ' => 'イ',
        'ウ' | 'ゥ' | 'ク' | 'グ' | 'ス' | 'ズ' | 'ツ' | 'ヅ' | 'ヌ' | 'フ' | 'ブ' | 'プ' | 'ム' | 'ユ' | 'ュ'
        | 'ル' | 'ヴ' => 'ウ',
        'エ' | 'ェ' | 'ケ' | 'ゲ' | 'セ' | 'ゼ' | 'テ' | 'デ' | 'ネ' | 'ヘ' | 'ベ' | 'ペ' | 'メ' | 'レ' | 'ヱ'
        | 'ヶ' | 'ヹ' => 'エ',
        'オ' | 'ォ' | 'コ' | 'ゴ' | 'ソ' | 'ゾ' | 'ト' | 'ド' | 'ノ' | 'ホ' | 'ボ' | 'ポ' | 'モ' | 'ヨ' | 'ョ'
        | 'ロ' | 'ヲ' | 'ヺ' => 'オ',
        _ => '\0',
    }
}

/// The voiced (dakuten) letter of a katakana letter, or the letter itself.
fn voiced(c: char) -> char {
    match c {
        'カ' | 'キ' | 'ク' | 'ケ' | 'コ' | 'サ' | 'シ' | 'ス' | 'セ' | 'ソ' | 'タ' | 'チ' | 'ツ' | 'テ' | 'ト'
        | 'ハ' | 'ヒ' | 'フ' | 'ヘ' | 'ホ' => shift(c, 1),
        'ウ' => 'ヴ',
        other => other,
    }
}

/// The letter without dakuten or handakuten.
fn unvoiced(c: char) -> char {
    match c {
        'ガ' | 'ギ' | 'グ' | 'ゲ' | 'ゴ' | 'ザ' | 'ジ' | 'ズ' | 'ゼ' | 'ゾ' | 'ダ' | 'ヂ' | 'ヅ' | 'デ' | 'ド'
        | 'バ' | 'ビ' | 'ブ' | 'ベ' | 'ボ' => shift(c, -1),
        'パ' | 'ピ' | 'プ' | 'ペ' | 'ポ' => shift(c, -2),
        'ヴ' => 'ウ',
        other => other,
    }
}

/// The katakana letter of a hiragana letter; any other character as it is.
pub(crate) fn katakana(c: char) -> char {
    match c {
        '\u{3041}'..='\u{3096}' | 'ゝ' | 'ゞ' => shift(c, 0x60),
        other => other,
    }
}

/// The letter with small kana enlarged and ヂ, ヅ, ヲ, ヰ, ヱ as ジ, ズ, オ, イ, エ (katakana in).
pub(crate) const fn enlarged(c: char) -> char {
    match c {
        'ァ' | 'ィ' | 'ゥ' | 'ェ' | 'ォ' | 'ッ' | 'ャ' | 'ュ' | 'ョ' | 'ヮ' => shift(c, 1),
        'ヵ' => 'カ',
        'ヶ' => 'ケ',
        'ヂ' => 'ジ',
        'ヅ' => 'ズ',
        'ヲ' | 'ヺ' => 'オ',
        'ヰ' | 'ヸ' => 'イ',
        'ヱ' | 'ヹ' => 'エ',
        'ヷ' => 'ワ',
        other => other,
    }
}

/// Skips the next character in favour of `c`.
fn replace_next(chars: &mut impl Iterator<Item = char>, c: char) -> char {
    chars.next();
    c
}

/// The character `by` code points further.
const fn shift(c: char, by: i32) -> char {
    match char::from_u32((c as u32).wrapping_add_signed(by)) {
        Some(shifted) => shifted,
        None => c,
    }
}

#[cfg(test)]
mod tests {
    use super::kana_key;

    #[test]
    fn keys() {
        for same in [
            &["おおの", "オオノ", "オーノ", "オウノ", "ｵｵﾉ", "オ-ノ"][..],
            &["キョウコ", "キヨウコ", "きょーこ", "キヨオコ"],
            &["けいこ", "ケーコ", "ケエコ"],
            &["みつづか", "ミツズカ", "ミツヅカ"],
            &["ささき", "サヽキ", "さゝき"],
            &["みすゞ", "ミスズ"],
            &["ヴィオラ", "ビオラ"],
        ] {
            for one in same {
                assert_eq!(kana_key(one), kana_key(same[0]), "{one}");
                assert_eq!(kana_key(&kana_key(one)), kana_key(one), "{one}");
            }
        }
        assert_ne!(kana_key("オオノ"), kana_key("オノ"));
        assert_ne!(kana_key("ユウキ"), kana_key("ユキ"));
    }
}
