//! Channel, id and first time of all records, by their rows.

use std::collections::{HashMap, HashSet};

use arrow::array::{Array, ListArray};
use datafusion::functions_nested::expr_fn::array_has;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;
use futures::TryStreamExt;

use crate::error::Result;
use crate::tables::columns;
use crate::tables::contract::col;
use nayose_matching::record::another::{NUMBER_REUSED, holder_of};
use nayose_matching::texts::Texts;

/// The records in order of their rows: what an id and a ledger row are made from. They are in order of channel and id, so that a
/// channel is a run of rows.
#[derive(Debug, Default)]
pub(crate) struct Keys {
    /// The channels, each with its first row.
    channels: Vec<(u32, Box<str>)>,
    record_ids: Texts,
    /// Of those that ids are made from.
    first_seen: Vec<i64>,
    /// Which holder of its number a record is, from 0; none of the others is here.
    holders: HashMap<u32, u32>,
}

impl Keys {
    /// Reads channel, id and first time of all records. `standard` comes in order of the row.
    ///
    /// # Errors
    /// As the engine says.
    pub(crate) async fn read(standard: DataFrame) -> Result<Self> {
        let mut keys = Keys::default();
        let columns = vec![ident(col::CHANNEL), ident(col::RECORD_ID), ident(col::FIRST_SEEN), ident(col::PROBLEMS)];
        let mut batches = standard.select(columns)?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (channel, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            let first = columns::times(batch.column(2))?;
            let problems = columns::lists(batch.column(3))?;
            for row in 0..batch.num_rows() {
                let first = if first.is_valid(row) { first.value(row) } else { i64::MAX };
                keys.push(channel.value(row), id.value(row));
                keys.first_seen.push(first);
                let holder = holder_in(problems, row)?;
                if holder > 0 {
                    keys.holders.insert(keys.len() as u32 - 1, holder);
                }
            }
        }
        Ok(keys)
    }

    /// Reads channel and id alone, for who makes no ids of them. `standard` comes in order of the row.
    ///
    /// # Errors
    /// As the engine says.
    pub(crate) async fn named(standard: DataFrame) -> Result<Self> {
        let mut keys = Keys::default();
        let mut batches = standard.select_columns(&[col::CHANNEL, col::RECORD_ID])?.execute_stream().await?;
        while let Some(batch) = batches.try_next().await? {
            let (channel, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
            (0..batch.num_rows()).for_each(|row| keys.push(channel.value(row), id.value(row)));
        }
        Ok(keys)
    }

    /// Keys of these records, each `channel:record_id`, in order.
    #[cfg(test)]
    pub(crate) fn made(records: &[&str]) -> Self {
        let mut keys = Keys::default();
        records.iter().filter_map(|record| record.split_once(':')).for_each(|(channel, id)| keys.push(channel, id));
        keys.first_seen = vec![0; keys.len()];
        keys
    }

    /// Adds a record, behind all others in the order of channel and id.
    pub(crate) fn push(&mut self, channel: &str, id: &str) {
        if self.channels.last().is_none_or(|(_, last)| **last != *channel) {
            self.channels.push((self.len() as u32, channel.into()));
        }
        self.record_ids.push(id);
    }

    /// Gives back what was set aside for more records.
    pub(crate) fn shrink(&mut self) {
        self.record_ids.shrink();
    }

    /// The channel of a record.
    pub(crate) fn channel(&self, row: u32) -> &str {
        let after = self.channels.partition_point(|(first, _)| *first <= row);
        &self.channels[after - 1].1
    }

    /// The channels, in order.
    pub(crate) fn channels(&self) -> Vec<String> {
        self.channels.iter().map(|(_, channel)| channel.to_string()).collect()
    }

    /// The id of a record within its channel.
    pub(crate) fn record_id(&self, row: u32) -> &str {
        self.record_ids.get(row as usize)
    }

    /// What orders records by age: the time when one was first seen, then its channel and id.
    pub(super) fn age(&self, row: u32) -> (i64, u32) {
        (self.first_seen[row as usize], row)
    }

    /// Which holder of its number a record is, from 0.
    pub(crate) fn holder(&self, row: u32) -> u32 {
        self.holders.get(&row).copied().unwrap_or(0)
    }

    /// A record as `channel:record_id`.
    pub(crate) fn name(&self, row: u32) -> String {
        format!("{}:{}", self.channel(row), self.record_id(row))
    }

    /// Channel and id of a record.
    pub(crate) fn of(&self, row: u32) -> (String, String) {
        (self.channel(row).to_string(), self.record_id(row).to_string())
    }

    /// The row of a record: rows are in order of channel and id.
    pub(crate) fn row(&self, channel: &str, id: &str) -> Option<u32> {
        self.row_after(None, channel, id)
    }

    /// The rows of two records, the smaller one first; none where one of them is not there.
    pub(crate) fn rows_of_pair(&self, left: &(String, String), right: &(String, String)) -> Option<(u32, u32)> {
        let (l, r) = (self.row(&left.0, &left.1)?, self.row(&right.0, &right.1)?);
        Some((l.min(r), l.max(r)))
    }

    /// The row of one of many records that come in order: the row after the one before is looked at first.
    pub(crate) fn row_after(&self, before: Option<u32>, channel: &str, id: &str) -> Option<u32> {
        let place = self.channels.binary_search_by(|(_, name)| (**name).cmp(channel)).ok()?;
        let end = self.channels.get(place + 1).map_or(self.len() as u32, |(next, _)| *next);
        let (mut from, mut to) = (self.channels[place].0, end);
        let mut guess = before.map(|row| row + 1).filter(|guess| (from..to).contains(guess));
        while from < to {
            let middle = guess.take().unwrap_or(from + (to - from) / 2);
            match self.record_id(middle).cmp(id) {
                std::cmp::Ordering::Less => from = middle + 1,
                std::cmp::Ordering::Greater => to = middle,
                std::cmp::Ordering::Equal => return Some(middle),
            }
        }
        None
    }

    /// Number of records.
    #[allow(clippy::len_without_is_empty)]
    pub(crate) fn len(&self) -> usize {
        self.record_ids.count()
    }
}

/// Which holder of its number the record of a row is, by its problems.
fn holder_in(problems: &ListArray, row: usize) -> Result<u32> {
    if problems.is_null(row) || problems.value_length(row) == 0 {
        return Ok(0);
    }
    let problems = problems.value(row);
    Ok(holder_of(columns::strings(&problems)?.iter().flatten()))
}

/// The rows of records whose number somebody else has than in the run before. `before` has the records of that run.
///
/// # Errors
/// As the engine says.
pub(crate) async fn given_anew(keys: &Keys, before: DataFrame) -> Result<HashSet<u32>> {
    let reused = array_has(ident(col::PROBLEMS), lit(NUMBER_REUSED));
    let before = before.filter(reused)?.select_columns(&[col::CHANNEL, col::RECORD_ID, col::PROBLEMS])?;
    let mut holders: HashMap<u32, u32> = HashMap::new();
    for batch in before.collect().await? {
        let (channel, id) = (columns::strings(batch.column(0))?, columns::strings(batch.column(1))?);
        let problems = columns::lists(batch.column(2))?;
        for row in 0..batch.num_rows() {
            if let Some(place) = keys.row(channel.value(row), id.value(row)) {
                holders.insert(place, holder_in(problems, row)?);
            }
        }
    }
    let rows = keys.holders.keys().chain(holders.keys());
    let anew = rows.filter(|row| keys.holder(**row) != holders.get(row).copied().unwrap_or(0));
    Ok(anew.copied().collect())
}
