//! A decision from the command line: held against those of the file, and appended to it.
//!
//! In: the file, the fields of a line. Out: the file with one more line, or why it does not go with those that are there, in the words of
//! the command: the line that was typed is in no file.

use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;

use encoding_rs::SHIFT_JIS;

use super::decisions::{COLUMNS, Line, checked, contradictions, decoded, had_ended};
use super::problem::Problems;
use super::{Renames, Zone};
use crate::error::{Error, Result};

/// Makes the file with its header, where it is not there.
pub(super) fn start(path: &Path) -> Result<()> {
    let made = OpenOptions::new().write(true).create_new(true).open(path);
    match made.and_then(|mut file| file.write_all(format!("{}\n", COLUMNS.join(",")).as_bytes())) {
        Err(e) if e.kind() != std::io::ErrorKind::AlreadyExists => {
            Err(Error::environment(format!("cannot write {}: {e}", path.display()))
                .hint("check the folder's permissions"))
        }
        _ => Ok(()),
    }
}

/// Appends a decision to the file, or makes the file, after holding it against those that are there.
///
/// # Errors
/// Usage, where it contradicts them; configuration, where the file is not as it should be; environment, where it cannot be written.
pub(crate) fn append(path: &Path, fields: &[String; 8], meant: (&Zone, &Renames)) -> Result<String> {
    start(path)?;
    let failed = |e: std::io::Error| {
        Error::environment(format!("cannot write {}: {e}", path.display())).hint("check the folder's permissions")
    };
    // Of two that decide at once the second waits, and sees what the first wrote. The file stays the one that it is: its mode, its
    // links.
    let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(failed)?;
    let (mut text, is_cp932) = decoded(path, &bytes)?;
    let check = |text: &str| {
        let mut problems = Problems::default();
        checked(path, text, meant, &mut problems).and_then(|lines| problems.into_result().map(|()| lines))
    };
    let before = check(&text)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields).map_err(|e| failed(e.into()))?;
    let line = writer.into_inner().map_err(|e| failed(e.into_error()))?;
    let mut line = String::from_utf8(line).map_err(|_| Error::bug("a line of decisions is no text"))?;
    if !text.ends_with('\n') {
        line.insert(0, '\n');
    }
    text.push_str(&line);
    let mut problems = Problems::default();
    let lines = checked(path, &text, meant, &mut problems)?;
    refused(path, &lines, &before, &problems)?;
    let bytes = match SHIFT_JIS.encode(&line) {
        _ if !is_cp932 => line.into_bytes(),
        (bytes, _, false) => bytes.into_owned(),
        _ => {
            return Err(Error::usage(format!("{} is in CP932, which lacks a character of the line", path.display()))
                .hint("save the file as CSV UTF-8 first, or write --by and --why otherwise"));
        }
    };
    file.write_all(&bytes).and_then(|()| file.sync_all()).map_err(failed)?;
    lines.last().map(|line| line.id.clone()).ok_or_else(|| Error::bug("a decision was appended and is not there"))
}

/// Refuses what does not go with the lines that are there, `before`; `lines` are these with the one that was typed.
fn refused(path: &Path, lines: &[Line], before: &[Line], problems: &Problems) -> Result<()> {
    let Some(problem) = problems.all().first() else { return Ok(()) };
    let Some(typed) = lines.last().filter(|_| lines.len() > before.len()) else {
        return Err(Error::usage(&problem.message).hint(&problem.hint));
    };
    let on_pair = before.iter().rev().find(|line| line.pair() == typed.pair());
    let held = on_pair.filter(|before| !before.undecided && !had_ended(before, typed));
    if let Some(named) = typed.replaces.as_ref().filter(|named| held.is_none_or(|held| held.id != **named)) {
        let remedy = match held {
            Some(held) => format!("write --replaces {}", held.id),
            None => "leave --replaces out".to_string(),
        };
        return Err(Error::usage(format!("{named} is not the decision that holds for the two records")).hint(remedy));
    }
    let is_opposite = |held: &&Line| !typed.undecided && held.decision.same != typed.decision.same;
    if let Some(held) = held.filter(|held| typed.replaces.is_none() && is_opposite(held)) {
        let at = if held.decision.at.is_empty() { String::new() } else { format!(" at {}", held.decision.at) };
        let (id, place) = (&held.id, format!("{}:{}", path.display(), held.decision.line));
        let sentence = format!("{} decided{at} that the two are {}: {id}, {place}", held.decision.by, held.people());
        return Err(
            Error::usage(sentence).hint(format!("if they are {} all the same, add --replaces {id}", typed.people()))
        );
    }
    let mut of_others = Problems::default();
    contradictions(lines, &path.display().to_string(), &mut of_others);
    Err(match of_others.all().first() {
        Some(other) if other.line == typed.decision.line => {
            Error::usage(format!("{} says otherwise: the decision {}", path.display(), other.message))
                .hint("look at those lines; `nayose decide undecided` takes one back")
        }
        Some(other) => Error::usage(format!(
            "{} says otherwise: with the decision as line {}, line {} {}",
            path.display(),
            typed.decision.line,
            other.line,
            other.message
        ))
        .hint("look at those lines; `nayose decide undecided` takes one back"),
        None => Error::usage(&problem.message).hint(&problem.hint),
    })
}

#[cfg(test)]
mod tests {
    use super::super::decisions::{read, that_count};
    use super::*;

    #[test]
    fn a_decision_is_appended_unless_it_contradicts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("decisions.csv");
        let line = |l: &str, r: &str, decision: &str| {
            [l, r, decision, "k", "2026-01-01", "a, \"b\"", "", ""].map(str::to_string)
        };
        append(&path, &line("a:1", "b:1", "same"), (&Zone::japan(), &Renames::default()))
            .expect("the first makes the file");
        append(&path, &line("b:1", "c:1", "same"), (&Zone::japan(), &Renames::default())).expect("the second");
        let before = std::fs::read_to_string(&path).expect("the file");
        let refused = append(&path, &line("c:1", "a:1", "different"), (&Zone::japan(), &Renames::default()))
            .expect_err("a contradiction");
        let refused = refused.to_string();
        assert!(refused.contains("line 2, 3") && !refused.contains(":4"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), before);
        append(&path, &line("a:1", "b:1", "undecided"), (&Zone::japan(), &Renames::default())).expect("taken back");
        append(&path, &line("c:1", "a:1", "different"), (&Zone::japan(), &Renames::default()))
            .expect("no contradiction any more");
        let mut problems = Problems::default();
        let counting =
            that_count(&read(&path, (&Zone::japan(), &Renames::default()), &mut problems).expect("readable"));
        assert_eq!(counting.iter().map(|d| (d.line, d.same)).collect::<Vec<_>>(), [(3, true), (5, false)]);
        assert_eq!(counting[0].why, "a, \"b\"");
    }

    #[test]
    fn an_opposite_decision_names_the_one_that_it_replaces() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("decisions.csv");
        let append = |decision: &str, replaces: &str| {
            let line = ["a:1", "b:1", decision, "k", "2026-01-01", "x", "", replaces];
            append(&path, &line.map(str::to_string), (&Zone::japan(), &Renames::default()))
        };
        let first = append("same", "").expect("the first");
        let refused = append("different", "").expect_err("the opposite").to_string();
        let (said, remedy) =
            (format!("k decided at 2026-01-01 that the two are one person: {first}, "), format!("--replaces {first}"));
        assert!(
            refused.contains(&said) && refused.contains("decisions.csv:2") && refused.contains(&remedy),
            "{refused}"
        );
        assert!(!refused.contains(":3") && refused.contains("if they are two people all the same"), "{refused}");
        let other = append("different", "D-000000000000").expect_err("another one").to_string();
        assert!(other.contains("D-000000000000 is not") && other.contains(&remedy) && !other.contains(":3"), "{other}");
        let second = append("different", &first).expect("named");
        assert_ne!(first, second);
        assert!(append("same", &first).is_err(), "that one holds no more");
        append("undecided", "").expect("taken back");
        // What says the same once more is another decision.
        assert_ne!(append("same", "").expect("again"), first);
    }

    #[test]
    fn a_file_of_excel_is_read_and_added_to_as_it_is() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("decisions.csv");
        let text = "left,right,decision,by,at,why,expires\r\na:1,b:1,same,田中,2026/1/5,電話で確認,\r\n";
        std::fs::write(&path, SHIFT_JIS.encode(text).0).expect("written");
        let line = |by: &str| ["a:2", "b:2", "same", by, "2026-01-06", "窓口", "", ""].map(str::to_string);
        append(&path, &line("鈴木"), (&Zone::japan(), &Renames::default())).expect("added");
        assert!(
            append(&path, &line("👤"), (&Zone::japan(), &Renames::default()))
                .expect_err("no character of CP932")
                .to_string()
                .contains("CP932")
        );
        let mut problems = Problems::default();
        let lines = read(&path, (&Zone::japan(), &Renames::default()), &mut problems).expect("readable");
        assert!(problems.is_empty(), "{problems:?}");
        assert_eq!(lines.iter().map(|l| l.decision.by.as_str()).collect::<Vec<_>>(), ["田中", "鈴木"]);
        std::fs::write(&path, b"left,\xff\xff").expect("written");
        assert!(
            read(&path, (&Zone::japan(), &Renames::default()), &mut problems)
                .expect_err("nothing that is known")
                .to_string()
                .contains("CSV UTF-8")
        );
    }
}
