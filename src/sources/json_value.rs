//! One JSON value to the text of the wanted columns.
//!
//! In: the wanted keys and a line. Out: the values in the row, and what is wrong with them. Nothing is built that is not
//! wanted. Text is taken as it is, numbers and booleans as their text, null and absent keys as NULL. A list of these is
//! one value, joined by the unit separator U+001F, without its empty items; an object as a wanted value is a reject.

use std::fmt::{self, Write};

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::row_batch::{RejectReason, RowText};

/// Between the items of a list.
pub const LIST_SEPARATOR: char = '\u{1f}';

/// Whole numbers up to here are exact in a float.
pub(super) const EXACT: f64 = 9_007_199_254_740_992.0;

/// The wanted keys of an object.
#[derive(Debug, Default)]
pub(super) struct Keys {
    columns: Vec<usize>,
    children: Vec<(String, Keys)>,
}

impl Keys {
    pub(super) fn want<'a>(&mut self, mut path: impl Iterator<Item = &'a str>, column: usize) {
        let Some(key) = path.next() else {
            self.columns.push(column);
            return;
        };
        let position = match self.children.iter().position(|(name, _)| name == key) {
            Some(position) => position,
            None => {
                self.children.push((key.to_string(), Keys::default()));
                self.children.len() - 1
            }
        };
        self.children[position].1.want(path, column);
    }
}

/// Reads a value into the columns of its key.
pub(super) struct Value<'a> {
    keys: &'a Keys,
    row: &'a mut RowText,
    problem: &'a mut Option<RejectReason>,
    top: bool,
}

impl<'a> Value<'a> {
    /// The value of a whole line.
    pub(super) fn top(keys: &'a Keys, row: &'a mut RowText, problem: &'a mut Option<RejectReason>) -> Self {
        Value { keys, row, problem, top: true }
    }

    /// Sets the columns of the key to what `write` appends.
    fn put<T>(self, write: impl FnOnce(&mut String, &mut Option<RejectReason>) -> T) -> Option<T> {
        if self.top {
            *self.problem = Some(RejectReason::NotAnObject);
        }
        let (&first, others) = self.keys.columns.split_first()?;
        let result = self.row.write(first, |text| write(text, self.problem));
        for &other in others {
            self.row.share(first, other);
        }
        Some(result)
    }
}

impl<'de> DeserializeSeed<'de> for Value<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.put(|_, _| ());
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.put(|text, _| text.push_str(if value { "true" } else { "false" }));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.put(|text, _| write!(text, "{value}"));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.put(|text, _| write!(text, "{value}"));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.put(|text, problem| write_float(value, text, problem));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.put(|text, _| text.push_str(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        if self.top || self.keys.columns.is_empty() {
            *self.problem = Some(if self.top { RejectReason::NotAnObject } else { RejectReason::NestedValue });
            while items.next_element::<IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        let result = self.put(|text, problem| {
            let start = text.len();
            while items.next_element_seed(Item { text, start, problem })?.is_some() {}
            Ok(())
        });
        result.unwrap_or(Ok(()))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        if !self.keys.columns.is_empty() {
            *self.problem = Some(RejectReason::NestedValue);
        }
        let mut seen: Vec<*const Keys> = Vec::new();
        while let Some(found) = entries.next_key_seed(Key(self.keys))? {
            match found {
                Some(keys) => {
                    // Which of two values is meant cannot be known.
                    if seen.contains(&std::ptr::from_ref(keys)) {
                        *self.problem = Some(RejectReason::DuplicateKey);
                    }
                    seen.push(keys);
                    entries.next_value_seed(Value { keys, row: self.row, problem: self.problem, top: false })?
                }
                None => {
                    entries.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(())
    }
}

/// Finds a key among the wanted ones.
struct Key<'a>(&'a Keys);

impl<'de, 'a> DeserializeSeed<'de> for Key<'a> {
    type Value = Option<&'a Keys>;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Self::Value, D::Error> {
        json.deserialize_identifier(self)
    }
}

impl<'de, 'a> Visitor<'de> for Key<'a> {
    type Value = Option<&'a Keys>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.children.iter().find(|(name, _)| name == key).map(|(_, keys)| keys))
    }
}

/// Appends an item of a list.
struct Item<'a> {
    text: &'a mut String,
    start: usize,
    problem: &'a mut Option<RejectReason>,
}

impl Item<'_> {
    fn append(self, value: impl FnOnce(&mut String, &mut Option<RejectReason>)) {
        let before = self.text.len();
        if before > self.start {
            self.text.push(LIST_SEPARATOR);
        }
        let begin = self.text.len();
        value(self.text, self.problem);
        if self.text.len() == begin {
            self.text.truncate(before);
        }
    }
}

impl<'de> DeserializeSeed<'de> for Item<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<(), D::Error> {
        json.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Item<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a plain value")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, value: bool) -> Result<(), E> {
        self.append(|text, _| text.push_str(if value { "true" } else { "false" }));
        Ok(())
    }

    fn visit_i64<E>(self, value: i64) -> Result<(), E> {
        self.append(|text, _| text.push_str(&value.to_string()));
        Ok(())
    }

    fn visit_u64<E>(self, value: u64) -> Result<(), E> {
        self.append(|text, _| text.push_str(&value.to_string()));
        Ok(())
    }

    fn visit_f64<E>(self, value: f64) -> Result<(), E> {
        self.append(|text, problem| write_float(value, text, problem));
        Ok(())
    }

    fn visit_str<E>(self, value: &str) -> Result<(), E> {
        self.append(|text, _| text.push_str(value));
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        *self.problem = Some(RejectReason::NestedValue);
        while items.next_element::<IgnoredAny>()?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<(), A::Error> {
        *self.problem = Some(RejectReason::NestedValue);
        while entries.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(())
    }
}

/// A number with a fraction, or one too long for an integer: such a one has lost digits, so that it is no value any more.
fn write_float(value: f64, text: &mut String, problem: &mut Option<RejectReason>) {
    if value.fract() == 0.0 && value.abs() > EXACT {
        *problem = Some(RejectReason::InexactNumber);
    }
    text.push_str(&float_text(value));
}

/// A float as text, a whole one without its `.0`: an ID that went through a float column is an ID still.
pub(super) fn float_text(value: f64) -> String {
    match value.fract() == 0.0 && value.abs() <= EXACT {
        true => (value as i64).to_string(),
        false => value.to_string(),
    }
}
