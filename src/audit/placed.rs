//! The rows of a customer and of its records, read by their places where they are known.
//!
//! In: a table, and whose rows. Out: a frame over these rows. A prepared lake of the newest run knows where they lie; any other is asked
//! with a condition, and has the same rows.

use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

use arrow::array::{RecordBatch, new_null_array};
use arrow::datatypes::{Field, Schema};
use datafusion::logical_expr::{Expr, ident, lit};
use datafusion::prelude::DataFrame;

use super::Audit;
use super::index::Index;
use super::records::{among, is_one_of};
use crate::error::Result;
use crate::lake::places::Places;
use crate::lake::snapshot;
use crate::tables::contract::{
    CONSENT, FIELD_PROVENANCE, GOLDEN_CUSTOMER, ID_EVENT, ID_MAP, INTERACTION, LEDGER, SOURCE_RECORD, Table, col,
};

/// The tables that are read by their places.
const TABLES: [&Table; 8] =
    [&GOLDEN_CUSTOMER, &SOURCE_RECORD, &FIELD_PROVENANCE, &CONSENT, &INTERACTION, &LEDGER, &ID_MAP, &ID_EVENT];

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

    /// These columns of the rows of a table that are a customer's.
    pub(super) async fn of_customer(&self, table: &'static Table, id: &str, columns: &[&str]) -> Result<DataFrame> {
        let range = self.index.get().and_then(|index| index.range_of(table.name, id));
        match (self.placed.get().and_then(|placed| placed.get(table.name)), range) {
            (Some(places), Some(range)) => self.framed(table, places, &[range], columns).await,
            _ => {
                let rows = self.table(table.name).await?.filter(ident(col::CUSTOMER_ID).eq(lit(id)))?;
                only(rows, columns)
            }
        }
    }

    /// The keys and these columns of the rows of `source_record` that are these records.
    pub(super) async fn of_records(&self, records: &[(String, String)], more: &[&str]) -> Result<DataFrame> {
        let columns = &[SOURCE_RECORD.key, more].concat();
        match (self.placed.get().and_then(|placed| placed.get(SOURCE_RECORD.name)), self.places_of(records)) {
            (Some(places), Some(rows)) => self.framed(&SOURCE_RECORD, places, &each_once(rows), columns).await,
            _ => {
                let mut rows = self.table(SOURCE_RECORD.name).await?;
                for condition in is_one_of([col::CHANNEL, col::RECORD_ID], records) {
                    rows = rows.filter(condition)?;
                }
                only(rows, columns)
            }
        }
    }

    /// The keys and these columns of the rows of `ledger` that name one of these records.
    pub(super) async fn links_of(&self, records: &[(String, String)], more: &[&str]) -> Result<DataFrame> {
        let columns = &[LEDGER.key, more].concat();
        let places = self.placed.get().and_then(|placed| placed.get(LEDGER.name));
        match (places, self.places_of(records), self.index.get()) {
            (Some(places), Some(rows), Some(index)) => {
                let links = rows.into_iter().flat_map(|row| index.links_of(row)).map(|place| *place as usize);
                self.framed(&LEDGER, places, &each_once(links.collect()), columns).await
            }
            _ => {
                let left = among([col::CHANNEL_L, col::RECORD_ID_L], records);
                let right = among([col::CHANNEL_R, col::RECORD_ID_R], records);
                only(self.table(LEDGER.name).await?.filter(left.or(right))?, columns)
            }
        }
    }

    /// These columns of the rows of `id_map` that are a customer's, or were.
    pub(super) async fn memberships_of(&self, id: &str, columns: &[&str]) -> Result<DataFrame> {
        let is_own = ident(col::CUSTOMER_ID).eq(lit(id));
        self.of_places(&ID_MAP, |index| index.memberships_of(id), is_own, columns).await
    }

    /// These columns of the rows of `id_event` that name a customer.
    pub(super) async fn events_of(&self, id: &str, columns: &[&str]) -> Result<DataFrame> {
        let names = ident(col::CUSTOMER_ID).eq(lit(id)).or(ident(col::COUNTERPART).eq(lit(id)));
        self.of_places(&ID_EVENT, |index| index.events_of(id), names, columns).await
    }

    /// These columns, all of them, of the rows of a table for which a condition holds, with the places that an index finds for it.
    async fn of_places(
        &self,
        table: &'static Table,
        find: impl Fn(&Index) -> Vec<usize>,
        condition: Expr,
        columns: &[&str],
    ) -> Result<DataFrame> {
        let rows = match (self.placed.get().and_then(|placed| placed.get(table.name)), self.index.get()) {
            (Some(places), Some(index)) => {
                let mut batches = places.rows(&each_once(find(index)), columns).await?;
                if batches.is_empty() {
                    batches.push(RecordBatch::new_empty(table.schema()));
                }
                let rows: Result<Vec<_>> = batches.iter().map(|batch| whole(table, batch, columns)).collect();
                self.context.read_batches(rows?)?
            }
            _ => self.table(table.name).await?,
        };
        Ok(rows.filter(condition)?.select_columns(columns)?)
    }

    /// The rows of these records, where there is an index and it knows them all.
    fn places_of(&self, records: &[(String, String)]) -> Option<Vec<usize>> {
        let index = self.index.get()?;
        records.iter().map(|(channel, id)| index.row(channel, id)).collect()
    }

    async fn framed(
        &self,
        table: &Table,
        places: &Places,
        ranges: &[Range<usize>],
        columns: &[&str],
    ) -> Result<DataFrame> {
        let rows = places.rows(ranges, columns).await?;
        let frame = match rows.is_empty() {
            true => self.context.read_batch(RecordBatch::new_empty(table.schema()))?,
            false => self.context.read_batches(rows)?,
        };
        only(frame, columns)
    }
}

/// These columns, as far as the table has them: a run of an earlier version may have fewer.
fn only(frame: DataFrame, columns: &[&str]) -> Result<DataFrame> {
    let known = frame.schema().as_arrow().fields();
    let known: Vec<&str> = columns.iter().copied().filter(|column| known.find(column).is_some()).collect();
    Ok(frame.select_columns(&known)?)
}

/// A batch with all of these columns: those that its file is too old to have are null.
fn whole(table: &Table, batch: &RecordBatch, columns: &[&str]) -> Result<RecordBatch> {
    let schema = table.schema();
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for name in columns {
        let field = schema.field_with_name(name)?;
        arrays.push(match batch.column_by_name(name) {
            Some(column) => column.clone(),
            None => new_null_array(field.data_type(), batch.num_rows()),
        });
        fields.push(Field::new(*name, field.data_type().clone(), true));
    }
    Ok(RecordBatch::try_new(Arc::new(Schema::new(fields)), arrays)?)
}

/// Places as ranges, in order.
fn each_once(mut places: Vec<usize>) -> Vec<Range<usize>> {
    places.sort_unstable();
    places.dedup();
    places.into_iter().map(|place| place..place + 1).collect()
}
