//! The integration tests: one executable, so that it is linked once.

mod bounded;
mod cli;
mod cluster;
mod config;
mod evaluation;
mod generate;
mod ingest;
mod japanese;
mod matching;
mod normalize;
mod pipeline;
mod public_sets;
mod support;
mod tidy;
