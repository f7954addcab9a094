//! The figures of new files: of which kinds their values are, how they end, which of their rows stand elsewhere already, and what
//! changed of the records that were known.
//!
//! In: `raw_record` and `raw_event`, the new files, `source_record` of the run before. Out: counts for each file. Of a large file some
//! thousand records are looked at, chosen by a hash of their ids.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, AsArray, Int64Array, RecordBatch, StringArray};
use arrow::datatypes::{Float64Type, Int64Type};
use datafusion::common::JoinType;
use datafusion::functions::expr_fn::named_struct;
use datafusion::functions_aggregate::expr_fn::array_agg;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};
use futures::TryStreamExt;

use crate::engine::session::{in_order, replace_table};
use crate::error::{Error, Result};
use crate::functions::standardize::{OUTSIDE, standardize};
use crate::lake::figures::Kinds;
use crate::lake::manifest::Input;
use crate::runner::Run;
use crate::runner::records::RowsOfReason;
use crate::sources::reader::{RejectReason, SourceFile};
use crate::stages::{field, fields_of};
use crate::tables::columns;
use crate::tables::contract::{RAW_RECORD, SOURCE_RECORD, col};
use nayose_matching::record::Standardizer;
use nayose_matching::record::another::Agreement;

const KINDS: &str = include_str!("kinds.sql");
const CONTENT: &str = include_str!("content.sql");
const REPEATED: &str = include_str!("repeated.sql");
const BEYOND: &str = include_str!("beyond.sql");
const ORPHANS: &str = include_str!("orphans.sql");
const TIMES: &str = include_str!("times.sql");

/// The new files, for the queries.
const NEW_FILE: &str = "new_file";
/// The records that are looked at.
const LOOKED_AT: &str = "looked_at";
const SAMPLE: &str = "
select r.* from raw_record r join new_file n on n.source = r.source and n.file = r.file
where r.reject_reason is null and key_hash(r.channel, r.record_id) % n.every = 0";

/// The facts that are looked at.
const FACTS_LOOKED_AT: &str = "facts_looked_at";
const SAMPLE_OF_FACTS: &str = "
select e.source, e.file, e.channel, e.record_id, e.occurred_at
from raw_event e join new_file n on n.source = e.source and n.file = e.file
where e.reject_reason is null and key_hash(e.channel, coalesce(e.event_id, '')) % n.every = 0";

/// The rows that a query of contents asks for, by the table that it reads.
type Asked = [(&'static str, &'static str); 2];
const OF_NEW_FILES: Asked = [
    (
        "asked_record",
        "select r.* from raw_record r join new_file n on n.source = r.source and n.file = r.file
         where r.reject_reason is null and r.record_id is not null",
    ),
    (
        "asked_event",
        "select e.* from raw_event e join new_file n on n.source = e.source and n.file = e.file
         where e.reject_reason is null and e.event_id is not null",
    ),
];
const OF_THE_SAME_IDS: Asked = [
    ("asked_record", "select * from raw_record where reject_reason is null and record_id in (select id from fresh)"),
    ("asked_event", "select * from raw_event where reject_reason is null and event_id in (select id from fresh)"),
];

/// Rows of new files up to which their ids and hashes are kept in memory, some seven MiB, as they are asked for five times: those of a
/// day. Those of a first load of a large source are found each time.
const KEPT: u64 = 1 << 16;

/// Records of a file that are looked at, about: a share of two thousand is known to two points.
const LOOK_AT: u64 = 2_000;

/// A file that this run reads for the first time.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct NewFile {
    /// Source of the pipeline file.
    pub source: String,
    /// Path below the input root.
    pub file: String,
    /// Its content.
    pub fingerprint: String,
    /// Rows, without those that were left out on purpose.
    pub rows: u64,
    /// Rows that could not be read.
    pub rejects: u64,
    /// Rows of the file of that name in the run before, where it has another content now.
    pub replaces: Option<u64>,
    /// Kinds of values.
    pub kinds: Kinds,
    /// Records that were looked at.
    pub records: u64,
    /// Those of them that were known.
    pub known: u64,
    /// Known records that have enough in common with before to tell whether they are another person.
    pub comparable: u64,
    /// Those of them that are another person.
    pub another: u64,
    /// Attribute → known records whose value changed.
    pub changed: BTreeMap<String, u64>,
    /// Attribute → known records that have a value, before and now.
    pub in_both: BTreeMap<String, u64>,
    /// Facts with a record's number that were looked at.
    pub facts: u64,
    /// Those of them whose record nobody delivered.
    pub orphans: u64,
    /// Rows with a time that were looked at, and the middle of their times, microseconds.
    pub times: Option<(u64, i64)>,
    /// Source → share of the rows that stand in its other files.
    pub repeated: BTreeMap<String, f64>,
    /// Whether its last row is broken as that of a file that was cut.
    pub cut: bool,
    /// Whether a text file ends in the middle of a line.
    pub open_end: bool,
    /// Rows of a file in order of the id, and the share of the source's other rows whose id is greater than its last.
    pub beyond: Option<(u64, f64)>,
}

/// Why the last row of a file that was cut cannot be read.
const CUT: [RejectReason; 4] =
    [RejectReason::UnclosedQuote, RejectReason::WrongColumnCount, RejectReason::BadJson, RejectReason::Undecodable];

impl Run<'_> {
    /// Fills in the figures of new files. The session knows the raw tables; `read` are the files that were read now, and `reasons` tells
    /// which of their rows could be read.
    pub(super) async fn collect(
        &self,
        files: &mut [NewFile],
        read: &[SourceFile],
        reasons: &[RowsOfReason],
    ) -> Result<()> {
        self.register_new(files)?;
        let here = self.here();
        let places: BTreeMap<(String, String), usize> =
            files.iter().enumerate().map(|(i, f)| ((f.source.clone(), f.file.clone()), i)).collect();
        let place = |source: &str, file: &str| places.get(&(source.to_string(), file.to_string())).copied();
        let sampled = here.sql(SAMPLE).await?;
        replace_table(&self.context, LOOKED_AT, sampled.clone())?;
        for batch in here.sql(KINDS).await?.collect().await? {
            let [source, file, attribute, kind] = [0, 1, 2, 3].map(|c| batch.column(c).as_string::<i32>());
            let values = batch.column(4).as_primitive::<Int64Type>();
            for row in 0..batch.num_rows() {
                let Some(i) = place(source.value(row), file.value(row)) else { continue };
                let of = files[i].kinds.entry(attribute.value(row).to_string()).or_default();
                *of.entry(kind.value(row).to_string()).or_default() += values.value(row) as u64;
            }
        }
        for file in files.iter_mut() {
            file.records = file.kinds.get(col::RECORD_ID).map_or(0, |kinds| kinds.values().sum());
        }
        let mut ends: BTreeMap<usize, (i64, Option<&str>)> = BTreeMap::new();
        for of in reasons {
            if let Some(i) = place(&of.source, &of.file) {
                let last = ends.entry(i).or_default();
                *last = (of.last, of.reason.as_deref()).max(*last);
            }
        }
        for read in read {
            for file in files.iter_mut().filter(|file| file.file == read.name) {
                file.open_end = read.count.has_open_end();
            }
        }
        // A row that is broken and has its line end is not the last that was sent, but a broken row that stands last.
        for (i, (_, reason)) in ends {
            files[i].cut = files[i].open_end && CUT.iter().any(|of| Some(of.name()) == reason);
        }
        self.collect_facts(files, &place).await?;
        if self.before.is_some() {
            self.collect_rows(files, &place).await?;
            self.collect_changes(files, sampled, &place).await?;
        }
        for name in [LOOKED_AT, FACTS_LOOKED_AT, NEW_FILE, "asked_record", "asked_event", "fresh", "content"] {
            self.context.deregister_table(name)?;
        }
        Ok(())
    }

    /// The session whose plans run in this process: a few counts are no work for a cluster.
    pub(super) fn here(&self) -> SessionContext {
        match self.options.resources.cluster {
            Some(_) => in_order(&self.context),
            None => self.context.clone(),
        }
    }

    fn register_new(&self, files: &[NewFile]) -> Result<()> {
        let every = files.iter().map(|file| (file.rows / LOOK_AT).max(1) as i64);
        let rows = RecordBatch::try_from_iter([
            ("source", Arc::new(StringArray::from_iter_values(files.iter().map(|f| &f.source))) as ArrayRef),
            ("file", Arc::new(StringArray::from_iter_values(files.iter().map(|f| &f.file)))),
            ("every", Arc::new(Int64Array::from_iter_values(every))),
        ])?;
        replace_table(&self.context, NEW_FILE, self.context.read_batch(rows)?)
    }

    /// Which facts have no record, and when what the files tell of was.
    async fn collect_facts(&self, files: &mut [NewFile], place: &impl Fn(&str, &str) -> Option<usize>) -> Result<()> {
        let here = self.here();
        let facts = here.sql(SAMPLE_OF_FACTS).await?;
        replace_table(&self.context, FACTS_LOOKED_AT, facts)?;
        for batch in here.sql(ORPHANS).await?.collect().await? {
            let [source, file] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
            let [facts, orphans] = [2, 3].map(|c| batch.column(c).as_primitive::<Int64Type>());
            for row in 0..batch.num_rows() {
                let Some(i) = place(source.value(row), file.value(row)) else { continue };
                (files[i].facts, files[i].orphans) = (facts.value(row) as u64, orphans.value(row) as u64);
            }
        }
        if self.before.is_none() {
            return Ok(());
        }
        for batch in here.sql(TIMES).await?.collect().await? {
            let [source, file] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
            let (rows, middle) =
                (batch.column(2).as_primitive::<Int64Type>(), batch.column(3).as_primitive::<Int64Type>());
            for row in (0..batch.num_rows()).filter(|row| middle.is_valid(*row)) {
                let Some(i) = place(source.value(row), file.value(row)) else { continue };
                files[i].times = Some((rows.value(row) as u64, middle.value(row)));
            }
        }
        Ok(())
    }

    /// Which rows stand elsewhere, and how far files in order go.
    async fn collect_rows(&self, files: &mut [NewFile], place: &impl Fn(&str, &str) -> Option<usize>) -> Result<()> {
        self.register_contents(files).await?;
        for batch in self.here().sql(REPEATED).await?.collect().await? {
            let [source, file, of] = [0, 1, 2].map(|c| batch.column(c).as_string::<i32>());
            let [rows, all] = [3, 4].map(|c| batch.column(c).as_primitive::<Int64Type>());
            for row in 0..batch.num_rows() {
                if let Some(i) = place(source.value(row), file.value(row)) {
                    let share = rows.value(row) as f64 / all.value(row).max(1) as f64;
                    files[i].repeated.insert(of.value(row).to_string(), share);
                }
            }
        }
        // One sort, whatever the threads: each has its own share of the memory.
        for batch in in_order(&self.context).sql(BEYOND).await?.collect().await? {
            let [source, file] = [0, 1].map(|c| batch.column(c).as_string::<i32>());
            let (rows, beyond) =
                (batch.column(2).as_primitive::<Int64Type>(), batch.column(3).as_primitive::<Float64Type>());
            for row in 0..batch.num_rows() {
                if let Some(i) = place(source.value(row), file.value(row)) {
                    files[i].beyond = Some((rows.value(row) as u64, beyond.value(row)));
                }
            }
        }
        Ok(())
    }

    /// Makes the rows of new files known as `fresh`, and those of all files with an id of them as `content`.
    async fn register_contents(&self, files: &[NewFile]) -> Result<()> {
        let here = self.here();
        let few = files.iter().map(|file| file.rows).sum::<u64>() <= KEPT;
        let put = |name: &str, rows: DataFrame| replace_table(&self.context, name, rows);
        for (table, query) in OF_NEW_FILES {
            put(table, here.sql(query).await?)?;
        }
        let fresh = here.sql(CONTENT).await?.distinct()?;
        put("fresh", if few { fresh.cache().await? } else { fresh })?;
        for (table, query) in OF_THE_SAME_IDS {
            put(table, here.sql(query).await?)?;
        }
        put("content", here.sql(CONTENT).await?)
    }

    /// What the new files say of records that were known, against every value that they had.
    async fn collect_changes(
        &self,
        files: &mut [NewFile],
        sampled: DataFrame,
        place: &impl Fn(&str, &str) -> Option<usize>,
    ) -> Result<()> {
        let of_before = self.previous(&SOURCE_RECORD).await?;
        let keys = [ident(col::CHANNEL).alias("channel_before"), ident(col::RECORD_ID).alias("record_id_before")];
        let of_before =
            of_before.select(keys.into_iter().chain([ident(col::HISTORY).alias("before")]).collect::<Vec<_>>())?;
        let versions = RAW_RECORD.columns.iter().filter(|c| !OUTSIDE.contains(&c.name));
        let versions = versions.flat_map(|c| [lit(c.name), ident(c.name)]).collect();
        // The file is a column of the versions too.
        let of_file = sampled.aggregate(
            [col::SOURCE, col::FILE, col::CHANNEL, col::RECORD_ID].map(ident).to_vec(),
            vec![array_agg(named_struct(versions)).alias(col::VERSIONS)],
        )?;
        let standardizer = Arc::new(Standardizer::new(&self.pipeline.attributes, &self.pipeline.model));
        let made = standardize(standardizer).call(vec![ident(col::VERSIONS)]).alias("standard");
        let keys = [col::SOURCE, col::FILE, col::CHANNEL, col::RECORD_ID].map(ident);
        let made = of_file.select(keys.into_iter().chain([made]).collect::<Vec<_>>())?;
        let now = field("standard", col::HISTORY).alias("now");
        let keys = [col::SOURCE, col::FILE, col::CHANNEL, col::RECORD_ID].map(ident);
        let now = fields_of(made, "standard")?.select(keys.into_iter().chain([now]).collect::<Vec<_>>())?;
        let met = now.join(
            of_before,
            JoinType::Inner,
            &[col::CHANNEL, col::RECORD_ID],
            &["channel_before", "record_id_before"],
            None,
        )?;
        let met = met.select(["source", "file", "before", "now"].map(ident).to_vec())?;
        let mut batches = met.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (source, file) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            let (before, now) = (columns::lists(batch.column(2))?, columns::lists(batch.column(3))?);
            for row in 0..batch.num_rows() {
                let Some(i) = place(source.value(row), file.value(row)) else { continue };
                let sides = [before.value(row), now.value(row)];
                let [left, right] = [values(&sides[0])?, values(&sides[1])?];
                let agreement = Agreement::between(&left, &right);
                let of = &mut files[i];
                of.known += 1;
                of.comparable += u64::from(agreement.can_tell());
                of.another += u64::from(agreement.is_another());
                for (attribute, is_same) in agreement.compared() {
                    *of.in_both.entry(attribute.to_string()).or_default() += 1;
                    if !is_same {
                        *of.changed.entry(attribute.to_string()).or_default() += 1;
                    }
                }
            }
        }
        Ok(())
    }
}

/// The values of a history, each with its attribute.
fn values(history: &ArrayRef) -> Result<Vec<(&str, &str)>> {
    let history = columns::structs(history)?;
    let attributes = columns::strings(columns::field(history, col::ATTRIBUTE)?)?;
    let values = columns::strings(columns::field(history, col::VALUE)?)?;
    Ok((0..history.len()).map(|i| (attributes.value(i), values.value(i))).collect())
}

/// The new files among the inputs of a run: those that the run before did not read with this content.
pub(super) fn new_files(now: &[Input], before: &[Input]) -> Vec<(String, String, String)> {
    let content = |input: &Input| {
        let fingerprint = super::super::inputs::content(&input.fingerprint).to_string();
        (input.source.clone(), input.file.clone(), fingerprint)
    };
    let known: std::collections::HashSet<_> = before.iter().map(content).collect();
    now.iter().map(content).filter(|input| !known.contains(input)).collect()
}

/// An error that says what cannot happen.
pub(super) fn without_counts(file: &str) -> Error {
    Error::bug(format!("{file} was read without counts"))
}
