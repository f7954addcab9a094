//! The nayose command: parse, run, print one error with its hint, choose the exit code.

use std::process::ExitCode;

use clap::Parser;
use nayose::cli::{self, Cli};

/// Arrow's many small buffers took the system's allocator a sixth of a run's samples (`perf record nayose run …`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let progress = cli.progress();
    match cli::run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            progress.error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}
