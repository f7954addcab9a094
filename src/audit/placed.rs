//! The rows of a customer and of its records, read by their places where they are known.
//!
//! In: a table, and whose rows. Out: a frame over these rows. A prepared lake of the newest run knows where they lie; any other is asked
//! with a condition, and has the same rows.

use std::collections::HashMap;
use std::ops::Range;

use arrow::array::RecordBatch;
use datafusion::logical_expr::{ident, lit};
use datafusion::prelude::DataFrame;

use super::Audit;
use super::golden::among;
use crate::error::Result;
use crate::lake::places::Places;
use crate::lake::snapshot;
use crate::tables::contract::{CONSENT, FIELD_PROVENANCE, GOLDEN_CUSTOMER, INTERACTION, SOURCE_RECORD, Table, col};

/// The tables that are read by their places.
const TABLES: [&Table; 5] = [&GOLDEN_CUSTOMER, &SOURCE_RECORD, &FIELD_PROVENANCE, &CONSENT, &INTERACTION];

/// These tables, by name.
pub(super) type Placed = HashMap<&'static str, Places>;

impl Audit {
    /// Reads the footers of the tables whose rows are read by their places.
    pub(super) async fn place_tables(&self) -> Result<()> {
        // What is made from a later run has no files of its own.
        if !self.run.chain.is_empty() {
            return Ok(());
        }
        let open = async || {
            let mut placed = Placed::new();
            for table in TABLES {
                if let Some(output) = snapshot::output(&self.lake, &self.run, table.name).await? {
                    placed.insert(table.name, Places::open(&self.lake, &output).await?);
                }
            }
            Ok::<_, crate::error::Error>(placed)
        };
        self.placed.get_or_try_init(open).await?;
        Ok(())
    }

    /// The rows of a table that are a customer's.
    pub(super) async fn of_customer(&self, table: &'static Table, id: &str) -> Result<DataFrame> {
        let range = self.index.get().and_then(|index| index.range_of(table.name, id));
        match (self.placed.get().and_then(|placed| placed.get(table.name)), range) {
            (Some(places), Some(range)) => self.framed(table, places, &[range]).await,
            _ => Ok(self.table(table.name).await?.filter(ident(col::CUSTOMER_ID).eq(lit(id)))?),
        }
    }

    /// The rows of `source_record` that are these records.
    pub(super) async fn of_records(&self, records: &[(String, String)]) -> Result<DataFrame> {
        let row = |(channel, id): &(String, String)| self.index.get().and_then(|index| index.row(channel, id));
        let rows: Option<Vec<usize>> = records.iter().map(row).collect();
        match (self.placed.get().and_then(|placed| placed.get(SOURCE_RECORD.name)), rows) {
            (Some(places), Some(mut rows)) => {
                rows.sort_unstable();
                rows.dedup();
                let ranges: Vec<Range<usize>> = rows.into_iter().map(|row| row..row + 1).collect();
                self.framed(&SOURCE_RECORD, places, &ranges).await
            }
            _ => Ok(self.table(SOURCE_RECORD.name).await?.filter(among(records, [col::CHANNEL, col::RECORD_ID]))?),
        }
    }

    async fn framed(&self, table: &Table, places: &Places, ranges: &[Range<usize>]) -> Result<DataFrame> {
        let rows = places.rows(ranges).await?;
        Ok(match rows.is_empty() {
            true => self.context.read_batch(RecordBatch::new_empty(table.schema()))?,
            false => self.context.read_batches(rows)?,
        })
    }
}
