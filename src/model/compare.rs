//! Which level of a comparison a pair stands at.

use super::packed::{Packed, PackedFeature, intersects};
use super::{Comparison, Condition, Measure};
use crate::japanese::date::PartialDate;
use crate::similarity;

/// The level of a comparison that says nothing: one side has no value that the other could agree with.
pub const MISSING: u8 = u8::MAX;

/// One side of a comparison: a record, or the records of a group together.
pub trait Side {
    /// The ids of its values of a feature, sorted.
    fn ids<'a>(&'a self, packed: &'a Packed, feature: usize) -> &'a [u32];
}

/// A record by its row.
impl Side for usize {
    #[inline]
    fn ids<'a>(&'a self, packed: &'a Packed, feature: usize) -> &'a [u32] {
        packed.features[feature].ids(*self)
    }
}

/// Every value that some record of a group has, by feature.
pub struct Group(Vec<Vec<u32>>);

impl Group {
    /// The group of these rows.
    pub fn new(packed: &Packed, rows: &[u32]) -> Self {
        let of = |feature: &PackedFeature| {
            let mut ids: Vec<u32> = rows.iter().flat_map(|row| feature.ids(*row as usize)).copied().collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        Group(packed.features.iter().map(of).collect())
    }
}

impl Side for Group {
    fn ids<'a>(&'a self, _: &'a Packed, feature: usize) -> &'a [u32] {
        &self.0[feature]
    }
}

/// The level of `comparison` for records `l` and `r`, or [`MISSING`].
///
/// Values are sets over time: a level holds when any pair of values fulfils it, so that the best agreement counts.
/// A comparison is missing when no feature of its levels has values on both sides.
pub fn level(comparison: &Comparison, packed: &Packed, l: &impl Side, r: &impl Side) -> u8 {
    let comparable = comparison.features.iter().any(|&f| !l.ids(packed, f).is_empty() && !r.ids(packed, f).is_empty());
    if !comparable {
        return MISSING;
    }
    comparison.levels.iter().position(|level| holds(&level.condition, packed, l, r)).map_or(MISSING, |i| i as u8)
}

/// Whether `condition` holds for records `l` and `r`.
pub fn holds(condition: &Condition, packed: &Packed, l: &impl Side, r: &impl Side) -> bool {
    match condition {
        Condition::Else => true,
        Condition::Same(f) => intersects(l.ids(packed, *f), r.ids(packed, *f)),
        Condition::Absent(f) => l.ids(packed, *f).is_empty() || r.ids(packed, *f).is_empty(),
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
fn crosswise(packed: &Packed, a: usize, b: usize, l: &impl Side, r: &impl Side) -> bool {
    values(packed, a, l).any(|left| values(packed, b, r).any(|right| left == right))
}

fn values<'a>(packed: &'a Packed, feature: usize, side: &'a impl Side) -> impl Iterator<Item = &'a str> {
    side.ids(packed, feature).iter().map(move |id| packed.features[feature].value(*id))
}

fn pairs<'a>(
    packed: &'a Packed,
    feature: usize,
    l: &'a impl Side,
    r: &'a impl Side,
) -> impl Iterator<Item = (&'a str, &'a str)> {
    values(packed, feature, l).flat_map(move |a| values(packed, feature, r).map(move |b| (a, b)))
}

/// A date as the features hold it: `1980-03-04`, `1980-03` or `1980`.
fn iso(text: &str) -> Option<PartialDate> {
    let mut parts = text.split('-');
    let year = parts.next()?.parse().ok()?;
    let month = parts.next().and_then(|m| m.parse().ok());
    let day = parts.next().and_then(|d| d.parse().ok());
    Some(PartialDate { year, month, day })
}

fn similar(feature: usize, measure: Measure, packed: &Packed, l: &impl Side, r: &impl Side) -> bool {
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
            let (a, b) = (l.ids(packed, feature), r.ids(packed, feature));
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
