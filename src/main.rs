//! The nayose command: parse, run, print one error with its hint, choose the exit code.

use std::io::Write;
use std::process::ExitCode;

use clap::Parser;
use nayose::cli::{self, Cli};

/// Arrow's many small buffers took the system's allocator a sixth of a run's samples (`perf record nayose run …`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let cli = Cli::parse();
    match cli::run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(error.kind().exit_code())
        }
    }
}
