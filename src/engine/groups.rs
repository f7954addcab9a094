//! Groups of rows that lie together, wherever batches end.
//!
//! In: rows whose groups lie together, and what the rows of a group have in common. Out: where groups begin and end in a batch, whether
//! one goes on in the next ([`Keys`]), and the rows of whole groups ([`Cutter`]).

use std::ops::Range;
use std::sync::Arc;

use arrow::array::{ArrayRef, RecordBatch};
use arrow::compute::{concat, concat_batches, partition};
use datafusion::error::Result;
use datafusion::physical_expr::PhysicalExpr;

/// What each row of a batch has in common with the others of its group; nothing where all rows are one group.
pub(super) struct Keys {
    columns: Vec<ArrayRef>,
    rows: usize,
}

impl Keys {
    pub(super) fn of(group: &[Arc<dyn PhysicalExpr>], batch: &RecordBatch) -> Result<Self> {
        let rows = batch.num_rows();
        let column = |column: &Arc<dyn PhysicalExpr>| column.evaluate(batch)?.into_array(rows);
        Ok(Keys { columns: group.iter().map(column).collect::<Result<_>>()?, rows })
    }

    /// Where each group begins and ends.
    pub(super) fn ranges(&self) -> Result<Vec<Range<usize>>> {
        Ok(match self.columns.as_slice() {
            [] => std::iter::once(0..self.rows).collect(),
            columns => partition(columns)?.ranges(),
        })
    }

    /// Whether the last row and the first of the rows after it are of one group. Neither batch is empty.
    pub(super) fn go_on(&self, after: &Keys) -> Result<bool> {
        let both = |(last, first): (&ArrayRef, &ArrayRef)| -> Result<ArrayRef> {
            Ok(concat(&[last.slice(self.rows - 1, 1).as_ref(), first.slice(0, 1).as_ref()])?)
        };
        let columns = self.columns.iter().zip(&after.columns).map(both).collect::<Result<_>>()?;
        Ok(Keys { columns, rows: 2 }.ranges()?.len() == 1)
    }
}

/// Rows of whole groups.
pub(super) struct Whole {
    /// The rows.
    pub rows: RecordBatch,
    /// Where each group begins and ends.
    pub ranges: Vec<Range<usize>>,
}

/// Cuts rows where a group begins.
pub(super) struct Cutter {
    group: Vec<Arc<dyn PhysicalExpr>>,
    /// The rows of the last group so far: more of them may come.
    open: Vec<RecordBatch>,
    /// The keys of the last batch that came.
    last: Option<Keys>,
}

impl Cutter {
    /// Rows of one group have these columns in common.
    pub(super) fn new(group: Vec<Arc<dyn PhysicalExpr>>) -> Self {
        Cutter { group, open: Vec::new(), last: None }
    }

    /// The groups that are whole once `batch` came: the one that was open, and others.
    pub(super) fn add(&mut self, batch: &RecordBatch) -> Result<Vec<Whole>> {
        if batch.num_rows() == 0 {
            return Ok(Vec::new());
        }
        let keys = Keys::of(&self.group, batch)?;
        let mut ranges = keys.ranges()?;
        if let Some(last) = &self.last
            && last.go_on(&keys)?
        {
            self.open.push(batch.slice(0, ranges.remove(0).end));
        }
        self.last = Some(keys);
        let Some(last) = ranges.pop() else { return Ok(Vec::new()) };
        let mut whole: Vec<Whole> = self.finish()?.into_iter().collect();
        if let Some(from) = ranges.first().map(|first| first.start) {
            let rows = batch.slice(from, last.start - from);
            whole.push(Whole { rows, ranges: ranges.into_iter().map(|r| r.start - from..r.end - from).collect() });
        }
        self.open.push(batch.slice(last.start, last.len()));
        Ok(whole)
    }

    /// The last group, once no more rows come.
    pub(super) fn finish(&mut self) -> Result<Option<Whole>> {
        let open = std::mem::take(&mut self.open);
        let Some(first) = open.first() else { return Ok(None) };
        let rows = concat_batches(first.schema_ref(), &open)?;
        Ok(Some(Whole { ranges: std::iter::once(0..rows.num_rows()).collect(), rows }))
    }

    /// How many rows of the last group are held.
    pub(super) fn held(&self) -> usize {
        self.open.iter().map(RecordBatch::num_rows).sum()
    }

    /// Gives the rows of the last group away; more of them may come.
    pub(super) fn give(&mut self) -> Vec<RecordBatch> {
        std::mem::take(&mut self.open)
    }

    /// How many rows at the beginning of a batch are of the last group.
    pub(super) fn rest(&self, batch: &RecordBatch) -> Result<usize> {
        let Some(last) = self.last.as_ref().filter(|_| batch.num_rows() > 0) else { return Ok(0) };
        let keys = Keys::of(&self.group, batch)?;
        let first = if last.go_on(&keys)? { keys.ranges()?.into_iter().next() } else { None };
        Ok(first.map_or(0, |first| first.end))
    }
}
