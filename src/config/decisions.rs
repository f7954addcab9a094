//! Decisions of people on pairs of records: `decisions.csv` in the pipeline folder.
//!
//! In: lines `left,right,decision,by,at,why,expires` with records as `channel:record_id` and `same`, `different` or
//! `undecided` as the decision. Out: checked decisions. The last line on a pair counts, so that a decision is taken back by
//! one more line; contradictions between those that count are problems that name both lines.

use std::collections::HashMap;
use std::fs::OpenOptions;
use std::io::{Read, Write};
use std::path::Path;

use super::problem::Problems;
use super::{Renames, Zone};
use crate::error::{Error, Result};
use nayose_matching::identity::cluster::Clusters;

/// A decision.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Decision {
    /// Line of the file.
    pub line: u64,
    /// Channel and id of the left record.
    pub left: (String, String),
    /// Channel and id of the right record.
    pub right: (String, String),
    /// Whether the two are one person.
    pub same: bool,
    /// Who decided.
    pub by: String,
    /// When, as written.
    pub at: String,
    /// Why.
    pub why: String,
    /// From when on it does not hold any more, microseconds.
    pub expires: Option<i64>,
}

const COLUMNS: [&str; 7] = ["left", "right", "decision", "by", "at", "why", "expires"];

/// Reads and checks the file.
///
/// # Errors
/// Configuration, if it cannot be read. What is wrong in it goes to `problems`.
pub(super) fn read(path: &Path, said: (&Zone, &Renames), problems: &mut Problems) -> Result<Vec<Decision>> {
    let text = std::fs::read(path).map_err(|e| unreadable(path, &e.into()))?;
    checked(path, &text, said, problems)
}

fn unreadable(path: &Path, error: &csv::Error) -> Error {
    // What is not UTF-8 is told by its line: the error's own words may hold the row.
    let what = match error.kind() {
        csv::ErrorKind::Io(e) => e.to_string(),
        _ => format!("line {} is not as it should be", error.position().map_or(0, csv::Position::line)),
    };
    Error::config(format!("cannot read {}: {what}", path.display())).hint("check `decisions` in the pipeline file")
}

/// The decisions of the file's text.
fn checked(path: &Path, text: &[u8], said: (&Zone, &Renames), problems: &mut Problems) -> Result<Vec<Decision>> {
    problems.in_file(path.display().to_string());
    let unreadable = |e: csv::Error| unreadable(path, &e);
    // A spreadsheet ends lines in two characters, of which the reader counts the second with the next line.
    let next = text.iter().skip(1).chain([&b'\n']);
    let text: Vec<u8> = text.iter().zip(next).filter(|pair| *pair != (&b'\r', &b'\n')).map(|(byte, _)| *byte).collect();
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_slice());
    let header: Vec<String> = reader.headers().map_err(unreadable)?.iter().map(str::to_string).collect();
    if header.iter().map(|h| h.trim_start_matches('\u{feff}')).ne(COLUMNS) {
        problems.add(1, "the columns are not as they should be", format!("write the header {}", COLUMNS.join(",")));
        return Ok(Vec::new());
    }
    let mut lines = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        let line = row.position().map_or(0, |p| p.line());
        lines.extend(decision(&row, line, said, problems));
    }
    let decisions = that_count(lines);
    contradictions(&decisions, problems);
    Ok(decisions)
}

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
/// Configuration, where it contradicts them or the file is not as it should be; environment, where it cannot be written.
pub fn append(path: &Path, fields: &[String; 7], said: (&Zone, &Renames)) -> Result<()> {
    start(path)?;
    let failed = |e: std::io::Error| {
        Error::environment(format!("cannot write {}: {e}", path.display())).hint("check the folder's permissions")
    };
    // Of two that decide at once the second waits, and sees what the first wrote. The file stays the one that it is: its mode, its
    // links.
    let mut file = OpenOptions::new().read(true).append(true).open(path).map_err(failed)?;
    file.lock().map_err(failed)?;
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(failed)?;
    let check = |text: &[u8]| {
        let mut problems = Problems::default();
        checked(path, text, said, &mut problems).and_then(|_| problems.into_result())
    };
    check(&text)?;
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(fields).map_err(|e| failed(e.into()))?;
    let mut line = writer.into_inner().map_err(|e| failed(e.into_error()))?;
    if !text.ends_with(b"\n") {
        line.insert(0, b'\n');
    }
    text.extend(&line);
    check(&text)?;
    file.write_all(&line).and_then(|()| file.sync_all()).map_err(failed)
}

/// The last line on every pair, those left out that take a decision back.
fn that_count(lines: Vec<Line>) -> Vec<Decision> {
    let mut last: HashMap<[(String, String); 2], usize> = HashMap::new();
    for (place, line) in lines.iter().enumerate() {
        let mut pair = [line.decision.left.clone(), line.decision.right.clone()];
        pair.sort();
        last.insert(pair, place);
    }
    let counts: std::collections::HashSet<usize> = last.into_values().collect();
    let kept = lines.into_iter().enumerate().filter(|(place, line)| counts.contains(place) && !line.undecided);
    kept.map(|(_, line)| line.decision).collect()
}

/// A line of the file.
struct Line {
    decision: Decision,
    /// It takes back what was decided on its pair.
    undecided: bool,
}

fn decision(
    row: &csv::StringRecord,
    line: u64,
    (zone, renames): (&Zone, &Renames),
    problems: &mut Problems,
) -> Option<Line> {
    let field = |i: usize| row.get(i).unwrap_or_default().to_string();
    let record = |text: &str| text.split_once(':').map(|(c, id)| (renames.today(c).to_string(), id.to_string()));
    let (Some(left), Some(right)) = (record(&field(0)), record(&field(1))) else {
        problems.add(line, "a record is not written as channel:record_id", "write shop:C0001");
        return None;
    };
    let (same, undecided) = match field(2).as_str() {
        "same" => (true, false),
        "different" => (false, false),
        "undecided" => (false, true),
        _ => {
            problems.add(
                line,
                "the decision is neither same, nor different, nor undecided",
                "write one of the three words",
            );
            return None;
        }
    };
    if left == right {
        problems.add(line, "a record is decided on with itself", "name the other record");
        return None;
    }
    if field(3).is_empty() || field(5).is_empty() {
        problems.add(line, "a decision needs who decided (`by`) and `why`", "fill both columns in");
    }
    let expires = match field(6) {
        empty if empty.is_empty() => None,
        typed => {
            let time = zone.expiry(&typed);
            if time.is_none() {
                problems.add(line, "`expires` is no date", "write 2027-03-31, or nothing");
            }
            time
        }
    };
    let decision = Decision { line, left, right, same, by: field(3), at: field(4), why: field(5), expires };
    Some(Line { decision, undecided })
}

/// Two records that decisions join, over any chain, must not be decided to be different.
fn contradictions(decisions: &[Decision], problems: &mut Problems) {
    let mut places: HashMap<&(String, String), u32> = HashMap::new();
    for record in decisions.iter().flat_map(|d| [&d.left, &d.right]) {
        let next = places.len() as u32;
        places.entry(record).or_insert(next);
    }
    let mut joined = Clusters::new(places.len());
    for d in decisions.iter().filter(|d| d.same) {
        joined.union(places[&d.left], places[&d.right]);
    }
    for d in decisions.iter().filter(|d| !d.same) {
        let set = joined.find(places[&d.left]);
        if set == joined.find(places[&d.right]) {
            let chain: Vec<String> = decisions
                .iter()
                .filter(|s| s.same && joined.find(places[&s.left]) == set)
                .map(|s| s.line.to_string())
                .collect();
            problems.add(
                d.line,
                format!(
                    "decides that two records are different which line {} decides to be the same",
                    chain.join(", ")
                ),
                "remove one of them",
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(rows: &str, expected: &[(u64, &str)]) {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("decisions.csv");
        std::fs::write(&path, format!("left,right,decision,by,at,why,expires\n{rows}")).expect("written");
        let mut problems = Problems::default();
        read(&path, (&Zone::japan(), &Renames::default()), &mut problems).expect("readable");
        let found: Vec<(u64, String)> = problems.all().iter().map(|p| (p.line, p.message.clone())).collect();
        assert_eq!(found.len(), expected.len(), "{found:?}");
        for ((line, message), (at, part)) in found.iter().zip(expected) {
            assert!(line == at && message.contains(part), "{found:?}");
        }
    }

    #[test]
    fn a_decision_is_appended_unless_it_contradicts() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("decisions.csv");
        let line =
            |l: &str, r: &str, decision: &str| [l, r, decision, "k", "2026-01-01", "a, \"b\"", ""].map(str::to_string);
        append(&path, &line("a:1", "b:1", "same"), (&Zone::japan(), &Renames::default()))
            .expect("the first makes the file");
        append(&path, &line("b:1", "c:1", "same"), (&Zone::japan(), &Renames::default())).expect("the second");
        let before = std::fs::read_to_string(&path).expect("the file");
        let refused = append(&path, &line("c:1", "a:1", "different"), (&Zone::japan(), &Renames::default()))
            .expect_err("a contradiction");
        assert!(refused.to_string().contains("line 2, 3"), "{refused}");
        assert_eq!(std::fs::read_to_string(&path).expect("the file"), before);
        append(&path, &line("a:1", "b:1", "undecided"), (&Zone::japan(), &Renames::default())).expect("taken back");
        append(&path, &line("c:1", "a:1", "different"), (&Zone::japan(), &Renames::default()))
            .expect("no contradiction any more");
        let mut problems = Problems::default();
        let counting = read(&path, (&Zone::japan(), &Renames::default()), &mut problems).expect("readable");
        assert_eq!(counting.iter().map(|d| (d.line, d.same)).collect::<Vec<_>>(), [(3, true), (5, false)]);
        assert_eq!(counting[0].why, "a, \"b\"");
    }

    #[test]
    fn a_day_of_expiry_is_a_day_on_which_it_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("decisions.csv");
        let line = ["a:1", "b:1", "same", "k", "2026-01-01", "mail", "2027-03-31"].map(str::to_string);
        append(&path, &line, (&Zone::japan(), &Renames::default())).expect("written");
        let mut problems = Problems::default();
        let found = read(&path, (&Zone::japan(), &Renames::default()), &mut problems).expect("readable");
        assert_eq!(found[0].expires, nayose_japanese::date::timestamp("2027-04-01T00:00:00+09:00"));
    }

    #[test]
    fn contradictions_name_both_lines() {
        check("a:1,b:1,same,k,2026-01-01,mail,\nb:1,c:1,same,k,2026-01-01,call,\n", &[]);
        check(
            "a:1,b:1,same,k,2026-01-01,mail,\nb:1,c:1,same,k,2026-01-01,call,\nc:1,a:1,different,s,2026-02-01,other birth date,\n",
            &[(4, "line 2, 3")],
        );
        // The last line on a pair counts.
        check("a:1,b:1,same,k,,mail,\nb:1,a:1,different,s,,call,\n", &[]);
        check("a:1,b:1,same,k,,mail,\na:1,b:1,undecided,s,,call,\na:1,b:1,different,s,,call,\n", &[]);
        check(
            "a:1,b1,same,k,,x,\na:1,b:1,maybe,k,,x,\na:1,a:1,same,k,,x,\n",
            &[(2, "channel:record_id"), (3, "neither"), (4, "itself")],
        );
    }
}
