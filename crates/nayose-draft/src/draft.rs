//! The draft of a pipeline from several files: samples in; sources, channels, id spaces and questions out.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde::Serialize;

use crate::columns::{TableMeaning, meanings};
use crate::facts::{Sort, bare};
use crate::groups::{self, Group, Read};
use crate::ids::{self, IdSpace};
use crate::layouts::Differences;
use crate::meaning::{Kind, Party};
use crate::question::{Question, QuestionKind};
use crate::shape::{self, Form, Shape};
use crate::sources::{Holds, Place, SourceDraft, has_people, sources};
use crate::{Sample, words};

/// What was found out about a file, or about several that are deliveries of one source.
#[derive(Clone, Debug, Serialize)]
pub struct FileDraft {
    /// Its name; of several, of the first. Sources and questions name it.
    pub name: String,
    /// The name of the file whose shape and tables these are: of several that with the most rows.
    pub sample: String,
    /// The names of all files of the group, this one among them.
    pub names: Vec<String>,
    /// The glob that finds them: `orders_*.csv`, or the name of the one file.
    pub glob: String,
    /// What it is.
    pub shape: Shape,
    /// Its tables and their columns.
    pub tables: Vec<TableMeaning>,
    /// What is wrong with the bytes of each file: file, sentence.
    #[serde(skip)]
    pub(crate) of_shapes: Vec<(String, String)>,
    /// How the columns of some of the files differ from those of the sample.
    #[serde(skip)]
    pub(crate) differences: Differences,
}

/// A drafted pipeline.
#[derive(Clone, Debug, Serialize)]
pub struct Draft {
    /// The files in order.
    pub files: Vec<FileDraft>,
    /// The sources.
    pub sources: Vec<SourceDraft>,
    /// Whose ids are found in whose table.
    pub id_spaces: Vec<IdSpace>,
    /// What has to be asked.
    pub questions: Vec<Question>,
    /// What is wrong with files, and what a reader has to know: file, sentence. No value of a person is in it.
    pub warnings: Vec<(String, String)>,
}

/// Drafts a pipeline for these files.
pub fn draft(samples: &[Sample<'_>]) -> Draft {
    let read = |sample: &Sample<'_>| {
        let (shape, tables) = shape::read(sample);
        Read { name: sample.name.clone(), shape, tables, ascii: sample.bytes.is_ascii() }
    };
    let read: Vec<Read> = samples.iter().map(read).collect();
    let files: Vec<FileDraft> = groups::groups(&read).into_iter().map(|group| file_draft(&read, group)).collect();
    let all: Vec<(String, &TableMeaning)> =
        files.iter().flat_map(|file| file.tables.iter().map(|table| (file.name.clone(), table))).collect();
    let id_spaces = ids::spaces(&all);
    let channels = channels(&all, &id_spaces);
    let with_members: HashSet<&str> = all
        .iter()
        .zip(&channels)
        .filter(|((_, table), _)| !table.has_events() && has_people(table, Party::Person))
        .map(|(_, channel)| channel.as_str())
        .collect();
    let mut taken = HashSet::new();
    let mut drafted: Vec<SourceDraft> = Vec::new();
    for ((file, table), channel) in all.iter().zip(&channels) {
        let place = Place { file, channel, has_members: with_members.contains(channel.as_str()), taken: &mut taken };
        drafted.extend(sources(table, place));
    }
    join_lines(&all, &mut drafted);
    ids::name_identifiers(&id_spaces, &mut drafted);
    ids::name_shared(&all, &mut drafted);
    drafted.iter_mut().for_each(name_apart);
    let mut questions: Vec<Question> = all.iter().flat_map(|(file, table)| about(file, table)).collect();
    questions.extend(files.iter().filter_map(without_header));
    let mut warnings = warnings(&files);
    warnings.extend(files.iter().filter_map(|file| not_used(file, &drafted)));
    Draft { sources: drafted, id_spaces, questions, warnings, files }
}

/// The draft of a group of files: the one that says most speaks for all.
fn file_draft(read: &[Read], group: Group) -> FileDraft {
    let best = group.best(read);
    let tables = read[best].tables.iter().map(|table| meanings(table.clone(), true)).collect();
    FileDraft {
        name: read[group.members[0]].name.clone(),
        sample: read[best].name.clone(),
        names: group.members.iter().map(|i| read[*i].name.clone()).collect(),
        shape: read[best].shape.clone(),
        tables,
        of_shapes: group.members.iter().flat_map(|i| of_shape(&read[*i])).collect(),
        glob: group.glob,
        differences: group.differences,
    }
}

fn of_shape(read: &Read) -> impl Iterator<Item = (String, String)> {
    read.shape.warnings.iter().map(|text| (read.name.clone(), text.clone()))
}

/// The channel of each table: that of its preset, that of the table whose ids it uses, or its folder or file.
fn channels(all: &[(String, &TableMeaning)], spaces: &[IdSpace]) -> Vec<String> {
    let mut out: Vec<String> = all
        .iter()
        .map(|(file, table)| table.known.map_or_else(|| channel_of(file), |preset| preset.channel.to_owned()))
        .collect();
    // Two lists of people that no preset knows may both number from 1: each has its ids to itself.
    for i in 0..all.len() {
        let is_list = |t: &TableMeaning| !t.has_events() && has_people(t, Party::Person);
        let (file, table) = &all[i];
        if table.known.is_none() && is_list(table) && (0..i).any(|j| out[j] == out[i] && is_list(all[j].1)) {
            let own = format!("{}_{}", out[i], stem_of(file));
            let number = (2..).map(|n| format!("{own}_{n}"));
            let free = std::iter::once(own.clone()).chain(number).find(|name| !out.contains(name));
            out[i] = free.unwrap_or(own);
        }
    }
    let place = |file: &str, path: &Option<String>| all.iter().position(|(f, t)| f == file && t.path == *path);
    for space in spaces {
        let (Some(owner), Some(user)) = (place(&space.owner.0, &space.owner.1), place(&space.user.0, &space.user.1))
        else {
            continue;
        };
        let as_person = |t: &TableMeaning, column: &str| {
            t.columns.iter().any(|c| c.name == column && matches!(c.meaning.kind, Kind::RecordId | Kind::TransactionId))
        };
        // A tool for the web has no members of its own.
        let is_own = |t: &TableMeaning| t.known.is_some() && t.topic != Some("web_visit");
        let lines = all[user].1.has_events() && !is_own(all[user].1);
        if lines && as_person(all[user].1, &space.column) && as_person(all[owner].1, &space.id) {
            out[user] = out[owner].clone();
        }
    }
    out
}

/// Whether a column says on every row that its time is Japanese: the names of Rails, which Square writes, and those of others.
fn says_japan(table: &TableMeaning) -> bool {
    let japan = ["Tokyo", "Osaka", "Sapporo", "Asia/Tokyo", "JST", "Japan", "+09:00"];
    let Some(place) = table.place_of(Kind::OccurredZone) else { return false };
    table.table.filled(place).next().is_some() && table.table.filled(place).all(|zone| japan.contains(&zone.trim()))
}

/// A channel's name from the folder of a file, or from its name without what tells day or kind.
fn channel_of(file: &str) -> String {
    let parts: Vec<&str> = file.split(['/', '\\']).filter(|part| !part.is_empty() && *part != ".").collect();
    let folder = parts.iter().rev().skip(1).find(|part| !part.contains('='));
    let name = folder.copied().unwrap_or_else(|| parts.last().map_or("", |last| last.split('.').next().unwrap_or("")));
    let clean: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let clean: Vec<&str> =
        clean.split('_').filter(|part| !part.is_empty() && !part.bytes().all(|b| b.is_ascii_digit())).collect();
    if clean.is_empty() { "source".to_owned() } else { clean.join("_") }
}

/// Two identifiers of one source have two names: those of columns in Japanese are made of their channel alone.
fn name_apart(source: &mut SourceDraft) {
    let mut taken = HashSet::new();
    for mapping in source.columns.iter_mut().filter(|m| m.is_identifier()) {
        let name = mapping.attribute.clone();
        let mut number = 2;
        while !taken.insert(mapping.attribute.clone()) {
            mapping.attribute = format!("{name}_{number}");
            number += 1;
        }
    }
}

/// The letters of a file's name, without what tells its day.
fn stem_of(file: &str) -> String {
    let name = file.rsplit(['/', '\\']).next().unwrap_or(file).split('.').next().unwrap_or_default().to_lowercase();
    let clean: String = name.chars().map(|c| if c.is_ascii_alphabetic() { c } else { '_' }).collect();
    let parts: Vec<&str> = clean.split('_').filter(|part| !part.is_empty()).collect();
    if parts.is_empty() { "list".to_owned() } else { parts.join("_") }
}

/// Lines of orders without a time belong to the file that has their orders: it gives buyer and time, and is no event itself.
fn join_lines(all: &[(String, &TableMeaning)], drafted: &mut Vec<SourceDraft>) {
    let orders_of = |table: &TableMeaning| -> Option<(usize, HashSet<String>)> {
        let place = table.place_of(Kind::TransactionId)?;
        Some((place, table.table.filled(place).map(|value| bare(value).to_owned()).collect()))
    };
    let mut covered: Vec<(String, Option<String>)> = Vec::new();
    for (file, lines) in all {
        let timeless =
            lines.has_events() && ![Kind::OccurredAt, Kind::OccurredDate].iter().any(|k| lines.place_of(*k).is_some());
        let Some((_, ids)) = orders_of(lines).filter(|_| timeless) else { continue };
        let header = all.iter().find(|(other, table)| {
            let timed = table.place_of(Kind::OccurredAt).is_some();
            other != file
                && timed
                && orders_of(table).is_some_and(|(_, orders)| ids.iter().any(|id| orders.contains(id)))
        });
        let Some((other, table)) = header else { continue };
        let Some((place, _)) = orders_of(table) else { continue };
        let channel = drafted
            .iter()
            .find(|s| s.file == *other && s.path == table.path && s.holds == Holds::Events)
            .map(|s| s.channel.clone());
        for source in drafted.iter_mut().filter(|s| s.file == *file && s.path == lines.path && s.holds == Holds::Events)
        {
            source.join = Some((other.clone(), table.path.clone(), table.columns[place].name.clone()));
            if let Some(channel) = &channel {
                source.channel.clone_from(channel);
            }
        }
        covered.push((other.clone(), table.path.clone()));
    }
    drafted.retain(|s| s.holds != Holds::Events || !covered.contains(&(s.file.clone(), s.path.clone())));
}

/// Share of different values that are words of a sex from which they need no question: 男性, 女性, その他, 回答しない.
const SEX_WORDS: f64 = 0.3;

/// Questions about one table.
fn about(file: &str, table: &TableMeaning) -> Vec<Question> {
    let documented = |kind: Kind| -> Vec<(String, String)> {
        let values = table.known.map_or(&[][..], |preset| &preset.values);
        let of_kind = values.iter().filter(|(k, _, _)| *k == kind.as_str());
        // Of the state of an order, which rows count no purchase.
        let meaning = |meaning: &str| match meaning {
            "cancelled" | "provisional" | "returned" => "skip".to_owned(),
            "confirmed" => "keep".to_owned(),
            other => other.to_owned(),
        };
        of_kind.map(|(_, value, said)| ((*value).to_owned(), meaning(said))).collect()
    };
    let mut out = Vec::new();
    let mut ask = |kind, columns: Vec<String>, text: String, values, documented| {
        let path = table.path.clone();
        out.push(Question { kind, file: file.to_owned(), path, columns, text, values, documented });
    };
    let state = crate::event_words::status(table);
    let is_mapped =
        |name: &String| state.as_ref().is_some_and(|words| words.column == *name) || table.topic == Some("membership");
    for column in &table.columns {
        let kind = column.meaning.kind;
        let values = column.values.clone().unwrap_or_default();
        let name = &column.name;
        if let Some(contact) = kind.contact() {
            let text = format!(
                "Which values of {name} mean that the person agrees to be contacted by {contact}, and which that not?"
            );
            ask(QuestionKind::Consent, vec![name.clone()], text, values, documented(kind));
        } else if kind == Kind::Sex && !column.facts.is_empty() && column.evidence.share(Sort::Sex) < SEX_WORDS {
            let text = format!("Which values of {name} mean male, and which female?");
            ask(QuestionKind::SexCodes, vec![name.clone()], text, values, documented(kind));
        } else if matches!(kind, Kind::Status | Kind::RowKind) && !column.facts.is_empty() && !is_mapped(name) {
            let text = format!("Rows with which values of {name} are left out?");
            ask(QuestionKind::StatusRows, vec![name.clone()], text, values, documented(kind));
        }
    }
    let times = zoneless(table);
    if !times.is_empty() && !says_japan(table) {
        let text = format!("In which time zone are the times of {} meant?", times.join(", "));
        let zone = table.known.and_then(|preset| preset.time_zone);
        let zone = zone.map(|zone| vec![(String::new(), zone.to_owned())]).unwrap_or_default();
        ask(QuestionKind::TimeZone, times, text, Vec::new(), zone);
    }
    if has_people(table, Party::Recipient) {
        let text = "Are recipients customers too? Then they become records of their own.".to_owned();
        let columns =
            table.columns.iter().filter(|c| c.meaning.party == Party::Recipient).map(|c| c.name.clone()).collect();
        ask(QuestionKind::Recipient, columns, text, Vec::new(), Vec::new());
    }
    if table.reference.is_none() && (has_people(table, Party::Person) || table.has_events()) {
        let text = "Does each delivery have all rows, or only those that are new or changed?".to_owned();
        ask(QuestionKind::Delivery, Vec::new(), text, Vec::new(), Vec::new());
    }
    out
}

/// Columns of times of day without a time zone.
fn zoneless(table: &TableMeaning) -> Vec<String> {
    let has_zone = |value: &str| {
        let value = value.trim();
        let clock = value.rfind(':').map_or("", |at| &value[at..]);
        value.ends_with(['Z', 'z'])
            || clock.contains(['+', '-'])
            || value.contains(" +")
            || value.contains("+0")
            || value.contains("UTC")
            || value.bytes().all(|b| b.is_ascii_digit())
    };
    let of_time = |kind: Kind| (Kind::OccurredAt..=Kind::UpdatedAt).contains(&kind) || kind == Kind::ConsentAt;
    let columns = table.columns.iter().enumerate().filter(|(_, c)| of_time(c.meaning.kind));
    columns
        .filter(|(i, c)| {
            let timed = c.evidence.share(Sort::Moment) + c.evidence.share(Sort::TimeOfDay) > 0.5;
            timed && table.table.filled(*i).take(50).any(|value| !has_zone(value))
        })
        .map(|(_, c)| c.name.clone())
        .collect()
}

fn without_header(file: &FileDraft) -> Option<Question> {
    let text = match &file.shape.form.value {
        Form::Delimited(form) if form.header.value.is_none() => {
            "The file has no header. What are its columns? Their values say what the draft has."
        }
        Form::Fixed(_) => {
            "The file has records of a fixed length. At which place does each field begin, and what is it?"
        }
        _ => return None,
    };
    let columns = file.tables.iter().flat_map(|t| t.columns.iter().map(|c| c.name.clone())).collect();
    Some(Question {
        kind: QuestionKind::Columns,
        file: file.name.clone(),
        path: None,
        columns,
        text: text.to_owned(),
        values: Vec::new(),
        documented: Vec::new(),
    })
}

/// Names of columns that a sentence has at most.
const NAMED: usize = 12;

/// Why no source reads a file that has rows.
fn not_used(file: &FileDraft, sources: &[SourceDraft]) -> Option<(String, String)> {
    let joined = |s: &SourceDraft| s.join.as_ref().is_some_and(|(other, _, _)| *other == file.name);
    if sources.iter().any(|s| s.file == file.name || joined(s)) || file.tables.is_empty() {
        return None;
    }
    let all = || file.tables.iter().flat_map(|table| &table.columns).map(|c| c.name.as_str());
    let named = all().filter(|name| !name.is_empty()).take(NAMED).collect::<Vec<_>>().join(", ");
    let more = match all().count().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    // Without a header the names are ours.
    let why = match without_header(file) {
        None => format!("none of its columns tells people or events: {named}{more}"),
        Some(_) => {
            format!("it has no header, and the values of its {} columns tell no people or events", all().count())
        }
    };
    Some((file.name.clone(), format!("no source reads it: {why}")))
}

fn warnings(files: &[FileDraft]) -> Vec<(String, String)> {
    let mut out = Vec::new();
    for file in files {
        out.extend(file.of_shapes.iter().cloned());
        let mut tell = |text: String| out.push((file.sample.clone(), text));
        for table in &file.tables {
            table.known.iter().flat_map(|preset| &preset.notes).for_each(|note| tell((*note).to_owned()));
            for column in table.columns.iter().filter(|c| c.facts.damaged > 0) {
                tell(format!(
                    "{} has {} values that a spreadsheet damaged beyond repair: export it again as text",
                    column.name, column.facts.damaged
                ));
            }
            let mut seen = BTreeMap::<&str, usize>::new();
            table.columns.iter().filter(|c| !c.name.is_empty()).for_each(|c| *seen.entry(&c.name).or_default() += 1);
            for (name, times) in seen.into_iter().filter(|(_, times)| *times > 1) {
                tell(format!("{name} stands {times} times in the header"));
            }
            if let Some(text) = two_people(table) {
                tell(text);
            }
        }
    }
    out
}

/// Ids of a table of people that stand on rows of different people.
fn two_people(table: &TableMeaning) -> Option<String> {
    let id = table.place_of(Kind::RecordId).filter(|_| !table.has_events())?;
    let of_person = [Kind::Name, Kind::FamilyName, Kind::GivenName, Kind::Email, Kind::BirthDate];
    let places: Vec<usize> = of_person.iter().filter_map(|kind| table.place_of(*kind)).collect();
    let mut first = HashMap::<&str, Vec<String>>::new();
    let mut twice = HashSet::new();
    for row in &table.table.rows {
        let Some(key) = row.get(id).filter(|key| !key.is_empty()) else { continue };
        let person: Vec<String> =
            places.iter().map(|place| words::folded(row.get(*place).map_or("", String::as_str))).collect();
        match first.get(key.as_str()) {
            // A person who moved or married still has most of what they had.
            Some(other) if other.iter().zip(&person).filter(|(a, b)| a != b).count() * 2 > places.len() => {
                twice.insert(key.as_str());
            }
            Some(_) => {}
            None => {
                first.insert(key, person);
            }
        }
    }
    let name = &table.columns[id].name;
    (!twice.is_empty())
        .then(|| format!("{} ids of {name} stand on rows of different people: it is no id of a person", twice.len()))
}
