//! `nayose import-model`: a model of Splink as a model file, and what of it has no counterpart.

use std::path::{Path, PathBuf};

use clap::Args;
use nayose_draft::{ImportedModel, NoteKind, import_splink};
use serde_json::json;

use super::{TextFormat, output};
use crate::error::{Error, Result};
use crate::store::local;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// What Splink's `linker.misc.save_model_to_json` wrote
    #[arg(value_name = "SETTINGS.json")]
    from: PathBuf,
    /// The model file to write
    #[arg(long, value_name = "FILE", default_value = "model.yaml")]
    out: PathBuf,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    /// Write over a file that is there
    #[arg(long)]
    force: bool,
}

/// A model of a thousand levels has less than a megabyte: what is larger is something else.
const LARGEST: u64 = 64 << 20;

pub(super) fn run(a: Arguments) -> Result<u8> {
    if a.out.exists() && !a.force {
        return Err(Error::usage(format!("{} is there already", a.out.display()))
            .hint("choose another file with --out, or write over it with --force"));
    }
    let shown = a.from.display();
    let model =
        import_splink(&read(&a.from)?).map_err(|e| Error::config(format!("{shown} {}", e.what)).hint(e.hint))?;
    local::put(&a.out, model.yaml.clone())?;
    output::print(&match a.format {
        TextFormat::Json => output::json(&json!({
            "out": a.out.display().to_string(),
            "blocking": model.rules,
            "comparisons": model.comparisons,
            "trained": model.is_trained,
            "notes": model.notes,
        }))?,
        TextFormat::Text => text_of(&a.out, &model),
    })?;
    Ok(0)
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let cannot = |what: String| {
        Error::usage(format!("{} {what}", path.display()))
            .hint("name the file that Splink's `linker.misc.save_model_to_json(…)` wrote")
    };
    let size = std::fs::metadata(path).map_err(|e| cannot(format!("cannot be read: {e}")))?.len();
    if size > LARGEST {
        return Err(cannot("is too large for a model".to_string()));
    }
    std::fs::read(path).map_err(|e| cannot(format!("cannot be read: {e}")))
}

/// What was written, and a line for everything that is otherwise. No SQL: it stands in the file.
fn text_of(out: &Path, model: &ImportedModel) -> String {
    let of = |kind: NoteKind| model.notes.iter().filter(|note| note.kind == kind).count();
    let learned = if model.is_trained { "with Splink's m and u" } else { "whose parameters every run learns" };
    let mut text = format!(
        "wrote {}: {} blocking rules and {} comparisons, {learned}\n{} left out, {} changed; SQL and reasons are comments in the file",
        out.display(),
        model.rules,
        model.comparisons,
        of(NoteKind::LeftOut),
        of(NoteKind::Changed),
    );
    for note in &model.notes {
        text += &format!("\n  {}: {}: {}", note.kind.as_str(), note.place, note.text);
    }
    text + "\n\nNext: put the attributes at the head of the file into pipeline.yaml, and `nayose validate pipeline.yaml`"
}
