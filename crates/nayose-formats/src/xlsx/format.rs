//! Number formats.
//!
//! In: the styles of a workbook. Out: for each style whether a number in it is a date, a time, a duration, or a number
//! with leading zeros.

use std::collections::HashMap;

use quick_xml::events::Event;

use super::xml::{Xml, attribute};
use crate::Problem;

/// What a number in a cell is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Format {
    /// A number.
    #[default]
    Number,
    /// A number shown by a code that fills up with zeros.
    Zeros(String),
    /// A date, or a date with a time.
    Date,
    /// A time of day.
    Time,
    /// Hours, minutes and seconds that can be more than a day.
    Duration,
}

/// The formats of the styles of a workbook.
#[derive(Default)]
pub(super) struct Formats {
    formats: HashMap<u32, Format>,
    /// The number of the format of each style.
    styles: Vec<u32>,
}

impl Formats {
    pub(super) fn read(xml: &mut Xml<'_>) -> Result<Self, Problem> {
        let mut formats = Formats::default();
        let mut is_in_cells = false;
        while let Some(event) = xml.next()? {
            match event {
                Event::Start(start) => {
                    let number = || attribute(&start, b"numFmtId").and_then(|id| id.parse().ok());
                    match start.local_name().as_ref() {
                        b"numFmt" => {
                            if let (Some(id), Some(code)) = (number(), attribute(&start, b"formatCode")) {
                                formats.formats.insert(id, format_of(&code));
                            }
                        }
                        b"cellXfs" => is_in_cells = true,
                        b"xf" if is_in_cells => formats.styles.push(number().unwrap_or(0)),
                        _ => {}
                    }
                }
                Event::End(end) if end.local_name().as_ref() == b"cellXfs" => is_in_cells = false,
                _ => {}
            }
        }
        Ok(formats)
    }

    /// The format of a style.
    pub(super) fn get(&self, style: usize) -> &Format {
        let id = self.styles.get(style).copied().unwrap_or(0);
        self.formats.get(&id).unwrap_or_else(|| built_in(id))
    }
}

/// Formats that stand in no workbook: ECMA-376 part 1, 18.8.30, with the ones of Japanese Excel (27 to 36, 50 to 58).
fn built_in(id: u32) -> &'static Format {
    match id {
        18..=21 | 32 | 33 | 45 | 47 => &Format::Time,
        14..=17 | 22 | 27..=36 | 50..=58 => &Format::Date,
        46 => &Format::Duration,
        _ => &Format::Number,
    }
}

/// What a number is in a format code.
fn format_of(code: &str) -> Format {
    let letters = letters_of(code);
    let has = |any: &[char]| letters.contains(any);
    let is_number = letters.contains("general") || letters.contains("標準");
    if letters.contains('\u{1}') {
        return Format::Duration;
    }
    // Years of an era (g, e) and months alone are letters that codes of numbers have too: 0.00E+00.
    let has_digits = has(&['0', '#', '?']);
    if !is_number && (has(&['y', 'd']) || (!has_digits && (has(&['g', 'e']) || letters.contains("aaa")))) {
        Format::Date
    } else if !is_number && has(&['h', 's']) {
        Format::Time
    } else if !is_number && has(&['m']) && !has_digits {
        Format::Date
    } else if zeros("1", code).is_some() && code.matches('0').count() > 1 {
        Format::Zeros(code.to_string())
    } else {
        Format::Number
    }
}

/// The letters of the first section of a code that stand for something, in lower case; 01 for hours that go on.
fn letters_of(code: &str) -> String {
    let mut letters = String::new();
    let mut characters = code.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => drop(characters.by_ref().take_while(|next| *next != '"').count()),
            // The next one is shown, left as wide, or repeated.
            '\\' | '_' | '*' | '!' => drop(characters.next()),
            '[' => {
                let inside: String = characters.by_ref().take_while(|next| *next != ']').collect();
                let inside = inside.to_ascii_lowercase();
                if ["h", "m", "s"].iter().any(|unit| !inside.is_empty() && inside.replace(unit, "").is_empty()) {
                    letters.push('\u{1}');
                }
            }
            ';' => break,
            other => letters.push(other.to_ascii_lowercase()),
        }
    }
    letters.replace("am/pm", "h").replace("a/p", "h")
}

/// The digits of a whole number as a code shows them: `00000` fills up, `000-0000` puts its signs between.
///
/// None for codes with anything but `0`, `#`, spaces, hyphens and brackets. A section can have the condition `[<=N]`, as
/// the formats of Japanese Excel for postal codes and phones have it.
pub(super) fn zeros(digits: &str, code: &str) -> Option<String> {
    let value: f64 = digits.parse().ok()?;
    for section in code.split(';') {
        let (condition, pattern) = match section.strip_prefix("[<=").and_then(|rest| rest.split_once(']')) {
            Some((bound, pattern)) => (bound.parse().ok()?, pattern),
            None => (f64::INFINITY, section),
        };
        if value <= condition {
            return filled(digits, pattern);
        }
    }
    None
}

fn filled(digits: &str, pattern: &str) -> Option<String> {
    let mut signs = Vec::new();
    let mut is_quoted = false;
    let mut characters = pattern.chars();
    while let Some(character) = characters.next() {
        match character {
            '"' => is_quoted = !is_quoted,
            '0' | '#' if !is_quoted => signs.push(character),
            '\\' if !is_quoted => signs.push(characters.next().filter(|next| is_sign(*next))?),
            other if is_sign(other) => signs.push(other),
            _ => return None,
        }
    }
    let first = signs.iter().position(|sign| matches!(sign, '0' | '#'))?;
    let mut left = digits.chars().rev();
    let mut reversed = String::new();
    for (index, sign) in signs.iter().enumerate().rev() {
        match sign {
            '0' | '#' => {
                let digit = left.next().or((*sign == '0').then_some('0'));
                reversed.extend(digit);
                if index == first {
                    reversed.extend(left.by_ref());
                }
            }
            sign => reversed.push(*sign),
        }
    }
    Some(reversed.chars().rev().collect())
}

fn is_sign(character: char) -> bool {
    matches!(character, ' ' | '-' | '(' | ')')
}
