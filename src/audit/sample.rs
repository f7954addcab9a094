//! A sample of the pairs of a run for people to label.
//!
//! In: a run with what it kept. Out: drawn pairs with the keys of their records, and the values of records where they are asked for.
//! All candidate pairs are weighed again, as the run keeps those alone that may be linked.

use std::collections::{BTreeMap, BTreeSet};

use super::Audit;
use super::evaluation::Matching;
use super::records::channel_and_id;
use super::view::RecordView;
use crate::error::Result;
use crate::lake::snapshot::{self, PublishedRun};
use nayose_matching::evaluate::draw::{Frame, Pair, Sample};
use nayose_matching::parallel;

/// Candidate pairs that a thread takes at once: some tenths of a second, and few frames to put together.
const PAIRS: usize = 1 << 18;

/// Customers that a thread takes at once; most have a few pairs.
const CUSTOMERS: usize = 1 << 14;

/// A sample with what names its records.
#[derive(Clone, Debug, PartialEq)]
pub struct PairSample {
    /// The run that was sampled.
    pub run_id: String,
    /// The pairs by rows.
    pub sample: Sample,
    /// Channel and id of the records of the drawn pairs, by row.
    pub keys: BTreeMap<u32, (String, String)>,
}

impl Audit {
    /// Draws `size` of the pairs under one customer and of the candidate pairs.
    ///
    /// # Errors
    /// Data, where the run's work is gone.
    pub async fn sample(&self, size: usize, seed: u64) -> Result<PairSample> {
        let matching = self.matching(false).await?;
        let kept = self.kept().await?;
        let candidates = kept.candidate_pairs().await?;
        let thresholds = &kept.settings.thresholds;
        let sample = drawn(&matching, &candidates, Frame::new(size, seed, thresholds.review, thresholds.auto));
        let rows: BTreeSet<u32> = sample.pairs.iter().flat_map(|pair| [pair.l, pair.r]).collect();
        let mut keys = BTreeMap::new();
        for row in rows {
            let name = matching.keys.name(row);
            let (channel, id) = channel_and_id(&name)?;
            keys.insert(row, (channel.to_string(), id.to_string()));
        }
        Ok(PairSample { run_id: self.run.run_id.clone(), sample, keys })
    }

    /// The values of records, by `channel:record_id`.
    ///
    /// # Errors
    /// Environment, if the table cannot be read.
    pub async fn values_of(&self, keys: &BTreeMap<u32, (String, String)>) -> Result<BTreeMap<String, RecordView>> {
        let keys: Vec<(String, String)> = keys.values().cloned().collect();
        let records = self.record_views(&keys).await?;
        Ok(records.into_iter().map(|record| (record.id.clone(), record)).collect())
    }

    /// The published runs of the lake.
    ///
    /// # Errors
    /// Environment, if the lake cannot be read.
    pub async fn runs(&self) -> Result<Vec<PublishedRun>> {
        snapshot::runs(&self.lake).await
    }
}

/// The sample of a frame that has every pair under one customer, and every candidate pair under two.
fn drawn(matching: &Matching<'_>, candidates: &[(usize, usize)], empty: Frame) -> Sample {
    let scorer = matching.scorer;
    let channel = |row: u32| u16::from(scorer.packed().channel_of[row as usize]);
    let pair = |l: u32, r: u32, customer: Option<usize>| {
        let (l, r) = (l.min(r), l.max(r));
        let channels = (channel(l).min(channel(r)), channel(l).max(channel(r)));
        Pair { l, r, person: scorer.score(l as usize, r as usize).person, customer, channels }
    };
    let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (row, label) in matching.labels.iter().enumerate() {
        members.entry(*label).or_default().push(row as u32);
    }
    let customers: Vec<Vec<u32>> = members.into_values().filter(|rows| rows.len() > 1).collect();
    let within = parallel::map(customers.chunks(CUSTOMERS).collect(), |_, customers: &[Vec<u32>]| {
        let mut frame = empty.clone();
        for rows in customers {
            for (i, l) in rows.iter().enumerate() {
                rows[i + 1..].iter().for_each(|r| frame.add(&pair(*l, *r, Some(rows.len()))));
            }
        }
        frame
    });
    let apart = parallel::map(candidates.chunks(PAIRS).collect(), |_, pairs: &[(usize, usize)]| {
        let mut frame = empty.clone();
        for (l, r) in pairs.iter().filter(|(l, r)| matching.labels[*l] != matching.labels[*r]) {
            frame.add(&pair(*l as u32, *r as u32, None));
        }
        frame
    });
    // In their order: sums of fractions depend on it in the last digit.
    let mut all = empty.clone();
    within.into_iter().chain(apart).for_each(|frame| all.absorb(frame));
    all.draw()
}
