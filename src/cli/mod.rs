//! The command line: the clap tree, one thin file per subcommand. Data goes to stdout, the rest to stderr.

mod analyst;
mod cluster;
mod completions;
mod decide;
mod erase;
mod evaluate;
mod explain;
mod export;
mod generate;
mod history;
mod normalize;
mod output;
mod run;
mod schema;
mod sql;
mod stop;
mod validate;

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::error::{Error, Result};
use crate::progress::Progress;
use crate::session::Resources;
use crate::version;

/// 名寄せ: find the customer records that are one person, give them one ID, keep it.
#[derive(Debug, Parser)]
#[command(name = "nayose", version = version::line(), about, max_term_width = 100)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Check configuration and inputs; write nothing
    Validate(validate::Arguments),
    /// Run a pipeline and publish its tables
    Run(run::Arguments),
    /// Ask the published tables with SQL
    Sql(sql::Arguments),
    /// Why a customer is one person; why, or why not, two records are
    Explain(explain::Arguments),
    /// What happened to a customer id since it was created
    History(history::Arguments),
    /// Decide on two records, or take a decision back
    Decide(decide::Arguments),
    /// Erase a person from every table, version and work file, for good
    Erase(erase::Arguments),
    /// Compare the published customers with a truth file
    Evaluate(evaluate::Arguments),
    /// Write a plain copy of a published table
    Export(export::Arguments),
    /// Normalize Japanese text: lines in, JSON lines out
    Normalize(normalize::Arguments),
    /// Make sample data of a retailer, with truth
    Generate(generate::Arguments),
    /// Serve as a process of a cluster for `nayose run --engine`
    Cluster(cluster::Arguments),
    /// Print the JSON Schemas of the configuration files, for editors
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

/// Which lake, and as of when.
#[derive(Debug, Args)]
struct LakeArguments {
    /// The lake: a path or a URL
    #[arg(long, value_name = "URL", default_value = "lake")]
    lake: String,
}

/// Memory and threads.
#[derive(Debug, Args)]
struct ResourceArguments {
    /// Ceiling of memory, such as 8GiB; what does not fit is spilled [default: half of the machine's]
    #[arg(long, value_name = "SIZE", value_parser = size)]
    memory: Option<usize>,
    /// Threads that compute [default: all cores]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Folder for spill files [default: the system's temporary folder]
    #[arg(long, value_name = "FOLDER")]
    spill: Option<PathBuf>,
    /// Ceiling of all spill files together; a step that needs more ends with exit code 3
    #[arg(long, value_name = "SIZE", value_parser = size, default_value = "100GiB")]
    spill_limit: usize,
}

impl ResourceArguments {
    fn resources(&self) -> Resources {
        let default = Resources::default();
        Resources {
            memory: self.memory.unwrap_or(default.memory),
            threads: self.threads.unwrap_or(default.threads).max(1),
            spill: self.spill.clone(),
            spill_limit: self.spill_limit as u64,
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

/// Does what the command line says and answers the exit code.
///
/// # Errors
/// As the subcommand says.
pub fn run(cli: Cli) -> Result<u8> {
    // Commands that read no table start no engine: one line has to be answered at once.
    let command = match cli.command {
        Command::Generate(a) => return generate::run(a),
        Command::Normalize(a) => return normalize::run(a),
        Command::Schema(a) => return schema::run(a),
        Command::Completions(a) => return completions::shell(a),
        Command::Man(a) => return completions::man(a),
        other => other,
    };
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(8 << 20)
        .build()
        .map_err(|e| Error::environment(format!("cannot start threads: {e}")))?;
    // The processes of a cluster end in their own way: an executor says goodbye to its scheduler.
    let serves = matches!(command, Command::Cluster(_));
    let ended = runtime.block_on(async {
        // A task of its own, so that a signal is heard while the command computes.
        let done = tokio::select! {
            done = tokio::spawn(work(command)) => done,
            stopped = stop::signal(), if !serves => Ok(Err(stopped)),
        };
        crate::store::settle().await;
        done
    });
    // After a signal there is nobody to wait for.
    runtime.shutdown_background();
    ended.unwrap_or_else(|panicked| std::panic::resume_unwind(panicked.into_panic()))
}

async fn work(command: Command) -> Result<u8> {
    match command {
        Command::Validate(a) => validate::run(a).await,
        Command::Run(a) => run::run(a).await,
        Command::Sql(a) => sql::run(a).await,
        Command::Explain(a) => explain::run(a).await,
        Command::History(a) => history::run(a).await,
        Command::Decide(a) => decide::run(a).await,
        Command::Erase(a) => erase::run(a).await,
        Command::Evaluate(a) => evaluate::run(a).await,
        Command::Export(a) => export::run(a).await,
        Command::Cluster(a) => cluster::run(a).await,
        Command::Generate(_) | Command::Normalize(_) | Command::Schema(_) => Ok(0),
        Command::Completions(_) | Command::Man(_) => Ok(0),
    }
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
