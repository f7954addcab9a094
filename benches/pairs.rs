//! Throughput of blocks and their pairs, from keys in memory: `cargo bench --bench pairs`.
//!
//! Two million records of a million people. Under four rules a person has a key of their own, which nine in ten of the records share;
//! under a fifth a key is that of some forty records, who are some twenty people. Best of five passes.

use std::io::Write;
use std::time::{Duration, Instant};

use nayose_matching::block::{KeyDrawers, Pairs, RowKey, Window, grouped};
use nayose_matching::model::sample::mix;
use nayose_matching::parallel;

const RECORDS: u32 = 2_000_000;

/// Rules under which a key is a person's, and how many people share a key under the last one.
const OWN: u32 = 4;
const SHARED: u64 = 20;

/// The key of a record under a rule. Records of a person lie anywhere.
fn key(row: u32, rule: u32) -> RowKey {
    let person = mix(u64::from(row)) % u64::from(RECORDS / 2);
    let of = match mix(u64::from(row) << 8 | u64::from(rule)) % 10 {
        _ if rule == OWN => mix(person) % (u64::from(RECORDS / 2) / SHARED),
        0 => u64::from(row) << 32,
        _ => person,
    };
    RowKey { key: mix(mix(of) ^ u64::from(rule)), row, rule }
}

fn main() {
    let mut out = std::io::stdout().lock();
    let threads = parallel::threads() as u32;
    let best = |pass: &mut dyn FnMut() -> u64| {
        let mut timed = || {
            let started = Instant::now();
            (pass(), started.elapsed())
        };
        (0..5).map(|_| timed()).min_by_key(|(_, time)| *time).unwrap_or((0, Duration::from_secs(1)))
    };
    let mut tell = |what: &str, (n, time): (u64, Duration)| {
        let seconds = time.as_secs_f64();
        let _ = writeln!(out, "{what:<44}{n:>12}  {seconds:>7.3} s  {:>13.0} /s", n as f64 / seconds);
    };
    let read = || {
        let window = Window::new(usize::MAX);
        let share = RECORDS.div_ceil(threads);
        let drawers = parallel::map((0..threads).collect(), |_, thread| {
            let mut drawers = KeyDrawers::default();
            let rows = (thread * share)..RECORDS.min((thread + 1) * share);
            window.add(&mut drawers, rows.flat_map(|row| (0..=OWN).map(move |rule| key(row, rule))));
            drawers
        });
        (window, drawers)
    };
    let mut blocks = Vec::new();
    let keys = u64::from(RECORDS) * u64::from(OWN + 1);
    tell(
        "keys to blocks",
        best(&mut || {
            let (window, drawers) = read();
            [blocks, _] = grouped(&window, drawers, OWN as usize + 1, 1000);
            keys
        }),
    );
    let mut pairs = Pairs::default();
    tell(
        "blocks to lists of numbers",
        best(&mut || {
            pairs = Pairs::new(blocks.clone()).expect("few blocks");
            blocks.iter().map(|of| of.len() as u64).sum()
        }),
    );
    tell("pairs that a block lists, each once", best(&mut || pairs.count_by_rule().iter().sum()));
    let made = |thread: usize| {
        let mut sum = 0u64;
        for piece in pairs.pieces(1 << 17).iter().skip(thread).step_by(threads as usize) {
            pairs.take(&mut piece.clone(), usize::MAX, |_, l, r| sum += u64::from(l ^ r) & 1);
        }
        sum
    };
    let all = pairs.count_by_rule().iter().sum();
    tell(
        "the same, with their rows",
        best(&mut || {
            std::hint::black_box(parallel::map((0..threads as usize).collect(), |_, thread| made(thread)));
            all
        }),
    );
}
