//! One number of a lot, with its letters and its unit.
//!
//! In: a number as `lot` has read it. Out: its canonical text. Why apart from `lot`: a lot is a list of these, and
//! their roles depend on the whole list.

use crate::numeral;

/// The unit after a number.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Unit {
    /// 丁目.
    Chome,
    /// 番地, 番.
    Ban,
    /// 号.
    Go,
    /// A hyphen, or nothing.
    None,
}

/// A number with the letters around it: 甲12, 12イ.
pub(super) struct Part {
    pub(super) before: Option<char>,
    pub(super) value: u32,
    pub(super) after: Option<char>,
    pub(super) unit: Unit,
}

impl Part {
    /// 甲12.
    pub(super) fn text(&self) -> String {
        let mut text = String::with_capacity(12);
        if let Some(c) = self.before {
            text.push(c);
        }
        push_number(&mut text, self.value);
        if let Some(c) = self.after {
            text.push(c);
        }
        text
    }

    /// Whether it has no letter.
    pub(super) fn is_plain(&self) -> bool {
        self.before.is_none() && self.after.is_none()
    }
}

/// Appends a number in digits. Formatting does the same, but slower, and every address has several.
pub(super) fn push_number(text: &mut String, n: u32) {
    let mut place = 1;
    while n / place >= 10 {
        place *= 10;
    }
    while place > 0 {
        text.push(char::from(b'0' + (n / place % 10) as u8));
        place /= 10;
    }
}

/// 四地割, 第四地割 → 第4地割.
pub(super) fn with_ascii_chiwari(koaza: &str) -> String {
    let chars: Vec<char> = koaza.chars().collect();
    let mut tidy = String::with_capacity(koaza.len());
    let mut i = 0;
    while i < chars.len() {
        match numeral::read_kanji(&chars[i..]) {
            Some((n, len)) if chars[i + len..].starts_with(&['地', '割']) => {
                if !tidy.ends_with('第') {
                    tidy.push('第');
                }
                push_number(&mut tidy, n);
                i += len;
            }
            _ => {
                tidy.push(chars[i]);
                i += 1;
            }
        }
    }
    tidy
}

/// Whether this may be before or after a number of a block: stems (甲) and the iroha order (イ): 甲123, イ45.
pub(super) fn is_letter(c: char) -> bool {
    matches!(c, '甲' | '乙' | '丙' | '丁' | '戊' | '己' | '庚' | '辛' | '壬' | '癸')
        || matches!(c, 'イ' | 'ロ' | 'ハ' | 'ニ' | 'ホ' | 'ヘ' | 'ト' | 'チ' | 'リ' | 'ヌ' | 'ル' | 'ヲ')
        || matches!(c, 'い' | 'ろ' | 'は' | 'に' | 'ほ' | 'へ' | 'と' | 'ち' | 'り')
}
