//! The XML of a part of a workbook.
//!
//! In: the text of a part. Out: its events, attributes and texts. Names are without their prefix, which differs between
//! writers.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::damaged;
use crate::Problem;

/// Reads a part.
pub(super) struct Xml<'a> {
    reader: Reader<&'a [u8]>,
    part: String,
}

impl<'a> Xml<'a> {
    /// `part` is its name for messages.
    pub(super) fn new(text: &'a str, part: impl Into<String>) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        Xml { reader, part: part.into() }
    }

    /// The next event; none at the end.
    pub(super) fn next(&mut self) -> Result<Option<Event<'a>>, Problem> {
        match self.reader.read_event() {
            Ok(Event::Eof) => Ok(None),
            Ok(event) => Ok(Some(event)),
            Err(_) => Err(damaged(&self.part)),
        }
    }

    /// The text up to the end of the element that was just opened, without what its elements say.
    pub(super) fn text(&mut self) -> Result<String, Problem> {
        let (mut text, mut depth) = (String::new(), 0_usize);
        loop {
            match self.next()? {
                Some(Event::End(_)) if depth == 0 => return Ok(text),
                Some(Event::Start(_)) => depth += 1,
                Some(Event::End(_)) => depth -= 1,
                Some(event) if depth == 0 => self.push(&event, &mut text)?,
                Some(_) => {}
                None => return Err(damaged(&self.part)),
            }
        }
    }

    /// The text of a string up to the end of its element: its runs joined, without the furigana (`rPh`).
    pub(super) fn string(&mut self) -> Result<String, Problem> {
        let mut string = String::new();
        loop {
            match self.next()? {
                Some(Event::Start(start)) => match start.local_name().as_ref() {
                    b"t" => string.push_str(&self.text()?),
                    // A run of rich text; its properties hold no text.
                    b"r" => {}
                    _ => drop(self.text()?),
                },
                Some(Event::End(end)) if end.local_name().as_ref() != b"r" => return Ok(unescaped(string)),
                Some(_) => {}
                None => return Err(damaged(&self.part)),
            }
        }
    }

    fn push(&self, event: &Event<'_>, text: &mut String) -> Result<(), Problem> {
        match event {
            Event::Text(part) => text.push_str(&part.xml10_content().map_err(|_| damaged(&self.part))?),
            Event::CData(part) => text.push_str(&part.xml10_content().map_err(|_| damaged(&self.part))?),
            Event::GeneralRef(reference) => {
                let named = match &**reference {
                    b"amp" => Some('&'),
                    b"lt" => Some('<'),
                    b"gt" => Some('>'),
                    b"quot" => Some('"'),
                    b"apos" => Some('\''),
                    _ => reference.resolve_char_ref().map_err(|_| damaged(&self.part))?,
                };
                text.push(named.ok_or_else(|| damaged(&self.part))?);
            }
            _ => {}
        }
        Ok(())
    }
}

/// The value of an attribute.
pub(super) fn attribute(element: &BytesStart<'_>, name: &[u8]) -> Option<String> {
    let mut attributes = element.attributes();
    // The check for doubles compares each attribute with each.
    attributes.with_checks(false);
    let found = attributes.flatten().find(|attribute| attribute.key.local_name().as_ref() == name)?;
    let raw = std::str::from_utf8(&found.value).ok()?;
    Some(quick_xml::escape::unescape(raw).ok()?.into_owned())
}

/// A string without the escapes of Excel: `_x000D_` is the character 0D, `_x005F_` an underscore.
pub(super) fn unescaped(text: String) -> String {
    if !text.contains("_x") {
        return text;
    }
    let mut plain = String::with_capacity(text.len());
    let mut rest = text.as_str();
    while let Some(at) = rest.find("_x") {
        plain.push_str(&rest[..at]);
        let code = rest.get(at + 2..at + 6).filter(|code| code.bytes().all(|byte| byte.is_ascii_hexdigit()));
        let character = code.filter(|_| rest[at + 6..].starts_with('_'));
        match character.and_then(|code| u32::from_str_radix(code, 16).ok()).and_then(char::from_u32) {
            Some(character) => {
                plain.push(character);
                rest = &rest[at + 7..];
            }
            None => {
                plain.push_str("_x");
                rest = &rest[at + 2..];
            }
        }
    }
    plain.push_str(rest);
    plain
}
