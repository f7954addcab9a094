//! The stages `ingest` and `normalize`: files to rows, rows to records.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use arrow::array::{Array, AsArray};
use arrow::datatypes::Int64Type;
use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr::{ident, lit};

use super::{Run, erase, inputs, nearest};
use crate::engine::session::as_wide_as_threads;
use crate::error::{Error, Result};
use crate::lake::manifest::StageRecord;
use crate::lake::results::{FileCounts, IngestResult, NormalizeResult, StageResult, Understood};
use crate::sources::reader::RejectReason;
use crate::stages::ingest::expressions;
use crate::stages::{Stage, ingest, normalize};
use crate::tables::columns;
use crate::tables::contract::{RAW_EVENT, RAW_RECORD, RAW_REFERENCE, STANDARD_RECORD, col};
use nayose_matching::record::Standardizer;
use nayose_matching::record::another::NUMBER_REUSED;

/// Rows by source, file and reason, as the raw tables have them, with the first and the last line of each, and their
/// newest time that is not in the future.
const REASONS: &str = "
select source, file, reject_reason, count(*) as rows, min(line) as first, max(line) as last, max(t) as newest
from (
    select source, file, reject_reason, line, greatest(case when observed_at <= now() then observed_at end,
        case when registered_at <= now() then registered_at end) as t from raw_record
    union all
    select source, file, reject_reason, line, case when occurred_at <= now() then occurred_at end from raw_event
    union all
    select source, file, reject_reason, line, null as t from raw_reference
)
group by source, file, reject_reason";

/// Reasons that a sentence names.
const REASONS_TOLD: usize = 3;

impl Run<'_> {
    pub(super) async fn ingest(&self, record: &mut StageRecord) -> Result<()> {
        let (fresh, kept) = self.to_read(record.basis.as_ref());
        self.check_held(&fresh)?;
        let wide = as_wide_as_threads(&self.context, self.options.resources.threads);
        for mut planned in ingest::plan(&wide, self.pipeline, &fresh)? {
            // What facts name is nobody's record.
            if let Some(tombstones) = self.tombstones.as_ref().filter(|_| planned.table.name != RAW_REFERENCE.name) {
                planned.plan = erase::left_out(planned.plan, &planned.table, tombstones)?;
            }
            if let Err(error) = self.put_raw(planned, record).await {
                let error = expressions::placed(error, &self.context, self.pipeline, &fresh).await;
                let error = nearest::told(error, self.pipeline, &fresh).await;
                return Err(self.hold_unreadable(error, &fresh).await);
            }
        }
        inputs::unchanged(&fresh).await?;
        self.warn_of_files(&fresh);
        self.register(&[&RAW_RECORD, &RAW_EVENT, &RAW_REFERENCE], record).await?;
        let reasons = self.reasons().await?;
        self.tell_unknown_words(&reasons).await?;
        let counts = self.file_counts(&kept, &reasons);
        if self.before.is_none() {
            self.check_counts(&counts).await?;
        }
        let figures = self.guard_deliveries(&counts, &fresh, &reasons).await?;
        self.check_counts(&counts).await?;
        // Two sources may read one file.
        let read: HashSet<&str> = fresh.iter().flat_map(|of| &of.files).map(|file| file.name.as_str()).collect();
        let understood = self.understood(&counts, record).await?;
        for sentence in expressions::check(&self.context, self.pipeline, &fresh).await? {
            self.progress.warn(&sentence);
        }
        let newest = newest(&reasons);
        let (files_read, as_of) = (read.len(), self.data_time(&newest));
        let found = IngestResult { files: counts, files_read, as_of, understood, figures, newest };
        record.result = Some(StageResult::Ingest(found));
        Ok(())
    }

    /// Tells the words for which rows were rejected, each once.
    async fn tell_unknown_words(&self, reasons: &[RowsOfReason]) -> Result<()> {
        if reasons.iter().filter_map(|of| of.reason.as_deref()).any(ingest::unknown::is_word) {
            for table in [&RAW_EVENT, &RAW_REFERENCE] {
                for word in ingest::unknown::words(self.pipeline, self.context.table(table.name).await?).await? {
                    self.progress.warn(&word.to_string());
                }
            }
        }
        Ok(())
    }

    /// Tells what unpacking files found out: cells of workbooks that were read as empty, numbers that Excel had cut.
    fn warn_of_files(&self, fresh: &[ingest::SourceFiles]) {
        let mut told = HashSet::new();
        for file in fresh.iter().flat_map(|of| &of.files) {
            for warning in file.count.warnings() {
                let text = format!("{}: {warning}", file.name);
                if told.insert(text.clone()) {
                    self.progress.warn(&text);
                }
            }
        }
    }

    /// How much of every attribute can be understood.
    async fn understood(&self, counts: &[FileCounts], record: &StageRecord) -> Result<Vec<Understood>> {
        let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
        for c in counts {
            *rows.entry(&c.source).or_default() += c.rows;
        }
        let raw = self.table(&RAW_RECORD, record).await?;
        let found = ingest::understood::understood(&self.context, raw, &rows).await?;
        ingest::understood::refuse(&found, self.pipeline.limits.unusable_share)?;
        Ok(found)
    }

    /// The time as of which the analyses hold, microseconds. The session knows the raw tables.
    pub(super) fn data_time(&self, newest: &BTreeMap<String, i64>) -> i64 {
        let published = self.before.as_ref().map(|run| run.as_of);
        as_of(self.options.as_of, newest.values().copied().max(), published, self.erasure.is_some())
    }

    /// The rows that reached the tables, by source and file, with the rows that the reader saw: now, or when it read the file.
    fn file_counts(&self, kept: &[FileCounts], reasons: &[RowsOfReason]) -> Vec<FileCounts> {
        let mut found: BTreeMap<(&str, &str), [u64; 3]> = BTreeMap::new();
        for of in reasons {
            let [rows, rejects, skipped] = found.entry((&of.source, &of.file)).or_default();
            *rows += of.rows;
            match of.reason.as_deref() {
                None | Some("erased") => {}
                // Rows that were left out on purpose are no rejects.
                Some(reason) if RejectReason::is_skipped(reason) => *skipped += of.rows,
                Some(_) => *rejects += of.rows,
            }
        }
        let before =
            self.work_before.as_ref().and_then(|work| work.ingest().ok()).map_or(&[][..], |found| &found.files);
        let came: BTreeMap<(&str, &str), i64> =
            before.iter().map(|c| ((c.source.as_str(), c.file.as_str()), c.came)).collect();
        let mut all = Vec::new();
        for files in &self.found {
            let source = &self.pipeline.sources[files.source].name;
            for file in &files.files {
                let of_file = |c: &&FileCounts| &c.source == source && c.file == file.name;
                let delivered = found.get(&(source.as_str(), file.name.as_str())).copied().unwrap_or_default();
                let [rows, rejects, skipped] = delivered;
                let read = match kept.iter().find(of_file) {
                    Some(kept) => kept.read,
                    None => file.count.rows(),
                };
                let came = came.get(&(source.as_str(), file.name.as_str())).copied().unwrap_or_else(|| self.number());
                let (source, file) = (source.clone(), file.name.clone());
                all.push(FileCounts { source, file, rows, rejects, skipped, read, came });
            }
        }
        all
    }

    /// Rows in = records + rejects for every file; not too many rejects; no source without rows.
    async fn check_counts(&self, counts: &[FileCounts]) -> Result<()> {
        if let Some(c) = counts.iter().find(|c| c.rows != c.read) {
            return Err(Error::bug(format!(
                "{} of source {:?} has {} rows, but {} arrived",
                c.file, c.source, c.read, c.rows
            )));
        }
        for source in &self.pipeline.sources {
            let of: Vec<&FileCounts> = counts.iter().filter(|c| c.source == source.name).collect();
            let (rows, rejects) = of.iter().fold((0, 0), |(rows, rejects), c| (rows + c.rows, rejects + c.rejects));
            if rows == 0 && !source.may_be_empty {
                return Err(Error::data(format!("source {:?} has no rows in {} files", source.name, of.len()))
                    .hint("send the files again; set may_be_empty: true if that is right"));
            }
            let skipped: u64 = of.iter().map(|c| c.skipped).sum();
            if rows > 0 && rows == skipped && !source.may_be_empty {
                return Err(Error::data(format!("source {:?}: all {rows} rows are left out", source.name))
                    .hint("check `where` and `skip_where` of the source; set may_be_empty: true if that is right"));
            }
            let limit = self.pipeline.limits.reject_share;
            if rejects as f64 > limit * rows as f64 {
                let (why, hint) = self.why_rejected(&source.name, None).await?;
                return Err(Error::data(format!(
                    "source {:?}: {rejects} of {rows} rows cannot be read, more than limits.reject_share = {limit}: {why}",
                    source.name
                ))
                .hint(hint));
            }
        }
        Ok(())
    }

    /// Why rows of a source, or of one of its files, were rejected: the most frequent reasons with their first places; and the remedy.
    /// The session knows the raw tables.
    pub(super) async fn why_rejected(&self, source: &str, file: Option<&str>) -> Result<(String, String)> {
        let mut reasons: BTreeMap<String, (u64, String, i64)> = BTreeMap::new();
        for of in self.reasons().await?.into_iter().filter(|of| of.source == source) {
            let Some(reason) = of.reason.filter(|r| r != "erased" && !RejectReason::is_skipped(r)) else { continue };
            if file.is_some_and(|file| file != of.file) {
                continue;
            }
            let first = reasons.entry(reason).or_insert_with(|| (0, of.file.clone(), of.first));
            first.0 += of.rows;
            if (&of.file, of.first) < (&first.1, first.2) {
                (first.1, first.2) = (of.file, of.first);
            }
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by(|a, b| b.1.0.cmp(&a.1.0).then_with(|| a.0.cmp(&b.0)));
        let of = |(reason, (rows, file, line)): &(String, (u64, String, i64))| {
            format!("{reason} in {rows} rows, first {file} line {line}")
        };
        let why = reasons.iter().take(REASONS_TOLD).map(of).collect::<Vec<_>>().join("; ");
        let remedy = reasons.first().map_or("", |(reason, _)| RejectReason::remedy(reason));
        let work = self.work.join("ingest").shown();
        Ok((why, format!("{remedy}; the rows as they stand are in the column reject_raw below {work}")))
    }

    /// Rows by source, file and reason. The session knows the raw tables.
    pub(super) async fn reasons(&self) -> Result<Vec<RowsOfReason>> {
        let mut all = Vec::new();
        for batch in self.context.sql(REASONS).await?.collect().await? {
            let text = |c: usize| batch.column(c).as_string::<i32>();
            let number = |c: usize| batch.column(c).as_primitive::<Int64Type>();
            let newest = columns::times(batch.column(6))?;
            let of = |row: usize| RowsOfReason {
                source: text(0).value(row).to_string(),
                file: text(1).value(row).to_string(),
                reason: text(2).is_valid(row).then(|| text(2).value(row).to_string()),
                rows: number(3).value(row) as u64,
                first: number(4).value(row),
                last: number(5).value(row),
                newest: newest.is_valid(row).then(|| newest.value(row)),
            };
            all.extend((0..batch.num_rows()).map(of));
        }
        Ok(all)
    }

    /// The time as of which the analyses hold, microseconds, once `ingest` is done.
    pub(super) fn as_of(&self) -> Result<i64> {
        Ok(self.manifest.ingest()?.as_of)
    }

    pub(super) async fn normalize(&self, record: &mut StageRecord) -> Result<()> {
        let raw = self.table(&RAW_RECORD, record).await?;
        let standardizer = Arc::new(Standardizer::new(&self.pipeline.attributes, &self.pipeline.model));
        let before = self.standard_before(&raw, record.basis.as_ref()).await?;
        let executors = self.options.resources.cluster.is_some();
        for planned in normalize::plan(raw, before, standardizer, executors)? {
            self.put(Stage::Normalize, planned, false, None, record).await?;
        }
        let problems = self.table(&STANDARD_RECORD, record).await?.select_columns(&[col::PROBLEMS])?;
        let numbers_reused =
            problems.filter(array_has(ident(col::PROBLEMS), lit(NUMBER_REUSED)))?.count().await? as u64;
        record.result = Some(StageResult::Normalize(NormalizeResult { numbers_reused }));
        Ok(())
    }
}

/// The time that a run holds for: the one that was asked for, or the newest time in the data. Data without any time is as of its
/// beginning: the same on every run. Where nobody asked, time does not go back: the facts and ids of the newest run hold as of a later
/// time, and would be published over by an older state. `--full` decides nothing here, so that a run over everything gives the tables of
/// one over what changed. An erasure, whoever ends it, publishes no older state over a newer one either.
fn as_of(asked: Option<i64>, newest: Option<i64>, published: Option<i64>, erases: bool) -> i64 {
    let as_of = asked.or(newest).unwrap_or(0);
    match published.filter(|_| asked.is_none() || erases) {
        Some(published) => published.max(as_of),
        None => as_of,
    }
}

/// Rows of a file that came in, or were left out for one reason.
pub(super) struct RowsOfReason {
    /// Source of the pipeline file.
    pub source: String,
    /// Path below the input root.
    pub file: String,
    /// Why they were left out; none of those that came in.
    pub reason: Option<String>,
    /// How many.
    pub rows: u64,
    /// Line of the first of them.
    pub first: i64,
    /// Line of the last.
    pub last: i64,
    /// Their newest time that is not in the future, microseconds.
    pub newest: Option<i64>,
}

/// The newest time in the data of every source that is not in the future.
pub(super) fn newest(reasons: &[RowsOfReason]) -> BTreeMap<String, i64> {
    let mut newest: BTreeMap<String, i64> = BTreeMap::new();
    for (of, time) in reasons.iter().filter_map(|of| Some((of, of.newest?))) {
        let of_source = newest.entry(of.source.clone()).or_insert(time);
        *of_source = time.max(*of_source);
    }
    newest
}

#[cfg(test)]
mod tests {
    use super::as_of;

    #[test]
    fn time_goes_back_only_where_somebody_asks_for_it() {
        let (earlier, later) = (Some(3), Some(5));
        assert_eq!(as_of(None, earlier, None, false), 3, "the newest time in the data");
        assert_eq!(as_of(None, None, None, false), 0, "data without a time");
        assert_eq!(as_of(None, earlier, later, false), 5, "that of the newest run, which is later");
        assert_eq!(as_of(None, later, earlier, false), 5, "news go on");
        assert_eq!(as_of(None, None, later, false), 5);
        assert_eq!(as_of(earlier, later, later, false), 3, "asked for, with --full");
        assert_eq!(as_of(earlier, later, later, true), 5, "an erasure goes on from the newest run");
    }
}
