//! Sample data as a retailer would send it: four channels, and the truth.
//!
//! In: a number of people and a seed. Out: a folder of files, the same bytes for the same options on any machine, streamed
//! household by household, so that a million people need no more memory than a thousand.
//!
//! It models retailers and people: households, moves, marriages, new phones, habits of spelling, tills that want a birth
//! date. It knows nothing of how records are matched. Its rates are in `rates.rs`, its lists in `data/`.
//!
//! ```text
//! lists ─▶ household (life: names, homes, phones, mails over time)
//!            └▶ population: who is registered where ─▶ record: what a channel was told, and when
//!                 └▶ shop · app · pointcard · support (facts: visits and baskets) ─▶ crm (what other systems know) ─▶ output, truth
//! ```

mod addresses;
mod app;
mod calendar;
mod consent;
mod contact;
mod cp932;
mod crm;
mod draw;
mod error;
mod errors;
mod facts;
mod families;
mod household;
mod life;
mod lists;
mod output;
mod pointcard;
mod population;
mod rates;
mod record;
mod shop;
mod spelling;
mod support;
mod table;
mod truth;

use std::io::Write;
use std::path::Path;

use serde::Serialize;

pub use self::error::{Error, Result};
pub use self::output::FileCounts;

/// The largest population: beyond it, numbers of records would no longer be unique.
const MOST_PEOPLE: u64 = 5_000_000;

/// What to make.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// People with at least one record.
    pub people: u64,
    /// The same seed gives the same bytes.
    pub seed: u64,
}

/// What was made.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Summary {
    /// People with at least one record.
    pub people: u64,
    /// The seed.
    pub seed: u64,
    /// Households with at least one such person.
    pub households: u64,
    /// Records of the shop system, without test records.
    pub shop_customers: u64,
    /// Records of the app.
    pub app_users: u64,
    /// Records of the point card.
    pub card_members: u64,
    /// Tickets.
    pub tickets: u64,
    /// Records that staff made to try a till; each is a person of its own in the truth, without a household.
    pub test_records: u64,
    /// Each file with its rows and its damaged rows.
    pub files: Vec<FileCounts>,
}

#[derive(Serialize)]
struct Manifest<'a> {
    generator: &'static str,
    until: &'static str,
    #[serde(flatten)]
    summary: &'a Summary,
}

/// Writes all files below `out`, which is made if it does not exist; files of the same names are replaced.
///
/// # Errors
/// A number of people out of range; a file that cannot be written.
pub fn generate(options: &Options, out: &Path) -> Result<Summary> {
    if options.people == 0 || options.people > MOST_PEOPLE {
        return Err(Error::People(options.people));
    }
    let summary = population::write(options, out)?;
    let manifest = Manifest { generator: "nayose generate 1", until: "2026-03-31", summary: &summary };
    let text = serde_json::to_string_pretty(&manifest)?;
    let mut file = output::create(out, "manifest.json")?;
    writeln!(file, "{text}")?;
    file.flush()?;
    Ok(summary)
}
