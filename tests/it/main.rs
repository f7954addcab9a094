//! The integration tests: one executable, so that it is linked once.

// Figures that a test has to show are printed.
#![allow(clippy::print_stdout)]
// Nothing is outside of a test executable.
#![allow(unreachable_pub)]

mod about;
mod as_of;
mod asked;
mod audit;
mod bounded;
mod cli;
#[cfg(feature = "cluster")]
mod cluster;
mod config;
mod decisions;
mod deliveries;
mod disclosure;
mod erasure;
mod evaluation;
mod expressions;
mod generate;
mod guards;
mod guards_stop;
mod identity;
mod import_model;
mod incremental;
mod ingest;
mod init;
mod integrity;
mod labels;
mod lakes_of_before;
mod layers;
mod lineage;
mod lines;
mod logs;
mod marts;
mod matching;
mod normalize;
mod pipeline;
mod privacy;
mod public_sets;
mod references;
mod renames;
mod report;
mod retention;
mod s3;
mod segments;
mod serve;
mod snapshots;
mod sources;
mod steady;
mod support;
mod taken_back;
mod tidy;
mod tutorial;
