//! `nayose evaluate`.

use std::path::PathBuf;

use clap::Args;
use serde_json::json;

use super::{LakeArguments, ResourceArguments, TextFormat, evaluate_sample, output};
use crate::audit::evaluation_page::html;
use crate::audit::evaluation_report::{Labels, Report};
use crate::error::{Error, Result};
use crate::store::local;
use nayose_matching::evaluate::{PairCounts, Scores};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lake: LakeArguments,
    /// Truth: CSV or Parquet with channel, source_record_id, person_id, and household_id where it is known
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    /// Write a page with curves and examples to this file
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// The customers as a run published them: a run id, its number, or a time; a date means the end of that day
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    /// Draw so many pairs for people to label, instead of a truth; 200 is a good start
    #[arg(long, value_name = "N", requires = "out", conflicts_with_all = ["truth", "report", "labels"])]
    sample: Option<usize>,
    /// The file that the drawn pairs are written to, for a spreadsheet
    #[arg(long, value_name = "FILE.csv", requires = "sample")]
    out: Option<PathBuf>,
    /// The same seed draws the same pairs of a run [default: 1]
    #[arg(long, value_name = "N", requires = "sample")]
    seed: Option<u32>,
    /// Show the values of both records, in the file to label or on the page, to who may see them; otherwise they are left out or masked
    #[arg(long)]
    values: bool,
    /// Estimate precision and recall from the labels of such a file
    #[arg(long, value_name = "FILE.csv", conflicts_with_all = ["truth", "report", "as_of"])]
    labels: Option<PathBuf>,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    if a.values && a.report.is_none() && a.sample.is_none() {
        return Err(Error::usage("--values shows nothing without --report or --sample")
            .hint("add `--report quality.html`, or `--sample 200 --out pairs.csv`"));
    }
    if let Some(path) = &a.report {
        output::refuse_other(path, "page of an evaluation", "--report")?;
    }
    if let Some(path) = &a.labels {
        let audit = a.lake.audit(None, &a.resources).await?;
        let runs: Vec<String> = audit.runs().await?.into_iter().map(|run| run.run_id).collect();
        let file = evaluate_sample::read(path, &runs)?;
        let lake = a.lake.place()?.shown();
        output::print(&evaluate_sample::estimated(&audit, &lake, path, &file, a.format).await?)?;
        return Ok(0);
    }
    if let (Some(size), Some(out)) = (a.sample, &a.out) {
        evaluate_sample::check(size, out)?;
        let audit = a.lake.audit(a.as_of.as_deref(), &a.resources).await?;
        let draw = evaluate_sample::Draw { size, seed: a.seed.unwrap_or(1), values: a.values };
        output::print(&evaluate_sample::write(&audit, &draw, out, a.format).await?)?;
        return Ok(0);
    }
    let audit = a.lake.audit(a.as_of.as_deref(), &a.resources).await?;
    let report = audit.evaluate(a.truth.as_deref(), a.values).await?;
    if let Some(path) = &a.report {
        local::put(path, html(&report))?;
    }
    output::print(&match a.format {
        TextFormat::Json => json_of(&report).to_string(),
        TextFormat::Text => text_of(&report),
    })?;
    Ok(0)
}

fn json_of(report: &Report) -> serde_json::Value {
    let mut all = json!(report);
    let Some((labels, object)) = report.labels.as_ref().zip(all.as_object_mut()) else { return all };
    let of = |counts: &PairCounts| {
        let s = counts.scores();
        json!({ "precision": s.precision, "recall": s.recall, "f1": s.f1,
                "true_positive": counts.both, "predicted": counts.joined, "true": counts.true_pairs })
    };
    let scores: serde_json::Map<String, serde_json::Value> =
        labels.scores.iter().map(|(name, counts)| (name.replace(" + ", "+"), of(counts))).collect();
    object.insert("pairwise".into(), scores["pairwise"].clone());
    object.insert("scores".into(), scores.into());
    object.insert("b_cubed".into(), json!(labels.b_cubed));
    object.insert("truth_records".into(), json!(labels.records));
    all
}

fn text_of(report: &Report) -> String {
    let mut text = format!("{} records are {} customers\n", report.records, report.customers);
    if let Some(labels) = &report.labels {
        text += &truth_text(labels);
    }
    let found = &report.unlabelled;
    let shape = &found.shape;
    let sizes: Vec<String> = shape.sizes.iter().take(8).map(|(size, n)| format!("{size}: {n}")).collect();
    text += &format!("\nrecords of a customer     {}", sizes.join(", "));
    text += &format!(
        "\ncustomers of 3 and more   {}; {:.3} of their pairs linked; {} with less than half; {} bridges",
        shape.large, shape.density, shape.sparse, shape.bridges
    );
    let differ: Vec<String> = found.contradictory.iter().filter(|c| c.1 > 0).map(|(c, n)| format!("{c} {n}")).collect();
    text +=
        &format!("\ncustomers that disagree   {}", if differ.is_empty() { "none".into() } else { differ.join(", ") });
    let lost: Vec<String> = found.unlinkable.iter().map(|(c, all, n)| format!("{c} {n} of {all}")).collect();
    text += &format!("\ntoo little to be linked   {}\n", lost.join(", "));
    if report.curve.is_empty() {
        return text
            + "\nother thresholds: the pairs that this earlier run compared are gone; leave out --as-of to ask the newest run";
    }
    text += &format!("\n{:<12}{:>12}{:>12}", "threshold", "expected P", "expected R");
    if report.labels.is_some() {
        text += &format!("{:>12}{:>12}{:>12}", "precision", "recall", "F1");
    }
    for p in &report.curve {
        text += &format!("\n{:<12}{:>12.4}{:>12.4}", p.threshold, p.expected_precision, p.expected_recall);
        if let Some(t) = p.truth {
            text += &[t.precision, t.recall, t.f1].map(|share| format!("{:>12}", figure(share))).concat();
        }
    }
    text
}

/// A share as text.
fn figure(share: Option<f64>) -> String {
    share.map_or(evaluate_sample::NONE.into(), |share| format!("{share:.4}"))
}

fn truth_text(labels: &Labels) -> String {
    let line = |name: &str, s: &Scores, pairs: Option<u64>| {
        let pairs = pairs.map(|n| format!("{n:>12}")).unwrap_or_default();
        let figures = [s.precision, s.recall, s.f1].map(|share| format!("{:>10}", figure(share))).concat();
        format!("{name:<24}{figures}{pairs}\n")
    };
    let mut text = format!("the truth has {} records of {} people\n", labels.records, labels.people);
    if labels.missing > 0 {
        text += &format!("{} of them have no customer (rejected, or not in the input)\n", labels.missing);
    }
    text += &format!("\n{:<24}{:>10}{:>10}{:>10}{:>12}\n", "", "precision", "recall", "F1", "true pairs");
    for (i, (name, counts)) in labels.scores.iter().enumerate() {
        text += &line(name, &counts.scores(), Some(counts.true_pairs));
        if i == 0 {
            text += &line("B-cubed", &labels.b_cubed, None);
        }
    }
    if let Some((all, merged)) = labels.households_merged {
        text += &format!("households with two people under one customer: {merged} of {all}\n");
    }
    text
}
