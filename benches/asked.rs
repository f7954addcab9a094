//! A lake opened and asked: `make bench-asked LAKE=…`.
//!
//! Prints how long it takes to open and to prepare, the memory, and of each kind of question how long the answers took, one after the
//! other and by as many askers as there are threads. What is asked is drawn from the lake: customers of two records and more, links of
//! theirs, what stands in records, and the rows of people as a run took them in.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use nayose::{Audit, Location, MatchRequest, Resources};
use nayose_matching::model::packed::Packed;

#[path = "../tests/it/support/raw_records.rs"]
mod raw_records;

/// Questions of a kind.
const ASKED: usize = 1000;

/// A question.
enum Question {
    Customer(String),
    Dossier(String),
    Pair(String, String),
    Search(String),
    Match(Box<MatchRequest>),
}

impl Question {
    /// Whether there was an answer.
    async fn ask(&self, audit: &Audit) -> bool {
        match self {
            Question::Customer(id) => audit.customer(id).await.is_ok(),
            Question::Dossier(id) => audit.dossier(id).await.is_ok(),
            Question::Pair(left, right) => audit.pair(left, right).await.is_ok(),
            Question::Search(text) => audit.search(text).await.is_ok(),
            Question::Match(request) => audit.match_record(request).await.is_ok(),
        }
    }
}

fn tell(line: &str) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// Memory of this process now and at most, in MiB.
fn memory() -> [u64; 2] {
    let text = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    ["VmRSS:", "VmHWM:"].map(|key| {
        let line = text.lines().find(|line| line.starts_with(key));
        line.and_then(|line| line.split_whitespace().nth(1)?.parse::<u64>().ok()).unwrap_or(0) / 1024
    })
}

fn step(what: &str, started: Instant) {
    let [now, most] = memory();
    tell(&format!("{what:<34}{:>8.2} s {now:>6} MiB, at most {most} MiB", started.elapsed().as_secs_f64()));
}

/// What the features of the records take, in bytes a record.
fn features(packed: &Packed) -> String {
    let bytes = packed.bytes();
    let a_record = |bytes: usize| bytes as f64 / packed.rows.max(1) as f64;
    let parts = [
        ("slots", bytes.slots),
        ("sets", bytes.sets),
        ("texts", bytes.texts),
        ("starts and counts", bytes.starts_and_counts),
        ("known beforehand", bytes.prepared),
    ];
    let parts = parts.map(|(part, bytes)| format!("{part} {:.1}", a_record(bytes)));
    format!("features of {} records: {:.0} bytes a record ({})", packed.rows, a_record(bytes.sum()), parts.join(", "))
}

/// Asks all, so many at once; tells how long half, 95 and 99 of a hundred took at most, and how many there were a second.
async fn ask(what: &str, audit: &Arc<Audit>, questions: Vec<Question>, at_once: usize) {
    let (questions, next) = (Arc::new(questions), Arc::new(AtomicUsize::new(0)));
    let started = Instant::now();
    let asker = |_| {
        let (audit, questions, next) = (audit.clone(), questions.clone(), next.clone());
        tokio::spawn(async move {
            let (mut times, mut failed) = (Vec::new(), 0);
            while let Some(question) = questions.get(next.fetch_add(1, Ordering::Relaxed)) {
                let started = Instant::now();
                failed += usize::from(!question.ask(&audit).await);
                times.push(started.elapsed());
            }
            (times, failed)
        })
    };
    let askers: Vec<_> = (0..at_once).map(asker).collect();
    let (mut times, mut failed): (Vec<Duration>, usize) = Default::default();
    for asker in askers {
        let (more, lost) = asker.await.unwrap_or_default();
        times.extend(more);
        failed += lost;
    }
    let seconds = started.elapsed().as_secs_f64();
    times.sort_unstable();
    let at = |share: f64| times.get((times.len() as f64 * share) as usize).map_or(0.0, |t| t.as_secs_f64() * 1000.0);
    tell(&format!(
        "{what:<22} {at_once:>3} at once {:>9.2} ms half {:>9.2} ms 95 % {:>9.2} ms 99 % {:>9.0} /s  {failed} failed of {}",
        at(0.5),
        at(0.95),
        at(0.99),
        times.len() as f64 / seconds,
        times.len()
    ));
}

#[tokio::main]
async fn main() {
    // `cargo bench` adds a flag of its own.
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| !a.starts_with("--")).collect();
    let [lake, rest @ ..] = arguments.as_slice() else {
        tell("usage: asked LAKE [QUESTIONS]: the lake of a pipeline on this machine, whose work is there");
        return;
    };
    let most: usize = rest.first().and_then(|n| n.parse().ok()).unwrap_or(ASKED);
    let started = Instant::now();
    let place = std::env::current_dir().map_err(nayose::error::Error::from).and_then(|at| Location::parse(lake, &at));
    let place = place.expect("the place of a lake");
    let audit = Arc::new(Audit::open(&place, None, &Resources::default()).await.expect("a lake"));
    step("opened", started);
    let records = raw_records::raw_records(lake, most).await;
    let started = Instant::now();
    let first = records.first().map(|(key, _)| key.clone()).unwrap_or_default();
    let _ = audit.customer(&first).await;
    step("first customer, not prepared", started);
    let started = Instant::now();
    audit.prepare().await.expect("prepared");
    step("prepared", started);
    let started = Instant::now();
    audit.prepare_matching().await.expect("prepared");
    step("prepared for matching", started);
    tell(&features(audit.scorer().await.expect("the run's work").packed()));

    let mut pairs = Vec::new();
    let mut texts = Vec::new();
    for (n, (key, request)) in records.iter().enumerate() {
        let value = |field: &str| request.fields.get(field).and_then(|values| values.first()).cloned();
        let fields = ["name", "phone", "email", "kana", "family_name", "card"];
        texts.push(value(fields[n % fields.len()]).unwrap_or_else(|| key.clone()));
        if let Ok(found) = audit.match_record(request).await {
            pairs.extend(found.candidates.into_iter().map(|c| (key.clone(), c.record)).find(|(l, r)| l != r));
        }
    }
    for at_once in [1, std::thread::available_parallelism().map_or(1, usize::from), 16] {
        let customers = records.iter().map(|(key, _)| Question::Customer(key.clone())).collect();
        ask("customer", &audit, customers, at_once).await;
        let in_full = records.iter().map(|(key, _)| Question::Dossier(key.clone())).collect();
        ask("customer in full", &audit, in_full, at_once).await;
        let evidence = pairs.iter().map(|(l, r)| Question::Pair(l.clone(), r.clone())).collect();
        ask("pair", &audit, evidence, at_once).await;
        ask("search", &audit, texts.iter().map(|text| Question::Search(text.clone())).collect(), at_once).await;
        let asked = records.iter().map(|(_, request)| Question::Match(Box::new(request.clone()))).collect();
        ask("match", &audit, asked, at_once).await;
    }
    step("all", started);
}
