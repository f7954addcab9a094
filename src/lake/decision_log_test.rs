//! Tests of what the entries of the log come to.

use super::*;

/// An entry as `id l r word by`, `confirm id by`, `undo id by` or `assign l r to`.
fn entries(lines: &[&str]) -> Vec<Entry> {
    let at = || "2026-04-01T09:00:00+09:00".to_string();
    let record = |id: &str| format!("shop:{id}");
    lines
        .iter()
        .map(|line| match line.split(' ').collect::<Vec<_>>()[..] {
            ["confirm", id, by] => Entry::Confirmed { id: id.into(), by: by.into(), at: at() },
            ["undo", id, by] => Entry::TakenBack { id: id.into(), by: by.into(), at: at() },
            ["assign", l, r, to] => Entry::Assigned {
                pairs: vec![pair_of([record(l), record(r)])],
                to: to.trim_matches('-').into(),
                by: "boss".into(),
                at: at(),
            },
            [id, l, r, word, by] => Entry::Decided(Decided {
                id: id.into(),
                pair: pair_of([record(l), record(r)]),
                word: match word {
                    "same" | "same2" => Word::Same,
                    "different" => Word::Different,
                    _ => Word::Unsure,
                },
                by: by.into(),
                at: at(),
                why: "x".into(),
                values: Some("v".into()),
                replaces: None,
                second: word == "same2",
            }),
            _ => panic!("{line}"),
        })
        .collect()
}

fn found(lines: &[&str]) -> Decisions {
    let entries: Vec<(u64, Entry)> = (1..).zip(entries(lines)).collect();
    Decisions::of(&entries, entries.len() as u64, &Renames::default())
}

/// The lines that a run honours, as `id word [replaces]`.
fn check(log: &[&str], four_eyes: bool, expected: &[&str]) {
    let found = found(log);
    let line = |line: &Line| match &line.replaces {
        Some(replaces) => format!("{} {} {replaces}", line.id, line.word()),
        None => format!("{} {}", line.id, line.word()),
    };
    assert_eq!(found.lines(four_eyes).iter().map(line).collect::<Vec<_>>(), expected, "{log:?}");
}

#[test]
fn what_is_taken_back_leaves_what_held_before() {
    check(&["D1 a b same k"], false, &["D1 same"]);
    check(&["D1 a b same k", "undo D1 k"], false, &[]);
    check(&["D1 a b same k", "D2 b a different s"], false, &["D1 same", "D2 different D1"]);
    check(&["D1 a b same k", "D2 b a different s", "undo D2 s"], false, &["D1 same"]);
    check(&["D1 a b unsure k"], false, &[]);
}

#[test]
fn four_eyes_are_those_of_two_people() {
    check(&["D1 a b same k"], true, &[]);
    check(&["D1 a b same k", "confirm D1 k"], true, &[]);
    check(&["D1 a b same k", "confirm D1 s"], true, &["D1 same"]);
    // The serving process asked for a second person, whatever the pipeline says.
    check(&["D1 a b same2 k"], false, &[]);
    check(&["D1 a b same2 k", "confirm D1 s"], false, &["D1 same"]);
    // One that waits replaces nothing yet.
    check(&["D1 a b different k", "D2 a b same2 s"], false, &["D1 different"]);
    check(&["D1 a b different k", "D2 a b same2 s", "confirm D2 k"], false, &["D1 different", "D2 same D1"]);
    // One that never counted is not replaced.
    check(&["D1 a b same2 k", "D2 a b different s"], false, &["D2 different"]);
    let lines = found(&["D1 a b same k", "confirm D1 s"]).lines(true);
    assert_eq!(lines[0].decision.why, "x (confirmed by s)");
}

#[test]
fn who_is_unsure_leaves_the_pair_to_others() {
    let pair = |l: &str, r: &str| pair_of([format!("shop:{l}"), format!("shop:{r}")]);
    let decided =
        found(&["D1 a b unsure k", "D2 a c unsure k", "D3 c a same s", "assign a b m", "assign a c m", "assign a c -"]);
    assert_eq!(decided.unsure(&pair("b", "a")), ["k"]);
    assert!(decided.unsure(&pair("a", "c")).is_empty(), "somebody knew");
    assert_eq!((decided.assigned(&pair("a", "b")), decided.assigned(&pair("a", "c"))), (Some("m"), None));
    let day = |by: &str| decided.answers.get(&("2026-04-01".to_string(), by.to_string())).copied();
    assert_eq!((day("k"), day("s")), (Some(2), Some(1)));
    let last = |by: &str| decided.last_by(by).map(|(id, _)| id.as_str());
    assert_eq!([last("s"), last("k"), last("m")], [Some("D3"), Some("D2"), None]);
    let undone = found(&["D1 a b unsure k", "undo D1 k"]);
    assert!(undone.unsure(&pair("a", "b")).is_empty() && undone.answers.is_empty() && undone.last_by("k").is_none());
}

#[test]
fn an_entry_is_read_as_it_was_written() {
    for entry in entries(&["D1 a b same2 k", "D2 a b unsure k", "confirm D1 s", "undo D1 s", "assign a b m"]) {
        let text = serde_json::to_string(&entry).expect("JSON");
        assert_eq!(serde_json::from_str::<Entry>(&text).expect("an entry"), entry, "{text}");
    }
}
