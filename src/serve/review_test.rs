//! Tests of review over whole runs: what is previewed is what the next run does, and what was decided in review holds there.

use std::collections::BTreeSet;
use std::path::Path;

use super::decide::{Added, Answer, Rules, answer, confirm, take_back};
use crate::audit::Audit;
use crate::audit::effect::{Effect, Pins};
use crate::audit::queue::Kind;
use crate::audit::review::{Filter, Item, Seen};
use crate::config::{self, Overrides, Pipeline};
use crate::console::progress::Progress;
use crate::engine::session::Resources;
use crate::error::{Kind as ErrorKind, Result};
use crate::lake::decision_log::{Decisions, Pair, Word, pair_of, read};
use crate::lake::results::ClusterResult;
use crate::runner::{self, Options, Outcome};

const HEADER: &str = "left,right,decision,by,at,why,expires,replaces\n";

const AT: &str = "2026-04-01T09:00:00+09:00";

/// A shop whose lake is reviewed.
struct Shop {
    folder: tempfile::TempDir,
    pipeline: Pipeline,
}

impl Shop {
    /// Invents one, and runs its pipeline once.
    async fn new(people: u64, seed: u64, more: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let input = folder.path().join("input");
        nayose_sample::generate(&nayose_sample::Options { people, seed }, &input).expect("files");
        let retail = Path::new(env!("CARGO_MANIFEST_DIR")).join("pipelines/retail");
        let text = std::fs::read_to_string(retail.join("pipeline.yaml")).expect("the pipeline");
        // Review asks for people and what they bought: the marts are another test's.
        let made = ["marts: [marts, crm]\n", "segments: segments\n", "checks: checks\n"];
        let text = made.iter().fold(text, |text, line| text.replace(*line, "")) + more;
        std::fs::write(folder.path().join("pipeline.yaml"), text).expect("written");
        std::fs::copy(retail.join("model.yaml"), folder.path().join("model.yaml")).expect("copied");
        std::fs::write(folder.path().join("decisions.csv"), HEADER).expect("written");
        let shop = Shop { pipeline: Self::load(folder.path()), folder };
        shop.run().await.expect("the first run");
        shop
    }

    fn load(folder: &Path) -> Pipeline {
        let place = |name: &str| Some(folder.join(name).display().to_string());
        let overrides = Overrides { input: place("input"), lake: place("lake") };
        config::load(&folder.join("pipeline.yaml"), &overrides).expect("a good pipeline")
    }

    async fn run(&self) -> Result<ClusterResult> {
        let outcome = runner::run(&self.pipeline, &Options::default(), &Progress::Quiet).await?;
        match outcome {
            Outcome::Published(manifest) => Ok(manifest.cluster()?.clone()),
            other => panic!("nothing was published: {other:?}"),
        }
    }

    async fn audit(&self) -> Audit {
        Audit::open(&self.pipeline.lake, None, &Resources::default()).await.expect("a published run")
    }

    async fn decisions(&self) -> Decisions {
        read(&self.pipeline.lake, &self.pipeline.renames).await.expect("readable").0
    }

    fn rules<'a>(&'a self, by: &'a str, file: &'a [config::decisions::Line]) -> Rules<'a> {
        Rules { by, at: AT, renames: &self.pipeline.renames, file, four_eyes: self.pipeline.four_eyes }
    }

    async fn decide(&self, pair: &Pair, word: Word, values: Option<String>) -> String {
        let answers = [Answer { pair: pair.clone(), word, why: "x".into(), values, replaces: None }];
        let seen = self.decisions().await.end;
        let added = answer(&self.pipeline.lake, self.rules("k", &[]), &answers, seen).await.expect("the lake is there");
        match added {
            Added::Written(names) => names[0].clone(),
            other => panic!("{other:?}"),
        }
    }

    /// The pairs that are asked.
    async fn asked(&self, audit: &Audit, filter: &Filter) -> Vec<Item> {
        let decisions = self.decisions().await;
        let seen = Seen { decisions: &decisions, four_eyes: self.pipeline.four_eyes, who: "k", today: "2026-04-01" };
        audit.review(seen, filter, 0, 10_000).await.expect("a queue").items
    }

    async fn effect(&self, audit: &Audit, pair: &Pair, same: bool) -> Effect {
        let held = audit.held(&self.decisions().await, self.pipeline.four_eyes).await.expect("decisions");
        let rows = audit.rows_of_pair(pair).await.expect("readable").expect("both are there");
        audit.effect(&held, &Pins::from([(rows, same)]), &[]).await.expect("an effect")
    }
}

fn pair(item: &Item) -> Pair {
    pair_of([item.left.clone(), item.right.clone()])
}

/// All customers of a run, as sets of records.
async fn people(audit: &Audit) -> BTreeSet<Vec<String>> {
    let network = audit.network().await.expect("a network");
    let records = |customer: u32| network.records(customer).iter().map(|row| network.keys().name(*row)).collect();
    (0..network.customers() as u32).map(records).collect()
}

/// The customers once an effect came about.
fn changed(mut people: BTreeSet<Vec<String>>, effect: &Effect) -> BTreeSet<Vec<String>> {
    for group in &effect.before {
        assert!(people.remove(&group.records), "no customer of the run: {:?}", group.records);
    }
    people.extend(effect.after.iter().map(|group| group.records.clone()));
    people
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_preview_shows_is_what_the_next_run_does() {
    let shop = Shop::new(500, 41, "").await;
    let mut tried = BTreeSet::new();
    for (kind, word) in [
        (Kind::Review, Word::Same),
        (Kind::Contested, Word::Same),
        (Kind::Cut, Word::Same),
        (Kind::Bridge, Word::Different),
    ] {
        let audit = shop.audit().await;
        let items = shop.asked(&audit, &Filter { kind: Some(kind), ..Filter::default() }).await;
        let Some(item) = items.first() else { continue };
        tried.insert(kind);
        let (pair, before) = (pair(item), people(&audit).await);
        let effect = shop.effect(&audit, &pair, word == Word::Same).await;
        assert!(!effect.before.is_empty(), "{kind:?}: an answer that is another one than what is changes something");
        assert_eq!(
            (effect.figures[0].customers, effect.figures[1].customers),
            (effect.before.len() as u64, effect.after.len() as u64)
        );
        shop.decide(&pair, word, None).await;
        shop.run().await.expect("the next run");
        let after = people(&shop.audit().await).await;
        let expected = changed(before, &effect);
        let differs: Vec<_> = after.symmetric_difference(&expected).collect();
        assert!(differs.is_empty(), "{kind:?}: {differs:?}\npreviewed {effect:?}");
        // The other way round: what is taken back is as it was.
        let of_desk = audit_of(&shop, &pair).await;
        assert_eq!(
            of_desk,
            Some(("k".to_string(), "desk/decision".to_string())),
            "the lake says who decided, and where"
        );
    }
    assert!(tried.contains(&Kind::Review) && tried.len() >= 2, "the shop has too little to decide on: {tried:?}");
}

/// Who decided on a pair and in which file, as the newest run says.
async fn audit_of(shop: &Shop, pair: &Pair) -> Option<(String, String)> {
    let told = shop.audit().await.decisions_on(&pair.iter().cloned().collect()).await.expect("decisions");
    let own = told.into_iter().find(|d| [&d.left, &d.right] == [&pair[0], &pair[1]] && d.ended.is_none())?;
    Some((own.by, own.file?))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_decision_is_asked_again_once_its_values_are_other_ones() {
    let shop = Shop::new(200, 42, "").await;
    let audit = shop.audit().await;
    let items = shop.asked(&audit, &Filter::default()).await;
    let [first, second] = [pair(&items[0]), pair(&items[1])];
    let shown = audit.values_of_pair(&first).await.expect("readable");
    assert!(shown.is_some());
    shop.decide(&first, Word::Different, shown).await;
    shop.decide(&second, Word::Different, Some("the digest of other values".into())).await;
    let check = async |audit: &Audit| {
        let items = shop.asked(audit, &Filter::default()).await;
        let kinds = |of: &Pair| items.iter().filter(|item| pair(item) == *of).map(|item| item.kind).collect::<Vec<_>>();
        assert_eq!((kinds(&first), kinds(&second)), (vec![], vec![Kind::Again]));
        assert_eq!(shop.asked(audit, &Filter { kind: Some(Kind::Again), ..Filter::default() }).await.len(), 1);
    };
    check(&audit).await;
    let found = shop.run().await.expect("the next run");
    assert_eq!(found.decisions_on_other_values, 1, "the run counts it, and honours it");
    check(&shop.audit().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn with_four_eyes_a_run_takes_what_a_second_person_confirmed() {
    let shop = Shop::new(200, 43, "\nfour_eyes: true\n").await;
    let audit = shop.audit().await;
    assert!(audit.four_eyes().await.expect("settings"), "who serves the lake without its pipeline knows it too");
    let item = shop.asked(&audit, &Filter::default()).await.remove(0);
    let id = shop.decide(&pair(&item), Word::Different, None).await;
    let waits = shop.asked(&audit, &Filter { waiting: true, ..Filter::default() }).await;
    assert_eq!(waits.iter().map(pair).collect::<Vec<_>>(), [pair(&item)]);
    let nothing = runner::run(&shop.pipeline, &Options::default(), &Progress::Quiet).await.expect("a run");
    assert!(matches!(nothing, Outcome::NothingNew { .. }), "one person's word is nothing new: {nothing:?}");
    assert!(confirm(&shop.pipeline.lake, shop.rules("k", &[]), &id).await.is_err());
    confirm(&shop.pipeline.lake, shop.rules("s", &[]), &id).await.expect("a second person");
    shop.run().await.expect("a run that is new");
    assert_eq!(audit_of(&shop, &pair(&item)).await, Some(("k".to_string(), "desk/decision".to_string())));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_taken_back_is_as_it_was() {
    let shop = Shop::new(500, 41, "").await;
    let audit = shop.audit().await;
    let before = people(&audit).await;
    let item = shop.asked(&audit, &Filter { kind: Some(Kind::Review), ..Filter::default() }).await.remove(0);
    shop.decide(&pair(&item), Word::Same, None).await;
    shop.run().await.expect("a run that takes it");
    assert_ne!(people(&shop.audit().await).await, before);
    let back = take_back(&shop.pipeline.lake, shop.rules("k", &[]), None).await.expect("taken back");
    let back = back.expect("an answer");
    assert_eq!(back, pair(&item));
    shop.run().await.expect("a run without it");
    let audit = shop.audit().await;
    assert_eq!(people(&audit).await, before);
    let told = audit.decisions_on(&back.iter().cloned().collect()).await.expect("decisions");
    let ended: Vec<_> = told.iter().filter_map(|d| d.ended.as_ref()).map(|ended| ended.how.as_str()).collect();
    assert_eq!(ended, ["taken_back"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_and_review_do_not_contradict_each_other_unseen() {
    let mut shop = Shop::new(100, 45, "\ndecisions: decisions.csv\n").await;
    let audit = shop.audit().await;
    let [l, r] = pair(&shop.asked(&audit, &Filter::default()).await[0]);
    shop.decide(&[l.clone(), r.clone()], Word::Different, None).await;
    // Somebody who knows nothing of review writes the opposite into the file.
    let file = shop.folder.path().join("decisions.csv");
    std::fs::write(&file, format!("{HEADER}{l},{r},same,s,2026-04-02,phone,,\n")).expect("written");
    shop.pipeline = Shop::load(shop.folder.path());
    let refused = shop.run().await.expect_err("a contradiction");
    assert_eq!(refused.kind(), ErrorKind::Config);
    let told = refused.to_string();
    assert!(told.contains("decisions.csv:2") && told.contains("desk/decision:1"), "both places: {told}");
    assert!(told.contains("undo the decision in review"), "{told}");
    // The same word twice is no contradiction.
    std::fs::write(&file, format!("{HEADER}{l},{r},different,s,2026-04-02,phone,,\n")).expect("written");
    shop.pipeline = Shop::load(shop.folder.path());
    shop.run().await.expect("no contradiction");
}
