//! `nayose cluster scheduler` and `nayose cluster executor`: the processes on which `nayose run --engine df://…` runs.

use std::io::Write;
use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::size;
use crate::engine::cluster::{Cluster, serve};
use crate::engine::session::Resources;
use crate::error::Result;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(subcommand)]
    process: Process,
}

#[derive(Debug, Subcommand)]
enum Process {
    /// Plans and shares out the work of runs; start one
    Scheduler(SchedulerArguments),
    /// Does the work; start as many as there are machines
    Executor(ExecutorArguments),
}

#[derive(Debug, Args)]
struct SchedulerArguments {
    /// Address and port on which it listens; port 0 is any free one. It asks nobody for a password
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50050")]
    bind: SocketAddr,
}

#[derive(Debug, Args)]
struct ExecutorArguments {
    /// Its scheduler
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:50050", value_parser = Cluster::at)]
    scheduler: Cluster,
    /// Address and port on which it gives rows to other executors and to the run; port 0 is any free one
    #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:50051")]
    bind: SocketAddr,
    /// Tasks at a time [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    slots: Option<u16>,
    /// Ceiling of the engine's memory, such as 8GiB, shared by the tasks; the features of all records come on top [default: half
    /// of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<usize>,
    /// Folder for rows between steps and for spill [default: a new one in the system's temporary folder]
    #[arg(long, value_name = "FOLDER")]
    work_dir: Option<PathBuf>,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    log_to_stderr();
    match a.process {
        Process::Scheduler(a) => serve::scheduler(a.bind, |at| say(&format!("scheduler listens on {at}"))).await?,
        Process::Executor(a) => {
            let default = Resources::default();
            let options = serve::ExecutorOptions {
                bind: a.bind,
                scheduler: a.scheduler,
                slots: a.slots.map_or(default.threads, usize::from),
                memory: a.memory.unwrap_or(default.memory),
                work: a.work_dir,
            };
            serve::executor(options, |at| say(&format!("executor listens on {at}"))).await?;
        }
    }
    say("stopped");
    Ok(0)
}

/// A line on stderr with the time. That nobody reads it is no reason to stop.
fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{:.0} {line}", jiff::Timestamp::now());
}

/// What Ballista has to say, a line a message. Plans and metrics of tasks, which it logs at length, stay out.
struct Stderr;

impl log::Log for Stderr {
    fn enabled(&self, metadata: &log::Metadata) -> bool {
        let of_cluster = metadata.target().starts_with("ballista") && !metadata.target().contains("::metrics");
        metadata.level() <= if of_cluster { log::Level::Info } else { log::Level::Warn }
    }

    fn log(&self, record: &log::Record) {
        if self.enabled(record.metadata()) {
            let text = record.args().to_string();
            say(&format!("{} {}", record.level(), text.lines().next().unwrap_or_default()));
        }
    }

    fn flush(&self) {}
}

fn log_to_stderr() {
    if log::set_logger(&Stderr).is_ok() {
        log::set_max_level(log::LevelFilter::Info);
    }
}
