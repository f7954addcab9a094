//! The figures of a run as a Prometheus text file, for node exporter's textfile collector.
//!
//! In: how the run ended, how long it took. Out: the text of the file, every family with its HELP and TYPE. A run that fails
//! writes it too, so that an alert needs one rule only (`nayose_run_success == 0`); the time of the last success is carried
//! over from the file that is there. Names keep Prometheus' conventions: base units, one meaning a name, labels of few values.

use std::collections::BTreeMap;
use std::fmt::Write;

use crate::console::version;
use crate::error::Error;
use crate::lake::delta;
use crate::lake::manifest::Manifest;
use crate::lake::profile::{OF, Pairs};
use crate::lake::results::Expected;
use crate::runner::Outcome;
use crate::stages::Stage;
use crate::store::Location;

/// The family that is carried over from run to run.
const LAST_SUCCESS: &str = "nayose_last_success_timestamp_seconds";
const SUCCESS_HELP: &str = "When a run last ended well, in seconds since 1970.";

/// How a run went.
pub(crate) struct Run<'a> {
    /// Name of the pipeline; empty where its file could not be read.
    pub pipeline: &'a str,
    /// How it ended.
    pub ended: Result<&'a Outcome, &'a Error>,
    /// Seconds that it took.
    pub seconds: f64,
    /// When it ended, seconds since 1970.
    pub now: f64,
    /// The line of [`last_success`] in the file of the run before.
    pub last_success: Option<&'a str>,
    /// Bytes of the lake by table or other folder, with older versions; empty where the lake could not be listed.
    pub lake: &'a BTreeMap<String, u64>,
}

/// What happens to customers.
const EVENTS: [&str; 6] = ["created", "joined", "merged", "split", "retired", "erased"];

/// Files whose rejects are told, those with most first: a label may not have as many values as there are files.
const MOST_FILES: usize = 20;

/// Bytes of a lake by table, or by folder for what is no table, with everything that older versions need.
///
/// # Errors
/// Environment, if the lake cannot be listed.
pub(crate) async fn lake_bytes(lake: &Location) -> crate::error::Result<BTreeMap<String, u64>> {
    let mut bytes: BTreeMap<String, u64> = BTreeMap::new();
    for (file, meta) in lake.glob("**").await? {
        let mut folders = file.split('/');
        let of = match (folders.next(), folders.next()) {
            (Some(delta::TABLES), Some(table)) => table,
            (Some(folder), Some(_)) => folder,
            _ => "other",
        };
        *bytes.entry(of.to_string()).or_default() += meta.size;
    }
    Ok(bytes)
}

/// The text of the file.
pub(crate) fn text(run: &Run) -> String {
    let mut file = File { text: String::new(), pipeline: run.pipeline };
    file.family("nayose_build_info", "Version, commit and engine of nayose; always 1.");
    let build = [("version", version::VERSION), ("commit", version::COMMIT), ("datafusion", version::DATAFUSION)];
    file.sample("nayose_build_info", &build, 1.0);
    let code = run.ended.as_ref().err().map_or(0, |e| e.kind().exit_code());
    file.one("nayose_run_success", "Whether the last run ended well (1) or failed (0).", f64::from(run.ended.is_ok()));
    file.one(
        "nayose_run_exit_code",
        "Exit code of the last run's kind of failure; 0 where it ended well.",
        code.into(),
    );
    let published = matches!(run.ended, Ok(Outcome::Published(_)));
    file.one(
        "nayose_run_published",
        "Whether the last run published tables (1), or had nothing to publish (0).",
        published.into(),
    );
    file.one("nayose_run_seconds", "Seconds that the last run took.", run.seconds);
    file.one("nayose_last_run_timestamp_seconds", "When the last run ended, in seconds since 1970.", run.now);
    match (&run.ended, run.last_success) {
        (Ok(_), _) => file.one(LAST_SUCCESS, SUCCESS_HELP, run.now),
        // With its label: a pipeline file that cannot be read has no name.
        (Err(_), Some(line)) => {
            file.family(LAST_SUCCESS, SUCCESS_HELP);
            let _ = writeln!(file.text, "{line}");
        }
        (Err(_), None) => {}
    }
    if let Ok(Outcome::Published(manifest) | Outcome::Stopped(manifest) | Outcome::Planned(manifest, _)) = run.ended {
        file.manifest(manifest);
    }
    if !run.lake.is_empty() {
        let bytes = run.lake.iter().map(|(table, bytes)| (table.as_str(), *bytes as f64));
        file.many(
            "nayose_lake_table_bytes",
            "Bytes of a table or a folder of the lake, with older versions.",
            "table",
            bytes,
        );
        let all = run.lake.values().sum::<u64>() as f64;
        file.one("nayose_lake_bytes", "Bytes of the whole lake, with older versions.", all);
    }
    file.text
}

/// The line with the time of the last success in the text of an earlier file.
pub(crate) fn last_success(text: &str) -> Option<&str> {
    let line = text.lines().find(|l| l.strip_prefix(LAST_SUCCESS).is_some_and(|rest| rest.starts_with('{')))?;
    let (labels, time) = line.rsplit_once(' ')?;
    (labels.ends_with('}') && time.parse::<f64>().is_ok()).then_some(line)
}

struct File<'a> {
    text: String,
    pipeline: &'a str,
}

impl File<'_> {
    fn manifest(&mut self, manifest: &Manifest) {
        let stages: Vec<_> =
            Stage::ALL.iter().filter_map(|s| Some((s.name(), manifest.stages.get(s.name())?))).collect();
        let seconds = stages.iter().map(|(name, stage)| (*name, stage.seconds));
        self.many("nayose_stage_seconds", "Seconds that a stage took when it was done.", "stage", seconds);
        let tables = || stages.iter().flat_map(|(_, s)| &s.outputs);
        let rows = tables().map(|(name, output)| (name.as_str(), output.rows() as f64));
        self.many("nayose_table_rows", "Rows of a table that the run wrote.", "table", rows);
        let bytes = tables().map(|(name, output)| (name.as_str(), output.bytes() as f64));
        self.many("nayose_table_bytes", "Bytes of a table that the run wrote.", "table", bytes);
        let seconds =
            stages.iter().flat_map(|(_, s)| &s.table_seconds).map(|(name, seconds)| (name.as_str(), *seconds));
        self.many("nayose_table_seconds", "Seconds that the run took for a table.", "table", seconds);
        let sources = manifest.sources();
        let of = |value: fn(&crate::lake::manifest::SourceTotals) -> u64| {
            sources.iter().map(move |(name, totals)| (name.as_str(), value(totals) as f64))
        };
        self.many("nayose_input_files", "Files of a source.", "source", of(|s| s.files));
        self.many("nayose_input_bytes", "Bytes of a source's files.", "source", of(|s| s.bytes));
        self.many(
            "nayose_input_rows",
            "Rows of a source, with those that could not be read.",
            "source",
            of(|s| s.rows),
        );
        self.many("nayose_rejects", "Rows of a source that could not be read.", "source", of(|s| s.rejects));
        self.model(manifest);
        self.rejects_by_file(manifest);
        self.freshness(manifest);
        // A run that stopped before has none.
        if let Ok(found) = manifest.cluster() {
            let events = EVENTS.iter().map(|event| (*event, found.events.get(*event).copied().unwrap_or(0) as f64));
            let help = "Customers that were created, merged, split, retired or erased, and records that joined one.";
            self.many("nayose_customer_events", help, "event", events);
            let help = "Customers that were merged and are split again, or the other way round, with the same records.";
            self.one("nayose_customer_flips", help, found.flips as f64);
            let Expected { precision, recall, .. } = found.expected;
            for (name, key, value) in
                [("nayose_expected_precision", "precision", precision), ("nayose_expected_recall", "recall", recall)]
            {
                self.one(name, &format!("The {key} that the model itself expects at the threshold, 0 to 1."), value);
            }
        }
    }

    /// The model that the run used, and how far what it finds has moved since it was trained.
    fn model(&mut self, manifest: &Manifest) {
        let Ok(found) = manifest.score() else { return };
        if let Some(model) = &found.model {
            let trained = model.trained_because.as_ref().map_or(0.0, |_| 1.0);
            self.one("nayose_model_trained", "Whether the run trained its model (1), or used a kept one (0).", trained);
        }
        if let Some(on) = found.model.as_ref().and_then(|model| model.on.as_ref()) {
            self.one("nayose_model_trained_records", "Records that the model was trained on.", on.records as f64);
            let help = "The time as of which the model was trained, in seconds since 1970.";
            self.one("nayose_model_trained_as_of_seconds", help, on.as_of as f64 / 1e6);
        }
        if let Some(profile) = &found.profile {
            let rate = |[candidates, links]: &Pairs| *links as f64 / (*candidates).max(1) as f64;
            let rates = profile.channels.iter().map(|(channels, pairs)| (channels.as_str(), rate(pairs)));
            let help = "Share of the candidate pairs of two channels that are links, 0 to 1.";
            self.many("nayose_match_rate", help, "channels", rates);
        }
        let Some(drift) = &found.drift else { return };
        let [trained, _] = drift.expected_precision;
        let help = "The precision that the model expected when it was trained, 0 to 1.";
        self.one("nayose_expected_precision_at_training", help, trained);
        let name = "nayose_level_shift";
        self.family(name, "Population stability index of a comparison's levels since the model was trained.");
        for (comparison, index) in &drift.levels {
            for (of, index) in OF.iter().zip(index) {
                self.sample(name, &[("pipeline", self.pipeline), ("comparison", comparison), ("of", of)], *index);
            }
        }
        let help = "What moved beyond its limit since the model was trained.";
        self.one("nayose_model_drifts", help, drift.beyond.len() as f64);
    }

    /// Rejects of the files that have most. The folder of a file may be a date: only its name is told.
    fn rejects_by_file(&mut self, manifest: &Manifest) {
        let Ok(found) = manifest.ingest() else { return };
        let mut rejects: BTreeMap<(&str, &str), u64> = BTreeMap::new();
        for of in found.files.iter().filter(|of| of.rejects > 0) {
            let name = of.file.rsplit('/').next().unwrap_or_default();
            *rejects.entry((&of.source, name)).or_default() += of.rejects;
        }
        let mut rejects: Vec<_> = rejects.into_iter().collect();
        rejects.sort_by_key(|(name, rows)| (std::cmp::Reverse(*rows), *name));
        let name = "nayose_file_rejects";
        self.family(name, "Rows of a file that could not be read, of the twenty files with most.");
        for ((source, file), rows) in rejects.into_iter().take(MOST_FILES) {
            self.sample(name, &[("pipeline", self.pipeline), ("source", source), ("file", file)], rows as f64);
        }
    }

    /// How new a source is: by its rows, and by its files.
    fn freshness(&mut self, manifest: &Manifest) {
        let Ok(found) = manifest.ingest() else { return };
        let rows = found.newest.iter().map(|(source, time)| (source.as_str(), *time as f64 / 1e6));
        let help = "The newest time in the rows of a source that is not in the future, in seconds since 1970.";
        self.many("nayose_source_newest_row_timestamp_seconds", help, "source", rows);
        let mut files: BTreeMap<&str, f64> = BTreeMap::new();
        for input in &manifest.inputs {
            let changed = input.stamp.split(' ').next().and_then(|time| time.parse::<jiff::Timestamp>().ok());
            let changed = changed.map_or(0.0, |time| time.as_millisecond() as f64 / 1000.0);
            let newest = files.entry(&input.source).or_default();
            *newest = newest.max(changed);
        }
        let help = "When the newest file of a source changed, as its store says, in seconds since 1970.";
        self.many("nayose_source_newest_file_timestamp_seconds", help, "source", files.into_iter());
    }

    fn many<'n>(&mut self, name: &str, help: &str, label: &str, values: impl Iterator<Item = (&'n str, f64)>) {
        self.family(name, help);
        for (of, value) in values {
            self.sample(name, &[("pipeline", self.pipeline), (label, of)], value);
        }
    }

    fn one(&mut self, name: &str, help: &str, value: f64) {
        self.family(name, help);
        self.sample(name, &[("pipeline", self.pipeline)], value);
    }

    fn family(&mut self, name: &str, help: &str) {
        let _ = writeln!(self.text, "# HELP {name} {help}\n# TYPE {name} gauge");
    }

    fn sample(&mut self, name: &str, labels: &[(&str, &str)], value: f64) {
        let labels: Vec<String> = labels.iter().map(|(label, text)| format!("{label}=\"{}\"", escaped(text))).collect();
        let _ = writeln!(self.text, "{name}{{{}}} {value}", labels.join(","));
    }
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(ended: Result<&Outcome, &Error>, last_success: Option<&str>) -> String {
        text(&Run {
            pipeline: "a \"b\" \\",
            ended,
            seconds: 1.5,
            now: 1_790_000_000.25,
            last_success,
            lake: &BTreeMap::new(),
        })
    }

    #[test]
    fn a_failure_keeps_the_time_of_the_last_success() {
        let ended_well = Outcome::NothingNew { run_id: "r1".into() };
        let good = run(Ok(&ended_well), None);
        assert!(good.contains("nayose_run_success{pipeline=\"a \\\"b\\\" \\\\\"} 1\n"), "{good}");
        let line = "nayose_last_success_timestamp_seconds{pipeline=\"a \\\"b\\\" \\\\\"} 1790000000.25";
        assert_eq!(last_success(&good), Some(line));
        let error = Error::environment("no network");
        let bad = run(Err(&error), last_success(&good));
        assert!(bad.contains("nayose_run_success{pipeline=\"a \\\"b\\\" \\\\\"} 0\n"), "{bad}");
        assert!(bad.contains("} 3\n"), "the exit code: {bad}");
        assert_eq!(last_success(&bad), Some(line));
        assert_eq!(last_success(&run(Err(&error), None)), None, "never");
    }
}
