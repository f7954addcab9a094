//! `nayose generate`.

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::error::{Error, Result};
use nayose_sample::{Options, generate};

#[derive(Debug, Args)]
pub(super) struct Arguments {
    /// Number of people
    #[arg(long, value_name = "N", default_value_t = 2000)]
    people: u64,
    /// Seed: the same seed makes the same files
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Folder to write
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(super) fn run(a: Arguments) -> Result<u8> {
    let made = generate(&Options { people: a.people, seed: a.seed }, &a.out).map_err(refused)?;
    output::print(&format!(
        "{} people written to {}: {} shop customers, {} app users, {} card members and {} tickets in {} files",
        made.people,
        a.out.display(),
        made.shop_customers,
        made.app_users,
        made.card_members,
        made.tickets,
        made.files.len()
    ))?;
    Ok(0)
}

/// Why nothing was made, with what to do.
fn refused(error: nayose_sample::Error) -> Error {
    use nayose_sample::Error as E;
    let message = error.to_string();
    match error {
        E::People(_) => Error::usage(message).hint("2000 gives a small sample, 1000000 a large one"),
        E::Write { .. } => {
            Error::environment(message).hint("choose another folder with --out, or make room and allow writing there")
        }
        E::Bug(_) => Error::bug(message),
    }
}
