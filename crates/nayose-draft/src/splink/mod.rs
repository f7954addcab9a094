//! A model of Splink as a model of nayose: the bytes of a saved `settings.json` in, a model file with its reasons out.
//!
//! Splink writes each level of a comparison and each blocking rule as SQL. What that SQL asks is read by a parser ([`sql`]) and
//! written as conditions and keys. What has no counterpart is never guessed: it is left out, and a [`Note`] says so at its place in
//! the file and to whoever calls.
//!
//! # What is comparable
//! Splink's m and u are, as here, of pairs in which both records have a value, and its u is of random pairs. They are written as
//! `trained` where every level that stays means the same and every m and u is there; otherwise every run learns its own.

mod attributes;
mod comparison;
mod condition;
mod rules;
mod settings;
mod sql;
mod value;
mod yaml;

use crate::scalar::comment;

use attributes::Attributes;
use comparison::Comparison;
use settings::Settings;

/// A model of Splink as a model file.
#[derive(Clone, Debug)]
pub struct ImportedModel {
    /// The model file.
    pub yaml: String,
    /// How many blocking rules it has.
    pub rules: usize,
    /// How many comparisons it has.
    pub comparisons: usize,
    /// Whether what Splink learned is in it.
    pub is_trained: bool,
    /// What is otherwise than in Splink, in the order of the file.
    pub notes: Vec<Note>,
}

/// Something that is otherwise than in Splink.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Note {
    /// Where in Splink's model.
    pub place: String,
    /// How much it means.
    pub kind: NoteKind,
    /// What is told.
    pub text: String,
    /// Splink's SQL, for the comment in the file.
    #[serde(skip)]
    sql: Option<String>,
}

/// How much a [`Note`] means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NoteKind {
    /// Something has no counterpart, and is not in the file.
    LeftOut,
    /// Something is in the file, and means something else.
    Changed,
    /// Nothing is lost.
    Told,
}

impl NoteKind {
    /// Its name for people.
    pub fn as_str(self) -> &'static str {
        match self {
            NoteKind::LeftOut => "left out",
            NoteKind::Changed => "changed",
            NoteKind::Told => "note",
        }
    }
}

/// Why a file is no model that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotImported {
    /// What is wrong, as the rest of a sentence that begins with the file's name.
    pub what: String,
    /// What to do.
    pub hint: &'static str,
}

impl NotImported {
    fn new(what: impl Into<String>, hint: &'static str) -> Self {
        NotImported { what: what.into(), hint }
    }
}

/// Reads a model that Splink 3, 4 or 5 saved.
///
/// # Errors
/// Where the bytes are no JSON, or the JSON is no such model.
pub fn import_splink(bytes: &[u8]) -> Result<ImportedModel, NotImported> {
    let settings = settings::settings(bytes)?;
    let mut attributes = Attributes::with_dates(dates(&settings));
    let (rules, rule_notes) = all_rules(&settings, &mut attributes);
    let (comparisons, comparison_notes) = all_comparisons(&settings, &mut attributes);
    let mut notes = of_the_whole(&settings);
    let trained = trained(&settings, &comparisons);
    let is_trained = trained.is_ok();
    if let Err(why) = &trained {
        let text = format!("m and u are not taken over, every run learns its own: {why}");
        notes.push(told("trained", NoteKind::LeftOut, text));
    }
    if rules.is_empty() {
        let text = "no blocking rule is left: add one before you run, such as keys: [email]".to_owned();
        notes.push(told("blocking", NoteKind::LeftOut, text));
    }
    if comparisons.is_empty() {
        let text = "no comparison is left: what nayose compares is told by `nayose schema`".to_owned();
        notes.push(told("comparisons", NoteKind::LeftOut, text));
    }
    let yaml = yaml::model_file(&yaml::Model {
        settings: &settings,
        attributes: &attributes,
        rules: &rules,
        rule_notes: &rule_notes,
        comparisons: &comparisons,
        comparison_notes: &comparison_notes,
        notes: &notes,
        trained: trained.ok(),
    });
    notes.extend(rules.iter().flat_map(|rule| rule.notes.clone()));
    notes.extend(rule_notes);
    for comparison in &comparisons {
        notes.extend(comparison.notes.iter().cloned());
        notes.extend(comparison.levels.iter().flat_map(|level| level.notes.clone()));
    }
    notes.extend(comparison_notes);
    // Names of columns are whatever somebody typed: a note is one line, here as in the file.
    for note in &mut notes {
        (note.place, note.text) = (comment(&note.place), comment(&note.text));
    }
    Ok(ImportedModel { yaml, rules: rules.len(), comparisons: comparisons.len(), is_trained, notes })
}

fn told(place: &str, kind: NoteKind, text: String) -> Note {
    Note { place: place.to_owned(), kind, text, sql: None }
}

/// The columns that some condition reads as dates.
fn dates(settings: &Settings) -> Vec<String> {
    let mut dates = Vec::new();
    let levels = settings.comparisons.iter().flat_map(|c| &c.levels).map(|level| &level.sql);
    for expr in levels.chain(settings.rules.iter().map(|rule| &rule.sql)).filter_map(|sql| sql::parse(sql)) {
        condition::each(&expr, &mut |part| {
            if let Some((_, value::Value::Column { name, is_date: true } | value::Value::Year { name })) =
                value::value(part)
            {
                dates.push(name);
            }
        });
    }
    dates
}

fn all_rules(settings: &Settings, attributes: &mut Attributes) -> (Vec<rules::Rule>, Vec<Note>) {
    let (mut all, mut notes) = (Vec::new(), Vec::new());
    for (i, rule) in settings.rules.iter().enumerate() {
        let (mut made, mut told) = rules::rules(&format!("blocking rule {}", i + 1), rule, attributes);
        all.append(&mut made);
        notes.append(&mut told);
    }
    let (all, mut told) = rules::name(all);
    notes.append(&mut told);
    (all, notes)
}

fn all_comparisons(settings: &Settings, attributes: &mut Attributes) -> (Vec<Comparison>, Vec<Note>) {
    let (mut all, mut notes): (Vec<Comparison>, Vec<Note>) = (Vec::new(), Vec::new());
    for file in &settings.comparisons {
        let is_taken = |name: &str| all.iter().any(|c| c.name == name);
        let name = match is_taken(&file.name) {
            false => file.name.clone(),
            true => (2..).map(|n| format!("{}_{n}", file.name)).find(|name| !is_taken(name)).unwrap_or_default(),
        };
        match comparison::comparison(file, &name, attributes) {
            Ok(mut comparison) => {
                if name != file.name {
                    let text = format!("another comparison has the name {}, so that this one is {name}", file.name);
                    comparison.notes.push(told(&format!("comparison {name}"), NoteKind::Told, text));
                }
                all.push(comparison);
            }
            Err(mut told) => notes.append(&mut told),
        }
    }
    (all, notes)
}

/// What is told of the settings themselves.
fn of_the_whole(settings: &Settings) -> Vec<Note> {
    let mut notes = Vec::new();
    if settings.link_type == "link_only" {
        let text = "records of one channel are compared too; `limits: { records_per_person: … }` in pipeline.yaml says how many of \
                    a channel a person may have"
            .to_owned();
        notes.push(told("link_type link_only", NoteKind::Changed, text));
    }
    if !settings.retained.is_empty() {
        let text =
            "columns are not carried along: declare an attribute for each that the golden record is to have".to_owned();
        notes.push(told("additional_columns_to_retain", NoteKind::LeftOut, text));
    }
    notes
}

/// Splink's prior, where all of what it learned fits; or why it does not.
fn trained(settings: &Settings, comparisons: &[Comparison]) -> Result<f64, String> {
    let reasons: Vec<String> = comparisons
        .iter()
        .filter_map(|c| c.learned.as_ref().err().map(|why| format!("comparison {}: {why}", c.name)))
        .collect();
    if comparisons.is_empty() {
        return Err("there is no comparison".to_owned());
    }
    if settings.comparisons.iter().flat_map(|c| &c.levels).all(|level| level.m.is_none()) {
        return Err("the model was saved before it was trained".to_owned());
    }
    if !reasons.is_empty() {
        return Err(reasons.join("; "));
    }
    // A prior of 0 or 1 would decide every pair.
    let prior = settings.prior.filter(|prior| *prior > 0.0 && *prior < 1.0);
    prior.ok_or_else(|| "probability_two_random_records_match is not between 0 and 1".to_owned())
}
