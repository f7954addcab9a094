//! Whether a log is as it was written: every entry's content, and that each follows the one before.
//!
//! In: a log. Out: what does not fit, by the numbers of entries, and the end, which stands for all of it. Whoever could write the whole
//! folder could write a whole new log: the end that was noted elsewhere tells that too.

use std::collections::HashSet;

use serde::Serialize;

use super::{Entry, FOLDER, Head, Log, name, names, number_of, text};
use crate::error::{Kind, Result};
use crate::store::Location;

/// A log that was looked at.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Checked {
    /// Its name; of a copy, that of its file.
    pub(crate) log: String,
    /// The number of the first entry: that of a part of a log is not 1.
    pub(crate) first: u64,
    /// How many entries were read.
    pub(crate) entries: u64,
    /// How many of them were erased.
    pub(crate) erased: u64,
    /// The last entry's link; empty where there is none.
    pub(crate) head: String,
    /// What does not fit, a sentence for each entry.
    pub(crate) broken: Vec<String>,
    /// The links of all entries: an earlier end that was noted elsewhere has to be among them.
    #[serde(skip)]
    pub(crate) links: HashSet<String>,
}

/// Reads a whole log.
///
/// # Errors
/// Environment, if it cannot be read.
pub(crate) async fn check(lake: &Location, log: Log) -> Result<Checked> {
    let mut checker = Checker::new(log.name());
    for file in names(lake, log).await? {
        let of_file = format!("{FOLDER}/{}/{file}", log.name());
        match text(lake, log, &file).await {
            Ok(lines) => checker.file(&of_file, number_of(&file), &lines),
            Err(error) if error.kind() == Kind::Data => checker.found.broken.push(error.message().to_string()),
            Err(error) => return Err(error),
        }
    }
    Ok(checker.ended())
}

/// Looks at a copy of a log, or of a part of one: names and texts of its files, in order of their entries. What came before its first entry
/// is not in it; the end of that is known, as the first entry names it.
pub(crate) fn check_copy(name: &str, files: &[(String, String)]) -> Checked {
    let mut checker = Checker::new(name);
    let first = files.iter().flat_map(|(_, text)| text.lines()).find_map(Entry::parse);
    if let Some(first) = first.filter(|first| first.number > 1) {
        checker.end = Head { number: first.number - 1, link: first.before };
        checker.found.links.insert(checker.end.link.clone());
    }
    for (file, text) in files {
        checker.file(file, None, text);
    }
    checker.ended()
}

/// Looks at one file of a log after the other.
struct Checker {
    found: Checked,
    end: Head,
}

impl Checker {
    fn new(log: &str) -> Self {
        let found = Checked {
            log: log.to_string(),
            first: 0,
            entries: 0,
            erased: 0,
            head: String::new(),
            broken: Vec::new(),
            links: HashSet::new(),
        };
        Checker { found, end: Head::default() }
    }

    /// Looks at a file, whose name says with which entry it begins, or says nothing.
    fn file(&mut self, of_file: &str, begins: Option<u64>, lines: &str) {
        let Checker { found, end } = self;
        for (i, line) in lines.lines().enumerate() {
            let Some(entry) = Entry::parse(line) else {
                found.broken.push(format!("{of_file}, line {} is no entry of {}", i + 1, found.log));
                continue;
            };
            if i == 0 && begins.is_some_and(|begins| begins != entry.number) {
                found.broken.push(format!("{of_file} begins with entry {}; its name is that of another", entry.number));
            }
            // The same entry is there twice where putting files together was killed.
            if entry.is_whole() && found.links.contains(&entry.link()) {
                continue;
            }
            found.broken.extend(wrong(&found.log, &entry, end));
            if found.entries == 0 {
                found.first = entry.number;
            }
            found.entries += 1;
            found.erased += u64::from(entry.is_erased());
            *end = Head { number: entry.number, link: entry.link() };
            found.links.insert(end.link.clone());
        }
        if lines.is_empty() {
            found.broken.push(format!("{of_file} is empty"));
        }
    }

    fn ended(self) -> Checked {
        Checked { head: self.end.link, ..self.found }
    }
}

/// What is wrong with an entry that comes after this end.
fn wrong(log: &str, entry: &Entry, end: &Head) -> Vec<String> {
    let (number, due) = (entry.number, end.number + 1);
    let mut told = Vec::new();
    if number > due {
        let missing =
            if number == due + 1 { format!("entry {due}") } else { format!("entries {due} to {}", number - 1) };
        told.push(format!("{log}: {missing} missing before entry {number} ({})", name(due)));
    } else if number < due {
        told.push(format!("{log}: entry {number} comes after entry {}: it was moved", end.number));
    } else if entry.before != end.link {
        told.push(format!(
            "{log}: entry {number} does not follow the entry {} that is there: one of them is another",
            end.number
        ));
    }
    if !entry.is_whole() {
        told.push(format!("{log}: the content of entry {number} was changed"));
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lake::desk::{append, append_after, erase, head, read, read_after};

    fn place(folder: &tempfile::TempDir) -> Location {
        Location::parse(&folder.path().to_string_lossy(), folder.path()).expect("a place")
    }

    fn seen(customer: &str) -> serde_json::Value {
        serde_json::json!({"by": "k.tanaka", "customer_id": customer, "why": "a call"})
    }

    /// A log of six entries in three files.
    async fn six(lake: &Location) {
        for customers in [["C-1", "C-2"], ["C-3", "C-4"], ["C-5", "C-6"]] {
            append(lake, Log::Access, &customers.map(seen)).await.expect("written");
        }
    }

    async fn broken(lake: &Location) -> Vec<String> {
        check(lake, Log::Access).await.expect("read").broken
    }

    #[tokio::test]
    async fn a_log_that_nobody_changed_is_whole() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = place(&folder);
        assert_eq!(head(&lake, Log::Access).await.expect("read"), Head::default());
        six(&lake).await;
        let checked = check(&lake, Log::Access).await.expect("read");
        assert_eq!((checked.entries, checked.erased, checked.broken), (6, 0, Vec::<String>::new()));
        assert_eq!(checked.head, head(&lake, Log::Access).await.expect("read").link);
        let numbers = |entries: Vec<Entry>| entries.iter().map(|entry| entry.number).collect::<Vec<_>>();
        assert_eq!(numbers(read(&lake, Log::Access).await.expect("read")), [1, 2, 3, 4, 5, 6]);
        assert_eq!(numbers(read_after(&lake, Log::Access, 3).await.expect("read")), [4, 5, 6]);
        assert_eq!(numbers(read_after(&lake, Log::Access, 4).await.expect("read")), [5, 6]);
        assert_eq!(numbers(read_after(&lake, Log::Access, 6).await.expect("read")), [] as [u64; 0]);
    }

    #[tokio::test]
    async fn a_changed_missing_or_moved_entry_is_named() {
        let check = async |change: &dyn Fn(&std::path::Path), expected: &str| {
            let folder = tempfile::tempdir().expect("a folder");
            let lake = place(&folder);
            six(&lake).await;
            change(&folder.path().join("desk/access_log"));
            let told = broken(&lake).await;
            assert!(told.iter().any(|told| told.contains(expected)), "{expected}: {told:?}");
        };
        let edit = |folder: &std::path::Path, name: &str, edit: &dyn Fn(Vec<String>) -> Vec<String>| {
            let file = folder.join(name);
            let lines = std::fs::read_to_string(&file).expect("text").lines().map(str::to_string).collect();
            std::fs::write(&file, edit(lines).join("\n") + "\n").expect("written");
        };
        check(
            &|folder| edit(folder, "000000000003.jsonl", &|l| l.iter().map(|l| l.replace("C-4", "C-9")).collect()),
            "the content of entry 4 was changed",
        )
        .await;
        check(
            &|folder| std::fs::remove_file(folder.join("000000000003.jsonl")).expect("removed"),
            "entries 3 to 4 missing before entry 5",
        )
        .await;
        check(&|folder| edit(folder, "000000000001.jsonl", &|l| vec![l[0].clone()]), "entry 2 missing before entry 3")
            .await;
        check(
            &|folder| {
                edit(folder, "000000000003.jsonl", &|mut l| {
                    l.reverse();
                    l
                })
            },
            "entry 3 comes after entry 4",
        )
        .await;
        check(&|folder| edit(folder, "000000000003.jsonl", &|l| vec![l[0].clone(), "{}".into()]), "line 2 is no entry")
            .await;
        // One that was written anew, with digests that fit.
        let other = |folder: &std::path::Path| {
            edit(folder, "000000000001.jsonl", &|l| {
                let mut entry = Entry::parse(&l[1]).expect("an entry");
                let text = super::super::entry::content_of(&seen("C-9")).expect("a text");
                let (line, _) = super::super::entry::lines(&Head { number: 1, link: entry.before.clone() }, &[text]);
                entry.number = 2;
                vec![l[0].clone(), line.trim_end().to_string()]
            });
        };
        check(&other, "entry 3 does not follow the entry 2 that is there").await;
    }

    #[tokio::test]
    async fn a_copy_of_a_log_or_of_a_part_of_it_is_looked_at_without_its_lake() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = place(&folder);
        six(&lake).await;
        let text = |number: u64| {
            std::fs::read_to_string(folder.path().join("desk/access_log").join(name(number))).expect("text")
        };
        let copy = |numbers: &[u64], change: &dyn Fn(String) -> String| {
            let files: Vec<_> = numbers.iter().map(|n| (format!("{n}.jsonl"), change(text(*n)))).collect();
            check_copy("copy", &files)
        };
        let same = |text: String| text;
        let head = head(&lake, Log::Access).await.expect("read").link;
        let whole = copy(&[1, 3, 5], &same);
        assert_eq!((whole.first, whole.entries, &whole.head, &whole.broken[..]), (1, 6, &head, &[][..]));
        let part = copy(&[3, 5], &same);
        assert_eq!((part.first, part.entries, &part.head, &part.broken[..]), (3, 4, &head, &[][..]));
        // The end of what came before it is known, and is one that may have been noted.
        let before = copy(&[1], &same).head;
        assert!(part.links.contains(&before));
        let told = copy(&[1, 5], &same).broken;
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].contains("copy: entries 3 to 4 missing before entry 5"), "{told:?}");
        let told = copy(&[3, 5], &|text| text.replace("C-4", "C-9")).broken;
        assert!(told.iter().any(|told| told == "copy: the content of entry 4 was changed"), "{told:?}");
    }

    #[tokio::test]
    async fn an_erased_entry_leaves_its_digest() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = place(&folder);
        six(&lake).await;
        let text = serde_json::json!({"by": "k.tanaka", "text": "the same as C-3, I think"});
        append(&lake, Log::Comment, &[text]).await.expect("written");
        let before = head(&lake, Log::Access).await.expect("read");
        let erased = erase(&lake, |text| text == "C-3").await.expect("erased");
        assert_eq!(erased, [("access_log", 1), ("comment", 1)].into());
        let checked = check(&lake, Log::Access).await.expect("read");
        assert_eq!((checked.entries, checked.erased, checked.broken), (6, 1, Vec::<String>::new()));
        assert_eq!(checked.head, before.link);
        for file in ["desk/access_log/000000000003.jsonl", "desk/comment/000000000001.jsonl"] {
            assert!(!std::fs::read_to_string(folder.path().join(file)).expect("text").contains("C-3"));
        }
        assert_eq!(read(&lake, Log::Access).await.expect("read").iter().filter(|e| e.is_erased()).count(), 1);
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn writers_at_once_lose_nothing() {
        let folder = tempfile::tempdir().expect("a folder");
        let lake = place(&folder);
        let writers = (0..8).map(|writer| {
            let lake = lake.clone();
            tokio::spawn(async move {
                let mut known = None;
                for i in 0..10 {
                    let content = [seen(&format!("C-{writer}-{i}"))];
                    known = Some(append_after(&lake, Log::Access, &content, known).await.expect("written"));
                }
            })
        });
        futures::future::join_all(writers).await.into_iter().for_each(|done| done.expect("done"));
        let checked = check(&lake, Log::Access).await.expect("read");
        assert_eq!((checked.entries, checked.broken), (80, Vec::<String>::new()));
    }
}
