//! Decisions of people on pairs of records: `decisions.csv` in the pipeline folder.
//!
//! In: lines `left,right,decision,by,at,why,expires,replaces` with records as `channel:record_id` and `same`, `different` or
//! `undecided` as the decision, in UTF-8 or in CP932, as Excel saves it in Japan. Out: checked decisions. The last line on a pair
//! counts, so that a decision is taken back by one more line; the opposite of an earlier line has to name that line's decision in
//! `replaces`. Contradictions between those that count are problems that name both lines.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use encoding_rs::SHIFT_JIS;

use super::problem::Problems;
use super::{Renames, Zone};
use crate::error::{Error, Result};
use nayose_japanese::date::timestamp;
use nayose_matching::identity::cluster::Clusters;

/// A decision that counts.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct Decision {
    /// Line of the file; 0 where it came another way.
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

/// A line of the file, whether it counts or not.
#[derive(Clone, Debug, PartialEq)]
pub struct Line {
    /// The name of the decision, from everything that the line says: `D-` and twelve hexadecimal digits.
    pub id: String,
    /// What it says.
    pub decision: Decision,
    /// It takes back what was decided on its pair.
    pub undecided: bool,
    /// The decision that it names as the one that it replaces.
    pub replaces: Option<String>,
    /// It was made in review and stands in the lake, as this entry of [`DESK`]; else it is a line of the file.
    pub desk: bool,
    /// Digest of the values that whoever decided saw, where that is known.
    pub values: Option<String>,
}

/// The log of decisions that were made in review, below the lake.
pub(crate) const DESK: &str = "desk/decision";

impl Line {
    /// Where it stands, beside others of its file.
    fn place(&self) -> String {
        match self.desk {
            true => format!("entry {} of {DESK}", self.decision.line),
            false => format!("line {}", self.decision.line),
        }
    }

    /// The decision as the file has it.
    pub fn word(&self) -> &'static str {
        match (self.undecided, self.decision.same) {
            (true, _) => "undecided",
            (false, true) => "same",
            (false, false) => "different",
        }
    }

    /// What its two records are, by what it says.
    pub(super) fn people(&self) -> &'static str {
        if self.decision.same { "one person" } else { "two people" }
    }

    /// Its two records, the smaller one first.
    pub fn pair(&self) -> [&(String, String); 2] {
        pair(&self.decision)
    }
}

fn pair(decision: &Decision) -> [&(String, String); 2] {
    let mut pair = [&decision.left, &decision.right];
    pair.sort();
    pair
}

/// The columns; `replaces` may be missing, as files of before do not have it.
pub(super) const COLUMNS: [&str; 8] = ["left", "right", "decision", "by", "at", "why", "expires", "replaces"];

/// Reads and checks the file. `meant` is the zone in which days end, and which channel a former name means.
///
/// # Errors
/// Configuration, if it cannot be read. What is wrong in it goes to `problems`.
pub(super) fn read(path: &Path, meant: (&Zone, &Renames), problems: &mut Problems) -> Result<Vec<Line>> {
    let bytes = std::fs::read(path).map_err(|e| unreadable(path, &e.into()))?;
    checked(path, &decoded(path, &bytes)?.0, meant, problems)
}

/// The text of the file, and whether it is in CP932, which Excel writes in Japan unless it is told otherwise.
pub(super) fn decoded(path: &Path, bytes: &[u8]) -> Result<(String, bool)> {
    match std::str::from_utf8(bytes) {
        Ok(text) => Ok((text.to_string(), false)),
        Err(_) => match SHIFT_JIS.decode_without_bom_handling_and_without_replacement(bytes) {
            Some(text) => Ok((text.into_owned(), true)),
            None => Err(Error::config(format!("{} is neither UTF-8 nor CP932", path.display()))
                .hint("save it again as CSV UTF-8")),
        },
    }
}

fn unreadable(path: &Path, error: &csv::Error) -> Error {
    // What is not UTF-8 is told by its line: the error's own words may hold the row.
    let what = match error.kind() {
        csv::ErrorKind::Io(e) => e.to_string(),
        _ => format!("line {} is not as it should be", error.position().map_or(0, csv::Position::line)),
    };
    Error::config(format!("cannot read {}: {what}", path.display())).hint("check `decisions` in the pipeline file")
}

/// The lines of the file's text.
pub(super) fn checked(path: &Path, text: &str, meant: (&Zone, &Renames), problems: &mut Problems) -> Result<Vec<Line>> {
    problems.in_file(path.display().to_string());
    let unreadable = |e: csv::Error| unreadable(path, &e);
    // A spreadsheet ends lines in two characters, of which the reader counts the second with the next line.
    let text = text.replace("\r\n", "\n");
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).flexible(true).from_reader(text.as_bytes());
    let header: Vec<String> = reader.headers().map_err(unreadable)?.iter().map(str::to_string).collect();
    let header: Vec<&str> = header.iter().map(|h| h.trim_start_matches('\u{feff}')).collect();
    if header != COLUMNS && header != COLUMNS[..7] {
        problems.add(1, "the columns are not as they should be", format!("write the header {}", COLUMNS.join(",")));
        return Ok(Vec::new());
    }
    let mut lines: Vec<Line> = Vec::new();
    for row in reader.records() {
        let row = row.map_err(unreadable)?;
        let place = row.position().map_or(0, |p| p.line());
        lines.extend(line(&row, place, meant, problems));
    }
    name(&mut lines);
    let file = path.display().to_string();
    opposites(&lines, &file, problems);
    contradictions(&lines, &file, problems);
    Ok(lines)
}

/// The lines of the file `file` with those that were made in review after them.
///
/// # Errors
/// Configuration, where they contradict each other; both places are named.
pub(crate) fn together(file: &str, lines: &[Line], desk: Vec<Line>) -> Result<Vec<Line>> {
    let all = beside(lines, desk);
    let mut problems = Problems::default();
    opposites(&all, file, &mut problems);
    contradictions(&all, file, &mut problems);
    problems.into_result().map(|()| all)
}

/// Those of the same lines that contradict another one, in their order; none where all hold together.
pub(crate) fn at_odds(lines: &[Line], desk: Vec<Line>) -> Vec<Line> {
    let all = beside(lines, desk);
    let of_pair = opposed(&all).into_iter().flat_map(|(line, held)| [Some(line), held]).flatten();
    let over_others = contradictory(&all).into_iter().flat_map(|(line, chain)| chain.into_iter().chain([line]));
    let ids: HashSet<&str> = of_pair.chain(over_others).map(|line| line.id.as_str()).collect();
    all.iter().filter(|line| ids.contains(line.id.as_str())).cloned().collect()
}

fn beside(lines: &[Line], desk: Vec<Line>) -> Vec<Line> {
    let mut all = lines.to_vec();
    for mut line in desk {
        // What it replaced may be gone from the file since, or say the same by now.
        let held = all.iter().rev().find(|before| before.pair() == line.pair()).filter(|before| !before.undecided);
        if held.is_none_or(|held| held.decision.same == line.decision.same || had_ended(held, &line)) {
            line.replaces = None;
        }
        all.push(line);
    }
    all
}

/// Gives every line the name of its decision from what it says, which is there in its place. Lines that say the same are told apart
/// by their order.
fn name(lines: &mut [Line]) {
    let mut seen: HashMap<String, u32> = HashMap::new();
    for line in lines {
        let nth = seen.entry(line.id.clone()).and_modify(|n| *n += 1).or_default();
        line.id = id_of(&format!("{}\n{nth}", line.id));
    }
}

/// The name of a decision from what it says.
pub(crate) fn id_of(said: &str) -> String {
    format!("D-{}", &blake3::hash(said.as_bytes()).to_hex()[..12])
}

/// The lines that say the opposite of the one that held on their pair and do not name it, or that name another one; each with the one
/// that held. Otherwise whoever decided first would never see it.
fn opposed(lines: &[Line]) -> Vec<(&Line, Option<&Line>)> {
    let mut last: HashMap<[&(String, String); 2], &Line> = HashMap::new();
    let mut found = Vec::new();
    for line in lines {
        let before = last.insert(line.pair(), line);
        let held = before.filter(|before| !before.undecided && !had_ended(before, line));
        let is_wrong = match &line.replaces {
            Some(named) => held.is_none_or(|held| held.id != *named),
            None => held.is_some_and(|held| !line.undecided && held.decision.same != line.decision.same),
        };
        if is_wrong {
            found.push((line, held));
        }
    }
    found
}

fn opposites(lines: &[Line], file: &str, problems: &mut Problems) {
    for (line, held) in opposed(lines) {
        problems.in_file(if line.desk { DESK } else { file });
        match (held, &line.replaces) {
            (_, Some(named)) => problems.add(
                line.decision.line,
                format!("replaces {named}, which is not the decision that holds for its two records"),
                match held {
                    Some(held) => format!("write {} in `replaces`", held.id),
                    None => "leave `replaces` empty".to_string(),
                },
            ),
            (Some(held), None) => problems.add(
                line.decision.line,
                format!(
                    "decides the opposite of {}, which {} decided, and does not name it",
                    if line.desk && !held.desk { format!("{file}:{}", held.decision.line) } else { held.place() },
                    held.decision.by
                ),
                match line.desk {
                    true => "take the line out of the file, or undo the decision in review".to_string(),
                    false => {
                        format!("write {} in the column `replaces` of the later line, or take one of them out", held.id)
                    }
                },
            ),
            (None, None) => {}
        }
    }
}

/// Whether a decision had expired when another one was made.
pub(super) fn had_ended(before: &Line, later: &Line) -> bool {
    before.decision.expires.is_some_and(|expires| timestamp(&later.decision.at).is_some_and(|at| expires <= at))
}

/// The last line on every pair, those left out that take a decision back.
pub(crate) fn that_count(lines: &[Line]) -> Vec<Decision> {
    lines_that_count(lines).map(|line| line.decision.clone()).collect()
}

fn lines_that_count(lines: &[Line]) -> impl Iterator<Item = &Line> + Clone + '_ {
    let mut last: HashMap<[&(String, String); 2], usize> = HashMap::new();
    for (place, line) in lines.iter().enumerate() {
        last.insert(line.pair(), place);
    }
    lines
        .iter()
        .enumerate()
        .filter(move |(place, line)| last[&line.pair()] == *place && !line.undecided)
        .map(|(_, l)| l)
}

fn line(
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
    if !field(4).is_empty() && timestamp(&field(4)).is_none() {
        problems.add(line, "`at` is neither a date nor a time", "write 2026-04-01 or 2026-04-01T09:30:00+09:00");
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
    let replaces = Some(field(7)).filter(|named| !named.is_empty());
    // As it is typed: neither another name of a channel nor another zone makes it another decision.
    let mut pair = [field(0), field(1)];
    pair.sort();
    let said = pair.into_iter().chain((2..7).map(field)).map(|field| format!("{} {field}", field.len()));
    Some(Line { id: said.collect::<Vec<_>>().join("\n"), decision, undecided, replaces, desk: false, values: None })
}

/// The lines that decide two records to be different which others join, over any chain; each with those others. Of `lines` those that
/// count are asked.
fn contradictory(lines: &[Line]) -> Vec<(&Line, Vec<&Line>)> {
    let lines = lines_that_count(lines);
    let mut places: HashMap<&(String, String), u32> = HashMap::new();
    for record in lines.clone().flat_map(|line| [&line.decision.left, &line.decision.right]) {
        let next = places.len() as u32;
        places.entry(record).or_insert(next);
    }
    let mut joined = Clusters::new(places.len());
    let same = || lines.clone().filter(|line| line.decision.same);
    same().for_each(|line| joined.union(places[&line.decision.left], places[&line.decision.right]));
    let mut found = Vec::new();
    for line in lines.clone().filter(|line| !line.decision.same) {
        let set = joined.find(places[&line.decision.left]);
        if set == joined.find(places[&line.decision.right]) {
            found.push((line, same().filter(|s| joined.find(places[&s.decision.left]) == set).collect()));
        }
    }
    found
}

/// Two records that decisions join must not be decided to be different.
pub(super) fn contradictions(lines: &[Line], file: &str, problems: &mut Problems) {
    for (line, chain) in contradictory(lines) {
        let mut told: Vec<String> = chain.iter().map(|line| line.place()).collect();
        if chain.iter().all(|line| !line.desk) {
            told = chain.iter().map(|line| line.decision.line.to_string()).collect();
            told[0].insert_str(0, "line ");
        }
        let told = told.join(", ");
        problems.in_file(if line.desk { DESK } else { file });
        problems.add(
            line.decision.line,
            format!("decides that two records are different which {told} decides to be the same"),
            match line.desk || chain.iter().any(|line| line.desk) {
                true => "take one of them out of the file, or undo it in review",
                false => "remove one of them",
            },
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::decide::append;

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
    fn a_day_of_expiry_is_a_day_on_which_it_holds() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("decisions.csv");
        let line = ["a:1", "b:1", "same", "k", "2026-01-01", "mail", "2027-03-31", ""].map(str::to_string);
        append(&path, &line, (&Zone::japan(), &Renames::default())).expect("written");
        let mut problems = Problems::default();
        let found = read(&path, (&Zone::japan(), &Renames::default()), &mut problems).expect("readable");
        assert_eq!(found[0].decision.expires, timestamp("2027-04-01T00:00:00+09:00"));
    }

    #[test]
    fn contradictions_name_both_lines() {
        check("a:1,b:1,same,k,2026-01-01,mail,\nb:1,c:1,same,k,2026-01-01,call,\n", &[]);
        check(
            "a:1,b:1,same,k,2026-01-01,mail,\nb:1,c:1,same,k,2026-01-01,call,\nc:1,a:1,different,s,2026-02-01,other birth date,\n",
            &[(4, "line 2, 3")],
        );
        // The last line on a pair counts, where it names the one that it is the opposite of.
        check("a:1,b:1,same,k,,mail,\nb:1,a:1,different,s,,call,\n", &[(3, "opposite of line 2")]);
        check("a:1,b:1,same,k,,mail,\nb:1,a:1,same,s,,call,\n", &[]);
        check("a:1,b:1,same,k,,mail,2026-01-01\nb:1,a:1,different,s,2026-01-02,call,\n", &[]);
        check("a:1,b:1,same,k,,mail,\na:1,b:1,undecided,s,,call,\na:1,b:1,different,s,,call,\n", &[]);
        check(
            "a:1,b1,same,k,,x,\na:1,b:1,maybe,k,,x,\na:1,a:1,same,k,,x,\n",
            &[(2, "channel:record_id"), (3, "neither"), (4, "itself")],
        );
        check("a:1,b:1,same,k,last week,x,\n", &[(2, "neither a date nor a time")]);
    }
}
