//! The meaning of a source's `consent`: plain names, values that say one thing.
//!
//! In: a source as typed. Out: its columns of consent, in order of purpose and contact.

use super::ConsentColumn;
use super::file::{Holds, SourceFile, SourceValue};
use super::problem::Problems;

/// The columns of consent of a source; `line` finds the line of a key below the source.
pub(super) fn columns(s: &SourceFile, line: impl Fn(&[&str]) -> u64, problems: &mut Problems) -> Vec<ConsentColumn> {
    if s.holds == Holds::Events && !s.consent.is_empty() {
        problems.add(
            line(&["consent"]),
            format!("consent in source {:?}, which holds events", s.name),
            "it belongs to sources that hold people; a log of statements can be read as one",
        );
    }
    let mut found = Vec::new();
    for (purpose, contacts) in &s.consent {
        for (contact, file) in contacts {
            let at = line(&["consent", purpose, contact]);
            for name in [purpose, contact] {
                if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') {
                    problems.add(at, format!("consent {name:?} is no plain name"), "use letters, digits and _");
                }
            }
            let texts = |values: &[SourceValue]| values.iter().map(SourceValue::text).collect::<Vec<_>>();
            let (granted, denied) = (texts(&file.granted), texts(&file.denied));
            if granted.is_empty() && denied.is_empty() {
                problems.add(
                    at,
                    format!("consent {purpose}.{contact} lists no values"),
                    "say which values are `granted` and which are `denied`",
                );
            }
            for value in granted.iter().filter(|value| denied.contains(value)) {
                problems.add(at, format!("consent {purpose}.{contact}: {value:?} is both granted and denied"), "");
            }
            if granted.iter().chain(&denied).any(String::is_empty) {
                problems.add(
                    at,
                    format!("consent {purpose}.{contact} lists an empty value"),
                    "empty is no statement, and no statement is no consent",
                );
            }
            found.push(ConsentColumn {
                purpose: purpose.clone(),
                contact: contact.clone(),
                column: file.column.clone(),
                granted,
                denied,
                at: file.at.clone(),
                may_be_missing: file.may_be_missing,
            });
        }
    }
    found
}
