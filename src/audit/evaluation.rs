//! How good the matching of a run is, with a truth and without.
//!
//! In: a run with what it kept, a truth file where there is one. Out: a [`Report`].

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use arrow::array::AsArray;
use arrow::datatypes::Float64Type;
use datafusion::logical_expr::ident;

use super::Audit;
use super::evaluation_report::{Bin, Compared, Example, Point, Report, Unlabelled};
use super::truth::Truth;
use super::view::ComparisonView;
use crate::error::{Error, Result};
use crate::stages::cluster::Keys;
use crate::tables::contract::{LEDGER, col};
use nayose_matching::evaluate::evaluate;
use nayose_matching::evaluate::shape::shape;
use nayose_matching::evidence;
use nayose_matching::identity::bounds::Bounds;
use nayose_matching::identity::cluster::{Edge, MEMBERS_LOOKED_AT, spread};
use nayose_matching::identity::people::{self, STEPS};
use nayose_matching::model::MISSING;
use nayose_matching::model::score::Scorer;

impl Audit {
    /// How good the matching of the run is. `values` shows the values of examples; else they are masked. Of an earlier run the pairs that
    /// it compared are gone: its customers are held against a truth, and nothing is said of other thresholds.
    ///
    /// # Errors
    /// Usage, where the truth file cannot be read; data, where the run's work is gone, or no truth is given for an earlier run.
    pub async fn evaluate(&self, path: Option<&Path>, values: bool) -> Result<Report> {
        let truth = match path {
            Some(path) => Some(Truth::read(&self.context, path).await?),
            None => None,
        };
        let kept = self.kept().await?;
        let matching = match (kept.is_earlier(), &truth) {
            (false, _) => self.matching(values).await?,
            (true, Some(_)) => {
                let keys = kept.named().await?;
                let edges = self.links_of_ledger(&keys).await?;
                self.matching_of(keys, edges, values).await?
            }
            (true, None) => return Err(kept.without_pairs().await),
        };
        if let (Some(truth), Some(path)) = (&truth, path)
            && truth.names_nobody(&matching.keys)
        {
            return Err(Error::usage(format!("{} names no record of {}", path.display(), self.lake.shown()))
                .hint("its channel and source_record_id are those of id_map's channel and record_id"));
        }
        Ok(Report {
            run_id: self.run.run_id.clone(),
            records: matching.keys.len() as u64,
            customers: matching.labels.iter().collect::<HashSet<_>>().len() as u64,
            auto: matching.auto,
            expected: {
                let expected = people::expected(&matching.edges, matching.auto);
                [expected.precision, expected.recall]
            },
            weights: if kept.is_earlier() { Vec::new() } else { matching.weights(truth.as_ref()) },
            nearest: matching.nearest(),
            unlabelled: matching.unlabelled(),
            labels: truth.as_ref().map(|t| t.labels(&matching)),
            curve: match kept.is_earlier() {
                true => Vec::new(),
                false => STEPS.map(|threshold| matching.point(threshold, truth.as_ref())).to_vec(),
            },
        })
    }

    /// The customers of the run with the model that made them.
    pub(super) async fn matching(&self, values: bool) -> Result<Matching<'_>> {
        let kept = self.kept().await?;
        self.matching_of(kept.keys().await?, kept.links().await?.edges, values).await
    }

    /// The pairs of the ledger, by the rows of their records: all from the threshold of review up.
    async fn links_of_ledger(&self, keys: &Keys) -> Result<Vec<Edge>> {
        let columns = [
            col::CHANNEL_L,
            col::RECORD_ID_L,
            col::CHANNEL_R,
            col::RECORD_ID_R,
            col::MATCH_PROBABILITY,
            col::HOUSEHOLD_PROBABILITY,
        ];
        let mut edges = Vec::new();
        for batch in self.table(LEDGER.name).await?.select_columns(&columns)?.collect().await? {
            let [channel_l, id_l, channel_r, id_r] = [0, 1, 2, 3].map(|c| batch.column(c).as_string::<i32>());
            let [person, household] = [4, 5].map(|c| batch.column(c).as_primitive::<Float64Type>());
            for i in 0..batch.num_rows() {
                let rows = (keys.row(channel_l.value(i), id_l.value(i)), keys.row(channel_r.value(i), id_r.value(i)));
                if let (Some(l), Some(r)) = rows {
                    edges.push(Edge { l, r, person: person.value(i), household: household.value(i) });
                }
            }
        }
        edges.sort_unstable_by_key(|edge| (edge.l, edge.r));
        Ok(edges)
    }

    /// The customers of the run with these records and links, and the model that made them.
    async fn matching_of(&self, keys: Keys, edges: Vec<Edge>, values: bool) -> Result<Matching<'_>> {
        let (kept, scorer) = (self.kept().await?, self.scorer().await?);
        let columns = [col::CHANNEL, col::RECORD_ID, col::CUSTOMER_ID, col::HOUSEHOLD_ID];
        let rows = self.id_map_now().await?.select_columns(&columns)?;
        let rows = rows.sort(vec![ident(col::CUSTOMER_ID).sort(true, false)])?;
        let mut labels: Vec<u32> = (0..keys.len() as u32).collect();
        let (mut households, mut household_numbers) = (vec![0; keys.len()], HashMap::new());
        let mut first: Option<(String, u32)> = None;
        let mut members: Vec<u32> = Vec::new();
        for batch in rows.collect().await? {
            let [channel, id, customer, household] = [0, 1, 2, 3].map(|c| batch.column(c).as_string::<i32>());
            for i in 0..batch.num_rows() {
                let Some(row) = keys.row(channel.value(i), id.value(i)) else { continue };
                households[row as usize] = number(&mut household_numbers, household.value(i));
                if first.as_ref().is_none_or(|(of, _)| of != customer.value(i)) {
                    first = Some((customer.value(i).to_string(), row));
                    members.clear();
                }
                members.push(row);
                let smallest = members.iter().min().copied().unwrap_or(row);
                members.iter().for_each(|m| labels[*m as usize] = smallest);
            }
        }
        let settings = &kept.settings;
        let (auto, most) = (settings.thresholds.auto, settings.limits.records_per_person.clone());
        Ok(Matching { keys, scorer, edges, labels, households, auto, most, values })
    }
}

/// The customers of a run as an evaluation sees them: rows are those of the run's records.
pub(super) struct Matching<'a> {
    pub(super) keys: Keys,
    pub(super) scorer: &'a Scorer,
    pub(super) edges: Vec<Edge>,
    /// Row → the smallest row of its customer.
    pub(super) labels: Vec<u32>,
    /// Row → number of its household.
    pub(super) households: Vec<u32>,
    auto: f64,
    most: BTreeMap<String, u32>,
    /// Whether examples show their values.
    values: bool,
}

/// Width of a bin of weights, and the last one, in bits.
const BIN: i32 = 2;
const LAST_BIN: i32 = 40;

/// Pairs next to the threshold that are shown.
const NEAREST: usize = 20;

impl Matching<'_> {
    fn unlabelled(&self) -> Unlabelled {
        let linked = self.edges.iter().filter(|e| e.person >= self.auto).map(|e| (e.l, e.r)).collect::<Vec<_>>();
        let model = self.scorer.model();
        let mut members: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        for (row, label) in self.labels.iter().enumerate() {
            members.entry(*label).or_default().push(row as u32);
        }
        let mut contradictory = vec![0u64; model.comparisons.len()];
        for rows in members.values().filter(|rows| rows.len() > 1) {
            let mut differs = vec![false; model.comparisons.len()];
            let rows: Vec<u32> = spread(rows, MEMBERS_LOOKED_AT).collect();
            for (i, l) in rows.iter().enumerate() {
                for r in &rows[i + 1..] {
                    let levels = self.scorer.levels(*l as usize, *r as usize);
                    for ((differs, level), c) in differs.iter_mut().zip(levels).zip(&model.comparisons) {
                        *differs |= level != MISSING && level as usize + 1 == c.levels.len();
                    }
                }
            }
            contradictory.iter_mut().zip(differs).for_each(|(n, differs)| *n += u64::from(differs));
        }
        let packed = self.scorer.packed();
        let mut unlinkable: Vec<(String, u64, u64)> = packed.channels.iter().map(|c| (c.clone(), 0, 0)).collect();
        for row in 0..packed.rows {
            let (_, records, lost) = &mut unlinkable[packed.channel_of[row] as usize];
            *records += 1;
            *lost += u64::from(self.scorer.of_itself(row) < self.auto);
        }
        let names = model.comparisons.iter().map(|c| c.name.clone());
        Unlabelled {
            shape: shape(&self.labels, &linked),
            contradictory: names.zip(contradictory).collect(),
            unlinkable,
        }
    }

    /// The compared pairs by weight.
    fn weights(&self, truth: Option<&Truth>) -> Vec<Bin> {
        let person = truth.map(|t| t.people(&self.keys));
        let mut bins: BTreeMap<i32, Bin> = BTreeMap::new();
        for e in &self.edges {
            let bits = log_odds(e.person) / std::f64::consts::LN_2;
            let from = ((bits / f64::from(BIN)).floor() as i32 * BIN).clamp(-LAST_BIN, LAST_BIN);
            let bin = bins.entry(from).or_insert(Bin { from, ..Bin::default() });
            if self.labels[e.l as usize] != self.labels[e.r as usize] {
                bin.apart += 1;
                continue;
            }
            bin.joined += 1;
            let of = |row: u32| person.as_ref().and_then(|person| person[row as usize]);
            bin.wrong += u64::from(of(e.l).zip(of(e.r)).is_some_and(|(l, r)| l != r));
        }
        let (Some(first), Some(last)) = (bins.keys().next().copied(), bins.keys().last().copied()) else {
            return Vec::new();
        };
        let bin = |from: i32| bins.get(&from).copied().unwrap_or(Bin { from, ..Bin::default() });
        (first..=last).step_by(BIN as usize).map(bin).collect()
    }

    /// The pairs next to the threshold, the lower first.
    fn nearest(&self) -> Vec<Example> {
        let away = |e: &Edge| (log_odds(e.person) - log_odds(self.auto)).abs();
        let mut edges: Vec<&Edge> = self.edges.iter().collect();
        let nearer = |a: &&Edge, b: &&Edge| away(a).total_cmp(&away(b)).then_with(|| (a.l, a.r).cmp(&(b.l, b.r)));
        if edges.len() > NEAREST {
            edges.select_nth_unstable_by(NEAREST, nearer);
            edges.truncate(NEAREST);
        }
        edges.sort_unstable_by(|a, b| a.person.total_cmp(&b.person).then_with(|| (a.l, a.r).cmp(&(b.l, b.r))));
        edges.into_iter().map(|e| self.example(e.l, e.r, Some(e.person))).collect()
    }

    /// A pair to look at.
    pub(super) fn example(&self, l: u32, r: u32, probability: Option<f64>) -> Example {
        let compared = evidence::comparisons(self.scorer, l as usize, r as usize).into_iter().map(|pair| {
            let closed = pair.closed;
            let shown = |values: Vec<String>| {
                let one = |value: String| match (self.values, closed) {
                    (true, _) => value,
                    (false, true) => "…".to_string(),
                    (false, false) => nayose_japanese::shape::mask(&value),
                };
                values.into_iter().map(one).collect::<Vec<_>>().join(" / ")
            };
            let view = ComparisonView::from(pair);
            Compared {
                label: view.label,
                left: shown(view.left),
                right: shown(view.right),
                level: view.level_label,
                weight: view.weight,
            }
        });
        let (left, right) = (self.keys.name(l), self.keys.name(r));
        Example { left, right, probability, compared: compared.collect() }
    }

    /// What comes out at another threshold, decisions of people left aside.
    fn point(&self, threshold: f64, truth: Option<&Truth>) -> Point {
        let scores = truth.map(|t| {
            let apart = |_, _| false;
            let (labels, _) = people::people(self.scorer, &self.edges, &[], apart, &Bounds::of(threshold), &self.most);
            evaluate(&t.labelled(&self.keys, &labels)).pairs.scores()
        });
        let expected = people::expected(&self.edges, threshold);
        Point { threshold, truth: scores, expected_precision: expected.precision, expected_recall: expected.recall }
    }
}

/// The logarithm of the odds of a probability.
fn log_odds(p: f64) -> f64 {
    (p.max(1e-15) / (1.0 - p).max(1e-15)).ln()
}

/// The number of a name, from 0 in the order in which names come.
pub(super) fn number(numbers: &mut HashMap<String, u32>, name: &str) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(name.to_string()).or_insert(next)
}
