//! What the row of `run` says beside the tables: who started the run, where, when, and which row it follows.
//!
//! In: the process, the files that were published, the rows of `run` so far. Out: the last columns of the row. No other published table
//! has a time of the clock.

use std::collections::BTreeMap;
use std::sync::Arc;

use arrow::array::{ArrayRef, ListBuilder, RecordBatch, StringArray, StringBuilder, TimestampMicrosecondArray};

use super::Run;
use crate::console::caller::Caller;
use crate::error::{Error, Result};
use crate::functions::person::struct_list;
use crate::lake::chain;
use crate::lake::published::PublishedTable;
use crate::tables::contract::{RUN, TIME_ZONE, Type, col};

impl Run<'_> {
    /// The columns from [`col::USER_NAME`] on.
    pub(super) async fn ledger_columns(&self, tables: &BTreeMap<String, PublishedTable>) -> Result<Vec<ArrayRef>> {
        let caller = Caller::this();
        let text = |value: Option<String>| Arc::new(StringArray::from(vec![value])) as ArrayRef;
        let mut arguments = ListBuilder::new(StringBuilder::new());
        caller.arguments.iter().for_each(|argument| arguments.values().append_value(argument));
        arguments.append(true);
        let at = |time: Option<i64>| {
            Arc::new(TimestampMicrosecondArray::from(vec![time]).with_timezone(TIME_ZONE)) as ArrayRef
        };
        let started = self.manifest.started_at.parse::<jiff::Timestamp>().ok().map(|time| time.as_microsecond());
        let published = jiff::Timestamp::now().as_microsecond();
        let digests = tables.values().map(|table| chain::of_table(&table.parts));
        let digests: Vec<ArrayRef> = vec![
            Arc::new(StringArray::from_iter_values(tables.keys())),
            Arc::new(StringArray::from_iter_values(digests)),
        ];
        let item = match RUN.columns.iter().find(|c| c.name == col::TABLE_DIGESTS).map(|c| c.data_type) {
            Some(Type::List(item)) => *item,
            _ => return Err(Error::bug("the digests of run are no list")),
        };
        let before = chain::rows(&self.pipeline.lake).await?;
        let previous = before.last().map(|row: &RecordBatch| chain::of_row(row, 0)).transpose()?;
        Ok(vec![
            text(caller.user),
            text(caller.host),
            Arc::new(arguments.finish()),
            at(started),
            at(Some(published)),
            struct_list(&[tables.len() as i32], item, digests)?,
            text(previous),
        ])
    }
}
