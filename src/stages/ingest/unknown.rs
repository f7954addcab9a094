//! Words of states and roles that nobody said the meaning of.
//!
//! In: raw tables with the rows that were rejected for such a word. Out: a line for each word of a source, with its rows and what to write
//! into the pipeline file. A word that could be a person's is counted and not told, and so are those of a column with many.

use std::collections::BTreeMap;
use std::fmt;

use datafusion::functions_aggregate::expr_fn::count;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;
use nayose_draft::{ClosedSet, scalar};

use super::facts::{ORDER_STATUS, PRODUCT_ROLES};
use crate::config::{Pipeline, Value};
use crate::error::Result;
use crate::tables::columns;
use crate::tables::contract::col;

/// Columns whose words marts decide by, with the words that they may have.
const KNOWN: [(&str, &[&str]); 2] = [(col::STATUS, &ORDER_STATUS), (col::ROLE, &PRODUCT_ROLES)];

/// Words that are fetched, the most frequent first.
const MOST: usize = 1000;
/// The most words of a column of words.
const WORDS: usize = 16;

/// Whether rows are rejected for a word.
pub(crate) fn is_word(reason: &str) -> bool {
    KNOWN.iter().any(|(column, _)| reason.strip_prefix("bad_") == Some(*column))
}

/// What a source says that nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct UnknownWords {
    source: String,
    /// What is mapped: `status`, `role`.
    column: &'static str,
    /// The column of the file, where it is one.
    from: Option<String>,
    word: Unknown,
    known: &'static [&'static str],
}

/// What nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Unknown {
    /// A word with its rows.
    Word(String, usize),
    /// Rows with words that could be a person's.
    Hidden(usize),
    /// More values than a column of words has.
    Many,
}

/// Rows that were rejected, in words.
fn rejected(rows: usize) -> String {
    if rows == 1 { "1 row was rejected".to_string() } else { format!("{rows} rows were rejected") }
}

impl fmt::Display for UnknownWords {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let UnknownWords { source, column, from, word, known } = self;
        let (first, others) = known.split_first().unwrap_or((&"", &[]));
        let place = from.as_deref().unwrap_or(column);
        match word {
            Unknown::Many => {
                write!(f, "source {source:?}: {place} has many values, so that it is no column for {column}")
            }
            Unknown::Hidden(rows) => write!(
                f,
                "source {source:?}: {} for words of {place} that could be a person's and are not shown: look at `raw` in the table `reject`, and say with `values` what they mean",
                rejected(*rows)
            ),
            Unknown::Word(word, rows) => {
                let entry = format!("values: {{ {}: {{ {}: {first} }} }}", scalar(place), scalar(word));
                write!(
                    f,
                    "source {source:?}: {}, as nobody said what the {column} {word:?} means: write `{entry}`, or one of {} in place of {first}",
                    rejected(*rows),
                    others.join(", ")
                )
            }
        }
    }
}

/// The words for which rows of a raw table were rejected, by source; the most frequent first.
///
/// # Errors
/// Environment, if the table cannot be read.
pub(crate) async fn words(pipeline: &Pipeline, rows: DataFrame) -> Result<Vec<UnknownWords>> {
    let mut told = Vec::new();
    for (column, known) in KNOWN {
        if rows.schema().index_of_column_by_name(None, column).is_none() {
            continue;
        }
        let rejected = rows.clone().filter(ident(col::REJECT_REASON).eq(lit(format!("bad_{column}"))))?;
        let counted =
            rejected.aggregate(vec![ident(col::SOURCE), ident(column)], vec![count(lit(1)).alias("n")])?.sort(vec![
                ident("n").sort(false, false),
                ident(col::SOURCE).sort(true, false),
                ident(column).sort(true, false),
            ])?;
        let mut found: BTreeMap<String, (Vec<Unknown>, usize)> = BTreeMap::new();
        for batch in counted.limit(0, Some(MOST))?.collect().await? {
            let (source, word) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            let n = columns::longs(batch.column(2))?;
            for row in 0..batch.num_rows() {
                let (shown, hidden) = found.entry(source.value(row).to_string()).or_default();
                let rows = n.value(row) as usize;
                let mut alone = ClosedSet::default();
                alone.add(word.value(row));
                match alone.values() {
                    Some(_) => shown.push(Unknown::Word(word.value(row).to_string(), rows)),
                    None => *hidden += rows,
                }
            }
        }
        for (name, (shown, hidden)) in found {
            let source = pipeline.sources.iter().find(|source| source.name == name);
            let from = match source.and_then(|source| source.columns.get(column)) {
                Some(Value::Columns(columns)) if columns.len() == 1 => columns.first().cloned(),
                _ => None,
            };
            let told_of = |word| UnknownWords { source: name.clone(), column, from: from.clone(), word, known };
            match shown.len() > WORDS {
                true => told.push(told_of(Unknown::Many)),
                false => told.extend(shown.into_iter().map(&told_of)),
            }
            if hidden > 0 {
                told.push(told_of(Unknown::Hidden(hidden)));
            }
        }
    }
    Ok(told)
}
