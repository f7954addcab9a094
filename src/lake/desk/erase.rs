//! The entries of an erased person: they lose their content, and their digests stay.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Entry, Log, file, names};
use crate::error::Result;
use crate::store::Location;

/// Erases the entries that name an erased person: `is_erased` is asked for every text of an entry, and for the words of every text.
/// Answers how many there were, by log.
///
/// # Errors
/// Environment, if a log cannot be read or written; data, if one is damaged.
pub(crate) async fn erase(lake: &Location, is_erased: impl Fn(&str) -> bool) -> Result<BTreeMap<&'static str, u64>> {
    let mut erased = BTreeMap::new();
    for log in Log::ALL {
        for name in names(lake, log).await? {
            let mut entries = file(lake, log, &name).await?;
            let mut count = 0;
            for entry in entries.iter_mut().filter(|entry| names_one(entry, &is_erased)) {
                entry.erase();
                count += 1;
            }
            if count > 0 {
                let lines: String = entries.iter().map(|entry| entry.line() + "\n").collect();
                log.place(lake).join(&name).write(lines.into_bytes()).await?;
                *erased.entry(log.name()).or_default() += count;
            }
        }
    }
    Ok(erased)
}

/// Whether an entry names an erased person.
fn names_one(entry: &Entry, is_erased: &impl Fn(&str) -> bool) -> bool {
    let content = entry.text.as_deref().and_then(|text| serde_json::from_str::<Value>(text).ok());
    content.is_some_and(|content| has_text(&content, is_erased))
}

fn has_text(value: &Value, is_erased: &impl Fn(&str) -> bool) -> bool {
    match value {
        // What people write has ids among other words.
        Value::String(text) => {
            is_erased(text)
                || text.split(is_between).any(|word| is_erased(word) || is_erased(word.trim_end_matches(SIGNS)))
        }
        Value::Array(items) => items.iter().any(|item| has_text(item, is_erased)),
        Value::Object(fields) => fields.values().any(|field| has_text(field, is_erased)),
        _ => false,
    }
}

/// Whether a character stands between words: ids and records have letters, digits and these signs. What is Japanese may follow an id
/// without a blank.
fn is_between(c: char) -> bool {
    !(c.is_ascii_alphanumeric() || SIGNS.contains(&c))
}

/// The signs of ids and records; at the end of a word they are those of the sentence.
const SIGNS: [char; 6] = ['-', '_', ':', '.', '@', '/'];
