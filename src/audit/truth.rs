//! A truth file: who each record really is.
//!
//! In: CSV or Parquet with `channel`, `source_record_id`, `person_id` and, where it is known, `household_id`. Out: figures of a
//! run's customers against it.

use std::collections::{HashMap, HashSet};
use std::path::Path;

use arrow::array::{Array, AsArray, StringArray};
use arrow::datatypes::DataType;
use csv::StringRecord;
use datafusion::common::ScalarValue;
use datafusion::functions::expr_fn::btrim;
use datafusion::logical_expr::{cast, ident, lit};
use datafusion::prelude::{ParquetReadOptions, SessionContext};

use super::csv_file::{self, CsvFile};
use super::evaluation::{Matching, number};
use super::evaluation_report::{Example, Labels};
use crate::error::{Error, Result};
use crate::stages::cluster::Keys;
use nayose_matching::evaluate::label_file::named_lines;
use nayose_matching::evaluate::{Evaluation, Labelled, PairCounts, evaluate};
use nayose_matching::identity::cluster::Edge;

/// Examples of each kind that a report shows.
const EXAMPLES: usize = 20;

/// A truth file.
pub(super) struct Truth {
    /// Channel, record, person, household; in order of the record.
    rows: Vec<TruthRow>,
    channels: Vec<String>,
}

/// The columns that a truth has to have, and the one that it may have.
const COLUMNS: [&str; 3] = ["channel", "source_record_id", "person_id"];
const HOUSEHOLD: &str = "household_id";

/// The cells of a row, trimmed: channel, record, person, household; empty where there is none.
type Cells = [String; COLUMNS.len() + 1];

fn lacks(path: &Path, column: &str) -> Error {
    Error::usage(format!("{} has no column {column}", path.display()))
        .hint("a truth file has the columns channel, source_record_id, person_id")
}

/// The rows of a CSV file.
fn of_csv(path: &Path) -> Result<Vec<Cells>> {
    let CsvFile { header, rows } = csv_file::read(path, "--truth")?;
    let place = |column: &str| header.iter().position(|name| name == column);
    if let Some(column) = COLUMNS.iter().find(|column| place(column).is_none()) {
        return Err(lacks(path, column));
    }
    let is_short = |row: &StringRecord| row.len() < header.len();
    let is_long = |row: &StringRecord| row.iter().skip(header.len()).any(|cell| !cell.trim().is_empty());
    let broken: Vec<u64> = rows.iter().filter(|(_, r)| is_short(r) || is_long(r)).map(|(line, _)| *line).collect();
    if !broken.is_empty() {
        let what = "has rows with more or fewer cells than its header";
        return Err(Error::usage(format!("{} {what}: {}", path.display(), named_lines(&broken)))
            .hint("give each row a cell for every column; a value with a comma stands in quotes"));
    }
    let places = [place(COLUMNS[0]), place(COLUMNS[1]), place(COLUMNS[2]), place(HOUSEHOLD)];
    let cell = |row: &StringRecord, at: Option<usize>| at.and_then(|at| row.get(at)).unwrap_or_default().trim().into();
    Ok(rows.iter().map(|(_, row)| places.map(|at| cell(row, at))).collect())
}

/// The rows of a Parquet file.
async fn of_parquet(context: &SessionContext, path: &Path) -> Result<Vec<Cells>> {
    let no_parquet = |_| {
        Error::usage(format!("{} cannot be read as Parquet", path.display()))
            .hint("check --truth; a CSV file has a name that does not end in .parquet")
    };
    let name = path.to_string_lossy().to_string();
    let truth = context.read_parquet(name, ParquetReadOptions::default()).await.map_err(no_parquet)?;
    let has = |column: &str| truth.schema().has_column_with_unqualified_name(column);
    if let Some(column) = COLUMNS.iter().find(|column| !has(column)) {
        return Err(lacks(path, column));
    }
    let household = if has(HOUSEHOLD) { ident(HOUSEHOLD) } else { lit(ScalarValue::Null) };
    let columns = COLUMNS.into_iter().map(ident).chain([household]);
    // Ids are text, whatever type they have.
    let texts = columns.enumerate().map(|(i, column)| btrim(vec![cast(column, DataType::Utf8)]).alias(i.to_string()));
    let rows = truth.select(texts.collect::<Vec<_>>())?.collect().await.map_err(no_parquet)?;
    let cells = rows.iter().flat_map(|batch| {
        let columns = [0, 1, 2, 3].map(|c| batch.column(c).as_string::<i32>());
        let text =
            |column: &StringArray, i| if column.is_valid(i) { column.value(i).to_string() } else { String::new() };
        (0..batch.num_rows()).map(move |i| columns.map(|column| text(column, i)))
    });
    Ok(cells.collect())
}

struct TruthRow {
    channel: u16,
    id: String,
    person: u32,
    household: Option<u32>,
}

impl Truth {
    pub(super) async fn read(context: &SessionContext, path: &Path) -> Result<Self> {
        if !path.exists() {
            return Err(Error::usage(format!("{} does not exist", path.display())).hint("check --truth"));
        }
        if path.is_dir() {
            return Err(Error::usage(format!("{} is a folder", path.display()))
                .hint("name one CSV or Parquet file with --truth"));
        }
        let parquet = path.extension().is_some_and(|end| end == "parquet");
        let mut rows = if parquet { of_parquet(context, path).await? } else { of_csv(path)? };
        rows.sort();
        let mut found = Truth { rows: Vec::new(), channels: Vec::new() };
        let (mut people, mut households) = (HashMap::new(), HashMap::new());
        let mut nobody = 0;
        for [channel, id, person, household] in rows {
            // Nobody is not one person.
            if [&channel, &id, &person].iter().any(|cell| cell.is_empty()) {
                nobody += 1;
                continue;
            }
            let household = (!household.is_empty()).then(|| number(&mut households, &household));
            let person = number(&mut people, &person);
            // Rows come in order of the channel.
            if found.channels.last().is_none_or(|c| *c != channel) {
                found.channels.push(channel);
            }
            found.rows.push(TruthRow { channel: (found.channels.len() - 1) as u16, id, person, household });
        }
        if nobody > 0 {
            return Err(Error::usage(format!("{}: {nobody} rows have no channel, record or person", path.display()))
                .hint("leave out the records of which nobody knows who they are"));
        }
        let key = |row: &TruthRow| (row.channel, row.id.clone());
        if let Some(pair) = found.rows.windows(2).find(|pair| key(&pair[0]) == key(&pair[1])) {
            let record = format!("{}:{}", found.channels[pair[0].channel as usize], pair[0].id);
            return Err(Error::usage(format!("{}: the record {record} stands there twice", path.display()))
                .hint("a truth file has one row for each record"));
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
    pub(super) fn labelled(&self, keys: &Keys, labels: &[u32]) -> Vec<Labelled> {
        let none = labels.len() as u32;
        let customer = |(i, row)| self.row_in(keys, row).map_or(none + i as u32, |r| labels[r as usize]);
        self.rows
            .iter()
            .enumerate()
            .map(|(i, row)| Labelled { person: row.person, customer: customer((i, row)), channel: row.channel })
            .collect()
    }

    fn evaluation(&self, matching: &Matching) -> Evaluation {
        evaluate(&self.labelled(&matching.keys, &matching.labels))
    }

    /// Whether no record of the truth is one of the lake.
    pub(super) fn names_nobody(&self, keys: &Keys) -> bool {
        self.missing(keys) == self.rows.len() as u64
    }

    fn missing(&self, keys: &Keys) -> u64 {
        self.rows.iter().filter(|row| self.row_in(keys, row).is_none()).count() as u64
    }

    pub(super) fn labels(&self, matching: &Matching) -> Labels {
        let found = self.evaluation(matching);
        let mut scores = vec![("pairwise".to_string(), found.pairs)];
        for ((a, b), counts) in &found.by_channels {
            scores.push((format!("{} + {}", self.channels[*a as usize], self.channels[*b as usize]), *counts));
        }
        scores.extend(self.households(matching).map(|counts| ("households".to_string(), counts)));
        let (false_merges, misses) = self.examples(matching);
        let (missing, households_merged) = (self.missing(&matching.keys), self.merged(matching));
        Labels {
            records: self.rows.len() as u64,
            people: self.rows.iter().map(|r| r.person).collect::<HashSet<_>>().len() as u64,
            scores,
            b_cubed: found.b_cubed,
            missing,
            households_merged,
            false_merges,
            misses,
        }
    }

    /// Households as people are evaluated: a pair of records is right where both households are one.
    fn households(&self, matching: &Matching) -> Option<PairCounts> {
        let rows = self.rows.iter().filter_map(|row| {
            let at = self.row_in(&matching.keys, row)?;
            Some(Labelled { person: row.household?, customer: matching.households[at as usize], channel: row.channel })
        });
        let rows: Vec<Labelled> = rows.collect();
        (!rows.is_empty()).then(|| evaluate(&rows).pairs)
    }

    /// Households of two people and more, and those with two of them under one customer.
    fn merged(&self, matching: &Matching) -> Option<(u64, u64)> {
        let mut people: HashMap<u32, HashSet<u32>> = HashMap::new();
        let mut of_customer: HashMap<(u32, u32), HashSet<u32>> = HashMap::new();
        for row in &self.rows {
            let Some(household) = row.household else { continue };
            people.entry(household).or_default().insert(row.person);
            if let Some(at) = self.row_in(&matching.keys, row) {
                of_customer.entry((household, matching.labels[at as usize])).or_default().insert(row.person);
            }
        }
        let merged: HashSet<u32> = of_customer.iter().filter(|(_, p)| p.len() > 1).map(|((h, _), _)| *h).collect();
        let large = people.values().filter(|p| p.len() > 1).count() as u64;
        (large > 0).then_some((large, merged.len() as u64))
    }

    /// For every record who it is, where the truth says it.
    pub(super) fn people(&self, keys: &Keys) -> Vec<Option<u32>> {
        let mut person: Vec<Option<u32>> = vec![None; keys.len()];
        for row in &self.rows {
            if let Some(at) = self.row_in(keys, row) {
                person[at as usize] = Some(row.person);
            }
        }
        person
    }

    fn examples(&self, matching: &Matching) -> (Vec<Example>, Vec<Example>) {
        let person = self.people(&matching.keys);
        let example = |l: u32, r: u32, probability| matching.example(l, r, probability);
        let mut surest: Vec<&Edge> = matching.edges.iter().collect();
        surest.sort_by(|a, b| b.person.total_cmp(&a.person).then_with(|| (a.l, a.r).cmp(&(b.l, b.r))));
        let pairs = |want_one: bool, joined: bool| {
            let fits = |e: &&&Edge| {
                let (l, r) = (e.l as usize, e.r as usize);
                let same = person[l].is_some() && person[l] == person[r];
                let known = person[l].is_some() && person[r].is_some();
                known && same == want_one && (matching.labels[l] == matching.labels[r]) == joined
            };
            surest.iter().filter(fits).take(EXAMPLES).map(|e| example(e.l, e.r, Some(e.person))).collect::<Vec<_>>()
        };
        let (false_merges, mut misses) = (pairs(false, true), pairs(true, false));
        // Then pairs of one person that were never compared, or hardly alike.
        let mut first_of: HashMap<u32, u32> = HashMap::new();
        for (row, p) in person.iter().enumerate().filter_map(|(row, p)| Some((row as u32, (*p)?))) {
            let first = *first_of.entry(p).or_insert(row);
            if misses.len() < EXAMPLES && matching.labels[first as usize] != matching.labels[row as usize] {
                let next = example(first, row, None);
                if !misses.iter().any(|m| m.left == next.left && m.right == next.right) {
                    misses.push(next);
                }
            }
        }
        (false_merges, misses)
    }
}
