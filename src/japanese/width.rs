//! Width and encoding noise: any text in, one written form out.
//!
//! What goes in: text as a channel sent it. What comes out: NFKC, with half-width kana composed
//! with their (han)dakuten even when the mark stands apart (゛ ゜ ﾞ ﾟ or combining), without
//! variation selectors, zero-width characters and controls, and with every run of white space
//! (U+3000 too) as one ASCII space, trimmed. Doing it twice equals doing it once.
//!
//! Why first: every other module of `japanese` reads text that has been through here.

use std::borrow::Cow;
use unicode_normalization::UnicodeNormalization;

/// The one written form of `s`; borrowed when `s` already has it, which most text has.
pub fn fold_width(s: &str) -> Cow<'_, str> {
    if is_folded(s) {
        return Cow::Borrowed(s);
    }
    let mut out = pass(s);
    // Removing one character can bring two together that compose; rare, and it ends at once.
    for _ in 0..4 {
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

/// Whether `c` carries nothing a reader sees: controls, zero-width, variation selectors, tags, BOM.
pub fn is_invisible(c: char) -> bool {
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

/// Text that needs nothing: ASCII, kana, kanji and the usual marks, single spaces inside only.
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

fn pass(s: &str) -> String {
    let marks = s.chars().filter(|&c| !is_invisible(c)).map(|c| match c {
        '\u{309b}' | '\u{ff9e}' => '\u{3099}',
        '\u{309c}' | '\u{ff9f}' => '\u{309a}',
        other => other,
    });
    let mut out = String::with_capacity(s.len());
    let mut space = false;
    for c in marks.nfkc() {
        if c.is_whitespace() {
            space = true;
        } else if c == '\u{3099}' || c == '\u{309a}' || is_invisible(c) {
            // A voicing mark that nothing could take.
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
    use super::fold_width;

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
        ] {
            assert_eq!(fold_width(from), to, "{from:?}");
        }
    }
}
