//! `nayose validate`: whether configuration and inputs are good, and which pairs the blocking rules will bring. The forecast
//! reads and normalizes all person rows, and keeps what it needs in memory; nothing is written.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use clap::Args;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::{DataFrame, SessionContext};

use super::{ResourceArguments, output};
use crate::config::problem::{Problems, did_you_mean};
use crate::config::{self, Need, Overrides, Pipeline};
use crate::engine::session::session;
use crate::error::{Error, Kind, Result};
use crate::functions::pack::pack;
use crate::lake::decision_log::Decisions;
use crate::runner::{self, inputs, nearest, sample};
use crate::sources::reader::{self, Format, RejectReason};
use crate::stages::golden::unmatched;
use crate::stages::ingest::{SourceFiles, expressions, read_options, understood, unknown};
use crate::stages::{block, ingest, normalize};
use crate::tables::columns;
use crate::tables::contract::{RAW_EVENT, RAW_RECORD, RAW_REFERENCE, STANDARD_RECORD, Table, col};
use nayose_matching::model::BlockingRule;
use nayose_matching::record::Standardizer;

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
    output::print(&validate(&a.pipeline, &pipeline, true, &a.resources).await?)?;
    Ok(0)
}

/// Checks the inputs of a pipeline and what can be made of them; the answer is for people. With `forecasts` all rows of people are read.
pub(super) async fn validate(
    file: &Path,
    pipeline: &Pipeline,
    forecasts: bool,
    resources: &ResourceArguments,
) -> Result<String> {
    let decided = match runner::desk::decisions(pipeline).await {
        Err(error) if error.kind() == Kind::Environment => Decisions::default(),
        read => read?,
    };
    let pipeline = &*runner::desk::with(pipeline, &decided)?;
    let found = inputs::find(pipeline, None).await?;
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
                    let lacks = |w: &&String| {
                        let place = options.columns.iter().position(|c| c == *w);
                        place.and_then(|place| options.name_in(place, &columns)).is_none()
                    };
                    // Where none of them is there, what stands in the first line may be a customer.
                    let are_names = needed.iter().any(|w| columns.contains(w));
                    let lacked: Vec<&str> =
                        needed.iter().filter(lacks).map(String::as_str).filter(|w| !lacking.contains_key(w)).collect();
                    let by_values = match lacked.is_empty() || !are_names {
                        true => BTreeMap::new(),
                        false => nearest::hints(source, file, &lacked).await,
                    };
                    for wanted in needed.iter().filter(lacks) {
                        let near = || did_you_mean(wanted, columns.iter().map(String::as_str));
                        let in_expression = source.expressions().iter().any(|(_, e)| e.columns.contains(wanted));
                        // The same values say more than nearly the same name.
                        let other = |(name, _): &&(String, String)| {
                            near().is_none_or(|near| !near.contains(&format!("{name:?}")))
                        };
                        let by_values = by_values.get(wanted.as_str()).filter(other).map(|(_, hint)| hint.clone());
                        let hint = || match by_values.or_else(|| near().filter(|_| are_names)) {
                            Some(near) => near,
                            None if in_expression => {
                                format!(
                                    "in an expression, columns stand in double quotes and texts in single ones: '{wanted}'"
                                )
                            }
                            None => "check `columns`, and where the header is".to_string(),
                        };
                        lacking.entry(wanted).or_insert_with(|| (&file.name, 0, hint())).1 += 1;
                    }
                    seen.extend(columns);
                }
                Err(e) if matches!(e.kind(), Kind::Data | Kind::Config) => {
                    problems.add(0, e.message(), e.remedy().unwrap_or("look at the file, or leave it out of `files`"));
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
        let everywhere: Vec<String> = seen.iter().cloned().collect();
        let unseen = |(place, _): &(usize, &String)| options.name_in(*place, &everywhere).is_none();
        let nowhere = options.columns.iter().enumerate().filter(unseen).map(|(_, c)| c).filter(|c| !needed.contains(c));
        problems.in_file(file.display().to_string());
        for wanted in nowhere.filter(|_| !seen.is_empty()) {
            let hint = did_you_mean(wanted, seen.iter().map(String::as_str))
                .unwrap_or_else(|| "check its spelling in the pipeline file, or leave it out".to_string());
            let what = format!("source {:?} maps the column {wanted:?}, which is in none of its files", source.name);
            problems.add(0, what, hint);
        }
    }
    problems.into_result().map_err(|e| Error::new(e.kind(), e.message()).hint(e.remedy().unwrap_or_default()))?;
    // A lake that cannot be reached says nothing of its runs.
    if let Ok(Some(misnamed)) = runner::retention::misnamed(&pipeline.lake, &pipeline.keep, true).await {
        return Err(misnamed);
    }
    let queries = runner::marts::can_be_planned(pipeline).await?;
    let context = session(&resources.resources())?;
    // Expressions are tried before anything is read.
    if let Err(error) = ingest::plan(&context, pipeline, &found) {
        return Err(expressions::placed(error, &context, pipeline, &found).await);
    }
    let mut good = format!(
        "{} is good: {} sources, {files} files, {} blocking rules, {} comparisons, {} marts, {} checks",
        file.display(),
        pipeline.sources.len(),
        pipeline.model.rules.len(),
        pipeline.model.comparisons.len(),
        queries.marts,
        queries.checks
    );
    if !pipeline.segments.is_empty() {
        good += &format!(", {} segments", queries.segments);
    }
    good.extend(queries.left_out.iter().map(|line| format!("\n{line}")));
    good.extend(runner::desk::told(pipeline, &decided).map(|told| format!("\n{told}")));
    let mut rows = match of_rows(&context, pipeline, &found).await {
        Ok(rows) => rows,
        Err(error) => return Err(expressions::placed(error, &context, pipeline, &found).await),
    };
    for sentence in expressions::check(&context, pipeline, &found).await? {
        rows += &format!("\n{sentence}");
    }
    if !forecasts {
        return Ok(format!("{good}\n{rows}"));
    }
    let all = async {
        let pairs = forecast(&context, pipeline, &found, resources.resources().memory).await?;
        Ok::<String, Error>(pairs + &of_references(&context, pipeline, &found).await?)
    };
    match all.await {
        Ok(pairs) => Ok(format!("{good}\n{rows}\n{pairs}")),
        Err(error) => Err(expressions::placed(error, &context, pipeline, &found).await),
    }
}

/// Codes that facts and the tables of what they name do not share, of all rows.
async fn of_references(context: &SessionContext, pipeline: &Pipeline, found: &[SourceFiles]) -> Result<String> {
    let mut text = String::new();
    let is_filled = |table: &&str| pipeline.maps(&Need::Table((*table).into()));
    for table in unmatched::NAMED.iter().map(|(table, _)| *table).filter(is_filled) {
        let planned = ingest::plan(context, pipeline, found)?;
        let of = |table: &Table| planned.iter().find(|p| p.table.name == table.name).map(|p| p.plan.clone());
        let (Some(facts), Some(rows)) = (of(&RAW_EVENT), of(&RAW_REFERENCE)) else { return Ok(text) };
        let is_read = ident(col::REJECT_REASON).is_null();
        let rows = rows.filter(is_read.clone().and(ident(col::TABLE_NAME).eq(lit(table))))?;
        if let Some(lacking) = unmatched::unmatched(table, facts.filter(is_read)?, rows).await? {
            text += &format!("\n{lacking}");
        }
    }
    Ok(text)
}

/// Rows of a source that are tried.
const TRIED: usize = 10_000;

/// The first rows of every source: how many are read, and why others are not.
async fn of_rows(context: &SessionContext, pipeline: &Pipeline, found: &[SourceFiles]) -> Result<String> {
    let mut text = format!("\n{:<40}{:>10}{:>12}{:>10}\n", "rows of", "looked at", "rejected", "skipped");
    for of in found {
        let source = &pipeline.sources[of.source];
        let (mut rows, mut rejected, mut skipped) = (0, 0, 0);
        let mut reasons: BTreeMap<String, usize> = BTreeMap::new();
        let mut words: Vec<String> = Vec::new();
        for planned in ingest::plan(context, pipeline, std::slice::from_ref(of))? {
            let tried = planned.plan.limit(0, Some(TRIED))?;
            for batch in tried.clone().select_columns(&[col::REJECT_REASON])?.collect().await? {
                rows += batch.num_rows();
                for reason in columns::strings(batch.column(0))?.iter().flatten() {
                    *reasons.entry(reason.to_string()).or_default() += 1;
                }
            }
            if reasons.keys().any(|reason| unknown::is_word(reason)) {
                words.extend(unknown::words(pipeline, tried).await?.iter().map(ToString::to_string));
            }
        }
        for (reason, n) in &reasons {
            match RejectReason::is_skipped(reason) {
                true => skipped += n,
                false => rejected += n,
            }
        }
        text += &format!("{:<40}{rows:>10}{rejected:>12}{skipped:>10}\n", source.name);
        for (reason, n) in &reasons {
            text += &format!("  {n} {reason}\n");
        }
        words.iter().for_each(|word| text += &format!("  {word}\n"));
        let limit = pipeline.limits.reject_share;
        let worst = reasons.iter().filter(|(reason, _)| !RejectReason::is_skipped(reason)).max_by_key(|(_, n)| **n);
        if let Some((reason, _)) = worst.filter(|_| rejected as f64 > limit * rows as f64) {
            return Err(Error::data(format!(
                "source {:?}: {rejected} of the first {rows} rows cannot be read, more than limits.reject_share = {limit}: {reason}",
                source.name
            ))
            .hint(match unknown::is_word(reason) {
                true => words.join("\n"),
                false => RejectReason::remedy(reason).to_string(),
            }));
        }
    }
    Ok(text)
}

/// The pairs that the blocking rules will bring, as a table for people. `memory` is the ceiling in bytes.
async fn forecast(
    context: &SessionContext,
    pipeline: &Pipeline,
    found: &[SourceFiles],
    memory: usize,
) -> Result<String> {
    let (model, limit) = (&pipeline.model, pipeline.limits.block_size);
    let raw = raw_records(context, pipeline, found)?;
    let standardizer = Arc::new(Standardizer::new(&pipeline.attributes, model));
    let standard = normalize::plan(raw, None, standardizer, false)?.pop();
    let standard = standard.ok_or_else(|| Error::bug("normalize plans no table"))?.plan;
    let in_order = STANDARD_RECORD.key.iter().map(|column| ident(*column).sort(true, false)).collect();
    let packed = pack(standard.sort(in_order)?, model).await?;
    let records = packed.rows as u64;
    let blocked = block::blocks(model, &packed, limit, memory)?;
    let rules = blocked.forecast();
    let alone = blocked.pairs.of_one_rule();
    let mut text = format!(
        "\n{:<20}{:>12}{:>12}{:>16}{:>20}\n",
        "blocking rule", "blocks", "largest", "pairs", "only by this rule"
    );
    for ((rule, found), alone) in model.rules.iter().zip(&rules).zip(&alone) {
        text += &format!("{:<20}{:>12}{:>12}{:>16}{alone:>20}\n", rule.name, found.blocks, found.largest, found.pairs);
    }
    let bytes = found.iter().flat_map(|of| &of.files).map(|file| file.meta.size).sum();
    let near = model.rules.iter().any(BlockingRule::is_near);
    let bound = runner::forecast::bound(&rules);
    let (about, pairs) = match near {
        true => ("about", blocked.distinct_pairs(records, bound)),
        false => ("at most", bound),
    };
    text += &format!(
        "{about} {}; a pair that several rules bring is compared once\n\nlargest blocks:\n",
        runner::forecast::forecast(records, bytes, pairs)
    );
    for (rule, records) in blocked.largest {
        let fate = if records <= u64::from(limit) {
            "compared".to_string()
        } else if model.rules[rule].refine.is_empty() {
            format!("left out: over limits.block_size = {limit}, and the rule has no `refine` keys")
        } else {
            format!("split by its refine keys: over limits.block_size = {limit}")
        };
        text += &format!("  {:<20}{records:>10} records  {fate}\n", model.rules[rule].name);
    }
    if near {
        let each = blocked.pairs.of_each_rule();
        for (((rule, counted), pairs), alone) in model.rules.iter().zip(&rules).zip(each).zip(&alone) {
            if rule.is_near() {
                text += &format!(
                    "\nrule {:?} compares values one edit apart: {pairs} pairs share {} keys, and no other rule brings {alone} of them",
                    rule.name, counted.pairs
                );
            }
        }
        text.push('\n');
    }
    for ((rule, found), _) in model.rules.iter().zip(&rules).zip(&alone).filter(|(_, alone)| **alone == 0) {
        text += &match found.pairs {
            0 => format!("\nrule {:?} brings no pair: no two records share its keys", rule.name),
            _ => format!("\nrule {:?} adds nothing: every pair of it is brought by another rule", rule.name),
        };
    }
    text += &of_values(context, pipeline, found).await?;
    Ok(text.trim_end().to_string())
}

fn raw_records(context: &SessionContext, pipeline: &Pipeline, found: &[SourceFiles]) -> Result<DataFrame> {
    let raw = ingest::plan(context, pipeline, found)?.into_iter().find(|p| p.table.name == RAW_RECORD.name);
    Ok(raw.ok_or_else(|| Error::bug("ingest plans no raw_record"))?.plan)
}

/// How much of every attribute of a source can be understood, and which rows are left out, for people. The files were read once.
async fn of_values(context: &SessionContext, pipeline: &Pipeline, found: &[SourceFiles]) -> Result<String> {
    let mut rows: BTreeMap<&str, u64> = BTreeMap::new();
    for of in found {
        let of_files = of.files.iter().map(|file| file.count.rows()).sum::<u64>();
        *rows.entry(&pipeline.sources[of.source].name).or_default() += of_files;
    }
    let understood = understood::understood(context, raw_records(context, pipeline, found)?, &rows).await?;
    let mut text =
        format!("\n\n{:<40}{:>10}{:>12}  {}\n", "values of", "looked at", "understood", "shape of those that are not");
    for u in &understood {
        let share = 100.0 * (1.0 - u.share());
        let of = format!("{}.{}", u.source, u.attribute);
        text += format!("{of:<40}{:>10}{share:>11.1}%  {}", u.values, u.shapes.join("  ")).trim_end();
        text.push('\n');
    }
    understood::refuse(&understood, pipeline.limits.unusable_share)?;
    text += &of_consents(pipeline).await?;
    for of in found {
        let Some(counts) = ingest::join_counts(context, pipeline, of).await? else { continue };
        let source = &pipeline.sources[of.source].name;
        text += &format!(
            "\n{source}.join: {} of {} rows find no row in the joined files; {} keys stand there more than once, of which the last counts",
            counts.unmatched, counts.rows, counts.repeated
        );
    }
    Ok(text)
}

/// Values of consent columns that no list has, and listed values that no row has.
async fn of_consents(pipeline: &Pipeline) -> Result<String> {
    let mut text = String::new();
    for source in &pipeline.sources {
        if source.consent.is_empty() {
            continue;
        }
        let columns: Vec<String> = source.consent.iter().map(|consent| consent.column.clone()).collect();
        let sets = sample::closed_sets(pipeline, source, &columns).await?;
        for (consent, set) in source.consent.iter().zip(sets) {
            let place = format!("{}.consent.{}.{}", source.name, consent.purpose, consent.contact);
            let Some(values) = set.values() else {
                text += &format!("\n{place}: {} has many values: it is no column of answers", consent.column);
                continue;
            };
            let said = |value: &str| value.trim().to_lowercase();
            let is_listed =
                |value: &str| consent.granted.contains(&said(value)) || consent.denied.contains(&said(value));
            for v in values.iter().filter(|v| !v.value.is_empty() && !is_listed(&v.value)) {
                text +=
                    &format!("\n{place}: {:?} in {} rows is neither granted nor denied, so unknown", v.value, v.rows);
            }
            for (typed, spellings) in &consent.listed {
                if !values.iter().any(|v| spellings.contains(&said(&v.value))) {
                    text += &format!("\n{place}: no row has {typed:?}");
                }
            }
        }
    }
    Ok(text)
}
