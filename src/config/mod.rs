//! Configuration: the YAML files of a pipeline folder, checked.
//!
//! In: `pipeline.yaml` with `model.yaml`, marts, checks and segments beside it. Out: a [`Pipeline`], all that the rest of the crate sees.
//! Three steps, each reporting every problem at once: the shape against the JSON Schema ([`shape`]), the mirror by serde
//! ([`file`], [`model_file`]), the meaning ([`check`], [`check_model`]).

pub mod check;
mod check_consent;
pub mod check_model;
mod check_segment;
mod check_source;
mod check_thresholds;
mod convert;
pub(crate) mod decide;
pub mod decisions;
mod expression;
pub mod file;
mod guards_file;
pub mod head;
pub mod keep;
pub mod model_file;
mod needs;
pub mod problem;
mod queries;
mod renames;
pub mod segment_file;
pub mod segments;
pub mod serve_file;
pub mod shape;
mod source;
pub mod source_file;
pub mod telling;
pub mod train_file;
pub mod tree;
mod zone;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use expression::Expression;
pub use file::{EncodingFile, FormatFile, JAPAN};
pub use guards_file::GuardsFile;
pub use needs::Need;
pub use renames::Renames;
pub use source::{ConsentColumn, FillDown, Fixed, Header, Join, Reading, Rows, Source, Value};
pub use zone::{DAY, Zone};

use crate::error::{Error, Result};
use crate::store::Location;
use nayose_matching::model::Model;
use nayose_matching::record::attribute::Attribute;
use nayose_matching::record::survive::Survivorship;

use problem::Problems;

/// Channels that people may have at most: the engine learns every pair of channels apart, and counts pairs of them in a byte.
pub const MOST_CHANNELS: usize = 15;

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
    pub survivorship: Survivorship,
    /// Thresholds on the probability of one person.
    pub thresholds: file::ThresholdsFile,
    /// When the model is trained again.
    pub train: file::TrainFile,
    /// Limits.
    pub limits: file::LimitsFile,
    /// What keeps a wrong delivery from being published.
    pub guards: GuardsFile,
    /// What the analyst's profile tells.
    pub profile: file::ProfileFile,
    /// Which earlier runs can still be asked.
    pub keep: keep::KeepFile,
    /// Numbers that marts and checks use as `$name`.
    pub parameters: BTreeMap<String, f64>,
    /// The model.
    pub model: Arc<Model>,
    /// The model as typed.
    pub model_file: model_file::ModelFile,
    /// Decisions of people on pairs of records: those of the file that count.
    pub decisions: Vec<decisions::Decision>,
    /// A decision of review counts only once a second person confirmed it.
    pub four_eyes: bool,
    /// Where days begin.
    pub zone: Zone,
    /// Names that the pipeline had before.
    pub was: Vec<String>,
    /// Former names of channels.
    pub renames: Renames,
    /// Former names of sources.
    pub source_renames: Renames,
    /// All lines of that file, in order.
    pub decision_lines: Vec<decisions::Line>,
    /// The name of that file, as typed.
    pub decisions_file: Option<String>,
    /// Mart queries in order of name.
    pub marts: Vec<SqlFile>,
    /// Check queries in order of name.
    pub checks: Vec<SqlFile>,
    /// Segments in order of name.
    pub segments: Vec<segments::Segment>,
    /// Digest of everything here that decides what comes out.
    pub digest: String,
    /// Digests of its parts, for what a run may take over from the one before.
    pub parts: Digests,
}

/// Digests of parts of a pipeline file, as typed with what was left out filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Digests {
    /// Sources and attributes: how files are read and rows standardized.
    pub reading: String,
    /// The limits.
    pub limits: String,
    /// The thresholds.
    pub thresholds: String,
}

/// A query of the pipeline folder.
#[derive(Clone, Debug)]
pub struct SqlFile {
    /// File name without `.sql`: the name of the table or the check.
    pub name: String,
    /// The folder that it lies in, as the pipeline file names it.
    pub folder: String,
    /// The query.
    pub sql: String,
    /// What the file of a mart promises to readers.
    pub head: Option<head::Head>,
}

impl SqlFile {
    /// The file, as a person finds it from the pipeline file.
    pub fn shown(&self) -> String {
        format!("{}/{}.sql", self.folder.trim_end_matches('/'), self.name)
    }
}

/// What the command line says over the file.
#[derive(Clone, Debug, Default)]
pub struct Overrides {
    /// `--input`.
    pub input: Option<String>,
    /// `--lake`.
    pub lake: Option<String>,
}

impl Pipeline {
    /// The file of a mart.
    pub fn mart(&self, name: &str) -> Option<&SqlFile> {
        self.marts.iter().find(|mart| mart.name == name)
    }
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
    decide::start(&file)?;
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

/// The text of the model file that is built in for the attributes of a pipeline.
pub fn built_in_model(pipeline: &Pipeline) -> String {
    check::built_in_model(&pipeline.sources, &pipeline.attributes)
}

/// The JSON Schemas for editors: file name → schema.
pub fn schemas() -> Vec<(&'static str, serde_json::Value)> {
    vec![
        ("pipeline.schema.json", schemars::schema_for!(file::PipelineFile).to_value()),
        ("model.schema.json", schemars::schema_for!(model_file::ModelFile).to_value()),
        ("segment.schema.json", schemars::schema_for!(segment_file::SegmentFile).to_value()),
        ("serve.schema.json", schemars::schema_for!(serve_file::ServeFile).to_value()),
    ]
}
