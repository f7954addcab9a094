//! The nayose command: parse, run, print one error with its hint, choose the exit code.

use std::process::ExitCode;

use nayose::cli;

#[global_allocator]
static ALLOCATOR: nayose_allocator::Allocator = nayose_allocator::Allocator;

fn main() -> ExitCode {
    nayose_allocator::small_pages();
    let cli = match cli::parse() {
        Ok(cli) => cli,
        Err(code) => return ExitCode::from(code),
    };
    let progress = cli.progress();
    nayose::error::keep_places_of_panics();
    let ended = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| cli::run(cli)));
    match ended.unwrap_or_else(|_| Err(nayose::error::panicked())) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            progress.error(&error);
            ExitCode::from(error.kind().exit_code())
        }
    }
}
