//! What a source does not read, and what its files do not all have: a source and its table in, lines of YAML out.
//!
//! An owner who is not told which columns were left out cannot miss one.

use std::collections::HashSet;

use crate::answers::Answer;
use crate::column_yaml::whole_or_parts;
use crate::columns::Column;
use crate::meaning::Kind;
use crate::pipeline_yaml::{Lines, Why};
use crate::question::QuestionKind;
use crate::scalar::{list, one_or_list, scalar};
use crate::source_yaml::View;
use crate::sources::{Holds, SourceDraft};

/// The longest line of names, in characters.
const WIDTH: usize = 110;

/// Columns that some files lack or have under another name, of those that the source reads: to name others is a slip.
pub(crate) fn differences(view: &View<'_>, out: &mut Lines) {
    let Some(file) = view.file else { return };
    let read = read(view);
    let named: Vec<String> = file
        .differences
        .also_named
        .iter()
        .filter(|(column, _)| read.contains(*column))
        .map(|(column, names)| format!("{}: {}", scalar(column), one_or_list(&names.iter().collect::<Vec<_>>())))
        .collect();
    if !named.is_empty() {
        let why = Why::new(false, "some of the files have this column under that name: its values look the same");
        out.because(4, &format!("also_named: {{ {} }}", named.join(", ")), &why);
    }
    let missing: Vec<&String> = file.differences.missing.iter().filter(|column| read.contains(*column)).collect();
    if !missing.is_empty() {
        out.because(4, &format!("may_be_missing: {}", list(&missing)), &Why::new(true, "some of the files lack them"));
    }
}

/// The columns that the source reads as it is written.
fn read(view: &View<'_>) -> HashSet<String> {
    let source = view.source;
    let left_out = whole_or_parts(source);
    let mapped = source.columns.iter().filter(|m| !left_out.contains(&m.attribute.as_str())).flat_map(|m| &m.columns);
    let mut out: HashSet<String> = mapped.cloned().collect();
    out.extend(source.record_id.iter().chain(&source.record_id_digest).cloned());
    match source.holds {
        Holds::Events => out.extend(source.event_id.iter().chain(&source.occurred_at).cloned()),
        Holds::Reference => {}
        Holds::People => out.extend(source.registered_at.iter().chain(&source.updated_at).cloned()),
    }
    let said = |kind: QuestionKind, column: &String| {
        let mut answers =
            view.questions(kind).filter(|q| q.columns.contains(column)).filter_map(|q| view.answers.get(q));
        answers.any(|answer| matches!(answer, Answer::Values(values) if !values.is_empty()))
    };
    out.extend(source.status.iter().filter(|column| said(QuestionKind::StatusRows, column)).cloned());
    for consent in source.consent.iter().filter(|consent| said(QuestionKind::Consent, &consent.column)) {
        out.extend(std::iter::once(&consent.column).chain(&consent.at).cloned());
    }
    out
}

/// Names the columns of the table that none of its sources has, once for each table.
pub(crate) fn unread(view: &View<'_>, said: &mut Vec<String>, out: &mut Lines) {
    let (Some(file), Some(table)) = (view.file, view.table) else { return };
    let key = format!("not read: {}\0{}", file.name, table.path.as_deref().unwrap_or_default());
    if said.contains(&key) {
        return;
    }
    said.push(key);
    let of_table = |s: &&SourceDraft| s.file == view.source.file && s.path == view.source.path;
    let used: HashSet<&String> = view.draft.sources.iter().filter(of_table).flat_map(mentioned).collect();
    // Zones and kinds of rows stand in questions.
    let asked: HashSet<&String> = view
        .draft
        .questions
        .iter()
        .filter(|q| q.file == view.source.file && q.path == view.source.path && q.kind != QuestionKind::Columns)
        .flat_map(|q| &q.columns)
        .collect();
    let left: Vec<&Column> =
        table.columns.iter().filter(|c| !used.contains(&c.name) && !asked.contains(&c.name)).collect();
    let (unknown, known): (Vec<&Column>, Vec<&Column>) = left.into_iter().partition(|c| is_unknown(c));
    names(view, "not read, as nothing says what they are", &unknown, out);
    names(view, "not read", &known, out);
}

/// Whether neither the name of a column nor its values say what it is.
fn is_unknown(column: &Column) -> bool {
    column.meaning.kind == Kind::Unused && column.rank >= crate::columns::WEAK
}

/// Names of columns as comments, in lines that can be read.
fn names(view: &View<'_>, what: &str, columns: &[&Column], out: &mut Lines) {
    let mut line = format!("{what}:");
    let mut first = true;
    for column in columns {
        let name = scalar(&view.column(&column.name));
        if line.chars().count() + name.chars().count() > WIDTH {
            out.note(4, &line);
            line = format!("{what}:");
            first = true;
        }
        line.push_str(if first { " " } else { ", " });
        line.push_str(&name);
        first = false;
    }
    if !first {
        out.note(4, &line);
    }
}

/// All columns that a source names, also in what is asked about.
fn mentioned(source: &SourceDraft) -> Vec<&String> {
    let mut out: Vec<&String> = source.columns.iter().flat_map(|m| &m.columns).collect();
    let lists = [
        &source.record_id,
        &source.record_id_digest,
        &source.event_id,
        &source.occurred_at,
        &source.status,
        &source.fill_down,
    ];
    out.extend(lists.into_iter().flatten());
    out.extend(source.maybe.iter().map(|maybe| &maybe.column));
    out.extend(source.registered_at.iter().chain(&source.updated_at));
    out.extend(source.consent.iter().flat_map(|c| std::iter::once(&c.column).chain(&c.at)));
    out
}
