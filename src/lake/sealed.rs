//! JSON files of the lake that say whether they are as they were written.
//!
//! In: a value, a place. Out: a JSON file whose first field is the BLAKE3 digest of the rest. A file of an earlier version has none,
//! and is read as it is.

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::store::Location;

/// How the line of the digest begins and ends; the object's other lines are as the encoder wrote them.
const BEFORE: &str = "{\n  \"digest\": \"";
const AFTER: &str = "\",\n";

/// Writes a value; it has to be an object with a field.
///
/// # Errors
/// Environment, if it cannot be written.
pub(crate) async fn write(place: &Location, value: &impl Serialize) -> Result<()> {
    place.write(seal(value)?.into_bytes()).await
}

/// The digest of a value as [`write`] seals it.
///
/// # Errors
/// Bug, where the value is no JSON.
pub(crate) fn digest(value: &impl Serialize) -> Result<String> {
    Ok(digest_of(&json(value)?))
}

/// The value of a file; `None` where there is none.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is not what was written. `remedy` says what to do then.
pub(crate) async fn read<T: DeserializeOwned>(place: &Location, remedy: &str) -> Result<Option<T>> {
    let Some(bytes) = place.read_if_exists().await? else { return Ok(None) };
    let damaged = |what: &str| Error::data(format!("{} is damaged: {what}", place.shown())).hint(remedy);
    let text = String::from_utf8(bytes).map_err(|_| damaged("it is no text"))?;
    let text = open(&text).ok_or_else(|| damaged("its content is not what its digest says"))?;
    serde_json::from_str(&text).map(Some).map_err(|e| damaged(&format!("line {} is not what belongs there", e.line())))
}

fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string_pretty(value).map_err(|e| Error::bug(format!("a file of the lake cannot be written: {e}")))
}

fn digest_of(text: &str) -> String {
    blake3::hash(text.as_bytes()).to_hex()[..32].to_string()
}

fn seal(value: &impl Serialize) -> Result<String> {
    let text = json(value)?;
    let rest = text.strip_prefix("{\n").ok_or_else(|| Error::bug("a file of the lake is no object with a field"))?;
    Ok(format!("{BEFORE}{}{AFTER}{rest}", digest_of(&text)))
}

/// The text that was sealed; `None` where it is another one.
fn open(text: &str) -> Option<String> {
    let Some(rest) = text.strip_prefix(BEFORE) else { return Some(text.to_string()) };
    let (digest, rest) = rest.split_once(AFTER)?;
    let sealed = format!("{{\n{rest}");
    (digest_of(&sealed) == digest).then_some(sealed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_changed_does_not_open() {
        let value = std::collections::BTreeMap::from([("rows", 0.1 + 0.2), ("seconds", 3.0)]);
        let sealed = seal(&value).expect("sealed");
        let opened = open(&sealed).expect("as written");
        assert_eq!(opened, json(&value).expect("JSON"));
        for place in 0..sealed.len() {
            let mut bytes = sealed.clone().into_bytes();
            bytes[place] ^= 1;
            let text = String::from_utf8(bytes).expect("text");
            let read = open(&text).and_then(|text| serde_json::from_str::<serde_json::Value>(&text).ok());
            // A digest that nobody knows by its name is none; what it was of is as it was written.
            let values = |of: &serde_json::Value| [of["rows"].clone(), of["seconds"].clone()];
            let written = serde_json::from_str(&opened).map(|of| values(&of)).expect("JSON");
            assert!(read.is_none_or(|read| values(&read) == written), "{place}: {text}");
        }
    }

    #[test]
    fn a_file_of_before_is_read_as_it_is() {
        assert_eq!(open("{\"a\": 1}").as_deref(), Some("{\"a\": 1}"));
    }
}
