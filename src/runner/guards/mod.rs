//! What keeps a wrong delivery from being published.
//!
//! In: what this run read and decided, and what the run before did. Out: an error that names the file or the source, the guard, its
//! figures and its limit. A file that a guard stops at is held: the next run leaves it out and publishes the rest. What was let in by
//! name, no guard stops at. Before the first run there is nothing to hold a file against, and it is the pipeline file that is wrong.

mod collect;
mod customers;
mod files;
mod sources;

use std::collections::BTreeSet;

use crate::config::{Digests, Pipeline};
use crate::console::progress::Progress;
use crate::console::version;
use crate::error::{Error, Kind, Result};
use crate::lake::figures::Figures;
use crate::lake::held::{self, Held};
use crate::lake::manifest::Input;
use crate::lake::results::FileCounts;
use crate::runner::records::RowsOfReason;
use crate::runner::{Run, nearest};
use crate::sources::reader::{self, SourceFile};
use crate::stages::ingest::{SourceFiles, read_options};
use collect::{NewFile, new_files};
use files::{Finding, Known};
use sources::Delivery;

/// The guards that are let in by their own name.
const NAMES: [&str; 3] = ["retired", "merged", "split"];

/// Files of which a message gives the names.
const TOLD: usize = 5;

/// Lets in what was named.
///
/// # Errors
/// Usage, where a name is none of a held file, of a file of the input, of a source or of a guard.
pub(super) async fn admitted(pipeline: &Pipeline, inputs: &[Input], names: &[String]) -> Result<()> {
    if names.is_empty() {
        return Ok(());
    }
    let held = held::read(&pipeline.lake, &pipeline.source_renames).await?;
    let is_known = |name: &String| {
        NAMES.contains(&name.as_str())
            || pipeline.sources.iter().any(|source| &source.name == name)
            || inputs.iter().any(|input| &input.file == name)
            || held.iter().any(|held| &held.file == name)
    };
    if let Some(unknown) = names.iter().find(|name| !is_known(name)) {
        return Err(Error::usage(format!("--admit {unknown:?} is no file, no source and no guard")).hint(format!(
            "name a file or a source as the error named it, or one of the guards {}",
            NAMES.join(", ")
        )));
    }
    held::admit(&pipeline.lake, names, &pipeline.source_renames).await?;
    Ok(())
}

/// Tells which files are left out because they are held.
pub(super) fn warn_of_held(held: &[Held], progress: &Progress) {
    if held.is_empty() {
        return;
    }
    let named: Vec<String> = held.iter().take(TOLD).map(|held| format!("{} ({})", held.file, held.reason)).collect();
    let more = match held.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    progress.warn(&format!(
        "{} files are held and were not read: {}{more}; `nayose run PIPELINE --admit FILE` lets one in",
        held.len(),
        named.join(", ")
    ));
}

impl Run<'_> {
    /// What the run before knew of deliveries.
    fn figures_before(&self) -> Option<&Figures> {
        let ingest = self.work_before.as_ref()?.ingest().ok()?;
        self.before.as_ref().map(|_| &ingest.figures)
    }

    /// Digest of what decides how values are read and records matched.
    pub(super) fn settings_digest(&self) -> String {
        let Digests { reading, limits, thresholds } = &self.pipeline.parts;
        let text = format!("{} {reading} {limits} {thresholds} {}", version::line(), self.pipeline.model.digest);
        blake3::hash(text.as_bytes()).to_hex()[..32].to_string()
    }

    /// Holds new files and looks at sources, once `ingest` has read them and told which rows are there and why others are not. Answers
    /// what the next run has to know. The session knows the raw tables.
    ///
    /// # Errors
    /// Data, naming what was held and why.
    pub(super) async fn guard_deliveries(
        &self,
        counts: &[FileCounts],
        fresh: &[SourceFiles],
        reasons: &[RowsOfReason],
    ) -> Result<Figures> {
        let before = self.figures_before();
        let (inputs_before, counts_before) = match self.work_before.as_ref().filter(|_| self.before.is_some()) {
            Some(work) => (work.inputs.as_slice(), work.ingest().map_or(&[][..], |found| &found.files)),
            None => (&[][..], &[][..]),
        };
        let mut figures = before.cloned().unwrap_or_default();
        figures.settings = self.settings_digest();
        let new = new_files(&self.manifest.inputs, inputs_before);
        let mut files = self.described(new, counts, counts_before)?;
        if !files.is_empty() {
            let read: Vec<SourceFile> = fresh.iter().flat_map(|of| of.files.iter().cloned()).collect();
            self.collect(&mut files, &read, reasons).await?;
        }
        let held = held::read(&self.pipeline.lake, &self.pipeline.source_renames).await?;
        let mut found: Vec<(&NewFile, Finding)> = Vec::new();
        let mut remedy = String::new();
        for file in &files {
            let known = self.known(file, before, counts_before);
            let is_admitted = self.admits(&file.source)
                || self.admits(&file.file)
                || held.iter().any(|h| h.admitted && h.is(&file.source, &file.file, &file.fingerprint));
            if let Some(mut finding) = files::finding(file, &known, &self.pipeline.guards) {
                if finding.guard == "rejects" {
                    let (why, of_rows) = self.why_rejected(&file.source, Some(&file.file)).await?;
                    finding.reason += &format!(": {why}");
                    if remedy.is_empty() && !is_admitted {
                        remedy = of_rows;
                    }
                }
                match is_admitted {
                    true => self.progress.warn(&format!("let in: {}: {}", file.file, finding.reason)),
                    false => found.push((file, finding)),
                }
            }
        }
        if !found.is_empty() {
            return Err(self.hold(&found, &remedy, Kind::Data).await?);
        }
        self.guard_sources(counts, counts_before, &files, before)?;
        let is_first_run = self.before.is_none();
        for file in &files {
            files::learn(figures.sources.entry(file.source.clone()).or_default(), file, is_first_run);
        }
        if !files.is_empty() && !is_first_run {
            for source in &self.pipeline.sources {
                let of = figures.sources.entry(source.name.clone()).or_default();
                of.deliveries = if self.came(&source.name, &files) { of.deliveries + 1 } else { 0 };
            }
        }
        Ok(figures)
    }

    /// The new files with their rows.
    fn described(
        &self,
        new: Vec<(String, String, String)>,
        counts: &[FileCounts],
        before: &[FileCounts],
    ) -> Result<Vec<NewFile>> {
        let rows = |c: &FileCounts| c.rows - c.skipped.min(c.rows);
        let described = new.into_iter().map(|(source, file, fingerprint)| {
            let of = |all: &[FileCounts]| all.iter().find(|c| c.source == source && c.file == file).cloned();
            let counted = of(counts).ok_or_else(|| collect::without_counts(&file))?;
            let replaces = of(before).as_ref().map(rows);
            let (rows, rejects) = (rows(&counted), counted.rejects);
            Ok(NewFile { source, file, fingerprint, rows, rejects, replaces, ..NewFile::default() })
        });
        described.collect()
    }

    /// What is known of the source of a file.
    fn known<'a>(&'a self, file: &'a NewFile, before: Option<&'a Figures>, counts: &[FileCounts]) -> Known<'a> {
        let mut earlier: Vec<(&str, u64)> = counts
            .iter()
            .filter(|c| c.source == file.source && c.file != file.file)
            .map(|c| (c.file.as_str(), c.rows - c.skipped.min(c.rows)))
            .collect();
        earlier.sort_unstable();
        let source = self.pipeline.sources.iter().find(|source| source.name == file.source);
        let settings = self.settings_digest();
        Known {
            source: &file.source,
            // Where somebody changed how values are read, they are of other kinds for that reason.
            figures: before.filter(|of| of.settings == settings).and_then(|of| of.sources.get(&file.source)),
            rows: earlier.into_iter().map(|(_, rows)| rows).collect(),
            may_be_empty: source.is_some_and(|source| source.may_be_empty),
        }
    }

    /// Whether the command line lets something in by this name.
    fn admits(&self, name: &str) -> bool {
        self.options.admit.iter().any(|admitted| admitted == name)
    }

    /// Whether new files of a source came; those that are held did.
    fn came(&self, source: &str, files: &[NewFile]) -> bool {
        files.iter().any(|file| file.source == source) || self.left_out.iter().any(|held| held.source == source)
    }

    fn guard_sources(
        &self,
        counts: &[FileCounts],
        before: &[FileCounts],
        files: &[NewFile],
        figures: Option<&Figures>,
    ) -> Result<()> {
        let mut found = Vec::new();
        for source in &self.pipeline.sources {
            let name = &source.name;
            let of = Delivery::new(name, before, counts, self.came(name, files));
            let known = figures.and_then(|figures| figures.sources.get(name));
            let others = files.iter().any(|file| &file.source != name);
            let Some(finding) = sources::finding(&of, known, others, &self.pipeline.guards) else { continue };
            // A file that is held is missed by nobody: what it holds is known.
            let is_held = self.left_out.iter().any(|held| &held.source == name);
            match self.admits(name) || is_held {
                true => self.progress.warn(&format!("let in: source {name:?}: {}", finding.reason)),
                false => found.push((name, finding)),
            }
        }
        if found.is_empty() {
            return Ok(());
        }
        let told: Vec<String> = found
            .iter()
            .map(|(source, finding)| {
                format!("source {source:?} is stopped by the guard {}: {}", finding.guard, finding.reason)
            })
            .collect();
        let admit: BTreeSet<String> = found.iter().map(|(source, _)| format!("--admit {source}")).collect();
        let admit: Vec<String> = admit.into_iter().collect();
        Err(Error::data(told.join("; ")).hint(format!(
            "send what is missing and run again; where it is right, run the same command with {}",
            admit.join(" ")
        )))
    }

    /// Holds files, and says why. Before the first published run there is nothing that a file could be left out of.
    async fn hold(&self, found: &[(&NewFile, Finding)], remedy: &str, kind: Kind) -> Result<Error> {
        let told: Vec<String> = found
            .iter()
            .take(TOLD)
            .map(|(file, of)| {
                format!("{} of source {:?} is stopped by the guard {}: {}", file.file, file.source, of.guard, of.reason)
            })
            .collect();
        let more = match found.len().saturating_sub(TOLD) {
            0 => String::new(),
            more => format!("; and {more} more files"),
        };
        let error = Error::new(kind, format!("{}{more}", told.join("; ")));
        if self.before.is_none() {
            let own = "send the files again, or check the source in the pipeline file; `guards` has the limits";
            return Ok(error.hint(if remedy.is_empty() { own } else { remedy }));
        }
        let at = jiff::Timestamp::now().to_string();
        let all: Vec<Held> = found
            .iter()
            .map(|(file, of)| Held {
                source: file.source.clone(),
                file: file.file.clone(),
                fingerprint: file.fingerprint.clone(),
                reason: format!("{}: {}", of.guard, of.reason),
                by_run: self.manifest.run_id.clone(),
                at: at.clone(),
                admitted: false,
            })
            .collect();
        held::hold(&self.pipeline.lake, &all, &self.pipeline.source_renames).await?;
        let names: BTreeSet<String> = found.iter().map(|(file, _)| format!("--admit '{}'", file.file)).collect();
        let names: Vec<String> = names.into_iter().take(TOLD).collect();
        let remedy = if remedy.is_empty() { String::new() } else { format!("{remedy}; ") };
        Ok(error.hint(format!(
            "{remedy}nothing was published, and the next run leaves what is held out; where it is right, run the same command with {}",
            names.join(" ")
        )))
    }

    /// Refuses to read a file anew in whose place a held one lies.
    pub(super) fn check_held(&self, fresh: &[SourceFiles]) -> Result<()> {
        let read = |held: &&Held| {
            let of = fresh.iter().filter(|of| self.pipeline.sources[of.source].name == held.source);
            of.flat_map(|of| &of.files).any(|file| file.name == held.file)
        };
        let Some(held) = self.left_out.iter().find(read) else { return Ok(()) };
        Err(Error::data(format!("{} is held, and the file that it replaced has to be read again", held.file))
            .hint(format!("put the earlier file back, or run the same command with --admit '{}'", held.file)))
    }

    /// Where reading failed: holds the new files that cannot be read at all, so that they do not stop the next run. Answers the error
    /// to end with.
    pub(super) async fn hold_unreadable(&self, error: Error, fresh: &[SourceFiles]) -> Error {
        let Some(work) = self.work_before.as_ref().filter(|_| self.before.is_some()) else { return error };
        if !matches!(error.kind(), Kind::Data | Kind::Config) {
            return error;
        }
        let mut broken: Vec<(NewFile, Finding, String)> = Vec::new();
        let mut kind = error.kind();
        for (source, file, fingerprint) in new_files(&self.manifest.inputs, &work.inputs) {
            let of = fresh.iter().find(|of| self.pipeline.sources[of.source].name == source);
            let Some(of) = of else { continue };
            let Some(read) = of.files.iter().find(|read| read.name == file) else { continue };
            // A source whose every file is so is one that the pipeline file describes wrongly.
            let has_others = work.inputs.iter().any(|input| input.source == source);
            if let Some(failed) = failure(read, of, self.pipeline).await.filter(|_| has_others) {
                let failed = nearest::told(failed, self.pipeline, fresh).await;
                if broken.is_empty() {
                    kind = failed.kind();
                }
                let reason = failed.message().to_string();
                let new = NewFile { source, file, fingerprint, ..NewFile::default() };
                broken.push((new, Finding { guard: "unreadable", reason }, failed.remedy().unwrap_or_default().into()));
            }
        }
        let Some((_, _, remedy)) = broken.first() else { return error };
        let found: Vec<(&NewFile, Finding)> = broken.iter().map(|(file, of, _)| (file, of.clone())).collect();
        match self.hold(&found, remedy, kind).await {
            Ok(held) => held,
            Err(failed) => failed,
        }
    }
}

/// Why a file cannot be read by itself.
async fn failure(file: &SourceFile, of: &SourceFiles, pipeline: &Pipeline) -> Option<Error> {
    use futures::StreamExt;
    let options = std::sync::Arc::new(read_options(&pipeline.sources[of.source]));
    let mut rows = reader::read(file.clone(), options);
    while let Some(batch) = rows.next().await {
        if let Err(failed) = batch {
            return Some(Error::from(failed)).filter(|failed| matches!(failed.kind(), Kind::Data | Kind::Config));
        }
    }
    None
}
