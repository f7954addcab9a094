//! The logs of stewards below `desk/` of the lake: entries as JSON, added one after the other, each knowing what was there.
//!
//! In: entries, and the head that whoever adds them has seen. Out: a log that has them, or a word that somebody else was first. No run
//! writes them, and whoever does needs no lock of the lake.

use object_store::{Error as StoreError, ObjectStoreExt, PutMode, PutOptions};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::error::{Error, Result};
use crate::store::Location;

/// The log of decisions.
pub(crate) const DECISIONS: &str = "decision";

/// The log of comments.
pub(crate) const COMMENTS: &str = "comment";

/// The entries of a log, in order, with the head that stands for all of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Log<T> {
    /// The entries.
    pub entries: Vec<T>,
    /// What [`append`] compares with.
    pub head: String,
}

fn folder(lake: &Location, log: &str) -> Location {
    lake.join("desk").join(log)
}

/// Reads a log; an empty one where there is none.
///
/// # Errors
/// Environment, if it cannot be read; data, if it is damaged.
pub(crate) async fn read<T: DeserializeOwned>(lake: &Location, log: &str) -> Result<Log<T>> {
    let folder = folder(lake, log);
    let mut names: Vec<String> = folder.glob("*.json").await?.into_iter().map(|(name, _)| name).collect();
    names.sort();
    let mut entries = Vec::new();
    for name in &names {
        let bytes = folder.join(name).read().await?;
        let of: Vec<T> = serde_json::from_slice(&bytes)
            .map_err(|_| Error::data(format!("{} is damaged", folder.join(name).shown())).hint(crate::error::VERIFY))?;
        entries.extend(of);
    }
    Ok(Log { entries, head: names.len().to_string() })
}

/// Adds entries where the head is still the one that was seen. Answers whether it was.
///
/// # Errors
/// Environment, if they cannot be written.
pub(crate) async fn append<T: Serialize>(lake: &Location, log: &str, head: &str, entries: &[T]) -> Result<bool> {
    let next = head.parse::<u64>().unwrap_or_default() + 1;
    let place = folder(lake, log).join(&format!("{next:09}.json"));
    let bytes = serde_json::to_vec(entries).map_err(|_| Error::bug("an entry of a log is no JSON"))?;
    let (store, path) = place.open()?;
    let how = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
    match store.put_opts(&path, bytes.into(), how).await {
        Ok(_) => Ok(true),
        Err(StoreError::AlreadyExists { .. }) => Ok(false),
        Err(error) => Err(Error::environment(format!("cannot write {}: {error}", place.shown()))
            .hint("check that the lake can be written to")),
    }
}
