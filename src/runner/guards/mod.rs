//! What keeps a wrong delivery from being published.
//!
//! In: what this run read and decided, and what the run before did. Out: an error that names the file or the source, the guard, its
//! figures and its limit. A file that a guard stops at is held: the next run leaves it out and publishes the rest. What was let in by
//! name, no guard stops at. Before the first run there is nothing to hold a file against, and it is the pipeline file that is wrong.

mod collect;
mod copies;
mod customers;
mod files;
mod sources;

use std::collections::BTreeSet;

use crate::config::{Digests, Pipeline, Rows};
use crate::console::progress::Progress;
use crate::console::version;
use crate::error::{Error, Kind, Result};
use crate::lake::figures::Figures;
use crate::lake::held::{self, Held};
use crate::lake::manifest::Input;
use crate::lake::results::FileCounts;
use crate::runner::records::RowsOfReason;
use crate::runner::{Run, nearest, records};
use crate::sources::reader::{self, SourceFile};
use crate::stages::ingest::{SourceFiles, read_options};
use collect::{NewFile, new_files};
use files::{Finding, Known};
use sources::Delivery;

/// The guards that are let in by their own name.
const NAMES: [&str; 3] = ["retired", "merged", "split"];

/// The guard over files that cannot be read at all: nobody can let one in.
const UNREADABLE: &str = "unreadable";

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
        "{} files are held and were not read: {}{more}; send what is wrong again under its name; `nayose run PIPELINE --admit FILE` lets in \
         what is right",
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
        let copies = self.sources_of_copies(&files, counts_before).await?;
        let newest = self.newest_then_and_now(reasons);
        let mut known: Vec<Known<'_>> = files.iter().map(|file| self.known(file, before, counts_before)).collect();
        for known in &mut known {
            (known.copies, known.newest) = (copies.contains(known.source), newest);
        }
        let mut found: Vec<(&NewFile, Finding)> = Vec::new();
        let mut remedy = String::new();
        for (file, known) in files.iter().zip(&known) {
            let is_admitted = self.admits(&file.source)
                || self.admits(&file.file)
                || held.iter().any(|h| h.admitted && h.is(&file.source, &file.file, &file.fingerprint));
            if let Some(mut finding) = files::finding(file, known, &self.pipeline.guards) {
                if finding.guard == "rejects" {
                    let (why, of_rows) = self.why_rejected(&file.source, Some(&file.file)).await?;
                    finding.reason += &format!(": {why}");
                    if remedy.is_empty() && !is_admitted {
                        remedy = of_rows;
                    }
                }
                if finding.guard == "orphans" && remedy.is_empty() && !is_admitted {
                    remedy = "where the people of these facts come later, send them, and let the file in then".into();
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
        let began_day = self.has_begun_day(newest);
        self.guard_sources(counts, counts_before, &files, before, began_day)?;
        let is_first_run = self.before.is_none();
        for (file, known) in files.iter().zip(&known) {
            files::learn(figures.sources.entry(file.source.clone()).or_default(), file, known, is_first_run);
        }
        if !files.is_empty() && !is_first_run && began_day {
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
        let described = new.into_iter().map(|(source, file, fingerprint)| {
            let of = |all: &[FileCounts]| all.iter().find(|c| c.source == source && c.file == file).cloned();
            let counted = of(counts).ok_or_else(|| collect::without_counts(&file))?;
            let replaces = of(before).as_ref().map(rows_of);
            let (rows, rejects) = (rows_of(&counted), counted.rejects);
            Ok(NewFile { source, file, fingerprint, rows, rejects, replaces, ..NewFile::default() })
        });
        described.collect()
    }

    /// The newest times of the data that are not in the future, of the run before and of this one; none where there are none.
    fn newest_then_and_now(&self, reasons: &[RowsOfReason]) -> Option<[i64; 2]> {
        let run = self.before.as_ref()?;
        let then = self.work_before.as_ref().and_then(|work| work.ingest().ok()?.newest.values().copied().max());
        // Manifests of earlier versions do not tell; data without any time are as of 1970.
        let then = then.or(Some(run.as_of).filter(|as_of| *as_of != 0))?;
        Some([then, records::newest(reasons).into_values().max()?])
    }

    /// Whether a day began with what came: one of the data, or of the clock where data have no times.
    fn has_begun_day(&self, newest: Option<[i64; 2]>) -> bool {
        let of_clock = || Some([self.published_at()?.as_microsecond(), jiff::Timestamp::now().as_microsecond()]);
        newest.or_else(of_clock).is_some_and(|[then, now]| sources::is_later_day(then, now, &self.pipeline.zone))
    }

    /// When the run before was published.
    fn published_at(&self) -> Option<jiff::Timestamp> {
        self.before.as_ref()?.sealed.as_ref()?.at.parse().ok()
    }

    /// What is known of the source of a file.
    fn known<'a>(&'a self, file: &'a NewFile, before: Option<&'a Figures>, counts: &[FileCounts]) -> Known<'a> {
        let earlier = copies::by_arrival(counts, &file.source, Some(&file.file));
        let first = earlier.first().map_or(0, |c| c.came).max(1);
        let source = self.pipeline.sources.iter().find(|source| source.name == file.source);
        let settings = self.settings_digest();
        Known {
            source: &file.source,
            // Where somebody changed how values are read, they are of other kinds for that reason.
            figures: before.filter(|of| of.settings == settings).and_then(|of| of.sources.get(&file.source)),
            first_load: earlier.iter().filter(|c| c.came == first).count(),
            rows: earlier.into_iter().map(rows_of).collect(),
            may_be_empty: source.is_some_and(|source| source.may_be_empty),
            has_facts: source.is_some_and(|source| matches!(source.holds, Rows::Events { .. })),
            ..Known::default()
        }
    }

    /// Whether the command line lets something in by this name.
    fn admits(&self, name: &str) -> bool {
        self.options.admit.iter().any(|admitted| admitted == name)
    }

    /// Whether new files of a source came; those that were held since the run before did.
    fn came(&self, source: &str, files: &[NewFile]) -> bool {
        files.iter().any(|file| file.source == source) || self.has_held(source)
    }

    /// Whether a file of a source is held that came since the run before was published.
    fn has_held(&self, source: &str) -> bool {
        let of_before = self.before.as_ref().map(|run| run.run_id.as_str());
        let published = self.published_at();
        // A rollback holds what came after the run to which it goes back.
        let is_new = |held: &Held| match (held.at.parse::<jiff::Timestamp>(), published) {
            (Ok(at), Some(published)) => at > published || of_before == Some(held.by_run.as_str()),
            _ => true,
        };
        self.left_out.iter().any(|held| held.source == source && is_new(held))
    }

    fn guard_sources(
        &self,
        counts: &[FileCounts],
        before: &[FileCounts],
        files: &[NewFile],
        figures: Option<&Figures>,
        began_day: bool,
    ) -> Result<()> {
        let mut found = Vec::new();
        for source in &self.pipeline.sources {
            let name = &source.name;
            let of = Delivery::new(name, before, counts, self.came(name, files));
            let known = figures.and_then(|figures| figures.sources.get(name));
            let others = began_day && files.iter().any(|file| &file.source != name);
            let Some(finding) = sources::finding(&of, known, others, &self.pipeline.guards) else { continue };
            // A file that is held is missed by nobody: what it holds is known.
            match self.admits(name) || self.has_held(name) {
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
        let remedy = if remedy.is_empty() { String::new() } else { format!("{remedy}; ") };
        let so_far = format!("{remedy}nothing was published, and the next run leaves what is held out");
        if found.iter().all(|(_, of)| of.guard == UNREADABLE) {
            return Ok(error.hint(so_far));
        }
        let away = match found.iter().any(|(file, _)| file.replaces.is_some()) {
            // Without the file that it replaced, rows that are published would be gone.
            true => "put the earlier one back",
            false => "take it away",
        };
        Ok(error.hint(format!(
            "{so_far}; where it is wrong, send the right file under its name, or {away}; where it is right, run the same command with {}",
            admits_of(found.iter().map(|(file, _)| file.file.as_str()))
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
        // Who changed how files are read may have described them wrongly; else it is the file that is written otherwise.
        let is_same = self.figures_before().is_some_and(|figures| figures.settings == self.settings_digest());
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
                    kind = if is_same { Kind::Data } else { failed.kind() };
                }
                let remedy = remedy_of_unreadable(&failed, &file, is_same);
                let reason = failed.message().to_string();
                let new = NewFile { source, file, fingerprint, ..NewFile::default() };
                broken.push((new, Finding { guard: UNREADABLE, reason }, remedy));
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

/// Rows of a file, without those that were left out on purpose.
fn rows_of(counts: &FileCounts) -> u64 {
    counts.rows - counts.skipped.min(counts.rows)
}

/// The options that let in files, a few of them.
fn admits_of<'a>(files: impl Iterator<Item = &'a str>) -> String {
    let names: BTreeSet<String> = files.map(|file| format!("--admit '{file}'")).collect();
    names.into_iter().take(TOLD).collect::<Vec<_>>().join(" ")
}

/// What to do about a file that cannot be read: letting it in does not help.
fn remedy_of_unreadable(failed: &Error, file: &str, is_written_otherwise: bool) -> String {
    let remedy = failed.remedy().unwrap_or_default();
    match failed.kind() {
        Kind::Config if is_written_otherwise => format!(
            "it is written otherwise than the other files of its source: send it again as they are, under its name; where files are to be so \
             from now on, mend the pipeline file ({remedy}) and run with {}",
            admits_of([file].into_iter())
        ),
        Kind::Config => format!("{remedy}; then run with {}", admits_of([file].into_iter())),
        _ if remedy.is_empty() => "send it again, whole, under its name".to_string(),
        _ => format!("{remedy}, under its name"),
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
