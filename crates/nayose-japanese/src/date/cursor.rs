//! A cursor over the text of a date.
//!
//! In: text with folded width. Out: the next number (in ASCII or kanji), separator or month name. Why numbers keep
//! their digits: 0105 and 105 have one value and are not one date.

use crate::numeral;

/// The most digits of a number: a date and a time to the millisecond (20240105134501000).
const MAX_DIGITS: usize = 17;

/// A number, and the number of digits it was written with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: u64,
    pub(super) digits: usize,
}

impl Number {
    /// The value as a year; 0 if it is too large.
    pub(super) fn year(self) -> i16 {
        i16::try_from(self.value).unwrap_or(0)
    }

    /// The value as a month or day; 255, which is neither, if it is too large.
    pub(super) fn small(self) -> u8 {
        u8::try_from(self.value).unwrap_or(u8::MAX)
    }

    /// The digits from the left in groups of these lengths, and the rest.
    pub(super) fn split(self, lengths: [usize; 2]) -> [Number; 3] {
        let mut rest = self;
        let mut cut = |digits: usize| {
            let after = rest.digits.saturating_sub(digits);
            let power = 10u64.saturating_pow(u32::try_from(after).unwrap_or(u32::MAX));
            let head = Number { value: rest.value / power, digits };
            rest = Number { value: rest.value % power, digits: after };
            head
        };
        let (first, second) = (cut(lengths[0]), cut(lengths[1]));
        [first, second, rest]
    }
}

/// The text that is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub(super) rest: &'a str,
}

impl Cursor<'_> {
    pub(super) fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
    }

    /// A number here, if any.
    pub(super) fn number(&mut self) -> Option<Number> {
        let bytes = self.rest.as_bytes();
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > MAX_DIGITS {
            return None;
        }
        if digits > 0 {
            let value = bytes[..digits].iter().fold(0, |n, b| n * 10 + u64::from(b - b'0'));
            self.skip(digits);
            return Some(Number { value, digits });
        }
        if self.rest.is_ascii() {
            return None;
        }
        let mut run = ['\0'; numeral::MAX_CHARS];
        let mut len = 0;
        for c in self.rest.chars().take_while(|c| numeral::is_kanji_numeral(*c)) {
            *run.get_mut(len)? = c;
            len += 1;
        }
        let (value, taken) = numeral::read_kanji(run.get(..len)?)?;
        let by_unit = run[..taken].iter().any(|c| numeral::unit(*c).is_some());
        let digits = if by_unit { value.checked_ilog10().map_or(1, |n| n as usize + 1) } else { taken };
        self.skip(run[..taken].iter().map(|c| c.len_utf8()).sum());
        Some(Number { value: u64::from(value), digits })
    }

    /// A number here, unless it is the hour of a time.
    pub(super) fn part(&mut self) -> Option<Number> {
        let mut ahead = *self;
        let number = ahead.number()?;
        if ahead.rest.starts_with([':', '時']) {
            return None;
        }
        *self = ahead;
        Some(number)
    }

    /// Skips separators, and returns the first, if any.
    pub(super) fn separator(&mut self) -> Option<char> {
        let mut first = None;
        while let Some(c) = self.rest.chars().next() {
            let hyphen =
                c == '一' && self.rest.get(c.len_utf8()..).is_some_and(|r| r.starts_with(|d: char| d.is_ascii_digit()));
            let separates = matches!(
                c,
                ' ' | '/' | '-' | '.' | ',' | '\'' | '年' | '月' | '日' | '・' | '、' | '_' | '\\' | '−' | 'ー' | '─'
            ) || ('\u{2010}'..='\u{2015}').contains(&c)
                || hyphen;
            if !separates {
                break;
            }
            first = first.or(Some(c));
            self.skip(c.len_utf8());
            // 日 ends a date.
            if c == '日' {
                break;
            }
        }
        first
    }

    /// An English month name here, short or long.
    pub(super) fn month_name(&mut self) -> Option<u8> {
        const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let head = self.rest.get(..3)?;
        let index = NAMES.iter().position(|name| head.eq_ignore_ascii_case(name))?;
        let word = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        self.skip(word);
        u8::try_from(index + 1).ok()
    }
}
