//! Tests of decisions on their way into the lake.

use super::*;
use crate::lake::decision_log::pair_of;

const AT: &str = "2026-04-01T09:00:00+09:00";

struct Lake {
    _folder: tempfile::TempDir,
    place: Location,
    renames: Renames,
    file: Vec<Line>,
}

impl Lake {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::create_dir(folder.path().join("lake")).expect("made");
        let place = Location::parse("lake", folder.path()).expect("a place");
        Lake { _folder: folder, place, renames: Renames::default(), file: Vec::new() }
    }

    fn rules<'a>(&'a self, by: &'a str, four_eyes: bool) -> Rules<'a> {
        Rules { by, at: AT, renames: &self.renames, file: &self.file, four_eyes }
    }

    async fn answer(&self, by: &str, pair: [&str; 2], word: Word, seen: u64) -> Added {
        answer(&self.place, self.rules(by, false), &[on(pair, word)], seen).await.expect("the lake is there")
    }

    async fn decisions(&self) -> Decisions {
        decision_log::read(&self.place, &self.renames).await.expect("readable").0
    }

    /// The lines that a run takes.
    async fn lines(&self, four_eyes: bool) -> Vec<(String, &'static str)> {
        self.decisions().await.lines(four_eyes).iter().map(|line| (line.decision.by.clone(), line.word())).collect()
    }
}

fn on(pair: [&str; 2], word: Word) -> Answer {
    let pair = pair_of(pair.map(|id| format!("shop:{id}")));
    Answer { pair, word, why: "x".into(), values: None, replaces: None }
}

fn line(l: &str, r: &str, same: bool) -> Line {
    let record = |id: &str| ("shop".to_string(), id.to_string());
    let decision = crate::config::decisions::Decision {
        line: 2,
        left: record(l),
        right: record(r),
        same,
        by: "file".into(),
        at: String::new(),
        why: "x".into(),
        expires: None,
    };
    Line { id: "D-file".into(), decision, undecided: false, replaces: None, desk: false, values: None }
}

#[tokio::test]
async fn of_two_who_decide_at_once_the_second_is_told() {
    let lake = Lake::new();
    assert!(matches!(lake.answer("k", ["a", "b"], Word::Same, 0).await, Added::Written(_)));
    // Both saw the empty log.
    let Added::Meanwhile(told) = lake.answer("s", ["b", "a"], Word::Different, 0).await else { panic!("not told") };
    assert_eq!((told.len(), told[0].decided.by.as_str(), told[0].decided.word), (1, "k", Word::Same));
    assert_eq!(lake.lines(false).await, [("k".to_string(), "same")], "nothing was lost and nothing overwritten");
    // Asked again, with what the first decided before their eyes.
    assert!(matches!(lake.answer("s", ["b", "a"], Word::Different, 1).await, Added::Written(_)));
    let decisions = lake.decisions().await;
    let lines = decisions.lines(false);
    assert_eq!(lines[1].replaces.as_ref(), Some(&lines[0].id));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_who_decide_on_other_pairs_lose_nothing() {
    let lake = std::sync::Arc::new(Lake::new());
    let tasks: Vec<_> = (0..8)
        .map(|n| {
            let lake = lake.clone();
            tokio::spawn(async move {
                for i in 0..5 {
                    let (l, r) = (format!("l{n}-{i}"), format!("r{n}-{i}"));
                    let by = format!("p{n}");
                    let added = lake.answer(&by, [&l, &r], Word::Same, 0).await;
                    assert!(matches!(added, Added::Written(_)), "{added:?}");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("answered");
    }
    let decisions = lake.decisions().await;
    assert_eq!((decisions.end, decisions.lines(false).len()), (40, 40));
}

#[tokio::test]
async fn nobody_confirms_their_own_decision() {
    let lake = Lake::new();
    let added = answer(&lake.place, lake.rules("k", true), &[on(["a", "b"], Word::Same)], 0).await.expect("written");
    let Added::Written(names) = added else { panic!("{added:?}") };
    assert!(lake.lines(false).await.is_empty(), "it waits, whatever the pipeline says");
    let own = confirm(&lake.place, lake.rules("k", true), &names[0]).await.expect_err("their own").to_string();
    assert!(own.contains("your own decision"), "{own}");
    assert!(lake.lines(false).await.is_empty());
    confirm(&lake.place, lake.rules("s", true), &names[0]).await.expect("a second person");
    confirm(&lake.place, lake.rules("m", true), &names[0]).await.expect("a third one changes nothing");
    assert_eq!(lake.lines(true).await, [("k".to_string(), "same")]);
    assert_eq!(lake.decisions().await.end, 2);
}

#[tokio::test]
async fn what_was_replaced_is_not_confirmed() {
    let lake = Lake::new();
    let waits = async |word, seen| {
        let added = answer(&lake.place, lake.rules("k", true), &[on(["a", "b"], word)], seen).await.expect("written");
        let Added::Written(names) = added else { panic!("{added:?}") };
        names[0].clone()
    };
    let first = waits(Word::Same, 0).await;
    let second = waits(Word::Different, 1).await;
    let told = confirm(&lake.place, lake.rules("s", true), &first).await.expect_err("another one stands").to_string();
    assert!(told.contains("was replaced"), "{told}");
    assert_eq!(lake.decisions().await.end, 2, "nothing is written");
    confirm(&lake.place, lake.rules("s", true), &second).await.expect("what stands");
    assert_eq!(lake.lines(true).await, [("k".to_string(), "different")]);
}

#[tokio::test]
async fn where_the_lake_is_gone_no_other_one_is_begun() {
    let lake = Lake::new();
    lake.answer("k", ["a", "b"], Word::Same, 0).await;
    let (_, end) = decision_log::read(&lake.place, &lake.renames).await.expect("readable");
    let folder = lake.place.local().expect("a folder").to_path_buf();
    std::fs::rename(&folder, folder.with_extension("away")).expect("moved");
    let told = answer(&lake.place, lake.rules("k", false), &[on(["c", "d"], Word::Same)], 1).await;
    assert!(told.expect_err("there is no lake").to_string().contains("is not there"));
    assert!(desk::append_at(&lake.place, Log::Decision, &["x"], &end).await.is_err());
    assert!(!folder.exists());
    std::fs::rename(folder.with_extension("away"), &folder).expect("moved back");
    assert_eq!(lake.decisions().await.end, 1);
}

#[tokio::test]
async fn an_answer_that_is_taken_back_is_gone() {
    let lake = Lake::new();
    lake.answer("k", ["a", "b"], Word::Same, 0).await;
    lake.answer("k", ["c", "d"], Word::Unsure, 1).await;
    let back = async |id: Option<&str>| take_back(&lake.place, lake.rules("k", false), id).await;
    assert_eq!(back(None).await.expect("the last one"), Some(on(["c", "d"], Word::Same).pair));
    assert_eq!(back(None).await.expect("the one before"), Some(on(["a", "b"], Word::Same).pair));
    assert_eq!(back(None).await.expect("no error"), None, "there is nothing to undo");
    assert!(back(Some("D-0")).await.is_err());
    assert!(lake.lines(false).await.is_empty());
    assert_eq!(lake.decisions().await.end, 4, "entries are added, none is changed");
}

#[tokio::test]
async fn what_contradicts_is_not_written() {
    let mut lake = Lake::new();
    lake.file = vec![line("a", "b", true)];
    lake.answer("k", ["b", "c"], Word::Same, 0).await;
    let contradicted = async |pair: [&str; 2], word| match lake.answer("s", pair, word, 1).await {
        Added::Contradicts(lines) => {
            lines.into_iter().map(|line| (line.desk, line.decision.line, line.decision.by)).collect::<Vec<_>>()
        }
        other => panic!("{other:?}"),
    };
    let (of_file, of_review) = ((false, 2, "file".to_string()), (true, 1, "k".to_string()));
    assert_eq!(contradicted(["a", "c"], Word::Different).await, [of_file.clone(), of_review], "all that join the two");
    assert_eq!(contradicted(["a", "b"], Word::Different).await, [of_file], "the line on the pair, which was not seen");
    // Whoever saw the line of the file replaces it.
    let named = Answer { replaces: Some("D-file".into()), ..on(["a", "b"], Word::Different) };
    let added = answer(&lake.place, lake.rules("s", false), &[named], 1).await.expect("the lake is there");
    assert!(matches!(added, Added::Written(_)), "{added:?}");
}
