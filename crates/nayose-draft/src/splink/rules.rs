//! Splink's blocking rules as rules of the model file: conditions in SQL in, keys out.
//!
//! A rule of nayose is a list of keys that agree. What else a rule of Splink asks is left out: the rule then brings more pairs,
//! none fewer. `OR` makes two rules.

use super::attributes::Attributes;
use super::condition::{is_condition, why};
use super::settings;
use super::sql::{Expr, parse};
use super::value::{Value, same_value};
use super::{Note, NoteKind};

/// A blocking rule.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rule {
    pub(super) name: String,
    /// Features, with the number of their first characters where only these are the key.
    pub(super) keys: Vec<(String, Option<usize>)>,
    /// What is told beside it.
    pub(super) notes: Vec<Note>,
}

/// The rules of a rule; or notes alone, where there is none.
pub(super) fn rules(place: &str, rule: &settings::Rule, attributes: &mut Attributes) -> (Vec<Rule>, Vec<Note>) {
    let note = |kind, text: String| Note { place: place.to_owned(), kind, text, sql: Some(rule.sql.clone()) };
    let left_out = |text: &str| (Vec::new(), vec![note(NoteKind::LeftOut, format!("{text}; the rule is left out"))]);
    if !rule.exploded.is_empty() {
        return left_out("arrays that are exploded have no counterpart: an attribute holds one value a row");
    }
    let Some(expr) = parse(&rule.sql) else { return left_out(super::condition::CUSTOM) };
    let alternatives = match expr {
        Expr::Or(all) => all,
        other => vec![other],
    };
    let (mut rules, mut notes) = (Vec::new(), Vec::new());
    for alternative in &alternatives {
        let parts = match alternative {
            Expr::And(all) => all.as_slice(),
            other => std::slice::from_ref(other),
        };
        let (mut keys, mut lost): (Vec<Value>, Vec<&str>) = (Vec::new(), Vec::new());
        for part in parts {
            match key(part) {
                Some(key) => keys.push(key),
                None if is_condition(part) => lost.push("a key is a value that agrees, and no similarity"),
                None => lost.push(why(part)),
            }
        }
        lost.dedup();
        if keys.is_empty() {
            let text = format!("{}; a rule needs a value that agrees, and is left out", lost.join("; "));
            notes.push(note(NoteKind::LeftOut, text));
            continue;
        }
        let mut rule_notes = Vec::new();
        if !lost.is_empty() {
            let text = format!("{}; the rule is wider without it and brings more pairs", lost.join("; "));
            rule_notes.push(note(NoteKind::Changed, text));
        }
        let mut named: Vec<(String, Option<usize>)> = Vec::new();
        for key in keys.iter().map(|key| attributes.key(key)) {
            if !named.contains(&key) {
                named.push(key);
            }
        }
        rules.push(Rule { name: String::new(), keys: named, notes: rule_notes });
    }
    if let Some(partitions) = rule.salting.filter(|_| !rules.is_empty()) {
        let text = format!(
            "salting ({partitions} partitions) is not needed: work is divided anyway, and results are the same"
        );
        notes.push(Note { place: place.to_owned(), kind: NoteKind::Told, text, sql: None });
    }
    (rules, notes)
}

/// The value whose agreeing a condition asks for.
fn key(expr: &Expr) -> Option<Value> {
    let Expr::Binary { op: "=", left, right } = expr else { return None };
    same_value(left, right)
}

/// Names the rules by their keys, and leaves out those that are there already.
pub(super) fn name(rules: Vec<Rule>) -> (Vec<Rule>, Vec<Note>) {
    let (mut kept, mut notes): (Vec<Rule>, Vec<Note>) = (Vec::new(), Vec::new());
    for mut rule in rules {
        let mut sorted = rule.keys.clone();
        sorted.sort();
        let twin = kept.iter_mut().find(|other| {
            let mut keys = other.keys.clone();
            keys.sort();
            keys == sorted
        });
        if let Some(twin) = twin {
            twin.notes.append(&mut rule.notes);
            notes.push(Note {
                place: format!("blocking rule {}", twin.name),
                kind: NoteKind::Told,
                text: "two rules of Splink have these keys; one brings their pairs".to_owned(),
                sql: None,
            });
            continue;
        }
        let part = |(feature, prefix): &(String, Option<usize>)| {
            let feature = feature.replace('.', "_");
            prefix.map_or_else(|| feature.clone(), |n| format!("{feature}_{n}"))
        };
        let name: Vec<String> = rule.keys.iter().map(part).collect();
        let name = name.join("_");
        // Two rules with one name can be told from `a_b` and `c` beside `a` and `b_c` only.
        let is_taken = |name: &str| kept.iter().any(|other| other.name == name);
        rule.name = match is_taken(&name) {
            false => name,
            true => (2..).map(|n| format!("{name}_{n}")).find(|name| !is_taken(name)).unwrap_or_default(),
        };
        kept.push(rule);
    }
    (kept, notes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(sql: &str) -> String {
        let rule = settings::Rule { sql: sql.to_owned(), ..settings::Rule::default() };
        let mut attributes = Attributes::with_dates(vec!["dob".to_owned()]);
        let (rules, notes) = rules("rule 1", &rule, &mut attributes);
        let (rules, _) = name(rules);
        let text = |rule: &Rule| {
            let keys: Vec<String> =
                rule.keys.iter().map(|(f, n)| n.map_or_else(|| f.clone(), |n| format!("{f}:{n}"))).collect();
            format!("{}{}", keys.join("+"), if rule.notes.is_empty() { "" } else { " wider" })
        };
        let all: Vec<String> = rules.iter().map(text).chain(notes.iter().map(|n| format!("{:?}", n.kind))).collect();
        all.join(" | ")
    }

    #[test]
    fn equal_values_are_keys_and_the_rest_makes_the_rule_wider() {
        let cases = [
            ("l.\"a\" = r.\"a\"", "a"),
            ("(l.a = r.a) AND (l.b = r.b)", "a+b"),
            ("l.a = r.a and l.a = r.a", "a"),
            ("(SUBSTRING(l.a, 1, 2) = SUBSTRING(r.a, 1, 2)) AND (l.dob = r.dob)", "a:2+dob"),
            ("(YEAR(TRY_CAST(l.dob AS DATE)) = YEAR(TRY_CAST(r.dob AS DATE))) AND l.a = r.a", "dob:4+a"),
            ("LOWER(l.a) = LOWER(r.a)", "a"),
            ("l.a = r.a and levenshtein(l.b, r.b) <= 2", "a wider"),
            ("(l.a = r.a) AND (NOT (l.b = r.b))", "a wider"),
            ("(l.a = r.a) OR (l.b = r.b)", "a | b"),
            ("l.a = r.a OR abs(l.b - r.b) < 2", "a | LeftOut"),
            ("l.a = r.b and l.b = r.a", "LeftOut"),
            ("1=1", "LeftOut"),
            ("list_any(l.a, x -> x = r.a)", "LeftOut"),
            ("substr(l.a, 2, 2) = substr(r.a, 2, 2)", "a_part"),
        ];
        for (sql, expected) in cases {
            assert_eq!(read(sql), expected, "{sql}");
        }
    }

    #[test]
    fn salting_is_told_and_exploding_is_left_out() {
        let mut attributes = Attributes::default();
        let mut rule = settings::Rule { sql: "l.a = r.a".to_owned(), salting: Some(4), exploded: Vec::new() };
        let (kept, notes) = rules("rule 1", &rule, &mut attributes);
        assert_eq!((kept.len(), notes.len(), notes[0].kind), (1, 1, NoteKind::Told));
        rule.exploded = vec!["a".to_owned()];
        let (kept, notes) = rules("rule 1", &rule, &mut attributes);
        assert_eq!((kept.len(), notes.len(), notes[0].kind), (0, 1, NoteKind::LeftOut));
    }

    #[test]
    fn rules_with_the_same_keys_are_one() {
        let rule = |keys: &[&str]| Rule {
            name: String::new(),
            keys: keys.iter().map(|k| ((*k).to_owned(), None)).collect(),
            notes: Vec::new(),
        };
        let (kept, notes) = name(vec![rule(&["a", "b"]), rule(&["b", "a"]), rule(&["a_b"])]);
        let names: Vec<&str> = kept.iter().map(|r| r.name.as_str()).collect();
        assert_eq!((names, notes.len()), (vec!["a_b", "a_b_2"], 1));
    }
}
