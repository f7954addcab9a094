//! The command line: the clap tree, one thin file per subcommand. Data goes to stdout, the rest to stderr.

mod analyst;
mod audit;
#[cfg(feature = "cluster")]
mod cluster;
#[cfg(not(feature = "cluster"))]
#[path = "cluster_absent.rs"]
mod cluster;
mod completions;
mod decide;
mod diff;
mod disclose;
mod erase;
mod evaluate;
mod evaluate_sample;
mod explain;
mod export;
mod generate;
mod history;
mod import_model;
mod init;
mod match_record;
mod normalize;
mod output;
mod report;
mod rollback;
mod run;
mod schema;
mod search;
mod serve;
mod serve_login;
mod sql;
mod stop;
mod train;
mod usage;
mod vacuum;
mod validate;
mod verify;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

pub use usage::parse;

use crate::audit::Audit;
use crate::console::progress::Progress;
use crate::console::version;
use crate::engine::session::Resources;
use crate::error::{Error, Result};
use crate::observe::lineage::Variables;
use crate::store::Location;

/// 名寄せ: find the customer records that are one person, give them one ID, keep it.
#[derive(Debug, Parser)]
#[command(name = "nayose", version = version::line(), about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Draft a pipeline for a folder of exports
    Init(init::Arguments),
    /// Read a model of Splink: write it as a model file, and say what has no counterpart
    ImportModel(import_model::Arguments),
    /// Check configuration and inputs; write nothing
    Validate(validate::Arguments),
    /// Run a pipeline and publish its tables
    Run(run::Arguments),
    /// Learn a model now, show what it changes, and keep it for the runs to come
    Train(train::Arguments),
    /// Ask the published tables with SQL
    Sql(sql::Arguments),
    /// Why a customer is one person; why, or why not, two records are
    Explain(explain::Arguments),
    /// Find customers by name, phone, mail address, number or id
    Search(search::Arguments),
    /// Which customer a record would be, by the published model; write nothing
    Match(match_record::Arguments),
    /// What happened to a customer id since it was created
    History(history::Arguments),
    /// What differs between two published runs: customers, records, golden values, figures
    Diff(diff::Arguments),
    /// Decide on two records, or take a decision back
    Decide(decide::Arguments),
    /// Make the tables and ids of an earlier run the newest again
    Rollback(rollback::Arguments),
    /// Print everything that is held of a person, for a request of disclosure
    Disclose(disclose::Arguments),
    /// Erase a person from every table, version and work file, for good
    Erase(erase::Arguments),
    /// Remove what no kept run needs: `keep` in the pipeline file says which runs can still be asked
    Vacuum(vacuum::Arguments),
    /// Read a whole lake and say what is not as it was written
    Verify(verify::Arguments),
    /// Open the published lake to people and programs: pages, review, an interface, SQL
    Serve(serve::Arguments),
    /// Look at what cannot be changed unseen: who saw whom, decisions, the ledger of runs
    Audit(audit::Arguments),
    /// Compare the published customers with a truth file
    Evaluate(evaluate::Arguments),
    /// Write a plain copy of a published table
    Export(export::Arguments),
    /// Write the charts of a published run as one HTML file
    Report(report::Arguments),
    /// Normalize Japanese text: lines in, JSON lines out
    Normalize(normalize::Arguments),
    /// Make sample data of a retailer, with truth
    Generate(generate::Arguments),
    /// Serve as a process of a cluster for `nayose run --engine`
    Cluster(cluster::Arguments),
    /// Print the JSON Schemas of the configuration files, or what the published tables are
    Schema(schema::Arguments),
    /// Print what a shell needs to complete commands and flags
    Completions(completions::Completions),
    /// Print the manual page, or write one for every subcommand
    Man(completions::Man),
}

impl Cli {
    /// How errors are told: as the log of the command is.
    pub fn progress(&self) -> Progress {
        match &self.command {
            Command::Run(a) => a.progress(),
            _ => Progress::bar(),
        }
    }
}

/// Which lake.
#[derive(Debug, Args)]
struct LakeArguments {
    /// The lake: a path or a URL
    #[arg(long, value_name = "URL", default_value = "lake")]
    lake: String,
}

impl LakeArguments {
    /// Where the lake is.
    fn place(&self) -> Result<Location> {
        Location::parse(&self.lake, &std::env::current_dir()?)
    }

    /// The lake, open for questions.
    async fn audit(&self, as_of: Option<&str>, resources: &ResourceArguments) -> Result<Audit> {
        Audit::open(&self.place()?, as_of, &resources.resources()).await
    }
}

/// Memory and threads.
#[derive(Debug, Args)]
struct ResourceArguments {
    /// Ceiling of memory, such as 8GiB; what does not fit is spilled [default: half of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<usize>,
    /// Threads that compute [default: all cores]
    #[arg(long, value_name = "N", value_parser = threads)]
    threads: Option<usize>,
    /// Folder for spill files [default: the system's temporary folder]
    #[arg(long, value_name = "FOLDER")]
    spill: Option<PathBuf>,
    /// Ceiling of all spill files together; a step that needs more ends with exit code 3
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "100GiB")]
    spill_limit: usize,
    /// Encrypt spill files, with a key that only this process has
    #[arg(long)]
    spill_encrypt: bool,
}

impl ResourceArguments {
    fn resources(&self) -> Resources {
        let default = Resources::default();
        Resources {
            memory: self.memory.unwrap_or(default.memory),
            threads: self.threads.unwrap_or(default.threads),
            spill: self.spill.clone(),
            spill_limit: self.spill_limit as u64,
            spill_encrypt: self.spill_encrypt,
            cluster: None,
        }
    }
}

/// Language of texts for people.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Language {
    /// Japanese
    Ja,
    /// English
    En,
}

/// Text for people or JSON for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TextFormat {
    /// Text
    Text,
    /// JSON
    Json,
}

/// Threads that read and write files: each keeps some memory of its own, and a disk is no faster for more.
const BLOCKING: usize = 32;

/// How long the end of the process waits for the command to stop after a signal: schedulers send SIGKILL after ten seconds or more.
const STOPPING: std::time::Duration = std::time::Duration::from_secs(5);

/// Does what the command line says and answers the exit code.
///
/// # Errors
/// As the subcommand says.
pub fn run(cli: Cli) -> Result<u8> {
    // Commands that read no table start no engine: one line has to be answered at once.
    let command = match cli.command {
        Command::Generate(a) => return generate::run(a),
        Command::ImportModel(a) => return import_model::run(a),
        Command::Normalize(a) => return normalize::run(a),
        Command::Schema(a) => return schema::run(a),
        Command::Completions(a) => return completions::shell(a),
        Command::Man(a) => return completions::man(a),
        other => other,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .max_blocking_threads(BLOCKING)
        .build()
        .map_err(|e| Error::environment(format!("cannot start threads: {e}")))?;
    // What serves ends in its own way: an executor says goodbye to its scheduler, a page is answered to its end.
    let serves = matches!(command, Command::Cluster(_) | Command::Serve(_));
    let ended = runtime.block_on(async {
        // A task of its own, so that a signal is heard while the command computes.
        let mut task = tokio::spawn(work(command));
        let done = tokio::select! {
            done = &mut task => done,
            stopped = stop::signal(), if !serves => {
                // Dropped, it gives back its lock.
                task.abort();
                let _ = tokio::time::timeout(STOPPING, task).await;
                crate::lake::lock::give_back().await;
                Ok(Err(stopped))
            }
        };
        crate::store::settle().await;
        done
    });
    // After a signal there is nobody to wait for.
    runtime.shutdown_background();
    ended.unwrap_or_else(|_| Err(crate::error::panicked()))
}

async fn work(command: Command) -> Result<u8> {
    match command {
        Command::Init(a) => init::run(a).await,
        Command::Validate(a) => validate::run(a).await,
        Command::Run(a) => run::run(a).await,
        Command::Train(a) => train::run(a).await,
        Command::Sql(a) => sql::run(a).await,
        Command::Explain(a) => explain::run(a).await,
        Command::History(a) => history::run(a).await,
        Command::Search(a) => search::run(a).await,
        Command::Match(a) => match_record::run(a).await,
        Command::Diff(a) => diff::run(a).await,
        Command::Decide(a) => decide::run(a).await,
        Command::Rollback(a) => rollback::run(a).await,
        Command::Disclose(a) => disclose::run(a).await,
        Command::Erase(a) => erase::run(a).await,
        Command::Vacuum(a) => vacuum::run(a).await,
        Command::Verify(a) => verify::run(a).await,
        Command::Serve(a) => serve::run(a).await,
        Command::Audit(a) => audit::run(a).await,
        Command::Evaluate(a) => evaluate::run(a).await,
        Command::Export(a) => export::run(a).await,
        Command::Report(a) => report::run(a).await,
        Command::Cluster(a) => cluster::run(a).await,
        Command::Generate(_) | Command::Normalize(_) | Command::Schema(_) => Ok(0),
        Command::Completions(_) | Command::Man(_) | Command::ImportModel(_) => Ok(0),
    }
}

/// The variables of the environment. One that is not UTF-8 is none of ours.
fn environment() -> Variables {
    let text = |(name, value): (OsString, OsString)| Some((name.into_string().ok()?, value.into_string().ok()?));
    std::env::vars_os().filter_map(text).collect()
}

/// A number of threads, from 1.
fn threads(typed: &str) -> std::result::Result<usize, String> {
    typed.parse().ok().filter(|n| *n > 0).ok_or_else(|| format!("{typed:?} is no number of threads; write 1 or more"))
}

/// A size in bytes with a unit: `8GiB`, `512MiB`, `2GB`.
fn size(typed: &str) -> std::result::Result<usize, String> {
    let digits = typed.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(typed.len());
    let number: f64 = typed[..digits].parse().map_err(|_| format!("{typed:?} is not a size; write 8GiB or 512MiB"))?;
    let unit = match typed[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kib" => 1024.0,
        "kb" => 1e3,
        "m" | "mib" => 1024.0 * 1024.0,
        "mb" => 1e6,
        "g" | "gib" => 1024.0 * 1024.0 * 1024.0,
        "gb" => 1e9,
        other => return Err(format!("unknown unit {other:?}; write GiB, MiB, GB or MB")),
    };
    if number <= 0.0 {
        return Err(format!("{typed:?} is nothing at all"));
    }
    Ok((number * unit) as usize)
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(super::size("8GiB"), Ok(8 << 30));
        assert_eq!(super::size("1.5 MiB"), Ok(3 << 19));
        assert!(super::size("8 Gigs").is_err());
    }
}
