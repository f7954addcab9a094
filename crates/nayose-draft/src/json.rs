//! JSON: lines, arrays and documents in, tables out, also where the text is cut off.

use serde_json::Value;

use crate::rows::Table;

/// Rows that are kept.
const ROWS_KEPT: usize = 2000;
/// The most columns: keys that are ids of their own would make one each.
const WIDEST: usize = 4000;
/// Objects within objects that are looked into: exports have two or three.
const DEPTH: usize = 4;

/// What kind of JSON a text is.
pub(crate) enum Json {
    /// One object a line.
    Lines(Vec<Value>),
    /// An array of objects.
    Array(Vec<Value>),
    /// A document with lists of objects, by path (`users[*]`).
    Document(Vec<(String, Vec<Value>)>),
}

/// The JSON of a text; `None` where it is something else.
pub(crate) fn read(text: &str, whole: bool) -> Option<Json> {
    let text = text.trim_start();
    match text.as_bytes().first()? {
        b'{' => lines(text, whole).or_else(|| document(text)),
        b'[' => match serde_json::from_str(&completed(text)?).ok()? {
            Value::Array(rows) if rows.iter().any(Value::is_object) => {
                Some(Json::Array(rows.into_iter().filter(Value::is_object).take(ROWS_KEPT).collect()))
            }
            _ => None,
        },
        _ => None,
    }
}

/// One object a line. A single line is a document if it has a list of objects.
fn lines(text: &str, whole: bool) -> Option<Json> {
    let all: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).take(ROWS_KEPT).collect();
    let rows: Vec<Value> =
        all.iter().map_while(|line| serde_json::from_str(line).ok()).filter(Value::is_object).collect();
    // A cut sample may end within a line.
    let cut = usize::from(!whole);
    if rows.is_empty() || rows.len() + cut < all.len() {
        return None;
    }
    if rows.len() == 1 && all.len() == 1 && !lists(&rows[0]).is_empty() {
        return None;
    }
    Some(Json::Lines(rows))
}

fn document(text: &str) -> Option<Json> {
    let value: Value = serde_json::from_str(&completed(text)?).ok()?;
    let lists = lists(&value);
    if lists.is_empty() { value.is_object().then(|| Json::Lines(vec![value])) } else { Some(Json::Document(lists)) }
}

/// The lists of objects in a document, in order.
fn lists(value: &Value) -> Vec<(String, Vec<Value>)> {
    fn walk(value: &Value, path: &str, depth: usize, out: &mut Vec<(String, Vec<Value>)>) {
        let Value::Object(fields) = value else { return };
        for (name, field) in fields {
            let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
            // A key that is no plain word is data, and its path cannot be written.
            if !name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-')) {
                continue;
            }
            match field {
                // Lists of key and value are fields of one object.
                Value::Array(rows) if rows.iter().any(Value::is_object) && keyed(rows).is_none() => {
                    let rows = rows.iter().filter(|row| row.is_object()).take(ROWS_KEPT).cloned().collect();
                    out.push((format!("{path}[*]"), rows));
                }
                Value::Object(_) if depth > 0 => walk(field, &path, depth - 1, out),
                _ => {}
            }
        }
    }
    let mut out = Vec::new();
    walk(value, "", DEPTH, &mut out);
    out
}

/// The text up to its last complete value, with all brackets closed; the text itself if it is complete.
fn completed(text: &str) -> Option<String> {
    let mut open: Vec<u8> = Vec::new();
    // The end of the last whole value, and the brackets that were open there.
    let mut good: Option<(usize, Vec<u8>)> = None;
    let (mut in_text, mut escaped) = (false, false);
    for (at, byte) in text.bytes().enumerate() {
        if in_text {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_text = false,
                _ => {}
            }
            continue;
        }
        match byte {
            b'"' => in_text = true,
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'}' | b']' => {
                if open.pop() != Some(byte) {
                    return None;
                }
                if open.is_empty() {
                    return Some(text[..=at].to_owned());
                }
                good = Some((at + 1, open.clone()));
            }
            _ => {}
        }
        // Rows are shallow: deeper than this it is no export.
        if open.len() > 64 {
            return None;
        }
    }
    let (end, open) = good?;
    let mut out = text[..end].to_owned();
    out.extend(open.iter().rev().map(|b| *b as char));
    Some(out)
}

/// Rows of objects as a table: nested objects by path (`via.channel`), lists of key and value by key
/// (`custom_fields.900001`), lists of values joined by `|`.
pub(crate) fn table(path: Option<&str>, rows: &[Value]) -> Table {
    let mut columns: Vec<String> = Vec::new();
    let mut places = std::collections::HashMap::<String, usize>::new();
    let mut out: Vec<Vec<String>> = Vec::new();
    for row in rows {
        let mut cells: Vec<(String, String)> = Vec::new();
        flatten(row, "", DEPTH, &mut cells);
        let mut line = vec![String::new(); columns.len()];
        for (name, text) in cells {
            if columns.len() >= WIDEST && !places.contains_key(&name) {
                continue;
            }
            let place = *places.entry(name.clone()).or_insert_with(|| {
                columns.push(name);
                columns.len() - 1
            });
            if line.len() <= place {
                line.resize(place + 1, String::new());
            }
            line[place] = text;
        }
        out.push(line);
    }
    out.iter_mut().for_each(|row| row.resize(columns.len(), String::new()));
    Table { path: path.map(str::to_owned), columns, rows: out }
}

fn flatten(value: &Value, path: &str, depth: usize, out: &mut Vec<(String, String)>) {
    let Value::Object(fields) = value else { return };
    for (name, field) in fields {
        let path = if path.is_empty() { name.clone() } else { format!("{path}.{name}") };
        match field {
            // Objects by a key of data, such as a mail address, are no columns.
            Value::Object(_) if is_keyed_by_data(fields) => {}
            Value::Object(_) if depth > 0 => flatten(field, &path, depth - 1, out),
            Value::Array(items) => match keyed(items) {
                Some(pairs) => out.extend(pairs.into_iter().map(|(key, text)| (format!("{path}.{key}"), text))),
                None => {
                    let texts: Vec<String> = items.iter().map(text).filter(|text| !text.is_empty()).collect();
                    out.push((path, texts.join("|")));
                }
            },
            other => out.push((path, text(other))),
        }
    }
}

/// Whether an object is a list by another way: many objects of the same fields, each under its own key, which is data.
fn is_keyed_by_data(fields: &serde_json::Map<String, Value>) -> bool {
    const MANY: usize = 4;
    let mut objects = fields.values().map(|value| value.as_object().map(|o| o.keys().collect::<Vec<_>>()));
    match objects.next() {
        Some(Some(first)) => fields.len() >= MANY && objects.all(|other| other.as_ref() == Some(&first)),
        _ => false,
    }
}

/// Key and text of each object of a list of two fields, one of which is `value` or the like: GA4's `event_params` has an
/// object there with one field for each type.
fn keyed(items: &[Value]) -> Option<Vec<(String, String)>> {
    let pair = |item: &Value| {
        let fields = item.as_object()?;
        let key = ["key", "id", "name"].iter().find_map(|k| fields.get(*k))?;
        let value = fields.get("value")?;
        let value = match value {
            Value::Object(typed) => typed.values().find(|v| !v.is_null()).map(text).unwrap_or_default(),
            other => text(other),
        };
        (fields.len() == 2).then(|| (text(key), value))
    };
    if items.is_empty() { None } else { items.iter().map(pair).collect() }
}

fn text(value: &Value) -> String {
    match value {
        Value::Null | Value::Object(_) | Value::Array(_) => String::new(),
        Value::String(text) => text.trim().to_owned(),
        other => other.to_string(),
    }
}
