//! `nayose evaluate --sample` and `--labels`: the file that people label, and what its labels say.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value, json};

use super::TextFormat;
use super::output::without_formula;
use crate::audit::Audit;
use crate::audit::csv_file::{self, CsvFile};
use crate::audit::customer::VALUES;
use crate::audit::view::RecordView;
use crate::error::{Error, Result};
use crate::store::local;
use nayose_matching::evaluate::draw::{FEWEST, Stratum};
use nayose_matching::evaluate::estimate::{Estimate, Interval, Labels, estimate};
use nayose_matching::evaluate::label_file::{self, BEFORE_VALUES, COLUMNS, LabelFile};

/// In place of a share of nothing.
pub(super) const NONE: &str = "n/a";

/// What an estimate is not.
const SCOPE: &str =
    "recall is of the candidate pairs: a pair that no blocking rule brings cannot be drawn, and is not in it";

/// What is drawn.
pub(super) struct Draw {
    /// Pairs.
    pub(super) size: usize,
    /// Seed.
    pub(super) seed: u32,
    /// Whether the file has the values of the records.
    pub(super) values: bool,
}

/// Whether such a sample can be written, before anything is read.
///
/// # Errors
/// Usage, where it is too small, or the file is there.
pub(super) fn check(size: usize, out: &Path) -> Result<()> {
    if size < FEWEST {
        return Err(Error::usage(format!("--sample {size} is too small"))
            .hint(format!("draw {FEWEST} pairs or more, so that every stratum has some; 200 is a good start")));
    }
    if out.exists() {
        return Err(Error::usage(format!("{} is there already and may have labels", out.display()))
            .hint("name another file with --out, or move that one away"));
    }
    Ok(())
}

/// Draws a sample and writes its file; answers what is told of it.
///
/// # Errors
/// Data, where the run has no pairs, or its work is gone; environment, where the file cannot be written.
pub(super) async fn write(audit: &Audit, draw: &Draw, out: &Path, format: TextFormat) -> Result<String> {
    let seed = u64::from(draw.seed);
    let drawn = audit.sample(draw.size, seed).await?;
    let (pairs, strata) = (drawn.sample.pairs.len(), &drawn.sample.strata);
    if pairs == 0 {
        return Err(Error::data(format!("run {} has no candidate pairs", drawn.run_id))
            .hint("`nayose validate PIPELINE` shows what its blocking rules bring"));
    }
    let values = match draw.values {
        true => Some(audit.values_of(&drawn.keys).await?),
        false => None,
    };
    let key_of = |row: u32| drawn.keys.get(&row).cloned().unwrap_or_default();
    let rows = label_file::rows(&drawn.sample, &drawn.run_id, seed, key_of);
    local::put(out, csv_of(&rows, values.as_ref())?)?;
    let of: u64 = strata.iter().map(|s| s.pairs).sum();
    let file = out.display().to_string();
    if format == TextFormat::Json {
        let told =
            json!({ "file": file, "run_id": drawn.run_id, "seed": seed, "pairs": pairs, "of": of, "strata": strata });
        return Ok(told.to_string());
    }
    let mut text = format!("{pairs} of {of} pairs are in {file}");
    if draw.values {
        text += ", with values of people: it is for who may see them";
    }
    text += &format!("\n\n{:<28}{:>12}{:>8}", "stratum", "pairs", "drawn");
    for Stratum { name, pairs, drawn, .. } in strata {
        text += &format!("\n{name:<28}{pairs:>12}{drawn:>8}");
    }
    text += "\n\nwrite same, different or unknown into the column label of every row; probability and stratum are for afterwards";
    text += &format!("\nthen: nayose evaluate --labels {file}");
    Ok(text)
}

/// The rows as CSV for a spreadsheet, with the values of both records after the label.
fn csv_of(rows: &[[String; COLUMNS.len()]], values: Option<&BTreeMap<String, RecordView>>) -> Result<String> {
    let failed = |e: String| Error::bug(format!("rows cannot be written as CSV: {e}"));
    let none = RecordView { id: String::new(), values: Vec::new() };
    let value = |record: &RecordView, name: &str| {
        record.values.iter().find(|(label, _)| label.en == name).map(|(_, value)| value.clone()).unwrap_or_default()
    };
    let mut csv = csv::Writer::from_writer("\u{feff}".as_bytes().to_vec());
    let mut write = |before: &[String], values: Vec<String>, after: &[String]| {
        let cells = before.iter().chain(&values).chain(after).map(|cell| without_formula(cell));
        csv.write_record(cells).map_err(|e| failed(e.to_string()))
    };
    let header = COLUMNS.map(String::from);
    let sides = |name: &str| ["l", "r"].map(|side| format!("{}_{side}", name.replace(' ', "_")));
    let names: Option<Vec<String>> = values.map(|_| VALUES.iter().flat_map(|(_, name, _)| sides(name)).collect());
    write(&header[..BEFORE_VALUES], names.unwrap_or_default(), &header[BEFORE_VALUES..])?;
    for row in rows {
        let cells: Option<Vec<String>> = values.map(|values| {
            let record =
                |channel: usize| values.get(&format!("{}:{}", row[channel], row[channel + 1])).unwrap_or(&none);
            let (left, right) = (record(1), record(3));
            VALUES.iter().flat_map(|(_, name, _)| [value(left, name), value(right, name)]).collect()
        });
        write(&row[..BEFORE_VALUES], cells.unwrap_or_default(), &row[BEFORE_VALUES..])?;
    }
    let bytes = csv.into_inner().map_err(|e| failed(e.into_error().to_string()))?;
    String::from_utf8(bytes).map_err(|e| failed(e.to_string()))
}

/// The labels of a file, as a spreadsheet saved it, of one of these runs.
///
/// # Errors
/// Usage, where it cannot be read, or something is wrong in it.
pub(super) fn read(path: &Path, runs: &[String]) -> Result<LabelFile> {
    let CsvFile { header, rows } = csv_file::read(path, "--labels")?;
    let cells = |row: &csv::StringRecord| row.iter().map(str::to_string).collect();
    let rows: Vec<(u64, Vec<String>)> = rows.iter().map(|(line, row)| (*line, cells(row))).collect();
    label_file::read(&header, &rows, runs).map_err(|problems| {
        let mut remedies: Vec<&str> = problems.iter().map(|p| p.remedy).collect();
        remedies.dedup();
        let whats: Vec<String> = problems.into_iter().map(|p| p.what).collect();
        Error::usage(format!("{} {}", path.display(), whats.join("; it "))).hint(remedies.join("; "))
    })
}

/// What the labels of a file say.
///
/// # Errors
/// Usage, where the lake has not published the run that was sampled.
pub(super) async fn estimated(
    audit: &Audit,
    lake: &str,
    path: &Path,
    file: &LabelFile,
    format: TextFormat,
) -> Result<String> {
    let Some(run) = audit.runs().await?.into_iter().find(|run| run.run_id == file.run_id) else {
        return Err(Error::usage(format!("{} is a sample of a run that {lake} did not publish", path.display()))
            .hint("name the lake that was sampled with --lake, or draw a sample of this one"));
    };
    let labels = file.labels();
    let found = estimate(&labels, file.seed);
    let worst: Option<Estimate> = (file.unknown() > 0).then(|| {
        let at_worst: Vec<Labels> = labels.iter().map(Labels::at_worst).collect();
        estimate(&at_worst, file.seed)
    });
    let newest = audit.run().number;
    if format == TextFormat::Text {
        let about = format!("labels of run {} ({}), seed {}", run.number, run.run_id, file.seed);
        let mut text = text_of(about, file, &found, worst.as_ref());
        if newest != run.number {
            text += &format!("\n{lake} has published run {newest} since: this is how good run {} was", run.number);
        }
        return Ok(text);
    }
    let of = |e: &Estimate| json!({ "precision": e.precision, "recall": e.recall, "f1": e.f1 });
    let strata = file.strata.iter().zip(&found.strata).map(|((name, l, drawn), same)| {
        json!({ "name": name, "linked": l.linked, "pairs": l.pairs, "expected": l.expected, "drawn": drawn,
                "same": l.same, "different": l.different, "unknown": l.unknown, "one_person": same })
    });
    let told = json!({
        "run_id": run.run_id, "run": run.number, "newest_run": newest, "seed": file.seed,
        "labelled": file.labelled(), "unknown": file.unknown(), "unlabelled": file.unlabelled, "missing": file.missing,
        "estimate": of(&found), "at_worst": worst.as_ref().map(of), "strata": strata.collect::<Vec<Value>>(),
    });
    Ok(told.to_string())
}

fn text_of(about: String, file: &LabelFile, found: &Estimate, worst: Option<&Estimate>) -> String {
    let mut text = about;
    text += &format!(
        "\n{} pairs labelled, {} of which nobody can tell, {} rows without a label, {} rows gone\n",
        file.labelled(),
        file.unknown(),
        file.unlabelled,
        file.missing
    );
    text += &format!("\n{:<28}{:>10}{:>10}{:>10}", "", "estimate", "95 % from", "to");
    let line = |name: &str, i: &Option<Interval>| match i {
        Some(i) => format!("\n{name:<28}{:>10.4}{:>10.4}{:>10.4}", i.estimate, i.low, i.high),
        None => format!("\n{name:<28}{NONE:>10}{NONE:>10}{NONE:>10}"),
    };
    for (suffix, told) in [("", Some(found)), (", unknown as wrong", worst)] {
        if let Some(e) = told {
            text += &line(&format!("precision{suffix}"), &e.precision);
            text += &line(&format!("recall{suffix}"), &e.recall);
            text += &line(&format!("F1{suffix}"), &e.f1);
        }
    }
    text += &format!(
        "\n\n{:<28}{:>12}{:>8}{:>8}{:>8}{:>8}   {}",
        "stratum", "pairs", "drawn", "same", "differ", "model", "of one person, 95 %"
    );
    for ((name, l, drawn), one) in file.strata.iter().zip(&found.strata) {
        let model = l.expected / l.pairs.max(1) as f64;
        text += &format!(
            "\n{name:<28}{:>12}{drawn:>8}{:>8}{:>8}{model:>8.3}   {:.0} to {:.0}",
            l.pairs, l.same, l.different, one.low, one.high
        );
    }
    text += &format!("\n\n{SCOPE}");
    let widest = found.strata.iter().zip(&file.strata).max_by(|a, b| {
        let width = |one: &Interval| one.high - one.low;
        width(a.0).total_cmp(&width(b.0))
    });
    if let Some((_, (name, ..))) = widest {
        text += &format!("\nmost of what is open lies in \"{name}\"; a larger --sample looks at more of it");
    }
    if file.unlabelled + file.missing > 0 {
        text +=
            "\nthe estimate takes it that pairs without a label were left out by chance, not because they were hard";
    }
    let silent: Vec<&str> =
        file.strata.iter().filter(|(_, l, _)| l.same + l.different == 0).map(|(name, ..)| name.as_str()).collect();
    if !silent.is_empty() {
        text += &format!(
            "\nno label says anything of \"{}\": there the estimate is the model's, and the interval leaves all open",
            silent.join("\", \"")
        );
    }
    text
}
