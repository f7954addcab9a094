//! Throughput of blocks and their pairs: `make bench`.
//!
//! Two million records of a million people. Under four rules a person has a value of their own, which nine in ten of their records
//! have; under a fifth some forty records of some twenty people share one. Best of five passes.

use std::hint::black_box;
use std::io::Write;
use std::time::{Duration, Instant};

use nayose_matching::block::{Blocked, Pairs};
use nayose_matching::model::column::FeatureBuilder;
use nayose_matching::model::sample::mix;
use nayose_matching::model::{BlockingRule, Key, Packed};
use nayose_matching::parallel;

const RECORDS: u64 = 2_000_000;

/// Rules under which a value is a person's, and how many people share one under the last.
const OWN: u64 = 4;
const SHARED: u64 = 20;

/// The value of a record under a rule. Records of a person lie anywhere.
fn value(row: u64, rule: u64) -> u64 {
    let person = mix(row) % (RECORDS / 2);
    match mix(row << 8 | rule) % 10 {
        _ if rule == OWN => mix(person) % (RECORDS / 2 / SHARED),
        0 => row + RECORDS,
        _ => person,
    }
}

fn packed() -> Packed {
    let column = |rule: u64| {
        let mut builder = FeatureBuilder::new();
        (0..RECORDS).for_each(|row| builder.push(std::iter::once(value(row, rule).to_string().as_str())));
        builder.finish()
    };
    Packed::new((0..=OWN).map(column).collect(), vec!["shop".into()], vec![0; RECORDS as usize], &[])
}

/// What the fastest of five passes counted, and how long it took.
fn best(mut pass: impl FnMut() -> u64) -> (u64, Duration) {
    let mut timed = || {
        let started = Instant::now();
        (pass(), started.elapsed())
    };
    (0..5).map(|_| timed()).min_by_key(|(_, time)| *time).unwrap_or((0, Duration::from_secs(1)))
}

fn tell(what: &str, (n, time): (u64, Duration)) {
    let seconds = time.as_secs_f64();
    let _ = writeln!(std::io::stdout(), "{what:<34}{n:>12}  {seconds:>7.3} s  {:>13.0} /s", n as f64 / seconds);
}

fn main() {
    let packed = packed();
    let key = |feature| Key { feature, prefix: None, near: None };
    let rule = |feature| BlockingRule { name: String::new(), keys: vec![key(feature)], refine: Vec::new() };
    let rules: Vec<BlockingRule> = (0..=OWN as usize).map(rule).collect();
    let mut pairs = Pairs::default();
    let blocks = best(|| {
        pairs = Blocked::new(&rules, &packed, 1000, usize::MAX).expect("few blocks").pairs;
        RECORDS
    });
    tell("records to blocks", blocks);
    let counted = best(|| pairs.count_by_rule().iter().sum());
    tell("pairs counted, all threads", counted);
    let made = |thread: usize, threads: usize| {
        for mut piece in pairs.pieces(1 << 17).into_iter().skip(thread).step_by(threads) {
            pairs.take(&mut piece, usize::MAX, |rule, l, r| {
                black_box((rule, l, r));
            });
        }
    };
    for threads in [1, parallel::threads()] {
        let pass = || {
            parallel::map((0..threads).collect(), |_, thread| made(thread, threads));
            counted.0
        };
        tell(&format!("pairs made, {threads} threads"), best(pass));
    }
}
