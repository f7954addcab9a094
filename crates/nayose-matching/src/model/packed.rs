//! Features of all records as sorted sets of small integers: what a pair is compared by.
//!
//! In: for each record and feature a set of text values, interned. Out: what every record has as rows of ids ([`super::slots`]), so that "do
//! the two share a value" is a look at two integers, and the frequency of every value for TF adjustment.

use std::collections::HashMap;

use super::column::{Day, PackedColumn, Sign, is_name};
use super::combine::Combinations;
use super::condition::Only;
use super::counts::Counts;
use super::slots::{Sets, Slots};
use crate::similarity::{self, DateRelation};

/// Features that a model may use: a bit of a word says which of them a record has.
pub const MOST_FEATURES: usize = 64;

/// The features of all records.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct Packed {
    /// Number of records.
    pub rows: usize,
    /// One per feature of the model, in its order.
    pub features: Vec<PackedFeature>,
    /// The channels, in order of name.
    pub channels: Vec<String>,
    /// The channel of each record, by its place.
    pub channel_of: Vec<u8>,
    /// What each record has of each feature.
    pub(super) slots: Slots,
    /// For two features that are compared crosswise: the id of each of the first's values among the second's.
    pub(super) crosswise: Vec<((usize, usize), Vec<u32>)>,
    /// Values that stand together.
    pub(super) combinations: Combinations,
}

/// No id: the other feature has no such value.
const NO_ID: u32 = u32::MAX;

impl Packed {
    /// Records whose features, [`MOST_FEATURES`] at most, were packed one by one. `crosswise` are the pairs of features that
    /// are compared with each other.
    pub fn new(
        columns: Vec<PackedColumn>,
        channels: Vec<String>,
        channel_of: Vec<u8>,
        crosswise: &[(usize, usize)],
    ) -> Self {
        let mut packed = Packed { rows: channel_of.len(), channels, channel_of, ..Packed::default() };
        let codes;
        (packed.features, codes) = columns.into_iter().map(|column| (column.feature, column.codes)).unzip();
        packed.slots = Slots::new(packed.rows, &packed.features, codes);
        packed.crosswise = crosswise.iter().map(|&(a, b)| ((a, b), packed.translated(a, b))).collect();
        packed
    }

    fn translated(&self, a: usize, b: usize) -> Vec<u32> {
        let (from, to) = (&self.features[a], &self.features[b]);
        let ids: HashMap<&str, u32, foldhash::fast::FixedState> =
            (0..to.distinct() as u32).map(|id| (to.value(id), id)).collect();
        (0..from.distinct() as u32).map(|id| ids.get(from.value(id)).copied().unwrap_or(NO_ID)).collect()
    }

    /// Whether a value of feature `a` on the left, by its ids, is a value of feature `b` on the right.
    #[inline]
    pub(crate) fn shares_crosswise(&self, (a, l): (usize, &[u32]), (b, r): (usize, &[u32])) -> bool {
        match self.crosswise.iter().find(|(pair, _)| *pair == (a, b)) {
            Some((_, ids)) => l.iter().any(|id| r.contains(&ids[*id as usize])),
            None => l.iter().any(|x| r.iter().any(|y| self.features[a].value(*x) == self.features[b].value(*y))),
        }
    }

    /// The values that stand together.
    pub fn combinations(&self) -> &Combinations {
        &self.combinations
    }

    /// The values of a feature of a record.
    pub fn values(&self, row: usize, feature: usize) -> impl Iterator<Item = &str> {
        self.row(row).ids(feature).iter().map(move |id| self.features[feature].value(*id))
    }

    /// Adds the values of a feature of a record, in order, those that were dropped included.
    pub(crate) fn texts<'v>(&'v self, row: usize, feature: usize, into: &mut Vec<&'v str>) {
        into.extend(self.values(row, feature));
        let of = &self.features[feature];
        if !of.junk.is_empty() {
            into.extend(of.junk(row));
        }
        // Ids are in order of the rows in which they came first.
        into.sort_unstable();
    }

    /// The pair of channels of two records, as a number below [`Packed::groups`].
    #[inline]
    pub fn group(&self, l: usize, r: usize) -> usize {
        self.group_of(self.channel_of[l], self.channel_of[r])
    }

    /// The same of two channels by their places.
    #[inline]
    pub(super) fn group_of(&self, a: u8, b: u8) -> usize {
        usize::from(a.min(b)) * self.channels.len() + usize::from(a.max(b))
    }

    /// One more than the largest number of a pair of channels.
    pub fn groups(&self) -> usize {
        self.channels.len() * self.channels.len()
    }

    /// The name of a pair of channels, `a+b`.
    pub fn group_name(&self, group: usize) -> String {
        let n = self.channels.len().max(1);
        format!("{}+{}", self.channels[group / n], self.channels[group % n])
    }

    /// Number of pairs of records in each pair of channels.
    pub fn pairs_by_group(&self) -> Vec<f64> {
        let mut of = vec![0.0f64; self.channels.len()];
        self.channel_of.iter().for_each(|c| of[*c as usize] += 1.0);
        let mut pairs = vec![0.0; self.groups()];
        for (a, n) in of.iter().enumerate() {
            for (b, m) in of.iter().enumerate().skip(a) {
                pairs[a * of.len() + b] = if a == b { n * (n - 1.0) / 2.0 } else { n * m };
            }
        }
        pairs
    }
}

/// A value by its id, and its text for who needs it: of the values of packed records that was found out beforehand.
pub(crate) type Value<T> = (u32, T);

/// The values of one feature, by id.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub struct PackedFeature {
    pub(super) text: String,
    /// `text[starts[id]..starts[id + 1]]` is the value of an id.
    pub(super) starts: Vec<u32>,
    /// How many records have the value.
    pub(super) counts: Counts,
    /// The sets of values that some record has together.
    pub(super) sets: Sets,
    /// How many records have any value.
    pub(super) filled: u32,
    /// Rows and their values that were dropped as junk, by row.
    pub(super) junk: Vec<(u32, u32)>,
    /// What rules out that two values are a few edits apart; empty where nothing asks.
    pub(super) signs: Vec<Sign>,
    /// The values as dates; empty where nothing asks.
    pub(super) dates: Vec<Option<Day>>,
    /// Whether the values are names that the dictionary knows; empty where nothing asks.
    pub(super) names: Vec<bool>,
}

impl PackedFeature {
    /// The values of a row that were dropped.
    pub fn junk(&self, row: usize) -> impl Iterator<Item = &str> {
        self.junk_ids(row).map(|id| self.value(id))
    }

    /// The ids of the values of a row that were dropped.
    pub(crate) fn junk_ids(&self, row: usize) -> impl Iterator<Item = u32> {
        let from = self.junk.partition_point(|(r, _)| (*r as usize) < row);
        self.junk[from..].iter().take_while(move |(r, _)| *r as usize == row).map(|(_, id)| *id)
    }

    /// How many values were dropped, and from how many rows.
    pub fn junk_counts(&self) -> (usize, usize) {
        let values: std::collections::HashSet<u32> = self.junk.iter().map(|(_, id)| *id).collect();
        (values.len(), self.junk.len())
    }

    /// The values that were dropped, each with the records that had it, in order of the values.
    pub fn junk_values(&self) -> Vec<(&str, u64)> {
        let mut records: std::collections::BTreeMap<&str, u64> = std::collections::BTreeMap::new();
        for (_, id) in &self.junk {
            *records.entry(self.value(*id)).or_default() += 1;
        }
        records.into_iter().collect()
    }

    /// Whether two values may be `edits` edits apart: each edit changes the length by one at most, and two kinds of characters.
    #[inline]
    pub(crate) fn may_be_near(&self, l: u32, r: u32, edits: u32) -> bool {
        match (self.signs.get(l as usize), self.signs.get(r as usize)) {
            (Some(l), Some(r)) => {
                l.length.abs_diff(r.length) <= edits && (l.kinds ^ r.kinds).count_ones() <= edits.saturating_mul(2)
            }
            _ => true,
        }
    }

    /// Whether a level counts a pair of values at all, by their ids and texts.
    #[inline]
    pub(crate) fn allows<'t>(
        &self,
        only: Only,
        l: Value<impl Fn() -> &'t str>,
        r: Value<impl Fn() -> &'t str>,
    ) -> bool {
        if only == Only::default() {
            return true;
        }
        let length = |id: u32, text: &dyn Fn() -> &'t str| match self.signs.get(id as usize) {
            Some(sign) => sign.length,
            None => text().chars().count() as u32,
        };
        let is_name = |part, id: u32, text: &dyn Fn() -> &'t str| match self.names.get(id as usize) {
            Some(known) => *known,
            None => is_name(part, text()),
        };
        length(l.0, &l.1).max(length(r.0, &r.1)) >= only.from_length
            && only.unless_both.is_none_or(|part| !(is_name(part, l.0, &l.1) && is_name(part, r.0, &r.1)))
    }

    /// How two values, by their ids and texts, lie to each other as dates; `None` where one is no date.
    #[inline]
    pub(crate) fn date_relation<'t>(
        &self,
        l: Value<impl Fn() -> &'t str>,
        r: Value<impl Fn() -> &'t str>,
    ) -> Option<DateRelation> {
        let day = |id: u32, text: &dyn Fn() -> &'t str| match self.dates.get(id as usize) {
            Some(day) => *day,
            None => Day::of(text()),
        };
        let (l, r) = (day(l.0, &l.1)?, day(r.0, &r.1)?);
        if similarity::digits_contradict(l.digits, r.digits) {
            return Some(DateRelation::Contradiction);
        }
        Some(similarity::date_relation(l.date, r.date))
    }

    /// The value of an id.
    #[inline]
    pub fn value(&self, id: u32) -> &str {
        &self.text[self.starts[id as usize] as usize..self.starts[id as usize + 1] as usize]
    }

    /// How many records have the value.
    #[inline]
    pub fn count(&self, id: u32) -> u32 {
        self.counts.of(id)
    }

    /// Number of distinct values.
    pub fn distinct(&self) -> usize {
        self.counts.len()
    }

    /// How many records have any value.
    pub fn filled(&self) -> u32 {
        self.filled
    }

    /// Values of a record that has any, on average: 1 at least.
    pub(crate) fn values_a_record(&self) -> f64 {
        let values: f64 = self.counts.iter().map(f64::from).sum();
        (values / f64::from(self.filled.max(1))).max(1.0)
    }

    /// Number of pairs of records that share a value which more than `limit` records have.
    pub fn pairs_over(&self, limit: u32) -> f64 {
        self.counts.iter().filter(|c| *c > limit).map(|c| f64::from(c) * (f64::from(c) - 1.0) / 2.0).sum()
    }

    /// Probability that two random records that both have a value share one: the sum of squared frequencies.
    pub(crate) fn collision_probability(&self) -> f64 {
        let n = f64::from(self.filled);
        if n < 2.0 {
            return 0.0;
        }
        self.counts.iter().map(|c| f64::from(c) * (f64::from(c) - 1.0)).sum::<f64>() / (n * (n - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::super::column::FeatureBuilder;
    use super::super::condition::Prepare;
    use super::super::sets::{intersects, rarest_common};
    use super::*;

    #[test]
    fn a_value_of_very_many_records_is_dropped_and_remembered() {
        let mut builder = FeatureBuilder::new();
        for row in 0..3000 {
            let own = format!("{row}");
            builder.push(if row < 60 { vec!["shop", own.as_str()] } else { vec![own.as_str()] }.into_iter());
        }
        let mut column = builder.finish();
        column.drop_junk();
        let packed = Packed::new(vec![column], vec!["shop".into()], vec![0; 3000], &[]);
        let feature = &packed.features[0];
        assert_eq!(packed.values(0, 0).collect::<Vec<_>>(), ["0"]);
        assert_eq!(packed.values(2999, 0).collect::<Vec<_>>(), ["2999"]);
        assert_eq!(feature.junk(59).collect::<Vec<_>>(), ["shop"]);
        assert_eq!(feature.junk(60).count(), 0);
        assert_eq!(feature.junk_counts(), (1, 60));
        assert_eq!(feature.filled(), 3000);
    }

    proptest::proptest! {
        #[test]
        fn what_the_sign_rules_out_is_far(a in "[あ-お]{0,6}", b in "[あ-お]{0,6}") {
            let mut builder = FeatureBuilder::new();
            builder.push([a.as_str(), b.as_str()].into_iter());
            let mut column = builder.finish();
            column.prepare(Prepare { edits: true, ..Prepare::default() });
            let (l, r) = (0, column.feature.distinct() as u32 - 1);
            for edits in 0..4 {
                let near = similarity::damerau_levenshtein_at_most(&a, &b, edits as usize).is_some();
                proptest::prop_assert!(!near || column.feature.may_be_near(l, r, edits));
            }
        }
    }

    #[test]
    fn features_are_compared_crosswise_by_their_text() {
        let column = |values: [&str; 2]| {
            let mut builder = FeatureBuilder::new();
            values.iter().for_each(|v| builder.push([*v].into_iter()));
            builder.finish()
        };
        let columns = || vec![column(["森", "南"]), column(["南", "林"])];
        let known = Packed::new(columns(), vec!["shop".into()], vec![0; 2], &[(0, 1)]);
        let unknown = Packed::new(columns(), vec!["shop".into()], vec![0; 2], &[]);
        for packed in [known, unknown] {
            let shares =
                |l: usize, r: usize| packed.shares_crosswise((0, packed.row(l).ids(0)), (1, packed.row(r).ids(1)));
            assert_eq!([shares(0, 0), shares(1, 0), shares(1, 1)], [false, true, false]);
        }
    }

    #[test]
    fn interning_keeps_sets_and_counts() {
        let mut builder = FeatureBuilder::new();
        builder.push(["b", "a", "b"].into_iter());
        builder.push([].into_iter());
        builder.push(["a"].into_iter());
        let packed = Packed::new(vec![builder.finish()], vec!["shop".into()], vec![0; 3], &[]);
        let feature = &packed.features[0];
        let ids = |row: usize| packed.row(row).ids(0);
        assert_eq!(packed.values(0, 0).collect::<Vec<_>>(), ["b", "a"]);
        assert_eq!(ids(1), &[] as &[u32]);
        assert_eq!(feature.filled(), 2);
        let a = ids(2)[0];
        assert_eq!((feature.value(a), feature.count(a)), ("a", 2));
        assert!(intersects(ids(0), ids(2)));
        assert_eq!(rarest_common(feature, ids(0), ids(2)), Some(a));
        assert!((feature.collision_probability() - 1.0).abs() < 1e-12);
    }
}
