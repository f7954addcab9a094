//! One source of a pipeline file: its draft and the answers about its file in, lines of YAML out.

use crate::answers::{Answer, Answers};
use crate::column_yaml::{self, first, joined};
use crate::columns::TableMeaning;
use crate::delimited::Quoting;
use crate::draft::{Draft, FileDraft};
use crate::layouts::Differences;
use crate::meaning::{Kind, Party};
use crate::pipeline_yaml::{Lines, Why};
use crate::question::{Question, QuestionKind};
use crate::scalar::{list, one_or_list, scalar, sql_column, sql_text};
use crate::shape::Form;
use crate::sources::{Holds, SourceDraft};
use crate::value_yaml;

/// The time zone where nobody says another: that of the shops.
const TIME_ZONE: &str = "Asia/Tokyo";

/// A source with the file and the table that it comes from.
pub(crate) struct View<'a> {
    pub(crate) draft: &'a Draft,
    pub(crate) answers: &'a Answers,
    pub(crate) source: &'a SourceDraft,
    pub(crate) file: Option<&'a FileDraft>,
    pub(crate) table: Option<&'a TableMeaning>,
    /// The table of orders that a table of lines is joined to.
    pub(crate) joined: Option<(&'a FileDraft, &'a TableMeaning)>,
}

fn table_of<'a>(draft: &'a Draft, file: &str, path: &Option<String>) -> Option<(&'a FileDraft, &'a TableMeaning)> {
    let file = draft.files.iter().find(|f| f.name == file)?;
    file.tables.iter().find(|t| t.path == *path).map(|table| (file, table))
}

impl<'a> View<'a> {
    pub(crate) fn new(draft: &'a Draft, answers: &'a Answers, source: &'a SourceDraft) -> View<'a> {
        let found = table_of(draft, &source.file, &source.path);
        let joined = source.join.as_ref().and_then(|(file, path, _)| table_of(draft, file, path));
        View { draft, answers, source, file: found.map(|f| f.0), table: found.map(|f| f.1), joined }
    }

    /// The questions of a kind about the table of the source.
    pub(crate) fn questions(&self, kind: QuestionKind) -> impl Iterator<Item = &'a Question> {
        let (source, draft) = (self.source, self.draft);
        draft.questions.iter().filter(move |q| {
            let of_table = q.path == source.path || kind == QuestionKind::Columns;
            q.kind == kind && q.file == source.file && of_table
        })
    }

    /// Those about the table of orders that it is joined to.
    pub(crate) fn joined_questions(&self, kind: QuestionKind) -> impl Iterator<Item = &'a Question> {
        let (place, draft) = (self.source.join.as_ref(), self.draft);
        draft
            .questions
            .iter()
            .filter(move |q| q.kind == kind && place.is_some_and(|(file, path, _)| q.file == *file && q.path == *path))
    }

    /// The name of a column as the pipeline file has it: its place where the file has no header.
    pub(crate) fn column(&self, name: &str) -> String {
        let numbered = matches!(self.file.map(|f| &f.shape.form.value), Some(Form::Delimited(form)) if form.header.value.is_none());
        match name.strip_prefix("column ") {
            Some(number) if numbered => number.to_owned(),
            _ => name.to_owned(),
        }
    }

    pub(crate) fn columns(&self, names: &[String]) -> Vec<String> {
        names.iter().map(|name| self.column(name)).collect()
    }

    /// Why columns mean what they mean.
    fn why(&self, names: &[String]) -> Why {
        let tables = [self.table, self.joined.map(|joined| joined.1)];
        let find = |name: &String| tables.iter().flatten().find_map(|t| t.columns.iter().find(|c| c.name == *name));
        let found: Vec<_> = names.iter().filter_map(find).collect();
        Why::new(found.iter().all(|c| c.sure), reasons(found.iter().map(|c| c.reason.as_str())))
    }

    /// The columns of the time of an event, also those of the orders that it is joined to.
    pub(crate) fn occurred_at(&self) -> Vec<String> {
        match self.joined {
            Some((_, table)) if self.source.occurred_at.is_empty() => time_of(table),
            _ => self.source.occurred_at.clone(),
        }
    }
}

/// The columns of the time of an event.
pub(crate) fn time_of(table: &TableMeaning) -> Vec<String> {
    let names = |kind: Kind| {
        let of_kind = table.columns.iter().filter(move |c| c.meaning.kind == kind && c.meaning.party == Party::Person);
        of_kind.map(|c| c.name.clone()).collect::<Vec<_>>()
    };
    match names(Kind::OccurredAt) {
        none if none.is_empty() => names(Kind::OccurredDate).into_iter().chain(names(Kind::OccurredTime)).collect(),
        some => some,
    }
}

/// Reasons, each once.
pub(crate) fn reasons<'a>(all: impl Iterator<Item = &'a str>) -> String {
    let mut out: Vec<&str> = Vec::new();
    for reason in all {
        if !out.contains(&reason) {
            out.push(reason);
        }
    }
    out.join("; ")
}

/// The answer to the question of a kind about the table of a source.
pub(crate) fn answer<'a>(
    draft: &Draft,
    answers: &'a Answers,
    source: &SourceDraft,
    kind: QuestionKind,
) -> Option<&'a Answer> {
    let found = draft.questions.iter().find(|q| q.kind == kind && q.file == source.file && q.path == source.path);
    found.and_then(|question| answers.get(question))
}

/// Writes a source. `said` are ids of questions that stand in the file already, of those that are about a whole file.
pub(crate) fn source(draft: &Draft, answers: &Answers, source: &SourceDraft, said: &mut Vec<String>, out: &mut Lines) {
    let view = View::new(draft, answers, source);
    if let Some(file) = view.file
        && !said.contains(&file.name)
    {
        said.push(file.name.clone());
        let of_file = |name: &String| file.names.contains(name);
        draft
            .warnings
            .iter()
            .filter(|(name, _)| of_file(name))
            .for_each(|(_, text)| out.note(2, &format!("Note: {text}")));
    }
    let mut lines = Lines::default();
    let open = source.asked && answer(draft, answers, source, QuestionKind::Recipient).is_none();
    let without_id =
        source.holds != Holds::Reference && source.record_id.is_empty() && source.record_id_digest.is_empty();
    head(&view, said, open || without_id, &mut lines);
    crate::unread_yaml::differences(&view, &mut lines);
    if source.holds != Holds::Reference {
        ids_and_times(&view, &mut lines);
    }
    column_yaml::attributes(&view, &mut lines);
    value_yaml::values(&view, &mut lines);
    value_yaml::skipped(&view, &mut lines);
    value_yaml::consent(&view, &mut lines);
    crate::unread_yaml::unread(&view, said, &mut lines);
    if open {
        view.questions(QuestionKind::Recipient).for_each(|question| out.mark(2, question));
    }
    if without_id {
        out.line(
            2,
            "# ? Which column has the id of the person? None was found, and without one the source cannot be read.",
        );
    }
    if open || without_id {
        out.commented(2, &lines.all);
    } else {
        out.all.append(&mut lines.all);
    }
}

/// What the file is.
fn head(view: &View<'_>, said: &mut Vec<String>, is_commented: bool, out: &mut Lines) {
    let source = view.source;
    let holds = match source.holds {
        Holds::People => "people",
        Holds::Events => "events",
        Holds::Reference => "reference",
    };
    out.line(2, &format!("- name: {}", scalar(&source.name)));
    if source.holds != Holds::Reference {
        out.line(4, &format!("channel: {}", scalar(&source.channel)));
    }
    out.line(4, &format!("holds: {holds}"));
    if let Some(table) = source.table {
        out.because(4, &format!("table: {table}"), &Why::new(false, "the names of its columns together say so"));
    }
    if let Some(event_type) = &source.event_type {
        out.line(4, &format!("event_type: {}", scalar(event_type)));
    }
    if let Some(moment) = &source.moment {
        let has_time = format!("{} <> ''", sql_column(&view.column(&moment.column)));
        let why = Why::new(false, "a row has several times, each an event of its own");
        out.because(4, &format!("where: {}", scalar(&has_time)), &why);
    }
    let Some(file) = view.file else { return };
    shape(file, source, out);
    if view.table.is_some_and(|table| table.table.rows.is_empty()) {
        let why =
            Why::new(false, "the file has a header and no rows: what its columns mean is told by their names alone");
        out.because(4, "may_be_empty: true", &why);
    }
    // What is asked of a whole file stands at the first of its sources that is read.
    let mut once = |question: &Question| {
        let new = !is_commented && !said.contains(&question.id());
        if new {
            said.push(question.id());
        }
        new
    };
    for question in view.questions(QuestionKind::Delivery) {
        match view.answers.get(question) {
            Some(Answer::AllRows) => out.note(4, "Each delivery has all rows."),
            Some(_) => out.note(4, "Each delivery has only the rows that are new or changed."),
            None if once(question) => out.mark(4, question),
            None => {}
        }
    }
    for question in view.questions(QuestionKind::Columns) {
        if view.answers.get(question).is_none() && once(question) {
            out.mark(4, question);
        }
    }
}

fn shape(file: &FileDraft, source: &SourceDraft, out: &mut Lines) {
    let form = &file.shape.form;
    let why = Why::new(form.sure, &form.reason);
    // A caller that unpacks an archive, a workbook or a Parquet file gives its rows as text under the name of the file.
    let (files, member, sheet) = packed(&file.glob);
    let key = format!("files: {}", scalar(files));
    match file.names.len() {
        1 => out.line(4, &key),
        n => {
            let columns = if file.differences == Differences::default() { "the same" } else { "nearly the same" };
            out.because(
                4,
                &key,
                &Why::new(false, format!("{n} files differ in digits only and have {columns} columns")),
            )
        }
    }
    if let Some(member) = member {
        out.line(4, &format!("member: {}", scalar(member)));
    }
    let lower = member.unwrap_or(files).to_lowercase();
    let is_xlsx = lower.ends_with(".xlsx");
    if is_xlsx || lower.ends_with(".parquet") {
        out.line(4, if is_xlsx { "format: xlsx" } else { "format: parquet" });
        if let Some(sheet) = sheet {
            let why = Why::new(
                false,
                "of the sheets of the workbook it has the most cells under a header that is understood",
            );
            out.because(4, &format!("sheet: {}", scalar(sheet)), &why);
        }
        if let Form::Delimited(delimited) = &form.value
            && is_xlsx
        {
            header(&delimited.header, out);
        }
        return;
    }
    match &form.value {
        Form::Delimited(delimited) => {
            let format = if delimited.delimiter.value == '\t' { "tsv" } else { "csv" };
            out.because(4, &format!("format: {format}"), &why);
        }
        Form::JsonLines => out.because(4, "format: jsonl", &why),
        _ => out.because(4, "format: json", &why),
    }
    if let Some(path) = &source.path {
        out.line(4, &format!("rows: {}", scalar(path)));
    }
    if let Some(encoding) = &file.shape.encoding {
        out.because(4, &format!("encoding: {}", encoding.value.key()), &Why::new(encoding.sure, &encoding.reason));
    }
    if let Form::Delimited(delimited) = &form.value {
        let delimiter = &delimited.delimiter;
        if !matches!(delimiter.value, ',' | '\t') {
            let why = Why::new(delimiter.sure, &delimiter.reason);
            out.because(4, &format!("delimiter: \"{}\"", delimiter.value), &why);
        }
        if delimited.quoting.value == Quoting::Never {
            out.because(4, "quoting: none", &Why::new(delimited.quoting.sure, &delimited.quoting.reason));
        }
        header(&delimited.header, out);
    }
}

/// The line of the header, where it is not the first for sure.
fn header(header: &crate::found::Found<Option<usize>>, out: &mut Lines) {
    let why = Why::new(header.sure, &header.reason);
    match header.value {
        Some(1) if header.sure => {}
        Some(line) => out.because(4, &format!("header: {line}"), &why),
        None => out.because(4, "header: none", &why),
    }
}

/// A name as file, member of an archive and sheet of a workbook: `orders.zip/orders.csv`, `members.xlsx/会員`.
fn packed(name: &str) -> (&str, Option<&str>, Option<&str>) {
    fn cut<'a>(name: &'a str, end: &str) -> (&'a str, Option<&'a str>) {
        let lower = name.to_lowercase();
        // Lower case may have another length in bytes; then the name is taken as it is.
        match lower.find(end).filter(|_| lower.len() == name.len()) {
            Some(at) => (&name[..at + end.len() - 1], Some(&name[at + end.len()..])),
            None => (name, None),
        }
    }
    let (file, inside) = cut(name, ".zip/");
    match inside {
        Some(member) => {
            let (member, sheet) = cut(member, ".xlsx/");
            (file, Some(member), sheet)
        }
        None => {
            let (file, sheet) = cut(name, ".xlsx/");
            (file, None, sheet)
        }
    }
}

/// Ids and times.
fn ids_and_times(view: &View<'_>, out: &mut Lines) {
    let source = view.source;
    if source.record_id.is_empty() {
        if !source.record_id_digest.is_empty() {
            let columns = list(&view.columns(&source.record_id_digest));
            let why = Why::new(false, "no column has an id of the person");
            out.because(4, &format!("record_id: {{ digest: {columns} }}"), &why);
            crate::digest::told(view, out);
        }
    } else {
        let columns = first(&view.columns(&source.record_id));
        out.because(4, &format!("record_id: {columns}"), &view.why(&source.record_id));
    }
    if source.holds == Holds::Events {
        event_id(view, out);
    }
    let occurred_at = view.occurred_at();
    if source.holds == Holds::Events && !occurred_at.is_empty() {
        let columns = joined(&view.columns(&occurred_at));
        out.because(4, &format!("occurred_at: {columns}"), &view.why(&occurred_at));
    }
    for (key, column) in [("registered_at", &source.registered_at), ("updated_at", &source.updated_at)] {
        if let Some(column) = column.as_ref().filter(|_| source.holds == Holds::People) {
            let why = view.why(std::slice::from_ref(column));
            out.because(4, &format!("{key}: {}", scalar(&view.column(column))), &why);
        }
    }
    time_zone(view, &occurred_at, out);
    fill_down(view, &occurred_at, out);
    join(view, &occurred_at, out);
}

fn event_id(view: &View<'_>, out: &mut Lines) {
    let source = view.source;
    if source.moment.is_some() && !source.event_id.is_empty() {
        let kind = source.event_type.as_deref().unwrap_or_default();
        let columns: Vec<String> = view.columns(&source.event_id).iter().map(|column| sql_column(column)).collect();
        let expression = format!("{} || {}", sql_text(&format!("{kind}-")), columns.join(" || '-' || "));
        let why =
            Why::new(false, "the times of a row are events of one id: the newest file that has it says all of them");
        out.because(4, &format!("event_id: {{ expression: {} }}", scalar(&expression)), &why);
    } else if source.event_id.is_empty() {
        let mut all: Vec<String> = source.record_id.clone();
        let others = source.columns.iter().flat_map(|m| m.columns.iter()).chain(&source.occurred_at);
        others.for_each(|column| {
            if !all.contains(column) {
                all.push(column.clone())
            }
        });
        let why = Why::new(false, "no column has an id of what happened");
        out.because(4, &format!("event_id: {{ digest: {} }}", list(&view.columns(&all))), &why);
    } else {
        let columns = one_or_list(&view.columns(&source.event_id));
        out.because(4, &format!("event_id: {columns}"), &view.why(&source.event_id));
    }
    if source.equal_rows_are_two {
        let why = Why::new(false, "nothing numbers the lines of an order, and equal rows may be two pieces");
        out.because(4, "equal_rows: two_events", &why);
    }
}

/// The time zone of the file, where the source has times without one.
fn time_zone(view: &View<'_>, occurred_at: &[String], out: &mut Lines) {
    let source = view.source;
    let consents = source.consent.iter().filter_map(|c| c.at.as_ref());
    let times: Vec<&String> =
        occurred_at.iter().chain(&source.registered_at).chain(&source.updated_at).chain(consents).collect();
    let mut asked = view.questions(QuestionKind::TimeZone).chain(view.joined_questions(QuestionKind::TimeZone));
    let Some(question) = asked.find(|q| q.columns.iter().any(|column| times.contains(&column))) else { return };
    match view.answers.get(question) {
        Some(Answer::TimeZone(zone)) => out.line(4, &format!("time_zone: {}", scalar(zone))),
        _ => {
            out.mark(4, question);
            let documented = question.documented.first().map(|(_, zone)| zone.as_str());
            let why = match documented {
                Some(_) => Why::new(false, "the documentation of the export says so"),
                None => Why::new(false, "the default, until the question is answered"),
            };
            out.because(4, &format!("time_zone: {}", scalar(documented.unwrap_or(TIME_ZONE))), &why);
        }
    }
}

/// Columns of an order that stand on its first row only, of those that the source uses. Articles and money are none of them:
/// filled down, postage would be an article, and the money of one line that of all.
fn fill_down(view: &View<'_>, occurred_at: &[String], out: &mut Lines) {
    let (source, Some(table)) = (view.source, view.table) else { return };
    let same = |s: &&SourceDraft| s.file == source.file && s.path == source.path && !s.fill_down.is_empty();
    let Some(events) = view.draft.sources.iter().find(same) else { return };
    let Some(order) = table.place_of(Kind::TransactionId).map(|place| &table.columns[place].name) else { return };
    let is_of_line = |column: &String| {
        let of_line = |kind: Kind| {
            kind.is_event_attribute() && !matches!(kind, Kind::TransactionId | Kind::StoreId | Kind::ReceiptId)
        };
        table.columns.iter().any(|c| c.name == *column && of_line(c.meaning.kind))
    };
    let used: Vec<&String> = source
        .columns
        .iter()
        .flat_map(|m| &m.columns)
        .chain(&source.record_id)
        .chain(&source.record_id_digest)
        .chain(occurred_at)
        .chain(source.registered_at.iter().chain(&source.updated_at))
        .chain(&source.status)
        .chain(source.consent.iter().flat_map(|c| std::iter::once(&c.column).chain(&c.at)))
        .collect();
    let filled: Vec<String> =
        events.fill_down.iter().filter(|c| used.contains(c) && *c != order && !is_of_line(c)).cloned().collect();
    if !filled.is_empty() {
        let (within, columns) = (scalar(&view.column(order)), list(&view.columns(&filled)));
        let why = Why::new(false, "they stand on the first row of an order only");
        out.because(4, &format!("fill_down: {{ within: [{within}], columns: {columns} }}"), &why);
    }
}

/// The file of orders that lines belong to.
fn join(view: &View<'_>, occurred_at: &[String], out: &mut Lines) {
    let (source, Some((file, table))) = (view.source, view.joined) else { return };
    let (Some((_, path, there)), Some(own)) = (&source.join, view.table) else { return };
    let Some(here) = own.place_of(Kind::TransactionId).map(|place| &own.columns[place].name) else { return };
    let is_own = |column: &str| own.columns.iter().any(|c| c.name == column);
    let states = table.columns.iter().filter(|c| matches!(c.meaning.kind, Kind::Status | Kind::RowKind));
    let mut columns: Vec<String> = occurred_at.iter().filter(|_| source.occurred_at.is_empty()).cloned().collect();
    columns.extend(states.map(|c| c.name.clone()).filter(|name| !is_own(name)));
    let rows = path.as_ref().map(|path| format!(", rows: {}", scalar(path))).unwrap_or_default();
    let text = format!(
        "join: {{ files: {}{rows}, on: {{ {}: {} }}, columns: {} }}",
        scalar(&file.glob),
        scalar(here),
        scalar(there),
        list(&columns)
    );
    out.because(4, &text, &Why::new(true, "that file has the orders of these lines, with their times"));
}

/// An expression that is true where a column has a value.
pub(crate) fn equals(column: &str, value: &str) -> String {
    scalar(&format!("{} = {}", sql_column(column), sql_text(value)))
}
