//! The object of a row as one line.
//!
//! In: an object of the document. Out: the same object on one line, in which lists of named values are objects. The
//! order of the keys and the spelling of every value stay.

use std::collections::HashSet;

use super::raw::Raw;

/// The keys under which exports keep the name of a value: `key` (many), `name` (Shopify's note_attributes), `id`
/// (Zendesk's custom_fields).
const NAMES: [&str; 3] = ["key", "name", "id"];

/// What becomes of a list whose items are no named values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lists {
    /// It is copied.
    Copied,
    /// It is left out, with its key.
    LeftOut,
}

/// Writes the members of an object, without braces.
pub(super) fn write_members(object: Raw<'_>, lists: Lists, out: &mut String) {
    let mut is_first = true;
    for (key, value) in object.members() {
        let named = named_values(value);
        if value.is_list() && named.is_none() && lists == Lists::LeftOut {
            continue;
        }
        if !std::mem::take(&mut is_first) {
            out.push(',');
        }
        out.push_str(key.text());
        out.push(':');
        match named {
            Some(named) => write_named(&named, lists, out),
            None => write_value(value, lists, out),
        }
    }
}

fn write_value(value: Raw<'_>, lists: Lists, out: &mut String) {
    if value.is_object() {
        out.push('{');
        write_members(value, lists, out);
        out.push('}');
    } else {
        value.write_compact(out);
    }
}

fn write_named(named: &[(Raw<'_>, Raw<'_>)], lists: Lists, out: &mut String) {
    out.push('{');
    for (index, (name, value)) in named.iter().enumerate() {
        if index > 0 {
            out.push(',');
        }
        // A number becomes a key with the same digits.
        let quote = if name.text().starts_with('"') { "" } else { "\"" };
        out.push_str(quote);
        out.push_str(name.text());
        out.push_str(quote);
        out.push(':');
        write_value(*value, lists, out);
    }
    out.push('}');
}

/// The names and values of a list in which every item is exactly a name and a `value`, and no name comes twice.
fn named_values(list: Raw<'_>) -> Option<Vec<(Raw<'_>, Raw<'_>)>> {
    let mut named = Vec::new();
    let mut seen = HashSet::new();
    for item in list.items() {
        let mut members = item.members();
        let (first, second) = (members.next()?, members.next()?);
        let is_value = |key: Raw<'_>| key.is_string("value");
        let (name, value) = if is_value(second.0) { (first, second) } else { (second, first) };
        let is_name = NAMES.iter().any(|known| name.0.is_string(known));
        let plain = match name.1.string() {
            Some(text) => text,
            None if name.1.text().starts_with(|first: char| first == '-' || first.is_ascii_digit()) => {
                name.1.text().to_string()
            }
            None => return None,
        };
        if members.next().is_some() || !is_value(value.0) || !is_name || plain.is_empty() || !seen.insert(plain) {
            return None;
        }
        named.push((name.1, value.1));
    }
    if named.is_empty() { None } else { Some(named) }
}
