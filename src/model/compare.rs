//! Which level of a comparison a pair stands at.

use super::packed::{Packed, intersects};
use super::{Comparison, Condition, Measure};
use crate::japanese::date::PartialDate;
use crate::similarity;

/// The level of a comparison that says nothing: one side has no value that the other could agree with.
pub const MISSING: u8 = u8::MAX;

/// The level of `comparison` for records `l` and `r`, or [`MISSING`].
///
/// Values are sets over time: a level holds when any pair of values fulfils it, so that the best agreement counts.
/// A comparison is missing when no feature of its levels has values on both sides.
pub fn level(comparison: &Comparison, packed: &Packed, l: usize, r: usize) -> u8 {
    let comparable = comparison
        .features
        .iter()
        .any(|&f| !packed.features[f].ids(l).is_empty() && !packed.features[f].ids(r).is_empty());
    if !comparable {
        return MISSING;
    }
    comparison.levels.iter().position(|level| holds(&level.condition, packed, l, r)).map_or(MISSING, |i| i as u8)
}

/// Whether `condition` holds for records `l` and `r`.
pub fn holds(condition: &Condition, packed: &Packed, l: usize, r: usize) -> bool {
    match condition {
        Condition::Else => true,
        Condition::Same(f) => {
            let feature = &packed.features[*f];
            intersects(feature.ids(l), feature.ids(r))
        }
        Condition::Absent(f) => packed.features[*f].ids(l).is_empty() || packed.features[*f].ids(r).is_empty(),
        Condition::Swapped(a, b) => crosswise(packed, *a, *b, l, r) && crosswise(packed, *b, *a, l, r),
        Condition::Similar { feature, measure } => similar(*feature, *measure, packed, l, r),
        Condition::Date { feature, relations } => pairs(packed, *feature, l, r).any(|(a, b)| match (iso(a), iso(b)) {
            (Some(a), Some(b)) => relations.contains(&similarity::date_relation(a, b)),
            _ => false,
        }),
        Condition::All(all) => all.iter().all(|c| holds(c, packed, l, r)),
        Condition::Any(any) => any.iter().any(|c| holds(c, packed, l, r)),
    }
}

/// Features are interned one by one, so that values of different features are compared as text.
fn crosswise(packed: &Packed, a: usize, b: usize, l: usize, r: usize) -> bool {
    packed.features[a].values(l).any(|left| packed.features[b].values(r).any(|right| left == right))
}

fn pairs(packed: &Packed, feature: usize, l: usize, r: usize) -> impl Iterator<Item = (&str, &str)> {
    let feature = &packed.features[feature];
    feature.values(l).flat_map(move |a| feature.values(r).map(move |b| (a, b)))
}

/// A date as the features hold it: `1980-03-04`, `1980-03` or `1980`.
fn iso(text: &str) -> Option<PartialDate> {
    let mut parts = text.split('-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next().and_then(|m| m.parse().ok());
    let day = parts.next().and_then(|d| d.parse().ok());
    Some(PartialDate { year, month, day })
}

fn similar(feature: usize, measure: Measure, packed: &Packed, l: usize, r: usize) -> bool {
    match measure {
        Measure::JaroWinkler(bound) => {
            pairs(packed, feature, l, r).any(|(a, b)| similarity::jaro_winkler_at_least(a, b, bound).is_some())
        }
        Measure::Levenshtein(bound) => {
            pairs(packed, feature, l, r).any(|(a, b)| similarity::levenshtein_at_most(a, b, bound as usize).is_some())
        }
        Measure::DamerauLevenshtein(bound) => pairs(packed, feature, l, r)
            .any(|(a, b)| similarity::damerau_levenshtein_at_most(a, b, bound as usize).is_some()),
        Measure::Jaccard(bound) => {
            let feature = &packed.features[feature];
            let (a, b) = (feature.ids(l), feature.ids(r));
            let common = a.iter().filter(|id| b.binary_search(id).is_ok()).count();
            let all = a.len() + b.len() - common;
            all > 0 && common as f64 >= bound * all as f64
        }
        Measure::Contains(least) => pairs(packed, feature, l, r).any(|(a, b)| {
            let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
            short.chars().count() >= least as usize && long.contains(short)
        }),
    }
}
