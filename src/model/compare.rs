//! Which level of a comparison a pair stands at.

use super::packed::{Packed, Row, intersects};
use super::{Comparison, Condition, Measure};
use crate::similarity;

/// The level of a comparison that says nothing: one side has no value that the other could agree with.
pub const MISSING: u8 = u8::MAX;

/// One side of a comparison: a record, or the records of a group together.
pub trait Side {
    /// The ids of its values of a feature, sorted.
    fn ids(&self, feature: usize) -> &[u32];
}

impl Side for Row<'_> {
    #[inline]
    fn ids(&self, feature: usize) -> &[u32] {
        Row::ids(self, feature)
    }
}

/// Every value that some record of a group has, by feature.
pub struct Group(Vec<Vec<u32>>);

impl Group {
    /// The group of these rows.
    pub fn new(packed: &Packed, rows: &[u32]) -> Self {
        let of = |feature: usize| {
            let mut ids: Vec<u32> =
                rows.iter().flat_map(|row| packed.row(*row as usize).ids(feature)).copied().collect();
            ids.sort_unstable();
            ids.dedup();
            ids
        };
        Group((0..packed.features.len()).map(of).collect())
    }
}

impl Side for Group {
    fn ids(&self, feature: usize) -> &[u32] {
        &self.0[feature]
    }
}

/// The level of `comparison` for records `l` and `r`, or [`MISSING`].
///
/// Values are sets over time: a level holds when any pair of values fulfils it, so that the best agreement counts.
/// A comparison is missing when no feature of its levels has values on both sides.
pub fn level(comparison: &Comparison, packed: &Packed, l: &impl Side, r: &impl Side) -> u8 {
    let comparable = comparison.features.iter().any(|&f| !l.ids(f).is_empty() && !r.ids(f).is_empty());
    if !comparable {
        return MISSING;
    }
    comparison.levels.iter().position(|level| holds(&level.condition, packed, l, r)).map_or(MISSING, |i| i as u8)
}

/// Whether `condition` holds for records `l` and `r`.
pub fn holds(condition: &Condition, packed: &Packed, l: &impl Side, r: &impl Side) -> bool {
    match condition {
        Condition::Else => true,
        Condition::Same(f) => intersects(l.ids(*f), r.ids(*f)),
        Condition::Absent(f) => l.ids(*f).is_empty() || r.ids(*f).is_empty(),
        Condition::Swapped(a, b) => {
            let shares = |a: usize, b: usize| packed.shares_crosswise((a, l.ids(a)), (b, r.ids(b)));
            shares(*a, *b) && shares(*b, *a)
        }
        Condition::Similar { feature, measure } => similar(*feature, *measure, packed, l, r),
        Condition::Date { feature: place, relations } => {
            let feature = &packed.features[*place];
            id_pairs(l.ids(*place), r.ids(*place)).any(|(a, b)| {
                feature
                    .date(a)
                    .zip(feature.date(b))
                    .is_some_and(|(a, b)| relations.contains(&similarity::date_relation(a, b)))
            })
        }
        Condition::All(all) => all.iter().all(|c| holds(c, packed, l, r)),
        Condition::Any(any) => any.iter().any(|c| holds(c, packed, l, r)),
    }
}

fn id_pairs<'a>(l: &'a [u32], r: &'a [u32]) -> impl Iterator<Item = (u32, u32)> + 'a {
    l.iter().flat_map(move |a| r.iter().map(move |b| (*a, *b)))
}

fn similar(feature: usize, measure: Measure, packed: &Packed, l: &impl Side, r: &impl Side) -> bool {
    let values = &packed.features[feature];
    let pairs = || id_pairs(l.ids(feature), r.ids(feature));
    let texts = || pairs().map(|(a, b)| (values.value(a), values.value(b)));
    let near = |edits: u32| {
        pairs().filter(move |(a, b)| values.may_be_near(*a, *b, edits)).map(|(a, b)| (values.value(a), values.value(b)))
    };
    match measure {
        Measure::JaroWinkler(bound) => texts().any(|(a, b)| similarity::jaro_winkler_at_least(a, b, bound).is_some()),
        Measure::Levenshtein(bound) => {
            near(bound).any(|(a, b)| similarity::levenshtein_at_most(a, b, bound as usize).is_some())
        }
        Measure::DamerauLevenshtein(bound) => {
            near(bound).any(|(a, b)| similarity::damerau_levenshtein_at_most(a, b, bound as usize).is_some())
        }
        Measure::Jaccard(bound) => {
            let (a, b) = (l.ids(feature), r.ids(feature));
            let common = a.iter().filter(|id| b.binary_search(id).is_ok()).count();
            let all = a.len() + b.len() - common;
            all > 0 && common as f64 >= bound * all as f64
        }
        Measure::Contains(least) => texts().any(|(a, b)| {
            let (short, long) = if a.len() <= b.len() { (a, b) } else { (b, a) };
            short.chars().count() >= least as usize && long.contains(short)
        }),
    }
}
