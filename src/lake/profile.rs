//! What a model finds in the candidate pairs, and how far that has moved since it was trained.
//!
//! In: counts of pairs by level and by pair of channels, at training and in a run. Out: [`Drift`], and a sentence for what moved beyond a
//! limit. The distance of two distributions of levels is the population stability index, Σ (p - q) ln(p / q), which is
//! the sum of both Kullback-Leibler divergences (Jeffreys 1946). Its scale is that of credit scoring: below 0.1 nothing changed,
//! from 0.25 on the population is another one (Siddiqi, Credit Risk Scorecards, 2006).

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::tables::sentence::{self, Sentence, english};

/// Counts of candidate pairs and of links.
pub(crate) type Pairs = [u64; 2];

/// What a model finds in a sample of the candidate pairs.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Profile {
    /// Precision that the model expects of its links.
    pub expected_precision: f64,
    /// Comparison → level → candidate pairs and links that stand there.
    pub levels: BTreeMap<String, BTreeMap<String, Pairs>>,
    /// Pair of channels → its candidate pairs and links.
    pub channels: BTreeMap<String, Pairs>,
}

/// How far what a model finds has moved since it was trained.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Drift {
    /// Precision that the model expects of its links, at training and now.
    pub expected_precision: [f64; 2],
    /// Comparison → population stability index of its levels among candidate pairs and among links.
    pub levels: BTreeMap<String, [f64; 2]>,
    /// Pair of channels → share of its candidate pairs that are links, at training and now.
    pub match_rates: BTreeMap<String, [f64; 2]>,
    /// What moved beyond its limit.
    pub beyond: Vec<String>,
}

/// From here on the population is another one.
const SHIFT: f64 = 0.25;

/// One more wrong link in a hundred.
const PRECISION: f64 = 0.01;

/// A pair of channels links twice as often, or half.
const RATE: f64 = 2.0;

/// Pairs from which on a share is more than chance: the index of two samples of 500 pairs of one population is (levels - 1) × 2 / 500,
/// 0.04 for ten levels, and a share of one in ten has a standard error of 0.013.
const ENOUGH: u64 = 500;

/// The expected precision at training and now.
const PRECISION_FELL: Sentence =
    ["the expected precision fell from {0} to {1}", "見込まれる適合率が {0} から {1} に下がりました"];

/// A comparison, how far its levels moved, and from where on the population is another one; among candidate pairs, and among links.
const LEVELS_MOVED: [Sentence; 2] = [
    [
        "the levels of {0} among candidates moved by {1}, and {2} is another population",
        "比較 {0} の水準の分布が、候補ペアで {1} 動きました（{2} 以上なら別の母集団です）",
    ],
    [
        "the levels of {0} among links moved by {1}, and {2} is another population",
        "比較 {0} の水準の分布が、リンクで {1} 動きました（{2} 以上なら別の母集団です）",
    ],
];

/// A pair of channels, its share of links now and at training.
const RATE_MOVED: Sentence = [
    "of the candidate pairs of {0}, {1} % are links where {2} % were",
    "{0} の候補ペアのうち、リンクになったのは {1}% です（学習時は {2}%）",
];

/// What [`Drift::beyond`] says, in Japanese; as it is where an earlier build said it in other words.
pub(crate) fn japanese(beyond: &str) -> String {
    sentence::japanese(&[PRECISION_FELL, LEVELS_MOVED[0], LEVELS_MOVED[1], RATE_MOVED], beyond, str::to_string)
}

/// What each of the [`Pairs`] are.
pub(crate) const OF: [&str; 2] = ["candidates", "links"];

impl Drift {
    /// Between training and now.
    pub(crate) fn between(trained: &Profile, now: &Profile) -> Self {
        let mut beyond = Vec::new();
        let expected_precision = [trained.expected_precision, now.expected_precision];
        if trained.expected_precision - now.expected_precision > PRECISION {
            beyond.push(english(PRECISION_FELL, expected_precision.map(|precision| format!("{precision:.4}"))));
        }
        let mut levels = BTreeMap::new();
        for (comparison, before) in &trained.levels {
            let Some(after) = now.levels.get(comparison) else { continue };
            let index = [0, 1].map(|of| stability(before, after, of));
            for (of, (index, pairs)) in index.iter().enumerate() {
                if *index >= SHIFT && *pairs >= ENOUGH {
                    let values = [comparison.clone(), format!("{index:.2}"), SHIFT.to_string()];
                    beyond.push(english(LEVELS_MOVED[of], values));
                }
            }
            levels.insert(comparison.clone(), index.map(|(index, _)| index));
        }
        let mut match_rates = BTreeMap::new();
        for (channels, before) in &trained.channels {
            let Some(after) = now.channels.get(channels) else { continue };
            let rates = [before, after].map(|[candidates, links]| *links as f64 / (*candidates).max(1) as f64);
            let [was, is] = rates;
            let enough = before[0].min(after[0]) >= ENOUGH && before[1].max(after[1]) >= ENOUGH / 10;
            if enough && (is > was * RATE || is * RATE < was) {
                let [was, is] = rates.map(|rate| format!("{:.1}", rate * 100.0));
                beyond.push(english(RATE_MOVED, [channels.clone(), is, was]));
            }
            match_rates.insert(channels.clone(), rates);
        }
        Drift { expected_precision, levels, match_rates, beyond }
    }
}

/// The population stability index of levels, and the pairs of the smaller side. Half a pair is added to each level (Jeffreys' prior), so
/// that one that nobody had is no infinity.
fn stability(before: &BTreeMap<String, Pairs>, after: &BTreeMap<String, Pairs>, of: usize) -> (f64, u64) {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let total = |side: &BTreeMap<String, Pairs>| side.values().map(|pairs| pairs[of]).sum::<u64>();
    let share = |side: &BTreeMap<String, Pairs>, name: &str| {
        let pairs = side.get(name).map_or(0, |pairs| pairs[of]) as f64;
        (pairs + 0.5) / (total(side) as f64 + 0.5 * names.len() as f64)
    };
    let part = |name: &&String| {
        let (p, q) = (share(before, name), share(after, name));
        (p - q) * (p / q).ln()
    };
    (names.iter().map(part).sum(), total(before).min(total(after)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(levels: &[(&str, Pairs)], channels: Pairs, expected_precision: f64) -> Profile {
        let levels = levels.iter().map(|(name, pairs)| (name.to_string(), *pairs)).collect();
        Profile {
            expected_precision,
            levels: BTreeMap::from([("birth_date".to_string(), levels)]),
            channels: BTreeMap::from([("app+shop".to_string(), channels)]),
        }
    }

    #[test]
    fn the_index_is_that_of_the_formula() {
        // Shares 0.5 and 0.5 against 0.75 and 0.25: 0.25 ln 1.5 + 0.25 ln 2, but for half a pair.
        let trained = profile(&[("same", [50_000, 900]), ("else", [50_000, 100])], [100_000, 1000], 0.99);
        let now = profile(&[("same", [75_000, 900]), ("else", [25_000, 100])], [100_000, 1000], 0.985);
        let drift = Drift::between(&trained, &now);
        let [candidates, links] = drift.levels["birth_date"];
        assert!((candidates - 0.25 * (1.5f64.ln() + 2f64.ln())).abs() < 1e-4, "{candidates}");
        assert_eq!(links, 0.0);
        assert_eq!(drift.beyond.len(), 1, "{:?}", drift.beyond);
        assert!(drift.beyond[0].contains("birth_date among candidates moved by 0.27"), "{:?}", drift.beyond);
    }

    #[test]
    fn what_moved_is_named_with_its_figures() {
        let trained = profile(&[("same", [900, 900])], [10_000, 1000], 0.99);
        let nothing = Drift::between(&trained, &trained);
        assert_eq!((nothing.beyond.len(), nothing.levels["birth_date"]), (0, [0.0, 0.0]));
        let now = profile(&[("same", [900, 900])], [10_000, 300], 0.97);
        let beyond = Drift::between(&trained, &now).beyond;
        assert_eq!(beyond.len(), 2, "{beyond:?}");
        assert!(beyond[0].contains("0.9900 to 0.9700") && beyond[1].contains("3.0 % are links where 10.0 %"));
        for told in beyond
            .iter()
            .chain(&Drift::between(&trained, &profile(&[("else", [900, 900])], [10_000, 1000], 0.99)).beyond)
        {
            let ja = japanese(told);
            assert!(ja.ends_with("ました") || ja.ends_with('）'), "{told}: {ja}");
            let digits = |text: &str| text.chars().filter(char::is_ascii_digit).collect::<Vec<_>>().len();
            assert_eq!(digits(&ja), digits(told), "with the same figures: {ja}");
        }
        assert_eq!(japanese("in other words"), "in other words");
        // A few pairs show nothing.
        let few = profile(&[("else", [3, 3])], [40, 0], 0.99);
        assert_eq!(Drift::between(&trained, &few).beyond, Vec::<String>::new());
    }
}
