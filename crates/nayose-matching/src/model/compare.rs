//! Which level of a comparison a pair stands at.

use super::packed::{Packed, PackedFeature};
use super::sets::intersects;
use super::{Comparison, Condition, Measure, Needs, Only};
use crate::similarity;

/// The level of a comparison that says nothing: one side has no value that the other could agree with.
pub const MISSING: u8 = u8::MAX;

/// One side of a comparison: a record, or the records of a group together.
pub trait Side {
    /// The ids of its values of a feature, sorted.
    fn ids(&self, feature: usize) -> &[u32];

    /// How its values stand to those of the other side.
    fn relations(&self, other: &Self) -> Relations;

    /// Whether all its values are those of packed records.
    const IS_PACKED: bool = true;

    /// The text of one of its values of a feature, which has this place.
    #[inline]
    fn text<'a>(&'a self, feature: &'a PackedFeature, _place: usize, id: u32) -> &'a str {
        feature.value(id)
    }
}

/// Which features two sides can be compared by, and which they agree on: a bit a feature. Found once a pair, so that most
/// levels of most comparisons are a look at two words.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Relations {
    /// Both sides have a value.
    pub both: u64,
    /// They have a value in common.
    pub same: u64,
    /// Both have a value, and one side has several.
    pub several: u64,
}

impl Needs {
    #[inline]
    pub(super) fn are_met(self, relations: Relations) -> bool {
        relations.same & self.same == self.same && relations.both & self.absent == 0
    }
}

/// Every value that some record of a group has, by feature.
pub(crate) struct Group(Vec<Vec<u32>>);

impl Group {
    /// The group of these rows.
    pub(crate) fn new(packed: &Packed, rows: &[u32]) -> Self {
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

    fn relations(&self, other: &Self) -> Relations {
        relations_of(self.0.iter().zip(&other.0).map(|(l, r)| (l.as_slice(), r.as_slice())))
    }
}

/// How the values of two sides stand to each other, whose sorted ids come feature by feature.
pub(super) fn relations_of<'a>(ids: impl Iterator<Item = (&'a [u32], &'a [u32])>) -> Relations {
    let mut relations = Relations::default();
    for (feature, (l, r)) in ids.enumerate() {
        relations.both |= u64::from(!l.is_empty() && !r.is_empty()) << feature;
        relations.same |= u64::from(intersects(l, r)) << feature;
        relations.several |= u64::from(l.len().min(r.len()) > 0 && l.len().max(r.len()) > 1) << feature;
    }
    relations
}

/// The states of a pair (see [`Comparison::states`]), one a comparison.
pub fn states<'a, S: Side>(
    comparisons: &'a [Comparison],
    packed: &'a Packed,
    l: &'a S,
    r: &'a S,
) -> impl Iterator<Item = u8> + 'a {
    let relations = l.relations(r);
    comparisons.iter().map(move |c| state(c, packed, relations, l, r))
}

/// The state of `comparison` for sides `l` and `r` that stand in `relations`, or [`MISSING`].
///
/// Values are sets over time: a level holds when any pair of values fulfils it, so that the best agreement counts.
/// A comparison is missing when no feature of its levels has values on both sides.
#[inline]
pub fn state<S: Side>(comparison: &Comparison, packed: &Packed, relations: Relations, l: &S, r: &S) -> u8 {
    if relations.both & comparison.features == 0 {
        return MISSING;
    }
    let stands = |(i, needs): (usize, &Needs)| {
        needs.are_met(relations) && (!needs.more || holds(&comparison.levels[i].condition, packed, relations, l, r))
    };
    let Some(level) = comparison.needs.iter().enumerate().position(stands) else { return MISSING };
    (level + set_of(comparison, relations) * comparison.levels.len()) as u8
}

/// Which set of the features whose absence a comparison asks for two sides lack (see [`Comparison::lacks`]).
#[inline]
pub(super) fn set_of(comparison: &Comparison, relations: Relations) -> usize {
    let (mut set, mut bit, mut rest) = (0, 0, comparison.absent);
    while rest != 0 {
        set |= (!relations.both >> rest.trailing_zeros() & 1) << bit;
        (bit, rest) = (bit + 1, rest & (rest - 1));
    }
    set as usize
}

/// Whether `condition` holds for records `l` and `r`.
fn holds<S: Side>(condition: &Condition, packed: &Packed, relations: Relations, l: &S, r: &S) -> bool {
    match condition {
        Condition::Else => true,
        Condition::Same(f) => relations.same >> f & 1 == 1,
        Condition::Absent(f) => relations.both >> f & 1 == 0,
        Condition::Swapped(a, b) => {
            let shares = |a: usize, b: usize| match S::IS_PACKED {
                true => packed.shares_crosswise((a, l.ids(a)), (b, r.ids(b))),
                false => {
                    let [of_a, of_b] = [&packed.features[a], &packed.features[b]];
                    id_pairs(l.ids(a), r.ids(b)).any(|(x, y)| l.text(of_a, a, x) == r.text(of_b, b, y))
                }
            };
            shares(*a, *b) && shares(*b, *a)
        }
        Condition::Similar { feature, measure, only } => similar((*feature, *measure, *only), packed, l, r),
        Condition::Date { feature: place, relations: wanted } => {
            let feature = &packed.features[*place];
            let relation = |(a, b): (u32, u32)| {
                feature.date_relation((a, || l.text(feature, *place, a)), (b, || r.text(feature, *place, b)))
            };
            id_pairs(l.ids(*place), r.ids(*place)).any(|pair| relation(pair).is_some_and(|r| wanted.contains(&r)))
        }
        Condition::All(all) => all.iter().all(|c| holds(c, packed, relations, l, r)),
        Condition::Any(any) => any.iter().any(|c| holds(c, packed, relations, l, r)),
    }
}

fn id_pairs<'a>(l: &'a [u32], r: &'a [u32]) -> impl Iterator<Item = (u32, u32)> + 'a {
    l.iter().flat_map(move |a| r.iter().map(move |b| (*a, *b)))
}

fn similar<S: Side>((feature, measure, only): (usize, Measure, Only), packed: &Packed, l: &S, r: &S) -> bool {
    let values = &packed.features[feature];
    let pairs = || id_pairs(l.ids(feature), r.ids(feature));
    let (of_l, of_r) = (|id: u32| l.text(values, feature, id), |id: u32| r.text(values, feature, id));
    let counted = |&(a, b): &(u32, u32)| values.allows(only, (a, || of_l(a)), (b, || of_r(b)));
    let text = |(a, b)| (of_l(a), of_r(b));
    let texts = || pairs().filter(counted).map(text);
    let near = |edits: u32| pairs().filter(move |(a, b)| values.may_be_near(*a, *b, edits)).filter(counted).map(text);
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

#[cfg(test)]
mod tests {
    use super::super::column::FeatureBuilder;
    use super::super::{Label, Level, NamePart, Prepare, comparable_by};
    use super::*;

    const FAMILY: usize = 0;
    const GIVEN: usize = 1;

    /// The model's comparison of given names, as far as kana go.
    fn given_name() -> Comparison {
        let near = |only| Condition::Similar { feature: GIVEN, measure: Measure::DamerauLevenshtein(1), only };
        let slip = Only { from_length: 3, unless_both: Some(NamePart::Given) };
        let conditions = [
            Condition::Same(GIVEN),
            Condition::Swapped(FAMILY, GIVEN),
            near(slip),
            near(Only::default()),
            Condition::Absent(GIVEN),
            Condition::Else,
        ];
        let level = |condition| Level { name: String::new(), label: Label::default(), condition, tf: None };
        Comparison {
            name: "given_name".into(),
            label: Label::default(),
            shared_by_household: false,
            differs_in_household: true,
            needs: conditions.iter().map(Needs::of).collect(),
            features: comparable_by(conditions.iter()),
            absent: 1 << GIVEN,
            levels: conditions.map(level).into(),
        }
    }

    /// The level at which two names of `family given` stand; a part may be missing.
    fn level(l: &str, r: &str, prepare: Prepare) -> u8 {
        let columns = [FAMILY, GIVEN].map(|part| {
            let mut builder = FeatureBuilder::new();
            for name in [l, r] {
                let value = name.split(' ').nth(part).unwrap_or_default();
                builder.push([value].into_iter().filter(|v| !v.is_empty()));
            }
            let mut column = builder.finish();
            column.prepare(prepare);
            column
        });
        let packed = Packed::new(columns.into(), vec!["shop".into()], vec![0; 2], &[]);
        let comparison = given_name();
        let (l, r) = (packed.row(0), packed.row(1));
        match states(std::slice::from_ref(&comparison), &packed, &l, &r).next().expect("one comparison") {
            MISSING => MISSING,
            state => comparison.level_of(state),
        }
    }

    #[test]
    fn a_slip_makes_no_other_name_and_leaves_most_of_it() {
        let prepared = Prepare { edits: true, dates: false, names: Some(NamePart::Given) };
        for (l, r, wanted) in [
            ("サトウ アカリ", "サトウ アカリ", 0),
            ("サトウ アカリ", "アカリ サトウ", 1),
            ("サトウ アカリ", "サトウ アカヌ", 2),
            ("サトウ アカリ", "サトウ ヒカリ", 3),
            ("サトウ ミカ", "サトウ ミキ", 3),
            // No name, but half of it is another.
            ("サトウ ミカ", "サトウ ミプ", 3),
            ("サトウ アカリ", "サトウ イチロウ", 5),
        ] {
            assert_eq!(level(l, r, prepared), wanted, "{l}, {r}");
            assert_eq!(level(l, r, Prepare::default()), wanted, "unprepared: {l}, {r}");
        }
    }

    #[test]
    fn a_family_name_alone_says_nothing_of_the_given_name() {
        for (l, r) in [("サトウ", "サトウ アカリ"), ("サトウ", "サトウ"), ("アカリ", "サトウ アカリ")]
        {
            assert_eq!(level(l, r, Prepare::default()), MISSING, "{l}, {r}");
        }
    }
}
