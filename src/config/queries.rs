//! The `.sql` files of a pipeline folder.
//!
//! In: the folders that `marts` or `checks` name. Out: their queries in order of name, each with the head of its file. A name is a table,
//! or the name of a check in a report: it stands once over all folders.

use std::path::Path;

use super::check::key;
use super::file::FoldersFile;
use super::problem::Problems;
use super::tree::{Placed, Step, line_of};
use super::{SqlFile, head};
use crate::error::{Error, Result};

/// The queries of the folders that `marts` or `checks` of the pipeline file `path` names.
///
/// # Errors
/// Configuration, where a folder or a file cannot be read.
pub(super) fn read(
    path: &Path,
    named: &str,
    folders: Option<&FoldersFile>,
    tree: &Placed,
    problems: &mut Problems,
) -> Result<Vec<SqlFile>> {
    problems.in_file(path.display().to_string());
    let pipeline = path.parent().unwrap_or(Path::new("."));
    let mut found: Vec<SqlFile> = Vec::new();
    let typed = folders.map(FoldersFile::to_vec).unwrap_or_default();
    for (place, folder) in typed.iter().enumerate() {
        let line = line_of(tree, &[key(named), Step::Index(place)]);
        if folder.is_empty() {
            problems.add(line, format!("{named} is empty"), "leave the key out, or name a folder");
            continue;
        }
        for file in of_folder(pipeline, folder)? {
            if let Some(other) = found.iter().find(|other| other.name == file.name) {
                let message = format!("{} and {} have one name", other.shown(), file.shown());
                problems.add(line, message, "a name is a table or a check: rename one file, or name its folder once");
            }
            found.push(file);
        }
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    if named == "marts" {
        for file in &mut found {
            problems.in_file(pipeline.join(file.shown()).display().to_string());
            file.head = head::read(&file.sql, problems);
        }
    }
    Ok(found)
}

fn of_folder(pipeline: &Path, below: &str) -> Result<Vec<SqlFile>> {
    let files = files_of_folder(pipeline, below, "sql", "marts` and `checks")?.into_iter();
    Ok(files.map(|(name, sql)| SqlFile { name, folder: below.to_string(), sql, head: None }).collect())
}

/// The files of a folder with this ending, in order of name: their names without it, and their texts.
///
/// # Errors
/// Configuration, where the folder or a file cannot be read; `named` is the key of the pipeline file that names it.
pub(super) fn files_of_folder(
    pipeline: &Path,
    below: &str,
    ending: &str,
    named: &str,
) -> Result<Vec<(String, String)>> {
    let folder = pipeline.join(below);
    let unreadable = |e: std::io::Error| {
        Error::config(format!("cannot read {}: {e}", folder.display()))
            .hint(format!("check `{named}` in the pipeline file"))
    };
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(unreadable)? {
        let path = entry.map_err(unreadable)?.path();
        if path.extension().is_some_and(|e| e == ending)
            && let Some(name) = path.file_stem().and_then(|n| n.to_str())
        {
            found.push((name.to_string(), std::fs::read_to_string(&path).map_err(unreadable)?));
        }
    }
    found.sort();
    Ok(found)
}
