//! Configuration: the YAML files of a pipeline folder, checked.
//!
//! In: `pipeline.yaml` with `model.yaml`, marts and checks beside it. Out: a [`Pipeline`], all that the rest of the crate sees.
//! Three steps, each reporting every problem at once: the shape against the JSON Schema ([`shape`]), the mirror by serde
//! ([`file`], [`model_file`]), the meaning ([`check`], [`check_model`]).

pub mod check;
mod check_consent;
pub mod check_model;
pub mod decisions;
pub mod file;
pub mod model_file;
pub mod problem;
pub mod shape;
pub mod tree;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use file::{AttributeType, CheckDigit, EncodingFile, FieldSurvivorship, FormatFile, SurvivorshipRule};

use crate::error::{Error, Result};
use crate::model::{Label, Model};
use crate::store::Location;

use problem::Problems;

/// A checked pipeline.
#[derive(Clone, Debug)]
pub struct Pipeline {
    /// Its name.
    pub name: String,
    /// The folder of its files.
    pub folder: PathBuf,
    /// Root of the sources' globs.
    pub input: Location,
    /// Where work files and published tables go.
    pub lake: Location,
    /// The declared attributes, in order of name.
    pub attributes: Vec<Attribute>,
    /// The sources, in the order of the file.
    pub sources: Vec<Source>,
    /// How the best value of a field is chosen.
    pub survivorship: file::SurvivorshipFile,
    /// Thresholds on the probability of one person.
    pub thresholds: file::ThresholdsFile,
    /// Limits.
    pub limits: file::LimitsFile,
    /// Numbers that marts and checks use as `$name`.
    pub parameters: BTreeMap<String, f64>,
    /// The model.
    pub model: Arc<Model>,
    /// The model as typed.
    pub model_file: model_file::ModelFile,
    /// Decisions of people on pairs of records.
    pub decisions: Vec<decisions::Decision>,
    /// Mart queries in order of name.
    pub marts: Vec<SqlFile>,
    /// Check queries in order of name.
    pub checks: Vec<SqlFile>,
    /// Digest of everything here that decides what comes out.
    pub digest: String,
}

/// A declared attribute.
#[derive(Clone, Debug, serde::Serialize, serde::Deserialize)]
pub struct Attribute {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: AttributeType,
    /// Check digit of an identifier.
    pub check: CheckDigit,
    /// Its name for people.
    pub label: Label,
}

/// A source.
#[derive(Clone, Debug)]
pub struct Source {
    /// Its name.
    pub name: String,
    /// The channel that its ids belong to.
    pub channel: String,
    /// What a row is.
    pub holds: Rows,
    /// Files below the input root.
    pub files: String,
    /// File format.
    pub format: FormatFile,
    /// Text encoding.
    pub encoding: EncodingFile,
    /// Columns of the record's id, joined by `-`.
    pub record_id: Vec<String>,
    /// Attribute → columns.
    pub columns: BTreeMap<String, Vec<String>>,
    /// Columns with statements of consent, in order of purpose and contact.
    pub consent: Vec<ConsentColumn>,
    /// Whether the source may have no rows.
    pub may_be_empty: bool,
}

/// A column that says whether a person agrees to something.
#[derive(Clone, Debug, PartialEq)]
pub struct ConsentColumn {
    /// What for.
    pub purpose: String,
    /// By which way of contact.
    pub contact: String,
    /// The column.
    pub column: String,
    /// Its values that mean consent.
    pub granted: Vec<String>,
    /// Its values that mean none.
    pub denied: Vec<String>,
    /// Column of the time of the statement.
    pub at: Option<String>,
    /// Whether files may lack these columns.
    pub may_be_missing: bool,
}

/// What a source's rows are.
#[derive(Clone, Debug)]
pub enum Rows {
    /// A row describes a person.
    People {
        /// Column of the time when the values were valid.
        updated_at: Option<String>,
        /// Column of the time when the record was made.
        registered_at: Option<String>,
    },
    /// A row is something that happened.
    Events {
        /// Columns of the event's id, joined by `-`.
        event_id: Vec<String>,
        /// Column of the time.
        occurred_at: Option<String>,
        /// Kind of fact.
        event_type: String,
    },
}

/// A query of the pipeline folder.
#[derive(Clone, Debug)]
pub struct SqlFile {
    /// File name without `.sql`: the name of the table or the check.
    pub name: String,
    /// The query.
    pub sql: String,
}

/// Attributes that every pipeline has, for people.
pub const PERSON_ATTRIBUTES: [&str; 12] = [
    "name",
    "kana",
    "family_name",
    "given_name",
    "family_kana",
    "given_kana",
    "birth_date",
    "sex",
    "phone",
    "email",
    "postal_code",
    "address",
];

/// Attributes that every pipeline has, for events.
pub const EVENT_ATTRIBUTES: [&str; 9] =
    ["transaction_id", "store_id", "item_id", "item_name", "quantity", "unit_price", "amount", "category", "detail"];

/// What the command line says over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--input`.
    pub input: Option<String>,
    /// `--lake`.
    pub lake: Option<String>,
}

/// Reads and checks the pipeline file with everything beside it.
///
/// # Errors
/// One configuration error that lists every problem with its file and line; usage, if the file cannot be read.
pub fn load(path: &Path, overrides: &Overrides) -> Result<Pipeline> {
    let mut problems = Problems::default();
    let loaded = check::pipeline(path, overrides, &mut problems);
    problems.into_result()?;
    loaded?.ok_or_else(|| Error::bug("the pipeline was not checked though it has no problems"))
}

/// The file of decisions that a pipeline file names; made with its header where it is not there yet.
///
/// # Errors
/// Configuration, where the pipeline names none or cannot be read; environment, where the file cannot be made.
pub fn decisions_file(path: &Path) -> Result<std::path::PathBuf> {
    #[derive(serde::Deserialize)]
    struct Named {
        decisions: Option<String>,
    }
    let text = std::fs::read_to_string(path).map_err(|e| {
        Error::usage(format!("cannot read {}: {e}", path.display())).hint("name the pipeline file with --pipeline")
    })?;
    let named: Named = serde_saphyr::from_str(&text).map_err(|e| {
        Error::config(format!("{} is not a pipeline file: {e}", path.display()))
            .hint("`nayose validate` lists every problem")
    })?;
    let name = named.decisions.ok_or_else(|| {
        Error::config(format!("{} names no file of decisions", path.display()))
            .hint("add the line `decisions: decisions.csv` to it")
    })?;
    let file = path.parent().unwrap_or(Path::new(".")).join(name);
    decisions::start(&file)?;
    Ok(file)
}

/// Reads and checks the text of a model file, for a pipeline with these attributes.
///
/// # Errors
/// One configuration error that lists every problem with its line.
pub fn load_model(name: &str, text: &str, attributes: &[Attribute]) -> Result<Model> {
    let mut problems = Problems::default();
    let loaded = check_model::model_of(name, text, attributes, &mut problems);
    problems.into_result()?;
    loaded.map(|(model, _)| model).ok_or_else(|| Error::bug("the model was not checked though it has no problems"))
}

/// The JSON Schemas for editors: file name → schema.
pub fn schemas() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("pipeline.schema.json", schemars::schema_for!(file::PipelineFile).to_value()),
        ("model.schema.json", schemars::schema_for!(model_file::ModelFile).to_value()),
    ]
}
