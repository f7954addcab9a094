//! JSON as it is written.
//!
//! In: text that is known to be valid JSON. Out: its parts as slices of the text. Nothing is parsed into numbers, so that
//! the digits of an id longer than a float can hold stay as they are.

use serde::de::IgnoredAny;

use crate::Problem;

/// How deep a document can be: the limit of serde_json, which reads the rows afterwards. It bounds our own recursion.
const DEPTH: usize = 127;

/// A value, without the white space around it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// The value that a text is.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self, Problem> {
        let bytes = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| {
            let line = 1 + bytes[..error.valid_up_to()].iter().filter(|byte| **byte == b'\n').count();
            Problem::new(format!("line {line}: the document is not UTF-8"), "state its encoding, or export it as UTF-8")
        })?;
        let mut parser = serde_json::Deserializer::from_str(text);
        let result = serde::Deserialize::deserialize(&mut parser).map(|_: IgnoredAny| ()).and_then(|()| parser.end());
        if let Err(error) = result {
            let (line, column) = (error.line(), error.column());
            return Err(Problem::new(
                format!("line {line}, column {column}: the document is no JSON from here on"),
                "export it again; a file with one object a line is `format: jsonl`",
            ));
        }
        let (mut depth, mut at) = (0_usize, 0);
        let bytes = text.as_bytes();
        while at < bytes.len() {
            match bytes[at] {
                b'"' => at = end_of_string(bytes, at) - 1,
                b'{' | b'[' => depth += 1,
                b'}' | b']' => depth = depth.saturating_sub(1),
                _ => {}
            }
            if depth > DEPTH {
                return Err(Problem::new(
                    format!("the document has more than {DEPTH} lists and objects inside each other"),
                    "export it flatter",
                ));
            }
            at += 1;
        }
        Ok(Raw(trimmed(text)))
    }

    /// The text of the value.
    pub(super) fn text(self) -> &'a str {
        self.0
    }

    pub(super) fn is_object(self) -> bool {
        self.0.starts_with('{')
    }

    pub(super) fn is_list(self) -> bool {
        self.0.starts_with('[')
    }

    pub(super) fn is_null(self) -> bool {
        self.0 == "null"
    }

    /// The keys of an object, quoted as they are written, with their values.
    pub(super) fn members(self) -> impl Iterator<Item = (Raw<'a>, Raw<'a>)> {
        let mut parts = if self.is_object() { self.parts() } else { Parts::default() };
        std::iter::from_fn(move || Some((parts.next()?, parts.next()?)))
    }

    /// The items of a list.
    pub(super) fn items(self) -> impl Iterator<Item = Raw<'a>> {
        if self.is_list() { self.parts() } else { Parts::default() }
    }

    /// The value of a key of an object. If the key stands there twice, its first.
    pub(super) fn get(self, key: &str) -> Option<Raw<'a>> {
        self.members().find(|(name, _)| name.is_string(key)).map(|(_, value)| value)
    }

    /// Whether this is the string `wanted`.
    pub(super) fn is_string(self, wanted: &str) -> bool {
        match self.0.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) {
            Some(plain) if !plain.contains('\\') => plain == wanted,
            _ => self.string().is_some_and(|text| text == wanted),
        }
    }

    /// The text of a string.
    pub(super) fn string(self) -> Option<String> {
        serde_json::from_str(self.0).ok()
    }

    /// Writes the value without white space, so that it is one line.
    pub(super) fn write_compact(self, out: &mut String) {
        let bytes = self.0.as_bytes();
        let (mut start, mut at) = (0, 0);
        while at < bytes.len() {
            match bytes[at] {
                b'"' => at = end_of_string(bytes, at),
                byte if is_space(byte) => {
                    out.push_str(&self.0[start..at]);
                    at += 1;
                    start = at;
                }
                _ => at += 1,
            }
        }
        out.push_str(&self.0[start..]);
    }

    fn parts(self) -> Parts<'a> {
        Parts { text: self.0, at: 1 }
    }
}

/// The values that commas and colons separate, of an object or a list.
#[derive(Default)]
struct Parts<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Iterator for Parts<'a> {
    type Item = Raw<'a>;

    fn next(&mut self) -> Option<Raw<'a>> {
        let bytes = self.text.as_bytes();
        while self.at < bytes.len() && (is_space(bytes[self.at]) || matches!(bytes[self.at], b',' | b':')) {
            self.at += 1;
        }
        if self.at + 1 >= bytes.len() {
            return None;
        }
        let start = self.at;
        let mut depth = 0_usize;
        while self.at < bytes.len() {
            match bytes[self.at] {
                b'"' => self.at = end_of_string(bytes, self.at) - 1,
                b'{' | b'[' => depth += 1,
                b'}' | b']' if depth > 0 => depth -= 1,
                b'}' | b']' | b',' | b':' if depth == 0 => break,
                _ => {}
            }
            self.at += 1;
        }
        Some(Raw(trimmed(&self.text[start..self.at])))
    }
}

/// The place behind the string that begins at `at`.
fn end_of_string(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'"' => return end + 1,
            b'\\' => end += 2,
            _ => end += 1,
        }
    }
    bytes.len()
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

fn trimmed(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}
