//! The meaning of a source's `consent`: plain names, values that say one thing.
//!
//! In: a source as typed. Out: its columns of consent, in order of purpose and contact.

use super::ConsentColumn;
use super::file::{Holds, SourceFile, SourceValue};
use super::problem::Problems;

/// The columns of consent of a source; `line` finds the line of a key below the source.
pub(super) fn columns(s: &SourceFile, line: impl Fn(&[&str]) -> u64, problems: &mut Problems) -> Vec<ConsentColumn> {
    if s.holds != Holds::People && !s.consent.is_empty() {
        problems.add(
            line(&["consent"]),
            format!("consent in source {:?}, which holds {}", s.name, s.holds.rows()),
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
                problems.add(
                    at,
                    format!("consent {purpose}.{contact}: {value:?} is both granted and denied"),
                    "let it stand in one of the two",
                );
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
                column: file.column.0.clone(),
                granted: spellings(&granted, &denied),
                denied: spellings(&denied, &granted),
                listed: [(&granted, &denied), (&denied, &granted)]
                    .into_iter()
                    .flat_map(|(these, others)| {
                        these.iter().map(|one| (one.clone(), spellings(std::slice::from_ref(one), others)))
                    })
                    .collect(),
                at: file.at.clone(),
                may_be_missing: file.may_be_missing,
            });
        }
    }
    found
}

/// Words of one meaning, in lower case. YAML reads a bare `yes` as true, while the file has `yes`: they are compared by meaning, but
/// only where the word says yes or no and nothing else. A digit that is typed is a code, and means itself.
const MEANINGS: [&[&str]; 2] = [&["true", "yes", "y", "t", "on", "1"], &["false", "no", "n", "f", "off", "0"]];

/// The values in every spelling of one meaning, in lower case; what the other list names stays its own.
fn spellings(values: &[String], others: &[String]) -> Vec<String> {
    let others: Vec<String> = others.iter().map(|other| other.to_lowercase()).collect();
    let mut all: Vec<String> = values.iter().map(|value| value.to_lowercase()).collect();
    for meaning in MEANINGS {
        let is_word = |value: &String| meaning.contains(&value.as_str()) && !matches!(value.as_str(), "0" | "1");
        if all.iter().any(is_word) {
            all.extend(meaning.iter().map(|word| word.to_string()).filter(|word| !others.contains(word)));
        }
    }
    all.sort();
    all.dedup();
    all
}

#[cfg(test)]
mod tests {
    use super::spellings;

    #[test]
    fn a_word_for_yes_is_every_word_for_yes() {
        let of = |values: &[&str], others: &[&str]| {
            let owned = |list: &[&str]| list.iter().map(|v| v.to_string()).collect::<Vec<_>>();
            spellings(&owned(values), &owned(others)).join(" ")
        };
        assert_eq!(of(&["true"], &["false"]), "1 on t true y yes");
        assert_eq!(of(&["希望する"], &["希望しない"]), "希望する");
        assert_eq!(of(&["SUBSCRIBED"], &[]), "subscribed");
        // What the other list names is what that list says.
        assert_eq!(of(&["yes"], &["1"]), "on t true y yes");
        assert_eq!(of(&["0"], &["1"]), "0");
    }
}
