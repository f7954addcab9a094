//! Old files of a log put together: a file for each few seconds in which somebody looked would be millions in some years.
//!
//! In: a log, a time. Out: the same entries in fewer files. Only whoever has the lake's lock does it, so that one does at a time; and only
//! with files that are older than any end of the log that a writer may still know, so that no name becomes free that a writer would take.
//! The first file of several is written anew with the entries of all, then the others go; killed in between, some entries are there twice,
//! which readers pass over.

use super::{Log, number_of};
use crate::error::Result;
use crate::store::Location;

/// Seconds for which a file stays as it is: a day. Writers look for the end of a log again after an hour ([`super::KNOWN`]).
const AGE: i64 = 24 * 3600;

/// Bytes of the files that are put together, at most: some 15,000 entries, which are read at once.
const MOST: u64 = 4 << 20;

/// Files that it takes to be worth it.
const LEAST: usize = 16;

/// Puts old files of all logs together; answers how many went. `now` in seconds since 1970.
///
/// # Errors
/// Environment, if the lake cannot be read or written; data, if a file is damaged.
pub(crate) async fn pack(lake: &Location, now: i64) -> Result<usize> {
    let mut gone = 0;
    for log in Log::ALL {
        for group in groups(lake, log, now).await? {
            gone += together(lake, log, &group).await?;
        }
    }
    Ok(gone)
}

/// The old files of a log in groups that are worth it. The last file stays: a log never ends at a name that was freed.
async fn groups(lake: &Location, log: Log, now: i64) -> Result<Vec<Vec<String>>> {
    let mut files = log.place(lake).glob("*.jsonl").await?;
    files.retain(|(name, _)| number_of(name).is_some());
    files.sort_by_key(|(name, _)| number_of(name));
    files.pop();
    let old = files.into_iter().take_while(|(_, about)| about.last_modified.timestamp() < now - AGE);
    let mut groups: Vec<(u64, Vec<String>)> = Vec::new();
    for (name, about) in old {
        match groups.last_mut().filter(|(bytes, _)| bytes + about.size <= MOST) {
            Some((bytes, group)) => {
                *bytes += about.size;
                group.push(name);
            }
            None => groups.push((about.size, vec![name])),
        }
    }
    Ok(groups.into_iter().map(|(_, group)| group).filter(|group| group.len() >= LEAST).collect())
}

async fn together(lake: &Location, log: Log, group: &[String]) -> Result<usize> {
    let (mut lines, mut last) = (String::new(), 0);
    for name in group {
        for entry in super::file(lake, log, name).await? {
            if entry.number > last {
                last = entry.number;
                lines += &(entry.line() + "\n");
            }
        }
    }
    let Some((first, others)) = group.split_first() else { return Ok(0) };
    log.place(lake).join(first).write(lines.into_bytes()).await?;
    for other in others {
        log.place(lake).join(other).remove().await?;
    }
    Ok(others.len())
}

#[cfg(test)]
mod tests {
    use super::super::{name, names};
    use super::*;
    use crate::lake::desk::{append, check, head, read, read_after};

    #[tokio::test]
    async fn old_files_become_one_and_nothing_else_changes() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = Location::parse(&folder.path().to_string_lossy(), folder.path()).expect("a place");
        for i in 0..40 {
            append(&lake, Log::Access, &[serde_json::json!({"by": format!("a{i}")})]).await.expect("written");
        }
        let before = (read(&lake, Log::Access).await.expect("read"), head(&lake, Log::Access).await.expect("read"));
        let now = jiff::Timestamp::now().as_second();
        assert_eq!(pack(&lake, now).await.expect("packed"), 0, "they are new");
        let second = folder.path().join("desk/access_log").join(name(2));
        let copy = std::fs::read(&second).expect("bytes");
        assert_eq!(pack(&lake, now + AGE + 60).await.expect("packed"), 38);
        let whole = async || {
            let checked = check(&lake, Log::Access).await.expect("read");
            assert_eq!((checked.entries, checked.broken), (40, Vec::<String>::new()));
            assert_eq!(read(&lake, Log::Access).await.expect("read"), before.0);
            assert_eq!(read_after(&lake, Log::Access, 20).await.expect("read"), before.0[20..]);
            assert_eq!(head(&lake, Log::Access).await.expect("read"), before.1);
        };
        whole().await;
        // Killed before the others went.
        std::fs::write(&second, copy).expect("written");
        whole().await;
        assert_eq!(names(&lake, Log::Access).await.expect("listed").len(), 3);
        append(&lake, Log::Access, &[serde_json::json!({"by": "b"})]).await.expect("written");
        assert_eq!(head(&lake, Log::Access).await.expect("read").number, 41);
    }
}
