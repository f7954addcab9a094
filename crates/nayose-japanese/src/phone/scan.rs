//! Splits the text of a phone field into runs of digits, one for each number.
//!
//! In: text with folded width. Out: [`Segment`]s: digits, a plus sign, an extension, whether digits are masked.
//! Hyphens, brackets, dots and の join digits; commas, slashes and words separate numbers, but only after enough digits
//! (03/1234/5678 is one number). Why a scanner: a field holds numbers, labels and remarks in any order.

/// The most digits of a segment: E.164 has 15, and a prefix such as 010 or 0081 is added.
const MAX_DIGITS: usize = 20;
/// The most digits of an extension; more are dropped. A judgement.
const MAX_EXTENSION: usize = 8;

/// One number as written.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Segment {
    digits: [u8; MAX_DIGITS],
    len: usize,
    extension: [u8; MAX_EXTENSION],
    extension_len: usize,
    /// There is a plus sign before the digits.
    pub(super) plus: bool,
    /// Some digits are hidden (090-****-5678).
    pub(super) masked: bool,
    /// More digits than any number has.
    pub(super) overflow: bool,
}

impl Segment {
    pub(super) fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }

    pub(super) fn extension(&self) -> Option<&str> {
        let digits = self.extension.get(..self.extension_len)?;
        std::str::from_utf8(digits).ok().filter(|e| !e.is_empty())
    }

    /// The same number with its last digits replaced: 03-1234-5678/5679.
    pub(super) fn with_tail(&self, tail: &[u8]) -> Segment {
        let mut out = Segment { plus: self.plus, ..*self };
        let from = self.len.saturating_sub(tail.len());
        for (slot, digit) in out.digits[from..self.len].iter_mut().zip(tail) {
            *slot = *digit;
        }
        out.extension_len = 0;
        out
    }

    fn push(&mut self, digit: u8) {
        match self.digits.get_mut(self.len) {
            Some(slot) => {
                *slot = digit;
                self.len += 1;
            }
            None => self.overflow = true,
        }
    }

    fn push_extension(&mut self, digit: u8) {
        if let Some(slot) = self.extension.get_mut(self.extension_len) {
            *slot = digit;
            self.extension_len += 1;
        }
    }

    /// Whether these digits can be a whole number, so that a separator ends it.
    fn could_end(&self) -> bool {
        match self.digits().first() {
            _ if self.plus => self.len >= 10,
            Some(b'0') => self.len >= 10,
            _ => self.len >= 9,
        }
    }
}

/// An iterator over the segments that have a digit.
#[derive(Debug, Clone)]
pub(super) struct Scanner<'a> {
    rest: &'a str,
    /// Kanji digits count as digits only in a text without others: else 一 is a hyphen.
    kanji: bool,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        let kanji = !text.is_ascii() && !text.bytes().any(|b| b.is_ascii_digit());
        Scanner { rest: text, kanji }
    }
}

impl Iterator for Scanner<'_> {
    type Item = Segment;

    fn next(&mut self) -> Option<Segment> {
        let mut seg = Segment::default();
        let mut in_extension = false;
        while let Some(c) = self.rest.chars().next() {
            let here = self.rest;
            self.rest = &here[c.len_utf8()..];
            if let Some(digit) = digit(c, self.kanji) {
                if in_extension {
                    seg.push_extension(digit)
                } else {
                    seg.push(digit)
                }
                continue;
            }
            let done = seg.could_end();
            match c {
                '+' if seg.len == 0 => seg.plus = true,
                '+' => {
                    self.rest = here;
                    return Some(seg);
                }
                '*' | '●' | '○' | '•' | '■' | '□' | '?' | '※' if seg.len > 0 && !done => seg.masked = true,
                'x' | 'X' if seg.len > 0 && !done => seg.masked = true,
                '#' if done => in_extension = true,
                _ if done && extension_marker(here) > 0 => {
                    self.rest = &here[extension_marker(here)..];
                    in_extension = true;
                }
                ' ' | '-' | '(' | ')' | '.' | ':' | '\u{2010}'..='\u{2015}' | '−' | 'ー' | '─' | '一' | 'の' => {
                    let next = self.rest.chars().find(|c| !matches!(c, ' ' | '-' | '(' | ')'));
                    let separates = c == ' ' && (in_extension || done) && matches!(next, Some('0' | '+'));
                    if separates && !(in_extension && seg.extension_len == 0) {
                        return Some(seg);
                    }
                }
                '/' | ',' | ';' | '、' | '・' | '|' | '&' | '~' | '\n' if !done => {}
                _ if seg.len == 0 => seg.plus = false,
                // A word ends a number only if the digits before it can be one.
                _ if done => return Some(seg),
                _ => {}
            }
        }
        (seg.len > 0).then_some(seg)
    }
}

fn digit(c: char, kanji: bool) -> Option<u8> {
    match c {
        '0'..='9' => Some(c as u8),
        '〇' | '零' if kanji => Some(b'0'),
        _ if kanji => {
            let index = "一二三四五六七八九".chars().position(|k| k == c)?;
            u8::try_from(index).ok().map(|n| b'1' + n)
        }
        _ => None,
    }
}

/// The length in bytes of a word for an extension at the start of `s`, or 0.
fn extension_marker(s: &str) -> usize {
    for word in ["内線番号", "内線", "(内)", "内"] {
        if s.starts_with(word) {
            return word.len();
        }
    }
    let head = s.as_bytes();
    let starts = |word: &str| head.get(..word.len()).is_some_and(|h| h.eq_ignore_ascii_case(word.as_bytes()));
    for word in [";ext=", "extension", "ext.", "ext"] {
        if starts(word) {
            return word.len();
        }
    }
    let next = s.get(1..).map(str::trim_start).and_then(|r| r.bytes().next());
    if starts("x") && next.is_some_and(|b| b.is_ascii_digit()) { 1 } else { 0 }
}
