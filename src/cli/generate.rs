//! `nayose generate`.

use std::path::PathBuf;

use clap::Args;

use super::output;
use crate::error::Result;
use crate::generate::{Options, generate};

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
    let made = generate(&Options { people: a.people, seed: a.seed }, &a.out)?;
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
