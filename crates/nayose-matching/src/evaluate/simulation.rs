//! Whether the intervals of [`super::estimate`] hold the truth as often as they say, in worlds whose truth is known.
//!
//! A world has pairs with the probabilities of a model and with a truth that the model is right or wrong about. Worlds of one shape
//! differ by chance. Each is sampled and labelled as a user would do it.

use std::io::Write;

use super::draw::{Frame, LARGE, Pair};
use super::estimate::{Labels, Random, by_draws};
use super::{PairCounts, Scores};
use crate::model::sample::mix;

/// Pairs of one person in a world, about.
const TRUE_PAIRS: u32 = 4000;

/// What the model of a world is.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Shape {
    /// Its probabilities are right.
    Good,
    /// It is surer than it may be: the true log odds are 0.5 to 0.8 of its own.
    Overconfident,
    /// It does not see that errors are few: 0.2 % of the linked pairs, and as many missed ones, whatever it says of them.
    RareErrors,
    /// Many strata: three in ten linked pairs are of large customers, of which one pair in ten is wrong, and the model does not see it.
    ManyStrata,
    /// Bad: a fifth of the linked pairs are wrong, and 40 missed ones come on 100 linked, whatever it says of them.
    Bad,
}

const SHAPES: [Shape; 5] = [Shape::Good, Shape::Overconfident, Shape::RareErrors, Shape::ManyStrata, Shape::Bad];

struct World {
    /// A pair with whether it is of one person. The left row is its place.
    pairs: Vec<(Pair, bool)>,
}

impl World {
    /// A world in which `unlike` candidate pairs of two people come on each of one person.
    fn new(shape: Shape, unlike: f64, seed: u64) -> World {
        let mut random = Random(mix(seed));
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        let steep = if shape == Shape::Overconfident { 0.5 + 0.3 * random.unit() } else { 1.0 };
        let pairs = (0..(f64::from(TRUE_PAIRS) * (1.0 + unlike)) as u32).map(|place| {
            let alike = place < TRUE_PAIRS;
            let log_odds = if alike { 6.0 } else { -9.0 } + 3.0 * random.normal();
            let person = logistic(log_odds);
            // Links through others, and links that were cut.
            let through = if alike { 0.5 } else { 0.002 };
            let linked = if person >= 0.8 { random.unit() > 0.003 } else { random.unit() < through };
            let large = shape == Shape::ManyStrata && random.unit() < 0.3;
            let truth = match shape {
                Shape::Good | Shape::Overconfident => logistic(steep * log_odds),
                Shape::RareErrors if linked => 0.998,
                Shape::RareErrors => 0.002 / unlike,
                Shape::ManyStrata => person * if linked && large { 0.9 } else { 1.0 },
                Shape::Bad if linked => 0.8,
                Shape::Bad => person.max(0.4 / unlike),
            };
            let channels = [random.unit(), random.unit()].map(|x| (x * 4.0) as u16);
            let pair = Pair {
                l: place,
                r: place + 1 + (random.unit() * 1000.0) as u32,
                person,
                customer: linked.then_some(if large { LARGE } else { 2 }),
                channels: (channels[0].min(channels[1]), channels[0].max(channels[1])),
            };
            (pair, random.unit() < truth)
        });
        World { pairs: pairs.collect() }
    }

    fn truth(&self) -> Scores {
        let count = |of: fn(bool, bool) -> bool| {
            self.pairs.iter().filter(|(pair, same)| of(pair.customer.is_some(), *same)).count() as u64
        };
        let counts = PairCounts {
            both: count(|linked, same| linked && same),
            joined: count(|linked, _| linked),
            true_pairs: count(|_, same| same),
        };
        counts.scores()
    }

    /// The labels of a sample of 200.
    fn labels(&self, seed: u64) -> Vec<Labels> {
        let mut frame = Frame::new(200, seed, 0.5, 0.8);
        self.pairs.iter().for_each(|(pair, _)| frame.add(pair));
        let sample = frame.draw();
        assert_eq!(sample.pairs.len(), 200);
        let unlabelled = sample.strata.iter().map(|s| Labels {
            linked: s.linked,
            pairs: s.pairs,
            expected: s.expected,
            ..Labels::default()
        });
        let mut labels: Vec<Labels> = unlabelled.collect();
        for drawn in &sample.pairs {
            let label = &mut labels[drawn.stratum];
            *(if self.pairs[drawn.l as usize].1 { &mut label.same } else { &mut label.different }) += 1;
        }
        labels
    }
}

/// Precision and recall of worlds of one shape.
#[derive(Debug, Default)]
struct Found {
    /// Share of the intervals that hold the truth.
    coverage: [f64; 2],
    /// Mean width of an interval.
    width: [f64; 2],
    /// Mean of estimate less truth.
    bias: [f64; 2],
}

fn simulated(shape: Shape, unlike: f64, worlds: u64, draws: usize) -> Found {
    let mut found = Found::default();
    for seed in 0..worlds {
        let world = World::new(shape, unlike, seed);
        let (truth, estimate) = (world.truth(), by_draws(&world.labels(seed), seed, draws));
        let each = [(estimate.precision, truth.precision), (estimate.recall, truth.recall)];
        for (i, (interval, truth)) in each.into_iter().enumerate() {
            let (interval, truth) = interval.zip(truth).expect("worlds have links and people");
            let holds = interval.low <= truth && truth <= interval.high;
            found.coverage[i] += f64::from(u8::from(holds)) / worlds as f64;
            found.width[i] += (interval.high - interval.low) / worlds as f64;
            found.bias[i] += (interval.estimate - truth) / worlds as f64;
        }
    }
    found
}

/// 100 worlds cannot tell 0.97 from 0.94: the bound is what an interval of 0.95 stays above in 999 of 1000 tests.
#[test]
fn intervals_hold_the_truth_and_are_not_empty_talk() {
    for shape in SHAPES {
        let found = simulated(shape, 1.5, 100, 400);
        assert!(found.coverage.iter().all(|c| *c >= 0.88), "{shape:?}: {found:?}");
        assert!(found.width.iter().all(|w| *w < 0.2), "{shape:?}: {found:?}");
        assert!(found.bias.iter().all(|b| b.abs() < 0.02), "{shape:?}: {found:?}");
    }
}

/// The lower end is hardly ever wrong where errors are rare: who sees no error of a few cannot but allow for some. So the coverage is
/// near 1 − 0.025 rather than 0.95.
#[test]
#[ignore = "takes minutes; its figures are in benches/README.md"]
fn a_thousand_worlds_of_every_shape() {
    let mut figures = String::from("unlike shape coverage, width, bias of precision and of recall\n");
    for unlike in [1.5, 10.0] {
        for shape in SHAPES {
            let Found { coverage, width, bias } = simulated(shape, unlike, 1000, 1000);
            figures += &format!("{unlike} {shape:?} {coverage:.3?} {width:.3?} {bias:.4?}\n");
            assert!(coverage.iter().all(|c| (0.93..0.999).contains(c)), "{figures}");
        }
    }
    std::io::stdout().write_all(figures.as_bytes()).expect("written");
}
