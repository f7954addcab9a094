//! The evidence of a pair as data: what a person is shown who asks why two records are one person, or are not.
//!
//! In: a scorer and two rows. Out: the comparisons with levels, values and weights; the blocking rules that bring the pair; the
//! values that were ignored.

use crate::model::asked::Asked;
use crate::model::score::{Evidence, Scorer};
use crate::model::{Comparison, Key, Label, MISSING};

/// A comparison of a pair.
#[derive(Clone, Debug, PartialEq)]
pub struct ComparedPair {
    /// Name of the comparison.
    pub comparison: String,
    /// Its name for people.
    pub label: Label,
    /// Name and label of the level; none where one side has no value.
    pub level: Option<(String, Label)>,
    /// The feature that the values are of, that of the left record where the two are of different ones; none where there is no value.
    pub feature: Option<String>,
    /// Values of the left record, of the feature nearest to what was written.
    pub left: Vec<String>,
    /// Values of the right record.
    pub right: Vec<String>,
    /// Whether the values are of a closed set, such as the sex: the number of its letters would tell a masked one.
    pub closed: bool,
    /// log2 of how much likelier this is for one person than for unrelated people.
    pub weight: f64,
    /// log2 of how much likelier this is for one person than for two people of one household.
    pub weight_against_household: f64,
}

/// Values that a closed set has at most: prefectures are 47. An open feature with fewer values, as among a hundred records, is masked as
/// a closed one, which tells less.
const CLOSED: usize = 64;

/// The comparisons of a pair, in the order of the model.
pub fn comparisons(scorer: &Scorer, l: usize, r: usize) -> Vec<ComparedPair> {
    let packed = scorer.packed();
    let of = |row: usize| move |feature: usize| packed.values(row, feature).map(str::to_string).collect();
    compared(scorer, scorer.evidence(l, r), of(l), of(r))
}

/// The comparisons of a record that is in no table, on the left, and one that is.
pub fn comparisons_asked(scorer: &Scorer, asked: &Asked, row: usize) -> Vec<ComparedPair> {
    let left = |feature: usize| asked.values(feature).map(str::to_string).collect();
    let right = |feature: usize| scorer.packed().values(row, feature).map(str::to_string).collect();
    compared(scorer, scorer.evidence_asked(asked, row), left, right)
}

/// Feature and value of what a record that is in no table has and very many others have too, so that it is no evidence.
pub fn ignored_asked(scorer: &Scorer, asked: &Asked) -> Vec<(String, String)> {
    asked.junk().iter().map(|(feature, value)| (scorer.model().features[*feature].clone(), value.clone())).collect()
}

/// What a comparison shows of each side, by the values of a feature.
fn compared(
    scorer: &Scorer,
    evidence: Vec<Evidence>,
    left: impl Fn(usize) -> Vec<String>,
    right: impl Fn(usize) -> Vec<String>,
) -> Vec<ComparedPair> {
    let packed = scorer.packed();
    let shown = |c: &Comparison, values: &dyn Fn(usize) -> Vec<String>| -> (Option<usize>, Vec<String>) {
        let features = c.levels.iter().flat_map(|level| level.condition.shown());
        let found = features.map(|f| (f, values(f))).find(|(_, values)| !values.is_empty());
        found.map_or((None, Vec::new()), |(feature, values)| (Some(feature), values))
    };
    let compared = scorer.model().comparisons.iter().zip(evidence).map(|(c, e)| {
        let level = (e.level != MISSING).then(|| &c.levels[e.level as usize]);
        let [(of_left, left), (of_right, right)] = [shown(c, &left), shown(c, &right)];
        ComparedPair {
            comparison: c.name.clone(),
            label: c.label.clone(),
            level: level.map(|level| (level.name.clone(), level.label.clone())),
            feature: of_left.or(of_right).map(|f| scorer.model().features[f].clone()),
            left,
            right,
            closed: [of_left, of_right].into_iter().flatten().any(|f| packed.features[f].distinct() <= CLOSED),
            weight: e.weight,
            weight_against_household: e.weight_against_household,
        }
    });
    compared.collect()
}

/// The blocking rules whose keys the two records share, in order: the first owns the pair.
pub fn blocking_rules(scorer: &Scorer, l: usize, r: usize) -> Vec<String> {
    let packed = scorer.packed();
    let shared = |key: &Key| {
        let texts = |row: usize| {
            let mut all = Vec::new();
            packed.values(row, key.feature).for_each(|value| key.texts(value, &mut all));
            all
        };
        let right = texts(r);
        texts(l).iter().any(|text| right.contains(text))
    };
    scorer.model().rules.iter().filter(|rule| rule.keys.iter().all(shared)).map(|rule| rule.name.clone()).collect()
}

/// Feature and value of what the two records have and very many others have too, so that it is no evidence.
pub fn ignored(scorer: &Scorer, l: usize, r: usize) -> Vec<(String, String)> {
    let features = scorer.model().features.iter().zip(&scorer.packed().features);
    let mut found: Vec<(String, String)> = features
        .flat_map(|(name, f)| f.junk(l).chain(f.junk(r)).map(|value| (name.clone(), value.to_string())))
        .collect();
    found.dedup();
    found
}

/// Feature, value and records of all that was ignored because very many records have it, the most frequent first.
pub fn all_ignored(scorer: &Scorer) -> Vec<(String, String, u64)> {
    let features = scorer.model().features.iter().zip(&scorer.packed().features);
    let values = features.flat_map(|(name, f)| {
        f.junk_values().into_iter().map(|(value, records)| (name.clone(), value.to_string(), records))
    });
    let mut found: Vec<(String, String, u64)> = values.collect();
    found.sort_by(|a, b| b.2.cmp(&a.2).then_with(|| a.cmp(b)));
    found
}
