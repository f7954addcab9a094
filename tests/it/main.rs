//! The integration tests: one executable, so that it is linked once.

// Figures that a test has to show are printed.
#![allow(clippy::print_stdout)]

mod about;
mod as_of;
mod bounded;
mod cli;
mod cluster;
mod config;
mod evaluation;
mod generate;
mod identity;
mod incremental;
mod ingest;
mod japanese;
mod lineage;
mod logs;
mod matching;
mod normalize;
mod pipeline;
mod privacy;
mod public_sets;
mod s3;
mod support;
mod tidy;
