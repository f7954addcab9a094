//! When a comparison level holds: the kinds of conditions, and all that the rest of the model has to know of each.
//!
//! A new kind is a variant of [`Condition`] with its arm in `Condition::shape` and in [`super::compare`], and a key in the
//! model file. Everything else (which features it reads, what it leaves undecided, which pairs can reach it) is derived from
//! what `shape` says, so that nothing can be forgotten.

use crate::similarity::DateRelation;

/// When a level holds for a pair. Features are places in the model's list.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Condition {
    /// Always: the last level.
    Else,
    /// The two sides have a value of the feature in common.
    Same(usize),
    /// One side, or both, has no value of the feature.
    Absent(usize),
    /// Two features agree crosswise.
    Swapped(usize, usize),
    /// Some pair of values is similar enough.
    Similar {
        /// The feature.
        feature: usize,
        /// The measure with its bound.
        measure: Measure,
        /// Which pairs of values count at all.
        only: Only,
    },
    /// Some pair of dates stands in one of the relations.
    Date {
        /// The feature.
        feature: usize,
        /// The relations.
        relations: Vec<DateRelation>,
    },
    /// All of them.
    All(Vec<Condition>),
    /// At least one of them.
    Any(Vec<Condition>),
}

/// Which pairs of values may be similar: an edit says less, the shorter a name is, and it may make another name.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Only {
    /// Only if the longer value has at least this many characters.
    pub from_length: u32,
    /// Only if not both values are names of this part that the dictionary knows.
    pub unless_both: Option<NamePart>,
}

/// A part of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub enum NamePart {
    /// 姓
    Family,
    /// 名
    Given,
}

/// What of each value of a feature is found once, as some level asks for it in every pair.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Prepare {
    /// Its length and its kinds of characters, for edit distances.
    pub edits: bool,
    /// The date that it is.
    pub dates: bool,
    /// Whether the dictionary knows it as a name of this part.
    pub names: Option<NamePart>,
}

/// A measure of similarity with its bound.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub enum Measure {
    /// Jaro-Winkler similarity of at least this.
    JaroWinkler(f64),
    /// Levenshtein distance of at most this.
    Levenshtein(u32),
    /// Damerau-Levenshtein distance of at most this.
    DamerauLevenshtein(u32),
    /// Share of common values of at least this.
    Jaccard(f64),
    /// One value contains the other, the shorter having at least this many characters.
    Contains(u32),
}

impl Measure {
    /// Whether it counts edits, for which features keep signs of their values.
    fn counts_edits(self) -> bool {
        match self {
            Measure::Levenshtein(_) | Measure::DamerauLevenshtein(_) => true,
            Measure::JaroWinkler(_) | Measure::Jaccard(_) | Measure::Contains(_) => false,
        }
    }
}

/// What a condition without parts asks of a pair.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Asks {
    /// The features whose values it compares; the one nearest to what was written comes first.
    compared: Vec<usize>,
    /// The features that both sides need a value of, a bit each.
    on_both_sides: u64,
    /// The feature on which the two sides agree wherever it holds.
    same: Option<usize>,
    /// The feature that some side lacks.
    absent: Option<usize>,
    /// The features that it compares crosswise.
    crosswise: Option<(usize, usize)>,
    /// The feature whose values' edit distance it asks for.
    edits: Option<usize>,
    /// The feature whose values it reads as dates.
    dates: Option<usize>,
    /// The feature whose values are names or not.
    names: Option<(usize, NamePart)>,
    /// Which features the sides have and share does not decide it: values have to be looked at.
    looks_at_values: bool,
}

/// The bit of a feature; none for one too many, which the check of a model file refuses when it has read all.
fn bit(feature: usize) -> u64 {
    1u64.checked_shl(feature as u32).unwrap_or(0)
}

/// A condition as what it asks, or as its parts.
enum Shape<'a> {
    Asks(Asks),
    All(&'a [Condition]),
    Any(&'a [Condition]),
}

impl Condition {
    fn shape(&self) -> Shape<'_> {
        Shape::Asks(match self {
            Condition::All(parts) => return Shape::All(parts),
            Condition::Any(parts) => return Shape::Any(parts),
            Condition::Else => Asks::default(),
            Condition::Same(f) => {
                Asks { compared: vec![*f], on_both_sides: bit(*f), same: Some(*f), ..Asks::default() }
            }
            Condition::Absent(f) => Asks { absent: Some(*f), ..Asks::default() },
            Condition::Swapped(a, b) => Asks {
                compared: vec![*a, *b],
                on_both_sides: bit(*a) | bit(*b),
                crosswise: Some((*a, *b)),
                looks_at_values: true,
                ..Asks::default()
            },
            Condition::Similar { feature, measure, only } => Asks {
                compared: vec![*feature],
                on_both_sides: bit(*feature),
                edits: (measure.counts_edits() || only.from_length > 0).then_some(*feature),
                names: only.unless_both.map(|part| (*feature, part)),
                looks_at_values: true,
                ..Asks::default()
            },
            Condition::Date { feature, relations: _ } => Asks {
                compared: vec![*feature],
                on_both_sides: bit(*feature),
                dates: Some(*feature),
                looks_at_values: true,
                ..Asks::default()
            },
        })
    }

    /// Calls `see` with what each part without parts asks.
    fn each(&self, see: &mut impl FnMut(&Asks)) {
        match self.shape() {
            Shape::Asks(asks) => see(&asks),
            Shape::All(parts) | Shape::Any(parts) => parts.iter().for_each(|part| part.each(see)),
        }
    }

    /// The features whose values it compares, each once, in the order in which they are asked for.
    fn compared(&self) -> Vec<usize> {
        let mut all = Vec::new();
        self.each(&mut |asks| {
            asks.compared.iter().for_each(|f| {
                if !all.contains(f) {
                    all.push(*f)
                }
            })
        });
        all
    }

    /// For each part the feature nearest to what was written. Not of a crosswise one: beside a given name that is missing, a family name
    /// would pass for it.
    pub fn shown(&self) -> Vec<usize> {
        let mut all = Vec::new();
        self.each(&mut |asks| all.extend(asks.compared.first().filter(|_| asks.crosswise.is_none())));
        all
    }

    /// The features whose absence it asks for, a bit each.
    pub fn absent(&self) -> u64 {
        let mut bits = 0;
        self.each(&mut |asks| bits |= asks.absent.map_or(0, bit));
        bits
    }

    /// The pairs of features that it compares crosswise, both ways.
    pub(super) fn crosswise(&self, into: &mut Vec<(usize, usize)>) {
        self.each(&mut |asks| into.extend(asks.crosswise.iter().flat_map(|(a, b)| [(*a, *b), (*b, *a)])));
    }

    /// Notes for every feature what is asked of its values in every pair.
    pub(super) fn prepares(&self, into: &mut [Prepare]) {
        self.each(&mut |asks| {
            asks.edits.iter().for_each(|f| into[*f].edits = true);
            asks.dates.iter().for_each(|f| into[*f].dates = true);
            asks.names.iter().for_each(|(f, part)| into[*f].names = Some(*part));
        });
    }

    /// The features by which it tells something of a pair that has a value of one of them on both sides. Crosswise comparison is no
    /// such: it needs both features, and who has them is known by either.
    fn comparable_by(&self) -> u64 {
        let mut bits = 0;
        self.each(&mut |asks| {
            if asks.crosswise.is_none() {
                bits |= asks.compared.iter().fold(0, |bits, f| bits | bit(*f));
            }
        });
        bits
    }

    /// Whether it can hold for a pair that lacks of the features `known` just those of `lacks`.
    pub(super) fn can_hold(&self, known: u64, lacks: u64) -> bool {
        let lacked = |f: usize| lacks >> f & 1 == 1;
        match self.shape() {
            Shape::Asks(asks) => {
                let absent = asks.absent.is_none_or(|f| known >> f & 1 == 0 || lacked(f));
                absent && asks.on_both_sides & lacks == 0
            }
            Shape::All(parts) => parts.iter().all(|c| c.can_hold(known, lacks)),
            Shape::Any(parts) => parts.iter().any(|c| c.can_hold(known, lacks)),
        }
    }

    /// The features whose values a pair has in common wherever the condition holds.
    pub(super) fn same(&self, into: &mut Vec<usize>) {
        match self.shape() {
            Shape::Asks(asks) => into.extend(asks.same),
            Shape::All(parts) => parts.iter().for_each(|c| c.same(into)),
            // One of them holds, and it is not known which.
            Shape::Any(_) => {}
        }
    }

    /// What of it the relations of two sides decide.
    pub(super) fn needs(&self) -> Needs {
        match self.shape() {
            Shape::Asks(asks) if asks.looks_at_values => Needs { more: true, ..Needs::default() },
            Shape::Asks(asks) => {
                Needs { same: asks.same.map_or(0, bit), absent: asks.absent.map_or(0, bit), more: false }
            }
            Shape::All(parts) => parts.iter().map(Condition::needs).fold(Needs::default(), |a, b| Needs {
                same: a.same | b.same,
                absent: a.absent | b.absent,
                more: a.more | b.more,
            }),
            Shape::Any(_) => Needs { more: true, ..Needs::default() },
        }
    }
}

/// What of a condition the relations of two sides decide (see [`super::compare::Relations`]), a bit a feature.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Needs {
    /// Features that they have to share.
    pub(super) same: u64,
    /// Features that some side has to lack.
    pub(super) absent: u64,
    /// Values have to be looked at as well.
    pub(super) more: bool,
}

/// The features by which a pair can be compared under these conditions, a bit each: a pair that has none of them on both sides
/// says nothing. A family name alone on one side is not compared as a given name, because names may be exchanged.
pub fn comparable_by<'a>(conditions: impl Iterator<Item = &'a Condition> + Clone) -> u64 {
    let bits = conditions.clone().fold(0, |bits, condition| bits | condition.comparable_by());
    // Nothing but names crosswise.
    let all = || conditions.flat_map(Condition::compared).fold(0, |bits, f| bits | bit(f));
    if bits == 0 { all() } else { bits }
}

impl Needs {
    /// Those of a condition.
    pub fn of(condition: &Condition) -> Self {
        condition.needs()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(feature: usize) -> Condition {
        let only = Only { from_length: 3, unless_both: Some(NamePart::Given) };
        Condition::Similar { feature, measure: Measure::Levenshtein(1), only }
    }

    #[test]
    fn what_is_derived_follows_the_parts() {
        let condition = Condition::All(vec![
            Condition::Same(2),
            Condition::Any(vec![near(1), Condition::Swapped(3, 4), Condition::Absent(5)]),
        ]);
        assert_eq!(condition.compared(), [2, 1, 3, 4]);
        assert_eq!(condition.shown(), [2, 1], "a family name is not shown in place of a given name");
        assert_eq!(condition.absent(), 1 << 5);
        let mut crosswise = Vec::new();
        condition.crosswise(&mut crosswise);
        assert_eq!(crosswise, [(3, 4), (4, 3)]);
        let mut prepared = vec![Prepare::default(); 6];
        condition.prepares(&mut prepared);
        assert_eq!(prepared.iter().filter(|p| **p != Prepare::default()).count(), 1);
        assert_eq!(prepared[1], Prepare { edits: true, dates: false, names: Some(NamePart::Given) });
        let mut same = Vec::new();
        condition.same(&mut same);
        assert_eq!(same, [2], "one of several is not known to hold");
        assert_eq!(condition.needs(), Needs { same: 1 << 2, absent: 0, more: true });
    }

    #[test]
    fn what_a_pair_lacks_rules_conditions_out() {
        let (same, absent) = (Condition::Same(0), Condition::Absent(1));
        assert!(!same.can_hold(0b1, 0b1) && same.can_hold(0b1, 0b0));
        assert!(absent.can_hold(0b10, 0b10) && !absent.can_hold(0b10, 0) && absent.can_hold(0, 0));
        assert!(!Condition::All(vec![same.clone(), absent.clone()]).can_hold(0b11, 0b11));
        assert!(Condition::Any(vec![same, absent]).can_hold(0b11, 0b11));
        assert!(Condition::Else.can_hold(0b11, 0b11));
        let swapped = Condition::Swapped(0, 1);
        assert!(swapped.can_hold(0b11, 0) && !swapped.can_hold(0b11, 0b01) && !swapped.can_hold(0b11, 0b10));
    }

    #[test]
    fn names_crosswise_make_no_pair_comparable() {
        let (given, family) = (1, 0);
        let levels = [Condition::Same(given), Condition::Swapped(family, given), near(2), Condition::Else];
        assert_eq!(comparable_by(levels.iter()), 0b110, "the family name says nothing of the given name");
        assert_eq!(comparable_by(levels[1..2].iter()), 0b011, "there is nothing else");
    }
}
