//! `nayose validate`.

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::config::problem::{Problems, did_you_mean};
use crate::config::{self, Overrides};
use crate::error::{Error, Kind, Result};
use crate::runner::inputs;
use crate::stages::ingest::{read_options, reader};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// The pipeline file
    pipeline: PathBuf,
    /// Root of the sources' globs, instead of the pipeline file's `input`
    #[arg(long, value_name = "URL")]
    input: Option<String>,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let pipeline = config::load(&a.pipeline, &Overrides { input: a.input, lake: None })?;
    let found = inputs::find(&pipeline).await?;
    let mut problems = Problems::default();
    let mut files = 0;
    for of in &found {
        let source = &pipeline.sources[of.source];
        let options = read_options(source);
        for file in &of.files {
            files += 1;
            problems.in_file(file.name.clone());
            match reader::columns_of(file, &options).await {
                Ok(columns) => {
                    for wanted in options.columns.iter().filter(|w| !columns.contains(w)) {
                        let hint = did_you_mean(wanted, columns.iter().map(String::as_str)).unwrap_or_default();
                        problems.add(
                            0,
                            format!("source {:?} maps the column {wanted:?}, which is not there", source.name),
                            hint,
                        );
                    }
                }
                Err(e) if matches!(e.kind(), Kind::Data | Kind::Config) => {
                    problems.add(0, e.message(), e.remedy().unwrap_or_default());
                }
                Err(e) => return Err(e),
            }
        }
    }
    problems.into_result().map_err(|e| Error::new(e.kind(), e.message()).hint(e.remedy().unwrap_or_default()))?;
    output::print(&format!(
        "{} is good: {} sources, {files} files, {} blocking rules, {} comparisons, {} marts, {} checks",
        a.pipeline.display(),
        pipeline.sources.len(),
        pipeline.model.rules.len(),
        pipeline.model.comparisons.len(),
        pipeline.marts.len(),
        pipeline.checks.len()
    ))?;
    Ok(0)
}
