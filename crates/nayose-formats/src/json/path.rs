//! Paths to the rows of a document.
//!
//! In: a path as it is configured, or a document. Out: its steps, or the paths of the lists that a document has.

use super::raw::Raw;
use crate::Problem;

/// A step into a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// The value of this key.
    Key(String),
    /// Every item of the list.
    Items,
}

/// The steps of a path such as `data.users[*]`. It ends at a list.
pub(super) fn steps_of(path: &str) -> Result<Vec<Step>, Problem> {
    let wrong = || {
        Problem::new(
            format!("rows: {path} is no path to a list"),
            "write keys with dots between them and [*] behind every list: users[*], data.orders[*].lines[*], or [*]",
        )
    };
    let mut steps = Vec::new();
    for (index, part) in path.split('.').enumerate() {
        let key = part.trim_end_matches("[*]");
        if key.contains(['[', ']']) || (key.is_empty() && (index > 0 || part.is_empty())) {
            return Err(wrong());
        }
        if !key.is_empty() {
            steps.push(Step::Key(key.to_string()));
        }
        steps.extend(std::iter::repeat_n(Step::Items, (part.len() - key.len()) / "[*]".len()));
    }
    if steps.last() == Some(&Step::Items) { Ok(steps) } else { Err(wrong()) }
}

/// The first of the lists of objects in a document.
pub(super) fn list_paths(document: Raw<'_>) -> Vec<String> {
    let mut paths = Vec::new();
    collect(document, "", &mut paths);
    paths
}

/// The most paths, and the items of each list that are looked at for more: a message is for reading.
const LOOKED_AT: usize = 50;

/// The longest path in a message, in bytes.
const LONGEST: usize = 200;

fn collect(value: Raw<'_>, path: &str, paths: &mut Vec<String>) {
    // A key that is no plain word may be a person's: a path through it is not shown.
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | '[' | ']' | '*');
    if !path.chars().all(plain) {
        return;
    }
    if paths.len() >= LOOKED_AT || path.len() > LONGEST {
        return;
    }
    if value.is_list() {
        let path = format!("{path}[*]");
        for item in value.items().take(LOOKED_AT) {
            if item.is_object() && !paths.contains(&path) {
                paths.push(path.clone());
            }
            collect(item, &path, paths);
        }
    }
    for (key, value) in value.members().take(LOOKED_AT * 10) {
        if value.is_list() || value.is_object() {
            let key = key.string().unwrap_or_default();
            let dot = if path.is_empty() { "" } else { "." };
            collect(value, &format!("{path}{dot}{key}"), paths);
        }
    }
}
