//! What a run has done so far: inputs with fingerprints, finished stages with their files, counts and timings.
//!
//! The manifest lies in the run's work folder and is rewritten after every stage. A run that was stopped finds it again
//! by its run id, which comes from the inputs, the configuration and the run before it, and goes on after the last finished
//! stage. Times of the clock live here and nowhere else.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::results::{
    BlockResult, ClusterResult, GoldenResult, IngestResult, MartsResult, NormalizeResult, ScoreResult, StageResult,
};
use super::sealed;
use crate::config::Renames;
use crate::engine::operators::Operator;
use crate::error::{Error, Result};
use crate::store::Location;
use crate::tables::part::Part;

/// An input file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Input {
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
pub(crate) struct Output {
    /// Folder of the files below the lake.
    pub folder: String,
    /// The files in order.
    pub parts: Vec<Part>,
}

impl Output {
    /// Rows of all files.
    pub(crate) fn rows(&self) -> u64 {
        self.parts.iter().map(|p| p.rows).sum()
    }

    /// The same files, with names from a folder above theirs.
    pub(crate) fn named_below(&self, above: &str) -> Output {
        let below = self.folder.strip_prefix(above).unwrap_or(&self.folder).trim_start_matches('/');
        let name = |part: &Part| if below.is_empty() { part.name.clone() } else { format!("{below}/{}", part.name) };
        let parts = self.parts.iter().map(|part| Part { name: name(part), ..part.clone() }).collect();
        Output { folder: above.to_string(), parts }
    }

    /// The file that has a row of the table, and how many of its rows are before it.
    pub(crate) fn place(&self, row: u64) -> (usize, usize) {
        let mut before = row;
        for (place, part) in self.parts.iter().enumerate() {
            if before < part.rows {
                return (place, before as usize);
            }
            before -= part.rows;
        }
        (self.parts.len(), 0)
    }

    /// Bytes of all files.
    pub(crate) fn bytes(&self) -> u64 {
        self.parts.iter().map(|p| p.bytes).sum()
    }
}

/// What decides the tables of a stage.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Basis {
    /// Digest of the build and the settings that the stage looks at.
    pub settings: String,
    /// Digest of the files or tables that it reads.
    pub inputs: String,
}

/// A finished stage.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct StageRecord {
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
    /// Table → the seconds from the begin of its plan to its last file. A table that is made twice has the sum of both.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub table_seconds: BTreeMap<String, f64>,
    /// What it found out besides its tables. None where it has nothing to say, and in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub result: Option<StageResult>,
    /// What every operator of its plans did, where that was asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub operators: Vec<Operator>,
}

/// What came in for a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SourceTotals {
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
pub(crate) struct Manifest {
    /// The run.
    pub run_id: String,
    /// The run that was published before it.
    pub previous: Option<String>,
    /// Name of the pipeline. Empty in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub pipeline: String,
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
    pub(crate) async fn load(work: &Location) -> Result<Option<Self>> {
        let place = work.join("manifest.json");
        sealed::read(&place, "remove the folder that it is in; the run starts anew").await
    }

    /// Writes it.
    ///
    /// # Errors
    /// Environment, if it cannot be written.
    pub(crate) async fn save(&self, work: &Location) -> Result<()> {
        sealed::write(&work.join("manifest.json"), self).await
    }

    /// The manifest with the names that its sources have today.
    pub(crate) fn with_sources(mut self, renames: &Renames) -> Self {
        if renames.is_empty() {
            return self;
        }
        let rename = |name: &mut String| *name = renames.today(name).to_string();
        self.inputs.iter_mut().for_each(|input| rename(&mut input.source));
        if let Some(StageResult::Ingest(found)) = self.stages.get_mut("ingest").and_then(|stage| stage.result.as_mut())
        {
            found.files.iter_mut().for_each(|file| rename(&mut file.source));
            found.understood.iter_mut().for_each(|of| rename(&mut of.source));
            let figures = std::mem::take(&mut found.figures.sources);
            found.figures.sources =
                figures.into_iter().map(|(name, of)| (renames.today(&name).to_string(), of)).collect();
            let newest = std::mem::take(&mut found.newest);
            found.newest = newest.into_iter().map(|(name, time)| (renames.today(&name).to_string(), time)).collect();
        }
        self
    }

    /// What came in, by source. Rows are known once the first stage is done.
    pub(crate) fn sources(&self) -> BTreeMap<String, SourceTotals> {
        let mut all: BTreeMap<String, SourceTotals> = BTreeMap::new();
        for input in &self.inputs {
            let of = all.entry(input.source.clone()).or_default();
            of.files += 1;
            of.bytes += input.bytes;
        }
        for file in self.ingest().map_or(&[][..], |found| &found.files) {
            if let Some(of) = all.get_mut(&file.source) {
                of.rows += file.rows;
                of.rejects += file.rejects;
            }
        }
        all
    }

    /// The table that a finished stage wrote.
    pub(crate) fn output(&self, table: &str) -> Option<&Output> {
        self.stages.values().find_map(|s| s.outputs.get(table))
    }

    /// What `ingest` found, once it is done.
    ///
    /// # Errors
    /// Data, where it is not there: the stage was not done, or an earlier version of nayose did it.
    pub(crate) fn ingest(&self) -> Result<&IngestResult> {
        match self.result("ingest") {
            Some(StageResult::Ingest(found)) => Ok(found),
            _ => Err(self.without("ingest")),
        }
    }

    /// What `normalize` found, once it is done; none of earlier versions.
    pub(crate) fn normalize(&self) -> Option<&NormalizeResult> {
        match self.result("normalize") {
            Some(StageResult::Normalize(found)) => Some(found),
            _ => None,
        }
    }

    /// What `block` found, once it is done.
    ///
    /// # Errors
    /// As [`Manifest::ingest`].
    pub(crate) fn block(&self) -> Result<&BlockResult> {
        match self.result("block") {
            Some(StageResult::Block(found)) => Ok(found),
            _ => Err(self.without("block")),
        }
    }

    /// What `score` found, once it is done.
    ///
    /// # Errors
    /// As [`Manifest::ingest`].
    pub(crate) fn score(&self) -> Result<&ScoreResult> {
        match self.result("score") {
            Some(StageResult::Score(found)) => Ok(found),
            _ => Err(self.without("score")),
        }
    }

    /// What `cluster` found, once it is done.
    ///
    /// # Errors
    /// As [`Manifest::ingest`].
    pub(crate) fn cluster(&self) -> Result<&ClusterResult> {
        match self.result("cluster") {
            Some(StageResult::Cluster(found)) => Ok(found),
            _ => Err(self.without("cluster")),
        }
    }

    /// What `golden` found, once it is done; none of earlier versions.
    pub(crate) fn golden(&self) -> Option<&GoldenResult> {
        match self.result("golden") {
            Some(StageResult::Golden(found)) => Some(found),
            _ => None,
        }
    }

    /// What `marts` found, once it is done.
    pub(crate) fn marts(&self) -> Option<&MartsResult> {
        match self.result("marts") {
            Some(StageResult::Marts(found)) => Some(found),
            _ => None,
        }
    }

    fn result(&self, stage: &str) -> Option<&StageResult> {
        self.stages.get(stage)?.result.as_ref()
    }

    fn without(&self, stage: &str) -> Error {
        Error::data(format!("run {} does not say what its stage {stage} found", self.run_id))
            .hint("an earlier version of nayose did that stage, or it was not done: run the pipeline again with --full")
    }
}
