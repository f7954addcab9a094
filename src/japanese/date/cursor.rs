//! Walks over the text of a date: numbers in ASCII or kanji, separators, month names.

use crate::japanese::number;

/// A number, and with how many digits it was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Number {
    pub value: u64,
    pub digits: usize,
}

impl Number {
    /// The value as a year; years that no calendar has become 0.
    pub fn year(self) -> i16 {
        i16::try_from(self.value).unwrap_or(0)
    }

    /// The value as a month or day; what is too large becomes 255, which neither can be.
    pub fn small(self) -> u8 {
        u8::try_from(self.value).unwrap_or(u8::MAX)
    }

    /// The digits from the left, cut into groups of these lengths, the last group being the rest.
    pub fn split(self, lengths: [usize; 2]) -> [Number; 3] {
        let mut rest = self;
        let mut cut = |digits: usize| {
            let behind = rest.digits.saturating_sub(digits);
            let power = 10u64.saturating_pow(u32::try_from(behind).unwrap_or(u32::MAX));
            let head = Number { value: rest.value / power, digits };
            rest = Number { value: rest.value % power, digits: behind };
            head
        };
        let (first, second) = (cut(lengths[0]), cut(lengths[1]));
        [first, second, rest]
    }
}

/// What is left to read.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    pub rest: &'a str,
}

impl Cursor<'_> {
    pub fn skip(&mut self, bytes: usize) {
        self.rest = self.rest.get(bytes..).unwrap_or("");
    }

    /// A number of at most 17 digits here, if any.
    pub fn number(&mut self) -> Option<Number> {
        let bytes = self.rest.as_bytes();
        let digits = bytes.iter().take_while(|b| b.is_ascii_digit()).count();
        if digits > 17 {
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
        let mut run = ['\0'; 8];
        let mut len = 0;
        for c in self.rest.chars().take_while(|c| number::is_kanji_numeral(*c)) {
            *run.get_mut(len)? = c;
            len += 1;
        }
        let (value, taken) = number::read_kanji(run.get(..len)?)?;
        let by_unit = run[..taken].iter().any(|c| number::unit(*c).is_some());
        let digits = if by_unit { value.checked_ilog10().map_or(1, |n| n as usize + 1) } else { taken };
        self.skip(run[..taken].iter().map(|c| c.len_utf8()).sum());
        Some(Number { value: u64::from(value), digits })
    }

    /// A number that belongs to the date: not the hour of a time behind it.
    pub fn part(&mut self) -> Option<Number> {
        let mut ahead = *self;
        let number = ahead.number()?;
        if ahead.rest.starts_with([':', '時']) {
            return None;
        }
        *self = ahead;
        Some(number)
    }

    /// Skips separators; the first of them, if any.
    pub fn separator(&mut self) -> Option<char> {
        let mut first = None;
        while let Some(c) = self.rest.chars().next() {
            let hyphen =
                c == '一' && self.rest.get(c.len_utf8()..).is_some_and(|r| r.starts_with(|d: char| d.is_ascii_digit()));
            let is = matches!(
                c,
                ' ' | '/' | '-' | '.' | ',' | '\'' | '年' | '月' | '日' | '・' | '、' | '_' | '\\' | '−' | 'ー' | '─'
            ) || ('\u{2010}'..='\u{2015}').contains(&c)
                || hyphen;
            if !is {
                break;
            }
            first = first.or(Some(c));
            self.skip(c.len_utf8());
            // 日 ends a date: what follows is not part of it.
            if c == '日' {
                break;
            }
        }
        first
    }

    /// An English month name here, short or long.
    pub fn month_name(&mut self) -> Option<u8> {
        const NAMES: [&str; 12] = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
        let head = self.rest.get(..3)?;
        let at = NAMES.iter().position(|name| head.eq_ignore_ascii_case(name))?;
        let word = self.rest.bytes().take_while(u8::is_ascii_alphabetic).count();
        self.skip(word);
        u8::try_from(at + 1).ok()
    }
}
