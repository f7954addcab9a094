//! What the stages of a run found out besides their tables: typed, kept in the manifest, read by later stages and by the summary.
//!
//! A stage that needs what an earlier one found takes it from here. A value that is missing is an error, never a default.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::figures::Figures;
use super::models::{Cause, UsedModel};
use super::profile::{Drift, Profile};
use nayose_matching::model::bits::Bits;
use nayose_matching::model::em::{Dependence, Doubts};

/// What a stage found out. Stages whose tables say everything have none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum StageResult {
    /// Of `ingest`.
    Ingest(IngestResult),
    /// Of `normalize`.
    Normalize(NormalizeResult),
    /// Of `block`.
    Block(BlockResult),
    /// Of `score`.
    Score(Box<ScoreResult>),
    /// Of `cluster`.
    Cluster(ClusterResult),
    /// Of `golden`.
    Golden(GoldenResult),
    /// Of `marts`.
    Marts(MartsResult),
}

impl StageResult {
    /// As the summary of a run has it: the fields alone, as JSON.
    pub(crate) fn summary(&self) -> serde_json::Value {
        let fields = match self {
            // What is kept for the next run is no news of this one.
            StageResult::Ingest(found) => {
                let mut found = IngestResult { figures: Figures::default(), ..found.clone() };
                found.files.iter_mut().for_each(|file| file.came = 0);
                serde_json::to_value(found)
            }
            StageResult::Normalize(found) => serde_json::to_value(found),
            StageResult::Block(found) => serde_json::to_value(found),
            StageResult::Score(found) => serde_json::to_value(found),
            StageResult::Cluster(found) => serde_json::to_value(found),
            StageResult::Golden(found) => serde_json::to_value(found),
            StageResult::Marts(found) => serde_json::to_value(found),
        };
        // Only maps with keys that are no text cannot be written, and there are none.
        fields.unwrap_or_default()
    }
}

/// What reading the files found.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct IngestResult {
    /// The rows of every file, in the order of the sources.
    pub files: Vec<FileCounts>,
    /// Files that were opened: those that did not change are not.
    pub files_read: usize,
    /// Time as of which the analyses hold, microseconds since 1970 UTC.
    pub as_of: i64,
    /// What cannot be used, by source and attribute.
    #[serde(default)]
    pub understood: Vec<Understood>,
    /// What deliveries usually are, for the guards of the next run.
    #[serde(default)]
    pub figures: Figures,
    /// Source → the newest time of its rows that is not in the future, microseconds.
    #[serde(default)]
    pub newest: BTreeMap<String, i64>,
}

/// How much of an attribute of a source can be understood, of a sample.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Understood {
    /// Source of the pipeline file.
    pub source: String,
    /// The attribute.
    pub attribute: String,
    /// Values that were looked at.
    pub values: u64,
    /// Those that cannot be understood.
    pub unusable: u64,
    /// What most of these look like: 9 for a digit, a kind of letters for letters.
    pub shapes: Vec<String>,
}

impl Understood {
    /// The share that cannot be understood, 0 to 1.
    pub(crate) fn share(&self) -> f64 {
        self.unusable as f64 / self.values.max(1) as f64
    }
}

impl std::fmt::Display for Understood {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Understood { source, attribute, values, unusable, shapes } = self;
        write!(f, "{source}.{attribute}: {unusable} of {values} values cannot be understood")?;
        if !shapes.is_empty() {
            write!(f, ", such as {}", shapes.join(" and "))?;
        }
        Ok(())
    }
}

/// Rows of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct FileCounts {
    /// Source of the pipeline file.
    pub source: String,
    /// Path below the input root.
    pub file: String,
    /// Rows that reached the tables, rejects among them.
    pub rows: u64,
    /// Rows that could not be read.
    pub rejects: u64,
    /// Rows that are no records and were not meant to be: left out by `where` or `skip_where`, a header in the middle, a total.
    #[serde(default)]
    pub skipped: u64,
    /// Rows that the reader saw.
    pub read: u64,
    /// Number of the run with which a file of this name came first; 0 where an earlier version read it.
    #[serde(default, skip_serializing_if = "is_unknown")]
    pub came: i64,
}

/// Whether the number of a run is none.
fn is_unknown(number: &i64) -> bool {
    *number == 0
}

/// What standardizing found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NormalizeResult {
    /// Records whose number another person had before: of that person they keep nothing.
    pub numbers_reused: u64,
}

/// What blocking found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct BlockResult {
    /// What scoring and clustering will need.
    pub forecast: Forecast,
    /// Blocking rule → pairs that it owns: those that no rule before it brings.
    pub pairs_by_rule: BTreeMap<String, u64>,
    /// Blocking rule → its blocks over `limits.block_size`, which are not compared.
    pub blocks_left_out: BTreeMap<String, LeftOut>,
}

/// What scoring and clustering will need, from the sizes of blocks.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Forecast {
    /// Pairs at most: one that several rules bring counts for each. With a near rule, or where so many would not fit, the number that is
    /// expected.
    pub pairs: u64,
    /// Seconds of scoring.
    pub seconds: f64,
    /// Bytes of memory that cannot be spilled: the features of all records, and the links.
    pub memory: u64,
    /// Bytes that the stages from here on will write.
    pub disk: u64,
}

impl std::fmt::Display for Forecast {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mib = |bytes: u64| bytes.div_ceil(1 << 20);
        let Forecast { pairs, seconds, memory, disk } = *self;
        write!(f, "{pairs} pairs need {} MiB of memory, {} MiB of disk and {seconds:.0} s", mib(memory), mib(disk))
    }
}

/// Blocks of a rule that are too large to be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LeftOut {
    /// How many.
    pub blocks: u64,
    /// Records of the largest.
    pub largest: u64,
    /// Records of all of them.
    pub records: u64,
}

/// What scoring found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ScoreResult {
    /// Feature → values that very many records have, which are no evidence.
    pub junk_values: BTreeMap<String, JunkValues>,
    /// How the parameters were learned.
    pub trained: Trained,
    /// The parameters, every bit of them.
    pub parameter_bits: Bits,
    /// The model that was used; none in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model: Option<UsedModel>,
    /// What it finds in the candidate pairs; none in manifests of earlier versions.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<Profile>,
    /// How far that has moved since it was trained; none where this run trained it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub drift: Option<Drift>,
}

impl ScoreResult {
    /// The next run takes it over: what this one trained is kept from then on, and nothing has moved.
    pub(crate) fn is_kept(&mut self) {
        let Some(model) = self.model.as_mut().filter(|m| m.trained_because.as_ref().is_some_and(Cause::is_kept)) else {
            return;
        };
        model.trained_because = None;
        self.drift = self.profile.as_ref().map(|profile| Drift::between(profile, profile));
    }
}

/// Values of a feature that were ignored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct JunkValues {
    /// How many.
    pub values: usize,
    /// Records that had them.
    pub records: u64,
}

/// How the parameters of the model were learned, or where they were taken from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Trained {
    /// Digest of what they were learned from.
    pub learned_from: String,
    /// Steps of EM; 0 where the model file had the parameters.
    pub steps: u32,
    /// What this run learned; none where the model file had the parameters.
    #[serde(flatten, skip_serializing_if = "Option::is_none")]
    pub learned: Option<Learned>,
}

/// What a run learned.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Learned {
    /// Share of the candidate pairs that EM saw.
    pub candidate_share: f64,
    /// Whether the steps ended before their limit.
    pub converged: bool,
    /// Comparisons in which the candidate pairs differ from each other; none in manifests of earlier versions.
    #[serde(default)]
    pub differing: Option<usize>,
    /// Probability that two random records are one person, and that they are two people of one household.
    pub prior: [f64; 2],
    /// The same by pair of channels.
    pub priors: BTreeMap<String, [f64; 2]>,
    /// Comparisons that differ together, where the model cannot explain it.
    pub dependence: Option<Dependence>,
    /// Reasons to doubt the probabilities.
    #[serde(default)]
    pub doubts: Doubts,
    /// Comparison → level → its probabilities.
    pub levels: BTreeMap<String, BTreeMap<String, LevelShares>>,
}

/// Comparisons in which pairs have to differ for the model to learn anything: with fewer than three, other parameters explain the
/// pairs as well (E. Allman, C. Matias, J. Rhodes, "Identifiability of parameters in latent structure models", 2009).
const IDENTIFIES: usize = 3;

impl Learned {
    /// What to say where the pairs could not teach anything: then the expected precision is that of a guess.
    pub(crate) fn nothing(&self) -> Option<String> {
        let differing = self.differing.filter(|n| *n < IDENTIFIES)?;
        Some(format!(
            "the model learned nothing: the candidate pairs differ in {differing} comparisons, and {IDENTIFIES} are needed; check `columns` in the pipeline file, and that the sources are of more than one person"
        ))
    }
}

/// The probabilities of a level in the classes of pairs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct LevelShares {
    /// Among pairs of one person.
    pub m: f64,
    /// Among pairs of two people of one household.
    pub household: f64,
    /// Among unrelated pairs.
    pub u: f64,
}

/// What clustering found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClusterResult {
    /// Customers.
    pub customers: u64,
    /// Households.
    pub households: u64,
    /// Links that were made, or that hold.
    pub linked: u64,
    /// Those of them below the threshold, which hold because the run before made them.
    #[serde(default)]
    pub held: u64,
    /// Links that were refused because records contradict each other.
    pub cut: u64,
    /// Links of records that fit two people equally well.
    pub contested: u64,
    /// Links between groups whose pairs vote against one person.
    #[serde(default)]
    pub outvoted: u64,
    /// Links between groups that look like two people.
    pub weak_bridges: u64,
    /// Links that would have given a person too many records of a channel.
    pub over_records_per_person: u64,
    /// Pairs between the thresholds.
    pub review: u64,
    /// Records of a customer, padded so that they sort as numbers → customers.
    pub records_per_customer: BTreeMap<String, u64>,
    /// Decisions that name a record which is not in the input.
    pub decisions_without_record: u64,
    /// Decisions that were made on values of records which are other ones now.
    #[serde(default)]
    pub decisions_on_other_values: u64,
    /// Pairs that the evidence would link since somebody is erased, and that stay two people.
    #[serde(default)]
    pub kept_apart: u64,
    /// What happened to customers → how many events of that kind this run saw.
    #[serde(default)]
    pub events: BTreeMap<String, u64>,
    /// Merges and splits of this run that undo one of an earlier run, though nobody said anything else of the records.
    #[serde(default)]
    pub flips: u64,
    /// What the model expects at the threshold of the run.
    pub expected: Expected,
    /// The same at other thresholds.
    pub thresholds: Vec<Expected>,
}

/// What the golden records tell of customers in the analyst's profile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, Default)]
pub(crate) struct GoldenResult {
    /// Customers.
    pub customers: u64,
    /// Customers with whom nobody shares town, ten years of age and sex.
    pub alone: u64,
    /// Customers who are fewer than the `k` of the pipeline's profile, before anything is generalised.
    pub below_k: u64,
    /// Files that have rows of facts that are there again, or that a later file replaced.
    #[serde(default)]
    pub lines: Vec<LineCounts>,
    /// Facts with an amount below zero.
    #[serde(default)]
    pub negative: Vec<Negative>,
    /// Codes that facts and the tables of what they name do not share.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unmatched: Vec<Unmatched>,
}

/// Codes of a table of what facts name, or of facts, that have no counterpart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Unmatched {
    /// The table: `product`, `store`, `medium_spend`; `consent` of the ways of messages.
    pub table: String,
    /// The column that both have.
    pub column: String,
    /// Rows without a counterpart: of facts, of spend those of the table.
    pub rows: u64,
    /// Different codes among them.
    pub codes: u64,
    /// Some of the codes, those with most rows first.
    pub examples: Vec<String>,
}

impl std::fmt::Display for Unmatched {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Unmatched { table, column, rows, codes, examples } = self;
        let such = if examples.is_empty() { String::new() } else { format!(", such as {}", examples.join(", ")) };
        let rows_name = if *rows == 1 { "row" } else { "rows" };
        let values = if *codes == 1 { "value" } else { "values" };
        match table.as_str() {
            "medium_spend" => write!(
                f,
                "{rows} {rows_name} of medium_spend with {codes} {values} of medium that no purchase and no visit has{such}: what was spent there wins nobody"
            ),
            "consent" => {
                let messages = if *rows == 1 { "message" } else { "messages" };
                write!(
                    f,
                    "{rows} {messages} with {codes} {values} of medium that no consent has as its contact{such}: who unsubscribes from them ends none"
                )
            }
            _ => write!(
                f,
                "{rows} {rows_name} of facts with {codes} {values} of {column} that {table} does not have{such}: figures by {table} leave them out"
            ),
        }
    }
}

/// Rows of a file that are facts no more.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LineCounts {
    /// Source of the pipeline file.
    pub source: String,
    /// Path below the input root.
    pub file: String,
    /// Rows that are there a second time, the same in everything.
    pub repeated: u64,
    /// Rows in whose place a later file, or a later row where `equal_rows: one_event` says so, has others.
    pub replaced: u64,
    /// Rows of a reference whose key a later row has.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub references: u64,
}

/// Left out where it counts nothing: the summary of a pipeline without references is what it was.
fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// Facts of a kind with an amount below zero.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) struct Negative {
    /// Channel.
    pub channel: String,
    /// Kind of fact.
    pub event_type: String,
    /// How many.
    pub rows: u64,
}

/// What the marts found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MartsResult {
    /// Checks that returned no rows.
    pub checks_passed: usize,
    /// Marts that were not made.
    #[serde(default)]
    pub marts_left_out: Vec<MartLeftOut>,
    /// Checks that were not run.
    #[serde(default)]
    pub checks_left_out: Vec<CheckLeftOut>,
    /// The segments, in order of name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments: Vec<SegmentResult>,
    /// Segments and mail lists that were not made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub segments_left_out: Vec<SegmentLeftOut>,
    /// What the marts tell in the report.
    #[serde(default)]
    pub told: Vec<MartTold>,
}

/// What a segment came to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentResult {
    /// Its name.
    pub segment: String,
    /// Its members.
    pub members: i64,
    /// Customers on its mail list; nothing where it is none.
    pub listed: Option<i64>,
}

/// A segment that was not made, or not as a mail list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SegmentLeftOut {
    /// Its name.
    pub segment: String,
    /// Whether its members are known, and only its mail list was not made.
    pub list_only: bool,
    /// What it needs, itself or through a mart or a segment that it reads, and no source maps.
    pub needs: Vec<String>,
}

/// A sentence of a mart in the report.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MartTold {
    /// The mart.
    pub mart: String,
    /// In Japanese.
    pub ja: String,
    /// In English.
    pub en: String,
}

/// A mart that was not made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MartLeftOut {
    /// Its name.
    pub mart: String,
    /// What it needs, itself or through a mart that it reads, and no source maps.
    pub needs: Vec<String>,
}

/// A check that was not run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct CheckLeftOut {
    /// Its name.
    pub check: String,
    /// What the marts that it reads need, and no source maps.
    pub needs: Vec<String>,
}

pub(crate) use nayose_matching::identity::people::Expected;
