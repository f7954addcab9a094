//! `nayose validate`: whether configuration and inputs are good, and which pairs the blocking rules will bring. The forecast
//! reads and normalizes all person rows, and keeps what it needs in memory; nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;

use clap::Args;
use datafusion::prelude::SessionContext;

use super::{ResourceArguments, output};
use crate::config::problem::{Problems, did_you_mean};
use crate::config::{self, Overrides, Pipeline};
use crate::contract::{BLOCK, RAW_RECORD, STANDARD_RECORD, col};
use crate::error::{Error, Kind, Result};
use crate::record::Standardizer;
use crate::runner::{self, inputs};
use crate::session::session;
use crate::stages::ingest::reader::{self, Format};
use crate::stages::ingest::{SourceFiles, read_options};
use crate::stages::{block, ingest, marts, normalize};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The pipeline file
    pipeline: PathBuf,
    /// Root of the sources' globs, instead of the pipeline file's `input`
    #[arg(long, value_name = "URL")]
    input: Option<String>,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let pipeline = config::load(&a.pipeline, &Overrides { input: a.input, lake: None })?;
    let found = inputs::find(&pipeline, None).await?;
    let mut problems = Problems::default();
    let mut files = 0;
    for of in &found {
        let source = &pipeline.sources[of.source];
        let options = read_options(source);
        let needed = options.needed();
        let mut seen: BTreeSet<String> = BTreeSet::new();
        // Column → the first file that lacks it, how many do, and what may have been meant.
        let mut lacking: BTreeMap<&str, (&str, usize, String)> = BTreeMap::new();
        for file in &of.files {
            files += 1;
            problems.in_file(file.name.clone());
            match reader::columns_of(file, &options).await {
                // Lines of JSON name their columns themselves: a quiet day's file has none.
                Ok(columns) if columns.is_empty() && options.format == Format::Jsonl => {}
                Ok(columns) => {
                    for wanted in needed.iter().filter(|w| !columns.contains(w)) {
                        let hint = || did_you_mean(wanted, columns.iter().map(String::as_str)).unwrap_or_default();
                        lacking.entry(wanted).or_insert_with(|| (&file.name, 0, hint())).1 += 1;
                    }
                    seen.extend(columns);
                }
                Err(e) if matches!(e.kind(), Kind::Data | Kind::Config) => {
                    problems.add(0, e.message(), e.remedy().unwrap_or_default());
                }
                Err(e) => return Err(e),
            }
        }
        for (wanted, (file, lack, hint)) in lacking {
            let others = match lack - 1 {
                0 => String::new(),
                more => format!(", nor in {more} more of its {} files", of.files.len()),
            };
            problems.in_file(file.to_string());
            problems.add(
                0,
                format!("source {:?} maps the column {wanted:?}, which is not there{others}", source.name),
                hint,
            );
        }
        // A file may lack an optional column; where all do, its name is misspelt.
        let nowhere = options.columns.iter().filter(|c| !needed.contains(c) && !seen.contains(*c));
        problems.in_file(a.pipeline.display().to_string());
        for wanted in nowhere.filter(|_| !seen.is_empty()) {
            let hint = did_you_mean(wanted, seen.iter().map(String::as_str)).unwrap_or_default();
            let what = format!("source {:?} maps the column {wanted:?}, which is in none of its files", source.name);
            problems.add(0, what, hint);
        }
    }
    problems.into_result().map_err(|e| Error::new(e.kind(), e.message()).hint(e.remedy().unwrap_or_default()))?;
    runner::marts::can_be_planned(&pipeline).await?;
    output::print(&format!(
        "{} is good: {} sources, {files} files, {} blocking rules, {} comparisons, {} marts, {} checks",
        a.pipeline.display(),
        pipeline.sources.len(),
        pipeline.model.rules.len(),
        pipeline.model.comparisons.len(),
        marts::files(&pipeline, true).count(),
        pipeline.checks.len()
    ))?;
    let context = session(&a.resources.resources())?;
    output::print(&forecast(&context, &pipeline, &found).await?)?;
    Ok(0)
}

/// The pairs that the blocking rules will bring, as a table for people.
async fn forecast(context: &SessionContext, pipeline: &Pipeline, found: &[SourceFiles]) -> Result<String> {
    let (model, limit) = (&pipeline.model, pipeline.limits.block_size);
    let raw = ingest::plan(context, pipeline, found)?.into_iter().find(|p| p.table.name == RAW_RECORD.name);
    let raw = raw.ok_or_else(|| Error::bug("ingest plans no raw_record"))?.plan;
    let standardizer = Arc::new(Standardizer::new(&pipeline.attributes, model));
    for standard in normalize::plan(raw, None, standardizer, false)? {
        let rows = standard.plan.select_columns(&[col::ROW, col::FEATURES])?.cache().await?;
        context.register_table(STANDARD_RECORD.name, rows.clone().into_view())?;
        for blocks in block::blocks(rows, model)? {
            context.register_table(BLOCK.name, blocks.plan.cache().await?.into_view())?;
        }
    }
    block::refine(context, model, limit).await?;
    let rules = block::forecast(context, model).await?;
    let alone = block::pairs_of_one_rule(context, model).await?;
    let mut text = format!(
        "\n{:<20}{:>12}{:>12}{:>16}{:>20}\n",
        "blocking rule", "blocks", "largest", "pairs", "only by this rule"
    );
    for ((rule, found), alone) in model.rules.iter().zip(&rules).zip(&alone) {
        text += &format!("{:<20}{:>12}{:>12}{:>16}{alone:>20}\n", rule.name, found.blocks, found.largest, found.pairs);
    }
    let bytes = found.iter().flat_map(|of| &of.files).map(|file| file.meta.size).sum();
    let records = context.table(STANDARD_RECORD.name).await?.count().await? as u64;
    text += &format!(
        "at most {}; a pair that several rules bring is compared once\n\nlargest blocks:\n",
        runner::forecast::of(records, bytes, &rules)
    );
    for (rule, records) in block::largest_blocks(context).await? {
        let fate = if records <= u64::from(limit) {
            "compared".to_string()
        } else if model.rules[rule].refine.is_empty() {
            format!("left out: over limits.block_size = {limit}, and the rule has no `refine` keys")
        } else {
            format!("split by its refine keys: over limits.block_size = {limit}")
        };
        text += &format!("  {:<20}{records:>10} records  {fate}\n", model.rules[rule].name);
    }
    for (rule, _) in model.rules.iter().zip(&alone).filter(|(_, alone)| **alone == 0) {
        text += &format!("\nrule {:?} adds nothing: every pair of it is brought by another rule", rule.name);
    }
    Ok(text.trim_end().to_string())
}
