//! What a pair of records says on whether they are one person, as a vote.
//!
//! In: the probabilities of a pair. Out: a whole number of thousandths of a bit, for one person above zero and against it
//! below. Whole numbers add up to the same sum in any order, so that clusters do not depend on the order of edges.
//!
//! - **For**: the pair's probability is at the threshold of a link or above it. The vote is how far, in log odds.
//! - **Against**: the levels of the pair, without any prior, are likelier of two people than of one. The vote is how much.
//!   Priors stay out of it: nearly all pairs are two people before anything is compared, and a pair with nothing to compare
//!   would vote against every cluster.
//! - **Nothing**: all other pairs. A ticket with only a mail address and an account with only a phone say nothing about each
//!   other; a third record that has both may join them.

/// Votes are in thousandths of a bit (log2).
const THOUSANDTHS: f64 = 1000.0;

/// A pair votes with so many bits at most, 1000 to 1. The comparisons of a pair are less independent than the model takes
/// them to be, so that its surest pairs are too sure; no pair outvotes by itself the many of two large groups.
const MOST_BITS: f64 = 10.0;

/// The vote of two records that contradict each other: they are never in one cluster. No sum of votes makes up for it.
pub(crate) const CONTRADICTS: i64 = -(1 << 40);

/// The vote of two records of a channel where a person has one at most.
pub(super) const TOO_MANY: i64 = CONTRADICTS - 1;

/// Whether a sum of votes holds one that forbids.
pub(super) fn is_forbidden(sum: i64) -> bool {
    sum < CONTRADICTS / 2
}

/// The vote of a pair with the probability `person` of one person, whose levels are `against` bits likelier of two people
/// than of one (negative where they are likelier of one). Links are made from `auto` up.
pub(crate) fn vote(person: f64, against: f64, auto: f64) -> i64 {
    let log_odds = |p: f64| (p / (1.0 - p)).log2();
    let thousandths = |bits: f64| (bits.clamp(0.0, MOST_BITS) * THOUSANDTHS).round() as i64;
    if person >= auto {
        // At the very threshold the pair still is for it: links are made from it up. Certain odds over certain odds are no
        // number, and the `min` takes the bound.
        thousandths((log_odds(person) - log_odds(auto)).min(MOST_BITS)).max(1)
    } else {
        -thousandths(against)
    }
}

/// The votes between two groups. There is one for each link that was outvoted, so that its numbers are as small as the 4,096 pairs that
/// are looked at, of 10,000 thousandths each, allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pairs that vote for one person.
    pub pairs_for: u16,
    /// Pairs that vote against it.
    pub pairs_against: u16,
    /// Sum of the votes for it, in thousandths of a bit.
    pub sum_for: u32,
    /// Sum of the votes against it, in thousandths of a bit.
    pub sum_against: u32,
}

impl Tally {
    /// Counts a vote.
    pub(super) fn add(&mut self, vote: i64) {
        self.pairs_for += u16::from(vote > 0);
        self.pairs_against += u16::from(vote < 0);
        let sum = if vote > 0 { &mut self.sum_for } else { &mut self.sum_against };
        *sum += vote.unsigned_abs() as u32;
    }

    /// The sums in bits, for it and against it.
    pub fn bits(&self) -> (f64, f64) {
        (f64::from(self.sum_for) / THOUSANDTHS, f64::from(self.sum_against) / THOUSANDTHS)
    }
}

/// At most `most` members, evenly spread from the first to the last: what stands for a group that is too large to be looked at
/// whole. The first ones alone would be those of one channel.
pub fn spread<T: Copy>(members: &[T], most: usize) -> impl ExactSizeIterator<Item = T> + Clone + '_ {
    let taken = members.len().min(most);
    (0..taken).map(move |i| members[i * members.len() / taken])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pair_votes_by_how_far_it_is_from_the_threshold() {
        // Odds of 64 to 1 over odds of 4 to 1 are 4 bits.
        assert_eq!(vote(64.0 / 65.0, -9.0, 0.8), 4000);
        assert_eq!(vote(0.8, -1.0, 0.8), 1, "a pair at the threshold is a link");
        assert_eq!(vote(1.0, -50.0, 0.8), 10_000, "no pair is believed beyond the bound");
        assert_eq!(vote(1.0, -50.0, 1.0), 10_000);
    }

    #[test]
    fn a_pair_below_the_threshold_votes_by_its_levels_alone() {
        assert_eq!(vote(0.1, 2.5, 0.8), -2500);
        assert_eq!(vote(0.1, -2.5, 0.8), 0, "the prior is against it, the levels are not");
        assert_eq!(vote(0.0, 90.0, 0.8), -10_000);
        assert_eq!(vote(0.0, 0.0, 0.8), 0, "nothing to compare");
    }

    #[test]
    fn a_large_group_is_looked_at_all_over() {
        let rows: Vec<u32> = (0..1000).collect();
        assert_eq!(spread(&rows, 4).collect::<Vec<_>>(), [0, 250, 500, 750]);
        assert_eq!(spread(&rows[..3], 4).collect::<Vec<_>>(), [0, 1, 2]);
        assert_eq!(spread(&rows[..0], 4).len(), 0);
    }

    #[test]
    fn nothing_makes_up_for_a_contradiction() {
        assert!(is_forbidden(CONTRADICTS + 1_000_000 * vote(1.0, 0.0, 0.5)) && is_forbidden(TOO_MANY));
        assert!(!is_forbidden(-1_000_000 * 10_000));
    }
}
