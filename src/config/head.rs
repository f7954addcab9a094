//! The head of a mart's file: what its table promises to readers, in comments before the query.
//!
//! In: the text of a `.sql` file. Out: a [`Head`], or every problem of it with its line. A comment that begins with none of the words
//! is free text.

use super::needs::Need;
use super::problem::{Problems, did_you_mean};

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
    /// The columns in order; without any the table has those of the query, and nothing is promised.
    pub columns: Vec<HeadColumn>,
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
const WORDS: [&str; 5] = ["ja", "en", "key", "needs", "column"];

/// How a column is written.
const COLUMN: &str = "write `-- column: name | type | 日本語 | English | plain`";

/// Reads the head of a file, which `problems` name; nothing where it has none, or a problem was added.
pub(crate) fn read(sql: &str, problems: &mut Problems) -> Option<Head> {
    let before = problems.all().len();
    let lines: Vec<(u64, &str, &str)> = commented(sql).filter_map(|(line, text)| worded(line, text)).collect();
    if !lines.iter().any(|(_, word, _)| WORDS.contains(word)) {
        return None;
    }
    let mut head = Head::default();
    // The names of columns, also of those with a mistake: the key may name them.
    let (mut keys, mut names) = (Vec::new(), Vec::new());
    for (line, word, text) in lines {
        match word {
            "ja" => once(&mut head.ja, line, word, text, problems),
            "en" => once(&mut head.en, line, word, text, problems),
            "key" => keys.extend(listed(text).map(|name| (line, name))),
            "needs" => needs(&mut head.needs, line, text, problems),
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
    (problems.all().len() == before).then_some(head)
}

/// The comments before the query, with their lines.
fn commented(sql: &str) -> impl Iterator<Item = (u64, &str)> {
    let head = |line: &&str| line.is_empty() || line.starts_with("--");
    let lines = sql.trim_start_matches('\u{feff}').lines().map(str::trim).take_while(head);
    lines.enumerate().filter_map(|(at, line)| Some((at as u64 + 1, line.strip_prefix("--")?.trim())))
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
mod tests {
    use super::*;

    fn problems_of(sql: &str) -> Vec<String> {
        let mut problems = Problems::default();
        read(sql, &mut problems);
        problems.all().iter().map(|p| format!("{}: {} ({})", p.line, p.message, p.hint)).collect()
    }

    const GOOD: &str = "\
-- ja: 媒体ごとの費用
-- en: spend by medium
-- key: medium
-- needs: medium_spend, event.message
-- column: medium | text | 媒体 | medium | plain
-- column: roas | double? | 広告費用対効果 | return on spend | hidden
-- Numerator: sales of the month.
select 1 -- key: none
";

    #[test]
    fn a_head_is_read_up_to_the_query() {
        let mut problems = Problems::default();
        let head = read(GOOD, &mut problems).expect("a head");
        assert!(problems.is_empty(), "{:?}", problems.all());
        assert_eq!((head.ja.as_str(), head.en.as_str()), ("媒体ごとの費用", "spend by medium"));
        assert_eq!(head.key, ["medium"]);
        assert_eq!(head.needs, [Need::Table("medium_spend".into()), Need::Event("message".into())]);
        let columns: Vec<_> =
            head.columns.iter().map(|c| (c.name.as_str(), c.data_type, c.nullable, c.shown)).collect();
        let medium = ("medium", HeadType::Text, false, HeadShown::Plain);
        assert_eq!(columns, [medium, ("roas", HeadType::Double, true, HeadShown::Hidden)]);
    }

    #[test]
    fn a_file_without_the_words_has_no_head() {
        let mut problems = Problems::default();
        assert_eq!(read("-- Note: what a row is\n-- as_of: now\n\nselect 1", &mut problems), None);
        assert!(problems.is_empty());
    }

    #[test]
    fn needs_alone_promise_no_columns() {
        let head = read("-- needs: event.message\nselect 1", &mut Problems::default()).expect("a head");
        assert!(head.columns.is_empty() && head.needs.len() == 1);
    }

    /// What is replaced in a good head → what is said of it.
    #[test]
    fn every_mistake_of_a_head_is_told_with_its_line() {
        let rows = [
            ("double?", "duoble?", "6: there is no type \"duoble\" (did you mean \"double\"?)"),
            ("| hidden", "| hiden", "6: there is no profile \"hiden\" (did you mean \"hidden\"?)"),
            ("roas |", "medium |", "6: column \"medium\" stands twice (give each column a name of its own)"),
            ("roas |", "ROAS |", "6: column \"ROAS\" is no plain name (use small letters, digits and _)"),
            ("| 媒体 |", "| |", &format!("5: column \"medium\" says nothing in Japanese ({COLUMN})")),
            (" | plain", "", &format!("5: a column has five fields, and here are 4 ({COLUMN})")),
            (
                "key: medium",
                "key: medum",
                "3: the key names \"medum\", which is no column of the head (did you mean \"medium\"?)",
            ),
            ("key: medium", "key: medium, medium", "3: the key names \"medium\" twice (name each column once)"),
            (
                "-- key: medium\n",
                "",
                "1: the head has columns and no \"key\" (write `-- key:` and the columns that identify a row, such as customer_id)",
            ),
            ("-- key:", "-- keys:", "3: a head has no \"keys\" (did you mean \"key\"?)"),
            (
                "-- ja: 媒体ごとの費用\n",
                "",
                "1: the head has columns and no \"ja\" (write `-- ja:` and what a row is, in Japanese)",
            ),
            ("-- en: spend by medium", "-- ja: 費用", "2: \"ja\" stands twice (say it in one line)"),
            (
                "medium_spend",
                "medium_spent",
                "4: \"medium_spent\" is nothing that a pipeline maps (did you mean \"medium_spend\"?)",
            ),
            (
                "event.message",
                "interaction.amout",
                "4: interaction has no column \"amout\" that a source maps (did you mean \"amount\"?)",
            ),
        ];
        for (good, bad, said) in rows {
            assert!(GOOD.contains(good), "{good}");
            assert_eq!(problems_of(&GOOD.replacen(good, bad, 1)), [said], "{bad}");
        }
        let no_columns = "-- key: medium\nselect 1";
        assert_eq!(problems_of(no_columns), [format!("1: the head has a key and no columns ({COLUMN})")]);
    }
}
