//! JSON documents.
//!
//! In: a document and the path of its rows. Out: JSON lines, one object a line. The order of keys and the digits of
//! numbers stay as they are written.

mod copy;
mod path;
mod raw;

use crate::archive::list;
use crate::{Problem, Text};
use copy::{Lists, write_members};
use path::{Step, list_paths, steps_of};
use raw::Raw;

/// The key under which a row has the object that its list stands in.
const PARENT: &str = "parent";

/// The rows of a JSON document as JSON lines of at most `limit` bytes.
///
/// `path` is the keys to the rows with `[*]` behind every list: `[*]`, `users[*]`, `data.customers[*]`,
/// `orders[*].lines[*]`. Without a path the document is a list of objects. A key with a dot in it cannot be named.
///
/// - **Lists inside lists.** `orders[*].lines[*]` gives a row for each line: the keys of the line as they stand, and the
///   order under the key `parent`, without its lists (`parent.id`, `parent.customer.email`). If the order stands in a
///   list too, its outer object is `parent.parent`. A line with a key `parent` of its own keeps it; a warning says so.
/// - **Lists of named values.** A list in which every item is exactly a `key`, `name` or `id` (text or a number) and a
///   `value` becomes an object: `"custom_fields":[{"id":123,"value":"a"}]` is read as `custom_fields.123`. It stays a
///   list if a name comes twice. Such lists of outer objects are kept as well.
pub fn json_rows(bytes: &[u8], path: Option<&str>, limit: usize) -> Result<Text, Problem> {
    let document = Raw::parse(bytes)?;
    let shown = path.unwrap_or("[*]");
    let steps = steps_of(shown)?;
    let mut rows = Rows { path: shown, limit, out: String::new(), lists: 0, rows: 0, without: 0, own_parent: 0 };
    rows.walk(document, &steps, "")?;
    if rows.lists == 0 {
        let paths = list_paths(document);
        let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
        let sentence = match path {
            Some(path) => format!("rows: the document has no list at {path}"),
            None => "the document is no list of objects".to_string(),
        };
        return Err(Problem::new(sentence, format!("lists of objects in it, for `rows:`: {}", list(&paths))));
    }
    let mut warnings = Vec::new();
    if rows.without > 0 {
        warnings.push(format!("rows: {} objects on the way to {shown} have no list there", rows.without));
    }
    if rows.own_parent > 0 {
        warnings.push(format!(
            "rows: {} rows at {shown} have a key parent of their own, so that their outer object cannot be read",
            rows.own_parent
        ));
    }
    Ok(Text { bytes: rows.out.into_bytes(), warnings, ..Text::default() })
}

/// Writes the rows.
struct Rows<'p> {
    path: &'p str,
    limit: usize,
    out: String,
    /// Lists at the whole path.
    lists: usize,
    rows: usize,
    /// Objects that have no list where the path goes on.
    without: usize,
    own_parent: usize,
}

impl Rows<'_> {
    /// Writes the rows below `value`. `parent` is the members of the outer object, without braces.
    fn walk(&mut self, value: Raw<'_>, steps: &[Step], parent: &str) -> Result<(), Problem> {
        match steps {
            [] => self.write(value, parent),
            [Step::Key(key), rest @ ..] => match value.get(key) {
                Some(value) if !value.is_null() => self.walk(value, rest, parent),
                _ => {
                    self.without += 1;
                    Ok(())
                }
            },
            [Step::Items, ..] if !value.is_list() => {
                self.without += 1;
                Ok(())
            }
            [Step::Items, rest @ ..] => {
                self.lists += usize::from(rest.is_empty());
                for item in value.items() {
                    if rest.is_empty() || !item.is_object() {
                        self.walk(item, rest, parent)?;
                    } else {
                        let outer = self.outer(item, parent)?;
                        self.walk(item, rest, &outer)?;
                    }
                }
                Ok(())
            }
        }
    }

    /// The members of an outer object, with its own outer object.
    fn outer(&self, item: Raw<'_>, parent: &str) -> Result<String, Problem> {
        let mut outer = String::new();
        write_members(item, Lists::LeftOut, &mut outer);
        if item.get(PARENT).is_none() {
            write_parent(parent, &mut outer);
        }
        if outer.len() > self.limit { Err(Problem::too_large("the document", self.limit)) } else { Ok(outer) }
    }

    fn write(&mut self, row: Raw<'_>, parent: &str) -> Result<(), Problem> {
        self.rows += 1;
        if !row.is_object() {
            return Err(Problem::new(
                format!("rows: item {} of {} is no object", self.rows, self.path),
                "rows are objects with a key for each column: name the list that has them",
            ));
        }
        let mut line = String::new();
        write_members(row, Lists::Copied, &mut line);
        if !parent.is_empty() {
            if row.get(PARENT).is_some() {
                self.own_parent += 1;
            } else {
                write_parent(parent, &mut line);
            }
        }
        if self.out.len() + line.len() + "{}\n".len() > self.limit {
            return Err(Problem::too_large("the document", self.limit));
        }
        self.out.push('{');
        self.out.push_str(&line);
        self.out.push_str("}\n");
        Ok(())
    }
}

fn write_parent(parent: &str, out: &mut String) {
    if parent.is_empty() {
        return;
    }
    if !out.is_empty() {
        out.push(',');
    }
    for part in ["\"", PARENT, "\":{", parent, "}"] {
        out.push_str(part);
    }
}
