//! What a run has done so far: inputs with fingerprints, finished stages with their files, counts and timings.
//!
//! The manifest lies in the run's work folder and is rewritten after every stage. A run that was stopped finds it again
//! by its run id, which comes from the inputs, the configuration and the run before it, and goes on after the last finished
//! stage. Times of the clock live here and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};
use crate::materialize::Part;
use crate::profile::Operator;
use crate::store::Location;

/// An input file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Input {
    /// Source of the pipeline file.
    pub source: String,
    /// Path below the input root.
    pub file: String,
    /// BLAKE3 of the content.
    pub fingerprint: String,
    /// Size in bytes.
    pub bytes: u64,
    /// When the store says that it changed, and its tag: lets the next run trust the fingerprint without reading.
    pub stamp: String,
}

/// A table that a stage wrote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Output {
    /// Folder of the files below the lake.
    pub folder: String,
    /// The files in order.
    pub parts: Vec<Part>,
}

impl Output {
    /// Rows of all files.
    pub fn rows(&self) -> u64 {
        self.parts.iter().map(|p| p.rows).sum()
    }

    /// The same files, with names from a folder above theirs.
    pub fn named_below(&self, above: &str) -> Output {
        let below = self.folder.strip_prefix(above).unwrap_or(&self.folder).trim_start_matches('/');
        let name = |part: &Part| if below.is_empty() { part.name.clone() } else { format!("{below}/{}", part.name) };
        let parts = self.parts.iter().map(|part| Part { name: name(part), ..part.clone() }).collect();
        Output { folder: above.to_string(), parts }
    }

    /// Bytes of all files.
    pub fn bytes(&self) -> u64 {
        self.parts.iter().map(|p| p.bytes).sum()
    }
}

/// What decides the tables of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Basis {
    /// Digest of the build and the settings that the stage looks at.
    pub settings: String,
    /// Digest of the files or tables that it reads.
    pub inputs: String,
}

/// A finished stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct StageRecord {
    /// Seconds that it took.
    pub seconds: f64,
    /// Bytes that went to spill files.
    #[serde(default)]
    pub spilled: u64,
    /// What decided its tables, where that is known without looking at what was published before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// Its tables by name.
    pub outputs: BTreeMap<String, Output>,
    /// What it has to say: counts, convergence, blocks left out.
    pub notes: serde_json::Map<String, serde_json::Value>,
    /// What every operator of its plans did, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<Operator>,
}

/// What came in for a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SourceTotals {
    /// Files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
    /// Rows, with those that could not be read.
    pub rows: u64,
    /// Rows that could not be read.
    pub rejects: u64,
}

/// The manifest of a run.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The run.
    pub run_id: String,
    /// The run that was published before it.
    pub previous: Option<String>,
    /// Digest of the configuration.
    pub config_digest: String,
    /// Version of nayose.
    pub version: String,
    /// When it was first started (RFC 3339).
    pub started_at: String,
    /// The inputs in order of source and file.
    pub inputs: Vec<Input>,
    /// Finished stages by name.
    pub stages: BTreeMap<String, StageRecord>,
}

impl Manifest {
    /// The manifest of a work folder, where there is one.
    ///
    /// # Errors
    /// Environment, if it cannot be read; data, if it is damaged.
    pub async fn load(work: &Location) -> Result<Option<Self>> {
        let place = work.join("manifest.json");
        match place.read_if_exists().await? {
            None => Ok(None),
            Some(bytes) => serde_json::from_slice(&bytes).map(Some).map_err(|e| {
                Error::data(format!("{} is damaged: {e}", place.shown()))
                    .hint("remove the folder that it is in; the run starts anew")
            }),
        }
    }

    /// Writes it.
    ///
    /// # Errors
    /// Environment, if it cannot be written.
    pub async fn save(&self, work: &Location) -> Result<()> {
        let bytes =
            serde_json::to_vec_pretty(self).map_err(|e| Error::bug(format!("the manifest cannot be written: {e}")))?;
        work.join("manifest.json").write(bytes).await
    }

    /// What came in, by source. Rows are known once the first stage is done.
    pub fn sources(&self) -> BTreeMap<String, SourceTotals> {
        let mut all: BTreeMap<String, SourceTotals> = BTreeMap::new();
        for input in &self.inputs {
            let of = all.entry(input.source.clone()).or_default();
            of.files += 1;
            of.bytes += input.bytes;
        }
        let counts = self.stages.get("ingest").and_then(|s| s.notes.get("files")?.as_array());
        for file in counts.into_iter().flatten() {
            if let Some(of) = file["source"].as_str().and_then(|source| all.get_mut(source)) {
                of.rows += file["rows"].as_u64().unwrap_or(0);
                of.rejects += file["rejects"].as_u64().unwrap_or(0);
            }
        }
        all
    }

    /// The table that a finished stage wrote.
    pub fn output(&self, table: &str) -> Option<&Output> {
        self.stages.values().find_map(|s| s.outputs.get(table))
    }
}
