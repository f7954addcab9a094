//! Records that links hold together, and the votes among them.
//!
//! In: the rows of a component, its links, the rules. Out: the vote of any two of its records and of any two groups of them, and
//! why two groups are two people.

use super::cluster::{Fate, Rules};
use super::votes::{CONTRADICTS, TOO_MANY, Tally, is_forbidden, spread};

/// A component of this many records has all its pairs scored: 64 a record at most, about 13 microseconds. Larger ones are
/// looked at where links are.
pub(super) const ALL_PAIRS: usize = 128;

/// Members of a group that are looked at against another group of any size: 64 by 64 pairs are scored in a millisecond. What two
/// groups are to each other is known from all pairs up to that, and from an even spread of both beyond it.
pub const MEMBERS_LOOKED_AT: usize = 64;

/// Members of the larger group that are looked at, where the other is small: a record is held against a group of a thousand by 128 of
/// them. If a share of the members votes against, 128 tell it to within 4 points (one standard error); all of them would cost a
/// customer of 1,000 records a million pairs.
const MOST_LOOKED_AT: usize = 128;

/// Groups with more records than this together are not compared as wholes. With 16 records on either side a level has up to 256
/// pairs of values to hold by, so that nearly all of them hold for any two groups; 256 pairs of records say more.
const WHOLE_RECORDS: usize = 32;

/// Two groups that as wholes are likelier two people than one are not joined.
const WHOLE: f64 = 0.5;

/// A link of a component.
#[derive(Clone, Copy, Debug)]
pub(super) struct Link {
    /// Its records, by their places in the component.
    pub ends: (u32, u32),
    /// Its vote; none where it is contested.
    pub vote: i64,
}

/// The records that links hold together. Records go by their places in `rows`.
pub(super) struct Component<'a, V, W> {
    /// The rows, in order.
    pub rows: &'a [u32],
    /// The links, in order of their ends; one for a pair.
    pub links: Vec<Link>,
    rules: &'a Rules<'a, V, W>,
    /// The votes of all pairs, where they were asked for.
    all: Vec<i64>,
}

impl<'a, V: Fn(u32, u32) -> i64, W: Fn(&[u32], &[u32]) -> f64> Component<'a, V, W> {
    /// The component of `rows`, without its links. Up to `all_pairs` rows, all its pairs are asked.
    pub(super) fn new(rows: &'a [u32], rules: &'a Rules<'a, V, W>, all_pairs: usize) -> Self {
        let mut component = Component { rows, links: Vec::new(), rules, all: Vec::new() };
        let n = rows.len();
        if (3..=all_pairs).contains(&n) && component.lists().is_none() {
            let mut all = vec![0; n * n];
            for l in 0..n {
                for r in l + 1..n {
                    let vote = component.of_model(l as u32, r as u32);
                    (all[l * n + r], all[r * n + l]) = (vote, vote);
                }
            }
            component.all = all;
        }
        component
    }

    /// Whether two of its records may contradict each other.
    pub(super) fn may_contradict(&self) -> bool {
        self.rows.len() > 2 && (!self.is_known() || self.all.contains(&CONTRADICTS))
    }

    /// Gives it its links, in any order; of two links of a pair the stronger one counts.
    pub(super) fn link(&mut self, mut links: Vec<Link>) {
        links.sort_unstable_by_key(|link| (link.ends, -link.vote));
        links.dedup_by_key(|link| link.ends);
        let n = self.rows.len();
        let known = self.is_known();
        for link in links.iter().filter(|_| known) {
            let (l, r) = (link.ends.0 as usize, link.ends.1 as usize);
            if !is_forbidden(self.all[l * n + r]) {
                (self.all[l * n + r], self.all[r * n + l]) = (link.vote, link.vote);
            }
        }
        self.links = links;
    }

    /// Whether all its pairs are known, and all vote for one person.
    pub(super) fn is_of_one_voice(&self) -> bool {
        let n = self.rows.len();
        self.is_known()
            && !self.has_limits()
            && (0..n).all(|l| self.all[l * n + l + 1..(l + 1) * n].iter().all(|vote| *vote > 0))
    }

    /// Whether all its pairs are known.
    pub(super) fn is_known(&self) -> bool {
        !self.all.is_empty()
    }

    /// The votes of a record with all others, where all pairs are known.
    pub(super) fn votes_of(&self, record: u32) -> &[i64] {
        let n = self.rows.len();
        &self.all[record as usize * n..(record as usize + 1) * n]
    }

    /// The vote of two records.
    pub(super) fn vote(&self, l: u32, r: u32) -> i64 {
        if self.is_known() {
            return self.votes_of(l)[r as usize];
        }
        let ends = (l.min(r), l.max(r));
        let vote = self.of_model(ends.0, ends.1);
        match self.links.binary_search_by_key(&ends, |link| link.ends) {
            Ok(place) if !is_forbidden(vote) => self.links[place].vote,
            _ => vote,
        }
    }

    fn of_model(&self, l: u32, r: u32) -> i64 {
        let vote = (self.rules.vote)(self.rows[l as usize], self.rows[r as usize]);
        let same =
            self.channel(l).is_some_and(|channel| self.channel(r) == Some(channel) && self.most(channel) == Some(1));
        if same && vote != CONTRADICTS { TOO_MANY } else { vote }
    }

    fn channel(&self, record: u32) -> Option<u8> {
        self.rules.channel_of.get(self.rows[record as usize] as usize).copied()
    }

    fn most(&self, channel: u8) -> Option<u32> {
        self.rules.most.get(channel as usize).copied().flatten().map(|most| most.max(1))
    }

    /// Whether a person may have only so many records of some channel, more than one. One is a matter of pairs.
    pub(super) fn has_limits(&self) -> bool {
        self.rules.most.iter().flatten().any(|most| *most > 1)
    }

    /// The records of its two channels, where it has two and a person has one record of each at most.
    pub(super) fn lists(&self) -> Option<[Vec<u32>; 2]> {
        let first = self.channel(0).filter(|channel| self.most(*channel) == Some(1))?;
        let is_first = |record: &u32| self.channel(*record) == Some(first);
        let (left, right): (Vec<u32>, Vec<u32>) = (0..self.rows.len() as u32).partition(is_first);
        let other = self.channel(*right.first()?).filter(|channel| self.most(*channel) == Some(1))?;
        right.iter().all(|record| self.channel(*record) == Some(other)).then_some([left, right])
    }

    /// The sum of the votes between two groups. Where they are too large, that of a spread of both, for as many pairs as
    /// there are.
    pub(super) fn between(&self, a: &[u32], b: &[u32]) -> i64 {
        let sum = looked_at(a, b).map(|(l, r)| self.vote(l, r)).sum();
        let (all, seen) = (a.len() * b.len(), pairs_looked_at(a.len(), b.len()));
        if all == seen || is_forbidden(sum) { sum } else { (i128::from(sum) * all as i128 / seen as i128) as i64 }
    }

    /// The sum of the votes inside groups, where all pairs are known.
    pub(super) fn sum_inside(&self, groups: &[Vec<u32>]) -> i64 {
        let inside = |group: &Vec<u32>| -> i64 {
            let pairs = (0..group.len()).flat_map(|i| (i + 1..group.len()).map(move |j| (i, j)));
            pairs.map(|(i, j)| self.vote(group[i], group[j])).sum()
        };
        groups.iter().map(inside).sum()
    }

    /// Whether two groups of records as wholes are two people: all values of the one against all of the other. A pair whose
    /// records say little may look like one person where their groups, which say more, do not. Where every pair votes for one
    /// person there is nothing more to ask.
    pub(super) fn are_two_as_wholes(&self, a: &[u32], b: &[u32]) -> bool {
        if !(3..=WHOLE_RECORDS).contains(&(a.len() + b.len())) || looked_at(a, b).all(|(l, r)| self.vote(l, r) > 0) {
            return false;
        }
        let rows = |group: &[u32]| {
            let mut rows: Vec<u32> = group.iter().map(|record| self.rows[*record as usize]).collect();
            rows.sort_unstable();
            rows
        };
        let (a, b) = (rows(a), rows(b));
        (self.rules.whole)(&a, &b) < self.rules.bounds.of_wholes(&a, &b, WHOLE)
    }

    /// By channel, the records of a group; nothing where no channel has a limit.
    pub(super) fn counts(&self, group: &[u32]) -> Vec<u32> {
        if !self.rules.most.iter().any(Option::is_some) {
            return Vec::new();
        }
        let mut counts = vec![0u32; self.rules.most.len()];
        for channel in group.iter().filter_map(|record| self.channel(*record)) {
            if let Some(count) = counts.get_mut(channel as usize) {
                *count += 1;
            }
        }
        counts
    }

    /// The channel of which two groups with these counts together would have too many records.
    pub(super) fn over(&self, a: &[u32], b: &[u32]) -> Option<u8> {
        let mut together = (0u8..).zip(a.iter().zip(b).map(|(a, b)| a + b));
        together.find(|(channel, n)| self.most(*channel).is_some_and(|most| *n > most)).map(|(channel, _)| channel)
    }

    /// The channel of which two groups together would have too many records.
    pub(super) fn over_limit(&self, a: &[u32], b: &[u32]) -> Option<u8> {
        self.over(&self.counts(a), &self.counts(b))
    }

    /// Why two groups are not one.
    pub(super) fn reason(&self, a: &[u32], b: &[u32]) -> Fate {
        let mut tally = Tally::default();
        let mut contradiction = None;
        for (l, r) in looked_at(a, b) {
            match self.vote(l, r) {
                CONTRADICTS => {
                    let (l, r) = (self.rows[l as usize], self.rows[r as usize]);
                    contradiction = contradiction.or(Some((l, r)));
                }
                TOO_MANY => {}
                vote => tally.add(vote),
            }
        }
        if let Some((l, r)) = contradiction {
            return Fate::Cut(l, r);
        }
        match self.over_limit(a, b) {
            Some(channel) => Fate::Limit(channel),
            None if tally.sum_for > tally.sum_against => Fate::Bridge,
            None => Fate::Outvoted(tally),
        }
    }
}

/// How many pairs of two groups are looked at.
fn pairs_looked_at(a: usize, b: usize) -> usize {
    let (short, long) = shares(a, b);
    short * long
}

/// How many members of the shorter and of the longer group are looked at.
fn shares(a: usize, b: usize) -> (usize, usize) {
    let short = a.min(b).min(MEMBERS_LOOKED_AT);
    (short, a.max(b).min(MOST_LOOKED_AT).min(MEMBERS_LOOKED_AT * MEMBERS_LOOKED_AT / short.max(1)))
}

/// The pairs of two groups that are looked at.
pub(super) fn looked_at<'a>(a: &'a [u32], b: &'a [u32]) -> impl Iterator<Item = (u32, u32)> + 'a {
    let (short, long) = shares(a.len(), b.len());
    let (of_a, of_b) = if a.len() <= b.len() { (short, long) } else { (long, short) };
    let others = spread(b, of_b);
    spread(a, of_a).flat_map(move |l| others.clone().map(move |r| (l, r)))
}
