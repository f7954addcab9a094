//! The record of decisions: what the file says now, held against what earlier runs wrote down, to rows of `decision`.
//!
//! In: the lines of the file of decisions, the table `decision` of the run before. Out: the decisions that hold for this run, and
//! the rows that it adds: one for each decision that begins to count, one for each that ends. The file says what holds; the table
//! says what held, since when and until when, and who decided. Decisions that an erasure made stand in the table alone.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray, TimestampMicrosecondArray};
use arrow::datatypes::Int64Type;
use arrow::util::display::array_value_to_string;
use datafusion::prelude::DataFrame;

use super::Keys;
use crate::config::decisions::{DESK, Decision, Line, id_of};
use crate::error::Result;
use crate::lake::snapshot::time_text;
use crate::tables::columns;
use crate::tables::contract::{DECISION, TIME_ZONE, col};
use nayose_japanese::date::timestamp;

/// The event of a decision that begins to count.
pub(crate) const DECIDED: &str = "decided";

/// The event of one whose time is over.
pub(crate) const EXPIRED: &str = "expired";

/// A decision as the table has it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Entry {
    /// Its name.
    pub id: String,
    /// Channel and id of its records, the smaller one first.
    pub pair: [(String, String); 2],
    /// `same`, `different` or `undecided`.
    pub word: String,
    /// Who decided.
    pub by: String,
    at: Option<i64>,
    why: String,
    expires: Option<i64>,
    replaces: Option<String>,
    /// Digest of the values of both records, when it was taken.
    pub values: Option<String>,
    /// The file and its line; none where an erasure made it.
    place: Option<(String, i64)>,
}

impl Entry {
    /// Whether it stands in this file.
    pub(crate) fn is_of(&self, file: &str) -> bool {
        self.place.as_ref().is_some_and(|(own, _)| own == file)
    }

    fn decision(&self) -> Decision {
        Decision {
            line: self.place.as_ref().map_or(0, |(_, line)| *line as u64),
            left: self.pair[0].clone(),
            right: self.pair[1].clone(),
            same: self.word == "same",
            by: self.by.clone(),
            at: self.at.map(time_text).unwrap_or_default(),
            why: self.why.clone(),
            expires: self.expires,
        }
    }
}

/// What the runs before wrote down.
#[derive(Debug, Default)]
pub(crate) struct Recorded {
    /// Those that still count, by their names.
    pub open: BTreeMap<String, Entry>,
    seen: HashSet<String>,
}

impl Recorded {
    /// Reads the table. Rows that name a record of which `erased` is true are none.
    ///
    /// # Errors
    /// As the engine says.
    pub(crate) async fn read(table: DataFrame, erased: impl Fn(&(String, String)) -> bool) -> Result<Self> {
        let (mut recorded, mut balance) = (Recorded::default(), HashMap::<String, i64>::new());
        for batch in table.collect().await? {
            let column = |name: &str| {
                let found = batch.column_by_name(name);
                found.ok_or_else(|| crate::error::Error::bug(format!("table decision lacks {name}")))
            };
            let text = |name: &str| -> Result<StringArray> { Ok(columns::strings(column(name)?)?.clone()) };
            let time = |name: &str| -> Result<TimestampMicrosecondArray> { Ok(columns::times(column(name)?)?.clone()) };
            let [id, event, word, by, why] =
                [col::DECISION_ID, col::EVENT, col::DECISION, col::DECIDED_BY, col::WHY].map(&text);
            let (id, event, word, by, why) = (id?, event?, word?, by?, why?);
            let [cl, rl, cr, rr] = [col::CHANNEL_L, col::RECORD_ID_L, col::CHANNEL_R, col::RECORD_ID_R].map(&text);
            let (cl, rl, cr, rr) = (cl?, rl?, cr?, rr?);
            let (at, expires) = (time(col::DECIDED_AT)?, time(col::EXPIRES)?);
            let (replaces, values, file) = (text(col::REPLACES)?, text(col::VALUES_DIGEST)?, text(col::FILE)?);
            let line = column(col::LINE)?.as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                let own = |of: &StringArray| columns::text_at(of, row).map(str::to_string);
                let pair = [(cl.value(row), rl.value(row)), (cr.value(row), rr.value(row))];
                let pair = pair.map(|(channel, record)| (channel.to_string(), record.to_string()));
                if pair.iter().any(&erased) {
                    continue;
                }
                let id = id.value(row).to_string();
                recorded.seen.insert(id.clone());
                // However the rows come: a decision counts that began once more than it ended.
                *balance.entry(id.clone()).or_default() += if event.value(row) == DECIDED { 1 } else { -1 };
                if event.value(row) == DECIDED {
                    let entry = Entry {
                        id: id.clone(),
                        pair,
                        word: word.value(row).to_string(),
                        by: by.value(row).to_string(),
                        at: at.is_valid(row).then(|| at.value(row)),
                        why: why.value(row).to_string(),
                        expires: expires.is_valid(row).then(|| expires.value(row)),
                        replaces: own(&replaces),
                        values: own(&values),
                        place: own(&file).map(|file| (file, line.value(row))),
                    };
                    recorded.open.insert(id, entry);
                }
            }
        }
        recorded.open.retain(|id, _| balance.get(id).is_some_and(|n| *n > 0));
        Ok(recorded)
    }

    /// The decisions of earlier erasures that hold: those on whose pair the file says nothing.
    pub(crate) fn of_erasures(&self, lines: &[Line]) -> Vec<Decision> {
        let said: HashSet<[&(String, String); 2]> = lines.iter().map(Line::pair).collect();
        let held = self.open.values().filter(|e| e.place.is_none() && !said.contains(&[&e.pair[0], &e.pair[1]]));
        held.map(Entry::decision).collect()
    }

    /// Those that count and stand in a file, or that an erasure made, as lines: what a decision of review must not contradict.
    pub(crate) fn lines(&self) -> Vec<Line> {
        let of_file = self.open.values().filter(|entry| !entry.is_of(DESK));
        let line = |entry: &Entry| Line {
            id: entry.id.clone(),
            decision: entry.decision(),
            undecided: entry.word == "undecided",
            replaces: None,
            desk: false,
            values: entry.values.clone(),
        };
        of_file.map(line).collect()
    }

    /// All decisions that count, as the runs before took them.
    pub(crate) fn that_count(&self) -> Vec<Decision> {
        self.open.values().filter(|entry| entry.word != "undecided").map(Entry::decision).collect()
    }

    /// How many of those that count, or begin to by `changes`, were made on values that are other ones now; `now` has the digests of
    /// today.
    pub(crate) fn on_other_values(&self, changes: &[Change], now: &HashMap<(String, String), String>) -> u64 {
        let other = |e: &&Entry| e.values.is_some() && digest_of(&e.pair, now).is_some_and(|n| Some(n) != e.values);
        let ended: HashSet<&str> = changes.iter().filter(|c| c.event != DECIDED).map(|c| &c.entry.id[..]).collect();
        let begun = changes.iter().filter(|c| c.event == DECIDED && !ended.contains(&c.entry.id[..]));
        let counting = self.open.values().chain(begun.map(|change| &change.entry));
        counting.filter(|e| e.word != "undecided").filter(other).count() as u64
    }
}

/// A row that a run adds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Change {
    /// What happens to the decision.
    pub event: &'static str,
    /// The decision.
    pub entry: Entry,
}

/// What a run adds to the record: `lines` are those of `file` on records that are not erased.
pub(crate) fn changes(lines: &[Line], file: &str, recorded: &Recorded, as_of: i64) -> Vec<Change> {
    let mut later: HashMap<[&(String, String); 2], &Line> = HashMap::new();
    let mut next: Vec<Option<&Line>> = lines.iter().rev().map(|line| later.insert(line.pair(), line)).collect();
    next.reverse();
    let mut before: HashMap<[&(String, String); 2], &str> = HashMap::new();
    let mut changes = Vec::new();
    for (line, next) in lines.iter().zip(next) {
        let replaces = before.insert(line.pair(), &line.id).map(str::to_string);
        let open = recorded.open.get(&line.id);
        let is_open = open.is_some();
        let entry = open.cloned().unwrap_or_else(|| entry_of(line, file, replaces));
        let ended = match next {
            None => line.decision.expires.is_some_and(|expires| expires <= as_of).then_some(EXPIRED),
            Some(next) if next.undecided => Some("taken_back"),
            Some(_) => Some("replaced"),
        };
        let mut add = |event| changes.push(Change { event, entry: entry.clone() });
        match ended {
            None if !is_open => add(DECIDED),
            None => {}
            Some(event) if is_open => add(event),
            // It came and went between two runs, or had ended when nayose first saw it.
            Some(event) if !recorded.seen.contains(&line.id) => {
                add(DECIDED);
                add(event);
            }
            Some(_) => {}
        }
    }
    let named: HashSet<&str> = lines.iter().map(|line| line.id.as_str()).collect();
    for entry in recorded.open.values().filter(|entry| !named.contains(entry.id.as_str())) {
        // A line of the file takes the place of what an erasure decided on its pair.
        let is_said = before.contains_key(&[&entry.pair[0], &entry.pair[1]]);
        let event = match (&entry.place, is_said) {
            (None, false) => continue,
            (None, true) => "replaced",
            (Some((file, _)), _) if file == DESK => "taken_back",
            (Some(_), _) => "withdrawn",
        };
        changes.push(Change { event, entry: entry.clone() });
    }
    changes
}

fn entry_of(line: &Line, file: &str, replaces: Option<String>) -> Entry {
    let d = &line.decision;
    Entry {
        id: line.id.clone(),
        pair: line.pair().map(Clone::clone),
        word: line.word().to_string(),
        by: d.by.clone(),
        at: timestamp(&d.at),
        why: d.why.clone(),
        expires: d.expires,
        replaces,
        values: line.values.clone(),
        place: Some((if line.desk { DESK } else { file }.to_string(), d.line as i64)),
    }
}

/// The rows by which an erasure keeps people apart that its records kept apart.
pub(crate) fn kept_apart(keys: &Keys, pairs: &[(u32, u32)], by: &str, why: &str, at: i64) -> Vec<Change> {
    let of = |(l, r): &(u32, u32)| {
        let pair = [*l.min(r), *l.max(r)].map(|row| keys.of(row));
        let said = format!("{} {} {} {} {at}", pair[0].0, pair[0].1, pair[1].0, pair[1].1);
        let entry = Entry {
            id: id_of(&said),
            pair,
            word: "different".to_string(),
            by: by.to_string(),
            at: Some(at),
            why: why.to_string(),
            expires: None,
            replaces: None,
            values: None,
            place: None,
        };
        Change { event: DECIDED, entry }
    };
    pairs.iter().map(of).collect()
}

/// The records of decisions that changed, by row, with what that is as a cause of events.
pub(crate) fn causes(keys: &Keys, changes: &[Change]) -> HashMap<u32, &'static str> {
    let mut causes = HashMap::new();
    for change in changes {
        for (channel, record) in &change.entry.pair {
            let Some(row) = keys.row(channel, record) else { continue };
            let cause = if change.event == EXPIRED { "decision expired" } else { "decision" };
            // What somebody did counts more than that time went on.
            causes
                .entry(row)
                .and_modify(|had| {
                    if cause == "decision" {
                        *had = cause
                    }
                })
                .or_insert(cause);
        }
    }
    causes
}

/// The digest of what identifies a person in a record: of the values in this row of the columns of a person, in their order.
///
/// # Errors
/// Bug, where a value has no text.
pub(crate) fn digest_of_values(person: &[ArrayRef], row: usize) -> Result<String> {
    let mut hasher = blake3::Hasher::new();
    for column in person {
        let text = array_value_to_string(column, row)?;
        hasher.update(&(text.len() as u64).to_le_bytes());
        hasher.update(text.as_bytes());
    }
    Ok(hasher.finalize().to_hex().to_string())
}

/// The digest of the values of both records of a pair; none where one is not there.
pub(crate) fn digest_of(pair: &[(String, String); 2], values: &HashMap<(String, String), String>) -> Option<String> {
    let [l, r] = pair;
    Some(blake3::hash(format!("{} {}", values.get(l)?, values.get(r)?).as_bytes()).to_hex()[..32].to_string())
}

/// The rows of `decision`, in order. `values` has the digest of every record's values.
///
/// # Errors
/// Bug, if the table cannot be built.
pub(crate) fn table(
    changes: &[Change],
    values: &HashMap<(String, String), String>,
    as_of: i64,
    run_id: &str,
) -> Result<RecordBatch> {
    let mut rows: Vec<&Change> = changes.iter().collect();
    rows.sort_by(|a, b| (&a.entry.id, a.event).cmp(&(&b.entry.id, b.event)));
    let text = |of: &dyn Fn(&Change) -> String| {
        Arc::new(StringArray::from_iter_values(rows.iter().map(|c| of(c)))) as ArrayRef
    };
    let some = |of: &dyn Fn(&Change) -> Option<String>| {
        Arc::new(rows.iter().map(|c| of(c)).collect::<StringArray>()) as ArrayRef
    };
    let time = |of: &dyn Fn(&Change) -> Option<i64>| {
        let times = rows.iter().map(|c| of(c)).collect::<TimestampMicrosecondArray>();
        Arc::new(times.with_timezone(TIME_ZONE)) as ArrayRef
    };
    let digest = |c: &Change| match c.event {
        // Who decided in review saw these values; of a line of the file those count that the run saw that took it.
        DECIDED => c.entry.values.clone().or_else(|| digest_of(&c.entry.pair, values)),
        _ => c.entry.values.clone(),
    };
    let line = rows.iter().map(|c| c.entry.place.as_ref().map(|(_, line)| *line)).collect::<Int64Array>();
    Ok(RecordBatch::try_new(
        DECISION.schema(),
        vec![
            text(&|c| c.entry.id.clone()),
            text(&|c| c.event.to_string()),
            text(&|c| c.entry.pair[0].0.clone()),
            text(&|c| c.entry.pair[0].1.clone()),
            text(&|c| c.entry.pair[1].0.clone()),
            text(&|c| c.entry.pair[1].1.clone()),
            text(&|c| c.entry.word.clone()),
            text(&|c| c.entry.by.clone()),
            time(&|c| c.entry.at),
            text(&|c| c.entry.why.clone()),
            time(&|c| c.entry.expires),
            some(&|c| c.entry.replaces.clone()),
            some(&digest),
            some(&|c| c.entry.place.as_ref().map(|(file, _)| file.clone())),
            Arc::new(line),
            text(&|_| run_id.to_string()),
            time(&|_| Some(as_of)),
        ],
    )?)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as `id left right word [expires]`, against what is open and what was seen; the rows that are added.
    fn check(lines: &[&str], open: &[&str], seen: &[&str], added: &[&str]) {
        let line = |text: &&str| {
            let words: Vec<&str> = text.split(' ').collect();
            let record = |id: &str| ("shop".to_string(), id.to_string());
            let decision = Decision {
                line: 2,
                left: record(words[1]),
                right: record(words[2]),
                same: words[3] == "same",
                by: "k".into(),
                at: String::new(),
                why: "x".into(),
                expires: words.get(4).and_then(|n| n.parse().ok()),
            };
            Line {
                id: words[0].into(),
                decision,
                undecided: words[3] == "undecided",
                replaces: None,
                desk: false,
                values: None,
            }
        };
        let lines: Vec<Line> = lines.iter().map(line).collect();
        let open: Vec<Line> = open.iter().map(line).collect();
        let recorded = Recorded {
            seen: seen.iter().map(|id| id.to_string()).chain(open.iter().map(|l| l.id.clone())).collect(),
            open: open.iter().map(|l| (l.id.clone(), entry_of(l, "decisions.csv", None))).collect(),
        };
        let found = changes(&lines, "decisions.csv", &recorded, 100);
        let found: Vec<String> = found.iter().map(|c| format!("{} {}", c.entry.id, c.event)).collect();
        assert_eq!(found, added);
    }

    #[test]
    fn the_record_has_when_a_decision_began_and_ended() {
        check(&["D1 a b same"], &[], &[], &["D1 decided"]);
        check(&["D1 a b same"], &["D1 a b same"], &[], &[]);
        check(&["D1 a b same", "D2 b a undecided"], &["D1 a b same"], &[], &["D1 taken_back", "D2 decided"]);
        check(&["D1 a b same", "D2 b a different"], &["D1 a b same"], &[], &["D1 replaced", "D2 decided"]);
        check(&[], &["D1 a b same"], &[], &["D1 withdrawn"]);
        // Put into the file again, it counts again.
        check(&["D1 a b same"], &[], &["D1"], &["D1 decided"]);
        check(&["D1 a b same 100"], &["D1 a b same 100"], &[], &["D1 expired"]);
        check(&["D1 a b same 100"], &[], &["D1"], &[]);
        check(&["D1 a b same 101"], &["D1 a b same 101"], &[], &[]);
        // What came and went between two runs is written down all the same.
        check(&["D1 a b same", "D2 a b undecided"], &[], &[], &["D1 decided", "D1 taken_back", "D2 decided"]);
    }
}
