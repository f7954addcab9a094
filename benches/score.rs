//! Throughput of scoring with the retail model: `make bench`.
//!
//! Pairs are the candidate pairs of a generated retailer, scored again and again from memory, in the order in which blocking
//! leaves them. Best of fifty passes after one that warms up.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use nayose::config::{self, Overrides};
use nayose::functions::pack::pack;
use nayose::functions::records::Records;
use nayose::generate::{Options, generate};
use nayose::manifest::Manifest;
use nayose::model::score::Scorer;
use nayose::progress::Progress;
use nayose::runner::{self, Outcome, in_order, read, work_of};
use nayose::session::session;
use nayose::stages::{Stage, score};
use nayose::{contract, error::Result};

fn main() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (input, lake) = (folder.path().join("input"), folder.path().join("lake"));
    generate(&Options { people: 50_000, seed: 98 }, &input).expect("generate");
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (scorer, pairs) = runtime.block_on(prepared(&input, &lake))?;
    let mut out = std::io::stdout().lock();
    for threads in [1, std::thread::available_parallelism().map_or(1, std::num::NonZero::get)] {
        let pass = || {
            let started = Instant::now();
            std::thread::scope(|scope| {
                for part in pairs.chunks(pairs.len().div_ceil(threads)) {
                    let scorer = scorer.clone();
                    scope.spawn(move || {
                        part.iter().for_each(|(l, r)| {
                            black_box(scorer.score(*l, *r));
                        });
                    });
                }
            });
            started.elapsed()
        };
        pass();
        let best = (0..50).map(|_| pass()).min().unwrap_or(Duration::from_secs(1));
        let rate = pairs.len() as f64 / best.as_secs_f64();
        let _ = writeln!(out, "{:<34}{:>9} pairs  {rate:>12.0} /s", format!("scoring, {threads} threads"), pairs.len());
    }
    Ok(())
}

/// A scorer over the records of a run that stopped after blocking, and its candidate pairs.
async fn prepared(input: &Path, lake: &Path) -> Result<(Scorer, Vec<(usize, usize)>)> {
    let text = |path: &Path| Some(path.display().to_string());
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail/pipeline.yaml");
    let pipeline = config::load(&file, &Overrides { input: text(input), lake: text(lake) })?;
    let options = runner::Options { until: Some(Stage::Score), ..Default::default() };
    let Outcome::Stopped(manifest) = runner::run(&pipeline, &options, &Progress::Quiet).await? else {
        unreachable!("the run stops after scoring")
    };
    let kept = Manifest::load(&work_of(&pipeline, &manifest.run_id)).await?.expect("a manifest");
    let context = in_order(&session(&options.resources)?);
    let table = async |table: &contract::Table| {
        read(&context, &pipeline.lake, kept.output(table.name).expect("written"), table.schema()).await
    };
    let packed = Arc::new(pack(table(&contract::STANDARD_RECORD).await?, &pipeline.model).await?);
    let records = Arc::new(Records::here(packed.clone()));
    let candidates = table(&contract::CANDIDATE_PAIR).await?;
    let size = pipeline.limits.block_size;
    let (parameters, _) = score::learn(candidates.clone(), &pipeline.model, &records, size, String::new()).await?;
    let mut pairs = Vec::new();
    for batch in candidates.select_columns(&["row_l", "row_r"])?.collect().await? {
        let rows = |c: usize| nayose::functions::text::longs(batch.column(c)).map(|c| c.values().to_vec());
        pairs.extend(rows(0)?.into_iter().zip(rows(1)?).map(|(l, r)| (l as usize, r as usize)));
    }
    Ok((Scorer::new(pipeline.model.clone(), packed, &parameters), pairs))
}
