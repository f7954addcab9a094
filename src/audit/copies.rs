//! Copies of logs and tables that an auditor was handed, looked at without the lake that they are of.
//!
//! In: files, or folders of them, and ends that were noted elsewhere. Out: what does not fit. The lines of a log are held against each
//! other by their chain ([`crate::lake::desk`]); the files of a table against the digests in their names, and their names together are the
//! digest that the row of `run` has of the table ([`crate::lake::chain`]). Whoever made the copy could have made a whole new one: what
//! tells that is an end that was noted, or the row of `run`.

use std::collections::HashSet;
use std::path::Path;

use serde::Serialize;

use crate::error::{Error, Result};
use crate::lake::chain;
use crate::lake::desk::{Checked, check_copy};
use crate::store::digest;

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
    /// The digest of the names of all of them, as `table_digests` of `run` has it where none is missing.
    pub(crate) head: String,
    /// What does not fit, a sentence for each file.
    pub(crate) broken: Vec<String>,
}

impl Copies {
    /// How many things do not fit.
    pub(crate) fn count(&self) -> usize {
        let logs = self.logs.iter().map(|log| log.broken.len()).sum::<usize>();
        logs + self.tables.iter().map(|table| table.broken.len()).sum::<usize>() + self.not_found.len()
    }
}

/// Looks at copies, each a file or a folder; `expected` are ends that were noted.
///
/// # Errors
/// Usage, where one cannot be read, or is neither of a log nor of a table.
pub(crate) fn copies(paths: &[impl AsRef<Path>], expected: &[String]) -> Result<Copies> {
    let mut found = Copies::default();
    for path in paths {
        let path = path.as_ref();
        let files = files(path)?;
        let shown = path.display().to_string();
        let is_table = |(name, _): &(String, Vec<u8>)| name.ends_with(".parquet");
        match files.iter().all(is_table) {
            true => found.tables.push(table(shown, &files)),
            false => found.logs.push(check_copy(&shown, &texts(path, files)?)),
        }
    }
    let known: HashSet<&String> =
        found.logs.iter().flat_map(|log| &log.links).chain(found.tables.iter().map(|table| &table.head)).collect();
    found.not_found = expected.iter().filter(|head| !known.contains(head)).cloned().collect();
    Ok(found)
}

/// The file, or those of a folder that are of a log or a table, by their names, in order.
fn files(path: &Path) -> Result<Vec<(String, Vec<u8>)>> {
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
        Ok((name, std::fs::read(&path).map_err(|e| failed(&path, &e))?))
    };
    paths.into_iter().map(read).collect()
}

fn table(name: String, files: &[(String, Vec<u8>)]) -> TableCopy {
    let wrong = |(file, content): &(String, Vec<u8>)| match digest::fits(file, content) {
        Some(true) => None,
        Some(false) => Some(format!("{name}: the content of {file} is not the one that its name has the digest of")),
        None => {
            Some(format!("{name}: the name of {file} has no digest; copy the files of a table under their own names"))
        }
    };
    let names: Vec<String> = files.iter().map(|(file, _)| file.clone()).collect();
    TableCopy {
        files: files.len(),
        head: chain::of_table(&names),
        broken: files.iter().filter_map(wrong).collect(),
        name,
    }
}

/// The texts of files of a log.
fn texts(path: &Path, files: Vec<(String, Vec<u8>)>) -> Result<Vec<(String, String)>> {
    let none = || {
        Error::usage(format!("{} is no copy of a log or a table", path.display())).hint(
            "a log is a file of lines of JSON, or a folder of .jsonl files; a table is a folder of .parquet files",
        )
    };
    let text =
        |(name, content): (String, Vec<u8>)| String::from_utf8(content).map(|text| (name, text)).map_err(|_| none());
    files.into_iter().map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copy_of_a_table_is_held_against_the_names_of_its_files() {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |content: &[u8], name: &str| std::fs::write(folder.path().join(name), content).expect("written");
        let part = |content: &[u8], number: u32| format!("part-0000{number}-{}.parquet", digest::of_content(content).0);
        let names = [part(b"one", 0), part(b"two", 1)];
        write(b"one", &names[0]);
        write(b"two", &names[1]);
        let looked = |expected: &[String]| copies(&[folder.path()], expected).expect("read");
        let head = chain::of_table(&names);
        let whole = looked(std::slice::from_ref(&head));
        assert_eq!((whole.count(), whole.tables[0].files, &whole.tables[0].head), (0, 2, &head));
        write(b"twO", &names[1]);
        let changed = looked(&[]);
        assert!(changed.tables[0].broken[0].contains(&names[1]), "{changed:?}");
        // One that is gone leaves another end.
        std::fs::remove_file(folder.path().join(&names[1])).expect("removed");
        let less = looked(std::slice::from_ref(&head));
        assert_eq!((less.tables[0].broken.len(), less.not_found), (0, vec![head]));
        write(b"one", "copy of part.parquet");
        assert!(looked(&[]).tables[0].broken[0].contains("has no digest"));
    }

    #[test]
    fn what_is_no_copy_is_said_so() {
        let folder = tempfile::tempdir().expect("a folder");
        assert!(copies(&[folder.path()], &[]).is_err(), "an empty folder");
        assert!(copies(&[folder.path().join("none")], &[]).is_err(), "a file that is not there");
        std::fs::write(folder.path().join("picture"), [0xff, 0xd8, 0xff]).expect("written");
        assert!(copies(&[folder.path().join("picture")], &[]).is_err(), "no text");
        std::fs::write(folder.path().join("note.txt"), "a note\n").expect("written");
        let told = copies(&[folder.path().join("note.txt")], &[]).expect("a text");
        assert_eq!((told.count(), told.logs[0].entries), (1, 0));
    }
}
