//! `nayose evaluate`: how good the matching is, with a truth and without.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::{Path, PathBuf};

use clap::Args;
use datafusion::arrow::array::{Array, AsArray};
use datafusion::prelude::{CsvReadOptions, ParquetReadOptions, SessionContext};
use serde_json::json;

use super::{LakeArguments, ResourceArguments, TextFormat, output};
use crate::error::{Error, Result};
use crate::evaluate::report::{Example, Labels, Point, Report, Unlabelled, html};
use crate::evaluate::shape::shape;
use crate::evaluate::{Evaluation, Labelled, PairCounts, Scores, evaluate};
use crate::identity::cluster::{Edge, MEMBERS_LOOKED_AT};
use crate::model::MISSING;
use crate::model::score::Scorer;
use crate::runner::kept::KeptRun;
use crate::runner::snapshot;
use crate::session::session;
use crate::stages::cluster::{self, Keys, STEPS};
use crate::store::Location;

#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    lake: LakeArguments,
    /// Truth: CSV or Parquet with channel, source_record_id, person_id, and household_id where it is known
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Text or JSON
    #[arg(long, default_value = "text")]
    format: TextFormat,
    /// Write a page with curves and examples to this file
    #[arg(long, value_name = "FILE.html")]
    report: Option<PathBuf>,
    /// The customers as a run published them: a run id, its number, or a time
    #[arg(long, value_name = "RUN|TIME")]
    as_of: Option<String>,
    #[command(flatten)]
    resources: ResourceArguments,
}

pub(super) async fn run(a: Arguments) -> Result<u8> {
    let lake = Location::parse(&a.lake.lake, &std::env::current_dir()?)?;
    let published = snapshot::find(&lake, a.as_of.as_deref()).await?;
    let context = session(&a.resources.resources())?;
    snapshot::know_all(&context, &lake, &published).await?;
    let truth = match &a.truth {
        Some(path) => Some(Truth::read(&context, path).await?),
        None => None,
    };
    let desk = Desk::open(&context, &KeptRun::open(&context, &lake, &published).await?).await?;
    let unlabelled = desk.unlabelled();
    let labels = truth.as_ref().map(|t| t.labels(&desk));
    let curve = STEPS.map(|t| desk.point(t, truth.as_ref())).to_vec();
    let report = Report {
        run_id: published.run_id.clone(),
        records: desk.keys.len() as u64,
        customers: desk.labels.iter().collect::<HashSet<_>>().len() as u64,
        auto: desk.auto,
        unlabelled,
        labels,
        curve,
    };
    if let Some(path) = &a.report {
        std::fs::write(path, html(&report))
            .map_err(|e| Error::usage(format!("{} cannot be written: {e}", path.display())).hint("check --report"))?;
    }
    output::print(&match a.format {
        TextFormat::Json => json_of(&report, truth.as_ref()).to_string(),
        TextFormat::Text => text_of(&report, truth.as_ref()),
    })?;
    Ok(0)
}

/// What an evaluation needs at hand: rows are those of the run's records.
struct Desk {
    keys: Keys,
    scorer: Scorer,
    edges: Vec<Edge>,
    /// Row → the smallest row of its customer.
    labels: Vec<u32>,
    /// Row → number of its household.
    households: Vec<u32>,
    auto: f64,
    most: BTreeMap<String, u32>,
}

/// Examples of each kind.
const EXAMPLES: usize = 20;

impl Desk {
    async fn open(context: &SessionContext, kept: &KeptRun) -> Result<Self> {
        let (keys, scorer, edges) = (kept.keys().await?, kept.scorer().await?, kept.links().await?.edges);
        let rows = context
            .sql("select channel, record_id, customer_id, household_id from id_map where valid_to is null order by customer_id")
            .await?;
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
        let (auto, most) = (kept.settings.thresholds.auto, kept.settings.limits.records_per_person.clone());
        Ok(Desk { keys, scorer, edges, labels, households, auto, most })
    }

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
            let rows = &rows[..rows.len().min(MEMBERS_LOOKED_AT)];
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

    /// What comes out at another threshold, decisions of people left aside.
    fn point(&self, threshold: f64, truth: Option<&Truth>) -> Point {
        let scores = truth.map(|t| {
            let apart = |_, _| false;
            let (labels, _) = cluster::people(&self.scorer, &self.edges, &[], apart, threshold, &self.most);
            evaluate(&t.labelled(&self.keys, &labels)).pairs.scores()
        });
        let expected = cluster::expected(&self.edges, threshold);
        Point { threshold, truth: scores, expected_precision: expected.precision, expected_recall: expected.recall }
    }
}

/// A truth file.
struct Truth {
    /// Channel, record, person, household; in order of the record.
    rows: Vec<TruthRow>,
    channels: Vec<String>,
}

struct TruthRow {
    channel: u16,
    id: String,
    person: u32,
    household: Option<u32>,
}

impl Truth {
    async fn read(context: &SessionContext, path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::usage(format!("{} does not exist", path.display())).hint("check --truth"));
        }
        let name = path.to_string_lossy().to_string();
        let truth = if name.ends_with(".parquet") {
            context.read_parquet(name, ParquetReadOptions::default()).await?
        } else {
            // Ids are text, whatever they look like.
            let options = CsvReadOptions::new().schema_infer_max_records(0).file_extension("");
            context.read_csv(name, options).await?
        };
        let has = |column: &str| truth.schema().has_column_with_unqualified_name(column);
        for column in ["channel", "source_record_id", "person_id"] {
            if !has(column) {
                return Err(Error::usage(format!("{} has no column {column}", path.display()))
                    .hint("a truth file has the columns channel, source_record_id, person_id"));
            }
        }
        let household = if has("household_id") { "household_id" } else { "cast(null as varchar)" };
        context.register_table("truth", truth.into_view())?;
        let query = format!(
            "select cast(channel as varchar), cast(source_record_id as varchar), cast(person_id as varchar), cast({household} as varchar)
             from truth order by 1, 2, 3"
        );
        let mut found = Truth { rows: Vec::new(), channels: Vec::new() };
        let (mut people, mut households) = (HashMap::new(), HashMap::new());
        for batch in context.sql(&query).await?.collect().await? {
            let [channel, id, person, household] = [0, 1, 2, 3].map(|c| batch.column(c).as_string::<i32>());
            for i in 0..batch.num_rows() {
                // Rows come in order of the channel.
                if found.channels.last().is_none_or(|c| c != channel.value(i)) {
                    found.channels.push(channel.value(i).to_string());
                }
                let known = household.is_valid(i) && !household.value(i).is_empty();
                found.rows.push(TruthRow {
                    channel: (found.channels.len() - 1) as u16,
                    id: id.value(i).to_string(),
                    person: number(&mut people, person.value(i)),
                    household: known.then(|| number(&mut households, household.value(i))),
                });
            }
        }
        if found.rows.is_empty() {
            return Err(Error::usage(format!("{} has no rows", path.display())).hint("check --truth"));
        }
        Ok(found)
    }

    fn row_in(&self, keys: &Keys, row: &TruthRow) -> Option<u32> {
        keys.row(&self.channels[row.channel as usize], &row.id)
    }

    /// The records with a truth. One that has no customer was rejected: it is alone under a customer of its own.
    fn labelled(&self, keys: &Keys, labels: &[u32]) -> Vec<Labelled> {
        let none = labels.len() as u32;
        let customer = |(i, row)| self.row_in(keys, row).map_or(none + i as u32, |r| labels[r as usize]);
        self.rows
            .iter()
            .enumerate()
            .map(|(i, row)| Labelled { person: row.person, customer: customer((i, row)), channel: row.channel })
            .collect()
    }

    fn evaluation(&self, desk: &Desk) -> Evaluation {
        evaluate(&self.labelled(&desk.keys, &desk.labels))
    }

    fn missing(&self, keys: &Keys) -> u64 {
        self.rows.iter().filter(|row| self.row_in(keys, row).is_none()).count() as u64
    }

    fn labels(&self, desk: &Desk) -> Labels {
        let found = self.evaluation(desk);
        let mut scores = vec![("pairwise".to_string(), found.pairs)];
        for ((a, b), counts) in &found.by_channels {
            scores.push((format!("{} + {}", self.channels[*a as usize], self.channels[*b as usize]), *counts));
        }
        scores.extend(self.households(desk).map(|counts| ("households".to_string(), counts)));
        let (false_merges, misses) = self.examples(desk);
        let (missing, households_merged) = (self.missing(&desk.keys), self.merged(desk));
        Labels { scores, b_cubed: found.b_cubed, missing, households_merged, false_merges, misses }
    }

    /// Households as people are evaluated: a pair of records is right where both households are one.
    fn households(&self, desk: &Desk) -> Option<PairCounts> {
        let rows = self.rows.iter().filter_map(|row| {
            let at = self.row_in(&desk.keys, row)?;
            Some(Labelled { person: row.household?, customer: desk.households[at as usize], channel: row.channel })
        });
        let rows: Vec<Labelled> = rows.collect();
        (!rows.is_empty()).then(|| evaluate(&rows).pairs)
    }

    /// Households of two people and more, and those with two of them under one customer.
    fn merged(&self, desk: &Desk) -> Option<(u64, u64)> {
        let mut people: HashMap<u32, HashSet<u32>> = HashMap::new();
        let mut of_customer: HashMap<(u32, u32), HashSet<u32>> = HashMap::new();
        for row in &self.rows {
            let Some(household) = row.household else { continue };
            people.entry(household).or_default().insert(row.person);
            if let Some(at) = self.row_in(&desk.keys, row) {
                of_customer.entry((household, desk.labels[at as usize])).or_default().insert(row.person);
            }
        }
        let merged: HashSet<u32> = of_customer.iter().filter(|(_, p)| p.len() > 1).map(|((h, _), _)| *h).collect();
        let large = people.values().filter(|p| p.len() > 1).count() as u64;
        (large > 0).then_some((large, merged.len() as u64))
    }

    fn examples(&self, desk: &Desk) -> (Vec<Example>, Vec<Example>) {
        let mut person: Vec<Option<u32>> = vec![None; desk.keys.len()];
        for row in &self.rows {
            if let Some(at) = self.row_in(&desk.keys, row) {
                person[at as usize] = Some(row.person);
            }
        }
        let example =
            |l: u32, r: u32, probability| Example { left: desk.keys.name(l), right: desk.keys.name(r), probability };
        let mut surest: Vec<&Edge> = desk.edges.iter().collect();
        surest.sort_by(|a, b| b.person.total_cmp(&a.person).then_with(|| (a.l, a.r).cmp(&(b.l, b.r))));
        let pairs = |want_one: bool, joined: bool| {
            let fits = |e: &&&Edge| {
                let (l, r) = (e.l as usize, e.r as usize);
                let same = person[l].is_some() && person[l] == person[r];
                let known = person[l].is_some() && person[r].is_some();
                known && same == want_one && (desk.labels[l] == desk.labels[r]) == joined
            };
            surest.iter().filter(fits).take(EXAMPLES).map(|e| example(e.l, e.r, Some(e.person))).collect::<Vec<_>>()
        };
        let (false_merges, mut misses) = (pairs(false, true), pairs(true, false));
        // Then pairs of one person that were never compared, or hardly alike.
        let mut first_of: HashMap<u32, u32> = HashMap::new();
        for (row, p) in person.iter().enumerate().filter_map(|(row, p)| Some((row as u32, (*p)?))) {
            let first = *first_of.entry(p).or_insert(row);
            if misses.len() < EXAMPLES && desk.labels[first as usize] != desk.labels[row as usize] {
                let next = example(first, row, None);
                if !misses.iter().any(|m| m.left == next.left && m.right == next.right) {
                    misses.push(next);
                }
            }
        }
        (false_merges, misses)
    }
}

fn number(numbers: &mut HashMap<String, u32>, name: &str) -> u32 {
    let next = numbers.len() as u32;
    *numbers.entry(name.to_string()).or_insert(next)
}

fn json_of(report: &Report, truth: Option<&Truth>) -> serde_json::Value {
    let mut all = json!(report);
    let Some((labels, object)) = report.labels.as_ref().zip(all.as_object_mut()) else { return all };
    let of = |counts: &PairCounts| {
        let s = counts.scores();
        json!({ "precision": s.precision, "recall": s.recall, "f1": s.f1,
                "true_positive": counts.both, "predicted": counts.joined, "true": counts.true_pairs })
    };
    let scores: serde_json::Map<String, serde_json::Value> =
        labels.scores.iter().map(|(name, counts)| (name.replace(" + ", "+"), of(counts))).collect();
    object.insert("pairwise".into(), scores["pairwise"].clone());
    object.insert("scores".into(), scores.into());
    object.insert("b_cubed".into(), json!(labels.b_cubed));
    object.insert("truth_records".into(), json!(truth.map_or(0, |t| t.rows.len())));
    all
}

fn text_of(report: &Report, truth: Option<&Truth>) -> String {
    let mut text = format!("{} records are {} customers\n", report.records, report.customers);
    if let Some((labels, truth)) = report.labels.as_ref().zip(truth) {
        text += &truth_text(labels, truth);
    }
    let found = &report.unlabelled;
    let shape = &found.shape;
    let sizes: Vec<String> = shape.sizes.iter().take(8).map(|(size, n)| format!("{size}: {n}")).collect();
    text += &format!("\nrecords of a customer     {}", sizes.join(", "));
    text += &format!(
        "\ncustomers of 3 and more   {}; {:.3} of their pairs linked; {} with less than half; {} bridges",
        shape.large, shape.density, shape.sparse, shape.bridges
    );
    let differ: Vec<String> = found.contradictory.iter().filter(|c| c.1 > 0).map(|(c, n)| format!("{c} {n}")).collect();
    text +=
        &format!("\ncustomers that disagree   {}", if differ.is_empty() { "none".into() } else { differ.join(", ") });
    let lost: Vec<String> = found.unlinkable.iter().map(|(c, all, n)| format!("{c} {n} of {all}")).collect();
    text += &format!("\ntoo little to be linked   {}\n", lost.join(", "));
    text += &format!("\n{:<12}{:>12}{:>12}", "threshold", "expected P", "expected R");
    if report.labels.is_some() {
        text += &format!("{:>12}{:>12}{:>12}", "precision", "recall", "F1");
    }
    for p in &report.curve {
        text += &format!("\n{:<12}{:>12.4}{:>12.4}", p.threshold, p.expected_precision, p.expected_recall);
        if let Some(t) = p.truth {
            text += &format!("{:>12.4}{:>12.4}{:>12.4}", t.precision, t.recall, t.f1);
        }
    }
    text
}

fn truth_text(labels: &Labels, truth: &Truth) -> String {
    let line = |name: &str, s: &Scores, pairs: Option<u64>| {
        let pairs = pairs.map(|n| format!("{n:>12}")).unwrap_or_default();
        format!("{name:<24}{:>10.4}{:>10.4}{:>10.4}{pairs}\n", s.precision, s.recall, s.f1)
    };
    let people = truth.rows.iter().map(|r| r.person).collect::<HashSet<_>>().len();
    let mut text = format!("the truth has {} records of {people} people\n", truth.rows.len());
    if labels.missing > 0 {
        text += &format!("{} of them have no customer (rejected, or not in the input)\n", labels.missing);
    }
    text += &format!("\n{:<24}{:>10}{:>10}{:>10}{:>12}\n", "", "precision", "recall", "F1", "true pairs");
    for (i, (name, counts)) in labels.scores.iter().enumerate() {
        text += &line(name, &counts.scores(), Some(counts.true_pairs));
        if i == 0 {
            text += &line("B-cubed", &labels.b_cubed, None);
        }
    }
    if let Some((all, merged)) = labels.households_merged {
        text += &format!("households with two people under one customer: {merged} of {all}\n");
    }
    text
}
