//! The head of a mart's file: what its table promises to readers, in comments before the query.
//!
//! In: the text of a `.sql` file. Out: a [`Head`], or every problem of it with its line. A comment that begins with none of the words
//! is free text: the definition of the figures in English. That in Japanese stands in comments that begin with 定義.

use super::needs::Need;
use super::problem::{Problems, did_you_mean};
use super::telling::Telling;

/// What a mart's file promises.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Head {
    /// What a row is, in Japanese.
    pub ja: String,
    /// What a row is, in English.
    pub en: String,
    /// The columns that identify a row, in the order in which rows are sorted.
    pub key: Vec<String>,
    /// What the sources have to map.
    pub needs: Vec<Need>,
    /// The figures that `restatement` compares with those of the run before.
    pub restated: Vec<Restated>,
    /// What the report of a run tells of each row.
    pub report: Vec<Telling>,
    /// The columns in order; without any the table has those of the query, and nothing is promised.
    pub columns: Vec<HeadColumn>,
    /// Columns that are null in every row where no source maps something.
    pub nulls: Vec<(String, Need)>,
    /// How the figures are reckoned.
    pub definition: Definition,
}

impl Head {
    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&HeadColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// How the figures of a table are reckoned, in paragraphs: numerator, denominator, window.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Definition {
    /// In Japanese.
    pub ja: Vec<String>,
    /// In English.
    pub en: Vec<String>,
}

impl Definition {
    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        self.ja.is_empty() && self.en.is_empty()
    }
}

/// A column whose figures are told where they are other ones in a later run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Restated {
    /// The column.
    pub column: String,
    /// Whether it is a rank, which also moves where others did.
    pub is_rank: bool,
}

/// A column that a mart's file promises.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeadColumn {
    /// Its name.
    pub name: String,
    /// Its type.
    pub data_type: HeadType,
    /// Whether a row may lack it.
    pub nullable: bool,
    /// What it means, in Japanese.
    pub ja: String,
    /// What it means, in English.
    pub en: String,
    /// What the analyst's profile has of it.
    pub shown: HeadShown,
}

/// The types of columns of marts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadType {
    /// UTF-8 text.
    Text,
    /// 32-bit integer.
    Integer,
    /// 64-bit integer.
    Long,
    /// 64-bit floating point.
    Double,
    /// An exact amount of money.
    Amount,
    /// True or false.
    Boolean,
    /// A day.
    Date,
    /// An instant.
    Timestamp,
    /// Several texts.
    Texts,
}

impl HeadType {
    /// Whether values of the type are numbers.
    pub(super) fn is_number(self) -> bool {
        matches!(self, HeadType::Integer | HeadType::Long | HeadType::Double | HeadType::Amount)
    }
}

/// The types by their names.
const TYPES: [(&str, HeadType); 9] = [
    ("text", HeadType::Text),
    ("integer", HeadType::Integer),
    ("long", HeadType::Long),
    ("double", HeadType::Double),
    ("amount", HeadType::Amount),
    ("boolean", HeadType::Boolean),
    ("date", HeadType::Date),
    ("timestamp", HeadType::Timestamp),
    ("list<text>", HeadType::Texts),
];

/// What the analyst's profile has of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeadShown {
    /// The value.
    Plain,
    /// A keyed hash of it.
    Keyed,
    /// Nothing.
    Hidden,
}

/// The same by their names.
const SHOWN: [(&str, HeadShown); 3] =
    [("plain", HeadShown::Plain), ("keyed", HeadShown::Keyed), ("hidden", HeadShown::Hidden)];

/// The words that begin a line of a head.
const WORDS: [&str; 8] = ["ja", "en", "key", "needs", "restated", "report", "column", "null"];

/// How a comment begins that defines figures in Japanese.
const IN_JAPANESE: &str = "定義:";

/// How a column is written.
const COLUMN: &str = "write `-- column: name | type | 日本語 | English | plain`";

/// How columns are written that lack their data.
const NULL: &str = "write `-- null: visits_30, visits_90 without event.web_visit`";

/// Reads the head of a file, which `problems` name; nothing where it has none, or a problem was added.
pub(crate) fn read(sql: &str, problems: &mut Problems) -> Option<Head> {
    let before = problems.all().len();
    let lines: Vec<(u64, &str, &str)> = commented(sql).filter_map(|(line, text)| worded(line, text)).collect();
    if !lines.iter().any(|(_, word, _)| WORDS.contains(word)) {
        return None;
    }
    let mut head = Head { definition: definition(sql), ..Head::default() };
    // The names of columns, also of those with a mistake: the key may name them.
    let (mut keys, mut names, mut nulls) = (Vec::new(), Vec::new(), Vec::new());
    // They name columns, which may come later.
    let (mut restated, mut report) = (Vec::new(), Vec::new());
    for (line, word, text) in lines {
        match word {
            "ja" => once(&mut head.ja, line, word, text, problems),
            "en" => once(&mut head.en, line, word, text, problems),
            "key" => keys.extend(listed(text).map(|name| (line, name))),
            "needs" => needs(&mut head.needs, line, text, problems),
            "null" => nulls.push((line, text)),
            "restated" => restated.extend(listed(text).map(|name| (line, name))),
            "report" => report.push((line, text)),
            "column" => {
                names.extend(text.split('|').next().map(str::trim));
                column(&mut head.columns, line, text, problems);
            }
            // A word of two letters is near to many.
            _ if word.len() > 2 => {
                if let Some(hint) = did_you_mean(word, WORDS.into_iter().filter(|known| known.len() > 2)) {
                    problems.add(line, format!("a head has no {word:?}"), hint);
                }
            }
            _ => {}
        }
    }
    key(&mut head.key, keys, &names, problems);
    for (line, text) in nulls {
        null(&mut head.nulls, line, text, &names, problems);
    }
    if names.is_empty() && !head.key.is_empty() {
        problems.add(1, "the head has a key and no columns", COLUMN);
    }
    if !head.columns.is_empty() {
        for (word, is_empty, what) in [
            ("ja", head.ja.is_empty(), "what a row is, in Japanese"),
            ("en", head.en.is_empty(), "what a row is, in English"),
            ("key", head.key.is_empty(), "the columns that identify a row, such as customer_id"),
        ] {
            if is_empty && problems.all().len() == before {
                problems.add(
                    1,
                    format!("the head has columns and no {word:?}"),
                    format!("write `-- {word}:` and {what}"),
                );
            }
        }
    }
    // A column with a mistake is none: what names it is no mistake of its own.
    if problems.all().len() == before {
        for (line, text) in restated {
            compared(&mut head.restated, &head.columns, line, text, problems);
        }
        let is_plain = |name: &&String| head.columns.iter().any(|c| c.name == **name && c.shown == HeadShown::Plain);
        if !head.restated.is_empty() && head.key.len() > 1 && !head.key.iter().all(|name| is_plain(&name)) {
            problems.add(
                1,
                "restated figures have a key of several columns, of which one names somebody",
                "an erasure finds a figure by its key: let the key be the customer alone, or columns that are plain",
            );
        }
        for (line, text) in report {
            match Telling::parse(text, &head.columns) {
                Ok(telling) => head.report.push(telling),
                Err((message, hint)) => problems.add(line, message, hint),
            }
        }
    }
    (problems.all().len() == before).then_some(head)
}

/// The comments before the query, with their lines.
fn commented(sql: &str) -> impl Iterator<Item = (u64, &str)> {
    let head = |line: &&str| line.is_empty() || line.starts_with("--");
    let lines = sql.trim_start_matches('\u{feff}').lines().map(str::trim).take_while(head);
    lines.enumerate().filter_map(|(at, line)| Some((at as u64 + 1, line.strip_prefix("--")?.trim())))
}

/// The free text of a head. A line goes on where the one before ended, unless it is indented, which is an entry of a list.
pub(crate) fn definition(sql: &str) -> Definition {
    let mut found = Definition::default();
    let mut goes_on = false;
    for raw in sql.trim_start_matches('\u{feff}').lines().map(str::trim) {
        let Some(text) = raw.strip_prefix("--") else {
            if raw.is_empty() {
                continue;
            }
            break;
        };
        let is_entry = text.starts_with("   ");
        let text = text.trim();
        if let Some(ja) = text.strip_prefix(IN_JAPANESE).or_else(|| text.strip_prefix("定義：")) {
            found.ja.push(ja.trim().to_string());
            continue;
        }
        if text.is_empty() || worded(0, text).is_some_and(|(_, word, _)| WORDS.contains(&word)) {
            goes_on = false;
            continue;
        }
        match found.en.last_mut().filter(|_| goes_on && !is_entry) {
            Some(last) => {
                last.push(' ');
                last.push_str(text);
            }
            None => found.en.push(text.to_string()),
        }
        goes_on = true;
    }
    found
}

/// The word before the colon, and what stands after it.
fn worded(line: u64, text: &str) -> Option<(u64, &str, &str)> {
    let (word, rest) = text.split_once(':')?;
    word.chars().all(|c| c.is_ascii_lowercase()).then_some((line, word, rest.trim()))
}

fn listed(text: &str) -> impl Iterator<Item = &str> {
    text.split(',').map(str::trim).filter(|name| !name.is_empty())
}

fn once(into: &mut String, line: u64, word: &str, text: &str, problems: &mut Problems) {
    if text.is_empty() {
        problems.add(line, format!("{word:?} is empty"), "say what a row is");
    } else if into.is_empty() {
        *into = text.to_string();
    } else {
        problems.add(line, format!("{word:?} stands twice"), "say it in one line");
    }
}

fn needs(into: &mut Vec<Need>, line: u64, text: &str, problems: &mut Problems) {
    for typed in listed(text) {
        match Need::parse(typed) {
            Ok(need) if into.contains(&need) => {}
            Ok(need) => into.push(need),
            Err((message, hint)) => problems.add(line, message, hint),
        }
    }
}

fn null(into: &mut Vec<(String, Need)>, line: u64, text: &str, names: &[&str], problems: &mut Problems) {
    let Some((columns, what)) = text.split_once(" without ") else {
        problems.add(line, "the line names columns, and not without what they are null", NULL);
        return;
    };
    let mut lacking = Vec::new();
    needs(&mut lacking, line, what, problems);
    for column in listed(columns) {
        if !names.contains(&column) {
            let hint = did_you_mean(column, names.iter().copied()).unwrap_or_else(|| NULL.to_string());
            problems.add(line, format!("there is no column {column:?} that could be null"), hint);
        }
        into.extend(lacking.iter().map(|need| (column.to_string(), need.clone())));
    }
}

fn column(into: &mut Vec<HeadColumn>, line: u64, text: &str, problems: &mut Problems) {
    let fields: Vec<&str> = text.split('|').map(str::trim).collect();
    let [name, typed, ja, en, shown] = fields[..] else {
        problems.add(line, format!("a column has five fields, and here are {}", fields.len()), COLUMN);
        return;
    };
    let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    if name.is_empty() || !name.chars().all(is_plain) || name.starts_with(|c: char| c.is_ascii_digit()) {
        problems.add(line, format!("column {name:?} is no plain name"), "use small letters, digits and _");
    }
    if into.iter().any(|known| known.name == name) {
        problems.add(line, format!("column {name:?} stands twice"), "give each column a name of its own");
    }
    for (text, what) in [(ja, "Japanese"), (en, "English")] {
        if text.is_empty() {
            problems.add(line, format!("column {name:?} says nothing in {what}"), COLUMN);
        }
    }
    let (type_name, nullable) = match typed.strip_suffix('?') {
        Some(of) => (of, true),
        None => (typed, false),
    };
    let data_type = named(type_name, &TYPES, line, "type", problems);
    let shown = named(shown, &SHOWN, line, "profile", problems);
    if let (Some(data_type), Some(shown)) = (data_type, shown) {
        into.push(HeadColumn { name: name.into(), data_type, nullable, ja: ja.into(), en: en.into(), shown });
    }
}

/// Adds a column that is compared: `sales`, or `decile rank`.
fn compared(into: &mut Vec<Restated>, columns: &[HeadColumn], line: u64, text: &str, problems: &mut Problems) {
    let (name, is_rank) = match text.split_once(' ') {
        Some((name, rank)) if rank.trim() == "rank" => (name, true),
        _ => (text, false),
    };
    if into.iter().any(|known| known.column == name) {
        problems.add(line, format!("restated names {name:?} twice"), "name each column once");
    } else if columns.iter().any(|column| column.name == name && column.data_type.is_number()) {
        into.push(Restated { column: name.to_string(), is_rank });
    } else {
        let numbers =
            || columns.iter().filter(|column| column.data_type.is_number()).map(|column| column.name.as_str());
        let hint = did_you_mean(name, numbers())
            .unwrap_or_else(|| format!("columns of numbers: {}", numbers().collect::<Vec<_>>().join(", ")));
        problems.add(line, format!("restated names {name:?}, which is no number of the head"), hint);
    }
}

/// The value of a name, or a problem that names the nearest.
fn named<T: Copy>(typed: &str, all: &[(&str, T)], line: u64, what: &str, problems: &mut Problems) -> Option<T> {
    let found = all.iter().find(|(name, _)| *name == typed).map(|(_, value)| *value);
    if found.is_none() {
        let names: Vec<&str> = all.iter().map(|(name, _)| *name).collect();
        let hint = did_you_mean(typed, names.iter().copied()).unwrap_or_else(|| format!("known: {}", names.join(", ")));
        problems.add(line, format!("there is no {what} {typed:?}"), hint);
    }
    found
}

fn key(into: &mut Vec<String>, keys: Vec<(u64, &str)>, columns: &[&str], problems: &mut Problems) {
    for (line, name) in keys {
        if into.iter().any(|known| known == name) {
            problems.add(line, format!("the key names {name:?} twice"), "name each column once");
        } else if !columns.is_empty() && !columns.contains(&name) {
            let hint = did_you_mean(name, columns.iter().copied());
            let hint = hint.unwrap_or_else(|| format!("columns: {}", columns.join(", ")));
            problems.add(line, format!("the key names {name:?}, which is no column of the head"), hint);
        }
        into.push(name.to_string());
    }
}

#[cfg(test)]
#[path = "head_test.rs"]
mod tests;
