//! What of the published run's work still holds, so that a run does only what changed.
//!
//! In: the manifest of the run before, the inputs and settings of this one. Out: a stage's tables as they were, where nothing
//! changed that decides them; the rows of unchanged files and the standardized records without a changed row, where some files
//! are new, changed or gone. Tables hold the same rows as if everything had been read again: parts are named by their content,
//! and what is decided from everything (blocks, frequencies, people) is decided anew. An erasure, `--full` and
//! `--from` build on nothing.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use datafusion::logical_expr::{Expr, ident, in_list, lit};
use datafusion::prelude::DataFrame;

use super::Run;
use crate::config::Digests;
use crate::console::version;
use crate::error::Result;
use crate::lake::manifest::{Basis, Input, Output, StageRecord};
use crate::lake::results::{FileCounts, StageResult};
use crate::lake::{WORK, read};
use crate::stages::ingest::SourceFiles;
use crate::stages::{Planned, Stage, normalize};
use crate::store::digest;
use crate::tables::contract::{BLOCK, RAW_RECORD, STANDARD_RECORD, Table, col};
use crate::tables::part::PART_ROWS;
use nayose_matching::identity::tombstone::Tombstones;

/// Files of a raw table beyond those that its rows need: every run adds one at least, and more are put together.
const MOST_PARTS: usize = 64;

/// How the input files stand to those of the run before.
struct Changes {
    /// Source and file of those that are as they were, for every source that reads them: of a file that another source joins with changed
    /// files all rows go, as raw tables know their rows by the file.
    same: HashSet<(String, String)>,
    /// Those that are new or changed.
    fresh: BTreeSet<String>,
    /// Those that changed or are gone.
    gone: BTreeSet<String>,
}

impl Changes {
    fn between(before: &[Input], now: &[Input]) -> Self {
        let content = |i: &Input| (i.source.clone(), i.file.clone(), i.fingerprint.clone());
        let (was, is): (HashSet<_>, HashSet<_>) =
            (before.iter().map(content).collect(), now.iter().map(content).collect());
        let only = |these: &HashSet<(String, String, String)>, those: &HashSet<_>| -> BTreeSet<String> {
            these.difference(those).map(|(_, file, _)| file.clone()).collect()
        };
        let (fresh, gone) = (only(&is, &was), only(&was, &is));
        let same = was.intersection(&is).filter(|(_, file, _)| !fresh.contains(file) && !gone.contains(file));
        Changes { same: same.map(|(source, file, _)| (source.clone(), file.clone())).collect(), fresh, gone }
    }
}

fn in_files(files: &BTreeSet<String>, negated: bool) -> Expr {
    in_list(ident(col::FILE), files.iter().map(|file| lit(file.as_str())).collect(), negated)
}

fn basis_of(settings: String, inputs: String) -> Basis {
    let digest = |text: String| blake3::hash(text.as_bytes()).to_hex()[..32].to_string();
    // Another build may standardize otherwise, whatever its version says.
    Basis { settings: digest(format!("{} {settings}", version::line())), inputs: digest(inputs) }
}

impl Run<'_> {
    /// What decides the tables of a stage; `None` where that is also what was published before.
    pub(super) fn basis(&self, stage: Stage) -> Option<Basis> {
        let (model, parts) = (&self.pipeline.model.digest, &self.pipeline.parts);
        let Digests { reading, limits, .. } = parts;
        let erased = self.tombstones.as_deref().map(Tombstones::lines).unwrap_or_default();
        let (settings, inputs) = match stage {
            Stage::Ingest => {
                let line = |i: &Input| format!("{}\t{}\t{}\n", i.source, i.file, i.fingerprint);
                (format!("{reading} {erased} {limits}"), self.manifest.inputs.iter().map(line).collect())
            }
            Stage::Normalize => (format!("{reading} {erased} {model}"), self.content(&[&RAW_RECORD])),
            Stage::Block => (format!("{model} {limits}"), self.content(&[&STANDARD_RECORD])),
            Stage::Score => return Some(self.score_basis(&self.chosen().ok()?)),
            Stage::Cluster | Stage::Golden | Stage::Marts => return None,
        };
        Some(basis_of(settings, inputs))
    }

    /// What decides the pairs' probabilities. `chosen` tells the model's parameters, or what they are learned from. A decision of a
    /// person is no part of it where they are kept: it holds for its own pair at once, and teaches the next training.
    pub(super) fn score_basis(&self, chosen: &str) -> Basis {
        let (model, thresholds) = (&self.pipeline.model.digest, &self.pipeline.parts.thresholds);
        basis_of(format!("{model} {thresholds} {chosen}"), self.content(&[&STANDARD_RECORD, &BLOCK]))
    }

    /// The names of tables' files, which tell their content.
    fn content(&self, tables: &[&Table]) -> String {
        let outputs = tables.iter().filter_map(|table| self.manifest.output(table.name));
        outputs.flat_map(|output| output.parts.iter().map(|part| format!("{}\n", part.name))).collect()
    }

    /// A stage as the run before did it, where this run may build on it.
    fn earlier(&self, stage: Stage) -> Option<&StageRecord> {
        let anew = self.options.full || self.erasure.is_some() || self.options.from.is_some_and(|from| from <= stage);
        self.work_before.as_ref().filter(|_| !anew)?.stages.get(stage.name())
    }

    /// The stage as the run before did it, where nothing changed that decides its tables.
    pub(super) fn unchanged(&self, stage: Stage, basis: &Basis) -> Option<StageRecord> {
        let kept = self.earlier(stage).filter(|earlier| earlier.basis.as_ref() == Some(basis))?;
        let (table_seconds, operators) = (BTreeMap::new(), Vec::new());
        Some(StageRecord { seconds: 0.0, spilled: 0, table_seconds, operators, ..kept.clone() })
    }

    /// The same settings as in the run before, other inputs: how these changed.
    fn changes(&self, stage: Stage, basis: Option<&Basis>) -> Option<(&StageRecord, Changes)> {
        let earlier = self.earlier(stage)?;
        if earlier.basis.as_ref()?.settings != basis?.settings {
            return None;
        }
        Some((earlier, Changes::between(&self.work_before.as_ref()?.inputs, &self.manifest.inputs)))
    }

    /// The files whose rows have to be read, and the counts of those that have not.
    pub(super) fn to_read(&self, basis: Option<&Basis>) -> (Vec<SourceFiles>, Vec<FileCounts>) {
        let mut found = self.found.clone();
        let Some((earlier, changes)) = self.changes(Stage::Ingest, basis) else { return (found, Vec::new()) };
        let Some(StageResult::Ingest(found_before)) = &earlier.result else { return (found, Vec::new()) };
        let mut counts = found_before.files.clone();
        let same = |source: &str, file: &str| changes.same.contains(&(source.to_string(), file.to_string()));
        counts.retain(|c| same(&c.source, &c.file));
        for of in &mut found {
            let source = &self.pipeline.sources[of.source].name;
            of.files.retain(|file| !same(source, &file.name));
        }
        (found, counts)
    }

    /// Puts a raw table: the rows that were read now, and those of the files that are as they were. Files of the run before are
    /// named, not copied, unless they hold rows of files that changed, or are too many.
    pub(super) async fn put_raw(&self, mut planned: Planned, record: &mut StageRecord) -> Result<()> {
        let table = planned.table;
        let kept = self.changes(Stage::Ingest, record.basis.as_ref());
        let kept = kept.and_then(|(earlier, changes)| Some((earlier.outputs.get(table.name)?, changes)));
        let Some((kept, changes)) = kept else {
            self.put(Stage::Ingest, planned, false, None, record).await?;
            return Ok(());
        };
        let needed = kept.rows() as usize / PART_ROWS;
        if !changes.gone.is_empty() || kept.parts.len() > needed + MOST_PARTS {
            let mut rows = read::table(&self.context, &self.pipeline.lake, kept, table.schema()).await?;
            if !changes.gone.is_empty() {
                rows = rows.filter(in_files(&changes.gone, true))?;
            }
            planned.plan = rows.union(planned.plan)?;
            self.put(Stage::Ingest, planned, false, None, record).await?;
            return Ok(());
        }
        self.put(Stage::Ingest, planned, false, None, record).await?;
        if let Some(output) = record.outputs.get_mut(table.name) {
            let mut parts = kept.named_below(WORK).parts;
            parts.extend(output.named_below(WORK).parts);
            parts.retain(|part| part.rows > 0);
            if !parts.is_empty() {
                *output = Output { folder: WORK.to_string(), parts };
            }
        }
        Ok(())
    }

    /// The standardized records of the run before, and the keys of those that have to be made anew.
    pub(super) async fn standard_before(
        &self,
        raw: &DataFrame,
        basis: Option<&Basis>,
    ) -> Result<Option<normalize::Before>> {
        let Some((earlier, changes)) = self.changes(Stage::Normalize, basis) else { return Ok(None) };
        let before = self.work_before.as_ref().and_then(|work| work.output(RAW_RECORD.name));
        let (Some(standard), Some(raw_before)) = (earlier.outputs.get(STANDARD_RECORD.name), before) else {
            return Ok(None);
        };
        let keys = [col::CHANNEL, col::RECORD_ID];
        let mut touched = raw.clone().filter(in_files(&changes.fresh, false))?.select_columns(&keys)?;
        if !changes.gone.is_empty() {
            let was = read::table(&self.context, &self.pipeline.lake, raw_before, RAW_RECORD.schema()).await?;
            touched = touched.union(was.filter(in_files(&changes.gone, false))?.select_columns(&keys)?)?;
        }
        let standard = self.in_ranges(STANDARD_RECORD.schema(), standard, STANDARD_RECORD.key).await?;
        Ok(Some(normalize::Before { standard, touched }))
    }

    /// Removes the work of earlier runs that this one does not build on.
    ///
    /// # Errors
    /// Environment, if something cannot be removed.
    pub(super) async fn remove_old_work(&self) -> Result<()> {
        let files = |outputs: &Output| outputs.named_below(WORK).parts.into_iter().map(|part| part.name);
        let mine: HashSet<String> =
            self.manifest.stages.values().flat_map(|stage| stage.outputs.values()).flat_map(files).collect();
        let before = self.work_before.iter().flat_map(|work| work.stages.values());
        let theirs =
            before.flat_map(|stage| stage.outputs.values()).filter(|o| o.folder.starts_with(WORK)).flat_map(files);
        let mut runs: BTreeSet<String> = theirs.filter_map(|file| Some(file.split('/').next()?.to_string())).collect();
        runs.extend(self.before.iter().map(|run| run.run_id.clone()));
        runs.remove(&self.manifest.run_id);
        let work = self.pipeline.lake.join(WORK);
        for run in runs {
            if !mine.iter().any(|file| file.starts_with(&format!("{run}/"))) {
                work.join(&run).remove_all().await?;
                continue;
            }
            for (file, _) in work.join(&run).glob("**").await? {
                let file = format!("{run}/{file}");
                if !mine.contains(&digest::part_of_tree(&file).unwrap_or_else(|| file.clone())) {
                    work.join(&file).remove().await?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(file: &str, fingerprint: &str) -> Input {
        let source = "shop".to_string();
        Input { source, file: file.into(), fingerprint: fingerprint.into(), bytes: 1, stamp: String::new() }
    }

    #[test]
    fn a_changed_file_is_gone_and_fresh() {
        let before = [input("a", "1"), input("b", "1"), input("c", "1")];
        let now = [input("a", "1"), input("b", "2"), input("d", "1")];
        let changes = Changes::between(&before, &now);
        let names = |of: &BTreeSet<String>| of.iter().cloned().collect::<Vec<_>>();
        assert_eq!(changes.same, HashSet::from([("shop".to_string(), "a".to_string())]));
        assert_eq!(
            (names(&changes.fresh), names(&changes.gone)),
            (vec!["b".into(), "d".into()], vec!["b".into(), "c".into()])
        );
    }

    #[test]
    fn a_file_that_changed_for_one_source_changed_for_all_that_read_it() {
        let of = |source: &str, fingerprint: &str| Input { source: source.into(), ..input("tickets", fingerprint) };
        let changes =
            Changes::between(&[of("people", "1"), of("events", "1+a")], &[of("people", "1"), of("events", "1+b")]);
        let tickets = BTreeSet::from(["tickets".to_string()]);
        assert_eq!((changes.same, changes.fresh, changes.gone), (HashSet::new(), tickets.clone(), tickets));
    }
}
