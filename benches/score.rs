//! Throughput of scoring with the retail model: `make bench`.
//!
//! Pairs are the candidate pairs of a generated retailer, scored again and again from memory, in the order in which blocking
//! leaves them. Best of fifty passes after one that warms up.

use std::hint::black_box;
use std::io::Write;
use std::path::Path;
use std::time::{Duration, Instant};

use clap::Parser;
use nayose::cli::{self, Cli};
use nayose::error::Result;
use nayose::{Audit, Location, Resources};
use nayose_matching::model::score::Scorer;
use nayose_sample::{Options, generate};

fn main() -> Result<()> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let (input, lake) = (folder.path().join("input"), folder.path().join("lake"));
    generate(&Options { people: 50_000, seed: 98 }, &input).expect("generate");
    let pipeline = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail/pipeline.yaml");
    let text = |path: &Path| path.display().to_string();
    let (pipeline, input, place) = (text(&pipeline), text(&input), text(&lake));
    cli::run(Cli::parse_from(["nayose", "run", &pipeline, "--input", &input, "--lake", &place]))?;
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let (scorer, pairs) = runtime.block_on(prepared(&lake))?;
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

/// A scorer over the records of a run, and its candidate pairs.
async fn prepared(lake: &Path) -> Result<(Scorer, Vec<(usize, usize)>)> {
    let lake = Location::parse(&lake.display().to_string(), lake)?;
    let audit = Audit::open(&lake, None, &Resources::default()).await?;
    Ok((audit.scorer().await?.clone(), audit.candidate_pairs().await?))
}
