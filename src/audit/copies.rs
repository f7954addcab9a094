//! Copies of logs and tables that an auditor was handed, looked at without the lake that they are of.
//!
//! In: files, or folders of them, and ends that were noted elsewhere. Out: what does not fit. The lines of a log are held against each
//! other by their chain ([`crate::lake::desk`]), the rows of `run` by theirs ([`crate::lake::chain`]); the files of a table against the
//! digests in their names, and their names together are the digest that the row of `run` has of the table. Whoever made the copy could
//! have made a whole new one: what tells that is an end that was noted, or the row of `run`.

use std::collections::HashSet;
use std::path::Path;

use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use serde::Serialize;
use tokio_util::bytes::Bytes;

use crate::error::{Error, Kind, Result};
use crate::lake::chain::{self, Link};
use crate::lake::desk::{Checked, check_copy};
use crate::lake::manifest::Output;
use crate::store::{Location, digest};
use crate::tables::contract::col;
use crate::tables::part::Part;

/// Copies that were looked at.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Copies {
    /// Those of logs.
    pub(crate) logs: Vec<Checked>,
    /// Those of tables.
    pub(crate) tables: Vec<TableCopy>,
    /// Ends that were noted and are in none of them.
    pub(crate) not_found: Vec<String>,
}

/// A copy of a table, or of some of its files.
#[derive(Debug, Serialize)]
pub(crate) struct TableCopy {
    /// The file or folder.
    pub(crate) name: String,
    /// Files.
    pub(crate) files: usize,
    /// Rows, where it is one of `run`.
    pub(crate) rows: Option<usize>,
    /// The digest of the names of all of them, as `table_digests` of `run` has it where none is missing; of `run` that of its newest row,
    /// which stands for all rows before it.
    pub(crate) head: String,
    /// What does not fit, a sentence for each file or row.
    pub(crate) broken: Vec<String>,
    /// Ends that are in it.
    #[serde(skip)]
    links: Vec<String>,
}

impl Copies {
    /// How many things do not fit.
    pub(crate) fn count(&self) -> usize {
        let logs = self.logs.iter().map(|log| log.broken.len()).sum::<usize>();
        logs + self.tables.iter().map(|table| table.broken.len()).sum::<usize>() + self.not_found.len()
    }
}

/// The name of a file, and its content.
type File = (String, Bytes);

/// Looks at copies, each a file or a folder; `expected` are ends that were noted.
///
/// # Errors
/// Usage, where one cannot be read, or is neither of a log nor of a table.
pub(crate) async fn copies(paths: &[impl AsRef<Path>], expected: &[String]) -> Result<Copies> {
    let mut found = Copies::default();
    for path in paths {
        let path = path.as_ref();
        let files = files(path)?;
        let shown = path.display().to_string();
        let is_table = |(name, _): &File| name.ends_with(".parquet");
        match files.iter().all(is_table) {
            true => found.tables.push(table(shown, path, &files).await?),
            false => found.logs.push(check_copy(&shown, &texts(path, files)?)),
        }
    }
    let of_tables = found.tables.iter().flat_map(|table| &table.links);
    let known: HashSet<&String> = found.logs.iter().flat_map(|log| &log.links).chain(of_tables).collect();
    found.not_found = expected.iter().filter(|head| !known.contains(head)).cloned().collect();
    Ok(found)
}

/// The file, or those of a folder that are of a log or a table, by their names, in order.
fn files(path: &Path) -> Result<Vec<File>> {
    let failed = |path: &Path, e: &std::io::Error| {
        Error::usage(format!("cannot read {}: {e}", path.display())).hint("check --file")
    };
    let mut paths = vec![path.to_path_buf()];
    if path.is_dir() {
        let listed = std::fs::read_dir(path).map_err(|e| failed(path, &e))?;
        let listed = listed.map(|entry| entry.map(|entry| entry.path())).collect::<std::io::Result<Vec<_>>>();
        paths = listed.map_err(|e| failed(path, &e))?;
        let is_wanted = |path: &std::path::PathBuf| {
            let ending = path.extension().and_then(|ending| ending.to_str());
            path.is_file() && ending.is_some_and(|ending| ["jsonl", "parquet"].contains(&ending))
        };
        paths.retain(is_wanted);
        paths.sort();
    }
    if paths.is_empty() {
        return Err(Error::usage(format!("{} has no file of a log or a table", path.display()))
            .hint("name a folder with .jsonl files of a log or .parquet files of a table, or a file of them"));
    }
    let read = |path: std::path::PathBuf| {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        Ok((name, std::fs::read(&path).map_err(|e| failed(&path, &e))?.into()))
    };
    paths.into_iter().map(read).collect()
}

async fn table(name: String, path: &Path, files: &[File]) -> Result<TableCopy> {
    let wrong = |(file, content): &File| match digest::fits(file, content) {
        Some(true) => None,
        Some(false) => Some(format!("{name}: the content of {file} is not the one that its name has the digest of")),
        None => {
            Some(format!("{name}: the name of {file} has no digest; copy the files of a table under their own names"))
        }
    };
    let mut broken: Vec<String> = files.iter().filter_map(wrong).collect();
    let names: Vec<String> = files.iter().map(|(file, _)| file.clone()).collect();
    let mut found = TableCopy {
        files: files.len(),
        rows: None,
        head: chain::of_table(&names),
        broken: Vec::new(),
        links: Vec::new(),
        name,
    };
    found.links.push(found.head.clone());
    // What is damaged has no rows that say something.
    if broken.is_empty() && files.iter().any(|(_, content)| is_of_run(content)) {
        match rows_of_run(path, names).await {
            Ok(links) => {
                broken.extend(chain::unfollowed(&links).into_iter().map(|told| format!("{}: {told}", found.name)));
                found.rows = Some(links.len());
                found.head = links.last().map(|newest| newest.digest.clone()).unwrap_or_default();
                // What came before a copy that begins later is not in it; the end of that is, as its first row names it.
                found.links.extend(links.first().and_then(|first| first.previous.clone()));
                found.links.extend(links.into_iter().map(|link| link.digest));
            }
            Err(error) if error.kind() == Kind::Data => broken.push(format!("{}: {}", found.name, error.message())),
            Err(error) => return Err(error),
        }
    }
    Ok(TableCopy { broken, ..found })
}

/// Whether a file is one of `run`: no other table has its columns.
fn is_of_run(content: &Bytes) -> bool {
    let read = ParquetRecordBatchReaderBuilder::try_new(content.clone());
    read.is_ok_and(|read| [col::RUN_NUMBER, col::CONFIG_DIGEST].iter().all(|name| read.schema().index_of(name).is_ok()))
}

/// The rows of a copy of `run`, which is a file or a folder with these files.
async fn rows_of_run(path: &Path, names: Vec<String>) -> Result<Vec<Link>> {
    let whole = std::path::absolute(path)?;
    let folder = if whole.is_dir() { whole.as_path() } else { whole.parent().unwrap_or(&whole) };
    let below = Location::parse(".", folder)?;
    let parts = names.into_iter().map(|name| Part { name, bytes: 0, rows: 0 }).collect();
    chain::links(&chain::rows_of(&below, &Output { folder: String::new(), parts }).await?)
}

/// The texts of files of a log.
fn texts(path: &Path, files: Vec<File>) -> Result<Vec<(String, String)>> {
    let none = || {
        Error::usage(format!("{} is no copy of a log or a table", path.display())).hint(
            "a log is a file of lines of JSON, or a folder of .jsonl files; a table is a folder of .parquet files",
        )
    };
    let text = |(name, content): File| String::from_utf8(content.into()).map(|text| (name, text)).map_err(|_| none());
    files.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_copy_of_a_table_is_held_against_the_names_of_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |content: &[u8], name: &str| std::fs::write(folder.path().join(name), content).expect("written");
        let part = |content: &[u8], number: u32| format!("part-0000{number}-{}.parquet", digest::of_content(content).0);
        let names = [part(b"one", 0), part(b"two", 1)];
        write(b"one", &names[0]);
        write(b"two", &names[1]);
        let looked = async |expected: &[String]| copies(&[folder.path()], expected).await.expect("read");
        let head = chain::of_table(&names);
        let whole = looked(std::slice::from_ref(&head)).await;
        assert_eq!((whole.count(), whole.tables[0].files, &whole.tables[0].head), (0, 2, &head));
        write(b"twO", &names[1]);
        let changed = looked(&[]).await;
        assert!(changed.tables[0].broken[0].contains(&names[1]), "{changed:?}");
        // One that is gone leaves another end.
        std::fs::remove_file(folder.path().join(&names[1])).expect("removed");
        let less = looked(std::slice::from_ref(&head)).await;
        assert_eq!((less.tables[0].broken.len(), less.not_found), (0, vec![head]));
        write(b"one", "copy of part.parquet");
        assert!(looked(&[]).await.tables[0].broken[0].contains("has no digest"));
    }

    #[tokio::test]
    async fn what_is_no_copy_is_said_so() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(copies(&[folder.path()], &[]).await.is_err(), "an empty folder");
        assert!(copies(&[folder.path().join("none")], &[]).await.is_err(), "a file that is not there");
        std::fs::write(folder.path().join("picture"), [0xff, 0xd8, 0xff]).expect("written");
        assert!(copies(&[folder.path().join("picture")], &[]).await.is_err(), "no text");
        std::fs::write(folder.path().join("note.txt"), "a note\n").expect("written");
        let told = copies(&[folder.path().join("note.txt")], &[]).await.expect("a text");
        assert_eq!((told.count(), told.logs[0].entries), (1, 0));
    }
}
