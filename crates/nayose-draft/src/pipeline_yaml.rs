//! The pipeline file of a draft: draft and answers in, commented YAML out.
//!
//! Every line that was guessed says so, with its reason. What only the owner knows and did not answer is a marked place: a
//! comment that begins with `# ?`, and a default that loses nothing and claims nothing. No value of a row stands in the
//! file but those of small closed sets, of which the owner is asked.

use std::collections::BTreeMap;

use crate::answers::{Answer, Answers};
use crate::closed::ValueCount;
use crate::draft::{Draft, FileDraft};
use crate::marts::{marts_for, with_crm};
use crate::question::{Question, QuestionKind};
use crate::scalar::{comment, one_or_list, scalar};
use crate::shape::Form;
use crate::source_yaml;
use crate::sources::SourceDraft;

/// Where the pipeline's parts lie, relative to the file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout {
    /// Name of the pipeline.
    pub name: String,
    /// Root of the files.
    pub input: String,
    /// Where tables go.
    pub lake: String,
    /// Folders of mart queries.
    pub marts: Vec<String>,
    /// Folder of check queries.
    pub checks: Option<String>,
    /// The model file; `model.yaml` where none is given.
    pub model: Option<String>,
}

/// How a line of a marked place begins.
const MARK: &str = "# ?";

/// How many places only the owner can fill in.
pub fn marked_places(yaml: &str) -> usize {
    yaml.lines().filter(|line| line.trim_start().starts_with(MARK)).count()
}

/// Lines of YAML.
#[derive(Default)]
pub(crate) struct Lines {
    pub(crate) all: Vec<String>,
}

impl Lines {
    pub(crate) fn line(&mut self, indent: usize, text: &str) {
        self.all.push(format!("{}{text}", " ".repeat(indent)));
    }

    /// A line and why it stands there.
    pub(crate) fn because(&mut self, indent: usize, text: &str, why: &Why) {
        let sure = if why.sure { "sure" } else { "guess" };
        self.line(indent, &format!("{text}  # {sure}: {}", comment(&why.reason)));
    }

    pub(crate) fn note(&mut self, indent: usize, text: &str) {
        self.line(indent, &format!("# {}", comment(text)));
    }

    /// The line of a marked place, and what is known of its values.
    pub(crate) fn mark(&mut self, indent: usize, question: &Question) {
        self.line(indent, &format!("{MARK} {}", comment(&question.text)));
        let shown = |v: &ValueCount| {
            let value = if v.value.is_empty() { "empty".to_owned() } else { scalar(&v.value) };
            format!("{value} ({} {})", v.rows, if v.rows == 1 { "row" } else { "rows" })
        };
        let values: Vec<String> = question.values.iter().map(shown).collect();
        if !values.is_empty() {
            self.note(indent, &format!("in the sample: {}", values.join(", ")));
        }
        let documented: Vec<String> = question
            .documented
            .iter()
            .filter(|(value, _)| !value.is_empty())
            .map(|(value, meaning)| format!("{} is {meaning}", scalar(value)))
            .collect();
        if !documented.is_empty() {
            self.note(indent, &format!("its documentation: {}", documented.join(", ")));
        }
    }

    /// Lines as comments at this place: nothing of them is read.
    pub(crate) fn commented(&mut self, indent: usize, lines: &[String]) {
        for line in lines {
            let cut =
                line.get(indent..).filter(|_| line[..indent].trim().is_empty()).unwrap_or_else(|| line.trim_start());
            self.line(indent, &format!("# {cut}"));
        }
    }
}

/// Why a line stands there.
pub(crate) struct Why {
    pub(crate) sure: bool,
    pub(crate) reason: String,
}

impl Why {
    pub(crate) fn new(sure: bool, reason: impl Into<String>) -> Why {
        Why { sure, reason: reason.into() }
    }
}

/// The pipeline file.
pub fn pipeline_yaml(draft: &Draft, answers: &Answers, options: &Layout) -> String {
    let mut body = Lines::default();
    body.line(0, &format!("name: {}", scalar(&options.name)));
    body.line(0, "");
    let paths = [
        ("input", Some(&options.input)),
        ("lake", Some(&options.lake)),
        ("model", options.model.as_ref()),
        ("checks", options.checks.as_ref()),
    ];
    for (key, path) in paths {
        if key == "checks" && !options.marts.is_empty() {
            body.line(0, &format!("marts: {}", one_or_list(&options.marts)));
        }
        path.into_iter().for_each(|path| body.line(0, &format!("{key}: {}", scalar(path))));
    }
    let used: Vec<&SourceDraft> = draft.sources.iter().filter(|s| is_wanted(draft, s, answers)).collect();
    attributes(&used, &mut body);
    body.line(0, "");
    let mut sources = Lines::default();
    let mut said = Vec::new();
    for source in &used {
        source_yaml::source(draft, answers, source, &mut said, &mut sources);
        sources.line(0, "");
    }
    draft
        .files
        .iter()
        .filter(|file| !has_source(draft, file))
        .for_each(|file| without_source(draft, file, &mut sources));
    // A key without a list below it is no list.
    let is_empty = sources.all.iter().all(|line| line.is_empty() || line.trim_start().starts_with('#'));
    body.line(0, if is_empty { "sources: []" } else { "sources:" });
    body.all.append(&mut sources.all);
    if !options.marts.is_empty() {
        parameters(draft, &mut body);
    }
    let body = body.all.join("\n");
    let body = body.trim_end();
    let mut out = String::from(
        "# Drafted from the beginnings of the files. A line says why it stands there: `sure`, or `guess` where something else\n\
         # fits too.\n",
    );
    let marked = marked_places(body);
    if marked > 0 {
        out.push_str(&format!(
            "# Marked with a question mark are places ({marked}) of which only you know what belongs there. Until you fill them in,\n\
             # no consent is read and no row is left out there.\n"
        ));
    }
    format!("{out}\n{body}\n")
}

/// Whether a source is written: recipients are not where the answer is no.
fn is_wanted(draft: &Draft, source: &SourceDraft, answers: &Answers) -> bool {
    !(source.asked && source_yaml::answer(draft, answers, source, QuestionKind::Recipient) == Some(&Answer::No))
}

/// The attributes that have to be declared.
fn attributes(sources: &[&SourceDraft], out: &mut Lines) {
    let mut declared: BTreeMap<&str, &str> = BTreeMap::new();
    for mapping in sources.iter().flat_map(|s| &s.columns).filter(|m| m.is_identifier()) {
        let column = mapping.columns.first().map_or("", String::as_str);
        declared.entry(&mapping.attribute).or_insert(column);
    }
    if declared.is_empty() {
        return;
    }
    out.line(0, "");
    out.line(0, "attributes:");
    for (name, column) in declared {
        let (ja, en) = label(name, column);
        out.line(
            2,
            &format!("{}: {{ type: identifier, label: {{ ja: {}, en: {} }} }}", scalar(name), scalar(&ja), scalar(&en)),
        );
    }
}

/// The names of a declared identifier for people.
pub(crate) fn label(attribute: &str, column: &str) -> (String, String) {
    (column.to_owned(), attribute.replace('_', " "))
}

fn has_source(draft: &Draft, file: &FileDraft) -> bool {
    let joins = |s: &SourceDraft| s.join.as_ref().is_some_and(|(other, _, _)| *other == file.name);
    draft.sources.iter().any(|s| s.file == file.name || joins(s))
}

/// A file from which no source was made.
fn without_source(draft: &Draft, file: &FileDraft, out: &mut Lines) {
    draft.warnings.iter().filter(|(name, _)| file.names.contains(name)).for_each(|(_, text)| out.note(2, text));
    let Form::Fixed(length) = &file.shape.form.value else {
        out.note(2, &format!("{} is not read: {}", scalar(&file.glob), no_source(file)));
        out.line(0, "");
        return;
    };
    draft.questions.iter().filter(|q| q.file == file.name).for_each(|question| out.mark(2, question));
    let mut lines = Lines::default();
    lines.line(2, "- name: fixed");
    lines.line(4, "channel: fixed");
    lines.line(4, "holds: people");
    lines.line(4, &format!("files: {}", scalar(&file.glob)));
    lines.because(4, "format: fixed", &Why::new(file.shape.form.sure, &file.shape.form.reason));
    if let Some(encoding) = &file.shape.encoding {
        lines.because(4, &format!("encoding: {}", encoding.value.key()), &Why::new(encoding.sure, &encoding.reason));
    }
    lines.line(4, &format!("fixed: {{ length: {length}, columns: {{ id: [1, 10], name: [11, 20] }} }}"));
    lines.line(4, "record_id: id");
    lines.line(4, "columns:");
    lines.line(6, "name: name");
    out.commented(2, &lines.all);
    out.line(0, "");
}

fn no_source(file: &FileDraft) -> &'static str {
    match &file.shape.form.value {
        Form::Empty => "nothing stands in it",
        Form::Unknown => "it was not understood",
        _ if file.tables.is_empty() => "its columns were not seen",
        _ => "no columns of people or of events were found in it",
    }
}

/// The block of the retail pipeline, whose marts read all of it.
const PARAMETERS: &str = include_str!("../data/parameters.yaml");

/// The numbers that the marts use; those of the retail pipeline, which are invented.
fn parameters(draft: &Draft, out: &mut Lines) {
    if with_crm(draft) {
        out.line(0, "# These numbers are those of a sample: put in your own.");
        PARAMETERS.lines().for_each(|line| out.line(0, line));
        return;
    }
    let marts = marts_for(draft);
    let all = [
        ("ltv", "acquisition_cost: 1500   # yen to win a customer: put in your own"),
        ("ltv", "retention_cost: 800      # yen a year to keep one: put in your own"),
        ("basket", "minimum_support: 0.002   # share of transactions from which two items are a pair of the basket"),
    ];
    let used: Vec<&str> = all.iter().filter(|(mart, _)| marts.contains(mart)).map(|(_, line)| *line).collect();
    if !used.is_empty() {
        out.line(0, "parameters:");
        used.iter().for_each(|line| out.line(2, line));
    }
}
