//! Files that are held: a guard or a rollback keeps them out of runs until somebody lets them in by name.
//!
//! In: files with the reason why they are held. Out: `held.json` in the lake, which runs read before they read their inputs. A file
//! is held with its content: the same name with other content is another delivery. Only the run that has the lock writes it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::sealed;
use crate::config::Renames;
use crate::error::Result;
use crate::store::Location;

const NAME: &str = "held.json";

/// What to do where the list cannot be believed.
const REMEDY: &str =
    "restore held.json from a backup, or remove it: then the files that were held are read by the next run";

/// A file that is held, or was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Held {
    /// Source of the pipeline file.
    pub source: String,
    /// Path below the input root.
    pub file: String,
    /// BLAKE3 of its content.
    pub fingerprint: String,
    /// Why, with the figures.
    pub reason: String,
    /// The run that held it.
    pub by_run: String,
    /// When (RFC 3339).
    pub at: String,
    /// Whether somebody let it in since.
    pub admitted: bool,
}

impl Held {
    /// Whether it is this file with this content.
    pub(crate) fn is(&self, source: &str, file: &str, fingerprint: &str) -> bool {
        self.source == source && self.file == file && self.fingerprint == fingerprint
    }
}

/// The file; sealed files are objects.
#[derive(Default, Serialize, Deserialize)]
struct List {
    held: Vec<Held>,
}

/// All files that are held or were, in order of source and file, with the names that `sources` have today.
///
/// # Errors
/// Environment, if the list cannot be read; data, if it is damaged.
pub(crate) async fn read(lake: &Location, sources: &Renames) -> Result<Vec<Held>> {
    let mut held = sealed::read::<List>(&lake.join(NAME), REMEDY).await?.unwrap_or_default().held;
    for file in held.iter_mut().filter(|_| !sources.is_empty()) {
        file.source = sources.today(&file.source).to_string();
    }
    Ok(held)
}

/// What is held by the names of its files, each once: two sources may read one file.
pub(crate) fn by_file(held: &[Held]) -> Vec<Held> {
    let mut files: BTreeMap<&str, Held> = BTreeMap::new();
    for of_source in held {
        let known = files.entry(&of_source.file).or_insert_with(|| of_source.clone());
        if !known.reason.contains(&of_source.reason) {
            known.reason += &format!("; {}", of_source.reason);
        }
    }
    files.into_values().collect()
}

/// Holds files. One that was let in is held again.
///
/// # Errors
/// As [`read`]; environment, if the list cannot be written.
pub(crate) async fn hold(lake: &Location, files: &[Held], sources: &Renames) -> Result<()> {
    let mut held = read(lake, sources).await?;
    for file in files {
        held.retain(|known| !known.is(&file.source, &file.file, &file.fingerprint));
        held.push(file.clone());
    }
    write(lake, held).await
}

/// Lets in the files with these names, and those of the sources with these names. Answers those that were held until now.
///
/// # Errors
/// As [`hold`].
pub(crate) async fn admit(lake: &Location, names: &[String], sources: &Renames) -> Result<Vec<Held>> {
    let mut held = read(lake, sources).await?;
    let mut admitted = Vec::new();
    for file in held.iter_mut().filter(|file| !file.admitted) {
        if names.contains(&file.file) || names.contains(&file.source) {
            file.admitted = true;
            admitted.push(file.clone());
        }
    }
    if !admitted.is_empty() {
        write(lake, held).await?;
    }
    Ok(admitted)
}

async fn write(lake: &Location, mut held: Vec<Held>) -> Result<()> {
    held.sort_by(|a, b| (&a.source, &a.file, &a.at).cmp(&(&b.source, &b.file, &b.at)));
    sealed::write(&lake.join(NAME), &List { held }).await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(name: &str, fingerprint: &str) -> Held {
        let text = |text: &str| text.to_string();
        Held {
            source: text("shop"),
            file: text(name),
            fingerprint: text(fingerprint),
            reason: text("rejects"),
            by_run: text("r1"),
            at: text("2026-04-01T00:00:00Z"),
            admitted: false,
        }
    }

    #[test]
    fn a_file_of_two_sources_is_one_file() {
        let of = |source: &str, name: &str, reason: &str| Held {
            source: source.into(),
            reason: reason.into(),
            ..file(name, "1")
        };
        let held = [
            of("facts", "a.csv", "short"),
            of("people", "a.csv", "short"),
            of("people", "b.csv", "rejects"),
            of("x", "b.csv", "short"),
        ];
        let told: Vec<_> = by_file(&held).into_iter().map(|held| (held.file, held.reason)).collect();
        let expected = [("a.csv", "short"), ("b.csv", "rejects; short")];
        assert_eq!(told, expected.map(|(file, reason)| (file.to_string(), reason.to_string())));
    }

    #[tokio::test]
    async fn a_file_is_held_once_until_it_is_let_in() {
        let folder = tempfile::tempdir().expect("a folder");
        let none = Renames::default();
        let lake = Location::parse(&folder.path().to_string_lossy(), folder.path()).expect("a place");
        assert_eq!(read(&lake, &none).await.expect("no list"), []);
        hold(&lake, &[file("b.csv", "1"), file("a.csv", "1")], &none).await.expect("held");
        hold(&lake, &[file("a.csv", "1"), file("a.csv", "2")], &none).await.expect("held");
        let of = |held: &[Held]| held.iter().map(|h| (h.file.clone(), h.admitted)).collect::<Vec<_>>();
        let (a, b) = ("a.csv".to_string(), "b.csv".to_string());
        let held = read(&lake, &none).await.expect("the list");
        assert_eq!(of(&held), [(a.clone(), false), (a.clone(), false), (b.clone(), false)]);
        assert_eq!(admit(&lake, &[b.clone(), "c.csv".into()], &none).await.expect("let in").len(), 1);
        assert_eq!(admit(&lake, std::slice::from_ref(&b), &none).await.expect("let in"), [], "it was let in before");
        assert_eq!(of(&read(&lake, &none).await.expect("the list"))[2], (b.clone(), true));
        assert_eq!(admit(&lake, &["shop".into()], &none).await.expect("let in").len(), 2, "a source is all its files");
        hold(&lake, &[file("b.csv", "1")], &none).await.expect("held again");
        assert_eq!(of(&read(&lake, &none).await.expect("the list"))[2], (b, false));
    }
}
