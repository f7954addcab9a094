//! Logs that people's work leaves in a lake: who looked at whom, decisions, comments. No run writes them, and writing needs no lock.
//!
//! In: entries as plain data. Out: files below `desk/LOG/`, to which nothing is ever added: each is called after the number of its
//! first entry and is created only where there is none, so that of two processes one gets the number and the other the next one. Each
//! entry has the digest of its content and the link of the entry before ([`entry`]), so that a changed, missing or reordered one is
//! noticed ([`check`]). An erased person's entries lose their content and keep their digests ([`erase`]); old files are put together
//! ([`pack`]).

mod check;
mod entry;
mod erase;
mod pack;

pub(crate) use check::{Checked, check, check_copy};
pub(crate) use entry::Entry;
pub(crate) use erase::erase;
pub(crate) use pack::pack;

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::store::Location;

/// The folder of all logs, below the lake.
pub(crate) const FOLDER: &str = "desk";

/// How the name of a file ends.
const ENDING: &str = ".jsonl";

/// How long a writer may go by an end of a log that it knows.
pub(crate) const KNOWN: Duration = Duration::from_secs(3600);

/// Files that are read beside each other: object storage takes some 50 ms for each, whatever its size.
const AT_ONCE: usize = 16;

/// Which log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Log {
    /// Who saw which customer, when, why.
    #[serde(rename = "access_log")]
    Access,
    /// Decisions of stewards on pairs of records.
    Decision,
    /// What people wrote beside customers and pairs.
    Comment,
}

impl Log {
    /// All of them.
    pub(crate) const ALL: [Log; 3] = [Log::Access, Log::Decision, Log::Comment];

    /// Its name: that of its folder, and in messages.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Log::Access => "access_log",
            Log::Decision => "decision",
            Log::Comment => "comment",
        }
    }

    fn place(self, lake: &Location) -> Location {
        lake.join(FOLDER).join(self.name())
    }
}

/// The end of a log, which stands for all of it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Head {
    /// How many entries there are.
    pub(crate) number: u64,
    /// The link of the last one; empty where there is none.
    pub(crate) link: String,
}

/// Appends entries in their order, together: none of another writer comes between them. Answers the end of the log with them.
///
/// # Errors
/// Environment, if the lake cannot be written; data, if the log's last file is damaged.
pub(crate) async fn append<T: Serialize>(lake: &Location, log: Log, contents: &[T]) -> Result<Head> {
    append_after(lake, log, contents, None).await
}

/// The same for who knows an end of the log for no longer than [`KNOWN`], so that the log need not be listed. Another one may have written
/// since.
///
/// # Errors
/// As [`append`].
pub(crate) async fn append_after<T: Serialize>(
    lake: &Location,
    log: Log,
    contents: &[T],
    known: Option<Head>,
) -> Result<Head> {
    let texts = contents.iter().map(entry::content_of).collect::<Result<Vec<String>>>()?;
    let mut end = match known {
        Some(known) => known,
        None => head(lake, log).await?,
    };
    if texts.is_empty() {
        return Ok(end);
    }
    must_be_there(lake)?;
    loop {
        let (lines, new) = entry::lines(&end, &texts);
        let place = log.place(lake).join(&name(end.number + 1));
        if place.create(lines.into_bytes()).await? {
            return Ok(new);
        }
        // Another one was quicker.
        end = head(lake, log).await?;
    }
}

/// Appends entries where the log still ends as whoever adds them has seen it; `None` where somebody else was first, and nothing is written.
///
/// # Errors
/// Environment, if the lake cannot be written.
pub(crate) async fn append_at<T: Serialize>(
    lake: &Location,
    log: Log,
    contents: &[T],
    end: &Head,
) -> Result<Option<Head>> {
    let texts = contents.iter().map(entry::content_of).collect::<Result<Vec<String>>>()?;
    must_be_there(lake)?;
    let (lines, new) = entry::lines(end, &texts);
    let place = log.place(lake).join(&name(end.number + 1));
    Ok(place.create(lines.into_bytes()).await?.then_some(new))
}

/// The end of a log.
///
/// # Errors
/// As [`read`].
pub(crate) async fn head(lake: &Location, log: Log) -> Result<Head> {
    let Some(last) = names(lake, log).await?.pop() else { return Ok(Head::default()) };
    let entries = file(lake, log, &last).await?;
    let last = entries.last().ok_or_else(|| damaged(log, &last, "it is empty"))?;
    Ok(Head { number: last.number, link: last.link() })
}

/// All entries of a log in order, the erased ones without content.
///
/// # Errors
/// Environment, if it cannot be read; data, if a line of it is no entry.
pub(crate) async fn read(lake: &Location, log: Log) -> Result<Vec<Entry>> {
    read_after(lake, log, 0).await
}

/// The entries from `number + 1` on: what came since a reader's last look.
///
/// # Errors
/// As [`read`].
pub(crate) async fn read_after(lake: &Location, log: Log, number: u64) -> Result<Vec<Entry>> {
    let names = names(lake, log).await?;
    // The file before the first one that begins later may have some of them too.
    let later = names.partition_point(|name| number_of(name).is_some_and(|first| first <= number + 1));
    let found = entries(lake, log, names[later.saturating_sub(1)..].to_vec(), number).await?;
    // A file that lies between others tells nothing of those before it ([`pack`]).
    match found.first() {
        Some(first) if first.number > number + 1 => entries(lake, log, names, number).await,
        _ => Ok(found),
    }
}

/// The entries of files after a number, each once: one may be there twice ([`pack`]).
async fn entries(lake: &Location, log: Log, names: Vec<String>, number: u64) -> Result<Vec<Entry>> {
    let files = names.into_iter().map(|name| async move { file(lake, log, &name).await });
    let files: Vec<Vec<Entry>> = futures::stream::iter(files).buffered(AT_ONCE).try_collect().await?;
    let mut last = number;
    let is_next = |entry: &Entry| {
        let is_next = entry.number > last;
        last = last.max(entry.number);
        is_next
    };
    Ok(files.into_iter().flatten().filter(is_next).collect())
}

/// A folder that is made anew where a disk went away would be another lake, with logs that lack what came before.
fn must_be_there(lake: &Location) -> Result<()> {
    match lake.local() {
        Some(folder) if !folder.is_dir() => Err(Error::environment(format!("{} is not there", lake.shown()))
            .hint("check that its disk is there, or the path of the lake")),
        _ => Ok(()),
    }
}

/// The names of the files of a log, in order.
async fn names(lake: &Location, log: Log) -> Result<Vec<String>> {
    let files = log.place(lake).glob(&format!("*{ENDING}")).await?;
    let mut names: Vec<String> = files.into_iter().map(|(name, _)| name).filter(|n| number_of(n).is_some()).collect();
    names.sort_by_key(|name| number_of(name));
    Ok(names)
}

/// The file whose first entry has a number. Twelve digits keep names in order in every listing.
fn name(first: u64) -> String {
    format!("{first:012}{ENDING}")
}

fn number_of(name: &str) -> Option<u64> {
    name.strip_suffix(ENDING)?.parse().ok()
}

async fn text(lake: &Location, log: Log, name: &str) -> Result<String> {
    String::from_utf8(log.place(lake).join(name).read().await?).map_err(|_| damaged(log, name, "it is no text"))
}

async fn file(lake: &Location, log: Log, name: &str) -> Result<Vec<Entry>> {
    let text = text(lake, log, name).await?;
    let entries = text
        .lines()
        .enumerate()
        .map(|(i, line)| Entry::parse(line).ok_or_else(|| damaged(log, name, &format!("line {} is no entry", i + 1))));
    entries.collect()
}

fn damaged(log: Log, name: &str, what: &str) -> Error {
    Error::data(format!("{FOLDER}/{}/{name} is damaged: {what}", log.name()))
        .hint("`nayose audit verify` says what else does not follow; restore the file from a backup")
}
