//! What a run shows while it works: a bar on a terminal, one JSON line per stage otherwise. Everything goes to stderr.
//!
//! Every JSON line has `ts` and `level` (`info`, `warn`, `error`). A stage's line has `stage`, `rows` by table, `seconds`, and
//! whether it was kept from before (`resumed`); a warning `message`; an error `kind`, `message`, `hint`, `exit_code`.

use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressState, ProgressStyle};
use jiff::{Timestamp, Unit};
use serde_json::{Value, json};

use crate::error::Error;

/// Where progress goes.
pub enum Progress {
    /// A bar on a terminal.
    Bar(Mutex<Option<ProgressBar>>),
    /// JSON lines.
    Json,
    /// Nowhere.
    Quiet,
}

impl Progress {
    /// A bar.
    pub fn bar() -> Self {
        Progress::Bar(Mutex::new(None))
    }

    /// A stage begins a table; `expected` is the number of rows that it probably has.
    pub fn begin(&self, stage: &str, table: &str, expected: Option<u64>) {
        let Progress::Bar(slot) = self else { return };
        let of = unit(table);
        let bar = match expected {
            Some(rows) => ProgressBar::new(rows).with_style(style(
                "{prefix:>10} {msg} {wide_bar} {human_pos} of about {human_len}  {rate}  {eta} left",
                of,
            )),
            None => ProgressBar::no_length()
                .with_style(style("{prefix:>10} {msg} {spinner} {human_pos}  {rate}  {elapsed}", of)),
        };
        bar.set_prefix(stage.to_string());
        bar.set_message(table.to_string());
        bar.enable_steady_tick(Duration::from_millis(120));
        if let Ok(mut slot) = slot.lock() {
            *slot = Some(bar);
        }
    }

    /// So many rows so far.
    pub fn rows(&self, rows: u64) {
        if let Progress::Bar(slot) = self
            && let Ok(slot) = slot.lock()
            && let Some(bar) = slot.as_ref()
        {
            // What was expected is a guess: a bar that is full while it goes on would say nothing.
            if bar.length().is_some_and(|length| length < rows) {
                bar.set_length(rows);
            }
            bar.set_position(rows);
        }
    }

    /// A stage is done.
    pub fn end(&self, stage: &str, tables: &[(String, u64)], seconds: f64, resumed: bool) {
        match self {
            Progress::Quiet => {}
            Progress::Json => {
                let rows: serde_json::Map<String, Value> = tables.iter().map(|(t, n)| (t.clone(), json!(n))).collect();
                let seconds = (seconds * 1000.0).round() / 1000.0;
                log("info", json!({ "stage": stage, "rows": rows, "seconds": seconds, "resumed": resumed }));
            }
            Progress::Bar(slot) => {
                if let Ok(mut slot) = slot.lock()
                    && let Some(bar) = slot.take()
                {
                    bar.finish_and_clear();
                }
                let rows: Vec<String> = tables.iter().map(|(t, n)| format!("{t} {}", HumanCount(*n))).collect();
                let note = if resumed { "kept from before".to_string() } else { format!("{seconds:.1} s") };
                let _ = writeln!(std::io::stderr(), "{stage:>10}  {}  ({note})", rows.join(", "));
            }
        }
    }

    /// Something that the user should know and that stops nothing.
    pub fn warn(&self, text: &str) {
        match self {
            Progress::Quiet => {}
            Progress::Json => log("warn", json!({ "message": text })),
            Progress::Bar(_) => {
                let _ = writeln!(std::io::stderr(), "warning: {text}");
            }
        }
    }

    /// An OpenLineage event for whoever reads the log; a JSON line whatever the rest is.
    pub fn event(event: &Value) {
        log("info", json!({ "openlineage": event }));
    }

    /// What ended the program, with its remedy.
    pub fn error(&self, error: &Error) {
        match self {
            Progress::Quiet => {}
            Progress::Json => log(
                "error",
                json!({
                    "kind": error.kind().name(),
                    "message": error.message(),
                    "hint": error.remedy(),
                    "exit_code": error.kind().exit_code(),
                }),
            ),
            Progress::Bar(_) => {
                let _ = writeln!(std::io::stderr(), "error: {error}");
            }
        }
    }
}

/// A JSON line with its time and level first.
fn log(level: &str, what: Value) {
    let now = Timestamp::now();
    let mut line = serde_json::Map::new();
    line.insert("ts".into(), now.round(Unit::Millisecond).unwrap_or(now).to_string().into());
    line.insert("level".into(), json!(level));
    if let Value::Object(what) = what {
        line.extend(what);
    }
    let _ = writeln!(std::io::stderr(), "{}", Value::Object(line));
}

/// What the rows of a table are called.
fn unit(table: &str) -> &'static str {
    match table {
        _ if table.ends_with("_pair") => "pairs",
        _ if table.ends_with("_record") => "records",
        _ if table.ends_with("_event") || table == "interaction" => "events",
        _ if table.ends_with("_customer") => "customers",
        _ => "rows",
    }
}

/// A rate as people read it: 12,400 records/s.
fn rate(per_second: f64, unit: &str) -> String {
    format!("{} {unit}/s", HumanCount(per_second.round() as u64))
}

fn style(template: &str, unit: &'static str) -> ProgressStyle {
    let style = ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
    let told = move |state: &ProgressState, text: &mut dyn std::fmt::Write| {
        let _ = text.write_str(&rate(state.per_sec(), unit));
    };
    style.with_key("rate", told)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_told_as_people_read_them() {
        assert_eq!(rate(12_399.7, unit("standard_record")), "12,400 records/s");
        assert_eq!(rate(0.2, unit("scored_pair")), "0 pairs/s");
        assert_eq!(rate(1e6, unit("rfm")), "1,000,000 rows/s");
    }

    #[test]
    fn a_bar_that_was_expected_to_be_shorter_grows() {
        let progress = Progress::bar();
        progress.begin("score", "scored_pair", Some(10));
        progress.rows(15);
        let Progress::Bar(slot) = &progress else { panic!("a bar") };
        let bar = slot.lock().expect("nobody else").take().expect("a bar");
        assert_eq!((bar.length(), bar.position()), (Some(15), 15));
    }
}
