//! Width folding: one encoding for text that looks the same.
//!
//! In: text as a channel sent it. Out: NFKC, with half-width kana composed with their (han)dakuten even if the mark is
//! a character of its own (゛ ゜ ﾞ ﾟ or combining), without variation selectors, zero-width characters and controls,
//! with every run of white space (U+3000 too) as one ASCII space, trimmed, and with the radicals that PDF readers give for
//! kanji (⻑ ⻄) as those kanji, and both waves (〜 ～) as ~. Folding twice equals folding once.
//!
//! Why first: every other module reads text that has been folded.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::compose;

/// The kanji of each character of the block CJK Radicals Supplement from U+2E80 on. NFKC knows two of them, as they are
/// characters of their own; a PDF's text has them where the page shows a kanji. Source: the property
/// Equivalent_Unified_Ideograph of Unicode 14 (Unicode licence).
const RADICALS: &str = concat!(
    "⺀厂乛乚乙亻冂𠘨刀刂卜㔾小小兀尣尢𡯂巳幺彑彐忄心扌攵⺚旡日月歺母民氵氺灬爫爫丬牛",
    "犭王𤴔目示礻𥫗糹纟罓罒㓁冗𦉫羊𦍌𦍋耂肀聿肉𦥑艹艹艹虎衤覀西见角𧢲讠贝𧾷车辶辶辶邑",
    "钅長镸长门𨸏阝雨青韦页风飞食𩙿飠饣𩠐马骨鬼鱼鸟卤麦黄黾斉齐歯齿竜龙龜亀龟",
);

/// Passes after the first. One is rare, and more have not been seen; the bound is a judgement.
const MAX_PASSES: usize = 4;

/// `s` folded; borrowed if nothing changes, as for most text.
pub fn fold_width(s: &str) -> Cow<'_, str> {
    if is_folded(s) {
        return Cow::Borrowed(s);
    }
    let mut out = frequent(s).unwrap_or_else(|| pass(s));
    // Removing a character can make two neighbours that compose.
    for _ in 0..MAX_PASSES {
        if is_folded(&out) {
            break;
        }
        let next = pass(&out);
        if next == out {
            break;
        }
        out = next;
    }
    Cow::Owned(out)
}

/// Whether `c` is invisible: controls, zero-width, variation selectors, tags, BOM.
fn is_invisible(c: char) -> bool {
    match c {
        '\t' | '\n' | '\r' | '\u{b}' | '\u{c}' | '\u{85}' => false,
        '\0'..='\u{1f}' | '\u{7f}'..='\u{9f}' => true,
        '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}' => true,
        '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' => true,
        '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' => true,
        '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}' => true,
        '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}' => true,
        _ => false,
    }
}

/// Whether folding certainly changes nothing: ASCII, kana, kanji and frequent punctuation, single spaces inside only.
fn is_folded(s: &str) -> bool {
    let mut space = true;
    for c in s.chars() {
        match c {
            ' ' if space => return false,
            ' ' => space = true,
            '!'..='~'
            | '\u{3041}'..='\u{3096}'
            | '\u{309d}'
            | '\u{309e}'
            | '\u{30a1}'..='\u{30fe}'
            | '\u{3400}'..='\u{4dbf}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{3001}'..='\u{3003}'
            | '\u{3005}'..='\u{3007}'
            | '\u{300c}'..='\u{3011}'
            | '\u{20000}'..='\u{2a6df}'
            | '\u{2212}'
            | '\u{2010}'
            | '\u{2013}'..='\u{2015}' => space = false,
            _ => return false,
        }
    }
    !space || s.is_empty()
}

/// What [`pass`] gives for text of the characters that names and addresses are written in, in half and full width; `None` for any
/// other. Several times faster than Unicode normalisation.
fn frequent(s: &str) -> Option<String> {
    let mut out = String::with_capacity(s.len());
    let mut space = false;
    // The character before, with which a voicing mark may compose.
    let mut before = None;
    for c in s.chars() {
        let c = match c {
            ' ' | '\u{3000}' => {
                (space, before) = (true, None);
                continue;
            }
            '\u{ff9e}' | '\u{ff9f}' => {
                let mark = if c == '\u{ff9e}' { '\u{3099}' } else { '\u{309a}' };
                before = before.and_then(|before| compose(before, mark));
                if let Some(voiced) = before {
                    out.pop();
                    out.push(voiced);
                }
                continue;
            }
            '!'..='~'
            | '\u{3041}'..='\u{3096}'
            | '\u{309d}'
            | '\u{309e}'
            | '\u{30a1}'..='\u{30fe}'
            | '\u{4e00}'..='\u{9fff}'
            | '\u{3001}'..='\u{3003}'
            | '\u{3005}'..='\u{3007}'
            | '\u{300c}'..='\u{3011}' => c,
            '\u{ff01}'..='\u{ff5e}' => char::from_u32(c as u32 - 0xfee0)?,
            '\u{ff61}'..='\u{ff9d}' => half_width(c)?,
            _ => return None,
        };
        if space && !out.is_empty() {
            out.push(' ');
        }
        (space, before) = (false, Some(c));
        out.push(c);
    }
    Some(out)
}

/// The characters of half width from U+FF61 on, as NFKC has them, without the two voicing marks at their end.
const HALF_WIDTH: &str = "。「」、・ヲァィゥェォャュョッーアイウエオカキクケコサシスセソタチツテトナニヌネノハヒフヘホマミムメモヤユヨラリルレロワン";

/// The full-width character of one of half width from U+FF61 on.
fn half_width(c: char) -> Option<char> {
    // Each has three bytes.
    let at = 3 * (c as usize).checked_sub(0xff61)?;
    HALF_WIDTH.get(at..at + 3)?.chars().next()
}

fn pass(s: &str) -> String {
    let marks = s.chars().filter(|&c| !is_invisible(c)).map(|c| match c {
        '\u{309b}' | '\u{ff9e}' => '\u{3099}',
        '\u{309c}' | '\u{ff9f}' => '\u{309a}',
        // The repetition mark of vertical writing.
        '\u{303b}' => '々',
        // The wave 〜. Shift_JIS has one code for it and for ～ (0x8160): JIS tables read U+301C, Microsoft's U+FF5E, which
        // NFKC makes ~.
        '\u{301c}' => '~',
        '\u{2e80}'..='\u{2ef3}' => RADICALS.chars().nth(c as usize - 0x2e80).unwrap_or(c),
        other => other,
    });
    let mut out = String::with_capacity(s.len());
    let mut space = false;
    for c in marks.nfkc() {
        if c.is_whitespace() {
            space = true;
        } else if c == '\u{3099}' || c == '\u{309a}' || is_invisible(c) {
            // A voicing mark that composed with nothing.
        } else {
            if space && !out.is_empty() {
                out.push(' ');
            }
            space = false;
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn frequent_text_is_folded_as_any_other(
            text in "[ -~！-～　ｦ-ﾟ｡-･ぁ-ゖゝゞァ-ヾ一-龠々〆]{0,16}|[カかハﾊｶｳウワゝヽaａﾞﾟ 　ﾞﾟﾞ]{0,9}",
        ) {
            prop_assert_eq!(frequent(&text), Some(pass(&text)));
        }
    }

    #[test]
    fn folds() {
        for (from, to) in [
            ("", ""),
            ("山田 太郎", "山田 太郎"),
            ("　山田　　太郎　", "山田 太郎"),
            ("ﾔﾏﾀﾞ ﾀﾛｳ", "ヤマダ タロウ"),
            ("ヤマタ゛タロウ", "ヤマダタロウ"),
            ("は\u{3099}は\u{309a}", "ばぱ"),
            ("あ゛", "あ"),
            ("葛\u{e0100}城", "葛城"),
            ("\u{feff}Ｔａｒｏ\u{200b}", "Taro"),
            ("ﾊﾟﾋﾟｰ", "パピー"),
            ("神", "神"),
            ("\t山田\r\n", "山田"),
            ("⻑⾕川 ⻘⽊ ⻄村", "長谷川 青木 西村"),
            ("佐〻木", "佐々木"),
            ("1〜3", "1~3"),
            ("1～3", "1~3"),
        ] {
            assert_eq!(fold_width(from), to, "{from:?}");
        }
    }
}
