//! The table `identity`: the person and the household of every record, made in pieces.

use std::collections::HashSet;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{BooleanArray, Float64Array, Int64Array, RecordBatch, StringArray};

use super::Keys;
use crate::error::Result;
use crate::tables::contract::IDENTITY;
use nayose_matching::identity::set_ids::SetIds;

/// Who the records are. A person and a household go by the smallest of their rows.
pub(super) struct Identity {
    pub keys: Arc<Keys>,
    /// For every row its person.
    pub people: Arc<Vec<u32>>,
    /// For every row its household.
    pub households: Vec<u32>,
    pub customer_ids: SetIds,
    pub household_ids: SetIds,
    /// For every row how sure its person is.
    pub confidence: Vec<f64>,
    /// The people of whom a decision joined records.
    pub joined: HashSet<u32>,
}

impl Identity {
    /// Number of rows.
    pub(super) fn rows(&self) -> usize {
        self.people.len()
    }

    /// Some of the rows.
    pub(super) fn batch(&self, rows: Range<usize>) -> Result<RecordBatch> {
        let keys = || rows.clone().map(|row| row as u32);
        let (people, households) = (&self.people[rows.clone()], &self.households[rows.clone()]);
        Ok(RecordBatch::try_new(
            IDENTITY.schema(),
            vec![
                Arc::new(Int64Array::from_iter_values(rows.clone().map(|row| row as i64))),
                Arc::new(StringArray::from_iter_values(keys().map(|row| self.keys.channel(row)))),
                Arc::new(StringArray::from_iter_values(keys().map(|row| self.keys.record_id(row)))),
                Arc::new(StringArray::from_iter_values(people.iter().map(|person| self.customer_ids.of(*person)))),
                Arc::new(StringArray::from_iter_values(households.iter().map(|of| self.household_ids.of(*of)))),
                Arc::new(Float64Array::from(self.confidence[rows.clone()].to_vec())),
                Arc::new(BooleanArray::from_iter(people.iter().map(|person| Some(self.joined.contains(person))))),
            ],
        )?)
    }
}
