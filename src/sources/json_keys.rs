//! The keys of JSON lines.
//!
//! In: the first lines of a file. Out: every key that holds a plain value or a list, nested ones dotted, in the order in
//! which they first come. It answers "which columns are there" for files that have no header.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::encoding::TextEncoding;
use super::json_lines::{Lines, is_blank, text_of};

/// How many lines are looked at.
const LINES: u64 = 100;

/// The most keys: data that make up a key per row are not listed to the end.
const KEYS: usize = 1000;

/// Collects keys.
pub(super) struct JsonKeys {
    encoding: TextEncoding,
    lines: Lines,
    keys: Vec<String>,
    decoded: String,
}

impl JsonKeys {
    pub(super) fn new(encoding: TextEncoding, max_row: usize) -> Self {
        JsonKeys { encoding, lines: Lines::new(max_row), keys: Vec::new(), decoded: String::new() }
    }

    /// Whole lines read so far.
    pub(super) fn lines(&self) -> u64 {
        self.lines.done
    }

    /// Whether enough lines were seen.
    pub(super) fn is_done(&self) -> bool {
        self.lines.done >= LINES
    }

    /// The keys seen.
    pub(super) fn into_keys(self) -> Vec<String> {
        self.keys
    }

    /// Collects the keys of the lines in `data`; says how many bytes are done with.
    pub(super) fn parse(&mut self, data: &[u8], last: bool) -> usize {
        let mut done = 0;
        while done < data.len() && !self.is_done() {
            let Some(step) = self.lines.next(&data[done..], last) else { break };
            done += step.used;
            let Some(line) = step.line.filter(|line| !line.too_long && !is_blank(line.bytes)) else { continue };
            if let Some(text) = text_of(self.encoding, line.bytes, &mut self.decoded) {
                let mut json = serde_json::Deserializer::from_str(text);
                // What is wrong with a line is told when it is read.
                let _ = Collect { path: String::new(), keys: &mut self.keys }.deserialize(&mut json);
            }
        }
        done
    }
}

struct Collect<'a> {
    path: String,
    keys: &'a mut Vec<String>,
}

impl Collect<'_> {
    fn plain<E>(self) -> Result<(), E> {
        if !self.path.is_empty() && self.keys.len() < KEYS && !self.keys.contains(&self.path) {
            self.keys.push(self.path);
        }
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Collect<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Collect<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.plain()
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.plain()
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.plain()
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.plain()
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.plain()
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.plain()
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        while items.next_element::<IgnoredAny>()?.is_some() {}
        self.plain()
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        while let Some(key) = entries.next_key::<String>()? {
            let path = match self.path.is_empty() {
                true => key,
                false => format!("{}.{key}", self.path),
            };
            entries.next_value_seed(Collect { path, keys: self.keys })?;
        }
        Ok(())
    }
}
