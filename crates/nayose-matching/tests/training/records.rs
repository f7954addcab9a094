//! Strangers do not change what a match looks like, however many share a block.

use std::collections::BTreeMap;

use nayose_matching::model::em::{self, Observations};
use nayose_matching::model::weight::{Seen, fence, of_crowded_pair, of_pair};
use nayose_matching::model::{Model, Parameters};

use crate::support::{five_comparisons, observations, uniform};

/// The number of values of each field. Values are not alike frequent: the first is that of 3 % of the records.
const VALUES: [u64; 5] = [400, 300, 8000, 100_000, 100_000];

fn value(field: usize, draw: u64) -> u64 {
    if field < 2 && uniform(draw) < 0.03 { 0 } else { 1 + (uniform(draw ^ 0x5555) * VALUES[field] as f64) as u64 }
}

/// The number of a person, and the values of a record.
type Record = (u64, [u64; 5]);

/// Records of people with one to five each, one field in ten written anew; then strangers with one record each, who share the
/// frequent value of the first `shared` fields. Each record has the number of its person.
///
/// With `families`, every second person lives with the one before and has the values of the first two fields.
fn population(people: u64, strangers: u64, shared: usize, families: bool) -> Vec<Record> {
    let mut records = Vec::new();
    let mut draw = 0;
    let mut next = || {
        draw += 1;
        draw << 20
    };
    let mut of_family = [0; 2];
    for person in 0..people {
        let mut true_values: [u64; 5] = std::array::from_fn(|f| value(f, next()));
        if families && person % 2 == 1 {
            true_values[..2].copy_from_slice(&of_family);
        }
        of_family.copy_from_slice(&true_values[..2]);
        for _ in 0..=(uniform(next()) * 5.0) as u64 {
            let written =
                std::array::from_fn(|f| if uniform(next()) < 0.1 { value(f, next()) } else { true_values[f] });
            records.push((person, written));
        }
    }
    for stranger in 0..strangers {
        let own = std::array::from_fn(|f| if f < shared { 0 } else { value(f, next()) });
        records.push((people + stranger, own));
    }
    records
}

/// What the model would learn from, and the true u of agreeing.
struct Case {
    observed: Observations,
    by_pair: Observations,
    u: [f64; 5],
}

fn observe(records: &[Record]) -> Case {
    let mut blocks: BTreeMap<(usize, u64, u64), Vec<usize>> = BTreeMap::new();
    for (row, (_, v)) in records.iter().enumerate() {
        for key in [(0, v[0], v[1]), (1, v[2], 0), (2, v[3], 0), (3, v[4], 0)] {
            blocks.entry(key).or_default().push(row);
        }
    }
    let mut pairs: Vec<(usize, usize)> = blocks
        .values()
        .flat_map(|rows| rows.iter().enumerate().flat_map(|(i, l)| rows[..i].iter().map(|r| (*r, *l))))
        .collect();
    pairs.sort_unstable();
    pairs.dedup();
    let mut degrees = vec![0i64; records.len()];
    pairs.iter().for_each(|(l, r)| {
        degrees[*l] += 1;
        degrees[*r] += 1;
    });
    let mut records_by_degree = BTreeMap::new();
    degrees.iter().filter(|d| **d > 0).for_each(|d| *records_by_degree.entry(*d as u64).or_default() += 1);
    let fence = fence(&records_by_degree);
    let of = |n: usize| (n * n.saturating_sub(1)) as f64 / 2.0;
    let mut observed = observations(of(records.len()));
    let mut by_pair = observed.clone();
    for (l, r) in pairs {
        let states: Vec<u8> = (0..5).map(|f| u8::from(records[l].1[f] != records[r].1[f])).collect();
        let pattern = [vec![0], states].concat();
        by_pair.patterns.entry(pattern.clone()).or_default().add(Seen::alike(1.0));
        let counted = of_crowded_pair(degrees[l], degrees[r], fence);
        let seen = Seen::weighted(1, counted, of_pair(degrees[l], degrees[r]));
        observed.patterns.entry(pattern).or_default().add(seen);
    }
    // All pairs in place of random ones: no error of sampling.
    let agreeing = |key: &dyn Fn(&Record) -> (u64, u64)| -> f64 {
        let mut counts: BTreeMap<(u64, u64), usize> = BTreeMap::new();
        records.iter().for_each(|record| *counts.entry(key(record)).or_default() += 1);
        counts.values().map(|n| of(*n)).sum()
    };
    let same_person = agreeing(&|record| (record.0, 0));
    let all = observed.all_pairs;
    let u =
        std::array::from_fn(|f| (agreeing(&|r| (r.1[f], 0)) - agreeing(&|r| (r.1[f], r.0 + 1))) / (all - same_person));
    observed.random = (0..5).map(|f| agreeing(&|r| (r.1[f], 0))).map(|same| vec![same, all - same]).collect();
    observed.random_draws = all;
    (by_pair.random, by_pair.random_draws) = (observed.random.clone(), all);
    Case { observed, by_pair, u }
}

/// For every comparison and level log2 m, and log2 m/u against what it would be with the true u.
fn bits(learned: &Parameters, u: &[f64; 5]) -> Vec<[f64; 2]> {
    let of = |(c, states): (usize, &Vec<[f64; 3]>)| {
        let truth = [u[c], 1.0 - u[c]];
        states.iter().zip(truth).map(|([m, _, u], truth)| [m.log2(), (truth / u).log2()]).collect::<Vec<_>>()
    };
    learned.levels.iter().enumerate().flat_map(of).collect()
}

fn largest_move(model: &Model, before: (&Observations, [f64; 5]), after: (&Observations, [f64; 5])) -> f64 {
    let of = |(observed, u): (&Observations, [f64; 5])| bits(&em::learn(model, observed).0, &u);
    let moves = of(before).into_iter().zip(of(after)).flat_map(|(a, b)| [(a[0] - b[0]).abs(), (a[1] - b[1]).abs()]);
    moves.fold(0.0, f64::max)
}

#[test]
fn ten_times_the_strangers_of_a_block_move_no_parameter() {
    for shared in [1, 2] {
        for households in [&[][..], &[0, 1]] {
            let families = !households.is_empty();
            let [few, many] = [45, 450].map(|strangers| observe(&population(4000, strangers, shared, families)));
            let model = five_comparisons(households);
            let moved = largest_move(&model, (&few.observed, few.u), (&many.observed, many.u));
            assert!(moved <= 0.05, "{shared} values shared, {households:?} by households: {moved} bits");
            if shared == 2 && !families {
                let by_pair = largest_move(&model, (&few.by_pair, few.u), (&many.by_pair, many.u));
                assert!(by_pair > 0.5, "counted by pair they do: {by_pair} bits");
            }
        }
    }
}
