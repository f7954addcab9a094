//! The integration tests: one executable, so that it is linked once.

mod cli;
mod config;
mod generate;
mod ingest;
mod japanese;
mod matching;
mod pipeline;
mod support;
mod tidy;
