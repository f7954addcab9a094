//! What a run shows while it works: a bar on a terminal, one JSON line per stage otherwise. Everything goes to stderr.

use std::io::Write;
use std::sync::Mutex;
use std::time::Duration;

use indicatif::{HumanCount, ProgressBar, ProgressStyle};
use serde_json::{Value, json};

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
        let bar = match expected {
            Some(rows) => ProgressBar::new(rows)
                .with_style(style("{prefix:>10} {wide_bar} {human_pos}/{human_len} rows  {per_sec}  {eta} left")),
            None => ProgressBar::no_length()
                .with_style(style("{prefix:>10} {spinner} {msg} {human_pos} rows  {per_sec}  {elapsed}")),
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
            bar.set_position(rows);
        }
    }

    /// A stage is done.
    pub fn end(&self, stage: &str, tables: &[(String, u64)], seconds: f64, resumed: bool) {
        match self {
            Progress::Quiet => {}
            Progress::Json => {
                let rows: serde_json::Map<String, Value> = tables.iter().map(|(t, n)| (t.clone(), json!(n))).collect();
                self.line(&json!({ "stage": stage, "rows": rows, "seconds": (seconds * 1000.0).round() / 1000.0, "resumed": resumed }));
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
            Progress::Json => self.line(&json!({ "warning": text })),
            Progress::Bar(_) => {
                let _ = writeln!(std::io::stderr(), "warning: {text}");
            }
        }
    }

    fn line(&self, value: &Value) {
        let _ = writeln!(std::io::stderr(), "{value}");
    }
}

fn style(template: &str) -> ProgressStyle {
    ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar())
}
